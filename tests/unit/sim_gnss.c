#include "sim/gnss.h"

#include <criterion/criterion.h>
#include <math.h>

#include "sim/road.h"

static const struct gnss_model QUIET = {.sigma_m = 3.5, .tau_s = 60, .white_m = 0};
static const struct gnss_truth STANDING = {.at = {.lat_deg = 29.14, .lon_deg = 121.03}, .sky = true};

static double north_error_m(const struct gnss_fix *fix)
{
    return (fix->at.lat_deg - STANDING.at.lat_deg) * road_scale(29.14).m_per_lat_deg;
}

Test(sim_gnss, the_error_has_the_size_and_the_memory_that_were_asked_for)
{
    enum { N = 200000, TAU = 60 };
    static double error_m[N];
    struct gnss *gnss = NULL;
    cr_assert_eq(gnss_create(&QUIET, 1, "statistics", &gnss), 0);
    double squares = 0, lagged = 0;
    for (int i = 0; i < N; i++) {
        struct gnss_fix fix = gnss_step(gnss, &STANDING);
        error_m[i] = north_error_m(&fix);
        squares += error_m[i] * error_m[i];
        if (i >= TAU)
            lagged += error_m[i] * error_m[i - TAU];
    }
    cr_expect_float_eq(sqrt(squares / N), 3.5, 0.35);
    cr_expect_float_eq(lagged / squares, exp(-1), 0.06, "correlation after one tau is %.3f",
                       lagged / squares);
    gnss_free(gnss);
}

Test(sim_gnss, there_is_no_fix_in_a_tunnel_and_the_first_after_it_are_worse)
{
    struct gnss_truth dark = STANDING;
    dark.sky = false;
    struct gnss *gnss = NULL;
    cr_assert_eq(gnss_create(&QUIET, 1, "tunnel", &gnss), 0);
    double usual_hdop = gnss_step(gnss, &STANDING).hdop;
    for (int i = 0; i < 10; i++)
        cr_assert_not(gnss_step(gnss, &dark).valid);
    int dark_s = 0;
    struct gnss_fix fix = gnss_step(gnss, &STANDING);
    for (; !fix.valid && dark_s < 60; dark_s++)
        fix = gnss_step(gnss, &STANDING);
    cr_expect(dark_s >= 1 && dark_s < 10, "it takes a moment: %d s", dark_s);
    cr_expect_gt(fix.hdop, 1.3 * usual_hdop);
    for (int i = 0; i < 60; i++)
        fix = gnss_step(gnss, &STANDING);
    cr_expect_lt(fix.hdop, 1.2 * usual_hdop);
    gnss_free(gnss);
}

Test(sim_gnss, jumps_are_as_rare_and_as_large_as_asked)
{
    enum { HOURS = 50 };
    struct gnss_model jumpy = {.sigma_m = 0.001, .tau_s = 60, .outliers_per_h = 60, .outlier_m = 80};
    struct gnss *gnss = NULL;
    cr_assert_eq(gnss_create(&jumpy, 1, "jumps", &gnss), 0);
    int jumps = 0;
    bool out = false;
    struct road_scale scale = road_scale(29.14);
    for (int i = 0; i < HOURS * 3600; i++) {
        struct gnss_fix fix = gnss_step(gnss, &STANDING);
        double error_m =
            hypot(north_error_m(&fix), (fix.at.lon_deg - STANDING.at.lon_deg) * scale.m_per_lon_deg);
        cr_assert(error_m < 0.1 || fabs(error_m - 80) < 0.1);
        jumps += error_m > 1 && !out;
        out = error_m > 1;
    }
    cr_expect_float_eq(jumps / (double)HOURS, 60, 8, "%d in %d h", jumps, HOURS);
    gnss_free(gnss);
}

Test(sim_gnss, says_no_course_while_standing)
{
    struct gnss *gnss = NULL;
    cr_assert_eq(gnss_create(&QUIET, 1, "course", &gnss), 0);
    struct gnss_truth moving = STANDING;
    moving.speed_mps = 10;
    moving.course_deg = 359.9;
    for (int i = 0; i < 100; i++) {
        struct gnss_fix fix = gnss_step(gnss, &moving);
        cr_assert(fix.course_deg >= 0 && fix.course_deg < 360);
        cr_assert_leq(fabs(remainder(fix.course_deg - 359.9, 360)), 10);
    }
    cr_expect(isnan(gnss_step(gnss, &STANDING).course_deg));
    gnss_free(gnss);
}
