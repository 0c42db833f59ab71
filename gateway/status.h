/* The status of a running gateway: how it is told over the control socket, and the `status` subcommand that
 * asks. */
#ifndef BUSWARDEN_STATUS_H
#define BUSWARDEN_STATUS_H

#include <jansson.h>

#include "gateway/cabinbus.h"
#include "gateway/source/source.h"
#include "gateway/uplink/uplink.h"
#include "gateway/watch.h"

/* What the answer is made of; NULL = that part is not there. */
struct status_parts {
    const struct gateway_config *config;
    int64_t mono_ms, utc_ms;
    enum bw_clock clock;
    const struct source *gps, *can;
    const struct cabinbus *bus;
    struct watch *watch;
    struct uplink *uplink;
};

/* New reference; NULL when memory is short. Members: vehicle, software, clock, gps, cabin, licence, orders,
 * alerts, outbox, uplink, and faults: an array of {"part","reason"}, empty when all is well. */
json_t *status_json(const struct status_parts *parts);

/* A descriptor connected to the control socket, or a negative errno: -ENAMETOOLONG for a path that no socket
 * can have, -ENOENT and -ECONNREFUSED when nobody listens there. Waits 5 s at most, also for each read. */
int status_dial(const char *path);

/* The subcommand; argv[0] is its name. Returns the exit code. */
int status_main(int argc, char **argv);

#endif
