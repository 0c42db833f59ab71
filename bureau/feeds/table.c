#include "bureau/feeds/table.h"

#include "bureau/api/json.h"
#include "proto/modeljson.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const FEED_VEHICLE_COLUMNS[] = {
    "vehicle_id",    "plate",       "school",      "division",    "capacity",       "online",
    "seen_at",       "lat",         "lon",         "fix_at",      "speed_kmh",      "quality",
    "aboard",        "aboard_low",  "aboard_high", "open_alerts", "licence_issued", "licence_held",
    "orders_issued", "orders_held", NULL};

const char *const FEED_ALERT_COLUMNS[] = {
    "id",          "event",      "vehicle_id", "plate",  "school",     "division",    "kind",
    "severity",    "phase",      "raised_at",  "time",   "cleared_at", "late",        "lat",
    "lon",         "accuracy_m", "quality",    "aboard", "aboard_low", "aboard_high", "licence_version",
    "received_at", "evidence",   "damaged",    NULL};

/* --- rows: what the API says, flattened --- */

static void rename_member(json_t *row, const char *from, const char *to)
{
    json_t *value = json_incref(json_object_get(row, from));
    (void)json_object_del(row, from);
    (void)json_object_set_new(row, to, value);
}

/* {"aboard":{"quality","low","count","high"}} becomes four columns. */
static void flatten_occupancy(json_t *row)
{
    json_t *aboard = json_incref(json_object_get(row, "aboard"));
    (void)json_object_del(row, "aboard");
    const char *quality = json_string_value(json_object_get(aboard, "quality"));
    (void)json_object_set(row, "quality", json_object_get(aboard, "quality"));
    if (quality && strcmp(quality, "unknown") != 0) { /* else the numbers mean nothing */
        (void)json_object_set(row, "aboard", json_object_get(aboard, "count"));
        (void)json_object_set(row, "aboard_low", json_object_get(aboard, "low"));
        (void)json_object_set(row, "aboard_high", json_object_get(aboard, "high"));
    }
    json_decref(aboard);
}

static void flatten_versions(json_t *row, const char *name, const char *issued, const char *held)
{
    json_t *versions = json_incref(json_object_get(row, name));
    (void)json_object_set(row, issued, json_object_get(versions, "issued"));
    (void)json_object_set(row, held, json_object_get(versions, "held"));
    json_decref(versions);
}

/* Names with a blank between them. */
static json_t *joined(const json_t *names)
{
    char text[BW_KIND_COUNT * STORE_KIND_MAX] = "";
    size_t i, length = 0;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        const char *word = json_string_value(name);
        if (length + strlen(word) + 2 > sizeof(text))
            break;
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s", i > 0 ? " " : "", word);
    }
    return json_string(text);
}

json_t *feed_vehicle_row(const struct store_vehicle *row, int64_t now_utc_ms)
{
    json_t *json = apijson_vehicle(row, now_utc_ms);
    if (!json)
        return NULL;
    flatten_occupancy(json);
    flatten_versions(json, "licence", "licence_issued", "licence_held");
    flatten_versions(json, "orders", "orders_issued", "orders_held");
    (void)json_object_set_new(json, "open_alerts", joined(json_object_get(json, "open_alerts")));
    return json;
}

json_t *feed_alert_row(const struct store_alert *row)
{
    json_t *json = apijson_alert(row);
    if (!json)
        return NULL;
    flatten_occupancy(json);
    rename_member(json, "evidence", "details");
    char *evidence = json_dumps(json_object_get(json, "details"), MODELJSON_FLAGS);
    (void)json_object_set_new(json, "evidence", json_string(evidence ? evidence : ""));
    free(evidence);
    return json;
}

/* --- CSV --- */

/* What spreadsheets take for a formula's beginning, in full width too: Excel of East Asia reads those so. */
static bool begins_formula(const char *text)
{
    static const char *const beginnings[] = {"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"};
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

void feed_csv_text(FILE *out, const char *text)
{
    const bool quoted = strpbrk(text, "\",\r\n") != NULL;
    if (quoted)
        (void)fputc('"', out);
    if (begins_formula(text))
        (void)fputc('\'', out);
    for (; *text; text++) {
        if (*text == '"')
            (void)fputc('"', out);
        (void)fputc(*text, out);
    }
    if (quoted)
        (void)fputc('"', out);
}

static void write_cell(FILE *out, const json_t *value)
{
    if (json_is_string(value))
        feed_csv_text(out, json_string_value(value));
    else if (value && !json_is_null(value))
        (void)json_dumpf(value, out, MODELJSON_FLAGS | JSON_ENCODE_ANY);
}

static void write_line(FILE *out, const char *const *columns, const json_t *row)
{
    for (size_t i = 0; columns[i]; i++) {
        if (i > 0)
            (void)fputc(',', out);
        if (row)
            write_cell(out, json_object_get(row, columns[i]));
        else
            (void)fputs(columns[i], out);
    }
    (void)fputs("\r\n", out);
}

/* --- GeoJSON --- */

static json_t *geometry(const json_t *row)
{
    json_t *lat = json_object_get(row, "lat"), *lon = json_object_get(row, "lon");
    if (!json_is_number(lat) || !json_is_number(lon))
        return json_null();
    return json_pack("{s:s, s:[O, O]}", "type", "Point", "coordinates", lon, lat);
}

static json_t *feature(const char *const *columns, const json_t *row)
{
    json_t *properties = json_object();
    for (size_t i = 0; columns[i]; i++) {
        if (strcmp(columns[i], "lat") == 0 || strcmp(columns[i], "lon") == 0)
            continue;
        json_t *value = json_object_get(row, columns[i]);
        modeljson_put(&properties, columns[i], value ? json_incref(value) : json_null());
    }
    return json_pack("{s:s, s:O?, s:o, s:o}", "type", "Feature", "id", json_object_get(row, columns[0]),
                     "geometry", geometry(row), "properties", properties);
}

/* --- both --- */

void feed_begin(FILE *out, enum feed_form form, const char *const *columns, bool bom)
{
    if (form == FEED_GEOJSON) {
        (void)fputs("{\"type\":\"FeatureCollection\",\"features\":[", out);
        return;
    }
    if (bom)
        (void)fputs("\xEF\xBB\xBF", out);
    write_line(out, columns, NULL);
}

int feed_row(FILE *out, enum feed_form form, const char *const *columns, bool is_first, json_t *row)
{
    if (!row)
        return -ENOMEM;
    int rc = 0;
    if (form == FEED_CSV) {
        write_line(out, columns, row);
    } else {
        json_t *json = feature(columns, row);
        if (!is_first)
            (void)fputs(",\n", out);
        rc = json && json_dumpf(json, out, MODELJSON_FLAGS) == 0 ? 0 : -ENOMEM;
        json_decref(json);
    }
    json_decref(row);
    return rc;
}

void feed_end(FILE *out, enum feed_form form)
{
    if (form == FEED_GEOJSON)
        (void)fputs("]}\n", out);
}
