#include "sim/drive.h"

#include <criterion/criterion.h>
#include <math.h>

static const struct drive_limits LIMITS = {
    .cruise_mps = 12, .accelerate_mps2 = 1, .brake_mps2 = 1.2, .lateral_mps2 = 1.5};
static const double STEP_S = 0.1;
enum { STEPS_MAX = 6000 };

/* 300 m straight, half a circle of 25 m, 300 m straight back. */
static struct road *hairpin(void)
{
    struct road_scale scale = road_scale(29);
    struct bw_point points[23];
    for (int i = 0; i < 21; i++) {
        double angle = (i - 10) * 3.14159265 / 20;
        points[i + 1] = (struct bw_point){.lat_deg = 29 + 25 * sin(angle) / scale.m_per_lat_deg,
                                          .lon_deg = 121 + (300 + 25 * cos(angle)) / scale.m_per_lon_deg};
    }
    points[0] = (struct bw_point){.lat_deg = points[1].lat_deg, .lon_deg = 121};
    points[22] = (struct bw_point){.lat_deg = points[21].lat_deg, .lon_deg = 121};
    struct road *road = NULL;
    cr_assert_eq(road_create(points, 23, &road), 0);
    return road;
}

Test(sim_drive, keeps_every_limit_slows_in_the_bend_and_stops_at_its_place)
{
    struct road *road = hairpin();
    struct drive *drive = NULL;
    cr_assert_eq(drive_create(road, &LIMITS, &drive), 0);
    drive_to(drive, 600);
    double before_mps = 0, fastest_mps = 0, slowest_in_bend_mps = INFINITY;
    int steps = 0;
    while (!drive_step(drive, STEP_S) && steps++ < STEPS_MAX) {
        double now_mps = drive_speed_mps(drive), s_m = drive_s_m(drive);
        cr_assert_leq(now_mps, LIMITS.cruise_mps + 1e-9);
        cr_assert_leq(now_mps - before_mps, LIMITS.accelerate_mps2 * STEP_S + 1e-9);
        if (s_m < 599) /* the last decimetres are a creep */
            cr_assert_geq(now_mps - before_mps, -1.5 * LIMITS.brake_mps2 * STEP_S,
                          "brakes too hard at %.1f m", s_m);
        if (s_m > 310 && s_m < 370)
            slowest_in_bend_mps = fmin(slowest_in_bend_mps, now_mps);
        fastest_mps = fmax(fastest_mps, now_mps);
        before_mps = now_mps;
    }
    cr_expect_lt(steps, STEPS_MAX, "it arrives");
    cr_expect_float_eq(drive_s_m(drive), 600, 0.11);
    cr_expect_eq(drive_speed_mps(drive), 0);
    cr_expect_float_eq(fastest_mps, LIMITS.cruise_mps, 0.01);
    cr_expect_float_eq(slowest_in_bend_mps, sqrt(LIMITS.lateral_mps2 * 25), 0.7);
    drive_free(drive);
    road_free(road);
}

Test(sim_drive, stands_until_it_is_told_to_go_on)
{
    struct road *road = hairpin();
    struct drive *drive = NULL;
    cr_assert_eq(drive_create(road, &LIMITS, &drive), 0);
    for (int i = 0; i < 100; i++)
        cr_assert(drive_step(drive, STEP_S));
    cr_expect_eq(drive_s_m(drive), 0);
    drive_to(drive, 50);
    cr_expect_not(drive_step(drive, STEP_S));
    cr_expect_gt(drive_s_m(drive), 0);
    drive_free(drive);
    road_free(road);
}

Test(sim_drive, a_driver_in_a_hurry_is_faster_there_and_only_there)
{
    struct road *road = hairpin();
    struct drive *drive = NULL;
    cr_assert_eq(drive_create(road, &LIMITS, &drive), 0);
    drive_hurry(drive, 50, 250, 20);
    drive_to(drive, 600);
    double fastest_mps = 0, before_mps = 0;
    while (!drive_step(drive, STEP_S)) {
        double now_mps = drive_speed_mps(drive), s_m = drive_s_m(drive);
        cr_assert_leq(before_mps - now_mps, 1.5 * LIMITS.brake_mps2 * STEP_S, "brakes at %.1f m", s_m);
        if (s_m < 49 || s_m > 251)
            cr_assert_leq(now_mps, LIMITS.cruise_mps + 0.1, "%.1f m", s_m);
        if (s_m < 595) /* the last metres are a creep */
            before_mps = now_mps;
        else
            before_mps = 0;
        fastest_mps = fmax(fastest_mps, now_mps);
    }
    cr_expect(fastest_mps > 16 && fastest_mps <= 20, "%.1f", fastest_mps);
    drive_free(drive);
    road_free(road);
}
