/* OFF_ROUTE by itself, each input at its limits (docs/rules.md; drives are in rules.c): a bus just beyond the
 * edge, and one fix. */
#ifndef BUSWARDEN_FIXTURE_OFF_ROUTE_H
#define BUSWARDEN_FIXTURE_OFF_ROUTE_H

#include <criterion/criterion.h>
#include <math.h>

#include "tests/unit/fixture_rule.h"

static const double TINY = 1e-9, HALF_WIDTH_M = 30;

static struct bw_route route = {.route_id = "r-1", .half_width_m = 30};
static struct inputs in;
static struct rules rules;
static struct rule_off_route *const rule = &rules.off_route;

static inline void beyond_the_edge(double excess_m)
{
    in.hit.distance_m = HALF_WIDTH_M + excess_m;
}

/* Ten aboard, 17 m beyond the edge and moving straight away from it at 10 m/s, by a good receiver: sigma is 5
 * m, margin 12 m. */
static inline void set_up(void)
{
    in = (struct inputs){.mono_ms = 1000,
                         .utc_ms = 1000000,
                         .thresholds = &no_wait,
                         .new_fix = true,
                         .has_fix = true,
                         .clock = BW_CLOCK_GNSS,
                         .fix = {.position.accuracy_m = 4, .speed_mps = 10},
                         .step_s = 1,
                         .motion.east_mps = 10,
                         .cabin.occupancy = {BW_QUALITY_GOOD, 10, 10, 10},
                         .route = &route,
                         .hit = {.away_east = 1}};
    beyond_the_edge(17);
    rules = (struct rules){
        .off_route = {
            .entered = true, .outside = true, .nearest_m = INFINITY, .usual_step_s = 1, .settled_s = 100}};
}

static inline enum lifecycle_action step(void)
{
    return rule_off_route.step(&rules, &in);
}

static inline void step_from(double score)
{
    rule->score = score;
    (void)step();
}

#endif
