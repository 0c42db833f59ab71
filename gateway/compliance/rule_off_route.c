/* OFF_ROUTE (Art. 30: a school vehicle carrying pupils keeps to its approved route).
 *
 * Decided by accumulated evidence, never by one fix. Beyond the corridor's edge each fix adds
 *     weight * clamp((excess - margin) / sigma, -2, 2) * seconds
 * to a score (a one-sided CUSUM, E. S. Page, Biometrika 41, 1954). What tells a departure from a bad position
 * is movement: a receiver's speed and course come from Doppler shifts and hold where multipath throws the
 * position to the side. `outward_m` integrates the movement away from the route since the edge. While it
 * accounts for the excess and goes on, or the excess is large, a fix has full weight; beside the route, on a
 * parallel course, a small one; standing still, none. docs/rules.md has the table of constants. */
#include "gateway/compliance/rule.h"

#include <math.h>
#include <string.h>

static const double SIGMA_DEFAULT_M = 6, SIGMA_MIN_M = 3, SIGMA_MAX_M = 20;
static const double SAID_SIGMAS = 2.45;    /* gpsd's eph is meant to hold 95 % of a circular normal error */
static const double MODEL_SIGMA_M = 4;     /* of the drawn line itself */
static const double SUPPORTED_SHARE = 0.5; /* of the excess that movement must account for */
static const double LEAVING_MPS = 1;       /* movement away from the route, faster than drift */
static const double FAR_M = 50;            /* beyond this excess a parallel course is no excuse */
static const double LEAVING_MARGIN = 0.5;  /* of the margin, while movement accounts for the excess */
static const double BESIDE_WEIGHT = 0.15;  /* beside the route, or carried there */
static const double DERIVED_WEIGHT = 0.6;  /* speed from positions: not independent of them */
static const double RATE_MAX = 2;          /* most that a second may add */
static const double STEP_MAX_S = 3;        /* a longer gap between fixes is no more evidence than this */
static const double INSIDE_DECAY = 2;      /* score a second */
static const double STANDING_MPS = 1;
static const double TRAVELLED_MIN_M = 15;  /* beyond the edge */
static const double APPROACH_M = 100;      /* nearer by this: on its way to the route */
static const double NEVER_ENTERED_M = 500; /* driven without getting nearer */
static const double NEVER_ENTERED_S = 60;
static const double GAP_S = 600; /* without a fix: a new start */
enum { FIXES_OUTSIDE_MIN = 3, SPARSE_FIXES_OUTSIDE_MIN = 2 };
static const double SPARSE_S = 5; /* one fix in this time or longer is a sparse receiver */

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static double sigma_m(const struct inputs *in)
{
    const double said = in->fix.position.accuracy_m;
    const double receiver =
        isfinite(said) ? clamp(said / SAID_SIGMAS, SIGMA_MIN_M, SIGMA_MAX_M) : SIGMA_DEFAULT_M;
    return sqrt(receiver * receiver + MODEL_SIGMA_M * MODEL_SIGMA_M);
}

/* Metres moved away from the route in this step, as the vehicle moves, not as its position does. */
static double outward_step_m(const struct inputs *in, double seconds)
{
    return (in->motion.east_mps * in->hit.away_east + in->motion.north_mps * in->hit.away_north) * seconds;
}

/* After a long silence the vehicle may have been anywhere; an alert that is open stays so. */
static void start_over(struct rule_off_route *rule)
{
    if (rule->life.state == LIFECYCLE_CLEAR)
        *rule = (struct rule_off_route){.nearest_m = INFINITY};
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

/* Adds one fix beyond the edge to the score. True when it speaks for a departure. */
static bool add_evidence(struct rule_off_route *rule, const struct inputs *in, double excess_m, double sigma,
                         double seconds)
{
    if (in->fix.speed_mps < STANDING_MPS)
        return false; /* drift of a standing vehicle is no movement */
    const double outward_m = outward_step_m(in, seconds);
    rule->outward_m += outward_m;
    rule->travelled_m += in->fix.speed_mps * seconds;
    rule->fixes_outside += seconds > 0; /* gpsd may report one instant twice */
    const bool supported = rule->outward_m >= SUPPORTED_SHARE * excess_m;
    const bool leaving = supported && (outward_m > LEAVING_MPS * seconds || excess_m >= FAR_M);
    const double margin = in->thresholds->off_route_margin_m * (leaving ? LEAVING_MARGIN : 1);
    const double weight = !leaving ? BESIDE_WEIGHT : in->speed_derived ? DERIVED_WEIGHT : 1;
    const double sure_m = excess_m - motion_stray_m(&in->motion);
    const double rate = clamp((sure_m - margin) / sigma, -RATE_MAX, RATE_MAX) * weight;
    rule->score = rule->score + rate * seconds > 0 ? rule->score + rate * seconds : 0;
    return rate > 0;
}

static bool departed(const struct rule_off_route *rule, const struct inputs *in)
{
    const unsigned fixes_min = in->step_s >= SPARSE_S ? SPARSE_FIXES_OUTSIDE_MIN : FIXES_OUTSIDE_MIN;
    return rule->entered && rule->fixes_outside >= fixes_min && rule->travelled_m >= TRAVELLED_MIN_M &&
           rule->score * 1000 >= in->thresholds->off_route_evidence_milli;
}

/* A start away from the route is normal on the way to it, and empty it may go anywhere. Driving on without
 * getting nearer is not. */
static bool never_entered(struct rule_off_route *rule, const struct inputs *in)
{
    if (rule->entered || rule->life.state != LIFECYCLE_CLEAR)
        return false;
    if (rule->nearest_m - in->hit.distance_m >= APPROACH_M || /* infinity before the first */
        rule_known_empty(&in->cabin.occupancy)) {
        rule->nearest_m = in->hit.distance_m;
        rule->travelled_m = 0;
        rule->outside_s = 0;
    }
    return rule->travelled_m >= NEVER_ENTERED_M && rule->outside_s >= NEVER_ENTERED_S;
}

static enum bw_tri judge_outside(struct rule_off_route *rule, const struct inputs *in, double excess_m,
                                 double sigma, double seconds)
{
    if (rule->outside || !rule->entered)
        rule->outside_s += isfinite(in->step_s) ? in->step_s : 0;
    else
        go_outside(rule, in, excess_m);
    const bool leaving = add_evidence(rule, in, excess_m, sigma, seconds);
    rule->peak_m = fmax(rule->peak_m, in->hit.distance_m);
    return (leaving && departed(rule, in)) || never_entered(rule, in) ? BW_YES : BW_UNKNOWN;
}

static enum bw_tri judge(struct rule_off_route *rule, const struct inputs *in)
{
    const double sigma = sigma_m(in), excess_m = in->hit.distance_m - in->route->half_width_m;
    const double seconds = isfinite(in->step_s) ? clamp(in->step_s, 0, STEP_MAX_S) : 0;
    enum bw_tri violated = BW_UNKNOWN;
    if (excess_m > 0) {
        violated = judge_outside(rule, in, excess_m, sigma, seconds);
    } else {
        go_inside(rule, seconds);
        violated = BW_NO;
    }
    rule->last_distance_m = in->hit.distance_m;
    return violated;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_off_route *rule = &rules->off_route;
    if (in->route == NULL || !in->new_fix)
        return LIFECYCLE_NONE; /* without a position nothing is known, and nothing changes */
    if (!isfinite(in->step_s) || in->step_s > GAP_S)
        start_over(rule);
    const enum bw_tri violated = judge(rule, in);
    return lifecycle_step(&rule->life, violated, in->mono_ms,
                          (struct lifecycle_times){.clear_ms = in->thresholds->off_route_clear_ms,
                                                   .hold_off_ms = in->thresholds->raise_hold_off_ms});
}

/* A notice stays one while nobody is aboard for certain: sensors that fall silent accuse nobody. */
static enum bw_severity severity(const struct bw_occupancy *aboard, enum bw_severity before)
{
    const bool empty = rule_known_empty(aboard) || (before == BW_NOTICE && aboard->low == 0);
    return empty ? BW_NOTICE : BW_MINOR;
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
    evidence->outside_ms = (uint32_t)fmin(rule->outside_s * 1000, UINT32_MAX); /* of 49 days */
    evidence->entered = rule->entered;
    evidence->left_utc_ms = rule->left_utc_ms;
    const enum bw_severity now = severity(&in->cabin.occupancy, alert->severity);
    if (now > alert->severity)
        alert->severity = now;
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
    rules->off_route = (struct rule_off_route){.life.state = LIFECYCLE_ACTIVE,
                                               .entered = evidence->entered,
                                               .outside = true,
                                               .outside_s = evidence->outside_ms / 1000.0,
                                               .left_utc_ms = evidence->left_utc_ms,
                                               .peak_m = (double)evidence->peak_distance_m,
                                               .nearest_m = INFINITY};
}

const struct rule rule_off_route = {BW_OFF_ROUTE, step, describe, grown, resume};
