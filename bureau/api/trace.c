#include "bureau/api/trace.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

STAILQ_HEAD(trace_list, trace);

struct tracer {
    struct store *store; /* of the thread */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool stopping;
    struct trace_list waiting;
    struct tracer_stats stats;
};

/* The next group; empty when it is time to end. */
static void take_group(struct tracer *tracer, struct trace_list *ret)
{
    STAILQ_INIT(ret);
    (void)pthread_mutex_lock(&tracer->lock);
    while (STAILQ_EMPTY(&tracer->waiting) && !tracer->stopping)
        (void)pthread_cond_wait(&tracer->changed, &tracer->lock);
    struct trace *trace;
    for (int n = 0; n < TRACES_MAX && (trace = STAILQ_FIRST(&tracer->waiting)); n++) {
        STAILQ_REMOVE_HEAD(&tracer->waiting, link);
        STAILQ_INSERT_TAIL(ret, trace, link);
    }
    (void)pthread_mutex_unlock(&tracer->lock);
}

/* All of them or none. */
static int write_group(struct store *store, const struct trace_list *group)
{
    int rc = store_begin(store);
    const struct trace *trace;
    STAILQ_FOREACH(trace, group, link)
    {
        if (rc == 0)
            rc = store_audit(store, trace->who, trace->action, trace->subject, trace->utc_ms);
    }
    if (rc == 0)
        rc = store_commit(store);
    if (rc != 0)
        store_rollback(store);
    return rc;
}

/* Once its connection is resumed, a trace may be gone. */
static void let_go(struct tracer *tracer, struct trace_list *group, int rc)
{
    uint64_t n = 0;
    struct trace *trace;
    for (; (trace = STAILQ_FIRST(group)); n++) {
        STAILQ_REMOVE_HEAD(group, link);
        trace->state = rc == 0 ? TRACE_KEPT : TRACE_LOST;
        MHD_resume_connection(trace->connection);
    }
    (void)pthread_mutex_lock(&tracer->lock);
    tracer->stats.commits += rc == 0;
    tracer->stats.kept += rc == 0 ? n : 0;
    tracer->stats.lost += rc == 0 ? 0 : n;
    (void)pthread_mutex_unlock(&tracer->lock);
}

static void *run(void *context)
{
    struct tracer *tracer = context;
    struct trace_list group;
    for (;;) {
        take_group(tracer, &group);
        if (STAILQ_EMPTY(&group))
            return NULL;
        let_go(tracer, &group, write_group(tracer->store, &group));
    }
}

int tracer_create(const char *store_path, struct tracer **ret)
{
    struct tracer *tracer = calloc(1, sizeof(*tracer));
    if (!tracer)
        return -ENOMEM;
    const int rc = store_open(store_path, &tracer->store);
    if (rc != 0) {
        free(tracer);
        return rc;
    }
    STAILQ_INIT(&tracer->waiting);
    (void)pthread_mutex_init(&tracer->lock, NULL);
    (void)pthread_cond_init(&tracer->changed, NULL);
    *ret = tracer;
    return 0;
}

int tracer_start(struct tracer *tracer)
{
    const int rc = pthread_create(&tracer->thread, NULL, run, tracer);
    tracer->started = rc == 0;
    return -rc;
}

void tracer_stop(struct tracer *tracer)
{
    (void)pthread_mutex_lock(&tracer->lock);
    tracer->stopping = true;
    (void)pthread_cond_signal(&tracer->changed);
    (void)pthread_mutex_unlock(&tracer->lock);
    if (tracer->started)
        (void)pthread_join(tracer->thread, NULL);
    tracer->started = false;
}

void tracer_destroy(struct tracer *tracer)
{
    if (!tracer)
        return;
    (void)pthread_cond_destroy(&tracer->changed);
    (void)pthread_mutex_destroy(&tracer->lock);
    store_close(tracer->store);
    free(tracer);
}

int tracer_keep(struct tracer *tracer, struct MHD_Connection *connection, struct trace *trace)
{
    (void)pthread_mutex_lock(&tracer->lock);
    const int rc = tracer->started && !tracer->stopping ? 0 : -ESHUTDOWN;
    if (rc == 0) {
        trace->state = TRACE_WAITS;
        trace->connection = connection;
        MHD_suspend_connection(connection); /* before the other thread can resume it */
        STAILQ_INSERT_TAIL(&tracer->waiting, trace, link);
        (void)pthread_cond_signal(&tracer->changed);
    }
    (void)pthread_mutex_unlock(&tracer->lock);
    return rc;
}

void tracer_stats(struct tracer *tracer, struct tracer_stats *ret)
{
    (void)pthread_mutex_lock(&tracer->lock);
    *ret = tracer->stats;
    (void)pthread_mutex_unlock(&tracer->lock);
}
