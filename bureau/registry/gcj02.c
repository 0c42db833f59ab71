#include "bureau/registry/gcj02.h"

#include <math.h>

/* The constants below are those every public implementation shares: the Krassowsky ellipsoid of 1940, and
 * sine series around 105 E 35 N. No official text of the transform exists. */
static const double PI = 3.14159265358979323846;
static const double AXIS_M = 6378245.0;
static const double ECCENTRICITY2 = 0.00669342162296594323;

static const double TOLERANCE_DEG = 1e-10;
enum { ITERATIONS_MAX = 30 }; /* each step gains more than two decimals: 5 are enough away from the edge */

static bool outside_china(struct bw_point p)
{
    return p.lon_deg < 72.004 || p.lon_deg > 137.8347 || p.lat_deg < 0.8293 || p.lat_deg > 55.8271;
}

/* The term that both series share. */
static double ripple(double x)
{
    return (20.0 * sin(6.0 * x * PI) + 20.0 * sin(2.0 * x * PI)) * 2.0 / 3.0;
}

static double shift_north_m(double x, double y)
{
    return -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x)) + ripple(x) +
           (20.0 * sin(y * PI) + 40.0 * sin(y / 3.0 * PI)) * 2.0 / 3.0 +
           (160.0 * sin(y / 12.0 * PI) + 320.0 * sin(y * PI / 30.0)) * 2.0 / 3.0;
}

static double shift_east_m(double x, double y)
{
    return 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x)) + ripple(x) +
           (20.0 * sin(x * PI) + 40.0 * sin(x / 3.0 * PI)) * 2.0 / 3.0 +
           (150.0 * sin(x / 12.0 * PI) + 300.0 * sin(x / 30.0 * PI)) * 2.0 / 3.0;
}

struct bw_point gcj02_from_wgs84(struct bw_point wgs84)
{
    if (outside_china(wgs84))
        return wgs84;
    const double x = wgs84.lon_deg - 105.0, y = wgs84.lat_deg - 35.0;
    const double lat_rad = wgs84.lat_deg * PI / 180.0;
    const double w2 = 1.0 - ECCENTRICITY2 * sin(lat_rad) * sin(lat_rad);
    const double meridian_m = AXIS_M * (1.0 - ECCENTRICITY2) / (w2 * sqrt(w2));
    const double parallel_m = AXIS_M / sqrt(w2) * cos(lat_rad);
    return (struct bw_point){
        .lat_deg = wgs84.lat_deg + shift_north_m(x, y) / meridian_m * 180.0 / PI,
        .lon_deg = wgs84.lon_deg + shift_east_m(x, y) / parallel_m * 180.0 / PI,
    };
}

struct bw_point gcj02_to_wgs84(struct bw_point gcj02)
{
    if (outside_china(gcj02))
        return gcj02;
    struct bw_point guess = gcj02;
    for (int i = 0; i < ITERATIONS_MAX; i++) {
        const struct bw_point image = gcj02_from_wgs84(guess);
        const double lat_error_deg = image.lat_deg - gcj02.lat_deg,
                     lon_error_deg = image.lon_deg - gcj02.lon_deg;
        guess.lat_deg -= lat_error_deg;
        guess.lon_deg -= lon_error_deg;
        if (fabs(lat_error_deg) < TOLERANCE_DEG && fabs(lon_error_deg) < TOLERANCE_DEG)
            break;
    }
    return guess;
}
