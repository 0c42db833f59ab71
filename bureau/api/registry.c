/* The registry by hand: rows read, put and removed one at a time, and what has been changed by whom. */
#include "bureau/store/registry.h"
#include "bureau/api/internal.h"
#include "bureau/issue/issuer.h"
#include "bureau/registry/edit.h"
#include "bureau/registry/expiry.h"
#include "proto/utc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS_PAGE_MAX = 500,
    CHANGES_PAGE = 100,
    CHANGES_PAGE_MAX = 500,
    EXPIRY_DAYS = 60,
    EXPIRY_DAYS_MAX = 3660
};

/* --- what a school may see: its own rows, and what its own vehicles' permits name --- */

/* Ids of the registry, sorted. */
struct named {
    const char **ids;
    size_t n;
};

struct view {
    const struct registry *registry;
    const char *school_id; /* NULL = everything */
    struct named drivers, routes;
};

static bool vehicle_is_seen(const struct view *view, const char *vehicle_id)
{
    const struct registry_vehicle *vehicle = registry_vehicle(view->registry, vehicle_id);
    return vehicle != NULL && strcmp(vehicle->school_id, view->school_id) == 0;
}

static int compare_ids(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_named(const struct named *named, const char *id)
{
    return bsearch(&id, named->ids, named->n, sizeof(*named->ids), compare_ids) != NULL;
}

/* What the permits of the school's vehicles name, once for all rows. 0 or -ENOMEM; close_view(). */
static int open_view(struct view *view)
{
    const struct registry *registry = view->registry;
    if (view->school_id == NULL)
        return 0;
    view->drivers.ids = calloc(registry->n_permits + 1, sizeof(*view->drivers.ids));
    view->routes.ids = calloc(registry->n_permits + 1, sizeof(*view->routes.ids));
    if (view->drivers.ids == NULL || view->routes.ids == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < registry->n_permits; i++) {
        const struct registry_permit *permit = &registry->permits[i];
        if (!vehicle_is_seen(view, permit->vehicle_id))
            continue;
        view->drivers.ids[view->drivers.n++] = permit->permit.driver_id;
        view->routes.ids[view->routes.n++] = permit->permit.route_id;
    }
    qsort(view->drivers.ids, view->drivers.n, sizeof(*view->drivers.ids), compare_ids);
    qsort(view->routes.ids, view->routes.n, sizeof(*view->routes.ids), compare_ids);
    return 0;
}

static void close_view(struct view *view)
{
    free(view->drivers.ids);
    free(view->routes.ids);
}

static bool order_is_seen(const struct view *view, const struct bw_order *order)
{
    bool seen = order->n_routes == 0;
    for (size_t i = 0; i < order->n_routes; i++)
        seen |= is_named(&view->routes, order->routes[i]);
    return seen;
}

static bool is_seen(const void *context, enum registry_table table, const void *row)
{
    const struct view *view = context;
    if (view->school_id == NULL)
        return true;
    switch (table) {
    case REGISTRY_SCHOOLS:
        return strcmp(((const struct registry_school *)row)->school_id, view->school_id) == 0;
    case REGISTRY_VEHICLES:
        return vehicle_is_seen(view, ((const struct registry_vehicle *)row)->vehicle_id);
    case REGISTRY_DRIVERS:
        return is_named(&view->drivers, ((const struct registry_driver *)row)->driver_id);
    case REGISTRY_PERMITS:
        return vehicle_is_seen(view, ((const struct registry_permit *)row)->vehicle_id);
    case REGISTRY_ROUTES:
        return is_named(&view->routes, ((const struct bw_route *)row)->route_id);
    case REGISTRY_STOPS:
        return is_named(&view->routes, ((const struct bw_stop *)row)->route_id);
    case REGISTRY_ORDERS:
        return order_is_seen(view, row);
    default:
        return false;
    }
}

/* --- which row --- */

struct address {
    enum registry_table table;
    const char *id; /* NULL = the table */
};

/* "TABLE" or "TABLE/ID"; an id may hold a '/'. */
static bool parse_address(const char *tail, struct address *ret)
{
    char name[16];
    const size_t len = strcspn(tail, "/");
    if (len >= sizeof(name))
        return false;
    memcpy(name, tail, len);
    name[len] = '\0';
    ret->table = registry_edit_table(name);
    ret->id = tail[len] == '/' ? tail + len + 1 : NULL;
    return ret->table != REGISTRY_TABLES && (ret->id == NULL || *ret->id != '\0');
}

static struct api_reply no_such_row(void)
{
    return reply_not_found("no such row in the registry");
}

static struct api_reply out_of_memory(void)
{
    return reply_json(MHD_HTTP_INTERNAL_SERVER_ERROR, NULL);
}

/* --- reading --- */

static json_t *tagged_row(enum registry_table table, const void *row, bool brief)
{
    char tag[REGISTRY_TAG_LEN];
    registry_row_tag(table, row, tag);
    return json_pack("{s:s, s:o}", "tag", tag, "row", registry_row_json(table, row, brief));
}

/* NULL: out of memory. */
static json_t *tagged_rows(enum registry_table table, const void *const *rows, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n && list != NULL; i++)
        if (json_array_append_new(list, tagged_row(table, rows[i], true)) != 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static struct api_reply list(const struct view *view, enum registry_table table,
                             const struct api_request *request)
{
    int64_t limit = ROWS_PAGE_MAX;
    if (request_number(request_query(request, "limit"), 1, ROWS_PAGE_MAX, &limit) != 0)
        return reply_bad_request("limit: 1..500");
    const struct registry_edit_page page = {.table = table,
                                            .after = request_query(request, "after"),
                                            .limit = (size_t)limit,
                                            .is_wanted = is_seen,
                                            .context = view};
    char last[REGISTRY_ROW_ID_LEN] = "";
    const void **rows;
    size_t n;
    bool more;
    if (registry_edit_page(view->registry, &page, &rows, &n, &more) != 0)
        return out_of_memory();
    if (n > 0)
        registry_row_id(table, rows[n - 1], last);
    json_t *json = tagged_rows(table, rows, n);
    free(rows);
    if (json == NULL)
        return out_of_memory();
    return reply_json(MHD_HTTP_OK, json_pack("{s:o, s:o}", registry_table_name(table), json, "next_after",
                                             more ? json_string(last) : json_null()));
}

static void add_tag(struct api_reply *reply, enum registry_table table, const void *row)
{
    char tag[REGISTRY_TAG_LEN], quoted[REGISTRY_TAG_LEN + 2];
    registry_row_tag(table, row, tag);
    (void)snprintf(quoted, sizeof(quoted), "\"%s\"", tag);
    reply_header(reply, MHD_HTTP_HEADER_ETAG, quoted);
}

/* A route also with its timetable. */
static json_t *services_json(const struct registry *registry, const char *route_id)
{
    json_t *list = json_array();
    for (size_t i = 0; i < registry->n_services; i++) {
        const struct registry_service *service = &registry->services[i];
        char text[REGISTRY_FIELD_LEN];
        if (strcmp(service->route_id, route_id) != 0)
            continue;
        json_t *json = json_object();
        for (size_t k = 1; k < registry_field_count(REGISTRY_SERVICES); k++) {
            registry_field_text(REGISTRY_SERVICES, k, service, text);
            (void)json_object_set_new(json, registry_field_name(REGISTRY_SERVICES, k), json_string(text));
        }
        (void)json_object_set_new(json, "service_id", json_string(service->service_id));
        (void)json_array_append_new(list, json);
    }
    return list;
}

static struct api_reply one(const struct view *view, const struct address *address)
{
    const void *row = registry_edit_find(view->registry, address->table, address->id);
    if (row == NULL || !is_seen(view, address->table, row))
        return no_such_row();
    json_t *json = tagged_row(address->table, row, false);
    if (json != NULL && address->table == REGISTRY_ROUTES)
        (void)json_object_set_new(json, "timetable", services_json(view->registry, address->id));
    struct api_reply reply = reply_json(MHD_HTTP_OK, json);
    add_tag(&reply, address->table, row);
    return reply;
}

struct api_reply handle_registry(struct api *api, const struct api_request *request)
{
    struct address address;
    struct view view = {.school_id = access_school(request->who)};
    if (!parse_address(request->tail, &address))
        return no_such_row();
    if (request_registry(api, &view.registry) != 0)
        return reply_store_failed();
    struct api_reply reply = open_view(&view) != 0 ? out_of_memory()
                             : address.id == NULL  ? list(&view, address.table, request)
                                                   : one(&view, &address);
    close_view(&view);
    return reply;
}

/* --- changing --- */

struct edit {
    struct address address;
    json_t *row;     /* NULL = removed */
    bool is_new;     /* a POST: it must not be there yet */
    const char *tag; /* the row must be this one still; NULL with a POST */
};

struct edited {
    struct registry *base, *registry;
    struct registry_diff diff;
    struct registry_faults faults;
    struct issuer_counts issued;
};

static void forget(struct edited *edited)
{
    registry_diff_free(&edited->diff);
    registry_faults_free(&edited->faults);
    registry_free(edited->registry);
    registry_free(edited->base);
}

static bool tag_matches(const char *want, enum registry_table table, const void *row)
{
    char tag[REGISTRY_TAG_LEN];
    const size_t len = strlen(want);
    const bool quoted = len >= 2 && want[0] == '"' && want[len - 1] == '"';
    registry_row_tag(table, row, tag);
    return strlen(tag) + (quoted ? 2 : 0) == len && strncmp(tag, want + quoted, strlen(tag)) == 0;
}

/* 0; -EEXIST there is such a row; -ENOENT there is none; -ESTALE it is another by now. */
static int check_base(const struct edit *edit, const struct registry *base)
{
    const void *row = registry_edit_find(base, edit->address.table, edit->address.id);
    if (edit->is_new)
        return row != NULL ? -EEXIST : 0;
    if (row == NULL)
        return -ENOENT;
    return tag_matches(edit->tag, edit->address.table, row) ? 0 : -ESTALE;
}

/* Within a transaction, which is the caller's to end: what others change at the same time comes before or
 * after. */
static int apply(struct api *api, const struct api_request *request, const struct edit *edit,
                 struct edited *ret)
{
    const struct store_editor editor = {request->who->name, "api", request_now_ms(CLOCK_REALTIME)};
    char subject[REGISTRY_ROW_ID_LEN + 32];
    int rc = store_registry_load(api->store, &ret->base);
    if (rc == 0)
        rc = check_base(edit, ret->base);
    if (rc == 0)
        rc = registry_edit(ret->base, edit->address.table, edit->address.id, edit->row, &ret->registry,
                           &ret->faults);
    if (rc == 0)
        rc = registry_diff(ret->base, ret->registry, &ret->diff);
    if (rc == 0)
        rc = store_registry_apply(api->store, &ret->diff, &editor);
    (void)snprintf(subject, sizeof(subject), "%s %s", registry_table_name(edit->address.table),
                   edit->address.id);
    if (rc == 0)
        rc = store_audit(api->store, editor.who, edit->row ? "registry-put" : "registry-remove", subject,
                         editor.utc_ms);
    const struct issuer issuer = {api->store, ret->registry, api->key, editor.who, editor.utc_ms};
    if (rc == 0)
        rc = issuer_changed(&issuer, &ret->diff, &ret->issued, NULL);
    return rc;
}

static struct api_reply faulty(const struct registry_faults *faults)
{
    json_t *list = json_array();
    for (size_t i = 0; i < faults->n; i++)
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s}", "table", faults->list[i].file, "reason", faults->list[i].reason));
    return reply_json(MHD_HTTP_UNPROCESSABLE_CONTENT,
                      json_pack("{s:{s:s, s:s, s:o}}", "error", "code", "invalid", "message",
                                faults->n > 0 ? faults->list[0].reason : "cannot be used", "faults", list));
}

static struct api_reply refused(int rc, const struct edited *edited)
{
    switch (rc) {
    case -EEXIST:
        return reply_error(MHD_HTTP_CONFLICT, "exists", "there is such a row already");
    case -ENOENT:
        return no_such_row();
    case -ESTALE:
        return reply_error(MHD_HTTP_PRECONDITION_FAILED, "changed",
                           "somebody has changed this row since you read it: read it again");
    case -EINVAL:
        return faulty(&edited->faults);
    case -ENOKEY:
        return reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "no_key",
                           "there is no key to sign licences and orders with");
    default:
        return reply_store_failed();
    }
}

static struct api_reply accepted(const struct edit *edit, const struct edited *edited)
{
    const void *row =
        edit->row ? registry_edit_find(edited->registry, edit->address.table, edit->address.id) : NULL;
    json_t *json =
        row ? tagged_row(edit->address.table, row, edit->address.table == REGISTRY_ROUTES) : json_object();
    json_t *issued = json_pack("{s:I, s:I}", "licences", (json_int_t)edited->issued.vehicles[ISSUED_LICENCE],
                               "orders", (json_int_t)edited->issued.vehicles[ISSUED_ORDERS]);
    if (json != NULL && json_object_set_new(json, "issued", issued) != 0) {
        json_decref(json);
        json = NULL;
    }
    struct api_reply reply = reply_json(edit->is_new ? MHD_HTTP_CREATED : MHD_HTTP_OK, json);
    if (row != NULL)
        add_tag(&reply, edit->address.table, row);
    return reply;
}

static struct api_reply run(struct api *api, const struct api_request *request, const struct edit *edit)
{
    struct edited edited = {0};
    if (store_begin(api->store) != 0)
        return reply_store_failed();
    int rc = apply(api, request, edit, &edited);
    if (rc == 0)
        rc = store_commit(api->store);
    if (rc != 0)
        store_rollback(api->store);
    else
        request_registry_changed(api);
    struct api_reply reply = rc == 0 ? accepted(edit, &edited) : refused(rc, &edited);
    forget(&edited);
    return reply;
}

/* The member of the row that names it. */
static const char *id_of_body(enum registry_table table, const json_t *row)
{
    const bool is_feature = table == REGISTRY_ROUTES || table == REGISTRY_STOPS || table == REGISTRY_ORDERS;
    const json_t *members = is_feature ? json_object_get(row, "properties") : row;
    return json_string_value(json_object_get(members, registry_field_name(table, 0)));
}

struct api_reply handle_registry_add(struct api *api, const struct api_request *request)
{
    struct api_reply reply;
    struct edit edit = {.is_new = true};
    if (!parse_address(request->tail, &edit.address) || edit.address.id != NULL)
        return no_such_row();
    json_t *row = request_json(request, &reply);
    if (row == NULL)
        return reply;
    edit.row = row;
    edit.address.id = id_of_body(edit.address.table, row);
    reply = edit.address.id != NULL && *edit.address.id != '\0' ? run(api, request, &edit)
                                                                : reply_bad_request("the row has no id");
    json_decref(row);
    return reply;
}

static struct api_reply needs_tag(void)
{
    return reply_error(MHD_HTTP_PRECONDITION_REQUIRED, "if_match",
                       "send If-Match with the ETag of the row as you read it");
}

struct api_reply handle_registry_put(struct api *api, const struct api_request *request)
{
    struct api_reply reply;
    struct edit edit = {.tag = request_header(request, MHD_HTTP_HEADER_IF_MATCH)};
    if (!parse_address(request->tail, &edit.address) || edit.address.id == NULL)
        return no_such_row();
    if (edit.tag == NULL)
        return needs_tag();
    json_t *row = request_json(request, &reply);
    if (row == NULL)
        return reply;
    edit.row = row;
    reply = run(api, request, &edit);
    json_decref(row);
    return reply;
}

struct api_reply handle_registry_remove(struct api *api, const struct api_request *request)
{
    struct edit edit = {.tag = request_header(request, MHD_HTTP_HEADER_IF_MATCH)};
    if (!parse_address(request->tail, &edit.address) || edit.address.id == NULL)
        return no_such_row();
    return edit.tag == NULL ? needs_tag() : run(api, request, &edit);
}

/* --- the history --- */

struct change_page {
    json_t *changes;
    int64_t limit, last_id;
    bool more;
};

static int add_change(void *context, const struct store_registry_change *row)
{
    struct change_page *page = context;
    char at[UTC_TEXT_LEN];
    page->more = (int64_t)json_array_size(page->changes) == page->limit;
    if (page->more)
        return 0;
    page->last_id = row->id;
    utc_format(row->utc_ms, at);
    json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "id", (json_int_t)row->id, "time",
                             at, "who", row->who, "via", row->via, "table", row->table, "row", row->row_id,
                             "what", row->what, "fields", json_loads(row->fields, 0, NULL));
    return json_array_append_new(page->changes, json) == 0 ? 0 : -ENOMEM;
}

struct api_reply handle_registry_changes(struct api *api, const struct api_request *request)
{
    const char *table = request_query(request, "table"), *row = request_query(request, "row");
    struct change_page page = {.limit = CHANGES_PAGE};
    int64_t before = 0;
    if (request_number(request_query(request, "limit"), 1, CHANGES_PAGE_MAX, &page.limit) != 0)
        return reply_bad_request("limit: 1..500");
    if (request_number(request_query(request, "before"), 1, INT64_MAX, &before) != 0)
        return reply_bad_request("before: the next_before of an earlier answer");
    page.changes = json_array();
    if (store_registry_changes(api->store, table, row, before, (int)page.limit + 1, add_change, &page) != 0) {
        json_decref(page.changes);
        return reply_store_failed();
    }
    return reply_json(MHD_HTTP_OK, json_pack("{s:o, s:o}", "changes", page.changes, "next_before",
                                             page.more ? json_integer(page.last_id) : json_null()));
}

/* --- what ends soon --- */

struct api_reply handle_expiries(struct api *api, const struct api_request *request)
{
    const struct registry *registry;
    struct registry_expiry *list = NULL;
    size_t n = 0;
    int64_t days = EXPIRY_DAYS;
    if (request_number(request_query(request, "days"), 0, EXPIRY_DAYS_MAX, &days) != 0)
        return reply_bad_request("days: 0..3660");
    if (request_registry(api, &registry) != 0 ||
        store_expiries(api->store, registry, request_now_ms(CLOCK_REALTIME), (int)days,
                       access_school(request->who), &list, &n) != 0)
        return reply_store_failed();
    json_t *json = json_array();
    for (size_t i = 0; i < n; i++) {
        char until[UTC_DAY_TEXT_LEN];
        utc_day_format(list[i].until_day, until);
        (void)json_array_append_new(json, json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "kind",
                                                    registry_expiry_name(list[i].kind), "id", list[i].id,
                                                    "vehicle_id", list[i].vehicle_id, "name", list[i].name,
                                                    "until", until, "days_left", (int)list[i].days_left));
    }
    free(list);
    return reply_json(MHD_HTTP_OK, json_pack("{s:I, s:o}", "days", (json_int_t)days, "expiries", json));
}
