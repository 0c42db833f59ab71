#include "proto/modeljson.h"

#include <math.h>

#include "proto/utc.h"

static const char *const kinds[BW_KIND_COUNT] = {
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
static const char *const phases[] = {"NONE", "RAISED", "UPDATED", "CLEARED"};
static const char *const severities[] = {"none", "notice", "minor", "serious", "criminal"};
static const char *const qualities[] = {"unknown", "degraded", "good"};
static const char *const reasons[] = {
    "NONE",           "NO_LICENCE",         "NO_PERMIT",
    "PERMIT_EXPIRED", "PERMIT_NOT_YET",     "PERMIT_SUSPENDED",
    "WRONG_WEEKDAY",  "DRIVER_UNQUALIFIED", "INSPECTION_EXPIRED",
    "SCRAPPED",
};
static const char *const limit_sources[] = {"NONE", "LAW", "ROUTE", "STRETCH", "WEATHER"};
static const char *const alarms[] = {"NONE", "BUZZER", "HORN", "HORN_AND_LIGHTS"};
static const char *const faults[] = {"NONE", "CABIN_SILENT", "SEATS_UNKNOWN", "NO_FIX", "COUNTER_DEAF"};
static const char *const tampers[] = {"NONE",     "POWER_CUT", "ANTENNA",     "JAMMED",
                                      "POSITION", "CLOCK",     "SEATS_EMPTY", "SEATS_FROZEN"};

#define NAME(table, value) name_of(table, sizeof(table) / sizeof((table)[0]), (size_t)(value))

static const char *name_of(const char *const *table, size_t n, size_t value)
{
    return value < n ? table[value] : table[0];
}

const char *modeljson_kind(enum bw_kind kind)
{
    return NAME(kinds, kind);
}

const char *modeljson_phase(enum bw_phase phase)
{
    return NAME(phases, phase);
}

const char *modeljson_severity(enum bw_severity severity)
{
    return NAME(severities, severity);
}

const char *modeljson_quality(enum bw_quality quality)
{
    return NAME(qualities, quality);
}

json_t *modeljson_text(const char *value)
{
    json_t *json = json_string(value);
    return json != NULL ? json : json_string("\xEF\xBF\xBD");
}

json_t *modeljson_number(double value, int decimals)
{
    const double scale = pow(10, decimals);
    return isfinite(value) ? json_real(round(value * scale) / scale) : json_null();
}

json_t *modeljson_degrees(bool known, double value_deg)
{
    return modeljson_number(known ? value_deg : (double)NAN, 7);
}

json_t *modeljson_instant(int64_t utc_ms)
{
    char text[UTC_TEXT_LEN];
    if (utc_ms == 0)
        return json_null();
    utc_format(utc_ms, text);
    return text[0] != '\0' ? json_string(text) : json_null();
}

json_t *modeljson_date(int32_t day)
{
    char text[UTC_DAY_TEXT_LEN];
    if (day == 0)
        return json_null();
    utc_day_format(day, text);
    return text[0] != '\0' ? json_string(text) : json_null();
}

json_t *modeljson_minute(uint16_t minute)
{
    char text[UTC_MINUTE_TEXT_LEN];
    utc_minute_format(minute, text);
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *metres(float value_m)
{
    return modeljson_number((double)value_m, 1);
}

static json_t *kmh(float value_kmh)
{
    return modeljson_number((double)value_kmh, 1);
}

static json_t *seconds(uint32_t duration_ms)
{
    return modeljson_number(duration_ms / 1000.0, 3);
}

json_t *modeljson_occupancy(const struct bw_occupancy *aboard)
{
    return json_pack("{s:s, s:i, s:i, s:i}", "quality", modeljson_quality(aboard->quality), "low",
                     aboard->low, "count", aboard->count, "high", aboard->high);
}

static json_t *overload(const struct bw_alert *alert)
{
    const struct bw_evidence_overload *evidence = &alert->evidence.overload;
    const int over = evidence->aboard - evidence->capacity;
    return json_pack("{s:i, s:i, s:i, s:i, s:s}", "aboard", evidence->aboard, "peak", evidence->peak,
                     "capacity", evidence->capacity, "over", over > 0 ? over : 0, "band",
                     modeljson_severity(alert->severity));
}

static json_t *off_route(const struct bw_alert *alert)
{
    const struct bw_evidence_off_route *evidence = &alert->evidence.off_route;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "route_id",
                     modeljson_text(evidence->route_id), "distance_m", metres(evidence->distance_m),
                     "peak_distance_m", metres(evidence->peak_distance_m), "half_width_m",
                     metres(evidence->half_width_m), "outside_s", seconds(evidence->outside_ms), "left_at",
                     modeljson_instant(evidence->left_utc_ms), "entered", evidence->entered, "exempted_by",
                     modeljson_text(evidence->exempted_by));
}

static json_t *out_of_hours(const struct bw_alert *alert)
{
    const struct bw_evidence_out_of_hours *evidence = &alert->evidence.out_of_hours;
    return json_pack("{s:o, s:o, s:o, s:o}", "permit_no", modeljson_text(evidence->permit_no), "window_start",
                     modeljson_minute(evidence->window_start_min), "window_end",
                     modeljson_minute(evidence->window_end_min), "local_time",
                     modeljson_minute(evidence->local_min));
}

static json_t *unapproved_stop(const struct bw_alert *alert)
{
    const struct bw_evidence_unapproved_stop *evidence = &alert->evidence.unapproved_stop;
    return json_pack("{s:o, s:o, s:o, s:i, s:i, s:o}", "stop_id", modeljson_text(evidence->stop_id),
                     "distance_m", metres(evidence->distance_m), "radius_m", metres(evidence->radius_m),
                     "boarded", evidence->boarded, "alighted", evidence->alighted, "door_open_s",
                     seconds(evidence->door_open_ms));
}

static json_t *unlicensed(const struct bw_alert *alert)
{
    const struct bw_evidence_unlicensed *evidence = &alert->evidence.unlicensed;
    return json_pack("{s:s, s:o, s:o}", "reason", NAME(reasons, evidence->reason), "permit_no",
                     modeljson_text(evidence->permit_no), "valid_until",
                     modeljson_date(evidence->valid_until_day));
}

static json_t *overspeed(const struct bw_alert *alert)
{
    const struct bw_evidence_overspeed *evidence = &alert->evidence.overspeed;
    return json_pack("{s:o, s:o, s:o, s:s, s:b, s:o, s:o}", "speed_kmh", kmh(evidence->speed_kmh), "peak_kmh",
                     kmh(evidence->peak_kmh), "limit_kmh", kmh(evidence->limit_kmh), "source",
                     NAME(limit_sources, evidence->source), "motorway", evidence->motorway, "order_id",
                     modeljson_text(evidence->order_id), "over_s", seconds(evidence->over_ms));
}

static json_t *unbelted(const struct bw_alert *alert)
{
    const struct bw_evidence_unbelted *evidence = &alert->evidence.unbelted;
    return json_pack("{s:i, s:i, s:o}", "unbelted", evidence->unbelted, "peak", evidence->peak, "speed_kmh",
                     kmh(evidence->speed_kmh));
}

static json_t *door_open(const struct bw_alert *alert)
{
    const struct bw_evidence_door_open *evidence = &alert->evidence.door_open;
    return json_pack("{s:o, s:o, s:o}", "speed_kmh", kmh(evidence->speed_kmh), "peak_kmh",
                     kmh(evidence->peak_kmh), "open_s", seconds(evidence->open_ms));
}

static json_t *left_behind(const struct bw_alert *alert)
{
    const struct bw_evidence_left_behind *evidence = &alert->evidence.left_behind;
    return json_pack("{s:i, s:o, s:s}", "aboard", evidence->aboard, "waiting_s",
                     seconds(evidence->waiting_ms), "alarm", NAME(alarms, evidence->level));
}

static json_t *sensor_fault(const struct bw_alert *alert)
{
    const struct bw_evidence_sensor_fault *evidence = &alert->evidence.sensor_fault;
    return json_pack("{s:s, s:o, s:i}", "fault", NAME(faults, evidence->fault), "for_s",
                     seconds(evidence->for_ms), "seats_unknown", evidence->seats_unknown);
}

static json_t *tamper(const struct bw_alert *alert)
{
    const struct bw_evidence_tamper *evidence = &alert->evidence.tamper;
    return json_pack("{s:s, s:o, s:o, s:i}", "sign", NAME(tampers, evidence->tamper), "for_s",
                     seconds(evidence->for_ms), "moved_m", metres(evidence->moved_m), "persons",
                     evidence->persons);
}

json_t *modeljson_evidence(const struct bw_alert *alert)
{
    static json_t *(*const by_kind[BW_KIND_COUNT])(const struct bw_alert *) = {
        [BW_OVERLOAD] = overload,
        [BW_OFF_ROUTE] = off_route,
        [BW_OUT_OF_HOURS] = out_of_hours,
        [BW_UNAPPROVED_STOP] = unapproved_stop,
        [BW_UNLICENSED] = unlicensed,
        [BW_OVERSPEED] = overspeed,
        [BW_UNBELTED] = unbelted,
        [BW_DOOR_OPEN_MOVING] = door_open,
        [BW_CHILD_LEFT_BEHIND] = left_behind,
        [BW_SENSOR_FAULT] = sensor_fault,
        [BW_TAMPER] = tamper,
    };
    const size_t kind = (size_t)alert->kind;
    return kind < BW_KIND_COUNT && by_kind[kind] != NULL ? by_kind[kind](alert) : json_object();
}

void modeljson_put(json_t **object, const char *key, json_t *value)
{
    if (json_object_set_new(*object, key, value) == 0)
        return;
    json_decref(*object);
    *object = NULL;
}

void modeljson_put_alert(json_t **object, const struct bw_alert *alert)
{
    const struct bw_position *at = &alert->position;
    modeljson_put(object, "time", modeljson_instant(alert->time_utc_ms));
    modeljson_put(object, "kind", json_string(modeljson_kind(alert->kind)));
    modeljson_put(object, "phase", json_string(modeljson_phase(alert->phase)));
    modeljson_put(object, "severity", json_string(modeljson_severity(alert->severity)));
    modeljson_put(object, "number", json_integer((json_int_t)alert->number));
    modeljson_put(object, "raised_at", modeljson_instant(alert->raised_utc_ms));
    modeljson_put(object, "lat", modeljson_degrees(alert->has_position, at->lat_deg));
    modeljson_put(object, "lon", modeljson_degrees(alert->has_position, at->lon_deg));
    modeljson_put(object, "accuracy_m",
                  modeljson_number(alert->has_position ? at->accuracy_m : (double)NAN, 1));
    modeljson_put(object, "aboard", modeljson_occupancy(&alert->occupancy));
    modeljson_put(object, "licence_version", json_integer((json_int_t)alert->licence_version));
    modeljson_put(object, "evidence", modeljson_evidence(alert));
}

static json_t *number_or_null(bool known, uint32_t value)
{
    return known ? json_integer((json_int_t)value) : json_null();
}

void modeljson_put_trip(json_t **object, const struct bw_trip *trip)
{
    modeljson_put(object, "begun_at", modeljson_instant(trip->begun_utc_ms));
    modeljson_put(object, "ended_at", modeljson_instant(trip->ended_utc_ms));
    modeljson_put(object, "route_id", modeljson_text(trip->route_id));
    modeljson_put(object, "permit_no", modeljson_text(trip->permit_no));
    modeljson_put(object, "boarded", json_integer((json_int_t)trip->boarded));
    modeljson_put(object, "alighted", json_integer((json_int_t)trip->alighted));
    modeljson_put(object, "peak", json_integer(trip->peak));
    modeljson_put(object, "capacity", number_or_null(trip->capacity > 0, trip->capacity));
    modeljson_put(object, "over_s", json_integer((json_int_t)trip->over_s));
    modeljson_put(object, "quality", json_string(modeljson_quality(trip->quality)));
    modeljson_put(object, "began_late", json_boolean(trip->began_late));
    modeljson_put(object, "cut_short", json_boolean(trip->cut_short));
}

void modeljson_put_trip_rest(json_t **object, const struct bw_trip *trip)
{
    modeljson_put(object, "distance_m", json_integer((json_int_t)trip->distance_m));
    modeljson_put(object, "left", modeljson_occupancy(&trip->left));
    modeljson_put(object, "licence_version", json_integer((json_int_t)trip->licence_version));
    modeljson_put(object, "stops_left_out", json_integer((json_int_t)trip->stops_left_out));
}

void modeljson_put_trip_stop(json_t **object, const struct bw_trip *trip, size_t stop)
{
    const struct bw_trip_stop *at = &trip->stops[stop];
    const bool counted = at->quality != BW_QUALITY_UNKNOWN;
    modeljson_put(object, "stop_id", modeljson_text(at->stop_id));
    modeljson_put(object, "opened_at", modeljson_instant(trip->begun_utc_ms + (int64_t)at->opened_s * 1000));
    modeljson_put(object, "open_s", json_integer((json_int_t)at->open_s));
    modeljson_put(object, "boarded", number_or_null(counted, at->boarded));
    modeljson_put(object, "alighted", number_or_null(counted, at->alighted));
    modeljson_put(object, "quality", json_string(modeljson_quality(at->quality)));
    modeljson_put(object, "lat", modeljson_degrees(at->has_position, at->lat_deg));
    modeljson_put(object, "lon", modeljson_degrees(at->has_position, at->lon_deg));
}
