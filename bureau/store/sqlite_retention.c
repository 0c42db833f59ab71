/* What retention takes away, and its marks. */
#include "bureau/store/retention.h"

#include "bureau/store/sql.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A case that is over, since long enough. */
#define GOES(cutoff) "c.ended_utc_ms IS NOT NULL AND c.ended_utc_ms < " cutoff

/* --- what the pass has deleted so far --- */

enum { PURGED_NUMBERS = 10, PURGED_NUMBERS_BEFORE = 8 /* version 16 */ };

/* The numbers in the order of the struct; false when the text is no such list. */
static bool parse_purged(const char *text, struct store_purged *ret)
{
    int64_t *const numbers[PURGED_NUMBERS] = {&ret->tracks,  &ret->records,   &ret->alerts, &ret->trips,
                                              &ret->cases,   &ret->sightings, &ret->photos, &ret->audit,
                                              &ret->changes, &ret->positions};
    for (int i = 0; i < PURGED_NUMBERS; i++) {
        char *end = NULL;
        if (i == PURGED_NUMBERS_BEFORE && *text == '\0')
            break;
        *numbers[i] = strtoll(text, &end, 10);
        if (end == text)
            return false;
        text = end;
    }
    return *text == '\0';
}

int store_purged(struct store *store, struct store_purged *ret)
{
    struct store_purged purged = {0};
    struct sql q;
    sql_start(&q, store, "SELECT deleted FROM purge_pass");
    int err = sql_row(&q);
    if (err == 1 && !parse_purged(sql_text_at(&q, 0), &purged))
        err = sql_fail(store, -EBADMSG, "the store holds a purge that cannot be read");
    err = sql_end(&q, err);
    if (err == 0)
        *ret = purged;
    return err;
}

int store_purged_put(struct store *store, const struct store_purged *purged)
{
    char text[PURGED_NUMBERS * 21];
    struct sql q;
    (void)snprintf(text, sizeof(text),
                   "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                   " %" PRId64 " %" PRId64 " %" PRId64,
                   purged->tracks, purged->records, purged->alerts, purged->trips, purged->cases,
                   purged->sightings, purged->photos, purged->audit, purged->changes, purged->positions);
    sql_start(&q, store, "INSERT OR REPLACE INTO purge_pass VALUES (1, ?)");
    sql_text(&q, text);
    return sql_run(&q);
}

/* --- rows --- */

/* Of an alert, `a`: nothing of it came since, and no case that stays is about it. */
#define ALERT_STAYS_BY_CASE                                                                                  \
    "EXISTS (SELECT 1 FROM case_step AS s JOIN cases AS c ON c.id = s.case_id WHERE s.alert_id = a.id"       \
    " AND NOT (" GOES("?1") "))"
#define ALERT_GOES                                                                                           \
    "(SELECT received_utc_ms FROM alert_event WHERE event = a.last_event) < ?1 AND NOT " ALERT_STAYS_BY_CASE
/* A sighting, `s`: one that a case is about stays as long as that. */
#define SIGHTING_GOES(cutoff)                                                                                \
    "s.received_utc_ms < " cutoff " AND NOT EXISTS (SELECT 1 FROM cases AS c WHERE c.id = s.case_id"         \
    " AND NOT (" GOES("?2") "))"
/* They may show children: a case that is over does not keep them. With its sighting a photo goes itself. */
#define PHOTO_GOES                                                                                           \
    "p.received_utc_ms < ?1 AND NOT EXISTS (SELECT 1 FROM sighting AS s JOIN cases AS c ON c.id = s.case_id" \
    " WHERE s.id = p.sighting AND c.ended_utc_ms IS NULL)"                                                   \
    " AND NOT EXISTS (SELECT 1 FROM sighting AS s WHERE s.id = p.sighting AND " SIGHTING_GOES("?3") ")"
#define LINE_GOES "utc_ms < ?1 AND action NOT IN ('records_not_held', 'key_changed', 'purged')"

#define MARK(what, vehicle, utc_ms, table)                                                                   \
    "INSERT INTO purged_row SELECT " vehicle ", " what ", " utc_ms " + 1 FROM " table " WHERE id = ?1"       \
    " ON CONFLICT DO UPDATE SET before_utc_ms = max(before_utc_ms, excluded.before_utc_ms)"
#define AFTER(utc_ms, id) " AND (" utc_ms ", " id ") > (?4, ?5) ORDER BY " utc_ms ", " id " LIMIT ?6"

enum { TEXTS_MAX = 5 };

/* ?1 is the cutoff of what it is itself, ?2 of cases, ?3 of sightings. Each is looked for in an index by
 * time, so that what stays of the time after the cutoff is never read. */
static const struct purge {
    const char *find;             /* ?1 to ?3 cutoffs, ?4 and ?5 cursor, ?6 limit: cursor, id */
    const char *goes;             /* ?1 to ?3 cutoffs, ?4 id: a row, if it still may */
    const char *texts[TEXTS_MAX]; /* ?1 id; up to NULL */
} PURGES[STORE_PURGES] = {
    [STORE_PURGE_CASES] = {"SELECT c.ended_utc_ms, c.id, c.id FROM cases AS c WHERE " GOES("?1")
                               AFTER("c.ended_utc_ms", "c.id"),
                           "SELECT 1 FROM cases AS c WHERE " GOES("?1") " AND c.id = ?4",
                           {"INSERT INTO purged_case VALUES (?1, unixepoch() * 1000)",
                            "DELETE FROM case_step WHERE case_id = ?1", "DELETE FROM cases WHERE id = ?1"}},
    [STORE_PURGE_ALERTS] = {"SELECT e.received_utc_ms, e.event, a.id FROM alert_event AS e CROSS JOIN alert"
                            " AS a ON a.last_event = e.event WHERE e.received_utc_ms < ?1"
                            " AND NOT " ALERT_STAYS_BY_CASE AFTER("e.received_utc_ms", "e.event"),
                            "SELECT 1 FROM alert AS a WHERE " ALERT_GOES " AND a.id = ?4",
                            {MARK("1", "vehicle", "raised_utc_ms", "alert"),
                             "UPDATE alert SET last_event = NULL WHERE id = ?1",
                             "DELETE FROM alert_event WHERE alert_id = ?1",
                             "DELETE FROM alert WHERE id = ?1"}},
    [STORE_PURGE_TRIPS] = {"SELECT received_utc_ms, id, id FROM trip WHERE received_utc_ms < ?1" AFTER(
                               "received_utc_ms", "id"),
                           "SELECT 1 FROM trip WHERE received_utc_ms < ?1 AND id = ?4",
                           {MARK("2", "vehicle", "begun_utc_ms", "trip"), "DELETE FROM trip WHERE id = ?1"}},
    [STORE_PURGE_SIGHTINGS] = {"SELECT s.received_utc_ms, s.id, s.id FROM sighting AS s WHERE " SIGHTING_GOES(
                                   "?1") AFTER("s.received_utc_ms", "s.id"),
                               "SELECT 1 FROM sighting AS s WHERE " SIGHTING_GOES("?1") " AND s.id = ?4",
                               {MARK("3", "''", "seen_utc_ms", "sighting"),
                                "DELETE FROM sighting_photo WHERE sighting = ?1",
                                "DELETE FROM sighting WHERE id = ?1"}},
    [STORE_PURGE_PHOTOS] = {"SELECT p.received_utc_ms, p.sighting, p.sighting FROM sighting_photo AS p"
                            " WHERE " PHOTO_GOES AFTER("p.received_utc_ms", "p.sighting"),
                            "SELECT 1 FROM sighting_photo AS p WHERE " PHOTO_GOES " AND p.sighting = ?4",
                            {"DELETE FROM sighting_photo WHERE sighting = ?1"}},
    [STORE_PURGE_AUDIT] = {"SELECT utc_ms, id, id FROM audit WHERE " LINE_GOES AFTER("utc_ms", "id"),
                           "SELECT 1 FROM audit WHERE " LINE_GOES " AND id = ?4",
                           {"DELETE FROM audit WHERE id = ?1"}},
    [STORE_PURGE_CHANGES] = {"SELECT utc_ms, id, id FROM registry_change WHERE utc_ms < ?1" AFTER("utc_ms",
                                                                                                  "id"),
                             "SELECT 1 FROM registry_change WHERE utc_ms < ?1 AND id = ?4",
                             {"DELETE FROM registry_change WHERE id = ?1"}},
};

static int64_t cutoff_of(const struct store_cutoffs *cutoffs, enum store_purge what)
{
    const int64_t of[STORE_PURGES] = {
        [STORE_PURGE_CASES] = cutoffs->evidence_utc_ms, [STORE_PURGE_ALERTS] = cutoffs->evidence_utc_ms,
        [STORE_PURGE_TRIPS] = cutoffs->trips_utc_ms,    [STORE_PURGE_SIGHTINGS] = cutoffs->sightings_utc_ms,
        [STORE_PURGE_PHOTOS] = cutoffs->photos_utc_ms,  [STORE_PURGE_AUDIT] = cutoffs->audit_utc_ms,
        [STORE_PURGE_CHANGES] = cutoffs->changes_utc_ms};
    return of[what];
}

static void bind_cutoffs(struct sql *q, enum store_purge what, const struct store_cutoffs *cutoffs)
{
    sql_int(q, cutoff_of(cutoffs, what));
    sql_int(q, cutoffs->evidence_utc_ms);
    sql_int(q, cutoffs->sightings_utc_ms);
}

int store_purge_find(struct store *store, enum store_purge what, const struct store_cutoffs *cutoffs,
                     struct store_purge_rows *rows)
{
    struct sql q;
    int err;
    const bool first = rows->n == 0;
    size_t n = 0;
    sql_start(&q, store, PURGES[what].find);
    bind_cutoffs(&q, what, cutoffs);
    sql_int(&q, first ? INT64_MIN : rows->last_utc_ms);
    sql_int(&q, first ? 0 : rows->last_number);
    sql_int(&q, STORE_PURGE_ROWS);
    while ((err = sql_row(&q)) == 1) {
        rows->last_utc_ms = sql_int_at(&q, 0);
        rows->last_number = sql_int_at(&q, 1);
        rows->ids[n++] = sql_int_at(&q, 2);
    }
    rows->n = n;
    return sql_end(&q, err);
}

static int run_with(struct store *store, const char *text, int64_t id)
{
    struct sql q;
    sql_start(&q, store, text);
    sql_int(&q, id);
    return sql_run(&q);
}

/* 1: it still may go, 0: something came in between. */
static int still_goes(struct store *store, enum store_purge what, const struct store_cutoffs *cutoffs,
                      int64_t id)
{
    struct sql q;
    sql_start(&q, store, PURGES[what].goes);
    bind_cutoffs(&q, what, cutoffs);
    sql_int(&q, id);
    const int row = sql_row(&q);
    const int err = sql_end(&q, row);
    return err < 0 ? err : row;
}

/* Before this the lines of the audit log may go: a trigger keeps all others. */
static int mark_audit(struct store *store, int64_t cutoff_utc_ms)
{
    return run_with(store,
                    "INSERT INTO purged_audit SELECT ?1 WHERE ?1 >"
                    " coalesce((SELECT max(before_utc_ms) FROM purged_audit), 0)",
                    cutoff_utc_ms);
}

int store_purge(struct store *store, enum store_purge what, const struct store_cutoffs *cutoffs,
                const struct store_purge_rows *rows, int64_t *ret_n)
{
    const struct purge *purge = &PURGES[what];
    int64_t n = 0;
    int err = what == STORE_PURGE_AUDIT ? mark_audit(store, cutoffs->audit_utc_ms) : 0;
    for (size_t i = 0; i < rows->n && err == 0; i++) {
        const int goes = still_goes(store, what, cutoffs, rows->ids[i]);
        if (goes < 0)
            return goes;
        if (goes == 0)
            continue;
        for (int k = 0; k < TEXTS_MAX && purge->texts[k] != NULL && err == 0; k++)
            err = run_with(store, purge->texts[k], rows->ids[i]);
        n++;
    }
    if (err == 0)
        *ret_n = n;
    return err;
}

#define DEPARTED                                                                                             \
    " FROM presence WHERE received_utc_ms < ? AND vehicle NOT IN (SELECT vehicle_id FROM vehicle)"

int store_purge_positions(struct store *store, const struct store_cutoffs *cutoffs, bool dry, int64_t *ret_n)
{
    struct sql q;
    int64_t n = 0;
    int err;
    sql_start(&q, store, dry ? "SELECT 1" DEPARTED : "DELETE" DEPARTED " RETURNING 1");
    sql_int(&q, cutoffs->tracks_utc_ms);
    while ((err = sql_row(&q)) == 1)
        n++;
    err = sql_end(&q, err);
    if (err == 0)
        *ret_n = n;
    return err;
}

/* --- records --- */

static void bind_chain(struct sql *q, const char *vehicle, const struct store_chain_id *chain)
{
    sql_text(q, vehicle);
    sql_blob(q, chain->stream, BW_STREAM_LEN);
    sql_int(q, chain->cls);
}

static int take_mark(struct sql *q, struct store_purge_mark *ret)
{
    struct store_purge_mark mark = {0};
    int err = sql_row(q);
    if (err == 0)
        err = sql_fail(q->store, -ENOENT, "nothing was purged there");
    if (err > 0) {
        mark.first_seq = sql_u64_at(q, 0);
        mark.last_seq = sql_u64_at(q, 1);
        sql_copy_blob(q, 2, mark.tail_hash, sizeof(mark.tail_hash));
    }
    err = sql_end(q, err);
    if (err == 0)
        *ret = mark;
    return err;
}

int store_purge_mark(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                     uint64_t seq, struct store_purge_mark *ret)
{
    struct sql q;
    /* Marks do not overlap: of those that begin before, the last one holds it or none does. */
    sql_start(&q, store,
              "SELECT first_seq, last_seq, tail_hash FROM purged_record WHERE vehicle = ?1 AND stream = ?2"
              " AND class = ?3 AND first_seq <= ?4 AND last_seq >= ?4 ORDER BY first_seq DESC LIMIT 1");
    bind_chain(&q, vehicle, chain);
    sql_u64(&q, seq);
    const int err = take_mark(&q, ret);
    if (err != -ENOENT)
        return err;
    sql_start(&q, store,
              "SELECT first_seq, last_seq, tail_hash FROM purged_record WHERE vehicle = ?1 AND stream = ?2"
              " AND class = ?3 AND first_seq > ?4 ORDER BY first_seq LIMIT 1");
    bind_chain(&q, vehicle, chain);
    sql_u64(&q, seq);
    return take_mark(&q, ret);
}

static int drop_mark(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                     uint64_t first_seq)
{
    struct sql q;
    sql_start(&q, store,
              "DELETE FROM purged_record WHERE vehicle = ? AND stream = ? AND class = ? AND first_seq = ?");
    bind_chain(&q, vehicle, chain);
    sql_u64(&q, first_seq);
    return sql_run(&q);
}

static int put_mark(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                    const struct store_purge_mark *mark, int64_t now_utc_ms)
{
    struct sql q;
    sql_start(&q, store, "INSERT OR REPLACE INTO purged_record VALUES (?, ?, ?, ?, ?, ?, ?)");
    bind_chain(&q, vehicle, chain);
    sql_u64(&q, mark->first_seq);
    sql_u64(&q, mark->last_seq);
    sql_blob(&q, mark->tail_hash, sizeof(mark->tail_hash));
    sql_int(&q, now_utc_ms);
    return sql_run(&q);
}

/* Marks that touch are one. */
static int add_mark(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                    struct store_purge_mark mark, int64_t now_utc_ms)
{
    struct store_purge_mark beside;
    int err =
        mark.first_seq > 1 ? store_purge_mark(store, vehicle, chain, mark.first_seq - 1, &beside) : -ENOENT;
    if (err == 0 && beside.last_seq + 1 == mark.first_seq) {
        err = drop_mark(store, vehicle, chain, beside.first_seq);
        mark.first_seq = beside.first_seq;
    }
    if (err != 0 && err != -ENOENT)
        return err;
    err = store_purge_mark(store, vehicle, chain, mark.last_seq + 1, &beside);
    if (err == 0 && beside.first_seq == mark.last_seq + 1) {
        err = drop_mark(store, vehicle, chain, beside.first_seq);
        mark.last_seq = beside.last_seq;
        memcpy(mark.tail_hash, beside.tail_hash, sizeof(mark.tail_hash));
    }
    return err == 0 || err == -ENOENT ? put_mark(store, vehicle, chain, &mark, now_utc_ms) : err;
}

struct condemned {
    size_t n;
    struct store_purge_mark of[STORE_PURGE_RECORDS];
};

static int condemn(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                   store_purge_judge_fn judge, void *context, uint64_t *seq, struct condemned *ret,
                   bool *ret_more)
{
    struct sql q;
    int err, n = 0, verdict = 0;
    ret->n = 0;
    sql_start(&q, store,
              "SELECT seq, received_utc_ms, bytes FROM record WHERE vehicle = ? AND stream = ? AND class = ?"
              " AND seq >= ? ORDER BY seq LIMIT ?");
    bind_chain(&q, vehicle, chain);
    sql_u64(&q, *seq);
    sql_int(&q, STORE_PURGE_RECORDS);
    while (verdict >= 0 && verdict != STORE_PURGE_END && (err = sql_row(&q)) == 1) {
        struct store_record row = {.seq = sql_u64_at(&q, 0), .received_utc_ms = sql_int_at(&q, 1)};
        row.bytes = sql_blob_at(&q, 2, &row.len);
        verdict = judge(context, &row, &ret->of[ret->n]);
        ret->n += verdict == 1;
        *seq = row.seq + 1;
        n++;
    }
    *ret_more = verdict != STORE_PURGE_END && n == STORE_PURGE_RECORDS;
    const int ended = sql_end(&q, verdict != 0 ? 0 : err);
    return ended < 0 ? ended : verdict < 0 ? verdict : 0;
}

int store_purge_records(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                        store_purge_judge_fn judge, void *context, bool dry, int64_t now_utc_ms,
                        uint64_t *seq, int64_t *ret_n, bool *ret_more)
{
    struct condemned condemned;
    struct sql q;
    int err = condemn(store, vehicle, chain, judge, context, seq, &condemned, ret_more);
    for (size_t i = 0; i < condemned.n && err == 0 && !dry; i++) {
        sql_start(&q, store, "DELETE FROM record WHERE vehicle = ? AND stream = ? AND class = ? AND seq = ?");
        bind_chain(&q, vehicle, chain);
        sql_u64(&q, condemned.of[i].last_seq);
        err = sql_run(&q);
        if (err == 0)
            err = add_mark(store, vehicle, chain, condemned.of[i], now_utc_ms);
    }
    if (err == 0)
        *ret_n = (int64_t)condemned.n;
    return err;
}

/* --- what stays --- */

int store_case_times(struct store *store, const char *vehicle, const struct store_cutoffs *cutoffs,
                     store_case_time_fn fn, void *context)
{
    struct sql q;
    int err = 0, answer = 0;
    sql_start(&q, store,
              "SELECT happened_utc_ms, last_utc_ms FROM cases AS c WHERE c.vehicle = ?2 AND c.state <> 6"
              " AND NOT (" GOES("?1") ") ORDER BY happened_utc_ms");
    sql_int(&q, cutoffs->evidence_utc_ms);
    sql_text(&q, vehicle);
    while (answer == 0 && (err = sql_row(&q)) == 1)
        answer = fn(context, sql_int_at(&q, 0), sql_int_at(&q, 1));
    const int ended = sql_end(&q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

static int ask(struct sql *q)
{
    int err = sql_row(q);
    const int yes = err > 0 && sql_int_at(q, 0) > 0;
    err = sql_end(q, err);
    return err < 0 ? err : yes;
}

/* Also of another stream: an alert may go on there. CROSS JOIN: by the streams, which are few, to the one
 * number in each; the planner would walk all alerts of the vehicle. */
int store_alert_stays(struct store *store, const char *vehicle, uint64_t number,
                      const struct store_cutoffs *cutoffs)
{
    struct sql q;
    sql_start(
        &q, store,
        "SELECT count(*) FROM chain CROSS JOIN alert AS a USING (vehicle, stream) WHERE chain.vehicle = ?2"
        " AND chain.class = 1 AND a.number = ?3 AND NOT (" ALERT_GOES ")");
    sql_int(&q, cutoffs->evidence_utc_ms);
    sql_text(&q, vehicle);
    sql_u64(&q, number);
    return ask(&q);
}

int store_trip_stays(struct store *store, const char *vehicle, int64_t begun_utc_ms,
                     const struct store_cutoffs *cutoffs)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT count(*) FROM trip WHERE vehicle = ? AND begun_utc_ms = ? AND received_utc_ms >= ?");
    sql_text(&q, vehicle);
    sql_int(&q, begun_utc_ms);
    sql_int(&q, cutoffs->trips_utc_ms);
    return ask(&q);
}

int store_rows_purged(struct store *store, const char *vehicle, enum store_rows what, int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT count(*) FROM purged_row WHERE vehicle = ? AND what = ? AND before_utc_ms > ?");
    sql_text(&q, vehicle);
    sql_int(&q, what);
    sql_int(&q, utc_ms);
    return ask(&q);
}

int store_case_purged(struct store *store, int64_t id, int64_t *ret_utc_ms)
{
    struct sql q;
    sql_start(&q, store, "SELECT purged_utc_ms FROM purged_case WHERE id = ?");
    sql_int(&q, id);
    int err = sql_row(&q);
    if (err == 1)
        *ret_utc_ms = sql_int_at(&q, 0);
    else if (err == 0)
        err = sql_fail(store, -ENOENT, "no such case was purged");
    return sql_end(&q, err);
}

/* --- the file --- */

int store_purge_settle(struct store *store)
{
    int log = 0, done = 0;
    const int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, &done);
    return sql_errno(store, code);
}

int store_vacuum(struct store *store)
{
    return sql_exec(store, "VACUUM");
}
