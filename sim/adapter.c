#define _GNU_SOURCE /* ptsname_r */
#include "sim/adapter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { COMMAND_MAX = 32, OUT_MAX = 4096 };

struct adapter {
    char *link_path; /* NULL until the link is ours */
    int master;
    int slave; /* held open, so that a gateway that goes away does not hang the line up */
    bool open;
    size_t command_len;
    char command[COMMAND_MAX];
    size_t out_len;
    char out[OUT_MAX];
    uint64_t frames_lost;
};

static int open_terminal(struct adapter *adapter)
{
    char path[64];
    adapter->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (adapter->master < 0 || grantpt(adapter->master) != 0 || unlockpt(adapter->master) != 0)
        return -errno;
    int rc = ptsname_r(adapter->master, path, sizeof path);
    if (rc != 0)
        return -rc;
    adapter->slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (adapter->slave < 0)
        return -errno;
    struct termios raw;
    if (tcgetattr(adapter->slave, &raw) != 0)
        return -errno;
    cfmakeraw(&raw);
    return tcsetattr(adapter->slave, TCSANOW, &raw) == 0 ? 0 : -errno;
}

static int make_link(struct adapter *adapter, const char *link_path)
{
    char path[64];
    int rc = ptsname_r(adapter->master, path, sizeof path);
    if (rc != 0)
        return -rc;
    struct stat old;
    if (lstat(link_path, &old) == 0 && S_ISLNK(old.st_mode) && unlink(link_path) != 0)
        return -errno;
    char *copy = strdup(link_path);
    if (copy == NULL)
        return -ENOMEM;
    if (symlink(path, link_path) != 0) {
        rc = -errno;
        free(copy);
        return rc;
    }
    adapter->link_path = copy;
    return 0;
}

int adapter_create(const char *link_path, struct adapter **ret)
{
    struct adapter *adapter = calloc(1, sizeof *adapter);
    if (adapter == NULL)
        return -ENOMEM;
    adapter->master = adapter->slave = -1;
    int rc = open_terminal(adapter);
    if (rc == 0)
        rc = make_link(adapter, link_path);
    if (rc != 0) {
        adapter_free(adapter);
        return rc;
    }
    *ret = adapter;
    return 0;
}

void adapter_free(struct adapter *adapter)
{
    if (adapter == NULL)
        return;
    if (adapter->link_path != NULL)
        (void)unlink(adapter->link_path); /* gone already is as good */
    free(adapter->link_path);
    if (adapter->slave >= 0)
        close(adapter->slave);
    if (adapter->master >= 0)
        close(adapter->master);
    free(adapter);
}

int adapter_fd(const struct adapter *adapter)
{
    return adapter->master;
}

short adapter_events(const struct adapter *adapter)
{
    return adapter->out_len > 0 ? POLLIN | POLLOUT : POLLIN;
}

static int flush(struct adapter *adapter)
{
    ssize_t n = write(adapter->master, adapter->out, adapter->out_len);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    adapter->out_len -= (size_t)n;
    memmove(adapter->out, adapter->out + n, adapter->out_len);
    return 0;
}

static bool queue(struct adapter *adapter, const char *text)
{
    size_t len = strlen(text);
    if (len > sizeof adapter->out - adapter->out_len)
        return false;
    memcpy(adapter->out + adapter->out_len, text, len);
    adapter->out_len += len;
    return true;
}

/* The answer to one command: CR for done, BEL for an error. */
static const char *answer(struct adapter *adapter)
{
    switch (adapter->command_len == 0 ? '\r' : adapter->command[0]) {
    case '\r': /* an empty line, which clears the adapter's input */
        return "\r";
    case 'S': /* bit rate, only while closed */
        return adapter->open || adapter->command_len != 2 ? "\a" : "\r";
    case 'O':
    case 'L': /* open to listen */
        adapter->open = true;
        return "\r";
    case 'C':
        adapter->open = false;
        return "\r";
    case 'V':
        return "V0101\r";
    case 'N':
        return "NBW01\r";
    default:
        return "\a";
    }
}

static void take(struct adapter *adapter, char c)
{
    if (c == '\n')
        return;
    if (c != '\r') {
        if (adapter->command_len < COMMAND_MAX)
            adapter->command[adapter->command_len++] = c;
        return;
    }
    /* Answers share the buffer with frames; one that finds no room is lost, as on a line that nobody reads.
     */
    (void)queue(adapter, adapter->command_len < COMMAND_MAX ? answer(adapter) : "\a");
    adapter->command_len = 0;
}

int adapter_serve(struct adapter *adapter)
{
    char in[256];
    ssize_t n = read(adapter->master, in, sizeof in);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return -errno;
    for (ssize_t i = 0; i < n; i++)
        take(adapter, in[i]);
    return flush(adapter);
}

int adapter_send(struct adapter *adapter, const struct can_frame *frame)
{
    if (!adapter->open)
        return 0;
    char line[CAN_LINE_LEN];
    can_slcan_line(frame, line);
    if (!queue(adapter, line))
        adapter->frames_lost++;
    return flush(adapter);
}

bool adapter_is_open(const struct adapter *adapter)
{
    return adapter->open;
}

uint64_t adapter_frames_lost(const struct adapter *adapter)
{
    return adapter->frames_lost;
}
