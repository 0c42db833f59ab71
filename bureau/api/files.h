/* Static files in memory, plain and compressed: read again when the file has changed. On one thread.
 *
 * Limits: FILES_MAX of them, of FILES_LEN_MAX bytes each, and FILES_BYTES_MAX in all; those asked for longest
 * ago go. */
#ifndef BUSWARDEN_FILES_H
#define BUSWARDEN_FILES_H

#include "bureau/api/body.h"

#include <sys/stat.h>

enum { FILES_MAX = 128, FILES_LEN_MAX = 2 << 20, FILES_BYTES_MAX = 16 << 20 };

struct files;

int files_create(struct files **ret);
void files_destroy(struct files *files); /* NULL is fine */

/* The file `path`, open as `fd`, of which fstat() says `status`; body_release() it. -EFBIG; -EAGAIN: it
 * changed meanwhile; -EIO, -ENOMEM. */
int files_get(struct files *files, const char *path, int fd, const struct stat *status, struct body **ret);

#endif
