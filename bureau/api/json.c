#include "bureau/api/json.h"

#include "bureau/pki/pki.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

#include <math.h>
#include <string.h>

static const char *const VERDICTS[] = {"unknown", "licensed", "expired", "suspended", "no_permit"};

json_t *apijson_alert(const struct store_alert *row)
{
    json_t *json = json_object();
    modeljson_put(&json, "id", json_integer(row->id));
    modeljson_put(&json, "event", json_integer(row->event));
    modeljson_put(&json, "vehicle_id", modeljson_text(row->vehicle));
    modeljson_put(&json, "plate", modeljson_text(row->plate));
    modeljson_put(&json, "school", modeljson_text(row->school));
    modeljson_put(&json, "division", modeljson_text(row->division));
    modeljson_put(&json, "cleared_at", modeljson_instant(row->cleared_utc_ms));
    modeljson_put(&json, "received_at", modeljson_instant(row->received_utc_ms));
    modeljson_put(&json, "late", json_boolean(row->late));
    modeljson_put(&json, "damaged", json_boolean(row->damaged));
    modeljson_put_alert(&json, &row->alert);
    if (row->damaged) /* zeros are no evidence */
        modeljson_put(&json, "evidence", json_object());
    return json;
}

static json_t *kinds(uint32_t bits)
{
    json_t *names = json_array();
    for (unsigned kind = 1; kind < BW_KIND_COUNT; kind++)
        if (bits & (UINT32_C(1) << kind))
            (void)json_array_append_new(names, json_string(modeljson_kind((enum bw_kind)kind)));
    return names;
}

/* When the vehicle was heard of: the broker repeats an old word to a bureau that starts anew, so the word's
 * own time counts when it is the older one. */
static int64_t seen_utc_ms(const struct store_vehicle *row)
{
    const int64_t said_utc_ms = row->presence.time_utc_ms;
    return said_utc_ms > 0 && said_utc_ms < row->received_utc_ms ? said_utc_ms : row->received_utc_ms;
}

int64_t apijson_live_until_utc_ms(const struct store_vehicle *row)
{
    return row->seen && row->presence.online ? seen_utc_ms(row) + APIJSON_LIVE_MS : 0;
}

json_t *apijson_vehicle(const struct store_vehicle *row, int64_t now_utc_ms)
{
    /* Never seen: every field of it reads as "not known". */
    static const struct bw_presence unseen = {.speed_mps = NAN};
    const struct bw_presence *presence = row->seen ? &row->presence : &unseen;
    const bool live = now_utc_ms <= apijson_live_until_utc_ms(row);
    json_t *json = json_object();
    modeljson_put(&json, "vehicle_id", modeljson_text(row->vehicle));
    modeljson_put(&json, "plate", modeljson_text(row->plate));
    modeljson_put(&json, "school", modeljson_text(row->school));
    modeljson_put(&json, "division", modeljson_text(row->division));
    modeljson_put(&json, "capacity", json_integer(row->capacity));
    modeljson_put(&json, "online", json_boolean(live));
    modeljson_put(&json, "seen_at", modeljson_instant(row->seen ? seen_utc_ms(row) : 0));
    modeljson_put(&json, "lat", modeljson_degrees(presence->has_position, presence->lat_deg));
    modeljson_put(&json, "lon", modeljson_degrees(presence->has_position, presence->lon_deg));
    modeljson_put(&json, "fix_at", modeljson_instant(presence->has_position ? presence->fix_utc_ms : 0));
    modeljson_put(&json, "speed_kmh", modeljson_number(live ? presence->speed_mps * 3.6 : NAN, 1));
    modeljson_put(&json, "aboard", live ? modeljson_occupancy(&presence->occupancy) : json_null());
    modeljson_put(&json, "licence",
                  json_pack("{s:I, s:I}", "issued", (json_int_t)row->issued[ISSUED_LICENCE], "held",
                            (json_int_t)presence->licence_version));
    modeljson_put(&json, "orders",
                  json_pack("{s:I, s:I}", "issued", (json_int_t)row->issued[ISSUED_ORDERS], "held",
                            (json_int_t)presence->orders_version));
    const int64_t until_utc_ms = row->certificate_until_utc_ms;
    modeljson_put(&json, "certificate_until", modeljson_instant(until_utc_ms));
    modeljson_put(&json, "certificate_warn_from",
                  modeljson_instant(until_utc_ms > 0 ? until_utc_ms - PKI_WARN_DAYS * UTC_MS_PER_DAY : 0));
    modeljson_put(&json, "open_alerts", kinds(row->open_kinds));
    return json;
}

static json_t *hours(const struct bw_permit *permit)
{
    char start[UTC_MINUTE_TEXT_LEN], end[UTC_MINUTE_TEXT_LEN];
    json_t *weekdays = json_array();
    for (int day = 0; day < 7; day++)
        if (permit->weekdays & (1 << day))
            (void)json_array_append_new(weekdays, json_integer(day + 1));
    utc_minute_format(permit->window_start_min, start);
    utc_minute_format(permit->window_end_min, end);
    return json_pack("{s:o, s:s, s:s}", "weekdays", weekdays, "start", start, "end", end);
}

static json_t *route_name(const struct registry *registry, const char *route_id)
{
    const struct bw_route *route = registry_route(registry, route_id);
    return json_pack("{s:o, s:o}", "route_id", modeljson_text(route_id), "name",
                     modeljson_text(route ? route->name : ""));
}

static json_t *driver_name(const struct registry *registry, const char *driver_id)
{
    for (size_t i = 0; i < registry->n_drivers; i++)
        if (strcmp(registry->drivers[i].driver_id, driver_id) == 0)
            return modeljson_text(registry->drivers[i].name);
    return json_null();
}

/* What the registry says of the vehicle: nulls when there is none. */
static void put_vehicle(json_t **json, const struct registry *registry,
                        const struct registry_vehicle *vehicle)
{
    const struct registry_school *school = vehicle ? registry_school(registry, vehicle->school_id) : NULL;
    modeljson_put(json, "vehicle_id", vehicle ? modeljson_text(vehicle->vehicle_id) : json_null());
    modeljson_put(json, "school", school ? modeljson_text(school->name) : json_null());
    modeljson_put(json, "seats", vehicle ? json_integer(vehicle->seats) : json_null());
    modeljson_put(json, "capacity", vehicle ? json_integer(vehicle->approved_capacity) : json_null());
}

/* What the permit says that decides: nulls when there is none. */
static void put_permit(json_t **json, const struct registry *registry, const struct bw_permit *permit)
{
    modeljson_put(json, "route", permit ? route_name(registry, permit->route_id) : json_null());
    modeljson_put(json, "hours", permit ? hours(permit) : json_null());
    modeljson_put(json, "valid_from", permit ? modeljson_date(permit->valid_from_day) : json_null());
    modeljson_put(json, "valid_until", permit ? modeljson_date(permit->valid_until_day) : json_null());
    modeljson_put(json, "permit_no", permit ? modeljson_text(permit->permit_no) : json_null());
    modeljson_put(json, "driver", permit ? driver_name(registry, permit->driver_id) : json_null());
}

json_t *apijson_plate(const struct registry *registry, const char *plate,
                      const struct registry_answer *answer, const struct store_vehicle *live,
                      const char *school, int64_t now_utc_ms)
{
    json_t *json = json_object();
    const struct registry_vehicle *vehicle = answer->vehicle;
    const struct bw_permit *permit = answer->permit ? &answer->permit->permit : NULL;
    if (school && vehicle && strcmp(vehicle->school_id, school) != 0) {
        vehicle = NULL;
        permit = NULL;
        live = NULL;
    }
    modeljson_put(&json, "plate", modeljson_text(plate));
    modeljson_put(&json, "verdict", json_string(VERDICTS[answer->verdict]));
    modeljson_put(&json, "in_window", json_boolean(answer->in_window));
    put_vehicle(&json, registry, vehicle);
    put_permit(&json, registry, permit);
    const bool is_live = live && now_utc_ms <= apijson_live_until_utc_ms(live);
    modeljson_put(&json, "aboard", is_live ? modeljson_occupancy(&live->presence.occupancy) : json_null());
    modeljson_put(&json, "as_of", modeljson_instant(now_utc_ms));
    modeljson_put(&json, "open_alerts", kinds(live ? live->open_kinds : 0));
    return json;
}

json_t *apijson_near_misses(const struct nearmiss_plate *list, size_t n)
{
    json_t *json = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *near = json_object();
        modeljson_put(&near, "plate", modeljson_text(list[i].plate));
        modeljson_put(&near, "position", list[i].position > 0 ? json_integer(list[i].position) : json_null());
        modeljson_put(&near, "confusable", json_boolean(list[i].confusable));
        (void)json_array_append_new(json, near);
    }
    return json;
}

static json_t *coordinate(double lat_deg, double lon_deg)
{
    return json_pack("[o, o]", modeljson_degrees(true, lon_deg), modeljson_degrees(true, lat_deg));
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
    return feature(json_pack("{s:o, s:o, s:o, s:o}", "route_id", modeljson_text(route->route_id), "name",
                             modeljson_text(route->name), "half_width_m",
                             modeljson_number(route->half_width_m, 1), "speed_limit_kmh",
                             modeljson_number(route->speed_limit_kmh, 1)),
                   route_geometry(route));
}

static json_t *stop_feature(const struct bw_stop *stop)
{
    return feature(
        json_pack("{s:o, s:o, s:o, s:I, s:o}", "stop_id", modeljson_text(stop->stop_id), "name",
                  modeljson_text(stop->name), "route_id", modeljson_text(stop->route_id), "sequence",
                  (json_int_t)stop->sequence, "radius_m", modeljson_number(stop->radius_m, 1)),
        json_pack("{s:s, s:o}", "type", "Point", "coordinates", coordinate(stop->lat_deg, stop->lon_deg)));
}

json_t *apijson_routes(const struct registry *registry, const char *school)
{
    int failed = 0;
    json_t *features = json_array();
    for (size_t i = 0; i < registry->n_routes; i++)
        if (!school || registry_school_drives(registry, school, registry->routes[i].route_id))
            failed |= json_array_append_new(features, route_feature(&registry->routes[i]));
    for (size_t i = 0; i < registry->n_stops; i++)
        if (!school || registry_school_drives(registry, school, registry->stops[i].route_id))
            failed |= json_array_append_new(features, stop_feature(&registry->stops[i]));
    if (failed == 0)
        return json_pack("{s:s, s:o}", "type", "FeatureCollection", "features", features);
    json_decref(features);
    return NULL;
}

static json_t *name_of_route(const struct registry *registry, const char *route_id)
{
    const struct bw_route *route = registry_route(registry, route_id);
    return route ? modeljson_text(route->name) : json_null();
}

static json_t *name_of_stop(const struct registry *registry, const char *stop_id)
{
    for (size_t i = 0; i < registry->n_stops; i++)
        if (strcmp(registry->stops[i].stop_id, stop_id) == 0)
            return modeljson_text(registry->stops[i].name);
    return json_null();
}

json_t *apijson_trip(const struct registry *registry, const struct store_trip *row)
{
    json_t *json = json_object();
    modeljson_put(&json, "id", json_integer(row->id));
    modeljson_put(&json, "vehicle_id", modeljson_text(row->vehicle));
    modeljson_put(&json, "plate", modeljson_text(row->plate));
    modeljson_put(&json, "school", modeljson_text(row->school));
    modeljson_put(&json, "division", modeljson_text(row->division));
    modeljson_put(&json, "route_name", name_of_route(registry, row->trip.route_id));
    modeljson_put(&json, "received_at", modeljson_instant(row->received_utc_ms));
    modeljson_put(&json, "late", json_boolean(row->late));
    modeljson_put_trip(&json, &row->trip);
    return json;
}

json_t *apijson_trip_whole(const struct registry *registry, const struct store_trip *row)
{
    json_t *json = apijson_trip(registry, row), *stops = json_array();
    int failed = 0;
    for (size_t i = 0; i < row->trip.n_stops; i++) {
        json_t *stop = json_object();
        modeljson_put_trip_stop(&stop, &row->trip, i);
        modeljson_put(&stop, "name", name_of_stop(registry, row->trip.stops[i].stop_id));
        failed |= json_array_append_new(stops, stop);
    }
    modeljson_put_trip_rest(&json, &row->trip);
    modeljson_put(&json, "stops", stops);
    if (failed == 0)
        return json;
    json_decref(json);
    return NULL;
}

json_t *apijson_broker(const struct ingest_stats *stats)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"accepted", stats->accepted},
        {"unread", stats->unread},
        {"presence", stats->presence},
        {"duplicate", stats->duplicate},
        {"out_of_order", stats->out_of_order},
        {"conflict", stats->conflict},
        {"bad_signature", stats->bad_signature},
        {"unknown_vehicle", stats->unknown_vehicle},
        {"bad_topic", stats->bad_topic},
        {"bad_message", stats->bad_message},
        {"too_large", stats->too_large},
        {"log_lines", stats->log_lines},
        {"dropped", stats->dropped},
        {"receipts", stats->receipts},
        {"licences", stats->issued[ISSUED_LICENCE]},
        {"orders", stats->issued[ISSUED_ORDERS]},
    };
    json_t *json = json_object();
    modeljson_put(&json, "connected", json_boolean(stats->connected));
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        modeljson_put(&json, counts[i].name, json_integer((json_int_t)counts[i].value));
    modeljson_put(&json, "reason", modeljson_text(stats->reason));
    return json;
}

json_t *apijson_incident(const struct store_incident *row)
{
    json_t *json = json_object();
    modeljson_put(&json, "kind", modeljson_text(row->kind));
    modeljson_put(&json, "vehicle_id", modeljson_text(row->vehicle));
    modeljson_put(&json, "address", modeljson_text(row->address));
    modeljson_put(&json, "detail", modeljson_text(row->detail));
    modeljson_put(&json, "count", json_integer((json_int_t)row->count));
    modeljson_put(&json, "first_at", modeljson_instant(row->first_utc_ms));
    modeljson_put(&json, "last_at", modeljson_instant(row->last_utc_ms));
    return json;
}

char *apijson_text(json_t *value)
{
    char *line_of_text = json_dumps(value, MODELJSON_FLAGS);
    json_decref(value);
    return line_of_text;
}
