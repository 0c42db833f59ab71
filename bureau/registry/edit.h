/* One row of the registry put, changed or removed by hand, as JSON. The registry that results is checked as a
 * whole, as when a folder is read: the same checks, the same words.
 *
 * Rows of CSV tables are objects of their columns, as text as in the file (docs/registry.md), numbers of
 * persons as numbers. Routes, stops and orders are GeoJSON Features with the member "frame". */
#ifndef BUSWARDEN_REGISTRY_EDIT_H
#define BUSWARDEN_REGISTRY_EDIT_H

#include "bureau/registry/registry.h"

#include <jansson.h>

/* REGISTRY_TABLES: no such table, or one that is not edited. */
enum registry_table registry_edit_table(const char *name);
/* By id; NULL: none. */
const void *registry_edit_find(const struct registry *registry, enum registry_table table, const char *id);

/* The rows that `is_wanted` (NULL: all) in order of their ids, from the first above `after` (NULL: from the
 * first), at most `limit` of them. ret_more: there are others behind them. *ret is free()d by the caller. 0
 * or -ENOMEM. */
struct registry_edit_page {
    enum registry_table table;
    const char *after;
    size_t limit;
    bool (*is_wanted)(const void *context, enum registry_table table, const void *row);
    const void *context;
};
int registry_edit_page(const struct registry *registry, const struct registry_edit_page *page,
                       const void ***ret, size_t *ret_n, bool *ret_more);

/* The row as registry_edit() would take it. brief: without a line's or an area's positions. NULL: out of
 * memory. */
json_t *registry_row_json(enum registry_table table, const void *row, bool brief);
/* What the row is, in short: the same as long as nothing of it changes. */
enum { REGISTRY_TAG_LEN = 33 };
void registry_row_tag(enum registry_table table, const void *row, char ret[REGISTRY_TAG_LEN]);

/* Takes the place of the row `id`, which may be new; row NULL: it is removed, else only read. An id in the
 * row must be that one. 0, or -EINVAL with at least one fault, or -ENOMEM. A route that is removed takes its
 * timetable along. registry_faults_free() in any case. */
int registry_edit(const struct registry *base, enum registry_table table, const char *id, json_t *row,
                  struct registry **ret, struct registry_faults *ret_faults);

#endif
