/* UNBELTED by itself, each input at its limits (docs/rules.md; drives are in rules_cabin.c). */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/fixture_rule.h"

static struct inputs in;

/* Ten aboard a bus that drives, two of them with an open belt. */
static void set_up(void)
{
    in = (struct inputs){.thresholds = &no_wait,
                         .has_fix = true,
                         .fix.speed_mps = 10,
                         .cabin = {.occupancy = {BW_QUALITY_GOOD, 10, 10, 10},
                                   .ignition_on = BW_YES,
                                   .belts = {BW_QUALITY_GOOD, 2, 2}}};
}
TestSuite(rule_unbelted, .init = set_up);

static enum bw_tri now(void)
{
    return verdict_after(&rule_unbelted, in, 5000);
}

Test(rule_unbelted, accuses_on_the_certain_belts_and_absolves_on_the_possible_ones)
{
    static const struct {
        struct bw_belts belts;
        enum bw_tri violated;
    } rows[] = {
        {{BW_QUALITY_GOOD, 0, 0}, BW_NO},          {{BW_QUALITY_GOOD, 1, 1}, BW_YES},
        {{BW_QUALITY_GOOD, 0, 1}, BW_UNKNOWN},     {{BW_QUALITY_DEGRADED, 1, 3}, BW_YES},
        {{BW_QUALITY_DEGRADED, 0, 0}, BW_UNKNOWN}, {{BW_QUALITY_UNKNOWN, 0, 0}, BW_UNKNOWN},
        {{BW_QUALITY_UNKNOWN, 1, 1}, BW_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.cabin.belts = rows[i].belts;
        cr_expect_eq(now(), rows[i].violated, "row %zu", i);
    }
}

Test(rule_unbelted, only_driving_tells)
{
    static const struct {
        bool wheel_known;
        double wheel_mps;
        bool has_fix;
        double speed_mps;
        enum bw_tri violated;
    } rows[] = {
        {false, 0, true, 3, BW_YES},       {false, 0, true, 2.99, BW_UNKNOWN},
        {false, 0, true, NAN, BW_UNKNOWN}, {false, 9, false, 9, BW_UNKNOWN},
        {true, 3, false, 0, BW_YES},       {true, 2.99, true, 20, BW_UNKNOWN},
        {true, NAN, true, 20, BW_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.cabin.wheel_known = rows[i].wheel_known;
        in.cabin.wheel_mps = rows[i].wheel_mps;
        in.has_fix = rows[i].has_fix;
        in.fix.speed_mps = rows[i].speed_mps;
        cr_expect_eq(now(), rows[i].violated, "row %zu", i);
    }
    set_up();
    in.fix.speed_mps = 0;
    in.cabin.belts.open_low = in.cabin.belts.open_high = 0;
    cr_expect_eq(now(), BW_UNKNOWN, "a fastened belt at a stop ends nothing");
}

Test(rule_unbelted, an_empty_bus_and_a_parked_one_have_nobody_to_belt)
{
    in.cabin.ignition_on = BW_NO;
    cr_expect_eq(now(), BW_NO);
    in.cabin.ignition_on = BW_UNKNOWN;
    cr_expect_eq(now(), BW_YES);
    in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, 0, 0, 0};
    cr_expect_eq(now(), BW_NO);
    in.cabin.occupancy.quality = BW_QUALITY_DEGRADED;
    cr_expect_eq(now(), BW_YES);
}

Test(rule_unbelted, both_waits_and_the_hold_off)
{
    const struct bw_thresholds waits = {.unbelted_hold_ms = 100, .raise_hold_off_ms = 20000};
    static const struct {
        int64_t mono_ms;
        uint16_t open;
        enum lifecycle_action action;
    } rows[] = {{0, 2, LIFECYCLE_NONE},    {99, 2, LIFECYCLE_NONE},    {100, 2, LIFECYCLE_RAISE},
                {200, 0, LIFECYCLE_NONE},  {5199, 0, LIFECYCLE_NONE},  {5200, 0, LIFECYCLE_END},
                {5300, 2, LIFECYCLE_NONE}, {20099, 2, LIFECYCLE_NONE}, {20100, 2, LIFECYCLE_RAISE}};
    struct rules rules = {0};
    in.thresholds = &waits;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.mono_ms = rows[i].mono_ms;
        in.cabin.belts = (struct bw_belts){BW_QUALITY_GOOD, rows[i].open, rows[i].open};
        cr_expect_eq(rule_unbelted.step(&rules, &in), rows[i].action, "row %zu", i);
    }
}

static void open_belts(uint16_t n)
{
    in.cabin.belts = (struct bw_belts){BW_QUALITY_GOOD, n, n};
}

Test(rule_unbelted, the_peak_is_the_highest_certain_number_of_one_alert)
{
    struct rules rules = {0};
    static const uint16_t numbers[] = {2, 4, 3};
    for (size_t i = 0; i < 3; i++) {
        open_belts(numbers[i]);
        (void)rule_unbelted.step(&rules, &in);
    }
    const struct bw_alert alert = described(&rule_unbelted, &rules, &in);
    cr_expect_eq(alert.severity, BW_MINOR);
    cr_expect_eq(alert.evidence.unbelted.unbelted, 3);
    cr_expect_eq(alert.evidence.unbelted.peak, 4);
    cr_expect_float_eq(alert.evidence.unbelted.speed_kmh, 36, 1e-4);
    open_belts(0);
    (void)rule_unbelted.step(&rules, &in);
    cr_expect_eq(step_after(&rule_unbelted, &rules, &in, 5000), LIFECYCLE_END);
    cr_expect_eq(described(&rule_unbelted, &rules, &in).evidence.unbelted.peak, 4);
    open_belts(1);
    cr_expect_eq(rule_unbelted.step(&rules, &in), LIFECYCLE_RAISE);
    cr_expect_eq(described(&rule_unbelted, &rules, &in).evidence.unbelted.peak, 1,
                 "the next alert begins anew");
}

/* Who gets up at a stop is no peak. */
Test(rule_unbelted, standing_is_no_peak)
{
    struct rules rules = {0};
    (void)rule_unbelted.step(&rules, &in);
    open_belts(9);
    in.fix.speed_mps = 0;
    (void)rule_unbelted.step(&rules, &in);
    cr_expect_eq(described(&rule_unbelted, &rules, &in).evidence.unbelted.peak, 2);
}

Test(rule_unbelted, a_speed_that_nobody_knows_is_described_as_0)
{
    const struct rules rules = {0};
    in.fix.speed_mps = NAN;
    cr_expect_eq(described(&rule_unbelted, &rules, &in).evidence.unbelted.speed_kmh, 0);
}

Test(rule_unbelted, one_more_than_reported_has_grown)
{
    const struct bw_alert before = {.evidence.unbelted = {.unbelted = 1, .peak = 3}};
    const struct bw_alert same = {.evidence.unbelted = {.unbelted = 3, .peak = 3}};
    const struct bw_alert more = {.evidence.unbelted = {.unbelted = 1, .peak = 4}};
    cr_expect_not(rule_unbelted.grown(&before, &same));
    cr_expect(rule_unbelted.grown(&before, &more));
}

Test(rule_unbelted, what_was_open_goes_on_with_its_peak)
{
    struct rules rules = {0};
    const struct bw_alert open = {.kind = BW_UNBELTED, .phase = BW_UPDATED, .evidence.unbelted.peak = 5};
    rule_unbelted.resume(&rules, &open);
    cr_expect_eq(rule_unbelted.step(&rules, &in), LIFECYCLE_NONE, "not raised again");
    cr_expect_eq(described(&rule_unbelted, &rules, &in).evidence.unbelted.peak, 5);
    open_belts(0);
    (void)step_after(&rule_unbelted, &rules, &in, 1000);
    cr_expect_eq(step_after(&rule_unbelted, &rules, &in, 5000), LIFECYCLE_END);
}
