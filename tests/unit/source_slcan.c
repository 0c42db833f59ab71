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

/* An open source, its adapter, and the commands of the opening taken from the line. */
static struct source *opened(int *ret_adapter)
{
    char path[64];
    *ret_adapter = adapter_open(path);
    struct source *source = source_slcan_create(path, '6');
    source_tick(source, 0);
    cr_assert_eq(source_stats(source)->state, SOURCE_OPEN, "%s", source_stats(source)->reason);
    adapter_hears(*ret_adapter, "C\rS6\rO\r");
    return source;
}

static uint64_t trouble(const struct source *source, const char *code)
{
    const struct source_stats *stats = source_stats(source);
    for (size_t i = 0; i < stats->n_troubles; i++)
        if (strcmp(stats->troubles[i].code, code) == 0)
            return stats->troubles[i].n;
    return 0;
}

Test(source_slcan, a_lawicel_adapter_is_asked_for_its_flags_and_may_refuse_to_close_what_is_closed)
{
    int adapter;
    struct source *source = opened(&adapter);
    adapter_says(adapter, "\a\r\rt12312A1F40\rT18FEF1002FF001F41\r");
    read_until(source, 2, 0);
    source_tick(source, 1000);
    adapter_hears(adapter, "F\r");
    adapter_says(adapter, "F00\rt12312A\r");
    read_until(source, 3, 0);
    source_tick(source, 2000);
    adapter_hears(adapter, "F\r");
    adapter_says(adapter, "FAD\r");
    read_until(source, 3, 4);
    cr_expect_eq(trouble(source, "overrun"), 1);
    cr_expect_eq(trouble(source, "error_warning"), 1);
    cr_expect_eq(trouble(source, "error_passive"), 1);
    cr_expect_eq(trouble(source, "bus_error"), 1);
    source_destroy(source);
    adapter_hears(adapter, "C\r");
    (void)close(adapter);
}

Test(source_slcan, one_that_has_no_flags_says_no_once_and_is_asked_no_more)
{
    int adapter;
    struct source *source = opened(&adapter);
    adapter_says(adapter, "\r\r\rt1230\r");
    read_until(source, 1, 0);
    source_tick(source, 1000);
    adapter_hears(adapter, "F\r");
    adapter_says(adapter, "\at1230\r");
    read_until(source, 2, 0);
    source_tick(source, 2000);
    source_tick(source, 3000);
    source_destroy(source);
    adapter_hears(adapter, "C\r");
    (void)close(adapter);
}

Test(source_slcan, one_that_never_answers_is_asked_three_times)
{
    int adapter;
    struct source *source = opened(&adapter);
    for (int64_t mono_ms = 1000; mono_ms <= 9000; mono_ms += 1000)
        source_tick(source, mono_ms);
    adapter_says(adapter, "t1230\r");
    read_until(source, 1, 0);
    source_destroy(source);
    adapter_hears(adapter, "F\rF\rF\rC\r");
    (void)close(adapter);
}

Test(source_slcan, a_command_that_is_refused_is_named)
{
    int adapter;
    struct source *source = opened(&adapter);
    adapter_says(adapter, "\r\a");
    read_until(source, 0, 1);
    cr_expect_str_eq(source_stats(source)->reason, "the adapter refused the bit rate");
    adapter_says(adapter, "\a");
    read_until(source, 0, 2);
    cr_expect_str_eq(source_stats(source)->reason, "the adapter refused to open the channel");
    cr_expect_eq(trouble(source, "refused_command"), 2);
    source_destroy(source);
    (void)close(adapter);
}

Test(source_slcan, fd_and_remote_frames_of_a_canable_are_counted_and_no_fault)
{
    int adapter;
    struct source *source = opened(&adapter);
    adapter_says(adapter,
                 "\r\r\rd1239000102030405060708090A0B\rB18FEF1001FF\rr12381122334455667788\rt1230\r");
    read_until(source, 1, 0);
    cr_expect_eq(trouble(source, "fd"), 2);
    cr_expect_eq(trouble(source, "remote"), 1);
    source_destroy(source);
    (void)close(adapter);
}

Test(source_slcan, an_adapter_that_comes_back_under_its_name_is_opened_again)
{
    char name[] = "/tmp/slcan-XXXXXX", path[64], link[80];
    cr_assert_not_null(mkdtemp(name));
    (void)snprintf(link, sizeof link, "%s/by-id", name);
    int adapter = adapter_open(path);
    cr_assert_eq(symlink(path, link), 0);
    struct source *source = source_slcan_create(link, '6');
    source_tick(source, 0);
    adapter_hears(adapter, "C\rS6\rO\r");
    const int other = adapter_open(path); /* takes its number before the old one is given back */
    cr_assert_eq(close(adapter), 0);
    cr_assert_eq(unlink(link), 0);
    readable(source_fd(source));
    source_read(source, &sink, 1);
    cr_expect_eq(source_stats(source)->state, SOURCE_CONNECTING);
    source_tick(source, 1001);
    cr_expect_str_eq(source_stats(source)->reason, "slcan: No such file or directory");
    cr_assert_eq(symlink(path, link), 0);
    source_tick(source, 20000);
    adapter_hears(other, "C\rS6\rO\r");
    adapter_says(other, "\r\r\rt12312A\r");
    read_until(source, 1, 0);
    cr_expect_eq(source_stats(source)->opened, 2);
    source_destroy(source);
    (void)close(other);
    (void)unlink(link);
    (void)rmdir(name);
}
