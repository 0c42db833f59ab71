/* What the parts of the outbox share; nobody else includes this. sql.c: statements, rows, transactions.
 * records.c: sealed records and the chain. stream.c: a new stream, another key. outbox.c: the rest. */
#ifndef BUSWARDEN_OUTBOX_INTERNAL_H
#define BUSWARDEN_OUTBOX_INTERNAL_H

#include <sqlite3.h>

#include "gateway/outbox/outbox.h"

/* Every statement, prepared once when the file is opened. */
enum query {
    BEGIN,
    COMMIT,
    ROLLBACK,
    META,
    STREAM_SET,
    CHANGE_PUT,
    CHANGE_END,
    CHANGES_GET,
    CHANGES_SET,
    OWNER_SET,
    CHAIN_GET,
    CHAIN_SET,
    EVICTED_ADD,
    RECORD_PUT,
    RECORD_FROM,
    RECORD_DELETE,
    RECORD_RENEW,
    UNRENEWED_DELETE,
    RENEWED,
    OPEN_PUT,
    OPEN_DELETE,
    OPEN_ALL,
    ALERT_NUMBER_GET,
    ALERT_NUMBER_AFTER,
    QUERY_COUNT
};

enum { OUTBOX_ERROR_LEN = 160 };

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
    char error[OUTBOX_ERROR_LEN];

    /* As of the last outbox_read_meta(): another handle may have changed it since. */
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

/* --- sql.c --- */

/* What is done within a transaction; what it returns decides on COMMIT. */
typedef int (*outbox_work)(struct outbox *outbox, void *argument);

/* The statements, and the end of them and of the connection. */
int outbox_prepare(struct outbox *outbox);
void outbox_finalize(struct outbox *outbox);
/* Keep the words of an error; returns it. */
int outbox_fail(struct outbox *outbox, int error, const char *words);
int outbox_sql_fail(struct outbox *outbox, int rc);
void outbox_bind(struct outbox *outbox, enum query query, int index, uint64_t value);
/* The bytes must live until the query has run. */
void outbox_bind_bytes(struct outbox *outbox, enum query query, int index, const uint8_t *data, size_t len);
/* End a query. Its result repeats the error of the last step, which was reported there. */
void outbox_done(struct outbox *outbox, enum query query);
/* Run a query that gives no rows. */
int outbox_run(struct outbox *outbox, enum query query);
/* Step to the next row: 0, or -ENOENT after the last. The caller ends with outbox_done(). */
int outbox_next_row(struct outbox *outbox, enum query query);
uint64_t outbox_column(struct outbox *outbox, enum query query, int index);
/* A blob of the row, good until the next step or outbox_done(). */
const uint8_t *outbox_column_bytes(struct outbox *outbox, enum query query, int index, size_t *ret_len);
int outbox_column_fixed(struct outbox *outbox, enum query query, int index, uint8_t *ret, size_t len);
/* Stream and keys. The other handle may have begun a new stream, or have taken a step of a change, since. */
int outbox_read_meta(struct outbox *outbox);
/* Who signs a record: by its place, so that each is signed by one key for ever. */
const struct seal_key *outbox_key_at(const struct outbox *outbox, enum bw_record_class cls, uint64_t seq);
/* One transaction, all of it or nothing. On a full disk it is tried again after a checkpoint, after which the
 * write-ahead log is written over from its beginning and needs no new room. */
int outbox_transact(struct outbox *outbox, outbox_work work, void *argument);

/* --- records.c --- */

int outbox_get_chain(struct outbox *outbox, enum bw_record_class cls, struct chain *ret);
int outbox_put_chain(struct outbox *outbox, enum bw_record_class cls, uint64_t next_seq,
                     const uint8_t head[BW_HASH_LEN]);
/* The record in the present row of RECORD_FROM, when it still is what was sealed. */
int outbox_decode_record(struct outbox *outbox, enum bw_record_class cls, struct wire_record *ret);
/* The record `seq`, decoded, and when it was made. */
int outbox_load(struct outbox *outbox, enum bw_record_class cls, uint64_t seq, struct wire_record *ret,
                uint64_t *ret_made_utc_ms);
int outbox_set_body(struct outbox *outbox, const struct wire_bytes *body, struct wire_record *record);
/* Sign and encode a record of which all but stream and signature is set. */
int outbox_seal(struct outbox *outbox, struct wire_record *record, const struct seal_key *key,
                struct wire_bytes *ret);
/* Seal and store a record of which all but stream and signature is set. */
int outbox_put_record(struct outbox *outbox, struct wire_record *record, uint64_t made_utc_ms);
int outbox_delete_upto(struct outbox *outbox, enum bw_record_class cls, uint64_t seq);
bool outbox_is_gap(const struct wire_record *record, struct bw_gap *ret);
/* See that the class has room for one more. `replace`: the disk has none, the oldest must go. */
int outbox_make_room(struct outbox *outbox, enum bw_record_class cls, const struct chain *chain,
                     bool replace);
/* Within a transaction: the next record of a class. */
int outbox_append(struct outbox *outbox, enum bw_record_class cls, const struct wire_bytes *body,
                  int64_t now_utc_ms, bool replace);
/* The oldest ALERT record that waits tells whether the bureau has the change of key. */
int outbox_change_waits(struct outbox *outbox, bool *ret);

/* --- stream.c --- */

/* A chain takes so many changes of key and no more. When another is wanted and there were many, all that
 * waits goes into a new stream first. Only while no other handle is open. A failure changes nothing. */
int outbox_renew_worn(struct outbox *outbox);

#endif
