/* The ASCII protocol of LAWICEL and CANable adapters ("SLCAN"), incrementally: bytes in, frames out. Pure: no
 * tty, no heap.
 *
 *   tiiildd..., Tiiiiiiiildd...     data frame, identifier of 11 or 29 bits, l = 0..8 bytes
 *   riiil, Riiiiiiiil               remote frame: only counted (CANable sends l bytes with it)
 *   diiil..., D..., biiil..., B...  CAN FD frame (CANable 2), l = 0..F for up to 64 bytes: only counted
 *   Fxx                             status flags, when they were asked for
 *   z, Z, (empty line)              the adapter says yes;  BEL: it says no
 *
 * A frame may end with a timestamp of four digits, which is not used. CR ends a line. (LAWICEL, CAN232
 * manual, version 3; CANable firmware.) */
#ifndef BUSWARDEN_SLCAN_H
#define BUSWARDEN_SLCAN_H

#include "gateway/source/source.h"

enum { SLCAN_LINE_MAX = 160 }; /* the longest true line has 142 */

/* Of the answer to F. */
enum slcan_flag {
    SLCAN_RX_FULL = 1 << 0,
    SLCAN_ERROR_WARNING = 1 << 2,
    SLCAN_OVERRUN = 1 << 3,
    SLCAN_ERROR_PASSIVE = 1 << 5,
    SLCAN_BUS_ERROR = 1 << 7,
};

struct slcan {
    uint64_t frames;    /* passed on */
    uint64_t remote;    /* remote frames, not passed on */
    uint64_t fd;        /* CAN FD frames, not passed on */
    uint64_t bad;       /* lines that are nothing of the above, too long, or cut */
    uint64_t accepts;   /* yes */
    uint64_t refusals;  /* BELs */
    uint32_t first;     /* of the first 32 answers, yes or no: bit i = the one after i others was no */
    uint64_t statuses;  /* answers to F */
    uint8_t flags;      /* of the last one: enum slcan_flag */
    const char *reason; /* of the last bad line; NULL none */
    char line[SLCAN_LINE_MAX];
    size_t len;
    bool skipping; /* the rest of a line that was too long */
};

void slcan_init(struct slcan *slcan);
/* Take n bytes, cut anywhere; on_frame is called for each data frame that ends in them. */
void slcan_feed(struct slcan *slcan, const uint8_t *bytes, size_t n,
                void (*on_frame)(void *context, const struct can_frame_in *frame), void *context);

#endif
