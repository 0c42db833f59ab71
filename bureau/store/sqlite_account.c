/* Accounts, and what they carry: sessions, tokens, known browsers; failed log-ins. */
#include "bureau/store/accounts.h"
#include "bureau/store/sql.h"

#include <errno.h>
#include <string.h>

enum { FAILURE_WEIGHT_MS = 15 * 60 * 1000 };

static int no_account(struct store *store)
{
    return sql_fail(store, -ENOENT, "there is no such account");
}

/* For statements that must change a row. */
static int run_on_one(struct sql *q, int (*missing)(struct store *store))
{
    const int err = sql_run(q);
    return err == 0 && sqlite3_changes(q->store->db) == 0 ? missing(q->store) : err;
}

/* A statement with one value: how many? */
static int count(struct store *store, const char *text, int64_t value, int64_t *ret_n)
{
    struct sql q;
    sql_start(&q, store, text);
    sql_int(&q, value);
    const int err = sql_row(&q);
    if (err > 0)
        *ret_n = sql_int_at(&q, 0);
    return sql_end(&q, err);
}

/* --- accounts --- */

int account_add(struct store *store, const struct account *account, const char *password_hash)
{
    int64_t n = 0;
    int err = count(store, "SELECT count(*) FROM account WHERE created_utc_ms >= ?", 0, &n);
    if (err == 0 && n >= ACCOUNTS_MAX)
        err = sql_fail(store, -ENOSPC, "as many accounts as can be are there");
    if (err < 0)
        return err;
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO account (name, role, school_id, password, created_utc_ms, password_utc_ms)"
              " VALUES (?, ?, ?, ?, ?, ?)");
    sql_text(&q, account->name);
    sql_int(&q, account->role);
    sql_text(&q, account->school_id);
    sql_text(&q, password_hash);
    sql_int(&q, account->created_utc_ms);
    sql_int(&q, account->created_utc_ms);
    return sql_run(&q);
}

#define ACCOUNTS                                                                                             \
    "SELECT name, role, school_id, created_utc_ms, password_utc_ms, login_utc_ms, disabled_utc_ms"           \
    " FROM account"

static void read_account(struct sql *q, struct account *ret)
{
    *ret = (struct account){
        .role = (enum access_role)sql_int_at(q, 1),
        .created_utc_ms = sql_int_at(q, 3),
        .password_utc_ms = sql_int_at(q, 4),
        .login_utc_ms = sql_int_at(q, 5),
        .disabled_utc_ms = sql_int_at(q, 6),
    };
    sql_copy_text(q, 0, ret->name, sizeof(ret->name));
    sql_copy_text(q, 2, ret->school_id, sizeof(ret->school_id));
}

int account_get(struct store *store, const char *name, struct account *ret)
{
    struct account found;
    struct sql q;
    sql_start(&q, store, ACCOUNTS " WHERE name = ?");
    sql_text(&q, name);
    int err = sql_row(&q);
    if (err > 0)
        read_account(&q, &found);
    else if (err == 0)
        err = no_account(store);
    err = sql_end(&q, err);
    if (err == 0)
        *ret = found;
    return err;
}

int account_password(struct store *store, const char *name, char ret_hash[PASSWORD_HASH_LEN])
{
    struct sql q;
    sql_start(&q, store, "SELECT password FROM account WHERE name = ?");
    sql_text(&q, name);
    int err = sql_row(&q);
    if (err > 0)
        sql_copy_text(&q, 0, ret_hash, PASSWORD_HASH_LEN);
    else if (err == 0)
        err = no_account(store);
    return sql_end(&q, err);
}

int accounts_list(struct store *store, account_fn fn, void *context)
{
    struct sql q;
    int err;
    sql_start(&q, store, ACCOUNTS " ORDER BY name");
    while ((err = sql_row(&q)) == 1) {
        struct account row;
        read_account(&q, &row);
        const int answer = q.err < 0 ? q.err : fn(context, &row);
        if (answer != 0) {
            const int ended = sql_end(&q, 0);
            return ended < 0 ? ended : answer;
        }
    }
    return sql_end(&q, err);
}

static int forget_devices(struct store *store, const char *account)
{
    struct sql q;
    sql_start(&q, store, "DELETE FROM device WHERE account = ?");
    sql_text(&q, account);
    return sql_run(&q);
}

static int end_all(struct store *store, const char *account)
{
    const int err = sessions_end(store, account, NULL);
    return err == 0 ? forget_devices(store, account) : err;
}

int account_password_set(struct store *store, const char *name, const char *password_hash, int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store, "UPDATE account SET password = ?, password_utc_ms = ? WHERE name = ?");
    sql_text(&q, password_hash);
    sql_int(&q, utc_ms);
    sql_text(&q, name);
    const int err = run_on_one(&q, no_account);
    return err == 0 ? end_all(store, name) : err;
}

int account_rehash(struct store *store, const char *name, const char *password_hash)
{
    struct sql q;
    sql_start(&q, store, "UPDATE account SET password = ? WHERE name = ?");
    sql_text(&q, password_hash);
    sql_text(&q, name);
    return run_on_one(&q, no_account);
}

int account_disable(struct store *store, const char *name, int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store, "UPDATE account SET disabled_utc_ms = ? WHERE name = ?");
    sql_int(&q, utc_ms);
    sql_text(&q, name);
    const int err = run_on_one(&q, no_account);
    return err == 0 ? end_all(store, name) : err;
}

/* --- sessions --- */

static int keep_newest_sessions(struct store *store, const char *account)
{
    struct sql q;
    sql_start(&q, store,
              "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE account = ?"
              " ORDER BY used_utc_ms DESC, begun_utc_ms DESC LIMIT -1 OFFSET ?)");
    sql_text(&q, account);
    sql_int(&q, ACCOUNT_SESSIONS_MAX);
    return sql_run(&q);
}

int session_add(struct store *store, const uint8_t hash[SECRET_HASH_LEN], const char *account, int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO session (hash, account, begun_utc_ms, used_utc_ms) VALUES (?, ?, ?, ?)");
    sql_blob(&q, hash, SECRET_HASH_LEN);
    sql_text(&q, account);
    sql_int(&q, utc_ms);
    sql_int(&q, utc_ms);
    int err = sql_run(&q);
    if (err < 0)
        return err;
    sql_start(&q, store, "UPDATE account SET login_utc_ms = ? WHERE name = ?");
    sql_int(&q, utc_ms);
    sql_text(&q, account);
    err = sql_run(&q);
    return err == 0 ? keep_newest_sessions(store, account) : err;
}

static void read_who(struct sql *q, int column, struct access_who *ret)
{
    ret->role = (enum access_role)sql_int_at(q, column + 1);
    sql_copy_text(q, column, ret->name, sizeof(ret->name));
    sql_copy_text(q, column + 2, ret->school_id, sizeof(ret->school_id));
}

int session_find(struct store *store, const uint8_t hash[SECRET_HASH_LEN], int64_t now_utc_ms,
                 struct session *ret)
{
    struct session found = {0};
    struct sql q;
    sql_start(&q, store,
              "SELECT name, role, school_id, begun_utc_ms, used_utc_ms FROM session JOIN account ON name ="
              " account WHERE hash = ? AND begun_utc_ms > ? AND used_utc_ms > ? AND disabled_utc_ms = 0");
    sql_blob(&q, hash, SECRET_HASH_LEN);
    sql_int(&q, now_utc_ms - ACCOUNT_SESSION_MS);
    sql_int(&q, now_utc_ms - ACCOUNT_IDLE_MS);
    int err = sql_row(&q);
    if (err > 0) {
        read_who(&q, 0, &found.who);
        found.begun_utc_ms = sql_int_at(&q, 3);
        found.used_utc_ms = sql_int_at(&q, 4);
    } else if (err == 0) {
        err = sql_fail(store, -ENOENT, "there is no such session");
    }
    err = sql_end(&q, err);
    if (err == 0)
        *ret = found;
    return err;
}

int session_used(struct store *store, const uint8_t hash[SECRET_HASH_LEN], int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store, "UPDATE session SET used_utc_ms = ? WHERE hash = ?");
    sql_int(&q, utc_ms);
    sql_blob(&q, hash, SECRET_HASH_LEN);
    return sql_run(&q);
}

int session_end(struct store *store, const uint8_t hash[SECRET_HASH_LEN])
{
    struct sql q;
    sql_start(&q, store, "DELETE FROM session WHERE hash = ?");
    sql_blob(&q, hash, SECRET_HASH_LEN);
    return sql_run(&q);
}

int sessions_end(struct store *store, const char *account, const uint8_t *keep)
{
    struct sql q;
    sql_start(&q, store, "DELETE FROM session WHERE account = ? AND hash <> ?");
    sql_text(&q, account);
    sql_blob(&q, keep, keep != NULL ? SECRET_HASH_LEN : 0);
    return sql_run(&q);
}

int sessions_purge(struct store *store, int64_t now_utc_ms)
{
    struct sql q;
    sql_start(&q, store, "DELETE FROM session WHERE begun_utc_ms <= ? OR used_utc_ms <= ?");
    sql_int(&q, now_utc_ms - ACCOUNT_SESSION_MS);
    sql_int(&q, now_utc_ms - ACCOUNT_IDLE_MS);
    return sql_run(&q);
}

/* --- tokens --- */

static int tokens_in_force(struct store *store, const char *account, int64_t now_utc_ms, int64_t *ret_n)
{
    struct sql q;
    sql_start(&q, store,
              "SELECT count(*) FROM token WHERE account = ? AND revoked_utc_ms = 0 AND expires_utc_ms > ?");
    sql_text(&q, account);
    sql_int(&q, now_utc_ms);
    const int err = sql_row(&q);
    if (err > 0)
        *ret_n = sql_int_at(&q, 0);
    return sql_end(&q, err);
}

int token_add(struct store *store, const struct token *token, const uint8_t hash[SECRET_HASH_LEN],
              int64_t *ret_id)
{
    struct account owner;
    int64_t n = 0;
    int err = account_get(store, token->account, &owner);
    if (err == 0)
        err = tokens_in_force(store, token->account, token->created_utc_ms, &n);
    if (err == 0 && n >= ACCOUNT_TOKENS_MAX)
        err = sql_fail(store, -ENOSPC, "the account has as many tokens as can be");
    if (err < 0)
        return err;
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO token (hash, account, note, scopes, created_utc_ms, expires_utc_ms)"
              " VALUES (?, ?, ?, ?, ?, ?)");
    sql_blob(&q, hash, SECRET_HASH_LEN);
    sql_text(&q, token->account);
    sql_text(&q, token->note);
    sql_int(&q, token->scopes);
    sql_int(&q, token->created_utc_ms);
    sql_int(&q, token->expires_utc_ms);
    err = sql_run(&q);
    if (err == 0)
        *ret_id = sqlite3_last_insert_rowid(store->db);
    return err;
}

#define TOKENS                                                                                               \
    "SELECT id, account, note, scopes, token.created_utc_ms, expires_utc_ms, revoked_utc_ms,"                \
    " token.used_utc_ms"

static void read_token(struct sql *q, struct token *ret)
{
    *ret = (struct token){
        .id = sql_int_at(q, 0),
        .scopes = (unsigned)sql_int_at(q, 3),
        .created_utc_ms = sql_int_at(q, 4),
        .expires_utc_ms = sql_int_at(q, 5),
        .revoked_utc_ms = sql_int_at(q, 6),
        .used_utc_ms = sql_int_at(q, 7),
    };
    sql_copy_text(q, 1, ret->account, sizeof(ret->account));
    sql_copy_text(q, 2, ret->note, sizeof(ret->note));
}

static int no_token(struct store *store)
{
    return sql_fail(store, -ENOENT, "there is no such token");
}

int token_find(struct store *store, const uint8_t hash[SECRET_HASH_LEN], int64_t now_utc_ms,
               struct access_who *ret_who, struct token *ret)
{
    struct access_who who = {0};
    struct token found;
    struct sql q;
    sql_start(&q, store,
              TOKENS ", name, role, school_id FROM token JOIN account ON name = account WHERE hash = ?"
                     " AND revoked_utc_ms = 0 AND expires_utc_ms > ? AND disabled_utc_ms = 0");
    sql_blob(&q, hash, SECRET_HASH_LEN);
    sql_int(&q, now_utc_ms);
    int err = sql_row(&q);
    if (err > 0) {
        read_token(&q, &found);
        read_who(&q, 8, &who);
    } else if (err == 0) {
        err = no_token(store);
    }
    err = sql_end(&q, err);
    if (err == 0) {
        *ret_who = who;
        *ret = found;
    }
    return err;
}

int token_get(struct store *store, int64_t id, struct token *ret)
{
    struct token found;
    struct sql q;
    sql_start(&q, store, TOKENS " FROM token WHERE id = ?");
    sql_int(&q, id);
    int err = sql_row(&q);
    if (err > 0)
        read_token(&q, &found);
    else if (err == 0)
        err = no_token(store);
    err = sql_end(&q, err);
    if (err == 0)
        *ret = found;
    return err;
}

int token_used(struct store *store, int64_t id, int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store, "UPDATE token SET used_utc_ms = ? WHERE id = ?");
    sql_int(&q, utc_ms);
    sql_int(&q, id);
    return sql_run(&q);
}

int token_revoke(struct store *store, int64_t id, int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "UPDATE token SET revoked_utc_ms = iif(revoked_utc_ms = 0, ?, revoked_utc_ms) WHERE id = ?");
    sql_int(&q, utc_ms);
    sql_int(&q, id);
    return run_on_one(&q, no_token);
}

int tokens_list(struct store *store, const char *account, token_fn fn, void *context)
{
    static const char all[] = TOKENS " FROM token ORDER BY account, id";
    static const char some[] = TOKENS " FROM token WHERE account = ? ORDER BY id";
    struct sql q;
    int err;
    sql_start(&q, store, account ? some : all);
    if (account != NULL)
        sql_text(&q, account);
    while ((err = sql_row(&q)) == 1) {
        struct token row;
        read_token(&q, &row);
        const int answer = q.err < 0 ? q.err : fn(context, &row);
        if (answer != 0) {
            const int ended = sql_end(&q, 0);
            return ended < 0 ? ended : answer;
        }
    }
    return sql_end(&q, err);
}

/* --- browsers --- */

int device_add(struct store *store, const uint8_t hash[SECRET_HASH_LEN], const char *account, int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store, "INSERT INTO device (hash, account, used_utc_ms) VALUES (?, ?, ?)");
    sql_blob(&q, hash, SECRET_HASH_LEN);
    sql_text(&q, account);
    sql_int(&q, utc_ms);
    const int err = sql_run(&q);
    if (err < 0)
        return err;
    sql_start(&q, store,
              "DELETE FROM device WHERE account = ? AND hash NOT IN (SELECT hash FROM device"
              " WHERE account = ? ORDER BY used_utc_ms DESC LIMIT ?)");
    sql_text(&q, account);
    sql_text(&q, account);
    sql_int(&q, ACCOUNT_DEVICES_MAX);
    return sql_run(&q);
}

int device_known(struct store *store, const uint8_t hash[SECRET_HASH_LEN], const char *account,
                 int64_t now_utc_ms)
{
    struct sql q;
    sql_start(&q, store, "SELECT 1 FROM device WHERE hash = ? AND account = ? AND used_utc_ms > ?");
    sql_blob(&q, hash, SECRET_HASH_LEN);
    sql_text(&q, account);
    sql_int(&q, now_utc_ms - ACCOUNT_DEVICE_MS);
    const int known = sql_row(&q);
    const int err = sql_end(&q, known);
    return err < 0 ? err : known;
}

int device_used(struct store *store, const uint8_t hash[SECRET_HASH_LEN], int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store, "UPDATE device SET used_utc_ms = ? WHERE hash = ?");
    sql_int(&q, utc_ms);
    sql_blob(&q, hash, SECRET_HASH_LEN);
    return sql_run(&q);
}

/* --- failed log-ins --- */

int failures_get(struct store *store, enum lockout_kind kind, const char *subject, int64_t now_utc_ms,
                 struct failures *ret)
{
    struct failures found = {0};
    struct sql q;
    sql_start(
        &q, store,
        "SELECT count, last_utc_ms FROM login_failure WHERE kind = ? AND subject = ? AND last_utc_ms > ?");
    sql_int(&q, kind);
    sql_text(&q, subject);
    sql_int(&q, now_utc_ms - LOCKOUT_FORGET_MS);
    int err = sql_row(&q);
    if (err > 0)
        found = (struct failures){(uint32_t)sql_int_at(&q, 0), sql_int_at(&q, 1)};
    err = sql_end(&q, err);
    if (err == 0)
        *ret = found;
    return err;
}

/* Names and addresses may be an attacker's choice. Those go that failed longest ago, where each failure of a
 * subject counts as if it had failed FAILURE_WEIGHT_MS later: a flood of made-up names does not wash away the
 * one that is guessed at, nor does a table full of old ones keep it out. The one just written stays. */
static int bound_failures(struct store *store, enum lockout_kind kind, const char *subject, int64_t utc_ms)
{
    int64_t n = 0;
    struct sql q;
    int err = count(store, "SELECT count(*) FROM login_failure WHERE last_utc_ms > ?", -1, &n);
    if (err < 0 || n <= ACCOUNT_FAILURES_MAX)
        return err;
    sql_start(&q, store, "DELETE FROM login_failure WHERE last_utc_ms <= ?");
    sql_int(&q, utc_ms - LOCKOUT_FORGET_MS);
    err = sql_run(&q);
    if (err < 0)
        return err;
    sql_start(&q, store,
              "DELETE FROM login_failure WHERE (kind, subject) IN (SELECT kind, subject FROM login_failure"
              " WHERE kind <> ? OR subject <> ?"
              " ORDER BY last_utc_ms + min(count, 20) * ? DESC LIMIT -1 OFFSET ?)");
    sql_int(&q, kind);
    sql_text(&q, subject);
    sql_int(&q, FAILURE_WEIGHT_MS);
    sql_int(&q, ACCOUNT_FAILURES_MAX - 1);
    return sql_run(&q);
}

int failures_add(struct store *store, enum lockout_kind kind, const char *subject, int64_t utc_ms)
{
    struct sql q;
    sql_start(&q, store,
              "INSERT INTO login_failure (kind, subject, count, last_utc_ms) VALUES (?, ?, 1, ?)"
              " ON CONFLICT (kind, subject) DO UPDATE SET"
              " count = iif(last_utc_ms > ?, count + 1, 1), last_utc_ms = excluded.last_utc_ms");
    sql_int(&q, kind);
    sql_text(&q, subject);
    sql_int(&q, utc_ms);
    sql_int(&q, utc_ms - LOCKOUT_FORGET_MS);
    const int err = sql_run(&q);
    return err == 0 ? bound_failures(store, kind, subject, utc_ms) : err;
}

int failures_take_back(struct store *store, enum lockout_kind kind, const char *subject)
{
    struct sql q;
    sql_start(&q, store,
              "UPDATE login_failure SET count = count - 1 WHERE kind = ? AND subject = ? AND count > 0");
    sql_int(&q, kind);
    sql_text(&q, subject);
    return sql_run(&q);
}

int failures_clear(struct store *store, enum lockout_kind kind, const char *subject)
{
    struct sql q;
    sql_start(&q, store, "DELETE FROM login_failure WHERE kind = ? AND subject = ?");
    sql_int(&q, kind);
    sql_text(&q, subject);
    return sql_run(&q);
}
