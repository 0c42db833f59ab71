/* Keys of the vehicles, what was issued to them, and the audit log. */
#include "bureau/store/sql.h"

#include <errno.h>

/* What sql_row() said, but no row is -ENOENT. */
static int found(struct store *store, int row, const char *what)
{
    return row == 0 ? sql_fail(store, -ENOENT, what) : row;
}

/* put: the statement that sets vehicle_key, or changes no row. */
static int put_key(struct store *store, const char *vehicle, const uint8_t key[BW_PUBLIC_KEY_LEN],
                   const char *put)
{
    struct sql q;
    sql_start(&q, store, "INSERT OR IGNORE INTO enrolled_key (vehicle, public_key) VALUES (?, ?)");
    sql_text(&q, vehicle);
    sql_blob(&q, key, BW_PUBLIC_KEY_LEN);
    int err = sql_run(&q);
    if (err < 0)
        return err;
    sql_start(&q, store, put);
    sql_text(&q, vehicle);
    sql_blob(&q, key, BW_PUBLIC_KEY_LEN);
    err = sql_run(&q);
    return err == 0 && sqlite3_changes(store->db) == 0
               ? sql_fail(store, -ENOENT, "no key of this vehicle is in force")
               : err;
}

/* Both tables or none. */
static int put_key_whole(struct store *store, const char *vehicle, const uint8_t key[BW_PUBLIC_KEY_LEN],
                         const char *put)
{
    struct sql_whole whole;
    const int err = sql_whole_begin(store, &whole);
    return err < 0 ? err : sql_whole_end(&whole, put_key(store, vehicle, key, put));
}

int store_vehicle_key_set(struct store *store, const char *vehicle, const uint8_t key[BW_PUBLIC_KEY_LEN])
{
    return put_key_whole(
        store, vehicle, key,
        "INSERT INTO vehicle_key (vehicle, public_key) VALUES (?, ?)"
        " ON CONFLICT (vehicle) DO UPDATE SET public_key = excluded.public_key, revoked_utc_ms = NULL");
}

int store_vehicle_key_change(struct store *store, const char *vehicle, const uint8_t key[BW_PUBLIC_KEY_LEN])
{
    return put_key_whole(
        store, vehicle, key,
        "UPDATE vehicle_key SET public_key = ?2 WHERE vehicle = ?1 AND revoked_utc_ms IS NULL");
}

int store_vehicle_key_known(struct store *store, const char *vehicle, const uint8_t key[BW_PUBLIC_KEY_LEN])
{
    struct sql q;
    sql_start(&q, store, "SELECT count(*) FROM enrolled_key WHERE vehicle = ? AND public_key = ?");
    sql_text(&q, vehicle);
    sql_blob(&q, key, BW_PUBLIC_KEY_LEN);
    int err = sql_row(&q);
    const int known = err > 0 && sql_int_at(&q, 0) > 0;
    err = sql_end(&q, err);
    return err < 0 ? err : known;
}

int store_vehicle_key(struct store *store, const char *vehicle, uint8_t ret_key[BW_PUBLIC_KEY_LEN])
{
    struct sql q;
    sql_start(&q, store, "SELECT public_key FROM vehicle_key WHERE vehicle = ? AND revoked_utc_ms IS NULL");
    sql_text(&q, vehicle);
    const int err = found(store, sql_row(&q), "no key is enrolled for this vehicle");
    if (err > 0)
        sql_copy_blob(&q, 0, ret_key, BW_PUBLIC_KEY_LEN);
    return sql_end(&q, err);
}

int store_vehicle_key_revoke(struct store *store, const char *vehicle, int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "UPDATE vehicle_key SET revoked_utc_ms = ? WHERE vehicle = ? AND revoked_utc_ms IS NULL");
    sql_int(&q, utc_ms);
    sql_text(&q, vehicle);
    const int err = sql_run(&q);
    if (err == 0 && sqlite3_changes(store->db) == 0)
        return sql_fail(store, -ENOENT, "no key of this vehicle is in force");
    return err;
}

int store_vehicle_division(struct store *store, const char *vehicle, char ret[BW_DIVISION_LEN])
{
    struct sql q;
    sql_start(&q, store, "SELECT division FROM vehicle JOIN school USING (school_id) WHERE vehicle_id = ?");
    sql_text(&q, vehicle);
    const int err = found(store, sql_row(&q), "this vehicle is not in the registry");
    if (err > 0)
        sql_copy_text(&q, 0, ret, BW_DIVISION_LEN);
    return sql_end(&q, err);
}

/* One table a kind; the same statements. */
#define PUT(table)                                                                                           \
    "INSERT INTO " table " (vehicle, version, sealed) SELECT ?1, ?2, ?3"                                     \
    " WHERE NOT EXISTS (SELECT 1 FROM " table " WHERE vehicle = ?1 AND version >= ?2)"
#define LAST(table)   "SELECT max(rowid) FROM " table
#define AFTER(table)  "SELECT rowid, vehicle FROM " table " WHERE rowid > ? ORDER BY rowid LIMIT 1"
#define LATEST(table) "SELECT version, sealed FROM " table " WHERE vehicle = ? ORDER BY version DESC LIMIT 1"
static const struct {
    const char *put, *latest, *last, *after;
} ISSUED[ISSUED_KINDS] = {
    [ISSUED_LICENCE] = {PUT("licence"), LATEST("licence"), LAST("licence"), AFTER("licence")},
    [ISSUED_ORDERS] = {PUT("issued_orders"), LATEST("issued_orders"), LAST("issued_orders"),
                       AFTER("issued_orders")},
};

int store_issued_put(struct store *store, enum issued_kind kind, const char *vehicle, uint64_t version,
                     const uint8_t *sealed, size_t len)
{
    if (version == 0 || version > INT64_MAX)
        return sql_fail(store, -ERANGE, "a version is 1 to 2^63 - 1");
    struct sql q;
    sql_start(&q, store, ISSUED[kind].put);
    sql_text(&q, vehicle);
    sql_u64(&q, version);
    sql_blob(&q, sealed, len);
    const int err = sql_run(&q);
    if (err == 0 && sqlite3_changes(store->db) == 0)
        return sql_fail(store, -EEXIST, "this version or a newer one was issued already");
    return err;
}

int store_issued_latest(struct store *store, enum issued_kind kind, const char *vehicle,
                        uint64_t *ret_version, struct wire_bytes *ret_sealed)
{
    struct sql q;
    sql_start(&q, store, ISSUED[kind].latest);
    sql_text(&q, vehicle);
    int err = found(store, sql_row(&q), "nothing was issued to this vehicle");
    if (err > 0)
        err = sql_take_blob(&q, 1, &ret_sealed->data, &ret_sealed->len);
    if (err == 0)
        *ret_version = sql_u64_at(&q, 0);
    return sql_end(&q, err);
}

int store_issued_last(struct store *store, enum issued_kind kind, int64_t *ret_position)
{
    struct sql q;
    sql_start(&q, store, ISSUED[kind].last);
    const int err = sql_row(&q);
    if (err > 0)
        *ret_position = sql_int_at(&q, 0); /* max() of none is NULL: 0 */
    return sql_end(&q, err);
}

int store_issued_after(struct store *store, enum issued_kind kind, int64_t position, int64_t *ret_position,
                       char ret_vehicle[BW_ID_LEN])
{
    struct sql q;
    sql_start(&q, store, ISSUED[kind].after);
    sql_int(&q, position);
    const int err = found(store, sql_row(&q), "nothing was issued since");
    if (err > 0) {
        sql_copy_text(&q, 1, ret_vehicle, BW_ID_LEN);
        *ret_position = sql_int_at(&q, 0);
    }
    return sql_end(&q, err);
}

int store_audit(struct store *store, const char *who, const char *action, const char *subject, int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store, "INSERT INTO audit (utc_ms, who, action, subject) VALUES (?, ?, ?, ?)");
    sql_int(&q, utc_ms);
    sql_text(&q, who);
    sql_text(&q, action);
    sql_text(&q, subject);
    return sql_run(&q);
}
