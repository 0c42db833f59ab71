/* What others put on the wire for one position of one vehicle: the peers of bench_wire. Each returns the
 * length of the message, without the transport's own. */
#ifndef BUSWARDEN_BENCH_WIRE_PEERS_H
#define BUSWARDEN_BENCH_WIRE_PEERS_H

#include "proto/model.h"

enum { PEER_MAX = 512 };

struct peer_fix {
    struct bw_track_fix fix;
    double speed_mps, course_deg; /* NaN unknown */
};

/* JT/T 808-2019: a position report (0x0200) of 28 bytes and one additional item, persons aboard, in its frame
 * with escapes and checksum. Unsigned. */
size_t peer_jt808(const struct peer_fix *fix, uint16_t serial, uint8_t ret[PEER_MAX]);
/* GTFS-Realtime: a FeedMessage with one VehiclePosition. Unsigned; positions are floats. */
size_t peer_gtfs(const struct peer_fix *fix, const char *vehicle, uint8_t ret[PEER_MAX]);
/* Compact JSON of what our batch holds. Unsigned. */
size_t peer_json(const struct peer_fix *fix, const char *vehicle, uint8_t ret[PEER_MAX]);

#endif
