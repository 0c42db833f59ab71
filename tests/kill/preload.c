/* What goes wrong under a program, on cue, for tests/kill/run (LD_PRELOAD):
 *
 *     KILL_RECEIPT=N     one receipt in N is not sent: the process is killed instead, after its commit
 *     KILL_CLOCK=FILE    CLOCK_REALTIME is off by the seconds that stand in FILE
 *     KILL_DISK=FILE     while FILE exists, one write, sync or truncation in two of an outbox fails with EIO
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct mosquitto;

/* Sets a static function pointer to the real thing, the way that POSIX allows. */
#define FIND(name)                                                                                           \
    if (real == NULL)                                                                                        \
    *(void **)&real = dlsym(RTLD_NEXT, name)

static unsigned dice(unsigned sides)
{
    unsigned value = 0;
    (void)!getrandom(&value, sizeof value, 0);
    return value % sides;
}

/* ---- between commit and receipt ---- */

int mosquitto_publish(struct mosquitto *mosq, int *mid, const char *topic, int len, const void *payload,
                      int qos, bool retain);
int mosquitto_publish(struct mosquitto *mosq, int *mid, const char *topic, int len, const void *payload,
                      int qos, bool retain)
{
    static int (*real)(struct mosquitto *, int *, const char *, int, const void *, int, bool);
    FIND("mosquitto_publish");
    const char *one_in = getenv("KILL_RECEIPT"), *channel = strrchr(topic, '/');
    if (one_in != NULL && channel != NULL && strcmp(channel, "/receipt") == 0 &&
        dice((unsigned)strtoul(one_in, NULL, 10)) == 0) {
        (void)!write(STDERR_FILENO, "KILLED BEFORE A RECEIPT\n", 24);
        (void)kill(getpid(), SIGKILL);
    }
    return real(mosq, mid, topic, len, payload, qos, retain);
}

/* ---- the clock ---- */

static time_t offset_s(void)
{
    static time_t looked_up_s;
    static long offset;
    static int (*real)(clockid_t, struct timespec *);
    FIND("clock_gettime");
    struct timespec now;
    const char *path = getenv("KILL_CLOCK");
    if (path == NULL || real(CLOCK_MONOTONIC, &now) != 0 || now.tv_sec == looked_up_s)
        return offset;
    looked_up_s = now.tv_sec;
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%ld", &offset) != 1)
            offset = 0;
        (void)fclose(file);
    }
    return offset;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    static int (*real)(clockid_t, struct timespec *);
    FIND("clock_gettime");
    const int rc = real(clock, ret);
    if (rc == 0 && clock == CLOCK_REALTIME)
        ret->tv_sec += offset_s();
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
    const char *cue = getenv("KILL_DISK");
    if (cue == NULL || access(cue, F_OK) != 0)
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
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    FIND("pwrite64");
    return fails(fd) ? -1 : real(fd, data, len, offset);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    return pwrite64(fd, data, len, offset);
}

int fsync(int fd)
{
    static int (*real)(int);
    FIND("fsync");
    return fails(fd) ? -1 : real(fd);
}

int fdatasync(int fd)
{
    static int (*real)(int);
    FIND("fdatasync");
    return fails(fd) ? -1 : real(fd);
}

int ftruncate64(int fd, off64_t len)
{
    static int (*real)(int, off64_t);
    FIND("ftruncate64");
    return fails(fd) ? -1 : real(fd, len);
}

int ftruncate(int fd, off_t len)
{
    return ftruncate64(fd, len);
}
