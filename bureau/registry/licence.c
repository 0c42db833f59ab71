#include "bureau/registry/licence.h"

#include "bureau/registry/rows.h"
#include "proto/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int plan_driver(const struct registry *registry, const char *driver_id, struct licence_plan *plan)
{
    if (*driver_id == '\0')
        return 0;
    for (size_t i = 0; i < plan->n_drivers; i++)
        if (strcmp(plan->drivers[i]->driver_id, driver_id) == 0)
            return 0;
    if (plan->n_drivers == BW_DRIVERS_MAX)
        return -E2BIG;
    const struct registry_driver *driver = rows_find(registry->drivers, registry->n_drivers, sizeof(*driver),
                                                     offsetof(struct registry_driver, driver_id), driver_id);
    if (driver == NULL)
        return -ENOENT;
    plan->drivers[plan->n_drivers++] = driver;
    return 0;
}

static int plan_route(const struct registry *registry, const char *route_id, struct licence_plan *plan)
{
    for (size_t i = 0; i < plan->n_routes; i++)
        if (strcmp(plan->routes[i]->route_id, route_id) == 0)
            return 0;
    if (plan->n_routes == BW_ROUTES_MAX)
        return -E2BIG;
    const struct bw_route *route = registry_route(registry, route_id);
    if (route == NULL)
        return -ENOENT;
    size_t points = route->n_points, limits = route->n_limits;
    for (size_t i = 0; i < plan->n_routes; i++) {
        points += plan->routes[i]->n_points;
        limits += plan->routes[i]->n_limits;
    }
    const size_t first = rows_lower_bound(registry->stops, registry->n_stops, sizeof(struct bw_stop),
                                          offsetof(struct bw_stop, route_id), route_id);
    size_t end = first;
    while (end < registry->n_stops && strcmp(registry->stops[end].route_id, route_id) == 0)
        end++;
    plan->n_stops += end - first;
    if (points > BW_POINTS_MAX || limits > BW_LIMITS_MAX || plan->n_stops > BW_STOPS_MAX)
        return -E2BIG;
    plan->stops[plan->n_routes] = end > first ? &registry->stops[first] : NULL;
    plan->stops_of[plan->n_routes] = end - first;
    plan->routes[plan->n_routes++] = route;
    return 0;
}

int licence_plan(const struct registry *registry, const char *vehicle_id, struct licence_plan *ret)
{
    struct licence_plan plan = {.vehicle = registry_vehicle(registry, vehicle_id)};
    if (plan.vehicle == NULL)
        return -ENOENT;
    plan.school = registry_school(registry, plan.vehicle->school_id);
    if (plan.school == NULL)
        return -ENOENT;
    plan.permits = registry_permits(registry, vehicle_id, &plan.n_permits);
    if (plan.n_permits > BW_PERMITS_MAX)
        return -E2BIG;
    for (size_t i = 0; i < plan.n_permits; i++) {
        const struct bw_permit *permit = &plan.permits[i].permit;
        int err = plan_driver(registry, permit->driver_id, &plan);
        if (err == 0)
            err = plan_route(registry, permit->route_id, &plan);
        if (err < 0)
            return err;
    }
    *ret = plan;
    return 0;
}

static int copy_route(const struct bw_route *from, struct bw_route *ret)
{
    struct bw_route route = *from;
    route.points = calloc(from->n_points, sizeof(*route.points));
    route.part_start = calloc(from->n_parts + 1, sizeof(*route.part_start));
    route.limits = calloc(from->n_limits + 1, sizeof(*route.limits));
    if (route.points == NULL || route.part_start == NULL || route.limits == NULL) {
        registry_route_free(&route);
        return -ENOMEM;
    }
    if (from->n_limits > 0)
        memcpy(route.limits, from->limits, from->n_limits * sizeof(*route.limits));
    memcpy(route.points, from->points, from->n_points * sizeof(*route.points));
    memcpy(route.part_start, from->part_start, (from->n_parts + 1) * sizeof(*route.part_start));
    *ret = route;
    return 0;
}

/* The arrays are zeroed and counted up as they fill, so that wire_licence_free() fits at any moment. */
static int copy_lists(const struct licence_plan *plan, struct bw_licence *licence)
{
    licence->permits = calloc(plan->n_permits + 1, sizeof(*licence->permits));
    licence->drivers = calloc(plan->n_drivers + 1, sizeof(*licence->drivers));
    licence->routes = calloc(plan->n_routes + 1, sizeof(*licence->routes));
    licence->stops = calloc(plan->n_stops + 1, sizeof(*licence->stops));
    if (!licence->permits || !licence->drivers || !licence->routes || !licence->stops)
        return -ENOMEM;
    for (size_t i = 0; i < plan->n_permits; i++)
        licence->permits[licence->n_permits++] = plan->permits[i].permit;
    for (size_t i = 0; i < plan->n_drivers; i++) {
        struct bw_driver *driver = &licence->drivers[licence->n_drivers++];
        memcpy(driver->driver_id, plan->drivers[i]->driver_id, sizeof(driver->driver_id));
        driver->qualified_until_day = plan->drivers[i]->qualified_until_day;
    }
    for (size_t i = 0; i < plan->n_routes; i++) {
        const int err = copy_route(plan->routes[i], &licence->routes[licence->n_routes]);
        if (err < 0)
            return err;
        licence->n_routes++;
        for (size_t k = 0; k < plan->stops_of[i]; k++)
            licence->stops[licence->n_stops++] = plan->stops[i][k];
    }
    return 0;
}

int registry_licence(const struct registry *registry, const char *vehicle_id, uint64_t version,
                     int64_t issued_utc_ms, struct bw_licence *ret)
{
    struct licence_plan plan;
    int err = licence_plan(registry, vehicle_id, &plan);
    if (err < 0)
        return err;
    const struct registry_vehicle *vehicle = plan.vehicle;
    struct bw_licence licence = {
        .version = version,
        .issued_utc_ms = issued_utc_ms,
        .vehicle_class = vehicle->vehicle_class,
        .seats = vehicle->seats,
        .approved_capacity = vehicle->approved_capacity,
        .inspected_until_day = vehicle->inspected_until_day,
        .scrapped_day = vehicle->scrapped_day,
        .utc_offset_min = REGISTRY_UTC_OFFSET_MIN,
    };
    memcpy(licence.vehicle_id, vehicle->vehicle_id, sizeof(licence.vehicle_id));
    memcpy(licence.plate, vehicle->plate, sizeof(licence.plate));
    memcpy(licence.division, plan.school->division, sizeof(licence.division));
    err = copy_lists(&plan, &licence);
    if (err < 0) {
        wire_licence_free(&licence);
        return err;
    }
    *ret = licence;
    return 0;
}
