/* Simulated drives whose departures are known: roads.h driven as people drive, seen by receivers.h. */
#ifndef BUSWARDEN_BENCH_DRIVES_H
#define BUSWARDEN_BENCH_DRIVES_H

#include "tests/bench/receivers.h"
#include "tests/bench/roads.h"

static const double DT_S = 0.5;

struct state {
    const struct road *on;
    double along_m, speed_mps, cruise_mps, stop_left_s, course_deg;
};

struct drive {
    struct rng rng;
    uint64_t number;
    struct plan plan;
    bool detour_ahead, drifting, night_ahead;
    double wide_from_m, wide_to_m, wide_m, lane_m;
    struct state state;
    struct receiver receiver;
};

void drive_start(struct drive *drive, uint64_t seed, uint64_t number);
/* On the way off its route and back. */
bool drive_departing(const struct drive *drive);
/* True position after DT_S; false at the road's end. */
bool drive_advance(struct drive *drive, struct xy *ret);
/* Seconds that go by unseen: a night at the roadside. */
double drive_night_s(struct drive *drive);

#endif
