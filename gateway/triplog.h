/* The trips of this vehicle on their way to disk. One that goes on is kept at each of its stops in a file
 * beside the outbox, so that a power cut costs no more than the way since the last stop; what is found there
 * at the next start is a trip that was cut short. Between the outbox's having it and the file's being gone
 * the power may be cut as well: then the bureau gets one trip twice (docs/wire.md, "Trips"). */
#ifndef BUSWARDEN_TRIPLOG_H
#define BUSWARDEN_TRIPLOG_H

#include <limits.h>

#include "gateway/outbox/outbox.h"
#include "gateway/trip/trip.h"

struct triplog {
    char path[PATH_MAX];
    struct trip trip;
    bool waits; /* for the outbox */
    struct bw_trip waiting;
    uint64_t
        *lost; /* counts those that gave way to the next before the outbox took them, or cannot be read */
};

/* Takes up what the file `<outbox_path>.trip` holds; one that holds no trip is taken away. */
void triplog_init(struct triplog *ret, const char *outbox_path, uint64_t *lost);
void triplog_event(struct triplog *log, const struct bw_event *event, const struct trip_view *view);
/* The trip that goes on ends here: the program does. */
void triplog_cut_short(struct triplog *log, const struct trip_view *view);
/* Puts what waits into the outbox: 1 done, 0 nothing waits, or a negative errno (outbox_error()), and it
 * waits on. */
int triplog_flush(struct triplog *log, struct outbox *outbox);

#endif
