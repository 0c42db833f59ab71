#include "gateway/outbox/outbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "gateway/outbox/file.h"

enum {
    MAX_TRACK_RECORDS = 100000,
    MAX_ALERT_RECORDS = 20000,
    EVICT_DIVISOR = 100, /* one gap record stands for about 1 % of the limit */
    EVICT_MIN = 2,       /* the gap record needs a place itself */
    RESERVE_BYTES = 4 * 1024 * 1024,
    ERROR_LEN = 160,
};

/* Every statement, prepared once when the file is opened. */
enum query {
    BEGIN,
    COMMIT,
    ROLLBACK,
    META,
    STREAM_SET,
    CHANGE_PUT,
    CHANGE_END,
    OWNER_SET,
    CHAIN_GET,
    CHAIN_SET,
    EVICTED_ADD,
    RECORD_PUT,
    RECORD_FROM,
    RECORD_DELETE,
    RECORD_RENEW,
    RENEWED,
    OPEN_PUT,
    OPEN_DELETE,
    OPEN_ALL,
    ALERT_NUMBER_GET,
    ALERT_NUMBER_AFTER,
    QUERY_COUNT
};

static const char *const sql[QUERY_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [META] = ("SELECT stream, meta.public_key, change.public_key, alert_seq, track_from"
              " FROM meta LEFT JOIN key_change AS change ON change.id = 1"),
    [STREAM_SET] = "UPDATE meta SET stream = ?1",
    [CHANGE_PUT] = "INSERT OR REPLACE INTO key_change VALUES (1, ?1, ?2, ?3)",
    [CHANGE_END] = "DELETE FROM key_change",
    [OWNER_SET] = "UPDATE meta SET public_key = ?1",
    [CHAIN_GET] = "SELECT next_seq, head, evicted, oldest_seq FROM chain_now WHERE class = ?1",
    [CHAIN_SET] = "UPDATE chain SET next_seq = ?2, head = ?3 WHERE class = ?1",
    [EVICTED_ADD] = "UPDATE chain SET evicted = evicted + ?2 WHERE class = ?1",
    [RECORD_PUT] = "INSERT INTO record (class, seq, made_utc_ms, bytes) VALUES (?1, ?2, ?3, ?4)",
    [RECORD_FROM] =
        "SELECT seq, made_utc_ms, bytes FROM record WHERE class = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1",
    [RECORD_DELETE] = "DELETE FROM record WHERE class = ?1 AND seq <= ?2",
    /* Below 0 nothing is in the way of the new numbers. */
    [RECORD_RENEW] = "UPDATE record SET seq = -?3, bytes = ?4 WHERE class = ?1 AND seq = ?2",
    [RENEWED] = "UPDATE record SET seq = -seq WHERE seq < 0",
    [OPEN_PUT] = "INSERT INTO open_alert VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = excluded.body",
    [OPEN_DELETE] = "DELETE FROM open_alert WHERE number = ?1",
    [OPEN_ALL] = "SELECT body FROM open_alert ORDER BY number",
    [ALERT_NUMBER_GET] = "SELECT next_alert_number FROM meta",
    [ALERT_NUMBER_AFTER] = "UPDATE meta SET next_alert_number = max(next_alert_number, ?1 + 1)",
};

struct outbox {
    sqlite3 *db;
    sqlite3_stmt *queries[QUERY_COUNT];
    char *path;
    char division[BW_DIVISION_LEN];
    char vehicle[BW_ID_LEN];
    const struct seal_key *key, *next_key; /* next_key NULL = no change is wanted */
    uint64_t limits[2];                    /* index: class - 1 */
    uint64_t reserve_bytes;
    int lock_fd;  /* -1: attached */
    bool cramped; /* the reserve is gone */
    char error[ERROR_LEN];

    /* As of the last read_meta(): another handle may have changed it since. */
    uint8_t stream[BW_STREAM_LEN];
    const struct seal_key *owner;   /* key, or next_key once the change is over */
    bool changing;                  /* a change is under way, and then: */
    uint64_t alert_seq, track_from; /* see outbox/file.c */
};

/* One class's row of `chain`, and the oldest record that waits (next_seq when none). */
struct chain {
    uint64_t next_seq, oldest_seq, evicted;
    uint8_t head[BW_HASH_LEN];
};

/* ---- errors and rows ---- */

static int fail(struct outbox *outbox, int error, const char *words)
{
    (void)snprintf(outbox->error, sizeof outbox->error, "%s", words);
    return error;
}

static int sql_fail(struct outbox *outbox, int rc)
{
    return fail(outbox, outbox_file_errno(outbox->db, rc), sqlite3_errmsg(outbox->db));
}

static void bind(struct outbox *outbox, enum query query, int index, uint64_t value)
{
    sqlite3_bind_int64(outbox->queries[query], index, (sqlite3_int64)value);
}

/* The bytes must live until the query has run. */
static void bind_bytes(struct outbox *outbox, enum query query, int index, const uint8_t *data, size_t len)
{
    sqlite3_bind_blob64(outbox->queries[query], index, data, len, SQLITE_STATIC);
}

/* End a query. Its result repeats the error of the last step, which was reported there. */
static void done(struct outbox *outbox, enum query query)
{
    sqlite3_reset(outbox->queries[query]);
}

/* Run a query that gives no rows. */
static int run(struct outbox *outbox, enum query query)
{
    int rc = sqlite3_step(outbox->queries[query]);
    int error = rc == SQLITE_DONE ? 0 : sql_fail(outbox, rc);
    done(outbox, query);
    return error;
}

/* Step to the next row: 0, or -ENOENT after the last. The caller ends with done(). */
static int next_row(struct outbox *outbox, enum query query)
{
    int rc = sqlite3_step(outbox->queries[query]);
    if (rc == SQLITE_ROW)
        return 0;
    return rc == SQLITE_DONE ? fail(outbox, -ENOENT, "no such row") : sql_fail(outbox, rc);
}

static uint64_t column(struct outbox *outbox, enum query query, int index)
{
    return (uint64_t)sqlite3_column_int64(outbox->queries[query], index);
}

/* A blob of the row, good until the next step or done(). */
static const uint8_t *column_bytes(struct outbox *outbox, enum query query, int index, size_t *ret_len)
{
    const uint8_t *data =
        sqlite3_column_blob(outbox->queries[query], index); /* before the length: SQLite's rule */
    *ret_len = (size_t)sqlite3_column_bytes(outbox->queries[query], index);
    return data;
}

static int column_fixed(struct outbox *outbox, enum query query, int index, uint8_t *ret, size_t len)
{
    size_t stored_len;
    const uint8_t *data = column_bytes(outbox, query, index, &stored_len);
    if (stored_len != len)
        return fail(outbox, -EBADMSG, "a stored hash or id has the wrong length");
    memcpy(ret, data, len);
    return 0;
}

/* The one of our keys whose public half stands in that column; NULL: none. */
static const struct seal_key *column_key(struct outbox *outbox, int index)
{
    uint8_t public_key[BW_PUBLIC_KEY_LEN];
    if (column_fixed(outbox, META, index, public_key, sizeof public_key) != 0)
        return NULL;
    if (memcmp(public_key, outbox->key->public_key, sizeof public_key) == 0)
        return outbox->key;
    if (outbox->next_key != NULL && memcmp(public_key, outbox->next_key->public_key, sizeof public_key) == 0)
        return outbox->next_key;
    return NULL;
}

/* Stream and keys. The other handle may have begun a new stream, or have taken a step of a change, since. */
static int read_meta(struct outbox *outbox)
{
    int rc = next_row(outbox, META);
    if (rc == 0)
        rc = column_fixed(outbox, META, 0, outbox->stream, BW_STREAM_LEN);
    if (rc == 0) {
        outbox->owner = column_key(outbox, 1);
        outbox->changing = sqlite3_column_type(outbox->queries[META], 2) != SQLITE_NULL;
        outbox->alert_seq = column(outbox, META, 3);
        outbox->track_from = column(outbox, META, 4);
        if (outbox->owner == NULL ||
            (outbox->changing && (outbox->next_key == NULL || column_key(outbox, 2) != outbox->next_key)))
            rc = fail(outbox, -EBADMSG, "the records are of a key that is not here");
    }
    done(outbox, META);
    return rc;
}

/* Who signs a record: by its place, so that each is signed by one key for ever. */
static const struct seal_key *key_at(const struct outbox *outbox, enum bw_record_class cls, uint64_t seq)
{
    const bool after = cls == BW_RECORD_ALERT ? seq > outbox->alert_seq : seq >= outbox->track_from;
    return outbox->changing && after ? outbox->next_key : outbox->owner;
}

/* End the transaction: commit if all went well, else undo and keep the first error with its words. */
static int end(struct outbox *outbox, int rc)
{
    if (rc == 0)
        rc = run(outbox, COMMIT);
    if (rc != 0 && !sqlite3_get_autocommit(outbox->db)) {
        sqlite3_step(outbox->queries[ROLLBACK]);
        done(outbox, ROLLBACK);
    }
    return rc;
}

typedef int (*work_fn)(struct outbox *outbox, void *argument);

static int attempt(struct outbox *outbox, work_fn work, void *argument)
{
    int rc = run(outbox, BEGIN);
    if (rc != 0)
        return rc;
    rc = read_meta(outbox);
    return end(outbox, rc == 0 ? work(outbox, argument) : rc);
}

/* One transaction, all of it or nothing. On a full disk it is tried again after a checkpoint, after which the
 * write-ahead log is written over from its beginning and needs no new room. */
static int transact(struct outbox *outbox, work_fn work, void *argument)
{
    const int rc = attempt(outbox, work, argument);
    if (rc != -ENOSPC)
        return rc;
    (void)sqlite3_wal_checkpoint_v2(outbox->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return attempt(outbox, work, argument);
}

/* ---- opening ---- */

static int prepare_queries(struct outbox *outbox)
{
    for (int i = 0; i < QUERY_COUNT; i++) {
        int rc =
            sqlite3_prepare_v3(outbox->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &outbox->queries[i], NULL);
        if (rc != SQLITE_OK)
            return sql_fail(outbox, rc);
    }
    return 0;
}

/* The body in the present row of OPEN_ALL. */
static int decode_open(struct outbox *outbox, struct wire_body *ret)
{
    size_t len;
    const uint8_t *data = column_bytes(outbox, OPEN_ALL, 0, &len);
    const int rc = wire_body_decode(data, len, ret);
    return rc == 0 ? 0 : fail(outbox, rc == -ENOMEM ? rc : -EBADMSG, "a stored alert cannot be decoded");
}

/* Found out now, a damaged one sets the file aside; later it would keep the gateway from starting. */
static int check_open_alerts(struct outbox *outbox)
{
    struct wire_body body;
    int rc;
    do {
        rc = next_row(outbox, OPEN_ALL);
        if (rc == 0)
            rc = decode_open(outbox, &body);
    } while (rc == 0);
    done(outbox, OPEN_ALL);
    return rc == -ENOENT ? 0 : rc;
}

/* The record in the present row of RECORD_FROM, when it still is what was sealed. */
static int decode_record(struct outbox *outbox, enum bw_record_class cls, struct wire_record *ret)
{
    size_t len;
    const uint8_t *data = column_bytes(outbox, RECORD_FROM, 2, &len);
    const int rc = wire_record_decode(data, len, ret);
    if (rc == -ENOMEM)
        return fail(outbox, rc, "out of memory");
    if (rc != 0 || ret->cls != cls || ret->seq != column(outbox, RECORD_FROM, 0) ||
        !seal_record_verify(ret, outbox->division, outbox->vehicle,
                            key_at(outbox, cls, ret->seq)->public_key))
        return fail(outbox, -EBADMSG, "a stored record is damaged");
    return 0;
}

/* A damaged record that everything after it waits for: only a new stream helps. */
static int check_oldest(struct outbox *outbox, enum bw_record_class cls)
{
    struct wire_record record;
    bind(outbox, RECORD_FROM, 1, cls);
    bind(outbox, RECORD_FROM, 2, 0);
    int rc = next_row(outbox, RECORD_FROM);
    if (rc == 0)
        rc = decode_record(outbox, cls, &record);
    done(outbox, RECORD_FROM);
    return rc == -ENOENT ? 0 : rc;
}

static int open_file(struct outbox *outbox, const struct outbox_config *config)
{
    int rc = outbox_file_open(config, &outbox->db);
    if (rc == 0)
        rc = prepare_queries(outbox);
    if (rc == 0)
        rc = read_meta(outbox);
    if (rc == 0)
        rc = check_open_alerts(outbox);
    for (int cls = BW_RECORD_ALERT; rc == 0 && !config->attach && cls <= BW_RECORD_TRACK; cls++)
        rc = check_oldest(outbox, (enum bw_record_class)cls);
    return rc;
}

static void close_file(struct outbox *outbox)
{
    for (int i = 0; i < QUERY_COUNT; i++) {
        sqlite3_finalize(outbox->queries[i]);
        outbox->queries[i] = NULL;
    }
    sqlite3_close(outbox->db);
    outbox->db = NULL;
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
    close_file(outbox);
    rc = outbox_file_set_aside(config->path);
    if (rc == 0)
        rc = open_file(outbox, config);
    *ret_set_aside = rc == 0;
    return rc;
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

    bool set_aside = false;
    int rc = take_path(outbox, config);
    if (rc == 0)
        rc = open_or_set_aside(outbox, config, &set_aside);
    if (rc != 0) {
        outbox_close(outbox);
        return rc;
    }
    if (!config->attach) {
        outbox->cramped = outbox_file_reserve(outbox->path, outbox->reserve_bytes) != 0;
        (void)outbox_change_key(
            outbox); /* first of all in a new file: the bureau may have the new key already */
    }
    *ret = outbox;
    *ret_set_aside = set_aside;
    return 0;
}

void outbox_close(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    close_file(outbox);
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

/* ---- records ---- */

static int get_chain(struct outbox *outbox, enum bw_record_class cls, struct chain *ret)
{
    struct chain chain;
    bind(outbox, CHAIN_GET, 1, cls);
    int rc = next_row(outbox, CHAIN_GET);
    if (rc == 0)
        rc = column_fixed(outbox, CHAIN_GET, 1, chain.head, BW_HASH_LEN);
    if (rc == 0) {
        chain.next_seq = column(outbox, CHAIN_GET, 0);
        chain.evicted = column(outbox, CHAIN_GET, 2);
        chain.oldest_seq = column(outbox, CHAIN_GET, 3);
        *ret = chain;
    }
    done(outbox, CHAIN_GET);
    return rc;
}

static int put_chain(struct outbox *outbox, enum bw_record_class cls, uint64_t next_seq,
                     const uint8_t head[BW_HASH_LEN])
{
    bind(outbox, CHAIN_SET, 1, cls);
    bind(outbox, CHAIN_SET, 2, next_seq);
    bind_bytes(outbox, CHAIN_SET, 3, head, BW_HASH_LEN);
    return run(outbox, CHAIN_SET);
}

/* The record `seq`, decoded, and when it was made. */
static int load(struct outbox *outbox, enum bw_record_class cls, uint64_t seq, struct wire_record *ret,
                uint64_t *ret_made_utc_ms)
{
    bind(outbox, RECORD_FROM, 1, cls);
    bind(outbox, RECORD_FROM, 2, seq);
    int rc = next_row(outbox, RECORD_FROM);
    if (rc == 0 && column(outbox, RECORD_FROM, 0) != seq)
        rc = fail(outbox, -EBADMSG, "a record is missing");
    if (rc == 0)
        rc = decode_record(outbox, cls, ret);
    if (rc == 0)
        *ret_made_utc_ms = column(outbox, RECORD_FROM, 1);
    done(outbox, RECORD_FROM);
    return rc;
}

static int set_body(struct outbox *outbox, const struct wire_bytes *body, struct wire_record *record)
{
    if (body->len > sizeof record->body)
        return fail(outbox, -EMSGSIZE, "a record's body is too long");
    memcpy(record->body, body->data, body->len);
    record->body_len = body->len;
    return 0;
}

/* Sign and encode a record of which all but stream and signature is set. */
static int seal(struct outbox *outbox, struct wire_record *record, const struct seal_key *key,
                struct wire_bytes *ret)
{
    memcpy(record->stream, outbox->stream, BW_STREAM_LEN);
    seal_record_sign(record, outbox->division, outbox->vehicle, key);
    const int rc = wire_record_encode(record, ret);
    return rc == 0 ? 0 : fail(outbox, rc, "a record cannot be encoded");
}

/* Seal and store a record of which all but stream and signature is set. */
static int put_record(struct outbox *outbox, struct wire_record *record, uint64_t made_utc_ms)
{
    struct wire_bytes encoded;
    int rc = seal(outbox, record, key_at(outbox, record->cls, record->seq), &encoded);
    if (rc != 0)
        return rc;
    bind(outbox, RECORD_PUT, 1, record->cls);
    bind(outbox, RECORD_PUT, 2, record->seq);
    bind(outbox, RECORD_PUT, 3, made_utc_ms);
    bind_bytes(outbox, RECORD_PUT, 4, encoded.data, encoded.len);
    rc = run(outbox, RECORD_PUT);
    wire_bytes_free(&encoded);
    return rc;
}

static int store(struct outbox *outbox, struct wire_record *record, const struct wire_bytes *body,
                 uint64_t made_utc_ms)
{
    const int rc = set_body(outbox, body, record);
    return rc == 0 ? put_record(outbox, record, made_utc_ms) : rc;
}

static int delete_upto(struct outbox *outbox, enum bw_record_class cls, uint64_t seq)
{
    bind(outbox, RECORD_DELETE, 1, cls);
    bind(outbox, RECORD_DELETE, 2, seq);
    return run(outbox, RECORD_DELETE);
}

static bool is_gap(const struct wire_record *record, struct bw_gap *ret)
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
    int rc = load(outbox, BW_RECORD_TRACK, oldest_seq, &first, &first_made_utc_ms);
    if (rc == 0)
        rc = load(outbox, BW_RECORD_TRACK, oldest_seq + count - 1, &last, &last_made_utc_ms);
    if (rc != 0)
        return rc;

    struct bw_gap was;
    const bool merge = is_gap(&first, &was);
    struct wire_body body = {.type = WIRE_BODY_GAP,
                             .u.gap = {.first_seq = merge ? was.first_seq : first.seq, .last_seq = last.seq}};
    seal_record_hash(&last, outbox->division, outbox->vehicle, body.u.gap.tail_hash);
    struct wire_bytes encoded;
    rc = wire_body_encode(&body, &encoded);
    if (rc != 0)
        return fail(outbox, rc, "a gap record cannot be encoded");

    first.seq = last.seq;
    rc = delete_upto(outbox, BW_RECORD_TRACK, last.seq);
    if (rc == 0)
        rc = store(outbox, &first, &encoded, first_made_utc_ms);
    wire_bytes_free(&encoded);
    if (rc != 0)
        return rc;
    bind(outbox, EVICTED_ADD, 1, BW_RECORD_TRACK);
    bind(outbox, EVICTED_ADD, 2, merge ? count - 1 : count);
    return run(outbox, EVICTED_ADD);
}

/* See that the class has room for one more. `replace`: the disk has none, the oldest must go. */
static int make_room(struct outbox *outbox, enum bw_record_class cls, const struct chain *chain, bool replace)
{
    const uint64_t limit = outbox->limits[cls - 1], waiting = chain->next_seq - chain->oldest_seq;
    if (waiting < limit && !replace)
        return 0;
    if (cls == BW_RECORD_ALERT)
        return fail(outbox, -EDQUOT, "the limit of waiting alerts is reached");
    if (waiting < EVICT_MIN)
        return fail(outbox, -ENOSPC, "the disk is full; what is left of it is kept for alerts");
    const uint64_t share = limit / EVICT_DIVISOR;
    return evict(outbox, chain->oldest_seq,
                 waiting < limit || share == 0 ? EVICT_MIN : 1 + share); /* 1 more: for the gap record */
}

/* Within a transaction: the next record of a class. */
static int append(struct outbox *outbox, enum bw_record_class cls, const struct wire_bytes *body,
                  int64_t now_utc_ms, bool replace)
{
    struct chain chain;
    int rc = get_chain(outbox, cls, &chain);
    if (rc == 0)
        rc = make_room(outbox, cls, &chain, replace);
    if (rc != 0)
        return rc;

    struct wire_record record = {.cls = cls, .seq = chain.next_seq};
    memcpy(record.prev, chain.head, BW_HASH_LEN);
    rc = store(outbox, &record, body, (uint64_t)now_utc_ms);
    if (rc != 0)
        return rc;

    uint8_t head[BW_HASH_LEN];
    seal_record_hash(&record, outbox->division, outbox->vehicle, head);
    return put_chain(outbox, cls, chain.next_seq + 1, head);
}

/* ---- open alerts ---- */

/* Within a transaction: what the engine must know of this alert after a restart. */
static int remember(struct outbox *outbox, const struct bw_alert *alert, const struct wire_bytes *body)
{
    bind(outbox, ALERT_NUMBER_AFTER, 1, alert->number);
    int rc = run(outbox, ALERT_NUMBER_AFTER);
    if (rc != 0)
        return rc;
    const enum query query = alert->phase == BW_CLEARED ? OPEN_DELETE : OPEN_PUT;
    bind(outbox, query, 1, alert->number);
    if (query == OPEN_PUT)
        bind_bytes(outbox, query, 2, body->data, body->len);
    return run(outbox, query);
}

int outbox_open_alerts(struct outbox *outbox, struct bw_alert *ret, size_t max, size_t *ret_n)
{
    size_t n = 0;
    int rc;
    while ((rc = next_row(outbox, OPEN_ALL)) == 0) {
        struct wire_body body;
        rc = decode_open(outbox, &body);
        if (rc == 0 && body.type != WIRE_BODY_ALERT)
            continue; /* of a kind that a newer version made */
        if (rc == 0 && n == max)
            rc = fail(outbox, -ENOBUFS, "more alerts are open than asked for");
        if (rc != 0)
            break;
        ret[n++] = body.u.alert;
    }
    done(outbox, OPEN_ALL);
    if (rc != -ENOENT)
        return rc;
    *ret_n = n;
    return 0;
}

int outbox_next_alert_number(struct outbox *outbox, uint64_t *ret)
{
    int rc = next_row(outbox, ALERT_NUMBER_GET);
    if (rc == 0)
        *ret = column(outbox, ALERT_NUMBER_GET, 0);
    done(outbox, ALERT_NUMBER_GET);
    return rc;
}

/* ---- appending ---- */

struct addition {
    enum bw_record_class cls;
    const struct wire_bytes *body;
    const struct bw_alert *alert; /* NULL for a track */
    int64_t now_utc_ms;
    bool replace;
};

static int add(struct outbox *outbox, void *argument)
{
    const struct addition *addition = argument;
    const int rc = append(outbox, addition->cls, addition->body, addition->now_utc_ms, addition->replace);
    return rc == 0 && addition->alert != NULL ? remember(outbox, addition->alert, addition->body) : rc;
}

/* An alert that finds no room gets the reserve's. */
static int add_alert(struct outbox *outbox, struct addition *addition)
{
    const int rc = transact(outbox, add, addition);
    if (rc != -ENOSPC || !outbox_file_release(outbox->path))
        return rc;
    outbox->cramped = true;
    return transact(outbox, add, addition);
}

/* A track must not eat what the reserve has left to the alerts. */
static int add_track(struct outbox *outbox, struct addition *addition)
{
    if (outbox->cramped)
        outbox->cramped = outbox_file_reserve(outbox->path, outbox->reserve_bytes) != 0;
    addition->replace = outbox->cramped;
    const int rc = transact(outbox, add, addition);
    if (rc != -ENOSPC || addition->replace)
        return rc;
    addition->replace = true;
    return transact(outbox, add, addition);
}

static int append_body(struct outbox *outbox, const struct wire_body *body, struct addition *addition)
{
    struct wire_bytes encoded;
    int rc = wire_body_encode(body, &encoded);
    if (rc != 0)
        return fail(outbox, rc, "the record has a value that the wire cannot carry");
    addition->body = &encoded;
    rc = addition->alert != NULL ? add_alert(outbox, addition) : add_track(outbox, addition);
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

int outbox_append_track(struct outbox *outbox, const struct bw_track *track, int64_t now_utc_ms)
{
    const struct wire_body body = {.type = WIRE_BODY_TRACK, .u.track = *track};
    struct addition addition = {.cls = BW_RECORD_TRACK, .now_utc_ms = now_utc_ms};
    return append_body(outbox, &body, &addition);
}

/* ---- the uplink's side ---- */

/* The oldest ALERT record that waits tells whether the bureau has the change of key. */
static int change_waits(struct outbox *outbox, bool *ret)
{
    struct chain chain;
    const int rc = get_chain(outbox, BW_RECORD_ALERT, &chain);
    if (rc == 0)
        *ret = outbox->changing && chain.oldest_seq <= outbox->alert_seq;
    return rc;
}

/* What the new key signs is nothing to a bureau that has not heard of it yet. */
static int check_told(struct outbox *outbox, enum bw_record_class cls, uint64_t seq)
{
    bool waits = false;
    if (!outbox->changing || key_at(outbox, cls, seq) != outbox->next_key)
        return 0;
    const int rc = change_waits(outbox, &waits);
    return rc == 0 && waits ? fail(outbox, -ENOENT, "the change of key goes first") : rc;
}

int outbox_peek(struct outbox *outbox, enum bw_record_class cls, uint64_t from_seq, uint64_t *ret_seq,
                struct wire_bytes *ret)
{
    bind(outbox, RECORD_FROM, 1, cls);
    bind(outbox, RECORD_FROM, 2, from_seq);
    struct wire_record record;
    int rc = next_row(outbox, RECORD_FROM);
    if (rc == 0)
        rc = read_meta(outbox); /* of the same moment as the row */
    if (rc == 0)
        rc = decode_record(outbox, cls, &record);
    if (rc == 0)
        rc = check_told(outbox, cls, record.seq);
    if (rc == 0) {
        size_t len;
        const uint8_t *data = column_bytes(outbox, RECORD_FROM, 2, &len);
        uint8_t *copy = malloc(len);
        if (copy == NULL) {
            rc = fail(outbox, -ENOMEM, "out of memory");
        } else {
            memcpy(copy, data, len);
            *ret_seq = column(outbox, RECORD_FROM, 0);
            *ret = (struct wire_bytes){.data = copy, .len = len};
        }
    }
    done(outbox, RECORD_FROM);
    return rc;
}

/* The hash of record `seq`, told by the first record from `from` on: its own, or by the one after it. */
static int hash_told(struct outbox *outbox, enum bw_record_class cls, uint64_t seq, uint64_t from,
                     uint8_t ret[BW_HASH_LEN])
{
    struct wire_record record;
    struct bw_gap gap;
    bind(outbox, RECORD_FROM, 1, cls);
    bind(outbox, RECORD_FROM, 2, from);
    int rc = next_row(outbox, RECORD_FROM);
    if (rc == 0)
        rc = decode_record(outbox, cls, &record);
    done(outbox, RECORD_FROM);
    if (rc != 0)
        return rc;
    const bool gaps = is_gap(&record, &gap);
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
        return fail(outbox, -EILSEQ, "the bureau has a record that was never made here");
    if (seq == 0 || !receipt->has_head[cls - 1])
        return 0;
    const int rc = hash_of(outbox, cls, chain, seq, hash);
    if (rc != 0)
        return rc == -ENOENT ? 0 : rc;
    return memcmp(hash, receipt->head[cls - 1], BW_HASH_LEN) == 0
               ? 0
               : fail(outbox, -EILSEQ, "the bureau has another record of that number");
}

static int remove_receipted(struct outbox *outbox, void *argument)
{
    const struct bw_receipt *receipt = argument;
    int rc = 0;
    if (memcmp(receipt->stream, outbox->stream, BW_STREAM_LEN) != 0)
        return fail(outbox, -ESTALE, "the receipt is for another stream");
    for (int i = BW_RECORD_ALERT; rc == 0 && i <= BW_RECORD_TRACK; i++) {
        const enum bw_record_class cls = (enum bw_record_class)i;
        struct chain chain;
        rc = get_chain(outbox, cls, &chain);
        if (rc == 0)
            rc = check_head(outbox, cls, &chain, receipt);
        if (rc == 0)
            rc = delete_upto(outbox, cls, receipt->upto_seq[i - 1]);
    }
    return rc;
}

int outbox_receipt(struct outbox *outbox, const struct bw_receipt *receipt)
{
    /* Half of all commits, and the only ones that may be lost: then what was taken out is sent again. */
    struct bw_receipt copy = *receipt;
    int rc = outbox_file_wait(outbox->db, false);
    if (rc == 0)
        rc = transact(outbox, remove_receipted, &copy);
    const int undone = outbox_file_wait(outbox->db, true);
    return rc == 0 && undone != 0 ? sql_fail(outbox, sqlite3_errcode(outbox->db)) : rc;
}

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
        return fail(outbox, rc, "a gap record cannot be encoded");
    rc = set_body(outbox, &encoded, record);
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
    int rc = seal(outbox, record, renewal->key, &encoded);
    if (rc != 0)
        return rc;
    if (is_gap(record, &gap))
        memcpy(renewal->head, gap.tail_hash, BW_HASH_LEN);
    else
        seal_record_hash(record, outbox->division, outbox->vehicle, renewal->head);
    bind(outbox, RECORD_RENEW, 1, renewal->cls);
    bind(outbox, RECORD_RENEW, 2, seq);
    bind(outbox, RECORD_RENEW, 3, record->seq);
    bind_bytes(outbox, RECORD_RENEW, 4, encoded.data, encoded.len);
    rc = run(outbox, RECORD_RENEW);
    wire_bytes_free(&encoded);
    return rc;
}

/* later: by so many numbers, because another record was put before it. */
static int renew(struct outbox *outbox, struct renewal *renewal, uint64_t seq, uint64_t later)
{
    struct wire_record record;
    struct bw_gap gap;
    uint64_t made_utc_ms;
    int rc = load(outbox, renewal->cls, seq, &record, &made_utc_ms);
    if (rc == 0 && is_gap(&record, &gap))
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
        return fail(outbox, rc, "a change of key cannot be encoded");
    rc = set_body(outbox, &encoded, record);
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
    const int rc = load(outbox, renewal->cls, chain->oldest_seq, &oldest, &made_utc_ms);
    if (rc == 0 && is_gap(&oldest, &gap))
        renewal->lower = gap.first_seq - 1;
    return rc;
}

static int renew_class(struct outbox *outbox, enum bw_record_class cls, bool with_change)
{
    struct chain chain = {0};
    struct renewal renewal = {.cls = cls, .key = outbox->changing ? outbox->next_key : outbox->owner};
    int rc = get_chain(outbox, cls, &chain);
    if (rc == 0)
        rc = find_lower(outbox, &chain, &renewal);
    if (rc == 0 && with_change)
        rc = renew_change(outbox, &renewal);
    for (uint64_t seq = chain.oldest_seq; rc == 0 && seq < chain.next_seq; seq++)
        if (!with_change || seq != outbox->alert_seq)
            rc = renew(outbox, &renewal, seq, with_change && seq < outbox->alert_seq ? 1 : 0);
    if (rc == 0)
        rc = run(outbox, RENEWED);
    return rc == 0 ? put_chain(outbox, cls, chain.next_seq - renewal.lower, renewal.head) : rc;
}

static int put_change(struct outbox *outbox, uint64_t alert_seq, uint64_t track_from)
{
    bind_bytes(outbox, CHANGE_PUT, 1, outbox->next_key->public_key, BW_PUBLIC_KEY_LEN);
    bind(outbox, CHANGE_PUT, 2, alert_seq);
    bind(outbox, CHANGE_PUT, 3, track_from);
    return run(outbox, CHANGE_PUT);
}

static int renew_all(struct outbox *outbox, void *argument)
{
    bool waits = false;
    memcpy(outbox->stream, argument, BW_STREAM_LEN);
    bind_bytes(outbox, STREAM_SET, 1, outbox->stream, BW_STREAM_LEN);
    int rc = run(outbox, STREAM_SET);
    if (rc == 0)
        rc = change_waits(outbox, &waits);
    for (int cls = BW_RECORD_ALERT; rc == 0 && cls <= BW_RECORD_TRACK; cls++)
        rc = renew_class(outbox, (enum bw_record_class)cls, waits && cls == BW_RECORD_ALERT);
    return rc == 0 && outbox->changing ? put_change(outbox, waits ? 1 : 0, 1) : rc;
}

int outbox_begin_stream(struct outbox *outbox)
{
    uint8_t stream[BW_STREAM_LEN], before[BW_STREAM_LEN];
    if (getrandom(stream, sizeof stream, 0) != sizeof stream)
        return fail(outbox, -EIO, "no random numbers");
    memcpy(before, outbox->stream, BW_STREAM_LEN);
    (void)outbox_file_copy_aside(outbox->db, outbox->path); /* evidence; the records themselves go on */
    const int rc = transact(outbox, renew_all, stream);
    if (rc != 0)
        memcpy(outbox->stream, before, BW_STREAM_LEN);
    return rc;
}

/* ---- another key ---- */

static int begin_change(struct outbox *outbox)
{
    struct chain alerts, tracks;
    const uint64_t now_utc_ms = (uint64_t)time(NULL) * 1000;
    int rc = get_chain(outbox, BW_RECORD_ALERT, &alerts);
    if (rc == 0)
        rc = get_chain(outbox, BW_RECORD_TRACK, &tracks);
    if (rc == 0)
        rc = make_room(outbox, BW_RECORD_ALERT, &alerts, false);
    if (rc != 0)
        return rc;
    struct wire_record record = {.cls = BW_RECORD_ALERT, .seq = alerts.next_seq};
    memcpy(record.prev, alerts.head, BW_HASH_LEN);
    rc = set_key_change(outbox, record.seq, tracks.next_seq, &record);
    if (rc == 0)
        rc = put_record(outbox, &record, now_utc_ms);
    if (rc != 0)
        return rc;
    seal_record_hash(&record, outbox->division, outbox->vehicle, alerts.head);
    rc = put_chain(outbox, BW_RECORD_ALERT, alerts.next_seq + 1, alerts.head);
    return rc == 0 ? put_change(outbox, record.seq, tracks.next_seq) : rc;
}

/* Nothing that the old key has signed waits any more. */
static int end_change(struct outbox *outbox)
{
    bind_bytes(outbox, OWNER_SET, 1, outbox->next_key->public_key, BW_PUBLIC_KEY_LEN);
    const int rc = run(outbox, OWNER_SET);
    return rc == 0 ? run(outbox, CHANGE_END) : rc;
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
    int rc = change_waits(outbox, &waits);
    if (rc == 0)
        rc = get_chain(outbox, BW_RECORD_TRACK, &tracks);
    if (rc != 0 || waits || tracks.oldest_seq < outbox->track_from)
        return rc;
    *over = true;
    return end_change(outbox);
}

int outbox_change_key(struct outbox *outbox)
{
    bool over = true;
    const int rc = outbox->next_key != NULL ? transact(outbox, take_step, &over) : 0;
    return rc == 0 ? over : rc;
}

int outbox_key_changed(struct outbox *outbox)
{
    const int rc = read_meta(outbox);
    return rc == 0 ? outbox->next_key == NULL || outbox->owner == outbox->next_key : rc;
}

int outbox_depth(struct outbox *outbox, enum bw_record_class cls, struct outbox_depth *ret)
{
    struct chain chain;
    int rc = get_chain(outbox, cls, &chain);
    if (rc != 0)
        return rc;
    uint64_t made_utc_ms = 0;
    bind(outbox, RECORD_FROM, 1, cls);
    bind(outbox, RECORD_FROM, 2, chain.oldest_seq);
    rc = next_row(outbox, RECORD_FROM);
    if (rc == 0)
        made_utc_ms = column(outbox, RECORD_FROM, 1);
    done(outbox, RECORD_FROM);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    *ret = (struct outbox_depth){.records = chain.next_seq - chain.oldest_seq,
                                 .oldest_seq = chain.oldest_seq,
                                 .next_seq = chain.next_seq,
                                 .evicted = chain.evicted,
                                 .oldest_utc_ms = (int64_t)made_utc_ms};
    return 0;
}
