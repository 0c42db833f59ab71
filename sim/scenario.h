/* A scenario: what `buswarden-sim run` plays. An INI file; every key is described by `buswarden-sim --help`.
 */
#ifndef BUSWARDEN_SIM_SCENARIO_H
#define BUSWARDEN_SIM_SCENARIO_H

#include <limits.h>

#include "sim/drive.h"
#include "sim/gnss.h"

enum {
    SCENARIO_VEHICLES_MAX = 16,
    SCENARIO_STOPS_MAX = 16,     /* of one vehicle */
    SCENARIO_DETOURS_MAX = 8,    /* of one vehicle */
    SCENARIO_STRETCHES_MAX = 16, /* of one vehicle */
    SCENARIO_PATH_LEN = 512,
    SCENARIO_REASON_LEN = 1024,
};

struct scenario_stop {
    char stop_id[BW_ID_LEN]; /* "" : at no stop, but at_m along the path */
    double at_m;
    unsigned board, alight; /* pupils; alight may be SCENARIO_ALL */
};
static const unsigned SCENARIO_ALL = UINT_MAX;

/* What is so between two places on the way. */
enum scenario_what {
    SCENARIO_TUNNEL,      /* no satellites */
    SCENARIO_UNBELTED,    /* who sits on `bench` opens the belt */
    SCENARIO_DOOR_OPEN,   /* the rear door is open while the bus drives */
    SCENARIO_POWER_CUT,   /* the main supply is gone */
    SCENARIO_ANTENNA_CUT, /* so is the antenna, and with it every position */
    SCENARIO_SILENT,      /* the controller of seats and belts sends nothing */
    SCENARIO_HURRY,       /* the driver goes as fast as speed_kmh */
};

/* Metres along the path that is driven. */
struct scenario_stretch {
    enum scenario_what what;
    double from_m, to_m;
    int bench;        /* index of cabin_bench_names */
    double speed_kmh; /* of HURRY */
};

struct scenario_vehicle {
    char id[BW_ID_LEN];
    char route_id[BW_ID_LEN]; /* the licensed one */
    unsigned capacity;
    double depart_s; /* after the start */
    struct drive_limits limits;
    double altitude_m;
    double pupil_s; /* one pupil boards or alights in this time */
    size_t n_stops, n_detours, n_stretches;
    struct scenario_stop stops[SCENARIO_STOPS_MAX];
    char detours[SCENARIO_DETOURS_MAX]
                [BW_ID_LEN]; /* road_ids, driven in place of what lies between their ends */
    struct scenario_stretch stretches[SCENARIO_STRETCHES_MAX];
    unsigned left_behind;                      /* who do not get off at the last stop, */
    double found_s;                            /* until somebody looks, after the ignition is off */
    uint16_t window_start_min, window_end_min; /* local minutes that the permit allows; both 0: any */
    int utc_offset_min;                        /* of these: the scenario's */
    int broken_bench;                          /* index of cabin_bench_names; -1 none */
    struct gnss_model gnss;
    unsigned gpsd_port;            /* UDP on 127.0.0.1; 0: not fed */
    char slcan[SCENARIO_PATH_LEN]; /* "" : no adapter */
};

struct scenario {
    char routes[SCENARIO_PATH_LEN];
    char roads[SCENARIO_PATH_LEN]; /* "" : none */
    int64_t start_utc_ms;          /* a whole second */
    uint64_t seed;
    int utc_offset_min; /* of the times in the timeline */
    size_t n_vehicles;
    struct scenario_vehicle vehicles[SCENARIO_VEHICLES_MAX];
};

/* `path` is the file, or a folder with a scenario.ini in it. 0; -EINVAL for bad input; another negative errno
 * when it cannot be read. ret_reason then says file, line and reason. Free with free(). */
int scenario_load(const char *path, struct scenario **ret, char ret_reason[SCENARIO_REASON_LEN]);

#endif
