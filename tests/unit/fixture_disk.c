#include "tests/unit/fixture_disk.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 12, HANDLES_MAX = 12, NAME_MAX_LEN = 160, SECTOR = 512, SHM_REGIONS_MAX = 4 };

struct content {
    uint8_t *data;
    size_t len, room;
};

struct file {
    char name[NAME_MAX_LEN]; /* "" = free */
    bool there, safe_there;
    bool fresh; /* a new journal: SQLite syncs the folder with the first sync of it, what was deleted as well
                 */
    struct content now, safe; /* safe: as of the last sync */
    uint8_t *shm[SHM_REGIONS_MAX];
};

struct handle {
    sqlite3_file base;
    struct file *file;
    int level;                          /* of the file lock */
    uint32_t shm_shared, shm_exclusive; /* by slot */
    bool temporary;
};

static struct {
    struct file files[FILES_MAX];
    struct handle *handles[HANDLES_MAX];
    enum disk_fault fault;
    unsigned at, calls;
    bool unreadable;
    size_t unreadable_from;
    sqlite3_vfs *system;
} disk;

static void need(bool met)
{
    if (!met)
        abort(); /* the test itself is at fault */
}

/* ---- faults ---- */

/* What this call ends with: 0, or SQLITE_FULL, or `ioerr`. */
static int strike(int ioerr)
{
    disk.calls++;
    if (disk.fault == DISK_WELL || disk.calls < disk.at)
        return SQLITE_OK;
    const bool once = disk.fault == DISK_EIO_ONCE || disk.fault == DISK_FULL_ONCE;
    if (once && disk.calls > disk.at)
        return SQLITE_OK;
    return disk.fault == DISK_FULL || disk.fault == DISK_FULL_ONCE ? SQLITE_FULL : ioerr;
}

void disk_plan(enum disk_fault fault, unsigned at)
{
    disk.fault = fault;
    disk.at = at;
    disk.calls = 0;
}

void disk_unreadable(bool unreadable)
{
    disk.unreadable = unreadable;
    disk.unreadable_from = 0;
}

void disk_unreadable_from(unsigned offset)
{
    disk.unreadable = true;
    disk.unreadable_from = offset;
}

void disk_mend(void)
{
    disk.fault = DISK_WELL;
}

bool disk_struck(void)
{
    return disk.fault != DISK_WELL && disk.calls >= disk.at;
}

unsigned disk_calls(void)
{
    return disk.calls;
}

/* ---- contents ---- */

static void put(struct content *content, size_t offset, const void *data, size_t len)
{
    if (offset + len > content->room) {
        content->room = 2 * (offset + len);
        content->data = realloc(content->data, content->room);
        need(content->data != NULL);
    }
    if (offset > content->len)
        memset(content->data + content->len, 0, offset - content->len);
    memcpy(content->data + offset, data, len);
    if (offset + len > content->len)
        content->len = offset + len;
}

static void copy(struct content *to, const struct content *from)
{
    to->len = 0;
    if (from->len > 0)
        put(to, 0, from->data, from->len);
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13; /* xorshift32 */
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Sector by sector the old or the new; the length is either's. */
static void mix(struct file *file, uint32_t *random)
{
    const size_t len = (next_random(random) & 1) != 0 ? file->now.len : file->safe.len;
    struct content found = {0};
    for (size_t at = 0; at < len; at += SECTOR) {
        static const uint8_t zeros[SECTOR];
        const size_t n = len - at < SECTOR ? len - at : SECTOR;
        const struct content *from = (next_random(random) & 1) != 0 ? &file->now : &file->safe;
        const size_t have = from->len <= at ? 0 : from->len - at < n ? from->len - at : n;
        put(&found, at, zeros, n);
        if (have > 0)
            put(&found, at, from->data + at, have);
    }
    free(file->now.data);
    file->now = found;
}

static void forget_shm(struct file *file)
{
    for (int i = 0; i < SHM_REGIONS_MAX; i++) {
        free(file->shm[i]);
        file->shm[i] = NULL;
    }
}

void disk_power_cut(enum disk_loss loss, uint32_t seed)
{
    uint32_t random = seed | 1;
    for (int i = 0; i < FILES_MAX; i++) {
        struct file *file = &disk.files[i];
        forget_shm(file);
        if (loss == DISK_LOSES_ALL)
            copy(&file->now, &file->safe);
        else if (loss == DISK_LOSES_SOME)
            mix(file, &random);
        if (loss == DISK_LOSES_ALL || (loss == DISK_LOSES_SOME && (next_random(&random) & 1) != 0))
            file->there = file->safe_there;
        if (!file->there)
            file->now.len = 0;
        copy(&file->safe, &file->now);
        file->safe_there = file->there;
    }
    disk_mend();
}

void disk_reset(void)
{
    for (int i = 0; i < FILES_MAX; i++) {
        struct file *file = &disk.files[i];
        forget_shm(file);
        free(file->now.data);
        free(file->safe.data);
        *file = (struct file){0};
    }
    disk_mend();
}

/* ---- a file ---- */

static int file_close(sqlite3_file *base)
{
    struct handle *handle = (struct handle *)base;
    for (int i = 0; i < HANDLES_MAX; i++)
        if (disk.handles[i] == handle)
            disk.handles[i] = NULL;
    if (handle->temporary) {
        free(handle->file->now.data);
        free(handle->file);
    }
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *ret, int len, sqlite3_int64 offset)
{
    const struct content *now = &((struct handle *)base)->file->now;
    const size_t at = (size_t)offset, n = (size_t)len;
    const size_t have = now->len <= at ? 0 : now->len - at < n ? now->len - at : n;
    if (disk.unreadable && at >= disk.unreadable_from)
        return SQLITE_IOERR_CORRUPTFS; /* as SQLite's own on Unix says of EIO */
    if (have > 0)
        memcpy(ret, now->data + at, have);
    memset((uint8_t *)ret + have, 0, n - have);
    return have == n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *data, int len, sqlite3_int64 offset)
{
    struct handle *handle = (struct handle *)base;
    const int rc = handle->temporary ? SQLITE_OK : strike(SQLITE_IOERR_WRITE);
    if (rc == SQLITE_OK)
        put(&handle->file->now, (size_t)offset, data, (size_t)len);
    else if (disk.fault == DISK_SHORT && disk.calls == disk.at)
        put(&handle->file->now, (size_t)offset, data, (size_t)len / 2);
    return rc;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct handle *handle = (struct handle *)base;
    const int rc = strike(SQLITE_IOERR_TRUNCATE);
    if (rc == SQLITE_OK && (size_t)size < handle->file->now.len)
        handle->file->now.len = (size_t)size;
    return rc;
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct file *file = ((struct handle *)base)->file;
    (void)flags;
    const int rc = strike(SQLITE_IOERR_FSYNC);
    if (rc == SQLITE_OK) {
        copy(&file->safe, &file->now);
        for (int i = 0; i < FILES_MAX && file->fresh; i++)
            disk.files[i].safe_there = disk.files[i].there;
        file->fresh = false;
    }
    return rc;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)((struct handle *)base)->file->now.len;
    return SQLITE_OK;
}

/* The highest lock that another handle has on the file. */
static int others_level(const struct handle *handle)
{
    int level = SQLITE_LOCK_NONE;
    for (int i = 0; i < HANDLES_MAX; i++) {
        const struct handle *other = disk.handles[i];
        if (other != NULL && other != handle && other->file == handle->file && other->level > level)
            level = other->level;
    }
    return level;
}

static int file_lock(sqlite3_file *base, int level)
{
    struct handle *handle = (struct handle *)base;
    const int others = others_level(handle);
    if (handle->level >= level)
        return SQLITE_OK;
    if ((level == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING) ||
        (level == SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED) ||
        (level == SQLITE_LOCK_EXCLUSIVE && others > SQLITE_LOCK_NONE))
        return SQLITE_BUSY;
    handle->level = level;
    return SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int level)
{
    struct handle *handle = (struct handle *)base;
    if (handle->level > level)
        handle->level = level;
    return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *base, int *ret)
{
    *ret = others_level((struct handle *)base) >= SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *argument)
{
    (void)base, (void)op, (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096; /* as SQLite's own on Unix, like the next one */
}

static int file_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **ret)
{
    struct file *file = ((struct handle *)base)->file;
    need(region < SHM_REGIONS_MAX);
    *ret = NULL;
    if (file->shm[region] == NULL && extend) {
        const int rc = strike(SQLITE_IOERR_SHMSIZE);
        if (rc != SQLITE_OK)
            return rc;
        file->shm[region] = calloc(1, (size_t)size);
        need(file->shm[region] != NULL);
    }
    *ret = file->shm[region];
    return SQLITE_OK;
}

static int shm_lock(sqlite3_file *base, int offset, int n, int flags)
{
    struct handle *handle = (struct handle *)base;
    const uint32_t mask = ((1U << n) - 1) << offset;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        handle->shm_shared &= ~mask;
        handle->shm_exclusive &= ~mask;
        return SQLITE_OK;
    }
    for (int i = 0; i < HANDLES_MAX; i++) {
        const struct handle *other = disk.handles[i];
        if (other == NULL || other == handle || other->file != handle->file)
            continue;
        if ((other->shm_exclusive & mask) != 0 ||
            ((flags & SQLITE_SHM_EXCLUSIVE) != 0 && (other->shm_shared & mask) != 0))
            return SQLITE_BUSY;
    }
    if ((flags & SQLITE_SHM_SHARED) != 0)
        handle->shm_shared |= mask;
    else
        handle->shm_exclusive |= mask;
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int shm_unmap(sqlite3_file *base, int delete)
{
    struct handle *handle = (struct handle *)base;
    handle->shm_shared = handle->shm_exclusive = 0;
    bool last = true;
    for (int i = 0; i < HANDLES_MAX; i++)
        last &= disk.handles[i] == NULL || disk.handles[i] == handle || disk.handles[i]->file != handle->file;
    (void)delete;
    if (last)
        forget_shm(handle->file); /* it is never on the disk: a process that comes later makes it anew */
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_sync,
                                           .xFileSize = file_size,
                                           .xLock = file_lock,
                                           .xUnlock = file_unlock,
                                           .xCheckReservedLock = file_check_reserved,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector_size,
                                           .xDeviceCharacteristics = file_characteristics,
                                           .xShmMap = shm_map,
                                           .xShmLock = shm_lock,
                                           .xShmBarrier = shm_barrier,
                                           .xShmUnmap = shm_unmap};

/* ---- the disk ---- */

static struct file *find(const char *name)
{
    for (int i = 0; i < FILES_MAX; i++)
        if (strcmp(disk.files[i].name, name) == 0)
            return &disk.files[i];
    return NULL;
}

static struct file *make(const char *name, int flags)
{
    struct file *file = find(name);
    for (int i = 0; i < FILES_MAX && file == NULL; i++)
        if (disk.files[i].name[0] == '\0')
            file = &disk.files[i];
    need(file != NULL && strlen(name) < NAME_MAX_LEN);
    strcpy(file->name, name);
    file->there = true;
    file->fresh = (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    file->now.len = 0;
    return file;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *ret_flags)
{
    struct handle *handle = (struct handle *)base;
    (void)vfs;
    memset(handle, 0, sizeof *handle);
    if (name == NULL) {
        handle->temporary = true;
        handle->file = calloc(1, sizeof *handle->file);
        need(handle->file != NULL);
    } else {
        handle->file = find(name);
        if (handle->file == NULL || !handle->file->there) {
            if ((flags & SQLITE_OPEN_CREATE) == 0 || strike(SQLITE_CANTOPEN) != SQLITE_OK)
                return SQLITE_CANTOPEN;
            handle->file = make(name, flags);
        }
        for (int i = 0;; i++) {
            need(i < HANDLES_MAX);
            if (disk.handles[i] == NULL) {
                disk.handles[i] = handle;
                break;
            }
        }
    }
    handle->base.pMethods = &methods;
    if (ret_flags != NULL)
        *ret_flags = flags;
    return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    struct file *file = find(name);
    (void)vfs;
    if (file == NULL || !file->there)
        return SQLITE_IOERR_DELETE_NOENT;
    const int rc = strike(SQLITE_IOERR_DELETE);
    if (rc != SQLITE_OK)
        return rc;
    file->there = false;
    if (sync_folder)
        file->safe_there = false;
    return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
    const struct file *file = find(name);
    (void)vfs, (void)flags;
    *ret = file != NULL && file->there && (flags != SQLITE_ACCESS_EXISTS || file->now.len > 0);
    return SQLITE_OK;
}

static int disk_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *ret)
{
    (void)vfs;
    sqlite3_snprintf(size, ret, "%s", name);
    return SQLITE_OK;
}

static int disk_randomness(sqlite3_vfs *vfs, int len, char *ret)
{
    (void)vfs;
    return disk.system->xRandomness(disk.system, len, ret);
}

static int disk_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us; /* nobody else would come meanwhile */
}

static int disk_current_time(sqlite3_vfs *vfs, double *ret)
{
    (void)vfs;
    return disk.system->xCurrentTime(disk.system, ret);
}

static int disk_last_error(sqlite3_vfs *vfs, int len, char *ret)
{
    (void)vfs, (void)len, (void)ret;
    return EIO;
}

void disk_install(void)
{
    static sqlite3_vfs vfs = {.iVersion = 1,
                              .szOsFile = sizeof(struct handle),
                              .mxPathname = NAME_MAX_LEN,
                              .zName = "disk",
                              .xOpen = disk_open,
                              .xDelete = disk_delete,
                              .xAccess = disk_access,
                              .xFullPathname = disk_full_pathname,
                              .xRandomness = disk_randomness,
                              .xSleep = disk_sleep,
                              .xCurrentTime = disk_current_time,
                              .xGetLastError = disk_last_error};
    disk.system = sqlite3_vfs_find(NULL);
    const int rc = sqlite3_vfs_register(&vfs, 1);
    need(rc == SQLITE_OK);
}
