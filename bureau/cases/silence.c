#include "bureau/cases/silence.h"

#include "bureau/registry/registry.h"
#include "proto/utc.h"

static const int64_t MS_PER_MIN = 60000;
/* A trip is told when a minute has shown that it is over; presence goes on until the power does. */
static const int64_t TRIP_TOLD_MS = 180000;

const struct silence_settings SILENCE_DEFAULT = {
    .check_s = 60,
    .after_s = 1200,
    .outage_after_s = 300,
    .outage_percent = 50,
    .outage_vehicles = 3,
    .running_percent = 50,
    .schedule_max_min = 240,
};

void silence_add_permit(struct silence_window *window, const struct bw_permit *permit, int64_t now_utc_ms)
{
    int32_t day;
    int minute, weekday;
    utc_local(now_utc_ms, REGISTRY_UTC_OFFSET_MIN, &day, &minute, &weekday);
    if (permit->status != BW_STATUS_ACTIVE || day < permit->valid_from_day || day > permit->valid_until_day ||
        !(permit->weekdays & (1U << (weekday - 1))) || minute < permit->window_start_min)
        return;
    const int64_t midnight_utc_ms = day * UTC_MS_PER_DAY - REGISTRY_UTC_OFFSET_MIN * MS_PER_MIN;
    const int64_t begin_utc_ms = midnight_utc_ms + permit->window_start_min * MS_PER_MIN;
    const int64_t end_utc_ms = midnight_utc_ms + permit->window_end_min * MS_PER_MIN;
    if (begin_utc_ms > window->begin_utc_ms)
        *window = (struct silence_window){begin_utc_ms, end_utc_ms};
    else if (begin_utc_ms == window->begin_utc_ms && end_utc_ms > window->end_utc_ms)
        window->end_utc_ms = end_utc_ms;
}

bool silence_permit_overlaps(const struct bw_permit *permit, int64_t from_utc_ms, int64_t until_utc_ms)
{
    enum { DAYS_MAX = 14 };
    int32_t first_day;
    int minute, weekday;
    utc_local(from_utc_ms, REGISTRY_UTC_OFFSET_MIN, &first_day, &minute, &weekday);
    for (int i = 0; i < DAYS_MAX; i++, weekday = weekday % 7 + 1) {
        const int32_t day = first_day + i;
        const int64_t midnight_utc_ms = day * UTC_MS_PER_DAY - REGISTRY_UTC_OFFSET_MIN * MS_PER_MIN;
        if (midnight_utc_ms > until_utc_ms)
            return false;
        if (permit->status == BW_STATUS_ACTIVE && day >= permit->valid_from_day &&
            day <= permit->valid_until_day && (permit->weekdays & (1U << (weekday - 1))) &&
            midnight_utc_ms + permit->window_start_min * MS_PER_MIN < until_utc_ms &&
            midnight_utc_ms + permit->window_end_min * MS_PER_MIN > from_utc_ms)
            return true;
    }
    return false;
}

/* It was heard of in its window. */
static enum silence_verdict judge_heard(int64_t after_ms, const struct silence_vehicle *vehicle,
                                        const struct silence_bureau *bureau)
{
    const int64_t heard_utc_ms = vehicle->heard_utc_ms, silent_ms = bureau->now_utc_ms - heard_utc_ms;
    if (silent_ms <= after_ms / 4) /* presence comes every 10 s */
        return SILENCE_HEARD;
    if (heard_utc_ms >= vehicle->window.end_utc_ms)
        return SILENCE_DONE;
    const bool trip_over = vehicle->trip_ended_utc_ms >= heard_utc_ms - TRIP_TOLD_MS;
    if (!vehicle->moving && (trip_over || !vehicle->carrying))
        return SILENCE_PARKED;
    if (heard_utc_ms < bureau->up_since_utc_ms || heard_utc_ms <= bureau->outage_end_utc_ms)
        return SILENCE_UNJUDGED; /* it may have parked meanwhile */
    return silent_ms <= after_ms ? SILENCE_WAITING : SILENCE_LOST;
}

enum silence_verdict silence_judge(const struct silence_settings *settings,
                                   const struct silence_vehicle *vehicle, const struct silence_bureau *bureau)
{
    const struct silence_window *window = &vehicle->window;
    const int64_t after_ms = settings->after_s * (int64_t)1000;
    if (!vehicle->enrolled || window->end_utc_ms <= window->begin_utc_ms)
        return SILENCE_NOT_EXPECTED;
    if (bureau->up_since_utc_ms == 0)
        return SILENCE_UNJUDGED;
    /* It may have come to the first stop early. */
    if (vehicle->heard_utc_ms != 0 && vehicle->heard_utc_ms >= window->begin_utc_ms - after_ms)
        return judge_heard(after_ms, vehicle, bureau);
    if (bureau->now_utc_ms <= window->end_utc_ms + after_ms)
        return SILENCE_WAITING;
    if (window->end_utc_ms - window->begin_utc_ms > settings->schedule_max_min * MS_PER_MIN)
        return SILENCE_NOT_EXPECTED;
    if (bureau->up_since_utc_ms > window->begin_utc_ms || bureau->outage_begin_utc_ms != 0 ||
        bureau->outage_end_utc_ms > window->begin_utc_ms)
        return SILENCE_UNJUDGED; /* what it said then waits in the vehicle */
    return vehicle->heard_utc_ms == 0 ? SILENCE_NEVER_SEEN : SILENCE_ABSENT;
}

void silence_count(struct silence_count *count, const struct silence_settings *settings,
                   const struct silence_vehicle *vehicle, const struct silence_bureau *bureau,
                   enum silence_verdict verdict)
{
    const int64_t after_ms = settings->after_s * (int64_t)1000;
    const int64_t since_utc_ms = bureau->outage_begin_utc_ms != 0 ? bureau->outage_begin_utc_ms - after_ms
                                                                  : bureau->now_utc_ms - 2 * after_ms;
    count->of[verdict]++;
    count->lost_at_once += verdict == SILENCE_LOST && vehicle->heard_utc_ms >= since_utc_ms;
}

/* Whoever was heard of in its window today. */
static uint64_t n_ran(const struct silence_count *count)
{
    const uint32_t *of = count->of;
    return (uint64_t)of[SILENCE_HEARD] + of[SILENCE_DONE] + of[SILENCE_PARKED] + of[SILENCE_LOST];
}

static uint64_t n_absent(const struct silence_count *count)
{
    return (uint64_t)count->of[SILENCE_ABSENT] + count->of[SILENCE_NEVER_SEEN];
}

enum silence_county silence_judge_county(const struct silence_settings *settings,
                                         const struct silence_count *county,
                                         const struct silence_bureau *bureau)
{
    const uint64_t lost = county->lost_at_once, heard = county->of[SILENCE_HEARD];
    const uint64_t ran = n_ran(county), absent = n_absent(county);
    if (bureau->up_since_utc_ms == 0)
        return SILENCE_COUNTY_DEAF;
    /* Of those on their way: who has parked would say nothing anyway, and who is waited for, nothing yet. */
    if (lost >= settings->outage_vehicles && lost * 100 >= settings->outage_percent * (lost + heard))
        return SILENCE_COUNTY_BREAK;
    return absent > 0 && ran * 100 < settings->running_percent * (ran + absent) ? SILENCE_COUNTY_QUIET
                                                                                : SILENCE_COUNTY_FINE;
}

bool silence_is_case(enum silence_verdict verdict, enum silence_county county,
                     const struct silence_count *school)
{
    if (verdict == SILENCE_LOST)
        return county == SILENCE_COUNTY_FINE || county == SILENCE_COUNTY_QUIET;
    if (verdict != SILENCE_ABSENT && verdict != SILENCE_NEVER_SEEN)
        return false;
    /* A school of which nobody runs is closed today; of one with a single vehicle that cannot be told. */
    return county == SILENCE_COUNTY_FINE && (n_ran(school) > 0 || n_absent(school) == 1);
}

const char *silence_verdict_name(enum silence_verdict verdict)
{
    static const char *const names[SILENCE_VERDICTS] = {
        [SILENCE_NOT_EXPECTED] = "not_expected",
        [SILENCE_HEARD] = "heard",
        [SILENCE_DONE] = "done",
        [SILENCE_PARKED] = "parked",
        [SILENCE_WAITING] = "waiting",
        [SILENCE_UNJUDGED] = "unjudged",
        [SILENCE_LOST] = "lost",
        [SILENCE_ABSENT] = "absent",
        [SILENCE_NEVER_SEEN] = "never_seen",
    };
    return (unsigned)verdict < SILENCE_VERDICTS ? names[verdict] : "";
}
