/* The positions that a vehicle has sent, of all its TRACK chains in order of time. */
#ifndef BUSWARDEN_REJUDGE_READER_H
#define BUSWARDEN_REJUDGE_READER_H

#include "bureau/store/store.h"

enum {
    READER_CHAINS_MAX = 32,    /* of one vehicle, with records in the time asked for */
    READER_CLOCK_MS = 3600000, /* a vehicle's clock and the bureau's are no further apart */
    READER_DISORDER_MS =
        86400000, /* a chain is read on for so long after the time asked for: clocks go back */
};

struct reader;

struct reader_fix {
    struct bw_track_fix fix;
    int64_t received_utc_ms;
};

/* Positions from `from`, and before `to`. -E2BIG: more than READER_CHAINS_MAX chains. The store must outlive
 * it. */
int reader_open(struct store *store, const char *vehicle, int64_t from_utc_ms, int64_t to_utc_ms,
                struct reader **ret);
void reader_close(struct reader *reader); /* accepts NULL */
/* 1: a fix, 0: no more. Of one instant that stands in two chains one fix is given. Times go back where the
 * vehicle's went back. */
int reader_next(struct reader *reader, struct reader_fix *ret);
uint64_t reader_records(const struct reader *reader); /* read so far */

#endif
