/* Server-sent events (WHATWG HTML, 9.2): `alert` and `case` (numbered, resumable) and `vehicle` (latest
 * state, not resumable). The id is that of the last alert event, and of a case event "alert-step".
 *
 * Nothing is queued for a client. It holds its cursors: the last alert event and the last step of a case that
 * it was given, from where it reads the store, and the last change of a vehicle, from where it reads one
 * shared list that keeps each vehicle's latest state only. A slow client therefore costs no memory, misses no
 * alert and skips stale positions. */
#ifndef BUSWARDEN_STREAM_H
#define BUSWARDEN_STREAM_H

#include "bureau/api/gate.h"
#include "bureau/store/store.h"

#include <microhttpd.h>

enum {
    STREAM_CLIENTS_MAX = 256,
    STREAM_ACCOUNT_MAX = 64,     /* of these, of one account */
    STREAM_CHECK_S = 5,          /* whose session or token is over is sent away after this long */
    STREAM_VEHICLES_MAX = 32768, /* a province; vehicles beyond are not streamed (stream_stats) */
    STREAM_BATCH_MAX = 16,       /* events of each kind that a client has in memory at once */
    STREAM_OVERLAP_MS = 300000,  /* a cursor without a step: steps from so long before its alert */
    STREAM_HEARTBEAT_S = 15,     /* a comment after this long in silence: finds dead connections */
    STREAM_FAREWELL_MS = 500,    /* at stop: for listeners to take the end; who does not read is cut off */
};

struct stream;

struct stream_stats {
    size_t clients;
    uint64_t turns;            /* turns of the pacing thread: one a second */
    uint64_t vehicles_dropped; /* changes not streamed: table full or out of memory */
};

/* Opens a store handle of its own. */
int stream_create(const char *store_path, struct stream **ret);
int stream_start(struct stream *stream);
/* Every client's stream ends, new ones end at once; must come before MHD_stop_daemon(), which knows no
 * goodbye. */
void stream_stop(struct stream *stream);
void stream_destroy(struct stream *stream); /* NULL is fine */

/* From any thread. */
void stream_notify_events(struct stream *stream, int64_t last_event);
void stream_notify_step(struct stream *stream, int64_t last_step);
void stream_notify_vehicle(struct stream *stream, const char *vehicle);
void stream_stats(struct stream *stream, struct stream_stats *ret);

/* An endless response for this connection, beginning after `after` (both STREAM_NEW: with what comes next).
 * `store` is the handle of the server's thread, used there whenever the connection can take more. A school is
 * given what concerns its own vehicles alone. -EBUSY: STREAM_CLIENTS_MAX are served already, or
 * STREAM_ACCOUNT_MAX of this account. */
static const int64_t STREAM_NEW = -1;
struct stream_cursor {
    int64_t event, step; /* step STREAM_NEW, event not: what came since about then */
};
int stream_open(struct stream *stream, struct store *store, struct MHD_Connection *connection,
                const struct gate_caller *caller, struct stream_cursor after, struct MHD_Response **ret);

#endif
