/* Judges a stretch of stored positions with the vehicle's own rules (gateway/compliance). Pure but for its
 * memory.
 *
 * A track says less than the vehicle knew: a position and the number aboard once a second, and nothing of
 * doors, ignition, belts, wheels or the receiver's own speed. So five kinds are judged, and of each span it
 * is said how long it was beyond doubt: docs/rules.md, "Judged again from tracks". */
#ifndef BUSWARDEN_REJUDGE_TRACKJUDGE_H
#define BUSWARDEN_REJUDGE_TRACKJUDGE_H

#include "gateway/compliance/engine.h"

enum {
    TRACKJUDGE_GAP_MS = 20000,  /* a longer silence within a stretch ends what is beyond doubt */
    TRACKJUDGE_COUNT_ERROR = 4, /* persons that the best estimate may be above what is certain */
    TRACKJUDGE_FAR_M = 150,     /* beyond a corridor and its margin: no reflection stays there */
    TRACKJUDGE_LEAD_MS = 5000,  /* speeds look so far ahead and back */
    TRACKJUDGE_WINDOW = 64,     /* fixes in memory: more than there can be in twice the lead */
};

bool trackjudge_judges(enum bw_kind kind);

/* Part of a span in which every fix was beyond doubt; to 0: there is none. The gateway must have known what
 * there was since `since`: for OFF_ROUTE that it was on the route. */
struct trackjudge_sure {
    int64_t since_utc_ms, from_utc_ms, to_utc_ms;
};

/* An alert as the track shows it. */
struct trackjudge_span {
    enum bw_kind kind;
    enum bw_severity severity;
    int64_t from_utc_ms, to_utc_ms; /* raised, and cleared or the end of the stretch */
    double lat_deg, lon_deg;        /* where it was raised */
    /* The longest such part; `strict` supposes the worst of the number aboard (OVERLOAD), and that the
     * gateway had only just begun (OFF_ROUTE). Never for OVERSPEED: nobody knows whether the receiver gave
     * the vehicle a speed. */
    struct trackjudge_sure sure, strict;
};
typedef int (*trackjudge_fn)(void *context, const struct trackjudge_span *span);

struct trackjudge;

/* licence and orders (NULL = none) are borrowed. on_span is called as spans end; a non-zero return is
 * returned by the call that it was in. */
int trackjudge_create(const struct bw_licence *licence, const struct bw_orders *orders, trackjudge_fn on_span,
                      void *context, struct trackjudge **ret);
void trackjudge_free(struct trackjudge *judge); /* accepts NULL */
/* In order of time. */
int trackjudge_fix(struct trackjudge *judge, const struct bw_track_fix *fix);
/* The stretch is over: what is open ends. The next fix begins another one, as after a start of the gateway.
 */
int trackjudge_end(struct trackjudge *judge);
/* Between two places. */
double trackjudge_apart_m(const struct bw_track_fix *a, const struct bw_track_fix *b);

#endif
