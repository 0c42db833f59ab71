/* The judge as a whole: what the rules are shown, and what comes out (gateway/compliance/engine.h). */
#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture_judge.h"

TestSuite(engine, .init = set_up, .fini = tear_down);

/* Another engine for the licence as it is now. */
static void judge_anew(void)
{
    free(bench.engine);
    bench = bench_of(&licence);
}

static void at(int64_t mono_ms, enum bw_event_type type)
{
    bench.mono_ms = mono_ms;
    feed((struct bw_event){.type = type, .u.cabin = bench.cabin});
}

static void fix_at(int64_t mono_ms)
{
    bench.mono_ms = mono_ms;
    fix();
}

/* So many aboard, all of them certain. */
static void aboard_at(int64_t mono_ms, uint16_t n)
{
    bench.cabin = (struct bw_cabin){.occupancy = {BW_QUALITY_GOOD, n, n, n}};
    at(mono_ms, BW_EVENT_CABIN);
}

/* --- the licence --- */

static const struct bw_thresholds defaults = {.overload_hold_ms = 3000,
                                              .overload_clear_ms = 5000,
                                              .off_route_margin_m = 15,
                                              .off_route_evidence_milli = 3000,
                                              .off_route_clear_ms = 5000,
                                              .unlicensed_hold_ms = 10000,
                                              .update_interval_ms = 10000,
                                              .raise_hold_off_ms = 30000,
                                              .out_of_hours_grace_min = 10,
                                              .out_of_hours_hold_ms = 30000,
                                              .unapproved_stop_margin_m = 20,
                                              .unapproved_stop_door_ms = 20000,
                                              .overspeed_tolerance_kmh = 3,
                                              .overspeed_hold_ms = 5000,
                                              .unbelted_hold_ms = 15000,
                                              .door_open_hold_ms = 2000,
                                              .left_behind_hold_ms = 5000,
                                              .left_behind_escalate_ms = 60000,
                                              .sensor_fault_hold_ms = 30000,
                                              .no_fix_hold_ms = 300000,
                                              .tamper_hold_ms = 5000};

static void expect_thresholds(const struct bw_licence *held, struct bw_thresholds expected)
{
    const struct bw_thresholds found = engine_thresholds(held);
    cr_expect_arr_eq(&found, &expected, sizeof found);
}

Test(engine, thresholds_are_the_licences_or_else_those_of_the_manual)
{
    const struct bw_thresholds own = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                      12, 13, 14, 15, 16, 17, 18, 19, 20, 21};
    expect_thresholds(NULL, defaults);
    expect_thresholds(&licence, defaults);
    licence.thresholds = own;
    expect_thresholds(&licence, own);
    licence.thresholds = (struct bw_thresholds){.off_route_clear_ms = 1};
    struct bw_thresholds expected = defaults;
    expected.off_route_clear_ms = 1;
    expect_thresholds(&licence, expected);
}

Test(engine, memory_need_not_be_cleared_and_is_used_no_further_than_asked_for)
{
    enum { GUARD = 64 };
    static struct bw_point many[300]; /* so that its corridor is larger than all the rest */
    uint32_t all[] = {0, 300};
    struct bw_route routes[3] = {route, route, route};
    for (size_t i = 0; i < 300; i++)
        many[i] = (struct bw_point){29.1 + 6e-4 * (double)i, 121.03};
    for (size_t i = 0; i < 3; i++) {
        routes[i].n_points = 300;
        routes[i].points = many;
        routes[i].part_start = all;
    }
    licence.routes = routes;
    for (size_t n = 0; n <= 3; n++) {
        licence.n_routes = n;
        const size_t size = engine_size(&licence);
        unsigned char *memory = malloc(size + GUARD);
        cr_assert_not_null(memory);
        memset(memory, 0x5a, size + GUARD);
        free(bench.engine);
        bench.engine = engine_init(memory, &licence, 1);
        struct bw_alert open[ENGINE_ALERTS_MAX];
        cr_expect_eq(engine_open(bench.engine, open), 0U);
        drive(3);
        for (size_t i = size; i < size + GUARD; i++)
            cr_expect_eq(memory[i], 0x5a, "%zu routes, byte %zu of %zu", n, i, size);
    }
    cr_expect_eq(engine_size(&licence) % _Alignof(max_align_t), 0U);
    cr_expect_lt(engine_size(NULL), engine_size(&licence));
}

Test(engine, the_route_is_the_one_whose_edge_is_nearest)
{
    static const struct {
        double east_m, distance_m;
    } rows[] = {{-20, 20}, {30, 30}, {49, 49}, {51, 149}, {200, 0}};
    /* 200 m to the east, 100 m wider */
    struct bw_point far_points[] = {{29.10, 0}, {29.28, 0}};
    far_points[0].lon_deg = far_points[1].lon_deg = 121.03 + 200 / corridor_place(29.1, 0).lon_m;
    struct bw_route routes[2] = {route, route};
    routes[1].points = far_points;
    routes[1].half_width_m = 130;
    licence.n_routes = 2;
    licence.routes = routes;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        judge_anew();
        bench.east_m = rows[i].east_m;
        fix();
        cr_expect_float_eq(engine_view(bench.engine).distance_m, rows[i].distance_m, 0.1, "row %zu: %g", i,
                           engine_view(bench.engine).distance_m);
    }
}

Test(engine, of_two_routes_as_near_the_first_is_named)
{
    struct bw_route routes[2] = {route, route};
    strcpy(routes[1].route_id, "r-2");
    licence.n_routes = 2;
    licence.routes = routes;
    judge_anew();
    drive(20);
    bench.course_deg = 90;
    drive(20);
    cr_assert_gt(bench.n, 0U);
    cr_expect_str_eq(bench.alerts[0].evidence.off_route.route_id, "r-1");
}

/* --- time and freshness --- */

static size_t raised(void)
{
    return count(BW_OVERLOAD, BW_RAISED);
}

Test(engine, a_tick_is_time_that_passes)
{
    aboard_at(1000, 19);
    at(3999, BW_EVENT_TICK);
    cr_expect_eq(raised(), 0U);
    at(4000, BW_EVENT_TICK);
    cr_expect_eq(raised(), 1U);
}

Test(engine, a_clock_that_goes_back_is_no_time)
{
    aboard_at(5000, 19);
    at(1000, BW_EVENT_TICK);
    at(7999, BW_EVENT_TICK);
    cr_expect_eq(raised(), 0U);
    at(8000, BW_EVENT_TICK);
    cr_expect_eq(raised(), 1U);
}

Test(engine, what_the_cabin_said_is_believed_for_ten_seconds)
{
    licence.thresholds.overload_hold_ms = 10000;
    judge_anew();
    aboard_at(1000, 19);
    at(11000, BW_EVENT_TICK);
    cr_expect_eq(raised(), 1U);

    licence.thresholds.overload_hold_ms = 10001;
    judge_anew();
    aboard_at(1000, 19);
    at(11001, BW_EVENT_TICK);
    cr_expect_eq(raised(), 0U);
}

Test(engine, a_cabin_that_falls_silent_clears_nothing)
{
    aboard_at(1000, 19);
    aboard_at(4000, 19);
    for (int64_t mono_ms = 5000; mono_ms < 60000; mono_ms += 1000)
        at(mono_ms, BW_EVENT_TICK);
    cr_expect_eq(raised(), 1U);
    cr_expect_eq(count(BW_OVERLOAD, BW_CLEARED), 0U);
}

Test(engine, a_position_is_believed_for_five_seconds)
{
    static const struct {
        int64_t age_ms;
        bool has_position;
    } rows[] = {{4999, true}, {5000, true}, {5001, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        judge_anew();
        fix_at(10000);
        aboard_at(10000 + rows[i].age_ms - 3000, 19);
        at(10000 + rows[i].age_ms, BW_EVENT_TICK);
        cr_assert_eq(raised(), 1U, "row %zu", i);
        cr_expect_eq(last()->has_position, rows[i].has_position, "row %zu", i);
        cr_expect_float_eq(last()->position.lat_deg, rows[i].has_position ? 29.1 : 0, 1e-9, "row %zu", i);
        cr_expect_eq(last()->position.accuracy_m, rows[i].has_position ? 4 : 0, "row %zu", i);
    }
}

Test(engine, a_receiver_that_says_so_has_no_position_at_once)
{
    aboard_at(1000, 19);
    fix_at(3000);
    at(3500, BW_EVENT_NO_FIX);
    at(4000, BW_EVENT_TICK);
    cr_assert_eq(raised(), 1U);
    cr_expect_not(last()->has_position);
}

/* --- movement --- */

Test(engine, movement_that_speed_and_course_explain_is_no_stray)
{
    for (double course_deg = 17; course_deg < 360; course_deg += 90) {
        judge_anew();
        bench.course_deg = course_deg;
        drive(10);
        cr_expect_lt(engine_view(bench.engine).stray_m, 0.01, "course %g: %g m", course_deg,
                     engine_view(bench.engine).stray_m);
    }
    bench.east_m += 60;
    drive(1);
    cr_expect_float_eq(engine_view(bench.engine).stray_m, 59, 0.1, "a jump aside, less what a bend explains");
}

/* By positions alone, north and east in turn; there is no permit, so that driving is a violation. */
Test(engine, without_a_speed_it_is_taken_from_positions)
{
    static const struct {
        double east_mps, north_mps;
        size_t raised;
    } rows[] = {{0, 4, 1}, {4, 0, 1}, {-3, -3, 1}, {2, 2, 0}};
    licence.n_permits = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        judge_anew();
        aboard_at(1, 10);
        bench.speed_mps = bench.course_deg = NAN;
        for (int second = 1; second < 30; second++) {
            bench.east_m += rows[i].east_mps;
            bench.north_m += rows[i].north_mps;
            fix_at(second * 1000);
            aboard_at(second * 1000, 10);
        }
        cr_expect_eq(count(BW_UNLICENSED, BW_RAISED), rows[i].raised, "row %zu", i);
    }
}

Test(engine, a_speed_that_is_given_is_believed_with_or_without_a_course)
{
    licence.n_permits = 0;
    judge_anew();
    bench.speed_mps = 2;
    bench.course_deg = NAN;
    for (int second = 1; second < 30; second++) {
        bench.north_m += 10;
        fix_at(second * 1000);
        aboard_at(second * 1000, 10);
    }
    cr_expect_eq(count(BW_UNLICENSED, BW_RAISED), 0U);
}

/* Straight out, 9.9 m a second: of the excess 15 m are margin, 27 m when the course is not given. */
Test(engine, a_speed_without_course_is_as_good_as_none)
{
    double score[2];
    for (int i = 0; i < 2; i++) {
        licence.thresholds.off_route_evidence_milli = 100000;
        judge_anew();
        for (int second = 1; second <= 8; second++) {
            bench.east_m = 9.9 * second; /* 10 would be just what a bus can do in the first */
            bench.course_deg = i == 0 ? 90 : NAN;
            fix_at(second * 1000);
        }
        score[i] = engine_view(bench.engine).score;
    }
    const double sigma_m = 5; /* by accuracy_m; a second adds 2 at most */
    cr_expect_float_eq(score[0], (19.5 - 15) / sigma_m + 3 * 2, 0.01, "%g", score[0]);
    cr_expect_float_eq(score[1], (29.4 - 27) / sigma_m + 2 * 2, 0.01, "%g", score[1]);
}

Test(engine, time_outside_is_that_of_the_fixes)
{
    licence.thresholds.update_interval_ms = 1;
    judge_anew();
    bench.speed_mps = 20;
    bench.course_deg = 90;
    bench.north_m = 1000;
    bench.east_m = -20;
    drive(103); /* the first at 0 m, the third at 40 m: half of its second outside */
    cr_assert_gt(bench.n, 0U);
    const struct bw_evidence_off_route *evidence = &last()->evidence.off_route;
    cr_expect_gt(evidence->outside_ms, 60000U);
    cr_expect_float_eq(evidence->outside_ms, ((double)evidence->distance_m - 30) / 20 * 1000, 20, "%u ms",
                       evidence->outside_ms);
}

/* Too fast, and the positions moved as far in each direction of the compass. */
Test(engine, movement_is_as_long_whatever_its_direction)
{
    for (double course_deg = 50; course_deg < 360; course_deg += 80) {
        judge_anew();
        aboard_at(1, 10);
        bench.north_m = 5000;
        bench.speed_mps = 30;
        bench.course_deg = course_deg;
        drive(10);
        cr_expect_eq(count(BW_OVERSPEED, BW_RAISED), 1U, "course %g", course_deg);
    }
}

/* --- what comes out --- */

Test(engine, alerts_are_numbered_on_from_the_number_given)
{
    free(bench.engine);
    licence.n_permits = 0;
    void *memory = malloc(engine_size(&licence));
    cr_assert_not_null(memory);
    bench.engine = engine_init(memory, &licence, 41);
    cr_expect_eq(engine_next_number(bench.engine), 41U);
    cabin(19, 19, BW_NO);
    drive(15);
    cr_expect_eq(engine_next_number(bench.engine), 43U);
    cr_assert_eq(bench.n, 2U);
    cr_expect_eq(bench.alerts[0].number, 41U);
    cr_expect_eq(bench.alerts[1].number, 42U);
}

Test(engine, phases_of_one_step_come_in_the_order_of_kinds)
{
    licence.n_permits = 0;
    licence.thresholds.overload_hold_ms = 10000; /* as long as the other's */
    judge_anew();
    for (int64_t mono_ms = 1000; mono_ms <= 11000; mono_ms += 2000) {
        fix_at(mono_ms);
        aboard_at(mono_ms, 19);
    }
    cr_assert_eq(bench.n, 2U);
    cr_expect_eq(bench.alerts[0].kind, BW_OVERLOAD);
    cr_expect_eq(bench.alerts[1].kind, BW_UNLICENSED);
    cr_expect_eq(bench.alerts[0].time_utc_ms, bench.alerts[1].time_utc_ms);
}

Test(engine, every_phase_carries_the_moment_and_the_world_of_its_event)
{
    aboard_at(1000, 19);
    fix_at(4000);
    cr_assert_eq(raised(), 1U);
    cr_expect_eq(last()->time_utc_ms, START_UTC_MS + 4000);
    cr_expect_eq(last()->raised_utc_ms, START_UTC_MS + 4000);
    cr_expect_eq(last()->licence_version, 5U);
    cr_expect_eq(last()->occupancy.high, 19);
    cr_expect_float_eq(last()->position.lon_deg, 121.03, 1e-9);
    aboard_at(5000, 3);
    at(10000, BW_EVENT_TICK);
    cr_assert_eq(count(BW_OVERLOAD, BW_CLEARED), 1U);
    cr_expect_eq(last()->time_utc_ms, START_UTC_MS + 10000);
    cr_expect_eq(last()->raised_utc_ms, START_UTC_MS + 4000);
    cr_expect_eq(last()->occupancy.high, 3);
}

Test(engine, an_update_comes_ten_seconds_after_the_phase_before_and_only_when_there_is_news)
{
    static const struct {
        int64_t mono_ms;
        uint16_t aboard;
        size_t n; /* phases so far */
    } rows[] = {
        {1000, 101, 0},  {4000, 101, 1},  {5000, 102, 1},  {13999, 103, 1}, {14000, 102, 2},
        {20000, 104, 2}, {23999, 104, 2}, {24000, 104, 3}, {40000, 104, 3}, {40001, 105, 4},
    };
    licence.approved_capacity = 100;
    judge_anew();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aboard_at(rows[i].mono_ms, rows[i].aboard);
        cr_expect_eq(bench.n, rows[i].n, "row %zu: %zu", i, bench.n);
    }
    cr_expect_eq(bench.alerts[1].phase, BW_UPDATED);
    cr_expect_eq(bench.alerts[1].evidence.overload.peak, 103, "what was seen in between");
    cr_expect_eq(bench.alerts[3].number, 1U);
}

/* Of a medium vehicle for 18: 4 over are 20 %, 10 over the criminal line. */
Test(engine, a_graver_severity_is_an_update_at_once)
{
    static const struct {
        int64_t mono_ms;
        uint16_t aboard;
        size_t n; /* phases so far */
    } rows[] = {
        {1000, 19, 0}, {4000, 19, 1}, {4001, 22, 2}, {4002, 23, 2},
        {4003, 28, 3}, {4004, 29, 3}, {4005, 19, 3}, {14003, 19, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aboard_at(rows[i].mono_ms, rows[i].aboard);
        cr_expect_eq(bench.n, rows[i].n, "row %zu: %zu", i, bench.n);
    }
    cr_expect_eq(bench.alerts[1].severity, BW_SERIOUS);
    cr_expect_eq(bench.alerts[1].phase, BW_UPDATED);
    cr_expect_eq(bench.alerts[2].severity, BW_CRIMINAL);
    cr_expect_eq(bench.alerts[3].evidence.overload.peak, 29);
}

/* --- what was open before --- */

static size_t open_after(struct bw_alert alert)
{
    struct bw_alert open[ENGINE_ALERTS_MAX];
    judge_anew();
    engine_resume(bench.engine, &alert);
    return engine_open(bench.engine, open);
}

Test(engine, only_open_alerts_of_kinds_it_judges_are_resumed)
{
    cr_expect_eq(open_after((struct bw_alert){.kind = BW_OVERLOAD, .phase = BW_RAISED}), 1U);
    cr_expect_eq(open_after((struct bw_alert){.kind = BW_OFF_ROUTE, .phase = BW_UPDATED}), 1U);
    cr_expect_eq(open_after((struct bw_alert){.kind = BW_UNLICENSED, .phase = BW_UPDATED}), 1U);
    cr_expect_eq(open_after((struct bw_alert){.kind = BW_OVERLOAD, .phase = BW_CLEARED}), 0U);
    cr_expect_eq(open_after((struct bw_alert){.kind = BW_OVERLOAD, .phase = BW_PHASE_NONE}), 0U);
    cr_expect_eq(open_after((struct bw_alert){.kind = BW_KIND_UNSPECIFIED, .phase = BW_RAISED}), 0U);
}

/* The bus was full, is not any more, and nobody saw it become so. */
Test(engine, what_is_not_resumed_is_never_cleared)
{
    (void)open_after((struct bw_alert){.kind = BW_OVERLOAD, .phase = BW_CLEARED});
    aboard_at(1000, 3);
    aboard_at(7000, 3);
    cr_expect_eq(bench.n, 0U);
}

Test(engine, what_is_open_is_handed_on_as_last_reported)
{
    struct bw_alert open[ENGINE_ALERTS_MAX];
    licence.n_permits = 0;
    judge_anew();
    cabin(19, 19, BW_NO);
    drive(15);
    cr_assert_eq(engine_open(bench.engine, open), 2U);
    cr_expect_eq(memcmp(open, bench.alerts, 2 * sizeof open[0]), 0);
    struct engine *before = bench.engine;
    bench = bench_of(&licence);
    engine_resume(bench.engine, &open[0]);
    engine_resume(bench.engine, &open[1]);
    cr_expect_eq(engine_open(bench.engine, open), 2U);
    cr_expect_eq(engine_next_number(bench.engine), 1U, "numbers are the caller's to go on with");
    free(before);
}

/* Alerts of a pupil left behind within a minute, with a bag on a seat of a bus that is shut. */
static size_t left_behind_in_a_minute(uint32_t presses)
{
    size_t n = 0;
    bench.n = 0;
    bench.cabin = (struct bw_cabin){.occupancy = {BW_QUALITY_GOOD, 1, 1, 1},
                                    .door_open = BW_NO,
                                    .ignition_on = BW_NO,
                                    .presses = presses};
    for (int64_t end_ms = bench.mono_ms + 60000; bench.mono_ms < end_ms; bench.mono_ms += 1000)
        at(bench.mono_ms, BW_EVENT_CABIN);
    for (size_t i = 0; i < bench.n; i++)
        n += bench.alerts[i].kind == BW_CHILD_LEFT_BEHIND;
    return n;
}

Test(engine, that_every_seat_was_looked_at_is_handed_on)
{
    (void)left_behind_in_a_minute(0);
    (void)left_behind_in_a_minute(1);
    cr_expect_eq(left_behind_in_a_minute(1), 0U);
    struct engine *before = bench.engine;
    const int64_t mono_ms = bench.mono_ms;
    bench = bench_of(&licence);
    bench.mono_ms = mono_ms;
    engine_continue(bench.engine, before);
    free(before);
    cr_expect_eq(left_behind_in_a_minute(1), 0U);
    judge_anew();
    bench.mono_ms = mono_ms;
    cr_expect_eq(left_behind_in_a_minute(1), 1U, "one that knows nothing of it");
}

Test(engine, without_a_licence_what_was_open_stays_open)
{
    struct bw_alert open = {.kind = BW_OFF_ROUTE, .phase = BW_RAISED, .number = 3, .severity = BW_MINOR};
    strcpy(open.evidence.off_route.route_id, "r-0");
    free(bench.engine);
    bench = bench_of(NULL);
    engine_resume(bench.engine, &open);
    for (int i = 0; i < 10; i++)
        at(1000 + i * 5000, BW_EVENT_TICK);
    cr_expect_eq(bench.n, 0U, "no news");
    cr_expect_eq(engine_open(bench.engine, &open), 1U);
    cr_expect_eq(open.number, 3U);
}

/* Somebody left behind for just less than the time to the alarm's second level, when the gateway restarted.
 */
Test(engine, before_the_first_event_no_time_passed)
{
    const struct bw_alert open = {.kind = BW_CHILD_LEFT_BEHIND,
                                  .phase = BW_RAISED,
                                  .severity = BW_MINOR,
                                  .evidence.left_behind = {.aboard = 1, .waiting_ms = 64999, .level = 1}};
    judge_anew();
    engine_resume(bench.engine, &open);
    bench.cabin =
        (struct bw_cabin){.occupancy = {BW_QUALITY_GOOD, 1, 1, 1}, .door_open = BW_NO, .ignition_on = BW_NO};
    at(1000000, BW_EVENT_CABIN);
    cr_expect_eq(bench.n, 0U);
    at(1000001, BW_EVENT_TICK);
    cr_assert_eq(bench.n, 1U);
    cr_expect_eq(last()->evidence.left_behind.level, 2);
}

/* --- the view --- */

Test(engine, the_view_tells_what_off_route_makes_of_the_last_fix)
{
    struct engine_view view = engine_view(bench.engine);
    cr_expect_not(view.outside, "no fix yet");
    cr_expect_eq(view.raise_at, 3);
    bench.east_m = 100;
    drive(1);
    view = engine_view(bench.engine);
    cr_expect(view.outside, "no route entered yet");
    cr_expect_float_eq(view.distance_m, 100, 0.1);
    cr_expect_eq(view.stray_m, 0);
    judge_anew();
    drive(1);
    cr_expect_not(engine_view(bench.engine).outside);
    bench.course_deg = 90;
    drive(6);
    view = engine_view(bench.engine);
    cr_expect(view.outside);
    cr_expect_gt(view.score, 0.0);
}

Test(engine, without_a_route_there_is_no_outside)
{
    licence.n_routes = 0;
    judge_anew();
    drive(3);
    cr_expect_not(engine_view(bench.engine).outside);
    cr_expect_eq(engine_view(bench.engine).distance_m, 0);
}

/* Ten metres a second to the north, and a jump along the road that the receiver's speed does not explain. */
Test(engine, what_strayed_is_soon_forgotten_on_the_line_of_the_route_and_slowly_beside_it)
{
    static const struct {
        double east_m, forgotten; /* of the stray, in a minute */
    } rows[] = {{14.9, 0.85}, {15.1, 0.45}};
    for (size_t i = 0; i < 2; i++) {
        judge_anew();
        bench.east_m = rows[i].east_m;
        drive(1);
        bench.north_m += 100;
        drive(1);
        const double before_m = engine_view(bench.engine).stray_m;
        drive(60);
        const double share = 1 - engine_view(bench.engine).stray_m / before_m;
        cr_expect_gt(before_m, 90);
        cr_expect_gt(share, rows[i].forgotten, "row %zu: %g", i, share);
        cr_expect_lt(share, rows[i].forgotten + 0.25, "row %zu: %g", i, share);
    }
}

/* --- what trips are told --- */

Test(engine, the_route_is_told_within_its_corridor_and_with_a_fix)
{
    judge_anew();
    cr_expect_eq(engine_route(bench.engine), -1, "no fix yet");
    fix_at(1000);
    cr_expect_eq(engine_route(bench.engine), 0);
    bench.east_m = 31;
    fix_at(2000);
    cr_expect_eq(engine_route(bench.engine), -1, "beyond its edge");
    bench.east_m = 29;
    fix_at(3000);
    cr_expect_eq(engine_route(bench.engine), 0);
    at(10000, BW_EVENT_TICK);
    cr_expect_eq(engine_route(bench.engine), -1, "the fix is too old");
    licence.n_routes = 0;
    judge_anew();
    fix_at(1000);
    cr_expect_eq(engine_route(bench.engine), -1, "no route");
}

/* On Monday, 2026-09-14, at 07:00 in China. */
static const struct bw_permit *permit_at_seven(enum bw_clock clock)
{
    judge_anew();
    struct bw_event event = {.type = BW_EVENT_TICK,
                             .mono_ms = 1000,
                             .utc_ms = INT64_C(20710) * 86400000 - 3600000,
                             .clock = clock};
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    (void)engine_step(bench.engine, &event, alerts);
    return engine_permit(bench.engine);
}

Test(engine, the_permit_is_told_when_it_is_the_only_one_for_this_day_and_minute)
{
    static const struct {
        const char *what;
        struct bw_permit other;
        bool only; /* the first stays the only one */
    } rows[] = {
        {"suspended", {.weekdays = 1, .valid_until_day = 30000, .status = BW_STATUS_SUSPENDED}, true},
        {"for Tuesdays", {.weekdays = 2, .valid_until_day = 30000, .status = BW_STATUS_ACTIVE}, true},
        {"all day", {.weekdays = 1, .valid_until_day = 30000, .status = BW_STATUS_ACTIVE}, false},
        {"later",
         {.window_start_min = 421,
          .window_end_min = 500,
          .valid_until_day = 30000,
          .status = BW_STATUS_ACTIVE},
         true},
        {"from now on",
         {.window_start_min = 420,
          .window_end_min = 500,
          .valid_until_day = 30000,
          .status = BW_STATUS_ACTIVE},
         false},
        {"until now",
         {.window_start_min = 400,
          .window_end_min = 420,
          .valid_until_day = 30000,
          .status = BW_STATUS_ACTIVE},
         false},
        {"earlier",
         {.window_start_min = 400,
          .window_end_min = 419,
          .valid_until_day = 30000,
          .status = BW_STATUS_ACTIVE},
         true},
        {"into the night",
         {.window_start_min = 400,
          .window_end_min = 60,
          .valid_until_day = 30000,
          .status = BW_STATUS_ACTIVE},
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bw_permit permits[2] = {permit, rows[i].other};
        licence.permits = permits;
        licence.n_permits = 2;
        const struct bw_permit *told = permit_at_seven(BW_CLOCK_GNSS);
        cr_expect_eq(told, rows[i].only ? &permits[0] : NULL, "%s", rows[i].what);
    }
}

Test(engine, without_the_receivers_time_no_permit_is_told)
{
    cr_expect_not_null(permit_at_seven(BW_CLOCK_GNSS));
    cr_expect_null(permit_at_seven(BW_CLOCK_SYSTEM));
}
