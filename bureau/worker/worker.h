/* A thread that does jobs one after the other, while who gave them goes on. Of those that wait there is a
 * limit; nothing is copied or allocated: a job is a part of whatever it is about. */
#ifndef BUSWARDEN_WORKER_H
#define BUSWARDEN_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

/* The first member of whatever is to be done; as long-lived as it waits and is worked on. */
struct worker_job {
    STAILQ_ENTRY(worker_job) link;
};

struct worker;

struct worker_config {
    size_t waiting_max;
    /* On the worker's thread: does the job, or, when `stopping`, lets whoever waits for it know that nobody
     * will. The job may be gone when it returns. */
    void (*work)(void *context, struct worker_job *job, bool stopping);
    void *context;
};

int worker_create(const struct worker_config *config, struct worker **ret); /* -ENOMEM */
int worker_start(struct worker *worker);                                    /* or pthread_create()'s error */
/* What waits is handed to work() as stopping; then the thread ends. Nothing to do on one that is not started.
 */
void worker_stop(struct worker *worker);
void worker_destroy(struct worker *worker); /* stopped; NULL is fine */

/* From any thread. before(), if there is one, is called when it is certain that work() will be, and before it
 * is. -EBUSY: waiting_max wait already; -ESHUTDOWN: not started, or stopped. */
int worker_do(struct worker *worker, struct worker_job *job, void (*before)(void *context), void *context);

/* Within work(): one more of those that wait, to be done together with the job; NULL = none. */
struct worker_job *worker_more(struct worker *worker);
/* Within work(), from time to time in long work: true when it should come to an end. */
bool worker_is_stopping(struct worker *worker);

#endif
