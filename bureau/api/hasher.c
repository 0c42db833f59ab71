#include "bureau/api/hasher.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

struct hasher {
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool stopping;
    size_t n_waiting;
    STAILQ_HEAD(, hash_job) waiting;
};

static void work(struct hash_job *job)
{
    job->matches = *job->password && password_matches(job->has_hash ? job->hash : NULL, job->password);
    const bool wanted = !*job->password || job->matches;
    const char *text = job->new_password;
    if (!*text && job->matches && password_is_outdated(job->hash))
        text = job->password;
    job->made = wanted && *text && password_hash(text, job->new_hash) == 0;
    sodium_memzero(job->password, sizeof(job->password));
}

/* NULL when it is time to end. */
static struct hash_job *take(struct hasher *hasher, bool *ret_stopping)
{
    (void)pthread_mutex_lock(&hasher->lock);
    while (STAILQ_EMPTY(&hasher->waiting) && !hasher->stopping)
        (void)pthread_cond_wait(&hasher->changed, &hasher->lock);
    struct hash_job *job = STAILQ_FIRST(&hasher->waiting);
    if (job) {
        STAILQ_REMOVE_HEAD(&hasher->waiting, link);
        hasher->n_waiting--;
    }
    *ret_stopping = hasher->stopping;
    (void)pthread_mutex_unlock(&hasher->lock);
    return job;
}

static void *run(void *context)
{
    struct hasher *hasher = context;
    struct hash_job *job;
    bool stopping;
    while ((job = take(hasher, &stopping))) {
        if (!stopping)
            work(job);
        job->state = HASH_DONE;
        MHD_resume_connection(job->connection); /* from here on the job may be gone */
    }
    return NULL;
}

int hasher_create(struct hasher **ret)
{
    struct hasher *hasher = calloc(1, sizeof(*hasher));
    if (!hasher)
        return -ENOMEM;
    STAILQ_INIT(&hasher->waiting);
    (void)pthread_mutex_init(&hasher->lock, NULL);
    (void)pthread_cond_init(&hasher->changed, NULL);
    *ret = hasher;
    return 0;
}

int hasher_start(struct hasher *hasher)
{
    const int rc = pthread_create(&hasher->thread, NULL, run, hasher);
    hasher->started = rc == 0;
    return -rc;
}

void hasher_stop(struct hasher *hasher)
{
    (void)pthread_mutex_lock(&hasher->lock);
    hasher->stopping = true;
    (void)pthread_cond_signal(&hasher->changed);
    (void)pthread_mutex_unlock(&hasher->lock);
    if (hasher->started)
        (void)pthread_join(hasher->thread, NULL);
    hasher->started = false;
}

void hasher_destroy(struct hasher *hasher)
{
    if (!hasher)
        return;
    (void)pthread_cond_destroy(&hasher->changed);
    (void)pthread_mutex_destroy(&hasher->lock);
    free(hasher);
}

int hasher_do(struct hasher *hasher, struct MHD_Connection *connection, struct hash_job *job)
{
    (void)pthread_mutex_lock(&hasher->lock);
    const int rc = !hasher->started || hasher->stopping ? -ESHUTDOWN
                   : hasher->n_waiting >= HASHES_MAX    ? -EBUSY
                                                        : 0;
    if (rc == 0) {
        job->state = HASH_WAITS;
        job->connection = connection;
        MHD_suspend_connection(connection); /* before the other thread can resume it */
        STAILQ_INSERT_TAIL(&hasher->waiting, job, link);
        hasher->n_waiting++;
        (void)pthread_cond_signal(&hasher->changed);
    }
    (void)pthread_mutex_unlock(&hasher->lock);
    return rc;
}

void hash_job_free(struct hash_job *job)
{
    if (!job)
        return;
    sodium_memzero(job, sizeof(*job));
    free(job);
}
