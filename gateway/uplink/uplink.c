#include "gateway/uplink/uplink.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "gateway/uplink/window.h"
#include "proto/topic.h"

enum {
    IN_FLIGHT_MAX = 32,
    RECEIPT_TIMEOUT_MS = 15000,
    BACKLOG_PER_S = 50,
    BACKOFF_BASE_MS = 1000,
    BACKOFF_MAX_MS = 60000,
    PRESENCE_PERIOD_MS = 10000,
    PRESENCE_MIN_MS = 1000, /* at most one a second, however often the content changes */
    IDLE_MS = 1000,         /* the longest that anything waits for its turn */
};

static const enum bw_record_class classes[] = {BW_RECORD_ALERT, BW_RECORD_TRACK}; /* in order of precedence */
static const enum topic_channel channels[] = {TOPIC_ALERT, TOPIC_TRACK};
enum { CLASS_COUNT = 2 };

enum session { IDLE, CONNECTING, ONLINE };

struct uplink {
    struct uplink_config config; /* defaults filled in */
    pthread_t thread;

    /* Shared with the main thread; the lock is held for copying only. */
    pthread_mutex_t lock;
    struct bw_presence presence; /* newest given */
    struct uplink_stats stats;
    bool presence_changed; /* since the last one sent */
    bool stopping;

    /* The uplink thread's own, but for wake_fd, which anyone may write to. */
    bool presence_sent; /* on this connection: the bureau needs it before any record */
    int wake_fd;
    struct mqtt *mqtt;
    struct outbox *outbox;
    enum session session;
    struct backoff backoff;
    int64_t connect_at_ms;       /* while IDLE: when to try again */
    int64_t online_since_ms;     /* while ONLINE */
    int64_t presence_at_ms;      /* when it was sent last on this connection */
    uint64_t held[ISSUED_KINDS]; /* versions */
    struct window windows[CLASS_COUNT];
    struct bucket backlog;
    char client_id[BW_DIVISION_LEN + BW_ID_LEN];
    char topics[TOPIC_CHANNEL_COUNT][TOPIC_MAX];
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what the main thread sees ---- */

static void set_reason(struct uplink *uplink, const char *what, const char *why)
{
    pthread_mutex_lock(&uplink->lock);
    (void)snprintf(uplink->stats.reason, sizeof uplink->stats.reason, "%s%s", what, why);
    pthread_mutex_unlock(&uplink->lock);
}

static void count(struct uplink *uplink, uint64_t *counter)
{
    pthread_mutex_lock(&uplink->lock);
    ++*counter;
    pthread_mutex_unlock(&uplink->lock);
}

/* ---- presence ---- */

static int fill_depths(struct uplink *uplink, struct bw_presence *presence)
{
    for (int i = 0; i < CLASS_COUNT; i++) {
        struct outbox_depth depth;
        int rc = outbox_depth(uplink->outbox, classes[i], &depth);
        if (rc < 0)
            return rc;
        presence->oldest_seq[i] = depth.oldest_seq;
        presence->next_seq[i] = depth.next_seq;
    }
    return 0;
}

static int encode_presence(struct uplink *uplink, const struct bw_presence *given, bool online,
                           struct wire_bytes *ret)
{
    struct bw_presence presence = *given;
    presence.online = online;
    memcpy(presence.stream, outbox_stream(uplink->outbox), BW_STREAM_LEN);
    int rc = fill_depths(uplink, &presence);
    return rc == 0 ? wire_presence_encode(&presence, ret) : rc;
}

static int send_presence(struct uplink *uplink, bool online)
{
    pthread_mutex_lock(&uplink->lock);
    const struct bw_presence presence = uplink->presence;
    uplink->presence_changed = false;
    pthread_mutex_unlock(&uplink->lock);

    struct wire_bytes encoded;
    int rc = encode_presence(uplink, &presence, online, &encoded);
    if (rc < 0) {
        set_reason(uplink, "presence: ", strerror(-rc));
        return rc;
    }
    rc = mqtt_publish(uplink->mqtt, uplink->topics[TOPIC_PRESENCE], encoded.data, encoded.len, true, NULL);
    wire_bytes_free(&encoded);
    return rc;
}

static bool presence_due(struct uplink *uplink, int64_t now_ms)
{
    if (!uplink->presence_sent)
        return true;
    pthread_mutex_lock(&uplink->lock);
    const bool changed = uplink->presence_changed;
    pthread_mutex_unlock(&uplink->lock);
    return now_ms - uplink->presence_at_ms >= (changed ? PRESENCE_MIN_MS : PRESENCE_PERIOD_MS);
}

/* ---- records ---- */

/* Nothing goes on with this file: the main thread must open it anew. */
static bool breaks(int error)
{
    return error == -EBADMSG || error == -EREMOTEIO;
}

static void report_broken(struct uplink *uplink)
{
    pthread_mutex_lock(&uplink->lock);
    uplink->stats.outbox_broken = true;
    pthread_mutex_unlock(&uplink->lock);
}

/* A broker acknowledges what it has taken. One that does not read must not make us pile up repeats for it;
 * tracks leave room for alerts. */
static bool has_room(const struct uplink *uplink, enum bw_record_class cls)
{
    const size_t windows = cls == BW_RECORD_TRACK ? 1 : CLASS_COUNT;
    return mqtt_in_flight(uplink->mqtt) < windows * uplink->config.in_flight_max;
}

/* Send what one class may send now. 0, or the error that ends this round. */
static int pump_class(struct uplink *uplink, int i, int64_t now_ms)
{
    struct window *window = &uplink->windows[i];
    window_expire(window, now_ms);
    while (window_may_send(window) && has_room(uplink, classes[i])) {
        uint64_t seq;
        struct wire_bytes record;
        int rc = outbox_peek(uplink->outbox, classes[i], window->next_seq, &seq, &record);
        if (rc == -ENOENT)
            return 0;
        if (rc < 0) {
            set_reason(uplink, "outbox: ", outbox_error(uplink->outbox));
            if (breaks(rc) && window->next_seq == window->oldest_seq) /* else receipts may still come */
                report_broken(uplink);
            return rc;
        }
        const bool allowed = classes[i] == BW_RECORD_ALERT || bucket_take(&uplink->backlog, now_ms);
        if (allowed)
            rc =
                mqtt_publish(uplink->mqtt, uplink->topics[channels[i]], record.data, record.len, false, NULL);
        wire_bytes_free(&record);
        if (!allowed || rc < 0)
            return rc;
        window_sent(window, seq, now_ms);
        count(uplink, &uplink->stats.sent[i]);
    }
    return 0;
}

static void pump(struct uplink *uplink, int64_t now_ms)
{
    if (presence_due(uplink, now_ms) && has_room(uplink, BW_RECORD_ALERT)) {
        if (send_presence(uplink, true) < 0)
            return;
        uplink->presence_sent = true;
        uplink->presence_at_ms = now_ms;
    }
    for (int i = 0; i < CLASS_COUNT; i++) {
        if (pump_class(uplink, i, now_ms) < 0)
            return;
    }
}

/* ---- from the bureau ---- */

static void refuse(struct uplink *uplink, uint64_t *counter, const char *what, const char *why)
{
    count(uplink, counter);
    set_reason(uplink, what, why);
}

/* True if the bureau signed this receipt for us. */
static bool open_receipt(struct uplink *uplink, const uint8_t *data, size_t len, struct wire_sealed *ret)
{
    const struct outbox_config *us = &uplink->config.outbox;
    struct wire_sealed sealed;
    if (wire_sealed_decode(data, len, WIRE_RECEIPT_MAX, &sealed) < 0)
        return false;
    if (!seal_payload_verify(&sealed, SEAL_RECEIPT, us->division, us->vehicle, uplink->config.bureau_key)) {
        wire_sealed_free(&sealed);
        return false;
    }
    *ret = sealed;
    return true;
}

/* A turn of the loop, as the watchdog counts them. False: told to stop. */
static bool next_turn(void *context)
{
    struct uplink *uplink = context;
    pthread_mutex_lock(&uplink->lock);
    const bool stopping = uplink->stopping;
    uplink->stats.turns++;
    pthread_mutex_unlock(&uplink->lock);
    return !stopping;
}

/* The bureau holds another past than ours: an old copy of the outbox was put back, or the disk lied. */
static void begin_stream(struct uplink *uplink)
{
    uint64_t left_out = 0;
    set_reason(uplink, "new stream: ", outbox_error(uplink->outbox));
    const int rc = outbox_begin_stream(uplink->outbox, next_turn, uplink, &left_out);
    if (rc < 0) { /* the next receipt tells it again */
        set_reason(uplink, "outbox: ", outbox_error(uplink->outbox));
        if (breaks(rc))
            report_broken(uplink);
        return;
    }
    pthread_mutex_lock(&uplink->lock);
    uplink->stats.streams_begun++;
    uplink->stats.left_out += left_out;
    pthread_mutex_unlock(&uplink->lock);
    uplink->presence_sent = false;
    for (int i = 0; i < CLASS_COUNT; i++)
        window_rewind(&uplink->windows[i], 1, monotonic_ms());
}

static void take_receipt(struct uplink *uplink, const uint8_t *data, size_t len)
{
    uint64_t *const refused = &uplink->stats.receipts_refused;
    struct wire_sealed sealed;
    struct bw_receipt receipt;
    if (!open_receipt(uplink, data, len, &sealed)) {
        refuse(uplink, refused, "receipt refused: ", "not signed by the bureau for this vehicle");
        return;
    }
    int rc = wire_receipt_decode(sealed.payload.data, sealed.payload.len, &receipt);
    wire_sealed_free(&sealed);
    if (rc < 0) {
        refuse(uplink, refused, "receipt refused: ", "malformed");
        return;
    }
    rc = outbox_receipt(uplink->outbox, &receipt);
    if (rc == -ESTALE) {
        refuse(uplink, refused, "receipt refused: ", outbox_error(uplink->outbox));
        return;
    }
    if (rc == -EILSEQ) {
        begin_stream(uplink);
        return;
    }
    if (rc < 0) { /* nothing was removed; the bureau answers the repeat again */
        set_reason(uplink, "outbox: ", outbox_error(uplink->outbox));
        if (breaks(rc))
            report_broken(uplink);
        return;
    }
    const int64_t now_ms = monotonic_ms();
    for (int i = 0; i < CLASS_COUNT; i++)
        window_receipt(&uplink->windows[i], receipt.upto_seq[i], now_ms);
    pthread_mutex_lock(&uplink->lock);
    uplink->stats.receipts++;
    uplink->stats.last_receipt_utc_ms = receipt.time_utc_ms;
    pthread_mutex_unlock(&uplink->lock);
}

static void refuse_issued(struct uplink *uplink, enum issued_kind kind, const char *why)
{
    char what[32];
    (void)snprintf(what, sizeof what, "%s refused: ", issued_name(kind));
    refuse(uplink, &uplink->stats.issued_refused[kind], what, why);
}

static void take_issued(struct uplink *uplink, enum issued_kind kind, const uint8_t *data, size_t len)
{
    const struct issued_for us = {.vehicle = uplink->config.outbox.vehicle,
                                  .division = uplink->config.outbox.division,
                                  .key = uplink->config.bureau_key};
    struct issued issued;
    const int rc = issued_open(kind, data, len, &us, &issued);
    if (rc < 0) {
        refuse_issued(uplink, kind, issued_reason(kind, rc));
        return;
    }
    const uint64_t version = issued_version(&issued);
    issued_free(&issued);
    if (version < uplink->held[kind] || version < uplink->config.highest[kind]) {
        refuse_issued(uplink, kind, "older than what is held, or was");
        return;
    }
    if (version <= uplink->held[kind])
        return; /* the same: the retained message, seen again at every connection */
    if (uplink->config.on_issued(uplink->config.context, kind, data, len) != 0)
        set_reason(uplink, issued_name(kind), ": could not be stored");
    else
        uplink->held[kind] = version;
}

static void on_message(void *context, const char *topic, const uint8_t *payload, size_t len, bool retained)
{
    struct uplink *uplink = context;
    (void)retained;
    if (len == 0)
        return; /* a retained message was deleted */
    if (strcmp(topic, uplink->topics[TOPIC_RECEIPT]) == 0)
        take_receipt(uplink, payload, len);
    for (int kind = 0; kind < ISSUED_KINDS; kind++)
        if (strcmp(topic, uplink->topics[issued_channel((enum issued_kind)kind)]) == 0)
            take_issued(uplink, (enum issued_kind)kind, payload, len);
}

/* ---- the connection ---- */

static void on_up(void *context)
{
    struct uplink *uplink = context;
    const int64_t now_ms = monotonic_ms();
    uplink->session = ONLINE;
    uplink->online_since_ms = now_ms;
    uplink->presence_sent = false;
    for (int i = 0; i < CLASS_COUNT; i++)
        window_rewind(&uplink->windows[i], 1, now_ms);
    /* A failure of these is the connection's: the next step reports it. */
    for (int kind = 0; kind < ISSUED_KINDS; kind++)
        mqtt_subscribe(uplink->mqtt, uplink->topics[issued_channel((enum issued_kind)kind)]);
    mqtt_subscribe(uplink->mqtt, uplink->topics[TOPIC_RECEIPT]);

    pthread_mutex_lock(&uplink->lock);
    uplink->stats.connected = true;
    uplink->stats.connects++;
    uplink->stats.reason[0] = '\0';
    pthread_mutex_unlock(&uplink->lock);
}

static void on_down(void *context, const char *reason)
{
    struct uplink *uplink = context;
    const int64_t now_ms = monotonic_ms();
    const int64_t session_ms = uplink->session == ONLINE ? now_ms - uplink->online_since_ms : 0;
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        random = UINT32_MAX; /* no jitter this once: the longest wait */

    uplink->session = IDLE;
    uplink->connect_at_ms = now_ms + backoff_next_ms(&uplink->backoff, session_ms, random);

    pthread_mutex_lock(&uplink->lock);
    uplink->stats.connected = false;
    uplink->stats.failures = uplink->backoff.failures;
    (void)snprintf(uplink->stats.reason, sizeof uplink->stats.reason, "%s", reason);
    (void)snprintf(uplink->stats.last_down, sizeof uplink->stats.last_down, "%s", reason);
    pthread_mutex_unlock(&uplink->lock);
}

static void connect_if_due(struct uplink *uplink, int64_t now_ms)
{
    if (uplink->session != IDLE || now_ms < uplink->connect_at_ms)
        return;
    uplink->session = CONNECTING;
    if (mqtt_connect(uplink->mqtt) < 0)
        on_down(uplink, mqtt_reason(uplink->mqtt));
}

/* How long nothing will happen but by a message or a wake. */
static int wait_ms(const struct uplink *uplink, int64_t now_ms)
{
    int64_t wait = IDLE_MS;
    if (uplink->session == IDLE && uplink->connect_at_ms - now_ms < wait)
        wait = uplink->connect_at_ms - now_ms;
    if (uplink->session == ONLINE) {
        const int64_t bucket = bucket_wait_ms(&uplink->backlog, now_ms);
        if (bucket > 0 && bucket < wait)
            wait = bucket;
    }
    return wait > 0 ? (int)wait : 0;
}

static void *run(void *argument)
{
    struct uplink *uplink = argument;
    while (next_turn(uplink)) {
        const int64_t now_ms = monotonic_ms();
        connect_if_due(uplink, now_ms);
        if (uplink->session == ONLINE)
            pump(uplink, now_ms);
        mqtt_step(uplink->mqtt, wait_ms(uplink, now_ms), uplink->wake_fd);
    }
    if (uplink->session == ONLINE)
        send_presence(uplink, false); /* if it does not get through, the will does */
    mqtt_disconnect(uplink->mqtt);
    return NULL;
}

/* ---- life ---- */

static void fill_defaults(struct uplink_config *config)
{
    const struct {
        uint32_t *value, fallback;
    } table[] = {{&config->in_flight_max, IN_FLIGHT_MAX},
                 {&config->receipt_timeout_ms, RECEIPT_TIMEOUT_MS},
                 {&config->backlog_per_s, BACKLOG_PER_S},
                 {&config->backoff_base_ms, BACKOFF_BASE_MS},
                 {&config->backoff_max_ms, BACKOFF_MAX_MS}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (*table[i].value == 0)
            *table[i].value = table[i].fallback;
    }
    config->outbox.attach = true;
}

static int make_topics(struct uplink *uplink)
{
    const struct outbox_config *us = &uplink->config.outbox;
    struct topic topic;
    int division_len = snprintf(topic.division, sizeof topic.division, "%s", us->division);
    int vehicle_len = snprintf(topic.vehicle, sizeof topic.vehicle, "%s", us->vehicle);
    if (division_len >= (int)sizeof topic.division || vehicle_len >= (int)sizeof topic.vehicle)
        return -EINVAL;
    for (int i = 0; i < TOPIC_CHANNEL_COUNT; i++) {
        topic.channel = (enum topic_channel)i;
        int rc = topic_format(&topic, uplink->topics[i]);
        if (rc < 0)
            return rc;
    }
    (void)snprintf(uplink->client_id, sizeof uplink->client_id, "%s-%s", us->division, us->vehicle);
    return 0;
}

static int make_mqtt(struct uplink *uplink)
{
    const struct mqtt_handlers handlers = {
        .context = uplink, .up = on_up, .down = on_down, .message = on_message};
    struct wire_bytes will;
    int rc = encode_presence(uplink, &uplink->presence, false, &will);
    if (rc < 0)
        return rc;
    struct mqtt_config config = uplink->config.mqtt;
    config.client_id = uplink->client_id;
    config.clean_session = true; /* whatever a broker may have kept, the outbox has */
    config.will_topic = uplink->topics[TOPIC_PRESENCE];
    config.will_payload = will.data;
    config.will_len = will.len;
    rc = mqtt_create(&config, &handlers, &uplink->mqtt);
    wire_bytes_free(&will);
    return rc;
}

/* Signals are the main thread's business; a blocked SIGPIPE makes a broken connection an error code. */
static int start_thread(struct uplink *uplink)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&uplink->thread, NULL, run, uplink);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -rc;
}

static void destroy(struct uplink *uplink)
{
    mqtt_destroy(uplink->mqtt);
    outbox_close(uplink->outbox);
    if (uplink->wake_fd >= 0)
        close(uplink->wake_fd);
    pthread_mutex_destroy(&uplink->lock);
    free(uplink);
}

int uplink_start(const struct uplink_config *config, struct uplink **ret)
{
    struct uplink *uplink = calloc(1, sizeof *uplink);
    if (uplink == NULL)
        return -ENOMEM;
    pthread_mutex_init(&uplink->lock, NULL);
    uplink->config = *config;
    fill_defaults(&uplink->config);
    memcpy(uplink->held, config->held, sizeof uplink->held);
    uplink->presence = (struct bw_presence){.licence_version = config->held[ISSUED_LICENCE],
                                            .orders_version = config->held[ISSUED_ORDERS]};
    uplink->backoff =
        (struct backoff){.base_ms = uplink->config.backoff_base_ms, .max_ms = uplink->config.backoff_max_ms};
    uplink->backlog = bucket_make(uplink->config.backlog_per_s, monotonic_ms());
    for (int i = 0; i < CLASS_COUNT; i++)
        uplink->windows[i] = window_make(uplink->config.in_flight_max, uplink->config.receipt_timeout_ms);

    bool set_aside;
    uplink->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = uplink->wake_fd < 0 ? -errno : make_topics(uplink);
    if (rc == 0)
        rc = outbox_open(&uplink->config.outbox, &uplink->outbox, &set_aside);
    if (rc == 0)
        rc = make_mqtt(uplink);
    if (rc == 0)
        rc = start_thread(uplink);
    if (rc < 0) {
        destroy(uplink);
        return rc;
    }
    *ret = uplink;
    return 0;
}

void uplink_stop(struct uplink *uplink)
{
    if (uplink == NULL)
        return;
    pthread_mutex_lock(&uplink->lock);
    uplink->stopping = true;
    pthread_mutex_unlock(&uplink->lock);
    uplink_wake(uplink);
    pthread_join(uplink->thread, NULL);
    destroy(uplink);
}

void uplink_wake(struct uplink *uplink)
{
    const uint64_t one = 1;
    ssize_t n;
    do
        n = write(uplink->wake_fd, &one, sizeof one);
    while (n < 0 && errno == EINTR); /* EAGAIN: the counter is full, so a wake is pending anyway */
}

/* Times alone are no news: they go along with the next one. */
static bool presence_differs(const struct bw_presence *a, const struct bw_presence *b)
{
    return a->licence_version != b->licence_version || a->orders_version != b->orders_version ||
           strcmp(a->software, b->software) != 0 || a->has_position != b->has_position ||
           (a->has_position && (a->lat_deg != b->lat_deg || a->lon_deg != b->lon_deg)) ||
           a->occupancy.quality != b->occupancy.quality || a->occupancy.low != b->occupancy.low ||
           a->occupancy.count != b->occupancy.count || a->occupancy.high != b->occupancy.high ||
           a->capacity != b->capacity;
}

void uplink_presence(struct uplink *uplink, const struct bw_presence *presence)
{
    pthread_mutex_lock(&uplink->lock);
    const bool changed = presence_differs(&uplink->presence, presence);
    uplink->presence = *presence;
    uplink->presence_changed = uplink->presence_changed || changed;
    pthread_mutex_unlock(&uplink->lock);
    if (changed)
        uplink_wake(uplink);
}

void uplink_stats(struct uplink *uplink, struct uplink_stats *ret)
{
    pthread_mutex_lock(&uplink->lock);
    *ret = uplink->stats;
    pthread_mutex_unlock(&uplink->lock);
}
