/* From alerts to notices: what is worth telling, to whom, and once. A real store with a real registry. */
#include "bureau/notify/expand.h"
#include "tests/unit/fixture_damage.h"
#include "tests/unit/fixture_sql.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char dir[] = "/tmp/buswarden-expand-XXXXXX";
static struct store *store;
static struct registry *registry;
static uint64_t seq;
static const uint8_t STREAM[BW_STREAM_LEN] = {1};
static struct notify_settings settings;

static void set_up(void)
{
    char path[64];
    struct registry_faults faults;
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/bureau.db", dir);
    cr_assert_eq(store_open(path, &store), 0);
    cr_assert_eq(registry_load("tests/data/registry", &registry, &faults), 0);
    registry_faults_free(&faults);
    cr_assert_eq(store_registry_replace(store, registry), 0);
    notify_settings_default(&settings);
    cr_assert_null(notify_settings_pair(&settings, "notify.duty", "type", "wecom"));
}

static void tear_down(void)
{
    char command[128];
    registry_free(registry);
    store_close(store);
    (void)snprintf(command, sizeof(command), "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(notify_expand, .init = set_up, .fini = tear_down);

static void happen(uint64_t number, enum bw_kind kind, enum bw_phase phase, enum bw_severity severity)
{
    int64_t event = 0;
    struct bw_alert alert = {.kind = kind,
                             .phase = phase,
                             .severity = severity,
                             .number = number,
                             .time_utc_ms = 1795847400000 + (int64_t)++seq,
                             .raised_utc_ms = 1795847400000};
    alert.has_position = registry->n_stops > 0;
    alert.position = (struct bw_position){registry->stops[0].lat_deg + 0.001, registry->stops[0].lon_deg, 5};
    if (kind == BW_OVERLOAD)
        alert.evidence.overload = (struct bw_evidence_overload){23, 24, 18};
    if (kind == BW_CHILD_LEFT_BEHIND)
        alert.evidence.left_behind.aboard = 1;
    cr_assert_eq(store_alert_apply(store, registry->vehicles[0].vehicle_id, STREAM, seq, &alert,
                                   alert.time_utc_ms + 100, &event),
                 0, "%s", store_error(store));
}

static void turn(void)
{
    bool more = true;
    for (int i = 0; i < 20 && more; i++)
        cr_assert_eq(expand_turn(store, &settings, 1000, &more), 0, "%s", store_error(store));
    cr_expect_not(more);
}

struct told {
    int n;
    struct store_notice last;
    char stop[BW_NAME_LEN], plate[BW_PLATE_LEN], school[BW_NAME_LEN];
};

static int see(void *context, const struct store_delivery *row)
{
    struct told *told = context;
    if (told->n++ > 0) /* the newest comes first */
        return 0;
    told->last = row->notice;
    (void)snprintf(told->stop, sizeof(told->stop), "%s", row->notice.stop);
    (void)snprintf(told->plate, sizeof(told->plate), "%s", row->notice.plate);
    (void)snprintf(told->school, sizeof(told->school), "%s", row->notice.school);
    return 0;
}

static struct told told(void)
{
    struct told told = {0};
    cr_assert_eq(store_deliveries(store, 0, NULL, 0, 10000, see, &told), 0);
    return told;
}

Test(notify_expand, which_phase_is_worth_telling)
{
    static const struct {
        enum bw_kind kind;
        enum bw_phase phase;
        enum bw_severity severity, before;
        enum store_notice_what what;
    } cases[] = {
        {BW_OVERLOAD, BW_RAISED, BW_MINOR, BW_SEVERITY_NONE, STORE_NOTICE_RAISED},
        {BW_OVERLOAD, BW_UPDATED, BW_MINOR, BW_SEVERITY_NONE, STORE_NOTICE_RAISED},
        {BW_OVERLOAD, BW_UPDATED, BW_MINOR, BW_MINOR, 0},
        {BW_OVERLOAD, BW_UPDATED, BW_SERIOUS, BW_MINOR, STORE_NOTICE_GRAVER},
        {BW_OVERLOAD, BW_CLEARED, BW_SERIOUS, BW_SERIOUS, 0},
        {BW_CHILD_LEFT_BEHIND, BW_CLEARED, BW_SERIOUS, BW_SERIOUS, STORE_NOTICE_OVER},
        {BW_CHILD_LEFT_BEHIND, BW_UPDATED, BW_SERIOUS, BW_SERIOUS, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct bw_alert alert = {
            .kind = cases[i].kind, .phase = cases[i].phase, .severity = cases[i].severity};
        cr_expect_eq(expand_alert(&alert, cases[i].before), cases[i].what, "%zu", i);
    }
}

Test(notify_expand, channels_take_what_they_want)
{
    static const struct {
        const char *name, *value;
        bool alert, urgent, case_step;
    } cases[] = {
        {"language", "en", true, true, true},
        {"about", "alerts", true, true, false},
        {"about", "cases", false, false, true},
        {"kinds", "OVERLOAD", true, false, true},
        {"kinds", "OFF_ROUTE TAMPER", false, false, false},
        {"minimum", "serious", false, true, false},
        {"schools", "s-2 s-1", true, true, true},
        {"schools", "s-10", false, false, false},
        {"division", "331023", true, true, true},
        {"division", "331024", false, false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct notify_settings one;
        struct store_notice notice = {.source = STORE_NOTICE_OF_ALERT,
                                      .kind = BW_OVERLOAD,
                                      .severity = BW_MINOR,
                                      .school_id = "s-1",
                                      .division = "331023"};
        notify_settings_default(&one);
        cr_assert_null(notify_settings_pair(&one, "notify.x", cases[i].name, cases[i].value));
        cr_expect_eq(expand_wants(&one.channels[0], &notice), cases[i].alert, "%s", cases[i].value);
        notice.source = STORE_NOTICE_OF_CASE;
        cr_expect_eq(expand_wants(&one.channels[0], &notice), cases[i].case_step, "%s", cases[i].value);
        notice.source = STORE_NOTICE_OF_ALERT;
        notice.kind = BW_CHILD_LEFT_BEHIND;
        notice.urgent = true;
        cr_expect_eq(expand_wants(&one.channels[0], &notice), cases[i].urgent, "%s", cases[i].value);
    }
}

Test(notify_expand, what_happened_before_the_first_start_is_not_told)
{
    happen(1, BW_OVERLOAD, BW_RAISED, BW_MINOR);
    turn();
    cr_expect_eq(told().n, 0);
    happen(1, BW_OVERLOAD, BW_UPDATED, BW_MINOR);
    turn();
    cr_expect_eq(told().n, 0, "no news of an alert that was there before");
    happen(1, BW_OVERLOAD, BW_UPDATED, BW_SERIOUS);
    happen(2, BW_OVERLOAD, BW_RAISED, BW_MINOR);
    turn();
    cr_expect_eq(told().n, 2);
}

Test(notify_expand, a_notice_says_whose_vehicle_it_is_and_which_stop_is_near)
{
    turn();
    happen(1, BW_OVERLOAD, BW_RAISED, BW_SERIOUS);
    turn();
    const struct told seen = told();
    cr_expect_eq(seen.n, 1);
    cr_expect_str_eq(seen.plate, registry->vehicles[0].plate);
    cr_expect_str_eq(seen.school, registry_school(registry, registry->vehicles[0].school_id)->name);
    cr_expect_eq(seen.last.aboard, 24);
    cr_expect_eq(seen.last.capacity, 18);
    cr_expect_not(seen.last.urgent);
}

Test(notify_expand, a_child_left_behind_is_urgent_and_told_when_it_is_over)
{
    turn();
    happen(1, BW_CHILD_LEFT_BEHIND, BW_RAISED, BW_SERIOUS);
    happen(1, BW_CHILD_LEFT_BEHIND, BW_UPDATED, BW_SERIOUS);
    turn();
    cr_expect_eq(told().n, 1);
    cr_expect(told().last.urgent);
    happen(1, BW_CHILD_LEFT_BEHIND, BW_CLEARED, BW_SERIOUS);
    turn();
    cr_expect_eq(told().n, 2);
    cr_expect_eq(told().last.what, STORE_NOTICE_OVER);
}

Test(notify_expand, many_events_take_several_turns_and_none_is_told_twice)
{
    turn();
    for (uint64_t i = 1; i <= 3 * EXPAND_BATCH + 7; i++)
        happen(i, BW_OVERLOAD, BW_RAISED, BW_MINOR);
    turn();
    turn();
    cr_expect_eq(told().n, 3 * EXPAND_BATCH + 7);
    cr_assert_eq(store_notice_cursor_set(store, STORE_NOTICE_OF_ALERT, 0), 0);
    turn();
    cr_expect_eq(told().n, 3 * EXPAND_BATCH + 7, "also when the cursor was lost");
}

/* --- cases --- */

static int64_t open_case_of(int kind, enum case_source source, enum bw_severity severity, const char *vehicle)
{
    const struct store_case_opening opening = {.kind = kind,
                                               .source = source,
                                               .subject = "",
                                               .vehicle = vehicle,
                                               .plate = "",
                                               .division = "331023",
                                               .severity = severity,
                                               .happened_utc_ms = 1795847400000,
                                               .utc_ms = 1795847500000,
                                               .who = "test",
                                               .text = "学生王某某"};
    int64_t id = 0;
    bool opened = false;
    struct store_case_opening of_county = opening;
    if (*vehicle == '\0')
        of_county.subject = "county";
    cr_assert_eq(store_case_open(store, &CASE_POLICY_DEFAULT, &of_county, &id, &opened), 0, "%s",
                 store_error(store));
    cr_assert(opened);
    return id;
}

static int64_t open_case(int kind, enum case_source source, const char *vehicle)
{
    return open_case_of(kind, source, BW_NOTICE, vehicle);
}

static void act(int64_t id, enum case_action action, const char *school_id)
{
    enum case_refusal refusal = CASE_ALLOWED;
    const struct store_case_deed deed = {.action = action,
                                         .role = CASE_ROLE_BUREAU,
                                         .who = "test",
                                         .text = "学生王某某",
                                         .school_id = school_id,
                                         .utc_ms = 1795847600000};
    cr_assert_eq(store_case_act(store, &CASE_POLICY_DEFAULT, id, 0, &deed, &refusal, NULL), 0,
                 "%s, refusal %d", store_error(store), (int)refusal);
}

Test(notify_expand, which_step_of_a_case_is_worth_telling)
{
    static const struct {
        enum case_action action;
        enum case_source source;
        enum store_notice_what what;
    } cases[] = {
        {CASE_DO_OPEN, CASE_BY_ALERT, STORE_NOTICE_CASE_OPENED},
        {CASE_DO_OPEN, CASE_BY_SILENCE, STORE_NOTICE_CASE_OPENED},
        {CASE_DO_OPEN, CASE_BY_SIGHTING, STORE_NOTICE_CASE_OPENED},
        {CASE_DO_ASSIGN, CASE_BY_ALERT, STORE_NOTICE_CASE_ASSIGNED},
        {CASE_DO_RETURN, CASE_BY_ALERT, STORE_NOTICE_CASE_ASSIGNED},
        {CASE_DO_ESCALATE, CASE_BY_ALERT, STORE_NOTICE_CASE_ESCALATED},
        {CASE_DO_MERGE, CASE_BY_SILENCE, 0},
        {CASE_DO_NOTE, CASE_BY_ALERT, 0},
        {CASE_DO_CLOSE, CASE_BY_ALERT, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct store_case of = {.source = cases[i].source};
        const struct store_case_step step = {.action = cases[i].action, .of = &of};
        cr_expect_eq(expand_case_step(&step), cases[i].what, "%zu", i);
    }
}

Test(notify_expand, an_alert_tells_of_its_case_whom_it_reaches_itself)
{
    static const struct {
        const char *name, *value;
        enum case_action action;
        enum case_source source;
        int kind;
        enum bw_severity severity;
        bool told;
    } cases[] = {
        {"minimum", "minor", CASE_DO_OPEN, CASE_BY_ALERT, BW_TAMPER, BW_MINOR, true},
        {"minimum", "minor", CASE_DO_OPEN, CASE_BY_ALERT, BW_TAMPER, BW_NOTICE, false},
        {"minimum", "notice", CASE_DO_OPEN, CASE_BY_ALERT, BW_TAMPER, BW_NOTICE, true},
        {"minimum", "criminal", CASE_DO_OPEN, CASE_BY_ALERT, BW_CHILD_LEFT_BEHIND, BW_MINOR, true},
        {"about", "cases", CASE_DO_OPEN, CASE_BY_ALERT, BW_TAMPER, BW_MINOR, false},
        {"minimum", "minor", CASE_DO_OPEN, CASE_BY_SILENCE, CASE_SILENT, BW_MINOR, false},
        {"minimum", "minor", CASE_DO_OPEN, CASE_BY_REJUDGING, BW_TAMPER, BW_SERIOUS, false},
        {"minimum", "minor", CASE_DO_ASSIGN, CASE_BY_ALERT, BW_TAMPER, BW_MINOR, false},
        {"minimum", "minor", CASE_DO_ESCALATE, CASE_BY_ALERT, BW_TAMPER, BW_MINOR, false},
        {"schools", "s-1", CASE_DO_OPEN, CASE_BY_ALERT, BW_TAMPER, BW_MINOR, true},
        {"schools", "s-2", CASE_DO_OPEN, CASE_BY_ALERT, BW_TAMPER, BW_MINOR, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct notify_settings one;
        const struct store_case of = {.source = cases[i].source,
                                      .kind = cases[i].kind,
                                      .division = "331023",
                                      .school_id = "s-1",
                                      .assigned_school_id = "s-2"};
        const struct store_case_step step = {
            .action = cases[i].action, .severity = cases[i].severity, .of = &of};
        notify_settings_default(&one);
        cr_assert_null(notify_settings_pair(&one, "notify.x", cases[i].name, cases[i].value));
        cr_expect_eq(expand_is_told_by_alert(&one.channels[0], &step), cases[i].told, "%zu", i);
    }
}

/* As ingest does it: a notice about the device on three days of seven. */
static void tamper_on_three_days(void)
{
    const char *vehicle = registry->vehicles[0].vehicle_id;
    for (int day = 0; day < 3; day++) {
        int64_t event = 0;
        const int64_t utc_ms = 1795847400000 + day * (int64_t)86400000;
        const struct bw_alert alert = {.kind = BW_TAMPER,
                                       .phase = BW_RAISED,
                                       .severity = BW_NOTICE,
                                       .number = ++seq,
                                       .time_utc_ms = utc_ms,
                                       .raised_utc_ms = utc_ms};
        cr_assert_eq(store_alert_apply(store, vehicle, STREAM, seq, &alert, utc_ms + 100, &event), 0);
        cr_assert_eq(store_case_on_alert(store, &CASE_POLICY_DEFAULT, vehicle, &alert, event, utc_ms + 100),
                     0);
    }
}

Test(notify_expand, a_case_of_repeated_notices_reaches_a_channel_that_hears_of_no_notice)
{
    turn(); /* a channel as the defaults make it */
    tamper_on_three_days();
    turn();
    cr_expect_eq(told().n, 1);
    cr_expect_eq(told().last.what, STORE_NOTICE_CASE_OPENED);
    cr_expect_eq(told().last.kind, BW_TAMPER);
}

Test(notify_expand, and_one_that_hears_of_notices_has_heard)
{
    cr_assert_null(notify_settings_pair(&settings, "notify.duty", "minimum", "notice"));
    turn();
    tamper_on_three_days();
    turn();
    cr_expect_eq(told().n, 3);
    cr_expect_eq(told().last.what, STORE_NOTICE_RAISED);
}

Test(notify_expand, who_hears_cases_alone_hears_that_an_alert_opened_one)
{
    notify_settings_default(&settings);
    cr_assert_null(notify_settings_pair(&settings, "notify.both", "type", "wecom"));
    cr_assert_null(notify_settings_pair(&settings, "notify.cases", "about", "cases"));
    turn();
    const int64_t id = open_case_of(BW_OVERLOAD, CASE_BY_ALERT, BW_MINOR, registry->vehicles[0].vehicle_id);
    turn();
    const struct told seen = told();
    cr_expect_eq(seen.n, 1, "who hears the alert hears it once");
    cr_expect_eq(seen.last.what, STORE_NOTICE_CASE_OPENED);
    cr_expect_eq(seen.last.case_id, id);
    cr_expect_not(seen.last.urgent);
    struct told of_both = {0};
    cr_assert_eq(store_deliveries(store, 0, "both", 0, 9, see, &of_both), 0);
    cr_expect_eq(of_both.n, 0);
    act(id, CASE_DO_ASSIGN, registry->vehicles[0].school_id);
    turn();
    cr_expect_eq(told().n, 3, "that it was assigned both hear");
}

Test(notify_expand, each_step_of_a_child_s_case_is_urgent)
{
    notify_settings_default(&settings);
    cr_assert_null(notify_settings_pair(&settings, "notify.night", "about", "cases"));
    cr_assert_null(notify_settings_pair(&settings, "notify.night", "minimum", "criminal"));
    turn();
    const int64_t id = open_case(BW_CHILD_LEFT_BEHIND, CASE_BY_ALERT, registry->vehicles[0].vehicle_id);
    turn();
    cr_assert_eq(told().n, 1);
    cr_expect(told().last.urgent);
    act(id, CASE_DO_ASSIGN, registry->vehicles[0].school_id);
    turn();
    cr_assert_eq(told().n, 2);
    cr_expect_eq(told().last.what, STORE_NOTICE_CASE_ASSIGNED);
    cr_expect(told().last.urgent);
}

/* --- what cannot be read --- */

static const char *file_of_store(void)
{
    static char path[64];
    (void)snprintf(path, sizeof(path), "%s/bureau.db", dir);
    return path;
}

static void spoil(const char *text)
{
    file_do(file_of_store(), text);
}

static int count(const char *text)
{
    return (int)file_ask(file_of_store(), text);
}

Test(notify_expand, alerts_that_cannot_be_read_hold_back_no_case)
{
    bool more = true;
    turn();
    (void)open_case(CASE_SILENT, CASE_BY_SILENCE, registry->vehicles[0].vehicle_id);
    spoil("ALTER TABLE alert_event RENAME TO gone");
    cr_expect_lt(expand_turn(store, &settings, 1000, &more), 0);
    cr_expect_not(more);
    cr_expect_eq(told().n, 1);
}

Test(notify_expand, an_event_that_cannot_be_read_is_stepped_over_and_said)
{
    turn();
    for (uint64_t i = 1; i <= 3; i++)
        happen(i, BW_OVERLOAD, BW_RAISED, BW_MINOR);
    spoil("DROP TRIGGER alert_event_fixed; UPDATE alert_event SET body = x'ff' WHERE event = 2");
    happen(2, BW_OVERLOAD, BW_UPDATED, BW_MINOR);
    turn();
    cr_expect_eq(told().n, 3, "and the phase after it tells of its alert");
    turn();
    cr_expect_eq(told().n, 3);
    cr_expect_eq(count("SELECT count(*) FROM audit WHERE action = 'notify-skip' AND subject = '2'"), 1);
}

/* The same vehicle's, whose school's name no program of ours wrote. */
Test(notify_expand, a_damaged_registry_keeps_no_alert_from_being_told)
{
    char text[160];
    turn();
    (void)snprintf(text, sizeof(text),
                   "UPDATE school SET name = printf('%%0300d', 0) WHERE school_id = '%s';"
                   "UPDATE route SET name = printf('%%0300d', 0)",
                   registry->vehicles[0].school_id);
    spoil(text);
    happen(1, BW_OVERLOAD, BW_RAISED, BW_MINOR);
    happen(2, BW_CHILD_LEFT_BEHIND, BW_RAISED, BW_SERIOUS);
    happen(3, BW_OFF_ROUTE, BW_RAISED, BW_MINOR);
    turn();
    cr_expect_eq(told().n, 3);
    cr_expect_str_eq(told().school, "");
    cr_expect_str_eq(told().plate, registry->vehicles[0].plate, "what is whole is told");
    cr_expect_eq(count("SELECT count(*) FROM notice WHERE school_id <> '' AND urgent AND route = ''"), 1);
    cr_expect_eq(count("SELECT count(*) FROM audit WHERE action = 'notify-skip'"), 0);
}

Test(notify_expand, of_two_that_cannot_be_read_each_is_stepped_over_and_the_child_is_told)
{
    turn();
    happen(1, BW_OVERLOAD, BW_RAISED, BW_MINOR);
    happen(2, BW_OVERLOAD, BW_RAISED, BW_MINOR);
    happen(3, BW_CHILD_LEFT_BEHIND, BW_RAISED, BW_SERIOUS);
    spoil("DROP TRIGGER alert_event_fixed; UPDATE alert_event SET body = x'ff' WHERE event < 3");
    turn();
    cr_expect_eq(told().n, 1);
    cr_expect(told().last.urgent);
    cr_expect_eq(count("SELECT count(*) FROM audit WHERE action = 'notify-skip'"), 2);
}

Test(notify_expand, a_damaged_file_stops_the_turn_and_steps_over_nothing)
{
    static const char *const tables[] = {"permit", "school"}; /* in the look-up; in the walk itself */
    bool more = true;
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/bureau.db", dir);
    turn();
    happen(1, BW_OVERLOAD, BW_RAISED, BW_MINOR);
    happen(2, BW_CHILD_LEFT_BEHIND, BW_RAISED, BW_SERIOUS);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const int was = damage_table(path, tables[i], 0x7f);
        cr_expect_eq(expand_turn(store, &settings, 1000, &more), -EBADMSG, "%s", tables[i]);
        cr_expect_not(more);
        cr_expect_eq(told().n, 0);
        cr_expect_eq(count("SELECT count(*) FROM audit WHERE action = 'notify-skip'"), 0);
        (void)damage_table(path, tables[i], was);
    }
    turn();
    cr_expect_eq(told().n, 2);
}

Test(notify_expand, a_silent_vehicle_and_an_outage_are_told_and_cases_of_before_are_not)
{
    (void)open_case(CASE_SILENT, CASE_BY_SILENCE, registry->vehicles[1].vehicle_id);
    turn();
    cr_expect_eq(told().n, 0);
    const int64_t id = open_case(CASE_SILENT, CASE_BY_SILENCE, registry->vehicles[0].vehicle_id);
    turn();
    const struct told seen = told();
    cr_expect_eq(seen.n, 1);
    cr_expect_eq(seen.last.case_id, id);
    cr_expect_eq(seen.last.severity, BW_MINOR);
    cr_expect_str_eq(seen.plate, registry->vehicles[0].plate);
    (void)open_case(CASE_OUTAGE, CASE_BY_SILENCE, "");
    turn();
    cr_expect_eq(told().n, 2);
    cr_expect_eq(told().last.kind, CASE_OUTAGE);
}

Test(notify_expand, a_school_hears_of_what_is_assigned_to_it)
{
    const struct registry_vehicle *vehicle = &registry->vehicles[0];
    const char *other = strcmp(registry->schools[0].school_id, vehicle->school_id) == 0
                            ? registry->schools[1].school_id
                            : registry->schools[0].school_id;
    notify_settings_default(&settings);
    cr_assert_null(notify_settings_pair(&settings, "notify.own", "schools", vehicle->school_id));
    cr_assert_null(notify_settings_pair(&settings, "notify.other", "schools", other));
    turn();
    const int64_t id = open_case(BW_OVERLOAD, CASE_BY_REJUDGING, vehicle->vehicle_id);
    turn();
    cr_expect_eq(told().n, 0, "what re-judging found is not the school's to know yet");
    act(id, CASE_DO_ASSIGN, other);
    turn();
    struct told seen = {0};
    cr_assert_eq(store_deliveries(store, 0, "other", 0, 9, see, &seen), 0);
    cr_expect_eq(seen.n, 1);
    cr_expect_eq(seen.last.what, STORE_NOTICE_CASE_ASSIGNED);
    cr_expect_gt(seen.last.deadline_utc_ms, 0);
    cr_expect_eq(told().n, 1);
}
