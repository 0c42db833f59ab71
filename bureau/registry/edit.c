#include "bureau/registry/edit.h"

#include "bureau/registry/diff.h"
#include "bureau/registry/orderkind.h"
#include "bureau/registry/ordersfile.h"
#include "bureau/registry/routes.h"
#include "bureau/registry/sets.h"
#include "bureau/registry/tables.h"
#include "bureau/registry/textfile.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum registry_table registry_edit_table(const char *name)
{
    for (int i = 0; i < REGISTRY_SERVICES; i++)
        if (strcmp(registry_table_name((enum registry_table)i), name) == 0)
            return (enum registry_table)i;
    return REGISTRY_TABLES;
}

const void *registry_edit_find(const struct registry *registry, enum registry_table table, const char *id)
{
    size_t n, row_size;
    const char *rows = registry_rows(registry, table, &n, &row_size);
    for (size_t i = 0; i < n; i++)
        if (strcmp(sets_row_id(table, rows + i * row_size), id) == 0)
            return rows + i * row_size;
    return NULL;
}

/* --- a page --- */

struct listed {
    const char *id;
    const void *row;
};

static int compare_listed(const void *left, const void *right)
{
    return strcmp(((const struct listed *)left)->id, ((const struct listed *)right)->id);
}

/* The first `most` by id of those that are asked for; `found` has room for twice as many, and is sorted and
 * cut whenever it is full. How many. */
static size_t find_first(const struct registry *registry, const struct registry_edit_page *page, size_t most,
                         struct listed *found)
{
    size_t n_rows, row_size, n = 0;
    const char *rows = registry_rows(registry, page->table, &n_rows, &row_size), *below = NULL;
    for (size_t i = 0; i < n_rows; i++) {
        const struct listed one = {sets_row_id(page->table, rows + i * row_size), rows + i * row_size};
        if ((page->after != NULL && strcmp(one.id, page->after) <= 0) ||
            (below != NULL && strcmp(one.id, below) > 0) ||
            (page->is_wanted != NULL && !page->is_wanted(page->context, page->table, one.row)))
            continue;
        found[n++] = one;
        if (n == 2 * most) {
            qsort(found, n, sizeof(*found), compare_listed);
            n = most;
            below = found[n - 1].id;
        }
    }
    qsort(found, n, sizeof(*found), compare_listed);
    return n < most ? n : most;
}

int registry_edit_page(const struct registry *registry, const struct registry_edit_page *page,
                       const void ***ret, size_t *ret_n, bool *ret_more)
{
    const size_t most = page->limit + 1; /* one more: is there another page? */
    struct listed *found = calloc(2 * most, sizeof(*found));
    const void **list = calloc(most, sizeof(*list));
    if (found == NULL || list == NULL) {
        free(found);
        free(list);
        return -ENOMEM;
    }
    const size_t n = find_first(registry, page, most, found);
    for (size_t i = 0; i < n; i++)
        list[i] = found[i].row;
    free(found);
    *ret = list;
    *ret_n = n < most ? n : page->limit;
    *ret_more = n == most;
    return 0;
}

static const struct csvfile_table *csv_of(enum registry_table table)
{
    static const struct csvfile_table *const tables[REGISTRY_TABLES] = {
        [REGISTRY_SCHOOLS] = &SCHOOLS_TABLE,
        [REGISTRY_VEHICLES] = &VEHICLES_TABLE,
        [REGISTRY_DRIVERS] = &DRIVERS_TABLE,
        [REGISTRY_PERMITS] = &PERMITS_TABLE,
    };
    return tables[table];
}

/* --- to JSON --- */

static json_t *csv_json(const struct csvfile_table *table, const void *row)
{
    json_t *json = json_object();
    for (size_t i = 0; json != NULL && i < table->n_columns; i++) {
        const struct csvfile_column *column = &table->columns[i];
        char text[CSVFILE_FIELD_MAX];
        column->format((const char *)row + column->offset, text, sizeof(text));
        json_t *value =
            column->format == tables_persons_text ? json_integer(strtol(text, NULL, 10)) : json_string(text);
        if (json_object_set_new(json, column->name, value) != 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

static json_t *position_json(double lat_deg, double lon_deg)
{
    return json_pack("[f, f]", lon_deg, lat_deg);
}

/* Points `first` to `end` - 1; closed: the first again at the end. */
static json_t *points_json(const struct bw_point *points, size_t first, size_t end, bool closed)
{
    json_t *array = json_array();
    for (size_t i = first; i < end; i++)
        (void)json_array_append_new(array, position_json(points[i].lat_deg, points[i].lon_deg));
    if (closed && end > first)
        (void)json_array_append_new(array, position_json(points[first].lat_deg, points[first].lon_deg));
    return array;
}

static json_t *feature_json(json_t *properties, json_t *geometry)
{
    return json_pack("{s:s, s:s, s:o, s:o}", "type", "Feature", "frame", "WGS84", "properties", properties,
                     "geometry", geometry ? geometry : json_null());
}

static json_t *limits_json(const struct bw_route *route)
{
    json_t *limits = json_array();
    for (size_t i = 0; i < route->n_limits; i++)
        (void)json_array_append_new(limits, json_pack("{s:f, s:f, s:f, s:b}", "from_m",
                                                      route->limits[i].from_m, "to_m", route->limits[i].to_m,
                                                      "limit_kmh", route->limits[i].limit_kmh, "motorway",
                                                      (int)route->limits[i].motorway));
    return limits;
}

static json_t *route_json(const struct bw_route *route, bool brief)
{
    json_t *properties = json_pack("{s:s, s:s, s:f, s:f, s:o}", "route_id", route->route_id, "name",
                                   route->name, "half_width_m", route->half_width_m, "speed_limit_kmh",
                                   route->speed_limit_kmh, "limits", limits_json(route));
    if (brief)
        return feature_json(properties, NULL);
    json_t *parts = json_array();
    for (size_t i = 0; i < route->n_parts; i++)
        (void)json_array_append_new(
            parts, points_json(route->points, route->part_start[i], route->part_start[i + 1], false));
    return feature_json(properties, json_pack("{s:s, s:o}", "type", "MultiLineString", "coordinates", parts));
}

static json_t *stop_json(const struct bw_stop *stop)
{
    return feature_json(
        json_pack("{s:s, s:s, s:s, s:I, s:f}", "stop_id", stop->stop_id, "name", stop->name, "route_id",
                  stop->route_id, "sequence", (json_int_t)stop->sequence, "radius_m", stop->radius_m),
        json_pack("{s:s, s:o}", "type", "Point", "coordinates", position_json(stop->lat_deg, stop->lon_deg)));
}

static json_t *order_json(const struct bw_order *order, bool brief)
{
    char from[32], until[32];
    orderkind_local(order->from_utc_ms, from);
    orderkind_local(order->until_utc_ms, until);
    json_t *properties =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "order_id", order->order_id, "kind", orderkind_name(order),
                  "reason", order->reason, "from", from, "until", until);
    if (order->limit_kmh != 0)
        (void)json_object_set_new(properties, "limit_kmh", json_real(order->limit_kmh));
    if (order->n_routes > 0) {
        json_t *routes = json_array();
        for (size_t i = 0; i < order->n_routes; i++)
            (void)json_array_append_new(routes, json_string(order->routes[i]));
        (void)json_object_set_new(properties, "routes", routes);
    }
    if (order->n_points == 0 || brief)
        return feature_json(properties, NULL);
    return feature_json(properties, json_pack("{s:s, s:[o]}", "type", "Polygon", "coordinates",
                                              points_json(order->points, 0, order->n_points, true)));
}

json_t *registry_row_json(enum registry_table table, const void *row, bool brief)
{
    switch (table) {
    case REGISTRY_ROUTES:
        return route_json(row, brief);
    case REGISTRY_STOPS:
        return stop_json(row);
    case REGISTRY_ORDERS:
        return order_json(row, brief);
    default:
        return csv_of(table) ? csv_json(csv_of(table), row) : NULL;
    }
}

/* What the fields only sum up. */
static void hash_lists(enum registry_table table, const void *row, crypto_generichash_state *state)
{
    if (table == REGISTRY_ROUTES) {
        const struct bw_route *route = row;
        (void)crypto_generichash_update(state, (const unsigned char *)route->points,
                                        route->n_points * sizeof(*route->points));
        (void)crypto_generichash_update(state, (const unsigned char *)route->part_start,
                                        (route->n_parts + 1) * sizeof(*route->part_start));
        for (size_t i = 0; i < route->n_limits; i++) { /* which are padded */
            const double limit[] = {route->limits[i].from_m, route->limits[i].to_m,
                                    route->limits[i].limit_kmh, route->limits[i].motorway};
            (void)crypto_generichash_update(state, (const unsigned char *)limit, sizeof(limit));
        }
    } else if (table == REGISTRY_ORDERS) {
        const struct bw_order *order = row;
        (void)crypto_generichash_update(state, (const unsigned char *)order->points,
                                        order->n_points * sizeof(*order->points));
    }
}

void registry_row_tag(enum registry_table table, const void *row, char ret[REGISTRY_TAG_LEN])
{
    unsigned char hash[(REGISTRY_TAG_LEN - 1) / 2];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0,
                                  sizeof(hash)); /* none of these can fail with these lengths */
    for (size_t i = 0; i < registry_field_count(table); i++) {
        char text[REGISTRY_FIELD_LEN];
        registry_field_text(table, i, row, text);
        (void)crypto_generichash_update(&state, (const unsigned char *)text, strlen(text) + 1);
    }
    hash_lists(table, row, &state);
    (void)crypto_generichash_final(&state, hash, sizeof(hash));
    (void)sodium_bin2hex(ret, REGISTRY_TAG_LEN, hash, sizeof(hash));
}

/* --- from JSON --- */

static void fault(struct registry_faults *faults, enum registry_table table, const char *subject,
                  const char *reason)
{
    faults_add(faults, registry_table_name(table), 0, subject, reason);
}

/* The text of a member as a file would have it; NULL: it is no text and no whole number. */
static const char *member_text(const json_t *value, char number[32])
{
    if (value == NULL || json_is_null(value))
        return "";
    if (json_is_integer(value)) {
        (void)snprintf(number, 32, "%lld", (long long)json_integer_value(value));
        return number;
    }
    return json_string_value(value);
}

/* As a reader of CSV would: what is wrong with it, or NULL. */
static const char *read_member(const struct csvfile_column *column, const json_t *value, char *row)
{
    char number[32];
    const char *text = member_text(value, number);
    if (text == NULL)
        return "must be a text or a whole number";
    const size_t len = json_is_string(value) ? json_string_length(value) : strlen(text);
    const char *reason = len < CSVFILE_FIELD_MAX ? text_fault(text, len) : "is too long";
    if (reason != NULL)
        return reason;
    if (*text != '\0')
        return column->parse(text, row + column->offset, column->size);
    return column->need == CSVFILE_MUST ? "is empty" : NULL;
}

static bool has_column(const struct csvfile_table *table, const char *name)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return true;
    return false;
}

static int read_csv_row(enum registry_table table, json_t *json, struct registry_faults *faults,
                        struct rows *rows)
{
    const struct csvfile_table *csv = csv_of(table);
    const char *name;
    json_t *value;
    char *row = calloc(1, csv->row_size);
    if (row == NULL)
        return -ENOMEM;
    json_object_foreach(json, name, value)
    {
        if (!has_column(csv, name))
            fault(faults, table, name, "no such column");
    }
    for (size_t i = 0; i < csv->n_columns; i++) {
        const char *reason = read_member(&csv->columns[i], json_object_get(json, csv->columns[i].name), row);
        if (reason != NULL)
            fault(faults, table, csv->columns[i].name, reason);
    }
    const char *reason = !faults_any(faults) && csv->check ? csv->check(row) : NULL;
    if (reason != NULL)
        fault(faults, table, NULL, reason);
    const int err = rows_add(rows, row, 0);
    free(row);
    return err;
}

/* One Feature, read as a collection of one. */
static int read_feature_row(enum registry_table table, json_t *json, struct registry_faults *faults,
                            struct sets *sets)
{
    json_t *root = json_pack("{s:s, s:O?, s:[O]}", "type", "FeatureCollection", "frame",
                             json_object_get(json, "frame"), "features", json);
    if (root == NULL)
        return -ENOMEM;
    const char *file = registry_table_name(table);
    const int err =
        table == REGISTRY_ORDERS
            ? ordersfile_read_json(root, file, faults, &sets->of[REGISTRY_ORDERS])
            : routes_read_json(root, file, faults, &sets->of[REGISTRY_ROUTES], &sets->of[REGISTRY_STOPS]);
    json_decref(root);
    return err;
}

/* The row alone in sets of its own: what is wrong with it by itself. */
static int read_row(enum registry_table table, const char *id, json_t *json, struct registry_faults *faults,
                    struct sets *sets)
{
    char read_id[REGISTRY_ROW_ID_LEN] = "";
    const int err = csv_of(table) ? read_csv_row(table, json, faults, &sets->of[table])
                                  : read_feature_row(table, json, faults, sets);
    if (err < 0 || faults_any(faults))
        return err;
    if (sets->of[table].n != 1) {
        fault(faults, table, NULL, "the geometry is not one of this table");
        return 0;
    }
    registry_row_id(table, sets->of[table].data, read_id);
    if (strcmp(read_id, id) != 0)
        fault(faults, table, read_id, "the row has another id; an id is never changed");
    return 0;
}

struct keeping {
    enum registry_table table;
    const char *id;
};

static bool is_other(const void *context, const void *row)
{
    const struct keeping *keeping = context;
    return strcmp(sets_row_id(keeping->table, row), keeping->id) != 0;
}

static bool is_of_other_route(const void *context, const void *row)
{
    const struct keeping *keeping = context;
    return strcmp(((const struct registry_service *)row)->route_id, keeping->id) != 0;
}

static int copy_rest(const struct registry *base, const struct keeping *edited, bool removed,
                     struct sets *sets)
{
    int err = 0;
    for (int i = 0; i < REGISTRY_TABLES && err == 0; i++) {
        sets_wanted_fn wanted = NULL;
        if (i == (int)edited->table)
            wanted = is_other;
        else if (i == REGISTRY_SERVICES && edited->table == REGISTRY_ROUTES && removed)
            wanted = is_of_other_route;
        err = sets_add_all(sets, base, (enum registry_table)i, wanted, edited);
    }
    return err;
}

int registry_edit(const struct registry *base, enum registry_table table, const char *id, json_t *row,
                  struct registry **ret, struct registry_faults *ret_faults)
{
    struct sets sets, one;
    struct registry_faults faults = {0};
    const struct keeping edited = {table, id};
    sets_init(&sets);
    sets_init(&one);
    int err = row != NULL ? read_row(table, id, row, &faults, &one) : 0;
    if (err == 0 && faults_any(&faults))
        err = -EINVAL;
    if (err == 0)
        err = copy_rest(base, &edited, row == NULL, &sets);
    if (err == 0 && row != NULL)
        err = sets_add(&sets, table, one.of[table].data);
    if (err == 0)
        err = sets_finish(&sets, &faults, ret);
    sets_free(&one);
    sets_free(&sets);
    faults_sort(&faults);
    *ret_faults = faults;
    return err;
}
