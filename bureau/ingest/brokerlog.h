/* Incidents in the log of mosquitto 2.0, which it publishes on $SYS/broker/log/... (`log_dest topic`). Known
 * lines are read strictly; every other line is passed over. Pure. */
#ifndef BUSWARDEN_INGEST_BROKERLOG_H
#define BUSWARDEN_INGEST_BROKERLOG_H

#include "bureau/ingest/incidents.h"

#define BROKERLOG_FILTER "$SYS/broker/log/#"
#define BROKERLOG_PREFIX "$SYS/broker/log/"

enum {
    BROKERLOG_LINE_MAX = 512, /* longer ones are passed over */
    BROKERLOG_FORGET_S = 120, /* mosquitto ends a connection that says nothing after 90 s */
};

/* Who connects just now: a failed TLS handshake has a line of its own, which does not name the address. How
 * one ended may be in a line that was lost, so who came BROKERLOG_FORGET_S ago does not connect any more. */
struct brokerlog {
    char address[STORE_ADDRESS_MAX]; /* of the only one; "" = none, or more than one */
    int connecting;
    uint64_t begun_s; /* the newest of them, by the broker's clock */
};

/* True when the line tells of an incident. */
bool brokerlog_read(struct brokerlog *log, const char *line, size_t len, struct incident *ret);

#endif
