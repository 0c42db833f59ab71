#include "bureau/registry/gcj02.h"

#include <criterion/criterion.h>
#include <math.h>

static double metres(struct bw_point a, struct bw_point b)
{
    const double metres_per_degree = 111195.0;
    const double north = (a.lat_deg - b.lat_deg) * metres_per_degree;
    const double east = (a.lon_deg - b.lon_deg) * metres_per_degree * cos(a.lat_deg * 0.01745329252);
    return hypot(north, east);
}

/* Every half degree of the box around mainland China. */
#define FOR_CHINA(p)                                                                                         \
    for (struct bw_point p = {18.0, 0.0}; p.lat_deg <= 53.5; p.lat_deg += 0.5)                               \
        for (p.lon_deg = 73.5; p.lon_deg <= 135.0; p.lon_deg += 0.5)

Test(gcj02, known_points)
{
    /* The first is the test vector of googollee/eviltransform; the second by an implementation of our own in
     * another language (it made tests/data/routes-gcj02.geojson). */
    static const struct {
        struct bw_point wgs84, gcj02;
    } cases[] = {
        {{31.1774276, 121.5272106}, {31.17530398364597, 121.531541859215}},
        {{29.1400, 121.0300}, {29.137316177, 121.034318761}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct bw_point shifted = gcj02_from_wgs84(cases[i].wgs84);
        cr_expect_float_eq(shifted.lat_deg, cases[i].gcj02.lat_deg, 1e-9, "%.15g", shifted.lat_deg);
        cr_expect_float_eq(shifted.lon_deg, cases[i].gcj02.lon_deg, 1e-9, "%.15g", shifted.lon_deg);
    }
}

Test(gcj02, inverse_returns_every_point_of_china)
{
    FOR_CHINA(point)
    {
        const struct bw_point back = gcj02_to_wgs84(gcj02_from_wgs84(point));
        cr_assert_float_eq(back.lat_deg, point.lat_deg, 1e-9, "%f %f", point.lat_deg, point.lon_deg);
        cr_assert_float_eq(back.lon_deg, point.lon_deg, 1e-9, "%f %f", point.lat_deg, point.lon_deg);
    }
}

Test(gcj02, shift_is_hundreds_of_metres)
{
    FOR_CHINA(point)
    {
        const double shift_m = metres(point, gcj02_from_wgs84(point));
        const double least_m = point.lon_deg < 100.0 ? 30.0 : 100.0; /* smallest in the Qaidam basin */
        cr_assert(shift_m > least_m && shift_m < 700.0, "%f m at %f %f", shift_m, point.lat_deg,
                  point.lon_deg);
    }
}

Test(gcj02, one_step_inverse_would_err_by_metres)
{
    double worst_m = 0.0;
    FOR_CHINA(point)
    {
        const struct bw_point shifted = gcj02_from_wgs84(point), again = gcj02_from_wgs84(shifted);
        const struct bw_point one_step = {2 * shifted.lat_deg - again.lat_deg,
                                          2 * shifted.lon_deg - again.lon_deg};
        worst_m = fmax(worst_m, metres(point, one_step));
    }
    cr_assert(worst_m > 1.0, "worst %f m: then why iterate", worst_m);
}

Test(gcj02, outside_china_nothing_moves)
{
    static const struct bw_point cases[] = {
        {48.8566, 2.3522}, {37.7749, -122.4194}, {-33.8688, 151.2093}, {0.0, 100.0}, {60.0, 100.0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct bw_point there = gcj02_from_wgs84(cases[i]), back = gcj02_to_wgs84(cases[i]);
        cr_assert_float_eq(there.lat_deg, cases[i].lat_deg, 0.0);
        cr_assert_float_eq(there.lon_deg, cases[i].lon_deg, 0.0);
        cr_assert_float_eq(back.lat_deg, cases[i].lat_deg, 0.0);
        cr_assert_float_eq(back.lon_deg, cases[i].lon_deg, 0.0);
    }
}

Test(gcj02, inverse_ends_even_at_the_edge)
{
    const struct bw_point edge = gcj02_to_wgs84((struct bw_point){30.0, 72.004});
    cr_assert(isfinite(edge.lat_deg) && isfinite(edge.lon_deg));
}
