/* One transaction of ingest against a store that the test plays: what is kept, what is due as a receipt, and
 * that a store which fails at any call leaves nothing behind. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bureau/ingest/batch.h"
#include "bureau/store/cases.h"
#include "proto/seal.h"

/* --- the store, played --- */

enum { ROWS_MAX = 32 };

struct row {
    uint8_t stream[BW_STREAM_LEN];
    enum bw_record_class cls;
    uint64_t seq;
    uint8_t bytes[WIRE_RECORD_MAX];
    size_t len;
};

struct chain_row {
    uint8_t stream[BW_STREAM_LEN];
    enum bw_record_class cls;
    struct store_chain chain;
};

struct signer_row {
    uint8_t stream[BW_STREAM_LEN];
    enum bw_record_class cls;
    struct store_signer signer;
};

static struct played {
    int calls, fail_at; /* the call that fails; 0 = none */
    int transactions, commits, rollbacks, loads, events, cases;
    bool registered, has_key;
    uint8_t key[BW_PUBLIC_KEY_LEN]; /* in force */
    uint8_t former[BW_PUBLIC_KEY_LEN];
    char audit[256];
    int64_t presence_utc_ms;
    struct bw_presence presence;
    bool seen;
    size_t n_trips;
    uint64_t trip_seq; /* of the last one, and when it began */
    int64_t begun_utc_ms;
    size_t n_rows, n_chains;
    struct row rows[ROWS_MAX];
    struct chain_row chains[ROWS_MAX];
    size_t n_signers;
    struct signer_row signers[ROWS_MAX];
} played;

static int fails(void)
{
    return ++played.calls == played.fail_at ? -EIO : 0;
}

int store_begin(struct store *store)
{
    (void)store;
    const int error = fails();
    played.transactions += error == 0;
    return error;
}

int store_commit(struct store *store)
{
    (void)store;
    const int error = fails();
    played.commits += error == 0;
    return error;
}

void store_rollback(struct store *store)
{
    (void)store;
    played.rollbacks++;
}

const char *store_error(const struct store *store)
{
    (void)store;
    return "the disk is full";
}

static struct chain_row *find_chain(const uint8_t stream[BW_STREAM_LEN], enum bw_record_class cls)
{
    for (size_t i = 0; i < played.n_chains; i++)
        if (played.chains[i].cls == cls && memcmp(played.chains[i].stream, stream, BW_STREAM_LEN) == 0)
            return &played.chains[i];
    return NULL;
}

int store_chain_get(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                    enum bw_record_class cls, struct store_chain *ret)
{
    (void)store, (void)vehicle;
    const struct chain_row *row = find_chain(stream, cls);
    if (fails() != 0)
        return -EIO;
    if (row == NULL)
        return -ENOENT;
    *ret = row->chain;
    return 0;
}

int store_chain_put(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                    enum bw_record_class cls, const struct store_chain *chain)
{
    (void)store, (void)vehicle;
    if (fails() != 0)
        return -EIO;
    struct chain_row *row = find_chain(stream, cls);
    if (row == NULL) {
        cr_assert_lt(played.n_chains, ROWS_MAX);
        row = &played.chains[played.n_chains++];
    }
    row->cls = cls;
    row->chain = *chain;
    memcpy(row->stream, stream, BW_STREAM_LEN);
    return 0;
}

int store_signers(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                  enum bw_record_class cls, struct store_signers *ret)
{
    (void)store, (void)vehicle;
    if (fails() != 0)
        return -EIO;
    *ret = (struct store_signers){0};
    for (size_t i = 0; i < played.n_signers; i++)
        if (played.signers[i].cls == cls && memcmp(played.signers[i].stream, stream, BW_STREAM_LEN) == 0)
            ret->of[ret->n++] = played.signers[i].signer;
    return 0;
}

int store_signer_add(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     enum bw_record_class cls, const struct store_signer *signer)
{
    (void)store, (void)vehicle;
    if (fails() != 0)
        return -EIO;
    cr_assert_lt(played.n_signers, ROWS_MAX);
    struct signer_row *row = &played.signers[played.n_signers++];
    *row = (struct signer_row){.cls = cls, .signer = *signer};
    memcpy(row->stream, stream, BW_STREAM_LEN);
    return 0;
}

int store_vehicle_key_known(struct store *store, const char *vehicle, const uint8_t known[BW_PUBLIC_KEY_LEN])
{
    (void)store, (void)vehicle;
    if (fails() != 0)
        return -EIO;
    return memcmp(known, played.former, BW_PUBLIC_KEY_LEN) == 0;
}

int store_vehicle_keys(struct store *store, const char *vehicle, store_key_fn fn, void *context)
{
    (void)store;
    if (fails() != 0)
        return -EIO;
    const int rc = fn(context, vehicle, "", played.key);
    return rc != 0 ? rc : fn(context, vehicle, "", played.former);
}

int store_vehicle_key_change(struct store *store, const char *vehicle,
                             const uint8_t newest[BW_PUBLIC_KEY_LEN])
{
    (void)store, (void)vehicle;
    if (fails() != 0)
        return -EIO;
    memcpy(played.former, played.key, BW_PUBLIC_KEY_LEN);
    memcpy(played.key, newest, BW_PUBLIC_KEY_LEN);
    return 0;
}

int store_record_add(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     enum bw_record_class cls, uint64_t seq, const uint8_t *bytes, size_t len,
                     int64_t received_utc_ms)
{
    (void)store, (void)vehicle, (void)received_utc_ms;
    if (fails() != 0)
        return -EIO;
    cr_assert_lt(played.n_rows, ROWS_MAX);
    struct row *row = &played.rows[played.n_rows++];
    *row = (struct row){.cls = cls, .seq = seq, .len = len};
    memcpy(row->stream, stream, BW_STREAM_LEN);
    memcpy(row->bytes, bytes, len);
    return 0;
}

int store_record_get(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     enum bw_record_class cls, uint64_t seq, uint8_t **ret, size_t *ret_len)
{
    (void)store, (void)vehicle;
    if (fails() != 0)
        return -EIO;
    for (size_t i = 0; i < played.n_rows; i++) {
        const struct row *row = &played.rows[i];
        if (row->cls != cls || row->seq != seq || memcmp(row->stream, stream, BW_STREAM_LEN) != 0)
            continue;
        uint8_t *copy = malloc(row->len);
        cr_assert_not_null(copy);
        memcpy(copy, row->bytes, row->len);
        *ret = copy;
        *ret_len = row->len;
        return 0;
    }
    return -ENOENT;
}

int store_alert_apply(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                      uint64_t of_seq, const struct bw_alert *alert, int64_t received_utc_ms,
                      int64_t *ret_event)
{
    (void)store, (void)vehicle, (void)stream, (void)of_seq, (void)alert, (void)received_utc_ms;
    if (fails() != 0)
        return -EIO;
    *ret_event = 100 + ++played.events;
    return 0;
}

int store_case_on_alert(struct store *store, const struct case_policy *policy, const char *vehicle,
                        const struct bw_alert *alert, int64_t event, int64_t received_utc_ms)
{
    (void)store, (void)vehicle, (void)alert, (void)received_utc_ms;
    if (fails() != 0)
        return -EIO;
    cr_expect_eq(policy, &CASE_POLICY_DEFAULT);
    cr_expect_eq(event, 100 + played.events, "of the phase that was just kept");
    played.cases++;
    return 0;
}

int store_trip_apply(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     uint64_t of_seq, const struct bw_trip *trip, int64_t received_utc_ms)
{
    (void)store, (void)vehicle, (void)stream, (void)received_utc_ms;
    if (fails() != 0)
        return -EIO;
    played.n_trips++;
    played.trip_seq = of_seq;
    played.begun_utc_ms = trip->begun_utc_ms;
    return 0;
}

int store_presence_put(struct store *store, const char *vehicle, const struct bw_presence *presence,
                       int64_t received_utc_ms)
{
    (void)store, (void)vehicle;
    if (fails() != 0)
        return -EIO;
    played.seen = true;
    played.presence = *presence;
    played.presence_utc_ms = received_utc_ms;
    return 0;
}

int store_vehicles(struct store *store, const char *school, const char *vehicle, store_vehicle_fn fn,
                   void *context)
{
    (void)school;
    (void)store;
    const struct store_vehicle row = {.vehicle = vehicle,
                                      .plate = "",
                                      .school = "",
                                      .division = "331023",
                                      .seen = played.seen,
                                      .presence = played.presence};
    played.loads++;
    if (fails() != 0)
        return -EIO;
    return played.registered ? fn(context, &row) : 0;
}

int store_vehicle_key(struct store *store, const char *vehicle, uint8_t ret_key[BW_PUBLIC_KEY_LEN])
{
    (void)store, (void)vehicle;
    if (fails() != 0)
        return -EIO;
    if (!played.has_key)
        return -ENOENT;
    memcpy(ret_key, played.key, BW_PUBLIC_KEY_LEN);
    return 0;
}

int store_audit(struct store *store, const char *who, const char *action, const char *subject, int64_t utc_ms)
{
    (void)store, (void)utc_ms;
    if (fails() != 0)
        return -EIO;
    (void)snprintf(played.audit, sizeof played.audit, "%s %s %s", who, action, subject);
    return 0;
}

/* --- a batch, and records for it --- */

static const int64_t now_utc_ms = 1789000000000;
static int64_t now_ms = 1000000;
static struct batch *batch;
static struct vehicles *vehicles;
static struct seal_key key;

static void set_up(void)
{
    cr_assert_eq(seal_init(), 0);
    seal_key_generate(&key);
    cr_assert_eq(batch_create(8, &CASE_POLICY_DEFAULT, &batch), 0);
    cr_assert_eq(vehicles_create(&vehicles), 0);
    played = (struct played){.registered = true, .has_key = true};
    memcpy(played.key, key.public_key, BW_PUBLIC_KEY_LEN);
}

static void tear_down(void)
{
    batch_free(batch);
    vehicles_free(vehicles);
}

/* A vehicle's own sequence of records in one class: the next one goes into the batch, `skip` are lost on the
 * way. */
struct sender {
    enum bw_record_class cls;
    uint8_t stream;
    uint64_t seq;
    uint8_t head[BW_HASH_LEN];
    const struct seal_key *by; /* NULL = key */
};

static const struct wire_body alert = {.type = WIRE_BODY_ALERT,
                                       .u.alert = {.kind = BW_OVERLOAD,
                                                   .phase = BW_RAISED,
                                                   .number = 1,
                                                   .evidence.overload = {.aboard = 20, .capacity = 18}}};
static const struct wire_body trip = {
    .type = WIRE_BODY_TRIP, .u.trip = {.begun_utc_ms = 1789000000000, .ended_utc_ms = 1789002400000}};
static const struct wire_body track = {.type = WIRE_BODY_TRACK,
                                       .u.track = {.n = 1, .fixes = {{.utc_ms = 1}}}};

static void make_body(struct sender *sender, const struct wire_body *said, struct batch_item *item)
{
    *item = (struct batch_item){.topic = {.division = "331023", .vehicle = "bus-a"}};
    item->topic.channel = sender->cls == BW_RECORD_ALERT ? TOPIC_ALERT : TOPIC_TRACK;
    item->body = *said;
    item->record = (struct wire_record){.stream = {sender->stream}, .cls = sender->cls, .seq = ++sender->seq};
    memcpy(item->record.prev, sender->head, BW_HASH_LEN);
    struct wire_bytes body;
    cr_assert_eq(wire_body_encode(&item->body, &body), 0);
    memcpy(item->record.body, body.data, body.len);
    item->record.body_len = body.len;
    wire_bytes_free(&body);
    seal_record_sign(&item->record, "331023", "bus-a", sender->by != NULL ? sender->by : &key);
    seal_record_hash(&item->record, "331023", "bus-a", sender->head);
    cr_assert_eq(wire_record_encode(&item->record, &item->bytes), 0);
}

static void make_next(struct sender *sender, struct batch_item *item)
{
    make_body(sender, sender->cls == BW_RECORD_ALERT ? &alert : &track, item);
}

static void send_next(struct sender *sender)
{
    make_next(sender, batch_next(batch));
    batch_keep(batch);
}

static void lose_next(struct sender *sender)
{
    struct batch_item item;
    make_next(sender, &item);
    wire_bytes_free(&item.bytes);
}

static void send_presence(uint64_t oldest_track_seq, bool retained, int64_t time_utc_ms)
{
    struct batch_item *item = batch_next(batch);
    *item = (struct batch_item){
        .topic = {.division = "331023", .vehicle = "bus-a", .channel = TOPIC_PRESENCE},
        .retained = retained,
        .presence = {
            .online = true, .stream = {9}, .time_utc_ms = time_utc_ms, .oldest_seq = {1, oldest_track_seq}}};
    batch_keep(batch);
}

static int apply(struct batch_outcome *ret)
{
    return batch_apply(batch, NULL, vehicles, now_ms, now_utc_ms, ret);
}

/* --- what is kept, and what is due --- */

Test(batch, keeps_records_and_owes_one_cumulative_receipt_a_stream, .init = set_up, .fini = tear_down)
{
    struct sender alerts = {.cls = BW_RECORD_ALERT, .stream = 9},
                  tracks = {.cls = BW_RECORD_TRACK, .stream = 9},
                  older = {.cls = BW_RECORD_TRACK, .stream = 4};
    struct batch_outcome outcome;
    const struct batch_receipt *receipts;
    send_next(&alerts);
    send_next(&tracks);
    send_next(&older);
    send_next(&tracks);
    send_next(&alerts);
    send_next(&tracks);
    cr_assert_eq(apply(&outcome), 0);
    cr_expect_eq(outcome.counts[VERDICT_ACCEPTED], 6);
    cr_expect_eq(played.n_rows, 6);
    cr_expect_eq(played.commits, 1);
    cr_expect_eq(outcome.last_event, 102, "two alert events, the newest is named");
    cr_assert_eq(batch_receipts(batch, &receipts), 2);
    cr_expect_eq(receipts[0].upto_seq[0], 2);
    cr_expect_eq(receipts[0].upto_seq[1], 3);
    cr_expect_eq(receipts[1].upto_seq[0], 0, "no alert of that stream is held");
    cr_expect_eq(receipts[1].upto_seq[1], 1);
    cr_expect(receipts[0].progress && receipts[1].progress);
}

static void send_body(struct sender *sender, const struct wire_body *body)
{
    make_body(sender, body, batch_next(batch));
    batch_keep(batch);
}

Test(batch, a_trip_is_applied_with_its_record_and_is_no_event, .init = set_up, .fini = tear_down)
{
    struct sender alerts = {.cls = BW_RECORD_ALERT, .stream = 9}, again = alerts, tracks = alerts;
    struct batch_outcome outcome;
    send_body(&alerts, &trip);
    send_body(&again, &trip); /* the same record once more */
    cr_assert_eq(apply(&outcome), 0);
    cr_expect_eq(outcome.counts[VERDICT_ACCEPTED], 1, "%s", outcome.reason);
    cr_expect_eq(outcome.counts[VERDICT_DUPLICATE], 1);
    cr_expect_eq(outcome.last_event, 0);
    cr_expect_eq(played.n_trips, 1);
    cr_expect_eq(played.trip_seq, 1);
    cr_expect_eq(played.begun_utc_ms, 1789000000000);
    batch_clear(batch);

    tracks.cls = BW_RECORD_TRACK; /* where no trip belongs: kept, and not understood */
    send_body(&tracks, &trip);
    struct batch_item *item = batch_next(batch) - 1;
    cr_assert_eq(judge_body(&item->record, &item->body), 0);
    cr_assert_eq(apply(&outcome), 0);
    cr_expect_eq(outcome.counts[VERDICT_ACCEPTED], 1, "%s", outcome.reason);
    cr_expect_eq(outcome.unread, 1);
    cr_expect_eq(played.n_trips, 1);
}

Test(batch, what_is_held_or_early_is_answered_but_not_kept, .init = set_up, .fini = tear_down)
{
    struct sender tracks = {.cls = BW_RECORD_TRACK, .stream = 9};
    struct batch_outcome outcome;
    const struct batch_receipt *receipts;
    send_next(&tracks);
    cr_assert_eq(apply(&outcome), 0);
    batch_clear(batch);

    struct sender again = {.cls = BW_RECORD_TRACK, .stream = 9};
    make_next(&again, batch_next(batch));
    batch_keep(batch);
    lose_next(&tracks);
    send_next(&tracks);
    cr_assert_eq(apply(&outcome), 0);
    cr_expect_eq(outcome.counts[VERDICT_DUPLICATE], 1);
    cr_expect_eq(outcome.counts[VERDICT_OUT_OF_ORDER], 1);
    cr_expect_eq(played.n_rows, 1);
    cr_assert_eq(batch_receipts(batch, &receipts), 1);
    cr_expect_eq(receipts[0].upto_seq[1], 1);
    cr_expect_not(receipts[0].progress);
    cr_expect_str_empty(outcome.reason);
}

Test(batch, a_conflict_is_named_and_answered_with_what_is_held, .init = set_up, .fini = tear_down)
{
    struct sender tracks = {.cls = BW_RECORD_TRACK, .stream = 9};
    struct batch_outcome outcome;
    const struct batch_receipt *receipts;
    send_next(&tracks);
    cr_assert_eq(apply(&outcome), 0);
    batch_clear(batch);
    struct sender forger = {.cls = BW_RECORD_TRACK, .stream = 9, .seq = 1, .head = {0xbb}};
    send_next(&forger);
    cr_assert_eq(apply(&outcome), 0);
    cr_expect_eq(outcome.counts[VERDICT_CONFLICT], 1);
    cr_assert_eq(batch_receipts(batch, &receipts), 1);
    cr_expect_not(receipts[0].progress);
    cr_expect_eq(receipts[0].upto_seq[1], 1);
    cr_assert(receipts[0].has_head[1]);
    cr_expect_arr_eq(receipts[0].head[1], tracks.head, BW_HASH_LEN, "the hash of what is held");
    cr_expect_not(receipts[0].has_head[0], "no alert is held");
    cr_expect_str_eq(outcome.reason, "bus-a: track 2 contradicts its chain");
}

Test(batch, a_chain_that_begins_late_leaves_a_line_in_the_audit_log, .init = set_up, .fini = tear_down)
{
    struct sender tracks = {.cls = BW_RECORD_TRACK, .stream = 9, .seq = 4};
    struct batch_outcome outcome;
    const struct batch_receipt *receipts;
    send_presence(5, false, now_utc_ms);
    send_next(&tracks);
    cr_assert_eq(apply(&outcome), 0);
    cr_expect_eq(outcome.counts[VERDICT_PRESENCE], 1);
    cr_expect_eq(outcome.counts[VERDICT_ACCEPTED], 1);
    cr_assert_eq(batch_receipts(batch, &receipts), 1);
    cr_expect_eq(receipts[0].upto_seq[1], 5);
    cr_expect_str_eq(played.audit, "ingest records_not_held bus-a track stream 0900000000000000: 1-4");
}

Test(batch, a_retained_presence_is_as_old_as_it_says, .init = set_up, .fini = tear_down)
{
    static const struct {
        bool retained;
        int64_t said_utc_ms, kept_utc_ms;
    } cases[] = {
        {false, 1788000000000, 1789000000000},
        {true, 1788000000000, 1788000000000},
        {true, 1790000000000, 1789000000000}, /* a clock that runs ahead */
        {true, 0, 0},                         /* a vehicle without the time: nobody knows */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct batch_outcome outcome;
        send_presence(1, cases[i].retained, cases[i].said_utc_ms);
        cr_assert_eq(apply(&outcome), 0);
        cr_expect_eq(played.presence_utc_ms, cases[i].kept_utc_ms, "case %zu", i);
        batch_clear(batch);
    }
}

static struct bw_presence *send_offline(bool retained)
{
    struct batch_item *item = batch_next(batch);
    *item =
        (struct batch_item){.topic = {.division = "331023", .vehicle = "bus-a", .channel = TOPIC_PRESENCE},
                            .retained = retained,
                            .presence = {.stream = {9}, .oldest_seq = {1, 1}}};
    batch_keep(batch);
    return &item->presence;
}

Test(batch, a_last_will_leaves_standing_what_was_said_before_it, .init = set_up, .fini = tear_down)
{
    static const struct bw_presence before = {.online = true,
                                              .time_utc_ms = 1788999990000,
                                              .stream = {9},
                                              .licence_version = 7,
                                              .oldest_seq = {1, 30},
                                              .has_position = true,
                                              .lat_deg = 29.14,
                                              .lon_deg = 121.03,
                                              .occupancy = {BW_QUALITY_GOOD, 20, 20, 20}};
    struct batch_outcome outcome;
    for (int retained = 0; retained <= 1; retained++) {
        played.seen = true;
        played.presence = before;
        (void)send_offline(retained);
        cr_assert_eq(apply(&outcome), 0);
        cr_expect_not(played.presence.online);
        cr_expect_eq(played.presence.lat_deg, 29.14);
        cr_expect_eq(played.presence.occupancy.count, 20);
        cr_expect_eq(played.presence.licence_version, 7);
        cr_expect_eq(played.presence.oldest_seq[1], 30, "the will's numbers are those of the start");
        cr_expect_eq(played.presence_utc_ms, retained ? before.time_utc_ms : now_utc_ms);
        batch_clear(batch);
    }
}

Test(batch, a_farewell_with_a_position_or_a_will_without_a_past_stands_for_itself, .init = set_up,
     .fini = tear_down)
{
    struct batch_outcome outcome;
    (void)send_offline(false);
    cr_assert_eq(apply(&outcome), 0);
    cr_expect(played.seen && !played.presence.online && !played.presence.has_position);
    batch_clear(batch);

    played.presence.has_position = true;
    struct bw_presence *farewell = send_offline(false);
    farewell->has_position = true;
    farewell->lat_deg = 29.5;
    cr_assert_eq(apply(&outcome), 0);
    cr_expect_eq(played.presence.lat_deg, 29.5);
}

/* --- whose key signs --- */

static struct seal_key new_key;

/* The sender's next record says that new_key signs from there on, and tracks from track_from on. */
static void send_change(struct sender *sender, uint64_t track_from)
{
    struct wire_body body = {.type = WIRE_BODY_KEY, .u.key = {.track_from = track_from}};
    const uint8_t stream[BW_STREAM_LEN] = {sender->stream};
    seal_key_generate(&new_key);
    seal_key_prove(&body.u.key, "331023", "bus-a", stream, sender->seq + 1, key.public_key, &new_key);
    make_body(sender, &body, batch_next(batch));
    batch_keep(batch);
}

static unsigned by_former_key; /* of the bad signatures of the last expect() */

/* accepted, bad_signature and unread of what was sent; the batch is empty then. */
static void expect(unsigned accepted, unsigned bad_signature, unsigned unread, const char *what)
{
    struct batch_outcome outcome;
    cr_assert_eq(apply(&outcome), 0, "%s", what);
    cr_expect_eq(outcome.counts[VERDICT_ACCEPTED], accepted, "%s: %s", what, outcome.reason);
    cr_expect_eq(outcome.counts[VERDICT_BAD_SIGNATURE], bad_signature, "%s: %s", what, outcome.reason);
    cr_expect_eq(outcome.unread, unread, "%s: %s", what, outcome.reason);
    by_former_key = 0;
    for (size_t i = 0; i < batch_count(batch); i++)
        by_former_key += batch_item(batch, i)->by_former_key;
    batch_clear(batch);
}

Test(key, a_change_hands_over_from_the_very_next_record_on, .init = set_up, .fini = tear_down)
{
    struct sender alerts = {.cls = BW_RECORD_ALERT, .stream = 9},
                  tracks = {.cls = BW_RECORD_TRACK, .stream = 9};
    send_next(&alerts);
    send_next(&tracks);
    send_change(&alerts, 3);
    struct sender stolen = alerts;
    send_next(&stolen); /* the old key, in the same batch */
    alerts.by = &new_key;
    send_next(&alerts);
    expect(4, 1, 0, "alerts");
    cr_expect_eq(by_former_key, 1);
    send_next(&tracks); /* made before the change, under the old key */
    struct sender late = tracks;
    send_next(&late);
    tracks.by = &new_key;
    send_next(&tracks);
    expect(2, 1, 0, "tracks");
    cr_expect_arr_eq(played.key, new_key.public_key, BW_PUBLIC_KEY_LEN, "of the streams to come");
    char expected[160], hex[2 * BW_PUBLIC_KEY_LEN + 1];
    seal_public_format(new_key.public_key, hex);
    (void)snprintf(expected, sizeof expected, "ingest key_changed bus-a to %s", hex);
    cr_expect_str_eq(played.audit, expected);

    struct sender next = {.cls = BW_RECORD_TRACK, .stream = 5}, next_old = next;
    send_next(&next_old);
    next.by = &new_key;
    send_next(&next);
    expect(1, 1, 0, "a new stream");
}

Test(key, without_proof_or_in_the_wrong_place_nothing_changes, .init = set_up, .fini = tear_down)
{
    static const struct {
        const char *name;
        size_t flip; /* of the body's proof, old key or new key */
        uint64_t track_from;
        bool of_another_place;
    } cases[] = {
        {"proof altered", offsetof(struct bw_key_change, proof), 5, false},
        {"another old key", offsetof(struct bw_key_change, old_key), 5, false},
        {"another new key", offsetof(struct bw_key_change, new_key), 5, false},
        {"said of another record", SIZE_MAX, 5, true},
        {"tracks that were taken in already", SIZE_MAX, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sender alerts = {.cls = BW_RECORD_ALERT, .stream = (uint8_t)(20 + i)},
                      tracks = {.cls = BW_RECORD_TRACK, .stream = (uint8_t)(20 + i)};
        const uint8_t stream[BW_STREAM_LEN] = {alerts.stream};
        struct wire_body body = {.type = WIRE_BODY_KEY, .u.key = {.track_from = cases[i].track_from}};
        send_next(&tracks);
        seal_key_generate(&new_key);
        seal_key_prove(&body.u.key, "331023", "bus-a", stream, cases[i].of_another_place ? 2 : 1,
                       key.public_key, &new_key);
        if (cases[i].flip != SIZE_MAX)
            ((uint8_t *)&body.u.key)[cases[i].flip] ^= 1;
        make_body(&alerts, &body, batch_next(batch));
        batch_keep(batch);
        send_next(&alerts); /* the old key goes on */
        expect(3, 0, 1, cases[i].name);
        cr_expect_arr_eq(played.key, key.public_key, BW_PUBLIC_KEY_LEN, "%s", cases[i].name);
    }
}

Test(key, a_stream_may_begin_with_a_change_that_was_made_already, .init = set_up, .fini = tear_down)
{
    struct sender alerts = {.cls = BW_RECORD_ALERT, .stream = 9};
    send_change(&alerts, 1);
    expect(1, 0, 0, "the change");
    struct sender again = {.cls = BW_RECORD_ALERT, .stream = 10},
                  tracks = {.cls = BW_RECORD_TRACK, .stream = 10};
    struct wire_body body = {.type = WIRE_BODY_KEY, .u.key = {.track_from = 1}};
    const uint8_t stream[BW_STREAM_LEN] = {10};
    seal_key_prove(&body.u.key, "331023", "bus-a", stream, 1, key.public_key, &new_key);
    make_body(&again, &body, batch_next(batch)); /* the outbox was lost before the receipt came */
    batch_keep(batch);
    again.by = tracks.by = &new_key;
    send_next(&again);
    send_next(&tracks);
    expect(3, 0, 0, "the same change, said again");

    struct sender thief = {.cls = BW_RECORD_ALERT, .stream = 11};
    struct seal_key own;
    const uint8_t third[BW_STREAM_LEN] = {11};
    seal_key_generate(&own);
    seal_key_prove(&body.u.key, "331023", "bus-a", third, 1, key.public_key, &own);
    make_body(&thief, &body, batch_next(batch));
    batch_keep(batch);
    expect(0, 1, 0, "the old key hands over to nobody else");
}

Test(key, one_that_was_enrolled_by_hand_ends_the_streams_of_the_one_before, .init = set_up, .fini = tear_down)
{
    struct sender alerts = {.cls = BW_RECORD_ALERT, .stream = 9};
    send_next(&alerts);
    expect(1, 0, 0, "before");
    seal_key_generate(&new_key);
    memcpy(played.former, played.key, BW_PUBLIC_KEY_LEN);
    memcpy(played.key, new_key.public_key, BW_PUBLIC_KEY_LEN);
    now_ms += VEHICLES_FRESH_MS;
    send_next(&alerts);
    struct sender next = {.cls = BW_RECORD_ALERT, .stream = 4, .by = &new_key};
    send_next(&next);
    expect(1, 1, 0, "after");
    cr_expect_eq(by_former_key, 1, "what the vehicle still has of before is no forgery");

    struct seal_key strange;
    seal_key_generate(&strange);
    struct sender forger = {.cls = BW_RECORD_ALERT, .stream = 6, .by = &strange};
    send_next(&forger);
    struct sender ended = {.cls = BW_RECORD_ALERT, .stream = 9, .by = &new_key, .seq = alerts.seq - 1};
    send_next(&ended);
    expect(0, 2, 0, "a strange key, and the key in force in a stream that has ended");
    cr_expect_eq(by_former_key, 0);
}

Test(key, a_chain_goes_on_after_a_hole_under_the_newest_key, .init = set_up, .fini = tear_down)
{
    struct sender tracks = {.cls = BW_RECORD_TRACK, .stream = 9};
    send_next(&tracks);
    expect(1, 0, 0, "before");
    seal_key_generate(&new_key);
    memcpy(played.key, new_key.public_key, BW_PUBLIC_KEY_LEN); /* the store is a copy that was restored */
    now_ms += VEHICLES_FRESH_MS;
    tracks.seq = 6;
    tracks.by = &new_key;
    send_presence(7, false, now_utc_ms);
    send_next(&tracks);
    send_next(&tracks);
    expect(2, 0, 0, "after");
    cr_expect_eq(played.n_signers, 2);
    cr_expect_eq(played.signers[1].signer.from_seq, 7);
}

/* --- a store that fails --- */

Test(batch, whatever_call_fails_nothing_is_receipted_and_all_is_counted, .init = set_up, .fini = tear_down)
{
    int calls = 0;
    for (int fail_at = 0; fail_at <= calls; fail_at++) {
        struct sender alerts = {.cls = BW_RECORD_ALERT, .stream = 9, .seq = 2},
                      tracks = {.cls = BW_RECORD_TRACK, .stream = 9};
        struct batch_outcome outcome;
        const struct batch_receipt *receipts;
        played = (struct played){.registered = true, .has_key = true, .fail_at = fail_at};
        memcpy(played.key, key.public_key, BW_PUBLIC_KEY_LEN);
        vehicles_free(vehicles);
        cr_assert_eq(vehicles_create(&vehicles), 0);
        send_presence(1, false, now_utc_ms);
        struct sender changing = {.cls = BW_RECORD_ALERT, .stream = 8};
        send_change(&changing, 4);
        memcpy(played.key, key.public_key, BW_PUBLIC_KEY_LEN);
        tracks.by = alerts.by = &new_key;
        send_next(&tracks);
        send_next(&alerts); /* out of order */
        lose_next(&tracks);
        struct sender again = {.cls = BW_RECORD_TRACK, .stream = 9, .by = &new_key};
        send_next(&again); /* held */
        changing.by = &new_key;
        send_body(&changing, &trip);
        send_body(&changing, &alert);
        const int error = apply(&outcome);
        if (fail_at == 0) {
            cr_assert_eq(error, 0);
            cr_expect_eq(played.n_trips, 1);
            cr_expect_eq(played.cases, 1);
            cr_expect_eq(outcome.counts[VERDICT_ACCEPTED], 4, "%s", outcome.reason);
            cr_expect_eq(batch_receipts(batch, &receipts), 2);
            calls = played.calls;
        } else {
            cr_expect_eq(error, -EIO, "call %d", fail_at);
            cr_expect_eq(outcome.counts[VERDICT_DROPPED], 7, "call %d", fail_at);
            cr_expect_eq(outcome.counts[VERDICT_ACCEPTED], 0, "call %d", fail_at);
            cr_expect_eq(outcome.last_event, 0, "call %d", fail_at);
            cr_expect_eq(batch_receipts(batch, &receipts), 0, "call %d", fail_at);
            cr_expect_eq(played.commits, 0, "call %d", fail_at);
            cr_expect_eq(played.rollbacks, 1, "call %d", fail_at);
            cr_expect_str_eq(outcome.reason, "store: the disk is full (Input/output error)");
        }
        batch_clear(batch);
    }
    cr_expect_geq(calls, 20, "the loop reached every kind of call");
}

Test(batch, has_a_limit, .init = set_up, .fini = tear_down)
{
    struct batch *none = NULL;
    struct sender tracks = {.cls = BW_RECORD_TRACK, .stream = 9};
    cr_expect_eq(batch_create(0, &CASE_POLICY_DEFAULT, &none), -EINVAL);
    cr_expect_eq(batch_create(BATCH_MAX + 1, &CASE_POLICY_DEFAULT, &none), -EINVAL);
    cr_expect_null(none);
    for (size_t i = 0; i < 8; i++) {
        cr_expect_not(batch_is_full(batch));
        send_next(&tracks);
    }
    cr_expect(batch_is_full(batch));
}

/* --- who may speak --- */

Test(vehicles, needs_both_a_place_in_the_registry_and_a_key, .init = set_up, .fini = tear_down)
{
    for (int i = 0; i < 4; i++) {
        struct vehicle *vehicle;
        played.registered = (i & 1) != 0;
        played.has_key = (i & 2) != 0;
        now_ms += VEHICLES_FRESH_MS;
        cr_assert_eq(vehicles_get(vehicles, NULL, "bus-a", now_ms, &vehicle), 0);
        cr_expect_eq(vehicle_judge(vehicle) != NULL, i == 3);
    }
}

Test(vehicles, are_read_again_when_no_longer_fresh, .init = set_up, .fini = tear_down)
{
    struct vehicle *vehicle;
    cr_assert_eq(vehicles_get(vehicles, NULL, "bus-a", now_ms, &vehicle), 0);
    vehicle->nudged_ms = 5;
    cr_assert_eq(vehicles_get(vehicles, NULL, "bus-a", now_ms + VEHICLES_FRESH_MS - 1, &vehicle), 0);
    cr_expect_eq(played.loads, 1);
    played.has_key = false; /* revoked */
    cr_assert_eq(vehicles_get(vehicles, NULL, "bus-a", now_ms + VEHICLES_FRESH_MS, &vehicle), 0);
    cr_expect_eq(played.loads, 2);
    cr_expect_null(vehicle_judge(vehicle));
    cr_expect_eq(vehicle->nudged_ms, 5, "what was said to it is remembered");
}

Test(vehicles, a_store_that_fails_is_no_verdict, .init = set_up, .fini = tear_down)
{
    struct vehicle *vehicle = NULL;
    played.fail_at = 1;
    cr_expect_eq(vehicles_get(vehicles, NULL, "bus-a", now_ms, &vehicle), -EIO);
    cr_expect_null(vehicle);
    cr_assert_eq(vehicles_get(vehicles, NULL, "bus-a", now_ms, &vehicle), 0);
    cr_expect_not_null(vehicle_judge(vehicle));
}
