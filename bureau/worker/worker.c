#include "bureau/worker/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

STAILQ_HEAD(worker_jobs, worker_job);

struct worker {
    struct worker_config config;
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool started, stopping;
    size_t n_waiting;
    struct worker_jobs waiting;
};

/* The lock is held. */
static struct worker_job *take_first(struct worker *worker)
{
    struct worker_job *job = STAILQ_FIRST(&worker->waiting);
    if (job == NULL)
        return NULL;
    STAILQ_REMOVE_HEAD(&worker->waiting, link);
    worker->n_waiting--;
    return job;
}

/* Waits for one; NULL when it is time to end and none is left. */
static struct worker_job *take(struct worker *worker, bool *ret_stopping)
{
    (void)pthread_mutex_lock(&worker->lock);
    while (STAILQ_EMPTY(&worker->waiting) && !worker->stopping)
        (void)pthread_cond_wait(&worker->changed, &worker->lock);
    struct worker_job *job = take_first(worker);
    *ret_stopping = worker->stopping;
    (void)pthread_mutex_unlock(&worker->lock);
    return job;
}

static void *run(void *context)
{
    struct worker *worker = context;
    struct worker_job *job;
    bool stopping;
    while ((job = take(worker, &stopping)) != NULL)
        worker->config.work(worker->config.context, job, stopping);
    return NULL;
}

int worker_create(const struct worker_config *config, struct worker **ret)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL)
        return -ENOMEM;
    worker->config = *config;
    STAILQ_INIT(&worker->waiting);
    (void)pthread_mutex_init(&worker->lock, NULL);
    (void)pthread_cond_init(&worker->changed, NULL);
    *ret = worker;
    return 0;
}

int worker_start(struct worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    const int rc = pthread_create(&worker->thread, NULL, run, worker);
    worker->started = rc == 0;
    (void)pthread_mutex_unlock(&worker->lock);
    return -rc;
}

void worker_stop(struct worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    const bool started = worker->started;
    worker->stopping = true;
    worker->started = false;
    (void)pthread_cond_signal(&worker->changed);
    (void)pthread_mutex_unlock(&worker->lock);
    if (started)
        (void)pthread_join(worker->thread, NULL);
}

void worker_destroy(struct worker *worker)
{
    if (worker == NULL)
        return;
    (void)pthread_cond_destroy(&worker->changed);
    (void)pthread_mutex_destroy(&worker->lock);
    free(worker);
}

int worker_do(struct worker *worker, struct worker_job *job, void (*before)(void *context), void *context)
{
    (void)pthread_mutex_lock(&worker->lock);
    int rc = worker->started && !worker->stopping ? 0 : -ESHUTDOWN;
    if (rc == 0 && worker->n_waiting >= worker->config.waiting_max)
        rc = -EBUSY;
    if (rc == 0) {
        if (before != NULL)
            before(context);
        STAILQ_INSERT_TAIL(&worker->waiting, job, link);
        worker->n_waiting++;
        (void)pthread_cond_signal(&worker->changed);
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return rc;
}

struct worker_job *worker_more(struct worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    struct worker_job *job = take_first(worker);
    (void)pthread_mutex_unlock(&worker->lock);
    return job;
}

bool worker_is_stopping(struct worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    const bool stopping = worker->stopping;
    (void)pthread_mutex_unlock(&worker->lock);
    return stopping;
}
