/* Sightings: who stands at the gate or at the roadside reports a vehicle and is answered at once. */
#include "bureau/api/casejson.h"
#include "bureau/api/internal.h"
#include "bureau/api/sightingjson.h"
#include "bureau/registry/plate.h"
#include "bureau/store/cases.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    PAGE_DEFAULT = 100,
    PAGE_MAX = 500,
    KEY_MIN = 8,
    PER_MINUTE_MAX = 30,             /* of one account: a whole school's vehicles leave in less */
    FUTURE_MS = 5 * 60000,           /* a phone's clock may be wrong by this */
    REPEAT_DAYS_DEFAULT = 30,        /* about a month of mornings */
    REPEAT_DAYS_MAX = 366,           /* further back nobody is asked */
    REPEAT_MIN_DEFAULT = 2,          /* once is not again */
    SUBJECT_LEN = 32 + BW_PLATE_LEN, /* of the audit */
};
static const int64_t PAST_MS =
    7 * UTC_MS_PER_DAY; /* a phone without network sends later, but not that late */
static const int64_t SEEN_BEFORE_MS = REPEAT_DAYS_DEFAULT * UTC_MS_PER_DAY;

/* --- a report, as it comes --- */

struct report {
    struct store_sighting row;
    char plate[BW_PLATE_LEN];
    struct registry_answer answer;
};

/* A text of at most `max` bytes without control characters but line breaks; absent or null = "". */
static const char *take_text(json_t *body, const char *name, size_t max, const char **ret)
{
    const json_t *value = json_object_get(body, name);
    *ret = "";
    if (!value || json_is_null(value))
        return NULL;
    if (!json_is_string(value) || json_string_length(value) > max)
        return "a text is none, or too long";
    *ret = json_string_value(value);
    for (const unsigned char *c = (const unsigned char *)*ret; *c; c++)
        if (*c < ' ' && *c != '\n')
            return "a text has control characters";
    return NULL;
}

static const char *take_key(json_t *body, const char **ret)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";
    const char *reason = take_text(body, "key", SIGHTING_KEY_LEN - 1, ret);
    if (reason || strlen(*ret) < KEY_MIN || (*ret)[strspn(*ret, allowed)] != '\0')
        return "key: 8 to 36 letters, digits and hyphens, the sender's own for this report, like a UUID";
    return NULL;
}

static const char *take_plate(json_t *body, struct report *ret)
{
    const char *text, *reason = take_text(body, "plate", 64, &text);
    ret->row.plate = ret->plate;
    if (reason || *text == '\0')
        return reason;
    return plate_parse(text, true, ret->plate, &reason) == 0 ? NULL : reason;
}

static bool take_degrees(const json_t *value, double limit, double *ret)
{
    *ret = json_number_value(value);
    return json_is_number(value) && fabs(*ret) <= limit;
}

static const char *take_position(json_t *body, struct store_sighting *ret)
{
    const json_t *lat = json_object_get(body, "lat"), *lon = json_object_get(body, "lon");
    const json_t *accuracy = json_object_get(body, "accuracy_m");
    ret->accuracy_m = NAN;
    ret->has_position = lat && !json_is_null(lat);
    if (!ret->has_position)
        return lon && !json_is_null(lon) ? "lat: missing" : NULL;
    if (!take_degrees(lat, 90, &ret->lat_deg) || !take_degrees(lon, 180, &ret->lon_deg))
        return "lat, lon: degrees (WGS-84)";
    if (json_is_number(accuracy) && json_number_value(accuracy) >= 0)
        ret->accuracy_m = json_number_value(accuracy);
    return NULL;
}

/* A school is at its own gate, whatever else it says of the place. */
static const char *take_gate(json_t *body, const struct registry *registry, const struct access_who *who,
                             struct store_sighting *ret)
{
    const char *own = access_school(who), *reason = take_text(body, "gate", BW_ID_LEN - 1, &ret->gate);
    if (!reason)
        reason = take_text(body, "place", SIGHTING_PLACE_MAX, &ret->place);
    if (!reason)
        reason = take_position(body, ret);
    if (reason)
        return reason;
    if (own && *ret->gate && strcmp(ret->gate, own) != 0)
        return "gate: your own school, or none";
    if (*ret->gate && !registry_school(registry, ret->gate))
        return "gate: no such school";
    if (own && !*ret->gate && !*ret->place && !ret->has_position)
        ret->gate = own;
    return *ret->gate || *ret->place || ret->has_position
               ? NULL
               : "one of gate, place, or lat and lon must be given";
}

static const char *take_time(json_t *body, int64_t now_utc_ms, struct store_sighting *ret)
{
    const json_t *value = json_object_get(body, "seen_at");
    ret->received_utc_ms = now_utc_ms;
    ret->seen_utc_ms = now_utc_ms;
    if (!value || json_is_null(value))
        return NULL;
    if (!json_is_string(value) || utc_parse(json_string_value(value), &ret->seen_utc_ms) != 0)
        return "seen_at: an RFC 3339 instant";
    if (ret->seen_utc_ms > now_utc_ms + FUTURE_MS || ret->seen_utc_ms < now_utc_ms - PAST_MS)
        return "seen_at: in the future, or more than seven days ago";
    return NULL;
}

static const char *take_heads(json_t *body, struct store_sighting *ret)
{
    const json_t *value = json_object_get(body, "heads");
    ret->heads = -1;
    if (!value || json_is_null(value))
        return NULL;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > SIGHTING_HEADS_MAX)
        return "heads: a number from 0 to 200, or null";
    ret->heads = (int)json_integer_value(value);
    return NULL;
}

static const char *refuse_others(json_t *body)
{
    static const char *const known[] = {"key", "plate",      "gate",    "place", "lat",
                                        "lon", "accuracy_m", "seen_at", "heads", "note"};
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            is_known = is_known || strcmp(name, known[i]) == 0;
        if (!is_known)
            return "a member that no sighting has";
    }
    return NULL;
}

/* The strings are those of `body`. The reason why not; NULL = taken. */
static const char *take_report(json_t *body, const struct registry *registry, const struct access_who *who,
                               struct report *ret)
{
    struct store_sighting *row = &ret->row;
    *ret = (struct report){.row = {.who = *who}};
    const char *reason = refuse_others(body);
    if (!reason)
        reason = take_key(body, &row->key);
    if (!reason)
        reason = take_plate(body, ret);
    if (!reason)
        reason = take_gate(body, registry, who, row);
    if (!reason)
        reason = take_time(body, request_now_ms(CLOCK_REALTIME), row);
    if (!reason)
        reason = take_heads(body, row);
    if (!reason)
        reason = take_text(body, "note", SIGHTING_NOTE_MAX, &row->note);
    if (!reason)
        row->verdict = verdict_of(registry, ret->plate, row->seen_utc_ms, &ret->answer);
    return reason;
}

/* --- into the store --- */

/* The division whose case it is: the vehicle's, else that of the gate, else the reporter's school's. */
static const char *division_of(const struct api *api, const struct registry *registry,
                               const struct store_sighting *row)
{
    const struct registry_school *school = registry_school(registry, row->gate);
    if (!school)
        school = registry_school(registry, row->who.school_id);
    return school ? school->division : api->config->division;
}

/* Sightings of one plate make one case; of a vehicle whose plate was not read each is one. */
static int open_case(struct api *api, const struct registry *registry, const struct store_sighting *row,
                     const struct access_who *who, int64_t *ret_case)
{
    char subject[SUBJECT_LEN];
    bool opened;
    struct registry_answer answer;
    const bool whole = verdict_of(registry, row->plate, row->seen_utc_ms, &answer) != SIGHTING_UNREAD;
    if (whole)
        (void)snprintf(subject, sizeof(subject), "%s", row->plate);
    else
        (void)snprintf(subject, sizeof(subject), "sighting %" PRId64, row->id);
    const struct store_case_opening opening = {
        .kind = CASE_SIGHTING,
        .source = CASE_BY_SIGHTING,
        .subject = subject,
        .vehicle = answer.vehicle ? answer.vehicle->vehicle_id : "",
        .plate = row->plate,
        .division = division_of(api, registry, row),
        .severity = BW_SERIOUS, /* Art. 45: whatever it was that carried pupils without a permit */
        .happened_utc_ms = row->seen_utc_ms,
        .utc_ms = request_now_ms(CLOCK_REALTIME),
        .late = row->received_utc_ms - row->seen_utc_ms > STORE_LATE_MS,
        .sighting_id = row->id,
        .who = who->name,
        .role = casejson_role(who),
    };
    int rc = store_case_open(api->store, &api->config->cases, &opening, ret_case, &opened);
    if (rc == 0)
        rc = store_sighting_case_set(api->store, row->id, *ret_case);
    return rc;
}

static int audit(struct api *api, const struct access_who *who, const char *action, int64_t id,
                 const char *plate)
{
    char subject[SUBJECT_LEN];
    (void)snprintf(subject, sizeof(subject), "%" PRId64 "%s%s", id, *plate ? " " : "", plate);
    return store_audit(api->store, who->name, action, subject, request_now_ms(CLOCK_REALTIME));
}

/* The report, its case when it accuses, and the trace of both, in one. -EEXIST: it is held already; *ret_id
 * is set. */
static int keep(struct api *api, const struct registry *registry, struct store_sighting *row)
{
    int rc = store_begin(api->store);
    if (rc == 0)
        rc = store_sighting_add(api->store, row, &row->id);
    if (rc == 0)
        rc = audit(api, &row->who, "report-sighting", row->id, row->plate);
    if (rc == 0 && verdict_accuses(row->verdict))
        rc = open_case(api, registry, row, &row->who, &row->case_id);
    if (rc == 0)
        rc = store_commit(api->store);
    if (rc != 0)
        store_rollback(api->store);
    return rc;
}

/* --- the answer --- */

static int note_count(void *context, const struct store_repeat *row)
{
    *(int64_t *)context = row->count;
    return 0;
}

/* How often this plate was reported without a permit in the last month, this time included. */
static int count_seen(struct api *api, const struct store_sighting *row, int64_t *ret)
{
    const struct store_repeat_query query = {.by = STORE_BY_PLATE,
                                             .plate = row->plate,
                                             .since_utc_ms = row->seen_utc_ms - SEEN_BEFORE_MS,
                                             .until_utc_ms = INT64_MAX,
                                             .count_min = 1};
    *ret = 0;
    return store_repeats(api->store, &query, 1, note_count, ret);
}

struct sighting_question {
    struct api *api;
    const char *school_id; /* whoever asks is this school; NULL = others */
    json_t *json;
};

static int answer_sighting(void *context, const struct store_sighting *row)
{
    struct sighting_question *question = context;
    struct nearmiss_plate near[NEARMISS_MAX];
    int64_t seen = 0;
    const bool is_asked =
        row->verdict == SIGHTING_UNKNOWN || (row->verdict == SIGHTING_UNREAD && *row->plate);
    const size_t n = is_asked ? request_near_misses(question->api, row->plate, question->school_id, near) : 0;
    const int rc = *row->plate ? count_seen(question->api, row, &seen) : 0;
    if (rc != 0)
        return rc;
    question->json = sightingjson(row);
    modeljson_put(&question->json, "near_misses", apijson_near_misses(near, n));
    modeljson_put(&question->json, "seen_count", json_integer(seen));
    return question->json ? 0 : -ENOMEM;
}

static struct api_reply reply_sighting(struct api *api, unsigned status, int64_t id, const char *school_id)
{
    struct sighting_question question = {.api = api, .school_id = school_id};
    const struct registry *registry; /* what near misses are looked for in */
    if (request_registry(api, &registry) != 0)
        return reply_store_failed();
    const int rc = store_sighting(api->store, id, school_id, answer_sighting, &question);
    if (rc == -ENOENT)
        return reply_not_found("no such sighting");
    return rc == 0 ? reply_json(status, question.json) : reply_store_failed();
}

static struct api_reply reply_too_many(void)
{
    struct api_reply reply = reply_error(MHD_HTTP_TOO_MANY_REQUESTS, "too_many",
                                         "thirty reports a minute; this one may be sent again in a minute");
    reply_header(&reply, MHD_HTTP_HEADER_RETRY_AFTER, "60");
    return reply;
}

static struct api_reply take_in(struct api *api, const struct registry *registry, struct store_sighting *row,
                                const struct api_request *request)
{
    int64_t recent = 0;
    if (store_sightings_since(api->store, request->caller->account, row->received_utc_ms - 60000, &recent) !=
        0)
        return reply_store_failed();
    int rc = recent < PER_MINUTE_MAX ? keep(api, registry, row) : -EDQUOT;
    if (rc == -EDQUOT) /* one that is held already is answered all the same */
        rc = store_sighting_find(api->store, row->who.name, row->key, &row->id) == 0 ? -EEXIST : rc;
    if (rc == -EDQUOT)
        return reply_too_many();
    if (rc != 0 && rc != -EEXIST)
        return reply_store_failed();
    return reply_sighting(api, rc == 0 ? MHD_HTTP_CREATED : MHD_HTTP_OK, row->id,
                          access_school(request->who));
}

struct api_reply handle_sighting_add(struct api *api, const struct api_request *request)
{
    const struct registry *registry;
    struct report report;
    struct api_reply reply;
    if (request_registry(api, &registry) != 0)
        return reply_store_failed();
    json_t *body = request_json(request, &reply);
    if (!body)
        return reply;
    const char *reason = take_report(body, registry, request->who, &report);
    reply = reason ? reply_bad_request(reason) : take_in(api, registry, &report.row, request);
    json_decref(body);
    return reply;
}

struct api_reply handle_sighting(struct api *api, const struct api_request *request)
{
    int64_t id = 0;
    if (request_number(request->tail, 1, INT64_MAX, &id) != 0)
        return reply_bad_request("a sighting has a number");
    return reply_sighting(api, MHD_HTTP_OK, id, access_school(request->who));
}

/* --- the list --- */

struct sighting_page {
    json_t *sightings;
    int64_t limit;
    int64_t last_id; /* of the last one on this page */
    bool more;
};

static int add_sighting(void *context, const struct store_sighting *row)
{
    struct sighting_page *page = context;
    page->more = (int64_t)json_array_size(page->sightings) == page->limit;
    if (page->more)
        return 0;
    page->last_id = row->id;
    return json_array_append_new(page->sightings, sightingjson(row)) == 0 ? 0 : -ENOMEM;
}

static const char *take_query(const struct api_request *request, char plate[BW_PLATE_LEN],
                              struct store_sighting_query *ret, int64_t *ret_limit)
{
    const char *text = request_query(request, "plate"), *reason = NULL;
    *ret = (struct store_sighting_query){.school_id = access_school(request->who),
                                         .gate = request_query(request, "gate"),
                                         .until_utc_ms = INT64_MAX};
    if (text && plate_parse(text, true, plate, &reason) != 0)
        return reason;
    ret->plate = text ? plate : NULL;
    if (request_instant(request_query(request, "since"), &ret->since_utc_ms) != 0)
        return "since: an RFC 3339 instant";
    if (request_instant(request_query(request, "until"), &ret->until_utc_ms) != 0)
        return "until: an RFC 3339 instant";
    if (request_number(request_query(request, "case"), 1, INT64_MAX, &ret->case_id) != 0)
        return "case: a number";
    if (request_number(request_query(request, "limit"), 1, PAGE_MAX, ret_limit) != 0)
        return "limit: 1..500";
    if (request_number(request_query(request, "before"), 1, INT64_MAX, &ret->before_id) != 0)
        return "before: the next_before of an earlier answer";
    return NULL;
}

struct api_reply handle_sightings(struct api *api, const struct api_request *request)
{
    char plate[BW_PLATE_LEN];
    struct store_sighting_query query;
    struct sighting_page page = {.limit = PAGE_DEFAULT};
    const char *reason = take_query(request, plate, &query, &page.limit);
    if (reason)
        return reply_bad_request(reason);
    page.sightings = json_array();
    if (store_sightings(api->store, &query, (int)page.limit + 1, add_sighting, &page) != 0) {
        json_decref(page.sightings);
        return reply_store_failed();
    }
    return reply_json(MHD_HTTP_OK, json_pack("{s:o, s:o}", "sightings", page.sightings, "next_before",
                                             page.more ? json_integer(page.last_id) : json_null()));
}

/* --- again and again --- */

static const char *take_repeat_query(const struct api_request *request, struct store_repeat_query *ret,
                                     int64_t *ret_limit)
{
    static const char *const names[] = {"plate", "gate", "hour"};
    const char *by = request_query(request, "by");
    int64_t days = REPEAT_DAYS_DEFAULT;
    const int64_t now_utc_ms = request_now_ms(CLOCK_REALTIME);
    *ret = (struct store_repeat_query){.until_utc_ms = INT64_MAX, .count_min = REPEAT_MIN_DEFAULT};
    for (size_t i = 0; by && i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(by, names[i]) == 0) {
            ret->by = (enum store_repeat_by)i;
            by = NULL;
        }
    if (by)
        return "by: plate, gate or hour";
    if (request_number(request_query(request, "days"), 1, REPEAT_DAYS_MAX, &days) != 0)
        return "days: 1..366";
    if (request_number(request_query(request, "min"), 1, 1000, &ret->count_min) != 0)
        return "min: 1..1000";
    if (request_number(request_query(request, "limit"), 1, PAGE_MAX, ret_limit) != 0)
        return "limit: 1..500";
    ret->since_utc_ms = now_utc_ms - days * UTC_MS_PER_DAY;
    return NULL;
}

/* status 0: it is being made. */
static struct api_reply ask_recurrence(struct api *api, const struct api_request *request)
{
    struct recurring *recurring = request->recurring;
    int64_t limit = PAGE_DEFAULT;
    const char *reason = take_repeat_query(request, &recurring->query, &limit);
    if (reason)
        return reply_bad_request(reason);
    recurring->limit = (int)limit;
    recurring->now_utc_ms = request_now_ms(CLOCK_REALTIME);
    if (store_audit(api->store, request->who->name, "recurrence", "", recurring->now_utc_ms) != 0)
        return reply_store_failed();
    const int rc = recurrence_ask(api->recurrence, request->connection, recurring);
    return rc == 0
               ? (struct api_reply){0, NULL}
               : reply_busy(rc == -EBUSY ? "as many lists as can wait are waiting" : "the server is ending");
}

struct api_reply handle_recurrence(struct api *api, const struct api_request *request)
{
    struct recurring *recurring = request->recurring;
    if (recurring->state == RECURRING_NONE)
        return ask_recurrence(api, request);
    if (recurring->err == -ESHUTDOWN || recurring->err == -ECANCELED)
        return reply_busy("the server is ending");
    if (recurring->err != 0)
        return reply_store_failed();
    json_t *rows = recurring->rows;
    recurring->rows = NULL;
    return reply_json(MHD_HTTP_OK, json_pack("{s:o, s:o}", "since",
                                             modeljson_instant(recurring->query.since_utc_ms), "rows", rows));
}

/* --- handed over to the police --- */

struct handed {
    struct api *api;
    const struct registry *registry;
    const struct access_who *who;
    int64_t case_id;
    char plate[BW_PLATE_LEN];
};

static int find_case(void *context, const struct store_sighting *row)
{
    struct handed *handed = context;
    (void)snprintf(handed->plate, sizeof(handed->plate), "%s", row->plate);
    handed->case_id = row->case_id;
    return handed->case_id > 0 ? 0
                               : open_case(handed->api, handed->registry, row, handed->who, &handed->case_id);
}

static int hand_over(struct handed *handed, int64_t id, const char *text, enum case_refusal *ret_refusal)
{
    struct api *api = handed->api;
    const struct store_case_deed deed = {.action = CASE_DO_HAND_OVER,
                                         .role = casejson_role(handed->who),
                                         .who = handed->who->name,
                                         .text = text,
                                         .answer = CASE_NO_ANSWER,
                                         .utc_ms = request_now_ms(CLOCK_REALTIME)};
    int rc = store_begin(api->store);
    if (rc == 0)
        rc = store_sighting(api->store, id, NULL, find_case, handed);
    if (rc == 0)
        rc = store_case_act(api->store, &api->config->cases, handed->case_id, 0, &deed, ret_refusal, NULL);
    if (rc == 0)
        rc = audit(api, handed->who, "hand-over", id, handed->plate);
    if (rc == 0)
        rc = store_commit(api->store);
    if (rc != 0)
        store_rollback(api->store);
    return rc;
}

struct api_reply handle_sighting_hand_over(struct api *api, const struct api_request *request)
{
    struct handed handed = {.api = api, .who = request->who};
    struct api_reply reply;
    const char *text;
    enum case_refusal refusal = CASE_ALLOWED;
    int64_t id = 0;
    if (request_number(request->tail, 1, INT64_MAX, &id) != 0)
        return reply_bad_request("a sighting has a number");
    if (request_registry(api, &handed.registry) != 0)
        return reply_store_failed();
    json_t *body = request_json(request, &reply);
    if (!body)
        return reply;
    const char *reason = take_text(body, "text", SIGHTING_NOTE_MAX, &text);
    if (!reason && *text == '\0')
        reason = "text: what the police are asked to do";
    const int rc = reason ? 0 : hand_over(&handed, id, text, &refusal);
    json_decref(body);
    if (reason)
        return reply_bad_request(reason);
    if (rc == -ENOENT)
        return reply_not_found("no such sighting");
    if (rc == -EPERM)
        return reply_error(MHD_HTTP_CONFLICT, case_refusal_name(refusal), "its case is over already");
    return rc == 0 ? reply_sighting(api, MHD_HTTP_OK, id, NULL) : reply_store_failed();
}

/* --- photos --- */

static void suspend(void *connection)
{
    MHD_suspend_connection(connection);
}

static void resume(void *connection)
{
    MHD_resume_connection(connection);
}

static bool is_jpeg(const struct api_request *request)
{
    const char *type =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    return type && strcasecmp(type, "image/jpeg") == 0;
}

/* Sent by this account, or by a token of it ("ACCOUNT#N"). */
static int is_own(void *context, const struct store_sighting *row)
{
    const char *account = context;
    const size_t length = strcspn(row->who.name, "#");
    return strlen(account) == length && strncmp(row->who.name, account, length) == 0 ? 0 : -ENOENT;
}

static struct api_reply develop(struct api *api, const struct api_request *request)
{
    struct darkroom_job *job = request->photo;
    *job = (struct darkroom_job){.bytes = (const uint8_t *)request->body,
                                 .len = request->body_len,
                                 .done = resume,
                                 .context = request->connection};
    const int rc = darkroom_develop(api->darkroom, job, suspend);
    if (rc == 0)
        return (struct api_reply){0, NULL};
    return reply_busy("other pictures come first; send it again in a moment");
}

struct photo_question {
    const uint8_t *digest;
    bool same;
};

static int compare_photo(void *context, const struct store_photo *row)
{
    struct photo_question *question = context;
    question->same = memcmp(row->digest, question->digest, sizeof(row->digest)) == 0;
    return 0;
}

/* -EEXIST: it has another one. *ret_new: it had none. */
static int keep_photo(struct api *api, const struct access_who *who, int64_t id,
                      const struct picture *picture, bool *ret_new)
{
    struct store_photo photo = {.bytes = picture->bytes,
                                .len = picture->len,
                                .width = picture->width,
                                .height = picture->height,
                                .received_utc_ms = request_now_ms(CLOCK_REALTIME)};
    struct photo_question question = {.digest = photo.digest};
    (void)crypto_generichash(photo.digest, sizeof(photo.digest), picture->bytes, picture->len, NULL, 0);
    int rc = store_photo(api->store, id, compare_photo, &question);
    if (rc != -ENOENT) /* sent twice, or another */
        return rc != 0 ? rc : question.same ? 0 : -EEXIST;
    *ret_new = true;
    rc = store_begin(api->store);
    if (rc == 0)
        rc = store_photo_add(api->store, id, &photo);
    if (rc == 0)
        rc = audit(api, who, "add-photo", id, "");
    if (rc == 0)
        rc = store_commit(api->store);
    if (rc != 0)
        store_rollback(api->store);
    return rc;
}

static struct api_reply answer_photo(struct api *api, const struct api_request *request, int64_t id)
{
    const struct darkroom_job *job = request->photo;
    bool is_new = false;
    if (job->state == DARKROOM_REFUSED)
        return reply_error(MHD_HTTP_UNPROCESSABLE_CONTENT, "bad_picture", job->reason);
    if (job->state != DARKROOM_READY)
        return reply_busy(job->reason);
    const int rc = keep_photo(api, request->who, id, &job->picture, &is_new);
    if (rc == -EEXIST)
        return reply_error(MHD_HTTP_CONFLICT, "has_photo", "this sighting has a photo; it is never changed");
    if (rc == -ENOENT)
        return reply_not_found("no such sighting");
    if (rc != 0)
        return reply_store_failed();
    return reply_json(is_new ? MHD_HTTP_CREATED : MHD_HTTP_OK,
                      json_pack("{s:I, s:I, s:I, s:I}", "sighting", (json_int_t)id, "width",
                                (json_int_t)job->picture.width, "height", (json_int_t)job->picture.height,
                                "bytes", (json_int_t)job->picture.len));
}

/* By whoever reported it. Asked again when the picture is developed. */
struct api_reply handle_photo_add(struct api *api, const struct api_request *request)
{
    int64_t id = 0;
    if (request_number(request->tail, 1, INT64_MAX, &id) != 0)
        return reply_bad_request("a sighting has a number");
    if (request->photo->state != DARKROOM_NONE)
        return answer_photo(api, request, id);
    if (!is_jpeg(request))
        return reply_error(MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "media_type", "send image/jpeg");
    char account[ACCESS_NAME_LEN];
    (void)snprintf(account, sizeof(account), "%s", request->caller->account);
    const int rc = store_sighting(api->store, id, access_school(request->who), is_own, account);
    if (rc == -ENOENT)
        return reply_not_found("no such sighting of yours");
    return rc == 0 ? develop(api, request) : reply_store_failed();
}

static int copy_photo(void *context, const struct store_photo *row)
{
    struct MHD_Response **response = context;
    uint8_t *copy = malloc(row->len);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, row->bytes, row->len);
    *response = MHD_create_response_from_buffer(row->len, copy, MHD_RESPMEM_MUST_FREE);
    if (*response)
        return 0;
    free(copy);
    return -ENOMEM;
}

/* The photo may show people: who looked at it is on record before it is sent. */
struct api_reply handle_photo(struct api *api, const struct api_request *request)
{
    struct api_reply reply = {MHD_HTTP_OK, NULL};
    int64_t id = 0;
    if (request_number(request->tail, 1, INT64_MAX, &id) != 0)
        return reply_bad_request("a sighting has a number");
    int rc = store_photo(api->store, id, copy_photo, &reply.response);
    if (rc == 0)
        rc = audit(api, request->who, "view-photo", id, "");
    if (rc != 0) {
        if (reply.response)
            MHD_destroy_response(reply.response);
        return rc == -ENOENT ? reply_not_found("no such sighting, or none with a photo")
                             : reply_store_failed();
    }
    reply_header(&reply, MHD_HTTP_HEADER_CONTENT_TYPE, "image/jpeg");
    reply_header(&reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return reply;
}
