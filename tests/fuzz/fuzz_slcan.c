/* Any bytes, whole or cut in two at a place that the first byte names, give the same frames, all of them
 * possible. */
#include <stdlib.h>
#include <string.h>

#include "gateway/source/slcan.h"

static void check(void *context, const struct can_frame_in *frame)
{
    uint64_t *sum = context;
    if (frame->len > 8 || frame->id > (frame->extended ? 0x1fffffffU : 0x7ffU))
        abort();
    *sum = *sum * 31 + frame->id;
    for (size_t i = 0; i < sizeof frame->data; i++)
        *sum = *sum * 31 + frame->data[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slcan whole, cut;
    uint64_t whole_sum = 0, cut_sum = 0;
    if (size == 0)
        return 0;
    const size_t at = data[0] % size;
    slcan_init(&whole);
    slcan_init(&cut);
    slcan_feed(&whole, data, size, check, &whole_sum);
    slcan_feed(&cut, data, at, check, &cut_sum);
    slcan_feed(&cut, data + at, size - at, check, &cut_sum);
    if (whole_sum != cut_sum || whole.frames != cut.frames || whole.bad != cut.bad || whole.len != cut.len)
        abort();
    return 0;
}
