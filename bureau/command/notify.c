/* notify */
#include "bureau/notify/notify.h"

#include "bureau/command/command.h"
#include "proto/privileges.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

static int try_channel(const struct bureau_config *config, const char *name)
{
    struct request_verdict verdict;
    const struct notify_channel *channel = notify_channel(&config->notify, name);
    if (channel == NULL) {
        (void)fprintf(stderr, "buswarden-bureau: there is no section [notify.%s]\n", name);
        return EXIT_USAGE;
    }
    const int err = notify_try(&config->notify, channel, &verdict);
    if (err < 0 && err != -ENOENT) {
        (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", name, strerror(-err));
        return EXIT_CANNOT;
    }
    (void)printf("%s (%s): %s: %s\n", name, notify_type_name(channel->type),
                 verdict.taken ? "taken" : "NOT taken", verdict.words);
    return verdict.taken ? EXIT_DONE : EXIT_NO;
}

static void say(const char *text)
{
    (void)fprintf(stderr, "buswarden-bureau: %s\n", text);
}

/* Until a signal comes; meanwhile tells of what is wrong, and when it is right again. */
static void watch(struct notify *notify, const sigset_t *ending)
{
    const struct timespec second = {.tv_sec = 1};
    struct notify_stats stats;
    char said[NOTIFY_REASON_MAX] = "";
    uint64_t fed = 0;
    (void)sd_notify(0, "READY=1\nSTATUS=telling");
    while (sigtimedwait(ending, NULL, &second) < 0) {
        notify_stats(notify, &stats);
        if (strcmp(stats.reason, said) != 0) {
            say(stats.reason[0] ? stats.reason : "telling again");
            (void)sd_notifyf(0, "STATUS=%s", stats.reason[0] ? stats.reason : "telling");
            memcpy(said, stats.reason, sizeof(said));
        }
        if (stats.turns != fed) {
            fed = stats.turns;
            (void)sd_notify(0, "WATCHDOG=1");
        }
    }
    (void)sd_notify(0, "STOPPING=1");
}

static int run_worker(const struct bureau_config *config)
{
    struct notify *notify = NULL;
    sigset_t ending;
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGINT);
    (void)sigaddset(&ending, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &ending, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    int err = privileges_drop(*config->user ? config->user : NULL);
    if (err == 0)
        err = notify_start(&config->notify, config->store_path, &notify);
    if (err < 0) {
        say(strerror(-err));
        return EXIT_CANNOT;
    }
    for (size_t i = 0; i < config->notify.n_channels; i++) {
        struct request_secret secret;
        char reason[NOTIFY_REASON_MAX];
        if (notify_secret(&config->notify.channels[i], &secret, reason) < 0)
            (void)fprintf(stderr, "buswarden-bureau: [notify.%s] %s\n", config->notify.channels[i].name,
                          reason);
        sodium_memzero(&secret, sizeof(secret)); /* each send reads its own */
    }
    watch(notify, &ending);
    notify_stop(notify);
    return EXIT_DONE;
}

static int run_notify(const struct command *self, int argc, char **argv)
{
    const char *config_path = NULL, *test = NULL;
    const struct command_option options[] = {{"config", &config_path, NULL}, {"test", &test, NULL}};
    int status;
    struct bureau_config config;
    if (!command_parse(self, argc, argv, options, 2, NULL, 0, &status))
        return status;
    status = command_config(self, config_path, &config);
    if (status != EXIT_DONE)
        return status;
    if (config.notify.n_channels == 0) {
        (void)fprintf(stderr, "buswarden-bureau: %s: no section [notify.NAME]: there is nobody to tell\n",
                      config_path);
        return EXIT_USAGE;
    }
    if (notify_global_init() < 0) {
        say("libcurl cannot start");
        return EXIT_CANNOT;
    }
    return test != NULL ? try_channel(&config, test) : run_worker(&config);
}

const struct command COMMAND_NOTIFY = {
    .name = "notify",
    .summary = "tell people outside: WeCom, DingTalk, Feishu, mail, webhook",
    .run = run_notify,
    .manual = "NAME\n"
              "    buswarden-bureau notify - tell people outside of alerts and cases\n\n"
              "SYNOPSIS\n"
              "    buswarden-bureau notify --config FILE\n"
              "    buswarden-bureau notify --config FILE --test CHANNEL\n\n"
              "DESCRIPTION\n"
              "    Sends what happens to the channels of the configuration's sections [notify.NAME]. `run` "
              "does the\n"
              "    same on a thread of its own; this is for those who want it apart ([notify] in_run = no). "
              "Of two\n"
              "    on one store the second one stands by until the first has ended.\n"
              "    Ends on SIGINT or SIGTERM.\n\n"
              "OPTIONS\n"
              "    --config FILE     the bureau's configuration\n"
              "    --test CHANNEL    sends one message that says it is a test, prints what the server "
              "answered, ends\n\n"
              "EXIT STATUS\n"
              "    0 ended as told, or the test was taken; 1 the test was not taken; 2 wrong use or a bad\n"
              "    configuration; 3 could not run.\n",
};
