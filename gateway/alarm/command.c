#define _GNU_SOURCE /* close_range */
#include "gateway/alarm/command.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config.h"
#include "proto/modeljson.h"

enum { VARIABLES = 6, VARIABLE_LEN = 64 };

/* What a run of the command is told. */
struct message {
    enum bw_kind kind;
    enum bw_phase phase;
    enum bw_severity severity;
    int level;
    uint64_t number;
};

/* One a kind of alert. */
struct run {
    struct command_output *command;
    bool running, waiting; /* waiting: `next` is to be told afterwards */
    bool killed;
    char fault[ALARM_REASON_LEN]; /* of its last run; "" = that ended well */
    struct message next;
    uv_process_t process;
    uv_timer_t timer; /* while it runs: its limit; after a bad end: when it is run again */
};

struct command_output {
    struct alarm_output base;
    uv_loop_t *loop;
    char text[SETTINGS_TEXT_MAX]; /* cut into words */
    char *words[CONFIG_COMMAND_WORDS_MAX + 1];
    char fault[ALARM_REASON_LEN]; /* seen at the start; "" from the first run on */
    bool closing;
    size_t n_handles; /* that libuv knows: the last one closed frees all */
    struct run runs[BW_KIND_COUNT];
};

/* False when there are none, or too many. */
static bool split(char *text, char *ret_words[CONFIG_COMMAND_WORDS_MAX + 1])
{
    size_t n = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " \t", &rest); word != NULL && n < CONFIG_COMMAND_WORDS_MAX;
         word = strtok_r(NULL, " \t", &rest))
        ret_words[n++] = word;
    ret_words[n] = NULL;
    return n > 0 && (rest == NULL || *rest == '\0');
}

/* --- one run --- */

static void begin(struct run *run);

static void on_again(uv_timer_t *timer)
{
    begin(timer->data);
}

static void on_closed(uv_handle_t *handle)
{
    struct run *run = handle->data;
    struct command_output *command = run->command;
    if (handle == (uv_handle_t *)&run->process) {
        run->running = false;
        if (run->waiting && !command->closing)
            begin(run);
        else if (run->fault[0] != '\0' && !command->closing)
            (void)uv_timer_start(&run->timer, on_again, COMMAND_AGAIN_MS, 0); /* cannot fail */
    }
    if (--command->n_handles == 0)
        free(command);
}

static void on_ended(uv_process_t *process, int64_t code, int signal)
{
    struct run *run = process->data;
    const char *program = run->command->words[0];
    if (run->killed)
        (void)snprintf(run->fault, sizeof run->fault, "%.100s: killed after %d s", program,
                       COMMAND_LIMIT_MS / 1000);
    else if (signal != 0)
        (void)snprintf(run->fault, sizeof run->fault, "%.100s: ended by signal %d", program, signal);
    else if (code != 0)
        (void)snprintf(run->fault, sizeof run->fault, "%.100s: exit code %" PRId64, program, code);
    else
        run->fault[0] = '\0';
    run->command->fault[0] = '\0';
    (void)uv_timer_stop(&run->timer);
    uv_close((uv_handle_t *)process, on_closed);
}

/* With all that it has started: it leads a session of its own. */
static void on_limit(uv_timer_t *timer)
{
    struct run *run = timer->data;
    run->killed = true;
    (void)kill(-run->process.pid, SIGKILL); /* it ended this moment: nothing is left to kill */
}

static int spawn(struct run *run)
{
    const struct message *told = &run->next;
    struct command_output *command = run->command;
    char variables[VARIABLES][VARIABLE_LEN] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"};
    (void)snprintf(variables[1], VARIABLE_LEN, "BUSWARDEN_KIND=%s", modeljson_kind(told->kind));
    (void)snprintf(variables[2], VARIABLE_LEN, "BUSWARDEN_PHASE=%s", modeljson_phase(told->phase));
    (void)snprintf(variables[3], VARIABLE_LEN, "BUSWARDEN_SEVERITY=%s", modeljson_severity(told->severity));
    (void)snprintf(variables[4], VARIABLE_LEN, "BUSWARDEN_LEVEL=%d", told->level);
    (void)snprintf(variables[5], VARIABLE_LEN, "BUSWARDEN_NUMBER=%" PRIu64, told->number);
    char *environment[VARIABLES + 1] = {NULL};
    for (int i = 0; i < VARIABLES; i++)
        environment[i] = variables[i];
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO}};
    const uv_process_options_t options = {.exit_cb = on_ended,
                                          .file = command->words[0],
                                          .args = command->words,
                                          .env = environment,
                                          .cwd = "/",
                                          .flags = UV_PROCESS_DETACHED,
                                          .stdio_count = 3,
                                          .stdio = stdio};
    /* The gateway's own descriptors are none of the command's business, and libraries that open some may have
     * forgotten to say so. A kernel before Linux 5.11 refuses this; the command runs all the same. */
    (void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    return uv_spawn(command->loop, &run->process, &options);
}

static void begin(struct run *run)
{
    struct command_output *command = run->command;
    run->running = true;
    run->waiting = run->killed = false;
    run->process.data = run;
    command->n_handles++;
    (void)uv_timer_stop(&run->timer);
    const int error = spawn(run);
    if (error == 0) {
        uv_update_time(command->loop); /* the command's own time, without what spawning it took */
        (void)uv_timer_start(&run->timer, on_limit, COMMAND_LIMIT_MS, 0); /* cannot fail */
        return;
    }
    (void)snprintf(run->fault, sizeof run->fault, "%.100s: %s", command->words[0], uv_strerror(error));
    command->fault[0] = '\0';
    uv_close((uv_handle_t *)&run->process, on_closed); /* libuv knows it even so */
}

/* --- the interface --- */

static void set(struct alarm_output *self, const struct alarm_change *change)
{
    struct command_output *command = (struct command_output *)self;
    const struct bw_alert *alert = change->alert;
    const int level = alarm_level(change->now);
    if (level == alarm_level(change->before))
        return;
    struct run *run = &command->runs[alert->kind];
    run->next = (struct message){.kind = alert->kind,
                                 .phase = alert->phase,
                                 .severity = alert->severity,
                                 .level = level,
                                 .number = alert->number};
    if (run->running)
        run->waiting = true;
    else
        begin(run);
}

static const char *fault(const struct alarm_output *self)
{
    const struct command_output *command = (const struct command_output *)self;
    const char *first = command->fault;
    for (int kind = 0; kind < BW_KIND_COUNT && first[0] == '\0'; kind++)
        first = command->runs[kind].fault;
    return first;
}

/* One that runs now goes on, if the service manager lets it; what waits is told at the next start. */
static void shut(struct alarm_output *self)
{
    struct command_output *command = (struct command_output *)self;
    command->closing = true;
    for (int kind = 0; kind < BW_KIND_COUNT; kind++) {
        struct run *run = &command->runs[kind];
        uv_close((uv_handle_t *)&run->timer, on_closed);
        if (run->running && !uv_is_closing((uv_handle_t *)&run->process))
            uv_close((uv_handle_t *)&run->process, on_closed);
    }
}

int command_output_create(uv_loop_t *loop, const char *text, struct alarm_output **ret)
{
    struct command_output *command = calloc(1, sizeof *command);
    if (command == NULL)
        return -ENOMEM;
    const size_t n = strlen(text);
    memcpy(command->text, text, n < sizeof command->text ? n : 0);
    if (!split(command->text, command->words)) {
        free(command);
        return -EINVAL;
    }
    command->base = (struct alarm_output){.set = set, .fault = fault, .close = shut};
    command->loop = loop;
    for (int kind = 0; kind < BW_KIND_COUNT; kind++) {
        struct run *run = &command->runs[kind];
        run->command = command;
        (void)uv_timer_init(loop, &run->timer); /* cannot fail */
        uv_unref((uv_handle_t *)&run->timer);   /* no loop goes on for it alone */
        run->timer.data = run;
        command->n_handles++;
    }
    if (access(command->words[0], X_OK) != 0)
        (void)snprintf(command->fault, sizeof command->fault, "%.100s: %s", command->words[0],
                       strerror(errno));
    *ret = &command->base;
    return 0;
}
