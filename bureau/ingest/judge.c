#include "bureau/ingest/judge.h"

#include <errno.h>
#include <string.h>

#include "proto/seal.h"

static const char *const verdict_texts[VERDICT_COUNT] = {
    [VERDICT_ACCEPTED] = "accepted",
    [VERDICT_PRESENCE] = "presence",
    [VERDICT_DUPLICATE] = "held already",
    [VERDICT_OUT_OF_ORDER] = "ahead of its chain",
    [VERDICT_CONFLICT] = "contradicts its chain",
    [VERDICT_BAD_SIGNATURE] = "not signed by this vehicle's key",
    [VERDICT_UNKNOWN_VEHICLE] = "vehicle not registered or no key enrolled",
    [VERDICT_BAD_TOPIC] = "not a topic of this vehicle",
    [VERDICT_BAD_MESSAGE] = "not a valid message for its channel",
    [VERDICT_TOO_LARGE] = "larger than its channel allows",
    [VERDICT_DROPPED] = "could not be kept",
};

const char *verdict_text(enum verdict verdict)
{
    return verdict_texts[verdict];
}

/* What vehicles may send: the class that a record on the channel must have, and the largest message. */
static const struct {
    bool up;
    enum bw_record_class cls;
    size_t max_len;
} channels[TOPIC_CHANNEL_COUNT] = {
    [TOPIC_ALERT] = {.up = true, .cls = BW_RECORD_ALERT, .max_len = WIRE_RECORD_MAX},
    [TOPIC_TRACK] = {.up = true, .cls = BW_RECORD_TRACK, .max_len = WIRE_RECORD_MAX},
    [TOPIC_PRESENCE] = {.up = true, .max_len = WIRE_PRESENCE_MAX},
};

enum verdict judge_topic(const char *topic, size_t len, struct topic *ret_topic)
{
    struct topic parsed;
    if (len > WIRE_RECORD_MAX)
        return VERDICT_TOO_LARGE;
    if (topic_parse(topic, &parsed) != 0 || !channels[parsed.channel].up)
        return VERDICT_BAD_TOPIC;
    if (len > channels[parsed.channel].max_len)
        return VERDICT_TOO_LARGE;
    *ret_topic = parsed;
    return VERDICT_ACCEPTED;
}

static enum verdict judge_sender(const struct topic *topic, const struct judge_vehicle *vehicle)
{
    if (vehicle == NULL)
        return VERDICT_UNKNOWN_VEHICLE;
    return strcmp(topic->division, vehicle->division) == 0 ? VERDICT_ACCEPTED : VERDICT_BAD_TOPIC;
}

static enum verdict decode_failure(int error)
{
    return error == -ENOMEM ? VERDICT_DROPPED : VERDICT_BAD_MESSAGE;
}

enum verdict judge_presence(const struct topic *topic, const struct judge_vehicle *vehicle,
                            const uint8_t *bytes, size_t len, struct bw_presence *ret_presence)
{
    const enum verdict sender = judge_sender(topic, vehicle);
    if (sender != VERDICT_ACCEPTED)
        return sender;
    const int error = wire_presence_decode(bytes, len, ret_presence);
    return error == 0 ? VERDICT_PRESENCE : decode_failure(error);
}

/* A known type of body in the class that carries it; a gap takes the place of the last record it stands for.
 */
static bool body_fits(const struct wire_body *body, const struct wire_record *record)
{
    switch (body->type) {
    case WIRE_BODY_ALERT:
    case WIRE_BODY_TRIP:
        return record->cls == BW_RECORD_ALERT;
    case WIRE_BODY_TRACK:
        return record->cls == BW_RECORD_TRACK;
    case WIRE_BODY_GAP:
        return record->cls == BW_RECORD_TRACK && body->u.gap.last_seq == record->seq;
    case WIRE_BODY_KEY:
        return record->cls == BW_RECORD_ALERT;
    case WIRE_BODY_UNKNOWN:
        break;
    }
    return true;
}

int judge_body(const struct wire_record *record, struct wire_body *ret_body)
{
    const int error = wire_body_decode(record->body, record->body_len, ret_body);
    if (error == -ENOMEM)
        return error;
    if (error != 0 || !body_fits(ret_body, record))
        ret_body->type = WIRE_BODY_UNKNOWN;
    return 0;
}

enum verdict judge_record(const struct topic *topic, const struct judge_vehicle *vehicle,
                          const uint8_t *bytes, size_t len, struct wire_record *ret_record,
                          struct wire_body *ret_body)
{
    const enum verdict sender = judge_sender(topic, vehicle);
    if (sender != VERDICT_ACCEPTED)
        return sender;
    int error = wire_record_decode(bytes, len, ret_record);
    if (error != 0)
        return decode_failure(error);
    if (ret_record->cls != channels[topic->channel].cls)
        return VERDICT_BAD_MESSAGE;
    /* The vehicle's word and evidence, readable or not; refusing it would stop its chain for ever. */
    return judge_body(ret_record, ret_body) == 0 ? VERDICT_ACCEPTED : VERDICT_DROPPED;
}

const struct store_signer *judge_signer(const struct store_signers *signers, uint64_t seq)
{
    size_t i = signers->n - 1;
    while (i > 0 && signers->of[i].from_seq > seq)
        i--;
    return &signers->of[i];
}

enum verdict judge_signature_checked(const struct topic *topic, const struct wire_record *record,
                                     const struct store_signers *signers, const struct judge_checked *checked)
{
    if (signers->n == 0)
        return VERDICT_BAD_SIGNATURE;
    const uint8_t *key = judge_signer(signers, record->seq)->key;
    const bool good = checked->is_checked && memcmp(checked->key, key, BW_PUBLIC_KEY_LEN) == 0
                          ? checked->good
                          : seal_record_verify(record, topic->division, topic->vehicle, key);
    return good ? VERDICT_ACCEPTED : VERDICT_BAD_SIGNATURE;
}

enum verdict judge_signature(const struct topic *topic, const struct wire_record *record,
                             const struct store_signers *signers)
{
    const struct judge_checked none = {.is_checked = false};
    return judge_signature_checked(topic, record, signers, &none);
}

bool judge_key_change(const struct topic *topic, const struct wire_record *record,
                      const struct wire_body *body, const struct store_signer *signer)
{
    if (body->type != WIRE_BODY_KEY)
        return false;
    const struct bw_key_change *change = &body->u.key;
    return memcmp(change->old_key, signer->key, BW_PUBLIC_KEY_LEN) == 0 &&
           memcmp(change->new_key, change->old_key, BW_PUBLIC_KEY_LEN) != 0 &&
           seal_key_proved(change, topic->division, topic->vehicle, record->stream, record->seq);
}

static bool same_bytes(const struct wire_bytes *a, const struct wire_bytes *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

bool judge_is_held(const struct judge_link *link)
{
    return link->held.data != NULL && same_bytes(&link->bytes, &link->held);
}

static bool is_gap(const struct judge_link *link)
{
    return link->body->type == WIRE_BODY_GAP;
}

uint64_t judge_first_seq(const struct wire_record *record, const struct wire_body *body)
{
    return body->type == WIRE_BODY_GAP ? body->u.gap.first_seq : record->seq;
}

static uint64_t first_seq(const struct judge_link *link)
{
    return judge_first_seq(link->record, link->body);
}

void judge_head(const struct wire_record *record, const struct wire_body *body, const char *division,
                const char *vehicle, uint8_t ret_head[BW_HASH_LEN])
{
    if (body->type == WIRE_BODY_GAP)
        memcpy(ret_head, body->u.gap.tail_hash, BW_HASH_LEN);
    else
        seal_record_hash(record, division, vehicle, ret_head);
}

/* A vehicle whose outbox filled up before our receipt reached it evicts what we do hold. Its gap record then
 * takes the seq of a held record, and agrees with us when it names that record's hash. */
static bool gap_agrees(const struct judge_link *link)
{
    struct wire_record held;
    uint8_t hash[BW_HASH_LEN];
    if (!is_gap(link) || wire_record_decode(link->held.data, link->held.len, &held) != 0)
        return false;
    seal_record_hash(&held, link->topic->division, link->topic->vehicle, hash);
    return memcmp(hash, link->body->u.gap.tail_hash, BW_HASH_LEN) == 0;
}

static enum verdict judge_behind(const struct judge_link *link)
{
    if (link->held.data == NULL) /* before our chain began, or evicted by a gap record that came first */
        return VERDICT_DUPLICATE;
    return same_bytes(&link->bytes, &link->held) || gap_agrees(link) ? VERDICT_DUPLICATE : VERDICT_CONFLICT;
}

bool judge_resumes(const struct judge_link *link, struct store_chain *ret_chain)
{
    if (first_seq(link) <= link->chain->next_seq || link->record->seq != link->oldest_seq)
        return false;
    *ret_chain = (struct store_chain){.next_seq = first_seq(link), .head_known = false};
    return true;
}

enum verdict judge_chain(const struct judge_link *link, struct store_chain *ret_chain)
{
    const struct wire_record *record = link->record;
    const struct store_chain *chain = link->chain;
    if (record->seq < chain->next_seq)
        return judge_behind(link);
    if (first_seq(link) > chain->next_seq)
        return VERDICT_OUT_OF_ORDER;
    /* A gap record that reaches back behind next_seq has the prev of a record further back. */
    if (first_seq(link) == chain->next_seq && chain->head_known &&
        memcmp(record->prev, chain->head, BW_HASH_LEN) != 0)
        return VERDICT_CONFLICT;

    struct store_chain next = {.next_seq = record->seq + 1, .head_known = true};
    judge_head(record, link->body, link->topic->division, link->topic->vehicle, next.head);
    *ret_chain = next;
    return VERDICT_ACCEPTED;
}
