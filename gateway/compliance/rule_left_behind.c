/* CHILD_LEFT_BEHIND (Art. 39: the attendant sees every pupil off the vehicle before leaving it).
 *
 * The alarm sounds in the vehicle and needs neither position nor time nor network. Once it is raised nothing
 * ends it but the certainty that nobody is aboard, or the ignition: an opened door may be anybody's. It gives
 * time to look and to get off, once. */
#include "gateway/compliance/rule.h"

enum { LOOK_STEPS = 3 }; /* of the escalation, with a door open: time for a full bus to get off */

static enum bw_tri violated(const struct inputs *in)
{
    const struct bw_cabin *cabin = &in->cabin;
    if (cabin->ignition_on == BW_YES || rule_known_empty(&cabin->occupancy))
        return BW_NO;
    if (cabin->ignition_on == BW_NO && cabin->door_open == BW_NO && cabin->occupancy.low >= 1)
        return BW_YES;
    return BW_UNKNOWN;
}

/* A cabin bus may fall asleep with the ignition, and then nothing is known any more. A wait that has begun
 * goes on: what was said last is what there is. */
static bool asleep(const struct bw_cabin *cabin)
{
    return cabin->ignition_on == BW_UNKNOWN && cabin->door_open == BW_UNKNOWN &&
           cabin->occupancy.quality == BW_QUALITY_UNKNOWN;
}

/* Of the alarm, after so long a wait. */
static uint8_t level_after(int64_t waiting_ms, const struct bw_thresholds *thresholds)
{
    const int64_t alarm_ms = waiting_ms - thresholds->left_behind_hold_ms;
    const int64_t escalate_ms = thresholds->left_behind_escalate_ms;
    if (alarm_ms >= 2 * escalate_ms)
        return 3;
    return alarm_ms >= escalate_ms ? 2 : 1;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_left_behind *rule = &rules->left_behind;
    const int64_t escalate_ms = in->thresholds->left_behind_escalate_ms;
    const enum lifecycle_state before = rule->life.state;
    const bool waiting_on = before == LIFECYCLE_PENDING && asleep(&in->cabin);
    const enum bw_tri now = waiting_on ? BW_YES : violated(in);
    if (lifecycle_idle(&rule->life, now))
        return LIFECYCLE_NONE;
    const enum lifecycle_action action =
        lifecycle_step(&rule->life, now, in->mono_ms,
                       (struct lifecycle_times){.hold_ms = in->thresholds->left_behind_hold_ms,
                                                .hold_off_ms = in->thresholds->raise_hold_off_ms});
    if (before == LIFECYCLE_CLEAR)
        *rule = (struct rule_left_behind){.life = rule->life};
    else if (rule->life.state == LIFECYCLE_PENDING)
        rule->waiting_ms = in->mono_ms - rule->life.since_mono_ms;
    else if (in->cabin.door_open == BW_YES && rule->looked_ms < LOOK_STEPS * escalate_ms)
        rule->looked_ms += in->passed_ms;
    else
        rule->waiting_ms += in->passed_ms;
    const uint8_t level = level_after(rule->waiting_ms, in->thresholds);
    rule->level = level > rule->level ? level : rule->level;
    if (in->cabin.occupancy.low > 0 || rule_known_empty(&in->cabin.occupancy))
        rule->aboard = in->cabin.occupancy.low;
    return action;
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    /* The buzzer asks a driver who has just stopped the engine to look, and accuses nobody. */
    static const enum bw_severity by_level[] = {BW_NOTICE, BW_NOTICE, BW_MINOR, BW_SERIOUS};
    (void)in;
    const struct rule_left_behind *rule = &rules->left_behind;
    alert->evidence.left_behind = (struct bw_evidence_left_behind){
        .aboard = rule->aboard, .waiting_ms = rule_bounded_ms(rule->waiting_ms), .level = rule->level};
    alert->severity = by_level[rule->level];
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    return now->evidence.left_behind.level > reported->evidence.left_behind.level;
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    const struct bw_evidence_left_behind *evidence = &open->evidence.left_behind;
    rules->left_behind = (struct rule_left_behind){.life.state = LIFECYCLE_ACTIVE,
                                                   .waiting_ms = evidence->waiting_ms,
                                                   .aboard = evidence->aboard,
                                                   .level = evidence->level};
}

const struct rule rule_left_behind = {BW_CHILD_LEFT_BEHIND, step, describe, grown, resume};
