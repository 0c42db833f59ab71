#include "bureau/api/evidencejson.h"

#include "proto/modeljson.h"
#include "proto/seal.h"

static json_t *fix(const struct bw_track_fix *fix)
{
    json_t *json = json_object();
    modeljson_put(&json, "at", modeljson_instant(fix->utc_ms));
    modeljson_put(&json, "lat", modeljson_degrees(true, fix->lat_deg));
    modeljson_put(&json, "lon", modeljson_degrees(true, fix->lon_deg));
    modeljson_put(&json, "aboard",
                  fix->quality == BW_QUALITY_UNKNOWN ? json_null() : json_integer(fix->aboard));
    modeljson_put(&json, "quality", json_string(modeljson_quality(fix->quality)));
    return json;
}

static json_t *track(const struct evidence *evidence)
{
    json_t *fixes = json_array();
    for (size_t i = 0; i < evidence->n_fixes; i++)
        if (json_array_append_new(fixes, fix(&evidence->fixes[i])) != 0) {
            json_decref(fixes);
            return NULL;
        }
    return fixes;
}

static json_t *records(const struct evidence_records *of)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "held", (json_int_t)of->records, "good", (json_int_t)of->good,
                     "missing", (json_int_t)of->missing, "unlinked", (json_int_t)of->unlinked);
}

static json_t *finding(const struct evidence *evidence)
{
    char stream[2 * BW_STREAM_LEN + 1];
    if (evidence->reason == VERIFY_REASONS)
        return json_null();
    seal_hex_format(evidence->reason_chain.stream, BW_STREAM_LEN, stream);
    return json_pack("{s:s, s:s, s:s, s:I}", "reason", verify_reason_name(evidence->reason), "stream", stream,
                     "class", evidence->reason_chain.cls == BW_RECORD_ALERT ? "alert" : "track", "seq",
                     (json_int_t)evidence->reason_seq);
}

static json_t *permit(const struct bw_permit *of)
{
    static const char *const statuses[] = {
        [BW_STATUS_ACTIVE] = "active", [BW_STATUS_SUSPENDED] = "suspended", [BW_STATUS_REVOKED] = "revoked"};
    json_t *json = json_object(), *weekdays = json_array();
    for (int day = 0; day < 7; day++)
        if (of->weekdays & (1U << day))
            (void)json_array_append_new(weekdays, json_integer(day + 1));
    modeljson_put(&json, "permit_no", modeljson_text(of->permit_no));
    modeljson_put(&json, "driver_id", modeljson_text(of->driver_id));
    modeljson_put(&json, "route_id", modeljson_text(of->route_id));
    modeljson_put(&json, "weekdays", weekdays);
    modeljson_put(&json, "start", modeljson_minute(of->window_start_min));
    modeljson_put(&json, "end", modeljson_minute(of->window_end_min));
    modeljson_put(&json, "valid_from", modeljson_date(of->valid_from_day));
    modeljson_put(&json, "valid_until", modeljson_date(of->valid_until_day));
    modeljson_put(&json, "status",
                  (unsigned)of->status <= BW_STATUS_REVOKED && of->status >= BW_STATUS_ACTIVE
                      ? json_string(statuses[of->status])
                      : json_null());
    return json;
}

static json_t *licence(const struct evidence *evidence)
{
    const struct bw_licence *of = &evidence->licence;
    if (!evidence->has_licence)
        return json_null();
    json_t *json = json_object(), *permits = json_array();
    for (size_t i = 0; i < of->n_permits; i++)
        (void)json_array_append_new(permits, permit(&of->permits[i]));
    modeljson_put(&json, "version", json_integer((json_int_t)of->version));
    modeljson_put(&json, "issued_at", modeljson_instant(of->issued_utc_ms));
    modeljson_put(&json, "plate", modeljson_text(of->plate));
    modeljson_put(&json, "capacity", json_integer(of->approved_capacity));
    modeljson_put(&json, "inspected_until", modeljson_date(of->inspected_until_day));
    modeljson_put(&json, "permits", permits);
    return json;
}

json_t *evidencejson(const struct evidence *evidence)
{
    json_t *json = json_object();
    modeljson_put(&json, "from", modeljson_instant(evidence->from_utc_ms));
    modeljson_put(&json, "until", modeljson_instant(evidence->until_utc_ms));
    modeljson_put(&json, "track", track(evidence));
    modeljson_put(&json, "track_cut", json_boolean(evidence->cut));
    modeljson_put(&json, "alert_records", records(&evidence->alert));
    modeljson_put(&json, "track_records", records(&evidence->track));
    modeljson_put(&json, "finding", finding(evidence));
    modeljson_put(&json, "licence", licence(evidence));
    return json;
}
