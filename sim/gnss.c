#include "sim/gnss.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sim/rng.h"
#include "sim/road.h"

enum { REACQUIRE_S = 2, OUTLIER_MAX_S = 3, SATELLITES_USUAL = 9 };
static const double PI = 3.14159265358979323846;
static const double SPEED_NOISE_MPS = 0.15;
static const double COURSE_MIN_MPS = 0.5;
static const double HDOP_USUAL = 0.9;

struct gnss {
    struct gnss_model model;
    struct rng rng;
    double east_m, north_m;                 /* the slow error */
    double outlier_east_m, outlier_north_m; /* while outlier_s > 0 */
    unsigned outlier_s;
    unsigned dark_s; /* seconds still without a fix once the sky is seen again */
    double settle;   /* 1 right after an outage, falling to 0: the first fixes are worse */
};

int gnss_create(const struct gnss_model *model, uint64_t seed, const char *label, struct gnss **ret)
{
    struct gnss *gnss = calloc(1, sizeof *gnss);
    if (gnss == NULL)
        return -ENOMEM;
    gnss->model = *model;
    rng_seed(&gnss->rng, seed, label);
    gnss->east_m = model->sigma_m * rng_normal(&gnss->rng);
    gnss->north_m = model->sigma_m * rng_normal(&gnss->rng);
    *ret = gnss;
    return 0;
}

void gnss_free(struct gnss *gnss)
{
    free(gnss);
}

/* Exact discretisation of the process for a step of one second: the variance stays sigma squared. */
static void step_slow_error(struct gnss *gnss)
{
    double keep = exp(-1 / gnss->model.tau_s);
    double fresh_m = gnss->model.sigma_m * sqrt(1 - keep * keep);
    gnss->east_m = keep * gnss->east_m + fresh_m * rng_normal(&gnss->rng);
    gnss->north_m = keep * gnss->north_m + fresh_m * rng_normal(&gnss->rng);
}

static void step_outlier(struct gnss *gnss)
{
    double draw = rng_uniform(&gnss->rng);
    if (gnss->outlier_s > 0) {
        gnss->outlier_s--;
        return;
    }
    if (draw * 3600 >= gnss->model.outliers_per_h)
        return;
    double direction = 2 * PI * rng_uniform(&gnss->rng);
    gnss->outlier_east_m = gnss->model.outlier_m * sin(direction);
    gnss->outlier_north_m = gnss->model.outlier_m * cos(direction);
    gnss->outlier_s = 1 + rng_below(&gnss->rng, OUTLIER_MAX_S);
}

/* Whether there is a fix in this second. */
static bool step_sky(struct gnss *gnss, bool sky)
{
    if (!sky) {
        gnss->dark_s = REACQUIRE_S;
        gnss->settle = 1;
        return false;
    }
    if (gnss->dark_s > 0) {
        gnss->dark_s--;
        return false;
    }
    gnss->settle *= 0.8;
    return true;
}

struct gnss_fix gnss_step(struct gnss *gnss, const struct gnss_truth *truth)
{
    step_slow_error(gnss);
    step_outlier(gnss);
    if (!step_sky(gnss, truth->sky))
        return (struct gnss_fix){.valid = false};

    double worse = 1 + gnss->settle;
    double east_m = worse * gnss->east_m + gnss->model.white_m * rng_normal(&gnss->rng);
    double north_m = worse * gnss->north_m + gnss->model.white_m * rng_normal(&gnss->rng);
    if (gnss->outlier_s > 0) {
        east_m += gnss->outlier_east_m;
        north_m += gnss->outlier_north_m;
    }
    struct road_scale scale = road_scale(truth->at.lat_deg);
    double speed_mps = fabs(truth->speed_mps + SPEED_NOISE_MPS * rng_normal(&gnss->rng));
    double course_noise_deg =
        SPEED_NOISE_MPS / fmax(speed_mps, COURSE_MIN_MPS) * 180 / PI * rng_normal(&gnss->rng);
    double course_deg = fmod(truth->course_deg + course_noise_deg + 360, 360);
    return (struct gnss_fix){
        .valid = true,
        .at = {.lat_deg = truth->at.lat_deg + north_m / scale.m_per_lat_deg,
               .lon_deg = truth->at.lon_deg + east_m / scale.m_per_lon_deg},
        .speed_mps = speed_mps,
        .course_deg = speed_mps < COURSE_MIN_MPS ? NAN : course_deg,
        .hdop = HDOP_USUAL * worse + 0.1 * rng_uniform(&gnss->rng),
        .satellites = SATELLITES_USUAL - (unsigned)(4 * gnss->settle),
    };
}
