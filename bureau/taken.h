/* Vehicles of a store that are called like others at the broker: the registry refuses such an id, but the
 * store may be older than that rule. */
#ifndef BUSWARDEN_BUREAU_TAKEN_H
#define BUSWARDEN_BUREAU_TAKEN_H

#include "bureau/store/store.h"

/* A line on stderr for each. 0, or a negative errno when the store cannot say. */
int taken_warn(struct store *store);

#endif
