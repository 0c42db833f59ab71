#include "bureau/ingest/incidents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pending {
    struct incident incident;
    int64_t first_utc_ms, last_utc_ms;
};

struct incidents {
    size_t n;
    int64_t due_ms; /* monotonic: not before */
    struct pending pending[INCIDENTS_PENDING_MAX];
};

int incidents_create(struct incidents **ret)
{
    struct incidents *incidents = calloc(1, sizeof *incidents);
    if (incidents == NULL)
        return -ENOMEM;
    *ret = incidents;
    return 0;
}

void incidents_free(struct incidents *incidents)
{
    free(incidents);
}

void incidents_note(struct incidents *incidents, const struct incident *incident, int64_t now_utc_ms)
{
    for (size_t i = 0; i < incidents->n; i++) {
        struct pending *known = &incidents->pending[i];
        if (strcmp(known->incident.kind, incident->kind) != 0 ||
            strcmp(known->incident.vehicle, incident->vehicle) != 0)
            continue;
        const uint64_t count = known->incident.count + incident->count;
        known->incident = *incident;
        known->incident.count = count;
        known->last_utc_ms = now_utc_ms;
        return;
    }
    if (incidents->n == INCIDENTS_PENDING_MAX)
        return;
    incidents->pending[incidents->n++] =
        (struct pending){.incident = *incident, .first_utc_ms = now_utc_ms, .last_utc_ms = now_utc_ms};
}

int64_t incidents_due_ms(const struct incidents *incidents)
{
    return incidents->n > 0 ? incidents->due_ms : INT64_MAX;
}

static int write_all(const struct incidents *incidents, struct store *store)
{
    int error = store_begin(store);
    for (size_t i = 0; i < incidents->n && error == 0; i++) {
        const struct pending *pending = &incidents->pending[i];
        const struct store_incident row = {.kind = pending->incident.kind,
                                           .vehicle = pending->incident.vehicle,
                                           .address = pending->incident.address,
                                           .detail = pending->incident.detail,
                                           .first_utc_ms = pending->first_utc_ms,
                                           .last_utc_ms = pending->last_utc_ms,
                                           .count = pending->incident.count};
        error = store_incident_add(store, &row);
    }
    return error == 0 ? store_commit(store) : error;
}

int incidents_commit(struct incidents *incidents, struct store *store, int64_t now_ms)
{
    if (incidents->n == 0 || now_ms < incidents->due_ms)
        return 0;
    const int error = write_all(incidents, store);
    if (error == 0)
        incidents->n = 0;
    else
        store_rollback(store);
    incidents->due_ms = now_ms + INCIDENTS_COMMIT_MS;
    return error;
}
