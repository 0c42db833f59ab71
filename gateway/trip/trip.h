/* Trips: from what the vehicle says to one record of each use of it, with its stops (struct bw_trip). Counts
 * only. Pure: no clock, no I/O, no heap; the caller owns the struct.
 *
 * A trip begins with the ignition, or with ten seconds of driving where that is not known. It is over when
 * the ignition was off for a minute and no door is open, or after ten minutes in any case (so long also a
 * stand without an ignition signal); it ended when that began, or when the last door was closed. What neither
 * drove nor carried anybody is no trip.
 *
 * Who boards before the ignition is switched on belongs to the trip that begins within half an hour.
 *
 * A stop is an open door, until the doors have been closed for ten seconds. Who boarded and alighted is told
 * by the door counters; without them by how the number aboard has changed, so that who boards while another
 * gets off shows as nobody. A door that was opened away from every approved stop, and nobody passed, is no
 * stop. */
#ifndef BUSWARDEN_TRIP_H
#define BUSWARDEN_TRIP_H

#include "gateway/compliance/event.h"

enum trip_news {
    TRIP_NOTHING,
    TRIP_STOPPED, /* a stop is complete: what there is so far is worth keeping */
    TRIP_ENDED,
};

/* What the judge knows besides. */
struct trip_view {
    const struct bw_licence *licence; /* NULL = none */
    int route;                        /* engine_route() */
    const struct bw_permit *permit;   /* engine_permit() */
};

struct trip {
    bool running, over;    /* over: just now, and not yet forgotten */
    enum bw_tri ignition;  /* as last known: the bus may fall asleep with it */
    bool seen_idle;        /* it was not in use when it was first seen */
    int64_t mono_ms;       /* of the last event; 0 = none yet */
    int64_t utc_offset_ms; /* UTC - monotonic, as last known; 0 = never */
    struct bw_cabin cabin;
    int64_t cabin_mono_ms;
    bool has_fix;
    struct bw_fix fix;
    int64_t fix_mono_ms;
    double derived_mps;                                 /* from positions, when the receiver gives no speed */
    int64_t driven_ms;                                  /* without a break, before a trip */
    int64_t begun_mono_ms, idle_mono_ms, ended_mono_ms; /* idle: since then; 0 = in use */
    double distance_m;
    int64_t over_ms, quality_ms[BW_QUALITY_GOOD + 1]; /* driven with each quality */
    uint64_t licence_version;
    int64_t route_ms[BW_ROUTES_MAX];
    struct {
        enum { TRIP_DOORS_SHUT, TRIP_DOORS_OPEN, TRIP_DOORS_CLOSING } state;
        int64_t opened_mono_ms, closed_mono_ms;
        struct bw_occupancy before;
        bool passes_known;
        uint32_t in, out;
        struct bw_trip_stop stop;
    } doors;
    struct bw_occupancy settled; /* aboard when all doors were last known to be closed */
    struct bw_trip so_far;
};

void trip_init(struct trip *ret_trip);
/* One event, in order of time. */
enum trip_news trip_step(struct trip *trip, const struct bw_event *event, const struct trip_view *view);
/* The trip as it is: after TRIP_ENDED whole, until the next step; while one goes on, cut short now. False
 * when there is none, it would be none, or its time is not known. */
bool trip_so_far(const struct trip *trip, const struct trip_view *view, struct bw_trip *ret_trip);

#endif
