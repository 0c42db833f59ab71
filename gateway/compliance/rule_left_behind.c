/* CHILD_LEFT_BEHIND (Art. 39: the attendant sees every pupil off the vehicle before leaving it).
 *
 * The alarm sounds in the vehicle and needs neither position nor time nor network. Once it is raised nothing
 * ends it but the certainty that nobody is aboard, or the ignition: an opened door may be anybody's. It gives
 * time to look and to get off, once. */
#include "gateway/compliance/rule.h"

enum {
    LOOK_STEPS = 3,       /* of the escalation, with a door open: time for a full bus to get off */
    BAG_FACTOR = 5,       /* what is most likely a bag is escalated as much later */
    ROUND_MS = 2 * 60000, /* the attendant went round before the engine was off */
};

/* The attendant has been at the back and pressed the button: what still lies on a seat is no pupil. Whatever
 * moves on a seat afterwards arms the alarm again, and says nothing. */
static void watch_round(struct rule_left_behind *rule, const struct inputs *in)
{
    const struct bw_cabin *cabin = &in->cabin;
    const bool known = cabin->occupancy.quality != BW_QUALITY_UNKNOWN || cabin->presses > 0;
    if (!known)
        return; /* asleep, or silent: what was pressed stays pressed */
    const bool pressed = rule->round.heard && cabin->presses > rule->round.presses;
    rule->round.heard = true;
    rule->round.presses = cabin->presses;
    if (pressed) {
        rule->round.looked = true;
        rule->round.changes = cabin->seat_changes;
        rule->round.running_ms = 0;
    }
    if (cabin->ignition_on == BW_YES)
        rule->round.running_ms += in->passed_ms;
    if (rule->round.running_ms > ROUND_MS || cabin->seat_changes != rule->round.changes)
        rule->round.looked = false;
}

/* Nothing says that it is a person: everybody was counted out, no belt is fastened on an occupied seat, and
 * what lies there has not moved since the doors were closed. */
static bool like_a_bag(const struct rule_left_behind *rule, const struct inputs *in)
{
    const struct bw_cabin *cabin = &in->cabin;
    return cabin->counted.known && cabin->counted.count == 0 && cabin->belts.quality == BW_QUALITY_GOOD &&
           cabin->belted == 0 && cabin->seat_changes == rule->changes;
}

static enum bw_tri violated(const struct rule_left_behind *rule, const struct inputs *in)
{
    const struct bw_cabin *cabin = &in->cabin;
    if (rule->round.looked && cabin->ignition_on != BW_YES)
        return BW_NO;
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
static uint8_t level_after(const struct rule_left_behind *rule, const struct bw_thresholds *thresholds)
{
    const int64_t alarm_ms = rule->waiting_ms - thresholds->left_behind_hold_ms;
    const int64_t escalate_ms = (int64_t)thresholds->left_behind_escalate_ms * (rule->bag ? BAG_FACTOR : 1);
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
    watch_round(rule, in);
    const enum bw_tri now = waiting_on ? BW_YES : violated(rule, in);
    if (lifecycle_idle(&rule->life, now))
        return LIFECYCLE_NONE;
    if (before == LIFECYCLE_CLEAR)
        *rule = (struct rule_left_behind){
            .life = rule->life, .round = rule->round, .changes = in->cabin.seat_changes};
    if (!asleep(&in->cabin))
        rule->bag = like_a_bag(rule, in);
    const enum lifecycle_action action = lifecycle_step(
        &rule->life, now, in->mono_ms,
        (struct lifecycle_times){.hold_ms = rule->bag ? in->thresholds->left_behind_escalate_ms / 2
                                                      : in->thresholds->left_behind_hold_ms,
                                 .hold_off_ms = in->thresholds->raise_hold_off_ms});
    if (before == LIFECYCLE_CLEAR)
        rule->waiting_ms = 0;
    else if (rule->life.state == LIFECYCLE_PENDING)
        rule->waiting_ms = in->mono_ms - rule->life.since_mono_ms;
    else if (in->cabin.door_open == BW_YES && rule->looked_ms < LOOK_STEPS * escalate_ms)
        rule->looked_ms += in->passed_ms;
    else
        rule->waiting_ms += in->passed_ms;
    const uint8_t level = level_after(rule, in->thresholds);
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

void rule_left_behind_continue(struct rules *rules, const struct rules *before)
{
    rules->left_behind.round = before->left_behind.round;
    rules->left_behind.changes = before->left_behind.changes;
    rules->left_behind.bag = before->left_behind.bag;
}

const struct rule rule_left_behind = {BW_CHILD_LEFT_BEHIND, step, describe, grown, resume};
