/* What happens to cases by itself, over a school morning that is made of words in the store: ten vehicles of
 * three schools, permitted from 06:30 to 07:40. Times are minutes after 06:00 of a Tuesday in China. */
#include "bureau/cases/keeper.h"
#include "bureau/store/silence.h"
#include "proto/wire.h"
#include "tests/unit/fixture_sql.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char dir[] = "/tmp/buswarden-keeper-XXXXXX";
static char path[64];
static struct store *store;
static const int64_t SIX = 1789423200000, MIN_MS = 60000;
enum { VEHICLES = 10 };

static int64_t at(int minute)
{
    return SIX + minute * MIN_MS;
}

/* v-0 to v-3 are of s-0, v-4 to v-7 of s-1, v-8 and v-9 of s-2. */
static void open_store(void)
{
    static struct registry_school schools[3];
    static struct registry_vehicle vehicles[VEHICLES];
    static struct registry_permit permits[VEHICLES];
    static struct bw_point points[] = {{29.14, 121.03}, {29.15, 121.04}};
    static uint32_t part_start[] = {0, 2};
    static struct bw_route routes[] = {{.route_id = "r-1",
                                        .name = "外坑线",
                                        .half_width_m = 30,
                                        .n_points = 2,
                                        .points = points,
                                        .n_parts = 1,
                                        .part_start = part_start}};
    const struct registry registry = {.n_schools = 3,
                                      .n_vehicles = VEHICLES,
                                      .n_permits = VEHICLES,
                                      .n_routes = 1,
                                      .schools = schools,
                                      .vehicles = vehicles,
                                      .permits = permits,
                                      .routes = routes};
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/bureau.db", dir);
    cr_assert_eq(store_open(path, &store), 0);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(schools[i].school_id, sizeof(schools[i].school_id), "s-%d", i);
        (void)snprintf(schools[i].name, sizeof(schools[i].name), "school %d", i);
        (void)snprintf(schools[i].division, sizeof(schools[i].division), "331023");
    }
    for (int i = 0; i < VEHICLES; i++) {
        const uint8_t key[BW_PUBLIC_KEY_LEN] = {(uint8_t)(i + 1)};
        vehicles[i] = (struct registry_vehicle){.vehicle_class = BW_CLASS_MEDIUM,
                                                .seats = 19,
                                                .approved_capacity = 18,
                                                .inspected_until_day = 40000};
        (void)snprintf(vehicles[i].vehicle_id, sizeof(vehicles[i].vehicle_id), "v-%d", i);
        (void)snprintf(vehicles[i].plate, sizeof(vehicles[i].plate), "浙J1234%d", i);
        (void)snprintf(vehicles[i].plate_color, sizeof(vehicles[i].plate_color), "yellow");
        (void)snprintf(vehicles[i].school_id, sizeof(vehicles[i].school_id), "s-%d", i / 4);
        permits[i].permit = (struct bw_permit){.route_id = "r-1",
                                               .weekdays = 0x1f,
                                               .window_start_min = 390,
                                               .window_end_min = 460,
                                               .valid_until_day = 40000,
                                               .status = BW_STATUS_ACTIVE};
        (void)snprintf(permits[i].vehicle_id, sizeof(permits[i].vehicle_id), "v-%d", i);
        (void)snprintf(permits[i].permit.permit_no, BW_ID_LEN, "P-%d", i);
        cr_assert_eq(store_vehicle_key_set(store, vehicles[i].vehicle_id, key), 0);
    }
    cr_assert_eq(store_registry_replace(store, &registry), 0, "%s", store_error(store));
}

static void close_store(void)
{
    char command[128];
    store_close(store);
    (void)snprintf(command, sizeof(command), "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(keeper, .init = open_store, .fini = close_store);

/* --- what happens --- */

static void turn_as(int minute, bool connected)
{
    cr_assert_eq(keeper_turn(store, &CASE_POLICY_DEFAULT, &SILENCE_DEFAULT, connected, at(minute)), 0, "%s",
                 store_error(store));
}

/* Turns as the thread takes them, once a minute. */
static void turns(int from, int until)
{
    for (int minute = from; minute <= until; minute += 5)
        turn_as(minute, true);
}

/* Its last word: under way with pupils aboard, or parked. */
static void word(int vehicle, int minute, bool under_way)
{
    char id[BW_ID_LEN];
    const uint16_t aboard = under_way ? 9 : 0;
    const struct bw_presence presence = {.online = true,
                                         .time_utc_ms = at(minute),
                                         .speed_mps = under_way ? 8 : 0,
                                         .occupancy = {BW_QUALITY_GOOD, aboard, aboard, aboard}};
    (void)snprintf(id, sizeof(id), "v-%d", vehicle);
    cr_assert_eq(store_presence_put(store, id, &presence, at(minute)), 0);
}

static void words(int first, int last, int minute, bool under_way)
{
    for (int vehicle = first; vehicle <= last; vehicle++)
        word(vehicle, minute, under_way);
}

static void put_track(const char *vehicle, uint64_t seq, int minute, int received)
{
    static const uint8_t stream[BW_STREAM_LEN] = {7};
    struct wire_record record = {.cls = BW_RECORD_TRACK, .seq = seq};
    const struct wire_body body = {
        .type = WIRE_BODY_TRACK,
        .u.track = {.n = 1, .fixes = {{.utc_ms = at(minute), .lat_deg = 29.14, .lon_deg = 121.03}}}};
    struct wire_bytes bytes = {0};
    memcpy(record.stream, stream, BW_STREAM_LEN);
    cr_assert_eq(wire_body_encode(&body, &bytes), 0);
    memcpy(record.body, bytes.data, bytes.len);
    record.body_len = bytes.len;
    wire_bytes_free(&bytes);
    cr_assert_eq(wire_record_encode(&record, &bytes), 0);
    cr_assert_eq(
        store_record_add(store, vehicle, stream, BW_RECORD_TRACK, seq, bytes.data, bytes.len, at(received)),
        0);
    wire_bytes_free(&bytes);
}

/* --- what came of it --- */

static char told[1024];

static int tell_step(void *context, const struct store_case_step *row)
{
    const size_t n = strlen(told);
    (void)context;
    (void)snprintf(told + n, sizeof(told) - n, "%s%s %s %s %s", n > 0 ? "; " : "", row->of->subject,
                   case_kind_name(row->of->kind), case_action_name(row->action), row->text);
    return 0;
}

/* Every step of every case, in order. */
static const char *log_text(void)
{
    told[0] = '\0';
    cr_assert_eq(store_case_steps_after(store, 0, NULL, 1000, tell_step, NULL), 0);
    return told;
}

Test(keeper, an_ordinary_morning_is_no_case)
{
    turns(-30, 29);
    for (int minute = 30; minute <= 95; minute += 5) {
        words(0, 9, minute, true);
        turn_as(minute, true);
    }
    words(0, 9, 96, false);
    turns(97, 300);
    cr_expect_str_eq(log_text(), "");
}

Test(keeper, one_that_falls_silent_under_way_is_a_case_after_twenty_minutes)
{
    turn_as(0, true);
    turns(1, 29);
    for (int minute = 30; minute <= 65; minute += 5) {
        words(1, 9, minute, true);
        if (minute <= 40)
            word(0, minute, true);
        turn_as(minute, true);
        if (minute == 60)
            cr_expect_str_eq(log_text(), "");
    }
    cr_expect_str_eq(log_text(), "v-0 SILENT open silent:lost");
    for (int minute = 70; minute < 300; minute += 5) {
        words(1, 9, minute, minute < 100);
        turn_as(minute, true);
    }
    cr_expect_str_eq(log_text(), "v-0 SILENT open silent:lost", "once");
}

Test(keeper, a_backlog_that_comes_later_explains_it)
{
    turns(0, 29);
    for (int minute = 30; minute <= 90; minute += 5) {
        words(1, 9, minute, true);
        if (minute <= 40)
            word(0, minute, true);
        turn_as(minute, true);
    }
    words(0, 9, 91, true);
    turn_as(91, true);
    cr_expect_str_eq(log_text(), "v-0 SILENT open silent:lost", "it is back, and says nothing of the time");
    put_track("v-0", 1, 40, 91); /* before it fell silent */
    put_track("v-0", 2, 91, 91); /* now */
    turn_as(92, true);
    cr_expect_str_eq(log_text(), "v-0 SILENT open silent:lost");
    put_track("v-1", 1, 50, 92); /* another vehicle's */
    turn_as(92, true);
    cr_expect_str_eq(log_text(), "v-0 SILENT open silent:lost");
}

Test(keeper, positions_of_the_silent_time_are_a_backlog)
{
    turns(0, 29);
    for (int minute = 30; minute <= 90; minute += 5) {
        words(1, 9, minute, true);
        if (minute <= 40)
            word(0, minute, true);
        turn_as(minute, true);
    }
    words(0, 9, 91, true);
    put_track("v-0", 1, 40, 91);
    put_track("v-0", 2, 50, 91);
    turn_as(91, true);
    cr_expect_str_eq(log_text(), "v-0 SILENT open silent:lost; v-0 SILENT explain explained:backlog");
    words(0, 9, 92, true);
    turn_as(92, true);
    cr_expect_str_eq(log_text(), "v-0 SILENT open silent:lost; v-0 SILENT explain explained:backlog");
}

Test(keeper, a_county_that_falls_silent_is_one_case_and_over_when_it_is_heard_again)
{
    turns(0, 29);
    for (int minute = 30; minute <= 40; minute += 5) {
        words(0, 9, minute, true);
        turn_as(minute, true);
    }
    turns(41, 90);
    cr_expect_str_eq(log_text(), "county OUTAGE open outage:county lost=10 heard=0");
    words(0, 8, 91, true); /* v-9 has parked meanwhile, and is off */
    turn_as(91, true);
    cr_expect_str_eq(
        log_text(), "county OUTAGE open outage:county lost=10 heard=0; county OUTAGE explain explained:over");
    for (int minute = 95; minute <= 200; minute += 5) {
        words(0, 8, minute, minute < 100);
        turn_as(minute, true);
    }
    cr_expect_str_eq(log_text(),
                     "county OUTAGE open outage:county lost=10 heard=0; county OUTAGE explain explained:over",
                     "nobody is asked about the time of the outage");
}

Test(keeper, a_broker_that_is_away_is_one_case)
{
    turns(0, 29);
    for (int minute = 30; minute <= 40; minute += 5) {
        words(0, 9, minute, true);
        turn_as(minute, true);
    }
    for (int minute = 45; minute <= 90; minute += 5) {
        turn_as(minute, false);
        if (minute == 45)
            cr_expect_str_eq(log_text(), "", "five minutes are none");
    }
    cr_expect_str_eq(log_text(), "bureau OUTAGE open outage:broker");
    turns(91, 200);
    cr_expect_str_eq(log_text(), "bureau OUTAGE open outage:broker; bureau OUTAGE explain explained:over");
}

Test(keeper, a_broker_that_is_away_at_night_is_none)
{
    turn_as(-300, true);
    for (int minute = -295; minute <= 20; minute += 5)
        turn_as(minute, false);
    turn_as(21, true);
    cr_expect_str_eq(log_text(), "");
}

Test(keeper, a_bureau_that_was_down_says_so_and_asks_nobody)
{
    turns(0, 29);
    for (int minute = 30; minute <= 40; minute += 5) {
        words(0, 9, minute, true);
        turn_as(minute, true);
    }
    turns(90, 200); /* it was down for fifty minutes, and all had parked when it came back */
    cr_expect_str_eq(log_text(), "bureau OUTAGE open outage:bureau; bureau OUTAGE explain explained:over");
}

Test(keeper, a_short_restart_forgives_nothing)
{
    turns(0, 29);
    for (int minute = 30; minute <= 65; minute++) {
        words(1, 9, minute, true);
        if (minute <= 40)
            word(0, minute, true);
        if (minute < 50 || minute > 53)
            turn_as(minute, true);
    }
    cr_expect_str_eq(log_text(), "v-0 SILENT open silent:lost");
}

Test(keeper, a_bureau_that_has_just_been_set_up_asks_nobody)
{
    words(0, 9, 40, true);
    turns(75, 200);
    cr_expect_str_eq(log_text(), "");
}

Test(keeper, who_does_not_run_is_asked_unless_nobody_does)
{
    words(0, 9, -900, false); /* parked last night */
    turns(0, 29);
    for (int minute = 30; minute <= 140; minute += 5) {
        words(0, 2, minute, true); /* not v-3; of s-1 nobody, s-2 all */
        words(8, 9, minute, true);
        turn_as(minute, true);
        if (minute == 120)
            cr_expect_str_eq(log_text(), "");
    }
    cr_expect_str_eq(log_text(), "v-3 SILENT open silent:absent", "school s-1 is closed today");
}

Test(keeper, a_holiday_is_no_case)
{
    words(0, 9, -900, false);
    word(8, 60, true); /* one of ten */
    turns(0, 29);
    word(8, 60, true);
    turns(30, 300);
    cr_expect_str_eq(log_text(), "v-8 SILENT open silent:lost", "but who runs and is lost is lost");
}

Test(keeper, one_that_was_never_seen_is_told_apart)
{
    turns(0, 29);
    for (int minute = 30; minute <= 140; minute += 5) {
        words(0, 8, minute, true);
        turn_as(minute, true);
    }
    cr_expect_str_eq(log_text(), "v-9 SILENT open silent:never_seen");
}

Test(keeper, cases_go_up_by_themselves_once_a_level)
{
    const struct store_case_opening opening = {.kind = BW_OVERLOAD,
                                               .source = CASE_BY_ALERT,
                                               .vehicle = "v-0",
                                               .severity = BW_MINOR,
                                               .happened_utc_ms = at(0),
                                               .utc_ms = at(0),
                                               .who = "test"};
    int64_t id;
    bool opened;
    cr_assert_eq(store_case_open(store, &CASE_POLICY_DEFAULT, &opening, &id, &opened), 0);
    for (int hour = 4; hour <= 120; hour += 4)
        turn_as(hour * 60 - 1, false);
    cr_expect_not_null(strstr(log_text(), "v-0 OVERLOAD open ; "));
    int n = 0;
    for (const char *at_text = told; (at_text = strstr(at_text, "v-0 OVERLOAD escalate")) != NULL; at_text++)
        n++;
    cr_expect_eq(n, 2);
}

Test(keeper, a_clock_that_no_vehicle_shares_does_not_fit)
{
    cr_expect_eq(keeper_clock_fits(store, at(0)), 0, "nobody was ever heard of");
    word(3, 0, false);
    word(4, -600, false);
    cr_expect_eq(keeper_clock_fits(store, at(0)), 1);
    cr_expect_eq(keeper_clock_fits(store, at(90 * 1440)), 1);
    cr_expect_eq(keeper_clock_fits(store, at(90 * 1440 + 1)), 0);
}

/* --- the thread --- */

static void run_sql(const char *sql)
{
    file_do(path, sql);
}

static int n_trips(void)
{
    return (int)file_ask(path, "SELECT count(*) FROM trip");
}

static bool is_connected(void *context)
{
    (void)context;
    return true;
}

static void wait_a_little(void)
{
    const struct timespec step = {.tv_nsec = 10000000};
    (void)nanosleep(&step, NULL);
}

/* As long as it takes: the harness ends a test that hangs. */
Test(keeper, a_pass_of_retention_that_fails_is_told_and_tried_again)
{
    static const uint8_t stream[BW_STREAM_LEN] = {9};
    const struct bw_trip trip = {.begun_utc_ms = at(0), .ended_utc_ms = at(60)};
    const struct bw_presence presence = {.online = true, .time_utc_ms = time(NULL) * (int64_t)1000};
    const struct retention_settings settings = {.trips_days = 1};
    const struct keeper_config config = {.store_path = path,
                                         .policy = &CASE_POLICY_DEFAULT,
                                         .silence = &SILENCE_DEFAULT,
                                         .retention = &settings,
                                         .connected = is_connected,
                                         .purge_retry_ms = 1};
    char reason[KEEPER_REASON_LEN] = "";
    struct keeper *keeper = NULL;
    cr_assert_eq(store_trip_apply(store, "v-0", stream, 1, &trip, 1), 0);
    cr_assert_eq(store_presence_put(store, "v-0", &presence, presence.time_utc_ms), 0);
    run_sql("CREATE TRIGGER fault BEFORE DELETE ON trip BEGIN SELECT RAISE(ABORT, 'a fault'); END");
    cr_assert_eq(keeper_start(&config, &keeper), 0);
    for (; reason[0] == '\0'; wait_a_little())
        keeper_purge_reason(keeper, reason, sizeof(reason));
    cr_expect_str_eq(reason, "a fault");
    cr_expect_eq(n_trips(), 1);
    run_sql("DROP TRIGGER fault");
    while (n_trips() > 0)
        wait_a_little();
    for (; reason[0] != '\0'; wait_a_little())
        keeper_purge_reason(keeper, reason, sizeof(reason));
    keeper_stop(keeper);
}
