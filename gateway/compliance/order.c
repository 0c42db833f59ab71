#include "gateway/compliance/order.h"

#include <string.h>

#include "gateway/compliance/corridor.h"

/* By the crossings of a ray to the east, longitudes counted from the first vertex. */
static bool in_area(const struct bw_order *order, const struct bw_point *at)
{
    const struct bw_point *vertices = order->points;
    const double origin_deg = vertices[0].lon_deg;
    const double x = corridor_lon_difference(at->lon_deg, origin_deg), y = at->lat_deg;
    bool inside = false;
    for (size_t i = 0, before = order->n_points - 1; i < order->n_points; before = i++) {
        const struct bw_point *a = &vertices[before], *b = &vertices[i];
        if ((a->lat_deg > y) == (b->lat_deg > y))
            continue;
        const double ax = corridor_lon_difference(a->lon_deg, origin_deg);
        const double bx = corridor_lon_difference(b->lon_deg, origin_deg);
        if (x < ax + (bx - ax) * (y - a->lat_deg) / (b->lat_deg - a->lat_deg))
            inside = !inside;
    }
    return inside;
}

static bool names_route(const struct bw_order *order, const char *route_id)
{
    if (order->n_routes == 0)
        return true;
    for (size_t i = 0; route_id != NULL && i < order->n_routes; i++)
        if (strcmp(order->routes[i], route_id) == 0)
            return true;
    return false;
}

double order_limit_kmh(const struct bw_order *order)
{
    return order->limit_kmh > 0 ? order->limit_kmh : ORDER_WEATHER_KMH;
}

const struct bw_order *order_in_force(const struct bw_orders *orders, enum bw_order_kind kind, int64_t utc_ms,
                                      const struct bw_point *at, const char *route_id)
{
    const struct bw_order *found = NULL;
    for (size_t i = 0; orders != NULL && i < orders->n_orders; i++) {
        const struct bw_order *order = &orders->orders[i];
        if (order->kind != kind || utc_ms < order->from_utc_ms || utc_ms >= order->until_utc_ms)
            continue;
        if (found != NULL && order_limit_kmh(order) >= order_limit_kmh(found))
            continue;
        if (names_route(order, route_id) && (order->n_points == 0 || in_area(order, at)))
            found = order;
    }
    return found;
}
