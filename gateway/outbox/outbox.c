#include "gateway/outbox/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/outbox/file.h"
#include "gateway/outbox/internal.h"

enum {
    MAX_TRACK_RECORDS = 100000,
    MAX_ALERT_RECORDS = 20000,
    RESERVE_BYTES = 4 * 1024 * 1024,
};

/* ---- opening ---- */

/* The body in the present row of OPEN_ALL. */
static int decode_open(struct outbox *outbox, struct wire_body *ret)
{
    size_t len;
    const uint8_t *data = outbox_column_bytes(outbox, OPEN_ALL, 0, &len);
    const int rc = wire_body_decode(data, len, ret);
    return rc == 0 ? 0
                   : outbox_fail(outbox, rc == -ENOMEM ? rc : -EBADMSG, "a stored alert cannot be decoded");
}

/* Found out now, a damaged one sets the file aside; later it would keep the gateway from starting. */
static int check_open_alerts(struct outbox *outbox)
{
    struct wire_body body;
    int rc;
    do {
        rc = outbox_next_row(outbox, OPEN_ALL);
        if (rc == 0)
            rc = decode_open(outbox, &body);
    } while (rc == 0);
    outbox_done(outbox, OPEN_ALL);
    return rc == -ENOENT ? 0 : rc;
}

/* A damaged record that everything after it waits for: only a new stream helps. */
static int check_oldest(struct outbox *outbox, enum bw_record_class cls)
{
    struct wire_record record;
    outbox_bind(outbox, RECORD_FROM, 1, cls);
    outbox_bind(outbox, RECORD_FROM, 2, 0);
    int rc = outbox_next_row(outbox, RECORD_FROM);
    if (rc == 0)
        rc = outbox_decode_record(outbox, cls, &record);
    outbox_done(outbox, RECORD_FROM);
    return rc == -ENOENT ? 0 : rc;
}

static int open_file(struct outbox *outbox, const struct outbox_config *config)
{
    int rc = outbox_file_open(config, &outbox->db);
    if (rc == 0)
        rc = outbox_prepare(outbox);
    if (rc == 0)
        rc = outbox_read_meta(outbox);
    if (rc == 0)
        rc = check_open_alerts(outbox);
    for (int cls = BW_RECORD_ALERT; rc == 0 && !config->attach && cls <= BW_RECORD_TRACK; cls++)
        rc = check_oldest(outbox, (enum bw_record_class)cls);
    return rc;
}

static int take_path(struct outbox *outbox, const struct outbox_config *config)
{
    outbox->path = strdup(config->path);
    if (outbox->path == NULL)
        return -ENOMEM;
    return config->attach ? 0 : outbox_file_lock(outbox->path, &outbox->lock_fd);
}

static int open_or_set_aside(struct outbox *outbox, const struct outbox_config *config, bool *ret_set_aside)
{
    int rc = open_file(outbox, config);
    const bool of_no_use = rc == -EBADMSG || (rc == -EREMOTEIO && config->unreadable_is_corrupt);
    if (!of_no_use || config->attach)
        return rc;
    outbox_finalize(outbox);
    rc = outbox_file_set_aside(config->path);
    if (rc != 0)
        return rc;
    *ret_set_aside = true;
    return open_file(outbox, config);
}

int outbox_open(const struct outbox_config *config, struct outbox **ret, bool *ret_set_aside)
{
    const size_t division_len = strlen(config->division), vehicle_len = strlen(config->vehicle);
    if (config->max_track_records == 1 || division_len >= BW_DIVISION_LEN || vehicle_len >= BW_ID_LEN)
        return -EINVAL;

    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL)
        return -ENOMEM;
    memcpy(outbox->division, config->division, division_len);
    memcpy(outbox->vehicle, config->vehicle, vehicle_len);
    outbox->key = config->key;
    outbox->next_key = config->next_key;
    outbox->limits[0] = config->max_alert_records ? config->max_alert_records : MAX_ALERT_RECORDS;
    outbox->limits[1] = config->max_track_records ? config->max_track_records : MAX_TRACK_RECORDS;
    outbox->reserve_bytes = config->reserve_bytes ? config->reserve_bytes : RESERVE_BYTES;
    outbox->lock_fd = -1;

    *ret_set_aside = false;
    int rc = take_path(outbox, config);
    if (rc == 0)
        rc = open_or_set_aside(outbox, config, ret_set_aside);
    if (rc != 0) {
        outbox_close(outbox);
        return rc;
    }
    if (!config->attach) {
        outbox->cramped = outbox_file_reserve(outbox->path, outbox->reserve_bytes) != 0;
        /* First of all in a new file: the bureau may have the new key already. What fails is tried again. */
        (void)outbox_renew_worn(outbox);
        (void)outbox_change_key(outbox);
    }
    *ret = outbox;
    return 0;
}

void outbox_close(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    outbox_finalize(outbox);
    if (outbox->lock_fd >= 0)
        close(outbox->lock_fd);
    free(outbox->path);
    free(outbox);
}

const char *outbox_error(const struct outbox *outbox)
{
    return outbox->error;
}

const uint8_t *outbox_stream(const struct outbox *outbox)
{
    return outbox->stream;
}

bool outbox_cramped(const struct outbox *outbox)
{
    return outbox->cramped;
}

/* ---- open alerts ---- */

/* Within a transaction: what the engine must know of this alert after a restart. */
static int remember(struct outbox *outbox, const struct bw_alert *alert, const struct wire_bytes *body)
{
    outbox_bind(outbox, ALERT_NUMBER_AFTER, 1, alert->number);
    int rc = outbox_run(outbox, ALERT_NUMBER_AFTER);
    if (rc != 0)
        return rc;
    const enum query query = alert->phase == BW_CLEARED ? OPEN_DELETE : OPEN_PUT;
    outbox_bind(outbox, query, 1, alert->number);
    if (query == OPEN_PUT)
        outbox_bind_bytes(outbox, query, 2, body->data, body->len);
    return outbox_run(outbox, query);
}

int outbox_open_alerts(struct outbox *outbox, struct bw_alert *ret, size_t max, size_t *ret_n)
{
    size_t n = 0;
    int rc;
    while ((rc = outbox_next_row(outbox, OPEN_ALL)) == 0) {
        struct wire_body body;
        rc = decode_open(outbox, &body);
        if (rc == 0 && body.type != WIRE_BODY_ALERT)
            continue; /* of a kind that a newer version made */
        if (rc == 0 && n == max)
            rc = outbox_fail(outbox, -ENOBUFS, "more alerts are open than asked for");
        if (rc != 0)
            break;
        ret[n++] = body.u.alert;
    }
    outbox_done(outbox, OPEN_ALL);
    if (rc != -ENOENT)
        return rc;
    *ret_n = n;
    return 0;
}

int outbox_next_alert_number(struct outbox *outbox, uint64_t *ret)
{
    int rc = outbox_next_row(outbox, ALERT_NUMBER_GET);
    if (rc == 0)
        *ret = outbox_column(outbox, ALERT_NUMBER_GET, 0);
    outbox_done(outbox, ALERT_NUMBER_GET);
    return rc;
}

/* ---- appending ---- */

struct addition {
    enum bw_record_class cls;
    const struct wire_bytes *body;
    const struct bw_alert *alert; /* NULL for tracks and trips */
    int64_t now_utc_ms;
    bool replace;
};

static int add(struct outbox *outbox, void *argument)
{
    const struct addition *addition = argument;
    const int rc =
        outbox_append(outbox, addition->cls, addition->body, addition->now_utc_ms, addition->replace);
    return rc == 0 && addition->alert != NULL ? remember(outbox, addition->alert, addition->body) : rc;
}

/* An alert that finds no room gets the reserve's. */
static int add_alert(struct outbox *outbox, struct addition *addition)
{
    const int rc = outbox_transact(outbox, add, addition);
    if (rc != -ENOSPC || !outbox_file_release(outbox->path))
        return rc;
    outbox->cramped = true;
    return outbox_transact(outbox, add, addition);
}

/* A track must not eat what the reserve has left to the alerts. */
static int add_track(struct outbox *outbox, struct addition *addition)
{
    if (outbox->cramped)
        outbox->cramped = outbox_file_reserve(outbox->path, outbox->reserve_bytes) != 0;
    addition->replace = outbox->cramped;
    const int rc = outbox_transact(outbox, add, addition);
    if (rc != -ENOSPC || addition->replace)
        return rc;
    addition->replace = true;
    return outbox_transact(outbox, add, addition);
}

static int append_body(struct outbox *outbox, const struct wire_body *body, struct addition *addition)
{
    struct wire_bytes encoded;
    int rc = wire_body_encode(body, &encoded);
    if (rc != 0)
        return outbox_fail(outbox, rc, "the record has a value that the wire cannot carry");
    addition->body = &encoded;
    if (addition->alert != NULL)
        rc = add_alert(outbox, addition);
    else if (addition->cls == BW_RECORD_TRACK)
        rc = add_track(outbox, addition);
    else
        rc = outbox_transact(outbox, add, addition);
    wire_bytes_free(&encoded);
    addition->body = NULL;
    return rc;
}

int outbox_append_alert(struct outbox *outbox, const struct bw_alert *alert, int64_t now_utc_ms)
{
    const struct wire_body body = {.type = WIRE_BODY_ALERT, .u.alert = *alert};
    struct addition addition = {.cls = BW_RECORD_ALERT, .alert = alert, .now_utc_ms = now_utc_ms};
    return append_body(outbox, &body, &addition);
}

int outbox_append_trip(struct outbox *outbox, const struct bw_trip *trip, int64_t now_utc_ms)
{
    const struct wire_body body = {.type = WIRE_BODY_TRIP, .u.trip = *trip};
    struct addition addition = {.cls = BW_RECORD_ALERT, .now_utc_ms = now_utc_ms};
    return append_body(outbox, &body, &addition);
}

int outbox_append_track(struct outbox *outbox, const struct bw_track *track, int64_t now_utc_ms)
{
    const struct wire_body body = {.type = WIRE_BODY_TRACK, .u.track = *track};
    struct addition addition = {.cls = BW_RECORD_TRACK, .now_utc_ms = now_utc_ms};
    return append_body(outbox, &body, &addition);
}

/* ---- the uplink's side ---- */

/* What the new key signs is nothing to a bureau that has not heard of it yet. */
static int check_told(struct outbox *outbox, enum bw_record_class cls, uint64_t seq)
{
    bool waits = false;
    if (!outbox->changing || outbox_key_at(outbox, cls, seq) != outbox->next_key)
        return 0;
    const int rc = outbox_change_waits(outbox, &waits);
    return rc == 0 && waits ? outbox_fail(outbox, -ENOENT, "the change of key goes first") : rc;
}

int outbox_peek(struct outbox *outbox, enum bw_record_class cls, uint64_t from_seq, uint64_t *ret_seq,
                struct wire_bytes *ret)
{
    outbox_bind(outbox, RECORD_FROM, 1, cls);
    outbox_bind(outbox, RECORD_FROM, 2, from_seq);
    struct wire_record record;
    int rc = outbox_next_row(outbox, RECORD_FROM);
    if (rc == 0)
        rc = outbox_read_meta(outbox); /* of the same moment as the row */
    if (rc == 0)
        rc = outbox_decode_record(outbox, cls, &record);
    if (rc == 0)
        rc = check_told(outbox, cls, record.seq);
    if (rc == 0) {
        size_t len;
        const uint8_t *data = outbox_column_bytes(outbox, RECORD_FROM, 2, &len);
        uint8_t *copy = malloc(len);
        if (copy == NULL) {
            rc = outbox_fail(outbox, -ENOMEM, "out of memory");
        } else {
            memcpy(copy, data, len);
            *ret_seq = outbox_column(outbox, RECORD_FROM, 0);
            *ret = (struct wire_bytes){.data = copy, .len = len};
        }
    }
    outbox_done(outbox, RECORD_FROM);
    return rc;
}

/* The hash of record `seq`, told by the first record from `from` on: its own, or by the one after it. */
static int hash_told(struct outbox *outbox, enum bw_record_class cls, uint64_t seq, uint64_t from,
                     uint8_t ret[BW_HASH_LEN])
{
    struct wire_record record;
    struct bw_gap gap;
    outbox_bind(outbox, RECORD_FROM, 1, cls);
    outbox_bind(outbox, RECORD_FROM, 2, from);
    int rc = outbox_next_row(outbox, RECORD_FROM);
    if (rc == 0)
        rc = outbox_decode_record(outbox, cls, &record);
    outbox_done(outbox, RECORD_FROM);
    if (rc != 0)
        return rc;
    const bool gaps = outbox_is_gap(&record, &gap);
    if (record.seq == seq && gaps)
        memcpy(ret, gap.tail_hash, BW_HASH_LEN);
    else if (record.seq == seq)
        seal_record_hash(&record, outbox->division, outbox->vehicle, ret);
    else if ((gaps ? gap.first_seq : record.seq) == seq + 1)
        memcpy(ret, record.prev, BW_HASH_LEN);
    else
        return -ENOENT;
    return 0;
}

/* The hash of record `seq` of ours. -ENOENT: not known any more. */
static int hash_of(struct outbox *outbox, enum bw_record_class cls, const struct chain *chain, uint64_t seq,
                   uint8_t ret[BW_HASH_LEN])
{
    if (seq + 1 == chain->next_seq) {
        memcpy(ret, chain->head, BW_HASH_LEN);
        return 0;
    }
    int rc = hash_told(outbox, cls, seq, seq, ret);
    if (rc == -EBADMSG) /* damaged */
        rc = hash_told(outbox, cls, seq, seq + 1, ret);
    return rc == -EBADMSG ? -ENOENT : rc;
}

/* Whether the record that the receipt names is ours. One that is gone cannot be compared, and nothing is
 * removed by it either; nor can two damaged ones in a row, which nobody could ever send. */
static int check_head(struct outbox *outbox, enum bw_record_class cls, const struct chain *chain,
                      const struct bw_receipt *receipt)
{
    uint8_t hash[BW_HASH_LEN];
    const uint64_t seq = receipt->upto_seq[cls - 1];
    if (seq >= chain->next_seq)
        return outbox_fail(outbox, -EILSEQ, "the bureau has a record that was never made here");
    if (seq == 0 || !receipt->has_head[cls - 1])
        return 0;
    const int rc = hash_of(outbox, cls, chain, seq, hash);
    if (rc != 0)
        return rc == -ENOENT ? 0 : rc;
    return memcmp(hash, receipt->head[cls - 1], BW_HASH_LEN) == 0
               ? 0
               : outbox_fail(outbox, -EILSEQ, "the bureau has another record of that number");
}

static int remove_receipted(struct outbox *outbox, void *argument)
{
    const struct bw_receipt *receipt = argument;
    int rc = 0;
    if (memcmp(receipt->stream, outbox->stream, BW_STREAM_LEN) != 0)
        return outbox_fail(outbox, -ESTALE, "the receipt is for another stream");
    for (int i = BW_RECORD_ALERT; rc == 0 && i <= BW_RECORD_TRACK; i++) {
        const enum bw_record_class cls = (enum bw_record_class)i;
        struct chain chain;
        rc = outbox_get_chain(outbox, cls, &chain);
        if (rc == 0)
            rc = check_head(outbox, cls, &chain, receipt);
        if (rc == 0)
            rc = outbox_delete_upto(outbox, cls, receipt->upto_seq[i - 1]);
    }
    return rc;
}

int outbox_receipt(struct outbox *outbox, const struct bw_receipt *receipt)
{
    /* Half of all commits, and the only ones that may be lost: then what was taken out is sent again. */
    struct bw_receipt copy = *receipt;
    int rc = outbox_file_wait(outbox->db, false);
    if (rc == 0)
        rc = outbox_transact(outbox, remove_receipted, &copy);
    const int undone = outbox_file_wait(outbox->db, true);
    return rc == 0 && undone != 0 ? outbox_sql_fail(outbox, sqlite3_errcode(outbox->db)) : rc;
}

int outbox_depth(struct outbox *outbox, enum bw_record_class cls, struct outbox_depth *ret)
{
    struct chain chain;
    int rc = outbox_get_chain(outbox, cls, &chain);
    if (rc != 0)
        return rc;
    uint64_t made_utc_ms = 0;
    outbox_bind(outbox, RECORD_FROM, 1, cls);
    outbox_bind(outbox, RECORD_FROM, 2, chain.oldest_seq);
    rc = outbox_next_row(outbox, RECORD_FROM);
    if (rc == 0)
        made_utc_ms = outbox_column(outbox, RECORD_FROM, 1);
    outbox_done(outbox, RECORD_FROM);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    *ret = (struct outbox_depth){.records = chain.next_seq - chain.oldest_seq,
                                 .oldest_seq = chain.oldest_seq,
                                 .next_seq = chain.next_seq,
                                 .evicted = chain.evicted,
                                 .oldest_utc_ms = (int64_t)made_utc_ms};
    return 0;
}
