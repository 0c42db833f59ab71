#include "bureau/api/feeder.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REGISTRY_FRESH_MS = 5000 };

STAILQ_HEAD(wait_list, feeder_wait);

/* A feed as it was made. */
struct made {
    struct body *body; /* NULL = not made yet, or it could not be */
    size_t head_len;
    int64_t utc_ms;
};

struct slot {
    struct feed_request asked;
    bool used, building;
    struct made made;
    int64_t made_mono_ms, asked_mono_ms;
    struct wait_list waits;
};

struct feeder {
    /* Of the thread. */
    struct store *store;
    struct registry *registry;
    int64_t registry_mono_ms;

    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool stopping;
    struct slot slots[FEEDER_SLOTS];
    struct feeder_stats stats;
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the thread --- */

static int refresh_registry(struct feeder *feeder)
{
    const int64_t now_mono_ms = clock_ms(CLOCK_MONOTONIC);
    if (feeder->registry && now_mono_ms - feeder->registry_mono_ms < REGISTRY_FRESH_MS)
        return 0;
    struct registry *registry;
    const int rc = store_registry_load(feeder->store, &registry);
    if (rc != 0)
        return rc;
    registry_free(feeder->registry);
    feeder->registry = registry;
    feeder->registry_mono_ms = now_mono_ms;
    return 0;
}

static bool says_the_same(const struct made *made, const struct feed_bytes *bytes)
{
    return made->body && made->body->len == bytes->len && made->head_len == bytes->head_len &&
           memcmp(made->body->data + made->head_len, bytes->data + bytes->head_len,
                  bytes->len - bytes->head_len) == 0;
}

/* What was made before is kept when nothing has changed, so that its tag holds. */
static bool may_stay(const struct made *before, const struct feed_bytes *bytes, int64_t now_utc_ms)
{
    const int64_t age_ms = now_utc_ms - before->utc_ms;
    return says_the_same(before, bytes) && (bytes->head_len == 0 || (age_ms >= 0 && age_ms < FEEDER_HEAD_MS));
}

/* *ret has a hold on its body. */
static int make(struct feeder *feeder, const struct feed_request *asked, const struct made *before,
                struct made *ret)
{
    const int64_t now_utc_ms = clock_ms(CLOCK_REALTIME);
    struct feed_bytes bytes;
    int rc = refresh_registry(feeder);
    if (rc == 0)
        rc = feed_build(feeder->store, feeder->registry, asked, now_utc_ms, &bytes);
    if (rc != 0)
        return rc;
    if (may_stay(before, &bytes, now_utc_ms)) {
        free(bytes.data);
        *ret = *before;
        (void)body_hold(ret->body);
        return 0;
    }
    *ret = (struct made){body_create(bytes.data, bytes.len), bytes.head_len, now_utc_ms};
    return ret->body ? 0 : -ENOMEM;
}

static void empty_slot(struct feeder *feeder, struct slot *slot)
{
    feeder->stats.bytes -= body_weight(slot->made.body);
    body_release(slot->made.body);
    slot->made = (struct made){0};
    slot->used = false;
}

/* The one that was asked for longest ago and that nobody waits for. */
static struct slot *oldest_idle(struct feeder *feeder, const struct slot *but)
{
    struct slot *oldest = NULL;
    for (size_t i = 0; i < FEEDER_SLOTS; i++) {
        struct slot *slot = &feeder->slots[i];
        if (slot == but || !slot->used || slot->building || !STAILQ_EMPTY(&slot->waits))
            continue;
        if (!oldest || slot->asked_mono_ms < oldest->asked_mono_ms)
            oldest = slot;
    }
    return oldest;
}

/* Waits for a slot that somebody waits for; NULL = it is time to end. */
static struct slot *next_slot(struct feeder *feeder)
{
    for (;;) {
        struct slot *next = NULL;
        for (size_t i = 0; i < FEEDER_SLOTS; i++) {
            struct slot *slot = &feeder->slots[i];
            if (!STAILQ_EMPTY(&slot->waits) && (!next || slot->made_mono_ms < next->made_mono_ms))
                next = slot;
        }
        if (feeder->stopping)
            return NULL;
        if (next)
            return next;
        (void)pthread_cond_wait(&feeder->changed, &feeder->lock);
    }
}

/* Takes the hold on its body. */
static void install(struct feeder *feeder, struct slot *slot, const struct made *made)
{
    empty_slot(feeder, slot);
    feeder->stats.bytes += body_weight(made->body);
    slot->made = *made;
    slot->used = made->body != NULL;
    slot->building = false;
    slot->made_mono_ms = clock_ms(CLOCK_MONOTONIC);
    struct slot *oldest;
    while (feeder->stats.bytes > FEEDER_BYTES_MAX && (oldest = oldest_idle(feeder, slot)))
        empty_slot(feeder, oldest);
}

/* Once its connection is resumed, a wait may be gone. */
static void let_go(struct wait_list *waits)
{
    struct feeder_wait *wait;
    while ((wait = STAILQ_FIRST(waits))) {
        STAILQ_REMOVE_HEAD(waits, link);
        MHD_resume_connection(wait->connection);
    }
}

static void take_waits(struct slot *slot, int rc, struct wait_list *ret)
{
    struct feeder_wait *wait;
    STAILQ_FOREACH(wait, &slot->waits, link)
    {
        wait->over = true;
        wait->rc = rc;
        wait->body = rc == 0 ? body_hold(slot->made.body) : NULL;
    }
    STAILQ_CONCAT(ret, &slot->waits);
}

static void *run(void *context)
{
    struct feeder *feeder = context;
    struct slot *slot;
    (void)pthread_mutex_lock(&feeder->lock);
    while ((slot = next_slot(feeder))) {
        struct wait_list waits = STAILQ_HEAD_INITIALIZER(waits);
        struct made before = slot->made, made = {0};
        (void)body_hold(before.body);
        slot->building = true;
        (void)pthread_mutex_unlock(&feeder->lock);
        const int rc = make(feeder, &slot->asked, &before, &made);
        body_release(before.body);
        (void)pthread_mutex_lock(&feeder->lock);
        feeder->stats.made++;
        install(feeder, slot, &made);
        take_waits(slot, rc, &waits);
        (void)pthread_mutex_unlock(&feeder->lock);
        let_go(&waits);
        (void)pthread_mutex_lock(&feeder->lock);
    }
    (void)pthread_mutex_unlock(&feeder->lock);
    return NULL;
}

/* --- for the server's thread --- */

static struct slot *find_slot(struct feeder *feeder, const struct feed_request *asked)
{
    struct slot *unused = NULL;
    for (size_t i = 0; i < FEEDER_SLOTS; i++) {
        struct slot *slot = &feeder->slots[i];
        if (slot->used && feed_is_same(&slot->asked, asked))
            return slot;
        if (!slot->used && !slot->building && STAILQ_EMPTY(&slot->waits))
            unused = slot;
    }
    if (!unused && (unused = oldest_idle(feeder, NULL)))
        empty_slot(feeder, unused);
    if (unused) {
        unused->asked = *asked;
        unused->used = true;
    }
    return unused;
}

static int get(struct feeder *feeder, const struct feed_request *asked, struct MHD_Connection *connection,
               struct feeder_wait *wait, struct body **ret)
{
    if (!feeder->started || feeder->stopping)
        return -ESHUTDOWN;
    struct slot *slot = find_slot(feeder, asked);
    if (!slot)
        return -EBUSY;
    slot->asked_mono_ms = clock_ms(CLOCK_MONOTONIC);
    if (slot->made.body && slot->asked_mono_ms - slot->made_mono_ms < FEEDER_FRESH_MS) {
        feeder->stats.shared++;
        *ret = body_hold(slot->made.body);
        return 0;
    }
    wait->connection = connection;
    MHD_suspend_connection(connection); /* before the other thread can resume it */
    STAILQ_INSERT_TAIL(&slot->waits, wait, link);
    (void)pthread_cond_signal(&feeder->changed);
    return -EINPROGRESS;
}

int feeder_get(struct feeder *feeder, const struct feed_request *asked, struct MHD_Connection *connection,
               struct feeder_wait *wait, struct body **ret)
{
    (void)pthread_mutex_lock(&feeder->lock);
    int rc;
    if (wait->over) {
        rc = wait->rc;
        *ret = wait->body;
        wait->body = NULL;
    } else {
        rc = get(feeder, asked, connection, wait, ret);
    }
    (void)pthread_mutex_unlock(&feeder->lock);
    return rc;
}

void feeder_stats(struct feeder *feeder, struct feeder_stats *ret)
{
    (void)pthread_mutex_lock(&feeder->lock);
    *ret = feeder->stats;
    (void)pthread_mutex_unlock(&feeder->lock);
}

/* --- life --- */

int feeder_create(const char *store_path, struct feeder **ret)
{
    struct feeder *feeder = calloc(1, sizeof(*feeder));
    if (!feeder)
        return -ENOMEM;
    const int rc = store_open(store_path, &feeder->store);
    if (rc != 0) {
        free(feeder);
        return rc;
    }
    for (size_t i = 0; i < FEEDER_SLOTS; i++)
        STAILQ_INIT(&feeder->slots[i].waits);
    (void)pthread_mutex_init(&feeder->lock, NULL);
    (void)pthread_cond_init(&feeder->changed, NULL);
    *ret = feeder;
    return 0;
}

int feeder_start(struct feeder *feeder)
{
    const int rc = pthread_create(&feeder->thread, NULL, run, feeder);
    feeder->started = rc == 0;
    return -rc;
}

void feeder_stop(struct feeder *feeder)
{
    struct wait_list waits = STAILQ_HEAD_INITIALIZER(waits);
    (void)pthread_mutex_lock(&feeder->lock);
    feeder->stopping = true;
    (void)pthread_cond_signal(&feeder->changed);
    (void)pthread_mutex_unlock(&feeder->lock);
    if (feeder->started)
        (void)pthread_join(feeder->thread, NULL);
    (void)pthread_mutex_lock(&feeder->lock);
    for (size_t i = 0; i < FEEDER_SLOTS; i++)
        take_waits(&feeder->slots[i], -ESHUTDOWN, &waits);
    (void)pthread_mutex_unlock(&feeder->lock);
    let_go(&waits);
}

void feeder_destroy(struct feeder *feeder)
{
    if (!feeder)
        return;
    for (size_t i = 0; i < FEEDER_SLOTS; i++)
        body_release(feeder->slots[i].made.body);
    (void)pthread_cond_destroy(&feeder->changed);
    (void)pthread_mutex_destroy(&feeder->lock);
    registry_free(feeder->registry);
    store_close(feeder->store);
    free(feeder);
}
