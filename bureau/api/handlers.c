#include "bureau/api/internal.h"
#include "bureau/api/json.h"
#include "bureau/pki/pki.h"
#include "bureau/registry/plate.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PAGE_DEFAULT = 100, /* of one answer; trips too */
    PAGE_MAX = 500,
};

static const char BEFORE[] = "before: the next_before of an earlier answer";
static const int64_t CERTIFICATE_WARN_MS = PKI_WARN_DAYS * UTC_MS_PER_DAY;

/* --- health --- */

struct api_reply handle_health(struct api *api, const struct api_request *request)
{
    struct ingest_stats broker = {0};
    struct stream_stats stream;
    struct store_notice_counts notices = {.oldest_unsent_utc_ms = 0};
    int64_t last_event, ending = 0;
    const int64_t soon_utc_ms = request_now_ms(CLOCK_REALTIME) + CERTIFICATE_WARN_MS;
    api->broker(api->broker_context, &broker);
    stream_stats(api->stream, &stream);
    const bool store_ok = store_last_event(api->store, &last_event) == 0 &&
                          store_certificates_ending(api->store, soon_utc_ms, &ending) == 0 &&
                          store_notice_counts(api->store, &notices) == 0;
    const char *store = store_ok ? "ok" : store_error(api->store);
    if (store_ok && broker.failing)
        store = "what came last could not be kept; the broker's reason says why";
    const bool ok = store_ok && broker.connected && !broker.failing;
    const unsigned status = ok ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    const char *word = ok ? "ok" : "degraded";
    if (!request->who) /* a monitor, or anybody */
        return reply_json(status, json_pack("{s:s}", "status", word));
    if (!(request->who->role & ACCESS_STAFF))
        return reply_json(status, json_pack("{s:s, s:{s:b}}", "status", word, "broker", "connected",
                                            (int)broker.connected));
    json_t *body =
        json_pack("{s:s, s:s, s:o, s:s, s:I, s:{s:I, s:i, s:I}, s:o}", "status", word, "version",
                  BUSWARDEN_VERSION, "broker", apijson_broker(&broker), "store", store, "certificates_ending",
                  (json_int_t)ending, "stream", "clients", (json_int_t)stream.clients, "clients_max",
                  STREAM_CLIENTS_MAX, "vehicles_dropped", (json_int_t)stream.vehicles_dropped,
                  "notifications", apijson_notifications(&notices));
    return reply_json(status, body);
}

/* --- alerts --- */

struct alert_page {
    json_t *alerts;
    int64_t limit;
    int64_t last_id; /* of the last one on this page */
    bool more;
};

static int add_alert(void *context, const struct store_alert *row)
{
    struct alert_page *page = context;
    page->more = (int64_t)json_array_size(page->alerts) == page->limit;
    if (page->more)
        return 0;
    page->last_id = row->id;
    return json_array_append_new(page->alerts, apijson_alert(row)) == 0 ? 0 : -ENOMEM;
}

struct api_reply handle_alerts(struct api *api, const struct api_request *request)
{
    const char *state = request_query(request, "state");
    int64_t before = 0;
    int64_t last_event;
    struct alert_page page = {.limit = PAGE_DEFAULT};
    const bool all = state && strcmp(state, "all") == 0;
    if (state && !all && strcmp(state, "open") != 0)
        return reply_bad_request("state: open or all");
    if (request_number(request_query(request, "limit"), 1, PAGE_MAX, &page.limit) != 0)
        return reply_bad_request("limit: 1..500");
    if (request_number(request_query(request, "before"), 1, INT64_MAX, &before) != 0)
        return reply_bad_request(BEFORE);

    /* last_event first: a stream that begins there may repeat what is listed here, but leaves no gap. One row
     * more than asked for tells whether there is a next page. */
    page.alerts = json_array();
    if (store_last_event(api->store, &last_event) != 0 ||
        store_alerts(api->store, access_school(request->who), !all, before, (int)page.limit + 1, add_alert,
                     &page) != 0) {
        json_decref(page.alerts);
        return reply_store_failed();
    }
    return reply_json(MHD_HTTP_OK, json_pack("{s:o, s:o, s:I}", "alerts", page.alerts, "next_before",
                                             page.more ? json_integer(page.last_id) : json_null(),
                                             "last_event", (json_int_t)last_event));
}

/* "57", or "57-1234"; NULL leaves *ret alone. */
static int parse_cursor(const char *text, struct stream_cursor *ret)
{
    char event[24];
    const size_t length = text ? strcspn(text, "-") : 0;
    if (!text || text[length] == '\0')
        return request_number(text, 0, INT64_MAX, &ret->event);
    if (length >= sizeof(event))
        return -EINVAL;
    memcpy(event, text, length);
    event[length] = '\0';
    if (request_number(event, 0, INT64_MAX, &ret->event) != 0)
        return -EINVAL;
    return request_number(text + length + 1, 0, INT64_MAX, &ret->step);
}

struct api_reply handle_alert_stream(struct api *api, const struct api_request *request)
{
    struct api_reply reply = {MHD_HTTP_OK, NULL};
    struct stream_cursor after = {STREAM_NEW, STREAM_NEW};
    /* The header is what a browser that comes back adds to the address it began with: it is the newer one. */
    const char *text = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Last-Event-ID");
    if (parse_cursor(text ? text : request_query(request, "last_event_id"), &after) != 0)
        return reply_bad_request("last event id: a number, or two with a hyphen");
    if (request->head) /* libmicrohttpd would end, in a HEAD too, the chunks that never began */
        reply.response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    else if (stream_open(api->stream, api->store, request->connection, request->caller, after,
                         &reply.response) == -EBUSY)
        return reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "as many streams as can be served are open");
    reply_header(&reply, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    reply_header(&reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return reply;
}

/* --- vehicles --- */

static int add_vehicle(void *context, const struct store_vehicle *row)
{
    json_t *json = apijson_vehicle(row, request_now_ms(CLOCK_REALTIME));
    return json_array_append_new(context, json) == 0 ? 0 : -ENOMEM;
}

struct api_reply handle_vehicles(struct api *api, const struct api_request *request)
{
    json_t *vehicles = json_array();
    if (store_vehicles(api->store, access_school(request->who), NULL, add_vehicle, vehicles) != 0) {
        json_decref(vehicles);
        return reply_store_failed();
    }
    return reply_json(MHD_HTTP_OK, json_pack("{s:o}", "vehicles", vehicles));
}

/* --- acts that were refused --- */

static int add_incident(void *context, const struct store_incident *row)
{
    return json_array_append_new(context, apijson_incident(row)) == 0 ? 0 : -ENOMEM;
}

struct api_reply handle_incidents(struct api *api, const struct api_request *request)
{
    (void)request;
    json_t *incidents = json_array();
    if (store_incidents(api->store, add_incident, incidents) != 0) {
        json_decref(incidents);
        return reply_store_failed();
    }
    return reply_json(MHD_HTTP_OK, json_pack("{s:o}", "incidents", incidents));
}

/* --- registry --- */

struct plate_question {
    const struct registry *registry;
    const char *plate, *school;
    struct registry_answer answer;
    int64_t now_utc_ms;
    json_t *json;
};

static int answer_plate(void *context, const struct store_vehicle *live)
{
    struct plate_question *question = context;
    question->json = apijson_plate(question->registry, question->plate, &question->answer, live,
                                   question->school, question->now_utc_ms);
    return question->json ? 0 : -ENOMEM;
}

static struct api_reply answer_look_up(struct api *api, const char *plate, const char *school)
{
    struct nearmiss_plate near[NEARMISS_MAX];
    struct plate_question question = {
        .plate = plate, .school = school, .now_utc_ms = request_now_ms(CLOCK_REALTIME)};
    if (request_registry(api, &question.registry) != 0)
        return reply_store_failed();
    registry_check_plate(question.registry, plate, question.now_utc_ms, &question.answer);
    const struct registry_vehicle *vehicle = question.answer.vehicle;
    const int rc =
        vehicle ? store_vehicles(api->store, NULL, vehicle->vehicle_id, answer_plate, &question) : 0;
    if (rc != 0 && rc != -ENOENT)
        return reply_store_failed();
    if (!question.json)
        (void)answer_plate(&question, NULL);
    const size_t n = vehicle ? 0 : request_near_misses(api, plate, school, near);
    modeljson_put(&question.json, "near_misses", apijson_near_misses(near, n));
    return reply_json(MHD_HTTP_OK, question.json);
}

/* No look-up without its trace: the audit comes first, and without it there is no answer. */
struct api_reply handle_plate(struct api *api, const struct api_request *request)
{
    struct trace *trace = request->trace;
    if (trace->state == TRACE_KEPT)
        return answer_look_up(api, trace->subject, access_school(request->who));
    if (trace->state == TRACE_LOST)
        return reply_store_failed();
    const char *reason;
    if (plate_parse(request->tail, false, trace->subject, &reason) != 0)
        return reply_bad_request(reason);
    (void)snprintf(trace->who, sizeof(trace->who), "%s", request->who->name);
    trace->action = "check-plate";
    trace->utc_ms = request_now_ms(CLOCK_REALTIME);
    const int rc = tracer_keep(api->tracer, request->connection, trace);
    return rc == 0 ? (struct api_reply){0, NULL} : reply_store_failed();
}

struct api_reply handle_routes(struct api *api, const struct api_request *request)
{
    const struct registry *registry;
    if (request_registry(api, &registry) != 0)
        return reply_store_failed();
    return reply_json(MHD_HTTP_OK, apijson_routes(registry, access_school(request->who)));
}

/* --- trips --- */

struct trip_page {
    const struct registry *registry;
    json_t *trips;
    int64_t limit;
    int64_t last_id; /* of the last one on this page */
    bool more;
};

static int add_trip(void *context, const struct store_trip *row)
{
    struct trip_page *page = context;
    page->more = (int64_t)json_array_size(page->trips) == page->limit;
    if (page->more)
        return 0;
    page->last_id = row->id;
    return json_array_append_new(page->trips, apijson_trip(page->registry, row)) == 0 ? 0 : -ENOMEM;
}

struct api_reply handle_trips(struct api *api, const struct api_request *request)
{
    struct store_trip_query asked = {.school = access_school(request->who),
                                     .vehicle = request_query(request, "vehicle"),
                                     .until_utc_ms = INT64_MAX};
    struct trip_page page = {.limit = PAGE_DEFAULT};
    if (request_instant(request_query(request, "since"), &asked.since_utc_ms) != 0)
        return reply_bad_request("since: an RFC 3339 instant");
    if (request_instant(request_query(request, "until"), &asked.until_utc_ms) != 0)
        return reply_bad_request("until: an RFC 3339 instant");
    if (request_number(request_query(request, "limit"), 1, PAGE_MAX, &page.limit) != 0)
        return reply_bad_request("limit: 1..500");
    if (request_number(request_query(request, "before"), 1, INT64_MAX, &asked.before_id) != 0)
        return reply_bad_request(BEFORE);
    if (request_registry(api, &page.registry) != 0)
        return reply_store_failed();
    page.trips = json_array();
    const int rc = store_trips(api->store, &asked, (int)page.limit + 1, add_trip, &page);
    if (rc != 0)
        json_decref(page.trips);
    if (rc == -ENOENT)
        return reply_bad_request(BEFORE);
    if (rc != 0)
        return reply_store_failed();
    return reply_json(MHD_HTTP_OK, json_pack("{s:o, s:o}", "trips", page.trips, "next_before",
                                             page.more ? json_integer(page.last_id) : json_null()));
}

struct trip_question {
    const struct registry *registry;
    json_t *json;
};

static int answer_trip(void *context, const struct store_trip *row)
{
    struct trip_question *question = context;
    question->json = apijson_trip_whole(question->registry, row);
    return question->json ? 0 : -ENOMEM;
}

struct api_reply handle_trip(struct api *api, const struct api_request *request)
{
    struct trip_question question = {0};
    int64_t id = 0;
    if (request_number(request->tail, 1, INT64_MAX, &id) != 0)
        return reply_bad_request("a trip has a number");
    if (request_registry(api, &question.registry) != 0)
        return reply_store_failed();
    const int rc = store_trip(api->store, access_school(request->who), id, answer_trip, &question);
    if (rc == -ENOENT)
        return reply_not_found("no such trip");
    return rc == 0 ? reply_json(MHD_HTTP_OK, question.json) : reply_store_failed();
}

/* --- the console --- */

struct api_reply handle_console_settings(struct api *api, const struct api_request *request)
{
    (void)request;
    const bool gcj02 = api->config->tiles_frame == BUREAU_GCJ02;
    return reply_json(MHD_HTTP_OK, json_pack("{s:s, s:s, s:s, s:s}", "bureau", api->config->name, "tiles",
                                             api->config->tiles_url, "tiles_frame", gcj02 ? "gcj02" : "wgs84",
                                             "version", BUSWARDEN_VERSION));
}

struct api_reply handle_console_file(struct api *api, const struct api_request *request)
{
    return reply_file(api, request, api->config->console_dir, request->tail);
}

struct api_reply handle_leaflet_file(struct api *api, const struct api_request *request)
{
    return reply_file(api, request, api->config->leaflet_dir, request->tail);
}

struct api_reply handle_bootstrap_file(struct api *api, const struct api_request *request)
{
    return reply_file(api, request, api->config->bootstrap_dir, request->tail);
}
