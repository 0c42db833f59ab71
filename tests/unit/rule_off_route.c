/* OFF_ROUTE by itself: what one fix adds, each input at its limits (docs/rules.md; drives are in rules.c). */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

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

/* Ten aboard, 17 m beyond the edge and moving straight away from it at 10 m/s, by a good receiver: sigma is 5
 * m, margin 12 m. */
static void set_up(void)
{
    in = (struct inputs){.mono_ms = 1000,
                         .utc_ms = 1000000,
                         .thresholds = &no_wait,
                         .new_fix = true,
                         .has_fix = true,
                         .clock = BW_CLOCK_GNSS,
                         .fix = {.position.accuracy_m = 4, .speed_mps = 10},
                         .step_s = 1,
                         .motion.east_mps = 10,
                         .cabin.occupancy = {BW_QUALITY_GOOD, 10, 10, 10},
                         .route = &route,
                         .hit = {.away_east = 1}};
    beyond_the_edge(17);
    rules = (struct rules){
        .off_route = {
            .entered = true, .outside = true, .nearest_m = INFINITY, .usual_step_s = 1, .settled_s = 100}};
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
        /* leaving: (excess - 12) / 5 a second, 2 at most */
        {17, 0, 10, 0, 1},
        {14.5, 0, 10, 0, 0.5},
        {20, 0, 10, 0, 1.6},
        {22, 1, 10, 0, 2},
        {30, 5, 10, 0, 2},
        /* movement must account for half of the excess, or the fix is one beside the route: 0.15 */
        {20.1, 0, 10, 0, (20.1 - 12) / 5 * 0.15},
        {17, 0, 0, 0, 0.15},
        {22, 0, 0, 0, 0.3},
        {49.9, 0, 0, 0, 0.3},
        /* and must go on, faster than 1 m/s */
        {14, 10, 1, 0, 0.06},
        {14, 10, 1.1, 0, 0.4},
        /* a parallel course weighs the more, the farther off it is */
        {15, 10, 0, 0, 0.6 * 0.15},
        {20, 10, 0, 0, 1.6 * 0.4},
        {27, 14, 0, 0, 2 * 0.75},
        {32, 16, 0, 0, 2},
        {90, 45, 0, 0, 2},
        /* far off, though nobody saw it move there: 0.4 */
        {50, 24, 0, 0, 0.8},
        {90, 44, 0, 0, 0.8},
        /* within the margin the score falls, by as much at most, and never below nothing */
        {7, 0, 0, 1, 0.85},
        {2, 0, 0, 1, 0.7},
        {0.1, 0, 0, 1, 0.7},
        {2, 0, 0, 0.1, 0},
        {9.5, 0, 10, 1, 0.5},
        /* and it is never more than half again what is raised at */
        {17, 0, 10, 4.9, 5.9},
        {17, 0, 10, 5.1, 6},
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

/* Multipath looks like a departure then: 21.6 m of margin while leaving. */
Test(rule_off_route, movement_from_positions_alone_takes_more_distance)
{
    static const struct {
        double excess_m, outward_before_m, east_mps, after;
    } rows[] = {
        {26.6, 5, 10, 1}, {21.6, 5, 10, 0},     {22, 0, 10, 0.3},   {17, 0, 0, 0.15},
        {25, 15, 0, 0.3}, {37, 20, 0, 2 * 0.5}, {50, 25, 0, 2},     {90, 45, 0, 2},
        {50, 24, 0, 0.8}, {27.9, 15, 0, 0.3},   {30.5, 20, 0, 0.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.speed_derived = true;
        beyond_the_edge(rows[i].excess_m);
        rule->outward_m = rows[i].outward_before_m;
        in.motion.east_mps = rows[i].east_mps;
        step_from(0);
        cr_expect_float_eq(rule->score, rows[i].after, TINY, "row %zu: %g", i, rule->score);
    }
}

/* What the position strayed outward is no excess. What it strayed along the route is, up to 20 m a second of
 * step: the stretch that is nearest may be another one. */
Test(rule_off_route, what_the_position_strayed_is_no_excess)
{
    static const struct {
        double step_s, east_m, north_m, sure_m;
    } rows[] = {
        {1, 0, 0, 22},  {1, 5, 0, 17},    {1, -19, 0, 22}, {1, 0, 20, 22},  {1, 0, -25, 17}, {1, -24, 7, 17},
        {1, 6, -8, 16}, {0.5, 0, 25, 17}, {2, 0, 45, 17},  {5, 0, 105, 17}, {6, 0, 105, 17}, {1, 30, 0, -8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        beyond_the_edge(22);
        rule->outward_m = 20;
        rule->usual_step_s = in.step_s = rows[i].step_s;
        in.motion.stray_east_m = rows[i].east_m;
        in.motion.stray_north_m = rows[i].north_m;
        in.fix.position.accuracy_m = 1e6; /* sigma 20.4 m */
        const double counted_s = rows[i].step_s < 5 ? rows[i].step_s : 5;
        step_from(2);
        cr_expect_float_eq(rule->score, 2 + (rows[i].sure_m - 12) / hypot(20, 4) * counted_s, TINY,
                           "row %zu: %g", i, rule->score);
    }
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

Test(rule_off_route, a_receiver_is_believed_as_far_as_its_positions_bear_it_out)
{
    static const struct {
        double learnt_s, scatter_m, said_m, receiver_m;
    } rows[] = {
        /* 6 m by default, which weighs as much as a minute on the route */
        {60, 10, NAN, (6 + 12.533) / 2},
        {300, 10, NAN, (360 + 300 * 12.533) / 360},
        {300, 0, NAN, 3},
        {300, 40, NAN, 20},
        /* what is said counts within once and twice of what was found, once there was a minute to find it */
        {59.9, 10, 19, 19},
        {60, 10, 19, 2 * (6 + 12.533) / 2},
        {60, 10, 10, 10},
        {60, 10, 9, (6 + 12.533) / 2},
        {59.9, 10, 9, 9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        rule->learnt_s = rows[i].learnt_s;
        rule->scatter_m = rows[i].scatter_m;
        in.fix.position.accuracy_m = rows[i].said_m * 2.45;
        step_from(0);
        cr_expect_float_eq(rule->score, 5 / hypot(rows[i].receiver_m, 4), TINY, "row %zu: %g", i,
                           rule->score);
    }
}

static void inside_at(double distance_m, double east, double step_s)
{
    in.hit = (struct corridor_hit){.distance_m = distance_m, .along_north = 1, .away_east = east};
    in.step_s = step_s;
    (void)step();
}

Test(rule_off_route, scatter_about_the_mean_offset_is_learnt_on_the_route)
{
    inside_at(10, 1, 1);
    cr_expect_float_eq(rule->aside_m, 10, TINY, "to the right of the line");
    cr_expect_eq(rule->scatter_m, 0, "a constant offset is none");
    inside_at(4, 1, 1);
    cr_expect_float_eq(rule->aside_m, 7, TINY);
    cr_expect_float_eq(rule->scatter_m, 1.5, TINY);
    inside_at(2, -1, 2);
    cr_expect_float_eq(rule->aside_m, 7 - 4.5, TINY, "to the left");
    cr_expect_float_eq(rule->scatter_m, 1.5 + (4.5 - 1.5) / 2, TINY);
    cr_expect_float_eq(rule->learnt_s, 4, TINY);
    rule->usual_step_s = 9;
    inside_at(2, 1, 9);
    cr_expect_float_eq(rule->learnt_s, 9, TINY, "a step is worth 5 s at most");
}

Test(rule_off_route, aside_is_to_the_right_as_the_line_is_drawn)
{
    static const struct {
        double along_east, along_north, away_east, away_north, aside_m;
    } rows[] =
        {
            {0, 1, 1, 0, 10},  {0, 1, -1, 0, -10}, {1, 0, 0, -1, 10},    {1, 0, 0, 1, -10},
            {-1, 0, 0, 1, 10}, {0, -1, 1, 0, -10}, {0.6, 0.8, 1, 0, 10}, {0.6, 0.8, 0, 1, -10},
            {0, 1, 0, 1, -10}, /* straight beyond its end: a side all the same */
        };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.hit = (struct corridor_hit){.distance_m = 10,
                                       .along_east = rows[i].along_east,
                                       .along_north = rows[i].along_north,
                                       .away_east = rows[i].away_east,
                                       .away_north = rows[i].away_north};
        (void)step();
        cr_expect_float_eq(rule->aside_m, rows[i].aside_m, TINY, "row %zu: %g", i, rule->aside_m);
    }
}

Test(rule_off_route, what_was_learnt_fades)
{
    rule->learnt_s = 300;
    inside_at(30, 1, 1);
    cr_expect_float_eq(rule->aside_m, 30 / 61.0, TINY);
    cr_expect_float_eq(rule->scatter_m, (30 - 30 / 61.0) / 301, TINY);
    cr_expect_eq(rule->learnt_s, 300);
}

Test(rule_off_route, nothing_is_learnt_slowly_nor_at_one_instant_nor_outside)
{
    in.fix.speed_mps = 2.9;
    inside_at(10, 1, 1);
    cr_expect_eq(rule->learnt_s, 0);
    in.fix.speed_mps = NAN;
    inside_at(10, 1, 1);
    cr_expect_eq(rule->learnt_s, 0);
    in.fix.speed_mps = 3;
    inside_at(10, 1, 0);
    cr_expect_eq(rule->learnt_s, 0);
    inside_at(10, 1, 9); /* after an outage */
    cr_expect_eq(rule->learnt_s, 0);
    inside_at(31, 1, 1);
    cr_expect_eq(rule->learnt_s, 0);
    inside_at(10, 1, 1);
    cr_expect_eq(rule->learnt_s, 1);
}

Test(rule_off_route, a_step_counts_for_five_seconds_at_most_and_its_way_for_fifteen)
{
    static const struct {
        double step_s, counted_s, way_s;
    } rows[] = {{0.5, 0.5, 0.5}, {2, 2, 2}, {5, 5, 5}, {5.5, 5, 5.5}, {15, 5, 15}, {600, 5, 15}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        rule->usual_step_s = in.step_s = rows[i].step_s;
        rule->outward_m = 5;
        in.fix.position.accuracy_m = 1e6;
        step_from(0);
        cr_expect_float_eq(rule->score, 5 / hypot(20, 4) * rows[i].counted_s, TINY, "row %zu: %g", i,
                           rule->score);
        cr_expect_float_eq(rule->outward_m, 5 + 10 * rows[i].way_s, TINY, "row %zu", i);
        cr_expect_float_eq(rule->travelled_m, 10 * rows[i].counted_s, TINY, "row %zu", i);
        cr_expect_float_eq(rule->outside_s, rows[i].step_s, TINY, "row %zu", i);
        cr_expect_eq(rule->fixes_outside, 1U, "row %zu", i);
    }
}

/* Longer than 4 s and than three of its usual steps: what happened in it, nobody knows. */
Test(rule_off_route, an_outage_is_no_evidence_and_positions_need_twenty_seconds_after_it)
{
    static const struct {
        double usual_s, step_s;
        bool outage;
    } rows[] = {{1, 4, false},  {1, 4.1, true}, {2, 6, false},   {2, 6.1, true},
                {5, 15, false}, {0, 60, false}, {0, 60.1, true}, {0, 15, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        rule->usual_step_s = rows[i].usual_s;
        in.step_s = rows[i].step_s;
        rule->outward_m = 70;
        rule->fixes_outside = 5;
        step_from(1);
        cr_expect_eq(rule->score == 1, rows[i].outage, "row %zu: %g", i, rule->score);
        cr_expect_eq(rule->outward_m == 0, rows[i].outage, "row %zu", i);
        cr_expect_eq(rule->fixes_outside == 5, rows[i].outage, "row %zu", i);
        cr_expect_float_eq(rule->settled_s, rows[i].outage ? 0 : 100 + rows[i].step_s, TINY, "row %zu", i);
    }
    set_up();
    in.motion.east_mps = 0;
    beyond_the_edge(90);
    rule->settled_s = 18;
    step_from(0);
    cr_expect_float_eq(rule->score, 0.3, TINY, "far off, 19 s after");
    step_from(0);
    cr_expect_float_eq(rule->score, 0.8, TINY, "20 s after");
}

Test(rule_off_route, how_often_the_receiver_speaks_is_learnt)
{
    static const struct {
        double before_s, step_s, after_s;
    } rows[] = {{0, 5, 5},  {0, 30, 20 + (30 - 20) / 8.0}, {1, 1, 1}, {1, 2, 1.125}, {1, 9, 1.25}, {1, 0, 1},
                {1, NAN, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        rule->usual_step_s = rows[i].before_s;
        in.step_s = rows[i].step_s;
        (void)step();
        cr_expect_float_eq(rule->usual_step_s, rows[i].after_s, TINY, "row %zu: %g", i, rule->usual_step_s);
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

/* Its drift is no movement; that it drove there, by the receiver's own speed and course, still counts. */
Test(rule_off_route, a_vehicle_that_stands_adds_little_and_only_when_it_drove_there)
{
    static const struct {
        double speed_mps, outward_m;
        bool derived;
        double after;
    } rows[] = {
        {0.99, 0, false, 1},  {0.99, 8.4, false, 1}, {0.99, 8.5, false, 1.3},
        {0.99, 8.5, true, 1}, {1, 8.5, true, 1.15},  {NAN, 8.5, false, 1.3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.fix.speed_mps = rows[i].speed_mps;
        in.speed_derived = rows[i].derived;
        in.motion.east_mps = rows[i].speed_mps < 1 ? 9 : 0;
        rule->outward_m = rows[i].outward_m;
        step_from(1);
        cr_expect_float_eq(rule->score, rows[i].after, TINY, "row %zu: %g", i, rule->score);
        cr_expect_eq(rule->fixes_outside, rows[i].speed_mps >= 1 ? 1U : 0U, "row %zu", i);
        cr_expect_eq(rule->travelled_m, rows[i].speed_mps >= 1 ? 1 : 0, "row %zu", i);
        cr_expect_eq(rule->outward_m, rows[i].outward_m, "row %zu", i);
    }
}

Test(rule_off_route, a_vehicle_that_was_carried_there_standing_raises_nothing)
{
    in.fix.speed_mps = 0.99;
    rule->fixes_outside = 9;
    rule->travelled_m = 100;
    step_from(9);
    cr_expect_eq(rule->life.state, LIFECYCLE_CLEAR);
    rule->outward_m = 9;
    step_from(9);
    cr_expect_eq(rule->life.state, LIFECYCLE_ACTIVE);
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

/* --- the alert --- */

Test(rule_off_route, evidence_is_that_of_the_last_fix_and_the_farthest)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE};
    rule->peak_m = 100;
    rule->outside_s = 41.5;
    rule->left_utc_ms = 7;
    rule_off_route.describe(&rules, &in, &alert);
    cr_expect_str_eq(alert.evidence.off_route.route_id, "r-1");
    cr_expect_eq(alert.evidence.off_route.distance_m, 47);
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

static struct bw_alert alert_after(enum bw_severity before)
{
    struct bw_alert alert = {.kind = BW_OFF_ROUTE, .severity = before};
    rule_off_route.describe(&rules, &in, &alert);
    return alert;
}

Test(rule_off_route, severity_is_a_notice_as_long_as_nobody_is_aboard_for_certain)
{
    static const struct {
        struct bw_occupancy aboard;
        bool empty_before;
        enum bw_severity before, after;
    } rows[] = {
        {{BW_QUALITY_GOOD, 0, 0, 0}, false, BW_SEVERITY_NONE, BW_NOTICE},
        {{BW_QUALITY_GOOD, 1, 1, 1}, false, BW_SEVERITY_NONE, BW_MINOR},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, false, BW_SEVERITY_NONE, BW_MINOR},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, true, BW_NOTICE, BW_NOTICE},
        {{BW_QUALITY_DEGRADED, 0, 0, 3}, true, BW_NOTICE, BW_NOTICE},
        {{BW_QUALITY_DEGRADED, 1, 1, 3}, true, BW_NOTICE, BW_MINOR},
        {{BW_QUALITY_GOOD, 0, 0, 0}, false, BW_MINOR, BW_MINOR},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, false, BW_MINOR, BW_MINOR},
        {{BW_QUALITY_GOOD, 5, 5, 5}, false, BW_SERIOUS, BW_SERIOUS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.new_fix = false; /* a door tells as well as a fix */
        rule->life.state = LIFECYCLE_ACTIVE;
        rule->empty = rows[i].empty_before;
        in.cabin.occupancy = rows[i].aboard;
        (void)step();
        cr_expect_eq(alert_after(rows[i].before).severity, rows[i].after, "row %zu", i);
    }
}

static void raise_now(void)
{
    rule->fixes_outside = 9;
    rule->travelled_m = 100;
    rule->score = 4;
    cr_assert_eq(step(), LIFECYCLE_RAISE);
}

Test(rule_off_route, who_was_empty_on_another_day_is_not_so_with_unknown_seats_today)
{
    rule->empty = true;
    in.cabin.occupancy = (struct bw_occupancy){0};
    raise_now();
    cr_expect_eq(alert_after(BW_SEVERITY_NONE).severity, BW_MINOR);
    set_up();
    in.cabin.occupancy = (struct bw_occupancy){.quality = BW_QUALITY_GOOD};
    raise_now();
    cr_expect_eq(alert_after(BW_SEVERITY_NONE).severity, BW_NOTICE);
}

/* --- Art. 30: exemptions --- */

enum { FROM_UTC_MS = 500000, UNTIL_UTC_MS = 2000000 };
static struct bw_point area[] = {{29, 121}, {30, 121}, {30, 122}, {29, 122}};
static struct bw_order orders_of_day[2];
static struct bw_orders orders;

/* Road works around 29.5 N 121.5 E, and the bus is off its route there. */
static void exempt(void)
{
    orders_of_day[0] = (struct bw_order){.kind = BW_ORDER_WEATHER,
                                         .order_id = "fog",
                                         .from_utc_ms = FROM_UTC_MS,
                                         .until_utc_ms = UNTIL_UTC_MS};
    orders_of_day[1] = (struct bw_order){.kind = BW_ORDER_EXEMPTION,
                                         .order_id = "works",
                                         .from_utc_ms = FROM_UTC_MS,
                                         .until_utc_ms = UNTIL_UTC_MS,
                                         .n_points = 4,
                                         .points = area};
    orders = (struct bw_orders){.n_orders = 2, .orders = orders_of_day};
    in.orders = &orders;
    in.fix.position.lat_deg = 29.5;
    in.fix.position.lon_deg = 121.5;
}

Test(rule_off_route, what_an_order_allows_is_a_notice_that_names_it)
{
    static const struct {
        int64_t utc_ms;
        enum bw_clock clock;
        double lat_deg;
        const char *route_id;
        enum bw_order_kind kind;
        enum bw_severity severity;
    } rows[] = {
        {FROM_UTC_MS, BW_CLOCK_GNSS, 29.5, NULL, BW_ORDER_EXEMPTION, BW_NOTICE},
        {FROM_UTC_MS - 1, BW_CLOCK_GNSS, 29.5, NULL, BW_ORDER_EXEMPTION, BW_MINOR},
        {UNTIL_UTC_MS, BW_CLOCK_GNSS, 29.5, NULL, BW_ORDER_EXEMPTION, BW_MINOR},
        {FROM_UTC_MS, BW_CLOCK_GNSS, 30.5, NULL, BW_ORDER_EXEMPTION, BW_MINOR},
        {FROM_UTC_MS, BW_CLOCK_GNSS, 29.5, "r-1", BW_ORDER_EXEMPTION, BW_NOTICE},
        {FROM_UTC_MS, BW_CLOCK_GNSS, 29.5, "r-2", BW_ORDER_EXEMPTION, BW_MINOR},
        {FROM_UTC_MS, BW_CLOCK_GNSS, 29.5, NULL, BW_ORDER_WEATHER, BW_MINOR},
        /* nobody knows the time: an order for the place is enough not to accuse */
        {0, BW_CLOCK_NONE, 29.5, NULL, BW_ORDER_EXEMPTION, BW_NOTICE},
        {9, BW_CLOCK_SYSTEM, 29.5, NULL, BW_ORDER_EXEMPTION, BW_NOTICE},
        {0, BW_CLOCK_NONE, 30.5, NULL, BW_ORDER_EXEMPTION, BW_MINOR},
        {0, BW_CLOCK_NONE, 29.5, "r-2", BW_ORDER_EXEMPTION, BW_MINOR},
        {0, BW_CLOCK_NONE, 29.5, NULL, BW_ORDER_WEATHER, BW_MINOR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        exempt();
        in.utc_ms = rows[i].utc_ms;
        in.clock = rows[i].clock;
        in.fix.position.lat_deg = rows[i].lat_deg;
        orders_of_day[1].kind = rows[i].kind;
        if (rows[i].route_id != NULL) {
            orders_of_day[1].n_routes = 1;
            strcpy(orders_of_day[1].routes[0], rows[i].route_id);
        }
        raise_now();
        const struct bw_alert alert = alert_after(BW_SEVERITY_NONE);
        cr_expect_eq(alert.severity, rows[i].severity, "row %zu: %d", i, alert.severity);
        cr_expect_str_eq(alert.evidence.off_route.exempted_by, rows[i].severity == BW_NOTICE ? "works" : "",
                         "row %zu", i);
    }
}

Test(rule_off_route, any_order_for_the_place_will_do_when_nobody_knows_the_time)
{
    for (size_t first = 0; first < 2; first++) {
        set_up();
        exempt();
        in.clock = BW_CLOCK_NONE;
        if (first == 1) {
            const struct bw_order fog = orders_of_day[0];
            orders_of_day[0] = orders_of_day[1];
            orders_of_day[1] = fog;
        }
        raise_now();
        cr_expect_str_eq(alert_after(BW_SEVERITY_NONE).evidence.off_route.exempted_by, "works", "row %zu",
                         first);
    }
}

Test(rule_off_route, without_orders_nothing_is_exempted_whatever_the_clock)
{
    static const enum bw_clock clocks[] = {BW_CLOCK_GNSS, BW_CLOCK_NONE};
    for (size_t i = 0; i < 2; i++) {
        set_up();
        in.clock = clocks[i];
        raise_now();
        cr_expect_eq(alert_after(BW_SEVERITY_NONE).severity, BW_MINOR, "row %zu", i);
    }
}

Test(rule_off_route, a_start_elsewhere_may_be_exempted_too)
{
    exempt();
    beyond_the_edge(1011);
    *rule = (struct rule_off_route){.travelled_m = 900, .outside_s = 99, .nearest_m = 500, .usual_step_s = 1};
    cr_assert_eq(step(), LIFECYCLE_RAISE);
    cr_expect_eq(alert_after(BW_SEVERITY_NONE).severity, BW_NOTICE);
}

/* The driver needs time to come back: 60 s of driving off the route make it an accusation. */
Test(rule_off_route, an_exemption_that_ends_is_followed_by_a_minute_to_come_back)
{
    static const double steps_s[] = {1, 0, 3, 50, 5, 1}; /* 60 s with the last but no earlier */
    exempt();
    raise_now();
    in.utc_ms = UNTIL_UTC_MS;
    for (size_t i = 0; i < sizeof steps_s / sizeof steps_s[0]; i++) {
        cr_expect_eq(alert_after(BW_NOTICE).severity, BW_NOTICE, "step %zu", i);
        rule->usual_step_s = 50;
        in.step_s = steps_s[i];
        (void)step();
    }
    const struct bw_alert alert = alert_after(BW_NOTICE);
    cr_expect_eq(alert.severity, BW_MINOR);
    cr_expect_str_eq(alert.evidence.off_route.exempted_by, "");
}

Test(rule_off_route, only_what_speaks_for_a_departure_counts_after_an_exemption)
{
    exempt();
    raise_now();
    in.fix.position.lat_deg = 30.5; /* its area is left as its time is */
    rule->unexempted_s = 59.5;
    beyond_the_edge(12);
    (void)step();
    cr_expect_eq(alert_after(BW_NOTICE).severity, BW_NOTICE, "within the margin");
    beyond_the_edge(17);
    (void)step();
    cr_expect_eq(alert_after(BW_NOTICE).severity, BW_MINOR);
}

Test(rule_off_route, an_exemption_that_holds_again_begins_again)
{
    exempt();
    raise_now();
    rule->unexempted_s = 59;
    (void)step();
    cr_expect_eq(rule->unexempted_s, 0);
    cr_expect_str_eq(rule->exempted_by, "works");
}

Test(rule_off_route, an_accusation_stays_one_when_an_exemption_begins)
{
    raise_now();
    exempt();
    (void)step();
    const struct bw_alert alert = alert_after(BW_MINOR);
    cr_expect_eq(alert.severity, BW_MINOR);
    cr_expect_str_eq(alert.evidence.off_route.exempted_by, "");
}

Test(rule_off_route, what_was_exempted_once_is_not_for_ever)
{
    strcpy(rule->exempted_by, "works");
    raise_now();
    cr_expect_eq(alert_after(BW_SEVERITY_NONE).severity, BW_MINOR);
}

Test(rule_off_route, an_order_is_looked_for_when_there_is_something_to_exempt)
{
    exempt();
    (void)step();
    cr_expect_str_eq(rule->exempted_by, "");
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

Test(rule_off_route, what_was_open_goes_on_as_what_it_was)
{
    static const struct {
        enum bw_severity severity;
        const char *exempted_by;
        bool empty;
    } rows[] = {
        {BW_MINOR, "", false}, {BW_NOTICE, "", true}, {BW_NOTICE, "works", false}, {BW_NOTICE, "w", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bw_alert open = {.kind = BW_OFF_ROUTE, .phase = BW_RAISED, .severity = rows[i].severity};
        strcpy(open.evidence.off_route.exempted_by, rows[i].exempted_by);
        rule_off_route.resume(&rules, &open);
        cr_expect_eq(rule->empty, rows[i].empty, "row %zu", i);
        cr_expect_str_eq(rule->exempted_by, rows[i].exempted_by, "row %zu", i);
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

/* 8.107 s is a little less than 8107 ms in binary (found by fuzzing). */
Test(rule_off_route, what_was_open_goes_on_from_the_same_millisecond)
{
    for (uint32_t ms = 1; ms < 100000; ms++) {
        struct bw_alert alert = {.kind = BW_OFF_ROUTE};
        const struct bw_alert open = {.kind = BW_OFF_ROUTE, .evidence.off_route.outside_ms = ms};
        rule_off_route.resume(&rules, &open);
        rule_off_route.describe(&rules, &in, &alert);
        cr_assert_eq(alert.evidence.off_route.outside_ms, ms);
    }
}
