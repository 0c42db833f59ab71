/* Cases in the store: one going of each vehicle, kind and trip; every step in a log that nothing changes. */
#include "bureau/store/cases.h"
#include "proto/utc.h"
#include "proto/wire.h"
#include "tests/unit/fixture_oldstore.h"
#include "tests/unit/fixture_store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t seq; /* of the last record */
static const uint8_t STREAM[BW_STREAM_LEN] = {1};
static const int64_t T = 1789425000000, HOUR_MS = 3600000, DAY_MS = 86400000; /* 2026-09-15T06:30+08:00 */
static const struct case_policy *policy = &CASE_POLICY_DEFAULT;

TestSuite(store_cases, .init = open_store, .fini = close_store);

/* --- what happens --- */

struct happening {
    const char *vehicle;       /* NULL = bus-a */
    enum bw_kind kind;         /* 0 = OVERLOAD */
    enum bw_severity severity; /* 0 = MINOR */
    enum bw_phase phase;       /* 0 = RAISED */
    uint64_t number;
    int64_t raised_utc_ms, time_utc_ms; /* time 0 = raised */
    int64_t late_ms;                    /* on its way */
};

/* As ingest does it. */
static void happen(struct happening what)
{
    const char *vehicle = what.vehicle ? what.vehicle : "bus-a";
    const struct bw_alert alert = {.kind = what.kind ? what.kind : BW_OVERLOAD,
                                   .severity = what.severity ? what.severity : BW_MINOR,
                                   .phase = what.phase ? what.phase : BW_RAISED,
                                   .number = what.number,
                                   .raised_utc_ms = what.raised_utc_ms,
                                   .time_utc_ms = what.time_utc_ms ? what.time_utc_ms : what.raised_utc_ms};
    const int64_t received_utc_ms = alert.time_utc_ms + 200 + what.late_ms;
    int64_t event;
    cr_assert_eq(store_alert_apply(store, vehicle, STREAM, ++seq, &alert, received_utc_ms, &event), 0, "%s",
                 store_error(store));
    if (event != 0)
        cr_assert_eq(store_case_on_alert(store, policy, vehicle, &alert, event, received_utc_ms), 0, "%s",
                     store_error(store));
}

static void drive(const char *vehicle, int64_t begun_utc_ms, int64_t ended_utc_ms)
{
    const struct bw_trip trip = {.begun_utc_ms = begun_utc_ms, .ended_utc_ms = ended_utc_ms};
    cr_assert_eq(store_trip_apply(store, vehicle, STREAM, ++seq, &trip, ended_utc_ms + 61000), 0);
}

struct deed {
    enum case_action action;
    enum case_role role; /* 0 = BUREAU */
    const char *own, *text, *school;
    int64_t deadline_utc_ms, at_utc_ms; /* at 0 = T + 1 h */
    enum case_answer answer;
    int64_t seen;
};

static int act(int64_t id, struct deed what)
{
    const struct store_case_deed deed = {.action = what.action,
                                         .role = what.role ? what.role : CASE_ROLE_BUREAU,
                                         .who = what.own ? what.own : "chen",
                                         .own_school_id = what.own,
                                         .text = what.text ? what.text : "",
                                         .school_id = what.school,
                                         .deadline_utc_ms = what.deadline_utc_ms,
                                         .answer = what.answer,
                                         .utc_ms = what.at_utc_ms ? what.at_utc_ms : T + HOUR_MS};
    enum case_refusal refusal;
    return store_case_act(store, policy, id, what.seen, &deed, &refusal, NULL);
}

/* --- what is there --- */

enum { LIST_MAX = 16 };
struct seen {
    size_t n;
    struct store_case rows[LIST_MAX];
    char vehicle[LIST_MAX][BW_ID_LEN], school[LIST_MAX][BW_NAME_LEN], assigned[LIST_MAX][BW_ID_LEN],
        plate[LIST_MAX][BW_PLATE_LEN], handler[LIST_MAX][BW_NAME_LEN];
};

static int collect(void *context, const struct store_case *row)
{
    struct seen *seen = context;
    cr_assert_lt(seen->n, LIST_MAX);
    seen->rows[seen->n] = *row;
    (void)snprintf(seen->vehicle[seen->n], BW_ID_LEN, "%s", row->vehicle);
    (void)snprintf(seen->school[seen->n], BW_NAME_LEN, "%s", row->school);
    (void)snprintf(seen->assigned[seen->n], BW_ID_LEN, "%s", row->assigned_school_id);
    (void)snprintf(seen->plate[seen->n], BW_PLATE_LEN, "%s", row->plate);
    (void)snprintf(seen->handler[seen->n], BW_NAME_LEN, "%s", row->handler);
    seen->n++;
    return 0;
}

static const struct seen *list(struct store_case_query query)
{
    static struct seen seen;
    seen.n = 0;
    cr_assert_eq(store_cases(store, &query, LIST_MAX, collect, &seen), 0, "%s", store_error(store));
    return &seen;
}

static struct store_case one(int64_t id)
{
    struct seen seen = {0};
    cr_assert_eq(store_case(store, id, NULL, collect, &seen), 0, "%s", store_error(store));
    return seen.rows[0];
}

static char steps_text[512];

static int add_step(void *context, const struct store_case_step *row)
{
    char *text = context;
    const size_t n = strlen(text);
    (void)snprintf(text + n, sizeof steps_text - n, "%s%s:%s:%d", n > 0 ? " " : "",
                   case_action_name(row->action), case_state_name(row->state), (int)row->severity);
    return 0;
}

static const char *steps(int64_t id)
{
    steps_text[0] = '\0';
    cr_assert_eq(store_case_steps(store, id, add_step, steps_text), 0, "%s", store_error(store));
    return steps_text;
}

/* --- by alerts --- */

Test(store_cases, an_alert_opens_a_case_with_what_the_bureau_needs)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T, .severity = BW_SERIOUS});
    const struct seen *seen = list((struct store_case_query){0});
    cr_assert_eq(seen->n, 1);
    const struct store_case *row = &seen->rows[0];
    cr_expect_eq(row->kind, BW_OVERLOAD);
    cr_expect_eq(row->state, CASE_OPEN);
    cr_expect_eq(row->source, CASE_BY_ALERT);
    cr_expect_eq(row->severity, BW_SERIOUS);
    cr_expect_str_eq(seen->vehicle[0], "bus-a");
    cr_expect_str_eq(seen->plate[0], "浙J12345");
    cr_expect_str_eq(seen->school[0], "天台县石梁镇中心小学");
    cr_expect_str_eq(seen->assigned[0], "");
    cr_expect(row->happened_utc_ms == T && row->last_utc_ms == T && row->opened_utc_ms == T + 200);
    cr_expect(!row->late && row->earlier_id == 0 && row->recurrence == 0 && row->deadline_utc_ms == 0);
    cr_expect_eq(row->answer, CASE_NO_ANSWER);
    cr_expect_eq(row->level, CASE_LEVEL_SCHOOL);
    cr_expect_str_eq(steps(row->id), "open:open:3");
}

Test(store_cases, phases_of_one_alert_are_one_case_and_steps_only_when_graver)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    happen(
        (struct happening){.number = 1, .raised_utc_ms = T, .time_utc_ms = T + 10000, .phase = BW_UPDATED});
    happen((struct happening){.number = 1,
                              .raised_utc_ms = T,
                              .time_utc_ms = T + 20000,
                              .phase = BW_UPDATED,
                              .severity = BW_CRIMINAL});
    happen((struct happening){.number = 1,
                              .raised_utc_ms = T,
                              .time_utc_ms = T + 90000,
                              .phase = BW_CLEARED,
                              .severity = BW_CRIMINAL});
    const struct seen *seen = list((struct store_case_query){0});
    cr_assert_eq(seen->n, 1);
    cr_expect_eq(seen->rows[0].severity, BW_CRIMINAL);
    cr_expect_eq(seen->rows[0].last_utc_ms, T + 90000);
    cr_expect_str_eq(steps(seen->rows[0].id), "open:open:2 raise:open:4");
}

Test(store_cases, a_second_alert_of_the_trip_joins_and_one_of_the_next_trip_does_not)
{
    drive("bus-a", T - 10 * HOUR_MS, T - 9 * HOUR_MS);
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    happen((struct happening){.number = 2, .raised_utc_ms = T + 600000, .severity = BW_SERIOUS});
    happen((struct happening){.number = 3, .raised_utc_ms = T + 600000, .kind = BW_OVERSPEED});
    happen((struct happening){.number = 1, .raised_utc_ms = T + 600000, .vehicle = "bus-b"});
    cr_assert_eq(list((struct store_case_query){0})->n, 3);
    cr_expect_str_eq(steps(1), "open:open:2 merge:open:3 raise:open:3");
    cr_expect_eq(one(1).n_merged, 1);
    drive("bus-a", T - HOUR_MS, T + HOUR_MS);
    happen((struct happening){.number = 4, .raised_utc_ms = T + 9 * HOUR_MS});
    const struct seen *seen = list((struct store_case_query){0});
    cr_assert_eq(seen->n, 4);
    cr_expect_eq(seen->rows[0].earlier_id, 1);
    cr_expect_eq(seen->rows[0].recurrence, 1);
    cr_expect_eq(seen->rows[0].trip_utc_ms, T + HOUR_MS);
}

Test(store_cases, a_late_alert_of_the_first_trip_joins_that_one_s_case)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    drive("bus-a", T - HOUR_MS, T + HOUR_MS);
    happen((struct happening){.number = 2, .raised_utc_ms = T + 9 * HOUR_MS});
    happen((struct happening){.number = 3, .raised_utc_ms = T + 1000, .late_ms = 20 * HOUR_MS});
    cr_expect_eq(list((struct store_case_query){0})->n, 2);
    cr_expect_str_eq(steps(1), "open:open:2 merge:open:2");
    cr_expect_not(one(1).late);
}

Test(store_cases, late_data_opens_a_case_that_says_so)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T, .late_ms = STORE_LATE_MS - 200});
    happen((struct happening){
        .number = 1, .raised_utc_ms = T, .late_ms = STORE_LATE_MS - 199, .vehicle = "bus-b"});
    cr_expect_not(one(1).late);
    cr_expect(one(2).late);
}

Test(store_cases, an_alert_that_was_ended_opens_no_case_again_unless_it_becomes_graver)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_DISMISS, .text = "counted twice"}), 0);
    happen(
        (struct happening){.number = 1, .raised_utc_ms = T, .time_utc_ms = T + 10000, .phase = BW_UPDATED});
    cr_expect_eq(list((struct store_case_query){0})->n, 1);
    happen((struct happening){.number = 1,
                              .raised_utc_ms = T,
                              .time_utc_ms = T + 20000,
                              .phase = BW_UPDATED,
                              .severity = BW_CRIMINAL});
    const struct seen *seen = list((struct store_case_query){0});
    cr_assert_eq(seen->n, 2);
    cr_expect_eq(seen->rows[0].earlier_id, 1);
    cr_expect_eq(seen->rows[0].recurrence, 0, "a dismissed one was none");
}

Test(store_cases, after_it_was_closed_the_same_trip_opens_another)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ASSIGN}), 0);
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ANSWER, .answer = CASE_DONE, .text = "done"}), 0);
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_CLOSE}), 0);
    happen((struct happening){.number = 2, .raised_utc_ms = T + 600000});
    const struct seen *seen = list((struct store_case_query){0});
    cr_assert_eq(seen->n, 2);
    cr_expect(seen->rows[0].earlier_id == 1 && seen->rows[0].recurrence == 1);
    cr_expect_eq(one(1).ended_utc_ms, T + HOUR_MS);
}

Test(store_cases, cases_of_last_year_do_not_count)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T - 200 * DAY_MS});
    happen((struct happening){.number = 2, .raised_utc_ms = T});
    cr_expect_eq(one(2).earlier_id, 1);
    cr_expect_eq(one(2).recurrence, 0);
}

Test(store_cases, a_notice_opens_none_and_makes_one_when_it_becomes_more)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T, .severity = BW_NOTICE, .kind = BW_OFF_ROUTE});
    cr_expect_eq(list((struct store_case_query){0})->n, 0);
    happen((struct happening){
        .number = 1, .raised_utc_ms = T, .time_utc_ms = T + 1000, .phase = BW_UPDATED, .kind = BW_OFF_ROUTE});
    cr_expect_eq(list((struct store_case_query){0})->n, 1);
}

static void faulty_day(uint64_t number, int day)
{
    const int64_t raised_utc_ms = T + day * DAY_MS;
    struct happening what = {
        .number = number, .raised_utc_ms = raised_utc_ms, .severity = BW_NOTICE, .kind = BW_SENSOR_FAULT};
    happen(what);
    what.phase = BW_CLEARED;
    what.time_utc_ms = raised_utc_ms + 60000;
    happen(what);
}

Test(store_cases, a_device_that_is_faulty_on_three_days_of_a_week_is_a_case)
{
    faulty_day(1, 0);
    faulty_day(2, 0);
    faulty_day(3, 1);
    cr_expect_eq(list((struct store_case_query){0})->n, 0, "two days");
    faulty_day(4, 2);
    cr_assert_eq(list((struct store_case_query){0})->n, 1);
    faulty_day(5, 3);
    cr_expect_eq(list((struct store_case_query){0})->n, 1, "one until it is repaired");
    const int64_t repaired_utc_ms = T + 3 * DAY_MS + HOUR_MS;
    cr_assert_eq(
        act(1, (struct deed){.action = CASE_DO_DISMISS, .text = "repaired", .at_utc_ms = repaired_utc_ms}),
        0);
    faulty_day(6, 4);
    faulty_day(7, 5);
    cr_expect_eq(list((struct store_case_query){0})->n, 1, "what was before the repair does not count");
    faulty_day(8, 6);
    cr_expect_eq(list((struct store_case_query){0})->n, 2);
}

Test(store_cases, faults_further_apart_than_a_week_are_none)
{
    for (int i = 0; i < 6; i++)
        faulty_day((uint64_t)i + 1, i * 4);
    cr_expect_eq(list((struct store_case_query){0})->n, 0);
}

Test(store_cases, a_fault_that_never_clears_is_a_case_in_the_end)
{
    struct happening what = {.number = 1, .raised_utc_ms = T, .severity = BW_NOTICE, .kind = BW_SENSOR_FAULT};
    happen(what);
    what.phase = BW_UPDATED;
    what.time_utc_ms = T + 2 * DAY_MS - 1;
    happen(what);
    cr_expect_eq(list((struct store_case_query){0})->n, 0);
    what.time_utc_ms = T + 2 * DAY_MS;
    happen(what);
    cr_expect_eq(list((struct store_case_query){0})->n, 1);
}

/* --- by others --- */

Test(store_cases, a_sighting_needs_no_vehicle_of_ours)
{
    const struct store_case_opening opening = {.kind = CASE_SIGHTING,
                                               .source = CASE_BY_SIGHTING,
                                               .subject = "plate:浙JX9999",
                                               .plate = "浙JX9999",
                                               .division = "331023",
                                               .severity = BW_SERIOUS,
                                               .happened_utc_ms = T,
                                               .utc_ms = T + 1000,
                                               .sighting_id = 7,
                                               .who = "gate-1",
                                               .role = CASE_ROLE_SCHOOL,
                                               .text = "white van at the gate"};
    int64_t id = 0, again = 0;
    bool opened = false;
    cr_assert_eq(store_case_open(store, policy, &opening, &id, &opened), 0, "%s", store_error(store));
    cr_expect(opened);
    cr_assert_eq(store_case_open(store, policy, &opening, &again, &opened), 0);
    cr_expect_not(opened);
    cr_expect_eq(again, id);
    const struct seen *seen = list((struct store_case_query){.kinds = 1U << CASE_SIGHTING});
    cr_assert_eq(seen->n, 1);
    cr_expect_str_eq(seen->vehicle[0], "");
    cr_expect_str_eq(seen->plate[0], "浙JX9999");
    cr_expect_str_eq(steps(id), "open:open:3 merge:open:3");
    cr_expect_eq(list((struct store_case_query){.school_id = "s-yucai"})->n, 0, "of no school");
    cr_assert_eq(act(id, (struct deed){.action = CASE_DO_ASSIGN, .school = "s-yucai"}), 0);
    cr_expect_eq(list((struct store_case_query){.school_id = "s-yucai"})->n, 1);
}

Test(store_cases, what_rejudging_found_a_school_sees_once_it_is_asked)
{
    const struct store_case_opening opening = {.kind = BW_TAMPER,
                                               .source = CASE_BY_REJUDGING,
                                               .vehicle = "bus-a",
                                               .severity = BW_SERIOUS,
                                               .happened_utc_ms = T,
                                               .utc_ms = T,
                                               .who = "rejudge"};
    int64_t id;
    bool opened;
    cr_assert_eq(store_case_open(store, policy, &opening, &id, &opened), 0);
    cr_expect_eq(list((struct store_case_query){.school_id = "s-shiliang"})->n, 0);
    struct deed note = {
        .action = CASE_DO_NOTE, .role = CASE_ROLE_SCHOOL, .own = "s-shiliang", .text = "what is this?"};
    cr_expect_eq(act(id, note), -ENOENT);
    cr_assert_eq(act(id, (struct deed){.action = CASE_DO_ASSIGN}), 0);
    cr_expect_eq(list((struct store_case_query){.school_id = "s-shiliang"})->n, 1);
    cr_expect_eq(act(id, note), 0);
}

/* --- what people do --- */

Test(store_cases, goes_its_way_and_every_step_is_in_the_log)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T, .severity = BW_SERIOUS});
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ACKNOWLEDGE}), 0);
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ASSIGN, .text = "come to the bureau"}), 0);
    struct store_case row = one(1);
    cr_expect_eq(row.deadline_utc_ms, T + 25 * HOUR_MS, "of a serious overload");
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ANSWER,
                                      .role = CASE_ROLE_SCHOOL,
                                      .own = "s-shiliang",
                                      .answer = CASE_LATER,
                                      .text = "tomorrow"}),
                 0);
    cr_expect_eq(one(1).answer, CASE_LATER);
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ANSWER,
                                      .role = CASE_ROLE_SCHOOL,
                                      .own = "s-shiliang",
                                      .answer = CASE_DONE,
                                      .text = "a second bus"}),
                 0);
    cr_assert_eq(
        act(1,
            (struct deed){.action = CASE_DO_RETURN, .text = "show us", .deadline_utc_ms = T + 50 * HOUR_MS}),
        0);
    row = one(1);
    cr_expect(row.answer == CASE_NO_ANSWER && row.deadline_utc_ms == T + 50 * HOUR_MS);
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ANSWER,
                                      .role = CASE_ROLE_SCHOOL,
                                      .own = "s-shiliang",
                                      .answer = CASE_DONE,
                                      .text = "here"}),
                 0);
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_CLOSE, .at_utc_ms = T + 3 * HOUR_MS}), 0);
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_NOTE, .text = "thanks"}), 0);
    cr_expect_str_eq(steps(1),
                     "open:open:3 acknowledge:acknowledged:3 assign:assigned:3 answer:assigned:3"
                     " answer:rectified:3 return:assigned:3 answer:rectified:3 close:closed:3 note:closed:3");
    cr_expect_eq(one(1).ended_utc_ms, T + 3 * HOUR_MS);
    cr_expect_eq(try_sql("UPDATE case_step SET who = 'nobody'"), SQLITE_CONSTRAINT);
}

Test(store_cases, of_two_who_act_at_once_the_second_is_told)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    const int64_t seen = one(1).last_step;
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ACKNOWLEDGE, .seen = seen}), 0);
    cr_expect_eq(act(1, (struct deed){.action = CASE_DO_DISMISS, .text = "no", .seen = seen}), -ESTALE);
    cr_expect_eq(one(1).state, CASE_ACKNOWLEDGED);
    cr_expect_str_eq(steps(1), "open:open:2 acknowledge:acknowledged:2");
}

Test(store_cases, what_may_not_be_done_changes_nothing)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    const struct {
        struct deed deed;
        int err;
    } table[] = {
        {{.action = CASE_DO_CLOSE}, -EPERM},
        {{.action = CASE_DO_DISMISS}, -EPERM},
        {{.action = CASE_DO_ASSIGN, .school = "s-none"}, -EINVAL},
        {{.action = CASE_DO_ASSIGN, .deadline_utc_ms = T}, -EINVAL},
        {{.action = CASE_DO_ANSWER, .role = CASE_ROLE_SCHOOL, .own = "s-yucai", .text = "x"}, -ENOENT},
        {{.action = CASE_DO_NOTE, .role = CASE_ROLE_SCHOOL, .own = "s-shiliang", .text = "x"}, -EPERM},
        {{.action = CASE_DO_ACKNOWLEDGE, .role = CASE_ROLE_POLICE}, -EPERM},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        cr_expect_eq(act(1, table[i].deed), table[i].err, "row %zu", i);
    cr_expect_eq(
        act(1, (struct deed){.action = CASE_DO_NOTE, .role = CASE_ROLE_SCHOOL, .own = "", .text = "x"}),
        -ENOENT, "nobody is the school without a name");
    cr_expect_eq(act(99, (struct deed){.action = CASE_DO_ACKNOWLEDGE}), -ENOENT);
    char *text = malloc(STORE_CASE_TEXT_MAX + 2);
    memset(text, 'x', STORE_CASE_TEXT_MAX + 1);
    text[STORE_CASE_TEXT_MAX + 1] = '\0';
    cr_expect_eq(act(1, (struct deed){.action = CASE_DO_NOTE, .text = text}), -EINVAL);
    text[STORE_CASE_TEXT_MAX] = '\0';
    cr_expect_eq(act(1, (struct deed){.action = CASE_DO_NOTE, .text = text}), 0);
    free(text);
    cr_expect_str_eq(steps(1), "open:open:2 note:open:2");
}

Test(store_cases, goes_up_and_begins_anew_with_a_new_deadline)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    const struct deed up = {.action = CASE_DO_ESCALATE};
    for (int level = 2; level <= 4; level++) {
        cr_assert_eq(act(1, up), 0);
        cr_expect_eq(one(1).level, level < 3 ? level : CASE_LEVEL_HEAD);
    }
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ASSIGN}), 0);
    cr_expect_eq(one(1).level, CASE_LEVEL_SCHOOL);
}

/* --- what comes to a case that somebody works at --- */

static void rectify(int64_t id)
{
    const struct deed done = {.action = CASE_DO_ANSWER, .answer = CASE_DONE, .text = "a second bus"};
    cr_assert_eq(act(id, (struct deed){.action = CASE_DO_ASSIGN}), 0);
    cr_assert_eq(act(id, done), 0);
    cr_assert_eq(one(id).state, CASE_RECTIFIED);
}

Test(store_cases, what_happened_earlier_and_comes_later_is_part_of_its_time)
{
    happen((struct happening){.number = 2, .raised_utc_ms = T + HOUR_MS});
    happen((struct happening){.number = 1, .raised_utc_ms = T, .late_ms = 2 * HOUR_MS});
    const struct store_case row = one(1);
    cr_expect_eq(row.n_merged, 1);
    cr_expect(row.happened_utc_ms == T && row.last_utc_ms == T + HOUR_MS);
    happen((struct happening){.number = 3, .raised_utc_ms = T + HOUR_MS / 2, .late_ms = 2 * HOUR_MS});
    cr_expect_eq(one(1).happened_utc_ms, T);
}

Test(store_cases, a_new_alert_takes_a_rectified_case_back_to_the_school)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    rectify(1);
    happen((struct happening){.number = 2, .raised_utc_ms = T + 2 * HOUR_MS});
    const struct store_case row = one(1);
    cr_expect_str_eq(steps(1), "open:open:2 assign:assigned:2 answer:rectified:2 merge:rectified:2"
                               " return:assigned:2");
    cr_expect_eq(row.state, CASE_ASSIGNED);
    cr_expect_eq(row.answer, CASE_NO_ANSWER);
    cr_expect_eq(row.level, CASE_LEVEL_SCHOOL);
    cr_expect_eq(row.deadline_utc_ms, T + 2 * HOUR_MS + 200 + 72 * HOUR_MS);
}

Test(store_cases, an_alert_that_grows_graver_takes_a_rectified_case_back_too)
{
    struct happening what = {.number = 1, .raised_utc_ms = T};
    happen(what);
    rectify(1);
    what.phase = BW_UPDATED;
    what.time_utc_ms = T + 2 * HOUR_MS;
    happen(what);
    cr_expect_eq(one(1).state, CASE_RECTIFIED, "the same again says nothing new");
    what.severity = BW_SERIOUS;
    what.time_utc_ms = T + 3 * HOUR_MS;
    happen(what);
    cr_expect_str_eq(steps(1), "open:open:2 assign:assigned:2 answer:rectified:2 raise:rectified:3"
                               " return:assigned:3");
    cr_expect_eq(one(1).deadline_utc_ms, T + 3 * HOUR_MS + 200 + 24 * HOUR_MS);
}

Test(store_cases, what_happened_before_the_repair_and_is_told_later_returns_no_case)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    rectify(1); /* at T + 1 h */
    const int64_t deadline_utc_ms = one(1).deadline_utc_ms;
    happen((struct happening){.number = 2, .raised_utc_ms = T + HOUR_MS / 2, .late_ms = 20 * HOUR_MS});
    happen((struct happening){.number = 3, .raised_utc_ms = T + HOUR_MS, .late_ms = 20 * HOUR_MS});
    cr_expect_str_eq(steps(1), "open:open:2 assign:assigned:2 answer:rectified:2 merge:rectified:2"
                               " merge:rectified:2");
    cr_expect_eq(one(1).answer, CASE_DONE);
    cr_expect_eq(one(1).deadline_utc_ms, deadline_utc_ms);
    happen((struct happening){.number = 4, .raised_utc_ms = T + HOUR_MS + 1, .late_ms = 20 * HOUR_MS});
    cr_expect_eq(one(1).state, CASE_ASSIGNED, "a millisecond after it");
}

Test(store_cases, a_finding_of_before_the_repair_returns_no_case)
{
    struct store_case_opening opening = {.kind = BW_TAMPER,
                                         .source = CASE_BY_REJUDGING,
                                         .vehicle = "bus-a",
                                         .severity = BW_SERIOUS,
                                         .happened_utc_ms = T - 9 * HOUR_MS,
                                         .utc_ms = T - HOUR_MS,
                                         .who = "rejudge"};
    int64_t id;
    bool opened;
    cr_assert_eq(store_case_open(store, policy, &opening, &id, &opened), 0);
    rectify(id);
    opening.happened_utc_ms = T + HOUR_MS / 2;
    opening.utc_ms = T + 20 * HOUR_MS;
    cr_assert_eq(store_case_open(store, policy, &opening, &id, &opened), 0);
    cr_expect_str_eq(steps(id), "open:open:3 assign:assigned:3 answer:rectified:3 merge:rectified:3");
    opening.happened_utc_ms = T + 2 * HOUR_MS;
    cr_assert_eq(store_case_open(store, policy, &opening, &id, &opened), 0);
    cr_expect_eq(one(id).state, CASE_ASSIGNED);
}

Test(store_cases, what_was_graver_before_the_repair_is_a_step_and_no_return)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    rectify(1);
    happen((struct happening){.number = 1,
                              .raised_utc_ms = T,
                              .phase = BW_UPDATED,
                              .severity = BW_SERIOUS,
                              .time_utc_ms = T + HOUR_MS / 2,
                              .late_ms = 20 * HOUR_MS});
    happen((struct happening){
        .number = 2, .raised_utc_ms = T + HOUR_MS / 2, .severity = BW_CRIMINAL, .late_ms = 20 * HOUR_MS});
    cr_expect_str_eq(steps(1), "open:open:2 assign:assigned:2 answer:rectified:2 raise:rectified:3"
                               " merge:rectified:4 raise:rectified:4");
    cr_expect_eq(one(1).deadline_utc_ms, T + HOUR_MS + 72 * HOUR_MS);
}

Test(store_cases, a_graver_phase_without_a_time_counts_from_when_it_came)
{
    const struct bw_alert alert = {
        .kind = BW_OVERLOAD, .severity = BW_SERIOUS, .phase = BW_UPDATED, .number = 1, .raised_utc_ms = T};
    int64_t event;
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    rectify(1);
    cr_assert_eq(store_alert_apply(store, "bus-a", STREAM, ++seq, &alert, T + 2 * HOUR_MS, &event), 0);
    cr_assert_eq(store_case_on_alert(store, policy, "bus-a", &alert, event, T + 2 * HOUR_MS), 0);
    cr_expect_eq(one(1).state, CASE_ASSIGNED);
}

Test(store_cases, it_is_the_last_answer_that_counts)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    rectify(1);
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_RETURN, .text = "no", .at_utc_ms = T + 2 * HOUR_MS}),
                 0);
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ANSWER,
                                      .answer = CASE_DONE,
                                      .text = "now",
                                      .at_utc_ms = T + 4 * HOUR_MS}),
                 0);
    happen((struct happening){.number = 2, .raised_utc_ms = T + 3 * HOUR_MS, .late_ms = 20 * HOUR_MS});
    cr_expect_eq(one(1).state, CASE_RECTIFIED);
    happen((struct happening){.number = 3, .raised_utc_ms = T + 5 * HOUR_MS});
    cr_expect_eq(one(1).state, CASE_ASSIGNED);
}

Test(store_cases, a_graver_band_leaves_no_longer_than_it_would_give)
{
    const int64_t set_utc_ms[] = {0, T + 10 * HOUR_MS, T + 900 * HOUR_MS};
    const int64_t want_utc_ms[] = {T + 2 * HOUR_MS + 200 + 24 * HOUR_MS, T + 10 * HOUR_MS,
                                   T + 2 * HOUR_MS + 200 + 24 * HOUR_MS};
    const char *const vehicles[] = {"bus-a", "bus-b", "bus-c"};
    for (int i = 0; i < 3; i++) {
        struct happening what = {.vehicle = vehicles[i], .number = 1, .raised_utc_ms = T};
        happen(what);
        cr_assert_eq(act(i + 1, (struct deed){.action = CASE_DO_ASSIGN,
                                              .school = "s-shiliang",
                                              .deadline_utc_ms = set_utc_ms[i]}),
                     0);
        const int64_t before_utc_ms = one(i + 1).deadline_utc_ms;
        what.severity = BW_NOTICE;
        what.number = 2;
        happen(what);
        cr_expect_eq(one(i + 1).deadline_utc_ms, before_utc_ms, "row %d", i);
        what.severity = BW_SERIOUS;
        what.number = 3;
        what.raised_utc_ms = T + 2 * HOUR_MS;
        happen(what);
        cr_expect_eq(one(i + 1).state, CASE_ASSIGNED);
        cr_expect_eq(one(i + 1).deadline_utc_ms, want_utc_ms[i], "row %d", i);
    }
}

/* --- lists --- */

Test(store_cases, lists_by_state_kind_school_handler_and_deadline)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    happen((struct happening){.number = 2, .raised_utc_ms = T, .kind = BW_UNBELTED});
    happen((struct happening){.number = 1, .raised_utc_ms = T, .vehicle = "bus-b"});
    cr_assert_eq(act(2, (struct deed){.action = CASE_DO_ASSIGN}), 0);
    cr_assert_eq(act(3, (struct deed){.action = CASE_DO_HAND_OVER, .text = "hold it"}), 0);
    const struct {
        struct store_case_query query;
        size_t n;
        int64_t first;
    } table[] = {
        {{0}, 3, 3},
        {{.before_id = 3}, 2, 2},
        {{.states = 1U << CASE_OPEN}, 2, 3},
        {{.states = 1U << CASE_ASSIGNED | 1U << CASE_CLOSED}, 1, 2},
        {{.kinds = 1U << BW_UNBELTED}, 1, 2},
        {{.of_school = "s-yucai"}, 1, 3},
        {{.school_id = "s-shiliang"}, 2, 2},
        {{.school_id = "s-shiliang", .of_school = "s-yucai"}, 0, 0},
        {{.school_id = "s-shiliang", .assigned = true}, 1, 2},
        {{.school_id = ""}, 0, 0},
        {{.vehicle = "bus-a"}, 2, 2},
        {{.handler = "chen"}, 1, 2},
        {{.handler = "xu"}, 0, 0},
        {{.handed_over = true}, 1, 3},
        {{.overdue_utc_ms = T + 169 * HOUR_MS}, 0, 0},
        {{.overdue_utc_ms = T + 169 * HOUR_MS + 1}, 1, 2},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct seen *seen = list(table[i].query);
        cr_expect_eq(seen->n, table[i].n, "row %zu: %zu", i, seen->n);
        if (seen->n > 0 && table[i].n > 0)
            cr_expect_eq(seen->rows[0].id, table[i].first, "row %zu", i);
    }
    struct seen going = {0};
    cr_assert_eq(store_cases_going(store, 1, 10, collect, &going), 0);
    cr_expect(going.n == 2 && going.rows[0].id == 2);
    cr_expect_eq(store_case_of(store, "bus-b", BW_OVERLOAD, collect, &going), 0);
    cr_expect_eq(store_case_of(store, "bus-b", BW_UNBELTED, collect, &going), -ENOENT);
    cr_expect_eq(store_case(store, 3, "s-shiliang", collect, &going), -ENOENT, "another school's");
}

struct followed {
    int64_t numbers[LIST_MAX], cases[LIST_MAX];
    size_t n;
};

static int follow(void *context, const struct store_case_step *row)
{
    struct followed *followed = context;
    cr_assert_not_null(row->of);
    cr_expect_eq(row->of->id, row->case_id);
    followed->numbers[followed->n] = row->number;
    followed->cases[followed->n++] = row->case_id;
    return 0;
}

Test(store_cases, steps_of_all_cases_are_read_on_after_a_number)
{
    int64_t last = -1;
    cr_assert_eq(store_last_case_step(store, &last), 0);
    cr_expect_eq(last, 0);
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    happen((struct happening){.number = 1, .raised_utc_ms = T, .vehicle = "bus-b"});
    cr_assert_eq(act(1, (struct deed){.action = CASE_DO_ACKNOWLEDGE}), 0);
    struct followed all = {0}, rest = {0}, own = {0};
    cr_assert_eq(store_case_steps_after(store, 0, NULL, 10, follow, &all), 0);
    cr_assert_eq(all.n, 3);
    cr_expect(all.cases[0] == 1 && all.cases[1] == 2 && all.cases[2] == 1);
    cr_assert_eq(store_case_steps_after(store, all.numbers[0], NULL, 1, follow, &rest), 0);
    cr_expect(rest.n == 1 && rest.numbers[0] == all.numbers[1]);
    cr_assert_eq(store_case_steps_after(store, 0, "s-yucai", 10, follow, &own), 0);
    cr_expect(own.n == 1 && own.cases[0] == 2);
    cr_assert_eq(store_last_case_step(store, &last), 0);
    cr_expect_eq(last, all.numbers[2]);
}

static int count_alert(void *context, const struct store_alert *row)
{
    int64_t *ids = context;
    ids[++ids[0]] = row->id;
    return 0;
}

Test(store_cases, names_the_alerts_that_it_is_about)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    happen((struct happening){.number = 2, .raised_utc_ms = T, .kind = BW_UNBELTED});
    happen((struct happening){.number = 3, .raised_utc_ms = T + 1000});
    int64_t ids[8] = {0};
    cr_assert_eq(store_case_alerts(store, 1, count_alert, ids), 0, "%s", store_error(store));
    cr_expect(ids[0] == 2 && ids[1] == 1 && ids[2] == 3);
}

/* --- a store that breaks off, and one from before --- */

Test(store_cases, a_step_that_cannot_be_kept_leaves_the_case_as_it_was)
{
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    cr_assert_eq(try_sql("CREATE TRIGGER full BEFORE UPDATE ON cases BEGIN SELECT RAISE(ABORT, 'full'); END"),
                 SQLITE_OK);
    cr_expect_eq(act(1, (struct deed){.action = CASE_DO_ACKNOWLEDGE}), -EEXIST);
    cr_expect_str_eq(steps(1), "open:open:2");
    cr_expect_eq(one(1).state, CASE_OPEN);
}

Test(store_cases, an_older_store_gets_the_cases_of_its_alerts)
{
    drive("bus-a", T - HOUR_MS, T + HOUR_MS);
    happen((struct happening){.number = 1, .raised_utc_ms = T});
    happen((struct happening){.number = 2, .raised_utc_ms = T + 1000, .severity = BW_SERIOUS});
    happen((struct happening){.number = 3, .raised_utc_ms = T, .severity = BW_NOTICE, .kind = BW_OFF_ROUTE});
    happen((struct happening){.number = 4, .raised_utc_ms = T + 9 * HOUR_MS});
    happen((struct happening){.number = 1, .raised_utc_ms = T, .vehicle = "bus-b"});
    store_close(store);
    store = NULL;
    oldstore_make(
        path, 7,
        "INSERT INTO alert_event SELECT * FROM new.alert_event; INSERT INTO alert SELECT * FROM new.alert;"
        " INSERT INTO trip SELECT * FROM new.trip; INSERT INTO school SELECT * FROM new.school;"
        " INSERT INTO vehicle SELECT * FROM new.vehicle");
    cr_assert_eq(store_open(path, &store), 0);
    const struct seen *seen = list((struct store_case_query){0});
    cr_assert_eq(seen->n, 3);
    cr_expect_str_eq(seen->vehicle[0], "bus-b");
    cr_expect(seen->rows[1].happened_utc_ms == T + 9 * HOUR_MS && seen->rows[1].recurrence == 1);
    cr_expect_str_eq(steps(1), "open:open:2 merge:open:3 raise:open:3");
    cr_expect_gt(seen->rows[0].opened_utc_ms, T, "now, not when it happened");
    for (size_t i = 0; i < seen->n; i++)
        cr_expect(seen->rows[i].late);
}

Test(store_cases, an_older_store_gets_no_cases_of_what_was_over_before_a_term)
{
    const int64_t now_utc_ms = (int64_t)time(NULL) * 1000;
    const struct happening over[] = {
        {.number = 1, .raised_utc_ms = now_utc_ms - 300 * DAY_MS, .vehicle = "bus-a"},
        {.number = 1, .raised_utc_ms = now_utc_ms - 100 * DAY_MS, .vehicle = "bus-b"},
    };
    for (size_t i = 0; i < sizeof over / sizeof *over; i++) {
        struct happening what = over[i];
        happen(what);
        what.phase = BW_CLEARED;
        what.time_utc_ms = what.raised_utc_ms + HOUR_MS;
        happen(what);
    }
    happen((struct happening){
        .number = 1, .raised_utc_ms = now_utc_ms - 300 * DAY_MS, .vehicle = "bus-goes-on"});
    store_close(store);
    store = NULL;
    oldstore_make(
        path, 7,
        "INSERT INTO alert_event SELECT * FROM new.alert_event; INSERT INTO alert SELECT * FROM new.alert");
    cr_assert_eq(store_open(path, &store), 0);
    const struct seen *seen = list((struct store_case_query){0});
    cr_assert_eq(seen->n, 2);
    cr_expect_str_eq(seen->vehicle[0], "bus-goes-on");
    cr_expect_str_eq(seen->vehicle[1], "bus-b");
    cr_expect(seen->rows[0].late && seen->rows[1].late);
}
