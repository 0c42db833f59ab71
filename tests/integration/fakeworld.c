/* Preloaded into a program under test: a world that the test turns while the program runs. The directory that
 * FAKEWORLD names may hold files, whose first line says:
 *
 *     resolver   hang: nobody answers while it says so; hang all: nor when it is asked for a number; none: no
 *                name is known; else the address of every name
 *     clock_s    seconds by which the wall clock is wrong
 *     disk       slow: whoever waits for the disk waits 300 ms; fail: a write, sync or truncation in two of
 *                an outbox fails with EIO
 *     poll       hang: every thread but the main one, at its next poll(2), while it says so
 *     telling    hang: whoever waits for messages to people outside (curl_multi_poll), while it says so
 *     receipt    N: one receipt in N is not sent: the process is killed instead, after its commit
 *
 * Without the file it is the true world. SIGUSR2 makes the main thread hang for good. Monotonic clocks are
 * never touched. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_LEN = 64, LOOK_AGAIN_US = 20000, SLOW_US = 300000 };

/* "" when there is no such file. */
static void look(const char *name, char ret[TEXT_LEN])
{
    const char *directory = getenv("FAKEWORLD");
    char path[512];
    ret[0] = '\0';
    if (directory == NULL || snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
        return;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(ret, TEXT_LEN, file) == NULL)
        ret[0] = '\0';
    (void)fclose(file);
    ret[strcspn(ret, "\n")] = '\0';
}

static bool says(const char *name, const char *word)
{
    char text[TEXT_LEN];
    look(name, text);
    return strcmp(text, word) == 0;
}

static void wait_while(const char *name, const char *word)
{
    while (says(name, word))
        (void)usleep(LOOK_AGAIN_US);
}

static void *next(const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (symbol == NULL)
        abort();
    return symbol;
}

static unsigned dice(unsigned sides)
{
    unsigned value = 0;
    if (getrandom(&value, sizeof value, 0) != sizeof value)
        abort();
    return value % sides;
}

/* ---- threads ---- */

static void hang(int signal)
{
    (void)signal;
    for (;;)
        (void)pause();
}

__attribute__((constructor)) static void begin(void)
{
    const struct sigaction action = {.sa_handler = hang};
    (void)sigaction(SIGUSR2, &action, NULL);
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    int (*real)(struct pollfd *, nfds_t, int);
    *(void **)&real = next("poll");
    if (gettid() != getpid())
        wait_while("poll", "hang");
    return real(fds, n, timeout);
}

int curl_multi_poll(void *multi, void *fds, unsigned n, int timeout_ms, int *ret);
int curl_multi_poll(void *multi, void *fds, unsigned n, int timeout_ms, int *ret)
{
    int (*real)(void *, void *, unsigned, int, int *);
    *(void **)&real = next("curl_multi_poll");
    wait_while("telling", "hang");
    return real(multi, fds, n, timeout_ms, ret);
}

/* ---- the network ---- */

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    char answer[TEXT_LEN];
    *(void **)&real = next("getaddrinfo");
    wait_while("resolver", "hang all");
    if (node == NULL || strspn(node, "0123456789.:") == strlen(node) || strcmp(node, "localhost") == 0)
        return real(node, service, hints, ret);
    wait_while("resolver", "hang");
    look("resolver", answer);
    if (strcmp(answer, "none") == 0)
        return EAI_NONAME;
    return real(answer[0] != '\0' ? answer : node, service, hints, ret);
}

struct mosquitto;
int mosquitto_publish(struct mosquitto *mosq, int *mid, const char *topic, int len, const void *payload,
                      int qos, bool retain);
int mosquitto_publish(struct mosquitto *mosq, int *mid, const char *topic, int len, const void *payload,
                      int qos, bool retain)
{
    int (*real)(struct mosquitto *, int *, const char *, int, const void *, int, bool);
    char text[TEXT_LEN];
    const char *channel = strrchr(topic, '/');
    *(void **)&real = next("mosquitto_publish");
    if (channel != NULL && strcmp(channel, "/receipt") == 0) {
        look("receipt", text);
        const unsigned one_in = (unsigned)strtoul(text, NULL, 10);
        if (one_in > 0 && dice(one_in) == 0) {
            (void)!write(STDERR_FILENO, "KILLED BEFORE A RECEIPT\n", 24);
            (void)kill(getpid(), SIGKILL);
        }
    }
    return real(mosq, mid, topic, len, payload, qos, retain);
}

/* ---- the wall clock ---- */

static time_t wrong_by_s(void)
{
    char text[TEXT_LEN];
    look("clock_s", text);
    return (time_t)strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int (*real)(clockid_t, struct timespec *);
    *(void **)&real = next("clock_gettime");
    const int rc = real(clock, ret);
    if (rc == 0 && clock == CLOCK_REALTIME)
        ret->tv_sec += wrong_by_s();
    return rc;
}

time_t time(time_t *ret)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL)
        *ret = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

/* ---- the disk ---- */

static bool fails(int fd)
{
    char link[64], path[512];
    if (!says("disk", "fail"))
        return false;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    if (strstr(path, "outbox") == NULL || dice(2) != 0)
        return false;
    errno = EIO;
    return true;
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off64_t);
    *(void **)&real = next("pwrite64");
    return fails(fd) ? -1 : real(fd, data, len, offset);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    return pwrite64(fd, data, len, offset);
}

static int sync_with(const char *name, int fd)
{
    int (*real)(int);
    *(void **)&real = next(name);
    if (says("disk", "slow"))
        (void)usleep(SLOW_US);
    return fails(fd) ? -1 : real(fd);
}

int fsync(int fd)
{
    return sync_with("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_with("fdatasync", fd);
}

int ftruncate64(int fd, off64_t len)
{
    int (*real)(int, off64_t);
    *(void **)&real = next("ftruncate64");
    return fails(fd) ? -1 : real(fd, len);
}

int ftruncate(int fd, off_t len)
{
    return ftruncate64(fd, len);
}
