#include "gateway/source/canraw.h"

#include <linux/can/error.h>
#include <string.h>

struct row {
    canid_t class;
    uint8_t at, bits; /* one of these bits in data[at]; 0 = the class says all */
    const char *code, *words;
};

static const struct row rows[] = {
    {CAN_ERR_BUSOFF, 0, 0, "bus_off",
     "bus-off: the controller left the bus; wires shorted or swapped, or another bit rate"},
    {CAN_ERR_CRTL, 1, CAN_ERR_CRTL_RX_PASSIVE | CAN_ERR_CRTL_TX_PASSIVE, "error_passive",
     "error passive: most frames are faulty; check wires, termination and bit rate"},
    {CAN_ERR_CRTL, 1, CAN_ERR_CRTL_RX_WARNING | CAN_ERR_CRTL_TX_WARNING, "error_warning",
     "many frames are faulty; check wires, termination and bit rate"},
    {CAN_ERR_CRTL, 1, CAN_ERR_CRTL_RX_OVERFLOW, "overrun",
     "the controller lost frames: it was not read in time"},
    {CAN_ERR_ACK, 0, 0, "no_acknowledgement", "nobody acknowledges: no other node is on the bus"},
    {CAN_ERR_TRX, 0, 0, "transceiver", "the transceiver reports a broken or shorted wire"},
    {CAN_ERR_PROT | CAN_ERR_BUSERROR, 0, 0, "bus_error",
     "faulty frame on the bus; check wires, termination and bit rate"},
};

const can_err_mask_t CANRAW_ERRORS = CAN_ERR_BUSOFF | CAN_ERR_CRTL | CAN_ERR_ACK | CAN_ERR_TRX |
                                     CAN_ERR_PROT | CAN_ERR_BUSERROR | CAN_ERR_RESTARTED;

enum canraw_kind canraw_take(const struct can_frame *raw, size_t n, struct can_frame_in *ret_frame)
{
    if (n != sizeof *raw || raw->len > CAN_MAX_DLEN)
        return CANRAW_BAD;
    if ((raw->can_id & CAN_ERR_FLAG) != 0)
        return CANRAW_ERROR;
    if ((raw->can_id & CAN_RTR_FLAG) != 0)
        return CANRAW_REMOTE;
    struct can_frame_in frame = {.extended = (raw->can_id & CAN_EFF_FLAG) != 0, .len = raw->len};
    frame.id = raw->can_id & (frame.extended ? CAN_EFF_MASK : CAN_SFF_MASK);
    memcpy(frame.data, raw->data, raw->len);
    *ret_frame = frame;
    return CANRAW_DATA;
}

void canraw_troubles(const struct can_frame *raw, struct source_stats *stats)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        if ((raw->can_id & row->class) != 0 && (row->bits == 0 || (raw->data[row->at] & row->bits) != 0))
            source_trouble(stats, 1, row->code, row->words);
    }
    if ((raw->can_id & CAN_ERR_RESTARTED) != 0)
        source_passed_over(stats, 1, "restarted", "the controller was restarted after a bus-off");
}
