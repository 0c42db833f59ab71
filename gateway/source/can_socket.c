/* A CAN interface of the kernel: SocketCAN. */
#include <errno.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/source/canlink.h"
#include "gateway/source/canraw.h"

/* At most so many frames in one turn of the loop: some 125 ms of a full bus at 500 kbit/s. */
enum { FRAMES_PER_READ_MAX = 512 };
/* What is asked of the kernel for frames that wait for us; it gives at most twice net.core.rmem_max. */
static const int RECEIVE_BUFFER_BYTES = 1 << 20;

struct can_interface {
    char name[IFNAMSIZ];
    int fd;           /* -1 closed */
    uint32_t dropped; /* the kernel's count, as last told */
};

static int set_options(int fd)
{
    const int on = 1;
    const can_err_mask_t errors = CANRAW_ERRORS;
    if (setsockopt(fd, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof errors) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on) != 0)
        return -errno;
    /* A smaller one only drops sooner, and what is dropped is counted. */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &RECEIVE_BUFFER_BYTES, sizeof RECEIVE_BUFFER_BYTES);
    return 0;
}

/* By name, for an interface that comes back has another index. */
static int bind_interface(int fd, const char *name, unsigned *ret_index)
{
    struct ifreq request = {0};
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (ioctl(fd, SIOCGIFINDEX, &request) != 0)
        return -errno;
    const struct sockaddr_can address = {.can_family = AF_CAN, .can_ifindex = request.ifr_ifindex};
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return -errno;
    int error; /* ENETDOWN: there, but not up */
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        return -errno;
    *ret_index = (unsigned)request.ifr_ifindex;
    return -error;
}

static int interface_open(void *self, struct source_stats *stats)
{
    struct can_interface *interface = self;
    unsigned index = 0;
    const int fd = socket(AF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, CAN_RAW);
    if (fd < 0)
        return -errno;
    int error = set_options(fd);
    if (error == 0)
        error = bind_interface(fd, interface->name, &index);
    if (error != 0) {
        (void)close(fd);
        return error;
    }
    interface->fd = fd;
    interface->dropped = 0;
    struct canlink link = {0};
    if (canlink_query(index, &link) == 0) { /* else nobody knows, and nobody warns */
        stats->stays_off = link.stays_off;
        source_trouble(stats, link.bus_off, "bus_off", "bus-off: the controller is off the bus");
    }
    return 0;
}

static int interface_fd(const void *self)
{
    const struct can_interface *interface = self;
    return interface->fd;
}

/* The kernel says with each frame how many it has dropped on this socket so far. */
static void count_dropped(struct can_interface *interface, struct msghdr *message, struct source_stats *stats)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        uint32_t dropped;
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_RXQ_OVFL)
            continue;
        memcpy(&dropped, CMSG_DATA(part), sizeof dropped);
        source_trouble(stats, dropped - interface->dropped, "dropped",
                       "the kernel dropped frames: they were not read in time");
        interface->dropped = dropped;
    }
}

static void judge(const struct can_frame *raw, size_t n, const struct source_sink *sink,
                  struct source_stats *stats)
{
    struct can_frame_in frame;
    switch (canraw_take(raw, n, &frame)) {
    case CANRAW_DATA:
        sink->can(sink->context, &frame);
        break;
    case CANRAW_REMOTE:
        source_passed_over(stats, 1, "remote", "remote frame");
        break;
    case CANRAW_ERROR:
        canraw_troubles(raw, stats);
        break;
    case CANRAW_BAD:
        source_refuse(stats, 1, "no frame of classic CAN");
        break;
    }
}

static int interface_read(void *self, const struct source_sink *sink, struct source_stats *stats)
{
    struct can_interface *interface = self;
    for (int i = 0; i < FRAMES_PER_READ_MAX; i++) {
        struct can_frame raw;
        union {
            struct cmsghdr align;
            char bytes[CMSG_SPACE(sizeof(uint32_t))];
        } control;
        struct iovec data = {.iov_base = &raw, .iov_len = sizeof raw};
        struct msghdr message = {
            .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        const ssize_t n = recvmsg(interface->fd, &message, MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno; /* ENETDOWN, ENODEV: taken down, or away */
        judge(&raw, (size_t)n, sink, stats);
        count_dropped(interface, &message, stats);
    }
    return 0;
}

static void interface_close(void *self)
{
    struct can_interface *interface = self;
    (void)close(interface->fd);
    interface->fd = -1;
}

struct source *source_socketcan_create(const char *interface_name)
{
    static const struct source_driver driver = {
        .name = "can",
        .open = interface_open,
        .fd = interface_fd,
        .read = interface_read,
        .close = interface_close,
        .destroy = free,
    };
    struct can_interface *interface = calloc(1, sizeof *interface);
    if (interface == NULL)
        return NULL;
    (void)snprintf(interface->name, sizeof interface->name, "%s", interface_name);
    interface->fd = -1;
    return source_create(&driver, interface);
}
