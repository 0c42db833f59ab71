/* The warning in the vehicle. Which alert sounds how is decided here, once; what sounds are outputs behind
 * one interface: GPIO lines (gpio.h), a command (command.h).
 *
 * Nothing here waits: not for an output, a disk or a network. An output that fails says why, is tried again,
 * and keeps none of the others. */
#ifndef BUSWARDEN_ALARM_H
#define BUSWARDEN_ALARM_H

#include "proto/model.h"

/* In order of gravity: of several open alerts the gravest is what is seen and heard. */
enum alarm_sound {
    ALARM_SILENT,  /* notices, and what the driver must not be told (TAMPER) */
    ALARM_LAMP,    /* a lamp at the driver's place: the device is at fault, see to it */
    ALARM_WARNING, /* the same lamp, and the buzzer for a short while: what you do is against the law */
    ALARM_CHILD_1, /* a child was left behind: buzzer */
    ALARM_CHILD_2, /* horn */
    ALARM_CHILD_3, /* horn and lights */
    ALARM_SOUNDS
};

enum { ALARM_REASON_LEN = 160, ALARM_OUTPUTS_MAX = 4 };

/* What an open alert sounds like; a cleared one is silent. */
enum alarm_sound alarm_sound_of(const struct bw_alert *alert);
/* The same as a number, for people and scripts: 0 nothing to hear, 1 buzzer, 2 horn, 3 horn and lights. */
int alarm_level(enum alarm_sound sound);

/* One alert began, changed how it sounds, or ended. */
struct alarm_change {
    const struct bw_alert *alert;
    enum alarm_sound before, now; /* of this alert */
    enum alarm_sound loudest;     /* of all that are open now */
};

/* An output embeds this as its first member. */
struct alarm_output {
    void (*set)(struct alarm_output *self, const struct alarm_change *change);
    /* Why it does not do what it should; "" = it does. */
    const char *(*fault)(const struct alarm_output *self);
    /* Begins nothing more, and is freed when the loop has run once more. Lines fall silent. A command that
     * runs may be killed by whoever ends the process: what it has left on, the next start switches off. */
    void (*close)(struct alarm_output *self);
};

struct alarm;

int alarm_create(struct alarm **ret);
/* Takes the output over. -ENOBUFS beyond ALARM_OUTPUTS_MAX. */
int alarm_add(struct alarm *alarm, struct alarm_output *output);
void alarm_close(struct alarm *alarm); /* closes the outputs; NULL is fine */

/* Once, at the start, with what was open when the process last ended. Nobody knows what that process left
 * switched on: of each kind that can sound and does not, the outputs are told that it is silent, as the end
 * of an alert 0 that was as loud as can be. */
void alarm_begin(struct alarm *alarm, const struct bw_alert *open, size_t n);

/* A phase of an alert. */
void alarm_set(struct alarm *alarm, const struct bw_alert *alert);

/* A warning that is no alert: the doors are closed with more aboard than approved, not for certain. Sounds as
 * OVERLOAD does, as alert 0; said again it changes nothing. */
void alarm_warn(struct alarm *alarm, bool on);

enum alarm_sound alarm_loudest(const struct alarm *alarm);
/* Of output 0, 1, ...; NULL = there is no such output (nor an alarm). */
const char *alarm_fault(const struct alarm *alarm, size_t output);

#endif
