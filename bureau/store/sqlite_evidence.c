/* Evidence: the signed bytes, the heads of their chains, and the alerts that they tell of. */
#include "bureau/store/cases.h"
#include "bureau/store/sql.h"
#include "proto/wire.h"

#include <errno.h>

int store_chain_get(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                    enum bw_record_class cls, struct store_chain *ret)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT next_seq, head, head_known FROM chain WHERE vehicle = ? AND stream = ? AND class = ?");
    sql_text(&q, vehicle);
    sql_blob(&q, stream, BW_STREAM_LEN);
    sql_int(&q, cls);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "no such chain");
    if (err > 0) {
        struct store_chain chain = {.next_seq = sql_u64_at(&q, 0), .head_known = sql_int_at(&q, 2) != 0};
        sql_copy_blob(&q, 1, chain.head, sizeof(chain.head));
        if (q.err == 0)
            *ret = chain;
    }
    return sql_end(&q, err);
}

int store_chain_put(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                    enum bw_record_class cls, const struct store_chain *chain)
{
    struct sql q;
    sql_start(
        &q, store,
        "INSERT INTO chain (vehicle, stream, class, next_seq, head, head_known) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (vehicle, stream, class) DO UPDATE SET next_seq = excluded.next_seq,"
        " head = excluded.head, head_known = excluded.head_known");
    sql_text(&q, vehicle);
    sql_blob(&q, stream, BW_STREAM_LEN);
    sql_int(&q, cls);
    sql_u64(&q, chain->next_seq);
    sql_blob(&q, chain->head, sizeof(chain->head));
    sql_int(&q, chain->head_known);
    return sql_run(&q);
}

int store_record_add(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     enum bw_record_class cls, uint64_t seq, const uint8_t *bytes, size_t len,
                     int64_t received_utc_ms)
{
    struct sql q;
    sql_start(
        &q, store,
        "INSERT INTO record (vehicle, stream, class, seq, bytes, received_utc_ms) VALUES (?, ?, ?, ?, ?, ?)");
    sql_text(&q, vehicle);
    sql_blob(&q, stream, BW_STREAM_LEN);
    sql_int(&q, cls);
    sql_u64(&q, seq);
    sql_blob(&q, bytes, len);
    sql_int(&q, received_utc_ms);
    return sql_run(&q);
}

int store_record_get(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     enum bw_record_class cls, uint64_t seq, uint8_t **ret, size_t *ret_len)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT bytes FROM record WHERE vehicle = ? AND stream = ? AND class = ? AND seq = ?");
    sql_text(&q, vehicle);
    sql_blob(&q, stream, BW_STREAM_LEN);
    sql_int(&q, cls);
    sql_u64(&q, seq);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "no such record");
    if (err > 0)
        err = sql_take_blob(&q, 0, ret, ret_len);
    return sql_end(&q, err);
}

/* --- who signed --- */

int store_signers(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                  enum bw_record_class cls, struct store_signers *ret)
{
    struct store_signers found = {0};
    struct sql q;
    sql_start(
        &q, store,
        "SELECT from_seq, division, public_key FROM signer WHERE vehicle = ? AND stream = ? AND class = ?"
        " ORDER BY from_seq");
    sql_text(&q, vehicle);
    sql_blob(&q, stream, BW_STREAM_LEN);
    sql_int(&q, cls);
    int err;
    while ((err = sql_row(&q)) == 1) {
        if (found.n == STORE_SIGNERS_MAX) {
            err = sql_fail(store, -EBADMSG, "the store holds more signers of one chain than it ever took");
            break;
        }
        struct store_signer *signer = &found.of[found.n++];
        signer->from_seq = sql_u64_at(&q, 0);
        sql_copy_text(&q, 1, signer->division, sizeof(signer->division));
        sql_copy_blob(&q, 2, signer->key, sizeof(signer->key));
    }
    err = sql_end(&q, err);
    if (err == 0)
        *ret = found;
    return err;
}

int store_signer_add(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     enum bw_record_class cls, const struct store_signer *signer)
{
    struct store_signers before = {0};
    const int err = store_signers(store, vehicle, stream, cls, &before);
    if (err < 0)
        return err;
    if (before.n == STORE_SIGNERS_MAX)
        return sql_fail(store, -ENOSPC, "this chain has changed its key too often");
    struct sql q;
    sql_start(&q, store,
              "INSERT OR REPLACE INTO signer (vehicle, stream, class, from_seq, division, public_key)"
              " VALUES (?, ?, ?, ?, ?, ?)");
    sql_text(&q, vehicle);
    sql_blob(&q, stream, BW_STREAM_LEN);
    sql_int(&q, cls);
    sql_u64(&q, signer->from_seq);
    sql_text(&q, signer->division);
    sql_blob(&q, signer->key, sizeof(signer->key));
    return sql_run(&q);
}

/* --- alerts --- */

/* -ENOENT: none of this stream has that number. */
static int alert_of_stream(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                           const struct bw_alert *alert, int64_t *ret_id)
{
    struct sql q;
    sql_start(&q, store, "SELECT id FROM alert WHERE vehicle = ? AND stream = ? AND number = ?");
    sql_text(&q, vehicle);
    sql_blob(&q, stream, BW_STREAM_LEN);
    sql_u64(&q, alert->number);
    int err = sql_row(&q);
    if (err == 1)
        *ret_id = sql_int_at(&q, 0);
    else if (err == 0)
        err = sql_fail(store, -ENOENT, "no such alert");
    return sql_end(&q, err);
}

/* A vehicle that begins a new stream goes on with its open alerts there, and says again what may not have
 * arrived. It is the same alert when number, kind and the instant it was raised are: without an instant
 * nobody can tell, and two are better than one too few. -ENOENT: none. CROSS JOIN: by the streams, which are
 * few, to the one number in each; the planner would walk all alerts of the vehicle. */
static int alert_of_other_stream(struct store *store, const char *vehicle, const struct bw_alert *alert,
                                 int64_t *ret_id)
{
    struct sql q;
    struct wire_body last;
    size_t len;
    int err, found = -ENOENT;
    if (alert->raised_utc_ms == 0)
        return -ENOENT;
    sql_start(&q, store,
              "SELECT alert.id, alert_event.body FROM chain CROSS JOIN alert USING (vehicle, stream)"
              " JOIN alert_event ON event = last_event"
              " WHERE chain.vehicle = ? AND chain.class = 1 AND alert.number = ? AND alert.kind = ?");
    sql_text(&q, vehicle);
    sql_u64(&q, alert->number);
    sql_int(&q, alert->kind);
    while ((err = sql_row(&q)) == 1 && found != 0) {
        const void *bytes = sql_blob_at(&q, 1, &len);
        if (wire_body_decode(bytes, len, &last) != 0 || last.type != WIRE_BODY_ALERT ||
            last.u.alert.raised_utc_ms != alert->raised_utc_ms)
            continue;
        *ret_id = sql_int_at(&q, 0);
        found = 0;
    }
    err = sql_end(&q, err);
    return err < 0 ? err : found;
}

int64_t store_alert_raised_utc_ms(const struct bw_alert *alert, int64_t received_utc_ms)
{
    const int64_t said_utc_ms = alert->raised_utc_ms > 0 ? alert->raised_utc_ms : alert->time_utc_ms;
    return said_utc_ms > 0 ? said_utc_ms : received_utc_ms;
}

static int new_alert(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     const struct bw_alert *alert, int64_t received_utc_ms, int64_t *ret_id)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO alert (vehicle, stream, number, kind, raised_utc_ms) VALUES (?, ?, ?, ?, ?)");
    sql_text(&q, vehicle);
    sql_blob(&q, stream, BW_STREAM_LEN);
    sql_u64(&q, alert->number);
    sql_int(&q, alert->kind);
    sql_int(&q, store_alert_raised_utc_ms(alert, received_utc_ms));
    const int err = sql_run(&q);
    if (err == 0)
        *ret_id = sqlite3_last_insert_rowid(store->db);
    return err;
}

/* The id of the alert object, which its first phase makes. */
static int alert_id(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                    const struct bw_alert *alert, int64_t received_utc_ms, int64_t *ret_id)
{
    int err = alert_of_stream(store, vehicle, stream, alert, ret_id);
    if (err == -ENOENT)
        err = alert_of_other_stream(store, vehicle, alert, ret_id);
    return err == -ENOENT ? new_alert(store, vehicle, stream, alert, received_utc_ms, ret_id) : err;
}

/* 1: this very phase is held already. */
static int is_held(struct store *store, int64_t id, const struct wire_bytes *body)
{
    struct sql q;
    sql_start(&q, store, "SELECT 1 FROM alert_event WHERE alert_id = ? AND body = ?");
    sql_int(&q, id);
    sql_blob(&q, body->data, body->len);
    const int row = sql_row(&q);
    const int err = sql_end(&q, row);
    return err < 0 ? err : row;
}

/* *ret_event 0: held already. */
static int add_event(struct store *store, int64_t id, const uint8_t stream[BW_STREAM_LEN], uint64_t seq,
                     const struct bw_alert *alert, int64_t received_utc_ms, int64_t *ret_event)
{
    struct wire_bytes body = {0};
    const struct wire_body content = {.type = WIRE_BODY_ALERT, .u.alert = *alert};
    int err = wire_body_encode(&content, &body);
    if (err < 0)
        return sql_fail(store, err, "this alert cannot be encoded");
    const int held = is_held(store, id, &body);
    if (held == 0) {
        struct sql q;
        sql_start(
            &q, store,
            "INSERT INTO alert_event (alert_id, stream, seq, received_utc_ms, body) VALUES (?, ?, ?, ?, ?)");
        sql_int(&q, id);
        sql_blob(&q, stream, BW_STREAM_LEN);
        sql_u64(&q, seq);
        sql_int(&q, received_utc_ms);
        sql_blob(&q, body.data, body.len);
        err = sql_run(&q);
        if (err == 0)
            *ret_event = sqlite3_last_insert_rowid(store->db);
    }
    wire_bytes_free(&body);
    return held < 0 ? held : err;
}

/* A cleared alert stays cleared. */
static int point_at_event(struct store *store, int64_t id, int64_t event, const struct bw_alert *alert)
{
    struct sql q;
    sql_start(&q, store,
              "UPDATE alert SET last_event = ?, cleared_utc_ms = coalesce(cleared_utc_ms, ?),"
              " severity = max(severity, ?) WHERE id = ?");
    sql_int(&q, event);
    if (alert->phase == BW_CLEARED)
        sql_int(&q, alert->time_utc_ms);
    else
        sql_null(&q);
    sql_int(&q, alert->severity);
    sql_int(&q, id);
    return sql_run(&q);
}

int store_alert_apply(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                      uint64_t seq, const struct bw_alert *alert, int64_t received_utc_ms, int64_t *ret_event)
{
    int64_t id = 0, event = 0;
    struct sql_whole whole;
    int err = sql_whole_begin(store, &whole);
    if (err < 0)
        return err;
    err = alert_id(store, vehicle, stream, alert, received_utc_ms, &id);
    if (err == 0)
        err = add_event(store, id, stream, seq, alert, received_utc_ms, &event);
    if (err == 0 && event != 0)
        err = point_at_event(store, id, event, alert);
    err = sql_whole_end(&whole, err);
    if (err == 0)
        *ret_event = event;
    return err;
}

/* What the phases say of their object, the first one first. */
static int fill_columns(struct store *store, int64_t id, int64_t raised_utc_ms, int severity)
{
    struct sql q;
    sql_start(&q, store,
              "UPDATE alert SET raised_utc_ms = CASE raised_utc_ms WHEN 0 THEN ? ELSE raised_utc_ms END,"
              " severity = max(severity, ?) WHERE id = ?");
    sql_int(&q, raised_utc_ms);
    sql_int(&q, severity);
    sql_int(&q, id);
    return sql_run(&q);
}

int sql_alert_columns_from_phases(struct store *store)
{
    struct sql q;
    struct wire_body body;
    size_t len;
    int err, failed = 0;
    sql_start(&q, store, "SELECT alert_id, received_utc_ms, body FROM alert_event ORDER BY event");
    while (failed == 0 && (err = sql_row(&q)) == 1) {
        const void *bytes = sql_blob_at(&q, 2, &len);
        failed = wire_body_decode(bytes, len, &body);
        if (failed == -ENOMEM)
            break;
        if (failed != 0 || body.type != WIRE_BODY_ALERT) /* verify finds it; here it says nothing */
            body.u.alert = (struct bw_alert){0};
        failed =
            fill_columns(store, sql_int_at(&q, 0),
                         store_alert_raised_utc_ms(&body.u.alert, sql_int_at(&q, 1)), body.u.alert.severity);
    }
    const int ended = sql_end(&q, failed != 0 ? 0 : err);
    return ended < 0 ? ended : failed;
}

/* Columns of all walks below. */
#define ALERT_COLUMNS                                                                                        \
    "SELECT alert.id, alert_event.event, alert.vehicle, vehicle.plate, school.name, school.division,"        \
    " alert_event.received_utc_ms, alert_event.body, alert.kind, alert.severity, alert.number,"              \
    " alert.raised_utc_ms, iif(event = last_event, cleared_utc_ms, NULL)"
#define ALERT_REGISTRY                                                                                       \
    " LEFT JOIN vehicle ON vehicle.vehicle_id = alert.vehicle LEFT JOIN school USING (school_id)"

/* What the phase says; -EILSEQ: it cannot be decoded. */
static int read_phase(const struct sql *q, struct store_alert *row)
{
    struct wire_body body;
    size_t len;
    const void *bytes = sql_blob_at(q, 7, &len);
    const int err = wire_body_decode(bytes, len, &body);
    if (err < 0 || body.type != WIRE_BODY_ALERT)
        return err == -ENOMEM ? err : -EILSEQ;
    row->alert = body.u.alert;
    row->cleared_utc_ms = body.u.alert.phase == BW_CLEARED ? body.u.alert.time_utc_ms : 0;
    row->late = row->received_utc_ms - body.u.alert.time_utc_ms > STORE_LATE_MS;
    return 0;
}

/* In place of what cannot be decoded. One row must not hold back all that come after it. */
static void read_object(const struct sql *q, struct store_alert *row)
{
    row->damaged = true;
    row->cleared_utc_ms = sql_int_at(q, 12);
    row->alert = (struct bw_alert){.kind = (enum bw_kind)sql_int_at(q, 8),
                                   .severity = (enum bw_severity)sql_int_at(q, 9),
                                   .number = sql_u64_at(q, 10),
                                   .raised_utc_ms = sql_int_at(q, 11),
                                   .phase = row->cleared_utc_ms > 0 ? BW_CLEARED : BW_PHASE_NONE};
}

static int report(struct sql *q, store_alert_fn fn, void *context)
{
    struct store_alert row = {
        .id = sql_int_at(q, 0),
        .event = sql_int_at(q, 1),
        .vehicle = sql_text_at(q, 2),
        .plate = sql_text_at(q, 3),
        .school = sql_text_at(q, 4),
        .division = sql_text_at(q, 5),
        .received_utc_ms = sql_int_at(q, 6),
    };
    const int err = read_phase(q, &row);
    if (err == -ENOMEM)
        return sql_fail(q->store, err, "no memory to decode an alert");
    if (err < 0)
        read_object(q, &row);
    return fn(context, &row);
}

static int walk(struct sql *q, store_alert_fn fn, void *context)
{
    int err;
    while ((err = sql_row(q)) == 1) {
        const int answer = report(q, fn, context);
        if (answer != 0) {
            const int ended = sql_end(q, 0);
            return ended < 0 ? ended : answer;
        }
    }
    return sql_end(q, err);
}

#define OF_SCHOOL " AND (? IS NULL OR vehicle.school_id = ?)"

int store_alerts(struct store *store, const char *school, bool open_only, int64_t before_id, int limit,
                 store_alert_fn fn, void *context)
{
    static const char all[] =
        ALERT_COLUMNS " FROM alert JOIN alert_event ON event = last_event" ALERT_REGISTRY
                      " WHERE alert.id < ?" OF_SCHOOL " ORDER BY alert.id DESC LIMIT ?";
    static const char open[] = ALERT_COLUMNS
        " FROM alert INDEXED BY alert_open JOIN alert_event ON event = last_event" ALERT_REGISTRY
        " WHERE cleared_utc_ms IS NULL AND alert.id < ?" OF_SCHOOL " ORDER BY alert.id DESC LIMIT ?";
    struct sql q;
    sql_start(&q, store, open_only ? open : all);
    sql_int(&q, before_id > 0 ? before_id : INT64_MAX);
    sql_text_or_null(&q, school);
    sql_text_or_null(&q, school);
    sql_int(&q, limit);
    return walk(&q, fn, context);
}

int store_alert_events(struct store *store, const char *school, int64_t after, int limit, store_alert_fn fn,
                       void *context)
{
    struct sql q;
    sql_start(&q, store,
              ALERT_COLUMNS " FROM alert_event JOIN alert ON alert.id = alert_event.alert_id" ALERT_REGISTRY
                            " WHERE alert_event.event > ?" OF_SCHOOL " ORDER BY alert_event.event LIMIT ?");
    sql_int(&q, after);
    sql_text_or_null(&q, school);
    sql_text_or_null(&q, school);
    sql_int(&q, limit);
    return walk(&q, fn, context);
}

int store_case_alerts(struct store *store, int64_t case_id, store_alert_fn fn, void *context)
{
    struct sql q;
    sql_start(&q, store,
              ALERT_COLUMNS " FROM alert JOIN alert_event ON event = last_event" ALERT_REGISTRY
                            " WHERE alert.id IN (SELECT alert_id FROM case_step WHERE case_id = ?)"
                            " ORDER BY alert.id");
    sql_int(&q, case_id);
    return walk(&q, fn, context);
}

int store_last_event(struct store *store, int64_t *ret)
{
    struct sql q;
    sql_start(&q, store, "SELECT max(event) FROM alert_event");
    const int err = sql_row(&q);
    if (err == 1)
        *ret = sql_int_at(&q, 0);
    return sql_end(&q, err);
}
