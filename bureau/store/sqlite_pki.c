/* Certificates that were issued here, and acts that were refused. */
#include "bureau/store/sql.h"

int store_certificate_add(struct store *store, const struct store_certificate *certificate)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO certificate (serial, name, der, not_after_utc_ms, issued_utc_ms)"
              " VALUES (?, ?, ?, ?, ?)");
    sql_text(&q, certificate->serial);
    sql_text(&q, certificate->name);
    sql_blob(&q, certificate->der, certificate->der_len);
    sql_int(&q, certificate->not_after_utc_ms);
    sql_int(&q, certificate->issued_utc_ms);
    return sql_run(&q);
}

int store_certificate_revoke(struct store *store, const char *name, const char *keep, const char *reason,
                             int64_t utc_ms, size_t *ret_n)
{
    struct sql q;
    sql_start(&q, store,
              "UPDATE certificate SET revoked_utc_ms = ?, reason = ?"
              " WHERE name = ? AND serial <> ? AND revoked_utc_ms IS NULL");
    sql_int(&q, utc_ms);
    sql_text(&q, reason);
    sql_text(&q, name);
    sql_text(&q, keep != NULL ? keep : "");
    const int err = sql_run(&q);
    if (err == 0)
        *ret_n = (size_t)sqlite3_changes(store->db);
    return err;
}

static int report_certificate(struct sql *q, store_certificate_fn fn, void *context)
{
    struct store_certificate row = {
        .serial = sql_text_at(q, 0),
        .name = sql_text_at(q, 1),
        .not_after_utc_ms = sql_int_at(q, 3),
        .issued_utc_ms = sql_int_at(q, 4),
        .revoked_utc_ms = sql_int_at(q, 5),
        .reason = sql_text_at(q, 6),
    };
    row.der = sql_blob_at(q, 2, &row.der_len);
    return fn(context, &row);
}

#define CERTIFICATES                                                                                         \
    "SELECT serial, name, der, not_after_utc_ms, issued_utc_ms, revoked_utc_ms, reason FROM certificate"

int store_certificates(struct store *store, const char *name, store_certificate_fn fn, void *context)
{
    static const char all[] = CERTIFICATES " ORDER BY name, rowid DESC";
    static const char one[] = CERTIFICATES " WHERE name = ? ORDER BY rowid DESC";
    struct sql q;
    int err;
    sql_start(&q, store, name ? one : all);
    if (name != NULL)
        sql_text(&q, name);
    while ((err = sql_row(&q)) == 1) {
        const int answer = report_certificate(&q, fn, context);
        if (answer != 0) {
            const int ended = sql_end(&q, 0);
            return ended < 0 ? ended : answer;
        }
    }
    return sql_end(&q, err);
}

int store_certificates_ending(struct store *store, int64_t before_utc_ms, int64_t *ret_n)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT count(*) FROM (SELECT 1 FROM certificate WHERE revoked_utc_ms IS NULL"
              " GROUP BY name HAVING max(not_after_utc_ms) < ?)");
    sql_int(&q, before_utc_ms);
    const int err = sql_row(&q);
    if (err > 0)
        *ret_n = sql_int_at(&q, 0);
    return sql_end(&q, err);
}

/* Keeps the table bounded: names may be an attacker's choice. */
static int drop_oldest_incidents(struct store *store)
{
    struct sql q;
    sql_start(&q, store,
              "DELETE FROM incident WHERE (vehicle, kind) IN (SELECT vehicle, kind FROM incident"
              " ORDER BY last_utc_ms DESC LIMIT -1 OFFSET ?)");
    sql_int(&q, STORE_INCIDENTS_MAX);
    return sql_run(&q);
}

int store_incident_add(struct store *store, const struct store_incident *incident)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO incident (kind, vehicle, address, detail, first_utc_ms, last_utc_ms, count)"
              " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (vehicle, kind) DO UPDATE SET"
              " address = excluded.address, detail = excluded.detail, last_utc_ms = excluded.last_utc_ms,"
              " count = count + excluded.count");
    sql_text(&q, incident->kind);
    sql_text(&q, incident->vehicle);
    sql_text(&q, incident->address);
    sql_text(&q, incident->detail);
    sql_int(&q, incident->first_utc_ms);
    sql_int(&q, incident->last_utc_ms);
    sql_u64(&q, incident->count);
    const int err = sql_run(&q);
    return err < 0 ? err : drop_oldest_incidents(store);
}

int store_incidents(struct store *store, store_incident_fn fn, void *context)
{
    struct sql q;
    int err;
    sql_start(&q, store,
              "SELECT kind, vehicle, address, detail, first_utc_ms, last_utc_ms, count FROM incident"
              " ORDER BY last_utc_ms DESC");
    while ((err = sql_row(&q)) == 1) {
        const struct store_incident row = {
            .kind = sql_text_at(&q, 0),
            .vehicle = sql_text_at(&q, 1),
            .address = sql_text_at(&q, 2),
            .detail = sql_text_at(&q, 3),
            .first_utc_ms = sql_int_at(&q, 4),
            .last_utc_ms = sql_int_at(&q, 5),
            .count = sql_u64_at(&q, 6),
        };
        const int answer = fn(context, &row);
        if (answer != 0) {
            const int ended = sql_end(&q, 0);
            return ended < 0 ? ended : answer;
        }
    }
    return sql_end(&q, err);
}
