/* DOOR_OPEN_MOVING (Art. 39). */
#include "gateway/compliance/rule.h"

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    return lifecycle_step(&rules->door_open.life, BW_UNKNOWN, in->mono_ms,
                          (struct lifecycle_times){.hold_off_ms = in->thresholds->raise_hold_off_ms});
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    (void)rules;
    (void)in;
    (void)alert;
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    return now->severity > reported->severity;
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    (void)open;
    rules->door_open.life.state = LIFECYCLE_ACTIVE;
}

const struct rule rule_door_open = {BW_DOOR_OPEN_MOVING, step, describe, grown, resume};
