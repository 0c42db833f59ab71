#include "proto/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int become(const char *user)
{
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL)
        return errno == 0 ? -ENOENT : -errno;
    if (geteuid() == entry->pw_uid)
        return 0;
    if (initgroups(user, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 || setuid(entry->pw_uid) != 0)
        return -errno;
    return 0;
}

/* capset(2) has no wrapper in libc. One that has nothing to give up makes no such call: the unit's filter
 * refuses it. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, held) != 0)
        return -errno;
    unsigned any = 0;
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        any |= held[i].effective | held[i].permitted | held[i].inheritable;
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    return any != 0 && syscall(SYS_capset, &header, none) != 0 ? -errno : 0;
}

int privileges_drop(const char *user)
{
    int error = user != NULL ? become(user) : 0;
    if (error == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        error = -errno;
    return error == 0 ? drop_capabilities() : error;
}
