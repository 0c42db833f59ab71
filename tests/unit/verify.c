/* Verify: a store that the way in has made is whole; whatever is done to it behind its back is named with its
 * seq and its reason. */
#include "bureau/verify/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <time.h>
#include <unistd.h>

#include "fixture_evidence.h"

/* --- what verify says, as one text --- */

enum { SAID_MAX = 4096 };
static char said[SAID_MAX];
static struct verify_totals totals;

static int say(void *context, const struct verify_finding *finding)
{
    (void)context;
    const size_t n = strlen(said);
    char last[32] = "", other[BW_ID_LEN + 2] = "";
    if (finding->last_seq != finding->seq)
        (void)snprintf(last, sizeof last, "-%" PRIu64, finding->last_seq);
    if (finding->other[0] != '\0')
        (void)snprintf(other, sizeof other, " %s", finding->other);
    else if (finding->seq == 0)
        (void)snprintf(other, sizeof other, " #%" PRIu64, finding->number);
    (void)snprintf(said + n, sizeof said - n, "%s%s/%u/%s %" PRIu64 "%s %s%s", n > 0 ? "; " : "",
                   finding->vehicle, finding->chain.stream[0],
                   finding->chain.cls == BW_RECORD_ALERT   ? "alert"
                   : finding->chain.cls == BW_RECORD_TRACK ? "track"
                                                           : "?",
                   finding->seq, last, verify_reason_name(finding->reason), other);
    return 0;
}

static const char *verify_file(const char *path, const char *vehicle)
{
    const struct verify_options options = {.vehicle = vehicle, .on_finding = say};
    struct store *store = NULL;
    said[0] = '\0';
    cr_assert_eq(store_open_reading(path, &store), 0);
    const int rc = verify_store(store, &options, &totals);
    if (rc != 0)
        (void)snprintf(said, sizeof said, "damaged: %s", store_error(store));
    store_close(store);
    return said;
}

/* --- behind the store's back --- */

static sqlite3 *db;

static void flip(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n;
    uint8_t copy[WIRE_RECORD_MAX];
    const int len = sqlite3_value_bytes(values[0]), at = sqlite3_value_int(values[1]);
    memcpy(copy, sqlite3_value_blob(values[0]), (size_t)len);
    copy[at >= 0 ? at : len + at] ^= 1;
    sqlite3_result_blob(context, copy, len, SQLITE_TRANSIENT);
}

/* The record with another text in it, sealed anew by another key. */
static void forge(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n;
    struct seal_key stranger;
    struct wire_record record;
    struct wire_bytes bytes;
    seal_key_generate(&stranger);
    cr_assert_eq(
        wire_record_decode(sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0]), &record),
        0);
    seal_record_sign(&record, "331023", "bus-a", &stranger);
    cr_assert_eq(wire_record_encode(&record, &bytes), 0);
    sqlite3_result_blob(context, bytes.data, (int)bytes.len, SQLITE_TRANSIENT);
    wire_bytes_free(&bytes);
}

static uint64_t dice;

static uint64_t roll(uint64_t sides) /* splitmix64 */
{
    uint64_t z = (dice += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (z ^ (z >> 31)) % sides;
}

/* One bit of the value, wherever; in a text its letter stays one. */
static void mutate(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n;
    uint8_t copy[WIRE_RECORD_MAX];
    const int type = sqlite3_value_type(values[0]);
    if (type == SQLITE_NULL) {
        sqlite3_result_int64(context, 5);
        return;
    }
    if (type == SQLITE_INTEGER) {
        sqlite3_result_int64(context, sqlite3_value_int64(values[0]) ^ (sqlite3_int64)(1U << roll(7)));
        return;
    }
    const size_t len = (size_t)sqlite3_value_bytes(values[0]);
    memcpy(copy, sqlite3_value_blob(values[0]), len);
    copy[roll(len)] ^= (uint8_t)(type == SQLITE_BLOB ? 1U << roll(8) : 1U);
    if (type == SQLITE_BLOB)
        sqlite3_result_blob(context, copy, (int)len, SQLITE_TRANSIENT);
    else
        sqlite3_result_text(context, (const char *)copy, (int)len, SQLITE_TRANSIENT);
}

/* A copy of the store without what protects it. */
static void make_bare_copy(const char *path)
{
    static const char freely[] =
        "PRAGMA journal_mode = DELETE; DROP TRIGGER record_fixed;"
        "DROP TRIGGER alert_event_fixed; DROP TRIGGER signer_fixed;"
        "DROP TRIGGER enrolled_key_fixed; DROP TRIGGER audit_fixed; DROP TRIGGER audit_kept;";
    char into[96];
    cr_assert_eq(sqlite3_open(evidence_path, &db), SQLITE_OK);
    (void)snprintf(into, sizeof into, "VACUUM INTO '%s'", path);
    cr_assert_eq(sqlite3_exec(db, into, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, freely, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void copy_file(const char *from, const char *to)
{
    char buffer[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    cr_assert(in != NULL && out != NULL);
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, in)) > 0;)
        cr_assert_eq(fwrite(buffer, 1, n, out), n);
    cr_assert_eq(fclose(in), 0);
    cr_assert_eq(fclose(out), 0);
}

/* What verify says of a copy to which this was done; NULL when it changed nothing, or a key forbids it. */
static const char *after(const char *sql)
{
    char bare[80], path[80];
    (void)snprintf(bare, sizeof bare, "%s/bare.db", evidence_dir);
    (void)snprintf(path, sizeof path, "%s/copy.db", evidence_dir);
    if (access(bare, F_OK) != 0)
        make_bare_copy(bare);
    copy_file(bare, path);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    char attach[128];
    (void)snprintf(attach, sizeof attach, "ATTACH '%s' AS bare", bare);
    cr_assert_eq(sqlite3_exec(db, attach, NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_create_function(db, "flip", 2, SQLITE_UTF8, NULL, flip, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_create_function(db, "forge", 1, SQLITE_UTF8, NULL, forge, NULL, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_create_function(db, "mutate", 1, SQLITE_UTF8, NULL, mutate, NULL, NULL), SQLITE_OK);
    (void)sqlite3_exec(
        db, "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF", NULL,
        NULL, NULL);
    const int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    cr_assert(code == SQLITE_OK || code == SQLITE_CONSTRAINT, "%s: %s", sql, sqlite3_errmsg(db));
    const int changes = sqlite3_total_changes(db);
    sqlite3_close(db);
    return code == SQLITE_OK && changes > 0 ? verify_file(path, NULL) : NULL;
}

/* --- a morning of two vehicles --- */

/* bus-a: stream 1, six phases of three alerts, tracks 1..12 of which 5..7 were evicted; stream 3, which this
 * store took up at track 4; stream 4, where the second alert is said once more and goes on. bus-b: stream 2,
 * two phases, three tracks. */
static void open_morning(void)
{
    struct sender alerts = {"bus-a", &key_a, 1, BW_RECORD_ALERT, 0, {0}},
                  tracks = {"bus-a", &key_a, 1, BW_RECORD_TRACK, 0, {0}},
                  again = {"bus-a", &key_a, 4, BW_RECORD_ALERT, 0, {0}},
                  resumed = {"bus-a", &key_a, 3, BW_RECORD_TRACK, 0, {0}},
                  b_alerts = {"bus-b", &key_b, 2, BW_RECORD_ALERT, 0, {0}},
                  b_tracks = {"bus-b", &key_b, 2, BW_RECORD_TRACK, 0, {0}};
    struct wire_record record;
    evidence_open();
    for (int phase = BW_RAISED; phase <= BW_CLEARED; phase++)
        evidence_say(&alerts, alert_of(1, (enum bw_phase)phase));
    evidence_say(&alerts, alert_of(2, BW_RAISED));
    evidence_say(&alerts, alert_of(2, BW_UPDATED));
    evidence_say(&alerts, alert_of(3, BW_RAISED));
    for (uint64_t i = 1; i <= 4; i++)
        evidence_say(&tracks, track_of(i));
    struct sender evicted = tracks, gap = tracks;
    for (uint64_t i = 5; i <= 7; i++) {
        const struct wire_body body = track_of(i);
        evidence_make(&evicted, &body, &record);
    }
    struct wire_body body = {.type = WIRE_BODY_GAP, .u.gap = {.first_seq = 5, .last_seq = 7}};
    memcpy(body.u.gap.tail_hash, evicted.head, BW_HASH_LEN);
    gap.seq = 6;
    evidence_say(&gap, body);
    for (uint64_t i = 8; i <= 12; i++)
        evidence_say(&evicted, track_of(i));
    evidence_say(&again, alert_of(2, BW_UPDATED));
    evidence_say(&again, alert_of(2, BW_CLEARED));
    evidence_say(&b_alerts, alert_of(1, BW_RAISED));
    evidence_say(&b_alerts, alert_of(1, BW_CLEARED));
    for (uint64_t i = 1; i <= 3; i++)
        evidence_say(&b_tracks, track_of(i));
    resumed.seq = 3;
    evidence_presence("bus-a", 3, 1, 4);
    for (uint64_t i = 4; i <= 6; i++)
        evidence_say(&resumed, track_of(i));
    evidence_presence("bus-a", 1, 7, 13);
    const struct batch_outcome outcome = evidence_commit();
    cr_assert_eq(outcome.counts[VERDICT_ACCEPTED], 6 + 4 + 1 + 5 + 2 + 2 + 3 + 3, "%s", outcome.reason);
}

TestSuite(verify, .init = open_morning, .fini = evidence_close);

#define WHOLE "bus-a/3/track 1-3 not_held"

Test(verify, what_the_way_in_has_made_is_whole)
{
    cr_expect_str_eq(verify_file(evidence_path, NULL), WHOLE);
    cr_expect_eq(totals.records, 26);
    cr_expect_eq(totals.chains, 6);
    cr_expect_eq(totals.vehicles, 2);
    cr_expect_eq(totals.alerts, 9);
    cr_expect_eq(totals.findings, 0);
    cr_expect_eq(totals.not_held, 1);
    cr_expect_str_eq(verify_file(evidence_path, "bus-b"), "");
    cr_expect_eq(totals.records, 5);
    cr_expect_str_eq(verify_file(evidence_path, "bus-d"), "");
    cr_expect_eq(totals.records, 0);
}

#define A_TRACK(n)   "vehicle = 'bus-a' AND stream = x'0100000000000000' AND class = 2 AND seq = " #n
#define A_ALERT(n)   "vehicle = 'bus-a' AND stream = x'0100000000000000' AND class = 1 AND seq = " #n
#define FLIP(at)     "UPDATE record SET bytes = flip(bytes, " #at ") WHERE " A_TRACK(3)
#define BYTES(where) "(SELECT bytes FROM record WHERE " where ")"
#define REMOVE(where)                                                                                        \
    "DELETE FROM record WHERE " where "; DELETE FROM chain WHERE " where "; DELETE FROM signer WHERE " where \
    ";"
/* As an object and in the order of columns; the rest of the morning is whole. */
#define AND_WHOLE "; " WHOLE

static const struct {
    const char *name, *sql, *said;
} acts[] = {
    /* bytes: the places of the fields are those of the example in docs/wire.md */
    {"stream flipped", FLIP(2), "bus-a/1/track 3 bad_signature" AND_WHOLE},
    {"class flipped", FLIP(11), "bus-a/1/track 3 unreadable" AND_WHOLE},
    {"seq flipped", FLIP(13), "bus-a/1/track 3 bad_signature" AND_WHOLE},
    {"prev flipped", FLIP(16), "bus-a/1/track 3 bad_signature" AND_WHOLE},
    {"body flipped", FLIP(40), "bus-a/1/track 3 bad_signature" AND_WHOLE},
    {"signature flipped", FLIP(-1), "bus-a/1/track 3 bad_signature" AND_WHOLE},
    {"a field's tag flipped", FLIP(0), "bus-a/1/track 3 unreadable" AND_WHOLE},
    {"cut off", "UPDATE record SET bytes = substr(bytes, 1, 60) WHERE " A_TRACK(3),
     "bus-a/1/track 3 unreadable" AND_WHOLE},
    {"an alert's body flipped", "UPDATE record SET bytes = flip(bytes, 45) WHERE " A_ALERT(2),
     "bus-a/1/alert 2 bad_signature" AND_WHOLE},
    {"sealed anew by a stranger", "UPDATE record SET bytes = forge(bytes) WHERE " A_TRACK(9),
     "bus-a/1/track 9 bad_signature" AND_WHOLE},
    /* columns */
    {"seq moved", "UPDATE record SET seq = 40 WHERE " A_TRACK(3),
     "bus-a/1/track 3 missing; bus-a/1/track 40 misplaced" AND_WHOLE},
    {"class moved", "UPDATE record SET class = 1 WHERE " A_TRACK(12),
     "bus-a/1/alert 12 misplaced; bus-a/1/track 12 missing" AND_WHOLE},
    {"class of no kind", "UPDATE record SET class = 5 WHERE " A_TRACK(12),
     "bus-a/1/track 12 missing; bus-a/1/? 12 misplaced" AND_WHOLE},
    {"stream moved", "UPDATE record SET stream = x'0900000000000000' WHERE " A_TRACK(12),
     "bus-a/1/track 12 missing; " WHOLE "; bus-a/9/track 12 misplaced"},
    {"given to another vehicle", "UPDATE record SET vehicle = 'bus-b' WHERE " A_TRACK(3),
     "bus-a/1/track 3 missing; " WHOLE "; bus-b/1/track 3 foreign bus-a"},
    {"when an alert was received", "UPDATE record SET received_utc_ms = 5 WHERE " A_ALERT(2),
     WHOLE "; bus-a/1/alert 2 alert"},
    {"stream of a wrong length", "UPDATE record SET stream = x'01' WHERE " A_TRACK(3),
     "damaged: the store holds bytes of a wrong length"},
    {"seq that is no number", "UPDATE record SET seq = 'x' WHERE " A_TRACK(3),
     "damaged: the store holds a row that no program of ours wrote"},
    {"class that is no number", "UPDATE record SET class = 'x' WHERE " A_TRACK(3),
     "damaged: the store holds a row that no program of ours wrote"},
    {"vehicle that is no text", "UPDATE record SET vehicle = x'7878' WHERE " A_TRACK(3),
     "damaged: the store holds a row that no program of ours wrote"},
    /* whole records */
    {"the first removed", "DELETE FROM record WHERE " A_TRACK(1), "bus-a/1/track 1 missing" AND_WHOLE},
    {"one removed", "DELETE FROM record WHERE " A_TRACK(3), "bus-a/1/track 3 missing" AND_WHOLE},
    {"two removed", "DELETE FROM record WHERE " A_TRACK(3) " OR " A_TRACK(2),
     "bus-a/1/track 2-3 missing" AND_WHOLE},
    {"the last removed", "DELETE FROM record WHERE " A_TRACK(12), "bus-a/1/track 12 missing" AND_WHOLE},
    {"the gap record removed", "DELETE FROM record WHERE " A_TRACK(7), "bus-a/1/track 5-7 missing" AND_WHOLE},
    {"a whole chain removed", "DELETE FROM record WHERE vehicle = 'bus-b' AND class = 2",
     WHOLE "; bus-b/2/track 1-3 missing"},
    {"an alert removed", "DELETE FROM record WHERE " A_ALERT(2),
     "bus-a/1/alert 2 missing" AND_WHOLE "; bus-a/1/alert 2 stray_alert"},
    {"two exchanged",
     "CREATE TEMP TABLE old AS SELECT seq, bytes FROM record WHERE " A_TRACK(2) " OR " A_TRACK(
         3) ";"
            "UPDATE record SET bytes = (SELECT bytes FROM old WHERE old.seq = 5 - record.seq)"
            " WHERE " A_TRACK(2) " OR " A_TRACK(3),
     "bus-a/1/track 2 misplaced; bus-a/1/track 3 misplaced" AND_WHOLE},
    {"one stored twice",
     "INSERT INTO record SELECT vehicle, stream, class, 13, received_utc_ms, bytes FROM record "
     "WHERE " A_TRACK(3),
     "bus-a/1/track 13 misplaced" AND_WHOLE},
    {"a foreign one in the place of one of ours",
     "UPDATE record SET bytes = (SELECT bytes FROM record WHERE vehicle = 'bus-b' AND class = 2 AND seq = 3)"
     " WHERE " A_TRACK(3),
     "bus-a/1/track 3 foreign bus-b" AND_WHOLE},
    {"a foreign one put in",
     "INSERT INTO record SELECT 'bus-a', stream, class, seq, received_utc_ms, bytes FROM record"
     " WHERE vehicle = 'bus-b' AND class = 2 AND seq = 3",
     "bus-a/2/track 3 foreign bus-b" AND_WHOLE},
    /* what the bureau keeps beside */
    {"chain row ahead",
     "UPDATE chain SET next_seq = 15 WHERE vehicle = 'bus-a' AND stream = x'0100000000000000'"
     " AND class = 2",
     "bus-a/1/track 13-14 missing" AND_WHOLE},
    {"chain row behind",
     "UPDATE chain SET next_seq = 11 WHERE vehicle = 'bus-b' AND class = 2;"
     "UPDATE chain SET next_seq = 3 WHERE vehicle = 'bus-b' AND class = 2",
     WHOLE "; bus-b/2/track 3 chain"},
    {"head", "UPDATE chain SET head = flip(head, 0) WHERE vehicle = 'bus-b' AND class = 2",
     WHOLE "; bus-b/2/track 3 chain"},
    {"chain row removed", "DELETE FROM chain WHERE vehicle = 'bus-b' AND class = 2",
     WHOLE "; bus-b/2/track 1 chain"},
    {"chain without records",
     "INSERT INTO chain VALUES ('bus-c', x'0700000000000000', 1, 4, x'00000000000000000000000000000000', 1)",
     WHOLE "; bus-c/7/alert 1-3 missing"},
    {"the tail cut off, with the chain's row, behind what the vehicle has said",
     "DELETE FROM record WHERE " A_TRACK(12) ";"
                                             "UPDATE chain SET next_seq = 12 WHERE vehicle = 'bus-a' AND "
                                             "stream = x'0100000000000000' AND class = 2",
     "bus-a/1/track 11 chain; bus-a/1/track 12 receipted" AND_WHOLE},
    {"a chain removed with all its rows",
     REMOVE("vehicle = 'bus-a' AND stream = x'0100000000000000' AND class = 2"),
     WHOLE "; bus-a/1/track 1-12 receipted"},
    {"a stream removed with all its rows",
     REMOVE("vehicle = 'bus-a' AND stream = x'0100000000000000'") "DELETE FROM alert WHERE vehicle = 'bus-a' "
                                                                  "AND stream = x'0100000000000000';"
                                                                  "DELETE FROM alert_event WHERE alert_id "
                                                                  "NOT IN (SELECT id FROM alert)",
     WHOLE "; bus-a/4/alert 1 no_alert; bus-a/4/alert 2 no_alert; bus-a/1/alert 1-6 receipted;"
           " bus-a/1/track 1-12 receipted"},
    {"a vehicle removed with all its rows",
     REMOVE("vehicle = 'bus-a'") "DELETE FROM alert WHERE vehicle = 'bus-a';"
                                 "DELETE FROM alert_event WHERE alert_id NOT IN (SELECT id FROM alert)",
     "bus-a/1/alert 1-6 receipted; bus-a/1/track 1-12 receipted"},
    {"a vehicle removed also from the registry",
     REMOVE("vehicle = 'bus-a'") "DELETE FROM alert WHERE vehicle = 'bus-a';"
                                 "DELETE FROM alert_event WHERE alert_id NOT IN (SELECT id FROM alert);"
                                 "DELETE FROM vehicle WHERE vehicle_id = 'bus-a'",
     "bus-a/1/alert 1-6 receipted; bus-a/1/track 1-12 receipted"},
    {"signer's key",
     "UPDATE signer SET public_key = flip(public_key, 3) WHERE vehicle = 'bus-b' AND class = 2",
     WHOLE "; bus-b/2/track 1 signer"},
    {"signer's key, another enrolled one",
     "INSERT INTO enrolled_key VALUES ('bus-b', zeroblob(32));"
     "UPDATE signer SET public_key = zeroblob(32) WHERE vehicle = 'bus-b' AND class = 2",
     WHOLE "; bus-b/2/track 1 wrong_key; bus-b/2/track 2 wrong_key; bus-b/2/track 3 wrong_key"},
    {"signer's division", "UPDATE signer SET division = '331024' WHERE vehicle = 'bus-b' AND class = 2",
     WHOLE "; bus-b/2/track 1 signer"},
    {"signer removed", "DELETE FROM signer WHERE vehicle = 'bus-b' AND class = 2",
     WHOLE "; bus-b/2/track 1 signer"},
    {"signer's place", "UPDATE signer SET from_seq = 2 WHERE vehicle = 'bus-b' AND class = 2",
     WHOLE "; bus-b/2/track 2 signer"},
    {"enrolled key", "DELETE FROM enrolled_key WHERE vehicle = 'bus-b'",
     WHOLE "; bus-b/2/alert 1 signer; bus-b/2/track 1 signer"},
    {"the line that explains a hole", "DELETE FROM audit", "bus-a/3/track 1-3 missing"},
    /* what is derived */
    {"a record said twice, the first removed", "DELETE FROM record WHERE " A_ALERT(5),
     "bus-a/1/alert 5 missing; " WHOLE "; bus-a/1/alert 5 stray_alert"},
    {"phases from before version 3", "UPDATE alert_event SET seq = NULL, stream = NULL WHERE event <= 6",
     WHOLE},
    {"a phase made up as if from before version 3",
     "INSERT INTO alert_event (alert_id, received_utc_ms, body) SELECT alert_id, 5, flip(body, 20)"
     " FROM alert_event WHERE event = 6; UPDATE alert SET last_event = 10 WHERE last_event = 6",
     WHOLE "; bus-a/1/alert 0 stray_alert #3"},
    {"a phase's stream", "UPDATE alert_event SET stream = x'0100000000000000' WHERE event = 7",
     WHOLE "; bus-a/1/alert 2 alert"},
    {"a phase's body", "UPDATE alert_event SET body = flip(body, 20) WHERE event = 2",
     WHOLE "; bus-a/1/alert 2 alert"},
    {"when a phase was received", "UPDATE alert_event SET received_utc_ms = 5 WHERE event = 2",
     WHOLE "; bus-a/1/alert 2 alert"},
    {"a phase of another record", "UPDATE alert_event SET seq = 77 WHERE event = 2",
     WHOLE "; bus-a/1/alert 77 stray_alert"},
    {"a phase removed", "DELETE FROM alert_event WHERE event = 2", "bus-a/1/alert 2 no_alert; " WHOLE},
    {"the last phase removed", "DELETE FROM alert_event WHERE event = 3",
     "bus-a/1/alert 3 no_alert; " WHOLE "; bus-a/1/alert 0 alert #1"},
    {"a phase made up",
     "INSERT INTO alert_event (alert_id, seq, received_utc_ms, body) SELECT alert_id, 7, received_utc_ms, "
     "body"
     " FROM alert_event WHERE event = 6; UPDATE alert SET last_event = 10 WHERE last_event = 6",
     WHOLE "; bus-a/1/alert 7 stray_alert"},
    {"an alert made up",
     "INSERT INTO alert (vehicle, stream, number, kind) VALUES ('bus-c', zeroblob(8), 4, 1)",
     WHOLE "; bus-c/0/alert 0 stray_alert #4"},
    {"an alert removed from the list", "DELETE FROM alert WHERE last_event = 6",
     "bus-a/1/alert 6 no_alert; " WHOLE "; /0/alert 6 stray_alert"},
    {"an alert closed by hand", "UPDATE alert SET cleared_utc_ms = 5 WHERE last_event = 6",
     WHOLE "; bus-a/1/alert 0 alert #3"},
    {"an alert opened again", "UPDATE alert SET cleared_utc_ms = NULL WHERE last_event = 3",
     WHOLE "; bus-a/1/alert 0 alert #1"},
    {"an alert's kind", "UPDATE alert SET kind = 2 WHERE last_event = 6", WHOLE "; bus-a/1/alert 0 alert #3"},
    {"when an alert was raised", "UPDATE alert SET raised_utc_ms = 5 WHERE last_event = 6",
     WHOLE "; bus-a/1/alert 0 alert #3"},
    {"how grave an alert was", "UPDATE alert SET severity = 1 WHERE last_event = 6",
     WHOLE "; bus-a/1/alert 0 alert #3"},
    {"an alert's last phase", "UPDATE alert SET last_event = 1 WHERE last_event = 3",
     WHOLE "; bus-a/1/alert 0 alert #1"},
};

Test(verify, names_what_was_done_its_seq_and_its_reason)
{
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        const char *found = after(acts[i].sql);
        cr_assert_not_null(found, "%s changed nothing", acts[i].name);
        cr_expect_str_eq(found, acts[i].said, "%s: %s", acts[i].name, found);
    }
}

/* Every column that says something of the evidence. Left out, for they say nothing of it: when a track was
 * received and the number of an event that is not an alert's last (the bureau's own words, signed by nobody),
 * who wrote a line of the audit log and when, presence, the registry, and the key that is in force now. */
static const struct {
    const char *table, *row, *column, *where;
} matters[] = {
    {"record", "vehicle, stream, class, seq", "vehicle", "1"},
    {"record", "vehicle, stream, class, seq", "stream", "1"},
    {"record", "vehicle, stream, class, seq", "class", "1"},
    {"record", "vehicle, stream, class, seq", "seq", "1"},
    {"record", "vehicle, stream, class, seq", "bytes", "1"},
    {"record", "vehicle, stream, class, seq", "bytes", "1"},
    {"record", "vehicle, stream, class, seq", "received_utc_ms",
     "class = 1 AND NOT (stream = x'0400000000000000' AND seq = 1)"}, /* whose phase was held already */
    {"chain", "vehicle, stream, class", "vehicle", "1"},
    {"chain", "vehicle, stream, class", "stream", "1"},
    {"chain", "vehicle, stream, class", "class", "1"},
    {"chain", "vehicle, stream, class", "next_seq", "1"},
    {"chain", "vehicle, stream, class", "head", "1"},
    {"signer", "vehicle, stream, class, from_seq", "vehicle", "1"},
    {"signer", "vehicle, stream, class, from_seq", "stream", "1"},
    {"signer", "vehicle, stream, class, from_seq", "class", "1"},
    {"signer", "vehicle, stream, class, from_seq", "from_seq", "1"},
    {"signer", "vehicle, stream, class, from_seq", "division", "1"},
    {"signer", "vehicle, stream, class, from_seq", "public_key", "1"},
    {"enrolled_key", "vehicle, public_key", "vehicle", "1"},
    {"enrolled_key", "vehicle, public_key", "public_key", "1"},
    {"alert", "id", "id", "1"},
    {"alert", "id", "vehicle", "1"},
    {"alert", "id", "stream", "1"},
    {"alert", "id", "number", "1"},
    {"alert", "id", "kind", "1"},
    {"alert", "id", "cleared_utc_ms", "1"},
    {"alert", "id", "last_event", "1"},
    {"alert_event", "event", "alert_id", "1"},
    {"alert_event", "event", "seq", "1"},
    {"alert_event", "event", "stream", "1"},
    {"alert_event", "event", "received_utc_ms", "1"},
    {"alert_event", "event", "body", "1"},
    {"audit", "id", "action", "action = 'records_not_held'"},
    {"audit", "id", "subject", "action = 'records_not_held'"},
};

Test(verify, finds_any_single_bit_that_matters)
{
    const char *given = getenv("SEED");
    const uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    unsigned done = 0;
    dice = seed;
    for (unsigned i = 0; i < 400; i++) {
        char sql[512];
        const size_t which = roll(sizeof matters / sizeof *matters);
        const char *table = matters[which].table, *row = matters[which].row, *where = matters[which].where;
        (void)snprintf(sql, sizeof sql,
                       "UPDATE %s SET %s = mutate(%s) WHERE (%s) IN (SELECT %s FROM %s WHERE %s"
                       " LIMIT 1 OFFSET (SELECT %u %% count(*) FROM %s WHERE %s))",
                       table, matters[which].column, matters[which].column, row, row, table, where,
                       (unsigned)roll(1000), table, where);
        const char *found = after(sql);
        done += found != NULL;
        cr_expect(found == NULL || totals.findings > 0 || strncmp(found, "damaged", 7) == 0,
                  "SEED=%llu, act %u: %s: %s", (unsigned long long)seed, i, sql, found);
    }
    cr_expect_gt(done, 300, "SEED=%llu: only %u could be done", (unsigned long long)seed, done);
}

/* --- trips --- */

static struct wire_body trip_of(int64_t begun_utc_ms, int64_t lasted_ms, bool cut_short)
{
    return (struct wire_body){.type = WIRE_BODY_TRIP,
                              .u.trip = {.begun_utc_ms = begun_utc_ms,
                                         .ended_utc_ms = begun_utc_ms + lasted_ms,
                                         .permit_no = "P-1",
                                         .route_id = "r-1",
                                         .boarded = 20,
                                         .alighted = 20,
                                         .peak = 20,
                                         .capacity = 18,
                                         .over_s = 60,
                                         .quality = BW_QUALITY_DEGRADED,
                                         .cut_short = cut_short}};
}

/* bus-b: stream 6, one trip that was cut short in record 1 and complete in record 2, another one in record 3.
 */
static void drive_b(void)
{
    struct sender alerts = {"bus-b", &key_b, 6, BW_RECORD_ALERT, 0, {0}};
    evidence_say(&alerts, trip_of(evidence_utc_ms, 900000, true));
    evidence_say(&alerts, trip_of(evidence_utc_ms, 600000, false));
    evidence_say(&alerts, trip_of(evidence_utc_ms + 7200000, 600000, false));
    const struct batch_outcome outcome = evidence_commit();
    cr_assert_eq(outcome.counts[VERDICT_ACCEPTED], 3, "%s", outcome.reason);
    cr_assert_eq(outcome.unread, 0);
}

#define MADE_UP(vehicle)                                                                                     \
    "INSERT INTO trip (vehicle, begun_utc_ms, ended_utc_ms, permit_no, route_id, boarded, alighted, peak,"   \
    " capacity, over_s, quality, began_late, cut_short, stream, seq, received_utc_ms) SELECT " vehicle       \
    ", 5, ended_utc_ms, permit_no, route_id, boarded, alighted, peak, capacity, over_s, quality, "           \
    "began_late,"                                                                                            \
    " cut_short, stream, 77, received_utc_ms FROM trip WHERE seq = 3"

static const struct {
    const char *name, *sql, *said;
} trip_acts[] = {
    {"fewer were aboard", "UPDATE trip SET peak = 18 WHERE seq = 3", WHOLE "; bus-b/6/alert 3 trip"},
    {"it ended sooner", "UPDATE trip SET ended_utc_ms = ended_utc_ms - 1 WHERE seq = 3",
     "bus-b/6/alert 3 no_trip; bus-b/6/alert 3 trip"},
    {"it began at another time", "UPDATE trip SET begun_utc_ms = 5 WHERE seq = 3",
     "bus-b/6/alert 3 no_trip; bus-b/6/alert 3 trip"},
    {"it was removed", "DELETE FROM trip WHERE seq = 3", WHOLE "; bus-b/6/alert 3 no_trip"},
    {"the one cut short shown again",
     "UPDATE trip SET seq = 1, cut_short = 1, ended_utc_ms = ended_utc_ms + 300000 WHERE seq = 2",
     WHOLE "; bus-b/6/alert 2 no_trip"},
    {"one made up", MADE_UP("vehicle"), WHOLE "; bus-b/6/alert 77 stray_trip"},
    {"one made up of a vehicle without records", MADE_UP("'bus-c'"), WHOLE "; bus-c/6/alert 77 stray_trip"},
    {"its record altered",
     "UPDATE record SET bytes = flip(bytes, 60) WHERE stream = x'0600000000000000' AND seq = 3",
     WHOLE "; bus-b/6/alert 3 bad_signature"},
    {"its record removed", "DELETE FROM record WHERE stream = x'0600000000000000' AND seq = 3",
     WHOLE "; bus-b/6/alert 3 missing; bus-b/6/alert 3 stray_trip"},
};

Test(verify, a_trip_is_what_its_record_says)
{
    drive_b();
    cr_expect_str_eq(verify_file(evidence_path, NULL), WHOLE);
    for (size_t i = 0; i < sizeof trip_acts / sizeof *trip_acts; i++) {
        const char *found = after(trip_acts[i].sql);
        cr_assert_not_null(found, "%s changed nothing", trip_acts[i].name);
        cr_expect(strstr(found, trip_acts[i].said) != NULL, "%s: %s", trip_acts[i].name, found);
    }
}

Test(verify, finds_any_bit_of_a_trip_that_matters)
{
    static const char *const columns[] = {"vehicle",    "begun_utc_ms", "ended_utc_ms", "permit_no",
                                          "route_id",   "boarded",      "alighted",     "peak",
                                          "capacity",   "over_s",       "quality",      "stream",
                                          "began_late", "cut_short",    "seq",          "received_utc_ms"};
    const char *given = getenv("SEED");
    dice = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    const unsigned long long seed = dice;
    drive_b();
    for (size_t i = 0; i < 8 * sizeof columns / sizeof *columns; i++) {
        char sql[160];
        const char *column = columns[i % (sizeof columns / sizeof *columns)];
        (void)snprintf(sql, sizeof sql, "UPDATE trip SET %s = mutate(%s) WHERE id = %u", column, column,
                       (unsigned)(1 + roll(2)));
        const char *found = after(sql);
        cr_expect(found == NULL || totals.findings > 0 || strncmp(found, "damaged", 7) == 0,
                  "SEED=%llu: %s: %s", seed, sql, found);
    }
}

/* --- a key that was changed --- */

/* bus-b: stream 6, alert 1 and track 1 under its old key, the change in alert 2, alert 3 and tracks 2, 3
 * after it. */
static void change_key_of_b(void)
{
    static struct seal_key new_key;
    static const uint8_t stream[BW_STREAM_LEN] = {6};
    struct sender alerts = {"bus-b", &key_b, 6, BW_RECORD_ALERT, 0, {0}},
                  tracks = {"bus-b", &key_b, 6, BW_RECORD_TRACK, 0, {0}};
    struct wire_body change = {.type = WIRE_BODY_KEY, .u.key = {.track_from = 2}};
    seal_key_generate(&new_key);
    evidence_say(&alerts, alert_of(7, BW_RAISED));
    evidence_say(&tracks, track_of(1));
    seal_key_prove(&change.u.key, "331023", "bus-b", stream, 2, key_b.public_key, &new_key);
    evidence_say(&alerts, change);
    alerts.key = tracks.key = &new_key;
    evidence_say(&alerts, alert_of(7, BW_CLEARED));
    evidence_say(&tracks, track_of(2));
    evidence_say(&tracks, track_of(3));
    const struct batch_outcome outcome = evidence_commit();
    cr_assert_eq(outcome.counts[VERDICT_ACCEPTED], 6, "%s", outcome.reason);
    cr_assert_eq(outcome.unread, 0);
}

#define B_SIGNER(cls, from)                                                                                  \
    "vehicle = 'bus-b' AND stream = x'0600000000000000' AND class = " #cls " AND from_seq = " #from
#define B_RECORD(cls, seq)                                                                                   \
    "vehicle = 'bus-b' AND stream = x'0600000000000000' AND class = " #cls " AND seq = " #seq

Test(verify, every_record_is_verified_with_the_key_of_its_time)
{
    static const struct {
        const char *name, *sql, *said;
    } rows[] = {
        {"a record after the change removed", "DELETE FROM record WHERE " B_RECORD(2, 2),
         WHOLE "; bus-b/6/track 2 missing"},
        {"the change removed", "DELETE FROM record WHERE " B_RECORD(1, 2),
         WHOLE "; bus-b/6/alert 2 missing; bus-b/6/alert 3 signer; bus-b/6/track 2 signer"},
        {"the change altered", "UPDATE record SET bytes = flip(bytes, 60) WHERE " B_RECORD(1, 2),
         WHOLE "; bus-b/6/alert 2 bad_signature; bus-b/6/alert 3 signer; bus-b/6/track 2 signer"},
        {"the alerts' signer removed", "DELETE FROM signer WHERE " B_SIGNER(1, 3),
         WHOLE "; bus-b/6/alert 3 signer"},
        {"both signers of the new key removed",
         "DELETE FROM signer WHERE " B_SIGNER(1, 3) " OR " B_SIGNER(2, 2),
         WHOLE "; bus-b/6/alert 3 signer; bus-b/6/track 2 signer"},
        {"both, and no alert after the change",
         "DELETE FROM signer WHERE " B_SIGNER(1, 3) " OR " B_SIGNER(
             2, 2) ";"
                   "DELETE FROM record WHERE " B_RECORD(1, 3),
         WHOLE "; bus-b/6/alert 3 missing; bus-b/6/track 2 signer; bus-b/6/alert 3 stray_alert"},
        {"the tracks' signer removed", "DELETE FROM signer WHERE " B_SIGNER(2, 2),
         WHOLE "; bus-b/6/track 2 signer"},
        {"the tracks' first signer removed", "DELETE FROM signer WHERE " B_SIGNER(2, 1),
         WHOLE "; bus-b/6/track 2 signer; bus-b/6/track 1 wrong_key"},
        {"a signer without a change",
         "INSERT INTO signer SELECT vehicle, stream, class, 3, division, (SELECT public_key FROM signer "
         "WHERE " B_SIGNER(2, 1) ") FROM signer WHERE " B_SIGNER(2, 2),
         WHOLE "; bus-b/6/track 3 wrong_key; bus-b/6/track 3 signer"},
        {"sealed by the old key after the change", "UPDATE signer SET from_seq = 3 WHERE " B_SIGNER(2, 2),
         WHOLE "; bus-b/6/track 2 signer; bus-b/6/track 3 signer"},
    };
    change_key_of_b();
    cr_expect_str_eq(verify_file(evidence_path, NULL), WHOLE);
    cr_expect_eq(totals.records, 32);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = after(rows[i].sql);
        cr_assert_not_null(found, "%s changed nothing", rows[i].name);
        cr_expect_str_eq(found, rows[i].said, "%s: %s", rows[i].name, found);
    }
}

Test(verify, a_change_names_a_signer_before_there_is_a_record_of_it)
{
    static const uint8_t stream[BW_STREAM_LEN] = {8};
    struct seal_key new_key;
    struct sender alerts = {"bus-b", &key_b, 8, BW_RECORD_ALERT, 0, {0}};
    struct wire_body change = {.type = WIRE_BODY_KEY, .u.key = {.track_from = 1}};
    seal_key_generate(&new_key);
    seal_key_prove(&change.u.key, "331023", "bus-b", stream, 1, key_b.public_key, &new_key);
    evidence_say(&alerts, change);
    cr_assert_eq(evidence_commit().counts[VERDICT_ACCEPTED], 1);
    cr_expect_str_eq(verify_file(evidence_path, NULL), WHOLE);
}

/* The key of bus-b is to sign TRACK from a record on that is held already. */
Test(verify, a_change_that_ingest_did_not_take_accuses_nobody)
{
    static const uint8_t stream[BW_STREAM_LEN] = {8};
    struct seal_key new_key;
    struct sender alerts = {"bus-b", &key_b, 8, BW_RECORD_ALERT, 0, {0}},
                  tracks = {"bus-b", &key_b, 8, BW_RECORD_TRACK, 0, {0}};
    struct wire_body change = {.type = WIRE_BODY_KEY, .u.key = {.track_from = 2}};
    seal_key_generate(&new_key);
    evidence_say(&tracks, track_of(1));
    evidence_say(&tracks, track_of(2));
    seal_key_prove(&change.u.key, "331023", "bus-b", stream, 1, key_b.public_key, &new_key);
    evidence_say(&alerts, change);
    cr_assert_eq(evidence_commit().unread, 1);
    cr_expect_str_eq(verify_file(evidence_path, NULL), WHOLE);
    evidence_say(&alerts, alert_of(7, BW_RAISED));
    evidence_say(&tracks, track_of(3));
    cr_assert_eq(evidence_commit().counts[VERDICT_ACCEPTED], 2);
    cr_expect_str_eq(verify_file(evidence_path, NULL), WHOLE);
}

/* --- what only a list kept elsewhere shows --- */

enum { HEADS_MAX = 8 };
static struct kept_head {
    char vehicle[BW_ID_LEN];
    struct verify_head head;
} heads[HEADS_MAX];
static size_t n_heads;

static int keep_head(void *context, const struct verify_head *head)
{
    (void)context;
    cr_assert_lt(n_heads, HEADS_MAX);
    struct kept_head *kept = &heads[n_heads++];
    (void)snprintf(kept->vehicle, sizeof kept->vehicle, "%s", head->vehicle);
    kept->head = *head;
    kept->head.vehicle = kept->vehicle;
    return 0;
}

/* "ok", "gone" or "other" for each head kept, in their order. */
static const char *against_heads(const char *path)
{
    struct store *store = NULL;
    static char text[128];
    text[0] = '\0';
    cr_assert_eq(store_open_reading(path, &store), 0);
    for (size_t i = 0; i < n_heads; i++) {
        const int found = verify_head(store, &heads[i].head);
        strcat(text, found == VERIFY_REASONS ? "ok " : found == VERIFY_HEAD_GONE ? "gone " : "other ");
        cr_expect_geq(found, 0);
    }
    store_close(store);
    return text;
}

Test(verify, heads_kept_elsewhere_show_a_tail_that_was_cut_off_or_written_anew)
{
    const struct verify_options options = {.on_head = keep_head};
    char path[80];
    (void)snprintf(path, sizeof path, "%s/copy.db", evidence_dir);
    cr_assert_eq(verify_store(evidence_store, &options, &totals), 0);
    cr_assert_eq(n_heads, 6);
    cr_expect_eq(heads[1].head.seq, 12);
    cr_expect_str_eq(heads[5].vehicle, "bus-b");
    cr_expect_str_eq(against_heads(evidence_path), "ok ok ok ok ok ok ");

    cr_expect_str_eq(
        after("DELETE FROM presence; DELETE FROM record WHERE vehicle = 'bus-b' AND class = 2 AND seq = 3;"
              "UPDATE chain SET next_seq = 3, head = (SELECT substr(bytes, 17, 16) FROM bare.record"
              " WHERE vehicle = 'bus-b' AND class = 2 AND seq = 3)"
              " WHERE vehicle = 'bus-b' AND class = 2"),
        WHOLE, "nothing in the store itself shows it");
    cr_expect_str_eq(against_heads(path), "ok ok ok ok ok gone ");

    (void)after(
        "DELETE FROM signer WHERE vehicle = 'bus-b'; UPDATE record SET bytes = forge(bytes) WHERE " A_TRACK(
            12));
    cr_expect_str_eq(against_heads(path), "ok other ok ok other other ");
}

Test(verify, a_head_is_told_only_as_far_as_the_chain_is_known)
{
    const struct verify_options options = {.on_head = keep_head};
    struct store *store = NULL;
    char path[80];
    (void)after("UPDATE record SET bytes = forge(bytes) WHERE vehicle = 'bus-b' AND class = 2 AND seq = 3");
    (void)snprintf(path, sizeof path, "%s/copy.db", evidence_dir);
    cr_assert_eq(store_open_reading(path, &store), 0);
    cr_assert_eq(verify_store(store, &options, &totals), 0);
    store_close(store);
    cr_expect_eq(n_heads, 5);
}

/* --- the store meanwhile --- */

static int accept_more(void *context, const struct verify_finding *finding)
{
    (void)finding;
    struct sender *tracks = context;
    evidence_say(tracks, track_of(tracks->seq + 1)); /* a bureau that goes on */
    cr_assert_eq(evidence_commit().counts[VERDICT_ACCEPTED], 1);
    return 0;
}

Test(verify, sees_one_moment_of_a_store_that_is_written_to)
{
    struct sender tracks = {"bus-a", &key_a, 9, BW_RECORD_TRACK, 0, {0}};
    const struct verify_options options = {.on_finding = accept_more, .context = &tracks};
    struct store *store = NULL;
    cr_assert_eq(store_open_reading(evidence_path, &store), 0);
    cr_assert_eq(verify_store(store, &options, &totals), 0);
    cr_expect_eq(totals.records, 26);
    cr_assert_eq(verify_store(store, &(struct verify_options){0}, &totals), 0);
    cr_expect_eq(totals.records, 27);
    cr_expect_eq(totals.findings, 0);
    store_close(store);
}

static int stop_at_once(void *context, const struct verify_finding *finding)
{
    (void)context, (void)finding;
    return -ECANCELED;
}

Test(verify, ends_when_it_is_told_to)
{
    const struct verify_options options = {.on_finding = stop_at_once};
    cr_expect_eq(verify_store(evidence_store, &options, &totals), -ECANCELED);
    cr_expect_eq(totals.not_held, 1);
}

Test(verify, nothing_else_is_read_as_a_store)
{
    struct store *store = NULL;
    cr_expect_eq(store_open_reading("/nonexistent/bureau.db", &store), -ENOENT);
    char path[80];
    (void)snprintf(path, sizeof path, "%s/copy.db", evidence_dir);
    (void)after("UPDATE audit SET utc_ms = 1");
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    cr_expect_eq(store_open_reading(path, &store), -EPROTONOSUPPORT, "an older one is left as it is");
    cr_expect_null(store);
}
