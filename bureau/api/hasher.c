#include "bureau/api/hasher.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

struct hasher {
    struct worker *worker;
};

static void hash(struct hash_job *job)
{
    job->matches = *job->password && password_matches(job->has_hash ? job->hash : NULL, job->password);
    const bool wanted = !*job->password || job->matches;
    const char *text = job->new_password;
    if (!*text && job->matches && password_is_outdated(job->hash))
        text = job->password;
    job->made = wanted && *text && password_hash(text, job->new_hash) == 0;
    sodium_memzero(job->password, sizeof(job->password));
}

static void work(void *context, struct worker_job *queued, bool stopping)
{
    struct hash_job *job = (struct hash_job *)queued; /* its first member */
    (void)context;
    job->undone = stopping;
    if (!stopping)
        hash(job);
    job->state = HASH_DONE;
    MHD_resume_connection(job->connection); /* from here on the job may be gone */
}

int hasher_create(struct hasher **ret)
{
    const struct worker_config config = {.waiting_max = HASHES_MAX, .work = work};
    struct hasher *hasher = calloc(1, sizeof(*hasher));
    const int rc = hasher ? worker_create(&config, &hasher->worker) : -ENOMEM;
    if (rc != 0)
        free(hasher);
    else
        *ret = hasher;
    return rc;
}

int hasher_start(struct hasher *hasher)
{
    return worker_start(hasher->worker);
}

void hasher_stop(struct hasher *hasher)
{
    worker_stop(hasher->worker);
}

void hasher_destroy(struct hasher *hasher)
{
    if (!hasher)
        return;
    worker_destroy(hasher->worker);
    free(hasher);
}

static void suspend(void *context)
{
    struct hash_job *job = context;
    job->state = HASH_WAITS;
    MHD_suspend_connection(job->connection);
}

int hasher_do(struct hasher *hasher, struct MHD_Connection *connection, struct hash_job *job)
{
    job->connection = connection;
    return worker_do(hasher->worker, &job->queued, suspend, job);
}

void hash_job_free(struct hash_job *job)
{
    if (!job)
        return;
    sodium_memzero(job, sizeof(*job));
    free(job);
}
