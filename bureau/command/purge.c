/* purge */
#include "bureau/command/command.h"
#include "bureau/retention/retention.h"

#include <stdio.h>

static int run_purge(const struct command *self, int argc, char **argv)
{
    const char *config_path = NULL;
    bool dry = false, vacuum = false;
    const struct command_option options[] = {
        {"config", &config_path, NULL}, {"dry-run", NULL, &dry}, {"vacuum", NULL, &vacuum}};
    int status;
    struct bureau_config config;
    struct store *store = NULL;
    struct store_purged purged;
    char who[64], text[RETENTION_TEXT_LEN];
    if (!command_parse(self, argc, argv, options, sizeof(options) / sizeof(options[0]), NULL, 0, &status))
        return status;
    if (dry && vacuum)
        return command_wrong(self, "--dry-run changes nothing, --vacuum does");
    status = command_config(self, config_path, &config);
    if (status == EXIT_DONE)
        status = dry ? command_store_reading(&config, &store) : command_store(&config, &store);
    if (status != EXIT_DONE)
        return status;
    command_who(who, sizeof(who));
    const struct retention_pass pass = {
        .settings = &config.retention, .now_utc_ms = command_now_utc_ms(), .dry = dry, .who = who};
    int rc = retention_run(store, &pass, &purged);
    retention_format(&purged, text);
    if (rc == 0)
        (void)printf("%s: %s\n", dry ? "would be deleted" : "deleted", text);
    if (rc == 0 && vacuum)
        rc = store_vacuum(store);
    if (rc == 0 && vacuum)
        (void)store_purge_settle(store); /* else a later one does */
    status = rc == 0 ? EXIT_DONE : command_store_failed(store, "purge");
    store_close(store);
    return status;
}

const struct command COMMAND_PURGE = {
    .name = "purge",
    .summary = "delete for good what was kept long enough",
    .run = run_purge,
    .manual =
        "NAME\n"
        "    buswarden-bureau purge - delete for good what was kept long enough\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau purge --config FILE [--dry-run | --vacuum]\n\n"
        "DESCRIPTION\n"
        "    Deletes what is older than [retention] of the configuration says: positions, alerts, trips, "
        "cases\n"
        "    that are over, sightings, lines of the audit log. `run` does the same by itself once a day. "
        "What a\n"
        "    case is about that goes on stays, and the positions around it. Deleted bytes are overwritten. "
        "Of\n"
        "    signed records a mark stays, so that `verify` can tell them from records that are missing; the\n"
        "    audit log says how many of what were deleted.\n\n"
        "OPTIONS\n"
        "    --config FILE    the bureau's configuration\n"
        "    --dry-run        say what would be deleted, and delete nothing\n"
        "    --vacuum         make the file smaller afterwards; takes as long as copying it, and nobody "
        "else\n"
        "                     can write meanwhile\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use or a bad configuration; 3 the store cannot be read or written.\n",
};
