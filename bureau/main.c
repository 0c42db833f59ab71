#include "bureau/command/command.h"
#include "proto/seal.h"

#include <stdio.h>
#include <string.h>

static const struct command *const COMMANDS[] = {
    &COMMAND_RUN,      &COMMAND_IMPORT,      &COMMAND_LICENCE, &COMMAND_ORDERS,       &COMMAND_ENROL,
    &COMMAND_READER,   &COMMAND_RENEW,       &COMMAND_REVOKE,  &COMMAND_CERTIFICATES, &COMMAND_CA,
    &COMMAND_KEYGEN,   &COMMAND_CHECK_PLATE, &COMMAND_VERIFY,  &COMMAND_PURGE,        &COMMAND_REPORT,
    &COMMAND_REJUDGE,  &COMMAND_PHOTO,       &COMMAND_USER,    &COMMAND_TOKEN,        &COMMAND_GTFS,
    &COMMAND_EXPIRIES, &COMMAND_NOTIFY,
};
enum { COMMAND_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]) };

static void print_help(FILE *out)
{
    (void)fputs("NAME\n    buswarden-bureau - school-bus compliance at the education bureau\n\n"
                "SYNOPSIS\n    buswarden-bureau COMMAND ...\n    buswarden-bureau --help | --version\n\n"
                "COMMANDS (each has --help)\n",
                out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        (void)fprintf(out, "    %-12s %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
    (void)fputs("\nEXIT STATUS\n    0 done; 1 the answer is no; 2 wrong use or bad input; 3 could not run.\n",
                out);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0) {
        (void)puts("buswarden-bureau " BUSWARDEN_VERSION);
        return EXIT_DONE;
    }
    if (seal_init() < 0) {
        (void)fputs("buswarden-bureau: libsodium cannot start\n", stderr);
        return EXIT_CANNOT;
    }
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(name, COMMANDS[i]->name) == 0)
            return COMMANDS[i]->run(COMMANDS[i], argc - 1, argv + 1);
    print_help(stderr);
    return EXIT_USAGE;
}
