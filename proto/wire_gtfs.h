/* GTFS-Realtime 2.0: a FeedMessage, written entity by entity, so that a feed of any length takes little
 * memory. proto/gtfs/realtime.proto says what of the standard is carried.
 *
 *     gtfs_write_head(out, now_utc_ms);
 *     gtfs_write_position(out, &position); ...
 *
 * All return 0 or -ENOMEM; whether `out` took the bytes, ferror() tells. Texts are UTF-8. */
#ifndef BUSWARDEN_WIRE_GTFS_H
#define BUSWARDEN_WIRE_GTFS_H

#include "proto/model.h"

#include <stdio.h>

int gtfs_write_head(FILE *out, int64_t utc_ms);

/* The standard's numbers. */
enum gtfs_occupancy {
    GTFS_OCCUPANCY_UNKNOWN = -1, /* not told */
    GTFS_EMPTY = 0,
    GTFS_MANY_SEATS = 1,
    GTFS_FEW_SEATS = 2,
    GTFS_FULL = 5,
};
struct gtfs_position {
    const char *vehicle, *plate, *route; /* plate, route: NULL = not told */
    double lat_deg, lon_deg;
    double speed_mps;   /* NaN: not told */
    int64_t fix_utc_ms; /* 0: not told */
    enum gtfs_occupancy occupancy;
    uint32_t percent; /* of the approved number; not told with GTFS_OCCUPANCY_UNKNOWN */
};
int gtfs_write_position(FILE *out, const struct gtfs_position *position);

enum gtfs_cause { GTFS_OTHER_CAUSE = 2, GTFS_WEATHER = 8 };
enum gtfs_effect { GTFS_DETOUR = 4, GTFS_OTHER_EFFECT = 7 };
enum gtfs_severity { GTFS_INFO = 2, GTFS_WARNING = 3, GTFS_SEVERE = 4 };
struct gtfs_text {
    const char *zh, *en; /* NULL: not in this language; zh NULL: no text */
};
struct gtfs_alert {
    const char *id;
    int64_t from_utc_ms, until_utc_ms; /* until 0: open */
    enum gtfs_cause cause;
    enum gtfs_effect effect;
    enum gtfs_severity severity;
    struct gtfs_text header, description;
    const char *agency; /* concerned when n_routes is 0 */
    size_t n_routes;    /* at most GTFS_ROUTES_MAX are told */
    const char *const *routes;
};
enum { GTFS_ROUTES_MAX = 4096 };
int gtfs_write_alert(FILE *out, const struct gtfs_alert *alert);

#endif
