/* A feed of any content: files of one text, each begun by a line "== NAME". It must be refused with faults,
 * or become routes that the registry takes. */
#define _GNU_SOURCE /* memmem() */
#include "bureau/gtfs/gtfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
    const char *data;
    size_t len;
};

/* Where the file of that name stands in the text. */
static bool find(const struct text *text, const char *name, struct text *ret)
{
    char begin[64];
    const size_t n = (size_t)snprintf(begin, sizeof(begin), "== %s\n", name);
    const char *at = text->len >= n ? memmem(text->data, text->len, begin, n) : NULL;
    if (at == NULL)
        return false;
    const char *from = at + n;
    const size_t left = text->len - (size_t)(from - text->data);
    const char *end = memmem(from, left, "\n== ", 4);
    *ret = (struct text){from, end ? (size_t)(end - from) + 1 : left};
    return true;
}

static int read_file(void *context, const char *name, struct registry_faults *faults, gtfs_sink_fn sink,
                     void *sink_context)
{
    struct text file;
    (void)faults;
    return find(context, name, &file) ? sink(sink_context, file.data, file.len) : -ENOENT;
}

static uint64_t size_of(void *context, const char *name)
{
    struct text file;
    return find(context, name, &file) ? file.len : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct registry nothing;
    static const struct gtfs_options options = {.half_width_m = 30, .radius_m = 30};
    struct text text = {(const char *)data, size};
    const struct gtfs_files files = {read_file, size_of, &text};
    struct registry *feed = NULL, *merged = NULL;
    struct gtfs_summary summary;
    struct registry_faults faults;
    const int err = gtfs_load_files(&files, &options, &feed, &summary, &faults);
    if ((err == 0) != (feed != NULL) || (err == -EINVAL) != (faults.n > 0))
        abort();
    registry_faults_free(&faults);
    if (err == 0) {
        for (size_t i = 0; i < feed->n_routes; i++)
            if (feed->routes[i].n_parts < 1 || feed->routes[i].n_points < 2 ||
                feed->routes[i].part_start[feed->routes[i].n_parts] != feed->routes[i].n_points)
                abort();
        if (registry_merge_feed(&nothing, feed, false, &merged, &faults) != 0)
            abort();
        registry_faults_free(&faults);
    }
    registry_free(merged);
    registry_free(feed);
    return 0;
}
