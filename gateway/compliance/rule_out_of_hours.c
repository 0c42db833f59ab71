/* OUT_OF_HOURS (Art. 14-16: the permit names the times).
 *
 * Any permit of today counts, whatever its route: on the way to the start of its own route a bus follows
 * another's road, and two permits for one road differ in their times alone. */
#include "gateway/compliance/rule.h"

#include <math.h>
#include <string.h>

static const double DRIVING_MPS = 3.0;
enum {
    DAY_MIN = 1440,
    ATTENDANTS = 1,  /* Art. 38: aboard with the pupils, and on the way to the first stop */
    LATE_GRACES = 6, /* an hour after the window with the usual grace */
};

/* A window's first and last minute, of the day that it begins on. Two equal ones state nothing: all day. */
struct window {
    int32_t start_min, end_min;
};

static struct window window_of(const struct bw_permit *permit)
{
    if (permit->window_start_min == permit->window_end_min)
        return (struct window){0, DAY_MIN};
    return (struct window){permit->window_start_min,
                           permit->window_end_min + (rule_permit_overnight(permit) ? DAY_MIN : 0)};
}

static int32_t minutes_outside(struct window window, int32_t minute)
{
    if (minute < window.start_min)
        return window.start_min - minute;
    return minute > window.end_min ? minute - window.end_min : 0;
}

/* YES outside the windows of every permit of today, NO inside one, UNKNOWN when none is for today: that is
 * UNLICENSED's matter. Yesterday's and tomorrow's windows may reach into today. */
static enum bw_tri judge(struct rule_out_of_hours *rule, const struct inputs *in,
                         const struct local_time *local)
{
    rule->after_min = INT32_MAX;
    const int64_t grace_min = in->thresholds->out_of_hours_grace_min;
    const struct bw_permit *nearest = NULL;
    int32_t nearest_min = INT32_MAX;
    for (size_t i = 0; i < in->licence->n_permits; i++) {
        const struct bw_permit *permit = &in->licence->permits[i];
        for (int32_t days_back = -1; days_back <= 1; days_back++) {
            const int32_t day = local->day - days_back;
            if (!rule_permit_in_force(permit, day) || !rule_permit_weekday(permit, day))
                continue;
            const struct window window = window_of(permit);
            const int32_t minute = local->minute + days_back * DAY_MIN;
            const int32_t outside_min = minutes_outside(window, minute);
            if (outside_min <= grace_min)
                return BW_NO;
            if (minute > window.end_min && outside_min < rule->after_min)
                rule->after_min = outside_min;
            const bool of_today = days_back == 0 || (days_back == 1 && rule_permit_overnight(permit));
            if (of_today && outside_min < nearest_min) {
                nearest_min = outside_min;
                nearest = permit;
            }
        }
    }
    if (nearest == NULL)
        return BW_UNKNOWN;
    rule->evidence = (struct bw_evidence_out_of_hours){.window_start_min = nearest->window_start_min,
                                                       .window_end_min = nearest->window_end_min,
                                                       .local_min = local->minute};
    memcpy(rule->evidence.permit_no, nearest->permit_no, sizeof rule->evidence.permit_no);
    return BW_YES;
}

static enum bw_tri outside_hours(struct rule_out_of_hours *rule, const struct inputs *in)
{
    struct local_time local;
    if (in->clock != BW_CLOCK_GNSS)
        return BW_UNKNOWN;
    if (rule->utc_min != rule_utc_min(in)) {
        rule->utc_min = rule_utc_min(in);
        rule->verdict = rule_local_time(in, &local) ? judge(rule, in, &local) : BW_UNKNOWN;
    }
    return rule->verdict;
}

static enum bw_tri violated(struct rule_out_of_hours *rule, const struct inputs *in)
{
    if (rule_known_empty(&in->cabin.occupancy))
        rule->in_hours = false;
    if (in->cabin.ignition_on == BW_NO || rule_known_empty(&in->cabin.occupancy))
        return BW_NO; /* a bus may go to the workshop */
    const enum bw_tri outside = outside_hours(rule, in);
    if (outside == BW_NO && in->cabin.occupancy.low > 0)
        rule->in_hours = true;
    if (outside != BW_YES)
        return outside;
    return rule_speed_mps(in) >= DRIVING_MPS ? BW_YES : BW_UNKNOWN; /* unknown for NaN */
}

/* Held up in traffic: who was aboard inside the hours cannot be put out on the road when they end. */
static bool late(const struct rule_out_of_hours *rule, const struct inputs *in)
{
    return rule->in_hours && rule->after_min <= LATE_GRACES * (int64_t)in->thresholds->out_of_hours_grace_min;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_out_of_hours *rule = &rules->out_of_hours;
    const enum bw_tri now = violated(rule, in);
    if (lifecycle_idle(&rule->life, now))
        return LIFECYCLE_NONE;
    if (rule->life.state == LIFECYCLE_CLEAR)
        rule->aboard = false;
    if (now == BW_YES && in->cabin.occupancy.low > ATTENDANTS && !late(rule, in))
        rule->aboard = true;
    return lifecycle_step(&rule->life, now, in->mono_ms,
                          (struct lifecycle_times){.hold_ms = in->thresholds->out_of_hours_hold_ms,
                                                   .hold_off_ms = in->thresholds->raise_hold_off_ms});
}

static void describe(const struct rules *rules, const struct inputs *in, struct bw_alert *alert)
{
    const struct rule_out_of_hours *rule = &rules->out_of_hours;
    const enum bw_severity severity = rule->aboard ? BW_MINOR : BW_NOTICE;
    struct local_time local;
    alert->evidence.out_of_hours = rule->evidence;
    if (rule_local_time(in, &local))
        alert->evidence.out_of_hours.local_min = local.minute;
    if (severity > alert->severity)
        alert->severity = severity;
}

static bool grown(const struct bw_alert *reported, const struct bw_alert *now)
{
    return now->severity > reported->severity;
}

static void resume(struct rules *rules, const struct bw_alert *open)
{
    rules->out_of_hours = (struct rule_out_of_hours){.life.state = LIFECYCLE_ACTIVE,
                                                     .aboard = open->severity > BW_NOTICE,
                                                     .in_hours = open->severity == BW_NOTICE, /* perhaps */
                                                     .evidence = open->evidence.out_of_hours};
}

const struct rule rule_out_of_hours = {BW_OUT_OF_HOURS, step, describe, grown, resume};
