/* Trips: one row each, made from the signed record that tells of it. */
#include "bureau/store/sql.h"
#include "proto/wire.h"

#include <errno.h>
#include <string.h>

/* Of two records of one trip the one that is not cut short stands, else the one that ended later; of two
 * alike the first. */
int store_trip_apply(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                     uint64_t seq, const struct bw_trip *trip, int64_t received_utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO trip (vehicle, begun_utc_ms, ended_utc_ms, permit_no, route_id, boarded, alighted,"
              " peak, capacity, over_s, quality, began_late, cut_short, stream, seq, received_utc_ms)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (vehicle, begun_utc_ms)"
              " DO UPDATE SET ended_utc_ms = excluded.ended_utc_ms, permit_no = excluded.permit_no,"
              " route_id = excluded.route_id, boarded = excluded.boarded, alighted = excluded.alighted,"
              " peak = excluded.peak, capacity = excluded.capacity, over_s = excluded.over_s,"
              " quality = excluded.quality, began_late = excluded.began_late,"
              " cut_short = excluded.cut_short, stream = excluded.stream, seq = excluded.seq,"
              " received_utc_ms = excluded.received_utc_ms"
              " WHERE (excluded.cut_short, -excluded.ended_utc_ms) < (trip.cut_short, -trip.ended_utc_ms)");
    sql_text(&q, vehicle);
    sql_int(&q, trip->begun_utc_ms);
    sql_int(&q, trip->ended_utc_ms);
    sql_text(&q, trip->permit_no);
    sql_text(&q, trip->route_id);
    sql_int(&q, trip->boarded);
    sql_int(&q, trip->alighted);
    sql_int(&q, trip->peak);
    sql_int(&q, trip->capacity);
    sql_int(&q, trip->over_s);
    sql_int(&q, trip->quality);
    sql_int(&q, trip->began_late);
    sql_int(&q, trip->cut_short);
    sql_blob(&q, stream, BW_STREAM_LEN);
    sql_u64(&q, seq);
    sql_int(&q, received_utc_ms);
    return sql_run(&q);
}

/* --- rows --- */

#define TRIPS(record)                                                                                        \
    "SELECT trip.id, trip.vehicle, vehicle.plate, school.name, school.division, trip.received_utc_ms,"       \
    " trip.stream, trip.seq, begun_utc_ms, ended_utc_ms, permit_no, route_id, boarded, alighted, peak,"      \
    " capacity, over_s, quality, began_late, cut_short, " record                                             \
    " FROM trip LEFT JOIN vehicle ON vehicle.vehicle_id = trip.vehicle LEFT JOIN school USING (school_id)"
#define WITH_RECORD                                                                                          \
    TRIPS("record.bytes, record.received_utc_ms")                                                            \
    " LEFT JOIN record ON record.vehicle = trip.vehicle AND record.stream = trip.stream"                     \
    " AND record.class = 1 AND record.seq = trip.seq"

static int damaged(struct store *store)
{
    return sql_fail(store, -EBADMSG, "the store holds a trip that no program of ours wrote");
}

static bool is_flag(const struct sql *q, int column)
{
    return sql_int_at(q, column) == 0 || sql_int_at(q, column) == 1;
}

static int take_columns(struct sql *q, struct store_trip *row)
{
    struct bw_trip *trip = &row->trip;
    *trip = (struct bw_trip){.begun_utc_ms = sql_int_at(q, 8),
                             .ended_utc_ms = sql_int_at(q, 9),
                             .boarded = (uint32_t)sql_int_at(q, 12),
                             .alighted = (uint32_t)sql_int_at(q, 13),
                             .peak = (uint16_t)sql_int_at(q, 14),
                             .capacity = (uint16_t)sql_int_at(q, 15),
                             .over_s = (uint32_t)sql_int_at(q, 16),
                             .quality = (enum bw_quality)sql_int_at(q, 17),
                             .began_late = sql_int_at(q, 18) == 1,
                             .cut_short = sql_int_at(q, 19) == 1};
    sql_copy_blob(q, 6, row->stream, sizeof(row->stream));
    sql_copy_text(q, 10, trip->permit_no, sizeof(trip->permit_no));
    sql_copy_text(q, 11, trip->route_id, sizeof(trip->route_id));
    if (q->err == 0 && !(is_flag(q, 18) && is_flag(q, 19)))
        return damaged(q->store);
    return q->err;
}

static int report(struct sql *q, store_trip_fn fn, void *context)
{
    struct store_trip row = {.id = sql_int_at(q, 0),
                             .vehicle = sql_text_at(q, 1),
                             .plate = sql_text_at(q, 2),
                             .school = sql_text_at(q, 3),
                             .division = sql_text_at(q, 4),
                             .received_utc_ms = sql_int_at(q, 5),
                             .seq = sql_u64_at(q, 7)};
    row.record = sql_blob_at(q, 20, &row.record_len);
    row.record_received_utc_ms = sql_int_at(q, 21);
    const int err = take_columns(q, &row);
    row.late = row.received_utc_ms - row.trip.ended_utc_ms > STORE_TRIP_LATE_MS;
    return err < 0 ? err : fn(context, &row);
}

/* *ret_n: how many rows there were. */
static int walk(struct sql *q, store_trip_fn fn, void *context, size_t *ret_n)
{
    int err;
    *ret_n = 0;
    while ((err = sql_row(q)) == 1) {
        const int answer = report(q, fn, context);
        ++*ret_n;
        if (answer != 0) {
            const int ended = sql_end(q, 0);
            return ended < 0 ? ended : answer;
        }
    }
    return sql_end(q, err);
}

/* When the trip began that a page ended with. */
static int cursor(struct store *store, int64_t id, int64_t *ret_begun_utc_ms)
{
    struct sql q;
    *ret_begun_utc_ms = INT64_MAX;
    if (id == 0)
        return 0;
    sql_start(&q, store, "SELECT begun_utc_ms FROM trip WHERE id = ?");
    sql_int(&q, id);
    int err = sql_row(&q);
    if (err == 1)
        *ret_begun_utc_ms = sql_int_at(&q, 0);
    else if (err == 0)
        err = sql_fail(store, -ENOENT, "no such trip");
    return sql_end(&q, err);
}

#define PAGE                                                                                                 \
    " (? IS NULL OR vehicle.school_id = ?) AND begun_utc_ms >= ? AND begun_utc_ms < ? AND (begun_utc_ms, "   \
    "trip.id) < (?, ?)"                                                                                      \
    " ORDER BY begun_utc_ms DESC, trip.id DESC LIMIT ?"

int store_trips(struct store *store, const struct store_trip_query *query, int limit, store_trip_fn fn,
                void *context)
{
    static const char all[] = TRIPS("NULL, 0") " WHERE" PAGE;
    static const char one[] = TRIPS("NULL, 0") " WHERE trip.vehicle = ? AND" PAGE;
    struct sql q;
    int64_t before_utc_ms;
    size_t n;
    const int err = cursor(store, query->before_id, &before_utc_ms);
    if (err < 0)
        return err;
    sql_start(&q, store, query->vehicle != NULL ? one : all);
    if (query->vehicle != NULL)
        sql_text(&q, query->vehicle);
    sql_text_or_null(&q, query->school);
    sql_text_or_null(&q, query->school);
    sql_int(&q, query->since_utc_ms);
    sql_int(&q, query->until_utc_ms);
    sql_int(&q, before_utc_ms);
    sql_int(&q, query->before_id > 0 ? query->before_id : INT64_MAX);
    sql_int(&q, limit);
    return walk(&q, fn, context, &n);
}

int store_vehicle_trips(struct store *store, const char *vehicle, store_trip_fn fn, void *context)
{
    struct sql q;
    size_t n;
    sql_start(&q, store, WITH_RECORD " WHERE trip.vehicle = ? ORDER BY begun_utc_ms");
    sql_text(&q, vehicle);
    return walk(&q, fn, context, &n);
}

/* --- whole, from the record --- */

/* -EBADMSG: the bytes are no record of a trip. */
static int decode(const uint8_t *bytes, size_t len, struct wire_record *ret_record, struct wire_body *ret)
{
    int err = bytes == NULL ? -EBADMSG : wire_record_decode(bytes, len, ret_record);
    if (err == 0)
        err = wire_body_decode(ret_record->body, ret_record->body_len, ret);
    return err == 0 && ret->type != WIRE_BODY_TRIP ? -EBADMSG : err;
}

struct whole {
    struct store *store;
    store_trip_fn fn;
    void *context;
};

static int complete(void *context, const struct store_trip *row)
{
    const struct whole *whole = context;
    struct store_trip copy = *row;
    struct wire_record record;
    struct wire_body body;
    const int err = decode(row->record, row->record_len, &record, &body);
    if (err != 0 || body.u.trip.begun_utc_ms != row->trip.begun_utc_ms)
        return sql_fail(whole->store, err == -ENOMEM ? err : -EBADMSG,
                        "the record of this trip is not held, or cannot be decoded");
    copy.trip = body.u.trip;
    return whole->fn(whole->context, &copy);
}

int store_trip(struct store *store, const char *school, int64_t id, store_trip_fn fn, void *context)
{
    struct whole whole = {.store = store, .fn = fn, .context = context};
    struct sql q;
    size_t n;
    sql_start(&q, store, WITH_RECORD " WHERE trip.id = ? AND (? IS NULL OR vehicle.school_id = ?)");
    sql_int(&q, id);
    sql_text_or_null(&q, school);
    sql_text_or_null(&q, school);
    const int rc = walk(&q, complete, &whole, &n);
    return rc == 0 && n == 0 ? sql_fail(store, -ENOENT, "no such trip") : rc;
}

int sql_trips_from_records(struct store *store)
{
    struct sql q;
    struct wire_record record;
    struct wire_body body;
    size_t len;
    int err, failed = 0;
    sql_start(&q, store, "SELECT vehicle, stream, seq, received_utc_ms, bytes FROM record WHERE class = 1");
    while (failed == 0 && (err = sql_row(&q)) == 1) {
        uint8_t stream[BW_STREAM_LEN] = {0};
        const void *bytes = sql_blob_at(&q, 4, &len);
        const int decoded = decode(bytes, len, &record, &body);
        sql_copy_blob(&q, 1, stream, sizeof stream);
        if (decoded == 0 && q.err == 0)
            failed = store_trip_apply(store, sql_text_at(&q, 0), stream, sql_u64_at(&q, 2), &body.u.trip,
                                      sql_int_at(&q, 3));
        else if (decoded == -ENOMEM)
            failed = decoded;
    }
    const int ended = sql_end(&q, failed != 0 ? 0 : err);
    return ended < 0 ? ended : failed;
}
