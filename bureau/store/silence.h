/* What the judgement of silence asks for (bureau/cases/silence.h), and what the bureau remembers of its own
 * hearing over a restart. Otherwise as store.h. */
#ifndef BUSWARDEN_STORE_SILENCE_H
#define BUSWARDEN_STORE_SILENCE_H

#include "bureau/store/store.h"

/* A registered vehicle that is not scrapped. */
struct store_heard {
    const char *vehicle, *school_id;
    bool enrolled;             /* a key of it is in force */
    int64_t heard_utc_ms;      /* its last word, by its own time if that is the older one; 0 = never */
    double speed_mps;          /* by that; NaN = nobody knows */
    uint16_t aboard;           /* for certain, by that */
    int64_t trip_ended_utc_ms; /* its last trip; 0 = none */
};
typedef int (*store_heard_fn)(void *context, const struct store_heard *row);
int store_heard(struct store *store, int32_t today, store_heard_fn fn, void *context); /* by school */

typedef int (*store_permit_fn)(void *context, const struct bw_permit *permit);
/* Of one vehicle; NULL = all. Weekdays, window, days and status are set. */
int store_permits(struct store *store, const char *vehicle, store_permit_fn fn, void *context);

/* 0 = never, or none. */
struct store_hearing {
    int64_t alive_utc_ms;    /* running, and the broker connected: the last time that it was looked */
    int64_t up_since_utc_ms; /* the same without a long break */
    int64_t outage_begin_utc_ms, outage_end_utc_ms;
};
int store_hearing(struct store *store, struct store_hearing *ret);
int store_hearing_put(struct store *store, const struct store_hearing *hearing);

/* The last instant that a case of this subject and kind is about, whatever became of it; 0 = there is none.
 */
int store_case_last(struct store *store, const char *subject, int kind, int64_t *ret_last_utc_ms);

#endif
