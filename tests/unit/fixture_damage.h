/* A store's file that is damaged while it is open. */
#ifndef BUSWARDEN_TEST_DAMAGE_H
#define BUSWARDEN_TEST_DAMAGE_H

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>

static inline int damage_ask(sqlite3 *db, const char *text)
{
    sqlite3_stmt *statement = NULL;
    cr_assert_eq(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    const int answer = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return answer;
}

/* Writes this byte where the table's first page says of what kind it is, and returns the one that was there.
 * The write before it makes other connections forget the pages that they hold. */
static inline int damage_table(const char *path, const char *table, int byte)
{
    sqlite3 *db = NULL;
    char text[96];
    (void)snprintf(text, sizeof(text), "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    const long page = damage_ask(db, text), size = damage_ask(db, "PRAGMA page_size");
    cr_assert_eq(sqlite3_exec(db,
                              "CREATE TABLE IF NOT EXISTS other (x); INSERT INTO other VALUES (1);"
                              "PRAGMA wal_checkpoint(TRUNCATE)",
                              NULL, NULL, NULL),
                 SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    FILE *file = fopen(path, "r+b");
    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, (page - 1) * size, SEEK_SET), 0);
    const int was = fgetc(file);
    cr_assert_eq(fseek(file, (page - 1) * size, SEEK_SET), 0);
    cr_assert_eq(fputc(byte, file), byte);
    cr_assert_eq(fclose(file), 0);
    return was;
}

#endif
