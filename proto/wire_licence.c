/* Licence messages: the one large, nested message, kept apart from the small ones. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire_line.h"

void wire_licence_free(struct bw_licence *licence)
{
    if (licence == NULL)
        return;
    for (size_t i = 0; i < licence->n_routes; i++) {
        free(licence->routes[i].points);
        free(licence->routes[i].part_start);
        free(licence->routes[i].limits);
    }
    free(licence->permits);
    free(licence->drivers);
    free(licence->routes);
    free(licence->stops);
    *licence = (struct bw_licence){0};
}

/* --- encoding --- */

enum { SPEED_LIMIT_KMH_MAX = 200 };

static bool limit_kmh_valid(double limit_kmh)
{
    return limit_kmh >= 0 && limit_kmh <= SPEED_LIMIT_KMH_MAX; /* false for NaN */
}

/* In order, not overlapping, none without length: also as the decimetres that are sent. */
static bool limits_valid(const struct bw_route *route)
{
    uint32_t end_dm = 0;
    for (size_t i = 0; i < route->n_limits; i++) {
        const struct bw_limit *limit = &route->limits[i];
        const uint32_t from_dm = wire_to_dm(limit->from_m), to_dm = wire_to_dm(limit->to_m);
        if (!(limit->from_m >= 0) || from_dm < end_dm || to_dm <= from_dm ||
            !limit_kmh_valid(limit->limit_kmh))
            return false;
        end_dm = to_dm;
    }
    return true;
}

static bool route_valid(const struct bw_route *route)
{
    for (size_t p = 0; p < route->n_parts; p++)
        if (route->part_start[p + 1] > route->n_points || route->part_start[p + 1] < route->part_start[p] + 2)
            return false;
    return route->n_parts > 0 && wire_points_valid(route->points, route->n_points) &&
           limit_kmh_valid(route->speed_limit_kmh) && limits_valid(route);
}

static bool within_limits(const struct bw_licence *licence)
{
    if (licence->n_permits > BW_PERMITS_MAX || licence->n_drivers > BW_DRIVERS_MAX ||
        licence->n_routes > BW_ROUTES_MAX || licence->n_stops > BW_STOPS_MAX)
        return false;
    size_t points = 0, parts = 0, limits = 0;
    for (size_t r = 0; r < licence->n_routes; r++) {
        const struct bw_route *route = &licence->routes[r];
        points += route->n_points;
        parts += route->n_parts;
        limits += route->n_limits;
        if (points > BW_POINTS_MAX || parts > BW_PARTS_MAX || limits > BW_LIMITS_MAX || !route_valid(route))
            return false;
    }
    for (size_t i = 0; i < licence->n_stops; i++)
        if (!wire_degrees_valid(licence->stops[i].lat_deg, licence->stops[i].lon_deg))
            return false;
    return true;
}

static bool fill_lines(struct wire_arena *arena, const struct bw_route *from, Buswarden__V1__Route *to)
{
    Buswarden__V1__Line *lines;
    if (!WIRE_TAKE_MESSAGES(arena, Buswarden__V1__Line, from->n_parts, lines, to->lines))
        return false;
    to->n_lines = from->n_parts;
    for (size_t p = 0; p < from->n_parts; p++) {
        to->lines[p] = &lines[p];
        const uint32_t start = from->part_start[p];
        if (!wire_line_fill(arena, from->points + start, from->part_start[p + 1] - start, &lines[p]))
            return false;
    }
    return true;
}

static bool fill_limits(struct wire_arena *arena, const struct bw_route *from, Buswarden__V1__Route *to)
{
    Buswarden__V1__Limit *limits;
    if (!WIRE_TAKE_MESSAGES(arena, Buswarden__V1__Limit, from->n_limits, limits, to->limits))
        return false;
    to->n_limits = from->n_limits;
    for (size_t i = 0; i < from->n_limits; i++) {
        buswarden__v1__limit__init(&limits[i]);
        to->limits[i] = &limits[i];
        limits[i].from_dm = wire_to_dm(from->limits[i].from_m);
        limits[i].to_dm = wire_to_dm(from->limits[i].to_m);
        limits[i].limit_kmh = (uint32_t)lround(from->limits[i].limit_kmh);
        limits[i].motorway = from->limits[i].motorway;
    }
    return true;
}

static bool fill_routes(struct wire_arena *arena, const struct bw_licence *from, Buswarden__V1__Licence *to)
{
    Buswarden__V1__Route *routes;
    if (!WIRE_TAKE_MESSAGES(arena, Buswarden__V1__Route, from->n_routes, routes, to->routes))
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
        if (!fill_lines(arena, route, &routes[r]) || !fill_limits(arena, route, &routes[r]))
            return false;
    }
    return true;
}

static bool fill_permits(struct wire_arena *arena, const struct bw_licence *from, Buswarden__V1__Licence *to)
{
    Buswarden__V1__Permit *permits;
    Buswarden__V1__Driver *drivers;
    if (!WIRE_TAKE_MESSAGES(arena, Buswarden__V1__Permit, from->n_permits, permits, to->permits) ||
        !WIRE_TAKE_MESSAGES(arena, Buswarden__V1__Driver, from->n_drivers, drivers, to->drivers))
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

static bool fill_stops(struct wire_arena *arena, const struct bw_licence *from, Buswarden__V1__Licence *to)
{
    Buswarden__V1__Stop *stops;
    if (!WIRE_TAKE_MESSAGES(arena, Buswarden__V1__Stop, from->n_stops, stops, to->stops))
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

/* The fields of a message and of the struct have the same names. */
static const struct {
    size_t of_message, of_struct;
} thresholds[] = {
#define THRESHOLD(name)                                                                                      \
    {                                                                                                        \
        offsetof(Buswarden__V1__Thresholds, name), offsetof(struct bw_thresholds, name)                      \
    }
    THRESHOLD(overload_hold_ms),         THRESHOLD(overload_clear_ms),
    THRESHOLD(off_route_margin_m),       THRESHOLD(off_route_evidence_milli),
    THRESHOLD(off_route_clear_ms),       THRESHOLD(unlicensed_hold_ms),
    THRESHOLD(update_interval_ms),       THRESHOLD(raise_hold_off_ms),
    THRESHOLD(out_of_hours_grace_min),   THRESHOLD(out_of_hours_hold_ms),
    THRESHOLD(unapproved_stop_margin_m), THRESHOLD(unapproved_stop_door_ms),
    THRESHOLD(overspeed_tolerance_kmh),  THRESHOLD(overspeed_hold_ms),
    THRESHOLD(unbelted_hold_ms),         THRESHOLD(door_open_hold_ms),
    THRESHOLD(left_behind_hold_ms),      THRESHOLD(left_behind_escalate_ms),
    THRESHOLD(sensor_fault_hold_ms),     THRESHOLD(no_fix_hold_ms),
    THRESHOLD(tamper_hold_ms),
};
enum { N_THRESHOLDS = sizeof thresholds / sizeof thresholds[0] };
_Static_assert(N_THRESHOLDS * sizeof(uint32_t) == sizeof(struct bw_thresholds), "all of them are carried");

static void fill_thresholds(const struct bw_thresholds *from, Buswarden__V1__Thresholds *to)
{
    for (size_t i = 0; i < N_THRESHOLDS; i++)
        memcpy((char *)to + thresholds[i].of_message, (const char *)from + thresholds[i].of_struct,
               sizeof(uint32_t));
}

int wire_licence_encode(const struct bw_licence *licence, struct wire_bytes *ret)
{
    if (!within_limits(licence))
        return -EINVAL;
    Buswarden__V1__Licence message = BUSWARDEN__V1__LICENCE__INIT;
    Buswarden__V1__Thresholds numbers = BUSWARDEN__V1__THRESHOLDS__INIT;
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
    fill_thresholds(&licence->thresholds, &numbers);
    message.thresholds = &numbers;
    struct wire_arena arena = {0};
    int error = -ENOMEM;
    if (fill_permits(&arena, licence, &message) && fill_routes(&arena, licence, &message) &&
        fill_stops(&arena, licence, &message))
        error = wire_pack(&message.base, WIRE_LICENCE_MAX, ret);
    wire_arena_free(&arena);
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

static int take_limits(const Buswarden__V1__Route *from, struct bw_route *ret)
{
    ret->limits = calloc(from->n_limits + 1, sizeof *ret->limits);
    if (ret->limits == NULL)
        return -ENOMEM;
    uint32_t end_dm = 0;
    for (size_t i = 0; i < from->n_limits; i++) {
        const Buswarden__V1__Limit *limit = from->limits[i];
        if (limit->from_dm < end_dm || limit->to_dm <= limit->from_dm || limit->to_dm > WIRE_DM_MAX ||
            limit->limit_kmh > SPEED_LIMIT_KMH_MAX)
            return -EBADMSG;
        end_dm = limit->to_dm;
        ret->limits[ret->n_limits++] = (struct bw_limit){.from_m = limit->from_dm / 10.0,
                                                         .to_m = limit->to_dm / 10.0,
                                                         .limit_kmh = limit->limit_kmh,
                                                         .motorway = limit->motorway};
    }
    return 0;
}

/* What a licence may still hold. */
struct room {
    size_t points, limits;
};

/* Allocates the route's arrays; they belong to *ret even on failure. */
static int take_route(const Buswarden__V1__Route *from, struct bw_route *ret, struct room *room)
{
    size_t points = 0;
    if (from->n_lines == 0 || from->n_lines > BW_PARTS_MAX || from->half_width_dm == 0 ||
        from->half_width_dm > 50000 || from->speed_limit_kmh > SPEED_LIMIT_KMH_MAX ||
        !wire_take_text(from->route_id, ret->route_id, sizeof ret->route_id) ||
        !wire_take_text(from->name, ret->name, sizeof ret->name))
        return -EBADMSG;
    for (size_t p = 0; p < from->n_lines; p++) {
        if (from->lines[p]->n_lat_e7 < 2 || from->lines[p]->n_lat_e7 != from->lines[p]->n_lon_e7)
            return -EBADMSG;
        points += from->lines[p]->n_lat_e7;
    }
    if (points > room->points || from->n_limits > room->limits)
        return -EBADMSG;
    room->points -= points;
    room->limits -= from->n_limits;
    ret->half_width_m = from->half_width_dm / 10.0;
    ret->speed_limit_kmh = from->speed_limit_kmh;
    ret->points = calloc(points, sizeof *ret->points);
    ret->part_start = calloc(from->n_lines + 1, sizeof *ret->part_start);
    if (ret->points == NULL || ret->part_start == NULL)
        return -ENOMEM;
    for (size_t p = 0; p < from->n_lines; p++) {
        if (!wire_line_take(from->lines[p], ret->points + ret->n_points))
            return -EBADMSG;
        ret->n_points += from->lines[p]->n_lat_e7;
        ret->part_start[++ret->n_parts] = (uint32_t)ret->n_points;
    }
    return take_limits(from, ret);
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
    for (size_t i = 0; from != NULL && i < N_THRESHOLDS; i++) /* else all zero: the gateway's defaults */
        memcpy((char *)ret + thresholds[i].of_struct, (const char *)from + thresholds[i].of_message,
               sizeof(uint32_t));
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
    struct room room = {.points = BW_POINTS_MAX, .limits = BW_LIMITS_MAX};
    for (size_t i = 0; i < from->n_routes; i++) {
        const int error = take_route(from->routes[i], &ret->routes[ret->n_routes++], &room);
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
