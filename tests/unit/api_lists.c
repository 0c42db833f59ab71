/* Alerts, trips, vehicles and plates. */
#include "tests/unit/fixture_api.h"

#include "proto/wire.h"

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
    cr_assert_eq(store_record_add(stage.store, vehicle, record.stream, BW_RECORD_ALERT, record.seq,
                                  bytes.data, bytes.len, 1),
                 0);
    wire_bytes_free(&bytes);
    cr_assert_eq(store_trip_apply(stage.store, vehicle, record.stream, record.seq, &body.u.trip, 1), 0);
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
    cr_assert_eq(store_trip_apply(stage.store, "bus-b", stream, 1, &trip, 1), 0);
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
        cr_expect_eq(stage.n_audits, i + 1);
        cr_expect_str_eq(stage.audited, table[i].plate);
        json_decref(json);
    }
}

Test(api, no_look_up_without_its_trace)
{
    stage.audit_broken = true;
    json_decref(get_json("/v1/plates/%E6%B5%99J12345", 503));
}

/* Nobody waits behind a look-up whose trace is being written. */
Test(api, a_slow_trace_holds_up_no_other_request)
{
    char text[TEXT_MAX] = "";
    stage.audit_held = true;
    const int fd = open_request("GET", "/v1/plates/%E6%B5%99J12345", "Connection: close\r\n");
    while (!stage.audit_begun)
        (void)usleep(1000);
    json_decref(get_json("/v1/vehicles", 200));
    cr_expect_eq(stage.n_audits, 0);
    stage.audit_held = false;
    cr_assert(read_until(fd, text, "\"verdict\""), "%s", text);
    cr_expect_eq(stage.n_audits, 1, "traced before it was answered");
    (void)close(fd);
}

Test(api, look_ups_that_wait_at_the_stop_are_traced_and_the_server_ends)
{
    int fds[8];
    stage.audit_held = true;
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        fds[i] = open_request("GET", "/v1/plates/%E6%B5%99J12345", "");
    while (!stage.audit_begun)
        (void)usleep(1000);
    stage.audit_held = false;
    api_stop(stage.api);
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        static char text[TEXT_MAX];
        text[0] = '\0';
        (void)read_until(fds[i], text, NULL);
        cr_expect(!strstr(text, "HTTP/1.1 200") || stage.n_audits > 0, "%zu: %s", i, text);
        (void)close(fds[i]);
    }
}
