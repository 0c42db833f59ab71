/* UNLICENSED by itself, each input at its limits (docs/rules.md; drives are in rules.c). */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/fixture_rule.h"

enum { DAY = 20710 }; /* 2026-09-14 */
static const int64_t DAY_MS = 86400000;

static struct bw_licence licence;
static struct bw_permit permits[4];
static struct inputs in;

static struct bw_permit permit(const char *permit_no, int32_t from_day, int32_t until_day,
                               enum bw_permit_status status)
{
    struct bw_permit permit = {.valid_from_day = from_day, .valid_until_day = until_day, .status = status};
    for (size_t i = 0; permit_no[i] != '\0'; i++)
        permit.permit_no[i] = permit_no[i];
    return permit;
}

static void hold(size_t n, const struct bw_permit *held)
{
    for (size_t i = 0; i < n; i++)
        permits[i] = held[i];
    licence.n_permits = n;
}
#define HOLD(...)                                                                                            \
    do {                                                                                                     \
        const struct bw_permit held[] = {__VA_ARGS__};                                                       \
        hold(sizeof held / sizeof held[0], held);                                                            \
    } while (0)

/* Ten aboard, at 10 m/s, at noon UTC of that day, with a licence that carries no permit. */
static void set_up(void)
{
    licence = (struct bw_licence){.permits = permits};
    in = (struct inputs){.licence = &licence,
                         .thresholds = &no_wait,
                         .clock = BW_CLOCK_GNSS,
                         .utc_ms = DAY * DAY_MS + DAY_MS / 2,
                         .has_fix = true,
                         .fix.speed_mps = 10,
                         .cabin = {.occupancy = {BW_QUALITY_GOOD, 10, 10, 10}, .ignition_on = BW_YES}};
}
TestSuite(rule_unlicensed, .init = set_up);

static struct bw_evidence_unlicensed evidence(void)
{
    struct rules rules = {0};
    struct bw_alert alert = {.kind = BW_UNLICENSED};
    cr_assert_eq(rule_unlicensed.step(&rules, &in), LIFECYCLE_RAISE);
    rule_unlicensed.describe(&rules, &in, &alert);
    cr_expect_eq(alert.severity, BW_SERIOUS);
    return alert.evidence.unlicensed;
}

Test(rule_unlicensed, a_permit_is_valid_on_its_first_day_and_its_last)
{
    static const struct {
        int32_t from_day, until_day;
        enum bw_tri violated;
    } rows[] = {
        {DAY, DAY, BW_NO},          {DAY - 1, DAY + 1, BW_NO}, {DAY + 1, DAY + 9, BW_YES},
        {DAY - 9, DAY - 1, BW_YES}, {DAY - 9, DAY, BW_NO},     {DAY, DAY + 9, BW_NO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        HOLD(permit("p-1", rows[i].from_day, rows[i].until_day, BW_STATUS_ACTIVE));
        cr_expect_eq(verdict(&rule_unlicensed, &in), rows[i].violated, "row %zu", i);
    }
}

Test(rule_unlicensed, days_are_those_of_the_licences_local_time)
{
    static const struct {
        int64_t utc_ms;
        int16_t utc_offset_min;
        int32_t day;
    } rows[] = {
        {DAY * DAY_MS, 0, DAY},
        {DAY * DAY_MS - 1, 0, DAY - 1},
        {DAY * DAY_MS + 57599999, 480, DAY}, /* 23:59:59.999 in China */
        {DAY * DAY_MS + 57600000, 480, DAY + 1},
        {DAY * DAY_MS + 3599999, -60, DAY - 1},
        {DAY * DAY_MS + 3600000, -60, DAY},
        {3600000, -120, -1}, /* before 1970, where it is still the day before */
        {7200000, -120, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        HOLD(permit("p-1", rows[i].day, rows[i].day, BW_STATUS_ACTIVE));
        in.utc_ms = rows[i].utc_ms;
        licence.utc_offset_min = rows[i].utc_offset_min;
        cr_expect_eq(verdict(&rule_unlicensed, &in), BW_NO, "row %zu", i);
    }
}

Test(rule_unlicensed, says_why)
{
    static const struct {
        int32_t from_day, until_day;
        enum bw_permit_status status;
        enum bw_unlicensed_reason reason;
    } rows[] = {
        {DAY - 9, DAY - 1, BW_STATUS_ACTIVE, BW_PERMIT_EXPIRED},
        {DAY - 9, DAY - 1, BW_STATUS_REVOKED, BW_PERMIT_EXPIRED},
        {DAY + 1, DAY + 9, BW_STATUS_ACTIVE, BW_PERMIT_NOT_YET},
        {DAY, DAY, BW_STATUS_SUSPENDED, BW_PERMIT_SUSPENDED},
        {DAY, DAY, BW_STATUS_REVOKED, BW_PERMIT_SUSPENDED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        HOLD(permit("p-1", rows[i].from_day, rows[i].until_day, rows[i].status));
        const struct bw_evidence_unlicensed found = evidence();
        cr_expect_eq(found.reason, rows[i].reason, "row %zu", i);
        cr_expect_str_eq(found.permit_no, "p-1", "row %zu", i);
        cr_expect_eq(found.valid_until_day, rows[i].until_day, "row %zu", i);
    }
}

Test(rule_unlicensed, no_permit_and_no_licence_are_two_reasons)
{
    cr_expect_eq(evidence().reason, BW_NO_PERMIT);
    cr_expect_str_eq(evidence().permit_no, "");
    cr_expect_eq(evidence().valid_until_day, 0);
    in.licence = NULL;
    cr_expect_eq(evidence().reason, BW_NO_LICENCE);
    cr_expect_str_eq(evidence().permit_no, "");
}

Test(rule_unlicensed, the_permit_nearest_in_time_explains)
{
    const struct bw_permit past = permit("past", DAY - 30, DAY - 5, BW_STATUS_ACTIVE);
    const struct bw_permit nearer = permit("nearer", DAY - 30, DAY - 4, BW_STATUS_ACTIVE);
    const struct bw_permit to_come = permit("to-come", DAY + 4, DAY + 30, BW_STATUS_ACTIVE);
    const struct bw_permit sooner = permit("sooner", DAY + 3, DAY + 30, BW_STATUS_ACTIVE);
    const struct bw_permit suspended = permit("suspended", DAY, DAY + 30, BW_STATUS_SUSPENDED);
    HOLD(past, nearer);
    cr_expect_str_eq(evidence().permit_no, "nearer");
    HOLD(nearer, past);
    cr_expect_str_eq(evidence().permit_no, "nearer");
    HOLD(past, to_come);
    cr_expect_str_eq(evidence().permit_no, "to-come");
    HOLD(nearer, to_come);
    cr_expect_str_eq(evidence().permit_no, "nearer", "of two as near the first");
    HOLD(nearer, sooner);
    cr_expect_str_eq(evidence().permit_no, "sooner");
    HOLD(sooner, suspended);
    cr_expect_str_eq(evidence().permit_no, "suspended");
    HOLD(permit("yesterday", DAY - 9, DAY - 1, BW_STATUS_ACTIVE), suspended);
    cr_expect_str_eq(evidence().permit_no, "suspended");
    HOLD(suspended, sooner);
    cr_expect_str_eq(evidence().permit_no, "suspended");
    cr_expect_eq(evidence().reason, BW_PERMIT_SUSPENDED);
}

Test(rule_unlicensed, one_permit_in_force_is_enough_wherever_it_stands)
{
    const struct bw_permit good = permit("good", DAY, DAY, BW_STATUS_ACTIVE);
    const struct bw_permit past = permit("past", DAY - 9, DAY - 1, BW_STATUS_ACTIVE);
    const struct bw_permit suspended = permit("suspended", DAY, DAY, BW_STATUS_SUSPENDED);
    HOLD(good, past, suspended);
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_NO);
    HOLD(past, suspended, good);
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_NO);
    HOLD(suspended, good, past);
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_NO);
}

Test(rule_unlicensed, accuses_who_drives_with_pupils_by_the_receivers_date)
{
    static const struct {
        enum bw_clock clock;
        bool has_fix;
        double speed_mps;
        uint16_t high;
        enum bw_tri ignition_on;
        enum bw_tri violated;
    } rows[] = {
        {BW_CLOCK_GNSS, true, 10, 10, BW_YES, BW_YES},
        {BW_CLOCK_SYSTEM, true, 10, 10, BW_YES, BW_UNKNOWN},
        {BW_CLOCK_NONE, true, 10, 10, BW_YES, BW_UNKNOWN},
        {BW_CLOCK_GNSS, false, 10, 10, BW_YES, BW_UNKNOWN},
        {BW_CLOCK_GNSS, true, 3, 10, BW_YES, BW_YES},
        {BW_CLOCK_GNSS, true, 2.9, 10, BW_YES, BW_UNKNOWN},
        {BW_CLOCK_GNSS, true, NAN, 10, BW_YES, BW_UNKNOWN},
        {BW_CLOCK_GNSS, true, 10, 0, BW_YES, BW_UNKNOWN},
        {BW_CLOCK_GNSS, true, 10, 10, BW_UNKNOWN, BW_YES},
        {BW_CLOCK_GNSS, true, 10, 10, BW_NO, BW_NO},
        {BW_CLOCK_SYSTEM, true, 10, 10, BW_NO, BW_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.clock = rows[i].clock;
        in.has_fix = rows[i].has_fix;
        in.fix.speed_mps = rows[i].speed_mps;
        in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, 0, 0, rows[i].high};
        in.cabin.ignition_on = rows[i].ignition_on;
        cr_expect_eq(verdict(&rule_unlicensed, &in), rows[i].violated, "row %zu", i);
    }
}

Test(rule_unlicensed, no_licence_at_all_is_judged_without_a_date)
{
    in.licence = NULL;
    in.clock = BW_CLOCK_NONE;
    in.utc_ms = 0;
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_YES);
    in.cabin.ignition_on = BW_NO;
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_NO);
}

Test(rule_unlicensed, is_held_before_it_is_raised_and_ends_at_once)
{
    const struct bw_thresholds waits = {.unlicensed_hold_ms = 100};
    static const struct {
        int64_t mono_ms;
        enum bw_tri ignition_on;
        enum lifecycle_action action;
    } rows[] = {{0, BW_YES, LIFECYCLE_NONE},
                {99, BW_YES, LIFECYCLE_NONE},
                {100, BW_YES, LIFECYCLE_RAISE},
                {101, BW_NO, LIFECYCLE_END}};
    struct rules rules = {0};
    in.thresholds = &waits;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.mono_ms = rows[i].mono_ms;
        in.cabin.ignition_on = rows[i].ignition_on;
        cr_expect_eq(rule_unlicensed.step(&rules, &in), rows[i].action, "row %zu", i);
    }
}

Test(rule_unlicensed, evidence_is_that_of_the_violation_when_it_has_ended)
{
    struct rules rules = {0};
    struct bw_alert alert = {.kind = BW_UNLICENSED};
    HOLD(permit("past", DAY - 9, DAY - 1, BW_STATUS_ACTIVE));
    (void)rule_unlicensed.step(&rules, &in);
    HOLD(permit("good", DAY, DAY, BW_STATUS_ACTIVE));
    cr_expect_eq(rule_unlicensed.step(&rules, &in), LIFECYCLE_END);
    rule_unlicensed.describe(&rules, &in, &alert);
    cr_expect_eq(alert.evidence.unlicensed.reason, BW_PERMIT_EXPIRED);
    cr_expect_str_eq(alert.evidence.unlicensed.permit_no, "past");
}

Test(rule_unlicensed, another_reason_is_worth_an_update)
{
    const struct bw_alert before = {.evidence.unlicensed = {.reason = BW_NO_LICENCE}};
    const struct bw_alert same = {.evidence.unlicensed = {.reason = BW_NO_LICENCE, .valid_until_day = 7}};
    const struct bw_alert other = {.evidence.unlicensed = {.reason = BW_PERMIT_EXPIRED}};
    cr_expect_not(rule_unlicensed.grown(&before, &same));
    cr_expect(rule_unlicensed.grown(&before, &other));
}

Test(rule_unlicensed, what_was_open_goes_on_with_its_evidence)
{
    struct rules rules = {0};
    struct bw_alert alert = {.kind = BW_UNLICENSED};
    const struct bw_alert open = {.kind = BW_UNLICENSED,
                                  .phase = BW_RAISED,
                                  .evidence.unlicensed = {.reason = BW_PERMIT_EXPIRED, .valid_until_day = 7}};
    rule_unlicensed.resume(&rules, &open);
    in.has_fix = false;
    cr_expect_eq(rule_unlicensed.step(&rules, &in), LIFECYCLE_NONE);
    rule_unlicensed.describe(&rules, &in, &alert);
    cr_expect_eq(alert.evidence.unlicensed.reason, BW_PERMIT_EXPIRED);
    cr_expect_eq(alert.evidence.unlicensed.valid_until_day, 7);
    in.cabin.ignition_on = BW_NO;
    cr_expect_eq(rule_unlicensed.step(&rules, &in), LIFECYCLE_END);
}
