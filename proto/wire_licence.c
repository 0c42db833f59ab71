/* Licence messages: the one large, nested message, kept apart from the small ones. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buswarden/v1/licence.pb-c.h"
#include "proto/wire_common.h"

void wire_licence_free(struct bw_licence *licence)
{
    if (licence == NULL)
        return;
    for (size_t i = 0; i < licence->n_routes; i++) {
        free(licence->routes[i].points);
        free(licence->routes[i].part_start);
    }
    free(licence->permits);
    free(licence->drivers);
    free(licence->routes);
    free(licence->stops);
    *licence = (struct bw_licence){0};
}

/* --- encoding: everything that a message points at lives in one arena that is freed as a whole --- */

struct arena {
    void *blocks[4 + 6 * BW_ROUTES_MAX + 2 * BW_PARTS_MAX];
    size_t n;
};

/* Zeroed memory for n items, or NULL (also when the arena is full, which only a licence over its limits
 * does). */
static void *arena_take(struct arena *arena, size_t n, size_t size)
{
    if (arena->n == sizeof arena->blocks / sizeof arena->blocks[0])
        return NULL;
    void *block = calloc(n > 0 ? n : 1, size);
    if (block != NULL)
        arena->blocks[arena->n++] = block;
    return block;
}

static void arena_free(struct arena *arena)
{
    for (size_t i = 0; i < arena->n; i++)
        free(arena->blocks[i]);
}

/* An array of n messages and the array of pointers to them that protobuf-c wants. */
#define TAKE_MESSAGES(arena, type, count, ret_items, ret_pointers)                                           \
    ((ret_items) = arena_take((arena), (count), sizeof(type)),                                               \
     (ret_pointers) = (ret_items) != NULL ? arena_take((arena), (count), sizeof(type *)) : NULL,             \
     (ret_pointers) != NULL)

static bool within_limits(const struct bw_licence *licence)
{
    if (licence->n_permits > BW_PERMITS_MAX || licence->n_drivers > BW_DRIVERS_MAX ||
        licence->n_routes > BW_ROUTES_MAX || licence->n_stops > BW_STOPS_MAX)
        return false;
    size_t points = 0, parts = 0;
    for (size_t r = 0; r < licence->n_routes; r++) {
        const struct bw_route *route = &licence->routes[r];
        points += route->n_points;
        parts += route->n_parts;
        if (route->n_parts == 0 || points > BW_POINTS_MAX || parts > BW_PARTS_MAX)
            return false;
        for (size_t i = 0; i < route->n_points; i++)
            if (!wire_degrees_valid(route->points[i].lat_deg, route->points[i].lon_deg))
                return false;
        for (size_t p = 0; p < route->n_parts; p++)
            if (route->part_start[p + 1] > route->n_points ||
                route->part_start[p + 1] < route->part_start[p] + 2)
                return false;
    }
    for (size_t i = 0; i < licence->n_stops; i++)
        if (!wire_degrees_valid(licence->stops[i].lat_deg, licence->stops[i].lon_deg))
            return false;
    return true;
}

static bool fill_line(struct arena *arena, const struct bw_point *points, size_t n, Buswarden__V1__Line *to)
{
    buswarden__v1__line__init(to);
    to->n_lat_e7 = to->n_lon_e7 = n;
    to->lat_e7 = arena_take(arena, n, sizeof *to->lat_e7);
    to->lon_e7 = arena_take(arena, n, sizeof *to->lon_e7);
    if (to->lat_e7 == NULL || to->lon_e7 == NULL)
        return false;
    int32_t lat = 0, lon = 0;
    for (size_t i = 0; i < n; i++) {
        /* Differences wrap where a route crosses the antimeridian; the decoder wraps back. */
        const int32_t next_lat = wire_to_e7(points[i].lat_deg), next_lon = wire_to_e7(points[i].lon_deg);
        to->lat_e7[i] = (int32_t)((uint32_t)next_lat - (uint32_t)lat);
        to->lon_e7[i] = (int32_t)((uint32_t)next_lon - (uint32_t)lon);
        lat = next_lat;
        lon = next_lon;
    }
    return true;
}

static bool fill_routes(struct arena *arena, const struct bw_licence *from, Buswarden__V1__Licence *to)
{
    Buswarden__V1__Route *routes;
    if (!TAKE_MESSAGES(arena, Buswarden__V1__Route, from->n_routes, routes, to->routes))
        return false;
    to->n_routes = from->n_routes;
    for (size_t r = 0; r < from->n_routes; r++) {
        const struct bw_route *route = &from->routes[r];
        buswarden__v1__route__init(&routes[r]);
        to->routes[r] = &routes[r];
        routes[r].route_id = wire_text_view(route->route_id);
        routes[r].name = wire_text_view(route->name);
        routes[r].half_width_dm = wire_to_dm(route->half_width_m);
        routes[r].speed_limit_kmh = (uint32_t)lround(route->speed_limit_kmh);
        Buswarden__V1__Line *lines;
        if (!TAKE_MESSAGES(arena, Buswarden__V1__Line, route->n_parts, lines, routes[r].lines))
            return false;
        routes[r].n_lines = route->n_parts;
        for (size_t p = 0; p < route->n_parts; p++) {
            routes[r].lines[p] = &lines[p];
            const uint32_t start = route->part_start[p];
            if (!fill_line(arena, route->points + start, route->part_start[p + 1] - start, &lines[p]))
                return false;
        }
    }
    return true;
}

static bool fill_permits(struct arena *arena, const struct bw_licence *from, Buswarden__V1__Licence *to)
{
    Buswarden__V1__Permit *permits;
    Buswarden__V1__Driver *drivers;
    if (!TAKE_MESSAGES(arena, Buswarden__V1__Permit, from->n_permits, permits, to->permits) ||
        !TAKE_MESSAGES(arena, Buswarden__V1__Driver, from->n_drivers, drivers, to->drivers))
        return false;
    to->n_permits = from->n_permits;
    to->n_drivers = from->n_drivers;
    for (size_t i = 0; i < from->n_permits; i++) {
        const struct bw_permit *permit = &from->permits[i];
        buswarden__v1__permit__init(&permits[i]);
        to->permits[i] = &permits[i];
        permits[i].permit_no = wire_text_view(permit->permit_no);
        permits[i].driver_id = wire_text_view(permit->driver_id);
        permits[i].route_id = wire_text_view(permit->route_id);
        permits[i].weekdays = permit->weekdays;
        permits[i].window_start_min = permit->window_start_min;
        permits[i].window_end_min = permit->window_end_min;
        permits[i].valid_from_day = permit->valid_from_day;
        permits[i].valid_until_day = permit->valid_until_day;
        permits[i].status = (Buswarden__V1__PermitStatus)permit->status;
    }
    for (size_t i = 0; i < from->n_drivers; i++) {
        buswarden__v1__driver__init(&drivers[i]);
        to->drivers[i] = &drivers[i];
        drivers[i].driver_id = wire_text_view(from->drivers[i].driver_id);
        drivers[i].qualified_until_day = from->drivers[i].qualified_until_day;
    }
    return true;
}

static bool fill_stops(struct arena *arena, const struct bw_licence *from, Buswarden__V1__Licence *to)
{
    Buswarden__V1__Stop *stops;
    if (!TAKE_MESSAGES(arena, Buswarden__V1__Stop, from->n_stops, stops, to->stops))
        return false;
    to->n_stops = from->n_stops;
    for (size_t i = 0; i < from->n_stops; i++) {
        const struct bw_stop *stop = &from->stops[i];
        buswarden__v1__stop__init(&stops[i]);
        to->stops[i] = &stops[i];
        stops[i].stop_id = wire_text_view(stop->stop_id);
        stops[i].name = wire_text_view(stop->name);
        stops[i].route_id = wire_text_view(stop->route_id);
        stops[i].sequence = stop->sequence;
        stops[i].lat_e7 = wire_to_e7(stop->lat_deg);
        stops[i].lon_e7 = wire_to_e7(stop->lon_deg);
        stops[i].radius_dm = wire_to_dm(stop->radius_m);
    }
    return true;
}

static void fill_thresholds(const struct bw_thresholds *from, Buswarden__V1__Thresholds *to)
{
    to->overload_hold_ms = from->overload_hold_ms;
    to->overload_clear_ms = from->overload_clear_ms;
    to->off_route_margin_m = from->off_route_margin_m;
    to->off_route_evidence_milli = from->off_route_evidence_milli;
    to->off_route_clear_ms = from->off_route_clear_ms;
    to->unlicensed_hold_ms = from->unlicensed_hold_ms;
    to->update_interval_ms = from->update_interval_ms;
}

int wire_licence_encode(const struct bw_licence *licence, struct wire_bytes *ret)
{
    if (!within_limits(licence))
        return -EINVAL;
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        return -ENOMEM;
    Buswarden__V1__Licence message = BUSWARDEN__V1__LICENCE__INIT;
    Buswarden__V1__Thresholds thresholds = BUSWARDEN__V1__THRESHOLDS__INIT;
    message.vehicle_id = wire_text_view(licence->vehicle_id);
    message.division = wire_text_view(licence->division);
    message.plate = wire_text_view(licence->plate);
    message.version = licence->version;
    message.issued_ms = licence->issued_utc_ms;
    message.vehicle_class = (Buswarden__V1__VehicleClass)licence->vehicle_class;
    message.seats = licence->seats;
    message.approved_capacity = licence->approved_capacity;
    message.inspected_until_day = licence->inspected_until_day;
    message.scrapped_day = licence->scrapped_day;
    message.utc_offset_min = licence->utc_offset_min;
    fill_thresholds(&licence->thresholds, &thresholds);
    message.thresholds = &thresholds;
    int error = -ENOMEM;
    if (fill_permits(arena, licence, &message) && fill_routes(arena, licence, &message) &&
        fill_stops(arena, licence, &message))
        error = wire_pack(&message.base, WIRE_LICENCE_MAX, ret);
    arena_free(arena);
    free(arena);
    return error;
}

/* --- decoding --- */

static bool valid_day(int32_t day)
{
    return day >= 0 && day < 1000000; /* year 4707 */
}

static bool take_permit(const Buswarden__V1__Permit *from, struct bw_permit *ret)
{
    if (from->weekdays > 0x7f || from->window_start_min > 1440 || from->window_end_min > 1440 ||
        !valid_day(from->valid_from_day) || !valid_day(from->valid_until_day))
        return false;
    ret->weekdays = (uint8_t)from->weekdays;
    ret->window_start_min = (uint16_t)from->window_start_min;
    ret->window_end_min = (uint16_t)from->window_end_min;
    ret->valid_from_day = from->valid_from_day;
    ret->valid_until_day = from->valid_until_day;
    /* A status newer than this build is not "active". */
    ret->status = wire_within((int)from->status, BW_STATUS_ACTIVE, BW_STATUS_SUSPENDED)
                      ? (enum bw_permit_status)from->status
                      : BW_STATUS_REVOKED;
    return wire_take_text(from->permit_no, ret->permit_no, sizeof ret->permit_no) &&
           wire_take_text(from->driver_id, ret->driver_id, sizeof ret->driver_id) &&
           wire_take_text(from->route_id, ret->route_id, sizeof ret->route_id);
}

static bool take_line(const Buswarden__V1__Line *from, struct bw_point *ret)
{
    int32_t lat = 0, lon = 0;
    for (size_t i = 0; i < from->n_lat_e7; i++) {
        lat = (int32_t)((uint32_t)lat + (uint32_t)from->lat_e7[i]);
        lon = (int32_t)((uint32_t)lon + (uint32_t)from->lon_e7[i]);
        if (!wire_e7_valid(lat, lon))
            return false;
        ret[i] = (struct bw_point){.lat_deg = lat / 1e7, .lon_deg = lon / 1e7};
    }
    return true;
}

/* Allocates the route's arrays; they belong to *ret even on failure. *points_left is what the licence still
 * may hold. */
static int take_route(const Buswarden__V1__Route *from, struct bw_route *ret, size_t *points_left)
{
    size_t points = 0;
    if (from->n_lines == 0 || from->n_lines > BW_PARTS_MAX || from->half_width_dm == 0 ||
        from->half_width_dm > 50000 || from->speed_limit_kmh > 200 ||
        !wire_take_text(from->route_id, ret->route_id, sizeof ret->route_id) ||
        !wire_take_text(from->name, ret->name, sizeof ret->name))
        return -EBADMSG;
    for (size_t p = 0; p < from->n_lines; p++) {
        if (from->lines[p]->n_lat_e7 < 2 || from->lines[p]->n_lat_e7 != from->lines[p]->n_lon_e7)
            return -EBADMSG;
        points += from->lines[p]->n_lat_e7;
    }
    if (points > *points_left)
        return -EBADMSG;
    *points_left -= points;
    ret->half_width_m = from->half_width_dm / 10.0;
    ret->speed_limit_kmh = from->speed_limit_kmh;
    ret->points = calloc(points, sizeof *ret->points);
    ret->part_start = calloc(from->n_lines + 1, sizeof *ret->part_start);
    if (ret->points == NULL || ret->part_start == NULL)
        return -ENOMEM;
    for (size_t p = 0; p < from->n_lines; p++) {
        if (!take_line(from->lines[p], ret->points + ret->n_points))
            return -EBADMSG;
        ret->n_points += from->lines[p]->n_lat_e7;
        ret->part_start[++ret->n_parts] = (uint32_t)ret->n_points;
    }
    return 0;
}

static bool take_stop(const Buswarden__V1__Stop *from, struct bw_stop *ret)
{
    if (!wire_e7_valid(from->lat_e7, from->lon_e7))
        return false;
    ret->sequence = from->sequence;
    ret->lat_deg = from->lat_e7 / 1e7;
    ret->lon_deg = from->lon_e7 / 1e7;
    ret->radius_m = from->radius_dm / 10.0;
    return wire_take_text(from->stop_id, ret->stop_id, sizeof ret->stop_id) &&
           wire_take_text(from->name, ret->name, sizeof ret->name) &&
           wire_take_text(from->route_id, ret->route_id, sizeof ret->route_id);
}

static void take_thresholds(const Buswarden__V1__Thresholds *from, struct bw_thresholds *ret)
{
    if (from == NULL)
        return; /* all zero: the gateway's defaults */
    ret->overload_hold_ms = from->overload_hold_ms;
    ret->overload_clear_ms = from->overload_clear_ms;
    ret->off_route_margin_m = from->off_route_margin_m;
    ret->off_route_evidence_milli = from->off_route_evidence_milli;
    ret->off_route_clear_ms = from->off_route_clear_ms;
    ret->unlicensed_hold_ms = from->unlicensed_hold_ms;
    ret->update_interval_ms = from->update_interval_ms;
}

static bool take_scalars(const Buswarden__V1__Licence *from, struct bw_licence *ret)
{
    if (!wire_take_text(from->vehicle_id, ret->vehicle_id, sizeof ret->vehicle_id) ||
        !wire_take_text(from->division, ret->division, sizeof ret->division) ||
        !wire_take_text(from->plate, ret->plate, sizeof ret->plate) || !wire_fits_u16(from->seats) ||
        !wire_fits_u16(from->approved_capacity) || !valid_day(from->inspected_until_day) ||
        !valid_day(from->scrapped_day) || from->version == 0 || from->version > INT64_MAX ||
        from->utc_offset_min < -14 * 60 || from->utc_offset_min > 14 * 60)
        return false;
    ret->version = from->version;
    ret->issued_utc_ms = from->issued_ms;
    ret->vehicle_class = wire_within((int)from->vehicle_class, BW_CLASS_LARGE, BW_CLASS_SMALL)
                             ? (enum bw_vehicle_class)from->vehicle_class
                             : BW_CLASS_UNKNOWN;
    ret->seats = (uint16_t)from->seats;
    ret->approved_capacity = (uint16_t)from->approved_capacity;
    ret->inspected_until_day = from->inspected_until_day;
    ret->scrapped_day = from->scrapped_day;
    ret->utc_offset_min = (int16_t)from->utc_offset_min;
    take_thresholds(from->thresholds, &ret->thresholds);
    return from->n_permits <= BW_PERMITS_MAX && from->n_drivers <= BW_DRIVERS_MAX &&
           from->n_routes <= BW_ROUTES_MAX && from->n_stops <= BW_STOPS_MAX;
}

/* Memory taken on the way belongs to *ret even on failure. */
static int take_licence(const Buswarden__V1__Licence *from, struct bw_licence *ret)
{
    if (!take_scalars(from, ret))
        return -EBADMSG;
    ret->permits = calloc(from->n_permits + 1, sizeof *ret->permits);
    ret->drivers = calloc(from->n_drivers + 1, sizeof *ret->drivers);
    ret->routes = calloc(from->n_routes + 1, sizeof *ret->routes);
    ret->stops = calloc(from->n_stops + 1, sizeof *ret->stops);
    if (ret->permits == NULL || ret->drivers == NULL || ret->routes == NULL || ret->stops == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < from->n_permits; i++)
        if (!take_permit(from->permits[i], &ret->permits[ret->n_permits++]))
            return -EBADMSG;
    for (size_t i = 0; i < from->n_drivers; i++) {
        struct bw_driver *driver = &ret->drivers[ret->n_drivers++];
        driver->qualified_until_day = from->drivers[i]->qualified_until_day;
        if (!wire_take_text(from->drivers[i]->driver_id, driver->driver_id, sizeof driver->driver_id))
            return -EBADMSG;
    }
    size_t points_left = BW_POINTS_MAX;
    for (size_t i = 0; i < from->n_routes; i++) {
        const int error = take_route(from->routes[i], &ret->routes[ret->n_routes++], &points_left);
        if (error != 0)
            return error;
    }
    for (size_t i = 0; i < from->n_stops; i++)
        if (!take_stop(from->stops[i], &ret->stops[ret->n_stops++]))
            return -EBADMSG;
    return 0;
}

int wire_licence_decode(const uint8_t *data, size_t len, struct bw_licence *ret)
{
    ProtobufCMessage *base;
    int error = wire_unpack(&buswarden__v1__licence__descriptor, data, len, WIRE_LICENCE_MAX,
                            WIRE_LICENCE_BUDGET, &base);
    if (error != 0)
        return error;
    struct bw_licence licence = {0};
    error = take_licence((const Buswarden__V1__Licence *)base, &licence);
    wire_release(base);
    if (error != 0)
        wire_licence_free(&licence);
    else
        *ret = licence;
    return error;
}
