#include "bureau/gtfs/gtfs.h"

#include "bureau/gtfs/archive.h"
#include "bureau/gtfs/feed.h"

#include <errno.h>

int gtfs_load_files(const struct gtfs_files *files, const struct gtfs_options *options, struct registry **ret,
                    struct gtfs_summary *ret_summary, struct registry_faults *ret_faults)
{
    struct feed feed;
    struct registry_faults faults = {0};
    gtfs_feed_init(&feed, options, &faults);
    int err = gtfs_feed_read(&feed, files);
    if (err == 0)
        err = faults_any(&faults) ? -EINVAL : gtfs_feed_build(&feed, ret);
    if (err == 0)
        *ret_summary = feed.summary;
    gtfs_feed_free(&feed);
    faults_sort(&faults);
    *ret_faults = faults;
    return err;
}

int gtfs_load(const char *path, const struct gtfs_options *options, struct registry **ret,
              struct gtfs_summary *ret_summary, struct registry_faults *ret_faults)
{
    struct archive *archive = NULL;
    *ret_faults = (struct registry_faults){0};
    int err = archive_open(path, ret_faults, &archive);
    if (err < 0)
        return err;
    const struct gtfs_files files = {archive_read, archive_size, archive};
    err = gtfs_load_files(&files, options, ret, ret_summary, ret_faults);
    archive_close(archive);
    return err;
}
