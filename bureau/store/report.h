/* What a term report counts. Each function walks sums, one row a school that has anything to count, in no
 * order; school_id "" stands for vehicles that the registry does not hold (any more), so that the rows of one
 * walk together are the county. What counts when is docs/report.md. For figures of one moment, ask within
 * store_begin_reading(). Otherwise as store.h. */
#ifndef BUSWARDEN_STORE_REPORT_H
#define BUSWARDEN_STORE_REPORT_H

#include "bureau/store/store.h"

struct store_report_query {
    int64_t from_utc_ms, until_utc_ms; /* what happened from, and before */
    const char *school_id;             /* this school alone; NULL = all, and what is of none */
};

/* Every school of the registry, by division, township and name. */
struct store_report_school {
    const char *school_id, *name, *division, *township;
};
typedef int (*store_report_school_fn)(void *context, const struct store_report_school *row);
int store_report_schools(struct store *store, const char *school_id, store_report_school_fn fn,
                         void *context);

/* The registry as it is now, asked about one local day. */
struct store_report_vehicles {
    const char *school_id;
    int64_t registered;  /* not scrapped by that day */
    int64_t permitted;   /* of them: with an active permit that is valid on that day */
    int64_t uninspected; /* of them: inspection not valid on that day (Art. 20) */
};
typedef int (*store_report_vehicles_fn)(void *context, const struct store_report_vehicles *row);
int store_report_vehicles(struct store *store, const char *school_id, int32_t day,
                          store_report_vehicles_fn fn, void *context);

/* Vehicles with a trip that began in the time. */
typedef int (*store_report_ran_fn)(void *context, const char *school_id, int64_t n);
int store_report_ran(struct store *store, const struct store_report_query *query, store_report_ran_fn fn,
                     void *context);

/* Trips that began in the time. */
struct store_report_trips {
    const char *school_id;
    int64_t trips;
    int64_t uncounted; /* of them: nobody could count, the zeros are no counts */
    int64_t over;      /* of them: for certain more aboard than approved, for a second or longer */
    int64_t boarded;   /* on the others, together */
};
typedef int (*store_report_trips_fn)(void *context, const struct store_report_trips *row);
int store_report_trips(struct store *store, const struct store_report_query *query, store_report_trips_fn fn,
                       void *context);

/* Alerts that were raised in the time; a row a school, kind and severity. */
struct store_report_alerts {
    const char *school_id;
    int kind, severity; /* as stored: any number */
    int64_t n;
};
typedef int (*store_report_alerts_fn)(void *context, const struct store_report_alerts *row);
int store_report_alerts(struct store *store, const struct store_report_query *query,
                        store_report_alerts_fn fn, void *context);

/* Cases that were opened in the time, as they are now; a row a school, kind and state. A case is its
 * vehicle's school's; without one, of the school that it is assigned to. One school alone is not told of what
 * only re-judging found, unless it is assigned to it. */
struct store_report_cases {
    const char *school_id;
    int kind, state; /* as stored: any number */
    bool explained;  /* closed by the bureau's program, for an innocent reason */
    int64_t n;
    int64_t overdue;     /* of them: assigned, and the deadline was before now */
    int64_t handed_over; /* of them: to the police */
};
typedef int (*store_report_cases_fn)(void *context, const struct store_report_cases *row);
int store_report_cases(struct store *store, const struct store_report_query *query, int64_t now_utc_ms,
                       store_report_cases_fn fn, void *context);

/* How long each of these cases took from its opening, the shortest first; those that did not come so far by
 * now are left out. */
enum store_report_span {
    STORE_REPORT_TAKEN,     /* a person first took it out of "open" */
    STORE_REPORT_RECTIFIED, /* it was last answered as done, and is rectified or closed now */
};
typedef int (*store_report_span_fn)(void *context, const char *school_id, int64_t span_ms);
int store_report_spans(struct store *store, const struct store_report_query *query,
                       enum store_report_span span, store_report_span_fn fn, void *context);

/* Sightings of the time, by when the vehicle was seen; a row a gate's school (school_id "": elsewhere),
 * verdict and state of the case. One school alone is told of what it reported itself. */
struct store_report_sightings {
    const char *school_id;
    int verdict;      /* enum sighting_verdict */
    int state;        /* of the case that it was handed over with, now; 0 = it is in none */
    bool handed_over; /* that case: to the police */
    int64_t n;
};
typedef int (*store_report_sightings_fn)(void *context, const struct store_report_sightings *row);
int store_report_sightings(struct store *store, const struct store_report_query *query,
                           store_report_sightings_fn fn, void *context);
/* What retention may have taken of the time: bits. Of cases it is told from the numbers that are missing. */
enum {
    STORE_REPORT_TRIPS = 1,
    STORE_REPORT_ALERTS = 2,
    STORE_REPORT_CASES = 4,
    STORE_REPORT_SIGHTINGS = 8,
};
int store_report_purged(struct store *store, const struct store_report_query *query, unsigned *ret);

/* How many different plates, read whole, had no valid permit when they were seen. */
int store_report_plates(struct store *store, const struct store_report_query *query, int64_t *ret);

#endif
