/* The alert rows against the records that they were made from. */
#include "bureau/ingest/judge.h"
#include "bureau/verify/internal.h"

#include <errno.h>
#include <string.h>

static int report(struct walk *walk, enum verify_reason reason, const struct store_phase *row, uint64_t seq)
{
    struct verify_finding finding = {
        .reason = reason, .chain.cls = BW_RECORD_ALERT, .seq = seq, .number = row->number};
    memcpy(finding.chain.stream, seq == 0 ? row->stream : row->of, BW_STREAM_LEN);
    return walk_report(walk, finding);
}

/* What ingest makes of the record: the body that a phase is stored with. */
static int expected_body(const struct wire_record *record, uint64_t number, struct wire_bytes *ret)
{
    struct wire_body body;
    const int error = judge_body(record, &body);
    if (error != 0)
        return error;
    return body.type == WIRE_BODY_ALERT && body.u.alert.number == number ? wire_body_encode(&body, ret)
                                                                         : -EBADMSG;
}

int walk_is_good(struct walk *walk, const uint8_t stream[BW_STREAM_LEN], uint64_t seq,
                 const struct wire_record *record, bool *ret)
{
    struct store_signers signers;
    const int error = store_signers(walk->store, walk->vehicle, stream, BW_RECORD_ALERT, &signers);
    if (error != 0)
        return error;
    *ret = record->cls == BW_RECORD_ALERT && record->seq == seq &&
           memcmp(record->stream, stream, BW_STREAM_LEN) == 0 && signers.n > 0 &&
           walk_signed_by(walk->vehicle, record, judge_signer(&signers, seq));
    return 0;
}

/* Of a phase from before version 3 nobody wrote down which record it came from. */
static int says_the_same(void *context, const struct store_record *row)
{
    const struct store_phase *phase = context;
    struct wire_record record;
    struct wire_bytes expected = {0};
    int error = wire_record_decode(row->bytes, row->len, &record);
    if (error == 0)
        error = expected_body(&record, phase->number, &expected);
    const bool same =
        error == 0 && expected.len == phase->len && memcmp(expected.data, phase->body, phase->len) == 0;
    wire_bytes_free(&expected);
    return error == -ENOMEM ? error : same;
}

static int search_record(struct walk *walk, const struct store_phase *row)
{
    struct store_phase phase = *row;
    struct store_chain_id chain = {.cls = BW_RECORD_ALERT};
    memcpy(chain.stream, row->of, BW_STREAM_LEN);
    const int found = store_records(walk->store, walk->vehicle, &chain, says_the_same, &phase);
    return found == 0 ? report(walk, VERIFY_STRAY_ALERT, row, 0) : found < 0 ? found : 0;
}

static int check_phase(struct walk *walk, const struct store_phase *row)
{
    struct wire_record record;
    struct wire_bytes expected = {0};
    if (!row->has_seq)
        return search_record(walk, row);
    if (row->record == NULL)
        return report(walk, VERIFY_STRAY_ALERT, row, row->seq);
    int error = wire_record_decode(row->record, row->record_len, &record);
    if (error != 0)
        return error == -ENOMEM ? error : 0;
    error = expected_body(&record, row->number, &expected);
    if (error == -ENOMEM)
        return error;
    const bool same = error == 0 && expected.len == row->len &&
                      memcmp(expected.data, row->body, row->len) == 0 &&
                      row->received_utc_ms == row->record_received_utc_ms;
    wire_bytes_free(&expected);
    if (same)
        return 0;
    bool good = false;
    error = walk_is_good(walk, row->of, row->seq, &record, &good);
    return error == 0 && good ? report(walk, VERIFY_ALERT, row, row->seq) : error;
}

/* The object's own columns, once all its phases were seen. */
static int finish_object(struct walk *walk)
{
    const struct store_phase *object = &walk->object;
    if (object->id == 0)
        return 0;
    if (walk->last_event == 0)
        return report(walk, VERIFY_STRAY_ALERT, object, 0);
    const bool same = object->last_event == walk->last_event && object->kind == walk->kind &&
                      object->cleared_utc_ms == walk->cleared_utc_ms &&
                      object->raised_utc_ms == walk->raised_utc_ms && object->severity == walk->severity;
    return same ? 0 : report(walk, VERIFY_ALERT, object, 0);
}

/* What the phase does to its object: see store_alert_apply(). */
static int apply_phase(struct walk *walk, const struct store_phase *row)
{
    struct wire_body body;
    const int error = wire_body_decode(row->body, row->len, &body);
    if (error == -ENOMEM)
        return error;
    if (error != 0 || body.type != WIRE_BODY_ALERT)
        return 0; /* it differs from its record, which is found out there */
    if (walk->last_event == 0) {
        walk->kind = (int)body.u.alert.kind;
        walk->raised_utc_ms = store_alert_raised_utc_ms(&body.u.alert, row->received_utc_ms);
    }
    if (walk->severity < (int)body.u.alert.severity)
        walk->severity = (int)body.u.alert.severity;
    if (body.u.alert.phase == BW_CLEARED && walk->cleared_utc_ms == 0)
        walk->cleared_utc_ms = body.u.alert.time_utc_ms;
    return 0;
}

static int take_phase(void *context, const struct store_phase *row)
{
    struct walk *walk = context;
    int rc = 0;
    if (row->id != walk->object.id) {
        rc = finish_object(walk);
        walk->object = *row;
        walk->last_event = 0;
        walk->kind = walk->severity = 0;
        walk->cleared_utc_ms = walk->raised_utc_ms = 0;
    }
    if (rc != 0 || row->event == 0)
        return rc;
    walk->totals.alerts++;
    rc = apply_phase(walk, row);
    walk->last_event = row->event;
    return rc == 0 ? check_phase(walk, row) : rc;
}

int walk_phases(struct walk *walk)
{
    walk->object = (struct store_phase){0};
    const int rc = store_phases(walk->store, walk->vehicle, take_phase, walk);
    return rc == 0 ? finish_object(walk) : rc;
}

static int take_stray(void *context, const struct store_phase *row)
{
    return report(context, VERIFY_STRAY_ALERT, row, row->seq);
}

int walk_stray_phases(struct walk *walk)
{
    walk->vehicle[0] = '\0';
    return store_stray_phases(walk->store, take_stray, walk);
}
