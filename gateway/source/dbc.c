#include "gateway/source/dbc_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_BITS = 64 };

void dbc_free(struct dbc *dbc)
{
    if (dbc == NULL)
        return;
    for (size_t i = 0; i < dbc->n_signals; i++) {
        free(dbc->signals[i].name);
        free(dbc->signals[i].unit);
    }
    free(dbc->signals);
    free(dbc->messages);
    free(dbc);
}

size_t dbc_signal_count(const struct dbc *dbc)
{
    return dbc->n_signals;
}

const struct dbc_signal *dbc_signal_at(const struct dbc *dbc, size_t index)
{
    return &dbc->signals[index].shown;
}

/* The eight bytes of a frame as one number, read either way; bytes that it does not have are 0 and never
 * looked at. */
struct bits {
    unsigned n; /* bits that the frame has */
    uint64_t little, big;
};

static struct bits bits_of(const struct can_frame_in *frame)
{
    struct bits bits = {.n = frame->len * 8U};
    for (unsigned i = 0; i < frame->len; i++) {
        bits.little |= (uint64_t)frame->data[i] << (8 * i);
        bits.big |= (uint64_t)frame->data[i] << (56 - 8 * i);
    }
    return bits;
}

static bool raw_value(const struct bits *bits, const struct signal *signal, uint64_t *ret)
{
    const unsigned length = signal->shown.length_bits;
    if (signal->first_bit + length > FRAME_BITS)
        return false;
    /* The last byte touched must be there, whichever of its bits is meant. */
    const unsigned bytes = (signal->first_bit + length + 7) / 8;
    if (bytes * 8 > bits->n)
        return false;
    const uint64_t shifted = signal->big_endian ? bits->big >> (FRAME_BITS - signal->first_bit - length)
                                                : bits->little >> signal->first_bit;
    *ret = length == 64 ? shifted : shifted & ((UINT64_C(1) << length) - 1);
    return true;
}

static double physical_value(const struct signal *signal, uint64_t raw)
{
    const struct dbc_signal *shown = &signal->shown;
    double value;
    if (shown->is_float && shown->length_bits == 32) {
        const uint32_t word32 = (uint32_t)raw;
        float single;
        memcpy(&single, &word32, sizeof single);
        value = (double)single;
    } else if (shown->is_float) {
        memcpy(&value, &raw, sizeof value);
    } else if (shown->is_signed) {
        const uint64_t sign = UINT64_C(1) << (shown->length_bits - 1);
        value = (double)(int64_t)((raw ^ sign) - sign);
    } else {
        value = (double)raw;
    }
    return value * shown->factor + shown->offset;
}

static int compare_key(const void *key, const void *message)
{
    const uint32_t x = *(const uint32_t *)key, y = ((const struct message *)message)->key;
    return (x > y) - (x < y);
}

int dbc_decode(const struct dbc *dbc, const struct can_frame_in *frame,
               void (*on_value)(void *context, size_t signal, double value), void *context)
{
    const uint32_t key = frame->id | (frame->extended ? EXTENDED_FLAG : 0);
    const struct message *message = NULL;
    if (dbc->n_messages > 0)
        message = bsearch(&key, dbc->messages, dbc->n_messages, sizeof *message, compare_key);
    if (message == NULL)
        return -ENOENT;
    const struct bits bits = bits_of(frame);
    int too_short = 0;
    uint64_t raw, selector = 0;
    const bool selected =
        message->multiplexor != SIZE_MAX && raw_value(&bits, &dbc->signals[message->multiplexor], &selector);
    for (size_t i = message->first; i < message->first + message->n; i++) {
        const struct signal *signal = &dbc->signals[i];
        if (signal->role == MULTIPLEXED && (!selected || signal->select != selector))
            continue;
        if (raw_value(&bits, signal, &raw))
            on_value(context, i, physical_value(signal, raw));
        else
            too_short++;
    }
    return too_short;
}
