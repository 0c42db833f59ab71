/* Inside the bureau: rows of any one struct, and look-ups by a text field of theirs. */
#ifndef BUSWARDEN_REGISTRY_ROWS_H
#define BUSWARDEN_REGISTRY_ROWS_H

#include "bureau/registry/faults.h"

struct rows {
    const char *file; /* where they came from */
    size_t row_size;
    size_t n, capacity;
    char *data;      /* n rows; malloc'd */
    unsigned *lines; /* of each row in the file; malloc'd */
};

/* Appends a copy of one row. 0 or -ENOMEM. */
int rows_add(struct rows *rows, const void *row, unsigned line);
void rows_free(struct rows *rows);
/* Sorts the rows, and their lines with them. 0 or -ENOMEM. */
int rows_sort(struct rows *rows, int (*compare)(const void *, const void *));

/* Any array of n elements of `size` bytes that this alone has grown, with room for `more`: by powers of two,
 * from 64. NULL: out of memory, and the old one stays. */
void *rows_room(void *array, size_t n, size_t more, size_t size);

/* Index of the first row whose text at `offset` is not below `key`, n when there is none. `data` is sorted by
 * it. */
size_t rows_lower_bound(const void *data, size_t n, size_t row_size, size_t offset, const char *key);
/* That row if its text equals `key`, else NULL. */
const void *rows_find(const void *data, size_t n, size_t row_size, size_t offset, const char *key);

/* The values of one text column, sorted: for uniqueness and references, while the rows stand in file order.
 */
struct keyset_key {
    const char *text; /* borrowed from the rows */
    unsigned line;
};
struct keyset {
    size_t n;
    struct keyset_key *keys;
};
int keyset_build(const struct rows *rows, size_t offset, struct keyset *ret);
void keyset_free(struct keyset *set);
bool keyset_has(const struct keyset *set, const char *text);
/* A fault for every row that repeats the value of an earlier one; of rows without a line in `table`'s name.
 */
void keyset_report_repeats(const struct keyset *set, const char *file, const char *table, const char *column,
                           struct registry_faults *faults);

#endif
