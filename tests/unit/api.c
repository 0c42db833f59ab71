/* The server as its callers see it: real HTTP over a real socket, a real store in a folder of its own. */
#include "bureau/api/api.h"
#include "bureau/api/json.h"
#include "bureau/store/accounts.h"
#include "bureau/store/sightings.h"
#include "proto/seal.h"
#include "proto/wire.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 65536, PATIENCE_MS = 20000 };

static char folder[64] = "/tmp/buswarden-api-XXXXXX";
static struct bureau_config config;
static struct store *store;
static struct api *api;
static const char *bearer; /* who asks; NULL = nobody */
static uint32_t own_address = INADDR_LOOPBACK;
static bool broker_connected = true, ingest_failing;

/* Linked with --wrap: a store that fails on demand. */
static bool store_broken, audit_broken;
static atomic_bool audit_held, audit_begun;
static atomic_uint n_audits;
static char audited[BW_PLATE_LEN];

int __real_store_last_event(struct store *handle, int64_t *ret);
int __wrap_store_last_event(struct store *handle, int64_t *ret);
int __wrap_store_last_event(struct store *handle, int64_t *ret)
{
    return store_broken ? -EIO : __real_store_last_event(handle, ret);
}

int __wrap_store_audit(struct store *handle, const char *who, const char *action, const char *subject,
                       int64_t utc_ms);
int __wrap_store_audit(struct store *handle, const char *who, const char *action, const char *subject,
                       int64_t utc_ms)
{
    (void)handle, (void)utc_ms;
    cr_expect_str_eq(who, "tester#1");
    cr_expect(strcmp(action, "check-plate") == 0 || strcmp(action, "recurrence") == 0, "%s", action);
    audit_begun = true;
    while (audit_held)
        (void)usleep(1000);
    n_audits++;
    (void)snprintf(audited, sizeof(audited), "%s", subject);
    return audit_broken ? -EIO : 0;
}

/* --- the stage --- */

/* And a clock of ours that can be ahead. */
static atomic_int ahead_s;
int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    const int rc = __real_clock_gettime(clock, ret);
    ret->tv_sec += ahead_s;
    return rc;
}

static atomic_bool repeats_held, repeats_begun;
int __real_store_repeats(struct store *handle, const struct store_repeat_query *query, int limit,
                         store_repeat_fn fn, void *context);
int __wrap_store_repeats(struct store *handle, const struct store_repeat_query *query, int limit,
                         store_repeat_fn fn, void *context);
int __wrap_store_repeats(struct store *handle, const struct store_repeat_query *query, int limit,
                         store_repeat_fn fn, void *context)
{
    repeats_begun = true;
    while (repeats_held)
        (void)usleep(1000);
    return __real_store_repeats(handle, query, limit, fn, context);
}

static void put_file(const char *name, const char *content)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert(file);
    (void)fputs(content, file);
    (void)fclose(file);
}

static void put_folder(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    cr_assert_eq(mkdir(path, 0700), 0);
}

static void put_site(void)
{
    char from[256];
    put_folder("console");
    put_folder("console/img");
    put_folder("leaflet");
    put_folder("bootstrap");
    put_file("secret", "secret");
    put_file("console/index.html", "<!doctype html>");
    put_file("console/main.js", "export {};");
    put_file("console/.hidden", "secret");
    put_file("console/img/a..b.svg", "<svg/>");
    put_file("leaflet/leaflet.css", "a{}");
    put_file("elsewhere.js", "linked");
    (void)snprintf(from, sizeof(from), "%s/bootstrap/linked.js", folder);
    cr_assert_eq(symlink("../elsewhere.js", from), 0);
}

static void put_registry(void)
{
    static struct registry_school schools[] = {
        {.school_id = "s-1", .name = "外坑小学", .division = "331023"}};
    static struct registry_vehicle vehicles[] = {{.vehicle_id = "bus-b",
                                                  .plate = "浙J12345",
                                                  .plate_color = "yellow",
                                                  .school_id = "s-1",
                                                  .vehicle_class = BW_CLASS_MEDIUM,
                                                  .seats = 19,
                                                  .approved_capacity = 18,
                                                  .inspected_until_day = 40000}};
    static struct bw_point points[] = {{29.14, 121.03}, {29.15, 121.04}};
    static uint32_t part_start[] = {0, 2};
    static struct bw_route routes[] = {{.route_id = "r-1",
                                        .name = "外坑线",
                                        .half_width_m = 30,
                                        .n_points = 2,
                                        .points = points,
                                        .n_parts = 1,
                                        .part_start = part_start}};
    static struct registry_permit permits[] = {{.vehicle_id = "bus-b",
                                                .permit = {.permit_no = "P-1",
                                                           .route_id = "r-1",
                                                           .weekdays = 0x7F,
                                                           .window_end_min = 1440,
                                                           .valid_until_day = 40000,
                                                           .status = BW_STATUS_ACTIVE}}};
    const struct registry registry = {.n_schools = 1,
                                      .n_vehicles = 1,
                                      .n_permits = 1,
                                      .n_routes = 1,
                                      .schools = schools,
                                      .vehicles = vehicles,
                                      .permits = permits,
                                      .routes = routes};
    cr_assert_eq(store_registry_replace(store, &registry), 0, "%s", store_error(store));
}

/* One more phase of alert object `number`; its event's number. */
static int64_t put_alert(uint64_t number, enum bw_phase phase)
{
    static const uint8_t stream[BW_STREAM_LEN] = {1};
    const struct bw_alert alert = {.kind = BW_OVERLOAD,
                                   .phase = phase,
                                   .severity = BW_MINOR,
                                   .number = number,
                                   .time_utc_ms = 1789425000000 + (int64_t)number * 1000,
                                   .raised_utc_ms = 1789425000000,
                                   .occupancy = {BW_QUALITY_GOOD, 20, 20, 20},
                                   .evidence.overload = {20, 20, 18}};
    static uint64_t seq;
    int64_t event = 0;
    cr_assert_eq(store_alert_apply(store, "bus-b", stream, ++seq, &alert, 1789425000500, &event), 0, "%s",
                 store_error(store));
    return event;
}

static int64_t now_utc_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void put_presence_of(uint16_t aboard, int64_t utc_ms)
{
    const struct bw_presence presence = {
        .online = true, .time_utc_ms = utc_ms, .occupancy = {BW_QUALITY_GOOD, aboard, aboard, aboard}};
    cr_assert_eq(store_presence_put(store, "bus-b", &presence, utc_ms), 0, "%s", store_error(store));
}

static void put_presence(uint16_t aboard)
{
    put_presence_of(aboard, now_utc_ms());
}

static void broker(void *context, struct ingest_stats *ret)
{
    (void)context;
    *ret = (struct ingest_stats){.connected = broker_connected, .failing = ingest_failing, .accepted = 3};
}

/* An administrator's API token. */
static void put_account(const char *name, char ret_token[SECRET_TEXT_LEN])
{
    struct account account = {.role = ACCESS_ADMIN, .created_utc_ms = 1};
    struct token token = {.scopes = ACCESS_SCOPE_ALL, .created_utc_ms = 1, .expires_utc_ms = INT64_MAX};
    uint8_t hash[SECRET_HASH_LEN];
    int64_t id;
    (void)snprintf(account.name, sizeof(account.name), "%s", name);
    (void)snprintf(token.account, sizeof(token.account), "%s", name);
    secret_make(SECRET_TOKEN, ret_token, hash);
    cr_assert_eq(account_add(store, &account, "none"), 0, "%s", store_error(store));
    cr_assert_eq(token_add(store, &token, hash, &id), 0, "%s", store_error(store));
}

static void set_up(void)
{
    static char token[SECRET_TEXT_LEN];
    cr_assert_eq(seal_init(), 0);
    cr_assert(mkdtemp(folder));
    put_site();
    (void)snprintf(config.store_path, sizeof(config.store_path), "%s/store.db", folder);
    (void)snprintf(config.console_dir, sizeof(config.console_dir), "%s/console", folder);
    (void)snprintf(config.leaflet_dir, sizeof(config.leaflet_dir), "%s/leaflet", folder);
    (void)snprintf(config.bootstrap_dir, sizeof(config.bootstrap_dir), "%s/bootstrap", folder);
    (void)snprintf(config.http_listen, sizeof(config.http_listen), "127.0.0.1");
    (void)snprintf(config.tiles_url, sizeof(config.tiles_url), "https://{s}.tiles.example/{z}/{x}/{y}.png");
    config.tiles_frame = BUREAU_GCJ02;
    cr_assert_eq(store_open(config.store_path, &store), 0);
    put_registry();
    put_account("tester", token);
    bearer = token;
    cr_assert_eq(api_create(&config, &api), 0);
    cr_assert_eq(api_start(api, broker, NULL), 0);
}

static void tear_down(void)
{
    char command[96];
    api_stop(api);
    api_destroy(api);
    store_close(store);
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(api, .init = set_up, .fini = tear_down);

/* --- a client --- */

static int open_request(const char *method, const char *target, const char *headers)
{
    char request[2048];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)api_port(api))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(own_address)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(fd >= 0);
    cr_assert_eq(bind(fd, (const struct sockaddr *)&source, sizeof(source)), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    const int n = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s%s\r\n",
                           method, target, bearer ? "Authorization: Bearer " : "", bearer ? bearer : "",
                           bearer ? "\r\n" : "", headers);
    cr_assert_eq(write(fd, request, (size_t)n), n);
    return fd;
}

/* Reads on until `needle` stands in `text`, or to the end when it is NULL; false when that does not happen.
 */
static bool read_until(int fd, char text[TEXT_MAX], const char *needle)
{
    size_t length = strlen(text);
    for (;;) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (needle && strstr(text, needle))
            return true;
        if (poll(&readable, 1, PATIENCE_MS) != 1)
            return false;
        const ssize_t n = read(fd, text + length, TEXT_MAX - 1 - length);
        if (n <= 0)
            return n == 0 && !needle;
        length += (size_t)n;
        text[length] = '\0';
    }
}

struct answer {
    int status;
    char text[TEXT_MAX]; /* headers and body */
    const char *body;
};

static const struct answer *ask(const char *method, const char *target, const char *headers)
{
    static struct answer answer;
    char closing[512];
    (void)snprintf(closing, sizeof(closing), "Connection: close\r\n%s", headers);
    answer = (struct answer){0};
    const int fd = open_request(method, target, closing);
    cr_assert(read_until(fd, answer.text, NULL), "%s %s", method, target);
    (void)close(fd);
    cr_assert_eq(sscanf(answer.text, "HTTP/1.1 %d", &answer.status), 1, "%s", answer.text);
    answer.body = strstr(answer.text, "\r\n\r\n");
    cr_assert(answer.body);
    answer.body += 4;
    return &answer;
}

static json_t *get_json(const char *target, int status)
{
    const struct answer *answer = ask("GET", target, "");
    cr_assert_eq(answer->status, status, "%s: %s", target, answer->text);
    json_t *json = json_loads(answer->body, 0, NULL);
    cr_assert(json, "%s: %s", target, answer->body);
    return json;
}

/* --- routing --- */

Test(api, every_request_gets_the_right_kind_of_answer)
{
    static const struct {
        const char *method, *target;
        int status;
        const char *says;
    } table[] = {
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
        {"GET", "/v1/trips?vehicle=bus-b&since=2026-09-14T00:00:00Z&until=2026-09-15T00:00:00.5Z&limit=500",
         200, "\"next_before\":null"},
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
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct answer *answer = ask(table[i].method, table[i].target, "");
        cr_expect_eq(answer->status, table[i].status, "%s %s: %d", table[i].method, table[i].target,
                     answer->status);
        cr_expect(strstr(answer->text, table[i].says), "%s %s: %s", table[i].method, table[i].target,
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
        struct bureau_config other = config;
        struct api *second = NULL;
        (void)snprintf(other.tiles_url, sizeof(other.tiles_url), "%s", table[i].url);
        cr_expect_eq(api_create(&other, &second), table[i].rc, "%s", table[i].url);
        api_destroy(second);
    }
}

Test(api, a_taken_port_is_told)
{
    struct bureau_config other = config;
    struct api *second = NULL;
    other.http_port = api_port(api);
    cr_assert_eq(api_create(&other, &second), 0);
    cr_expect_eq(api_start(second, broker, NULL), -EADDRINUSE);
    cr_expect_eq(api_port(second), 0);
    api_stop(second);
    api_destroy(second);
}

/* --- who asks --- */

Test(api, without_a_word_of_who_asks_nothing_but_the_page_and_the_bare_health_is_told)
{
    static const struct {
        const char *method, *target;
        int status;
    } table[] = {
        {"GET", "/", 200},
        {"GET", "/console/main.js", 200},
        {"GET", "/lib/leaflet/leaflet.css", 200},
        {"GET", "/healthz", 200},
        {"GET", "/v1/alerts", 401},
        {"GET", "/v1/alerts/stream", 401},
        {"GET", "/v1/vehicles", 401},
        {"GET", "/v1/trips", 401},
        {"GET", "/v1/plates/x", 401},
        {"GET", "/v1/console", 401},
        {"GET", "/v1/session", 401},
        {"GET", "/v1/accounts", 401},
        {"POST", "/v1/session", 403}, /* not by a page of ours */
        {"GET", "/v1/none", 404},
        {"DELETE", "/v1/session", 401},
    };
    static const char *const nobodies[] = {NULL, "bwt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", ""};
    for (size_t n = 0; n < sizeof(nobodies) / sizeof(nobodies[0]); n++) {
        bearer = nobodies[n];
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
            const struct answer *answer = ask(table[i].method, table[i].target, "");
            cr_expect_eq(answer->status, table[i].status, "%s %s: %s", table[i].method, table[i].target,
                         answer->text);
            cr_expect_eq(table[i].status == 401, strstr(answer->text, "WWW-Authenticate: Bearer") != NULL);
        }
        cr_expect_str_eq(ask("GET", "/healthz", "")->body, "{\"status\":\"ok\"}");
    }
}

Test(api, a_session_needs_a_page_of_ours_for_a_change)
{
    static const struct {
        const char *headers;
        bool taken;
    } table[] = {
        {"", false},
        {"X-Buswarden: 1\r\n", true},
        {"X-Buswarden: 1\r\nSec-Fetch-Site: same-origin\r\n", true},
        {"X-Buswarden: 1\r\nSec-Fetch-Site: same-site\r\n", false},
        {"X-Buswarden: 1\r\nSec-Fetch-Site: cross-site\r\nOrigin: http://localhost\r\n", false},
        {"X-Buswarden: 1\r\nSec-Fetch-Site: none\r\n", false},
        {"X-Buswarden: 1\r\nOrigin: http://localhost\r\n", true},
        {"X-Buswarden: 1\r\nOrigin: http://elsewhere\r\n", false},
        {"X-Buswarden: 1\r\nOrigin: null\r\n", false},
        {"Sec-Fetch-Site: same-origin\r\nOrigin: http://localhost\r\n", false},
    };
    bearer = NULL;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char secret[SECRET_TEXT_LEN], headers[512];
        uint8_t hash[SECRET_HASH_LEN];
        secret_make(SECRET_SESSION, secret, hash);
        cr_assert_eq(session_add(store, hash, "tester", now_utc_ms()), 0);
        (void)snprintf(headers, sizeof(headers), "Cookie: buswarden=%s\r\n%s", secret, table[i].headers);
        cr_expect_eq(ask("GET", "/v1/session", headers)->status, 200, "it reads without");
        const struct answer *answer = ask("DELETE", "/v1/tokens/99", headers);
        cr_expect_eq(answer->status, table[i].taken ? 404 : 403, "%s: %s", table[i].headers, answer->text);
        cr_expect_eq(table[i].taken, strstr(answer->text, "\"forged\"") == NULL);
    }
}

Test(api, who_asks_too_often_is_told_when_to_come_back)
{
    enum { BURST = 100 };
    bearer = NULL;
    const struct answer *answer = NULL;
    for (int i = 0; i < 4 * BURST; i++) {
        answer = ask("GET", "/v1/vehicles", "");
        if (answer->status == 429)
            break;
        cr_assert_eq(answer->status, 401);
    }
    cr_assert_eq(answer->status, 429);
    cr_expect(strstr(answer->text, "Retry-After: 1\r\n"), "%s", answer->text);
    cr_expect_eq(ask("GET", "/", "")->status, 200, "the page is another matter");
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
        broker_connected = table[i].connected;
        store_broken = table[i].broken;
        ingest_failing = table[i].failing;
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
    store_broken = true;
    json_t *json = get_json("/v1/alerts", 503);
    cr_expect_str_eq(json_string_value(json_object_get(json_object_get(json, "error"), "code")), "store");
    json_decref(json);
}

/* --- alerts, vehicles, plates --- */

static void expect_page(const char *target, const int64_t *ids, size_t n, int64_t next_before)
{
    json_t *json = get_json(target, 200);
    const json_t *alerts = json_object_get(json, "alerts");
    const json_t *next = json_object_get(json, "next_before");
    cr_assert_eq(json_array_size(alerts), n, "%s", target);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(json_integer_value(json_object_get(json_array_get(alerts, i), "id")), ids[i], "%s",
                     target);
    cr_expect(next_before ? json_integer_value(next) == next_before : json_is_null(next), "%s", target);
    json_decref(json);
}

Test(api, alerts_are_paged_newest_first)
{
    for (uint64_t number = 1; number <= 5; number++)
        (void)put_alert(number, BW_RAISED);
    (void)put_alert(4, BW_CLEARED);
    expect_page("/v1/alerts?state=all&limit=2", (const int64_t[]){5, 4}, 2, 4);
    expect_page("/v1/alerts?state=all&limit=2&before=4", (const int64_t[]){3, 2}, 2, 2);
    expect_page("/v1/alerts?state=all&limit=2&before=2", (const int64_t[]){1}, 1, 0);
    expect_page("/v1/alerts?state=all&limit=5", (const int64_t[]){5, 4, 3, 2, 1}, 5, 0);
    expect_page("/v1/alerts?state=open", (const int64_t[]){5, 3, 2, 1}, 4, 0);
    expect_page("/v1/alerts", (const int64_t[]){5, 3, 2, 1}, 4, 0);
}

/* A trip that began in the hour `hour`, with its record. */
static void put_trip(const char *vehicle, uint64_t hour)
{
    struct wire_body body = {
        .type = WIRE_BODY_TRIP,
        .u.trip = {.begun_utc_ms = 1789425000000 + (int64_t)hour * 3600000,
                   .route_id = "r-1",
                   .boarded = 12,
                   .quality = BW_QUALITY_GOOD,
                   .n_stops = 1,
                   .stops = {{.stop_id = "t-1", .boarded = 12, .quality = BW_QUALITY_GOOD}}}};
    body.u.trip.ended_utc_ms = body.u.trip.begun_utc_ms + 1800000;
    struct wire_record record = {.stream = {1}, .cls = BW_RECORD_ALERT, .seq = hour + 1};
    struct wire_bytes bytes = {0};
    cr_assert_eq(wire_body_encode(&body, &bytes), 0);
    memcpy(record.body, bytes.data, bytes.len);
    record.body_len = bytes.len;
    wire_bytes_free(&bytes);
    cr_assert_eq(wire_record_encode(&record, &bytes), 0);
    cr_assert_eq(store_record_add(store, vehicle, record.stream, BW_RECORD_ALERT, record.seq, bytes.data,
                                  bytes.len, 1),
                 0);
    wire_bytes_free(&bytes);
    cr_assert_eq(store_trip_apply(store, vehicle, record.stream, record.seq, &body.u.trip, 1), 0);
}

static void expect_trips(const char *target, const char *begun, bool has_next)
{
    char said[128] = "";
    json_t *json = get_json(target, 200), *trip;
    size_t i;
    json_array_foreach(json_object_get(json, "trips"), i, trip)
    {
        (void)strncat(said, json_string_value(json_object_get(trip, "begun_at")) + 11, 2);
    }
    cr_expect_str_eq(said, begun, "%s: %s", target, said);
    cr_expect_eq(json_is_integer(json_object_get(json, "next_before")), has_next, "%s", target);
    json_decref(json);
}

Test(api, trips_are_paged_by_when_they_began)
{
    put_trip("bus-b", 0); /* 22:30 */
    put_trip("bus-a", 3);
    put_trip("bus-b", 2);
    put_trip("bus-b", 1);
    expect_trips("/v1/trips", "01002322", false);
    expect_trips("/v1/trips?vehicle=bus-b", "002322", false);
    expect_trips("/v1/trips?limit=3", "010023", true);
    expect_trips("/v1/trips?limit=3&before=4", "22", false);
    expect_trips("/v1/trips?vehicle=bus-b&limit=1&before=3", "23", true);
    expect_trips("/v1/trips?since=2026-09-14T23:30:00Z&until=2026-09-15T01:30:00Z", "0023", false);
}

Test(api, a_trip_is_told_whole_with_its_stops)
{
    put_trip("bus-b", 0);
    json_t *json = get_json("/v1/trips/1", 200), *stop = json_array_get(json_object_get(json, "stops"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(json, "route_name")), "外坑线");
    cr_expect_str_eq(json_string_value(json_object_get(json, "plate")), "浙J12345");
    cr_expect_str_eq(json_string_value(json_object_get(stop, "stop_id")), "t-1");
    cr_expect_eq(json_integer_value(json_object_get(stop, "boarded")), 12);
    cr_expect(json_is_null(json_object_get(stop, "name")), "not in the registry");
    json_decref(json);
}

Test(api, a_trip_without_its_record_is_a_store_that_fails)
{
    const struct bw_trip trip = {.begun_utc_ms = 1789425000000, .ended_utc_ms = 1789425000000};
    static const uint8_t stream[BW_STREAM_LEN] = {1};
    cr_assert_eq(store_trip_apply(store, "bus-b", stream, 1, &trip, 1), 0);
    json_decref(get_json("/v1/trips", 200));
    json_decref(get_json("/v1/trips/1", 503));
}

Test(api, a_list_names_the_event_where_the_stream_goes_on)
{
    (void)put_alert(1, BW_RAISED);
    const int64_t last = put_alert(1, BW_CLEARED);
    json_t *json = get_json("/v1/alerts", 200);
    cr_expect_eq(json_integer_value(json_object_get(json, "last_event")), last);
    json_decref(json);
}

Test(api, every_registered_vehicle_is_listed)
{
    json_t *json = get_json("/v1/vehicles", 200);
    const json_t *vehicles = json_object_get(json, "vehicles");
    cr_assert_eq(json_array_size(vehicles), 1);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(vehicles, 0), "vehicle_id")), "bus-b");
    json_decref(json);
}

Test(api, a_plate_is_read_as_people_type_it_and_every_look_up_is_audited)
{
    static const struct {
        const char *target, *plate, *verdict;
    } table[] = {
        {"/v1/plates/%E6%B5%99J12345", "浙J12345", "licensed"},
        {"/v1/plates/%E6%B5%99%EF%BD%8A%C2%B7123%2045", "浙J12345", "licensed"}, /* 浙ｊ·123 45 */
        {"/v1/plates/%E6%B5%99J99999", "浙J99999", "unknown"},
    };
    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        json_t *json = get_json(table[i].target, 200);
        cr_expect_str_eq(json_string_value(json_object_get(json, "plate")), table[i].plate);
        cr_expect_str_eq(json_string_value(json_object_get(json, "verdict")), table[i].verdict);
        cr_expect_eq(n_audits, i + 1);
        cr_expect_str_eq(audited, table[i].plate);
        json_decref(json);
    }
}

Test(api, no_look_up_without_its_trace)
{
    audit_broken = true;
    json_decref(get_json("/v1/plates/%E6%B5%99J12345", 503));
}

/* Nobody waits behind a look-up whose trace is being written. */
Test(api, a_slow_trace_holds_up_no_other_request)
{
    char text[TEXT_MAX] = "";
    audit_held = true;
    const int fd = open_request("GET", "/v1/plates/%E6%B5%99J12345", "Connection: close\r\n");
    while (!audit_begun)
        (void)usleep(1000);
    json_decref(get_json("/v1/vehicles", 200));
    cr_expect_eq(n_audits, 0);
    audit_held = false;
    cr_assert(read_until(fd, text, "\"verdict\""), "%s", text);
    cr_expect_eq(n_audits, 1, "traced before it was answered");
    (void)close(fd);
}

Test(api, look_ups_that_wait_at_the_stop_are_traced_and_the_server_ends)
{
    int fds[8];
    audit_held = true;
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        fds[i] = open_request("GET", "/v1/plates/%E6%B5%99J12345", "");
    while (!audit_begun)
        (void)usleep(1000);
    audit_held = false;
    api_stop(api);
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        static char text[TEXT_MAX];
        text[0] = '\0';
        (void)read_until(fds[i], text, NULL);
        cr_expect(!strstr(text, "HTTP/1.1 200") || n_audits > 0);
        (void)close(fds[i]);
    }
}

/* --- the event stream --- */

struct listener {
    int fd;
    char text[TEXT_MAX];
};

static struct listener *listen_to(const char *target, const char *headers)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    cr_assert(listener);
    listener->fd = open_request("GET", target, headers);
    cr_assert(read_until(listener->fd, listener->text, "retry: 2000\n"), "%s", listener->text);
    cr_assert(strstr(listener->text, "Content-Type: text/event-stream\r\n"));
    return listener;
}

static void hang_up(struct listener *listener)
{
    (void)close(listener->fd);
    free(listener);
}

static void expect_heard(struct listener *listener, const char *needle)
{
    cr_expect(read_until(listener->fd, listener->text, needle), "no %s in %s", needle, listener->text);
}

/* "id: N\nevent: alert\n" */
static const char *alert_id(int64_t event)
{
    static char text[64];
    (void)snprintf(text, sizeof(text), "id: %lld\nevent: alert\n", (long long)event);
    return text;
}

Test(api, a_new_listener_hears_what_is_new_and_nothing_else)
{
    const int64_t old = put_alert(1, BW_RAISED);
    api_notify_events(api, old);
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    const int64_t new = put_alert(1, BW_CLEARED);
    api_notify_events(api, new);
    expect_heard(listener, alert_id(new));
    expect_heard(listener, "\"phase\":\"CLEARED\"");
    cr_expect_null(strstr(listener->text, alert_id(old)));
    hang_up(listener);
}

Test(api, a_listener_that_comes_back_hears_what_it_missed_in_order)
{
    enum { PHASES = 40 }; /* several batches */
    int64_t events[PHASES];
    for (uint64_t i = 0; i < PHASES; i++)
        events[i] = put_alert(i + 1, BW_RAISED);
    api_notify_events(api, events[PHASES - 1]);
    char header[64];
    (void)snprintf(header, sizeof(header), "Last-Event-ID: %lld\r\n", (long long)events[2]);
    /* the address is the one that it began with; the header is newer */
    struct listener *listener = listen_to("/v1/alerts/stream?last_event_id=0", header);
    expect_heard(listener, alert_id(events[PHASES - 1]));
    const char *at = listener->text;
    cr_expect_null(strstr(listener->text, alert_id(events[2])));
    for (size_t i = 3; i < PHASES; i++) {
        at = strstr(at, alert_id(events[i]));
        cr_assert(at, "event %zu", i);
    }
    hang_up(listener);
}

Test(api, a_listener_is_told_where_it_stands_before_anything_happens)
{
    const int64_t last = put_alert(1, BW_RAISED);
    api_notify_events(api, last);
    char id[64];
    (void)snprintf(id, sizeof(id), "id: %lld\n\n", (long long)last);
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    expect_heard(listener, id);
    hang_up(listener);
}

Test(api, an_event_of_another_process_is_heard_without_notice)
{
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    expect_heard(listener, alert_id(put_alert(1, BW_RAISED)));
    hang_up(listener);
}

Test(api, a_vehicle_is_told_as_it_is_now_however_often_it_changed)
{
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    for (uint16_t aboard = 1; aboard <= 15; aboard++) {
        put_presence(aboard);
        api_notify_vehicle(api, "bus-b");
    }
    api_notify_vehicle(api, "not-registered");
    expect_heard(listener, "\"count\":15");
    cr_expect(strstr(listener->text, "event: vehicle\ndata: {\"vehicle_id\":\"bus-b\""));
    cr_expect_null(strstr(listener->text, "not-registered"));
    hang_up(listener);
}

Test(api, a_new_listener_is_not_told_of_vehicles_that_changed_before)
{
    struct listener *first = listen_to("/v1/alerts/stream", "");
    put_presence(7);
    api_notify_vehicle(api, "bus-b");
    expect_heard(first, "\"count\":7");
    struct listener *second = listen_to("/v1/alerts/stream", "");
    put_presence(8);
    api_notify_vehicle(api, "bus-b");
    expect_heard(second, "\"count\":8");
    cr_expect_null(strstr(second->text, "\"count\":7"));
    hang_up(first);
    hang_up(second);
}

Test(api, a_vehicle_that_falls_silent_is_told_without_notice, .timeout = 40)
{
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    put_presence_of(7, now_utc_ms() - APIJSON_LIVE_MS + 4000);
    api_notify_vehicle(api, "bus-b");
    expect_heard(listener, "\"online\":true");
    expect_heard(listener, "\"online\":false");
    hang_up(listener);
}

Test(api, silence_is_broken_by_a_comment)
{
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    expect_heard(listener, "\n: still here\n");
    hang_up(listener);
}

Test(api, listeners_are_limited_and_a_place_that_becomes_free_is_given_again)
{
    enum { CLIENTS = 256, OF_ACCOUNT = 64, ACCOUNTS = CLIENTS / OF_ACCOUNT };
    int fds[CLIENTS];
    static char text[TEXT_MAX], tokens[ACCOUNTS][SECRET_TEXT_LEN];
    for (int i = 0; i < CLIENTS; i++) {
        if (i % OF_ACCOUNT == 0) {
            char name[16];
            (void)snprintf(name, sizeof(name), "listener-%d", i);
            cr_expect(i == 0 || ask("GET", "/v1/alerts/stream", "")->status == 503,
                      "an account has its share");
            put_account(name, tokens[i / OF_ACCOUNT]);
            bearer = tokens[i / OF_ACCOUNT];
        }
        fds[i] = open_request("GET", "/v1/alerts/stream", "");
        text[0] = '\0';
        cr_assert(read_until(fds[i], text, "retry: 2000\n"), "listener %d: %s", i, text);
    }
    own_address++;
    cr_expect_eq(ask("GET", "/v1/alerts/stream", "")->status, 503);
    cr_expect_eq(ask("GET", "/v1/vehicles", "")->status, 200, "others are still served");

    for (int i = 0; i < CLIENTS; i++)
        (void)close(fds[i]);
    /* A closed connection is found when something is sent, at the latest by the second heartbeat. */
    int status = 503;
    for (uint64_t i = 1; i <= 200 && status == 503; i++) {
        api_notify_events(api, put_alert(i, BW_RAISED));
        (void)poll(NULL, 0, 50);
        const int fd = open_request("GET", "/v1/alerts/stream", "");
        text[0] = '\0';
        cr_assert(read_until(fd, text, "\r\n\r\n"));
        (void)sscanf(text, "HTTP/1.1 %d", &status);
        (void)close(fd);
    }
    cr_expect_eq(status, 200);
}

/* --- what nobody may have all of --- */

/* Read to its end: true if there was an answer at all. */
static bool is_answered(int fd)
{
    char byte;
    const bool answered = read(fd, &byte, 1) == 1;
    (void)close(fd);
    return answered;
}

Test(api, an_address_has_half_of_the_connections_at_most)
{
    enum { MOST = 256 };
    static char text[TEXT_MAX];
    int fds[MOST];
    for (int i = 0; i < MOST; i++) {
        fds[i] = open_request("GET", "/healthz", "");
        text[0] = '\0';
        cr_assert(read_until(fds[i], text, "\r\n\r\n"), "connection %d", i);
    }
    cr_expect(!is_answered(open_request("GET", "/healthz", "Connection: close\r\n")));
    own_address++;
    cr_expect_eq(ask("GET", "/healthz", "")->status, 200, "another one is served");
    own_address--;
    (void)close(fds[0]);
    bool answered = false; /* it takes a moment until the server has seen the end */
    for (int i = 0; i < 1000 && !answered; i++) {
        answered = is_answered(open_request("GET", "/healthz", "Connection: close\r\n"));
        (void)usleep(answered ? 0 : 10000);
    }
    cr_expect(answered, "a place that becomes free is given again");
    for (int i = 1; i < MOST; i++)
        (void)close(fds[i]);
}

static void serve_behind_proxy(void)
{
    api_stop(api);
    api_destroy(api);
    config.http_proxy = true;
    cr_assert_eq(api_create(&config, &api), 0);
    cr_assert_eq(api_start(api, broker, NULL), 0);
}

/* Its headers are there, its body is not. */
static int begin_upload(const char *address)
{
    char headers[160];
    static char text[TEXT_MAX];
    (void)snprintf(headers, sizeof(headers),
                   "X-Forwarded-For: %s\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n", address);
    const int fd = open_request("POST", "/v1/registry/routes", headers);
    text[0] = '\0';
    cr_assert(read_until(fd, text, "100 Continue"), "%s", text);
    return fd;
}

/* "{}" is no row, if it gets so far. */
static int upload(const char *address)
{
    char headers[160];
    (void)snprintf(headers, sizeof(headers),
                   "X-Forwarded-For: %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                   address);
    return ask("POST", "/v1/registry/routes", headers)->status;
}

Test(api, uploads_have_shares_of_account_and_address)
{
    enum { UPLOADS = 8, ACCOUNTS = UPLOADS / 2 + 1 };
    static char tokens[ACCOUNTS][SECRET_TEXT_LEN];
    int fds[UPLOADS];
    serve_behind_proxy();
    for (int i = 0; i < ACCOUNTS; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "sender-%d", i);
        put_account(name, tokens[i]);
    }
    for (int i = 0; i < UPLOADS; i++) { /* two an account, four an address */
        bearer = tokens[i / 2];
        fds[i] = begin_upload(i < 4 ? "10.0.0.1" : "10.0.0.2");
        if (i == 1)
            cr_expect_eq(upload("10.0.0.3"), 429, "an account has two, wherever it is");
        if (i == 3) {
            bearer = tokens[ACCOUNTS - 1];
            cr_expect_eq(upload("10.0.0.1"), 429, "an address has four, whoever it is");
            cr_expect_eq(upload("10.0.0.2"), 400, "another one is served");
        }
    }
    bearer = tokens[ACCOUNTS - 1];
    cr_expect_eq(upload("10.0.0.3"), 503, "there are eight in all");
    (void)close(fds[0]);
    int status = 503;
    for (int i = 0; i < 1000 && status == 503; i++) {
        status = upload("10.0.0.3");
        (void)usleep(10000);
    }
    cr_expect_eq(status, 400, "a place that becomes free is given again");
    for (int i = 1; i < UPLOADS; i++)
        (void)close(fds[i]);
}

Test(api, an_account_has_no_more_than_128_requests_under_way)
{
    enum { MOST = 128 };
    static char text[TEXT_MAX], other[SECRET_TEXT_LEN];
    int fds[MOST];
    put_account("other", other);
    for (int i = 0; i < MOST; i++) { /* small bodies that do not come */
        fds[i] = open_request("POST", "/v1/sightings", "Content-Length: 10\r\nExpect: 100-continue\r\n");
        text[0] = '\0';
        cr_assert(read_until(fds[i], text, "100 Continue"), "request %d: %s", i, text);
    }
    cr_expect_eq(ask("GET", "/v1/vehicles", "")->status, 429);
    bearer = other;
    cr_expect_eq(ask("GET", "/v1/vehicles", "")->status, 200, "another one is served");
    for (int i = 0; i < MOST; i++)
        (void)close(fds[i]);
}

/* Sends n bytes in chunks, and the end; the status, 0 when the connection was ended before. */
static int send_chunks(const char *method, const char *target, size_t n)
{
    static char text[TEXT_MAX], chunk[1024 + 8];
    int status = 0;
    const int fd = open_request(method, target, "Transfer-Encoding: chunked\r\nConnection: close\r\n");
    memset(chunk, 'x', sizeof(chunk));
    memcpy(chunk, "400\r\n", 5);
    memcpy(chunk + 5 + 1024, "\r\n", 2);
    bool up = true;
    for (size_t sent = 0; sent < n && up; sent += 1024)
        up = send(fd, chunk, 5 + 1024 + 2, MSG_NOSIGNAL) == 5 + 1024 + 2;
    up = up && send(fd, "0\r\n\r\n", 5, MSG_NOSIGNAL) == 5;
    text[0] = '\0';
    if (up && read_until(fd, text, NULL))
        (void)sscanf(text, "HTTP/1.1 %d", &status);
    (void)close(fd);
    return status;
}

Test(api, a_body_that_nobody_reads_ends_the_connection_after_64_kib)
{
    enum { MOST = 64 * 1024 };
    static const char *const anywhere[][2] = {{"POST", "/nowhere"}, {"GET", "/nowhere"}};
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(send_chunks(anywhere[i][0], anywhere[i][1], MOST), 404);
        cr_expect_eq(send_chunks(anywhere[i][0], anywhere[i][1], MOST + 1024), 0);
    }
    cr_expect_eq(send_chunks("GET", "/v1/vehicles", MOST), 200);
    cr_expect_eq(send_chunks("GET", "/v1/vehicles", MOST + 1024), 0);
    bearer = NULL;
    cr_expect_eq(send_chunks("POST", "/v1/sightings", 16 * 1024), 401);
    cr_expect_eq(send_chunks("POST", "/v1/sightings", 17 * 1024), 0);
    cr_expect_eq(ask("POST", "/nowhere", "Content-Length: 65537\r\n")->status, 413);
}

Test(api, a_body_may_take_five_minutes)
{
    static char text[TEXT_MAX];
    for (int late = 0; late < 2; late++) {
        ahead_s = 0;
        const int fd = open_request("POST", "/v1/sightings", "Content-Length: 2\r\nExpect: 100-continue\r\n");
        text[0] = '\0';
        cr_assert(read_until(fd, text, "100 Continue"), "%s", text);
        ahead_s = late ? 301 : 290;
        cr_expect_eq(write(fd, "{}", 2), 2);
        text[0] = '\0';
        (void)read_until(fd, text, late ? NULL : "HTTP/1.1 415");
        cr_expect_eq(strlen(text) == 0, late, "%s", text);
        (void)close(fd);
    }
}

Test(api, a_list_of_plates_holds_up_no_other_request)
{
    repeats_held = true;
    const int fd = open_request("GET", "/v1/sightings/recurrence?min=1", "Connection: close\r\n");
    while (!repeats_begun)
        (void)usleep(1000);
    json_decref(get_json("/v1/plates/%E6%B5%99J12345", 200));
    repeats_held = false;
    static char text[TEXT_MAX];
    cr_expect(read_until(fd, text, NULL));
    cr_expect(strstr(text, "HTTP/1.1 200") && strstr(text, "\"rows\":[]"), "%s", text);
    (void)close(fd);
}

Test(api, lists_that_wait_at_the_stop_are_answered_and_the_server_ends)
{
    enum { WAITING = 8 };
    int fds[WAITING + 2];
    repeats_held = true;
    for (int i = 0; i < WAITING + 1; i++) { /* one is being made */
        fds[i] = open_request("GET", "/v1/sightings/recurrence", "Connection: close\r\n");
        while (!repeats_begun)
            (void)usleep(1000);
    }
    while (n_audits < WAITING + 1)
        (void)usleep(1000);
    cr_expect_eq(ask("GET", "/v1/sightings/recurrence", "")->status, 503, "as many wait as may");
    repeats_held = false;
    api_stop(api);
    for (int i = 0; i < WAITING + 1; i++)
        (void)close(fds[i]);
}

Test(api, stopping_ends_every_stream)
{
    struct listener *idle = listen_to("/v1/alerts/stream", "");
    struct listener *other = listen_to("/v1/alerts/stream", "");
    api_stop(api);
    cr_expect(read_until(idle->fd, idle->text, NULL));
    cr_expect(read_until(other->fd, other->text, NULL));
    cr_expect(strstr(idle->text, "\r\n0\r\n\r\n"), "the last chunk comes, nothing is broken off");
    cr_expect(strstr(other->text, "\r\n0\r\n\r\n"));
    api_notify_events(api, 1); /* ingest may still be at work */
    api_notify_vehicle(api, "bus-b");
    hang_up(idle);
    hang_up(other);
}
