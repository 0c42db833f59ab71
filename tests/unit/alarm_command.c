/* The alarm's command (gateway/alarm/command.h), with real processes: a shell script that keeps what it is
 * told. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/alarm/command.h"

enum { PATIENCE_MS = 60000, STEP_MS = 50 };

static uv_loop_t loop;
static struct alarm_output *output;
static char dir[64], script[96], told_path[96], go_path[96]; /* go: what a script waits for */

static void write_script(const char *body)
{
    FILE *file = fopen(script, "w");
    cr_assert_not_null(file);
    (void)fprintf(file, "#!/bin/sh\ntold=%s\ngo=%s\n%s\n", told_path, go_path, body);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(script, 0700), 0);
}

static const char *told(void)
{
    static char text[2048];
    FILE *file = fopen(told_path, "r");
    const size_t n = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL)
        (void)fclose(file);
    text[n] = '\0';
    return text;
}

static void open_with(const char *arguments)
{
    char text[128];
    (void)snprintf(text, sizeof text, "%s%s", script, arguments);
    cr_assert_eq(command_output_create(&loop, text, &output), 0);
}

static void begin(void)
{
    (void)snprintf(dir, sizeof dir, "/tmp/alarm-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(script, sizeof script, "%s/hook", dir);
    (void)snprintf(told_path, sizeof told_path, "%s/told", dir);
    (void)snprintf(go_path, sizeof go_path, "%s/go", dir);
    cr_assert_eq(uv_loop_init(&loop), 0);
}

static void end(void)
{
    if (output != NULL)
        output->close(output);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_expect_eq(uv_loop_close(&loop), 0, "a handle is left open");
    (void)unlink(script);
    (void)unlink(told_path);
    (void)unlink(go_path);
    (void)rmdir(dir);
}

TestSuite(command, .init = begin, .fini = end, .timeout = 120);

/* Until no run of the command is left. */
static void settle(void)
{
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static void on_time(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
}

/* So long, and until no run is left. */
static void wait_for_ms(unsigned ms)
{
    static uv_timer_t timer;
    cr_assert_eq(uv_timer_init(&loop, &timer), 0);
    cr_assert_eq(uv_timer_start(&timer, on_time, ms, 0), 0);
    settle();
}

static int lines_told(void)
{
    int n = 0;
    for (const char *at = told(); (at = strchr(at, '\n')) != NULL; at++)
        n++;
    return n;
}

/* Until so many lines have been written and no run is left. */
static void wait_for_lines(int n)
{
    for (int i = 0; i < PATIENCE_MS / STEP_MS && lines_told() < n; i++)
        wait_for_ms(STEP_MS);
}

static void change(enum bw_kind kind, enum bw_phase phase, enum alarm_sound before, enum alarm_sound now,
                   uint64_t number)
{
    const struct bw_alert alert = {.kind = kind, .phase = phase, .severity = BW_MINOR, .number = number};
    const struct alarm_change said = {.alert = &alert, .before = before, .now = now, .loudest = now};
    output->set(output, &said);
}

static const char say_all[] = "echo \"$BUSWARDEN_KIND $BUSWARDEN_PHASE $BUSWARDEN_SEVERITY "
                              "$BUSWARDEN_LEVEL $BUSWARDEN_NUMBER $*\" >>$told";

Test(command, it_is_told_the_alert_in_its_environment_and_its_arguments_are_kept)
{
    write_script(say_all);
    open_with(" horn  /dev/x $HOME;`id`");
    change(BW_OVERLOAD, BW_RAISED, ALARM_SILENT, ALARM_WARNING, 42);
    settle();
    cr_expect_str_eq(told(), "OVERLOAD RAISED minor 1 42 horn /dev/x $HOME;`id`\n", "a shell had its way");
    cr_expect_str_eq(output->fault(output), "");
}

Test(command, it_knows_nothing_else_of_the_gateway)
{
    cr_assert_eq(setenv("NOTIFY_SOCKET", "/run/x", 1), 0);
    write_script(
        "env | grep -vE '^(PWD|SHLVL|_)=' | sort | sed 's/=.*//' | tr '\\n' ' ' >$told; pwd >>$told; "
        "cat >>$told");
    open_with("");
    change(BW_OVERLOAD, BW_RAISED, ALARM_SILENT, ALARM_WARNING, 1);
    settle();
    cr_expect_str_eq(told(),
                     "BUSWARDEN_KIND BUSWARDEN_LEVEL BUSWARDEN_NUMBER BUSWARDEN_PHASE BUSWARDEN_SEVERITY "
                     "PATH /\n");
}

Test(command, it_has_no_descriptor_of_the_gateway_but_standard_error)
{
    enum { LEFT_OPEN = 77 };
    write_script(
        "[ ! -e /proc/$$/fd/77 ] || echo inherited >>$told; [ -e /proc/$$/fd/2 ] && echo error >>$told");
    open_with("");
    cr_assert_eq(dup2(STDOUT_FILENO, LEFT_OPEN), LEFT_OPEN);
    change(BW_OVERLOAD, BW_RAISED, ALARM_SILENT, ALARM_WARNING, 1);
    settle();
    (void)close(LEFT_OPEN);
    cr_expect_str_eq(told(), "error\n");
}

Test(command, it_runs_when_the_level_changes_and_at_no_other_time)
{
    write_script(say_all);
    open_with("");
    change(BW_CHILD_LEFT_BEHIND, BW_RAISED, ALARM_SILENT, ALARM_CHILD_1, 1);
    settle();
    change(BW_CHILD_LEFT_BEHIND, BW_UPDATED, ALARM_CHILD_1, ALARM_CHILD_2, 1);
    settle();
    change(BW_CHILD_LEFT_BEHIND, BW_CLEARED, ALARM_CHILD_2, ALARM_SILENT, 1);
    settle();
    change(BW_SENSOR_FAULT, BW_RAISED, ALARM_SILENT, ALARM_LAMP, 2); /* a lamp has no level */
    settle();
    cr_expect_str_eq(told(), "CHILD_LEFT_BEHIND RAISED minor 1 1 \nCHILD_LEFT_BEHIND UPDATED minor 2 1 \n"
                             "CHILD_LEFT_BEHIND CLEARED minor 0 1 \n");
}

Test(command, while_one_runs_the_next_of_its_kind_waits_and_the_newest_is_told)
{
    write_script(
        "echo \"$BUSWARDEN_LEVEL begins\" >>$told; sleep 0.3; echo \"$BUSWARDEN_LEVEL ends\" >>$told");
    open_with("");
    change(BW_CHILD_LEFT_BEHIND, BW_RAISED, ALARM_SILENT, ALARM_CHILD_1, 1);
    change(BW_CHILD_LEFT_BEHIND, BW_UPDATED, ALARM_CHILD_1, ALARM_CHILD_2, 1);
    change(BW_CHILD_LEFT_BEHIND, BW_UPDATED, ALARM_CHILD_2, ALARM_CHILD_3, 1);
    settle();
    cr_expect_str_eq(told(), "1 begins\n1 ends\n3 begins\n3 ends\n");
}

Test(command, kinds_do_not_wait_for_each_other)
{
    write_script("[ $BUSWARDEN_KIND != OVERLOAD ] || until grep -qs CHILD $told; do sleep 0.05; done; "
                 "echo $BUSWARDEN_KIND >>$told");
    open_with("");
    change(BW_OVERLOAD, BW_RAISED, ALARM_SILENT, ALARM_WARNING, 1);
    change(BW_CHILD_LEFT_BEHIND, BW_RAISED, ALARM_SILENT, ALARM_CHILD_1, 2);
    settle();
    cr_expect_str_eq(told(), "CHILD_LEFT_BEHIND\nOVERLOAD\n");
}

Test(command, one_that_fails_is_a_fault_until_the_next_ends_well)
{
    char expected[160];
    write_script("exit $((BUSWARDEN_LEVEL == 1 ? 7 : 0))");
    open_with("");
    change(BW_CHILD_LEFT_BEHIND, BW_RAISED, ALARM_SILENT, ALARM_CHILD_1, 1);
    settle();
    (void)snprintf(expected, sizeof expected, "%s: exit code 7", script);
    cr_expect_str_eq(output->fault(output), expected);
    change(BW_CHILD_LEFT_BEHIND, BW_UPDATED, ALARM_CHILD_1, ALARM_CHILD_2, 1);
    settle();
    cr_expect_str_eq(output->fault(output), "");
}

Test(command, one_that_fails_is_run_again_every_ten_seconds_until_it_ends_well)
{
    enum { RUNS = 3, CLOCK_STEP_MS = 10 };
    int n = 0;
    double before_s = 0;
    write_script("read up_s rest </proc/uptime; echo \"$BUSWARDEN_LEVEL $BUSWARDEN_NUMBER $up_s\" >>$told; "
                 "[ $(wc -l <$told) -gt 2 ]");
    open_with("");
    change(BW_CHILD_LEFT_BEHIND, BW_CLEARED, ALARM_CHILD_3, ALARM_SILENT, 5);
    settle();
    cr_expect_eq(lines_told(), 1, "%s", told());
    cr_expect_neq(output->fault(output)[0], '\0');
    wait_for_lines(RUNS);
    cr_expect_str_eq(output->fault(output), "");
    wait_for_ms(COMMAND_AGAIN_MS + 2000);
    cr_expect_eq(lines_told(), RUNS, "it ended well, and is run all the same: %s", told());
    for (const char *line = told(); *line != '\0'; line = strchr(line, '\n') + 1, n++) {
        char *end = NULL;
        cr_assert_eq(strncmp(line, "0 5 ", 4), 0, "%s", line);
        const double now_s = strtod(line + 4, &end);
        cr_assert_eq(*end, '\n', "%s", line);
        cr_expect(n == 0 || now_s - before_s >= (COMMAND_AGAIN_MS - CLOCK_STEP_MS) / 1000.0,
                  "run %d comes %f s after the one before", n, now_s - before_s);
        before_s = now_s;
    }
    cr_expect_eq(n, RUNS);
}

Test(command, what_is_newer_is_told_in_place_of_what_failed)
{
    write_script("echo $BUSWARDEN_LEVEL >>$told; exit $((BUSWARDEN_LEVEL > 0))");
    open_with("");
    change(BW_CHILD_LEFT_BEHIND, BW_RAISED, ALARM_SILENT, ALARM_CHILD_2, 1);
    settle();
    change(BW_CHILD_LEFT_BEHIND, BW_CLEARED, ALARM_CHILD_2, ALARM_SILENT, 1);
    wait_for_ms(COMMAND_AGAIN_MS + 2000);
    cr_expect_str_eq(told(), "2\n0\n");
}

Test(command, one_kind_that_ends_well_does_not_hide_that_another_failed)
{
    write_script("[ $BUSWARDEN_KIND = OVERLOAD ]");
    open_with("");
    change(BW_CHILD_LEFT_BEHIND, BW_RAISED, ALARM_SILENT, ALARM_CHILD_1, 1);
    settle();
    change(BW_OVERLOAD, BW_RAISED, ALARM_SILENT, ALARM_WARNING, 2);
    settle();
    cr_expect_neq(output->fault(output)[0], '\0');
}

/* What a killed command leaves behind becomes ours. Reaps it; true when nothing of it is left. How many there
 * are to reap is not fixed: a shell that dies takes along what it was just waiting for. */
static bool nothing_is_left(void)
{
    for (int i = 0; i < PATIENCE_MS / STEP_MS; i++) {
        const pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0)
            return errno == ECHILD;
        if (pid == 0)
            (void)usleep(STEP_MS * 1000);
    }
    return false;
}

Test(command, one_that_hangs_is_killed_with_all_that_it_started)
{
    char expected[160];
    cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    write_script("sleep 1000 & sleep 1000 & echo $$ >>$told; wait"); /* longer than any patience here */
    open_with("");
    change(BW_OVERLOAD, BW_RAISED, ALARM_SILENT, ALARM_WARNING, 1);
    settle();
    (void)snprintf(expected, sizeof expected, "%s: killed after 10 s", script);
    cr_expect_str_eq(output->fault(output), expected);
    cr_assert_eq(lines_told(), 1, "it had not started anything yet");
    cr_expect(nothing_is_left());
    (void)kill(-(pid_t)strtol(told(), NULL, 10), SIGKILL); /* when the product has not done so */
}

Test(command, one_that_is_missing_is_a_fault_from_the_start_and_is_tried_again)
{
    char expected[160];
    open_with("");
    (void)snprintf(expected, sizeof expected, "%s: No such file or directory", script);
    cr_expect_str_eq(output->fault(output), expected);
    change(BW_CHILD_LEFT_BEHIND, BW_RAISED, ALARM_SILENT, ALARM_CHILD_1, 1);
    settle();
    (void)snprintf(expected, sizeof expected, "%s: no such file or directory", script);
    cr_expect_str_eq(output->fault(output), expected);
    write_script(say_all);
    change(BW_CHILD_LEFT_BEHIND, BW_UPDATED, ALARM_CHILD_1, ALARM_CHILD_2, 1);
    settle();
    cr_expect_str_eq(told(), "CHILD_LEFT_BEHIND UPDATED minor 2 1 \n");
    cr_expect_str_eq(output->fault(output), "");
}

Test(command, one_that_nobody_may_execute_is_a_fault)
{
    write_script(say_all);
    cr_assert_eq(chmod(script, 0600), 0);
    open_with("");
    cr_expect_neq(output->fault(output)[0], '\0');
    change(BW_OVERLOAD, BW_RAISED, ALARM_SILENT, ALARM_WARNING, 1);
    settle();
    cr_expect_not_null(strstr(output->fault(output), "permission denied"), "%s", output->fault(output));
}

Test(command, closing_does_not_wait_for_one_that_runs)
{
    write_script("until [ -e $go ]; do sleep 0.05; done; echo ended >>$told");
    open_with("");
    change(BW_OVERLOAD, BW_RAISED, ALARM_SILENT, ALARM_WARNING, 1);
    output->close(output);
    output = NULL;
    settle();
    cr_expect_str_eq(told(), "", "it was waited for");
    FILE *go = fopen(go_path, "w");
    cr_assert_not_null(go);
    (void)fclose(go);
    wait_for_lines(1);
    cr_expect_str_eq(told(), "ended\n", "it was killed");
}
