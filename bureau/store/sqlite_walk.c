/* All evidence, one vehicle and one chain after the other. Rows may have been altered by anybody: a column
 * that no statement of ours could have written is -EBADMSG, never a loop. */
#include "bureau/store/sql.h"

#include <errno.h>

int store_begin_reading(struct store *store)
{
    return sql_exec(store, "BEGIN");
}

static int damaged(struct store *store)
{
    return sql_fail(store, -EBADMSG, "the store holds a row that no program of ours wrote");
}

static bool is_of(const struct sql *q, int column, int type)
{
    return sqlite3_column_type(q->statement, column) == type;
}

/* One row that must be there, with a text first. */
int store_next_vehicle(struct store *store, const char *after, char ret[BW_ID_LEN])
{
    struct sql q;
    sql_start(&q, store,
              "SELECT min(vehicle) FROM (SELECT min(vehicle) AS vehicle FROM record WHERE vehicle > ?1"
              " UNION ALL SELECT min(vehicle) FROM chain WHERE vehicle > ?1"
              " UNION ALL SELECT min(vehicle) FROM signer WHERE vehicle > ?1"
              " UNION ALL SELECT min(vehicle) FROM alert WHERE vehicle > ?1"
              " UNION ALL SELECT min(vehicle) FROM trip WHERE vehicle > ?1"
              " UNION ALL SELECT min(vehicle) FROM presence WHERE vehicle > ?1)");
    sql_text(&q, after);
    int err = sql_row(&q);
    if (err > 0 && is_of(&q, 0, SQLITE_NULL))
        err = sql_fail(store, -ENOENT, "no more vehicles");
    else if (err > 0 && !is_of(&q, 0, SQLITE_TEXT))
        err = damaged(store);
    else if (err > 0)
        sql_copy_text(&q, 0, ret, BW_ID_LEN);
    return sql_end(&q, err);
}

#define NEXT_IN(table)                                                                                       \
    "SELECT * FROM (SELECT stream, class FROM " table                                                        \
    " WHERE vehicle = ?1 AND (stream, class) > (?2, ?3) ORDER BY stream, class LIMIT 1)"

int store_next_chain(struct store *store, const char *vehicle, const struct store_chain_id *after,
                     struct store_chain_id *ret)
{
    struct store_chain_id found = {0};
    struct sql q;
    sql_start(&q, store,
              NEXT_IN("record") " UNION ALL " NEXT_IN("chain") " UNION ALL " NEXT_IN(
                  "signer") " ORDER BY stream, class LIMIT 1");
    sql_text(&q, vehicle);
    sql_blob(&q, after == NULL ? "" : (const char *)after->stream, after == NULL ? 0 : BW_STREAM_LEN);
    sql_int(&q, after == NULL ? INT64_MIN : (int64_t)after->cls);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "no more chains");
    if (err > 0) {
        const int64_t cls = sql_int_at(&q, 1);
        if (!is_of(&q, 0, SQLITE_BLOB) || !is_of(&q, 1, SQLITE_INTEGER) || cls < 0 || cls > INT16_MAX)
            err = damaged(store);
        sql_copy_blob(&q, 0, found.stream, BW_STREAM_LEN);
        found.cls = (enum bw_record_class)cls;
    }
    err = sql_end(&q, err);
    if (err == 0)
        *ret = found;
    return err;
}

int store_records(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                  store_record_fn fn, void *context)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT seq, received_utc_ms, bytes FROM record WHERE vehicle = ? AND stream = ? AND class = ?"
              " ORDER BY seq");
    sql_text(&q, vehicle);
    sql_blob(&q, chain->stream, BW_STREAM_LEN);
    sql_int(&q, chain->cls);
    int err, answer = 0;
    while (answer == 0 && (err = sql_row(&q)) == 1) {
        struct store_record row = {.seq = sql_u64_at(&q, 0), .received_utc_ms = sql_int_at(&q, 1)};
        row.bytes = sql_blob_at(&q, 2, &row.len);
        answer = is_of(&q, 0, SQLITE_INTEGER) ? fn(context, &row) : damaged(store);
    }
    const int ended = sql_end(&q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

static int walk_keys(struct sql *q, store_key_fn fn, void *context)
{
    int err = 0, answer = 0;
    while (answer == 0 && (err = sql_row(q)) == 1) {
        uint8_t key[BW_PUBLIC_KEY_LEN];
        sql_copy_blob(q, 2, key, sizeof key);
        if (q->err == 0)
            answer = fn(context, sql_text_at(q, 0), sql_text_at(q, 1), key);
    }
    const int ended = sql_end(q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

int store_vehicle_keys(struct store *store, const char *vehicle, store_key_fn fn, void *context)
{
    struct sql q;
    sql_start(&q, store, "SELECT vehicle, '', public_key FROM enrolled_key WHERE vehicle = ?");
    sql_text(&q, vehicle);
    return walk_keys(&q, fn, context);
}

int store_stream_keys(struct store *store, const uint8_t stream[BW_STREAM_LEN], store_key_fn fn,
                      void *context)
{
    struct sql q;
    sql_start(&q, store, "SELECT DISTINCT vehicle, division, public_key FROM signer WHERE stream = ?");
    sql_blob(&q, stream, BW_STREAM_LEN);
    return walk_keys(&q, fn, context);
}

static int walk_phases(struct sql *q, store_phase_fn fn, void *context)
{
    int err = 0, answer = 0;
    while (answer == 0 && (err = sql_row(q)) == 1) {
        struct store_phase row = {.id = sql_int_at(q, 0),
                                  .number = sql_u64_at(q, 2),
                                  .kind = (int)sql_int_at(q, 3),
                                  .cleared_utc_ms = sql_int_at(q, 4),
                                  .last_event = sql_int_at(q, 5),
                                  .event = sql_int_at(q, 6),
                                  .has_seq = !is_of(q, 7, SQLITE_NULL),
                                  .seq = sql_u64_at(q, 7),
                                  .received_utc_ms = sql_int_at(q, 8)};
        sql_copy_blob(q, 1, row.stream, sizeof(row.stream));
        row.body = sql_blob_at(q, 9, &row.len);
        row.record = sql_blob_at(q, 10, &row.record_len);
        sql_copy_blob(q, 12, row.of, sizeof(row.of));
        row.record_received_utc_ms = sql_int_at(q, 11);
        row.raised_utc_ms = sql_int_at(q, 13);
        row.severity = (int)sql_int_at(q, 14);
        if (q->err == 0)
            answer = fn(context, &row);
    }
    const int ended = sql_end(q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

int store_phases(struct store *store, const char *vehicle, store_phase_fn fn, void *context)
{
    struct sql q;
    sql_start(
        &q, store,
        "SELECT a.id, a.stream, a.number, a.kind, a.cleared_utc_ms, a.last_event, e.event, e.seq,"
        " e.received_utc_ms, e.body, r.bytes, r.received_utc_ms, coalesce(e.stream, a.stream), "
        "a.raised_utc_ms,"
        " a.severity FROM alert AS a"
        " LEFT JOIN alert_event AS e ON e.alert_id = a.id LEFT JOIN record AS r"
        " ON r.vehicle = a.vehicle AND r.stream = coalesce(e.stream, a.stream) AND r.class = 1 AND r.seq = "
        "e.seq"
        " WHERE a.vehicle = ? ORDER BY a.stream, a.number, e.event");
    sql_text(&q, vehicle);
    return walk_phases(&q, fn, context);
}

int store_stray_phases(struct store *store, store_phase_fn fn, void *context)
{
    struct sql q;
    sql_start(
        &q, store,
        "SELECT 0, zeroblob(8), 0, 0, 0, 0, event, seq, received_utc_ms, body, NULL, 0, zeroblob(8), 0, 0 "
        "FROM alert_event"
        " WHERE alert_id NOT IN (SELECT id FROM alert) ORDER BY event");
    return walk_phases(&q, fn, context);
}

/* 1 when the first column of the one row is above 0. */
static int ask(struct sql *q)
{
    int err = sql_row(q);
    const int yes = err > 0 && sql_int_at(q, 0) > 0;
    err = sql_end(q, err);
    return err < 0 ? err : yes;
}

static void bind_phase(struct sql *q, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                       uint64_t number, uint64_t seq, const uint8_t *body, size_t len)
{
    sql_text(q, vehicle);
    sql_blob(q, stream, BW_STREAM_LEN);
    sql_u64(q, number);
    sql_u64(q, seq);
    sql_blob(q, body, len);
}

int store_phase_held(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     uint64_t number, uint64_t seq, const uint8_t *body, size_t len)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT count(*) FROM alert JOIN alert_event AS e ON e.alert_id = alert.id"
              " WHERE vehicle = ?1 AND alert.stream = ?2 AND number = ?3"
              " AND ((coalesce(e.stream, alert.stream) = ?2 AND seq = ?4) OR body = ?5)");
    bind_phase(&q, vehicle, stream, number, seq, body, len);
    int held = ask(&q);
    if (held != 0)
        return held;
    /* It may have been raised in another stream: store_alert_apply() finds the object there. */
    sql_start(&q, store,
              "SELECT count(*) FROM chain JOIN alert USING (vehicle, stream)"
              " JOIN alert_event AS e ON e.alert_id = alert.id"
              " WHERE chain.vehicle = ?1 AND chain.class = 1 AND number = ?3"
              " AND ((e.stream = ?2 AND seq = ?4) OR body = ?5)");
    bind_phase(&q, vehicle, stream, number, seq, body, len);
    return ask(&q);
}

int store_trip_held(struct store *store, const char *vehicle, const struct bw_trip *trip)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT count(*) FROM trip WHERE vehicle = ? AND begun_utc_ms = ?"
              " AND (cut_short, -ended_utc_ms) <= (?, ?)");
    sql_text(&q, vehicle);
    sql_int(&q, trip->begun_utc_ms);
    sql_int(&q, trip->cut_short);
    sql_int(&q, -trip->ended_utc_ms);
    return ask(&q);
}

int store_not_held_told(struct store *store, const char *subject)
{
    struct sql q;
    sql_start(&q, store, "SELECT count(*) FROM audit WHERE action = 'records_not_held' AND subject = ?");
    sql_text(&q, subject);
    return ask(&q);
}
