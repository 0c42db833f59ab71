/* A county's vehicles for tests/bench/plates, all over one connection:
 *     bench_plates_fleet STORE PORT SECRET VEHICLES
 * enrols bus-000, bus-001, ... of division 331023 with one key, and then publishes for ever, each second a
 * tenth of them: presence, and a signed record of ten positions. Prints "live" when all have spoken once. */
#include "bureau/store/store.h"
#include "proto/mqtt.h"
#include "proto/seal.h"
#include "proto/topic.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { VEHICLES_MAX = 2000, ROUND_S = 10, FIXES = 10 };

static const char division[] = "331023";

static struct fleet {
    struct seal_key key;
    struct mqtt *mqtt;
    uint8_t stream[BW_STREAM_LEN];
    size_t n;
    struct {
        uint64_t seq;
        uint8_t head[BW_HASH_LEN];
    } vehicles[VEHICLES_MAX];
} fleet;

static int64_t now_utc_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_plates_fleet: %s\n", what);
    exit(1);
}

static void name_of(size_t vehicle, char ret[BW_ID_LEN])
{
    (void)snprintf(ret, BW_ID_LEN, "bus-%03zu", vehicle);
}

static void enrol(const char *path)
{
    struct store *store;
    char vehicle[BW_ID_LEN];
    int rc = store_open(path, &store);
    if (rc == 0)
        rc = store_begin(store);
    for (size_t i = 0; i < fleet.n && rc == 0; i++) {
        name_of(i, vehicle);
        rc = store_vehicle_key_set(store, vehicle, fleet.key.public_key);
    }
    if (rc != 0 || store_commit(store) != 0)
        die("the store takes no keys");
    store_close(store);
}

static void publish(const char *vehicle, enum topic_channel channel, struct wire_bytes *bytes)
{
    struct topic topic = {.channel = channel};
    char text[TOPIC_MAX];
    (void)snprintf(topic.division, sizeof(topic.division), "%s", division);
    (void)snprintf(topic.vehicle, sizeof(topic.vehicle), "%s", vehicle);
    if (topic_format(&topic, text) != 0 ||
        mqtt_publish(fleet.mqtt, text, bytes->data, bytes->len, channel == TOPIC_PRESENCE, NULL) != 0)
        die("not published");
    wire_bytes_free(bytes);
}

static void say_presence(size_t i, int64_t utc_ms)
{
    struct wire_bytes bytes = {0};
    char vehicle[BW_ID_LEN];
    const uint16_t aboard = (uint16_t)((i + (size_t)(utc_ms / 10000)) % 19);
    struct bw_presence presence = {.online = true,
                                   .time_utc_ms = utc_ms,
                                   .software = "bench",
                                   .has_position = true,
                                   .fix_utc_ms = utc_ms,
                                   .lat_deg = 29.1 + (double)i / 10000,
                                   .lon_deg = 121 + (double)(utc_ms % 100000) / 1e6,
                                   .speed_mps = 8,
                                   .occupancy = {BW_QUALITY_GOOD, aboard, aboard, aboard},
                                   .capacity = 18};
    memcpy(presence.stream, fleet.stream, BW_STREAM_LEN);
    presence.oldest_seq[0] = presence.next_seq[0] = 1;
    presence.oldest_seq[1] = presence.next_seq[1] = fleet.vehicles[i].seq + 1;
    name_of(i, vehicle);
    if (wire_presence_encode(&presence, &bytes) != 0)
        die("no presence");
    publish(vehicle, TOPIC_PRESENCE, &bytes);
}

static void say_track(size_t i, int64_t utc_ms)
{
    static struct wire_body body;
    static struct wire_record record;
    struct wire_bytes bytes = {0};
    char vehicle[BW_ID_LEN];
    body.type = WIRE_BODY_TRACK;
    body.u.track.n = FIXES;
    for (int k = 0; k < FIXES; k++)
        body.u.track.fixes[k] =
            (struct bw_track_fix){utc_ms - (FIXES - k) * 1000, 29.1 + (double)i / 10000 + k * 1e-4,
                                  121 + k * 1e-4, BW_QUALITY_GOOD, 12};
    if (wire_body_encode(&body, &bytes) != 0)
        die("no track");
    memcpy(record.body, bytes.data, bytes.len);
    record.body_len = bytes.len;
    wire_bytes_free(&bytes);
    memcpy(record.stream, fleet.stream, BW_STREAM_LEN);
    record.cls = BW_RECORD_TRACK;
    record.seq = ++fleet.vehicles[i].seq;
    memcpy(record.prev, fleet.vehicles[i].head, BW_HASH_LEN);
    name_of(i, vehicle);
    seal_record_sign(&record, division, vehicle, &fleet.key);
    seal_record_hash(&record, division, vehicle, fleet.vehicles[i].head);
    if (wire_record_encode(&record, &bytes) != 0)
        die("no record");
    publish(vehicle, TOPIC_TRACK, &bytes);
}

static void up(void *context)
{
    (void)context;
}

static void down(void *context, const char *reason)
{
    (void)context;
    die(reason);
}

static void message(void *context, const char *topic, const uint8_t *payload, size_t len, bool retained)
{
    (void)context, (void)topic, (void)payload, (void)len, (void)retained;
}

static void connect_to(int port)
{
    const struct mqtt_config config = {
        .host = "127.0.0.1", .port = port, .client_id = "fleet", .clean_session = true};
    const struct mqtt_handlers handlers = {.up = up, .down = down, .message = message};
    if (mqtt_create(&config, &handlers, &fleet.mqtt) != 0 || mqtt_connect(fleet.mqtt) != 0)
        die("no broker");
    while (!mqtt_is_up(fleet.mqtt))
        mqtt_step(fleet.mqtt, 100, -1);
}

/* One vehicle after another, evenly over the ten seconds. */
static void drive(void)
{
    const int64_t begun_utc_ms = now_utc_ms();
    for (size_t said = 0;; said++) {
        const int64_t due_utc_ms = begun_utc_ms + (int64_t)(said * ROUND_S * 1000 / fleet.n);
        for (int64_t now = now_utc_ms(); now < due_utc_ms; now = now_utc_ms())
            mqtt_step(fleet.mqtt, (int)(due_utc_ms - now), -1);
        say_presence(said % fleet.n, now_utc_ms());
        say_track(said % fleet.n, now_utc_ms());
        mqtt_step(fleet.mqtt, 0, -1);
        if (said + 1 == fleet.n) {
            (void)puts("live");
            (void)fflush(stdout);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 5)
        die("usage: bench_plates_fleet STORE PORT SECRET VEHICLES");
    (void)signal(SIGPIPE, SIG_IGN);
    fleet.n = strtoul(argv[4], NULL, 10);
    const int64_t now = now_utc_ms();
    memcpy(fleet.stream, &now, sizeof(fleet.stream));
    if (fleet.n == 0 || fleet.n > VEHICLES_MAX || seal_init() != 0 ||
        seal_secret_load(argv[3], &fleet.key) != 0)
        die("no key, or 1 to 2000 vehicles");
    enrol(argv[1]);
    connect_to((int)strtol(argv[2], NULL, 10));
    drive();
}
