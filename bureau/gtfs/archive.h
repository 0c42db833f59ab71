/* Inside gtfs: a zip archive as struct gtfs_files. */
#ifndef BUSWARDEN_GTFS_ARCHIVE_H
#define BUSWARDEN_GTFS_ARCHIVE_H

#include "bureau/gtfs/gtfs.h"

struct archive;
/* 0, -ENOMEM, or -EINVAL with a fault added. */
int archive_open(const char *path, struct registry_faults *faults, struct archive **ret);
void archive_close(struct archive *archive);
/* Members of struct gtfs_files; context is a struct archive. */
uint64_t archive_size(void *context, const char *name);
int archive_read(void *context, const char *name, struct registry_faults *faults, gtfs_sink_fn sink,
                 void *sink_context);

#endif
