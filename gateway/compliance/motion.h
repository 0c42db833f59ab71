/* Does the position move as the vehicle does? Pure.
 *
 * A receiver's speed and course come from Doppler shifts, its position from ranges: where buildings and
 * slopes reflect, the position jumps or slides aside while speed and course hold. `stray` sums, fading over a
 * minute, the part of the position's movement that the vehicle's own movement does not explain: how far aside
 * the position may have been carried lately. It goes back to nothing when the position comes back, and soon
 * when the position is confirmed. Slow drift stays below it, as it must. */
#ifndef BUSWARDEN_MOTION_H
#define BUSWARDEN_MOTION_H

#include <stdbool.h>

struct motion {
    bool started;
    double east_mps, north_mps; /* of the vehicle */
    double stray_east_m, stray_north_m;
    /* Positions alone: */
    double rest_m;   /* what a step usually differs by from the velocity */
    unsigned doubts; /* steps in a row that no bus can have made */
};

/* What one fix tells. speed and course NaN = the receiver does not say: then movement is taken from
 * positions, and only what no vehicle could have driven counts as stray. */
struct motion_step {
    double seconds;         /* since the fix before; NaN for the first */
    double east_m, north_m; /* moved since the fix before */
    double speed_mps, course_deg;
};
/* The receiver itself says how the vehicle moves. Standing, its speed alone does. */
bool motion_given(const struct motion_step *step);
void motion_update(struct motion *motion, const struct motion_step *step);
/* The position is on the line of a road that the vehicle is known to drive: not strayed to there by chance,
 * the longer the less. */
void motion_confirm(struct motion *motion, double seconds);
double motion_stray_m(const struct motion *motion);
/* Of it, in the direction of this unit vector; 0 when it strayed the other way. */
double motion_stray_along_m(const struct motion *motion, double east, double north);

#endif
