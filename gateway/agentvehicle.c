/* The vehicle: what comes from its sensors is judged; what is judged sounds. */
#include "gateway/agentinternal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/alarm/command.h"
#include "gateway/alarm/gpio.h"
#include "gateway/dates.h"
#include "gateway/journal.h"
#include "proto/exitcode.h"
#include "proto/modeljson.h"
#include "proto/words.h"

enum { ALARM_TEST_MS = 3000 };

/* --- events --- */

struct bw_event agent_event_now(const struct agent *agent, enum bw_event_type type)
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

void agent_report_outputs(struct agent *agent)
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

void agent_end_alarm_test(uv_timer_t *timer)
{
    (void)uv_timer_stop(timer);
    sound_test(timer->data, BW_CLEARED);
}

/* SIGUSR1. Never while a true alarm sounds: the end of the test would silence it. */
void agent_on_test_alarm(uv_signal_t *handle, int number)
{
    struct agent *agent = handle->data;
    if (alarm_loudest(agent->alarm) != ALARM_SILENT) {
        journal(JOURNAL_WARNING, "signal %d: no test of the alarm, for it is on already", number);
        return;
    }
    journal(JOURNAL_NOTICE, "signal %d: the alarm sounds for %d s, as a test", number, ALARM_TEST_MS / 1000);
    sound_test(agent, BW_RAISED);
    (void)uv_timer_start(&agent->alarm_test, agent_end_alarm_test, ALARM_TEST_MS, 0); /* cannot fail */
}

static void warn_driver(struct agent *agent, bool on)
{
    if (on == agent->warned)
        return;
    agent->warned = on;
    if (uv_is_active((const uv_handle_t *)&agent->alarm_test))
        agent_end_alarm_test(&agent->alarm_test);
    alarm_warn(agent->alarm, on);
    journal(JOURNAL_NOTICE,
            on ? "doors closed with more aboard than approved, as it seems: the driver is warned"
               : "the driver is warned no longer");
}

/* The warning in the vehicle comes before anything that may take time. */
void agent_on_alert(void *context, const struct bw_alert *alert, bool saved)
{
    struct agent *agent = context;
    char alarm[ALARM_LEN];
    if (uv_is_active((const uv_handle_t *)&agent->alarm_test))
        agent_end_alarm_test(&agent->alarm_test);
    if (alert->kind == BW_OVERLOAD && alert->phase != BW_CLEARED)
        warn_driver(agent, false); /* the alert itself does, from now on */
    alarm_set(agent->alarm, alert);
    alarm_words(alert, alarm);
    journal(alert->phase == BW_CLEARED ? JOURNAL_NOTICE : JOURNAL_ALARM, "%s %s (%s), alert %" PRIu64 "%s%s",
            modeljson_kind(alert->kind), modeljson_phase(alert->phase), modeljson_severity(alert->severity),
            alert->number, alarm, saved ? "" : ", NOT RECORDED: the disk refuses it");
    agent->presence_due = true;
}

void agent_submit(struct agent *agent, const struct bw_event *event)
{
    if (watch_event(agent->watch, event) && agent->uplink != NULL)
        uplink_wake(agent->uplink);
    warn_driver(agent, watch_warns(agent->watch));
}

void agent_judge_cabin(struct agent *agent, bool confirm)
{
    if (agent->bus == NULL)
        return;
    struct bw_event event = agent_event_now(agent, BW_EVENT_CABIN);
    cabinbus_estimate(agent->bus, event.mono_ms, &event.u.cabin);
    agent->cabin_heard = false;
    if (cabinbus_same(&event.u.cabin, &agent->cabin) && !confirm)
        return;
    agent->presence_due |= !cabinbus_same_aboard(&event.u.cabin, &agent->cabin);
    agent->cabin = event.u.cabin;
    agent_submit(agent, &event);
}

static void on_gps(void *context, int mode, const struct bw_fix *fix, int64_t utc_ms)
{
    struct agent *agent = context;
    const int64_t mono_ms = clock_mono_ms();
    agent->gps_mode = mode;
    if (utc_ms > 0 && mode >= 2)
        clock_set(&agent->clock, utc_ms, mono_ms);
    struct bw_event event = agent_event_now(agent, mode >= 2 ? BW_EVENT_FIX : BW_EVENT_NO_FIX);
    if (mode >= 2) {
        event.u.fix = *fix;
        event.utc_ms = utc_ms; /* of the fix itself, not of its arrival */
    }
    agent_judge_cabin(agent, false); /* the bus may have fallen silent since */
    agent_submit(agent, &event);
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

void agent_free_handle(uv_handle_t *handle)
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
        uv_close((uv_handle_t *)feed->poll, agent_free_handle);
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
        agent_judge_cabin(feed->agent, false);
}

void agent_tick_feed(struct feed *feed, int64_t mono_ms)
{
    if (feed->source == NULL)
        return;
    source_tick(feed->source, mono_ms);
    watch_descriptor(feed);
    report_feed(feed);
}

/* --- start --- */

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

int agent_open_sources(struct agent *agent)
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
        (void)agent_refuse("sources", strerror(ENOMEM));
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
int agent_open_alarm(struct agent *agent)
{
    int error = alarm_create(&agent->alarm);
    if (error == 0)
        error = add_lines(agent);
    if (error == 0)
        error = add_command(agent);
    if (error != 0) {
        (void)agent_refuse("alarm", strerror(-error));
        return EXIT_CANNOT;
    }
    struct bw_alert open[ENGINE_ALERTS_MAX];
    const size_t n = watch_open_alerts(agent->watch, open);
    alarm_begin(agent->alarm, open, n);
    return EXIT_DONE;
}
