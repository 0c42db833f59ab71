/* The orders of one vehicle. */
#include "bureau/registry/registry.h"

#include "proto/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool concerns(const struct bw_order *order, const struct registry_permit *permits, size_t n_permits)
{
    for (size_t i = 0; i < order->n_routes; i++)
        for (size_t k = 0; k < n_permits; k++)
            if (strcmp(order->routes[i], permits[k].permit.route_id) == 0)
                return true;
    return order->n_routes == 0;
}

/* -E2BIG: over a limit of model.h. */
static int copy_order(const struct bw_order *from, struct bw_orders *orders, size_t *points)
{
    *points += from->n_points;
    if (orders->n_orders == BW_ORDERS_MAX || *points > BW_ORDER_POINTS_MAX)
        return -E2BIG;
    struct bw_order *order = &orders->orders[orders->n_orders];
    *order = *from;
    order->points = calloc(from->n_points + 1, sizeof(*order->points));
    if (order->points == NULL)
        return -ENOMEM;
    if (from->n_points > 0)
        memcpy(order->points, from->points, from->n_points * sizeof(*order->points));
    orders->n_orders++;
    return 0;
}

int registry_orders(const struct registry *registry, const char *vehicle_id, uint64_t version,
                    int64_t issued_utc_ms, struct bw_orders *ret)
{
    const struct registry_vehicle *vehicle = registry_vehicle(registry, vehicle_id);
    const struct registry_school *school =
        vehicle != NULL ? registry_school(registry, vehicle->school_id) : NULL;
    if (school == NULL)
        return -ENOENT;
    size_t n_permits = 0, points = 0;
    const struct registry_permit *permits = registry_permits(registry, vehicle_id, &n_permits);
    struct bw_orders orders = {.version = version, .issued_utc_ms = issued_utc_ms};
    memcpy(orders.vehicle_id, vehicle->vehicle_id, sizeof(orders.vehicle_id));
    memcpy(orders.division, school->division, sizeof(orders.division));
    orders.orders = calloc(BW_ORDERS_MAX, sizeof(*orders.orders));
    int err = orders.orders == NULL ? -ENOMEM : 0;
    for (size_t i = 0; i < registry->n_orders && err == 0; i++) {
        if (concerns(&registry->orders[i], permits, n_permits))
            err = copy_order(&registry->orders[i], &orders, &points);
    }
    if (err < 0) {
        wire_orders_free(&orders);
        return err;
    }
    *ret = orders;
    return 0;
}
