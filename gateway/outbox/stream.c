#include "gateway/outbox/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "gateway/outbox/file.h"

/* ---- a new stream ---- */

/* A gap record counts in the numbers of its stream. */
static int renumber_gap(struct outbox *outbox, const struct bw_gap *gap, uint64_t lower,
                        struct wire_record *record)
{
    struct wire_bytes encoded;
    struct wire_body body = {.type = WIRE_BODY_GAP, .u.gap = *gap};
    body.u.gap.first_seq -= lower;
    body.u.gap.last_seq -= lower;
    int rc = wire_body_encode(&body, &encoded);
    if (rc != 0)
        return outbox_fail(outbox, rc, "a gap record cannot be encoded");
    rc = outbox_set_body(outbox, &encoded, record);
    wire_bytes_free(&encoded);
    return rc;
}

struct renewal {
    enum bw_record_class cls;
    const struct seal_key *key; /* signs */
    uint64_t lower;             /* by so much the numbers are lower in the new stream */
    uint8_t head[BW_HASH_LEN];  /* of the record before, and then its own */
};

/* Put the record, complete but for seal and prev, into the place of what was record `seq`. */
static int put_renewed(struct outbox *outbox, struct renewal *renewal, uint64_t seq,
                       struct wire_record *record)
{
    struct wire_bytes encoded;
    struct bw_gap gap;
    memcpy(record->prev, renewal->head, BW_HASH_LEN);
    int rc = outbox_seal(outbox, record, renewal->key, &encoded);
    if (rc != 0)
        return rc;
    if (outbox_is_gap(record, &gap))
        memcpy(renewal->head, gap.tail_hash, BW_HASH_LEN);
    else
        seal_record_hash(record, outbox->division, outbox->vehicle, renewal->head);
    outbox_bind(outbox, RECORD_RENEW, 1, renewal->cls);
    outbox_bind(outbox, RECORD_RENEW, 2, seq);
    outbox_bind(outbox, RECORD_RENEW, 3, record->seq);
    outbox_bind_bytes(outbox, RECORD_RENEW, 4, encoded.data, encoded.len);
    rc = outbox_run(outbox, RECORD_RENEW);
    wire_bytes_free(&encoded);
    return rc;
}

/* later: by so many numbers, because another record was put before it. */
static int renew(struct outbox *outbox, struct renewal *renewal, uint64_t seq, uint64_t later)
{
    struct wire_record record;
    struct bw_gap gap;
    uint64_t made_utc_ms;
    int rc = outbox_load(outbox, renewal->cls, seq, &record, &made_utc_ms);
    if (rc == 0 && outbox_is_gap(&record, &gap))
        rc = renumber_gap(outbox, &gap, renewal->lower, &record);
    if (rc != 0)
        return rc;
    record.seq = seq - renewal->lower + later;
    return put_renewed(outbox, renewal, seq, &record);
}

static int set_key_change(struct outbox *outbox, uint64_t seq, uint64_t track_from,
                          struct wire_record *record)
{
    struct wire_bytes encoded;
    struct wire_body body = {.type = WIRE_BODY_KEY, .u.key = {.track_from = track_from}};
    seal_key_prove(&body.u.key, outbox->division, outbox->vehicle, outbox->stream, seq,
                   outbox->owner->public_key, outbox->next_key);
    int rc = wire_body_encode(&body, &encoded);
    if (rc != 0)
        return outbox_fail(outbox, rc, "a change of key cannot be encoded");
    rc = outbox_set_body(outbox, &encoded, record);
    wire_bytes_free(&encoded);
    return rc;
}

/* A change of key that still waits comes first in the new stream: nobody knows whether the bureau has it, and
 * everything else is sealed by the new key. */
static int renew_change(struct outbox *outbox, struct renewal *renewal)
{
    struct wire_record record = {.cls = BW_RECORD_ALERT, .seq = 1};
    struct renewal by_owner = *renewal;
    by_owner.key = outbox->owner;
    int rc = set_key_change(outbox, 1, 1, &record);
    if (rc == 0)
        rc = put_renewed(outbox, &by_owner, outbox->alert_seq, &record);
    memcpy(renewal->head, by_owner.head, BW_HASH_LEN);
    return rc;
}

/* What the numbers are lowered by: the oldest record that waits, or what it stands for, becomes 1. */
static int find_lower(struct outbox *outbox, const struct chain *chain, struct renewal *renewal)
{
    struct wire_record oldest;
    struct bw_gap gap;
    uint64_t made_utc_ms;
    renewal->lower = chain->oldest_seq - 1;
    if (chain->oldest_seq == chain->next_seq)
        return 0;
    const int rc = outbox_load(outbox, renewal->cls, chain->oldest_seq, &oldest, &made_utc_ms);
    if (rc == 0 && outbox_is_gap(&oldest, &gap))
        renewal->lower = gap.first_seq - 1;
    return rc;
}

static int renew_class(struct outbox *outbox, enum bw_record_class cls, bool with_change)
{
    struct chain chain = {0};
    struct renewal renewal = {.cls = cls, .key = outbox->changing ? outbox->next_key : outbox->owner};
    int rc = outbox_get_chain(outbox, cls, &chain);
    if (rc == 0)
        rc = find_lower(outbox, &chain, &renewal);
    if (rc == 0 && with_change)
        rc = renew_change(outbox, &renewal);
    for (uint64_t seq = chain.oldest_seq; rc == 0 && seq < chain.next_seq; seq++)
        if (!with_change || seq != outbox->alert_seq)
            rc = renew(outbox, &renewal, seq, with_change && seq < outbox->alert_seq ? 1 : 0);
    if (rc == 0)
        rc = outbox_run(outbox, RENEWED);
    return rc == 0 ? outbox_put_chain(outbox, cls, chain.next_seq - renewal.lower, renewal.head) : rc;
}

static int put_change(struct outbox *outbox, uint64_t alert_seq, uint64_t track_from)
{
    outbox_bind_bytes(outbox, CHANGE_PUT, 1, outbox->next_key->public_key, BW_PUBLIC_KEY_LEN);
    outbox_bind(outbox, CHANGE_PUT, 2, alert_seq);
    outbox_bind(outbox, CHANGE_PUT, 3, track_from);
    return outbox_run(outbox, CHANGE_PUT);
}

static int renew_all(struct outbox *outbox, void *argument)
{
    bool waits = false;
    memcpy(outbox->stream, argument, BW_STREAM_LEN);
    outbox_bind_bytes(outbox, STREAM_SET, 1, outbox->stream, BW_STREAM_LEN);
    int rc = outbox_run(outbox, STREAM_SET);
    if (rc == 0)
        rc = outbox_change_waits(outbox, &waits);
    for (int cls = BW_RECORD_ALERT; rc == 0 && cls <= BW_RECORD_TRACK; cls++)
        rc = renew_class(outbox, (enum bw_record_class)cls, waits && cls == BW_RECORD_ALERT);
    return rc == 0 && outbox->changing ? put_change(outbox, waits ? 1 : 0, 1) : rc;
}

int outbox_begin_stream(struct outbox *outbox)
{
    uint8_t stream[BW_STREAM_LEN], before[BW_STREAM_LEN];
    if (getrandom(stream, sizeof stream, 0) != sizeof stream)
        return outbox_fail(outbox, -EIO, "no random numbers");
    memcpy(before, outbox->stream, BW_STREAM_LEN);
    (void)outbox_file_copy_aside(outbox->db, outbox->path); /* evidence; the records themselves go on */
    const int rc = outbox_transact(outbox, renew_all, stream);
    if (rc != 0)
        memcpy(outbox->stream, before, BW_STREAM_LEN);
    return rc;
}

/* ---- another key ---- */

static int begin_change(struct outbox *outbox)
{
    struct chain alerts, tracks;
    const uint64_t now_utc_ms = (uint64_t)time(NULL) * 1000;
    int rc = outbox_get_chain(outbox, BW_RECORD_ALERT, &alerts);
    if (rc == 0)
        rc = outbox_get_chain(outbox, BW_RECORD_TRACK, &tracks);
    if (rc == 0)
        rc = outbox_make_room(outbox, BW_RECORD_ALERT, &alerts, false);
    if (rc != 0)
        return rc;
    struct wire_record record = {.cls = BW_RECORD_ALERT, .seq = alerts.next_seq};
    memcpy(record.prev, alerts.head, BW_HASH_LEN);
    rc = set_key_change(outbox, record.seq, tracks.next_seq, &record);
    if (rc == 0)
        rc = outbox_put_record(outbox, &record, now_utc_ms);
    if (rc != 0)
        return rc;
    seal_record_hash(&record, outbox->division, outbox->vehicle, alerts.head);
    rc = outbox_put_chain(outbox, BW_RECORD_ALERT, alerts.next_seq + 1, alerts.head);
    return rc == 0 ? put_change(outbox, record.seq, tracks.next_seq) : rc;
}

/* Nothing that the old key has signed waits any more. */
static int end_change(struct outbox *outbox)
{
    outbox_bind_bytes(outbox, OWNER_SET, 1, outbox->next_key->public_key, BW_PUBLIC_KEY_LEN);
    const int rc = outbox_run(outbox, OWNER_SET);
    return rc == 0 ? outbox_run(outbox, CHANGE_END) : rc;
}

static int take_step(struct outbox *outbox, void *argument)
{
    bool *over = argument;
    struct chain tracks;
    bool waits = false;
    *over = outbox->owner == outbox->next_key;
    if (*over)
        return 0;
    if (!outbox->changing)
        return begin_change(outbox);
    int rc = outbox_change_waits(outbox, &waits);
    if (rc == 0)
        rc = outbox_get_chain(outbox, BW_RECORD_TRACK, &tracks);
    if (rc != 0 || waits || tracks.oldest_seq < outbox->track_from)
        return rc;
    *over = true;
    return end_change(outbox);
}

int outbox_change_key(struct outbox *outbox)
{
    bool over = true;
    const int rc = outbox->next_key != NULL ? outbox_transact(outbox, take_step, &over) : 0;
    return rc == 0 ? over : rc;
}

int outbox_key_changed(struct outbox *outbox)
{
    const int rc = outbox_read_meta(outbox);
    return rc == 0 ? outbox->next_key == NULL || outbox->owner == outbox->next_key : rc;
}
