/* The feeds of docs/feeds.md over HTTP. */
#include "bureau/api/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_DEFAULT = 500, ALERTS_DEFAULT = 1000 };

static struct api_reply reply_feed(struct api *api, const struct api_request *request,
                                   const struct feed_request *asked)
{
    struct body *body = NULL;
    const int rc = feeder_get(api->feeder, asked, request->connection, request->feed, &body);
    if (rc == -EINPROGRESS)
        return (struct api_reply){0, NULL};
    if (rc == -EBUSY)
        return reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                           "as many feeds as can be made are asked for");
    return rc == 0 ? reply_body(request, body, feed_content_type(asked->feed)) : reply_store_failed();
}

/* A school is told of its own vehicles alone. */
static void begin(const struct api_request *request, enum feed feed, struct feed_request *ret)
{
    const char *school = access_school(request->who);
    *ret = (struct feed_request){.feed = feed, .one_school = school != NULL};
    (void)snprintf(ret->school_id, sizeof(ret->school_id), "%s", school ? school : "");
}

/* False: not a number from 1 to `max`. */
static bool read_limit(const struct api_request *request, int by_default, int max, struct feed_request *asked)
{
    int64_t limit = by_default;
    const int rc = request_number(request_query(request, "limit"), 1, max, &limit);
    asked->limit = (int)limit;
    return rc == 0;
}

/* --- JSON --- */

struct api_reply handle_feed_alerts(struct api *api, const struct api_request *request)
{
    struct feed_request asked;
    begin(request, FEED_ALERTS, &asked);
    if (request_number(request_query(request, "cursor"), 0, INT64_MAX, &asked.after) != 0)
        return reply_bad_request("cursor: the next_cursor of an earlier answer");
    if (!read_limit(request, PAGE_DEFAULT, FEED_PAGE_MAX, &asked))
        return reply_bad_request("limit: 1..1000");
    return reply_feed(api, request, &asked);
}

struct api_reply handle_feed_vehicles(struct api *api, const struct api_request *request)
{
    struct feed_request asked;
    const char *cursor = request_query(request, "cursor");
    begin(request, FEED_VEHICLES, &asked);
    if (cursor && strlen(cursor) >= sizeof(asked.after_vehicle))
        return reply_bad_request("cursor: the next_cursor of an earlier answer");
    if (cursor)
        memcpy(asked.after_vehicle, cursor, strlen(cursor));
    if (!read_limit(request, PAGE_DEFAULT, FEED_PAGE_MAX, &asked))
        return reply_bad_request("limit: 1..1000");
    return reply_feed(api, request, &asked);
}

/* --- CSV and GeoJSON --- */

static struct api_reply reply_alert_table(struct api *api, const struct api_request *request, enum feed feed)
{
    struct feed_request asked;
    const char *state = request_query(request, "state"), *bom = request_query(request, "bom");
    begin(request, feed, &asked);
    asked.open_only = !state || strcmp(state, "open") == 0;
    asked.bom = bom && strcmp(bom, "yes") == 0;
    if (!asked.open_only && strcmp(state, "all") != 0)
        return reply_bad_request("state: open or all");
    if (bom && !asked.bom && strcmp(bom, "no") != 0)
        return reply_bad_request("bom: yes or no");
    if (!read_limit(request, ALERTS_DEFAULT, FEED_ALERTS_MAX, &asked))
        return reply_bad_request("limit: 1..10000");
    return reply_feed(api, request, &asked);
}

struct api_reply handle_feed_alerts_csv(struct api *api, const struct api_request *request)
{
    return reply_alert_table(api, request, FEED_ALERTS_CSV);
}

struct api_reply handle_feed_alerts_geojson(struct api *api, const struct api_request *request)
{
    return reply_alert_table(api, request, FEED_ALERTS_GEOJSON);
}

struct api_reply handle_feed_vehicles_csv(struct api *api, const struct api_request *request)
{
    struct feed_request asked;
    const char *bom = request_query(request, "bom");
    begin(request, FEED_VEHICLES_CSV, &asked);
    asked.bom = bom && strcmp(bom, "yes") == 0;
    if (bom && !asked.bom && strcmp(bom, "no") != 0)
        return reply_bad_request("bom: yes or no");
    return reply_feed(api, request, &asked);
}

struct api_reply handle_feed_vehicles_geojson(struct api *api, const struct api_request *request)
{
    struct feed_request asked;
    begin(request, FEED_VEHICLES_GEOJSON, &asked);
    return reply_feed(api, request, &asked);
}

/* --- GTFS-Realtime --- */

struct api_reply handle_feed_positions(struct api *api, const struct api_request *request)
{
    struct feed_request asked;
    begin(request, FEED_GTFS_POSITIONS, &asked);
    return reply_feed(api, request, &asked);
}

struct api_reply handle_feed_service_alerts(struct api *api, const struct api_request *request)
{
    struct feed_request asked;
    begin(request, FEED_GTFS_ALERTS, &asked);
    return reply_feed(api, request, &asked);
}

/* Whoever asks: what anybody may know. */
static struct api_reply reply_public(struct api *api, const struct api_request *request, enum feed feed)
{
    const struct feed_request asked = {.feed = feed, .is_public = true};
    if (!api->config->feeds_public)
        return reply_not_found("no such path"); /* as if it were none */
    return reply_feed(api, request, &asked);
}

struct api_reply handle_public_positions(struct api *api, const struct api_request *request)
{
    return reply_public(api, request, FEED_GTFS_POSITIONS);
}

struct api_reply handle_public_service_alerts(struct api *api, const struct api_request *request)
{
    return reply_public(api, request, FEED_GTFS_ALERTS);
}
