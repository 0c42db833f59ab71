/* Which alerts make a case, by when it is due, who hears of it, and which alerts are of one trip. */
#include "bureau/cases/policy.h"
#include "proto/utc.h"

#include <criterion/criterion.h>

static const int64_t HOUR_MS = 3600000, T = 1789425000000; /* 2026-09-15T06:30+08:00 */

Test(case_policy, a_notice_opens_nothing_unless_it_is_about_the_device_and_repeated)
{
    for (int kind = 0; kind <= BW_KIND_COUNT; kind++)
        for (int severity = BW_SEVERITY_NONE; severity <= BW_CRIMINAL; severity++) {
            const bool known = kind > 0 && kind < BW_KIND_COUNT;
            const bool device = kind == BW_SENSOR_FAULT || kind == BW_TAMPER;
            enum case_effect expected = CASE_NOTHING;
            if (known && severity > BW_NOTICE)
                expected = CASE_OPENS;
            else if (known && severity == BW_NOTICE && device)
                expected = CASE_IF_REPEATED;
            cr_expect_eq(case_effect((enum bw_kind)kind, (enum bw_severity)severity), expected, "%d %d", kind,
                         severity);
        }
}

Test(case_policy, every_kind_has_a_deadline_and_a_graver_band_no_longer_one)
{
    const struct case_policy *policy = &CASE_POLICY_DEFAULT;
    for (int kind = 1; kind < CASE_KINDS; kind++) {
        if (*case_kind_name(kind) == '\0')
            continue;
        cr_expect_gt(policy->deadline_h[kind][0], 0, "%s", case_kind_name(kind));
        for (int band = 1; band < CASE_BANDS; band++)
            cr_expect_leq(policy->deadline_h[kind][band], policy->deadline_h[kind][band - 1], "%s",
                          case_kind_name(kind));
    }
    static const struct {
        enum bw_severity severity;
        int64_t hours;
    } overload[] = {
        {BW_SEVERITY_NONE, 72}, {BW_NOTICE, 72}, {BW_MINOR, 72}, {BW_SERIOUS, 24}, {BW_CRIMINAL, 24}};
    for (size_t i = 0; i < sizeof overload / sizeof *overload; i++)
        cr_expect_eq(case_deadline_utc_ms(policy, BW_OVERLOAD, overload[i].severity, T),
                     T + overload[i].hours * HOUR_MS);
    cr_expect_eq(case_deadline_utc_ms(policy, CASE_KINDS, BW_MINOR, T), T, "no kind of ours");
    cr_expect_eq(case_deadline_utc_ms(policy, -1, BW_MINOR, T), T);
}

Test(case_policy, overdue_is_an_assigned_case_past_its_deadline)
{
    static const struct {
        enum case_state state;
        int64_t deadline_utc_ms, now_utc_ms;
        bool overdue;
    } table[] = {
        {CASE_ASSIGNED, T, T, false},         {CASE_ASSIGNED, T, T + 1, true},
        {CASE_ASSIGNED, 0, T, false},         {CASE_OPEN, T, T + 1, false},
        {CASE_ACKNOWLEDGED, T, T + 1, false}, {CASE_RECTIFIED, T, T + 1, false},
        {CASE_CLOSED, T, T + 1, false},       {CASE_DISMISSED, T, T + 1, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct case_clock clock = {.state = table[i].state,
                                         .deadline_utc_ms = table[i].deadline_utc_ms};
        cr_expect_eq(case_is_overdue(&clock, table[i].now_utc_ms), table[i].overdue, "row %zu", i);
    }
}

Test(case_policy, goes_up_by_level)
{
    const struct case_policy policy = {.acknowledge_h = 24, .escalate_h = {2, 48}};
    static const struct {
        enum case_state state;
        int64_t deadline_h, now_h; /* since it was opened */
        uint8_t level;
    } table[] = {
        {CASE_OPEN, 0, 0, 1},          {CASE_OPEN, 0, 24, 1},         {CASE_OPEN, 0, 26, 1},
        {CASE_OPEN, 0, 27, 2},         {CASE_OPEN, 0, 72, 2},         {CASE_OPEN, 0, 73, 3},
        {CASE_ACKNOWLEDGED, 0, 50, 1}, {CASE_ACKNOWLEDGED, 0, 51, 2}, {CASE_ACKNOWLEDGED, 0, 97, 3},
        {CASE_ASSIGNED, 100, 100, 1},  {CASE_ASSIGNED, 100, 102, 1},  {CASE_ASSIGNED, 100, 103, 2},
        {CASE_ASSIGNED, 100, 149, 3},  {CASE_RECTIFIED, 100, 999, 0}, {CASE_CLOSED, 100, 999, 0},
        {CASE_DISMISSED, 100, 999, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct case_clock clock = {.state = table[i].state,
                                         .opened_utc_ms = T,
                                         .deadline_utc_ms =
                                             table[i].deadline_h > 0 ? T + table[i].deadline_h * HOUR_MS : 0};
        cr_expect_eq(case_level(&policy, &clock, T + table[i].now_h * HOUR_MS), table[i].level, "row %zu", i);
    }
}

Test(case_policy, a_trip_ends_at_the_end_of_the_one_before_and_at_midnight)
{
    const int64_t midnight = T - 390 * 60000; /* 00:00 in China */
    cr_expect_eq(case_trip_utc_ms(0, T), midnight);
    cr_expect_eq(case_trip_utc_ms(midnight - 1, T), midnight, "yesterday's last");
    cr_expect_eq(case_trip_utc_ms(T - 1000, T), T - 1000);
    cr_expect_eq(case_trip_utc_ms(0, midnight), midnight);
    cr_expect_eq(case_trip_utc_ms(0, midnight - 1), midnight - UTC_MS_PER_DAY);
}
