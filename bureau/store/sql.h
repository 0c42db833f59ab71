/* Inside the store: one SQL statement at a time, prepared once a handle.
 *
 *     struct sql q;
 *     sql_start(&q, store, "SELECT version FROM licence WHERE vehicle = ?");
 *     sql_text(&q, vehicle);
 *     int err = sql_row(&q);            1 = a row, 0 = no more, negative errno
 *     if (err == 1) ... sql_u64_at(&q, 0);
 *     return sql_end(&q, err);
 *
 * The first failure sticks, so that only the last call needs a look. Values are bound in order and borrowed
 * until sql_end(). Statements are cached by the address of their text: give a literal. */
#ifndef BUSWARDEN_STORE_SQL_H
#define BUSWARDEN_STORE_SQL_H

#include "bureau/store/store.h"

#include <sqlite3.h>

enum { SQL_STATEMENTS_MAX = 256, SQL_ERROR_MAX = 256 };

struct store {
    sqlite3 *db;
    size_t n_statements;
    struct {
        const char *text;
        sqlite3_stmt *statement;
    } statements[SQL_STATEMENTS_MAX];
    char error[SQL_ERROR_MAX]; /* of the last failure */
};

struct sql {
    struct store *store;
    sqlite3_stmt *statement;
    int n_bound;
    int err;
};

/* The errno for an SQLite result code; keeps its words. 0 for SQLITE_OK, SQLITE_ROW and SQLITE_DONE. */
int sql_errno(struct store *store, int code);
/* Keeps words of our own. Returns err. */
int sql_fail(struct store *store, int err, const char *reason);

void sql_start(struct sql *q, struct store *store, const char *text);
void sql_text(struct sql *q, const char *value);
void sql_text_or_null(struct sql *q, const char *value); /* NULL = NULL */
void sql_blob(struct sql *q, const void *data, size_t len);
void sql_int(struct sql *q, int64_t value);
void sql_u64(struct sql *q, uint64_t value); /* kept bit by bit; not for ORDER BY beyond 2^63 */
void sql_real(struct sql *q, double value);
void sql_null(struct sql *q);

int sql_row(struct sql *q);
/* Gives the statement back. The first failure, or `err`, or 0 when that is positive. */
int sql_end(struct sql *q, int err);
/* For statements without rows: sql_row() and sql_end() in one. */
int sql_run(struct sql *q);
/* A fixed text without values or rows. */
int sql_exec(struct store *store, const char *text);

/* All of it or nothing, within the caller's transaction or without one. Without one the lock to write is
 * taken at once: what reads first and writes then would be refused (SQLITE_BUSY_SNAPSHOT) when somebody wrote
 * in between. */
struct sql_whole {
    struct store *store;
    bool is_ours; /* a transaction of its own; else a savepoint */
};
int sql_whole_begin(struct store *store, struct sql_whole *ret);
/* err < 0: takes it all back and returns err, whose words are kept. */
int sql_whole_end(const struct sql_whole *whole, int err);

const char *sql_text_at(const struct sql *q, int column); /* "" for NULL; gone with the row */
int64_t sql_int_at(const struct sql *q, int column);
uint64_t sql_u64_at(const struct sql *q, int column);
bool sql_is_null_at(const struct sql *q, int column);
double sql_real_at(const struct sql *q, int column);
const void *sql_blob_at(const struct sql *q, int column, size_t *ret_len); /* gone with the row */
/* Into a fixed array. -EBADMSG, which sticks, when it does not fit: nothing of ours wrote that. */
void sql_copy_text(struct sql *q, int column, char *target, size_t size);
void sql_copy_blob(struct sql *q, int column, void *target, size_t size); /* exactly size bytes */
/* Trips whose records came before the store had a table of them (version 6). */
int sql_trips_from_records(struct store *store);
/* When alerts were raised and how grave they became, of alerts from before version 7. */
int sql_alert_columns_from_phases(struct store *store);
/* Cases of the alerts that came before the store had any (version 8). */
int sql_cases_from_alerts(struct store *store);
/* Inserts one row of the registry. */
int sql_registry_put(struct store *store, enum registry_table table, const void *row);
/* A malloc'd copy of a blob. */
int sql_take_blob(struct sql *q, int column, uint8_t **ret, size_t *ret_len);

#endif
