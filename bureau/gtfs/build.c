/* From the feed's rows to routes, stops and services. */
#include "bureau/gtfs/feed.h"

#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_S = 60 };

/* What rows that are sorted by a number say of each number: the first of each, and one behind the last. */
struct index {
    size_t *first; /* malloc'd */
};

struct build {
    struct feed *feed;
    struct index points, times, frequencies, exceptions; /* of each shape, trip, trip, service */
    uint32_t *order;                                     /* trips by route, then service */
    size_t n_order;
    int32_t *shape_route; /* the route that this shape was put into last */
    int32_t *stop_route;  /* and this stop */
    struct registry *registry;
    size_t n_points, n_days; /* put into all routes so far, up to GTFS_POINTS_MAX; into all services */
};

#define ROWS(rows, type) ((struct type *)(void *)(rows).data)

static void fault(struct feed *feed, const struct rows *rows, size_t row, const char *subject,
                  const char *reason)
{
    faults_add(feed->faults, rows->file, rows->lines[row], subject, reason);
}

/* --- order of rows --- */

static int by_numbers(int64_t a, int64_t b, int64_t then_a, int64_t then_b)
{
    if (a != b)
        return a < b ? -1 : 1;
    return (then_a > then_b) - (then_a < then_b);
}

static int compare_points(const void *left, const void *right)
{
    const struct feed_shape_point *a = left, *b = right;
    return by_numbers(a->shape, b->shape, a->sequence, b->sequence);
}

static int compare_times(const void *left, const void *right)
{
    const struct feed_stop_time *a = left, *b = right;
    return by_numbers(a->trip, b->trip, a->sequence, b->sequence);
}

static int compare_frequencies(const void *left, const void *right)
{
    const struct feed_frequency *a = left, *b = right;
    return by_numbers(a->trip, b->trip, a->start_s, b->start_s);
}

static int compare_exceptions(const void *left, const void *right)
{
    const struct feed_exception *a = left, *b = right;
    return by_numbers(a->service, b->service, a->day, b->day);
}

/* The number stands first in each of these rows. */
static int32_t number_at(const struct rows *rows, size_t row)
{
    int32_t number;
    memcpy(&number, rows->data + row * rows->row_size, sizeof(number));
    return number;
}

/* Sorts, and finds the first row of each number below n. 0 or -ENOMEM. */
static int make_index(struct rows *rows, int (*compare)(const void *, const void *), size_t n,
                      struct index *ret)
{
    const int err = rows_sort(rows, compare);
    ret->first = err == 0 ? calloc(n + 1, sizeof(*ret->first)) : NULL;
    if (ret->first == NULL)
        return -ENOMEM;
    size_t row = 0;
    for (size_t number = 0; number <= n; number++) {
        while (row < rows->n && (size_t)number_at(rows, row) < number)
            row++;
        ret->first[number] = row;
    }
    return 0;
}

static int sort_feed(struct build *build)
{
    struct feed *feed = build->feed;
    int err = make_index(&feed->points, compare_points, feed->shape_ids.n, &build->points);
    if (err == 0)
        err = make_index(&feed->times, compare_times, feed->trip_ids.n, &build->times);
    if (err == 0)
        err = make_index(&feed->frequencies, compare_frequencies, feed->trip_ids.n, &build->frequencies);
    if (err == 0)
        err = make_index(&feed->exceptions, compare_exceptions, feed->service_ids.n, &build->exceptions);
    return err;
}

/* --- checks between rows of one file --- */

static void check_repeats(struct feed *feed, const struct rows *rows,
                          int (*compare)(const void *, const void *), const char *column)
{
    for (size_t i = 1; i < rows->n; i++) {
        char reason[64];
        const char *at = rows->data + i * rows->row_size;
        if (compare(at - rows->row_size, at) != 0)
            continue;
        (void)snprintf(reason, sizeof(reason), "stands on line %u already", rows->lines[i - 1]);
        fault(feed, rows, i, column, reason);
    }
}

static void check_frequencies(struct feed *feed)
{
    const struct feed_frequency *rows = ROWS(feed->frequencies, feed_frequency);
    for (size_t i = 1; i < feed->frequencies.n; i++)
        if (rows[i].trip == rows[i - 1].trip && rows[i].start_s < rows[i - 1].end_s)
            fault(feed, &feed->frequencies, i, "start_time",
                  "is before the end_time of another row of the trip");
}

static void check_trip(struct build *build, size_t trip)
{
    struct feed *feed = build->feed;
    const struct feed_stop_time *rows = ROWS(feed->times, feed_stop_time);
    const size_t first = build->times.first[trip], end = build->times.first[trip + 1];
    if (end - first < 2) {
        fault(feed, &feed->trips, trip, feed->trip_ids.texts[trip],
              "has fewer than 2 stops in stop_times.txt");
        return;
    }
    int32_t last_s = FEED_NO_TIME;
    for (size_t i = first; i < end; i++) {
        const bool must = i == first || i == end - 1;
        if (must && rows[i].arrival_s == FEED_NO_TIME)
            fault(feed, &feed->times, i, "arrival_time", "the first and the last stop of a trip need a time");
        if (rows[i].arrival_s != FEED_NO_TIME && rows[i].arrival_s < last_s)
            fault(feed, &feed->times, i, "arrival_time", "is before the departure from the stop before it");
        if (rows[i].departure_s != FEED_NO_TIME)
            last_s = rows[i].departure_s;
    }
}

static void check_feed(struct build *build)
{
    struct feed *feed = build->feed;
    check_repeats(feed, &feed->points, compare_points, "shape_pt_sequence");
    check_repeats(feed, &feed->times, compare_times, "stop_sequence");
    check_repeats(feed, &feed->exceptions, compare_exceptions, "date");
    check_frequencies(feed);
    for (size_t i = 0; i < feed->trips.n; i++)
        check_trip(build, i);
}

/* --- the line of a route --- */

/* Many routes may name one shape, and many one service: what becomes of that has a limit for all of them
 * together. 0, or -EINVAL and a fault of the route that is the first beyond it. */
static int count(struct build *build, int32_t route, size_t *total, size_t n, size_t most, const char *what)
{
    char reason[120];
    if (n <= most - *total) {
        *total += n;
        return 0;
    }
    (void)snprintf(reason, sizeof(reason),
                   "with it all routes together have more than %zu %s; the rest was not looked at", most,
                   what);
    fault(build->feed, &build->feed->routes, (size_t)route, build->feed->route_ids.texts[route], reason);
    return -EINVAL;
}

static bool same_point(const struct bw_point *a, const struct bw_point *b)
{
    return a->lat_deg == b->lat_deg && a->lon_deg == b->lon_deg;
}

/* A route may be driven either way: a line and its reverse are one. */
static bool same_line(const struct bw_point *a, const struct bw_point *b, size_t n)
{
    size_t forward = 0, backward = 0;
    while (forward < n && same_point(&a[forward], &b[forward]))
        forward++;
    while (backward < n && same_point(&a[backward], &b[n - 1 - backward]))
        backward++;
    return forward == n || backward == n;
}

static bool has_part(const struct bw_route *route, const struct bw_point *points, size_t n)
{
    for (size_t i = 0; i < route->n_parts; i++) {
        const uint32_t first = route->part_start[i];
        if (route->part_start[i + 1] - first == n && same_line(&route->points[first], points, n))
            return true;
    }
    return false;
}

/* The points from n_points on become a part, unless they are one already. */
static void close_part(struct bw_route *route, size_t n)
{
    if (has_part(route, &route->points[route->n_points], n))
        return;
    route->n_points += n;
    route->part_start[++route->n_parts] = (uint32_t)route->n_points;
}

static int open_part(struct bw_route *route, size_t most)
{
    const bool is_first = route->part_start == NULL;
    struct bw_point *points = rows_room(route->points, route->n_points, most, sizeof(*points));
    if (points == NULL)
        return -ENOMEM;
    route->points = points;
    uint32_t *part_start = rows_room(route->part_start, route->n_parts + 1, 1, sizeof(*part_start));
    if (part_start == NULL)
        return -ENOMEM;
    route->part_start = part_start;
    if (is_first)
        route->part_start[0] = 0;
    return 0;
}

/* The same for a line of n positions, which count even if it is one that the route has: they took up room. */
static int open_line(struct build *build, int32_t number, struct bw_route *route, size_t n)
{
    const int err = count(build, number, &build->n_points, n, GTFS_POINTS_MAX, "positions");
    return err == 0 ? open_part(route, n) : err;
}

static int add_shape(struct build *build, const struct feed_trip *trip, struct bw_route *route)
{
    struct feed *feed = build->feed;
    const struct feed_shape_point *rows = ROWS(feed->points, feed_shape_point);
    const int32_t shape = trip->shape;
    const size_t first = build->points.first[shape], n = build->points.first[shape + 1] - first;
    const int err = open_line(build, trip->route, route, n);
    if (err < 0)
        return err;
    bool has_length = false;
    for (size_t i = 0; i < n; i++) {
        struct bw_point *point = &route->points[route->n_points + i];
        *point = (struct bw_point){rows[first + i].lat_deg, rows[first + i].lon_deg};
        has_length |= !same_point(point, &route->points[route->n_points]);
    }
    if (has_length)
        close_part(route, n);
    else if (n > 0)
        fault(feed, &feed->points, first, feed->shape_ids.texts[shape], "a shape without length");
    else
        faults_add(feed->faults, feed->points.file, 1, feed->shape_ids.texts[shape],
                   "a shape without positions");
    return 0;
}

static int add_stop_to_stop(struct build *build, uint32_t trip, struct bw_route *route)
{
    struct feed *feed = build->feed;
    const struct feed_stop_time *times = ROWS(feed->times, feed_stop_time);
    const struct feed_stop *stops = ROWS(feed->stops, feed_stop);
    const size_t first = build->times.first[trip], end = build->times.first[trip + 1];
    const int err = open_line(build, ROWS(feed->trips, feed_trip)[trip].route, route, end - first);
    if (err < 0)
        return err;
    struct bw_point *points = &route->points[route->n_points];
    size_t n = 0;
    for (size_t i = first; i < end; i++) {
        const struct feed_stop *stop = &stops[times[i].stop];
        const struct bw_point point = {stop->lat_deg, stop->lon_deg};
        if (n == 0 || !same_point(&point, &points[n - 1]))
            points[n++] = point;
    }
    if (n >= 2)
        close_part(route, n);
    else
        fault(feed, &feed->trips, trip, feed->trip_ids.texts[trip],
              "all its stops are at one place, and it has no shape");
    return 0;
}

/* --- the patterns of a route: its different orders of stops --- */

struct patterns {
    struct ids hashes;
    size_t n;
    uint32_t *trips; /* one of each; malloc'd */
};

static void hash_stops(const struct build *build, uint32_t trip, char ret[33])
{
    const struct feed_stop_time *times = ROWS(build->feed->times, feed_stop_time);
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    for (size_t i = build->times.first[trip]; i < build->times.first[trip + 1]; i++)
        (void)crypto_generichash_update(&state, (const unsigned char *)&times[i].stop, sizeof(times[i].stop));
    (void)crypto_generichash_final(&state, hash, sizeof(hash));
    (void)sodium_bin2hex(ret, 33, hash, 16);
}

/* 1: new, 0: known, -ENOMEM. */
static int add_pattern(const struct build *build, uint32_t trip, struct patterns *patterns)
{
    char hash[33];
    int32_t number;
    hash_stops(build, trip, hash);
    const int added = ids_add(&patterns->hashes, hash, &number);
    if (added != 1)
        return added;
    uint32_t *grown = rows_room(patterns->trips, patterns->n, 1, sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    patterns->trips = grown;
    patterns->trips[patterns->n++] = trip;
    return 1;
}

static int add_line(struct build *build, uint32_t trip, bool is_new_pattern, struct bw_route *route,
                    bool *ret_stop_to_stop)
{
    const struct feed_trip *from = &ROWS(build->feed->trips, feed_trip)[trip];
    if (from->shape == IDS_NONE) {
        *ret_stop_to_stop = true;
        return is_new_pattern ? add_stop_to_stop(build, trip, route) : 0;
    }
    if (build->shape_route[from->shape] == from->route)
        return 0;
    build->shape_route[from->shape] = from->route;
    return add_shape(build, from, route);
}

/* The longest first: it has nearly all stops in their order. */
static size_t longest(const struct build *build, const struct patterns *patterns, size_t from)
{
    size_t best = from;
    const size_t *first = build->times.first;
    for (size_t i = from; i < patterns->n; i++) {
        const uint32_t a = patterns->trips[i], b = patterns->trips[best];
        if (first[a + 1] - first[a] > first[b + 1] - first[b])
            best = i;
    }
    return best;
}

static int add_stops(struct build *build, int32_t route, struct patterns *patterns)
{
    struct feed *feed = build->feed;
    struct registry *registry = build->registry;
    const struct feed_stop_time *times = ROWS(feed->times, feed_stop_time);
    const char *route_text = feed->route_ids.texts[route];
    uint32_t sequence = 0;
    for (size_t i = 0; i < patterns->n; i++) {
        const size_t next = longest(build, patterns, i);
        const uint32_t trip = patterns->trips[next];
        patterns->trips[next] = patterns->trips[i];
        for (size_t k = build->times.first[trip]; k < build->times.first[trip + 1]; k++) {
            const int32_t number = times[k].stop;
            const struct feed_stop *from = &ROWS(feed->stops, feed_stop)[number];
            if (build->stop_route[number] == route)
                continue;
            build->stop_route[number] = route;
            struct bw_stop *grown = rows_room(registry->stops, registry->n_stops, 1, sizeof(*grown));
            if (grown == NULL)
                return -ENOMEM;
            registry->stops = grown;
            struct bw_stop *stop = &registry->stops[registry->n_stops++];
            *stop = (struct bw_stop){.sequence = ++sequence,
                                     .lat_deg = from->lat_deg,
                                     .lon_deg = from->lon_deg,
                                     .radius_m = feed->options->radius_m};
            memcpy(stop->name, from->name, sizeof(stop->name));
            gtfs_stop_id(feed->stop_ids.texts[number], route_text, stop->stop_id);
            gtfs_route_id(route_text, stop->route_id);
        }
    }
    return 0;
}

/* --- the timetable of a route --- */

static void widen(struct registry_service *service, int32_t start_s, int32_t end_s, uint32_t n)
{
    const uint16_t start_min = (uint16_t)(start_s / MINUTE_S),
                   end_min = (uint16_t)((end_s + MINUTE_S - 1) / MINUTE_S);
    if (service->n_trips == 0 || start_min < service->start_min)
        service->start_min = start_min;
    if (service->n_trips == 0 || end_min > service->end_min)
        service->end_min = end_min;
    service->n_trips += n;
}

/* With frequencies a trip's own times say only how long it takes. */
static void add_trip_times(const struct build *build, uint32_t trip, struct registry_service *service)
{
    const struct feed_stop_time *times = ROWS(build->feed->times, feed_stop_time);
    const struct feed_frequency *rows = ROWS(build->feed->frequencies, feed_frequency);
    const int32_t start_s = times[build->times.first[trip]].departure_s,
                  end_s = times[build->times.first[trip + 1] - 1].arrival_s;
    const size_t first = build->frequencies.first[trip], end = build->frequencies.first[trip + 1];
    if (first == end)
        widen(service, start_s, end_s, 1);
    for (size_t i = first; i < end; i++) {
        const int32_t n = (rows[i].end_s - rows[i].start_s + rows[i].headway_s - 1) / rows[i].headway_s;
        widen(service, rows[i].start_s, rows[i].start_s + (n - 1) * rows[i].headway_s + (end_s - start_s),
              (uint32_t)n);
    }
}

static int add_days(struct build *build, int32_t route, int32_t number, struct registry_service *service)
{
    const struct feed_exception *rows = ROWS(build->feed->exceptions, feed_exception);
    const size_t first = build->exceptions.first[number], n = build->exceptions.first[number + 1] - first;
    const int err = count(build, route, &build->n_days, n, GTFS_DAYS_MAX, "exceptions of their services");
    if (err < 0)
        return err;
    service->days = calloc(n + 1, sizeof(*service->days));
    if (service->days == NULL)
        return -ENOMEM;
    service->n_days = n;
    for (size_t i = 0; i < n; i++)
        service->days[i] = rows[first + i].runs ? rows[first + i].day : -rows[first + i].day;
    if (service->from_day == 0 && n > 0) { /* calendar_dates.txt alone has it */
        service->from_day = rows[first].day;
        service->until_day = rows[first + n - 1].day;
    }
    return 0;
}

static int add_service(struct build *build, int32_t route, int32_t number, struct registry_service **ret)
{
    struct feed *feed = build->feed;
    struct registry *registry = build->registry;
    const struct feed_service *from = &ROWS(feed->services, feed_service)[number];
    struct registry_service *grown = rows_room(registry->services, registry->n_services, 1, sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    registry->services = grown;
    struct registry_service *service = &registry->services[registry->n_services];
    *service = (struct registry_service){
        .weekdays = from->weekdays, .from_day = from->from_day, .until_day = from->until_day};
    const int err = add_days(build, route, number, service);
    if (err < 0)
        return err;
    registry->n_services++;
    gtfs_route_id(feed->route_ids.texts[route], service->route_id);
    gtfs_route_id(feed->service_ids.texts[number], service->service_id);
    (void)snprintf(service->feed_route_id, sizeof(service->feed_route_id), "%s",
                   feed->route_ids.texts[route]);
    *ret = service;
    return 0;
}

/* --- routes --- */

static void check_route(struct build *build, int32_t route, const struct bw_route *made)
{
    char reason[96];
    if (made->n_parts <= BW_PARTS_MAX && made->n_points <= BW_POINTS_MAX)
        return;
    (void)snprintf(reason, sizeof(reason), "a route has at most %d different lines and %d positions",
                   BW_PARTS_MAX, BW_POINTS_MAX);
    fault(build->feed, &build->feed->routes, (size_t)route, build->feed->route_ids.texts[route], reason);
}

/* The trips order[first] to order[end - 1] are those of one route. */
static int fill_route(struct build *build, size_t first, size_t end, struct patterns *patterns,
                      struct bw_route *made)
{
    const struct feed_trip *trips = ROWS(build->feed->trips, feed_trip);
    const int32_t route = trips[build->order[first]].route;
    struct registry_service *service = NULL;
    bool stop_to_stop = false;
    int err = 0;
    for (size_t i = first;
         i < end && err == 0 && made->n_parts <= BW_PARTS_MAX && made->n_points <= BW_POINTS_MAX; i++) {
        const uint32_t trip = build->order[i];
        if (i == first || trips[trip].service != trips[build->order[i - 1]].service)
            err = add_service(build, route, trips[trip].service, &service);
        const int is_new = err == 0 ? add_pattern(build, trip, patterns) : err;
        err = is_new < 0 ? is_new : add_line(build, trip, is_new == 1, made, &stop_to_stop);
        if (err == 0)
            add_trip_times(build, trip, service);
    }
    check_route(build, route, made);
    build->feed->summary.stop_to_stop += stop_to_stop;
    return err == 0 ? add_stops(build, route, patterns) : err;
}

static int add_route(struct build *build, size_t first, size_t end)
{
    struct feed *feed = build->feed;
    struct registry *registry = build->registry;
    const int32_t route = ROWS(feed->trips, feed_trip)[build->order[first]].route;
    struct patterns patterns = {0};
    struct bw_route *grown = rows_room(registry->routes, registry->n_routes, 1, sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    registry->routes = grown;
    struct bw_route *made = &registry->routes[registry->n_routes++];
    *made = (struct bw_route){.half_width_m = feed->options->half_width_m};
    memcpy(made->name, ROWS(feed->routes, feed_route)[route].name, sizeof(made->name));
    gtfs_route_id(feed->route_ids.texts[route], made->route_id);
    made->limits = calloc(1, sizeof(*made->limits));
    int err = made->limits != NULL ? open_part(made, 0) : -ENOMEM;
    if (err == 0)
        err = fill_route(build, first, end, &patterns, made);
    ids_free(&patterns.hashes);
    free(patterns.trips);
    return err;
}

struct keyed_trip {
    int32_t route, service;
    uint32_t trip;
};

static int compare_keyed(const void *left, const void *right)
{
    const struct keyed_trip *a = left, *b = right;
    const int by_route = by_numbers(a->route, b->route, a->service, b->service);
    return by_route != 0 ? by_route : by_numbers(a->trip, b->trip, 0, 0);
}

static int order_trips(struct build *build)
{
    const struct feed *feed = build->feed;
    const struct feed_trip *trips = ROWS(feed->trips, feed_trip);
    const size_t n = feed->trips.n;
    struct keyed_trip *keyed = calloc(n + 1, sizeof(*keyed));
    build->order = calloc(n + 1, sizeof(*build->order));
    if (keyed == NULL || build->order == NULL) {
        free(keyed);
        return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++)
        keyed[i] = (struct keyed_trip){trips[i].route, trips[i].service, (uint32_t)i};
    qsort(keyed, n, sizeof(*keyed), compare_keyed);
    for (size_t i = 0; i < n; i++)
        build->order[i] = keyed[i].trip;
    build->n_order = n;
    free(keyed);
    return 0;
}

/* "No route yet" for every shape and stop. */
static int32_t *none(size_t n)
{
    int32_t *numbers = malloc((n + 1) * sizeof(*numbers));
    for (size_t i = 0; numbers != NULL && i <= n; i++)
        numbers[i] = IDS_NONE;
    return numbers;
}

static int build_routes(struct build *build)
{
    struct feed *feed = build->feed;
    const struct feed_trip *trips = ROWS(feed->trips, feed_trip);
    int err = order_trips(build);
    build->shape_route = none(feed->shape_ids.n);
    build->stop_route = none(feed->stop_ids.n);
    build->registry = calloc(1, sizeof(*build->registry));
    if (build->shape_route == NULL || build->stop_route == NULL || build->registry == NULL)
        err = -ENOMEM;
    for (size_t first = 0, end; err == 0 && first < build->n_order; first = end) {
        end = first + 1;
        while (end < build->n_order && trips[build->order[end]].route == trips[build->order[first]].route)
            end++;
        err = add_route(build, first, end);
    }
    if (err == 0 && build->registry->n_routes == 0)
        faults_add(feed->faults, feed->trips.file, 1, NULL, "no trip: nothing to import");
    return err;
}

static void sum_up(struct build *build)
{
    struct feed *feed = build->feed;
    struct gtfs_summary *summary = &feed->summary;
    summary->routes = build->registry->n_routes;
    summary->routes_idle = feed->routes.n - build->registry->n_routes;
    summary->trips = feed->trips.n;
    summary->stops = feed->stops.n;
    summary->stop_times = feed->times.n;
    summary->services = feed->services.n;
    summary->shapes = feed->shape_ids.n;
    summary->shape_points = feed->points.n;
    summary->frequencies = feed->frequencies.n;
}

int gtfs_feed_build(struct feed *feed, struct registry **ret)
{
    struct build build = {.feed = feed};
    int err = sort_feed(&build);
    if (err == 0)
        check_feed(&build);
    if (err == 0 && !faults_any(feed->faults))
        err = build_routes(&build);
    if (err == 0 && faults_any(feed->faults))
        err = -EINVAL;
    if (err == 0) {
        sum_up(&build);
        *ret = build.registry;
        build.registry = NULL;
    }
    registry_free(build.registry);
    free(build.points.first);
    free(build.times.first);
    free(build.frequencies.first);
    free(build.exceptions.first);
    free(build.order);
    free(build.shape_route);
    free(build.stop_route);
    return err;
}
