/* Cases and their steps: what is read. */
#include "bureau/store/cases.h"
#include "bureau/store/sql.h"

#include <errno.h>

/* With `c` for cases. The plate is the registry's: another may have been given out since. */
#define CASE_COLUMNS                                                                                         \
    " c.id, c.kind, c.source, c.state, c.severity, c.subject, c.vehicle,"                                    \
    " coalesce(v.plate, c.plate), c.division, c.school_id, s.name, s.township, c.assigned_school_id,"        \
    " a.name, c.handler, c.trip_utc_ms, c.happened_utc_ms, c.last_utc_ms, c.opened_utc_ms,"                  \
    " c.ended_utc_ms, c.deadline_utc_ms, c.handed_over_utc_ms, c.late, c.answer, c.level, c.earlier_id,"     \
    " c.recurrence, c.n_merged, c.last_step"
#define CASE_JOINS                                                                                           \
    " LEFT JOIN vehicle AS v ON v.vehicle_id = c.vehicle LEFT JOIN school AS s ON s.school_id = c.school_id" \
    " LEFT JOIN school AS a ON a.school_id = c.assigned_school_id"
/* What re-judging found out about a school's vehicle it hears when it is asked about it: source 4. Nobody is
 * the school "". */
#define SHOWN_TO(school)                                                                                     \
    " (" school " IS NULL OR (" school " <> '' AND (c.assigned_school_id = " school                          \
    " OR (c.school_id = " school " AND c.source <> 4))))"

static struct store_case take_case(const struct sql *q, int at)
{
    return (struct store_case){.id = sql_int_at(q, at),
                               .kind = (int)sql_int_at(q, at + 1),
                               .source = (enum case_source)sql_int_at(q, at + 2),
                               .state = (enum case_state)sql_int_at(q, at + 3),
                               .severity = (enum bw_severity)sql_int_at(q, at + 4),
                               .subject = sql_text_at(q, at + 5),
                               .vehicle = sql_text_at(q, at + 6),
                               .plate = sql_text_at(q, at + 7),
                               .division = sql_text_at(q, at + 8),
                               .school_id = sql_text_at(q, at + 9),
                               .school = sql_text_at(q, at + 10),
                               .township = sql_text_at(q, at + 11),
                               .assigned_school_id = sql_text_at(q, at + 12),
                               .assigned_school = sql_text_at(q, at + 13),
                               .handler = sql_text_at(q, at + 14),
                               .trip_utc_ms = sql_int_at(q, at + 15),
                               .happened_utc_ms = sql_int_at(q, at + 16),
                               .last_utc_ms = sql_int_at(q, at + 17),
                               .opened_utc_ms = sql_int_at(q, at + 18),
                               .ended_utc_ms = sql_int_at(q, at + 19),
                               .deadline_utc_ms = sql_int_at(q, at + 20),
                               .handed_over_utc_ms = sql_int_at(q, at + 21),
                               .late = sql_int_at(q, at + 22) != 0,
                               .answer = (enum case_answer)sql_int_at(q, at + 23),
                               .level = (uint8_t)sql_int_at(q, at + 24),
                               .earlier_id = sql_int_at(q, at + 25),
                               .recurrence = sql_int_at(q, at + 26),
                               .n_merged = sql_int_at(q, at + 27),
                               .last_step = sql_int_at(q, at + 28)};
}

/* *ret_n: how many rows there were. */
static int walk(struct sql *q, store_case_fn fn, void *context, size_t *ret_n)
{
    int err = 0, answer = 0;
    *ret_n = 0;
    while (answer == 0 && (err = sql_row(q)) == 1) {
        const struct store_case row = take_case(q, 0);
        ++*ret_n;
        answer = fn(context, &row);
    }
    const int ended = sql_end(q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

static int walk_one(struct sql *q, store_case_fn fn, void *context)
{
    size_t n;
    const int rc = walk(q, fn, context, &n);
    return rc == 0 && n == 0 ? sql_fail(q->store, -ENOENT, "no such case") : rc;
}

#define LIST(narrow)                                                                                         \
    "SELECT" CASE_COLUMNS " FROM cases AS c" CASE_JOINS " WHERE" narrow SHOWN_TO(                            \
        "?1") " AND (?2 = 0 OR (?2 >> c.state) & 1) AND (?3 = 0 OR (?3 >> c.kind) & 1)"                      \
              " AND (?4 IS NULL OR c.assigned_school_id = ?4 OR c.school_id = ?4)"                           \
              " AND (?5 IS NULL OR c.vehicle = ?5) AND (?6 IS NULL OR c.handler = ?6)"                       \
              " AND (?7 = 0 OR (c.state = 3 AND c.deadline_utc_ms > 0 AND c.deadline_utc_ms < ?7))"          \
              " AND (?8 = 0 OR c.handed_over_utc_ms > 0) AND (?9 = 0 OR c.assigned_school_id = ?1)"          \
              " AND c.id < ?10 ORDER BY c.id DESC LIMIT ?11"

/* The same list, by what finds the few rows that it may be of. */
static const char *list_text(const struct store_case_query *query)
{
    const uint32_t over = 1U << CASE_CLOSED | 1U << CASE_DISMISSED;
    const bool going = query->overdue_utc_ms != 0 || (query->states != 0 && (query->states & over) == 0);
    if (query->vehicle != NULL)
        return LIST(" c.vehicle = ?5 AND");
    if (query->of_school != NULL)
        return LIST(" (c.assigned_school_id = ?4 OR c.school_id = ?4) AND");
    if (query->school_id != NULL)
        return LIST(" (c.assigned_school_id = ?1 OR c.school_id = ?1) AND");
    return going ? LIST(" c.ended_utc_ms IS NULL AND") : LIST("");
}

int store_cases(struct store *store, const struct store_case_query *query, int limit, store_case_fn fn,
                void *context)
{
    struct sql q;
    size_t n;
    sql_start(&q, store, list_text(query));
    sql_text(&q, query->school_id);
    sql_int(&q, query->states);
    sql_int(&q, query->kinds);
    sql_text(&q, query->of_school);
    sql_text(&q, query->vehicle);
    sql_text(&q, query->handler);
    sql_int(&q, query->overdue_utc_ms);
    sql_int(&q, query->handed_over);
    sql_int(&q, query->assigned);
    sql_int(&q, query->before_id > 0 ? query->before_id : INT64_MAX);
    sql_int(&q, limit);
    return walk(&q, fn, context, &n);
}

int store_case(struct store *store, int64_t id, const char *school_id, store_case_fn fn, void *context)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT" CASE_COLUMNS " FROM cases AS c" CASE_JOINS " WHERE" SHOWN_TO("?1") " AND c.id = ?2");
    sql_text(&q, school_id);
    sql_int(&q, id);
    return walk_one(&q, fn, context);
}

int store_cases_going(struct store *store, int64_t after_id, int limit, store_case_fn fn, void *context)
{
    struct sql q;
    size_t n;
    sql_start(&q, store,
              "SELECT" CASE_COLUMNS " FROM cases AS c" CASE_JOINS
              " WHERE c.ended_utc_ms IS NULL AND c.id > ? ORDER BY c.id LIMIT ?");
    sql_int(&q, after_id);
    sql_int(&q, limit);
    return walk(&q, fn, context, &n);
}

int store_case_of(struct store *store, const char *subject, int kind, store_case_fn fn, void *context)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT" CASE_COLUMNS " FROM cases AS c" CASE_JOINS
              " WHERE c.subject = ? AND c.kind = ? AND c.ended_utc_ms IS NULL ORDER BY c.id DESC LIMIT 1");
    sql_text(&q, subject);
    sql_int(&q, kind);
    return walk_one(&q, fn, context);
}

/* --- steps --- */

#define STEP_COLUMNS                                                                                         \
    " step.number, step.case_id, step.utc_ms, step.who, step.role, step.action, step.state, step.severity,"  \
    " step.level, step.school_id, told.name, step.deadline_utc_ms, step.answer, step.alert_id,"              \
    " step.sighting_id, step.text"
enum { CASE_AT = 16 }; /* after them */

static struct store_case_step take_step(const struct sql *q)
{
    return (struct store_case_step){.number = sql_int_at(q, 0),
                                    .case_id = sql_int_at(q, 1),
                                    .utc_ms = sql_int_at(q, 2),
                                    .who = sql_text_at(q, 3),
                                    .role = (enum case_role)sql_int_at(q, 4),
                                    .action = (enum case_action)sql_int_at(q, 5),
                                    .state = (enum case_state)sql_int_at(q, 6),
                                    .severity = (enum bw_severity)sql_int_at(q, 7),
                                    .level = (uint8_t)sql_int_at(q, 8),
                                    .school_id = sql_text_at(q, 9),
                                    .school = sql_text_at(q, 10),
                                    .deadline_utc_ms = sql_int_at(q, 11),
                                    .answer = (enum case_answer)sql_int_at(q, 12),
                                    .alert_id = sql_int_at(q, 13),
                                    .sighting_id = sql_int_at(q, 14),
                                    .text = sql_text_at(q, 15)};
}

static int walk_steps(struct sql *q, bool with_case, store_case_step_fn fn, void *context)
{
    int err = 0, answer = 0;
    while (answer == 0 && (err = sql_row(q)) == 1) {
        struct store_case_step row = take_step(q);
        struct store_case of;
        if (with_case) {
            of = take_case(q, CASE_AT);
            row.of = &of;
        }
        answer = fn(context, &row);
    }
    const int ended = sql_end(q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

int store_case_steps(struct store *store, int64_t case_id, store_case_step_fn fn, void *context)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT" STEP_COLUMNS " FROM case_step AS step LEFT JOIN school AS told ON told.school_id ="
              " step.school_id WHERE step.case_id = ? ORDER BY step.number");
    sql_int(&q, case_id);
    return walk_steps(&q, false, fn, context);
}

int store_case_steps_after(struct store *store, int64_t after, const char *school_id, int limit,
                           store_case_step_fn fn, void *context)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT" STEP_COLUMNS "," CASE_COLUMNS " FROM case_step AS step"
              " JOIN cases AS c ON c.id = step.case_id"
              " LEFT JOIN school AS told ON told.school_id = step.school_id" CASE_JOINS
              " WHERE" SHOWN_TO("?1") " AND step.number > ?2 ORDER BY step.number LIMIT ?3");
    sql_text(&q, school_id);
    sql_int(&q, after);
    sql_int(&q, limit);
    return walk_steps(&q, true, fn, context);
}

int store_last_case_step(struct store *store, int64_t *ret)
{
    struct sql q;
    sql_start(&q, store, "SELECT max(number) FROM case_step");
    const int err = sql_row(&q);
    if (err == 1)
        *ret = sql_int_at(&q, 0);
    return sql_end(&q, err);
}

int store_case_records(struct store *store, int64_t case_id, int limit, store_case_record_fn fn,
                       void *context)
{
    struct sql q;
    int err = 0, answer = 0;
    sql_start(&q, store,
              "SELECT DISTINCT coalesce(e.stream, a.stream), e.seq FROM alert AS a JOIN alert_event AS e"
              " ON e.alert_id = a.id WHERE e.seq IS NOT NULL AND a.id IN"
              " (SELECT alert_id FROM case_step WHERE case_id = ?) ORDER BY 1, 2 LIMIT ?");
    sql_int(&q, case_id);
    sql_int(&q, limit);
    while (answer == 0 && (err = sql_row(&q)) == 1) {
        uint8_t stream[BW_STREAM_LEN];
        sql_copy_blob(&q, 0, stream, sizeof(stream));
        if (q.err == 0)
            answer = fn(context, stream, sql_u64_at(&q, 1));
    }
    const int ended = sql_end(&q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

int store_case_step_before(struct store *store, int64_t utc_ms, int64_t *ret)
{
    struct sql q;
    sql_start(&q, store, "SELECT number FROM case_step WHERE utc_ms < ? ORDER BY number DESC LIMIT 1");
    sql_int(&q, utc_ms);
    const int err = sql_row(&q);
    if (err >= 0)
        *ret = err == 1 ? sql_int_at(&q, 0) : 0;
    return sql_end(&q, err);
}

int store_event_received(struct store *store, int64_t event, int64_t *ret_utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT received_utc_ms FROM alert_event WHERE event <= ? ORDER BY event DESC LIMIT 1");
    sql_int(&q, event);
    int err = sql_row(&q);
    if (err == 1)
        *ret_utc_ms = sql_int_at(&q, 0);
    else if (err == 0)
        err = sql_fail(store, -ENOENT, "no such alert event");
    return sql_end(&q, err);
}

int store_case_told(struct store *store, const char *subject, int kind, const char *text)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT 1 FROM cases AS c JOIN case_step AS step ON step.case_id = c.id"
              " WHERE c.subject = ? AND c.kind = ? AND step.text = ? LIMIT 1");
    sql_text(&q, subject);
    sql_int(&q, kind);
    sql_text(&q, text);
    const int row = sql_row(&q);
    const int err = sql_end(&q, row);
    return err < 0 ? err : row;
}
