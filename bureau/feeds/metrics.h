/* Prometheus' text format, version 0.0.4. Pure, but for metrics_store(). */
#ifndef BUSWARDEN_METRICS_H
#define BUSWARDEN_METRICS_H

#include "bureau/store/store.h"

#include <stdio.h>

/* "# HELP" and "# TYPE"; the samples of this name follow. Type: counter, gauge, histogram. */
void metrics_head(FILE *out, const char *name, const char *type, const char *help);
/* A sample: `label` NULL = none. The value of a label is escaped as the format asks. */
void metrics_sample(FILE *out, const char *name, const char *label, const char *value, double number);
void metrics_two_labels(FILE *out, const char *name, const char *label, const char *value,
                        const char *other_label, const char *other_value, double number);

/* What the store holds. 0 or its error. */
int metrics_store(FILE *out, struct store *store, int64_t now_utc_ms);

#endif
