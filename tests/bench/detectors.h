/* The engine and two simple detectors side by side, and what they are worth: false alarms, departures found,
 * delay. Used with simulated drives (off_route.c) and with recordings (off_route_traces.c). */
#ifndef BUSWARDEN_BENCH_DETECTORS_H
#define BUSWARDEN_BENCH_DETECTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/compliance/engine.h"

enum { DETECTORS = 3, DELAY_BINS = 4096 };
extern const char *const detector_names[DETECTORS];
static const double HALF_WIDTH_M = 30;

struct detectors {
    bool raised[DETECTORS];
    double outside_since_s;
    struct engine *engine;
};
/* Bits of the detectors that raise an alarm with this fix. */
unsigned detect(struct detectors *d, double time_s, double distance_m, const struct bw_fix *fix);

struct tally {
    double seconds;
    uint64_t false_alarms, departures, missed;
    uint64_t clear, clear_missed;                /* of these: 100 m and more, 15 s and more */
    uint64_t found, in_time, delays[DELAY_BINS]; /* of half a second */
};
void tally_add(struct tally *sum, const struct tally *part);
/* Columns of tally_print(). */
void tally_head(const char *first);
void tally_print(const char *name, const struct tally *tally);

/* Where a drive truly is. A departure begins where the corridor's edge is truly crossed, and is real when it
 * goes to 60 m from the line, lasts 15 s and is not hidden in a tunnel; to brush the edge is none: neither
 * finding nor missing it counts, and an alarm that comes on the way out but before the edge is no false one.
 */
struct outing {
    bool away, departed, hidden;
    double crossed_s, home_s, peak_m;
    bool found[DETECTORS];
    double delay_s[DETECTORS];
};
enum outing_event { OUTING_NONE, OUTING_FALSE_ALARM, OUTING_FOUND, OUTING_MISSED, OUTING_LATE };
/* One instant: `away` says that the vehicle is on its departure. What became of the engine is returned. */
enum outing_event outing_truth(struct outing *outing, const struct detectors *d, struct tally *tallies,
                               double time_s, double truly_m, bool away);
enum outing_event outing_alarms(struct outing *outing, struct tally *tallies, unsigned raised, double time_s);

#endif
