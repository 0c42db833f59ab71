/* How far the readers have come. */
#include "bureau/store/positions.h"
#include "bureau/store/sql.h"

#include <errno.h>

int store_position_get(struct store *store, const char *name, int64_t *ret)
{
    struct sql q;
    sql_start(&q, store, "SELECT position FROM reader_position WHERE name = ?");
    sql_text(&q, name);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "this reader has not begun");
    if (err > 0)
        *ret = sql_int_at(&q, 0);
    return sql_end(&q, err);
}

int store_position_put(struct store *store, const char *name, int64_t position)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO reader_position (name, position) VALUES (?, ?) ON CONFLICT (name)"
              " DO UPDATE SET position = excluded.position");
    sql_text(&q, name);
    sql_int(&q, position);
    return sql_run(&q);
}
