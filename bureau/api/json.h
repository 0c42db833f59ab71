/* What the store and the registry hold, in the words of docs/api/openapi.yaml. Pure. Every function returns a
 * new reference, NULL when out of memory. */
#ifndef BUSWARDEN_APIJSON_H
#define BUSWARDEN_APIJSON_H

#include "bureau/ingest/ingest.h"
#include "bureau/store/store.h"

#include <jansson.h>

/* A count that is older than this is not "aboard now". */
enum { APIJSON_LIVE_MS = 60000 };

json_t *apijson_alert(const struct store_alert *row);
json_t *apijson_vehicle(const struct store_vehicle *row);
/* `live` is the answer's vehicle as last seen; NULL = none. */
json_t *apijson_plate(const struct registry *registry, const char *plate,
                      const struct registry_answer *answer, const struct store_vehicle *live,
                      int64_t now_utc_ms);
json_t *apijson_routes(const struct registry *registry); /* GeoJSON, RFC 7946 */
json_t *apijson_broker(const struct ingest_stats *stats);

/* One line of text; takes the reference. NULL when out of memory or `value` is NULL. free() it. */
char *apijson_text(json_t *value);

#endif
