/* A LAWICEL / CANable adapter on a tty. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/source/slcan.h"

/* At most this much in one turn of the loop: some 500 ms of a bus that is 100 % busy at 500 kbit/s. */
enum { CHUNK_LEN = 4096, CHUNKS_PER_READ_MAX = 16 };

struct adapter {
    char *path;
    char bitrate_code;
    int fd; /* -1 closed */
    struct slcan slcan;
};

/* Raw, 115200 8N1: what serial adapters speak; USB ones ignore the rate. */
static int make_raw(int fd)
{
    struct termios attr;
    if (tcgetattr(fd, &attr) != 0)
        return -errno;
    cfmakeraw(&attr);
    attr.c_cflag |= CLOCAL | CREAD;
    if (cfsetspeed(&attr, B115200) != 0 || tcsetattr(fd, TCSANOW, &attr) != 0 || tcflush(fd, TCIOFLUSH) != 0)
        return -errno;
    return 0;
}

/* All or an error: a tty that has no room for a dozen bytes just after a flush is not working. */
static int command(int fd, const char *text)
{
    const size_t len = strlen(text);
    const ssize_t n = write(fd, text, len);
    if (n < 0)
        return -errno;
    return (size_t)n == len ? 0 : -EIO;
}

static int adapter_open(void *self, struct source_stats *stats)
{
    (void)stats;
    struct adapter *adapter = self;
    const int fd = open(adapter->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    /* Close first: an adapter that is open already refuses a bit rate. */
    const char start[] = {'C', '\r', 'S', adapter->bitrate_code, '\r', 'O', '\r', '\0'};
    int err = make_raw(fd);
    if (err == 0)
        err = command(fd, start);
    if (err < 0) {
        (void)close(fd);
        return err;
    }
    adapter->fd = fd;
    slcan_init(&adapter->slcan);
    return 0;
}

static int adapter_fd(const void *self)
{
    const struct adapter *adapter = self;
    return adapter->fd;
}

static int read_chunks(struct adapter *adapter, const struct source_sink *sink)
{
    uint8_t chunk[CHUNK_LEN];
    for (int i = 0; i < CHUNKS_PER_READ_MAX; i++) {
        const ssize_t n = read(adapter->fd, chunk, sizeof chunk);
        if (n == 0)
            return -EIO; /* hung up: unplugged */
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        slcan_feed(&adapter->slcan, chunk, (size_t)n, sink->can, sink->context);
    }
    return 0;
}

static int adapter_read(void *self, const struct source_sink *sink, struct source_stats *stats)
{
    struct adapter *adapter = self;
    const uint64_t bad = adapter->slcan.bad, refusals = adapter->slcan.refusals;
    const int err = read_chunks(adapter, sink);
    if (adapter->slcan.bad > bad)
        source_refuse(stats, adapter->slcan.bad - bad, adapter->slcan.reason);
    if (adapter->slcan.refusals > refusals)
        source_refuse(stats, adapter->slcan.refusals - refusals, "the adapter refused a command");
    return err;
}

static void adapter_close(void *self)
{
    struct adapter *adapter = self;
    (void)command(adapter->fd, "C\r"); /* a courtesy: it may be unplugged */
    (void)close(adapter->fd);
    adapter->fd = -1;
}

static void adapter_destroy(void *self)
{
    struct adapter *adapter = self;
    free(adapter->path);
    free(adapter);
}

struct source *source_slcan_create(const char *path, char bitrate_code)
{
    static const struct source_driver driver = {
        .name = "slcan",
        .open = adapter_open,
        .fd = adapter_fd,
        .read = adapter_read,
        .close = adapter_close,
        .destroy = adapter_destroy,
    };
    struct adapter *adapter = calloc(1, sizeof *adapter);
    if (adapter == NULL)
        return NULL;
    adapter->path = strdup(path);
    if (adapter->path == NULL) {
        free(adapter);
        return NULL;
    }
    adapter->bitrate_code = bitrate_code;
    adapter->fd = -1;
    return source_create(&driver, adapter);
}
