/* Nearest point of a licensed route, at a cost that does not grow with the route's length.
 *
 * A route's segments are put under an implicit binary tree of boxes. Consecutive segments lie near each
 * other, so the order of the route is already a good tree order (a bounding volume hierarchy without
 * sorting). A search also notes which leaves of the tree lie within some 100 m: until the vehicle has moved
 * that far, the nearest segment is in one of them, and only they are looked at.
 *
 * Geometry: differences of degrees scaled to metres at the query's own latitude with the WGS-84 radii of
 * curvature, so distances are right near the query at every latitude; longitudes are kept relative to the
 * route's first vertex, so the antimeridian is no border. Routes wider than 180 degrees are not supported. */
#ifndef BUSWARDEN_CORRIDOR_H
#define BUSWARDEN_CORRIDOR_H

#include "proto/model.h"

struct corridor;

/* Bytes of caller's memory that corridor_init() needs for this route: a multiple of what malloc aligns to. */
size_t corridor_size(const struct bw_route *route);
/* `memory` is aligned as malloc aligns and outlives the corridor; the route itself is not kept. */
struct corridor *corridor_init(void *memory, const struct bw_route *route);

/* A place on the WGS-84 ellipsoid, with the metres that a degree of latitude and of longitude has there. */
struct corridor_place {
    double lat_deg, lon_deg, lat_m, lon_m;
};
struct corridor_place corridor_place(double lat_deg, double lon_deg);

struct corridor_hit {
    double distance_m; /* from the route's line; never negative */
    double progress_m; /* along the route from its first vertex to the nearest point; parts count on */
    /* Unit vectors: the nearest segment's drawing direction, and from the nearest point to the query (0 at
     * distance 0). */
    double along_east, along_north, away_east, away_north;
};
/* Deterministic: of equally near segments the first wins. What the corridor remembers changes the cost, never
 * the answer.
 */
void corridor_nearest(struct corridor *corridor, const struct corridor_place *place,
                      struct corridor_hit *ret);

/* Longitude difference a - b, wrapped to [-180, 180). */
double corridor_lon_difference(double a_deg, double b_deg);

#endif
