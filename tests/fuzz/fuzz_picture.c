/* Whatever is taken for a picture comes out as one that is taken again, within the limits, without metadata.
 */
#include <stdlib.h>

#include "bureau/sightings/exif.h"
#include "bureau/sightings/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct picture picture, again;
    const char *reason = NULL;
    const unsigned orientation = exif_orientation(data, size);
    if (orientation < 1 || orientation > 8)
        abort();
    if (picture_reencode(data, size, &picture, &reason) != 0) {
        if (reason == NULL)
            abort();
        return 0;
    }
    if (picture.width == 0 || picture.width > PICTURE_EDGE || picture.height == 0 ||
        picture.height > PICTURE_EDGE)
        abort();
    if (exif_orientation(picture.bytes, picture.len) != 1 ||
        picture_reencode(picture.bytes, picture.len, &again, &reason) != 0)
        abort();
    if (again.width != picture.width || again.height != picture.height)
        abort();
    picture_free(&again);
    picture_free(&picture);
    return 0;
}
