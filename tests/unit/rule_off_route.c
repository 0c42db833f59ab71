/* OFF_ROUTE by itself: what one fix adds, each input at its limits (docs/rules.md; drives are in rules.c). */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/fixture_rule.h"

static const double TINY = 1e-9, HALF_WIDTH_M = 30;

static struct bw_route route = {.route_id = "r-1", .half_width_m = 30};
static struct inputs in;
static struct rules rules;
static struct rule_off_route *const rule = &rules.off_route;

static void beyond_the_edge(double excess_m)
{
    in.hit.distance_m = HALF_WIDTH_M + excess_m;
}

/* Ten aboard, 11 m beyond the edge and moving straight away from it at 10 m/s, by a good receiver: sigma is 5
 * m. */
static void set_up(void)
{
    in = (struct inputs){.mono_ms = 1000,
                         .utc_ms = 1000000,
                         .thresholds = &no_wait,
                         .new_fix = true,
                         .has_fix = true,
                         .fix = {.position.accuracy_m = 4, .speed_mps = 10},
                         .step_s = 1,
                         .motion.east_mps = 10,
                         .cabin.occupancy = {BW_QUALITY_GOOD, 10, 10, 10},
                         .route = &route,
                         .hit = {.away_east = 1}};
    beyond_the_edge(11);
    rules = (struct rules){.off_route = {.entered = true, .outside = true, .nearest_m = INFINITY}};
}
TestSuite(rule_off_route, .init = set_up);

static enum lifecycle_action step(void)
{
    return rule_off_route.step(&rules, &in);
}

static void step_from(double score)
{
    rule->score = score;
    (void)step();
}

/* --- what a fix beyond the edge adds --- */

Test(rule_off_route, score_by_excess_and_movement)
{
    static const struct {
        double excess_m, outward_before_m, east_mps, before, after;
    } rows[] = {
        /* leaving: (excess - 6) / 5 a second, 2 at most */
        {11, 0, 10, 0, 1},
        {8.5, 0, 10, 0, 0.5},
        {16, 0, 10, 0, 2},
        {20, 0, 10, 0, 2},
        /* movement must account for half of the excess, or the fix is one beside the route: 0.15, 12 m */
        {20.1, 0, 10, 0, (20.1 - 12) / 5 * 0.15},
        {17, 0, 0, 0, 0.15},
        {22, 0, 0, 0, 0.3},
        {49, 0, 0, 0, 0.3},
        /* and must go on, faster than 1 m/s */
        {14, 10, 1, 0, 0.06},
        {14, 10, 1.1, 0, 1.6},
        /* unless it is far, where a parallel course is no excuse */
        {50, 25, 0, 0, 2},
        {50, 24.9, 0, 0, 0.3},
        {49.9, 25, 0, 0, 0.3},
        /* within the margin the score falls, by as much at most, and never below nothing */
        {7, 0, 0, 1, 0.85},
        {2, 0, 0, 1, 0.7},
        {0.1, 0, 0, 1, 0.7},
        {2, 0, 0, 0.1, 0},
        {3.5, 0, 10, 1, 0.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        beyond_the_edge(rows[i].excess_m);
        rule->outward_m = rows[i].outward_before_m;
        in.motion.east_mps = rows[i].east_mps;
        step_from(rows[i].before);
        cr_expect_float_eq(rule->score, rows[i].after, TINY, "row %zu: %g", i, rule->score);
    }
}

Test(rule_off_route, what_the_position_strayed_is_no_excess)
{
    beyond_the_edge(16);
    in.motion.stray_east_m = 3;
    in.motion.stray_north_m = -4;
    step_from(0);
    cr_expect_float_eq(rule->score, 1, TINY);
}

Test(rule_off_route, speed_from_positions_weighs_less_but_beside_the_route_the_same)
{
    in.speed_derived = true;
    step_from(0);
    cr_expect_float_eq(rule->score, 0.6, TINY);
    in.motion.east_mps = 0;
    rule->outward_m = 0;
    beyond_the_edge(17);
    step_from(0);
    cr_expect_float_eq(rule->score, 0.15, TINY);
}

Test(rule_off_route, sigma_follows_the_receivers_accuracy_within_bounds)
{
    static const struct {
        double accuracy_m, receiver_m;
    } rows[] = {{12.25, 5}, {4, 3},      {7.35, 3}, {9.8, 4}, {0, 3},
                {44.1, 18}, {51.45, 20}, {1e6, 20}, {NAN, 6}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.fix.position.accuracy_m = rows[i].accuracy_m;
        const double sigma_m = hypot(rows[i].receiver_m, 4); /* 4 m for the drawn line */
        step_from(0);
        cr_expect_float_eq(rule->score, 5 / sigma_m, TINY, "row %zu: %g", i, rule->score);
    }
}

Test(rule_off_route, a_step_counts_for_three_seconds_at_most)
{
    static const struct {
        double step_s, counted_s;
    } rows[] = {{0.5, 0.5}, {2, 2}, {3, 3}, {3.5, 3}, {600, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.step_s = rows[i].step_s;
        rule->outward_m = 5;
        step_from(0);
        cr_expect_float_eq(rule->score, rows[i].counted_s, TINY, "row %zu: %g", i, rule->score);
        cr_expect_float_eq(rule->outward_m, 5 + 10 * rows[i].counted_s, TINY, "row %zu", i);
        cr_expect_float_eq(rule->travelled_m, 10 * rows[i].counted_s, TINY, "row %zu", i);
        cr_expect_float_eq(rule->outside_s, rows[i].step_s, TINY, "row %zu", i);
        cr_expect_eq(rule->fixes_outside, 1U, "row %zu", i);
    }
}

Test(rule_off_route, leaving_is_a_speed_and_no_distance)
{
    in.step_s = 3;
    in.motion.east_mps = 1;
    rule->outward_m = 10;
    beyond_the_edge(14);
    step_from(0);
    cr_expect_float_eq(rule->score, 3 * 0.06, TINY);
}

Test(rule_off_route, one_instant_reported_twice_is_one_fix)
{
    in.step_s = 0;
    step_from(1);
    cr_expect_float_eq(rule->score, 1, TINY);
    cr_expect_eq(rule->fixes_outside, 0U);
}

Test(rule_off_route, outward_is_the_movement_along_the_line_from_the_route)
{
    in.motion.east_mps = 3;
    in.motion.north_mps = 4;
    in.hit.away_east = -0.6;
    in.hit.away_north = 0.8;
    in.step_s = 2;
    (void)step();
    cr_expect_float_eq(rule->outward_m, 2.8, TINY);
}

Test(rule_off_route, a_vehicle_that_stands_adds_nothing)
{
    in.fix.speed_mps = 0.99;
    step_from(1);
    cr_expect_float_eq(rule->score, 1, TINY);
    cr_expect_eq(rule->fixes_outside, 0U);
    cr_expect_eq(rule->travelled_m, 0);
    cr_expect_eq(rule->outward_m, 0);
    rule->fixes_outside = 9;
    rule->travelled_m = 100;
    step_from(9);
    cr_expect_eq(rule->life.state, LIFECYCLE_CLEAR, "and raises nothing, whatever was gathered before");
    set_up();
    in.fix.speed_mps = 1;
    step_from(1);
    cr_expect_float_eq(rule->score, 2, TINY);
    cr_expect_eq(rule->fixes_outside, 1U);
}

/* --- the verdict --- */

Test(rule_off_route, raised_on_enough_evidence_from_enough_fixes_and_enough_way)
{
    static const struct {
        bool entered;
        unsigned fixes;
        double travelled_m, score, step_s;
        enum lifecycle_action action;
    } rows[] = {
        {true, 2, 5, 3, 1, LIFECYCLE_RAISE},     {true, 1, 5, 3, 1, LIFECYCLE_NONE},
        {true, 2, 4.9, 3, 1, LIFECYCLE_NONE},    {true, 2, 5, 2.999, 1, LIFECYCLE_NONE},
        {false, 2, 5, 3, 1, LIFECYCLE_NONE},     {true, 1, 5, 3, 5, LIFECYCLE_RAISE},
        {true, 1, 5, 3, 4.9, LIFECYCLE_NONE},    {true, 0, 5, 3, 5, LIFECYCLE_NONE},
        {true, 9, 100, 3.5, 1, LIFECYCLE_RAISE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        *rule = (struct rule_off_route){.entered = rows[i].entered,
                                        .outside = true,
                                        .nearest_m = INFINITY,
                                        .fixes_outside = rows[i].fixes,
                                        .travelled_m = rows[i].travelled_m,
                                        .score = rows[i].score};
        in.step_s = rows[i].step_s;
        cr_expect_eq(step(), rows[i].action, "row %zu", i);
    }
}

Test(rule_off_route, the_evidence_it_takes_is_the_licences)
{
    const struct bw_thresholds strict = {.off_route_margin_m = 6, .off_route_evidence_milli = 4600};
    in.thresholds = &strict;
    beyond_the_edge(6); /* margin while leaving: 3 m */
    rule->fixes_outside = 9;
    rule->travelled_m = 100;
    step_from(3.9);
    cr_expect_float_eq(rule->score, 4.5, TINY);
    cr_expect_eq(rule->life.state, LIFECYCLE_CLEAR);
    cr_expect_eq(step(), LIFECYCLE_RAISE);
}

Test(rule_off_route, only_a_fix_that_speaks_for_a_departure_raises)
{
    in.motion.east_mps = 0;
    rule->fixes_outside = 9;
    rule->travelled_m = 100;
    rule->score = 9;
    beyond_the_edge(12);
    cr_expect_eq(step(), LIFECYCLE_NONE);
    beyond_the_edge(12.1);
    cr_expect_eq(step(), LIFECYCLE_RAISE);
}

Test(rule_off_route, never_entered_is_way_and_time_without_an_approach)
{
    static const struct {
        double travelled_m, outside_s, nearest_m;
        bool empty;
        enum lifecycle_action action;
        bool anew;
    } rows[] = {
        {490, 59, 1041, false, LIFECYCLE_RAISE, false},   {489, 59, 1041, false, LIFECYCLE_NONE, false},
        {490, 58, 1041, false, LIFECYCLE_NONE, false},    {490, 59, 1140.9, false, LIFECYCLE_RAISE, false},
        {490, 59, 1141, false, LIFECYCLE_NONE, true},     {490, 59, 1041, true, LIFECYCLE_NONE, true},
        {490, 59, INFINITY, false, LIFECYCLE_NONE, true}, {900, 99, 500, false, LIFECYCLE_RAISE, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        beyond_the_edge(1011);
        *rule = (struct rule_off_route){.travelled_m = rows[i].travelled_m,
                                        .outside_s = rows[i].outside_s,
                                        .nearest_m = rows[i].nearest_m};
        if (rows[i].empty)
            in.cabin.occupancy = (struct bw_occupancy){.quality = BW_QUALITY_GOOD};
        cr_expect_eq(step(), rows[i].action, "row %zu", i);
        cr_expect_eq(rule->travelled_m, rows[i].anew ? 0 : rows[i].travelled_m + 10, "row %zu", i);
        cr_expect_eq(rule->outside_s, rows[i].anew ? 0 : rows[i].outside_s + 1, "row %zu", i);
        cr_expect_eq(rule->nearest_m, rows[i].anew ? 1041 : rows[i].nearest_m, "row %zu", i);
    }
}

Test(rule_off_route, who_has_been_on_a_route_has_entered_it)
{
    beyond_the_edge(1011);
    in.motion.east_mps = 0; /* and beside it is no departure at once */
    rule->travelled_m = 900;
    rule->outside_s = 900;
    cr_expect_eq(step(), LIFECYCLE_NONE);
}

Test(rule_off_route, an_open_alert_goes_on_counting_whatever_comes_nearer)
{
    *rule = (struct rule_off_route){
        .life.state = LIFECYCLE_ACTIVE, .travelled_m = 900, .outside_s = 99, .nearest_m = 5000};
    cr_expect_eq(step(), LIFECYCLE_NONE);
    cr_expect_eq(rule->outside_s, 100);
    cr_expect_eq(rule->travelled_m, 910);
}

/* --- the edge --- */

Test(rule_off_route, the_crossing_is_interpolated_between_two_fixes)
{
    static const struct {
        double last_m, step_s, back_s;
    } rows[] = {
        {10, 1, 0.5}, {10, 2, 1}, {25, 1, 0.8}, {30, 1, 1}, /* just on the edge then */
        {10, 10, 3},                                        /* no more than a step counts */
        {31, 1, 0},                                         /* outside another route's edge before */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        beyond_the_edge(20);
        rule->outside = false;
        rule->last_distance_m = rows[i].last_m;
        rule->outside_s = rule->peak_m = 777;
        in.step_s = rows[i].step_s;
        (void)step();
        cr_expect(rule->outside, "row %zu", i);
        cr_expect_float_eq(rule->outside_s, rows[i].back_s, TINY, "row %zu: %g s", i, rule->outside_s);
        cr_expect_eq(rule->left_utc_ms, 1000000 - (int64_t)(1000 * rows[i].back_s), "row %zu", i);
        cr_expect_eq(rule->peak_m, 50, "row %zu", i);
        cr_expect_eq(rule->last_distance_m, 50, "row %zu", i);
    }
}

Test(rule_off_route, a_narrow_route_has_a_near_peak)
{
    struct bw_route narrow = {.route_id = "r-2", .half_width_m = 0.2};
    in.route = &narrow;
    in.hit.distance_m = 0.5;
    rule->outside = false;
    (void)step();
    cr_expect_eq(rule->peak_m, 0.5);
}

Test(rule_off_route, without_a_date_nobody_knows_when_it_was)
{
    rule->outside = false;
    rule->left_utc_ms = 7;
    in.utc_ms = 0;
    (void)step();
    cr_expect_eq(rule->left_utc_ms, 0);
    rule->outside = false;
    in.utc_ms = 1;
    rule->last_distance_m = 41;
    (void)step();
    cr_expect_eq(rule->left_utc_ms, 1);
}

Test(rule_off_route, out_again_before_the_alert_was_cleared_is_the_same_departure)
{
    *rule = (struct rule_off_route){
        .life.state = LIFECYCLE_CLEARING, .entered = true, .outside_s = 60, .left_utc_ms = 7, .peak_m = 300};
    cr_expect_eq(step(), LIFECYCLE_NONE);
    cr_expect(rule->outside);
    cr_expect_eq(rule->outside_s, 60);
    cr_expect_eq(rule->left_utc_ms, 7);
    cr_expect_eq(rule->peak_m, 300);
}

Test(rule_off_route, inside_begins_at_the_edge_and_forgets_all_but_a_fading_score)
{
    static const struct {
        double before, step_s, after;
    } rows[] = {{5, 1, 3}, {2, 1, 0}, {1.5, 1, 0}, {7, 3, 1}, {7, 60, 1}, {2.5, 1, 0.5}, {3, 0, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        beyond_the_edge(0);
        *rule = (struct rule_off_route){
            .outside = true, .outward_m = 5, .travelled_m = 5, .fixes_outside = 5, .score = rows[i].before};
        in.step_s = rows[i].step_s;
        cr_expect_eq(step(), LIFECYCLE_NONE, "row %zu", i);
        cr_expect(rule->entered && !rule->outside, "row %zu", i);
        cr_expect_eq(rule->outward_m, 0, "row %zu", i);
        cr_expect_eq(rule->travelled_m, 0, "row %zu", i);
        cr_expect_eq(rule->fixes_outside, 0U, "row %zu", i);
        cr_expect_eq(rule->last_distance_m, HALF_WIDTH_M, "row %zu", i);
        cr_expect_float_eq(rule->score, rows[i].after, TINY, "row %zu: %g", i, rule->score);
    }
}

Test(rule_off_route, an_alert_ends_after_its_time_inside)
{
    const struct bw_thresholds waits = {.off_route_evidence_milli = 4000, .off_route_clear_ms = 100};
    static const struct {
        int64_t mono_ms;
        double excess_m;
        enum lifecycle_action action;
    } rows[] = {{0, -5, LIFECYCLE_NONE},   {99, -5, LIFECYCLE_NONE},  {99, 5, LIFECYCLE_NONE},
                {200, -5, LIFECYCLE_NONE}, {299, -5, LIFECYCLE_NONE}, {300, -5, LIFECYCLE_END}};
    in.thresholds = &waits;
    rule->life.state = LIFECYCLE_ACTIVE;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.mono_ms = rows[i].mono_ms;
        beyond_the_edge(rows[i].excess_m);
        cr_expect_eq(step(), rows[i].action, "row %zu", i);
    }
}

/* --- what is not known --- */

Test(rule_off_route, without_a_route_or_a_new_fix_nothing_changes)
{
    rule->life.state = LIFECYCLE_ACTIVE;
    beyond_the_edge(-5);
    in.new_fix = false;
    cr_expect_eq(step(), LIFECYCLE_NONE);
    in.new_fix = true;
    in.route = NULL;
    cr_expect_eq(step(), LIFECYCLE_NONE);
    cr_expect(rule->outside);
    in.route = &route;
    cr_expect_eq(step(), LIFECYCLE_END);
}

Test(rule_off_route, the_first_fix_and_one_after_ten_minutes_start_over)
{
    static const struct {
        double step_s;
        bool anew;
    } rows[] = {{NAN, true}, {600, false}, {600.5, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.step_s = rows[i].step_s;
        in.motion.east_mps = 0;
        rule->score = 1;
        rule->outward_m = 2;
        (void)step();
        cr_expect_eq(rule->entered, !rows[i].anew, "row %zu", i);
        cr_expect_eq(rule->outward_m, rows[i].anew ? 0 : 2, "row %zu", i);
        cr_expect_eq(rule->outside_s, rows[i].anew ? 0 : 600, "row %zu", i);
        cr_expect_eq(rule->nearest_m, rows[i].anew ? 41 : INFINITY, "row %zu", i);
        cr_expect_eq(rule->fixes_outside, isnan(rows[i].step_s) ? 0U : 1U, "row %zu", i);
    }
}

Test(rule_off_route, an_alert_that_is_open_stays_so_over_a_long_silence)
{
    static const double silences_s[] = {NAN, 601};
    for (size_t i = 0; i < 2; i++) {
        set_up();
        beyond_the_edge(12);
        in.motion.east_mps = 0;
        in.step_s = silences_s[i];
        *rule = (struct rule_off_route){.life.state = LIFECYCLE_ACTIVE,
                                        .entered = true,
                                        .outside = true,
                                        .outside_s = 60,
                                        .left_utc_ms = 7,
                                        .score = 9,
                                        .outward_m = 200};
        cr_expect_eq(step(), LIFECYCLE_NONE);
        cr_expect(rule->entered && rule->life.state == LIFECYCLE_ACTIVE, "row %zu", i);
        cr_expect_eq(rule->score, 0, "row %zu", i);
        cr_expect_eq(rule->outward_m, 0, "row %zu", i);
        cr_expect_eq(rule->left_utc_ms, 7, "row %zu", i);
        cr_expect_eq(rule->outside_s, i == 0 ? 60 : 661, "row %zu", i);
    }
}

/* --- the alert --- */

Test(rule_off_route, evidence_is_that_of_the_last_fix_and_the_farthest)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE};
    rule->peak_m = 100;
    rule->outside_s = 41.5;
    rule->left_utc_ms = 7;
    rule_off_route.describe(&rules, &in, &alert);
    cr_expect_str_eq(alert.evidence.off_route.route_id, "r-1");
    cr_expect_eq(alert.evidence.off_route.distance_m, 41);
    cr_expect_eq(alert.evidence.off_route.peak_distance_m, 100);
    cr_expect_eq(alert.evidence.off_route.half_width_m, HALF_WIDTH_M);
    cr_expect_eq(alert.evidence.off_route.outside_ms, 41500U);
    cr_expect_eq(alert.evidence.off_route.left_utc_ms, 7);
    cr_expect(alert.evidence.off_route.entered);
    cr_expect_eq(alert.severity, BW_MINOR);
}

Test(rule_off_route, the_farthest_point_is_kept)
{
    rule->peak_m = 100;
    (void)step();
    cr_expect_eq(rule->peak_m, 100);
    beyond_the_edge(80);
    (void)step();
    cr_expect_eq(rule->peak_m, 110);
}

Test(rule_off_route, time_outside_ends_where_its_field_does)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE};
    rule->outside_s = 5e6;
    rule_off_route.describe(&rules, &in, &alert);
    cr_expect_eq(alert.evidence.off_route.outside_ms, UINT32_MAX);
}

Test(rule_off_route, without_a_route_the_evidence_stays_as_it_was)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE,
                             .evidence.off_route = {.route_id = "r-0", .distance_m = 5}};
    in.route = NULL;
    rule_off_route.describe(&rules, &in, &alert);
    cr_expect_str_eq(alert.evidence.off_route.route_id, "r-0");
    cr_expect_eq(alert.evidence.off_route.distance_m, 5);
    cr_expect_eq(alert.severity, BW_SEVERITY_NONE);
}

Test(rule_off_route, severity_is_a_notice_as_long_as_nobody_is_aboard_for_certain)
{
    static const struct {
        struct bw_occupancy aboard;
        enum bw_severity before, after;
    } rows[] = {
        {{BW_QUALITY_GOOD, 0, 0, 0}, BW_SEVERITY_NONE, BW_NOTICE},
        {{BW_QUALITY_GOOD, 1, 1, 1}, BW_SEVERITY_NONE, BW_MINOR},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, BW_SEVERITY_NONE, BW_MINOR},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, BW_NOTICE, BW_NOTICE},
        {{BW_QUALITY_DEGRADED, 0, 0, 3}, BW_NOTICE, BW_NOTICE},
        {{BW_QUALITY_DEGRADED, 1, 1, 3}, BW_NOTICE, BW_MINOR},
        {{BW_QUALITY_GOOD, 0, 0, 0}, BW_MINOR, BW_MINOR},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, BW_MINOR, BW_MINOR},
        {{BW_QUALITY_GOOD, 5, 5, 5}, BW_SERIOUS, BW_SERIOUS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bw_alert alert = {.kind = BW_OFF_ROUTE, .severity = rows[i].before};
        in.cabin.occupancy = rows[i].aboard;
        rule_off_route.describe(&rules, &in, &alert);
        cr_expect_eq(alert.severity, rows[i].after, "row %zu: %d", i, alert.severity);
    }
}

Test(rule_off_route, has_grown_when_half_as_far_again_and_by_a_street)
{
    static const struct {
        float before_m, now_m;
        enum bw_severity now;
        bool grown;
    } rows[] = {
        {40, 90, BW_NOTICE, false},     {40, 90.5F, BW_NOTICE, true}, {200, 300, BW_NOTICE, false},
        {200, 300.5F, BW_NOTICE, true}, {40, 40, BW_MINOR, true},     {40, 40, BW_NOTICE, false},
        {40, 65, BW_NOTICE, false},     {200, 255, BW_NOTICE, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct bw_alert before = {.severity = BW_NOTICE,
                                        .evidence.off_route.peak_distance_m = rows[i].before_m};
        const struct bw_alert now = {.severity = rows[i].now,
                                     .evidence.off_route.peak_distance_m = rows[i].now_m};
        cr_expect_eq(rule_off_route.grown(&before, &now), rows[i].grown, "row %zu", i);
    }
}

Test(rule_off_route, what_was_open_goes_on_with_its_evidence)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE};
    const struct bw_alert open = {
        .kind = BW_OFF_ROUTE,
        .phase = BW_RAISED,
        .evidence.off_route = {
            .entered = true, .peak_distance_m = 300, .outside_ms = 41500, .left_utc_ms = 7}};
    rule_off_route.resume(&rules, &open);
    cr_expect_eq(rule->nearest_m, INFINITY);
    in.step_s = 2;
    cr_expect_eq(step(), LIFECYCLE_NONE, "not raised again");
    in.step_s = NAN; /* the first fix of another process */
    cr_expect_eq(step(), LIFECYCLE_NONE);
    rule_off_route.describe(&rules, &in, &alert);
    cr_expect_eq(alert.evidence.off_route.outside_ms, 43500U);
    cr_expect_eq(alert.evidence.off_route.peak_distance_m, 300);
    cr_expect_eq(alert.evidence.off_route.left_utc_ms, 7);
    cr_expect(alert.evidence.off_route.entered);
    beyond_the_edge(-5);
    cr_expect_eq(step(), LIFECYCLE_END);
}
