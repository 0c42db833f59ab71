/* OVERSPEED (Art. 35: with pupils aboard 80 km/h on a motorway, 60 elsewhere, 20 where the road or the
 * weather is bad; 刑法 133-1).
 *
 * By the receiver's Doppler speed alone. A fix over the limit counts when nothing speaks against it:
 * positions moved as far, and the wheels, when they are known, turned as fast. Where the limit is in doubt
 * the highest that it may be counts. What three fixes in a row show is believed: multipath throws one or two.
 */
#include "gateway/compliance/rule.h"

#include <math.h>
#include <string.h>

#include "gateway/compliance/order.h"

static const double KMH = 3.6;
static const double LAW_KMH = 60, LAW_MOTORWAY_KMH = 80;
static const double BOUNDARY_M = 30;      /* so near another limit it counts when it is higher */
static const double SHORTFALL_MAX_M = 10; /* of positions: more contradicts the speed */
enum {
    FIXES_MIN = 3,
    CLEAR_MS = 5000,
    BRAKING_MS = 15000, /* from 60 to 20 km/h with pupils aboard, when an order begins */
};

/* 刑法 133-1: half over on a motorway, twice elsewhere, and not below these. */
static const float CRIMINAL_MOTORWAY_KMH = 90, CRIMINAL_KMH = 60;
static const float GROWN_KMH = 5;

struct limit {
    double kmh;
    enum bw_limit_source source;
    bool motorway;
    const struct bw_order *order;
};

static struct limit licensed(bool motorway, double own_kmh, enum bw_limit_source source)
{
    const double law_kmh = motorway ? LAW_MOTORWAY_KMH : LAW_KMH;
    const bool lower = own_kmh > 0 && own_kmh < law_kmh;
    return (struct limit){
        .kmh = lower ? own_kmh : law_kmh, .source = lower ? source : BW_LIMIT_LAW, .motorway = motorway};
}

static struct limit on_stretch(const struct bw_route *route, const struct bw_limit *stretch)
{
    if (stretch->limit_kmh > 0)
        return licensed(stretch->motorway, stretch->limit_kmh, BW_LIMIT_STRETCH);
    return licensed(stretch->motorway, route->speed_limit_kmh, BW_LIMIT_ROUTE);
}

static struct limit higher(struct limit a, struct limit b)
{
    return b.kmh > a.kmh ? b : a;
}

/* The first stretch that ends beyond from_m. */
static size_t first_stretch(const struct bw_route *route, double from_m)
{
    size_t low = 0, high = route->n_limits;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (route->limits[middle].to_m > from_m)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The highest limit between two places of a route. */
static struct limit between(const struct bw_route *route, double from_m, double to_m)
{
    const struct limit open_road = licensed(false, route->speed_limit_kmh, BW_LIMIT_ROUTE);
    struct limit highest = {0};
    double covered_m = from_m;
    for (size_t i = first_stretch(route, from_m); i < route->n_limits; i++) {
        const struct bw_limit *stretch = &route->limits[i];
        if (stretch->from_m >= to_m)
            break;
        if (stretch->from_m > covered_m)
            highest = higher(highest, open_road);
        highest = higher(highest, on_stretch(route, stretch));
        covered_m = stretch->to_m;
    }
    return covered_m < to_m ? higher(highest, open_road) : highest;
}

/* A time decides here, so only the receiver's own will do. */
static struct limit in_weather(struct limit limit, const struct inputs *in, const char *route_id)
{
    const struct bw_point at = {in->fix.position.lat_deg, in->fix.position.lon_deg};
    const struct bw_order *order =
        in->clock == BW_CLOCK_GNSS ? order_in_force(in->orders, BW_ORDER_WEATHER, in->utc_ms, &at, route_id)
                                   : NULL;
    if (order == NULL || order_limit_kmh(order) >= limit.kmh)
        return limit;
    return (struct limit){order_limit_kmh(order), BW_LIMIT_WEATHER, limit.motorway, order};
}

/* Nobody says which of the routes here is driven: the highest of their limits counts. Away from all of them
 * nobody knows the kind of road, and only a motorway's limit is certain. */
static struct limit limit_here(const struct inputs *in, bool weather)
{
    const double reach_m = BOUNDARY_M + rule_accuracy_m(in);
    const size_t n_routes = in->route != NULL ? in->licence->n_routes : 0;
    struct limit highest = {0};
    for (size_t i = 0; i < n_routes; i++) {
        const struct bw_route *route = &in->licence->routes[i];
        const struct corridor_hit *hit = &in->hits[i];
        if (hit->distance_m > route->half_width_m)
            continue;
        const struct limit own = between(route, hit->progress_m - reach_m, hit->progress_m + reach_m);
        highest = higher(highest, weather ? in_weather(own, in, route->route_id) : own);
    }
    if (highest.kmh > 0)
        return highest;
    const struct limit unknown = licensed(true, 0, BW_LIMIT_LAW);
    return weather ? in_weather(unknown, in, NULL) : unknown;
}

/* Not above it no route needs to be looked at. */
static double lowest_limit_kmh(const struct bw_licence *licence)
{
    double lowest_kmh = LAW_KMH;
    for (size_t i = 0; licence != NULL && i < licence->n_routes; i++) {
        const struct bw_route *route = &licence->routes[i];
        lowest_kmh = fmin(lowest_kmh, licensed(false, route->speed_limit_kmh, BW_LIMIT_ROUTE).kmh);
        for (size_t k = 0; k < route->n_limits; k++)
            lowest_kmh = fmin(lowest_kmh, on_stretch(route, &route->limits[k]).kmh);
    }
    return lowest_kmh;
}

/* An order counts when there was time to slow down for it. */
static struct limit limit_in_force(struct rule_overspeed *rule, const struct inputs *in)
{
    const struct limit limit = limit_here(in, true);
    const bool weather = limit.source == BW_LIMIT_WEATHER;
    if (weather && !rule->weather)
        rule->weather_mono_ms = in->mono_ms;
    rule->weather = weather;
    if (weather && in->mono_ms - rule->weather_mono_ms < BRAKING_MS)
        return limit_here(in, false);
    return limit;
}

/* Between two fixes over the limit the positions moved as far as the limit, nearly. */
static bool moved(struct rule_overspeed *rule, const struct inputs *in, double limit_kmh)
{
    if (rule->fixes == 0)
        return true;
    rule->shortfall_m = fmax(0, rule->shortfall_m + limit_kmh / KMH * in->step_s - in->step_m);
    return rule->shortfall_m <= SHORTFALL_MAX_M;
}

/* The fix is over the limit, and nothing speaks against it. */
static bool counts(struct rule_overspeed *rule, const struct inputs *in, double limit_kmh)
{
    if (in->speed_derived || in->fix.speed_mps * KMH <= limit_kmh + in->thresholds->overspeed_tolerance_kmh)
        return false;
    if (in->cabin.wheel_known && in->cabin.wheel_mps * KMH <= limit_kmh)
        return false;
    return moved(rule, in, limit_kmh);
}

/* 以上 includes the number itself. */
static enum bw_severity band(const struct bw_evidence_overspeed *fix)
{
    const float over_kmh = fix->speed_kmh - fix->limit_kmh;
    if (over_kmh <= 0)
        return BW_SEVERITY_NONE;
    if (fix->motorway ? 2 * over_kmh >= fix->limit_kmh && fix->speed_kmh >= CRIMINAL_MOTORWAY_KMH
                      : over_kmh >= fix->limit_kmh && fix->speed_kmh >= CRIMINAL_KMH)
        return BW_CRIMINAL;
    return 5 * over_kmh >= fix->limit_kmh ? BW_SERIOUS : BW_MINOR;
}

/* By band, then by the share over the limit: 40 km/h in a bend of 20 is worse than 70 on a road of 60. */
static bool graver(const struct bw_evidence_overspeed *a, const struct bw_evidence_overspeed *b)
{
    const enum bw_severity band_a = band(a), band_b = band(b);
    return band_a != band_b ? band_a > band_b : a->speed_kmh * b->limit_kmh > b->speed_kmh * a->limit_kmh;
}

static void note(struct rule_overspeed *rule, const struct inputs *in, const struct limit *limit)
{
    struct bw_evidence_overspeed now = {.speed_kmh = rule->speed_kmh,
                                        .limit_kmh = (float)limit->kmh,
                                        .source = limit->source,
                                        .motorway = limit->motorway};
    if (limit->order != NULL)
        memcpy(now.order_id, limit->order->order_id, sizeof now.order_id);
    if (rule->life.state == LIFECYCLE_CLEAR) {
        rule->peak = (struct bw_evidence_overspeed){0};
        rule->over_ms = 0;
        rule->aboard = false;
    }
    if (rule->fixes > 0)
        rule->over_ms += in->step_s * 1000;
    rule->aboard = rule->aboard || in->cabin.occupancy.low > 0;
    rule->fixes++;
    const struct bw_evidence_overspeed *least = &now;
    for (size_t i = 0; i < 2; i++)
        if (graver(least, &rule->before[i]))
            least = &rule->before[i];
    if (rule->fixes >= FIXES_MIN && graver(least, &rule->peak))
        rule->peak = *least;
    rule->before[1] = rule->before[0];
    rule->before[0] = now;
}

static enum bw_tri judge(struct rule_overspeed *rule, const struct inputs *in)
{
    rule->speed_kmh = (float)(in->fix.speed_mps * KMH);
    if (rule->lowest_kmh == 0)
        rule->lowest_kmh = lowest_limit_kmh(in->licence);
    if (rule_known_empty(&in->cabin.occupancy) ||
        (in->orders == NULL && in->fix.speed_mps * KMH <= rule->lowest_kmh))
        return BW_NO;
    const struct limit limit = limit_in_force(rule, in);
    if (in->fix.speed_mps * KMH <= limit.kmh)
        return BW_NO;
    if (!counts(rule, in, limit.kmh))
        return BW_UNKNOWN;
    note(rule, in, &limit);
    return BW_YES;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_overspeed *rule = &rules->overspeed;
    if (!in->new_fix || in->step_s <= 0) /* gpsd may report one instant twice */
        return LIFECYCLE_NONE;
    const enum bw_tri now = judge(rule, in);
    if (now != BW_YES) {
        rule->fixes = 0;
        rule->shortfall_m = 0;
    }
    if (lifecycle_idle(&rule->life, now))
        return LIFECYCLE_NONE;
    const uint32_t hold_ms = in->thresholds->overspeed_hold_ms;
    return lifecycle_step(&rule->life, now, in->mono_ms,
                          (struct lifecycle_times){.hold_ms = rule->fixes < FIXES_MIN ? UINT32_MAX : hold_ms,
                                                   .clear_ms = CLEAR_MS,
                                                   .hold_off_ms = in->thresholds->raise_hold_off_ms});
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    const struct rule_overspeed *rule = &rules->overspeed;
    (void)in;
    alert->evidence.overspeed = rule->peak;
    alert->evidence.overspeed.peak_kmh = rule->peak.speed_kmh;
    alert->evidence.overspeed.speed_kmh = rule->speed_kmh;
    alert->evidence.overspeed.over_ms = (uint32_t)fmin(rule->over_ms, UINT32_MAX); /* of 49 days */
    const enum bw_severity now = rule->aboard ? band(&rule->peak) : BW_NOTICE;
    if (now > alert->severity)
        alert->severity = now;
}

static float excess_kmh(const struct bw_alert *alert)
{
    return alert->evidence.overspeed.peak_kmh - alert->evidence.overspeed.limit_kmh;
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    return now->severity > reported->severity || excess_kmh(now) >= excess_kmh(reported) + GROWN_KMH;
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    const struct bw_evidence_overspeed *evidence = &open->evidence.overspeed;
    struct rule_overspeed *rule = &rules->overspeed;
    *rule = (struct rule_overspeed){.life.state = LIFECYCLE_ACTIVE,
                                    .aboard = open->severity > BW_NOTICE,
                                    .weather = evidence->source == BW_LIMIT_WEATHER,
                                    .weather_mono_ms = -BRAKING_MS, /* there was time before */
                                    .over_ms = evidence->over_ms,
                                    .speed_kmh = evidence->speed_kmh,
                                    .peak = *evidence};
    rule->peak.speed_kmh = evidence->peak_kmh;
}

const struct rule rule_overspeed = {BW_OVERSPEED, step, describe, grown, resume};
