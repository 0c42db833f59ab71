#include "sim/atlas.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 64, STOPS_MAX = 256 };
static const double HALF_WIDTH_DEFAULT_M = 30; /* as the registry's */

struct atlas {
    size_t n_lines, n_stops;
    struct atlas_line lines[LINES_MAX];
    struct bw_stop stops[STOPS_MAX];
};

int atlas_create(struct atlas **ret)
{
    struct atlas *atlas = calloc(1, sizeof *atlas);
    if (atlas == NULL)
        return -ENOMEM;
    *ret = atlas;
    return 0;
}

void atlas_free(struct atlas *atlas)
{
    if (atlas == NULL)
        return;
    for (size_t i = 0; i < atlas->n_lines; i++)
        free(atlas->lines[i].points);
    free(atlas);
}

/* A string property that fits; NULL otherwise. */
static const char *text_of(const json_t *properties, const char *name, size_t size)
{
    const char *text = json_string_value(json_object_get(properties, name));
    return text != NULL && text[0] != '\0' && strlen(text) < size ? text : NULL;
}

static int point_of(const json_t *position, struct bw_point *ret)
{
    const json_t *lon = json_array_get(position, 0), *lat = json_array_get(position, 1);
    if (!json_is_number(lon) || !json_is_number(lat))
        return -EINVAL;
    struct bw_point point = {.lat_deg = json_number_value(lat), .lon_deg = json_number_value(lon)};
    if (point.lat_deg < -90 || point.lat_deg > 90 || point.lon_deg < -180 || point.lon_deg > 180)
        return -EINVAL;
    *ret = point;
    return 0;
}

/* These return NULL, or what is wrong. */
static const char *read_line(struct atlas *atlas, const json_t *properties, const json_t *coordinates)
{
    const char *id = text_of(properties, "route_id", BW_ID_LEN);
    if (id == NULL)
        id = text_of(properties, "road_id", BW_ID_LEN);
    if (id == NULL)
        return "a line needs a route_id or a road_id";
    if (atlas->n_lines == LINES_MAX)
        return "more than 64 lines";
    size_t n = json_array_size(coordinates);
    if (n < 2 || n > BW_POINTS_MAX)
        return "a line needs 2 to 400000 positions";
    struct bw_point *points = calloc(n, sizeof *points);
    if (points == NULL)
        return "out of memory";
    for (size_t i = 0; i < n; i++) {
        if (point_of(json_array_get(coordinates, i), &points[i]) != 0) {
            free(points);
            return "a position is not [longitude, latitude]";
        }
    }
    struct atlas_line *line = &atlas->lines[atlas->n_lines++];
    (void)snprintf(line->id, sizeof line->id, "%s", id);
    const json_t *width = json_object_get(properties, "half_width_m");
    line->half_width_m = json_is_number(width) ? json_number_value(width) : HALF_WIDTH_DEFAULT_M;
    line->speed_limit_kmh = json_number_value(json_object_get(properties, "speed_limit_kmh"));
    line->n_points = n;
    line->points = points;
    return NULL;
}

static const char *read_stop(struct atlas *atlas, const json_t *properties, const json_t *coordinates)
{
    const char *id = text_of(properties, "stop_id", BW_ID_LEN);
    const char *name = text_of(properties, "name", BW_NAME_LEN);
    if (id == NULL || name == NULL)
        return "a stop needs a stop_id and a name";
    if (atlas->n_stops == STOPS_MAX)
        return "more than 256 stops";
    struct bw_point at;
    if (point_of(coordinates, &at) != 0)
        return "a position is not [longitude, latitude]";
    struct bw_stop *stop = &atlas->stops[atlas->n_stops++];
    (void)snprintf(stop->stop_id, sizeof stop->stop_id, "%s", id);
    (void)snprintf(stop->name, sizeof stop->name, "%s", name);
    stop->lat_deg = at.lat_deg;
    stop->lon_deg = at.lon_deg;
    return NULL;
}

static const char *read_feature(struct atlas *atlas, const json_t *feature)
{
    const json_t *properties = json_object_get(feature, "properties");
    const json_t *geometry = json_object_get(feature, "geometry");
    const json_t *coordinates = json_object_get(geometry, "coordinates");
    const char *type = json_string_value(json_object_get(geometry, "type"));
    if (type != NULL && strcmp(type, "LineString") == 0)
        return read_line(atlas, properties, coordinates);
    if (type != NULL && strcmp(type, "Point") == 0)
        return read_stop(atlas, properties, coordinates);
    return "neither a LineString nor a Point";
}

int atlas_read(struct atlas *atlas, const char *path, char ret_reason[ATLAS_REASON_LEN])
{
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        (void)snprintf(ret_reason, ATLAS_REASON_LEN, "%s:%d: %s", path, error.line, error.text);
        return -EINVAL;
    }
    int rc = 0;
    const char *frame = json_string_value(json_object_get(root, "frame"));
    if (frame == NULL || strcmp(frame, "WGS84") != 0) {
        (void)snprintf(ret_reason, ATLAS_REASON_LEN, "%s: \"frame\" must be \"WGS84\"", path);
        rc = -EINVAL;
    }
    const json_t *features = json_object_get(root, "features");
    for (size_t i = 0; rc == 0 && i < json_array_size(features); i++) {
        const char *wrong = read_feature(atlas, json_array_get(features, i));
        if (wrong == NULL)
            continue;
        (void)snprintf(ret_reason, ATLAS_REASON_LEN, "%s: feature %zu: %s", path, i + 1, wrong);
        rc = -EINVAL;
    }
    json_decref(root);
    return rc;
}

const struct atlas_line *atlas_line(const struct atlas *atlas, const char *id)
{
    for (size_t i = 0; i < atlas->n_lines; i++) {
        if (strcmp(atlas->lines[i].id, id) == 0)
            return &atlas->lines[i];
    }
    return NULL;
}

const struct bw_stop *atlas_stop(const struct atlas *atlas, const char *stop_id)
{
    for (size_t i = 0; i < atlas->n_stops; i++) {
        if (strcmp(atlas->stops[i].stop_id, stop_id) == 0)
            return &atlas->stops[i];
    }
    return NULL;
}
