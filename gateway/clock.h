/* The vehicle's idea of time: monotonic always, UTC from the last fix carried forward, else the host's when
 * plausible. */
#ifndef BUSWARDEN_CLOCK_H
#define BUSWARDEN_CLOCK_H

#include "gateway/source/source.h"

struct vehicle_clock {
    struct gps_window window; /* what a plausible date is */
    bool from_gnss;
    int64_t offset_ms; /* UTC - monotonic, when from_gnss */
};

int64_t clock_mono_ms(void);
/* A fix said that it is utc_ms now. */
void clock_set(struct vehicle_clock *clock, int64_t utc_ms, int64_t mono_ms);
/* UTC in ms, or 0 when nobody knows. */
int64_t clock_utc_ms(const struct vehicle_clock *clock, int64_t mono_ms, enum bw_clock *ret_quality);

#endif
