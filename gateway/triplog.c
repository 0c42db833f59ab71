#include "gateway/triplog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/savefile.h"
#include "proto/wire.h"

/* Best effort: without the file a power cut costs the trip, and nothing else. */
static void keep(const struct triplog *log, const struct bw_trip *trip)
{
    struct wire_body *body = calloc(1, sizeof *body); /* it is large */
    struct wire_bytes encoded;
    if (body == NULL)
        return;
    body->type = WIRE_BODY_TRIP;
    body->u.trip = *trip;
    if (wire_body_encode(body, &encoded) == 0) {
        (void)savefile_write(log->path, 0600, true, encoded.data, encoded.len);
        wire_bytes_free(&encoded);
    }
    free(body);
}

static void wait_for_outbox(struct triplog *log, const struct bw_trip *trip)
{
    *log->lost += log->waits;
    log->waits = true;
    log->waiting = *trip;
}

/* 0, or the error of opening the file, or of what it holds. */
static int take_up(struct triplog *log)
{
    uint8_t data[WIRE_BODY_MAX];
    FILE *file = fopen(log->path, "re");
    if (file == NULL)
        return -errno;
    struct wire_body *body = calloc(1, sizeof *body); /* it is large */
    const size_t len = fread(data, 1, sizeof data, file);
    int error = body == NULL ? -ENOMEM : ferror(file) ? -EIO : wire_body_decode(data, len, body);
    if (error == 0 && body->type != WIRE_BODY_TRIP)
        error = -EBADMSG;
    if (error == 0)
        wait_for_outbox(log, &body->u.trip);
    free(body);
    (void)fclose(file); /* nothing was written */
    return error;
}

void triplog_init(struct triplog *ret, const char *outbox_path, uint64_t *lost)
{
    *ret = (struct triplog){.lost = lost};
    trip_init(&ret->trip);
    (void)snprintf(ret->path, sizeof ret->path, "%s.trip", outbox_path);
    const int error = take_up(ret);
    if (error != 0 && error != -ENOENT)
        ++*lost;
    if (error == -EBADMSG)
        (void)unlink(ret->path);
}

void triplog_event(struct triplog *log, const struct bw_event *event, const struct trip_view *view)
{
    struct bw_trip so_far;
    const enum trip_news news = trip_step(&log->trip, event, view);
    if (news == TRIP_NOTHING || !trip_so_far(&log->trip, view, &so_far))
        return;
    if (news == TRIP_ENDED)
        wait_for_outbox(log, &so_far);
    if (news == TRIP_ENDED || !log->waits) /* the file holds one: the whole one comes first */
        keep(log, &so_far);
}

void triplog_cut_short(struct triplog *log, const struct trip_view *view)
{
    struct bw_trip so_far;
    if (!log->trip.running || !trip_so_far(&log->trip, view, &so_far))
        return;
    wait_for_outbox(log, &so_far);
    keep(log, &so_far);
}

int triplog_flush(struct triplog *log, struct outbox *outbox)
{
    if (!log->waits)
        return 0;
    const int error = outbox_append_trip(outbox, &log->waiting, log->waiting.ended_utc_ms);
    if (error == -EINVAL ||
        error == -EMSGSIZE) /* never, as far as anybody knows: it must not wait for ever */
        ++*log->lost;
    else if (error != 0)
        return error;
    log->waits = false;
    (void)unlink(log->path); /* left behind, the bureau gets it twice */
    return error == 0 ? 1 : 0;
}
