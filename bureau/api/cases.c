/* /v1/cases: the list, one case with its evidence, and the steps that people take. */
#include "bureau/api/casejson.h"
#include "bureau/api/evidencejson.h"
#include "bureau/api/internal.h"
#include "bureau/api/json.h"
#include "bureau/store/retention.h"
#include "proto/modeljson.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_DEFAULT = 100, PAGE_MAX = 500 };

static const uint32_t GOING =
    1U << CASE_OPEN | 1U << CASE_ACKNOWLEDGED | 1U << CASE_ASSIGNED | 1U << CASE_RECTIFIED;

/* --- the list --- */

struct case_page {
    json_t *cases;
    int64_t limit, last_id, now_utc_ms;
    bool more;
};

static int add_case(void *context, const struct store_case *row)
{
    struct case_page *page = context;
    page->more = (int64_t)json_array_size(page->cases) == page->limit;
    if (page->more)
        return 0;
    page->last_id = row->id;
    return json_array_append_new(page->cases, casejson_case(row, page->now_utc_ms)) == 0 ? 0 : -ENOMEM;
}

static bool parse_states(const char *text, uint32_t *ret)
{
    if (!text || strcmp(text, "going") == 0) {
        *ret = GOING;
        return true;
    }
    const enum case_state state = case_state_parse(text);
    *ret = state != CASE_STATE_NONE ? 1U << state : 0;
    return state != CASE_STATE_NONE || strcmp(text, "all") == 0;
}

static bool parse_yes(const char *text, bool *ret)
{
    *ret = text && strcmp(text, "yes") == 0;
    return !text || *ret;
}

/* What waits for whoever asks. */
static void only_mine(const struct access_who *who, struct store_case_query *query)
{
    if (who->role == ACCESS_SCHOOL)
        query->assigned = true;
    else if (who->role == ACCESS_POLICE)
        query->handed_over = true;
    else
        query->handler = who->name;
}

/* NULL, or what is wrong with the question. */
static const char *parse_query(const struct api_request *request, int64_t now_utc_ms,
                               struct store_case_query *ret, int64_t *ret_limit)
{
    const char *kind = request_query(request, "kind");
    bool overdue, mine;
    *ret = (struct store_case_query){.school_id = access_school(request->who),
                                     .of_school = request_query(request, "school"),
                                     .vehicle = request_query(request, "vehicle")};
    if (!parse_states(request_query(request, "state"), &ret->states))
        return "state: going, all, open, acknowledged, assigned, rectified, closed or dismissed";
    if (kind && case_kind_parse(kind) == 0)
        return "kind: of a case, like OVERLOAD or SILENT";
    if (!parse_yes(request_query(request, "overdue"), &overdue) ||
        !parse_yes(request_query(request, "mine"), &mine) ||
        !parse_yes(request_query(request, "handed_over"), &ret->handed_over))
        return "overdue, mine, handed_over: yes, or not at all";
    if (request_number(request_query(request, "limit"), 1, PAGE_MAX, ret_limit) != 0)
        return "limit: 1..500";
    if (request_number(request_query(request, "before"), 1, INT64_MAX, &ret->before_id) != 0)
        return "before: the next_before of an earlier answer";
    ret->kinds = kind ? 1U << case_kind_parse(kind) : 0;
    ret->overdue_utc_ms = overdue ? now_utc_ms : 0;
    if (mine)
        only_mine(request->who, ret);
    return NULL;
}

struct api_reply handle_cases(struct api *api, const struct api_request *request)
{
    struct store_case_query query;
    struct case_page page = {.limit = PAGE_DEFAULT, .now_utc_ms = request_now_ms(CLOCK_REALTIME)};
    int64_t last_step;
    const char *wrong = parse_query(request, page.now_utc_ms, &query, &page.limit);
    if (wrong)
        return reply_bad_request(wrong);
    /* last_step first: a stream that begins there may repeat what is listed here, but leaves no gap. */
    page.cases = json_array();
    if (store_last_case_step(api->store, &last_step) != 0 ||
        store_cases(api->store, &query, (int)page.limit + 1, add_case, &page) != 0) {
        json_decref(page.cases);
        return reply_store_failed();
    }
    return reply_json(MHD_HTTP_OK, json_pack("{s:o, s:o, s:I}", "cases", page.cases, "next_before",
                                             page.more ? json_integer(page.last_id) : json_null(),
                                             "last_step", (json_int_t)last_step));
}

/* --- one --- */

struct case_question {
    struct api *api;
    const struct access_who *who;
    int64_t now_utc_ms;
    uint64_t licence_version; /* that its first alert names; 0 = none does */
    json_t *json, *steps, *alerts;
};

static int answer_case(void *context, const struct store_case *row)
{
    struct case_question *question = context;
    question->json = casejson_case(row, question->now_utc_ms);
    modeljson_put(&question->json, "actions", casejson_actions(row, question->who));
    return question->json ? 0 : -ENOMEM;
}

static int add_step(void *context, const struct store_case_step *row)
{
    struct case_question *question = context;
    return json_array_append_new(question->steps, casejson_step(row, question->now_utc_ms)) == 0 ? 0
                                                                                                 : -ENOMEM;
}

static int add_alert(void *context, const struct store_alert *row)
{
    struct case_question *question = context;
    if (question->licence_version == 0)
        question->licence_version = row->alert.licence_version;
    return json_array_append_new(question->alerts, apijson_alert(row)) == 0 ? 0 : -ENOMEM;
}

static int add_evidence(void *context, const struct store_case *row)
{
    struct case_question *question = context;
    struct evidence evidence;
    const int rc = evidence_gather(question->api->store, row, question->licence_version, &evidence);
    if (rc != 0)
        return rc;
    modeljson_put(&question->json, "evidence", evidencejson(&evidence));
    evidence_free(&evidence);
    return question->json ? 0 : -ENOMEM;
}

static struct api_reply no_case(void)
{
    return reply_not_found("no such case");
}

/* 410 for who could have seen it: of a purged case nothing is known but that there was one. */
static struct api_reply case_gone(struct api *api, const struct api_request *request, int64_t id)
{
    int64_t purged_utc_ms;
    if (access_school(request->who) || store_case_purged(api->store, id, &purged_utc_ms) != 0)
        return no_case();
    return reply_error(MHD_HTTP_GONE, "purged", "retention has deleted this case");
}

/* The case whole: as it is listed, its steps, the alerts that it is about, what may be done. */
static struct api_reply tell_case(struct api *api, const struct api_request *request, unsigned status,
                                  int64_t id)
{
    struct case_question question = {.api = api,
                                     .who = request->who,
                                     .now_utc_ms = request_now_ms(CLOCK_REALTIME),
                                     .steps = json_array(),
                                     .alerts = json_array()};
    int rc = store_case(api->store, id, access_school(request->who), answer_case, &question);
    if (rc == 0)
        rc = store_case_steps(api->store, id, add_step, &question);
    if (rc == 0)
        rc = store_case_alerts(api->store, id, add_alert, &question);
    if (rc == 0)
        rc = store_case(api->store, id, access_school(request->who), add_evidence, &question);
    if (rc != 0) {
        json_decref(question.json);
        json_decref(question.steps);
        json_decref(question.alerts);
        return rc == -ENOENT ? case_gone(api, request, id) : reply_store_failed();
    }
    modeljson_put(&question.json, "steps", question.steps);
    modeljson_put(&question.json, "alerts", question.alerts);
    return reply_json(status, question.json);
}

struct api_reply handle_case(struct api *api, const struct api_request *request)
{
    int64_t id = 0;
    if (request_number(request->tail, 1, INT64_MAX, &id) != 0)
        return reply_bad_request("a case has a number");
    return tell_case(api, request, MHD_HTTP_OK, id);
}

/* --- steps --- */

/* A member that may be left out. False when it is there and no text. */
static bool take_text(const json_t *body, const char *key, const char **ret)
{
    const json_t *value = json_object_get(body, key);
    if (!value || json_is_null(value))
        return true;
    *ret = json_string_value(value);
    return *ret != NULL;
}

static bool members_known(json_t *body)
{
    static const char *const known[] = {"action", "seen_step", "text", "school_id", "deadline", "answer"};
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            found |= strcmp(key, known[i]) == 0;
        if (!found)
            return false;
    }
    return true;
}

/* NULL, or what is wrong with the body; strings are borrowed from it. */
static const char *parse_deed(json_t *body, struct store_case_deed *deed, int64_t *ret_seen_step)
{
    const char *action = NULL, *deadline = NULL, *answer = NULL;
    const json_t *seen = json_object_get(body, "seen_step");
    deed->text = "";
    deed->answer = CASE_NO_ANSWER;
    if (!members_known(body))
        return "known are: action, seen_step, text, school_id, deadline, answer";
    if (!take_text(body, "action", &action) || !take_text(body, "text", &deed->text) ||
        !take_text(body, "school_id", &deed->school_id) || !take_text(body, "deadline", &deadline) ||
        !take_text(body, "answer", &answer))
        return "action, text, school_id, deadline and answer are texts";
    deed->action = action ? case_action_parse(action) : 0;
    if (deed->action == 0)
        return "action: acknowledge, assign, answer, return, close, dismiss, note, hand_over or escalate";
    if (!json_is_integer(seen) || json_integer_value(seen) < 1)
        return "seen_step: the last_step of the case as it was seen";
    *ret_seen_step = json_integer_value(seen);
    if (request_instant(deadline, &deed->deadline_utc_ms) != 0)
        return "deadline: an RFC 3339 instant";
    deed->answer = answer ? case_answer_parse(answer) : CASE_NO_ANSWER;
    if (answer && deed->answer == CASE_NO_ANSWER)
        return "answer: in_progress, done, no_action or later";
    return NULL;
}

static struct api_reply refused(enum case_refusal refusal)
{
    static const char *const words[CASE_REFUSALS] = {
        [CASE_WRONG_ROLE] = "this role does not do that",
        [CASE_NOT_OWN] = "the case is not assigned to this school",
        [CASE_WRONG_STATE] = "not in the state that the case is in",
        [CASE_NEEDS_TEXT] = "text: a reason is needed",
        [CASE_NEEDS_ANSWER] = "answer: in_progress, done, no_action or later",
    };
    const unsigned status = refusal == CASE_WRONG_ROLE || refusal == CASE_NOT_OWN ? MHD_HTTP_FORBIDDEN
                            : refusal == CASE_WRONG_STATE                         ? MHD_HTTP_CONFLICT
                                                                                  : MHD_HTTP_BAD_REQUEST;
    return reply_error(status, case_refusal_name(refusal), words[refusal]);
}

/* The step and its line in the audit log, or neither. */
static int act(struct api *api, int64_t id, int64_t seen_step, const struct store_case_deed *deed,
               enum case_refusal *ret_refusal, int64_t *ret_step)
{
    char subject[64];
    (void)snprintf(subject, sizeof(subject), "%lld %s", (long long)id, case_action_name(deed->action));
    int rc = store_begin(api->store);
    if (rc != 0)
        return rc;
    rc = store_case_act(api->store, &api->config->cases, id, seen_step, deed, ret_refusal, ret_step);
    if (rc == 0)
        rc = store_audit(api->store, deed->who, "case", subject, deed->utc_ms);
    if (rc == 0)
        rc = store_commit(api->store);
    return rc;
}

static struct api_reply take_step(struct api *api, const struct api_request *request, int64_t id,
                                  json_t *body)
{
    struct store_case_deed deed = {.role = casejson_role(request->who),
                                   .who = request->who->name,
                                   .own_school_id = access_school(request->who),
                                   .utc_ms = request_now_ms(CLOCK_REALTIME)};
    int64_t seen_step = 0, step = 0;
    enum case_refusal refusal = CASE_ALLOWED;
    const char *wrong = parse_deed(body, &deed, &seen_step);
    if (wrong)
        return reply_bad_request(wrong);
    const int rc = act(api, id, seen_step, &deed, &refusal, &step);
    struct api_reply reply;
    if (rc == 0) {
        stream_notify_step(api->stream, step);
        return tell_case(api, request, MHD_HTTP_CREATED, id);
    }
    if (rc == -ENOENT)
        reply = no_case();
    else if (rc == -ESTALE)
        reply = reply_error(MHD_HTTP_CONFLICT, "moved_on", "the case has moved on since; look again");
    else if (rc == -EPERM)
        reply = refused(refusal);
    else if (rc == -EINVAL)
        reply = reply_bad_request(store_error(api->store));
    else
        reply = reply_store_failed();
    store_rollback(api->store);
    return reply;
}

struct api_reply handle_case_step(struct api *api, const struct api_request *request)
{
    struct api_reply reply;
    int64_t id = 0;
    if (request_number(request->tail, 1, INT64_MAX, &id) != 0)
        return reply_bad_request("a case has a number");
    json_t *body = request_json(request, &reply);
    if (!body)
        return reply;
    reply = take_step(api, request, id, body);
    json_decref(body);
    return reply;
}
