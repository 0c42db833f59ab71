/* secret_file: read for each send, so that a new key needs no restart. */
#include "bureau/notify/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTENT_MAX = 2 * REQUEST_SECRET_MAX + 8 };

/* -EPERM: others may read it; -EMSGSIZE: no secret is that long. */
static int read_file(const char *path, char ret[CONTENT_MAX])
{
    struct stat status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    int err = fstat(fd, &status) == 0 ? 0 : -errno;
    if (err == 0 && !S_ISREG(status.st_mode))
        err = -EINVAL;
    if (err == 0 && (status.st_mode & 0077) != 0)
        err = -EPERM;
    if (err == 0 && status.st_size >= CONTENT_MAX)
        err = -EMSGSIZE;
    ssize_t n = 0;
    if (err == 0)
        n = read(fd, ret, CONTENT_MAX - 1);
    if (err == 0 && n < 0)
        err = -errno;
    (void)close(fd);
    ret[n > 0 ? n : 0] = '\0';
    if (err == 0 && strlen(ret) != (size_t)n)
        err = -EINVAL;
    return err;
}

int notify_secret(const struct notify_channel *channel, struct request_secret *ret,
                  char ret_reason[NOTIFY_REASON_MAX])
{
    char content[CONTENT_MAX] = "";
    *ret = (struct request_secret){.address = ""};
    if (channel->secret_file[0] == '\0')
        return 0;
    int err = read_file(channel->secret_file, content);
    const char *fault = err == -EPERM      ? "others may read it (chmod 600)"
                        : err == -EMSGSIZE ? "too long for a secret"
                        : err == -EINVAL   ? "not a file of text"
                        : err < 0          ? strerror(-err)
                                           : request_secret_parse(channel->type, content, ret);
    sodium_memzero(content, sizeof(content));
    if (fault == NULL)
        return 0;
    sodium_memzero(ret, sizeof(*ret)); /* of a file that is wrong in its second line the first may be there */
    (void)snprintf(ret_reason, NOTIFY_REASON_MAX, "secret_file %.120s: %.100s", channel->secret_file, fault);
    return err < 0 ? err : -EINVAL;
}
