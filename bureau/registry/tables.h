/* Inside the registry: the four CSV tables of docs/registry.md. */
#ifndef BUSWARDEN_REGISTRY_TABLES_H
#define BUSWARDEN_REGISTRY_TABLES_H

#include "bureau/registry/csvfile.h"

extern const struct csvfile_table SCHOOLS_TABLE;  /* struct registry_school */
extern const struct csvfile_table VEHICLES_TABLE; /* struct registry_vehicle */
extern const struct csvfile_table DRIVERS_TABLE;  /* struct registry_driver */
extern const struct csvfile_table PERMITS_TABLE;  /* struct registry_permit */

/* "HH:MM", 00:00 to 24:00, as a uint16_t of minutes; NULL, or what is wrong with it. */
const char *tables_minute(const char *text, void *target, size_t size);
/* Bits of a uint8_t as the digits 1 to 7. */
void tables_weekdays_text(const void *source, char *ret, size_t size);
/* A uint16_t as digits. */
void tables_persons_text(const void *source, char *ret, size_t size);

#endif
