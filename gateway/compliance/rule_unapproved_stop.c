/* UNAPPROVED_STOP (Art. 32: pupils board and alight only at approved stops).
 *
 * Standing in traffic is none, and a door opened for air is none: what counts is that the number aboard has
 * certainly changed while a door was open away from every stop. People who stand up or change seats make the
 * number flicker, so the number before is a range over the last half minute or whole with closed doors, a
 * change must hold for SETTLE_MS, and who is not on a seat has alighted only when the doors are closed. */
#include "gateway/compliance/rule.h"

#include <math.h>
#include <string.h>

static const double STANDING_MPS = 1.5, DRIVING_MPS = 3.0;
static const double ANOTHER_PLACE_M = 10; /* crept so far, it is looked up again when a door is open */
static const double GONE_M = 50;          /* driven so far it is another standing, whatever the doors say */
enum {
    SETTLE_MS = 10000, /* a change of the number lasts this long */
    WATCH_MS = 20000,  /* after the door closed: to sit down, and to settle */
    RECENT_MS = 30000,
};

static void widen(struct people *people, uint16_t low, uint16_t high)
{
    if (!people->known || low < people->low)
        people->low = low;
    if (!people->known || high > people->high)
        people->high = high;
    people->known = true;
}

static void keep_more(uint16_t *kept, uint16_t now)
{
    if (now > *kept)
        *kept = now;
}

/* While the doors are known to be closed nobody gets on or off. */
static void note_people(struct rule_unapproved_stop *rule, const struct inputs *in)
{
    const struct bw_occupancy *aboard = &in->cabin.occupancy;
    const enum bw_tri door = in->cabin.door_open;
    const bool watched = in->passed_ms <= CABIN_FRESH_MS && door != BW_UNKNOWN;
    if (!watched || (door == BW_NO && rule->door != BW_NO)) {
        rule->recent = rule->older = (struct people){0};
        rule->recent_ms = 0;
    }
    if (door != BW_NO || aboard->quality == BW_QUALITY_UNKNOWN)
        return;
    rule->recent_ms += in->passed_ms;
    if (rule->recent_ms >= RECENT_MS) {
        const uint16_t most = rule->older.high; /* who stands up and sits down again has not boarded */
        rule->older = rule->recent;
        keep_more(&rule->older.high, most);
        rule->recent = (struct people){0};
        rule->recent_ms = 0;
    }
    widen(&rule->recent, aboard->low, aboard->high);
}

/* Metres beyond the radius of the nearest stop, which goes into the evidence. */
static double beyond_stops_m(struct rule_unapproved_stop *rule, const struct inputs *in)
{
    const struct corridor_place *here = &in->place;
    double nearest_m = INFINITY;
    for (size_t i = 0; i < in->licence->n_stops; i++) {
        const struct bw_stop *stop = &in->licence->stops[i];
        const double east_m = corridor_lon_difference(stop->lon_deg, here->lon_deg) * here->lon_m;
        const double north_m = (stop->lat_deg - here->lat_deg) * here->lat_m;
        const double distance_m = sqrt(east_m * east_m + north_m * north_m);
        if (distance_m - stop->radius_m >= nearest_m)
            continue;
        nearest_m = distance_m - stop->radius_m;
        rule->evidence.distance_m = (float)distance_m;
        rule->evidence.radius_m = (float)stop->radius_m;
        memcpy(rule->evidence.stop_id, stop->stop_id, sizeof rule->evidence.stop_id);
    }
    return nearest_m;
}

/* Once a standing, when a door is open. */
static void look_up_place(struct rule_unapproved_stop *rule, const struct inputs *in)
{
    const double doubt_m =
        in->thresholds->unapproved_stop_margin_m + rule_accuracy_m(in) + motion_stray_m(&in->motion);
    rule->evidence = (struct bw_evidence_unapproved_stop){0};
    rule->place = beyond_stops_m(rule, in) > doubt_m ? STOP_ELSEWHERE : STOP_APPROVED;
    rule->travelled_m = 0;
    rule->before = rule->older;
    if (rule->recent.known)
        widen(&rule->before, rule->recent.low, rule->recent.high);
    rule->compared = false;
    rule->change = rule->closed = (struct rule_timer){0};
    rule->open_ms = 0;
}

static bool is_open(const struct rule_unapproved_stop *rule)
{
    return rule->life.state == LIFECYCLE_ACTIVE;
}

static bool must_look_up(const struct rule_unapproved_stop *rule, const struct inputs *in)
{
    return in->cabin.door_open == BW_YES && in->has_fix && rule_speed_mps(in) < STANDING_MPS &&
           in->licence != NULL && in->licence->n_stops > 0 && rule->severity == BW_SEVERITY_NONE &&
           (rule->place == STOP_NOT_LOOKED_UP || rule->travelled_m >= ANOTHER_PLACE_M);
}

static uint16_t excess(uint16_t more, uint16_t less)
{
    return more > less ? (uint16_t)(more - less) : 0;
}

/* Who has certainly boarded or alighted since the door opened. */
static void compare(struct rule_unapproved_stop *rule, const struct inputs *in)
{
    const struct bw_occupancy *aboard = &in->cabin.occupancy;
    const bool closed = in->cabin.door_open == BW_NO;
    uint16_t boarded = 0, alighted = 0;
    if (rule->before.known && aboard->quality != BW_QUALITY_UNKNOWN) {
        rule->compared = true;
        boarded = excess(aboard->low, rule->before.high);
        alighted = closed ? excess(rule->before.low, aboard->high) : 0;
    }
    if (boarded + alighted == 0)
        rule->change = (struct rule_timer){0};
    rule_timer_run(&rule->change, boarded + alighted > 0, rule_watched_ms(in));
    if (rule->change.ms < SETTLE_MS)
        return;
    if (closed || rule->severity < BW_MINOR) { /* with an open door one who changes seats is two */
        keep_more(&rule->evidence.boarded, boarded);
        keep_more(&rule->evidence.alighted, alighted);
    }
    rule->severity = BW_MINOR;
}

/* When nobody can count, a door that stands open is worth a notice. */
static void watch(struct rule_unapproved_stop *rule, const struct inputs *in)
{
    const bool door_open = in->cabin.door_open == BW_YES;
    if (door_open && rule->door == BW_YES)
        rule->open_ms += rule_watched_ms(in);
    if (door_open)
        rule->closed = (struct rule_timer){0};
    rule_timer_run(&rule->closed, !door_open, rule_watched_ms(in));
    compare(rule, in);
    if (door_open && !rule->compared && rule->severity < BW_NOTICE &&
        rule->open_ms >= (int64_t)in->thresholds->unapproved_stop_door_ms)
        rule->severity = BW_NOTICE;
}

static bool has_gone(const struct rule_unapproved_stop *rule, const struct inputs *in)
{
    return rule->travelled_m >= GONE_M ||
           (rule_speed_mps(in) >= DRIVING_MPS && in->cabin.door_open != BW_YES);
}

/* Who boarded just before the bus drove on is still watched until the number has settled. */
static bool is_over(const struct rule_unapproved_stop *rule, const struct inputs *in)
{
    if (rule->place == STOP_ELSEWHERE && in->cabin.door_open != BW_YES)
        return rule->closed.ms >= WATCH_MS;
    return has_gone(rule, in);
}

/* A wheel sensor that is stuck at 0 must not carry one place to the next. */
static double fastest_mps(const struct inputs *in)
{
    return in->has_fix && in->speed_given ? fmax(rule_speed_mps(in), in->fix.speed_mps) : rule_speed_mps(in);
}

static enum bw_tri judge(struct rule_unapproved_stop *rule, const struct inputs *in)
{
    const double speed_mps = fastest_mps(in);
    if (speed_mps >= STANDING_MPS)
        rule->travelled_m += speed_mps * (double)rule_watched_ms(in) / 1000;
    if (must_look_up(rule, in))
        look_up_place(rule, in);
    if (rule->place == STOP_ELSEWHERE)
        watch(rule, in);
    if (is_open(rule))
        return has_gone(rule, in) ? BW_NO : BW_UNKNOWN;
    if (rule->severity > BW_SEVERITY_NONE)
        return BW_YES;
    if (is_over(rule, in))
        rule->place = STOP_NOT_LOOKED_UP;
    return BW_UNKNOWN;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_unapproved_stop *rule = &rules->unapproved_stop;
    note_people(rule, in);
    if (rule->place == STOP_NOT_LOOKED_UP && in->cabin.door_open != BW_YES) {
        rule->door = in->cabin.door_open;
        return LIFECYCLE_NONE;
    }
    const enum bw_tri now = judge(rule, in);
    rule->door = in->cabin.door_open;
    const enum lifecycle_action action =
        lifecycle_step(&rule->life, now, in->mono_ms,
                       (struct lifecycle_times){.hold_off_ms = in->thresholds->raise_hold_off_ms});
    if (action == LIFECYCLE_END) {
        rule->place = STOP_NOT_LOOKED_UP;
        rule->severity = BW_SEVERITY_NONE;
    }
    return action;
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    const struct rule_unapproved_stop *rule = &rules->unapproved_stop;
    (void)in;
    alert->evidence.unapproved_stop = rule->evidence;
    alert->evidence.unapproved_stop.door_open_ms = rule_bounded_ms(rule->open_ms);
    if (rule->severity > alert->severity)
        alert->severity = rule->severity;
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    const struct bw_evidence_unapproved_stop *before = &reported->evidence.unapproved_stop;
    const struct bw_evidence_unapproved_stop *after = &now->evidence.unapproved_stop;
    return now->severity > reported->severity || after->boarded > before->boarded ||
           after->alighted > before->alighted;
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    rules->unapproved_stop =
        (struct rule_unapproved_stop){.life.state = LIFECYCLE_ACTIVE,
                                      .place = STOP_ELSEWHERE,
                                      .open_ms = open->evidence.unapproved_stop.door_open_ms,
                                      .severity = open->severity,
                                      .evidence = open->evidence.unapproved_stop};
}

const struct rule rule_unapproved_stop = {BW_UNAPPROVED_STOP, step, describe, grown, resume};
