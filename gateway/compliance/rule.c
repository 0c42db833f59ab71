#include "gateway/compliance/rule.h"

#include <math.h>

bool rule_known_empty(const struct bw_occupancy *occupancy)
{
    return occupancy->quality == BW_QUALITY_GOOD && occupancy->high == 0;
}

double rule_speed_mps(const struct inputs *in)
{
    if (in->cabin.wheel_known)
        return in->cabin.wheel_mps;
    return in->has_fix ? in->fix.speed_mps : (double)NAN;
}

float rule_speed_kmh(const struct inputs *in)
{
    static const double KMH = 3.6;
    const double speed_mps = rule_speed_mps(in);
    return isfinite(speed_mps) ? (float)(speed_mps * KMH) : 0;
}

double rule_accuracy_m(const struct inputs *in)
{
    static const double USUAL_M = 15;
    return isfinite(in->fix.position.accuracy_m) ? in->fix.position.accuracy_m : USUAL_M;
}

int64_t rule_watched_ms(const struct inputs *in)
{
    return in->passed_ms <= CABIN_FRESH_MS ? in->passed_ms : 0;
}

uint32_t rule_bounded_ms(int64_t ms)
{
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

void rule_timer_run(struct rule_timer *timer, bool on, int64_t passed_ms)
{
    if (timer->on && on)
        timer->ms = rule_bounded_ms(timer->ms + passed_ms);
    timer->on = on;
}

uint8_t rule_weekday_bit(int32_t day)
{
    static const int64_t THURSDAY = 3; /* 1970-01-01, counted from Monday */
    return (uint8_t)(1U << (((day + THURSDAY) % 7 + 7) % 7));
}

int64_t rule_utc_min(const struct inputs *in)
{
    static const int64_t MINUTE_MS = 60000;
    return in->utc_ms / MINUTE_MS;
}

bool rule_local_time(const struct inputs *in, struct local_time *ret)
{
    static const int64_t DAY_MS = 86400000, MINUTE_MS = 60000;
    if (in->clock != BW_CLOCK_GNSS || in->licence == NULL)
        return false;
    const int64_t local_ms = in->utc_ms + in->licence->utc_offset_min * MINUTE_MS;
    const int64_t day = local_ms / DAY_MS - (local_ms % DAY_MS < 0);
    *ret =
        (struct local_time){.day = (int32_t)day, .minute = (uint16_t)((local_ms - day * DAY_MS) / MINUTE_MS)};
    return true;
}

bool rule_permit_in_force(const struct bw_permit *permit, int32_t day)
{
    return permit->status == BW_STATUS_ACTIVE && permit->valid_from_day <= day &&
           day <= permit->valid_until_day;
}

bool rule_permit_weekday(const struct bw_permit *permit, int32_t day)
{
    return permit->weekdays == 0 || (permit->weekdays & rule_weekday_bit(day)) != 0;
}

bool rule_permit_overnight(const struct bw_permit *permit)
{
    return permit->window_start_min > permit->window_end_min;
}
