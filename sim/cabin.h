/* The inside of a small school bus: nine benches that count up to three pupils and know whether all belts in
 * use are fastened, two doors, counters at the front one, the ignition, the attendant's button at the back,
 * and what the bus says of supply and antenna. */
#ifndef BUSWARDEN_SIM_CABIN_H
#define BUSWARDEN_SIM_CABIN_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/rng.h"

enum {
    CABIN_BENCHES = 9,
    CABIN_BENCH_SEATS = 2, /* what a bench is made for */
    CABIN_BENCH_MAX = 3,   /* what squeezes in, and the most that its sensor can say */
    CABIN_BENCH_UNKNOWN = 7,
    CABIN_PUPILS_MAX = CABIN_BENCHES * CABIN_BENCH_MAX,
};

/* "R1L", "R2L", "R2R", ...: row and side. The front door takes the place of R1R. */
extern const char *const cabin_bench_names[CABIN_BENCHES];

struct cabin {
    uint8_t bench[CABIN_BENCHES]; /* pupils on each */
    int broken_bench;             /* whose sensor says "unknown"; -1 none */
    bool unbelted[CABIN_BENCHES]; /* whose pupils will not fasten their belts */
    bool front_door_open, rear_door_open;
    uint8_t came_in, got_off; /* by the front door, as its counters show it: 0 again after 255 */
    bool button;              /* pressed by whoever has looked at every seat */
    bool ignition_on;
    bool power_cut, antenna_cut;
    bool silent; /* the controller of seats and belts sends nothing */
};

/* One pupil comes in and sits down, on a free seat while there is one; false when not even a squeeze is left.
 */
bool cabin_board(struct cabin *cabin, struct rng *rng);
/* One pupil gets off, first from where three sit; false when nobody is aboard. */
bool cabin_alight(struct cabin *cabin, struct rng *rng);
unsigned cabin_aboard(const struct cabin *cabin);
/* All belts in use on a bench are fastened: after the front door was shut, unless they will not. Of an empty
 * bench they are open. */
bool cabin_belted(const struct cabin *cabin, int bench);
unsigned cabin_unbelted(const struct cabin *cabin); /* pupils on benches that are not belted */
/* What the sensor of a bench reports: 0..3 or CABIN_BENCH_UNKNOWN. */
unsigned cabin_bench_report(const struct cabin *cabin, int bench);

#endif
