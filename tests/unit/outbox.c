/* The outbox on a real file: what it promises about numbering, chain, eviction, receipts and damaged files.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/outbox/file.h"
#include "gateway/outbox/outbox.h"

enum { NOW = 1000000 }; /* any instant */

static char directory[64];
static char path[96];
static struct seal_key key;
static struct outbox_config config;

static void set_up(void)
{
    cr_assert_eq(seal_init(), 0);
    strcpy(directory, "/tmp/buswarden-outbox-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/outbox.db", directory);
    seal_key_generate(&key);
    config = (struct outbox_config){.path = path, .division = "331023", .vehicle = "bus-1", .key = &key};
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(outbox, .init = set_up, .fini = tear_down);

static struct outbox *open_it(void)
{
    struct outbox *outbox;
    bool set_aside;
    cr_assert_eq(outbox_open(&config, &outbox, &set_aside), 0);
    cr_assert_not(set_aside);
    return outbox;
}

/* A damaged or foreign file must give a new, working outbox, and lie beside. */
static struct outbox *open_after_damage(void)
{
    struct outbox *outbox;
    bool set_aside = false;
    cr_assert_eq(outbox_open(&config, &outbox, &set_aside), 0);
    cr_assert(set_aside);
    return outbox;
}

static bool exists(const char *suffix)
{
    char name[128];
    struct stat st;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &st) == 0;
}

static struct bw_alert alert(uint64_t number, enum bw_phase phase)
{
    return (struct bw_alert){.kind = BW_OVERLOAD,
                             .phase = phase,
                             .severity = BW_MINOR,
                             .number = number,
                             .time_utc_ms = NOW,
                             .raised_utc_ms = NOW,
                             .evidence.overload = {.aboard = 20, .peak = 21, .capacity = 19}};
}

static void append_alerts(struct outbox *outbox, int n)
{
    for (int i = 0; i < n; i++) {
        struct bw_alert a = alert(1, i == 0 ? BW_RAISED : BW_UPDATED);
        cr_assert_eq(outbox_append_alert(outbox, &a, NOW), 0, "%s", outbox_error(outbox));
    }
}

static void append_tracks(struct outbox *outbox, int n)
{
    for (int i = 0; i < n; i++) {
        struct bw_track track = {.n = 1, .fixes[0] = {.utc_ms = NOW, .lat_deg = 29.1, .lon_deg = 121.0}};
        cr_assert_eq(outbox_append_track(outbox, &track, NOW), 0, "%s", outbox_error(outbox));
    }
}

static bool peek(struct outbox *outbox, enum bw_record_class cls, uint64_t from_seq, struct wire_record *ret)
{
    uint64_t seq;
    struct wire_bytes bytes;
    int rc = outbox_peek(outbox, cls, from_seq, &seq, &bytes);
    if (rc == -ENOENT)
        return false;
    cr_assert_eq(rc, 0, "%s", outbox_error(outbox));
    cr_assert_eq(wire_record_decode(bytes.data, bytes.len, ret), 0);
    cr_assert_eq(ret->seq, seq);
    wire_bytes_free(&bytes);
    return true;
}

/* What the bureau does: every record signed, numbered without a hole, and pointing at the one before it; a
 * gap record stands for first_seq..seq and hands on the hash of the record whose place it took. Returns how
 * many records wait. */
static int check_chain(struct outbox *outbox, enum bw_record_class cls, uint64_t from_seq,
                       uint8_t head[BW_HASH_LEN])
{
    struct wire_record record;
    int n = 0;
    for (; peek(outbox, cls, from_seq, &record); n++) {
        struct wire_body body;
        cr_assert_eq(record.cls, cls);
        cr_assert_eq(memcmp(record.stream, outbox_stream(outbox), BW_STREAM_LEN), 0);
        cr_assert(seal_record_verify(&record, config.division, config.vehicle, key.public_key));
        cr_assert_eq(memcmp(record.prev, head, BW_HASH_LEN), 0, "chain broken at %llu",
                     (unsigned long long)record.seq);
        cr_assert_eq(wire_body_decode(record.body, record.body_len, &body), 0);
        if (body.type == WIRE_BODY_GAP) {
            cr_assert_eq(body.u.gap.first_seq, from_seq);
            cr_assert_eq(body.u.gap.last_seq, record.seq);
            memcpy(head, body.u.gap.tail_hash, BW_HASH_LEN);
        } else {
            cr_assert_eq(record.seq, from_seq, "hole before %llu", (unsigned long long)record.seq);
            seal_record_hash(&record, config.division, config.vehicle, head);
        }
        from_seq = record.seq + 1;
    }
    return n;
}

static struct outbox_depth depth(struct outbox *outbox, enum bw_record_class cls)
{
    struct outbox_depth d;
    cr_assert_eq(outbox_depth(outbox, cls, &d), 0);
    return d;
}

static int receipt(struct outbox *outbox, uint64_t alert_upto, uint64_t track_upto)
{
    struct bw_receipt r = {.upto_seq = {alert_upto, track_upto}};
    memcpy(r.stream, outbox_stream(outbox), BW_STREAM_LEN);
    return outbox_receipt(outbox, &r);
}

/* ---- records ---- */

Test(outbox, a_new_outbox_is_empty_and_begins_at_one)
{
    struct outbox *outbox = open_it();
    struct wire_record record;
    for (enum bw_record_class cls = BW_RECORD_ALERT; cls <= BW_RECORD_TRACK; cls++) {
        struct outbox_depth d = depth(outbox, cls);
        cr_assert_eq(d.records, 0);
        cr_assert_eq(d.oldest_seq, 1);
        cr_assert_eq(d.next_seq, 1);
        cr_assert_eq(d.oldest_utc_ms, 0);
        cr_assert_not(peek(outbox, cls, 1, &record));
    }
    uint64_t number;
    cr_assert_eq(outbox_next_alert_number(outbox, &number), 0);
    cr_assert_eq(number, 1);
    outbox_close(outbox);
}

Test(outbox, each_class_is_numbered_and_chained_by_itself)
{
    struct outbox *outbox = open_it();
    append_alerts(outbox, 3);
    append_tracks(outbox, 5);
    append_alerts(outbox, 2);
    uint8_t head[BW_HASH_LEN] = {0};
    cr_assert_eq(check_chain(outbox, BW_RECORD_ALERT, 1, head), 5);
    memset(head, 0, sizeof head);
    cr_assert_eq(check_chain(outbox, BW_RECORD_TRACK, 1, head), 5);
    outbox_close(outbox);
}

Test(outbox, numbering_chain_and_stream_survive_closing_and_being_emptied)
{
    struct outbox *outbox = open_it();
    uint8_t stream[BW_STREAM_LEN], head[BW_HASH_LEN] = {0};
    memcpy(stream, outbox_stream(outbox), sizeof stream);
    append_tracks(outbox, 4);
    check_chain(outbox, BW_RECORD_TRACK, 1, head);
    cr_assert_eq(receipt(outbox, 0, 4), 0);
    outbox_close(outbox);

    outbox = open_it();
    cr_assert_eq(memcmp(outbox_stream(outbox), stream, sizeof stream), 0);
    cr_assert_eq(depth(outbox, BW_RECORD_TRACK).records, 0);
    append_tracks(outbox, 2);
    cr_assert_eq(check_chain(outbox, BW_RECORD_TRACK, 5, head), 2);
    outbox_close(outbox);
}

Test(outbox, what_was_appended_survives_a_kill)
{
    pid_t child = fork();
    if (child == 0) {
        struct outbox *outbox = open_it();
        append_alerts(outbox, 7);
        raise(SIGKILL);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status));
    struct outbox *outbox = open_it();
    uint8_t head[BW_HASH_LEN] = {0};
    cr_assert_eq(check_chain(outbox, BW_RECORD_ALERT, 1, head), 7);
    outbox_close(outbox);
}

Test(outbox, a_value_that_the_wire_cannot_carry_is_refused_and_leaves_nothing)
{
    struct outbox *outbox = open_it();
    struct bw_track empty = {.n = 0};
    cr_assert_eq(outbox_append_track(outbox, &empty, NOW), -EINVAL);
    cr_assert_neq(outbox_error(outbox)[0], '\0');
    cr_assert_eq(depth(outbox, BW_RECORD_TRACK).next_seq, 1);
    outbox_close(outbox);
}

/* ---- receipts ---- */

Test(outbox, a_receipt_removes_exactly_what_it_covers)
{
    struct outbox *outbox = open_it();
    append_alerts(outbox, 4);
    append_tracks(outbox, 6);
    cr_assert_eq(receipt(outbox, 1, 5), 0);
    cr_assert_eq(depth(outbox, BW_RECORD_ALERT).oldest_seq, 2);
    cr_assert_eq(depth(outbox, BW_RECORD_ALERT).records, 3);
    cr_assert_eq(depth(outbox, BW_RECORD_TRACK).oldest_seq, 6);
    cr_assert_eq(receipt(outbox, 0, 0), 0); /* nothing committed yet: nothing removed */
    cr_assert_eq(receipt(outbox, 1, 5), 0); /* repeated: no harm */
    cr_assert_eq(depth(outbox, BW_RECORD_ALERT).records, 3);
    cr_assert_eq(depth(outbox, BW_RECORD_ALERT).next_seq, 5);
    outbox_close(outbox);
}

Test(outbox, an_impossible_receipt_changes_nothing)
{
    struct outbox *outbox = open_it();
    append_alerts(outbox, 2);
    append_tracks(outbox, 2);
    struct bw_receipt foreign = {.upto_seq = {1, 1}, .stream = "another"};
    cr_assert_eq(outbox_receipt(outbox, &foreign), -ESTALE);
    cr_assert_eq(receipt(outbox, 2, 3), -EILSEQ); /* the good half must not be applied either */
    cr_assert_eq(receipt(outbox, 3, 2), -EILSEQ);
    cr_assert_eq(depth(outbox, BW_RECORD_ALERT).records, 2);
    cr_assert_eq(depth(outbox, BW_RECORD_TRACK).records, 2);
    outbox_close(outbox);
}

/* What a bureau that has taken everything up to `seq` says. */
static struct bw_receipt receipt_of(struct outbox *outbox, enum bw_record_class cls, uint64_t seq)
{
    struct wire_record record;
    struct bw_receipt r = {0};
    memcpy(r.stream, outbox_stream(outbox), BW_STREAM_LEN);
    cr_assert(peek(outbox, cls, seq, &record));
    r.upto_seq[cls - 1] = seq;
    r.has_head[cls - 1] = true;
    seal_record_hash(&record, config.division, config.vehicle, r.head[cls - 1]);
    return r;
}

Test(outbox, a_receipt_whose_head_is_ours_removes_and_one_for_what_is_gone_does_nothing)
{
    struct outbox *outbox = open_it();
    append_tracks(outbox, 5);
    const struct bw_receipt second = receipt_of(outbox, BW_RECORD_TRACK, 2),
                            fourth = receipt_of(outbox, BW_RECORD_TRACK, 4),
                            fifth = receipt_of(outbox, BW_RECORD_TRACK, 5);
    cr_assert_eq(outbox_receipt(outbox, &fourth), 0);
    cr_expect_eq(depth(outbox, BW_RECORD_TRACK).oldest_seq, 5);
    cr_expect_eq(outbox_receipt(outbox, &second), 0, "an old one, repeated by anybody");
    cr_expect_eq(outbox_receipt(outbox, &fourth), 0);
    cr_expect_eq(depth(outbox, BW_RECORD_TRACK).records, 1);
    cr_assert_eq(outbox_receipt(outbox, &fifth), 0);
    cr_expect_eq(depth(outbox, BW_RECORD_TRACK).records, 0);
    cr_expect_eq(outbox_receipt(outbox, &fifth), 0, "when nothing waits the head is still known");
    outbox_close(outbox);
}

Test(outbox, a_receipt_whose_head_is_not_ours_removes_nothing)
{
    static const uint64_t receipted[] = {0, 3, 5}; /* before it: none, up to that very record, all */
    for (size_t i = 0; i < sizeof receipted / sizeof receipted[0]; i++) {
        unlink(path);
        struct outbox *outbox = open_it();
        append_tracks(outbox, 5);
        append_alerts(outbox, 2);
        const struct bw_receipt alerts = receipt_of(outbox, BW_RECORD_ALERT, 2);
        const uint64_t last = receipted[i] == 5 ? 5 : 3;
        struct bw_receipt other = receipt_of(outbox, BW_RECORD_TRACK, last);
        cr_assert_eq(receipt(outbox, 0, receipted[i]), 0);
        other.head[1][7] ^= 1;
        other.upto_seq[0] = 2; /* the alerts' half is good */
        other.has_head[0] = true;
        memcpy(other.head[0], alerts.head[0], BW_HASH_LEN);
        cr_expect_eq(outbox_receipt(outbox, &other), -EILSEQ, "row %zu", i);
        cr_expect_eq(depth(outbox, BW_RECORD_TRACK).records, 5 - receipted[i]);
        cr_expect_eq(depth(outbox, BW_RECORD_ALERT).records, 2);
        outbox_close(outbox);
    }
}

/* A bureau that took the gap record knows the hash that it hands on; one that held the record before it was
 * evicted knows the same. */
Test(outbox, a_receipt_for_a_gap_record_names_the_hash_that_it_hands_on)
{
    config.max_track_records = 10;
    struct outbox *outbox = open_it();
    append_tracks(outbox, 30);
    struct wire_record gap, next;
    struct bw_receipt r = {0};
    cr_assert(peek(outbox, BW_RECORD_TRACK, 1, &gap));
    cr_assert(peek(outbox, BW_RECORD_TRACK, gap.seq + 1, &next));
    memcpy(r.stream, outbox_stream(outbox), BW_STREAM_LEN);
    r.has_head[1] = true;
    r.upto_seq[1] = gap.seq - 1; /* within the gap: nobody can compare */
    cr_expect_eq(outbox_receipt(outbox, &r), 0);
    r.upto_seq[1] = gap.seq;
    cr_expect_eq(outbox_receipt(outbox, &r), -EILSEQ);
    memcpy(r.head[1], next.prev, BW_HASH_LEN);
    cr_expect_eq(outbox_receipt(outbox, &r), 0);
    cr_expect_eq(depth(outbox, BW_RECORD_TRACK).oldest_seq, gap.seq + 1);
    outbox_close(outbox);
}

/* ---- a new stream ---- */

Test(outbox, a_new_stream_holds_all_that_waited_and_goes_on)
{
    config.max_track_records = 10;
    struct outbox *outbox = open_it(), *other;
    append_alerts(outbox, 3);
    append_tracks(outbox, 25);
    cr_assert_eq(receipt(outbox, 1, 0), 0);
    const struct outbox_depth tracks = depth(outbox, BW_RECORD_TRACK);
    uint8_t stream[BW_STREAM_LEN], head[BW_HASH_LEN] = {0};
    memcpy(stream, outbox_stream(outbox), sizeof stream);
    bool set_aside;
    config.attach = true;
    cr_assert_eq(outbox_open(&config, &other, &set_aside), 0);

    uint64_t left_out = 9;
    cr_assert_eq(outbox_begin_stream(other, NULL, NULL, &left_out), 0, "%s", outbox_error(other));
    cr_expect_eq(left_out, 0);
    cr_expect_arr_neq(outbox_stream(other), stream, sizeof stream);
    cr_expect_eq(check_chain(other, BW_RECORD_ALERT, 1, head), 2);
    memset(head, 0, sizeof head);
    cr_expect_eq(check_chain(other, BW_RECORD_TRACK, 1, head), (int)tracks.records);
    cr_expect_eq(depth(other, BW_RECORD_TRACK).next_seq, 26, "what was evicted is still accounted for");
    cr_expect(exists(".forked-1"));

    append_tracks(outbox, 1); /* the first handle finds out by itself */
    cr_expect_arr_eq(outbox_stream(outbox), outbox_stream(other), sizeof stream);
    memset(head, 0, sizeof head);
    cr_expect_eq(check_chain(other, BW_RECORD_TRACK, 1, head), (int)depth(other, BW_RECORD_TRACK).records);
    struct bw_alert open[4];
    size_t n = 0;
    uint64_t number = 0;
    cr_assert_eq(outbox_open_alerts(outbox, open, 4, &n), 0);
    cr_expect_eq(n, 1);
    cr_assert_eq(outbox_next_alert_number(outbox, &number), 0);
    cr_expect_eq(number, 2);
    outbox_close(other);
    outbox_close(outbox);
}

Test(outbox, a_new_stream_of_an_empty_outbox_begins_at_one)
{
    struct outbox *outbox = open_it();
    append_tracks(outbox, 3);
    cr_assert_eq(receipt(outbox, 0, 3), 0);
    uint64_t left_out;
    cr_assert_eq(outbox_begin_stream(outbox, NULL, NULL, &left_out), 0);
    uint8_t head[BW_HASH_LEN] = {0};
    append_tracks(outbox, 2);
    cr_expect_eq(check_chain(outbox, BW_RECORD_TRACK, 1, head), 2);
    outbox_close(outbox);
}

static void run_sql(const char *sql);

/* Nobody could ever send them; what waits behind them must not wait for ever. */
Test(outbox, a_new_stream_leaves_out_what_is_damaged)
{
    static const struct {
        const char *damaged;
        uint64_t left_out;
        int alerts, tracks;
    } rows[] = {{"class = 2 AND seq = 19", 1, 3, 6}, /* the oldest: 1 to 18 are gone */
                {"class = 2 AND seq = 20", 1, 3, 6},
                {"class = 2 AND seq IN (20, 21, 25)", 3, 3, 4},
                {"class = 1 AND seq = 2", 1, 2, 7},
                {"class = 1", 3, 0, 7}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[128];
        uint64_t left_out = 0;
        uint8_t head[BW_HASH_LEN] = {0};
        unlink(path);
        config.max_track_records = 0;
        struct outbox *outbox = open_it();
        append_alerts(outbox, 3);
        append_tracks(outbox, 25);
        cr_assert_eq(receipt(outbox, 0, 18), 0);
        (void)snprintf(sql, sizeof sql, "UPDATE record SET bytes = x'00' WHERE %s", rows[i].damaged);
        run_sql(sql);
        cr_assert_eq(outbox_begin_stream(outbox, NULL, NULL, &left_out), 0, "row %zu: %s", i,
                     outbox_error(outbox));
        cr_expect_eq(left_out, rows[i].left_out, "row %zu", i);
        cr_expect_eq(check_chain(outbox, BW_RECORD_ALERT, 1, head), rows[i].alerts, "row %zu", i);
        memset(head, 0, sizeof head);
        append_tracks(outbox, 1);
        cr_expect_eq(check_chain(outbox, BW_RECORD_TRACK, 1, head), rows[i].tracks + 1, "row %zu", i);
        outbox_close(outbox);
        outbox_close(open_it()); /* and it is no damaged file any more */
    }
}

static bool after_three_calls(void *context)
{
    return ++*(int *)context < 3;
}

Test(outbox, a_new_stream_that_is_not_finished_changes_nothing)
{
    struct outbox *outbox = open_it();
    append_alerts(outbox, 3);
    append_tracks(outbox, 300);
    uint8_t stream[BW_STREAM_LEN], head[BW_HASH_LEN] = {0};
    memcpy(stream, outbox_stream(outbox), sizeof stream);
    int calls = 0;
    uint64_t left_out = 9;
    cr_expect_eq(outbox_begin_stream(outbox, after_three_calls, &calls, &left_out), -ECANCELED);
    cr_expect_eq(calls, 3);
    cr_expect_eq(left_out, 9);
    cr_expect_arr_eq(outbox_stream(outbox), stream, sizeof stream);
    cr_expect_not(exists(".forked-1"), "no pile of copies");
    cr_expect_eq(check_chain(outbox, BW_RECORD_TRACK, 1, head), 300);
    outbox_close(outbox);
}

/* ---- limits ---- */

Test(outbox, a_full_track_class_keeps_its_newest_and_a_gap_record_for_the_rest)
{
    static const struct {
        uint64_t limit;
        int appended;
    } table[] = {{2, 3}, {2, 40}, {10, 10}, {10, 11}, {10, 12}, {10, 95}, {300, 301}, {300, 1000}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        config.max_track_records = table[i].limit;
        unlink(path);
        struct outbox *outbox = open_it();
        append_tracks(outbox, table[i].appended);

        uint8_t head[BW_HASH_LEN] = {0};
        const int waiting = check_chain(outbox, BW_RECORD_TRACK, 1, head);
        struct outbox_depth d = depth(outbox, BW_RECORD_TRACK);
        cr_assert_eq(d.records, (uint64_t)waiting, "row %zu", i);
        cr_assert_leq(d.records, table[i].limit, "row %zu", i);
        cr_assert_geq(d.records, table[i].limit - table[i].limit / 100 - 1, "row %zu evicts too much", i);
        cr_assert_eq(d.next_seq, (uint64_t)table[i].appended + 1, "row %zu", i);
        const uint64_t gaps = d.evicted > 0;
        cr_assert_eq(d.evicted + d.records - gaps, (uint64_t)table[i].appended,
                     "row %zu: none unaccounted for", i);
        cr_assert_eq(d.oldest_utc_ms, NOW);
        outbox_close(outbox);
    }
}

Test(outbox, after_a_receipt_a_new_gap_begins_where_the_receipt_ended)
{
    config.max_track_records = 10;
    struct outbox *outbox = open_it();
    uint8_t head[BW_HASH_LEN] = {0};
    append_tracks(outbox, 10);
    struct wire_record third;
    cr_assert(peek(outbox, BW_RECORD_TRACK, 3, &third));
    seal_record_hash(&third, config.division, config.vehicle, head);
    cr_assert_eq(receipt(outbox, 0, 3), 0);
    append_tracks(outbox, 10);
    check_chain(outbox, BW_RECORD_TRACK, 4, head); /* 4.. are evicted: prev is the hash of 3 */
    cr_assert_gt(depth(outbox, BW_RECORD_TRACK).evicted, 0);
    outbox_close(outbox);
}

Test(outbox, a_receipt_for_the_middle_of_a_gap_leaves_the_gap_record)
{
    config.max_track_records = 10;
    struct outbox *outbox = open_it();
    append_tracks(outbox, 30);
    const uint64_t gap_seq = depth(outbox, BW_RECORD_TRACK).oldest_seq;
    cr_assert_eq(receipt(outbox, 0, gap_seq - 1), 0);
    cr_assert_eq(depth(outbox, BW_RECORD_TRACK).oldest_seq, gap_seq);
    outbox_close(outbox);
}

Test(outbox, tracks_never_evict_alerts_and_full_alerts_are_an_error)
{
    config.max_track_records = 10;
    config.max_alert_records = 3;
    struct outbox *outbox = open_it();
    append_alerts(outbox, 3);
    append_tracks(outbox, 50);
    cr_assert_eq(depth(outbox, BW_RECORD_ALERT).records, 3);

    struct bw_alert fourth = alert(2, BW_RAISED);
    cr_assert_eq(outbox_append_alert(outbox, &fourth, NOW), -EDQUOT);
    cr_assert_neq(outbox_error(outbox)[0], '\0');
    struct bw_alert open[4];
    size_t n;
    cr_assert_eq(outbox_open_alerts(outbox, open, 4, &n), 0);
    cr_assert_eq(n, 1, "an alert that was not stored is not remembered either");

    cr_assert_eq(receipt(outbox, 1, 0), 0);
    cr_assert_eq(outbox_append_alert(outbox, &fourth, NOW), 0);
    outbox_close(outbox);
}

/* ---- open alerts ---- */

Test(outbox, remembers_the_last_phase_of_every_open_alert_and_the_next_number)
{
    struct outbox *outbox = open_it();
    static const struct {
        uint64_t number;
        enum bw_phase phase;
    } table[] = {{1, BW_RAISED}, {2, BW_RAISED}, {2, BW_UPDATED}, {3, BW_RAISED}, {1, BW_CLEARED}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct bw_alert a = alert(table[i].number, table[i].phase);
        cr_assert_eq(outbox_append_alert(outbox, &a, NOW), 0);
    }
    outbox_close(outbox);

    outbox = open_it();
    struct bw_alert open[4];
    size_t n = 0;
    uint64_t number = 0;
    cr_assert_eq(outbox_open_alerts(outbox, open, 4, &n), 0);
    cr_assert_eq(n, 2);
    cr_assert_eq(open[0].number, 2);
    cr_assert_eq(open[0].phase, BW_UPDATED);
    cr_assert_eq(open[0].evidence.overload.peak, 21);
    cr_assert_eq(open[1].number, 3);
    cr_assert_eq(outbox_next_alert_number(outbox, &number), 0);
    cr_assert_eq(number, 4);
    cr_assert_eq(outbox_open_alerts(outbox, open, 1, &n), -ENOBUFS);
    cr_assert_eq(n, 2, "untouched on failure");
    outbox_close(outbox);
}

/* What a newer version of the program had open must not keep an older one from starting. */
Test(outbox, an_open_alert_of_a_kind_that_this_build_does_not_know_is_left_alone)
{
    struct outbox *outbox = open_it();
    struct bw_alert known = alert(1, BW_RAISED);
    cr_assert_eq(outbox_append_alert(outbox, &known, NOW), 0);
    outbox_close(outbox);
    sqlite3 *db; /* Body.alert { kind: 99, phase: RAISED, number: 2 } */
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "INSERT INTO open_alert VALUES (2, x'0a06086310012002')", NULL, NULL, NULL),
                 SQLITE_OK);
    sqlite3_close(db);

    outbox = open_it();
    struct bw_alert open[4];
    size_t n = 0;
    cr_assert_eq(outbox_open_alerts(outbox, open, 4, &n), 0);
    cr_assert_eq(n, 1);
    cr_assert_eq(open[0].number, 1);
    outbox_close(outbox);
}

/* ---- files that are no good ---- */

static void overwrite(long offset, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "r+b");
    if (file == NULL)
        file = fopen(path, "wb");
    cr_assert_not_null(file);
    fseek(file, offset, SEEK_SET);
    cr_assert_eq(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* The record itself is there to compare, and what is damaged beside it takes nothing from that. */
Test(outbox, a_receipt_is_held_against_our_past_also_beside_a_damaged_record)
{
    static const struct {
        const char *damaged;
        bool ours;
    } rows[] = {{"4", false}, {"4", true}, {"3", false}, {"3", true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[96];
        unlink(path);
        struct outbox *outbox = open_it();
        append_tracks(outbox, 5);
        struct bw_receipt r = receipt_of(outbox, BW_RECORD_TRACK, 3);
        r.head[1][7] ^= rows[i].ours ? 0 : 1;
        (void)snprintf(sql, sizeof sql, "UPDATE record SET bytes = x'00' WHERE class = 2 AND seq = %s",
                       rows[i].damaged);
        run_sql(sql);
        cr_expect_eq(outbox_receipt(outbox, &r), rows[i].ours ? 0 : -EILSEQ, "row %zu", i);
        cr_expect_eq(depth(outbox, BW_RECORD_TRACK).records, rows[i].ours ? 2 : 5, "row %zu", i);
        outbox_close(outbox);
    }
}

static void damage_not_a_database(void)
{
    char noise[8192];
    memset(noise, 0x5a, sizeof noise);
    unlink(path);
    overwrite(0, noise, sizeof noise);
}

static void damage_page(void)
{
    char noise[20000];
    memset(noise, 0x5a, sizeof noise);
    overwrite(4096, noise, sizeof noise);
}

static void damage_truncated(void)
{
    cr_assert_eq(truncate(path, 5000), 0);
}

static void damage_foreign(void)
{
    unlink(path);
    run_sql("CREATE TABLE somebody_elses (x)");
}

static void damage_table_gone(void)
{
    run_sql("DROP TABLE open_alert");
}

static void damage_meta_gone(void)
{
    run_sql("DELETE FROM meta");
}

static void damage_open_alert(void)
{
    run_sql("INSERT INTO open_alert VALUES (9, x'ffff')"); /* a bit that flipped: SQLite has no checksums */
}

static void damage_other_version(void)
{
    run_sql("PRAGMA user_version = 99");
}

static void damage_other_vehicle(void)
{
    run_sql("UPDATE meta SET vehicle = 'bus-2'");
}

static void damage_other_key(void)
{
    run_sql("UPDATE meta SET public_key = zeroblob(32)");
}

Test(outbox, a_file_that_is_no_good_is_set_aside_and_a_new_stream_begun)
{
    void (*const damages[])(void) = {damage_not_a_database, damage_page,          damage_truncated,
                                     damage_foreign,        damage_table_gone,    damage_meta_gone,
                                     damage_other_version,  damage_other_vehicle, damage_other_key,
                                     damage_open_alert};
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct outbox *outbox;
        bool set_aside;
        uint8_t stream[BW_STREAM_LEN];
        cr_assert_eq(outbox_open(&config, &outbox, &set_aside), 0);
        memcpy(stream, outbox_stream(outbox), sizeof stream);
        append_tracks(outbox, 50);
        outbox_close(outbox);
        damages[i]();

        config.attach = true; /* a second handle leaves it alone */
        cr_assert_eq(outbox_open(&config, &outbox, &set_aside), -EBADMSG, "damage %zu", i);
        config.attach = false;

        outbox = open_after_damage();
        char suffix[32];
        snprintf(suffix, sizeof suffix, ".corrupt-%zu", i + 1);
        cr_assert(exists(suffix), "damage %zu", i);
        cr_assert_neq(memcmp(outbox_stream(outbox), stream, sizeof stream), 0, "damage %zu", i);
        cr_assert_eq(depth(outbox, BW_RECORD_TRACK).next_seq, 1);
        append_tracks(outbox, 1);
        outbox_close(outbox);
    }
}

/* One of the two key files is not there: putting it back must be enough. */
Test(outbox, a_file_in_the_midst_of_a_change_of_key_is_kept_when_a_key_is_missing)
{
    struct seal_key next;
    seal_key_generate(&next);
    config.next_key = &next;
    struct outbox *outbox = open_it();
    append_alerts(outbox, 2);
    append_tracks(outbox, 2);
    cr_assert_eq(outbox_change_key(outbox), 0);
    append_alerts(outbox, 1);
    outbox_close(outbox);

    const struct seal_key *const hands[][2] = {{&key, NULL}, {&next, NULL}};
    for (size_t i = 0; i < sizeof hands / sizeof hands[0]; i++) {
        bool set_aside = true;
        config.key = hands[i][0];
        config.next_key = hands[i][1];
        cr_expect_eq(outbox_open(&config, &outbox, &set_aside), -ENOKEY, "row %zu", i);
        cr_expect_not(set_aside);
    }
    config.key = &key;
    config.next_key = &next;
    outbox = open_it();
    cr_expect_eq(depth(outbox, BW_RECORD_TRACK).records, 2);
    outbox_close(outbox);
}

/* The old file is gone from its place: who asks must hear of it, or nobody says again what it held. */
Test(outbox, that_a_file_was_set_aside_is_told_also_when_no_new_one_can_be_made)
{
    outbox_close(open_it());
    damage_not_a_database();
    const struct rlimit none = {0, RLIM_INFINITY};
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    struct outbox *outbox = NULL;
    bool set_aside = false;
    cr_expect_neq(outbox_open(&config, &outbox, &set_aside), 0);
    cr_expect(set_aside);
    cr_expect(exists(".corrupt-1"));
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
}

/* The bureau would refuse it, and with it wait for ever for what comes after. */
Test(outbox, a_damaged_record_is_never_handed_out_and_the_next_opening_sets_the_file_aside)
{
    static const char *const damages[] = {
        "UPDATE record SET bytes = zeroblob(100) WHERE seq = 1",
        "UPDATE record SET bytes = (SELECT bytes FROM record WHERE seq = 2) WHERE seq = 1",
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct outbox *outbox;
        struct wire_bytes bytes;
        uint64_t seq;
        bool set_aside;
        cr_assert_eq(outbox_open(&config, &outbox, &set_aside), 0);
        append_tracks(outbox, 3);
        run_sql(damages[i]);
        cr_expect_eq(outbox_peek(outbox, BW_RECORD_TRACK, 1, &seq, &bytes), -EBADMSG, "damage %zu", i);
        cr_assert_eq(outbox_peek(outbox, BW_RECORD_TRACK, 2, &seq, &bytes), 0);
        wire_bytes_free(&bytes);
        outbox_close(outbox);
        outbox = open_after_damage();
        outbox_close(outbox);
    }
}

Test(outbox, setting_aside_takes_the_write_ahead_log_along)
{
    /* Left beside the new database, SQLite would take it for that one's and replay it. */
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        FILE *file = fopen(name, "w");
        cr_assert_not_null(file);
        fclose(file);
    }
    cr_assert_eq(outbox_file_set_aside(path), 0);
    for (size_t i = 0; i < 3; i++) {
        char aside[32];
        snprintf(aside, sizeof aside, ".corrupt-1%s", suffixes[i]);
        cr_assert(exists(aside), "%s", aside);
        cr_assert_not(exists(suffixes[i]));
    }
}

Test(outbox, set_aside_files_do_not_fill_the_disk)
{
    for (int i = 0; i < 20; i++) {
        damage_not_a_database();
        outbox_close(open_after_damage());
    }
    cr_assert(exists(".corrupt-16"));
    cr_assert_not(exists(".corrupt-17"));
}

Test(outbox, an_impossible_configuration_or_place_is_an_error_and_not_corruption)
{
    struct outbox *outbox;
    bool set_aside;
    config.max_track_records = 1; /* no room for a record beside the gap record */
    cr_assert_eq(outbox_open(&config, &outbox, &set_aside), -EINVAL);
    config.max_track_records = 0;
    config.path = "/nonexistent/outbox.db";
    cr_assert_eq(outbox_open(&config, &outbox, &set_aside), -ENOENT);
    config.path = path;
    config.attach = true;
    cr_assert_eq(outbox_open(&config, &outbox, &set_aside), -ENOENT);
    cr_assert_not(exists(""), "attaching makes no file");
}

/* ---- two processes ---- */

Test(outbox, a_second_process_is_refused_and_the_lock_dies_with_the_first)
{
    struct outbox *outbox;
    bool set_aside;
    int ready[2];
    char byte;
    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        open_it();
        (void)!write(ready[1], "x", 1);
        pause();
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_expect_eq(outbox_open(&config, &outbox, &set_aside), -EALREADY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    outbox = open_it();
    outbox_close(outbox);
    outbox = open_it(); /* closing gives it back as well */
    outbox_close(outbox);
}

/* ---- two handles ---- */

enum { RACE_RECORDS = 300 };

static void *append_race(void *outbox)
{
    append_tracks(outbox, RACE_RECORDS);
    return NULL;
}

Test(outbox, one_thread_appends_while_another_reads_and_takes_receipts)
{
    struct outbox *writer = open_it(), *reader;
    bool set_aside;
    config.attach = true;
    cr_assert_eq(outbox_open(&config, &reader, &set_aside), 0);

    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, append_race, writer), 0);
    uint8_t head[BW_HASH_LEN] = {0};
    int seen = 0;
    while (seen < RACE_RECORDS) {
        seen += check_chain(reader, BW_RECORD_TRACK, (uint64_t)seen + 1, head);
        cr_assert_eq(receipt(reader, 0, (uint64_t)seen), 0, "%s", outbox_error(reader));
    }
    pthread_join(thread, NULL);
    cr_assert_eq(depth(writer, BW_RECORD_TRACK).records, 0);
    outbox_close(reader);
    outbox_close(writer);
}
