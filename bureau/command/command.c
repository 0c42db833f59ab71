#include "bureau/command/command.h"

#include "bureau/command/apply.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char PROGRAM[] = "buswarden-bureau";

int command_wrong(const struct command *self, const char *reason)
{
    (void)fprintf(stderr, "%s %s: %s; see \"%s %s --help\"\n", PROGRAM, self->name, reason, PROGRAM,
                  self->name);
    return EXIT_USAGE;
}

bool command_parse(const struct command *self, int argc, char **argv, const struct command_option *options,
                   size_t n_options, const char **words, size_t n_words, int *ret_status)
{
    struct option known[COMMAND_OPTIONS_MAX + 2] = {
        {"help", no_argument, NULL, 0}}; /* and the closing zeroes */
    int index = 0, code;
    for (size_t i = 0; i < n_options && i < COMMAND_OPTIONS_MAX; i++)
        known[i + 1] =
            (struct option){options[i].name, options[i].value ? required_argument : no_argument, NULL, 0};
    optind = 1;
    while ((code = getopt_long(argc, argv, "", known, &index)) == 0) {
        if (index == 0) {
            (void)fputs(self->manual, stdout);
            *ret_status = EXIT_DONE;
            return false;
        }
        const struct command_option *option = &options[index - 1];
        if (option->value)
            *option->value = optarg;
        else
            *option->flag = true;
    }
    if (code == '?') { /* getopt_long() has named it */
        *ret_status = EXIT_USAGE;
        return false;
    }
    if ((size_t)(argc - optind) != n_words) {
        *ret_status =
            command_wrong(self, (size_t)(argc - optind) < n_words ? "too few words" : "too many words");
        return false;
    }
    for (size_t i = 0; i < n_words; i++)
        words[i] = argv[optind + (int)i];
    return true;
}

int command_config(const struct command *self, const char *path, struct bureau_config *ret)
{
    char reason[BUREAU_REASON_MAX];
    if (path == NULL)
        return command_wrong(self, "--config FILE is missing");
    if (bureau_config_load(path, ret, reason) == 0)
        return EXIT_DONE;
    (void)fprintf(stderr, "%s: %s\n", PROGRAM, reason);
    return EXIT_USAGE;
}

static int open_store(const struct bureau_config *config, int (*open)(const char *path, struct store **ret),
                      struct store **ret)
{
    const int err = open(config->store_path, ret);
    if (err == 0)
        return EXIT_DONE;
    const char *reason = strerror(-err);
    if (err == -EBADMSG)
        reason = "not a Buswarden store, or damaged";
    else if (err == -EPROTONOSUPPORT)
        reason = "made by another version of Buswarden";
    (void)fprintf(stderr, "%s: %s: %s\n", PROGRAM, config->store_path, reason);
    return EXIT_CANNOT;
}

int command_store(const struct bureau_config *config, struct store **ret)
{
    return open_store(config, store_open, ret);
}

int command_store_reading(const struct bureau_config *config, struct store **ret)
{
    return open_store(config, store_open_reading, ret);
}

int command_store_failed(const struct store *store, const char *doing)
{
    (void)fprintf(stderr, "%s: %s: %s\n", PROGRAM, doing, store_error(store));
    return EXIT_CANNOT;
}

int command_registry(const char *dir, struct registry **ret)
{
    struct registry_faults faults;
    const int err = registry_load(dir, ret, &faults);
    apply_print_faults(dir, &faults);
    registry_faults_free(&faults);
    if (err == 0)
        return EXIT_DONE;
    if (err == -EINVAL)
        return EXIT_USAGE;
    (void)fprintf(stderr, "%s: %s: %s\n", PROGRAM, dir, strerror(-err));
    return EXIT_CANNOT;
}

void command_who(char *ret, size_t size)
{
    const struct passwd *user = getpwuid(getuid());
    if (user != NULL)
        (void)snprintf(ret, size, "cli:%s", user->pw_name);
    else
        (void)snprintf(ret, size, "cli:%u", (unsigned)getuid());
}

int64_t command_now_utc_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
