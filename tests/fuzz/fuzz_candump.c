/* Any line is a possible frame, or refused with a reason. */
#include <stdlib.h>

#include "gateway/source/candump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t utc_us;
    struct can_frame_in frame;
    const char *reason = NULL;
    if (candump_parse((const char *)data, size, &utc_us, &frame, &reason) < 0) {
        if (reason == NULL)
            abort();
    } else if (frame.len > 8 || utc_us < 0 || frame.id > (frame.extended ? 0x1fffffffU : 0x7ffU)) {
        abort();
    }
    return 0;
}
