/* import */
#include "bureau/command/apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct folder {
    const char *dir;
};

static int make(void *context, const struct registry *base, struct registry **ret)
{
    const char *dir = ((const struct folder *)context)->dir;
    struct registry_faults faults;
    const int err = registry_load_over(dir, base, ret, &faults);
    apply_print_faults(dir, &faults);
    registry_faults_free(&faults);
    if (err == 0)
        return EXIT_DONE;
    if (err == -EINVAL)
        return EXIT_USAGE;
    (void)fprintf(stderr, "%s: %s\n", dir, strerror(-err));
    return EXIT_CANNOT;
}

static int run_import(const struct command *self, int argc, char **argv)
{
    struct folder folder = {NULL};
    struct apply apply = {.self = self, .via = "import", .make = make, .context = &folder};
    const struct command_option options[] = {
        {"config", &apply.config_path, NULL}, {"dry-run", NULL, &apply.dry_run}, {"all", NULL, &apply.all}};
    int status;
    if (!command_parse(self, argc, argv, options, sizeof(options) / sizeof(options[0]), &folder.dir, 1,
                       &status))
        return status;
    apply.subject = folder.dir;
    return apply_run(&apply);
}

const struct command COMMAND_IMPORT = {
    .name = "import",
    .summary = "replace the registry by a folder of files",
    .run = run_import,
    .manual =
        "NAME\n"
        "    buswarden-bureau import - replace the registry by a folder of files\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau import DIR --config FILE [--dry-run [--all]]\n"
        "    buswarden-bureau import DIR --dry-run\n\n"
        "DESCRIPTION\n"
        "    Reads schools.csv, vehicles.csv, drivers.csv, permits.csv, routes.geojson and, if it is there,\n"
        "    orders.geojson of DIR (docs/registry.md). When every row of every file is right, they replace\n"
        "    the registry as a whole, in one transaction; else every fault is listed on stderr as\n"
        "    file:line: reason, and nothing changes. Routes that a feed brought (\"gtfs\") stay. Who "
        "changed\n"
        "    which row when is kept. Every vehicle whose orders changed, or the licence that it was issued,\n"
        "    is issued new ones, signed with the bureau's key; a running bureau sends them within seconds.\n"
        "    A vehicle's first licence is not issued: see \"licence\".\n\n"
        "OPTIONS\n"
        "    --config FILE    the bureau's configuration\n"
        "    --dry-run        shows what would be added, changed and removed, field by field, and changes\n"
        "                     nothing; without a configuration it only checks\n"
        "    --all            shows every row; else 200 of each table\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use, faults in the files, no key to sign with; 3 the store cannot be used.\n",
};
