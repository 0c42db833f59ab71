/* Routes, stops and timetables from a GTFS feed (gtfs.org, Schedule Reference): a zip archive of CSV files.
 *
 * Of a feed the registry takes what it has a place for; docs/registry.md, "A GTFS feed", says how. Everything
 * is checked first: any fault, with file, line and reason, and there is no registry.
 *
 * Limits: the archive 256 MB; unpacked 512 MB a file and 1 GB in all, whatever the archive says of itself;
 * rows of 64 KiB; as many rows as FILES in gtfs/read.c says (5 million in the largest files); GTFS_POINTS_MAX
 * positions in the lines of all routes, each route's own; GTFS_DAYS_MAX single days in the services of all.
 */
#ifndef BUSWARDEN_GTFS_H
#define BUSWARDEN_GTFS_H

#include "bureau/registry/registry.h"

enum { GTFS_POINTS_MAX = 10000000, GTFS_DAYS_MAX = 10000000 };

struct gtfs_progress {
    const char *file;     /* that is read */
    uint64_t done, total; /* bytes of all files that are read; total by what the archive says */
    uint64_t rows;
};
typedef void (*gtfs_progress_fn)(void *context, const struct gtfs_progress *progress);

struct gtfs_options {
    bool is_gcj02;             /* the feed's positions are; GTFS says WGS-84 */
    double half_width_m;       /* of every route's corridor, */
    double radius_m;           /* of every stop */
    gtfs_progress_fn progress; /* every 64 KiB; NULL = nobody asks */
    void *context;
};

struct gtfs_summary {
    uint64_t rows; /* of all files */
    size_t routes, trips, stops, stop_times, services, shapes, shape_points, frequencies;
    size_t routes_idle;  /* without any trip: they are left out */
    size_t stop_to_stop; /* routes with trips without a shape */
    char timezone[64];   /* of the first agency */
};

/* The registry has routes, stops and services alone. 0, -EINVAL with at least one fault, -ENOMEM.
 * registry_faults_free() in any case. */
int gtfs_load(const char *path, const struct gtfs_options *options, struct registry **ret,
              struct gtfs_summary *ret_summary, struct registry_faults *ret_faults);

/* Files that come in another way than by an archive. Gives each piece of `name` to `sink` until that returns
 * other than 0, which is returned then. -ENOENT: no such file; -EINVAL: said in faults. */
typedef int (*gtfs_sink_fn)(void *context, const char *data, size_t len);
struct gtfs_files {
    int (*read)(void *context, const char *name, struct registry_faults *faults, gtfs_sink_fn sink,
                void *sink_context);
    uint64_t (*size)(void *context, const char *name); /* of a file; 0 = not there */
    void *context;
};
int gtfs_load_files(const struct gtfs_files *files, const struct gtfs_options *options, struct registry **ret,
                    struct gtfs_summary *ret_summary, struct registry_faults *ret_faults);

/* The registry's id for the feed's: the same, as long as it fits and has no '~' (nor, in a stop's, '@'); else
 * its beginning, '~' and a hash of the whole. A stop of two routes is two stops: "STOP@ROUTE". */
void gtfs_route_id(const char *id, char ret[BW_ID_LEN]);
void gtfs_stop_id(const char *stop, const char *route, char ret[BW_ID_LEN]);

#endif
