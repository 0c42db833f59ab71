#include "bureau/registry/faults.h"

#include "bureau/registry/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void faults_add(struct registry_faults *faults, const char *file, unsigned line, const char *subject,
                const char *reason)
{
    struct registry_fault *grown =
        faults->n < REGISTRY_FAULTS_MAX ? rows_room(faults->list, faults->n, 1, sizeof(*grown)) : NULL;
    if (grown == NULL) {
        faults->dropped++;
        return;
    }
    faults->list = grown;
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
