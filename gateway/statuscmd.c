#include "gateway/statuscmd.h"

#include <getopt.h>
#include <stdio.h>
#include <time.h>

#include "gateway/config.h"
#include "gateway/statusclient.h"
#include "gateway/statustext.h"
#include "proto/exitcode.h"

static const char usage[] =
    "NAME\n"
    "    buswarden-gateway status - say how the running gateway is\n"
    "\n"
    "SYNOPSIS\n"
    "    buswarden-gateway status [--config FILE] [--json] [--watch] [--lang en|zh]\n"
    "\n"
    "DESCRIPTION\n"
    "    Asks the gateway over its control socket and prints first of all what is wrong and what to do "
    "about\n"
    "    it, then what there is: clock, position, every seat, belt, door and other signal, how many are\n"
    "    aboard, licence, orders, records that wait, the way to the bureau, the software.\n"
    "\n"
    "OPTIONS\n"
    "    --config FILE  the gateway's configuration: names the socket (default /etc/buswarden/gateway.conf)\n"
    "    --json         the whole answer as one JSON object: docs/status.md\n"
    "    --watch        again every second, until interrupted\n"
    "    --lang en|zh   the language (default: zh when the locale is Chinese in UTF-8, else en)\n"
    "\n"
    "EXIT STATUS\n"
    "    0  nothing is wrong   1  something is wrong   2  wrong use   3  the gateway does not answer\n";

struct options {
    const char *config, *lang;
    enum words_language language;
    bool json, watch;
};

static void print(const json_t *status, const struct options *options)
{
    if (options->watch && !options->json)
        (void)fputs("\033[H\033[2J", stdout); /* from the top of an empty screen */
    if (options->json)
        (void)(json_dumpf(status, stdout,
                          (options->watch ? JSON_COMPACT : JSON_INDENT(2)) | JSON_REAL_PRECISION(12)),
               putchar('\n'));
    else
        status_print(status, options->language, stdout);
}

static int ask_and_print(const char *socket, const struct options *options)
{
    json_t *status = NULL;
    char reason[STATUS_REASON_LEN];
    if (status_ask(socket, &status, reason) != 0) {
        (void)fprintf(stderr, "buswarden-gateway status: %s\n", reason);
        return EXIT_CANNOT;
    }
    print(status, options);
    const int code = json_array_size(json_object_get(status, "faults")) > 0 ? EXIT_NO : EXIT_DONE;
    json_decref(status);
    return fflush(stdout) != 0 || ferror(stdout) ? EXIT_CANNOT : code;
}

static int read_options(int argc, char **argv, struct options *ret)
{
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},
        {"watch", no_argument, NULL, 'w'},        {"lang", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (option) {
        case 'h':
            (void)fputs(usage, stdout); /* flushed by the caller */
            return EXIT_NO;
        case 'c':
            ret->config = optarg;
            break;
        case 'j':
            ret->json = true;
            break;
        case 'w':
            ret->watch = true;
            break;
        case 'l':
            ret->lang = optarg;
            break;
        default:
            return EXIT_USAGE; /* getopt has said why */
        }
    }
    const char *wrong = optind < argc                                  ? argv[optind]
                        : words_choose(ret->lang, &ret->language) != 0 ? "--lang: en or zh"
                                                                       : NULL;
    if (wrong != NULL)
        (void)fprintf(stderr, "buswarden-gateway status: %s: not understood\n", wrong);
    return wrong != NULL ? EXIT_USAGE : EXIT_DONE;
}

int status_main(int argc, char **argv)
{
    static struct gateway_config config; /* large */
    struct options options = {.config = "/etc/buswarden/gateway.conf"};
    char reason[SETTINGS_REASON_MAX];
    const int outcome = read_options(argc, argv, &options);
    if (outcome == EXIT_NO)
        return fflush(stdout) != 0 ? EXIT_CANNOT : EXIT_DONE;
    if (outcome != EXIT_DONE)
        return outcome;
    if (config_load(options.config, &config, reason) != 0) {
        (void)fprintf(stderr, "%s\n", reason);
        return EXIT_USAGE;
    }
    int code = ask_and_print(config.status_path, &options);
    while (options.watch && !ferror(stdout)) {
        const struct timespec second = {.tv_sec = 1};
        (void)nanosleep(&second, NULL); /* a signal ends the program */
        code = ask_and_print(config.status_path, &options);
    }
    return code;
}
