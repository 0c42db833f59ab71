#include "bureau/api/api.h"

#include "bureau/api/internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 512,
    CONNECTION_TIMEOUT_S = 30,
    CONNECTION_BYTES_MAX = 32768,
    PARAMETERS_MAX = 5,
};

/* A pattern ending in '*' is a prefix. Query parameters that are not named here are refused: a mistyped one
 * would quietly answer another question. Files take any. */
static const struct route {
    const char *pattern;
    api_handler handler;
    bool file;
    const char *parameters[PARAMETERS_MAX];
} ROUTES[] = {
    {"/healthz", handle_health, false, {NULL}},
    {"/v1/alerts", handle_alerts, false, {"state", "limit", "before"}},
    {"/v1/alerts/stream", handle_alert_stream, false, {"last_event_id"}},
    {"/v1/vehicles", handle_vehicles, false, {NULL}},
    {"/v1/trips", handle_trips, false, {"vehicle", "since", "until", "limit", "before"}},
    {"/v1/trips/*", handle_trip, false, {NULL}},
    {"/v1/incidents", handle_incidents, false, {NULL}},
    {"/v1/plates/*", handle_plate, false, {NULL}},
    {"/v1/routes", handle_routes, false, {NULL}},
    {"/v1/console", handle_console_settings, false, {NULL}},
    {"/", handle_console_file, true, {NULL}},
    {"/console/*", handle_console_file, true, {NULL}},
    {"/lib/leaflet/*", handle_leaflet_file, true, {NULL}},
    {"/lib/bootstrap/*", handle_bootstrap_file, true, {NULL}},
};

static const struct route *find_route(const char *path, const char **ret_tail)
{
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
        const char *pattern = ROUTES[i].pattern;
        const size_t stem = strcspn(pattern, "*");
        if (strncmp(path, pattern, stem) != 0 || (pattern[stem] == '\0' && path[stem] != '\0'))
            continue;
        *ret_tail = path + stem;
        return &ROUTES[i];
    }
    return NULL;
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

static bool is_read(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static struct api_reply route_request(struct api *api, struct MHD_Connection *connection, const char *method,
                                      const char *path)
{
    struct api_request request = {.connection = connection,
                                  .head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0};
    const struct route *route = find_route(path, &request.tail);
    if (!route)
        return reply_error(MHD_HTTP_NOT_FOUND, "not_found", "no such path");
    if (!is_read(method)) {
        struct api_reply reply =
            reply_error(MHD_HTTP_METHOD_NOT_ALLOWED, "method_not_allowed", "GET and HEAD only");
        reply_header(&reply, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
        return reply;
    }
    if (!parameters_known(connection, route))
        return reply_error(MHD_HTTP_BAD_REQUEST, "bad_request",
                           "unknown query parameter, or one without a value");
    return route->handler(api, &request);
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload, size_t *upload_len,
                              void **request_state)
{
    static char headers_seen;
    struct api *api = context;
    (void)version;
    (void)upload;
    if (is_read(method) && (*request_state != &headers_seen || *upload_len > 0)) {
        /* libmicrohttpd keeps the connection only when the answer waits for the second call; a body means
         * nothing in a GET and is read past. */
        *request_state = &headers_seen;
        *upload_len = 0;
        return MHD_YES;
    }
    struct api_reply reply = route_request(api, connection, method, path);
    reply_header(&reply, "X-Content-Type-Options", "nosniff");
    reply_header(&reply, "Content-Security-Policy", api->csp);
    if (!reply.response)
        return MHD_NO;
    const enum MHD_Result queued = MHD_queue_response(connection, reply.status, reply.response);
    MHD_destroy_response(reply.response);
    return queued;
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

/* Everything from this server; pictures also from the tile server, and inline ones that Bootstrap's style
 * sheet has. */
static int make_csp(const char *tiles_url, char ret[API_CSP_MAX])
{
    char tiles[BUREAU_TEXT_MAX] = "";
    const int rc = *tiles_url ? tile_source(tiles_url, tiles, sizeof(tiles)) : 0;
    if (rc == 0)
        (void)snprintf(ret, API_CSP_MAX,
                       "default-src 'self'; img-src 'self' data: %s; object-src 'none'; base-uri 'none'; "
                       "form-action 'self'; frame-ancestors 'none'",
                       tiles);
    return rc;
}

int api_create(const struct bureau_config *config, struct api **ret)
{
    struct api *api = calloc(1, sizeof(*api));
    if (!api)
        return -ENOMEM;
    api->config = config;
    int rc = make_csp(config->tiles_url, api->csp);
    if (rc == 0)
        rc = store_open(config->store_path, &api->store);
    if (rc == 0)
        rc = stream_create(config->store_path, &api->stream);
    if (rc != 0) {
        api_destroy(api);
        return rc;
    }
    *ret = api;
    return 0;
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
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_S, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES_MAX, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)unescape, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    api->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, answer, api, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    return api->daemon ? 0 : -EIO;
}

int api_start(struct api *api, api_broker_fn broker, void *context)
{
    int fd = -1;
    api->broker = broker;
    api->broker_context = context;
    int rc = listen_on(api->config->http_listen, api->config->http_port, &fd);
    if (rc != 0)
        return rc;
    rc = stream_start(api->stream);
    if (rc != 0)
        (void)close(fd);
    else
        rc = start_server(api, fd);
    if (rc != 0) {
        stream_stop(api->stream);
        return rc; /* fd is libmicrohttpd's by now, which closes it on some of its errors */
    }
    api->port = bound_port(fd);
    return 0;
}

void api_stop(struct api *api)
{
    if (!api->daemon)
        return;
    stream_stop(api->stream);
    MHD_stop_daemon(api->daemon);
    api->daemon = NULL;
    api->port = 0;
}

void api_destroy(struct api *api)
{
    if (!api)
        return;
    stream_destroy(api->stream);
    store_close(api->store);
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
