#include "bureau/registry/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void faults_add(struct registry_faults *faults, const char *file, unsigned line, const char *subject,
                const char *reason)
{
    /* Grows at powers of two: the capacity follows from n. */
    const bool full = (faults->n & (faults->n - 1)) == 0;
    if (faults->n < REGISTRY_FAULTS_MAX && full) {
        void *grown = realloc(faults->list, (faults->n ? 2 * faults->n : 1) * sizeof(faults->list[0]));
        if (grown == NULL) {
            faults->dropped++;
            return;
        }
        faults->list = grown;
    }
    if (faults->n >= REGISTRY_FAULTS_MAX) {
        faults->dropped++;
        return;
    }
    struct registry_fault *fault = &faults->list[faults->n++];
    fault->line = line;
    (void)snprintf(fault->file, sizeof(fault->file), "%s", file);
    (void)snprintf(fault->reason, sizeof(fault->reason), "%s%s%s", subject ? subject : "",
                   subject ? ": " : "", reason);
}

bool faults_any(const struct registry_faults *faults)
{
    return faults->n > 0 || faults->dropped > 0;
}

static int compare(const void *left, const void *right)
{
    const struct registry_fault *a = left, *b = right;
    const int by_file = strcmp(a->file, b->file);
    if (by_file != 0)
        return by_file;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return strcmp(a->reason, b->reason);
}

void faults_sort(struct registry_faults *faults)
{
    if (faults->n > 1)
        qsort(faults->list, faults->n, sizeof(faults->list[0]), compare);
}

void registry_faults_free(struct registry_faults *faults)
{
    free(faults->list);
    *faults = (struct registry_faults){0};
}
