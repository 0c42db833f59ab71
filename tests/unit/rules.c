/* The rules, one behaviour a test (gateway/compliance/engine.h, docs/rules.md). */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture_judge.h"

TestSuite(overload, .init = set_up, .fini = tear_down);
TestSuite(off_route, .init = set_up, .fini = tear_down);
TestSuite(unlicensed, .init = set_up, .fini = tear_down);

/* --- OVERLOAD --- */

Test(overload, a_full_bus_is_no_overload)
{
    cabin(18, 18, BW_NO);
    drive(60);
    cr_expect_eq(bench.n, 0U);
}

Test(overload, one_over_is_an_alert_with_its_evidence)
{
    cabin(19, 19, BW_NO);
    drive(4);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->kind, BW_OVERLOAD);
    cr_expect_eq(last()->phase, BW_RAISED);
    cr_expect_eq(last()->severity, BW_MINOR);
    cr_expect_eq(last()->number, 1U);
    cr_expect_eq(last()->licence_version, 5U);
    cr_expect_eq(last()->evidence.overload.aboard, 19);
    cr_expect_eq(last()->evidence.overload.capacity, 18);
    cr_expect(last()->has_position);
}

Test(overload, waits_while_pupils_board_and_warns_once_the_door_closes)
{
    cabin(20, 20, BW_YES);
    stand(60);
    cr_expect_eq(bench.n, 0U, "boarding");
    cabin(20, 20, BW_NO);
    stand(3);
    cr_expect_eq(count(BW_OVERLOAD, BW_RAISED), 1U, "before the wheels turn");
}

Test(overload, an_open_door_is_no_excuse_on_the_move)
{
    cabin(20, 20, BW_YES);
    drive(5);
    cr_expect_eq(count(BW_OVERLOAD, BW_RAISED), 1U);
}

Test(overload, doubtful_seats_accuse_nobody)
{
    cabin(17, 22, BW_NO);
    drive(60);
    cr_expect_eq(bench.n, 0U);
    bench.cabin.occupancy = (struct bw_occupancy){0};
    drive(60);
    cr_expect_eq(count(BW_OVERLOAD, BW_RAISED), 0U);
}

Test(overload, doubtful_seats_do_not_absolve_either)
{
    cabin(20, 20, BW_NO);
    drive(5);
    cabin(12, 22, BW_NO);
    drive(30);
    cr_expect_eq(count(BW_OVERLOAD, BW_CLEARED), 0U);
    cabin(18, 18, BW_NO);
    drive(6);
    cr_expect_eq(count(BW_OVERLOAD, BW_CLEARED), 1U);
}

Test(overload, a_higher_peak_is_an_update_and_not_a_flood)
{
    cabin(19, 19, BW_NO);
    drive(4);
    for (unsigned aboard = 20; aboard < 25; aboard++) {
        cabin(aboard, aboard, BW_NO);
        drive(2);
    }
    cr_expect_eq(count(BW_OVERLOAD, BW_RAISED), 1U);
    cr_expect_eq(count(BW_OVERLOAD, BW_UPDATED), 1U, "one in ten seconds");
    drive(20);
    cr_expect_eq(last()->evidence.overload.peak, 24);
    cabin(0, 0, BW_NO);
    drive(6);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->evidence.overload.peak, 24);
    cr_expect_eq(last()->number, 1U);
}

Test(overload, bands_are_those_of_the_law)
{
    static const struct {
        enum bw_vehicle_class vehicle_class;
        uint16_t capacity, aboard;
        enum bw_severity severity;
    } rows[] = {
        {BW_CLASS_LARGE, 50, 51, BW_MINOR},     {BW_CLASS_LARGE, 50, 59, BW_MINOR},
        {BW_CLASS_LARGE, 50, 60, BW_SERIOUS},   {BW_CLASS_LARGE, 50, 64, BW_SERIOUS},
        {BW_CLASS_LARGE, 50, 65, BW_CRIMINAL},  {BW_CLASS_LARGE, 24, 36, BW_CRIMINAL},
        {BW_CLASS_LARGE, 24, 35, BW_SERIOUS},   {BW_CLASS_MEDIUM, 19, 28, BW_SERIOUS},
        {BW_CLASS_MEDIUM, 19, 29, BW_CRIMINAL}, {BW_CLASS_MEDIUM, 10, 17, BW_SERIOUS},
        {BW_CLASS_MEDIUM, 10, 18, BW_CRIMINAL}, {BW_CLASS_SMALL, 7, 8, BW_MINOR},
        {BW_CLASS_SMALL, 5, 9, BW_SERIOUS},     {BW_CLASS_SMALL, 5, 10, BW_CRIMINAL},
        {BW_CLASS_SMALL, 9, 16, BW_CRIMINAL},   {BW_CLASS_UNKNOWN, 10, 40, BW_SERIOUS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        free(bench.engine);
        licence = a_licence();
        licence.vehicle_class = rows[i].vehicle_class;
        licence.approved_capacity = rows[i].capacity;
        bench = bench_of(&licence);
        cabin(rows[i].aboard, rows[i].aboard, BW_NO);
        drive(4);
        cr_assert_eq(bench.n, 1U, "row %zu", i);
        cr_expect_eq(last()->severity, rows[i].severity, "row %zu: %d", i, last()->severity);
    }
}

Test(overload, goes_on_after_a_restart)
{
    cabin(20, 20, BW_NO);
    drive(5);
    const struct bw_alert open = *last();
    free(bench.engine);
    bench = bench_of(&licence);
    engine_resume(bench.engine, &open);
    cabin(20, 20, BW_NO);
    drive(5);
    cr_expect_eq(bench.n, 0U, "not raised a second time");
    cabin(10, 10, BW_NO);
    drive(6);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->number, open.number);
    cr_expect_eq(last()->raised_utc_ms, open.raised_utc_ms);
}

/* --- OFF_ROUTE --- */

static void on_the_way(void)
{
    cabin(10, 10, BW_NO);
    bench.course_deg = 0;
    bench.north_m = 100;
    drive(20);
    cr_assert_eq(bench.n, 0U);
}

Test(off_route, a_departure_is_found_within_ten_seconds_of_the_edge)
{
    static const struct {
        double angle_deg, speed_mps;
    } rows[] = {{90, 8}, {90, 14}, {45, 10}, {30, 12}, {90, 4}, {270, 8}, {135, 9}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        free(bench.engine);
        bench = bench_of(&licence);
        on_the_way();
        bench.course_deg = rows[i].angle_deg;
        bench.speed_mps = rows[i].speed_mps;
        while (bench.n == 0 && fabs(bench.east_m) < 500)
            drive(1);
        cr_assert_eq(bench.n, 1U, "row %zu", i);
        cr_expect_eq(last()->kind, BW_OFF_ROUTE);
        cr_expect_leq(last()->evidence.off_route.outside_ms, 10000U, "row %zu: %u ms", i,
                      last()->evidence.off_route.outside_ms);
        cr_expect_str_eq(last()->evidence.off_route.route_id, "r-1");
        cr_expect(last()->evidence.off_route.entered);
    }
}

Test(off_route, coming_back_clears_it_with_peak_and_time_outside)
{
    on_the_way();
    bench.course_deg = 90;
    drive(20);
    bench.course_deg = 270;
    drive(20);
    bench.course_deg = 0;
    drive(10);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_float_eq(last()->evidence.off_route.peak_distance_m, 200, 2);
    cr_expect_float_eq(last()->evidence.off_route.outside_ms / 1000.0, 34, 1.5);
}

Test(off_route, a_constant_offset_of_a_wide_road_is_no_departure)
{
    on_the_way();
    for (double offset = 30; offset <= 40; offset += 1) {
        bench.east_m = offset;
        drive(60);
    }
    cr_expect_eq(bench.n, 0U);
}

Test(off_route, standing_still_with_drift_is_no_departure)
{
    on_the_way();
    for (int i = 0; i < 600; i++) {
        bench.east_m = 80 * sin(i / 95.0);
        stand(1);
    }
    cr_expect_eq(bench.n, 0U);
}

Test(off_route, a_position_that_jumps_aside_while_driving_on_is_no_departure)
{
    on_the_way();
    for (int i = 0; i < 20; i++) {
        bench.east_m = 105; /* 380 km/h */
        drive(4);
        bench.east_m = 0;
        drive(20);
    }
    cr_expect_eq(bench.n, 0U);
}

Test(off_route, a_reflection_of_half_a_minute_is_no_departure)
{
    on_the_way();
    for (int i = 0; i < 5; i++) {
        bench.east_m = 50; /* at once, and the course stays that of the road */
        drive(40);
        bench.east_m = 0;
        drive(60);
    }
    cr_expect_eq(bench.n, 0U);
}

Test(off_route, driving_beside_the_route_is_weak_evidence_that_sums_up_all_the_same)
{
    on_the_way();
    for (double offset = 1; offset <= 42; offset++) { /* slower than anybody turns off */
        bench.east_m = offset;
        drive(10);
    }
    for (double offset = 43; offset <= 45; offset++) {
        bench.east_m = offset;
        drive(20);
    }
    cr_expect_eq(bench.n, 0U);
    bench.east_m = 75;
    drive(200);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
}

Test(off_route, a_tunnel_and_a_night_are_no_departure)
{
    on_the_way();
    bench.mono_ms += 21000;
    bench.north_m += 210;
    drive(20);
    bench.mono_ms += 53000000;
    drive(20);
    cr_expect_eq(bench.n, 0U);
}

Test(off_route, works_without_speed_course_and_accuracy)
{
    on_the_way();
    bench.accuracy_m = NAN;
    for (int i = 1; i <= 15; i++) {
        bench.mono_ms += 1000;
        bench.east_m = 9 * i;
        const double speed = bench.speed_mps;
        bench.speed_mps = bench.course_deg = NAN;
        fix();
        bench.speed_mps = speed;
        bench.course_deg = 0;
    }
    cr_expect_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
}

Test(off_route, an_empty_bus_is_a_notice_and_no_violation)
{
    on_the_way();
    cabin(0, 0, BW_NO);
    bench.course_deg = 90;
    drive(20);
    cr_assert_gt(bench.n, 0U);
    cr_expect_eq(bench.alerts[0].severity, BW_NOTICE);
}

/* Art. 30: road works on the route, and the bus goes round them. */
Test(off_route, an_exemption_makes_a_notice_that_is_an_accusation_a_minute_after_its_end)
{
    struct bw_order works = {.kind = BW_ORDER_EXEMPTION,
                             .order_id = "works",
                             .from_utc_ms = START_UTC_MS,
                             .until_utc_ms = START_UTC_MS + 50000};
    const struct bw_orders orders = {.n_orders = 1, .orders = &works};
    on_the_way();
    engine_set_orders(bench.engine, &orders);
    bench.course_deg = 90;
    drive(80); /* until 100 s */
    cr_assert_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
    for (size_t i = 0; i < bench.n; i++) {
        cr_expect_eq(bench.alerts[i].severity, BW_NOTICE, "phase %zu", i);
        cr_expect_str_eq(bench.alerts[i].evidence.off_route.exempted_by, "works", "phase %zu", i);
    }
    drive(15);
    cr_expect_eq(last()->phase, BW_UPDATED);
    cr_expect_eq(last()->severity, BW_MINOR);
    cr_expect_str_eq(last()->evidence.off_route.exempted_by, "");
    cr_expect_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
    bench.course_deg = 270;
    drive(95); /* back on the road */
    bench.course_deg = 0;
    drive(10);
    cr_expect_eq(last()->phase, BW_CLEARED);
    cr_expect_eq(last()->severity, BW_MINOR);
}

/* Sensors that fall silent carry no pupils; the first pupil who is certain does. */
Test(off_route, a_notice_becomes_a_violation_with_the_first_certain_pupil_only)
{
    on_the_way();
    cabin(0, 0, BW_NO);
    bench.course_deg = 90;
    drive(20);
    cr_assert_eq(last()->severity, BW_NOTICE);
    bench.cabin = (struct bw_cabin){0};
    drive(60);
    cabin(0, 4, BW_NO);
    drive(60);
    for (size_t i = 0; i < bench.n; i++)
        cr_expect_eq(bench.alerts[i].severity, BW_NOTICE);
    const size_t before = bench.n;
    cabin(1, 1, BW_NO);
    drive(1);
    cr_assert_eq(bench.n, before + 1);
    cr_expect_eq(last()->kind, BW_OFF_ROUTE);
    cr_expect_eq(last()->phase, BW_UPDATED);
    cr_expect_eq(last()->severity, BW_MINOR);
}

Test(off_route, seats_that_are_not_known_are_no_excuse)
{
    on_the_way();
    bench.cabin = (struct bw_cabin){0};
    bench.course_deg = 90;
    drive(20);
    cr_assert_gt(bench.n, 0U);
    cr_expect_eq(bench.alerts[0].severity, BW_MINOR);
}

/* Empty from the depot, away from the route: only what was driven with pupils, or not known to be without,
 * counts. */
Test(off_route, what_was_driven_empty_is_no_evidence_when_pupils_get_on)
{
    bench.east_m = 3000;
    cabin(0, 0, BW_NO);
    drive(300);
    cr_expect_eq(bench.n, 0U);
    bench.cabin = (struct bw_cabin){0};
    drive(49);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_RAISED), 0U, "seats unknown for a while");
    cabin(5, 5, BW_NO);
    drive(15);
    cr_expect_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
}

Test(off_route, time_outside_goes_on_when_the_pupils_have_got_off)
{
    bench.east_m = 3000;
    cabin(5, 5, BW_NO);
    drive(70);
    cr_assert_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
    cabin(0, 0, BW_NO);
    bench.course_deg = 90;
    drive(200);
    cr_assert_eq(last()->phase, BW_UPDATED);
    cr_expect_gt(last()->evidence.off_route.outside_ms, 200000U);
}

Test(off_route, a_start_away_from_the_route_is_silent_on_the_way_to_it)
{
    cabin(10, 10, BW_NO);
    bench.east_m = -3000;
    bench.north_m = 1000;
    bench.course_deg = 90;
    drive(300);
    cr_expect_eq(bench.n, 0U);
}

Test(off_route, driving_elsewhere_from_the_start_is_its_own_evidence)
{
    cabin(10, 10, BW_NO);
    bench.east_m = 3000;
    bench.course_deg = 0;
    drive(90);
    cr_assert_eq(count(BW_OFF_ROUTE, BW_RAISED), 1U);
    cr_expect_not(bench.alerts[0].evidence.off_route.entered);
    cr_expect_eq(bench.alerts[0].evidence.off_route.left_utc_ms, 0);
}

Test(off_route, the_same_events_give_the_same_alerts_bit_for_bit)
{
    struct bw_alert first[64];
    size_t n = 0;
    for (int round = 0; round < 2; round++) {
        free(bench.engine);
        bench = bench_of(&licence);
        on_the_way();
        unsigned seed = 7;
        bench.course_deg = 80;
        for (int i = 0; i < 60; i++) {
            bench.east_m += rand_r(&seed) % 10;
            drive(1);
        }
        if (round == 0) {
            n = bench.n;
            memcpy(first, bench.alerts, sizeof first);
        }
    }
    cr_assert_gt(n, 0U);
    cr_expect_eq(bench.n, n);
    cr_expect_eq(memcmp(first, bench.alerts, n * sizeof first[0]), 0);
}

/* --- UNLICENSED --- */

static void drive_with(struct bw_permit changed)
{
    static struct bw_permit own;
    own = changed;
    licence.permits = &own;
    cabin(10, 10, BW_NO);
    drive(15);
}

Test(unlicensed, a_permit_in_force_is_silent)
{
    drive_with(permit);
    cr_expect_eq(bench.n, 0U);
}

Test(unlicensed, says_why)
{
    struct bw_permit changed = permit;
    changed.valid_until_day = 20709;
    drive_with(changed);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.unlicensed.reason, BW_PERMIT_EXPIRED);
    cr_expect_str_eq(last()->evidence.unlicensed.permit_no, "p-1");
    cr_expect_eq(last()->evidence.unlicensed.valid_until_day, 20709);

    tear_down();
    set_up();
    changed = permit;
    changed.valid_from_day = 20712;
    drive_with(changed);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.unlicensed.reason, BW_PERMIT_NOT_YET);

    tear_down();
    set_up();
    changed = permit;
    changed.status = BW_STATUS_SUSPENDED;
    drive_with(changed);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.unlicensed.reason, BW_PERMIT_SUSPENDED);
}

Test(unlicensed, the_last_day_is_valid_to_its_end_in_local_time)
{
    struct bw_permit changed = permit;
    changed.valid_until_day = 20711; /* the start is 2026-09-14T22:40Z: 06:40 of day 20711 in China */
    drive_with(changed);
    cr_expect_eq(bench.n, 0U);
}

Test(unlicensed, no_licence_at_all_needs_no_date)
{
    free(bench.engine);
    bench = bench_of(NULL);
    cabin(10, 10, BW_NO);
    drive(15);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.unlicensed.reason, BW_NO_LICENCE);
    cr_expect_eq(last()->licence_version, 0U);
}

Test(unlicensed, standing_or_empty_is_no_violation)
{
    struct bw_permit changed = permit;
    changed.valid_until_day = 20000;
    static struct bw_permit own;
    own = changed;
    licence.permits = &own;
    cabin(10, 10, BW_NO);
    stand(60);
    cabin(0, 0, BW_NO);
    drive(60);
    cr_expect_eq(count(BW_UNLICENSED, BW_RAISED), 0U);
}
