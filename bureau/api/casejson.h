/* Cases in the words of docs/api/openapi.yaml. Pure, otherwise as json.h. */
#ifndef BUSWARDEN_API_CASEJSON_H
#define BUSWARDEN_API_CASEJSON_H

#include "bureau/access/access.h"
#include "bureau/store/cases.h"

#include <jansson.h>

json_t *casejson_case(const struct store_case *row, int64_t now_utc_ms);
/* With its case as it is now when the row has it. */
json_t *casejson_step(const struct store_case_step *row, int64_t now_utc_ms);
/* The names of what this one may do to it now. */
json_t *casejson_actions(const struct store_case *row, const struct access_who *who);

/* Who a caller is to the state machine. */
enum case_role casejson_role(const struct access_who *who);

#endif
