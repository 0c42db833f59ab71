#include "gateway/source/report.h"

#include <math.h>

double gps_accuracy_m(double eph_m, double epx_m, double epy_m)
{
    if (isfinite(eph_m))
        return eph_m;
    if (isfinite(epx_m) && isfinite(epy_m))
        return hypot(epx_m, epy_m);
    return NAN;
}

static bool within(double value, double low, double high)
{
    return value >= low && value <= high; /* false for NaN */
}

static bool unknown_or_within(double value, double low, double high)
{
    return isnan(value) || within(value, low, high);
}

bool gps_accept(int mode, const struct bw_fix *fix, int64_t utc_ms, const struct gps_window *window,
                const char **ret_reason)
{
    static const double ACCURACY_MAX_M = 1e6, SPEED_MAX_MPS = 1e3; /* beyond: not a measurement at all */
    const struct bw_position *position = &fix->position;
    const struct {
        bool good;
        const char *otherwise;
    } checks[] = {
        {mode >= 2, "no fix"},
        {utc_ms != 0, "fix without a date"},
        {utc_ms >= window->floor_utc_ms, "date too early"},
        {utc_ms <= window->ceiling_utc_ms, "date too late"},
        {within(position->lat_deg, -90, 90), "latitude out of range"},
        {within(position->lon_deg, -180, 180), "longitude out of range"},
        {unknown_or_within(position->accuracy_m, 0, ACCURACY_MAX_M), "accuracy out of range"},
        {unknown_or_within(fix->speed_mps, 0, SPEED_MAX_MPS), "speed out of range"},
        {unknown_or_within(fix->course_deg, 0, 360), "course out of range"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (!checks[i].good) {
            *ret_reason = checks[i].otherwise;
            return false;
        }
    }
    return true;
}

const char *gps_settle(struct gps_report *report, const struct gps_window *window)
{
    const char *reason = NULL;
    if (report->mode >= 2 && !gps_accept(report->mode, &report->fix, report->utc_ms, window, &reason))
        report->mode = 0;
    if (report->mode < 2)
        report->fix = (struct bw_fix){{NAN, NAN, NAN}, NAN, NAN};
    if (report->utc_ms < window->floor_utc_ms || report->utc_ms > window->ceiling_utc_ms)
        report->utc_ms = 0;
    return reason;
}
