/* What can be wrong with the equipment of a vehicle: the one list, for `status` and `selftest`. A new fault
 * is a line here and its words in faults.c. */
#ifndef BUSWARDEN_FAULTS_H
#define BUSWARDEN_FAULTS_H

#include <stdbool.h>

#include "proto/words.h"

enum fault {
    FAULT_GPS_NOT_OPEN,
    FAULT_GPS_SILENT,
    FAULT_GPS_NO_POSITION,
    FAULT_ANTENNA,
    FAULT_CLOCK_UNKNOWN,
    FAULT_CLOCK_OFF,
    FAULT_BUS_NOT_OPEN,
    FAULT_BUS_SILENT,
    FAULT_BUS_STAYS_OFF,
    FAULT_SEATS_UNKNOWN,
    FAULT_BELTS_UNKNOWN,
    FAULT_SIGNALS_UNKNOWN,
    FAULT_SIGNAL_RESTLESS,
    FAULT_COUNTER_DEAF,
    FAULT_SEATS_FROZEN,
    FAULT_MAIN_POWER,
    FAULT_LICENCE_NONE,
    FAULT_LICENCE_REFUSED,
    FAULT_LICENCE_ENDED,
    FAULT_LICENCE_ENDS_SOON,
    FAULT_ORDERS_REFUSED,
    FAULT_OUTBOX_WRITE,
    FAULT_OUTBOX_SET_ASIDE,
    FAULT_OUTBOX_FORKED,
    FAULT_DISK_FULL,
    FAULT_DISK_LOW,
    FAULT_ALARM,
    FAULT_CERTIFICATE_UNUSABLE,
    FAULT_CERTIFICATE_NOT_YET,
    FAULT_CERTIFICATE_ENDED,
    FAULT_CERTIFICATE_ENDS_SOON,
    FAULT_UPLINK_NOT_RUNNING,
    FAULT_UPLINK_NOT_CONNECTED,
    FAULT_NO_RECEIPT,
    FAULT_COUNT
};

struct fault_words {
    const char *code;    /* in status --json; never changes its meaning */
    const char *part;    /* gps, clock, cabin, licence, orders, outbox, alarm,
                          * certificate, uplink */
    bool warning;        /* nothing is wrong yet */
    const char *what[2]; /* by language: what is wrong, without a full stop */
    const char *todo[2]; /* what to do about it */
};

/* Never NULL. */
const struct fault_words *fault_words(enum fault fault);
/* NULL for one that only a later version knows. */
const struct fault_words *fault_by_code(const char *code);

#endif
