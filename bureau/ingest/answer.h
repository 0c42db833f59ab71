/* What the bureau says to vehicles: receipts once a batch is committed, and what was issued to them. Nothing
 * here is repeated: a vehicle that hears nothing sends again, and is answered then. */
#ifndef BUSWARDEN_INGEST_ANSWER_H
#define BUSWARDEN_INGEST_ANSWER_H

#include "bureau/ingest/receipts.h"
#include "proto/mqtt.h"
#include "proto/seal.h"

enum {
    ANSWER_NUDGE_MS = 1000,   /* between receipts to one vehicle that say nothing new */
    ANSWER_ISSUED_MS = 30000, /* between two copies of a licence to one vehicle: its disk may be full */
    ANSWER_NEW_MAX = 32,      /* newly issued ones at once, of each kind */
    ANSWER_AT_ONCE = 64,  /* receipts after a batch; the others wait, and may become one with a later one */
    ANSWER_IN_FLOOD = 24, /* the same after a full batch: more is coming */
    ANSWER_ISSUED_IN_FLIGHT = 64, /* unacknowledged by the broker: then what is newly issued waits */
    /* Then receipts wait too. The broker's acknowledgements come behind all that it has for us, so there may
     * be many; and the client looks through all of them at each one. */
    ANSWER_IN_FLIGHT_MAX = 2048,
};

struct answer {
    struct mqtt *mqtt;
    struct store *store;
    struct vehicles *vehicles;
    const struct seal_key *key; /* signs receipts */
    int64_t now_ms, now_utc_ms; /* monotonic, and UTC */
    /* Set by the functions below. */
    uint64_t receipts, issued[ISSUED_KINDS]; /* sent */
    char reason[BATCH_REASON_LEN]; /* why one could not be sent; "" = none. Being offline is no reason */
};

/* One cumulative receipt for every (vehicle, stream) that the batch touched is due. */
void answer_receipts(struct answer *answer, const struct batch *batch, struct receipts *due);
/* Signs and sends so many of what is due, those that wait longest first. */
void answer_due(struct answer *answer, struct receipts *due, int at_once);
/* The newest licence and the newest orders, retained, to every vehicle whose presence says that it holds
 * older ones. */
void answer_presences(struct answer *answer, const struct batch *batch);
/* What was issued since, retained, whether or not its vehicle is there. `seen` are the positions so far
 * (store_issued_after()); one that cannot be sent now is tried again the next time. True: there may be more.
 */
bool answer_new(struct answer *answer, int64_t seen[ISSUED_KINDS]);

#endif
