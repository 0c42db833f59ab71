/* The feed topics: what the bureau publishes at the broker for readers that are no vehicles (docs/feeds.md).
 * An outlet of the ingest, used on its thread alone.
 *
 * Every phase of every alert in order, at least once: how far the broker has acknowledged is kept in the
 * store, and what a broken session left in doubt is published again. Vehicles as they change, at most
 * BROADCAST_VEHICLES_MAX waiting, of which the oldest go: their next word comes anyway. */
#ifndef BUSWARDEN_BROADCAST_H
#define BUSWARDEN_BROADCAST_H

#include "bureau/ingest/ingest.h"

enum {
    BROADCAST_VEHICLES_MAX = 4096,
    BROADCAST_ALERTS_AT_ONCE = 16,
    BROADCAST_LOOK_MS = 1000,
    BROADCAST_KEEP_MS = 1000
};

struct broadcast;

/* Opens a store handle of its own. The first time it begins with the next event. division: where alerts of a
 * vehicle that is in no registry go; "" = to "none". */
int broadcast_create(const char *store_path, const char *division, struct broadcast **ret);
void broadcast_destroy(struct broadcast *broadcast); /* after the ingest has stopped; NULL is fine */

void broadcast_events(struct broadcast *broadcast, int64_t last_event);
void broadcast_vehicle(struct broadcast *broadcast, const char *vehicle);
/* For struct ingest_config; borrowed. */
const struct ingest_outlet *broadcast_outlet(struct broadcast *broadcast);

#endif
