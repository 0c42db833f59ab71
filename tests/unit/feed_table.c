/* CSV by RFC 4180, GeoJSON by RFC 7946. */
#include "bureau/feeds/table.h"

#include "proto/modeljson.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int64_t MORNING_UTC_MS = 1789425000250; /* 2026-09-14T22:30:00.250Z */

static struct store_vehicle vehicle_row(void)
{
    return (struct store_vehicle){.vehicle = "bus-b",
                                  .plate = "浙J12345",
                                  .school = "外坑小学",
                                  .division = "331023",
                                  .capacity = 18,
                                  .seen = true,
                                  .presence = {.online = true,
                                               .time_utc_ms = MORNING_UTC_MS,
                                               .licence_version = 3,
                                               .has_position = true,
                                               .fix_utc_ms = MORNING_UTC_MS,
                                               .lat_deg = 29.14,
                                               .lon_deg = 121.03,
                                               .speed_mps = 10,
                                               .occupancy = {BW_QUALITY_GOOD, 12, 13, 14}},
                                  .received_utc_ms = MORNING_UTC_MS,
                                  .issued = {3, 0},
                                  .open_kinds = 1U << BW_OVERLOAD | 1U << BW_UNBELTED};
}

static char *text_of(enum feed_form form, bool bom, const struct store_vehicle *rows, size_t n)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    feed_begin(out, form, FEED_VEHICLE_COLUMNS, bom);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(
            feed_row(out, form, FEED_VEHICLE_COLUMNS, i == 0, feed_vehicle_row(&rows[i], MORNING_UTC_MS)), 0);
    feed_end(out, form);
    (void)fclose(out);
    return text;
}

static void expect_cell(const char *text, const char *cell)
{
    char *written = NULL;
    size_t len;
    FILE *out = open_memstream(&written, &len);
    feed_csv_text(out, text);
    (void)fclose(out);
    cr_expect_str_eq(written, cell, "%s became %s", text, written);
    free(written);
}

Test(feed_table, a_cell_is_quoted_where_it_must_be)
{
    static const char *const table[][2] = {
        {"", ""},
        {"浙J12345", "浙J12345"},
        {"a,b", "\"a,b\""},
        {"say \"no\"", "\"say \"\"no\"\"\""},
        {"two\r\nlines", "\"two\r\nlines\""},
        {"two\nlines", "\"two\nlines\""},
        {" blanks stay ", " blanks stay "},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        expect_cell(table[i][0], table[i][1]);
}

Test(feed_table, no_cell_is_a_formula)
{
    static const char *const table[][2] = {
        {"=1+1", "'=1+1"},
        {"+86", "'+86"},
        {"-1", "'-1"},
        {"@SUM(A1)", "'@SUM(A1)"},
        {"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
        {"\t=1", "'\t=1"},
        {"\r=1", "\"'\r=1\""},
        {"\n=1", "\"'\n=1\""},
        {"＝1", "'＝1"},
        {"＠x", "'＠x"},
        {"1=1", "1=1"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        expect_cell(table[i][0], table[i][1]);
}

Test(feed_table, a_vehicle_is_a_line)
{
    struct store_vehicle row = vehicle_row();
    row.school = "外坑小学, 东区";
    char *text = text_of(FEED_CSV, false, &row, 1);
    cr_expect_str_eq(
        text,
        "vehicle_id,plate,school,division,capacity,online,seen_at,lat,lon,fix_at,speed_kmh,quality,aboard,"
        "aboard_low,aboard_high,open_alerts,licence_issued,licence_held,orders_issued,orders_held\r\n"
        "bus-b,浙J12345,\"外坑小学, 东区\",331023,18,true,2026-09-14T22:30:00.250Z,29.14,121.03,"
        "2026-09-14T22:30:00.250Z,36.0,good,13,12,14,OVERLOAD UNBELTED,3,3,0,0\r\n",
        "%s", text);
    free(text);
}

Test(feed_table, what_is_not_known_is_empty)
{
    struct store_vehicle row = {.vehicle = "bus-a", .plate = "", .school = "", .division = "331023"};
    char *text = text_of(FEED_CSV, false, &row, 1);
    cr_expect(strstr(text, "\r\nbus-a,,,331023,0,false,,,,,,,,,,,0,0,0,0\r\n"), "%s", text);
    free(text);

    row = vehicle_row();
    row.presence.occupancy = (struct bw_occupancy){0};
    text = text_of(FEED_CSV, false, &row, 1);
    cr_expect(strstr(text, ",unknown,,,,"), "0 would be a count: %s", text);
    free(text);
}

Test(feed_table, a_bom_is_for_csv_and_only_when_asked_for)
{
    char *with = text_of(FEED_CSV, true, NULL, 0), *without = text_of(FEED_CSV, false, NULL, 0);
    char *json = text_of(FEED_GEOJSON, true, NULL, 0);
    cr_expect_eq(memcmp(with, "\xEF\xBB\xBFvehicle_id,", 14), 0);
    cr_expect_eq(memcmp(without, "vehicle_id,", 11), 0);
    cr_expect_str_eq(json, "{\"type\":\"FeatureCollection\",\"features\":[]}\n", "RFC 8259 forbids one");
    free(with);
    free(without);
    free(json);
}

Test(feed_table, features_have_points_longitude_first_and_null_where_nobody_knows)
{
    struct store_vehicle rows[] = {
        vehicle_row(), vehicle_row(), {.vehicle = "bus-c", .plate = "", .school = "", .division = ""}};
    char *text = text_of(FEED_GEOJSON, false, rows, 3);
    json_error_t error;
    json_t *json = json_loads(text, 0, &error), *features = json_object_get(json, "features");
    cr_assert(json, "%s in %s", error.text, text);
    cr_assert_eq(json_array_size(features), 3);
    json_t *point = json_object_get(json_object_get(json_array_get(features, 0), "geometry"), "coordinates");
    cr_expect_eq(json_real_value(json_array_get(point, 0)), 121.03);
    cr_expect_eq(json_real_value(json_array_get(point, 1)), 29.14);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(features, 0), "id")), "bus-b");
    cr_expect(json_is_null(json_object_get(json_array_get(features, 2), "geometry")));
    json_t *properties = json_object_get(json_array_get(features, 0), "properties");
    cr_expect_eq(json_object_size(properties), 18, "all columns but the two of the geometry");
    cr_expect_eq(json_integer_value(json_object_get(properties, "aboard")), 13);
    json_decref(json);
    free(text);
}

Test(feed_table, an_alert_has_a_value_for_every_column)
{
    const struct store_alert row = {
        .id = 7,
        .event = 12,
        .vehicle = "bus-b",
        .plate = "浙J12345",
        .school = "外坑小学",
        .division = "331023",
        .alert = {.kind = BW_OVERLOAD,
                  .phase = BW_CLEARED,
                  .severity = BW_SERIOUS,
                  .number = 4,
                  .time_utc_ms = MORNING_UTC_MS,
                  .raised_utc_ms = MORNING_UTC_MS,
                  .has_position = true,
                  .position = {29.14, 121.03, 4.26},
                  .occupancy = {BW_QUALITY_GOOD, 20, 20, 20},
                  .evidence.overload = {20, 21, 18}},
        .cleared_utc_ms = MORNING_UTC_MS,
        .received_utc_ms = MORNING_UTC_MS,
    };
    json_t *json = feed_alert_row(&row);
    for (size_t i = 0; FEED_ALERT_COLUMNS[i]; i++) {
        const json_t *value = json_object_get(json, FEED_ALERT_COLUMNS[i]);
        cr_expect(value && !json_is_null(value) && !json_is_object(value), "%s", FEED_ALERT_COLUMNS[i]);
    }
    cr_expect_str_eq(json_string_value(json_object_get(json, "evidence")),
                     "{\"aboard\":20,\"peak\":21,\"capacity\":18,\"over\":2,\"band\":\"serious\"}");
    json_decref(json);
}
