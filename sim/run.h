/* Plays a scenario: every vehicle a step, ten times a second, until the last has arrived. */
#ifndef BUSWARDEN_SIM_RUN_H
#define BUSWARDEN_SIM_RUN_H

#include <signal.h>
#include <stdio.h>

#include "sim/scenario.h"

enum { RUN_REASON_LEN = 1024 };

struct run_options {
    bool realtime;                     /* the scenario's start is then not used: it is now */
    const char *out;                   /* folder for the recordings; NULL none */
    FILE *timeline;                    /* one line an event */
    const volatile sig_atomic_t *stop; /* not 0: end as soon as possible, as if all had arrived */
};

/* 0; -EINVAL: the scenario does not fit its roads; another negative errno: it could not run. ret_reason says
 * why. */
int run_scenario(const struct scenario *scenario, const struct run_options *options,
                 char ret_reason[RUN_REASON_LEN]);

#endif
