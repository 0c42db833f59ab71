/* What was told to people outside, and whether it arrived. */
#include "bureau/api/internal.h"
#include "bureau/notify/request.h"
#include "bureau/store/notices.h"
#include "proto/modeljson.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_DEFAULT = 100, PAGE_MAX = 500 };

static const char *const STATES[STORE_DELIVERY_STATES] = {NULL, "pending", "failed", "sent", "given_up"};

/* Back from a name; NULL = all. -EINVAL. */
static int parse_state(const char *text, enum store_delivery_state *ret)
{
    if (!text)
        return 0;
    for (int i = STORE_PENDING; i < STORE_DELIVERY_STATES; i++)
        if (strcmp(text, STATES[i]) == 0) {
            *ret = (enum store_delivery_state)i;
            return 0;
        }
    return -EINVAL;
}

struct page {
    json_t *list;
    int64_t limit;
    int64_t last_id; /* of the last one on this page */
    bool more;
};

static int add_delivery(void *context, const struct store_delivery *row)
{
    struct page *page = context;
    page->more = (int64_t)json_array_size(page->list) == page->limit;
    if (page->more)
        return 0;
    page->last_id = row->id;
    json_t *json = request_notice(&row->notice);
    modeljson_put(&json, "id", json_integer(row->id));
    modeljson_put(&json, "channel", modeljson_text(row->channel));
    modeljson_put(&json, "state", json_string(STATES[row->state]));
    modeljson_put(&json, "message_id", *row->message_id ? modeljson_text(row->message_id) : json_null());
    modeljson_put(&json, "attempts", json_integer(row->attempts));
    modeljson_put(&json, "made_at", modeljson_instant(row->notice.made_utc_ms));
    modeljson_put(&json, "next_at", modeljson_instant(row->next_utc_ms));
    modeljson_put(&json, "last_at", modeljson_instant(row->last_utc_ms));
    modeljson_put(&json, "answer", modeljson_text(row->answer));
    return json_array_append_new(page->list, json) == 0 ? 0 : -ENOMEM;
}

struct api_reply handle_notifications(struct api *api, const struct api_request *request)
{
    enum store_delivery_state state = 0;
    int64_t before = 0;
    struct page page = {.limit = PAGE_DEFAULT};
    if (parse_state(request_query(request, "state"), &state) != 0)
        return reply_bad_request("state: pending, failed, sent or given_up");
    if (request_number(request_query(request, "limit"), 1, PAGE_MAX, &page.limit) != 0)
        return reply_bad_request("limit: 1..500");
    if (request_number(request_query(request, "before"), 1, INT64_MAX, &before) != 0)
        return reply_bad_request("before: the next_before of an earlier answer");
    page.list = json_array();
    if (store_deliveries(api->store, state, request_query(request, "channel"), before, (int)page.limit + 1,
                         add_delivery, &page) != 0) {
        json_decref(page.list);
        return reply_store_failed();
    }
    return reply_json(MHD_HTTP_OK, json_pack("{s:o, s:o}", "notifications", page.list, "next_before",
                                             page.more ? json_integer(page.last_id) : json_null()));
}

/* Both or neither: without its line in the audit nothing is done. */
struct api_reply handle_notification_retry(struct api *api, const struct api_request *request)
{
    int64_t id = 0;
    char subject[32];
    const int64_t now_utc_ms = request_now_ms(CLOCK_REALTIME);
    if (request_number(request->tail, 1, INT64_MAX, &id) != 0)
        return reply_bad_request("a notification has a number");
    (void)snprintf(subject, sizeof(subject), "%lld", (long long)id);
    int rc = store_begin(api->store);
    if (rc == 0)
        rc = store_delivery_retry(api->store, id, now_utc_ms);
    if (rc == 0)
        rc = store_audit(api->store, request->who->name, "retry-notification", subject, now_utc_ms);
    if (rc == 0)
        rc = store_commit(api->store);
    if (rc != 0)
        store_rollback(api->store);
    switch (rc) {
    case 0:
        return reply_json(MHD_HTTP_ACCEPTED, json_pack("{s:I}", "id", (json_int_t)id));
    case -ENOENT:
        return reply_not_found("no such notification");
    case -EALREADY:
        return reply_error(MHD_HTTP_CONFLICT, "conflict", "it has been sent");
    case -EAGAIN:
        return reply_error(MHD_HTTP_CONFLICT, "conflict", "it is waiting for its turn already");
    default:
        return reply_store_failed();
    }
}

json_t *apijson_notifications(const struct store_notice_counts *counts)
{
    return json_pack("{s:I, s:I, s:I, s:o}", "pending", (json_int_t)counts->n[STORE_PENDING], "failed",
                     (json_int_t)counts->n[STORE_FAILED], "given_up", (json_int_t)counts->n[STORE_GIVEN_UP],
                     "oldest_unsent_at", modeljson_instant(counts->oldest_unsent_utc_ms));
}
