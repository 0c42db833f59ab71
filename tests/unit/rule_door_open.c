/* DOOR_OPEN_MOVING by itself, each input at its limits (docs/rules.md; drives are in rules_cabin.c). */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/fixture_rule.h"

static struct inputs in;

/* Ten aboard a bus that drives with an open door, at 18 km/h. */
static void set_up(void)
{
    in = (struct inputs){.thresholds = &no_wait,
                         .has_fix = true,
                         .speed_given = true,
                         .fix.speed_mps = 5,
                         .cabin = {.occupancy = {BW_QUALITY_GOOD, 10, 10, 10}, .door_open = BW_YES}};
}
TestSuite(rule_door_open, .init = set_up);

static enum bw_tri now(void)
{
    return verdict_after(&rule_door_open, in, 3000);
}

/* km/h */
static void speed(double kmh)
{
    in.fix.speed_mps = kmh / 3.6;
}

Test(rule_door_open, is_an_open_door_at_10_km_h_and_ends_when_it_is_closed)
{
    static const struct {
        enum bw_tri door_open;
        double kmh;
        enum bw_tri violated;
    } rows[] = {
        {BW_YES, 10, BW_YES},        {BW_YES, 9.99, BW_UNKNOWN}, {BW_YES, 3, BW_UNKNOWN},
        {BW_YES, 0, BW_UNKNOWN},     {BW_YES, NAN, BW_UNKNOWN},  {BW_NO, 40, BW_NO},
        {BW_NO, 0, BW_NO},           {BW_NO, NAN, BW_NO},        {BW_UNKNOWN, 40, BW_UNKNOWN},
        {BW_UNKNOWN, 0, BW_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.cabin.door_open = rows[i].door_open;
        speed(rows[i].kmh);
        cr_expect_eq(now(), rows[i].violated, "row %zu", i);
    }
}

Test(rule_door_open, who_leaves_a_bus_that_is_switched_off_open_drives_with_nothing_open)
{
    in.cabin.door_open = BW_YES;
    in.cabin.ignition_on = BW_NO;
    speed(20);
    cr_expect_eq(now(), BW_NO);
    in.cabin.ignition_on = BW_YES;
    cr_expect_eq(now(), BW_YES);
}

Test(rule_door_open, the_speed_is_that_of_the_wheels_or_else_the_receivers_own)
{
    static const struct {
        bool wheel_known;
        double wheel_mps;
        bool has_fix, speed_given;
        double speed_mps;
        enum bw_tri violated;
    } rows[] = {
        {true, 5, false, false, 0, BW_YES},     {true, 5, true, true, 0, BW_YES},
        {true, 0, true, true, 9, BW_UNKNOWN},   {false, 5, true, true, 0, BW_UNKNOWN},
        {false, 0, true, true, 9, BW_YES},      {false, 0, true, false, 9, BW_UNKNOWN},
        {false, 0, true, false, 0, BW_UNKNOWN}, {false, 0, false, true, 9, BW_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.cabin.wheel_known = rows[i].wheel_known;
        in.cabin.wheel_mps = rows[i].wheel_mps;
        in.has_fix = rows[i].has_fix;
        in.speed_given = rows[i].speed_given;
        in.fix.speed_mps = rows[i].speed_mps;
        cr_expect_eq(now(), rows[i].violated, "row %zu", i);
    }
}

Test(rule_door_open, both_waits_and_the_hold_off)
{
    const struct bw_thresholds waits = {.door_open_hold_ms = 100, .raise_hold_off_ms = 20000};
    static const struct {
        int64_t mono_ms;
        enum bw_tri door_open;
        enum lifecycle_action action;
    } rows[] = {
        {0, BW_YES, LIFECYCLE_NONE},    {99, BW_YES, LIFECYCLE_NONE},    {100, BW_YES, LIFECYCLE_RAISE},
        {200, BW_NO, LIFECYCLE_NONE},   {3199, BW_NO, LIFECYCLE_NONE},   {3200, BW_NO, LIFECYCLE_END},
        {3300, BW_YES, LIFECYCLE_NONE}, {20099, BW_YES, LIFECYCLE_NONE}, {20100, BW_YES, LIFECYCLE_RAISE}};
    struct rules rules = {0};
    in.thresholds = &waits;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.mono_ms = rows[i].mono_ms;
        in.cabin.door_open = rows[i].door_open;
        cr_expect_eq(rule_door_open.step(&rules, &in), rows[i].action, "row %zu", i);
    }
}

Test(rule_door_open, severity_tells_who_is_aboard_and_how_fast)
{
    static const struct {
        struct bw_occupancy aboard;
        double kmh;
        enum bw_severity severity;
    } rows[] = {
        {{BW_QUALITY_GOOD, 0, 0, 0}, 60, BW_NOTICE},   {{BW_QUALITY_GOOD, 1, 1, 1}, 19.99, BW_MINOR},
        {{BW_QUALITY_GOOD, 1, 1, 1}, 20, BW_SERIOUS},  {{BW_QUALITY_DEGRADED, 0, 0, 4}, 60, BW_MINOR},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, 60, BW_MINOR}, {{BW_QUALITY_DEGRADED, 1, 1, 4}, 60, BW_SERIOUS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rules rules = {0};
        in.cabin.occupancy = rows[i].aboard;
        speed(rows[i].kmh);
        (void)rule_door_open.step(&rules, &in);
        cr_expect_eq(described(&rule_door_open, &rules, &in).severity, rows[i].severity, "row %zu", i);
    }
}

static enum bw_severity severity_with(struct rules *rules, enum bw_quality quality, uint16_t low)
{
    in.cabin.occupancy = (struct bw_occupancy){quality, low, low, low};
    (void)step_after(&rule_door_open, rules, &in, 1000);
    return described(&rule_door_open, rules, &in).severity;
}

Test(rule_door_open, a_notice_stays_one_until_somebody_is_aboard_for_certain_and_what_was_grave_stays_so)
{
    struct rules rules = {0};
    cr_expect_eq(severity_with(&rules, BW_QUALITY_GOOD, 0), BW_NOTICE);
    cr_expect_eq(severity_with(&rules, BW_QUALITY_UNKNOWN, 0), BW_NOTICE);
    cr_expect_eq(severity_with(&rules, BW_QUALITY_DEGRADED, 1), BW_MINOR);
    speed(30);
    cr_expect_eq(severity_with(&rules, BW_QUALITY_GOOD, 0), BW_MINOR, "fast, but empty by now");
    cr_expect_eq(severity_with(&rules, BW_QUALITY_GOOD, 1), BW_SERIOUS);
    cr_expect_eq(severity_with(&rules, BW_QUALITY_GOOD, 0), BW_SERIOUS);
}

Test(rule_door_open, evidence_is_the_time_and_the_highest_speed_driven_with_an_open_door)
{
    struct rules rules = {0};
    static const struct {
        int64_t passed_ms;
        enum bw_tri door_open;
        double kmh;
    } rows[] = {{0, BW_YES, 18},   {1000, BW_YES, 27}, {1000, BW_YES, 12}, {1000, BW_NO, 90},
                {500, BW_YES, 15}, {700, BW_YES, 15},  {10001, BW_YES, 15}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.cabin.door_open = rows[i].door_open;
        speed(rows[i].kmh);
        (void)step_after(&rule_door_open, &rules, &in, rows[i].passed_ms);
    }
    const struct bw_evidence_door_open evidence = described(&rule_door_open, &rules, &in).evidence.door_open;
    cr_expect_float_eq(evidence.speed_kmh, 15, 1e-3);
    cr_expect_float_eq(evidence.peak_kmh, 27, 1e-3, "not with a closed one");
    cr_expect_eq(evidence.open_ms, 2700U, "nor what nobody watched");
}

Test(rule_door_open, the_next_alert_begins_anew)
{
    struct rules rules = {0};
    speed(60);
    (void)step_after(&rule_door_open, &rules, &in, 0);
    (void)step_after(&rule_door_open, &rules, &in, 1000);
    in.cabin.door_open = BW_NO;
    (void)step_after(&rule_door_open, &rules, &in, 1000);
    cr_expect_eq(step_after(&rule_door_open, &rules, &in, 3000), LIFECYCLE_END);
    cr_expect_eq(described(&rule_door_open, &rules, &in).severity, BW_SERIOUS, "as it ends");
    cr_expect_eq(described(&rule_door_open, &rules, &in).evidence.door_open.open_ms, 1000U);
    in.cabin.door_open = BW_YES;
    speed(12);
    cr_expect_eq(step_after(&rule_door_open, &rules, &in, 1000), LIFECYCLE_RAISE);
    const struct bw_alert next = described(&rule_door_open, &rules, &in);
    cr_expect_eq(next.severity, BW_MINOR);
    cr_expect_eq(next.evidence.door_open.open_ms, 0U);
    cr_expect_float_eq(next.evidence.door_open.peak_kmh, 12, 1e-3);
}

Test(rule_door_open, ten_km_h_more_are_worth_an_update)
{
    const struct bw_alert before = {.evidence.door_open = {.peak_kmh = 20}};
    const struct bw_alert little = {.evidence.door_open = {.peak_kmh = 29.9F, .open_ms = 9}};
    const struct bw_alert more = {.evidence.door_open = {.peak_kmh = 30}};
    cr_expect_not(rule_door_open.grown(&before, &little));
    cr_expect(rule_door_open.grown(&before, &more));
}

Test(rule_door_open, what_was_open_goes_on_with_its_evidence)
{
    struct rules rules = {0};
    const struct bw_alert open = {.kind = BW_DOOR_OPEN_MOVING,
                                  .phase = BW_RAISED,
                                  .severity = BW_SERIOUS,
                                  .evidence.door_open = {.peak_kmh = 54, .open_ms = 7000}};
    rule_door_open.resume(&rules, &open);
    cr_expect_eq(step_after(&rule_door_open, &rules, &in, 0), LIFECYCLE_NONE, "not raised again");
    cr_expect_eq(step_after(&rule_door_open, &rules, &in, 1000), LIFECYCLE_NONE);
    const struct bw_alert alert = described(&rule_door_open, &rules, &in);
    cr_expect_eq(alert.severity, BW_SERIOUS);
    cr_expect_float_eq(alert.evidence.door_open.peak_kmh, 54, 1e-3);
    cr_expect_eq(alert.evidence.door_open.open_ms, 8000U);
    in.cabin.door_open = BW_NO;
    (void)step_after(&rule_door_open, &rules, &in, 1000);
    cr_expect_eq(step_after(&rule_door_open, &rules, &in, 3000), LIFECYCLE_END);
}

Test(rule_door_open, a_drive_of_months_is_counted_as_far_as_evidence_can)
{
    struct rules rules = {0};
    const struct bw_alert open = {.evidence.door_open.open_ms = UINT32_MAX - 1500};
    rule_door_open.resume(&rules, &open);
    (void)step_after(&rule_door_open, &rules, &in, 0);
    (void)step_after(&rule_door_open, &rules, &in, 1000);
    cr_expect_eq(described(&rule_door_open, &rules, &in).evidence.door_open.open_ms, UINT32_MAX - 500);
    (void)step_after(&rule_door_open, &rules, &in, 1000);
    cr_expect_eq(described(&rule_door_open, &rules, &in).evidence.door_open.open_ms, UINT32_MAX);
}
