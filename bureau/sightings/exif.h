/* How the camera was held. */
#ifndef BUSWARDEN_EXIF_H
#define BUSWARDEN_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* The orientation that the Exif part of a JPEG has, 1..8 (Exif 2.32, tag 0x0112); 1, upright, when it has
 * none. */
unsigned exif_orientation(const uint8_t *jpeg, size_t len);

#endif
