#include "bureau/registry/rows.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int grow(struct rows *rows)
{
    const size_t capacity = rows->capacity ? 2 * rows->capacity : 64;
    char *data = realloc(rows->data, capacity * rows->row_size);
    if (data == NULL)
        return -ENOMEM;
    rows->data = data;
    unsigned *lines = realloc(rows->lines, capacity * sizeof(*lines));
    if (lines == NULL)
        return -ENOMEM;
    rows->lines = lines;
    rows->capacity = capacity;
    return 0;
}

int rows_add(struct rows *rows, const void *row, unsigned line)
{
    if (rows->n == rows->capacity) {
        const int err = grow(rows);
        if (err < 0)
            return err;
    }
    memcpy(rows->data + rows->n * rows->row_size, row, rows->row_size);
    rows->lines[rows->n++] = line;
    return 0;
}

void rows_free(struct rows *rows)
{
    free(rows->data);
    free(rows->lines);
    rows->data = NULL;
    rows->lines = NULL;
    rows->n = rows->capacity = 0;
}

int rows_sort(struct rows *rows, int (*compare)(const void *, const void *))
{
    /* qsort() moves one array: row and line stand in it together, the row first and aligned. */
    const size_t align = _Alignof(max_align_t);
    const size_t stride = (rows->row_size + sizeof(*rows->lines) + align - 1) / align * align;
    char *both = malloc(rows->n * stride + 1); /* + 1: malloc(0) may be NULL */
    if (both == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < rows->n; i++) {
        memcpy(both + i * stride, rows->data + i * rows->row_size, rows->row_size);
        memcpy(both + i * stride + rows->row_size, &rows->lines[i], sizeof(*rows->lines));
    }
    qsort(both, rows->n, stride, compare);
    for (size_t i = 0; i < rows->n; i++) {
        memcpy(rows->data + i * rows->row_size, both + i * stride, rows->row_size);
        memcpy(&rows->lines[i], both + i * stride + rows->row_size, sizeof(*rows->lines));
    }
    free(both);
    return 0;
}

void *rows_room(void *array, size_t n, size_t more, size_t size)
{
    size_t before = 64, after = 64;
    while (before < n)
        before *= 2;
    while (after < n + more)
        after *= 2;
    return array != NULL && before == after ? array : reallocarray(array, after, size);
}

size_t rows_lower_bound(const void *data, size_t n, size_t row_size, size_t offset, const char *key)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp((const char *)data + middle * row_size + offset, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const void *rows_find(const void *data, size_t n, size_t row_size, size_t offset, const char *key)
{
    const size_t i = rows_lower_bound(data, n, row_size, offset, key);
    if (i == n)
        return NULL;
    const char *row = (const char *)data + i * row_size;
    return strcmp(row + offset, key) == 0 ? row : NULL;
}

static int compare_keys(const void *left, const void *right)
{
    const struct keyset_key *a = left, *b = right;
    const int by_text = strcmp(a->text, b->text);
    if (by_text != 0)
        return by_text;
    return (a->line > b->line) - (a->line < b->line);
}

int keyset_build(const struct rows *rows, size_t offset, struct keyset *ret)
{
    struct keyset_key *keys = calloc(rows->n + 1, sizeof(*keys)); /* + 1: calloc(0) may be NULL */
    if (keys == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < rows->n; i++)
        keys[i] =
            (struct keyset_key){.text = rows->data + i * rows->row_size + offset, .line = rows->lines[i]};
    qsort(keys, rows->n, sizeof(*keys), compare_keys);
    *ret = (struct keyset){.n = rows->n, .keys = keys};
    return 0;
}

void keyset_free(struct keyset *set)
{
    free(set->keys);
    *set = (struct keyset){0};
}

bool keyset_has(const struct keyset *set, const char *text)
{
    size_t low = 0, high = set->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(set->keys[middle].text, text);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

void keyset_report_repeats(const struct keyset *set, const char *file, const char *table, const char *column,
                           struct registry_faults *faults)
{
    for (size_t i = 1, first = 0; i < set->n; i++) {
        const struct keyset_key *key = &set->keys[i];
        if (strcmp(key->text, set->keys[first].text) != 0) {
            first = i;
            continue;
        }
        if (*key->text == '\0') /* empty is a fault of its own */
            continue;
        char reason[200];
        const unsigned line = set->keys[first].line;
        if (line > 0)
            (void)snprintf(reason, sizeof(reason), "\"%.120s\" stands on line %u already", key->text, line);
        else
            (void)snprintf(reason, sizeof(reason), "\"%.120s\" is in the registry already", key->text);
        faults_add(faults, key->line > 0 ? file : table, key->line, column, reason);
    }
}
