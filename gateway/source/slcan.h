/* The ASCII protocol of LAWICEL CAN adapters ("SLCAN"), incrementally: bytes in, frames out. Pure: no tty, no
 * heap.
 *
 *   tiiildd...          data frame, 11-bit identifier, l = 0..8 bytes       } optionally followed by a
 * timestamp of Tiiiiiiiildd...     data frame, 29-bit identifier                       } four digits, which
 * is not used riiil, Riiiiiiiil   remote frame: recognised, counted, not passed on z, Z, (empty line)  the
 * adapter says yes;  BEL: it says no
 *
 * CR ends a line. (LAWICEL, CAN232 manual, version 3.) */
#ifndef BUSWARDEN_SLCAN_H
#define BUSWARDEN_SLCAN_H

#include "gateway/source/source.h"

enum { SLCAN_LINE_MAX = 40 }; /* the longest true line has 30 */

struct slcan {
    uint64_t frames;    /* passed on */
    uint64_t remote;    /* remote frames, not passed on */
    uint64_t bad;       /* lines that are nothing of the above, too long, or cut */
    uint64_t refusals;  /* BELs */
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
