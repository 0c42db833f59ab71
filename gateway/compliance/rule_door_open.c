/* DOOR_OPEN_MOVING (Art. 39: the vehicle drives with its doors closed).
 *
 * Creeping up to a stop with the door open is none. A stop with the door still open ends nothing: a door that
 * does not close, or a sensor that says so, is one alert and not one a stop. A speed that was taken from
 * positions tells nothing here: the position of a standing vehicle drifts. */
#include "gateway/compliance/rule.h"

#include <math.h>

static const double MOVING_MPS = 10 / 3.6, FAST_MPS = 20 / 3.6;
enum { CLEAR_MS = 3000 };

static double own_speed_mps(const struct inputs *in)
{
    return in->cabin.wheel_known || in->speed_given ? rule_speed_mps(in) : (double)NAN;
}

static enum bw_tri violated(const struct inputs *in, double speed_mps)
{
    if (in->cabin.door_open == BW_NO || in->cabin.ignition_on == BW_NO)
        return BW_NO;
    return in->cabin.door_open == BW_YES && speed_mps >= MOVING_MPS ? BW_YES : BW_UNKNOWN; /* also for NaN */
}

/* A notice stays one while nobody is aboard for certain: sensors that fall silent accuse nobody. */
static enum bw_severity severity(const struct bw_occupancy *aboard, double speed_mps, enum bw_severity before)
{
    if (rule_known_empty(aboard) || (before == BW_NOTICE && aboard->low == 0))
        return BW_NOTICE;
    return aboard->low >= 1 && speed_mps >= FAST_MPS ? BW_SERIOUS : BW_MINOR;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_door_open *rule = &rules->door_open;
    const double speed_mps = own_speed_mps(in);
    const enum bw_tri now = violated(in, speed_mps);
    if (lifecycle_idle(&rule->life, now))
        return LIFECYCLE_NONE;
    if (rule->life.state == LIFECYCLE_CLEAR)
        *rule = (struct rule_door_open){.life = rule->life};
    rule_timer_run(&rule->driven_open, now == BW_YES, rule_watched_ms(in));
    if (now == BW_YES) {
        const enum bw_severity here = severity(&in->cabin.occupancy, speed_mps, rule->severity);
        rule->severity = here > rule->severity ? here : rule->severity;
        rule->peak_kmh = fmaxf(rule->peak_kmh, rule_speed_kmh(in));
    }
    return lifecycle_step(&rule->life, now, in->mono_ms,
                          (struct lifecycle_times){.hold_ms = in->thresholds->door_open_hold_ms,
                                                   .clear_ms = CLEAR_MS,
                                                   .hold_off_ms = in->thresholds->raise_hold_off_ms});
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    const struct rule_door_open *rule = &rules->door_open;
    alert->evidence.door_open = (struct bw_evidence_door_open){
        .speed_kmh = rule_speed_kmh(in), .peak_kmh = rule->peak_kmh, .open_ms = rule->driven_open.ms};
    alert->severity = rule->severity;
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    static const float WORTH_KMH = 10;
    return now->evidence.door_open.peak_kmh >= reported->evidence.door_open.peak_kmh + WORTH_KMH;
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    rules->door_open = (struct rule_door_open){.life.state = LIFECYCLE_ACTIVE,
                                               .driven_open.ms = open->evidence.door_open.open_ms,
                                               .peak_kmh = open->evidence.door_open.peak_kmh,
                                               .severity = open->severity};
}

const struct rule rule_door_open = {BW_DOOR_OPEN_MOVING, step, describe, grown, resume};
