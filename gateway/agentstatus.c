/* This machine: the status socket, and what the service manager is told. */
#include "gateway/agentinternal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "gateway/statusclient.h"
#include "proto/modeljson.h"

enum {
    STATUS_BACKLOG = 8,
    STATUS_CLIENTS_MAX = 8,
    TELL_MS = 10000, /* how often the service manager gets its line of words */
};

/* --- service manager --- */

struct status_parts agent_status_parts(struct agent *agent)
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
    const struct status_parts parts = agent_status_parts(agent);
    return status_json(&parts);
}

/* Only while both threads advance: the main loop proves by this very call that it does. */
void agent_feed_watchdog(struct agent *agent)
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
void agent_tell_manager(struct agent *agent, int64_t mono_ms)
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

/* --- status socket: connect, read one JSON object, end --- */

struct status_client {
    uv_pipe_t pipe;
    uv_write_t write;
    char *text;
};

void agent_on_client_closed(uv_handle_t *handle)
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
    uv_close((uv_handle_t *)write->handle, agent_on_client_closed);
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
    uv_close((uv_handle_t *)&client->pipe, agent_on_client_closed);
}

/* The socket is also what keeps a second gateway from judging and recording the same vehicle again. libuv
 * would cut a path that is too long, and listen somewhere else. */
int agent_listen_status(struct agent *agent)
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
