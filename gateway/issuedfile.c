#include "gateway/issuedfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/seal.h"
#include "proto/utc.h"

/* 2026-09-01: moved forward with each school year's release, and never past the recordings of the tests. */
static const int64_t SOFTWARE_UTC_MS = INT64_C(1788220800000);
static const int64_t FIVE_YEARS_MS = INT64_C(1826) * 86400000;
enum { PATH_LEN_MAX = 512 };

static int read_all(const char *path, struct wire_bytes *ret)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return -errno;
    const size_t max = (size_t)WIRE_LICENCE_MAX + 1; /* one more than is accepted, so that too long shows */
    uint8_t *data = malloc(max);
    int error = data == NULL ? -ENOMEM : 0;
    size_t len = 0;
    if (error == 0) {
        len = fread(data, 1, max, file);
        error = ferror(file) != 0 ? -EIO : len == max ? -EMSGSIZE : 0;
    }
    (void)fclose(file); /* only read from */
    if (error == 0)
        *ret = (struct wire_bytes){.data = data, .len = len};
    else
        free(data);
    return error;
}

int licencefile_load(const char *path, const uint8_t public_key[BW_PUBLIC_KEY_LEN], struct bw_licence *ret)
{
    struct wire_bytes bytes = {0};
    struct wire_sealed sealed = {0};
    struct bw_licence licence = {0};
    int error = read_all(path, &bytes);
    if (error == 0)
        error = wire_sealed_decode(bytes.data, bytes.len, WIRE_LICENCE_MAX, &sealed);
    if (error == 0)
        error = wire_licence_decode(sealed.payload.data, sealed.payload.len, &licence);
    if (error == 0 && public_key != NULL &&
        !seal_payload_verify(&sealed, SEAL_LICENCE, licence.division, licence.vehicle_id, public_key))
        error = -EKEYREJECTED;
    wire_bytes_free(&bytes);
    wire_sealed_free(&sealed);
    if (error == 0)
        *ret = licence;
    else
        wire_licence_free(&licence);
    return error;
}

const char *licencefile_reason(int error)
{
    switch (error) {
    case -EKEYREJECTED:
        return "not signed by the bureau's key";
    case -EBADMSG:
        return "not a licence file, or a damaged one";
    case -EMSGSIZE:
        return "too large for a licence";
    default:
        return strerror(-error);
    }
}

static int write_synced(const char *path, const uint8_t *data, size_t len)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    int error = 0;
    while (len > 0 && error == 0) {
        const ssize_t n = write(fd, data, len);
        if (n >= 0) {
            data += n;
            len -= (size_t)n;
        } else if (errno != EINTR) {
            error = -errno;
        }
    }
    if (error == 0 && fsync(fd) != 0)
        error = -errno;
    if (close(fd) != 0 && error == 0)
        error = -errno;
    return error;
}

/* A rename is on disk once its folder is. */
static int sync_folder(const char *path)
{
    char copy[PATH_LEN_MAX];
    (void)snprintf(copy, sizeof copy, "%s", path);
    const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    const int error = fsync(fd) != 0 ? -errno : 0;
    (void)close(fd);
    return error;
}

int licencefile_store(const char *path, const uint8_t *sealed, size_t len)
{
    char fresh[PATH_LEN_MAX];
    if ((size_t)snprintf(fresh, sizeof fresh, "%s.new", path) >= sizeof fresh)
        return -ENAMETOOLONG;
    int error = write_synced(fresh, sealed, len);
    if (error == 0 && rename(fresh, path) != 0)
        error = -errno;
    if (error != 0)
        (void)unlink(fresh);
    return error != 0 ? error : sync_folder(path);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct gps_window licencefile_window(const struct bw_licence *licence, bool recorded)
{
    struct gps_window window = {SOFTWARE_UTC_MS, SOFTWARE_UTC_MS + FIVE_YEARS_MS};
    if (licence == NULL)
        return window;
    if (licence->issued_utc_ms > SOFTWARE_UTC_MS)
        window.ceiling_utc_ms = licence->issued_utc_ms + FIVE_YEARS_MS;
    for (size_t i = 0; recorded && i < licence->n_permits; i++)
        window.floor_utc_ms =
            earlier(window.floor_utc_ms, licence->permits[i].valid_from_day * UTC_MS_PER_DAY -
                                             licence->utc_offset_min * INT64_C(60000));
    return window;
}
