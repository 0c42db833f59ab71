/* A satellite receiver's errors. Position error of real receivers is slow, not white: here a first-order
 * Gauss-Markov process on each axis, with a little white noise on top, rare multipath jumps, and nothing at
 * all in a tunnel. */
#ifndef BUSWARDEN_SIM_GNSS_H
#define BUSWARDEN_SIM_GNSS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/model.h"

struct gnss_model {
    double sigma_m;        /* of the correlated error, on each axis */
    double tau_s;          /* its correlation time */
    double white_m;        /* standard deviation of the white noise, on each axis */
    double outliers_per_h; /* multipath jumps, each 1 to 3 s long */
    double outlier_m;      /* their size */
};

/* What really is, at one second. */
struct gnss_truth {
    struct bw_point at;
    double speed_mps, course_deg;
    bool sky; /* false: in a tunnel */
};

/* What the receiver says. Without a fix everything else is unset. */
struct gnss_fix {
    bool valid;
    struct bw_point at;
    double speed_mps;
    double course_deg; /* NaN while too slow to tell */
    double hdop;
    unsigned satellites; /* 4..12 */
};

struct gnss;

/* `label` keeps the receivers of different vehicles apart under one seed. -ENOMEM. */
int gnss_create(const struct gnss_model *model, uint64_t seed, const char *label, struct gnss **ret);
void gnss_free(struct gnss *gnss);
/* The next second's report: call once a second of simulated time. */
struct gnss_fix gnss_step(struct gnss *gnss, const struct gnss_truth *truth);

#endif
