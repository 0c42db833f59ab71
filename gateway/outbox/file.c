#include "gateway/outbox/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/savefile.h"

enum {
    APPLICATION_ID = 0x62777378, /* "bwsx": `file` and this program know the file by it */
    SCHEMA_VERSION = 1,
    /* For the other handle's transaction. The one that attaches is the uplink's, which has time; the other
     * one warns in the vehicle after it has written. */
    PATIENT_MS = 5000,
    HASTY_MS = 250,
    ASIDE_MAX = 16, /* of each kind; then the last is replaced: a dying disk must not be filled as well */
    ASIDE_LEN = 16, /* ".corrupt-N", ".forked-N" */
};

/* Every handle. synchronous=FULL makes COMMIT wait for the disk; the journal (1 MiB) and the cache stay
 * small. A record is some 160 bytes: with small pages a commit writes little to flash. The page size holds
 * for a new file, and must come first. */
static const char PRAGMAS[] = "PRAGMA page_size = 1024;"
                              "PRAGMA journal_mode = WAL;"
                              "PRAGMA synchronous = FULL;"
                              "PRAGMA wal_autocheckpoint = 1024;"
                              "PRAGMA journal_size_limit = 4194304;"
                              "PRAGMA cache_size = -256;";

static const char SCHEMA[] =
    /* One row: whose records these are. Records sealed by another key or for another vehicle would be refused
     * for ever, so a file made for another owner is set aside. */
    "CREATE TABLE meta ("
    "  id INTEGER PRIMARY KEY CHECK (id = 1),"
    "  stream BLOB NOT NULL,"
    "  division TEXT NOT NULL,"
    "  vehicle TEXT NOT NULL,"
    "  public_key BLOB NOT NULL,"
    "  next_alert_number INTEGER NOT NULL) STRICT;"
    /* One row a class: where the chain goes on, also when every record has left. head = hash of record
       next_seq - 1. */
    "CREATE TABLE chain ("
    "  class INTEGER PRIMARY KEY,"
    "  next_seq INTEGER NOT NULL,"
    "  head BLOB NOT NULL,"
    "  evicted INTEGER NOT NULL) STRICT;"
    /* The records that wait, without a hole from the oldest to next_seq - 1. bytes = encoded SignedRecord. */
    "CREATE TABLE record ("
    "  class INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL,"
    "  made_utc_ms INTEGER NOT NULL,"
    "  bytes BLOB NOT NULL,"
    "  PRIMARY KEY (class, seq)) STRICT, WITHOUT ROWID;"
    /* oldest_seq: the first of those, next_seq when none waits. */
    "CREATE VIEW chain_now AS SELECT class, next_seq, head, evicted, coalesce("
    "  (SELECT min(seq) FROM record WHERE record.class = chain.class), next_seq) AS oldest_seq FROM chain;"
    /* The last phase of every alert that is not cleared. body = encoded Body. */
    "CREATE TABLE open_alert ("
    "  number INTEGER PRIMARY KEY,"
    "  body BLOB NOT NULL) STRICT;"
    "INSERT INTO chain VALUES (1, 1, zeroblob(16), 0), (2, 1, zeroblob(16), 0);";

/* key_change: the change of key that is under way (no row: none). ALERT record alert_seq tells of it; this
 * key signs what comes after, and TRACK records from track_from on. key_count: how many this stream has had
 * (no row: none). Files made before there were such changes get the tables late. */
static const char KEY_CHANGE[] = "CREATE TABLE IF NOT EXISTS key_change ("
                                 "  id INTEGER PRIMARY KEY CHECK (id = 1),"
                                 "  public_key BLOB NOT NULL,"
                                 "  alert_seq INTEGER NOT NULL,"
                                 "  track_from INTEGER NOT NULL) STRICT;"
                                 "CREATE TABLE IF NOT EXISTS key_count ("
                                 "  id INTEGER PRIMARY KEY CHECK (id = 1),"
                                 "  changes INTEGER NOT NULL) STRICT;";

/* ---- small helpers ---- */

/* Exact codes first, then primary ones. */
static const struct {
    int code, error;
} errors[] = {
    {SQLITE_OK, 0},
    {SQLITE_ROW, 0},
    {SQLITE_DONE, 0},
    {SQLITE_IOERR_READ, -EREMOTEIO},      /* a bad cable passes, a dead sector does not */
    {SQLITE_IOERR_CORRUPTFS, -EREMOTEIO}, /* what the system's EIO becomes when SQLite reads */
    {SQLITE_IOERR_SHORT_READ, -EBADMSG},
    {SQLITE_CORRUPT, -EBADMSG},
    {SQLITE_NOTADB, -EBADMSG},
    {SQLITE_ERROR, -EBADMSG}, /* our SQL is fixed: it fails on a foreign schema only */
    {SQLITE_SCHEMA, -EBADMSG},
    {SQLITE_CONSTRAINT, -EBADMSG},
    {SQLITE_MISMATCH, -EBADMSG},
    {SQLITE_FULL, -ENOSPC},
    {SQLITE_BUSY, -EBUSY},
    {SQLITE_NOMEM, -ENOMEM},
    {SQLITE_READONLY, -EROFS},
    {SQLITE_PERM, -EACCES},
};

int outbox_file_errno(sqlite3 *db, int sqlite_rc)
{
    static const int masks[] = {-1, 0xff};
    for (size_t m = 0; m < sizeof masks / sizeof masks[0]; m++) {
        for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
            if (errors[i].code == (sqlite_rc & masks[m]))
                return errors[i].error;
        }
    }
    int system = sqlite3_system_errno(db);
    return system > 0 ? -system : -EIO;
}

static int exec(sqlite3 *db, const char *sql)
{
    return outbox_file_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int outbox_file_wait(sqlite3 *db, bool wait)
{
    return exec(db, wait ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
}

/* The first row of a query that has no parameters. The caller finalizes, also after a failure. */
static int first_row(sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
    int rc = sqlite3_prepare_v2(db, sql, -1, ret, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(*ret);
    return rc == SQLITE_DONE ? -EBADMSG : outbox_file_errno(db, rc);
}

static int query_int(sqlite3 *db, const char *sql, int64_t *ret)
{
    sqlite3_stmt *stmt = NULL;
    int rc = first_row(db, sql, &stmt);
    if (rc == 0)
        *ret = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return rc;
}

/* ---- a new file ---- */

static int insert_meta(sqlite3 *db, const struct outbox_config *config)
{
    uint8_t stream[BW_STREAM_LEN];
    if (getrandom(stream, sizeof stream, 0) != sizeof stream)
        return -EIO;

    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "INSERT INTO meta VALUES (1, ?, ?, ?, ?, 1)", -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_blob(stmt, 1, stream, sizeof stream, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 2, config->division, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 3, config->vehicle, -1, SQLITE_STATIC);
        sqlite3_bind_blob(stmt, 4, config->key->public_key, BW_PUBLIC_KEY_LEN, SQLITE_STATIC);
        rc = sqlite3_step(stmt);
    }
    sqlite3_finalize(stmt);
    return outbox_file_errno(db, rc);
}

/* All in one transaction, the magic included: a power cut leaves an empty file or a whole one. */
static int create(sqlite3 *db, const struct outbox_config *config)
{
    char magic[96];
    (void)snprintf(magic, sizeof magic, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
                   APPLICATION_ID, SCHEMA_VERSION);
    int rc = exec(db, "BEGIN IMMEDIATE");
    if (rc == 0)
        rc = exec(db, SCHEMA);
    if (rc == 0)
        rc = exec(db, KEY_CHANGE);
    if (rc == 0)
        rc = insert_meta(db, config);
    if (rc == 0)
        rc = exec(db, magic);
    return rc == 0 ? exec(db, "COMMIT") : rc; /* the caller closes, which rolls back */
}

/* ---- an existing file ---- */

static bool same_bytes(sqlite3_stmt *stmt, int column, const void *bytes, size_t len)
{
    return (size_t)sqlite3_column_bytes(stmt, column) == len &&
           memcmp(sqlite3_column_blob(stmt, column), bytes, len) == 0;
}

static bool is_key(sqlite3_stmt *stmt, int column, const struct seal_key *key)
{
    return key != NULL && same_bytes(stmt, column, key->public_key, BW_PUBLIC_KEY_LEN);
}

/* Of the columns division, vehicle, public_key and, of a change that is under way, the next public_key. Our
 * own file in the midst of a change whose other key is not at hand is worth keeping. */
static int judge_owner(sqlite3_stmt *stmt, const struct outbox_config *config)
{
    if (!same_bytes(stmt, 0, config->division, strlen(config->division)) ||
        !same_bytes(stmt, 1, config->vehicle, strlen(config->vehicle)))
        return -EBADMSG;
    const bool owned = is_key(stmt, 2, config->key) || is_key(stmt, 2, config->next_key);
    if (sqlite3_column_type(stmt, 3) == SQLITE_NULL)
        return owned ? 0 : -EBADMSG;
    if (owned && is_key(stmt, 3, config->next_key))
        return 0;
    return owned || is_key(stmt, 3, config->key) || is_key(stmt, 3, config->next_key) ? -ENOKEY : -EBADMSG;
}

static int check_owner(sqlite3 *db, const struct outbox_config *config)
{
    sqlite3_stmt *stmt = NULL;
    int rc = first_row(db,
                       "SELECT division, vehicle, meta.public_key, change.public_key"
                       " FROM meta LEFT JOIN key_change AS change ON change.id = 1",
                       &stmt);
    if (rc == 0)
        rc = judge_owner(stmt, config);
    sqlite3_finalize(stmt);
    return rc;
}

static int quick_check(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int rc = first_row(db, "PRAGMA quick_check(1)", &stmt);
    if (rc == 0 && !same_bytes(stmt, 0, "ok", 2))
        rc = -EBADMSG;
    sqlite3_finalize(stmt);
    return rc;
}

/* SQLite often calls a page damaged that the disk could not read, so what it calls damaged is read through
 * once more, past it. -EREMOTEIO, or 0 also for what cannot be told. */
static int read_through(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    char block[4096];
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc != SQLITE_OK || file == NULL || file->pMethods == NULL ||
        file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return 0;
    for (sqlite3_int64 at = 0; at < size; at += (sqlite3_int64)sizeof block) {
        const sqlite3_int64 left = size - at;
        const int len = left < (sqlite3_int64)sizeof block ? (int)left : (int)sizeof block;
        rc = file->pMethods->xRead(file, block, len, at);
        if (outbox_file_errno(db, rc) == -EREMOTEIO)
            return -EREMOTEIO;
    }
    return 0;
}

/* 0 and whether there is anything in the file, or -EBADMSG for a file of another program or version. */
static int check_magic(sqlite3 *db, bool *ret_empty)
{
    int64_t application_id = 0, version = 0, objects = 0;
    int rc = query_int(db, "PRAGMA application_id", &application_id);
    if (rc == 0)
        rc = query_int(db, "PRAGMA user_version", &version);
    if (rc == 0)
        rc = query_int(db, "SELECT count(*) FROM sqlite_schema", &objects);
    if (rc != 0)
        return rc;
    bool empty = application_id == 0 && version == 0 && objects == 0;
    if (!empty && (application_id != APPLICATION_ID || version != SCHEMA_VERSION))
        return -EBADMSG;
    *ret_empty = empty;
    return 0;
}

static int prepare(sqlite3 *db, const struct outbox_config *config)
{
    bool empty = false;
    if (sqlite3_db_readonly(db, "main") == 1)
        return -EROFS; /* a handle that SQLite opened for reading alone would stay so when the disk is well
                          again */
    sqlite3_busy_timeout(db, config->attach ? PATIENT_MS : HASTY_MS);
    int rc = check_magic(db, &empty); /* before anything is written: it may be somebody else's */
    if (rc == 0)
        rc = exec(db, PRAGMAS);
    if (rc != 0)
        return rc;
    if (empty)
        return config->attach ? -ENOENT : create(db, config);
    if (!config->attach) /* once a process: the handle that attaches comes after the one that checked */
        rc = quick_check(db);
    if (rc == 0 && !config->attach)
        rc = exec(db, KEY_CHANGE);
    return rc == 0 ? check_owner(db, config) : rc;
}

int outbox_file_open(const struct outbox_config *config, sqlite3 **ret)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (config->attach ? 0 : SQLITE_OPEN_CREATE);
    sqlite3 *db = NULL;
    int opened = sqlite3_open_v2(config->path, &db, flags, NULL);
    int rc = db == NULL ? -ENOMEM : outbox_file_errno(db, opened);
    if (rc == 0)
        rc = prepare(db, config);
    if (rc == -EBADMSG && read_through(db) != 0)
        rc = -EREMOTEIO;
    if (rc != 0) {
        sqlite3_close(db);
        return rc;
    }
    *ret = db;
    return 0;
}

/* ---- setting aside ---- */

static int rename_if_there(const char *from, const char *to)
{
    return rename(from, to) == 0 || errno == ENOENT ? 0 : -errno;
}

/* The suffix of the next file to lie beside. */
static void aside_name(const char *path, const char *kind, char ret[ASIDE_LEN])
{
    char name[PATH_MAX];
    for (int n = 1; n <= ASIDE_MAX; n++) {
        (void)snprintf(ret, ASIDE_LEN, ".%s-%d", kind, n);
        (void)snprintf(name, sizeof name, "%s%s", path, ret);
        if (access(name, F_OK) != 0)
            return;
    }
}

int outbox_file_set_aside(const char *path)
{
    /* The database goes last: a -wal left beside a new database would be replayed into it. */
    static const char *const suffixes[] = {"-wal", "-shm", ""};
    char from[PATH_MAX], to[PATH_MAX], aside[ASIDE_LEN];
    aside_name(path, "corrupt", aside);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        int from_len = snprintf(from, sizeof from, "%s%s", path, suffixes[i]);
        int to_len = snprintf(to, sizeof to, "%s%s%s", path, aside, suffixes[i]);
        if (from_len >= (int)sizeof from || to_len >= (int)sizeof to)
            return -ENAMETOOLONG;
        int rc = rename_if_there(from, to);
        if (rc != 0)
            return rc;
    }
    return savefile_sync_folder(path);
}

/* Tells nobody of its progress: a full outbox (100,000 tracks, 20 MB) is copied in half a second on an SSD,
 * and a card that writes 2 MB/s does it in a third of the watchdog's time. */
int outbox_file_copy_aside(sqlite3 *db, const char *path, char to[PATH_MAX])
{
    char aside[ASIDE_LEN];
    aside_name(path, "forked", aside);
    if (snprintf(to, PATH_MAX, "%s%s", path, aside) >= PATH_MAX)
        return -ENAMETOOLONG;
    (void)unlink(to); /* the last of many: VACUUM writes over nothing */
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "VACUUM INTO ?", -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(stmt, 1, to, -1, SQLITE_STATIC);
        rc = sqlite3_step(stmt);
    }
    sqlite3_finalize(stmt);
    const int error = outbox_file_errno(db, rc);
    if (error != 0)
        (void)unlink(to); /* half a copy is no evidence */
    return error;
}

/* ---- beside the file: lock and reserve ---- */

static int open_beside(const char *path, const char *suffix, int flags)
{
    char name[PATH_MAX];
    if (snprintf(name, sizeof name, "%s%s", path, suffix) >= (int)sizeof name)
        return -ENAMETOOLONG;
    const int fd = open(name, flags | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

int outbox_file_lock(const char *path, int *ret_fd)
{
    const int fd = open_beside(path, ".lock", O_RDONLY | O_CREAT); /* read-only disks lock as well */
    if (fd < 0)
        return fd;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno == EWOULDBLOCK ? -EALREADY : -errno;
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

static int take_up_room(int fd, uint64_t bytes)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return -errno;
    const bool whole = status.st_size == (off_t)bytes && status.st_blocks * INT64_C(512) >= (int64_t)bytes;
    return whole ? 0 : -posix_fallocate(fd, 0, (off_t)bytes);
}

int outbox_file_reserve(const char *path, uint64_t bytes)
{
    const int fd = open_beside(path, ".reserve", O_RDWR | O_CREAT);
    if (fd < 0)
        return fd;
    const int error = take_up_room(fd, bytes);
    close(fd);
    if (error != 0)
        (void)outbox_file_release(path); /* half of it would be in the way of the alerts */
    return error;
}

bool outbox_file_release(const char *path)
{
    char name[PATH_MAX];
    return snprintf(name, sizeof name, "%s.reserve", path) < (int)sizeof name && unlink(name) == 0;
}
