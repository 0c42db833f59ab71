#include "sim/nmea.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t UTC_MS = 1789425607000; /* 2026-09-14T22:40:07Z */

static const struct gnss_fix FIX = {
    .valid = true,
    .at = {.lat_deg = 29.14, .lon_deg = 121.03},
    .speed_mps = 10,
    .course_deg = 87.5,
    .hdop = 1,
    .satellites = 9,
};

Test(sim_nmea, a_cycle_is_four_sentences)
{
    struct nmea_cycle cycle;
    nmea_cycle(&FIX, UTC_MS, 180, &cycle);
    cr_expect_str_eq(cycle.line[0], "$GPGSA,A,3,02,05,07,09,13,15,20,26,29,,,,1.70,1.00,1.40*02\r\n");
    cr_expect_str_eq(cycle.line[1], "$GPGST,224007.00,4.0,4.0,4.0,0.0,4.0,4.0,5.6*53\r\n");
    cr_expect_str_eq(cycle.line[2],
                     "$GPRMC,224007.00,A,2908.40000,N,12101.80000,E,19.438,87.50,140926,,,A*64\r\n");
    cr_expect_str_eq(cycle.line[3],
                     "$GPGGA,224007.00,2908.40000,N,12101.80000,E,1,09,1.00,180.0,M,12.0,M,,*51\r\n");
}

Test(sim_nmea, a_cycle_without_a_fix_says_so_in_each)
{
    struct nmea_cycle cycle;
    nmea_cycle(&(struct gnss_fix){.valid = false}, UTC_MS, 180, &cycle);
    cr_expect_eq(strncmp(cycle.line[0], "$GPGSA,A,1,", 11), 0);
    cr_expect_eq(strncmp(cycle.line[1], "$GPGST,224007.00,,", 18), 0);
    cr_expect_eq(strncmp(cycle.line[3], "$GPGGA,224007.00,,,,,0,00,", 26), 0);
    cr_expect_eq(strncmp(cycle.line[2], "$GPRMC,224007.00,V,,,,,,,140926,", 32), 0);
}

Test(sim_nmea, every_checksum_is_the_exclusive_or_of_what_it_covers)
{
    struct gnss_fix fixes[] = {FIX, FIX, FIX, {.valid = false}};
    fixes[1].at = (struct bw_point){.lat_deg = -33.999999999, .lon_deg = -0.0000001};
    fixes[2].course_deg = NAN;
    fixes[2].satellites = 12;
    for (size_t i = 0; i < sizeof fixes / sizeof fixes[0]; i++) {
        struct nmea_cycle cycle;
        nmea_cycle(&fixes[i], UTC_MS, 180, &cycle);
        for (size_t l = 0; l < NMEA_LINES; l++) {
            unsigned sum = 0, said;
            const char *c = cycle.line[l] + 1;
            for (; *c != '*'; c++)
                sum ^= (unsigned char)*c;
            cr_assert_eq(sscanf(c, "*%2X\r\n", &said), 1);
            cr_expect_eq(sum, said, "%s", cycle.line[l]);
            cr_expect_leq(strlen(cycle.line[l]), 82, "longer than NMEA 0183 allows: %s", cycle.line[l]);
        }
    }
}

Test(sim_nmea, minutes_of_arc_never_round_up_to_sixty)
{
    struct gnss_fix fix = FIX;
    fix.at = (struct bw_point){.lat_deg = 28.99999999999, .lon_deg = -179.99999999999};
    struct nmea_cycle cycle;
    nmea_cycle(&fix, UTC_MS, 180, &cycle);
    cr_expect_not_null(strstr(cycle.line[3], ",2900.00000,N,18000.00000,W,"), "%s", cycle.line[3]);
}

Test(sim_nmea, tpv_is_what_gpsd_makes_of_the_cycle)
{
    char tpv[NMEA_TPV_LEN];
    nmea_tpv(&FIX, UTC_MS, "/dev/gps0", 180, tpv);
    cr_expect_str_eq(
        tpv, "{\"class\":\"TPV\",\"device\":\"/dev/gps0\",\"mode\":3,\"time\":\"2026-09-14T22:40:07.000Z\","
             "\"ept\":0.005,\"lat\":29.140000000,\"lon\":121.030000000,\"altHAE\":192.0000,"
             "\"altMSL\":180.0000,\"alt\":180.0000,\"track\":87.5000,\"speed\":10.000,"
             "\"geoidSep\":12.000,\"eph\":19.000}");
    nmea_tpv(&(struct gnss_fix){.valid = false}, UTC_MS, "/dev/gps0", 180, tpv);
    cr_expect_str_eq(
        tpv, "{\"class\":\"TPV\",\"device\":\"/dev/gps0\",\"mode\":1,\"time\":\"2026-09-14T22:40:07.000Z\","
             "\"ept\":0.005}");
}
