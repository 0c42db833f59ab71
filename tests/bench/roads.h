/* Roads, the route that somebody drew of them, and a departure from it. Plane metres around one place. */
#ifndef BUSWARDEN_BENCH_ROADS_H
#define BUSWARDEN_BENCH_ROADS_H

#include <stdbool.h>

#include "gateway/compliance/corridor.h"
#include "sim/rng.h"

enum { ROAD_MAX = 8000, ROUTE_PARTS_MAX = 400 };
static const double STEP_M = 5, LAT0 = 29.14, LON0 = 121.03, TURN_RAD = 6.283185307179586;

struct xy {
    double x, y;
};

struct road {
    size_t n;
    struct xy at[ROAD_MAX]; /* every STEP_M */
};

enum road_kind { ROAD_MOUNTAIN, ROAD_TOWN, ROAD_COUNTRY, ROAD_EIGHT, ROAD_KINDS };

/* What the vehicle does that its licence does not allow. */
enum departure {
    DEPART_NONE,
    DEPART_SIDE_ROAD, /* off at an angle, and back further along */
    DEPART_PARALLEL,  /* onto a road 60-100 m beside the route */
    DEPART_U_TURN,    /* into a side road, and back out of it */
    DEPART_MISSING,   /* straight on where the route lacks a stretch */
    DEPART_MOVED,     /* straight on where the route was drawn 80-500 m aside */
    DEPART_KINDS
};
extern const char *const road_names[ROAD_KINDS], *const departure_names[DEPART_KINDS];

struct plan {
    enum road_kind kind;
    enum departure departure;
    struct road road;
    struct road detour; /* begins at road.at[leave] and ends at road.at[back]; empty: the road is followed */
    size_t leave, back;
    struct bw_route route; /* as drawn */
    struct bw_point points[ROAD_MAX + 2];
    uint32_t part_start[ROUTE_PARTS_MAX + 1];
};
void plan_make(struct plan *plan, struct rng *rng, enum departure departure);
/* To the right of the road at point i. */
struct xy road_normal(const struct road *road, size_t i);
double rng_between(struct rng *rng, double low, double high);

#endif
