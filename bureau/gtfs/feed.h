/* Inside gtfs: the feed as it was read. Ids are numbers of struct ids; line is the row's in its file. */
#ifndef BUSWARDEN_GTFS_FEED_H
#define BUSWARDEN_GTFS_FEED_H

#include "bureau/gtfs/gtfs.h"
#include "bureau/gtfs/ids.h"
#include "bureau/registry/rows.h"

/* The rows stand in `rows` of struct rows, by number of their id where they have one. */
struct feed_service {
    uint8_t weekdays;
    int32_t from_day, until_day; /* 0: calendar_dates.txt alone has it */
};
struct feed_exception {
    int32_t service, day;
    bool runs;
};
struct feed_route {
    char name[BW_NAME_LEN];
};
struct feed_stop {
    char name[BW_NAME_LEN];
    double lat_deg, lon_deg;
    bool can_board; /* a stop or platform, no station, entrance or node */
};
struct feed_shape_point {
    int32_t shape;
    uint32_t sequence;
    double lat_deg, lon_deg;
};
struct feed_trip {
    int32_t route, service, shape; /* shape IDS_NONE: stop to stop */
};
enum { FEED_NO_TIME = -1 };
struct feed_stop_time {
    int32_t trip, stop;
    uint32_t sequence;
    int32_t arrival_s, departure_s; /* since the service day's midnight; FEED_NO_TIME */
};
struct feed_frequency {
    int32_t trip;
    int32_t start_s, end_s, headway_s;
};

struct feed {
    struct registry_faults *faults;
    const struct gtfs_options *options;
    struct gtfs_summary summary;
    struct gtfs_progress progress;
    struct ids service_ids, route_ids, stop_ids, shape_ids, trip_ids;
    struct rows services, routes, stops, trips;                      /* by number */
    struct rows exceptions, points, times, frequencies;              /* in the file's order */
    bool has_stops, has_shapes, has_routes, has_trips, has_services; /* else nothing is held against them */
};

void gtfs_feed_init(struct feed *feed, const struct gtfs_options *options, struct registry_faults *faults);
void gtfs_feed_free(struct feed *feed);
/* Reads every file. 0 or -ENOMEM; what is wrong is in faults. */
int gtfs_feed_read(struct feed *feed, const struct gtfs_files *files);
/* What is between rows, and the registry from them; the rows are sorted meanwhile. 0, -EINVAL with faults,
 * -ENOMEM. */
int gtfs_feed_build(struct feed *feed, struct registry **ret);

#endif
