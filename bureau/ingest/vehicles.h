/* What ingest remembers of the vehicles that speak: a table of fixed size in front of the store. A forgotten
 * vehicle costs a look-up in the store and at worst one receipt, licence or copy of the orders too many,
 * never a wrong verdict.
 */
#ifndef BUSWARDEN_INGEST_VEHICLES_H
#define BUSWARDEN_INGEST_VEHICLES_H

#include "bureau/ingest/judge.h"

enum {
    VEHICLES_MAX = 16384,     /* remembered at once */
    VEHICLES_FRESH_MS = 5000, /* then keys, registry, licences and orders are read again */
};

struct vehicle {
    char id[BW_ID_LEN];
    bool enrolled; /* registered, with a key: `judge` is set */
    struct judge_vehicle judge;
    uint64_t issued[ISSUED_KINDS];       /* newest version; 0 = none */
    uint8_t stream[BW_STREAM_LEN];       /* of its last presence, with ... */
    uint64_t oldest_seq[2];              /* ... what that said, by class - 1 */
    uint8_t taken_stream[BW_STREAM_LEN]; /* of the last receipt, with ... */
    uint64_t taken_seq[2];               /* ... what it said: what comes again is likely a repeat */
    int64_t loaded_ms;                   /* monotonic, as the two below; 0 = never */
    int64_t sent_ms[ISSUED_KINDS];       /* what was issued */
    int64_t nudged_ms;                   /* last receipt that only repeated what was known */
};

struct vehicles;

int vehicles_create(struct vehicles **ret);
void vehicles_free(struct vehicles *vehicles);

/* The vehicle's entry, read from the store when it is not fresh: valid until the next call. A vehicle that
 * the store does not know gets one as well, not enrolled. 0 or the store's error. now_ms: monotonic, > 0. */
int vehicles_get(struct vehicles *vehicles, struct store *store, const char *id, int64_t now_ms,
                 struct vehicle **ret);

/* A receipt says so. Without effect for a vehicle that is not remembered. */
void vehicles_taken(struct vehicles *vehicles, const char *id, const uint8_t stream[BW_STREAM_LEN],
                    const uint64_t upto_seq[2]);
/* Whether it is most likely a repeat: a guess that costs nothing when it is wrong. */
bool vehicle_has_sent(const struct vehicle *vehicle, const struct wire_record *record);

/* Everything is read again. */
void vehicles_forget(struct vehicles *vehicles);

/* What a record is judged by: NULL = not enrolled. */
const struct judge_vehicle *vehicle_judge(const struct vehicle *vehicle);

#endif
