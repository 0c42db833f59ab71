/* A CSV file read row by row into a struct, as a table of its columns says. */
#ifndef BUSWARDEN_REGISTRY_CSVFILE_H
#define BUSWARDEN_REGISTRY_CSVFILE_H

#include "bureau/registry/rows.h"

/* Reads `text` into `target` of `size` bytes. NULL, or what is wrong with it. */
typedef const char *(*csvfile_parse_fn)(const char *text, void *target, size_t size);

/* The same text back, "" for none; `size` of ret, which is always enough (CSVFILE_FIELD_MAX). */
typedef void (*csvfile_format_fn)(const void *source, char *ret, size_t size);

/* A field of a column that is ignored may be as long as its row. */
enum { CSVFILE_COLUMNS_MAX = 64, CSVFILE_FIELD_MAX = 512, CSVFILE_ROW_MAX = 65536 };

enum csvfile_need {
    CSVFILE_MUST,
    CSVFILE_MAY_BE_EMPTY,  /* then the member stays zero */
    CSVFILE_MAY_BE_ABSENT, /* the whole column */
};

struct csvfile_column {
    const char *name;
    csvfile_parse_fn parse;
    csvfile_format_fn format; /* NULL = nobody asks */
    size_t offset, size;      /* of the member that takes the value */
    enum csvfile_need need;
};

struct csvfile_table {
    const char *file;
    size_t row_size;
    size_t n_columns; /* at most CSVFILE_COLUMNS_MAX */
    const struct csvfile_column *columns;
    const char *(*check)(const void *row); /* of a row whose fields are all good; may be NULL */
    bool takes_others;                     /* columns that are not named here are ignored, else faults */
    size_t rows_max;                       /* 0 = as many as the file holds */
};

/* --- piece by piece --- */

struct csvfile;
/* One row, alive for the call. has_fault: at least one of its fields could not be used and is zero. 0, or an
 * error that ends the reading. */
typedef int (*csvfile_row_fn)(void *context, const void *row, unsigned line, bool has_fault);

/* A header row names the columns in any order. Every fault is added to `faults`. 0 or -ENOMEM. */
int csvfile_open(const struct csvfile_table *table, struct registry_faults *faults, csvfile_row_fn fn,
                 void *context, struct csvfile **ret);
/* 0, or what fn returned, or -ENOMEM. After a fault that ends the file (quotes that do not match, a row or a
 * file that is too long) the rest is passed over. */
int csvfile_feed(struct csvfile *csvfile, const char *data, size_t len);
/* True after such a fault: nothing more is read. */
bool csvfile_is_over(const struct csvfile *csvfile);
/* The last row, when no line end follows it. Does not free. */
int csvfile_finish(struct csvfile *csvfile);
void csvfile_free(struct csvfile *csvfile);

/* --- a whole file --- */

/* Reads dir/table->file. Rows with faults are kept too, so that references to them raise no second fault.
 * `ret` (zeroed by the caller) is released by rows_free(), after a failure as well. 0 or -ENOMEM. */
int csvfile_read(const char *dir, const struct csvfile_table *table, struct registry_faults *faults,
                 struct rows *ret);

#endif
