#include "bureau/api/json.h"

#include "proto/utc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const KINDS[BW_KIND_COUNT] = {
    [BW_KIND_UNSPECIFIED] = "UNSPECIFIED",
    [BW_OVERLOAD] = "OVERLOAD",
    [BW_OFF_ROUTE] = "OFF_ROUTE",
    [BW_OUT_OF_HOURS] = "OUT_OF_HOURS",
    [BW_UNAPPROVED_STOP] = "UNAPPROVED_STOP",
    [BW_UNLICENSED] = "UNLICENSED",
    [BW_OVERSPEED] = "OVERSPEED",
    [BW_UNBELTED] = "UNBELTED",
    [BW_DOOR_OPEN_MOVING] = "DOOR_OPEN_MOVING",
    [BW_CHILD_LEFT_BEHIND] = "CHILD_LEFT_BEHIND",
    [BW_SENSOR_FAULT] = "SENSOR_FAULT",
    [BW_TAMPER] = "TAMPER",
};
static const char *const PHASES[] = {"NONE", "RAISED", "UPDATED", "CLEARED"};
static const char *const SEVERITIES[] = {"none", "notice", "minor", "serious", "criminal"};
static const char *const QUALITIES[] = {"unknown", "degraded", "good"};
static const char *const REASONS[] = {
    "NONE", "NO_LICENCE", "NO_PERMIT", "PERMIT_EXPIRED", "PERMIT_NOT_YET", "PERMIT_SUSPENDED",
};
static const char *const VERDICTS[] = {"unknown", "licensed", "expired", "suspended", "no_permit"};

/* The name of an enumerator; the table's first for a number that a later version may have sent. */
#define NAME(table, value) name_of(table, sizeof(table) / sizeof((table)[0]), (size_t)(value))

static const char *name_of(const char *const *table, size_t n, size_t value)
{
    return value < n ? table[value] : table[0];
}

/* A vehicle's own text may be no UTF-8; it must not take the whole list with it. */
static json_t *text(const char *value)
{
    json_t *json = json_string(value);
    return json ? json : json_string("\xEF\xBF\xBD");
}

static json_t *number(double value, int decimals)
{
    const double scale = pow(10, decimals);
    return isfinite(value) ? json_real(round(value * scale) / scale) : json_null();
}

/* One member of *object; *object becomes NULL when memory is short, and stays it. */
static void put(json_t **object, const char *key, json_t *value)
{
    if (json_object_set_new(*object, key, value) == 0)
        return;
    json_decref(*object);
    *object = NULL;
}

static json_t *degrees(bool known, double value_deg)
{
    return number(known ? value_deg : NAN, 7);
}

static json_t *instant(int64_t utc_ms)
{
    char rfc3339[UTC_TEXT_LEN];
    if (utc_ms == 0)
        return json_null();
    utc_format(utc_ms, rfc3339);
    return json_string(rfc3339);
}

static json_t *date(int32_t day)
{
    char iso8601[UTC_DAY_TEXT_LEN];
    if (day == 0)
        return json_null();
    utc_day_format(day, iso8601);
    return json_string(iso8601);
}

static json_t *occupancy(const struct bw_occupancy *aboard)
{
    return json_pack("{s:s, s:i, s:i, s:i}", "quality", NAME(QUALITIES, aboard->quality), "low", aboard->low,
                     "count", aboard->count, "high", aboard->high);
}

static json_t *overload(const struct bw_alert *alert)
{
    const struct bw_evidence_overload *evidence = &alert->evidence.overload;
    const int over = evidence->aboard - evidence->capacity;
    return json_pack("{s:i, s:i, s:i, s:i, s:s}", "aboard", evidence->aboard, "peak", evidence->peak,
                     "capacity", evidence->capacity, "over", over > 0 ? over : 0, "band",
                     NAME(SEVERITIES, alert->severity));
}

static json_t *off_route(const struct bw_alert *alert)
{
    const struct bw_evidence_off_route *evidence = &alert->evidence.off_route;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "route_id", text(evidence->route_id),
                     "distance_m", number(evidence->distance_m, 1), "peak_distance_m",
                     number(evidence->peak_distance_m, 1), "half_width_m", number(evidence->half_width_m, 1),
                     "outside_s", number(evidence->outside_ms / 1000.0, 3), "left_at",
                     instant(evidence->left_utc_ms), "entered", evidence->entered);
}

static json_t *unlicensed(const struct bw_alert *alert)
{
    const struct bw_evidence_unlicensed *evidence = &alert->evidence.unlicensed;
    return json_pack("{s:s, s:o, s:o}", "reason", NAME(REASONS, evidence->reason), "permit_no",
                     text(evidence->permit_no), "valid_until", date(evidence->valid_until_day));
}

static json_t *evidence_of(const struct bw_alert *alert)
{
    static json_t *(*const by_kind[BW_KIND_COUNT])(const struct bw_alert *) = {
        [BW_OVERLOAD] = overload,
        [BW_OFF_ROUTE] = off_route,
        [BW_UNLICENSED] = unlicensed,
    };
    const size_t kind = (size_t)alert->kind;
    return kind < BW_KIND_COUNT && by_kind[kind] ? by_kind[kind](alert) : json_object();
}

json_t *apijson_alert(const struct store_alert *row)
{
    const struct bw_alert *alert = &row->alert;
    const struct bw_position *at = &alert->position;
    json_t *json = json_object();
    put(&json, "id", json_integer(row->id));
    put(&json, "event", json_integer(row->event));
    put(&json, "vehicle_id", text(row->vehicle));
    put(&json, "plate", text(row->plate));
    put(&json, "school", text(row->school));
    put(&json, "division", text(row->division));
    put(&json, "kind", json_string(NAME(KINDS, alert->kind)));
    put(&json, "severity", json_string(NAME(SEVERITIES, alert->severity)));
    put(&json, "phase", json_string(NAME(PHASES, alert->phase)));
    put(&json, "time", instant(alert->time_utc_ms));
    put(&json, "raised_at", instant(alert->raised_utc_ms));
    put(&json, "cleared_at", instant(row->cleared_utc_ms));
    put(&json, "received_at", instant(row->received_utc_ms));
    put(&json, "late", json_boolean(row->late));
    put(&json, "lat", degrees(alert->has_position, at->lat_deg));
    put(&json, "lon", degrees(alert->has_position, at->lon_deg));
    put(&json, "accuracy_m", number(alert->has_position ? at->accuracy_m : NAN, 1));
    put(&json, "aboard", occupancy(&alert->occupancy));
    put(&json, "licence_version", json_integer((json_int_t)alert->licence_version));
    put(&json, "evidence", evidence_of(alert));
    return json;
}

static json_t *kinds(uint32_t bits)
{
    json_t *names = json_array();
    for (unsigned kind = 1; kind < BW_KIND_COUNT; kind++)
        if (bits & (UINT32_C(1) << kind))
            (void)json_array_append_new(names, json_string(KINDS[kind]));
    return names;
}

json_t *apijson_vehicle(const struct store_vehicle *row)
{
    /* Never seen: every field of it reads as "not known". */
    static const struct bw_presence unseen = {.speed_mps = NAN};
    const struct bw_presence *presence = row->seen ? &row->presence : &unseen;
    json_t *json = json_object();
    put(&json, "vehicle_id", text(row->vehicle));
    put(&json, "plate", text(row->plate));
    put(&json, "school", text(row->school));
    put(&json, "division", text(row->division));
    put(&json, "capacity", json_integer(row->capacity));
    put(&json, "online", json_boolean(presence->online));
    put(&json, "seen_at", instant(row->seen ? row->received_utc_ms : 0));
    put(&json, "lat", degrees(presence->has_position, presence->lat_deg));
    put(&json, "lon", degrees(presence->has_position, presence->lon_deg));
    put(&json, "fix_at", instant(presence->has_position ? presence->fix_utc_ms : 0));
    put(&json, "speed_kmh", number(presence->speed_mps * 3.6, 1));
    put(&json, "aboard", row->seen ? occupancy(&presence->occupancy) : json_null());
    put(&json, "licence",
        json_pack("{s:I, s:I}", "issued", (json_int_t)row->licence_version, "held",
                  (json_int_t)presence->licence_version));
    put(&json, "open_alerts", kinds(row->open_kinds));
    return json;
}

static json_t *hours(const struct bw_permit *permit)
{
    char start[8], end[8];
    json_t *weekdays = json_array();
    for (int day = 0; day < 7; day++)
        if (permit->weekdays & (1 << day))
            (void)json_array_append_new(weekdays, json_integer(day + 1));
    (void)snprintf(start, sizeof(start), "%02d:%02d", permit->window_start_min / 60,
                   permit->window_start_min % 60);
    (void)snprintf(end, sizeof(end), "%02d:%02d", permit->window_end_min / 60, permit->window_end_min % 60);
    return json_pack("{s:o, s:s, s:s}", "weekdays", weekdays, "start", start, "end", end);
}

static json_t *route_name(const struct registry *registry, const char *route_id)
{
    const struct bw_route *route = registry_route(registry, route_id);
    return json_pack("{s:o, s:o}", "route_id", text(route_id), "name", text(route ? route->name : ""));
}

static json_t *driver_name(const struct registry *registry, const char *driver_id)
{
    for (size_t i = 0; i < registry->n_drivers; i++)
        if (strcmp(registry->drivers[i].driver_id, driver_id) == 0)
            return text(registry->drivers[i].name);
    return json_null();
}

/* What the registry says of the vehicle: nulls when there is none. */
static void put_vehicle(json_t **json, const struct registry *registry,
                        const struct registry_vehicle *vehicle)
{
    const struct registry_school *school = vehicle ? registry_school(registry, vehicle->school_id) : NULL;
    put(json, "vehicle_id", vehicle ? text(vehicle->vehicle_id) : json_null());
    put(json, "school", school ? text(school->name) : json_null());
    put(json, "seats", vehicle ? json_integer(vehicle->seats) : json_null());
    put(json, "capacity", vehicle ? json_integer(vehicle->approved_capacity) : json_null());
}

/* What the permit says that decides: nulls when there is none. */
static void put_permit(json_t **json, const struct registry *registry, const struct bw_permit *permit)
{
    put(json, "route", permit ? route_name(registry, permit->route_id) : json_null());
    put(json, "hours", permit ? hours(permit) : json_null());
    put(json, "valid_from", permit ? date(permit->valid_from_day) : json_null());
    put(json, "valid_until", permit ? date(permit->valid_until_day) : json_null());
    put(json, "permit_no", permit ? text(permit->permit_no) : json_null());
    put(json, "driver", permit ? driver_name(registry, permit->driver_id) : json_null());
}

static bool is_live(const struct store_vehicle *live, int64_t now_utc_ms)
{
    return live && live->seen && live->presence.online &&
           now_utc_ms - live->received_utc_ms <= APIJSON_LIVE_MS;
}

json_t *apijson_plate(const struct registry *registry, const char *plate,
                      const struct registry_answer *answer, const struct store_vehicle *live,
                      int64_t now_utc_ms)
{
    json_t *json = json_object();
    put(&json, "plate", text(plate));
    put(&json, "verdict", json_string(NAME(VERDICTS, answer->verdict)));
    put(&json, "in_window", json_boolean(answer->in_window));
    put_vehicle(&json, registry, answer->vehicle);
    put_permit(&json, registry, answer->permit ? &answer->permit->permit : NULL);
    put(&json, "aboard", is_live(live, now_utc_ms) ? occupancy(&live->presence.occupancy) : json_null());
    put(&json, "as_of", instant(now_utc_ms));
    put(&json, "open_alerts", kinds(live ? live->open_kinds : 0));
    return json;
}

static json_t *coordinate(double lat_deg, double lon_deg)
{
    return json_pack("[o, o]", degrees(true, lon_deg), degrees(true, lat_deg));
}

static json_t *line(const struct bw_point *points, size_t n)
{
    json_t *json = json_array();
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(json, coordinate(points[i].lat_deg, points[i].lon_deg)) != 0) {
            json_decref(json);
            return NULL;
        }
    return json;
}

static json_t *route_geometry(const struct bw_route *route)
{
    if (route->n_parts == 1)
        return json_pack("{s:s, s:o}", "type", "LineString", "coordinates",
                         line(route->points, route->n_points));
    json_t *lines = json_array();
    for (size_t i = 0; i < route->n_parts; i++) {
        const size_t start = route->part_start[i];
        json_t *part = line(&route->points[start], route->part_start[i + 1] - start);
        if (json_array_append_new(lines, part) != 0) {
            json_decref(lines);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o}", "type", "MultiLineString", "coordinates", lines);
}

static json_t *feature(json_t *properties, json_t *geometry)
{
    return json_pack("{s:s, s:o, s:o}", "type", "Feature", "properties", properties, "geometry", geometry);
}

static json_t *route_feature(const struct bw_route *route)
{
    return feature(json_pack("{s:o, s:o, s:o, s:o}", "route_id", text(route->route_id), "name",
                             text(route->name), "half_width_m", number(route->half_width_m, 1),
                             "speed_limit_kmh", number(route->speed_limit_kmh, 1)),
                   route_geometry(route));
}

static json_t *stop_feature(const struct bw_stop *stop)
{
    return feature(
        json_pack("{s:o, s:o, s:o, s:I, s:o}", "stop_id", text(stop->stop_id), "name", text(stop->name),
                  "route_id", text(stop->route_id), "sequence", (json_int_t)stop->sequence, "radius_m",
                  number(stop->radius_m, 1)),
        json_pack("{s:s, s:o}", "type", "Point", "coordinates", coordinate(stop->lat_deg, stop->lon_deg)));
}

json_t *apijson_routes(const struct registry *registry)
{
    int failed = 0;
    json_t *features = json_array();
    for (size_t i = 0; i < registry->n_routes; i++)
        failed |= json_array_append_new(features, route_feature(&registry->routes[i]));
    for (size_t i = 0; i < registry->n_stops; i++)
        failed |= json_array_append_new(features, stop_feature(&registry->stops[i]));
    if (failed == 0)
        return json_pack("{s:s, s:o}", "type", "FeatureCollection", "features", features);
    json_decref(features);
    return NULL;
}

json_t *apijson_broker(const struct ingest_stats *stats)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"accepted", stats->accepted},           {"unread", stats->unread},
        {"presence", stats->presence},           {"duplicate", stats->duplicate},
        {"out_of_order", stats->out_of_order},   {"conflict", stats->conflict},
        {"bad_signature", stats->bad_signature}, {"unknown_vehicle", stats->unknown_vehicle},
        {"bad_topic", stats->bad_topic},         {"bad_message", stats->bad_message},
        {"too_large", stats->too_large},         {"dropped", stats->dropped},
        {"receipts", stats->receipts},           {"licences", stats->licences},
    };
    json_t *json = json_object();
    put(&json, "connected", json_boolean(stats->connected));
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        put(&json, counts[i].name, json_integer((json_int_t)counts[i].value));
    put(&json, "reason", text(stats->reason));
    return json;
}

char *apijson_text(json_t *value)
{
    /* Ten digits are a centimetre at 180 degrees; more would only show binary fractions. */
    char *line_of_text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(value);
    return line_of_text;
}
