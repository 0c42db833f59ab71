/* What becomes of a message from the broker. Pure: no store, no clock, no heap but what decoding one record
 * takes.
 *
 * A message answers five questions, in this order; the first "no" is its verdict and nothing of it is kept:
 *   judge_topic()     is it small enough, and on a topic that vehicles may speak on?
 *   judge_presence()  is it a presence message of a vehicle that we know?
 *   judge_record()    is it a whole record of a vehicle that we know?
 *   judge_signature() did the key sign it that signs its chain there?
 *   judge_chain()     is it the next link of its chain? */
#ifndef BUSWARDEN_INGEST_JUDGE_H
#define BUSWARDEN_INGEST_JUDGE_H

#include "bureau/store/store.h"
#include "proto/topic.h"
#include "proto/wire.h"

/* Every message ends in exactly one of these; each is a count of struct ingest_stats. */
enum verdict {
    VERDICT_ACCEPTED,
    VERDICT_PRESENCE,
    VERDICT_DUPLICATE,
    VERDICT_OUT_OF_ORDER,
    VERDICT_CONFLICT,
    VERDICT_BAD_SIGNATURE,
    VERDICT_UNKNOWN_VEHICLE,
    VERDICT_BAD_TOPIC,
    VERDICT_BAD_MESSAGE,
    VERDICT_TOO_LARGE,
    VERDICT_DROPPED, /* no fault of the message: memory or the store failed */
    VERDICT_COUNT
};
const char *verdict_text(enum verdict verdict);

/* What the bureau knows of the vehicle that a topic names. */
struct judge_vehicle {
    char division[BW_DIVISION_LEN]; /* where its school is registered */
    uint8_t key[BW_PUBLIC_KEY_LEN];
};

/* ACCEPTED (and then *ret_topic is set), TOO_LARGE or BAD_TOPIC. */
enum verdict judge_topic(const char *topic, size_t len, struct topic *ret_topic);

/* PRESENCE, or a refusal. `vehicle` NULL = not registered or no key enrolled. */
enum verdict judge_presence(const struct topic *topic, const struct judge_vehicle *vehicle,
                            const uint8_t *bytes, size_t len, struct bw_presence *ret_presence);

/* ACCEPTED, or a refusal; who signed it is not asked yet. A body that this build cannot read (newer than it,
 * or against the contract) is no reason to refuse: signed, it is evidence all the same. */
enum verdict judge_record(const struct topic *topic, const struct judge_vehicle *vehicle,
                          const uint8_t *bytes, size_t len, struct wire_record *ret_record,
                          struct wire_body *ret_body);

/* What a record says. A body that this build cannot read, or that does not belong into its record, is
 * WIRE_BODY_UNKNOWN. 0 or -ENOMEM. */
int judge_body(const struct wire_record *record, struct wire_body *ret_body);

/* ACCEPTED or BAD_SIGNATURE: also when nobody may sign. */
enum verdict judge_signature(const struct topic *topic, const struct wire_record *record,
                             const struct store_signers *signers);
/* What a key made of a record, found out before it was known whose key signs there. */
struct judge_checked {
    bool is_checked, good;
    uint8_t key[BW_PUBLIC_KEY_LEN];
};
/* The same; what was checked already with the right key is not checked again. */
enum verdict judge_signature_checked(const struct topic *topic, const struct wire_record *record,
                                     const struct store_signers *signers,
                                     const struct judge_checked *checked);
/* The signer in force at a seq; the first one before its own. signers->n > 0. */
const struct store_signer *judge_signer(const struct store_signers *signers, uint64_t seq);

/* True when the record, signed by `signer`, changes the key: the new one signs the ALERT records after it,
 * and the TRACK records from track_from on. */
bool judge_key_change(const struct topic *topic, const struct wire_record *record,
                      const struct wire_body *body, const struct store_signer *signer);

/* A record that judge_record() accepted, and what is known of its chain. */
struct judge_link {
    const struct topic *topic;
    const struct wire_record *record;
    const struct wire_body *body;
    struct wire_bytes bytes;         /* as they came */
    const struct store_chain *chain; /* next_seq 1 and a zero head for a chain never seen */
    uint64_t oldest_seq;    /* that the vehicle's presence named for this stream and class; 0 = none */
    struct wire_bytes held; /* stored under this seq; empty when nothing is */
};

/* The very bytes are held. */
bool judge_is_held(const struct judge_link *link);

/* The seq that a record stands for first (a gap record for more than its own), and the prev that the next
 * record must have. */
uint64_t judge_first_seq(const struct wire_record *record, const struct wire_body *body);
void judge_head(const struct wire_record *record, const struct wire_body *body, const char *division,
                const char *vehicle, uint8_t ret_head[BW_HASH_LEN]);

/* True when the link begins its chain anew after a hole: the vehicle's presence says that it has receipts for
 * all before this record, but they are not held here (the store was made anew, or restored). *ret_chain is
 * then the chain to judge the link by: it begins at this record, with an unknown past. */
bool judge_resumes(const struct judge_link *link, struct store_chain *ret_chain);

/* ACCEPTED (and then *ret_chain is the chain after it), DUPLICATE, OUT_OF_ORDER or CONFLICT. */
enum verdict judge_chain(const struct judge_link *link, struct store_chain *ret_chain);

#endif
