/* Inside the registry: what belongs into one vehicle's licence, found without copying it. */
#ifndef BUSWARDEN_REGISTRY_LICENCE_H
#define BUSWARDEN_REGISTRY_LICENCE_H

#include "bureau/registry/registry.h"

struct licence_plan {
    const struct registry_vehicle *vehicle;
    const struct registry_school *school;
    size_t n_permits, n_drivers, n_routes, n_stops;
    const struct registry_permit *permits; /* one after another */
    const struct registry_driver *drivers[BW_DRIVERS_MAX];
    const struct bw_route *routes[BW_ROUTES_MAX];
    const struct bw_stop *stops[BW_ROUTES_MAX]; /* of each route: the first, */
    size_t stops_of[BW_ROUTES_MAX];             /* and how many */
};

/* As registry_licence(). */
int licence_plan(const struct registry *registry, const char *vehicle_id, struct licence_plan *ret);

#endif
