/* Inside of the wire module: trip.proto. Only for wire*.c. */
#ifndef BUSWARDEN_WIRE_TRIP_H
#define BUSWARDEN_WIRE_TRIP_H

#include "buswarden/v1/trip.pb-c.h"
#include "proto/wire.h"

/* As a Body. -EINVAL for more stops than there may be, no beginning, or an end before it. */
int wire_trip_encode(const struct bw_trip *trip, struct wire_bytes *ret);
int wire_trip_take(const Buswarden__V1__Trip *from, struct wire_body *ret);

#endif
