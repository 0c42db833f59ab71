#include "bureau/sightings/sandbox.h"

#include "bureau/sightings/picture.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum {
    MEMORY_BYTES =
        512 * 1024 * 1024, /* address space: 48 million pixels in a progressive picture are 288 MB */
    PROCESSOR_S = 5,
    FILES = 3, /* standard input, output, error */
};

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "name this machine's AUDIT_ARCH_..."
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW(number)                                                                                        \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Of mmap() the low half of the protection is looked at: memory that can be run is not to be had. */
static struct sock_filter FILTER[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    ALLOW(SYS_read),
    ALLOW(SYS_write),
    ALLOW(SYS_brk),
    ALLOW(SYS_munmap),
    ALLOW(SYS_mremap),
    ALLOW(SYS_madvise),
    ALLOW(SYS_futex),
#ifdef __SANITIZE_ADDRESS__ /* asks for it at the end */
    ALLOW(SYS_sigaltstack),
#endif
    ALLOW(SYS_exit),
    ALLOW(SYS_exit_group),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    LOAD(args[2]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static int limit(int resource, rlim_t value)
{
    const struct rlimit both = {value, value};
    return setrlimit(resource, &both) == 0 ? 0 : -errno;
}

static int limit_all(void)
{
    int rc = limit(RLIMIT_CORE, 0);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow is larger than any limit */
    if (rc == 0)
        rc = limit(RLIMIT_AS, MEMORY_BYTES);
#endif
    if (rc == 0)
        rc = limit(RLIMIT_CPU, PROCESSOR_S);
    if (rc == 0)
        rc = limit(RLIMIT_FSIZE, PICTURE_KEPT_MAX);
    if (rc == 0)
        rc = limit(RLIMIT_NOFILE, FILES);
    return rc;
}

int sandbox_enter(void)
{
    const struct sock_fprog program = {.len = sizeof(FILTER) / sizeof(FILTER[0]), .filter = FILTER};
    const int rc = limit_all();
    if (rc != 0)
        return rc;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return -errno;
    return 0;
}
