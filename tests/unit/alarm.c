/* Which alert sounds how, and what is heard of several (gateway/alarm/alarm.h). */
#include <criterion/criterion.h>
#include <errno.h>

#include "gateway/alarm/alarm.h"
#include "gateway/compliance/engine.h"

static struct bw_alert alert_of(enum bw_kind kind, enum bw_severity severity, enum bw_phase phase,
                                uint64_t number)
{
    return (struct bw_alert){.kind = kind, .severity = severity, .phase = phase, .number = number};
}

static struct bw_alert child(uint8_t level, enum bw_phase phase, uint64_t number)
{
    struct bw_alert alert = alert_of(BW_CHILD_LEFT_BEHIND, BW_NOTICE, phase, number);
    alert.evidence.left_behind.level = level;
    return alert;
}

Test(alarm, what_sounds_how)
{
    static const struct {
        enum bw_kind kind;
        enum alarm_sound notice, minor; /* by severity */
    } rows[] = {
        {BW_OVERLOAD, ALARM_SILENT, ALARM_WARNING},
        {BW_OFF_ROUTE, ALARM_SILENT, ALARM_WARNING}, /* with nobody aboard, or exempted: a notice */
        {BW_OUT_OF_HOURS, ALARM_SILENT, ALARM_WARNING},
        {BW_UNAPPROVED_STOP, ALARM_SILENT, ALARM_WARNING},
        {BW_UNLICENSED, ALARM_SILENT, ALARM_WARNING},
        {BW_OVERSPEED, ALARM_SILENT, ALARM_WARNING},
        {BW_UNBELTED, ALARM_SILENT, ALARM_WARNING},
        {BW_DOOR_OPEN_MOVING, ALARM_SILENT, ALARM_WARNING},
        {BW_SENSOR_FAULT, ALARM_LAMP, ALARM_LAMP},
        {BW_TAMPER, ALARM_SILENT, ALARM_SILENT}, /* who tampers is not told that it was seen */
        {BW_KIND_UNSPECIFIED, ALARM_SILENT, ALARM_SILENT},
        {BW_KIND_COUNT, ALARM_SILENT, ALARM_SILENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bw_alert alert = alert_of(rows[i].kind, BW_NOTICE, BW_RAISED, 1);
        cr_expect_eq(alarm_sound_of(&alert), rows[i].notice, "row %zu", i);
        for (enum bw_severity severity = BW_MINOR; severity <= BW_CRIMINAL; severity++) {
            alert.severity = severity;
            cr_expect_eq(alarm_sound_of(&alert), rows[i].minor, "row %zu, severity %d", i, severity);
        }
        alert.phase = BW_CLEARED;
        cr_expect_eq(alarm_sound_of(&alert), ALARM_SILENT, "row %zu, cleared", i);
    }
}

Test(alarm, a_child_left_behind_sounds_by_its_level_and_not_by_its_severity)
{
    static const enum alarm_sound by_level[] = {ALARM_SILENT, ALARM_CHILD_1, ALARM_CHILD_2, ALARM_CHILD_3,
                                                ALARM_CHILD_3 /* one that only a later version knows */};
    for (uint8_t level = 0; level < 5; level++) {
        struct bw_alert alert = child(level, BW_RAISED, 1);
        cr_expect_eq(alarm_sound_of(&alert), by_level[level], "level %d", level);
        alert.phase = BW_CLEARED;
        cr_expect_eq(alarm_sound_of(&alert), ALARM_SILENT);
    }
}

Test(alarm, the_level_is_what_can_be_heard)
{
    static const int levels[ALARM_SOUNDS] = {[ALARM_SILENT] = 0,  [ALARM_LAMP] = 0,    [ALARM_WARNING] = 1,
                                             [ALARM_CHILD_1] = 1, [ALARM_CHILD_2] = 2, [ALARM_CHILD_3] = 3};
    for (int sound = 0; sound < ALARM_SOUNDS; sound++)
        cr_expect_eq(alarm_level((enum alarm_sound)sound), levels[sound]);
}

/* --- several alerts --- */

static int calls, closed;
static struct alarm_change last;
static int begun[BW_KIND_COUNT], ended[BW_KIND_COUNT]; /* how often a kind was told so */
static const char *the_fault = "";

static void fake_set(struct alarm_output *self, const struct alarm_change *change)
{
    (void)self;
    calls++;
    last = *change;
    begun[change->alert->kind] += alarm_level(change->before) == 0 && alarm_level(change->now) > 0;
    ended[change->alert->kind] += alarm_level(change->before) > 0 && alarm_level(change->now) == 0;
}

static const char *fake_fault(const struct alarm_output *self)
{
    (void)self;
    return the_fault;
}

static void fake_close(struct alarm_output *self)
{
    (void)self;
    closed++;
}

static struct alarm_output output = {.set = fake_set, .fault = fake_fault, .close = fake_close};
static struct alarm *alarm_;

static void make(void)
{
    cr_assert_eq(alarm_create(&alarm_), 0);
    cr_assert_eq(alarm_add(alarm_, &output), 0);
    calls = closed = 0;
}

static void end(void)
{
    alarm_close(alarm_);
}

TestSuite(alarm_of_several, .init = make, .fini = end);

/* What the output was told: sound of the alert before and now, and the loudest of all; or that it was not. */
static void expect_told(const struct bw_alert *alert, enum alarm_sound before, enum alarm_sound now,
                        enum alarm_sound loudest)
{
    const int calls_before = calls;
    alarm_set(alarm_, alert);
    cr_assert_eq(calls, calls_before + 1, "not told");
    cr_expect_eq(last.before, before);
    cr_expect_eq(last.now, now);
    cr_expect_eq(last.loudest, loudest);
    cr_expect_eq(last.alert, alert);
    cr_expect_eq(alarm_loudest(alarm_), loudest);
}

static void expect_not_told(const struct bw_alert *alert)
{
    const int calls_before = calls;
    alarm_set(alarm_, alert);
    cr_expect_eq(calls, calls_before, "told");
}

Test(alarm_of_several, the_gravest_wins_and_what_is_left_goes_on)
{
    const struct bw_alert overload = alert_of(BW_OVERLOAD, BW_MINOR, BW_RAISED, 1);
    const struct bw_alert fault = alert_of(BW_SENSOR_FAULT, BW_NOTICE, BW_RAISED, 2);
    const struct bw_alert left = child(1, BW_RAISED, 3), louder = child(2, BW_UPDATED, 3);
    const struct bw_alert found = child(2, BW_CLEARED, 3);
    const struct bw_alert unloaded = alert_of(BW_OVERLOAD, BW_MINOR, BW_CLEARED, 1);
    const struct bw_alert mended = alert_of(BW_SENSOR_FAULT, BW_NOTICE, BW_CLEARED, 2);
    expect_told(&overload, ALARM_SILENT, ALARM_WARNING, ALARM_WARNING);
    expect_told(&fault, ALARM_SILENT, ALARM_LAMP, ALARM_WARNING);
    expect_told(&left, ALARM_SILENT, ALARM_CHILD_1, ALARM_CHILD_1);
    expect_told(&louder, ALARM_CHILD_1, ALARM_CHILD_2, ALARM_CHILD_2);
    expect_told(&found, ALARM_CHILD_2, ALARM_SILENT, ALARM_WARNING);
    expect_told(&unloaded, ALARM_WARNING, ALARM_SILENT, ALARM_LAMP);
    expect_told(&mended, ALARM_LAMP, ALARM_SILENT, ALARM_SILENT);
}

Test(alarm_of_several, an_alert_that_sounds_as_before_is_not_told)
{
    const struct bw_alert raised = alert_of(BW_OVERLOAD, BW_MINOR, BW_RAISED, 1);
    const struct bw_alert updated = alert_of(BW_OVERLOAD, BW_CRIMINAL, BW_UPDATED, 1);
    const struct bw_alert notice = alert_of(BW_OFF_ROUTE, BW_NOTICE, BW_RAISED, 2);
    const struct bw_alert notice_ends = alert_of(BW_OFF_ROUTE, BW_NOTICE, BW_CLEARED, 2);
    expect_told(&raised, ALARM_SILENT, ALARM_WARNING, ALARM_WARNING);
    expect_not_told(&updated);
    expect_not_told(&notice);
    expect_not_told(&notice_ends);
}

Test(alarm_of_several, a_notice_that_becomes_an_accusation_is_heard_then)
{
    const struct bw_alert empty = alert_of(BW_OFF_ROUTE, BW_NOTICE, BW_RAISED, 7);
    const struct bw_alert boarded = alert_of(BW_OFF_ROUTE, BW_MINOR, BW_UPDATED, 7);
    expect_not_told(&empty);
    expect_told(&boarded, ALARM_SILENT, ALARM_WARNING, ALARM_WARNING);
}

Test(alarm_of_several, more_alerts_than_an_engine_can_have_open_are_still_told)
{
    for (uint64_t i = 1; i <= ENGINE_ALERTS_MAX + 3; i++) {
        const struct bw_alert alert = alert_of(BW_OVERLOAD, BW_MINOR, BW_RAISED, i);
        alarm_set(alarm_, &alert);
    }
    cr_expect_eq(calls, ENGINE_ALERTS_MAX + 3);
}

Test(alarm_of_several, at_the_start_each_kind_that_can_sound_and_is_not_open_is_told_to_be_silent)
{
    const struct bw_alert open[] = {child(2, BW_RAISED, 8), alert_of(BW_OVERLOAD, BW_MINOR, BW_RAISED, 9),
                                    alert_of(BW_OFF_ROUTE, BW_NOTICE, BW_RAISED, 10)};
    alarm_begin(alarm_, open, sizeof open / sizeof open[0]);
    for (int kind = 0; kind < BW_KIND_COUNT; kind++) {
        const bool mute = kind == BW_KIND_UNSPECIFIED || kind == BW_TAMPER ||
                          kind == BW_SENSOR_FAULT; /* its lamp is a line */
        const bool sounds = kind == BW_CHILD_LEFT_BEHIND || kind == BW_OVERLOAD;
        cr_expect_eq(ended[kind], !mute && !sounds, "kind %d", kind);
        cr_expect_eq(begun[kind], sounds, "kind %d", kind);
    }
    cr_expect_eq(last.loudest, ALARM_CHILD_2);
    cr_expect_eq(alarm_loudest(alarm_), ALARM_CHILD_2);
}

Test(alarm_of_several, outputs_are_counted_and_their_faults_are_shown)
{
    cr_expect_str_eq(alarm_fault(alarm_, 0), "");
    the_fault = "unplugged";
    cr_expect_str_eq(alarm_fault(alarm_, 0), "unplugged");
    cr_expect_null(alarm_fault(alarm_, 1));
    cr_expect_null(alarm_fault(NULL, 0));
    for (int i = 1; i < ALARM_OUTPUTS_MAX; i++)
        cr_expect_eq(alarm_add(alarm_, &output), 0);
    cr_expect_eq(alarm_add(alarm_, &output), -ENOBUFS);
}

/* --- the warning before departure --- */

Test(alarm, a_warning_sounds_as_an_overload_does_until_it_is_taken_back)
{
    struct alarm *alarm = NULL;
    cr_assert_eq(alarm_create(&alarm), 0);
    alarm_warn(alarm, true);
    cr_expect_eq(alarm_loudest(alarm), ALARM_WARNING);
    alarm_warn(alarm, true);
    alarm_warn(alarm, false);
    cr_expect_eq(alarm_loudest(alarm), ALARM_SILENT);
    alarm_close(alarm);
}
