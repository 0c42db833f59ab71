#include "bureau/notify/notify.h"

#include "bureau/notify/expand.h"
#include "bureau/notify/pace.h"
#include "bureau/notify/send.h"
#include "bureau/notify/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
    WAIT_MS = 500,    /* a turn at most: so long may a new event wait */
    BATCHES_MAX = 20, /* of events a turn */
    REFUSALS = 3,     /* attempts, the last one refused for what the message says: it is given up */
    PURGE_INTERVAL_MS = 3600000,
    CLASSES = 2 /* ordinary, urgent */
};

/* What becomes of the message that a channel is busy with; one of each class at a time. */
struct slot {
    enum { SLOT_FREE, SLOT_SENDING, SLOT_TO_KEEP } state;
    struct store_message message;
    struct request_verdict verdict; /* TO_KEEP: not in the store yet */
};

struct notify {
    struct notify_settings settings;
    char store_path[SETTINGS_TEXT_MAX];
    pthread_t thread;
    atomic_bool stopping;
    atomic_uint_fast64_t turns;
    struct send *send;
    int claim_fd; /* -1 = not ours */
    struct store *store;
    int64_t purged_mono_ms; /* 0 = not yet */
    struct slot slots[NOTIFY_CHANNELS_MAX][CLASSES];
    pthread_mutex_t lock; /* of what follows */
    bool standing_by;
    char reason[NOTIFY_REASON_MAX];
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void make_id(char ret[STORE_MESSAGE_ID_LEN])
{
    uint8_t bytes[(STORE_MESSAGE_ID_LEN - 1) / 2];
    randombytes_buf(bytes, sizeof(bytes));
    (void)sodium_bin2hex(ret, STORE_MESSAGE_ID_LEN, bytes, sizeof(bytes));
}

static void set_reason(struct notify *notify, bool standing_by, const char *what, const char *why)
{
    (void)pthread_mutex_lock(&notify->lock);
    notify->standing_by = standing_by;
    (void)snprintf(notify->reason, sizeof(notify->reason), "%s%s%s", what, *what ? ": " : "", why);
    (void)pthread_mutex_unlock(&notify->lock);
}

/* Of a turn: the first thing that failed. */
struct trouble {
    int err;
    char words[NOTIFY_REASON_MAX];
};

static void note_trouble(const struct notify *notify, struct trouble *trouble, int err)
{
    if (err >= 0 || trouble->err < 0)
        return;
    trouble->err = err;
    (void)snprintf(trouble->words, sizeof(trouble->words), "store: %.200s", store_error(notify->store));
}

/* --- what a message says --- */

struct composition {
    struct notify_text_options options;
    struct notify_digest digest;
    json_t *notices;
    size_t n;
    char text[NOTIFY_TEXT_MAX]; /* of a single notice */
};

static int add_notice(void *context, const struct store_notice *notice)
{
    struct composition *composition = context;
    notify_digest_add(&composition->digest, notice);
    if (composition->n++ == 0)
        notify_text_one(&composition->options, notice, composition->text);
    return json_array_append_new(composition->notices, request_notice(notice)) == 0 ? 0 : -ENOMEM;
}

static int compose(struct notify *notify, const struct notify_channel *channel,
                   const struct store_message *message, struct composition *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->options = (struct notify_text_options){channel->language, notify->settings.console_url};
    ret->notices = json_array();
    notify_digest_begin(&ret->digest, &ret->options);
    const int err =
        ret->notices ? store_message_notices(notify->store, message->number, add_notice, ret) : -ENOMEM;
    if (err == 0 && ret->n > 1)
        notify_digest_end(&ret->digest, ret->text);
    return err;
}

/* --- what became of it --- */

static int keep_outcome(struct notify *notify, const struct notify_channel *channel, struct slot *slot)
{
    const struct request_verdict *verdict = &slot->verdict;
    const unsigned attempts = slot->message.attempts + 1;
    const int64_t now_utc_ms = clock_ms(CLOCK_REALTIME);
    const struct pace_backoff backoff = {notify->settings.retry_first_s, notify->settings.retry_longest_s};
    unsigned asked_s = verdict->retry_after_s;
    if (verdict->too_often && asked_s < channel->limit_s)
        asked_s = channel->limit_s;
    const bool is_enough =
        attempts >= notify->settings.attempts || (verdict->for_good && attempts >= REFUSALS);
    const enum store_delivery_state state = verdict->taken ? STORE_SENT
                                            : is_enough    ? STORE_GIVEN_UP
                                                           : STORE_FAILED;
    const int64_t next_utc_ms =
        now_utc_ms + pace_backoff_ms(&backoff, attempts, randombytes_random(), asked_s);
    return store_message_end(notify->store, slot->message.number, state, next_utc_ms, verdict->words,
                             now_utc_ms);
}

static void on_done(void *context, int64_t number, const struct request_verdict *verdict)
{
    struct notify *notify = context;
    for (size_t i = 0; i < notify->settings.n_channels; i++)
        for (int class = 0; class < CLASSES; class ++) {
            struct slot *slot = &notify->slots[i][class];
            if (slot->state != SLOT_SENDING || slot->message.number != number)
                continue;
            slot->state = SLOT_TO_KEEP;
            slot->verdict = *verdict;
        }
}

/* --- sending --- */

static void fail_slot(struct slot *slot, const char *words)
{
    slot->state = SLOT_TO_KEEP;
    slot->verdict = (struct request_verdict){.taken = false};
    (void)snprintf(slot->verdict.words, sizeof(slot->verdict.words), "%s", words);
}

/* The attempt is in the store before anything leaves. What goes wrong here is a failed send like any other.
 */
static int send_message(struct notify *notify, const struct notify_channel *channel, struct slot *slot,
                        struct composition *composition, int64_t now_utc_ms)
{
    struct request_secret secret;
    struct request request;
    char reason[NOTIFY_REASON_MAX];
    const struct request_message message = {.id = slot->message.id,
                                            .text = composition->text,
                                            .notices = composition->notices,
                                            .now_utc_ms = now_utc_ms};
    int err = store_message_try(notify->store, &slot->message, channel->name, now_utc_ms);
    if (err < 0)
        return err;
    if (notify_secret(channel, &secret, reason) < 0) {
        fail_slot(slot, reason);
        return 0;
    }
    err = request_make(channel, &secret, &message, &request);
    if (err == 0)
        err = send_begin(notify->send, channel, &secret, slot->message.number, &request);
    sodium_memzero(&secret, sizeof(secret));
    if (err < 0)
        fail_slot(slot, strerror(-err));
    else
        slot->state = SLOT_SENDING;
    return 0;
}

/* The ordinary message of a channel, made of all that waits when there is none yet. -ENOENT: none is to go.
 */
static int next_ordinary(struct notify *notify, const struct notify_channel *channel, unsigned used,
                         int64_t now_utc_ms, struct store_message *ret)
{
    char id[STORE_MESSAGE_ID_LEN];
    size_t waiting = 0;
    if (pace_is_quiet(&channel->quiet, now_utc_ms))
        return -ENOENT;
    int err = store_message_first(notify->store, channel->name, false, ret);
    if (err == 0)
        return pace_ordinary(channel->limit, used, 1) == PACE_WAIT ? -ENOENT : 0;
    if (err == -ENOENT)
        err = store_deliveries_waiting(notify->store, channel->name, false, &waiting);
    if (err < 0)
        return err;
    const enum pace_next next = pace_ordinary(channel->limit, used, waiting);
    if (next == PACE_WAIT)
        return -ENOENT;
    make_id(id);
    err = store_message_make(notify->store, channel->name, false,
                             next == PACE_DIGEST ? REQUEST_NOTICES_MAX : 1, id, now_utc_ms);
    return err == 0 ? store_message_first(notify->store, channel->name, false, ret) : err;
}

/* Each urgent notice is a message of its own, and one that fails holds back no other. */
static int next_urgent(struct notify *notify, const struct notify_channel *channel, unsigned used,
                       int64_t now_utc_ms, struct store_message *ret)
{
    size_t waiting = 0;
    int err = store_deliveries_waiting(notify->store, channel->name, true, &waiting);
    if (err == 0 && pace_urgent(channel->limit, used, waiting) == PACE_ONE) {
        char id[STORE_MESSAGE_ID_LEN];
        make_id(id);
        err = store_message_make(notify->store, channel->name, true, 1, id, now_utc_ms);
    }
    if (err == 0)
        err = store_message_first(notify->store, channel->name, true, ret);
    return err == 0 && used >= channel->limit ? -ENOENT : err;
}

static int begin_next(struct notify *notify, const struct notify_channel *channel, bool urgent,
                      struct slot *slot)
{
    const int64_t now_utc_ms = clock_ms(CLOCK_REALTIME);
    struct composition composition;
    unsigned used = 0;
    int err = store_attempts(notify->store, channel->name, now_utc_ms - (int64_t)channel->limit_s * 1000,
                             now_utc_ms, &used);
    if (err == 0)
        err = urgent ? next_urgent(notify, channel, used, now_utc_ms, &slot->message)
                     : next_ordinary(notify, channel, used, now_utc_ms, &slot->message);
    if (err == -ENOENT ||
        (err == 0 && !pace_is_due(slot->message.next_utc_ms, now_utc_ms, notify->settings.retry_longest_s)))
        return 0;
    if (err < 0)
        return err;
    err = compose(notify, channel, &slot->message, &composition);
    if (err == 0)
        err = send_message(notify, channel, slot, &composition, now_utc_ms);
    json_decref(composition.notices);
    return err;
}

static int step_slot(struct notify *notify, const struct notify_channel *channel, bool urgent,
                     struct slot *slot)
{
    int err = 0;
    if (slot->state == SLOT_TO_KEEP) {
        err = keep_outcome(notify, channel, slot);
        if (err == 0)
            slot->state = SLOT_FREE;
    }
    if (err == 0 && slot->state == SLOT_FREE && !atomic_load(&notify->stopping))
        err = begin_next(notify, channel, urgent, slot);
    return err;
}

/* What fails for one channel holds back no other; the first error is the one that is told. A store that
 * others keep locked is waited for once a turn, and not by each: a turn must end, for the watchdog counts
 * them. */
static void step_channels(struct notify *notify, struct trouble *trouble)
{
    for (int class = CLASSES - 1; class >= 0; class --) /* urgent ones first */
        for (size_t i = 0; i < notify->settings.n_channels && trouble->err != -EBUSY; i++)
            note_trouble(
                notify, trouble,
                step_slot(notify, &notify->settings.channels[i], class == 1, &notify->slots[i][class]));
}

/* --- a turn --- */

static int expand(struct notify *notify)
{
    bool more = true;
    int err = 0;
    for (int i = 0; i < BATCHES_MAX && more && err == 0; i++)
        err = expand_turn(notify->store, &notify->settings, clock_ms(CLOCK_REALTIME), &more);
    return err;
}

/* What was for a channel that the configuration no longer has: nobody would ever send it. */
static int drop_channels(struct notify *notify)
{
    char name[STORE_CHANNEL_LEN] = "", id[STORE_MESSAGE_ID_LEN];
    int err;
    while ((err = store_next_channel(notify->store, name, name)) == 0) {
        if (notify_channel(&notify->settings, name) != NULL)
            continue;
        make_id(id);
        err = store_channel_drop(notify->store, name, "the configuration has no such channel any more", id,
                                 clock_ms(CLOCK_REALTIME));
        if (err < 0)
            return err;
    }
    return err == -ENOENT ? 0 : err;
}

static int purge(struct notify *notify)
{
    const int64_t now_mono_ms = clock_ms(CLOCK_MONOTONIC);
    const int64_t kept_ms = (int64_t)notify->settings.keep_days * 86400000;
    size_t n;
    if (notify->purged_mono_ms != 0 && now_mono_ms - notify->purged_mono_ms < PURGE_INTERVAL_MS)
        return 0;
    const int err = store_notices_purge(notify->store, clock_ms(CLOCK_REALTIME) - kept_ms, &n);
    if (err == 0)
        notify->purged_mono_ms = now_mono_ms;
    return err;
}

/* The lock ends with the process, however that ends; its file stays. */
static int claim(struct notify *notify)
{
    char path[SETTINGS_TEXT_MAX + 8];
    (void)snprintf(path, sizeof(path), "%s-notify", notify->store_path);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        notify->claim_fd = fd;
        return 0;
    }
    const int err = -errno;
    if (fd >= 0)
        (void)close(fd);
    if (err == -EWOULDBLOCK)
        set_reason(notify, true, "", "another process tells for this store; standing by");
    else
        set_reason(notify, false, path, strerror(-err));
    return err;
}

static int open_store(struct notify *notify)
{
    int err = store_open(notify->store_path, &notify->store);
    if (err < 0) {
        set_reason(notify, false, notify->store_path, strerror(-err));
        return err;
    }
    err = drop_channels(notify);
    if (err < 0) {
        set_reason(notify, false, "store", store_error(notify->store));
        store_close(notify->store);
        notify->store = NULL;
    }
    return err;
}

static void turn(struct notify *notify)
{
    struct trouble trouble = {.words = ""};
    int err = notify->claim_fd >= 0 ? 0 : claim(notify);
    if (err == 0 && notify->store == NULL)
        err = open_store(notify);
    if (err == 0) { /* what is in the store already goes out, whether or not new events can be read */
        note_trouble(notify, &trouble, expand(notify));
        step_channels(notify, &trouble);
        if (trouble.err != -EBUSY)
            note_trouble(notify, &trouble, purge(notify));
        set_reason(notify, false, "", trouble.words);
    }
    send_turn(notify->send, WAIT_MS, on_done, notify);
    (void)atomic_fetch_add(&notify->turns, 1);
}

/* What is under way may end, and its outcome be kept; what does not is sent again at the next start. */
static void farewell(struct notify *notify)
{
    struct trouble trouble = {.err = 0}; /* there is no later turn that could tell of it */
    const int64_t until_mono_ms = clock_ms(CLOCK_MONOTONIC) + NOTIFY_FAREWELL_MS;
    while (send_under_way(notify->send) > 0 && clock_ms(CLOCK_MONOTONIC) < until_mono_ms)
        send_turn(notify->send, WAIT_MS / 5, on_done, notify);
    if (notify->store != NULL)
        step_channels(notify, &trouble);
}

static void *work(void *context)
{
    struct notify *notify = context;
    while (!atomic_load(&notify->stopping))
        turn(notify);
    farewell(notify);
    return NULL;
}

/* --- from outside --- */

int notify_global_init(void)
{
    return send_global_init();
}

static void destroy(struct notify *notify)
{
    send_destroy(notify->send);
    store_close(notify->store);
    if (notify->claim_fd >= 0)
        (void)close(notify->claim_fd);
    (void)pthread_mutex_destroy(&notify->lock);
    free(notify);
}

int notify_start(const struct notify_settings *settings, const char *store_path, struct notify **ret)
{
    struct notify *notify = calloc(1, sizeof(*notify));
    if (notify == NULL)
        return -ENOMEM;
    notify->settings = *settings;
    notify->claim_fd = -1;
    (void)snprintf(notify->store_path, sizeof(notify->store_path), "%s", store_path);
    (void)pthread_mutex_init(&notify->lock, NULL);
    int err = send_create(&notify->send);
    if (err == 0)
        err = -pthread_create(&notify->thread, NULL, work, notify);
    if (err < 0) {
        destroy(notify);
        return err;
    }
    *ret = notify;
    return 0;
}

void notify_stop(struct notify *notify)
{
    if (notify == NULL)
        return;
    atomic_store(&notify->stopping, true);
    send_wake(notify->send);
    (void)pthread_join(notify->thread, NULL);
    destroy(notify);
}

void notify_stats(struct notify *notify, struct notify_stats *ret)
{
    ret->turns = atomic_load(&notify->turns);
    (void)pthread_mutex_lock(&notify->lock);
    ret->standing_by = notify->standing_by;
    memcpy(ret->reason, notify->reason, sizeof(ret->reason));
    (void)pthread_mutex_unlock(&notify->lock);
}

/* --- a test --- */

struct trial {
    bool ended;
    struct request_verdict *verdict;
};

static void on_tried(void *context, int64_t number, const struct request_verdict *verdict)
{
    struct trial *trial = context;
    (void)number;
    *trial->verdict = *verdict;
    trial->ended = true;
}

static int send_test(struct send *send, const struct notify_settings *settings,
                     const struct notify_channel *channel, const struct request_secret *secret,
                     struct request_verdict *ret)
{
    const struct notify_text_options options = {channel->language, settings->console_url};
    struct trial trial = {.verdict = ret};
    struct request request;
    char id[STORE_MESSAGE_ID_LEN], text[NOTIFY_TEXT_MAX];
    const int64_t now_utc_ms = clock_ms(CLOCK_REALTIME);
    make_id(id);
    notify_text_test(&options, now_utc_ms, text);
    const struct request_message message = {.id = id, .text = text, .now_utc_ms = now_utc_ms};
    int err = request_make(channel, secret, &message, &request);
    if (err == 0)
        err = send_begin(send, channel, secret, 1, &request);
    while (err == 0 && !trial.ended)
        send_turn(send, WAIT_MS, on_tried, &trial);
    return err;
}

int notify_try(const struct notify_settings *settings, const struct notify_channel *channel,
               struct request_verdict *ret)
{
    struct request_secret secret;
    struct send *send = NULL;
    char reason[NOTIFY_REASON_MAX];
    *ret = (struct request_verdict){.taken = false};
    if (notify_secret(channel, &secret, reason) < 0) {
        (void)snprintf(ret->words, sizeof(ret->words), "%s", reason);
        return -ENOENT;
    }
    int err = send_create(&send);
    if (err == 0)
        err = send_test(send, settings, channel, &secret, ret);
    send_destroy(send);
    sodium_memzero(&secret, sizeof(secret));
    return err;
}
