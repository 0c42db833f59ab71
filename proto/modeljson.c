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
    "NONE", "NO_LICENCE", "NO_PERMIT", "PERMIT_EXPIRED", "PERMIT_NOT_YET", "PERMIT_SUSPENDED",
};

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
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "route_id", modeljson_text(evidence->route_id),
                     "distance_m", modeljson_number((double)evidence->distance_m, 1), "peak_distance_m",
                     modeljson_number((double)evidence->peak_distance_m, 1), "half_width_m",
                     modeljson_number((double)evidence->half_width_m, 1), "outside_s",
                     modeljson_number(evidence->outside_ms / 1000.0, 3), "left_at",
                     modeljson_instant(evidence->left_utc_ms), "entered", evidence->entered);
}

static json_t *unlicensed(const struct bw_alert *alert)
{
    const struct bw_evidence_unlicensed *evidence = &alert->evidence.unlicensed;
    return json_pack("{s:s, s:o, s:o}", "reason", NAME(reasons, evidence->reason), "permit_no",
                     modeljson_text(evidence->permit_no), "valid_until",
                     modeljson_date(evidence->valid_until_day));
}

json_t *modeljson_evidence(const struct bw_alert *alert)
{
    static json_t *(*const by_kind[BW_KIND_COUNT])(const struct bw_alert *) = {
        [BW_OVERLOAD] = overload,
        [BW_OFF_ROUTE] = off_route,
        [BW_UNLICENSED] = unlicensed,
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
