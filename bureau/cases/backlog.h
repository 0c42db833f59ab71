/* Whether what a vehicle could not say at the time has come since. */
#ifndef BUSWARDEN_CASES_BACKLOG_H
#define BUSWARDEN_CASES_BACKLOG_H

#include "bureau/store/store.h"

enum {
    BACKLOG_AFTER_MS = 60000,   /* the last positions before a silence may be younger than the last word */
    BACKLOG_RECORDS_MAX = 4096, /* of one chain, looked through at once */
    BACKLOG_CHAINS_MAX = 64
};

/* 1: there are positions of the time from `from` (and a minute) to `until` that were received after `until`.
 * 0: none. Or what the store says. */
int backlog_arrived(struct store *store, const char *vehicle, int64_t from_utc_ms, int64_t until_utc_ms);

#endif
