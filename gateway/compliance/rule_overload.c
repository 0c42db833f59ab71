/* OVERLOAD (Art. 34: never over the approved number, for any reason; bands of Art. 50 and 刑法 133-1). */
#include "gateway/compliance/rule.h"

#include <math.h>

static const double STANDING_MPS = 1.5;

/* With a door open at a stop, or one that nobody knows to be closed, pupils are still getting on and off: the
 * number is not yet what will be driven with. */
static bool boarding(const struct inputs *in)
{
    const double speed_mps = rule_speed_mps(in);
    if (in->cabin.door_open == BW_NO)
        return false;
    return in->cabin.door_open == BW_YES ? !(speed_mps >= STANDING_MPS) /* or NaN */
                                         : speed_mps < STANDING_MPS;
}

/* Accuses on the certain number alone; absolves only when even the doubtful seats would fit. */
static enum bw_tri violated(const struct inputs *in)
{
    const struct bw_occupancy *aboard = &in->cabin.occupancy;
    if (in->licence == NULL || in->licence->approved_capacity == 0 || aboard->quality == BW_QUALITY_UNKNOWN)
        return BW_UNKNOWN;
    if (aboard->low > in->licence->approved_capacity)
        return boarding(in) ? BW_UNKNOWN : BW_YES;
    return aboard->high <= in->licence->approved_capacity ? BW_NO : BW_UNKNOWN;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_overload *rule = &rules->overload;
    const enum bw_tri now = violated(in);
    const enum lifecycle_action action =
        lifecycle_step(&rule->life, now, in->mono_ms,
                       (struct lifecycle_times){.hold_ms = in->thresholds->overload_hold_ms,
                                                .clear_ms = in->thresholds->overload_clear_ms,
                                                .hold_off_ms = in->thresholds->raise_hold_off_ms});
    if (action == LIFECYCLE_RAISE)
        rule->peak = 0;
    if (now == BW_YES && in->cabin.occupancy.low > rule->peak)
        rule->peak = in->cabin.occupancy.low;
    return action;
}

bool rule_overload_warns(const struct rules *rules, const struct inputs *in)
{
    const enum lifecycle_state state = rules->overload.life.state;
    if (state == LIFECYCLE_ACTIVE || state == LIFECYCLE_CLEARING)
        return false;
    return in->licence != NULL && in->licence->approved_capacity > 0 && in->cabin.door_open == BW_NO &&
           in->cabin.occupancy.count > in->licence->approved_capacity;
}

/* docs/rules.md, in integers: 5·over >= c is 20 %. The criminal line depends on the class of the vehicle. */
static enum bw_severity band(uint32_t aboard, uint32_t capacity, enum bw_vehicle_class vehicle_class)
{
    if (aboard <= capacity)
        return BW_SEVERITY_NONE;
    const uint32_t over = aboard - capacity;
    const bool criminal = (vehicle_class == BW_CLASS_LARGE && (2 * over >= capacity || over >= 15)) ||
                          (vehicle_class == BW_CLASS_MEDIUM && (5 * over >= 4 * capacity || over >= 10)) ||
                          (vehicle_class == BW_CLASS_SMALL && (over >= capacity || over >= 7));
    if (criminal)
        return BW_CRIMINAL;
    return 5 * over >= capacity ? BW_SERIOUS : BW_MINOR;
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    const uint16_t capacity = in->licence != NULL ? in->licence->approved_capacity : 0;
    const enum bw_vehicle_class class = in->licence != NULL ? in->licence->vehicle_class : BW_CLASS_UNKNOWN;
    alert->evidence.overload = (struct bw_evidence_overload){
        .aboard = in->cabin.occupancy.low, .peak = rules->overload.peak, .capacity = capacity};
    const enum bw_severity severity = band(rules->overload.peak, capacity, class);
    if (severity > alert->severity)
        alert->severity = severity;
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    return now->evidence.overload.peak > reported->evidence.overload.peak;
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    rules->overload.life.state = LIFECYCLE_ACTIVE;
    rules->overload.peak = open->evidence.overload.peak;
}

const struct rule rule_overload = {BW_OVERLOAD, step, describe, grown, resume};
