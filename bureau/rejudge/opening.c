#include "bureau/rejudge/opening.h"

#include <stdio.h>

#include "bureau/store/cases.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

/* In one transaction for writing from the start: one that has read cannot wait any more to write, and of two
 * runs both would find that nothing was told. */
static int tell_once(struct store *store, const struct case_policy *policy,
                     const struct store_case_opening *opening)
{
    int64_t id;
    bool opened;
    int rc = store_begin(store);
    if (rc != 0)
        return rc;
    const int told = store_case_told(store, opening->vehicle, opening->kind, opening->text);
    if (told < 0)
        rc = told;
    else if (told == 0)
        rc = store_case_open(store, policy, opening, &id, &opened);
    if (rc == 0)
        rc = store_commit(store);
    if (rc != 0)
        store_rollback(store);
    return rc;
}

int opening_take(struct store *store, const struct case_policy *policy, const char *who, int64_t now_utc_ms,
                 const struct rejudge_finding *finding)
{
    char text[64 + UTC_TEXT_LEN], from[UTC_TEXT_LEN];
    if (finding->what != REJUDGE_MISSING)
        return 0;
    utc_format(finding->from_utc_ms, from);
    (void)snprintf(text, sizeof text, "rejudged:missing kind=%s from=%s", modeljson_kind(finding->kind),
                   from);
    const struct store_case_opening opening = {.kind = BW_TAMPER,
                                               .source = CASE_BY_REJUDGING,
                                               .vehicle = finding->vehicle,
                                               .severity = BW_SERIOUS,
                                               .happened_utc_ms = finding->from_utc_ms,
                                               .utc_ms = now_utc_ms,
                                               .who = who,
                                               .role = CASE_ROLE_SYSTEM,
                                               .text = text};
    return tell_once(store, policy, &opening);
}
