#include "bureau/notify/pace.h"

#include "bureau/registry/registry.h"
#include "proto/utc.h"

unsigned pace_ordinary_limit(unsigned limit)
{
    if (limit < 2)
        return limit;
    return limit - (limit < 4 ? 1 : limit / 4);
}

enum pace_next pace_ordinary(unsigned limit, unsigned used, size_t waiting)
{
    const unsigned allowed = pace_ordinary_limit(limit);
    if (waiting == 0 || used >= allowed)
        return PACE_WAIT;
    return waiting <= allowed - used ? PACE_ONE : PACE_DIGEST;
}

enum pace_next pace_urgent(unsigned limit, unsigned used, size_t waiting)
{
    return waiting == 0 || used >= limit ? PACE_WAIT : PACE_ONE;
}

bool pace_is_quiet(const struct notify_quiet *quiet, int64_t now_utc_ms)
{
    int32_t day;
    int minute, weekday;
    utc_local(now_utc_ms, REGISTRY_UTC_OFFSET_MIN, &day, &minute, &weekday);
    if (quiet->from_min <= quiet->until_min)
        return minute >= quiet->from_min && minute < quiet->until_min;
    return minute >= quiet->from_min || minute < quiet->until_min; /* over midnight */
}

int64_t pace_backoff_ms(const struct pace_backoff *backoff, unsigned attempts, uint32_t chance,
                        unsigned asked_s)
{
    const int64_t longest_ms = (int64_t)backoff->longest_s * 1000;
    int64_t pause_ms = (int64_t)backoff->first_s * 1000;
    for (unsigned i = 1; i < attempts && pause_ms < longest_ms; i++)
        pause_ms *= 2;
    if (pause_ms > longest_ms)
        pause_ms = longest_ms;
    const int64_t half_ms = pause_ms / 2, rest_ms = pause_ms - half_ms;
    pause_ms = half_ms + (int64_t)((double)chance / UINT32_MAX * (double)rest_ms);
    const int64_t asked_ms = (int64_t)asked_s * 1000 < longest_ms ? (int64_t)asked_s * 1000 : longest_ms;
    return pause_ms > asked_ms ? pause_ms : asked_ms;
}

bool pace_is_due(int64_t next_utc_ms, int64_t now_utc_ms, unsigned longest_s)
{
    return next_utc_ms <= now_utc_ms || next_utc_ms > now_utc_ms + (int64_t)longest_s * 1000;
}
