/* Judges stored tracks again, by the licence that was in force then, and compares with what the vehicles said
 * of themselves; or tries another licence on them. Reads alone, in one transaction for each vehicle, so that
 * a bureau goes on meanwhile. What is proven and what is not: docs/rules.md, "Judged again from tracks". */
#ifndef BUSWARDEN_REJUDGE_H
#define BUSWARDEN_REJUDGE_H

#include "bureau/rejudge/compare.h"
#include "bureau/store/store.h"

enum {
    REJUDGE_SETTLE_MS = 600000, /* alerts come before the tracks of their time; this is more than enough */
    REJUDGE_PATIENCE_MS = 259200000, /* three days after its track nobody waits for an alert any more */
    REJUDGE_LICENCES_MAX = 4,        /* that a vehicle may have held at one time; beyond nobody knows */
    REJUDGE_LIST_MAX = 1000000,      /* rows of each list of one vehicle; beyond it is unjudged */
};

enum rejudge_what {
    REJUDGE_MISSING, /* the tracks prove it, and the vehicle does not say so */
    REJUDGE_UNSAID,  /* the tracks show it, and prove nothing */
    REJUDGE_UNSHOWN, /* the vehicle says so, and its tracks say the opposite */
};
const char *rejudge_what_name(enum rejudge_what what);

struct rejudge_finding {
    enum rejudge_what what;
    enum compare_doubt doubt; /* UNSAID: why it proves nothing */
    const char *vehicle;
    enum bw_kind kind;
    enum bw_severity severity;
    int64_t from_utc_ms, to_utc_ms;
    uint64_t licence_version;
    double lat_deg, lon_deg; /* where it began */
    uint64_t number;         /* UNSHOWN: the vehicle's own of that alert */
};

typedef uint64_t rejudge_counts[BW_KIND_COUNT][BW_CRIMINAL + 1];
struct rejudge_totals {
    uint64_t vehicles, records, fixes;
    uint64_t unjudged; /* vehicles of these that could not be judged to the end */
    int64_t judged_ms; /* of tracks, by some licence */
    uint64_t agreed;   /* shown, and said */
    uint64_t found[REJUDGE_UNSHOWN + 1];
    rejudge_counts said;  /* by the vehicles: of every kind */
    rejudge_counts shown; /* by their tracks */
    rejudge_counts tried; /* the same under the trial */
};

/* Another licence: thresholds that are not 0 take the place of the licence's. */
struct rejudge_trial {
    const struct bw_licence *licence; /* NULL = the one in force */
    struct bw_thresholds thresholds;
};

struct rejudge_options {
    const char *vehicle; /* NULL = all */
    int64_t from_utc_ms, to_utc_ms, now_utc_ms;
    const struct rejudge_trial *trial; /* NULL = compare; else nothing is found, and `tried` is filled */
    /* Any may be NULL. A non-zero return ends the walk and is returned. */
    int (*on_finding)(void *context, const struct rejudge_finding *finding);
    int (*on_unjudged)(void *context, const char *vehicle, const char *why);
    int (*on_progress)(void *context, const struct rejudge_totals *so_far); /* every few thousand fixes */
    void *context;
};

/* 0, whatever was found, or what the store says; -ENOMEM. ret_totals is set in either case. A vehicle of
 * which too much is held, or something that cannot be read, is told of as unjudged, and the others are
 * judged. */
int rejudge_store(struct store *store, const struct rejudge_options *options,
                  struct rejudge_totals *ret_totals);

#endif
