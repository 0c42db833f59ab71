/* What the judgement of silence asks for. */
#include "bureau/store/silence.h"

#include "bureau/store/sql.h"
#include "proto/wire.h"

#include <math.h>

static int report(struct sql *q, store_heard_fn fn, void *context)
{
    struct bw_presence presence;
    size_t len;
    const void *bytes = sql_blob_at(q, 4, &len);
    struct store_heard row = {.vehicle = sql_text_at(q, 0),
                              .school_id = sql_text_at(q, 1),
                              .enrolled = sql_int_at(q, 2) != 0,
                              .trip_ended_utc_ms = sql_int_at(q, 5),
                              .speed_mps = NAN};
    if (bytes != NULL && wire_presence_decode(bytes, len, &presence) == 0) {
        const int64_t received_utc_ms = sql_int_at(q, 3), said_utc_ms = presence.time_utc_ms;
        row.heard_utc_ms = said_utc_ms > 0 && said_utc_ms < received_utc_ms ? said_utc_ms : received_utc_ms;
        row.speed_mps = (double)presence.speed_mps;
        row.aboard = presence.occupancy.low;
    }
    return fn(context, &row);
}

int store_heard(struct store *store, int32_t today, store_heard_fn fn, void *context)
{
    struct sql q;
    int err = 0, answer = 0;
    sql_start(&q, store,
              "SELECT v.vehicle_id, v.school_id, (SELECT count(*) FROM vehicle_key AS k WHERE k.vehicle ="
              " v.vehicle_id AND k.revoked_utc_ms IS NULL), p.received_utc_ms, p.bytes,"
              " (SELECT ended_utc_ms FROM trip WHERE trip.vehicle = v.vehicle_id ORDER BY begun_utc_ms DESC"
              " LIMIT 1) FROM vehicle AS v LEFT JOIN presence AS p ON p.vehicle = v.vehicle_id"
              " WHERE v.scrapped_day = 0 OR v.scrapped_day > ? ORDER BY v.school_id, v.vehicle_id");
    sql_int(&q, today);
    while (answer == 0 && (err = sql_row(&q)) == 1)
        answer = report(&q, fn, context);
    const int ended = sql_end(&q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

int store_permits(struct store *store, const char *vehicle, store_permit_fn fn, void *context)
{
    static const char one[] = "SELECT weekdays, window_start_min, window_end_min, valid_from_day,"
                              " valid_until_day, status FROM permit WHERE vehicle_id = ?";
    static const char all[] = "SELECT weekdays, window_start_min, window_end_min, valid_from_day,"
                              " valid_until_day, status FROM permit";
    struct sql q;
    int err = 0, answer = 0;
    sql_start(&q, store, vehicle != NULL ? one : all);
    if (vehicle != NULL)
        sql_text(&q, vehicle);
    while (answer == 0 && (err = sql_row(&q)) == 1) {
        const struct bw_permit permit = {.weekdays = (uint8_t)sql_int_at(&q, 0),
                                         .window_start_min = (uint16_t)sql_int_at(&q, 1),
                                         .window_end_min = (uint16_t)sql_int_at(&q, 2),
                                         .valid_from_day = (int32_t)sql_int_at(&q, 3),
                                         .valid_until_day = (int32_t)sql_int_at(&q, 4),
                                         .status = (enum bw_permit_status)sql_int_at(&q, 5)};
        answer = fn(context, &permit);
    }
    const int ended = sql_end(&q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

int store_hearing(struct store *store, struct store_hearing *ret)
{
    struct store_hearing hearing = {0};
    struct sql q;
    sql_start(&q, store,
              "SELECT alive_utc_ms, up_since_utc_ms, outage_begin_utc_ms, outage_end_utc_ms FROM hearing");
    int err = sql_row(&q);
    if (err == 1)
        hearing = (struct store_hearing){sql_int_at(&q, 0), sql_int_at(&q, 1), sql_int_at(&q, 2),
                                         sql_int_at(&q, 3)};
    err = sql_end(&q, err);
    if (err == 0)
        *ret = hearing;
    return err;
}

int store_hearing_put(struct store *store, const struct store_hearing *hearing)
{
    struct sql q;
    sql_start(&q, store, "INSERT OR REPLACE INTO hearing VALUES (1, ?, ?, ?, ?)");
    sql_int(&q, hearing->alive_utc_ms);
    sql_int(&q, hearing->up_since_utc_ms);
    sql_int(&q, hearing->outage_begin_utc_ms);
    sql_int(&q, hearing->outage_end_utc_ms);
    return sql_run(&q);
}

int store_case_last(struct store *store, const char *subject, int kind, int64_t *ret_last_utc_ms)
{
    struct sql q;
    sql_start(&q, store, "SELECT max(last_utc_ms) FROM cases WHERE subject = ? AND kind = ?");
    sql_text(&q, subject);
    sql_int(&q, kind);
    const int err = sql_row(&q);
    if (err == 1)
        *ret_last_utc_ms = sql_int_at(&q, 0);
    return sql_end(&q, err);
}
