/* What really happened on a drive, as a JSON document: golden tests hold the judge's answers against it. */
#ifndef BUSWARDEN_SIM_TRUTH_H
#define BUSWARDEN_SIM_TRUTH_H

#include "sim/vehicle.h"

struct truth;

int truth_create(const struct scenario_vehicle *scenario, const struct vehicle_licensed *licensed,
                 struct truth **ret);
void truth_free(struct truth *truth);
/* Every step, in order. */
int truth_step(struct truth *truth, int64_t utc_ms, const struct vehicle_truth *now);
/* {"vehicle","route_id","half_width_m","capacity",
 *  "expected":[{"kind","raised_after","cleared_after","peak"}],   in the order in which they began
 *  "seconds":[{"time","lat","lon","s_m","speed_mps","off_m","aboard","door_open","ignition_on","sky"}]}
 * Of OVERLOAD, UNBELTED and CHILD_LEFT_BEHIND the peak is in pupils, of OFF_ROUTE in metres, of OVERSPEED and
 * DOOR_OPEN_MOVING in km/h, of the others 1. For OFF_ROUTE and OVERSPEED the times are when the edge or the
 * limit was crossed, to a few milliseconds; cleared_after is null when the drive ended so. */
int truth_write(const struct truth *truth, const char *path);

#endif
