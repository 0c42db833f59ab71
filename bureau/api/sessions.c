/* /v1/session: log in, who am I, log out; /v1/password. */
#include "bureau/api/gate.h"
#include "bureau/api/hasher.h"
#include "bureau/api/internal.h"
#include "proto/modeljson.h"
#include "proto/seal.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { SUBJECT_LEN = 2 * SECRET_HASH_LEN + 1 };

/* --- whose failures are counted --- */

/* The browser by itself where the account has logged in from it before; else the name and the address. */
struct counted {
    size_t n;
    struct {
        enum lockout_kind kind;
        char subject[SUBJECT_LEN];
    } of[2];
    bool known; /* a browser that is known */
    uint8_t device[SECRET_HASH_LEN];
};

static void count_by(struct counted *counted, enum lockout_kind kind, const char *subject)
{
    counted->of[counted->n].kind = kind;
    (void)snprintf(counted->of[counted->n++].subject, SUBJECT_LEN, "%s", subject);
}

static int find_counted(struct api *api, const struct api_request *request, const char *name,
                        int64_t now_utc_ms, struct counted *ret)
{
    char subject[SUBJECT_LEN];
    const char *cookie = gate_cookie(request->connection, request->caller, GATE_COOKIE_DEVICE);
    *ret = (struct counted){0};
    if (cookie && secret_hash(SECRET_DEVICE, cookie, ret->device) == 0) {
        const int known = device_known(api->store, ret->device, name, now_utc_ms);
        if (known < 0)
            return known;
        ret->known = known == 1;
    }
    if (ret->known) {
        seal_hex_format(ret->device, sizeof(ret->device), subject);
        count_by(ret, LOCKOUT_DEVICE, subject);
    } else {
        count_by(ret, LOCKOUT_ACCOUNT, name);
        count_by(ret, LOCKOUT_ADDRESS, request->caller->address);
    }
    return 0;
}

/* When the next attempt is heard; 0 = now. */
static int locked_until(struct api *api, const struct counted *counted, int64_t now_utc_ms, int64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < counted->n; i++) {
        struct failures failures;
        const int rc =
            failures_get(api->store, counted->of[i].kind, counted->of[i].subject, now_utc_ms, &failures);
        if (rc != 0)
            return rc;
        const int64_t until = lockout_until_utc_ms(counted->of[i].kind, failures.count, failures.last_utc_ms);
        if (until > now_utc_ms && until > *ret)
            *ret = until;
    }
    return 0;
}

/* Before the answer is known, so that attempts side by side are all counted. */
static int count_failure(struct api *api, const struct counted *counted, int64_t now_utc_ms)
{
    int rc = store_begin(api->store);
    for (size_t i = 0; i < counted->n && rc == 0; i++)
        rc = failures_add(api->store, counted->of[i].kind, counted->of[i].subject, now_utc_ms);
    if (rc == 0)
        rc = store_commit(api->store);
    if (rc != 0)
        store_rollback(api->store);
    return rc;
}

/* It was none: the name starts afresh; an address, from which others may guess, has one fewer. */
static int uncount_failure(struct api *api, const struct counted *counted)
{
    int rc = 0;
    for (size_t i = 0; i < counted->n && rc == 0; i++)
        rc = counted->of[i].kind == LOCKOUT_ADDRESS
                 ? failures_take_back(api->store, counted->of[i].kind, counted->of[i].subject)
                 : failures_clear(api->store, counted->of[i].kind, counted->of[i].subject);
    return rc;
}

/* Nobody looked at the password. */
static int take_back_failure(struct api *api, const struct counted *counted)
{
    int rc = 0;
    for (size_t i = 0; i < counted->n && rc == 0; i++)
        rc = failures_take_back(api->store, counted->of[i].kind, counted->of[i].subject);
    return rc;
}

static struct api_reply reply_undone(struct api *api, const struct counted *counted)
{
    return take_back_failure(api, counted) == 0
               ? reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "the bureau is stopping")
               : reply_store_failed();
}

static struct api_reply wait_reply(unsigned status, const char *code, const char *message, int64_t wait_ms)
{
    char seconds[24];
    struct api_reply reply = reply_error(status, code, message);
    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)((wait_ms + 999) / 1000));
    reply_header(&reply, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    return reply;
}

/* Locked, or counted and on its way; status 0 then. */
static struct api_reply hand_to_hasher(struct api *api, const struct api_request *request,
                                       const struct counted *counted, int64_t now_utc_ms)
{
    int64_t until;
    if (locked_until(api, counted, now_utc_ms, &until) != 0)
        return reply_store_failed();
    if (until != 0)
        return wait_reply(MHD_HTTP_TOO_MANY_REQUESTS, "locked",
                          "too many failed log-ins; Retry-After says when", until - now_utc_ms);
    if (count_failure(api, counted, now_utc_ms) != 0)
        return reply_store_failed();
    const struct api_reply reply = request_hash(api, request);
    if (reply.status != 0) /* a failure that stays counted by mistake is forgotten in time */
        (void)take_back_failure(api, counted);
    return reply;
}

/* --- log in --- */

struct credentials {
    char name[ACCESS_NAME_LEN];
    const char *password;
};

/* A phone's keyboard begins with a capital. What can be no account's name is one that nobody has. */
static void take_name(const char *typed, char ret[ACCESS_NAME_LEN])
{
    (void)snprintf(ret, ACCESS_NAME_LEN, "%s", typed);
    for (char *c = ret; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = "abcdefghijklmnopqrstuvwxyz"[*c - 'A'];
    if (access_name_fault(ret))
        (void)snprintf(ret, ACCESS_NAME_LEN, "?");
}

/* `ret->password` lives as long as the body. */
static bool read_credentials(json_t *body, struct credentials *ret)
{
    const char *name;
    if (json_unpack(body, "{s:s, s:s !}", "name", &name, "password", &ret->password) != 0 ||
        strlen(ret->password) >= PASSWORD_LEN)
        return false;
    take_name(name, ret->name);
    return true;
}

/* The job is made ready for the account's hash, or nobody's. */
static int prepare_check(struct api *api, const char *name, const char *password, struct hash_job *job)
{
    struct account account;
    int rc = account_get(api->store, name, &account);
    if (rc == 0 && account.disabled_utc_ms == 0)
        rc = account_password(api->store, name, job->hash);
    else if (rc == 0)
        rc = -ENOENT;
    job->has_hash = rc == 0;
    /* "" would be no check at all; nobody's password is one blank. */
    (void)snprintf(job->password, sizeof(job->password), "%s", *password ? password : " ");
    return rc == -ENOENT ? 0 : rc;
}

/* The password may have been changed, or the account disabled, while it was being checked. */
static bool still_fits(struct api *api, const char *name, const struct hash_job *job)
{
    struct account account;
    char hash[PASSWORD_HASH_LEN];
    return job->matches && account_get(api->store, name, &account) == 0 && account.disabled_utc_ms == 0 &&
           account_password(api->store, name, hash) == 0 && strcmp(hash, job->hash) == 0;
}

static json_t *session_json(struct api *api, const struct access_who *who, const char *account,
                            const char *by, unsigned scopes, int64_t until_utc_ms)
{
    char words[ACCESS_SCOPES_LEN];
    const struct registry *registry;
    const struct registry_school *school = NULL;
    if (who->role == ACCESS_SCHOOL && request_registry(api, &registry) == 0)
        school = registry_school(registry, who->school_id);
    access_scopes_format(scopes, words);
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:o}", "name", account, "role",
                     access_role_name(who->role), "school_id", modeljson_text(who->school_id), "school",
                     modeljson_text(school ? school->name : ""), "by", by, "scopes", words, "expires_at",
                     modeljson_instant(until_utc_ms));
}

/* A new session and, for a browser that is not known yet, its cookie. Within a transaction. */
struct entry {
    char session[SECRET_TEXT_LEN], device[SECRET_TEXT_LEN];
};

static int enter(struct api *api, const char *name, const struct counted *counted, int64_t now_utc_ms,
                 struct entry *ret)
{
    uint8_t hash[SECRET_HASH_LEN];
    secret_make(SECRET_SESSION, ret->session, hash);
    int rc = sessions_purge(api->store, now_utc_ms);
    if (rc == 0)
        rc = session_add(api->store, hash, name, now_utc_ms);
    if (rc == 0 && counted && counted->known)
        return device_used(api->store, counted->device, now_utc_ms);
    secret_make(SECRET_DEVICE, ret->device, hash);
    return rc == 0 ? device_add(api->store, hash, name, now_utc_ms) : rc;
}

static struct api_reply entered(struct api *api, const struct api_request *request, const char *name,
                                const struct entry *entry, int64_t now_utc_ms)
{
    struct account account;
    if (account_get(api->store, name, &account) != 0)
        return reply_store_failed();
    struct access_who who = {.role = account.role};
    memcpy(who.school_id, account.school_id, sizeof(who.school_id));
    struct api_reply reply =
        reply_json(MHD_HTTP_OK, session_json(api, &who, name, "session", ACCESS_SCOPE_ALL,
                                             now_utc_ms + ACCOUNT_SESSION_MS));
    gate_set_cookie(&reply, request->caller, GATE_COOKIE_SESSION, entry->session);
    if (*entry->device)
        gate_set_cookie(&reply, request->caller, GATE_COOKIE_DEVICE, entry->device);
    return reply;
}

static struct api_reply log_in(struct api *api, const struct api_request *request, const char *name,
                               const struct counted *counted, const struct hash_job *job, int64_t now_utc_ms)
{
    struct entry entry = {0};
    int rc = store_begin(api->store);
    if (rc == 0)
        rc = uncount_failure(api, counted);
    if (rc == 0 && job->made)
        rc = account_rehash(api->store, name, job->new_hash);
    if (rc == 0)
        rc = enter(api, name, counted, now_utc_ms, &entry);
    if (rc == 0)
        rc = store_audit(api->store, name, "log-in", request->caller->address, now_utc_ms);
    if (rc == 0)
        rc = store_commit(api->store);
    if (rc != 0) {
        store_rollback(api->store);
        return reply_store_failed();
    }
    const struct api_reply reply = entered(api, request, name, &entry, now_utc_ms);
    sodium_memzero(&entry, sizeof(entry));
    return reply;
}

/* Staff see it among the refused acts. The same words whether there is such an account or not. */
static struct api_reply refuse_log_in(struct api *api, const struct api_request *request, const char *name,
                                      int64_t now_utc_ms)
{
    char detail[STORE_DETAIL_MAX];
    (void)snprintf(detail, sizeof(detail), "account %s", name);
    const struct store_incident incident = {.kind = "failed_log_in",
                                            .vehicle = "",
                                            .address = request->caller->address,
                                            .detail = detail,
                                            .first_utc_ms = now_utc_ms,
                                            .last_utc_ms = now_utc_ms,
                                            .count = 1};
    if (store_incident_add(api->store, &incident) != 0)
        return reply_store_failed();
    return reply_error(MHD_HTTP_UNAUTHORIZED, "log_in", "the name or the password is wrong");
}

struct api_reply handle_log_in(struct api *api, const struct api_request *request)
{
    struct api_reply reply;
    struct credentials credentials;
    struct counted counted;
    const int64_t now_utc_ms = request_now_ms(CLOCK_REALTIME);
    json_t *body = request_json(request, &reply);
    if (!body)
        return reply;
    struct hash_job *job = request->job;
    const bool read = read_credentials(body, &credentials);
    int rc = read ? find_counted(api, request, credentials.name, now_utc_ms, &counted) : 0;
    if (read && rc == 0 && job->state != HASH_DONE)
        rc = prepare_check(api, credentials.name, credentials.password, job);
    if (!read)
        reply = reply_bad_request("{\"name\": ..., \"password\": ...}, of at most 256 bytes");
    else if (rc != 0)
        reply = reply_store_failed();
    else if (job->state != HASH_DONE)
        reply = hand_to_hasher(api, request, &counted, now_utc_ms);
    else if (job->undone)
        reply = reply_undone(api, &counted);
    else if (still_fits(api, credentials.name, job))
        reply = log_in(api, request, credentials.name, &counted, job, now_utc_ms);
    else
        reply = refuse_log_in(api, request, credentials.name, now_utc_ms);
    json_decref(body);
    return reply;
}

/* --- who am I, log out --- */

struct api_reply handle_session(struct api *api, const struct api_request *request)
{
    const struct gate_caller *caller = request->caller;
    return reply_json(MHD_HTTP_OK, session_json(api, request->who, caller->account,
                                                caller->by == GATE_SESSION ? "session" : "token",
                                                caller->scopes, caller->until_utc_ms));
}

struct api_reply handle_log_out(struct api *api, const struct api_request *request)
{
    if (request->caller->by != GATE_SESSION)
        return reply_error(MHD_HTTP_FORBIDDEN, "scope", "a token has no session");
    if (session_end(api->store, request->caller->hash) != 0 ||
        store_audit(api->store, request->who->name, "log-out", request->caller->address,
                    request_now_ms(CLOCK_REALTIME)) != 0)
        return reply_store_failed();
    struct api_reply reply = reply_nothing();
    gate_set_cookie(&reply, request->caller, GATE_COOKIE_SESSION, NULL);
    return reply;
}

/* --- another password --- */

/* Everywhere else the account is logged out; here it goes on, with a new session. */
static struct api_reply change_password(struct api *api, const struct api_request *request, const char *name,
                                        const struct counted *counted, int64_t now_utc_ms)
{
    struct entry entry = {0};
    int rc = store_begin(api->store);
    if (rc == 0)
        rc = uncount_failure(api, counted);
    if (rc == 0)
        rc = account_password_set(api->store, name, request->job->new_hash, now_utc_ms);
    if (rc == 0)
        rc = enter(api, name, NULL, now_utc_ms, &entry);
    if (rc == 0)
        rc = store_audit(api->store, name, "user-passwd", name, now_utc_ms);
    if (rc == 0)
        rc = store_commit(api->store);
    if (rc != 0) {
        store_rollback(api->store);
        return reply_store_failed();
    }
    return entered(api, request, name, &entry, now_utc_ms);
}

static struct api_reply start_change(struct api *api, const struct api_request *request,
                                     const struct counted *counted, json_t *body, int64_t now_utc_ms)
{
    const char *old, *new, *name = request->caller->account;
    if (json_unpack(body, "{s:s, s:s !}", "password", &old, "new_password", &new) != 0 ||
        strlen(old) >= PASSWORD_LEN)
        return reply_bad_request("{\"password\": ..., \"new_password\": ...}");
    const char *fault = password_fault(new, name);
    if (fault)
        return reply_error(MHD_HTTP_BAD_REQUEST, "weak_password", fault);
    if (prepare_check(api, name, old, request->job) != 0)
        return reply_store_failed();
    (void)snprintf(request->job->new_password, PASSWORD_LEN, "%s", new);
    return hand_to_hasher(api, request, counted, now_utc_ms);
}

struct api_reply handle_password(struct api *api, const struct api_request *request)
{
    struct api_reply reply;
    struct counted counted = {0};
    char subject[SUBJECT_LEN];
    const char *name = request->caller->account;
    const int64_t now_utc_ms = request_now_ms(CLOCK_REALTIME);
    const struct hash_job *job = request->job;
    seal_hex_format(request->caller->hash, SECRET_HASH_LEN, subject);
    count_by(&counted, LOCKOUT_DEVICE, subject); /* who found a session open shall not try for ever */
    if (job->state == HASH_DONE && job->undone)
        return reply_undone(api, &counted);
    if (job->state == HASH_DONE) {
        if (!still_fits(api, name, job))
            return reply_error(MHD_HTTP_FORBIDDEN, "wrong_password", "the present password is another one");
        return job->made ? change_password(api, request, name, &counted, now_utc_ms) : reply_store_failed();
    }
    json_t *body = request_json(request, &reply);
    if (!body)
        return reply;
    reply = start_change(api, request, &counted, body, now_utc_ms);
    json_decref(body);
    return reply;
}
