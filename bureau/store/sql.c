#include "bureau/store/sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sql_fail(struct store *store, int err, const char *reason)
{
    (void)snprintf(store->error, sizeof(store->error), "%s", reason);
    return err;
}

int sql_errno(struct store *store, int code)
{
    static const struct {
        int code, err;
    } map[] = {
        {SQLITE_BUSY, -EBUSY},      {SQLITE_LOCKED, -EBUSY},   {SQLITE_NOMEM, -ENOMEM},
        {SQLITE_READONLY, -EROFS},  {SQLITE_FULL, -ENOSPC},    {SQLITE_CANTOPEN, -ENOENT},
        {SQLITE_CORRUPT, -EBADMSG}, {SQLITE_NOTADB, -EBADMSG}, {SQLITE_CONSTRAINT, -EEXIST},
        {SQLITE_TOOBIG, -EMSGSIZE},
    };
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
        return 0;
    (void)sql_fail(store, 0, sqlite3_errmsg(store->db));
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
        if (map[i].code == (code & 0xff)) /* the primary code of an extended one */
            return map[i].err;
    return -EIO;
}

static int prepare(struct store *store, const char *text, sqlite3_stmt **ret)
{
    for (size_t i = 0; i < store->n_statements; i++) {
        if (store->statements[i].text != text)
            continue;
        if (sqlite3_stmt_busy(store->statements[i].statement))
            return sql_fail(store, -EBUSY, "a callback asked what is being answered");
        *ret = store->statements[i].statement;
        return 0;
    }
    if (store->n_statements == SQL_STATEMENTS_MAX)
        return sql_fail(store, -ENOSPC, "more statements than SQL_STATEMENTS_MAX");
    const int err =
        sql_errno(store, sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL));
    if (err < 0)
        return err;
    store->statements[store->n_statements].text = text;
    store->statements[store->n_statements++].statement = *ret;
    return 0;
}

void sql_start(struct sql *q, struct store *store, const char *text)
{
    *q = (struct sql){.store = store};
    q->err = prepare(store, text, &q->statement);
}

/* The place of the next value; 0 after a failure. */
static int next_place(struct sql *q)
{
    return q->err < 0 ? 0 : ++q->n_bound;
}

static void bound(struct sql *q, int code)
{
    q->err = sql_errno(q->store, code);
}

void sql_text(struct sql *q, const char *value)
{
    const int place = next_place(q);
    if (place > 0)
        bound(q, sqlite3_bind_text(q->statement, place, value, -1, SQLITE_STATIC));
}

void sql_text_or_null(struct sql *q, const char *value)
{
    if (value)
        sql_text(q, value);
    else
        sql_null(q);
}

void sql_blob(struct sql *q, const void *data, size_t len)
{
    const int place = next_place(q);
    if (place > 0) /* an empty blob is not NULL */
        bound(q, sqlite3_bind_blob64(q->statement, place, len ? data : "", len, SQLITE_STATIC));
}

void sql_int(struct sql *q, int64_t value)
{
    const int place = next_place(q);
    if (place > 0)
        bound(q, sqlite3_bind_int64(q->statement, place, value));
}

void sql_u64(struct sql *q, uint64_t value)
{
    sql_int(q, (int64_t)value);
}

void sql_real(struct sql *q, double value)
{
    const int place = next_place(q);
    if (place > 0)
        bound(q, sqlite3_bind_double(q->statement, place, value));
}

void sql_null(struct sql *q)
{
    const int place = next_place(q);
    if (place > 0)
        bound(q, sqlite3_bind_null(q->statement, place));
}

int sql_row(struct sql *q)
{
    if (q->err < 0)
        return q->err;
    const int code = sqlite3_step(q->statement);
    if (code == SQLITE_ROW)
        return 1;
    q->err = sql_errno(q->store, code);
    return q->err;
}

int sql_end(struct sql *q, int err)
{
    if (q->statement != NULL) {
        (void)sqlite3_reset(q->statement); /* says again what sqlite3_step() said */
        (void)sqlite3_clear_bindings(q->statement);
    }
    if (q->err < 0)
        return q->err;
    return err < 0 ? err : 0;
}

int sql_run(struct sql *q)
{
    return sql_end(q, sql_row(q));
}

int sql_exec(struct store *store, const char *text)
{
    return sql_errno(store, sqlite3_exec(store->db, text, NULL, NULL, NULL));
}

int sql_whole_begin(struct store *store, struct sql_whole *ret)
{
    *ret = (struct sql_whole){.store = store, .is_ours = sqlite3_get_autocommit(store->db) != 0};
    return ret->is_ours ? store_begin(store) : sql_exec(store, "SAVEPOINT whole");
}

int sql_whole_end(const struct sql_whole *whole, int err)
{
    struct store *store = whole->store;
    if (err >= 0)
        err = whole->is_ours ? store_commit(store) : sql_exec(store, "RELEASE whole");
    if (err >= 0)
        return err;
    if (whole->is_ours)
        store_rollback(store);
    else /* the caller's transaction may be gone with the failure */
        (void)sqlite3_exec(store->db, "ROLLBACK TO whole; RELEASE whole", NULL, NULL, NULL);
    return err;
}

const char *sql_text_at(const struct sql *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q->statement, column);
    return text ? text : "";
}

int64_t sql_int_at(const struct sql *q, int column)
{
    return sqlite3_column_int64(q->statement, column);
}

uint64_t sql_u64_at(const struct sql *q, int column)
{
    return (uint64_t)sql_int_at(q, column);
}

bool sql_is_null_at(const struct sql *q, int column)
{
    return sqlite3_column_type(q->statement, column) == SQLITE_NULL;
}

double sql_real_at(const struct sql *q, int column)
{
    return sqlite3_column_double(q->statement, column);
}

const void *sql_blob_at(const struct sql *q, int column, size_t *ret_len)
{
    const void *data = sqlite3_column_blob(q->statement, column);
    *ret_len = data ? (size_t)sqlite3_column_bytes(q->statement, column) : 0;
    return data;
}

void sql_copy_text(struct sql *q, int column, char *target, size_t size)
{
    const char *text = sql_text_at(q, column);
    const size_t len = strlen(text);
    if (len < size)
        memcpy(target, text, len + 1);
    else
        q->err = sql_fail(q->store, -EBADMSG, "the store holds a text that is too long");
}

void sql_copy_blob(struct sql *q, int column, void *target, size_t size)
{
    size_t len;
    const void *data = sql_blob_at(q, column, &len);
    if (len == size)
        memcpy(target, data, size);
    else
        q->err = sql_fail(q->store, -EBADMSG, "the store holds bytes of a wrong length");
}

int sql_take_blob(struct sql *q, int column, uint8_t **ret, size_t *ret_len)
{
    size_t len;
    const void *data = sql_blob_at(q, column, &len);
    uint8_t *copy = malloc(len + 1); /* + 1: malloc(0) may be NULL */
    if (copy == NULL)
        return sql_fail(q->store, -ENOMEM, "out of memory");
    if (len > 0)
        memcpy(copy, data, len);
    *ret = copy;
    *ret_len = len;
    return 0;
}
