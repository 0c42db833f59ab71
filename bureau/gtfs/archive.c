/* The zip archive: files at its top, by name, never more of them than is allowed. */
#include "bureau/gtfs/archive.h"

#include "bureau/registry/faults.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

enum { CHUNK = 65536 };
static const uint64_t ARCHIVE_MAX = UINT64_C(256) << 20, FILE_MAX = UINT64_C(512) << 20,
                      TOTAL_MAX = UINT64_C(1) << 30;

struct archive {
    zip_t *zip;
    uint64_t total; /* unpacked so far */
};

static const char *open_fault(const char *path, zip_t **ret)
{
    struct stat status;
    int code = 0;
    if (stat(path, &status) < 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode))
        return "is no file";
    if ((uint64_t)status.st_size > ARCHIVE_MAX)
        return "is larger than 256 MB";
    *ret = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
    if (*ret != NULL)
        return NULL;
    return code == ZIP_ER_MEMORY  ? "out of memory"
           : code == ZIP_ER_NOZIP ? "is no zip archive"
                                  : "is a damaged zip archive";
}

int archive_open(const char *path, struct registry_faults *faults, struct archive **ret)
{
    struct archive *archive = calloc(1, sizeof(*archive));
    if (archive == NULL)
        return -ENOMEM;
    const char *reason = open_fault(path, &archive->zip);
    if (reason != NULL) {
        const char *slash = strrchr(path, '/');
        faults_add(faults, slash ? slash + 1 : path, 0, NULL, reason);
        free(archive);
        return -EINVAL;
    }
    *ret = archive;
    return 0;
}

void archive_close(struct archive *archive)
{
    if (archive == NULL)
        return;
    zip_discard(archive->zip);
    free(archive);
}

uint64_t archive_size(void *context, const char *name)
{
    const struct archive *archive = context;
    zip_stat_t status;
    zip_stat_init(&status);
    if (zip_stat(archive->zip, name, 0, &status) != 0 || (status.valid & ZIP_STAT_SIZE) == 0)
        return 0;
    return status.size < FILE_MAX ? status.size : FILE_MAX;
}

/* Unpacks it piece by piece. NULL, or what is wrong with it. */
static const char *unpack(struct archive *archive, zip_file_t *file, gtfs_sink_fn sink, void *sink_context,
                          int *ret_err)
{
    char *chunk = malloc(CHUNK);
    const char *reason = NULL;
    uint64_t size = 0;
    zip_int64_t n = 1;
    *ret_err = chunk == NULL ? -ENOMEM : 0;
    while (*ret_err == 0 && reason == NULL && (n = zip_fread(file, chunk, CHUNK)) > 0) {
        size += (uint64_t)n;
        archive->total += (uint64_t)n;
        if (size > FILE_MAX)
            reason = "is larger than 512 MB when unpacked";
        else if (archive->total > TOTAL_MAX)
            reason = "the feed is larger than 1 GB when unpacked";
        else
            *ret_err = sink(sink_context, chunk, (size_t)n);
    }
    free(chunk);
    return n < 0 ? "is damaged: what is unpacked is not what was packed" : reason;
}

int archive_read(void *context, const char *name, struct registry_faults *faults, gtfs_sink_fn sink,
                 void *sink_context)
{
    struct archive *archive = context;
    int err = 0;
    if (zip_name_locate(archive->zip, name, 0) < 0) {
        if (zip_name_locate(archive->zip, name, ZIP_FL_NODIR) < 0)
            return -ENOENT;
        faults_add(faults, name, 1, NULL,
                   "stands in a folder of the archive; a feed's files stand at its top");
        return -EINVAL;
    }
    zip_file_t *file = zip_fopen(archive->zip, name, 0);
    const char *reason;
    if (file == NULL)
        reason = zip_error_code_zip(zip_get_error(archive->zip)) == ZIP_ER_NOPASSWD ? "is encrypted"
                                                                                    : "cannot be unpacked";
    else
        reason = unpack(archive, file, sink, sink_context, &err);
    if (file != NULL)
        (void)zip_fclose(file);
    if (reason == NULL)
        return err;
    faults_add(faults, name, 1, NULL, reason);
    return -EINVAL;
}
