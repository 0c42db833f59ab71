/* Plays vehicles against a real ingest, store and broker; prints "ok NAME" or "not ok NAME: reason" lines.
 *
 *     ingest_probe PORT DIR        all scenarios; DIR/broker.pid names a broker that is started again when it
 * ends ingest_probe PORT DIR die    only ingest, which kills itself before its first receipt leaves
 *
 * DIR holds the store and the bureau's key. The broker listens on 127.0.0.1:PORT. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bureau/ingest/ingest.h"
#include "proto/topic.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            return "not so: " #condition;                                                                    \
    } while (0)

enum {
    PATIENCE_MS = 60000, /* for anything that must come to pass */
    SILENCE_MS = 300,    /* for what must not: six times the batch time */
    STEP_MS = 10,
    HUGE_LEN = 10 * 1024 * 1024,
    RECEIPTS_MAX = 64,
    PATH_LEN = 512,
};

static const char division[] = "331023";

static struct probe {
    const char *program, *dir;
    int port;
    char store_path[PATH_LEN];
    struct seal_key bureau_key, keys[2]; /* bus-a, bus-b */
    struct store *store;
    struct ingest *ingest;
    struct ingest_stats before;
    struct mqtt *vehicles; /* one client that speaks for all of them */
    bool connecting, up;
    /* What came from the bureau. */
    size_t n_receipts, n_forged;
    struct {
        char vehicle[BW_ID_LEN];
        struct bw_receipt receipt;
    } receipts[RECEIPTS_MAX]; /* the newest one of each vehicle and stream */
    struct {
        size_t n;
        struct wire_bytes newest;
    } issued[ISSUED_KINDS]; /* to bus-b */
} probe;

/* --- the way to die --- */

static bool die_at_publish;
int __real_mqtt_publish(struct mqtt *mqtt, const char *topic, const uint8_t *payload, size_t len, bool retain,
                        int *ret_id);
int __wrap_mqtt_publish(struct mqtt *mqtt, const char *topic, const uint8_t *payload, size_t len, bool retain,
                        int *ret_id);

int __wrap_mqtt_publish(struct mqtt *mqtt, const char *topic, const uint8_t *payload, size_t len, bool retain,
                        int *ret_id)
{
    if (die_at_publish)
        (void)raise(SIGKILL);
    return __real_mqtt_publish(mqtt, topic, payload, len, retain, ret_id);
}

/* --- time --- */

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pump(void)
{
    if (!probe.connecting)
        probe.connecting = mqtt_connect(probe.vehicles) == 0;
    mqtt_step(probe.vehicles, STEP_MS, -1);
}

static bool wait_for(bool (*happened)(const void *), const void *what)
{
    for (const int64_t until_ms = now_ms() + PATIENCE_MS; now_ms() < until_ms; pump())
        if (happened(what))
            return true;
    return happened(what);
}

static void wait_in_silence(void)
{
    for (const int64_t until_ms = now_ms() + SILENCE_MS; now_ms() < until_ms;)
        pump();
}

/* --- the vehicles' side --- */

static void take_receipt(const struct topic *topic, const uint8_t *payload, size_t len)
{
    struct wire_sealed sealed = {0};
    struct bw_receipt receipt;
    if (wire_sealed_decode(payload, len, WIRE_RECEIPT_MAX, &sealed) != 0 ||
        !seal_payload_verify(&sealed, SEAL_RECEIPT, topic->division, topic->vehicle,
                             probe.bureau_key.public_key) ||
        wire_receipt_decode(sealed.payload.data, sealed.payload.len, &receipt) != 0) {
        probe.n_forged++;
        wire_sealed_free(&sealed);
        return;
    }
    wire_sealed_free(&sealed);
    size_t i = 0;
    while (i < probe.n_receipts &&
           (strcmp(probe.receipts[i].vehicle, topic->vehicle) != 0 ||
            memcmp(probe.receipts[i].receipt.stream, receipt.stream, BW_STREAM_LEN) != 0))
        i++;
    if (i == RECEIPTS_MAX)
        abort(); /* more scenarios than places */
    probe.n_receipts += i == probe.n_receipts;
    memcpy(probe.receipts[i].vehicle, topic->vehicle, sizeof topic->vehicle);
    probe.receipts[i].receipt = receipt;
}

static void take_issued(enum issued_kind kind, const uint8_t *payload, size_t len)
{
    struct wire_bytes *newest = &probe.issued[kind].newest;
    probe.issued[kind].n++;
    wire_bytes_free(newest);
    newest->data = malloc(len);
    if (newest->data == NULL)
        abort();
    memcpy(newest->data, payload, len);
    newest->len = len;
}

static void on_message(void *context, const char *text, const uint8_t *payload, size_t len, bool retained)
{
    struct topic topic;
    (void)context, (void)retained;
    if (topic_parse(text, &topic) != 0)
        return;
    if (topic.channel == TOPIC_RECEIPT)
        take_receipt(&topic, payload, len);
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS; kind++)
        if (topic.channel == issued_channel(kind) && strcmp(topic.vehicle, "bus-b") == 0)
            take_issued(kind, payload, len);
}

static void on_up(void *context)
{
    static const enum topic_channel channels[] = {TOPIC_RECEIPT, TOPIC_LICENCE, TOPIC_ORDERS};
    (void)context;
    for (size_t i = 0; i < COUNT(channels); i++) {
        char filter[TOPIC_MAX];
        if (topic_filter(division, channels[i], filter) != 0 || mqtt_subscribe(probe.vehicles, filter) != 0)
            abort();
    }
    probe.up = true;
}

static void on_down(void *context, const char *reason)
{
    (void)context, (void)reason;
    probe.connecting = probe.up = false;
}

static bool publish(const char *vehicle, enum topic_channel channel, const struct wire_bytes *bytes)
{
    struct topic topic = {.channel = channel};
    char text[TOPIC_MAX];
    memcpy(topic.division, division, sizeof division);
    (void)snprintf(topic.vehicle, sizeof topic.vehicle, "%s", vehicle);
    return topic_format(&topic, text) == 0 &&
           mqtt_publish(probe.vehicles, text, bytes->data, bytes->len, false, NULL) == 0;
}

/* One class of one stream of a vehicle, as an outbox would keep it. */
struct outbox {
    int vehicle; /* index of probe.keys */
    uint8_t stream;
    enum bw_record_class cls;
    uint64_t seq;
    uint8_t head[BW_HASH_LEN];
};

static const char *const names[] = {"bus-a", "bus-b"};

/* Another alert at each call: no two are raised in the same instant. */
static struct wire_body alert_body(uint64_t number)
{
    static int64_t utc_ms = 1789000000000;
    utc_ms++;
    return (struct wire_body){.type = WIRE_BODY_ALERT,
                              .u.alert = {.kind = BW_OVERLOAD,
                                          .phase = BW_RAISED,
                                          .severity = BW_MINOR,
                                          .number = number,
                                          .time_utc_ms = utc_ms,
                                          .raised_utc_ms = utc_ms,
                                          .evidence.overload = {.aboard = 20, .peak = 20, .capacity = 18}}};
}

static struct wire_body track_body(double lat_deg)
{
    return (struct wire_body){
        .type = WIRE_BODY_TRACK,
        .u.track = {.n = 1, .fixes = {{.utc_ms = 1789000000000, .lat_deg = lat_deg, .lon_deg = 121.03}}}};
}

static struct wire_bytes sealed_record(struct wire_record *record, const char *vehicle,
                                       const struct seal_key *key)
{
    struct wire_bytes bytes = {0};
    seal_record_sign(record, division, vehicle, key);
    if (wire_record_encode(record, &bytes) != 0)
        abort();
    return bytes;
}

/* The next record of the outbox, signed with `key`. */
static struct wire_bytes make_signed(struct outbox *outbox, const struct wire_body *body,
                                     const struct seal_key *key)
{
    struct wire_record record = {.stream = {outbox->stream}, .cls = outbox->cls, .seq = ++outbox->seq};
    struct wire_bytes encoded = {0};
    if (wire_body_encode(body, &encoded) != 0)
        abort();
    memcpy(record.body, encoded.data, encoded.len);
    record.body_len = encoded.len;
    wire_bytes_free(&encoded);
    memcpy(record.prev, outbox->head, BW_HASH_LEN);
    const struct wire_bytes bytes = sealed_record(&record, names[outbox->vehicle], key);
    seal_record_hash(&record, division, names[outbox->vehicle], outbox->head);
    return bytes;
}

static struct wire_bytes make_next(struct outbox *outbox)
{
    const struct wire_body body = outbox->cls == BW_RECORD_ALERT
                                      ? alert_body(outbox->seq + 1)
                                      : track_body(29.14 + 1e-3 * (double)outbox->seq);
    return make_signed(outbox, &body, &probe.keys[outbox->vehicle]);
}

static bool send(const struct outbox *outbox, const struct wire_bytes *bytes)
{
    return publish(names[outbox->vehicle], outbox->cls == BW_RECORD_ALERT ? TOPIC_ALERT : TOPIC_TRACK, bytes);
}

/* --- the bureau's side --- */

static int start_ingest(void)
{
    const struct ingest_config config = {
        .mqtt = {.host = "127.0.0.1", .port = probe.port, .client_id = "bureau"},
        .store_path = probe.store_path,
        .key = &probe.bureau_key,
        .division = division,
    };
    return ingest_start(&config, &probe.ingest);
}

static struct ingest_stats stats(void)
{
    struct ingest_stats stats;
    ingest_stats(probe.ingest, &stats);
    return stats;
}

static uint64_t all_verdicts(const struct ingest_stats *of)
{
    return of->accepted + of->presence + of->duplicate + of->out_of_order + of->conflict + of->bad_signature +
           of->unknown_vehicle + of->bad_topic + of->bad_message + of->too_large + of->dropped;
}

static bool is_settled(const void *messages)
{
    const struct ingest_stats now = stats();
    return all_verdicts(&now) - all_verdicts(&probe.before) >= *(const uint64_t *)messages;
}

/* Every message of the scenario has had its verdict, and there were exactly so many. */
static bool settled(uint64_t messages)
{
    const bool enough = wait_for(is_settled, &messages);
    const struct ingest_stats now = stats();
    return enough && all_verdicts(&now) - all_verdicts(&probe.before) == messages;
}

#define GAINED(counter) (stats().counter - probe.before.counter)

static bool is_connected(const void *wanted)
{
    return probe.up && stats().connected == *(const bool *)wanted;
}

/* Connected is not yet subscribed: speak until an answer is counted. Leaves counts of bad_message behind. */
static bool ready(void)
{
    static const bool wanted = true;
    static const struct wire_bytes nothing;
    if (!wait_for(is_connected, &wanted))
        return false;
    const struct ingest_stats quiet = stats();
    struct ingest_stats now = quiet;
    for (const int64_t until_ms = now_ms() + PATIENCE_MS;
         now_ms() < until_ms && now.bad_message == quiet.bad_message; now = stats()) {
        (void)publish(names[0], TOPIC_PRESENCE, &nothing);
        wait_in_silence();
    }
    return now.bad_message != quiet.bad_message;
}

struct want {
    const struct outbox *outbox;
    uint64_t upto_seq;
};

static bool is_receipted(const void *context)
{
    const struct want *want = context;
    for (size_t i = 0; i < probe.n_receipts; i++)
        if (strcmp(probe.receipts[i].vehicle, names[want->outbox->vehicle]) == 0 &&
            probe.receipts[i].receipt.stream[0] == want->outbox->stream &&
            probe.receipts[i].receipt.upto_seq[want->outbox->cls - 1] == want->upto_seq)
            return true;
    return false;
}

static bool receipted(const struct outbox *outbox, uint64_t upto_seq)
{
    const struct want want = {.outbox = outbox, .upto_seq = upto_seq};
    return wait_for(is_receipted, &want);
}

/* No receipt of any kind came for this stream, though there was time. */
static bool unanswered(const struct outbox *outbox)
{
    wait_in_silence();
    for (size_t i = 0; i < probe.n_receipts; i++)
        if (probe.receipts[i].receipt.stream[0] == outbox->stream)
            return false;
    return true;
}

/* A receipt that says nothing new comes at most once a second. */
static void wait_for_a_nudge(void)
{
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 100000000};
    (void)nanosleep(&second, NULL);
}

static void forget_receipts(void)
{
    probe.n_receipts = 0;
}

/* The store holds exactly these bytes under that seq. */
static bool is_held(const struct outbox *outbox, uint64_t seq, const struct wire_bytes *bytes)
{
    const uint8_t stream[BW_STREAM_LEN] = {outbox->stream};
    struct wire_bytes held = {0};
    const bool same = store_record_get(probe.store, names[outbox->vehicle], stream, outbox->cls, seq,
                                       &held.data, &held.len) == 0 &&
                      held.len == bytes->len && memcmp(held.data, bytes->data, held.len) == 0;
    wire_bytes_free(&held);
    return same;
}

static int count_event(void *count, const struct store_alert *row)
{
    (void)row;
    (*(int *)count)++;
    return 0;
}

static int events_held(void)
{
    int n = 0;
    return store_alert_events(probe.store, NULL, 0, 1000, count_event, &n) == 0 ? n : -1;
}

/* --- scenarios: NULL, or what went wrong --- */

static const char *a_good_alert_is_stored_and_receipted(void)
{
    struct outbox outbox = {.stream = 1, .cls = BW_RECORD_ALERT};
    const int events = events_held();
    struct wire_bytes record = make_next(&outbox);
    EXPECT(send(&outbox, &record));
    EXPECT(settled(1));
    EXPECT(GAINED(accepted) == 1);
    EXPECT(receipted(&outbox, 1));
    EXPECT(is_held(&outbox, 1, &record));
    EXPECT(events_held() == events + 1);
    wire_bytes_free(&record);
    return NULL;
}

static const char *the_same_record_twice_is_one_row_and_receipted_again(void)
{
    struct outbox outbox = {.stream = 2, .cls = BW_RECORD_ALERT};
    const int events = events_held();
    struct wire_bytes record = make_next(&outbox);
    EXPECT(send(&outbox, &record));
    EXPECT(receipted(&outbox, 1));
    forget_receipts();
    EXPECT(send(&outbox, &record));
    EXPECT(settled(2));
    EXPECT(GAINED(accepted) == 1 && GAINED(duplicate) == 1);
    EXPECT(receipted(&outbox, 1));
    EXPECT(events_held() == events + 1);
    wire_bytes_free(&record);
    return NULL;
}

static const char *an_altered_record_is_refused(void)
{
    struct outbox outbox = {.stream = 3, .cls = BW_RECORD_ALERT};
    struct wire_bytes record = make_next(&outbox);
    const size_t in_body = record.len - BW_SIGNATURE_LEN - 4; /* the signature is last */
    record.data[in_body] ^= 1;
    EXPECT(send(&outbox, &record));
    EXPECT(settled(1));
    EXPECT(GAINED(bad_signature) == 1);
    record.data[in_body] ^= 1;
    EXPECT(send(&outbox, &record)); /* the truth still gets through */
    EXPECT(settled(2));
    EXPECT(GAINED(accepted) == 1);
    wire_bytes_free(&record);
    return NULL;
}

static const char *another_key_is_refused(void)
{
    struct outbox outbox = {.stream = 4, .cls = BW_RECORD_ALERT};
    const struct wire_body body = alert_body(1);
    struct wire_bytes record = make_signed(&outbox, &body, &probe.keys[1]);
    EXPECT(send(&outbox, &record));
    EXPECT(settled(1));
    EXPECT(GAINED(bad_signature) == 1);
    EXPECT(unanswered(&outbox));
    wire_bytes_free(&record);
    return NULL;
}

static const char *nobody_speaks_for_another(void)
{
    struct outbox outbox = {.stream = 5, .cls = BW_RECORD_ALERT};
    struct wire_bytes record = make_next(&outbox);
    EXPECT(publish("bus-b", TOPIC_ALERT, &record)); /* bus-a's record */
    EXPECT(publish("bus-c", TOPIC_ALERT, &record)); /* registered, no key enrolled */
    EXPECT(publish("bus-z", TOPIC_ALERT, &record)); /* not registered */
    EXPECT(settled(3));
    EXPECT(GAINED(bad_signature) == 1);
    EXPECT(GAINED(unknown_vehicle) == 2);
    wire_bytes_free(&record);
    return NULL;
}

static const char *ten_megabytes_are_refused(void)
{
    struct wire_bytes huge = {.data = calloc(1, HUGE_LEN), .len = HUGE_LEN};
    EXPECT(huge.data != NULL);
    EXPECT(publish("bus-a", TOPIC_TRACK, &huge));
    EXPECT(settled(1));
    EXPECT(GAINED(too_large) == 1);
    wire_bytes_free(&huge);
    return NULL;
}

static const char *what_is_no_record_of_its_channel_is_refused(void)
{
    struct outbox outbox = {.stream = 6, .cls = BW_RECORD_ALERT};
    struct wire_bytes record = make_next(&outbox), cut = {.data = record.data, .len = record.len - 1};
    EXPECT(publish("bus-a", TOPIC_TRACK, &record)); /* an ALERT record */
    EXPECT(publish("bus-a", TOPIC_ALERT, &cut));
    EXPECT(publish("bus-a", TOPIC_PRESENCE, &cut));
    EXPECT(settled(3));
    EXPECT(GAINED(bad_message) == 3);
    wire_bytes_free(&record);
    return NULL;
}

static const char *a_field_from_the_future_is_kept(void)
{
    static const uint8_t field[] = {0xa2, 0x06, 0x03, 'n', 'e', 'w'}; /* number 100, three bytes */
    struct outbox outbox = {.stream = 7, .cls = BW_RECORD_TRACK};
    struct wire_bytes record = make_next(&outbox);
    struct wire_bytes longer = {.data = malloc(record.len + sizeof field), .len = record.len + sizeof field};
    EXPECT(longer.data != NULL);
    memcpy(longer.data, record.data, record.len);
    memcpy(longer.data + record.len, field, sizeof field);
    EXPECT(send(&outbox, &longer));
    EXPECT(settled(1));
    EXPECT(GAINED(accepted) == 1);
    EXPECT(is_held(&outbox, 1, &longer));
    wire_bytes_free(&record);
    wire_bytes_free(&longer);
    return NULL;
}

static const char *early_records_wait_for_their_turn(void)
{
    struct outbox outbox = {.stream = 8, .cls = BW_RECORD_TRACK};
    struct wire_bytes record[3];
    for (size_t i = 0; i < COUNT(record); i++)
        record[i] = make_next(&outbox);
    EXPECT(send(&outbox, &record[0]));
    EXPECT(send(&outbox, &record[2]));
    EXPECT(settled(2));
    EXPECT(GAINED(accepted) == 1 && GAINED(out_of_order) == 1);
    EXPECT(receipted(&outbox, 1)); /* tells the vehicle what is missing */
    EXPECT(send(&outbox, &record[1]));
    EXPECT(send(&outbox, &record[2]));
    EXPECT(settled(4));
    EXPECT(GAINED(accepted) == 3);
    EXPECT(receipted(&outbox, 3));
    for (size_t i = 0; i < COUNT(record); i++)
        wire_bytes_free(&record[i]);
    return NULL;
}

static const char *a_gap_record_closes_its_gap(void)
{
    struct outbox outbox = {.stream = 9, .cls = BW_RECORD_TRACK};
    struct wire_bytes first = make_next(&outbox);
    struct outbox gap_place = outbox; /* the gap links where the evicted 2..4 began ... */
    struct wire_body gap = {.type = WIRE_BODY_GAP, .u.gap = {.first_seq = 2, .last_seq = 4}};
    for (int i = 2; i <= 4; i++) {
        struct wire_bytes evicted = make_next(&outbox);
        wire_bytes_free(&evicted);
    }
    memcpy(gap.u.gap.tail_hash, outbox.head, BW_HASH_LEN); /* ... and the next record where they ended */
    gap_place.seq = 3;
    struct wire_bytes gap_record = make_signed(&gap_place, &gap, &probe.keys[0]), fifth = make_next(&outbox);
    EXPECT(send(&outbox, &first));
    EXPECT(send(&outbox, &gap_record));
    EXPECT(send(&outbox, &fifth));
    EXPECT(settled(3));
    EXPECT(GAINED(accepted) == 3);
    EXPECT(receipted(&outbox, 5));
    wire_bytes_free(&first);
    wire_bytes_free(&gap_record);
    wire_bytes_free(&fifth);
    return NULL;
}

static const char *a_rewritten_past_is_a_conflict(void)
{
    struct outbox outbox = {.stream = 10, .cls = BW_RECORD_TRACK}, other = outbox;
    const struct wire_body elsewhere = track_body(30.5);
    struct wire_bytes truth = make_next(&outbox), lie = make_signed(&other, &elsewhere, &probe.keys[0]),
                      sequel = make_next(&other);
    EXPECT(send(&outbox, &truth));
    EXPECT(send(&outbox, &lie));    /* seq 1 again, other bytes */
    EXPECT(send(&outbox, &sequel)); /* seq 2, but it follows the lie */
    EXPECT(settled(3));
    EXPECT(GAINED(accepted) == 1 && GAINED(conflict) == 2);
    EXPECT(is_held(&outbox, 1, &truth));
    forget_receipts();
    wait_for_a_nudge();
    EXPECT(send(&outbox, &lie));
    EXPECT(receipted(&outbox, 1));
    EXPECT(probe.receipts[0].receipt.has_head[1]);
    EXPECT(memcmp(probe.receipts[0].receipt.head[1], outbox.head, BW_HASH_LEN) == 0);
    EXPECT(strstr(stats().reason, "bus-a") != NULL);
    wire_bytes_free(&truth);
    wire_bytes_free(&lie);
    wire_bytes_free(&sequel);
    return NULL;
}

static const char *an_alert_said_again_in_a_new_stream_is_no_second_event(void)
{
    struct outbox before = {.stream = 20, .cls = BW_RECORD_ALERT},
                  after = {.stream = 21, .cls = BW_RECORD_ALERT};
    const struct wire_body raised = alert_body(5);
    struct wire_body cleared = raised;
    const int events = events_held();
    cleared.u.alert.phase = BW_CLEARED;
    cleared.u.alert.time_utc_ms += 1000;
    struct wire_bytes first = make_signed(&before, &raised, &probe.keys[0]),
                      again = make_signed(&after, &raised, &probe.keys[0]),
                      end = make_signed(&after, &cleared, &probe.keys[0]);
    EXPECT(send(&before, &first));
    EXPECT(send(&after, &again));
    EXPECT(send(&after, &end));
    EXPECT(receipted(&after, 2));
    EXPECT(is_held(&after, 1, &again)); /* evidence all the same */
    EXPECT(events_held() == events + 2);
    wire_bytes_free(&first);
    wire_bytes_free(&again);
    wire_bytes_free(&end);
    return NULL;
}

static bool send_presence(const char *vehicle, const struct bw_presence *presence)
{
    struct wire_bytes bytes = {0};
    const bool sent = wire_presence_encode(presence, &bytes) == 0 && publish(vehicle, TOPIC_PRESENCE, &bytes);
    wire_bytes_free(&bytes);
    return sent;
}

/* --- trips --- */

static struct wire_body trip_body(int64_t begun_utc_ms, int64_t lasted_ms, bool cut_short)
{
    return (struct wire_body){.type = WIRE_BODY_TRIP,
                              .u.trip = {.begun_utc_ms = begun_utc_ms,
                                         .ended_utc_ms = begun_utc_ms + lasted_ms,
                                         .boarded = 20,
                                         .alighted = 20,
                                         .peak = 20,
                                         .capacity = 18,
                                         .quality = BW_QUALITY_GOOD,
                                         .cut_short = cut_short}};
}

static bool send_trip(struct outbox *outbox, const struct wire_body *body)
{
    struct wire_bytes record = make_signed(outbox, body, &probe.keys[outbox->vehicle]);
    const bool sent = send(outbox, &record);
    wire_bytes_free(&record);
    return sent;
}

struct shown {
    int n;
    int64_t id;
    uint64_t seq;
    uint8_t stream;
    struct bw_trip trip;
};

static int take_shown(void *context, const struct store_trip *row)
{
    struct shown *shown = context;
    *shown = (struct shown){
        .n = shown->n + 1, .id = row->id, .seq = row->seq, .stream = row->stream[0], .trip = row->trip};
    return 0;
}

/* The rows of the trips that began at that instant, and the last of them. */
static struct shown shown_at(int64_t begun_utc_ms)
{
    struct shown shown = {0};
    const struct store_trip_query query = {
        .vehicle = "bus-a", .since_utc_ms = begun_utc_ms, .until_utc_ms = begun_utc_ms + 1};
    if (store_trips(probe.store, &query, 10, take_shown, &shown) != 0)
        shown.n = -1;
    return shown;
}

static const char *a_trip_told_twice_is_shown_once_and_complete(void)
{
    static const int64_t first_utc_ms = 1789100000000, second_utc_ms = 1789200000000;
    struct outbox outbox = {.stream = 30, .cls = BW_RECORD_ALERT},
                  other = {.stream = 31, .cls = BW_RECORD_ALERT};
    const int events = events_held();
    struct wire_body body = trip_body(first_utc_ms, 900000, true);
    EXPECT(send_trip(&outbox, &body));
    body = trip_body(first_utc_ms, 600000, false);
    EXPECT(send_trip(&outbox, &body));
    body = trip_body(second_utc_ms, 600000, false);
    EXPECT(send_trip(&outbox, &body));
    body = trip_body(second_utc_ms, 900000, true); /* after the loss of its outbox */
    EXPECT(send_trip(&other, &body));
    EXPECT(receipted(&outbox, 3) && receipted(&other, 1));
    EXPECT(settled(4));
    EXPECT(GAINED(accepted) == 4 && GAINED(unread) == 0);
    const struct shown first = shown_at(first_utc_ms), second = shown_at(second_utc_ms);
    EXPECT(first.n == 1 && first.stream == 30 && first.seq == 2 && !first.trip.cut_short);
    EXPECT(second.n == 1 && second.stream == 30 && second.seq == 3 && !second.trip.cut_short);
    EXPECT(first.trip.ended_utc_ms == first_utc_ms + 600000);
    EXPECT(events_held() == events); /* a trip is no alert */
    return NULL;
}

static const char *the_longest_trip_comes_through_whole(void)
{
    static const int64_t begun_utc_ms = 1789300000000;
    struct outbox outbox = {.stream = 32, .cls = BW_RECORD_ALERT};
    struct wire_body body = trip_body(begun_utc_ms, 3600000, false);
    struct bw_trip *trip = &body.u.trip;
    trip->quality = (enum bw_quality)9; /* of a later version */
    trip->n_stops = BW_TRIP_STOPS_MAX;
    for (size_t i = 0; i < trip->n_stops; i++) {
        trip->stops[i] = (struct bw_trip_stop){.has_position = true,
                                               .lat_deg = 29.14,
                                               .lon_deg = 121.03,
                                               .opened_s = (uint32_t)i * 50,
                                               .quality = i % 2 == 0 ? BW_QUALITY_GOOD : (enum bw_quality)9,
                                               .boarded = 65535};
        memset(trip->stops[i].stop_id, 'x', BW_ID_LEN - 1);
    }
    EXPECT(send_trip(&outbox, &body));
    EXPECT(settled(1));
    EXPECT(GAINED(accepted) == 1 && GAINED(unread) == 0);
    struct shown listed = shown_at(begun_utc_ms), whole = {0};
    EXPECT(listed.n == 1 && listed.trip.quality == BW_QUALITY_UNKNOWN);
    EXPECT(store_trip(probe.store, NULL, listed.id, take_shown, &whole) == 0 && whole.n == 1);
    EXPECT(whole.trip.n_stops == BW_TRIP_STOPS_MAX);
    EXPECT(whole.trip.stops[62].boarded == 65535 && whole.trip.stops[63].boarded == 0);
    EXPECT(whole.trip.stops[63].quality == BW_QUALITY_UNKNOWN);
    return NULL;
}

static const char *a_stream_may_begin_where_presence_says(void)
{
    struct outbox outbox = {.stream = 11, .cls = BW_RECORD_TRACK, .seq = 40};
    const struct bw_presence presence = {
        .online = true, .stream = {11}, .licence_version = 7, .oldest_seq = {1, 41}, .next_seq = {1, 43}};
    struct wire_bytes first = make_next(&outbox), second = make_next(&outbox);
    wait_for_a_nudge();
    EXPECT(send(&outbox, &first)); /* nothing is known of this stream */
    EXPECT(settled(1));
    EXPECT(GAINED(out_of_order) == 1);
    EXPECT(receipted(&outbox, 0));
    EXPECT(send_presence("bus-a", &presence));
    EXPECT(send(&outbox, &first));
    EXPECT(send(&outbox, &second));
    EXPECT(settled(4));
    EXPECT(GAINED(accepted) == 2 && GAINED(presence) == 1);
    EXPECT(receipted(&outbox, 42));
    wire_bytes_free(&first);
    wire_bytes_free(&second);
    return NULL;
}

static const char *const newest[ISSUED_KINDS] = {
    [ISSUED_LICENCE] = "licence 7 of bus-b: only its vehicle looks inside",
    [ISSUED_ORDERS] = "orders 5 of bus-b",
};
static const uint64_t newest_version[ISSUED_KINDS] = {[ISSUED_LICENCE] = 7, [ISSUED_ORDERS] = 5};

static int issue(enum issued_kind kind, uint64_t version, const char *sealed)
{
    return store_issued_put(probe.store, kind, "bus-b", version, (const uint8_t *)sealed, strlen(sealed));
}

static bool holds(enum issued_kind kind, const char *text)
{
    const struct wire_bytes *bytes = &probe.issued[kind].newest;
    return bytes->len == strlen(text) && memcmp(bytes->data, text, bytes->len) == 0;
}

/* How many licences, and how many orders. */
static bool came(const void *counts)
{
    const size_t *n = counts;
    return probe.issued[ISSUED_LICENCE].n == n[ISSUED_LICENCE] &&
           probe.issued[ISSUED_ORDERS].n == n[ISSUED_ORDERS];
}

static const char *an_old_licence_and_old_orders_are_answered_with_the_newest(void)
{
    static const size_t none[ISSUED_KINDS] = {0, 0}, licence[ISSUED_KINDS] = {1, 0},
                        both[ISSUED_KINDS] = {1, 1};
    struct bw_presence presence = {.online = true, .stream = {12}, .licence_version = 7, .orders_version = 5};
    EXPECT(send_presence("bus-b", &presence)); /* holds the newest */
    EXPECT(settled(1));
    wait_in_silence();
    EXPECT(came(none));
    presence.licence_version = 6;
    EXPECT(send_presence("bus-b", &presence));
    EXPECT(send_presence("bus-b", &presence)); /* not again so soon */
    EXPECT(settled(3));
    EXPECT(wait_for(came, licence));
    wait_in_silence();
    EXPECT(came(licence) && GAINED(issued[ISSUED_LICENCE]) == 1);
    presence.orders_version = 4;
    EXPECT(send_presence("bus-b", &presence)); /* the licence is not sent along with them */
    EXPECT(wait_for(came, both));
    wait_in_silence();
    EXPECT(came(both) && GAINED(issued[ISSUED_ORDERS]) == 1);
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS; kind++)
        EXPECT(holds(kind, newest[kind]));
    return NULL;
}

static const char *what_is_newly_issued_goes_out_without_being_asked_for(void)
{
    const size_t before[ISSUED_KINDS] = {probe.issued[0].n, probe.issued[1].n};
    const size_t orders[ISSUED_KINDS] = {before[0], before[1] + 1},
                 both[ISSUED_KINDS] = {before[0] + 1, before[1] + 1};
    EXPECT(issue(ISSUED_ORDERS, 6, "orders 6") == 0);
    EXPECT(wait_for(came, orders));
    EXPECT(holds(ISSUED_ORDERS, "orders 6"));
    EXPECT(issue(ISSUED_LICENCE, 8, "licence 8") == 0);
    EXPECT(wait_for(came, both));
    EXPECT(holds(ISSUED_LICENCE, "licence 8"));
    wait_in_silence();
    EXPECT(came(both)); /* once */
    return NULL;
}

/* A whole county's orders change at one import. */
static const char *a_thousand_newly_issued_go_out_in_seconds(void)
{
    enum { MANY = 1000 };
    const size_t all[ISSUED_KINDS] = {probe.issued[0].n, probe.issued[1].n + MANY};
    EXPECT(store_begin(probe.store) == 0);
    for (uint64_t i = 0; i < MANY; i++)
        EXPECT(issue(ISSUED_ORDERS, 100 + i, "orders") == 0);
    EXPECT(store_commit(probe.store) == 0);
    EXPECT(wait_for(came, all));
    return NULL;
}

/* Another process sits on the store until ingest gives up on its batch. */
static const char *a_batch_that_cannot_be_committed_is_not_receipted(void)
{
    struct outbox outbox = {.stream = 13, .cls = BW_RECORD_ALERT};
    const int events = events_held();
    struct wire_bytes record = make_next(&outbox);
    EXPECT(store_begin(probe.store) == 0);
    const bool dropped = send(&outbox, &record) && settled(1) && GAINED(dropped) == 1 && stats().failing;
    store_rollback(probe.store);
    EXPECT(dropped);
    EXPECT(unanswered(&outbox));
    EXPECT(events_held() == events);
    EXPECT(send(&outbox, &record));
    EXPECT(settled(2));
    EXPECT(GAINED(accepted) == 1 && !stats().failing);
    EXPECT(receipted(&outbox, 1));
    wire_bytes_free(&record);
    return NULL;
}

static bool is_dead(const void *context)
{
    const pid_t pid = *(const pid_t *)context;
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static const char *killed_between_commit_and_receipt_gives_no_duplicate(void)
{
    struct outbox outbox = {.stream = 14, .cls = BW_RECORD_ALERT};
    const int events = events_held();
    struct wire_bytes record = make_next(&outbox);
    char port[16];
    (void)snprintf(port, sizeof port, "%d", probe.port);
    ingest_stop(probe.ingest);
    probe.ingest = NULL;
    const pid_t pid = fork();
    if (pid == 0) {
        (void)execl(probe.program, probe.program, port, probe.dir, "die", (char *)NULL);
        _exit(127);
    }
    const bool sent = pid > 0 && send(&outbox, &record);
    const bool dead = sent && wait_for(is_dead, &pid);
    int status = 0;
    if (pid > 0) {
        if (!dead)
            (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
    }
    EXPECT(start_ingest() == 0); /* first of all: the scenarios after this one need it */
    probe.before = stats();
    EXPECT(dead && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    EXPECT(is_held(&outbox, 1, &record)); /* committed ... */
    EXPECT(ready());
    forget_receipts();
    EXPECT(send(&outbox, &record)); /* ... but the vehicle does not know it */
    EXPECT(receipted(&outbox, 1));
    EXPECT(GAINED(accepted) == 0 && GAINED(duplicate) >= 1);
    EXPECT(events_held() == events + 1);
    wire_bytes_free(&record);
    return NULL;
}

static pid_t broker_pid(void)
{
    char path[PATH_LEN];
    long pid = 0;
    (void)snprintf(path, sizeof path, "%s/broker.pid", probe.dir);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    char line[32] = "";
    if (fgets(line, sizeof line, file) != NULL)
        pid = strtol(line, NULL, 10);
    (void)fclose(file);
    return (pid_t)pid;
}

static bool is_cut_off(const void *unused)
{
    (void)unused;
    return !probe.up && !stats().connected;
}

static const char *a_lost_broker_is_found_again(void)
{
    struct outbox outbox = {.stream = 15, .cls = BW_RECORD_ALERT};
    struct wire_bytes record = make_next(&outbox);
    const pid_t pid = broker_pid();
    EXPECT(pid > 1 && kill(pid, SIGKILL) == 0);
    EXPECT(wait_for(is_cut_off, NULL));
    EXPECT(ready());
    EXPECT(send(&outbox, &record));
    EXPECT(receipted(&outbox, 1));
    EXPECT(is_held(&outbox, 1, &record));
    wire_bytes_free(&record);
    return NULL;
}

static const struct {
    const char *name;
    const char *(*run)(void);
} scenarios[] = {
    {"a good alert is stored and receipted", a_good_alert_is_stored_and_receipted},
    {"the same record twice is one row, receipted again",
     the_same_record_twice_is_one_row_and_receipted_again},
    {"an altered record is refused", an_altered_record_is_refused},
    {"a record signed with another key is refused", another_key_is_refused},
    {"nobody speaks for another vehicle", nobody_speaks_for_another},
    {"ten megabytes are refused", ten_megabytes_are_refused},
    {"what is no record of its channel is refused", what_is_no_record_of_its_channel_is_refused},
    {"a field from the future is kept", a_field_from_the_future_is_kept},
    {"early records wait for their turn", early_records_wait_for_their_turn},
    {"a gap record closes its gap", a_gap_record_closes_its_gap},
    {"a rewritten past is a conflict, and answered with what is held", a_rewritten_past_is_a_conflict},
    {"an alert said again in a new stream is no second event",
     an_alert_said_again_in_a_new_stream_is_no_second_event},
    {"a trip told twice is shown once, and complete", a_trip_told_twice_is_shown_once_and_complete},
    {"the longest trip comes through whole", the_longest_trip_comes_through_whole},
    {"a stream may begin where presence says", a_stream_may_begin_where_presence_says},
    {"an old licence and old orders are answered with the newest",
     an_old_licence_and_old_orders_are_answered_with_the_newest},
    {"what is newly issued goes out without being asked for",
     what_is_newly_issued_goes_out_without_being_asked_for},
    {"a thousand newly issued go out in seconds", a_thousand_newly_issued_go_out_in_seconds},
    {"a batch that cannot be committed is not receipted", a_batch_that_cannot_be_committed_is_not_receipted},
    {"killed between commit and receipt: no duplicate", killed_between_commit_and_receipt_gives_no_duplicate},
    {"a lost broker is found again", a_lost_broker_is_found_again},
};

/* --- the stage --- */

static int fill_store(void)
{
    struct registry_school school = {
        .school_id = "s1", .name = "School", .division = "331023", .township = "T"};
    struct registry_vehicle vehicles[] = {{.vehicle_id = "bus-a", .plate = "A1"},
                                          {.vehicle_id = "bus-b", .plate = "B1"},
                                          {.vehicle_id = "bus-c", .plate = "C1"}};
    const struct registry registry = {
        .n_schools = 1, .schools = &school, .n_vehicles = COUNT(vehicles), .vehicles = vehicles};
    for (size_t i = 0; i < COUNT(vehicles); i++) {
        memcpy(vehicles[i].school_id, school.school_id, sizeof school.school_id);
        memcpy(vehicles[i].plate_color, "yellow", sizeof "yellow");
        vehicles[i].vehicle_class = BW_CLASS_MEDIUM;
        vehicles[i].seats = vehicles[i].approved_capacity = 18;
    }
    int error = store_registry_replace(probe.store, &registry);
    for (size_t i = 0; i < COUNT(probe.keys) && error == 0; i++) {
        seal_key_generate(&probe.keys[i]);
        error = store_vehicle_key_set(probe.store, names[i], probe.keys[i].public_key);
    }
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS && error == 0; kind++)
        error = issue(kind, newest_version[kind], newest[kind]);
    return error;
}

static int run_scenarios(void)
{
    int failed = 0;
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        probe.before = stats();
        const char *reason = scenarios[i].run();
        if (reason == NULL && probe.n_forged > 0)
            reason = "a receipt came that the bureau did not sign";
        if (reason == NULL)
            (void)printf("ok ingest: %s\n", scenarios[i].name);
        else
            (void)printf("not ok ingest: %s: %s (last refusal: %s)\n", scenarios[i].name, reason,
                         stats().reason);
        (void)fflush(stdout);
        failed += reason != NULL;
    }
    return failed;
}

static int play(void)
{
    const struct mqtt_config client = {
        .host = "127.0.0.1", .port = probe.port, .client_id = "vehicles", .clean_session = true};
    const struct mqtt_handlers handlers = {.up = on_up, .down = on_down, .message = on_message};
    char key_path[PATH_LEN];
    (void)snprintf(key_path, sizeof key_path, "%s/bureau.key", probe.dir);
    seal_key_generate(&probe.bureau_key);
    int error = seal_secret_save(key_path, &probe.bureau_key);
    if (error == 0)
        error = store_open(probe.store_path, &probe.store);
    if (error == 0)
        error = fill_store();
    if (error == 0)
        error = mqtt_create(&client, &handlers, &probe.vehicles);
    if (error == 0)
        error = start_ingest();
    int failed = 1;
    if (error != 0)
        (void)printf("not ok ingest: set-up: %s\n", strerror(-error));
    else if (!ready())
        (void)printf("not ok ingest: set-up: no connection to the broker: %s\n", mqtt_reason(probe.vehicles));
    else
        failed = run_scenarios();
    ingest_stop(probe.ingest);
    mqtt_destroy(probe.vehicles);
    store_close(probe.store);
    for (int kind = 0; kind < ISSUED_KINDS; kind++)
        wire_bytes_free(&probe.issued[kind].newest);
    return failed == 0 ? 0 : 1;
}

static int die(void)
{
    char key_path[PATH_LEN];
    (void)snprintf(key_path, sizeof key_path, "%s/bureau.key", probe.dir);
    die_at_publish = true;
    if (seal_secret_load(key_path, &probe.bureau_key) != 0 || start_ingest() != 0)
        return 3;
    (void)alarm(PATIENCE_MS / 1000);
    for (;;)
        (void)pause();
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        (void)fprintf(stderr, "usage: %s PORT DIR [die]\n", argv[0]);
        return 2;
    }
    probe.program = argv[0];
    probe.port = (int)strtol(argv[1], NULL, 10);
    probe.dir = argv[2];
    (void)snprintf(probe.store_path, sizeof probe.store_path, "%s/bureau.db", probe.dir);
    if (seal_init() != 0)
        return 3;
    return argc == 4 ? die() : play();
}
