/* The trace of a plate's look-up is on disk before the answer leaves. A flush takes milliseconds, so those of
 * all look-ups that came meanwhile are written together (group commit), by a thread with a store handle of
 * its own; the connections are suspended until then. */
#ifndef BUSWARDEN_TRACE_H
#define BUSWARDEN_TRACE_H

#include "bureau/access/access.h"
#include "bureau/store/store.h"
#include "bureau/worker/worker.h"

#include <microhttpd.h>

enum {
    TRACES_MAX = 256,          /* written together */
    TRACES_WAITING_MAX = 1024, /* more than there can be connections */
};

enum trace_state { TRACE_NONE, TRACE_WAITS, TRACE_KEPT, TRACE_LOST };

/* One line of the audit: zeroed with its request, and as long-lived. */
struct trace {
    struct worker_job queued;
    enum trace_state state;
    char who[ACCESS_NAME_LEN], subject[BW_PLATE_LEN];
    const char *action;
    int64_t utc_ms;
    struct MHD_Connection *connection;
};

struct tracer;

struct tracer_stats {
    uint64_t kept, lost;
    uint64_t commits; /* that kept them */
};

/* Opens a store handle of its own. */
int tracer_create(const char *store_path, struct tracer **ret);
int tracer_start(struct tracer *tracer);
/* What waits is written, its connections go on; new ones are refused. Must come before MHD_stop_daemon(),
 * which does not take suspended connections. */
void tracer_stop(struct tracer *tracer);
void tracer_destroy(struct tracer *tracer); /* NULL is fine */

/* On the server's thread: suspends the connection until `trace` is TRACE_KEPT or TRACE_LOST. -ESHUTDOWN:
 * stopped; nothing is suspended. */
int tracer_keep(struct tracer *tracer, struct MHD_Connection *connection, struct trace *trace);
void tracer_stats(struct tracer *tracer, struct tracer_stats *ret);

#endif
