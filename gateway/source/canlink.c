#include "gateway/source/canlink.h"

#include <errno.h>
#include <linux/can/netlink.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 16384 }; /* of one interface; one that is longer is cut, and not read */

struct request {
    struct nlmsghdr header;
    struct ifinfomsg link;
    struct rtattr attribute;
    uint32_t filter;
};

/* Attributes, or what one of them holds. */
struct part {
    const char *bytes; /* NULL: there is none */
    size_t n;
};

/* What the attribute of that type holds. */
static struct part find(struct part in, unsigned short type)
{
    enum { HEAD = sizeof(struct nlattr) }; /* aligned as it is */
    while (in.bytes != NULL && in.n >= HEAD) {
        struct nlattr head;
        memcpy(&head, in.bytes, sizeof head);
        if (head.nla_len < HEAD || head.nla_len > in.n)
            break;
        if ((head.nla_type & NLA_TYPE_MASK) == type)
            return (struct part){in.bytes + HEAD, head.nla_len - HEAD};
        const size_t step = ((size_t)head.nla_len + NLA_ALIGNTO - 1) / NLA_ALIGNTO * NLA_ALIGNTO;
        if (step >= in.n)
            break;
        in = (struct part){in.bytes + step, in.n - step};
    }
    return (struct part){NULL, 0};
}

static bool number(struct part part, uint32_t *ret)
{
    if (part.bytes == NULL || part.n < sizeof *ret)
        return false;
    memcpy(ret, part.bytes, sizeof *ret);
    return true;
}

static int read_answer(const char *bytes, size_t n, struct canlink *ret)
{
    static const size_t HEAD = NLMSG_SPACE(sizeof(struct ifinfomsg));
    struct nlmsghdr header;
    if (n < HEAD)
        return -EBADMSG;
    memcpy(&header, bytes, sizeof header);
    if (header.nlmsg_type != RTM_NEWLINK || header.nlmsg_len < HEAD || header.nlmsg_len > n)
        return -EBADMSG;
    const struct part link = {bytes + HEAD, header.nlmsg_len - HEAD}, info = find(link, IFLA_LINKINFO);
    const struct part kind = find(info, IFLA_INFO_KIND), data = find(info, IFLA_INFO_DATA);
    static const char can[] = "can"; /* NUL included */
    uint32_t restart_ms, state;
    if (kind.bytes == NULL || kind.n < sizeof can || memcmp(kind.bytes, can, sizeof can) != 0)
        return -ENOENT;
    *ret = (struct canlink){
        .bus_off = number(find(data, IFLA_CAN_STATE), &state) && state == CAN_STATE_BUS_OFF,
        .stays_off = number(find(data, IFLA_CAN_RESTART_MS), &restart_ms) && restart_ms == 0,
    };
    return 0;
}

static int ask(int fd, unsigned index, struct canlink *ret)
{
    const struct request request = {
        .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST},
        .link = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index},
        .attribute = {.rta_len = RTA_LENGTH(sizeof request.filter), .rta_type = IFLA_EXT_MASK},
        .filter = RTEXT_FILTER_SKIP_STATS,
    };
    char answer[ANSWER_MAX];
    if (send(fd, &request, sizeof request, MSG_DONTWAIT) != sizeof request)
        return -errno;
    const ssize_t n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    return n < 0 ? -errno : read_answer(answer, (size_t)n, ret);
}

int canlink_query(unsigned index, struct canlink *ret)
{
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return -errno;
    const int error = ask(fd, index, ret);
    (void)close(fd);
    return error;
}
