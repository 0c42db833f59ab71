#include "bureau/api/gate.h"

#include "bureau/access/headers.h"
#include "bureau/access/limiter.h"
#include "bureau/api/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

_Static_assert((int)GATE_ADDRESS_LEN == (int)HEADERS_ADDRESS_LEN, "");

/* Requests a second, and at once. docs/operations.md has them too. */
static const struct limiter_rate
    OPEN_RATE = {.per_s = 200, .burst = 4000},  /* of an address: files, /healthz; many may be behind it */
    FAILED_RATE = {.per_s = 10, .burst = 100},  /* of an address: without identity where one is needed */
    LOG_IN_RATE = {.per_s = 1, .burst = 30},    /* of an address */
    SESSION_RATE = {.per_s = 25, .burst = 250}, /* of a session */
    TOKEN_RATE = {.per_s = 500, .burst = 1000}; /* of a token */

static const char SECURE_NAMES[][24] = {"__Host-buswarden", "__Host-buswarden-device"};
static const char PLAIN_NAMES[][24] = {"buswarden", "buswarden-device"};

/* What tokens of a narrow scope reach, besides what their role is for. Beginnings of patterns. */
static const struct {
    const char *stem;
    unsigned scopes;
} NARROW[] = {
    {"/v1/plates", ACCESS_SCOPE_PLATES}, {"/v1/sightings", ACCESS_SCOPE_PLATES},
    {"/v1/alerts", ACCESS_SCOPE_FEEDS},  {"/v1/vehicles", ACCESS_SCOPE_FEEDS},
    {"/v1/routes", ACCESS_SCOPE_FEEDS},  {"/v1/feeds", ACCESS_SCOPE_FEEDS},
    {"/metrics", ACCESS_SCOPE_FEEDS},
};

/* For sessions alone: a token that fell into wrong hands shall not make others, nor accounts. */
static const char *const SESSION_ONLY[] = {"/v1/accounts", "/v1/tokens", "/v1/password"};

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* --- where from --- */

/* A header may stand there more than once: the last one is that of the proxy that is next to us. */
static enum MHD_Result take_forwarded(void *context, enum MHD_ValueKind kind, const char *key,
                                      const char *value)
{
    const char **last = context;
    (void)kind;
    if (value && strcasecmp(key, "X-Forwarded-For") == 0)
        *last = value;
    return MHD_YES;
}

static void find_address(const struct api *api, struct MHD_Connection *connection, struct gate_caller *caller)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info ? info->client_addr : NULL;
    if (!peer || headers_address(peer, caller->address) != 0)
        (void)snprintf(caller->address, sizeof(caller->address), "unknown");
    caller->secure = api->config->http_cert[0] != '\0';
    if (!api->config->http_proxy || !peer || !headers_is_loopback(peer))
        return;
    const char *forwarded = NULL;
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, take_forwarded, &forwarded);
    const char *scheme = header(connection, "X-Forwarded-Proto");
    if (forwarded)
        (void)headers_forwarded(forwarded, caller->address);
    caller->secure = caller->secure || (scheme && strcasecmp(scheme, "https") == 0);
}

/* --- who --- */

const char *gate_cookie(struct MHD_Connection *connection, const struct gate_caller *caller,
                        enum gate_cookie which)
{
    return MHD_lookup_connection_value(connection, MHD_COOKIE_KIND,
                                       caller->secure ? SECURE_NAMES[which] : PLAIN_NAMES[which]);
}

void gate_set_cookie(struct api_reply *reply, const struct gate_caller *caller, enum gate_cookie which,
                     const char *value)
{
    char text[320];
    const bool device = which == GATE_COOKIE_DEVICE;
    const long age_s = !value ? 0 : (long)((device ? ACCOUNT_DEVICE_MS : ACCOUNT_SESSION_MS) / 1000);
    (void)snprintf(text, sizeof(text), "%s=%.*s; Path=/; Max-Age=%ld; HttpOnly; SameSite=Strict%s",
                   caller->secure ? SECURE_NAMES[which] : PLAIN_NAMES[which], SECRET_TEXT_LEN,
                   value ? value : "", age_s, caller->secure ? "; Secure" : "");
    reply_header(reply, MHD_HTTP_HEADER_SET_COOKIE, text);
}

static int identify_session(struct api *api, struct gate_caller *caller, int64_t now_utc_ms)
{
    struct session session;
    const int rc = session_find(api->store, caller->hash, now_utc_ms, &session);
    if (rc != 0)
        return rc;
    caller->by = GATE_SESSION;
    caller->who = session.who;
    caller->scopes = ACCESS_SCOPE_ALL;
    caller->until_utc_ms = session.begun_utc_ms + ACCOUNT_SESSION_MS;
    memcpy(caller->account, session.who.name, sizeof(caller->account));
    if (now_utc_ms - session.used_utc_ms >= ACCOUNT_USED_MS)
        (void)session_used(api->store, caller->hash, now_utc_ms); /* then it may end early */
    return 0;
}

static int identify_token(struct api *api, struct gate_caller *caller, int64_t now_utc_ms)
{
    struct token token;
    const int rc = token_find(api->store, caller->hash, now_utc_ms, &caller->who, &token);
    if (rc != 0)
        return rc;
    caller->by = GATE_TOKEN;
    caller->scopes = token.scopes;
    caller->until_utc_ms = token.expires_utc_ms;
    memcpy(caller->account, token.account, sizeof(caller->account));
    (void)snprintf(caller->who.name, sizeof(caller->who.name), "%.40s#%" PRId64, token.account, token.id);
    if (now_utc_ms - token.used_utc_ms >= ACCOUNT_USED_MS)
        (void)token_used(api->store, token.id, now_utc_ms);
    return 0;
}

int gate_identify(struct api *api, struct MHD_Connection *connection, struct gate_caller *ret)
{
    *ret = (struct gate_caller){.by = GATE_NOBODY};
    find_address(api, connection, ret);
    const int64_t now_utc_ms = request_now_ms(CLOCK_REALTIME);
    const char *authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION);
    const char *bearer = authorization ? headers_bearer(authorization) : NULL;
    const char *cookie = gate_cookie(connection, ret, GATE_COOKIE_SESSION);
    ret->presented = authorization || cookie;
    int rc = -ENOENT;
    if (bearer && secret_hash(SECRET_TOKEN, bearer, ret->hash) == 0)
        rc = identify_token(api, ret, now_utc_ms);
    else if (!authorization && cookie && secret_hash(SECRET_SESSION, cookie, ret->hash) == 0)
        rc = identify_session(api, ret, now_utc_ms);
    return rc == 0 || rc == -ENOENT ? 0 : -EIO;
}

bool gate_still_valid(struct store *store, enum gate_by by, const uint8_t hash[SECRET_HASH_LEN],
                      int64_t now_utc_ms)
{
    struct session session;
    struct token token;
    struct access_who who;
    /* A store that cannot be asked just now has ended nobody's rights. */
    return by == GATE_SESSION ? session_find(store, hash, now_utc_ms, &session) != -ENOENT
                              : token_find(store, hash, now_utc_ms, &who, &token) != -ENOENT;
}

/* --- how often --- */

static struct api_reply too_many(uint32_t wait_ms)
{
    char seconds[16];
    struct api_reply reply = reply_error(MHD_HTTP_TOO_MANY_REQUESTS, "too_many_requests",
                                         "too many requests; Retry-After says when");
    (void)snprintf(seconds, sizeof(seconds), "%u", (unsigned)((wait_ms + 999) / 1000));
    reply_header(&reply, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    return reply;
}

/* One bucket a kind and caller. */
static uint32_t take(struct api *api, char kind, const void *key, size_t len, const struct limiter_rate *rate)
{
    uint8_t whole[1 + 64] = {(uint8_t)kind};
    memcpy(whole + 1, key, len);
    return limiter_take(api->limiter, whole, 1 + len, rate, request_now_ms(CLOCK_MONOTONIC));
}

static uint32_t take_of_address(struct api *api, char kind, const struct gate_caller *caller,
                                const struct limiter_rate *rate)
{
    return take(api, kind, caller->address, strlen(caller->address), rate);
}

static uint32_t wait_of(struct api *api, const struct gate_caller *caller, const char *pattern,
                        unsigned roles)
{
    if (strcmp(pattern, "/v1/session") == 0 && roles == 0)
        return take_of_address(api, 'l', caller, &LOG_IN_RATE);
    if (roles == 0)
        return take_of_address(api, 'o', caller, &OPEN_RATE);
    if (caller->by == GATE_NOBODY)
        return take_of_address(api, 'f', caller, &FAILED_RATE);
    return take(api, 'i', caller->hash, SECRET_HASH_LEN,
                caller->by == GATE_SESSION ? &SESSION_RATE : &TOKEN_RATE);
}

/* --- may it? --- */

static bool begins(const char *pattern, const char *stem)
{
    return strncmp(pattern, stem, strlen(stem)) == 0;
}

static bool scope_allows(const struct gate_caller *caller, bool reads, const char *pattern)
{
    if (caller->by == GATE_SESSION)
        return true;
    for (size_t i = 0; i < sizeof(SESSION_ONLY) / sizeof(SESSION_ONLY[0]); i++)
        if (begins(pattern, SESSION_ONLY[i]))
            return false;
    unsigned wanted = ACCESS_SCOPE_ALL | (reads ? ACCESS_SCOPE_READ : 0U);
    for (size_t i = 0; i < sizeof(NARROW) / sizeof(NARROW[0]); i++)
        if (begins(pattern, NARROW[i].stem) && (reads || NARROW[i].scopes == ACCESS_SCOPE_PLATES))
            wanted |= NARROW[i].scopes;
    /* Who one is, every token may ask. */
    return (caller->scopes & wanted) != 0 || (reads && strcmp(pattern, "/v1/session") == 0);
}

/* A page of another site must not act in the name of whoever is logged in here, nor log somebody in. */
static bool is_forged(struct MHD_Connection *connection, const struct gate_caller *caller, bool reads,
                      unsigned roles)
{
    if (reads || (caller->by == GATE_TOKEN && roles != 0))
        return false;
    return !header(connection, "X-Buswarden") ||
           !headers_same_origin(header(connection, "Sec-Fetch-Site"), header(connection, "Origin"),
                                header(connection, MHD_HTTP_HEADER_HOST));
}

static struct api_reply who_are_you(const struct gate_caller *caller)
{
    struct api_reply reply =
        reply_error(MHD_HTTP_UNAUTHORIZED, "unauthorized",
                    caller->presented ? "the session or token is not, or no longer, valid" : "log in first");
    reply_header(&reply, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"buswarden\"");
    return reply;
}

bool gate_admits(struct api *api, struct MHD_Connection *connection, const struct gate_caller *caller,
                 const char *method, const char *pattern, unsigned roles, struct api_reply *ret_reply)
{
    const bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    const uint32_t wait_ms = wait_of(api, caller, pattern, roles);
    if (wait_ms > 0)
        *ret_reply = too_many(wait_ms);
    else if (roles != 0 && caller->by == GATE_NOBODY)
        *ret_reply = who_are_you(caller);
    else if (roles != 0 && !(roles & caller->who.role))
        *ret_reply = reply_error(MHD_HTTP_FORBIDDEN, "forbidden", "not for your role");
    else if (roles != 0 && !scope_allows(caller, reads, pattern))
        *ret_reply = reply_error(MHD_HTTP_FORBIDDEN, "scope", "not within the scopes of this token");
    else if (*pattern && is_forged(connection, caller, reads, roles))
        *ret_reply = reply_error(MHD_HTTP_FORBIDDEN, "forged",
                                 "a change needs the header X-Buswarden and a page of this server");
    else
        return true;
    return false;
}
