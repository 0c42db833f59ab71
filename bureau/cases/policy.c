#include "bureau/cases/policy.h"

#include "bureau/registry/registry.h"
#include "proto/utc.h"

static const int64_t MS_PER_HOUR = 3600000;

/* 校车安全管理条例 (Order 617). The article says what must be put right and who sees to it, not by when. */
const struct case_policy CASE_POLICY_DEFAULT = {
    .deadline_h =
        {
            [BW_OVERLOAD] = {72, 24, 24},         /* Art. 34, 50: the vehicle is held until it is put right */
            [BW_OFF_ROUTE] = {72, 72, 72},        /* Art. 30, 48 */
            [BW_OUT_OF_HOURS] = {72, 72, 72},     /* Art. 14-16, 48 */
            [BW_UNAPPROVED_STOP] = {72, 72, 72},  /* Art. 32, 48 */
            [BW_UNLICENSED] = {24, 24, 24},       /* Art. 14-18, 45 */
            [BW_OVERSPEED] = {72, 24, 24},        /* Art. 35; 刑法 133-1 */
            [BW_UNBELTED] = {168, 72, 72},        /* Art. 39 */
            [BW_DOOR_OPEN_MOVING] = {72, 24, 24}, /* Art. 39 */
            [BW_CHILD_LEFT_BEHIND] = {24, 24, 24}, /* Art. 39, 53 */
            [BW_SENSOR_FAULT] = {168, 168, 168},   /* Art. 21: the recorder must work */
            [BW_TAMPER] = {72, 24, 24},            /* Art. 21 */
            [CASE_SILENT] = {72, 72, 72},          /* Art. 21 */
            [CASE_OUTAGE] = {24, 24, 24},
            [CASE_SIGHTING] = {24, 24, 24}, /* Art. 45: running without a permit */
        },
    .acknowledge_h = 24,
    .escalate_h = {0, 72},
    .notice_days = 3,
    .recurrence_days = 180,
};

enum case_effect case_effect(enum bw_kind kind, enum bw_severity severity)
{
    const bool about_device = kind == BW_SENSOR_FAULT || kind == BW_TAMPER;
    if (kind <= BW_KIND_UNSPECIFIED || kind >= BW_KIND_COUNT || severity == BW_SEVERITY_NONE)
        return CASE_NOTHING;
    if (severity > BW_NOTICE)
        return CASE_OPENS;
    return about_device ? CASE_IF_REPEATED : CASE_NOTHING;
}

static int band(enum bw_severity severity)
{
    return severity >= BW_CRIMINAL ? 2 : severity == BW_SERIOUS ? 1 : 0;
}

int64_t case_deadline_utc_ms(const struct case_policy *policy, int kind, enum bw_severity severity,
                             int64_t from_utc_ms)
{
    const uint16_t hours = kind > 0 && kind < CASE_KINDS ? policy->deadline_h[kind][band(severity)] : 0;
    return from_utc_ms + hours * MS_PER_HOUR;
}

bool case_is_overdue(const struct case_clock *clock, int64_t now_utc_ms)
{
    return clock->state == CASE_ASSIGNED && clock->deadline_utc_ms != 0 &&
           now_utc_ms > clock->deadline_utc_ms;
}

/* Who has acknowledged a case has as long again to assign it. */
static int64_t due_utc_ms(const struct case_policy *policy, const struct case_clock *clock)
{
    if (clock->state == CASE_ASSIGNED && clock->deadline_utc_ms != 0)
        return clock->deadline_utc_ms;
    const int64_t n = clock->state == CASE_OPEN ? 1 : 2;
    return clock->opened_utc_ms + n * policy->acknowledge_h * MS_PER_HOUR;
}

uint8_t case_level(const struct case_policy *policy, const struct case_clock *clock, int64_t now_utc_ms)
{
    if (clock->state == CASE_RECTIFIED || case_is_over(clock->state))
        return 0;
    const int64_t over_ms = now_utc_ms - due_utc_ms(policy, clock);
    if (over_ms <= 0)
        return CASE_LEVEL_SCHOOL;
    if (over_ms > policy->escalate_h[1] * MS_PER_HOUR)
        return CASE_LEVEL_HEAD;
    return over_ms > policy->escalate_h[0] * MS_PER_HOUR ? CASE_LEVEL_OFFICER : CASE_LEVEL_SCHOOL;
}

int64_t case_trip_utc_ms(int64_t ended_utc_ms, int64_t raised_utc_ms)
{
    const int64_t offset_ms = REGISTRY_UTC_OFFSET_MIN * (int64_t)60000;
    int32_t day;
    int minute, weekday;
    utc_local(raised_utc_ms, REGISTRY_UTC_OFFSET_MIN, &day, &minute, &weekday);
    const int64_t midnight_utc_ms = day * UTC_MS_PER_DAY - offset_ms;
    return ended_utc_ms > midnight_utc_ms ? ended_utc_ms : midnight_utc_ms;
}
