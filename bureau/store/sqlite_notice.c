/* The outbox of notifications: notices, their deliveries, and the messages that these are sent in. */
#include "bureau/store/notices.h"
#include "bureau/store/sql.h"
#include "proto/wire.h"

#include <errno.h>
#include <string.h>

/* --- what has been told --- */

int store_notice_cursor(struct store *store, enum store_notice_source source, int64_t *ret)
{
    struct sql q;
    sql_start(&q, store, "SELECT position FROM notice_cursor WHERE source = ?");
    sql_int(&q, source);
    int err = sql_row(&q);
    if (err == 1)
        *ret = sql_int_at(&q, 0);
    else if (err == 0)
        err = sql_fail(store, -ENOENT, "nothing has been told yet");
    return sql_end(&q, err);
}

int store_notice_cursor_set(struct store *store, enum store_notice_source source, int64_t position)
{
    struct sql q;
    sql_start(&q, store, "INSERT OR REPLACE INTO notice_cursor (source, position) VALUES (?, ?)");
    sql_int(&q, source);
    sql_int(&q, position);
    return sql_run(&q);
}

int store_alert_severity_before(struct store *store, int64_t alert_id, int64_t event, enum bw_severity *ret)
{
    struct sql q;
    struct wire_body body;
    size_t len;
    enum bw_severity severity = BW_SEVERITY_NONE;
    sql_start(&q, store,
              "SELECT body FROM alert_event WHERE alert_id = ? AND event < ? ORDER BY event DESC LIMIT 1");
    sql_int(&q, alert_id);
    sql_int(&q, event);
    int err = sql_row(&q);
    if (err == 1) {
        const void *bytes = sql_blob_at(&q, 0, &len);
        const int decoded = wire_body_decode(bytes, len, &body);
        if (decoded == 0 && body.type == WIRE_BODY_ALERT)
            severity = body.u.alert.severity;
        else if (decoded == -ENOMEM)
            err = sql_fail(store, decoded, "no memory to decode an alert");
        else
            err = sql_fail(store, -EILSEQ, "the store holds an alert that cannot be decoded");
    }
    err = sql_end(&q, err);
    if (err == 0)
        *ret = severity;
    return err;
}

int store_alert_case(struct store *store, int64_t alert_id, int64_t *ret_case_id)
{
    struct sql q;
    sql_start(&q, store, "SELECT case_id FROM case_step WHERE alert_id = ? ORDER BY number LIMIT 1");
    sql_int(&q, alert_id);
    const int err = sql_row(&q);
    if (err >= 0)
        *ret_case_id = err == 1 ? sql_int_at(&q, 0) : 0;
    return sql_end(&q, err);
}

/* --- where a vehicle belongs --- */

/* "" for a text that no program of ours wrote: an alarm is told without it. */
static void copy_what_fits(struct sql *q, int column, char *target, size_t size)
{
    const char *text = sql_text_at(q, column);
    const size_t len = strlen(text);
    memcpy(target, len < size ? text : "", len < size ? len + 1 : 1);
}

/* Its only permitted route; "" of none or several. */
static int only_route(struct store *store, const char *vehicle, char ret[BW_NAME_LEN])
{
    struct sql q;
    int err, n = 0;
    sql_start(&q, store,
              "SELECT DISTINCT route.route_id, route.name FROM permit JOIN route USING (route_id)"
              " WHERE vehicle_id = ? AND status = 1 LIMIT 2");
    sql_text(&q, vehicle);
    while ((err = sql_row(&q)) == 1)
        if (++n == 1)
            copy_what_fits(&q, 1, ret, BW_NAME_LEN);
    if (n != 1)
        ret[0] = '\0';
    return sql_end(&q, err);
}

int store_vehicle_home(struct store *store, const char *vehicle, struct store_home *ret)
{
    struct store_home home = {0};
    struct sql q;
    sql_start(&q, store,
              "SELECT plate, approved_capacity, school_id, name, division FROM vehicle JOIN school"
              " USING (school_id) WHERE vehicle_id = ?");
    sql_text(&q, vehicle);
    int err = sql_row(&q);
    if (err == 1) {
        home.capacity = (uint16_t)sql_int_at(&q, 1);
        copy_what_fits(&q, 0, home.plate, sizeof(home.plate));
        copy_what_fits(&q, 2, home.school_id, sizeof(home.school_id));
        copy_what_fits(&q, 3, home.school, sizeof(home.school));
        copy_what_fits(&q, 4, home.division, sizeof(home.division));
    }
    err = sql_end(&q, err);
    if (err == 0)
        err = only_route(store, vehicle, home.route);
    if (err == 0)
        *ret = home;
    return err;
}

int store_route_name(struct store *store, const char *route_id, char ret[BW_NAME_LEN])
{
    struct sql q;
    sql_start(&q, store, "SELECT name FROM route WHERE route_id = ?");
    sql_text(&q, route_id);
    const int err = sql_row(&q);
    ret[0] = '\0';
    if (err == 1)
        copy_what_fits(&q, 0, ret, BW_NAME_LEN);
    return sql_end(&q, err);
}

int store_vehicle_stops(struct store *store, const char *vehicle, store_stop_fn fn, void *context)
{
    struct sql q;
    int err, answer = 0;
    sql_start(&q, store,
              "SELECT stop_id, name, lat_deg, lon_deg FROM stop WHERE route_id IN"
              " (SELECT route_id FROM permit WHERE vehicle_id = ?) ORDER BY stop_id");
    sql_text(&q, vehicle);
    while (answer == 0 && (err = sql_row(&q)) == 1)
        answer = fn(context, sql_text_at(&q, 0), sql_text_at(&q, 1), sql_real_at(&q, 2), sql_real_at(&q, 3));
    const int ended = sql_end(&q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

/* --- notices and deliveries --- */

int store_notice_add(struct store *store, const struct store_notice *notice, int64_t now_utc_ms,
                     int64_t *ret_id)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO notice (source, source_id, what, kind, severity, urgent, late, time_utc_ms,"
              " deadline_utc_ms, made_utc_ms, case_id, vehicle, plate, school_id, school, division, route,"
              " stop, aboard, capacity) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const int64_t numbers[] = {notice->source, notice->source_id,   notice->what,
                               notice->kind,   notice->severity,    notice->urgent,
                               notice->late,   notice->time_utc_ms, notice->deadline_utc_ms,
                               now_utc_ms,     notice->case_id};
    const char *texts[] = {notice->vehicle,  notice->plate, notice->school_id, notice->school,
                           notice->division, notice->route, notice->stop};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sql_int(&q, numbers[i]);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        sql_text(&q, texts[i]);
    sql_int(&q, notice->aboard);
    sql_int(&q, notice->capacity);
    const int err = sql_run(&q);
    if (err == 0)
        *ret_id = sqlite3_last_insert_rowid(store->db);
    return err;
}

int store_delivery_add(struct store *store, int64_t notice_id, const char *channel)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO notice_delivery (notice_id, channel, urgent) SELECT id, ?, urgent FROM notice"
              " WHERE id = ?");
    sql_text(&q, channel);
    sql_int(&q, notice_id);
    return sql_run(&q);
}

/* --- messages --- */

int store_deliveries_waiting(struct store *store, const char *channel, bool urgent, size_t *ret)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT count(*) FROM notice_delivery WHERE channel = ? AND urgent = ? AND message IS NULL");
    sql_text(&q, channel);
    sql_int(&q, urgent);
    const int err = sql_row(&q);
    if (err == 1)
        *ret = (size_t)sql_int_at(&q, 0);
    return sql_end(&q, err);
}

static int add_message(struct store *store, const char *channel, bool urgent, const char *id,
                       int64_t now_utc_ms, int64_t *ret_number)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO notice_message (id, channel, urgent, state, attempts, made_utc_ms, next_utc_ms,"
              " last_utc_ms, answer) VALUES (?, ?, ?, 1, 0, ?, ?, 0, '')");
    sql_text(&q, id);
    sql_text(&q, channel);
    sql_int(&q, urgent);
    sql_int(&q, now_utc_ms);
    sql_int(&q, now_utc_ms);
    const int err = sql_run(&q);
    if (err == 0)
        *ret_number = sqlite3_last_insert_rowid(store->db);
    return err;
}

/* -ENOENT: nothing waits. */
static int bind_deliveries(struct store *store, const char *channel, bool urgent, int limit, int64_t number)
{
    struct sql q;
    sql_start(&q, store,
              "UPDATE notice_delivery SET message = ? WHERE id IN (SELECT id FROM notice_delivery"
              " WHERE channel = ? AND urgent = ? AND message IS NULL ORDER BY id LIMIT ?)");
    sql_int(&q, number);
    sql_text(&q, channel);
    sql_int(&q, urgent);
    sql_int(&q, limit);
    int err = sql_run(&q);
    if (err == 0 && sqlite3_changes(store->db) == 0)
        err = sql_fail(store, -ENOENT, "nothing waits for this channel");
    return err;
}

int store_message_make(struct store *store, const char *channel, bool urgent, int limit, const char *id,
                       int64_t now_utc_ms)
{
    int64_t number = 0;
    struct sql_whole whole;
    int err = sql_whole_begin(store, &whole);
    if (err < 0)
        return err;
    err = add_message(store, channel, urgent, id, now_utc_ms, &number);
    if (err == 0)
        err = bind_deliveries(store, channel, urgent, limit, number);
    return sql_whole_end(&whole, err);
}

int store_message_first(struct store *store, const char *channel, bool urgent, struct store_message *ret)
{
    struct store_message message = {0};
    struct sql q;
    sql_start(&q, store,
              "SELECT number, id, attempts, next_utc_ms, made_utc_ms FROM notice_message"
              " WHERE channel = ? AND urgent = ? AND state <= 2 ORDER BY next_utc_ms, number LIMIT 1");
    sql_text(&q, channel);
    sql_int(&q, urgent);
    int err = sql_row(&q);
    if (err == 1) {
        message.number = sql_int_at(&q, 0);
        sql_copy_text(&q, 1, message.id, sizeof(message.id));
        message.attempts = (unsigned)sql_int_at(&q, 2);
        message.next_utc_ms = sql_int_at(&q, 3);
        message.made_utc_ms = sql_int_at(&q, 4);
    } else if (err == 0) {
        err = sql_fail(store, -ENOENT, "no message is due");
    }
    err = sql_end(&q, err);
    if (err == 0)
        *ret = message;
    return err;
}

#define NOTICE_COLUMNS                                                                                       \
    "notice.id, source, source_id, what, kind, severity, notice.urgent, late, time_utc_ms, deadline_utc_ms," \
    " notice.made_utc_ms, case_id, vehicle, plate, school_id, school, division, route, stop, aboard,"        \
    " capacity"
enum { N_NOTICE_COLUMNS = 21 };

static struct store_notice notice_at(const struct sql *q)
{
    return (struct store_notice){
        .id = sql_int_at(q, 0),
        .source = (enum store_notice_source)sql_int_at(q, 1),
        .source_id = sql_int_at(q, 2),
        .what = (enum store_notice_what)sql_int_at(q, 3),
        .kind = (int)sql_int_at(q, 4),
        .severity = (enum bw_severity)sql_int_at(q, 5),
        .urgent = sql_int_at(q, 6) != 0,
        .late = sql_int_at(q, 7) != 0,
        .time_utc_ms = sql_int_at(q, 8),
        .deadline_utc_ms = sql_int_at(q, 9),
        .made_utc_ms = sql_int_at(q, 10),
        .case_id = sql_int_at(q, 11),
        .vehicle = sql_text_at(q, 12),
        .plate = sql_text_at(q, 13),
        .school_id = sql_text_at(q, 14),
        .school = sql_text_at(q, 15),
        .division = sql_text_at(q, 16),
        .route = sql_text_at(q, 17),
        .stop = sql_text_at(q, 18),
        .aboard = (uint16_t)sql_int_at(q, 19),
        .capacity = (uint16_t)sql_int_at(q, 20),
    };
}

int store_message_notices(struct store *store, int64_t number, store_notice_fn fn, void *context)
{
    struct sql q;
    int err, answer = 0;
    sql_start(&q, store,
              "SELECT " NOTICE_COLUMNS " FROM notice_delivery JOIN notice ON notice.id = notice_id"
              " WHERE message = ? ORDER BY notice_delivery.id");
    sql_int(&q, number);
    while (answer == 0 && (err = sql_row(&q)) == 1) {
        const struct store_notice notice = notice_at(&q);
        answer = fn(context, &notice);
    }
    const int ended = sql_end(&q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

static int add_attempt(struct store *store, const char *channel, int64_t now_utc_ms)
{
    struct sql q;
    sql_start(&q, store, "INSERT INTO notice_attempt (channel, utc_ms) VALUES (?, ?)");
    sql_text(&q, channel);
    sql_int(&q, now_utc_ms);
    return sql_run(&q);
}

static int count_attempt(struct store *store, int64_t number, int64_t now_utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "UPDATE notice_message SET attempts = attempts + 1, last_utc_ms = ? WHERE number = ?");
    sql_int(&q, now_utc_ms);
    sql_int(&q, number);
    return sql_run(&q);
}

int store_message_try(struct store *store, const struct store_message *message, const char *channel,
                      int64_t now_utc_ms)
{
    struct sql_whole whole;
    int err = sql_whole_begin(store, &whole);
    if (err < 0)
        return err;
    err = add_attempt(store, channel, now_utc_ms);
    if (err == 0)
        err = count_attempt(store, message->number, now_utc_ms);
    return sql_whole_end(&whole, err);
}

int store_message_end(struct store *store, int64_t number, enum store_delivery_state state,
                      int64_t next_utc_ms, const char *answer, int64_t now_utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "UPDATE notice_message SET state = ?, next_utc_ms = ?, answer = ?, last_utc_ms = ?"
              " WHERE number = ?");
    sql_int(&q, state);
    sql_int(&q, state == STORE_FAILED ? next_utc_ms : 0);
    sql_text(&q, answer);
    sql_int(&q, now_utc_ms);
    sql_int(&q, number);
    return sql_run(&q);
}

int store_attempts(struct store *store, const char *channel, int64_t after_utc_ms, int64_t now_utc_ms,
                   unsigned *ret)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT count(*) FROM notice_attempt WHERE channel = ? AND utc_ms > ? AND utc_ms <= ?");
    sql_text(&q, channel);
    sql_int(&q, after_utc_ms);
    sql_int(&q, now_utc_ms);
    const int err = sql_row(&q);
    if (err == 1)
        *ret = (unsigned)sql_int_at(&q, 0);
    return sql_end(&q, err);
}

static int give_up(struct store *store, const char *channel, const char *why, int64_t now_utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "UPDATE notice_message SET state = 4, next_utc_ms = 0, answer = ?, last_utc_ms = ?"
              " WHERE channel = ? AND state <= 2");
    sql_text(&q, why);
    sql_int(&q, now_utc_ms);
    sql_text(&q, channel);
    return sql_run(&q);
}

/* What is in no message yet comes into one, whatever its class, so that it can end with it. */
int store_channel_drop(struct store *store, const char *channel, const char *why, const char *id,
                       int64_t now_utc_ms)
{
    int64_t number = 0;
    struct sql q;
    struct sql_whole whole;
    int err = sql_whole_begin(store, &whole);
    if (err < 0)
        return err;
    err = add_message(store, channel, false, id, now_utc_ms, &number);
    if (err == 0) {
        sql_start(&q, store, "UPDATE notice_delivery SET message = ? WHERE channel = ? AND message IS NULL");
        sql_int(&q, number);
        sql_text(&q, channel);
        err = sql_run(&q);
    }
    if (err == 0)
        err = give_up(store, channel, why, now_utc_ms);
    return sql_whole_end(&whole, err);
}

int store_next_channel(struct store *store, const char *after, char ret[STORE_CHANNEL_LEN])
{
    struct sql q;
    sql_start(&q, store,
              "SELECT min(channel) FROM (SELECT channel FROM notice_delivery WHERE message IS NULL"
              " UNION SELECT channel FROM notice_message WHERE state <= 2) WHERE channel > ?");
    sql_text(&q, after);
    int err = sql_row(&q);
    if (err == 1 && *sql_text_at(&q, 0) == '\0')
        err = sql_fail(store, -ENOENT, "no channel has anything left to send");
    else if (err == 1)
        sql_copy_text(&q, 0, ret, STORE_CHANNEL_LEN);
    return sql_end(&q, err);
}

static int purge(struct store *store, const char *text, int64_t before_utc_ms, size_t *ret)
{
    struct sql q;
    sql_start(&q, store, text);
    sql_int(&q, before_utc_ms);
    const int err = sql_run(&q);
    if (err == 0 && ret != NULL)
        *ret = (size_t)sqlite3_changes64(store->db);
    return err;
}

int store_notices_purge(struct store *store, int64_t before_utc_ms, size_t *ret_deliveries)
{
    size_t n = 0;
    struct sql_whole whole;
    int err = sql_whole_begin(store, &whole);
    if (err < 0)
        return err;
    err = purge(store,
                "DELETE FROM notice_delivery WHERE message IN"
                " (SELECT number FROM notice_message WHERE state > 2 AND last_utc_ms < ?)",
                before_utc_ms, &n);
    if (err == 0)
        err = purge(store,
                    "DELETE FROM notice_message WHERE state > 2 AND last_utc_ms < ?"
                    " AND number NOT IN (SELECT message FROM notice_delivery WHERE message IS NOT NULL)",
                    before_utc_ms, NULL);
    if (err == 0)
        err = purge(store,
                    "DELETE FROM notice WHERE made_utc_ms < ?"
                    " AND id NOT IN (SELECT notice_id FROM notice_delivery)",
                    before_utc_ms, NULL);
    if (err == 0)
        err = purge(store, "DELETE FROM notice_attempt WHERE utc_ms < ?", before_utc_ms, NULL);
    err = sql_whole_end(&whole, err);
    if (err == 0)
        *ret_deliveries = n;
    return err;
}

/* --- what is shown --- */

#define DELIVERIES                                                                                           \
    "SELECT " NOTICE_COLUMNS ", notice_delivery.id, notice_delivery.channel, coalesce(state, 1),"            \
    " notice_message.id, coalesce(attempts, 0), next_utc_ms, last_utc_ms, answer"                            \
    " FROM notice_delivery JOIN notice ON notice.id = notice_id"                                             \
    " LEFT JOIN notice_message ON number = message"

int store_deliveries(struct store *store, enum store_delivery_state state, const char *channel,
                     int64_t before_id, int limit, store_delivery_fn fn, void *context)
{
    struct sql q;
    int err, answer = 0;
    sql_start(&q, store,
              DELIVERIES " WHERE notice_delivery.id < ?1 AND (?2 = 0 OR coalesce(state, 1) = ?2)"
                         " AND (?3 = '' OR notice_delivery.channel = ?3)"
                         " ORDER BY notice_delivery.id DESC LIMIT ?4");
    sql_int(&q, before_id > 0 ? before_id : INT64_MAX);
    sql_int(&q, state);
    sql_text(&q, channel ? channel : "");
    sql_int(&q, limit);
    while (answer == 0 && (err = sql_row(&q)) == 1) {
        enum { AT = N_NOTICE_COLUMNS };
        const struct store_delivery delivery = {
            .id = sql_int_at(&q, AT),
            .channel = sql_text_at(&q, AT + 1),
            .state = (enum store_delivery_state)sql_int_at(&q, AT + 2),
            .message_id = sql_text_at(&q, AT + 3),
            .attempts = (unsigned)sql_int_at(&q, AT + 4),
            .next_utc_ms = sql_int_at(&q, AT + 5),
            .last_utc_ms = sql_int_at(&q, AT + 6),
            .answer = sql_text_at(&q, AT + 7),
            .notice = notice_at(&q),
        };
        answer = fn(context, &delivery);
    }
    const int ended = sql_end(&q, answer != 0 ? 0 : err);
    return ended < 0 ? ended : answer;
}

/* The number and state of a delivery's message; number 0 = it is in none. */
static int message_of(struct store *store, int64_t id, int64_t *ret_number, int64_t *ret_state)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT message, state FROM notice_delivery LEFT JOIN notice_message ON number = message"
              " WHERE notice_delivery.id = ?");
    sql_int(&q, id);
    int err = sql_row(&q);
    if (err == 0)
        err = sql_fail(store, -ENOENT, "no such delivery");
    if (err == 1) {
        *ret_number = sql_int_at(&q, 0);
        *ret_state = sql_int_at(&q, 1);
    }
    return sql_end(&q, err);
}

int store_delivery_retry(struct store *store, int64_t id, int64_t now_utc_ms)
{
    int64_t number = 0, state = 0;
    struct sql q;
    const int err = message_of(store, id, &number, &state);
    if (err < 0)
        return err;
    if (number == 0)
        return sql_fail(store, -EAGAIN, "this delivery waits for its turn");
    if (state == STORE_SENT)
        return sql_fail(store, -EALREADY, "this delivery has been sent");
    sql_start(&q, store,
              "UPDATE notice_message SET state = 1, attempts = 0, next_utc_ms = ? WHERE number = ?"
              " AND state <> 3");
    sql_int(&q, now_utc_ms);
    sql_int(&q, number);
    return sql_run(&q);
}

int store_notice_counts(struct store *store, struct store_notice_counts *ret)
{
    struct store_notice_counts counts = {0};
    struct sql q;
    int err;
    sql_start(&q, store,
              "SELECT 1, count(*), min(made_utc_ms) FROM notice_delivery"
              " JOIN notice ON notice.id = notice_id WHERE message IS NULL"
              " UNION ALL SELECT state, count(*), min(notice.made_utc_ms) FROM notice_message"
              " JOIN notice_delivery ON message = number JOIN notice ON notice.id = notice_id"
              " WHERE state <> 3 GROUP BY state");
    while ((err = sql_row(&q)) == 1) {
        const int64_t state = sql_int_at(&q, 0), oldest_utc_ms = sql_int_at(&q, 2);
        if (state < 1 || state >= STORE_DELIVERY_STATES)
            continue;
        counts.n[state] += sql_int_at(&q, 1);
        const bool is_unsent = oldest_utc_ms > 0 && state != STORE_GIVEN_UP;
        if (is_unsent && (counts.oldest_unsent_utc_ms == 0 || oldest_utc_ms < counts.oldest_unsent_utc_ms))
            counts.oldest_unsent_utc_ms = oldest_utc_ms;
    }
    err = sql_end(&q, err);
    if (err == 0)
        *ret = counts;
    return err;
}

int store_channel_counts(struct store *store, store_channel_fn fn, void *context)
{
    struct sql q;
    int err, answer = 0;
    sql_start(&q, store,
              "SELECT notice_delivery.channel, sum(coalesce(state, 1) = 1), sum(state = 2), sum(state = 3),"
              " sum(state = 4), min(CASE WHEN coalesce(state, 1) <= 2 THEN notice.made_utc_ms END)"
              " FROM notice_delivery LEFT JOIN notice_message ON number = message"
              " LEFT JOIN notice ON coalesce(state, 1) <= 2 AND notice.id = notice_id GROUP BY 1 ORDER BY 1");
    while ((err = sql_row(&q)) == 1 && answer == 0) {
        struct store_notice_counts counts = {.oldest_unsent_utc_ms = sql_int_at(&q, 5)};
        for (int state = STORE_PENDING; state < STORE_DELIVERY_STATES; state++)
            counts.n[state] = sql_int_at(&q, state);
        answer = fn(context, sql_text_at(&q, 0), &counts);
    }
    err = sql_end(&q, err == 1 ? 0 : err);
    return err < 0 ? err : answer;
}
