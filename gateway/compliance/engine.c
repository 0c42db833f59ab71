#include "gateway/compliance/engine.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "gateway/compliance/rule.h"

/* In the order of kinds. */
static const struct rule *const table[] = {
    &rule_overload,    &rule_off_route,    &rule_out_of_hours, &rule_unapproved_stop,
    &rule_unlicensed,  &rule_overspeed,    &rule_unbelted,     &rule_door_open,
    &rule_left_behind, &rule_sensor_fault, &rule_tamper,
};
enum { RULES = sizeof table / sizeof table[0] };

/* An alert object of one rule: open while `alert.phase` is not CLEARED or NONE. */
struct slot {
    struct bw_alert alert; /* as last reported */
    int64_t reported_mono_ms;
};

/* Its corridors lie behind it in memory, each of them aligned as malloc aligns. */
struct engine {
    _Alignas(max_align_t) struct rules rules;
    struct slot slots[RULES];
    struct bw_thresholds thresholds;
    struct inputs in;
    bool started; /* an event came */
    int64_t cabin_mono_ms;
    uint64_t next_number;
    size_t n_routes;
    struct corridor *corridors[BW_ROUTES_MAX];
    struct corridor_hit hits[BW_ROUTES_MAX];
};

/* docs/rules.md */
static const struct bw_thresholds defaults = {
    .overload_hold_ms = 3000,
    .overload_clear_ms = 5000,
    .off_route_margin_m = 15,
    .off_route_evidence_milli = 3000,
    .off_route_clear_ms = 5000,
    .unlicensed_hold_ms = 10000,
    .update_interval_ms = 10000,
    .raise_hold_off_ms = 30000,
    .out_of_hours_grace_min = 10,
    .out_of_hours_hold_ms = 30000,
    .unapproved_stop_margin_m = 20,
    .unapproved_stop_door_ms = 20000,
    .overspeed_tolerance_kmh = 3,
    .overspeed_hold_ms = 5000,
    .unbelted_hold_ms = 15000,
    .door_open_hold_ms = 2000,
    .left_behind_hold_ms = 5000,
    .left_behind_escalate_ms = 60000,
    .sensor_fault_hold_ms = 30000,
    .no_fix_hold_ms = 300000,
    .tamper_hold_ms = 5000,
};

struct bw_thresholds engine_thresholds(const struct bw_licence *licence)
{
    enum { N = sizeof(struct bw_thresholds) / sizeof(uint32_t) }; /* nothing else is in it */
    uint32_t set[N], otherwise[N];
    struct bw_thresholds thresholds = {0};
    if (licence != NULL)
        thresholds = licence->thresholds;
    memcpy(set, &thresholds, sizeof set);
    memcpy(otherwise, &defaults, sizeof otherwise);
    for (size_t i = 0; i < N; i++)
        if (set[i] == 0)
            set[i] = otherwise[i];
    memcpy(&thresholds, set, sizeof set);
    return thresholds;
}

size_t engine_size(const struct bw_licence *licence)
{
    size_t size = sizeof(struct engine);
    for (size_t i = 0; licence != NULL && i < licence->n_routes; i++)
        size += corridor_size(&licence->routes[i]);
    return size;
}

struct engine *engine_init(void *memory, const struct bw_licence *licence, uint64_t next_number)
{
    struct engine *engine = memory;
    memset(engine, 0, sizeof *engine);
    engine->thresholds = engine_thresholds(licence);
    engine->next_number = next_number;
    engine->in.licence = licence;
    engine->in.thresholds = &engine->thresholds;
    engine->in.hits = engine->hits;
    unsigned char *at = (unsigned char *)memory + sizeof *engine;
    for (size_t i = 0; licence != NULL && i < licence->n_routes; i++) {
        engine->corridors[engine->n_routes++] = corridor_init(at, &licence->routes[i]);
        at += corridor_size(&licence->routes[i]);
    }
    return engine;
}

void engine_set_orders(struct engine *engine, const struct bw_orders *orders)
{
    engine->in.orders = orders;
}

static bool is_open(const struct bw_alert *alert)
{
    return alert->phase == BW_RAISED || alert->phase == BW_UPDATED;
}

void engine_resume(struct engine *engine, const struct bw_alert *open)
{
    for (size_t i = 0; i < RULES; i++) {
        if (table[i]->kind != open->kind || !is_open(open))
            continue;
        engine->slots[i].alert = *open;
        table[i]->resume(&engine->rules, open);
    }
}

void engine_continue(struct engine *engine, const struct engine *before)
{
    rule_left_behind_continue(&engine->rules, &before->rules);
}

size_t engine_open(const struct engine *engine, struct bw_alert *ret_alerts)
{
    size_t n = 0;
    for (size_t i = 0; i < RULES; i++)
        if (is_open(&engine->slots[i].alert))
            ret_alerts[n++] = engine->slots[i].alert;
    return n;
}

uint64_t engine_next_number(const struct engine *engine)
{
    return engine->next_number;
}

struct engine_view engine_view(const struct engine *engine)
{
    const struct rule_off_route *rule = &engine->rules.off_route;
    return (struct engine_view){
        .outside = engine->in.route != NULL && (rule->outside || !rule->entered),
        .distance_m = engine->in.hit.distance_m,
        .stray_m = motion_stray_m(&engine->in.motion),
        .score = rule->score,
        .raise_at = engine->thresholds.off_route_evidence_milli / 1000.0,
    };
}

/* --- what the rules see --- */

/* Movement since the fix before, and a speed from it when the receiver gives none. */
static void note_movement(struct inputs *in, const struct bw_fix *before, double step_s)
{
    const struct corridor_place *here = &in->place;
    const struct motion_step step = {
        .seconds = step_s,
        .east_m = corridor_lon_difference(in->fix.position.lon_deg, before->position.lon_deg) * here->lon_m,
        .north_m = (in->fix.position.lat_deg - before->position.lat_deg) * here->lat_m,
        .speed_mps = in->fix.speed_mps,
        .course_deg = in->fix.course_deg,
    };
    in->step_s = step_s;
    in->step_m = isfinite(step_s) ? sqrt(step.east_m * step.east_m + step.north_m * step.north_m) : NAN;
    in->speed_given = isfinite(in->fix.speed_mps);
    in->speed_derived = !motion_given(&step);
    motion_update(&in->motion, &step);
    if (!in->speed_given)
        in->fix.speed_mps =
            sqrt(in->motion.east_mps * in->motion.east_mps + in->motion.north_mps * in->motion.north_mps);
}

/* The licensed route whose corridor is nearest, counted from its edge. */
static void find_route(struct engine *engine)
{
    struct inputs *in = &engine->in;
    double best_m = INFINITY;
    for (size_t i = 0; i < engine->n_routes; i++) {
        struct corridor_hit *hit = &engine->hits[i];
        corridor_nearest(engine->corridors[i], &in->place, hit);
        const double excess_m = hit->distance_m - in->licence->routes[i].half_width_m;
        if (excess_m >= best_m)
            continue;
        best_m = excess_m;
        in->route = &in->licence->routes[i];
        in->hit = *hit;
    }
}

/* Nearer to the line of a licensed route than this, the position is most likely right. */
static const double CONFIRMED_M = 15;

static void take_fix(struct engine *engine, const struct bw_fix *fix)
{
    struct inputs *in = &engine->in;
    const struct bw_fix before = in->fix;
    in->fix = *fix;
    in->place = corridor_place(fix->position.lat_deg, fix->position.lon_deg);
    in->new_fix = true;
    in->has_fix = true;
    note_movement(in, &before, in->seen_fix ? (double)(in->mono_ms - in->fix_mono_ms) / 1000 : (double)NAN);
    in->seen_fix = true;
    in->fix_mono_ms = in->mono_ms;
    find_route(engine);
    if (in->step_s > 0 && in->route != NULL && in->hit.distance_m < CONFIRMED_M)
        motion_confirm(&in->motion, in->step_s);
}

static void take_event(struct engine *engine, const struct bw_event *event)
{
    struct inputs *in = &engine->in;
    const int64_t before_mono_ms = in->mono_ms;
    if (event->mono_ms > in->mono_ms)
        in->mono_ms = event->mono_ms;
    in->passed_ms = engine->started ? in->mono_ms - before_mono_ms : 0;
    engine->started = true;
    in->utc_ms = event->utc_ms;
    in->clock = event->clock;
    in->new_fix = false;
    if (in->mono_ms - in->fix_mono_ms > FIX_FRESH_MS)
        in->has_fix = false;
    if (in->mono_ms - engine->cabin_mono_ms > CABIN_FRESH_MS)
        in->cabin = (struct bw_cabin){0};
    if (event->type == BW_EVENT_FIX) {
        take_fix(engine, &event->u.fix);
    } else if (event->type == BW_EVENT_NO_FIX) {
        in->has_fix = false;
    } else if (event->type == BW_EVENT_CABIN) {
        in->cabin = event->u.cabin;
        in->cabin_heard = true;
        engine->cabin_mono_ms = in->mono_ms;
    }
}

/* --- what comes out --- */

static void report(struct engine *engine, struct slot *slot, enum bw_phase phase, struct bw_alert *alert,
                   struct bw_alert *ret)
{
    const struct inputs *in = &engine->in;
    alert->phase = phase;
    alert->time_utc_ms = in->utc_ms;
    alert->occupancy = in->cabin.occupancy;
    alert->has_position = in->has_fix;
    alert->position = in->has_fix ? in->fix.position : (struct bw_position){0};
    alert->licence_version = in->licence != NULL ? in->licence->version : 0;
    slot->alert = *alert;
    slot->reported_mono_ms = in->mono_ms;
    *ret = *alert;
}

/* What is worth an UPDATED phase. A graver severity waits for nothing: there are only four. */
static bool is_news(const struct engine *engine, const struct rule *rule, const struct slot *slot,
                    const struct bw_alert *now)
{
    const int64_t since_ms = engine->in.mono_ms - slot->reported_mono_ms;
    return now->severity > slot->alert.severity ||
           (since_ms >= (int64_t)engine->thresholds.update_interval_ms && rule->grown(&slot->alert, now));
}

/* A phase of an alert, or none when there is no news of it; true when it was written to *ret. Apart from the
 * step: hardly any step comes here, and an alert is large. */
static bool report_rule(struct engine *engine, size_t i, enum lifecycle_action action, struct bw_alert *ret)
{
    static const enum bw_phase phases[] = {
        [LIFECYCLE_NONE] = BW_UPDATED, [LIFECYCLE_RAISE] = BW_RAISED, [LIFECYCLE_END] = BW_CLEARED};
    const struct rule *rule = table[i];
    struct slot *slot = &engine->slots[i];
    struct bw_alert alert = slot->alert;
    if (action == LIFECYCLE_RAISE)
        alert = (struct bw_alert){
            .kind = rule->kind, .number = engine->next_number++, .raised_utc_ms = engine->in.utc_ms};
    rule->describe(&engine->rules, &engine->in, &alert);
    if (action == LIFECYCLE_NONE && !is_news(engine, rule, slot, &alert))
        return false;
    report(engine, slot, phases[action], &alert, ret);
    return true;
}

/* Steps one rule; true when it wrote a phase to *ret. */
static bool step_rule(struct engine *engine, size_t i, struct bw_alert *ret)
{
    const enum lifecycle_action action = table[i]->step(&engine->rules, &engine->in);
    if (action == LIFECYCLE_NONE && !is_open(&engine->slots[i].alert))
        return false;
    return report_rule(engine, i, action, ret);
}

int engine_route(const struct engine *engine)
{
    const struct inputs *in = &engine->in;
    if (!in->has_fix || in->route == NULL || in->hit.distance_m > in->route->half_width_m)
        return -1;
    return (int)(in->route - in->licence->routes);
}

/* A window without length is all day; that of a permit for the night is looked for on the day it begins. */
static bool covers(const struct bw_permit *permit, const struct local_time *now)
{
    if (!rule_permit_in_force(permit, now->day) || !rule_permit_weekday(permit, now->day))
        return false;
    if (permit->window_start_min == permit->window_end_min)
        return true;
    return now->minute >= permit->window_start_min &&
           (now->minute <= permit->window_end_min || rule_permit_overnight(permit));
}

const struct bw_permit *engine_permit(const struct engine *engine)
{
    const struct bw_licence *licence = engine->in.licence;
    const struct bw_permit *only = NULL;
    struct local_time now;
    if (!rule_local_time(&engine->in, &now)) /* also without a licence */
        return NULL;
    for (size_t i = 0; i < licence->n_permits; i++) {
        if (!covers(&licence->permits[i], &now))
            continue;
        if (only != NULL)
            return NULL;
        only = &licence->permits[i];
    }
    return only;
}

bool engine_warns(const struct engine *engine)
{
    return rule_overload_warns(&engine->rules, &engine->in);
}

size_t engine_step(struct engine *engine, const struct bw_event *event, struct bw_alert *ret_alerts)
{
    size_t n = 0;
    take_event(engine, event);
    for (size_t i = 0; i < RULES; i++)
        n += step_rule(engine, i, &ret_alerts[n]);
    return n;
}
