/* OFF_ROUTE (Art. 30: a school vehicle carrying pupils keeps to its approved route, except for traffic
 * control, road works, disaster, weather or a major accident).
 *
 * Decided by accumulated evidence, never by one fix. Beyond the corridor's edge each fix adds
 *     weight * clamp((sure excess - margin) / sigma, -2, 2) * seconds
 * to a score (a one-sided CUSUM, E. S. Page, Biometrika 41, 1954). What tells a departure from a bad position
 * is movement: a receiver's speed and course come from Doppler shifts and hold where multipath throws the
 * position to the side. What the position strayed by itself is taken off the excess (motion.h). `outward_m`
 * integrates the movement away from the route since the edge; while it accounts for the excess and goes on, a
 * fix has full weight; on a parallel course the more, the farther off it is; standing, little. docs/rules.md
 * has the table of constants. */
#include <math.h>
#include <string.h>

#include "gateway/compliance/order.h"
#include "gateway/compliance/rule.h"

/* Sigma of a position. */
static const double SIGMA_DEFAULT_M = 6, SIGMA_MIN_M = 3, SIGMA_MAX_M = 20;
static const double SAID_SIGMAS = 2.45;      /* gpsd's eph is meant to hold 95 % of a circular normal error */
static const double MODEL_SIGMA_M = 4;       /* of the drawn line itself */
static const double SCATTER_SIGMAS = 1.2533; /* a normal error's sigma in mean absolute deviations */
static const double PRIOR_S = 60; /* the default, or what is said, weighs as much as this on the route */
static const double SCATTER_FADE_S = 300, ASIDE_FADE_S = 60;
static const double DISTRUST = 2; /* said to be worse than this many times what it was found to be */
static const double LEARN_MPS = 3;

/* Of a receiver's fixes. */
static const double STEP_MAX_S = 5;     /* a longer gap between fixes is no more evidence than this, */
static const double OUTWARD_MAX_S = 15; /* nor more way than this */
static const double SPARSE_S = 5;       /* one fix in this time or longer is a sparse receiver */
static const double USUAL_SHARE = 0.125, USUAL_MAX_S = 20;
static const double OUTAGE_S = 4, OUTAGE_STEPS = 3; /* silent for longer than this and so many usual steps */
static const double SETTLE_S = 20;                  /* that positions need after an outage */
static const double GAP_S = 600;                    /* without a fix: a new start */

/* Evidence. */
static const double STRAY_FREE_M = 20, STRAY_FREE_STEPS = 5; /* strayed across the direction that counts */
static const double SUPPORTED_SHARE = 0.5; /* of the excess that movement must account for */
static const double LEAVING_MPS = 1;       /* movement away from the route, faster than drift */
static const double DERIVED_MARGIN = 1.8;  /* times the margin: leaving by positions alone may be multipath */
static const double BESIDE_WEIGHT = 0.15;  /* beside the route, or carried there */
static const double BESIDE_FROM_M = 12,
                    BESIDE_TO_M = 32; /* on a parallel course: from that weight to the full one */
static const double DERIVED_FROM_M = 24, DERIVED_TO_M = 50;
static const double FAR_M = 50, FAR_WEIGHT = 0.4; /* nobody saw it move there */
static const double STANDING_WEIGHT = 0.3, STANDING_MPS = 1;
static const double RATE_MAX = 2;         /* most that a second may add */
static const double SCORE_CAP = 1.5;      /* times what is raised at */
static const double INSIDE_DECAY = 2;     /* score a second */
static const double TRAVELLED_MIN_M = 15; /* beyond the edge */
enum { FIXES_OUTSIDE_MIN = 3, SPARSE_FIXES_OUTSIDE_MIN = 2 };

static const double APPROACH_M = 100;      /* nearer by this: on its way to the route */
static const double NEVER_ENTERED_M = 500; /* driven without getting nearer */
static const double NEVER_ENTERED_S = 60;
static const double COME_BACK_S =
    60; /* driven off the route after an exemption's end: time enough to return */

/* Both are numbers: fmin() is a call, for it must think of NaN. */
static double least(double a, double b)
{
    return a < b ? a : b;
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* --- what this receiver's positions are worth --- */

/* What the receiver says, unless it was found to scatter more, or far less. */
static double sigma_m(const struct rule_off_route *rule, const struct inputs *in)
{
    const double said_m = in->fix.position.accuracy_m / SAID_SIGMAS;
    const double found_m = (SIGMA_DEFAULT_M * PRIOR_S + SCATTER_SIGMAS * rule->scatter_m * rule->learnt_s) /
                           (PRIOR_S + rule->learnt_s);
    double receiver_m = found_m;
    if (isfinite(said_m))
        receiver_m = rule->learnt_s < PRIOR_S ? said_m : clamp(said_m, found_m, DISTRUST * found_m);
    receiver_m = clamp(receiver_m, SIGMA_MIN_M, SIGMA_MAX_M);
    return sqrt(receiver_m * receiver_m + MODEL_SIGMA_M * MODEL_SIGMA_M);
}

/* Driving on the route: how far the position wanders about its own mean offset from the line. */
static void learn(struct rule_off_route *rule, const struct inputs *in, double seconds)
{
    if (!(in->fix.speed_mps >= LEARN_MPS) || seconds <= 0)
        return;
    const struct corridor_hit *hit = &in->hit;
    const double right = hit->away_east * hit->along_north - hit->away_north * hit->along_east;
    const double aside_m = right > 0 ? hit->distance_m : -hit->distance_m;
    const double aside_s = seconds + least(rule->learnt_s, ASIDE_FADE_S),
                 scatter_s = seconds + rule->learnt_s;
    const double share = seconds / (aside_s * scatter_s); /* one division for two means */
    rule->aside_m += (aside_m - rule->aside_m) * share * scatter_s;
    rule->scatter_m += (fabs(aside_m - rule->aside_m) - rule->scatter_m) * share * aside_s;
    rule->learnt_s = least(rule->learnt_s + seconds, SCATTER_FADE_S);
}

/* Time since the fix before, as far as it is known what happened in it: none for the first fix and after an
 * outage. */
static double known_step_s(struct rule_off_route *rule, double step_s)
{
    if (!(step_s > 0))
        return 0;
    const double usual_s = rule->usual_step_s > 0 ? rule->usual_step_s : least(step_s, USUAL_MAX_S);
    const bool outage = step_s > OUTAGE_S && step_s > OUTAGE_STEPS * usual_s;
    rule->usual_step_s = usual_s + (least(step_s, 2 * usual_s + 1) - usual_s) * USUAL_SHARE;
    rule->settled_s = outage ? 0 : rule->settled_s + step_s;
    if (outage)
        rule->outward_m = 0; /* nobody saw it move */
    return outage ? 0 : step_s;
}

/* --- evidence --- */

/* After a long silence the vehicle may have been anywhere; an alert that is open stays so. */
static void start_over(struct rule_off_route *rule)
{
    if (rule->life.state == LIFECYCLE_CLEAR)
        *rule = (struct rule_off_route){.life = rule->life,
                                        .nearest_m = INFINITY,
                                        .usual_step_s = rule->usual_step_s,
                                        .aside_m = rule->aside_m,
                                        .scatter_m = rule->scatter_m,
                                        .learnt_s = rule->learnt_s};
    rule->score = rule->outward_m = 0;
}

static void go_inside(struct rule_off_route *rule, double seconds)
{
    rule->entered = true;
    rule->outside = false;
    rule->outward_m = 0;
    rule->travelled_m = 0;
    rule->fixes_outside = 0;
    rule->score = rule->score > INSIDE_DECAY * seconds ? rule->score - INSIDE_DECAY * seconds : 0;
}

/* The moment of crossing, interpolated between the last fix inside and the first one outside. */
static void go_outside(struct rule_off_route *rule, const struct inputs *in, double excess_m)
{
    const double rise_m = in->hit.distance_m - rule->last_distance_m;
    const double back_s = rise_m >= excess_m ? fmin(in->step_s * excess_m / rise_m, STEP_MAX_S) : 0;
    rule->outside = true;
    if (rule->life.state != LIFECYCLE_CLEAR)
        return; /* out again before the alert was cleared: still the same departure */
    rule->outside_s = back_s;
    rule->left_utc_ms = in->utc_ms > 0 ? in->utc_ms - (int64_t)(back_s * 1000) : 0;
    rule->peak_m = 0;
}

/* Of the excess, what the position may have strayed by itself. A far stray counts in whatever direction it
 * went: the stretch of the route that is nearest to the position may be another one than the vehicle's. */
static double strayed_m(const struct inputs *in)
{
    const double free_m = STRAY_FREE_M * clamp(in->step_s, 1, STRAY_FREE_STEPS);
    return fmax(motion_stray_along_m(&in->motion, in->hit.away_east, in->hit.away_north),
                motion_stray_m(&in->motion) - free_m);
}

/* Movement away from the route, as the vehicle moves and not as its position does. */
static double outward_mps(const struct inputs *in)
{
    return in->motion.east_mps * in->hit.away_east + in->motion.north_mps * in->hit.away_north;
}

static double beside_weight(const struct rule_off_route *rule, const struct inputs *in, double sure_m,
                            bool supported)
{
    if (supported && in->speed_derived)
        return clamp((sure_m - DERIVED_FROM_M) / (DERIVED_TO_M - DERIVED_FROM_M), BESIDE_WEIGHT, 1);
    if (supported)
        return clamp((sure_m - BESIDE_FROM_M) / (BESIDE_TO_M - BESIDE_FROM_M), BESIDE_WEIGHT, 1);
    return sure_m >= FAR_M && rule->settled_s >= SETTLE_S ? FAR_WEIGHT : BESIDE_WEIGHT;
}

/* Adds one fix beyond the edge to the score. True when it speaks for a departure. */
static bool add_evidence(struct rule_off_route *rule, const struct inputs *in, double excess_m, double step_s)
{
    const double seconds = least(step_s, STEP_MAX_S), sure_m = excess_m - strayed_m(in);
    const double raise_at = in->thresholds->off_route_evidence_milli / 1000.0;
    const bool moves = in->fix.speed_mps >= STANDING_MPS;
    double margin_m = in->thresholds->off_route_margin_m, weight = 0;
    if (moves) {
        rule->outward_m += outward_mps(in) * least(step_s, OUTWARD_MAX_S);
        rule->travelled_m += in->fix.speed_mps * seconds;
        rule->fixes_outside += step_s > 0; /* gpsd may report one instant twice */
    }
    const bool supported = rule->outward_m >= SUPPORTED_SHARE * excess_m;
    if (moves && supported && outward_mps(in) > LEAVING_MPS) {
        weight = 1;
        margin_m *= in->speed_derived ? DERIVED_MARGIN : 1;
    } else if (moves) {
        weight = beside_weight(rule, in, sure_m, supported);
    } else if (supported && !in->speed_derived) {
        weight = STANDING_WEIGHT; /* it drove there; the drift of a standing vehicle is no movement */
    }
    const double rate = clamp((sure_m - margin_m) / sigma_m(rule, in), -RATE_MAX, RATE_MAX) * weight;
    rule->score = clamp(rule->score + rate * seconds, 0, SCORE_CAP * raise_at);
    return rate > 0;
}

static bool departed(const struct rule_off_route *rule, const struct inputs *in)
{
    const unsigned fixes_min = in->step_s >= SPARSE_S ? SPARSE_FIXES_OUTSIDE_MIN : FIXES_OUTSIDE_MIN;
    return rule->entered && rule->fixes_outside >= fixes_min && rule->travelled_m >= TRAVELLED_MIN_M &&
           rule->score * 1000 >= in->thresholds->off_route_evidence_milli;
}

/* A start away from the route is normal on the way to it and on its edge, and empty it may go anywhere.
 * Driving on without getting nearer is not. */
static bool never_entered(struct rule_off_route *rule, const struct inputs *in, double excess_m)
{
    if (rule->entered || rule->life.state != LIFECYCLE_CLEAR)
        return false;
    if (rule->nearest_m - in->hit.distance_m >= APPROACH_M || /* infinity before the first */
        excess_m <= in->thresholds->off_route_margin_m || rule_known_empty(&in->cabin.occupancy)) {
        rule->nearest_m = in->hit.distance_m;
        rule->travelled_m = 0;
        rule->outside_s = 0;
    }
    return rule->travelled_m >= NEVER_ENTERED_M && rule->outside_s >= NEVER_ENTERED_S;
}

/* --- Art. 30: exemptions --- */

/* The order that allows it to be here now. Where only the receiver's time is missing, one for this place is
 * enough not to accuse. */
static const struct bw_order *exemption(const struct inputs *in)
{
    const struct bw_point at = {in->fix.position.lat_deg, in->fix.position.lon_deg};
    const char *route_id = in->route->route_id;
    if (in->clock == BW_CLOCK_GNSS)
        return order_in_force(in->orders, BW_ORDER_EXEMPTION, in->utc_ms, &at, route_id);
    for (size_t i = 0; in->orders != NULL && i < in->orders->n_orders; i++) {
        struct bw_order *order = &in->orders->orders[i];
        const struct bw_orders alone = {.n_orders = 1, .orders = order};
        if (order_in_force(&alone, BW_ORDER_EXEMPTION, order->from_utc_ms, &at, route_id) != NULL)
            return order;
    }
    return NULL;
}

/* An exemption lasts until its end was followed by COME_BACK_S of driving that speaks for a departure. */
static void note_exemption(struct rule_off_route *rule, const struct inputs *in, bool speaks, double step_s)
{
    const struct bw_order *order = exemption(in);
    if (rule->life.state == LIFECYCLE_CLEAR)
        rule->exempted_by[0] = '\0'; /* by what was allowed before */
    if (order != NULL) {
        memcpy(rule->exempted_by, order->order_id, sizeof rule->exempted_by);
        rule->unexempted_s = 0;
        return;
    }
    rule->unexempted_s += speaks ? step_s : 0;
    if (rule->unexempted_s >= COME_BACK_S)
        rule->exempted_by[0] = '\0';
}

/* --- the rule --- */

static enum bw_tri judge_outside(struct rule_off_route *rule, const struct inputs *in, double excess_m,
                                 double step_s)
{
    if (rule->outside || !rule->entered)
        rule->outside_s += isfinite(in->step_s) ? in->step_s : 0;
    else
        go_outside(rule, in, excess_m);
    const bool speaks = add_evidence(rule, in, excess_m, step_s);
    rule->peak_m = fmax(rule->peak_m, in->hit.distance_m);
    const bool violated = (speaks && departed(rule, in)) || never_entered(rule, in, excess_m);
    if (violated || rule->life.state != LIFECYCLE_CLEAR)
        note_exemption(rule, in, speaks, step_s);
    return violated ? BW_YES : BW_UNKNOWN;
}

static enum bw_tri judge(struct rule_off_route *rule, const struct inputs *in)
{
    const double excess_m = in->hit.distance_m - in->route->half_width_m;
    const double step_s = known_step_s(rule, in->step_s);
    enum bw_tri violated = BW_NO;
    if (excess_m > 0) {
        violated = judge_outside(rule, in, excess_m, step_s);
    } else {
        const double seconds = least(step_s, STEP_MAX_S);
        go_inside(rule, seconds);
        learn(rule, in, seconds);
    }
    rule->last_distance_m = in->hit.distance_m;
    return violated;
}

/* No pupil aboard for certain, and no sign of one since: sensors that fall silent accuse nobody. On the way
 * to the route one alone may be the attendant (Art. 38). Who boards on the route is not carried off it. */
static void note_empty(struct rule_off_route *rule, const struct bw_occupancy *aboard)
{
    const unsigned attendants = rule->entered ? 0 : 1;
    if (rule->entered && !rule->outside)
        return;
    if (aboard->quality == BW_QUALITY_GOOD && aboard->high <= attendants)
        rule->empty = true;
    else if (aboard->low > attendants || rule->life.state == LIFECYCLE_CLEAR)
        rule->empty = false;
}

/* What leaves again before it could be raised again is the same departure: the alert stays open until then.
 */
static struct lifecycle_times times(const struct rule_off_route *rule, const struct inputs *in)
{
    const uint32_t hold_off_ms = in->thresholds->raise_hold_off_ms;
    const bool held_off = rule->life.raised && in->mono_ms - rule->life.raised_mono_ms < hold_off_ms;
    return (struct lifecycle_times){.clear_ms = held_off ? UINT32_MAX : in->thresholds->off_route_clear_ms,
                                    .hold_off_ms = hold_off_ms};
}

/* Switched off and empty: the trip is over, and wherever the next one begins, that is a new start. */
static enum lifecycle_action end_trip(struct rule_off_route *rule, const struct inputs *in)
{
    start_over(rule);
    return lifecycle_step(&rule->life, BW_NO, in->mono_ms,
                          (struct lifecycle_times){.hold_off_ms = in->thresholds->raise_hold_off_ms});
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_off_route *rule = &rules->off_route;
    if (rule->life.state != LIFECYCLE_CLEAR)
        note_empty(rule, &in->cabin.occupancy);
    if (in->cabin.ignition_on == BW_NO && rule_known_empty(&in->cabin.occupancy))
        return end_trip(rule, in);
    if (in->route == NULL || !in->new_fix)
        return LIFECYCLE_NONE; /* without a position nothing is known, and nothing changes */
    if (!isfinite(in->step_s) || in->step_s > GAP_S)
        start_over(rule);
    const enum bw_tri violated = judge(rule, in);
    if (lifecycle_idle(&rule->life, violated))
        return LIFECYCLE_NONE;
    if (rule->life.state == LIFECYCLE_CLEAR)
        note_empty(rule, &in->cabin.occupancy);
    return lifecycle_step(&rule->life, violated, in->mono_ms, times(rule, in));
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    const struct rule_off_route *rule = &rules->off_route;
    struct bw_evidence_off_route *evidence = &alert->evidence.off_route;
    if (in->route == NULL)
        return; /* taken up from before, and no fix yet: as it was */
    memcpy(evidence->route_id, in->route->route_id, sizeof evidence->route_id);
    evidence->half_width_m = (float)in->route->half_width_m;
    evidence->distance_m = (float)in->hit.distance_m;
    evidence->peak_distance_m = (float)rule->peak_m;
    /* Rounded: what was taken up again goes on from the same millisecond. At most 49 days. */
    evidence->outside_ms = (uint32_t)fmin(round(rule->outside_s * 1000), UINT32_MAX);
    evidence->entered = rule->entered;
    evidence->left_utc_ms = rule->left_utc_ms;
    const bool exempted = rule->exempted_by[0] != '\0';
    const enum bw_severity now = rule->empty || exempted ? BW_NOTICE : BW_MINOR;
    if (now > alert->severity)
        alert->severity = now;
    memset(evidence->exempted_by, 0, sizeof evidence->exempted_by);
    if (alert->severity == BW_NOTICE) /* what was an accusation once stays one */
        memcpy(evidence->exempted_by, rule->exempted_by, sizeof evidence->exempted_by);
}

/* Half as far again, and by more than a street's width. */
static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    const float before_m = reported->evidence.off_route.peak_distance_m;
    const float now_m = now->evidence.off_route.peak_distance_m;
    return now->severity > reported->severity || (now_m > 1.5F * before_m && now_m > before_m + 50);
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    const struct bw_evidence_off_route *evidence = &open->evidence.off_route;
    struct rule_off_route *rule = &rules->off_route;
    *rule = (struct rule_off_route){.life.state = LIFECYCLE_ACTIVE,
                                    .entered = evidence->entered,
                                    .outside = true,
                                    .outside_s = evidence->outside_ms / 1000.0,
                                    .left_utc_ms = evidence->left_utc_ms,
                                    .peak_m = (double)evidence->peak_distance_m,
                                    .nearest_m = INFINITY};
    memcpy(rule->exempted_by, evidence->exempted_by, sizeof rule->exempted_by);
    rule->empty = open->severity == BW_NOTICE && evidence->exempted_by[0] == '\0';
}

const struct rule rule_off_route = {BW_OFF_ROUTE, step, describe, grown, resume};
