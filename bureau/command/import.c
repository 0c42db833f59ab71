/* import */
#include "bureau/command/command.h"

#include <stdio.h>

static int replace(const struct command *self, const char *config_path, const char *dir,
                   const struct registry *registry)
{
    char who[64];
    struct bureau_config config;
    struct store *store = NULL;
    int status = command_config(self, config_path, &config);
    if (status == EXIT_DONE)
        status = command_store(&config, &store);
    if (status != EXIT_DONE)
        return status;
    command_who(who, sizeof(who));
    if (store_registry_replace(store, registry) < 0 ||
        store_audit(store, who, "import", dir, command_now_utc_ms()) < 0)
        status = command_store_failed(store, "import");
    store_close(store);
    return status;
}

static int run_import(const struct command *self, int argc, char **argv)
{
    const char *dir, *config_path = NULL;
    bool dry_run = false;
    const struct command_option options[] = {{"config", &config_path, NULL}, {"dry-run", NULL, &dry_run}};
    int status;
    struct registry *registry = NULL;
    if (!command_parse(self, argc, argv, options, 2, &dir, 1, &status))
        return status;
    if (config_path == NULL && !dry_run)
        return command_wrong(self, "--config FILE is missing");
    status = command_registry(dir, &registry);
    if (status == EXIT_DONE && !dry_run)
        status = replace(self, config_path, dir, registry);
    if (status == EXIT_DONE)
        (void)printf("%s: %zu schools, %zu vehicles, %zu drivers, %zu permits, %zu routes, %zu stops\n",
                     dry_run ? "would import" : "imported", registry->n_schools, registry->n_vehicles,
                     registry->n_drivers, registry->n_permits, registry->n_routes, registry->n_stops);
    registry_free(registry);
    return status;
}

const struct command COMMAND_IMPORT = {
    .name = "import",
    .summary = "replace the registry by a folder of files",
    .run = run_import,
    .manual =
        "NAME\n"
        "    buswarden-bureau import - replace the registry by a folder of files\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau import DIR --config FILE [--dry-run]\n\n"
        "DESCRIPTION\n"
        "    Reads schools.csv, vehicles.csv, drivers.csv, permits.csv and routes.geojson of DIR\n"
        "    (docs/registry.md). When every row of every file is right, they replace the registry as a\n"
        "    whole; else every fault is listed on stderr as file:line: reason, and nothing changes.\n"
        "    Licences are not sent: see \"licence\".\n\n"
        "OPTIONS\n"
        "    --config FILE    the bureau's configuration\n"
        "    --dry-run        only check; needs no configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use or faults in the files; 3 the store cannot be used.\n",
};
