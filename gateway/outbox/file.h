/* The outbox's SQLite file: its schema, the checks when it is opened, and what happens to one that is not
 * ours to read. Used by outbox.c alone. */
#ifndef BUSWARDEN_OUTBOX_FILE_H
#define BUSWARDEN_OUTBOX_FILE_H

#include <limits.h>
#include <sqlite3.h>

#include "gateway/outbox/outbox.h"

/* The negative errno for a SQLite result code; 0 for SQLITE_OK, SQLITE_ROW and SQLITE_DONE. -EBADMSG:
 * corrupt, not a database, or not an outbox. */
int outbox_file_errno(sqlite3 *db, int sqlite_rc);

/* Open config->path, create it when it is missing or empty, and check it: magic, version, owner and
 * quick_check. -EBADMSG: it is not of use. -ENOKEY: see outbox.h. With config->attach nothing is ever made:
 * -ENOENT. */
int outbox_file_open(const struct outbox_config *config, sqlite3 **ret);

/* Whether COMMIT waits for the disk from now on; it does when the file is opened. When it does not, what is
 * committed is on disk with the next commit that does, in order. */
int outbox_file_wait(sqlite3 *db, bool wait);

/* Rename a closed file to <path>.corrupt-N with its -wal and -shm. 0, -ENAMETOOLONG or what rename() says. */
int outbox_file_set_aside(const char *path);
/* A whole copy to <path>.forked-N, whose name stands in `to` afterwards. */
int outbox_file_copy_aside(sqlite3 *db, const char *path, char to[PATH_MAX]);

/* Take <path>.lock: the descriptor holds it until it is closed, or the process ends. -EALREADY: another has
 * it. */
int outbox_file_lock(const char *path, int *ret_fd);

/* See that <path>.reserve takes up `bytes` of the disk. -ENOSPC: there is no room for it; then it is gone. */
int outbox_file_reserve(const char *path, uint64_t bytes);
/* Give it up. True when there was one. */
bool outbox_file_release(const char *path);

#endif
