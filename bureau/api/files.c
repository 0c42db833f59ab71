#include "bureau/api/files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct held {
    char *path; /* NULL = none */
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
    struct body *body;
    uint64_t asked; /* when it was asked for last, counted in questions */
};

struct files {
    struct held held[FILES_MAX];
    size_t bytes;
    uint64_t questions;
};

int files_create(struct files **ret)
{
    struct files *files = calloc(1, sizeof(*files));
    if (!files)
        return -ENOMEM;
    *ret = files;
    return 0;
}

static void drop(struct files *files, struct held *held)
{
    files->bytes -= body_weight(held->body);
    body_release(held->body);
    free(held->path);
    *held = (struct held){0};
}

void files_destroy(struct files *files)
{
    if (!files)
        return;
    for (size_t i = 0; i < FILES_MAX; i++)
        drop(files, &files->held[i]);
    free(files);
}

static bool is_as_it_was(const struct held *held, const struct stat *status)
{
    return held->device == status->st_dev && held->inode == status->st_ino && held->size == status->st_size &&
           held->changed.tv_sec == status->st_mtim.tv_sec && held->changed.tv_nsec == status->st_mtim.tv_nsec;
}

static int read_whole(int fd, size_t len, char **ret)
{
    char *data = malloc(len + 1);
    size_t n = 0;
    ssize_t got = 1;
    if (!data)
        return -ENOMEM;
    while (n <= len && got > 0) { /* one byte more than there should be */
        got = read(fd, data + n, len + 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    if (got < 0 || n != len) {
        free(data);
        return got < 0 ? -EIO : -EAGAIN;
    }
    *ret = data;
    return 0;
}

/* An empty place, else the one asked for longest ago. */
static struct held *oldest(struct files *files)
{
    struct held *oldest = &files->held[0];
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct held *held = &files->held[i];
        if (!held->path)
            return held;
        if (held->asked < oldest->asked)
            oldest = held;
    }
    return oldest;
}

static struct held *longest_ago(struct files *files, const struct held *but)
{
    struct held *found = NULL;
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct held *held = &files->held[i];
        if (held != but && held->path && (!found || held->asked < found->asked))
            found = held;
    }
    return found;
}

static int keep(struct files *files, const char *path, const struct stat *status, struct body *body)
{
    struct held *held = oldest(files), *other;
    char *copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    drop(files, held);
    *held = (struct held){.path = copy,
                          .device = status->st_dev,
                          .inode = status->st_ino,
                          .size = status->st_size,
                          .changed = status->st_mtim,
                          .body = body_hold(body),
                          .asked = files->questions};
    files->bytes += body_weight(body);
    while (files->bytes > FILES_BYTES_MAX && (other = longest_ago(files, held)))
        drop(files, other);
    return 0;
}

int files_get(struct files *files, const char *path, int fd, const struct stat *status, struct body **ret)
{
    char *data;
    files->questions++;
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct held *held = &files->held[i];
        if (!held->path || strcmp(held->path, path) != 0)
            continue;
        if (is_as_it_was(held, status)) {
            held->asked = files->questions;
            *ret = body_hold(held->body);
            return 0;
        }
        drop(files, held);
        break;
    }
    if (status->st_size > FILES_LEN_MAX)
        return -EFBIG;
    int rc = read_whole(fd, (size_t)status->st_size, &data);
    if (rc != 0)
        return rc;
    struct body *body = body_create(data, (size_t)status->st_size);
    rc = body ? keep(files, path, status, body) : -ENOMEM;
    if (rc == 0)
        *ret = body;
    else
        body_release(body);
    return rc;
}
