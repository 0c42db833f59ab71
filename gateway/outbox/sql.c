#include "gateway/outbox/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/outbox/file.h"

static const char *const sql[QUERY_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [META] = ("SELECT stream, meta.public_key, change.public_key, alert_seq, track_from"
              " FROM meta LEFT JOIN key_change AS change ON change.id = 1"),
    [STREAM_SET] = "UPDATE meta SET stream = ?1",
    [CHANGE_PUT] = "INSERT OR REPLACE INTO key_change VALUES (1, ?1, ?2, ?3)",
    [CHANGE_END] = "DELETE FROM key_change",
    [CHANGES_GET] = "SELECT coalesce(max(changes), 0) FROM key_count",
    [CHANGES_SET] = "INSERT OR REPLACE INTO key_count VALUES (1, ?1)",
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
    [UNRENEWED_DELETE] = "DELETE FROM record WHERE class = ?1 AND seq > 0",
    [RENEWED] = "UPDATE record SET seq = -seq WHERE seq < 0",
    [OPEN_PUT] = "INSERT INTO open_alert VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = excluded.body",
    [OPEN_DELETE] = "DELETE FROM open_alert WHERE number = ?1",
    [OPEN_ALL] = "SELECT body FROM open_alert ORDER BY number",
    [ALERT_NUMBER_GET] = "SELECT next_alert_number FROM meta",
    [ALERT_NUMBER_AFTER] = "UPDATE meta SET next_alert_number = max(next_alert_number, ?1 + 1)",
};

/* ---- the statements ---- */

int outbox_prepare(struct outbox *outbox)
{
    for (int i = 0; i < QUERY_COUNT; i++) {
        int rc =
            sqlite3_prepare_v3(outbox->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &outbox->queries[i], NULL);
        if (rc != SQLITE_OK)
            return outbox_sql_fail(outbox, rc);
    }
    return 0;
}

void outbox_finalize(struct outbox *outbox)
{
    for (int i = 0; i < QUERY_COUNT; i++) {
        sqlite3_finalize(outbox->queries[i]);
        outbox->queries[i] = NULL;
    }
    sqlite3_close(outbox->db);
    outbox->db = NULL;
}

/* ---- errors and rows ---- */

int outbox_fail(struct outbox *outbox, int error, const char *words)
{
    (void)snprintf(outbox->error, sizeof outbox->error, "%s", words);
    return error;
}

int outbox_sql_fail(struct outbox *outbox, int rc)
{
    return outbox_fail(outbox, outbox_file_errno(outbox->db, rc), sqlite3_errmsg(outbox->db));
}

void outbox_bind(struct outbox *outbox, enum query query, int index, uint64_t value)
{
    sqlite3_bind_int64(outbox->queries[query], index, (sqlite3_int64)value);
}

void outbox_bind_bytes(struct outbox *outbox, enum query query, int index, const uint8_t *data, size_t len)
{
    sqlite3_bind_blob64(outbox->queries[query], index, data, len, SQLITE_STATIC);
}

void outbox_done(struct outbox *outbox, enum query query)
{
    sqlite3_reset(outbox->queries[query]);
}

int outbox_run(struct outbox *outbox, enum query query)
{
    int rc = sqlite3_step(outbox->queries[query]);
    int error = rc == SQLITE_DONE ? 0 : outbox_sql_fail(outbox, rc);
    outbox_done(outbox, query);
    return error;
}

int outbox_next_row(struct outbox *outbox, enum query query)
{
    int rc = sqlite3_step(outbox->queries[query]);
    if (rc == SQLITE_ROW)
        return 0;
    return rc == SQLITE_DONE ? outbox_fail(outbox, -ENOENT, "no such row") : outbox_sql_fail(outbox, rc);
}

uint64_t outbox_column(struct outbox *outbox, enum query query, int index)
{
    return (uint64_t)sqlite3_column_int64(outbox->queries[query], index);
}

const uint8_t *outbox_column_bytes(struct outbox *outbox, enum query query, int index, size_t *ret_len)
{
    const uint8_t *data =
        sqlite3_column_blob(outbox->queries[query], index); /* before the length: SQLite's rule */
    *ret_len = (size_t)sqlite3_column_bytes(outbox->queries[query], index);
    return data;
}

int outbox_column_fixed(struct outbox *outbox, enum query query, int index, uint8_t *ret, size_t len)
{
    size_t stored_len;
    const uint8_t *data = outbox_column_bytes(outbox, query, index, &stored_len);
    if (stored_len != len)
        return outbox_fail(outbox, -EBADMSG, "a stored hash or id has the wrong length");
    memcpy(ret, data, len);
    return 0;
}

/* The one of our keys whose public half stands in that column; NULL: none. */
static const struct seal_key *column_key(struct outbox *outbox, int index)
{
    uint8_t public_key[BW_PUBLIC_KEY_LEN];
    if (outbox_column_fixed(outbox, META, index, public_key, sizeof public_key) != 0)
        return NULL;
    if (memcmp(public_key, outbox->key->public_key, sizeof public_key) == 0)
        return outbox->key;
    if (outbox->next_key != NULL && memcmp(public_key, outbox->next_key->public_key, sizeof public_key) == 0)
        return outbox->next_key;
    return NULL;
}

int outbox_read_meta(struct outbox *outbox)
{
    int rc = outbox_next_row(outbox, META);
    if (rc == 0)
        rc = outbox_column_fixed(outbox, META, 0, outbox->stream, BW_STREAM_LEN);
    if (rc == 0) {
        outbox->owner = column_key(outbox, 1);
        outbox->changing = sqlite3_column_type(outbox->queries[META], 2) != SQLITE_NULL;
        outbox->alert_seq = outbox_column(outbox, META, 3);
        outbox->track_from = outbox_column(outbox, META, 4);
        if (outbox->owner == NULL ||
            (outbox->changing && (outbox->next_key == NULL || column_key(outbox, 2) != outbox->next_key)))
            rc = outbox_fail(outbox, -EBADMSG, "the records are of a key that is not here");
    }
    outbox_done(outbox, META);
    return rc;
}

const struct seal_key *outbox_key_at(const struct outbox *outbox, enum bw_record_class cls, uint64_t seq)
{
    const bool after = cls == BW_RECORD_ALERT ? seq > outbox->alert_seq : seq >= outbox->track_from;
    return outbox->changing && after ? outbox->next_key : outbox->owner;
}

/* End the transaction: commit if all went well, else undo and keep the first error with its words. */
static int end(struct outbox *outbox, int rc)
{
    if (rc == 0)
        rc = outbox_run(outbox, COMMIT);
    if (rc != 0 && !sqlite3_get_autocommit(outbox->db)) {
        sqlite3_step(outbox->queries[ROLLBACK]);
        outbox_done(outbox, ROLLBACK);
    }
    return rc;
}

static int attempt(struct outbox *outbox, outbox_work work, void *argument)
{
    int rc = outbox_run(outbox, BEGIN);
    if (rc != 0)
        return rc;
    rc = outbox_read_meta(outbox);
    return end(outbox, rc == 0 ? work(outbox, argument) : rc);
}

int outbox_transact(struct outbox *outbox, outbox_work work, void *argument)
{
    const int rc = attempt(outbox, work, argument);
    if (rc != -ENOSPC)
        return rc;
    (void)sqlite3_wal_checkpoint_v2(outbox->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return attempt(outbox, work, argument);
}
