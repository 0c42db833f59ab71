#include "bureau/registry/registry.h"

#include "bureau/registry/licence.h"
#include "bureau/registry/ordersfile.h"
#include "bureau/registry/routes.h"
#include "bureau/registry/rows.h"
#include "bureau/registry/tables.h"
#include "proto/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is read, in the order it is read. */
enum set { SCHOOLS, VEHICLES, DRIVERS, PERMITS, ROUTES, STOPS, ORDERS, SET_COUNT };
static const struct csvfile_table *const TABLES[] = {&SCHOOLS_TABLE, &VEHICLES_TABLE, &DRIVERS_TABLE,
                                                     &PERMITS_TABLE};
enum { TABLE_COUNT = sizeof(TABLES) / sizeof(TABLES[0]) };

struct column {
    size_t offset;
    enum set set;
};
#define COLUMN(set, type, field)                                                                             \
    {                                                                                                        \
        offsetof(struct type, field), set                                                                    \
    }

/* Columns whose values are all different. */
static const struct unique {
    struct column column;
    const char *name;
} UNIQUES[] = {
    {COLUMN(SCHOOLS, registry_school, school_id), "school_id"},
    {COLUMN(VEHICLES, registry_vehicle, vehicle_id), "vehicle_id"},
    {COLUMN(VEHICLES, registry_vehicle, plate), "plate"},
    {COLUMN(DRIVERS, registry_driver, driver_id), "driver_id"},
    {COLUMN(PERMITS, registry_permit, permit.permit_no), "permit_no"},
    {COLUMN(ROUTES, bw_route, route_id), "route_id"},
    {COLUMN(STOPS, bw_stop, stop_id), "stop_id"},
    {COLUMN(ORDERS, bw_order, order_id), "order_id"},
};

/* Columns whose values stand in the column of the same name of another file. */
static const struct reference {
    struct column from, to;
    const char *name;
} REFERENCES[] = {
    {COLUMN(VEHICLES, registry_vehicle, school_id), COLUMN(SCHOOLS, registry_school, school_id), "school_id"},
    {COLUMN(PERMITS, registry_permit, vehicle_id), COLUMN(VEHICLES, registry_vehicle, vehicle_id),
     "vehicle_id"},
    {COLUMN(PERMITS, registry_permit, permit.driver_id), COLUMN(DRIVERS, registry_driver, driver_id),
     "driver_id"},
    {COLUMN(PERMITS, registry_permit, permit.route_id), COLUMN(ROUTES, bw_route, route_id), "route_id"},
    {COLUMN(STOPS, bw_stop, route_id), COLUMN(ROUTES, bw_route, route_id), "route_id"},
};

static int read_sets(const char *dir, struct registry_faults *faults, struct rows sets[SET_COUNT])
{
    for (int i = 0; i < TABLE_COUNT; i++) {
        const int err = csvfile_read(dir, TABLES[i], faults, &sets[i]);
        if (err < 0)
            return err;
    }
    const int err = routes_read(dir, faults, &sets[ROUTES], &sets[STOPS]);
    return err == 0 ? ordersfile_read(dir, faults, &sets[ORDERS]) : err;
}

static int check_unique(const struct unique *unique, const struct rows sets[SET_COUNT],
                        struct registry_faults *faults)
{
    struct keyset keys;
    const struct rows *rows = &sets[unique->column.set];
    const int err = keyset_build(rows, unique->column.offset, &keys);
    if (err < 0)
        return err;
    keyset_report_repeats(&keys, rows->file, unique->name, faults);
    keyset_free(&keys);
    return 0;
}

static int check_reference(const struct reference *reference, const struct rows sets[SET_COUNT],
                           struct registry_faults *faults)
{
    struct keyset keys;
    const struct rows *from = &sets[reference->from.set], *to = &sets[reference->to.set];
    if (to->n == 0 && faults_any(faults)) /* that file could not be used: said already, once */
        return 0;
    const int err = keyset_build(to, reference->to.offset, &keys);
    if (err < 0)
        return err;
    for (size_t i = 0; i < from->n; i++) {
        const char *text = from->data + i * from->row_size + reference->from.offset;
        if (*text == '\0' || keyset_has(&keys, text)) /* empty is allowed, or a fault of its own */
            continue;
        char reason[160];
        (void)snprintf(reason, sizeof(reason), "\"%.60s\" is not in %s", text, to->file);
        faults_add(faults, from->file, from->lines[i], reference->name, reason);
    }
    keyset_free(&keys);
    return 0;
}

static int check_across(const struct rows sets[SET_COUNT], struct registry_faults *faults)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < sizeof(UNIQUES) / sizeof(UNIQUES[0]); i++)
        err = check_unique(&UNIQUES[i], sets, faults);
    for (size_t i = 0; err == 0 && i < sizeof(REFERENCES) / sizeof(REFERENCES[0]); i++)
        err = check_reference(&REFERENCES[i], sets, faults);
    return err == 0 ? ordersfile_check_routes(&sets[ORDERS], &sets[ROUTES], faults) : err;
}

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

/* Sorts as registry.h promises. */
static int sort_sets(struct rows sets[SET_COUNT])
{
    static int (*const compare[])(const void *, const void *) = {
        [SCHOOLS] = compare_first_text, [VEHICLES] = compare_first_text, [DRIVERS] = compare_first_text,
        [PERMITS] = compare_permits,    [ROUTES] = compare_first_text,   [STOPS] = compare_stops,
        [ORDERS] = compare_orders,
    };
    int err = 0;
    for (int i = 0; err == 0 && i < SET_COUNT; i++)
        err = rows_sort(&sets[i], compare[i]);
    return err;
}

/* Hands the rows over; their lines stay. */
static void *take(struct rows *rows, size_t *ret_n)
{
    void *data = rows->data;
    *ret_n = rows->n;
    rows->data = NULL;
    rows->n = 0;
    return data;
}

static int take_all(struct rows sets[SET_COUNT], struct registry **ret)
{
    const int err = sort_sets(sets);
    struct registry *registry = err == 0 ? calloc(1, sizeof(*registry)) : NULL;
    if (registry == NULL)
        return -ENOMEM;
    registry->schools = take(&sets[SCHOOLS], &registry->n_schools);
    registry->vehicles = take(&sets[VEHICLES], &registry->n_vehicles);
    registry->drivers = take(&sets[DRIVERS], &registry->n_drivers);
    registry->permits = take(&sets[PERMITS], &registry->n_permits);
    registry->routes = take(&sets[ROUTES], &registry->n_routes);
    registry->stops = take(&sets[STOPS], &registry->n_stops);
    registry->orders = take(&sets[ORDERS], &registry->n_orders);
    *ret = registry;
    return 0;
}

/* Every vehicle's licence and orders must fit into the limits of model.h. */
static int check_limits(const struct registry *registry, const unsigned *vehicle_lines,
                        struct registry_faults *faults)
{
    struct licence_plan plan;
    for (size_t i = 0; i < registry->n_vehicles; i++) {
        const char *vehicle_id = registry->vehicles[i].vehicle_id;
        struct bw_orders orders = {0};
        if (licence_plan(registry, vehicle_id, &plan) == -E2BIG)
            faults_add(faults, VEHICLES_TABLE.file, vehicle_lines[i], vehicle_id,
                       "more permits, drivers, routes, stops, route positions or limits than one licence can "
                       "hold");
        const int err = registry_orders(registry, vehicle_id, 1, 0, &orders);
        if (err == -E2BIG)
            faults_add(faults, VEHICLES_TABLE.file, vehicle_lines[i], vehicle_id,
                       "more orders, or vertices of their areas, than one vehicle can hold; take out those "
                       "that have ended");
        else if (err < 0)
            return err;
        wire_orders_free(&orders);
    }
    return 0;
}

int registry_load(const char *dir, struct registry **ret, struct registry_faults *ret_faults)
{
    struct rows sets[SET_COUNT] = {{0}};
    struct registry_faults faults = {0};
    struct registry *registry = NULL;
    int err = read_sets(dir, &faults, sets);
    if (err == 0)
        err = check_across(sets, &faults);
    if (err == 0 && !faults_any(&faults))
        err = take_all(sets, &registry);
    if (registry != NULL)
        err = check_limits(registry, sets[VEHICLES].lines, &faults);
    if (err == 0 && faults_any(&faults))
        err = -EINVAL;
    for (int i = 0; i < TABLE_COUNT; i++)
        rows_free(&sets[i]);
    routes_free(&sets[ROUTES], &sets[STOPS]);
    ordersfile_free(&sets[ORDERS]);
    faults_sort(&faults);
    *ret_faults = faults;
    if (err < 0) {
        registry_free(registry);
        return err;
    }
    *ret = registry;
    return 0;
}

void registry_route_free(struct bw_route *route)
{
    free(route->points);
    free(route->part_start);
    free(route->limits);
}

void registry_free(struct registry *registry)
{
    if (registry == NULL)
        return;
    for (size_t i = 0; i < registry->n_routes; i++)
        registry_route_free(&registry->routes[i]);
    for (size_t i = 0; i < registry->n_orders; i++)
        free(registry->orders[i].points);
    free(registry->schools);
    free(registry->vehicles);
    free(registry->drivers);
    free(registry->permits);
    free(registry->routes);
    free(registry->stops);
    free(registry->orders);
    free(registry);
}

const struct registry_vehicle *registry_vehicle(const struct registry *registry, const char *vehicle_id)
{
    return rows_find(registry->vehicles, registry->n_vehicles, sizeof(struct registry_vehicle),
                     offsetof(struct registry_vehicle, vehicle_id), vehicle_id);
}

const struct registry_vehicle *registry_plate(const struct registry *registry, const char *normalised_plate)
{
    for (size_t i = 0; i < registry->n_vehicles; i++)
        if (strcmp(registry->vehicles[i].plate, normalised_plate) == 0)
            return &registry->vehicles[i];
    return NULL;
}

const struct registry_school *registry_school(const struct registry *registry, const char *school_id)
{
    return rows_find(registry->schools, registry->n_schools, sizeof(struct registry_school),
                     offsetof(struct registry_school, school_id), school_id);
}

const struct bw_route *registry_route(const struct registry *registry, const char *route_id)
{
    return rows_find(registry->routes, registry->n_routes, sizeof(struct bw_route),
                     offsetof(struct bw_route, route_id), route_id);
}

const struct registry_permit *registry_permits(const struct registry *registry, const char *vehicle_id,
                                               size_t *ret_n)
{
    const size_t row_size = sizeof(struct registry_permit);
    const size_t first = rows_lower_bound(registry->permits, registry->n_permits, row_size,
                                          offsetof(struct registry_permit, vehicle_id), vehicle_id);
    size_t end = first;
    while (end < registry->n_permits && strcmp(registry->permits[end].vehicle_id, vehicle_id) == 0)
        end++;
    *ret_n = end - first;
    return end > first ? &registry->permits[first] : NULL;
}
