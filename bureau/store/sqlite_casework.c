/* Cases and their steps: what is written. */
#include "bureau/store/cases.h"
#include "bureau/store/sql.h"
#include "proto/utc.h"
#include "proto/wire.h"

#include <errno.h>
#include <string.h>

/* What a step may change of a case, and what it is judged by. */
struct work {
    int64_t id;
    int kind;
    enum case_state state;
    enum bw_severity severity;
    char school_id[BW_ID_LEN], assigned_school_id[BW_ID_LEN], handler[BW_NAME_LEN];
    int64_t happened_utc_ms, last_utc_ms, ended_utc_ms, deadline_utc_ms, handed_over_utc_ms, n_merged,
        last_step;
    enum case_answer answer;
    uint8_t level;
};

static int load(struct store *store, int64_t id, struct work *ret)
{
    struct work work = {.id = id};
    struct sql q;
    sql_start(&q, store,
              "SELECT kind, state, severity, school_id, assigned_school_id, handler, last_utc_ms,"
              " ended_utc_ms, deadline_utc_ms, handed_over_utc_ms, n_merged, last_step, answer, level,"
              " happened_utc_ms FROM cases WHERE id = ?");
    sql_int(&q, id);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "no such case");
    if (err > 0) {
        work.kind = (int)sql_int_at(&q, 0);
        work.state = (enum case_state)sql_int_at(&q, 1);
        work.severity = (enum bw_severity)sql_int_at(&q, 2);
        work.last_utc_ms = sql_int_at(&q, 6);
        work.ended_utc_ms = sql_int_at(&q, 7);
        work.deadline_utc_ms = sql_int_at(&q, 8);
        work.handed_over_utc_ms = sql_int_at(&q, 9);
        work.n_merged = sql_int_at(&q, 10);
        work.last_step = sql_int_at(&q, 11);
        work.answer = (enum case_answer)sql_int_at(&q, 12);
        work.level = (uint8_t)sql_int_at(&q, 13);
        work.happened_utc_ms = sql_int_at(&q, 14);
        sql_copy_text(&q, 3, work.school_id, sizeof(work.school_id));
        sql_copy_text(&q, 4, work.assigned_school_id, sizeof(work.assigned_school_id));
        sql_copy_text(&q, 5, work.handler, sizeof(work.handler));
    }
    err = sql_end(&q, err);
    if (err == 0)
        *ret = work;
    return err;
}

/* What a step says besides what the case then is. */
struct said {
    enum case_action action;
    enum case_role role;
    enum case_answer answer;
    const char *who, *text;
    int64_t utc_ms, alert_id, sighting_id;
};

static void id_or_null(struct sql *q, int64_t id)
{
    if (id > 0)
        sql_int(q, id);
    else
        sql_null(q);
}

static int log_step(struct store *store, struct work *work, const struct said *said)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO case_step (case_id, utc_ms, who, role, action, state, severity, level, school_id,"
              " deadline_utc_ms, answer, alert_id, sighting_id, text)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql_int(&q, work->id);
    sql_int(&q, said->utc_ms);
    sql_text(&q, said->who);
    sql_int(&q, said->role);
    sql_int(&q, said->action);
    sql_int(&q, work->state);
    sql_int(&q, work->severity);
    sql_int(&q, work->level);
    sql_text(&q, work->assigned_school_id);
    sql_int(&q, work->deadline_utc_ms);
    sql_int(&q, said->answer);
    id_or_null(&q, said->alert_id);
    id_or_null(&q, said->sighting_id);
    sql_text(&q, said->text ? said->text : "");
    const int err = sql_run(&q);
    if (err == 0)
        work->last_step = sqlite3_last_insert_rowid(store->db);
    return err;
}

/* The step into the log, and the row as it is after it. */
static int take_step(struct store *store, struct work *work, const struct said *said)
{
    struct sql q;
    const int err = log_step(store, work, said);
    if (err < 0)
        return err;
    sql_start(
        &q, store,
        "UPDATE cases SET state = ?, severity = ?, happened_utc_ms = ?, last_utc_ms = ?, ended_utc_ms = ?,"
        " handler = ?, assigned_school_id = ?, deadline_utc_ms = ?, answer = ?, level = ?,"
        " handed_over_utc_ms = ?, n_merged = ?, last_step = ? WHERE id = ?");
    sql_int(&q, work->state);
    sql_int(&q, work->severity);
    sql_int(&q, work->happened_utc_ms);
    sql_int(&q, work->last_utc_ms);
    id_or_null(&q, work->ended_utc_ms);
    sql_text(&q, work->handler);
    sql_text(&q, work->assigned_school_id);
    sql_int(&q, work->deadline_utc_ms);
    sql_int(&q, work->answer);
    sql_int(&q, work->level);
    sql_int(&q, work->handed_over_utc_ms);
    sql_int(&q, work->n_merged);
    sql_int(&q, work->last_step);
    sql_int(&q, work->id);
    return sql_run(&q);
}

/* --- what comes to a case that is going --- */

/* A deadline anew: the school has not answered it, and has not been told over its head. */
static void renew(struct work *work, int64_t deadline_utc_ms)
{
    work->deadline_utc_ms = deadline_utc_ms;
    work->answer = CASE_NO_ANSWER;
    work->level = CASE_LEVEL_SCHOOL;
}

/* It has become graver than it was: where the band gives less time, no more is left than it would give from
 * now. */
static int tell_raised(struct store *store, const struct case_policy *policy, struct work *work,
                       enum bw_severity was, struct said said)
{
    const int64_t before_utc_ms = case_deadline_utc_ms(policy, work->kind, was, said.utc_ms);
    const int64_t now_utc_ms = case_deadline_utc_ms(policy, work->kind, work->severity, said.utc_ms);
    if (work->state == CASE_ASSIGNED && now_utc_ms < before_utc_ms && now_utc_ms < work->deadline_utc_ms)
        work->deadline_utc_ms = now_utc_ms;
    said.action = CASE_DO_RAISE;
    said.role = CASE_ROLE_SYSTEM;
    return take_step(store, work, &said);
}

/* When the school last said that it was done; 0 = never. */
static int rectified_at(struct store *store, int64_t id, int64_t *ret_utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT utc_ms FROM case_step WHERE case_id = ? AND action = ? AND state = ?"
              " ORDER BY number DESC LIMIT 1");
    sql_int(&q, id);
    sql_int(&q, CASE_DO_ANSWER);
    sql_int(&q, CASE_RECTIFIED);
    const int row = sql_row(&q);
    if (row >= 0)
        *ret_utc_ms = row == 1 ? sql_int_at(&q, 0) : 0;
    return sql_end(&q, row);
}

/* What happens again is not rectified. What happened before it was, and is told later, is no news of that. */
static int take_back(struct store *store, const struct case_policy *policy, struct work *work,
                     struct said said, int64_t happened_utc_ms)
{
    const struct case_move move = {
        .action = CASE_DO_RETURN, .role = CASE_ROLE_SYSTEM, .answer = CASE_NO_ANSWER, .has_text = true};
    enum case_state next;
    int64_t rectified_utc_ms = 0;
    if (case_next(work->state, &move, &next) != CASE_ALLOWED)
        return 0; /* it waits for somebody as it is */
    const int err = rectified_at(store, work->id, &rectified_utc_ms);
    if (err < 0 || happened_utc_ms <= rectified_utc_ms)
        return err;
    work->state = next;
    renew(work, case_deadline_utc_ms(policy, work->kind, work->severity, said.utc_ms));
    said.action = CASE_DO_RETURN;
    said.role = CASE_ROLE_SYSTEM;
    said.text = CASE_AGAIN;
    return take_step(store, work, &said);
}

/* --- opening --- */

static const char *subject_of(const struct store_case_opening *opening)
{
    return opening->subject != NULL && opening->subject[0] != '\0' ? opening->subject : opening->vehicle;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* 1 and the id of the case that is going, 0: none. */
static int find_going(struct store *store, const struct store_case_opening *opening, int64_t *ret_id)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT id FROM cases WHERE subject = ? AND kind = ? AND trip_utc_ms = ?"
              " AND ended_utc_ms IS NULL");
    sql_text(&q, subject_of(opening));
    sql_int(&q, opening->kind);
    sql_int(&q, opening->trip_utc_ms);
    const int row = sql_row(&q);
    if (row == 1)
        *ret_id = sql_int_at(&q, 0);
    const int err = sql_end(&q, row);
    return err < 0 ? err : row;
}

static struct said said_by(const struct store_case_opening *opening, enum case_action action)
{
    return (struct said){.action = action,
                         .role = opening->role,
                         .answer = CASE_NO_ANSWER,
                         .who = opening->who,
                         .text = opening->text,
                         .utc_ms = opening->utc_ms,
                         .alert_id = opening->alert_id,
                         .sighting_id = opening->sighting_id};
}

static int join(struct store *store, const struct case_policy *policy,
                const struct store_case_opening *opening, int64_t id)
{
    struct work work = {0};
    int rc = load(store, id, &work);
    if (rc < 0)
        return rc;
    const struct said said = said_by(opening, CASE_DO_MERGE);
    if (opening->happened_utc_ms < work.happened_utc_ms)
        work.happened_utc_ms = opening->happened_utc_ms;
    if (opening->happened_utc_ms > work.last_utc_ms)
        work.last_utc_ms = opening->happened_utc_ms;
    const enum bw_severity was = work.severity;
    if (opening->severity > was)
        work.severity = opening->severity;
    work.n_merged++;
    rc = take_step(store, &work, &said);
    if (rc == 0 && work.severity > was)
        rc = tell_raised(store, policy, &work, was, said);
    return rc == 0 ? take_back(store, policy, &work, said, opening->happened_utc_ms) : rc;
}

/* The last case before it, and how many there were in the policy's time. Dismissed ones were none. */
static int find_earlier(struct store *store, const struct case_policy *policy,
                        const struct store_case_opening *opening, int64_t *ret_id, int64_t *ret_n)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT max(id), count(CASE WHEN state <> 6 AND happened_utc_ms >= ?3 THEN 1 END) FROM cases"
              " WHERE subject = ?1 AND kind = ?2");
    sql_text(&q, subject_of(opening));
    sql_int(&q, opening->kind);
    sql_int(&q, opening->happened_utc_ms - policy->recurrence_days * UTC_MS_PER_DAY);
    const int err = sql_row(&q);
    if (err == 1) {
        *ret_id = sql_int_at(&q, 0);
        *ret_n = sql_int_at(&q, 1);
    }
    return sql_end(&q, err);
}

static int insert(struct store *store, const struct store_case_opening *opening, int64_t earlier_id,
                  int64_t recurrence, int64_t *ret_id)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO cases (kind, source, subject, trip_utc_ms, vehicle, plate, division, school_id,"
              " state, severity, late, happened_utc_ms, last_utc_ms, opened_utc_ms, earlier_id, recurrence)"
              " SELECT ?1, ?2, ?3, ?4, ?5, coalesce(v.plate, ?6), coalesce(s.division, ?7),"
              " coalesce(s.school_id, ''), 1, ?8, ?9, ?10, ?10, ?11, ?12, ?13 FROM (SELECT 1)"
              " LEFT JOIN vehicle AS v ON v.vehicle_id = ?5 LEFT JOIN school AS s USING (school_id)");
    sql_int(&q, opening->kind);
    sql_int(&q, opening->source);
    sql_text(&q, subject_of(opening));
    sql_int(&q, opening->trip_utc_ms);
    sql_text(&q, or_empty(opening->vehicle));
    sql_text(&q, or_empty(opening->plate));
    sql_text(&q, or_empty(opening->division));
    sql_int(&q, opening->severity);
    sql_int(&q, opening->late);
    sql_int(&q, opening->happened_utc_ms);
    sql_int(&q, opening->utc_ms);
    sql_int(&q, earlier_id);
    sql_int(&q, recurrence);
    const int err = sql_run(&q);
    if (err == 0)
        *ret_id = sqlite3_last_insert_rowid(store->db);
    return err;
}

static int open_new(struct store *store, const struct case_policy *policy,
                    const struct store_case_opening *opening, int64_t *ret_id)
{
    const struct said said = said_by(opening, CASE_DO_OPEN);
    struct work work = {0};
    int64_t earlier_id = 0, recurrence = 0, id = 0;
    int err = find_earlier(store, policy, opening, &earlier_id, &recurrence);
    if (err == 0)
        err = insert(store, opening, earlier_id, recurrence, &id);
    if (err == 0)
        err = load(store, id, &work);
    if (err == 0)
        err = take_step(store, &work, &said);
    if (err == 0)
        *ret_id = id;
    return err;
}

int store_case_open(struct store *store, const struct case_policy *policy,
                    const struct store_case_opening *opening, int64_t *ret_id, bool *ret_opened)
{
    int64_t id = 0;
    struct sql_whole whole;
    int err = sql_whole_begin(store, &whole);
    if (err < 0)
        return err;
    const int going = find_going(store, opening, &id);
    if (going < 0)
        err = going;
    else if (going == 1)
        err = join(store, policy, opening, id);
    else
        err = open_new(store, policy, opening, &id);
    err = sql_whole_end(&whole, err);
    if (err == 0) {
        *ret_id = id;
        *ret_opened = going == 0;
    }
    return err;
}

/* --- by an alert --- */

static int alert_of_event(struct store *store, int64_t event, int64_t *ret_id)
{
    struct sql q;
    sql_start(&q, store, "SELECT alert_id FROM alert_event WHERE event = ?");
    sql_int(&q, event);
    int err = sql_row(&q);
    if (err == 1)
        *ret_id = sql_int_at(&q, 0);
    else if (err == 0)
        err = sql_fail(store, -ENOENT, "no such alert event");
    return sql_end(&q, err);
}

/* 1 and the newest case that this very alert is part of, 0: none. */
static int case_of_alert(struct store *store, int64_t alert_id, struct work *ret)
{
    struct sql q;
    int64_t id = 0;
    sql_start(&q, store, "SELECT case_id FROM case_step WHERE alert_id = ? ORDER BY number DESC LIMIT 1");
    sql_int(&q, alert_id);
    const int row = sql_row(&q);
    if (row == 1)
        id = sql_int_at(&q, 0);
    int err = sql_end(&q, row);
    if (err < 0 || row == 0)
        return err;
    err = load(store, id, ret);
    return err < 0 ? err : 1;
}

/* A phase of an alert, as it came. */
struct phase {
    const char *vehicle;
    const struct bw_alert *alert;
    int64_t alert_id, received_utc_ms, now_utc_ms;
    bool late;
};

/* A later phase of an alert that is part of a case: a step only when it makes the case graver. */
static int continue_case(struct store *store, const struct case_policy *policy, struct work *work,
                         const struct phase *phase)
{
    const struct bw_alert *alert = phase->alert;
    struct sql q;
    if (alert->severity > work->severity) {
        const int64_t happened_utc_ms = alert->time_utc_ms > 0 ? alert->time_utc_ms : phase->received_utc_ms;
        const struct said said = {.answer = CASE_NO_ANSWER,
                                  .who = "ingest",
                                  .utc_ms = phase->now_utc_ms,
                                  .alert_id = phase->alert_id};
        if (alert->time_utc_ms > work->last_utc_ms)
            work->last_utc_ms = alert->time_utc_ms;
        const enum bw_severity was = work->severity;
        work->severity = alert->severity;
        const int rc = tell_raised(store, policy, work, was, said);
        return rc == 0 ? take_back(store, policy, work, said, happened_utc_ms) : rc;
    }
    if (alert->phase != BW_CLEARED)
        return 0;
    sql_start(&q, store, "UPDATE cases SET last_utc_ms = max(last_utc_ms, ?) WHERE id = ?");
    sql_int(&q, alert->time_utc_ms);
    sql_int(&q, work->id);
    return sql_run(&q);
}

/* 1: the device has said so on as many days as the policy asks for, since the last such case was ended; or it
 * has gone on saying so for as long. */
static int is_repeated(struct store *store, const struct case_policy *policy, const char *vehicle,
                       const struct bw_alert *alert, int64_t now_utc_ms)
{
    const int64_t raised_utc_ms = alert->raised_utc_ms > 0 ? alert->raised_utc_ms : alert->time_utc_ms;
    if (alert->time_utc_ms - raised_utc_ms >= (policy->notice_days - (int64_t)1) * UTC_MS_PER_DAY)
        return 1;
    struct sql q;
    sql_start(
        &q, store,
        "SELECT count(DISTINCT (raised_utc_ms + ?1) / 86400000) FROM alert WHERE vehicle = ?2 AND kind = ?3"
        " AND raised_utc_ms >= max(?4, coalesce((SELECT max(ended_utc_ms) FROM cases WHERE subject = ?2"
        " AND kind = ?3), 0))");
    sql_int(&q, REGISTRY_UTC_OFFSET_MIN * (int64_t)60000);
    sql_text(&q, vehicle);
    sql_int(&q, alert->kind);
    sql_int(&q, now_utc_ms - CASE_NOTICE_SPAN_DAYS * UTC_MS_PER_DAY);
    const int row = sql_row(&q);
    const int repeated = row == 1 && sql_int_at(&q, 0) >= policy->notice_days;
    const int err = sql_end(&q, row);
    return err < 0 ? err : repeated;
}

/* The end of the last trip before an instant; 0 = none is known. */
static int trip_before(struct store *store, const char *vehicle, int64_t utc_ms, int64_t *ret_ended_utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT ended_utc_ms FROM trip WHERE vehicle = ?1 AND begun_utc_ms <= ?2 AND ended_utc_ms <= ?2"
              " ORDER BY begun_utc_ms DESC LIMIT 1");
    sql_text(&q, vehicle);
    sql_int(&q, utc_ms);
    const int row = sql_row(&q);
    *ret_ended_utc_ms = row == 1 ? sql_int_at(&q, 0) : 0;
    return sql_end(&q, row);
}

static int open_by_alert(struct store *store, const struct case_policy *policy, const struct phase *phase)
{
    const struct bw_alert *alert = phase->alert;
    const int64_t happened_utc_ms = store_alert_raised_utc_ms(alert, phase->received_utc_ms);
    int64_t ended_utc_ms = 0, id;
    bool opened;
    /* Notices about a device are of no trip: one case until it is repaired. */
    const bool of_trip = case_effect(alert->kind, alert->severity) == CASE_OPENS;
    const int err = of_trip ? trip_before(store, phase->vehicle, happened_utc_ms, &ended_utc_ms) : 0;
    if (err < 0)
        return err;
    const struct store_case_opening opening = {
        .kind = (int)alert->kind,
        .source = CASE_BY_ALERT,
        .vehicle = phase->vehicle,
        .severity = alert->severity,
        .trip_utc_ms = of_trip ? case_trip_utc_ms(ended_utc_ms, happened_utc_ms) : 0,
        .happened_utc_ms = happened_utc_ms,
        .utc_ms = phase->now_utc_ms,
        .late = phase->late,
        .alert_id = phase->alert_id,
        .who = "ingest",
        .role = CASE_ROLE_SYSTEM,
    };
    return store_case_open(store, policy, &opening, &id, &opened);
}

static int on_alert(struct store *store, const struct case_policy *policy, const struct phase *phase)
{
    struct work work = {0};
    const struct bw_alert *alert = phase->alert;
    const enum case_effect effect = case_effect(alert->kind, alert->severity);
    if (effect == CASE_NOTHING)
        return 0;
    const int held = case_of_alert(store, phase->alert_id, &work);
    if (held < 0)
        return held;
    if (held == 1 && !case_is_over(work.state))
        return continue_case(store, policy, &work, phase);
    if (held == 1 && alert->severity <= work.severity)
        return 0; /* what the case was about when it was ended */
    if (effect == CASE_IF_REPEATED) {
        const int repeated = is_repeated(store, policy, phase->vehicle, alert, phase->now_utc_ms);
        if (repeated != 1)
            return repeated;
    }
    return open_by_alert(store, policy, phase);
}

int store_case_on_alert(struct store *store, const struct case_policy *policy, const char *vehicle,
                        const struct bw_alert *alert, int64_t event, int64_t received_utc_ms)
{
    struct phase phase = {.vehicle = vehicle,
                          .alert = alert,
                          .received_utc_ms = received_utc_ms,
                          .now_utc_ms = received_utc_ms,
                          .late = received_utc_ms - alert->time_utc_ms > STORE_LATE_MS};
    if (case_effect(alert->kind, alert->severity) == CASE_NOTHING)
        return 0;
    struct sql_whole whole;
    int err = sql_whole_begin(store, &whole);
    if (err < 0)
        return err;
    err = alert_of_event(store, event, &phase.alert_id);
    if (err == 0)
        err = on_alert(store, policy, &phase);
    return sql_whole_end(&whole, err);
}

/* --- what somebody does --- */

static int school_known(struct store *store, const char *school_id)
{
    struct sql q;
    sql_start(&q, store, "SELECT 1 FROM school WHERE school_id = ?");
    sql_text(&q, school_id);
    const int row = sql_row(&q);
    const int err = sql_end(&q, row);
    if (err < 0)
        return err;
    return row == 1 ? 0 : sql_fail(store, -EINVAL, "no such school");
}

static int set_school(struct store *store, struct work *work, const char *school_id)
{
    const char *chosen = school_id;
    if (chosen == NULL)
        chosen = work->assigned_school_id[0] != '\0' ? work->assigned_school_id : work->school_id;
    if (strlen(chosen) >= sizeof(work->assigned_school_id))
        return sql_fail(store, -EINVAL, "no such school");
    /* A school that has left the registry since may keep what it has. */
    const int err = school_id != NULL && chosen[0] != '\0' ? school_known(store, chosen) : 0;
    if (err == 0)
        memmove(work->assigned_school_id, chosen, strlen(chosen) + 1);
    return err;
}

static int set_deadline(struct store *store, const struct case_policy *policy, struct work *work,
                        const struct store_case_deed *deed)
{
    if (deed->deadline_utc_ms != 0 && deed->deadline_utc_ms <= deed->utc_ms)
        return sql_fail(store, -EINVAL, "the deadline is over already");
    renew(work, deed->deadline_utc_ms != 0
                    ? deed->deadline_utc_ms
                    : case_deadline_utc_ms(policy, work->kind, work->severity, deed->utc_ms));
    return 0;
}

/* What the deed changes besides the state. */
static int do_deed(struct store *store, const struct case_policy *policy, struct work *work,
                   const struct store_case_deed *deed)
{
    int err = 0;
    switch (deed->action) {
    case CASE_DO_ACKNOWLEDGE:
        (void)memcpy(work->handler, deed->who, strlen(deed->who) + 1);
        break;
    case CASE_DO_ASSIGN:
        (void)memcpy(work->handler, deed->who, strlen(deed->who) + 1);
        err = set_school(store, work, deed->school_id);
        if (err == 0)
            err = set_deadline(store, policy, work, deed);
        break;
    case CASE_DO_RETURN:
        err = set_deadline(store, policy, work, deed);
        break;
    case CASE_DO_ANSWER:
        work->answer = deed->answer;
        break;
    case CASE_DO_HAND_OVER:
        if (work->handed_over_utc_ms == 0)
            work->handed_over_utc_ms = deed->utc_ms;
        break;
    case CASE_DO_ESCALATE:
        work->level = deed->level != 0 ? deed->level : work->level + 1;
        if (work->level > CASE_LEVEL_HEAD)
            work->level = CASE_LEVEL_HEAD;
        break;
    default:
        break;
    }
    if (case_is_over(work->state) && work->ended_utc_ms == 0)
        work->ended_utc_ms = deed->utc_ms;
    return err;
}

/* -ENOENT unless this school may see it. */
static int may_see(struct store *store, int64_t id, const char *school_id)
{
    struct sql q;
    if (school_id == NULL)
        return 0;
    sql_start(&q, store,
              "SELECT 1 FROM cases WHERE id = ?1 AND ?2 <> '' AND (assigned_school_id = ?2"
              " OR (school_id = ?2 AND source <> 4))");
    sql_int(&q, id);
    sql_text(&q, school_id);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "no such case");
    return sql_end(&q, err);
}

static int act(struct store *store, const struct case_policy *policy, int64_t id, int64_t seen_step,
               const struct store_case_deed *deed, enum case_refusal *ret_refusal, int64_t *ret_step)
{
    struct work work = {0};
    int err = may_see(store, id, deed->own_school_id);
    if (err == 0)
        err = load(store, id, &work);
    if (err < 0)
        return err;
    if (seen_step != 0 && seen_step != work.last_step)
        return sql_fail(store, -ESTALE, "the case has moved on");
    const struct case_move move = {.action = deed->action,
                                   .role = deed->role,
                                   .own = deed->own_school_id != NULL &&
                                          strcmp(deed->own_school_id, work.assigned_school_id) == 0,
                                   .answer = deed->answer,
                                   .has_text = or_empty(deed->text)[0] != '\0'};
    *ret_refusal = case_next(work.state, &move, &work.state);
    if (*ret_refusal != CASE_ALLOWED)
        return sql_fail(store, -EPERM, case_refusal_name(*ret_refusal));
    err = do_deed(store, policy, &work, deed);
    const struct said said = {.action = deed->action,
                              .role = deed->role,
                              .answer = deed->action == CASE_DO_ANSWER ? deed->answer : CASE_NO_ANSWER,
                              .who = deed->who,
                              .text = deed->text,
                              .utc_ms = deed->utc_ms,
                              .alert_id = deed->alert_id};
    if (err == 0)
        err = take_step(store, &work, &said);
    if (err == 0)
        *ret_step = work.last_step;
    return err;
}

int store_case_act(struct store *store, const struct case_policy *policy, int64_t id, int64_t seen_step,
                   const struct store_case_deed *deed, enum case_refusal *ret_refusal, int64_t *ret_step)
{
    enum case_refusal refusal = CASE_ALLOWED;
    int64_t step = 0;
    if (strlen(deed->who) >= BW_NAME_LEN || strlen(or_empty(deed->text)) > STORE_CASE_TEXT_MAX)
        return sql_fail(store, -EINVAL, "too long a text");
    struct sql_whole whole;
    int err = sql_whole_begin(store, &whole);
    if (err < 0)
        return err;
    err = act(store, policy, id, seen_step, deed, &refusal, &step);
    err = sql_whole_end(&whole, err);
    *ret_refusal = refusal;
    if (err == 0 && ret_step != NULL)
        *ret_step = step;
    return err;
}

/* --- a store from before version 7 --- */

static int read_now(struct store *store, int64_t *ret_utc_ms)
{
    struct sql q;
    sql_start(&q, store, "SELECT unixepoch() * 1000");
    const int err = sql_row(&q);
    if (err == 1)
        *ret_utc_ms = sql_int_at(&q, 0);
    return sql_end(&q, err);
}

/* As ingest would have opened them, but now, and so late: what happened, happened before anybody could see to
 * it as a case. What was over before the time that counts as recurrence is history. */
int sql_cases_from_alerts(struct store *store)
{
    const struct case_policy *policy = &CASE_POLICY_DEFAULT;
    struct phase phase = {.late = true};
    struct sql q;
    int err = read_now(store, &phase.now_utc_ms), failed = 0;
    if (err < 0)
        return err;
    sql_start(&q, store,
              "SELECT alert.vehicle, alert_id, received_utc_ms, body FROM alert_event JOIN alert"
              " ON alert.id = alert_id WHERE cleared_utc_ms IS NULL OR raised_utc_ms >= ? ORDER BY event");
    sql_int(&q, phase.now_utc_ms - policy->recurrence_days * UTC_MS_PER_DAY);
    while (failed == 0 && (err = sql_row(&q)) == 1) {
        struct wire_body body;
        size_t len;
        const void *bytes = sql_blob_at(&q, 3, &len);
        const int decoded = wire_body_decode(bytes, len, &body);
        phase.vehicle = sql_text_at(&q, 0);
        phase.alert = &body.u.alert;
        phase.alert_id = sql_int_at(&q, 1);
        phase.received_utc_ms = sql_int_at(&q, 2);
        if (decoded == 0 && body.type == WIRE_BODY_ALERT)
            failed = on_alert(store, policy, &phase);
        else if (decoded == -ENOMEM)
            failed = decoded;
    }
    const int ended = sql_end(&q, failed != 0 ? 0 : err);
    return ended < 0 ? ended : failed;
}
