/* run */
#include "bureau/run.h"

#include "bureau/command/command.h"

#include <stdio.h>

static int run_bureau(const struct command *self, int argc, char **argv)
{
    const char *config_path = NULL;
    const struct command_option options[] = {{"config", &config_path, NULL}};
    int status;
    struct bureau_config config;
    if (!command_parse(self, argc, argv, options, 1, NULL, 0, &status))
        return status;
    status = command_config(self, config_path, &config);
    if (status != EXIT_DONE)
        return status;
    if (config.secret_path[0] == '\0') {
        (void)fprintf(stderr, "buswarden-bureau: %s: [keys] secret: missing\n", config_path);
        return EXIT_USAGE;
    }
    return run_main(&config);
}

const struct command COMMAND_RUN = {
    .name = "run",
    .summary = "take in records, serve the console and the API",
    .run = run_bureau,
    .manual =
        "NAME\n"
        "    buswarden-bureau run - the whole bureau in one process\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau run --config FILE\n\n"
        "DESCRIPTION\n"
        "    Takes the vehicles' records from the broker, verifies and keeps them, answers with receipts "
        "and\n"
        "    licences, and serves the console and the API (docs/api/openapi.yaml): to this machine alone, "
        "or\n"
        "    over TLS wherever [http] listen says.\n"
        "    Ends on SIGINT or SIGTERM.\n\n"
        "OPTIONS\n"
        "    --config FILE    the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 ended as told; 2 wrong use or a bad configuration; 3 could not run.\n",
};
