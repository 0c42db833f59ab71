/* Sightings in the words of docs/api/openapi.yaml. As json.h. */
#ifndef BUSWARDEN_SIGHTINGJSON_H
#define BUSWARDEN_SIGHTINGJSON_H

#include "bureau/api/json.h"
#include "bureau/sightings/verdict.h"

json_t *sightingjson(const struct store_sighting *row);
/* What is not asked for is left out: of a row by plate the gate, and so on. */
json_t *sightingjson_repeat(const struct store_repeat *row);

#endif
