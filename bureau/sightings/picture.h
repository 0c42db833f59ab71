/* From whatever JPEG a phone sends to one that may be kept: upright, at most PICTURE_EDGE pixels long,
 * encoded anew from the pixels alone, so that nothing else of the file is left (no place, no device, no
 * thumbnail).
 *
 * What comes from outside is decoded here: only in the sandbox of darkroom.h. */
#ifndef BUSWARDEN_PICTURE_H
#define BUSWARDEN_PICTURE_H

#include <stddef.h>
#include <stdint.h>

enum {
    PICTURE_BYTES_MAX = 8 * 1024 * 1024, /* of what comes in */
    PICTURE_SIDE_MAX = 16384,            /* pixels; of what comes in */
    PICTURE_PIXELS_MAX = 48000000,       /* the same */
    PICTURE_EDGE = 1600,                 /* pixels of the longer side that is kept */
    PICTURE_QUALITY = 82,
    PICTURE_KEPT_MAX = 4 * 1024 * 1024, /* bytes that may be kept */
};

struct picture {
    uint8_t *bytes; /* JPEG */
    size_t len;
    unsigned width, height;
};

/* 0; -EINVAL: no JPEG, a damaged one or one cut short; -EFBIG: too many bytes or pixels; -ENOMEM.
 * *ret_reason (static) has the words. picture_free() it. */
int picture_reencode(const uint8_t *bytes, size_t len, struct picture *ret, const char **ret_reason);
void picture_free(struct picture *picture);

#endif
