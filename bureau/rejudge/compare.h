/* What a vehicle said of itself against what its tracks show. Pure.
 *
 * A vehicle is accused only of what its tracks prove, whatever an honest gateway may have known, held or
 * lost: everything else that they show is said with the reason why it proves nothing. docs/rules.md, "Judged
 * again from tracks". */
#ifndef BUSWARDEN_REJUDGE_COMPARE_H
#define BUSWARDEN_REJUDGE_COMPARE_H

#include "bureau/rejudge/trackjudge.h"

enum {
    COMPARE_APART_MS = 120000,    /* an alert so far before or after is taken for the same */
    COMPARE_SURE_MS = 30000,      /* beyond doubt for so long, and twice the rule's hold */
    COMPARE_OFF_ROUTE_MS = 60000, /* so long far off, after it was on the route */
    COMPARE_NEAR_MS = 60000,      /* of a start of the gateway, or of a hole */
    COMPARE_OVER_S = 60, /* a trip's own time over capacity that stands for the number being certain */
};

/* An alert object that the vehicle has told of. */
struct compare_alert {
    enum bw_kind kind;
    enum bw_severity severity;
    uint64_t number, licence_version;
    int64_t from_utc_ms, to_utc_ms; /* 0, INT64_MAX: nobody knows, and it is not over */
    uint32_t limit; /* OVERLOAD: its capacity; OVERSPEED: its peak in km/h when raised, 0 = unknown */
};

/* An alert may have been lost in it without the vehicle's doing. */
enum compare_loss { COMPARE_RESTART, COMPARE_HOLE };
struct compare_gap {
    enum compare_loss loss;
    int64_t from_utc_ms, to_utc_ms;
};

struct compare_trip {
    int64_t from_utc_ms, to_utc_ms;
    uint32_t over_s;
};

/* What the vehicle has signed besides its tracks. */
struct compare_said {
    size_t n_alerts, n_gaps, n_trips;
    const struct compare_alert *alerts;
    const struct compare_gap *gaps;
    const struct compare_trip *trips;
    bool alerts_wait;       /* by its presence it has alerts that are not here yet */
    int64_t patient_utc_ms; /* which counts for what came later than this */
    int64_t settled_utc_ms; /* what came later than this may be followed by an alert */
};

enum compare_doubt {
    DOUBT_NONE,
    DOUBT_SHORT,   /* not beyond doubt for long enough */
    DOUBT_LICENCE, /* under another licence that it may have held it is not so, or nobody knows which */
    DOUBT_RESTART, /* its gateway was started, or ended, near it */
    DOUBT_HOLE,    /* alerts of that time are not held here */
    DOUBT_WAITING, /* alerts are on their way */
    DOUBT_SPEED,   /* OVERSPEED: nobody knows whether its receiver gave it a speed */
    DOUBT_COUNT
};

struct compare_spans {
    size_t n;
    const struct trackjudge_span *spans;
};

struct compare_shown {
    const struct trackjudge_span *span;     /* under the newest licence that it may have held */
    const struct bw_thresholds *thresholds; /* in force for it */
    int64_t received_utc_ms;                /* of the last position of the span */
    int64_t known_utc_ms; /* from when on it held one of these licences; INT64_MAX: nobody knows */
    /* The spans of each other licence that it may have held. */
    size_t n_others;
    const struct compare_spans *others;
};

/* True: the vehicle said so. */
bool compare_is_said(const struct compare_said *said, const struct trackjudge_span *span);
/* DOUBT_NONE: its own alert is missing, proven. */
enum compare_doubt compare_doubt(const struct compare_said *said, const struct compare_shown *shown);
const char *compare_doubt_name(enum compare_doubt doubt); /* "short", "licence"... */
const char *compare_doubt_words(enum compare_doubt doubt, bool zh);

#endif
