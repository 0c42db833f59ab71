/* The two sides of the ingest probe: the vehicles that send, and what the bureau makes of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/integration/ingest_probe.h"

const char division[] = "331023";

struct probe probe;

/* --- time --- */

int64_t now_ms(void)
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

bool wait_for(bool (*happened)(const void *), const void *what)
{
    for (const int64_t until_ms = now_ms() + PATIENCE_MS; now_ms() < until_ms; pump())
        if (happened(what))
            return true;
    return happened(what);
}

void wait_in_silence(void)
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

void on_message(void *context, const char *text, const uint8_t *payload, size_t len, bool retained)
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

void on_up(void *context)
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

void on_down(void *context, const char *reason)
{
    (void)context, (void)reason;
    probe.connecting = probe.up = false;
}

bool publish(const char *vehicle, enum topic_channel channel, const struct wire_bytes *bytes)
{
    struct topic topic = {.channel = channel};
    char text[TOPIC_MAX];
    memcpy(topic.division, division, sizeof division);
    (void)snprintf(topic.vehicle, sizeof topic.vehicle, "%s", vehicle);
    return topic_format(&topic, text) == 0 &&
           mqtt_publish(probe.vehicles, text, bytes->data, bytes->len, false, NULL) == 0;
}

bool send_presence(const char *vehicle, const struct bw_presence *presence)
{
    struct wire_bytes bytes = {0};
    const bool sent = wire_presence_encode(presence, &bytes) == 0 && publish(vehicle, TOPIC_PRESENCE, &bytes);
    wire_bytes_free(&bytes);
    return sent;
}

const char *const names[] = {"bus-a", "bus-b"};

struct wire_body alert_body(uint64_t number)
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

struct wire_body track_body(double lat_deg)
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

struct wire_bytes make_signed(struct outbox *outbox, const struct wire_body *body, const struct seal_key *key)
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

struct wire_bytes make_next(struct outbox *outbox)
{
    const struct wire_body body = outbox->cls == BW_RECORD_ALERT
                                      ? alert_body(outbox->seq + 1)
                                      : track_body(29.14 + 1e-3 * (double)outbox->seq);
    return make_signed(outbox, &body, &probe.keys[outbox->vehicle]);
}

/* --- the bureau's side --- */

int start_ingest(void)
{
    const struct ingest_config config = {
        .mqtt = {.host = "127.0.0.1", .port = probe.port, .client_id = "bureau"},
        .store_path = probe.store_path,
        .key = &probe.bureau_key,
        .division = division,
    };
    return ingest_start(&config, &probe.ingest);
}

struct ingest_stats stats(void)
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

bool settled(uint64_t messages)
{
    const bool enough = wait_for(is_settled, &messages);
    const struct ingest_stats now = stats();
    return enough && all_verdicts(&now) - all_verdicts(&probe.before) == messages;
}

static bool is_connected(const void *wanted)
{
    return probe.up && stats().connected == *(const bool *)wanted;
}

bool ready(void)
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

bool receipted(const struct outbox *outbox, uint64_t upto_seq)
{
    const struct want want = {.outbox = outbox, .upto_seq = upto_seq};
    return wait_for(is_receipted, &want);
}

bool unanswered(const struct outbox *outbox)
{
    wait_in_silence();
    for (size_t i = 0; i < probe.n_receipts; i++)
        if (probe.receipts[i].receipt.stream[0] == outbox->stream)
            return false;
    return true;
}

void wait_for_a_nudge(void)
{
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 100000000};
    (void)nanosleep(&second, NULL);
}

void forget_receipts(void)
{
    probe.n_receipts = 0;
}

bool is_held(const struct outbox *outbox, uint64_t seq, const struct wire_bytes *bytes)
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

int events_held(void)
{
    int n = 0;
    return store_alert_events(probe.store, NULL, 0, 1000, count_event, &n) == 0 ? n : -1;
}
