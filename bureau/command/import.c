/* import */
#include "bureau/command/issue.h"

#include <stdio.h>

/* The registry and the orders that follow from it, or nothing. */
static int replace(const char *config_path, const struct bureau_config *config, const char *dir,
                   const struct registry *registry, size_t *ret_vehicles)
{
    char who[64];
    struct store *store = NULL;
    int status = command_store(config, &store);
    if (status != EXIT_DONE)
        return status;
    command_who(who, sizeof(who));
    if (store_begin(store) < 0 || store_registry_replace(store, registry) < 0 ||
        store_audit(store, who, "import", dir, command_now_utc_ms()) < 0)
        status = command_store_failed(store, "import");
    if (status == EXIT_DONE)
        status = issue_changed_orders(store, registry, config_path, config, ret_vehicles);
    if (status == EXIT_DONE && store_commit(store) < 0)
        status = command_store_failed(store, "import");
    store_close(store); /* rolls back what was not committed */
    return status;
}

static int run_import(const struct command *self, int argc, char **argv)
{
    const char *dir, *config_path = NULL;
    bool dry_run = false;
    const struct command_option options[] = {{"config", &config_path, NULL}, {"dry-run", NULL, &dry_run}};
    int status;
    size_t vehicles = 0;
    struct registry *registry = NULL;
    struct bureau_config config;
    if (!command_parse(self, argc, argv, options, 2, &dir, 1, &status))
        return status;
    if (config_path == NULL && !dry_run)
        return command_wrong(self, "--config FILE is missing");
    status = command_registry(dir, &registry);
    if (status == EXIT_DONE && !dry_run)
        status = command_config(self, config_path, &config);
    if (status == EXIT_DONE && !dry_run)
        status = replace(config_path, &config, dir, registry, &vehicles);
    if (status == EXIT_DONE)
        (void)printf(
            "%s: %zu schools, %zu vehicles, %zu drivers, %zu permits, %zu routes, %zu stops, %zu orders\n",
            dry_run ? "would import" : "imported", registry->n_schools, registry->n_vehicles,
            registry->n_drivers, registry->n_permits, registry->n_routes, registry->n_stops,
            registry->n_orders);
    if (status == EXIT_DONE && vehicles > 0)
        (void)printf("orders issued to %zu vehicles\n", vehicles);
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
        "    Reads schools.csv, vehicles.csv, drivers.csv, permits.csv, routes.geojson and, if it is there,\n"
        "    orders.geojson of DIR (docs/registry.md). When every row of every file is right, they replace\n"
        "    the registry as a whole; else every fault is listed on stderr as file:line: reason, and "
        "nothing\n"
        "    changes. Every vehicle whose orders changed is issued new ones, signed with the bureau's key; "
        "a\n"
        "    running bureau sends them within seconds. Licences are not issued: see \"licence\".\n\n"
        "OPTIONS\n"
        "    --config FILE    the bureau's configuration\n"
        "    --dry-run        only check; needs no configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use, faults in the files, no key to sign orders with; 3 the store cannot be "
        "used.\n",
};
