/* OUT_OF_HOURS by itself, each input at its limits (docs/rules.md; drives are in rules_hours.c). */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/unit/fixture_rule.h"

enum { DAY = 20710, MONDAY = 1, TUESDAY = 2, SUNDAY = 64 }; /* 2026-09-14, a Monday */
static const int64_t DAY_MS = 86400000, MINUTE_MS = 60000;

static struct bw_thresholds thresholds;
static struct bw_licence licence;
static struct bw_permit permits[2];
static struct inputs in;

static struct bw_permit permit(const char *permit_no, uint8_t weekdays, uint16_t start_min, uint16_t end_min)
{
    struct bw_permit permit = {.weekdays = weekdays,
                               .window_start_min = start_min,
                               .window_end_min = end_min,
                               .valid_from_day = DAY - 9,
                               .valid_until_day = DAY + 9,
                               .status = BW_STATUS_ACTIVE};
    memcpy(permit.permit_no, permit_no, strlen(permit_no));
    return permit;
}

static void at(int32_t day, int minute)
{
    in.utc_ms = day * DAY_MS + minute * MINUTE_MS;
}

/* Ten aboard, at 10 m/s, on Monday at noon; 07:00-08:00 is permitted, ten minutes more are borne. */
static void set_up(void)
{
    thresholds = (struct bw_thresholds){.out_of_hours_grace_min = 10};
    permits[0] = permit("morning", 0x1f, 420, 480);
    permits[1] = permit("afternoon", 0x1f, 960, 1020);
    licence = (struct bw_licence){.permits = permits, .n_permits = 1};
    in = (struct inputs){.licence = &licence,
                         .thresholds = &thresholds,
                         .clock = BW_CLOCK_GNSS,
                         .has_fix = true,
                         .fix.speed_mps = 10,
                         .cabin = {.occupancy = {BW_QUALITY_GOOD, 10, 10, 10}, .ignition_on = BW_YES}};
    at(DAY, 720);
}
TestSuite(rule_out_of_hours, .init = set_up);

static struct bw_alert raised(void)
{
    struct rules rules = {0};
    cr_assert_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_RAISE);
    return described(&rule_out_of_hours, &rules, &in);
}

Test(rule_out_of_hours, window_is_widened_on_both_sides)
{
    static const struct {
        int minute;
        enum bw_tri violated;
    } rows[] = {{0, BW_YES},  {409, BW_YES}, {410, BW_NO},  {420, BW_NO},
                {480, BW_NO}, {490, BW_NO},  {491, BW_YES}, {1439, BW_YES}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        at(DAY, rows[i].minute);
        cr_expect_eq(verdict(&rule_out_of_hours, &in), rows[i].violated, "row %zu", i);
    }
}

Test(rule_out_of_hours, without_grace_both_ends_are_inside_and_no_minute_more)
{
    static const struct {
        int minute;
        enum bw_tri violated;
    } rows[] = {{419, BW_YES}, {420, BW_NO}, {450, BW_NO}, {480, BW_NO}, {481, BW_YES}};
    thresholds.out_of_hours_grace_min = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        at(DAY, rows[i].minute);
        cr_expect_eq(verdict(&rule_out_of_hours, &in), rows[i].violated, "row %zu", i);
    }
    permits[0] = permit("all day", MONDAY, 0, 0);
    at(DAY, 0);
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_NO);
}

Test(rule_out_of_hours, minutes_are_those_of_the_licences_local_time)
{
    licence.utc_offset_min = 480;
    at(DAY, 0);
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_NO, "08:00 in China");
    at(DAY, 450);
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_YES, "15:30");
}

Test(rule_out_of_hours, one_window_of_any_permit_is_enough)
{
    licence.n_permits = 2;
    at(DAY, 1000);
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_NO);
    at(DAY, 450);
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_NO);
    at(DAY, 720);
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_YES);
}

Test(rule_out_of_hours, equal_ends_state_nothing_and_allow_the_day)
{
    static const struct {
        uint16_t start_min, end_min;
    } rows[] = {{0, 0}, {0, 1440}, {600, 600}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        permits[0].window_start_min = rows[i].start_min;
        permits[0].window_end_min = rows[i].end_min;
        at(DAY, 0);
        cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_NO, "row %zu", i);
        at(DAY, 1439);
        cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_NO, "row %zu", i);
    }
}

/* 22:00-01:00 on Sundays: Monday's first hour is Sunday's, Sunday's first hour is not. */
Test(rule_out_of_hours, a_window_over_midnight_belongs_to_the_day_it_began_on)
{
    static const struct {
        int32_t day;
        int minute;
        enum bw_tri violated;
    } rows[] = {
        {DAY - 1, 0, BW_YES},      {DAY - 1, 60, BW_YES},       {DAY - 1, 1309, BW_YES},
        {DAY - 1, 1310, BW_NO},    {DAY - 1, 1439, BW_NO},      {DAY, 0, BW_NO},
        {DAY, 70, BW_NO},          {DAY, 71, BW_YES},           {DAY, 1400, BW_YES},
        {DAY + 1, 30, BW_UNKNOWN}, {DAY - 2, 1439, BW_UNKNOWN},
    };
    permits[0] = permit("night", SUNDAY, 1320, 60);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        at(rows[i].day, rows[i].minute);
        cr_expect_eq(verdict(&rule_out_of_hours, &in), rows[i].violated, "row %zu", i);
    }
}

Test(rule_out_of_hours, grace_reaches_over_midnight)
{
    permits[0] = permit("early", TUESDAY, 5, 60);
    at(DAY, 1434);
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_UNKNOWN);
    at(DAY, 1435);
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_NO);
    permits[0] = permit("late", SUNDAY, 1200, 1435);
    at(DAY, 5);
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_NO);
    at(DAY, 6);
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_UNKNOWN);
}

Test(rule_out_of_hours, without_a_permit_of_today_it_is_another_rules_matter)
{
    permits[0].weekdays = TUESDAY;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_UNKNOWN, "weekday");
    permits[0].weekdays = 0;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_YES, "no weekday stated is every day");
    permits[0].valid_from_day = DAY + 2;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_UNKNOWN, "not yet");
    permits[0].valid_from_day = DAY;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_YES, "first day");
    permits[0].valid_until_day = DAY;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_YES, "last day");
    permits[0].valid_from_day = DAY - 9;
    permits[0].valid_until_day = DAY - 1;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_UNKNOWN, "no more");
    permits[0] = permit("p", 0x7f, 420, 480);
    permits[0].status = BW_STATUS_SUSPENDED;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_UNKNOWN, "suspended");
    licence.n_permits = 0;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_UNKNOWN, "none");
    in.licence = NULL;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_UNKNOWN, "no licence");
}

Test(rule_out_of_hours, accuses_who_drives_with_somebody_aboard_by_the_receivers_time)
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
        {BW_CLOCK_GNSS, true, 3, 10, BW_YES, BW_YES},
        {BW_CLOCK_GNSS, true, 2.9, 10, BW_YES, BW_UNKNOWN},
        {BW_CLOCK_GNSS, false, 10, 10, BW_YES, BW_UNKNOWN},
        {BW_CLOCK_GNSS, true, NAN, 10, BW_YES, BW_UNKNOWN},
        {BW_CLOCK_GNSS, true, 10, 0, BW_YES, BW_NO},
        {BW_CLOCK_GNSS, true, 10, 10, BW_UNKNOWN, BW_YES},
        {BW_CLOCK_GNSS, true, 10, 10, BW_NO, BW_NO},
        {BW_CLOCK_NONE, true, 10, 10, BW_NO, BW_NO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.clock = rows[i].clock;
        in.has_fix = rows[i].has_fix;
        in.fix.speed_mps = rows[i].speed_mps;
        in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, 0, 0, rows[i].high};
        in.cabin.ignition_on = rows[i].ignition_on;
        cr_expect_eq(verdict(&rule_out_of_hours, &in), rows[i].violated, "row %zu", i);
    }
}

Test(rule_out_of_hours, wheels_tell_without_a_position)
{
    in.has_fix = false;
    in.cabin.wheel_known = true;
    in.cabin.wheel_mps = 3;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_YES);
}

Test(rule_out_of_hours, inside_a_window_it_ends_even_when_the_bus_stands)
{
    at(DAY, 450);
    in.fix.speed_mps = 0;
    cr_expect_eq(verdict(&rule_out_of_hours, &in), BW_NO);
}

Test(rule_out_of_hours, the_nearest_window_explains)
{
    licence.n_permits = 2;
    at(DAY, 719);
    cr_expect_str_eq(raised().evidence.out_of_hours.permit_no, "morning");
    at(DAY, 720);
    cr_expect_str_eq(raised().evidence.out_of_hours.permit_no, "morning", "of two as near the first");
    at(DAY, 721);
    const struct bw_evidence_out_of_hours found = raised().evidence.out_of_hours;
    cr_expect_str_eq(found.permit_no, "afternoon");
    cr_expect_eq(found.window_start_min, 960);
    cr_expect_eq(found.window_end_min, 1020);
    cr_expect_eq(found.local_min, 721);
}

/* Tomorrow's window is nearer, but nothing that was permitted today. */
Test(rule_out_of_hours, only_a_permit_of_today_explains)
{
    licence.n_permits = 2;
    permits[1] = permit("tomorrow", TUESDAY, 30, 90);
    at(DAY, 1439);
    cr_expect_str_eq(raised().evidence.out_of_hours.permit_no, "morning");
    permits[1] = permit("yesterday", SUNDAY, 1000, 1400);
    at(DAY, 0);
    cr_expect_str_eq(raised().evidence.out_of_hours.permit_no, "morning");
    permits[1] = permit("night", SUNDAY, 1320, 60);
    at(DAY, 90);
    cr_expect_str_eq(raised().evidence.out_of_hours.permit_no, "night");
}

Test(rule_out_of_hours, is_held_before_it_is_raised_and_ends_at_once)
{
    static const struct {
        int64_t mono_ms;
        int minute;
        enum lifecycle_action action;
    } rows[] = {{0, 720, LIFECYCLE_NONE},
                {99, 720, LIFECYCLE_NONE},
                {100, 720, LIFECYCLE_RAISE},
                {101, 721, LIFECYCLE_NONE},
                {102, 450, LIFECYCLE_END}};
    struct rules rules = {0};
    thresholds.out_of_hours_hold_ms = 100;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.mono_ms = rows[i].mono_ms;
        at(DAY, rows[i].minute);
        cr_expect_eq(rule_out_of_hours.step(&rules, &in), rows[i].action, "row %zu", i);
    }
    cr_expect_eq(described(&rule_out_of_hours, &rules, &in).evidence.out_of_hours.local_min, 450,
                 "when it ended");
    cr_expect_str_eq(described(&rule_out_of_hours, &rules, &in).evidence.out_of_hours.permit_no, "morning");
}

Test(rule_out_of_hours, is_not_raised_twice_within_the_hold_off)
{
    struct rules rules = {0};
    thresholds.raise_hold_off_ms = 1000;
    cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_RAISE);
    in.cabin.ignition_on = BW_NO;
    cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_END);
    in.cabin.ignition_on = BW_YES;
    in.mono_ms = 999;
    cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_NONE);
    in.mono_ms = 1000;
    cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_RAISE);
}

static void aboard(enum bw_quality quality, unsigned low, unsigned high)
{
    in.cabin.occupancy = (struct bw_occupancy){quality, (uint16_t)low, (uint16_t)low, (uint16_t)high};
}

Test(rule_out_of_hours, with_no_pupil_certain_aboard_it_is_a_notice)
{
    aboard(BW_QUALITY_DEGRADED, 0, 4);
    cr_expect_eq(raised().severity, BW_NOTICE);
    aboard(BW_QUALITY_UNKNOWN, 0, 0);
    cr_expect_eq(raised().severity, BW_NOTICE);
    aboard(BW_QUALITY_GOOD, 1, 1);
    cr_expect_eq(raised().severity, BW_NOTICE, "it may be the attendant");
    aboard(BW_QUALITY_DEGRADED, 2, 4);
    cr_expect_eq(raised().severity, BW_MINOR);
}

Test(rule_out_of_hours, a_notice_becomes_an_accusation_and_never_falls_back)
{
    struct rules rules = {0};
    aboard(BW_QUALITY_UNKNOWN, 0, 0);
    (void)rule_out_of_hours.step(&rules, &in);
    cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, BW_NOTICE);
    aboard(BW_QUALITY_GOOD, 2, 2);
    (void)rule_out_of_hours.step(&rules, &in);
    cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, BW_MINOR);
    aboard(BW_QUALITY_UNKNOWN, 0, 0);
    (void)rule_out_of_hours.step(&rules, &in);
    cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, BW_MINOR);
    struct bw_alert graver = {.severity = BW_SERIOUS};
    rule_out_of_hours.describe(&rules, &in, &graver);
    cr_expect_eq(graver.severity, BW_SERIOUS);
}

/* Who gets on when the window has opened was not driven outside it. */
Test(rule_out_of_hours, who_boards_inside_the_window_does_not_make_a_notice_graver)
{
    struct rules rules = {0};
    aboard(BW_QUALITY_UNKNOWN, 0, 0);
    (void)rule_out_of_hours.step(&rules, &in);
    aboard(BW_QUALITY_GOOD, 9, 9);
    at(DAY, 450);
    cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_END);
    cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, BW_NOTICE);
}

/* How grave it is to drive at this minute after one in which the bus was seen so, for certain. */
static enum bw_severity after_minute(int before_min, unsigned before_aboard, int minute)
{
    struct rules rules = {0};
    aboard(BW_QUALITY_GOOD, before_aboard, before_aboard);
    at(DAY, before_min);
    (void)rule_out_of_hours.step(&rules, &in);
    aboard(BW_QUALITY_GOOD, 10, 10);
    at(DAY, minute);
    cr_assert_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_RAISE);
    return described(&rule_out_of_hours, &rules, &in).severity;
}

Test(rule_out_of_hours, who_was_aboard_in_the_hours_is_late_for_six_graces)
{
    cr_expect_eq(after_minute(480, 10, 491), BW_NOTICE);
    cr_expect_eq(after_minute(490, 10, 540), BW_NOTICE, "in the grace is in the hours");
    cr_expect_eq(after_minute(480, 10, 541), BW_MINOR);
    cr_expect_eq(after_minute(480, 0, 491), BW_MINOR, "nobody was aboard");
    thresholds.out_of_hours_grace_min = 20;
    cr_expect_eq(after_minute(480, 10, 600), BW_NOTICE);
    cr_expect_eq(after_minute(480, 10, 601), BW_MINOR);
}

Test(rule_out_of_hours, late_is_after_the_last_window_that_ended_and_never_before_one)
{
    struct rules rules = {0};
    licence.n_permits = 2; /* 07:00-08:00, 16:00-17:00 */
    at(DAY, 480);
    (void)rule_out_of_hours.step(&rules, &in);
    at(DAY, 945);
    cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_RAISE);
    cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, BW_MINOR, "early for the afternoon");
    cr_expect_eq(after_minute(1020, 10, 1060), BW_NOTICE);
    permits[0].window_end_min = 950; /* the one that ended last counts, whichever is first */
    cr_expect_eq(after_minute(1020, 10, 1060), BW_NOTICE);
    permits[0].window_end_min = 1024;
    permits[0].window_start_min = 1000;
    permits[1].window_end_min = 970;
    cr_expect_eq(after_minute(1024, 10, 1060), BW_NOTICE);
}

Test(rule_out_of_hours, one_who_was_aboard_for_certain_in_the_hours_makes_a_trip_and_doubt_makes_none)
{
    cr_expect_eq(after_minute(480, 1, 491), BW_NOTICE);
    struct rules rules = {0};
    aboard(BW_QUALITY_DEGRADED, 0, 10);
    at(DAY, 480);
    (void)rule_out_of_hours.step(&rules, &in);
    aboard(BW_QUALITY_GOOD, 10, 10);
    at(DAY, 491);
    cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_RAISE);
    cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, BW_MINOR);
}

Test(rule_out_of_hours, who_was_aboard_before_the_hours_alone_is_not_late)
{
    struct rules rules = {0};
    in.fix.speed_mps = 0;
    at(DAY, 409);
    (void)rule_out_of_hours.step(&rules, &in);
    in.fix.speed_mps = 10;
    at(DAY, 491);
    cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_RAISE);
    cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, BW_MINOR);
}

Test(rule_out_of_hours, the_trip_that_was_late_ends_with_an_empty_bus)
{
    struct rules rules = {0};
    at(DAY, 480);
    (void)rule_out_of_hours.step(&rules, &in);
    aboard(BW_QUALITY_GOOD, 0, 0);
    (void)rule_out_of_hours.step(&rules, &in);
    aboard(BW_QUALITY_GOOD, 10, 10);
    at(DAY, 495);
    cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_RAISE);
    cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, BW_MINOR);
}

Test(rule_out_of_hours, a_restart_forgets_no_trip_that_is_late)
{
    static const enum bw_severity severities[] = {BW_NOTICE, BW_MINOR};
    for (size_t i = 0; i < 2; i++) {
        const struct bw_alert open = {.kind = BW_OUT_OF_HOURS, .phase = BW_RAISED, .severity = severities[i]};
        struct rules rules = {0};
        rule_out_of_hours.resume(&rules, &open);
        at(DAY, 500);
        (void)rule_out_of_hours.step(&rules, &in);
        cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, severities[i]);
    }
}

Test(rule_out_of_hours, the_next_alert_begins_as_a_notice_again)
{
    struct rules rules = {0};
    (void)rule_out_of_hours.step(&rules, &in);
    at(DAY, 450);
    (void)rule_out_of_hours.step(&rules, &in);
    at(DAY, 720);
    aboard(BW_QUALITY_UNKNOWN, 0, 0);
    cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_RAISE);
    cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, BW_NOTICE);
}

Test(rule_out_of_hours, a_graver_severity_is_worth_an_update)
{
    const struct bw_alert before = {.severity = BW_NOTICE}, after = {.severity = BW_MINOR};
    cr_expect(rule_out_of_hours.grown(&before, &after));
    cr_expect_not(rule_out_of_hours.grown(&after, &after));
}

Test(rule_out_of_hours, what_was_open_goes_on_with_its_evidence)
{
    static const enum bw_severity severities[] = {BW_NOTICE, BW_MINOR};
    for (size_t i = 0; i < 2; i++) {
        const struct bw_alert open = {.kind = BW_OUT_OF_HOURS,
                                      .phase = BW_UPDATED,
                                      .severity = severities[i],
                                      .evidence.out_of_hours = {.permit_no = "old", .local_min = 7}};
        struct rules rules = {0};
        rule_out_of_hours.resume(&rules, &open);
        in.clock = BW_CLOCK_NONE;
        cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_NONE);
        cr_expect_eq(described(&rule_out_of_hours, &rules, &in).severity, severities[i]);
        cr_expect_str_eq(described(&rule_out_of_hours, &rules, &in).evidence.out_of_hours.permit_no, "old");
        cr_expect_eq(described(&rule_out_of_hours, &rules, &in).evidence.out_of_hours.local_min, 7);
        in.clock = BW_CLOCK_GNSS;
        aboard(BW_QUALITY_UNKNOWN, 0, 0);
        cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_NONE, "not raised again");
        at(DAY, 450);
        cr_expect_eq(rule_out_of_hours.step(&rules, &in), LIFECYCLE_END);
        set_up();
    }
}
