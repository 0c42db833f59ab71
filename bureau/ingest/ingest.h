/* From the broker into the store: verify, dedupe, commit, and only then send receipts. Runs on a thread of
 * its own.
 *
 * One message goes through judge.h (pure verdicts), vehicles.h (who may speak), batch.h (one transaction),
 * and what is answered leaves after the commit. Manual of all that crosses the wire: docs/wire.md. */
#ifndef BUSWARDEN_INGEST_H
#define BUSWARDEN_INGEST_H

#include "bureau/cases/policy.h"
#include "bureau/store/store.h"
#include "proto/mqtt.h"
#include "proto/seal.h"
#include "proto/topic.h"

struct ingest;

/* What else goes out over the session: asked for on the ingest's thread, some each turn, while the broker
 * acknowledges what it has. */
struct ingest_outlet {
    void *context;
    /* The next message; false: none now. wire_bytes_free() it. *ret_mark: 0, or what settled() is to say of
     * it. */
    bool (*next)(void *context, char ret_topic[TOPIC_MAX], struct wire_bytes *ret, int64_t *ret_mark);
    /* The broker has acknowledged the message of this mark, and all before it. */
    void (*settled)(void *context, int64_t mark);
    void (*lost)(void *context); /* the session broke: what was not settled may not have arrived */
};

struct ingest_config {
    struct mqtt_config mqtt; /* client_id NULL = one made of the division; the session is always kept */
    const char *store_path;
    const struct seal_key *key;       /* signs receipts; borrowed for the ingest's life */
    const char *division;             /* NULL = all */
    const struct case_policy *policy; /* by which alerts open cases; borrowed; NULL = the default */
    bool broker_log;                  /* hear mosquitto's log for acts that were refused */
    uint32_t batch_max;               /* records a commit; 0 = 256, at most 4096 */
    uint32_t batch_ms;                /* longest wait before a commit; 0 = 50, at most 10000 */
    /* Called on the ingest thread after a commit: there are new alert events, or a vehicle's presence
     * changed. May be NULL. */
    void (*on_events)(void *context, int64_t last_event);
    void (*on_presence)(void *context, const char *vehicle);
    void *context;
    const struct ingest_outlet *outlet; /* borrowed; NULL = none */
};

/* Every message ends in exactly one of the counts from accepted to dropped. */
struct ingest_stats {
    bool connected;
    bool failing;       /* the last batch could not be kept: disk full, store locked... */
    uint64_t accepted;  /* committed records */
    uint64_t presence;  /* committed presence messages */
    uint64_t duplicate; /* held already, same bytes; or covered by a gap record or by where the chain began */
    uint64_t out_of_order; /* ahead of the chain: dropped, the vehicle sends again */
    uint64_t conflict;     /* a seq held with other bytes, or a prev that does not fit: refused */
    uint64_t bad_signature;
    uint64_t unknown_vehicle; /* not registered, or no key enrolled */
    uint64_t bad_topic;       /* no topic of ours, or not of the division where the vehicle is registered */
    uint64_t
        unread; /* of the accepted: kept as evidence, but of a kind or form that this build cannot read */
    uint64_t bad_message; /* not a valid record, or wrong class for its channel */
    uint64_t too_large;
    uint64_t dropped;   /* the store or memory failed: nothing was receipted, the vehicles send again */
    uint64_t log_lines; /* of the broker's log heard */
    uint64_t receipts;  /* sent */
    uint64_t turns;     /* turns of the thread's loop: at least one a second, but while a name is resolved */
    uint64_t issued[ISSUED_KINDS]; /* sent: newly issued, or because a vehicle held an older one */
    char reason[160];              /* of the last refusal or of being down; UTF-8 */
};

/* Opens the store and starts the thread, which connects and reconnects for ever: a broker that is away is no
 * error here. 0 or a negative errno: -EINVAL for a bad configuration, else the store's or the system's. */
int ingest_start(const struct ingest_config *config, struct ingest **ret);
/* Commits and receipts what was gathered, ends the thread. NULL is fine. */
void ingest_stop(struct ingest *ingest);
/* From any thread. */
void ingest_stats(struct ingest *ingest, struct ingest_stats *ret);

#endif
