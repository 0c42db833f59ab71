/* What a raw CAN socket of Linux hands over (linux/can.h, linux/can/error.h), judged. Pure. */
#ifndef BUSWARDEN_CANRAW_H
#define BUSWARDEN_CANRAW_H

#include <linux/can.h>

#include "gateway/source/source.h"

enum canraw_kind {
    CANRAW_DATA,
    CANRAW_REMOTE, /* asks for data; carries none */
    CANRAW_ERROR,  /* made by the driver: canraw_troubles() */
    CANRAW_BAD,    /* no frame of classic CAN */
};

/* The classes of error frames to ask for: all that canraw_troubles() knows. */
extern const can_err_mask_t CANRAW_ERRORS;

/* `n`: bytes that were received. ret_frame is written for CANRAW_DATA only. */
enum canraw_kind canraw_take(const struct can_frame *raw, size_t n, struct can_frame_in *ret_frame);

/* Counts each trouble that an error frame tells of. */
void canraw_troubles(const struct can_frame *raw, struct source_stats *stats);

#endif
