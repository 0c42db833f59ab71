/* Judges the days before again, once a night, on a thread and store handles of its own: ingest never waits
 * for it but for the moment in which a case is opened. What came late, and nights in which no bureau ran, are
 * made up for as far as NIGHTLY_DAYS go; beyond, `buswarden-bureau rejudge --cases` does that. */
#ifndef BUSWARDEN_REJUDGE_NIGHTLY_H
#define BUSWARDEN_REJUDGE_NIGHTLY_H

#include "bureau/cases/policy.h"
#include "bureau/rejudge/rejudge.h"

enum { NIGHTLY_DAYS = 7 };

struct nightly;

/* What is pointed at must live until nightly_stop(). */
struct nightly_config {
    const char *store_path;
    const struct case_policy *policy;
    uint16_t at_min;               /* local minute of the day */
    void (*say)(const char *line); /* what became of a night, and who was not judged; from its thread */
    int64_t (*now_utc_ms)(void);   /* NULL = the clock */
};

int nightly_start(const struct nightly_config *config, struct nightly **ret);
/* Ends a walk at the next few thousand positions. Accepts NULL. */
void nightly_stop(struct nightly *nightly);

/* How long until it is at_min o'clock again: 1 ms to a day. Pure. */
int64_t nightly_wait_ms(uint16_t at_min, int64_t now_utc_ms);

#endif
