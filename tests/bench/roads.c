#include "tests/bench/roads.h"

#include <math.h>

#include "tests/bench/detectors.h"

const char *const road_names[ROAD_KINDS] = {"mountain", "town", "country", "loops"};
const char *const departure_names[DEPART_KINDS] = {"none",   "side road",       "parallel road",
                                                   "U-turn", "stretch missing", "stretch moved"};

double rng_between(struct rng *rng, double low, double high)
{
    return low + (high - low) * rng_uniform(rng);
}

static double side_of(struct rng *rng)
{
    return rng_below(rng, 2) ? 1 : -1;
}

static double bend(struct road *road, double heading, double length_m, double turn_rad)
{
    const size_t steps = (size_t)(length_m / STEP_M) + 1;
    for (size_t i = 0; i < steps && road->n < ROAD_MAX; i++) {
        heading += turn_rad / (double)steps;
        const struct xy last = road->at[road->n - 1];
        road->at[road->n++] = (struct xy){last.x + STEP_M * sin(heading), last.y + STEP_M * cos(heading)};
    }
    return heading;
}

/* Turning off or round at a junction, on a radius of about 8 m. */
static double turn_off(struct road *road, double heading, double turn_rad)
{
    return bend(road, heading, fabs(turn_rad) * 8, turn_rad);
}

/* As near to `to` as whole steps come. */
static void straight_to(struct road *road, struct xy to)
{
    while (road->n < ROAD_MAX) {
        const struct xy from = road->at[road->n - 1];
        const double left_m = hypot(to.x - from.x, to.y - from.y);
        if (left_m < STEP_M)
            return;
        road->at[road->n++] = (struct xy){from.x + (to.x - from.x) * STEP_M / left_m,
                                          from.y + (to.y - from.y) * STEP_M / left_m};
    }
}

static void make_road(struct road *road, struct rng *rng, enum road_kind kind)
{
    const double length_m = rng_between(rng, 3000, 15000), radius_m = rng_between(rng, 80, 400);
    double heading = rng_between(rng, 0, TURN_RAD), side = 1;
    road->n = 1;
    road->at[0] = (struct xy){0, 0};
    while ((double)road->n * STEP_M < length_m && road->n < ROAD_MAX - 600) {
        if (kind == ROAD_MOUNTAIN && rng_below(rng, 3) == 0) { /* switchback: a limb back, 40-60 m apart */
            heading = bend(road, heading, rng_between(rng, 100, 250), 0);
            heading = bend(road, heading, TURN_RAD / 2 * rng_between(rng, 20, 30), side * TURN_RAD / 2);
            side = -side;
        } else if (kind == ROAD_TOWN) {
            heading = bend(road, heading, rng_between(rng, 80, 350), 0);
            heading = bend(road, heading, rng_between(rng, 12, 20), side_of(rng) * TURN_RAD / 4);
        } else if (kind == ROAD_EIGHT) { /* one loop, then the other, over the same crossing */
            heading = bend(road, heading, TURN_RAD * radius_m, side * TURN_RAD);
            side = -side;
        } else {
            heading = bend(road, heading, rng_between(rng, 60, 300),
                           rng_between(rng, -1, 1) * (kind == ROAD_MOUNTAIN ? 1.2 : 0.5));
        }
    }
}

struct xy road_normal(const struct road *road, size_t i)
{
    const size_t a = i > 0 ? i - 1 : 0, b = i + 1 < road->n ? i + 1 : i;
    const double dx = road->at[b].x - road->at[a].x, dy = road->at[b].y - road->at[a].y,
                 d = hypot(dx, dy) + 1e-9;
    return (struct xy){dy / d, -dx / d};
}

static void make_detour(struct plan *plan, struct rng *rng)
{
    struct road *road = &plan->road, *detour = &plan->detour;
    const struct xy n = road_normal(road, plan->leave), to = road->at[plan->back];
    const double ahead = atan2(n.x, n.y) - TURN_RAD / 4; /* a normal is to the right */
    const double side = side_of(rng);
    detour->n = 1;
    detour->at[0] = road->at[plan->leave];
    if (plan->departure == DEPART_SIDE_ROAD) {
        const double heading = turn_off(detour, ahead, side * rng_between(rng, 0.35, 2.1));
        (void)bend(detour, heading, rng_between(rng, 150, 600), rng_between(rng, -0.3, 0.3));
        straight_to(detour, to);
    } else if (plan->departure == DEPART_U_TURN) {
        double heading = turn_off(detour, ahead, side * rng_between(rng, 0.6, 2.1));
        const double out_m = rng_between(rng, 100, 350);
        heading = bend(detour, heading, out_m, 0);
        (void)turn_off(detour, heading, TURN_RAD / 2);
        straight_to(detour, road->at[plan->leave]);
    } else { /* DEPART_PARALLEL: the road's own course at a constant distance, there and back at an angle */
        const double aside_m = side * rng_between(rng, 60, 100);
        const size_t away = (size_t)(fabs(aside_m) / STEP_M);
        for (size_t i = plan->leave; i <= plan->back; i++) {
            const double in = (double)(i - plan->leave) / (double)away,
                         out = (double)(plan->back - i) / (double)away;
            const double share = fmin(1, fmin(in, out));
            const struct xy right = road_normal(road, i);
            straight_to(detour, (struct xy){road->at[i].x + share * aside_m * right.x,
                                            road->at[i].y + share * aside_m * right.y});
        }
    }
}

static void choose_stretch(struct plan *plan, struct rng *rng)
{
    static const double most_m[DEPART_KINDS] = {[DEPART_SIDE_ROAD] = 500,
                                                [DEPART_PARALLEL] = 900,
                                                [DEPART_U_TURN] = 0,
                                                [DEPART_MISSING] = 1500,
                                                [DEPART_MOVED] = 1500};
    const size_t n = plan->road.n;
    const double least_m = plan->departure == DEPART_SIDE_ROAD ? 100 : 350;
    const double long_m =
        plan->departure == DEPART_U_TURN ? 0 : rng_between(rng, least_m, most_m[plan->departure]);
    plan->leave = (size_t)rng_between(rng, (double)n * 0.2, (double)n * 0.7);
    plan->back = plan->leave + (size_t)(long_m / STEP_M);
    if (plan->back >= n - 20)
        plan->back = n - 20;
}

/* --- the drawn route --- */

static void draw_point(struct plan *plan, struct xy at)
{
    const struct corridor_place place = corridor_place(LAT0, 0);
    plan->points[plan->route.n_points++] =
        (struct bw_point){LAT0 + at.y / place.lat_m, LON0 + at.x / place.lon_m};
}

/* A new part begins with the next point; one that has a single point is none. */
static void end_part(struct plan *plan)
{
    struct bw_route *route = &plan->route;
    const uint32_t start = plan->part_start[route->n_parts];
    if (route->n_points - start < 2 || route->n_parts + 1 >= ROUTE_PARTS_MAX) {
        if (route->n_parts + 1 < ROUTE_PARTS_MAX)
            route->n_points = start;
        return;
    }
    plan->part_start[++route->n_parts] = (uint32_t)route->n_points;
}

static void turn_round(struct plan *plan)
{
    struct bw_route *route = &plan->route;
    for (size_t i = 0, j = route->n_points - 1; i < j; i++, j--) {
        const struct bw_point point = plan->points[i];
        plan->points[i] = plan->points[j];
        plan->points[j] = point;
    }
    uint32_t starts[ROUTE_PARTS_MAX + 1];
    for (size_t p = 0; p <= route->n_parts; p++)
        starts[p] = (uint32_t)route->n_points - plan->part_start[route->n_parts - p];
    for (size_t p = 0; p <= route->n_parts; p++)
        plan->part_start[p] = starts[p];
}

/* What somebody drew on a map: every 10-30 m a point, off by a few metres that change slowly; in one part or
 * several, along the drive or against it. */
static void draw_route(struct plan *plan, struct rng *rng)
{
    const double sigma = rng_between(rng, 0, 4), moved_m = side_of(rng) * rng_between(rng, 80, 500);
    const bool in_parts = rng_below(rng, 4) == 0;
    double off = 0;
    plan->route = (struct bw_route){.route_id = "r",
                                    .half_width_m = HALF_WIDTH_M,
                                    .points = plan->points,
                                    .part_start = plan->part_start};
    plan->part_start[0] = 0;
    for (size_t i = 0; i < plan->road.n; i += 2 + rng_below(rng, 5)) {
        const struct xy n = road_normal(&plan->road, i);
        const bool chosen = i >= plan->leave && i <= plan->back;
        off = off * 0.9 + sigma * 0.436 * rng_normal(rng);
        if (chosen && plan->departure == DEPART_MISSING) {
            end_part(plan);
            continue;
        }
        const double aside_m = off + (chosen && plan->departure == DEPART_MOVED ? moved_m : 0);
        draw_point(plan, (struct xy){plan->road.at[i].x + aside_m * n.x, plan->road.at[i].y + aside_m * n.y});
        if (in_parts && rng_below(rng, 60) == 0)
            end_part(plan);
    }
    end_part(plan);
    if (rng_below(rng, 4) == 0)
        turn_round(plan);
}

void plan_make(struct plan *plan, struct rng *rng, enum departure departure)
{
    plan->kind = (enum road_kind)(rng_below(rng, 10) < 9 ? rng_below(rng, 3) : ROAD_EIGHT);
    plan->departure = departure;
    make_road(&plan->road, rng, plan->kind);
    plan->detour.n = 0;
    plan->leave = plan->back = 0;
    if (departure != DEPART_NONE)
        choose_stretch(plan, rng);
    if (departure == DEPART_SIDE_ROAD || departure == DEPART_PARALLEL || departure == DEPART_U_TURN)
        make_detour(plan, rng);
    draw_route(plan, rng);
}
