#include "bureau/ingest/ingest.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bureau/ingest/answer.h"
#include "bureau/ingest/brokerlog.h"
#include "bureau/ingest/marks.h"
#include "bureau/ingest/verifier.h"

enum {
    BATCH_MAX_DEFAULT = 256,
    BATCH_MS_DEFAULT = 50,
    BATCH_MS_MAX = 10000,
    IDLE_MS = 1000,
    LOOK_MS = 1000,       /* between two looks for what was newly issued, or */
    MORE_MS = 20,         /* when the last one did not see all */
    OUTLET_MAX = 32,      /* messages of the outlet in one turn */
    BACKOFF_MIN_MS = 250, /* doubling; a handful of bureau processes is no stampede, so without jitter */
    BACKOFF_MAX_MS = 10000,
    STABLE_MS = 30000, /* a session that lasted this long begins the backoff anew */
};

struct ingest {
    struct ingest_config config;    /* its strings are used by ingest_start() alone */
    char division[BW_DIVISION_LEN]; /* "" = all */
    pthread_t thread;
    int wake_fd;
    atomic_bool stop;
    atomic_uint_fast64_t turns;

    /* Of the ingest thread alone. */
    struct store *store;
    struct mqtt *mqtt;
    struct vehicles *vehicles;
    struct batch *batch;
    struct receipts *due;
    struct verifier *verifier;
    struct incidents *incidents;
    struct brokerlog brokerlog;
    bool connecting; /* or connected */
    int64_t batch_due_ms, retry_at_ms, up_since_ms, backoff_ms, look_at_ms;
    bool outlet_has_more;       /* for the next turn */
    struct marks marks;         /* of the outlet's messages that are not acknowledged */
    int64_t seen[ISSUED_KINDS]; /* of what is issued: how far it was looked at */

    pthread_mutex_t mutex; /* guards what follows */
    bool connected, failing;
    uint64_t counts[VERDICT_COUNT], unread, receipts, issued[ISSUED_KINDS], log_lines;
    char reason[BATCH_REASON_LEN];
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail for these clocks */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- counting --- */

static void count_refusal(struct ingest *ingest, const struct topic *topic, enum verdict verdict)
{
    (void)pthread_mutex_lock(&ingest->mutex);
    ingest->counts[verdict]++;
    if (topic->vehicle[0] == '\0')
        (void)snprintf(ingest->reason, sizeof ingest->reason, "a message: %s", verdict_text(verdict));
    else
        (void)snprintf(ingest->reason, sizeof ingest->reason, "%s/%s %s: %s", topic->division, topic->vehicle,
                       topic_channel_name(topic->channel), verdict_text(verdict));
    (void)pthread_mutex_unlock(&ingest->mutex);
}

static void count_batch(struct ingest *ingest, const struct batch_outcome *outcome, bool failed)
{
    (void)pthread_mutex_lock(&ingest->mutex);
    ingest->failing = failed;
    for (int i = 0; i < VERDICT_COUNT; i++)
        ingest->counts[i] += outcome->counts[i];
    ingest->unread += outcome->unread;
    if (outcome->reason[0] != '\0')
        memcpy(ingest->reason, outcome->reason, sizeof ingest->reason);
    (void)pthread_mutex_unlock(&ingest->mutex);
}

static void count_answers(struct ingest *ingest, const struct answer *answer)
{
    (void)pthread_mutex_lock(&ingest->mutex);
    ingest->receipts += answer->receipts;
    for (int kind = 0; kind < ISSUED_KINDS; kind++)
        ingest->issued[kind] += answer->issued[kind];
    if (answer->reason[0] != '\0')
        memcpy(ingest->reason, answer->reason, sizeof ingest->reason);
    (void)pthread_mutex_unlock(&ingest->mutex);
}

static void note(struct ingest *ingest, const char *what, const char *why)
{
    (void)pthread_mutex_lock(&ingest->mutex);
    (void)snprintf(ingest->reason, sizeof ingest->reason, "%s: %s", what, why);
    (void)pthread_mutex_unlock(&ingest->mutex);
}

/* --- refused acts --- */

static const char *const incident_kinds[VERDICT_COUNT] = {
    [VERDICT_BAD_SIGNATURE] = "bad_signature", [VERDICT_UNKNOWN_VEHICLE] = "unknown_vehicle",
    [VERDICT_BAD_TOPIC] = "bad_topic",         [VERDICT_BAD_MESSAGE] = "bad_message",
    [VERDICT_TOO_LARGE] = "too_large",         [VERDICT_CONFLICT] = "conflict",
};

/* By the broker's access list the vehicle of the topic is who sent it. What the broker retains may be older
 * than a vehicle's key, and is said again to every session: it accuses nobody. */
static void note_refusal(struct ingest *ingest, const struct topic *topic, const char *topic_text,
                         const char *kind, bool retained)
{
    struct incident incident = {.count = 1};
    struct topic sender = *topic;
    if (kind == NULL || retained)
        return;
    if (sender.vehicle[0] == '\0') /* refused before its topic was looked at */
        (void)topic_parse(topic_text, &sender);
    (void)snprintf(incident.kind, sizeof incident.kind, "%s", kind);
    memcpy(incident.vehicle, sender.vehicle, sizeof incident.vehicle);
    (void)snprintf(incident.detail, sizeof incident.detail, "%s", topic_text);
    incidents_note(ingest->incidents, &incident, clock_ms(CLOCK_REALTIME));
}

/* Those that only the store could tell. */
static void note_batch(struct ingest *ingest)
{
    for (size_t i = 0; i < batch_count(ingest->batch); i++) {
        const struct batch_item *item = batch_item(ingest->batch, i);
        char text[TOPIC_MAX];
        const char *kind = item->by_former_key ? "former_key" : incident_kinds[item->refused];
        if (item->refused != VERDICT_ACCEPTED && topic_format(&item->topic, text) == 0)
            note_refusal(ingest, &item->topic, text, kind, item->retained);
    }
}

static void read_broker_log(struct ingest *ingest, const uint8_t *payload, size_t len)
{
    struct incident incident;
    (void)pthread_mutex_lock(&ingest->mutex);
    ingest->log_lines++;
    (void)pthread_mutex_unlock(&ingest->mutex);
    if (brokerlog_read(&ingest->brokerlog, (const char *)payload, len, &incident))
        incidents_note(ingest->incidents, &incident, clock_ms(CLOCK_REALTIME));
}

static void commit_incidents(struct ingest *ingest)
{
    if (incidents_commit(ingest->incidents, ingest->store, clock_ms(CLOCK_MONOTONIC)) != 0)
        note(ingest, "incidents", store_error(ingest->store));
}

/* --- one batch --- */

static struct answer begin_answer(struct ingest *ingest, int64_t now_ms, int64_t now_utc_ms)
{
    return (struct answer){.mqtt = ingest->mqtt,
                           .store = ingest->store,
                           .vehicles = ingest->vehicles,
                           .key = ingest->config.key,
                           .now_ms = now_ms,
                           .now_utc_ms = now_utc_ms};
}

static void answer(struct ingest *ingest, int64_t now_ms, int64_t now_utc_ms,
                   const struct batch_outcome *outcome)
{
    struct answer answer = begin_answer(ingest, now_ms, now_utc_ms);
    if (outcome->last_event > 0 && ingest->config.on_events != NULL)
        ingest->config.on_events(ingest->config.context, outcome->last_event);
    answer_receipts(&answer, ingest->batch, ingest->due);
    answer_due(&answer, ingest->due, batch_is_full(ingest->batch) ? ANSWER_IN_FLOOD : ANSWER_AT_ONCE);
    for (size_t i = 0; i < batch_count(ingest->batch) && ingest->config.on_presence != NULL; i++) {
        const struct topic *topic = &batch_item(ingest->batch, i)->topic;
        if (topic->channel == TOPIC_PRESENCE)
            ingest->config.on_presence(ingest->config.context, topic->vehicle);
    }
    answer_presences(&answer, ingest->batch);
    count_answers(ingest, &answer);
}

static void flush(struct ingest *ingest)
{
    if (batch_count(ingest->batch) == 0)
        return;
    const int64_t now_ms = clock_ms(CLOCK_MONOTONIC), now_utc_ms = clock_ms(CLOCK_REALTIME);
    struct batch_outcome outcome;
    verifier_wait(ingest->verifier);
    const int error =
        batch_apply(ingest->batch, ingest->store, ingest->vehicles, now_ms, now_utc_ms, &outcome);
    count_batch(ingest, &outcome, error != 0);
    if (error == 0)
        note_batch(ingest);
    if (error == 0) /* else nothing is receipted, and the vehicles send again */
        answer(ingest, now_ms, now_utc_ms, &outcome);
    batch_clear(ingest->batch);
}

/* Receipts that had to wait go when no batch is under way, which would bring newer ones. */
static void answer_rest(struct ingest *ingest)
{
    if (receipts_count(ingest->due) == 0 || batch_count(ingest->batch) > 0 ||
        mqtt_in_flight(ingest->mqtt) >= ANSWER_IN_FLIGHT_MAX)
        return;
    struct answer answer = begin_answer(ingest, clock_ms(CLOCK_MONOTONIC), clock_ms(CLOCK_REALTIME));
    answer_due(&answer, ingest->due, ANSWER_AT_ONCE);
    count_answers(ingest, &answer);
}

/* What another process issued meanwhile. */
static void look_for_new(struct ingest *ingest)
{
    const int64_t now_ms = clock_ms(CLOCK_MONOTONIC);
    if (!mqtt_is_up(ingest->mqtt) || now_ms < ingest->look_at_ms ||
        mqtt_in_flight(ingest->mqtt) >= ANSWER_ISSUED_IN_FLIGHT)
        return;
    struct answer answer = begin_answer(ingest, now_ms, clock_ms(CLOCK_REALTIME));
    ingest->look_at_ms = now_ms + (answer_new(&answer, ingest->seen) ? MORE_MS : LOOK_MS);
    count_answers(ingest, &answer);
}

/* --- what else goes out --- */

static void settle_outlet(struct ingest *ingest)
{
    const int64_t mark = marks_take(&ingest->marks);
    if (mark != 0)
        ingest->config.outlet->settled(ingest->config.outlet->context, mark);
}

static void on_acknowledged(void *context, int id)
{
    struct ingest *ingest = context;
    marks_acknowledge(&ingest->marks, id);
}

static void lose_outlet(struct ingest *ingest)
{
    marks_forget(&ingest->marks);
    if (ingest->config.outlet != NULL)
        ingest->config.outlet->lost(ingest->config.outlet->context);
}

static void feed_outlet(struct ingest *ingest)
{
    const struct ingest_outlet *outlet = ingest->config.outlet;
    char topic[TOPIC_MAX];
    struct wire_bytes bytes = {0};
    int64_t mark = 0;
    int n = 0, id;
    ingest->outlet_has_more = false;
    if (outlet == NULL || !mqtt_is_up(ingest->mqtt))
        return;
    settle_outlet(ingest);
    while (n < OUTLET_MAX && mqtt_in_flight(ingest->mqtt) < ANSWER_IN_FLIGHT_MAX &&
           !marks_are_full(&ingest->marks) && outlet->next(outlet->context, topic, &bytes, &mark)) {
        const int error = mqtt_publish(ingest->mqtt, topic, bytes.data, bytes.len, false, &id);
        wire_bytes_free(&bytes);
        if (error != 0) { /* not taken, as if the session had broken */
            lose_outlet(ingest);
            return;
        }
        if (mark != 0)
            marks_add(&ingest->marks, id, mark);
        n++;
    }
    ingest->outlet_has_more = n == OUTLET_MAX;
}

/* --- from the broker --- */

static enum verdict admit(struct ingest *ingest, const char *topic, const uint8_t *payload, size_t len,
                          struct batch_item *item)
{
    item->topic = (struct topic){0};
    item->bytes = (struct wire_bytes){0};
    item->checked.is_checked = false;
    enum verdict verdict = judge_topic(topic, len, &item->topic);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    struct vehicle *vehicle;
    if (vehicles_get(ingest->vehicles, ingest->store, item->topic.vehicle, clock_ms(CLOCK_MONOTONIC),
                     &vehicle) != 0)
        return VERDICT_DROPPED;
    if (item->topic.channel == TOPIC_PRESENCE)
        return judge_presence(&item->topic, vehicle_judge(vehicle), payload, len, &item->presence);
    verdict = judge_record(&item->topic, vehicle_judge(vehicle), payload, len, &item->record, &item->body);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    item->bytes.data = malloc(len);
    if (item->bytes.data == NULL)
        return VERDICT_DROPPED;
    memcpy(item->bytes.data, payload, len);
    item->bytes.len = len;
    if (!vehicle_has_sent(vehicle, &item->record))
        verifier_give(ingest->verifier, &(struct verifier_job){.topic = &item->topic,
                                                               .record = &item->record,
                                                               .key = vehicle_judge(vehicle)->key,
                                                               .ret = &item->checked});
    return VERDICT_ACCEPTED;
}

static void on_message(void *context, const char *topic, const uint8_t *payload, size_t len, bool retained)
{
    struct ingest *ingest = context;
    if (strncmp(topic, BROKERLOG_PREFIX, sizeof BROKERLOG_PREFIX - 1) == 0) {
        read_broker_log(ingest, payload, len);
        return;
    }
    struct batch_item *item = batch_next(ingest->batch);
    const enum verdict verdict = admit(ingest, topic, payload, len, item);
    if (verdict != VERDICT_ACCEPTED && verdict != VERDICT_PRESENCE) {
        count_refusal(ingest, &item->topic, verdict);
        note_refusal(ingest, &item->topic, topic, incident_kinds[verdict], retained);
        return;
    }
    item->retained = retained;
    if (batch_count(ingest->batch) == 0)
        ingest->batch_due_ms = clock_ms(CLOCK_MONOTONIC) + ingest->config.batch_ms;
    batch_keep(ingest->batch);
    if (batch_is_full(ingest->batch))
        flush(ingest);
}

static void on_up(void *context)
{
    static const enum topic_channel channels[] = {TOPIC_PRESENCE, TOPIC_ALERT, TOPIC_TRACK};
    struct ingest *ingest = context;
    const char *division = ingest->division[0] == '\0' ? NULL : ingest->division;
    ingest->up_since_ms = clock_ms(CLOCK_MONOTONIC);
    ingest->brokerlog = (struct brokerlog){0}; /* the broker may be another, or have begun anew */
    (void)pthread_mutex_lock(&ingest->mutex);
    ingest->connected = true;
    ingest->reason[0] = '\0';
    (void)pthread_mutex_unlock(&ingest->mutex);
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        char filter[TOPIC_MAX];
        int error = topic_filter(division, channels[i], filter);
        if (error == 0)
            error = mqtt_subscribe(ingest->mqtt, filter);
        if (error != 0)
            note(ingest, "subscribe", mqtt_reason(ingest->mqtt));
    }
    if (ingest->config.broker_log && mqtt_subscribe(ingest->mqtt, BROKERLOG_FILTER) != 0)
        note(ingest, "subscribe", mqtt_reason(ingest->mqtt));
}

static void plan_retry(struct ingest *ingest, const char *reason)
{
    const int64_t now_ms = clock_ms(CLOCK_MONOTONIC);
    receipts_clear(ingest->due); /* the vehicles ask again */
    if (ingest->up_since_ms != 0 && now_ms - ingest->up_since_ms >= STABLE_MS)
        ingest->backoff_ms = BACKOFF_MIN_MS;
    ingest->up_since_ms = 0;
    ingest->connecting = false;
    ingest->retry_at_ms = now_ms + ingest->backoff_ms;
    ingest->backoff_ms = 2 * ingest->backoff_ms < BACKOFF_MAX_MS ? 2 * ingest->backoff_ms : BACKOFF_MAX_MS;
    (void)pthread_mutex_lock(&ingest->mutex);
    ingest->connected = false;
    (void)pthread_mutex_unlock(&ingest->mutex);
    note(ingest, "broker", reason);
}

static void on_down(void *context, const char *reason)
{
    struct ingest *ingest = context;
    lose_outlet(ingest);
    plan_retry(ingest, reason);
}

/* --- the thread --- */

static void connect_when_due(struct ingest *ingest)
{
    if (ingest->connecting || clock_ms(CLOCK_MONOTONIC) < ingest->retry_at_ms)
        return;
    ingest->connecting = true;
    if (mqtt_connect(ingest->mqtt) != 0)
        plan_retry(ingest, mqtt_reason(ingest->mqtt));
}

static int wait_ms(const struct ingest *ingest)
{
    const int64_t now_ms = clock_ms(CLOCK_MONOTONIC);
    int64_t until_ms = now_ms + IDLE_MS;
    if (receipts_count(ingest->due) > 0 && until_ms > now_ms + MORE_MS)
        until_ms = now_ms + MORE_MS;
    if (batch_count(ingest->batch) > 0 && ingest->batch_due_ms < until_ms)
        until_ms = ingest->batch_due_ms;
    if (incidents_due_ms(ingest->incidents) < until_ms)
        until_ms = incidents_due_ms(ingest->incidents);
    if (ingest->look_at_ms > now_ms && ingest->look_at_ms < until_ms)
        until_ms = ingest->look_at_ms;
    if (ingest->outlet_has_more)
        until_ms = now_ms;
    if (!ingest->connecting && ingest->retry_at_ms < until_ms)
        until_ms = ingest->retry_at_ms;
    return until_ms > now_ms ? (int)(until_ms - now_ms) : 0;
}

static void *run(void *context)
{
    struct ingest *ingest = context;
    while (!atomic_load(&ingest->stop)) {
        connect_when_due(ingest);
        mqtt_step(ingest->mqtt, wait_ms(ingest), ingest->wake_fd);
        if (batch_count(ingest->batch) > 0 && clock_ms(CLOCK_MONOTONIC) >= ingest->batch_due_ms)
            flush(ingest);
        answer_rest(ingest);
        look_for_new(ingest);
        feed_outlet(ingest);
        commit_incidents(ingest);
        atomic_fetch_add(&ingest->turns, 1);
    }
    flush(ingest);
    (void)incidents_commit(ingest->incidents, ingest->store, incidents_due_ms(ingest->incidents));
    mqtt_disconnect(ingest->mqtt);
    return NULL;
}

/* --- life --- */

static int take_config(struct ingest *ingest, const struct ingest_config *config)
{
    ingest->config = *config;
    if (config->store_path == NULL || config->key == NULL || config->batch_ms > BATCH_MS_MAX)
        return -EINVAL;
    if (config->batch_max == 0)
        ingest->config.batch_max = BATCH_MAX_DEFAULT;
    if (config->batch_ms == 0)
        ingest->config.batch_ms = BATCH_MS_DEFAULT;
    if (config->policy == NULL)
        ingest->config.policy = &CASE_POLICY_DEFAULT;
    if (config->division != NULL) {
        const size_t n = strlen(config->division);
        if (n >= sizeof ingest->division || !topic_level_valid(config->division))
            return -EINVAL;
        memcpy(ingest->division, config->division, n + 1);
    }
    return 0;
}

static int make_client(struct ingest *ingest)
{
    const struct mqtt_handlers handlers = {.context = ingest,
                                           .up = on_up,
                                           .down = on_down,
                                           .message = on_message,
                                           .acknowledged = on_acknowledged};
    char client_id[BW_DIVISION_LEN + 32];
    struct mqtt_config mqtt = ingest->config.mqtt;
    if (mqtt.client_id == NULL) {
        (void)snprintf(client_id, sizeof client_id, "buswarden-ingest-%s",
                       ingest->division[0] == '\0' ? "all" : ingest->division);
        mqtt.client_id = client_id;
    }
    mqtt.clean_session = false; /* the broker keeps for us what comes while we are away */
    return mqtt_create(&mqtt, &handlers, &ingest->mqtt);
}

static void release(struct ingest *ingest)
{
    mqtt_destroy(ingest->mqtt);
    verifier_free(ingest->verifier);
    receipts_free(ingest->due);
    batch_free(ingest->batch);
    incidents_free(ingest->incidents);
    vehicles_free(ingest->vehicles);
    store_close(ingest->store);
    if (ingest->wake_fd >= 0)
        (void)close(ingest->wake_fd);
    (void)pthread_mutex_destroy(&ingest->mutex);
    free(ingest);
}

/* Signals are the main thread's business, and a TLS write to a dead broker must not kill by SIGPIPE: block
 * them all. */
static int start_thread(struct ingest *ingest)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    int error = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error != 0)
        return -error;
    error = pthread_create(&ingest->thread, NULL, run, ingest);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

int ingest_start(const struct ingest_config *config, struct ingest **ret)
{
    struct ingest *ingest = calloc(1, sizeof *ingest);
    if (ingest == NULL)
        return -ENOMEM;
    ingest->wake_fd = -1;
    ingest->backoff_ms = BACKOFF_MIN_MS;
    atomic_init(&ingest->stop, false);
    atomic_init(&ingest->turns, 0);
    int error = -pthread_mutex_init(&ingest->mutex, NULL);
    if (error != 0) {
        free(ingest);
        return error;
    }
    error = take_config(ingest, config);
    if (error == 0)
        error = seal_init();
    if (error == 0)
        error = batch_create(ingest->config.batch_max, ingest->config.policy, &ingest->batch);
    if (error == 0)
        error = receipts_create(&ingest->due);
    if (error == 0)
        error = verifier_create(&ingest->verifier);
    if (error == 0)
        error = vehicles_create(&ingest->vehicles);
    if (error == 0)
        error = incidents_create(&ingest->incidents);
    if (error == 0 && (ingest->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        error = -errno;
    if (error == 0)
        error = store_open(config->store_path, &ingest->store);
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS && error == 0; kind++)
        error =
            store_issued_last(ingest->store, kind, &ingest->seen[kind]); /* presence asks for older ones */
    if (error == 0)
        error = make_client(ingest);
    if (error == 0)
        error = start_thread(ingest);
    if (error != 0) {
        release(ingest);
        return error;
    }
    *ret = ingest;
    return 0;
}

void ingest_stop(struct ingest *ingest)
{
    if (ingest == NULL)
        return;
    const uint64_t one = 1;
    atomic_store(&ingest->stop, true);
    (void)!write(ingest->wake_fd, &one, sizeof one); /* fails only when it is set already */
    (void)pthread_join(ingest->thread, NULL);
    release(ingest);
}

void ingest_stats(struct ingest *ingest, struct ingest_stats *ret)
{
    (void)pthread_mutex_lock(&ingest->mutex);
    const uint64_t *counts = ingest->counts;
    *ret = (struct ingest_stats){.connected = ingest->connected,
                                 .failing = ingest->failing,
                                 .accepted = counts[VERDICT_ACCEPTED],
                                 .unread = ingest->unread,
                                 .presence = counts[VERDICT_PRESENCE],
                                 .duplicate = counts[VERDICT_DUPLICATE],
                                 .out_of_order = counts[VERDICT_OUT_OF_ORDER],
                                 .conflict = counts[VERDICT_CONFLICT],
                                 .bad_signature = counts[VERDICT_BAD_SIGNATURE],
                                 .unknown_vehicle = counts[VERDICT_UNKNOWN_VEHICLE],
                                 .bad_topic = counts[VERDICT_BAD_TOPIC],
                                 .bad_message = counts[VERDICT_BAD_MESSAGE],
                                 .too_large = counts[VERDICT_TOO_LARGE],
                                 .dropped = counts[VERDICT_DROPPED],
                                 .log_lines = ingest->log_lines,
                                 .receipts = ingest->receipts,
                                 .turns = atomic_load(&ingest->turns),
                                 .issued = {[ISSUED_LICENCE] = ingest->issued[ISSUED_LICENCE],
                                            [ISSUED_ORDERS] = ingest->issued[ISSUED_ORDERS]}};
    memcpy(ret->reason, ingest->reason, sizeof ret->reason);
    (void)pthread_mutex_unlock(&ingest->mutex);
}
