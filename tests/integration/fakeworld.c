/* Preloaded into a program under test: a resolver and a wall clock that the test turns while the program
 * runs. The directory that FAKEWORLD names may hold
 *
 *     resolver   "hang": nobody answers while it says so; "none": no name is known; else the address of every
 * name clock_s    seconds by which the wall clock is wrong
 *
 * Without the file it is the true world. Monotonic clocks are never touched. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_LEN = 64, POLL_US = 20000 };

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

static void *next(const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (symbol == NULL)
        abort();
    return symbol;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    char answer[TEXT_LEN];
    *(void **)&real = next("getaddrinfo");
    if (node == NULL || strspn(node, "0123456789.:") == strlen(node) || strcmp(node, "localhost") == 0)
        return real(node, service, hints, ret);
    for (look("resolver", answer); strcmp(answer, "hang") == 0; look("resolver", answer))
        (void)usleep(POLL_US);
    if (strcmp(answer, "none") == 0)
        return EAI_NONAME;
    return real(answer[0] != '\0' ? answer : node, service, hints, ret);
}

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
