/* CHILD_LEFT_BEHIND (Art. 39). */
#include "gateway/compliance/rule.h"

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    return lifecycle_step(&rules->left_behind.life, BW_UNKNOWN, in->mono_ms,
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
    rules->left_behind.life.state = LIFECYCLE_ACTIVE;
}

const struct rule rule_left_behind = {BW_CHILD_LEFT_BEHIND, step, describe, grown, resume};
