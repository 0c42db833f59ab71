/* What the store does not offer, or must not allow, on its file: by a connection of its own, in SQLite's
 * code. Each waits for a lock up to five seconds. */
#ifndef BUSWARDEN_FIXTURE_SQL_H
#define BUSWARDEN_FIXTURE_SQL_H

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdint.h>

static inline sqlite3 *file_open(const char *path)
{
    sqlite3 *db = NULL;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_busy_timeout(db, 5000), SQLITE_OK);
    return db;
}

static inline int file_try(const char *path, const char *text) /* SQLite's code */
{
    sqlite3 *db = file_open(path);
    const int code = sqlite3_exec(db, text, NULL, NULL, NULL);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    return code;
}

static inline void file_do(const char *path, const char *text) /* which must succeed */
{
    sqlite3 *db = file_open(path);
    cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

static inline int64_t file_ask(const char *path, const char *text) /* the first value of the first row */
{
    sqlite3 *db = file_open(path);
    sqlite3_stmt *statement = NULL;
    cr_assert_eq(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    const int64_t value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    return value;
}

#endif
