/* CAN databases (Vector's DBC format): which bits of which frame are which signal.
 *
 * Read are BO_ (messages), SG_ (signals: either byte order, signed or not, factor and offset, multiplexed),
 * SG_MUL_VAL_ (extended multiplexing: m3M, several multiplexors, ranges), SIG_VALTYPE_ (IEEE floats), and of
 * the attributes VFrameFormat: a message whose format is J1939PG is found by its parameter group, from
 * whatever source address and with whatever priority. Everything else is skipped, strings of several lines
 * included. Frames of classic CAN only: what a longer message has beyond 8 bytes can never be decoded. */
#ifndef BUSWARDEN_DBC_H
#define BUSWARDEN_DBC_H

#include "gateway/source/source.h"

enum {
    DBC_ERROR_LEN = 256,
    DBC_TEXT_MAX = 16 * 1024 * 1024, /* bytes of a file */
    DBC_MESSAGES_MAX = 16384,
    DBC_SIGNALS_MAX = 65536,
    DBC_RANGES_MAX = 262144,
    DBC_MULTIPLEX_DEPTH_MAX = 8,
    DBC_PLACE_LEN = 256,
};

struct dbc;

struct dbc_signal {
    const char *name, *unit; /* owned by the dbc; the bytes as they stand in the file */
    unsigned line;           /* of the file, on which it begins */
    uint32_t id;             /* of its message */
    bool extended;
    bool big_endian, is_signed, is_float;
    uint16_t start_bit;  /* as the file counts it */
    uint8_t length_bits; /* 1..64 */
    double factor, offset;
    double minimum, maximum; /* of the physical value; both 0 = not stated. Not enforced when decoding. */
};

/* `text` (len bytes) as a file called `name`, which is used in errors only. -EINVAL, -EFBIG or -ENOMEM with
 * "name:line: reason" in ret_error. Release with dbc_free(). */
int dbc_parse(const char *name, const char *text, size_t len, char ret_error[DBC_ERROR_LEN],
              struct dbc **ret_dbc);
/* The same of a file; also any errno of opening and reading it ("path: reason"). */
int dbc_load(const char *path, char ret_error[DBC_ERROR_LEN], struct dbc **ret_dbc);
void dbc_free(struct dbc *dbc); /* accepts NULL */

/* Signals are numbered 0, 1, 2... in the order of the file. */
size_t dbc_signal_count(const struct dbc *dbc);
const struct dbc_signal *dbc_signal_at(const struct dbc *dbc, size_t index);

/* Where a signal is: "CABIN 0x123 8|3@1+ (1,0) WHICH 0-3,5", the last for a multiplexed one; cut when it is
 * longer. */
void dbc_signal_place(const struct dbc *dbc, size_t index, char ret_place[DBC_PLACE_LEN]);

/* Calls on_value for each signal in the frame with its physical value; of multiplexed ones only those that
 * the multiplexor selects. A frame whose identifier the database does not have is taken for the J1939 message
 * of its parameter group: of several that of the same source address, else that of address 254 (none), else
 * none. Returns 0; 1 when the frame is shorter than its message (a fault to count: the signals that it has
 * whole are given all the same); -ENOENT when the database knows no such message. */
int dbc_decode(const struct dbc *dbc, const struct can_frame_in *frame,
               void (*on_value)(void *context, size_t signal, double value), void *context);

#endif
