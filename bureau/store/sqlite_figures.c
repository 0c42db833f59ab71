/* Counts, for those who watch. */
#include "bureau/store/figures.h"
#include "bureau/store/sql.h"

static int count_alerts(struct store *store, struct store_figures *ret)
{
    struct sql q;
    int err;
    sql_start(&q, store, "SELECT kind, count(*) FROM alert WHERE cleared_utc_ms IS NULL GROUP BY kind");
    while ((err = sql_row(&q)) == 1) {
        const int64_t kind = sql_int_at(&q, 0);
        ret->open_alerts[kind > 0 && kind < BW_KIND_COUNT ? kind : BW_KIND_UNSPECIFIED] += sql_u64_at(&q, 1);
    }
    return sql_end(&q, err);
}

static int count_cases(struct store *store, int64_t now_utc_ms, struct store_figures *ret)
{
    struct sql q;
    int err;
    sql_start(&q, store,
              "SELECT state, count(*), sum(state = ? AND deadline_utc_ms > 0 AND deadline_utc_ms < ?)"
              " FROM cases GROUP BY state");
    sql_int(&q, CASE_ASSIGNED);
    sql_int(&q, now_utc_ms);
    while ((err = sql_row(&q)) == 1) {
        const int64_t state = sql_int_at(&q, 0);
        if (state > 0 && state < CASE_STATES)
            ret->cases[state] = sql_u64_at(&q, 1);
        ret->cases_overdue += sql_u64_at(&q, 2);
    }
    return sql_end(&q, err);
}

static int count_rest(struct store *store, struct store_figures *ret)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT (SELECT count(*) FROM chain), (SELECT count(*) FROM chain WHERE NOT head_known),"
              " (SELECT max(id) FROM audit), (SELECT page_count * page_size FROM pragma_page_count, "
              "pragma_page_size)");
    const int err = sql_row(&q);
    if (err == 1) {
        ret->chains = sql_u64_at(&q, 0);
        ret->chains_adopted = sql_u64_at(&q, 1);
        ret->audit_lines = sql_u64_at(&q, 2);
        ret->bytes = sql_u64_at(&q, 3);
    }
    return sql_end(&q, err);
}

int store_figures(struct store *store, int64_t now_utc_ms, struct store_figures *ret)
{
    struct store_figures figures = {0};
    int err = count_alerts(store, &figures);
    if (err == 0)
        err = count_cases(store, now_utc_ms, &figures);
    if (err == 0)
        err = count_rest(store, &figures);
    if (err == 0)
        *ret = figures;
    return err;
}
