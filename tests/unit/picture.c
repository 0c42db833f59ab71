#define _GNU_SOURCE /* memmem */
/* Pictures are made here, read back there, and looked at pixel by pixel. */
#include "bureau/sightings/picture.h"
#include "bureau/sightings/exif.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

enum { RED = 0, GREEN = 1, BLUE = 2, WHITE = 3, TIFF_LEN = 26, EXIF_LEN = 4 + 6 + TIFF_LEN };

/* Which of the four colours; -1 = none of them. */
static int colour_of(const uint8_t *pixel)
{
    const int bits = (pixel[0] > 160) | (pixel[1] > 160) << 1 | (pixel[2] > 160) << 2;
    return bits == 1 ? RED : bits == 2 ? GREEN : bits == 4 ? BLUE : bits == 7 ? WHITE : -1;
}

/* Red and green above blue and white. malloc'd. */
static uint8_t *quarters(int width, int height, int flags, size_t *ret_len)
{
    static const uint8_t colours[][3] = {{230, 10, 10}, {10, 230, 10}, {10, 10, 230}, {250, 250, 250}};
    uint8_t *pixels = malloc((size_t)width * (size_t)height * 3), *made = NULL;
    unsigned long len = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(pixels + (y * width + x) * 3, colours[(y >= height / 2) * 2 + (x >= width / 2)], 3);
    tjhandle encoder = tjInitCompress();
    cr_assert_eq(tjCompress2(encoder, pixels, width, 0, height, TJPF_RGB, &made, &len, TJSAMP_420, 90, flags),
                 0);
    (void)tjDestroy(encoder);
    free(pixels);
    *ret_len = len;
    return made;
}

/* What a phone adds: an Exif part, big or little endian, with an orientation. */
static size_t exif_part(uint8_t ret[EXIF_LEN], unsigned orientation, bool big_endian)
{
    const uint8_t big[TIFF_LEN] = {'M', 'M',  0, 42, 0, 0, 0, 8, 0, 1,
                                   1,   0x12, 0, 3,  0, 0, 0, 1, 0, (uint8_t)orientation};
    const uint8_t little[TIFF_LEN] = {
        'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, (uint8_t)orientation};
    const uint8_t head[10] = {0xff, 0xe1, 0, EXIF_LEN - 2, 'E', 'x', 'i', 'f', 0, 0};
    memcpy(ret, head, sizeof(head));
    memcpy(ret + sizeof(head), big_endian ? big : little, TIFF_LEN);
    return EXIF_LEN;
}

static uint8_t *with_exif(const uint8_t *jpeg, size_t len, unsigned orientation, bool big_endian)
{
    uint8_t *made = malloc(len + EXIF_LEN);
    memcpy(made, jpeg, 2);
    (void)exif_part(made + 2, orientation, big_endian);
    memcpy(made + 2 + EXIF_LEN, jpeg + 2, len - 2);
    return made;
}

/* The colours of the quarters of a picture, and its size. */
static void look_at(const struct picture *picture, int ret[4])
{
    int width, height, sampling, space;
    tjhandle decoder = tjInitDecompress();
    cr_assert_eq(
        tjDecompressHeader3(decoder, picture->bytes, picture->len, &width, &height, &sampling, &space), 0);
    cr_assert(width == (int)picture->width && height == (int)picture->height);
    uint8_t *pixels = malloc((size_t)width * (size_t)height * 3);
    cr_assert_eq(tjDecompress2(decoder, picture->bytes, picture->len, pixels, width, 0, height, TJPF_RGB, 0),
                 0);
    for (int i = 0; i < 4; i++) {
        const int x = width / 4 + (i % 2) * width / 2, y = height / 4 + (i / 2) * height / 2;
        ret[i] = colour_of(pixels + (y * width + x) * 3);
    }
    free(pixels);
    (void)tjDestroy(decoder);
}

static int reencode(const uint8_t *bytes, size_t len, struct picture *ret)
{
    const char *reason = NULL;
    const int rc = picture_reencode(bytes, len, ret, &reason);
    cr_expect_eq(rc == 0, reason == NULL);
    return rc;
}

Test(picture, is_turned_upright_whatever_way_the_camera_was_held)
{
    static const struct {
        unsigned width, height;
        int quarters[4];
    } upright[] = {
        {64, 32, {RED, GREEN, BLUE, WHITE}}, {64, 32, {GREEN, RED, WHITE, BLUE}},
        {64, 32, {WHITE, BLUE, GREEN, RED}}, {64, 32, {BLUE, WHITE, RED, GREEN}},
        {32, 64, {RED, BLUE, GREEN, WHITE}}, {32, 64, {BLUE, RED, WHITE, GREEN}},
        {32, 64, {WHITE, GREEN, BLUE, RED}}, {32, 64, {GREEN, WHITE, RED, BLUE}},
    };
    size_t len;
    uint8_t *plain = quarters(64, 32, 0, &len);
    for (unsigned orientation = 1; orientation <= 8; orientation++)
        for (int big_endian = 0; big_endian < 2; big_endian++) {
            struct picture kept;
            int colours[4];
            uint8_t *jpeg = with_exif(plain, len, orientation, big_endian);
            cr_assert_eq(reencode(jpeg, len + EXIF_LEN, &kept), 0);
            cr_expect_eq(kept.width, upright[orientation - 1].width, "orientation %u", orientation);
            cr_expect_eq(kept.height, upright[orientation - 1].height);
            look_at(&kept, colours);
            cr_expect_arr_eq(colours, upright[orientation - 1].quarters, sizeof(colours), "orientation %u",
                             orientation);
            cr_expect_null(memmem(kept.bytes, kept.len, "Exif", 4));
            picture_free(&kept);
            free(jpeg);
        }
    tjFree(plain);
}

Test(picture, a_large_one_is_made_smaller_and_keeps_its_shape)
{
    static const struct {
        int width, height;
        unsigned kept_width, kept_height;
    } cases[] = {
        {1600, 1200, 1600, 1200}, {1601, 1200, 1600, 1199},
        {4032, 3024, 1600, 1200}, {3024, 4032, 1200, 1600},
        {16384, 64, 1600, 6},     {3, 9000, 1, 1600},
        {640, 480, 640, 480},     {1, 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len;
        struct picture kept;
        uint8_t *jpeg = quarters(cases[i].width, cases[i].height, 0, &len);
        cr_assert_eq(reencode(jpeg, len, &kept), 0);
        cr_expect(kept.width == cases[i].kept_width && kept.height == cases[i].kept_height,
                  "%dx%d became %ux%u", cases[i].width, cases[i].height, kept.width, kept.height);
        if (kept.width >= 8 && kept.height >= 8) {
            static const int expected[4] = {RED, GREEN, BLUE, WHITE};
            int colours[4];
            look_at(&kept, colours);
            cr_expect_arr_eq(colours, expected, sizeof(expected));
        }
        picture_free(&kept);
        tjFree(jpeg);
    }
}

Test(picture, a_progressive_one_is_read_too)
{
    size_t len;
    struct picture kept;
    uint8_t *jpeg = quarters(2000, 1000, TJFLAG_PROGRESSIVE, &len);
    cr_assert_eq(reencode(jpeg, len, &kept), 0);
    cr_expect(kept.width == 1600 && kept.height == 800);
    picture_free(&kept);
    tjFree(jpeg);
}

/* The size stands in the frame header, five bytes after its marker. */
static void set_size(uint8_t *jpeg, size_t len, unsigned width, unsigned height)
{
    static const uint8_t frame[] = {0xff, 0xc0};
    uint8_t *at = memmem(jpeg, len, frame, sizeof(frame));
    cr_assert_not_null(at);
    at[5] = (uint8_t)(height >> 8);
    at[6] = (uint8_t)height;
    at[7] = (uint8_t)(width >> 8);
    at[8] = (uint8_t)width;
}

Test(picture, what_is_too_large_is_refused_before_there_is_memory_for_it)
{
    struct picture kept = {0};
    size_t len;
    uint8_t *jpeg = quarters(64, 64, 0, &len);
    set_size(jpeg, len, 65500, 65500);
    cr_expect_eq(reencode(jpeg, len, &kept), -EFBIG);
    set_size(jpeg, len, 16385, 16);
    cr_expect_eq(reencode(jpeg, len, &kept), -EFBIG);
    set_size(jpeg, len, 8000, 6001);
    cr_expect_eq(reencode(jpeg, len, &kept), -EFBIG);
    uint8_t *many = calloc(1, PICTURE_BYTES_MAX + 1);
    memcpy(many, jpeg, len);
    cr_expect_eq(reencode(many, PICTURE_BYTES_MAX + 1, &kept), -EFBIG);
    free(many);
    tjFree(jpeg);
    cr_expect_null(kept.bytes);
}

Test(picture, what_is_cut_short_or_damaged_is_refused_wherever_that_is)
{
    size_t len;
    struct picture kept = {0};
    uint8_t *jpeg = quarters(64, 32, 0, &len);
    for (size_t cut = 0; cut + 2 < len; cut++) {
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, jpeg, cut);
        cr_assert_eq(reencode(exact, cut, &kept), -EINVAL, "cut to %zu of %zu", cut, len);
        free(exact);
    }
    set_size(jpeg, len, 640, 320); /* says more than it has */
    cr_expect_eq(reencode(jpeg, len, &kept), -EINVAL);
    tjFree(jpeg);
    cr_expect_eq(reencode((const uint8_t *)"GIF89a", 6, &kept), -EINVAL);
    cr_expect_eq(reencode((const uint8_t *)"\x89PNG\r\n\x1a\n", 8, &kept), -EINVAL);
    cr_expect_null(kept.bytes);
}

Test(picture, an_exif_part_that_lies_is_upright)
{
    size_t len;
    uint8_t *plain = quarters(16, 16, 0, &len);
    uint8_t *jpeg = with_exif(plain, len, 6, true);
    cr_assert_eq(exif_orientation(jpeg, len + EXIF_LEN), 6);
    static const struct {
        size_t at;
        uint8_t value;
    } lies[] = {
        {5, 255},  {4, 255}, {3, 0},  {6, 'X'}, {12, 'I'}, {13, 'I'}, {15, 43}, {16, 255}, {17, 255},
        {19, 200}, {20, 0},  {21, 0}, {23, 0},  {24, 4},   {25, 4},   {31, 9},  {31, 0},
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        uint8_t *lying = malloc(len + EXIF_LEN);
        memcpy(lying, jpeg, len + EXIF_LEN);
        lying[lies[i].at] = lies[i].value;
        const unsigned orientation = exif_orientation(lying, len + EXIF_LEN);
        cr_expect(orientation == 1 || orientation == 6, "byte %zu: %u", lies[i].at, orientation);
        free(lying);
    }
    for (size_t cut = 0; cut < EXIF_LEN + 2; cut++) {
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, jpeg, cut);
        cr_expect_eq(exif_orientation(exact, cut), 1, "cut to %zu", cut);
        free(exact);
    }
    free(jpeg);
    tjFree(plain);
}
