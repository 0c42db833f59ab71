/* `buswarden-bureau run`: ingest, event stream, API and console in one process on SQLite. */
#ifndef BUSWARDEN_BUREAU_RUN_H
#define BUSWARDEN_BUREAU_RUN_H

#include "bureau/config.h"

/* Serves until SIGINT or SIGTERM. Says on stderr when it is ready, whenever the broker comes or goes, and why
 * it could not run. Returns the exit status: 0, or 3 when it could not run. Call it before any thread is
 * started: it blocks the two signals. */
int run_main(const struct bureau_config *config);

#endif
