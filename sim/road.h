/* A road: a polyline in WGS-84, measured in metres along its line. */
#ifndef BUSWARDEN_SIM_ROAD_H
#define BUSWARDEN_SIM_ROAD_H

#include "proto/model.h"

/* Metres north and east around a latitude: exact enough (1e-4) over the few kilometres of a school run. */
struct road_scale {
    double m_per_lat_deg, m_per_lon_deg;
};
struct road_scale road_scale(double lat_deg);

struct road;

/* At least two points that differ, else -EINVAL; -ENOMEM. The points are copied. */
int road_create(const struct bw_point *points, size_t n_points, struct road **ret);
void road_free(struct road *road);

double road_length_m(const struct road *road);
/* The point at s_m, held within the road's ends, and the course there, 0..360. Either may be NULL. */
void road_at(const struct road *road, double s_m, struct bw_point *ret_point, double *ret_course_deg);
/* How sharply it bends at s_m, as 1 / radius, over a span of 24 m. */
double road_curvature_per_m(const struct road *road, double s_m);
/* Where the road comes closest to the point, as metres along it, and how close. */
double road_nearest(const struct road *road, struct bw_point point, double *ret_distance_m);

/* The road with a piece of it replaced by `way`, from where way begins to where it ends.
 * -EINVAL: way does not end further along the road than it begins. */
int road_splice(const struct road *road, const struct road *way, struct road **ret);

#endif
