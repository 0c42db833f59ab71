#include "bureau/api/sightingjson.h"

#include "bureau/registry/plate.h"
#include "proto/modeljson.h"

/* null: not at a gate. */
static json_t *gate(const char *school_id, const char *name)
{
    if (*school_id == '\0')
        return json_null();
    return json_pack("{s:s, s:o}", "school_id", school_id, "name",
                     *name ? modeljson_text(name) : json_null());
}

json_t *sightingjson(const struct store_sighting *row)
{
    json_t *json = json_object();
    modeljson_put(&json, "id", json_integer(row->id));
    modeljson_put(&json, "plate", modeljson_text(row->plate));
    modeljson_put(&json, "partial", json_boolean(plate_is_partial(row->plate)));
    modeljson_put(&json, "verdict", json_string(verdict_name(row->verdict)));
    modeljson_put(
        &json, "words",
        json_pack("{s:s, s:s}", "zh", verdict_words_zh(row->verdict), "en", verdict_words_en(row->verdict)));
    modeljson_put(&json, "gate", gate(row->gate, row->gate_name));
    modeljson_put(&json, "place", modeljson_text(row->place));
    modeljson_put(&json, "lat", modeljson_degrees(row->has_position, row->lat_deg));
    modeljson_put(&json, "lon", modeljson_degrees(row->has_position, row->lon_deg));
    modeljson_put(&json, "accuracy_m", modeljson_number(row->accuracy_m, 0));
    modeljson_put(&json, "seen_at", modeljson_instant(row->seen_utc_ms));
    modeljson_put(&json, "received_at", modeljson_instant(row->received_utc_ms));
    modeljson_put(&json, "heads", row->heads >= 0 ? json_integer(row->heads) : json_null());
    modeljson_put(&json, "note", modeljson_text(row->note));
    modeljson_put(&json, "reported_by",
                  json_pack("{s:s, s:s, s:s}", "account", row->who.name, "role",
                            access_role_name(row->who.role), "school_id", row->who.school_id));
    modeljson_put(&json, "photo", json_boolean(row->has_photo));
    modeljson_put(&json, "case_id", row->case_id > 0 ? json_integer(row->case_id) : json_null());
    return json;
}

json_t *sightingjson_repeat(const struct store_repeat *row)
{
    json_t *json = json_object();
    if (row->by == STORE_BY_PLATE)
        modeljson_put(&json, "plate", modeljson_text(row->plate));
    else if (row->by == STORE_BY_GATE)
        modeljson_put(&json, "gate", gate(row->gate, row->gate_name));
    else
        modeljson_put(&json, "hour", json_integer(row->hour));
    modeljson_put(&json, "count", json_integer(row->count));
    modeljson_put(&json, "days", json_integer(row->days));
    modeljson_put(&json, "plates", json_integer(row->plates));
    modeljson_put(&json, "gates", json_integer(row->gates));
    modeljson_put(&json, "unread", json_integer(row->unread));
    modeljson_put(&json, "heads", row->heads >= 0 ? json_integer(row->heads) : json_null());
    modeljson_put(&json, "first_at", modeljson_instant(row->first_utc_ms));
    modeljson_put(&json, "last_at", modeljson_instant(row->last_utc_ms));
    return json;
}
