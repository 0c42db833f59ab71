/* The store on SQLite: the file, its schema, transactions. */
#include "bureau/store/sql.h"
#include "schemas.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The first two stand in the file's header: what it is, and the version of its schema. */
enum {
    APPLICATION_ID = 0x42574230, /* "BWB0" */
    SCHEMA_VERSION = sizeof(SCHEMAS) / sizeof(SCHEMAS[0]),
    TRIPS_VERSION = 6,         /* before it, trips were kept as records alone */
    ALERT_COLUMNS_VERSION = 7, /* before it, what an alert is was in its phases alone */
    CASES_VERSION = 8,         /* before it, alerts made no cases */
    BUSY_TIMEOUT_MS = 5000,
    QUICK_WAITS = 200, /* of a millisecond, then: */
    SLOW_WAIT_MS = 20,
};

/* SQLite's own waiting grows to 100 ms a step, and whoever comes later gets the lock before. Whoever looks
 * again each millisecond at first waits hardly longer than the lock is held. */
static int wait_for_lock(void *context, int n_waits)
{
    const bool soon = n_waits < QUICK_WAITS;
    const struct timespec step = {.tv_nsec = soon ? 1000000 : SLOW_WAIT_MS * 1000000};
    (void)context;
    (void)nanosleep(&step, NULL);
    return QUICK_WAITS + (n_waits - QUICK_WAITS) * SLOW_WAIT_MS < BUSY_TIMEOUT_MS;
}

static int read_pragma(struct store *store, const char *text, int64_t *ret)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, text, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret = sqlite3_column_int64(statement, 0);
    const int err = sql_errno(store, code);
    (void)sqlite3_finalize(statement);
    return err;
}

/* -EBADMSG: not ours; -EPROTONOSUPPORT: newer. Version 0 is an empty file. */
static int read_version(struct store *store, int64_t *ret_version)
{
    int64_t application = 0, version = 0, objects = 0;
    int err = read_pragma(store, "PRAGMA application_id", &application);
    if (err == 0)
        err = read_pragma(store, "PRAGMA user_version", &version);
    if (err == 0)
        err = read_pragma(store, "SELECT count(*) FROM sqlite_schema", &objects);
    if (err < 0)
        return err;
    const bool fresh = application == 0 && version == 0 && objects == 0;
    if (!fresh && application != APPLICATION_ID)
        return sql_fail(store, -EBADMSG, "this database is not a Buswarden store");
    if (version < 0 || version > SCHEMA_VERSION || (version == 0 && !fresh))
        return sql_fail(store, -EPROTONOSUPPORT, "store of another version");
    *ret_version = version;
    return 0;
}

/* Makes the schema, or brings an older one up to date. Within a transaction, so that of two processes that
 * start at once one makes the schema and the other finds it. */
static int make_schema(struct store *store)
{
    char stamp[96];
    int64_t version = 0;
    int err = read_version(store, &version);
    if (err < 0)
        return err;
    if (version == SCHEMA_VERSION)
        return 0;
    const bool lacks_trips = version > 0 && version < TRIPS_VERSION;
    const bool lacks_alert_columns = version > 0 && version < ALERT_COLUMNS_VERSION;
    const bool lacks_cases = version > 0 && version < CASES_VERSION;
    for (; version < SCHEMA_VERSION && err == 0; version++)
        err = sql_exec(store, SCHEMAS[version]);
    if (err == 0 && lacks_trips)
        err = sql_trips_from_records(store);
    if (err == 0 && lacks_alert_columns)
        err = sql_alert_columns_from_phases(store);
    if (err == 0 && lacks_cases)
        err = sql_cases_from_alerts(store);
    if (err < 0)
        return err;
    (void)snprintf(stamp, sizeof(stamp), "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   APPLICATION_ID, SCHEMA_VERSION);
    return sql_exec(store, stamp);
}

static int set_up(struct store *store)
{
    int err = sql_errno(store, sqlite3_busy_handler(store->db, wait_for_lock, NULL));
    if (err == 0)
        err =
            sql_exec(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                            " PRAGMA secure_delete = ON");
    if (err == 0)
        err = store_begin(store);
    if (err < 0)
        return err;
    err = make_schema(store);
    if (err == 0)
        err = store_commit(store);
    if (err < 0)
        store_rollback(store);
    return err;
}

static int check_version(struct store *store)
{
    int64_t version = 0;
    int err = sql_errno(store, sqlite3_busy_handler(store->db, wait_for_lock, NULL));
    if (err == 0)
        err = read_version(store, &version);
    if (err == 0 && version != SCHEMA_VERSION)
        err = sql_fail(store, -EPROTONOSUPPORT, "store of another version");
    return err;
}

static int open_file(const char *path, int flags, int (*prepare)(struct store *store), struct store **ret)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return -ENOMEM;
    const int code =
        sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    const int err = code == SQLITE_OK ? prepare(store) : sql_errno(store, code);
    if (err < 0) {
        store_close(store);
        return err;
    }
    *ret = store;
    return 0;
}

int store_open(const char *path, struct store **ret)
{
    return open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, set_up, ret);
}

int store_open_reading(const char *path, struct store **ret)
{
    return open_file(path, SQLITE_OPEN_READONLY, check_version, ret);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < store->n_statements; i++)
        (void)sqlite3_finalize(store->statements[i].statement);
    (void)sqlite3_close(store->db); /* nothing is left that could keep it open */
    free(store);
}

const char *store_error(const struct store *store)
{
    return store->error;
}

int store_begin(struct store *store)
{
    return sql_exec(store, "BEGIN IMMEDIATE");
}

int store_commit(struct store *store)
{
    return sql_exec(store, "COMMIT");
}

void store_rollback(struct store *store)
{
    if (!sqlite3_get_autocommit(store->db)) /* some failures have rolled back already */
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}
