#include "gateway/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        return 0; /* neither clock can fail on Linux */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

void clock_set(struct vehicle_clock *clock, int64_t utc_ms, int64_t mono_ms)
{
    clock->from_gnss = true;
    clock->offset_ms = utc_ms - mono_ms;
}

int64_t clock_utc_ms(const struct vehicle_clock *clock, int64_t mono_ms, enum bw_clock *ret_quality)
{
    if (clock->from_gnss) {
        *ret_quality = BW_CLOCK_GNSS;
        return mono_ms + clock->offset_ms;
    }
    const int64_t host_ms = read_ms(CLOCK_REALTIME);
    const bool plausible = host_ms >= clock->window.floor_utc_ms && host_ms <= clock->window.ceiling_utc_ms;
    *ret_quality = plausible ? BW_CLOCK_SYSTEM : BW_CLOCK_NONE;
    return plausible ? host_ms : 0;
}
