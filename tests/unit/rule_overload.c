/* OVERLOAD by itself, each input at its limits (docs/rules.md; drives are in rules.c). */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/fixture_rule.h"

static struct bw_licence licence;
static struct inputs in;

/* Ten may be aboard and twelve are, on a closed bus that stands. */
static void set_up(void)
{
    licence = (struct bw_licence){.vehicle_class = BW_CLASS_MEDIUM, .approved_capacity = 10};
    in = (struct inputs){.licence = &licence,
                         .thresholds = &no_wait,
                         .has_fix = true,
                         .cabin = {.occupancy = {BW_QUALITY_GOOD, 12, 12, 12}, .door_open = BW_NO}};
}
TestSuite(rule_overload, .init = set_up);

Test(rule_overload, accuses_on_the_certain_number_and_absolves_on_the_possible_one)
{
    static const struct {
        struct bw_occupancy aboard;
        enum bw_tri violated;
    } rows[] = {
        {{BW_QUALITY_GOOD, 10, 10, 10}, BW_NO},
        {{BW_QUALITY_GOOD, 11, 11, 11}, BW_YES},
        {{BW_QUALITY_GOOD, 0, 0, 0}, BW_NO},
        {{BW_QUALITY_DEGRADED, 11, 11, 14}, BW_YES},
        {{BW_QUALITY_DEGRADED, 8, 8, 10}, BW_NO},
        {{BW_QUALITY_DEGRADED, 8, 8, 11}, BW_UNKNOWN},
        {{BW_QUALITY_DEGRADED, 10, 10, 11}, BW_UNKNOWN},
        {{BW_QUALITY_UNKNOWN, 0, 0, 0}, BW_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.cabin.occupancy = rows[i].aboard;
        cr_expect_eq(verdict(&rule_overload, &in), rows[i].violated, "row %zu", i);
    }
}

Test(rule_overload, without_an_approved_capacity_nothing_is_known)
{
    licence.approved_capacity = 0;
    cr_expect_eq(verdict(&rule_overload, &in), BW_UNKNOWN);
    licence.approved_capacity = 1;
    cr_expect_eq(verdict(&rule_overload, &in), BW_YES);
    in.licence = NULL;
    cr_expect_eq(verdict(&rule_overload, &in), BW_UNKNOWN);
}

Test(rule_overload, boarding_is_an_open_door_on_a_bus_that_does_not_drive_or_an_unknown_one_on_a_standing_bus)
{
    static const struct {
        enum bw_tri door_open;
        bool has_fix;
        double speed_mps;
        enum bw_tri violated;
    } rows[] = {
        {BW_YES, true, 0, BW_UNKNOWN},        {BW_YES, true, 1.49, BW_UNKNOWN},
        {BW_YES, true, 1.5, BW_YES},          {BW_YES, true, NAN, BW_UNKNOWN},
        {BW_YES, false, 20, BW_UNKNOWN},      {BW_NO, true, 0, BW_YES},
        {BW_UNKNOWN, true, 1.49, BW_UNKNOWN}, {BW_UNKNOWN, true, 1.5, BW_YES},
        {BW_UNKNOWN, true, NAN, BW_YES},      {BW_UNKNOWN, false, 0, BW_YES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.cabin.door_open = rows[i].door_open;
        in.has_fix = rows[i].has_fix;
        in.fix.speed_mps = rows[i].speed_mps;
        cr_expect_eq(verdict(&rule_overload, &in), rows[i].violated, "row %zu", i);
    }
}

Test(rule_overload, the_wheels_tell_whether_it_stands)
{
    in.cabin.door_open = BW_YES;
    in.cabin.wheel_known = true;
    in.fix.speed_mps = 5; /* drift */
    cr_expect_eq(verdict(&rule_overload, &in), BW_UNKNOWN);
    in.has_fix = false;
    in.cabin.wheel_mps = 5;
    cr_expect_eq(verdict(&rule_overload, &in), BW_YES, "in a tunnel");
}

Test(rule_overload, both_waits_are_those_of_the_licence)
{
    const struct bw_thresholds waits = {.overload_hold_ms = 100, .overload_clear_ms = 200};
    static const struct {
        int64_t mono_ms;
        uint16_t aboard;
        enum lifecycle_action action;
    } rows[] = {{0, 12, LIFECYCLE_NONE},  {99, 12, LIFECYCLE_NONE}, {100, 12, LIFECYCLE_RAISE},
                {200, 9, LIFECYCLE_NONE}, {399, 9, LIFECYCLE_NONE}, {400, 9, LIFECYCLE_END}};
    struct rules rules = {0};
    in.thresholds = &waits;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.mono_ms = rows[i].mono_ms;
        in.cabin.occupancy =
            (struct bw_occupancy){BW_QUALITY_GOOD, rows[i].aboard, rows[i].aboard, rows[i].aboard};
        cr_expect_eq(rule_overload.step(&rules, &in), rows[i].action, "row %zu", i);
    }
}

static void aboard(unsigned low)
{
    in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, (uint16_t)low, (uint16_t)low, (uint16_t)low};
}

Test(rule_overload, the_peak_is_the_highest_certain_number_of_one_alert)
{
    struct rules rules = {0};
    static const unsigned numbers[] = {12, 14, 13};
    for (size_t i = 0; i < 3; i++) {
        aboard(numbers[i]);
        (void)rule_overload.step(&rules, &in);
    }
    cr_expect_eq(described(&rule_overload, &rules, &in).evidence.overload.aboard, 13);
    cr_expect_eq(described(&rule_overload, &rules, &in).evidence.overload.peak, 14);
    cr_expect_eq(described(&rule_overload, &rules, &in).evidence.overload.capacity, 10);
    aboard(5);
    cr_expect_eq(rule_overload.step(&rules, &in), LIFECYCLE_END);
    aboard(11);
    cr_expect_eq(rule_overload.step(&rules, &in), LIFECYCLE_RAISE);
    cr_expect_eq(described(&rule_overload, &rules, &in).evidence.overload.peak, 11,
                 "the next alert begins anew");
}

/* While pupils get on the number is not yet what will be driven with. */
Test(rule_overload, boarding_is_no_peak)
{
    struct rules rules = {0};
    (void)rule_overload.step(&rules, &in);
    aboard(16);
    in.cabin.door_open = BW_YES;
    (void)rule_overload.step(&rules, &in);
    cr_expect_eq(described(&rule_overload, &rules, &in).evidence.overload.peak, 12);
}

Test(rule_overload, a_peak_that_fits_now_has_no_band)
{
    struct rules rules = {.overload.peak = 10};
    cr_expect_eq(described(&rule_overload, &rules, &in).severity, BW_SEVERITY_NONE);
    rules.overload.peak = 11;
    cr_expect_eq(described(&rule_overload, &rules, &in).severity, BW_MINOR);
}

Test(rule_overload, severity_never_falls)
{
    struct rules rules = {.overload.peak = 11};
    struct bw_alert alert = {.kind = BW_OVERLOAD, .severity = BW_SERIOUS};
    rule_overload.describe(&rules, &in, &alert);
    cr_expect_eq(alert.severity, BW_SERIOUS);
}

Test(rule_overload, without_a_licence_what_was_open_is_described_all_the_same)
{
    struct rules rules = {.overload.peak = 20};
    in.licence = NULL;
    cr_expect_eq(described(&rule_overload, &rules, &in).evidence.overload.peak, 20);
    cr_expect_eq(described(&rule_overload, &rules, &in).evidence.overload.capacity, 0);
    cr_expect_eq(described(&rule_overload, &rules, &in).severity, BW_SERIOUS,
                 "of no known class, so never criminal");
}

/* The bands at both sides of each of their limits; c = capacity, n = aboard. */
Test(rule_overload, bands_at_their_limits)
{
    static const struct {
        enum bw_vehicle_class vehicle_class;
        uint16_t capacity, aboard;
        enum bw_severity severity;
    } rows[] = {
        /* 5 over >= c */
        {BW_CLASS_UNKNOWN, 10, 11, BW_MINOR},
        {BW_CLASS_UNKNOWN, 10, 12, BW_SERIOUS},
        {BW_CLASS_UNKNOWN, 41, 49, BW_MINOR},
        {BW_CLASS_UNKNOWN, 40, 48, BW_SERIOUS},
        /* large: 2 over >= c, or over >= 15 */
        {BW_CLASS_LARGE, 20, 29, BW_SERIOUS},
        {BW_CLASS_LARGE, 20, 30, BW_CRIMINAL},
        {BW_CLASS_LARGE, 40, 54, BW_SERIOUS},
        {BW_CLASS_LARGE, 40, 55, BW_CRIMINAL},
        {BW_CLASS_LARGE, 100, 114, BW_MINOR},
        {BW_CLASS_LARGE, 100, 115, BW_CRIMINAL},
        /* medium: 5 over >= 4 c, or over >= 10 */
        {BW_CLASS_MEDIUM, 5, 8, BW_SERIOUS},
        {BW_CLASS_MEDIUM, 5, 9, BW_CRIMINAL},
        {BW_CLASS_MEDIUM, 12, 21, BW_SERIOUS},
        {BW_CLASS_MEDIUM, 19, 28, BW_SERIOUS},
        {BW_CLASS_MEDIUM, 19, 29, BW_CRIMINAL},
        {BW_CLASS_MEDIUM, 11, 20, BW_CRIMINAL},
        /* small: over >= c, or over >= 7 */
        {BW_CLASS_SMALL, 6, 11, BW_SERIOUS},
        {BW_CLASS_SMALL, 6, 12, BW_CRIMINAL},
        {BW_CLASS_SMALL, 9, 15, BW_SERIOUS},
        {BW_CLASS_SMALL, 9, 16, BW_CRIMINAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rules rules = {.overload.peak = rows[i].aboard};
        licence.vehicle_class = rows[i].vehicle_class;
        licence.approved_capacity = rows[i].capacity;
        cr_expect_eq(described(&rule_overload, &rules, &in).severity, rows[i].severity, "row %zu: %d", i,
                     described(&rule_overload, &rules, &in).severity);
    }
}

Test(rule_overload, one_more_than_reported_has_grown)
{
    const struct bw_alert before = {.evidence.overload = {.aboard = 9, .peak = 12}};
    const struct bw_alert same = {.evidence.overload = {.aboard = 12, .peak = 12}};
    const struct bw_alert more = {.evidence.overload = {.aboard = 9, .peak = 13}};
    cr_expect_not(rule_overload.grown(&before, &same));
    cr_expect(rule_overload.grown(&before, &more));
}

Test(rule_overload, what_was_open_goes_on_with_its_peak)
{
    struct rules rules = {0};
    const struct bw_alert open = {.kind = BW_OVERLOAD, .phase = BW_UPDATED, .evidence.overload.peak = 15};
    rule_overload.resume(&rules, &open);
    cr_expect_eq(rule_overload.step(&rules, &in), LIFECYCLE_NONE, "not raised again");
    cr_expect_eq(described(&rule_overload, &rules, &in).evidence.overload.peak, 15);
    aboard(3);
    cr_expect_eq(rule_overload.step(&rules, &in), LIFECYCLE_END);
}

Test(rule_overload, known_empty_is_good_quality_and_nobody_possible)
{
    cr_expect(rule_known_empty(&(struct bw_occupancy){BW_QUALITY_GOOD, 0, 0, 0}));
    cr_expect_not(rule_known_empty(&(struct bw_occupancy){BW_QUALITY_GOOD, 1, 1, 1}));
    cr_expect_not(rule_known_empty(&(struct bw_occupancy){BW_QUALITY_DEGRADED, 0, 0, 1}));
    cr_expect_not(rule_known_empty(&(struct bw_occupancy){BW_QUALITY_UNKNOWN, 0, 0, 0}));
}

/* --- the warning before departure --- */

Test(rule_overload, the_driver_is_warned_by_the_estimate_when_the_doors_are_closed)
{
    static const struct bw_licence ten = {.approved_capacity = 10}, nothing = {.approved_capacity = 0};
    static const struct {
        const struct bw_licence *licence;
        enum bw_tri door_open;
        uint16_t count;
        enum lifecycle_state state;
        bool warns;
    } rows[] = {
        {&ten, BW_NO, 11, LIFECYCLE_CLEAR, true},       {&ten, BW_NO, 11, LIFECYCLE_PENDING, true},
        {&ten, BW_NO, 11, LIFECYCLE_ACTIVE, false},     {&ten, BW_NO, 11, LIFECYCLE_CLEARING, false},
        {&ten, BW_NO, 10, LIFECYCLE_CLEAR, false},      {&ten, BW_YES, 11, LIFECYCLE_CLEAR, false},
        {&ten, BW_UNKNOWN, 11, LIFECYCLE_CLEAR, false}, {&nothing, BW_NO, 11, LIFECYCLE_CLEAR, false},
        {NULL, BW_NO, 11, LIFECYCLE_CLEAR, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct rules now = {.overload.life.state = rows[i].state};
        const struct inputs view = {.licence = rows[i].licence,
                                    .cabin = {.occupancy = {BW_QUALITY_DEGRADED, 8, rows[i].count, 12},
                                              .door_open = rows[i].door_open}};
        cr_expect_eq(rule_overload_warns(&now, &view), rows[i].warns, "row %zu", i);
    }
}
