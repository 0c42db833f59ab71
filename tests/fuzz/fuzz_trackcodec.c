/* A batch that is accepted holds sensible fixes in order of time, and has exactly one encoding: these very
 * bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/trackcodec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bw_track track;
    static uint8_t again[TRACKCODEC_MAX];
    size_t len;
    if (trackcodec_decode(data, size, &track) != 0)
        return 0;
    must(track.n >= 1 && track.n <= BW_TRACK_FIXES_MAX);
    for (size_t i = 0; i < track.n; i++) {
        const struct bw_track_fix *fix = &track.fixes[i];
        must(fabs(fix->lat_deg) <= 90 && fabs(fix->lon_deg) <= 180 && fix->quality <= BW_QUALITY_GOOD);
        must(fix->utc_ms >= (i == 0 ? 0 : track.fixes[i - 1].utc_ms));
    }
    must(trackcodec_encode(&track, again, &len) == 0);
    must(len == size && memcmp(again, data, size) == 0);
    return 0;
}
