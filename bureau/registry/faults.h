/* Inside the registry: the list of faults that registry_load() hands back. */
#ifndef BUSWARDEN_REGISTRY_FAULTS_H
#define BUSWARDEN_REGISTRY_FAULTS_H

#include "bureau/registry/registry.h"

/* Adds "subject: reason"; subject NULL = the reason alone. Beyond REGISTRY_FAULTS_MAX, or when memory ends,
 * the fault is counted as dropped. */
void faults_add(struct registry_faults *faults, const char *file, unsigned line, const char *subject,
                const char *reason);
/* True if there is any, kept or dropped. */
bool faults_any(const struct registry_faults *faults);
/* By file, then line. */
void faults_sort(struct registry_faults *faults);

#endif
