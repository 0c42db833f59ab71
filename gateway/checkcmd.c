#include "gateway/checkcmd.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "gateway/checkfiles.h"
#include "proto/exitcode.h"
#include "proto/privileges.h"
#include "proto/seal.h"

static const char usage[] =
    "NAME\n"
    "    buswarden-gateway check-config - say what a configuration means before it is used\n"
    "\n"
    "SYNOPSIS\n"
    "    buswarden-gateway check-config [--config FILE] [--lang en|zh]\n"
    "\n"
    "DESCRIPTION\n"
    "    Reads the configuration and all that it names as `run` would (DBC file or registers, keys, "
    "licence,\n"
    "    certificate, alarm command, folders), starts nothing and changes nothing. Prints which signal is\n"
    "    which place of the cabin, where it is, and what its values mean; then what is allowed but may not\n"
    "    be meant (WARNING). What keeps the gateway from its work goes to standard error, as FILE:LINE:\n"
    "    REASON. Started as root it becomes the user of [process] user first.\n"
    "\n"
    "OPTIONS\n"
    "    --config FILE  the gateway's configuration (default /etc/buswarden/gateway.conf)\n"
    "    --lang en|zh   the language (default: zh when the locale is Chinese in UTF-8, else en)\n"
    "\n"
    "EXIT STATUS\n"
    "    0  it can be used, with or without warnings   2  wrong use, or it cannot   3  could not check\n";

/* EXIT_NO: the manual was asked for. */
static int read_options(int argc, char **argv, const char **ret_config, enum words_language *ret_language)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"lang", required_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *lang = NULL;
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (option == 'h') {
            (void)fputs(usage, stdout); /* flushed by the caller */
            return EXIT_NO;
        }
        if (option != 'c' && option != 'l')
            return EXIT_USAGE; /* getopt has said why */
        *(option == 'c' ? ret_config : &lang) = optarg;
    }
    const char *wrong = optind < argc                           ? argv[optind]
                        : words_choose(lang, ret_language) != 0 ? "--lang: en or zh"
                                                                : NULL;
    if (wrong != NULL)
        (void)fprintf(stderr, "buswarden-gateway check-config: %s: not understood\n", wrong);
    return wrong != NULL ? EXIT_USAGE : EXIT_DONE;
}

static void become_user(struct check *check)
{
    const char *user = check->config->user;
    const int error = privileges_drop(user[0] != '\0' ? user : NULL);
    if (error != 0)
        check_refuse(check, "process", "user", user,
                     error == -ENOENT  ? "no such user"
                     : error == -EPERM ? "only root can become another user"
                                       : strerror(-error));
    else if (geteuid() == 0)
        check_doubt(check, CHECK_AS_ROOT, "");
}

static void check_all(struct check *check)
{
    struct cabinbus *bus = NULL;
    char reason[CABINBUS_REASON_MAX];
    become_user(check);
    const unsigned capacity = check_files(check);
    if (cabinbus_create_for(check->config, &bus, reason) != 0) {
        check->refused++;
        (void)fprintf(check->err, "%s\n", reason);
    } else {
        check_cabin(check, bus, capacity);
    }
    cabinbus_destroy(bus);
    check_doubts(check);
}

int checkcmd_main(int argc, char **argv)
{
    static struct gateway_config config; /* large */
    static struct check check;
    const char *path = "/etc/buswarden/gateway.conf";
    char reason[SETTINGS_REASON_MAX];
    const int outcome = read_options(argc, argv, &path, &check.language);
    if (outcome == EXIT_NO)
        return fflush(stdout) != 0 ? EXIT_CANNOT : EXIT_DONE;
    if (outcome != EXIT_DONE)
        return outcome;
    if (seal_init() != 0) {
        (void)fputs("libsodium: cannot start\n", stderr);
        return EXIT_CANNOT;
    }
    if (config_load(path, &config, reason) != 0) {
        (void)fprintf(stderr, "%s\n", reason);
        return EXIT_USAGE;
    }
    check.config = &config;
    check.out = stdout;
    check.err = stderr;
    check_all(&check);
    if (fflush(stdout) != 0 || ferror(stdout))
        return EXIT_CANNOT;
    return check.refused > 0 ? EXIT_USAGE : EXIT_DONE;
}
