#include "gateway/outbox/internal.h"

#include <errno.h>
#include <string.h>

enum {
    EVICT_DIVISOR = 100, /* one gap record stands for about 1 % of the limit */
    EVICT_MIN = 2,       /* the gap record needs a place itself */
};

int outbox_get_chain(struct outbox *outbox, enum bw_record_class cls, struct chain *ret)
{
    struct chain chain;
    outbox_bind(outbox, CHAIN_GET, 1, cls);
    int rc = outbox_next_row(outbox, CHAIN_GET);
    if (rc == 0)
        rc = outbox_column_fixed(outbox, CHAIN_GET, 1, chain.head, BW_HASH_LEN);
    if (rc == 0) {
        chain.next_seq = outbox_column(outbox, CHAIN_GET, 0);
        chain.evicted = outbox_column(outbox, CHAIN_GET, 2);
        chain.oldest_seq = outbox_column(outbox, CHAIN_GET, 3);
        *ret = chain;
    }
    outbox_done(outbox, CHAIN_GET);
    return rc;
}

int outbox_put_chain(struct outbox *outbox, enum bw_record_class cls, uint64_t next_seq,
                     const uint8_t head[BW_HASH_LEN])
{
    outbox_bind(outbox, CHAIN_SET, 1, cls);
    outbox_bind(outbox, CHAIN_SET, 2, next_seq);
    outbox_bind_bytes(outbox, CHAIN_SET, 3, head, BW_HASH_LEN);
    return outbox_run(outbox, CHAIN_SET);
}

int outbox_decode_record(struct outbox *outbox, enum bw_record_class cls, struct wire_record *ret)
{
    size_t len;
    const uint8_t *data = outbox_column_bytes(outbox, RECORD_FROM, 2, &len);
    const int rc = wire_record_decode(data, len, ret);
    if (rc == -ENOMEM)
        return outbox_fail(outbox, rc, "out of memory");
    if (rc != 0 || ret->cls != cls || ret->seq != outbox_column(outbox, RECORD_FROM, 0) ||
        !seal_record_verify(ret, outbox->division, outbox->vehicle,
                            outbox_key_at(outbox, cls, ret->seq)->public_key))
        return outbox_fail(outbox, -EBADMSG, "a stored record is damaged");
    return 0;
}

int outbox_load(struct outbox *outbox, enum bw_record_class cls, uint64_t seq, struct wire_record *ret,
                uint64_t *ret_made_utc_ms)
{
    outbox_bind(outbox, RECORD_FROM, 1, cls);
    outbox_bind(outbox, RECORD_FROM, 2, seq);
    int rc = outbox_next_row(outbox, RECORD_FROM);
    if (rc == 0 && outbox_column(outbox, RECORD_FROM, 0) != seq)
        rc = outbox_fail(outbox, -EBADMSG, "a record is missing");
    if (rc == 0)
        rc = outbox_decode_record(outbox, cls, ret);
    if (rc == 0)
        *ret_made_utc_ms = outbox_column(outbox, RECORD_FROM, 1);
    outbox_done(outbox, RECORD_FROM);
    return rc;
}

int outbox_set_body(struct outbox *outbox, const struct wire_bytes *body, struct wire_record *record)
{
    if (body->len > sizeof record->body)
        return outbox_fail(outbox, -EMSGSIZE, "a record's body is too long");
    memcpy(record->body, body->data, body->len);
    record->body_len = body->len;
    return 0;
}

int outbox_seal(struct outbox *outbox, struct wire_record *record, const struct seal_key *key,
                struct wire_bytes *ret)
{
    memcpy(record->stream, outbox->stream, BW_STREAM_LEN);
    seal_record_sign(record, outbox->division, outbox->vehicle, key);
    const int rc = wire_record_encode(record, ret);
    return rc == 0 ? 0 : outbox_fail(outbox, rc, "a record cannot be encoded");
}

int outbox_put_record(struct outbox *outbox, struct wire_record *record, uint64_t made_utc_ms)
{
    struct wire_bytes encoded;
    int rc = outbox_seal(outbox, record, outbox_key_at(outbox, record->cls, record->seq), &encoded);
    if (rc != 0)
        return rc;
    outbox_bind(outbox, RECORD_PUT, 1, record->cls);
    outbox_bind(outbox, RECORD_PUT, 2, record->seq);
    outbox_bind(outbox, RECORD_PUT, 3, made_utc_ms);
    outbox_bind_bytes(outbox, RECORD_PUT, 4, encoded.data, encoded.len);
    rc = outbox_run(outbox, RECORD_PUT);
    wire_bytes_free(&encoded);
    return rc;
}

static int store(struct outbox *outbox, struct wire_record *record, const struct wire_bytes *body,
                 uint64_t made_utc_ms)
{
    const int rc = outbox_set_body(outbox, body, record);
    return rc == 0 ? outbox_put_record(outbox, record, made_utc_ms) : rc;
}

int outbox_delete_upto(struct outbox *outbox, enum bw_record_class cls, uint64_t seq)
{
    outbox_bind(outbox, RECORD_DELETE, 1, cls);
    outbox_bind(outbox, RECORD_DELETE, 2, seq);
    return outbox_run(outbox, RECORD_DELETE);
}

bool outbox_is_gap(const struct wire_record *record, struct bw_gap *ret)
{
    struct wire_body body;
    if (record->cls != BW_RECORD_TRACK || wire_body_decode(record->body, record->body_len, &body) != 0 ||
        body.type != WIRE_BODY_GAP)
        return false;
    *ret = body.u.gap;
    return true;
}

/* Put one signed gap record in the place of the `count` oldest tracks (2 or more). It takes the seq of the
 * last of them and the prev of the first, so numbering and chain stay whole; an older gap record among them
 * is merged. */
static int evict(struct outbox *outbox, uint64_t oldest_seq, uint64_t count)
{
    struct wire_record first, last;
    uint64_t first_made_utc_ms, last_made_utc_ms;
    int rc = outbox_load(outbox, BW_RECORD_TRACK, oldest_seq, &first, &first_made_utc_ms);
    if (rc == 0)
        rc = outbox_load(outbox, BW_RECORD_TRACK, oldest_seq + count - 1, &last, &last_made_utc_ms);
    if (rc != 0)
        return rc;

    struct bw_gap was;
    const bool merge = outbox_is_gap(&first, &was);
    struct wire_body body = {.type = WIRE_BODY_GAP,
                             .u.gap = {.first_seq = merge ? was.first_seq : first.seq, .last_seq = last.seq}};
    seal_record_hash(&last, outbox->division, outbox->vehicle, body.u.gap.tail_hash);
    struct wire_bytes encoded;
    rc = wire_body_encode(&body, &encoded);
    if (rc != 0)
        return outbox_fail(outbox, rc, "a gap record cannot be encoded");

    first.seq = last.seq;
    rc = outbox_delete_upto(outbox, BW_RECORD_TRACK, last.seq);
    if (rc == 0)
        rc = store(outbox, &first, &encoded, first_made_utc_ms);
    wire_bytes_free(&encoded);
    if (rc != 0)
        return rc;
    outbox_bind(outbox, EVICTED_ADD, 1, BW_RECORD_TRACK);
    outbox_bind(outbox, EVICTED_ADD, 2, merge ? count - 1 : count);
    return outbox_run(outbox, EVICTED_ADD);
}

int outbox_make_room(struct outbox *outbox, enum bw_record_class cls, const struct chain *chain, bool replace)
{
    const uint64_t limit = outbox->limits[cls - 1], waiting = chain->next_seq - chain->oldest_seq;
    if (waiting < limit && !replace)
        return 0;
    if (cls == BW_RECORD_ALERT)
        return outbox_fail(outbox, -EDQUOT, "the limit of waiting alerts is reached");
    if (waiting < EVICT_MIN)
        return outbox_fail(outbox, -ENOSPC, "the disk is full; what is left of it is kept for alerts");
    const uint64_t share = limit / EVICT_DIVISOR;
    return evict(outbox, chain->oldest_seq,
                 waiting < limit || share == 0 ? EVICT_MIN : 1 + share); /* 1 more: for the gap record */
}

int outbox_append(struct outbox *outbox, enum bw_record_class cls, const struct wire_bytes *body,
                  int64_t now_utc_ms, bool replace)
{
    struct chain chain;
    int rc = outbox_get_chain(outbox, cls, &chain);
    if (rc == 0)
        rc = outbox_make_room(outbox, cls, &chain, replace);
    if (rc != 0)
        return rc;

    struct wire_record record = {.cls = cls, .seq = chain.next_seq};
    memcpy(record.prev, chain.head, BW_HASH_LEN);
    rc = store(outbox, &record, body, (uint64_t)now_utc_ms);
    if (rc != 0)
        return rc;

    uint8_t head[BW_HASH_LEN];
    seal_record_hash(&record, outbox->division, outbox->vehicle, head);
    return outbox_put_chain(outbox, cls, chain.next_seq + 1, head);
}

int outbox_change_waits(struct outbox *outbox, bool *ret)
{
    struct chain chain;
    const int rc = outbox_get_chain(outbox, BW_RECORD_ALERT, &chain);
    if (rc == 0)
        *ret = outbox->changing && chain.oldest_seq <= outbox->alert_seq;
    return rc;
}
