#include "bureau/api/reporter.h"

#include "bureau/report/json.h"
#include "bureau/report/workbook.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

STAILQ_HEAD(reporting_list, reporting);

struct reporter {
    struct store *store; /* of the thread */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool stopping;
    size_t n_waiting;
    struct reporting_list waiting;
};

void reporting_free(struct reporting *reporting)
{
    json_decref(reporting->json);
    if (reporting->state == REPORTING_DONE && reporting->workbook && reporting->err == 0 &&
        reporting->fd >= 0)
        (void)close(reporting->fd);
}

/* --- one report, on the thread --- */

static int go_on(void *context, unsigned done, unsigned of)
{
    struct reporter *reporter = context;
    (void)done;
    (void)of;
    (void)pthread_mutex_lock(&reporter->lock);
    const bool stopping = reporter->stopping;
    (void)pthread_mutex_unlock(&reporter->lock);
    return stopping ? -ECANCELED : 0;
}

/* A file that has no name any more when it is given out. */
static int write_workbook(const struct report *report, enum words_language language, int *ret_fd)
{
    char path[] = "/tmp/buswarden-report-XXXXXX";
    const int made = mkstemp(path);
    if (made < 0)
        return -errno;
    (void)close(made); /* only made */
    int err = report_write_workbook(report, language, path);
    const int fd = err == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (err == 0 && fd < 0)
        err = -errno;
    (void)unlink(path);
    if (err == 0)
        *ret_fd = fd;
    return err;
}

static void make(struct reporter *reporter, struct reporting *reporting)
{
    struct report *report = NULL;
    reporting->err = report_make(reporter->store, &reporting->query, go_on, reporter, &report);
    if (reporting->err == 0 && reporting->workbook) {
        reporting->err = write_workbook(report, reporting->language, &reporting->fd);
    } else if (reporting->err == 0) {
        reporting->json = report_json(report);
        reporting->err = reporting->json ? 0 : -ENOMEM;
    }
    report_free(report);
}

/* Once its connection is resumed, it may be gone. */
static void let_go(struct reporting *reporting)
{
    struct MHD_Connection *connection = reporting->connection;
    reporting->state = REPORTING_DONE;
    MHD_resume_connection(connection);
}

/* NULL when it is time to end. */
static struct reporting *take_next(struct reporter *reporter, bool *ret_stopping)
{
    (void)pthread_mutex_lock(&reporter->lock);
    while (STAILQ_EMPTY(&reporter->waiting) && !reporter->stopping)
        (void)pthread_cond_wait(&reporter->changed, &reporter->lock);
    struct reporting *next = STAILQ_FIRST(&reporter->waiting);
    if (next) {
        STAILQ_REMOVE_HEAD(&reporter->waiting, link);
        reporter->n_waiting--;
    }
    *ret_stopping = reporter->stopping;
    (void)pthread_mutex_unlock(&reporter->lock);
    return next;
}

static void *run(void *context)
{
    struct reporter *reporter = context;
    struct reporting *next;
    bool stopping;
    while ((next = take_next(reporter, &stopping))) {
        if (stopping)
            next->err = -ESHUTDOWN;
        else
            make(reporter, next);
        let_go(next);
    }
    return NULL;
}

/* --- the server's side --- */

int reporter_create(const char *store_path, struct reporter **ret)
{
    struct reporter *reporter = calloc(1, sizeof(*reporter));
    if (!reporter)
        return -ENOMEM;
    const int rc = store_open(store_path, &reporter->store);
    if (rc != 0) {
        free(reporter);
        return rc;
    }
    STAILQ_INIT(&reporter->waiting);
    (void)pthread_mutex_init(&reporter->lock, NULL);
    (void)pthread_cond_init(&reporter->changed, NULL);
    *ret = reporter;
    return 0;
}

int reporter_start(struct reporter *reporter)
{
    const int rc = pthread_create(&reporter->thread, NULL, run, reporter);
    reporter->started = rc == 0;
    return -rc;
}

void reporter_stop(struct reporter *reporter)
{
    (void)pthread_mutex_lock(&reporter->lock);
    reporter->stopping = true;
    (void)pthread_cond_signal(&reporter->changed);
    (void)pthread_mutex_unlock(&reporter->lock);
    if (reporter->started)
        (void)pthread_join(reporter->thread, NULL);
    reporter->started = false;
}

void reporter_destroy(struct reporter *reporter)
{
    if (!reporter)
        return;
    (void)pthread_cond_destroy(&reporter->changed);
    (void)pthread_mutex_destroy(&reporter->lock);
    store_close(reporter->store);
    free(reporter);
}

static int admit(const struct reporter *reporter)
{
    if (!reporter->started || reporter->stopping)
        return -ESHUTDOWN;
    return reporter->n_waiting < REPORTS_WAITING_MAX ? 0 : -EBUSY;
}

int reporter_ask(struct reporter *reporter, struct MHD_Connection *connection, struct reporting *reporting)
{
    (void)pthread_mutex_lock(&reporter->lock);
    const int rc = admit(reporter);
    if (rc == 0) {
        reporting->state = REPORTING_WAITS;
        reporting->connection = connection;
        MHD_suspend_connection(connection); /* before the other thread can resume it */
        STAILQ_INSERT_TAIL(&reporter->waiting, reporting, link);
        reporter->n_waiting++;
        (void)pthread_cond_signal(&reporter->changed);
    }
    (void)pthread_mutex_unlock(&reporter->lock);
    return rc;
}
