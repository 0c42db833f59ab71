#include "bureau/registry/geojson.h"

#include "bureau/registry/gcj02.h"
#include "bureau/registry/textfile.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void geojson_fault(const struct geojson *reader, const char *reason)
{
    char text[sizeof reader->part + 200];
    (void)snprintf(text, sizeof(text), "%s%s", reader->part, reason);
    faults_add(reader->faults, reader->file, reader->line, reader->subject[0] ? reader->subject : NULL, text);
}

const char *geojson_text_fault(const json_t *value, size_t size)
{
    const size_t len = json_string_length(value);
    if (!json_is_string(value))
        return "must be there, as a string";
    if (len == 0)
        return "is empty";
    return len >= size ? "is too long" : text_fault(json_string_value(value), len);
}

bool geojson_text(const struct geojson *reader, const json_t *properties, const char *name, char *target,
                  size_t size)
{
    const char *reason = geojson_text_fault(json_object_get(properties, name), size);
    if (reason != NULL) {
        char text[128];
        (void)snprintf(text, sizeof(text), "%s %s", name, reason);
        geojson_fault(reader, text);
        return false;
    }
    const json_t *value = json_object_get(properties, name);
    memcpy(target, json_string_value(value), json_string_length(value) + 1);
    return true;
}

bool geojson_number(const struct geojson *reader, const json_t *properties, const struct geojson_number *want,
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
        geojson_fault(reader, text);
        return false;
    }
    *ret = number;
    return true;
}

bool geojson_point(const struct geojson *reader, const json_t *position, struct bw_point *ret)
{
    const json_t *lon = json_array_get(position, 0), *lat = json_array_get(position, 1);
    const struct bw_point point = {.lat_deg = json_is_number(lat) ? json_number_value(lat) : NAN,
                                   .lon_deg = json_is_number(lon) ? json_number_value(lon) : NAN};
    if (!(fabs(point.lat_deg) <= 90.0 && fabs(point.lon_deg) <= 180.0)) {
        geojson_fault(reader, "a position must be [longitude, latitude] in degrees");
        return false;
    }
    *ret = reader->is_gcj02 ? gcj02_to_wgs84(point) : point;
    return true;
}

static int read_feature(struct geojson *reader, const json_t *feature, geojson_feature_fn fn, void *context)
{
    const json_t *geometry = json_object_get(feature, "geometry");
    const char *feature_type = json_string_value(json_object_get(feature, "type"));
    const struct geojson_feature read = {
        .properties = json_object_get(feature, "properties"),
        .is_nowhere = json_is_null(geometry),
        .type = json_string_value(json_object_get(geometry, "type")),
        .coordinates = json_object_get(geometry, "coordinates"),
    };
    reader->subject[0] = reader->part[0] = '\0';
    if (feature_type != NULL && strcmp(feature_type, "Feature") == 0)
        return fn(reader, &read, context);
    geojson_fault(reader, "not a Feature");
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
static bool read_head(struct geojson *reader, const json_t *root)
{
    const char *type = json_string_value(json_object_get(root, "type"));
    const char *frame = json_string_value(json_object_get(root, "frame"));
    const bool is_wgs84 = frame != NULL && strcmp(frame, "WGS84") == 0;
    reader->is_gcj02 = frame != NULL && strcmp(frame, "GCJ02") == 0;
    const size_t before = reader->faults->n;
    if (type == NULL || strcmp(type, "FeatureCollection") != 0)
        geojson_fault(reader, "not a FeatureCollection");
    if (!is_wgs84 && !reader->is_gcj02)
        geojson_fault(reader, "\"frame\" must be there, and \"WGS84\" or \"GCJ02\"");
    if (!json_is_array(json_object_get(root, "features")))
        geojson_fault(reader, "\"features\" must be there, as an array");
    return reader->faults->n == before;
}

static int read_document(struct geojson *reader, const char *text, const json_t *root, geojson_feature_fn fn,
                         void *context)
{
    size_t i;
    const json_t *feature;
    struct scan scan = {.at = text, .line = 1};
    if (!read_head(reader, root))
        return 0;
    json_array_foreach(json_object_get(root, "features"), i, feature)
    {
        reader->line = text != NULL ? next_feature_line(&scan) : 0;
        const int err = read_feature(reader, feature, fn, context);
        if (err < 0)
            return err;
    }
    return 0;
}

int geojson_read(const char *dir, const char *file, struct registry_faults *faults, geojson_feature_fn fn,
                 void *context)
{
    char *text = NULL;
    size_t len = 0;
    int err = textfile_read(dir, file, faults, &text, &len);
    if (err < 0)
        return err == -EINVAL ? 0 : err; /* said in faults */
    struct geojson reader = {.faults = faults, .file = file, .line = 1};
    json_error_t error;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        reader.line = error.line > 0 ? (unsigned)error.line : 1;
        geojson_fault(&reader, error.text);
    } else {
        err = read_document(&reader, text, root, fn, context);
    }
    json_decref(root);
    free(text);
    return err;
}

int geojson_read_json(const json_t *root, const char *file, struct registry_faults *faults,
                      geojson_feature_fn fn, void *context)
{
    struct geojson reader = {.faults = faults, .file = file};
    return read_document(&reader, NULL, root, fn, context);
}
