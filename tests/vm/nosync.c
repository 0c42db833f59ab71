/* Preloaded in the control of the power cut test: a gateway that waits for no disk. It must be seen to lose
 * alerts. */
#include <unistd.h>

int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}
