#include "bureau/sightings/picture.h"

#include "bureau/sightings/exif.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

enum { CHANNELS = 3, SAMPLING = TJSAMP_420 };

/* Red, green, blue; rows without padding. */
struct pixels {
    uint8_t *of;
    unsigned width, height;
};

static size_t bytes_of(unsigned width, unsigned height)
{
    return (size_t)width * height * CHANNELS;
}

static int make_pixels(unsigned width, unsigned height, struct pixels *ret)
{
    *ret = (struct pixels){malloc(bytes_of(width, height)), width, height};
    return ret->of == NULL ? -ENOMEM : 0;
}

static unsigned longer(unsigned width, unsigned height)
{
    return width > height ? width : height;
}

/* --- decode --- */

static const char *check_header(tjhandle decoder, const uint8_t *bytes, size_t len, struct pixels *ret,
                                int *ret_rc)
{
    int width = 0, height = 0, sampling = 0, colours = 0;
    *ret_rc = -EINVAL;
    if (tjDecompressHeader3(decoder, bytes, len, &width, &height, &sampling, &colours) != 0)
        return "not a JPEG picture";
    if (colours == TJCS_CMYK || colours == TJCS_YCCK)
        return "a picture made for printing (CMYK)";
    *ret_rc = -EFBIG;
    if (width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX || (int64_t)width * height > PICTURE_PIXELS_MAX)
        return "more than 48 million pixels, or more than 16384 a side";
    *ret_rc = 0;
    ret->width = (unsigned)width;
    ret->height = (unsigned)height;
    return NULL;
}

/* The decoder halves and quarters for next to nothing: the smallest size that is not below PICTURE_EDGE. */
static void scale_while_decoding(struct pixels *size)
{
    int n = 0;
    const tjscalingfactor *factors = tjGetScalingFactors(&n);
    const struct pixels full = *size;
    for (int i = 0; i < n; i++) {
        const unsigned width = (unsigned)TJSCALED((int)full.width, factors[i]);
        const unsigned height = (unsigned)TJSCALED((int)full.height, factors[i]);
        const unsigned edge = longer(width, height);
        if (edge >= PICTURE_EDGE && edge < longer(size->width, size->height)) {
            size->width = width;
            size->height = height;
        }
    }
}

/* A warning is damage: what the decoder made up for the rest is no evidence. */
static const char *decode(const uint8_t *bytes, size_t len, struct pixels *ret, int *ret_rc)
{
    struct pixels size = {0};
    tjhandle decoder = tjInitDecompress();
    *ret_rc = -ENOMEM;
    if (decoder == NULL)
        return "out of memory";
    const char *reason = check_header(decoder, bytes, len, &size, ret_rc);
    if (reason == NULL) {
        scale_while_decoding(&size);
        *ret_rc = make_pixels(size.width, size.height, ret);
        if (*ret_rc != 0)
            reason = "out of memory";
    }
    if (reason == NULL && tjDecompress2(decoder, bytes, len, ret->of, (int)ret->width, 0, (int)ret->height,
                                        TJPF_RGB, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0) {
        *ret_rc = -EINVAL;
        reason = "a damaged picture, or one cut short";
        free(ret->of);
        ret->of = NULL;
    }
    (void)tjDestroy(decoder);
    return reason;
}

/* --- shrink --- */

/* How much of source pixel i lies in [from, to), in 1/256 of a pixel. */
static uint32_t share(uint64_t i, uint64_t from, uint64_t to)
{
    const uint64_t low = i * 256 > from ? i * 256 : from, high = (i + 1) * 256 < to ? (i + 1) * 256 : to;
    return high > low ? (uint32_t)(high - low) : 0;
}

/* The mean of the source pixels that a target pixel covers. */
static void mean_of(const struct pixels *source, uint64_t left, uint64_t right, uint64_t top, uint64_t bottom,
                    uint8_t ret[CHANNELS])
{
    uint64_t sum[CHANNELS] = {0}, weights = 0;
    for (uint64_t y = top / 256; y < source->height && y * 256 < bottom; y++)
        for (uint64_t x = left / 256; x < source->width && x * 256 < right; x++) {
            const uint64_t weight = (uint64_t)share(x, left, right) * share(y, top, bottom);
            const uint8_t *pixel = source->of + (y * source->width + x) * CHANNELS;
            for (int channel = 0; channel < CHANNELS; channel++)
                sum[channel] += weight * pixel[channel];
            weights += weight;
        }
    for (int channel = 0; channel < CHANNELS && weights > 0; channel++)
        ret[channel] = (uint8_t)((sum[channel] + weights / 2) / weights);
}

static unsigned scaled(unsigned side, unsigned edge)
{
    const unsigned size = (unsigned)(((uint64_t)side * PICTURE_EDGE + edge / 2) / edge);
    return size > 0 ? size : 1;
}

static int shrink(struct pixels *pixels)
{
    struct pixels small;
    const unsigned edge = longer(pixels->width, pixels->height);
    if (edge <= PICTURE_EDGE)
        return 0;
    const int rc = make_pixels(scaled(pixels->width, edge), scaled(pixels->height, edge), &small);
    if (rc != 0)
        return rc;
    for (uint64_t y = 0; y < small.height; y++)
        for (uint64_t x = 0; x < small.width; x++)
            mean_of(pixels, x * pixels->width * 256 / small.width,
                    (x + 1) * pixels->width * 256 / small.width, y * pixels->height * 256 / small.height,
                    (y + 1) * pixels->height * 256 / small.height,
                    small.of + (y * small.width + x) * CHANNELS);
    free(pixels->of);
    *pixels = small;
    return 0;
}

/* --- turn --- */

/* Which pixel of a picture of this orientation stands at x, y of the upright one. */
static const uint8_t *pixel_for(const struct pixels *from, unsigned orientation, unsigned x, unsigned y)
{
    const bool swapped = orientation >= 5; /* rows are columns */
    const bool mirrored = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool upside_down = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    unsigned column = swapped ? y : x, row = swapped ? x : y;
    if (mirrored)
        column = from->width - 1 - column;
    if (upside_down)
        row = from->height - 1 - row;
    return from->of + ((size_t)row * from->width + column) * CHANNELS;
}

static int turn_upright(struct pixels *pixels, unsigned orientation)
{
    struct pixels upright;
    const bool swapped = orientation >= 5;
    if (orientation == 1)
        return 0;
    const int rc = make_pixels(swapped ? pixels->height : pixels->width,
                               swapped ? pixels->width : pixels->height, &upright);
    if (rc != 0)
        return rc;
    for (unsigned y = 0; y < upright.height; y++)
        for (unsigned x = 0; x < upright.width; x++)
            memcpy(upright.of + ((size_t)y * upright.width + x) * CHANNELS,
                   pixel_for(pixels, orientation, x, y), CHANNELS);
    free(pixels->of);
    *pixels = upright;
    return 0;
}

/* --- encode --- */

static int encode(const struct pixels *pixels, struct picture *ret)
{
    tjhandle encoder = tjInitCompress();
    const unsigned long room = tjBufSize((int)pixels->width, (int)pixels->height, SAMPLING);
    unsigned long len = room;
    uint8_t *bytes = malloc(room);
    int rc = encoder == NULL || bytes == NULL ? -ENOMEM : 0;
    if (rc == 0 &&
        tjCompress2(encoder, pixels->of, (int)pixels->width, 0, (int)pixels->height, TJPF_RGB, &bytes, &len,
                    SAMPLING, PICTURE_QUALITY, TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT) != 0)
        rc = -ENOMEM; /* of pixels in memory nothing else can fail */
    if (rc == 0)
        *ret = (struct picture){bytes, len, pixels->width, pixels->height};
    else
        free(bytes);
    if (encoder != NULL)
        (void)tjDestroy(encoder);
    return rc;
}

int picture_reencode(const uint8_t *bytes, size_t len, struct picture *ret, const char **ret_reason)
{
    struct pixels pixels = {0};
    int rc = -EFBIG;
    if (len > PICTURE_BYTES_MAX) {
        *ret_reason = "more than 8 MB";
        return rc;
    }
    const char *reason = decode(bytes, len, &pixels, &rc);
    if (rc == 0)
        rc = shrink(&pixels);
    if (rc == 0)
        rc = turn_upright(&pixels, exif_orientation(bytes, len));
    if (rc == 0)
        rc = encode(&pixels, ret);
    free(pixels.of);
    if (rc != 0)
        *ret_reason = reason != NULL ? reason : "out of memory";
    return rc;
}

void picture_free(struct picture *picture)
{
    free(picture->bytes);
    *picture = (struct picture){0};
}
