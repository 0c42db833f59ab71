/* What `check-config` finds: where the cabin's signals are and what they are taken for, what `run` would
 * refuse, and what it would accept but may not be meant. Starts nothing. */
#ifndef BUSWARDEN_CHECK_H
#define BUSWARDEN_CHECK_H

#include <stdio.h>

#include "gateway/cabinbus.h"
#include "gateway/config.h"
#include "proto/words.h"

enum { CHECK_DOUBTS_MAX = 64, CHECK_SUBJECT_LEN = 320, CHECK_NAMES_MAX = 20 };

enum check_doubt {
    CHECK_NO_CABIN,
    CHECK_NO_SEATS,
    CHECK_NO_IGNITION,
    CHECK_NO_DOOR,
    CHECK_NO_BUTTON,
    CHECK_NO_BELT,        /* subject: seats without one */
    CHECK_NO_WITNESS,     /* subject: what TAMPER cannot see */
    CHECK_NOT_COUNTED,    /* subject: a door */
    CHECK_COUNTS_NO_DOOR, /* subject: a counter */
    CHECK_UNIT,           /* subject: the wheels' speed and its unit */
    CHECK_RESEMBLES,      /* subject: names */
    CHECK_NOT_NAMED,      /* subject: names */
    CHECK_TOO_FEW,        /* subject: persons that the seats can report, and approved */
    CHECK_NO_LICENCE,
    CHECK_ISSUED_REFUSED, /* subject: file and reason */
    CHECK_NO_ALARM,
    CHECK_NOT_THERE, /* subject: a device */
    CHECK_NO_TLS,
    CHECK_CERTIFICATE, /* subject: file and day */
    CHECK_AS_ROOT,
    CHECK_DOUBTS
};

struct check {
    const struct gateway_config *config;
    enum words_language language;
    FILE *out, *err;
    unsigned refused; /* so many things that keep the gateway from its work */
    size_t n_doubts;
    struct check_finding {
        enum check_doubt doubt;
        char subject[CHECK_SUBJECT_LEN];
    } doubts[CHECK_DOUBTS_MAX];
};

/* "FILE:LINE: [section] name: what: reason" to err; what may be "". */
void check_refuse(struct check *check, const char *section, const char *name, const char *what,
                  const char *reason);
/* Kept for check_doubts(), which prints them all; subject may be "". */
void check_doubt(struct check *check, enum check_doubt doubt, const char *subject);
void check_doubts(const struct check *check);

/* A line of what there is: "outbox      /var/lib/buswarden/outbox.db". */
void check_say(const struct check *check, const char *label_en, const char *label_zh, const char *text);

/* The cabin's signals, one a line. capacity: persons approved, 0 = nobody knows. bus NULL: none configured.
 */
void check_cabin(struct check *check, const struct cabinbus *bus, unsigned capacity);

#endif
