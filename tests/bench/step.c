/* What one step of the judge costs as the route grows, beside GEOS's prepared distance in the same run.
 * usage: bench_step [STEPS] */
#include <geos_c.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/compliance/corridor.h"
#include "gateway/compliance/engine.h"

enum { VERTICES_MAX = 100000 };

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A mountain road: bends of all sizes, a vertex every 10 m or so. */
static struct bw_route make_route(size_t n, struct bw_point *points, uint32_t *part_start)
{
    double lat = 29.14, lon = 121.03;
    for (size_t i = 0; i < n; i++) {
        points[i] = (struct bw_point){round(lat * 1e7) / 1e7, round(lon * 1e7) / 1e7};
        /* Bends of every size; now and then a switchback, its limbs some 50 m apart. */
        const double heading =
            0.9 * sin((double)i * 0.017) + 0.7 * sin((double)i * 0.09) + (i / 25 % 9 == 4 ? 3.0 : 0);
        lat += 9e-5 * cos(heading);
        lon += 1e-4 * sin(heading);
    }
    part_start[0] = 0;
    part_start[1] = (uint32_t)n;
    return (struct bw_route){.route_id = "r",
                             .half_width_m = 30,
                             .n_points = n,
                             .points = points,
                             .n_parts = 1,
                             .part_start = part_start};
}

/* A drive along the road, 10 m a step and some metres aside; `jumpy`: to the far end and back every 1,000
 * fixes, as after a cold start. */
static struct bw_point *make_drive(const struct bw_route *route, size_t steps, bool jumpy)
{
    struct bw_point *drive = malloc(steps * sizeof *drive);
    if (drive == NULL)
        abort();
    for (size_t i = 0; i < steps; i++) {
        size_t at = i % route->n_points;
        if (jumpy && i / 1000 % 2 == 1)
            at = route->n_points - 1 - at;
        const struct bw_point *p = &route->points[at];
        drive[i] = (struct bw_point){p->lat_deg + 3e-5 * sin((double)i * 0.7),
                                     p->lon_deg + 3e-5 * cos((double)i * 0.9)};
    }
    return drive;
}

static double engine_ns(const struct bw_route *route, size_t steps, const struct bw_point *drive)
{
    struct bw_route own = *route;
    const struct bw_licence licence = {.version = 1, .n_routes = 1, .routes = &own};
    void *memory = malloc(engine_size(&licence));
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    if (memory == NULL)
        abort();
    struct engine *engine = engine_init(memory, &licence, 1);
    const double start_s = now_s();
    for (size_t i = 0; i < steps; i++) {
        const struct bw_point p = drive[i];
        const struct bw_event event = {.type = BW_EVENT_FIX,
                                       .mono_ms = (int64_t)i * 1000 + 1,
                                       .utc_ms = 1789425600000 + (int64_t)i * 1000,
                                       .clock = BW_CLOCK_GNSS,
                                       .u.fix = {.position = {p.lat_deg, p.lon_deg, 4},
                                                 .speed_mps = 10,
                                                 .course_deg = (double)(i % 360)}};
        (void)engine_step(engine, &event, alerts);
    }
    const double ns = (now_s() - start_s) / (double)steps * 1e9;
    free(memory);
    return ns;
}

static double corridor_ns(const struct bw_route *route, size_t steps, const struct bw_point *drive)
{
    void *memory = malloc(corridor_size(route));
    if (memory == NULL)
        abort();
    struct corridor *corridor = corridor_init(memory, route);
    struct corridor_hit hit;
    double sum = 0;
    const double start_s = now_s();
    for (size_t i = 0; i < steps; i++) {
        const struct bw_point p = drive[i];
        const struct corridor_place at_place = corridor_place(p.lat_deg, p.lon_deg);
        corridor_nearest(corridor, &at_place, &hit);
        sum += hit.distance_m;
    }
    const double ns = (now_s() - start_s) / (double)steps * 1e9;
    free(memory);
    return sum >= 0 ? ns : -1; /* the sum keeps the work */
}

static void no_notice(const char *format, ...)
{
    (void)format;
}

static double geos_ns(const struct bw_route *route, size_t steps, const struct bw_point *drive)
{
    initGEOS(no_notice, no_notice);
    GEOSCoordSequence *line = GEOSCoordSeq_create((unsigned)route->n_points, 2);
    double sum = 0;
    const struct corridor_place place = corridor_place(29.14, 0);
    for (size_t i = 0; i < route->n_points; i++)
        GEOSCoordSeq_setXY(line, (unsigned)i, route->points[i].lon_deg * place.lon_m,
                           route->points[i].lat_deg * place.lat_m);
    GEOSGeometry *geometry = GEOSGeom_createLineString(line);
    const GEOSPreparedGeometry *prepared = GEOSPrepare(geometry);
    const double start_s = now_s();
    for (size_t i = 0; i < steps; i++) {
        const struct bw_point p = drive[i];
        GEOSGeometry *point = GEOSGeom_createPointFromXY(p.lon_deg * place.lon_m, p.lat_deg * place.lat_m);
        double distance = 0;
        GEOSPreparedDistance(prepared, point, &distance);
        GEOSGeom_destroy(point);
        sum += distance;
    }
    const double ns = (now_s() - start_s) / (double)steps * 1e9;
    GEOSPreparedGeom_destroy(prepared);
    GEOSGeom_destroy(geometry);
    finishGEOS();
    return sum >= 0 ? ns : -1;
}

int main(int argc, char **argv)
{
    static struct bw_point points[VERTICES_MAX];
    uint32_t part_start[2];
    const size_t steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    printf("%-10s %14s %14s %14s %14s\n", "vertices", "engine step", "its corridor", "with jumps",
           "GEOS prepared");
    for (size_t n = 100; n <= VERTICES_MAX; n = n == 100 ? 2000 : n * 50) {
        const struct bw_route route = make_route(n, points, part_start);
        struct bw_point *smooth = make_drive(&route, steps, false), *jumpy = make_drive(&route, steps, true);
        printf("%-10zu %11.0f ns %11.0f ns %11.0f ns %11.0f ns\n", n, engine_ns(&route, steps, smooth),
               corridor_ns(&route, steps, smooth), engine_ns(&route, steps, jumpy),
               geos_ns(&route, steps / 10, smooth));
        free(smooth);
        free(jumpy);
    }
    return 0;
}
