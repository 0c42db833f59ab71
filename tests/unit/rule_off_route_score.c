/* OFF_ROUTE: what one fix adds to the score, and what is learnt of the receiver. */
#include "tests/unit/fixture_off_route.h"

TestSuite(rule_off_route, .init = set_up);

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
