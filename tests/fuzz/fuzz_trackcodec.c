/* A batch that is accepted holds sensible fixes in order of time, and has exactly one encoding: these very
 * bytes. */
#include <math.h>
#include <stdlib.h>

#include "proto/trackcodec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bw_track track, back;
    static uint8_t again[TRACKCODEC_MAX];
    size_t len;
    if (trackcodec_decode(data, size, &track) != 0)
        return 0;
    must(track.n >= 1 && track.n <= BW_TRACK_FIXES_MAX);
    for (size_t i = 0; i < track.n; i++) {
        const struct bw_track_fix *fix = &track.fixes[i];
        must(fabs(fix->lat_deg) <= 90 && fabs(fix->lon_deg) <= 180 && fix->quality <= BW_QUALITY_GOOD);
        must(i == 0 || fix->utc_ms >= track.fixes[i - 1].utc_ms);
    }
    must(trackcodec_encode(&track, again, &len) == 0);
    must(len <= size && trackcodec_decode(again, len, &back) == 0 && back.n == track.n);
    for (size_t i = 0; i < track.n; i++) {
        const struct bw_track_fix *fix = &track.fixes[i], *other = &back.fixes[i];
        must(fix->utc_ms == other->utc_ms && fix->lat_deg == other->lat_deg &&
             fix->lon_deg == other->lon_deg && fix->quality == other->quality &&
             fix->aboard == other->aboard);
    }
    return 0;
}
