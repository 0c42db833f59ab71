/* Taking away for good what was kept long enough, and the marks that say so: for bureau/retention and
 * bureau/verify. Nothing else deletes. Freed pages are overwritten (secure_delete). Otherwise as store.h. */
#ifndef BUSWARDEN_STORE_RETENTION_H
#define BUSWARDEN_STORE_RETENTION_H

#include "bureau/store/store.h"

/* What was received before these instants may go; INT64_MIN = nothing. */
struct store_cutoffs {
    int64_t tracks_utc_ms, evidence_utc_ms, trips_utc_ms, sightings_utc_ms, photos_utc_ms, audit_utc_ms,
        changes_utc_ms;
};

/* How many of each. */
struct store_purged {
    int64_t tracks, records;                                /* signed records of class TRACK, and ALERT */
    int64_t alerts, trips, cases, sightings, photos, audit; /* photos: besides those of the sightings */
    int64_t changes;                                        /* of the registry, as they were written down */
    int64_t positions; /* last words of vehicles that the registry does not hold any more */
};
/* What the pass that goes on has deleted so far; all 0 when none does. Goes with the transaction. */
int store_purged(struct store *store, struct store_purged *ret);
int store_purged_put(struct store *store, const struct store_purged *purged);

/* Rows. They are looked for without a transaction, while others write; the transaction that takes them asks
 * of each whether it still may go. A case goes when it is over since long enough, its alerts and sightings
 * not before it. */
enum store_purge {
    STORE_PURGE_CASES,
    STORE_PURGE_ALERTS,
    STORE_PURGE_TRIPS,
    STORE_PURGE_SIGHTINGS,
    STORE_PURGE_PHOTOS,
    STORE_PURGE_AUDIT,
    STORE_PURGE_CHANGES,
    STORE_PURGES
};
enum { STORE_PURGE_ROWS = 256 };
struct store_purge_rows {
    size_t n;
    int64_t ids[STORE_PURGE_ROWS];
    int64_t last_utc_ms, last_number; /* of the last one */
};
/* The next ones; rows->n 0 at first, and when there are no more. */
int store_purge_find(struct store *store, enum store_purge what, const struct store_cutoffs *cutoffs,
                     struct store_purge_rows *rows);
int store_purge(struct store *store, enum store_purge what, const struct store_cutoffs *cutoffs,
                const struct store_purge_rows *rows, int64_t *ret_n);
/* The last words of vehicles that have left the registry, as old as tracks are. dry: only counted. */
int store_purge_positions(struct store *store, const struct store_cutoffs *cutoffs, bool dry, int64_t *ret_n);

/* Numbers of a chain whose records are gone. The next record's prev must be tail_hash. */
struct store_purge_mark {
    uint64_t first_seq, last_seq;
    uint8_t tail_hash[BW_HASH_LEN];
};
/* The mark that holds `seq`, or else the next one; -ENOENT: none. */
int store_purge_mark(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                     uint64_t seq, struct store_purge_mark *ret);
/* The records of one chain from *seq on. `judge` says of each: 1 and the mark of it alone: it goes; 0: it
 * stays; STORE_PURGE_END: and so do all after it. At most STORE_PURGE_RECORDS at once; *seq moves on,
 * *ret_n = how many went, *ret_more = there may be others. */
enum { STORE_PURGE_END = 2, STORE_PURGE_RECORDS = 256 };
typedef int (*store_purge_judge_fn)(void *context, const struct store_record *row,
                                    struct store_purge_mark *ret_mark);
int store_purge_records(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                        store_purge_judge_fn judge, void *context, bool dry, int64_t now_utc_ms,
                        uint64_t *seq, int64_t *ret_n, bool *ret_more);

/* What the cases that stay are about, of one vehicle; dismissed ones are about nothing. */
typedef int (*store_case_time_fn)(void *context, int64_t from_utc_ms, int64_t until_utc_ms);
int store_case_times(struct store *store, const char *vehicle, const struct store_cutoffs *cutoffs,
                     store_case_time_fn fn, void *context);
/* 1: a row that stays comes from such a record, 0: none. */
int store_alert_stays(struct store *store, const char *vehicle, uint64_t number,
                      const struct store_cutoffs *cutoffs);
int store_trip_stays(struct store *store, const char *vehicle, int64_t begun_utc_ms,
                     const struct store_cutoffs *cutoffs);

/* 1: rows of alerts that were raised then, or of trips that began then, may have been purged, 0: not. */
enum store_rows { STORE_ROWS_ALERTS = 1, STORE_ROWS_TRIPS = 2 };
int store_rows_purged(struct store *store, const char *vehicle, enum store_rows what, int64_t utc_ms);
/* When retention took this case; -ENOENT: it did not. */
int store_case_purged(struct store *store, int64_t id, int64_t *ret_utc_ms);

/* The write-ahead log may still hold what was deleted: writes it back and empties it, if nobody reads just
 * now. -EBUSY: somebody does; the next checkpoint will. */
int store_purge_settle(struct store *store);
/* Gives the freed pages back to the file system: takes as long as copying the store. */
int store_vacuum(struct store *store);

#endif
