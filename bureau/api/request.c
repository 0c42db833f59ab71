#include "bureau/api/internal.h"
#include "proto/utc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { REGISTRY_FRESH_MS = 5000 /* an import shows after this long at the latest */ };

const char *request_query(const struct api_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *request_header(const struct api_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

int request_number(const char *text, int64_t low, int64_t high, int64_t *ret)
{
    if (!text)
        return 0;
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < low || value > high)
        return -EINVAL;
    *ret = value;
    return 0;
}

int request_instant(const char *text, int64_t *ret)
{
    return text ? utc_parse(text, ret) : 0;
}

static bool is_sent_as_json(const struct api_request *request)
{
    static const char type[] = "application/json";
    const char *sent =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    return sent && strncasecmp(sent, type, sizeof(type) - 1) == 0 &&
           strchr("; ", sent[sizeof(type) - 1]) != NULL; /* "" too */
}

json_t *request_json(const struct api_request *request, struct api_reply *ret_reply)
{
    json_error_t error;
    if (!is_sent_as_json(request)) {
        *ret_reply = reply_error(MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "media_type", "send application/json");
        return NULL;
    }
    json_t *body = json_loadb(request->body, request->body_len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(body)) /* also not NULL */
        return body;
    json_decref(body);
    *ret_reply = reply_bad_request(body ? "the body: not a JSON object" : error.text);
    return NULL;
}

int64_t request_now_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct api_reply request_hash(struct api *api, const struct api_request *request)
{
    const int rc = hasher_do(api->hasher, request->connection, request->job);
    if (rc == 0)
        return (struct api_reply){0, NULL};
    struct api_reply reply = reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "too many log-ins at once");
    reply_header(&reply, MHD_HTTP_HEADER_RETRY_AFTER, "3");
    return reply;
}

/* Kept for a few seconds: reading a county's routes for every plate would be waste. */
int request_registry(struct api *api, const struct registry **ret)
{
    const int64_t now_mono_ms = request_now_ms(CLOCK_MONOTONIC);
    if (!api->registry || now_mono_ms - api->registry_mono_ms >= REGISTRY_FRESH_MS) {
        struct registry *registry;
        const int rc = store_registry_load(api->store, &registry);
        if (rc != 0)
            return rc;
        nearmiss_destroy(api->nearmiss);
        registry_free(api->registry);
        api->nearmiss = NULL;
        api->registry = registry;
        api->registry_mono_ms = now_mono_ms;
    }
    *ret = api->registry;
    return 0;
}

static bool is_of_school(const struct registry *registry, const char *plate, const char *school_id)
{
    const struct registry_vehicle *vehicle = registry_plate(registry, plate);
    return vehicle && strcmp(vehicle->school_id, school_id) == 0;
}

/* A school is not told of other schools' plates. */
size_t request_near_misses(struct api *api, const char *plate, const char *school_id,
                           struct nearmiss_plate ret[NEARMISS_MAX])
{
    if (api->registry && !api->nearmiss)
        api->nearmiss = nearmiss_create(api->registry);
    const size_t n = api->nearmiss ? nearmiss_find(api->nearmiss, plate, ret) : 0;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!school_id || is_of_school(api->registry, ret[i].plate, school_id))
            ret[kept++] = ret[i];
    return kept;
}

void request_registry_changed(struct api *api)
{
    api->registry_mono_ms = INT64_MIN / 2;
}
