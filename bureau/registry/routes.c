#include "bureau/registry/routes.h"

#include "bureau/registry/geojson.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sets {
    struct rows *routes, *stops;
};

static const struct geojson_number HALF_WIDTH = {"half_width_m", 5, 500, 30, false};
static const struct geojson_number SPEED_LIMIT = {"speed_limit_kmh", 0, 120, 0, true};
static const struct geojson_number RADIUS = {"radius_m", 5, 500, 30, false};
static const struct geojson_number SEQUENCE = {"sequence", 0, 100000, NAN, true};
static const struct geojson_number FROM = {"from_m", 0, 1000000, NAN, false};
static const struct geojson_number TO = {"to_m", 0, 1000000, NAN, false};
static const struct geojson_number LIMIT = {"limit_kmh", 0, 120, 0, true};

/* Appends one part to the route, whose arrays are large enough. */
static bool read_part(const struct geojson *reader, const json_t *part, struct bw_route *route)
{
    const size_t n = json_array_size(part);
    bool has_length = false;
    if (n < 2) {
        geojson_fault(reader, "every line needs at least 2 positions");
        return false;
    }
    struct bw_point *points = route->points + route->n_points;
    for (size_t i = 0; i < n; i++) {
        if (!geojson_point(reader, json_array_get(part, i), &points[i]))
            return false;
        has_length |= points[i].lat_deg != points[0].lat_deg || points[i].lon_deg != points[0].lon_deg;
    }
    if (!has_length) {
        geojson_fault(reader, "a line without length");
        return false;
    }
    route->n_points += n;
    route->part_start[++route->n_parts] = (uint32_t)route->n_points;
    return true;
}

/* `parts` is an array of lines. 0 or -ENOMEM; the faults are the reader's. */
static int read_line(const struct geojson *reader, const json_t *parts, struct bw_route *route)
{
    size_t n_points = 0, i;
    const json_t *part;
    const size_t n_parts = json_array_size(parts);
    json_array_foreach(parts, i, part) n_points += json_array_size(part);
    if (n_parts < 1 || n_parts > BW_PARTS_MAX || n_points > BW_POINTS_MAX) {
        char text[128];
        (void)snprintf(text, sizeof(text), "a route has 1 to %d lines and at most %d positions", BW_PARTS_MAX,
                       BW_POINTS_MAX);
        geojson_fault(reader, text);
        return 0;
    }
    route->points = calloc(n_points + 1, sizeof(*route->points));
    route->part_start = calloc(n_parts + 1, sizeof(*route->part_start));
    if (route->points == NULL || route->part_start == NULL)
        return -ENOMEM;
    json_array_foreach(parts, i, part)
    {
        if (!read_part(reader, part, route))
            break;
    }
    return 0;
}

/* Along the line, its parts counted on; within 1 %. */
static double length_m(const struct bw_route *route)
{
    static const double DEGREE_M = 111195, RAD = 0.017453292519943295;
    double sum_m = 0;
    for (size_t part = 0; part < route->n_parts; part++)
        for (uint32_t i = route->part_start[part]; i + 1 < route->part_start[part + 1]; i++) {
            const struct bw_point *a = &route->points[i], *b = a + 1;
            const double lon_deg = remainder(b->lon_deg - a->lon_deg, 360);
            sum_m += DEGREE_M * hypot(b->lat_deg - a->lat_deg, lon_deg * cos(a->lat_deg * RAD));
        }
    return sum_m;
}

/* `limits` holds those before it. */
static void check_limit(const struct geojson *reader, const struct bw_route *route, double route_m,
                        const struct bw_limit *limit)
{
    const double before_m = route->n_limits > 0 ? route->limits[route->n_limits - 1].to_m : 0;
    if (limit->to_m - limit->from_m < 1)
        geojson_fault(reader, "to_m must be after from_m, by a metre at least");
    else if (limit->from_m < before_m)
        geojson_fault(reader, "begins before the one before it ends");
    else if (limit->limit_kmh == 0 && !limit->motorway)
        geojson_fault(reader, "needs limit_kmh or motorway, else it says nothing");
    if (route->n_points > 0 && limit->to_m > route_m * 1.01 + 10) {
        char text[96];
        (void)snprintf(text, sizeof(text), "to_m is beyond the end of the route, at %.0f m", route_m);
        geojson_fault(reader, text);
    }
}

static void read_limit(const struct geojson *reader, const json_t *json, double route_m,
                       struct bw_route *route)
{
    struct bw_limit limit = {0};
    const json_t *motorway = json_object_get(json, "motorway");
    if (!json_is_object(json) || (motorway != NULL && !json_is_boolean(motorway))) {
        geojson_fault(reader, "must be {from_m, to_m, limit_kmh, motorway}, motorway true or false");
        return;
    }
    limit.motorway = json_is_true(motorway);
    const bool from = geojson_number(reader, json, &FROM, &limit.from_m);
    const bool to = geojson_number(reader, json, &TO, &limit.to_m);
    const bool kmh = geojson_number(reader, json, &LIMIT, &limit.limit_kmh);
    if (!from || !to || !kmh)
        return;
    check_limit(reader, route, route_m, &limit);
    route->limits[route->n_limits++] = limit;
}

/* 0 or -ENOMEM; the faults are the reader's. */
static int read_limits(struct geojson *reader, const json_t *properties, struct bw_route *route)
{
    size_t i;
    const json_t *limits = json_object_get(properties, "limits"), *limit;
    const size_t n = json_array_size(limits);
    if (limits != NULL && !json_is_null(limits) && !json_is_array(limits))
        geojson_fault(reader, "limits must be an array");
    if (n > BW_LIMITS_MAX) {
        geojson_fault(reader, "more than 1024 limits");
        return 0;
    }
    route->limits = calloc(n + 1, sizeof(*route->limits));
    if (route->limits == NULL)
        return -ENOMEM;
    const double route_m = n > 0 ? length_m(route) : 0;
    json_array_foreach(limits, i, limit)
    {
        (void)snprintf(reader->part, sizeof(reader->part), "limits[%zu]: ", i);
        read_limit(reader, limit, route_m, route);
    }
    reader->part[0] = '\0';
    return 0;
}

static int read_route(struct geojson *reader, const json_t *properties, const json_t *parts,
                      struct rows *routes)
{
    struct bw_route route = {0};
    if (geojson_text(reader, properties, "route_id", route.route_id, sizeof(route.route_id)))
        memcpy(reader->subject, route.route_id, sizeof(reader->subject));
    geojson_text(reader, properties, "name", route.name, sizeof(route.name));
    geojson_number(reader, properties, &HALF_WIDTH, &route.half_width_m);
    geojson_number(reader, properties, &SPEED_LIMIT, &route.speed_limit_kmh);
    int err = read_line(reader, parts, &route);
    if (err == 0)
        err = read_limits(reader, properties, &route);
    if (err == 0)
        err = rows_add(routes, &route, reader->line);
    if (err < 0)
        registry_route_free(&route);
    return err;
}

static int read_line_string(struct geojson *reader, const struct geojson_feature *feature, struct sets *sets)
{
    json_t *parts = json_array();
    int err = parts && json_array_append(parts, feature->coordinates) == 0 ? 0 : -ENOMEM;
    if (err == 0)
        err = read_route(reader, feature->properties, parts, sets->routes);
    json_decref(parts);
    return err;
}

static int read_multi_line_string(struct geojson *reader, const struct geojson_feature *feature,
                                  struct sets *sets)
{
    return read_route(reader, feature->properties, feature->coordinates, sets->routes);
}

static int read_stop(struct geojson *reader, const struct geojson_feature *feature, struct sets *sets)
{
    const json_t *properties = feature->properties;
    struct bw_stop stop = {0};
    struct bw_point point = {0};
    double sequence = 0;
    if (geojson_text(reader, properties, "stop_id", stop.stop_id, sizeof(stop.stop_id)))
        memcpy(reader->subject, stop.stop_id, sizeof(reader->subject));
    geojson_text(reader, properties, "name", stop.name, sizeof(stop.name));
    geojson_text(reader, properties, "route_id", stop.route_id, sizeof(stop.route_id));
    geojson_number(reader, properties, &SEQUENCE, &sequence);
    geojson_number(reader, properties, &RADIUS, &stop.radius_m);
    geojson_point(reader, feature->coordinates, &point);
    stop.sequence = (uint32_t)sequence;
    stop.lat_deg = point.lat_deg;
    stop.lon_deg = point.lon_deg;
    return rows_add(sets->stops, &stop, reader->line);
}

static int read_feature(struct geojson *reader, const struct geojson_feature *feature, void *context)
{
    static const struct {
        const char *type;
        int (*read)(struct geojson *, const struct geojson_feature *, struct sets *);
    } geometries[] = {
        {"LineString", read_line_string}, {"MultiLineString", read_multi_line_string}, {"Point", read_stop}};
    for (size_t i = 0; feature->type != NULL && i < sizeof(geometries) / sizeof(geometries[0]); i++) {
        if (strcmp(geometries[i].type, feature->type) != 0)
            continue;
        if (json_is_array(feature->coordinates))
            return geometries[i].read(reader, feature, context);
        geojson_fault(reader, "the geometry has no coordinates");
        return 0;
    }
    geojson_fault(reader, "the geometry must be a LineString, a MultiLineString or a Point");
    return 0;
}

int routes_read(const char *dir, struct registry_faults *faults, struct rows *ret_routes,
                struct rows *ret_stops)
{
    ret_routes->file = ret_stops->file = ROUTES_FILE;
    struct sets sets = {ret_routes, ret_stops};
    return geojson_read(dir, ROUTES_FILE, faults, read_feature, &sets);
}

int routes_read_json(const json_t *root, const char *file, struct registry_faults *faults,
                     struct rows *ret_routes, struct rows *ret_stops)
{
    struct sets sets = {ret_routes, ret_stops};
    return geojson_read_json(root, file, faults, read_feature, &sets);
}
