#include "gateway/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "gateway/agentinternal.h"
#include "gateway/issuedfile.h"
#include "gateway/journal.h"
#include "gateway/memory.h"
#include "gateway/nextkey.h"
#include "proto/exitcode.h"
#include "proto/privileges.h"

enum {
    TICK_MS = 1000,
    SETTLED_MS = 20000, /* after the start: connected, and its licence held */
    GPS_SILENT_MS = 5000,
};

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
    agent_tick_feed(&agent->gps, mono_ms);
    agent_tick_feed(&agent->can, mono_ms);
    agent_judge_cabin(agent, true);
    const struct watch_state *state = watch_state(agent->watch);
    const bool stale = state->has_position && mono_ms - state->fix_mono_ms > GPS_SILENT_MS;
    const struct bw_event event = agent_event_now(agent, stale ? BW_EVENT_NO_FIX : BW_EVENT_TICK);
    agent_submit(agent, &event);
    if (outbox_broken(agent))
        mend_outbox(agent);
    else if (agent->uplink == NULL)
        (void)start_uplink(agent); /* has said why; the next tick tries again */
    change_key(agent);
    const bool due =
        agent->presence_due || mono_ms - agent->presence_mono_ms >= agent->config->presence_s * INT64_C(1000);
    if (agent->uplink != NULL && due)
        send_presence(agent, mono_ms);
    const struct status_parts parts = agent_status_parts(agent);
    status_look(&agent->meter, &parts);
    agent_report_outputs(agent);
    agent_tell_manager(agent, mono_ms);
    agent_feed_watchdog(agent);
}

static void on_trim(uv_timer_t *timer)
{
    (void)timer;
    memory_trim();
}

/* --- start and stop --- */

static void on_signal(uv_signal_t *handle, int number)
{
    struct agent *agent = handle->data;
    journal(JOURNAL_NOTICE, "signal %d: stopping", number);
    (void)sd_notify(0, "STOPPING=1");
    if (uv_is_active((const uv_handle_t *)&agent->alarm_test))
        agent_end_alarm_test(&agent->alarm_test); /* now: its command runs while the rest is put away */
    uv_stop(&agent->loop);
}

int agent_refuse(const char *what, const char *reason)
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
        (void)agent_refuse("libsodium", "cannot start");
        return EXIT_CANNOT;
    }
    int error = seal_secret_load(config->key_path, &agent->key);
    if (error != 0)
        return agent_refuse(config->key_path, nextkey_reason(error));
    error = nextkey_load(config->key_path, &agent->next_key);
    agent->has_next_key = error == 0;
    if (error != 0 && error != -ENOENT)
        journal(JOURNAL_ERROR, "%s.next: %s; going on with the key that is in force", config->key_path,
                nextkey_reason(error));
    error = seal_public_load(config->bureau_key_path, agent->bureau_key);
    return error != 0 ? agent_refuse(config->bureau_key_path, nextkey_reason(error)) : EXIT_DONE;
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
        .on_alert = agent_on_alert,
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
        error = uv_signal_start(&agent->on_usr1, agent_on_test_alarm, SIGUSR1);
    if (error == 0)
        error = uv_timer_init(&agent->loop, &agent->alarm_test);
    if (error != 0) {
        (void)agent_refuse("event loop", uv_strerror(error));
        return EXIT_CANNOT;
    }
    error = agent_listen_status(agent);
    if (error != 0) {
        (void)agent_refuse(agent->config->status_path, uv_strerror(error));
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
    uv_close(handle, owned ? agent_free_handle : client ? agent_on_client_closed : NULL);
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
        code = agent_open_sources(&agent);
    if (code == EXIT_DONE)
        code = start_loop(&agent);
    if (code == EXIT_DONE)
        code = agent_open_alarm(&agent);
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
