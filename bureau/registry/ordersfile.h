/* Inside the registry: orders.geojson. */
#ifndef BUSWARDEN_REGISTRY_ORDERSFILE_H
#define BUSWARDEN_REGISTRY_ORDERSFILE_H

#include "bureau/registry/rows.h"

static const char ORDERS_FILE[] = "orders.geojson";

/* Reads dir/orders.geojson, if there is one, into rows of struct bw_order, in WGS-84. Every fault is added to
 * `faults`. What was read stays in the rows after a failure as well. 0 or -ENOMEM. */
int ordersfile_read(const char *dir, struct registry_faults *faults, struct rows *ret_orders);

#endif
