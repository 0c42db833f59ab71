#include "bureau/access/headers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* --- addresses --- */

static int format(const struct in6_addr *v6, char ret[HEADERS_ADDRESS_LEN])
{
    struct in6_addr prefix = *v6;
    if (IN6_IS_ADDR_V4MAPPED(v6))
        return inet_ntop(AF_INET, &v6->s6_addr[12], ret, HEADERS_ADDRESS_LEN) ? 0 : -EINVAL;
    memset(&prefix.s6_addr[8], 0, 8);
    return inet_ntop(AF_INET6, &prefix, ret, HEADERS_ADDRESS_LEN) ? 0 : -EINVAL;
}

int headers_address(const struct sockaddr *address, char ret[HEADERS_ADDRESS_LEN])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return inet_ntop(AF_INET, &v4.sin_addr, ret, HEADERS_ADDRESS_LEN) ? 0 : -EINVAL;
    }
    if (address->sa_family != AF_INET6)
        return -EINVAL;
    memcpy(&v6, address, sizeof(v6));
    return format(&v6.sin6_addr, ret);
}

bool headers_is_loopback(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&v6, address, sizeof(v6));
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == 127);
}

int headers_forwarded(const char *text, char ret[HEADERS_ADDRESS_LEN])
{
    char last[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    const char *comma = strrchr(text, ',');
    const char *from = comma ? comma + 1 : text;
    from += strspn(from, " \t");
    const size_t length = strcspn(from, " \t");
    if (length >= sizeof(last) || from[length + strspn(from + length, " \t")] != '\0')
        return -EINVAL;
    memcpy(last, from, length);
    last[length] = '\0';
    if (inet_pton(AF_INET, last, &v4) == 1)
        return inet_ntop(AF_INET, &v4, ret, HEADERS_ADDRESS_LEN) ? 0 : -EINVAL;
    return inet_pton(AF_INET6, last, &v6) == 1 ? format(&v6, ret) : -EINVAL;
}

/* --- who --- */

const char *headers_bearer(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    return strncasecmp(authorization, scheme, sizeof(scheme) - 1) == 0 ? authorization + sizeof(scheme) - 1
                                                                       : NULL;
}

/* --- which page --- */

bool headers_same_origin(const char *fetch_site, const char *origin, const char *host)
{
    if (fetch_site)
        return strcmp(fetch_site, "same-origin") == 0;
    if (!origin)
        return true;
    const char *name = strstr(origin, "://");
    return name && host && *host && strcasecmp(name + 3, host) == 0;
}
