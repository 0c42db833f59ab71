#include "bureau/feeds/broadcast.h"

#include "bureau/api/json.h"
#include "bureau/store/positions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char POSITION[] = "feed topics";

struct publication {
    char topic[TOPIC_MAX];
    char *text;
    int64_t event; /* 0 = of a vehicle */
};

struct broadcast {
    struct store *store;
    struct ingest_outlet outlet;
    char division[BW_DIVISION_LEN];
    int64_t last_event;    /* there is in the store */
    int64_t sent, settled; /* events handed to the broker; and acknowledged by it, with all before */
    int64_t kept;          /* that stands in the store */
    int64_t look_ms, retry_ms, keep_ms; /* monotonic: not before */
    size_t n_alerts, next_alert;
    struct publication alerts[BROADCAST_ALERTS_AT_ONCE]; /* read, not yet handed over */
    size_t first_vehicle, n_vehicles;
    char vehicles[BROADCAST_VEHICLES_MAX][BW_ID_LEN]; /* a ring */
};

static int64_t now_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int fill(struct publication *publication, const struct broadcast *broadcast, const char *division,
                enum topic_feed feed, char *text)
{
    publication->text = text;
    if (text && (topic_feed_format(division, feed, publication->topic) == 0 ||
                 topic_feed_format(broadcast->division, feed, publication->topic) == 0))
        return 0;
    free(text);
    return text ? -EINVAL : -ENOMEM;
}

/* --- alerts --- */

static void forget_alerts(struct broadcast *broadcast)
{
    for (; broadcast->next_alert < broadcast->n_alerts; broadcast->next_alert++)
        free(broadcast->alerts[broadcast->next_alert].text);
    broadcast->n_alerts = broadcast->next_alert = 0;
}

static int take_alert(void *context, const struct store_alert *row)
{
    struct broadcast *broadcast = context;
    struct publication *publication = &broadcast->alerts[broadcast->n_alerts];
    const int rc =
        fill(publication, broadcast, row->division, TOPIC_FEED_ALERTS, apijson_text(apijson_alert(row)));
    if (rc != 0)
        return rc;
    publication->event = row->event;
    broadcast->n_alerts++;
    return 0;
}

/* A store that fails is asked again in a second; /healthz has the reason. */
static void read_alerts(struct broadcast *broadcast)
{
    const int64_t now_mono_ms = now_ms(CLOCK_MONOTONIC);
    int64_t last_event;
    if (now_mono_ms >= broadcast->look_ms) { /* another process may be the one that judges */
        broadcast->look_ms = now_mono_ms + BROADCAST_LOOK_MS;
        if (store_last_event(broadcast->store, &last_event) == 0)
            broadcast_events(broadcast, last_event);
    }
    if (broadcast->sent >= broadcast->last_event || now_mono_ms < broadcast->retry_ms)
        return;
    if (store_alert_events(broadcast->store, NULL, broadcast->sent, BROADCAST_ALERTS_AT_ONCE, take_alert,
                           broadcast) != 0)
        broadcast->retry_ms = now_mono_ms + BROADCAST_LOOK_MS;
    else if (broadcast->n_alerts == 0)
        broadcast->sent = broadcast->last_event; /* they were purged meanwhile */
}

static bool next_alert(struct broadcast *broadcast, struct publication *ret)
{
    if (broadcast->next_alert == broadcast->n_alerts) {
        broadcast->n_alerts = broadcast->next_alert = 0;
        read_alerts(broadcast);
    }
    if (broadcast->next_alert == broadcast->n_alerts)
        return false;
    *ret = broadcast->alerts[broadcast->next_alert++];
    broadcast->sent = ret->event;
    return true;
}

/* --- vehicles --- */

struct rendering {
    const struct broadcast *broadcast;
    struct publication *publication;
};

static int render_vehicle(void *context, const struct store_vehicle *row)
{
    const struct rendering *rendering = context;
    return fill(rendering->publication, rendering->broadcast, row->division, TOPIC_FEED_VEHICLES,
                apijson_text(apijson_vehicle(row, now_ms(CLOCK_REALTIME))));
}

/* Its state as the store now has it. Of one that is no longer registered there is none. */
static bool next_vehicle(struct broadcast *broadcast, struct publication *ret)
{
    while (broadcast->n_vehicles > 0) {
        const char *vehicle = broadcast->vehicles[broadcast->first_vehicle];
        struct rendering rendering = {broadcast, ret};
        ret->text = NULL;
        const int rc = store_vehicles(broadcast->store, NULL, vehicle, render_vehicle, &rendering);
        broadcast->first_vehicle = (broadcast->first_vehicle + 1) % BROADCAST_VEHICLES_MAX;
        broadcast->n_vehicles--;
        if (rc == 0 && ret->text)
            return true;
    }
    return false;
}

/* --- the outlet --- */

/* At most once a second: a commit for each acknowledgement would hold up the ingest. */
static void keep(struct broadcast *broadcast)
{
    const int64_t now_mono_ms = now_ms(CLOCK_MONOTONIC);
    if (broadcast->kept == broadcast->settled || now_mono_ms < broadcast->keep_ms)
        return;
    broadcast->keep_ms = now_mono_ms + BROADCAST_KEEP_MS;
    if (store_position_put(broadcast->store, POSITION, broadcast->settled) == 0)
        broadcast->kept = broadcast->settled;
}

static bool next(void *context, char ret_topic[TOPIC_MAX], struct wire_bytes *ret, int64_t *ret_mark)
{
    struct publication publication = {.event = 0};
    keep(context);
    if (!next_alert(context, &publication) && !next_vehicle(context, &publication))
        return false;
    memcpy(ret_topic, publication.topic, TOPIC_MAX);
    ret->data = (uint8_t *)publication.text;
    ret->len = strlen(publication.text);
    *ret_mark = publication.event;
    return true;
}

static void settled(void *context, int64_t mark)
{
    struct broadcast *broadcast = context;
    broadcast->settled = mark;
    keep(broadcast);
}

static void lost(void *context)
{
    struct broadcast *broadcast = context;
    forget_alerts(broadcast);
    broadcast->sent = broadcast->settled;
}

/* --- life --- */

static int begin(struct broadcast *broadcast)
{
    int rc = store_last_event(broadcast->store, &broadcast->last_event);
    if (rc != 0)
        return rc;
    rc = store_position_get(broadcast->store, POSITION, &broadcast->kept);
    if (rc == -ENOENT) {
        broadcast->kept = broadcast->last_event;
        rc = store_position_put(broadcast->store, POSITION, broadcast->kept);
    }
    broadcast->sent = broadcast->settled = broadcast->kept;
    return rc;
}

int broadcast_create(const char *store_path, const char *division, struct broadcast **ret)
{
    struct broadcast *broadcast = calloc(1, sizeof(*broadcast));
    if (!broadcast)
        return -ENOMEM;
    (void)snprintf(broadcast->division, sizeof(broadcast->division), "%s", *division ? division : "none");
    broadcast->outlet =
        (struct ingest_outlet){.context = broadcast, .next = next, .settled = settled, .lost = lost};
    int rc = store_open(store_path, &broadcast->store);
    if (rc == 0)
        rc = begin(broadcast);
    if (rc != 0) {
        broadcast_destroy(broadcast);
        return rc;
    }
    *ret = broadcast;
    return 0;
}

void broadcast_destroy(struct broadcast *broadcast)
{
    if (!broadcast)
        return;
    forget_alerts(broadcast);
    broadcast->keep_ms = 0;
    if (broadcast->store)
        keep(broadcast);
    store_close(broadcast->store);
    free(broadcast);
}

void broadcast_events(struct broadcast *broadcast, int64_t last_event)
{
    if (broadcast->last_event < last_event)
        broadcast->last_event = last_event;
}

void broadcast_vehicle(struct broadcast *broadcast, const char *vehicle)
{
    if (broadcast->n_vehicles == BROADCAST_VEHICLES_MAX) {
        broadcast->first_vehicle = (broadcast->first_vehicle + 1) % BROADCAST_VEHICLES_MAX;
        broadcast->n_vehicles--;
    }
    const size_t last = (broadcast->first_vehicle + broadcast->n_vehicles++) % BROADCAST_VEHICLES_MAX;
    (void)snprintf(broadcast->vehicles[last], BW_ID_LEN, "%s", vehicle);
}

const struct ingest_outlet *broadcast_outlet(struct broadcast *broadcast)
{
    return &broadcast->outlet;
}
