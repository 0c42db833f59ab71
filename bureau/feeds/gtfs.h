/* Vehicles, alerts and orders as entities of GTFS-Realtime. Pure: rows in, bytes out. All return 0 or
 * -ENOMEM.
 *
 * The police's feed is exact. The public one has where each vehicle is, under its id, but neither plate,
 * speed nor alerts, and how full it is in coarse steps: whoever gets on or off shows only where that crosses
 * one. */
#ifndef BUSWARDEN_FEED_GTFS_H
#define BUSWARDEN_FEED_GTFS_H

#include "bureau/store/store.h"

#include <stdio.h>

/* How full, in percent of the approved number: the nearest of 0, 25, 50, 75, 100; of a vehicle for fewer than
 * 16, of 0, 50, 100. Never more than 100. */
uint32_t feed_rounded_percent(uint32_t aboard, uint32_t capacity);

/* Nothing for one that is not on line, or whose position is not known. */
int feed_gtfs_vehicle(FILE *out, const struct registry *registry, const struct store_vehicle *row,
                      int64_t now_utc_ms, bool is_public);
/* An open alert of one vehicle: for the police alone. */
int feed_gtfs_alert(FILE *out, const struct registry *registry, const struct store_alert *row);
/* An order that is in force: an exemption (Art. 30) is a DETOUR of its routes; weather (Art. 35) is told as
 * such. Nothing for one that is not in force. */
int feed_gtfs_order(FILE *out, const struct registry *registry, const struct bw_order *order,
                    const char *school, int64_t now_utc_ms);

#endif
