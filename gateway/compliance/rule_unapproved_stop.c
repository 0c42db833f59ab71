/* UNAPPROVED_STOP (Art. 32). */
#include "gateway/compliance/rule.h"

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    return lifecycle_step(&rules->unapproved_stop.life, BW_UNKNOWN, in->mono_ms,
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
    rules->unapproved_stop.life.state = LIFECYCLE_ACTIVE;
}

const struct rule rule_unapproved_stop = {BW_UNAPPROVED_STOP, step, describe, grown, resume};
