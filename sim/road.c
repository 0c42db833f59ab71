#include "sim/road.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
static const double CURVATURE_SPAN_M = 24;
/* Points closer than this are one: they would have no course. */
static const double SAME_POINT_M = 0.01;

struct xy {
    double east_m, north_m;
};

struct road {
    struct bw_point origin;
    struct road_scale scale;
    size_t n;
    struct bw_point *points;
    struct xy *xy;
    double *s_m; /* of each point, from the first */
};

struct road_scale road_scale(double lat_deg)
{
    /* WGS-84: radii of curvature of the meridian and of the prime vertical. */
    const double a_m = 6378137.0, e2 = 0.00669437999014;
    double lat = lat_deg * PI / 180;
    double w = sqrt(1 - e2 * sin(lat) * sin(lat));
    double per_rad_north = a_m * (1 - e2) / (w * w * w);
    double per_rad_east = a_m / w * cos(lat);
    return (struct road_scale){.m_per_lat_deg = per_rad_north * PI / 180,
                               .m_per_lon_deg = per_rad_east * PI / 180};
}

static struct xy to_xy(const struct road *road, struct bw_point point)
{
    return (struct xy){.east_m = (point.lon_deg - road->origin.lon_deg) * road->scale.m_per_lon_deg,
                       .north_m = (point.lat_deg - road->origin.lat_deg) * road->scale.m_per_lat_deg};
}

int road_create(const struct bw_point *points, size_t n_points, struct road **ret)
{
    if (n_points < 2)
        return -EINVAL;
    struct road *road = calloc(1, sizeof *road);
    if (road == NULL)
        return -ENOMEM;
    road->points = calloc(n_points, sizeof *road->points);
    road->xy = calloc(n_points, sizeof *road->xy);
    road->s_m = calloc(n_points, sizeof *road->s_m);
    if (road->points == NULL || road->xy == NULL || road->s_m == NULL) {
        road_free(road);
        return -ENOMEM;
    }
    road->origin = points[0];
    road->scale = road_scale(points[0].lat_deg);
    for (size_t i = 0; i < n_points; i++) {
        struct xy here = to_xy(road, points[i]);
        double step_m = 0;
        if (i > 0) {
            struct xy last = road->xy[road->n - 1];
            step_m = hypot(here.east_m - last.east_m, here.north_m - last.north_m);
            if (step_m < SAME_POINT_M)
                continue;
        }
        road->points[road->n] = points[i];
        road->xy[road->n] = here;
        road->s_m[road->n] = road->n == 0 ? 0 : road->s_m[road->n - 1] + step_m;
        road->n++;
    }
    if (road->n < 2) {
        road_free(road);
        return -EINVAL;
    }
    *ret = road;
    return 0;
}

void road_free(struct road *road)
{
    if (road == NULL)
        return;
    free(road->points);
    free(road->xy);
    free(road->s_m);
    free(road);
}

double road_length_m(const struct road *road)
{
    return road->s_m[road->n - 1];
}

/* Index of the segment that holds s_m; the ends for what lies beyond them. */
static size_t segment_of(const struct road *road, double s_m)
{
    size_t low = 0, high = road->n - 1;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (road->s_m[middle] <= s_m)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Course of travel in radians from north, clockwise. */
static double course_at(const struct road *road, double s_m)
{
    size_t i = segment_of(road, s_m);
    return atan2(road->xy[i + 1].east_m - road->xy[i].east_m, road->xy[i + 1].north_m - road->xy[i].north_m);
}

void road_at(const struct road *road, double s_m, struct bw_point *ret_point, double *ret_course_deg)
{
    double held_m = fmin(fmax(s_m, 0), road_length_m(road));
    size_t i = segment_of(road, held_m);
    double part = (held_m - road->s_m[i]) / (road->s_m[i + 1] - road->s_m[i]);
    if (ret_point != NULL) {
        const struct bw_point *a = &road->points[i], *b = &road->points[i + 1];
        *ret_point = (struct bw_point){.lat_deg = a->lat_deg + part * (b->lat_deg - a->lat_deg),
                                       .lon_deg = a->lon_deg + part * (b->lon_deg - a->lon_deg)};
    }
    if (ret_course_deg != NULL) {
        double deg = course_at(road, held_m) * 180 / PI;
        *ret_course_deg = deg < 0 ? deg + 360 : deg;
    }
}

double road_curvature_per_m(const struct road *road, double s_m)
{
    double turn = course_at(road, s_m + CURVATURE_SPAN_M / 2) - course_at(road, s_m - CURVATURE_SPAN_M / 2);
    return fabs(remainder(turn, 2 * PI)) / CURVATURE_SPAN_M;
}

double road_nearest(const struct road *road, struct bw_point point, double *ret_distance_m)
{
    struct xy p = to_xy(road, point);
    double best_m = INFINITY, best_s_m = 0;
    for (size_t i = 0; i + 1 < road->n; i++) {
        struct xy a = road->xy[i], b = road->xy[i + 1];
        double de = b.east_m - a.east_m, dn = b.north_m - a.north_m;
        double part = ((p.east_m - a.east_m) * de + (p.north_m - a.north_m) * dn) / (de * de + dn * dn);
        part = fmin(fmax(part, 0), 1);
        double distance_m = hypot(p.east_m - a.east_m - part * de, p.north_m - a.north_m - part * dn);
        if (distance_m < best_m) {
            best_m = distance_m;
            best_s_m = road->s_m[i] + part * (road->s_m[i + 1] - road->s_m[i]);
        }
    }
    *ret_distance_m = best_m;
    return best_s_m;
}

int road_splice(const struct road *road, const struct road *way, struct road **ret)
{
    double distance_m;
    double from_m = road_nearest(road, way->points[0], &distance_m);
    double to_m = road_nearest(road, way->points[way->n - 1], &distance_m);
    if (to_m <= from_m)
        return -EINVAL;
    struct bw_point *points = calloc(road->n + way->n, sizeof *points);
    if (points == NULL)
        return -ENOMEM;
    size_t n = 0;
    for (size_t i = 0; i < road->n && road->s_m[i] < from_m; i++)
        points[n++] = road->points[i];
    memcpy(points + n, way->points, way->n * sizeof *points);
    n += way->n;
    for (size_t i = 0; i < road->n; i++) {
        if (road->s_m[i] > to_m)
            points[n++] = road->points[i];
    }
    int rc = road_create(points, n, ret);
    free(points);
    return rc;
}
