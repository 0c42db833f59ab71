#include "gateway/issuedfile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/savefile.h"

enum { PATH_LEN_MAX = 512, VERSION_LEN_MAX = 21, MODE = 0640 };

static int read_all(const char *path, size_t max, struct wire_bytes *ret)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return -errno;
    uint8_t *data = malloc(max + 1); /* one more than is accepted, so that too long shows */
    int error = data == NULL ? -ENOMEM : 0;
    size_t len = 0;
    if (error == 0) {
        len = fread(data, 1, max + 1, file);
        error = ferror(file) != 0 ? -EIO : len > max ? -EMSGSIZE : 0;
    }
    (void)fclose(file); /* only read from */
    if (error == 0)
        *ret = (struct wire_bytes){.data = data, .len = len};
    else
        free(data);
    return error;
}

int issuedfile_load(enum issued_kind kind, const char *path, const struct issued_for *whom,
                    struct issued *ret)
{
    struct wire_bytes bytes = {0};
    int error = read_all(path, issued_max(kind), &bytes);
    if (error == 0)
        error = issued_open(kind, bytes.data, bytes.len, whom, ret);
    wire_bytes_free(&bytes);
    return error;
}

static int highest_path(const char *path, char ret[PATH_LEN_MAX])
{
    return (size_t)snprintf(ret, PATH_LEN_MAX, "%s.highest", path) < PATH_LEN_MAX ? 0 : -ENAMETOOLONG;
}

uint64_t issuedfile_highest(const char *path)
{
    char beside[PATH_LEN_MAX], *end;
    struct wire_bytes bytes = {0};
    uint64_t version = 0;
    if (highest_path(path, beside) != 0 || read_all(beside, VERSION_LEN_MAX, &bytes) != 0)
        return 0;
    if (bytes.len > 1 && bytes.data[bytes.len - 1] == '\n') { /* whole */
        bytes.data[bytes.len - 1] = '\0';
        errno = 0;
        version = strtoull((const char *)bytes.data, &end, 10);
        if (errno != 0 || end != (const char *)bytes.data + bytes.len - 1)
            version = 0;
    }
    wire_bytes_free(&bytes);
    return version;
}

int issuedfile_raise(const char *path, uint64_t version)
{
    char beside[PATH_LEN_MAX], text[VERSION_LEN_MAX + 1];
    if (version <= issuedfile_highest(path))
        return 0;
    const int error = highest_path(path, beside);
    const int len = snprintf(text, sizeof text, "%" PRIu64 "\n", version);
    return error != 0 ? error : savefile_write(beside, MODE, true, text, (size_t)len);
}

int issuedfile_store(const char *path, const uint8_t *sealed, size_t len)
{
    return savefile_write(path, MODE, true, sealed, len);
}
