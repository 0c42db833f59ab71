/* Inside the registry: a GeoJSON FeatureCollection in a stated frame, feature by feature. */
#ifndef BUSWARDEN_REGISTRY_GEOJSON_H
#define BUSWARDEN_REGISTRY_GEOJSON_H

#include "bureau/registry/faults.h"

#include <jansson.h>

/* The file at hand, and where in it. */
struct geojson {
    struct registry_faults *faults;
    const char *file;
    bool is_gcj02;
    unsigned line;           /* of the feature */
    char subject[BW_ID_LEN]; /* its id, "" while unknown */
    char part[40];           /* of it, as "limits[2]: ", or "" */
};

struct geojson_feature {
    const json_t *properties;
    bool is_nowhere;  /* the geometry is null */
    const char *type; /* of the geometry; NULL = none */
    json_t *coordinates;
};
/* 0, or an error that ends the reading. */
typedef int (*geojson_feature_fn)(struct geojson *reader, const struct geojson_feature *feature,
                                  void *context);

/* Calls fn for every feature. What is wrong with the file, or with a feature as such, is added to `faults`.
 * 0, -ENOMEM, or what fn returned. */
int geojson_read(const char *dir, const char *file, struct registry_faults *faults, geojson_feature_fn fn,
                 void *context);

/* The same of a document that is no file: its faults have line 0, and `file` is what it is called in them. */
int geojson_read_json(const json_t *root, const char *file, struct registry_faults *faults,
                      geojson_feature_fn fn, void *context);

void geojson_fault(const struct geojson *reader, const char *reason);

/* What is wrong with a text that is to fit into `size` bytes; NULL = nothing. */
const char *geojson_text_fault(const json_t *value, size_t size);
/* A string member of `properties`, or a fault and false. */
bool geojson_text(const struct geojson *reader, const json_t *properties, const char *name, char *target,
                  size_t size);

/* A number member; absent or null = the preset. */
struct geojson_number {
    const char *name;
    double low, high, preset; /* NaN preset: it must be there */
    bool whole;
};
bool geojson_number(const struct geojson *reader, const json_t *properties, const struct geojson_number *want,
                    double *ret);

/* A position, [longitude, latitude, ...], as WGS-84. */
bool geojson_point(const struct geojson *reader, const json_t *position, struct bw_point *ret);

#endif
