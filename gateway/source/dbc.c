#include "gateway/source/dbc_tables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dbc_free(struct dbc *dbc)
{
    if (dbc == NULL)
        return;
    for (size_t i = 0; i < dbc->n_signals; i++) {
        free(dbc->signals[i].name);
        free(dbc->signals[i].unit);
    }
    for (size_t i = 0; i < dbc->n_messages; i++)
        free(dbc->messages[i].name);
    free(dbc->signals);
    free(dbc->messages);
    free(dbc->ranges);
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

static const struct message *message_of(const struct dbc *dbc, size_t signal)
{
    const struct message *message = dbc->messages;
    while (signal - message->first >= message->n) /* also of a smaller signal: it wraps around */
        message++;
    return message;
}

void dbc_signal_place(const struct dbc *dbc, size_t index, char ret_place[DBC_PLACE_LEN])
{
    const struct signal *signal = &dbc->signals[index];
    const struct dbc_signal *shown = &signal->shown;
    FILE *out = fmemopen(ret_place, DBC_PLACE_LEN, "w");
    ret_place[0] = '\0';
    if (out == NULL)
        return;
    (void)fprintf(out, "%.40s 0x%0*x %u|%u@%d%c (%g,%g)", message_of(dbc, index)->name,
                  shown->extended ? 8 : 3, shown->id, shown->start_bit, shown->length_bits,
                  !shown->big_endian, shown->is_signed ? '-' : '+', shown->factor, shown->offset);
    for (; signal->mux != SIZE_MAX; signal = &dbc->signals[signal->mux]) {
        (void)fprintf(out, " %.40s ", dbc->signals[signal->mux].name);
        for (size_t i = 0; i < signal->n_ranges; i++) {
            const struct range *range = &dbc->ranges[signal->first_range + i];
            (void)fprintf(out, range->low == range->high ? "%s%u" : "%s%u-%u", i > 0 ? "," : "", range->low,
                          range->high);
        }
    }
    (void)fclose(out); /* full is cut */
    ret_place[DBC_PLACE_LEN - 1] = '\0';
}

/* The eight bytes of a frame as one number, read either way; bytes that it does not have are 0 and never
 * looked at. */
struct bits {
    unsigned bytes; /* that the frame has */
    uint64_t little, big;
};

static struct bits bits_of(const struct can_frame_in *frame)
{
    struct bits bits = {.bytes = frame->len};
    for (unsigned i = 0; i < frame->len; i++) {
        bits.little |= (uint64_t)frame->data[i] << (8 * i);
        bits.big |= (uint64_t)frame->data[i] << (56 - 8 * i);
    }
    return bits;
}

static bool raw_value(const struct bits *bits, const struct signal *signal, uint64_t *ret)
{
    if (signal->bytes > bits->bytes)
        return false;
    *ret = (signal->shown.big_endian ? bits->big : bits->little) >> signal->shift & signal->mask;
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

/* --- which message a frame is --- */

uint32_t dbc_pgn(uint32_t id)
{
    const uint32_t pdu_format = id >> 16 & 0xff;
    return pdu_format < 240 ? id & 0x03ff0000 : id & 0x03ffff00;
}

static int compare_key(const void *key, const void *message)
{
    const uint32_t x = *(const uint32_t *)key, y = ((const struct message *)message)->key;
    return (x > y) - (x < y);
}

/* The few frames that are not in the file as they are may cost a walk through it. */
static const struct message *find_j1939(const struct dbc *dbc, uint32_t id)
{
    enum { SOURCE = 0xff, NO_SOURCE = 0xfe };
    const struct message *any = NULL, *only = NULL;
    size_t n = 0;
    for (size_t i = 0; i < dbc->n_messages; i++) {
        const struct message *message = &dbc->messages[i];
        if (message->format != FORMAT_J1939 || dbc_pgn(message->key) != dbc_pgn(id))
            continue;
        if ((message->key & SOURCE) == (id & SOURCE))
            return message;
        if ((message->key & SOURCE) == NO_SOURCE)
            any = message;
        only = message;
        n++;
    }
    return any != NULL ? any : n == 1 ? only : NULL;
}

static const struct message *find_message(const struct dbc *dbc, const struct can_frame_in *frame)
{
    if (!frame->extended) {
        const unsigned index = frame->id < STANDARD_IDS ? dbc->standard[frame->id] : 0;
        return index > 0 ? &dbc->messages[index - 1] : NULL;
    }
    const uint32_t key = frame->id | EXTENDED_FLAG;
    const struct message *message = NULL;
    if (dbc->n_messages > 0)
        message = bsearch(&key, dbc->messages, dbc->n_messages, sizeof *message, compare_key);
    return message == NULL && dbc->has_j1939 ? find_j1939(dbc, frame->id) : message;
}

/* --- decoding --- */

static bool in_ranges(const struct dbc *dbc, const struct signal *signal, uint64_t value)
{
    for (size_t i = 0; i < signal->n_ranges; i++) {
        const struct range *range = &dbc->ranges[signal->first_range + i];
        if (value >= range->low && value <= range->high)
            return true;
    }
    return false;
}

/* The frame has it: its multiplexor says so, and so on up. */
static bool is_there(const struct dbc *dbc, const struct bits *bits, const struct signal *signal)
{
    uint64_t value;
    for (; signal->mux != SIZE_MAX; signal = &dbc->signals[signal->mux]) {
        if (!raw_value(bits, &dbc->signals[signal->mux], &value) || !in_ranges(dbc, signal, value))
            return false;
    }
    return true;
}

int dbc_decode(const struct dbc *dbc, const struct can_frame_in *frame,
               void (*on_value)(void *context, size_t signal, double value), void *context)
{
    const struct message *message = find_message(dbc, frame);
    if (message == NULL)
        return -ENOENT;
    const struct bits bits = bits_of(frame);
    uint64_t raw;
    for (size_t i = message->first; i < message->first + message->n; i++) {
        const struct signal *signal = &dbc->signals[i];
        if (signal->mux != SIZE_MAX && !is_there(dbc, &bits, signal))
            continue;
        if (raw_value(&bits, signal, &raw))
            on_value(context, i, physical_value(signal, raw));
    }
    return frame->len < message->bytes;
}
