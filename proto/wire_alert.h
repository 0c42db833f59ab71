/* Inside of the wire module: alert.proto, which has the words position and occupancy too. Only for wire*.c.
 */
#ifndef BUSWARDEN_WIRE_ALERT_H
#define BUSWARDEN_WIRE_ALERT_H

#include "buswarden/v1/alert.pb-c.h"
#include "proto/wire.h"

/* As a Body. Numbers beyond what a field may hold are written as the nearest that it may: what this writes,
 * the decoder takes. */
int wire_alert_encode(const struct bw_alert *alert, struct wire_bytes *ret);
int wire_alert_take(const Buswarden__V1__Alert *from, struct wire_body *ret);

void wire_fill_position(Buswarden__V1__Position *to, double lat_deg, double lon_deg, double accuracy_m);
void wire_fill_occupancy(Buswarden__V1__Occupancy *to, const struct bw_occupancy *from);
bool wire_take_position(const Buswarden__V1__Position *from, struct bw_position *ret);
/* Absent means unknown. A quality newer than this build means that the numbers cannot be relied on: unknown.
 */
bool wire_take_occupancy(const Buswarden__V1__Occupancy *from, struct bw_occupancy *ret);

#endif
