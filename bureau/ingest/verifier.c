#include "bureau/ingest/verifier.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/seal.h"

struct verifier {
    pthread_t threads[VERIFIER_THREADS_MAX];
    size_t n_threads;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t given, done;
    bool stop;
    size_t first, n, busy; /* of `jobs`, a ring; being checked */
    struct verifier_job jobs[VERIFIER_QUEUE_MAX];
};

static void check(const struct verifier_job *job)
{
    job->ret->good =
        seal_record_verify(job->record, job->topic->division, job->topic->vehicle, job->ret->key);
    job->ret->is_checked = true;
}

/* With the lock held; without it while checking. */
static void work(struct verifier *verifier)
{
    const struct verifier_job job = verifier->jobs[verifier->first];
    verifier->first = (verifier->first + 1) % VERIFIER_QUEUE_MAX;
    verifier->n--;
    verifier->busy++;
    (void)pthread_mutex_unlock(&verifier->lock);
    check(&job);
    (void)pthread_mutex_lock(&verifier->lock);
    verifier->busy--;
    if (verifier->n == 0 && verifier->busy == 0)
        (void)pthread_cond_broadcast(&verifier->done);
}

static void *run(void *context)
{
    struct verifier *verifier = context;
    (void)pthread_mutex_lock(&verifier->lock);
    while (!verifier->stop) {
        if (verifier->n > 0)
            work(verifier);
        else
            (void)pthread_cond_wait(&verifier->given, &verifier->lock);
    }
    (void)pthread_mutex_unlock(&verifier->lock);
    return NULL;
}

void verifier_give(struct verifier *verifier, const struct verifier_job *job)
{
    memcpy(job->ret->key, job->key, sizeof job->ret->key);
    job->ret->is_checked = false;
    (void)pthread_mutex_lock(&verifier->lock);
    const bool fits = verifier->n < VERIFIER_QUEUE_MAX;
    if (fits) {
        verifier->jobs[(verifier->first + verifier->n++) % VERIFIER_QUEUE_MAX] = *job;
        (void)pthread_cond_signal(&verifier->given);
    }
    (void)pthread_mutex_unlock(&verifier->lock);
    if (!fits)
        check(job);
}

void verifier_wait(struct verifier *verifier)
{
    (void)pthread_mutex_lock(&verifier->lock);
    while (verifier->n > 0)
        work(verifier);
    while (verifier->busy > 0)
        (void)pthread_cond_wait(&verifier->done, &verifier->lock);
    (void)pthread_mutex_unlock(&verifier->lock);
}

/* Signals are the main thread's business. */
static int start_threads(struct verifier *verifier, size_t n)
{
    sigset_t all, before;
    int error = 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (verifier->n_threads < n && error == 0) {
        error = pthread_create(&verifier->threads[verifier->n_threads], NULL, run, verifier);
        verifier->n_threads += error == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

int verifier_create(struct verifier **ret)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t n = processors <= 2                         ? 1
                     : processors - 1 > VERIFIER_THREADS_MAX ? VERIFIER_THREADS_MAX
                                                             : (size_t)(processors - 1);
    struct verifier *verifier = calloc(1, sizeof *verifier);
    if (verifier == NULL)
        return -ENOMEM;
    (void)pthread_mutex_init(&verifier->lock, NULL);
    (void)pthread_cond_init(&verifier->given, NULL);
    (void)pthread_cond_init(&verifier->done, NULL);
    const int error = start_threads(verifier, n);
    if (error != 0)
        verifier_free(verifier);
    else
        *ret = verifier;
    return error;
}

void verifier_free(struct verifier *verifier)
{
    if (verifier == NULL)
        return;
    (void)pthread_mutex_lock(&verifier->lock);
    verifier->stop = true;
    (void)pthread_cond_broadcast(&verifier->given);
    (void)pthread_mutex_unlock(&verifier->lock);
    for (size_t i = 0; i < verifier->n_threads; i++)
        (void)pthread_join(verifier->threads[i], NULL);
    (void)pthread_cond_destroy(&verifier->given);
    (void)pthread_cond_destroy(&verifier->done);
    (void)pthread_mutex_destroy(&verifier->lock);
    free(verifier);
}
