#include "proto/wire_line.h"

bool wire_line_fill(struct wire_arena *arena, const struct bw_point *points, size_t n,
                    Buswarden__V1__Line *to)
{
    buswarden__v1__line__init(to);
    to->n_lat_e7 = to->n_lon_e7 = n;
    to->lat_e7 = wire_arena_take(arena, n, sizeof *to->lat_e7);
    to->lon_e7 = wire_arena_take(arena, n, sizeof *to->lon_e7);
    if (to->lat_e7 == NULL || to->lon_e7 == NULL)
        return false;
    int32_t lat = 0, lon = 0;
    for (size_t i = 0; i < n; i++) {
        /* Differences wrap where a line crosses the antimeridian; the decoder wraps back. */
        const int32_t next_lat = wire_to_e7(points[i].lat_deg), next_lon = wire_to_e7(points[i].lon_deg);
        to->lat_e7[i] = (int32_t)((uint32_t)next_lat - (uint32_t)lat);
        to->lon_e7[i] = (int32_t)((uint32_t)next_lon - (uint32_t)lon);
        lat = next_lat;
        lon = next_lon;
    }
    return true;
}

bool wire_line_take(const Buswarden__V1__Line *from, struct bw_point *ret)
{
    if (from->n_lat_e7 != from->n_lon_e7)
        return false;
    int32_t lat = 0, lon = 0;
    for (size_t i = 0; i < from->n_lat_e7; i++) {
        lat = (int32_t)((uint32_t)lat + (uint32_t)from->lat_e7[i]);
        lon = (int32_t)((uint32_t)lon + (uint32_t)from->lon_e7[i]);
        if (!wire_e7_valid(lat, lon))
            return false;
        ret[i] = (struct bw_point){.lat_deg = lat / 1e7, .lon_deg = lon / 1e7};
    }
    return true;
}

bool wire_points_valid(const struct bw_point *points, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!wire_degrees_valid(points[i].lat_deg, points[i].lon_deg))
            return false;
    return true;
}
