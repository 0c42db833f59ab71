/* Incidents in the log of mosquitto 2.0, which it publishes on $SYS/broker/log/... (`log_dest topic`). Known
 * lines are read strictly; every other line is passed over. Pure. */
#ifndef BUSWARDEN_INGEST_BROKERLOG_H
#define BUSWARDEN_INGEST_BROKERLOG_H

#include "bureau/ingest/incidents.h"

#define BROKERLOG_FILTER "$SYS/broker/log/#"
#define BROKERLOG_PREFIX "$SYS/broker/log/"

enum { BROKERLOG_LINE_MAX = 512 }; /* longer ones are passed over */

/* Who connects just now: a failed TLS handshake has a line of its own, which does not name the address. */
struct brokerlog {
    char address[STORE_ADDRESS_MAX]; /* of the only one; "" = none, or more than one */
    int connecting;
};

/* True when the line tells of an incident. */
bool brokerlog_read(struct brokerlog *log, const char *line, size_t len, struct incident *ret);

#endif
