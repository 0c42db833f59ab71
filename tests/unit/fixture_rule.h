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

#endif
