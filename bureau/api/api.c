#include "bureau/api/api.h"

#include "bureau/access/headers.h"
#include "bureau/api/internal.h"
#include "bureau/api/reporter.h"

#include <errno.h>
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    REGISTRY_BYTES_MAX = 16 * 1024 * 1024, /* a route of as many positions as a licence holds */
    CONNECTIONS_MAX = 512,
    ADDRESS_CONNECTIONS_MAX = 256, /* of these, of one address: a whole office may be behind it */
    ACCOUNT_REQUESTS_MAX = 128,    /* under way, of one account; event streams have a limit of their own */
    CONNECTION_TIMEOUT_S = 30,
    CONNECTION_BYTES_MAX = 32768,
    PARAMETERS_MAX = 10,
    CASE_STEP_BYTES_MAX = 16384, /* a text of 2000 bytes, escaped */
    SIGHTING_BYTES_MAX = 16384,  /* a note and a place, escaped */
    UPLOAD_BYTES = 256 * 1024,
    UPLOADS_MAX = 8, /* at once */
    ADDRESS_UPLOADS_MAX = 4,
    ACCOUNT_UPLOADS_MAX = 2,
    BODY_TIME_MAX_S = 300,
    READ_PAST_MAX = 64 * 1024,   /* of a body that nobody will read */
    LAST_ANSWERS_MAX_MS = 10000, /* at the stop */
    TAIL_MAX = 1024,
    REPORT_ROLES = ACCESS_STAFF | ACCESS_SCHOOL,
};

/* One '*' stands for one segment of the path, followed by a slash and two more of them for all from there on,
 * in a file's pattern also alone. Query parameters that are not named here are refused: a mistyped one would
 * quietly answer another question. Files take any. HEAD is allowed where GET is. */
static const struct route {
    const char *method, *pattern;
    api_handler handler;
    unsigned roles;  /* enum access_role, or 0 = anybody */
    size_t body_max; /* bytes */
    bool file;
    const char *parameters[PARAMETERS_MAX];
} ROUTES[] = {
    {"GET", "/healthz", handle_health, 0, 0, false, {NULL}},
    {"GET", "/metrics", handle_metrics, ACCESS_STAFF, 0, false, {NULL}},
    {"GET", "/v1/alerts", handle_alerts, ACCESS_ALL, 0, false, {"state", "limit", "before"}},
    {"GET", "/v1/alerts/stream", handle_alert_stream, ACCESS_ALL, 0, false, {"last_event_id"}},
    {"GET", "/v1/vehicles", handle_vehicles, ACCESS_ALL, 0, false, {NULL}},
    {"GET",
     "/v1/trips",
     handle_trips,
     ACCESS_ALL,
     0,
     false,
     {"vehicle", "since", "until", "limit", "before"}},
    {"GET", "/v1/trips/*", handle_trip, ACCESS_ALL, 0, false, {NULL}},
    {"GET",
     "/v1/cases",
     handle_cases,
     ACCESS_ALL,
     0,
     false,
     {"state", "kind", "school", "vehicle", "overdue", "mine", "handed_over", "limit", "before"}},
    {"GET", "/v1/cases/*", handle_case, ACCESS_ALL, 0, false, {NULL}},
    {"POST", "/v1/cases/*/steps", handle_case_step, ACCESS_ALL, CASE_STEP_BYTES_MAX, false, {NULL}},
    {"POST", "/v1/sightings", handle_sighting_add, ACCESS_ALL, SIGHTING_BYTES_MAX, false, {NULL}},
    {"GET",
     "/v1/sightings",
     handle_sightings,
     ACCESS_ALL,
     0,
     false,
     {"plate", "gate", "since", "until", "case", "limit", "before"}},
    {"GET",
     "/v1/sightings/recurrence",
     handle_recurrence,
     ACCESS_READERS,
     0,
     false,
     {"by", "days", "min", "limit"}},
    {"GET", "/v1/sightings/*", handle_sighting, ACCESS_ALL, 0, false, {NULL}},
    {"POST",
     "/v1/sightings/*/hand-over",
     handle_sighting_hand_over,
     ACCESS_STAFF,
     SIGHTING_BYTES_MAX,
     false,
     {NULL}},
    {"POST", "/v1/sightings/*/photo", handle_photo_add, ACCESS_ALL, PICTURE_BYTES_MAX, false, {NULL}},
    {"GET", "/v1/sightings/*/photo", handle_photo, ACCESS_READERS, 0, false, {NULL}},
    {"GET", "/v1/report", handle_report, REPORT_ROLES, 0, false, {"from", "to", "by"}},
    {"GET", "/v1/report.xlsx", handle_report_workbook, REPORT_ROLES, 0, false, {"from", "to", "by", "lang"}},
    {"GET", "/v1/incidents", handle_incidents, ACCESS_STAFF, 0, false, {NULL}},
    {"GET",
     "/v1/notifications",
     handle_notifications,
     ACCESS_STAFF,
     0,
     false,
     {"state", "channel", "limit", "before"}},
    {"POST", "/v1/notifications/*/retry", handle_notification_retry, ACCESS_STAFF, 0, false, {NULL}},
    {"GET", "/v1/plates/*", handle_plate, ACCESS_ALL, 0, false, {NULL}},
    {"GET",
     "/v1/registry/changes",
     handle_registry_changes,
     ACCESS_STAFF,
     0,
     false,
     {"table", "row", "limit", "before"}},
    {"GET", "/v1/registry/*", handle_registry, ACCESS_ALL, 0, false, {"limit", "after"}},
    {"POST", "/v1/registry/*", handle_registry_add, ACCESS_STAFF, REGISTRY_BYTES_MAX, false, {NULL}},
    {"GET", "/v1/registry/*/**", handle_registry, ACCESS_ALL, 0, false, {NULL}},
    {"PUT", "/v1/registry/*/**", handle_registry_put, ACCESS_STAFF, REGISTRY_BYTES_MAX, false, {NULL}},
    {"DELETE", "/v1/registry/*/**", handle_registry_remove, ACCESS_STAFF, 0, false, {NULL}},
    {"GET", "/v1/expiries", handle_expiries, ACCESS_ALL, 0, false, {"days"}},
    {"GET", "/v1/routes", handle_routes, ACCESS_ALL, 0, false, {NULL}},
    {"GET", "/v1/feeds/alerts", handle_feed_alerts, ACCESS_ALL, 0, false, {"cursor", "limit"}},
    {"GET", "/v1/feeds/alerts.csv", handle_feed_alerts_csv, ACCESS_ALL, 0, false, {"state", "limit", "bom"}},
    {"GET", "/v1/feeds/alerts.geojson", handle_feed_alerts_geojson, ACCESS_ALL, 0, false, {"state", "limit"}},
    {"GET", "/v1/feeds/vehicles", handle_feed_vehicles, ACCESS_ALL, 0, false, {"cursor", "limit"}},
    {"GET", "/v1/feeds/vehicles.csv", handle_feed_vehicles_csv, ACCESS_ALL, 0, false, {"bom"}},
    {"GET", "/v1/feeds/vehicles.geojson", handle_feed_vehicles_geojson, ACCESS_ALL, 0, false, {NULL}},
    {"GET", "/v1/feeds/vehicle-positions.pb", handle_feed_positions, ACCESS_ALL, 0, false, {NULL}},
    {"GET", "/v1/feeds/service-alerts.pb", handle_feed_service_alerts, ACCESS_ALL, 0, false, {NULL}},
    {"GET", "/v1/public/vehicle-positions.pb", handle_public_positions, 0, 0, false, {NULL}},
    {"GET", "/v1/public/service-alerts.pb", handle_public_service_alerts, 0, 0, false, {NULL}},
    {"POST", "/v1/session", handle_log_in, 0, 1024, false, {NULL}},
    {"GET", "/v1/session", handle_session, ACCESS_ALL, 0, false, {NULL}},
    {"DELETE", "/v1/session", handle_log_out, ACCESS_ALL, 0, false, {NULL}},
    {"POST", "/v1/password", handle_password, ACCESS_ALL, 2048, false, {NULL}},
    {"GET", "/v1/accounts", handle_accounts, ACCESS_ADMIN, 0, false, {NULL}},
    {"POST", "/v1/accounts", handle_account_add, ACCESS_ADMIN, 1024, false, {NULL}},
    {"PUT", "/v1/accounts/*", handle_account_change, ACCESS_ADMIN, 256, false, {NULL}},
    {"POST", "/v1/accounts/*/password", handle_account_password, ACCESS_ADMIN, 256, false, {NULL}},
    {"GET", "/v1/tokens", handle_tokens, ACCESS_ALL, 0, false, {NULL}},
    {"POST", "/v1/tokens", handle_token_add, ACCESS_ALL, 1024, false, {NULL}},
    {"DELETE", "/v1/tokens/*", handle_token_revoke, ACCESS_ALL, 0, false, {NULL}},
    {"GET", "/v1/console", handle_console_settings, ACCESS_ALL, 0, false, {NULL}},
    {"GET", "/", handle_console_file, 0, 0, true, {NULL}},
    {"GET", "/console/*", handle_console_file, 0, 0, true, {NULL}},
    {"GET", "/lib/leaflet/*", handle_leaflet_file, 0, 0, true, {NULL}},
    {"GET", "/lib/bootstrap/*", handle_bootstrap_file, 0, 0, true, {NULL}},
};
enum { ROUTE_COUNT = sizeof(ROUTES) / sizeof(ROUTES[0]) };

/* One call: what was found out about it when its headers were there, and the body as it comes in. */
struct call {
    const struct route *route; /* NULL = no such path, or not with this method */
    char tail[TAIL_MAX];
    char *body;              /* body_len bytes and a NUL */
    size_t body_len, n_past; /* bytes; n_past were not kept */
    bool is_upload;
    bool is_asked;          /* came in whole */
    share_ticket shares[4]; /* of address and account: requests and uploads */
    struct darkroom_job photo;
    struct gate_caller caller;
    struct api_reply refusal; /* status 0 = let in */
    struct hash_job *job;
    struct trace trace;
    struct reporting reporting;
    struct recurring recurring;
    struct feeder_wait feed;
    int64_t begun_us;
    unsigned status; /* of the answer; 0 = none yet */
};

/* True when the path is of this route; ret_tail is what the '*' stands for. */
static bool path_matches(const struct route *route, const char *path, char ret_tail[TAIL_MAX])
{
    const size_t stem = strcspn(route->pattern, "*");
    const bool has_tail = route->pattern[stem] == '*';
    if (strncmp(path, route->pattern, stem) != 0)
        return false;
    static const char more[] = "/**";
    const char *tail = path + stem, *rest = route->pattern + stem + has_tail;
    size_t length = !has_tail ? 0 : route->file ? strlen(tail) : strcspn(tail, "/");
    if (strcmp(rest, more) == 0 && tail[length] == '/') {
        rest += sizeof(more) - 1;
        length = strlen(tail);
    }
    if (strcmp(tail + length, rest) != 0 || length >= TAIL_MAX)
        return false;
    memcpy(ret_tail, tail, length);
    ret_tail[length] = '\0';
    return true;
}

static bool method_matches(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 && strcmp(route->method, MHD_HTTP_METHOD_GET) == 0);
}

static void find_route(struct call *call, const char *method, const char *path)
{
    for (size_t i = 0; i < ROUTE_COUNT && !call->route; i++)
        if (method_matches(&ROUTES[i], method) && path_matches(&ROUTES[i], path, call->tail))
            call->route = &ROUTES[i];
}

static enum MHD_Result check_parameter(void *context, enum MHD_ValueKind kind, const char *key,
                                       const char *value)
{
    const struct route **route = context;
    (void)kind;
    for (size_t i = 0; value && i < PARAMETERS_MAX && (*route)->parameters[i]; i++)
        if (strcmp(key, (*route)->parameters[i]) == 0)
            return MHD_YES;
    *route = NULL;
    return MHD_NO;
}

static bool parameters_known(struct MHD_Connection *connection, const struct route *route)
{
    if (!route->file)
        (void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, check_parameter, &route);
    return route != NULL;
}

/* 405 with the methods of this path, or 404 when it has none. */
static struct api_reply no_route(const char *path)
{
    char allowed[128] = "", message[192], tail[TAIL_MAX];
    for (size_t i = 0, used = 0; i < ROUTE_COUNT && used < sizeof(allowed); i++)
        if (path_matches(&ROUTES[i], path, tail)) {
            const bool reads = strcmp(ROUTES[i].method, MHD_HTTP_METHOD_GET) == 0;
            used += (size_t)snprintf(allowed + used, sizeof(allowed) - used, "%s%s%s", used > 0 ? ", " : "",
                                     ROUTES[i].method, reads ? ", HEAD" : "");
        }
    if (!*allowed)
        return reply_not_found("no such path");
    (void)snprintf(message, sizeof(message), "allowed here: %s", allowed);
    struct api_reply reply = reply_error(MHD_HTTP_METHOD_NOT_ALLOWED, "method_not_allowed", message);
    reply_header(&reply, MHD_HTTP_HEADER_ALLOW, allowed);
    return reply;
}

/* A person's form, sent before the page's script ran: in words, not in JSON. What it held is read past. */
static struct api_reply no_form(struct api *api, struct MHD_Connection *connection)
{
    const struct api_request request = {.connection = connection};
    struct api_reply reply = reply_file(api, &request, api->config->console_dir, "posted.html");
    reply.status = MHD_HTTP_METHOD_NOT_ALLOWED;
    reply_header(&reply, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    return reply;
}

static bool is_form(const char *method, const char *path)
{
    const char *suffix = strrchr(path, '.');
    return strcmp(method, MHD_HTTP_METHOD_POST) == 0 && strncmp(path, "/console/", 9) == 0 && suffix &&
           strcmp(suffix, ".html") == 0;
}

static struct api_reply too_many(const char *message)
{
    struct api_reply reply = reply_error(MHD_HTTP_TOO_MANY_REQUESTS, "too_many_requests", message);
    reply_header(&reply, MHD_HTTP_HEADER_RETRY_AFTER, "5");
    return reply;
}

/* What everybody needs has room for others, too, whoever asks. */
static void admit_share(struct api *api, struct call *call)
{
    const struct gate_caller *caller = &call->caller;
    if (!shares_take(api->shares, SHARE_REQUESTS, caller->address, ADDRESS_CONNECTIONS_MAX, &call->shares[0]))
        call->refusal = too_many("256 requests of this address are under way");
    else if (caller->by != GATE_NOBODY && !shares_take(api->shares, SHARE_ACCOUNT, caller->account,
                                                       ACCOUNT_REQUESTS_MAX, &call->shares[1]))
        call->refusal = too_many("128 requests of this account are under way");
}

/* Of bodies that are large no more come in at once than there is memory for. */
static void admit_upload(struct api *api, struct call *call)
{
    const struct gate_caller *caller = &call->caller;
    if (!call->route || call->route->body_max < UPLOAD_BYTES)
        return;
    if (!shares_take(api->shares, SHARE_UPLOADS, caller->address, ADDRESS_UPLOADS_MAX, &call->shares[2]))
        call->refusal = too_many("4 uploads of this address are under way");
    else if (!shares_take(api->shares, SHARE_ACCOUNT_UPLOADS, caller->account, ACCOUNT_UPLOADS_MAX,
                          &call->shares[3]))
        call->refusal = too_many("2 uploads of this account are under way");
    else if (api->n_uploads == UPLOADS_MAX)
        call->refusal = reply_busy("others are sending; send it again in a moment");
    call->is_upload = !call->refusal.status;
    api->n_uploads += call->is_upload;
}

/* Before a body is read: who asks, and may he? What is refused is answered when the body has been read past.
 */
static void admit(struct api *api, struct MHD_Connection *connection, const char *method, struct call *call)
{
    const struct route *route = call->route;
    if (gate_identify(api, connection, &call->caller) != 0)
        call->refusal = reply_store_failed();
    else if (gate_admits(api, connection, &call->caller, method, route ? route->pattern : "",
                         route ? route->roles : 0, &call->refusal) &&
             route && !parameters_known(connection, route))
        call->refusal = reply_bad_request("unknown query parameter, or one without a value");
    if (!call->refusal.status)
        admit_share(api, call);
    if (!call->refusal.status)
        admit_upload(api, call);
}

static struct api_reply route_request(struct api *api, struct MHD_Connection *connection, const char *method,
                                      const char *path, struct call *call)
{
    if (!call->route)
        return is_form(method, path) ? no_form(api, connection) : no_route(path);
    if (!call->job && strcmp(call->route->method, MHD_HTTP_METHOD_GET) != 0 &&
        !(call->job = calloc(1, sizeof(*call->job))))
        return (struct api_reply){MHD_HTTP_INTERNAL_SERVER_ERROR, NULL};
    const bool known = call->caller.by != GATE_NOBODY;
    const struct api_request request = {.connection = connection,
                                        .head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0,
                                        .tail = call->tail,
                                        .body = call->body ? call->body : "",
                                        .body_len = call->body_len,
                                        .who = known ? &call->caller.who : NULL,
                                        .caller = &call->caller,
                                        .job = call->job,
                                        .photo = &call->photo,
                                        .trace = &call->trace,
                                        .reporting = &call->reporting,
                                        .recurring = &call->recurring,
                                        .feed = &call->feed};
    return call->route->handler(api, &request);
}

static enum MHD_Result send_reply(struct api *api, struct MHD_Connection *connection, struct call *call,
                                  struct api_reply reply)
{
    call->status = reply.status;
    reply_header(&reply, "X-Content-Type-Options", "nosniff");
    reply_header(&reply, "Content-Security-Policy", api->csp);
    if (api->tls_cert)
        reply_header(&reply, "Strict-Transport-Security", "max-age=31536000");
    if (!reply.response)
        return MHD_NO;
    const enum MHD_Result queued = MHD_queue_response(connection, reply.status, reply.response);
    MHD_destroy_response(reply.response);
    return queued;
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool takes_body(const struct route *route)
{
    return route && strcmp(route->method, MHD_HTTP_METHOD_GET) != 0;
}

/* What no route will read (a GET's body, a wrong path's) is read past, though not for ever. */
static size_t body_max(const struct call *call)
{
    return takes_body(call->route) ? call->route->body_max : READ_PAST_MAX;
}

/* A body that says how long it is, and is too long, is refused before it is sent. */
static bool announces_too_much(struct MHD_Connection *connection, const struct call *call)
{
    int64_t length = 0;
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return request_number(text, 0, (int64_t)body_max(call), &length) != 0;
}

/* False: out of memory, or more than may come, though not announced, or too slowly: the connection is closed.
 */
static bool keep_body(struct call *call, const char *bytes, size_t len)
{
    if (len > body_max(call) - call->body_len - call->n_past ||
        now_us() - call->begun_us > BODY_TIME_MAX_S * (int64_t)1000000)
        return false;
    if (call->refusal.status || !takes_body(call->route)) {
        call->n_past += len;
        return true;
    }
    char *grown = realloc(call->body, call->body_len + len + 1);
    if (!grown)
        return false;
    memcpy(grown + call->body_len, bytes, len);
    call->body = grown;
    call->body_len += len;
    grown[call->body_len] = '\0';
    return true;
}

/* Called with the headers, then with each piece of the body, then once more. libmicrohttpd keeps the
 * connection only when the answer waits for that last call. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload, size_t *upload_len,
                              void **request_state)
{
    struct api *api = context;
    struct call *call = *request_state;
    (void)version;
    if (!call) {
        call = calloc(1, sizeof(*call));
        if (!call)
            return MHD_NO;
        *request_state = call;
        call->begun_us = now_us();
        find_route(call, method, path);
        if (announces_too_much(connection, call))
            return send_reply(api, connection, call,
                              reply_error(MHD_HTTP_CONTENT_TOO_LARGE, "too_large", "the body is too long"));
        admit(api, connection, method, call);
        return MHD_YES;
    }
    if (*upload_len > 0) {
        const bool kept = keep_body(call, upload, *upload_len);
        *upload_len = 0;
        return kept ? MHD_YES : MHD_NO;
    }
    if (call->refusal.status) {
        const struct api_reply refusal = call->refusal;
        call->refusal.response = NULL; /* goes with send_reply() */
        return send_reply(api, connection, call, refusal);
    }
    if (!call->is_asked) { /* not asked again, after it was suspended */
        call->is_asked = true;
        api->n_asked++;
    }
    const struct api_reply reply = route_request(api, connection, method, path, call);
    return reply.status == 0 ? MHD_YES : send_reply(api, connection, call, reply);
}

/* Of an answer that was not broken off. A stream takes as long as somebody listens. */
static void count_call(struct api *api, const struct call *call)
{
    const struct route *route = call->route;
    const bool is_stream = route && route->handler == handle_alert_stream;
    metrics_count(&api->metrics, route ? route->method : "", route ? route->pattern : "", call->status,
                  is_stream ? -1 : now_us() - call->begun_us);
}

static void end_call(void *context, struct MHD_Connection *connection, void **request_state,
                     enum MHD_RequestTerminationCode how)
{
    struct api *api = context;
    struct call *call = *request_state;
    (void)connection;
    if (call && call->status && (how == MHD_REQUEST_TERMINATED_COMPLETED_OK || call->status >= 400))
        count_call(api, call);
    if (call) {
        if (call->refusal.response)
            MHD_destroy_response(call->refusal.response);
        picture_free(&call->photo.picture);
        api->n_uploads -= call->is_upload;
        api->n_asked -= call->is_asked;
        for (size_t i = 0; i < sizeof(call->shares) / sizeof(call->shares[0]); i++)
            shares_give_back(api->shares, &call->shares[i]);
        if (call->body)
            sodium_memzero(call->body, call->body_len); /* it may be a password */
        free(call->body);
        reporting_free(&call->reporting);
        recurring_free(&call->recurring);
        hash_job_free(call->job);
        body_release(call->feed.body);
    }
    free(call);
    *request_state = NULL;
}

/* --- connections --- */

/* Whose connection it is; false: nobody's whose share is counted here. Our own proxy has everybody's: what is
 * under way of an address behind it is counted with the requests. */
static bool counted_address(const struct api *api, const struct sockaddr *peer, char ret[HEADERS_ADDRESS_LEN])
{
    return !(api->config->http_proxy && headers_is_loopback(peer)) && headers_address(peer, ret) == 0;
}

static enum MHD_Result accept_connection(void *context, const struct sockaddr *peer, socklen_t length)
{
    const struct api *api = context;
    char address[HEADERS_ADDRESS_LEN];
    (void)length;
    return !counted_address(api, peer, address) ||
                   shares_has_room(api->shares, SHARE_CONNECTIONS, address, ADDRESS_CONNECTIONS_MAX)
               ? MHD_YES
               : MHD_NO;
}

/* *state is the connection's own: its ticket. */
static void note_connection(void *context, struct MHD_Connection *connection, void **state,
                            enum MHD_ConnectionNotificationCode what)
{
    struct api *api = context;
    char address[HEADERS_ADDRESS_LEN];
    share_ticket ticket = (uintptr_t)*state;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (what == MHD_CONNECTION_NOTIFY_CLOSED)
        shares_give_back(api->shares, &ticket);
    else if (info && info->client_addr && counted_address(api, info->client_addr, address))
        (void)shares_take(api->shares, SHARE_CONNECTIONS, address, ADDRESS_CONNECTIONS_MAX, &ticket);
    *state = (void *)ticket; /* NOLINT(performance-no-int-to-ptr): what libmicrohttpd keeps is a pointer */
}

/* Where the page may load pictures from: scheme and host of the tile URL, Leaflet's "{s}." as a wildcard. */
static int tile_source(const char *url, char *ret, size_t size)
{
    const char *host = strstr(url, "://");
    if (!host || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
        return -EINVAL;
    host += 3;
    const bool sharded = strncmp(host, "{s}.", 4) == 0;
    const char *name = sharded ? host + 4 : host;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
    const size_t length = strspn(name, allowed);
    if (length == 0 || name[length] != '/')
        return -EINVAL;
    const int n =
        snprintf(ret, size, "%.*s%s%.*s", (int)(host - url), url, sharded ? "*." : "", (int)length, name);
    return n < 0 || (size_t)n >= size ? -EINVAL : 0;
}

/* Everything from this server; pictures also from the tile server, inline ones that Bootstrap's style sheet
 * has, and those that the page makes itself (a photo that is about to be sent). */
static int make_csp(const char *tiles_url, char ret[API_CSP_MAX])
{
    char tiles[BUREAU_TEXT_MAX] = "";
    const int rc = *tiles_url ? tile_source(tiles_url, tiles, sizeof(tiles)) : 0;
    if (rc == 0)
        (void)snprintf(
            ret, API_CSP_MAX,
            "default-src 'self'; img-src 'self' data: blob: %s; object-src 'none'; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'",
            tiles);
    return rc;
}

/* -ENOKEY: not to be read, or no such text. */
static int read_pem(const char *path, char **ret)
{
    enum { PEM_MAX = 65536 };
    char *text = calloc(1, PEM_MAX);
    FILE *file = text ? fopen(path, "re") : NULL;
    const size_t n = file ? fread(text, 1, PEM_MAX - 1, file) : 0;
    if (file)
        (void)fclose(file); /* only read from */
    if (n > 0 && n < PEM_MAX - 1 && strstr(text, "-----BEGIN ")) {
        *ret = text;
        return 0;
    }
    free(text);
    return -ENOKEY;
}

static int read_tls(const struct bureau_config *config, struct api *api)
{
    const int rc = read_pem(config->http_cert, &api->tls_cert);
    return rc == 0 ? read_pem(config->http_key, &api->tls_key) : rc;
}

int api_create(const struct bureau_config *config, struct api **ret)
{
    struct api *api = calloc(1, sizeof(*api));
    if (!api)
        return -ENOMEM;
    api->config = config;
    api->listen_fd = -1;
    int rc = make_csp(config->tiles_url, api->csp);
    if (rc == 0)
        rc = store_open(config->store_path, &api->store);
    if (rc == 0)
        rc = stream_create(config->store_path, &api->stream);
    if (rc == 0)
        rc = tracer_create(config->store_path, &api->tracer);
    if (rc == 0)
        rc = reporter_create(config->store_path, &api->reporter);
    if (rc == 0)
        rc = recurrence_create(config->store_path, &api->recurrence);
    if (rc == 0)
        rc = feeder_create(config->store_path, &api->feeder);
    if (rc == 0)
        rc = files_create(&api->files);
    if (rc == 0)
        rc = darkroom_create("/proc/self/exe", &api->darkroom);
    if (rc == 0)
        rc = hasher_create(&api->hasher);
    if (rc == 0)
        rc = limiter_create(&api->limiter);
    if (rc == 0)
        rc = shares_create(&api->shares);
    if (rc == 0 && *config->http_cert)
        rc = read_tls(config, api);
    if (rc != 0) {
        api_destroy(api);
        return rc;
    }
    *ret = api;
    return 0;
}

void api_set_key(struct api *api, const struct seal_key *key)
{
    api->key = key;
}

static int bound_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    char port[16] = "0";
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        (void)getnameinfo((struct sockaddr *)&address, length, NULL, 0, port, sizeof(port), NI_NUMERICSERV);
    return (int)strtol(port, NULL, 10);
}

/* A socket of our own, because libmicrohttpd does not tell why it could not listen. */
static int listen_on(const char *address, int port, int *ret_fd)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *info;
    char service[16];
    (void)snprintf(service, sizeof(service), "%d", port);
    if (getaddrinfo(address, service, &hints, &info) != 0)
        return -EINVAL;
    const int on = 1;
    const int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const bool up = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                    bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0;
    const int rc = -errno;
    freeaddrinfo(info);
    if (up) {
        *ret_fd = fd;
        return 0;
    }
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* libmicrohttpd hands out C strings, which a NUL would cut short: a text with one stays as it came, and so is
 * no path, plate or number of ours. */
static size_t unescape(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strstr(text, "%00") ? strlen(text) : MHD_http_unescape(text);
}

static int start_server(struct api *api, int fd)
{
    static char tls_versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    const unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | (api->tls_cert ? MHD_USE_TLS : 0U);
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, api->tls_cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, api->tls_key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, tls_versions},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_S, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES_MAX, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)unescape, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)end_call, api},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)note_connection, api},
        {MHD_OPTION_END, 0, NULL},
    };
    api->daemon = MHD_start_daemon(flags, 0, accept_connection, api, answer, api, MHD_OPTION_ARRAY, options,
                                   api->tls_cert ? MHD_OPTION_ARRAY : MHD_OPTION_END, tls, MHD_OPTION_END);
    return api->daemon ? 0 : api->tls_cert ? -EKEYREJECTED : -EIO;
}

static int start_threads(struct api *api)
{
    int rc = stream_start(api->stream);
    if (rc == 0)
        rc = tracer_start(api->tracer);
    if (rc == 0)
        rc = reporter_start(api->reporter);
    if (rc == 0)
        rc = recurrence_start(api->recurrence);
    if (rc == 0)
        rc = feeder_start(api->feeder);
    if (rc == 0)
        rc = darkroom_start(api->darkroom);
    return rc == 0 ? hasher_start(api->hasher) : rc;
}

static void stop_threads(struct api *api)
{
    stream_stop(api->stream);
    tracer_stop(api->tracer);
    reporter_stop(api->reporter);
    recurrence_stop(api->recurrence);
    feeder_stop(api->feeder);
    darkroom_stop(api->darkroom);
    hasher_stop(api->hasher);
}

int api_listen(struct api *api)
{
    const int rc = listen_on(api->config->http_listen, api->config->http_port, &api->listen_fd);
    if (rc == 0)
        api->port = bound_port(api->listen_fd);
    return rc;
}

int api_start(struct api *api, api_broker_fn broker, void *context)
{
    api->broker = broker;
    api->broker_context = context;
    int rc = start_threads(api);
    if (rc == 0) {
        rc = start_server(api, api->listen_fd);
        api->listen_fd = -1; /* libmicrohttpd's by now, which closes it on some of its errors */
    }
    if (rc != 0)
        stop_threads(api);
    return rc;
}

/* libmicrohttpd ends connections without a word. What was asked and waited for a thread is answered by now;
 * the server's own thread has yet to send it. A client that reads nothing is not waited for longer. */
static void send_last_answers(const struct api *api)
{
    const struct timespec moment = {.tv_nsec = 10000000L};
    const int64_t until_us = now_us() + LAST_ANSWERS_MAX_MS * (int64_t)1000;
    while (api->n_asked > 0 && now_us() < until_us)
        (void)nanosleep(&moment, NULL);
}

void api_stop(struct api *api)
{
    if (!api->daemon)
        return;
    const int fd = MHD_quiesce_daemon(api->daemon); /* nobody else is let in */
    if (fd >= 0)
        (void)close(fd);
    stop_threads(api);
    send_last_answers(api);
    MHD_stop_daemon(api->daemon);
    api->daemon = NULL;
    api->port = 0;
}

void api_destroy(struct api *api)
{
    if (!api)
        return;
    if (api->listen_fd >= 0)
        (void)close(api->listen_fd);
    stream_destroy(api->stream);
    tracer_destroy(api->tracer);
    reporter_destroy(api->reporter);
    recurrence_destroy(api->recurrence);
    feeder_destroy(api->feeder);
    files_destroy(api->files);
    darkroom_destroy(api->darkroom);
    hasher_destroy(api->hasher);
    limiter_destroy(api->limiter);
    shares_destroy(api->shares);
    free(api->tls_cert);
    if (api->tls_key)
        sodium_memzero(api->tls_key, strlen(api->tls_key));
    free(api->tls_key);
    store_close(api->store);
    nearmiss_destroy(api->nearmiss);
    registry_free(api->registry);
    free(api);
}

int api_port(const struct api *api)
{
    return api->port;
}

uint64_t api_turns(struct api *api)
{
    struct stream_stats stats;
    stream_stats(api->stream, &stats);
    return stats.turns;
}

void api_notify_events(struct api *api, int64_t last_event)
{
    stream_notify_events(api->stream, last_event);
}

void api_notify_vehicle(struct api *api, const char *vehicle)
{
    stream_notify_vehicle(api->stream, vehicle);
}
