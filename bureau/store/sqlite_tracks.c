/* What a vehicle sent in some time, and under what. */
#include "bureau/store/tracks.h"

#include "bureau/store/sql.h"
#include "proto/wire.h"

#include <errno.h>
#include <string.h>

static void bind_chain(struct sql *q, const char *vehicle, const struct store_chain_id *chain)
{
    sql_text(q, vehicle);
    sql_blob(q, chain->stream, BW_STREAM_LEN);
    sql_int(q, chain->cls);
}

/* The lowest seq >= `seq` and when it was received; -ENOENT. */
static int look(struct store *store, const char *vehicle, const struct store_chain_id *chain, uint64_t seq,
                uint64_t *ret_seq, int64_t *ret_received_utc_ms)
{
    struct sql q;
    sql_start(
        &q, store,
        "SELECT seq, received_utc_ms FROM record WHERE vehicle = ? AND stream = ? AND class = ? AND seq >= ?"
        " ORDER BY seq LIMIT 1");
    bind_chain(&q, vehicle, chain);
    sql_u64(&q, seq);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "no such record");
    if (err > 0) {
        *ret_seq = sql_u64_at(&q, 0);
        *ret_received_utc_ms = sql_int_at(&q, 1);
    }
    return sql_end(&q, err);
}

static int last_seq(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                    uint64_t *ret_seq)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT seq FROM record WHERE vehicle = ? AND stream = ? AND class = ?"
              " ORDER BY seq DESC LIMIT 1");
    bind_chain(&q, vehicle, chain);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "no such record");
    if (err > 0)
        *ret_seq = sql_u64_at(&q, 0);
    return sql_end(&q, err);
}

/* Bisection over numbers, not over rows: there may be holes. */
int store_seq_received(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                       int64_t received_utc_ms, uint64_t *ret_seq)
{
    uint64_t low = 0, high = 0, seq = 0;
    int64_t received = 0;
    int err = last_seq(store, vehicle, chain, &high);
    if (err == 0)
        err = look(store, vehicle, chain, high, &seq, &received);
    if (err == 0 && received < received_utc_ms)
        err = sql_fail(store, -ENOENT, "no such record");
    while (err == 0 && low < high) { /* the answer is >= low, and high is one that will do */
        const uint64_t middle = low + (high - low) / 2;
        err = look(store, vehicle, chain, middle, &seq, &received);
        if (err == 0 && received >= received_utc_ms)
            high = middle;
        else if (err == 0)
            low = seq + 1;
    }
    if (err == 0)
        err = look(store, vehicle, chain, high, ret_seq, &received);
    return err;
}

int store_record_from(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                      uint64_t seq, struct store_record_copy *ret)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT seq, received_utc_ms, bytes FROM record"
              " WHERE vehicle = ? AND stream = ? AND class = ? AND seq >= ? ORDER BY seq LIMIT 1");
    bind_chain(&q, vehicle, chain);
    sql_u64(&q, seq);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "no more records");
    if (err > 0) {
        size_t len;
        const void *bytes = sql_blob_at(&q, 2, &len);
        ret->seq = sql_u64_at(&q, 0);
        ret->received_utc_ms = sql_int_at(&q, 1);
        ret->len = 0;
        if (len > ret->size)
            err = sql_fail(store, -EMSGSIZE, "the store holds a record that is too long");
        else if (len > 0)
            memcpy(ret->bytes, bytes, ret->len = len);
    }
    return sql_end(&q, err);
}

/* --- what was issued --- */

int store_issued_next(struct store *store, enum issued_kind kind, const char *vehicle, uint64_t after,
                      uint64_t *ret_version, struct wire_bytes *ret_sealed)
{
    static const char *const texts[ISSUED_KINDS] = {
        [ISSUED_LICENCE] = "SELECT version, sealed FROM licence WHERE vehicle = ? AND version > ?"
                           " ORDER BY version LIMIT 1",
        [ISSUED_ORDERS] = "SELECT version, sealed FROM issued_orders WHERE vehicle = ? AND version > ?"
                          " ORDER BY version LIMIT 1",
    };
    struct wire_bytes sealed = {0};
    struct sql q;
    sql_start(&q, store, texts[kind]);
    sql_text(&q, vehicle);
    sql_u64(&q, after);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "no more versions");
    if (err > 0) {
        const uint64_t version = sql_u64_at(&q, 0);
        err = sql_take_blob(&q, 1, &sealed.data, &sealed.len);
        if (err == 0) {
            *ret_version = version;
            *ret_sealed = sealed;
        }
    }
    return sql_end(&q, err);
}

int store_issued_get(struct store *store, enum issued_kind kind, const char *vehicle, uint64_t version,
                     struct wire_bytes *ret_sealed)
{
    struct wire_bytes sealed = {0};
    uint64_t found = 0;
    if (version == 0)
        return sql_fail(store, -ENOENT, "no such version");
    const int err = store_issued_next(store, kind, vehicle, version - 1, &found, &sealed);
    if (err == 0 && found != version) {
        wire_bytes_free(&sealed);
        return sql_fail(store, -ENOENT, "no such version");
    }
    if (err == 0)
        *ret_sealed = sealed;
    return err;
}

/* --- what it said --- */

static int alert_at(struct sql *q, int column, struct bw_alert *ret)
{
    struct wire_body body;
    size_t len;
    const void *bytes = sql_blob_at(q, column, &len);
    if (wire_body_decode(bytes, len, &body) != 0 || body.type != WIRE_BODY_ALERT)
        return sql_fail(q->store, -EBADMSG, "the store holds an alert that cannot be decoded");
    *ret = body.u.alert;
    return 0;
}

int store_own_alerts(struct store *store, const char *vehicle, int64_t since_utc_ms, store_own_alert_fn fn,
                     void *context)
{
    struct sql q;
    int err = 0, answer = 0;
    sql_start(&q, store,
              "SELECT alert_event.body, cleared_utc_ms, (SELECT body FROM alert_event AS first"
              " WHERE first.alert_id = alert.id ORDER BY first.event LIMIT 1)"
              " FROM alert JOIN alert_event ON event = last_event WHERE vehicle = ? AND (cleared_utc_ms IS "
              "NULL OR cleared_utc_ms >= ?)");
    sql_text(&q, vehicle);
    sql_int(&q, since_utc_ms);
    while (answer == 0 && (err = sql_row(&q)) == 1) {
        struct store_own_alert row = {.cleared_utc_ms = sql_int_at(&q, 1)};
        answer = alert_at(&q, 0, &row.alert);
        if (answer == 0)
            answer = alert_at(&q, 2, &row.first);
        if (answer == 0)
            answer = fn(context, &row);
    }
    const int ended = sql_end(&q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}
