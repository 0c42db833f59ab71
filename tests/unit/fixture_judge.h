/* A bus on a straight road to the north, and an engine that judges it: what tests of the rules drive. */
#ifndef BUSWARDEN_FIXTURE_JUDGE_H
#define BUSWARDEN_FIXTURE_JUDGE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "gateway/compliance/corridor.h"
#include "gateway/compliance/engine.h"

/* A straight road to the north, 20 km, and a permit for it in autumn 2026. */
static struct bw_point points[] = {{29.10, 121.03}, {29.28, 121.03}};
static uint32_t part_start[] = {0, 2};
static struct bw_route route = {.route_id = "r-1",
                                .half_width_m = 30,
                                .n_points = 2,
                                .points = points,
                                .n_parts = 1,
                                .part_start = part_start};
static struct bw_permit permit = {.permit_no = "p-1",
                                  .route_id = "r-1",
                                  .weekdays = 0x7f,
                                  .window_end_min = 1440,
                                  .valid_from_day = 20697,
                                  .valid_until_day = 20818,
                                  .status = BW_STATUS_ACTIVE};
static const int64_t START_UTC_MS = 1789425600000; /* 2026-09-14, day 20710 */

struct bench {
    struct engine *engine;
    int64_t mono_ms;
    double north_m, east_m; /* of the road's beginning */
    double speed_mps, course_deg, accuracy_m;
    struct bw_cabin cabin;
    size_t n;
    struct bw_alert alerts[64]; /* all phases so far */
};

static inline struct bench bench_of(const struct bw_licence *licence)
{
    struct bench bench = {.mono_ms = 1, .speed_mps = 10, .accuracy_m = 4};
    void *memory = malloc(engine_size(licence));
    cr_assert_not_null(memory);
    bench.engine = engine_init(memory, licence, 1);
    return bench;
}

static inline struct bw_licence a_licence(void)
{
    return (struct bw_licence){.vehicle_id = "bus-a",
                               .version = 5,
                               .issued_utc_ms = START_UTC_MS,
                               .vehicle_class = BW_CLASS_MEDIUM,
                               .approved_capacity = 18,
                               .utc_offset_min = 480,
                               .n_permits = 1,
                               .permits = &permit,
                               .n_routes = 1,
                               .routes = &route};
}

static struct bw_licence licence;
static struct bench bench;

static inline void set_up(void)
{
    licence = a_licence();
    bench = bench_of(&licence);
}

static inline void tear_down(void)
{
    free(bench.engine);
}

static inline void feed(struct bw_event event)
{
    event.mono_ms = bench.mono_ms;
    event.utc_ms = START_UTC_MS + bench.mono_ms;
    event.clock = BW_CLOCK_GNSS;
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    const size_t n = engine_step(bench.engine, &event, alerts);
    for (size_t i = 0; i < n; i++) {
        cr_assert_lt(bench.n, sizeof bench.alerts / sizeof bench.alerts[0]);
        bench.alerts[bench.n++] = alerts[i];
    }
}

static inline void cabin(unsigned low, unsigned high, enum bw_tri door)
{
    bench.cabin = (struct bw_cabin){.occupancy = {low == high ? BW_QUALITY_GOOD : BW_QUALITY_DEGRADED,
                                                  (uint16_t)low, (uint16_t)low, (uint16_t)high},
                                    .door_open = door};
    feed((struct bw_event){.type = BW_EVENT_CABIN, .u.cabin = bench.cabin});
}

static inline void fix(void)
{
    const struct corridor_place place = corridor_place(29.1, 0);
    feed((struct bw_event){.type = BW_EVENT_FIX,
                           .u.fix = {.position = {29.10 + bench.north_m / place.lat_m,
                                                  121.03 + bench.east_m / place.lon_m, bench.accuracy_m},
                                     .speed_mps = bench.speed_mps,
                                     .course_deg = bench.course_deg}});
}

/* Drive on for n seconds at speed_mps on course_deg; the cabin confirms its state every second. */
static inline void drive(int seconds)
{
    for (int i = 0; i < seconds; i++) {
        bench.mono_ms += 1000;
        bench.north_m += bench.speed_mps * cos(bench.course_deg * 0.017453292519943295);
        bench.east_m += bench.speed_mps * sin(bench.course_deg * 0.017453292519943295);
        feed((struct bw_event){.type = BW_EVENT_CABIN, .u.cabin = bench.cabin});
        fix();
    }
}

static inline void stand(int seconds)
{
    const double speed = bench.speed_mps;
    bench.speed_mps = 0;
    drive(seconds);
    bench.speed_mps = speed;
}

static inline size_t count(enum bw_kind kind, enum bw_phase phase)
{
    size_t n = 0;
    for (size_t i = 0; i < bench.n; i++)
        n += bench.alerts[i].kind == kind && bench.alerts[i].phase == phase;
    return n;
}

static inline const struct bw_alert *last(void)
{
    cr_assert_gt(bench.n, 0U);
    return &bench.alerts[bench.n - 1];
}

#endif
