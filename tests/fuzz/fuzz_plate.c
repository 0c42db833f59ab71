/* Whatever is taken for a plate is one form of it: it is taken again, unchanged, and fits its own key. */
#include <stdlib.h>
#include <string.h>

#include "bureau/registry/plate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, bool partial)
{
    char plate[BW_PLATE_LEN] = "before", again[BW_PLATE_LEN];
    const char *reason = NULL;
    if (plate_parse(text, partial, plate, &reason) != 0) {
        if (strcmp(plate, "before") != 0 || reason == NULL)
            abort();
        return;
    }
    if (plate_parse(plate, partial, again, &reason) != 0 || strcmp(plate, again) != 0)
        abort();
    if (!partial && plate_is_partial(plate))
        abort();
    const uint64_t key = plate_key(plate);
    if (plate_compare(key, key).n != 0 || key >> 48 == 0 /* seven characters at least */)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* of its exact size: a byte read too far shows */
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check(text, false);
    check(text, true);
    free(text);
    return 0;
}
