/* Receivers from good to bad. The noise follows the recordings that the golden replays use: a slow
 * Gauss-Markov error (a standing receiver drifted by 37 m in 10 min, tau 30-60 s), good agreement of position
 * and Doppler from second to second (median 0.6 m, 95 % 3.8 m), jumps of up to 106 m (380 km/h) that come
 * back within seconds, and an accuracy that is said to be 20-60 m where the error is 5. On top: multipath
 * that wanders for half a minute, tunnels after which the position settles slowly or before which it runs
 * straight on, nights without a fix, drift of 40 m at stops, filters that lag, no speed, course or accuracy,
 * one fix in 1, 2, 5 or 15 s. */
#ifndef BUSWARDEN_BENCH_RECEIVERS_H
#define BUSWARDEN_BENCH_RECEIVERS_H

#include "gateway/compliance/event.h"
#include "tests/bench/roads.h"

enum receiver_kind {
    RECEIVER_FULL,        /* 1 Hz; speed, course, accuracy */
    RECEIVER_NO_ACCURACY, /* 1 Hz; speed and course */
    RECEIVER_BARE,        /* 1 Hz; positions alone */
    RECEIVER_2_S,
    RECEIVER_5_S,
    RECEIVER_15_S,
    RECEIVER_KINDS
};
extern const char *const receiver_names[RECEIVER_KINDS];

struct receiver {
    enum receiver_kind kind;
    struct rng *rng;
    double interval_s;
    bool doppler, course_when_standing;
    double slow_sigma_m, slow_tau_s, fast_sigma_m, lag_s, drift_m;
    double multipath_rate, jump_rate, tunnel_rate; /* a second */
    double said_accuracy_m;                        /* NaN: it says none */
    /* Now. */
    bool started;
    struct xy slow, lagged, jump, frozen;
    double multipath_left_s, multipath_grown, multipath_size_m, multipath_rad;
    double jump_left_s, tunnel_left_s, coast_left_s, settle_m, settle_rad;
    double frozen_speed_mps, frozen_course_deg;
};
struct receiver receiver_make(struct rng *rng);
/* dt_s later. False: the receiver is silent (a tunnel). */
bool receiver_see(struct receiver *r, struct xy truth, double speed_mps, double course_deg, double dt_s,
                  struct bw_fix *ret);
/* A night: nothing remains of the errors. */
void receiver_wake(struct receiver *r);

#endif
