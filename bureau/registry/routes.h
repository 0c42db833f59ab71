/* Inside the registry: routes.geojson. */
#ifndef BUSWARDEN_REGISTRY_ROUTES_H
#define BUSWARDEN_REGISTRY_ROUTES_H

#include "bureau/registry/rows.h"

#include <jansson.h>

static const char ROUTES_FILE[] = "routes.geojson";

/* Reads dir/routes.geojson into rows of struct bw_route and struct bw_stop, in WGS-84. Every fault is added
 * to `faults`. What was read stays in the rows after a failure as well. 0 or -ENOMEM. */
int routes_read(const char *dir, struct registry_faults *faults, struct rows *ret_routes,
                struct rows *ret_stops);
/* The same of a document that is no file. */
int routes_read_json(const json_t *root, const char *file, struct registry_faults *faults,
                     struct rows *ret_routes, struct rows *ret_stops);

#endif
