/* The judge. Pure: no clock, no I/O, no heap; the same events in the same order give the same alerts, bit for
 * bit.
 *
 * Feed every event in order of time; each step gives the alert phases that it caused. docs/rules.md is the
 * manual of the rules: inputs, thresholds, article, evidence, and what "unknown" does. */
#ifndef BUSWARDEN_ENGINE_H
#define BUSWARDEN_ENGINE_H

#include "gateway/compliance/event.h"

struct engine;

enum { ENGINE_ALERTS_MAX = 2 * BW_KIND_COUNT }; /* phases one step can cause */

/* Bytes of memory, aligned as malloc aligns, that engine_init() needs. licence NULL = none is held. */
size_t engine_size(const struct bw_licence *licence);
/* The licence is borrowed for the engine's life. Alert objects get the numbers next_number, next_number + 1,
 * ... */
struct engine *engine_init(void *memory, const struct bw_licence *licence, uint64_t next_number);
/* Orders in force, borrowed until others are set; NULL = none. May be called between any two steps. */
void engine_set_orders(struct engine *engine, const struct bw_orders *orders);
/* Go on with an alert that was open when the process or the licence before ended. Before the first step.
 * Kinds that this build does not judge, and alerts that are not open, are ignored. */
void engine_resume(struct engine *engine, const struct bw_alert *open);
/* Take over from the engine that has judged the same vehicle until now, what an alert does not hold: that the
 * attendant has looked at every seat. After the last engine_resume(), before the first step. */
void engine_continue(struct engine *engine, const struct engine *before);

/* Judge one event; ret_alerts holds ENGINE_ALERTS_MAX. Returns how many phases were written, in the order of
 * kinds. mono_ms that goes back counts as no time passed. */
size_t engine_step(struct engine *engine, const struct bw_event *event, struct bw_alert *ret_alerts);

/* Alerts active now, as last reported; for status and for handing over to the engine of a new licence. */
size_t engine_open(const struct engine *engine, struct bw_alert *ret_alerts);
uint64_t engine_next_number(const struct engine *engine);

/* The driver should be warned now: the doors are closed with more aboard than approved, by the best estimate.
 * No accusation and no alert: OVERLOAD is raised on what is certain. */
bool engine_warns(const struct engine *engine);

/* Index of the licensed route in whose corridor the last fix lies, of several the nearest; -1 = none, or no
 * fix. */
int engine_route(const struct engine *engine);
/* The permit for this day and minute by the receiver's own time, when there is just one; else NULL. */
const struct bw_permit *engine_permit(const struct engine *engine);

/* What OFF_ROUTE made of the last fix, so that an alert can be explained. */
struct engine_view {
    bool outside;      /* beyond the corridor's edge, or no route entered yet */
    double distance_m; /* from the nearest licensed route's line */
    double stray_m;    /* of it that the position may have strayed (motion.h) */
    double score;      /* evidence so far */
    double raise_at;   /* at which it is raised */
};
struct engine_view engine_view(const struct engine *engine);

/* Thresholds in force: the licence's, with the defaults of docs/rules.md where it says 0. */
struct bw_thresholds engine_thresholds(const struct bw_licence *licence);

#endif
