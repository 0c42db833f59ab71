/* What a client takes and what it holds already (RFC 9110, 12.5.3 and 13.1.2). Pure; any text is fine, NULL
 * (no such header) too. */
#ifndef BUSWARDEN_NEGOTIATE_H
#define BUSWARDEN_NEGOTIATE_H

#include <stdbool.h>

/* Accept-Encoding: gzip is named, or "*", with a weight above 0, and is not liked less than the plain text.
 * Without the header: the plain text. */
bool negotiate_gzip(const char *accept_encoding);
/* If-None-Match: "*", or a list that has this entity tag, weak or not. */
bool negotiate_is_held(const char *if_none_match, const char *etag);

#endif
