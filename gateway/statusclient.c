#include "gateway/statusclient.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MAX = 256 * 1024 };

int status_dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    const struct timeval patience = {.tv_sec = 5};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) !=
            0 || /* connect() heeds this one */
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        const int error = -errno;
        (void)close(fd);
        return error;
    }
    return fd;
}

/* Everything until the other end closes. */
static int read_all(int fd, char *answer, size_t *ret_len)
{
    size_t len = 0;
    ssize_t n = 1;
    while (n > 0 && len < ANSWER_MAX) {
        n = read(fd, answer + len, ANSWER_MAX - len);
        if (n < 0)
            return -errno;
        len += (size_t)n;
    }
    *ret_len = len;
    return 0;
}

static const char *reason_of(int error)
{
    switch (error) {
    case -ENOENT:
    case -ECONNREFUSED:
        return "no gateway runs there";
    case -EAGAIN:
        return "no answer within 5 s";
    case -EBADMSG:
        return "not an answer of a gateway";
    default:
        return strerror(-error);
    }
}

int status_ask(const char *path, json_t **ret, char ret_reason[STATUS_REASON_LEN])
{
    char *answer = malloc(ANSWER_MAX);
    size_t len = 0;
    const int fd = answer != NULL ? status_dial(path) : -ENOMEM;
    int error = fd < 0 ? fd : read_all(fd, answer, &len);
    if (fd >= 0)
        (void)close(fd); /* only read from */
    json_t *json = error == 0 ? json_loadb(answer, len, 0, NULL) : NULL;
    free(answer);
    if (error == 0 && !json_is_object(json)) {
        json_decref(json);
        error = -EBADMSG;
    }
    if (error != 0)
        (void)snprintf(ret_reason, STATUS_REASON_LEN, "%.200s: %s", path, reason_of(error));
    else
        *ret = json;
    return error;
}
