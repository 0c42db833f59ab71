/* The evidence of a case in the words of docs/api/openapi.yaml. Pure, otherwise as json.h. */
#ifndef BUSWARDEN_API_EVIDENCEJSON_H
#define BUSWARDEN_API_EVIDENCEJSON_H

#include "bureau/cases/evidence.h"

#include <jansson.h>

json_t *evidencejson(const struct evidence *evidence);

#endif
