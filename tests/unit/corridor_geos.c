/* Distance and progress along a route (gateway/compliance/corridor.h) against GEOS, which knows nothing of
 * the earth, and against geodesics on the ellipsoid, which know nothing of routes.
 *
 * The judge scales degrees to metres at the query's own latitude. So each route is projected for each query
 * with that latitude's scale, by the textbook's formula, before GEOS is asked; lengths along it are taken
 * piece by piece, each at its own middle latitude, as the judge defines progress. What the scale itself is
 * worth is asked of geodesics (T. Vincenty, Survey Review 23, 1975).
 *
 * BW_SEED picks other random numbers. Under sanitizers there are fewer points. */
#include <criterion/criterion.h>
#include <geos_c.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/compliance/corridor.h"

#if defined(__SANITIZE_ADDRESS__)
enum { POINTS = 50000 };
#else
enum { POINTS = 1000000 };
#endif
enum { VERTICES_MAX = 2048, PARTS_MAX = 8, DRIVE_POINTS = 60 };

static const double RAD = 0.017453292519943295;
static const double AXIS_M = 6378137.0, FLATTENING = 1 / 298.257223563; /* WGS-84 */
static const double BAR_M = 0.1;

/* --- random numbers --- */

static uint64_t state; /* xorshift64* */

static uint64_t seed_from_environment(void)
{
    const char *text = getenv("BW_SEED");
    const uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 1;
    state = seed * 0x9e3779b97f4a7c15U + 1;
    return seed;
}

static uint64_t bits(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dU;
}

static double between(double low, double high)
{
    return low + (high - low) * (double)(bits() >> 11) / 9007199254740992.0;
}

static unsigned below(unsigned n)
{
    return (unsigned)(bits() >> 33) % n;
}

/* --- the ellipsoid, by the textbook --- */

struct scale {
    double lat_m, lon_m; /* a degree */
};

static struct scale scale_at(double lat_deg)
{
    const double e2 = FLATTENING * (2 - FLATTENING), s = sin(lat_deg * RAD), w = sqrt(1 - e2 * s * s);
    return (struct scale){RAD * AXIS_M * (1 - e2) / (w * w * w), RAD * AXIS_M / w * cos(lat_deg * RAD)};
}

/* Vincenty's inverse formula; for points that are not nearly opposite each other. */
static double geodesic_m(struct bw_point p, struct bw_point q)
{
    const double f = FLATTENING, b = AXIS_M * (1 - f);
    const double l = corridor_lon_difference(q.lon_deg, p.lon_deg) * RAD;
    const double u1 = atan((1 - f) * tan(p.lat_deg * RAD)), u2 = atan((1 - f) * tan(q.lat_deg * RAD));
    double lambda = l, before, sigma, sin_sigma, cos_sigma, cos2_alpha, cos_2m;
    do {
        const double x = cos(u2) * sin(lambda), y = cos(u1) * sin(u2) - sin(u1) * cos(u2) * cos(lambda);
        sin_sigma = sqrt(x * x + y * y);
        if (sin_sigma == 0)
            return 0;
        cos_sigma = sin(u1) * sin(u2) + cos(u1) * cos(u2) * cos(lambda);
        sigma = atan2(sin_sigma, cos_sigma);
        const double sin_alpha = cos(u1) * cos(u2) * sin(lambda) / sin_sigma;
        cos2_alpha = 1 - sin_alpha * sin_alpha;
        cos_2m = cos2_alpha > 0 ? cos_sigma - 2 * sin(u1) * sin(u2) / cos2_alpha : 0;
        const double c = f / 16 * cos2_alpha * (4 + f * (4 - 3 * cos2_alpha));
        before = lambda;
        lambda = l + (1 - c) * f * sin_alpha *
                         (sigma + c * sin_sigma * (cos_2m + c * cos_sigma * (2 * cos_2m * cos_2m - 1)));
    } while (fabs(lambda - before) > 1e-14);
    const double u = cos2_alpha * (AXIS_M * AXIS_M - b * b) / (b * b);
    const double a = 1 + u / 16384 * (4096 + u * (-768 + u * (320 - 175 * u)));
    const double k = u / 1024 * (256 + u * (-128 + u * (74 - 47 * u)));
    const double turn =
        k * sin_sigma *
        (cos_2m + k / 4 *
                      (cos_sigma * (2 * cos_2m * cos_2m - 1) -
                       k / 6 * cos_2m * (4 * sin_sigma * sin_sigma - 3) * (4 * cos_2m * cos_2m - 3)));
    return b * a * (sigma - turn);
}

/* --- random routes --- */

static struct bw_point points[VERTICES_MAX];
static uint32_t part_start[PARTS_MAX + 1];

struct pen {
    struct bw_point origin;
    struct scale scale;
    struct bw_route route;
};

/* As a licence carries it: whole 1e-7 degrees. */
static void draw(struct pen *pen, double east_m, double north_m)
{
    struct bw_route *route = &pen->route;
    if (route->n_points == VERTICES_MAX)
        return;
    const double lat = pen->origin.lat_deg + north_m / pen->scale.lat_m;
    const double lon = pen->origin.lon_deg + east_m / pen->scale.lon_m;
    points[route->n_points++] = (struct bw_point){
        round(lat * 1e7) / 1e7, round(corridor_lon_difference(remainder(lon, 360), 0) * 1e7) / 1e7};
    part_start[route->n_parts] = (uint32_t)route->n_points;
}

static void next_part(struct pen *pen)
{
    if (pen->route.n_parts < PARTS_MAX &&
        part_start[pen->route.n_parts] - part_start[pen->route.n_parts - 1] >= 2)
        pen->route.n_parts++;
}

static void draw_walk(struct pen *pen, unsigned n, double step_m, double bend, bool parts)
{
    double x = 0, y = 0, heading = between(0, 6.28);
    for (unsigned i = 0; i < n; i++) {
        draw(pen, x, y);
        heading += between(-bend, bend);
        if (parts && i + 3 < n && below(12) == 0) {
            next_part(pen);
            x += between(-500, 500);
            y += between(-500, 500);
        }
        const double length_m = step_m * between(0.1, 1.9);
        x += length_m * sin(heading);
        y += length_m * cos(heading);
    }
}

static void draw_switchback(struct pen *pen, unsigned n)
{
    const double limb_m = between(60, 400), apart_m = between(8, 60);
    const unsigned each = 4 + below(12);
    for (unsigned i = 0; i < n; i++) {
        const unsigned limb = i / each;
        const double along = (double)(i % each) / (each - 1) * limb_m;
        draw(pen, limb % 2 == 0 ? along : limb_m - along, limb * apart_m + between(-1, 1));
    }
}

static void draw_eight(struct pen *pen, unsigned n)
{
    const double size_m = between(50, 5000);
    for (unsigned i = 0; i <= n; i++) {
        const double a = 6.283185307179586 * i / n;
        draw(pen, size_m * sin(a), size_m * sin(a) * cos(a));
    }
}

static struct bw_route random_route(void)
{
    static const double lats[] = {29.14, 84.99, -84.99, 0, 60};
    struct pen pen = {.origin = {below(2) == 0 ? lats[below(5)] : between(-85, 85), between(-180, 180)},
                      .route = {.points = points, .part_start = part_start, .n_parts = 1}};
    if (below(4) == 0)
        pen.origin.lon_deg = below(2) == 0 ? 179.9999 : -179.9999;
    pen.scale = scale_at(pen.origin.lat_deg);
    part_start[0] = part_start[1] = 0;
    const unsigned n = below(300) == 0 ? 2000 : 2 + below(60);
    switch (below(6)) {
    case 0:
        draw_walk(&pen, n, between(5, 50), 0.6, false);
        break;
    case 1:
        draw_walk(&pen, n, between(5, 200), 0.6, true);
        break;
    case 2:
        draw_walk(&pen, n, 30, 3.1, false);
        break; /* crosses itself all over */
    case 3:
        draw_walk(&pen, 2 + below(6), between(1000, 30000), 1, false);
        break; /* few long pieces */
    case 4:
        draw_switchback(&pen, n + 4);
        break;
    default:
        draw_eight(&pen, n + 3);
        break;
    }
    if (part_start[pen.route.n_parts] - part_start[pen.route.n_parts - 1] < 2)
        draw(&pen, 40, 40);
    return pen.route;
}

/* --- random queries --- */

static struct bw_point aside(struct bw_point p, double distance_m)
{
    const struct scale scale = scale_at(p.lat_deg);
    const double direction = between(0, 6.283185307179586);
    return (struct bw_point){
        p.lat_deg + distance_m * cos(direction) / scale.lat_m,
        corridor_lon_difference(remainder(p.lon_deg + distance_m * sin(direction) / scale.lon_m, 360), 0)};
}

static struct bw_point on_line(const struct bw_route *route, size_t i, double t)
{
    const struct bw_point *a = &route->points[i], *b = &route->points[i + 1 < route->n_points ? i + 1 : i];
    return (struct bw_point){
        a->lat_deg + t * (b->lat_deg - a->lat_deg),
        corridor_lon_difference(a->lon_deg + t * corridor_lon_difference(b->lon_deg, a->lon_deg), 0)};
}

/* On a vertex, on the line, beside it, away, far away. */
static struct bw_point random_query(const struct bw_route *route)
{
    const struct bw_point on = on_line(route, below((unsigned)route->n_points), between(0, 1));
    switch (below(6)) {
    case 0:
        return route->points[below((unsigned)route->n_points)];
    case 1:
        return on;
    case 2:
        return aside(on, between(0, 5));
    case 3:
        return aside(on, between(5, 100));
    case 4:
        return aside(on, between(100, 5000));
    default:
        return aside(on, between(5000, 200000));
    }
}

/* --- the reference --- */

/* The route as a query sees it, in metres from it, and how long it is up to each vertex, seen so and seen by
 * the judge. */
struct reference {
    GEOSGeometry *line, *point;
    double seen_m[VERTICES_MAX], progress_m[VERTICES_MAX];
    double x_m[VERTICES_MAX], y_m[VERTICES_MAX];
};

static struct reference reference;

static GEOSGeometry *part_of(const struct bw_route *route, size_t part)
{
    static double xy[2 * VERTICES_MAX];
    const unsigned n = part_start[part + 1] - part_start[part];
    for (unsigned i = 0; i < n; i++) {
        xy[2 * i] = reference.x_m[part_start[part] + i];
        xy[2 * i + 1] = reference.y_m[part_start[part] + i];
    }
    (void)route;
    return GEOSGeom_createLineString(GEOSCoordSeq_copyFromBuffer(xy, n, 0, 0));
}

static void measure_route(const struct bw_route *route)
{
    double sum_m = 0;
    for (size_t part = 0, i = 0; part < route->n_parts; part++)
        for (; i < part_start[part + 1]; i++) {
            if (i > part_start[part]) {
                const struct bw_point *a = &points[i - 1], *b = &points[i];
                const struct scale scale = scale_at((a->lat_deg + b->lat_deg) / 2);
                sum_m += hypot(corridor_lon_difference(b->lon_deg, a->lon_deg) * scale.lon_m,
                               (b->lat_deg - a->lat_deg) * scale.lat_m);
            }
            reference.progress_m[i] = sum_m;
        }
}

static void project(const struct bw_route *route, struct bw_point from)
{
    GEOSGeometry *parts[PARTS_MAX];
    const struct scale scale = scale_at(from.lat_deg);
    double sum_m = 0;
    for (size_t part = 0, i = 0; part < route->n_parts; part++) {
        for (; i < part_start[part + 1]; i++) {
            reference.x_m[i] = corridor_lon_difference(points[i].lon_deg, from.lon_deg) * scale.lon_m;
            reference.y_m[i] = (points[i].lat_deg - from.lat_deg) * scale.lat_m;
            if (i > part_start[part]) {
                const double dx = reference.x_m[i] - reference.x_m[i - 1],
                             dy = reference.y_m[i] - reference.y_m[i - 1];
                sum_m += sqrt(dx * dx + dy * dy);
            }
            reference.seen_m[i] = sum_m;
        }
        parts[part] = part_of(route, part);
    }
    reference.line = route->n_parts == 1
                         ? parts[0]
                         : GEOSGeom_createCollection(GEOS_MULTILINESTRING, parts, (unsigned)route->n_parts);
    reference.point = GEOSGeom_createPointFromXY(0, 0);
}

static void forget(void)
{
    GEOSGeom_destroy(reference.line);
    GEOSGeom_destroy(reference.point);
}

/* The judge's progress as length of the projected line, and how far the point there is from the query. */
static double seen_of(const struct bw_route *route, double progress_m, double *ret_away_m)
{
    size_t low = 0, high = route->n_points - 1; /* the last vertex not beyond it, and the one after */
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (reference.progress_m[middle] <= progress_m)
            low = middle;
        else
            high = middle;
    }
    const double length_m = reference.progress_m[high] - reference.progress_m[low];
    const double t = length_m > 0 ? fmin(fmax((progress_m - reference.progress_m[low]) / length_m, 0), 1) : 0;
    *ret_away_m = hypot(reference.x_m[low] + t * (reference.x_m[high] - reference.x_m[low]),
                        reference.y_m[low] + t * (reference.y_m[high] - reference.y_m[low]));
    return reference.seen_m[low] + t * (reference.seen_m[high] - reference.seen_m[low]);
}

struct tally {
    unsigned points, ties;
    double worst_distance_m, worst_progress_m;
};

static void no_notice(const char *format, ...)
{
    (void)format;
}

/* Where two places of the route are as near as each other, either is right: then the place that the judge
 * names must be as far away as it says, which is as far as GEOS says. */
static void compare(const struct bw_route *route, struct corridor *corridor, struct bw_point from,
                    struct tally *tally, uint64_t seed)
{
    static const double TIE_M = 1e-3;
    struct corridor_hit hit;
    double geos_m, away_m;
    const struct corridor_place place = corridor_place(from.lat_deg, from.lon_deg);
    corridor_nearest(corridor, &place, &hit);
    project(route, from);
    cr_assert_eq(GEOSDistance(reference.line, reference.point, &geos_m), 1);
    const double distance_error_m = fabs(hit.distance_m - geos_m);
    const double seen_m = seen_of(route, hit.progress_m, &away_m);
    const double progress_error_m = fabs(seen_m - GEOSProject(reference.line, reference.point));
    forget();
    cr_assert_lt(distance_error_m, BAR_M, "seed %llu, point %u: %.6f m, GEOS %.6f m",
                 (unsigned long long)seed, tally->points, hit.distance_m, geos_m);
    tally->points++;
    tally->worst_distance_m = fmax(tally->worst_distance_m, distance_error_m);
    if (progress_error_m < BAR_M) {
        tally->worst_progress_m = fmax(tally->worst_progress_m, progress_error_m);
        return;
    }
    tally->ties++;
    cr_assert_float_eq(away_m, geos_m, TIE_M, "seed %llu, point %u: at %.3f m it is %.6f m away, GEOS %.6f m",
                       (unsigned long long)seed, tally->points, hit.progress_m, away_m, geos_m);
}

/* Half of the points anywhere, half as a vehicle would drive, which is what the corridor remembers for. */
Test(corridor_geos, distance_and_progress_are_those_of_geos)
{
    const uint64_t seed = seed_from_environment();
    struct tally tally = {0};
    initGEOS(no_notice, no_notice);
    while (tally.points < POINTS) {
        const struct bw_route route = random_route();
        void *memory = malloc(corridor_size(&route));
        struct corridor *corridor = corridor_init(memory, &route);
        measure_route(&route);
        for (int i = 0; i < DRIVE_POINTS; i++)
            compare(&route, corridor, random_query(&route), &tally, seed);
        const double pace = between(0.05, 2), off_m = between(0, 60);
        for (int i = 0; i < DRIVE_POINTS; i++) {
            const double at = fmod(pace * i, (double)route.n_points);
            compare(&route, corridor, aside(on_line(&route, (size_t)at, at - floor(at)), off_m), &tally,
                    seed);
        }
        free(memory);
    }
    finishGEOS();
    (void)fprintf(stderr, "seed %llu: %u points, distance within %.7f m, progress within %.7f m, %u ties\n",
                  (unsigned long long)seed, tally.points, tally.worst_distance_m, tally.worst_progress_m,
                  tally.ties);
    cr_expect_lt(tally.ties, tally.points / 50);
}

/* --- the scale --- */

Test(corridor_geos, scale_is_the_textbooks_at_every_latitude)
{
    double worst_m = 0;
    for (int i = -90000; i <= 90000; i++) {
        const struct corridor_place place = corridor_place(i / 1000.0, 0);
        const struct scale scale = scale_at(i / 1000.0);
        worst_m = fmax(worst_m, fmax(fabs(place.lat_m - scale.lat_m), fabs(place.lon_m - scale.lon_m)));
    }
    cr_expect_lt(worst_m, 1e-4, "%g m a degree", worst_m);
}

Test(corridor_geos, geodesics_are_those_of_published_lines)
{
    static const struct {
        struct bw_point p, q;
        double m;
    } rows[] = {
        /* Flinders Peak to Buninyong, Geoscience Australia (GRS80, 0.1 mm from WGS-84) */
        {{-37.951033417, 144.424867889}, {-37.652821139, 143.926495528}, 54972.271},
        {{0, 0}, {0, 1}, 111319.4908},
        {{0, 0}, {1, 0}, 110574.3886},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_float_eq(geodesic_m(rows[i].p, rows[i].q), rows[i].m, 2e-3, "row %zu: %.4f", i,
                           geodesic_m(rows[i].p, rows[i].q));
}

/* Least geodesic distance from a short piece of road, by golden section. */
static double geodesic_to_piece_m(const struct bw_route *route, struct bw_point from)
{
    static const double GOLDEN = 0.6180339887498949;
    double low = 0, high = 1;
    while (high - low > 1e-7) {
        const double t1 = high - GOLDEN * (high - low), t2 = low + GOLDEN * (high - low);
        if (geodesic_m(on_line(route, 0, t1), from) < geodesic_m(on_line(route, 0, t2), from))
            high = t2;
        else
            low = t1;
    }
    return geodesic_m(on_line(route, 0, (low + high) / 2), from);
}

Test(corridor_geos, distances_up_to_500_m_are_those_on_the_ellipsoid)
{
    const uint64_t seed = seed_from_environment();
    double worst_m = 0, worst_lat_deg = 0, worst_below_60_m = 0;
    for (int i = 0; i < POINTS / 50; i++) {
        struct pen pen = {.origin = {between(-85, 85), between(-180, 180)},
                          .route = {.points = points, .part_start = part_start, .n_parts = 1}};
        part_start[0] = 0;
        pen.scale = scale_at(pen.origin.lat_deg);
        draw(&pen, 0, 0);
        draw(&pen, between(-500, 500), between(-500, 500));
        void *memory = malloc(corridor_size(&pen.route));
        struct corridor *corridor = corridor_init(memory, &pen.route);
        const struct bw_point from = aside(on_line(&pen.route, 0, between(0, 1)), between(0, 500));
        const struct corridor_place place = corridor_place(from.lat_deg, from.lon_deg);
        struct corridor_hit hit;
        corridor_nearest(corridor, &place, &hit);
        free(memory);
        const double error_m = fabs(hit.distance_m - geodesic_to_piece_m(&pen.route, from));
        if (error_m > worst_m)
            worst_lat_deg = from.lat_deg;
        worst_m = fmax(worst_m, error_m);
        if (fabs(from.lat_deg) < 60)
            worst_below_60_m = fmax(worst_below_60_m, error_m);
    }
    cr_expect_lt(worst_m, BAR_M, "seed %llu: %g m", (unsigned long long)seed, worst_m);
    (void)fprintf(stderr, "seed %llu: distances within %.4f m (at %.1f degrees), below 60 degrees %.4f m\n",
                  (unsigned long long)seed, worst_m, worst_lat_deg, worst_below_60_m);
}

/* 100 km of mountain road. */
Test(corridor_geos, progress_over_100_km_is_the_sum_of_geodesics)
{
    static const double lats_deg[] = {0, 29.14, 53, 70, 84};
    const uint64_t seed = seed_from_environment();
    for (size_t row = 0; row < sizeof lats_deg / sizeof lats_deg[0]; row++) {
        struct pen pen = {.origin = {lats_deg[row], 179.9},
                          .route = {.points = points, .part_start = part_start, .n_parts = 1}};
        part_start[0] = 0;
        pen.scale = scale_at(pen.origin.lat_deg);
        draw_walk(&pen, 2000, 50, 0.5, false);
        double sum_m = 0, worst_m = 0;
        void *memory = malloc(corridor_size(&pen.route));
        struct corridor *corridor = corridor_init(memory, &pen.route);
        for (size_t i = 1; i < pen.route.n_points; i++) {
            struct corridor_hit hit;
            const struct corridor_place place = corridor_place(points[i].lat_deg, points[i].lon_deg);
            sum_m += geodesic_m(points[i - 1], points[i]);
            corridor_nearest(corridor, &place, &hit);
            if (i + 1 == pen.route.n_points || i % 100 == 0)
                worst_m = fmax(worst_m, fabs(hit.progress_m - sum_m));
        }
        free(memory);
        cr_expect_lt(worst_m, BAR_M, "seed %llu, %g degrees: %g m of %g m", (unsigned long long)seed,
                     lats_deg[row], worst_m, sum_m);
        (void)fprintf(stderr, "seed %llu: at %g degrees progress over %.0f km is within %.4f m\n",
                      (unsigned long long)seed, lats_deg[row], sum_m / 1000, worst_m);
    }
}
