/* Inside the registry: a CSV file read into an array of structs, as a table of its columns says. */
#ifndef BUSWARDEN_REGISTRY_CSVFILE_H
#define BUSWARDEN_REGISTRY_CSVFILE_H

#include "bureau/registry/rows.h"

/* Reads `text` into `target` of `size` bytes. NULL, or what is wrong with it. */
typedef const char *(*csvfile_parse_fn)(const char *text, void *target, size_t size);

enum { CSVFILE_COLUMNS_MAX = 16, CSVFILE_FIELD_MAX = 512 };

struct csvfile_column {
    const char *name;
    csvfile_parse_fn parse;
    size_t offset, size; /* of the member that takes the value */
    bool may_be_empty;   /* then the member stays zero */
};

struct csvfile_table {
    const char *file;
    size_t row_size;
    size_t n_columns; /* at most CSVFILE_COLUMNS_MAX */
    const struct csvfile_column *columns;
    const char *(*check)(const void *row); /* of a row whose fields are all good; may be NULL */
};

/* Reads dir/table->file. A header row names the columns in any order; each must be there once and no other.
 * Every fault is added to `faults`; rows with faults are kept too, so that references to them raise no second
 * fault. `ret` (zeroed by the caller) is released by rows_free(), after a failure as well. 0 or -ENOMEM. */
int csvfile_read(const char *dir, const struct csvfile_table *table, struct registry_faults *faults,
                 struct rows *ret);

#endif
