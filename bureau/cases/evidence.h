/* What stands behind a case: where the vehicle was around it, the licence it was held against, and whether
 * the records that say so are whole. Bounded; reads alone. What is verified and what is not: docs/cases.md.
 */
#ifndef BUSWARDEN_CASES_EVIDENCE_H
#define BUSWARDEN_CASES_EVIDENCE_H

#include "bureau/store/cases.h"
#include "bureau/verify/excerpt.h"

enum {
    EVIDENCE_MARGIN_MS = 600000, /* before the first and after the last of what it is about */
    EVIDENCE_SPAN_MS = 14400000, /* no longer than this */
    EVIDENCE_CLOCK_MS = 3600000, /* a vehicle's clock and the bureau's are no further apart */
    EVIDENCE_FIXES_MAX = 7200,   /* then the track is cut */
    EVIDENCE_RECORDS_MAX = 4096, /* of one chain, looked through */
    EVIDENCE_CHAINS_MAX = 64,
    EVIDENCE_PHASES_MAX = 256,
};

struct evidence_records {
    uint64_t records, good, missing;
    uint64_t
        unlinked; /* runs of which a neighbour is not held or does not fit; the newest has none after it */
};

struct evidence {
    int64_t from_utc_ms, until_utc_ms;
    size_t n_fixes;
    struct bw_track_fix *fixes;
    bool cut; /* there are more */
    struct evidence_records alert, track;
    enum verify_reason reason; /* of the first finding; VERIFY_REASONS = none */
    struct store_chain_id reason_chain;
    uint64_t reason_seq;
    bool has_licence;
    struct bw_licence licence; /* in force then: that the alert was judged under, else the newest then */
};

/* licence_version: that the alert names; 0 = by time. 0 or the store's error; evidence_free(). */
int evidence_gather(struct store *store, const struct store_case *row, uint64_t licence_version,
                    struct evidence *ret);
void evidence_free(struct evidence *evidence);

#endif
