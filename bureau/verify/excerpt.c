#include "bureau/verify/excerpt.h"

#include "bureau/ingest/judge.h"
#include "bureau/store/tracks.h"
#include "bureau/verify/internal.h"

#include <errno.h>
#include <string.h>

struct reading {
    struct store *store;
    const char *vehicle;
    const struct store_chain_id *chain;
    struct store_signers signers;
    uint8_t head[BW_HASH_LEN]; /* of the record before next_seq */
    bool head_known;
    uint64_t next_seq;
    struct excerpt *ret;
};

static void fault(struct reading *reading, enum verify_reason reason, uint64_t seq)
{
    if (reading->ret->reason != VERIFY_REASONS)
        return;
    reading->ret->reason = reason;
    reading->ret->reason_seq = seq;
}

/* VERIFY_REASONS for one that its signer signed for this place. */
static enum verify_reason judge_row(const struct reading *reading, const struct store_record_copy *row,
                                    struct wire_record *ret_record, struct wire_body *ret_body, int *ret_err)
{
    *ret_err = wire_record_decode(row->bytes, row->len, ret_record);
    if (*ret_err == -ENOMEM)
        return VERIFY_UNREADABLE;
    if (*ret_err != 0) {
        *ret_err = 0;
        return VERIFY_UNREADABLE;
    }
    if (memcmp(ret_record->stream, reading->chain->stream, BW_STREAM_LEN) != 0 ||
        ret_record->cls != reading->chain->cls || ret_record->seq != row->seq)
        return VERIFY_MISPLACED;
    if (reading->signers.n == 0 ||
        !walk_signed_by(reading->vehicle, ret_record, judge_signer(&reading->signers, row->seq)))
        return VERIFY_BAD_SIGNATURE;
    *ret_err = judge_body(ret_record, ret_body);
    return VERIFY_REASONS;
}

/* True when the record is the next one after what was read so far, or nobody can tell. */
static bool follows(const struct reading *reading, const struct wire_record *record,
                    const struct wire_body *body)
{
    return !reading->head_known || judge_first_seq(record, body) != reading->next_seq ||
           memcmp(record->prev, reading->head, BW_HASH_LEN) == 0;
}

static void go_on(struct reading *reading, const struct wire_record *record, const struct wire_body *body)
{
    judge_head(record, body, judge_signer(&reading->signers, record->seq)->division, reading->vehicle,
               reading->head);
    reading->head_known = true;
    reading->next_seq = record->seq + 1;
}

static int take_row(struct reading *reading, const struct store_record_copy *row)
{
    struct wire_record record;
    struct wire_body body;
    struct excerpt *ret = reading->ret;
    int err;
    ret->records++;
    const enum verify_reason reason = judge_row(reading, row, &record, &body, &err);
    if (err != 0)
        return err;
    const uint64_t first_seq = reason == VERIFY_REASONS ? judge_first_seq(&record, &body) : row->seq;
    if (first_seq > reading->next_seq) {
        ret->missing += first_seq - reading->next_seq;
        reading->head_known = false;
        fault(reading, VERIFY_MISSING, reading->next_seq);
    }
    if (reason != VERIFY_REASONS) {
        fault(reading, reason, row->seq);
        reading->head_known = false;
        reading->next_seq = row->seq + 1;
        return 0;
    }
    const bool fits = follows(reading, &record, &body);
    if (fits)
        ret->good++;
    else
        fault(reading, VERIFY_BROKEN_CHAIN, row->seq);
    go_on(reading, &record, &body);
    return 0;
}

/* What stands before the first one: a zero hash before the first record of all. */
static int read_before(struct reading *reading, uint64_t first_seq, struct store_record_copy *row)
{
    struct wire_record record;
    struct wire_body body;
    int err;
    reading->next_seq = first_seq;
    if (first_seq == 1) {
        reading->head_known = true;
        reading->ret->before = true;
        return 0;
    }
    err = store_record_from(reading->store, reading->vehicle, reading->chain, first_seq - 1, row);
    if (err == -ENOENT)
        return 0;
    if (err != 0 || row->seq != first_seq - 1)
        return err;
    if (judge_row(reading, row, &record, &body, &err) == VERIFY_REASONS && err == 0) {
        go_on(reading, &record, &body);
        reading->ret->before = true;
    }
    return err;
}

static int read_after(struct reading *reading, const struct store_record_copy *row)
{
    struct wire_record record;
    struct wire_body body;
    int err;
    if (judge_row(reading, row, &record, &body, &err) != VERIFY_REASONS || err != 0)
        return err;
    reading->ret->after = reading->head_known && judge_first_seq(&record, &body) == reading->next_seq &&
                          follows(reading, &record, &body);
    return 0;
}

int excerpt_verify(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                   uint64_t first_seq, uint64_t last_seq, struct excerpt *ret)
{
    uint8_t bytes[WIRE_RECORD_MAX];
    struct store_record_copy row = {.size = sizeof(bytes), .bytes = bytes};
    struct reading reading = {.store = store, .vehicle = vehicle, .chain = chain, .ret = ret};
    *ret = (struct excerpt){.reason = VERIFY_REASONS};
    if (first_seq == 0 || last_seq < first_seq || last_seq - first_seq >= EXCERPT_RECORDS_MAX)
        return -E2BIG;
    int err = store_signers(store, vehicle, chain->stream, chain->cls, &reading.signers);
    if (err == 0)
        err = read_before(&reading, first_seq, &row);
    for (uint64_t seq = first_seq; err == 0; seq = row.seq + 1) {
        err = store_record_from(store, vehicle, chain, seq, &row);
        if (err == 0 && row.seq > last_seq) {
            if (reading.next_seq <= last_seq && row.seq > last_seq)
                ret->missing += last_seq + 1 - reading.next_seq;
            return read_after(&reading, &row);
        }
        if (err == 0)
            err = take_row(&reading, &row);
    }
    if (err == -ENOENT && reading.next_seq <= last_seq) {
        ret->missing += last_seq + 1 - reading.next_seq;
        fault(&reading, VERIFY_MISSING, reading.next_seq);
    }
    return err == -ENOENT ? 0 : err;
}
