/* A store as an earlier version left it: its schema is made from bureau/store/schema. */
#ifndef BUSWARDEN_FIXTURE_OLDSTORE_H
#define BUSWARDEN_FIXTURE_OLDSTORE_H

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static inline void oldstore_run(sqlite3 *db, const char *sql)
{
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
}

static inline void oldstore_run_file(sqlite3 *db, const char *path)
{
    static char sql[65536];
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    const size_t n = fread(sql, 1, sizeof(sql) - 1, file);
    (void)fclose(file);
    sql[n] = '\0';
    oldstore_run(db, sql);
}

/* The file at `path`, whatever it was, becomes one of that version with the rows that `copy` brings over from
 * it (there called "new") or makes. */
static inline void oldstore_make(const char *path, int version, const char *copy)
{
    char newer[128], text[256];
    sqlite3 *db;
    (void)snprintf(newer, sizeof(newer), "%s.new", path);
    cr_assert_eq(rename(path, newer), 0);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    for (int i = 1; i <= version; i++) {
        (void)snprintf(text, sizeof(text), "bureau/store/schema/%03d.sql", i);
        oldstore_run_file(db, text);
    }
    (void)snprintf(text, sizeof(text),
                   "PRAGMA application_id = 1113014832; PRAGMA user_version = %d; ATTACH '%s' AS new",
                   version, newer);
    oldstore_run(db, text);
    oldstore_run(db, copy);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

#endif
