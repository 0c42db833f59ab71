/* Words that ingest writes into the audit log and verify looks for. */
#include "bureau/store/store.h"
#include "proto/seal.h"

#include <inttypes.h>
#include <stdio.h>

void store_hole_format(const char *vehicle, const uint8_t stream[BW_STREAM_LEN], enum bw_record_class cls,
                       uint64_t first_seq, uint64_t last_seq, char ret[STORE_HOLE_LEN])
{
    char hex[2 * BW_STREAM_LEN + 1];
    seal_hex_format(stream, BW_STREAM_LEN, hex);
    (void)snprintf(ret, STORE_HOLE_LEN, "%s %s stream %s: %" PRIu64 "-%" PRIu64, vehicle,
                   cls == BW_RECORD_ALERT ? "alert" : "track", hex, first_seq, last_seq);
}
