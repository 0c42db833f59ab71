/* Does the position move as the vehicle does (gateway/compliance/motion.h)? */
#include <criterion/criterion.h>
#include <math.h>

#include "gateway/compliance/motion.h"

static const double TINY = 1e-9;

/* One fix a line; stray and velocity after it. NaN for a speed or course = the receiver does not say. */
struct row {
    struct motion_step step; /* seconds, east_m, north_m, speed_mps, course_deg */
    double stray_east_m, stray_north_m, east_mps, north_mps;
};

static void walk(const struct row *rows, size_t n)
{
    struct motion motion = {0};
    for (size_t i = 0; i < n; i++) {
        motion_update(&motion, &rows[i].step);
        cr_expect_float_eq(motion.stray_east_m, rows[i].stray_east_m, TINY, "row %zu: stray %g east", i,
                           motion.stray_east_m);
        cr_expect_float_eq(motion.stray_north_m, rows[i].stray_north_m, TINY, "row %zu: stray %g north", i,
                           motion.stray_north_m);
        cr_expect_float_eq(motion.east_mps, rows[i].east_mps, TINY, "row %zu: %g m/s east", i,
                           motion.east_mps);
        cr_expect_float_eq(motion.north_mps, rows[i].north_mps, TINY, "row %zu: %g m/s north", i,
                           motion.north_mps);
    }
}
#define WALK(...)                                                                                            \
    do {                                                                                                     \
        const struct row rows[] = {__VA_ARGS__};                                                             \
        walk(rows, sizeof rows / sizeof rows[0]);                                                            \
    } while (0)

/* What a stray of one metre has faded to, a step of so many seconds later. */
static double kept(double seconds)
{
    return 60 / (60 + seconds);
}

Test(motion, nothing_strays_before_the_first_fix)
{
    const struct motion motion = {0};
    cr_expect_eq(motion_stray_m(&motion), 0);
}

Test(motion, the_first_fix_only_starts)
{
    WALK({{NAN, 0, 0, 10, 90}, 0, 0, 10, 0});
    WALK({{NAN, 500, 500, 10, 0}, 0, 0, 0, 10});
    WALK({{1, 500, 500, 10, 0}, 0, 0, 0, 10}); /* whatever it claims */
    WALK({{NAN, 0, 0, NAN, NAN}, 0, 0, 0, 0});
}

Test(motion, a_step_of_unknown_length_starts_anew)
{
    WALK({{NAN, 0, 0, 10, 0}, 0, 0, 0, 10}, {{1, 50, 10, 10, 0}, 49, 0, 0, 10},
         {{NAN, 0, 0, 10, 0}, 0, 0, 0, 10});
}

Test(motion, stray_is_the_length_of_what_strayed)
{
    const struct motion motion = {.stray_east_m = -3, .stray_north_m = 4};
    cr_expect_float_eq(motion_stray_m(&motion), 5, TINY);
}

/* --- speed and course given --- */

Test(motion, what_speed_and_course_say_is_no_stray)
{
    WALK({{NAN, 0, 0, 10, 0}, 0, 0, 0, 10}, {{1, 0, 10, 10, 0}, 0, 0, 0, 10},
         {{2, 0, 20, 10, 0}, 0, 0, 0, 10},
         /* a turn to the east, on the mean of both velocities */
         {{2, 10, 10, 10, 90}, 0, 0, 10, 0}, {{1, 10, 0, 10, 90}, 0, 0, 10, 0});
}

Test(motion, standing_still_is_no_stray)
{
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 0, 0, 0, 0}, 0, 0, 0, 0});
}

Test(motion, a_jump_aside_is_stray_but_for_what_a_bend_explains)
{
    /* At 10 m/s a bend explains a tenth of the way of a step of one second: 1 m of 20 m. */
    WALK({{NAN, 0, 0, 10, 0}, 0, 0, 0, 10}, {{1, 20, 10, 10, 0}, 19, 0, 0, 10});
    /* In both directions alike: 50 m aside, 30 to the east and 40 to the south. */
    WALK({{NAN, 0, 0, 10, 0}, 0, 0, 0, 10}, {{1, 30, -30, 10, 0}, 29.4, -39.2, 0, 10});
}

Test(motion, a_bend_explains_more_the_longer_the_step_up_to_half_of_the_way)
{
    static const struct {
        double seconds, aside_m, stray_m;
    } bends[] = {
        {1, 1, 0},   {1, 1.5, 0.5}, /* 1 m */
        {4, 16, 0},  {4, 17, 1},    /* 16 m */
        {10, 50, 0}, {10, 53, 3},   /* 50 m: half of the way */
        {20, 90, 0}, {20, 101, 1},  /* 100 m */
    };
    for (size_t i = 0; i < sizeof bends / sizeof bends[0]; i++)
        WALK(
            {{NAN, 0, 0, 10, 0}, 0, 0, 0, 10},
            {{bends[i].seconds, bends[i].aside_m, 10 * bends[i].seconds, 10, 0}, bends[i].stray_m, 0, 0, 10});
}

Test(motion, a_position_that_comes_back_takes_its_stray_back)
{
    WALK({{NAN, 0, 0, 10, 0}, 0, 0, 0, 10}, {{1, 20, 10, 10, 0}, 19, 0, 0, 10},
         {{1, -20, 10, 10, 0}, 19 * kept(1) - 19, 0, 0, 10});
}

Test(motion, stray_fades_within_a_minute)
{
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 30, -40, 0, 0}, 30, -40, 0, 0},
         {{1, 0, 0, 0, 0}, 30 * kept(1), -40 * kept(1), 0, 0});
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 30, -40, 0, 0}, 30, -40, 0, 0},
         {{60, 0, 0, 0, 0}, 15, -20, 0, 0});
}

Test(motion, more_than_a_minute_without_a_fix_is_a_new_start)
{
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 30, 0, 0, 0}, 30, 0, 0, 0},
         {{60.5, 0, 0, 10, 90}, 0, 0, 10, 0});
}

Test(motion, one_instant_reported_twice_changes_nothing)
{
    WALK({{NAN, 0, 0, 10, 0}, 0, 0, 0, 10}, {{1, 20, 10, 10, 0}, 19, 0, 0, 10},
         {{0, 50, 50, 4, 90}, 19, 0, 0, 10}, {{-1, 50, 50, 4, 90}, 19, 0, 0, 10},
         {{0.5, 0, 5, 10, 0}, 19 * kept(0.5), 0, 0, 10});
}

/* --- positions alone --- */

/* Standing, and then a step of which the receiver says no speed, no course, or neither. */
Test(motion, without_speed_or_course_movement_is_taken_from_positions)
{
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 6, -8, NAN, NAN}, 0, 0, 3, -4});
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 6, -8, NAN, 90}, 0, 0, 3, -4});
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 6, -8, 5, NAN}, 0, 0, 3, -4});
}

Test(motion, velocity_follows_half_a_step_behind)
{
    WALK({{NAN, 0, 0, 5, 37}, 0, 0, 5 * sin(37 * 0.017453292519943295), 5 * cos(37 * 0.017453292519943295)});
    WALK({{NAN, 0, 0, 10, 90}, 0, 0, 10, 0}, {{2, 24, 8, NAN, NAN}, 0, 0, 11, 2},
         {{1, 13, 4, NAN, NAN}, 0, 0, 12, 3});
}

/* 8 m of noise, and 2 m/s² · s² of acceleration. */
Test(motion, a_step_that_no_bus_can_have_made_is_stray)
{
    static const struct {
        double seconds, east_m, north_m;
        bool possible;
    } rows[] = {
        {1, 10, 0, true},   {1, 10.1, 0, false}, {1, 6, 8, true},      {1, -6.1, -8, false},
        {2, 16, 0, true},   {2, 16.1, 0, false}, {3, 0, -26, true},    {3, 0, -26.1, false},
        {1, 8, 6.1, false}, {0.5, 8.5, 0, true}, {0.5, 8.6, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct motion motion = {.started = true};
        const struct motion_step step = {rows[i].seconds, rows[i].east_m, rows[i].north_m, NAN, NAN};
        motion_update(&motion, &step);
        cr_expect_float_eq(motion.stray_east_m, rows[i].possible ? 0 : rows[i].east_m, TINY, "row %zu", i);
        cr_expect_float_eq(motion.stray_north_m, rows[i].possible ? 0 : rows[i].north_m, TINY, "row %zu", i);
        cr_expect_eq(motion.doubtful, !rows[i].possible, "row %zu", i);
    }
}

Test(motion, what_strays_is_what_the_velocity_does_not_explain)
{
    WALK({{NAN, 0, 0, 10, 90}, 0, 0, 10, 0}, {{2, 20, 40, NAN, NAN}, 0, 40, 10, 0});
    WALK({{NAN, 0, 0, 10, 0}, 0, 0, 0, 10}, {{2, 40, 20, NAN, NAN}, 40, 0, 0, 10});
}

Test(motion, a_jump_and_a_jump_back_leave_little)
{
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 30, -40, NAN, NAN}, 30, -40, 0, 0},
         {{1, 0, 0, NAN, NAN}, 30 * kept(1), -40 * kept(1), 0, 0},
         {{1, -30, 40, NAN, NAN}, 30 * kept(1) * kept(1) - 30, -40 * kept(1) * kept(1) + 40, 0, 0});
}

Test(motion, a_step_that_the_next_one_goes_on_with_was_a_turn)
{
    WALK({{NAN, 0, 0, 20, 0}, 0, 0, 0, 20}, {{1, 18, 0, NAN, NAN}, 18, -20, 0, 20},
         {{1, 20, 2, NAN, NAN}, 18 * kept(1) - 18, -20 * kept(1) + 20, 20, 2});
}

Test(motion, a_second_jump_is_no_turn_whichever_way_it_goes)
{
    /* 30 m to the east, and then as far again as no bus can speed up: to the east, or to the north. */
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 30, 0, NAN, NAN}, 30, 0, 0, 0},
         {{1, 60, 0, NAN, NAN}, 30 * kept(1) + 60, 0, 0, 0});
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 30, 0, NAN, NAN}, 30, 0, 0, 0},
         {{1, 30, 40, NAN, NAN}, 30 * kept(1) + 30, 40, 0, 0});
}

Test(motion, of_two_jumps_the_second_may_still_be_a_turn)
{
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 30, 10, NAN, NAN}, 30, 10, 0, 0},
         {{1, 60, -40, NAN, NAN}, 30 * kept(1) + 60, 10 * kept(1) - 40, 0, 0},
         {{1, 60, -40, NAN, NAN},
          (30 * kept(1) + 60) * kept(1) - 60,
          (10 * kept(1) - 40) * kept(1) + 40,
          60,
          -40});
}

Test(motion, braking_harder_than_a_bus_can_is_no_turn)
{
    WALK({{NAN, 0, 0, 20, 90}, 0, 0, 20, 0}, {{1, 0, 0, NAN, NAN}, -20, 0, 20, 0});
}

Test(motion, a_jump_is_forgotten_once_the_position_moves_on_as_before)
{
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 30, 0, NAN, NAN}, 30, 0, 0, 0},
         {{1, 0, 0, NAN, NAN}, 30 * kept(1), 0, 0, 0},
         {{1, 30, 0, NAN, NAN}, 30 * kept(1) * kept(1) + 30, 0, 0, 0});
}

Test(motion, a_turn_is_judged_once)
{
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 30, 0, NAN, NAN}, 30, 0, 0, 0},
         {{1, 22, 0, NAN, NAN}, 30 * kept(1) - 30, 0, 22, 0},
         {{1, 33, 0, NAN, NAN}, (30 * kept(1) - 30) * kept(1) + 11, 0, 22, 0});
}

/* Sine and cosine of its own: within the last bits of the C library's, exact for the four winds, and any
 * number of turns is none. */
Test(motion, courses_are_those_of_the_compass)
{
    static const double RAD = 0.017453292519943295, TURNS_DEG[] = {0, 360, -360, 7200, -720000};
    for (int course_deg = 0; course_deg <= 360; course_deg++)
        for (size_t i = 0; i < sizeof TURNS_DEG / sizeof TURNS_DEG[0]; i++) {
            struct motion motion = {0};
            const struct motion_step step = {
                .seconds = NAN, .speed_mps = 10, .course_deg = course_deg + TURNS_DEG[i]};
            motion_update(&motion, &step);
            cr_expect_float_eq(motion.east_mps, 10 * sin(course_deg * RAD), 1e-12, "%g", step.course_deg);
            cr_expect_float_eq(motion.north_mps, 10 * cos(course_deg * RAD), 1e-12, "%g", step.course_deg);
            if (course_deg % 90 == 0)
                cr_expect(motion.east_mps == 0 || motion.north_mps == 0, "%g", step.course_deg);
        }
}
