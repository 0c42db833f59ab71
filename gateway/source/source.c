#include "gateway/source/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t BACKOFF_FIRST_MS = 500;
static const int64_t BACKOFF_LAST_MS = 10000;

struct source {
    const struct source_driver *driver;
    void *self;
    struct source_stats stats;
    int64_t backoff_ms;      /* to wait after the next failure */
    int64_t open_at_mono_ms; /* not before */
};

/* The caller's sink with the counting in between. */
struct counter {
    struct source *source;
    const struct source_sink *sink;
    int64_t mono_ms;
};

struct source *source_create(const struct source_driver *driver, void *self)
{
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        driver->destroy(self);
        return NULL;
    }
    source->driver = driver;
    source->self = self;
    source->backoff_ms = BACKOFF_FIRST_MS;
    source->open_at_mono_ms = INT64_MIN;
    source->stats.satellites = -1;
    return source;
}

void source_destroy(struct source *source)
{
    if (source == NULL)
        return;
    if (source->stats.state == SOURCE_OPEN)
        source->driver->close(source->self);
    source->driver->destroy(source->self);
    free(source);
}

void source_refuse(struct source_stats *stats, uint64_t n, const char *reason)
{
    stats->bad += n;
    (void)snprintf(stats->reason, sizeof stats->reason, "%s", reason);
}

void source_passed_over(struct source_stats *stats, uint64_t n, const char *code, const char *words)
{
    size_t i = 0;
    while (i < stats->n_troubles && strcmp(stats->troubles[i].code, code) != 0)
        i++;
    if (n == 0 || i == SOURCE_TROUBLES_MAX)
        return;
    if (i == stats->n_troubles)
        stats->troubles[stats->n_troubles++] = (struct source_trouble){.code = code};
    stats->troubles[i].words = words;
    stats->troubles[i].n += n;
}

void source_trouble(struct source_stats *stats, uint64_t n, const char *code, const char *words)
{
    if (n == 0)
        return;
    source_passed_over(stats, n, code, words);
    source_refuse(stats, n, words);
}

static void retry_later(struct source *source, int err, int64_t mono_ms)
{
    char text[SOURCE_REASON_LEN];
    if (strerror_r(-err, text, sizeof text) != 0)
        (void)snprintf(text, sizeof text, "error %d", -err);
    (void)snprintf(source->stats.reason, sizeof source->stats.reason, "%s: %.100s", source->driver->name,
                   text);
    source->stats.state = SOURCE_CONNECTING;
    source->open_at_mono_ms = mono_ms + source->backoff_ms;
    source->backoff_ms *= 2;
    if (source->backoff_ms > BACKOFF_LAST_MS)
        source->backoff_ms = BACKOFF_LAST_MS;
}

void source_tick(struct source *source, int64_t mono_ms)
{
    if (source->stats.state == SOURCE_OPEN && source->driver->tick != NULL)
        source->driver->tick(source->self);
    if (source->stats.state == SOURCE_OPEN || mono_ms < source->open_at_mono_ms)
        return;
    char before[SOURCE_REASON_LEN];
    memcpy(before, source->stats.reason, sizeof before);
    source->stats.stays_off = false;
    source->stats.reason[0] = '\0';
    const int err = source->driver->open(source->self, &source->stats);
    if (err == -EINPROGRESS) {
        source->stats.state = SOURCE_CONNECTING;
        memcpy(source->stats.reason, before, sizeof before);
        return;
    }
    if (err < 0) {
        retry_later(source, err, mono_ms);
        return;
    }
    source->stats.state = SOURCE_OPEN;
    source->stats.opened++;
}

int source_fd(const struct source *source)
{
    return source->stats.state == SOURCE_OPEN ? source->driver->fd(source->self) : -1;
}

static void count(struct counter *counter)
{
    struct source *source = counter->source;
    source->stats.messages++;
    source->stats.last_mono_ms = counter->mono_ms;
    source->stats.reason[0] = '\0';
    /* Only here, not in source_tick(): a peer that accepts and hangs up at once must not be called twice a
     * second. */
    source->backoff_ms = BACKOFF_FIRST_MS;
}

static void count_gps(void *context, int mode, const struct bw_fix *fix, int64_t utc_ms)
{
    struct counter *counter = context;
    count(counter);
    counter->sink->gps(counter->sink->context, mode, fix, utc_ms);
}

static void count_can(void *context, const struct can_frame_in *frame)
{
    struct counter *counter = context;
    count(counter);
    counter->sink->can(counter->sink->context, frame);
}

static void count_value(void *context, size_t signal, double value)
{
    struct counter *counter = context;
    count(counter);
    counter->sink->value(counter->sink->context, signal, value);
}

void source_read(struct source *source, const struct source_sink *sink, int64_t mono_ms)
{
    if (source->stats.state != SOURCE_OPEN)
        return;
    struct counter counter = {.source = source, .sink = sink, .mono_ms = mono_ms};
    const struct source_sink counting = {
        .context = &counter, .gps = count_gps, .can = count_can, .value = count_value};
    const int err = source->driver->read(source->self, &counting, &source->stats);
    if (err == 0)
        return;
    source->driver->close(source->self);
    retry_later(source, err, mono_ms);
}

const struct source_stats *source_stats(const struct source *source)
{
    return &source->stats;
}
