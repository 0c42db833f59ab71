/* Files that are whole or not there: after a power cut at any instant the old one or the new one is found.
 * 0 or a negative errno; after a failure there may be the old one or the new one, and never a part. */
#ifndef BUSWARDEN_SAVEFILE_H
#define BUSWARDEN_SAVEFILE_H

#include <stdbool.h>
#include <stddef.h>

/* By way of <path>.new, of which one that was left is taken away. mode: just that, whatever the umask is.
 * replace false: -EEXIST when there is one. One writer a path at a time. */
int savefile_write(const char *path, unsigned mode, bool replace, const void *data, size_t len);

/* A name that was made, moved or taken away is on disk once its folder is: that of `path`. */
int savefile_sync_folder(const char *path);

#endif
