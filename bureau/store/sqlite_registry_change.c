/* The registry changed row by row, and what was changed by whom. */
#include "bureau/store/registry.h"
#include "bureau/store/sql.h"

#include <errno.h>
#include <stdlib.h>

static int drop(struct store *store, enum registry_table table, const void *row)
{
    static const char *const text[REGISTRY_TABLES] = {
        [REGISTRY_SCHOOLS] = "DELETE FROM school WHERE school_id = ?",
        [REGISTRY_VEHICLES] = "DELETE FROM vehicle WHERE vehicle_id = ?",
        [REGISTRY_DRIVERS] = "DELETE FROM driver WHERE driver_id = ?",
        [REGISTRY_PERMITS] = "DELETE FROM permit WHERE permit_no = ?",
        [REGISTRY_ROUTES] = "DELETE FROM route WHERE route_id = ?",
        [REGISTRY_STOPS] = "DELETE FROM stop WHERE stop_id = ?",
        [REGISTRY_ORDERS] = "DELETE FROM road_order WHERE order_id = ?",
        [REGISTRY_SERVICES] = "DELETE FROM route_service WHERE route_id = ? AND service_id = ?",
    };
    char id[REGISTRY_ROW_ID_LEN];
    struct sql q;
    registry_row_id(table, row, id);
    sql_start(&q, store, text[table]);
    if (table == REGISTRY_SERVICES) {
        sql_text(&q, ((const struct registry_service *)row)->route_id);
        sql_text(&q, ((const struct registry_service *)row)->service_id);
    } else {
        sql_text(&q, id);
    }
    return sql_run(&q);
}

static int keep(struct store *store, const struct registry_change *change, const struct store_editor *editor)
{
    char id[REGISTRY_ROW_ID_LEN];
    const char *what = change->before == NULL ? "added" : change->after == NULL ? "removed" : "changed";
    json_t *json = registry_change_json(change);
    char *fields = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    struct sql q;
    json_decref(json);
    if (fields == NULL)
        return sql_fail(store, -ENOMEM, "out of memory");
    registry_row_id(change->table, change->before ? change->before : change->after, id);
    sql_start(&q, store,
              "INSERT INTO registry_change (utc_ms, who, via, table_id, row_id, what, fields)"
              " VALUES (?, ?, ?, ?, ?, ?, ?)");
    sql_int(&q, editor->utc_ms);
    sql_text(&q, editor->who);
    sql_text(&q, editor->via);
    sql_text(&q, registry_table_name(change->table));
    sql_text(&q, id);
    sql_text(&q, what);
    sql_text(&q, fields);
    const int err = sql_run(&q);
    free(fields);
    return err;
}

/* All that goes first, then all that comes: two vehicles may exchange their plates. What refers to what is
 * looked at by the commit. */
static int apply(struct store *store, const struct registry_diff *diff, const struct store_editor *editor)
{
    int err = sql_exec(store, "PRAGMA defer_foreign_keys = ON");
    for (size_t i = 0; i < diff->n && err == 0; i++)
        if (diff->changes[i].before != NULL)
            err = drop(store, diff->changes[i].table, diff->changes[i].before);
    for (size_t i = 0; i < diff->n && err == 0; i++) {
        if (diff->changes[i].after != NULL)
            err = sql_registry_put(store, diff->changes[i].table, diff->changes[i].after);
        if (err == 0)
            err = keep(store, &diff->changes[i], editor);
    }
    return err;
}

int store_registry_apply(struct store *store, const struct registry_diff *diff,
                         const struct store_editor *editor)
{
    struct sql_whole whole;
    const int err = sql_whole_begin(store, &whole);
    return err < 0 ? err : sql_whole_end(&whole, apply(store, diff, editor));
}

#define CHANGES(of)                                                                                          \
    "SELECT id, utc_ms, who, via, table_id, row_id, what, fields FROM registry_change WHERE " of             \
    " AND (?3 = 0 OR id < ?3) ORDER BY id DESC LIMIT ?4"

int store_registry_changes(struct store *store, const char *table, const char *row_id, int64_t before_id,
                           int limit, store_registry_change_fn fn, void *context)
{
    struct sql q;
    int err;
    /* Of one row an index finds them; of all, or of a table, the newest come first. */
    sql_start(&q, store,
              table != NULL && row_id != NULL ? CHANGES("table_id = ?1 AND row_id = ?2")
                                              : CHANGES("(?1 IS NULL OR table_id = ?1)"
                                                        " AND (?2 IS NULL OR row_id = ?2)"));
    sql_text_or_null(&q, table);
    sql_text_or_null(&q, row_id);
    sql_int(&q, before_id);
    sql_int(&q, limit);
    while ((err = sql_row(&q)) == 1) {
        const struct store_registry_change row = {
            .id = sql_int_at(&q, 0),
            .utc_ms = sql_int_at(&q, 1),
            .who = sql_text_at(&q, 2),
            .via = sql_text_at(&q, 3),
            .table = sql_text_at(&q, 4),
            .row_id = sql_text_at(&q, 5),
            .what = sql_text_at(&q, 6),
            .fields = sql_text_at(&q, 7),
        };
        err = fn(context, &row);
        if (err != 0)
            break;
    }
    return sql_end(&q, err);
}
