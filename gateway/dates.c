#include "gateway/dates.h"

#include "proto/utc.h"

/* 2026-09-01: moved forward with each school year's release, and never past the recordings of the tests. */
static const int64_t SOFTWARE_UTC_MS = INT64_C(1788220800000);
static const int64_t FIVE_YEARS_MS = INT64_C(1826) * 86400000;

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct gps_window dates_believable(const struct bw_licence *licence, bool recorded)
{
    struct gps_window window = {SOFTWARE_UTC_MS, SOFTWARE_UTC_MS + FIVE_YEARS_MS};
    if (licence == NULL)
        return window;
    if (licence->issued_utc_ms > SOFTWARE_UTC_MS)
        window.ceiling_utc_ms = licence->issued_utc_ms + FIVE_YEARS_MS;
    for (size_t i = 0; recorded && i < licence->n_permits; i++)
        window.floor_utc_ms =
            earlier(window.floor_utc_ms, licence->permits[i].valid_from_day * UTC_MS_PER_DAY -
                                             licence->utc_offset_min * INT64_C(60000));
    return window;
}
