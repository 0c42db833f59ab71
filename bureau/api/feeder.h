/* Feeds as bytes ready to be sent: made on a thread of its own, at most once a second each, and shared by all
 * who ask meanwhile, plain and compressed. The connections that wait for one are suspended.
 *
 * Limits: FEEDER_SLOTS feeds (with their parameters) are kept, and FEEDER_BYTES_MAX of them; those asked for
 * longest ago go. What is being sent to somebody is kept until it was. */
#ifndef BUSWARDEN_FEEDER_H
#define BUSWARDEN_FEEDER_H

#include "bureau/api/body.h"
#include "bureau/feeds/feed.h"

#include <microhttpd.h>
#include <sys/queue.h>

enum {
    FEEDER_SLOTS = 64,
    FEEDER_BYTES_MAX = 64 << 20,
    FEEDER_FRESH_MS = 1000,
    FEEDER_HEAD_MS = 30000, /* nothing else has changed: the time in its head is renewed after this long */
};
/* Zeroed with its request, and as long-lived. */
struct feeder_wait {
    bool over;
    int rc;
    struct body *body; /* held until it is taken */
    struct MHD_Connection *connection;
    STAILQ_ENTRY(feeder_wait) link;
};

struct feeder;

struct feeder_stats {
    uint64_t made;   /* feeds that were made */
    uint64_t shared; /* answers that took what was there */
    size_t bytes;    /* kept now */
};

/* Opens a store handle of its own. */
int feeder_create(const char *store_path, struct feeder **ret);
int feeder_start(struct feeder *feeder);
/* Who waits goes on with -ESHUTDOWN, as who asks from then on. Must come before MHD_stop_daemon(). */
void feeder_stop(struct feeder *feeder);
void feeder_destroy(struct feeder *feeder); /* NULL is fine */

/* On the server's thread. 0: *ret is held for the caller, body_release(). -EINPROGRESS: the connection is
 * suspended; ask again with the same `wait` when it goes on. -EBUSY: more feeds wait than there are slots;
 * else the store's error. */
int feeder_get(struct feeder *feeder, const struct feed_request *asked, struct MHD_Connection *connection,
               struct feeder_wait *wait, struct body **ret);
/* From any thread. */
void feeder_stats(struct feeder *feeder, struct feeder_stats *ret);

#endif
