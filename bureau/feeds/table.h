/* Vehicles and alerts as flat rows: the lines of a CSV file (RFC 4180) and the features of a GeoJSON file
 * (RFC 7946) have the same columns, docs/feeds.md. Pure: rows in, bytes out. All return 0 or -ENOMEM; whether
 * `out` took the bytes, ferror() tells.
 *
 *     feed_begin(out, FEED_CSV, FEED_VEHICLE_COLUMNS, bom);
 *     feed_row(out, FEED_CSV, FEED_VEHICLE_COLUMNS, is_first, feed_vehicle_row(row, now_utc_ms)); ...
 *     feed_end(out, FEED_CSV);
 */
#ifndef BUSWARDEN_FEED_TABLE_H
#define BUSWARDEN_FEED_TABLE_H

#include "bureau/store/store.h"

#include <jansson.h>
#include <stdio.h>

enum feed_form { FEED_CSV, FEED_GEOJSON };

/* Names, in the order of the file; NULL after the last. */
extern const char *const FEED_VEHICLE_COLUMNS[], *const FEED_ALERT_COLUMNS[];

/* A new reference, NULL when out of memory. Members are strings, numbers, booleans or null. */
json_t *feed_vehicle_row(const struct store_vehicle *row, int64_t now_utc_ms);
json_t *feed_alert_row(const struct store_alert *row);

/* bom: CSV alone; Excel takes UTF-8 for the local code page without it. */
void feed_begin(FILE *out, enum feed_form form, const char *const *columns, bool bom);
/* Takes the reference. The first column is the feature's id; "lat" and "lon" are its geometry, null when they
 * are. */
int feed_row(FILE *out, enum feed_form form, const char *const *columns, bool is_first, json_t *row);
void feed_end(FILE *out, enum feed_form form);

/* One field of a CSV file. Quoted where RFC 4180 asks for it; a text that a spreadsheet would take for a
 * formula gets an apostrophe before it, which the spreadsheet does not show. */
void feed_csv_text(FILE *out, const char *text);

#endif
