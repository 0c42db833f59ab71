/* One simulated school vehicle: it drives its path, stops, takes pupils in, and says ten times a second what
 * really is and what its instruments make of it. No clock and no I/O. */
#ifndef BUSWARDEN_SIM_VEHICLE_H
#define BUSWARDEN_SIM_VEHICLE_H

#include "sim/atlas.h"
#include "sim/can.h"
#include "sim/scenario.h"

enum { VEHICLE_STEP_MS = 100, VEHICLE_EVENTS_MAX = 8, VEHICLE_EVENT_LEN = 256, VEHICLE_REASON_LEN = 256 };

struct vehicle_truth {
    struct bw_point at;
    double s_m; /* along the path that is driven */
    double speed_mps, course_deg;
    double off_m;              /* from the line of the licensed route */
    unsigned aboard, unbelted; /* pupils; those whose belt is open */
    bool door_open, ignition_on, sky;
    bool away_from_stop; /* pupils get on or off here, at no approved stop */
    bool power_cut, antenna_cut, silent;
};

struct vehicle_output {
    struct vehicle_truth truth;
    size_t n_frames;
    struct can_frame frames[CAN_FRAMES];
    bool has_fix_report; /* once a second */
    struct gnss_fix fix;
    size_t n_events;
    char events[VEHICLE_EVENTS_MAX][VEHICLE_EVENT_LEN]; /* words for the timeline */
    bool done;                                          /* it has arrived and all is over */
};

struct vehicle;

/* -EINVAL: the scenario names a route, road or stop that the atlas does not have, or that does not fit;
 * ret_reason says which. `scenario` is borrowed for the vehicle's life, `atlas` is not. */
int vehicle_create(const struct scenario_vehicle *scenario, const struct atlas *atlas, uint64_t seed,
                   struct vehicle **ret, char ret_reason[VEHICLE_REASON_LEN]);
void vehicle_free(struct vehicle *vehicle);

/* What its licensed route allows. */
struct vehicle_licensed {
    double half_width_m;
    double limit_kmh; /* the route's, or the law's 60 when that is lower (Art. 35) */
};
struct vehicle_licensed vehicle_licensed(const struct vehicle *vehicle);

/* The next tenth of a second. After `done` it stands still for ever. */
void vehicle_step(struct vehicle *vehicle, struct vehicle_output *ret);

#endif
