/* The adapter as a gateway sees it: a terminal behind a link. */
#include "sim/adapter.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/buswarden-adapter-XXXXXX";
static char link_path[64];
static struct adapter *adapter;

static void setup(void)
{
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(link_path, sizeof link_path, "%s/can", folder);
    cr_assert_eq(adapter_create(link_path, &adapter), 0);
}

static void teardown(void)
{
    adapter_free(adapter);
    (void)unlink(link_path);
    (void)rmdir(folder);
}

TestSuite(sim_adapter, .init = setup, .fini = teardown);

static const struct can_frame FRAME = {.id = 0x310, .len = 2, .data = {0x12, 0xEF}};

static int open_line(void)
{
    int fd = open(link_path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    cr_assert_geq(fd, 0);
    return fd;
}

/* Send a command, let the adapter serve, and read what it says. */
static const char *ask(int fd, const char *command)
{
    static char said[256];
    cr_assert_eq(write(fd, command, strlen(command)), (ssize_t)strlen(command));
    struct pollfd ready = {.fd = adapter_fd(adapter), .events = POLLIN};
    cr_assert_eq(poll(&ready, 1, 5000), 1);
    cr_assert_eq(adapter_serve(adapter), 0);
    ready = (struct pollfd){.fd = fd, .events = POLLIN};
    cr_assert_eq(poll(&ready, 1, 5000), 1, "no answer to %s", command);
    ssize_t n = read(fd, said, sizeof said - 1);
    cr_assert_geq(n, 0);
    said[n] = '\0';
    return said;
}

Test(sim_adapter, answers_the_lawicel_commands)
{
    static const struct {
        const char *command, *answer;
    } cases[] = {
        {"\r", "\r"},
        {"C\r", "\r"},
        {"S6\r", "\r"},
        {"O\r", "\r"},
        {"S6\r", "\a"},
        {"C\r", "\r"},
        {"V\r", "V0101\r"},
        {"X\r", "\a"},
        {"S\r", "\a"},
        {"OVER-LONG-COMMAND-OVER-LONG-COMMAND\r", "\a"},
        {"C\rS6\rO\r", "\r\r\r"},
    };
    int fd = open_line();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_str_eq(ask(fd, cases[i].command), cases[i].answer, "case %zu", i);
    close(fd);
}

Test(sim_adapter, passes_frames_only_while_open)
{
    int fd = open_line();
    cr_assert_eq(adapter_send(adapter, &FRAME), 0);
    cr_expect_str_eq(ask(fd, "O\r"), "\r", "nothing of the frame before");
    cr_assert_eq(adapter_send(adapter, &FRAME), 0);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    cr_assert_eq(poll(&ready, 1, 5000), 1);
    char said[64];
    ssize_t n = read(fd, said, sizeof said);
    cr_assert_eq(n, 10);
    cr_expect_eq(memcmp(said, "t310212EF\r", 10), 0);
    cr_expect_str_eq(ask(fd, "C\r"), "\r");
    cr_assert_eq(adapter_send(adapter, &FRAME), 0);
    cr_expect_eq(read(fd, said, sizeof said), -1);
    cr_expect_eq(errno, EAGAIN);
    close(fd);
}

Test(sim_adapter, loses_whole_frames_when_nobody_reads_and_counts_them)
{
    enum { FRAMES = 5000 };
    int fd = open_line();
    (void)ask(fd, "O\r");
    for (int i = 0; i < FRAMES; i++)
        cr_assert_eq(adapter_send(adapter, &FRAME), 0);
    cr_expect_gt(adapter_frames_lost(adapter), 0);
    size_t whole = 0, len = 0;
    char text[4096], frame[16];
    for (;;) {
        ssize_t n = read(fd, text, sizeof text);
        if (n < 0) {
            cr_assert_eq(errno, EAGAIN);
            if (adapter_events(adapter) == POLLIN)
                break;
            cr_assert_eq(adapter_serve(adapter), 0);
            continue;
        }
        for (ssize_t i = 0; i < n; i++) {
            cr_assert_lt(len, sizeof frame);
            frame[len++] = text[i];
            if (text[i] != '\r')
                continue;
            cr_assert_eq(memcmp(frame, "t310212EF\r", len), 0);
            whole++;
            len = 0;
        }
    }
    cr_expect_eq(whole + adapter_frames_lost(adapter), FRAMES);
    close(fd);
}

Test(sim_adapter, survives_a_gateway_that_goes_and_comes_back)
{
    int fd = open_line();
    (void)ask(fd, "O\r");
    close(fd);
    cr_assert_eq(adapter_serve(adapter), 0);
    cr_assert_eq(adapter_send(adapter, &FRAME), 0);
    cr_expect(adapter_is_open(adapter));
    fd = open_line();
    cr_expect_not_null(strstr(ask(fd, "C\r"), "\r"));
    cr_expect_not(adapter_is_open(adapter));
    close(fd);
}

Test(sim_adapter, takes_over_a_stale_link_but_no_file_and_removes_its_own)
{
    char path[128];
    struct adapter *other = NULL;
    (void)snprintf(path, sizeof path, "%s/other", folder);
    cr_assert_eq(symlink("/nowhere", path), 0);
    cr_assert_eq(adapter_create(path, &other), 0);
    cr_expect_eq(access(path, R_OK | W_OK), 0);
    adapter_free(other);
    cr_expect_neq(faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW), 0, "the link is gone");

    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    cr_assert_geq(fd, 0);
    close(fd);
    cr_expect_eq(adapter_create(path, &other), -EEXIST);
    cr_assert_eq(unlink(path), 0);
}
