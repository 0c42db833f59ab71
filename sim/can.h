/* The cabin as CAN frames. One table of signals is both the encoder and the DBC file (`buswarden-sim dbc`),
 * so that the two cannot differ. */
#ifndef BUSWARDEN_SIM_CAN_H
#define BUSWARDEN_SIM_CAN_H

#include <stdio.h>

#include "sim/cabin.h"

enum { CAN_FRAMES = 6, CAN_LINE_LEN = 64 };

struct can_frame {
    uint32_t id; /* 11 bits */
    uint8_t len;
    uint8_t data[8];
};

/* Every frame of the bus, once: sent ten times a second, with the ignition on or off. How many there are:
 * CAN_FRAMES, or fewer while a controller is silent. */
size_t can_encode(const struct cabin *cabin, double speed_mps, struct can_frame ret[CAN_FRAMES]);

/* "(1789425607.100000) can0 310#0011223344556677": a line of `candump -L`, no newline. */
void can_candump_line(const struct can_frame *frame, int64_t utc_us, char ret[CAN_LINE_LEN]);
/* "t31080011223344556677" and a CR: what a LAWICEL adapter sends. */
void can_slcan_line(const struct can_frame *frame, char ret[CAN_LINE_LEN]);

/* The DBC file that describes these frames. Check ferror() afterwards. */
void can_dbc(FILE *out);

#endif
