/* JSON forms (jansson) of the words of model.h, so that the replay, the status and the bureau's API say the
 * same thing the same way. Every function gives a new reference, or NULL when memory is short; unknown values
 * are null. */
#ifndef BUSWARDEN_MODELJSON_H
#define BUSWARDEN_MODELJSON_H

#include <jansson.h>

#include "proto/model.h"

/* How to dump: 12 significant digits hold 1e-7 degrees, and not the noise of binary fractions. */
#define MODELJSON_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(12))

/* Names; the first of the list for a number that only a later version knows. */
const char *modeljson_kind(enum bw_kind kind);             /* "OVERLOAD" */
const char *modeljson_phase(enum bw_phase phase);          /* "RAISED" */
const char *modeljson_severity(enum bw_severity severity); /* "minor" */
const char *modeljson_quality(enum bw_quality quality);    /* "good" */

json_t *modeljson_text(const char *value);                      /* U+FFFD for what is no UTF-8 */
json_t *modeljson_number(double value, int decimals);           /* rounded; null unless finite */
json_t *modeljson_degrees(bool known, double value_deg);        /* 7 decimals */
json_t *modeljson_instant(int64_t utc_ms);                      /* RFC 3339; null for 0 and beyond 9999 */
json_t *modeljson_date(int32_t day);                            /* ISO 8601; null for 0 and beyond 9999 */
json_t *modeljson_minute(uint16_t minute);                      /* "06:30" of the local day */
json_t *modeljson_occupancy(const struct bw_occupancy *aboard); /* {"quality","low","count","high"} */
json_t *modeljson_evidence(const struct bw_alert *alert); /* by kind; {} for a kind of a later version */

/* One member of *object; *object becomes NULL when memory is short, and stays it. */
void modeljson_put(json_t **object, const char *key, json_t *value);
/* The members that every view of an alert phase has: time, kind, phase, severity, number, raised_at, lat,
 * lon, accuracy_m, aboard, licence_version, evidence. */
void modeljson_put_alert(json_t **object, const struct bw_alert *alert);

/* The members that every view of a trip has: begun_at, ended_at, route_id, permit_no, boarded, alighted,
 * peak, capacity, over_s, quality, began_late, cut_short. */
void modeljson_put_trip(json_t **object, const struct bw_trip *trip);
/* Those of a trip that is told whole, but for its stops: distance_m, left, licence_version, stops_left_out.
 */
void modeljson_put_trip_rest(json_t **object, const struct bw_trip *trip);
/* Those of one of its stops: stop_id, opened_at, open_s, boarded, alighted, quality, lat, lon. */
void modeljson_put_trip_stop(json_t **object, const struct bw_trip *trip, size_t stop);

#endif
