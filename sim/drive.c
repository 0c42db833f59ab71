#include "sim/drive.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Within this distance of its place a bus stands there. */
static const double AT_PLACE_M = 0.1;

struct drive {
    struct drive_limits limits;
    size_t n;          /* one speed limit a metre */
    double *limit_mps; /* by bends, and by braking for the bends ahead */
    double s_m, speed_mps, stop_s_m;
};

static void limit_speeds(struct drive *drive, const struct road *road)
{
    const struct drive_limits *limits = &drive->limits;
    double next_mps = limits->cruise_mps;
    for (size_t i = drive->n; i-- > 0;) {
        double curvature_per_m = road_curvature_per_m(road, (double)i);
        double bend_mps = curvature_per_m > 0 ? sqrt(limits->lateral_mps2 / curvature_per_m) : INFINITY;
        double brake_mps = sqrt(next_mps * next_mps + 2 * limits->brake_mps2);
        next_mps = fmin(fmin(bend_mps, brake_mps), limits->cruise_mps);
        drive->limit_mps[i] = next_mps;
    }
}

int drive_create(const struct road *road, const struct drive_limits *limits, struct drive **ret)
{
    struct drive *drive = calloc(1, sizeof *drive);
    if (drive == NULL)
        return -ENOMEM;
    drive->limits = *limits;
    drive->n = (size_t)road_length_m(road) + 1;
    drive->limit_mps = calloc(drive->n, sizeof *drive->limit_mps);
    if (drive->limit_mps == NULL) {
        free(drive);
        return -ENOMEM;
    }
    limit_speeds(drive, road);
    *ret = drive;
    return 0;
}

void drive_free(struct drive *drive)
{
    if (drive == NULL)
        return;
    free(drive->limit_mps);
    free(drive);
}

void drive_hurry(struct drive *drive, double from_m, double to_m, double speed_mps)
{
    double next_mps = INFINITY;
    for (size_t i = drive->n; i-- > 0;) {
        if ((double)i >= from_m && (double)i < to_m)
            drive->limit_mps[i] = speed_mps;
        double brake_mps = sqrt(next_mps * next_mps + 2 * drive->limits.brake_mps2);
        next_mps = drive->limit_mps[i] = fmin(drive->limit_mps[i], brake_mps);
    }
}

void drive_to(struct drive *drive, double stop_s_m)
{
    assert(stop_s_m >= drive->s_m);
    drive->stop_s_m = stop_s_m;
}

static double limit_at(const struct drive *drive)
{
    size_t i = (size_t)drive->s_m;
    if (i + 1 >= drive->n)
        return drive->limit_mps[drive->n - 1];
    double part = drive->s_m - (double)i;
    return (1 - part) * drive->limit_mps[i] + part * drive->limit_mps[i + 1];
}

bool drive_step(struct drive *drive, double dt_s)
{
    double left_m = drive->stop_s_m - drive->s_m;
    if (left_m <= AT_PLACE_M) {
        drive->speed_mps = 0;
        return true;
    }
    double allowed_mps = fmin(limit_at(drive), sqrt(2 * drive->limits.brake_mps2 * left_m));
    drive->speed_mps = fmin(drive->speed_mps + drive->limits.accelerate_mps2 * dt_s, allowed_mps);
    drive->s_m = fmin(drive->s_m + drive->speed_mps * dt_s, drive->stop_s_m);
    return false;
}

double drive_s_m(const struct drive *drive)
{
    return drive->s_m;
}

double drive_speed_mps(const struct drive *drive)
{
    return drive->speed_mps;
}
