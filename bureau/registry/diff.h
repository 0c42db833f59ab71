/* What is different between two registries, row by row and field by field, in the words of the registry's
 * files. */
#ifndef BUSWARDEN_REGISTRY_DIFF_H
#define BUSWARDEN_REGISTRY_DIFF_H

#include "bureau/registry/registry.h"

#include <jansson.h>

enum { REGISTRY_ROW_ID_LEN = 2 * BW_ID_LEN, REGISTRY_FIELD_LEN = 1024 };

struct registry_change {
    enum registry_table table;
    const void *before, *after; /* NULL = added, removed; both borrowed */
};
/* In the order of the tables, then of ids. */
struct registry_diff {
    size_t n;
    struct registry_change *changes;
};
/* 0 or -ENOMEM. */
int registry_diff(const struct registry *before, const struct registry *after, struct registry_diff *ret);
void registry_diff_free(struct registry_diff *diff);

/* What names a row within its table: its id, of a service "ROUTE SERVICE". */
void registry_row_id(enum registry_table table, const void *row, char ret[REGISTRY_ROW_ID_LEN]);

/* The fields of a row as text: those of CSV tables as their files have them; lines, areas and lists of a
 * length that may be anything are summed up, with a hash. The first is the id. */
size_t registry_field_count(enum registry_table table);
const char *registry_field_name(enum registry_table table, size_t field);
void registry_field_text(enum registry_table table, size_t field, const void *row,
                         char ret[REGISTRY_FIELD_LEN]);

/* {"FIELD": [BEFORE, AFTER], ...} of the fields that differ; of a row that was added or removed all that are
 * not empty, with null on the other side. NULL: out of memory. */
json_t *registry_change_json(const struct registry_change *change);

#endif
