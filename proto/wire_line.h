/* Inside of the wire module: lines of vertices, as routes and areas carry them (licence.proto, Line). */
#ifndef BUSWARDEN_WIRE_LINE_H
#define BUSWARDEN_WIRE_LINE_H

#include "buswarden/v1/licence.pb-c.h"
#include "proto/wire_common.h"

/* False: out of memory. */
bool wire_line_fill(struct wire_arena *arena, const struct bw_point *points, size_t n,
                    Buswarden__V1__Line *to);
/* `ret` holds the line's n_lat_e7 vertices. False: not as many longitudes, or a vertex that is nowhere. */
bool wire_line_take(const Buswarden__V1__Line *from, struct bw_point *ret);
/* Every vertex is somewhere. */
bool wire_points_valid(const struct bw_point *points, size_t n);

#endif
