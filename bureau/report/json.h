/* A report in the words of docs/api/openapi.yaml (Report). */
#ifndef BUSWARDEN_REPORT_JSON_H
#define BUSWARDEN_REPORT_JSON_H

#include "bureau/report/figures.h"

#include <jansson.h>

/* A new reference; NULL when out of memory. */
json_t *report_json(const struct report *report);

#endif
