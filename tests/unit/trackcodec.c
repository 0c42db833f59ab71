/* Track batches (proto/trackcodec.h): lossless on the grid, one encoding each, never read past the input.
 * BW_SEED=N begins the random tests at another seed. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/trackcodec.h"

enum { ROUNDS = 5000, STATE_GOOD = BW_QUALITY_GOOD + 1 };

static unsigned first_seed(void)
{
    const char *given = getenv("BW_SEED");
    return given != NULL ? (unsigned)strtoul(given, NULL, 10) : 1;
}

/* --- random tracks --- */

static int64_t between(unsigned *seed, int64_t low, int64_t high) /* both inclusive */
{
    const uint64_t random = (uint64_t)rand_r(seed) << 31 ^ (uint64_t)rand_r(seed);
    return low + (int64_t)(random % (uint64_t)(high - low + 1));
}

static int64_t clamp(int64_t value, int64_t limit)
{
    return value < -limit ? -limit : value > limit ? limit : value;
}

/* A drive in steps of the grid (1e-6 degrees, 0.1 s); a wild one jumps over the whole globe, stands on its
 * poles and borders, and waits for years. */
static struct bw_track random_track(unsigned *seed)
{
    struct bw_track track = {.n = (size_t)between(seed, 1, BW_TRACK_FIXES_MAX)};
    const bool wild = between(seed, 0, 3) == 0;
    int64_t time = 17894256000 + between(seed, 0, 1000000);
    int64_t lat = between(seed, -90000000, 90000000), lon = between(seed, -180000000, 180000000);
    for (size_t i = 0; i < track.n; i++) {
        const bool same = i > 0 && between(seed, 0, 3) > 0;
        track.fixes[i] = (struct bw_track_fix){
            .utc_ms = time * 100,
            .lat_deg = (double)lat / 1e6,
            .lon_deg = (double)lon / 1e6,
            .quality = same ? track.fixes[i - 1].quality : (enum bw_quality)between(seed, 0, BW_QUALITY_GOOD),
            .aboard = same ? track.fixes[i - 1].aboard : (uint16_t)between(seed, 0, UINT16_MAX)};
        time += wild ? between(seed, 0, 1000000000) : between(seed, 0, 20);
        lat = clamp(lat + (wild ? between(seed, -180000000, 180000000) : between(seed, -400, 400)), 90000000);
        lon =
            clamp(lon + (wild ? between(seed, -360000000, 360000000) : between(seed, -400, 400)), 180000000);
    }
    return track;
}

/* The same, pushed off the grid by less than would reorder times or leave the globe. */
static struct bw_track off_grid(struct bw_track track, unsigned *seed)
{
    for (size_t i = 0; i < track.n; i++) {
        struct bw_track_fix *fix = &track.fixes[i];
        fix->utc_ms += 49;
        fix->lat_deg = fmax(-90, fmin(90, fix->lat_deg + (double)between(seed, -500, 500) / 1e9));
        fix->lon_deg = fmax(-180, fmin(180, fix->lon_deg + (double)between(seed, -500, 500) / 1e9));
    }
    return track;
}

static bool same_fix(const struct bw_track_fix *a, const struct bw_track_fix *b)
{
    return a->utc_ms == b->utc_ms && a->lat_deg == b->lat_deg && a->lon_deg == b->lon_deg &&
           a->quality == b->quality && a->aboard == b->aboard;
}

/* --- what goes in comes out --- */

Test(trackcodec, a_track_on_the_grid_comes_back_as_it_was)
{
    for (unsigned round = 0, start = first_seed(); round < ROUNDS; round++) {
        unsigned seed = start + round;
        const struct bw_track track = random_track(&seed);
        uint8_t bytes[TRACKCODEC_MAX];
        size_t len;
        struct bw_track back;
        cr_assert_eq(trackcodec_encode(&track, bytes, &len), 0, "seed %u", start + round);
        cr_assert_eq(trackcodec_decode(bytes, len, &back), 0, "seed %u", start + round);
        cr_assert_eq(back.n, track.n, "seed %u", start + round);
        for (size_t i = 0; i < track.n; i++)
            cr_assert(same_fix(&back.fixes[i], &track.fixes[i]), "seed %u, fix %zu", start + round, i);
    }
}

Test(trackcodec, any_track_comes_back_within_the_stated_error)
{
    const double metres_per_deg = 111320; /* at most: of longitude at the equator */
    for (unsigned round = 0, start = first_seed(); round < ROUNDS; round++) {
        unsigned seed = start + round;
        const struct bw_track track = off_grid(random_track(&seed), &seed);
        uint8_t bytes[TRACKCODEC_MAX];
        size_t len;
        struct bw_track back;
        cr_assert_eq(trackcodec_encode(&track, bytes, &len), 0, "seed %u", start + round);
        cr_assert_eq(trackcodec_decode(bytes, len, &back), 0, "seed %u", start + round);
        for (size_t i = 0; i < track.n; i++) {
            const struct bw_track_fix *fix = &track.fixes[i], *got = &back.fixes[i];
            const double off_deg = hypot(got->lat_deg - fix->lat_deg, got->lon_deg - fix->lon_deg);
            cr_assert_leq(off_deg * metres_per_deg, 0.08, "seed %u, fix %zu", start + round, i);
            cr_assert_leq(llabs(got->utc_ms - fix->utc_ms), 50, "seed %u, fix %zu", start + round, i);
            cr_assert_eq(got->quality, fix->quality, "seed %u, fix %zu", start + round, i);
            cr_assert_eq(got->aboard, fix->aboard, "seed %u, fix %zu", start + round, i);
        }
    }
}

Test(trackcodec, the_borders_of_the_globe_and_of_time_come_back)
{
    const struct bw_track track = {.n = 4,
                                   .fixes = {{.utc_ms = 0, .lat_deg = 90, .lon_deg = -180},
                                             {.utc_ms = 0, .lat_deg = -90, .lon_deg = 180},
                                             {.utc_ms = 1, .lat_deg = 90, .lon_deg = -180},
                                             {.utc_ms = (INT64_C(1) << 40) * 100 - 100,
                                              .lat_deg = -90,
                                              .lon_deg = 180,
                                              .quality = BW_QUALITY_GOOD,
                                              .aboard = UINT16_MAX}}};
    uint8_t bytes[TRACKCODEC_MAX];
    size_t len;
    struct bw_track back;
    cr_assert_eq(trackcodec_encode(&track, bytes, &len), 0);
    cr_assert_eq(trackcodec_decode(bytes, len, &back), 0);
    cr_expect_eq(back.fixes[2].utc_ms, 0, "0.001 s is nearest to 0");
    cr_expect(same_fix(&back.fixes[1], &track.fixes[1]));
    cr_expect(same_fix(&back.fixes[3], &track.fixes[3]));
}

/* --- sizes --- */

Test(trackcodec, the_largest_batch_fits)
{
    struct bw_track track = {.n = BW_TRACK_FIXES_MAX};
    for (size_t i = 0; i < track.n; i++)
        track.fixes[i] = (struct bw_track_fix){.utc_ms = (int64_t)i * 900000000000,
                                               .lat_deg = i % 2 ? -90 : 90,
                                               .lon_deg = i % 2 ? 180 : -180,
                                               .quality = i % 2 ? BW_QUALITY_GOOD : BW_QUALITY_UNKNOWN,
                                               .aboard = i % 2 ? UINT16_MAX : UINT16_MAX - 1};
    uint8_t bytes[TRACKCODEC_MAX];
    size_t len;
    struct bw_track back;
    cr_assert_eq(trackcodec_encode(&track, bytes, &len), 0);
    cr_expect_geq(len, (track.n - 1) * 18, "every fix is at its worst");
    cr_expect_leq(len, TRACKCODEC_MAX);
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
    cr_expect_leq(len, 60 * 3 + 20);
}

/* --- what is refused --- */

Test(trackcodec, what_cannot_be_coded_is_refused)
{
    const struct bw_track_fix good = {.utc_ms = 1000};
    const struct {
        const char *what;
        size_t n;
        struct bw_track_fix second;
    } cases[] = {
        {"no fix", 0, good},
        {"too many", BW_TRACK_FIXES_MAX + 1, good},
        {"time goes back", 2, {.utc_ms = 500}},
        {"before 1970", 2, {.utc_ms = -1}},
        {"after 5454", 2, {.utc_ms = (INT64_C(1) << 40) * 100}},
        {"no latitude", 2, {.utc_ms = 2000, .lat_deg = NAN}},
        {"latitude beyond the pole", 2, {.utc_ms = 2000, .lat_deg = -90.000001}},
        {"longitude beyond the border", 2, {.utc_ms = 2000, .lon_deg = 180.1}},
        {"no longitude", 2, {.utc_ms = 2000, .lon_deg = INFINITY}},
        {"a quality of a later version", 2, {.utc_ms = 2000, .quality = (enum bw_quality)STATE_GOOD}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct bw_track track = {.n = cases[i].n, .fixes = {good, cases[i].second}};
        uint8_t bytes[TRACKCODEC_MAX] = {0xaa};
        size_t len = 42;
        cr_expect_eq(trackcodec_encode(&track, bytes, &len), -EINVAL, "%s", cases[i].what);
        cr_expect(len == 42 && bytes[0] == 0xaa, "%s: what was given stays as it was", cases[i].what);
    }
}

Test(trackcodec, what_the_encoder_would_not_have_made_is_refused)
{
    const struct {
        const char *what;
        int error;
        size_t len;
        uint8_t bytes[20];
    } cases[] = {
        {"two fixes at one place", 0, 9, {1, 2, 10, 0, 0, 4, 20, 0, 0}},
        {"a change of state", 0, 10, {1, 2, 10, 0, 0, 4, 21, 0, 0, 8}},
        {"a change of state that is none", -EBADMSG, 10, {1, 2, 10, 0, 0, 4, 21, 0, 0, 4}},
        {"a number longer than needed", -EBADMSG, 10, {1, 2, 0x8a, 0, 0, 0, 4, 20, 0, 0}},
        {"a number of ten bytes",
         -EBADMSG,
         15,
         {1, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0, 0, 4}},
        {"something after the last fix", -EBADMSG, 10, {1, 2, 10, 0, 0, 4, 20, 0, 0, 0}},
        {"no fix", -EBADMSG, 2, {1, 0}},
        {"121 fixes", -EBADMSG, 6, {1, 121, 10, 0, 0, 4}},
        {"version 0", -EBADMSG, 6, {0, 1, 10, 0, 0, 4}},
        {"quality 3", -EBADMSG, 6, {1, 1, 10, 0, 0, 3}},
        {"65,536 aboard", -EBADMSG, 8, {1, 1, 10, 0, 0, 0x80, 0x80, 0x10}},
        {"a later version", -EPROTONOSUPPORT, 1, {2}},
        {"nothing", -EBADMSG, 0, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bw_track back = {.n = 99};
        cr_expect_eq(trackcodec_decode(cases[i].bytes, cases[i].len, &back), cases[i].error, "%s",
                     cases[i].what);
        cr_expect(cases[i].error == 0 || back.n == 99, "%s: what was given stays as it was", cases[i].what);
    }
}

/* The bytes lie at the end of their allocation, where the sanitizer sees a read past them. */
static int decode_exact(const uint8_t *bytes, size_t len, struct bw_track *ret)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    cr_assert_not_null(exact);
    memcpy(exact, bytes, len);
    const int error = trackcodec_decode(exact, len, ret);
    free(exact);
    return error;
}

Test(trackcodec, every_cut_is_refused)
{
    for (unsigned round = 0, start = first_seed(); round < 20; round++) {
        unsigned seed = start + round;
        const struct bw_track track = random_track(&seed);
        uint8_t bytes[TRACKCODEC_MAX];
        size_t len;
        struct bw_track back;
        cr_assert_eq(trackcodec_encode(&track, bytes, &len), 0);
        for (size_t cut = 0; cut < len; cut++)
            cr_assert_eq(decode_exact(bytes, cut, &back), -EBADMSG, "seed %u, cut at %zu of %zu",
                         start + round, cut, len);
    }
}

/* Damage that still decodes is another track on the grid, in order of time, and those very bytes are its
 * encoding. */
Test(trackcodec, what_decodes_encodes_to_the_same_bytes)
{
    unsigned accepted = 0;
    for (unsigned round = 0, start = first_seed(); round < 10 * ROUNDS; round++) {
        unsigned seed = start + round;
        struct bw_track track = random_track(&seed);
        uint8_t bytes[TRACKCODEC_MAX], again[TRACKCODEC_MAX];
        size_t len, again_len;
        track.n = track.n < 8 ? track.n : 8;
        cr_assert_eq(trackcodec_encode(&track, bytes, &len), 0);
        for (int64_t damage = between(&seed, 1, 3); damage > 0; damage--)
            bytes[between(&seed, 0, (int64_t)len - 1)] ^= (uint8_t)(1 << between(&seed, 0, 7));
        if (decode_exact(bytes, len, &track) != 0)
            continue;
        accepted++;
        for (size_t i = 1; i < track.n; i++)
            cr_assert_geq(track.fixes[i].utc_ms, track.fixes[i - 1].utc_ms, "seed %u", start + round);
        cr_assert_eq(trackcodec_encode(&track, again, &again_len), 0, "seed %u", start + round);
        cr_assert(again_len == len && memcmp(again, bytes, len) == 0, "seed %u", start + round);
    }
    cr_assert_gt(accepted, ROUNDS, "most damage is to be accepted here, or nothing is shown");
}
