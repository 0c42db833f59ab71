#include "bureau/cases/backlog.h"

#include "bureau/store/tracks.h"
#include "proto/wire.h"

#include <errno.h>

/* 1: a position of that time, -1: the chain has gone beyond it, 0: neither. */
static int look_at(const struct store_record_copy *row, int64_t from_utc_ms, int64_t until_utc_ms)
{
    struct wire_record record;
    struct wire_body body;
    if (wire_record_decode(row->bytes, row->len, &record) != 0 ||
        wire_body_decode(record.body, record.body_len, &body) != 0 || body.type != WIRE_BODY_TRACK ||
        body.u.track.n == 0)
        return 0;
    const struct bw_track *track = &body.u.track;
    for (size_t i = 0; i < track->n; i++)
        if (track->fixes[i].utc_ms >= from_utc_ms && track->fixes[i].utc_ms < until_utc_ms)
            return 1;
    return track->fixes[0].utc_ms >= until_utc_ms ? -1 : 0;
}

static int look_at_chain(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                         int64_t from_utc_ms, int64_t until_utc_ms)
{
    uint8_t bytes[WIRE_RECORD_MAX];
    struct store_record_copy row = {.size = sizeof(bytes), .bytes = bytes};
    uint64_t seq = 0;
    int rc = store_seq_received(store, vehicle, chain, until_utc_ms, &seq), found = 0;
    for (int n = 0; rc == 0 && found == 0 && n < BACKLOG_RECORDS_MAX; n++) {
        rc = store_record_from(store, vehicle, chain, seq, &row);
        if (rc == 0)
            found = look_at(&row, from_utc_ms, until_utc_ms);
        seq = row.seq + 1;
    }
    if (rc < 0 && rc != -ENOENT)
        return rc;
    return found == 1;
}

int backlog_arrived(struct store *store, const char *vehicle, int64_t from_utc_ms, int64_t until_utc_ms)
{
    struct store_chain_id chain;
    const struct store_chain_id *after = NULL;
    int rc = 0;
    for (int n = 0; n < BACKLOG_CHAINS_MAX && rc == 0; n++) {
        rc = store_next_chain(store, vehicle, after, &chain);
        after = &chain;
        if (rc == 0 && chain.cls == BW_RECORD_TRACK)
            rc = look_at_chain(store, vehicle, &chain, from_utc_ms + BACKLOG_AFTER_MS, until_utc_ms);
    }
    return rc == -ENOENT ? 0 : rc;
}
