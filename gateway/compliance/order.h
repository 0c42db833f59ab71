/* Which order of the bureau holds, at an instant, at a place, on a route. Pure. */
#ifndef BUSWARDEN_ORDER_H
#define BUSWARDEN_ORDER_H

#include "proto/model.h"

/* Art. 35: in fog, rain, snow or on ice, where the order names no other limit. */
static const double ORDER_WEATHER_KMH = 20;

/* The order of this kind in force, or NULL. orders NULL = none. utc_ms from inclusive, until exclusive; an
 * unknown instant (0) lies in no order. route_id NULL = on no licensed route: then an order that names routes
 * does not hold. Of several the one with the lowest limit, of equal ones the first. A place on the very
 * border of an area may count as either. Areas wider than 180 degrees are not supported; the antimeridian is
 * no border. Looks at an area's vertices only when time and route fit. */
const struct bw_order *order_in_force(const struct bw_orders *orders, enum bw_order_kind kind, int64_t utc_ms,
                                      const struct bw_point *at, const char *route_id);
/* Of a weather order: its own, or the law's. */
double order_limit_kmh(const struct bw_order *order);

#endif
