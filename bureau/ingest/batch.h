/* Messages that passed for themselves (judge_presence(), judge_record()), gathered for one transaction of the
 * store. Who must have signed a record is known only there: a record before it may have changed the key.
 *
 * A batch is applied whole or not at all. What it answers is valid only once it was committed. */
#ifndef BUSWARDEN_INGEST_BATCH_H
#define BUSWARDEN_INGEST_BATCH_H

#include "bureau/cases/policy.h"
#include "bureau/ingest/vehicles.h"

enum { BATCH_MAX = 4096, BATCH_REASON_LEN = 160 };

struct batch_item {
    struct topic topic;
    bool retained;               /* said before this session began */
    struct bw_presence presence; /* TOPIC_PRESENCE */
    struct wire_record record;   /* the other channels, as the two below */
    struct wire_body body;
    struct wire_bytes bytes;      /* as they came; the batch owns them */
    struct judge_checked checked; /* by the vehicle's key, before the transaction; or not */
    /* Set by batch_apply(): why; VERDICT_ACCEPTED = it was not. */
    enum verdict refused;
    bool by_former_key; /* BAD_SIGNATURE: it is that of a key that the vehicle had, and has no more */
};

/* One cumulative receipt that is due: to a vehicle, for a stream. */
struct batch_receipt {
    char division[BW_DIVISION_LEN];
    char vehicle[BW_ID_LEN];
    uint8_t stream[BW_STREAM_LEN];
    bool progress;        /* false: it only repeats what the vehicle was told before */
    uint64_t upto_seq[2]; /* by class - 1 */
    bool has_head[2];
    uint8_t head[2][BW_HASH_LEN]; /* of the record upto_seq */
};

struct batch_outcome {
    uint64_t counts[VERDICT_COUNT];
    uint64_t unread;               /* of the accepted: kept, but not understood */
    int64_t last_event;            /* highest alert event made; 0 = none */
    char reason[BATCH_REASON_LEN]; /* of the last refusal, or of the failure; "" = none */
};

struct batch;

/* max: 1..BATCH_MAX items. policy: by which alerts open cases; borrowed. */
int batch_create(uint32_t max, const struct case_policy *policy, struct batch **ret);
void batch_free(struct batch *batch);

size_t batch_count(const struct batch *batch);
bool batch_is_full(const struct batch *batch);
/* The next free item, to be filled in; it counts after batch_keep(). Not when full. */
struct batch_item *batch_next(struct batch *batch);
void batch_keep(struct batch *batch);
const struct batch_item *batch_item(const struct batch *batch, size_t index);

/* One transaction: every record takes its place in its chain or is refused, alerts with
 * the cases that they open, trips and presence are applied.
 * On failure (negative errno) nothing is kept, every item counts as VERDICT_DROPPED and no receipt is due;
 * ret_outcome is set either way. now_ms is monotonic. */
int batch_apply(struct batch *batch, struct store *store, struct vehicles *vehicles, int64_t now_ms,
                int64_t now_utc_ms, struct batch_outcome *ret_outcome);

/* After a batch_apply() that succeeded. */
size_t batch_receipts(const struct batch *batch, const struct batch_receipt **ret);
void batch_clear(struct batch *batch);

#endif
