#include "bureau/sightings/exif.h"

#include <stdbool.h>
#include <string.h>

enum { MARKER = 0xff, START_OF_SCAN = 0xda, APP1 = 0xe1, ORIENTATION = 0x0112, SHORT = 3, ENTRY_LEN = 12 };

/* A part of the file; of no part anything is read. */
struct part {
    const uint8_t *bytes;
    size_t len;
    bool big_endian;
};

static uint32_t number_at(const struct part *part, size_t at, size_t size)
{
    uint32_t value = 0;
    if (at > part->len || size > part->len - at)
        return 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | part->bytes[at + (part->big_endian ? i : size - 1 - i)];
    return value;
}

/* TIFF: a header, then a directory of entries: tag, type, how many, value. */
static unsigned orientation_of(struct part tiff)
{
    if (tiff.len < 8 || (memcmp(tiff.bytes, "II*\0", 4) != 0 && memcmp(tiff.bytes, "MM\0*", 4) != 0))
        return 1;
    tiff.big_endian = tiff.bytes[0] == 'M';
    const size_t directory = number_at(&tiff, 4, 4);
    const size_t n = number_at(&tiff, directory, 2);
    for (size_t i = 0; i < n; i++) {
        const size_t entry = directory + 2 + i * ENTRY_LEN;
        if (number_at(&tiff, entry, 2) != ORIENTATION || number_at(&tiff, entry + 2, 2) != SHORT)
            continue;
        const unsigned value = number_at(&tiff, entry + 8, 2);
        return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

unsigned exif_orientation(const uint8_t *jpeg, size_t len)
{
    static const char signature[] = "Exif\0"; /* and the NUL of the literal */
    const struct part file = {jpeg, len, true};
    for (size_t at = 2; number_at(&file, at, 1) == MARKER;) {
        const unsigned marker = number_at(&file, at + 1, 1);
        const size_t length = number_at(&file, at + 2, 2); /* with its own two bytes */
        if (marker == START_OF_SCAN || length < 2 || length > len - at - 2)
            return 1;
        const uint8_t *content = jpeg + at + 4;
        if (marker == APP1 && length - 2 > sizeof(signature) &&
            memcmp(content, signature, sizeof(signature)) == 0)
            return orientation_of(
                (struct part){content + sizeof(signature), length - 2 - sizeof(signature), false});
        at += 2 + length;
    }
    return 1;
}
