/* Alerts in words that a traffic policeman can read, Chinese or English: `replay --explain`. */
#ifndef BUSWARDEN_EXPLAIN_H
#define BUSWARDEN_EXPLAIN_H

#include <stdio.h>

#include "gateway/compliance/engine.h"
#include "proto/words.h"

enum { EXPLAIN_FIXES_MAX = 120 }; /* fixes before a departure that are remembered */

struct explain;

/* The licence is borrowed: it names the routes and stops, and gives local time. NULL when out of memory. */
struct explain *explain_create(const struct bw_licence *licence, enum words_language language, FILE *out);
void explain_destroy(struct explain *explain); /* accepts NULL */

/* After each event, and for each phase that it caused. */
void explain_event(struct explain *explain, const struct engine *engine, const struct bw_event *event);
void explain_alert(struct explain *explain, const struct bw_alert *alert);

#endif
