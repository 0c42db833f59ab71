/* UNLICENSED by itself, each input at its limits (docs/rules.md; drives are in rules.c). */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/fixture_rule.h"

enum { DAY = 20710 }; /* 2026-09-14 */
static const int64_t DAY_MS = 86400000;

static struct bw_licence licence;
static struct bw_permit permits[4];
static struct bw_driver drivers[3];
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

/* The day is a Monday. */
enum { MONDAY = 1, TUESDAY = 2, SUNDAY = 64 };

static struct bw_permit for_weekdays(struct bw_permit permit, uint8_t weekdays)
{
    permit.weekdays = weekdays;
    return permit;
}

static struct bw_permit for_driver(struct bw_permit permit, const char *driver_id)
{
    for (size_t i = 0; driver_id[i] != '\0'; i++)
        permit.driver_id[i] = driver_id[i];
    return permit;
}

static struct bw_permit in_force(const char *permit_no)
{
    return permit(permit_no, DAY - 9, DAY + 9, BW_STATUS_ACTIVE);
}

/* Drivers "a" (qualified until that day), "b" (until the day before) and "c" (for long). */
static void set_drivers(void)
{
    static const int32_t until_day[] = {DAY, DAY - 1, DAY + 900};
    for (size_t i = 0; i < 3; i++) {
        drivers[i] = (struct bw_driver){.qualified_until_day = until_day[i]};
        drivers[i].driver_id[0] = (char)('a' + i);
    }
    licence.drivers = drivers;
    licence.n_drivers = 3;
}

Test(rule_unlicensed, some_permit_in_force_must_be_for_this_day_of_the_week)
{
    static const struct {
        uint8_t first, second;
        enum bw_tri violated;
    } rows[] = {
        {0x7f, 0x7f, BW_NO},    {MONDAY, TUESDAY, BW_NO}, {TUESDAY, MONDAY, BW_NO}, {TUESDAY, SUNDAY, BW_YES},
        {0x7e, SUNDAY, BW_YES}, {0, TUESDAY, BW_NO},      {TUESDAY, 0, BW_NO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        HOLD(for_weekdays(in_force("first"), rows[i].first),
             for_weekdays(in_force("second"), rows[i].second));
        cr_expect_eq(verdict(&rule_unlicensed, &in), rows[i].violated, "row %zu", i);
    }
    HOLD(for_weekdays(in_force("first"), TUESDAY), for_weekdays(in_force("second"), MONDAY));
    licence.n_permits = 1;
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_YES, "what lies behind the last permit is none");
    HOLD(permit("past", DAY - 9, DAY - 1, BW_STATUS_ACTIVE), for_weekdays(in_force("second"), TUESDAY));
    cr_expect_eq(evidence().reason, BW_WRONG_WEEKDAY);
    cr_expect_str_eq(evidence().permit_no, "second");
    cr_expect_eq(evidence().valid_until_day, DAY + 9);
}

Test(rule_unlicensed, a_window_over_midnight_is_still_of_its_weekday)
{
    struct bw_permit overnight = for_weekdays(in_force("late"), SUNDAY);
    overnight.window_start_min = 1320;
    overnight.window_end_min = 60;
    HOLD(overnight);
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_NO);
    overnight.weekdays = TUESDAY;
    HOLD(overnight);
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_YES);
    overnight.weekdays = SUNDAY;
    overnight.window_start_min = overnight.window_end_min = 60;
    HOLD(overnight);
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_YES, "it does not cross midnight");
}

/* With no grace, as here, to the last minute of the window. */
Test(rule_unlicensed, the_last_evening_of_a_permit_ends_with_its_window)
{
    static const struct {
        int32_t day;
        int minute;
        uint16_t start_min, end_min;
        uint32_t grace_min;
        enum bw_tri violated;
    } rows[] = {
        {DAY + 1, 40, 1320, 40, 0, BW_NO},  {DAY + 1, 41, 1320, 40, 0, BW_YES},
        {DAY + 1, 50, 1320, 40, 10, BW_NO}, {DAY + 1, 51, 1320, 40, 10, BW_YES},
        {DAY + 1, 20, 20, 40, 0, BW_YES},   {DAY + 2, 20, 1320, 40, 0, BW_YES},
        {DAY, 1400, 1320, 40, 0, BW_NO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct bw_thresholds graced = {.out_of_hours_grace_min = rows[i].grace_min};
        HOLD(permit("evening", DAY - 9, DAY, BW_STATUS_ACTIVE));
        permits[0].window_start_min = rows[i].start_min;
        permits[0].window_end_min = rows[i].end_min;
        in.thresholds = &graced;
        in.utc_ms = rows[i].day * DAY_MS + rows[i].minute * INT64_C(60000);
        cr_expect_eq(verdict(&rule_unlicensed, &in), rows[i].violated, "row %zu", i);
    }
}

Test(rule_unlicensed, some_permitted_driver_must_be_qualified)
{
    static const struct {
        const char *first, *second;
        enum bw_tri violated;
    } rows[] = {
        {"a", "c", BW_NO},  {"b", "b", BW_YES}, {"b", "a", BW_NO}, {"c", "b", BW_NO},
        {"x", "b", BW_YES}, {"x", "", BW_NO},   {"", "b", BW_NO},
    };
    set_drivers();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        HOLD(for_driver(in_force("first"), rows[i].first), for_driver(in_force("second"), rows[i].second));
        cr_expect_eq(verdict(&rule_unlicensed, &in), rows[i].violated, "row %zu", i);
    }
}

Test(rule_unlicensed, a_driver_of_no_permit_of_today_does_not_count)
{
    set_drivers();
    HOLD(for_driver(permit("past", DAY - 9, DAY - 1, BW_STATUS_ACTIVE), "a"),
         for_driver(for_weekdays(in_force("tuesday"), TUESDAY), "a"), for_driver(in_force("today"), "b"));
    cr_expect_eq(evidence().reason, BW_DRIVER_UNQUALIFIED);
    cr_expect_str_eq(evidence().permit_no, "today");
    cr_expect_eq(evidence().valid_until_day, DAY + 9);
}

Test(rule_unlicensed, a_licence_without_drivers_accuses_none)
{
    HOLD(for_driver(in_force("p-1"), "x"));
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_NO);
    set_drivers();
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_YES);
}

Test(rule_unlicensed, an_inspection_is_good_on_its_last_day_and_may_be_unstated)
{
    static const struct {
        int32_t inspected_until_day;
        enum bw_tri violated;
    } rows[] = {{DAY - 1, BW_YES}, {DAY, BW_NO}, {DAY + 1, BW_NO}, {0, BW_NO}};
    HOLD(in_force("p-1"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        licence.inspected_until_day = rows[i].inspected_until_day;
        cr_expect_eq(verdict(&rule_unlicensed, &in), rows[i].violated, "row %zu", i);
    }
    licence.inspected_until_day = DAY - 1;
    cr_expect_eq(evidence().reason, BW_INSPECTION_EXPIRED);
    cr_expect_eq(evidence().valid_until_day, DAY - 1);
    cr_expect_str_eq(evidence().permit_no, "");
}

Test(rule_unlicensed, a_vehicle_is_scrapped_from_its_day_on)
{
    static const struct {
        int32_t scrapped_day;
        enum bw_tri violated;
    } rows[] = {{DAY - 1, BW_YES}, {DAY, BW_YES}, {DAY + 1, BW_NO}, {0, BW_NO}};
    HOLD(in_force("p-1"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        licence.scrapped_day = rows[i].scrapped_day;
        cr_expect_eq(verdict(&rule_unlicensed, &in), rows[i].violated, "row %zu", i);
    }
    licence.scrapped_day = DAY;
    cr_expect_eq(evidence().reason, BW_SCRAPPED);
    cr_expect_eq(evidence().valid_until_day, DAY);
}

/* Each is put right in turn, and the next one explains. */
Test(rule_unlicensed, gravest_reason_explains)
{
    set_drivers();
    licence.scrapped_day = DAY;
    licence.inspected_until_day = DAY - 1;
    HOLD(for_driver(for_weekdays(permit("p-1", DAY - 9, DAY - 1, BW_STATUS_ACTIVE), TUESDAY), "b"));
    cr_expect_eq(evidence().reason, BW_SCRAPPED);
    licence.scrapped_day = 0;
    cr_expect_eq(evidence().reason, BW_PERMIT_EXPIRED);
    permits[0].valid_until_day = DAY;
    cr_expect_eq(evidence().reason, BW_DRIVER_UNQUALIFIED);
    permits[0].driver_id[0] = 'c';
    cr_expect_eq(evidence().reason, BW_INSPECTION_EXPIRED);
    licence.inspected_until_day = DAY;
    cr_expect_eq(evidence().reason, BW_WRONG_WEEKDAY);
    permits[0].weekdays = MONDAY;
    cr_expect_eq(verdict(&rule_unlicensed, &in), BW_NO);
}

Test(rule_unlicensed, a_permit_that_ends_at_midnight_is_missed_the_day_after)
{
    struct rules rules = {0};
    HOLD(permit("p-1", DAY, DAY, BW_STATUS_ACTIVE));
    cr_expect_eq(rule_unlicensed.step(&rules, &in), LIFECYCLE_NONE);
    in.utc_ms += DAY_MS / 2;
    cr_expect_eq(rule_unlicensed.step(&rules, &in), LIFECYCLE_RAISE);
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
    HOLD(permit("past", DAY - 9, DAY - 1, BW_STATUS_ACTIVE),
         permit("to-come", DAY + 1, DAY + 9, BW_STATUS_ACTIVE));
    (void)rule_unlicensed.step(&rules, &in);
    in.utc_ms += DAY_MS;
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
