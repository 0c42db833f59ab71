#define _GNU_SOURCE /* memfd_create(), closefrom for posix_spawn(), pidfd_open() */
#include "bureau/sightings/darkroom.h"

#include "bureau/sightings/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 100 };

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* At most `max` bytes, and one more when there are more. */
static int read_all(int fd, uint8_t *bytes, size_t max, size_t *ret_len)
{
    size_t len = 0;
    while (len <= max) {
        const ssize_t n = read(fd, bytes + len, max + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return 0;
}

/* --- in the process --- */

static void say(const char *words)
{
    (void)write_all(STDERR_FILENO, (const uint8_t *)words, strlen(words));
}

static int develop(const uint8_t *bytes, size_t len)
{
    struct picture picture;
    const char *reason = "";
    char size[32];
    const int rc = picture_reencode(bytes, len, &picture, &reason);
    if (rc != 0) {
        say(reason);
        return rc;
    }
    (void)snprintf(size, sizeof(size), "%ux%u", picture.width, picture.height);
    const int written = write_all(STDOUT_FILENO, picture.bytes, picture.len);
    if (written == 0)
        say(size);
    picture_free(&picture);
    return written;
}

int darkroom_process(void)
{
    size_t len = 0;
    uint8_t *bytes = malloc(PICTURE_BYTES_MAX + 1);
    int rc = bytes == NULL ? -ENOMEM : sandbox_enter();
    if (rc == 0)
        rc = read_all(STDIN_FILENO, bytes, PICTURE_BYTES_MAX, &len);
    if (rc == 0)
        rc = develop(bytes, len);
    free(bytes);
    return rc;
}

/* --- one picture --- */

/* What the process reads and writes lies in memory: it cannot block, nor be blocked. */
struct tray {
    int in, out, err;
};

static int open_tray(const struct darkroom_job *job, struct tray *ret)
{
    *ret = (struct tray){memfd_create("picture", MFD_CLOEXEC), memfd_create("developed", MFD_CLOEXEC),
                         memfd_create("words", MFD_CLOEXEC)};
    if (ret->in < 0 || ret->out < 0 || ret->err < 0)
        return -errno;
    const int rc = write_all(ret->in, job->bytes, job->len);
    return rc == 0 && lseek(ret->in, 0, SEEK_SET) != 0 ? -errno : rc;
}

static void close_tray(const struct tray *tray)
{
    const int fds[] = {tray->in, tray->out, tray->err};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
}

static int spawn(const char *program, const struct tray *tray, pid_t *ret)
{
    char name[] = "buswarden-bureau", verb[] = "photo";
    char *argv[] = {name, verb, NULL}, *none[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t no_signal, all_signals;
    (void)sigemptyset(&no_signal);
    (void)sigfillset(&all_signals);
    int rc = posix_spawn_file_actions_init(&files);
    if (rc != 0)
        return -rc;
    rc = posix_spawnattr_init(&how);
    if (rc != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return -rc;
    }
    (void)posix_spawn_file_actions_adddup2(&files, tray->in, STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&files, tray->out, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&files, tray->err, STDERR_FILENO);
    (void)posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    (void)posix_spawnattr_setsigmask(&how, &no_signal);
    (void)posix_spawnattr_setsigdefault(&how, &all_signals);
    (void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawn(ret, program, &files, &how, argv, none);
    (void)posix_spawnattr_destroy(&how);
    (void)posix_spawn_file_actions_destroy(&files);
    return -rc;
}

/* Its status as waitpid() has it; it is killed when its time is over. An error is never the picture's: it was
 * killed for our own reasons then. */
static int wait_for(pid_t pid, bool (*cancelled)(void *), void *context, int *ret_status)
{
    const int fd = pidfd_open(pid, 0);
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    int rc = fd >= 0 ? 0 : -errno;
    bool is_over = false;
    for (int waited_ms = 0; rc == 0 && !is_over && waited_ms < DARKROOM_TIMEOUT_MS; waited_ms += LOOK_MS) {
        is_over = poll(&ended, 1, LOOK_MS) > 0;
        if (!is_over && cancelled != NULL && cancelled(context))
            rc = -ECANCELED;
    }
    if (!is_over)
        (void)kill(pid, SIGKILL);
    if (fd >= 0)
        (void)close(fd);
    while (waitpid(pid, ret_status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return rc;
}

static void read_words(int fd, char ret[DARKROOM_REASON_MAX])
{
    const ssize_t n = pread(fd, ret, DARKROOM_REASON_MAX - 1, 0);
    ret[n > 0 ? n : 0] = '\0';
    for (char *c = ret; *c != '\0'; c++) /* from a process that a picture may have taken over */
        if (*c < ' ' || *c > '~')
            *c = '?';
}

/* "1600x1200" */
static int read_size(const char *words, struct picture *ret)
{
    char *end;
    const unsigned long width = strtoul(words, &end, 10);
    const unsigned long height = *end == 'x' ? strtoul(end + 1, &end, 10) : 0;
    if (*end != '\0' || width == 0 || width > PICTURE_EDGE || height == 0 || height > PICTURE_EDGE)
        return -EBADMSG;
    ret->width = (unsigned)width;
    ret->height = (unsigned)height;
    return 0;
}

static int take_picture(const struct tray *tray, const char *size, struct picture *ret)
{
    static const uint8_t start[] = {0xff, 0xd8, 0xff};
    struct stat status;
    struct picture taken = {0};
    if (read_size(size, &taken) != 0)
        return -EBADMSG;
    if (fstat(tray->out, &status) != 0 || status.st_size < (off_t)sizeof(start) ||
        status.st_size > PICTURE_KEPT_MAX)
        return -EBADMSG;
    taken.len = (size_t)status.st_size;
    taken.bytes = malloc(taken.len);
    if (taken.bytes == NULL)
        return -ENOMEM;
    if (pread(tray->out, taken.bytes, taken.len, 0) != (ssize_t)taken.len ||
        memcmp(taken.bytes, start, sizeof(start)) != 0) {
        picture_free(&taken);
        return -EBADMSG;
    }
    *ret = taken;
    return 0;
}

static void end_job(struct darkroom_job *job, enum darkroom_state state, const char *reason)
{
    (void)snprintf(job->reason, sizeof(job->reason), "%s", reason);
    job->state = state;
}

/* What the process said, or how it ended. */
static void judge(const struct tray *tray, int status, struct darkroom_job *job)
{
    char words[DARKROOM_REASON_MAX];
    read_words(tray->err, words);
    if (WIFSIGNALED(status))
        end_job(job, DARKROOM_REFUSED, "it cannot be decoded within the limits of time and memory");
    else if (WEXITSTATUS(status) == 0 && take_picture(tray, words, &job->picture) == 0)
        end_job(job, DARKROOM_READY, "");
    else if (WEXITSTATUS(status) == 2)
        end_job(job, DARKROOM_REFUSED, words);
    else
        end_job(job, DARKROOM_FAILED, *words ? words : "the process that decodes pictures failed");
}

void darkroom_develop_now(const char *program, struct darkroom_job *job, bool (*cancelled)(void *),
                          void *context)
{
    struct tray tray;
    pid_t pid = -1;
    int status = 0;
    int rc = open_tray(job, &tray);
    if (rc == 0)
        rc = spawn(program, &tray, &pid);
    if (rc == 0)
        rc = wait_for(pid, cancelled, context, &status);
    if (rc == 0)
        judge(&tray, status, job);
    else
        end_job(job, DARKROOM_FAILED, strerror(-rc)); // NOLINT(concurrency-mt-unsafe): of known errors
    close_tray(&tray);
}

/* --- the thread --- */

struct darkroom {
    const char *program;
    struct worker *worker;
};

static bool is_stopping(void *context)
{
    const struct darkroom *darkroom = context;
    return worker_is_stopping(darkroom->worker);
}

static void work(void *context, struct worker_job *queued, bool stopping)
{
    const struct darkroom *darkroom = context;
    struct darkroom_job *job = (struct darkroom_job *)queued; /* its first member */
    if (stopping)
        end_job(job, DARKROOM_FAILED, "the bureau is stopping");
    else
        darkroom_develop_now(darkroom->program, job, is_stopping, context);
    job->done(job->context);
}

int darkroom_create(const char *program, struct darkroom **ret)
{
    struct darkroom *darkroom = calloc(1, sizeof(*darkroom));
    if (darkroom == NULL)
        return -ENOMEM;
    const struct worker_config config = {.waiting_max = DARKROOM_JOBS_MAX, .work = work, .context = darkroom};
    darkroom->program = program;
    const int rc = worker_create(&config, &darkroom->worker);
    if (rc != 0)
        free(darkroom);
    else
        *ret = darkroom;
    return rc;
}

int darkroom_start(struct darkroom *darkroom)
{
    return worker_start(darkroom->worker);
}

void darkroom_stop(struct darkroom *darkroom)
{
    worker_stop(darkroom->worker);
}

void darkroom_destroy(struct darkroom *darkroom)
{
    if (darkroom == NULL)
        return;
    worker_destroy(darkroom->worker);
    free(darkroom);
}

int darkroom_develop(struct darkroom *darkroom, struct darkroom_job *job, void (*before)(void *context))
{
    job->state = DARKROOM_WAITS;
    const int rc = worker_do(darkroom->worker, &job->queued, before, job->context);
    if (rc != 0)
        job->state = DARKROOM_NONE;
    return rc;
}
