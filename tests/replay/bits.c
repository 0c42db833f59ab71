/* Judges a long random stream of events and prints a fingerprint of everything that came of it, to the last
 * bit of every score: tests/replay/builds compares those of many builds.
 * usage: bits [SEED]
 *
 * Whatever is fed is made of whole numbers by +, -, * and / alone, so that nothing but the judge can differ.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/compliance/engine.h"

enum { EVENTS = 300000, VERTICES = 3000, ROUTES = 3, STOPS = 20 };

static uint64_t state;

static unsigned below(unsigned n) /* xorshift64* */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)(state * 0x2545f4914f6cdd1dU >> 33) % n;
}

static int32_t about(unsigned reach)
{
    return (int32_t)below(2 * reach + 1) - (int32_t)reach;
}

/* --- the fingerprint: FNV-1a, 64 bits --- */

static uint64_t fingerprint = 0xcbf29ce484222325U;

static void add(const void *data, size_t size)
{
    for (const unsigned char *byte = data; size > 0; size--, byte++)
        fingerprint = (fingerprint ^ *byte) * 0x100000001b3U;
}

static void add_double(double value)
{
    add(&value, sizeof value);
}

static void add_number(int64_t value)
{
    add(&value, sizeof value);
}

static void add_alert(const struct bw_alert *alert)
{
    add_number(alert->kind);
    add_number(alert->phase);
    add_number(alert->severity);
    add_number((int64_t)alert->number);
    add_number(alert->time_utc_ms);
    add_double(alert->position.lat_deg);
    add_double(alert->position.lon_deg);
    if (alert->kind == BW_OFF_ROUTE) {
        const struct bw_evidence_off_route *e = &alert->evidence.off_route;
        add_double((double)e->distance_m);
        add_double((double)e->peak_distance_m);
        add_number(e->outside_ms);
        add_number(e->left_utc_ms);
    } else if (alert->kind == BW_OVERSPEED) {
        add_double((double)alert->evidence.overspeed.speed_kmh);
        add_double((double)alert->evidence.overspeed.peak_kmh);
        add_double((double)alert->evidence.overspeed.limit_kmh);
    } else if (alert->kind == BW_UNAPPROVED_STOP) {
        add_double((double)alert->evidence.unapproved_stop.distance_m);
    } else if (alert->kind == BW_TAMPER) {
        add_double((double)alert->evidence.tamper.moved_m);
    }
}

/* --- what is judged --- */

static struct bw_point points[ROUTES][VERTICES];
static uint32_t part_start[ROUTES][3];
static struct bw_route routes[ROUTES];
static struct bw_stop stops[STOPS];
static struct bw_limit limits[2] = {{300, 900, 20, false}, {2000, 4000, 0, true}};
static struct bw_permit permits[1] = {{.permit_no = "p",
                                       .driver_id = "d",
                                       .route_id = "r",
                                       .weekdays = 0x1f,
                                       .window_start_min = 300,
                                       .window_end_min = 1200,
                                       .valid_from_day = 1,
                                       .valid_until_day = 30000,
                                       .status = BW_STATUS_ACTIVE}};
static struct bw_driver drivers[1] = {{"d", 30000}};

static struct bw_licence make_licence(void)
{
    for (unsigned r = 0; r < ROUTES; r++) {
        int32_t lat = 291400000 + about(20000), lon = 1210300000 + about(20000), north = about(800),
                east = about(800);
        for (unsigned i = 0; i < VERTICES; i++) {
            points[r][i] = (struct bw_point){lat / 1e7, lon / 1e7};
            north += about(300) - north / 8;
            east += about(300) - east / 8;
            lat += north;
            lon += east;
        }
        part_start[r][1] = VERTICES / 2;
        part_start[r][2] = VERTICES;
        routes[r] = (struct bw_route){.route_id = "r",
                                      .half_width_m = 30,
                                      .n_points = VERTICES,
                                      .points = points[r],
                                      .n_parts = 2,
                                      .part_start = part_start[r],
                                      .n_limits = r == 0 ? 2 : 0,
                                      .limits = limits};
    }
    for (unsigned i = 0; i < STOPS; i++)
        stops[i] = (struct bw_stop){.stop_id = "s",
                                    .route_id = "r",
                                    .sequence = i,
                                    .lat_deg = points[0][i * 100].lat_deg,
                                    .lon_deg = points[0][i * 100].lon_deg,
                                    .radius_m = 30};
    return (struct bw_licence){.version = 1,
                               .vehicle_class = BW_CLASS_MEDIUM,
                               .seats = 29,
                               .approved_capacity = 27,
                               .inspected_until_day = 30000,
                               .utc_offset_min = 480,
                               .n_permits = 1,
                               .permits = permits,
                               .n_drivers = 1,
                               .drivers = drivers,
                               .n_routes = ROUTES,
                               .routes = routes,
                               .n_stops = STOPS,
                               .stops = stops};
}

/* What goes on for a while. */
static bool standing, fast, door, belts, silent;

static void change(void)
{
    standing ^= below(300) == 0;
    fast ^= below(400) == 0;
    door ^= below(door ? 100 : 800) == 0;
    belts ^= below(belts ? 100 : 800) == 0;
    silent ^= below(silent ? 300 : 4000) == 0;
}

static double speed_mps(void)
{
    return standing ? below(50) / 100.0 : (fast ? 16 : 5) + below(900) / 100.0;
}

/* Along one route or another, off it now and then, with all that receivers do. */
static struct bw_fix next_fix(void)
{
    static unsigned route, at;
    static int32_t aside_lat, aside_lon, away;
    if (below(2000) == 0)
        route = below(ROUTES);
    if (below(5000) == 0)
        at = below(VERTICES);
    if (below(300) == 0)
        away = away != 0 ? 0 : about(20);
    at = (at + (standing ? 0 : below(3))) % VERTICES;
    aside_lat += 20 * away + about(400) - (away != 0 ? 0 : aside_lat / 4);
    aside_lon += 17 * away + about(400) - (away != 0 ? 0 : aside_lon / 4);
    const struct bw_point *p = &points[route][at];
    return (struct bw_fix){.position = {p->lat_deg + aside_lat / 1e7, p->lon_deg + aside_lon / 1e7,
                                        below(5) == 0 ? (double)NAN : below(300) / 10.0},
                           .speed_mps = below(50) == 0 ? (double)NAN : speed_mps(),
                           .course_deg = below(50) == 0 ? (double)NAN : below(3600) / 10.0};
}

static struct bw_cabin next_cabin(void)
{
    static uint16_t aboard = 20;
    if (below(100) == 0)
        aboard = (uint16_t)below(40);
    if (silent)
        return (struct bw_cabin){.ignition_on = BW_YES, .wheel_known = true, .wheel_mps = speed_mps()};
    const bool doubtful = below(200) == 0;
    return (struct bw_cabin){.occupancy = {doubtful ? BW_QUALITY_DEGRADED : BW_QUALITY_GOOD, aboard, aboard,
                                           (uint16_t)(aboard + 3 * doubtful)},
                             .door_open = door ? BW_YES : BW_NO,
                             .ignition_on = below(400) == 0 ? BW_NO : BW_YES,
                             .main_power = below(500) == 0 ? BW_NO : BW_YES,
                             .antenna_ok = below(500) == 0 ? BW_NO : BW_YES,
                             .belts = {BW_QUALITY_GOOD, belts, 3},
                             .wheel_known = below(3) != 0,
                             .wheel_mps = speed_mps()};
}

static struct bw_event next_event(void)
{
    static int64_t mono_ms = 1, utc_ms = 1789425600000;
    const int64_t passed_ms = below(500) == 0 ? (int64_t)below(900000) : (int64_t)below(1200);
    struct bw_event event = {.clock = below(1000) == 0 ? BW_CLOCK_SYSTEM : BW_CLOCK_GNSS};
    event.mono_ms = mono_ms += passed_ms;
    event.utc_ms = utc_ms += passed_ms;
    const unsigned kind = below(100);
    change();
    if (kind < 50) {
        event.type = BW_EVENT_FIX;
        event.u.fix = next_fix();
    } else if (kind < 90) {
        event.type = BW_EVENT_CABIN;
        event.u.cabin = next_cabin();
    } else {
        event.type = kind < 91 ? BW_EVENT_NO_FIX : BW_EVENT_TICK;
    }
    return event;
}

int main(int argc, char **argv)
{
    const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    state = seed * 0x9e3779b97f4a7c15U + 1;
    const struct bw_licence licence = make_licence();
    void *memory = malloc(engine_size(&licence));
    if (memory == NULL)
        return 3;
    struct engine *engine = engine_init(memory, &licence, 1);
    uint64_t phases[BW_KIND_COUNT] = {0};
    for (int i = 0; i < EVENTS; i++) {
        struct bw_alert alerts[ENGINE_ALERTS_MAX];
        const struct bw_event event = next_event();
        const size_t n = engine_step(engine, &event, alerts);
        const struct engine_view view = engine_view(engine);
        add_double(view.distance_m);
        add_double(view.stray_m);
        add_double(view.score);
        for (size_t a = 0; a < n; a++) {
            add_alert(&alerts[a]);
            phases[alerts[a].kind]++;
        }
    }
    free(memory);
    printf("seed %" PRIu64 ": %016" PRIx64 ", phases of kinds 1 to 11:", seed, fingerprint);
    for (int kind = 1; kind < BW_KIND_COUNT; kind++)
        printf(" %" PRIu64, phases[kind]);
    printf("\n");
    return 0;
}
