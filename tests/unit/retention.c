/* What was kept long enough is really gone, what a case needs is not, and verify can tell the one from the
 * other. */
#include "bureau/retention/retention.h"
#include "bureau/store/cases.h"
#include "bureau/verify/verify.h"
#include "tests/unit/fixture_sql.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>

#include "fixture_evidence.h"

static const int64_t DAY_MS = 86400000;
static struct retention_settings settings = {.tracks_days = 183,
                                             .evidence_days = 200,
                                             .trips_days = 200,
                                             .sightings_days = 100,
                                             .audit_days = 300,
                                             .changes_days = 300};
static struct sender alerts, tracks, other;

static int64_t day(int n)
{
    return evidence_utc_ms + n * DAY_MS;
}

static void commit_at(int64_t utc_ms)
{
    struct batch_outcome outcome;
    cr_assert_eq(
        batch_apply(evidence_batch, evidence_store, evidence_vehicles, evidence_mono_ms, utc_ms, &outcome), 0,
        "%s", outcome.reason);
    cr_assert_eq(outcome.counts[VERDICT_ACCEPTED], batch_count(evidence_batch), "%s", outcome.reason);
    batch_clear(evidence_batch);
}

/* One position a minute from an instant on. */
static void drive(struct sender *sender, int64_t begun_utc_ms, int n)
{
    for (int i = 0; i < n; i++) {
        struct wire_body body = track_of(0);
        body.u.track.fixes[0].utc_ms = begun_utc_ms + i * 60000;
        evidence_say(sender, body);
        if (i % 50 == 49 || i == n - 1)
            commit_at(body.u.track.fixes[0].utc_ms + 1000);
    }
}

static struct wire_body alert_at(uint64_t number, int64_t raised_utc_ms, enum bw_phase phase)
{
    struct wire_body body = alert_of(number, phase);
    body.u.alert.raised_utc_ms = raised_utc_ms;
    body.u.alert.time_utc_ms = raised_utc_ms + (phase == BW_CLEARED ? 60000 : 0);
    return body;
}

static void offend(uint64_t number, int64_t raised_utc_ms)
{
    evidence_say(&alerts, alert_at(number, raised_utc_ms, BW_RAISED));
    evidence_say(&alerts, alert_at(number, raised_utc_ms, BW_CLEARED));
    commit_at(raised_utc_ms + 61000);
}

static void end_case(int64_t id, int64_t utc_ms)
{
    const struct store_case_deed deed = {.action = CASE_DO_DISMISS,
                                         .role = CASE_ROLE_BUREAU,
                                         .who = "chen",
                                         .text = "REASON-OF-CHEN",
                                         .answer = CASE_NO_ANSWER,
                                         .utc_ms = utc_ms};
    enum case_refusal refusal;
    cr_assert_eq(store_case_act(evidence_store, &CASE_POLICY_DEFAULT, id, 0, &deed, &refusal, NULL), 0, "%s",
                 store_error(evidence_store));
}

/* Case 1, of day 0, was dismissed; case 2, of day 1, is open; case 3 is of day 300. A trip on day 0. */
static void set_up(void)
{
    evidence_open();
    alerts = (struct sender){.vehicle = "bus-a", .key = &key_a, .stream = 1, .cls = BW_RECORD_ALERT};
    tracks = (struct sender){.vehicle = "bus-a", .key = &key_a, .stream = 1, .cls = BW_RECORD_TRACK};
    other = (struct sender){.vehicle = "bus-b", .key = &key_b, .stream = 2, .cls = BW_RECORD_TRACK};
    drive(&tracks, day(0), 120);
    offend(1, day(0) + 3600000);
    struct wire_body trip = {.type = WIRE_BODY_TRIP,
                             .u.trip = {.begun_utc_ms = day(0),
                                        .ended_utc_ms = day(0) + 7200000,
                                        .permit_no = "PERMIT-OF-DAY-0",
                                        .route_id = "r-1"}};
    evidence_say(&alerts, trip);
    commit_at(day(0) + 7300000);
    end_case(1, day(2));
    drive(&tracks, day(1), 120);
    offend(2, day(1) + 3600000);
    drive(&other, day(0), 60);
    drive(&tracks, day(300), 60);
    offend(3, day(300) + 600000);
}

TestSuite(retention, .init = set_up, .fini = evidence_close);

static int64_t ask(const char *sql)
{
    return file_ask(evidence_path, sql);
}

static int try_sql(const char *sql)
{
    return file_try(evidence_path, sql);
}

static void change_at(int64_t utc_ms, const char *name)
{
    char sql[512];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO registry_change (utc_ms, who, via, table_id, row_id, what, fields) VALUES"
                   " (%" PRId64 ", 'chen', 'api', 'drivers', 'd-1', 'changed', '{\"name\":\"%s\"}')",
                   utc_ms, name);
    cr_assert_eq(try_sql(sql), SQLITE_OK);
}

/* --- what verify says --- */

static char said[2048];

static int say(void *context, const struct verify_finding *finding)
{
    const size_t n = strlen(said);
    (void)context;
    (void)snprintf(said + n, sizeof said - n, "%s%s/%s %" PRIu64 "-%" PRIu64 " %s", n > 0 ? "; " : "",
                   finding->vehicle, finding->chain.cls == BW_RECORD_ALERT ? "alert" : "track", finding->seq,
                   finding->last_seq, verify_reason_name(finding->reason));
    return 0;
}

static const char *verified(void)
{
    const struct verify_options options = {.on_finding = say};
    struct verify_totals totals;
    struct store *store = NULL;
    said[0] = '\0';
    cr_assert_eq(store_open_reading(evidence_path, &store), 0);
    cr_assert_eq(verify_store(store, &options, &totals), 0, "%s", store_error(store));
    store_close(store);
    return said;
}

/* --- a pass --- */

static struct store_purged purge_at(int64_t now_utc_ms, bool dry)
{
    struct store_purged purged;
    const struct retention_pass pass = {
        .settings = &settings, .now_utc_ms = now_utc_ms, .dry = dry, .who = "test"};
    cr_assert_eq(retention_run(evidence_store, &pass, &purged), 0, "%s", store_error(evidence_store));
    return purged;
}

static bool is_in_files(const char *text)
{
    char command[256];
    (void)snprintf(command, sizeof command, "cat %s/* | grep -qaF '%s'", evidence_dir, text);
    return system(command) == 0;
}

Test(retention, nothing_goes_before_its_time)
{
    const struct store_purged purged = purge_at(day(99), false);
    cr_expect_eq(purged.tracks + purged.records + purged.alerts + purged.trips + purged.cases, 0);
    cr_expect_str_eq(verified(), "");
    cr_expect_eq(ask("SELECT count(*) FROM audit WHERE action = 'purged'"), 0);
}

Test(retention, what_is_old_goes_and_what_an_open_case_is_about_stays)
{
    const struct store_purged would = purge_at(day(305), true);
    cr_expect_eq(ask("SELECT count(*) FROM record"), 120 + 2 + 1 + 120 + 2 + 60 + 60 + 2, "a dry run");
    cr_expect_str_eq(verified(), "");
    const struct store_purged purged = purge_at(day(305), false);
    cr_expect_eq(memcmp(&would, &purged, sizeof purged), 0, "what the dry run said");
    /* Of day 1 stay the 22 minutes around the open case. */
    cr_expect_eq(purged.tracks, 120 + (120 - 22) + 60);
    cr_expect_eq(purged.records, 3, "the two of alert 1, and the trip's");
    cr_expect(purged.alerts == 1 && purged.trips == 1 && purged.cases == 1);
    cr_expect_eq(ask("SELECT count(*) FROM record WHERE vehicle = 'bus-a' AND class = 1"), 4);
    cr_expect_eq(ask("SELECT count(*) FROM cases"), 2);
    cr_expect_eq(ask("SELECT count(*) FROM case_step WHERE case_id = 1"), 0);
    int64_t utc_ms = 0;
    cr_expect_eq(store_case_purged(evidence_store, 1, &utc_ms), 0);
    cr_expect_eq(store_case_purged(evidence_store, 2, &utc_ms), -ENOENT);
    cr_expect_str_eq(verified(),
                     "bus-a/alert 1-3 purged; bus-a/track 1-170 purged; bus-a/track 193-240 purged;"
                     " bus-b/track 1-60 purged");
}

static void see(int id, int64_t utc_ms, int case_id)
{
    char sql[512];
    (void)snprintf(
        sql, sizeof sql,
        "INSERT INTO sighting VALUES (%d, 'li', 'k-%d', 2, '', '', '', '', NULL, NULL, NULL, %" PRId64
        ", %" PRId64 ", 9, '', 3, %d);"
        "INSERT INTO sighting_photo VALUES (%d, %" PRId64 ", 4, 4, zeroblob(32), x'ff')",
        id, id, utc_ms, utc_ms, case_id, id, utc_ms);
    cr_assert_eq(try_sql(sql), SQLITE_OK);
}

Test(retention, a_dry_run_counts_the_sightings_of_cases_that_go)
{
    settings.photos_days = 50;
    see(1, day(0), 1);   /* of the case that goes */
    see(2, day(0), 2);   /* of the one that is open */
    see(3, day(240), 0); /* its photo alone is old */
    const struct store_purged would = purge_at(day(305), true);
    const struct store_purged purged = purge_at(day(305), false);
    cr_expect_eq(memcmp(&would, &purged, sizeof purged), 0, "sightings %d and photos %d, not %d and %d",
                 (int)would.sightings, (int)would.photos, (int)purged.sightings, (int)purged.photos);
    cr_expect(purged.sightings == 1 && purged.photos == 1);
    cr_expect_eq(ask("SELECT count(*) FROM sighting"), 2);
    cr_expect_eq(ask("SELECT sighting FROM sighting_photo"), 2);
}

Test(retention, is_written_down_once)
{
    (void)purge_at(day(305), false);
    const struct store_purged again = purge_at(day(305), false);
    cr_expect_eq(again.tracks + again.records, 0);
    cr_expect_eq(
        ask("SELECT count(*) FROM audit WHERE action = 'purged' AND who = 'test' AND subject ="
            " 'tracks 278, records 3, alerts 1, trips 1, cases 1, sightings 0, photos 0, audit 0, changes 0,'"
            " || ' positions 0'"),
        1);
}

Test(retention, what_is_gone_is_gone_from_the_file)
{
    cr_expect(is_in_files("PERMIT-OF-DAY-0"));
    cr_expect(is_in_files("REASON-OF-CHEN"));
    (void)purge_at(day(305), false);
    cr_expect_not(is_in_files("PERMIT-OF-DAY-0"));
    cr_expect_not(is_in_files("REASON-OF-CHEN"));
    cr_assert_eq(store_vacuum(evidence_store), 0, "%s", store_error(evidence_store));
    cr_expect_str_neq(verified(), "");
}

Test(retention, a_record_that_somebody_else_took_away_is_still_missing)
{
    (void)purge_at(day(305), false);
    cr_assert_eq(try_sql("DELETE FROM record WHERE vehicle = 'bus-a' AND class = 2 AND seq IN (180, 241)"),
                 SQLITE_OK);
    cr_expect_str_eq(verified(),
                     "bus-a/alert 1-3 purged; bus-a/track 1-170 purged; bus-a/track 180-180 missing;"
                     " bus-a/track 193-240 purged; bus-a/track 241-241 missing; bus-b/track 1-60 purged");
}

Test(retention, a_record_after_the_gap_must_be_the_one_that_was_sealed_there)
{
    (void)purge_at(day(305), false);
    cr_assert_eq(try_sql("UPDATE purged_record SET tail_hash = zeroblob(16) WHERE first_seq = 193"),
                 SQLITE_OK);
    cr_expect_str_eq(verified(),
                     "bus-a/alert 1-3 purged; bus-a/track 1-170 purged; bus-a/track 193-240 purged;"
                     " bus-a/track 241-241 broken_chain; bus-b/track 1-60 purged");
}

Test(retention, when_the_case_is_over_long_enough_the_rest_goes_and_the_marks_are_one)
{
    (void)purge_at(day(305), false);
    end_case(2, day(306));
    (void)purge_at(day(310), false);
    cr_expect_str_eq(verified(), "bus-a/alert 1-3 purged; bus-a/track 1-240 purged; bus-b/track 1-60 purged",
                     "dismissed: its positions are like any others, its alert is not yet");
    const struct store_purged purged = purge_at(day(507), false);
    cr_expect_eq(purged.cases, 1);
    cr_expect_eq(ask("SELECT count(*) FROM purged_record WHERE vehicle = 'bus-a'"), 3);
    cr_expect_str_eq(verified(), "bus-a/alert 1-5 purged; bus-a/track 1-240 purged; bus-a/track 263-300 "
                                 "purged; bus-b/track 1-60 purged");
    drive(&tracks, day(508), 3); /* of day 300 stays what case 3 is about, and the chain goes on */
    cr_expect_str_eq(verified(), "bus-a/alert 1-5 purged; bus-a/track 1-240 purged; bus-a/track 263-300 "
                                 "purged; bus-b/track 1-60 purged");
}

/* --- a pass that breaks off --- */

static int breaths;

static int stop_after(void *context)
{
    return ++breaths == *(const int *)context ? -ECANCELED : 0;
}

Test(retention, a_pass_that_breaks_off_goes_on_where_it_was)
{
    for (int n = 1; n <= 40; n++) {
        struct store_purged purged;
        const struct retention_pass pass = {
            .settings = &settings, .now_utc_ms = day(305), .who = "test", .pause = stop_after, .context = &n};
        breaths = 0;
        const int rc = retention_run(evidence_store, &pass, &purged);
        (void)verified();
        cr_expect_null(strstr(said, "missing"), "%s", said);
        cr_expect_null(strstr(said, "stray"), "%s", said);
        cr_expect_null(strstr(said, "no_"), "%s", said);
        if (rc == 0)
            break;
        cr_expect_eq(rc, -ECANCELED);
    }
    cr_expect_eq(
        ask("SELECT count(*) FROM audit WHERE action = 'purged' AND subject ="
            " 'tracks 278, records 3, alerts 1, trips 1, cases 1, sightings 0, photos 0, audit 0, changes 0,'"
            " || ' positions 0'"),
        1, "all of it in one line");
}

/* --- the audit log --- */

Test(retention, the_audit_log_keeps_what_explains_the_evidence)
{
    cr_assert_eq(store_audit(evidence_store, "chen", "check-plate", "浙J12345", day(0)), 0);
    cr_assert_eq(store_audit(evidence_store, "ingest", "records_not_held", "x", day(0)), 0);
    cr_assert_eq(store_audit(evidence_store, "chen", "check-plate", "浙J99999", day(200)), 0);
    cr_expect_eq(try_sql("DELETE FROM audit"), SQLITE_CONSTRAINT);
    const struct store_purged purged = purge_at(day(301), false);
    cr_expect_eq(purged.audit, 1);
    cr_expect_eq(ask("SELECT count(*) FROM audit WHERE action = 'records_not_held'"), 1);
    cr_expect_eq(ask("SELECT count(*) FROM audit WHERE action = 'check-plate'"), 1);
    cr_expect_eq(try_sql("DELETE FROM audit"), SQLITE_CONSTRAINT);
    cr_expect_eq(try_sql("DELETE FROM case_step"), SQLITE_CONSTRAINT);
}

/* --- what else grows --- */

Test(retention, changes_of_the_registry_go_after_their_time)
{
    change_at(day(0), "GONE-D-1");
    change_at(day(10), "KEPT-D-1");
    cr_expect_eq(purge_at(day(301), true).changes, 1);
    cr_expect_eq(purge_at(day(301), false).changes, 1);
    cr_expect_eq(ask("SELECT min(id) FROM registry_change"), 2);
    cr_expect_not(is_in_files("GONE-D-1"));
}

Test(retention, the_last_word_of_a_vehicle_goes_when_it_has_left_the_registry)
{
    const struct bw_presence presence = {.online = true, .time_utc_ms = day(0)};
    cr_assert_eq(store_presence_put(evidence_store, "bus-a", &presence, day(0)), 0);
    cr_assert_eq(store_presence_put(evidence_store, "bus-gone", &presence, day(0)), 0);
    cr_assert_eq(store_presence_put(evidence_store, "bus-gone-just-now", &presence, day(200)), 0);
    cr_expect_eq(purge_at(day(184), true).positions, 1);
    cr_expect_eq(purge_at(day(184), false).positions, 1);
    cr_expect_eq(ask("SELECT count(*) FROM presence WHERE vehicle = 'bus-gone'"), 0);
    cr_expect_eq(ask("SELECT count(*) FROM presence WHERE vehicle IN ('bus-a', 'bus-gone-just-now')"), 2);
}

/* --- who writes meanwhile --- */

Test(retention, a_pass_that_deletes_nothing_waits_for_nobody_who_writes)
{
    struct store_purged purged;
    struct store *writing = NULL;
    const struct retention_pass pass = {.settings = &settings, .now_utc_ms = day(99), .who = "test"};
    cr_assert_eq(store_open(evidence_path, &writing), 0);
    cr_assert_eq(store_begin(writing), 0);
    cr_expect_eq(retention_run(evidence_store, &pass, &purged), 0, "%s", store_error(evidence_store));
    store_close(writing);
}

Test(retention, a_pass_of_before_version_16_is_told_to_its_end)
{
    cr_assert_eq(try_sql("INSERT INTO purge_pass VALUES (1, '1 2 3 4 5 6 7 8')"), SQLITE_OK);
    const struct store_purged purged = purge_at(day(99), false);
    cr_expect(purged.tracks == 1 && purged.audit == 8 && purged.changes == 0);
}

Test(retention, days_of_nothing_keep_for_ever)
{
    const struct retention_settings none = {0};
    struct store_purged purged;
    const struct retention_pass pass = {.settings = &none, .now_utc_ms = day(30000), .who = "test"};
    cr_assert_eq(retention_run(evidence_store, &pass, &purged), 0);
    cr_expect_eq(purged.tracks + purged.records + purged.alerts + purged.trips + purged.cases + purged.audit,
                 0);
}
