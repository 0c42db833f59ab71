/* A vehicle changes its key, from its outbox to the bureau's store and verify, without a network between:
 * whatever is lost, repeated, evicted, forked or cut off on the way, no record is refused and the evidence is
 * whole. */
#include "bureau/verify/verify.h"
#include "gateway/outbox/outbox.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <time.h>
#include <unistd.h>

#include "fixture_evidence.h"

/* --- the vehicle: two key files and an outbox --- */

static struct seal_key key, next_key;
static bool has_next; /* the second file is there */
static struct outbox *outbox;
static struct outbox_config config;
static char outbox_path[96];
static uint64_t alerts_made, tracks_made, set_asides;

static void open_outbox(void)
{
    bool set_aside = false;
    config = (struct outbox_config){.path = outbox_path,
                                    .division = "331023",
                                    .vehicle = "bus-a",
                                    .key = &key,
                                    .next_key = has_next ? &next_key : NULL,
                                    .max_track_records = 12,
                                    .reserve_bytes = 4096};
    cr_assert_eq(outbox_open(&config, &outbox, &set_aside), 0);
    set_asides += set_aside;
}

static void restart(void)
{
    outbox_close(outbox);
    open_outbox();
}

static void open_vehicle(void)
{
    evidence_open();
    key = key_a;
    (void)snprintf(outbox_path, sizeof outbox_path, "%s/outbox.db", evidence_dir);
    open_outbox();
}

static void close_vehicle(void)
{
    outbox_close(outbox);
    evidence_close();
}

TestSuite(rekey, .init = open_vehicle, .fini = close_vehicle);

static void say_alert(void)
{
    const uint64_t n = ++alerts_made;
    struct bw_alert alert = alert_of(n, BW_RAISED).u.alert;
    alert.time_utc_ms += (int64_t)n;
    cr_assert_eq(outbox_append_alert(outbox, &alert, 1), 0, "%s", outbox_error(outbox));
}

static void say_track(void)
{
    const struct bw_track track = track_of(++tracks_made).u.track;
    cr_assert_eq(outbox_append_track(outbox, &track, 1), 0, "%s", outbox_error(outbox));
}

/* The command: a second key file. */
static void ask_for_change(void)
{
    if (has_next)
        return;
    seal_key_generate(&next_key);
    has_next = true;
    restart();
}

static void begin_stream(void)
{
    uint64_t left_out;
    cr_assert_eq(outbox_begin_stream(outbox, NULL, NULL, &left_out), 0, "%s", outbox_error(outbox));
    cr_assert_eq(left_out, 0);
}

/* What the agent does once a second. cut: the power goes before the new file takes the old one's place. */
static bool take_step(bool cut)
{
    const int over = outbox_change_key(outbox);
    cr_assert_geq(over, 0, "%s", outbox_error(outbox));
    if (over == 1 && has_next && !cut) {
        outbox_close(outbox);
        key = next_key;
        has_next = false;
        open_outbox();
    }
    return over == 1;
}

/* --- the way --- */

static unsigned refused; /* records that the bureau refused, or did not understand */
static char why[BATCH_REASON_LEN];

static void carry(enum bw_record_class cls, int max)
{
    struct outbox_depth depth;
    cr_assert_eq(outbox_depth(outbox, cls, &depth), 0);
    uint64_t from_seq = depth.oldest_seq;
    struct sender sender = {.vehicle = "bus-a", .cls = cls};
    for (int i = 0; i < max; i++) {
        struct wire_record record;
        struct wire_bytes bytes;
        const int rc = outbox_peek(outbox, cls, from_seq, &from_seq, &bytes);
        if (rc == -ENOENT)
            return;
        cr_assert_eq(rc, 0, "%s", outbox_error(outbox));
        cr_assert_eq(wire_record_decode(bytes.data, bytes.len, &record), 0);
        wire_bytes_free(&bytes);
        evidence_send(&sender, &record);
        from_seq++;
    }
}

static void take_receipts(void)
{
    const struct batch_receipt *receipts;
    const size_t n = batch_receipts(evidence_batch, &receipts);
    for (size_t i = 0; i < n; i++) {
        struct bw_receipt receipt = {.upto_seq = {receipts[i].upto_seq[0], receipts[i].upto_seq[1]},
                                     .has_head = {receipts[i].has_head[0], receipts[i].has_head[1]}};
        memcpy(receipt.stream, receipts[i].stream, BW_STREAM_LEN);
        memcpy(receipt.head, receipts[i].head, sizeof receipt.head);
        const int rc = outbox_receipt(outbox, &receipt);
        cr_assert(rc == 0 || rc == -ESTALE, "%s", outbox_error(outbox));
    }
}

static void deliver(int max, bool receipt_arrives)
{
    struct outbox_depth depths[2];
    struct batch_outcome outcome;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(outbox_depth(outbox, (enum bw_record_class)(i + 1), &depths[i]), 0);
    struct batch_item *item = evidence_item("bus-a", TOPIC_PRESENCE);
    item->presence = (struct bw_presence){.online = true,
                                          .oldest_seq = {depths[0].oldest_seq, depths[1].oldest_seq},
                                          .next_seq = {depths[0].next_seq, depths[1].next_seq}};
    memcpy(item->presence.stream, outbox_stream(outbox), BW_STREAM_LEN);
    batch_keep(evidence_batch);
    carry(BW_RECORD_ALERT, max);
    carry(BW_RECORD_TRACK, max);
    cr_assert_eq(batch_apply(evidence_batch, evidence_store, evidence_vehicles, evidence_mono_ms++,
                             evidence_utc_ms, &outcome),
                 0);
    const uint64_t bad = outcome.counts[VERDICT_BAD_SIGNATURE] + outcome.counts[VERDICT_CONFLICT] +
                         outcome.counts[VERDICT_OUT_OF_ORDER] + outcome.unread;
    if (bad > 0)
        memcpy(why, outcome.reason, sizeof why);
    refused += (unsigned)bad;
    if (receipt_arrives)
        take_receipts();
    batch_clear(evidence_batch);
}

static uint64_t waiting(void)
{
    struct outbox_depth alerts, tracks;
    cr_assert_eq(outbox_depth(outbox, BW_RECORD_ALERT, &alerts), 0);
    cr_assert_eq(outbox_depth(outbox, BW_RECORD_TRACK, &tracks), 0);
    return alerts.records + tracks.records;
}

enum { TEXT_MAX = 1024 };

static int tell_finding(void *context, const struct verify_finding *finding)
{
    char *text = context;
    const size_t n = strlen(text);
    if (finding->reason != VERIFY_NOT_HELD)
        (void)snprintf(text + n, TEXT_MAX - n, "%02x/%d %" PRIu64 " %s; ", finding->chain.stream[0],
                       (int)finding->chain.cls, finding->seq, verify_reason_name(finding->reason));
    return 0;
}

static const char *findings(void)
{
    static char text[TEXT_MAX];
    const struct verify_options options = {.on_finding = tell_finding, .context = text};
    struct verify_totals totals;
    text[0] = '\0';
    cr_assert_eq(verify_store(evidence_store, &options, &totals), 0);
    return text;
}

/* All arrives in the end, under the new key alone, and is whole. */
static void expect_whole(const char *what)
{
    uint8_t in_force[BW_PUBLIC_KEY_LEN];
    for (int i = 0; i < 8 && (waiting() > 0 || has_next); i++) {
        deliver(30, true);
        (void)take_step(false);
    }
    cr_expect_eq(waiting(), 0, "%s: %" PRIu64 " still wait; refused: %s", what, waiting(), why);
    cr_expect_not(has_next, "%s: the old key is still needed", what);
    cr_expect_eq(refused, 0, "%s: %s", what, why);
    cr_assert_eq(store_vehicle_key(evidence_store, "bus-a", in_force), 0);
    cr_expect_arr_eq(in_force, key.public_key, BW_PUBLIC_KEY_LEN, "%s", what);
    cr_expect_str_empty(findings(), "%s", what);
}

/* --- one thing at a time --- */

Test(rekey, while_records_wait_without_a_connection)
{
    const struct seal_key before = key;
    say_alert();
    say_track();
    deliver(30, true);
    for (int i = 0; i < 3; i++)
        say_alert();
    for (int i = 0; i < 5; i++)
        say_track();
    ask_for_change();
    say_alert();
    say_track();
    cr_expect_not(take_step(false));
    deliver(30, true); /* as far as the change */
    cr_expect_eq(waiting(), 2, "what the new key signed waits until the bureau has the change");
    expect_whole("offline");
    cr_expect_arr_neq(key.public_key, before.public_key, BW_PUBLIC_KEY_LEN);
    say_alert();
    expect_whole("and on");
}

Test(rekey, with_an_empty_outbox_and_again_and_again)
{
    for (int i = 0; i < 3; i++) {
        ask_for_change();
        expect_whole("change");
    }
}

/* A chain takes 31. */
Test(rekey, any_number_of_times)
{
    uint8_t stream[BW_STREAM_LEN];
    unsigned streams = 1;
    memcpy(stream, outbox_stream(outbox), BW_STREAM_LEN);
    for (unsigned i = 1; i <= 70; i++) {
        char what[32];
        (void)snprintf(what, sizeof what, "change %u", i);
        say_alert();
        say_track();
        ask_for_change();
        streams += memcmp(stream, outbox_stream(outbox), BW_STREAM_LEN) != 0;
        memcpy(stream, outbox_stream(outbox), BW_STREAM_LEN);
        say_alert();
        expect_whole(what);
        cr_assert_eq(refused, 0);
    }
    cr_expect_eq(streams, 5, "one for 16 changes, and no more: %u", streams);
    cr_expect_eq(set_asides, 0);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(outbox_path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    (void)sqlite3_close(db);
}

/* What is damaged is kept for who can read it; a change that would lock the vehicle out is not begun. */
Test(rekey, not_once_too_often_when_no_new_stream_can_be_begun)
{
    uint8_t stream[BW_STREAM_LEN];
    memcpy(stream, outbox_stream(outbox), BW_STREAM_LEN);
    for (int i = 0; i < 3; i++)
        say_track();
    run_sql("INSERT OR REPLACE INTO key_count VALUES (1, 31);"
            "UPDATE record SET bytes = zeroblob(100) WHERE class = 2 AND seq = 2");
    ask_for_change();
    cr_expect_eq(outbox_change_key(outbox), -EMLINK);
    cr_expect_arr_eq(outbox_stream(outbox), stream, BW_STREAM_LEN);
    cr_expect_eq(waiting(), 3, "all three are there");
    run_sql("UPDATE key_count SET changes = 30");
    cr_expect_eq(outbox_change_key(outbox), 0, "one more may be");
    cr_expect_eq(waiting(), 4);
}

Test(rekey, what_is_evicted_is_signed_by_the_key_of_its_place)
{
    for (int i = 0; i < 12; i++)
        say_track();
    ask_for_change();
    for (int i = 0; i < 5; i++) {
        say_track();
        say_alert();
    }
    restart();
    expect_whole("evicted before the change");
    ask_for_change();
    for (int i = 0; i < 30; i++)
        say_track();
    expect_whole("evicted across the change");
}

Test(rekey, the_receipt_for_it_is_lost)
{
    say_alert();
    ask_for_change();
    deliver(30, false);
    say_alert();
    say_track();
    restart();
    expect_whole("lost receipt");
}

Test(rekey, the_power_goes_when_all_is_done_but_the_file)
{
    ask_for_change();
    say_track();
    for (int i = 0; i < 3; i++) {
        deliver(30, true);
        (void)take_step(true);
        restart();
        say_alert();
        say_track();
    }
    cr_expect(has_next);
    expect_whole("power cut");
}

static void lose_outbox(void)
{
    outbox_close(outbox);
    FILE *file = fopen(outbox_path, "r+b");
    cr_assert_not_null(file);
    cr_assert_geq(fputs("this was a database once", file), 0);
    cr_assert_eq(fclose(file), 0);
    open_outbox();
}

Test(rekey, the_outbox_is_lost_at_any_point_of_it)
{
    for (int point = 0; point < 5; point++) {
        say_alert();
        say_track();
        ask_for_change();
        if (point >= 1)
            say_alert();
        if (point >= 2)
            deliver(30, point >= 3); /* 2: the bureau has the change, the vehicle does not know it */
        if (point >= 4) {
            deliver(30, true);
            (void)take_step(true);
        }
        lose_outbox();
        say_alert();
        say_track();
        expect_whole("lost");
    }
    cr_expect_eq(set_asides, 5);
}

Test(rekey, the_past_forks_at_any_point_of_it)
{
    for (int point = 0; point < 4; point++) {
        say_alert();
        say_track();
        say_alert();
        ask_for_change();
        say_alert();
        say_track();
        if (point >= 1)
            deliver(point == 1 ? 1 : 30, false);
        if (point >= 3)
            deliver(30, true);
        begin_stream();
        say_alert();
        say_track();
        restart();
        expect_whole("forked");
    }
}

/* --- a key that is not in force any more --- */

/* Ingest remembers a vehicle for seconds; meanwhile another process revokes its key, or enrols it again. */
Test(rekey, a_key_that_was_revoked_a_moment_ago_is_not_brought_back_by_its_change)
{
    uint8_t in_force[BW_PUBLIC_KEY_LEN];
    say_alert();
    deliver(30, true);
    cr_assert_eq(store_vehicle_key_revoke(evidence_store, "bus-a", evidence_utc_ms), 0);
    ask_for_change();
    deliver(30, true);
    cr_expect_eq(store_vehicle_key(evidence_store, "bus-a", in_force), -ENOENT);
    cr_expect_eq(store_vehicle_key_known(evidence_store, "bus-a", next_key.public_key), 0);
    cr_expect_eq(waiting(), 1, "the change has no receipt");
    cr_expect_str_empty(findings());
}

Test(rekey, a_key_that_was_enrolled_a_moment_ago_is_not_written_over_by_a_change_of_the_one_before)
{
    uint8_t in_force[BW_PUBLIC_KEY_LEN];
    struct seal_key enrolled;
    seal_key_generate(&enrolled);
    say_alert();
    deliver(30, true);
    cr_assert_eq(store_vehicle_key_set(evidence_store, "bus-a", enrolled.public_key), 0);
    ask_for_change();
    deliver(30, true);
    cr_assert_eq(store_vehicle_key(evidence_store, "bus-a", in_force), 0);
    cr_expect_arr_eq(in_force, enrolled.public_key, BW_PUBLIC_KEY_LEN);
    cr_expect_eq(waiting(), 1, "the change has no receipt");
    cr_expect_str_empty(findings());
}

/* --- anything at any time --- */

static uint64_t dice;

static unsigned roll(unsigned sides) /* splitmix64 */
{
    uint64_t z = (dice += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (unsigned)((z ^ (z >> 31)) % sides);
}

static void do_anything(void)
{
    const unsigned what = roll(64);
    if (what < 4)
        ask_for_change();
    else if (what < 8)
        restart();
    else if (what < 9)
        lose_outbox();
    else if (what < 10)
        begin_stream();
    else if (what < 18)
        deliver(1 + (int)roll(4), roll(3) > 0);
    else if (what < 22)
        deliver(30, roll(2) > 0);
    else if (what < 30)
        (void)take_step(roll(3) == 0);
    else if (what < 40)
        say_alert();
    else
        say_track();
    if (waiting() > 28)
        deliver(30, true);
}

Test(rekey, in_any_order_of_events_the_evidence_is_whole)
{
    const char *given = getenv("SEED");
    const uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    char what[64];
    (void)snprintf(what, sizeof what, "SEED=%" PRIu64, seed);
    dice = seed;
    for (int i = 0; i < 600 && refused == 0; i++)
        do_anything();
    expect_whole(what);
}
