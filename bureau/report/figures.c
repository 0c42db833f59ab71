#include "bureau/report/figures.h"

#include "bureau/registry/rows.h"
#include "proto/utc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The registry's schools: which row each one counts in. */
struct school {
    char school_id[BW_ID_LEN];
    size_t row;
};

struct making {
    struct report *report;
    const struct report_query *query;
    struct store *store;
    size_t n_schools;
    struct school *schools;
    struct report_month *month; /* that is being summed */
    size_t *seen;               /* by row, and of all: how many spans were walked past */
    report_progress_fn progress;
    void *context;
};

bool report_boarded_unknown(const struct report_counts *counts)
{
    return counts->trips > 0 && counts->trips_uncounted == counts->trips;
}

int64_t report_alerts_of(const struct report_counts *counts, int kind)
{
    int64_t sum = 0;
    for (int band = 0; band < REPORT_BANDS; band++)
        sum += counts->alerts[kind][band];
    return sum;
}

int64_t report_alerts_in(const struct report_counts *counts, int band)
{
    int64_t sum = 0;
    for (int kind = 0; kind < REPORT_KINDS; kind++)
        sum += counts->alerts[kind][band];
    return sum;
}

int64_t report_alerts(const struct report_counts *counts)
{
    int64_t sum = 0;
    for (int kind = 0; kind < REPORT_KINDS; kind++)
        sum += report_alerts_of(counts, kind);
    return sum;
}

struct report_cases report_cases(const struct report_counts *counts)
{
    struct report_cases sum = {0};
    for (int kind = 0; kind < CASE_KINDS; kind++) {
        const struct report_cases *cases = &counts->cases[kind];
        for (int state = 0; state < CASE_STATES; state++)
            sum.states[state] += cases->states[state];
        sum.explained += cases->explained;
        sum.overdue += cases->overdue;
        sum.handed_over += cases->handed_over;
    }
    return sum;
}

int64_t report_cases_found(const struct report_cases *cases)
{
    int64_t sum = 0;
    for (int state = 0; state < CASE_STATES; state++)
        sum += cases->states[state];
    return sum;
}

int64_t report_cases_rectified(const struct report_cases *cases)
{
    return cases->states[CASE_RECTIFIED] + cases->states[CASE_CLOSED] - cases->explained;
}

int64_t report_cases_void(const struct report_cases *cases)
{
    return cases->states[CASE_DISMISSED] + cases->explained;
}

int64_t report_cases_going(const struct report_cases *cases)
{
    return report_cases_found(cases) - report_cases_rectified(cases) - report_cases_void(cases);
}

int64_t report_sightings_of(const struct report_sightings *sightings)
{
    int64_t sum = 0;
    for (int outcome = 0; outcome < REPORT_OUTCOMES; outcome++)
        sum += sightings->outcomes[outcome];
    return sum;
}

struct report_sightings report_sightings(const struct report_counts *counts, bool suspects)
{
    struct report_sightings sum = {0};
    for (int verdict = 0; verdict < REPORT_VERDICTS; verdict++) {
        const struct report_sightings *sightings = &counts->sightings[verdict];
        if (suspects && (verdict == SIGHTING_LICENSED || verdict == SIGHTING_WRONG_HOUR))
            continue;
        for (int outcome = 0; outcome < REPORT_OUTCOMES; outcome++)
            sum.outcomes[outcome] += sightings->outcomes[outcome];
        sum.handed_over += sightings->handed_over;
    }
    return sum;
}

/* --- days --- */

int report_check(int32_t from_day, int32_t to_day)
{
    if (to_day < from_day)
        return -EINVAL;
    return to_day - from_day >= REPORT_DAYS_MAX ? -ERANGE : 0;
}

/* The first instant of a local day. */
static int64_t begin_utc_ms(int32_t day)
{
    return day * UTC_MS_PER_DAY - REGISTRY_UTC_OFFSET_MIN * INT64_C(60000);
}

static int32_t first_of_next_month(int year, int month)
{
    char text[UTC_DAY_TEXT_LEN];
    int32_t day = 0;
    (void)snprintf(text, sizeof(text), "%04d-%02d-01", month == 12 ? year + 1 : year, month % 12 + 1);
    return utc_day_parse(text, &day) == 0 ? day : INT32_MAX; /* after 9999-12 there is none */
}

static void cut_into_months(struct report *report)
{
    char text[UTC_DAY_TEXT_LEN];
    for (int32_t day = report->from_day; day <= report->to_day && report->n_months < REPORT_MONTHS_MAX;) {
        struct report_month *month = &report->months[report->n_months++];
        utc_day_format(day, text);
        month->year = (int)strtol(text, NULL, 10);
        month->month = (int)strtol(text + 5, NULL, 10);
        const int32_t next = first_of_next_month(month->year, month->month);
        month->from_day = day;
        month->to_day = next <= report->to_day ? next - 1 : report->to_day;
        day = month->to_day + 1;
    }
}

/* --- rows --- */

static int new_row(struct making *making, const struct store_report_school *school)
{
    struct report *report = making->report;
    const bool is_school = making->query->by == REPORT_BY_SCHOOL;
    struct report_row *rows = rows_room(report->rows, report->n_rows, 1, sizeof(*rows));
    if (rows == NULL)
        return -ENOMEM;
    report->rows = rows;
    struct report_row *row = &rows[report->n_rows++];
    *row = (struct report_row){.in_registry = *school->school_id != '\0'};
    (void)snprintf(row->school_id, sizeof(row->school_id), "%s", is_school ? school->school_id : "");
    (void)snprintf(row->name, sizeof(row->name), "%s", is_school ? school->name : school->township);
    (void)snprintf(row->township, sizeof(row->township), "%s", school->township);
    (void)snprintf(row->division, sizeof(row->division), "%s", school->division);
    return 0;
}

/* Schools come by division and township. */
static bool begins_a_row(const struct making *making, const struct store_report_school *school)
{
    const struct report *report = making->report;
    const struct report_row *last = report->n_rows > 0 ? &report->rows[report->n_rows - 1] : NULL;
    return making->query->by == REPORT_BY_SCHOOL || last == NULL ||
           strcmp(last->division, school->division) != 0 || strcmp(last->township, school->township) != 0;
}

static int take_school(void *context, const struct store_report_school *school)
{
    struct making *making = context;
    struct report *report = making->report;
    const int err = begins_a_row(making, school) ? new_row(making, school) : 0;
    if (err != 0)
        return err;
    struct school *schools = rows_room(making->schools, making->n_schools, 1, sizeof(*schools));
    if (schools == NULL)
        return -ENOMEM;
    making->schools = schools;
    struct school *mine = &schools[making->n_schools++];
    (void)snprintf(mine->school_id, sizeof(mine->school_id), "%s", school->school_id);
    mine->row = report->n_rows - 1;
    if (making->n_schools == 1)
        memcpy(report->division, report->rows[0].division, sizeof(report->division));
    else if (strcmp(report->division, school->division) != 0)
        report->division[0] = '\0';
    if (making->query->school_id != NULL)
        (void)snprintf(report->school, sizeof(report->school), "%s", school->name);
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct school *one = a, *other = b;
    return strcmp(one->school_id, other->school_id);
}

/* The schools, and after them the row of what is of none. */
static int make_rows(struct making *making)
{
    static const struct store_report_school none = {"", "", "", ""};
    int err = store_report_schools(making->store, making->query->school_id, take_school, making);
    if (err == 0 && making->query->school_id != NULL && making->n_schools == 0)
        err = -ENOENT;
    if (err == 0)
        err = new_row(making, &none);
    if (err == 0 && making->n_schools > 0)
        qsort(making->schools, making->n_schools, sizeof(*making->schools), by_id);
    return err;
}

static struct report_row *row_of(struct making *making, const char *school_id)
{
    struct school key = {{0}, 0};
    (void)snprintf(key.school_id, sizeof(key.school_id), "%s", school_id);
    const struct school *found = making->n_schools > 0 ? bsearch(&key, making->schools, making->n_schools,
                                                                 sizeof(*making->schools), by_id)
                                                       : NULL;
    struct report *report = making->report;
    return &report->rows[found != NULL ? found->row : report->n_rows - 1];
}

/* The row of what is of no school, when it counts nothing. */
static void drop_empty_row(struct report *report)
{
    static const struct report_counts nothing = {0};
    const struct report_counts *last = &report->rows[report->n_rows - 1].counts;
    if (memcmp(last, &nothing, sizeof(nothing)) == 0)
        report->n_rows--;
}

/* --- sums --- */

/* Where what is of the month counts: in its row, in the total and in the month. */
enum { SUMS = 3 };
static void sums_of(struct making *making, const char *school_id, struct report_counts *ret[SUMS])
{
    ret[0] = &row_of(making, school_id)->counts;
    ret[1] = &making->report->total;
    ret[2] = &making->month->counts;
}

static int take_vehicles(void *context, const struct store_report_vehicles *row)
{
    struct making *making = context;
    struct report_counts *const into[] = {&row_of(making, row->school_id)->counts, &making->report->total};
    for (size_t i = 0; i < sizeof(into) / sizeof(into[0]); i++) {
        into[i]->vehicles += row->registered;
        into[i]->vehicles_permitted += row->permitted;
        into[i]->vehicles_uninspected += row->uninspected;
    }
    return 0;
}

static int take_ran(void *context, const char *school_id, int64_t n)
{
    struct making *making = context;
    row_of(making, school_id)->counts.vehicles_ran += n;
    making->report->total.vehicles_ran += n;
    return 0;
}

static int take_trips(void *context, const struct store_report_trips *row)
{
    struct making *making = context;
    struct report_counts *into[SUMS];
    sums_of(making, row->school_id, into);
    for (size_t i = 0; i < SUMS; i++) {
        into[i]->trips += row->trips;
        into[i]->trips_uncounted += row->uncounted;
        into[i]->trips_over += row->over;
        into[i]->boarded += row->boarded;
    }
    return 0;
}

static int take_alerts(void *context, const struct store_report_alerts *row)
{
    struct making *making = context;
    const int kind = row->kind > 0 && row->kind < REPORT_KINDS ? row->kind : 0;
    const int band = row->severity > 0 && row->severity < REPORT_BANDS ? row->severity : 0;
    struct report_counts *into[SUMS];
    sums_of(making, row->school_id, into);
    for (size_t i = 0; i < SUMS; i++)
        into[i]->alerts[kind][band] += row->n;
    return 0;
}

static int take_cases(void *context, const struct store_report_cases *row)
{
    struct making *making = context;
    const int kind = row->kind > 0 && row->kind < CASE_KINDS ? row->kind : 0;
    const int state = row->state > 0 && row->state < CASE_STATES ? row->state : CASE_STATE_NONE;
    struct report_counts *into[SUMS];
    sums_of(making, row->school_id, into);
    for (size_t i = 0; i < SUMS; i++) {
        struct report_cases *cases = &into[i]->cases[kind];
        cases->states[state] += row->n;
        cases->explained += row->explained ? row->n : 0;
        cases->overdue += row->overdue;
        cases->handed_over += row->handed_over;
    }
    return 0;
}

static enum report_outcome outcome_of(int state)
{
    if (state == CASE_STATE_NONE)
        return REPORT_NO_CASE;
    if (state == CASE_RECTIFIED || state == CASE_CLOSED)
        return REPORT_SETTLED;
    return state == CASE_DISMISSED ? REPORT_DISMISSED : REPORT_GOING;
}

static int take_sightings(void *context, const struct store_report_sightings *row)
{
    struct making *making = context;
    const int verdict = row->verdict > 0 && row->verdict < REPORT_VERDICTS ? row->verdict : 0;
    struct report_counts *into[SUMS];
    sums_of(making, row->school_id, into);
    for (size_t i = 0; i < SUMS; i++) {
        into[i]->sightings[verdict].outcomes[outcome_of(row->state)] += row->n;
        into[i]->sightings[verdict].handed_over += row->handed_over ? row->n : 0;
    }
    return 0;
}

/* --- how long it took: counted first, and then the one at each rank is picked --- */

struct timing {
    struct making *making;
    enum store_report_span span;
};

static struct report_time *time_of(struct report_times *times, enum store_report_span span)
{
    return span == STORE_REPORT_TAKEN ? &times->taken : &times->rectified;
}

static int count_span(void *context, const char *school_id, int64_t span_ms)
{
    const struct timing *timing = context;
    (void)span_ms;
    time_of(&row_of(timing->making, school_id)->times, timing->span)->n++;
    time_of(&timing->making->report->times, timing->span)->n++;
    return 0;
}

/* seen: how many came before, of n. */
static void pick(struct report_time *time, size_t *seen, int64_t span_ms)
{
    const int64_t rank = (int64_t)++ * seen;
    if (rank == (time->n + 1) / 2)
        time->median_ms = span_ms;
    if (rank == (time->n * 9 + 9) / 10)
        time->p90_ms = span_ms;
}

static int pick_span(void *context, const char *school_id, int64_t span_ms)
{
    const struct timing *timing = context;
    struct making *making = timing->making;
    struct report_row *row = row_of(making, school_id);
    pick(time_of(&row->times, timing->span), &making->seen[row - making->report->rows], span_ms);
    pick(time_of(&making->report->times, timing->span), &making->seen[making->report->n_rows], span_ms);
    return 0;
}

static int measure(struct making *making, const struct store_report_query *term, enum store_report_span span)
{
    struct timing timing = {making, span};
    int err = store_report_spans(making->store, term, span, count_span, &timing);
    making->seen = calloc(making->report->n_rows + 1, sizeof(*making->seen));
    if (err == 0 && making->seen == NULL)
        err = -ENOMEM;
    if (err == 0)
        err = store_report_spans(making->store, term, span, pick_span, &timing);
    free(making->seen);
    making->seen = NULL;
    return err;
}

/* --- all --- */

static struct store_report_query between(const struct making *making, int32_t from_day, int32_t to_day)
{
    return (struct store_report_query){.from_utc_ms = begin_utc_ms(from_day),
                                       .until_utc_ms = begin_utc_ms(to_day + 1),
                                       .school_id = making->query->school_id};
}

static int tell(const struct making *making, size_t months_done)
{
    return making->progress != NULL
               ? making->progress(making->context, (unsigned)months_done, (unsigned)making->report->n_months)
               : 0;
}

static int sum_month(struct making *making, struct report_month *month)
{
    const struct store_report_query query = between(making, month->from_day, month->to_day);
    making->month = month;
    int err = store_report_trips(making->store, &query, take_trips, making);
    if (err == 0)
        err = store_report_alerts(making->store, &query, take_alerts, making);
    if (err == 0)
        err = store_report_cases(making->store, &query, making->query->now_utc_ms, take_cases, making);
    return err == 0 ? store_report_sightings(making->store, &query, take_sightings, making) : err;
}

static int sum(struct making *making)
{
    struct report *report = making->report;
    const struct store_report_query term = between(making, report->from_day, report->to_day);
    int err = make_rows(making);
    if (err == 0)
        err = store_report_vehicles(making->store, term.school_id, report->to_day, take_vehicles, making);
    if (err == 0)
        err = store_report_ran(making->store, &term, take_ran, making);
    if (err == 0)
        err = store_report_plates(making->store, &term, &report->plates);
    if (err == 0)
        err = store_report_purged(making->store, &term, &report->purged);
    for (size_t i = 0; i < report->n_months && err == 0; i++) {
        err = tell(making, i);
        if (err == 0)
            err = sum_month(making, &report->months[i]);
    }
    if (err == 0)
        err = measure(making, &term, STORE_REPORT_TAKEN);
    if (err == 0)
        err = measure(making, &term, STORE_REPORT_RECTIFIED);
    if (err == 0)
        err = tell(making, report->n_months);
    if (err == 0)
        drop_empty_row(report);
    return err;
}

int report_make(struct store *store, const struct report_query *query, report_progress_fn progress,
                void *context, struct report **ret)
{
    int err = report_check(query->from_day, query->to_day);
    if (err != 0)
        return err;
    struct report *report = calloc(1, sizeof(*report));
    if (report == NULL)
        return -ENOMEM;
    report->from_day = query->from_day;
    report->to_day = query->to_day;
    report->made_utc_ms = query->now_utc_ms;
    report->by = query->by;
    (void)snprintf(report->bureau, sizeof(report->bureau), "%s", query->bureau);
    cut_into_months(report);
    struct making making = {
        .report = report, .query = query, .store = store, .progress = progress, .context = context};
    err = store_begin_reading(store);
    if (err == 0) {
        err = sum(&making);
        store_rollback(store); /* nothing was written: it only ends the moment */
    }
    free(making.schools);
    if (err != 0)
        report_free(report);
    else
        *ret = report;
    return err;
}

void report_free(struct report *report)
{
    if (report == NULL)
        return;
    free(report->rows);
    free(report);
}
