/* Occupancy of the cabin: what the seats, doors and ignition last said, and for how long it is believed. */
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

static const struct cabin_slot ignition = {CABIN_IGNITION, 0};

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
    cr_expect_eq(cabin.refused, 6);
}

Test(cabin, before_anything_was_heard_nothing_is_known)
{
    const struct cabin cabin = benches();
    struct bw_cabin state;
    cabin_estimate(&cabin, 0, &state);
    cr_expect_eq(state.occupancy.quality, BW_QUALITY_UNKNOWN);
    cr_expect_eq(state.door_open, BW_UNKNOWN);
    cr_expect_eq(state.ignition_on, BW_UNKNOWN);
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
}

Test(cabin, the_largest_cabin_does_not_overflow)
{
    struct cabin cabin;
    struct cabin_config config = {.n_seats = CABIN_SEATS_MAX, .n_doors = CABIN_DOORS_MAX};
    for (size_t i = 0; i < CABIN_SEATS_MAX; i++)
        config.seats[i] = (struct cabin_seat){.capacity = 255, .unknown_value = CABIN_NO_UNKNOWN_VALUE};
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    for (uint8_t s = 0; s < CABIN_SEATS_MAX; s++)
        cr_assert_eq(cabin_update(&cabin, seat(s), 255, START_MS), 0);
    expect_occupancy(&cabin, START_MS, (struct bw_occupancy){BW_QUALITY_GOOD, 24480, 24480, 24480},
                     "96 x 255");
}

Test(cabin, a_configuration_that_cannot_be_is_refused)
{
    struct cabin cabin;
    const struct cabin_config configs[] = {
        {.n_seats = CABIN_SEATS_MAX + 1},
        {.n_doors = CABIN_DOORS_MAX + 1},
        {.freshness_ms = -1},
        {.n_seats = 1, .seats = {{0, CABIN_NO_UNKNOWN_VALUE}}},
        {.n_seats = 2, .seats = {{1, CABIN_NO_UNKNOWN_VALUE}, {0, CABIN_NO_UNKNOWN_VALUE}}},
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++)
        cr_expect_eq(cabin_init(&cabin, &configs[i]), -EINVAL, "case %zu", i);
}
