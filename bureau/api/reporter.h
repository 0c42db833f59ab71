/* Term reports for the server. A year of a county takes a second, so they are made on a thread of their own,
 * with a store handle of its own, one after the other; the connections are suspended until then. */
#ifndef BUSWARDEN_REPORTER_H
#define BUSWARDEN_REPORTER_H

#include "bureau/report/figures.h"
#include "bureau/worker/worker.h"
#include "proto/words.h"

#include <jansson.h>
#include <microhttpd.h>

enum { REPORTS_WAITING_MAX = 8 /* besides the one that is being made */ };

enum reporting_state { REPORTING_NONE, REPORTING_WAITS, REPORTING_DONE };

/* One request: zeroed with it, and as long-lived. What is asked for is set by who asks. */
struct reporting {
    struct worker_job queued;
    enum reporting_state state;
    struct report_query query; /* school_id points into this */
    char school_id[BW_ID_LEN];
    bool workbook; /* else JSON */
    enum words_language language;
    struct MHD_Connection *connection;
    int err;      /* when DONE: 0, or as report_make() and report_write_workbook() */
    json_t *json; /* one of the two is there when there is no error; whoever takes it clears it */
    int fd;       /* of the workbook, which has no name any more; only with a workbook */
};
/* What nobody took. */
void reporting_free(struct reporting *reporting);

struct reporter;
/* Opens a store handle of its own. */
int reporter_create(const char *store_path, struct reporter **ret);
int reporter_start(struct reporter *reporter);
/* What waits ends with -ESHUTDOWN, what is being made with -ECANCELED, and their connections go on. Must come
 * before MHD_stop_daemon(), which does not take suspended connections. */
void reporter_stop(struct reporter *reporter);
void reporter_destroy(struct reporter *reporter); /* NULL is fine */

/* On the server's thread: suspends the connection until `reporting` is DONE. -EBUSY: as many wait as may;
 * -ESHUTDOWN: stopped; nothing is suspended. */
int reporter_ask(struct reporter *reporter, struct MHD_Connection *connection, struct reporting *reporting);

#endif
