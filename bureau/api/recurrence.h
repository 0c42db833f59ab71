/* What is seen again and again, for the server. A list of 500 plates asks the store a thousand times, so it
 * is made on a thread of its own, with a store handle of its own; the connections are suspended until then.
 */
#ifndef BUSWARDEN_RECURRENCE_H
#define BUSWARDEN_RECURRENCE_H

#include "bureau/store/sightings.h"
#include "bureau/worker/worker.h"

#include <jansson.h>
#include <microhttpd.h>

enum { RECURRENCES_WAITING_MAX = 8 /* besides the one that is being made */ };

enum recurring_state { RECURRING_NONE, RECURRING_WAITS, RECURRING_DONE };

/* One request: zeroed with it, and as long-lived. What is asked for is set by who asks. */
struct recurring {
    struct worker_job queued;
    enum recurring_state state;
    struct store_repeat_query query; /* of no plate in particular */
    int limit;
    int64_t now_utc_ms;
    struct MHD_Connection *connection;
    int err;      /* when DONE */
    json_t *rows; /* when there is no error; whoever takes it clears it */
};
/* What nobody took. */
void recurring_free(struct recurring *recurring);

struct recurrence;
/* Opens a store handle of its own. */
int recurrence_create(const char *store_path, struct recurrence **ret);
int recurrence_start(struct recurrence *recurrence);
/* What waits ends with -ESHUTDOWN, what is being made with -ECANCELED, and their connections go on. Must come
 * before MHD_stop_daemon(), which does not take suspended connections. */
void recurrence_stop(struct recurrence *recurrence);
void recurrence_destroy(struct recurrence *recurrence); /* NULL is fine */

/* On the server's thread: suspends the connection until `recurring` is DONE. -EBUSY: as many wait as may;
 * -ESHUTDOWN: stopped; nothing is suspended. */
int recurrence_ask(struct recurrence *recurrence, struct MHD_Connection *connection,
                   struct recurring *recurring);

#endif
