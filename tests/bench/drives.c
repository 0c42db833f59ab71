#include "tests/bench/drives.h"

#include <math.h>

static const double NIGHT_S = 53000;

/* Offset to the right: the lane, and a road so wide that the route's line is on its other side. */
static double aside_m(const struct drive *drive, double along_m)
{
    double m = drive->lane_m;
    if (drive->state.on == &drive->plan.road && along_m > drive->wide_from_m && along_m < drive->wide_to_m)
        m += drive->wide_m *
             fmin(1, fmin((along_m - drive->wide_from_m) / 150, (drive->wide_to_m - along_m) / 150));
    return m;
}

static void drive_speed(struct drive *drive, double turn_rad, bool may_stop)
{
    struct state *s = &drive->state;
    const double safe_mps = fmin(s->cruise_mps, sqrt(2.0 * 30 / (turn_rad + 1e-3)));
    if (s->stop_left_s > 0) {
        s->stop_left_s -= DT_S;
        s->speed_mps = fmax(0, s->speed_mps - 2.5 * DT_S);
        return;
    }
    s->speed_mps += fmax(-2.5 * DT_S, fmin(1.2 * DT_S, safe_mps - s->speed_mps));
    if (may_stop && rng_uniform(&drive->rng) < DT_S / 180)
        s->stop_left_s = rng_below(&drive->rng, 20) == 0 ? 600 : rng_between(&drive->rng, 5, 60);
}

bool drive_departing(const struct drive *drive)
{
    const struct state *s = &drive->state;
    const double here = s->along_m / STEP_M;
    if (drive->plan.departure == DEPART_NONE)
        return false;
    if (drive->plan.detour.n > 0)
        return s->on == &drive->plan.detour;
    return here >= (double)drive->plan.leave - 20 && here <= (double)drive->plan.back + 20;
}

bool drive_advance(struct drive *drive, struct xy *ret)
{
    struct plan *plan = &drive->plan;
    struct state *s = &drive->state;
    size_t i = (size_t)(s->along_m / STEP_M);
    if (s->on == &plan->detour && i + 8 >= s->on->n) {
        s->on = &plan->road;
        i = plan->back;
        s->along_m = (double)i * STEP_M;
    }
    if (i + 8 >= s->on->n)
        return false;
    const struct xy *at = &s->on->at[i];
    const double here = atan2(at[1].x - at[0].x, at[1].y - at[0].y),
                 there = atan2(at[7].x - at[6].x, at[7].y - at[6].y);
    /* a delay counts driving, not standing */
    drive_speed(drive, fabs(remainder(there - here, TURN_RAD)), !drive_departing(drive));
    const double t = s->along_m / STEP_M - (double)i;
    const struct xy n = road_normal(s->on, i);
    const double aside = aside_m(drive, s->along_m);
    *ret = (struct xy){at[0].x + (at[1].x - at[0].x) * t + aside * n.x,
                       at[0].y + (at[1].y - at[0].y) * t + aside * n.y};
    s->course_deg = here * 360 / TURN_RAD;
    s->along_m += s->speed_mps * DT_S;
    if (s->on == &plan->road && drive->detour_ahead && i >= plan->leave) {
        drive->detour_ahead = false;
        s->on = &plan->detour;
        s->along_m = 0;
    }
    return true;
}

void drive_start(struct drive *drive, uint64_t seed, uint64_t number)
{
    struct rng *rng = &drive->rng;
    rng_seed(rng, seed * 1000003 + number, "off_route");
    drive->number = number;
    const enum departure departure =
        rng_below(rng, 2) == 0 ? DEPART_NONE : (enum departure)(1 + rng_below(rng, DEPART_KINDS - 1));
    plan_make(&drive->plan, rng, departure);
    drive->detour_ahead = drive->plan.detour.n > 0;
    drive->lane_m = rng_between(rng, -6, 6);
    drive->wide_m = rng_below(rng, 12) == 0 ? rng_between(rng, 18, 28) : 0;
    drive->wide_from_m = rng_between(rng, 0, (double)drive->plan.road.n * STEP_M / 2);
    drive->wide_to_m = drive->wide_from_m + rng_between(rng, 400, 1500);
    drive->night_ahead = rng_below(rng, 10) == 0;
    drive->state = (struct state){.on = &drive->plan.road, .cruise_mps = rng_between(rng, 7, 16)};
    drive->receiver = receiver_make(rng);
}

double drive_night_s(struct drive *drive)
{
    if (!drive->night_ahead || drive_departing(drive) || drive->state.stop_left_s <= 0 ||
        drive->state.speed_mps > 0)
        return 0;
    drive->night_ahead = false;
    receiver_wake(&drive->receiver);
    return NIGHT_S;
}
