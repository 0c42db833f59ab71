/* Inside the registry: what kinds of orders are called in files, and how their times are written. */
#ifndef BUSWARDEN_REGISTRY_ORDERKIND_H
#define BUSWARDEN_REGISTRY_ORDERKIND_H

#include "proto/model.h"

struct orderkind {
    const char *name;
    enum bw_order_kind kind;
    const char *reason; /* for people, when none is given; NULL: one must be */
};
/* NULL: no such kind. */
const struct orderkind *orderkind_find(const char *name);
/* The name under which this order would be read again. */
const char *orderkind_name(const struct bw_order *order);
/* YYYY-MM-DDTHH:MM, local, into at least 32 bytes. */
void orderkind_local(int64_t utc_ms, char *ret);

#endif
