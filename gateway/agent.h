/* The in-vehicle agent: one loop that reads the sources, judges, keeps what was judged, and answers `status`.
 * The uplink runs on a thread of its own; nothing here ever waits for the network. */
#ifndef BUSWARDEN_AGENT_H
#define BUSWARDEN_AGENT_H

#include "gateway/config.h"

/* Runs until SIGTERM or SIGINT. Returns an exit code; reasons go to standard error. */
int agent_run(const struct gateway_config *config);

#endif
