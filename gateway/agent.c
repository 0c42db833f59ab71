#include "gateway/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <uv.h>

#include "gateway/alarm/command.h"
#include "gateway/alarm/gpio.h"
#include "gateway/clock.h"
#include "gateway/dates.h"
#include "gateway/issuedfile.h"
#include "gateway/journal.h"
#include "gateway/memory.h"
#include "gateway/nextkey.h"
#include "gateway/status.h"
#include "gateway/statusclient.h"
#include "proto/exitcode.h"
#include "proto/modeljson.h"
#include "proto/privileges.h"
#include "proto/words.h"

enum {
    TICK_MS = 1000,
    ALARM_TEST_MS = 3000,
    SETTLED_MS = 20000, /* after the start: connected, and its licence held */
    GPS_SILENT_MS = 5000,
    STATUS_BACKLOG = 8,
    STATUS_CLIENTS_MAX = 8,
    TELL_MS = 10000, /* how often the service manager gets its line of words */
};

/* A source and the poll handle on its present descriptor. */
struct feed {
    struct agent *agent;
    const char *name; /* in the journal */
    struct source *source;
    uv_poll_t *poll; /* NULL while closed; freed when libuv has closed it */
    int fd;          /* of the poll */
    enum source_state reported;
    uint64_t told[SOURCE_TROUBLES_MAX]; /* of each trouble, in the journal */
};

struct agent {
    const struct gateway_config *config;
    struct seal_key key, next_key;
    bool has_next_key; /* a change is under way, or was */
    bool change_over;  /* next_key alone signs */
    uint8_t bureau_key[BW_PUBLIC_KEY_LEN];
    struct vehicle_clock clock;
    struct watch *watch;
    struct uplink *uplink;
    struct alarm *alarm;
    struct cabinbus *bus; /* NULL: no cabin sensors */
    struct feed gps, can;
    struct bw_cabin cabin; /* as last told to the watch */
    bool warned;           /* the driver is: alarm_warn() */
    bool cabin_heard;      /* frames came since the last estimate */
    int64_t presence_mono_ms;
    bool presence_due;
    uint64_t streams_begun;  /* of the uplink's count, told in the journal */
    char outbox_reason[256]; /* why it could not be opened, as told in the journal; "" = it is open */
    uv_loop_t loop;
    uv_timer_t timer, trim;
    uv_signal_t on_term, on_int, on_usr1;
    uv_timer_t alarm_test;         /* active while the alarm is tested */
    uv_async_t came[ISSUED_KINDS]; /* the uplink has stored a newer one */
    uv_pipe_t status;
    unsigned status_clients;
    uint64_t fed_turns;   /* of the uplink thread, when the watchdog was fed last */
    int64_t told_mono_ms; /* the service manager; 0 = not yet */
    char alarm_faults[ALARM_OUTPUTS_MAX][ALARM_REASON_LEN]; /* as last said in the journal */
    struct status_meter meter;
    struct certificate_seen certificate;
    int gps_mode; /* of the last report */
    char config_hash[SEAL_FILE_HASH_LEN], dbc_hash[SEAL_FILE_HASH_LEN];
};

/* --- events --- */

static struct bw_event event_now(const struct agent *agent, enum bw_event_type type)
{
    struct bw_event event = {.type = type, .mono_ms = clock_mono_ms()};
    event.utc_ms = clock_utc_ms(&agent->clock, event.mono_ms, &event.clock);
    return event;
}

enum { ALARM_LEN = 64 };

/* How loud: a child that was left behind cannot wait for the network. */
static void alarm_words(const struct bw_alert *alert, char ret[ALARM_LEN])
{
    const uint8_t level = alert->evidence.left_behind.level;
    ret[0] = '\0';
    if (alert->kind != BW_CHILD_LEFT_BEHIND)
        return;
    if (alert->phase == BW_CLEARED)
        (void)snprintf(ret, ALARM_LEN, ", alarm off");
    else
        (void)snprintf(ret, ALARM_LEN, ", alarm level %d: %s", level, words_alarm(WORDS_EN, level));
}

static void report_outputs(struct agent *agent)
{
    const char *fault;
    for (size_t i = 0; (fault = alarm_fault(agent->alarm, i)) != NULL; i++) {
        if (fault[0] != '\0' && strcmp(fault, agent->alarm_faults[i]) != 0)
            journal(JOURNAL_ERROR, "alarm: %s", fault);
        (void)snprintf(agent->alarm_faults[i], ALARM_REASON_LEN, "%s", fault);
    }
}

/* All that can sound, for a fitter who listens: as a pupil left behind would, but as alert 0, which is none.
 */
static void sound_test(struct agent *agent, enum bw_phase phase)
{
    const struct bw_alert test = {.kind = BW_CHILD_LEFT_BEHIND,
                                  .phase = phase,
                                  .severity = BW_SERIOUS,
                                  .evidence.left_behind.level = 3};
    alarm_set(agent->alarm, &test);
}

static void end_alarm_test(uv_timer_t *timer)
{
    (void)uv_timer_stop(timer);
    sound_test(timer->data, BW_CLEARED);
}

/* SIGUSR1. Never while a true alarm sounds: the end of the test would silence it. */
static void on_test_alarm(uv_signal_t *handle, int number)
{
    struct agent *agent = handle->data;
    if (alarm_loudest(agent->alarm) != ALARM_SILENT) {
        journal(JOURNAL_WARNING, "signal %d: no test of the alarm, for it is on already", number);
        return;
    }
    journal(JOURNAL_NOTICE, "signal %d: the alarm sounds for %d s, as a test", number, ALARM_TEST_MS / 1000);
    sound_test(agent, BW_RAISED);
    (void)uv_timer_start(&agent->alarm_test, end_alarm_test, ALARM_TEST_MS, 0); /* cannot fail */
}

static void warn_driver(struct agent *agent, bool on)
{
    if (on == agent->warned)
        return;
    agent->warned = on;
    if (uv_is_active((const uv_handle_t *)&agent->alarm_test))
        end_alarm_test(&agent->alarm_test);
    alarm_warn(agent->alarm, on);
    journal(JOURNAL_NOTICE,
            on ? "doors closed with more aboard than approved, as it seems: the driver is warned"
               : "the driver is warned no longer");
}

/* The warning in the vehicle comes before anything that may take time. */
static void on_alert(void *context, const struct bw_alert *alert, bool saved)
{
    struct agent *agent = context;
    char alarm[ALARM_LEN];
    if (uv_is_active((const uv_handle_t *)&agent->alarm_test))
        end_alarm_test(&agent->alarm_test);
    if (alert->kind == BW_OVERLOAD && alert->phase != BW_CLEARED)
        warn_driver(agent, false); /* the alert itself does, from now on */
    alarm_set(agent->alarm, alert);
    alarm_words(alert, alarm);
    journal(alert->phase == BW_CLEARED ? JOURNAL_NOTICE : JOURNAL_ALARM, "%s %s (%s), alert %" PRIu64 "%s%s",
            modeljson_kind(alert->kind), modeljson_phase(alert->phase), modeljson_severity(alert->severity),
            alert->number, alarm, saved ? "" : ", NOT RECORDED: the disk refuses it");
    agent->presence_due = true;
}

static void submit(struct agent *agent, const struct bw_event *event)
{
    if (watch_event(agent->watch, event) && agent->uplink != NULL)
        uplink_wake(agent->uplink);
    warn_driver(agent, watch_warns(agent->watch));
}

/* Tell the watch of the cabin: when it changed, and as a confirmation when `confirm`. */
static void judge_cabin(struct agent *agent, bool confirm)
{
    if (agent->bus == NULL)
        return;
    struct bw_event event = event_now(agent, BW_EVENT_CABIN);
    cabinbus_estimate(agent->bus, event.mono_ms, &event.u.cabin);
    agent->cabin_heard = false;
    if (cabinbus_same(&event.u.cabin, &agent->cabin) && !confirm)
        return;
    agent->presence_due |= !cabinbus_same_aboard(&event.u.cabin, &agent->cabin);
    agent->cabin = event.u.cabin;
    submit(agent, &event);
}

static void on_gps(void *context, int mode, const struct bw_fix *fix, int64_t utc_ms)
{
    struct agent *agent = context;
    const int64_t mono_ms = clock_mono_ms();
    agent->gps_mode = mode;
    if (utc_ms > 0 && mode >= 2)
        clock_set(&agent->clock, utc_ms, mono_ms);
    struct bw_event event = event_now(agent, mode >= 2 ? BW_EVENT_FIX : BW_EVENT_NO_FIX);
    if (mode >= 2) {
        event.u.fix = *fix;
        event.utc_ms = utc_ms; /* of the fix itself, not of its arrival */
    }
    judge_cabin(agent, false); /* the bus may have fallen silent since */
    submit(agent, &event);
}

static void on_can(void *context, const struct can_frame_in *frame)
{
    struct agent *agent = context;
    cabinbus_frame(agent->bus, frame, clock_mono_ms());
    agent->cabin_heard = true;
}

static void on_value(void *context, size_t signal, double value)
{
    struct agent *agent = context;
    cabinbus_value(agent->bus, signal, value, clock_mono_ms());
    agent->cabin_heard = true;
}

/* --- feeds --- */

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void watch_descriptor(struct feed *feed)
{
    const int fd = source_fd(feed->source);
    if (feed->poll != NULL && fd == feed->fd)
        return;
    if (feed->poll != NULL) {
        (void)uv_poll_stop(feed->poll); /* cannot fail */
        uv_close((uv_handle_t *)feed->poll, free_handle);
        feed->poll = NULL;
    }
    if (fd < 0)
        return;
    uv_poll_t *poll = malloc(sizeof *poll);
    if (poll == NULL)
        return; /* the next tick tries again */
    int error = uv_poll_init(&feed->agent->loop, poll, fd);
    if (error != 0) {
        free(poll);
        journal(JOURNAL_ERROR, "cannot watch descriptor %d: %s", fd, uv_strerror(error));
        return;
    }
    poll->data = feed;
    feed->poll = poll;
    feed->fd = fd;
    error = uv_poll_start(poll, UV_READABLE | UV_DISCONNECT, on_readable);
    if (error != 0)
        journal(JOURNAL_ERROR, "cannot watch descriptor %d: %s", fd, uv_strerror(error));
}

/* Each kind at its first time and whenever its number has doubled: a bad wire is bad thousands of times. */
static void report_troubles(struct feed *feed, const struct source_stats *stats)
{
    for (size_t i = 0; i < stats->n_troubles; i++) {
        const struct source_trouble *trouble = &stats->troubles[i];
        if (trouble->n < 2 * feed->told[i] || feed->told[i] == trouble->n)
            continue;
        feed->told[i] = trouble->n;
        journal(JOURNAL_WARNING, "%s: %s: %s (%" PRIu64 " so far)", feed->name, trouble->code, trouble->words,
                trouble->n);
    }
}

static void report_feed(struct feed *feed)
{
    const struct source_stats *stats = source_stats(feed->source);
    report_troubles(feed, stats);
    if (stats->state == feed->reported)
        return;
    feed->reported = stats->state;
    if (stats->state == SOURCE_OPEN)
        journal(JOURNAL_NOTICE, "%s: open", feed->name);
    else
        journal(JOURNAL_WARNING, "%s: not open (%s)", feed->name, stats->reason);
    if (stats->stays_off)
        journal(JOURNAL_WARNING, "%s: restart-ms is 0: after a bus-off the controller would stay off the bus",
                feed->name);
}

static void read_feed(struct feed *feed)
{
    const struct source_sink sink = {.context = feed->agent, .gps = on_gps, .can = on_can, .value = on_value};
    source_read(feed->source, &sink, clock_mono_ms());
    watch_descriptor(feed);
    report_feed(feed);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status; /* an error shows again when reading */
    (void)events;
    struct feed *feed = poll->data;
    read_feed(feed);
    if (feed->agent->cabin_heard)
        judge_cabin(feed->agent, false);
}

static void tick_feed(struct feed *feed, int64_t mono_ms)
{
    if (feed->source == NULL)
        return;
    source_tick(feed->source, mono_ms);
    watch_descriptor(feed);
    report_feed(feed);
}

/* --- presence --- */

static void send_presence(struct agent *agent, int64_t mono_ms)
{
    const struct watch_state *state = watch_state(agent->watch);
    const struct bw_licence *licence = watch_licence(agent->watch);
    enum bw_clock quality;
    struct bw_presence presence = {
        .time_utc_ms = clock_utc_ms(&agent->clock, mono_ms, &quality),
        .software = BUSWARDEN_VERSION,
        .has_position = state->has_position,
        .fix_utc_ms = state->has_position ? state->fix_utc_ms : 0,
        .lat_deg = state->fix.position.lat_deg,
        .lon_deg = state->fix.position.lon_deg,
        .speed_mps = (float)state->fix.speed_mps,
        .occupancy = agent->cabin.occupancy,
        .licence_version = watch_version(agent->watch, ISSUED_LICENCE),
        .orders_version = watch_version(agent->watch, ISSUED_ORDERS),
        .capacity = licence != NULL ? licence->approved_capacity : 0,
    };
    uplink_presence(agent->uplink, &presence);
    agent->presence_mono_ms = mono_ms;
    agent->presence_due = false;
}

/* --- uplink --- */

static const char *path_of(const struct agent *agent, enum issued_kind kind)
{
    return kind == ISSUED_LICENCE ? agent->config->licence_path : agent->config->orders_path;
}

/* On the uplink thread: keep it, then let the main thread take it up. */
static int on_issued(void *context, enum issued_kind kind, const uint8_t *sealed, size_t len)
{
    struct agent *agent = context;
    const int error = issuedfile_store(path_of(agent, kind), sealed, len);
    if (error != 0) {
        journal(JOURNAL_ERROR, "%s: %s", path_of(agent, kind), strerror(-error));
        return error;
    }
    return uv_async_send(&agent->came[kind]);
}

static void on_came(uv_async_t *async)
{
    struct agent *agent = async->data;
    const enum issued_kind kind = (enum issued_kind)(async - agent->came);
    const int error = watch_reload(agent->watch, kind);
    if (error != 0)
        journal(JOURNAL_ERROR, "%s: %s", issued_name(kind), issued_reason(kind, error));
    else
        journal(JOURNAL_NOTICE, "%s version %" PRIu64 " in force", issued_name(kind),
                watch_version(agent->watch, kind));
    agent->presence_due = true;
}

static const char *given(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static struct outbox_config outbox_config(const struct agent *agent)
{
    return (struct outbox_config){.path = agent->config->outbox_path,
                                  .division = agent->config->division,
                                  .vehicle = agent->config->vehicle,
                                  .key = agent->change_over ? &agent->next_key : &agent->key,
                                  .next_key =
                                      agent->has_next_key && !agent->change_over ? &agent->next_key : NULL,
                                  .max_track_records = agent->config->max_track_records};
}

static int start_uplink(struct agent *agent)
{
    struct uplink_config config = {
        .mqtt = {.host = agent->config->broker_host,
                 .port = agent->config->broker_port,
                 .ca_file = given(agent->config->broker_ca),
                 .cert_file = given(agent->config->broker_cert),
                 .key_file = given(agent->config->broker_key)},
        .outbox = outbox_config(agent),
        .held = {[ISSUED_LICENCE] = watch_version(agent->watch, ISSUED_LICENCE),
                 [ISSUED_ORDERS] = watch_version(agent->watch, ISSUED_ORDERS)},
        .highest = {[ISSUED_LICENCE] = watch_highest(agent->watch, ISSUED_LICENCE),
                    [ISSUED_ORDERS] = watch_highest(agent->watch, ISSUED_ORDERS)},
        .on_issued = on_issued,
        .context = agent,
    };
    memcpy(config.bureau_key, agent->bureau_key, sizeof config.bureau_key);
    agent->streams_begun = 0;
    const int error = uplink_start(&config, &agent->uplink);
    if (error != 0)
        journal(JOURNAL_ERROR, "uplink: %s", strerror(-error));
    agent->presence_due = true;
    return error;
}

static bool outbox_broken(struct agent *agent)
{
    struct uplink_stats stats = {0};
    if (agent->uplink != NULL)
        uplink_stats(agent->uplink, &stats);
    if (stats.streams_begun > agent->streams_begun)
        journal(
            JOURNAL_ERROR,
            "%s: the bureau holds another past of this vehicle (an old copy was put back, or the disk lost "
            "what it had written): a new stream was begun with all that waits, but for %" PRIu64
            " records that were damaged",
            agent->config->outbox_path, stats.left_out);
    agent->streams_begun = stats.streams_begun;
    return stats.outbox_broken || watch_broken(agent->watch);
}

/* The outbox could not be opened, or its file was found corrupt: both handles are closed, a corrupt file is
 * set aside, and all begun anew. */
static void mend_outbox(struct agent *agent)
{
    char reason[sizeof agent->outbox_reason];
    uplink_stop(agent->uplink);
    agent->uplink = NULL;
    const int mended = watch_mend(agent->watch, reason);
    if (mended < 0) {
        if (strcmp(reason, agent->outbox_reason) != 0)
            journal(JOURNAL_ERROR, "%s", reason);
        memcpy(agent->outbox_reason, reason, sizeof reason);
        return; /* the next tick tries again; the watch goes on */
    }
    agent->outbox_reason[0] = '\0';
    if (mended == WATCH_NEW_FILE)
        journal(JOURNAL_ERROR, "%s: corrupt, set aside; a new one was begun", agent->config->outbox_path);
    else
        journal(JOURNAL_NOTICE, "%s: opened again", agent->config->outbox_path);
    struct bw_alert open[ENGINE_ALERTS_MAX];
    const size_t n = watch_open_alerts(agent->watch, open);
    for (size_t i = 0; i < n; i++) /* what was taken up only now sounds from now on */
        alarm_set(agent->alarm, &open[i]);
    (void)start_uplink(agent); /* has said why; the next tick tries again */
}

/* --- service manager --- */

static struct status_parts status_parts(struct agent *agent)
{
    struct status_parts parts = {.config = agent->config,
                                 .config_hash = agent->config_hash,
                                 .dbc_hash = agent->dbc_hash,
                                 .mono_ms = clock_mono_ms(),
                                 .gps_mode = agent->gps_mode,
                                 .gps = agent->gps.source,
                                 .can = agent->can.source,
                                 .bus = agent->bus,
                                 .watch = agent->watch,
                                 .uplink = agent->uplink,
                                 .alarm = agent->alarm,
                                 .meter = &agent->meter,
                                 .certificate = &agent->certificate};
    parts.utc_ms = clock_utc_ms(&agent->clock, parts.mono_ms, &parts.clock);
    return parts;
}

static json_t *status_json_of(struct agent *agent)
{
    const struct status_parts parts = status_parts(agent);
    return status_json(&parts);
}

/* Only while both threads advance: the main loop proves by this very call that it does. */
static void feed_watchdog(struct agent *agent)
{
    struct uplink_stats stats = {.turns =
                                     agent->fed_turns + 1}; /* a thread that is not there does not hang */
    if (agent->uplink != NULL)
        uplink_stats(agent->uplink, &stats);
    if (stats.turns != agent->fed_turns)
        (void)sd_notify(0, "WATCHDOG=1");
    agent->fed_turns = stats.turns;
}

/* One line for `systemctl status`; with the first one comes that we are ready: the loop runs. */
static void tell_manager(struct agent *agent, int64_t mono_ms)
{
    if (agent->told_mono_ms > 0 && mono_ms - agent->told_mono_ms < TELL_MS)
        return;
    json_t *json = status_json_of(agent);
    const json_t *faults = json_object_get(json, "faults");
    const char *part = "", *reason = "";
    const size_t n = json_array_size(faults);
    if (n > 0) /* a failure leaves them empty */
        (void)json_unpack(json_array_get(faults, 0), "{s:s, s:s}", "part", &part, "reason", &reason);
    (void)sd_notifyf(0, "%sSTATUS=watching, faults: %zu%s%s%s%s", agent->told_mono_ms == 0 ? "READY=1\n" : "",
                     n, n > 0 ? ", first " : "", part, n > 0 ? ": " : "", reason);
    json_decref(json);
    agent->told_mono_ms = mono_ms;
}

/* --- another key --- */

/* When the bureau has everything that the old key signed, the new one takes its place. */
static void change_key(struct agent *agent)
{
    struct outbox *outbox = watch_outbox(agent->watch);
    if (!agent->has_next_key || agent->change_over || outbox == NULL || outbox_change_key(outbox) != 1)
        return;
    agent->change_over = true;
    watch_key_changed(agent->watch);
    const int error = nextkey_replace(agent->config->key_path);
    if (error == 0)
        journal(JOURNAL_NOTICE, "%s: changed, the old key is gone", agent->config->key_path);
    else
        journal(JOURNAL_WARNING,
                "%s: changed; the old key is still there (%s): `buswarden-gateway rekey` removes it",
                agent->config->key_path, strerror(-error));
}

/* --- once a second --- */

static void on_tick(uv_timer_t *timer)
{
    struct agent *agent = timer->data;
    const int64_t mono_ms = clock_mono_ms();
    tick_feed(&agent->gps, mono_ms);
    tick_feed(&agent->can, mono_ms);
    judge_cabin(agent, true);
    const struct watch_state *state = watch_state(agent->watch);
    const bool stale = state->has_position && mono_ms - state->fix_mono_ms > GPS_SILENT_MS;
    const struct bw_event event = event_now(agent, stale ? BW_EVENT_NO_FIX : BW_EVENT_TICK);
    submit(agent, &event);
    if (outbox_broken(agent))
        mend_outbox(agent);
    else if (agent->uplink == NULL)
        (void)start_uplink(agent); /* has said why; the next tick tries again */
    change_key(agent);
    const bool due =
        agent->presence_due || mono_ms - agent->presence_mono_ms >= agent->config->presence_s * INT64_C(1000);
    if (agent->uplink != NULL && due)
        send_presence(agent, mono_ms);
    const struct status_parts parts = status_parts(agent);
    status_look(&agent->meter, &parts);
    report_outputs(agent);
    tell_manager(agent, mono_ms);
    feed_watchdog(agent);
}

static void on_trim(uv_timer_t *timer)
{
    (void)timer;
    memory_trim();
}

/* --- status socket: connect, read one JSON object, end --- */

struct status_client {
    uv_pipe_t pipe;
    uv_write_t write;
    char *text;
};

static void on_client_closed(uv_handle_t *handle)
{
    struct status_client *client = handle->data;
    struct agent *agent = handle->loop->data;
    agent->status_clients--;
    free(client->text);
    free(client);
}

static void on_answered(uv_write_t *write, int status)
{
    (void)status; /* a client that went away needs no answer */
    uv_close((uv_handle_t *)write->handle, on_client_closed);
}

static char *status_text(struct agent *agent)
{
    json_t *json = status_json_of(agent);
    char *text = json_dumps(json, MODELJSON_FLAGS);
    json_decref(json);
    return text;
}

static void on_status_client(uv_stream_t *server, int status)
{
    struct agent *agent = server->loop->data;
    struct status_client *client = status == 0 ? calloc(1, sizeof *client) : NULL;
    if (client == NULL || uv_pipe_init(&agent->loop, &client->pipe, 0) != 0) {
        free(client);
        return;
    }
    agent->status_clients++;
    client->pipe.data = client;
    if (uv_accept(server, (uv_stream_t *)&client->pipe) == 0 && agent->status_clients <= STATUS_CLIENTS_MAX)
        client->text = status_text(agent);
    if (client->text != NULL) {
        uv_buf_t buffer = uv_buf_init(client->text, (unsigned)strlen(client->text));
        if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buffer, 1, on_answered) == 0)
            return;
    }
    uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

/* The socket is also what keeps a second gateway from judging and recording the same vehicle again. libuv
 * would cut a path that is too long, and listen somewhere else. */
static int listen_status(struct agent *agent)
{
    const char *path = agent->config->status_path;
    const int other = status_dial(path);
    if (other >= 0)
        (void)close(other);
    if (other >= 0 || other == -EAGAIN) /* -EAGAIN: it listens, but hangs */
        return -EADDRINUSE;
    if (other == -ENAMETOOLONG)
        return other;
    int error = uv_pipe_init(&agent->loop, &agent->status, 0);
    if (error != 0)
        return error;
    struct stat status;
    const bool left =
        lstat(path, &status) == 0 && S_ISSOCK(status.st_mode); /* by a process that was killed */
    if (left && unlink(path) != 0)
        return -errno;
    error = uv_pipe_bind(&agent->status, path);
    if (error == 0)
        error = uv_listen((uv_stream_t *)&agent->status, STATUS_BACKLOG, on_status_client);
    return error;
}

/* --- start and stop --- */

static void on_signal(uv_signal_t *handle, int number)
{
    struct agent *agent = handle->data;
    journal(JOURNAL_NOTICE, "signal %d: stopping", number);
    (void)sd_notify(0, "STOPPING=1");
    if (uv_is_active((const uv_handle_t *)&agent->alarm_test))
        end_alarm_test(&agent->alarm_test); /* now: its command runs while the rest is put away */
    uv_stop(&agent->loop);
}

static int refuse(const char *what, const char *reason)
{
    (void)fprintf(stderr, "%s: %s\n", what, reason);
    return EXIT_USAGE;
}

static int drop_privileges(const struct gateway_config *config)
{
    const int error = privileges_drop(given(config->user));
    if (error != 0) {
        (void)fprintf(stderr, "[process] user %s: %s\n", config->user,
                      error == -ENOENT  ? "no such user"
                      : error == -EPERM ? "only root can become another user"
                                        : strerror(-error));
        return error == -ENOENT ? EXIT_USAGE : EXIT_CANNOT;
    }
    if (geteuid() == 0)
        journal(JOURNAL_WARNING, "runs as root, though without its rights: give a [process] user");
    return EXIT_DONE;
}

static int load_keys(struct agent *agent)
{
    const struct gateway_config *config = agent->config;
    if (seal_init() != 0) {
        (void)refuse("libsodium", "cannot start");
        return EXIT_CANNOT;
    }
    int error = seal_secret_load(config->key_path, &agent->key);
    if (error != 0)
        return refuse(config->key_path, nextkey_reason(error));
    error = nextkey_load(config->key_path, &agent->next_key);
    agent->has_next_key = error == 0;
    if (error != 0 && error != -ENOENT)
        journal(JOURNAL_ERROR, "%s.next: %s; going on with the key that is in force", config->key_path,
                nextkey_reason(error));
    error = seal_public_load(config->bureau_key_path, agent->bureau_key);
    return error != 0 ? refuse(config->bureau_key_path, nextkey_reason(error)) : EXIT_DONE;
}

static int open_watch(struct agent *agent)
{
    const struct gateway_config *config = agent->config;
    const struct watch_config watch_config = {
        .vehicle = config->vehicle,
        .division = config->division,
        .paths = {[ISSUED_LICENCE] = config->licence_path, [ISSUED_ORDERS] = config->orders_path},
        .bureau_key = agent->bureau_key,
        .outbox = outbox_config(agent),
        .on_alert = on_alert,
        .context = agent};
    char reason[256];
    if (watch_open(&watch_config, &agent->watch, reason) != 0) {
        (void)fprintf(stderr, "%s\n", reason);
        return EXIT_CANNOT;
    }
    if (watch_broken(agent->watch)) {
        memcpy(agent->outbox_reason, reason, sizeof reason);
        journal(JOURNAL_ERROR, "%s; watching on, alerts wait in memory", reason);
    }
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS; kind++)
        if (watch_fault(agent->watch, kind)[0] != '\0')
            journal(JOURNAL_ERROR, "%s: %s; watching on without", path_of(agent, kind),
                    watch_fault(agent->watch, kind));
    if (watch_state(agent->watch)->set_aside > 0 && !watch_broken(agent->watch)) /* else when there is one */
        journal(JOURNAL_ERROR, "%s: corrupt, set aside; a new one was begun", config->outbox_path);
    return EXIT_DONE;
}

/* At most one of the cabin's sources is configured. */
static int open_cabin(struct agent *agent, char ret_reason[CABINBUS_REASON_MAX])
{
    const struct gateway_config *config = agent->config;
    const struct modbus_config modbus = {.link = config->modbus,
                                         .poll_ms = config->poll_ms,
                                         .timeout_ms = config->timeout_ms,
                                         .signals = config->registers,
                                         .n_signals = config->n_registers};
    const int error = cabinbus_create_for(config, &agent->bus, ret_reason);
    if (error != 0)
        return error;
    if (config->can_interface[0] != '\0')
        agent->can.source = source_socketcan_create(config->can_interface);
    else if (config->slcan_path[0] != '\0')
        agent->can.source = source_slcan_create(config->slcan_path, config->slcan_bitrate[0]);
    else if (config->n_registers > 0)
        agent->can.source = source_modbus_create(&modbus);
    return 0;
}

static int open_sources(struct agent *agent)
{
    const struct gateway_config *config = agent->config;
    char port[8], reason[CABINBUS_REASON_MAX];
    (void)snprintf(port, sizeof port, "%d", config->gps_port);
    agent->clock.window = dates_believable(watch_licence(agent->watch), false);
    agent->gps = (struct feed){.agent = agent,
                               .name = "gpsd",
                               .source = source_gps_create(config->gps_host, port, &agent->clock.window),
                               .fd = -1};
    agent->can = (struct feed){.agent = agent, .name = "cabin bus", .fd = -1};
    if (open_cabin(agent, reason) != 0) {
        (void)fprintf(stderr, "%s\n", reason);
        return EXIT_USAGE;
    }
    if (agent->gps.source == NULL || (agent->bus != NULL && agent->can.source == NULL)) {
        (void)refuse("sources", strerror(ENOMEM));
        return EXIT_CANNOT;
    }
    return EXIT_DONE;
}

static int add_lines(struct agent *agent)
{
    struct alarm_output *output;
    const struct config_line *lines = agent->config->alarm_lines;
    int role = 0;
    while (role < CONFIG_LINES && lines[role].chip[0] == '\0')
        role++;
    if (role == CONFIG_LINES)
        return 0;
    const int error = gpio_output_create(&agent->loop, lines, &output);
    return error == 0 ? alarm_add(agent->alarm, output) : error;
}

static int add_command(struct agent *agent)
{
    struct alarm_output *output;
    if (agent->config->alarm_command[0] == '\0')
        return 0;
    const int error = command_output_create(&agent->loop, agent->config->alarm_command, &output);
    return error == 0 ? alarm_add(agent->alarm, output) : error;
}

/* What was open when the process last ended sounds again. */
static int open_alarm(struct agent *agent)
{
    int error = alarm_create(&agent->alarm);
    if (error == 0)
        error = add_lines(agent);
    if (error == 0)
        error = add_command(agent);
    if (error != 0) {
        (void)refuse("alarm", strerror(-error));
        return EXIT_CANNOT;
    }
    struct bw_alert open[ENGINE_ALERTS_MAX];
    const size_t n = watch_open_alerts(agent->watch, open);
    alarm_begin(agent->alarm, open, n);
    return EXIT_DONE;
}

static int start_loop(struct agent *agent)
{
    int error = uv_loop_init(&agent->loop);
    if (error == 0) {
        agent->loop.data = agent;
        agent->timer.data = agent->on_term.data = agent->on_int.data = agent;
        agent->on_usr1.data = agent->alarm_test.data = agent;
        error = uv_timer_init(&agent->loop, &agent->timer);
    }
    if (error == 0)
        error = uv_timer_start(&agent->timer, on_tick, 0, TICK_MS);
    if (error == 0)
        error = uv_timer_init(&agent->loop, &agent->trim);
    if (error == 0)
        error = uv_timer_start(&agent->trim, on_trim, SETTLED_MS, MEMORY_TRIM_MS);
    for (int kind = 0; kind < ISSUED_KINDS && error == 0; kind++) {
        agent->came[kind].data = agent;
        error = uv_async_init(&agent->loop, &agent->came[kind], on_came);
    }
    if (error == 0)
        error = uv_signal_init(&agent->loop, &agent->on_term);
    if (error == 0)
        error = uv_signal_start(&agent->on_term, on_signal, SIGTERM);
    if (error == 0)
        error = uv_signal_init(&agent->loop, &agent->on_int);
    if (error == 0)
        error = uv_signal_start(&agent->on_int, on_signal, SIGINT);
    if (error == 0)
        error = uv_signal_init(&agent->loop, &agent->on_usr1);
    if (error == 0)
        error = uv_signal_start(&agent->on_usr1, on_test_alarm, SIGUSR1);
    if (error == 0)
        error = uv_timer_init(&agent->loop, &agent->alarm_test);
    if (error != 0) {
        (void)refuse("event loop", uv_strerror(error));
        return EXIT_CANNOT;
    }
    error = listen_status(agent);
    if (error != 0) {
        (void)refuse(agent->config->status_path, uv_strerror(error));
        return EXIT_CANNOT;
    }
    return EXIT_DONE;
}

static void close_handle(uv_handle_t *handle, void *argument)
{
    (void)argument;
    if (uv_is_closing(handle))
        return;
    const bool owned = handle->type == UV_POLL; /* the only handles on the heap but clients */
    const bool client = handle->type == UV_NAMED_PIPE && handle->data != NULL;
    uv_close(handle, owned ? free_handle : client ? on_client_closed : NULL);
}

/* In the reverse order of the start; but first what is not on disk yet, for the uplink may take its time. */
static void shut_down(struct agent *agent)
{
    sigset_t ending; /* one is enough: a second one must not cut this short */
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGTERM);
    (void)sigaddset(&ending, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ending, NULL);
    (void)watch_flush(agent->watch); /* a failure was counted */
    uplink_stop(agent->uplink);      /* no more licences come from its thread */
    if (agent->loop.data != NULL) {  /* it was begun */
        alarm_close(agent->alarm);
        uv_walk(&agent->loop, close_handle, NULL);  /* removes our status socket as well */
        (void)uv_run(&agent->loop, UV_RUN_DEFAULT); /* lets the handles close */
        (void)uv_loop_close(&agent->loop);
    }
    source_destroy(agent->can.source);
    source_destroy(agent->gps.source);
    cabinbus_destroy(agent->bus);
    watch_close(agent->watch);
    seal_key_wipe(&agent->key);
    seal_key_wipe(&agent->next_key);
}

int agent_run(const struct gateway_config *config)
{
    static struct agent agent; /* one a process; libuv handles keep their addresses */
    memory_start();
    agent.config = config;
    agent.meter.started_mono_ms = clock_mono_ms();
    (void)seal_file_hash(config->path, agent.config_hash); /* stays "" */
    (void)seal_file_hash(config->dbc_path, agent.dbc_hash);
    (void)umask(0027); /* where the vehicle was and how many were aboard is nobody else's business */
    (void)signal(SIGPIPE,
                 SIG_IGN); /* libgps and sockets: a write to a closed peer is an error, not a death */
    int code = drop_privileges(config);
    if (code == EXIT_DONE)
        code = load_keys(&agent);
    if (code == EXIT_DONE)
        code = open_watch(&agent);
    if (code == EXIT_DONE)
        code = open_sources(&agent);
    if (code == EXIT_DONE)
        code = start_loop(&agent);
    if (code == EXIT_DONE)
        code = open_alarm(&agent);
    if (code == EXIT_DONE) {
        if (!watch_broken(agent.watch))
            (void)start_uplink(&agent); /* has said why; the next tick tries again */
        journal(JOURNAL_NOTICE, "vehicle %s watching", config->vehicle);
        (void)uv_run(&agent.loop, UV_RUN_DEFAULT); /* until uv_stop() */
    }
    if (code != EXIT_DONE && agent.watch == NULL)
        return code; /* nothing is open yet */
    shut_down(&agent);
    return code;
}
