#include "bureau/api/metrics.h"

#include "bureau/api/internal.h"
#include "bureau/feeds/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const double BUCKETS_S[METRICS_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.02, 0.05,
                                                  0.1,   0.25,   0.5,   1,    2.5};

/* --- counting --- */

static struct metrics_route *route_of(struct metrics *metrics, const char *method, const char *pattern)
{
    for (size_t i = 0; i < METRICS_ROUTES_MAX; i++) {
        struct metrics_route *route = &metrics->routes[i];
        if (!route->pattern)
            *route = (struct metrics_route){.method = method, .pattern = pattern};
        if (strcmp(route->method, method) == 0 && strcmp(route->pattern, pattern) == 0)
            return route;
    }
    return NULL; /* the table has room for every route there is */
}

void metrics_count(struct metrics *metrics, const char *method, const char *pattern, unsigned code,
                   int64_t took_us)
{
    struct metrics_route *route = route_of(metrics, method, pattern);
    if (!route)
        return;
    size_t i = 0;
    while (i < METRICS_CODES_MAX - 1 && route->codes[i].code != 0 && route->codes[i].code != code)
        i++;
    route->codes[i].code = code;
    route->codes[i].n++;
    if (took_us < 0)
        return;
    size_t bucket = 0;
    while (bucket < METRICS_BUCKETS && (double)took_us > BUCKETS_S[bucket] * 1e6)
        bucket++;
    route->took[bucket]++;
    route->took_us += (uint64_t)took_us;
}

/* --- writing --- */

static void write_codes(FILE *out, const struct metrics_route *route)
{
    for (size_t i = 0; i < METRICS_CODES_MAX && route->codes[i].code; i++)
        (void)fprintf(out, "buswarden_http_requests_total{method=\"%s\",route=\"%s\",code=\"%u\"} %llu\n",
                      route->method, route->pattern, route->codes[i].code,
                      (unsigned long long)route->codes[i].n);
}

static void write_histogram(FILE *out, const struct metrics_route *route)
{
    static const char name[] = "buswarden_http_request_duration_seconds";
    unsigned long long sum = 0;
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        sum += route->took[i];
        (void)fprintf(out, "%s_bucket{method=\"%s\",route=\"%s\",le=\"%g\"} %llu\n", name, route->method,
                      route->pattern, BUCKETS_S[i], sum);
    }
    sum += route->took[METRICS_BUCKETS];
    (void)fprintf(out, "%s_bucket{method=\"%s\",route=\"%s\",le=\"+Inf\"} %llu\n", name, route->method,
                  route->pattern, sum);
    (void)fprintf(out, "%s_sum{method=\"%s\",route=\"%s\"} %.6f\n", name, route->method, route->pattern,
                  (double)route->took_us / 1e6);
    (void)fprintf(out, "%s_count{method=\"%s\",route=\"%s\"} %llu\n", name, route->method, route->pattern,
                  sum);
}

void metrics_write(FILE *out, const struct metrics *metrics)
{
    metrics_head(out, "buswarden_http_requests_total", "counter", "Answers, by route and status.");
    for (size_t i = 0; i < METRICS_ROUTES_MAX && metrics->routes[i].pattern; i++)
        write_codes(out, &metrics->routes[i]);
    metrics_head(out, "buswarden_http_request_duration_seconds", "histogram",
                 "From the request to the end of its answer; streams are not in it.");
    for (size_t i = 0; i < METRICS_ROUTES_MAX && metrics->routes[i].pattern; i++)
        write_histogram(out, &metrics->routes[i]);
}

static void write_ingest(FILE *out, const struct ingest_stats *stats)
{
    static const char name[] = "buswarden_ingest_messages_total";
    const struct {
        const char *outcome;
        uint64_t n;
    } outcomes[] = {
        {"accepted", stats->accepted},       {"presence", stats->presence},
        {"duplicate", stats->duplicate},     {"out_of_order", stats->out_of_order},
        {"conflict", stats->conflict},       {"bad_signature", stats->bad_signature},
        {"bad_topic", stats->bad_topic},     {"unknown_vehicle", stats->unknown_vehicle},
        {"bad_message", stats->bad_message}, {"too_large", stats->too_large},
        {"dropped", stats->dropped},
    };
    metrics_head(out, "buswarden_broker_connected", "gauge", "1: connected to the broker.");
    metrics_sample(out, "buswarden_broker_connected", NULL, NULL, stats->connected);
    metrics_head(out, "buswarden_ingest_failing", "gauge", "1: the last batch could not be kept.");
    metrics_sample(out, "buswarden_ingest_failing", NULL, NULL, stats->failing);
    metrics_head(out, name, "counter", "Messages of vehicles, by what became of them.");
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
        metrics_sample(out, name, "outcome", outcomes[i].outcome, (double)outcomes[i].n);
    metrics_head(out, "buswarden_receipts_total", "counter", "Receipts sent.");
    metrics_sample(out, "buswarden_receipts_total", NULL, NULL, (double)stats->receipts);
    metrics_head(out, "buswarden_issued_total", "counter", "Licences and orders sent.");
    metrics_sample(out, "buswarden_issued_total", "kind", "licence", (double)stats->issued[ISSUED_LICENCE]);
    metrics_sample(out, "buswarden_issued_total", "kind", "orders", (double)stats->issued[ISSUED_ORDERS]);
}

static void write_threads(FILE *out, struct api *api)
{
    struct stream_stats stream;
    struct tracer_stats tracer;
    struct feeder_stats feeder;
    stream_stats(api->stream, &stream);
    tracer_stats(api->tracer, &tracer);
    feeder_stats(api->feeder, &feeder);
    metrics_head(out, "buswarden_streams", "gauge", "Event streams that are open.");
    metrics_sample(out, "buswarden_streams", NULL, NULL, (double)stream.clients);
    metrics_head(out, "buswarden_streams_max", "gauge", "Event streams that can be.");
    metrics_sample(out, "buswarden_streams_max", NULL, NULL, STREAM_CLIENTS_MAX);
    metrics_head(out, "buswarden_stream_vehicles_dropped_total", "counter",
                 "Changes of vehicles that were not streamed for want of room.");
    metrics_sample(out, "buswarden_stream_vehicles_dropped_total", NULL, NULL,
                   (double)stream.vehicles_dropped);
    metrics_head(out, "buswarden_lookups_traced_total", "counter",
                 "Plate look-ups, audited before the answer.");
    metrics_sample(out, "buswarden_lookups_traced_total", NULL, NULL, (double)tracer.kept);
    metrics_head(out, "buswarden_lookups_refused_total", "counter",
                 "Plate look-ups that were not answered, because the audit took no line.");
    metrics_sample(out, "buswarden_lookups_refused_total", NULL, NULL, (double)tracer.lost);
    metrics_head(out, "buswarden_lookup_commits_total", "counter",
                 "Commits of the audit for plate look-ups.");
    metrics_sample(out, "buswarden_lookup_commits_total", NULL, NULL, (double)tracer.commits);
    metrics_head(out, "buswarden_feeds_made_total", "counter", "Feeds made anew.");
    metrics_sample(out, "buswarden_feeds_made_total", NULL, NULL, (double)feeder.made);
    metrics_head(out, "buswarden_feeds_shared_total", "counter", "Feeds answered with what was there.");
    metrics_sample(out, "buswarden_feeds_shared_total", NULL, NULL, (double)feeder.shared);
    metrics_head(out, "buswarden_feeds_bytes", "gauge", "Kept of feeds in memory.");
    metrics_sample(out, "buswarden_feeds_bytes", NULL, NULL, (double)feeder.bytes);
}

/* --- the answer --- */

static struct api_reply reply_metrics(struct api *api, const struct body *store)
{
    char *text = NULL;
    size_t len = 0;
    struct ingest_stats broker = {0};
    struct api_reply reply = {MHD_HTTP_OK, NULL};
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return reply;
    api->broker(api->broker_context, &broker);
    metrics_head(out, "buswarden_build_info", "gauge", "1, with the version.");
    metrics_sample(out, "buswarden_build_info", "version", BUSWARDEN_VERSION, 1);
    write_ingest(out, &broker);
    write_threads(out, api);
    metrics_write(out, &api->metrics);
    (void)fwrite(store->data, 1, store->len, out);
    const bool whole = !ferror(out);
    if (fclose(out) == 0 && whole)
        reply.response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    if (!reply.response)
        free(text);
    reply_header(&reply, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    reply_header(&reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return reply;
}

struct api_reply handle_metrics(struct api *api, const struct api_request *request)
{
    const struct feed_request asked = {.feed = FEED_STORE_METRICS};
    struct body *store = NULL;
    const int rc = feeder_get(api->feeder, &asked, request->connection, request->feed, &store);
    if (rc == -EINPROGRESS)
        return (struct api_reply){0, NULL};
    if (rc != 0)
        return reply_store_failed();
    const struct api_reply reply = reply_metrics(api, store);
    body_release(store);
    return reply;
}
