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
/* So often in a row an adapter may leave the question for its status unanswered before it is asked no more.
 */
enum { UNANSWERED_MAX = 3 };

struct adapter {
    char *path;
    char bitrate_code;
    int fd; /* -1 closed */
    struct slcan slcan;
    bool asks;           /* for the status: CANable knows no such command, LAWICEL does */
    unsigned unanswered; /* questions in a row */
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
    adapter->asks = true;
    adapter->unanswered = 0;
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

/* LAWICEL's flags, once a second: of what went wrong since they were last read. */
static void count_flags(uint8_t flags, struct source_stats *stats)
{
    source_trouble(stats, (flags & (SLCAN_RX_FULL | SLCAN_OVERRUN)) != 0, "overrun",
                   "the adapter lost frames");
    source_trouble(stats, (flags & SLCAN_ERROR_WARNING) != 0, "error_warning",
                   "many frames are faulty; check wires, termination and bit rate");
    source_trouble(stats, (flags & SLCAN_ERROR_PASSIVE) != 0, "error_passive",
                   "error passive: most frames are faulty; check wires, termination and bit rate");
    source_trouble(stats, (flags & SLCAN_BUS_ERROR) != 0, "bus_error",
                   "faulty frames on the bus; check wires, termination and bit rate");
}

/* What is no to one of the commands of adapter_open() is known by its place; C is refused by one that is
 * closed already, F by one that has no flags. */
static void count_refusals(struct adapter *adapter, const struct slcan *before, struct source_stats *stats)
{
    static const char *const words[] = {NULL, "the adapter refused the bit rate",
                                        "the adapter refused to open the channel"};
    const struct slcan *now = &adapter->slcan;
    uint64_t refusals = now->refusals - before->refusals;
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (((now->first & ~before->first) >> i & 1) == 0)
            continue;
        refusals--;
        if (words[i] != NULL)
            source_trouble(stats, 1, "refused_command", words[i]);
    }
    if (refusals > 0 && adapter->unanswered > 0) {
        refusals--;
        adapter->asks = false;
    }
    source_trouble(stats, refusals, "refused_command", "the adapter refused a command");
}

static int adapter_read(void *self, const struct source_sink *sink, struct source_stats *stats)
{
    struct adapter *adapter = self;
    const struct slcan *now = &adapter->slcan, before = *now;
    const int err = read_chunks(adapter, sink);
    if (now->bad > before.bad)
        source_refuse(stats, now->bad - before.bad, now->reason);
    source_passed_over(stats, now->remote - before.remote, "remote", "remote frame");
    source_passed_over(stats, now->fd - before.fd, "fd", "CAN FD frame");
    count_refusals(adapter, &before, stats);
    if (now->statuses > before.statuses)
        count_flags(now->flags, stats);
    if (now->statuses + now->accepts + now->refusals > before.statuses + before.accepts + before.refusals)
        adapter->unanswered = 0;
    return err;
}

static void adapter_tick(void *self)
{
    struct adapter *adapter = self;
    adapter->asks = adapter->asks && adapter->unanswered < UNANSWERED_MAX;
    if (!adapter->asks)
        return;
    adapter->unanswered++;
    (void)command(adapter->fd, "F\r"); /* one that hangs answers nothing either */
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
        .tick = adapter_tick,
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
