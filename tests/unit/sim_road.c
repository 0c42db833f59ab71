#include "sim/road.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>

static const double LAT = 29.14, LON = 121.03;

/* Points given in metres east and north of LAT, LON. */
static struct bw_point at_m(double east_m, double north_m)
{
    struct road_scale scale = road_scale(LAT);
    return (struct bw_point){.lat_deg = LAT + north_m / scale.m_per_lat_deg,
                             .lon_deg = LON + east_m / scale.m_per_lon_deg};
}

static struct road *road_of(size_t n, const double (*xy)[2])
{
    struct bw_point points[64];
    for (size_t i = 0; i < n; i++)
        points[i] = at_m(xy[i][0], xy[i][1]);
    struct road *road = NULL;
    cr_assert_eq(road_create(points, n, &road), 0);
    return road;
}

/* A kilometre east, then half a kilometre north. */
static const double CORNER[][2] = {{0, 0}, {400, 0}, {1000, 0}, {1000, 500}};

Test(sim_road, a_degree_is_as_long_as_on_wgs84)
{
    cr_expect_float_eq(road_scale(0).m_per_lat_deg, 110574.3, 0.5);
    cr_expect_float_eq(road_scale(0).m_per_lon_deg, 111319.5, 0.5);
    cr_expect_float_eq(road_scale(45).m_per_lat_deg, 111131.8, 0.5);
    cr_expect_float_eq(road_scale(45).m_per_lon_deg, 78846.8, 0.5);
}

Test(sim_road, places_and_courses_along_it)
{
    static const struct {
        double s_m, east_m, north_m, course_deg;
    } cases[] = {
        {-5, 0, 0, 90},       {0, 0, 0, 90},        {700, 700, 0, 90},
        {1250, 1000, 250, 0}, {1500, 1000, 500, 0}, {9999, 1000, 500, 0},
    };
    struct road *road = road_of(4, CORNER);
    cr_expect_float_eq(road_length_m(road), 1500, 0.01);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bw_point point, expected = at_m(cases[i].east_m, cases[i].north_m);
        double course_deg;
        road_at(road, cases[i].s_m, &point, &course_deg);
        cr_expect_float_eq(point.lat_deg, expected.lat_deg, 1e-8, "case %zu", i);
        cr_expect_float_eq(point.lon_deg, expected.lon_deg, 1e-8, "case %zu", i);
        cr_expect_float_eq(course_deg, cases[i].course_deg, 1e-6, "case %zu", i);
    }
    road_free(road);
}

Test(sim_road, the_nearest_place_may_be_inside_a_segment_or_at_an_end)
{
    static const struct {
        double east_m, north_m, s_m, distance_m;
    } cases[] = {
        {500, 30, 500, 30},
        {1100, 250, 1250, 100},
        {-30, -40, 0, 50},
        {1000, 600, 1500, 100},
    };
    struct road *road = road_of(4, CORNER);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double distance_m;
        double s_m = road_nearest(road, at_m(cases[i].east_m, cases[i].north_m), &distance_m);
        cr_expect_float_eq(s_m, cases[i].s_m, 0.1, "case %zu: s", i);
        cr_expect_float_eq(distance_m, cases[i].distance_m, 0.1, "case %zu: distance", i);
    }
    road_free(road);
}

Test(sim_road, a_bend_of_25_m_has_the_curvature_of_one)
{
    struct bw_point points[41];
    for (int i = 0; i <= 40; i++)
        points[i] = at_m(25 * cos(i * 3.14159265 / 40), 25 * sin(i * 3.14159265 / 40));
    struct road *road = NULL;
    cr_assert_eq(road_create(points, 41, &road), 0);
    cr_expect_float_eq(road_curvature_per_m(road, 39), 1 / 25.0, 0.005);
    road_free(road);
    road = road_of(3, CORNER);
    cr_expect_float_eq(road_curvature_per_m(road, 500), 0, 1e-9, "and a straight road none");
    road_free(road);
}

Test(sim_road, a_spliced_way_replaces_what_lies_between_its_ends)
{
    static const double SIDE[][2] = {{300, 2}, {400, 200}, {600, 200}, {700, -2}};
    struct road *road = road_of(4, CORNER), *side = road_of(4, SIDE), *joined = NULL;
    cr_assert_eq(road_splice(road, side, &joined), 0);
    cr_expect_float_eq(road_length_m(joined), 1500 - 400 + road_length_m(side), 5);
    double distance_m;
    (void)road_nearest(joined, at_m(500, 200), &distance_m);
    cr_expect_lt(distance_m, 0.1, "it goes along the way");
    (void)road_nearest(joined, at_m(500, 0), &distance_m);
    cr_expect_gt(distance_m, 90, "and no longer along what was replaced");
    road_free(joined);

    static const double BACK[][2] = {{700, 0}, {500, 100}, {300, 0}};
    struct road *back = road_of(3, BACK);
    cr_expect_eq(road_splice(road, back, &joined), -EINVAL, "a way that leads back is none");
    road_free(back);
    road_free(side);
    road_free(road);
}

Test(sim_road, needs_two_points_that_differ)
{
    struct bw_point same[2] = {at_m(0, 0), at_m(0, 0)};
    struct road *road = NULL;
    cr_expect_eq(road_create(same, 1, &road), -EINVAL);
    cr_expect_eq(road_create(same, 2, &road), -EINVAL);
    cr_expect_null(road);
}
