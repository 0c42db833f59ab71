/* What the API says, field by field: the console and the police feeds rely on these shapes
 * (docs/api/openapi.yaml). */
#include "bureau/api/json.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int64_t MORNING_UTC_MS = 1789425000250; /* 2026-09-14T22:30:00.250Z */

static void expect(json_t *actual, const char *text)
{
    json_error_t error;
    json_t *expected = json_loads(text, 0, &error);
    cr_assert(expected, "the test itself: %s at %d", error.text, error.position);
    char *said = apijson_text(json_incref(actual));
    cr_expect(json_equal(actual, expected), "said %s", said);
    free(said);
    json_decref(actual);
    json_decref(expected);
}

static struct store_alert alert_row(enum bw_kind kind)
{
    return (struct store_alert){
        .id = 7,
        .event = 12,
        .vehicle = "bus-b",
        .plate = "浙J12345",
        .school = "外坑小学",
        .division = "331023",
        .alert = {.kind = kind,
                  .phase = BW_RAISED,
                  .severity = BW_MINOR,
                  .number = 4,
                  .time_utc_ms = MORNING_UTC_MS,
                  .raised_utc_ms = MORNING_UTC_MS,
                  .has_position = true,
                  .position = {.lat_deg = 29.1412345, .lon_deg = 121.0312345, .accuracy_m = 4.26},
                  .occupancy = {.quality = BW_QUALITY_GOOD, .low = 20, .count = 20, .high = 20},
                  .licence_version = 3},
        .received_utc_ms = MORNING_UTC_MS + 1000,
    };
}

Test(api_json, an_open_overload_has_every_field)
{
    struct store_alert row = alert_row(BW_OVERLOAD);
    row.alert.evidence.overload = (struct bw_evidence_overload){.aboard = 20, .peak = 21, .capacity = 18};
    expect(apijson_alert(&row),
           "{\"id\":7,\"event\":12,\"vehicle_id\":\"bus-b\",\"plate\":\"浙J12345\",\"school\":\"外坑小学\","
           "\"division\":\"331023\",\"cleared_at\":null,\"received_at\":\"2026-09-14T22:30:01.250Z\","
           "\"late\":false,\"damaged\":false,"
           "\"time\":\"2026-09-14T22:30:00.250Z\",\"kind\":\"OVERLOAD\",\"phase\":\"RAISED\",\"severity\":"
           "\"minor\","
           "\"number\":4,\"raised_at\":\"2026-09-14T22:30:00.250Z\",\"lat\":29.1412345,\"lon\":121.0312345,"
           "\"accuracy_m\":4.3,\"aboard\":{\"quality\":\"good\",\"low\":20,\"count\":20,\"high\":20},"
           "\"licence_version\":3,"
           "\"evidence\":{\"aboard\":20,\"peak\":21,\"capacity\":18,\"over\":2,\"band\":\"minor\"}}");
}

Test(api_json, what_is_not_known_is_null)
{
    struct store_alert row = alert_row(BW_KIND_COUNT);
    row.alert.has_position = false;
    json_t *json = apijson_alert(&row);
    const char *const unknown[] = {"lat", "lon", "accuracy_m", "cleared_at"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        cr_expect(json_is_null(json_object_get(json, unknown[i])), "%s", unknown[i]);
    cr_expect(json_object_size(json_object_get(json, "evidence")) == 0);
    json_decref(json);

    row.alert.has_position = true;
    row.alert.position.accuracy_m = NAN;
    json = apijson_alert(&row);
    cr_expect(json_is_real(json_object_get(json, "lat")));
    cr_expect(json_is_null(json_object_get(json, "accuracy_m")));
    json_decref(json);
}

Test(api_json, a_cleared_alert_says_when_and_whether_it_came_late)
{
    struct store_alert row = alert_row(BW_OVERLOAD);
    row.alert.phase = BW_CLEARED;
    row.alert.evidence.overload = (struct bw_evidence_overload){.aboard = 0, .peak = 20, .capacity = 18};
    row.cleared_utc_ms = MORNING_UTC_MS;
    row.late = true;
    json_t *json = apijson_alert(&row);
    cr_expect_str_eq(json_string_value(json_object_get(json, "cleared_at")), "2026-09-14T22:30:00.250Z");
    cr_expect_str_eq(json_string_value(json_object_get(json, "phase")), "CLEARED");
    cr_expect(json_is_true(json_object_get(json, "late")));
    cr_expect_eq(json_integer_value(json_object_get(json_object_get(json, "evidence"), "over")), 0);
    json_decref(json);
}

static json_t *evidence(const struct store_alert *row)
{
    json_t *alert = apijson_alert(row);
    json_t *json = json_incref(json_object_get(alert, "evidence"));
    json_decref(alert);
    return json;
}

Test(api_json, off_route_evidence)
{
    struct store_alert row = alert_row(BW_OFF_ROUTE);
    row.alert.evidence.off_route = (struct bw_evidence_off_route){.route_id = "r-1",
                                                                  .distance_m = 154.26F,
                                                                  .peak_distance_m = 180.0F,
                                                                  .half_width_m = 30.0F,
                                                                  .outside_ms = 12500,
                                                                  .left_utc_ms = MORNING_UTC_MS,
                                                                  .entered = true};
    expect(evidence(&row),
           "{\"route_id\":\"r-1\",\"distance_m\":154.3,\"peak_distance_m\":180.0,"
           "\"half_width_m\":30.0,\"outside_s\":12.5,\"left_at\":\"2026-09-14T22:30:00.250Z\","
           "\"entered\":true,\"exempted_by\":\"\"}");

    row.alert.evidence.off_route.left_utc_ms = 0;
    json_t *never_entered = evidence(&row);
    cr_expect(json_is_null(json_object_get(never_entered, "left_at")));
    json_decref(never_entered);
}

Test(api_json, unlicensed_evidence)
{
    struct store_alert row = alert_row(BW_UNLICENSED);
    row.alert.evidence.unlicensed = (struct bw_evidence_unlicensed){
        .reason = BW_PERMIT_EXPIRED, .permit_no = "P-1", .valid_until_day = 20700};
    expect(evidence(&row),
           "{\"reason\":\"PERMIT_EXPIRED\",\"permit_no\":\"P-1\",\"valid_until\":\"2026-09-04\"}");

    row.alert.evidence.unlicensed = (struct bw_evidence_unlicensed){.reason = BW_NO_LICENCE};
    expect(evidence(&row), "{\"reason\":\"NO_LICENCE\",\"permit_no\":\"\",\"valid_until\":null}");
}

Test(api_json, a_vehicle_that_sends_no_utf8_spoils_only_its_own_field)
{
    struct store_alert row = alert_row(BW_OFF_ROUTE);
    memcpy(row.alert.evidence.off_route.route_id, "r\xFF", 3);
    json_t *json = evidence(&row);
    cr_expect_str_eq(json_string_value(json_object_get(json, "route_id")), "\xEF\xBF\xBD");
    json_decref(json);
}

Test(api_json, numbers_of_a_later_version_read_as_unknown)
{
    struct store_alert row = alert_row((enum bw_kind)200);
    row.alert.severity = (enum bw_severity)9;
    json_t *json = apijson_alert(&row);
    cr_expect_str_eq(json_string_value(json_object_get(json, "kind")), "UNSPECIFIED");
    cr_expect_str_eq(json_string_value(json_object_get(json, "severity")), "none");
    json_decref(json);
}

Test(api_json, a_day_that_no_calendar_has_is_null)
{
    struct store_alert row = alert_row(BW_UNLICENSED);
    row.alert.evidence.unlicensed.valid_until_day = INT32_MAX;
    json_t *json = evidence(&row);
    cr_expect(json_is_null(json_object_get(json, "valid_until")));
    json_decref(json);
}

Test(api_json, coordinates_are_written_without_binary_noise)
{
    struct store_alert row = alert_row(BW_TAMPER);
    char *text = apijson_text(apijson_alert(&row));
    cr_expect(strstr(text, "\"lat\":29.1412345,"), "%s", text);
    cr_expect(strstr(text, "\"accuracy_m\":4.3,"), "%s", text);
    cr_expect_null(strchr(text, '\n'));
    free(text);
}

static struct store_vehicle vehicle_row(void)
{
    return (struct store_vehicle){
        .vehicle = "bus-b",
        .plate = "浙J12345",
        .school = "外坑小学",
        .division = "331023",
        .capacity = 18,
        .seen = true,
        .presence = {.online = true,
                     .licence_version = 2,
                     .orders_version = 8,
                     .has_position = true,
                     .fix_utc_ms = MORNING_UTC_MS,
                     .lat_deg = 29.14,
                     .lon_deg = 121.03,
                     .speed_mps = 10.0F,
                     .occupancy = {.quality = BW_QUALITY_DEGRADED, .low = 12, .count = 12, .high = 15}},
        .received_utc_ms = MORNING_UTC_MS,
        .issued = {[ISSUED_LICENCE] = 3, [ISSUED_ORDERS] = 9},
        .open_kinds = 1U << BW_OVERLOAD | 1U << BW_TAMPER,
    };
}

Test(api_json, a_vehicle_on_the_road)
{
    const struct store_vehicle row = vehicle_row();
    expect(apijson_vehicle(&row, MORNING_UTC_MS),
           "{\"vehicle_id\":\"bus-b\",\"plate\":\"浙J12345\",\"school\":\"外坑小学\",\"division\":\"331023\","
           "\"capacity\":18,\"online\":true,\"seen_at\":\"2026-09-14T22:30:00.250Z\",\"lat\":29.14,\"lon\":"
           "121.03,"
           "\"fix_at\":\"2026-09-14T22:30:00.250Z\",\"speed_kmh\":36.0,"
           "\"aboard\":{\"quality\":\"degraded\",\"low\":12,\"count\":12,\"high\":15},"
           "\"licence\":{\"issued\":3,\"held\":2},\"orders\":{\"issued\":9,\"held\":8},\"certificate_until\":"
           "null,\"certificate_warn_from\":null,\"open_alerts\":["
           "\"OVERLOAD\",\"TAMPER\"]}");
}

Test(api_json, a_certificate_is_warned_of_thirty_days_ahead)
{
    struct store_vehicle row = vehicle_row();
    row.certificate_until_utc_ms = 1792276200250; /* 2026-10-17 */
    json_t *json = apijson_vehicle(&row, MORNING_UTC_MS);
    cr_expect_str_eq(json_string_value(json_object_get(json, "certificate_until")),
                     "2026-10-17T22:30:00.250Z");
    cr_expect_str_eq(json_string_value(json_object_get(json, "certificate_warn_from")),
                     "2026-09-17T22:30:00.250Z");
    json_decref(json);
}

Test(api_json, a_vehicle_never_seen)
{
    struct store_vehicle row = vehicle_row();
    row.seen = false; /* what stands in the presence means nothing then */
    memset(row.issued, 0, sizeof row.issued);
    row.open_kinds = 0;
    expect(apijson_vehicle(&row, MORNING_UTC_MS),
           "{\"vehicle_id\":\"bus-b\",\"plate\":\"浙J12345\",\"school\":\"外坑小学\",\"division\":\"331023\","
           "\"capacity\":18,\"online\":false,\"seen_at\":null,\"lat\":null,\"lon\":null,\"fix_at\":null,"
           "\"speed_kmh\":null,\"aboard\":null,\"licence\":{\"issued\":0,\"held\":0},\"orders\":{\"issued\":"
           "0,\"held\":0},\"certificate_until\":null,\"certificate_warn_from\":null,\"open_alerts\":[]}");
}

Test(api_json, a_vehicle_that_is_gone_or_silent_is_shown_where_it_was_but_nothing_of_it_as_now)
{
    static const struct {
        bool online;
        int64_t said_ms, age_ms; /* its own time, before it was received; since then */
        bool live;
    } table[] = {
        {true, 0, 0, true},
        {true, 0, APIJSON_LIVE_MS, true},
        {true, 0, APIJSON_LIVE_MS + 1, false},
        {true, APIJSON_LIVE_MS, 0, true},
        {true, APIJSON_LIVE_MS, 1, false},
        {true, -3600000, APIJSON_LIVE_MS + 1, false}, /* its clock is fast */
        {false, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct store_vehicle row = vehicle_row();
        row.presence.online = table[i].online;
        row.presence.time_utc_ms = row.received_utc_ms - table[i].said_ms;
        json_t *json = apijson_vehicle(&row, row.received_utc_ms + table[i].age_ms);
        cr_expect_eq(json_is_true(json_object_get(json, "online")), table[i].live, "row %zu", i);
        cr_expect_eq(json_is_object(json_object_get(json, "aboard")), table[i].live, "row %zu", i);
        cr_expect_eq(json_is_real(json_object_get(json, "speed_kmh")), table[i].live, "row %zu", i);
        cr_expect(json_is_real(json_object_get(json, "lat")), "row %zu", i);
        cr_expect(json_is_string(json_object_get(json, "seen_at")), "row %zu", i);
        json_decref(json);
    }
}

/* --- plates and routes: one school with one bus on one route --- */

static struct registry_school schools[] = {{.school_id = "s-1", .name = "外坑小学", .division = "331023"}};
static struct registry_vehicle vehicles[] = {{.vehicle_id = "bus-b",
                                              .plate = "浙J12345",
                                              .school_id = "s-1",
                                              .vehicle_class = BW_CLASS_MEDIUM,
                                              .seats = 19,
                                              .approved_capacity = 18,
                                              .inspected_until_day = 21000}};
static struct registry_driver drivers[] = {
    {.driver_id = "d-1", .name = "王师傅", .qualified_until_day = 21000}};
static struct registry_permit permits[] = {{.vehicle_id = "bus-b",
                                            .permit = {.permit_no = "P-1",
                                                       .driver_id = "d-1",
                                                       .route_id = "r-1",
                                                       .weekdays = 0x1F,
                                                       .window_start_min = 390,
                                                       .window_end_min = 460,
                                                       .valid_from_day = 20600,
                                                       .valid_until_day = 20800,
                                                       .status = BW_STATUS_ACTIVE}}};
static struct bw_point points[] = {{29.14, 121.03}, {29.15, 121.04}, {29.16, 121.05}, {29.17, 121.06}};
static uint32_t one_part[] = {0, 4};
static uint32_t two_parts[] = {0, 2, 4};
static struct bw_route routes[] = {{.route_id = "r-1",
                                    .name = "外坑线",
                                    .half_width_m = 30,
                                    .speed_limit_kmh = 40,
                                    .n_points = 4,
                                    .points = points,
                                    .n_parts = 1,
                                    .part_start = one_part}};
static struct bw_stop stops[] = {{.stop_id = "t-1",
                                  .name = "外坑口",
                                  .route_id = "r-1",
                                  .sequence = 1,
                                  .lat_deg = 29.14,
                                  .lon_deg = 121.03,
                                  .radius_m = 25}};
static const struct registry county = {
    .n_schools = 1,
    .n_vehicles = 1,
    .n_drivers = 1,
    .n_permits = 1,
    .n_routes = 1,
    .n_stops = 1,
    .schools = schools,
    .vehicles = vehicles,
    .drivers = drivers,
    .permits = permits,
    .routes = routes,
    .stops = stops,
};

Test(api_json, a_licensed_plate_shows_its_permit_and_who_is_aboard_now)
{
    const struct registry_answer answer = {REGISTRY_LICENSED, &vehicles[0], &permits[0], true};
    const struct store_vehicle live = vehicle_row();
    expect(apijson_plate(&county, "浙J12345", &answer, &live, NULL, MORNING_UTC_MS),
           "{\"plate\":\"浙J12345\",\"verdict\":\"licensed\",\"in_window\":true,\"vehicle_id\":\"bus-b\","
           "\"school\":\"外坑小学\",\"seats\":19,\"capacity\":18,"
           "\"route\":{\"route_id\":\"r-1\",\"name\":\"外坑线\"},"
           "\"hours\":{\"weekdays\":[1,2,3,4,5],\"start\":\"06:30\",\"end\":\"07:40\"},"
           "\"valid_from\":\"2026-05-27\",\"valid_until\":\"2026-12-13\",\"permit_no\":\"P-1\",\"driver\":"
           "\"王师傅\","
           "\"aboard\":{\"quality\":\"degraded\",\"low\":12,\"count\":12,\"high\":15},"
           "\"as_of\":\"2026-09-14T22:30:00.250Z\",\"open_alerts\":[\"OVERLOAD\",\"TAMPER\"]}");
}

Test(api_json, an_unknown_plate_is_an_answer_too)
{
    const struct registry_answer answer = {.verdict = REGISTRY_UNKNOWN};
    expect(apijson_plate(&county, "浙J99999", &answer, NULL, NULL, MORNING_UTC_MS),
           "{\"plate\":\"浙J99999\",\"verdict\":\"unknown\",\"in_window\":false,\"vehicle_id\":null,"
           "\"school\":null,"
           "\"seats\":null,\"capacity\":null,\"route\":null,\"hours\":null,\"valid_from\":null,\"valid_"
           "until\":null,"
           "\"permit_no\":null,\"driver\":null,\"aboard\":null,\"as_of\":\"2026-09-14T22:30:00.250Z\","
           "\"open_alerts\":[]}");
}

Test(api_json, an_old_count_is_nobody_aboard_now)
{
    const struct registry_answer answer = {REGISTRY_LICENSED, &vehicles[0], &permits[0], true};
    struct store_vehicle live = vehicle_row();
    const struct {
        bool online;
        int64_t age_ms;
        bool shown;
    } table[] = {
        {true, APIJSON_LIVE_MS, true},
        {true, APIJSON_LIVE_MS + 1, false},
        {false, 0, false},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        live.presence.online = table[i].online;
        json_t *json =
            apijson_plate(&county, "浙J12345", &answer, &live, NULL, live.received_utc_ms + table[i].age_ms);
        cr_expect_eq(json_is_object(json_object_get(json, "aboard")), table[i].shown, "row %zu", i);
        json_decref(json);
    }
}

static const char stop_text[] =
    "{\"type\":\"Feature\",\"properties\":{\"stop_id\":\"t-1\",\"name\":\"外坑口\",\"route_id\":\"r-1\","
    "\"sequence\":1,\"radius_m\":25.0},\"geometry\":{\"type\":\"Point\",\"coordinates\":[121.03,29.14]}}";

static void expect_geometry(const char *geometry)
{
    char text[1024];
    (void)snprintf(text, sizeof(text),
                   "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{"
                   "\"route_id\":\"r-1\",\"name\":\"外坑线\",\"half_width_m\":30.0,\"speed_limit_kmh\":40.0},"
                   "\"geometry\":%s},%s]}",
                   geometry, stop_text);
    expect(apijson_routes(&county, NULL), text);
}

Test(api_json, routes_are_geojson_longitude_first)
{
    expect_geometry("{\"type\":\"LineString\",\"coordinates\":"
                    "[[121.03,29.14],[121.04,29.15],[121.05,29.16],[121.06,29.17]]}");
}

Test(api_json, a_route_of_two_parts_is_a_multilinestring)
{
    routes[0].n_parts = 2;
    routes[0].part_start = two_parts;
    expect_geometry("{\"type\":\"MultiLineString\",\"coordinates\":"
                    "[[[121.03,29.14],[121.04,29.15]],[[121.05,29.16],[121.06,29.17]]]}");
}

Test(api_json, every_count_of_ingest_is_told)
{
    const struct ingest_stats stats = {
        .connected = true,
        .accepted = 1,
        .unread = 14,
        .presence = 2,
        .duplicate = 3,
        .out_of_order = 4,
        .conflict = 5,
        .bad_signature = 6,
        .unknown_vehicle = 7,
        .bad_topic = 8,
        .bad_message = 9,
        .too_large = 10,
        .log_lines = 16,
        .dropped = 11,
        .receipts = 12,
        .issued = {[ISSUED_LICENCE] = 13, [ISSUED_ORDERS] = 15},
        .reason = "nothing",
    };
    expect(apijson_broker(&stats),
           "{\"connected\":true,\"accepted\":1,\"unread\":14,\"presence\":2,\"duplicate\":3,\"out_of_order\":"
           "4,\"conflict\":5,"
           "\"bad_signature\":6,\"unknown_vehicle\":7,\"bad_topic\":8,\"bad_message\":9,\"too_large\":10,"
           "\"log_lines\":16,\"dropped\":11,\"receipts\":12,\"licences\":13,\"orders\":15,\"reason\":"
           "\"nothing\"}");
}

static struct store_trip trip_row(void)
{
    struct store_trip row = {
        .id = 9,
        .vehicle = "bus-b",
        .plate = "浙J12345",
        .school = "外坑小学",
        .division = "331023",
        .trip = {.begun_utc_ms = MORNING_UTC_MS,
                 .ended_utc_ms = MORNING_UTC_MS + 2400000,
                 .permit_no = "P-1",
                 .route_id = "r-1",
                 .licence_version = 3,
                 .distance_m = 14230,
                 .boarded = 20,
                 .alighted = 19,
                 .left = {BW_QUALITY_GOOD, 1, 1, 1},
                 .peak = 20,
                 .capacity = 18,
                 .over_s = 754,
                 .quality = BW_QUALITY_GOOD,
                 .stops_left_out = 1,
                 .n_stops = 2,
                 .stops = {{.stop_id = "t-1",
                            .has_position = true,
                            .lat_deg = 29.1412345,
                            .lon_deg = 121.0312345,
                            .opened_s = 60,
                            .open_s = 25,
                            .quality = BW_QUALITY_GOOD,
                            .boarded = 12},
                           {.opened_s = 600, .open_s = 5}}},
        .received_utc_ms = MORNING_UTC_MS + 2461000,
    };
    return row;
}

#define LISTED                                                                                               \
    "\"id\":9,\"vehicle_id\":\"bus-b\",\"plate\":\"浙J12345\",\"school\":\"外坑小学\","                 \
    "\"division\":\"331023\",\"route_name\":\"外坑线\",\"received_at\":\"2026-09-14T23:11:01.250Z\","     \
    "\"late\":false,\"begun_at\":\"2026-09-14T22:30:00.250Z\",\"ended_at\":\"2026-09-14T23:10:00.250Z\","    \
    "\"route_id\":\"r-1\",\"permit_no\":\"P-1\",\"boarded\":20,\"alighted\":19,\"peak\":20,\"capacity\":18," \
    "\"over_s\":754,\"quality\":\"good\",\"began_late\":false,\"cut_short\":false"

Test(api_json, a_trip_is_told_in_counts_and_by_the_names_of_the_registry)
{
    struct bw_route route = {.route_id = "r-1", .name = "外坑线"};
    struct bw_stop stop = {.stop_id = "t-1", .name = "桥南"};
    const struct registry registry = {.n_routes = 1, .routes = &route, .n_stops = 1, .stops = &stop};
    struct store_trip row = trip_row();
    expect(apijson_trip(&registry, &row), "{" LISTED "}");
    expect(apijson_trip_whole(&registry, &row),
           "{" LISTED
           ",\"distance_m\":14230,\"left\":{\"quality\":\"good\",\"low\":1,\"count\":1,\"high\":1},"
           "\"licence_version\":3,\"stops_left_out\":1,\"stops\":["
           "{\"stop_id\":\"t-1\",\"opened_at\":\"2026-09-14T22:31:00.250Z\",\"open_s\":25,\"boarded\":12,"
           "\"alighted\":0,\"quality\":\"good\",\"lat\":29.1412345,\"lon\":121.0312345,\"name\":\"桥南\"},"
           "{\"stop_id\":\"\",\"opened_at\":\"2026-09-14T22:40:00.250Z\",\"open_s\":5,\"boarded\":null,"
           "\"alighted\":null,\"quality\":\"unknown\",\"lat\":null,\"lon\":null,\"name\":null}]}");
}

Test(api_json, a_trip_of_what_the_registry_does_not_know_has_no_names)
{
    const struct registry registry = {0};
    struct store_trip row = trip_row();
    row.trip.capacity = 0;
    row.trip.quality = (enum bw_quality)7;
    json_t *json = apijson_trip_whole(&registry, &row);
    cr_expect(json_is_null(json_object_get(json, "route_name")));
    cr_expect(json_is_null(json_object_get(json, "capacity")));
    cr_expect_str_eq(json_string_value(json_object_get(json, "quality")), "unknown");
    cr_expect(json_is_null(json_object_get(json_array_get(json_object_get(json, "stops"), 0), "name")));
    json_decref(json);
}

Test(api_json, nothing_in_is_nothing_out)
{
    cr_expect_null(apijson_text(NULL));
}

Test(api_json, a_word_that_the_broker_repeats_is_as_old_as_it_is)
{
    struct store_vehicle row = {.vehicle = "bus-a",
                                .plate = "",
                                .school = "",
                                .division = "331023",
                                .seen = true,
                                .received_utc_ms = MORNING_UTC_MS,
                                .presence = {.online = true,
                                             .time_utc_ms = MORNING_UTC_MS - 3600000,
                                             .speed_mps = NAN,
                                             .occupancy = {BW_QUALITY_GOOD, 5, 5, 5}}};
    json_t *json = apijson_vehicle(&row, MORNING_UTC_MS);
    cr_expect(json_is_false(json_object_get(json, "online")), "an hour old is not now");
    cr_expect_str_eq(json_string_value(json_object_get(json, "seen_at")), "2026-09-14T21:30:00.250Z");
    json_decref(json);
    const struct registry registry = {0};
    const struct registry_answer answer = {0};
    json = apijson_plate(&registry, "", &answer, &row, NULL, MORNING_UTC_MS);
    cr_expect(json_is_null(json_object_get(json, "aboard")), "an hour old is not now");
    json_decref(json);
}
