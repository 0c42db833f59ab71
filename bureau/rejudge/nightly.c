#include "bureau/rejudge/nightly.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bureau/rejudge/opening.h"
#include "proto/utc.h"

static const int64_t MINUTE_MS = 60000, OFFSET_MS = (int64_t)REGISTRY_UTC_OFFSET_MIN * 60000;
enum { LOOK_MS = 60000, LINE_MAX_BYTES = 256 }; /* the clock may be set meanwhile: looked at once a minute */

struct nightly {
    struct nightly_config config;
    char store_path[4096];
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t stopped;
    atomic_bool stop;
};

struct night {
    struct nightly *nightly;
    struct store *store; /* for cases */
    int64_t now_utc_ms;
};

static int64_t clock_utc_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t nightly_wait_ms(uint16_t at_min, int64_t now_utc_ms)
{
    const int64_t local_ms = (now_utc_ms + OFFSET_MS) % UTC_MS_PER_DAY;
    const int64_t wait_ms = at_min * MINUTE_MS - local_ms;
    return wait_ms > 0 ? wait_ms : wait_ms + UTC_MS_PER_DAY;
}

static int take(void *context, const struct rejudge_finding *finding)
{
    const struct night *night = context;
    return opening_take(night->store, night->nightly->config.policy, "bureau", night->now_utc_ms, finding);
}

static int go_on(void *context, const struct rejudge_totals *so_far)
{
    const struct night *night = context;
    (void)so_far;
    return atomic_load(&night->nightly->stop) ? -ECANCELED : 0;
}

static int tell_unjudged(void *context, const char *vehicle, const char *why)
{
    const struct night *night = context;
    char line[LINE_MAX_BYTES];
    (void)snprintf(line, sizeof line, "rejudge: %s: not judged: %.180s", vehicle, why);
    night->nightly->config.say(line);
    return 0;
}

static void tell(struct nightly *nightly, int rc, const char *why, const struct rejudge_totals *totals,
                 int32_t last_day)
{
    char line[LINE_MAX_BYTES], first[UTC_DAY_TEXT_LEN], last[UTC_DAY_TEXT_LEN], unjudged[48] = "";
    utc_day_format(last_day - NIGHTLY_DAYS + 1, first);
    utc_day_format(last_day, last);
    if (rc == -ECANCELED)
        return;
    if (totals->unjudged > 0)
        (void)snprintf(unjudged, sizeof unjudged, ", %" PRIu64 " not judged", totals->unjudged);
    if (rc != 0)
        (void)snprintf(line, sizeof line, "rejudge of %s to %s: %.180s", first, last, why);
    else
        (void)snprintf(
            line, sizeof line,
            "rejudge of %s to %s: %" PRIu64 " vehicles%s, %" PRIu64 " positions, %" PRIu64 " alerts missing",
            first, last, totals->vehicles, unjudged, totals->fixes, totals->found[REJUDGE_MISSING]);
    nightly->config.say(line);
}

/* The local days before this instant: what came late is judged with its own day, and is told once. */
static void judge_days(struct nightly *nightly, int64_t now_utc_ms)
{
    struct store *reading = NULL;
    struct rejudge_totals totals = {0};
    struct night night = {.nightly = nightly, .now_utc_ms = now_utc_ms};
    const int64_t day = (now_utc_ms + OFFSET_MS) / UTC_MS_PER_DAY - 1;
    const struct rejudge_options options = {.from_utc_ms =
                                                (day - NIGHTLY_DAYS + 1) * UTC_MS_PER_DAY - OFFSET_MS,
                                            .to_utc_ms = (day + 1) * UTC_MS_PER_DAY - OFFSET_MS,
                                            .now_utc_ms = now_utc_ms,
                                            .on_finding = take,
                                            .on_unjudged = tell_unjudged,
                                            .on_progress = go_on,
                                            .context = &night};
    int rc = store_open_reading(nightly->store_path, &reading);
    if (rc == 0)
        rc = store_open(nightly->store_path, &night.store);
    if (rc == 0)
        rc = rejudge_store(reading, &options, &totals);
    tell(nightly, rc, strerror(rc < 0 ? -rc : 0), &totals, (int32_t)day);
    store_close(night.store);
    store_close(reading);
}

static bool sleep_ms(struct nightly *nightly, int64_t ms)
{
    struct timespec until;
    int rc = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&nightly->mutex);
    while (!atomic_load(&nightly->stop) && rc == 0)
        rc = pthread_cond_timedwait(&nightly->stopped, &nightly->mutex, &until);
    (void)pthread_mutex_unlock(&nightly->mutex);
    return !atomic_load(&nightly->stop);
}

static void *run(void *context)
{
    struct nightly *nightly = context;
    int64_t now_utc_ms = nightly->config.now_utc_ms();
    int64_t due_utc_ms = now_utc_ms + nightly_wait_ms(nightly->config.at_min, now_utc_ms);
    for (;;) {
        const int64_t left_ms = due_utc_ms - now_utc_ms;
        if (!sleep_ms(nightly, left_ms < LOOK_MS ? left_ms : LOOK_MS))
            return NULL;
        now_utc_ms = nightly->config.now_utc_ms();
        if (now_utc_ms < due_utc_ms)
            continue;
        judge_days(nightly, now_utc_ms);
        now_utc_ms = nightly->config.now_utc_ms();
        due_utc_ms = now_utc_ms + nightly_wait_ms(nightly->config.at_min, now_utc_ms);
    }
}

static void init_locks(struct nightly *nightly)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&nightly->stopped, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&nightly->mutex, NULL);
}

static void destroy(struct nightly *nightly)
{
    (void)pthread_cond_destroy(&nightly->stopped);
    (void)pthread_mutex_destroy(&nightly->mutex);
    free(nightly);
}

int nightly_start(const struct nightly_config *config, struct nightly **ret)
{
    struct nightly *nightly = calloc(1, sizeof *nightly);
    if (nightly == NULL)
        return -ENOMEM;
    nightly->config = *config;
    if (config->now_utc_ms == NULL)
        nightly->config.now_utc_ms = clock_utc_ms;
    (void)snprintf(nightly->store_path, sizeof nightly->store_path, "%s", config->store_path);
    init_locks(nightly);
    const int error = pthread_create(&nightly->thread, NULL, run, nightly);
    if (error != 0) {
        destroy(nightly);
        return -error;
    }
    *ret = nightly;
    return 0;
}

void nightly_stop(struct nightly *nightly)
{
    if (nightly == NULL)
        return;
    (void)pthread_mutex_lock(&nightly->mutex);
    atomic_store(&nightly->stop, true);
    (void)pthread_cond_broadcast(&nightly->stopped);
    (void)pthread_mutex_unlock(&nightly->mutex);
    (void)pthread_join(nightly->thread, NULL);
    destroy(nightly);
}
