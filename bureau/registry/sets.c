#include "bureau/registry/sets.h"

#include "bureau/registry/licence.h"
#include "bureau/registry/ordersfile.h"
#include "proto/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the tables --- */

static const struct {
    const char *name;
    size_t row_size;
    size_t rows_at, n_at; /* in struct registry */
} TABLES[REGISTRY_TABLES] = {
#define TABLE(type, list)                                                                                    \
#list, sizeof(struct type), offsetof(struct registry, list), offsetof(struct registry, n_##list)
    [REGISTRY_SCHOOLS] = {TABLE(registry_school, schools)},
    [REGISTRY_VEHICLES] = {TABLE(registry_vehicle, vehicles)},
    [REGISTRY_DRIVERS] = {TABLE(registry_driver, drivers)},
    [REGISTRY_PERMITS] = {TABLE(registry_permit, permits)},
    [REGISTRY_ROUTES] = {TABLE(bw_route, routes)},
    [REGISTRY_STOPS] = {TABLE(bw_stop, stops)},
    [REGISTRY_ORDERS] = {TABLE(bw_order, orders)},
    [REGISTRY_SERVICES] = {TABLE(registry_service, services)},
};

const char *registry_table_name(enum registry_table table)
{
    return TABLES[table].name;
}

const void *registry_rows(const struct registry *registry, enum registry_table table, size_t *ret_n,
                          size_t *ret_row_size)
{
    const void *rows;
    memcpy(&rows, (const char *)registry + TABLES[table].rows_at, sizeof(rows));
    memcpy(ret_n, (const char *)registry + TABLES[table].n_at, sizeof(*ret_n));
    *ret_row_size = TABLES[table].row_size;
    return rows;
}

/* --- what rows point at --- */

static void free_row(enum registry_table table, void *row)
{
    if (table == REGISTRY_ROUTES)
        registry_route_free(row);
    else if (table == REGISTRY_ORDERS)
        free(((struct bw_order *)row)->points);
    else if (table == REGISTRY_SERVICES)
        free(((struct registry_service *)row)->days);
}

/* calloc(0) may be NULL, and so may an empty list: never so here. */
static void *duplicate(const void *from, size_t n, size_t size)
{
    void *copy = calloc(n + 1, size);
    if (copy != NULL && n > 0)
        memcpy(copy, from, n * size);
    return copy;
}

static int own_row(enum registry_table table, void *row)
{
    bool failed = false;
    if (table == REGISTRY_ROUTES) {
        struct bw_route *route = row;
        route->points = duplicate(route->points, route->n_points, sizeof(*route->points));
        route->part_start = duplicate(route->part_start, route->n_parts + 1, sizeof(*route->part_start));
        route->limits = duplicate(route->limits, route->n_limits, sizeof(*route->limits));
        failed = route->points == NULL || route->part_start == NULL || route->limits == NULL;
    } else if (table == REGISTRY_ORDERS) {
        struct bw_order *order = row;
        order->points = duplicate(order->points, order->n_points, sizeof(*order->points));
        failed = order->points == NULL;
    } else if (table == REGISTRY_SERVICES) {
        struct registry_service *service = row;
        service->days = duplicate(service->days, service->n_days, sizeof(*service->days));
        failed = service->days == NULL;
    }
    if (failed)
        free_row(table, row);
    return failed ? -ENOMEM : 0;
}

void sets_init(struct sets *sets)
{
    *sets = (struct sets){0};
    for (int i = 0; i < REGISTRY_TABLES; i++)
        sets->of[i] = (struct rows){.file = TABLES[i].name, .row_size = TABLES[i].row_size};
}

void sets_free(struct sets *sets)
{
    for (int i = 0; i < REGISTRY_TABLES; i++) {
        for (size_t k = 0; k < sets->of[i].n; k++)
            free_row((enum registry_table)i, sets->of[i].data + k * sets->of[i].row_size);
        rows_free(&sets->of[i]);
    }
}

int sets_add(struct sets *sets, enum registry_table table, const void *row)
{
    union {
        struct registry_school school;
        struct registry_vehicle vehicle;
        struct registry_driver driver;
        struct registry_permit permit;
        struct bw_route route;
        struct bw_stop stop;
        struct bw_order order;
        struct registry_service service;
    } copy;
    memcpy(&copy, row, TABLES[table].row_size);
    int err = own_row(table, &copy);
    if (err < 0)
        return err;
    err = rows_add(&sets->of[table], &copy, 0);
    if (err < 0)
        free_row(table, &copy);
    return err;
}

int sets_add_all(struct sets *sets, const struct registry *from, enum registry_table table,
                 sets_wanted_fn wanted, const void *context)
{
    size_t n, row_size;
    const char *rows = registry_rows(from, table, &n, &row_size);
    int err = 0;
    for (size_t i = 0; i < n && err == 0; i++)
        if (wanted == NULL || wanted(context, rows + i * row_size))
            err = sets_add(sets, table, rows + i * row_size);
    return err;
}

/* --- checks between rows --- */

struct column {
    enum registry_table table;
    size_t offset;
    const char *name;
};
#define COLUMN(table, type, field, name)                                                                     \
    {                                                                                                        \
        table, offsetof(struct type, field), name                                                            \
    }

/* The first of each table is its id. All values of these columns are different. */
static const struct column UNIQUES[] = {
    COLUMN(REGISTRY_SCHOOLS, registry_school, school_id, "school_id"),
    COLUMN(REGISTRY_VEHICLES, registry_vehicle, vehicle_id, "vehicle_id"),
    COLUMN(REGISTRY_VEHICLES, registry_vehicle, plate, "plate"),
    COLUMN(REGISTRY_DRIVERS, registry_driver, driver_id, "driver_id"),
    COLUMN(REGISTRY_PERMITS, registry_permit, permit.permit_no, "permit_no"),
    COLUMN(REGISTRY_ROUTES, bw_route, route_id, "route_id"),
    COLUMN(REGISTRY_STOPS, bw_stop, stop_id, "stop_id"),
    COLUMN(REGISTRY_ORDERS, bw_order, order_id, "order_id"),
};

/* Columns whose values stand in the id column of another table. */
static const struct reference {
    struct column from;
    enum registry_table to;
} REFERENCES[] = {
    {COLUMN(REGISTRY_VEHICLES, registry_vehicle, school_id, "school_id"), REGISTRY_SCHOOLS},
    {COLUMN(REGISTRY_PERMITS, registry_permit, vehicle_id, "vehicle_id"), REGISTRY_VEHICLES},
    {COLUMN(REGISTRY_PERMITS, registry_permit, permit.driver_id, "driver_id"), REGISTRY_DRIVERS},
    {COLUMN(REGISTRY_PERMITS, registry_permit, permit.route_id, "route_id"), REGISTRY_ROUTES},
    {COLUMN(REGISTRY_STOPS, bw_stop, route_id, "route_id"), REGISTRY_ROUTES},
    {COLUMN(REGISTRY_SERVICES, registry_service, route_id, "route_id"), REGISTRY_ROUTES},
};

static const struct column *id_column(enum registry_table table)
{
    size_t i = 0;
    while (i + 1 < sizeof(UNIQUES) / sizeof(UNIQUES[0]) && UNIQUES[i].table != table)
        i++;
    return &UNIQUES[i];
}

const char *sets_row_id(enum registry_table table, const void *row)
{
    return (const char *)row + id_column(table)->offset;
}

/* A row that no file brought has no line, and is named by its id. */
static void row_fault(const struct sets *sets, enum registry_table table, size_t row, const char *column,
                      const char *reason, struct registry_faults *faults)
{
    const struct rows *rows = &sets->of[table];
    char subject[BW_NAME_LEN];
    if (rows->lines[row] > 0) {
        faults_add(faults, rows->file, rows->lines[row], column, reason);
        return;
    }
    (void)snprintf(subject, sizeof(subject), "%s: %s", sets_row_id(table, rows->data + row * rows->row_size),
                   column);
    faults_add(faults, TABLES[table].name, 0, subject, reason);
}

static int check_unique(const struct sets *sets, const struct column *column, struct registry_faults *faults)
{
    struct keyset keys;
    const struct rows *rows = &sets->of[column->table];
    const int err = keyset_build(rows, column->offset, &keys);
    if (err < 0)
        return err;
    keyset_report_repeats(&keys, rows->file, TABLES[column->table].name, column->name, faults);
    keyset_free(&keys);
    return 0;
}

static int check_reference(const struct sets *sets, const struct reference *reference,
                           struct registry_faults *faults)
{
    struct keyset keys;
    const struct rows *from = &sets->of[reference->from.table], *to = &sets->of[reference->to];
    if (to->n == 0 && faults_any(faults)) /* that file could not be used: said already, once */
        return 0;
    const int err = keyset_build(to, id_column(reference->to)->offset, &keys);
    if (err < 0)
        return err;
    for (size_t i = 0; i < from->n; i++) {
        const char *text = from->data + i * from->row_size + reference->from.offset;
        if (*text == '\0' || keyset_has(&keys, text)) /* empty is allowed, or a fault of its own */
            continue;
        char reason[160];
        (void)snprintf(reason, sizeof(reason), "\"%.60s\" is not in %s", text, to->file);
        row_fault(sets, reference->from.table, i, reference->from.name, reason, faults);
    }
    keyset_free(&keys);
    return 0;
}

static int check_orders(const struct sets *sets, struct registry_faults *faults)
{
    struct keyset keys;
    const struct rows *orders = &sets->of[REGISTRY_ORDERS], *routes = &sets->of[REGISTRY_ROUTES];
    if (routes->n == 0 && faults_any(faults)) /* that file could not be used: said already, once */
        return 0;
    const int err = keyset_build(routes, offsetof(struct bw_route, route_id), &keys);
    if (err < 0)
        return err;
    for (size_t i = 0; i < orders->n; i++) {
        const struct bw_order *order = (const struct bw_order *)(void *)orders->data + i;
        for (size_t k = 0; k < order->n_routes; k++) {
            char subject[BW_NAME_LEN], reason[160];
            if (keyset_has(&keys, order->routes[k]))
                continue;
            const char *id = orders->lines[i] > 0 ? order->order_id : "";
            (void)snprintf(subject, sizeof(subject), "%s%sroutes[%zu]", id, *id ? ": " : "", k);
            (void)snprintf(reason, sizeof(reason), "\"%.60s\" is not in %s", order->routes[k], routes->file);
            row_fault(sets, REGISTRY_ORDERS, i, subject, reason, faults);
        }
    }
    keyset_free(&keys);
    return 0;
}

static int check_across(const struct sets *sets, struct registry_faults *faults)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < sizeof(UNIQUES) / sizeof(UNIQUES[0]); i++)
        err = check_unique(sets, &UNIQUES[i], faults);
    for (size_t i = 0; err == 0 && i < sizeof(REFERENCES) / sizeof(REFERENCES[0]); i++)
        err = check_reference(sets, &REFERENCES[i], faults);
    return err == 0 ? check_orders(sets, faults) : err;
}

/* --- the registry --- */

static int compare_first_text(const void *left, const void *right)
{
    return strcmp(left, right); /* schools, vehicles, drivers and routes begin with their id */
}

static int compare_permits(const void *left, const void *right)
{
    const struct registry_permit *a = left, *b = right;
    const int by_vehicle = strcmp(a->vehicle_id, b->vehicle_id);
    return by_vehicle != 0 ? by_vehicle : strcmp(a->permit.permit_no, b->permit.permit_no);
}

static int compare_stops(const void *left, const void *right)
{
    const struct bw_stop *a = left, *b = right;
    const int by_route = strcmp(a->route_id, b->route_id);
    if (by_route != 0)
        return by_route;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    return strcmp(a->stop_id, b->stop_id);
}

static int compare_orders(const void *left, const void *right)
{
    const struct bw_order *a = left, *b = right;
    return strcmp(a->order_id, b->order_id);
}

static int compare_services(const void *left, const void *right)
{
    const struct registry_service *a = left, *b = right;
    const int by_route = strcmp(a->route_id, b->route_id);
    return by_route != 0 ? by_route : strcmp(a->service_id, b->service_id);
}

/* Sorts as registry.h promises. */
static int sort_sets(struct sets *sets)
{
    static int (*const compare[REGISTRY_TABLES])(const void *, const void *) = {
        [REGISTRY_SCHOOLS] = compare_first_text, [REGISTRY_VEHICLES] = compare_first_text,
        [REGISTRY_DRIVERS] = compare_first_text, [REGISTRY_PERMITS] = compare_permits,
        [REGISTRY_ROUTES] = compare_first_text,  [REGISTRY_STOPS] = compare_stops,
        [REGISTRY_ORDERS] = compare_orders,      [REGISTRY_SERVICES] = compare_services,
    };
    int err = 0;
    for (int i = 0; err == 0 && i < REGISTRY_TABLES; i++)
        err = rows_sort(&sets->of[i], compare[i]);
    return err;
}

/* Hands the rows over; their lines stay. */
static void take(struct sets *sets, enum registry_table table, struct registry *registry)
{
    struct rows *rows = &sets->of[table];
    memcpy((char *)registry + TABLES[table].rows_at, &rows->data, sizeof(rows->data));
    memcpy((char *)registry + TABLES[table].n_at, &rows->n, sizeof(rows->n));
    rows->data = NULL;
    rows->n = 0;
}

/* Every vehicle's licence and orders must fit into the limits of model.h. */
static int check_limits(const struct sets *sets, const struct registry *registry,
                        struct registry_faults *faults)
{
    struct licence_plan plan;
    const unsigned *lines = sets->of[REGISTRY_VEHICLES].lines;
    for (size_t i = 0; i < registry->n_vehicles; i++) {
        const char *vehicle_id = registry->vehicles[i].vehicle_id;
        const char *file = lines[i] > 0 ? sets->of[REGISTRY_VEHICLES].file : TABLES[REGISTRY_VEHICLES].name;
        struct bw_orders orders = {0};
        if (licence_plan(registry, vehicle_id, &plan) == -E2BIG)
            faults_add(faults, file, lines[i], vehicle_id,
                       "more permits, drivers, routes, stops, route positions or limits than one licence can "
                       "hold");
        const int err = registry_orders(registry, vehicle_id, 1, 0, &orders);
        if (err == -E2BIG)
            faults_add(faults, file, lines[i], vehicle_id,
                       "more orders, or vertices of their areas, than one vehicle can hold; take out those "
                       "that have ended");
        else if (err < 0)
            return err;
        wire_orders_free(&orders);
    }
    return 0;
}

int sets_finish(struct sets *sets, struct registry_faults *faults, struct registry **ret)
{
    int err = check_across(sets, faults);
    if (err == 0 && faults_any(faults))
        err = -EINVAL;
    if (err == 0)
        err = sort_sets(sets);
    struct registry *registry = err == 0 ? calloc(1, sizeof(*registry)) : NULL;
    if (registry == NULL)
        return err < 0 ? err : -ENOMEM;
    for (int i = 0; i < REGISTRY_TABLES; i++)
        take(sets, (enum registry_table)i, registry);
    err = check_limits(sets, registry, faults);
    if (err == 0 && faults_any(faults))
        err = -EINVAL;
    if (err < 0) {
        registry_free(registry);
        return err;
    }
    *ret = registry;
    return 0;
}
