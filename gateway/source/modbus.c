#define _GNU_SOURCE /* pipe2 */
/* libmodbus blocks, and the watch must not: a thread asks the slave and writes what it hears into a pipe. The
 * pipe is the whole of what the two share: it holds 64 KiB, and what finds no room in it is dropped and
 * counted. */
#include "gateway/source/modbus.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/source/modbusline.h"

enum {
    BATCH_MAX = 128,       /* messages in one write */
    BATCHES_PER_READ = 16, /* in one turn of the loop */
    LEAST_PAUSE_MS = 20,   /* between two turns, however long the first one took */
    QUIET_MS = 50,         /* of the line after garbage, before it is thrown away */
    TIMEOUTS_TCP_MAX = 5,  /* in a row: then a new connection; the old one may lead to nobody */
};

enum what { CONNECTED, VALUE, TROUBLE, DROPPED, ENDED };

/* Through the pipe. */
struct message {
    enum what what;
    int number; /* VALUE: the signal; TROUBLE, ENDED: a negative errno; DROPPED: how many */
    double value;
};
_Static_assert(BATCH_MAX * sizeof(struct message) <= PIPE_BUF, "a batch is written whole or not at all");

struct slave {
    struct modbus_config config;
    struct register_signal signals[REGISTERS_MAX];
    struct register_block blocks[REGISTER_BLOCKS_MAX];
    size_t n_blocks;
    bool running; /* there is a thread, and the pipes are open */
    pthread_t thread;
    int in, out;           /* of the pipe: the loop's end, the thread's */
    int stop_in, stop_out; /* closing stop_out ends the thread */
    int dropped;           /* the thread's: messages that found no room */
};

/* --- on the thread --- */

static void say(struct slave *slave, const struct message *messages, size_t n)
{
    if (n == 0)
        return;
    const ssize_t len = (ssize_t)(n * sizeof *messages);
    if (write(slave->out, messages, (size_t)len) != len) /* EAGAIN: nobody reads */
        slave->dropped += (int)n;
}

static void say_one(struct slave *slave, enum what what, int number)
{
    struct message message;
    memset(&message, 0, sizeof message); /* padding too: it goes through a pipe */
    message.what = what;
    message.number = number;
    say(slave, &message, 1);
}

/* False when it is over. */
static bool pause_ms(const struct slave *slave, int64_t ms)
{
    struct pollfd stop = {.fd = slave->stop_in, .events = POLLIN};
    return poll(&stop, 1, (int)ms) == 0;
}

static void say_values(struct slave *slave, const struct register_block *block, const uint16_t *words)
{
    struct message batch[BATCH_MAX];
    size_t n = 0;
    memset(batch, 0, sizeof batch);
    for (size_t i = 0; i < slave->config.n_signals; i++) {
        if (!registers_value(&slave->signals[i], block, words, &batch[n].value))
            continue;
        batch[n].what = VALUE;
        batch[n].number = (int)i;
        if (++n == BATCH_MAX) {
            say(slave, batch, n);
            n = 0;
        }
    }
    say(slave, batch, n);
}

/* After garbage or silence: what comes late belongs to nobody. False when it is over. */
static bool settle(const struct slave *slave, modbus_t *line, int error)
{
    const bool more = pause_ms(slave, error == -ETIMEDOUT ? slave->config.timeout_ms : QUIET_MS);
    (void)modbus_flush(line);
    return more;
}

/* 0, or why the line is of no more use; -ECANCELED: over. */
static int ask_all(struct slave *slave, modbus_t *line, unsigned *timeouts)
{
    for (size_t i = 0; i < slave->n_blocks; i++) {
        uint16_t words[REGISTER_BLOCK_MAX];
        const int error = modbusline_read(line, &slave->blocks[i], words);
        *timeouts = error == -ETIMEDOUT ? *timeouts + 1 : 0;
        if (error == 0) {
            say_values(slave, &slave->blocks[i], words);
            continue;
        }
        if (modbusline_fault(error) == NULL)
            return error;
        say_one(slave, TROUBLE, error);
        if (slave->config.link.tcp && *timeouts >= TIMEOUTS_TCP_MAX)
            return error;
        if (!settle(slave, line, error))
            return -ECANCELED;
    }
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int ask_for_ever(struct slave *slave, modbus_t *line)
{
    unsigned timeouts = 0;
    if (modbus_connect(line) != 0)
        return errno > 0 ? -errno : -EIO;
    (void)modbus_flush(line);
    say_one(slave, CONNECTED, 0);
    for (;;) {
        const int64_t started_ms = now_ms();
        const int error = ask_all(slave, line, &timeouts);
        if (error != 0)
            return error;
        if (slave->dropped > 0) {
            const int dropped = slave->dropped;
            slave->dropped = 0;
            say_one(slave, DROPPED, dropped);
        }
        const int64_t left_ms = slave->config.poll_ms - (now_ms() - started_ms);
        if (!pause_ms(slave, left_ms > LEAST_PAUSE_MS ? left_ms : LEAST_PAUSE_MS))
            return -ECANCELED;
    }
}

static void *run(void *context)
{
    struct slave *slave = context;
    int error = -ENOMEM;
    modbus_t *line = modbusline_create(&slave->config.link, slave->config.timeout_ms);
    if (line != NULL) {
        error = ask_for_ever(slave, line);
        modbus_close(line);
        modbus_free(line);
    }
    say_one(slave, ENDED, error);
    (void)close(slave->out); /* when that found no room, the end of the pipe says it */
    slave->out = -1;
    return NULL;
}

/* --- on the loop --- */

static void close_pipes(struct slave *slave)
{
    int *const ends[] = {&slave->in, &slave->out, &slave->stop_in, &slave->stop_out};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (*ends[i] >= 0)
            (void)close(*ends[i]);
        *ends[i] = -1;
    }
}

static int open_pipes(struct slave *slave)
{
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
        return -errno;
    slave->in = ends[0];
    slave->out = ends[1];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    slave->stop_in = ends[0];
    slave->stop_out = ends[1];
    return 0;
}

static int start(struct slave *slave)
{
    int error = open_pipes(slave);
    if (error == 0) {
        sigset_t all, before; /* signals are the loop's */
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        slave->dropped = 0;
        error = -pthread_create(&slave->thread, NULL, run, slave);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (error != 0)
        close_pipes(slave);
    slave->running = error == 0;
    return error;
}

static void stop(void *self)
{
    struct slave *slave = self;
    if (!slave->running)
        return;
    (void)close(slave->stop_out);
    slave->stop_out = -1;
    (void)pthread_join(slave->thread, NULL);
    close_pipes(slave);
    slave->running = false;
}

static int hear(const struct message *message, const struct source_sink *sink, struct source_stats *stats)
{
    const struct modbusline_fault *fault;
    switch (message->what) {
    case CONNECTED:
        break;
    case VALUE:
        sink->value(sink->context, (size_t)message->number, message->value);
        break;
    case TROUBLE:
        fault = modbusline_fault(message->number);
        if (fault != NULL)
            source_trouble(stats, 1, fault->code, fault->words);
        break;
    case DROPPED:
        source_trouble(stats, (uint64_t)message->number, "dropped", "values were not read in time");
        break;
    case ENDED:
        return message->number;
    }
    return 0;
}

/* Connecting takes its time on the thread: asked for again and again until it has ended in one way or the
 * other. */
static int slave_open(void *self, struct source_stats *stats)
{
    struct slave *slave = self;
    (void)stats;
    struct message message;
    if (!slave->running) {
        const int error = start(slave);
        return error != 0 ? error : -EINPROGRESS;
    }
    const ssize_t n = read(slave->in, &message, sizeof message);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return -EINPROGRESS;
    if (n == sizeof message && message.what == CONNECTED)
        return 0;
    stop(slave);
    return n == sizeof message && message.what == ENDED ? message.number : -EIO;
}

static int slave_fd(const void *self)
{
    const struct slave *slave = self;
    return slave->in;
}

static int slave_read(void *self, const struct source_sink *sink, struct source_stats *stats)
{
    const struct slave *slave = self;
    for (int i = 0; i < BATCHES_PER_READ; i++) {
        struct message batch[BATCH_MAX];
        const ssize_t n = read(slave->in, batch, sizeof batch);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
            return -EPIPE;
        for (size_t m = 0; m < (size_t)n / sizeof batch[0]; m++) {
            const int error = hear(&batch[m], sink, stats);
            if (error != 0)
                return error;
        }
    }
    return 0;
}

static void slave_destroy(void *self)
{
    stop(self);
    free(self);
}

struct source *source_modbus_create(const struct modbus_config *config)
{
    static const struct source_driver driver = {
        .name = "modbus",
        .open = slave_open,
        .fd = slave_fd,
        .read = slave_read,
        .close = stop,
        .destroy = slave_destroy,
    };
    if (config->n_signals > REGISTERS_MAX)
        return NULL;
    struct slave *slave = calloc(1, sizeof *slave);
    if (slave == NULL)
        return NULL;
    slave->config = *config;
    memcpy(slave->signals, config->signals, config->n_signals * sizeof slave->signals[0]);
    slave->config.signals = slave->signals;
    slave->in = slave->out = slave->stop_in = slave->stop_out = -1;
    slave->n_blocks = registers_plan(slave->signals, config->n_signals, slave->blocks);
    if (slave->n_blocks == 0) {
        free(slave);
        return NULL;
    }
    return source_create(&driver, slave);
}
