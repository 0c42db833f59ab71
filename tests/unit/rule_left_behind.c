/* CHILD_LEFT_BEHIND by itself, each input at its limits (docs/rules.md; drives are in rules_cabin.c). */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/fixture_rule.h"

static const struct bw_thresholds waits = {.left_behind_hold_ms = 5000, .left_behind_escalate_ms = 60000};
static struct inputs in;

/* One child in a bus that is shut. No position, no time, no licence. */
static void set_up(void)
{
    in = (struct inputs){
        .thresholds = &no_wait,
        .cabin = {.occupancy = {BW_QUALITY_GOOD, 1, 1, 1}, .door_open = BW_NO, .ignition_on = BW_NO}};
}
TestSuite(rule_left_behind, .init = set_up);

Test(rule_left_behind, somebody_for_certain_behind_closed_doors_with_the_ignition_off)
{
    static const struct {
        enum bw_tri ignition_on, door_open;
        struct bw_occupancy aboard;
        enum bw_tri violated;
    } rows[] = {
        {BW_NO, BW_NO, {BW_QUALITY_GOOD, 1, 1, 1}, BW_YES},
        {BW_NO, BW_NO, {BW_QUALITY_DEGRADED, 1, 1, 9}, BW_YES},
        {BW_NO, BW_NO, {BW_QUALITY_DEGRADED, 0, 0, 9}, BW_UNKNOWN},
        {BW_NO, BW_NO, {BW_QUALITY_UNKNOWN, 0, 0, 0}, BW_UNKNOWN},
        {BW_NO, BW_NO, {BW_QUALITY_GOOD, 0, 0, 0}, BW_NO},
        {BW_NO, BW_YES, {BW_QUALITY_GOOD, 1, 1, 1}, BW_UNKNOWN},
        {BW_NO, BW_UNKNOWN, {BW_QUALITY_GOOD, 1, 1, 1}, BW_UNKNOWN},
        {BW_UNKNOWN, BW_NO, {BW_QUALITY_GOOD, 1, 1, 1}, BW_UNKNOWN},
        {BW_UNKNOWN, BW_UNKNOWN, {BW_QUALITY_UNKNOWN, 0, 0, 0}, BW_UNKNOWN},
        {BW_UNKNOWN, BW_UNKNOWN, {BW_QUALITY_GOOD, 0, 0, 0}, BW_NO},
        {BW_YES, BW_NO, {BW_QUALITY_GOOD, 1, 1, 1}, BW_NO},
        {BW_YES, BW_UNKNOWN, {BW_QUALITY_UNKNOWN, 0, 0, 0}, BW_NO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.cabin.ignition_on = rows[i].ignition_on;
        in.cabin.door_open = rows[i].door_open;
        in.cabin.occupancy = rows[i].aboard;
        cr_expect_eq(verdict(&rule_left_behind, &in), rows[i].violated, "row %zu", i);
    }
}

Test(rule_left_behind, is_held_ends_at_once_and_has_a_hold_off)
{
    const struct bw_thresholds held = {
        .left_behind_hold_ms = 100, .left_behind_escalate_ms = 1000, .raise_hold_off_ms = 500};
    static const struct {
        int64_t mono_ms;
        enum bw_tri ignition_on;
        enum lifecycle_action action;
    } rows[] = {{0, BW_NO, LIFECYCLE_NONE},   {99, BW_NO, LIFECYCLE_NONE},  {100, BW_NO, LIFECYCLE_RAISE},
                {101, BW_YES, LIFECYCLE_END}, {102, BW_NO, LIFECYCLE_NONE}, {599, BW_NO, LIFECYCLE_NONE},
                {600, BW_NO, LIFECYCLE_RAISE}};
    struct rules rules = {0};
    in.thresholds = &held;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in.mono_ms = rows[i].mono_ms;
        in.cabin.ignition_on = rows[i].ignition_on;
        cr_expect_eq(rule_left_behind.step(&rules, &in), rows[i].action, "row %zu", i);
    }
}

Test(rule_left_behind, the_alarm_escalates_with_the_wait)
{
    static const struct {
        int64_t passed_ms;
        enum lifecycle_action action;
        uint8_t level;
        uint32_t waiting_ms;
        enum bw_severity severity;
    } rows[] = {
        {7000, LIFECYCLE_NONE, 0, 0, BW_NOTICE},         {5000, LIFECYCLE_RAISE, 1, 5000, BW_NOTICE},
        {59999, LIFECYCLE_NONE, 1, 64999, BW_NOTICE},    {1, LIFECYCLE_NONE, 2, 65000, BW_MINOR},
        {59999, LIFECYCLE_NONE, 2, 124999, BW_MINOR},    {1, LIFECYCLE_NONE, 3, 125000, BW_SERIOUS},
        {600000, LIFECYCLE_NONE, 3, 725000, BW_SERIOUS},
    };
    struct rules rules = {0};
    in.thresholds = &waits;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(step_after(&rule_left_behind, &rules, &in, rows[i].passed_ms), rows[i].action, "row %zu",
                     i);
        const struct bw_alert alert = described(&rule_left_behind, &rules, &in);
        cr_expect_eq(alert.severity, rows[i].severity, "row %zu", i);
        if (i == 0)
            continue; /* not yet raised */
        cr_expect_eq(alert.evidence.left_behind.level, rows[i].level, "row %zu", i);
        cr_expect_eq(alert.evidence.left_behind.waiting_ms, rows[i].waiting_ms, "row %zu", i);
    }
}

Test(rule_left_behind, the_wait_goes_on_through_silent_sensors)
{
    struct rules rules = {0};
    in.thresholds = &waits;
    in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_DEGRADED, 2, 2, 4};
    (void)step_after(&rule_left_behind, &rules, &in, 0);
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 5000), LIFECYCLE_RAISE);
    in.cabin.door_open = BW_UNKNOWN;
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 30000), LIFECYCLE_NONE);
    in.cabin = (struct bw_cabin){0};
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 30000), LIFECYCLE_NONE);
    const struct bw_evidence_left_behind evidence =
        described(&rule_left_behind, &rules, &in).evidence.left_behind;
    cr_expect_eq(evidence.waiting_ms, 65000U);
    cr_expect_eq(evidence.level, 2);
    cr_expect_eq(evidence.aboard, 2, "the last that was certain");
    in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, 0, 0, 0};
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 1000), LIFECYCLE_END);
    cr_expect_eq(described(&rule_left_behind, &rules, &in).evidence.left_behind.aboard, 0);
    cr_expect_eq(described(&rule_left_behind, &rules, &in).evidence.left_behind.waiting_ms, 66000U);
}

Test(rule_left_behind, a_hold_is_forgotten_when_nothing_confirms_it_and_the_next_wait_begins_anew)
{
    struct rules rules = {0};
    in.thresholds = &waits;
    (void)step_after(&rule_left_behind, &rules, &in, 0);
    (void)step_after(&rule_left_behind, &rules, &in, 4000);
    in.cabin.door_open = BW_YES;
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 1000), LIFECYCLE_NONE);
    in.cabin.door_open = BW_NO;
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 1000), LIFECYCLE_NONE);
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 4999), LIFECYCLE_NONE);
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 1), LIFECYCLE_RAISE);
    cr_expect_eq(described(&rule_left_behind, &rules, &in).evidence.left_behind.waiting_ms, 5000U);
}

Test(rule_left_behind, an_opened_door_gives_time_to_get_off_once)
{
    struct rules rules = {0};
    in.thresholds = &waits;
    (void)step_after(&rule_left_behind, &rules, &in, 0);
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 5000), LIFECYCLE_RAISE);
    in.cabin.door_open = BW_YES;
    (void)step_after(&rule_left_behind, &rules, &in, 179999);
    (void)step_after(&rule_left_behind, &rules, &in, 1);
    cr_expect_eq(described(&rule_left_behind, &rules, &in).evidence.left_behind.waiting_ms, 5000U);
    (void)step_after(&rule_left_behind, &rules, &in, 60000);
    cr_expect_eq(described(&rule_left_behind, &rules, &in).evidence.left_behind.level, 2);
    in.cabin.ignition_on = BW_YES;
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 1000), LIFECYCLE_END);
    in.cabin.ignition_on = in.cabin.door_open = BW_NO;
    (void)step_after(&rule_left_behind, &rules, &in, 1000);
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 5000), LIFECYCLE_RAISE);
    in.cabin.door_open = BW_YES;
    (void)step_after(&rule_left_behind, &rules, &in, 60000);
    cr_expect_eq(described(&rule_left_behind, &rules, &in).evidence.left_behind.level, 1,
                 "and the next time");
}

Test(rule_left_behind, the_number_stays_the_last_that_was_certain)
{
    static const struct {
        struct bw_occupancy aboard;
        uint16_t said;
    } rows[] = {{{BW_QUALITY_DEGRADED, 0, 1, 2}, 2},
                {{BW_QUALITY_DEGRADED, 1, 1, 2}, 1},
                {{BW_QUALITY_UNKNOWN, 0, 0, 0}, 2},
                {{BW_QUALITY_GOOD, 3, 3, 3}, 3},
                {{BW_QUALITY_GOOD, 0, 0, 0}, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rules rules = {0};
        in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, 2, 2, 2};
        cr_expect_eq(rule_left_behind.step(&rules, &in), LIFECYCLE_RAISE);
        in.cabin.occupancy = rows[i].aboard;
        (void)rule_left_behind.step(&rules, &in);
        cr_expect_eq(described(&rule_left_behind, &rules, &in).evidence.left_behind.aboard, rows[i].said,
                     "row %zu", i);
    }
}

Test(rule_left_behind, the_next_alert_begins_at_the_first_level)
{
    struct rules rules = {0};
    in.thresholds = &waits;
    for (int i = 0; i < 40; i++)
        (void)step_after(&rule_left_behind, &rules, &in, 5000);
    cr_expect_eq(described(&rule_left_behind, &rules, &in).evidence.left_behind.level, 3);
    in.cabin.ignition_on = BW_YES;
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 1000), LIFECYCLE_END);
    in.cabin.ignition_on = BW_NO;
    (void)step_after(&rule_left_behind, &rules, &in, 1000);
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 5000), LIFECYCLE_RAISE);
    const struct bw_alert alert = described(&rule_left_behind, &rules, &in);
    cr_expect_eq(alert.evidence.left_behind.level, 1);
    cr_expect_eq(alert.evidence.left_behind.waiting_ms, 5000U);
    cr_expect_eq(alert.severity, BW_NOTICE);
}

Test(rule_left_behind, a_higher_level_is_worth_an_update)
{
    const struct bw_alert before = {.evidence.left_behind = {.level = 1}};
    const struct bw_alert same = {.evidence.left_behind = {.level = 1, .waiting_ms = 9, .aboard = 5}};
    const struct bw_alert higher = {.evidence.left_behind = {.level = 2}};
    cr_expect_not(rule_left_behind.grown(&before, &same));
    cr_expect(rule_left_behind.grown(&before, &higher));
}

Test(rule_left_behind, what_was_open_goes_on_with_its_wait_and_its_level)
{
    struct rules rules = {0};
    const struct bw_alert open = {
        .kind = BW_CHILD_LEFT_BEHIND,
        .phase = BW_UPDATED,
        .severity = BW_MINOR,
        .evidence.left_behind = {.aboard = 3, .waiting_ms = 70000, .level = 2},
    };
    in.thresholds = &waits;
    in.cabin = (struct bw_cabin){0};
    rule_left_behind.resume(&rules, &open);
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 0), LIFECYCLE_NONE);
    (void)step_after(&rule_left_behind, &rules, &in, 1000);
    struct bw_alert alert = described(&rule_left_behind, &rules, &in);
    cr_expect_eq(alert.severity, BW_MINOR);
    cr_expect_eq(alert.evidence.left_behind.aboard, 3);
    cr_expect_eq(alert.evidence.left_behind.waiting_ms, 71000U);
    cr_expect_eq(alert.evidence.left_behind.level, 2);
    (void)step_after(&rule_left_behind, &rules, &in, 54000);
    alert = described(&rule_left_behind, &rules, &in);
    cr_expect_eq(alert.evidence.left_behind.level, 3);
    in.cabin.ignition_on = BW_YES;
    cr_expect_eq(step_after(&rule_left_behind, &rules, &in, 1000), LIFECYCLE_END);
}

Test(rule_left_behind, a_level_that_was_reported_is_not_taken_back)
{
    struct rules rules = {0};
    const struct bw_alert open = {.kind = BW_CHILD_LEFT_BEHIND,
                                  .phase = BW_UPDATED,
                                  .evidence.left_behind = {.waiting_ms = 20000, .level = 3}};
    in.thresholds = &waits; /* of another licence: longer */
    rule_left_behind.resume(&rules, &open);
    (void)step_after(&rule_left_behind, &rules, &in, 0);
    cr_expect_eq(described(&rule_left_behind, &rules, &in).evidence.left_behind.level, 3);
}

Test(rule_left_behind, a_wait_of_months_is_counted_as_far_as_evidence_can)
{
    const struct rules rules = {.left_behind = {.waiting_ms = INT64_C(5000000000), .level = 3}};
    cr_expect_eq(described(&rule_left_behind, &rules, &in).evidence.left_behind.waiting_ms, UINT32_MAX);
}

/* The bus goes to sleep with the ignition: all of it, or only a part that is broken. */
Test(rule_left_behind, a_bus_that_falls_asleep_does_not_end_the_wait_and_one_that_slept_begins_none)
{
    static const struct {
        bool waited;
        enum bw_tri ignition_on, door_open;
        enum bw_quality quality;
        enum lifecycle_action action;
    } rows[] = {
        {true, BW_UNKNOWN, BW_UNKNOWN, BW_QUALITY_UNKNOWN, LIFECYCLE_RAISE},
        {true, BW_NO, BW_UNKNOWN, BW_QUALITY_UNKNOWN, LIFECYCLE_NONE},
        {true, BW_UNKNOWN, BW_NO, BW_QUALITY_UNKNOWN, LIFECYCLE_NONE},
        {true, BW_UNKNOWN, BW_UNKNOWN, BW_QUALITY_DEGRADED, LIFECYCLE_NONE},
        {false, BW_UNKNOWN, BW_UNKNOWN, BW_QUALITY_UNKNOWN, LIFECYCLE_NONE},
    };
    const struct bw_thresholds held = {.left_behind_hold_ms = 100, .left_behind_escalate_ms = 1000};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rules rules = {0};
        set_up();
        in.thresholds = &held;
        if (rows[i].waited)
            cr_expect_eq(rule_left_behind.step(&rules, &in), LIFECYCLE_NONE);
        in.cabin = (struct bw_cabin){.ignition_on = rows[i].ignition_on,
                                     .door_open = rows[i].door_open,
                                     .occupancy.quality = rows[i].quality};
        in.mono_ms = 99;
        cr_expect_eq(rule_left_behind.step(&rules, &in), LIFECYCLE_NONE, "row %zu", i);
        in.mono_ms = 199;
        cr_expect_eq(rule_left_behind.step(&rules, &in), rows[i].action, "row %zu", i);
    }
}

/* --- the attendant's round --- */

/* A step a second later. */
static enum lifecycle_action later(struct rules *rules, int64_t seconds)
{
    enum lifecycle_action action = LIFECYCLE_NONE;
    for (int64_t s = 0; s < seconds && action == LIFECYCLE_NONE; s++)
        action = step_after(&rule_left_behind, rules, &in, 1000);
    return action;
}

static void press(struct rules *rules)
{
    in.cabin.presses++;
    (void)step_after(&rule_left_behind, rules, &in, 1000);
}

Test(rule_left_behind, who_has_looked_at_every_seat_is_not_warned_of_what_lies_there)
{
    struct rules rules = {0};
    in.thresholds = &waits;
    (void)later(&rules, 2);
    press(&rules);
    cr_expect_eq(later(&rules, 3600), LIFECYCLE_NONE);
}

Test(rule_left_behind, the_round_ends_an_alarm)
{
    struct rules rules = {0};
    in.thresholds = &waits;
    cr_expect_eq(later(&rules, 10), LIFECYCLE_RAISE);
    in.cabin.presses++;
    cr_expect_eq(later(&rules, 1), LIFECYCLE_END);
}

Test(rule_left_behind, a_round_and_a_bag_outlive_a_change_of_licence)
{
    const struct bw_alert open = {.kind = BW_CHILD_LEFT_BEHIND, .phase = BW_RAISED};
    struct rules before = {0}, rules = {0};
    in.thresholds = &waits;
    in.cabin.seat_changes = 7;
    (void)later(&before, 2);
    press(&before);
    before.left_behind.bag = true;
    rule_left_behind.resume(&rules, &open);
    rule_left_behind_continue(&rules, &before);
    cr_expect(rules.left_behind.bag);
    cr_expect_eq(rules.left_behind.changes, 7U);
    cr_expect_eq(later(&rules, 1), LIFECYCLE_END, "what was open on disk");
    cr_expect_eq(later(&rules, 3600), LIFECYCLE_NONE);
}

Test(rule_left_behind, what_moves_after_the_round_arms_the_alarm_again)
{
    struct rules rules = {0};
    in.thresholds = &waits;
    (void)later(&rules, 2);
    press(&rules);
    cr_expect_eq(later(&rules, 600), LIFECYCLE_NONE);
    in.cabin.seat_changes++;
    cr_expect_eq(later(&rules, 10), LIFECYCLE_RAISE);
}

Test(rule_left_behind, a_round_just_before_the_engine_is_off_counts_and_an_earlier_one_does_not)
{
    static const struct {
        int64_t before_s;
        enum lifecycle_action action;
    } rows[] = {{119, LIFECYCLE_NONE}, {121, LIFECYCLE_RAISE}};
    for (size_t i = 0; i < 2; i++) {
        struct rules rules = {0};
        set_up();
        in.thresholds = &waits;
        in.cabin.ignition_on = BW_YES;
        (void)later(&rules, 2);
        press(&rules);
        (void)later(&rules, rows[i].before_s - 1);
        in.cabin.ignition_on = BW_NO;
        cr_expect_eq(later(&rules, 600), rows[i].action, "row %zu", i);
    }
}

Test(rule_left_behind, presses_from_before_the_cabin_was_heard_are_no_round)
{
    struct rules rules = {0};
    in.thresholds = &waits;
    in.cabin.presses = 4;
    cr_expect_eq(later(&rules, 10), LIFECYCLE_RAISE);
}

Test(rule_left_behind, a_round_outlasts_a_bus_that_falls_asleep)
{
    struct rules rules = {0};
    in.thresholds = &waits;
    (void)later(&rules, 2);
    press(&rules);
    const struct bw_cabin awake = in.cabin;
    in.cabin = (struct bw_cabin){.presses = 0};
    (void)later(&rules, 60);
    in.cabin = awake;
    cr_expect_eq(later(&rules, 60), LIFECYCLE_NONE);
}

Test(rule_left_behind, a_button_counts_where_no_seat_is_known)
{
    struct rules rules = {0};
    in.thresholds = &waits;
    in.cabin.occupancy = (struct bw_occupancy){.quality = BW_QUALITY_UNKNOWN};
    in.cabin.presses = 1;
    (void)later(&rules, 2);
    press(&rules);
    in.cabin.occupancy = (struct bw_occupancy){BW_QUALITY_DEGRADED, 1, 1, 1};
    cr_expect_eq(later(&rules, 60), LIFECYCLE_NONE);
}

/* --- bags --- */

static void set_bag(void)
{
    set_up();
    in.thresholds = &waits;
    in.cabin.counted = (struct bw_counted){.known = true, .count = 0, .high = 2};
    in.cabin.belts.quality = BW_QUALITY_GOOD;
}

Test(rule_left_behind, what_is_most_likely_a_bag_sounds_later_and_is_escalated_later)
{
    struct rules rules = {0};
    set_bag();
    cr_expect_eq(later(&rules, 30), LIFECYCLE_NONE);
    cr_expect_eq(later(&rules, 1), LIFECYCLE_RAISE);
    (void)later(&rules, 273);
    cr_expect_eq(rules.left_behind.level, 1);
    (void)later(&rules, 2);
    cr_expect_eq(rules.left_behind.level, 2);
}

Test(rule_left_behind, a_single_sign_of_a_person_is_enough)
{
    for (int sign = 0; sign < 5; sign++) {
        struct rules rules = {0};
        set_bag();
        in.cabin.counted.known = sign != 0;
        in.cabin.counted.count = sign == 1;
        in.cabin.belts.quality = sign == 2 ? BW_QUALITY_DEGRADED : BW_QUALITY_GOOD;
        in.cabin.belted = sign == 3;
        (void)later(&rules, 1);
        in.cabin.seat_changes = sign == 4;
        cr_expect_eq(later(&rules, 6), LIFECYCLE_RAISE, "sign %d", sign);
    }
}

Test(rule_left_behind, a_bag_in_a_bus_that_falls_asleep_stays_one)
{
    struct rules rules = {0};
    set_bag();
    (void)later(&rules, 2);
    in.cabin = (struct bw_cabin){.presses = 0};
    cr_expect_eq(later(&rules, 20), LIFECYCLE_NONE);
    cr_expect_eq(later(&rules, 20), LIFECYCLE_RAISE);
}
