/* How long is kept what the bureau was sent: [retention] of its configuration. After that it is really
 * deleted, and the audit log says what was (docs/cases.md). */
#ifndef BUSWARDEN_RETENTION_SETTINGS_H
#define BUSWARDEN_RETENTION_SETTINGS_H

#include <stdint.h>

enum { RETENTION_DAYS_MAX = 36500 };

/* Days since it was received; 0 = for ever. */
struct retention_settings {
    uint32_t tracks_days;   /* positions, but for those around what a case is about; the last one of a vehicle
                             * goes when the registry does not hold it any more */
    uint32_t evidence_days; /* alerts, cases that are over with their steps, and the signed records of both */
    uint32_t trips_days;    /* trips, and their signed records */
    uint32_t sightings_days; /* that are part of no case */
    uint32_t photos_days;    /* photos of sightings that no going case is about: they may show children */
    uint32_t audit_days;     /* but for lines that say why evidence is not there */
    uint32_t changes_days;   /* what was changed in the registry, row by row */
};
extern const struct retention_settings RETENTION_DEFAULT;

#endif
