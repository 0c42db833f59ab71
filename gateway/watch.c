#include "gateway/watch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/issuedfile.h"
#include "gateway/triplog.h"

/* What the bureau issued, and why what lies on disk is not it. */
struct held {
    struct issued issued;
    uint64_t highest; /* version ever held */
    char fault[160];  /* "" = none */
};

struct watch {
    struct watch_config config;
    struct outbox *outbox;
    struct held held[ISSUED_KINDS];
    void *engine_memory;
    struct engine *engine;
    struct watch_state state;
    bool broken;
    bool taken_up;            /* what the outbox held at the start */
    bool to_say_again;        /* a file was set aside that held the alerts that are open now */
    bool new_file;            /* one was set aside, and none has taken its place yet */
    unsigned unreadable;      /* openings in a row that failed so */
    int64_t utc_ms;           /* of the last event */
    int64_t retry_at_mono_ms; /* the disk has refused: not before */
    struct bw_track track;
    int64_t track_mono_ms; /* of its first fix */
    struct triplog trips;
    size_t n_unsaved;
    struct bw_alert unsaved[WATCH_UNSAVED_MAX];
};

/* --- licence, orders and engine --- */

const struct bw_licence *watch_licence(const struct watch *watch)
{
    return watch_version(watch, ISSUED_LICENCE) > 0 ? &watch->held[ISSUED_LICENCE].issued.u.licence : NULL;
}

const struct bw_orders *watch_orders(const struct watch *watch)
{
    return watch_version(watch, ISSUED_ORDERS) > 0 ? &watch->held[ISSUED_ORDERS].issued.u.orders : NULL;
}

uint64_t watch_version(const struct watch *watch, enum issued_kind kind)
{
    return issued_version(&watch->held[kind].issued);
}

uint64_t watch_highest(const struct watch *watch, enum issued_kind kind)
{
    return watch->held[kind].highest;
}

const char *watch_fault(const struct watch *watch, enum issued_kind kind)
{
    return watch->held[kind].fault;
}

/* An engine for what is held, that goes on with `open`. */
static int make_engine(struct watch *watch, uint64_t next_number, const struct bw_alert *open, size_t n_open)
{
    const struct bw_licence *licence = watch_licence(watch);
    void *memory = malloc(engine_size(licence));
    if (memory == NULL)
        return -ENOMEM;
    struct engine *engine = engine_init(memory, licence, next_number);
    engine_set_orders(engine, watch_orders(watch));
    for (size_t i = 0; i < n_open; i++)
        engine_resume(engine, &open[i]);
    if (watch->engine != NULL)
        engine_continue(engine, watch->engine);
    free(watch->engine_memory);
    watch->engine_memory = memory;
    watch->engine = engine;
    return 0;
}

static int load(struct watch *watch, enum issued_kind kind, struct issued *ret)
{
    const struct watch_config *config = &watch->config;
    const struct issued_for whom = {
        .vehicle = config->vehicle, .division = config->division, .key = config->bureau_key};
    struct held *held = &watch->held[kind];
    struct issued fresh = {.kind = kind};
    int error = issuedfile_load(kind, config->paths[kind], &whom, &fresh);
    const uint64_t kept = issuedfile_highest(config->paths[kind]);
    if (kept > held->highest)
        held->highest = kept;
    if (error == 0 && issued_version(&fresh) < held->highest)
        error = -ESTALE;
    if (error == 0) {
        held->highest = issued_version(&fresh);
        (void)issuedfile_raise(config->paths[kind], held->highest); /* the next start tries again */
        *ret = fresh;
    } else {
        issued_free(&fresh);
    }
    held->fault[0] = '\0';
    if (error != 0 && error != -ENOENT) /* none yet is no fault */
        (void)snprintf(held->fault, sizeof held->fault, "%s", issued_reason(kind, error));
    return error;
}

/* Judge by what is held now. */
static int take_up_new(struct watch *watch, enum issued_kind kind)
{
    if (kind == ISSUED_ORDERS) {
        engine_set_orders(watch->engine, watch_orders(watch));
        return 0;
    }
    struct bw_alert open[ENGINE_ALERTS_MAX];
    const size_t n_open = engine_open(watch->engine, open);
    return make_engine(watch, engine_next_number(watch->engine), open, n_open);
}

int watch_reload(struct watch *watch, enum issued_kind kind)
{
    struct issued fresh = {.kind = kind}, *held = &watch->held[kind].issued;
    int error = load(watch, kind, &fresh);
    if (error != 0)
        return error;
    /* The engine borrows what is held where it lies: it has the new before the old is gone. */
    struct issued old = *held;
    *held = fresh;
    error = take_up_new(watch, kind);
    if (error != 0) {
        *held = old;
        old = fresh;
    }
    issued_free(&old);
    return error;
}

static struct trip_view trip_view_of(const struct watch *watch)
{
    return (struct trip_view){.licence = watch_licence(watch),
                              .route = engine_route(watch->engine),
                              .permit = engine_permit(watch->engine)};
}

/* --- open and close --- */

static const char *open_reason(int error)
{
    return error == -EALREADY ? "another gateway has it"
           : error == -ENOKEY ? "a change of key is under way, and the other key file is not there"
                              : strerror(-error);
}

static void note_write(struct watch *watch, int error)
{
    if (error == -EBADMSG || error == -EREMOTEIO)
        watch->broken = true;
    (void)snprintf(watch->state.outbox_fault, sizeof watch->state.outbox_fault, "%s",
                   error == 0              ? ""
                   : watch->outbox != NULL ? outbox_error(watch->outbox)
                                           : open_reason(error));
}

static int open_outbox(struct watch *watch, char ret_reason[256])
{
    struct outbox_config config = watch->config.outbox;
    bool set_aside = false;
    config.unreadable_is_corrupt = watch->unreadable >= WATCH_UNREADABLE_MAX;
    const int error = outbox_open(&config, &watch->outbox, &set_aside);
    if (error != 0)
        (void)snprintf(ret_reason, 256, "%.180s: %s", config.path, open_reason(error));
    watch->unreadable = error == -EREMOTEIO ? watch->unreadable + 1 : 0;
    watch->state.set_aside += set_aside;
    watch->to_say_again |= set_aside && watch->engine != NULL;
    watch->new_file |= set_aside;
    watch->broken = error != 0;
    note_write(watch, error);
    return error;
}

/* Without the outbox nobody knows which numbers were given out: these are none of them. */
static uint64_t provisional_number(void)
{
    uint32_t random = 0;
    (void)!getrandom(&random, sizeof random, 0); /* fails at a too early boot alone */
    return (UINT64_C(1) << 32) + random;
}

static void save_or_keep(struct watch *watch, const struct bw_alert *alert);

static const struct bw_alert *of_kind(const struct bw_alert *alerts, size_t n, enum bw_kind kind)
{
    for (size_t i = 0; i < n; i++)
        if (alerts[i].kind == kind)
            return &alerts[i];
    return NULL;
}

/* What the outbox holds open, for an engine that has judged without it. An alert that the engine has raised
 * anew ends: what is true now is the new one. */
static size_t merge_open(struct watch *watch, struct bw_alert *stored, size_t n_stored,
                         struct bw_alert ret[ENGINE_ALERTS_MAX])
{
    size_t n = watch->engine != NULL ? engine_open(watch->engine, ret) : 0;
    for (size_t i = 0; i < n_stored; i++) {
        const struct bw_alert *now = of_kind(ret, n, stored[i].kind);
        if (now == NULL)
            ret[n++] = stored[i];
        if (now == NULL || now->number == stored[i].number)
            continue;
        stored[i].phase = BW_CLEARED;
        if (watch->utc_ms > 0)
            stored[i].time_utc_ms = watch->utc_ms;
        save_or_keep(watch, &stored[i]);
    }
    return n;
}

/* The engine as it was when the process last ended. */
static int take_up(struct watch *watch)
{
    struct bw_alert stored[ENGINE_ALERTS_MAX], open[ENGINE_ALERTS_MAX];
    size_t n_stored = 0;
    uint64_t next_number = 0;
    int error = outbox_open_alerts(watch->outbox, stored, ENGINE_ALERTS_MAX, &n_stored);
    if (error == 0)
        error = outbox_next_alert_number(watch->outbox, &next_number);
    if (error != 0)
        return error;
    if (watch->engine != NULL && engine_next_number(watch->engine) > next_number)
        next_number = engine_next_number(watch->engine);
    const size_t n_open = merge_open(watch, stored, n_stored, open);
    error = make_engine(watch, next_number, open, n_open);
    watch->taken_up = error == 0;
    return error;
}

/* Opened it was, but what it holds cannot be had. */
static void give_up_outbox(struct watch *watch, int error, char ret_reason[256])
{
    (void)snprintf(ret_reason, 256, "%.180s: %s", watch->config.outbox.path, outbox_error(watch->outbox));
    note_write(watch, error);
    outbox_close(watch->outbox);
    watch->outbox = NULL;
    watch->broken = true;
}

static int open_memory(struct watch *watch, char ret_reason[256])
{
    int error = open_outbox(watch, ret_reason);
    if (error == -EALREADY || error == -EINVAL || error == -ENOMEM)
        return error;
    for (int kind = 0; kind < ISSUED_KINDS; kind++) /* a fault is kept, and counts as none held */
        (void)load(watch, (enum issued_kind)kind, &watch->held[kind].issued);
    if (error == 0)
        error = take_up(watch);
    if (error != 0 && error != -ENOMEM) { /* the watch goes on without */
        if (watch->outbox != NULL)
            give_up_outbox(watch, error, ret_reason);
        error = make_engine(watch, provisional_number(), NULL, 0);
    }
    if (error != 0)
        (void)snprintf(ret_reason, 256, "%.180s: %s", watch->config.outbox.path, strerror(-error));
    return error;
}

int watch_open(const struct watch_config *config, struct watch **ret, char ret_reason[256])
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        (void)snprintf(ret_reason, 256, "%s", strerror(ENOMEM));
        return -ENOMEM;
    }
    watch->config = *config;
    for (int kind = 0; kind < ISSUED_KINDS; kind++)
        watch->held[kind].issued.kind = (enum issued_kind)kind;
    watch->state.fix.speed_mps = watch->state.fix.course_deg = NAN;
    triplog_init(&watch->trips, config->outbox.path, &watch->state.lost);
    const int error = open_memory(watch, ret_reason);
    watch->new_file = watch->new_file && watch->broken;
    if (error == 0)
        *ret = watch;
    else
        watch_close(watch);
    return error;
}

void watch_close(struct watch *watch)
{
    if (watch == NULL)
        return;
    if (watch->engine != NULL) {
        const struct trip_view view = trip_view_of(watch);
        triplog_cut_short(&watch->trips, &view);
    }
    (void)watch_flush(watch); /* what cannot be written now is lost with the process, and was counted */
    outbox_close(watch->outbox);
    free(watch->engine_memory);
    for (int kind = 0; kind < ISSUED_KINDS; kind++)
        issued_free(&watch->held[kind].issued);
    free(watch);
}

bool watch_broken(const struct watch *watch)
{
    return watch->broken;
}

/* --- events --- */

static int save_alert(struct watch *watch, const struct bw_alert *alert)
{
    const int error =
        watch->outbox != NULL ? outbox_append_alert(watch->outbox, alert, alert->time_utc_ms) : -EBADF;
    if (watch->outbox != NULL) /* else the reason stands already */
        note_write(watch, error);
    return error;
}

/* Oldest first; stops at the first that the disk still refuses, so that order is kept. */
static bool retry_unsaved(struct watch *watch)
{
    size_t saved = 0;
    while (saved < watch->n_unsaved && save_alert(watch, &watch->unsaved[saved]) == 0)
        saved++;
    watch->n_unsaved -= saved;
    memmove(watch->unsaved, watch->unsaved + saved, watch->n_unsaved * sizeof watch->unsaved[0]);
    watch->state.unsaved = watch->n_unsaved;
    return saved > 0;
}

static void keep_unsaved(struct watch *watch, const struct bw_alert *alert)
{
    if (watch->n_unsaved == WATCH_UNSAVED_MAX)
        watch->state.lost++;
    else
        watch->unsaved[watch->n_unsaved++] = *alert;
    watch->state.unsaved = watch->n_unsaved;
}

static void save_or_keep(struct watch *watch, const struct bw_alert *alert)
{
    if (watch->n_unsaved > 0 || save_alert(watch, alert) != 0)
        keep_unsaved(watch, alert);
}

/* On disk before it is announced. A disk that refuses does not silence the warning in the vehicle. */
static void take_alert(struct watch *watch, const struct bw_alert *alert)
{
    const bool saved = watch->n_unsaved == 0 && save_alert(watch, alert) == 0;
    if (!saved)
        keep_unsaved(watch, alert);
    watch->config.on_alert(watch->config.context, alert, saved);
}

static bool flush_trip(struct watch *watch)
{
    if (watch->outbox == NULL)
        return false;
    const int outcome = triplog_flush(&watch->trips, watch->outbox);
    if (outcome != 0)
        note_write(watch, outcome < 0 ? outcome : 0);
    return outcome == 1;
}

static bool flush_track(struct watch *watch)
{
    if (watch->track.n == 0 || watch->outbox == NULL)
        return false;
    const int64_t now_utc_ms = watch->track.fixes[watch->track.n - 1].utc_ms;
    const int error = outbox_append_track(watch->outbox, &watch->track, now_utc_ms);
    note_write(watch, error);
    if (error != 0)
        return false;
    watch->track.n = 0;
    return true;
}

bool watch_flush(struct watch *watch)
{
    const bool saved = watch->outbox != NULL && retry_unsaved(watch);
    const bool trip = flush_trip(watch);
    return flush_track(watch) || trip || saved;
}

void watch_key_changed(struct watch *watch)
{
    watch->config.outbox.key = watch->config.outbox.next_key;
    watch->config.outbox.next_key = NULL;
}

static void lose_fixes(struct watch *watch, size_t n)
{
    struct bw_track *track = &watch->track;
    watch->state.lost += n;
    track->n -= n;
    memmove(track->fixes, track->fixes + n, track->n * sizeof track->fixes[0]);
}

/* The disk is tried again once a second only: each refusal may take a while. */
static bool may_try(struct watch *watch, int64_t mono_ms)
{
    if (watch->state.outbox_fault[0] == '\0')
        return true;
    if (mono_ms < watch->retry_at_mono_ms)
        return false;
    watch->retry_at_mono_ms = mono_ms + WATCH_RETRY_MS;
    return true;
}

/* True when a batch was written. */
static bool take_fix(struct watch *watch, const struct bw_event *event)
{
    struct bw_track *track = &watch->track;
    watch->state.has_position = true;
    watch->state.fix = event->u.fix;
    watch->state.fix_utc_ms = event->utc_ms;
    watch->state.fix_mono_ms = event->mono_ms;
    bool flushed = false;
    if (event->utc_ms <= 0)
        return false; /* a position without a time is no evidence */
    if (track->n > 0) {
        const int64_t last_utc_ms = track->fixes[track->n - 1].utc_ms;
        if (event->utc_ms >= last_utc_ms && event->utc_ms - last_utc_ms < WATCH_FIX_SPACING_MS)
            return false;
        if (event->utc_ms < last_utc_ms)
            flushed = flush_track(watch); /* the receiver's clock went back: a batch of its own */
        if (event->utc_ms < last_utc_ms && !flushed)
            lose_fixes(watch, track->n);
        if (track->n == BW_TRACK_FIXES_MAX)
            lose_fixes(watch, 1);
    }
    if (track->n == 0)
        watch->track_mono_ms = event->mono_ms;
    track->fixes[track->n++] = (struct bw_track_fix){.utc_ms = event->utc_ms,
                                                     .lat_deg = event->u.fix.position.lat_deg,
                                                     .lon_deg = event->u.fix.position.lon_deg,
                                                     .quality = watch->state.cabin.occupancy.quality,
                                                     .aboard = watch->state.cabin.occupancy.count};
    return flushed;
}

bool watch_event(struct watch *watch, const struct bw_event *event)
{
    struct bw_alert alerts[ENGINE_ALERTS_MAX];
    const bool try = may_try(watch, event->mono_ms);
    bool stored = try && watch->n_unsaved > 0 && retry_unsaved(watch);
    watch->utc_ms = event->utc_ms;
    if (event->type == BW_EVENT_FIX)
        stored |= take_fix(watch, event);
    else if (event->type == BW_EVENT_NO_FIX)
        watch->state.has_position = false;
    else if (event->type == BW_EVENT_CABIN)
        watch->state.cabin = event->u.cabin;
    const size_t n = engine_step(watch->engine, event, alerts);
    for (size_t i = 0; i < n; i++)
        take_alert(watch, &alerts[i]);
    const struct trip_view view = trip_view_of(watch);
    triplog_event(&watch->trips, event, &view);
    if (try)
        stored |= flush_trip(watch);
    const bool due = watch->track.n >= WATCH_TRACK_FIXES ||
                     (watch->track.n > 0 && event->mono_ms - watch->track_mono_ms >= WATCH_TRACK_MS);
    if (try && due)
        stored |= flush_track(watch);
    return stored || n > 0;
}

/* --- a new file --- */

static bool is_unsaved(const struct watch *watch, uint64_t number)
{
    for (size_t i = 0; i < watch->n_unsaved; i++)
        if (watch->unsaved[i].number == number)
            return true;
    return false;
}

/* The engine goes on and its alerts are still open. What the old file said of them may never reach the
 * bureau, so each stands in the new one as it was last reported, unless a phase of it waits to be written
 * anyway. */
static void say_again(struct watch *watch)
{
    struct bw_alert open[ENGINE_ALERTS_MAX];
    const size_t n = engine_open(watch->engine, open);
    for (size_t i = 0; i < n; i++)
        if (!is_unsaved(watch, open[i].number) && save_alert(watch, &open[i]) != 0)
            keep_unsaved(watch, &open[i]);
}

int watch_mend(struct watch *watch, char ret_reason[256])
{
    outbox_close(watch->outbox);
    watch->outbox = NULL;
    int error = open_outbox(watch, ret_reason);
    if (error != 0)
        return error;
    watch->retry_at_mono_ms = 0;
    if (!watch->taken_up)
        error = take_up(watch);
    if (error != 0) { /* damaged since it was opened, or no memory: once more */
        give_up_outbox(watch, error, ret_reason);
        return error;
    }
    if (watch->to_say_again)
        say_again(watch);
    watch->to_say_again = false;
    const bool new_file = watch->new_file;
    watch->new_file = false;
    return new_file ? WATCH_NEW_FILE : 0;
}

/* --- looking in --- */

const struct watch_state *watch_state(const struct watch *watch)
{
    return &watch->state;
}

bool watch_warns(const struct watch *watch)
{
    return engine_warns(watch->engine);
}

size_t watch_open_alerts(const struct watch *watch, struct bw_alert *ret_alerts)
{
    return engine_open(watch->engine, ret_alerts);
}

struct outbox *watch_outbox(struct watch *watch)
{
    return watch->outbox;
}
