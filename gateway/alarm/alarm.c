#include "gateway/alarm/alarm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/compliance/engine.h"

struct open_alert {
    uint64_t number;
    enum alarm_sound sound; /* never silent */
};

struct alarm {
    size_t n_outputs, n_open;
    struct alarm_output *outputs[ALARM_OUTPUTS_MAX];
    struct open_alert open[ENGINE_ALERTS_MAX];
};

/* Who accuses warns first. */
static const enum alarm_sound sounds[BW_KIND_COUNT] = {
    [BW_OVERLOAD] = ALARM_WARNING,   [BW_OFF_ROUTE] = ALARM_WARNING,       [BW_OUT_OF_HOURS] = ALARM_WARNING,
    [BW_UNLICENSED] = ALARM_WARNING, [BW_UNAPPROVED_STOP] = ALARM_WARNING, [BW_OVERSPEED] = ALARM_WARNING,
    [BW_UNBELTED] = ALARM_WARNING,   [BW_DOOR_OPEN_MOVING] = ALARM_WARNING};

enum alarm_sound alarm_sound_of(const struct bw_alert *alert)
{
    if (alert->phase == BW_CLEARED || (unsigned)alert->kind >= BW_KIND_COUNT)
        return ALARM_SILENT;
    if (alert->kind == BW_CHILD_LEFT_BEHIND) {
        const uint8_t level = alert->evidence.left_behind.level;
        return level == 0   ? ALARM_SILENT
               : level == 1 ? ALARM_CHILD_1
               : level == 2 ? ALARM_CHILD_2
                            : ALARM_CHILD_3;
    }
    if (alert->kind == BW_SENSOR_FAULT) /* always a notice: nobody is warned any more of what it would see */
        return ALARM_LAMP;
    return alert->severity > BW_NOTICE ? sounds[alert->kind] : ALARM_SILENT;
}

int alarm_level(enum alarm_sound sound)
{
    static const int levels[ALARM_SOUNDS] = {
        [ALARM_WARNING] = 1, [ALARM_CHILD_1] = 1, [ALARM_CHILD_2] = 2, [ALARM_CHILD_3] = 3};
    return levels[sound];
}

int alarm_create(struct alarm **ret)
{
    struct alarm *alarm = calloc(1, sizeof *alarm);
    if (alarm == NULL)
        return -ENOMEM;
    *ret = alarm;
    return 0;
}

int alarm_add(struct alarm *alarm, struct alarm_output *output)
{
    if (alarm->n_outputs == ALARM_OUTPUTS_MAX)
        return -ENOBUFS;
    alarm->outputs[alarm->n_outputs++] = output;
    return 0;
}

void alarm_close(struct alarm *alarm)
{
    if (alarm == NULL)
        return;
    for (size_t i = 0; i < alarm->n_outputs; i++)
        alarm->outputs[i]->close(alarm->outputs[i]);
    free(alarm);
}

enum alarm_sound alarm_loudest(const struct alarm *alarm)
{
    enum alarm_sound loudest = ALARM_SILENT;
    for (size_t i = 0; i < alarm->n_open; i++)
        if (alarm->open[i].sound > loudest)
            loudest = alarm->open[i].sound;
    return loudest;
}

/* What it sounded like until now. */
static enum alarm_sound note(struct alarm *alarm, uint64_t number, enum alarm_sound sound)
{
    size_t i = 0;
    while (i < alarm->n_open && alarm->open[i].number != number)
        i++;
    const bool known = i < alarm->n_open;
    const enum alarm_sound before = known ? alarm->open[i].sound : ALARM_SILENT;
    if (known && sound == ALARM_SILENT)
        alarm->open[i] = alarm->open[--alarm->n_open];
    else if (known)
        alarm->open[i].sound = sound;
    else if (sound != ALARM_SILENT && i < ENGINE_ALERTS_MAX) /* more than any engine has open */
        alarm->open[alarm->n_open++] = (struct open_alert){.number = number, .sound = sound};
    return before;
}

static void tell(const struct alarm *alarm, const struct alarm_change *change)
{
    for (size_t i = 0; i < alarm->n_outputs; i++)
        alarm->outputs[i]->set(alarm->outputs[i], change);
}

void alarm_set(struct alarm *alarm, const struct bw_alert *alert)
{
    struct alarm_change change = {.alert = alert, .now = alarm_sound_of(alert)};
    change.before = note(alarm, alert->number, change.now);
    change.loudest = alarm_loudest(alarm);
    if (change.now != change.before)
        tell(alarm, &change);
}

void alarm_warn(struct alarm *alarm, bool on)
{
    const struct bw_alert warning = {
        .kind = BW_OVERLOAD, .phase = on ? BW_RAISED : BW_CLEARED, .severity = BW_MINOR};
    alarm_set(alarm, &warning);
}

static bool can_sound(enum bw_kind kind)
{
    return sounds[kind] != ALARM_SILENT || kind == BW_CHILD_LEFT_BEHIND;
}

void alarm_begin(struct alarm *alarm, const struct bw_alert *open, size_t n)
{
    bool sounds_now[BW_KIND_COUNT] = {false};
    for (size_t i = 0; i < n; i++) {
        alarm_set(alarm, &open[i]);
        if (alarm_sound_of(&open[i]) != ALARM_SILENT)
            sounds_now[open[i].kind] = true;
    }
    for (enum bw_kind kind = 0; kind < BW_KIND_COUNT; kind++) {
        if (!can_sound(kind) || sounds_now[kind])
            continue;
        const struct bw_alert ended = {.kind = kind, .phase = BW_CLEARED, .severity = BW_NOTICE};
        tell(alarm, &(struct alarm_change){.alert = &ended,
                                           .before = ALARM_CHILD_3,
                                           .now = ALARM_SILENT,
                                           .loudest = alarm_loudest(alarm)});
    }
}

const char *alarm_fault(const struct alarm *alarm, size_t output)
{
    return alarm != NULL && output < alarm->n_outputs ? alarm->outputs[output]->fault(alarm->outputs[output])
                                                      : NULL;
}
