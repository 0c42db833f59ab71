/* One report of the receiver, as both the gpsd source and a recorded file must hand it on. */
#ifndef BUSWARDEN_REPORT_H
#define BUSWARDEN_REPORT_H

#include "gateway/source/source.h"

struct gps_report {
    int mode; /* 2 or 3: a fix; 0 or 1: none */
    struct bw_fix fix;
    int64_t utc_ms; /* 0 = none, or none that may be believed */
};

/* Horizontal accuracy in metres: gpsd's eph, else what epx and epy (NaN = absent) amount to, else NaN. */
double gps_accuracy_m(double eph_m, double epx_m, double epy_m);

/* Keep what may be believed: a fix that gps_accept() refuses becomes mode 0, a report of mode < 2 loses its
 * numbers (all NaN), a time outside the window becomes 0. The time of a report without fix is kept when it is
 * in the window: it comes from the receiver's own clock. Returns why a fix was refused, or NULL. */
const char *gps_settle(struct gps_report *report, const struct gps_window *window);

#endif
