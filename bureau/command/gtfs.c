/* gtfs */
#include "bureau/gtfs/gtfs.h"
#include "bureau/command/apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct import {
    const char *path;
    struct registry *feed;
    bool keep_used;
};

/* --- the bar --- */

struct bar {
    int percent; /* shown last; -1 = nothing yet */
    bool is_terminal;
};

static void show(void *context, const struct gtfs_progress *progress)
{
    enum { WIDTH = 30 };
    static const char filled[] = "##############################", empty[] = "..............................";
    struct bar *bar = context;
    const uint64_t total = progress->total > progress->done ? progress->total : progress->done;
    const int percent = total == 0 ? 100 : (int)(progress->done * 100 / total);
    if (percent == bar->percent)
        return;
    bar->percent = percent;
    const int n = percent * WIDTH / 100;
    (void)fprintf(stderr, "%s[%.*s%.*s] %3d %%  %-18s %9llu rows%s", bar->is_terminal ? "\r" : "", n, filled,
                  WIDTH - n, empty, percent, progress->file, (unsigned long long)progress->rows,
                  bar->is_terminal ? "" : "\n");
    (void)fflush(stderr);
}

/* --- the feed --- */

static void sum_up(const struct gtfs_summary *sum)
{
    (void)printf(
        "read: %llu rows: %zu routes, %zu trips, %zu stops, %zu stop times, %zu shapes with %zu positions,"
        " %zu services, %zu frequencies\n",
        (unsigned long long)sum->rows, sum->routes, sum->trips, sum->stops, sum->stop_times, sum->shapes,
        sum->shape_points, sum->services, sum->frequencies);
    if (sum->routes_idle > 0)
        (void)printf("left out: %zu routes without a trip\n", sum->routes_idle);
    if (sum->stop_to_stop > 0)
        (void)printf("without a shape, drawn from stop to stop: %zu routes\n", sum->stop_to_stop);
    if (strcmp(sum->timezone, "Asia/Shanghai") != 0)
        (void)printf("the feed's times are of %s; they are kept as they are\n", sum->timezone);
}

static int read_feed(const char *path, struct gtfs_options *options, bool progress, struct registry **ret)
{
    struct registry_faults faults;
    struct gtfs_summary summary;
    struct bar bar = {.percent = -1, .is_terminal = isatty(STDERR_FILENO) == 1};
    options->progress = progress || bar.is_terminal ? show : NULL;
    options->context = &bar;
    const int err = gtfs_load(path, options, ret, &summary, &faults);
    if (bar.percent >= 0 && bar.is_terminal)
        (void)fputc('\n', stderr);
    apply_print_faults(path, &faults);
    registry_faults_free(&faults);
    if (err == 0)
        sum_up(&summary);
    else if (err != -EINVAL)
        (void)fprintf(stderr, "%s: %s\n", path, strerror(-err));
    return err == 0 ? EXIT_DONE : err == -EINVAL ? EXIT_USAGE : EXIT_CANNOT;
}

static int make(void *context, const struct registry *base, struct registry **ret)
{
    const struct import *import = context;
    struct registry_faults faults;
    const int err = registry_merge_feed(base, import->feed, import->keep_used, ret, &faults);
    apply_print_faults(import->path, &faults);
    registry_faults_free(&faults);
    if (err == -EINVAL && !import->keep_used && registry_merge_drops_used(base, import->feed))
        (void)fprintf(stderr,
                      "a permit or an order that names a route which the feed no longer has: change it first,"
                      " or keep the route (--keep-used)\n");
    else if (err < 0 && err != -EINVAL)
        (void)fprintf(stderr, "%s: %s\n", import->path, strerror(-err));
    return err == 0 ? EXIT_DONE : err == -EINVAL ? EXIT_USAGE : EXIT_CANNOT;
}

/* --- the command --- */

static bool read_metres(const char *text, double *ret)
{
    char *end = NULL;
    const double value = text ? strtod(text, &end) : *ret;
    if ((text && (*text == '\0' || *end != '\0')) || !(value >= 5 && value <= 500))
        return false;
    *ret = value;
    return true;
}

static int run_gtfs(const struct command *self, int argc, char **argv)
{
    const char *half_width = NULL, *radius = NULL, *frame = "WGS84";
    bool progress = false;
    struct import import = {0};
    struct gtfs_options feed = {.half_width_m = 30, .radius_m = 30};
    struct apply apply = {.self = self, .via = "gtfs", .make = make, .context = &import};
    const struct command_option options[] = {
        {"config", &apply.config_path, NULL},
        {"dry-run", NULL, &apply.dry_run},
        {"all", NULL, &apply.all},
        {"keep-used", NULL, &import.keep_used},
        {"half-width", &half_width, NULL},
        {"radius", &radius, NULL},
        {"frame", &frame, NULL},
        {"progress", NULL, &progress},
    };
    int status;
    if (!command_parse(self, argc, argv, options, sizeof(options) / sizeof(options[0]), &import.path, 1,
                       &status))
        return status;
    if (!read_metres(half_width, &feed.half_width_m) || !read_metres(radius, &feed.radius_m))
        return command_wrong(self, "--half-width and --radius: 5 to 500 metres");
    feed.is_gcj02 = strcmp(frame, "GCJ02") == 0;
    if (!feed.is_gcj02 && strcmp(frame, "WGS84") != 0)
        return command_wrong(self, "--frame: WGS84 or GCJ02");
    if (apply.config_path == NULL && !apply.dry_run)
        return command_wrong(self, "--config FILE is missing");
    apply.subject = import.path;
    status = read_feed(import.path, &feed, progress, &import.feed);
    if (status == EXIT_DONE)
        status = apply_run(&apply);
    registry_free(import.feed);
    return status;
}

const struct command COMMAND_GTFS = {
    .name = "gtfs",
    .summary = "routes, stops and timetables from a GTFS feed",
    .run = run_gtfs,
    .manual =
        "NAME\n"
        "    buswarden-bureau gtfs - routes, stops and timetables from a GTFS feed\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau gtfs FILE.zip --config FILE [--dry-run [--all]] [--keep-used]\n"
        "                     [--half-width M] [--radius M] [--frame WGS84|GCJ02] [--progress]\n\n"
        "DESCRIPTION\n"
        "    Every route of the feed becomes a route of the registry, with its stops and its timetable\n"
        "    (docs/registry.md, \"A GTFS feed\"). They take the place of all that an earlier feed brought, "
        "and of\n"
        "    routes of the same id; schools, vehicles, drivers, permits, orders and all other routes stay. "
        "When\n"
        "    anything is wrong with the feed, every fault is listed on stderr as file:line: reason, and "
        "nothing\n"
        "    changes. History, licences and orders as with \"import\".\n\n"
        "OPTIONS\n"
        "    --config FILE    the bureau's configuration\n"
        "    --dry-run        shows what would be added, changed and removed, field by field, and changes\n"
        "                     nothing; without a configuration it only checks\n"
        "    --all            shows every row; else 200 of each table\n"
        "    --keep-used      routes of an earlier feed stay when a permit or an order names them and this "
        "feed\n"
        "                     has them no longer; else that is a fault\n"
        "    --half-width M   half the width of every route's corridor, 5 to 500; 30 without it\n"
        "    --radius M       of every stop, 5 to 500; 30 without it\n"
        "    --frame FRAME    of the feed's positions: WGS84, as GTFS has them, or GCJ02, from a Chinese "
        "map\n"
        "    --progress       shows the bar also when stderr is no terminal\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use, faults in the feed, no key to sign with; 3 the store cannot be used.\n",
};
