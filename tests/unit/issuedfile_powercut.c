/* What a power cut leaves of a file that issuedfile_store() replaces (gateway/issuedfile.h): the disk is
 * played here. Nothing is safe on it but what was synced; what was not may be there or not, and data in part.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>

#include "gateway/issuedfile.h"

enum { DIRECTORY_FD = 100, FILE_FD = 101, DATA_MAX = 64 };

static const char path[] = "/disk/licence.pb", fresh[] = "/disk/licence.pb.new";
static const char after[] = "the licence that comes after it, longer";

static struct {
    int calls, fail_at, cut_at; /* counted from 1; 0 = never */
    bool is_cut;
    char data[DATA_MAX]; /* of the new file */
    size_t len, synced_len;
    bool renamed, rename_synced;
} disk;

/* One call to the disk: 0, or -1 with errno. */
static int call(void)
{
    disk.calls++;
    disk.is_cut |= disk.cut_at != 0 && disk.calls >= disk.cut_at;
    if (!disk.is_cut && disk.calls != disk.fail_at)
        return 0;
    errno = EIO;
    return -1;
}

int __wrap_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...)
{
    if (call() != 0)
        return -1;
    if ((flags & O_DIRECTORY) != 0)
        return DIRECTORY_FD;
    cr_assert_str_eq(name, fresh, "the file in use is never written to");
    cr_assert(flags & O_TRUNC);
    disk.len = disk.synced_len = 0;
    return FILE_FD;
}

ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    cr_assert_eq(fd, FILE_FD);
    if (call() != 0)
        return -1;
    const size_t n = len > 10 ? 10 : len; /* a short write is no error */
    memcpy(disk.data + disk.len, data, n);
    disk.len += n;
    return (ssize_t)n;
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    if (call() != 0)
        return -1;
    if (fd == DIRECTORY_FD)
        disk.rename_synced = disk.renamed;
    else
        disk.synced_len = disk.len;
    return 0;
}

int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    cr_assert_str_eq(from, fresh);
    cr_assert_str_eq(to, path);
    if (call() != 0)
        return -1;
    disk.renamed = true;
    return 0;
}

int __wrap_unlink(const char *name);
int __wrap_unlink(const char *name)
{
    cr_assert_str_eq(name, fresh);
    return call();
}

int __wrap_close(int fd);
int __wrap_close(int fd)
{
    (void)fd;
    return call();
}

/* Every disk that may be found when the power is back: is what stands at `path` old or new, and nothing else?
 */
static void check(int error)
{
    if (!disk.renamed) {
        cr_expect_neq(error, 0);
        return; /* the old one, untouched */
    }
    cr_expect_eq(disk.synced_len, sizeof after, "call %d: half a licence may be found", disk.cut_at);
    cr_expect_arr_eq(disk.data, after, sizeof after);
    if (error == 0)
        cr_expect(disk.rename_synced, "call %d: said to be stored, and the old one may be found",
                  disk.cut_at);
}

Test(issuedfile_powercut, at_any_call_the_old_file_or_the_new_one_is_found)
{
    int last = 1;
    for (int at = 1; at <= last + 1; at++) {
        memset(&disk, 0, sizeof disk);
        disk.cut_at = at;
        const int error = issuedfile_store(path, (const uint8_t *)after, sizeof after);
        check(error);
        last = disk.calls > last ? disk.calls : last;
    }
    cr_expect_gt(last, 6);
}

Test(issuedfile_powercut, a_call_that_fails_leaves_the_old_file_or_the_new_one)
{
    for (int at = 1; at <= 16; at++) {
        memset(&disk, 0, sizeof disk);
        disk.fail_at = at;
        const int error = issuedfile_store(path, (const uint8_t *)after, sizeof after);
        cr_expect(error != 0 || disk.calls < at || at == disk.calls, "call %d: the failure was swallowed",
                  at);
        check(error);
    }
}
