/* The live map: the newest presence of every registered vehicle. */
#include "bureau/store/sql.h"
#include "proto/wire.h"

#include <errno.h>

int store_presence_put(struct store *store, const char *vehicle, const struct bw_presence *presence,
                       int64_t received_utc_ms)
{
    struct wire_bytes bytes = {0};
    int err = wire_presence_encode(presence, &bytes);
    if (err < 0)
        return sql_fail(store, err, "this presence cannot be encoded");
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO presence (vehicle, received_utc_ms, bytes) VALUES (?, ?, ?) ON CONFLICT (vehicle)"
              " DO UPDATE SET received_utc_ms = excluded.received_utc_ms, bytes = excluded.bytes");
    sql_text(&q, vehicle);
    sql_int(&q, received_utc_ms);
    sql_blob(&q, bytes.data, bytes.len);
    err = sql_run(&q);
    wire_bytes_free(&bytes);
    return err;
}

int store_presence_get(struct store *store, const char *vehicle, struct bw_presence *ret)
{
    struct sql q;
    sql_start(&q, store, "SELECT bytes FROM presence WHERE vehicle = ?");
    sql_text(&q, vehicle);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "this vehicle has not been heard of");
    if (err > 0) {
        size_t len;
        const void *bytes = sql_blob_at(&q, 0, &len);
        if (bytes == NULL || wire_presence_decode(bytes, len, ret) < 0)
            err = sql_fail(store, -EBADMSG, "the store holds a presence that cannot be decoded");
    }
    return sql_end(&q, err);
}

static int report(struct sql *q, store_vehicle_fn fn, void *context)
{
    size_t len;
    const void *bytes = sql_blob_at(q, 6, &len);
    struct store_vehicle row = {
        .vehicle = sql_text_at(q, 0),
        .plate = sql_text_at(q, 1),
        .school = sql_text_at(q, 2),
        .division = sql_text_at(q, 3),
        .capacity = (uint16_t)sql_int_at(q, 4),
        .seen = bytes != NULL,
        .received_utc_ms = sql_int_at(q, 5),
        .issued = {[ISSUED_LICENCE] = sql_u64_at(q, 7), [ISSUED_ORDERS] = sql_u64_at(q, 8)},
        .open_kinds = (uint32_t)sql_int_at(q, 9),
        .certificate_until_utc_ms = sql_int_at(q, 10),
        .school_id = sql_text_at(q, 11),
    };
    const int err = row.seen ? wire_presence_decode(bytes, len, &row.presence) : 0;
    if (err == -ENOMEM)
        return sql_fail(q->store, err, "no memory to decode a presence");
    if (err < 0) { /* as if it had not been heard of; its next word replaces this one */
        row.seen = false;
        row.received_utc_ms = 0;
        row.presence = (struct bw_presence){0};
    }
    return fn(context, &row);
}

/* sum(DISTINCT 1 << kind) is the OR of the bits. */
#define VEHICLES                                                                                             \
    "SELECT v.vehicle_id, v.plate, school.name, school.division, v.approved_capacity, "                      \
    "presence.received_utc_ms,"                                                                              \
    " presence.bytes, (SELECT max(version) FROM licence WHERE licence.vehicle = v.vehicle_id),"              \
    " (SELECT max(version) FROM issued_orders WHERE issued_orders.vehicle = v.vehicle_id),"                  \
    " (SELECT sum(DISTINCT 1 << kind) FROM alert WHERE alert.vehicle = v.vehicle_id AND cleared_utc_ms IS "  \
    "NULL),"                                                                                                 \
    " (SELECT max(not_after_utc_ms) FROM certificate WHERE certificate.name = v.vehicle_id AND "             \
    "revoked_utc_ms IS NULL), school_id"                                                                     \
    " FROM vehicle AS v JOIN school USING (school_id) LEFT JOIN presence ON presence.vehicle = v.vehicle_id"

#define OF_SCHOOL " AND (? IS NULL OR school_id = ?)"

int store_vehicles(struct store *store, const char *school, const char *vehicle, store_vehicle_fn fn,
                   void *context)
{
    static const char all[] = VEHICLES " WHERE true" OF_SCHOOL " ORDER BY v.vehicle_id";
    static const char one[] = VEHICLES " WHERE v.vehicle_id = ?" OF_SCHOOL;
    struct sql q;
    int err;
    sql_start(&q, store, vehicle ? one : all);
    if (vehicle != NULL)
        sql_text(&q, vehicle);
    sql_text_or_null(&q, school);
    sql_text_or_null(&q, school);
    while ((err = sql_row(&q)) == 1) {
        const int answer = report(&q, fn, context);
        if (answer != 0) {
            const int ended = sql_end(&q, 0);
            return ended < 0 ? ended : answer;
        }
    }
    return sql_end(&q, err);
}
