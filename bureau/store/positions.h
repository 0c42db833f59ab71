/* How far somebody who reads the store in order has come: one number each, by name. */
#ifndef BUSWARDEN_STORE_POSITIONS_H
#define BUSWARDEN_STORE_POSITIONS_H

#include "bureau/store/store.h"

/* -ENOENT: never kept. */
int store_position_get(struct store *store, const char *name, int64_t *ret);
int store_position_put(struct store *store, const char *name, int64_t position);

#endif
