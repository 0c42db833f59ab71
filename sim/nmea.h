/* One second of a receiver as NMEA 0183, and as the TPV object that gpsd 3.22 makes of it. */
#ifndef BUSWARDEN_SIM_NMEA_H
#define BUSWARDEN_SIM_NMEA_H

#include "sim/gnss.h"

enum { NMEA_LINES = 4, NMEA_LINE_LEN = 96, NMEA_TPV_LEN = 512 };

/* GSA, GST, RMC and GGA. The order is what gpsd 3.22 makes one TPV a second of: it takes the DOP values
 * before the position that they belong to; and as it reads no time from a GGA without a fix, an RMC after a
 * GGA makes it take each of them for the end of a cycle once there has been an outage. Each line ends in CR
 * LF. */
struct nmea_cycle {
    char line[NMEA_LINES][NMEA_LINE_LEN];
};

/* Whole seconds of UTC, years 2000..2099. */
void nmea_cycle(const struct gnss_fix *fix, int64_t utc_ms, double altitude_m, struct nmea_cycle *ret);

/* The first line that gpspipe -w writes, then one TPV a cycle; no newline. The position is that of the
 * sentences, rounded as they are; eph is gpsd's own estimate of 19 m a unit of HDOP. */
extern const char nmea_tpv_head[];
void nmea_tpv(const struct gnss_fix *fix, int64_t utc_ms, const char *device, double altitude_m,
              char ret[NMEA_TPV_LEN]);

#endif
