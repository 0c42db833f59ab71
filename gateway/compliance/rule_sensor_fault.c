/* SENSOR_FAULT (Art. 21: a school vehicle carries a recorder with satellite positioning; it is of use only
 * while its sensors speak). A notice: nobody is accused because a sensor failed.
 *
 * Judged in use alone: with the ignition on, or driving. A stop without an ignition signal belongs to the
 * use, a longer pause ends it, so that each start gives the sensors their time anew. */
#include "gateway/compliance/rule.h"

static const double DRIVING_MPS = 3;
enum {
    USE_PAUSE_MS = 60000, /* neither ignition nor movement: a stop, not the end of the trip */
    SEATS_HOLDS = 2, /* some seats in doubt weigh less than a silent cabin, and mend themselves more often */
    CLEAR_MS = 10000,
};

/* The gravest first: without a count nobody is protected from overload; some doubt is left with some seats.
 */
static const enum bw_fault order[] = {BW_FAULT_CABIN_SILENT, BW_FAULT_NO_FIX, BW_FAULT_SEATS_UNKNOWN,
                                      BW_FAULT_COUNTER_DEAF};
enum { FAULTS = sizeof order / sizeof order[0] };

static bool present(const struct inputs *in, enum bw_fault fault)
{
    if (fault == BW_FAULT_NO_FIX)
        return !in->has_fix;
    if (fault == BW_FAULT_COUNTER_DEAF)
        return in->cabin.counter_deaf;
    const enum bw_quality quality = in->cabin.occupancy.quality;
    return in->cabin_heard && /* a vehicle without cabin sensors has none that fail */
           (fault == BW_FAULT_SEATS_UNKNOWN ? quality != BW_QUALITY_GOOD : quality == BW_QUALITY_UNKNOWN);
}

static uint64_t hold_ms(const struct bw_thresholds *thresholds, enum bw_fault fault)
{
    if (fault == BW_FAULT_NO_FIX)
        return thresholds->no_fix_hold_ms;
    const uint64_t ms = thresholds->sensor_fault_hold_ms;
    return fault == BW_FAULT_SEATS_UNKNOWN ? SEATS_HOLDS * ms : ms;
}

/* Whether the vehicle is in use now. Forgets the faults of another use. */
static bool in_use(struct rule_sensor_fault *rule, const struct inputs *in)
{
    const bool use = in->cabin.ignition_on == BW_YES || rule_speed_mps(in) >= DRIVING_MPS; /* false for NaN */
    if (use)
        rule->pause.ms = 0;
    rule_timer_run(&rule->pause, !use, in->passed_ms);
    const bool off = !use && in->cabin.ignition_on == BW_NO;
    if (off || rule->pause.ms > USE_PAUSE_MS || in->passed_ms > USE_PAUSE_MS)
        for (size_t i = 0; i < FAULTS; i++)
            rule->present[order[i]].ms = 0;
    return use;
}

/* In use, for so long since the step before. Takes the evidence of the gravest fault that was held. */
static enum bw_tri judge(struct rule_sensor_fault *rule, const struct inputs *in, int64_t used_ms)
{
    enum bw_tri violated = BW_NO;
    for (size_t i = 0; i < FAULTS; i++) {
        struct rule_timer *timer = &rule->present[order[i]];
        if (!present(in, order[i])) {
            *timer = (struct rule_timer){0};
            continue;
        }
        rule_timer_run(timer, true, used_ms);
        if (timer->ms < hold_ms(in->thresholds, order[i])) {
            violated = violated == BW_NO ? BW_UNKNOWN : violated;
        } else if (violated != BW_YES) {
            violated = BW_YES;
            rule->evidence = (struct bw_evidence_sensor_fault){.fault = order[i], .for_ms = timer->ms};
        }
    }
    return violated;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_sensor_fault *rule = &rules->sensor_fault;
    enum bw_tri violated = BW_UNKNOWN;
    const bool paused = rule->pause.on; /* until now: no time of use */
    if (in_use(rule, in))
        violated = judge(rule, in, paused ? 0 : rule_watched_ms(in));
    if (lifecycle_idle(&rule->life, violated))
        return LIFECYCLE_NONE;
    if (violated == BW_YES)
        rule->evidence.seats_unknown = (uint16_t)(in->cabin.occupancy.high - in->cabin.occupancy.low);
    return lifecycle_step(
        &rule->life, violated, in->mono_ms,
        (struct lifecycle_times){.clear_ms = CLEAR_MS, .hold_off_ms = in->thresholds->raise_hold_off_ms});
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    (void)in;
    alert->evidence.sensor_fault = rules->sensor_fault.evidence;
    alert->severity = BW_NOTICE;
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    return now->evidence.sensor_fault.fault != reported->evidence.sensor_fault.fault;
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    struct rule_sensor_fault *rule = &rules->sensor_fault;
    *rule =
        (struct rule_sensor_fault){.life.state = LIFECYCLE_ACTIVE, .evidence = open->evidence.sensor_fault};
    rule->present[rule->evidence.fault].ms = rule->evidence.for_ms;
}

const struct rule rule_sensor_fault = {BW_SENSOR_FAULT, step, describe, grown, resume};
