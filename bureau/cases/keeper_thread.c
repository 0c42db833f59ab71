/* The thread of the keeper. */
#include "bureau/cases/keeper.h"

#include "bureau/registry/registry.h"
#include "bureau/retention/retention.h"
#include "proto/utc.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t PULSE_MS = 1000, BREATH_MS = 20;
enum { PURGE_HOUR = 2 }; /* local: while no vehicle is under way */

struct keeper {
    struct keeper_config config;
    struct store *store; /* of the thread, as the next two */
    int64_t due_ms;      /* the next turn, monotonic */
    int32_t purged_day;  /* local */
    int64_t purge_ms;    /* not before, monotonic */
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool stopping;
    uint64_t turns;
    char reason[KEEPER_REASON_LEN], purge_reason[KEEPER_REASON_LEN];
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void note(struct keeper *keeper, char target[KEEPER_REASON_LEN], const char *reason)
{
    (void)pthread_mutex_lock(&keeper->lock);
    (void)snprintf(target, KEEPER_REASON_LEN, "%s", reason);
    (void)pthread_mutex_unlock(&keeper->lock);
}

/* A look at everything. */
static void take_turn(struct keeper *keeper)
{
    const struct keeper_config *config = &keeper->config;
    const int rc = keeper_turn(keeper->store, config->policy, config->silence,
                               config->connected(config->context), clock_ms(CLOCK_REALTIME));
    note(keeper, keeper->reason, rc != 0 ? store_error(keeper->store) : "");
}

/* So long, or until it is to stop: false. */
static bool sleep_on(struct keeper *keeper, int64_t pause_ms)
{
    struct timespec until;
    int rc = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t until_ns = until.tv_nsec + pause_ms * 1000000;
    until.tv_sec += until_ns / 1000000000;
    until.tv_nsec = until_ns % 1000000000;
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->turns++;
    while (!keeper->stopping && rc == 0)
        rc = pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
    const bool go_on = !keeper->stopping;
    (void)pthread_mutex_unlock(&keeper->lock);
    return go_on;
}

static void take_turn_when_due(struct keeper *keeper)
{
    const int64_t now_ms = clock_ms(CLOCK_MONOTONIC);
    if (now_ms < keeper->due_ms)
        return;
    take_turn(keeper);
    keeper->due_ms = now_ms + keeper->config.silence->check_s * (int64_t)1000;
}

/* Between two transactions of retention others get at the store, and the turns go on. */
static int breathe(void *context)
{
    struct keeper *keeper = context;
    take_turn_when_due(keeper);
    return sleep_on(keeper, BREATH_MS) ? 0 : -ECANCELED;
}

/* Once a local day, and after a start: a pass that finds nothing is short. */
static void purge_when_due(struct keeper *keeper)
{
    const int64_t now_utc_ms = clock_ms(CLOCK_REALTIME);
    struct store_purged purged;
    int32_t day;
    int minute, weekday;
    utc_local(now_utc_ms, REGISTRY_UTC_OFFSET_MIN, &day, &minute, &weekday);
    const int64_t now_ms = clock_ms(CLOCK_MONOTONIC);
    if (now_ms < keeper->purge_ms || day == keeper->purged_day ||
        (keeper->purged_day != 0 && minute < PURGE_HOUR * 60))
        return;
    const uint32_t retry_ms = keeper->config.purge_retry_ms;
    keeper->purge_ms = now_ms + (retry_ms > 0 ? retry_ms : KEEPER_PURGE_RETRY_MS);
    const struct retention_pass pass = {.settings = keeper->config.retention,
                                        .now_utc_ms = now_utc_ms,
                                        .who = "retention",
                                        .pause = breathe,
                                        .context = keeper};
    const int fits = keeper_clock_fits(keeper->store, now_utc_ms);
    const int rc = fits == 1 ? retention_run(keeper->store, &pass, &purged) : fits;
    if (rc == -ECANCELED)
        return;
    note(keeper, keeper->purge_reason, rc != 0 ? store_error(keeper->store) : "");
    if (fits == 1 && rc == 0)
        keeper->purged_day = day;
}

static void *run(void *context)
{
    struct keeper *keeper = context;
    keeper->due_ms = clock_ms(CLOCK_MONOTONIC) + PULSE_MS; /* the broker needs a moment */
    while (sleep_on(keeper, PULSE_MS)) {
        take_turn_when_due(keeper);
        purge_when_due(keeper);
    }
    return NULL;
}

/* Signals are the main thread's business. */
static int start_thread(struct keeper *keeper)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    int err = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (err != 0)
        return -err;
    err = pthread_create(&keeper->thread, NULL, run, keeper);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -err;
}

static void release(struct keeper *keeper)
{
    store_close(keeper->store);
    (void)pthread_cond_destroy(&keeper->wake);
    (void)pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

int keeper_start(const struct keeper_config *config, struct keeper **ret)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));
    if (keeper == NULL)
        return -ENOMEM;
    keeper->config = *config;
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&keeper->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&keeper->lock, NULL);
    int err = store_open(config->store_path, &keeper->store);
    if (err == 0)
        err = start_thread(keeper);
    if (err != 0) {
        release(keeper);
        return err;
    }
    *ret = keeper;
    return 0;
}

void keeper_stop(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->stopping = true;
    (void)pthread_cond_broadcast(&keeper->wake);
    (void)pthread_mutex_unlock(&keeper->lock);
    (void)pthread_join(keeper->thread, NULL);
    release(keeper);
}

uint64_t keeper_turns(struct keeper *keeper)
{
    (void)pthread_mutex_lock(&keeper->lock);
    const uint64_t turns = keeper->turns;
    (void)pthread_mutex_unlock(&keeper->lock);
    return turns;
}

void keeper_reason(struct keeper *keeper, char *ret, size_t size)
{
    (void)pthread_mutex_lock(&keeper->lock);
    (void)snprintf(ret, size, "%s", keeper->reason);
    (void)pthread_mutex_unlock(&keeper->lock);
}

void keeper_purge_reason(struct keeper *keeper, char *ret, size_t size)
{
    (void)pthread_mutex_lock(&keeper->lock);
    (void)snprintf(ret, size, "%s", keeper->purge_reason);
    (void)pthread_mutex_unlock(&keeper->lock);
}
