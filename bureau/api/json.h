/* What the store and the registry hold, in the words of docs/api/openapi.yaml. Pure. Every function returns a
 * new reference, NULL when out of memory. */
#ifndef BUSWARDEN_APIJSON_H
#define BUSWARDEN_APIJSON_H

#include "bureau/ingest/ingest.h"
#include "bureau/registry/nearmiss.h"
#include "bureau/store/store.h"

#include <jansson.h>

/* What a vehicle said longer ago than this is not how it is now. */
enum { APIJSON_LIVE_MS = 60000 };
/* Until when it is: by the word's own time when that is the older one, because the broker repeats old words.
 * 0 = not at all: never seen, or said that it is gone. */
int64_t apijson_live_until_utc_ms(const struct store_vehicle *row);

json_t *apijson_alert(const struct store_alert *row);
json_t *apijson_vehicle(const struct store_vehicle *row, int64_t now_utc_ms);
/* `live` is the answer's vehicle as last seen; NULL = none. school: who asks is a school, which is told no
 * more than the verdict of a vehicle that is not its own; NULL = everything. */
json_t *apijson_plate(const struct registry *registry, const char *plate,
                      const struct registry_answer *answer, const struct store_vehicle *live,
                      const char *school, int64_t now_utc_ms); /* near_misses are the caller's to add */
/* Of a plate that is not registered: those that may have been meant, with the plate alone. */
json_t *apijson_near_misses(const struct nearmiss_plate *list, size_t n);
/* GeoJSON, RFC 7946. school: only routes for which a vehicle of that school has a permit, and their stops;
 * NULL = all. */
json_t *apijson_routes(const struct registry *registry, const char *school);
/* As it is listed, and whole with its stops (store_trip()). Names are the registry's; null where it has none.
 */
json_t *apijson_trip(const struct registry *registry, const struct store_trip *row);
json_t *apijson_trip_whole(const struct registry *registry, const struct store_trip *row);
json_t *apijson_incident(const struct store_incident *row);
json_t *apijson_broker(const struct ingest_stats *stats);

/* One line of text; takes the reference. NULL when out of memory or `value` is NULL. free() it. */
char *apijson_text(json_t *value);

#endif
