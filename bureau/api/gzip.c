#include "bureau/api/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum { WINDOW_BITS_GZIP = 15 + 16, MEMORY_LEVEL = 8 };

/* zlib without ZLIB_CONST wants what it reads not to be const, and does not change it. */
union input {
    const char *given;
    Bytef *taken;
};

static int deflate_into(const char *data, size_t len, char *target, size_t max, size_t *ret_len)
{
    z_stream stream = {.next_in = (union input){.given = data}.taken, .avail_in = (uInt)len};
    stream.next_out = (Bytef *)target;
    stream.avail_out = (uInt)max;
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    const int code = deflate(&stream, Z_FINISH);
    *ret_len = stream.total_out;
    (void)deflateEnd(&stream);
    return code == Z_STREAM_END ? 0 : -ENOSPC;
}

int gzip_pack(const char *data, size_t len, char **ret, size_t *ret_len)
{
    size_t packed_len = 0;
    if (len < GZIP_WORTH_LEN || len > INT_MAX)
        return -ENOSPC;
    const size_t max = len - len / 10;
    char *packed = malloc(max);
    if (!packed)
        return -ENOMEM;
    const int rc = deflate_into(data, len, packed, max, &packed_len);
    if (rc != 0) {
        free(packed);
        return rc;
    }
    char *shrunk = realloc(packed, packed_len);
    *ret = shrunk ? shrunk : packed;
    *ret_len = packed_len;
    return 0;
}
