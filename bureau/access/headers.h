/* Headers that decide who asks and from where. They come from anybody: every function takes any text. Pure.
 */
#ifndef BUSWARDEN_HEADERS_H
#define BUSWARDEN_HEADERS_H

#include <stdbool.h>
#include <sys/socket.h>

enum { HEADERS_ADDRESS_LEN = 46 };

/* What counts as one caller: an IPv4 address, or the /64 of an IPv6 one, which is what one subscriber has.
 * -EINVAL: neither. */
int headers_address(const struct sockaddr *address, char ret[HEADERS_ADDRESS_LEN]);
bool headers_is_loopback(const struct sockaddr *address);
/* The same of the last address of "X-Forwarded-For: a, b, c": that one our own proxy has added, those before
 * it anybody may have made up. */
int headers_forwarded(const char *text, char ret[HEADERS_ADDRESS_LEN]);

/* What follows "Bearer " in Authorization; NULL = it is of another kind. */
const char *headers_bearer(const char *authorization);

/* Did a page of ours ask? By the browser's Sec-Fetch-Site, or else by Origin against Host. NULL = not sent;
 * without both it was no browser of the last years, and so no page. */
bool headers_same_origin(const char *fetch_site, const char *origin, const char *host);

#endif
