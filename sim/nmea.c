#include "sim/nmea.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "proto/utc.h"

static const double KNOTS_PER_MPS = 3600 / 1852.0;
/* gpsd's error model multiplies HDOP by this when it has no better estimate (its H_UERE_NO_DGPS, 95 %). */
static const double GPSD_UERE_M = 19;
static const double PDOP_PER_HDOP = 1.7, VDOP_PER_HDOP = 1.4;
static const double GEOID_SEPARATION_M = 12; /* eastern Zhejiang */
static const unsigned SATELLITE_IDS[] = {2, 5, 7, 9, 13, 15, 20, 26, 29};
static const double SIGMA_PER_HDOP_M = 4;
enum { GSA_SLOTS = 12, SATELLITE_ID_COUNT = sizeof SATELLITE_IDS / sizeof SATELLITE_IDS[0] };

const char nmea_tpv_head[] =
    "{\"class\":\"VERSION\",\"release\":\"3.22\",\"rev\":\"3.22\",\"proto_major\":3,\"proto_minor\":14}";

/* Sentences carry hundred-thousandths of a minute of arc. */
static long long angle_units(double deg)
{
    return llround(fabs(deg) * 60 * 1e5);
}

/* "2908.40000,N": whole degrees in `width` digits, then minutes. */
static void angle_text(double deg, int width, char positive, char negative, char *ret, size_t size)
{
    long long units = angle_units(deg);
    (void)snprintf(ret, size, "%0*lld%02lld.%05lld,%c", width, units / 6000000, units / 100000 % 60,
                   units % 100000, deg < 0 ? negative : positive);
}

/* One sentence: what stands between '$' and '*', and the checksum, which is the exclusive or of all of it. */
__attribute__((format(printf, 2, 3))) static void sentence(char ret[NMEA_LINE_LEN], const char *format, ...)
{
    char body[NMEA_LINE_LEN - 8];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(body, sizeof body, format, args);
    va_end(args);
    unsigned sum = 0;
    for (const char *c = body; *c != '\0'; c++)
        sum ^= (unsigned char)*c;
    (void)snprintf(ret, NMEA_LINE_LEN, "$%s*%02X\r\n", body, sum & 0xff);
}

static void without_fix(const char *time, const char *date, struct nmea_cycle *ret)
{
    sentence(ret->line[0], "GPGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99");
    sentence(ret->line[1], "GPGST,%s,,,,,,,", time);
    sentence(ret->line[2], "GPRMC,%s,V,,,,,,,%s,,,N", time, date);
    sentence(ret->line[3], "GPGGA,%s,,,,,0,00,99.99,,,,,,", time);
}

static void gsa(const struct gnss_fix *fix, char ret[NMEA_LINE_LEN])
{
    char ids[NMEA_LINE_LEN] = "";
    size_t len = 0;
    for (unsigned i = 0; i < GSA_SLOTS; i++) {
        if (i < fix->satellites && i < SATELLITE_ID_COUNT)
            len += (size_t)snprintf(ids + len, sizeof ids - len, ",%02u", SATELLITE_IDS[i]);
        else
            len += (size_t)snprintf(ids + len, sizeof ids - len, ",");
    }
    sentence(ret, "GPGSA,A,3%s,%.2f,%.2f,%.2f", ids, fix->hdop * PDOP_PER_HDOP, fix->hdop,
             fix->hdop * VDOP_PER_HDOP);
}

void nmea_cycle(const struct gnss_fix *fix, int64_t utc_ms, double altitude_m, struct nmea_cycle *ret)
{
    char utc[UTC_TEXT_LEN]; /* 2026-09-15T06:30:00.250Z */
    utc_format(utc_ms, utc);
    char time[16], date[8];
    (void)snprintf(time, sizeof time, "%.2s%.2s%.2s.00", utc + 11, utc + 14, utc + 17);
    (void)snprintf(date, sizeof date, "%.2s%.2s%.2s", utc + 8, utc + 5, utc + 2);
    if (!fix->valid) {
        without_fix(time, date, ret);
        return;
    }
    char lat[32], lon[32], course[32] = "";
    angle_text(fix->at.lat_deg, 2, 'N', 'S', lat, sizeof lat);
    angle_text(fix->at.lon_deg, 3, 'E', 'W', lon, sizeof lon);
    if (!isnan(fix->course_deg))
        (void)snprintf(course, sizeof course, "%.2f", fix->course_deg);
    double sigma_m = SIGMA_PER_HDOP_M * fix->hdop;
    gsa(fix, ret->line[0]);
    sentence(ret->line[1], "GPGST,%s,%.1f,%.1f,%.1f,0.0,%.1f,%.1f,%.1f", time, sigma_m, sigma_m, sigma_m,
             sigma_m, sigma_m, sigma_m * VDOP_PER_HDOP);
    sentence(ret->line[2], "GPRMC,%s,A,%s,%s,%.3f,%s,%s,,,A", time, lat, lon, fix->speed_mps * KNOTS_PER_MPS,
             course, date);
    sentence(ret->line[3], "GPGGA,%s,%s,%s,1,%02u,%.2f,%.1f,M,%.1f,M,,", time, lat, lon, fix->satellites,
             fix->hdop, altitude_m, GEOID_SEPARATION_M);
}

static double rounded_deg(double deg)
{
    return copysign((double)angle_units(deg) / 6e6, deg);
}

void nmea_tpv(const struct gnss_fix *fix, int64_t utc_ms, const char *device, double altitude_m,
              char ret[NMEA_TPV_LEN])
{
    char utc[UTC_TEXT_LEN];
    utc_format(utc_ms, utc);
    if (!fix->valid) {
        (void)snprintf(ret, NMEA_TPV_LEN,
                       "{\"class\":\"TPV\",\"device\":\"%s\",\"mode\":1,\"time\":\"%s\",\"ept\":0.005}",
                       device, utc);
        return;
    }
    char course[32] = "";
    if (!isnan(fix->course_deg))
        (void)snprintf(course, sizeof course, ",\"track\":%.4f", fix->course_deg);
    (void)snprintf(ret, NMEA_TPV_LEN,
                   "{\"class\":\"TPV\",\"device\":\"%s\",\"mode\":3,\"time\":\"%s\",\"ept\":0.005,"
                   "\"lat\":%.9f,\"lon\":%.9f,\"altHAE\":%.4f,\"altMSL\":%.4f,\"alt\":%.4f%s,\"speed\":%.3f,"
                   "\"geoidSep\":%.3f,\"eph\":%.3f}",
                   device, utc, rounded_deg(fix->at.lat_deg), rounded_deg(fix->at.lon_deg),
                   altitude_m + GEOID_SEPARATION_M, altitude_m, altitude_m, course, fix->speed_mps,
                   GEOID_SEPARATION_M, fix->hdop * GPSD_UERE_M);
}
