/* Nearest point of a route (gateway/compliance/corridor.h), held against trying every segment. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "gateway/compliance/corridor.h"

static struct corridor *build(const struct bw_route *route)
{
    void *memory = malloc(corridor_size(route));
    cr_assert_not_null(memory);
    return corridor_init(memory, route);
}

/* The plain way: every segment in turn. */
static double plain_distance_m(const struct bw_route *route, double lat_deg, double lon_deg)
{
    double best = INFINITY;
    const struct corridor_place place = corridor_place(lat_deg, 0);
    for (size_t part = 0; part < route->n_parts; part++)
        for (size_t i = route->part_start[part]; i + 1 < route->part_start[part + 1]; i++) {
            const struct bw_point *a = &route->points[i], *b = a + 1;
            const double ax = corridor_lon_difference(a->lon_deg, lon_deg) * place.lon_m,
                         ay = (a->lat_deg - lat_deg) * place.lat_m;
            const double bx = corridor_lon_difference(b->lon_deg, lon_deg) * place.lon_m,
                         by = (b->lat_deg - lat_deg) * place.lat_m;
            const double dx = bx - ax, dy = by - ay, len2 = dx * dx + dy * dy;
            const double t = len2 > 0 ? fmax(0, fmin(1, -(ax * dx + ay * dy) / len2)) : 0;
            best = fmin(best, hypot(ax + t * dx, ay + t * dy));
        }
    return best;
}

static struct corridor_hit nearest(struct corridor *corridor, double lat_deg, double lon_deg)
{
    const struct corridor_place place = corridor_place(lat_deg, lon_deg);
    struct corridor_hit hit;
    corridor_nearest(corridor, &place, &hit);
    return hit;
}

static double uniform(unsigned *seed)
{
    return (double)rand_r(seed) / RAND_MAX;
}

/* A random walk with parts, somewhere; every fourth crosses the antimeridian, every fourth lies far north. */
static struct bw_route random_route(unsigned *seed, struct bw_point *points, uint32_t *part_start)
{
    const unsigned kind = (unsigned)rand_r(seed) % 4;
    double lat = kind == 1 ? 75 : uniform(seed) * 120 - 60,
           lon = kind == 2 ? 179.99 : uniform(seed) * 340 - 170;
    double heading = uniform(seed) * 6.28;
    struct bw_route route = {
        .points = points, .part_start = part_start, .n_points = 2 + (size_t)rand_r(seed) % 400};
    part_start[route.n_parts] = 0;
    for (size_t i = 0; i < route.n_points; i++) {
        points[i] =
            (struct bw_point){round(lat * 1e7) / 1e7, round(corridor_lon_difference(lon, 0) * 1e7) / 1e7};
        heading += uniform(seed) * 1.5 - 0.75;
        lat += cos(heading) * 2e-4;
        lon += sin(heading) * 2e-4 / cos(lat * 0.0174533);
        if (i >= part_start[route.n_parts] + 1 && i + 2 < route.n_points && rand_r(seed) % 100 == 0)
            part_start[++route.n_parts] = (uint32_t)i + 1;
    }
    part_start[++route.n_parts] = (uint32_t)route.n_points;
    return route;
}

Test(corridor, agrees_with_trying_every_segment)
{
    static struct bw_point points[512];
    static uint32_t part_start[512];
    for (unsigned round = 0; round < 400; round++) {
        unsigned seed = round;
        const struct bw_route route = random_route(&seed, points, part_start);
        struct corridor *corridor = build(&route);
        for (int i = 0; i < 50; i++) {
            /* Near the route as a drive would be, and now and then far away. */
            const struct bw_point *near = &points[(size_t)rand_r(&seed) % route.n_points];
            const double spread = rand_r(&seed) % 10 == 0 ? 0.5 : 0.002;
            const double lat = near->lat_deg + (uniform(&seed) - 0.5) * spread;
            const double lon = corridor_lon_difference(near->lon_deg + (uniform(&seed) - 0.5) * spread, 0);
            const struct corridor_hit hit = nearest(corridor, lat, lon);
            cr_assert_float_eq(hit.distance_m, plain_distance_m(&route, lat, lon), 1e-3, "seed %u point %d",
                               round, i);
        }
        free(corridor);
    }
}

Test(corridor, distance_progress_and_bearings_of_a_straight_road)
{
    struct bw_point points[] = {{29.14, 121.03}, {29.15, 121.03}};
    uint32_t part_start[] = {0, 2};
    const struct bw_route route = {.n_points = 2, .points = points, .n_parts = 1, .part_start = part_start};
    struct corridor *corridor = build(&route);
    struct corridor_hit hit;
    const struct corridor_place place = corridor_place(29.145, 0);
    hit = nearest(corridor, 29.145, 121.031);
    cr_expect_float_eq(hit.distance_m, place.lon_m * 0.001, 1e-3);
    cr_expect_float_eq(hit.progress_m, place.lat_m * 0.005, 0.01);
    cr_expect_float_eq(hit.along_north, 1, 1e-9);
    cr_expect_float_eq(hit.along_east, 0, 1e-9);
    cr_expect_float_eq(hit.away_east, 1, 1e-6);
    hit = nearest(corridor, 29.16, 121.03);
    cr_expect_float_eq(hit.distance_m, place.lat_m * 0.01, 0.1);
    cr_expect_float_eq(hit.progress_m, place.lat_m * 0.01, 0.1);
    free(corridor);
}

Test(corridor, parts_are_not_joined)
{
    /* Two roads 2 km apart; a point half way between them is 1 km from both. */
    struct bw_point points[] = {{29.10, 121.00}, {29.10, 121.01}, {29.118, 121.01}, {29.118, 121.00}};
    uint32_t part_start[] = {0, 2, 4};
    const struct bw_route route = {.n_points = 4, .points = points, .n_parts = 2, .part_start = part_start};
    struct corridor *corridor = build(&route);
    const struct corridor_hit hit = nearest(corridor, 29.109, 121.01);
    cr_expect_float_eq(hit.distance_m, 998, 3);
    free(corridor);
}

Test(corridor, scale_is_that_of_the_ellipsoid)
{
    static const struct {
        double lat_deg, lat_m, lon_m;
    } rows[] = {
        {0, 110574.3, 111319.5}, {30, 110852.4, 96486.3}, {60, 111412.3, 55800.0}}; /* published tables */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct corridor_place place = corridor_place(rows[i].lat_deg, 0);
        cr_expect_float_eq(place.lat_m, rows[i].lat_m, 0.5, "%g", rows[i].lat_deg);
        cr_expect_float_eq(place.lon_m, rows[i].lon_m, 0.5, "%g", rows[i].lat_deg);
    }
}
