/* Door counters, and what they and the seats say together. */
#include <criterion/criterion.h>
#include <errno.h>

#include "gateway/cabin/occupancy.h"

enum { SEATS = 10, MANY_SEATS = 40 };

static struct cabin cabin;
static int64_t now_ms;
static double seats[MANY_SEATS], in[2], out[2], button;
static bool doors[2], ignition, n_silent;
static struct cabin_config config;

static void say(enum cabin_kind kind, uint8_t index, double value)
{
    (void)cabin_update(&cabin, (struct cabin_slot){kind, index}, value, now_ms);
}

static void pass(int seconds)
{
    for (int s = 0; s < seconds; s++) {
        now_ms += 1000;
        for (uint8_t i = 0; i < config.n_seats; i++)
            say(CABIN_SEAT, i, seats[i]);
        for (uint8_t i = 0; i < config.n_doors; i++)
            say(CABIN_DOOR, i, doors[i]);
        for (uint8_t i = 0; i < config.n_counters && !n_silent; i++) {
            say(CABIN_IN, i, in[i]);
            say(CABIN_OUT, i, out[i]);
        }
        say(CABIN_IGNITION, 0, ignition);
        say(CABIN_BUTTON, 0, button);
    }
}

static void make(size_t n_seats)
{
    config = (struct cabin_config){.n_seats = n_seats,
                                   .n_doors = 2,
                                   .n_counters = 2,
                                   .door_counters = {0, 1},
                                   .counter_max = {255, 255}};
    for (uint8_t i = 0; i < MANY_SEATS; i++) {
        config.seats[i] = (struct cabin_seat){.capacity = 1, .unknown_value = 3};
        seats[i] = 0;
    }
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    now_ms = 1000000;
    in[0] = in[1] = out[0] = out[1] = button = 0;
    doors[0] = doors[1] = ignition = n_silent = false;
}

static void set_up(void)
{
    make(SEATS);
    in[0] = 250; /* a counter begins wherever it was */
    pass(40);    /* locked and empty */
}

TestSuite(cabin_counting, .init = set_up);

static struct bw_cabin estimate(void)
{
    struct bw_cabin state;
    cabin_estimate(&cabin, now_ms, &state);
    return state;
}

static void expect(enum bw_quality quality, unsigned low, unsigned count, unsigned high, const char *what)
{
    const struct bw_occupancy aboard = estimate().occupancy;
    cr_expect_eq(aboard.quality, quality, "%s: quality %d", what, (int)aboard.quality);
    cr_expect_eq(aboard.low, low, "%s: low %u", what, aboard.low);
    cr_expect_eq(aboard.count, count, "%s: count %u", what, aboard.count);
    cr_expect_eq(aboard.high, high, "%s: high %u", what, aboard.high);
}

static void sit(int n)
{
    for (int i = 0; i < MANY_SEATS; i++)
        seats[i] = i < n;
}

static void count_in(int n)
{
    for (int i = 0; i < n; i++)
        in[0] = in[0] >= 255 ? 0 : in[0] + 1;
}

/* As many pass a door, one a second. */
static void come_in(int n)
{
    for (int i = 0; i < n; i++) {
        count_in(1);
        pass(1);
    }
}

/* A stop at which n were counted in, and as many sat down as `seated`. */
static void board(int counted, int seated)
{
    ignition = doors[0] = true;
    pass(5);
    come_in(counted);
    sit(seated);
    pass(5);
    doors[0] = false;
    pass(12);
}

/* --- the counters alone --- */

Test(cabin_counting, persons_are_counted_across_the_end_of_a_counter)
{
    board(9, 9); /* 250 -> 3 */
    const struct bw_counted counted = estimate().counted;
    cr_expect(counted.known);
    cr_expect_eq(counted.count, 9);
    cr_expect_eq(counted.low, 8, "9 passages err by 1.5 times the root of 0.27");
    cr_expect_eq(counted.high, 10);
}

Test(cabin_counting, who_gets_off_is_no_longer_aboard_and_nobody_is_less_than_nobody)
{
    board(5, 5);
    out[1] = 5;
    sit(0);
    pass(1);
    cr_expect_eq(estimate().counted.count, 0);
    out[1] = 8;
    pass(1);
    cr_expect_eq(estimate().counted.count, 0);
    cr_expect_eq(estimate().counted.low, 0);
    cr_expect_eq(estimate().counted.high, 0);
}

Test(cabin_counting, nothing_is_counted_before_the_bus_was_provably_empty)
{
    static const struct {
        const char *what;
        bool ignition, door;
        int seated;
    } cases[] = {
        {"engine on", true, false, 0}, {"door open", false, true, 0}, {"somebody sits", false, false, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make(SEATS);
        ignition = cases[i].ignition;
        doors[1] = cases[i].door;
        sit(cases[i].seated);
        pass(60);
        cr_expect_not(estimate().counted.known, "%s", cases[i].what);
    }
    make(SEATS);
    pass(31); /* in the first second not all is known yet */
    cr_expect_not(estimate().counted.known, "29 s of emptiness");
    pass(1);
    cr_expect(estimate().counted.known);
}

Test(cabin_counting, a_drift_is_forgotten_when_the_bus_is_empty_again)
{
    board(9, 10);
    out[0] = 12;
    sit(0);
    pass(5);
    ignition = false;
    pass(31);
    board(4, 4);
    cr_expect_eq(estimate().counted.count, 4);
}

Test(cabin_counting, a_stuck_seat_does_not_keep_the_count_from_beginning_anew)
{
    sit(1);
    pass(5 * 3600); /* in a locked bus */
    cr_expect_eq(cabin_seat_doubt(&cabin, 0, now_ms), CABIN_STUCK);
    board(3, 1);
    out[0] = 2;
    pass(1);
    cr_expect_eq(estimate().counted.count, 1);
    ignition = false;
    pass(33);
    cr_expect_eq(estimate().counted.count, 0);
}

Test(cabin_counting, the_attendants_round_begins_the_count_anew)
{
    make(0); /* a vehicle without any seat sensor */
    pass(60);
    cr_expect_not(estimate().counted.known);
    button = 1;
    pass(1);
    cr_expect(estimate().counted.known);
    cr_expect_eq(estimate().presses, 1);
    pass(10);
    cr_expect_eq(estimate().presses, 1, "held down is pressed once");
    ignition = true;
    count_in(3);
    button = 0;
    pass(2);
    button = 1;
    pass(2);
    cr_expect_eq(estimate().presses, 2);
    cr_expect_eq(estimate().counted.count, 3, "with the engine on nobody says that the bus is empty");
    ignition = false;
    button = 0;
    pass(2);
    button = 1;
    pass(2);
    cr_expect_eq(estimate().counted.count, 0);
}

Test(cabin_counting, with_somebody_on_a_seat_the_round_proves_nothing)
{
    board(3, 3);
    ignition = false;
    pass(2);
    button = 1;
    pass(2);
    cr_expect_eq(estimate().counted.count, 3);
}

Test(cabin_counting, a_button_that_is_pressed_since_ever_is_stuck)
{
    make(SEATS);
    button = 1;
    pass(100);
    cr_expect_eq(estimate().presses, 0);
}

Test(cabin_counting, a_counter_that_was_set_anew_has_lost_its_count)
{
    board(5, 5);
    in[0] = 100; /* half of its range and more at once */
    in[0] = 3 + 140;
    pass(1);
    cr_expect_not(estimate().counted.known);
}

Test(cabin_counting, more_than_can_pass_a_door_is_a_garbled_frame_and_nobody_passed)
{
    static const struct {
        unsigned step;
        int silent_s;
        bool counts;
    } rows[] = {{8, 0, true}, {9, 0, false}, {26, 6, true}, {27, 6, false}, {150, 60, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        const uint32_t before = estimate().passed_in;
        now_ms += rows[i].silent_s * INT64_C(1000);
        count_in((int)rows[i].step);
        pass(1);
        cr_expect_eq(estimate().passed_in - before, rows[i].counts ? rows[i].step : 0U, "row %zu", i);
        cr_expect_eq(estimate().counted.known, rows[i].counts, "row %zu", i);
    }
}

Test(cabin_counting, a_counter_that_is_silent_is_not_known_and_has_forgotten_nothing)
{
    board(5, 5);
    n_silent = true;
    pass(4);
    cr_expect_not(estimate().counted.known);
    count_in(2);
    n_silent = false;
    pass(1);
    cr_expect_eq(estimate().counted.count, 7);
}

Test(cabin_counting, a_door_without_a_counter_lets_persons_in_uncounted)
{
    config.door_counters[1] = CABIN_NOT_COUNTED;
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    pass(40);
    cr_expect(estimate().counted.known);
    ignition = true;
    doors[1] = true;
    pass(2);
    cr_expect_not(estimate().counted.known);
}

/* --- counters that do not count --- */

static void deaf_stop(int seated)
{
    board(0, seated);
}

Test(cabin_counting, counters_that_miss_two_stops_are_not_used_until_they_count)
{
    deaf_stop(4);
    cr_expect_not(estimate().counter_deaf);
    cr_expect(estimate().counted.known);
    deaf_stop(0);
    cr_expect(estimate().counter_deaf, "as many got off");
    cr_expect_not(estimate().counted.known);
    deaf_stop(5);
    cr_expect(estimate().counter_deaf);
    board(2, 7);
    cr_expect_not(estimate().counter_deaf);
    cr_expect(estimate().counted.known);
}

Test(cabin_counting, a_vehicle_without_counters_has_none_that_are_deaf)
{
    config.n_counters = 0;
    cr_assert_eq(cabin_init(&cabin, &config), 0);
    pass(40);
    for (int stop = 0; stop < 4; stop++)
        board(0, stop % 2 ? 0 : 8);
    cr_expect_not(estimate().counter_deaf);
}

Test(cabin_counting, a_stop_that_tells_nothing_is_not_held_against_them)
{
    static const struct {
        const char *what;
        int counted, from, to;
    } cases[] = {{"few change", 0, 0, 3},
                 {"few change back", 0, 3, 0},
                 {"they count", 1, 0, 8},
                 {"nobody changes", 3, 5, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_up();
        for (int stop = 0; stop < 4; stop++)
            board(cases[i].counted, stop % 2 ? cases[i].to : cases[i].from);
        cr_expect_not(estimate().counter_deaf, "%s", cases[i].what);
    }
}

Test(cabin_counting, seats_in_doubt_before_or_after_a_stop_tell_nothing)
{
    for (int before = 0; before < 2; before++) {
        set_up();
        for (int stop = 0; stop < 4; stop++) {
            ignition = true;
            sit(stop % 2 ? 0 : 6);
            seats[9] = before ? 3 : 0;
            pass(2);
            doors[0] = true;
            pass(2);
            sit(stop % 2 ? 6 : 0);
            seats[9] = before ? 0 : 3;
            pass(2);
            doors[0] = false;
            pass(12);
        }
        cr_expect_not(estimate().counter_deaf);
    }
}

Test(cabin_counting, a_door_that_opens_again_is_one_stop_and_one_that_is_silent_is_none)
{
    ignition = doors[0] = true;
    pass(5);
    doors[0] = false;
    pass(5);
    doors[0] = true;
    sit(5);
    pass(5);
    doors[0] = false;
    pass(12);
    cr_expect_eq(cabin.counting.deaf, 1);
    doors[0] = true;
    pass(2);
    now_ms += 10000; /* nothing is heard */
    sit(0);
    for (uint8_t i = 0; i < SEATS; i++)
        say(CABIN_SEAT, i, 0);
    doors[0] = false;
    pass(12);
    cr_expect_eq(cabin.counting.deaf, 1);
}

/* --- both together --- */

static const struct {
    const char *what;
    int counted, seated,
        unknown; /* persons by the doors, by the seats; seats that do not know, from the last on */
    struct bw_occupancy expected;
} fusions[] = {
    {"they agree", 5, 5, 0, {BW_QUALITY_GOOD, 5, 5, 5}},
    {"with seats free the seats know better", 6, 5, 0, {BW_QUALITY_GOOD, 5, 5, 5}},
    {"those who stand in a full bus are counted", 14, 10, 0, {BW_QUALITY_GOOD, 13, 14, 15}},
    {"in a full bus the doors may err", 10, 10, 0, {BW_QUALITY_GOOD, 10, 10, 11}},
    {"in a full bus the doors have missed some", 9, 10, 0, {BW_QUALITY_GOOD, 10, 10, 10}},
    {"two free seats keep nobody from standing", 12, 8, 0, {BW_QUALITY_GOOD, 11, 11, 13}},
    {"more came in than sit, with seats free", 9, 5, 0, {BW_QUALITY_DEGRADED, 5, 5, 10}},
    {"more sit than came in", 3, 7, 0, {BW_QUALITY_DEGRADED, 4, 7, 7}},
    {"the doors know of seats that do not", 8, 5, 3, {BW_QUALITY_DEGRADED, 7, 8, 9}},
    {"the seats know of the doors that do not", 8, 7, 2, {BW_QUALITY_DEGRADED, 7, 8, 9}},
    {"seats that know nothing", 8, 0, 6, {BW_QUALITY_DEGRADED, 7, 8, 9}},
};

Test(cabin_counting, seats_and_doors_make_one_estimate)
{
    for (size_t i = 0; i < sizeof fusions / sizeof fusions[0]; i++) {
        set_up();
        ignition = doors[0] = true;
        pass(2);
        come_in(fusions[i].counted);
        sit(fusions[i].seated);
        for (int s = 0; s < fusions[i].unknown; s++)
            seats[SEATS - 1 - s] = 3;
        doors[0] = false;
        pass(2);
        const struct bw_occupancy want = fusions[i].expected;
        expect(want.quality, want.low, want.count, want.high, fusions[i].what);
    }
}

Test(cabin_counting, in_a_large_bus_a_tenth_of_the_seats_may_be_free_beside_those_who_stand)
{
    static const struct {
        int seated;
        unsigned low;
    } rows[] = {{36, 43}, {35, 35}};
    for (size_t i = 0; i < 2; i++) {
        make(MANY_SEATS);
        pass(40);
        board(45, rows[i].seated);
        cr_expect_eq(estimate().occupancy.low, rows[i].low, "row %zu: %u", i, estimate().occupancy.low);
    }
}

Test(cabin_counting, where_most_of_a_few_seats_are_free_nobody_stands)
{
    make(3);
    pass(40);
    board(6, 1);
    const struct bw_occupancy aboard = estimate().occupancy;
    cr_expect_eq(aboard.low, 1, "%u", aboard.low);
    cr_expect_eq(aboard.quality, BW_QUALITY_DEGRADED);
}

Test(cabin_counting, without_a_count_the_seats_are_all_there_is)
{
    make(SEATS);
    sit(4);
    seats[9] = 3;
    pass(2);
    expect(BW_QUALITY_DEGRADED, 4, 4, 5, "seats alone");
    for (int i = 0; i < SEATS; i++)
        seats[i] = 3;
    pass(2);
    expect(BW_QUALITY_UNKNOWN, 0, 0, 0, "neither");
}

Test(cabin_counting, counters_out_of_range_are_no_configuration)
{
    struct cabin other;
    config.counter_max[1] = 14;
    cr_expect_eq(cabin_init(&other, &config), -EINVAL);
    config.counter_max[1] = 15;
    cr_expect_eq(cabin_init(&other, &config), 0);
    config.n_counters = CABIN_DOORS_MAX + 1;
    cr_expect_eq(cabin_init(&other, &config), -EINVAL);
}
