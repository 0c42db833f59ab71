/* The SLCAN driver against a pseudo terminal that plays the adapter. */
#define _XOPEN_SOURCE 700 /* posix_openpt() */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/source/source.h"

enum { WAIT_MS = 5000 };

static int n_frames;
static struct can_frame_in last;

static void on_can(void *context, const struct can_frame_in *frame)
{
    (void)context;
    n_frames++;
    last = *frame;
}

static const struct source_sink sink = {.can = on_can};

static int adapter_open(char path[64])
{
    const int fd = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert_geq(fd, 0);
    cr_assert_eq(grantpt(fd), 0);
    cr_assert_eq(unlockpt(fd), 0);
    (void)snprintf(path, 64, "%s", ptsname(fd));
    return fd;
}

static void readable(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    cr_assert_eq(poll(&poller, 1, WAIT_MS), 1);
}

static void adapter_hears(int fd, const char *expected)
{
    char heard[64] = "";
    size_t n = 0;
    while (n < strlen(expected)) {
        readable(fd);
        const ssize_t more = read(fd, heard + n, sizeof heard - 1 - n);
        cr_assert_gt(more, 0);
        n += (size_t)more;
        heard[n] = '\0';
    }
    cr_expect_str_eq(heard, expected);
}

/* A terminal hands on what was written when it likes: read until so much has come in all. */
static void read_until(struct source *source, uint64_t messages, uint64_t bad)
{
    const struct source_stats *stats = source_stats(source);
    while (stats->messages < messages || stats->bad < bad) {
        readable(source_fd(source));
        source_read(source, &sink, 1);
        cr_assert_eq(stats->state, SOURCE_OPEN);
    }
    cr_expect_eq(stats->messages, messages);
    cr_expect_eq(stats->bad, bad);
}

static void adapter_says(int fd, const char *text)
{
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

Test(source_slcan, opens_the_channel_at_the_bit_rate_reads_frames_and_closes_it)
{
    char path[64];
    const int adapter = adapter_open(path);
    struct source *source = source_slcan_create(path, '6');
    source_tick(source, 0);
    cr_assert_eq(source_stats(source)->state, SOURCE_OPEN, "%s", source_stats(source)->reason);
    adapter_hears(adapter, "C\rS6\rO\r");
    adapter_says(adapter, "\r\r\rt12312A\rt12");
    read_until(source, 1, 0);
    adapter_says(adapter, "40\r\a");
    read_until(source, 2, 1);
    cr_expect_eq(n_frames, 2);
    cr_expect_eq(last.id, 0x124);
    cr_expect_str_eq(source_stats(source)->reason, "the adapter refused a command");
    source_read(source, &sink, 3); /* nothing there: does not block */
    source_destroy(source);
    adapter_hears(adapter, "C\r");
    (void)close(adapter);
}

Test(source_slcan, bytes_pass_untouched)
{
    char path[64];
    const int adapter = adapter_open(path);
    struct source *source = source_slcan_create(path, '6');
    source_tick(source, 0);
    adapter_hears(adapter, "C\rS6\rO\r");
    adapter_says(adapter, "\x03\x04\x11\x13\x1a\x7f\r"); /* what a terminal would act upon */
    read_until(source, 0, 1);
    cr_expect_str_eq(source_stats(source)->reason, "not a frame");
    source_destroy(source);
    (void)close(adapter);
}

Test(source_slcan, an_unplugged_adapter_closes_the_source_and_a_missing_one_says_so)
{
    char path[64];
    const int adapter = adapter_open(path);
    struct source *source = source_slcan_create(path, '6');
    source_tick(source, 0);
    cr_assert_eq(source_stats(source)->state, SOURCE_OPEN);
    (void)close(adapter);
    source_read(source, &sink, 1);
    cr_expect_eq(source_stats(source)->state, SOURCE_CONNECTING);
    cr_expect_str_eq(source_stats(source)->reason, "slcan: Input/output error");
    source_tick(source, 1001);
    cr_expect_eq(source_stats(source)->state, SOURCE_CONNECTING);
    cr_expect_eq(source_fd(source), -1);
    source_destroy(source);
}

Test(source_slcan, what_is_no_tty_is_not_opened)
{
    struct source *source = source_slcan_create("/dev/null", '6');
    source_tick(source, 0);
    cr_expect_eq(source_stats(source)->state, SOURCE_CONNECTING);
    cr_expect_str_eq(source_stats(source)->reason, "slcan: Inappropriate ioctl for device");
    source_destroy(source);
}
