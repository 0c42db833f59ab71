/* Routing, files and health. */
#include "tests/unit/fixture_api.h"

#include <errno.h>

TestSuite(api, .init = stage_set_up, .fini = stage_tear_down);

/* --- routing --- */

static const struct {
    const char *method, *target;
    int status;
    const char *says;
} ANSWERS[] = {
    {"GET", "/", 200, "Content-Type: text/html"},
    {"GET", "/console/", 200, "<!doctype html>"},
    {"GET", "/console/main.js", 200, "Content-Type: text/javascript"},
    {"GET", "/console/main.js?v=1", 200, "export {};"},
    {"GET", "/console/img/a..b.svg", 200, "Content-Type: image/svg+xml"},
    {"GET", "/lib/leaflet/leaflet.css", 200, "Content-Type: text/css"},
    {"GET", "/lib/bootstrap/linked.js", 200, "linked"},
    {"GET", "/lib/bootstrap/none.js", 404, "\"not_found\""},
    {"GET", "/console/img", 404, "\"not_found\""},
    {"GET", "/console", 404, "\"not_found\""},
    {"GET", "/console/../secret", 404, "\"not_found\""},
    {"GET", "/console/img/../../secret", 404, "\"not_found\""},
    {"GET", "/console/%2e%2e/secret", 404, "\"not_found\""},
    {"GET", "/console/..%2fsecret", 404, "\"not_found\""},
    {"GET", "/console/.hidden", 404, "\"not_found\""},
    {"GET", "/console//etc/passwd", 404, "\"not_found\""},
    {"GET", "/console/img/", 404, "\"not_found\""},
    {"GET", "/lib/bootstrap/", 404, "\"not_found\""},
    {"GET", "/v1", 404, "\"not_found\""},
    {"GET", "/v1/alerts/", 404, "\"not_found\""},
    {"GET", "/v1/vehiclesx", 404, "\"not_found\""},
    {"POST", "/nowhere", 404, "\"not_found\""},
    {"POST", "/v1/alerts", 405, "Allow: GET, HEAD"},
    {"DELETE", "/v1/plates/x", 405, "Allow: GET, HEAD"},
    {"PUT", "/console/main.js", 405, "\"method_not_allowed\""},
    {"POST", "/console/main.js", 405, "\"method_not_allowed\""},
    {"POST", "/console/login.html?next=/", 405, "in words"},
    {"POST", "/console/login.html", 405, "Allow: GET, HEAD"},
    {"GET", "/v1/alerts?state=all&limit=500&before=1", 200, "\"alerts\":[]"},
    {"GET", "/v1/alerts?limit=1", 200, "\"alerts\":[]"},
    {"GET", "/v1/alerts?state=closed", 400, "\"bad_request\""},
    {"GET", "/v1/alerts?limit=0", 400, "\"bad_request\""},
    {"GET", "/v1/alerts?limit=501", 400, "\"bad_request\""},
    {"GET", "/v1/alerts?limit=", 400, "\"bad_request\""},
    {"GET", "/v1/alerts?limit=-1", 400, "\"bad_request\""},
    {"GET", "/v1/alerts?limit=%201", 400, "\"bad_request\""},
    {"GET", "/v1/alerts?limit=1x", 400, "\"bad_request\""},
    {"GET", "/v1/alerts?before=0", 400, "\"bad_request\""},
    {"GET", "/v1/alerts?before=99999999999999999999", 400, "\"bad_request\""},
    {"GET", "/v1/alerts?stat=open", 400, "\"bad_request\""},
    {"GET", "/v1/alerts?state", 400, "\"bad_request\""},
    {"GET", "/v1/vehicles?state=all", 400, "\"bad_request\""},
    {"GET", "/v1/alerts/stream?last_event_id=x", 400, "\"bad_request\""},
    {"GET", "/v1/plates/", 400, "\"bad_request\""},
    {"GET", "/v1/plates/hello", 400, "\"bad_request\""},
    {"GET", "/v1/plates/%FF%FE", 400, "\"bad_request\""},
    {"GET", "/v1/plates/a%2Fb", 404, "\"not_found\""},
    {"GET", "/v1/plates/%E6%B5%99J12345%00x", 400, "\"bad_request\""},
    {"GET", "/console/main.js%00.png", 404, "\"not_found\""},
    {"GET", "/v1/alerts?limit=1%000", 400, "\"bad_request\""},
    {"GET", "/v1/console", 200, "\"tiles_frame\":\"gcj02\""},
    {"GET", "/v1/routes", 200, "\"FeatureCollection\""},
    {"GET", "/v1/trips", 200, "\"trips\":[]"},
    {"GET", "/v1/trips?vehicle=bus-b&since=2026-09-14T00:00:00Z&until=2026-09-15T00:00:00.5Z&limit=500", 200,
     "\"next_before\":null"},
    {"GET", "/v1/trips?since=yesterday", 400, "\"since: an RFC 3339 instant\""},
    {"GET", "/v1/trips?until=2026-13-01T00:00:00Z", 400, "\"until: an RFC 3339 instant\""},
    {"GET", "/v1/trips?limit=501", 400, "\"bad_request\""},
    {"GET", "/v1/trips?before=0", 400, "\"bad_request\""},
    {"GET", "/v1/trips?before=7", 400, "\"bad_request\""},
    {"GET", "/v1/trips?bus=bus-b", 400, "\"bad_request\""},
    {"GET", "/v1/trips?vehicle=%27%20OR%201", 200, "\"trips\":[]"},
    {"GET", "/v1/trips/7", 404, "\"not_found\""},
    {"GET", "/v1/trips/0", 400, "\"bad_request\""},
    {"GET", "/v1/trips/1x", 400, "\"bad_request\""},
    {"GET", "/v1/trips/", 400, "\"bad_request\""},
};

Test(api, every_request_gets_the_right_kind_of_answer)
{
    for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
        const struct answer *answer = ask(ANSWERS[i].method, ANSWERS[i].target, "");
        cr_expect_eq(answer->status, ANSWERS[i].status, "%s %s: %d", ANSWERS[i].method, ANSWERS[i].target,
                     answer->status);
        cr_expect(strstr(answer->text, ANSWERS[i].says), "%s %s: %s", ANSWERS[i].method, ANSWERS[i].target,
                  answer->text);
    }
}

Test(api, head_is_get_without_its_body)
{
    static const char *const targets[] = {"/", "/healthz", "/v1/vehicles", "/v1/alerts/stream", "/v1/routes"};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        const struct answer *answer = ask("HEAD", targets[i], "");
        cr_expect_eq(answer->status, 200, "%s: %d", targets[i], answer->status);
        cr_expect_str_empty(answer->body, "%s: %s", targets[i], answer->text);
    }
}

Test(api, every_answer_is_fenced_in)
{
    static const char *const targets[] = {"/", "/v1/vehicles", "/nowhere", "/v1/alerts?limit=0"};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        const struct answer *answer = ask("GET", targets[i], "");
        cr_expect(strstr(answer->text, "X-Content-Type-Options: nosniff\r\n"), "%s", targets[i]);
        cr_expect(strstr(answer->text, "Content-Security-Policy: default-src 'self'; "
                                       "img-src 'self' data: blob: https://*.tiles.example; "),
                  "%s: %s", targets[i], answer->text);
    }
    cr_expect(strstr(ask("GET", "/v1/vehicles", "")->text, "Cache-Control: no-store\r\n"));
}

Test(api, an_unchanged_file_is_not_sent_again)
{
    char header[128];
    const struct answer *first = ask("GET", "/console/main.js", "");
    const char *etag = strstr(first->text, "ETag: ");
    cr_assert(etag);
    (void)snprintf(header, sizeof(header), "If-None-Match: %.*s\r\n", (int)strcspn(etag + 6, "\r"), etag + 6);
    cr_expect_eq(ask("GET", "/console/main.js", header)->status, 304);
    put_file("console/main.js", "export const longer = true;");
    const struct answer *second = ask("GET", "/console/main.js", header);
    cr_expect_eq(second->status, 200);
    cr_expect_str_eq(second->body, "export const longer = true;");
}

Test(api, tiles_must_come_from_a_web_server)
{
    static const struct {
        const char *url;
        int rc;
    } table[] = {
        {"", 0},
        {"http://127.0.0.1:9000/{z}/{x}/{y}.png", 0},
        {"ftp://tiles.example/{z}", -EINVAL},
        {"https://", -EINVAL},
        {"https://a; script-src *//{z}", -EINVAL},
        {"https://user@tiles.example/{z}", -EINVAL},
        {"tiles/{z}", -EINVAL},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct bureau_config other = stage.config;
        struct api *second = NULL;
        (void)snprintf(other.tiles_url, sizeof(other.tiles_url), "%s", table[i].url);
        cr_expect_eq(api_create(&other, &second), table[i].rc, "%s", table[i].url);
        api_destroy(second);
    }
}

Test(api, a_taken_port_is_told)
{
    struct bureau_config other = stage.config;
    struct api *second = NULL;
    other.http_port = api_port(stage.api);
    cr_assert_eq(api_create(&other, &second), 0);
    cr_expect_eq(api_listen(second), -EADDRINUSE);
    cr_expect_eq(api_port(second), 0);
    api_stop(second);
    api_destroy(second);
}

/* --- health --- */

Test(api, health_is_ok_only_with_broker_and_store)
{
    static const struct {
        bool connected, broken, failing;
        int status;
        const char *word;
    } table[] = {
        {true, false, false, 200, "ok"},
        {false, false, false, 503, "degraded"},
        {true, true, false, 503, "degraded"},
        {true, false, true, 503, "degraded"}, /* readable, but full */
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        stage.broker_connected = table[i].connected;
        stage.store_broken = table[i].broken;
        stage.ingest_failing = table[i].failing;
        json_t *json = get_json("/healthz", table[i].status);
        cr_expect_str_eq(json_string_value(json_object_get(json, "status")), table[i].word);
        cr_expect_eq(json_is_true(json_object_get(json_object_get(json, "broker"), "connected")),
                     table[i].connected);
        cr_expect_eq(json_integer_value(json_object_get(json_object_get(json, "broker"), "accepted")), 3);
        cr_expect_eq(strcmp(json_string_value(json_object_get(json, "store")), "ok") != 0,
                     table[i].broken || table[i].failing);
        json_decref(json);
    }
}

Test(api, a_store_that_fails_is_no_empty_list)
{
    stage.store_broken = true;
    json_t *json = get_json("/v1/alerts", 503);
    cr_expect_str_eq(json_string_value(json_object_get(json_object_get(json, "error"), "code")), "store");
    json_decref(json);
}
