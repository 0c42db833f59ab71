/* The trip rows against the records that they were made from. */
#include "bureau/ingest/judge.h"
#include "bureau/verify/internal.h"

#include <errno.h>
#include <string.h>

static int report(struct walk *walk, enum verify_reason reason, const struct store_trip *row)
{
    struct verify_finding finding = {.reason = reason, .chain.cls = BW_RECORD_ALERT, .seq = row->seq};
    memcpy(finding.chain.stream, row->stream, BW_STREAM_LEN);
    return walk_report(walk, finding);
}

/* What a row has of a trip. */
static bool is_same(const struct bw_trip *a, const struct bw_trip *b)
{
    return a->begun_utc_ms == b->begun_utc_ms && a->ended_utc_ms == b->ended_utc_ms &&
           strcmp(a->permit_no, b->permit_no) == 0 && strcmp(a->route_id, b->route_id) == 0 &&
           a->boarded == b->boarded && a->alighted == b->alighted && a->peak == b->peak &&
           a->capacity == b->capacity && a->over_s == b->over_s && a->quality == b->quality &&
           a->began_late == b->began_late && a->cut_short == b->cut_short;
}

static int take_trip(void *context, const struct store_trip *row)
{
    struct walk *walk = context;
    struct wire_record record;
    struct wire_body body;
    bool good = false;
    if (row->record == NULL)
        return report(walk, VERIFY_STRAY_TRIP, row);
    int error = wire_record_decode(row->record, row->record_len, &record);
    if (error == 0)
        error = judge_body(&record, &body);
    if (error != 0)
        return error == -ENOMEM ? error : 0; /* reported already */
    if (body.type == WIRE_BODY_TRIP && is_same(&row->trip, &body.u.trip) &&
        row->received_utc_ms == row->record_received_utc_ms)
        return 0;
    error = walk_is_good(walk, row->stream, row->seq, &record, &good);
    return error == 0 && good ? report(walk, VERIFY_TRIP, row) : error;
}

int walk_trips(struct walk *walk)
{
    return store_vehicle_trips(walk->store, walk->vehicle, take_trip, walk);
}
