/* Nearest point of a route (gateway/compliance/corridor.h), held against trying every segment. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/compliance/corridor.h"

static struct corridor *build(const struct bw_route *route)
{
    void *memory = malloc(corridor_size(route));
    cr_assert_not_null(memory);
    return corridor_init(memory, route);
}

/* The plain way: every segment in turn. */
static double plain_distance_m(const struct bw_route *route, double lat_deg, double lon_deg)
{
    double best = INFINITY;
    const struct corridor_place place = corridor_place(lat_deg, 0);
    for (size_t part = 0; part < route->n_parts; part++)
        for (size_t i = route->part_start[part]; i + 1 < route->part_start[part + 1]; i++) {
            const struct bw_point *a = &route->points[i], *b = a + 1;
            const double ax = corridor_lon_difference(a->lon_deg, lon_deg) * place.lon_m,
                         ay = (a->lat_deg - lat_deg) * place.lat_m;
            const double bx = corridor_lon_difference(b->lon_deg, lon_deg) * place.lon_m,
                         by = (b->lat_deg - lat_deg) * place.lat_m;
            const double dx = bx - ax, dy = by - ay, len2 = dx * dx + dy * dy;
            const double t = len2 > 0 ? fmax(0, fmin(1, -(ax * dx + ay * dy) / len2)) : 0;
            best = fmin(best, hypot(ax + t * dx, ay + t * dy));
        }
    return best;
}

static struct corridor_hit nearest(struct corridor *corridor, double lat_deg, double lon_deg)
{
    const struct corridor_place place = corridor_place(lat_deg, lon_deg);
    struct corridor_hit hit;
    corridor_nearest(corridor, &place, &hit);
    return hit;
}

static double uniform(unsigned *seed)
{
    return (double)rand_r(seed) / RAND_MAX;
}

/* A random walk with parts, somewhere; every fourth crosses the antimeridian, every fourth lies far north. */
static struct bw_route random_route(unsigned *seed, struct bw_point *points, uint32_t *part_start)
{
    const unsigned kind = (unsigned)rand_r(seed) % 4;
    double lat = kind == 1 ? 75 : uniform(seed) * 120 - 60,
           lon = kind == 2 ? 179.99 : uniform(seed) * 340 - 170;
    double heading = uniform(seed) * 6.28;
    struct bw_route route = {
        .points = points, .part_start = part_start, .n_points = 2 + (size_t)rand_r(seed) % 400};
    part_start[route.n_parts] = 0;
    for (size_t i = 0; i < route.n_points; i++) {
        points[i] =
            (struct bw_point){round(lat * 1e7) / 1e7, round(corridor_lon_difference(lon, 0) * 1e7) / 1e7};
        heading += uniform(seed) * 1.5 - 0.75;
        lat += cos(heading) * 2e-4;
        lon += sin(heading) * 2e-4 / cos(lat * 0.0174533);
        if (i >= part_start[route.n_parts] + 1 && i + 2 < route.n_points && rand_r(seed) % 100 == 0)
            part_start[++route.n_parts] = (uint32_t)i + 1;
    }
    part_start[++route.n_parts] = (uint32_t)route.n_points;
    return route;
}

Test(corridor, agrees_with_trying_every_segment)
{
    static struct bw_point points[512];
    static uint32_t part_start[512];
    for (unsigned round = 0; round < 400; round++) {
        unsigned seed = round;
        const struct bw_route route = random_route(&seed, points, part_start);
        struct corridor *corridor = build(&route);
        for (int i = 0; i < 50; i++) {
            /* Near the route as a drive would be, and now and then far away. */
            const struct bw_point *near = &points[(size_t)rand_r(&seed) % route.n_points];
            const double spread = rand_r(&seed) % 10 == 0 ? 0.5 : 0.002;
            const double lat = near->lat_deg + (uniform(&seed) - 0.5) * spread;
            const double lon = corridor_lon_difference(near->lon_deg + (uniform(&seed) - 0.5) * spread, 0);
            const struct corridor_hit hit = nearest(corridor, lat, lon);
            cr_assert_float_eq(hit.distance_m, plain_distance_m(&route, lat, lon), 1e-3, "seed %u point %d",
                               round, i);
        }
        free(corridor);
    }
}

Test(corridor, distance_progress_and_bearings_of_a_straight_road)
{
    struct bw_point points[] = {{29.14, 121.03}, {29.15, 121.03}};
    uint32_t part_start[] = {0, 2};
    const struct bw_route route = {.n_points = 2, .points = points, .n_parts = 1, .part_start = part_start};
    struct corridor *corridor = build(&route);
    struct corridor_hit hit;
    const struct corridor_place place = corridor_place(29.145, 0);
    hit = nearest(corridor, 29.145, 121.031);
    cr_expect_float_eq(hit.distance_m, place.lon_m * 0.001, 1e-3);
    cr_expect_float_eq(hit.progress_m, place.lat_m * 0.005, 0.01);
    cr_expect_float_eq(hit.along_north, 1, 1e-9);
    cr_expect_float_eq(hit.along_east, 0, 1e-9);
    cr_expect_float_eq(hit.away_east, 1, 1e-6);
    hit = nearest(corridor, 29.16, 121.03);
    cr_expect_float_eq(hit.distance_m, place.lat_m * 0.01, 0.1);
    cr_expect_float_eq(hit.progress_m, place.lat_m * 0.01, 0.1);
    free(corridor);
}

Test(corridor, parts_are_not_joined)
{
    /* Two roads 2 km apart; a point half way between them is 1 km from both. */
    struct bw_point points[] = {{29.10, 121.00}, {29.10, 121.01}, {29.118, 121.01}, {29.118, 121.00}};
    uint32_t part_start[] = {0, 2, 4};
    const struct bw_route route = {.n_points = 4, .points = points, .n_parts = 2, .part_start = part_start};
    struct corridor *corridor = build(&route);
    const struct corridor_hit hit = nearest(corridor, 29.109, 121.01);
    cr_expect_float_eq(hit.distance_m, 998, 3);
    free(corridor);
}

Test(corridor, scale_is_that_of_the_ellipsoid)
{
    static const struct {
        double lat_deg, lat_m, lon_m;
    } rows[] = {
        {0, 110574.3, 111319.5}, {30, 110852.4, 96486.3}, {60, 111412.3, 55800.0}}; /* published tables */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct corridor_place place = corridor_place(rows[i].lat_deg, 0);
        cr_expect_float_eq(place.lat_m, rows[i].lat_m, 0.5, "%g", rows[i].lat_deg);
        cr_expect_float_eq(place.lon_m, rows[i].lon_m, 0.5, "%g", rows[i].lat_deg);
    }
}

/* Polynomials of its own: within 0.1 mm a degree of the radii of curvature of WGS-84. */
Test(corridor, scale_is_as_exact_from_pole_to_pole)
{
    static const double RAD = 0.017453292519943295, AXIS_M = 6378137, E2 = 0.0066943799901413165;
    for (double lat_deg = -90; lat_deg <= 90; lat_deg += 0.25) {
        const double w2 = 1 - E2 * sin(lat_deg * RAD) * sin(lat_deg * RAD);
        const struct corridor_place place = corridor_place(lat_deg, 0);
        cr_expect_float_eq(place.lat_m, RAD * AXIS_M * (1 - E2) / (w2 * sqrt(w2)), 1e-4, "%g", lat_deg);
        cr_expect_float_eq(place.lon_m, RAD * AXIS_M / sqrt(w2) * cos(lat_deg * RAD), 1e-4, "%g", lat_deg);
    }
}

Test(corridor, longitude_differences_wrap_at_the_antimeridian)
{
    static const struct {
        double a_deg, b_deg, difference_deg;
    } rows[] = {{180, 0, -180},         {179.5, 0, 179.5},  {180.5, 0, -179.5}, {-180, 0, -180},
                {-179.5, 0, -179.5},    {-180.5, 0, 179.5}, {-179, 179, 2},     {179, -179, -2},
                {121.25, 121.5, -0.25}, {-180, 180, 0},     {180, -180, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(corridor_lon_difference(rows[i].a_deg, rows[i].b_deg), rows[i].difference_deg, "row %zu",
                     i);
}

/* --- drawn in metres around 29.1 N 121.03 E, or around the equator --- */

static struct bw_point origin;

static struct bw_point metres(double east_m, double north_m)
{
    const struct corridor_place place = corridor_place(origin.lat_deg, 0);
    return (struct bw_point){origin.lat_deg + north_m / place.lat_m, origin.lon_deg + east_m / place.lon_m};
}

enum { DRAWN_MAX = 128 };
struct drawing {
    struct bw_point points[DRAWN_MAX];
    uint32_t part_start[3];
    struct bw_route route;
};

static struct drawing drawing;

static void set_up(void)
{
    origin = (struct bw_point){29.1, 121.03};
    drawing = (struct drawing){0};
}
TestSuite(corridor, .init = set_up);

/* The next vertex of the present part. */
static void draw(double east_m, double north_m)
{
    cr_assert_lt(drawing.route.n_points, (size_t)DRAWN_MAX);
    drawing.points[drawing.route.n_points++] = metres(east_m, north_m);
    drawing.part_start[drawing.route.n_parts] = (uint32_t)drawing.route.n_points;
}

static void begin_part(void)
{
    drawing.route.points = drawing.points;
    drawing.route.part_start = drawing.part_start;
    drawing.route.n_parts++;
}

static struct corridor_hit nearest_m(struct corridor *corridor, double east_m, double north_m)
{
    const struct bw_point point = metres(east_m, north_m);
    return nearest(corridor, point.lat_deg, point.lon_deg);
}

static void expect_as_plain(struct corridor *corridor, double east_m, double north_m)
{
    const struct bw_point point = metres(east_m, north_m);
    const double plain_m = plain_distance_m(&drawing.route, point.lat_deg, point.lon_deg);
    const double found_m = nearest_m(corridor, east_m, north_m).distance_m;
    cr_expect_float_eq(found_m, plain_m, 0.02, "%g m east, %g m north: %g m and not %g m", east_m, north_m,
                       found_m, plain_m);
}

Test(corridor, a_road_that_is_nowhere_wide_has_progress_at_each_of_its_points)
{
    begin_part();
    for (int i = 0; i < 40; i++)
        draw(0, 25 * i);
    struct corridor *corridor = build(&drawing.route);
    for (int i = 0; i < 78; i++) {
        const struct corridor_hit hit = nearest_m(corridor, 200, 12.5 * i);
        cr_expect_float_eq(hit.distance_m, 200, 0.1, "%g m", 12.5 * i);
        cr_expect_float_eq(hit.progress_m, 12.5 * i, 0.1, "%g m: %g m", 12.5 * i, hit.progress_m);
    }
    free(corridor);
}

Test(corridor, progress_goes_on_within_steps_of_one_metre)
{
    begin_part();
    for (int i = 0; i < 30; i++)
        draw(i, 0);
    struct corridor *corridor = build(&drawing.route);
    for (double east_m = 0.25; east_m < 29; east_m += 0.5) {
        const struct corridor_hit hit = nearest_m(corridor, east_m, -3);
        cr_expect_float_eq(hit.progress_m, east_m, 0.02, "%g m: %g m", east_m, hit.progress_m);
        cr_expect_float_eq(hit.distance_m, 3, 0.01);
    }
    free(corridor);
}

Test(corridor, directions_are_those_of_the_segment_and_of_the_way_to_the_query)
{
    static const struct {
        double east_m, north_m, along_east, along_north, away_east, away_north, progress_m;
    } rows[] = {
        {40, 7, 1, 0, 0, 1, 40},         {100.5, 30, 0, 1, 1, 0, 130}, {99.5, 30, 0, 1, -1, 0, 130},
        {-3, -4, 1, 0, -0.6, -0.8, 0},   {60, -0.5, 1, 0, 0, -1, 60},  {103, 104, 0, 1, 0.6, 0.8, 200},
        {104, -3, 1, 0, 0.8, -0.6, 100}, {50, 100, 0, 1, -1, 0, 200},
    };
    begin_part();
    draw(0, 0);
    draw(100, 0);
    draw(100, 100);
    struct corridor *corridor = build(&drawing.route);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct corridor_hit hit = nearest_m(corridor, rows[i].east_m, rows[i].north_m);
        cr_expect_float_eq(hit.along_east, rows[i].along_east, 0.01, "row %zu", i);
        cr_expect_float_eq(hit.along_north, rows[i].along_north, 0.01, "row %zu", i);
        cr_expect_float_eq(hit.away_east, rows[i].away_east, 0.01, "row %zu: %g", i, hit.away_east);
        cr_expect_float_eq(hit.away_north, rows[i].away_north, 0.01, "row %zu: %g", i, hit.away_north);
        cr_expect_float_eq(hit.progress_m, rows[i].progress_m, 0.1, "row %zu: %g", i, hit.progress_m);
    }
    free(corridor);
}

Test(corridor, on_the_line_there_is_no_way_to_it)
{
    begin_part();
    draw(0, 0);
    draw(100, 0);
    struct corridor *corridor = build(&drawing.route);
    const struct corridor_hit hit = nearest(corridor, origin.lat_deg, origin.lon_deg);
    cr_expect_eq(hit.distance_m, 0);
    cr_expect_eq(hit.away_east, 0);
    cr_expect_eq(hit.away_north, 0);
    cr_expect_eq(hit.progress_m, 0);
    free(corridor);
}

Test(corridor, long_narrow_teeth_are_followed_to_their_tips)
{
    begin_part();
    for (int i = 0; i < 40; i++)
        draw(i, i % 2 == 0 ? 0 : 50);
    draw(40, 300); /* and one that stands out */
    for (int i = 41; i < 60; i++)
        draw(i, i % 2 == 0 ? 0 : 50);
    struct corridor *corridor = build(&drawing.route);
    for (int i = 0; i < 59; i++)
        for (double t = 0.05; t < 1; t += 0.1) {
            const struct bw_point *a = &drawing.points[i], *b = a + 1;
            const double lat = a->lat_deg + t * (b->lat_deg - a->lat_deg);
            const struct corridor_hit hit =
                nearest(corridor, lat, a->lon_deg + t * (b->lon_deg - a->lon_deg));
            cr_expect_float_eq(hit.distance_m, 0, 0.02, "tooth %d at %g: %g m", i, t, hit.distance_m);
        }
    free(corridor);
}

/* Eight segments to the east up to (0, 0), and from there to the north: the corner stands between two leaves
 * of the tree. By an excursion the box of the first or the second leaf holds the surroundings of the corner.
 */
static struct corridor *a_corner(bool first_holds_it, bool second_holds_it)
{
    begin_part();
    for (int i = 0; i < 8; i++)
        draw(-80 + 10 * i, 0);
    if (first_holds_it)
        drawing.points[6] = metres(50, -200);
    draw(0, 0);
    draw(0, 200);
    for (int i = 0; i < 7; i++)
        draw(0, 210 + 10 * i);
    if (second_holds_it)
        drawing.points[12] = metres(200, -100);
    return build(&drawing.route);
}

/* Roads from all sides meet in one place, and the vehicle is there to the last digit: few of them, and more
 * than a search remembers. */
Test(corridor, of_all_segments_through_a_place_the_first_wins)
{
    static const size_t corners[] = {5, 30, 301};
    static struct bw_point points[301];
    for (size_t n = 0; n < 3; n++) {
        uint32_t part_start[] = {0, (uint32_t)corners[n]};
        const struct bw_route route = {
            .n_points = corners[n], .points = points, .n_parts = 1, .part_start = part_start};
        for (size_t i = 0; i < corners[n]; i++)
            points[i] = i % 2 == 0 ? origin : metres(100 * cos((double)i), 100 * sin((double)i));
        struct corridor *corridor = build(&route);
        const struct bw_point *end = &points[corners[n] - 2];
        (void)nearest(corridor, end->lat_deg, end->lon_deg); /* so that the last was the nearest before */
        const struct corridor_hit hit = nearest(corridor, origin.lat_deg, origin.lon_deg);
        cr_expect_eq(hit.distance_m, 0);
        cr_expect_eq(hit.progress_m, 0, "%zu corners: %g m", corners[n], hit.progress_m);
        free(corridor);
    }
}

static void expect_the_first(struct corridor *corridor, double aside_m)
{
    for (int i = 0; i < 2; i++) { /* found, and found again with what was remembered */
        const struct corridor_hit hit = nearest_m(corridor, aside_m, -aside_m);
        cr_expect_float_eq(hit.distance_m, aside_m * sqrt(2), 0.01);
        cr_expect_gt(hit.along_east, 0.7, "the one that ends at the corner");
    }
}

Test(corridor, of_two_segments_as_near_the_first_wins)
{
    static const struct {
        bool first_holds_it, second_holds_it;
        double aside_m;
    } rows[] = {{false, false, 10}, {true, false, 10}, {false, true, 10}, {true, false, 0.003}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        struct corridor *corridor = a_corner(rows[i].first_holds_it, rows[i].second_holds_it);
        expect_the_first(corridor, rows[i].aside_m);
        free(corridor);

        set_up();
        corridor = a_corner(rows[i].first_holds_it, rows[i].second_holds_it);
        (void)nearest_m(corridor, -150, 150); /* so that the second is the one that was nearest before */
        expect_the_first(corridor, rows[i].aside_m);
        free(corridor);
    }
}

/* The second may be tried first when it was the nearest before: rounding must not let it win. */
Test(corridor, half_way_between_two_roads_the_first_wins_whichever_was_nearest_before)
{
    for (int length = 3; length < 200; length++)
        for (int before = -1; before <= 1; before += 2) {
            set_up();
            origin = (struct bw_point){0, 0};
            for (int part = 0; part < 2; part++) {
                begin_part();
                draw(-length, part == 0 ? -110 : 110);
                draw(length, part == 0 ? -110 : 110);
            }
            struct corridor *corridor = build(&drawing.route);
            (void)nearest_m(corridor, 0, before * 300);
            const struct corridor_hit hit = nearest(corridor, 0, 1e-7 * (length % 7));
            cr_expect_gt(hit.away_north, 0.9, "%d m, and %d before", length, before);
            free(corridor);
        }
}

Test(corridor, a_part_that_begins_with_the_last_segment_of_a_leaf_is_whole)
{
    begin_part();
    for (int i = 0; i < 7; i++)
        draw(-100 + 10 * i, 0);
    begin_part();
    draw(0, 0);
    draw(0, 300);
    draw(20, 0);
    for (int i = 0; i < 8; i++)
        draw(30 + 10 * i, 0);
    struct corridor *corridor = build(&drawing.route);
    for (int i = 0; i < 30; i++)
        expect_as_plain(corridor, 0, 10 * i);
    free(corridor);
}

/* From one street to another, 400 m away and part of the same route, and back: what is remembered of the one
 * must not hide the other. On the equator, where a latitude may be as far north as the one before was south.
 */
Test(corridor, what_was_near_before_hides_nothing_that_is_nearer_now)
{
    origin.lat_deg = 0;
    for (int part = 0; part < 2; part++) {
        begin_part();
        for (int i = 0; i < 12; i++)
            draw(10 * i, part == 0 ? -200 : 200);
    }
    struct corridor *corridor = build(&drawing.route);
    for (int side = -1; side <= 1; side += 2)
        for (double moved_m = 0; moved_m <= 400; moved_m += 0.25) {
            expect_as_plain(corridor, 50, side * 200);
            expect_as_plain(corridor, 50, side * (200 - moved_m));
            expect_as_plain(corridor, 50, side * 200);
            expect_as_plain(corridor, 50 + moved_m, side * (200 - moved_m));
        }
    free(corridor);
}

Test(corridor, from_the_other_end_of_the_world_the_route_is_far)
{
    origin.lat_deg = -89;
    origin.lon_deg = 0;
    begin_part();
    for (int i = 0; i < 37; i++)
        draw(10 * i, 10 * (i % 3));
    struct corridor *corridor = build(&drawing.route);
    cr_expect_float_eq(nearest(corridor, 85, 179).distance_m / plain_distance_m(&drawing.route, 85, 179), 1,
                       1e-6);
    expect_as_plain(corridor, 100, 40);
    free(corridor);
}

/* More lies around than is remembered: several lanes of a vertex every half metre. */
Test(corridor, a_road_drawn_every_half_metre_is_as_near_as_any)
{
    enum { LANES = 4, EACH = 200 };
    static struct bw_point points[LANES * EACH];
    uint32_t part_start[] = {0, LANES * EACH};
    const struct bw_route route = {
        .n_points = LANES * EACH, .points = points, .n_parts = 1, .part_start = part_start};
    for (int i = 0; i < LANES * EACH; i++) {
        const int lane = i / EACH, along = i % EACH;
        points[i] = metres((lane % 2 == 0 ? along : EACH - 1 - along) * 0.5, lane * 20);
    }
    struct corridor *corridor = build(&route);
    for (double east_m = -10; east_m < 110; east_m += 0.7)
        for (double north_m = -5; north_m < 70; north_m += 9.3) {
            const struct bw_point at = metres(east_m, north_m);
            cr_expect_float_eq(nearest(corridor, at.lat_deg, at.lon_deg).distance_m,
                               plain_distance_m(&route, at.lat_deg, at.lon_deg), 0.02,
                               "%g m east, %g m north", east_m, north_m);
        }
    free(corridor);
}

/* Streets so dense that now more, now less lies around than is remembered, and a vehicle that is driven about
 * in them. */
Test(corridor, agrees_with_trying_every_segment_of_dense_streets)
{
    enum { CORNERS = 300 };
    static struct bw_point points[CORNERS];
    uint32_t part_start[] = {0, CORNERS};
    const struct bw_route route = {
        .n_points = CORNERS, .points = points, .n_parts = 1, .part_start = part_start};
    for (unsigned round = 0; round < 60; round++) {
        unsigned seed = round;
        const double step_m = 3 + 12 * uniform(&seed), bend = 2 * uniform(&seed);
        double heading = 0, east_m = 0, north_m = 0;
        for (size_t i = 0; i < CORNERS; i++) {
            points[i] = metres(east_m, north_m);
            heading += bend * (uniform(&seed) - 0.5);
            east_m += step_m * sin(heading);
            north_m += step_m * cos(heading);
        }
        struct corridor *corridor = build(&route);
        east_m = north_m = 0;
        for (int i = 0; i < 150; i++) {
            east_m += 60 * (uniform(&seed) - 0.5);
            north_m += 60 * (uniform(&seed) - 0.4);
            const struct bw_point at = metres(east_m, north_m);
            cr_assert_float_eq(nearest(corridor, at.lat_deg, at.lon_deg).distance_m,
                               plain_distance_m(&route, at.lat_deg, at.lon_deg), 0.02, "seed %u point %d",
                               round, i);
        }
        free(corridor);
    }
}

Test(corridor, memory_need_not_be_cleared)
{
    begin_part();
    for (int i = 0; i < 40; i++)
        draw(25 * i, 10 * (i % 3));
    void *memory = malloc(corridor_size(&drawing.route));
    cr_assert_not_null(memory);
    memset(memory, 0x5a, corridor_size(&drawing.route));
    struct corridor *corridor = corridor_init(memory, &drawing.route);
    for (int i = 0; i < 100; i++)
        expect_as_plain(corridor, 10 * i, 30);
    free(memory);
}

/* Around a pole the scale of longitudes changes with every metre: what is remembered there tells nothing. */
Test(corridor, around_a_pole_what_was_near_before_changes_no_answer)
{
    static struct bw_point points[16];
    uint32_t part_start[] = {0, 16};
    const struct bw_route route = {.n_points = 16, .points = points, .n_parts = 1, .part_start = part_start};
    for (int pole = -1; pole <= 1; pole += 2) {
        for (int i = 0; i < 16; i++)
            points[i] = (struct bw_point){pole * (89.9994 + 4e-6 * i), 10 + 0.3 * i};
        struct corridor *told = build(&route);
        for (int i = 0; i < 400; i++) {
            struct corridor *fresh = build(&route);
            const double lat_deg = pole * (89.9991 + 1e-6 * (i * 37 % 400)),
                         lon_deg = 10 + 0.2 * (i * 91 % 400 - 200);
            cr_expect_eq(nearest(told, lat_deg, lon_deg).distance_m,
                         nearest(fresh, lat_deg, lon_deg).distance_m, "place %d", i);
            free(fresh);
        }
        free(told);
    }
}
