#include "gateway/outbox/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "gateway/outbox/file.h"

/* ---- a new stream ---- */

/* A gap record counts in the numbers of its stream. */
static int renumber_gap(struct outbox *outbox, const struct bw_gap *gap, uint64_t first_seq,
                        struct wire_record *record)
{
    struct wire_bytes encoded;
    struct wire_body body = {.type = WIRE_BODY_GAP, .u.gap = *gap};
    body.u.gap.first_seq = first_seq;
    body.u.gap.last_seq = first_seq + (gap->last_seq - gap->first_seq);
    int rc = wire_body_encode(&body, &encoded);
    if (rc != 0)
        return outbox_fail(outbox, rc, "a gap record cannot be encoded");
    rc = outbox_set_body(outbox, &encoded, record);
    wire_bytes_free(&encoded);
    record->seq = body.u.gap.last_seq;
    return rc;
}

enum {
    PROGRESS_RECORDS = 64, /* some milliseconds */
    CHANGES_MANY = 16,     /* of key in one stream: the next one begins another, while there still is room */
    CHANGES_MAX = 31,      /* what a bureau takes (docs/wire.md, "Key change") */
};

struct renewal {
    const uint8_t *stream;
    bool (*progress)(void *context);
    void *context;
    uint64_t done, left_out;
    /* Of one class: */
    enum bw_record_class cls;
    const struct seal_key *key; /* signs */
    uint64_t next_seq;          /* in the new stream */
    uint8_t head[BW_HASH_LEN];  /* of the record before it */
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
    renewal->next_seq = record->seq + 1;
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

static int renew(struct outbox *outbox, struct renewal *renewal, uint64_t seq)
{
    struct wire_record record;
    struct bw_gap gap;
    uint64_t made_utc_ms;
    int rc = outbox_load(outbox, renewal->cls, seq, &record, &made_utc_ms);
    if (rc == -EBADMSG) { /* nobody could ever send it; the copy beside keeps it */
        renewal->left_out++;
        return 0;
    }
    record.seq = renewal->next_seq;
    if (rc == 0 && outbox_is_gap(&record, &gap))
        rc = renumber_gap(outbox, &gap, renewal->next_seq, &record);
    return rc == 0 ? put_renewed(outbox, renewal, seq, &record) : rc;
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
    const struct seal_key *key = renewal->key;
    int rc = set_key_change(outbox, 1, 1, &record);
    renewal->key = outbox->owner;
    if (rc == 0)
        rc = put_renewed(outbox, renewal, outbox->alert_seq, &record);
    renewal->key = key;
    return rc;
}

static int keep_on(struct outbox *outbox, struct renewal *renewal)
{
    if (++renewal->done % PROGRESS_RECORDS != 0 || renewal->progress == NULL ||
        renewal->progress(renewal->context))
        return 0;
    return outbox_fail(outbox, -ECANCELED, "the new stream was not finished");
}

static int renew_class(struct outbox *outbox, struct renewal *renewal, bool with_change)
{
    struct chain chain = {0};
    int rc = outbox_get_chain(outbox, renewal->cls, &chain);
    renewal->key = outbox->changing ? outbox->next_key : outbox->owner;
    renewal->next_seq = 1;
    memset(renewal->head, 0, BW_HASH_LEN);
    if (rc == 0 && with_change)
        rc = renew_change(outbox, renewal);
    for (uint64_t seq = chain.oldest_seq; rc == 0 && seq < chain.next_seq; seq++) {
        if (!with_change || seq != outbox->alert_seq)
            rc = renew(outbox, renewal, seq);
        if (rc == 0)
            rc = keep_on(outbox, renewal);
    }
    outbox_bind(outbox, UNRENEWED_DELETE, 1, renewal->cls);
    if (rc == 0)
        rc = outbox_run(outbox, UNRENEWED_DELETE);
    if (rc == 0)
        rc = outbox_run(outbox, RENEWED);
    return rc == 0 ? outbox_put_chain(outbox, renewal->cls, renewal->next_seq, renewal->head) : rc;
}

static int put_change(struct outbox *outbox, uint64_t alert_seq, uint64_t track_from)
{
    outbox_bind_bytes(outbox, CHANGE_PUT, 1, outbox->next_key->public_key, BW_PUBLIC_KEY_LEN);
    outbox_bind(outbox, CHANGE_PUT, 2, alert_seq);
    outbox_bind(outbox, CHANGE_PUT, 3, track_from);
    return outbox_run(outbox, CHANGE_PUT);
}

static int set_changes(struct outbox *outbox, uint64_t changes)
{
    outbox_bind(outbox, CHANGES_SET, 1, changes);
    return outbox_run(outbox, CHANGES_SET);
}

static int get_changes(struct outbox *outbox, uint64_t *ret)
{
    const int rc = outbox_next_row(outbox, CHANGES_GET);
    if (rc == 0)
        *ret = outbox_column(outbox, CHANGES_GET, 0);
    outbox_done(outbox, CHANGES_GET);
    return rc;
}

static int renew_all(struct outbox *outbox, void *argument)
{
    struct renewal *renewal = argument;
    bool waits = false;
    renewal->done = renewal->left_out = 0; /* it may be the second attempt */
    memcpy(outbox->stream, renewal->stream, BW_STREAM_LEN);
    outbox_bind_bytes(outbox, STREAM_SET, 1, outbox->stream, BW_STREAM_LEN);
    int rc = outbox_run(outbox, STREAM_SET);
    if (rc == 0)
        rc = outbox_change_waits(outbox, &waits);
    for (int cls = BW_RECORD_ALERT; rc == 0 && cls <= BW_RECORD_TRACK; cls++) {
        renewal->cls = (enum bw_record_class)cls;
        rc = renew_class(outbox, renewal, waits && cls == BW_RECORD_ALERT);
    }
    if (rc == 0)
        rc = set_changes(outbox, waits ? 1 : 0);
    return rc == 0 && outbox->changing ? put_change(outbox, waits ? 1 : 0, 1) : rc;
}

int outbox_begin_stream(struct outbox *outbox, bool (*progress)(void *context), void *context,
                        uint64_t *ret_left_out)
{
    uint8_t stream[BW_STREAM_LEN], before[BW_STREAM_LEN];
    char copy[PATH_MAX];
    struct renewal renewal = {.stream = stream, .progress = progress, .context = context};
    if (getrandom(stream, sizeof stream, 0) != sizeof stream)
        return outbox_fail(outbox, -EIO, "no random numbers");
    memcpy(before, outbox->stream, BW_STREAM_LEN);
    const int copied =
        outbox_file_copy_aside(outbox->db, outbox->path, copy); /* evidence; all goes on without */
    const int rc = outbox_transact(outbox, renew_all, &renewal);
    if (rc != 0) {
        memcpy(outbox->stream, before, BW_STREAM_LEN);
        if (copied == 0) /* it will be tried again: no pile of copies */
            (void)unlink(copy);
        return rc;
    }
    *ret_left_out = renewal.left_out;
    return 0;
}

/* ---- another key ---- */

/* No copy lies beside, so nothing may be left out. */
static int renew_if_worn(struct outbox *outbox, void *argument)
{
    struct renewal *renewal = argument;
    uint64_t changes = 0;
    int rc = get_changes(outbox, &changes);
    if (rc != 0 || outbox->changing || outbox->owner == outbox->next_key || changes < CHANGES_MANY)
        return rc;
    rc = renew_all(outbox, renewal);
    return rc == 0 && renewal->left_out > 0 ? outbox_fail(outbox, -EBADMSG, "a record is damaged") : rc;
}

int outbox_renew_worn(struct outbox *outbox)
{
    uint8_t stream[BW_STREAM_LEN], before[BW_STREAM_LEN];
    struct renewal renewal = {.stream = stream};
    if (outbox->next_key == NULL)
        return 0;
    if (getrandom(stream, sizeof stream, 0) != sizeof stream)
        return outbox_fail(outbox, -EIO, "no random numbers");
    memcpy(before, outbox->stream, BW_STREAM_LEN);
    const int rc = outbox_transact(outbox, renew_if_worn, &renewal);
    if (rc != 0)
        memcpy(outbox->stream, before, BW_STREAM_LEN);
    return rc;
}

static int begin_change(struct outbox *outbox)
{
    struct chain alerts, tracks;
    uint64_t changes = 0;
    int rc = get_changes(outbox, &changes);
    if (rc == 0 && changes >= CHANGES_MAX)
        rc = outbox_fail(outbox, -EMLINK, "this stream has had as many keys as a bureau takes");
    if (rc == 0)
        rc = outbox_get_chain(outbox, BW_RECORD_ALERT, &alerts);
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
        rc = outbox_put_record(outbox, &record, 0); /* nobody asks how old it is */
    if (rc != 0)
        return rc;
    seal_record_hash(&record, outbox->division, outbox->vehicle, alerts.head);
    rc = outbox_put_chain(outbox, BW_RECORD_ALERT, alerts.next_seq + 1, alerts.head);
    if (rc == 0)
        rc = set_changes(outbox, changes + 1);
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
