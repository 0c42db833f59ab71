/* One rule by itself: what it makes of one view of the world (gateway/compliance/rule.h). */
#ifndef BUSWARDEN_FIXTURE_RULE_H
#define BUSWARDEN_FIXTURE_RULE_H

#include "gateway/compliance/rule.h"

/* Nothing is awaited, so that a single step shows the verdict. */
static const struct bw_thresholds no_wait = {.off_route_margin_m = 12, .off_route_evidence_milli = 4000};

/* YES when a clear rule raises, NO when an active one ends, UNKNOWN when neither happens. */
static inline enum bw_tri verdict(const struct rule *rule, const struct inputs *in)
{
    struct rules clear = {0}, active = {0};
    const struct bw_alert open = {.kind = rule->kind, .phase = BW_RAISED};
    rule->resume(&active, &open);
    if (rule->step(&clear, in) == LIFECYCLE_RAISE)
        return BW_YES;
    return rule->step(&active, in) == LIFECYCLE_END ? BW_NO : BW_UNKNOWN;
}

/* The same of a rule that ends an alert only when it was not violated for clear_ms. */
static inline enum bw_tri verdict_after(const struct rule *rule, struct inputs in, int64_t clear_ms)
{
    struct rules clear = {0}, active = {0};
    const struct bw_alert open = {.kind = rule->kind, .phase = BW_RAISED};
    rule->resume(&active, &open);
    if (rule->step(&clear, &in) == LIFECYCLE_RAISE)
        return BW_YES;
    (void)rule->step(&active, &in);
    in.mono_ms += clear_ms;
    in.passed_ms = clear_ms;
    return rule->step(&active, &in) == LIFECYCLE_END ? BW_NO : BW_UNKNOWN;
}

/* One step after passed_ms. */
static inline enum lifecycle_action step_after(const struct rule *rule, struct rules *rules,
                                               struct inputs *in, int64_t passed_ms)
{
    in->passed_ms = passed_ms;
    in->mono_ms += passed_ms;
    return rule->step(rules, in);
}

static inline struct bw_alert described(const struct rule *rule, const struct rules *rules,
                                        const struct inputs *in)
{
    struct bw_alert alert = {.kind = rule->kind};
    rule->describe(rules, in, &alert);
    return alert;
}

#endif
