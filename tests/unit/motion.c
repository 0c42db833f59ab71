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

Test(motion, standing_a_receiver_needs_no_course_to_say_so)
{
    WALK({{NAN, 0, 0, 0, NAN}, 0, 0, 0, 0}, {{1, 3, 0, 1.4, NAN}, 3 - 0.14, 0, 0, 0});
    static const struct {
        double speed_mps, course_deg;
        bool given;
    } rows[] = {{0, NAN, true}, {1.49, NAN, true}, {1.5, NAN, false}, {10, NAN, false},
                {10, 0, true},  {NAN, 90, false},  {NAN, NAN, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct motion_step step = {.speed_mps = rows[i].speed_mps, .course_deg = rows[i].course_deg};
        cr_expect_eq(motion_given(&step), rows[i].given, "row %zu", i);
    }
}

Test(motion, a_course_is_an_angle_whatever_number_says_it)
{
    static const struct {
        double course_deg, east_mps, north_mps;
    } rows[] = {{0, 0, 10},   {90, 10, 0},   {180, 0, -10}, {270, -10, 0},
                {360, 0, 10}, {-90, -10, 0}, {450, 10, 0},  {-450, -10, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct motion motion = {0};
        const struct motion_step step = {NAN, 0, 0, 10, rows[i].course_deg};
        motion_update(&motion, &step);
        cr_expect_float_eq(motion.east_mps, rows[i].east_mps, TINY, "row %zu", i);
        cr_expect_float_eq(motion.north_mps, rows[i].north_mps, TINY, "row %zu", i);
    }
}

/* --- of the stray --- */

Test(motion, stray_counts_in_the_direction_asked_for_alone)
{
    const struct motion motion = {.stray_east_m = -3, .stray_north_m = 4};
    cr_expect_float_eq(motion_stray_along_m(&motion, 0, 1), 4, TINY);
    cr_expect_float_eq(motion_stray_along_m(&motion, -0.6, 0.8), 5, TINY);
    cr_expect_float_eq(motion_stray_along_m(&motion, -1, 0), 3, TINY);
    cr_expect_float_eq(motion_stray_along_m(&motion, 0.7, 0.6), 0.3, TINY);
    cr_expect_eq(motion_stray_along_m(&motion, 1, 0), 0);
    cr_expect_eq(motion_stray_along_m(&motion, 0.8, 0.6), 0);
}

Test(motion, a_confirmed_position_has_strayed_the_less_the_longer)
{
    struct motion motion = {.stray_east_m = -30, .stray_north_m = 40};
    motion_confirm(&motion, 5);
    cr_expect_float_eq(motion.stray_east_m, -22.5, TINY);
    cr_expect_float_eq(motion.stray_north_m, 30, TINY);
    motion_confirm(&motion, 19);
    cr_expect_float_eq(motion.stray_east_m, -22.5 / 20, TINY);
    motion_confirm(&motion, 20);
    cr_expect_eq(motion.stray_east_m, 0);
    motion = (struct motion){.stray_east_m = -30, .stray_north_m = 40};
    motion_confirm(&motion, 60);
    cr_expect_eq(motion.stray_north_m, 0);
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

/* 1 m and three times what steps usually differ by, 8 m at most, and 5 m/s² of acceleration. */
Test(motion, a_step_that_no_bus_can_have_made_is_stray)
{
    static const struct {
        double usual_m, seconds, east_m, north_m;
        bool possible;
    } rows[] = {
        {1, 1, 9, 0, true},      {1, 1, 9.1, 0, false},   {1, 1, 5.4, 7.2, true}, {1, 1, -5.5, -7.2, false},
        {1, 2, 24, 0, true},     {1, 2, 24.1, 0, false},  {1, 3, 0, -49, true},   {1, 3, 0, -49.1, false},
        {1, 0.5, 5.25, 0, true}, {1, 0.5, 5.3, 0, false}, {0, 1, 6, 0, true},     {0, 1, 6.1, 0, false},
        {2, 1, 12, 0, true},     {2, 1, 12.1, 0, false},  {9, 1, 13, 0, true},    {9, 1, 13.1, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct motion motion = {.started = true, .rest_m = rows[i].usual_m};
        const struct motion_step step = {rows[i].seconds, rows[i].east_m, rows[i].north_m, NAN, NAN};
        motion_update(&motion, &step);
        cr_expect_float_eq(motion.stray_east_m, rows[i].possible ? 0 : rows[i].east_m, TINY, "row %zu", i);
        cr_expect_float_eq(motion.stray_north_m, rows[i].possible ? 0 : rows[i].north_m, TINY, "row %zu", i);
        cr_expect_eq(motion.doubts, rows[i].possible ? 0U : 1U, "row %zu", i);
    }
}

Test(motion, what_steps_usually_differ_by_is_learnt_from_those_that_a_bus_can_make)
{
    struct motion motion = {0};
    const struct motion_step first = {NAN, 0, 0, NAN, NAN}, fair = {1, 3, -4, NAN, NAN},
                             jump = {1, 90, 0, NAN, NAN};
    motion_update(&motion, &first);
    cr_expect_eq(motion.rest_m, 1.5);
    motion_update(&motion, &fair);
    cr_expect_float_eq(motion.rest_m, 1.5 + (5 - 1.5) / 16, TINY);
    motion_update(&motion, &jump);
    cr_expect_float_eq(motion.rest_m, 1.5 + (5 - 1.5) / 16, TINY);
}

Test(motion, what_strays_is_what_the_velocity_does_not_explain)
{
    WALK({{NAN, 0, 0, 10, 90}, 0, 0, 10, 0}, {{2, 20, 40, NAN, NAN}, 0, 40, 10, 0});
    WALK({{NAN, 0, 0, 10, 0}, 0, 0, 0, 10}, {{2, 50, 20, NAN, NAN}, 50, 0, 0, 10});
}

Test(motion, a_jump_and_a_jump_back_leave_little)
{
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 30, -40, NAN, NAN}, 30, -40, 0, 0},
         {{1, 0, 0, NAN, NAN}, 30 * kept(1), -40 * kept(1), 0, 0},
         {{1, -30, 40, NAN, NAN}, 30 * kept(1) * kept(1) - 30, -40 * kept(1) * kept(1) + 40, 0, 0});
}

Test(motion, a_slide_aside_of_a_few_seconds_is_stray_and_no_velocity)
{
    WALK({{NAN, 0, 0, 0, 0}, 0, 0, 0, 0}, {{1, 15, 0, NAN, NAN}, 15, 0, 0, 0},
         {{1, 15, 0, NAN, NAN}, 15 * kept(1) + 15, 0, 0, 0},
         {{1, 15, 0, NAN, NAN}, (15 * kept(1) + 15) * kept(1) + 15, 0, 0, 0},
         {{1, 0, 0, NAN, NAN}, ((15 * kept(1) + 15) * kept(1) + 15) * kept(1), 0, 0, 0});
}

Test(motion, four_steps_in_a_row_that_no_bus_can_have_made_are_another_velocity)
{
    struct motion motion = {.started = true, .rest_m = 1};
    const struct motion_step apart = {1, 16, -12, NAN, NAN}, still = {1, 0, 0, NAN, NAN};
    for (int i = 0; i < 3; i++)
        motion_update(&motion, &apart);
    cr_expect_eq(motion.east_mps, 0);
    cr_expect_eq(motion.doubts, 3U);
    struct motion broken = motion; /* one step that fits, and the count begins anew */
    motion_update(&broken, &still);
    motion_update(&broken, &apart);
    cr_expect_eq(broken.doubts, 1U);
    cr_expect_eq(broken.east_mps, 0);
    motion_update(&motion, &apart);
    cr_expect_eq(motion.east_mps, 16);
    cr_expect_eq(motion.north_mps, -12);
    cr_expect_eq(motion.doubts, 0U);
    const double stray_m = motion.stray_east_m;
    motion_update(&motion, &apart);
    cr_expect_float_eq(motion.stray_east_m, stray_m * kept(1), TINY, "no more stray then");
}

Test(motion, braking_harder_than_a_bus_can_is_stray)
{
    WALK({{NAN, 0, 0, 20, 90}, 0, 0, 20, 0}, {{1, 0, 0, NAN, NAN}, -20, 0, 20, 0});
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

/* Sines of the smallest angles are as exact as any. */
Test(motion, a_course_next_to_north_is_not_rounded_to_it)
{
    struct motion motion = {0};
    const struct motion_step step = {.seconds = NAN, .speed_mps = 10, .course_deg = 1e-9};
    motion_update(&motion, &step);
    cr_expect_float_eq(motion.east_mps * 1e9, 10 * 0.017453292519943295, 1e-12);
}
