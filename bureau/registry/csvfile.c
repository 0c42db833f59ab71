#include "bureau/registry/csvfile.h"

#include "bureau/registry/textfile.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const struct csvfile_table *table;
    struct registry_faults *faults;
    struct rows *rows;
    int err;

    unsigned line; /* of the row's beginning */
    bool row_open; /* the row goes on with the next piece of text */
    bool row_bad;
    size_t n_fields;
    char *row;

    bool have_header;
    size_t width;                                            /* of the header */
    const struct csvfile_column *order[CSVFILE_COLUMNS_MAX]; /* column at each place; NULL = unknown */
};

static void fault(struct reader *reader, const char *subject, const char *reason)
{
    reader->row_bad = true;
    faults_add(reader->faults, reader->table->file, reader->line, subject, reason);
}

static void on_header_field(struct reader *reader, const char *text)
{
    if (reader->width == CSVFILE_COLUMNS_MAX) {
        fault(reader, text, "one column too many");
        return;
    }
    const struct csvfile_column *column = NULL;
    for (size_t i = 0; i < reader->table->n_columns && column == NULL; i++)
        if (strcmp(reader->table->columns[i].name, text) == 0)
            column = &reader->table->columns[i];
    if (column == NULL)
        fault(reader, text, "no such column");
    for (size_t i = 0; column != NULL && i < reader->width; i++)
        if (reader->order[i] == column)
            fault(reader, text, "this column is there twice");
    reader->order[reader->width++] = column;
}

static void on_value(struct reader *reader, const char *text)
{
    const struct csvfile_column *column =
        reader->n_fields < reader->width ? reader->order[reader->n_fields] : NULL;
    if (column == NULL)
        return;
    const char *reason = NULL;
    if (*text != '\0')
        reason = column->parse(text, reader->row + column->offset, column->size);
    else if (!column->may_be_empty)
        reason = "is empty";
    if (reason != NULL)
        fault(reader, column->name, reason);
}

static void on_field(void *data, size_t len, void *context)
{
    struct reader *reader = context;
    const char *text = data ? data : "";
    const char *reason = len < CSVFILE_FIELD_MAX ? text_fault(text, len) : "is too long";
    if (reason != NULL) {
        char subject[32];
        (void)snprintf(subject, sizeof(subject), "field %zu", reader->n_fields + 1);
        fault(reader, subject, reason);
        if (!reader->have_header && reader->width < CSVFILE_COLUMNS_MAX)
            reader->order[reader->width++] = NULL;
    } else if (reader->have_header) {
        on_value(reader, text);
    } else {
        on_header_field(reader, text);
    }
    reader->n_fields++;
}

static void finish_header(struct reader *reader)
{
    for (size_t i = 0; i < reader->table->n_columns; i++) {
        bool found = false;
        for (size_t k = 0; k < reader->width; k++)
            found |= reader->order[k] == &reader->table->columns[i];
        if (!found)
            fault(reader, reader->table->columns[i].name, "this column is missing");
    }
    reader->have_header = true;
}

static void finish_row(struct reader *reader)
{
    if (reader->n_fields != reader->width) {
        char reason[64];
        (void)snprintf(reason, sizeof(reason), "%zu fields, but the header has %zu", reader->n_fields,
                       reader->width);
        fault(reader, NULL, reason);
    }
    const char *reason = !reader->row_bad && reader->table->check ? reader->table->check(reader->row) : NULL;
    if (reason != NULL)
        fault(reader, NULL, reason);
    if (reader->err == 0)
        reader->err = rows_add(reader->rows, reader->row, reader->line);
    memset(reader->row, 0, reader->table->row_size);
}

static void on_row(int terminator, void *context)
{
    (void)terminator;
    struct reader *reader = context;
    reader->row_open = false;
    if (reader->n_fields == 0) /* an empty line */
        return;
    if (reader->have_header)
        finish_row(reader);
    else
        finish_header(reader);
    reader->n_fields = 0;
    reader->row_bad = false;
}

/* Line by line, because libcsv does not count them. */
static int parse_lines(struct reader *reader, struct csv_parser *parser, const char *text, size_t len)
{
    unsigned line = 1;
    for (size_t at = 0; at < len; line++) {
        const char *newline = memchr(text + at, '\n', len - at);
        const size_t piece = newline ? (size_t)(newline - (text + at)) + 1 : len - at;
        if (!reader->row_open)
            reader->line = line;
        reader->row_open = true;
        if (csv_parse(parser, text + at, piece, on_field, on_row, reader) != piece)
            return csv_error(parser);
        at += piece;
    }
    return csv_fini(parser, on_field, on_row, reader) == 0 ? CSV_SUCCESS : csv_error(parser);
}

static int parse_text(struct reader *reader, const char *text, size_t len)
{
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_REPALL_NL) != 0)
        return -ENOMEM;
    const int code = parse_lines(reader, &parser, text, len);
    csv_free(&parser);
    if (code == CSV_EPARSE)
        fault(reader, NULL, "quotes do not match; the rest of the file was not read");
    else if (code != CSV_SUCCESS)
        return -ENOMEM;
    else if (!reader->have_header)
        fault(reader, NULL, "no header row");
    return reader->err;
}

int csvfile_read(const char *dir, const struct csvfile_table *table, struct registry_faults *faults,
                 struct rows *ret)
{
    char *text = NULL;
    size_t len = 0;
    ret->file = table->file;
    ret->row_size = table->row_size;
    int err = textfile_read(dir, table->file, faults, &text, &len);
    if (err < 0)
        return err == -EINVAL ? 0 : err; /* said in faults */
    struct reader reader = {.table = table, .faults = faults, .rows = ret, .line = 1};
    reader.row = calloc(1, table->row_size);
    err = reader.row ? parse_text(&reader, text, len) : -ENOMEM;
    free(reader.row);
    free(text);
    return err;
}
