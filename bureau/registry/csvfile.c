#include "bureau/registry/csvfile.h"

#include "bureau/registry/textfile.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_MAX = CSVFILE_ROW_MAX / 2 }; /* a file whose rows end in CR alone is no long row */

struct csvfile {
    const struct csvfile_table *table;
    struct registry_faults *faults;
    csvfile_row_fn fn;
    void *context;
    struct csv_parser parser;
    int err;
    bool is_over; /* a fault ended the file */

    unsigned next_line; /* of the text that comes next */
    unsigned line;      /* of the row's beginning */
    size_t row_bytes;   /* of the row so far */
    size_t n_rows;
    bool row_open; /* the row goes on with the next piece of text */
    bool row_bad;
    size_t n_fields;
    char *row;

    bool have_header;
    size_t width;                                            /* of the header */
    const struct csvfile_column *order[CSVFILE_COLUMNS_MAX]; /* column at each place; NULL = ignored */
};

static void fault(struct csvfile *csvfile, const char *subject, const char *reason)
{
    csvfile->row_bad = true;
    faults_add(csvfile->faults, csvfile->table->file, csvfile->line, subject, reason);
}

static void on_header_field(struct csvfile *csvfile, const char *text)
{
    if (csvfile->width == CSVFILE_COLUMNS_MAX) {
        fault(csvfile, text, "one column too many");
        return;
    }
    const struct csvfile_column *column = NULL;
    for (size_t i = 0; i < csvfile->table->n_columns && column == NULL; i++)
        if (strcmp(csvfile->table->columns[i].name, text) == 0)
            column = &csvfile->table->columns[i];
    if (column == NULL && !csvfile->table->takes_others)
        fault(csvfile, text, "no such column");
    for (size_t i = 0; column != NULL && i < csvfile->width; i++)
        if (csvfile->order[i] == column)
            fault(csvfile, text, "this column is there twice");
    csvfile->order[csvfile->width++] = column;
}

static void on_value(struct csvfile *csvfile, const struct csvfile_column *column, const char *text)
{
    const char *reason = NULL;
    if (*text != '\0')
        reason = column->parse(text, csvfile->row + column->offset, column->size);
    else if (column->need == CSVFILE_MUST)
        reason = "is empty";
    if (reason != NULL)
        fault(csvfile, column->name, reason);
}

static void bad_field(struct csvfile *csvfile, const char *reason)
{
    char subject[32];
    (void)snprintf(subject, sizeof(subject), "field %zu", csvfile->n_fields + 1);
    fault(csvfile, subject, reason);
}

static void on_field(void *data, size_t len, void *context)
{
    struct csvfile *csvfile = context;
    const char *text = data ? data : "";
    const struct csvfile_column *column =
        csvfile->have_header && csvfile->n_fields < csvfile->width ? csvfile->order[csvfile->n_fields] : NULL;
    const char *reason;
    if (csvfile->have_header && column == NULL)
        reason = utf8_fault(text, len); /* ignored, but the file is UTF-8 or not */
    else
        reason = len < CSVFILE_FIELD_MAX ? text_fault(text, len) : "is too long";
    if (reason != NULL) {
        bad_field(csvfile, reason);
        if (!csvfile->have_header && csvfile->width < CSVFILE_COLUMNS_MAX)
            csvfile->order[csvfile->width++] = NULL;
    } else if (!csvfile->have_header) {
        on_header_field(csvfile, text);
    } else if (column != NULL) {
        on_value(csvfile, column, text);
    }
    csvfile->n_fields++;
}

static void finish_header(struct csvfile *csvfile)
{
    for (size_t i = 0; i < csvfile->table->n_columns; i++) {
        bool found = csvfile->table->columns[i].need == CSVFILE_MAY_BE_ABSENT;
        for (size_t k = 0; k < csvfile->width; k++)
            found |= csvfile->order[k] == &csvfile->table->columns[i];
        if (!found)
            fault(csvfile, csvfile->table->columns[i].name, "this column is missing");
    }
    csvfile->have_header = true;
}

static void finish_row(struct csvfile *csvfile)
{
    const struct csvfile_table *table = csvfile->table;
    if (table->rows_max > 0 && csvfile->n_rows == table->rows_max) {
        char reason[64];
        (void)snprintf(reason, sizeof(reason), "more than %zu rows; the rest was not read", table->rows_max);
        fault(csvfile, NULL, reason);
        csvfile->is_over = true;
        return;
    }
    csvfile->n_rows++;
    if (csvfile->n_fields != csvfile->width) {
        char reason[64];
        (void)snprintf(reason, sizeof(reason), "%zu fields, but the header has %zu", csvfile->n_fields,
                       csvfile->width);
        fault(csvfile, NULL, reason);
    }
    const char *reason = !csvfile->row_bad && table->check ? table->check(csvfile->row) : NULL;
    if (reason != NULL)
        fault(csvfile, NULL, reason);
    csvfile->err = csvfile->fn(csvfile->context, csvfile->row, csvfile->line, csvfile->row_bad);
    memset(csvfile->row, 0, table->row_size);
}

static void on_row(int terminator, void *context)
{
    (void)terminator;
    struct csvfile *csvfile = context;
    csvfile->row_open = false;
    csvfile->row_bytes = 0;
    if (csvfile->n_fields == 0) /* an empty line */
        return;
    if (csvfile->is_over || csvfile->err < 0)
        return;
    if (csvfile->have_header)
        finish_row(csvfile);
    else
        finish_header(csvfile);
    csvfile->n_fields = 0;
    csvfile->row_bad = false;
}

int csvfile_open(const struct csvfile_table *table, struct registry_faults *faults, csvfile_row_fn fn,
                 void *context, struct csvfile **ret)
{
    struct csvfile *csvfile = calloc(1, sizeof(*csvfile));
    char *row = calloc(1, table->row_size);
    if (csvfile == NULL || row == NULL ||
        csv_init(&csvfile->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_REPALL_NL) != 0) {
        free(row);
        free(csvfile);
        return -ENOMEM;
    }
    csvfile->table = table;
    csvfile->faults = faults;
    csvfile->fn = fn;
    csvfile->context = context;
    csvfile->row = row;
    csvfile->line = csvfile->next_line = 1;
    *ret = csvfile;
    return 0;
}

static int parser_failed(struct csvfile *csvfile)
{
    if (csv_error(&csvfile->parser) != CSV_EPARSE)
        return csvfile->err = -ENOMEM;
    fault(csvfile, NULL, "quotes do not match; the rest of the file was not read");
    csvfile->is_over = true;
    return 0;
}

/* At most one line, because libcsv does not count them. */
static int feed_piece(struct csvfile *csvfile, const char *piece, size_t len)
{
    if (!csvfile->row_open)
        csvfile->line = csvfile->next_line;
    csvfile->row_open = true;
    csvfile->row_bytes += len;
    if (csvfile->row_bytes > CSVFILE_ROW_MAX) {
        fault(csvfile, NULL, "the row is too long; the rest of the file was not read");
        csvfile->is_over = true;
        return 0;
    }
    if (csv_parse(&csvfile->parser, piece, len, on_field, on_row, csvfile) != len)
        return parser_failed(csvfile);
    csvfile->next_line += piece[len - 1] == '\n';
    return csvfile->err;
}

int csvfile_feed(struct csvfile *csvfile, const char *data, size_t len)
{
    for (size_t at = 0; at < len && !csvfile->is_over && csvfile->err == 0;) {
        const char *newline = memchr(data + at, '\n', len - at);
        size_t piece = newline ? (size_t)(newline - (data + at)) + 1 : len - at;
        if (piece > PIECE_MAX)
            piece = PIECE_MAX;
        (void)feed_piece(csvfile, data + at, piece);
        at += piece;
    }
    return csvfile->err;
}

bool csvfile_is_over(const struct csvfile *csvfile)
{
    return csvfile->is_over;
}

int csvfile_finish(struct csvfile *csvfile)
{
    if (csvfile->err < 0 || csvfile->is_over)
        return csvfile->err;
    if (csv_fini(&csvfile->parser, on_field, on_row, csvfile) != 0)
        return parser_failed(csvfile);
    if (csvfile->err == 0 && !csvfile->have_header)
        fault(csvfile, NULL, "no header row");
    return csvfile->err;
}

void csvfile_free(struct csvfile *csvfile)
{
    if (csvfile == NULL)
        return;
    csv_free(&csvfile->parser);
    free(csvfile->row);
    free(csvfile);
}

static int keep_row(void *context, const void *row, unsigned line, bool has_fault)
{
    (void)has_fault;
    return rows_add(context, row, line);
}

int csvfile_read(const char *dir, const struct csvfile_table *table, struct registry_faults *faults,
                 struct rows *ret)
{
    char *text = NULL;
    size_t len = 0;
    struct csvfile *csvfile = NULL;
    ret->file = table->file;
    ret->row_size = table->row_size;
    int err = textfile_read(dir, table->file, faults, &text, &len);
    if (err < 0)
        return err == -EINVAL ? 0 : err; /* said in faults */
    err = csvfile_open(table, faults, keep_row, ret, &csvfile);
    if (err == 0)
        err = csvfile_feed(csvfile, text, len);
    if (err == 0)
        err = csvfile_finish(csvfile);
    csvfile_free(csvfile);
    free(text);
    return err;
}
