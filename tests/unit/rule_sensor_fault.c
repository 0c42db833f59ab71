/* SENSOR_FAULT by itself, each input at its limits (docs/rules.md; drives are in rules_cabin.c). */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/fixture_rule.h"

static const struct bw_thresholds waits = {.sensor_fault_hold_ms = 30000, .no_fix_hold_ms = 300000};
static struct inputs in;
static struct rules rules;

/* A bus in use whose sensors all speak. */
static void set_up(void)
{
    rules = (struct rules){0};
    in = (struct inputs){.thresholds = &no_wait,
                         .has_fix = true,
                         .fix.speed_mps = 10,
                         .cabin_heard = true,
                         .cabin = {.occupancy = {BW_QUALITY_GOOD, 10, 10, 10}, .ignition_on = BW_YES}};
}
TestSuite(rule_sensor_fault, .init = set_up);

static enum lifecycle_action after(int64_t passed_ms)
{
    return step_after(&rule_sensor_fault, &rules, &in, passed_ms);
}

/* In steps of a second, as the agent ticks. */
static enum lifecycle_action after_seconds(int seconds)
{
    enum lifecycle_action action = LIFECYCLE_NONE;
    for (int i = 0; i < seconds && action == LIFECYCLE_NONE; i++)
        action = after(1000);
    return action;
}

static struct bw_evidence_sensor_fault evidence(void)
{
    return described(&rule_sensor_fault, &rules, &in).evidence.sensor_fault;
}

static void cabin_is(enum bw_quality quality, uint16_t low, uint16_t high)
{
    in.cabin.occupancy = (struct bw_occupancy){quality, low, low, high};
}

Test(rule_sensor_fault, names_the_gravest)
{
    static const struct {
        bool cabin_heard;
        enum bw_quality quality;
        bool has_fix;
        enum bw_tri violated;
        enum bw_fault fault;
        uint16_t seats_unknown;
    } rows[] = {
        {true, BW_QUALITY_GOOD, true, BW_NO, BW_FAULT_NONE, 0},
        {true, BW_QUALITY_UNKNOWN, true, BW_YES, BW_FAULT_CABIN_SILENT, 0},
        {true, BW_QUALITY_DEGRADED, true, BW_YES, BW_FAULT_SEATS_UNKNOWN, 4},
        {true, BW_QUALITY_GOOD, false, BW_YES, BW_FAULT_NO_FIX, 0},
        {true, BW_QUALITY_DEGRADED, false, BW_YES, BW_FAULT_NO_FIX, 4},
        {true, BW_QUALITY_UNKNOWN, false, BW_YES, BW_FAULT_CABIN_SILENT, 0},
        {false, BW_QUALITY_UNKNOWN, true, BW_NO, BW_FAULT_NONE, 0},
        {false, BW_QUALITY_UNKNOWN, false, BW_YES, BW_FAULT_NO_FIX, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.cabin_heard = rows[i].cabin_heard;
        in.has_fix = rows[i].has_fix;
        if (rows[i].quality != BW_QUALITY_UNKNOWN)
            cabin_is(rows[i].quality, 6, rows[i].quality == BW_QUALITY_GOOD ? 6 : 10);
        else
            cabin_is(rows[i].quality, 0, 0);
        cr_expect_eq(verdict_after(&rule_sensor_fault, in, 10000), rows[i].violated, "row %zu", i);
        (void)after(0);
        cr_expect_eq(evidence().fault, rows[i].fault, "row %zu: %d", i, evidence().fault);
        cr_expect_eq(evidence().seats_unknown, rows[i].seats_unknown, "row %zu", i);
        cr_expect_eq(described(&rule_sensor_fault, &rules, &in).severity, BW_NOTICE);
    }
}

Test(rule_sensor_fault, tells_something_only_while_the_vehicle_is_in_use)
{
    static const struct {
        enum bw_tri ignition_on;
        bool wheel_known;
        double wheel_mps, speed_mps;
        enum bw_tri when_silent, when_good;
    } rows[] = {
        {BW_YES, false, 0, 0, BW_YES, BW_NO},
        {BW_UNKNOWN, false, 0, 3, BW_YES, BW_NO},
        {BW_UNKNOWN, false, 0, 2.99, BW_UNKNOWN, BW_UNKNOWN},
        {BW_UNKNOWN, false, 0, NAN, BW_UNKNOWN, BW_UNKNOWN},
        {BW_UNKNOWN, true, 3, 0, BW_YES, BW_NO},
        {BW_UNKNOWN, true, 0, 9, BW_UNKNOWN, BW_UNKNOWN},
        {BW_NO, false, 0, 0, BW_UNKNOWN, BW_UNKNOWN},
        {BW_NO, false, 0, 3, BW_YES, BW_NO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.cabin.ignition_on = rows[i].ignition_on;
        in.cabin.wheel_known = rows[i].wheel_known;
        in.cabin.wheel_mps = rows[i].wheel_mps;
        in.fix.speed_mps = rows[i].speed_mps;
        cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
        cr_expect_eq(verdict_after(&rule_sensor_fault, in, 10000), rows[i].when_silent, "row %zu", i);
        cabin_is(BW_QUALITY_GOOD, 5, 5);
        cr_expect_eq(verdict_after(&rule_sensor_fault, in, 10000), rows[i].when_good, "row %zu", i);
    }
}

Test(rule_sensor_fault, each_fault_has_its_hold)
{
    static const struct {
        enum bw_quality quality;
        bool has_fix;
        int hold_s;
    } rows[] = {
        {BW_QUALITY_UNKNOWN, true, 30}, {BW_QUALITY_DEGRADED, true, 60}, {BW_QUALITY_GOOD, false, 300}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.thresholds = &waits;
        cr_expect_eq(after_seconds(100), LIFECYCLE_NONE, "all is well");
        cabin_is(rows[i].quality, 0, 0);
        in.has_fix = rows[i].has_fix;
        (void)after(1000);
        cr_expect_eq(after_seconds(rows[i].hold_s - 1), LIFECYCLE_NONE, "row %zu", i);
        cr_expect_eq(after(999), LIFECYCLE_NONE, "row %zu", i);
        cr_expect_eq(after(1), LIFECYCLE_RAISE, "row %zu", i);
        cr_expect_eq(evidence().for_ms, 1000U * (unsigned)rows[i].hold_s, "row %zu", i);
    }
}

Test(rule_sensor_fault, what_mends_itself_begins_anew)
{
    in.thresholds = &waits;
    for (int i = 0; i < 5; i++) {
        cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
        cr_expect_eq(after_seconds(25), LIFECYCLE_NONE);
        cabin_is(BW_QUALITY_GOOD, 5, 5);
        cr_expect_eq(after_seconds(1), LIFECYCLE_NONE);
    }
}

/* A start at which the sensors wake up one after the other. */
Test(rule_sensor_fault, a_use_begins_with_all_the_time_that_sensors_have)
{
    static const struct {
        const char *before;
        enum bw_tri ignition_on; /* in the pause */
        int pause_s;
        enum lifecycle_action action; /* 10 s after it */
    } rows[] = {
        {"a stop without an ignition signal is no time, and no new start", BW_UNKNOWN, 61, LIFECYCLE_RAISE},
        {"a longer one is a new start", BW_UNKNOWN, 62, LIFECYCLE_NONE},
        {"the ignition ends a use at once", BW_NO, 1, LIFECYCLE_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.thresholds = &waits;
        in.cabin.ignition_on = BW_UNKNOWN;
        cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
        cr_expect_eq(after_seconds(25), LIFECYCLE_NONE);
        in.fix.speed_mps = 0;
        in.cabin.ignition_on = rows[i].ignition_on;
        cr_expect_eq(after_seconds(rows[i].pause_s), LIFECYCLE_NONE, "%s", rows[i].before);
        in.fix.speed_mps = 10;
        in.cabin.ignition_on = BW_UNKNOWN;
        cr_expect_eq(after_seconds(10), rows[i].action, "%s", rows[i].before);
    }
}

Test(rule_sensor_fault, stops_are_no_time_and_short_ones_do_not_add_up_to_a_pause)
{
    in.thresholds = &waits;
    in.cabin.ignition_on = BW_UNKNOWN;
    cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
    for (int i = 0; i < 3; i++) {
        in.fix.speed_mps = 10;
        cr_expect_eq(after_seconds(9), LIFECYCLE_NONE);
        in.fix.speed_mps = 0;
        cr_expect_eq(after_seconds(40), LIFECYCLE_NONE);
    }
    in.fix.speed_mps = 10;
    cr_expect_eq(after_seconds(6), LIFECYCLE_NONE, "three times 8 s, and 5");
    cr_expect_eq(after(999), LIFECYCLE_NONE);
    cr_expect_eq(after(1), LIFECYCLE_RAISE);
}

Test(rule_sensor_fault, a_new_use_forgets_every_fault_of_the_one_before)
{
    static const struct {
        enum bw_quality quality;
        bool has_fix;
        int hold_s;
    } rows[] = {
        {BW_QUALITY_UNKNOWN, true, 30}, {BW_QUALITY_DEGRADED, true, 60}, {BW_QUALITY_GOOD, false, 300}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        in.thresholds = &waits;
        cabin_is(rows[i].quality, 0, 0);
        in.has_fix = rows[i].has_fix;
        cr_expect_eq(after_seconds(rows[i].hold_s), LIFECYCLE_NONE, "row %zu", i);
        in.cabin.ignition_on = BW_NO;
        in.fix.speed_mps = 0;
        cr_expect_eq(after_seconds(1), LIFECYCLE_NONE, "row %zu", i);
        in.cabin.ignition_on = BW_YES;
        cr_expect_eq(after_seconds(rows[i].hold_s), LIFECYCLE_NONE, "row %zu", i);
        cr_expect_eq(after(999), LIFECYCLE_NONE, "row %zu", i);
        cr_expect_eq(after(1), LIFECYCLE_RAISE, "row %zu", i);
    }
}

Test(rule_sensor_fault, an_ignition_that_is_said_to_be_off_on_the_drive_ends_no_use)
{
    in.thresholds = &waits;
    in.cabin.ignition_on = BW_NO;
    cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
    cr_expect_eq(after_seconds(30), LIFECYCLE_NONE);
    cr_expect_eq(after(1000), LIFECYCLE_RAISE);
}

Test(rule_sensor_fault, what_nobody_watched_is_no_time)
{
    in.thresholds = &waits;
    cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
    (void)after(0);
    cr_expect_eq(after_seconds(29), LIFECYCLE_NONE);
    cr_expect_eq(after(60000), LIFECYCLE_NONE, "a minute's silence counts nothing");
    cr_expect_eq(after(1000), LIFECYCLE_RAISE);
    set_up();
    in.thresholds = &waits;
    cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
    (void)after(0);
    cr_expect_eq(after_seconds(29), LIFECYCLE_NONE);
    cr_expect_eq(after(60001), LIFECYCLE_NONE, "a longer one is another use");
    cr_expect_eq(after_seconds(29), LIFECYCLE_NONE);
}

Test(rule_sensor_fault, ends_after_ten_good_seconds_in_use)
{
    cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
    cr_expect_eq(after(0), LIFECYCLE_RAISE);
    cabin_is(BW_QUALITY_GOOD, 5, 5);
    (void)after(1000);
    cr_expect_eq(after(9999), LIFECYCLE_NONE);
    in.cabin.ignition_on = BW_NO;
    in.fix.speed_mps = 0;
    cr_expect_eq(after_seconds(60), LIFECYCLE_NONE, "parked");
    in.cabin.ignition_on = BW_YES;
    (void)after(1000);
    cr_expect_eq(after(9999), LIFECYCLE_NONE);
    cr_expect_eq(after(1), LIFECYCLE_END);
    cr_expect_eq(evidence().fault, BW_FAULT_CABIN_SILENT, "what it was about");
}

Test(rule_sensor_fault, a_fault_that_is_not_yet_held_keeps_an_alert_open)
{
    in.thresholds = &waits;
    cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
    (void)after(0);
    cr_expect_eq(after_seconds(30), LIFECYCLE_RAISE);
    cabin_is(BW_QUALITY_GOOD, 5, 5);
    in.has_fix = false;
    cr_expect_eq(after_seconds(100), LIFECYCLE_NONE);
    cr_expect_eq(evidence().fault, BW_FAULT_CABIN_SILENT);
    in.has_fix = true;
    cr_expect_eq(after_seconds(11), LIFECYCLE_END);
}

Test(rule_sensor_fault, has_a_hold_off)
{
    const struct bw_thresholds held = {.raise_hold_off_ms = 30000};
    in.thresholds = &held;
    cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
    cr_expect_eq(after(0), LIFECYCLE_RAISE);
    cabin_is(BW_QUALITY_GOOD, 5, 5);
    cr_expect_eq(after_seconds(11), LIFECYCLE_END);
    cabin_is(BW_QUALITY_UNKNOWN, 0, 0);
    cr_expect_eq(after_seconds(18), LIFECYCLE_NONE);
    cr_expect_eq(after(1000), LIFECYCLE_RAISE);
}

Test(rule_sensor_fault, another_fault_is_worth_an_update)
{
    const struct bw_alert before = {.evidence.sensor_fault = {.fault = BW_FAULT_CABIN_SILENT}};
    const struct bw_alert same = {.evidence.sensor_fault = {.fault = BW_FAULT_CABIN_SILENT, .for_ms = 9}};
    const struct bw_alert other = {.evidence.sensor_fault = {.fault = BW_FAULT_NO_FIX}};
    cr_expect_not(rule_sensor_fault.grown(&before, &same));
    cr_expect(rule_sensor_fault.grown(&before, &other));
}

Test(rule_sensor_fault, what_was_open_goes_on_with_its_fault_and_its_time)
{
    const struct bw_alert open = {.kind = BW_SENSOR_FAULT,
                                  .phase = BW_RAISED,
                                  .evidence.sensor_fault = {BW_FAULT_SEATS_UNKNOWN, 90000, 3}};
    in.thresholds = &waits;
    cabin_is(BW_QUALITY_DEGRADED, 4, 9);
    in.cabin.ignition_on = BW_UNKNOWN;
    in.fix.speed_mps = 0;
    rule_sensor_fault.resume(&rules, &open);
    cr_expect_eq(after(0), LIFECYCLE_NONE);
    cr_expect_eq(evidence().for_ms, 90000U, "not yet in use");
    cr_expect_eq(evidence().seats_unknown, 3);
    in.fix.speed_mps = 10;
    (void)after(1000);
    cr_expect_eq(after(1000), LIFECYCLE_NONE, "not raised again");
    cr_expect_eq(evidence().for_ms, 91000U);
    cr_expect_eq(evidence().seats_unknown, 5);
    cabin_is(BW_QUALITY_GOOD, 5, 5);
    cr_expect_eq(after_seconds(11), LIFECYCLE_END);
}

Test(rule_sensor_fault, counters_that_do_not_count_are_the_least_of_faults)
{
    cabin_is(BW_QUALITY_GOOD, 6, 6);
    in.cabin_heard = in.has_fix = true;
    in.cabin.counter_deaf = true;
    cr_expect_eq(verdict_after(&rule_sensor_fault, in, 10000), BW_YES);
    (void)after(0);
    cr_expect_eq(evidence().fault, BW_FAULT_COUNTER_DEAF);
    cabin_is(BW_QUALITY_DEGRADED, 6, 10);
    (void)after(1000);
    (void)after(1000);
    cr_expect_eq(evidence().fault, BW_FAULT_SEATS_UNKNOWN);
}
