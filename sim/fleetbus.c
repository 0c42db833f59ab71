#include "sim/fleetbus.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/compliance/engine.h"
#include "gateway/uplink/window.h"
#include "proto/issued.h"
#include "proto/topic.h"
#include "proto/wire.h"
#include "sim/rng.h"
#include "sim/road.h"

static const double CRUISE_MPS = 10, NOISE_M = 1, TURN_DEG = 180, ACCURACY_M = 8;
enum {
    RECEIPT_TIMEOUT_MS = 15000, /* as the gateway */
    PRESENCE_MS = 10000,
    BACKOFF_BASE_MS = 1000,
    BACKOFF_MAX_MS = 60000,
    TRACK_FIXES = 10,
    TOO_MANY = 2,
    TOO_MANY_S = 15,
    HOUR_S = 3600,
};

static const enum topic_channel CHANNELS[] = {TOPIC_ALERT, TOPIC_TRACK};

/* The records of a class: sealed, in order, from the oldest without a receipt on. */
struct chain {
    enum bw_record_class cls;
    uint64_t next_seq, oldest_seq;
    uint8_t head[BW_HASH_LEN];
    struct window window;
    struct wire_bytes waiting[FLEETBUS_WAITING_MAX]; /* by seq % FLEETBUS_WAITING_MAX */
};

struct fleetbus {
    char vehicle[BW_ID_LEN], division[BW_DIVISION_LEN], client_id[BW_ID_LEN + BW_DIVISION_LEN];
    struct fleetbus_config config; /* its strings are not used after fleetbus_create() */
    char topics[TOPIC_CHANNEL_COUNT][TOPIC_MAX];
    struct mqtt *mqtt;
    struct backoff backoff;
    int64_t up_since_ms, connect_at_ms; /* connect_at_ms -1: connecting or connected */
    int64_t presence_ms;                /* sent last; 0 = not on this connection */
    int64_t now_ms, now_utc_ms;         /* of the present call */
    bool may_send;
    struct fleetbus_stats stats;

    uint8_t stream[BW_STREAM_LEN];
    struct chain chains[2];

    struct issued licence;
    void *memory;
    struct engine *engine;
    struct road *road;
    struct rng rng;
    double along_m;
    bool back; /* it drives towards the route's beginning */
    int64_t first_utc_ms;
    unsigned too_many_s; /* left; 0 = nobody too many */
    struct bw_fix fix;
    struct bw_occupancy aboard;
    struct bw_track track;
};

/* --- records --- */

static struct wire_bytes *slot(struct chain *chain, uint64_t seq)
{
    return &chain->waiting[seq % FLEETBUS_WAITING_MAX];
}

/* Sealed as the outbox seals. */
static void append(struct fleetbus *bus, struct chain *chain, const struct wire_body *body)
{
    struct wire_bytes encoded = {0};
    struct wire_record record = {.cls = chain->cls, .seq = chain->next_seq};
    if (chain->next_seq - chain->oldest_seq == FLEETBUS_WAITING_MAX ||
        wire_body_encode(body, &encoded) != 0) {
        bus->stats.lost++;
        return;
    }
    memcpy(record.stream, bus->stream, BW_STREAM_LEN);
    memcpy(record.prev, chain->head, BW_HASH_LEN);
    memcpy(record.body, encoded.data, encoded.len);
    record.body_len = encoded.len;
    wire_bytes_free(&encoded);
    seal_record_sign(&record, bus->division, bus->vehicle, &bus->config.key);
    if (wire_record_encode(&record, slot(chain, record.seq)) != 0) {
        bus->stats.lost++;
        return;
    }
    seal_record_hash(&record, bus->division, bus->vehicle, chain->head);
    chain->next_seq++;
    bus->stats.made[chain->cls - 1]++;
}

static void drop_up_to(struct fleetbus *bus, struct chain *chain, uint64_t upto_seq)
{
    if (upto_seq >= chain->next_seq)
        return; /* of nothing that was made here */
    for (; chain->oldest_seq <= upto_seq; chain->oldest_seq++) {
        wire_bytes_free(slot(chain, chain->oldest_seq));
        bus->stats.receipted[chain->cls - 1]++;
    }
    window_receipt(&chain->window, upto_seq, bus->now_ms);
}

static void send_class(struct fleetbus *bus, struct chain *chain, size_t in_flight_max)
{
    (void)window_expire(&chain->window, bus->now_ms);
    while (window_may_send(&chain->window) && chain->window.next_seq < chain->next_seq &&
           mqtt_in_flight(bus->mqtt) < in_flight_max) {
        const uint64_t seq = chain->window.next_seq;
        const struct wire_bytes *record = slot(chain, seq);
        if (mqtt_publish(bus->mqtt, bus->topics[CHANNELS[chain->cls - 1]], record->data, record->len, false,
                         NULL) != 0)
            return;
        window_sent(&chain->window, seq, bus->now_ms);
        bus->stats.sent++;
    }
}

/* --- presence --- */

static struct bw_presence presence_of(const struct fleetbus *bus, bool online)
{
    struct bw_presence presence = {.online = online,
                                   .time_utc_ms = bus->now_utc_ms,
                                   .licence_version = issued_version(&bus->licence),
                                   .software = "fleet",
                                   .has_position = bus->fix.position.lat_deg != 0,
                                   .fix_utc_ms = bus->now_utc_ms,
                                   .lat_deg = bus->fix.position.lat_deg,
                                   .lon_deg = bus->fix.position.lon_deg,
                                   .speed_mps = (float)bus->fix.speed_mps,
                                   .occupancy = bus->aboard};
    memcpy(presence.stream, bus->stream, BW_STREAM_LEN);
    for (size_t i = 0; i < 2; i++) {
        presence.oldest_seq[i] = bus->chains[i].oldest_seq;
        presence.next_seq[i] = bus->chains[i].next_seq;
    }
    return presence;
}

static void send_presence(struct fleetbus *bus)
{
    const struct bw_presence presence = presence_of(bus, true);
    struct wire_bytes encoded;
    if (wire_presence_encode(&presence, &encoded) != 0)
        return;
    if (mqtt_publish(bus->mqtt, bus->topics[TOPIC_PRESENCE], encoded.data, encoded.len, true, NULL) == 0)
        bus->presence_ms = bus->now_ms;
    wire_bytes_free(&encoded);
}

/* As the uplink: presence first, alerts before tracks, which leave room for alerts. */
static void pump(struct fleetbus *bus)
{
    if (!mqtt_is_up(bus->mqtt))
        return;
    if (bus->presence_ms == 0 || bus->now_ms - bus->presence_ms >= PRESENCE_MS)
        send_presence(bus);
    if (bus->presence_ms == 0 || !bus->may_send)
        return;
    send_class(bus, &bus->chains[0], 2 * (size_t)FLEETBUS_IN_FLIGHT_MAX);
    send_class(bus, &bus->chains[1], FLEETBUS_IN_FLIGHT_MAX);
}

/* --- from the bureau --- */

static int take_receipt(struct fleetbus *bus, const uint8_t *data, size_t len)
{
    struct wire_sealed sealed;
    struct bw_receipt receipt;
    int error = wire_sealed_decode(data, len, WIRE_RECEIPT_MAX, &sealed);
    if (error != 0)
        return error;
    if (bus->config.check_receipts &&
        !seal_payload_verify(&sealed, SEAL_RECEIPT, bus->division, bus->vehicle, bus->config.bureau_key))
        error = -EKEYREJECTED;
    if (error == 0)
        error = wire_receipt_decode(sealed.payload.data, sealed.payload.len, &receipt);
    wire_sealed_free(&sealed);
    if (error != 0 || memcmp(receipt.stream, bus->stream, BW_STREAM_LEN) != 0)
        return error != 0 ? error : -ESTALE;
    for (size_t i = 0; i < 2; i++)
        drop_up_to(bus, &bus->chains[i], receipt.upto_seq[i]);
    bus->stats.receipts++;
    return 0;
}

/* A newer one makes a new engine, as in the gateway; what was open goes on. */
static int take_licence(struct fleetbus *bus, const uint8_t *data, size_t len)
{
    const struct issued_for us = {
        .vehicle = bus->vehicle, .division = bus->division, .key = bus->config.bureau_key};
    struct issued licence = {.kind = ISSUED_LICENCE};
    struct road *road = NULL;
    struct bw_alert open[ENGINE_ALERTS_MAX];
    int error = issued_open(ISSUED_LICENCE, data, len, &us, &licence);
    if (error == 0 && issued_version(&licence) <= issued_version(&bus->licence)) {
        issued_free(&licence);
        return 0;
    }
    const struct bw_route *route =
        error == 0 && licence.u.licence.n_routes > 0 ? licence.u.licence.routes : NULL;
    if (error == 0)
        error = route != NULL ? road_create(route->points, route->n_points, &road) : -EINVAL;
    void *memory = error == 0 ? malloc(engine_size(&licence.u.licence)) : NULL;
    if (memory == NULL) {
        road_free(road);
        issued_free(&licence);
        return error != 0 ? error : -ENOMEM;
    }
    const size_t n_open = bus->engine != NULL ? engine_open(bus->engine, open) : 0;
    const uint64_t next_number = bus->engine != NULL ? engine_next_number(bus->engine) : 1;
    issued_free(&bus->licence);
    free(bus->memory);
    road_free(bus->road);
    bus->licence = licence;
    bus->memory = memory;
    bus->road = road;
    bus->engine = engine_init(memory, &bus->licence.u.licence, next_number);
    for (size_t i = 0; i < n_open; i++)
        engine_resume(bus->engine, &open[i]);
    bus->stats.licensed = true;
    bus->presence_ms = 0; /* it names what is held: at once */
    return 0;
}

static void on_message(void *context, const char *topic, const uint8_t *payload, size_t len, bool retained)
{
    struct fleetbus *bus = context;
    int error = 0;
    (void)retained;
    if (strcmp(topic, bus->topics[TOPIC_RECEIPT]) == 0)
        error = take_receipt(bus, payload, len);
    else if (strcmp(topic, bus->topics[TOPIC_LICENCE]) == 0 && len > 0)
        error = take_licence(bus, payload, len);
    bus->stats.refused += error != 0;
}

/* --- the connection --- */

static void on_up(void *context)
{
    static const enum topic_channel down[] = {TOPIC_LICENCE, TOPIC_ORDERS, TOPIC_RECEIPT};
    struct fleetbus *bus = context;
    bus->stats.up = true;
    bus->stats.connects++;
    bus->up_since_ms = bus->now_ms;
    bus->presence_ms = 0;
    for (size_t i = 0; i < 2; i++)
        window_rewind(&bus->chains[i].window, bus->chains[i].oldest_seq, bus->now_ms);
    for (size_t i = 0; i < sizeof down / sizeof down[0]; i++)
        (void)mqtt_subscribe(bus->mqtt, bus->topics[down[i]]); /* a failure ends the connection */
}

static void on_down(void *context, const char *reason)
{
    struct fleetbus *bus = context;
    (void)reason;
    const int64_t session_ms = bus->stats.up ? bus->now_ms - bus->up_since_ms : 0;
    bus->stats.up = false;
    bus->connect_at_ms =
        bus->now_ms + backoff_next_ms(&bus->backoff, session_ms, (uint32_t)rng_next(&bus->rng));
}

/* --- driving --- */

/* Good seats, and nobody between two numbers: what is certain is also the best estimate. */
static void board(struct fleetbus *bus)
{
    const uint16_t capacity = bus->licence.u.licence.approved_capacity;
    if (bus->too_many_s > 0)
        bus->too_many_s--;
    else if (rng_uniform(&bus->rng) < bus->config.overloads_per_h / HOUR_S)
        bus->too_many_s = TOO_MANY_S;
    const uint16_t n = (uint16_t)(bus->too_many_s > 0 ? capacity + TOO_MANY : capacity / 2);
    bus->aboard = (struct bw_occupancy){BW_QUALITY_GOOD, n, n, n};
}

static void move(struct fleetbus *bus)
{
    struct bw_point at;
    double course_deg;
    const double length_m = road_length_m(bus->road);
    bus->along_m += bus->back ? -CRUISE_MPS : CRUISE_MPS;
    if (bus->along_m <= 0 || bus->along_m >= length_m)
        bus->back = bus->along_m > 0;
    road_at(bus->road, bus->along_m, &at, &course_deg);
    const struct road_scale scale = road_scale(at.lat_deg);
    bus->fix = (struct bw_fix){
        .position = {at.lat_deg + NOISE_M * rng_normal(&bus->rng) / scale.m_per_lat_deg,
                     at.lon_deg + NOISE_M * rng_normal(&bus->rng) / scale.m_per_lon_deg, ACCURACY_M},
        .speed_mps = CRUISE_MPS,
        .course_deg = fmod(course_deg + (bus->back ? TURN_DEG : 0), 2 * TURN_DEG)};
}

static void judge(struct fleetbus *bus, const struct bw_event *event)
{
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    const size_t n = engine_step(bus->engine, event, alerts);
    for (size_t i = 0; i < n; i++) {
        const struct wire_body body = {.type = WIRE_BODY_ALERT, .u.alert = alerts[i]};
        if (alerts[i].phase == BW_RAISED) {
            bus->stats.alerts++;
            if (bus->config.on_raised != NULL)
                bus->config.on_raised(bus->config.context, bus->vehicle, alerts[i].number);
        }
        append(bus, &bus->chains[0], &body);
    }
}

void fleetbus_flush(struct fleetbus *bus)
{
    const struct wire_body body = {.type = WIRE_BODY_TRACK, .u.track = bus->track};
    if (bus->track.n > 0)
        append(bus, &bus->chains[1], &body);
    bus->track.n = 0;
}

void fleetbus_drive(struct fleetbus *bus, int64_t utc_ms)
{
    if (bus->engine == NULL)
        return;
    if (bus->first_utc_ms == 0) {
        bus->first_utc_ms = utc_ms;
        bus->along_m = rng_uniform(&bus->rng) * road_length_m(bus->road);
    }
    board(bus);
    move(bus);
    struct bw_event event = {.type = BW_EVENT_CABIN,
                             .mono_ms = utc_ms - bus->first_utc_ms + 1,
                             .utc_ms = utc_ms,
                             .clock = BW_CLOCK_GNSS,
                             .u.cabin = {.occupancy = bus->aboard,
                                         .door_open = BW_NO,
                                         .ignition_on = BW_YES,
                                         .main_power = BW_YES,
                                         .antenna_ok = BW_YES,
                                         .wheel_known = true,
                                         .wheel_mps = CRUISE_MPS}};
    judge(bus, &event);
    event.type = BW_EVENT_FIX;
    event.u.fix = bus->fix;
    judge(bus, &event);
    bus->track.fixes[bus->track.n++] = (struct bw_track_fix){.utc_ms = utc_ms,
                                                             .lat_deg = bus->fix.position.lat_deg,
                                                             .lon_deg = bus->fix.position.lon_deg,
                                                             .quality = bus->aboard.quality,
                                                             .aboard = bus->aboard.count};
    if (bus->track.n == TRACK_FIXES)
        fleetbus_flush(bus);
}

/* --- the loop's end of it --- */

int fleetbus_fd(struct fleetbus *bus, short *ret_events)
{
    return mqtt_fd(bus->mqtt, ret_events);
}

void fleetbus_step(struct fleetbus *bus, int64_t mono_ms, int64_t utc_ms)
{
    bus->now_ms = mono_ms;
    bus->now_utc_ms = utc_ms;
    if (bus->connect_at_ms >= 0 && mono_ms >= bus->connect_at_ms) {
        bus->connect_at_ms = -1;
        if (mqtt_connect(bus->mqtt) != 0)
            on_down(bus, "");
    }
    mqtt_step(bus->mqtt, 0, -1);
    pump(bus);
}

void fleetbus_open(struct fleetbus *bus, bool may_send)
{
    bus->may_send = may_send;
}

const struct fleetbus_stats *fleetbus_stats(const struct fleetbus *bus)
{
    return &bus->stats;
}

bool fleetbus_is_idle(const struct fleetbus *bus)
{
    return bus->chains[0].oldest_seq == bus->chains[0].next_seq &&
           bus->chains[1].oldest_seq == bus->chains[1].next_seq;
}

/* --- life --- */

static int make_client(struct fleetbus *bus)
{
    const struct mqtt_handlers handlers = {
        .context = bus, .up = on_up, .down = on_down, .message = on_message};
    struct mqtt_config mqtt = bus->config.mqtt;
    const struct bw_presence gone = presence_of(bus, false);
    struct wire_bytes will = {0};
    (void)snprintf(bus->client_id, sizeof bus->client_id, "%s-%s", bus->division, bus->vehicle);
    int error = wire_presence_encode(&gone, &will);
    mqtt.client_id = bus->client_id;
    mqtt.clean_session = true;
    mqtt.will_topic = bus->topics[TOPIC_PRESENCE];
    mqtt.will_payload = will.data;
    mqtt.will_len = will.len;
    if (error == 0)
        error = mqtt_create(&mqtt, &handlers, &bus->mqtt);
    wire_bytes_free(&will);
    return error;
}

static int name(struct fleetbus *bus, const struct fleetbus_config *config)
{
    struct topic topic = {0};
    if (!topic_level_valid(config->vehicle) || strlen(config->vehicle) >= BW_ID_LEN ||
        !topic_level_valid(config->division) || strlen(config->division) >= BW_DIVISION_LEN)
        return -EINVAL;
    memcpy(bus->vehicle, config->vehicle, strlen(config->vehicle) + 1);
    memcpy(bus->division, config->division, strlen(config->division) + 1);
    memcpy(topic.vehicle, bus->vehicle, sizeof topic.vehicle);
    memcpy(topic.division, bus->division, sizeof topic.division);
    int error = 0;
    for (int channel = 0; channel < TOPIC_CHANNEL_COUNT && error == 0; channel++) {
        topic.channel = (enum topic_channel)channel;
        error = topic_format(&topic, bus->topics[channel]);
    }
    return error;
}

int fleetbus_create(const struct fleetbus_config *config, struct fleetbus **ret)
{
    struct fleetbus *bus = calloc(1, sizeof *bus);
    if (bus == NULL)
        return -ENOMEM;
    bus->config = *config;
    bus->licence.kind = ISSUED_LICENCE;
    bus->backoff = (struct backoff){.base_ms = BACKOFF_BASE_MS, .max_ms = BACKOFF_MAX_MS};
    rng_seed(&bus->rng, config->seed, config->vehicle);
    for (size_t i = 0; i < 2; i++) {
        bus->chains[i] = (struct chain){.cls = i == 0 ? BW_RECORD_ALERT : BW_RECORD_TRACK,
                                        .next_seq = 1,
                                        .oldest_seq = 1,
                                        .window = window_make(FLEETBUS_IN_FLIGHT_MAX, RECEIPT_TIMEOUT_MS)};
        window_rewind(&bus->chains[i].window, 1, 0);
    }
    struct seal_key
        random; /* a stream id is random, whatever the seed: the bureau may have seen this fleet */
    seal_key_generate(&random);
    memcpy(bus->stream, random.public_key, BW_STREAM_LEN);
    seal_key_wipe(&random);
    int error = name(bus, config);
    if (error == 0)
        error = make_client(bus);
    if (error != 0) {
        fleetbus_free(bus);
        return error;
    }
    *ret = bus;
    return 0;
}

void fleetbus_free(struct fleetbus *bus)
{
    if (bus == NULL)
        return;
    if (bus->mqtt != NULL)
        mqtt_disconnect(bus->mqtt);
    mqtt_destroy(bus->mqtt);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < FLEETBUS_WAITING_MAX; k++)
            wire_bytes_free(&bus->chains[i].waiting[k]);
    issued_free(&bus->licence);
    free(bus->memory);
    road_free(bus->road);
    free(bus);
}
