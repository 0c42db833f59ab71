/* What the bureau says to vehicles once a batch is committed: receipts, and newer licences. Nothing here is
 * kept or repeated: a vehicle that hears nothing sends again, and is answered then. */
#ifndef BUSWARDEN_INGEST_ANSWER_H
#define BUSWARDEN_INGEST_ANSWER_H

#include "bureau/ingest/batch.h"
#include "proto/mqtt.h"
#include "proto/seal.h"

enum {
    ANSWER_NUDGE_MS = 1000,    /* between receipts to one vehicle that say nothing new */
    ANSWER_LICENCE_MS = 30000, /* between two copies of a licence to one vehicle: its disk may be full */
};

struct answer {
    struct mqtt *mqtt;
    struct store *store;
    struct vehicles *vehicles;
    const struct seal_key *key; /* signs receipts */
    int64_t now_ms, now_utc_ms; /* monotonic, and UTC */
    /* Set by the functions below. */
    uint64_t receipts, licences;   /* sent */
    char reason[BATCH_REASON_LEN]; /* why one could not be sent; "" = none. Being offline is no reason */
};

/* One signed cumulative receipt for every (vehicle, stream) that the batch touched. */
void answer_receipts(struct answer *answer, const struct batch *batch);
/* The newest licence, retained, to every vehicle whose presence says that it holds an older one. */
void answer_licences(struct answer *answer, const struct batch *batch);

#endif
