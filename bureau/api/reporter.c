#include "bureau/api/reporter.h"

#include "bureau/report/json.h"
#include "bureau/report/workbook.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct reporter {
    struct store *store; /* of the worker */
    struct worker *worker;
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
    const struct reporter *reporter = context;
    (void)done;
    (void)of;
    return worker_is_stopping(reporter->worker) ? -ECANCELED : 0;
}

/* A file that has no name any more when it is given out. */
static int write_workbook(const struct report *report, enum words_language language, int *ret_fd)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_MAX];
    const int len = snprintf(path, sizeof(path), "%s/buswarden-report-XXXXXX", folder ? folder : "/tmp");
    if (len < 0 || (size_t)len >= sizeof(path))
        return -ENAMETOOLONG;
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

static void work(void *context, struct worker_job *queued, bool stopping)
{
    struct reporting *reporting = (struct reporting *)queued; /* its first member */
    if (stopping)
        reporting->err = -ESHUTDOWN;
    else
        make(context, reporting);
    reporting->state = REPORTING_DONE;
    MHD_resume_connection(reporting->connection); /* from here on it may be gone */
}

/* --- the server's side --- */

int reporter_create(const char *store_path, struct reporter **ret)
{
    struct reporter *reporter = calloc(1, sizeof(*reporter));
    if (!reporter)
        return -ENOMEM;
    const struct worker_config config = {
        .waiting_max = REPORTS_WAITING_MAX, .work = work, .context = reporter};
    int rc = worker_create(&config, &reporter->worker);
    if (rc == 0)
        rc = store_open(store_path, &reporter->store);
    if (rc != 0)
        reporter_destroy(reporter);
    else
        *ret = reporter;
    return rc;
}

int reporter_start(struct reporter *reporter)
{
    return worker_start(reporter->worker);
}

void reporter_stop(struct reporter *reporter)
{
    worker_stop(reporter->worker);
}

void reporter_destroy(struct reporter *reporter)
{
    if (!reporter)
        return;
    worker_destroy(reporter->worker);
    store_close(reporter->store);
    free(reporter);
}

static void suspend(void *context)
{
    struct reporting *reporting = context;
    reporting->state = REPORTING_WAITS;
    MHD_suspend_connection(reporting->connection);
}

int reporter_ask(struct reporter *reporter, struct MHD_Connection *connection, struct reporting *reporting)
{
    reporting->connection = connection;
    return worker_do(reporter->worker, &reporting->queued, suspend, reporting);
}
