#include "bureau/cases/evidence.h"

#include "bureau/store/tracks.h"
#include "proto/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct gathering {
    struct store *store;
    const char *vehicle;
    struct evidence *ret;
};

/* --- records --- */

static void count(struct evidence_records *records, const struct excerpt *excerpt)
{
    records->records += excerpt->records;
    records->good += excerpt->good;
    records->missing += excerpt->missing;
    records->unlinked += !excerpt->before;
}

static int check(struct gathering *gathering, const struct store_chain_id *chain, uint64_t first_seq,
                 uint64_t last_seq)
{
    struct evidence *ret = gathering->ret;
    struct excerpt excerpt;
    const int err =
        excerpt_verify(gathering->store, gathering->vehicle, chain, first_seq, last_seq, &excerpt);
    if (err != 0)
        return err;
    count(chain->cls == BW_RECORD_ALERT ? &ret->alert : &ret->track, &excerpt);
    if (excerpt.reason != VERIFY_REASONS && ret->reason == VERIFY_REASONS) {
        ret->reason = excerpt.reason;
        ret->reason_chain = *chain;
        ret->reason_seq = excerpt.reason_seq;
    }
    return 0;
}

static int check_phase(void *context, const uint8_t stream[BW_STREAM_LEN], uint64_t seq)
{
    struct store_chain_id chain = {.cls = BW_RECORD_ALERT};
    memcpy(chain.stream, stream, BW_STREAM_LEN);
    return check(context, &chain, seq, seq);
}

/* --- the track --- */

static int add_fix(struct evidence *ret, const struct bw_track_fix *fix)
{
    if (ret->n_fixes == EVIDENCE_FIXES_MAX) {
        ret->cut = true;
        return 0;
    }
    if (ret->n_fixes % 256 == 0) {
        struct bw_track_fix *more = realloc(ret->fixes, (ret->n_fixes + 256) * sizeof(*more));
        if (more == NULL)
            return -ENOMEM;
        ret->fixes = more;
    }
    ret->fixes[ret->n_fixes++] = *fix;
    return 0;
}

/* What of a record lies in the time asked for. 1: something does, -1: it lies after it, 0: before it. */
static int add_track(struct evidence *ret, const struct bw_track *track)
{
    int place = 0;
    for (size_t i = 0; i < track->n; i++) {
        const struct bw_track_fix *fix = &track->fixes[i];
        if (fix->utc_ms < ret->from_utc_ms)
            continue;
        if (fix->utc_ms > ret->until_utc_ms)
            return place == 1 ? 1 : -1;
        if (add_fix(ret, fix) != 0)
            return -ENOMEM;
        place = 1;
    }
    return place;
}

static int read_record(struct evidence *ret, const struct store_record_copy *row)
{
    struct wire_record record;
    struct wire_body body;
    if (wire_record_decode(row->bytes, row->len, &record) != 0 ||
        wire_body_decode(record.body, record.body_len, &body) != 0 || body.type != WIRE_BODY_TRACK)
        return 0;
    return add_track(ret, &body.u.track);
}

static int read_chain(struct gathering *gathering, const struct store_chain_id *chain)
{
    uint8_t bytes[WIRE_RECORD_MAX];
    struct store_record_copy row = {.size = sizeof(bytes), .bytes = bytes};
    struct evidence *ret = gathering->ret;
    uint64_t seq = 0, first_seq = 0, last_seq = 0;
    int n = 0, place = 0;
    int err = store_seq_received(gathering->store, gathering->vehicle, chain,
                                 ret->from_utc_ms - EVIDENCE_CLOCK_MS, &seq);
    while (err == 0 && place >= 0 && n++ < EVIDENCE_RECORDS_MAX) {
        err = store_record_from(gathering->store, gathering->vehicle, chain, seq, &row);
        if (err != 0)
            break;
        place = read_record(ret, &row);
        if (place == -ENOMEM)
            return place;
        if (place == 1) {
            first_seq = first_seq == 0 ? row.seq : first_seq;
            last_seq = row.seq;
        }
        seq = row.seq + 1;
    }
    if (err != 0 && err != -ENOENT)
        return err;
    return first_seq > 0 ? check(gathering, chain, first_seq, last_seq) : 0;
}

static int by_time(const void *a, const void *b)
{
    const struct bw_track_fix *one = a, *other = b;
    return (one->utc_ms > other->utc_ms) - (one->utc_ms < other->utc_ms);
}

/* A past that forked may tell of one instant twice. */
static void sort_track(struct evidence *ret)
{
    size_t n = 0;
    if (ret->n_fixes == 0)
        return;
    qsort(ret->fixes, ret->n_fixes, sizeof(*ret->fixes), by_time);
    for (size_t i = 0; i < ret->n_fixes; i++)
        if (n == 0 || ret->fixes[n - 1].utc_ms != ret->fixes[i].utc_ms)
            ret->fixes[n++] = ret->fixes[i];
    ret->n_fixes = n;
}

static int read_tracks(struct gathering *gathering)
{
    struct store_chain_id chain;
    const struct store_chain_id *after = NULL;
    int err = 0;
    for (int n = 0; n < EVIDENCE_CHAINS_MAX && err == 0; n++) {
        err = store_next_chain(gathering->store, gathering->vehicle, after, &chain);
        after = &chain;
        if (err == 0 && chain.cls == BW_RECORD_TRACK)
            err = read_chain(gathering, &chain);
    }
    if (err == 0 || err == -ENOENT)
        sort_track(gathering->ret);
    return err == -ENOENT ? 0 : err;
}

/* --- the licence --- */

static int decode_licence(const struct wire_bytes *bytes, struct bw_licence *ret)
{
    struct wire_sealed sealed = {0};
    int err = wire_sealed_decode(bytes->data, bytes->len, bytes->len, &sealed);
    if (err == 0)
        err = wire_licence_decode(sealed.payload.data, sealed.payload.len, ret);
    wire_sealed_free(&sealed);
    return err;
}

/* The newest that was issued at or before an instant, or the version asked for. */
static int find_licence(struct gathering *gathering, uint64_t version, int64_t utc_ms)
{
    struct evidence *ret = gathering->ret;
    uint64_t at = version > 0 ? version - 1 : 0;
    int err = 0;
    while (err == 0) {
        struct wire_bytes bytes = {0};
        struct bw_licence licence = {0};
        err = store_issued_next(gathering->store, ISSUED_LICENCE, gathering->vehicle, at, &at, &bytes);
        if (err != 0)
            break;
        const int decoded = decode_licence(&bytes, &licence);
        wire_bytes_free(&bytes);
        if (decoded == -ENOMEM)
            return decoded;
        if (decoded != 0)
            continue;
        if (version > 0 ? licence.version != version : licence.issued_utc_ms > utc_ms) {
            wire_licence_free(&licence);
            break;
        }
        if (ret->has_licence)
            wire_licence_free(&ret->licence);
        ret->licence = licence;
        ret->has_licence = true;
        if (version > 0)
            break;
    }
    return err == -ENOENT ? 0 : err;
}

/* --- all of it --- */

int evidence_gather(struct store *store, const struct store_case *row, uint64_t licence_version,
                    struct evidence *ret)
{
    struct gathering gathering = {.store = store, .vehicle = row->vehicle, .ret = ret};
    int64_t until_utc_ms = row->last_utc_ms + EVIDENCE_MARGIN_MS;
    *ret =
        (struct evidence){.from_utc_ms = row->happened_utc_ms - EVIDENCE_MARGIN_MS, .reason = VERIFY_REASONS};
    if (until_utc_ms > ret->from_utc_ms + EVIDENCE_SPAN_MS)
        until_utc_ms = ret->from_utc_ms + EVIDENCE_SPAN_MS;
    ret->until_utc_ms = until_utc_ms;
    if (row->vehicle[0] == '\0')
        return 0;
    int err = store_case_records(store, row->id, EVIDENCE_PHASES_MAX, check_phase, &gathering);
    if (err == 0)
        err = read_tracks(&gathering);
    if (err == 0)
        err = find_licence(&gathering, licence_version, row->happened_utc_ms);
    if (err != 0)
        evidence_free(ret);
    return err;
}

void evidence_free(struct evidence *evidence)
{
    free(evidence->fixes);
    if (evidence->has_licence)
        wire_licence_free(&evidence->licence);
    *evidence = (struct evidence){.reason = VERIFY_REASONS};
}
