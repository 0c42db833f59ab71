/* What a power cut leaves of a file that savefile_write() replaces (proto/savefile.h): the disk is played
 * here. Nothing is safe on it but what was synced; what was not may be there or not, and data in part.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>

#include "proto/savefile.h"

enum { DIRECTORY_FD = 100, FILE_FD = 101, DATA_MAX = 64 };

static const char path[] = "/disk/licence.pb", fresh[] = "/disk/licence.pb.new";
static const char after[] = "the licence that comes after it, longer";

static struct {
    int calls, fail_at, cut_at; /* counted from 1; 0 = never */
    bool is_cut;
    bool exists;         /* the new file, under the name that it has first */
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
    cr_assert(flags & O_EXCL);
    if (disk.exists) {
        errno = EEXIST;
        return -1;
    }
    disk.exists = true;
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

int __wrap_fchmod(int fd, unsigned mode);
int __wrap_fchmod(int fd, unsigned mode)
{
    cr_assert_eq(fd, FILE_FD);
    cr_expect_eq(mode, 0640U);
    return call();
}

int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    cr_assert_str_eq(from, fresh);
    cr_assert_str_eq(to, path);
    if (call() != 0)
        return -1;
    disk.renamed = true;
    disk.exists = false;
    return 0;
}

int __wrap_unlink(const char *name);
int __wrap_unlink(const char *name)
{
    cr_assert_str_eq(name, fresh);
    if (!disk.exists) {
        errno = ENOENT;
        return -1;
    }
    if (call() != 0)
        return -1;
    disk.exists = false;
    return 0;
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

/* left: what an attempt that was cut off has left. */
static int replace(int cut_at, int fail_at, bool left)
{
    memset(&disk, 0, sizeof disk);
    disk.cut_at = cut_at;
    disk.fail_at = fail_at;
    disk.exists = left;
    return savefile_write(path, 0640, true, after, sizeof after);
}

Test(savefile_powercut, at_any_call_the_old_file_or_the_new_one_is_found)
{
    int last = 1;
    for (int at = 1; at <= last + 1; at++) {
        for (int left = 0; left < 2; left++) {
            check(replace(at, 0, left == 1));
            last = disk.calls > last ? disk.calls : last;
        }
    }
    cr_expect_gt(last, 6);
}

Test(savefile_powercut, a_call_that_fails_leaves_the_old_file_or_the_new_one)
{
    for (int at = 1; at <= 16; at++) {
        for (int left = 0; left < 2; left++) {
            const int error = replace(0, at, left == 1);
            cr_expect(error != 0 || disk.calls < at || at == disk.calls, "call %d: the failure was swallowed",
                      at);
            check(error);
        }
    }
}

Test(savefile_powercut, what_was_left_by_an_attempt_that_was_cut_off_is_in_no_way)
{
    cr_expect_eq(replace(0, 0, true), 0);
    cr_expect(disk.renamed);
}
