/* Seats that are not believed although they speak: stuck, restless, belted while empty; and seats that are
 * frozen all together. */
#include <criterion/criterion.h>

#include "gateway/cabin/occupancy.h"

enum { SEATS = 8 };
static const int64_t MINUTE_MS = 60000, HOUR_MS = 3600000;

static struct cabin cabin;
static int64_t now_ms;
static double seats[SEATS], belts[SEATS];
static bool door, ignition;

static void say(enum cabin_kind kind, uint8_t index, double value)
{
    cr_assert_eq(cabin_update(&cabin, (struct cabin_slot){kind, index}, value, now_ms), 0);
}

/* Time passes; every signal is said once a second, as a bus does. */
static void pass(int64_t ms)
{
    for (const int64_t end_ms = now_ms + ms; now_ms < end_ms;) {
        now_ms += 1000;
        for (uint8_t i = 0; i < SEATS; i++) {
            say(CABIN_SEAT, i, seats[i]);
            say(CABIN_BELT, i, belts[i]);
        }
        say(CABIN_DOOR, 0, door);
        say(CABIN_IGNITION, 0, ignition);
    }
}

static void set_up(void)
{
    struct cabin_config config = {
        .n_seats = SEATS, .n_belts = SEATS, .n_doors = 1, .door_counters = {CABIN_NOT_COUNTED}};
    for (uint8_t i = 0; i < SEATS; i++) {
        config.seats[i] = (struct cabin_seat){.capacity = 1, .unknown_value = CABIN_NO_UNKNOWN_VALUE};
        config.belt_seats[i] = i;
        seats[i] = belts[i] = 0;
    }
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    now_ms = 1000000;
    door = ignition = false;
}

TestSuite(cabin_doubt, .init = set_up);

static enum cabin_doubt doubt(size_t seat)
{
    return cabin_seat_doubt(&cabin, seat, now_ms);
}

static struct bw_cabin estimate(void)
{
    struct bw_cabin state;
    cabin_estimate(&cabin, now_ms, &state);
    return state;
}

/* A door opened and closed. */
static void stop_once(void)
{
    door = true;
    pass(5000);
    door = false;
    pass(15000);
}

/* Engine on, n seats taken at one stop and left at another, engine off for pause_ms. Seat 0 is not touched.
 */
static void trip(int n, int64_t pause_ms)
{
    ignition = true;
    pass(5000);
    stop_once();
    for (int i = 1; i <= n; i++)
        seats[i] = 1;
    pass(20 * MINUTE_MS);
    for (int i = 1; i <= n; i++)
        seats[i] = 0;
    stop_once();
    ignition = false;
    pass(pause_ms);
}

/* --- stuck --- */

Test(cabin_doubt, a_seat_that_is_occupied_through_two_trips_and_their_pauses_is_stuck)
{
    seats[0] = 1;
    pass(5000);
    trip(4, HOUR_MS);
    trip(4, HOUR_MS);
    cr_expect_eq(doubt(0), CABIN_TRUSTED, "it may still change in the pause");
    ignition = true;
    pass(1000);
    cr_expect_eq(doubt(0), CABIN_STUCK);
    const struct bw_occupancy aboard = estimate().occupancy;
    cr_expect_eq(aboard.quality, BW_QUALITY_DEGRADED);
    cr_expect_eq(aboard.low, 0);
    cr_expect_eq(aboard.high, 1, "never taken for empty");
    trip(4, HOUR_MS);
    cr_expect_eq(doubt(0), CABIN_STUCK, "and stays so");
}

Test(cabin_doubt, a_change_mends_a_stuck_seat)
{
    seats[0] = 1;
    pass(5000);
    trip(4, HOUR_MS);
    trip(4, HOUR_MS);
    ignition = true;
    seats[0] = 0;
    pass(1000);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
    seats[0] = 1;
    pass(1000);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
    cr_expect_eq(estimate().occupancy.low, 1);
}

Test(cabin_doubt, what_changed_in_an_earlier_trip_alone_is_still_in_this_one)
{
    pass(5000);
    trip(4, HOUR_MS);
    seats[1] = 1; /* put there in the pause: it has changed before, and not since */
    pass(2000);
    for (int i = 0; i < 2; i++) {
        ignition = true;
        pass(5000);
        for (int s = 2; s < 7; s++)
            seats[s] = 1;
        pass(5000);
        for (int s = 2; s < 7; s++)
            seats[s] = 0;
        pass(5000);
        ignition = false;
        pass(HOUR_MS);
    }
    ignition = true;
    pass(1000);
    cr_expect_eq(doubt(1), CABIN_STUCK);
}

Test(cabin_doubt, who_gets_off_between_the_trips_is_not_stuck)
{
    for (int i = 0; i < 4; i++) {
        seats[0] = 1; /* the attendant, from before the engine starts to after it was switched off */
        pass(5000);
        trip(4, 5000);
        seats[0] = 0;
        pass(HOUR_MS);
    }
    ignition = true;
    pass(1000);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
}

Test(cabin_doubt, a_drive_without_passengers_says_nothing_of_a_seat)
{
    seats[0] = 1;
    pass(5000);
    for (int i = 0; i < 4; i++)
        trip(3, HOUR_MS); /* too few have come and gone */
    ignition = true;
    pass(1000);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
}

Test(cabin_doubt, a_stalled_engine_does_not_end_a_trip)
{
    seats[0] = 1;
    pass(5000);
    for (int i = 0; i < 4; i++)
        trip(4, 10 * MINUTE_MS - 2000);
    ignition = true;
    pass(1000);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
}

Test(cabin_doubt, a_seat_that_is_occupied_in_a_locked_bus_for_hours_is_stuck)
{
    ignition = true;
    pass(5000);
    seats[0] = 1;
    pass(5000);
    ignition = false;
    pass(4 * HOUR_MS);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
    pass(1000);
    cr_expect_eq(doubt(0), CABIN_STUCK);
}

Test(cabin_doubt, who_sits_down_in_a_parked_bus_is_not_stuck)
{
    ignition = false;
    pass(5 * HOUR_MS);
    seats[0] = 1;
    pass(4 * HOUR_MS);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
}

Test(cabin_doubt, without_an_ignition_signal_nothing_is_stuck)
{
    seats[0] = 1;
    for (int i = 0; i < 10 * 3600; i++) {
        now_ms += 1000;
        for (uint8_t s = 0; s < SEATS; s++)
            say(CABIN_SEAT, s, seats[s]);
    }
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
}

/* --- restless --- */

Test(cabin_doubt, a_seat_that_flickers_is_unknown)
{
    pass(1000);
    for (int i = 0; i < CABIN_RESTLESS_CHANGES + 10; i++) {
        seats[0] = 1 - seats[0];
        pass(1000);
    }
    cr_expect_eq(doubt(0), CABIN_RESTLESS);
    cr_expect_eq(estimate().occupancy.quality, BW_QUALITY_DEGRADED);
    const uint32_t changes = estimate().seat_changes;
    seats[0] = 1 - seats[0];
    pass(1000);
    cr_expect_eq(estimate().seat_changes, changes, "nobody has moved");
    pass(3 * MINUTE_MS);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
}

/* --- belted while empty --- */

Test(cabin_doubt, a_belt_that_is_fastened_on_an_empty_seat_puts_it_in_doubt)
{
    pass(1000);
    belts[0] = 1;
    pass(5000);
    cr_expect_eq(doubt(0), CABIN_TRUSTED, "the pad may be slow");
    pass(1000);
    cr_expect_eq(doubt(0), CABIN_BELTED);
    cr_expect_eq(estimate().occupancy.high, 1);
    belts[0] = 0;
    pass(1000);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
}

Test(cabin_doubt, a_pad_that_answers_is_believed_again)
{
    pass(1000);
    belts[0] = 1;
    pass(6000);
    seats[0] = 1;
    pass(1000);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
    cr_expect_eq(estimate().occupancy.low, 1);
    cr_expect_eq(estimate().belted, 1);
    seats[0] = 0;
    pass(10000);
    cr_expect_eq(doubt(0), CABIN_TRUSTED, "who got up left the belt fastened");
    cr_expect_eq(estimate().belted, 0);
}

Test(cabin_doubt, a_belt_that_was_fastened_all_the_time_says_nothing)
{
    belts[0] = 1;
    pass(20000);
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
}

Test(cabin_doubt, a_belt_on_a_seat_that_is_not_known_says_nothing)
{
    struct cabin_config config = {.n_seats = 1, .n_belts = 1};
    config.seats[0] = (struct cabin_seat){.capacity = 1, .unknown_value = CABIN_NO_UNKNOWN_VALUE};
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    for (int i = 0; i < 20; i++) {
        now_ms += 1000;
        say(CABIN_BELT, 0, i > 2);
    }
    cr_expect_eq(doubt(0), CABIN_TRUSTED);
}

/* --- frozen --- */

static void frozen_use(int stops, int64_t pause_ms)
{
    ignition = true;
    pass(5000);
    for (int i = 0; i < stops; i++)
        stop_once();
    ignition = false;
    pass(pause_ms);
}

static void occupy(int n)
{
    for (int i = 0; i < SEATS; i++)
        seats[i] = i < n;
    pass(2000);
}

Test(cabin_doubt, seats_that_do_not_change_through_four_uses_with_stops_are_frozen)
{
    occupy(3);
    for (int i = 0; i < 4; i++)
        frozen_use(2, HOUR_MS);
    cr_expect_not(estimate().seats_frozen);
    frozen_use(2, HOUR_MS);
    cr_expect(estimate().seats_frozen);
    frozen_use(2, HOUR_MS);
    cr_expect(estimate().seats_frozen);
    seats[5] = 1;
    frozen_use(2, HOUR_MS);
    ignition = true;
    pass(1000);
    cr_expect_not(estimate().seats_frozen);
}

Test(cabin_doubt, a_bus_that_is_driven_nearly_empty_or_without_stops_is_not_frozen)
{
    occupy(2);
    for (int i = 0; i < 6; i++)
        frozen_use(2, HOUR_MS);
    cr_expect_not(estimate().seats_frozen);
    set_up();
    occupy(3);
    for (int i = 0; i < 6; i++)
        frozen_use(1, HOUR_MS);
    cr_expect_not(estimate().seats_frozen);
}
