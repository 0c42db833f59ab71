#include "bureau/rejudge/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bureau/ingest/judge.h"
#include "bureau/store/tracks.h"

struct cursor {
    struct store_chain_id chain;
    uint64_t next_seq;
    bool done;
    struct bw_track track; /* of the record before next_seq */
    size_t at;             /* its next fix */
    int64_t received_utc_ms;
};

struct reader {
    struct store *store;
    char vehicle[BW_ID_LEN];
    int64_t from_utc_ms, to_utc_ms, last_utc_ms;
    uint64_t records;
    uint8_t bytes[WIRE_RECORD_MAX];
    struct wire_record record;
    struct wire_body body;
    size_t n;
    struct cursor cursors[READER_CHAINS_MAX];
};

/* The next record that holds positions of the time asked for. */
static int fill(struct reader *reader, struct cursor *cursor)
{
    struct store_record_copy copy = {.bytes = reader->bytes, .size = sizeof reader->bytes};
    while (!cursor->done && cursor->at == cursor->track.n) {
        const int error =
            store_record_from(reader->store, reader->vehicle, &cursor->chain, cursor->next_seq, &copy);
        cursor->done = error != 0;
        if (error != 0)
            return error == -ENOENT ? 0 : error;
        cursor->next_seq = copy.seq + 1;
        reader->records++;
        if (wire_record_decode(copy.bytes, copy.len, &reader->record) != 0 ||
            judge_body(&reader->record, &reader->body) != 0 || reader->body.type != WIRE_BODY_TRACK)
            continue; /* `verify` names it */
        cursor->track = reader->body.u.track;
        cursor->received_utc_ms = copy.received_utc_ms;
        cursor->at = 0;
        cursor->done = cursor->track.fixes[0].utc_ms > reader->to_utc_ms + READER_DISORDER_MS;
        while (cursor->at < cursor->track.n &&
               (cursor->track.fixes[cursor->at].utc_ms < reader->from_utc_ms ||
                cursor->track.fixes[cursor->at].utc_ms >= reader->to_utc_ms))
            cursor->at++;
    }
    return 0;
}

static int add_chain(struct reader *reader, const struct store_chain_id *chain)
{
    uint64_t seq;
    const int error = store_seq_received(reader->store, reader->vehicle, chain,
                                         reader->from_utc_ms - READER_CLOCK_MS, &seq);
    if (error != 0)
        return error == -ENOENT ? 0 : error;
    if (reader->n == READER_CHAINS_MAX)
        return -E2BIG;
    struct cursor *cursor = &reader->cursors[reader->n++];
    cursor->chain = *chain;
    cursor->next_seq = seq;
    return fill(reader, cursor);
}

static int add_chains(struct reader *reader)
{
    struct store_chain_id chain;
    int error = store_next_chain(reader->store, reader->vehicle, NULL, &chain);
    while (error == 0) {
        if (chain.cls == BW_RECORD_TRACK)
            error = add_chain(reader, &chain);
        if (error == 0)
            error = store_next_chain(reader->store, reader->vehicle, &chain, &chain);
    }
    return error == -ENOENT ? 0 : error;
}

int reader_open(struct store *store, const char *vehicle, int64_t from_utc_ms, int64_t to_utc_ms,
                struct reader **ret)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return -ENOMEM;
    reader->store = store;
    (void)snprintf(reader->vehicle, sizeof reader->vehicle, "%s", vehicle);
    reader->from_utc_ms = from_utc_ms;
    reader->to_utc_ms = to_utc_ms;
    const int error = add_chains(reader);
    if (error != 0)
        free(reader);
    else
        *ret = reader;
    return error;
}

void reader_close(struct reader *reader)
{
    free(reader);
}

static struct cursor *earliest(struct reader *reader)
{
    struct cursor *first = NULL;
    for (size_t i = 0; i < reader->n; i++) {
        struct cursor *cursor = &reader->cursors[i];
        if (cursor->at == cursor->track.n)
            continue;
        if (first == NULL || cursor->track.fixes[cursor->at].utc_ms < first->track.fixes[first->at].utc_ms)
            first = cursor;
    }
    return first;
}

int reader_next(struct reader *reader, struct reader_fix *ret)
{
    for (;;) {
        struct cursor *cursor = earliest(reader);
        if (cursor == NULL)
            return 0;
        const struct reader_fix fix = {.fix = cursor->track.fixes[cursor->at++],
                                       .received_utc_ms = cursor->received_utc_ms};
        const int error = fill(reader, cursor);
        if (error != 0)
            return error;
        if (fix.fix.utc_ms == reader->last_utc_ms)
            continue;
        reader->last_utc_ms = fix.fix.utc_ms;
        *ret = fix;
        return 1;
    }
}

uint64_t reader_records(const struct reader *reader)
{
    return reader->records;
}
