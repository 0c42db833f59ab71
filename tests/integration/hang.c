/* Preloaded into a program under test: makes one part of it hang, as a part that is ill would. What hangs is
 * told by files in the folder $HANG while they are there: poll        every thread but the main one, at its
 * next poll(2) resolver    whoever asks for a name disk        whoever waits for the disk: 300 ms each time
 * SIGUSR2 makes the main thread hang for good. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static bool hangs(const char *what)
{
    char path[256];
    const char *folder = getenv("HANG");
    (void)snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "/nowhere", what);
    return access(path, F_OK) == 0;
}

static void wait_ms(long ms)
{
    const struct timespec time = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&time, NULL);
}

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
    *(void **)&real = dlsym(RTLD_NEXT, "poll");
    while (gettid() != getpid() && hangs("poll"))
        wait_ms(50);
    return real(fds, n, timeout);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    while (hangs("resolver"))
        wait_ms(50);
    return real(node, service, hints, ret);
}

static int slow(const char *name, int fd)
{
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    if (hangs("disk"))
        wait_ms(300);
    return real(fd);
}

int fsync(int fd)
{
    return slow("fsync", fd);
}

int fdatasync(int fd)
{
    return slow("fdatasync", fd);
}
