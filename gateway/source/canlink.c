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

/* The attribute of that type within `n` bytes of attributes, or NULL. */
static const struct rtattr *find(const void *attributes, size_t n, unsigned short type)
{
    const char *at = attributes;
    while (n >= sizeof(struct rtattr)) {
        const struct rtattr *attribute = (const void *)at;
        if (attribute->rta_len < sizeof *attribute || attribute->rta_len > n)
            return NULL;
        if ((attribute->rta_type & NLA_TYPE_MASK) == type)
            return attribute;
        const size_t step = RTA_ALIGN((size_t)attribute->rta_len);
        if (step >= n)
            return NULL;
        at += step;
        n -= step;
    }
    return NULL;
}

static const struct rtattr *find_in(const struct rtattr *nest, unsigned short type)
{
    return nest == NULL ? NULL : find(RTA_DATA(nest), RTA_PAYLOAD(nest), type);
}

static bool number(const struct rtattr *attribute, uint32_t *ret)
{
    if (attribute == NULL || RTA_PAYLOAD(attribute) < sizeof *ret)
        return false;
    memcpy(ret, RTA_DATA(attribute), sizeof *ret);
    return true;
}

static int read_answer(const struct nlmsghdr *header, size_t n, struct canlink *ret)
{
    if (!NLMSG_OK(header, n) || header->nlmsg_type != RTM_NEWLINK ||
        header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
        return -EBADMSG;
    const struct ifinfomsg *link = NLMSG_DATA(header);
    const struct rtattr *info = find(IFLA_RTA(link), IFLA_PAYLOAD(header), IFLA_LINKINFO);
    const struct rtattr *kind = find_in(info, IFLA_INFO_KIND), *data = find_in(info, IFLA_INFO_DATA);
    static const char can[] = "can"; /* NUL included */
    uint32_t restart_ms, state;
    if (kind == NULL || RTA_PAYLOAD(kind) < sizeof can || memcmp(RTA_DATA(kind), can, sizeof can) != 0)
        return -ENOENT;
    *ret = (struct canlink){
        .bus_off = number(find_in(data, IFLA_CAN_STATE), &state) && state == CAN_STATE_BUS_OFF,
        .stays_off = number(find_in(data, IFLA_CAN_RESTART_MS), &restart_ms) && restart_ms == 0,
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
    union {
        struct nlmsghdr header;
        char bytes[ANSWER_MAX];
    } answer;
    if (send(fd, &request, sizeof request, MSG_DONTWAIT) != sizeof request)
        return -errno;
    const ssize_t n = recv(fd, &answer, sizeof answer, MSG_DONTWAIT);
    return n < 0 ? -errno : read_answer(&answer.header, (size_t)n, ret);
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
