/* Who may ask the bureau: accounts, their sessions, API tokens and known browsers, and failed log-ins. Of
 * every secret only its hash is kept (secret.h), of passwords their Argon2id string (password.h). Rules as in
 * store.h; instants are ms since 1970 UTC, 0 = never. */
#ifndef BUSWARDEN_ACCOUNTS_H
#define BUSWARDEN_ACCOUNTS_H

#include "bureau/access/access.h"
#include "bureau/access/lockout.h"
#include "bureau/access/password.h"
#include "bureau/access/secret.h"
#include "bureau/store/store.h"

enum {
    ACCOUNTS_MAX = 4096,
    ACCOUNT_SESSIONS_MAX = 16, /* of one account: the one used longest ago goes */
    ACCOUNT_DEVICES_MAX = 16,  /* so too */
    ACCOUNT_TOKENS_MAX = 32,   /* of one account, in force */
    ACCOUNT_NOTE_LEN = 80,     /* with the NUL */
    ACCOUNT_FAILURES_MAX = 8192,
    ACCOUNT_IDLE_MS = 2 * 60 * 60 * 1000,     /* a session without any request ends */
    ACCOUNT_SESSION_MS = 12 * 60 * 60 * 1000, /* and every one does */
    ACCOUNT_USED_MS = 60 * 1000,              /* "last used" is that coarse, to write seldom */
};
static const int64_t ACCOUNT_DEVICE_MS = 180LL * 24 * 60 * 60 * 1000; /* a browser that did not log in */

/* --- accounts: never deleted, because the audit names them --- */
struct account {
    char name[ACCESS_NAME_LEN];
    enum access_role role;
    char school_id[BW_ID_LEN]; /* ACCESS_SCHOOL: its school; else "" */
    int64_t created_utc_ms, password_utc_ms, login_utc_ms, disabled_utc_ms;
};
/* -EEXIST: there is one of that name; -ENOSPC: ACCOUNTS_MAX are there. */
int account_add(struct store *store, const struct account *account, const char *password_hash);
/* -ENOENT. */
int account_get(struct store *store, const char *name, struct account *ret);
int account_password(struct store *store, const char *name, char ret_hash[PASSWORD_HASH_LEN]);
typedef int (*account_fn)(void *context, const struct account *row);
int accounts_list(struct store *store, account_fn fn, void *context); /* by name */
/* Ends its sessions and forgets its browsers, all in one; utc_ms 0 in account_disable(): enabled again.
 * -ENOENT. Within a transaction of the caller. */
int account_password_set(struct store *store, const char *name, const char *password_hash, int64_t utc_ms);
int account_disable(struct store *store, const char *name, int64_t utc_ms);
/* The same password with another cost: nothing ends. */
int account_rehash(struct store *store, const char *name, const char *password_hash);

/* --- sessions --- */
int session_add(struct store *store, const uint8_t hash[SECRET_HASH_LEN], const char *account,
                int64_t utc_ms);
/* -ENOENT: none, or over (idle, or too old), or its account is disabled. Does not write. */
struct session {
    struct access_who who;
    int64_t begun_utc_ms, used_utc_ms;
};
int session_find(struct store *store, const uint8_t hash[SECRET_HASH_LEN], int64_t now_utc_ms,
                 struct session *ret);
int session_used(struct store *store, const uint8_t hash[SECRET_HASH_LEN], int64_t utc_ms);
int session_end(struct store *store, const uint8_t hash[SECRET_HASH_LEN]); /* 0 as well when there is none */
/* All of an account but one; keep NULL = all. */
int sessions_end(struct store *store, const char *account, const uint8_t *keep);
int sessions_purge(struct store *store, int64_t now_utc_ms); /* those that are over */

/* --- API tokens: an account's, for programs --- */
struct token {
    int64_t id;
    char account[ACCESS_NAME_LEN], note[ACCOUNT_NOTE_LEN];
    unsigned scopes; /* enum access_scope */
    int64_t created_utc_ms, expires_utc_ms, revoked_utc_ms, used_utc_ms;
};
/* id is given. -ENOENT: no such account; -ENOSPC: it has ACCOUNT_TOKENS_MAX in force. */
int token_add(struct store *store, const struct token *token, const uint8_t hash[SECRET_HASH_LEN],
              int64_t *ret_id);
/* -ENOENT: none, or expired, revoked, or its account is disabled. Does not write. */
int token_find(struct store *store, const uint8_t hash[SECRET_HASH_LEN], int64_t now_utc_ms,
               struct access_who *ret_who, struct token *ret);
int token_used(struct store *store, int64_t id, int64_t utc_ms);
int token_get(struct store *store, int64_t id, struct token *ret); /* -ENOENT */
int token_revoke(struct store *store, int64_t id, int64_t utc_ms); /* -ENOENT; stays revoked */
typedef int (*token_fn)(void *context, const struct token *row);
/* By account and id; account NULL = all. */
int tokens_list(struct store *store, const char *account, token_fn fn, void *context);

/* --- browsers that an account has logged in from --- */
int device_add(struct store *store, const uint8_t hash[SECRET_HASH_LEN], const char *account, int64_t utc_ms);
int device_known(struct store *store, const uint8_t hash[SECRET_HASH_LEN], const char *account,
                 int64_t now_utc_ms); /* 1 or 0 */
int device_used(struct store *store, const uint8_t hash[SECRET_HASH_LEN], int64_t utc_ms);

/* --- failed log-ins. subject: what was typed as a name, an address, a browser's hash as hex --- */
struct failures {
    uint32_t count; /* 0 = none, or so long ago that they are forgotten */
    int64_t last_utc_ms;
};
int failures_get(struct store *store, enum lockout_kind kind, const char *subject, int64_t now_utc_ms,
                 struct failures *ret);
/* One more. Beyond ACCOUNT_FAILURES_MAX subjects others go, those that failed long ago and few times. */
int failures_add(struct store *store, enum lockout_kind kind, const char *subject, int64_t utc_ms);
int failures_take_back(struct store *store, enum lockout_kind kind, const char *subject); /* one */
int failures_clear(struct store *store, enum lockout_kind kind, const char *subject);

#endif
