/* OFF_ROUTE: when an alert is raised and when it ends, the edge of the route, and what is not known. */
#include "tests/unit/fixture_off_route.h"

TestSuite(rule_off_route, .init = set_up);

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
        rule->usual_step_s = in.step_s = rows[i].step_s;
        cr_expect_eq(step(), rows[i].action, "row %zu", i);
    }
}

Test(rule_off_route, the_evidence_it_takes_is_the_licences)
{
    const struct bw_thresholds strict = {.off_route_margin_m = 6, .off_route_evidence_milli = 4600};
    in.thresholds = &strict;
    beyond_the_edge(9);
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

/* On the edge of a wide road for the whole drive. */
Test(rule_off_route, a_start_within_the_margin_is_no_start_elsewhere)
{
    static const struct {
        double excess_m;
        enum lifecycle_action action;
    } rows[] = {{12, LIFECYCLE_NONE}, {12.1, LIFECYCLE_RAISE}};
    for (size_t i = 0; i < 2; i++) {
        set_up();
        beyond_the_edge(rows[i].excess_m);
        in.motion.east_mps = 0;
        *rule = (struct rule_off_route){.travelled_m = 900, .outside_s = 99, .nearest_m = 42};
        cr_expect_eq(step(), rows[i].action, "row %zu", i);
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
        {10, 20, 5},                                        /* no more than a step counts */
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
    } rows[] = {{5, 1, 3}, {2, 1, 0}, {1.5, 1, 0}, {7, 3, 1}, {12, 60, 2}, {2.5, 1, 0.5}, {3, 0, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        beyond_the_edge(0);
        *rule = (struct rule_off_route){
            .outside = true, .outward_m = 5, .travelled_m = 5, .fixes_outside = 5, .score = rows[i].before};
        rule->usual_step_s = in.step_s = rows[i].step_s;
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

/* Out again before it could be raised again is the same departure, and none is lost. */
Test(rule_off_route, an_alert_stays_open_until_it_could_be_raised_again)
{
    const struct bw_thresholds waits = {
        .off_route_evidence_milli = 4000, .off_route_clear_ms = 100, .raise_hold_off_ms = 1000};
    static const struct {
        bool raised;
        int64_t raised_ms;
        enum lifecycle_action action; /* at 5000, inside since 4000 */
    } rows[] = {{true, 4001, LIFECYCLE_NONE}, {true, 4000, LIFECYCLE_END}, {false, 4999, LIFECYCLE_END}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.thresholds = &waits;
        beyond_the_edge(-5);
        rule->life = (struct lifecycle){.state = LIFECYCLE_CLEARING,
                                        .since_mono_ms = 4000,
                                        .raised = rows[i].raised,
                                        .raised_mono_ms = rows[i].raised_ms};
        in.mono_ms = 5000;
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
        rule->usual_step_s = 600;
        rule->scatter_m = 7;
        rule->aside_m = 8;
        rule->learnt_s = 9;
        rule->life.raised_mono_ms = 10;
        rule->outward_m = 2;
        (void)step();
        cr_expect_eq(rule->entered, !rows[i].anew, "row %zu", i);
        cr_expect_eq(rule->outward_m, rows[i].anew ? 0 : 2, "row %zu", i);
        cr_expect_eq(rule->outside_s, rows[i].anew ? 0 : 600, "row %zu", i);
        cr_expect_eq(rule->nearest_m, rows[i].anew ? 47 : INFINITY, "row %zu", i);
        cr_expect_eq(rule->fixes_outside, isnan(rows[i].step_s) ? 0U : 1U, "row %zu", i);
        cr_expect_float_eq(rule->usual_step_s, rows[i].anew && i > 0 ? 600.0625 : 600, TINY, "row %zu", i);
        cr_expect(rule->scatter_m == 7 && rule->aside_m == 8 && rule->learnt_s == 9,
                  "row %zu: what is known of the receiver stays", i);
        cr_expect_eq(rule->life.raised_mono_ms, 10, "row %zu: and when it was raised", i);
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
