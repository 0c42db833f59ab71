/* A vehicle's uplink and a small bureau in one program, driven by lines on stdin, for
 * tests/integration/uplink.
 *
 *     uplink_harness DIRECTORY PORT HOST [TLS-DIRECTORY]
 *
 * DIRECTORY keeps keys and outbox between runs. Every command is answered by one line that ends in "ok" or
 * "fail":
 *
 *     alert N, track N        append N records
 *     start, stop             the uplink
 *     position LAT            where the vehicle is, in whole degrees
 *     bureau mute|receipts|anew    the bureau; mute: it verifies and counts, but sends no receipt; anew: it
 *                             forgets what it has seen
 *     receipt wrong-key|wrong-stream|beyond    send one that must be refused; beyond: for what was never made
 *     licence VERSION VEHICLE publish a licence on bus-1's topic, retained
 *     orders VERSION VEHICLE  the same for orders
 *     forged KIND VERSION     the same, for bus-1, signed by somebody else
 *     keepalive S             of the next start
 *     pass MS                 let time pass
 *     wait KEY VALUE          until that value of get_value() is so; at most 60 s
 *     get KEY                 print it
 *     reason                  print why the uplink is not connected, or what it refused
 *     down                    print why the last attempt or session ended
 *
 * The bureau lives while `pass` and `wait` run. It is strict: it counts a record only if it is signed, comes
 * after the presence, is next in its class and chained to the one before. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/uplink/uplink.h"
#include "proto/topic.h"

enum {
    PATH_LEN = 256,
    LINE_LEN = 128,
    WAIT_MS = 60000,
    STEP_MS = 20,
    RECEIPT_TIMEOUT_MS = 1500,

    BACKOFF_MAX_MS = 300
};

static const char DIVISION[] = "331023";
static const char VEHICLE[] = "bus-1";

/* What the bureau has seen of one class. */
struct seen {
    uint64_t upto_seq;
    uint8_t head[BW_HASH_LEN];
    uint64_t heard_seq; /* last one heard in this session of the bureau, in its turn or not; 0 = none */
};

struct harness {
    struct seal_key vehicle_key, bureau_key, other_key;
    struct outbox *outbox;
    struct uplink *uplink;
    struct uplink_config config;
    uint64_t alert_number;

    struct mqtt *bureau;
    bool sends_receipts;
    struct seen seen[2];
    uint64_t repeats;
    uint64_t tracks_heard; /* since an alert was appended last, in its turn or not */
    uint64_t overtook;     /* what tracks_heard was when an alert came last */
    uint64_t
        faults; /* a record that is not signed, skips a number or breaks the chain; one before the presence */
    struct bw_presence presence;           /* the last one in this session of the bureau */
    _Atomic uint64_t stored[ISSUED_KINDS]; /* versions stored last: written by the uplink thread */
};

static void die(const char *what, int rc)
{
    (void)fprintf(stderr, "uplink_harness: %s: %s\n", what, strerror(-rc));
    exit(3);
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the bureau ---- */

static void publish(struct harness *h, enum topic_channel channel, const struct wire_bytes *bytes,
                    bool retain)
{
    struct topic topic = {.channel = channel};
    char text[TOPIC_MAX];
    memcpy(topic.division, DIVISION, sizeof DIVISION);
    memcpy(topic.vehicle, VEHICLE, sizeof VEHICLE);
    int rc = topic_format(&topic, text);
    if (rc == 0)
        rc = mqtt_publish(h->bureau, text, bytes->data, bytes->len, retain, NULL);
    if (rc < 0)
        die("publish", rc);
}

static void publish_sealed(struct harness *h, enum topic_channel channel, enum seal_context context,
                           struct wire_bytes payload, const struct seal_key *key)
{
    struct wire_sealed sealed = {.payload = payload};
    struct wire_bytes encoded;
    seal_payload_sign(&sealed, context, DIVISION, VEHICLE, key);
    int rc = wire_sealed_encode(&sealed, &encoded);
    wire_sealed_free(&sealed);
    if (rc < 0)
        die("seal", rc);
    publish(h, channel, &encoded, channel != TOPIC_RECEIPT);
    wire_bytes_free(&encoded);
}

static void publish_receipt(struct harness *h, const struct bw_receipt *receipt, const struct seal_key *key)
{
    struct wire_bytes payload;
    int rc = wire_receipt_encode(receipt, &payload);
    if (rc < 0)
        die("receipt", rc);
    publish_sealed(h, TOPIC_RECEIPT, SEAL_RECEIPT, payload, key);
}

static struct bw_receipt current_receipt(const struct harness *h)
{
    struct bw_receipt receipt = {.upto_seq = {h->seen[0].upto_seq, h->seen[1].upto_seq}, .time_utc_ms = 1};
    memcpy(receipt.stream, h->presence.stream, BW_STREAM_LEN);
    return receipt;
}

static void take_record(struct harness *h, int i, const uint8_t *payload, size_t len)
{
    struct wire_record record;
    struct seen *seen = &h->seen[i];
    if (i == 0)
        h->overtook = h->tracks_heard;
    else
        h->tracks_heard++;
    if (!h->presence.online || wire_record_decode(payload, len, &record) < 0 || (int)record.cls - 1 != i ||
        !seal_record_verify(&record, DIVISION, VEHICLE, h->vehicle_key.public_key)) {
        h->faults++;
        return;
    }
    /* A bureau that knows nothing of the vehicle yet begins where the presence says. */
    const bool first = seen->upto_seq == 0 && record.seq == h->presence.oldest_seq[i];
    const bool next = record.seq == seen->upto_seq + 1 && memcmp(record.prev, seen->head, BW_HASH_LEN) == 0;
    /* A session that began in the middle of a window hears its rest, and then the window again. */
    const bool joined = seen->heard_seq == 0 || record.seq == seen->heard_seq + 1;
    seen->heard_seq = record.seq;
    if (record.seq <= seen->upto_seq) {
        h->repeats++;
    } else if (first || next) {
        seen->upto_seq = record.seq;
        seal_record_hash(&record, DIVISION, VEHICLE, seen->head);
    } else if (record.seq > seen->upto_seq + 1 && joined) {
        return; /* as the bureau does: dropped without a receipt */
    } else {
        h->faults++;
        return;
    }
    if (h->sends_receipts) {
        const struct bw_receipt receipt = current_receipt(h);
        publish_receipt(h, &receipt, &h->bureau_key);
    }
}

static void take_presence(struct harness *h, const uint8_t *payload, size_t len)
{
    if (wire_presence_decode(payload, len, &h->presence) < 0)
        h->faults++;
}

static void on_message(void *context, const char *text, const uint8_t *payload, size_t len, bool retained)
{
    struct harness *h = context;
    struct topic topic;
    (void)retained;
    if (topic_parse(text, &topic) < 0)
        h->faults++;
    else if (topic.channel == TOPIC_PRESENCE)
        take_presence(h, payload, len);
    else
        take_record(h, topic.channel == TOPIC_ALERT ? 0 : 1, payload, len);
}

static void on_up(void *context)
{
    static const enum topic_channel channels[] = {TOPIC_PRESENCE, TOPIC_ALERT, TOPIC_TRACK};
    struct harness *h = context;
    h->seen[0].heard_seq = h->seen[1].heard_seq = 0;
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        char filter[TOPIC_MAX];
        if (topic_filter(DIVISION, channels[i], filter) < 0 || mqtt_subscribe(h->bureau, filter) < 0)
            die("subscribe", -EIO);
    }
}

static void on_down(void *context, const char *reason)
{
    struct harness *h = context;
    (void)reason;                          /* idle() connects again */
    h->presence = (struct bw_presence){0}; /* says nothing of the vehicle any more */
}

static void start_bureau(struct harness *h)
{
    const struct mqtt_handlers handlers = {.context = h, .up = on_up, .down = on_down, .message = on_message};
    struct mqtt_config config = h->config.mqtt;
    config.client_id = "bureau";
    config.clean_session = false; /* what comes while the bureau is away waits at the broker */
    int rc = mqtt_create(&config, &handlers, &h->bureau);
    if (rc < 0)
        die("bureau", rc);
}

/* Let time pass, with the bureau at work. */
static void idle(struct harness *h, int timeout_ms)
{
    if (h->bureau == NULL) {
        poll(NULL, 0, timeout_ms);
        return;
    }
    if (!mqtt_is_up(h->bureau) && mqtt_connect(h->bureau) < 0)
        poll(NULL, 0, timeout_ms); /* -EALREADY, or no broker: both end by themselves */
    mqtt_step(h->bureau, timeout_ms, -1);
}

/* ---- the vehicle ---- */

static int on_issued(void *context, enum issued_kind kind, const uint8_t *sealed, size_t len)
{
    struct harness *h = context;
    const struct issued_for anybody = {0};
    struct issued issued;
    const int rc = issued_open(kind, sealed, len, &anybody, &issued);
    if (rc < 0)
        return rc;
    h->stored[kind] = issued_version(&issued);
    issued_free(&issued);
    return 0;
}

static bool append(struct harness *h, bool is_alert, uint64_t n)
{
    if (is_alert)
        h->tracks_heard = 0;
    for (uint64_t i = 0; i < n; i++) {
        const struct bw_alert alert = {.kind = BW_OVERLOAD,
                                       .phase = BW_RAISED,
                                       .severity = BW_MINOR,
                                       .number = ++h->alert_number,
                                       .evidence.overload = {.aboard = 20, .capacity = 19}};
        const struct bw_track track = {.n = 1, .fixes[0] = {.utc_ms = 1, .lat_deg = 29, .lon_deg = 121}};
        int rc =
            is_alert ? outbox_append_alert(h->outbox, &alert, 1) : outbox_append_track(h->outbox, &track, 1);
        if (rc < 0)
            return false;
    }
    if (h->uplink != NULL)
        uplink_wake(h->uplink);
    return true;
}

/* ---- commands: each returns whether it went well, and may print more than "ok" ---- */

static uint64_t depth(const struct harness *h, enum bw_record_class cls)
{
    struct outbox_depth depth;
    int rc = outbox_depth(h->outbox, cls, &depth);
    if (rc < 0)
        die("depth", rc);
    return depth.records;
}

static bool get_value(struct harness *h, const char *name, uint64_t *ret)
{
    struct uplink_stats stats = {0};
    if (h->uplink != NULL)
        uplink_stats(h->uplink, &stats);
    const struct {
        const char *name;
        uint64_t value;
    } table[] = {
        {"waiting-alert", depth(h, BW_RECORD_ALERT)},
        {"waiting-track", depth(h, BW_RECORD_TRACK)},
        {"seen-alert", h->seen[0].upto_seq},
        {"seen-track", h->seen[1].upto_seq},
        {"repeated", h->repeats > 0},
        {"faults", h->faults},
        {"online", h->presence.online},
        {"latitude", (uint64_t)h->presence.lat_deg},
        {"tracks-before-alert", h->overtook},
        {"bureau", h->bureau != NULL && mqtt_is_up(h->bureau)},
        {"connected", stats.connected},
        {"connects", stats.connects},
        {"failures", stats.failures},
        {"turns", stats.turns},
        {"sent-track", stats.sent[1]},
        {"receipts-refused", stats.receipts_refused},
        {"streams-begun", stats.streams_begun},
        {"licences-refused", stats.issued_refused[ISSUED_LICENCE]},
        {"orders-refused", stats.issued_refused[ISSUED_ORDERS]},
        {"licence", h->stored[ISSUED_LICENCE]},
        {"orders", h->stored[ISSUED_ORDERS]},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0) {
            *ret = table[i].value;
            return true;
        }
    }
    return false;
}

static bool do_alert(struct harness *h, const char *n, const char *unused)
{
    (void)unused;
    return append(h, true, strtoull(n, NULL, 10));
}

static bool do_track(struct harness *h, const char *n, const char *unused)
{
    (void)unused;
    return append(h, false, strtoull(n, NULL, 10));
}

static bool do_start(struct harness *h, const char *unused1, const char *unused2)
{
    (void)unused1, (void)unused2;
    int rc = uplink_start(&h->config, &h->uplink);
    if (rc < 0)
        die("uplink_start", rc);
    return true;
}

static bool do_stop(struct harness *h, const char *unused1, const char *unused2)
{
    (void)unused1, (void)unused2;
    uplink_stop(h->uplink);
    h->uplink = NULL;
    return true;
}

static bool do_position(struct harness *h, const char *lat_deg, const char *unused)
{
    (void)unused;
    const struct bw_presence presence = {.has_position = true, .lat_deg = strtod(lat_deg, NULL)};
    uplink_presence(h->uplink, &presence);
    return true;
}

static bool do_bureau(struct harness *h, const char *mode, const char *unused)
{
    (void)unused;
    if (strcmp(mode, "anew") == 0)
        memset(h->seen, 0, sizeof h->seen);
    h->sends_receipts = strcmp(mode, "receipts") == 0;
    if (h->bureau == NULL)
        start_bureau(h);
    return true;
}

static bool do_receipt(struct harness *h, const char *fault, const char *unused)
{
    (void)unused;
    struct bw_receipt receipt = current_receipt(h);
    const struct seal_key *key = strcmp(fault, "wrong-key") == 0 ? &h->other_key : &h->bureau_key;
    if (strcmp(fault, "wrong-stream") == 0)
        receipt.stream[0] ^= 1;
    if (strcmp(fault, "beyond") == 0)
        receipt.upto_seq[0] = 1000000;
    publish_receipt(h, &receipt, key);
    return true;
}

static void publish_licence(struct harness *h, const char *version, const char *vehicle,
                            const struct seal_key *key)
{
    struct bw_licence licence = {.version = strtoull(version, NULL, 10),
                                 .vehicle_class = BW_CLASS_SMALL,
                                 .seats = 20,
                                 .approved_capacity = 19,
                                 .utc_offset_min = 480};
    struct wire_bytes payload;
    (void)snprintf(licence.vehicle_id, sizeof licence.vehicle_id, "%s", vehicle);
    (void)snprintf(licence.division, sizeof licence.division, "%s", DIVISION);
    (void)snprintf(licence.plate, sizeof licence.plate, "%s", "浙J12345");
    int rc = wire_licence_encode(&licence, &payload);
    if (rc < 0)
        die("licence", rc);
    publish_sealed(h, TOPIC_LICENCE, SEAL_LICENCE, payload, key);
}

static void publish_orders(struct harness *h, const char *version, const char *vehicle,
                           const struct seal_key *key)
{
    struct bw_order fog = {.kind = BW_ORDER_WEATHER, .order_id = "o-1", .until_utc_ms = 1};
    struct bw_orders orders = {.version = strtoull(version, NULL, 10), .n_orders = 1, .orders = &fog};
    struct wire_bytes payload;
    (void)snprintf(orders.vehicle_id, sizeof orders.vehicle_id, "%s", vehicle);
    (void)snprintf(orders.division, sizeof orders.division, "%s", DIVISION);
    int rc = wire_orders_encode(&orders, &payload);
    if (rc < 0)
        die("orders", rc);
    publish_sealed(h, TOPIC_ORDERS, SEAL_ORDERS, payload, key);
}

static bool do_licence(struct harness *h, const char *version, const char *vehicle)
{
    publish_licence(h, version, vehicle, &h->bureau_key);
    return true;
}

static bool do_orders(struct harness *h, const char *version, const char *vehicle)
{
    publish_orders(h, version, vehicle, &h->bureau_key);
    return true;
}

static bool do_forged(struct harness *h, const char *kind, const char *version)
{
    if (strcmp(kind, "orders") == 0)
        publish_orders(h, version, VEHICLE, &h->other_key);
    else
        publish_licence(h, version, VEHICLE, &h->other_key);
    return true;
}

static bool do_pass(struct harness *h, const char *ms, const char *unused)
{
    (void)unused;
    for (const int64_t end_ms = monotonic_ms() + strtoll(ms, NULL, 10); monotonic_ms() < end_ms;)
        idle(h, STEP_MS);
    return true;
}

static bool do_get(struct harness *h, const char *name, const char *unused)
{
    uint64_t value = 0;
    (void)unused;
    bool known = get_value(h, name, &value);
    printf("%" PRIu64 " ", value);
    return known;
}

static bool do_wait(struct harness *h, const char *name, const char *wanted)
{
    const uint64_t target = strtoull(wanted, NULL, 10);
    const int64_t end_ms = monotonic_ms() + WAIT_MS;
    uint64_t value = 0;
    while (get_value(h, name, &value)) {
        if (value == target)
            return true;
        if (monotonic_ms() >= end_ms)
            break;
        idle(h, STEP_MS);
    }
    printf("%s is %" PRIu64 " ", name, value);
    return false;
}

static bool do_reason(struct harness *h, const char *unused1, const char *unused2)
{
    struct uplink_stats stats = {0};
    (void)unused1, (void)unused2;
    if (h->uplink != NULL)
        uplink_stats(h->uplink, &stats);
    printf("%s ", stats.reason);
    return true;
}

static bool do_down(struct harness *h, const char *unused1, const char *unused2)
{
    struct uplink_stats stats = {0};
    (void)unused1, (void)unused2;
    if (h->uplink != NULL)
        uplink_stats(h->uplink, &stats);
    printf("%s ", stats.last_down);
    return true;
}

static bool do_keepalive(struct harness *h, const char *s, const char *unused)
{
    (void)unused;
    h->config.mqtt.keepalive_s = (int)strtol(s, NULL, 10);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(struct harness *h, const char *first, const char *second);
} commands[] = {
    {"alert", do_alert},   {"track", do_track},     {"start", do_start},         {"stop", do_stop},
    {"bureau", do_bureau}, {"receipt", do_receipt}, {"licence", do_licence},     {"pass", do_pass},
    {"get", do_get},       {"wait", do_wait},       {"reason", do_reason},       {"orders", do_orders},
    {"forged", do_forged}, {"down", do_down},       {"keepalive", do_keepalive}, {"position", do_position},
};

static void obey(struct harness *h, char *line)
{
    char *rest = line;
    const char *words[3];
    for (int i = 0; i < 3; i++) {
        const char *word = strtok_r(i == 0 ? line : NULL, " \n", &rest);
        words[i] = word == NULL ? "" : word;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, words[0]) == 0) {
            puts(commands[i].run(h, words[1], words[2]) ? "ok" : "fail");
            return;
        }
    }
    puts("no such command fail");
}

/* ---- set up ---- */

/* Keys live in DIRECTORY, so that a second run is the same vehicle. */
static void load_key(const char *directory, const char *name, struct seal_key *ret)
{
    char path[PATH_LEN];
    (void)snprintf(path, sizeof path, "%s/%s.key", directory, name);
    int rc = seal_secret_load(path, ret);
    if (rc == -ENOENT) {
        seal_key_generate(ret);
        rc = seal_secret_save(path, ret);
    }
    if (rc < 0)
        die(path, rc);
}

/* Static: the configuration points at them for the program's life. */
static char outbox_path[PATH_LEN], ca_file[PATH_LEN], cert_file[PATH_LEN], key_file[PATH_LEN];

static void configure(struct harness *h, char **argv, const char *tls_directory)
{
    (void)snprintf(outbox_path, sizeof outbox_path, "%s/outbox.db", argv[1]);
    h->config = (struct uplink_config){
        .mqtt = {.host = argv[3], .port = (int)strtol(argv[2], NULL, 10)},
        .outbox = {.path = outbox_path, .division = DIVISION, .vehicle = VEHICLE, .key = &h->vehicle_key},
        .receipt_timeout_ms = RECEIPT_TIMEOUT_MS,
        .backoff_max_ms = BACKOFF_MAX_MS,
        .on_issued = on_issued,
        .context = h,
    };
    memcpy(h->config.bureau_key, h->bureau_key.public_key, BW_PUBLIC_KEY_LEN);
    if (tls_directory == NULL)
        return;
    (void)snprintf(ca_file, sizeof ca_file, "%s/ca.pem", tls_directory);
    (void)snprintf(cert_file, sizeof cert_file, "%s/client.pem", tls_directory);
    (void)snprintf(key_file, sizeof key_file, "%s/client.key", tls_directory);
    h->config.mqtt.ca_file = ca_file;
    h->config.mqtt.cert_file = cert_file;
    h->config.mqtt.key_file = key_file;
}

int main(int argc, char **argv)
{
    static struct harness h;
    if (argc < 4 || argc > 5) {
        (void)fputs("usage: uplink_harness DIRECTORY PORT HOST [TLS-DIRECTORY]\n", stderr);
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    int rc = seal_init();
    if (rc < 0)
        die("libsodium", rc);
    load_key(argv[1], "vehicle", &h.vehicle_key);
    load_key(argv[1], "bureau", &h.bureau_key);
    seal_key_generate(&h.other_key);
    configure(&h, argv, argc == 5 ? argv[4] : NULL);

    bool set_aside;
    rc = outbox_open(&h.config.outbox, &h.outbox, &set_aside);
    if (rc < 0)
        die("outbox", rc);

    char line[LINE_LEN];
    while (fgets(line, sizeof line, stdin) != NULL)
        obey(&h, line);
    uplink_stop(h.uplink);
    mqtt_destroy(h.bureau);
    outbox_close(h.outbox);
    return 0;
}
