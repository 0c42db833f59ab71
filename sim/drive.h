/* How a bus moves along a road: it accelerates and brakes within limits, slows for bends, and stops where it
 * is told. */
#ifndef BUSWARDEN_SIM_DRIVE_H
#define BUSWARDEN_SIM_DRIVE_H

#include <stdbool.h>

#include "sim/road.h"

struct drive_limits {
    double cruise_mps;
    double accelerate_mps2;
    double brake_mps2;
    double lateral_mps2; /* comfort in bends: decides the speed there */
};

struct drive;

/* Stands at the road's beginning. The road is borrowed for the drive's life. -ENOMEM. */
int drive_create(const struct road *road, const struct drive_limits *limits, struct drive **ret);
void drive_free(struct drive *drive);

/* Between these places the driver goes as fast as mps, bends or not, and brakes in time for what comes after.
 * Before the first step. */
void drive_hurry(struct drive *drive, double from_m, double to_m, double speed_mps);

/* Go on to stand at stop_s_m, which must not lie behind. */
void drive_to(struct drive *drive, double stop_s_m);
/* Advance the time. True when it stands at its place. */
bool drive_step(struct drive *drive, double dt_s);

double drive_s_m(const struct drive *drive);
double drive_speed_mps(const struct drive *drive);

#endif
