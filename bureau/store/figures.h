/* How much the store holds, for those who watch over it (/metrics). */
#ifndef BUSWARDEN_STORE_FIGURES_H
#define BUSWARDEN_STORE_FIGURES_H

#include "bureau/cases/state.h"
#include "bureau/store/store.h"

struct store_figures {
    uint64_t open_alerts[BW_KIND_COUNT]; /* of later kinds: at BW_KIND_UNSPECIFIED */
    uint64_t chains;                     /* of records, by vehicle, stream and class */
    uint64_t chains_adopted;             /* of these, begun in their midst: their past is not held here */
    uint64_t cases[CASE_STATES];
    uint64_t cases_overdue; /* assigned, and their deadline is over */
    uint64_t audit_lines;
    uint64_t bytes; /* on disk, without what is not yet written back */
};
/* Costs a walk over the open alerts, the cases and the chains, not over the records. */
int store_figures(struct store *store, int64_t now_utc_ms, struct store_figures *ret);

#endif
