/* Sightings, their photos, and which vehicles come again and again. */
#include "bureau/store/sightings.h"
#include "bureau/store/sql.h"

#include <errno.h>
#include <math.h>

/* --- reports --- */

int store_sighting_find(struct store *store, const char *account, const char *key, int64_t *ret_id)
{
    struct sql q;
    sql_start(&q, store, "SELECT id FROM sighting WHERE account = ? AND key = ?");
    sql_text(&q, account);
    sql_text(&q, key);
    const int err = sql_row(&q);
    if (err == 1)
        *ret_id = sql_int_at(&q, 0);
    return sql_end(&q, err == 0 ? sql_fail(store, -ENOENT, "no report with that key") : err);
}

int store_sightings_since(struct store *store, const char *account, int64_t since_utc_ms, int64_t *ret_n)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT count(*) FROM sighting WHERE received_utc_ms > ?1 AND"
              " (account = ?2 OR substr(account, 1, length(?2) + 1) = ?2 || '#')");
    sql_int(&q, since_utc_ms);
    sql_text(&q, account);
    const int err = sql_row(&q);
    if (err == 1)
        *ret_n = sql_int_at(&q, 0);
    return sql_end(&q, err);
}

static void bind_place(struct sql *q, const struct store_sighting *sighting)
{
    sql_text(q, sighting->gate);
    sql_text(q, sighting->place);
    if (sighting->has_position) {
        sql_real(q, sighting->lat_deg);
        sql_real(q, sighting->lon_deg);
    } else {
        sql_null(q);
        sql_null(q);
    }
    if (sighting->has_position && !isnan(sighting->accuracy_m))
        sql_real(q, sighting->accuracy_m);
    else
        sql_null(q);
}

int store_sighting_add(struct store *store, const struct store_sighting *sighting, int64_t *ret_id)
{
    struct sql q;
    const int held = store_sighting_find(store, sighting->who.name, sighting->key, ret_id);
    if (held != -ENOENT)
        return held < 0 ? held : sql_fail(store, -EEXIST, "this report is held already");
    sql_start(&q, store,
              "INSERT INTO sighting (account, key, role, school_id, plate, gate, place, lat_deg, lon_deg,"
              " accuracy_m, seen_utc_ms, received_utc_ms, heads, note, verdict, case_id)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
    sql_text(&q, sighting->who.name);
    sql_text(&q, sighting->key);
    sql_int(&q, sighting->who.role);
    sql_text(&q, sighting->who.school_id);
    sql_text(&q, sighting->plate);
    bind_place(&q, sighting);
    sql_int(&q, sighting->seen_utc_ms);
    sql_int(&q, sighting->received_utc_ms);
    sql_int(&q, sighting->heads);
    sql_text(&q, sighting->note);
    sql_int(&q, sighting->verdict);
    sql_int(&q, sighting->case_id);
    const int err = sql_row(&q);
    if (err == 1)
        *ret_id = sql_int_at(&q, 0);
    return sql_end(&q, err);
}

int store_sighting_case_set(struct store *store, int64_t id, int64_t case_id)
{
    struct sql q;
    sql_start(&q, store, "UPDATE sighting SET case_id = ? WHERE id = ? AND case_id IS NOT ? RETURNING id");
    sql_int(&q, case_id);
    sql_int(&q, id);
    sql_int(&q, case_id);
    const int err = sql_row(&q);
    return sql_end(&q,
                   err == 0 ? sql_fail(store, -ENOENT, "no such sighting, or of that case already") : err);
}

#define SIGHTINGS                                                                                            \
    "SELECT sighting.id, account, key, role, sighting.school_id, plate, gate, school.name, place, lat_deg,"  \
    " lon_deg, accuracy_m, seen_utc_ms, sighting.received_utc_ms, heads, note, verdict, case_id,"            \
    " EXISTS (SELECT 1 FROM sighting_photo WHERE sighting = sighting.id)"                                    \
    " FROM sighting LEFT JOIN school ON school.school_id = gate"

static int report(struct sql *q, store_sighting_fn fn, void *context)
{
    struct store_sighting row = {
        .id = sql_int_at(q, 0),
        .who = {.role = (enum access_role)sql_int_at(q, 3)},
        .key = sql_text_at(q, 2),
        .plate = sql_text_at(q, 5),
        .gate = sql_text_at(q, 6),
        .gate_name = sql_text_at(q, 7),
        .place = sql_text_at(q, 8),
        .has_position = !sql_is_null_at(q, 9),
        .lat_deg = sql_real_at(q, 9),
        .lon_deg = sql_real_at(q, 10),
        .accuracy_m = sql_is_null_at(q, 11) ? NAN : sql_real_at(q, 11),
        .seen_utc_ms = sql_int_at(q, 12),
        .received_utc_ms = sql_int_at(q, 13),
        .heads = (int)sql_int_at(q, 14),
        .note = sql_text_at(q, 15),
        .verdict = (enum sighting_verdict)sql_int_at(q, 16),
        .case_id = sql_int_at(q, 17),
        .has_photo = sql_int_at(q, 18) == 1,
    };
    sql_copy_text(q, 1, row.who.name, sizeof(row.who.name));
    sql_copy_text(q, 4, row.who.school_id, sizeof(row.who.school_id));
    return q->err < 0 ? q->err : fn(context, &row);
}

/* *ret_n: how many rows there were. */
static int walk(struct sql *q, store_sighting_fn fn, void *context, size_t *ret_n)
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

static void bind_or_null(struct sql *q, const char *text)
{
    if (text != NULL)
        sql_text(q, text);
    else
        sql_null(q);
}

int store_sighting(struct store *store, int64_t id, const char *school_id, store_sighting_fn fn,
                   void *context)
{
    struct sql q;
    size_t n;
    sql_start(&q, store,
              SIGHTINGS " WHERE sighting.id = ? AND sighting.school_id = ifnull(?, sighting.school_id)");
    sql_int(&q, id);
    bind_or_null(&q, school_id);
    const int err = walk(&q, fn, context, &n);
    return err == 0 && n == 0 ? sql_fail(store, -ENOENT, "no such sighting") : err;
}

/* In a pattern '?' is any character, and nothing else of a plate is special. */
int store_sightings(struct store *store, const struct store_sighting_query *query, int limit,
                    store_sighting_fn fn, void *context)
{
    struct sql q;
    size_t n;
    sql_start(&q, store,
              SIGHTINGS " WHERE sighting.id < ? AND seen_utc_ms >= ? AND seen_utc_ms < ?"
                        " AND sighting.school_id = ifnull(?, sighting.school_id) AND gate = ifnull(?, gate)"
                        " AND plate GLOB ifnull(?, '*') AND case_id = ifnull(?, case_id)"
                        " ORDER BY sighting.id DESC LIMIT ?");
    sql_int(&q, query->before_id > 0 ? query->before_id : INT64_MAX);
    sql_int(&q, query->since_utc_ms);
    sql_int(&q, query->until_utc_ms);
    bind_or_null(&q, query->school_id);
    bind_or_null(&q, query->gate);
    bind_or_null(&q, query->plate);
    if (query->case_id > 0)
        sql_int(&q, query->case_id);
    else
        sql_null(&q);
    sql_int(&q, limit);
    return walk(&q, fn, context, &n);
}

/* --- photos --- */

int store_photo_add(struct store *store, int64_t sighting, const struct store_photo *photo)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO sighting_photo (sighting, received_utc_ms, width, height, digest, jpeg)"
              " SELECT id, ?, ?, ?, ?, ? FROM sighting WHERE id = ? RETURNING sighting");
    sql_int(&q, photo->received_utc_ms);
    sql_int(&q, photo->width);
    sql_int(&q, photo->height);
    sql_blob(&q, photo->digest, sizeof(photo->digest));
    sql_blob(&q, photo->bytes, photo->len);
    sql_int(&q, sighting);
    const int err = sql_row(&q);
    return sql_end(&q, err == 0 ? sql_fail(store, -ENOENT, "no such sighting") : err);
}

int store_photo(struct store *store, int64_t sighting, store_photo_fn fn, void *context)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT received_utc_ms, width, height, digest, jpeg FROM sighting_photo WHERE sighting = ?");
    sql_int(&q, sighting);
    int err = sql_row(&q);
    if (err == 1) {
        struct store_photo row = {.received_utc_ms = sql_int_at(&q, 0),
                                  .width = (unsigned)sql_int_at(&q, 1),
                                  .height = (unsigned)sql_int_at(&q, 2)};
        sql_copy_blob(&q, 3, row.digest, sizeof(row.digest));
        row.bytes = sql_blob_at(&q, 4, &row.len);
        err = q.err < 0 ? q.err : fn(context, &row);
    } else if (err == 0) {
        err = sql_fail(store, -ENOENT, "no photo");
    }
    const int ended = sql_end(&q, err < 0 ? err : 0);
    return ended < 0 ? ended : err;
}

/* --- again and again --- */

/* Verdicts 2 and 3 are those of a vehicle with a permit. A local day is eight hours ahead of UTC, all year
 * (REGISTRY_UTC_OFFSET_MIN). */
#define LOCAL "(seen_utc_ms + 28800000)"
#define FIGURES                                                                                              \
    " count(*) AS n, count(DISTINCT " LOCAL " / 86400000) AS days,"                                          \
    " count(DISTINCT CASE WHEN whole THEN plate END), count(DISTINCT nullif(gate, '')),"                     \
    " sum(NOT whole), max(heads), min(seen_utc_ms), max(seen_utc_ms) AS last"                                \
    " FROM (SELECT *, plate <> '' AND instr(plate, '?') = 0 AS whole FROM sighting)"                         \
    " WHERE verdict NOT IN (2, 3) AND seen_utc_ms >= ? AND seen_utc_ms < ?"

#define REPEATS_OF(plate)                                                                                    \
    {                                                                                                        \
        [STORE_BY_PLATE] =                                                                                   \
            "SELECT plate, '', '', 0," FIGURES plate " AND whole GROUP BY plate HAVING n >= ?"               \
            " ORDER BY days DESC, n DESC, last DESC, plate LIMIT ?",                                         \
        [STORE_BY_GATE] =                                                                                    \
            "SELECT '', gate, (SELECT name FROM school WHERE school_id = gate), 0," FIGURES plate            \
            " GROUP BY gate HAVING n >= ? ORDER BY n DESC, last DESC, gate LIMIT ?",                         \
        [STORE_BY_HOUR] = "SELECT '', '', '', " LOCAL " % 86400000 / 3600000 AS hour," FIGURES plate         \
                          " GROUP BY hour HAVING n >= ? ORDER BY hour LIMIT ?",                              \
    }

/* By whether one plate is asked for: only then an index finds it. */
static const char *const REPEATS[2][3] = {REPEATS_OF(""), REPEATS_OF(" AND plate = ?")};

static int report_repeat(const struct sql *q, enum store_repeat_by by, store_repeat_fn fn, void *context)
{
    const struct store_repeat row = {
        .by = by,
        .plate = sql_text_at(q, 0),
        .gate = sql_text_at(q, 1),
        .gate_name = sql_text_at(q, 2),
        .hour = (int)sql_int_at(q, 3),
        .count = sql_int_at(q, 4),
        .days = sql_int_at(q, 5),
        .plates = sql_int_at(q, 6),
        .gates = sql_int_at(q, 7),
        .unread = sql_int_at(q, 8),
        .heads = (int)sql_int_at(q, 9),
        .first_utc_ms = sql_int_at(q, 10),
        .last_utc_ms = sql_int_at(q, 11),
    };
    return fn(context, &row);
}

int store_repeats(struct store *store, const struct store_repeat_query *query, int limit, store_repeat_fn fn,
                  void *context)
{
    struct sql q;
    int err;
    sql_start(&q, store, REPEATS[query->plate != NULL][query->by]);
    sql_int(&q, query->since_utc_ms);
    sql_int(&q, query->until_utc_ms);
    if (query->plate != NULL)
        sql_text(&q, query->plate);
    sql_int(&q, query->count_min);
    sql_int(&q, limit);
    while ((err = sql_row(&q)) == 1) {
        const int answer = report_repeat(&q, query->by, fn, context);
        if (answer != 0) {
            const int ended = sql_end(&q, 0);
            return ended < 0 ? ended : answer;
        }
    }
    return sql_end(&q, err);
}
