/* Who is in the sandbox and does what is not allowed there is dead. */
#define _GNU_SOURCE /* memfd_create */
#include "bureau/sightings/sandbox.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int fd;
static char page[4096] __attribute__((aligned(4096)));

static void use_memory(void)
{
    for (size_t size = 1; size < (size_t)32 << 20; size *= 3) {
        char *memory = malloc(size);
        memset(memory, 1, size);
        free(memory);
    }
}

static void write_a_byte(void)
{
    if (write(fd, "x", 1) != 1)
        abort();
}

static void open_a_file(void)
{
    (void)open("/etc/hostname", O_RDONLY | O_CLOEXEC);
}

static void make_a_socket(void)
{
    (void)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void start_a_program(void)
{
    (void)execl("/bin/true", "true", NULL);
}

static void start_a_process(void)
{
    (void)fork();
}

static void send_a_signal(void)
{
    (void)kill(getppid(), SIGTERM);
}

static void make_code(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void change_protection(void)
{
    (void)mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void compute_for_ever(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

static const struct {
    const char *name;
    void (*deed)(void);
    int signal; /* 0 = lives */
} DEEDS[] = {
    {"use memory", use_memory, 0},
    {"write to an open file", write_a_byte, 0},
    {"open a file", open_a_file, SIGSYS},
    {"make a socket", make_a_socket, SIGSYS},
    {"start a program", start_a_program, SIGSYS},
    {"start a process", start_a_process, SIGSYS},
    {"send a signal", send_a_signal, SIGSYS},
    {"make code", make_code, SIGSYS},
    {"make code of data", change_protection, SIGSYS},
    {"compute for ever", compute_for_ever, SIGKILL},
};

Test(sandbox, what_is_not_allowed_kills)
{
    fd = memfd_create("out", MFD_CLOEXEC);
    for (size_t i = 0; i < sizeof(DEEDS) / sizeof(DEEDS[0]); i++) {
        int status = 0;
        const pid_t child = fork();
        if (child == 0) {
            if (sandbox_enter() != 0)
                _exit(99);
            DEEDS[i].deed();
            _exit(0);
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        if (!WIFSIGNALED(status))
            cr_expect_eq(WEXITSTATUS(status), 0, "%s: exit code %d", DEEDS[i].name, WEXITSTATUS(status));
        cr_expect_eq(signal, DEEDS[i].signal, "%s: signal %d", DEEDS[i].name, signal);
    }
}
