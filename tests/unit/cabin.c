/* The cabin: what its seats, belts, doors, ignition, supply, antenna and wheels last said, and for how long
 * it is believed. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "gateway/cabin/occupancy.h"

static const int64_t START_MS = 100000;

static struct cabin_slot seat(uint8_t index)
{
    return (struct cabin_slot){CABIN_SEAT, index};
}

static struct cabin_slot door(uint8_t index)
{
    return (struct cabin_slot){CABIN_DOOR, index};
}

static struct cabin_slot belt(uint8_t index)
{
    return (struct cabin_slot){CABIN_BELT, index};
}

static const struct cabin_slot ignition = {CABIN_IGNITION, 0}, power = {CABIN_POWER, 0},
                               antenna = {CABIN_ANTENNA, 0}, wheel = {CABIN_WHEEL, 0};

/* Four benches of up to 3 that say 7 when they do not know, two doors. */
static struct cabin benches(void)
{
    struct cabin_config config = {.n_seats = 4, .n_doors = 2};
    struct cabin cabin;
    for (size_t i = 0; i < config.n_seats; i++)
        config.seats[i] = (struct cabin_seat){.capacity = 3, .unknown_value = 7};
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    return cabin;
}

/* Four values of the benches: what is estimated. */
static const struct {
    double value[4];
    struct bw_occupancy expected;
} estimates[] = {
    {{0, 0, 0, 0}, {BW_QUALITY_GOOD, 0, 0, 0}},         {{3, 2, 1, 0}, {BW_QUALITY_GOOD, 6, 6, 6}},
    {{3, 3, 3, 3}, {BW_QUALITY_GOOD, 12, 12, 12}},      {{3, 2, 1, 7}, {BW_QUALITY_DEGRADED, 6, 6, 9}},
    {{3, 2, 7, 7}, {BW_QUALITY_DEGRADED, 5, 5, 11}},    {{3, 7, 7, 7}, {BW_QUALITY_UNKNOWN, 0, 0, 0}},
    {{7, 7, 7, 7}, {BW_QUALITY_UNKNOWN, 0, 0, 0}},      {{3, 2, 1, 4}, {BW_QUALITY_DEGRADED, 6, 6, 9}},
    {{3, 2, 1, -1}, {BW_QUALITY_DEGRADED, 6, 6, 9}},    {{3, 2, 1, 0.5}, {BW_QUALITY_DEGRADED, 6, 6, 9}},
    {{3, 2, 1, NAN}, {BW_QUALITY_DEGRADED, 6, 6, 9}},   {{3, 2, 1, INFINITY}, {BW_QUALITY_DEGRADED, 6, 6, 9}},
    {{3, 2, 1, 1e300}, {BW_QUALITY_DEGRADED, 6, 6, 9}},
};

static void expect_occupancy(const struct cabin *cabin, int64_t mono_ms, struct bw_occupancy expected,
                             const char *what)
{
    struct bw_cabin state;
    cabin_estimate(cabin, mono_ms, &state);
    cr_expect_eq(state.occupancy.quality, expected.quality, "%s", what);
    cr_expect_eq(state.occupancy.low, expected.low, "%s", what);
    cr_expect_eq(state.occupancy.count, expected.count, "%s", what);
    cr_expect_eq(state.occupancy.high, expected.high, "%s", what);
}

Test(cabin, known_seats_are_counted_and_unknown_ones_may_be_full)
{
    for (size_t i = 0; i < sizeof estimates / sizeof estimates[0]; i++) {
        struct cabin cabin = benches();
        char what[32];
        (void)snprintf(what, sizeof what, "case %zu", i);
        for (uint8_t s = 0; s < 4; s++)
            (void)cabin_update(&cabin, seat(s), estimates[i].value[s], START_MS);
        expect_occupancy(&cabin, START_MS, estimates[i].expected, what);
    }
}

Test(cabin, values_that_cannot_be_are_refused_and_counted_but_unknown_is_no_fault)
{
    struct cabin cabin = benches();
    static const struct {
        double value;
        int expected;
    } cases[] = {{0, 0}, {3, 0}, {7, 0}, {4, -ERANGE}, {-1, -ERANGE}, {1.5, -ERANGE}, {NAN, -ERANGE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(cabin_update(&cabin, seat(0), cases[i].value, START_MS), cases[i].expected, "case %zu",
                     i);
    cr_expect_eq(cabin.refused, 4);
    cr_expect_eq(cabin_update(&cabin, door(0), 2, START_MS), -ERANGE);
    cr_expect_eq(cabin_update(&cabin, ignition, -1, START_MS), -ERANGE);
    cr_expect_eq(cabin_update(&cabin, power, 0.5, START_MS), -ERANGE);
    cr_expect_eq(cabin_update(&cabin, antenna, 2, START_MS), -ERANGE);
    cr_expect_eq(cabin.refused, 8);
}

Test(cabin, a_value_that_makes_no_sense_takes_back_the_one_before)
{
    static const double senseless[] = {4, 7};
    for (size_t i = 0; i < 2; i++) {
        struct cabin cabin = benches();
        for (uint8_t s = 0; s < 4; s++)
            (void)cabin_update(&cabin, seat(s), 2, START_MS);
        (void)cabin_update(&cabin, seat(3), senseless[i], START_MS + 1);
        expect_occupancy(&cabin, START_MS + 1, (struct bw_occupancy){BW_QUALITY_DEGRADED, 6, 6, 9},
                         "taken back");
    }
}

Test(cabin, the_last_word_of_a_signal_can_be_asked_for)
{
    struct cabin cabin = benches();
    (void)cabin_update(&cabin, seat(2), 3, START_MS);
    const struct cabin_signal *signal = cabin_signal_of(&cabin, seat(2));
    cr_assert_not_null(signal);
    cr_expect(signal->known);
    cr_expect_eq(signal->value, 3);
    cr_expect_null(cabin_signal_of(&cabin, seat(4)));
}

Test(cabin, before_anything_was_heard_nothing_is_known)
{
    const struct cabin cabin = benches();
    struct bw_cabin state;
    cabin_estimate(&cabin, 0, &state);
    cr_expect_eq(state.occupancy.quality, BW_QUALITY_UNKNOWN);
    cr_expect_eq(state.door_open, BW_UNKNOWN);
    cr_expect_eq(state.ignition_on, BW_UNKNOWN);
    cr_expect_eq(state.main_power, BW_UNKNOWN);
    cr_expect_eq(state.antenna_ok, BW_UNKNOWN);
    cr_expect_not(state.wheel_known);
}

Test(cabin, a_silent_bus_is_unknown_and_never_empty)
{
    struct cabin cabin = benches();
    struct bw_cabin state;
    for (uint8_t s = 0; s < 4; s++)
        (void)cabin_update(&cabin, seat(s), 2, START_MS + s * 1000);
    (void)cabin_update(&cabin, door(0), 0, START_MS);
    (void)cabin_update(&cabin, door(1), 0, START_MS);
    (void)cabin_update(&cabin, ignition, 1, START_MS);
    expect_occupancy(&cabin, START_MS + 2999, (struct bw_occupancy){BW_QUALITY_GOOD, 8, 8, 8},
                     "just under 3 s: all fresh");
    cabin_estimate(&cabin, START_MS + 2999, &state);
    cr_expect(state.door_open == BW_NO && state.ignition_on == BW_YES);
    expect_occupancy(&cabin, START_MS + 3000, (struct bw_occupancy){BW_QUALITY_DEGRADED, 6, 6, 9},
                     "one stale");
    expect_occupancy(&cabin, START_MS + 4000, (struct bw_occupancy){BW_QUALITY_DEGRADED, 4, 4, 10},
                     "two stale");
    expect_occupancy(&cabin, START_MS + 5000, (struct bw_occupancy){BW_QUALITY_UNKNOWN, 0, 0, 0},
                     "three stale");
    cabin_estimate(&cabin, START_MS + 3000, &state);
    cr_expect(state.door_open == BW_UNKNOWN && state.ignition_on == BW_UNKNOWN);
}

Test(cabin, the_freshness_limit_is_a_setting)
{
    struct cabin cabin;
    const struct cabin_config config = {
        .n_seats = 1, .seats = {{1, CABIN_NO_UNKNOWN_VALUE}}, .freshness_ms = 500};
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    (void)cabin_update(&cabin, seat(0), 1, START_MS);
    expect_occupancy(&cabin, START_MS + 499, (struct bw_occupancy){BW_QUALITY_GOOD, 1, 1, 1}, "fresh");
    expect_occupancy(&cabin, START_MS + 500, (struct bw_occupancy){BW_QUALITY_UNKNOWN, 0, 0, 0}, "stale");
}

/* Values of two doors; -1 = never heard. */
static const struct {
    double first, second;
    enum bw_tri open;
} doors[] = {
    {0, 0, BW_NO}, {1, 0, BW_YES}, {0, 1, BW_YES}, {1, -1, BW_YES}, {0, -1, BW_UNKNOWN}, {-1, -1, BW_UNKNOWN},
};

Test(cabin, a_door_is_open_when_any_is_and_closed_when_all_are_known_to_be)
{
    for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++) {
        struct cabin cabin = benches();
        struct bw_cabin state;
        if (doors[i].first >= 0)
            (void)cabin_update(&cabin, door(0), doors[i].first, START_MS);
        if (doors[i].second >= 0)
            (void)cabin_update(&cabin, door(1), doors[i].second, START_MS);
        cabin_estimate(&cabin, START_MS, &state);
        cr_expect_eq(state.door_open, doors[i].open, "case %zu", i);
    }
}

Test(cabin, a_single_seat_and_a_single_door_are_unknown_until_heard)
{
    const struct cabin_config config = {.n_seats = 1, .seats = {{1, CABIN_NO_UNKNOWN_VALUE}}, .n_doors = 1};
    struct cabin cabin;
    struct bw_cabin state;
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    cabin_estimate(&cabin, 0, &state);
    cr_expect_eq(state.occupancy.quality, BW_QUALITY_UNKNOWN);
    cr_expect_eq(state.door_open, BW_UNKNOWN);
    (void)cabin_update(&cabin, seat(0), 0, 0);
    (void)cabin_update(&cabin, door(0), 0, 0);
    cabin_estimate(&cabin, 0, &state);
    cr_expect_eq(state.occupancy.quality, BW_QUALITY_GOOD);
    cr_expect_eq(state.door_open, BW_NO);
}

Test(cabin, one_closed_door_does_not_speak_for_one_that_was_never_heard)
{
    struct cabin cabin = benches();
    struct bw_cabin state;
    (void)cabin_update(&cabin, door(0), 0, 0);
    cabin_estimate(&cabin, 0, &state);
    cr_expect_eq(state.door_open, BW_UNKNOWN);
}

Test(cabin, zero_may_be_what_a_seat_says_when_it_does_not_know)
{
    const struct cabin_config config = {.n_seats = 1, .seats = {{.capacity = 3, .unknown_value = 0}}};
    struct cabin cabin;
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    cr_expect_eq(cabin_update(&cabin, seat(0), 0, START_MS), 0);
    expect_occupancy(&cabin, START_MS, (struct bw_occupancy){.quality = BW_QUALITY_UNKNOWN}, "0");
    cr_expect_eq(cabin_update(&cabin, seat(0), 1, START_MS), 0);
    expect_occupancy(&cabin, START_MS, (struct bw_occupancy){BW_QUALITY_GOOD, 1, 1, 1}, "1");
}

Test(cabin, the_ignition_is_on_or_off_as_it_said_last)
{
    struct cabin cabin = benches();
    struct bw_cabin state;
    for (int on = 0; on < 2; on++) {
        (void)cabin_update(&cabin, ignition, on, START_MS);
        cabin_estimate(&cabin, START_MS, &state);
        cr_expect_eq(state.ignition_on, on ? BW_YES : BW_NO);
    }
}

Test(cabin, without_sensors_nothing_is_known)
{
    struct cabin cabin;
    struct bw_cabin state;
    cr_assert_eq(cabin_init(&cabin, &(struct cabin_config){0}), 0);
    cabin_estimate(&cabin, START_MS, &state);
    cr_expect_eq(state.occupancy.quality, BW_QUALITY_UNKNOWN);
    cr_expect_eq(state.door_open, BW_UNKNOWN);
    cr_expect_eq(cabin_update(&cabin, seat(0), 1, START_MS), -EINVAL);
    cr_expect_eq(cabin_update(&cabin, door(0), 1, START_MS), -EINVAL);
    cr_expect_eq(cabin_update(&cabin, belt(0), 1, START_MS), -EINVAL);
    cr_expect_eq(cabin_update(&cabin, (struct cabin_slot){CABIN_KINDS, 0}, 1, START_MS), -EINVAL);
    cr_expect_eq(state.belts.quality, BW_QUALITY_UNKNOWN);
    cr_expect_eq(state.main_power, BW_UNKNOWN);
    cr_expect_eq(state.antenna_ok, BW_UNKNOWN);
    cr_expect_not(state.wheel_known);
}

Test(cabin, the_largest_cabin_does_not_overflow)
{
    struct cabin cabin;
    struct cabin_config config = {
        .n_seats = CABIN_SEATS_MAX, .n_belts = CABIN_SEATS_MAX, .n_doors = CABIN_DOORS_MAX};
    for (size_t i = 0; i < CABIN_SEATS_MAX; i++) {
        config.seats[i] = (struct cabin_seat){.capacity = 255, .unknown_value = CABIN_NO_UNKNOWN_VALUE};
        config.belt_seats[i] = (uint8_t)i;
    }
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    for (uint8_t s = 0; s < CABIN_SEATS_MAX; s++)
        cr_assert_eq(cabin_update(&cabin, seat(s), 255, START_MS), 0);
    expect_occupancy(&cabin, START_MS, (struct bw_occupancy){BW_QUALITY_GOOD, 24480, 24480, 24480},
                     "96 x 255");
    for (uint8_t b = 0; b < CABIN_SEATS_MAX; b++)
        cr_assert_eq(cabin_update(&cabin, belt(b), 0, START_MS), 0);
    struct bw_cabin state;
    cabin_estimate(&cabin, START_MS, &state);
    cr_expect(state.belts.open_low == 96 && state.belts.open_high == 24480);
}

Test(cabin, a_configuration_that_cannot_be_is_refused)
{
    struct cabin cabin;
    const struct cabin_config configs[] = {
        {.n_seats = CABIN_SEATS_MAX + 1},
        {.n_doors = CABIN_DOORS_MAX + 1},
        {.n_belts = CABIN_SEATS_MAX + 1},
        {.n_seats = 1, .seats = {{1, CABIN_NO_UNKNOWN_VALUE}}, .n_belts = 1, .belt_seats = {1}},
        {.n_seats = 1, .seats = {{1, CABIN_NO_UNKNOWN_VALUE}}, .n_belts = 2, .belt_seats = {0, 1}},
        {.freshness_ms = -1},
        {.n_seats = 1, .seats = {{0, CABIN_NO_UNKNOWN_VALUE}}},
        {.n_seats = 2, .seats = {{1, CABIN_NO_UNKNOWN_VALUE}, {0, CABIN_NO_UNKNOWN_VALUE}}},
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++)
        cr_expect_eq(cabin_init(&cabin, &configs[i]), -EINVAL, "case %zu", i);
    struct cabin_config one_too_many = {.n_seats = CABIN_SEATS_MAX + 1, .n_belts = 1};
    for (size_t i = 0; i < CABIN_SEATS_MAX; i++)
        one_too_many.seats[i].capacity = 1;
    cr_expect_eq(cabin_init(&cabin, &one_too_many), -EINVAL, "whatever lies behind the last seat");
}

/* --- belts --- */

static const double SILENT = -1; /* a signal that was never heard */

/* Four benches of up to 3; the belts of the second to the fourth, named in another order than the seats. */
static struct cabin belted_benches(void)
{
    struct cabin cabin;
    struct cabin_config config = benches().config;
    config.n_belts = 3;
    config.belt_seats[0] = 3;
    config.belt_seats[1] = 1;
    config.belt_seats[2] = 2;
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    return cabin;
}

static const struct {
    double seat[4], belt[3]; /* seats in their order; the belts of seats 1, 2 and 3 */
    struct bw_belts expected;
    const char *what;
} belt_cases[] = {
    {{0, 0, 0, 0}, {0, 0, 0}, {BW_QUALITY_GOOD, 0, 0}, "empty seats need no belt"},
    {{2, 1, 2, 3}, {1, 1, 1}, {BW_QUALITY_GOOD, 0, 0}, "all fastened; the first has no belt signal"},
    {{0, 1, 0, 0}, {0, 0, 0}, {BW_QUALITY_GOOD, 1, 1}, "one person, one open belt"},
    {{0, 3, 0, 2}, {0, 0, 0}, {BW_QUALITY_GOOD, 2, 5}, "of each bench one for certain, all not excluded"},
    {{0, 1, 2, 0}, {0, 1, 0}, {BW_QUALITY_GOOD, 1, 1}, "each belt goes with its own seat"},
    {{0, 0, 0, 2}, {1, 1, 0}, {BW_QUALITY_GOOD, 1, 2}, "and so the last"},
    {{7, 1, 0, 0}, {0, 0, 0}, {BW_QUALITY_GOOD, 1, 1}, "an unknown seat without a belt signal is not asked"},
    {{0, 2, 0, 0}, {SILENT, 1, 1}, {BW_QUALITY_DEGRADED, 0, 2}, "occupied, belt unknown"},
    {{0, 7, 0, 0}, {0, 1, 1}, {BW_QUALITY_DEGRADED, 0, 3}, "unknown seat, open belt"},
    {{0, 7, 1, 0}, {SILENT, 0, 1}, {BW_QUALITY_DEGRADED, 1, 4}, "both unknown, and another open"},
    {{0, 7, 1, 1}, {1, 1, 1}, {BW_QUALITY_GOOD, 0, 0}, "fastened, whoever sits there"},
    {{0, 0, 1, 1}, {SILENT, 1, 1}, {BW_QUALITY_GOOD, 0, 0}, "empty, whatever its belt says"},
    {{0, 1, 1, 0}, {SILENT, SILENT, 0}, {BW_QUALITY_UNKNOWN, 0, 0}, "more than half unknown"},
    {{7, 7, 7, 7}, {0, 0, 0}, {BW_QUALITY_UNKNOWN, 0, 0}, "no seat known"},
};

Test(cabin_belts, persons_on_seats_with_open_belts_are_counted)
{
    for (size_t i = 0; i < sizeof belt_cases / sizeof belt_cases[0]; i++) {
        static const uint8_t belt_of_seat[] = {1, 2, 0}; /* of seats 1, 2, 3 */
        struct cabin cabin = belted_benches();
        struct bw_cabin state;
        for (uint8_t s = 0; s < 4; s++)
            (void)cabin_update(&cabin, seat(s), belt_cases[i].seat[s], START_MS);
        for (uint8_t b = 0; b < 3; b++)
            if (belt_cases[i].belt[b] >= 0)
                (void)cabin_update(&cabin, belt(belt_of_seat[b]), belt_cases[i].belt[b], START_MS);
        cabin_estimate(&cabin, START_MS, &state);
        cr_expect_eq(state.belts.quality, belt_cases[i].expected.quality, "%s", belt_cases[i].what);
        cr_expect_eq(state.belts.open_low, belt_cases[i].expected.open_low, "%s", belt_cases[i].what);
        cr_expect_eq(state.belts.open_high, belt_cases[i].expected.open_high, "%s", belt_cases[i].what);
    }
}

Test(cabin_belts, of_two_belts_one_may_be_unknown)
{
    struct cabin cabin;
    struct cabin_config config = benches().config;
    struct bw_cabin state;
    config.n_belts = 2;
    config.belt_seats[1] = 1;
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    (void)cabin_update(&cabin, seat(0), 1, START_MS);
    (void)cabin_update(&cabin, seat(1), 1, START_MS);
    (void)cabin_update(&cabin, belt(0), 0, START_MS);
    cabin_estimate(&cabin, START_MS, &state);
    cr_expect(state.belts.quality == BW_QUALITY_DEGRADED && state.belts.open_low == 1 &&
              state.belts.open_high == 2);
}

Test(cabin_belts, a_belt_that_fell_silent_is_unknown)
{
    struct cabin cabin = belted_benches();
    struct bw_cabin state;
    for (uint8_t s = 0; s < 4; s++)
        (void)cabin_update(&cabin, seat(s), 2, START_MS + 3000);
    for (uint8_t b = 0; b < 3; b++)
        (void)cabin_update(&cabin, belt(b), 0, START_MS + b);
    cabin_estimate(&cabin, START_MS + 2999, &state);
    cr_expect(state.belts.open_low == 3 && state.belts.open_high == 6);
    cabin_estimate(&cabin, START_MS + 3000, &state);
    cr_expect(state.belts.quality == BW_QUALITY_DEGRADED && state.belts.open_low == 2 &&
              state.belts.open_high == 6);
    cabin_estimate(&cabin, START_MS + 3001, &state);
    cr_expect_eq(state.belts.quality, BW_QUALITY_UNKNOWN);
}

/* --- supply, antenna and wheels --- */

Test(cabin, supply_and_antenna_are_there_or_not_as_they_said_last)
{
    struct cabin cabin = benches();
    struct bw_cabin state;
    static const enum bw_tri expected[] = {BW_NO, BW_YES};
    for (int there = 0; there < 2; there++) {
        (void)cabin_update(&cabin, power, there, START_MS);
        (void)cabin_update(&cabin, antenna, 1 - there, START_MS);
        cabin_estimate(&cabin, START_MS + 2999, &state);
        cr_expect_eq(state.main_power, expected[there]);
        cr_expect_eq(state.antenna_ok, expected[1 - there]);
    }
    cabin_estimate(&cabin, START_MS + 3000, &state);
    cr_expect(state.main_power == BW_UNKNOWN && state.antenna_ok == BW_UNKNOWN);
}

Test(cabin, the_wheels_give_a_speed_of_0_to_200_kmh_and_of_any_fraction)
{
    static const struct {
        double kmh;
        bool known;
        double mps;
    } cases[] = {
        {0, true, 0},           {36, true, 10},     {0.09, true, 0.025},
        {200, true, 200 / 3.6}, {200.01, false, 0}, {655.35, false, 0},
        {-0.01, false, 0},      {NAN, false, 0},    {INFINITY, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cabin cabin = benches();
        struct bw_cabin state;
        cr_expect_eq(cabin_update(&cabin, wheel, cases[i].kmh, START_MS), cases[i].known ? 0 : -ERANGE,
                     "case %zu", i);
        cabin_estimate(&cabin, START_MS + 2999, &state);
        cr_expect_eq(state.wheel_known, cases[i].known, "case %zu", i);
        cr_expect_float_eq(state.wheel_mps, cases[i].mps, 1e-12, "case %zu", i);
        cabin_estimate(&cabin, START_MS + 3000, &state);
        cr_expect(!state.wheel_known && state.wheel_mps == 0, "case %zu: silent", i);
    }
}
