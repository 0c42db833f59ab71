/* UNAPPROVED_STOP by itself, each input at its limits (docs/rules.md; drives are in rules_stops.c). */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/unit/fixture_rule.h"

static struct bw_thresholds thresholds;
static struct bw_licence licence;
static struct bw_stop stops[2];
static struct inputs in;
static struct rules rules;

/* A stop of 30 m radius; 20 m are added to it, and 5 for the receiver. */
static const double BEYOND_M = 55;

/* North of the first stop. */
static void place(double north_m)
{
    const struct corridor_place stop = corridor_place(29.1, 121.0);
    in.fix.position.lat_deg = 29.1 + north_m / stop.lat_m;
    in.fix.position.lon_deg = 121.0;
    in.place = corridor_place(in.fix.position.lat_deg, in.fix.position.lon_deg);
}

static void aboard(unsigned low, unsigned high)
{
    in.cabin.occupancy = (struct bw_occupancy){low == high ? BW_QUALITY_GOOD : BW_QUALITY_DEGRADED,
                                               (uint16_t)low, (uint16_t)low, (uint16_t)high};
}

static void uncounted(void)
{
    in.cabin.occupancy = (struct bw_occupancy){0};
}

/* Ten aboard, standing with closed doors 200 m from the only stop. */
static void set_up(void)
{
    rules = (struct rules){0};
    thresholds = (struct bw_thresholds){.unapproved_stop_margin_m = 20, .unapproved_stop_door_ms = 20000};
    stops[0] = (struct bw_stop){.stop_id = "s-1", .lat_deg = 29.1, .lon_deg = 121.0, .radius_m = 30};
    stops[1] = (struct bw_stop){.stop_id = "s-2", .lat_deg = 29.2, .lon_deg = 121.0, .radius_m = 500};
    licence = (struct bw_licence){.stops = stops, .n_stops = 1};
    in = (struct inputs){.licence = &licence,
                         .thresholds = &thresholds,
                         .has_fix = true,
                         .fix.position.accuracy_m = 5,
                         .cabin.door_open = BW_NO};
    place(200);
    aboard(10, 10);
}
TestSuite(rule_unapproved_stop, .init = set_up);

/* So many seconds with the door so; the first action that is one. */
static enum lifecycle_action wait(enum bw_tri door, int seconds)
{
    enum lifecycle_action first = LIFECYCLE_NONE;
    in.cabin.door_open = door;
    for (int i = 0; i < seconds; i++) {
        const enum lifecycle_action action = step_after(&rule_unapproved_stop, &rules, &in, 1000);
        first = first == LIFECYCLE_NONE ? action : first;
    }
    return first;
}

static enum lifecycle_action drive(enum bw_tri door, double speed_mps, int seconds)
{
    in.fix.speed_mps = speed_mps;
    const enum lifecycle_action action = wait(door, seconds);
    in.fix.speed_mps = 0;
    return action;
}

static struct bw_alert now(void)
{
    return described(&rule_unapproved_stop, &rules, &in);
}

/* Twelve after a door was open, where ten were before. */
static bool boarding_is_raised(void)
{
    rules = (struct rules){0};
    aboard(10, 10);
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    aboard(12, 12);
    return wait(BW_YES, 15) == LIFECYCLE_RAISE;
}

/* --- the place --- */

Test(rule_unapproved_stop, two_who_board_away_from_every_stop_are_evidence)
{
    cr_assert(boarding_is_raised());
    cr_expect_eq(now().severity, BW_MINOR);
    const struct bw_evidence_unapproved_stop found = now().evidence.unapproved_stop;
    cr_expect_eq(found.boarded, 2);
    cr_expect_eq(found.alighted, 0);
    cr_expect_str_eq(found.stop_id, "s-1");
    cr_expect_float_eq(found.distance_m, 200, 0.1);
    cr_expect_eq(found.radius_m, 30);
    cr_expect_eq(found.door_open_ms, 19000U, "since it was first seen open");
}

Test(rule_unapproved_stop, a_stop_reaches_as_far_as_its_radius_the_margin_and_the_receivers_accuracy)
{
    place(BEYOND_M - 0.5);
    cr_expect_not(boarding_is_raised());
    place(BEYOND_M + 0.5);
    cr_expect(boarding_is_raised());
    in.fix.position.accuracy_m = 7;
    cr_expect_not(boarding_is_raised());
    in.fix.position.accuracy_m = NAN;
    place(64.5);
    cr_expect_not(boarding_is_raised(), "15 m when the receiver does not say");
    place(65.5);
    cr_expect(boarding_is_raised());
    in.motion.stray_north_m = 10;
    cr_expect_not(boarding_is_raised(), "a position that strayed");
}

Test(rule_unapproved_stop, the_nearest_stop_is_counted_from_its_edge)
{
    const double step_m = 0.1 * corridor_place(29.15, 121.0).lat_m;
    licence.n_stops = 2;
    place(5000);
    cr_assert(boarding_is_raised());
    cr_expect_str_eq(now().evidence.unapproved_stop.stop_id, "s-1");
    place(5600);
    cr_assert(boarding_is_raised());
    cr_expect_str_eq(now().evidence.unapproved_stop.stop_id, "s-2", "farther, and nearer to its edge");
    cr_expect_eq(now().evidence.unapproved_stop.radius_m, 500);
    place(step_m - 400);
    cr_expect_not(boarding_is_raised(), "inside");
}

Test(rule_unapproved_stop, east_and_west_count_over_the_antimeridian)
{
    const struct corridor_place stop = corridor_place(-17, 180);
    stops[0].lat_deg = -17;
    stops[0].lon_deg = 179.9999;
    in.place = corridor_place(-17, -180 + 40 / stop.lon_m);
    cr_expect_not(boarding_is_raised(), "51 m to the east");
    in.place = corridor_place(-17, -180 + 60 / stop.lon_m);
    cr_expect(boarding_is_raised());
}

Test(rule_unapproved_stop, without_stops_or_licence_nothing_is_known)
{
    licence.n_stops = 0;
    cr_expect_not(boarding_is_raised());
    in.licence = NULL;
    cr_expect_not(boarding_is_raised());
}

Test(rule_unapproved_stop, without_a_position_nothing_is_known)
{
    in.has_fix = false;
    cr_expect_not(boarding_is_raised());
    in.cabin.wheel_known = true;
    cr_expect_not(boarding_is_raised(), "the wheels say that it stands, and nothing says where");
}

Test(rule_unapproved_stop, a_door_opens_on_a_bus_that_stands)
{
    in.fix.speed_mps = NAN;
    cr_expect_not(boarding_is_raised());
    in.fix.speed_mps = 1.5;
    cr_expect_not(boarding_is_raised());
    in.fix.speed_mps = 1.49;
    cr_expect(boarding_is_raised());
}

/* Drivers open the door before the wheels stand still. */
Test(rule_unapproved_stop, a_door_opened_while_rolling_counts_when_it_stands)
{
    (void)drive(BW_NO, 10, 5);
    (void)drive(BW_YES, 2, 2);
    (void)wait(BW_YES, 3);
    aboard(11, 11);
    cr_expect_eq(wait(BW_YES, 15), LIFECYCLE_RAISE);
}

/* A door is opened for air in a queue, and the bus creeps on to the stop. */
Test(rule_unapproved_stop, what_is_an_approved_stop_after_creeping_on_is_one)
{
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    (void)drive(BW_YES, 2, 5);
    place(10);
    (void)wait(BW_YES, 1);
    aboard(12, 12);
    cr_expect_eq(wait(BW_YES, 30), LIFECYCLE_NONE);
    cr_expect_eq(wait(BW_NO, 30), LIFECYCLE_NONE);
}

Test(rule_unapproved_stop, what_was_an_approved_stop_before_creeping_on_is_none)
{
    place(10);
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    (void)drive(BW_NO, 2, 4);
    place(200);
    (void)wait(BW_NO, 2);
    (void)wait(BW_YES, 2);
    aboard(11, 11);
    cr_expect_eq(wait(BW_YES, 15), LIFECYCLE_NONE, "eight metres are the same place");
    (void)wait(BW_NO, 2);
    (void)drive(BW_NO, 2, 1);
    (void)wait(BW_YES, 2);
    aboard(12, 12);
    cr_expect_eq(wait(BW_YES, 15), LIFECYCLE_RAISE);
}

/* The place is looked up once a standing: not again while it stands. */
Test(rule_unapproved_stop, a_position_that_drifts_away_is_still_the_stop)
{
    place(10);
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 1);
    place(200);
    aboard(12, 12);
    cr_expect_eq(wait(BW_YES, 20), LIFECYCLE_NONE);
    (void)wait(BW_NO, 5);
    aboard(14, 14);
    cr_expect_eq(wait(BW_YES, 20), LIFECYCLE_NONE, "and when the door opens again");
    (void)drive(BW_NO, 3, 1);
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    aboard(15, 15);
    cr_expect_eq(wait(BW_YES, 20), LIFECYCLE_RAISE, "the next standing");
}

Test(rule_unapproved_stop, fifty_metres_end_a_standing_whatever_the_doors_say)
{
    place(10);
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 1);
    (void)drive(BW_YES, 10, 5);
    place(200);
    (void)wait(BW_YES, 1);
    cr_expect_eq(rules.unapproved_stop.place, STOP_ELSEWHERE);
    (void)drive(BW_YES, 10, 4);
    cr_expect_eq(rules.unapproved_stop.place, STOP_ELSEWHERE);
    (void)drive(BW_YES, 10, 1);
    cr_expect_eq(rules.unapproved_stop.place, STOP_NOT_LOOKED_UP);
}

/* --- the number --- */

Test(rule_unapproved_stop, standing_in_traffic_with_a_door_open_for_air_is_none)
{
    (void)wait(BW_NO, 60);
    cr_expect_eq(wait(BW_YES, 300), LIFECYCLE_NONE);
    cr_expect_eq(wait(BW_NO, 60), LIFECYCLE_NONE);
}

Test(rule_unapproved_stop, only_a_certain_change_counts)
{
    static const struct {
        uint16_t before_low, before_high, after_low, after_high;
        uint16_t boarded, alighted;
    } rows[] = {
        {10, 10, 11, 11, 1, 0}, {10, 10, 9, 9, 0, 1},   {10, 12, 12, 14, 0, 0}, {10, 12, 13, 14, 1, 0},
        {10, 12, 8, 10, 0, 0},  {10, 12, 8, 9, 0, 1},   {0, 0, 0, 0, 0, 0},     {0, 0, 3, 3, 3, 0},
        {7, 7, 0, 0, 0, 7},     {10, 10, 10, 10, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        aboard(rows[i].before_low, rows[i].before_high);
        (void)wait(BW_NO, 5);
        (void)wait(BW_YES, 5);
        aboard(rows[i].after_low, rows[i].after_high);
        (void)wait(BW_YES, 2);
        const bool changed = rows[i].boarded + rows[i].alighted > 0;
        cr_expect_eq(wait(BW_NO, 12), changed ? LIFECYCLE_RAISE : LIFECYCLE_NONE, "row %zu", i);
        cr_expect_eq(now().evidence.unapproved_stop.boarded, rows[i].boarded, "row %zu", i);
        cr_expect_eq(now().evidence.unapproved_stop.alighted, rows[i].alighted, "row %zu", i);
    }
}

/* With an open door pupils stand up and look out; they have not alighted. */
Test(rule_unapproved_stop, who_is_off_the_seat_has_alighted_only_when_the_doors_are_closed)
{
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    aboard(7, 7);
    cr_expect_eq(wait(BW_YES, 60), LIFECYCLE_NONE);
    cr_expect_eq(wait(BW_UNKNOWN, 5), LIFECYCLE_NONE);
    cr_expect_eq(wait(BW_NO, 10), LIFECYCLE_NONE);
    cr_expect_eq(wait(BW_NO, 1), LIFECYCLE_RAISE);
    cr_expect_eq(now().evidence.unapproved_stop.alighted, 3);
}

Test(rule_unapproved_stop, a_change_must_hold)
{
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    for (int i = 0; i < 10; i++) {
        aboard(11, 11);
        cr_expect_eq(wait(BW_YES, 10), LIFECYCLE_NONE, "flicker %d", i);
        if (i % 2 == 0)
            aboard(10, 10);
        else
            uncounted();
        (void)wait(BW_YES, 1);
    }
    aboard(11, 11);
    cr_expect_eq(wait(BW_YES, 11), LIFECYCLE_RAISE);
}

/* Pupils get up before the stop: what was certain then is less than what was aboard. The bus is closed, so
 * who sat in it is in it. */
Test(rule_unapproved_stop, who_sat_in_the_closed_bus_long_ago_has_not_boarded)
{
    static const int seconds_ago[] = {1, 29, 62, 600};
    for (size_t i = 0; i < sizeof seconds_ago / sizeof seconds_ago[0]; i++) {
        set_up();
        (void)wait(BW_NO, 31);
        aboard(8, 8);
        (void)wait(BW_NO, seconds_ago[i]);
        (void)wait(BW_YES, 5);
        aboard(10, 10);
        cr_expect_eq(wait(BW_YES, 15), LIFECYCLE_NONE, "row %zu", i);
        aboard(11, 11);
        cr_expect_eq(wait(BW_YES, 15), LIFECYCLE_RAISE, "row %zu", i);
    }
}

Test(rule_unapproved_stop, the_least_before_is_that_of_half_a_minute_and_more)
{
    static const struct {
        int seconds_ago;
        bool raised;
    } rows[] = {{1, false}, {29, false}, {62, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        (void)wait(BW_NO, 31);
        aboard(12, 12);
        (void)wait(BW_NO, rows[i].seconds_ago);
        (void)wait(BW_YES, 5);
        aboard(10, 10);
        cr_expect_eq(wait(BW_NO, 15), rows[i].raised ? LIFECYCLE_RAISE : LIFECYCLE_NONE, "row %zu", i);
    }
}

Test(rule_unapproved_stop, a_range_has_two_ends)
{
    (void)wait(BW_NO, 5);
    aboard(12, 14);
    (void)wait(BW_NO, 5);
    aboard(6, 11);
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    cr_expect_eq(rules.unapproved_stop.before.low, 6);
    cr_expect_eq(rules.unapproved_stop.before.high, 14);
}

Test(rule_unapproved_stop, a_number_from_before_an_earlier_opening_is_not_the_one_before)
{
    place(10);
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    aboard(14, 14);
    (void)wait(BW_NO, 2);
    (void)drive(BW_NO, 10, 20);
    place(200);
    (void)wait(BW_YES, 2);
    cr_expect_eq(rules.unapproved_stop.before.low, 14);
    cr_expect_eq(wait(BW_YES, 60), LIFECYCLE_NONE);
}

Test(rule_unapproved_stop, while_nobody_saw_the_doors_anybody_may_have_boarded)
{
    (void)wait(BW_NO, 5);
    (void)wait(BW_UNKNOWN, 1);
    (void)wait(BW_YES, 5);
    aboard(12, 12);
    cr_expect_eq(wait(BW_YES, 15), LIFECYCLE_NONE);
    set_up();
    (void)wait(BW_NO, 5);
    (void)step_after(&rule_unapproved_stop, &rules, &in, 10001);
    aboard(12, 12);
    (void)step_after(&rule_unapproved_stop, &rules, &in, 10001);
    (void)wait(BW_YES, 5);
    cr_expect_eq(rules.unapproved_stop.before.low, 12, "a long silence");
    set_up();
    (void)wait(BW_NO, 5);
    aboard(12, 12);
    (void)step_after(&rule_unapproved_stop, &rules, &in, 10000);
    (void)wait(BW_YES, 5);
    cr_expect_eq(rules.unapproved_stop.before.low, 10, "a short one");
}

Test(rule_unapproved_stop, a_door_that_closes_and_opens_again_is_one_standing)
{
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    aboard(11, 11);
    (void)wait(BW_YES, 2);
    (void)wait(BW_NO, 2);
    aboard(12, 12);
    cr_expect_eq(wait(BW_YES, 10), LIFECYCLE_RAISE);
    cr_expect_eq(now().evidence.unapproved_stop.boarded, 2, "since the first opening");
    cr_expect_eq(now().evidence.unapproved_stop.door_open_ms, 15000U);
    aboard(14, 14);
    (void)wait(BW_YES, 5);
    cr_expect_eq(now().evidence.unapproved_stop.boarded, 2, "with an open door one who changes seats is two");
    (void)wait(BW_NO, 1);
    cr_expect_eq(now().evidence.unapproved_stop.boarded, 4);
    aboard(13, 13);
    (void)wait(BW_NO, 1);
    cr_expect_eq(now().evidence.unapproved_stop.boarded, 4, "the peak");
}

Test(rule_unapproved_stop, the_number_is_watched_while_it_settles_after_driving_on)
{
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    (void)wait(BW_NO, 2);
    aboard(11, 11);
    cr_expect_eq(drive(BW_NO, 10, 10), LIFECYCLE_NONE);
    cr_expect_eq(drive(BW_NO, 10, 1), LIFECYCLE_RAISE);
    cr_expect_eq(drive(BW_NO, 10, 1), LIFECYCLE_END);
    cr_expect_eq(drive(BW_NO, 10, 60), LIFECYCLE_NONE);
}

Test(rule_unapproved_stop, the_watch_ends_twenty_seconds_after_the_door_closed)
{
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    (void)wait(BW_NO, 20);
    cr_expect_eq(rules.unapproved_stop.place, STOP_ELSEWHERE);
    (void)wait(BW_NO, 1);
    cr_expect_eq(rules.unapproved_stop.place, STOP_NOT_LOOKED_UP);
    aboard(11, 11);
    cr_expect_eq(wait(BW_NO, 60), LIFECYCLE_NONE);
}

/* --- when nobody can count --- */

Test(rule_unapproved_stop, a_door_that_stands_open_uncounted_is_a_notice)
{
    uncounted();
    (void)wait(BW_NO, 5);
    cr_expect_eq(wait(BW_YES, 20), LIFECYCLE_NONE);
    cr_expect_eq(wait(BW_YES, 1), LIFECYCLE_RAISE);
    cr_expect_eq(now().severity, BW_NOTICE);
    cr_expect_eq(now().evidence.unapproved_stop.boarded, 0);
    cr_expect_eq(now().evidence.unapproved_stop.alighted, 0);
    cr_expect_eq(now().evidence.unapproved_stop.door_open_ms, 20000U);
}

Test(rule_unapproved_stop, unknown_before_or_after_is_uncounted)
{
    uncounted();
    (void)wait(BW_NO, 5);
    aboard(10, 10);
    cr_expect_eq(wait(BW_YES, 21), LIFECYCLE_RAISE, "before");
    set_up();
    (void)wait(BW_NO, 5);
    uncounted();
    cr_expect_eq(wait(BW_YES, 21), LIFECYCLE_RAISE, "after");
    set_up();
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 1);
    uncounted();
    cr_expect_eq(wait(BW_YES, 60), LIFECYCLE_NONE, "once they could be counted");
}

Test(rule_unapproved_stop, only_the_time_with_an_open_door_counts)
{
    uncounted();
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 15);
    cr_expect_eq(wait(BW_NO, 10), LIFECYCLE_NONE);
    cr_expect_eq(wait(BW_YES, 6), LIFECYCLE_NONE);
    cr_expect_eq(wait(BW_YES, 1), LIFECYCLE_RAISE);
}

Test(rule_unapproved_stop, a_notice_becomes_an_accusation_when_somebody_can_count)
{
    (void)wait(BW_NO, 5);
    uncounted();
    cr_expect_eq(wait(BW_YES, 21), LIFECYCLE_RAISE);
    aboard(13, 13);
    cr_expect_eq(wait(BW_YES, 11), LIFECYCLE_NONE);
    cr_expect_eq(now().severity, BW_MINOR);
    cr_expect_eq(now().evidence.unapproved_stop.boarded, 3);
    struct bw_alert graver = {.severity = BW_SERIOUS};
    rule_unapproved_stop.describe(&rules, &in, &graver);
    cr_expect_eq(graver.severity, BW_SERIOUS);
}

/* --- its end --- */

Test(rule_unapproved_stop, ends_when_the_bus_drives_on_with_its_doors_not_open)
{
    cr_assert(boarding_is_raised());
    cr_expect_eq(wait(BW_NO, 300), LIFECYCLE_NONE, "standing");
    cr_expect_eq(drive(BW_NO, 2.9, 1), LIFECYCLE_NONE, "creeping");
    cr_expect_eq(drive(BW_YES, 3, 1), LIFECYCLE_NONE, "with an open door");
    cr_expect_eq(drive(BW_NO, NAN, 1), LIFECYCLE_NONE, "nobody knows");
    cr_expect_eq(drive(BW_NO, 3, 1), LIFECYCLE_END);
    cr_expect_eq(now().evidence.unapproved_stop.boarded, 2);
}

Test(rule_unapproved_stop, ends_after_fifty_metres)
{
    cr_assert(boarding_is_raised());
    cr_expect_eq(drive(BW_YES, 10, 4), LIFECYCLE_NONE);
    cr_expect_eq(drive(BW_YES, 10, 1), LIFECYCLE_END);
}

Test(rule_unapproved_stop, is_raised_once_a_standing_and_again_at_the_next)
{
    cr_assert(boarding_is_raised());
    (void)wait(BW_NO, 30);
    aboard(15, 15);
    cr_expect_eq(wait(BW_YES, 60), LIFECYCLE_NONE);
    (void)wait(BW_NO, 5);
    cr_expect_eq(drive(BW_NO, 10, 40), LIFECYCLE_END);
    (void)wait(BW_YES, 5);
    aboard(16, 16);
    cr_expect_eq(wait(BW_YES, 11), LIFECYCLE_RAISE);
    cr_expect_eq(now().evidence.unapproved_stop.boarded, 1);
}

Test(rule_unapproved_stop, is_kept_for_the_end_of_the_hold_off)
{
    thresholds.raise_hold_off_ms = 60000;
    cr_assert(boarding_is_raised());
    (void)wait(BW_NO, 2);
    cr_expect_eq(drive(BW_NO, 10, 8), LIFECYCLE_END);
    (void)wait(BW_YES, 2);
    aboard(13, 13);
    cr_expect_eq(wait(BW_YES, 20), LIFECYCLE_NONE, "held off");
    cr_expect_eq(drive(BW_NO, 10, 40), LIFECYCLE_RAISE);
    cr_expect_eq(now().evidence.unapproved_stop.boarded, 1);
}

Test(rule_unapproved_stop, wheels_tell_whether_it_stands)
{
    in.cabin.wheel_known = true;
    in.fix.speed_mps = 20;
    cr_assert(boarding_is_raised());
    in.cabin.wheel_mps = 5;
    cr_expect_eq(wait(BW_NO, 1), LIFECYCLE_END);
}

Test(rule_unapproved_stop, graver_or_more_persons_have_grown)
{
    const struct bw_alert before = {.severity = BW_NOTICE};
    struct bw_alert after = before;
    after.evidence.unapproved_stop.door_open_ms = 9;
    cr_expect_not(rule_unapproved_stop.grown(&before, &after));
    after.evidence.unapproved_stop.boarded = 1;
    cr_expect(rule_unapproved_stop.grown(&before, &after));
    after = before;
    after.evidence.unapproved_stop.alighted = 1;
    cr_expect(rule_unapproved_stop.grown(&before, &after));
    after = before;
    after.severity = BW_MINOR;
    cr_expect(rule_unapproved_stop.grown(&before, &after));
}

Test(rule_unapproved_stop, what_was_open_goes_on_with_its_evidence)
{
    static const enum bw_severity severities[] = {BW_NOTICE, BW_MINOR};
    for (size_t i = 0; i < 2; i++) {
        const struct bw_alert open = {
            .kind = BW_UNAPPROVED_STOP,
            .phase = BW_RAISED,
            .severity = severities[i],
            .evidence.unapproved_stop = {.stop_id = "s-9", .boarded = 4, .door_open_ms = 30000}};
        set_up();
        rule_unapproved_stop.resume(&rules, &open);
        cr_expect_eq(wait(BW_YES, 60), LIFECYCLE_NONE, "neither raised again nor lost");
        cr_expect_eq(now().severity, severities[i]);
        cr_expect_str_eq(now().evidence.unapproved_stop.stop_id, "s-9");
        cr_expect_eq(now().evidence.unapproved_stop.boarded, 4);
        cr_expect_eq(now().evidence.unapproved_stop.door_open_ms, 89000U);
        rules.unapproved_stop.open_ms = 5000000000;
        cr_expect_eq(now().evidence.unapproved_stop.door_open_ms, UINT32_MAX);
        cr_expect_eq(drive(BW_NO, 10, 1), LIFECYCLE_END);
    }
}

/* --- to the millisecond and the metre --- */

static enum lifecycle_action after(int64_t passed_ms)
{
    return step_after(&rule_unapproved_stop, &rules, &in, passed_ms);
}

Test(rule_unapproved_stop, a_change_settles_in_ten_seconds_from_when_it_was_seen)
{
    (void)wait(BW_NO, 5);
    aboard(11, 11);
    (void)wait(BW_YES, 1);
    cr_expect_eq(after(9999), LIFECYCLE_NONE, "seen at once");
    cr_expect_eq(after(1), LIFECYCLE_RAISE);
    set_up();
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 1);
    aboard(11, 11);
    (void)wait(BW_YES, 1);
    cr_expect_eq(after(9999), LIFECYCLE_NONE, "seen later");
    cr_expect_eq(after(1), LIFECYCLE_RAISE);
}

Test(rule_unapproved_stop, the_watch_is_twenty_seconds_long)
{
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 1);
    (void)wait(BW_NO, 1);
    (void)after(10000);
    (void)after(9999);
    cr_expect_eq(rules.unapproved_stop.place, STOP_ELSEWHERE);
    (void)after(1);
    cr_expect_eq(rules.unapproved_stop.place, STOP_NOT_LOOKED_UP);
}

/* Eight are aboard, then ten: how long the eight are remembered. */
static void expect_half_minutes(void)
{
    const struct rule_unapproved_stop *rule = &rules.unapproved_stop;
    aboard(8, 8);
    (void)after(0);
    aboard(10, 10);
    for (int i = 0; i < 3; i++)
        (void)after(9999);
    (void)after(2);
    cr_expect_not(rule->older.known, "29.999 s");
    (void)after(1);
    cr_expect_eq(rule->older.low, 8, "30 s");
    cr_expect_eq(rule->recent.low, 10);
    for (int i = 0; i < 3; i++)
        (void)after(9999);
    (void)after(2);
    cr_expect_eq(rule->older.low, 8, "59.999 s");
    (void)after(1);
    cr_expect_eq(rule->older.low, 10, "60 s");
}

Test(rule_unapproved_stop, the_number_before_is_remembered_by_half_minutes)
{
    expect_half_minutes();
    (void)wait(BW_NO, 7);
    in.cabin.door_open = BW_UNKNOWN;
    (void)after(0);
    in.cabin.door_open = BW_NO;
    expect_half_minutes();
}

Test(rule_unapproved_stop, ten_metres_are_another_place)
{
    static const struct {
        double speed_mps;
        enum stop_place place;
    } rows[] = {{1.999, STOP_APPROVED}, {2, STOP_ELSEWHERE}};
    for (size_t i = 0; i < 2; i++) {
        set_up();
        place(10);
        (void)wait(BW_YES, 1);
        place(200);
        (void)drive(BW_YES, rows[i].speed_mps, 5);
        (void)wait(BW_YES, 1);
        cr_expect_eq(rules.unapproved_stop.place, rows[i].place, "row %zu", i);
    }
}

Test(rule_unapproved_stop, fifty_metres_are_another_standing)
{
    (void)wait(BW_YES, 1);
    (void)drive(BW_YES, 9.999, 5);
    cr_expect_eq(rules.unapproved_stop.place, STOP_ELSEWHERE);
    set_up();
    (void)wait(BW_YES, 1);
    (void)drive(BW_YES, 10, 5);
    cr_expect_eq(rules.unapproved_stop.place, STOP_NOT_LOOKED_UP);
}

Test(rule_unapproved_stop, a_bus_at_one_and_a_half_metres_a_second_moves)
{
    (void)drive(BW_YES, 1.5, 1);
    cr_expect_eq(rules.unapproved_stop.place, STOP_NOT_LOOKED_UP);
    place(10);
    (void)wait(BW_YES, 1);
    place(200);
    (void)drive(BW_YES, 1.5, 7);
    (void)wait(BW_YES, 1);
    cr_expect_eq(rules.unapproved_stop.place, STOP_ELSEWHERE);
}

Test(rule_unapproved_stop, each_standing_is_judged_by_itself)
{
    (void)wait(BW_NO, 5);
    (void)wait(BW_YES, 5);
    (void)wait(BW_NO, 25);
    uncounted();
    cr_expect_eq(wait(BW_YES, 21), LIFECYCLE_RAISE, "that they could be counted before is no matter");
    set_up();
    uncounted();
    (void)wait(BW_YES, 15);
    (void)wait(BW_NO, 25);
    cr_expect_eq(wait(BW_YES, 20), LIFECYCLE_NONE, "nor how long a door was open before");
}

Test(rule_unapproved_stop, of_stops_as_near_the_first_is_named_and_of_others_none)
{
    place(11000);
    cr_assert(boarding_is_raised(), "what lies behind the last stop is none");
    stops[1] = stops[0];
    stops[1].stop_id[2] = '2';
    licence.n_stops = 2;
    cr_assert(boarding_is_raised());
    cr_expect_str_eq(now().evidence.unapproved_stop.stop_id, "s-1");
}
