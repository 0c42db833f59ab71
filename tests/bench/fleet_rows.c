/* SQLite alone, for tests/bench/fleet: the records of a bureau's store, in the order in which they came, into
 * a new file by bare inserts: WAL, synchronous=FULL, so many rows a transaction. Prints rows a second.
 *     bench_fleet_rows STORE NEW-FILE ROWS-A-TRANSACTION */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS = 6 };

static sqlite3 *from, *to;
static size_t n_rows;
static sqlite3_value *(*rows)[COLUMNS];

static void must(sqlite3 *db, int code, int expected)
{
    if (code == expected)
        return;
    (void)fprintf(stderr, "bench_fleet_rows: %s\n", sqlite3_errmsg(db));
    exit(3);
}

static void load(const char *path)
{
    sqlite3_stmt *statement;
    size_t capacity = 0;
    must(from, sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    must(from,
         sqlite3_prepare_v2(from,
                            "SELECT vehicle, stream, class, seq, received_utc_ms, bytes FROM record"
                            " ORDER BY received_utc_ms",
                            -1, &statement, NULL),
         SQLITE_OK);
    for (int code; (code = sqlite3_step(statement)) != SQLITE_DONE; n_rows++) {
        must(from, code, SQLITE_ROW);
        if (n_rows == capacity) {
            capacity = capacity > 0 ? 2 * capacity : 1024;
            rows = realloc(rows, capacity * sizeof rows[0]);
            if (rows == NULL)
                exit(3);
        }
        for (int i = 0; i < COLUMNS; i++)
            rows[n_rows][i] = sqlite3_value_dup(sqlite3_column_value(statement, i));
    }
    must(from, sqlite3_finalize(statement), SQLITE_OK);
}

static void make(const char *path)
{
    sqlite3_stmt *statement;
    must(to, sqlite3_open(path, &to), SQLITE_OK);
    must(to, sqlite3_exec(to, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL, NULL),
         SQLITE_OK);
    must(
        from,
        sqlite3_prepare_v2(from, "SELECT sql FROM sqlite_schema WHERE name = 'record'", -1, &statement, NULL),
        SQLITE_OK);
    must(from, sqlite3_step(statement), SQLITE_ROW);
    must(to, sqlite3_exec(to, (const char *)sqlite3_column_text(statement, 0), NULL, NULL, NULL), SQLITE_OK);
    must(from, sqlite3_finalize(statement), SQLITE_OK);
}

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    sqlite3_stmt *insert;
    if (argc != 4)
        return fputs("usage: bench_fleet_rows STORE NEW-FILE ROWS-A-TRANSACTION\n", stderr), 2;
    const size_t batch = strtoul(argv[3], NULL, 10);
    load(argv[1]);
    make(argv[2]);
    must(to,
         sqlite3_prepare_v2(to,
                            "INSERT INTO record (vehicle, stream, class, seq, received_utc_ms, bytes)"
                            " VALUES (?, ?, ?, ?, ?, ?)",
                            -1, &insert, NULL),
         SQLITE_OK);
    const double start_s = now_s();
    for (size_t k = 0; k < n_rows; k++) {
        if (k % batch == 0)
            must(to, sqlite3_exec(to, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        for (int i = 0; i < COLUMNS; i++)
            must(to, sqlite3_bind_value(insert, i + 1, rows[k][i]), SQLITE_OK);
        must(to, sqlite3_step(insert), SQLITE_DONE);
        must(to, sqlite3_reset(insert), SQLITE_OK);
        if (k % batch == batch - 1 || k == n_rows - 1)
            must(to, sqlite3_exec(to, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    }
    const double seconds = now_s() - start_s;
    (void)printf("%zu %.3f %.0f\n", n_rows, seconds, (double)n_rows / seconds);
    (void)sqlite3_finalize(insert);
    return sqlite3_close(to) == SQLITE_OK ? 0 : 3;
}
