#include "bureau/report/whole.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zip.h>

enum { CHUNK = 4096, NAME_MAX_LEN = 64, TAIL_LEN = NAME_MAX_LEN + 8 };

struct part {
    char root[NAME_MAX_LEN]; /* name of the document's element; "" = not seen yet */
    char tail[TAIL_LEN];     /* the last bytes, with a NUL */
    size_t tail_len;
    bool first; /* nothing was read yet */
};

/* The name after the first "<" that no "?" or "!" follows: it stands in the first chunk. */
static void find_root(struct part *part, const char *text)
{
    for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at + 1, '<'))
        if (isalpha((unsigned char)at[1])) {
            const size_t len = strcspn(at + 1, " \t\r\n/>");
            (void)snprintf(part->root, sizeof(part->root), "%.*s", (int)len, at + 1);
            return;
        }
}

static void take(struct part *part, const char *bytes, size_t len)
{
    char both[TAIL_LEN + CHUNK];
    memcpy(both, part->tail, part->tail_len);
    memcpy(both + part->tail_len, bytes, len);
    const size_t all = part->tail_len + len, kept = all < TAIL_LEN - 1 ? all : TAIL_LEN - 1;
    memcpy(part->tail, both + all - kept, kept);
    part->tail[kept] = '\0';
    part->tail_len = kept;
}

static bool ends_whole(struct part *part)
{
    char end[NAME_MAX_LEN + 4];
    while (part->tail_len > 0 && isspace((unsigned char)part->tail[part->tail_len - 1]))
        part->tail[--part->tail_len] = '\0';
    const int len = snprintf(end, sizeof(end), "</%s>", part->root);
    return part->root[0] != '\0' && part->tail_len >= (size_t)len &&
           strcmp(part->tail + part->tail_len - (size_t)len, end) == 0;
}

static int check_part(zip_t *archive, zip_uint64_t index)
{
    char chunk[CHUNK + 1];
    struct part part = {.first = true};
    zip_int64_t n;
    zip_file_t *file = zip_fopen_index(archive, index, 0);
    if (file == NULL)
        return -EIO;
    while ((n = zip_fread(file, chunk, CHUNK)) > 0) {
        chunk[n] = '\0';
        if (part.first)
            find_root(&part, chunk);
        part.first = false;
        take(&part, chunk, (size_t)n);
    }
    return zip_fclose(file) == 0 && n == 0 && ends_whole(&part) ? 0 : -EIO;
}

int whole_check(const char *path)
{
    int code = 0;
    zip_t *archive = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
    if (archive == NULL)
        return code == ZIP_ER_MEMORY ? -ENOMEM : -EIO;
    const zip_int64_t n = zip_get_num_entries(archive, 0);
    int err = n > 0 ? 0 : -EIO;
    for (zip_int64_t i = 0; i < n && err == 0; i++)
        err = check_part(archive, (zip_uint64_t)i);
    zip_discard(archive);
    return err;
}
