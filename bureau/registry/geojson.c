#include "bureau/registry/geojson.h"

#include "bureau/registry/gcj02.h"
#include "bureau/registry/textfile.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct registry_faults *faults;
    struct rows *routes, *stops;
    bool is_gcj02;
    unsigned line;           /* of the feature at hand */
    char subject[BW_ID_LEN]; /* its id, "" while unknown */
};

static void fault(const struct reader *reader, const char *reason)
{
    faults_add(reader->faults, GEOJSON_FILE, reader->line, reader->subject[0] ? reader->subject : NULL,
               reason);
}

/* A string member of `properties`, or a fault and false. */
static bool read_text(const struct reader *reader, const json_t *properties, const char *name, char *target,
                      size_t size)
{
    const json_t *value = json_object_get(properties, name);
    const size_t len = json_string_length(value);
    const char *reason = NULL;
    if (!json_is_string(value))
        reason = "must be there, as a string";
    else if (len == 0)
        reason = "is empty";
    else if (len >= size)
        reason = "is too long";
    else
        reason = text_fault(json_string_value(value), len);
    if (reason != NULL) {
        char text[128];
        (void)snprintf(text, sizeof(text), "%s %s", name, reason);
        fault(reader, text);
        return false;
    }
    memcpy(target, json_string_value(value), len + 1);
    return true;
}

/* A number member; absent or null = the default. */
struct number {
    const char *name;
    double low, high, preset; /* NaN preset: it must be there */
    bool whole;
};
static const struct number HALF_WIDTH = {"half_width_m", 5, 500, 30, false};
static const struct number SPEED_LIMIT = {"speed_limit_kmh", 0, 120, 0, true};
static const struct number RADIUS = {"radius_m", 5, 500, 30, false};
static const struct number SEQUENCE = {"sequence", 0, 100000, NAN, true};

static bool read_number(const struct reader *reader, const json_t *properties, const struct number *want,
                        double *ret)
{
    const json_t *value = json_object_get(properties, want->name);
    double number = json_is_number(value) ? json_number_value(value) : want->preset;
    const bool absent = value == NULL || json_is_null(value);
    if ((!absent && !json_is_number(value)) || !(number >= want->low && number <= want->high) ||
        (want->whole && number != floor(number))) {
        char text[128];
        (void)snprintf(text, sizeof(text), "%s must be a %snumber from %g to %g", want->name,
                       want->whole ? "whole " : "", want->low, want->high);
        fault(reader, text);
        return false;
    }
    *ret = number;
    return true;
}

/* A GeoJSON position: [longitude, latitude, ...]. */
static bool read_point(const struct reader *reader, const json_t *position, struct bw_point *ret)
{
    const json_t *lon = json_array_get(position, 0), *lat = json_array_get(position, 1);
    const struct bw_point point = {.lat_deg = json_is_number(lat) ? json_number_value(lat) : NAN,
                                   .lon_deg = json_is_number(lon) ? json_number_value(lon) : NAN};
    if (!(fabs(point.lat_deg) <= 90.0 && fabs(point.lon_deg) <= 180.0)) {
        fault(reader, "a position must be [longitude, latitude] in degrees");
        return false;
    }
    *ret = reader->is_gcj02 ? gcj02_to_wgs84(point) : point;
    return true;
}

/* Appends one part to the route, whose arrays are large enough. */
static bool read_part(const struct reader *reader, const json_t *part, struct bw_route *route)
{
    const size_t n = json_array_size(part);
    bool has_length = false;
    if (n < 2) {
        fault(reader, "every line needs at least 2 positions");
        return false;
    }
    struct bw_point *points = route->points + route->n_points;
    for (size_t i = 0; i < n; i++) {
        if (!read_point(reader, json_array_get(part, i), &points[i]))
            return false;
        has_length |= points[i].lat_deg != points[0].lat_deg || points[i].lon_deg != points[0].lon_deg;
    }
    if (!has_length) {
        fault(reader, "a line without length");
        return false;
    }
    route->n_points += n;
    route->part_start[++route->n_parts] = (uint32_t)route->n_points;
    return true;
}

/* `parts` is an array of lines. 0 or -ENOMEM; the faults are the reader's. */
static int read_line(const struct reader *reader, const json_t *parts, struct bw_route *route)
{
    size_t n_points = 0, i;
    const json_t *part;
    const size_t n_parts = json_array_size(parts);
    json_array_foreach(parts, i, part) n_points += json_array_size(part);
    if (n_parts < 1 || n_parts > BW_PARTS_MAX || n_points > BW_POINTS_MAX) {
        char text[128];
        (void)snprintf(text, sizeof(text), "a route has 1 to %d lines and at most %d positions", BW_PARTS_MAX,
                       BW_POINTS_MAX);
        fault(reader, text);
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

static void route_free(struct bw_route *route)
{
    free(route->points);
    free(route->part_start);
}

static int read_route(struct reader *reader, const json_t *properties, const json_t *parts)
{
    struct bw_route route = {0};
    if (read_text(reader, properties, "route_id", route.route_id, sizeof(route.route_id)))
        memcpy(reader->subject, route.route_id, sizeof(reader->subject));
    read_text(reader, properties, "name", route.name, sizeof(route.name));
    read_number(reader, properties, &HALF_WIDTH, &route.half_width_m);
    read_number(reader, properties, &SPEED_LIMIT, &route.speed_limit_kmh);
    int err = read_line(reader, parts, &route);
    if (err == 0)
        err = rows_add(reader->routes, &route, reader->line);
    if (err < 0)
        route_free(&route);
    return err;
}

static int read_line_string(struct reader *reader, const json_t *properties, json_t *coordinates)
{
    json_t *parts = json_array();
    int err = parts && json_array_append(parts, coordinates) == 0 ? 0 : -ENOMEM;
    if (err == 0)
        err = read_route(reader, properties, parts);
    json_decref(parts);
    return err;
}

static int read_multi_line_string(struct reader *reader, const json_t *properties, json_t *coordinates)
{
    return read_route(reader, properties, coordinates);
}

static int read_stop(struct reader *reader, const json_t *properties, json_t *coordinates)
{
    struct bw_stop stop = {0};
    struct bw_point point = {0};
    double sequence = 0;
    if (read_text(reader, properties, "stop_id", stop.stop_id, sizeof(stop.stop_id)))
        memcpy(reader->subject, stop.stop_id, sizeof(reader->subject));
    read_text(reader, properties, "name", stop.name, sizeof(stop.name));
    read_text(reader, properties, "route_id", stop.route_id, sizeof(stop.route_id));
    read_number(reader, properties, &SEQUENCE, &sequence);
    read_number(reader, properties, &RADIUS, &stop.radius_m);
    read_point(reader, coordinates, &point);
    stop.sequence = (uint32_t)sequence;
    stop.lat_deg = point.lat_deg;
    stop.lon_deg = point.lon_deg;
    return rows_add(reader->stops, &stop, reader->line);
}

static int read_feature(struct reader *reader, const json_t *feature)
{
    static const struct {
        const char *type;
        int (*read)(struct reader *, const json_t *properties, json_t *coordinates);
    } geometries[] = {
        {"LineString", read_line_string}, {"MultiLineString", read_multi_line_string}, {"Point", read_stop}};
    const json_t *geometry = json_object_get(feature, "geometry");
    const char *feature_type = json_string_value(json_object_get(feature, "type"));
    const char *type = json_string_value(json_object_get(geometry, "type"));
    json_t *coordinates = json_object_get(geometry, "coordinates");
    reader->subject[0] = '\0';
    if (feature_type == NULL || strcmp(feature_type, "Feature") != 0) {
        fault(reader, "not a Feature");
        return 0;
    }
    for (size_t i = 0; type != NULL && i < sizeof(geometries) / sizeof(geometries[0]); i++) {
        if (strcmp(geometries[i].type, type) != 0)
            continue;
        if (json_is_array(coordinates))
            return geometries[i].read(reader, json_object_get(feature, "properties"), coordinates);
        fault(reader, "the geometry has no coordinates");
        return 0;
    }
    fault(reader, "the geometry must be a LineString, a MultiLineString or a Point");
    return 0;
}

/* jansson keeps no positions: where does each feature begin? A scan of text that is known to be valid JSON.
 * `scan` stands between calls; the next call returns the line of the next object in the outermost "features".
 */
struct scan {
    const char *at;
    unsigned line;
    int depth;
    bool in_features;
};

static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at;
}

static unsigned next_feature_line(struct scan *scan)
{
    static const char key[] = "\"features\"";
    for (; *scan->at; scan->at++) {
        switch (*scan->at) {
        case '\n':
            scan->line++;
            break;
        case '"':
            if (scan->depth == 1)
                scan->in_features = strncmp(scan->at, key, sizeof(key) - 1) == 0;
            scan->at = skip_string(scan->at);
            break;
        case '[':
        case '{':
            scan->depth++;
            if (scan->depth == 3 && scan->in_features) {
                scan->at++;
                return scan->line;
            }
            break;
        case ']':
        case '}':
            scan->depth--;
            break;
        default:
            break;
        }
    }
    return scan->line;
}

/* True if the document is a FeatureCollection in a frame that we know. */
static bool read_head(struct reader *reader, const json_t *root)
{
    const char *type = json_string_value(json_object_get(root, "type"));
    const char *frame = json_string_value(json_object_get(root, "frame"));
    const bool is_wgs84 = frame != NULL && strcmp(frame, "WGS84") == 0;
    reader->is_gcj02 = frame != NULL && strcmp(frame, "GCJ02") == 0;
    const size_t before = reader->faults->n;
    if (type == NULL || strcmp(type, "FeatureCollection") != 0)
        fault(reader, "not a FeatureCollection");
    if (!is_wgs84 && !reader->is_gcj02)
        fault(reader, "\"frame\" must be there, and \"WGS84\" or \"GCJ02\"");
    if (!json_is_array(json_object_get(root, "features")))
        fault(reader, "\"features\" must be there, as an array");
    return reader->faults->n == before;
}

int geojson_read(const char *dir, struct registry_faults *faults, struct rows *ret_routes,
                 struct rows *ret_stops)
{
    char *text = NULL;
    size_t len = 0, i;
    *ret_routes = (struct rows){.file = GEOJSON_FILE, .row_size = sizeof(struct bw_route)};
    *ret_stops = (struct rows){.file = GEOJSON_FILE, .row_size = sizeof(struct bw_stop)};
    int err = textfile_read(dir, GEOJSON_FILE, faults, &text, &len);
    if (err < 0)
        return err == -EINVAL ? 0 : err; /* said in faults */
    struct reader reader = {.faults = faults, .routes = ret_routes, .stops = ret_stops, .line = 1};
    json_error_t error;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error), *feature;
    if (root == NULL) {
        reader.line = error.line > 0 ? (unsigned)error.line : 1;
        fault(&reader, error.text);
    } else if (read_head(&reader, root)) {
        struct scan scan = {.at = text, .line = 1};
        json_array_foreach(json_object_get(root, "features"), i, feature)
        {
            reader.line = next_feature_line(&scan);
            err = read_feature(&reader, feature);
            if (err < 0)
                break;
        }
    }
    json_decref(root);
    free(text);
    return err;
}

void geojson_free(struct rows *routes, struct rows *stops)
{
    for (size_t i = 0; i < routes->n; i++)
        route_free((struct bw_route *)(void *)routes->data + i);
    rows_free(routes);
    rows_free(stops);
}
