/* Inside the registry: its rows on their way in, from files or from the registry that is there; checked as a
 * whole in one place, whatever way they came. */
#ifndef BUSWARDEN_REGISTRY_SETS_H
#define BUSWARDEN_REGISTRY_SETS_H

#include "bureau/registry/rows.h"

struct sets {
    struct rows of[REGISTRY_TABLES]; /* line 0: a row that no file brought */
};

/* Empty rows that call themselves as the registry's tables. */
void sets_init(struct sets *sets);
void sets_free(struct sets *sets); /* with all that the rows point at */

/* A copy of one row, with all that it points at. 0 or -ENOMEM. */
int sets_add(struct sets *sets, enum registry_table table, const void *row);
/* Of every row, or of those that `wanted` says (context is its own). */
typedef bool (*sets_wanted_fn)(const void *context, const void *row);
int sets_add_all(struct sets *sets, const struct registry *from, enum registry_table table,
                 sets_wanted_fn wanted, const void *context);

/* The id in a row of any table but services. */
const char *sets_row_id(enum registry_table table, const void *row);

/* Checks what is between rows and tables, and the limits of every vehicle. When `faults` holds anything then,
 * also from before: -EINVAL. Else the registry, sorted as registry.h promises; the sets are empty then. */
int sets_finish(struct sets *sets, struct registry_faults *faults, struct registry **ret);

#endif
