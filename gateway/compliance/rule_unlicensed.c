/* UNLICENSED (Art. 14-18, 45: a school vehicle runs with a permit in force). */
#include "gateway/compliance/rule.h"

#include <math.h>
#include <string.h>

static const double DRIVING_MPS = 3.0;

static int32_t local_day(const struct inputs *in)
{
    static const int64_t DAY_MS = 86400000;
    const int64_t local_ms = in->utc_ms + (int64_t)in->licence->utc_offset_min * 60000;
    return (int32_t)(local_ms / DAY_MS - (local_ms % DAY_MS < 0));
}

static enum bw_unlicensed_reason permit_reason(const struct bw_permit *permit, int32_t day)
{
    if (day > permit->valid_until_day)
        return BW_PERMIT_EXPIRED;
    if (day < permit->valid_from_day)
        return BW_PERMIT_NOT_YET;
    return permit->status == BW_STATUS_ACTIVE ? BW_UNLICENSED_NONE : BW_PERMIT_SUSPENDED;
}

/* Days between a permit's validity and `day`; 0 inside. The nearest permit is the one that explains. */
static int64_t distance_days(const struct bw_permit *permit, int32_t day)
{
    if (day > permit->valid_until_day)
        return (int64_t)day - permit->valid_until_day;
    return day < permit->valid_from_day ? (int64_t)permit->valid_from_day - day : 0;
}

/* NONE in the reason means licensed. */
static struct bw_evidence_unlicensed judge(const struct inputs *in)
{
    struct bw_evidence_unlicensed evidence = {.reason = BW_NO_LICENCE};
    if (in->licence == NULL)
        return evidence;
    const int32_t day = local_day(in);
    int64_t nearest_days = INT64_MAX;
    evidence.reason = BW_NO_PERMIT;
    for (size_t i = 0; i < in->licence->n_permits; i++) {
        const struct bw_permit *permit = &in->licence->permits[i];
        const enum bw_unlicensed_reason reason = permit_reason(permit, day);
        const int64_t days = distance_days(permit, day);
        if (reason != BW_UNLICENSED_NONE && days >= nearest_days)
            continue;
        nearest_days = days;
        evidence.reason = reason;
        evidence.valid_until_day = permit->valid_until_day;
        memcpy(evidence.permit_no, permit->permit_no, sizeof evidence.permit_no);
        if (reason == BW_UNLICENSED_NONE)
            break;
    }
    return evidence;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_unlicensed *rule = &rules->unlicensed;
    enum bw_tri violated = BW_UNKNOWN;
    /* A date decides here, so only a receiver's own date will do: a host clock may have lost its battery. */
    if (in->clock == BW_CLOCK_GNSS || in->licence == NULL) {
        const struct bw_evidence_unlicensed now = judge(in);
        const bool driving = in->has_fix && in->fix.speed_mps >= DRIVING_MPS; /* false for NaN */
        if (now.reason == BW_UNLICENSED_NONE || in->cabin.ignition_on == BW_NO)
            violated = BW_NO;
        else if (driving && !rule_known_empty(&in->cabin.occupancy))
            violated = BW_YES; /* a permit is needed to carry pupils, not to drive to the workshop */
        if (violated == BW_YES)
            rule->evidence = now;
    }
    return lifecycle_step(&rule->life, violated, in->mono_ms,
                          (struct lifecycle_times){.hold_ms = in->thresholds->unlicensed_hold_ms,
                                                   .hold_off_ms = in->thresholds->raise_hold_off_ms});
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    (void)in;
    alert->evidence.unlicensed = rules->unlicensed.evidence;
    alert->severity = BW_SERIOUS;
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    return now->evidence.unlicensed.reason != reported->evidence.unlicensed.reason;
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    rules->unlicensed.life.state = LIFECYCLE_ACTIVE;
    rules->unlicensed.evidence = open->evidence.unlicensed;
}

const struct rule rule_unlicensed = {BW_UNLICENSED, step, describe, grown, resume};
