/* TAMPER by itself, each sign at its limits (docs/rules.md; drives are in rules_cabin.c). */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/fixture_rule.h"

static const struct bw_thresholds waits = {.tamper_hold_ms = 5000, .no_fix_hold_ms = 300000};
static const int64_t UTC_MS = 1789425600000;
static struct inputs in;
static struct rules rules;

/* A bus that stands in good health, by its wheels and by its receiver. */
static void set_up(void)
{
    rules = (struct rules){0};
    in = (struct inputs){.thresholds = &waits,
                         .mono_ms = 1000,
                         .utc_ms = UTC_MS + 1000,
                         .clock = BW_CLOCK_GNSS,
                         .new_fix = true,
                         .seen_fix = true,
                         .has_fix = true,
                         .step_s = 1,
                         .fix.position = {29.1, 121.03, 4},
                         .place = corridor_place(29.1, 121.03),
                         .cabin = {.main_power = BW_YES, .antenna_ok = BW_YES, .wheel_known = true}};
}
TestSuite(rule_tamper, .init = set_up);

static enum lifecycle_action after(int64_t passed_ms)
{
    in.utc_ms += passed_ms;
    return step_after(&rule_tamper, &rules, &in, passed_ms);
}

/* In steps of a second, as the agent ticks. */
static enum lifecycle_action after_seconds(int seconds)
{
    enum lifecycle_action action = LIFECYCLE_NONE;
    for (int i = 0; i < seconds && action == LIFECYCLE_NONE; i++)
        action = after(1000);
    return action;
}

static struct bw_evidence_tamper evidence(void)
{
    return described(&rule_tamper, &rules, &in).evidence.tamper;
}

static enum bw_severity severity(void)
{
    return described(&rule_tamper, &rules, &in).severity;
}

Test(rule_tamper, a_bus_in_good_health_or_of_which_nothing_is_known_shows_no_sign)
{
    cr_expect_eq(after_seconds(2000), LIFECYCLE_NONE);
    in = (struct inputs){.thresholds = &waits};
    cr_expect_eq(after_seconds(2000), LIFECYCLE_NONE);
}

/* --- POWER_CUT, ANTENNA --- */

static enum bw_tri *const wires[] = {&in.cabin.main_power, &in.cabin.antenna_ok};
static const enum bw_tamper signs[] = {BW_TAMPER_POWER_CUT, BW_TAMPER_ANTENNA};

Test(rule_tamper, a_wire_is_cut_when_it_is_gone_for_the_hold_and_mended_after_a_minute)
{
    for (size_t i = 0; i < 2; i++) {
        set_up();
        cr_expect_eq(after(1000), LIFECYCLE_NONE);
        *wires[i] = BW_NO;
        cr_expect_eq(after(1000), LIFECYCLE_NONE);
        cr_expect_eq(after(4999), LIFECYCLE_NONE);
        cr_expect_eq(after(1), LIFECYCLE_RAISE);
        cr_expect_eq(evidence().tamper, signs[i]);
        cr_expect_eq(evidence().for_ms, 5000U);
        cr_expect_eq(severity(), BW_NOTICE, "standing");
        cr_expect_eq(after_seconds(100), LIFECYCLE_NONE);
        cr_expect_eq(evidence().for_ms, 105000U);
        *wires[i] = BW_YES;
        cr_expect_eq(after(1000), LIFECYCLE_NONE);
        cr_expect_eq(after(59999), LIFECYCLE_NONE);
        cr_expect_eq(after(1), LIFECYCLE_END);
        cr_expect_eq(evidence().tamper, signs[i]);
        cr_expect_eq(evidence().for_ms, 105000U, "as long as it was cut");
    }
}

Test(rule_tamper, a_wire_that_flickers_or_tells_nothing_for_a_while_was_not_cut)
{
    static const enum bw_tri between[] = {BW_YES, BW_UNKNOWN};
    for (size_t wire = 0; wire < 2; wire++)
        for (size_t i = 0; i < 2; i++) {
            set_up();
            for (int n = 0; n < 10; n++) {
                *wires[wire] = BW_NO;
                cr_expect_eq(after_seconds(5), LIFECYCLE_NONE);
                *wires[wire] = between[i];
                cr_expect_eq(after_seconds(1), LIFECYCLE_NONE);
            }
        }
}

Test(rule_tamper, a_cut_wire_that_tells_no_more_is_not_mended)
{
    for (size_t i = 0; i < 2; i++) {
        set_up();
        *wires[i] = BW_NO;
        cr_expect_eq(after_seconds(6), LIFECYCLE_RAISE);
        *wires[i] = BW_UNKNOWN;
        cr_expect_eq(after_seconds(600), LIFECYCLE_NONE);
        cr_expect_eq(evidence().for_ms, 5000U, "as far as is known");
        *wires[i] = BW_NO;
        cr_expect_eq(after_seconds(2), LIFECYCLE_NONE);
        cr_expect_eq(evidence().for_ms, 6000U);
        *wires[i] = BW_YES;
        cr_expect_eq(after_seconds(61), LIFECYCLE_END);
        cr_expect_eq(after_seconds(600), LIFECYCLE_NONE);
    }
}

Test(rule_tamper, what_nobody_watched_is_no_time)
{
    in.cabin.main_power = BW_NO;
    (void)after(0);
    cr_expect_eq(after(10001), LIFECYCLE_NONE);
    cr_expect_eq(after(10000), LIFECYCLE_RAISE);
}

Test(rule_tamper, driving_on_with_a_cut_wire_is_a_violation)
{
    static const struct {
        size_t wire;
        enum bw_tri whole;
        double wheel_mps;
        enum bw_severity severity;
    } rows[] = {
        {0, BW_NO, 2.99, BW_NOTICE}, {0, BW_NO, 3, BW_MINOR},        {1, BW_NO, 3, BW_MINOR},
        {1, BW_NO, 2.99, BW_NOTICE}, {0, BW_UNKNOWN, 10, BW_NOTICE}, {1, BW_YES, 10, BW_NOTICE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        *wires[rows[i].wire] = BW_NO;
        cr_expect_eq(after_seconds(6), LIFECYCLE_RAISE);
        *wires[rows[i].wire] = rows[i].whole;
        in.cabin.wheel_mps = rows[i].wheel_mps;
        (void)after(1000);
        (void)after(9999);
        cr_expect_eq(severity(), BW_NOTICE, "row %zu: not for long enough", i);
        (void)after(1);
        cr_expect_eq(severity(), rows[i].severity, "row %zu", i);
        in.cabin.wheel_mps = 0;
        (void)after(1000);
        cr_expect_eq(severity(), rows[i].severity, "row %zu: it does not fall", i);
    }
}

Test(rule_tamper, towed_with_the_ignition_off_or_moved_for_a_moment_it_is_not_driven)
{
    in.cabin.main_power = BW_NO;
    in.cabin.wheel_mps = 10;
    in.cabin.ignition_on = BW_NO;
    (void)after_seconds(100);
    cr_expect_eq(severity(), BW_NOTICE);
    in.cabin.ignition_on = BW_UNKNOWN;
    for (int i = 0; i < 10; i++) {
        in.cabin.wheel_mps = 10;
        (void)after_seconds(9);
        in.cabin.wheel_mps = 0;
        (void)after(1000);
    }
    cr_expect_eq(severity(), BW_NOTICE);
    in.cabin.wheel_mps = 10;
    (void)after_seconds(11);
    cr_expect_eq(severity(), BW_MINOR);
}

Test(rule_tamper, ten_seconds_of_driving_are_counted_from_the_cut)
{
    in.cabin.main_power = BW_NO;
    in.cabin.wheel_mps = 10;
    (void)after(0);
    cr_expect_eq(after(5000), LIFECYCLE_RAISE);
    (void)after(9999);
    cr_expect_eq(severity(), BW_NOTICE);
    (void)after(1);
    cr_expect_eq(severity(), BW_MINOR);
}

Test(rule_tamper, the_drive_before_the_next_alert_does_not_count)
{
    in.cabin.main_power = BW_NO;
    in.cabin.wheel_mps = 10;
    (void)after_seconds(9);
    in.cabin.main_power = BW_YES;
    cr_expect_eq(after_seconds(61), LIFECYCLE_END);
    in.cabin.main_power = BW_NO;
    cr_expect_eq(after_seconds(6), LIFECYCLE_RAISE);
    cr_expect_eq(severity(), BW_NOTICE);
}

Test(rule_tamper, the_next_alert_begins_anew)
{
    in.cabin.antenna_ok = BW_NO;
    in.cabin.wheel_mps = 10;
    cr_expect_eq(after_seconds(6), LIFECYCLE_RAISE);
    (void)after_seconds(10);
    cr_expect_eq(severity(), BW_MINOR);
    in.cabin.antenna_ok = BW_YES;
    cr_expect_eq(after_seconds(61), LIFECYCLE_END);
    cr_expect_eq(severity(), BW_MINOR, "as it ends");
    in.cabin.wheel_mps = 0;
    in.cabin.antenna_ok = BW_NO;
    cr_expect_eq(after_seconds(6), LIFECYCLE_RAISE);
    cr_expect_eq(severity(), BW_NOTICE);
    cr_expect_eq(evidence().for_ms, 5000U);
}

/* --- JAMMED --- */

/* Without a position by day and by night. */
static void go_blind(double wheel_mps)
{
    in.has_fix = in.new_fix = false;
    in.cabin.wheel_mps = wheel_mps;
}

Test(rule_tamper, twenty_five_kilometres_and_five_minutes_by_the_wheels_without_a_position_are_no_tunnel)
{
    static const struct {
        double wheel_mps;
        int seconds; /* and no more are no sign yet */
    } rows[] = {{20, 1250}, {5, 5000}, {90, 300}, {25, 1000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        go_blind(rows[i].wheel_mps);
        (void)after(0);
        cr_expect_eq(after_seconds(rows[i].seconds), LIFECYCLE_NONE, "row %zu", i);
        cr_expect_eq(after(1), LIFECYCLE_RAISE, "row %zu", i);
        cr_expect_eq(evidence().tamper, BW_TAMPER_JAMMED);
        cr_expect_eq(evidence().for_ms, 1000U * (unsigned)rows[i].seconds + 1, "row %zu", i);
        cr_expect_float_eq(evidence().moved_m, rows[i].wheel_mps * rows[i].seconds, 0.1, "row %zu", i);
        cr_expect_eq(severity(), BW_NOTICE);
    }
}

Test(rule_tamper, wheels_that_stand_creep_or_are_not_known_are_no_way)
{
    go_blind(4.99);
    cr_expect_eq(after_seconds(10000), LIFECYCLE_NONE);
    go_blind(20);
    in.cabin.wheel_known = false;
    cr_expect_eq(after_seconds(10000), LIFECYCLE_NONE);
    in.cabin.wheel_mps = NAN;
    cr_expect_eq(after_seconds(10000), LIFECYCLE_NONE);
    in.cabin.wheel_known = true;
    in.cabin.wheel_mps = 20;
    cr_expect_eq(after_seconds(1251), LIFECYCLE_NONE);
    cr_expect_eq(after_seconds(2), LIFECYCLE_RAISE, "only now, and stops belong to the way");
}

Test(rule_tamper, a_position_between_two_tunnels_begins_the_way_and_its_time_anew)
{
    static const double wheels_mps[] = {20, 90, 20};
    static const int seconds[] = {1250, 300, 1250};
    for (size_t i = 0; i < 3; i++) {
        go_blind(wheels_mps[i]);
        cr_expect_eq(after_seconds(1 + seconds[i]), LIFECYCLE_NONE, "tunnel %zu", i);
        in.has_fix = true;
        cr_expect_eq(after_seconds(1), LIFECYCLE_NONE);
    }
    go_blind(90);
    cr_expect_eq(after_seconds(301), LIFECYCLE_NONE);
    cr_expect_eq(after(1), LIFECYCLE_RAISE);
    cr_expect_eq(evidence().for_ms, 300001U);
}

Test(rule_tamper, a_jammed_vehicle_is_one_until_a_position_is_there_for_a_minute)
{
    go_blind(20);
    cr_expect_eq(after_seconds(1300), LIFECYCLE_RAISE);
    go_blind(0);
    cr_expect_eq(after_seconds(3000), LIFECYCLE_NONE, "parked");
    in.has_fix = true;
    cr_expect_eq(after_seconds(60), LIFECYCLE_NONE);
    cr_expect_eq(after_seconds(1), LIFECYCLE_END);
    cr_expect_float_eq(evidence().moved_m, 25020, 1);
    go_blind(20);
    cr_expect_eq(after_seconds(700), LIFECYCLE_NONE, "another tunnel");
}

/* --- POSITION --- */

/* The position goes aside by so much in one step. */
static enum lifecycle_action jump(double moved_m, double step_s)
{
    in.step_m = moved_m;
    in.step_s = step_s;
    const enum lifecycle_action action = after(isnan(step_s) ? 0 : (int64_t)(step_s * 1000));
    in.step_m = 0;
    in.step_s = 1;
    return action;
}

Test(rule_tamper, three_jumps_within_ten_minutes_that_no_vehicle_can_make)
{
    static const struct {
        double moved_m, step_s;
        enum lifecycle_action third;
    } rows[] = {
        {1001, 1, LIFECYCLE_RAISE},    {1000, 1, LIFECYCLE_NONE},
        {1001, 10, LIFECYCLE_RAISE},   {1001, 11, LIFECYCLE_NONE},
        {20000, 199, LIFECYCLE_RAISE}, {20000, 200, LIFECYCLE_NONE},
        {1001, 0, LIFECYCLE_RAISE},    {NAN, NAN, LIFECYCLE_NONE},
        {400, 4, LIFECYCLE_NONE}, /* Munich: 380 km/h, by some hundred metres */
        {105, 1, LIFECYCLE_NONE},      {900000, 36000, LIFECYCLE_NONE}, /* by train in the night */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        (void)after(0);
        cr_expect_eq(jump(rows[i].moved_m, rows[i].step_s), LIFECYCLE_NONE, "row %zu", i);
        cr_expect_eq(jump(rows[i].moved_m, rows[i].step_s), LIFECYCLE_NONE, "row %zu", i);
        cr_expect_eq(jump(rows[i].moved_m, rows[i].step_s), rows[i].third, "row %zu", i);
    }
}

Test(rule_tamper, jumps_are_counted_within_ten_minutes_of_the_first_of_three)
{
    static const struct {
        int between_s[3];
        enum lifecycle_action fourth;
    } rows[] = {
        {{299, 299, 1}, LIFECYCLE_NONE}, /* raised with the third */
        {{400, 201, 1}, LIFECYCLE_RAISE},
        {{400, 201, 399}, LIFECYCLE_NONE},
        {{599, 599, 599}, LIFECYCLE_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        enum lifecycle_action action = jump(5000, 1);
        for (size_t n = 0; n < 3; n++) {
            cr_expect_eq(after_seconds(rows[i].between_s[n]), LIFECYCLE_NONE, "row %zu", i);
            action = jump(5000, 1);
            if (n == 1)
                cr_expect_eq(action, i == 0 ? LIFECYCLE_RAISE : LIFECYCLE_NONE, "row %zu", i);
        }
        cr_expect_eq(action, rows[i].fourth, "row %zu", i);
    }
    set_up();
    (void)jump(5000, 1);
    (void)after_seconds(299);
    (void)jump(5000, 1);
    (void)after_seconds(299);
    (void)after(1);
    cr_expect_eq(jump(7000, 1), LIFECYCLE_NONE, "600.001 s after the first");
    set_up();
    (void)jump(5000, 1);
    (void)after_seconds(299);
    (void)jump(5000, 1);
    (void)after_seconds(299);
    in.step_m = 7000;
    cr_expect_eq(after(1000), LIFECYCLE_RAISE, "600 s after the first");
    cr_expect_eq(evidence().tamper, BW_TAMPER_POSITION);
    cr_expect_float_eq(evidence().moved_m, 7000, 0.1);
    cr_expect_eq(severity(), BW_NOTICE);
}

Test(rule_tamper, only_a_new_fix_can_jump)
{
    in.new_fix = false;
    for (int i = 0; i < 10; i++)
        cr_expect_eq(jump(5000, 1), LIFECYCLE_NONE);
}

Test(rule_tamper, jumps_end_ten_minutes_after_the_last)
{
    for (int i = 0; i < 3; i++)
        (void)jump(5000, 1);
    cr_expect_eq(evidence().for_ms, 0U);
    cr_expect_eq(after_seconds(300), LIFECYCLE_NONE);
    (void)jump(6000, 1);
    cr_expect_eq(evidence().for_ms, 301000U);
    cr_expect_float_eq(evidence().moved_m, 6000, 0.1, "the last one");
    cr_expect_eq(after(539999), LIFECYCLE_NONE);
    cr_expect_eq(after(1), LIFECYCLE_NONE);
    cr_expect_eq(after(59999), LIFECYCLE_NONE);
    cr_expect_eq(after(1), LIFECYCLE_END);
    for (int i = 0; i < 3; i++)
        (void)jump(5000, 1);
    cr_expect_eq(evidence().for_ms, 0U, "another sign");
}

/* The position goes east at so many metres a second. */
static enum lifecycle_action carried(double mps, int seconds)
{
    enum lifecycle_action action = LIFECYCLE_NONE;
    for (int i = 0; i < seconds && action == LIFECYCLE_NONE; i++) {
        in.fix.position.lon_deg += mps / in.place.lon_m;
        action = after(1000);
    }
    return action;
}

Test(rule_tamper, a_position_that_is_carried_away_from_standing_wheels_for_three_minutes)
{
    (void)after(1000);
    cr_expect_eq(carried(6, 179), LIFECYCLE_NONE);
    cr_expect_eq(carried(6, 1), LIFECYCLE_RAISE);
    cr_expect_eq(evidence().tamper, BW_TAMPER_POSITION);
    cr_expect_float_eq(evidence().moved_m, 360, 1);
}

Test(rule_tamper, a_position_is_carried_by_latitude_as_well_and_over_the_antimeridian)
{
    (void)after(1000);
    enum lifecycle_action action = LIFECYCLE_NONE;
    for (int i = 0; i < 180; i++) {
        in.fix.position.lat_deg -= 6 / in.place.lat_m;
        action = after(1000);
    }
    cr_expect_eq(action, LIFECYCLE_RAISE);
    set_up();
    in.fix.position.lon_deg = 179.9999;
    (void)after(1000);
    in.fix.position.lon_deg = -179.9999;
    for (int i = 0; i < 300; i++) {
        in.fix.position.lon_deg = -in.fix.position.lon_deg;
        cr_expect_eq(after(1000), LIFECYCLE_NONE);
    }
}

Test(rule_tamper, drift_a_reflection_and_a_ferry_that_is_slow_carry_nothing_away)
{
    cr_expect_eq(carried(4.9, 3000), LIFECYCLE_NONE);
    for (int i = 0; i < 30; i++) {
        in.fix.position.lat_deg += 0.005; /* 550 m aside for 20 s */
        cr_expect_eq(after_seconds(20), LIFECYCLE_NONE);
        in.fix.position.lat_deg -= 0.005;
        cr_expect_eq(after_seconds(40), LIFECYCLE_NONE);
    }
}

Test(rule_tamper, carried_away_is_more_than_300_m_a_minute)
{
    static const struct {
        double moved_m;
        enum lifecycle_action third;
    } rows[] = {{299.8, LIFECYCLE_NONE}, {300.2, LIFECYCLE_RAISE}};
    for (size_t i = 0; i < 2; i++) {
        set_up();
        (void)after(1000);
        for (int minute = 1; minute <= 3; minute++) {
            in.fix.position.lon_deg += rows[i].moved_m / in.place.lon_m;
            cr_expect_eq(after(60000), minute == 3 ? rows[i].third : LIFECYCLE_NONE, "row %zu", i);
        }
    }
}

/* Where it is in between, further each time, is never looked at. */
Test(rule_tamper, a_position_is_measured_once_a_minute)
{
    const double lat_deg = in.fix.position.lat_deg;
    (void)after(1000);
    for (int i = 1; i <= 5; i++) {
        in.fix.position.lat_deg = lat_deg + 0.005 * i;
        cr_expect_eq(after(59999), LIFECYCLE_NONE);
        in.fix.position.lat_deg = lat_deg;
        cr_expect_eq(after(1), LIFECYCLE_NONE);
    }
}

/* In a garage: what is found again some hundred metres aside was not carried there in a minute. */
Test(rule_tamper, without_a_fix_nothing_is_measured)
{
    (void)after(1000);
    for (int i = 0; i < 5; i++) {
        in.new_fix = in.has_fix = false;
        cr_expect_eq(after_seconds(180), LIFECYCLE_NONE);
        in.new_fix = in.has_fix = true;
        in.fix.position.lat_deg += 0.005;
        cr_expect_eq(after(1000), LIFECYCLE_NONE);
    }
}

Test(rule_tamper, a_minute_is_measured_as_long_as_it_was)
{
    (void)after(1000);
    for (int i = 0; i < 20; i++) {
        in.fix.position.lon_deg += 340 / in.place.lon_m;
        cr_expect_eq(after(70000), LIFECYCLE_NONE);
    }
}

Test(rule_tamper, wheels_that_turn_as_fast_or_are_not_known_contradict_no_position)
{
    in.cabin.wheel_mps = 12.6; /* 5 m/s short of the position's 20, with a fifth allowed for the tyres */
    cr_expect_eq(carried(20, 600), LIFECYCLE_NONE);
    in.cabin.wheel_mps = NAN;
    cr_expect_eq(carried(20, 600), LIFECYCLE_NONE);
    in.cabin.wheel_mps = 0;
    in.cabin.wheel_known = false;
    cr_expect_eq(carried(20, 600), LIFECYCLE_NONE);
    in.cabin.wheel_known = true;
    in.cabin.wheel_mps = 0.5;
    cr_expect_eq(carried(20, 181), LIFECYCLE_RAISE);
}

/* Stops of less than a minute, on a drive; and one that begins in a tunnel. */
Test(rule_tamper, a_stand_is_measured_from_its_own_first_fix)
{
    for (int i = 0; i < 20; i++) {
        in.cabin.wheel_mps = 20;
        cr_expect_eq(carried(20, 60), LIFECYCLE_NONE);
        in.cabin.wheel_mps = 0;
        cr_expect_eq(after_seconds(30), LIFECYCLE_NONE);
    }
    for (int i = 0; i < 20; i++) {
        in.cabin.wheel_mps = 0;
        in.new_fix = true;
        cr_expect_eq(after_seconds(5), LIFECYCLE_NONE);
        in.new_fix = false;
        in.cabin.wheel_mps = 20;
        cr_expect_eq(carried(20, 100), LIFECYCLE_NONE);
    }
}

Test(rule_tamper, a_jump_at_a_stand_counts_once)
{
    (void)after_seconds(10);
    for (int i = 0; i < 2; i++) {
        in.fix.position.lat_deg += 0.05;
        cr_expect_eq(jump(5500, 1), LIFECYCLE_NONE);
        cr_expect_eq(after_seconds(100), LIFECYCLE_NONE);
    }
    in.fix.position.lat_deg += 0.05;
    cr_expect_eq(jump(5500, 1), LIFECYCLE_RAISE);
}

/* --- CLOCK --- */

Test(rule_tamper, the_receivers_time_goes_back_by_more_than_a_minute)
{
    static const struct {
        int64_t back_ms;
        enum lifecycle_action action;
    } rows[] = {{60000, LIFECYCLE_NONE}, {60001, LIFECYCLE_RAISE}, {86400000, LIFECYCLE_RAISE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        cr_expect_eq(after(0), LIFECYCLE_NONE);
        in.utc_ms -= rows[i].back_ms;
        cr_expect_eq(after(0), rows[i].action, "row %zu", i);
        if (rows[i].action == LIFECYCLE_NONE)
            continue;
        cr_expect_eq(evidence().tamper, BW_TAMPER_CLOCK);
        cr_expect_eq(evidence().for_ms, (uint32_t)rows[i].back_ms);
        cr_expect_eq(severity(), BW_NOTICE);
    }
    set_up();
    (void)after(0);
    in.utc_ms -= INT64_C(5000000000);
    (void)after(0);
    cr_expect_eq(evidence().for_ms, UINT32_MAX, "as far as evidence can say");
}

Test(rule_tamper, going_back_little_by_little_is_going_back)
{
    (void)after(0);
    for (int i = 0; i < 3; i++) {
        in.utc_ms -= 20000;
        cr_expect_eq(after(0), LIFECYCLE_NONE);
    }
    in.utc_ms -= 20000;
    cr_expect_eq(after(0), LIFECYCLE_RAISE);
    cr_expect_eq(evidence().for_ms, 80000U);
    set_up();
    (void)after(0);
    int steps = 1;
    for (in.utc_ms--; after(0) == LIFECYCLE_NONE && steps < 70000; in.utc_ms--)
        steps++;
    cr_expect_eq(steps, 60001);
}

Test(rule_tamper, no_time_goes_back_when_the_receiver_learns_better_or_does_not_tell)
{
    (void)after(0);
    in.utc_ms += 3600000;
    cr_expect_eq(after_seconds(10), LIFECYCLE_NONE, "forward");
    in.utc_ms = 0;
    cr_expect_eq(after(0), LIFECYCLE_NONE, "a fix without a time");
    struct rules rules_then = rules;
    in.utc_ms = 1;
    cr_expect_eq(step_after(&rule_tamper, &rules_then, &in, 0), LIFECYCLE_RAISE, "any time is one");
    in.utc_ms = UTC_MS - 999000000;
    in.clock = BW_CLOCK_SYSTEM;
    cr_expect_eq(after(0), LIFECYCLE_NONE, "the host's clock");
    in.clock = BW_CLOCK_NONE;
    cr_expect_eq(after(0), LIFECYCLE_NONE);
    set_up();
    in.clock = BW_CLOCK_SYSTEM;
    cr_expect_eq(after(0), LIFECYCLE_NONE);
    in.clock = BW_CLOCK_GNSS;
    in.utc_ms -= 86400000;
    cr_expect_eq(after(0), LIFECYCLE_NONE, "the host's clock was a day ahead");
}

/* 200 ppm in three weeks: 6 minutes. */
Test(rule_tamper, a_monotonic_clock_that_runs_fast_is_nobodys_doing)
{
    (void)after(0);
    for (int hour = 0; hour < 21 * 24; hour++) {
        in.utc_ms -= 720;
        cr_expect_eq(after(3600000), LIFECYCLE_NONE, "hour %d", hour);
    }
    in.utc_ms -= 60000;
    cr_expect_eq(after(0), LIFECYCLE_NONE);
    in.utc_ms -= 1;
    cr_expect_eq(after(0), LIFECYCLE_RAISE);
}

Test(rule_tamper, one_that_keeps_time_has_nothing_to_drift)
{
    for (int hour = 0; hour < 21 * 24; hour++)
        cr_expect_eq(after(3600000), LIFECYCLE_NONE);
    in.utc_ms -= 60001;
    cr_expect_eq(after(0), LIFECYCLE_RAISE);
}

Test(rule_tamper, a_clock_that_was_set_back_ends_ten_minutes_later_and_may_be_again)
{
    (void)after(0);
    in.utc_ms -= 100000;
    cr_expect_eq(after(0), LIFECYCLE_RAISE);
    cr_expect_eq(after_seconds(599), LIFECYCLE_NONE);
    in.utc_ms -= 100000;
    cr_expect_eq(after(0), LIFECYCLE_NONE);
    cr_expect_eq(after(539999), LIFECYCLE_NONE);
    cr_expect_eq(after(1), LIFECYCLE_NONE);
    cr_expect_eq(after(59999), LIFECYCLE_NONE);
    cr_expect_eq(after(1), LIFECYCLE_END);
    in.utc_ms -= 70000;
    cr_expect_eq(after(0), LIFECYCLE_RAISE);
}

/* --- one alert --- */

/* The order of gravity is that of enum bw_tamper. */
Test(rule_tamper, an_alert_names_the_gravest_sign_that_it_has_seen)
{
    static const enum bw_tamper order[] = {BW_TAMPER_CLOCK, BW_TAMPER_POSITION, BW_TAMPER_ANTENNA,
                                           BW_TAMPER_POWER_CUT};
    for (size_t i = 0; i < 4; i++) {
        if (order[i] == BW_TAMPER_CLOCK)
            (void)after(0), in.utc_ms -= 100000;
        else if (order[i] == BW_TAMPER_POSITION)
            for (int n = 0; n < 3; n++)
                (void)jump(5000, 1);
        else
            *wires[order[i] == BW_TAMPER_ANTENNA] = BW_NO;
        const enum lifecycle_action action = after_seconds(6);
        cr_expect_eq(action, i == 0 ? LIFECYCLE_RAISE : LIFECYCLE_NONE, "row %zu", i);
        cr_expect_eq(evidence().tamper, order[i], "row %zu", i);
    }
    in.cabin.main_power = BW_YES;
    (void)after_seconds(10);
    cr_expect_eq(evidence().tamper, BW_TAMPER_POWER_CUT, "the antenna is still cut");
    cr_expect_eq(evidence().for_ms, 5000U);
}

Test(rule_tamper, jammed_is_graver_than_a_clock_and_lighter_than_an_antenna)
{
    go_blind(20);
    cr_expect_eq(after_seconds(900), LIFECYCLE_NONE);
    in.utc_ms -= 100000;
    cr_expect_eq(after(0), LIFECYCLE_RAISE);
    cr_expect_eq(after_seconds(300), LIFECYCLE_NONE);
    cr_expect_eq(evidence().tamper, BW_TAMPER_CLOCK);
    cr_expect_eq(after_seconds(200), LIFECYCLE_NONE);
    cr_expect_eq(evidence().tamper, BW_TAMPER_JAMMED);
    in.cabin.antenna_ok = BW_NO;
    cr_expect_eq(after_seconds(6), LIFECYCLE_NONE);
    cr_expect_eq(evidence().tamper, BW_TAMPER_ANTENNA);
}

Test(rule_tamper, has_a_hold_off)
{
    const struct bw_thresholds held = {.tamper_hold_ms = 1, .raise_hold_off_ms = 600000};
    in.thresholds = &held;
    in.cabin.main_power = BW_NO;
    cr_expect_eq(after_seconds(2), LIFECYCLE_RAISE);
    in.cabin.main_power = BW_YES;
    cr_expect_eq(after_seconds(61), LIFECYCLE_END);
    in.cabin.main_power = BW_NO;
    cr_expect_eq(after_seconds(538), LIFECYCLE_NONE);
    cr_expect_eq(after(1000), LIFECYCLE_RAISE);
}

Test(rule_tamper, another_sign_is_worth_an_update)
{
    const struct bw_alert before = {.evidence.tamper = {.tamper = BW_TAMPER_JAMMED}};
    const struct bw_alert same = {.evidence.tamper = {BW_TAMPER_JAMMED, 9, 9, 0}};
    const struct bw_alert other = {.evidence.tamper = {.tamper = BW_TAMPER_ANTENNA}};
    cr_expect_not(rule_tamper.grown(&before, &same));
    cr_expect(rule_tamper.grown(&before, &other));
}

/* --- what was open before --- */

/* Says how long it takes until the alert ends by itself, in seconds; -1 = never. */
static int ends_after(enum bw_tamper tamper)
{
    const struct bw_alert open = {.kind = BW_TAMPER,
                                  .phase = BW_UPDATED,
                                  .severity = BW_MINOR,
                                  .evidence.tamper = {tamper, 400000, 15000, 0}}; /* rounded */
    rules = (struct rules){0};
    rule_tamper.resume(&rules, &open);
    for (int i = 0; i < 2000; i++) {
        const enum lifecycle_action action = after(1000);
        cr_expect_neq(action, LIFECYCLE_RAISE, "sign %d: not raised again", tamper);
        cr_expect_eq(severity(), BW_MINOR);
        cr_expect_eq(evidence().tamper, tamper);
        if (action == LIFECYCLE_END)
            return i + 1;
    }
    return -1;
}

Test(rule_tamper, what_was_open_goes_on_and_ends_when_its_sign_does)
{
    cr_expect_eq(ends_after(BW_TAMPER_POWER_CUT), 61);
    cr_expect_eq(ends_after(BW_TAMPER_ANTENNA), 61);
    cr_expect_eq(ends_after(BW_TAMPER_JAMMED), 61);
    cr_expect_eq(ends_after(BW_TAMPER_POSITION), 600);
    cr_expect_eq(ends_after(BW_TAMPER_CLOCK), 600);
    in.cabin.main_power = in.cabin.antenna_ok = BW_UNKNOWN;
    cr_expect_eq(ends_after(BW_TAMPER_POWER_CUT), -1);
    cr_expect_eq(ends_after(BW_TAMPER_ANTENNA), -1);
    go_blind(0);
    cr_expect_eq(ends_after(BW_TAMPER_JAMMED), -1);
}

Test(rule_tamper, what_was_open_goes_on_with_its_evidence)
{
    static const struct {
        enum bw_tamper tamper;
        uint32_t for_ms; /* two seconds later */
        float moved_m;
    } rows[] = {{BW_TAMPER_POWER_CUT, 401000, 0},  {BW_TAMPER_ANTENNA, 401000, 0},
                {BW_TAMPER_JAMMED, 401000, 16020}, {BW_TAMPER_POSITION, 401000, 16000},
                {BW_TAMPER_CLOCK, 400000, 0},      {BW_TAMPER_SEATS_FROZEN, 400000, 16000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct bw_alert open = {.kind = BW_TAMPER,
                                      .phase = BW_RAISED,
                                      .severity = BW_NOTICE,
                                      .evidence.tamper = {rows[i].tamper, 400000, 16000, 0}};
        set_up();
        in.cabin.main_power = in.cabin.antenna_ok = rows[i].tamper <= BW_TAMPER_ANTENNA ? BW_NO : BW_YES;
        if (rows[i].tamper == BW_TAMPER_ANTENNA)
            in.cabin.main_power = BW_YES;
        if (rows[i].tamper == BW_TAMPER_JAMMED)
            go_blind(20);
        rule_tamper.resume(&rules, &open);
        (void)after(1000);
        (void)after(1000);
        cr_expect_eq(evidence().tamper, rows[i].tamper);
        cr_expect_eq(evidence().for_ms, rows[i].for_ms, "row %zu: %u", i, evidence().for_ms);
        cr_expect_float_eq(evidence().moved_m, rows[i].moved_m, 0.1, "row %zu: %g", i,
                           (double)evidence().moved_m);
    }
}

/* --- seats that say that nobody is there, or always the same --- */

static void deny(void)
{
    in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_DEGRADED, 0, 0, 14};
    in.cabin.counted = (struct bw_counted){.known = true, .low = 10, .count = 12, .high = 14};
    in.cabin.wheel_mps = 3;
    in.new_fix = false;
}

Test(rule_tamper, seats_that_say_empty_while_the_doors_counted_many_in_for_a_minute_on_the_road)
{
    deny();
    (void)after(1000);
    cr_expect_eq(after_seconds(58), LIFECYCLE_NONE);
    cr_expect_eq(after(1000), LIFECYCLE_RAISE);
    cr_expect_eq(evidence().tamper, BW_TAMPER_SEATS_EMPTY);
    cr_expect_eq(evidence().persons, 10);
    cr_expect_geq(evidence().for_ms, 59000);
}

Test(rule_tamper, what_does_not_contradict_the_seats_is_no_sign)
{
    for (int row = 0; row < 4; row++) {
        set_up();
        deny();
        if (row == 0)
            in.cabin.occupancy.quality = BW_QUALITY_UNKNOWN;
        else if (row == 1)
            in.cabin.occupancy.count = 1;
        else if (row == 2)
            in.cabin.counted.low = 9;
        else
            in.cabin.wheel_mps = 2.9;
        cr_expect_eq(after_seconds(600), LIFECYCLE_NONE, "row %d", row);
    }
}

Test(rule_tamper, seats_that_speak_again_begin_the_minute_anew)
{
    deny();
    (void)after_seconds(50);
    in.cabin.occupancy.count = 12;
    (void)after(1000);
    in.cabin.occupancy.count = 0;
    cr_expect_eq(after_seconds(59), LIFECYCLE_NONE);
    cr_expect_eq(after_seconds(3), LIFECYCLE_RAISE);
}

Test(rule_tamper, frozen_seats_are_a_sign)
{
    in.cabin.seats_frozen = true;
    cr_expect_eq(after(1000), LIFECYCLE_RAISE);
    cr_expect_eq(evidence().tamper, BW_TAMPER_SEATS_FROZEN);
}
