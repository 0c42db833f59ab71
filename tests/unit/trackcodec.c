/* Track batches (proto/trackcodec.h): exact to the grid, never read past the input. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/trackcodec.h"

static struct bw_track random_track(unsigned *seed)
{
    struct bw_track track = {.n = 1 + (size_t)rand_r(seed) % BW_TRACK_FIXES_MAX};
    int64_t utc_ms = 1789425600000 + rand_r(seed);
    const bool wild = rand_r(seed) % 4 == 0;
    double lat = rand_r(seed) % 1700000 / 1e4 - 85, lon = rand_r(seed) % 3500000 / 1e4 - 175;
    for (size_t i = 0; i < track.n; i++) {
        track.fixes[i] = (struct bw_track_fix){.utc_ms = utc_ms,
                                               .lat_deg = lat,
                                               .lon_deg = lon,
                                               .quality = (enum bw_quality)(rand_r(seed) % 3),
                                               .aboard = (uint16_t)rand_r(seed)};
        utc_ms += wild ? rand_r(seed) : rand_r(seed) % 2000;
        lat += wild ? rand_r(seed) % 100000 / 1e5 - 0.5 : (rand_r(seed) % 400 - 200) / 1e6;
        lon += wild ? rand_r(seed) % 100000 / 1e5 - 0.5 : (rand_r(seed) % 400 - 200) / 1e6;
        lat = fmax(-90, fmin(90, lat));
        lon = fmax(-180, fmin(180, lon));
    }
    return track;
}

Test(trackcodec, random_batches_come_back_to_the_grid)
{
    for (unsigned round = 0; round < 5000; round++) {
        unsigned seed = round;
        const struct bw_track track = random_track(&seed);
        uint8_t bytes[TRACKCODEC_MAX];
        size_t len;
        struct bw_track back;
        cr_assert_eq(trackcodec_encode(&track, bytes, &len), 0, "seed %u", round);
        cr_assert_eq(trackcodec_decode(bytes, len, &back), 0, "seed %u", round);
        cr_assert_eq(back.n, track.n);
        for (size_t i = 0; i < track.n; i++) {
            cr_assert_leq(llabs(back.fixes[i].utc_ms - track.fixes[i].utc_ms), 50, "seed %u", round);
            cr_assert_leq(fabs(back.fixes[i].lat_deg - track.fixes[i].lat_deg), 0.51e-6, "seed %u", round);
            cr_assert_leq(fabs(back.fixes[i].lon_deg - track.fixes[i].lon_deg), 0.51e-6, "seed %u", round);
            cr_assert_eq(back.fixes[i].quality, track.fixes[i].quality);
            cr_assert_eq(back.fixes[i].aboard, track.fixes[i].aboard);
        }
    }
}

Test(trackcodec, the_largest_batch_fits)
{
    struct bw_track track = {.n = BW_TRACK_FIXES_MAX};
    for (size_t i = 0; i < track.n; i++)
        track.fixes[i] = (struct bw_track_fix){.utc_ms = (int64_t)i * 900000000000,
                                               .lat_deg = i % 2 ? -90 : 90,
                                               .lon_deg = i % 2 ? 180 : -180,
                                               .quality = i % 2 ? BW_QUALITY_GOOD : BW_QUALITY_UNKNOWN,
                                               .aboard = i % 2 ? UINT16_MAX : 0};
    uint8_t bytes[TRACKCODEC_MAX];
    size_t len;
    struct bw_track back;
    cr_assert_eq(trackcodec_encode(&track, bytes, &len), 0);
    cr_assert_leq(len, TRACKCODEC_MAX);
    cr_expect_eq(trackcodec_decode(bytes, len, &back), 0);
}

Test(trackcodec, a_quiet_drive_takes_few_bytes)
{
    struct bw_track track = {.n = 60};
    for (size_t i = 0; i < track.n; i++)
        track.fixes[i] = (struct bw_track_fix){.utc_ms = 1789425600000 + (int64_t)i * 1000,
                                               .lat_deg = 29.14 + (double)i * 1e-4,
                                               .lon_deg = 121.03 + (double)i * 5e-5,
                                               .quality = BW_QUALITY_GOOD,
                                               .aboard = 18};
    uint8_t bytes[TRACKCODEC_MAX];
    size_t len;
    cr_assert_eq(trackcodec_encode(&track, bytes, &len), 0);
    cr_expect_leq(len, 60 * 4 + 20);
}

Test(trackcodec, what_cannot_be_coded_is_refused)
{
    struct bw_track track = {.n = 2, .fixes = {{.utc_ms = 1000}, {.utc_ms = 500}}};
    uint8_t bytes[TRACKCODEC_MAX];
    size_t len = 42;
    cr_expect_eq(trackcodec_encode(&track, bytes, &len), -EINVAL, "time goes back");
    track.fixes[1] = (struct bw_track_fix){.utc_ms = 2000, .lat_deg = NAN};
    cr_expect_eq(trackcodec_encode(&track, bytes, &len), -EINVAL, "no position");
    track.fixes[1] = (struct bw_track_fix){.utc_ms = 2000, .lon_deg = 180.1};
    cr_expect_eq(trackcodec_encode(&track, bytes, &len), -EINVAL, "no longitude");
    track.n = 0;
    cr_expect_eq(trackcodec_encode(&track, bytes, &len), -EINVAL, "no fix");
    cr_expect_eq(len, 42U);
}

Test(trackcodec, every_cut_and_many_damages_are_refused_or_decode_to_valid_fixes)
{
    unsigned seed = 1;
    const struct bw_track track = random_track(&seed);
    uint8_t bytes[TRACKCODEC_MAX];
    size_t len;
    struct bw_track back;
    cr_assert_eq(trackcodec_encode(&track, bytes, &len), 0);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = malloc(cut > 0 ? cut : 1); /* the sanitizer sees a read past it */
        memcpy(exact, bytes, cut);
        cr_expect_eq(trackcodec_decode(exact, cut, &back), -EBADMSG, "cut at %zu", cut);
        free(exact);
    }
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t damaged[TRACKCODEC_MAX];
        memcpy(damaged, bytes, len);
        damaged[(size_t)rand_r(&seed) % len] ^= (uint8_t)(1 << rand_r(&seed) % 8);
        if (trackcodec_decode(damaged, len, &back) == 0)
            for (size_t i = 0; i < back.n; i++)
                cr_assert(fabs(back.fixes[i].lat_deg) <= 90 && fabs(back.fixes[i].lon_deg) <= 180);
    }
}
