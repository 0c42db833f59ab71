#include "tests/unit/fixture_api.h"

#include "bureau/store/sightings.h"
#include "proto/seal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fts.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct stage stage = {
    .folder = "/tmp/buswarden-api-XXXXXX", .own_address = INADDR_LOOPBACK, .broker_connected = true};

int __real_store_last_event(struct store *handle, int64_t *ret);
int __wrap_store_last_event(struct store *handle, int64_t *ret);
int __wrap_store_last_event(struct store *handle, int64_t *ret)
{
    return stage.store_broken ? -EIO : __real_store_last_event(handle, ret);
}

int __wrap_store_audit(struct store *handle, const char *who, const char *action, const char *subject,
                       int64_t utc_ms);
int __wrap_store_audit(struct store *handle, const char *who, const char *action, const char *subject,
                       int64_t utc_ms)
{
    (void)handle, (void)utc_ms;
    cr_expect_str_eq(who, "tester#1");
    cr_expect(strcmp(action, "check-plate") == 0 || strcmp(action, "recurrence") == 0, "%s", action);
    stage.audit_begun = true;
    while (stage.audit_held)
        (void)usleep(1000);
    stage.n_audits++;
    (void)snprintf(stage.audited, sizeof(stage.audited), "%s", subject);
    return stage.audit_broken ? -EIO : 0;
}

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    const int rc = __real_clock_gettime(clock, ret);
    ret->tv_sec += stage.ahead_s;
    return rc;
}

int __real_store_repeats(struct store *handle, const struct store_repeat_query *query, int limit,
                         store_repeat_fn fn, void *context);
int __wrap_store_repeats(struct store *handle, const struct store_repeat_query *query, int limit,
                         store_repeat_fn fn, void *context);
int __wrap_store_repeats(struct store *handle, const struct store_repeat_query *query, int limit,
                         store_repeat_fn fn, void *context)
{
    stage.repeats_begun = true;
    while (stage.repeats_held)
        (void)usleep(1000);
    return __real_store_repeats(handle, query, limit, fn, context);
}

void put_file(const char *name, const char *content)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", stage.folder, name);
    FILE *file = fopen(path, "w");
    cr_assert(file);
    (void)fputs(content, file);
    (void)fclose(file);
}

static void put_folder(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", stage.folder, name);
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
    put_file("console/posted.html", "in words");
    put_file("console/main.js", "export {};");
    put_file("console/.hidden", "secret");
    put_file("console/img/a..b.svg", "<svg/>");
    put_file("leaflet/leaflet.css", "a{}");
    put_file("elsewhere.js", "linked");
    (void)snprintf(from, sizeof(from), "%s/bootstrap/linked.js", stage.folder);
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
    cr_assert_eq(store_registry_replace(stage.store, &registry), 0, "%s", store_error(stage.store));
}

int64_t put_alert(uint64_t number, enum bw_phase phase)
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
    cr_assert_eq(store_alert_apply(stage.store, "bus-b", stream, ++seq, &alert, 1789425000500, &event), 0,
                 "%s", store_error(stage.store));
    return event;
}

int64_t now_utc_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void put_presence_of(uint16_t aboard, int64_t utc_ms)
{
    const struct bw_presence presence = {
        .online = true, .time_utc_ms = utc_ms, .occupancy = {BW_QUALITY_GOOD, aboard, aboard, aboard}};
    cr_assert_eq(store_presence_put(stage.store, "bus-b", &presence, utc_ms), 0, "%s",
                 store_error(stage.store));
}

void broker(void *context, struct ingest_stats *ret)
{
    (void)context;
    *ret = (struct ingest_stats){
        .connected = stage.broker_connected, .failing = stage.ingest_failing, .accepted = 3};
}

void put_account(const char *name, char ret_token[SECRET_TEXT_LEN])
{
    struct account account = {.role = ACCESS_ADMIN, .created_utc_ms = 1};
    struct token token = {.scopes = ACCESS_SCOPE_ALL, .created_utc_ms = 1, .expires_utc_ms = INT64_MAX};
    uint8_t hash[SECRET_HASH_LEN];
    int64_t id;
    (void)snprintf(account.name, sizeof(account.name), "%s", name);
    (void)snprintf(token.account, sizeof(token.account), "%s", name);
    secret_make(SECRET_TOKEN, ret_token, hash);
    cr_assert_eq(account_add(stage.store, &account, "none"), 0, "%s", store_error(stage.store));
    cr_assert_eq(token_add(stage.store, &token, hash, &id), 0, "%s", store_error(stage.store));
}

void stage_set_up(void)
{
    static char token[SECRET_TEXT_LEN];
    cr_assert_eq(seal_init(), 0);
    cr_assert(mkdtemp(stage.folder));
    put_site();
    (void)snprintf(stage.config.store_path, sizeof(stage.config.store_path), "%s/store.db", stage.folder);
    (void)snprintf(stage.config.console_dir, sizeof(stage.config.console_dir), "%s/console", stage.folder);
    (void)snprintf(stage.config.leaflet_dir, sizeof(stage.config.leaflet_dir), "%s/leaflet", stage.folder);
    (void)snprintf(stage.config.bootstrap_dir, sizeof(stage.config.bootstrap_dir), "%s/bootstrap",
                   stage.folder);
    (void)snprintf(stage.config.http_listen, sizeof(stage.config.http_listen), "127.0.0.1");
    (void)snprintf(stage.config.tiles_url, sizeof(stage.config.tiles_url),
                   "https://{s}.tiles.example/{z}/{x}/{y}.png");
    stage.config.tiles_frame = BUREAU_GCJ02;
    cr_assert_eq(store_open(stage.config.store_path, &stage.store), 0);
    put_registry();
    put_account("tester", token);
    stage.bearer = token;
    cr_assert_eq(api_create(&stage.config, &stage.api), 0);
    cr_assert_eq(api_listen(stage.api), 0);
    cr_assert_eq(api_start(stage.api, broker, NULL), 0);
}

static void remove_folder(void)
{
    char *const paths[] = {stage.folder, NULL};
    FTS *all = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    cr_assert_not_null(all);
    for (FTSENT *entry = fts_read(all); entry != NULL; entry = fts_read(all))
        if (entry->fts_info != FTS_D) /* a folder comes again after what is in it */
            cr_expect_eq(remove(entry->fts_accpath), 0, "%s", entry->fts_path);
    (void)fts_close(all);
}

void stage_tear_down(void)
{
    api_stop(stage.api);
    api_destroy(stage.api);
    store_close(stage.store);
    remove_folder();
}

/* --- a client --- */

int open_request(const char *method, const char *target, const char *headers)
{
    char request[2048];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)api_port(stage.api))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(stage.own_address)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(fd >= 0);
    cr_assert_eq(bind(fd, (const struct sockaddr *)&source, sizeof(source)), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    const int n = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s%s\r\n",
                           method, target, stage.bearer ? "Authorization: Bearer " : "",
                           stage.bearer ? stage.bearer : "", stage.bearer ? "\r\n" : "", headers);
    cr_assert_eq(write(fd, request, (size_t)n), n);
    return fd;
}

bool read_until(int fd, char text[TEXT_MAX], const char *needle)
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

int status_of(const char *text)
{
    static const char version[] = "HTTP/1.1 ";
    return strncmp(text, version, sizeof(version) - 1) == 0
               ? (int)strtol(text + sizeof(version) - 1, NULL, 10)
               : 0;
}

const struct answer *ask(const char *method, const char *target, const char *headers)
{
    static struct answer answer;
    char closing[512];
    (void)snprintf(closing, sizeof(closing), "Connection: close\r\n%s", headers);
    answer = (struct answer){0};
    const int fd = open_request(method, target, closing);
    cr_assert(read_until(fd, answer.text, NULL), "%s %s", method, target);
    (void)close(fd);
    answer.status = status_of(answer.text);
    cr_assert_neq(answer.status, 0, "%s", answer.text);
    answer.body = strstr(answer.text, "\r\n\r\n");
    cr_assert(answer.body);
    answer.body += 4;
    return &answer;
}

json_t *get_json(const char *target, int status)
{
    const struct answer *answer = ask("GET", target, "");
    cr_assert_eq(answer->status, status, "%s: %s", target, answer->text);
    json_t *json = json_loads(answer->body, 0, NULL);
    cr_assert(json, "%s: %s", target, answer->body);
    return json;
}
