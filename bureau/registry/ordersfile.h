/* Inside the registry: orders.geojson. */
#ifndef BUSWARDEN_REGISTRY_ORDERSFILE_H
#define BUSWARDEN_REGISTRY_ORDERSFILE_H

#include "bureau/registry/rows.h"

#include <jansson.h>

static const char ORDERS_FILE[] = "orders.geojson";

/* Reads dir/orders.geojson, if there is one, into rows of struct bw_order, in WGS-84. Every fault is added to
 * `faults`. What was read stays in the rows after a failure as well. 0 or -ENOMEM. */
int ordersfile_read(const char *dir, struct registry_faults *faults, struct rows *ret_orders);
/* The same of a document that is no file. */
int ordersfile_read_json(const json_t *root, const char *file, struct registry_faults *faults,
                         struct rows *ret_orders);

#endif
