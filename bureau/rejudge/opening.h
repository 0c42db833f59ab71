/* From what re-judging proves to cases. */
#ifndef BUSWARDEN_REJUDGE_OPENING_H
#define BUSWARDEN_REJUDGE_OPENING_H

#include "bureau/cases/policy.h"
#include "bureau/rejudge/rejudge.h"

/* A TAMPER case of the vehicle (Art. 21), or a line more in the one that is going; the same finding of
 * another run is told once, also when its case was dismissed. Only MISSING opens one. `store` is a handle for
 * writing without a transaction, not the one that is read from; who: for the case's log. 0, or what the store
 * says. */
int opening_take(struct store *store, const struct case_policy *policy, const char *who, int64_t now_utc_ms,
                 const struct rejudge_finding *finding);

#endif
