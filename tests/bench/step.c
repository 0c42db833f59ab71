/* What one step of the judge costs as the route grows, beside GEOS's prepared distance in the same run. Each
 * figure is that of the fastest 10,000 steps of 1,000,000: whatever else the machine does only ever adds.
 * usage: bench_step [STEPS [CASE VERTICES]]   CASE: fixes, jumps, seconds, cabin or ticks, alone and once,
 * for tests/bench/instructions */
#include <geos_c.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/compliance/corridor.h"
#include "gateway/compliance/engine.h"

enum {
    VERTICES_MAX = 100000,
    ROUNDS = 5,
    SLICE = 10000,     /* steps timed at once: shorter than what else runs takes the processor for */
    JUMP_STEPS = 1000, /* between two jumps to the other end */
    OTHERS_STEPS = 8,  /* among so many events one of another kind, so that nothing grows stale */
};
static struct bw_point vertices[VERTICES_MAX];

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

/* What a county writes into a licence: two permits in force, a few stops and stretches. */
static void make_licence(struct bw_licence *licence, struct bw_route *route)
{
    enum { STOPS = 12 };
    static struct bw_permit permits[2];
    static struct bw_driver drivers[2] = {{"d-1", 30000}, {"d-2", 30000}};
    static struct bw_stop stops[STOPS];
    static struct bw_limit limits[2] = {{200, 400, 20, false}, {1000, 1500, 40, false}};
    for (int i = 0; i < 2; i++)
        permits[i] = (struct bw_permit){.permit_no = "p",
                                        .driver_id = "d-1",
                                        .route_id = "r",
                                        .weekdays = 0x7f,
                                        .window_end_min = 1440,
                                        .valid_from_day = 1,
                                        .valid_until_day = 30000,
                                        .status = BW_STATUS_ACTIVE};
    for (size_t i = 0; i < STOPS; i++) {
        const struct bw_point *at = &route->points[i * (route->n_points - 1) / (STOPS - 1)];
        stops[i] = (struct bw_stop){.stop_id = "s",
                                    .route_id = "r",
                                    .sequence = (uint32_t)i,
                                    .lat_deg = at->lat_deg,
                                    .lon_deg = at->lon_deg,
                                    .radius_m = 30};
    }
    route->n_limits = 2;
    route->limits = limits;
    *licence = (struct bw_licence){.version = 1,
                                   .vehicle_class = BW_CLASS_MEDIUM,
                                   .seats = 29,
                                   .approved_capacity = 27,
                                   .inspected_until_day = 30000,
                                   .utc_offset_min = 480,
                                   .n_permits = 2,
                                   .permits = permits,
                                   .n_drivers = 2,
                                   .drivers = drivers,
                                   .n_routes = 1,
                                   .routes = route,
                                   .n_stops = STOPS,
                                   .stops = stops};
}

enum what { FIXES, JUMPS, SECONDS, CABIN, TICKS, CASES };
static const char *const case_names[] = {"fixes", "jumps", "seconds", "cabin", "ticks"};

static struct bw_point point_at(const struct bw_route *route, size_t i, bool jumpy)
{
    size_t at = i % route->n_points;
    if (jumpy && i / JUMP_STEPS % 2 == 1)
        at = route->n_points - 1 - at;
    const struct bw_point *p = &route->points[at];
    return (struct bw_point){p->lat_deg + 3e-5 * sin((double)i * 0.7),
                             p->lon_deg + 3e-5 * cos((double)i * 0.9)};
}

/* A drive along the road, 10 m a step and some metres aside; `jumpy`: to the far end and back every
 * JUMP_STEPS fixes, as after a cold start. */
static struct bw_event *make_drive(const struct bw_route *route, size_t steps, bool jumpy)
{
    struct bw_event *drive = malloc(steps * sizeof *drive);
    if (drive == NULL)
        abort();
    for (size_t i = 0; i < steps; i++) {
        const struct bw_point p = point_at(route, i, jumpy), next = point_at(route, i + 1, jumpy);
        const double east = (next.lon_deg - p.lon_deg) * 0.873, north = next.lat_deg - p.lat_deg;
        drive[i] = (struct bw_event){
            .type = BW_EVENT_FIX,
            .clock = BW_CLOCK_GNSS,
            .u.fix = {.position = {p.lat_deg, p.lon_deg, 4},
                      .speed_mps = 10,
                      .course_deg = fmod(atan2(east, north) * 57.29577951308232 + 360, 360)}};
    }
    return drive;
}

static const struct bw_event cabin = {.type = BW_EVENT_CABIN,
                                      .clock = BW_CLOCK_GNSS,
                                      .u.cabin = {.occupancy = {BW_QUALITY_GOOD, 20, 20, 20},
                                                  .door_open = BW_NO,
                                                  .ignition_on = BW_YES,
                                                  .main_power = BW_YES,
                                                  .antenna_ok = BW_YES,
                                                  .belts = {BW_QUALITY_GOOD, 0, 0},
                                                  .wheel_known = true,
                                                  .wheel_mps = 10}};

static struct bw_event event_at(enum what what, const struct bw_event *drive, size_t i)
{
    static const struct bw_event tick = {.type = BW_EVENT_TICK, .clock = BW_CLOCK_GNSS};
    if (what == SECONDS)
        return i % 3 == 0 ? drive[i / 3] : i % 3 == 1 ? cabin : tick;
    if (what == CABIN)
        return cabin;
    return what == TICKS ? tick : drive[i];
}

static void feed(struct engine *engine, struct bw_event event, int64_t mono_ms)
{
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    event.mono_ms = mono_ms;
    event.utc_ms = 1789425600000 + mono_ms;
    (void)engine_step(engine, &event, alerts);
}

/* Whatever is timed, the engine has heard of position and cabin within the last seconds: an event in
 * OTHERS_STEPS is for that, and its cost is in the figure. */
static double engine_ns(const struct bw_route *route, enum what what, size_t steps, size_t slices,
                        const struct bw_event *drive)
{
    struct bw_route own = *route;
    struct bw_licence licence;
    make_licence(&licence, &own);
    void *memory = malloc(engine_size(&licence));
    if (memory == NULL)
        abort();
    struct engine *engine = engine_init(memory, &licence, 1);
    const int64_t step_ms = what == SECONDS ? 333 : what == CABIN || what == TICKS ? 100 : 1000;
    int64_t mono_ms = 0;
    double fastest_ns = INFINITY;
    for (size_t slice = 0; slice < slices; slice++) {
        const double start_s = now_s();
        for (size_t i = slice * SLICE % steps, end = i + SLICE; i < end; i++) {
            mono_ms += step_ms;
            feed(engine, event_at(what, drive, i), mono_ms);
            if (what != SECONDS && i % OTHERS_STEPS == 0)
                feed(engine, what == CABIN ? drive[i / 10] : cabin, mono_ms);
            if (what == TICKS && i % OTHERS_STEPS == 0)
                feed(engine, drive[i / 10], mono_ms);
        }
        fastest_ns = fmin(fastest_ns, (now_s() - start_s) / SLICE * 1e9);
    }
    free(memory);
    return fastest_ns;
}

static double corridor_ns(const struct bw_route *route, size_t steps, const struct bw_event *drive)
{
    void *memory = malloc(corridor_size(route));
    if (memory == NULL)
        abort();
    struct corridor *corridor = corridor_init(memory, route);
    struct corridor_hit hit;
    double sum = 0, fastest_ns = INFINITY;
    for (size_t slice = 0; slice < ROUNDS * steps / SLICE; slice++) {
        const double start_s = now_s();
        for (size_t i = slice * SLICE % steps, end = i + SLICE; i < end; i++) {
            const struct bw_position *p = &drive[i].u.fix.position;
            const struct corridor_place at_place = corridor_place(p->lat_deg, p->lon_deg);
            corridor_nearest(corridor, &at_place, &hit);
            sum += hit.distance_m;
        }
        fastest_ns = fmin(fastest_ns, (now_s() - start_s) / SLICE * 1e9);
    }
    free(memory);
    return sum >= 0 ? fastest_ns : -1; /* the sum keeps the work */
}

/* From nothing: the tree is built, and nothing is remembered for the first fix. */
static void cold_start(const struct bw_route *route, const struct bw_event *drive, double *ret_init_us,
                       double *ret_first_ns)
{
    struct bw_route own = *route;
    struct bw_licence licence;
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    make_licence(&licence, &own);
    void *memory = malloc(engine_size(&licence));
    if (memory == NULL)
        abort();
    double init_s = INFINITY, first_s = INFINITY;
    for (int round = 0; round < 3 * ROUNDS; round++) {
        const double start_s = now_s();
        struct engine *engine = engine_init(memory, &licence, 1);
        const double ready_s = now_s();
        struct bw_event event = drive[round * 31];
        event.mono_ms = 1;
        event.utc_ms = 1789425600000;
        (void)engine_step(engine, &event, alerts);
        init_s = fmin(init_s, ready_s - start_s);
        first_s = fmin(first_s, now_s() - ready_s);
    }
    free(memory);
    *ret_init_us = init_s * 1e6;
    *ret_first_ns = first_s * 1e9;
}

static void no_notice(const char *format, ...)
{
    (void)format;
}

static double geos_ns(const struct bw_route *route, size_t steps, const struct bw_event *drive)
{
    initGEOS(no_notice, no_notice);
    GEOSCoordSequence *line = GEOSCoordSeq_create((unsigned)route->n_points, 2);
    double sum = 0, fastest_ns = INFINITY;
    const struct corridor_place place = corridor_place(29.14, 0);
    for (size_t i = 0; i < route->n_points; i++)
        GEOSCoordSeq_setXY(line, (unsigned)i, route->points[i].lon_deg * place.lon_m,
                           route->points[i].lat_deg * place.lat_m);
    GEOSGeometry *geometry = GEOSGeom_createLineString(line);
    const GEOSPreparedGeometry *prepared = GEOSPrepare(geometry);
    for (size_t slice = 0; slice < ROUNDS * steps / SLICE; slice++) {
        const double start_s = now_s();
        for (size_t i = slice * SLICE % steps, end = i + SLICE; i < end; i++) {
            const struct bw_position *p = &drive[i].u.fix.position;
            GEOSGeometry *point =
                GEOSGeom_createPointFromXY(p->lon_deg * place.lon_m, p->lat_deg * place.lat_m);
            double distance = 0;
            GEOSPreparedDistance(prepared, point, &distance);
            GEOSGeom_destroy(point);
            sum += distance;
        }
        fastest_ns = fmin(fastest_ns, (now_s() - start_s) / SLICE * 1e9);
    }
    GEOSPreparedGeom_destroy(prepared);
    GEOSGeom_destroy(geometry);
    finishGEOS();
    return sum >= 0 ? fastest_ns : -1;
}

static void print_costs(size_t n, size_t steps)
{
    uint32_t part_start[2];
    const struct bw_route route = make_route(n, vertices, part_start);
    struct bw_event *smooth = make_drive(&route, steps, false), *jumpy = make_drive(&route, steps, true);
    const size_t slices = ROUNDS * steps / SLICE;
    double init_us, first_ns;
    cold_start(&route, smooth, &init_us, &first_ns);
    /* What the events among the others cost is taken off again. */
    const double share = 1.0 / OTHERS_STEPS;
    const double fixes_ns = engine_ns(&route, FIXES, steps, slices, smooth);
    const double jumps_ns = engine_ns(&route, JUMPS, steps, slices, jumpy);
    const double cabins_ns = engine_ns(&route, CABIN, steps, slices, smooth);
    const double fix_ns = (fixes_ns - share * cabins_ns) / (1 - share * share);
    const double cabin_ns = cabins_ns - share * fix_ns, jump_ns = jumps_ns - share * cabin_ns;
    const double tick_ns = engine_ns(&route, TICKS, steps, slices, smooth) - share * (fix_ns + cabin_ns);
    const double second_ns = 3 * engine_ns(&route, SECONDS, steps, slices, smooth);
    printf("%8zu %8.0f ns %8.0f ns %8.0f ns %8.0f ns %8.0f ns %8.0f ns %8.0f us %8.0f ns %8.0f ns\n", n,
           fix_ns, jump_ns, cabin_ns, tick_ns, second_ns, first_ns, init_us,
           corridor_ns(&route, steps, smooth), geos_ns(&route, steps / 10, smooth));
    free(smooth);
    free(jumpy);
}

int main(int argc, char **argv)
{
    const size_t steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
    if (argc == 4) {
        uint32_t part_start[2];
        const struct bw_route route = make_route(strtoul(argv[3], NULL, 10), vertices, part_start);
        int what = 0;
        while (what < CASES && strcmp(case_names[what], argv[2]) != 0)
            what++;
        if (what == CASES || route.n_points < 2 || steps % SLICE != 0)
            return 2;
        struct bw_event *drive = make_drive(&route, steps, what == JUMPS);
        (void)engine_ns(&route, (enum what)what, steps, steps / SLICE, drive);
        free(drive);
        return 0;
    }
    if (argc > 2 || steps == 0 || steps % SLICE != 0) {
        (void)fprintf(stderr, "usage: bench_step [STEPS [CASE VERTICES]], STEPS in tens of thousands\n");
        return 2;
    }
    printf("%8s %11s %11s %11s %11s %11s %11s %11s %11s %11s\n", "vertices", "fix", "with jumps", "cabin",
           "tick", "a second", "first fix", "init", "corridor", "GEOS");
    for (size_t n = 100; n <= VERTICES_MAX; n = n == 100 ? 2000 : n * 50)
        print_costs(n, steps);
    return 0;
}
