#include "bureau/registry/diff.h"

#include "bureau/registry/orderkind.h"
#include "bureau/registry/sets.h"
#include "bureau/registry/tables.h"
#include "proto/utc.h"

#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- fields that are not columns of a CSV file --- */

static void put(char ret[REGISTRY_FIELD_LEN], const char *text)
{
    (void)snprintf(ret, REGISTRY_FIELD_LEN, "%s", text);
}

/* So that two that look the same in sum are told apart. */
static void add_hash(char ret[REGISTRY_FIELD_LEN], const void *data, size_t len)
{
    unsigned char hash[16]; /* the shortest that libsodium makes; 4 bytes of it are plenty here */
    const size_t at = strlen(ret);
    (void)crypto_generichash(hash, sizeof(hash), data, len, NULL, 0); /* cannot fail with these lengths */
    (void)snprintf(ret + at, REGISTRY_FIELD_LEN - at, " #%02x%02x%02x%02x", hash[0], hash[1], hash[2],
                   hash[3]);
}

static void point_text(double lat_deg, double lon_deg, char ret[REGISTRY_FIELD_LEN])
{
    (void)snprintf(ret, REGISTRY_FIELD_LEN, "%.7f, %.7f", lat_deg, lon_deg);
}

static void number_text(double number, char ret[REGISTRY_FIELD_LEN])
{
    (void)snprintf(ret, REGISTRY_FIELD_LEN, "%.10g", number);
}

static void route_id(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    put(ret, ((const struct bw_route *)row)->route_id);
}
static void route_name(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    put(ret, ((const struct bw_route *)row)->name);
}
static void route_half_width(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    number_text(((const struct bw_route *)row)->half_width_m, ret);
}
static void route_speed_limit(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    number_text(((const struct bw_route *)row)->speed_limit_kmh, ret);
}
static void route_limits(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    const struct bw_route *route = row;
    put(ret, "");
    if (route->n_limits == 0)
        return;
    size_t len = 0;
    for (size_t i = 0; i < route->n_limits && len < REGISTRY_FIELD_LEN; i++) {
        const struct bw_limit *limit = &route->limits[i];
        len += (size_t)snprintf(ret + len, REGISTRY_FIELD_LEN - len, "%s%g-%g m: %g km/h%s",
                                i > 0 ? ", " : "", limit->from_m, limit->to_m, limit->limit_kmh,
                                limit->motorway ? " motorway" : "");
    }
}
static void route_line(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    const struct bw_route *route = row;
    (void)snprintf(ret, REGISTRY_FIELD_LEN, "%zu positions, %zu parts", route->n_points, route->n_parts);
    add_hash(ret, route->points, route->n_points * sizeof(*route->points));
}

static void stop_id(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    put(ret, ((const struct bw_stop *)row)->stop_id);
}
static void stop_name(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    put(ret, ((const struct bw_stop *)row)->name);
}
static void stop_route(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    put(ret, ((const struct bw_stop *)row)->route_id);
}
static void stop_sequence(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    number_text(((const struct bw_stop *)row)->sequence, ret);
}
static void stop_radius(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    number_text(((const struct bw_stop *)row)->radius_m, ret);
}
static void stop_position(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    const struct bw_stop *stop = row;
    point_text(stop->lat_deg, stop->lon_deg, ret);
}

static void order_id(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    put(ret, ((const struct bw_order *)row)->order_id);
}
static void order_kind(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    put(ret, orderkind_name(row));
}
static void order_reason(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    put(ret, ((const struct bw_order *)row)->reason);
}
static void order_from(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    orderkind_local(((const struct bw_order *)row)->from_utc_ms, ret);
}
static void order_until(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    orderkind_local(((const struct bw_order *)row)->until_utc_ms, ret);
}
static void order_limit(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    const struct bw_order *order = row;
    put(ret, "");
    if (order->limit_kmh != 0)
        number_text(order->limit_kmh, ret);
}
static void order_routes(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    const struct bw_order *order = row;
    size_t len = 0;
    put(ret, "");
    for (size_t i = 0; i < order->n_routes && len < REGISTRY_FIELD_LEN; i++)
        len += (size_t)snprintf(ret + len, REGISTRY_FIELD_LEN - len, "%s%s", i > 0 ? ", " : "",
                                order->routes[i]);
}
static void order_area(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    const struct bw_order *order = row;
    put(ret, "");
    if (order->n_points == 0)
        return;
    (void)snprintf(ret, REGISTRY_FIELD_LEN, "%zu vertices", order->n_points);
    add_hash(ret, order->points, order->n_points * sizeof(*order->points));
}

static void service_id(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    registry_row_id(REGISTRY_SERVICES, row, ret);
}
static void service_feed_route(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    put(ret, ((const struct registry_service *)row)->feed_route_id);
}
static void service_weekdays(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    const uint8_t weekdays = ((const struct registry_service *)row)->weekdays;
    tables_weekdays_text(&weekdays, ret, REGISTRY_FIELD_LEN);
}
static void service_from(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    utc_day_format(((const struct registry_service *)row)->from_day, ret);
}
static void service_until(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    utc_day_format(((const struct registry_service *)row)->until_day, ret);
}
/* "25:30" is half past one the next day. */
static void service_window(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    const struct registry_service *service = row;
    (void)snprintf(ret, REGISTRY_FIELD_LEN, "%02d:%02d-%02d:%02d", service->start_min / 60,
                   service->start_min % 60, service->end_min / 60, service->end_min % 60);
}
static void service_trips(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    number_text(((const struct registry_service *)row)->n_trips, ret);
}
static void service_days(const void *row, char ret[REGISTRY_FIELD_LEN])
{
    const struct registry_service *service = row;
    put(ret, "");
    if (service->n_days == 0)
        return;
    (void)snprintf(ret, REGISTRY_FIELD_LEN, "%zu days", service->n_days);
    add_hash(ret, service->days, service->n_days * sizeof(*service->days));
}

typedef void (*field_fn)(const void *row, char ret[REGISTRY_FIELD_LEN]);
struct field {
    const char *name;
    field_fn text;
};

static const struct field ROUTE_FIELDS[] = {
    {"route_id", route_id},
    {"name", route_name},
    {"half_width_m", route_half_width},
    {"speed_limit_kmh", route_speed_limit},
    {"limits", route_limits},
    {"line", route_line},
};
static const struct field STOP_FIELDS[] = {
    {"stop_id", stop_id},        {"name", stop_name},       {"route_id", stop_route},
    {"sequence", stop_sequence}, {"radius_m", stop_radius}, {"position", stop_position},
};
static const struct field ORDER_FIELDS[] = {
    {"order_id", order_id}, {"kind", order_kind},       {"reason", order_reason}, {"from", order_from},
    {"until", order_until}, {"limit_kmh", order_limit}, {"routes", order_routes}, {"area", order_area},
};
static const struct field SERVICE_FIELDS[] = {
    {"service", service_id},        {"feed_route_id", service_feed_route},
    {"weekdays", service_weekdays}, {"from", service_from},
    {"until", service_until},       {"times", service_window},
    {"trips", service_trips},       {"exceptions", service_days},
};

/* One of the two is set. */
static const struct {
    const struct csvfile_table *csv;
    const struct field *fields;
    size_t n_fields;
} TABLES[REGISTRY_TABLES] = {
#define FIELDS(list) NULL, list, sizeof(list) / sizeof((list)[0])
    [REGISTRY_SCHOOLS] = {&SCHOOLS_TABLE, NULL, 0}, [REGISTRY_VEHICLES] = {&VEHICLES_TABLE, NULL, 0},
    [REGISTRY_DRIVERS] = {&DRIVERS_TABLE, NULL, 0}, [REGISTRY_PERMITS] = {&PERMITS_TABLE, NULL, 0},
    [REGISTRY_ROUTES] = {FIELDS(ROUTE_FIELDS)},     [REGISTRY_STOPS] = {FIELDS(STOP_FIELDS)},
    [REGISTRY_ORDERS] = {FIELDS(ORDER_FIELDS)},     [REGISTRY_SERVICES] = {FIELDS(SERVICE_FIELDS)},
};

size_t registry_field_count(enum registry_table table)
{
    return TABLES[table].csv ? TABLES[table].csv->n_columns : TABLES[table].n_fields;
}

const char *registry_field_name(enum registry_table table, size_t field)
{
    return TABLES[table].csv ? TABLES[table].csv->columns[field].name : TABLES[table].fields[field].name;
}

void registry_field_text(enum registry_table table, size_t field, const void *row,
                         char ret[REGISTRY_FIELD_LEN])
{
    if (TABLES[table].csv == NULL) {
        TABLES[table].fields[field].text(row, ret);
        return;
    }
    const struct csvfile_column *column = &TABLES[table].csv->columns[field];
    column->format((const char *)row + column->offset, ret, REGISTRY_FIELD_LEN);
}

void registry_row_id(enum registry_table table, const void *row, char ret[REGISTRY_ROW_ID_LEN])
{
    char text[REGISTRY_FIELD_LEN];
    const struct registry_service *service = row;
    if (table == REGISTRY_SERVICES) {
        (void)snprintf(ret, REGISTRY_ROW_ID_LEN, "%s %s", service->route_id, service->service_id);
        return;
    }
    registry_field_text(table, 0, row, text); /* the first is the id, of at most BW_ID_LEN */
    (void)snprintf(ret, REGISTRY_ROW_ID_LEN, "%.*s", BW_ID_LEN - 1, text);
}

/* --- rows --- */

static bool same_bytes(const void *a, size_t n_a, const void *b, size_t n_b, size_t size)
{
    return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a * size) == 0);
}

/* They are padded. */
static bool same_limits(const struct bw_route *a, const struct bw_route *b)
{
    bool same = a->n_limits == b->n_limits;
    for (size_t i = 0; same && i < a->n_limits; i++)
        same = a->limits[i].from_m == b->limits[i].from_m && a->limits[i].to_m == b->limits[i].to_m &&
               a->limits[i].limit_kmh == b->limits[i].limit_kmh &&
               a->limits[i].motorway == b->limits[i].motorway;
    return same;
}

/* What the fields tell only by a hash is compared as it is, which is cheaper and certain. */
static bool same_lists(enum registry_table table, const void *left, const void *right)
{
    if (table == REGISTRY_ROUTES) {
        const struct bw_route *a = left, *b = right;
        return same_bytes(a->points, a->n_points, b->points, b->n_points, sizeof(*a->points)) &&
               same_bytes(a->part_start, a->n_parts + 1, b->part_start, b->n_parts + 1,
                          sizeof(*a->part_start)) &&
               same_limits(a, b);
    }
    if (table == REGISTRY_ORDERS) {
        const struct bw_order *a = left, *b = right;
        return same_bytes(a->points, a->n_points, b->points, b->n_points, sizeof(*a->points));
    }
    if (table == REGISTRY_SERVICES) {
        const struct registry_service *a = left, *b = right;
        return same_bytes(a->days, a->n_days, b->days, b->n_days, sizeof(*a->days));
    }
    return true;
}

static bool has_list(const char *name)
{
    static const char *const lists[] = {"limits", "line", "area", "exceptions"};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (strcmp(name, lists[i]) == 0)
            return true;
    return false;
}

static bool same_row(enum registry_table table, const void *left, const void *right)
{
    char a[REGISTRY_FIELD_LEN], b[REGISTRY_FIELD_LEN];
    if (!same_lists(table, left, right))
        return false;
    for (size_t i = 0; i < registry_field_count(table); i++) {
        if (has_list(registry_field_name(table, i)))
            continue;
        registry_field_text(table, i, left, a);
        registry_field_text(table, i, right, b);
        if (strcmp(a, b) != 0)
            return false;
    }
    return true;
}

struct entry {
    char id[REGISTRY_ROW_ID_LEN];
    const void *row;
};

static int compare_entries(const void *left, const void *right)
{
    return strcmp(((const struct entry *)left)->id, ((const struct entry *)right)->id);
}

/* NULL: out of memory. */
static struct entry *by_id(const struct registry *registry, enum registry_table table, size_t *ret_n)
{
    size_t row_size;
    const char *rows = registry_rows(registry, table, ret_n, &row_size);
    struct entry *entries = calloc(*ret_n + 1, sizeof(*entries));
    for (size_t i = 0; entries != NULL && i < *ret_n; i++) {
        entries[i].row = rows + i * row_size;
        registry_row_id(table, entries[i].row, entries[i].id);
    }
    if (entries != NULL)
        qsort(entries, *ret_n, sizeof(*entries), compare_entries);
    return entries;
}

static int add(struct registry_diff *diff, enum registry_table table, const void *before, const void *after)
{
    struct registry_change *grown = rows_room(diff->changes, diff->n, 1, sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    diff->changes = grown;
    diff->changes[diff->n++] = (struct registry_change){table, before, after};
    return 0;
}

static int diff_table(const struct registry *before, const struct registry *after, enum registry_table table,
                      struct registry_diff *diff)
{
    size_t n_a, n_b, i = 0, k = 0;
    struct entry *a = by_id(before, table, &n_a), *b = by_id(after, table, &n_b);
    int err = a != NULL && b != NULL ? 0 : -ENOMEM;
    while (err == 0 && (i < n_a || k < n_b)) {
        const int order = i == n_a ? 1 : k == n_b ? -1 : strcmp(a[i].id, b[k].id);
        if (order < 0)
            err = add(diff, table, a[i++].row, NULL);
        else if (order > 0)
            err = add(diff, table, NULL, b[k++].row);
        else {
            if (!same_row(table, a[i].row, b[k].row))
                err = add(diff, table, a[i].row, b[k].row);
            i++;
            k++;
        }
    }
    free(a);
    free(b);
    return err;
}

int registry_diff(const struct registry *before, const struct registry *after, struct registry_diff *ret)
{
    struct registry_diff diff = {0};
    int err = 0;
    for (int i = 0; i < REGISTRY_TABLES && err == 0; i++)
        err = diff_table(before, after, (enum registry_table)i, &diff);
    if (err < 0)
        registry_diff_free(&diff);
    else
        *ret = diff;
    return err;
}

void registry_diff_free(struct registry_diff *diff)
{
    free(diff->changes);
    *diff = (struct registry_diff){0};
}

json_t *registry_change_json(const struct registry_change *change)
{
    char a[REGISTRY_FIELD_LEN] = "", b[REGISTRY_FIELD_LEN] = "";
    json_t *fields = json_object();
    bool failed = fields == NULL;
    for (size_t i = 0; i < registry_field_count(change->table) && !failed; i++) {
        if (change->before != NULL)
            registry_field_text(change->table, i, change->before, a);
        if (change->after != NULL)
            registry_field_text(change->table, i, change->after, b);
        if (strcmp(a, b) == 0)
            continue;
        json_t *pair = json_pack("[o, o]", change->before ? json_string(a) : json_null(),
                                 change->after ? json_string(b) : json_null());
        failed = json_object_set_new(fields, registry_field_name(change->table, i), pair) != 0;
    }
    if (failed) {
        json_decref(fields);
        return NULL;
    }
    return fields;
}
