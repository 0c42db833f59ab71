/* The watch: on disk before it is announced, alerts across restarts, tracks within ten seconds
 * (gateway/watch.h). */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/issuedfile.h"
#include "gateway/watch.h"
#include "tests/unit/fixture_licence.h"

static struct seal_key bureau, device, next;
static bool changes_key; /* to `next` */
static char dir[32], licence_path[64], orders_path[64], outbox_path[64];
static struct watch *watch;
static int64_t mono_ms;
static size_t announced, announced_unsaved;
static uint64_t waiting_when_announced;
static char slowed_by[BW_ID_LEN]; /* the order that the last OVERSPEED names */

static uint64_t waiting(enum bw_record_class cls)
{
    struct outbox_depth depth;
    cr_assert_eq(outbox_depth(watch_outbox(watch), cls, &depth), 0);
    return depth.records;
}

static void on_alert(void *context, const struct bw_alert *alert, bool saved)
{
    (void)context;
    announced++;
    if (alert->kind == BW_OVERSPEED)
        memcpy(slowed_by, alert->evidence.overspeed.order_id, sizeof slowed_by);
    announced_unsaved += !saved;
    if (saved)
        waiting_when_announced = waiting(BW_RECORD_ALERT);
}

static int try_open(struct watch **ret, char ret_reason[256])
{
    const struct watch_config config = {
        .vehicle = "bus-a",
        .division = "331023",
        .paths = {[ISSUED_LICENCE] = licence_path, [ISSUED_ORDERS] = orders_path},
        .bureau_key = bureau.public_key,
        .outbox = {.path = outbox_path,
                   .division = "331023",
                   .vehicle = "bus-a",
                   .key = &device,
                   .next_key = changes_key ? &next : NULL},
        .on_alert = on_alert};
    return watch_open(&config, ret, ret_reason);
}

static void open_watch(void)
{
    char reason[256];
    cr_assert_eq(try_open(&watch, reason), 0, "%s", reason);
}

static void set_up(void)
{
    cr_assert_eq(seal_init(), 0);
    seal_key_generate(&bureau);
    seal_key_generate(&device);
    seal_key_generate(&next);
    (void)snprintf(dir, sizeof dir, "/tmp/watch-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(licence_path, sizeof licence_path, "%s/licence.pb", dir);
    (void)snprintf(orders_path, sizeof orders_path, "%s/orders.pb", dir);
    (void)snprintf(outbox_path, sizeof outbox_path, "%s/outbox.db", dir);
    mono_ms = 1000;
}

static void tear_down(void)
{
    char command[64];
    watch_close(watch);
    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_expect_eq(system(command), 0);
}
TestSuite(watch, .init = set_up, .fini = tear_down);

static void store_licence(uint64_t version, const struct seal_key *key)
{
    struct wire_bytes bytes = fixture_licence(version, key);
    cr_assert_eq(issuedfile_store(licence_path, bytes.data, bytes.len), 0);
    wire_bytes_free(&bytes);
}

static bool feed(struct bw_event event)
{
    event.mono_ms = mono_ms;
    event.utc_ms = 1789425600000 + mono_ms;
    event.clock = BW_CLOCK_GNSS;
    return watch_event(watch, &event);
}

static void cabin(uint16_t aboard)
{
    (void)feed((struct bw_event){
        .type = BW_EVENT_CABIN,
        .u.cabin = {.occupancy = {BW_QUALITY_GOOD, aboard, aboard, aboard}, .door_open = BW_NO}});
}

static bool fix(void)
{
    return feed((struct bw_event){
        .type = BW_EVENT_FIX,
        .u.fix = {.position = {29.11 + (double)mono_ms * 1e-7, 121.03, 4}, .speed_mps = 10}});
}

Test(watch, an_alert_is_on_disk_before_it_is_announced)
{
    store_licence(1, &bureau);
    open_watch();
    for (int i = 0; i < 5; i++, mono_ms += 1000)
        cabin(20);
    cr_expect_eq(announced, 1U);
    cr_expect_eq(waiting_when_announced, 1U);
    cr_expect_eq(announced_unsaved, 0U);
}

Test(watch, positions_are_on_disk_within_ten_seconds_even_from_a_slow_receiver)
{
    store_licence(1, &bureau);
    open_watch();
    for (int i = 0; i < 20; i++, mono_ms += 1000)
        (void)fix();
    cr_expect_eq(waiting(BW_RECORD_TRACK), 2U, "ten fixes a batch");
    (void)fix();
    mono_ms += 9000;
    cr_expect(feed((struct bw_event){.type = BW_EVENT_TICK}));
    cr_expect_eq(waiting(BW_RECORD_TRACK), 3U, "one fix alone, after nine seconds");
}

Test(watch, a_fast_receiver_is_thinned_out)
{
    open_watch();
    for (int i = 0; i < 200; i++, mono_ms += 100)
        (void)fix();
    cr_expect_leq(waiting(BW_RECORD_TRACK), 2U);
}

Test(watch, an_open_alert_goes_on_after_a_restart)
{
    store_licence(1, &bureau);
    open_watch();
    for (int i = 0; i < 5; i++, mono_ms += 1000)
        cabin(20);
    watch_close(watch);
    open_watch();
    struct bw_alert open[ENGINE_ALERTS_MAX];
    cr_assert_eq(watch_open_alerts(watch, open), 1U);
    for (int i = 0; i < 5; i++, mono_ms += 1000)
        cabin(20);
    cr_expect_eq(announced, 1U, "not raised twice");
    for (int i = 0; i < 7; i++, mono_ms += 1000)
        cabin(10);
    cr_expect_eq(announced, 2U, "cleared");
    cr_expect_eq(watch_open_alerts(watch, open), 0U);
}

Test(watch, a_new_licence_keeps_open_alerts_and_a_bad_one_changes_nothing)
{
    store_licence(1, &bureau);
    open_watch();
    for (int i = 0; i < 5; i++, mono_ms += 1000)
        cabin(20);
    store_licence(2, &bureau);
    cr_expect_eq(watch_reload(watch, ISSUED_LICENCE), 0);
    cr_expect_eq(watch_licence(watch)->version, 2U);
    struct bw_alert open[ENGINE_ALERTS_MAX];
    cr_expect_eq(watch_open_alerts(watch, open), 1U);
    store_licence(3, &device);
    cr_expect_eq(watch_reload(watch, ISSUED_LICENCE), -EKEYREJECTED);
    cr_expect_eq(watch_licence(watch)->version, 2U);
    cr_expect_str_neq(watch_fault(watch, ISSUED_LICENCE), "");
}

/* A pupil's bag on a seat of a bus that is shut. */
static void parked(uint32_t presses)
{
    (void)feed((struct bw_event){.type = BW_EVENT_CABIN,
                                 .u.cabin = {.occupancy = {BW_QUALITY_GOOD, 1, 1, 1},
                                             .door_open = BW_NO,
                                             .ignition_on = BW_NO,
                                             .presses = presses}});
}

Test(watch, a_new_licence_forgets_nothing_of_the_attendants_round)
{
    store_licence(1, &bureau);
    open_watch();
    for (int i = 0; i < 30; i++, mono_ms += 1000)
        parked(i < 10 ? 0 : 1);
    cr_expect_eq(announced, 2U, "raised, and ended by the round");
    store_licence(2, &bureau);
    cr_expect_eq(watch_reload(watch, ISSUED_LICENCE), 0);
    for (int i = 0; i < 600; i++, mono_ms += 1000)
        parked(1);
    cr_expect_eq(announced, 2U);
}

Test(watch, a_damaged_licence_lets_no_older_one_in)
{
    store_licence(5, &bureau);
    open_watch();
    cr_expect_eq(watch_highest(watch, ISSUED_LICENCE), 5U);
    watch_close(watch);
    FILE *file = fopen(licence_path, "w"); /* the disk lost it */
    cr_assert_not_null(file);
    (void)fclose(file);
    open_watch();
    cr_expect_null(watch_licence(watch));
    cr_expect_eq(watch_highest(watch, ISSUED_LICENCE), 5U);
    store_licence(4, &bureau);
    cr_expect_eq(watch_reload(watch, ISSUED_LICENCE), -ESTALE);
    cr_expect_null(watch_licence(watch));
    cr_expect_not_null(strstr(watch_fault(watch, ISSUED_LICENCE), "older"));
    store_licence(5, &bureau);
    cr_expect_eq(watch_reload(watch, ISSUED_LICENCE), 0, "the same again mends it");
    cr_expect_str_eq(watch_fault(watch, ISSUED_LICENCE), "");
}

static void store_orders(uint64_t version, const struct seal_key *key)
{
    struct wire_bytes bytes = fixture_orders(version, key);
    cr_assert_eq(issuedfile_store(orders_path, bytes.data, bytes.len), 0);
    wire_bytes_free(&bytes);
}

/* Half a minute at 36 km/h: too fast in the fog, also when there was time to slow down for it; and only
 * there. */
static void drive(void)
{
    slowed_by[0] = '\0';
    for (int i = 0; i < 30; i++, mono_ms += 1000)
        (void)fix();
}

Test(watch, orders_are_held_from_the_start)
{
    store_licence(1, &bureau);
    store_orders(4, &bureau);
    open_watch();
    cr_assert_not_null(watch_orders(watch));
    cr_expect_eq(watch_version(watch, ISSUED_ORDERS), 4U);
    cr_expect_str_eq(watch_orders(watch)->orders[0].order_id, "o-1");
    cr_expect_str_eq(watch_fault(watch, ISSUED_ORDERS), "");
    drive();
    cr_expect_str_eq(slowed_by, "o-1", "judged by");
}

Test(watch, newer_orders_take_the_place_of_old_ones_and_bad_ones_change_nothing)
{
    store_licence(1, &bureau);
    open_watch();
    cr_expect_null(watch_orders(watch));
    cr_expect_eq(watch_reload(watch, ISSUED_ORDERS), -ENOENT);
    cr_expect_str_eq(watch_fault(watch, ISSUED_ORDERS), "", "none yet is no fault");
    drive();
    cr_expect_str_eq(slowed_by, "");
    for (uint64_t version = 1; version <= 2; version++) {
        store_orders(version, &bureau);
        cr_expect_eq(watch_reload(watch, ISSUED_ORDERS), 0);
        cr_expect_eq(watch_version(watch, ISSUED_ORDERS), version);
    }
    drive();
    cr_expect_str_eq(slowed_by, "o-1");
    store_orders(3, &device);
    cr_expect_eq(watch_reload(watch, ISSUED_ORDERS), -EKEYREJECTED);
    cr_expect_eq(watch_version(watch, ISSUED_ORDERS), 2U);
    cr_expect_str_neq(watch_fault(watch, ISSUED_ORDERS), "");
    cr_expect_str_eq(watch_fault(watch, ISSUED_LICENCE), "");
    (void)fix();
}

Test(watch, orders_stay_in_force_under_a_new_licence)
{
    store_licence(1, &bureau);
    store_orders(4, &bureau);
    open_watch();
    store_licence(2, &bureau);
    cr_expect_eq(watch_reload(watch, ISSUED_LICENCE), 0);
    cr_expect_eq(watch_version(watch, ISSUED_ORDERS), 4U);
    drive();
    cr_expect_str_eq(slowed_by, "o-1");
}

Test(watch, without_a_licence_the_watch_goes_on)
{
    open_watch();
    cr_expect_null(watch_licence(watch));
    cabin(10);
    for (int i = 0; i < 15; i++, mono_ms += 1000)
        (void)fix();
    cr_expect_eq(announced, 1U, "UNLICENSED");
    cr_expect_eq(waiting(BW_RECORD_ALERT), 1U);
}

Test(watch, a_foreign_licence_is_none)
{
    struct wire_bytes bytes = fixture_licence(1, &bureau);
    cr_assert_eq(issuedfile_store(licence_path, bytes.data, bytes.len), 0);
    wire_bytes_free(&bytes);
    const struct watch_config config = {
        .vehicle = "bus-b",
        .division = "331023",
        .paths = {[ISSUED_LICENCE] = licence_path, [ISSUED_ORDERS] = orders_path},
        .bureau_key = bureau.public_key,
        .outbox = {.path = outbox_path, .division = "331023", .vehicle = "bus-b", .key = &device},
        .on_alert = on_alert};
    char reason[256];
    cr_assert_eq(watch_open(&config, &watch, reason), 0, "%s", reason);
    cr_expect_null(watch_licence(watch));
    cr_expect_str_neq(watch_fault(watch, ISSUED_LICENCE), "");
}

static void write_nonsense(void)
{
    static const char *const suffixes[] = {"-wal", "-shm"};
    for (size_t i = 0; i < 2; i++) { /* of a file that is open */
        char name[80];
        (void)snprintf(name, sizeof name, "%s%s", outbox_path, suffixes[i]);
        (void)unlink(name);
    }
    FILE *file = fopen(outbox_path, "w");
    cr_assert_not_null(file);
    for (int i = 0; i < 10000; i++)
        (void)fputs("not a database ", file);
    (void)fclose(file);
}

Test(watch, a_corrupt_outbox_is_set_aside_and_the_watch_starts)
{
    write_nonsense();
    open_watch();
    cr_expect_eq(watch_state(watch)->set_aside, 1U);
    cabin(10);
}

/* What happens to a file while it is open: the disk loses a page of it. */
static void break_outbox(void)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(outbox_path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "DROP VIEW chain_now", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
}

static void mend(int expected)
{
    char reason[256] = "";
    cr_assert(watch_broken(watch));
    cr_assert_eq(watch_mend(watch, reason), expected, "%s", reason);
    cr_assert_not(watch_broken(watch));
}

/* No file can grow: one can still be set aside, and none begun. */
static void limit_files(bool limited)
{
    struct rlimit limit;
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limited ? 0 : limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(watch, a_file_that_was_set_aside_is_told_of_when_a_new_one_stands_and_not_before)
{
    for (int at_the_start = 0; at_the_start < 2; at_the_start++) {
        char reason[256];
        write_nonsense();
        if (at_the_start)
            limit_files(true);
        open_watch();
        if (!at_the_start) {
            break_outbox();
            for (int i = 0; i < 12; i++, mono_ms += 1000)
                (void)fix();
            write_nonsense();
            limit_files(true);
        }
        cr_assert(watch_broken(watch));
        cr_expect_lt(watch_mend(watch, reason), 0);
        cr_expect_lt(watch_mend(watch, reason), 0);
        cr_expect_eq(watch_state(watch)->set_aside, at_the_start ? 1U : 2U, "%llu",
                     (unsigned long long)watch_state(watch)->set_aside);
        limit_files(false);
        mend(WATCH_NEW_FILE);
        cr_expect_eq(watch_mend(watch, reason), 0, "it is the same now");
        watch_close(watch);
    }
    watch = NULL;
}

Test(watch, an_open_alert_stands_in_the_new_file_too)
{
    store_licence(1, &bureau);
    open_watch();
    for (int i = 0; i < 5; i++, mono_ms += 1000)
        cabin(20);
    break_outbox();
    for (int i = 0; i < 12; i++, mono_ms += 1000)
        (void)fix();
    cabin(20);
    cr_expect_eq(announced, 1U);
    mend(WATCH_NEW_FILE);
    cr_expect_eq(waiting(BW_RECORD_ALERT), 1U, "what the bureau may never have seen");
    cr_expect_eq(announced, 1U, "the driver has heard of it");
    watch_close(watch);
    open_watch();
    struct bw_alert open[ENGINE_ALERTS_MAX];
    cr_expect_eq(watch_open_alerts(watch, open), 1U);
    for (int i = 0; i < 5; i++, mono_ms += 1000)
        cabin(20);
    cr_expect_eq(announced, 1U, "not raised twice");
}

/* What the statement gives, with the key bound to it. */
static int run_with_key(const char *sql, const struct seal_key *key)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    cr_assert_eq(sqlite3_open(outbox_path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    sqlite3_bind_blob(stmt, 1, key->public_key, BW_PUBLIC_KEY_LEN, SQLITE_STATIC);
    const int rc = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return rc;
}

static bool is_owner(const struct seal_key *key)
{
    return run_with_key("SELECT 1 FROM meta WHERE public_key = ?1 AND NOT EXISTS (SELECT 1 FROM key_change)",
                        key) == SQLITE_ROW;
}

/* The old one may be gone: a file that it alone owns could not be opened at the next start. */
Test(watch, a_new_file_after_a_change_of_key_is_the_new_keys_alone)
{
    for (int over = 0; over < 2; over++) {
        changes_key = true;
        open_watch();
        if (over) { /* as the outbox does it when the bureau has all that the old key signed */
            cr_assert_eq(run_with_key("DELETE FROM key_change", &next), SQLITE_DONE);
            cr_assert_eq(run_with_key("UPDATE meta SET public_key = ?1", &next), SQLITE_DONE);
            watch_key_changed(watch);
        }
        break_outbox();
        for (int i = 0; i < 12; i++, mono_ms += 1000)
            (void)fix();
        mend(WATCH_NEW_FILE);
        cr_expect_eq(is_owner(&next), over == 1);
        watch_close(watch);
        watch = NULL;
        cr_assert_eq(unlink(outbox_path), 0);
    }
}

Test(watch, a_phase_that_broke_the_file_is_not_recorded_twice)
{
    store_licence(1, &bureau);
    open_watch();
    cabin(20);
    break_outbox();
    for (int i = 0; i < 5; i++, mono_ms += 1000)
        cabin(20);
    cr_expect_eq(announced_unsaved, 1U);
    mend(WATCH_NEW_FILE);
    cabin(20);
    cr_expect_eq(waiting(BW_RECORD_ALERT), 1U);
}

/* --- a disk that is not there, or refuses --- */

static void hide_disk(bool hidden)
{
    char aside[64];
    (void)snprintf(aside, sizeof aside, "%s/hidden", dir);
    cr_assert_eq(hidden ? rename(outbox_path, aside) : rename(aside, outbox_path), 0);
    if (hidden)
        cr_assert_eq(mkdir(outbox_path, 0700), 0, "a folder in its place cannot be opened");
}

static void show_disk(void)
{
    cr_assert_eq(rmdir(outbox_path), 0);
    hide_disk(false);
}

Test(watch, without_a_disk_it_starts_announces_and_saves_all_when_the_disk_is_back)
{
    store_licence(1, &bureau);
    cr_assert_eq(mkdir(outbox_path, 0700), 0);
    open_watch();
    cr_expect(watch_broken(watch));
    cr_expect_str_neq(watch_state(watch)->outbox_fault, "");
    for (int i = 0; i < 5; i++, mono_ms += 1000) {
        cabin(20);
        (void)fix();
    }
    cr_expect_eq(announced_unsaved, 1U, "the vehicle is warned");
    cr_expect_eq(watch_state(watch)->unsaved, 1U);
    char reason[256];
    cr_expect_neq(watch_mend(watch, reason), 0, "still not there");
    cr_assert_eq(rmdir(outbox_path), 0);
    mend(0);
    cabin(20);
    cr_expect_eq(watch_state(watch)->unsaved, 0U);
    cr_expect_eq(waiting(BW_RECORD_ALERT), 1U);
    cr_expect_str_eq(watch_state(watch)->outbox_fault, "");
    mono_ms += 9000;
    (void)fix();
    cr_expect_eq(waiting(BW_RECORD_TRACK), 1U);
    cr_expect_eq(watch_state(watch)->lost, 0U);
    cr_expect_eq(announced, 1U);
}

/* Open in the file: an OVERLOAD. Raised while the file was away: another OVERLOAD, under a number of its own.
 */
Test(watch, what_the_disk_holds_open_is_taken_up_when_it_is_back)
{
    for (int again = 0; again < 2; again++) { /* raised again meanwhile, or not */
        struct bw_alert open[ENGINE_ALERTS_MAX];
        store_licence(1, &bureau);
        open_watch();
        for (int i = 0; i < 5; i++, mono_ms += 1000)
            cabin(20);
        cr_assert_eq(watch_open_alerts(watch, open), 1U);
        const uint64_t number = open[0].number, before = waiting(BW_RECORD_ALERT);
        watch_close(watch);
        hide_disk(true);
        open_watch();
        cr_expect_eq(watch_open_alerts(watch, open), 0U);
        for (int i = 0; i < (again ? 5 : 1); i++, mono_ms += 1000)
            cabin(20);
        show_disk();
        mend(0);
        mono_ms += 1000;
        cabin(20);
        cr_assert_eq(watch_open_alerts(watch, open), 1U);
        cr_expect_eq(open[0].number == number, !again);
        cr_expect_eq(waiting(BW_RECORD_ALERT), before + (again ? 2 : 0),
                     "the new one, and the end of the old one");
        for (int i = 0; i < 8; i++, mono_ms += 1000)
            cabin(5);
        cr_expect_eq(watch_open_alerts(watch, open), 0U);
        watch_close(watch);
        size_t n = 9;
        struct outbox *outbox;
        bool set_aside;
        const struct outbox_config config = {
            .path = outbox_path, .division = "331023", .vehicle = "bus-a", .key = &device};
        cr_assert_eq(outbox_open(&config, &outbox, &set_aside), 0);
        cr_expect_not(set_aside);
        cr_assert_eq(outbox_open_alerts(outbox, open, ENGINE_ALERTS_MAX, &n), 0);
        cr_expect_eq(n, 0U);
        outbox_close(outbox);
        watch = NULL;
    }
}

Test(watch, what_the_disk_has_refused_is_tried_once_more_at_the_end)
{
    store_licence(1, &bureau);
    open_watch();
    sqlite3 *other;
    cr_assert_eq(sqlite3_open(outbox_path, &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 5; i++, mono_ms += 1000)
        cabin(20);
    cr_assert_eq(watch_state(watch)->unsaved, 1U);
    (void)sqlite3_close(other);
    cr_expect(watch_flush(watch));
    cr_expect_eq(watch_state(watch)->unsaved, 0U);
    cr_expect_eq(waiting(BW_RECORD_ALERT), 1U);
}

/* Its alerts cannot be had: the outbox is not open again, whatever else is. */
Test(watch, an_outbox_that_does_not_give_its_alerts_is_not_mended)
{
    open_watch();
    watch_close(watch);
    watch = NULL;
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(outbox_path, &db), SQLITE_OK);
    const struct wire_body body = {.type = WIRE_BODY_ALERT,
                                   .u.alert = {.kind = BW_OVERLOAD,
                                               .phase = BW_RAISED,
                                               .severity = BW_MINOR,
                                               .number = 1,
                                               .time_utc_ms = 1789425600000,
                                               .raised_utc_ms = 1789425600000,
                                               .evidence.overload = {20, 20, 19}}};
    struct wire_bytes bytes;
    cr_assert_eq(wire_body_encode(&body, &bytes), 0);
    sqlite3_stmt *insert;
    cr_assert_eq(sqlite3_prepare_v2(db, "INSERT INTO open_alert VALUES (?1, ?2)", -1, &insert, NULL),
                 SQLITE_OK);
    for (int number = 1; number <= ENGINE_ALERTS_MAX + 1; number++) { /* more than any gateway has open */
        sqlite3_bind_int(insert, 1, number);
        sqlite3_bind_blob64(insert, 2, bytes.data, bytes.len, SQLITE_STATIC);
        cr_assert_eq(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    wire_bytes_free(&bytes);
    (void)sqlite3_close(db);
    open_watch();
    char reason[256] = "";
    cr_expect(watch_broken(watch));
    cr_expect_eq(watch_mend(watch, reason), -ENOBUFS);
    cr_expect_str_neq(reason, "");
    cr_expect(watch_broken(watch));
    cr_expect_null(watch_outbox(watch));
}

Test(watch, positions_wait_in_memory_while_the_disk_refuses_and_the_newest_two_minutes_stay)
{
    cr_assert_eq(mkdir(outbox_path, 0700), 0);
    open_watch();
    for (int i = 0; i < 130; i++, mono_ms += 1000)
        (void)fix();
    cr_expect_eq(watch_state(watch)->lost, 10U);
    cr_assert_eq(rmdir(outbox_path), 0);
    mend(0);
    cr_expect(fix(), "one record of 120");
    cr_expect_eq(waiting(BW_RECORD_TRACK), 1U);
}

Test(watch, another_gateway_on_the_same_outbox_is_refused)
{
    struct watch *other;
    char reason[256];
    open_watch();
    cr_expect_eq(try_open(&other, reason), -EALREADY);
    cr_expect_not_null(strstr(reason, "another gateway has it"));
}
