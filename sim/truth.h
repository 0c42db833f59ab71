/* What really happened on a drive, as a JSON document: golden tests hold the judge's answers against it. */
#ifndef BUSWARDEN_SIM_TRUTH_H
#define BUSWARDEN_SIM_TRUTH_H

#include "sim/vehicle.h"

struct truth;

int truth_create(const struct scenario_vehicle *scenario, double half_width_m, struct truth **ret);
void truth_free(struct truth *truth);
/* Every step, in order. */
int truth_step(struct truth *truth, int64_t utc_ms, const struct vehicle_truth *now);
/* {"vehicle","route_id","half_width_m","capacity",
 *  "expected":[{"kind","raised_after","cleared_after","peak"}],   OVERLOAD: peak aboard; OFF_ROUTE: peak
 * metres "seconds":[{"time","lat","lon","s_m","speed_mps","off_m","aboard","door_open","ignition_on","sky"}]}
 * For OFF_ROUTE the times are when the corridor's edge was crossed, to a few milliseconds; cleared_after is
 * null when the drive ended so. */
int truth_write(const struct truth *truth, const char *path);

#endif
