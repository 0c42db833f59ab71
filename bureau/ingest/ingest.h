/* From the broker into the store: verify, dedupe, commit, and only then send receipts. Runs on a thread of its own. */
#ifndef BUSWARDEN_INGEST_H
#define BUSWARDEN_INGEST_H

#include "bureau/store/store.h"
#include "proto/mqtt.h"
#include "proto/seal.h"

struct ingest;

struct ingest_config {
    struct mqtt_config mqtt;
    const char *store_path;
    const struct seal_key *key; /* signs receipts; borrowed */
    const char *division;       /* NULL = all */
    uint32_t batch_max;         /* records a commit; 0 = 256 */
    uint32_t batch_ms;          /* longest wait before a commit; 0 = 50 */
    /* Called on the ingest thread after a commit: there are new alert events, or a vehicle's presence changed. */
    void (*on_events)(void *context, int64_t last_event);
    void (*on_presence)(void *context, const char *vehicle);
    void *context;
};

/* Every message ends in exactly one of these counts. */
struct ingest_stats {
    bool connected;
    uint64_t accepted;      /* committed records */
    uint64_t duplicate;     /* held already, same bytes */
    uint64_t out_of_order;  /* ahead of the chain: dropped, the vehicle sends again */
    uint64_t conflict;      /* a seq held with other bytes, or a prev that does not fit: refused */
    uint64_t bad_signature;
    uint64_t unknown_vehicle; /* not registered, or no key enrolled */
    uint64_t bad_topic;
    uint64_t bad_message;   /* not a valid record, or wrong class for its channel */
    uint64_t too_large;
    uint64_t presence;
    uint64_t receipts;      /* sent */
    uint64_t licences;      /* sent because a vehicle held an older one */
    char reason[160];       /* of the last refusal or of being down */
};

int ingest_start(const struct ingest_config *config, struct ingest **ret);
void ingest_stop(struct ingest *ingest);
void ingest_stats(struct ingest *ingest, struct ingest_stats *ret);

#endif
