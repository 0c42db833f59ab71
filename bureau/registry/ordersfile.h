/* Inside the registry: orders.geojson. */
#ifndef BUSWARDEN_REGISTRY_ORDERSFILE_H
#define BUSWARDEN_REGISTRY_ORDERSFILE_H

#include "bureau/registry/rows.h"

static const char ORDERS_FILE[] = "orders.geojson";

/* Reads dir/orders.geojson, if there is one, into rows of struct bw_order, in WGS-84. Every fault is added to
 * `faults`. The rows (zeroed by the caller) are released by ordersfile_free(), after a failure as well. 0 or
 * -ENOMEM. */
int ordersfile_read(const char *dir, struct registry_faults *faults, struct rows *ret_orders);
/* A fault for every order of a route that is not there. 0 or -ENOMEM. */
int ordersfile_check_routes(const struct rows *orders, const struct rows *routes,
                            struct registry_faults *faults);
void ordersfile_free(struct rows *orders);

#endif
