#include "proto/savefile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

static int write_synced(const char *path, unsigned mode, const void *data, size_t len)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return -errno;
    int error = write_all(fd, data, len);
    if (error == 0 && (fchmod(fd, (mode_t)mode) != 0 || fsync(fd) != 0))
        error = -errno;
    if (close(fd) != 0 && error == 0)
        error = -errno;
    return error;
}

/* link() fails when the name is taken. */
static int put_in_place(const char *fresh, const char *path, bool replace)
{
    if (replace)
        return rename(fresh, path) != 0 ? -errno : 0;
    const int error = link(fresh, path) != 0 ? -errno : 0;
    (void)unlink(fresh); /* litter at worst */
    return error;
}

int savefile_sync_folder(const char *path)
{
    char copy[PATH_MAX];
    if ((size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy)
        return -ENAMETOOLONG;
    const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    const int error = fsync(fd) != 0 ? -errno : 0;
    (void)close(fd); /* only synced */
    return error;
}

int savefile_write(const char *path, unsigned mode, bool replace, const void *data, size_t len)
{
    char fresh[PATH_MAX];
    if ((size_t)snprintf(fresh, sizeof fresh, "%s.new", path) >= sizeof fresh)
        return -ENAMETOOLONG;
    (void)unlink(fresh); /* of an attempt that was cut off; one that cannot go fails the next call */
    int error = write_synced(fresh, mode, data, len);
    if (error == 0)
        error = put_in_place(fresh, path, replace);
    if (error != 0)
        (void)unlink(fresh);
    return error != 0 ? error : savefile_sync_folder(path);
}
