#include "bureau/api/stream.h"

#include "bureau/api/casejson.h"
#include "bureau/api/json.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

/* event and change are the server's thread's; others look at them only while `suspended`, which is set and
 * reset under the lock. */
struct client {
    LIST_ENTRY(client) link;
    struct stream *stream;
    struct store *store; /* of the server's thread */
    struct MHD_Connection *connection;
    struct gate_caller caller;
    const char *school; /* whose vehicles it is given; NULL = all */
    int64_t event;      /* last alert event given, or passed over */
    int64_t step;       /* last step of a case given, or passed over */
    int64_t change;     /* last change of a vehicle given, or passed over */
    int batch;          /* alert events in this one */
    bool greeted, suspended, heartbeat, dismissed;
    unsigned silent_s, age_s;
    char *text; /* being sent: text[sent] .. text[length - 1] */
    size_t sent, length;
    FILE *out; /* open while `text` is being made */
};

/* The latest state of one vehicle. Never removed: the registry bounds them. */
struct vehicle {
    TAILQ_ENTRY(vehicle) by_change; /* in the order of `change` */
    STAILQ_ENTRY(vehicle) in_changed;
    char id[BW_ID_LEN], school_id[BW_ID_LEN];
    bool changed; /* since it was last read from the store */
    int64_t change;
    char *text;                /* the whole event, ready to be sent; NULL = not read yet */
    int64_t live_until_utc_ms; /* `text` says "online" until then; 0 = it does not */
};

struct stream {
    struct store *store; /* of the pacing thread */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;         /* guards all below, and of each client the flags and silent_s */
    pthread_cond_t changed_state; /* `stopping` was set, or a client has left */
    uint64_t turns;
    bool stopping;
    int64_t last_event;
    int64_t last_step;
    int64_t last_change;
    size_t n_clients, n_vehicles, n_changed;
    uint64_t n_dropped;
    void *vehicles_by_id; /* tsearch(3) */
    LIST_HEAD(, client) clients;
    TAILQ_HEAD(vehicle_list, vehicle) vehicles;
    STAILQ_HEAD(, vehicle) changed;
};

static bool has_work(const struct client *client)
{
    const struct stream *stream = client->stream;
    return stream->stopping || client->dismissed || !client->greeted || client->heartbeat ||
           client->event < stream->last_event || client->step < stream->last_step ||
           client->change < stream->last_change;
}

static void wake_clients(struct stream *stream)
{
    struct client *client;
    LIST_FOREACH(client, &stream->clients, link)
    {
        if (!client->suspended || !has_work(client))
            continue;
        client->suspended = false;
        MHD_resume_connection(client->connection);
    }
}

/* --- what a client is given: on the server's thread --- */

static int64_t utc_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int write_alert(void *context, const struct store_alert *row)
{
    struct client *client = context;
    char *json = apijson_text(apijson_alert(row));
    if (!json)
        return -ENOMEM;
    (void)fprintf(client->out, "id: %" PRId64 "\nevent: alert\ndata: %s\n\n", row->event, json);
    free(json);
    client->event = row->event;
    client->batch++;
    return 0;
}

/* The id has both cursors: a browser names the last one that it was given, whatever kind that was of. */
static int write_step(void *context, const struct store_case_step *row)
{
    struct client *client = context;
    char *json = apijson_text(casejson_step(row, utc_ms()));
    if (!json)
        return -ENOMEM;
    (void)fprintf(client->out, "id: %" PRId64 "-%" PRId64 "\nevent: case\ndata: %s\n\n", client->event,
                  row->number, json);
    free(json);
    client->step = row->number;
    client->batch++;
    return 0;
}

static int write_steps(struct client *client, int64_t last_step)
{
    if (client->step >= last_step)
        return 0;
    client->batch = 0;
    const int rc = store_case_steps_after(client->store, client->step, client->school, STREAM_BATCH_MAX,
                                          write_step, client);
    if (rc == 0 && client->batch < STREAM_BATCH_MAX && client->step < last_step)
        client->step = last_step; /* the rest is not for this one */
    return rc;
}

static void write_vehicles(struct client *client)
{
    struct stream *stream = client->stream;
    struct vehicle *vehicle = TAILQ_LAST(&stream->vehicles, vehicle_list);
    struct vehicle *next = NULL;
    for (; vehicle && vehicle->change > client->change;
         vehicle = TAILQ_PREV(vehicle, vehicle_list, by_change))
        next = vehicle;
    for (int n = 0; next && n < STREAM_BATCH_MAX; next = TAILQ_NEXT(next, by_change)) {
        client->change = next->change;
        if (client->school && strcmp(next->school_id, client->school) != 0)
            continue;
        (void)fputs(next->text, client->out);
        n++;
    }
}

/* Everything new, up to the batch limits, into client->out. */
static int write_news(struct client *client)
{
    struct stream *stream = client->stream;
    (void)pthread_mutex_lock(&stream->lock);
    const int64_t last_event = stream->last_event, last_step = stream->last_step;
    const bool greeted = client->greeted;
    if (client->heartbeat)
        (void)fputs(": still here\n\n", client->out);
    client->heartbeat = false;
    client->greeted = true;
    client->silent_s = 0;
    write_vehicles(client);
    (void)pthread_mutex_unlock(&stream->lock);

    /* An id without data: no event, but the browser names it when it comes back, even if nothing happened. */
    if (!greeted)
        (void)fprintf(client->out, "retry: 2000\nid: %" PRId64 "\n\n", client->event);
    if (client->event >= last_event)
        return write_steps(client, last_step);
    client->batch = 0;
    const int rc = store_alert_events(client->store, client->school, client->event, STREAM_BATCH_MAX,
                                      write_alert, client);
    if (rc == 0 && client->batch < STREAM_BATCH_MAX && client->event < last_event)
        client->event = last_event; /* the rest is not for this one, or was purged meanwhile */
    /* An alert and the case that it opens are one commit: they are told together, and not at the next turn.
     */
    int64_t newest_step;
    const bool known = store_last_case_step(client->store, &newest_step) == 0;
    return rc == 0 ? write_steps(client, known ? newest_step : last_step) : rc;
}

static int refill(struct client *client)
{
    free(client->text);
    client->text = NULL;
    client->sent = client->length = 0;
    client->out = open_memstream(&client->text, &client->length);
    if (!client->out)
        return -ENOMEM;
    const int rc = write_news(client);
    const bool whole = !ferror(client->out);
    return fclose(client->out) == 0 && whole ? rc : -ENOMEM;
}

enum step { STEP_SEND, STEP_SLEEP, STEP_END };

static enum step next_step(struct client *client)
{
    struct stream *stream = client->stream;
    enum step step = STEP_SEND;
    (void)pthread_mutex_lock(&stream->lock);
    if (stream->stopping || client->dismissed) {
        step = STEP_END;
    } else if (!has_work(client)) {
        step = STEP_SLEEP; /* until wake_clients() */
        client->suspended = true;
        MHD_suspend_connection(client->connection);
    }
    (void)pthread_mutex_unlock(&stream->lock);
    return step;
}

static ssize_t read_client(void *context, uint64_t position, char *buffer, size_t max)
{
    struct client *client = context;
    (void)position;
    while (client->sent == client->length) {
        const enum step step = next_step(client);
        if (step != STEP_SEND)
            return step == STEP_SLEEP ? 0 : MHD_CONTENT_READER_END_OF_STREAM;
        if (refill(client) != 0)
            return MHD_CONTENT_READER_END_WITH_ERROR; /* it comes back to where it was; /healthz has the
                                                         reason */
    }
    const size_t left = client->length - client->sent;
    const size_t n = left < max ? left : max;
    memcpy(buffer, client->text + client->sent, n);
    client->sent += n;
    return (ssize_t)n;
}

static void free_client(void *context)
{
    struct client *client = context;
    struct stream *stream = client->stream;
    (void)pthread_mutex_lock(&stream->lock);
    LIST_REMOVE(client, link);
    stream->n_clients--;
    (void)pthread_cond_broadcast(&stream->changed_state);
    (void)pthread_mutex_unlock(&stream->lock);
    free(client->text);
    free(client);
}

static size_t count_of_account(const struct stream *stream, const struct client *newcomer)
{
    size_t n = 0;
    const struct client *client;
    LIST_FOREACH(client, &stream->clients, link)
    {
        n += strcmp(client->caller.account, newcomer->caller.account) == 0;
    }
    return n;
}

/* A cursor that names an alert alone: the steps since shortly before it. Some may come twice; each tells the
 * whole state of its case. */
static int64_t step_before(struct store *store, int64_t event)
{
    int64_t received_utc_ms, step;
    if (store_event_received(store, event, &received_utc_ms) != 0 ||
        store_case_step_before(store, received_utc_ms - STREAM_OVERLAP_MS, &step) != 0)
        return 0;
    return step;
}

static int add_client(struct stream *stream, struct client *client, struct stream_cursor after)
{
    const int64_t step = after.event != STREAM_NEW && after.step == STREAM_NEW
                             ? step_before(client->store, after.event)
                             : after.step;
    (void)pthread_mutex_lock(&stream->lock);
    const bool room =
        stream->n_clients < STREAM_CLIENTS_MAX && count_of_account(stream, client) < STREAM_ACCOUNT_MAX;
    const int rc = room ? 0 : -EBUSY;
    if (rc == 0) {
        /* An id of the future comes from another store: nothing before it can be meant. */
        const bool known = after.event != STREAM_NEW && after.event < stream->last_event;
        client->event = known ? after.event : stream->last_event;
        client->step = step != STREAM_NEW && step < stream->last_step ? step : stream->last_step;
        client->change = stream->last_change;
        LIST_INSERT_HEAD(&stream->clients, client, link);
        stream->n_clients++;
    }
    (void)pthread_mutex_unlock(&stream->lock);
    return rc;
}

int stream_open(struct stream *stream, struct store *store, struct MHD_Connection *connection,
                const struct gate_caller *caller, struct stream_cursor after, struct MHD_Response **ret)
{
    enum { BLOCK_BYTES = 8192 };
    struct client *client = calloc(1, sizeof(*client));
    if (!client)
        return -ENOMEM;
    client->stream = stream;
    client->store = store;
    client->connection = connection;
    client->caller = *caller;
    client->school = access_school(&client->caller.who);
    const int rc = add_client(stream, client, after);
    if (rc != 0) {
        free(client);
        return rc;
    }
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_client, client, free_client);
    if (!response) {
        free_client(client);
        return -ENOMEM;
    }
    *ret = response;
    return 0;
}

/* --- what is new --- */

void stream_notify_step(struct stream *stream, int64_t last_step)
{
    (void)pthread_mutex_lock(&stream->lock);
    if (stream->last_step < last_step) {
        stream->last_step = last_step;
        wake_clients(stream);
    }
    (void)pthread_mutex_unlock(&stream->lock);
}

void stream_notify_events(struct stream *stream, int64_t last_event)
{
    (void)pthread_mutex_lock(&stream->lock);
    if (stream->last_event < last_event) {
        stream->last_event = last_event;
        wake_clients(stream);
    }
    (void)pthread_mutex_unlock(&stream->lock);
}

static int by_id(const void *a, const void *b)
{
    const struct vehicle *one = a, *other = b;
    return strcmp(one->id, other->id);
}

/* The vehicle's entry, made when it is new; NULL when there is no room. */
static struct vehicle *vehicle_entry(struct stream *stream, const char *id)
{
    struct vehicle key = {0};
    (void)snprintf(key.id, sizeof(key.id), "%s", id);
    struct vehicle *const *found = tfind(&key, &stream->vehicles_by_id, by_id);
    if (found)
        return *found;
    if (stream->n_vehicles == STREAM_VEHICLES_MAX)
        return NULL;
    struct vehicle *vehicle = malloc(sizeof(*vehicle));
    if (!vehicle)
        return NULL;
    *vehicle = key;
    if (!tsearch(vehicle, &stream->vehicles_by_id, by_id)) {
        free(vehicle);
        return NULL;
    }
    TAILQ_INSERT_HEAD(&stream->vehicles, vehicle, by_change);
    stream->n_vehicles++;
    return vehicle;
}

static void mark_changed(struct stream *stream, struct vehicle *vehicle)
{
    if (vehicle->changed)
        return;
    vehicle->changed = true;
    STAILQ_INSERT_TAIL(&stream->changed, vehicle, in_changed);
    stream->n_changed++;
}

void stream_notify_vehicle(struct stream *stream, const char *id)
{
    (void)pthread_mutex_lock(&stream->lock);
    struct vehicle *vehicle = vehicle_entry(stream, id);
    if (vehicle)
        mark_changed(stream, vehicle);
    else
        stream->n_dropped++;
    (void)pthread_mutex_unlock(&stream->lock);
}

void stream_stats(struct stream *stream, struct stream_stats *ret)
{
    (void)pthread_mutex_lock(&stream->lock);
    *ret = (struct stream_stats){
        .clients = stream->n_clients, .turns = stream->turns, .vehicles_dropped = stream->n_dropped};
    (void)pthread_mutex_unlock(&stream->lock);
}

/* --- the pacing thread: once a second --- */

static struct vehicle *take_changed(struct stream *stream)
{
    (void)pthread_mutex_lock(&stream->lock);
    struct vehicle *vehicle = STAILQ_FIRST(&stream->changed);
    if (vehicle) {
        STAILQ_REMOVE_HEAD(&stream->changed, in_changed);
        vehicle->changed = false;
        stream->n_changed--;
    }
    (void)pthread_mutex_unlock(&stream->lock);
    return vehicle;
}

struct rendered {
    char *text;
    char school_id[BW_ID_LEN];
    int64_t live_until_utc_ms;
};

static int render_vehicle(void *context, const struct store_vehicle *row)
{
    struct rendered *ret = context;
    const int64_t now_utc_ms = utc_ms(), live_until_utc_ms = apijson_live_until_utc_ms(row);
    char *json = apijson_text(apijson_vehicle(row, now_utc_ms));
    char *event = NULL;
    size_t length = 0;
    FILE *out = json ? open_memstream(&event, &length) : NULL;
    if (out)
        (void)fprintf(out, "event: vehicle\ndata: %s\n\n", json);
    free(json);
    if (!out || fclose(out) != 0) {
        free(event);
        return -ENOMEM;
    }
    ret->text = event;
    (void)snprintf(ret->school_id, sizeof(ret->school_id), "%s", row->school_id);
    ret->live_until_utc_ms = now_utc_ms <= live_until_utc_ms ? live_until_utc_ms : 0;
    return 0;
}

/* Its state as the store now has it, to the end of the list; again at the next turn when that failed. */
static void refresh_vehicle(struct stream *stream, struct vehicle *vehicle)
{
    struct rendered rendered = {0};
    const int rc = store_vehicles(stream->store, NULL, vehicle->id, render_vehicle, &rendered);
    (void)pthread_mutex_lock(&stream->lock);
    if (rendered.text) {
        free(vehicle->text);
        vehicle->text = rendered.text;
        memcpy(vehicle->school_id, rendered.school_id, sizeof(vehicle->school_id));
        vehicle->live_until_utc_ms = rendered.live_until_utc_ms;
        vehicle->change = ++stream->last_change;
        TAILQ_REMOVE(&stream->vehicles, vehicle, by_change);
        TAILQ_INSERT_TAIL(&stream->vehicles, vehicle, by_change);
    } else if (rc != 0 && rc != -ENOENT) {
        mark_changed(stream, vehicle);
    }
    (void)pthread_mutex_unlock(&stream->lock);
}

/* A vehicle that falls silent tells nobody: by the clock alone it is no longer online. */
static void mark_silent(struct stream *stream)
{
    const int64_t now_utc_ms = utc_ms();
    struct vehicle *vehicle;
    TAILQ_FOREACH(vehicle, &stream->vehicles, by_change)
    {
        if (vehicle->live_until_utc_ms != 0 && now_utc_ms > vehicle->live_until_utc_ms)
            mark_changed(stream, vehicle);
    }
}

/* Whoever has logged out, was disabled or has had his time is sent away. A part of them each turn, because
 * notices wait for the lock. */
static void dismiss_strangers(struct stream *stream)
{
    const int64_t now_utc_ms = utc_ms();
    struct client *client;
    LIST_FOREACH(client, &stream->clients, link)
    {
        if (++client->age_s % STREAM_CHECK_S == 0)
            client->dismissed =
                !gate_still_valid(stream->store, client->caller.by, client->caller.hash, now_utc_ms);
    }
}

static void turn(struct stream *stream)
{
    /* Another process may be the one that ingests: then nobody notifies. A store that fails shows in
     * /healthz. */
    int64_t last_event, last_step;
    if (store_last_event(stream->store, &last_event) == 0)
        stream_notify_events(stream, last_event);
    if (store_last_case_step(stream->store, &last_step) == 0)
        stream_notify_step(stream, last_step);

    (void)pthread_mutex_lock(&stream->lock);
    mark_silent(stream);
    size_t n = stream->n_changed; /* a vehicle that changes meanwhile has its turn in a second */
    (void)pthread_mutex_unlock(&stream->lock);
    for (; n > 0; n--)
        refresh_vehicle(stream, take_changed(stream));

    (void)pthread_mutex_lock(&stream->lock);
    struct client *client;
    LIST_FOREACH(client, &stream->clients, link)
    {
        if (++client->silent_s >= STREAM_HEARTBEAT_S)
            client->heartbeat = true;
    }
    dismiss_strangers(stream);
    wake_clients(stream);
    stream->turns++;
    (void)pthread_mutex_unlock(&stream->lock);
}

static struct timespec in_ms(long delay_ms)
{
    struct timespec when;
    (void)clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += delay_ms / 1000;
    when.tv_nsec += delay_ms % 1000 * 1000000;
    if (when.tv_nsec >= 1000000000) {
        when.tv_sec++;
        when.tv_nsec -= 1000000000;
    }
    return when;
}

/* False when it is time to stop. */
static bool sleep_a_second(struct stream *stream)
{
    const struct timespec until = in_ms(1000);
    int rc = 0;
    (void)pthread_mutex_lock(&stream->lock);
    while (!stream->stopping && rc == 0)
        rc = pthread_cond_timedwait(&stream->changed_state, &stream->lock, &until);
    const bool go_on = !stream->stopping;
    (void)pthread_mutex_unlock(&stream->lock);
    return go_on;
}

static void *pace(void *context)
{
    struct stream *stream = context;
    while (sleep_a_second(stream))
        turn(stream);
    return NULL;
}

int stream_create(const char *store_path, struct stream **ret)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        return -ENOMEM;
    int rc = store_open(store_path, &stream->store);
    if (rc == 0)
        rc = store_last_event(stream->store, &stream->last_event);
    if (rc == 0)
        rc = store_last_case_step(stream->store, &stream->last_step);
    if (rc != 0) {
        store_close(stream->store);
        free(stream);
        return rc;
    }
    LIST_INIT(&stream->clients);
    TAILQ_INIT(&stream->vehicles);
    STAILQ_INIT(&stream->changed);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&stream->changed_state, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&stream->lock, NULL);
    *ret = stream;
    return 0;
}

int stream_start(struct stream *stream)
{
    const int rc = pthread_create(&stream->thread, NULL, pace, stream);
    stream->started = rc == 0;
    return -rc;
}

void stream_stop(struct stream *stream)
{
    const struct timespec until = in_ms(STREAM_FAREWELL_MS);
    int rc = 0;
    (void)pthread_mutex_lock(&stream->lock);
    stream->stopping = true;
    wake_clients(stream);
    (void)pthread_cond_broadcast(&stream->changed_state);
    while (stream->n_clients > 0 && rc == 0)
        rc = pthread_cond_timedwait(&stream->changed_state, &stream->lock, &until);
    (void)pthread_mutex_unlock(&stream->lock);
    if (stream->started)
        (void)pthread_join(stream->thread, NULL);
    stream->started = false;
}

void stream_destroy(struct stream *stream)
{
    if (!stream)
        return;
    struct vehicle *vehicle;
    while ((vehicle = TAILQ_FIRST(&stream->vehicles))) {
        TAILQ_REMOVE(&stream->vehicles, vehicle, by_change);
        (void)tdelete(vehicle, &stream->vehicles_by_id, by_id);
        free(vehicle->text);
        free(vehicle);
    }
    (void)pthread_cond_destroy(&stream->changed_state);
    (void)pthread_mutex_destroy(&stream->lock);
    store_close(stream->store);
    free(stream);
}
