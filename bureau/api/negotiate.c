#include "bureau/api/negotiate.h"

#include <string.h>
#include <strings.h>

static const char BLANKS[] = " \t";

/* A weight in thousandths: "0", "1", "0.5", "1.000"; -1 = no such thing. */
static int parse_weight(const char *text, size_t len)
{
    if (len == 0 || len > 5 || (text[0] != '0' && text[0] != '1') || (len > 1 && text[1] != '.'))
        return -1;
    int weight = (text[0] - '0') * 1000, unit = 100;
    for (size_t i = 2; i < len; i++, unit /= 10) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        weight += (text[i] - '0') * unit;
    }
    return weight <= 1000 ? weight : -1;
}

/* Of one element of the list, `text` up to `len`: its name, and its weight (1000 when it has none). A weight
 * that is none makes the element unwelcome. */
static int weight_of(const char *text, size_t len, size_t *ret_name_len)
{
    const char *end = text + len;
    size_t name = strcspn(text, "; \t,");
    *ret_name_len = name < len ? name : len;
    const char *at = memchr(text, ';', len);
    if (!at)
        return 1000;
    at += 1 + strspn(at + 1, BLANKS);
    if (end - at < 2 || (*at != 'q' && *at != 'Q') || at[1] != '=')
        return 0;
    at += 2;
    size_t digits = strcspn(at, " \t,;");
    const int weight = parse_weight(at, digits);
    return weight < 0 ? 0 : weight;
}

static bool is_name(const char *text, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(text, name, len) == 0;
}

bool negotiate_gzip(const char *accept_encoding)
{
    int gzip = -1, any = -1, identity = -1;
    const char *at = accept_encoding;
    while (at && *at) {
        at += strspn(at, " \t,");
        const size_t len = strcspn(at, ",");
        size_t name_len;
        const int weight = weight_of(at, len, &name_len);
        if (is_name(at, name_len, "gzip") || is_name(at, name_len, "x-gzip"))
            gzip = weight;
        else if (is_name(at, name_len, "*"))
            any = weight;
        else if (is_name(at, name_len, "identity"))
            identity = weight;
        at += len;
    }
    gzip = gzip >= 0 ? gzip : any;
    return gzip > 0 && gzip >= identity;
}

bool negotiate_is_held(const char *if_none_match, const char *etag)
{
    const char *at = if_none_match;
    if (!at)
        return false;
    at += strspn(at, BLANKS);
    if (*at == '*')
        return at[1 + strspn(at + 1, BLANKS)] == '\0';
    while (*at) {
        at += strspn(at, " \t,");
        if (strncmp(at, "W/", 2) == 0)
            at += 2;
        if (*at != '"')
            return false; /* no list of entity tags, from here on */
        const size_t len = strcspn(at + 1, "\"");
        if (at[1 + len] != '"')
            return false;
        if (strlen(etag) == len + 2 && strncmp(at, etag, len + 2) == 0)
            return true;
        at += len + 2;
    }
    return false;
}
