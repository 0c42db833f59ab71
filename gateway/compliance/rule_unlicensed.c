/* UNLICENSED (Art. 14-18, 20, 45: a school vehicle runs with a permit in force, a qualified driver and an
 * inspection that is not overdue). What the licence does not state accuses nobody. */
#include "gateway/compliance/rule.h"

#include <math.h>
#include <string.h>

static const double DRIVING_MPS = 3.0;

/* What dates are judged by. */
struct when {
    int32_t day, minute; /* local */
    int64_t grace_min;
};

/* The window of a permit's last evening may end after midnight. */
static int32_t last_day(const struct bw_permit *permit, const struct when *when)
{
    const bool reaches_in =
        rule_permit_overnight(permit) && when->minute <= permit->window_end_min + when->grace_min;
    return permit->valid_until_day + reaches_in;
}

static enum bw_unlicensed_reason permit_reason(const struct bw_permit *permit, const struct when *when)
{
    if (when->day > last_day(permit, when))
        return BW_PERMIT_EXPIRED;
    if (when->day < permit->valid_from_day)
        return BW_PERMIT_NOT_YET;
    return permit->status == BW_STATUS_ACTIVE ? BW_UNLICENSED_NONE : BW_PERMIT_SUSPENDED;
}

static bool in_force(const struct bw_permit *permit, const struct when *when)
{
    return permit_reason(permit, when) == BW_UNLICENSED_NONE;
}

/* Days between a permit's validity and `day`; 0 inside. The nearest permit is the one that explains. */
static int64_t distance_days(const struct bw_permit *permit, int32_t day)
{
    if (day > permit->valid_until_day)
        return (int64_t)day - permit->valid_until_day;
    return day < permit->valid_from_day ? (int64_t)permit->valid_from_day - day : 0;
}

static struct bw_evidence_unlicensed by_permit(enum bw_unlicensed_reason reason,
                                               const struct bw_permit *permit)
{
    struct bw_evidence_unlicensed evidence = {.reason = reason, .valid_until_day = permit->valid_until_day};
    memcpy(evidence.permit_no, permit->permit_no, sizeof evidence.permit_no);
    return evidence;
}

/* NONE in the reason: some permit is in force on this day, whatever its weekdays. */
static struct bw_evidence_unlicensed judge_dates(const struct bw_licence *licence, const struct when *when)
{
    struct bw_evidence_unlicensed evidence = {.reason = BW_NO_PERMIT};
    int64_t nearest_days = INT64_MAX;
    for (size_t i = 0; i < licence->n_permits; i++) {
        const struct bw_permit *permit = &licence->permits[i];
        const enum bw_unlicensed_reason reason = permit_reason(permit, when);
        const int64_t days = distance_days(permit, when->day);
        if (reason != BW_UNLICENSED_NONE && days >= nearest_days)
            continue;
        nearest_days = days;
        evidence = by_permit(reason, permit);
        if (reason == BW_UNLICENSED_NONE)
            break;
    }
    return evidence;
}

/* Of this day of the week. A window that began yesterday evening is still yesterday's. */
static bool of_today(const struct bw_permit *permit, int32_t day)
{
    return rule_permit_weekday(permit, day) ||
           (rule_permit_overnight(permit) && rule_permit_weekday(permit, day - 1));
}

static bool qualified(const struct bw_licence *licence, const char *driver_id, int32_t day)
{
    for (size_t i = 0; i < licence->n_drivers; i++)
        if (strcmp(licence->drivers[i].driver_id, driver_id) == 0 &&
            licence->drivers[i].qualified_until_day >= day)
            return true;
    return false;
}

/* Nobody says who of the permitted drivers is at the wheel: one who is qualified, or is not named, is enough.
 * `any_weekday`: no permit in force has today's weekday, so that all of them are asked. */
static bool drivers_unqualified(const struct bw_licence *licence, const struct when *when, bool any_weekday)
{
    if (licence->n_drivers == 0)
        return false;
    for (size_t i = 0; i < licence->n_permits; i++) {
        const struct bw_permit *permit = &licence->permits[i];
        if (in_force(permit, when) && (any_weekday || of_today(permit, when->day)) &&
            (permit->driver_id[0] == '\0' || qualified(licence, permit->driver_id, when->day)))
            return false;
    }
    return true;
}

/* Of today if there is one, else the first of another weekday. There is one in force. */
static const struct bw_permit *permit_in_force(const struct bw_licence *licence, const struct when *when)
{
    size_t first = licence->n_permits;
    for (size_t i = 0; i < licence->n_permits; i++) {
        if (!in_force(&licence->permits[i], when))
            continue;
        if (of_today(&licence->permits[i], when->day))
            return &licence->permits[i];
        if (i < first)
            first = i;
    }
    return &licence->permits[first];
}

/* The gravest reason explains: a vehicle that must not exist, no permit, no driver, an overdue inspection, a
 * wrong weekday. NONE means licensed. */
static struct bw_evidence_unlicensed judge(const struct bw_licence *licence, const struct when *when)
{
    if (licence->scrapped_day != 0 && when->day >= licence->scrapped_day)
        return (struct bw_evidence_unlicensed){.reason = BW_SCRAPPED,
                                               .valid_until_day = licence->scrapped_day};
    const struct bw_evidence_unlicensed dates = judge_dates(licence, when);
    if (dates.reason != BW_UNLICENSED_NONE)
        return dates;
    const struct bw_permit *permit = permit_in_force(licence, when);
    const bool wrong_weekday = !of_today(permit, when->day);
    if (drivers_unqualified(licence, when, wrong_weekday))
        return by_permit(BW_DRIVER_UNQUALIFIED, permit);
    if (licence->inspected_until_day != 0 && licence->inspected_until_day < when->day)
        return (struct bw_evidence_unlicensed){.reason = BW_INSPECTION_EXPIRED,
                                               .valid_until_day = licence->inspected_until_day};
    return by_permit(wrong_weekday ? BW_WRONG_WEEKDAY : BW_UNLICENSED_NONE, permit);
}

/* A date decides, so only the receiver's own will do: false without it. */
static bool judge_now(struct rule_unlicensed *rule, const struct inputs *in)
{
    struct local_time local = {0};
    if (in->licence == NULL) {
        rule->verdict = (struct bw_evidence_unlicensed){.reason = BW_NO_LICENCE};
        return true;
    }
    if (in->clock != BW_CLOCK_GNSS)
        return false;
    if (rule->utc_min != rule_utc_min(in)) {
        (void)rule_local_time(in, &local);
        rule->utc_min = rule_utc_min(in);
        const struct when when = {local.day, local.minute, in->thresholds->out_of_hours_grace_min};
        rule->verdict = judge(in->licence, &when);
    }
    return true;
}

static enum bw_tri violated(struct rule_unlicensed *rule, const struct inputs *in)
{
    if (!judge_now(rule, in))
        return BW_UNKNOWN;
    if (rule->verdict.reason == BW_UNLICENSED_NONE || in->cabin.ignition_on == BW_NO)
        return BW_NO;
    const bool driving = in->has_fix && in->fix.speed_mps >= DRIVING_MPS; /* false for NaN */
    if (!driving || rule_known_empty(&in->cabin.occupancy))
        return BW_UNKNOWN; /* a permit is needed to carry pupils, not to drive to the workshop */
    rule->evidence = rule->verdict;
    return BW_YES;
}

static enum lifecycle_action step(struct rules *rules, const struct inputs *in)
{
    struct rule_unlicensed *rule = &rules->unlicensed;
    const enum bw_tri now = violated(rule, in);
    if (lifecycle_idle(&rule->life, now))
        return LIFECYCLE_NONE;
    return lifecycle_step(&rule->life, now, in->mono_ms,
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
