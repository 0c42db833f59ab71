/* UNBELTED (Art. 39: pupils wear their belts while the vehicle drives).
 *
 * Passengers may get up at a stop, so standing tells nothing: a hold begins anew with each stretch of
 * driving, and an alert stays one object through the stops of a trip. */
#include "gateway/compliance/rule.h"

static const double DRIVING_MPS = 3;
enum { CLEAR_MS = 5000 };

static enum bw_tri violated(const struct inputs *in)
{
    const struct bw_belts *belts = &in->cabin.belts;
    if (in->cabin.ignition_on == BW_NO || rule_known_empty(&in->cabin.occupancy))
        return BW_NO;
    if (belts->quality == BW_QUALITY_UNKNOWN || !(rule_speed_mps(in) >= DRIVING_MPS)) /* or NaN */
        return BW_UNKNOWN;
    if (belts->open_low > 0)
        return BW_YES;
    return belts->quality == BW_QUALITY_GOOD && belts->open_high == 0 ? BW_NO : BW_UNKNOWN;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_unbelted *rule = &rules->unbelted;
    const enum bw_tri now = violated(in);
    if (lifecycle_idle(&rule->life, now))
        return LIFECYCLE_NONE;
    const enum lifecycle_action action =
        lifecycle_step(&rule->life, now, in->mono_ms,
                       (struct lifecycle_times){.hold_ms = in->thresholds->unbelted_hold_ms,
                                                .clear_ms = CLEAR_MS,
                                                .hold_off_ms = in->thresholds->raise_hold_off_ms});
    if (action == LIFECYCLE_RAISE)
        rule->peak = 0;
    if (now == BW_YES && in->cabin.belts.open_low > rule->peak)
        rule->peak = in->cabin.belts.open_low;
    return action;
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    alert->evidence.unbelted = (struct bw_evidence_unbelted){
        .unbelted = in->cabin.belts.open_low, .peak = rules->unbelted.peak, .speed_kmh = rule_speed_kmh(in)};
    alert->severity = BW_MINOR;
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    return now->evidence.unbelted.peak > reported->evidence.unbelted.peak;
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    rules->unbelted.life.state = LIFECYCLE_ACTIVE;
    rules->unbelted.peak = open->evidence.unbelted.peak;
}

const struct rule rule_unbelted = {BW_UNBELTED, step, describe, grown, resume};
