/* Routes, stops and other roads, read from GeoJSON: the registry's routes.geojson, and a scenario's own
 * roads. */
#ifndef BUSWARDEN_SIM_ATLAS_H
#define BUSWARDEN_SIM_ATLAS_H

#include "proto/model.h"

enum { ATLAS_REASON_LEN = 256 };

struct atlas_line {
    char id[BW_ID_LEN]; /* route_id, or road_id of a road that is no route */
    double half_width_m;
    double speed_limit_kmh; /* 0 = none */
    size_t n_points;
    struct bw_point *points;
};

struct atlas;

int atlas_create(struct atlas **ret);
void atlas_free(struct atlas *atlas);
/* Add the lines and points of one file. 0, or -EINVAL or another negative errno with the file and the reason
 * in ret_reason. Only frame WGS84, only LineString and Point: a simulated road needs no more. */
int atlas_read(struct atlas *atlas, const char *path, char ret_reason[ATLAS_REASON_LEN]);

/* Borrowed; NULL when there is none. */
const struct atlas_line *atlas_line(const struct atlas *atlas, const char *id);
const struct bw_stop *atlas_stop(const struct atlas *atlas, const char *stop_id);

#endif
