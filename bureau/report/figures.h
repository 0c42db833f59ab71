/* The figures of one term for the yearly safety summary: all of one moment of the store, each defined in
 * docs/report.md.
 *
 * Days are local (Asia/Shanghai). What a vehicle told of counts by event time, however late it came. Vehicles
 * belong to the school that has them in the registry now; what the registry does not hold is the row of
 * school_id "". The rows together are the total. */
#ifndef BUSWARDEN_REPORT_FIGURES_H
#define BUSWARDEN_REPORT_FIGURES_H

#include "bureau/cases/state.h"
#include "bureau/store/report.h"
#include "bureau/store/sightings.h"

enum {
    REPORT_DAYS_MAX = 366,
    REPORT_MONTHS_MAX = 13,                 /* that so many days can touch */
    REPORT_KINDS = BW_KIND_COUNT,           /* 0 = a kind that only a later version knows */
    REPORT_BANDS = BW_CRIMINAL + 1,         /* by enum bw_severity; 0 = one that only a later version knows */
    REPORT_VERDICTS = SIGHTING_UNKNOWN + 1, /* by enum sighting_verdict; 0 = one of a later version */
};

enum report_by { REPORT_BY_SCHOOL, REPORT_BY_TOWNSHIP };

struct report_query {
    int32_t from_day, to_day; /* both inclusive */
    enum report_by by;
    const char *school_id; /* this school alone; NULL = the whole county */
    const char *bureau;    /* its name, for the title; "" = not known */
    int64_t now_utc_ms;    /* when the report is made */
};

/* What became of a sighting: the state of its case. */
enum report_outcome {
    REPORT_NO_CASE,
    REPORT_GOING,
    REPORT_SETTLED, /* rectified or closed */
    REPORT_DISMISSED,
    REPORT_OUTCOMES
};

struct report_counts {
    int64_t vehicles;                           /* in the registry, not scrapped by the last day */
    int64_t vehicles_permitted;                 /* of them: with an active permit valid on the last day */
    int64_t vehicles_uninspected;               /* of them: inspection not valid on the last day */
    int64_t vehicles_ran;                       /* began a trip in the term */
    int64_t trips;                              /* began in the term */
    int64_t trips_uncounted;                    /* of them: nobody could count */
    int64_t trips_over;                         /* of them: for certain more aboard than approved */
    int64_t boarded;                            /* on the trips that were counted */
    int64_t alerts[REPORT_KINDS][REPORT_BANDS]; /* raised in the term, by their gravest band */
    struct report_cases {
        int64_t states[CASE_STATES]; /* opened in the term, by their state now; NONE = only a later one's */
        int64_t explained;           /* of the closed: by the bureau's program, for an innocent reason */
        int64_t overdue;             /* of the assigned: the deadline is over now */
        int64_t handed_over;         /* of all: to the police */
    } cases[CASE_KINDS];
    struct report_sightings {
        int64_t outcomes[REPORT_OUTCOMES]; /* seen in the term, by what became of them by now */
        int64_t handed_over;               /* of all: with their case, to the police */
    } sightings[REPORT_VERDICTS];
};

/* Nobody knows how many pupils were carried: there were trips, and none was counted. */
bool report_boarded_unknown(const struct report_counts *counts);
int64_t report_alerts_of(const struct report_counts *counts, int kind); /* of all bands */
int64_t report_alerts_in(const struct report_counts *counts, int band); /* of all kinds */
int64_t report_alerts(const struct report_counts *counts);              /* all */

/* Of all kinds together, or of one. */
struct report_cases report_cases(const struct report_counts *counts);
int64_t report_cases_found(const struct report_cases *cases);
int64_t
report_cases_rectified(const struct report_cases *cases);     /* the school says so, or the bureau saw it */
int64_t report_cases_going(const struct report_cases *cases); /* not rectified yet */
int64_t report_cases_void(const struct report_cases *cases);  /* dismissed, or explained */

int64_t report_sightings_of(const struct report_sightings *sightings); /* of one verdict, of all outcomes */
/* Of all verdicts together; suspects: only of those that were not seen to be licensed at all. */
struct report_sightings report_sightings(const struct report_counts *counts, bool suspects);

/* How long it took from opening a case, of those opened in the term that came so far by now. Nearest rank:
 * half of them, nine tenths of them took at most so long. */
struct report_time {
    int64_t n; /* 0 = none, and nothing else is known */
    int64_t median_ms, p90_ms;
};
struct report_times {
    struct report_time taken; /* until a person first took it out of "open" */
    struct report_time
        rectified; /* until it was last answered as done; of those that are rectified or closed now */
};

/* A school or a township. */
struct report_row {
    char school_id[BW_ID_LEN]; /* "" of a township */
    bool in_registry;          /* false: what is of none; the rest is empty */
    char name[BW_NAME_LEN];    /* "" = a township that the registry leaves empty */
    char township[BW_NAME_LEN];
    char division[BW_DIVISION_LEN];
    struct report_counts counts;
    struct report_times times;
};

struct report_month {
    int year, month;
    int32_t from_day, to_day;    /* what of it is in the term */
    struct report_counts counts; /* nothing of the vehicles */
};

struct report {
    int32_t from_day, to_day;
    int64_t made_utc_ms;
    enum report_by by;
    char bureau[BW_NAME_LEN];       /* "" = not known */
    char school[BW_NAME_LEN];       /* of a report of one school alone; else "" */
    char division[BW_DIVISION_LEN]; /* of every school; "" = of several, or none */
    struct report_counts total;
    struct report_times times;
    unsigned
        purged; /* STORE_REPORT_...: of these retention may have taken some, and the figures are too low */
    int64_t plates; /* different ones of the sightings, read whole, without a valid permit */
    size_t n_months;
    struct report_month months[REPORT_MONTHS_MAX];
    size_t n_rows;
    struct report_row *rows; /* by division, township, name; last, when it counts anything, what is of none */
};

/* What is wrong with the days of a query: 0, -EINVAL (the last is before the first) or -ERANGE (more than
 * REPORT_DAYS_MAX). */
int report_check(int32_t from_day, int32_t to_day);

/* Long work, told in steps; the report does not go on while it is told. A non-zero return ends it, and is
 * returned. */
typedef int (*report_progress_fn)(void *context, unsigned done, unsigned of);

/* Opens and ends a transaction of its own. -EINVAL, -ERANGE as above; -ENOENT: no such school; -ENOMEM; else
 * the store's error. progress may be NULL. report_free() it. */
int report_make(struct store *store, const struct report_query *query, report_progress_fn progress,
                void *context, struct report **ret);
void report_free(struct report *report);

#endif
