/* Any text is a database or an error; whatever database it is decodes frames of every length. */
#include <stdlib.h>
#include <string.h>

#include "gateway/source/dbc.h"

static void check(void *context, size_t signal, double value)
{
    (void)value; /* a float may be anything */
    if (signal >= *(const size_t *)context)
        abort();
}

static void decode_all(const struct dbc *dbc)
{
    size_t n = dbc_signal_count(dbc);
    for (size_t i = 0; i < n && i < 64; i++) {
        const struct dbc_signal *signal = dbc_signal_at(dbc, i);
        struct can_frame_in frame = {.id = signal->id, .extended = signal->extended};
        if (signal->name == NULL || signal->unit == NULL || signal->length_bits < 1 ||
            signal->length_bits > 64)
            abort();
        char place[DBC_PLACE_LEN];
        dbc_signal_place(dbc, i, place);
        if (strlen(place) == 0)
            abort();
        memset(frame.data, (int)(i * 37), sizeof frame.data);
        for (frame.len = 0; frame.len <= 8; frame.len++) {
            if (dbc_decode(dbc, &frame, check, &n) < 0)
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[DBC_ERROR_LEN] = "";
    struct dbc *dbc = NULL;
    if (dbc_parse("fuzz", (const char *)data, size, error, &dbc) < 0) {
        if (error[0] == '\0' || dbc != NULL)
            abort();
        return 0;
    }
    decode_all(dbc);
    dbc_free(dbc);
    return 0;
}
