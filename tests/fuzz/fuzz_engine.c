/* Any licence that the wire can carry and any events that a source can push: the judge keeps its promises at
 * every step (gateway/compliance/engine.h), a second engine told the same says the same, and the bureau can
 * read it. The bytes are a small program: a licence, another one, and then one instruction after the other.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/compliance/corridor.h"
#include "gateway/compliance/engine.h"
#include "proto/wire.h"

enum {
    ROUTES_MAX = 3,
    PARTS_MAX = 3,
    PART_POINTS_MAX = 20,
    LIMITS_MAX = 3,
    PERMITS_MAX = 3,
    DRIVERS_MAX = 2,
    STOPS_MAX = 3,
    ORDERS_MAX = 3,
    ORDER_POINTS_MAX = 5,
    THRESHOLDS = sizeof(struct bw_thresholds) / sizeof(uint32_t),
    EVENTS_MAX = 4000
};
static const int64_t START_UTC_MS = 1789425600000; /* 2026-09-14, day 20710 */
static const int32_t START_DAY = 20710;

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* --- bytes to numbers: zeros once they are used up --- */

static const uint8_t *input;
static size_t left;

static unsigned take(unsigned below)
{
    if (left == 0)
        return 0;
    left--;
    return *input++ % below;
}

static int take_signed(void)
{
    return (int)take(256) - 128;
}

#define PICK(table) ((table)[take(sizeof(table) / sizeof(table)[0])])

/* --- a licence --- */

struct licence {
    struct bw_licence licence;
    struct bw_route routes[ROUTES_MAX];
    struct bw_point points[ROUTES_MAX][PARTS_MAX * PART_POINTS_MAX];
    uint32_t part_start[ROUTES_MAX][PARTS_MAX + 1];
    struct bw_limit limits[ROUTES_MAX][LIMITS_MAX];
    struct bw_permit permits[PERMITS_MAX];
    struct bw_driver drivers[DRIVERS_MAX];
    struct bw_stop stops[STOPS_MAX];
};

struct orders {
    struct bw_orders orders;
    struct bw_order each[ORDERS_MAX];
    struct bw_point points[ORDERS_MAX][ORDER_POINTS_MAX];
};

/* On a vertex where the licences's routes begin: plain country, the equator, far north and south at the
 * antimeridian, and a pole. */
static const struct bw_point places[] = {{29.1, 121.03},   {0, 0},        {75, 179.9999},
                                         {-60, -179.9999}, {89.9995, 10}, {29.1, 121.03}};

/* As the wire decodes it: in range, whole units of 1e-7 degree. */
static struct bw_point as_carried(double lat_deg, double lon_deg)
{
    const double lat = fmax(-90, fmin(90, lat_deg));
    return (struct bw_point){round(lat * 1e7) / 1e7, round(corridor_lon_difference(lon_deg, 0) * 1e7) / 1e7};
}

static struct bw_point near_by(struct bw_point at, double step_deg)
{
    const double lat_deg = at.lat_deg + take_signed() * step_deg;
    return as_carried(lat_deg, at.lon_deg + take_signed() * step_deg);
}

/* In order, not overlapping: as the wire decodes them. */
static void take_limits(struct bw_route *route, struct bw_limit *limits)
{
    static const double lengths_m[] = {100, 1, 20, 5000};
    static const double limits_kmh[] = {20, 0, 40, 100};
    double at_m = 0;
    route->limits = limits;
    route->n_limits = take(LIMITS_MAX + 1);
    for (size_t i = 0; i < route->n_limits; i++) {
        at_m += take(4) * PICK(lengths_m);
        limits[i] =
            (struct bw_limit){.from_m = at_m, .limit_kmh = PICK(limits_kmh), .motorway = take(2) == 1};
        at_m += PICK(lengths_m);
        limits[i].to_m = at_m;
    }
}

static void take_route(struct licence *l, size_t r)
{
    static const double limits_kmh[] = {0, 20, 50, 200};
    static const double steps_deg[] = {1e-7, 1e-5, 1e-4, 1e-3, 0.1};
    static const double half_widths_m[] = {30, 0.1, 5, 100, 5000};
    struct bw_route *route = &l->routes[r];
    struct bw_point at = PICK(places);
    *route = (struct bw_route){.half_width_m = PICK(half_widths_m),
                               .points = l->points[r],
                               .speed_limit_kmh = PICK(limits_kmh),
                               .n_parts = 1 + take(PARTS_MAX),
                               .part_start = l->part_start[r]};
    memcpy(route->route_id, "r-0", 4);
    route->route_id[2] = (char)('0' + r);
    const double step_deg = PICK(steps_deg);
    for (size_t part = 0; part < route->n_parts; part++) {
        route->part_start[part] = (uint32_t)route->n_points;
        for (unsigned i = 2 + take(PART_POINTS_MAX - 1); i > 0; i--) {
            at = near_by(at, step_deg);
            route->points[route->n_points++] = at;
        }
    }
    route->part_start[route->n_parts] = (uint32_t)route->n_points;
    take_limits(route, l->limits[r]);
}

static void take_stop(struct bw_stop *stop)
{
    static const double radii_m[] = {30, 0, 1000};
    const struct bw_point at = near_by(PICK(places), 1e-5);
    *stop = (struct bw_stop){
        .stop_id = "s", .lat_deg = at.lat_deg, .lon_deg = at.lon_deg, .radius_m = PICK(radii_m)};
}

static void take_order(struct orders *o, size_t i)
{
    static const int64_t instants_ms[] = {0, 60000, 600000, 90000000, 5000000000};
    static const double limits_kmh[] = {0, 5, 60};
    struct bw_order *order = &o->each[i];
    const struct bw_point at = PICK(places);
    *order = (struct bw_order){.kind = (enum bw_order_kind)(BW_ORDER_EXEMPTION + take(2)),
                               .order_id = "o",
                               .from_utc_ms = START_UTC_MS + PICK(instants_ms),
                               .limit_kmh = PICK(limits_kmh),
                               .n_routes = take(3),
                               .n_points = take(2) == 1 ? 3 + take(ORDER_POINTS_MAX - 2) : 0,
                               .points = o->points[i]};
    order->until_utc_ms = order->from_utc_ms + 1 + PICK(instants_ms);
    for (size_t r = 0; r < order->n_routes; r++)
        memcpy(order->routes[r], r == 0 ? "r-0" : "r-1", 4);
    for (size_t p = 0; p < order->n_points; p++)
        o->points[i][p] = near_by(at, 1e-3);
}

/* NULL = none. */
static const struct bw_orders *take_orders(struct orders *o)
{
    if (take(2) == 0)
        return NULL;
    o->orders = (struct bw_orders){.version = 1, .n_orders = take(ORDERS_MAX + 1), .orders = o->each};
    for (size_t i = 0; i < o->orders.n_orders; i++)
        take_order(o, i);
    return &o->orders;
}

static void take_permit(struct bw_permit *permit)
{
    static const uint8_t weekdays[] = {0x7f, 0, 1, 0x3e};
    static const char drivers[][4] = {"d-0", "", "d-9"};
    *permit = (struct bw_permit){.permit_no = "p",
                                 .weekdays = PICK(weekdays),
                                 .window_start_min = (uint16_t)take(97) * 15,
                                 .window_end_min = (uint16_t)take(97) * 15,
                                 .valid_from_day = START_DAY + (int32_t)take(8) - 4,
                                 .valid_until_day = START_DAY + (int32_t)take(8) - 4,
                                 .status = (enum bw_permit_status)(1 + take(3))};
    memcpy(permit->driver_id, PICK(drivers), sizeof drivers[0]);
}

static int32_t take_day(void)
{
    return take(2) == 1 ? START_DAY + (int32_t)take(8) - 4 : 0;
}

static struct bw_thresholds take_thresholds(void)
{
    static const uint32_t waits[] = {0, 1, 1000, 60000, UINT32_MAX};
    struct bw_thresholds thresholds;
    uint32_t each[THRESHOLDS];
    for (size_t i = 0; i < THRESHOLDS; i++)
        each[i] = PICK(waits);
    memcpy(&thresholds, each, sizeof thresholds);
    return thresholds;
}

/* NULL = none held. */
static const struct bw_licence *take_licence(struct licence *l)
{
    static const uint16_t capacities[] = {10, 0, 1, 40, UINT16_MAX};
    static const int16_t offsets_min[] = {480, 0, -840, 840};
    if (take(8) == 7)
        return NULL;
    l->licence = (struct bw_licence){.version = 1 + take(256),
                                     .vehicle_class = (enum bw_vehicle_class)take(4),
                                     .approved_capacity = PICK(capacities),
                                     .utc_offset_min = PICK(offsets_min),
                                     .inspected_until_day = take_day(),
                                     .scrapped_day = take_day(),
                                     .n_drivers = take(DRIVERS_MAX + 1),
                                     .drivers = l->drivers,
                                     .n_stops = take(STOPS_MAX + 1),
                                     .stops = l->stops,
                                     .n_permits = take(PERMITS_MAX + 1),
                                     .permits = l->permits,
                                     .n_routes = take(ROUTES_MAX + 1),
                                     .routes = l->routes};
    if (take(2) == 1)
        l->licence.thresholds = take_thresholds();
    for (size_t i = 0; i < l->licence.n_permits; i++)
        take_permit(&l->permits[i]);
    for (size_t i = 0; i < l->licence.n_drivers; i++)
        l->drivers[i] = (struct bw_driver){.driver_id = "d-0", .qualified_until_day = take_day()};
    for (size_t i = 0; i < l->licence.n_stops; i++)
        take_stop(&l->stops[i]);
    for (size_t i = 0; i < l->licence.n_routes; i++)
        take_route(l, i);
    return &l->licence;
}

/* --- what must hold --- */

struct world {
    const struct bw_licence *licence;
    const struct bw_orders *orders;
    struct engine *engine, *twin;
    struct bw_event event;
    struct bw_point at; /* of the vehicle */
    double course_deg, speed_mps;
    bool fixed;          /* this engine was told a position: */
    struct bw_point fix; /* the last one */
    size_t n_open;
    struct bw_alert open[BW_KIND_COUNT];                         /* by kind; phase NONE = not open */
    int64_t quiet_since_ms;                                      /* this engine was begun */
    int64_t raised_ms[BW_KIND_COUNT], cleared_ms[BW_KIND_COUNT]; /* by this engine; -1 never */
};

/* The plain way: every segment in turn, in the corridor's own frame. */
static double plain_distance_m(const struct bw_route *route, const struct bw_point *at)
{
    const struct corridor_place place = corridor_place(at->lat_deg, at->lon_deg);
    const double lon0 = route->points[0].lon_deg, x = corridor_lon_difference(at->lon_deg, lon0);
    double best = INFINITY;
    for (size_t part = 0; part < route->n_parts; part++)
        for (size_t i = route->part_start[part]; i + 1 < route->part_start[part + 1]; i++) {
            const struct bw_point *a = &route->points[i], *b = a + 1;
            const double ax = (corridor_lon_difference(a->lon_deg, lon0) - x) * place.lon_m;
            const double bx = (corridor_lon_difference(b->lon_deg, lon0) - x) * place.lon_m;
            const double ay = (a->lat_deg - at->lat_deg) * place.lat_m;
            const double dx = bx - ax, dy = (b->lat_deg - a->lat_deg) * place.lat_m, len2 = dx * dx + dy * dy;
            const double t = len2 > 0 ? fmax(0, fmin(1, -(ax * dx + ay * dy) / len2)) : 0;
            best = fmin(best, hypot(ax + t * dx, ay + t * dy));
        }
    return best;
}

/* The distance in the view is that of a route than which none is nearer, counted from its edge. */
static void check_distance(const struct world *w, double distance_m)
{
    const double tolerance_m = 1e-3 + 1e-6 * distance_m;
    double nearest_m = INFINITY, found_m = INFINITY;
    for (size_t r = 0; r < w->licence->n_routes; r++) {
        const struct bw_route *route = &w->licence->routes[r];
        const double plain_m = plain_distance_m(route, &w->fix);
        nearest_m = fmin(nearest_m, plain_m - route->half_width_m);
        if (fabs(plain_m - distance_m) <= tolerance_m)
            found_m = fmin(found_m, plain_m - route->half_width_m);
    }
    must(found_m <= nearest_m + tolerance_m);
}

static void check_view(const struct world *w)
{
    const struct engine_view view = engine_view(w->engine), twin = engine_view(w->twin);
    must(isfinite(view.distance_m) && view.distance_m >= 0);
    must(isfinite(view.stray_m) && view.stray_m >= 0);
    must(isfinite(view.score) && view.score >= 0);
    must(view.raise_at > 0);
    must(view.outside == twin.outside && view.distance_m == twin.distance_m && view.stray_m == twin.stray_m &&
         view.score == twin.score);
    if (w->fixed && w->licence != NULL && w->licence->n_routes > 0)
        check_distance(w, view.distance_m);
}

static bool sane(float value)
{
    return isfinite(value) && value >= 0;
}

static void check_evidence(const struct bw_alert *alert)
{
    switch (alert->kind) {
    case BW_OVERLOAD: {
        const struct bw_evidence_overload *e = &alert->evidence.overload;
        must(alert->phase != BW_RAISED || (e->aboard > e->capacity && e->peak == e->aboard));
        must(alert->phase == BW_CLEARED || e->peak > 0);
        break;
    }
    case BW_OFF_ROUTE: {
        const struct bw_evidence_off_route *e = &alert->evidence.off_route;
        must(sane(e->distance_m) && sane(e->peak_distance_m) && sane(e->half_width_m) && e->half_width_m > 0);
        must(e->left_utc_ms >= 0);
        break;
    }
    case BW_OUT_OF_HOURS: {
        const struct bw_evidence_out_of_hours *e = &alert->evidence.out_of_hours;
        must(e->window_start_min <= 1440 && e->window_end_min <= 1440 && e->local_min < 1440);
        break;
    }
    case BW_UNAPPROVED_STOP:
        must(sane(alert->evidence.unapproved_stop.distance_m) &&
             sane(alert->evidence.unapproved_stop.radius_m));
        break;
    case BW_UNLICENSED:
        must(alert->evidence.unlicensed.reason != BW_UNLICENSED_NONE);
        break;
    case BW_OVERSPEED: {
        const struct bw_evidence_overspeed *e = &alert->evidence.overspeed;
        must(sane(e->speed_kmh) && sane(e->peak_kmh) && sane(e->limit_kmh) && e->peak_kmh > e->limit_kmh);
        must(e->source >= BW_LIMIT_LAW && e->source <= BW_LIMIT_WEATHER);
        break;
    }
    case BW_UNBELTED:
        must(alert->evidence.unbelted.peak > 0 && sane(alert->evidence.unbelted.speed_kmh));
        break;
    case BW_DOOR_OPEN_MOVING:
        must(sane(alert->evidence.door_open.speed_kmh) && sane(alert->evidence.door_open.peak_kmh));
        break;
    case BW_CHILD_LEFT_BEHIND:
        must(alert->evidence.left_behind.level >= 1 && alert->evidence.left_behind.level <= 3);
        break;
    case BW_SENSOR_FAULT:
        must(alert->severity == BW_NOTICE && alert->evidence.sensor_fault.fault != BW_FAULT_NONE);
        break;
    case BW_TAMPER:
        must(alert->evidence.tamper.tamper != BW_TAMPER_NONE && sane(alert->evidence.tamper.moved_m));
        break;
    case BW_KIND_UNSPECIFIED:
    case BW_KIND_COUNT:
        must(false);
    }
}

/* What an alert counts never goes back. */
static void check_growth(const struct bw_alert *before, const struct bw_alert *now)
{
    must(now->severity >= before->severity);
    if (now->kind == BW_OVERLOAD)
        must(now->evidence.overload.peak >= before->evidence.overload.peak);
    else if (now->kind == BW_OFF_ROUTE)
        must(now->evidence.off_route.peak_distance_m >= before->evidence.off_route.peak_distance_m &&
             now->evidence.off_route.outside_ms >= before->evidence.off_route.outside_ms);
    else if (now->kind == BW_OVERSPEED)
        must(now->evidence.overspeed.over_ms >= before->evidence.overspeed.over_ms);
    else if (now->kind == BW_UNBELTED)
        must(now->evidence.unbelted.peak >= before->evidence.unbelted.peak);
    else if (now->kind == BW_DOOR_OPEN_MOVING)
        must(now->evidence.door_open.open_ms >= before->evidence.door_open.open_ms &&
             now->evidence.door_open.peak_kmh >= before->evidence.door_open.peak_kmh);
    else if (now->kind == BW_CHILD_LEFT_BEHIND)
        must(now->evidence.left_behind.level >= before->evidence.left_behind.level &&
             now->evidence.left_behind.waiting_ms >= before->evidence.left_behind.waiting_ms);
}

/* How long a violation must at least be pending, by kind; 0 = the rule has its own evidence. */
static int64_t hold_ms(const struct bw_licence *licence, enum bw_kind kind)
{
    const struct bw_thresholds t = engine_thresholds(licence);
    const int64_t holds_ms[BW_KIND_COUNT] = {
        [BW_OVERLOAD] = t.overload_hold_ms,
        [BW_OUT_OF_HOURS] = t.out_of_hours_hold_ms,
        [BW_UNLICENSED] = t.unlicensed_hold_ms,
        [BW_OVERSPEED] = t.overspeed_hold_ms,
        [BW_UNBELTED] = t.unbelted_hold_ms,
        [BW_DOOR_OPEN_MOVING] = t.door_open_hold_ms,
        [BW_CHILD_LEFT_BEHIND] = t.left_behind_hold_ms,
    };
    return holds_ms[kind];
}

/* Not without having been pending, and no flood. */
static void check_raise(struct world *w, enum bw_kind kind)
{
    const int64_t now_ms = w->event.mono_ms;
    const int64_t closed_ms = w->cleared_ms[kind] >= 0 ? w->cleared_ms[kind] : w->quiet_since_ms;
    must(now_ms - closed_ms >= hold_ms(w->licence, kind));
    must(w->raised_ms[kind] < 0 ||
         now_ms - w->raised_ms[kind] >= (int64_t)engine_thresholds(w->licence).raise_hold_off_ms);
    w->raised_ms[kind] = now_ms;
}

/* One phase after those before it of the same kind. */
static void check_phase(struct world *w, const struct bw_alert *alert, uint64_t number)
{
    struct bw_alert *open = &w->open[alert->kind];
    must(alert->severity != BW_SEVERITY_NONE && alert->time_utc_ms == w->event.utc_ms);
    must(!alert->has_position || (isfinite(alert->position.lat_deg) && isfinite(alert->position.lon_deg)));
    must(alert->licence_version == (w->licence != NULL ? w->licence->version : 0));
    check_evidence(alert);
    if (alert->phase == BW_RAISED) {
        must(open->phase == BW_PHASE_NONE && alert->number == number);
        must(alert->raised_utc_ms == w->event.utc_ms);
        check_raise(w, alert->kind);
    } else {
        must(alert->phase == BW_UPDATED || alert->phase == BW_CLEARED);
        must(open->phase != BW_PHASE_NONE && alert->number == open->number);
        must(alert->raised_utc_ms == open->raised_utc_ms);
        check_growth(open, alert);
    }
    w->n_open += (alert->phase == BW_RAISED) - (size_t)(alert->phase == BW_CLEARED);
    *open = *alert;
    if (alert->phase != BW_CLEARED)
        return;
    open->phase = BW_PHASE_NONE;
    w->cleared_ms[alert->kind] = w->event.mono_ms;
}

/* The same on the wire, and the bureau can read it. */
static void check_bytes(const struct bw_alert *alert, const struct bw_alert *twin)
{
    static struct wire_body body, back;
    struct wire_bytes bytes, twin_bytes;
    body.type = WIRE_BODY_ALERT;
    body.u.alert = *alert;
    must(wire_body_encode(&body, &bytes) == 0);
    body.u.alert = *twin;
    must(wire_body_encode(&body, &twin_bytes) == 0);
    must(bytes.len == twin_bytes.len && memcmp(bytes.data, twin_bytes.data, bytes.len) == 0);
    must(wire_body_decode(bytes.data, bytes.len, &back) == 0);
    wire_bytes_free(&twin_bytes);
    must(wire_body_encode(&back, &twin_bytes) == 0);
    must(bytes.len == twin_bytes.len && memcmp(bytes.data, twin_bytes.data, bytes.len) == 0);
    wire_bytes_free(&bytes);
    wire_bytes_free(&twin_bytes);
}

static void push(struct world *w)
{
    struct bw_alert alerts[ENGINE_ALERTS_MAX], twins[ENGINE_ALERTS_MAX];
    uint64_t number = engine_next_number(w->engine);
    const size_t n = engine_step(w->engine, &w->event, alerts);
    must(n <= ENGINE_ALERTS_MAX && n == engine_step(w->twin, &w->event, twins));
    for (size_t i = 0; i < n; i++) {
        must(i == 0 || alerts[i].kind > alerts[i - 1].kind);
        check_phase(w, &alerts[i], number);
        number += alerts[i].phase == BW_RAISED;
        check_bytes(&alerts[i], &twins[i]);
    }
    must(engine_next_number(w->engine) == number && engine_next_number(w->twin) == number);
    must(engine_open(w->engine, alerts) == w->n_open);
    for (size_t i = 0; i < w->n_open; i++)
        must(alerts[i].number == w->open[alerts[i].kind].number);
    check_view(w);
}

/* --- instructions --- */

/* Memory that is not cleared, and differs between the two. */
static struct engine *an_engine(const struct bw_licence *licence, uint64_t number, int filled_with)
{
    const size_t size = engine_size(licence);
    void *memory = malloc(size);
    must(memory != NULL);
    memset(memory, filled_with, size);
    return engine_init(memory, licence, number);
}

/* A new engine knows nothing of what another raised before. */
static void begin_counting(struct world *w)
{
    w->quiet_since_ms = w->event.mono_ms;
    for (size_t kind = 0; kind < BW_KIND_COUNT; kind++)
        w->raised_ms[kind] = w->cleared_ms[kind] = -1;
}

/* Another process, or another licence: what was open goes on. */
static void hand_over(struct world *w, const struct bw_licence *licence)
{
    struct bw_alert open[ENGINE_ALERTS_MAX];
    const size_t n = engine_open(w->engine, open);
    const uint64_t number = engine_next_number(w->engine);
    free(w->engine);
    free(w->twin);
    w->licence = licence;
    w->fixed = false;
    w->engine = an_engine(licence, number, 0x5a);
    w->twin = an_engine(licence, number, 0xa5);
    begin_counting(w);
    engine_set_orders(w->engine, w->orders);
    engine_set_orders(w->twin, w->orders);
    for (size_t i = 0; i < n; i++) {
        engine_resume(w->engine, &open[i]);
        engine_resume(w->twin, &open[i]);
    }
    must(engine_open(w->engine, open) == n && n == w->n_open);
}

static void set_orders(struct world *w, const struct bw_orders *orders)
{
    w->orders = orders;
    engine_set_orders(w->engine, orders);
    engine_set_orders(w->twin, orders);
}

static void pass_time(struct world *w)
{
    static const int64_t steps_ms[] = {1000,  0,     1,     200,    999,      5000,
                                       10000, 30000, 61000, 601000, 90000000, 5000000000};
    const int64_t ms = PICK(steps_ms);
    w->event.mono_ms += ms;
    w->event.utc_ms += w->event.clock != BW_CLOCK_NONE ? ms : 0;
}

static void set_clock(struct world *w)
{
    w->event.clock = (enum bw_clock)take(3);
    w->event.utc_ms = w->event.clock != BW_CLOCK_NONE ? START_UTC_MS + w->event.mono_ms : 0;
}

static void push_fix(struct world *w)
{
    static const double accuracies_m[] = {4, NAN, 0, 30, 1e6};
    w->event.type = BW_EVENT_FIX;
    w->event.u.fix = (struct bw_fix){.position = {w->at.lat_deg, w->at.lon_deg, PICK(accuracies_m)},
                                     .speed_mps = w->speed_mps,
                                     .course_deg = w->course_deg};
    w->fixed = true;
    w->fix = w->at;
    push(w);
}

static void set_movement(struct world *w)
{
    static const double speeds_mps[] = {10, NAN, 0, 0.9, 1, 2.9, 3, 25, 1000};
    w->speed_mps = PICK(speeds_mps);
    w->course_deg = take(4) == 3 ? (double)NAN : (double)take(73) * 5;
}

/* Elsewhere at once: near one of the places, far from all, or where a route's vertex is. */
static void jump(struct world *w)
{
    static const double scales_deg[] = {1e-5, 1e-3, 1.4};
    const struct bw_point at = PICK(places);
    const double scale_deg = PICK(scales_deg);
    w->at = as_carried(at.lat_deg + take_signed() * scale_deg, at.lon_deg + take_signed() * scale_deg);
    if (w->licence != NULL && w->licence->n_routes > 0 && take(2) == 1) {
        const struct bw_route *route = &w->licence->routes[take((unsigned)w->licence->n_routes)];
        w->at = route->points[take((unsigned)route->n_points)];
    }
}

/* So many seconds at 10 m/s on the present course, whatever the receiver says of it. */
static void drive(struct world *w)
{
    static const double RAD = 0.017453292519943295;
    const double course_rad = (double)take(73) * 5 * RAD;
    for (unsigned i = 1 + take(100); i > 0; i--) {
        const struct corridor_place place = corridor_place(w->at.lat_deg, w->at.lon_deg);
        const double lon_m = fmax(place.lon_m, 1); /* on a pole it is 0 */
        w->at = as_carried(w->at.lat_deg + 10 * cos(course_rad) / place.lat_m,
                           w->at.lon_deg + 10 * sin(course_rad) / lon_m);
        w->event.mono_ms += 1000;
        w->event.utc_ms += w->event.clock != BW_CLOCK_NONE ? 1000 : 0;
        push_fix(w);
    }
}

static void push_cabin(struct world *w)
{
    static const double wheels_mps[] = {0, 0.5, 1, 3, 10, 25, 55};
    struct bw_occupancy aboard = {.quality = (enum bw_quality)take(3)};
    if (aboard.quality != BW_QUALITY_UNKNOWN) {
        aboard.low = aboard.count = aboard.high = (uint16_t)take(256);
        aboard.high = (uint16_t)(aboard.high + (aboard.quality == BW_QUALITY_DEGRADED ? 1 + take(8) : 0));
    }
    w->event.type = BW_EVENT_CABIN;
    w->event.u.cabin = (struct bw_cabin){.occupancy = aboard,
                                         .door_open = (enum bw_tri)take(3),
                                         .ignition_on = (enum bw_tri)take(3),
                                         .main_power = (enum bw_tri)take(3),
                                         .antenna_ok = (enum bw_tri)take(3),
                                         .belts.quality = (enum bw_quality)take(3),
                                         .wheel_known = take(2) == 1,
                                         .wheel_mps = PICK(wheels_mps)};
    if (w->event.u.cabin.belts.quality != BW_QUALITY_UNKNOWN)
        w->event.u.cabin.belts.open_low = w->event.u.cabin.belts.open_high = (uint16_t)take(4);
    if (take(4) == 1) { /* a vehicle whose doors count, with a button at the back */
        struct bw_cabin *cabin = &w->event.u.cabin;
        const uint16_t counted = (uint16_t)take(32);
        cabin->counted =
            (struct bw_counted){.known = true, .low = counted, .count = counted, .high = counted};
        cabin->belted = (uint16_t)take(3);
        cabin->seats_frozen = take(8) == 1;
        cabin->counter_deaf = take(8) == 1;
        cabin->seat_changes = take(4);
        cabin->presses = take(4);
    }
    push(w);
}

/* The cabin says the same once a second. */
static void confirm_cabin(struct world *w)
{
    if (w->event.type != BW_EVENT_CABIN)
        return;
    for (unsigned i = 1 + take(100); i > 0; i--) {
        w->event.mono_ms += 1000;
        w->event.utc_ms += w->event.clock != BW_CLOCK_NONE ? 1000 : 0;
        push(w);
    }
}

static void push_bare(struct world *w)
{
    w->event.type = take(2) == 1 ? BW_EVENT_NO_FIX : BW_EVENT_TICK;
    push(w);
}

static void turn_clock_back(struct world *w)
{
    static const int64_t backs_ms[] = {1, 59000, 61000, 3600000};
    const int64_t ms = PICK(backs_ms);
    if (w->event.utc_ms > START_UTC_MS + ms)
        w->event.utc_ms -= ms;
}

static void (*const instructions[])(struct world *w) = {
    pass_time,  set_clock, set_movement, jump,       push_fix,      drive,
    push_cabin, push_bare, drive,        push_cabin, confirm_cabin, turn_clock_back};
enum { N_INSTRUCTIONS = sizeof instructions / sizeof instructions[0] };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct licence memory[2];
    static struct orders orders_memory;
    input = data;
    left = size;
    const struct bw_licence *licences[2];
    licences[0] = take_licence(&memory[0]);
    licences[1] = take_licence(&memory[1]);
    const struct bw_orders *orders = take_orders(&orders_memory);
    struct world w = {.licence = licences[0],
                      .engine = an_engine(licences[0], 1, 0x5a),
                      .twin = an_engine(licences[0], 1, 0xa5),
                      .event = {.mono_ms = 1, .utc_ms = START_UTC_MS, .clock = BW_CLOCK_GNSS},
                      .at = places[0],
                      .speed_mps = 10};
    begin_counting(&w);
    for (unsigned i = 0; i < EVENTS_MAX && left > 0; i++) {
        const unsigned what = take(N_INSTRUCTIONS + 2);
        if (what < N_INSTRUCTIONS)
            instructions[what](&w);
        else if (what == N_INSTRUCTIONS)
            hand_over(&w, licences[take(2)]);
        else
            set_orders(&w, w.orders == NULL ? orders : NULL);
    }
    free(w.engine);
    free(w.twin);
    return 0;
}
