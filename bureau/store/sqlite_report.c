/* The sums of a term report. Everything is summed by vehicle first, from the indexes on time, and the few
 * vehicles are then brought to their schools. */
#include "bureau/store/report.h"
#include "bureau/store/sql.h"

/* Says one row of a walk to its caller. */
typedef int (*tell_fn)(const struct sql *q, void *call);

static int walk(struct sql *q, tell_fn tell, void *call)
{
    int err = 0, answer = 0;
    while (answer == 0 && (err = sql_row(q)) == 1)
        answer = tell(q, call);
    const int ended = sql_end(q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

/* ?1 in all that follow: the one school. */
static void start(struct sql *q, struct store *store, const char *text, const char *school_id)
{
    sql_start(q, store, text);
    if (school_id != NULL)
        sql_text(q, school_id);
    else
        sql_null(q);
}

static void start_timed(struct sql *q, struct store *store, const char *text,
                        const struct store_report_query *query)
{
    start(q, store, text, query->school_id);
    sql_int(q, query->from_utc_ms);
    sql_int(q, query->until_utc_ms);
}

#define SCHOOL    "coalesce(of.school_id, '')"
#define OF_SCHOOL " (?1 IS NULL OR " SCHOOL " = ?1)"

/* --- the registry --- */

struct schools_call {
    store_report_school_fn fn;
    void *context;
};

static int tell_school(const struct sql *q, void *context)
{
    const struct schools_call *call = context;
    const struct store_report_school row = {.school_id = sql_text_at(q, 0),
                                            .name = sql_text_at(q, 1),
                                            .division = sql_text_at(q, 2),
                                            .township = sql_text_at(q, 3)};
    return call->fn(call->context, &row);
}

int store_report_schools(struct store *store, const char *school_id, store_report_school_fn fn, void *context)
{
    struct schools_call call = {fn, context};
    struct sql q;
    start(&q, store,
          "SELECT school_id, name, division, township FROM school WHERE ?1 IS NULL OR school_id = ?1"
          " ORDER BY division, township, name, school_id",
          school_id);
    return walk(&q, tell_school, &call);
}

struct vehicles_call {
    store_report_vehicles_fn fn;
    void *context;
};

static int tell_vehicles(const struct sql *q, void *context)
{
    const struct vehicles_call *call = context;
    const struct store_report_vehicles row = {.school_id = sql_text_at(q, 0),
                                              .registered = sql_int_at(q, 1),
                                              .permitted = sql_int_at(q, 2),
                                              .uninspected = sql_int_at(q, 3)};
    return call->fn(call->context, &row);
}

int store_report_vehicles(struct store *store, const char *school_id, int32_t day,
                          store_report_vehicles_fn fn, void *context)
{
    struct vehicles_call call = {fn, context};
    struct sql q;
    start(&q, store,
          "SELECT school_id, count(*), count(*) FILTER (WHERE EXISTS (SELECT 1 FROM permit"
          "  WHERE permit.vehicle_id = vehicle.vehicle_id AND status = 1"
          "  AND valid_from_day <= ?2 AND valid_until_day >= ?2)),"
          " count(*) FILTER (WHERE inspected_until_day < ?2)"
          " FROM vehicle WHERE (scrapped_day = 0 OR scrapped_day > ?2) AND (?1 IS NULL OR school_id = ?1)"
          " GROUP BY school_id",
          school_id);
    sql_int(&q, day);
    return walk(&q, tell_vehicles, &call);
}

/* --- trips --- */

struct ran_call {
    store_report_ran_fn fn;
    void *context;
};

static int tell_ran(const struct sql *q, void *context)
{
    const struct ran_call *call = context;
    return call->fn(call->context, sql_text_at(q, 0), sql_int_at(q, 1));
}

/* One step of the index a vehicle, instead of every trip of the time. */
int store_report_ran(struct store *store, const struct store_report_query *query, store_report_ran_fn fn,
                     void *context)
{
    struct ran_call call = {fn, context};
    struct sql q;
    start_timed(&q, store,
                "WITH RECURSIVE seen(vehicle) AS (SELECT min(vehicle) FROM trip UNION ALL"
                "  SELECT (SELECT min(vehicle) FROM trip WHERE trip.vehicle > seen.vehicle) FROM seen"
                "  WHERE seen.vehicle IS NOT NULL)"
                " SELECT " SCHOOL ", count(*) FROM seen LEFT JOIN vehicle AS of ON of.vehicle_id = vehicle"
                " WHERE vehicle IS NOT NULL AND EXISTS (SELECT 1 FROM trip WHERE trip.vehicle = seen.vehicle"
                "  AND begun_utc_ms >= ?2 AND begun_utc_ms < ?3) AND" OF_SCHOOL " GROUP BY 1",
                query);
    return walk(&q, tell_ran, &call);
}

struct trips_call {
    store_report_trips_fn fn;
    void *context;
};

static int tell_trips(const struct sql *q, void *context)
{
    const struct trips_call *call = context;
    const struct store_report_trips row = {.school_id = sql_text_at(q, 0),
                                           .trips = sql_int_at(q, 1),
                                           .uncounted = sql_int_at(q, 2),
                                           .over = sql_int_at(q, 3),
                                           .boarded = sql_int_at(q, 4)};
    return call->fn(call->context, &row);
}

int store_report_trips(struct store *store, const struct store_report_query *query, store_report_trips_fn fn,
                       void *context)
{
    struct trips_call call = {fn, context};
    struct sql q;
    start_timed(&q, store,
                "SELECT " SCHOOL ", sum(trips), sum(uncounted), sum(over), sum(boarded) FROM"
                " (SELECT vehicle, count(*) AS trips,"
                "   count(*) FILTER (WHERE quality = 0 AND boarded + alighted + peak = 0) AS uncounted,"
                "   count(*) FILTER (WHERE over_s > 0) AS over, sum(boarded) AS boarded"
                "  FROM trip WHERE begun_utc_ms >= ?2 AND begun_utc_ms < ?3 GROUP BY vehicle) AS ran"
                " LEFT JOIN vehicle AS of ON of.vehicle_id = ran.vehicle WHERE" OF_SCHOOL " GROUP BY 1",
                query);
    return walk(&q, tell_trips, &call);
}

/* --- alerts --- */

struct alerts_call {
    store_report_alerts_fn fn;
    void *context;
};

static int tell_alerts(const struct sql *q, void *context)
{
    const struct alerts_call *call = context;
    const struct store_report_alerts row = {.school_id = sql_text_at(q, 0),
                                            .kind = (int)sql_int_at(q, 1),
                                            .severity = (int)sql_int_at(q, 2),
                                            .n = sql_int_at(q, 3)};
    return call->fn(call->context, &row);
}

int store_report_alerts(struct store *store, const struct store_report_query *query,
                        store_report_alerts_fn fn, void *context)
{
    struct alerts_call call = {fn, context};
    struct sql q;
    start_timed(&q, store,
                "SELECT " SCHOOL ", kind, severity, sum(n) FROM"
                " (SELECT vehicle, kind, severity, count(*) AS n FROM alert"
                "  WHERE raised_utc_ms >= ?2 AND raised_utc_ms < ?3 GROUP BY vehicle, kind, severity) AS told"
                " LEFT JOIN vehicle AS of ON of.vehicle_id = told.vehicle WHERE" OF_SCHOOL
                " GROUP BY 1, 2, 3",
                query);
    return walk(&q, tell_alerts, &call);
}

/* --- cases --- */

/* The numbers are those of bureau/cases/state.h: 3 assigned, 4 rectified and 5 closed; 4 found by re-judging;
 * 6 answered and 13 explained; role 0 is the bureau's program. */
#define CASE_SCHOOL "CASE WHEN cases.school_id <> '' THEN cases.school_id ELSE assigned_school_id END"
#define CASES_OF_TERM                                                                                        \
    " opened_utc_ms >= ?2 AND opened_utc_ms < ?3 AND (?1 IS NULL OR (" CASE_SCHOOL " = ?1"                   \
    " AND (source <> 4 OR assigned_school_id = ?1)))"

struct cases_call {
    store_report_cases_fn fn;
    void *context;
};

static int tell_cases(const struct sql *q, void *context)
{
    const struct cases_call *call = context;
    const struct store_report_cases row = {.school_id = sql_text_at(q, 0),
                                           .kind = (int)sql_int_at(q, 1),
                                           .state = (int)sql_int_at(q, 2),
                                           .explained = sql_int_at(q, 3) != 0,
                                           .n = sql_int_at(q, 4),
                                           .overdue = sql_int_at(q, 5),
                                           .handed_over = sql_int_at(q, 6)};
    return call->fn(call->context, &row);
}

int store_report_cases(struct store *store, const struct store_report_query *query, int64_t now_utc_ms,
                       store_report_cases_fn fn, void *context)
{
    struct cases_call call = {fn, context};
    struct sql q;
    start_timed(&q, store,
                "SELECT " CASE_SCHOOL ", kind, state, state = 5 AND EXISTS (SELECT 1 FROM case_step"
                "  WHERE case_id = cases.id AND action = 13), count(*),"
                " count(*) FILTER (WHERE state = 3 AND deadline_utc_ms > 0 AND deadline_utc_ms < ?4),"
                " count(*) FILTER (WHERE handed_over_utc_ms > 0)"
                " FROM cases WHERE" CASES_OF_TERM " GROUP BY 1, 2, 3, 4",
                query);
    sql_int(&q, now_utc_ms);
    return walk(&q, tell_cases, &call);
}

struct spans_call {
    store_report_span_fn fn;
    void *context;
};

static int tell_span(const struct sql *q, void *context)
{
    const struct spans_call *call = context;
    return call->fn(call->context, sql_text_at(q, 0), sql_int_at(q, 1));
}

int store_report_spans(struct store *store, const struct store_report_query *query,
                       enum store_report_span span, store_report_span_fn fn, void *context)
{
    /* CROSS JOIN and +: from the cases of the time to their steps, not from every step or state. */
    static const char taken[] = "SELECT " CASE_SCHOOL ", min(step.utc_ms) - opened_utc_ms AS took FROM cases"
                                " CROSS JOIN case_step AS step ON case_id = cases.id WHERE" CASES_OF_TERM
                                " AND step.state <> 1 AND step.role <> 0 GROUP BY +cases.id ORDER BY took";
    static const char rectified[] =
        "SELECT " CASE_SCHOOL ", max(step.utc_ms) - opened_utc_ms AS took FROM cases"
        " CROSS JOIN case_step AS step ON case_id = cases.id WHERE" CASES_OF_TERM
        " AND +cases.state IN (4, 5) AND step.action = 6 AND step.state = 4 GROUP BY +cases.id ORDER BY took";
    struct spans_call call = {fn, context};
    struct sql q;
    start_timed(&q, store, span == STORE_REPORT_TAKEN ? taken : rectified, query);
    return walk(&q, tell_span, &call);
}

/* --- sightings --- */

#define SIGHTINGS_OF_TERM                                                                                    \
    " seen_utc_ms >= ?2 AND seen_utc_ms < ?3 AND (?1 IS NULL OR sighting.school_id = ?1)"

struct sightings_call {
    store_report_sightings_fn fn;
    void *context;
};

static int tell_sightings(const struct sql *q, void *context)
{
    const struct sightings_call *call = context;
    const struct store_report_sightings row = {.school_id = sql_text_at(q, 0),
                                               .verdict = (int)sql_int_at(q, 1),
                                               .state = (int)sql_int_at(q, 2),
                                               .handed_over = sql_int_at(q, 3) != 0,
                                               .n = sql_int_at(q, 4)};
    return call->fn(call->context, &row);
}

int store_report_sightings(struct store *store, const struct store_report_query *query,
                           store_report_sightings_fn fn, void *context)
{
    struct sightings_call call = {fn, context};
    struct sql q;
    start_timed(&q, store,
                "SELECT coalesce(?1, gate), verdict, coalesce(state, 0), coalesce(handed_over_utc_ms > 0, 0),"
                " count(*) FROM sighting LEFT JOIN cases ON cases.id = case_id WHERE" SIGHTINGS_OF_TERM
                " GROUP BY 1, 2, 3, 4",
                query);
    return walk(&q, tell_sightings, &call);
}

/* Verdicts from 4 on: a plate that was read whole, without a valid permit. */
int store_report_plates(struct store *store, const struct store_report_query *query, int64_t *ret)
{
    struct sql q;
    start_timed(&q, store,
                "SELECT count(DISTINCT plate) FROM sighting WHERE verdict >= 4 AND" SIGHTINGS_OF_TERM, query);
    const int err = sql_row(&q);
    if (err == 1)
        *ret = sql_int_at(&q, 0);
    return sql_end(&q, err);
}

/* --- what is not held any more --- */

/* Cases are numbered as they come, and no number is given twice: those before the first one of the time that
 * is held are from before it, as long as one of those is held too. */
int store_report_purged(struct store *store, const struct store_report_query *query, unsigned *ret)
{
    struct sql q;
    unsigned gone = 0;
    sql_start(&q, store,
              "SELECT EXISTS (SELECT 1 FROM purged_row WHERE what = 2 AND before_utc_ms > ?1),"
              " EXISTS (SELECT 1 FROM purged_row WHERE what = 1 AND before_utc_ms > ?1),"
              " EXISTS (SELECT 1 FROM purged_case WHERE"
              "  id > coalesce((SELECT id FROM cases WHERE opened_utc_ms < ?1"
              "   ORDER BY opened_utc_ms DESC, id DESC LIMIT 1), 0)"
              "  AND id < coalesce((SELECT id FROM cases WHERE opened_utc_ms >= ?2"
              "   ORDER BY opened_utc_ms, id LIMIT 1), id + 1)),"
              " EXISTS (SELECT 1 FROM purged_row WHERE what = 3 AND before_utc_ms > ?1)");
    sql_int(&q, query->from_utc_ms);
    sql_int(&q, query->until_utc_ms);
    const int err = sql_row(&q);
    for (int i = 0; i < 4 && err == 1; i++)
        gone |= sql_int_at(&q, i) != 0 ? 1U << i : 0;
    if (err == 1)
        *ret = gone;
    return sql_end(&q, err);
}
