/* /v1/accounts and /v1/tokens. */
#include "bureau/api/gate.h"
#include "bureau/api/hasher.h"
#include "bureau/api/internal.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TOKEN_DAYS = 90, TOKEN_DAYS_MAX = 366 };

/* The end of a change: 0, or the reply that says why not. */
static struct api_reply finish(struct api *api, const struct api_request *request, int rc, const char *action,
                               const char *subject, int64_t now_utc_ms)
{
    if (rc == 0)
        rc = store_audit(api->store, request->who->name, action, subject, now_utc_ms);
    if (rc == 0)
        rc = store_commit(api->store);
    if (rc == 0)
        return (struct api_reply){0, NULL};
    store_rollback(api->store);
    if (rc == -EEXIST)
        return reply_error(MHD_HTTP_CONFLICT, "conflict", "there is an account of that name");
    if (rc == -ENOENT)
        return reply_not_found("no such account or token");
    if (rc == -ENOSPC)
        return reply_error(MHD_HTTP_CONFLICT, "full", "as many as there can be");
    return reply_store_failed();
}

/* --- accounts --- */

static int add_account(void *context, const struct account *row)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name", row->name, "role", access_role_name(row->role),
        "school_id", modeljson_text(row->school_id), "created_at", modeljson_instant(row->created_utc_ms),
        "password_at", modeljson_instant(row->password_utc_ms), "login_at",
        modeljson_instant(row->login_utc_ms), "disabled_at", modeljson_instant(row->disabled_utc_ms));
    return json_array_append_new(context, json) == 0 ? 0 : -ENOMEM;
}

struct api_reply handle_accounts(struct api *api, const struct api_request *request)
{
    (void)request;
    json_t *accounts = json_array();
    if (accounts_list(api->store, add_account, accounts) != 0) {
        json_decref(accounts);
        return reply_store_failed();
    }
    return reply_json(MHD_HTTP_OK, json_pack("{s:o}", "accounts", accounts));
}

/* NULL = good. */
static const char *read_account(struct api *api, json_t *body, struct account *ret)
{
    const char *name, *role, *school = "";
    const struct registry *registry;
    *ret = (struct account){0};
    if (json_unpack(body, "{s:s, s:s, s?s !}", "name", &name, "role", &role, "school_id", &school) != 0)
        return "{\"name\": ..., \"role\": ..., \"school_id\": ...}, the last one for a school alone";
    const char *fault = access_name_fault(name);
    if (fault)
        return fault;
    if (access_role_parse(role, &ret->role) != 0)
        return "role: admin, bureau, school or police";
    if ((ret->role == ACCESS_SCHOOL) != (*school != '\0') || strlen(school) >= sizeof(ret->school_id))
        return "school_id: for the role school, and needed there";
    if (*school && (request_registry(api, &registry) != 0 || !registry_school(registry, school)))
        return "school_id: no such school in the registry";
    (void)snprintf(ret->name, sizeof(ret->name), "%s", name);
    (void)snprintf(ret->school_id, sizeof(ret->school_id), "%s", school);
    return NULL;
}

/* The password is made here and told once: whoever makes an account does not choose somebody's password. */
static struct api_reply hash_made_password(struct api *api, const struct api_request *request)
{
    char made[PASSWORD_MADE_LEN];
    password_make(made);
    memcpy(request->job->new_password, made, sizeof(made));
    return request_hash(api, request);
}

static struct api_reply tell_password(unsigned status, const struct api_request *request, const char *name)
{
    return reply_json(status, json_pack("{s:s, s:s}", "name", name, "password", request->job->new_password));
}

static struct api_reply add(struct api *api, const struct api_request *request, struct account *account)
{
    struct account there;
    const int64_t now_utc_ms = request_now_ms(CLOCK_REALTIME);
    if (request->job->state != HASH_DONE) {
        if (account_get(api->store, account->name, &there) == 0)
            return reply_error(MHD_HTTP_CONFLICT, "conflict", "there is an account of that name");
        return hash_made_password(api, request);
    }
    if (!request->job->made)
        return reply_store_failed();
    account->created_utc_ms = now_utc_ms;
    int rc = store_begin(api->store);
    if (rc == 0)
        rc = account_add(api->store, account, request->job->new_hash);
    const struct api_reply failed = finish(api, request, rc, "user-add", account->name, now_utc_ms);
    return failed.status ? failed : tell_password(MHD_HTTP_CREATED, request, account->name);
}

struct api_reply handle_account_add(struct api *api, const struct api_request *request)
{
    struct api_reply reply;
    struct account account;
    json_t *body = request_json(request, &reply);
    if (!body)
        return reply;
    const char *fault = read_account(api, body, &account);
    reply = fault ? reply_bad_request(fault) : add(api, request, &account);
    json_decref(body);
    return reply;
}

struct api_reply handle_account_password(struct api *api, const struct api_request *request)
{
    const char *name = request->tail;
    const int64_t now_utc_ms = request_now_ms(CLOCK_REALTIME);
    struct account account;
    const int found = account_get(api->store, name, &account);
    if (found != 0)
        return found == -ENOENT ? reply_not_found("no such account") : reply_store_failed();
    if (request->job->state != HASH_DONE)
        return hash_made_password(api, request);
    if (!request->job->made)
        return reply_store_failed();
    int rc = store_begin(api->store);
    if (rc == 0)
        rc = account_password_set(api->store, name, request->job->new_hash, now_utc_ms);
    if (rc == 0)
        rc = failures_clear(api->store, LOCKOUT_ACCOUNT, name);
    const struct api_reply failed = finish(api, request, rc, "user-passwd", name, now_utc_ms);
    return failed.status ? failed : tell_password(MHD_HTTP_OK, request, name);
}

struct api_reply handle_account_change(struct api *api, const struct api_request *request)
{
    struct api_reply reply;
    int disabled = 0;
    const int64_t now_utc_ms = request_now_ms(CLOCK_REALTIME);
    json_t *body = request_json(request, &reply);
    if (!body)
        return reply;
    const bool read = json_unpack(body, "{s:b !}", "disabled", &disabled) == 0;
    json_decref(body);
    if (!read)
        return reply_bad_request("{\"disabled\": true or false}");
    /* So that an administrator is always left. */
    if (strcmp(request->tail, request->caller->account) == 0)
        return reply_error(MHD_HTTP_CONFLICT, "own_account", "nobody disables his own account");
    int rc = store_begin(api->store);
    if (rc == 0)
        rc = account_disable(api->store, request->tail, disabled ? now_utc_ms : 0);
    const struct api_reply failed =
        finish(api, request, rc, disabled ? "user-disable" : "user-enable", request->tail, now_utc_ms);
    return failed.status ? failed : reply_nothing();
}

/* --- tokens: everybody's own; administrators see and revoke all --- */

static const char *tokens_of(const struct api_request *request)
{
    return request->who->role == ACCESS_ADMIN ? NULL : request->caller->account;
}

static json_t *token_json(const struct token *row)
{
    char scopes[ACCESS_SCOPES_LEN];
    access_scopes_format(row->scopes, scopes);
    return json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", (json_int_t)row->id, "account",
                     row->account, "note", row->note, "scopes", scopes, "created_at",
                     modeljson_instant(row->created_utc_ms), "expires_at",
                     modeljson_instant(row->expires_utc_ms), "revoked_at",
                     modeljson_instant(row->revoked_utc_ms), "used_at", modeljson_instant(row->used_utc_ms));
}

static int add_token(void *context, const struct token *row)
{
    return json_array_append_new(context, token_json(row)) == 0 ? 0 : -ENOMEM;
}

struct api_reply handle_tokens(struct api *api, const struct api_request *request)
{
    json_t *tokens = json_array();
    if (tokens_list(api->store, tokens_of(request), add_token, tokens) != 0) {
        json_decref(tokens);
        return reply_store_failed();
    }
    return reply_json(MHD_HTTP_OK, json_pack("{s:o}", "tokens", tokens));
}

/* NULL = good. */
static const char *read_token(json_t *body, struct token *ret)
{
    const char *note = "", *scopes;
    int days = TOKEN_DAYS;
    if (json_unpack(body, "{s:s, s?s, s?i !}", "scopes", &scopes, "note", &note, "days", &days) != 0)
        return "{\"scopes\": ..., \"note\": ..., \"days\": ...}, the last two as you like";
    if (access_scopes_parse(scopes, &ret->scopes) != 0)
        return "scopes: all, read, plates or feeds, or several with commas";
    if (strlen(note) >= sizeof(ret->note))
        return "note: at most 79 bytes";
    if (days < 1 || days > TOKEN_DAYS_MAX)
        return "days: 1..366";
    (void)snprintf(ret->note, sizeof(ret->note), "%s", note);
    ret->expires_utc_ms = ret->created_utc_ms + days * UTC_MS_PER_DAY;
    return NULL;
}

static struct api_reply make_token(struct api *api, const struct api_request *request, struct token *token)
{
    char text[SECRET_TEXT_LEN], subject[ACCESS_NAME_LEN + 24];
    uint8_t hash[SECRET_HASH_LEN];
    secret_make(SECRET_TOKEN, text, hash);
    int rc = store_begin(api->store);
    if (rc == 0)
        rc = token_add(api->store, token, hash, &token->id);
    (void)snprintf(subject, sizeof(subject), "%s %" PRId64, token->account, token->id);
    const struct api_reply failed = finish(api, request, rc, "token-add", subject, token->created_utc_ms);
    if (failed.status)
        return failed;
    json_t *json = token_json(token);
    modeljson_put(&json, "token", json_string(text));
    return reply_json(MHD_HTTP_CREATED, json);
}

struct api_reply handle_token_add(struct api *api, const struct api_request *request)
{
    struct api_reply reply;
    struct token token = {.created_utc_ms = request_now_ms(CLOCK_REALTIME)};
    json_t *body = request_json(request, &reply);
    if (!body)
        return reply;
    memcpy(token.account, request->caller->account, sizeof(token.account));
    const char *fault = read_token(body, &token);
    reply = fault ? reply_bad_request(fault) : make_token(api, request, &token);
    json_decref(body);
    return reply;
}

struct api_reply handle_token_revoke(struct api *api, const struct api_request *request)
{
    int64_t id = 0;
    struct token token = {0};
    char subject[ACCESS_NAME_LEN + 24];
    const char *own = tokens_of(request);
    const int64_t now_utc_ms = request_now_ms(CLOCK_REALTIME);
    if (request_number(request->tail, 1, INT64_MAX, &id) != 0)
        return reply_bad_request("a token has a number");
    int rc = store_begin(api->store);
    if (rc == 0)
        rc = token_get(api->store, id, &token);
    if (rc == 0 && own && strcmp(own, token.account) != 0)
        rc = -ENOENT;
    if (rc == 0)
        rc = token_revoke(api->store, id, now_utc_ms);
    (void)snprintf(subject, sizeof(subject), "%s %" PRId64, token.account, id);
    const struct api_reply failed = finish(api, request, rc, "token-revoke", subject, now_utc_ms);
    return failed.status ? failed : reply_nothing();
}
