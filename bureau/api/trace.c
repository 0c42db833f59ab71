#include "bureau/api/trace.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct tracer {
    struct store *store; /* of the worker */
    struct worker *worker;
    pthread_mutex_t lock; /* guards the one below */
    struct tracer_stats stats;
};

struct group {
    size_t n;
    struct trace *of[TRACES_MAX];
};

/* All of them or none. */
static int write_group(struct store *store, const struct group *group)
{
    int rc = store_begin(store);
    for (size_t i = 0; i < group->n && rc == 0; i++) {
        const struct trace *trace = group->of[i];
        rc = store_audit(store, trace->who, trace->action, trace->subject, trace->utc_ms);
    }
    if (rc == 0)
        rc = store_commit(store);
    if (rc != 0)
        store_rollback(store);
    return rc;
}

/* Once its connection is resumed, a trace may be gone. */
static void let_go(struct tracer *tracer, const struct group *group, int rc)
{
    for (size_t i = 0; i < group->n; i++) {
        group->of[i]->state = rc == 0 ? TRACE_KEPT : TRACE_LOST;
        MHD_resume_connection(group->of[i]->connection);
    }
    (void)pthread_mutex_lock(&tracer->lock);
    tracer->stats.commits += rc == 0;
    tracer->stats.kept += rc == 0 ? group->n : 0;
    tracer->stats.lost += rc == 0 ? 0 : group->n;
    (void)pthread_mutex_unlock(&tracer->lock);
}

/* What waits is written when it is time to end as well. */
static void work(void *context, struct worker_job *queued, bool stopping)
{
    struct tracer *tracer = context;
    struct group group;
    (void)stopping;
    for (group.n = 0; queued; queued = group.n < TRACES_MAX ? worker_more(tracer->worker) : NULL)
        group.of[group.n++] = (struct trace *)queued; /* its first member */
    let_go(tracer, &group, write_group(tracer->store, &group));
}

int tracer_create(const char *store_path, struct tracer **ret)
{
    struct tracer *tracer = calloc(1, sizeof(*tracer));
    if (!tracer)
        return -ENOMEM;
    (void)pthread_mutex_init(&tracer->lock, NULL);
    const struct worker_config config = {.waiting_max = TRACES_WAITING_MAX, .work = work, .context = tracer};
    int rc = worker_create(&config, &tracer->worker);
    if (rc == 0)
        rc = store_open(store_path, &tracer->store);
    if (rc != 0)
        tracer_destroy(tracer);
    else
        *ret = tracer;
    return rc;
}

int tracer_start(struct tracer *tracer)
{
    return worker_start(tracer->worker);
}

void tracer_stop(struct tracer *tracer)
{
    worker_stop(tracer->worker);
}

void tracer_destroy(struct tracer *tracer)
{
    if (!tracer)
        return;
    worker_destroy(tracer->worker);
    (void)pthread_mutex_destroy(&tracer->lock);
    store_close(tracer->store);
    free(tracer);
}

static void suspend(void *context)
{
    struct trace *trace = context;
    trace->state = TRACE_WAITS;
    MHD_suspend_connection(trace->connection);
}

int tracer_keep(struct tracer *tracer, struct MHD_Connection *connection, struct trace *trace)
{
    trace->connection = connection;
    return worker_do(tracer->worker, &trace->queued, suspend, trace);
}

void tracer_stats(struct tracer *tracer, struct tracer_stats *ret)
{
    (void)pthread_mutex_lock(&tracer->lock);
    *ret = tracer->stats;
    (void)pthread_mutex_unlock(&tracer->lock);
}
