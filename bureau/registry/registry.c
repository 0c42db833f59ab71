#include "bureau/registry/registry.h"

#include "bureau/registry/ordersfile.h"
#include "bureau/registry/routes.h"
#include "bureau/registry/sets.h"
#include "bureau/registry/tables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- from a folder --- */

static int read_folder(const char *dir, struct registry_faults *faults, struct sets *sets)
{
    static const struct {
        const struct csvfile_table *table;
        enum registry_table set;
    } files[] = {{&SCHOOLS_TABLE, REGISTRY_SCHOOLS},
                 {&VEHICLES_TABLE, REGISTRY_VEHICLES},
                 {&DRIVERS_TABLE, REGISTRY_DRIVERS},
                 {&PERMITS_TABLE, REGISTRY_PERMITS}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const int err = csvfile_read(dir, files[i].table, faults, &sets->of[files[i].set]);
        if (err < 0)
            return err;
    }
    const int err = routes_read(dir, faults, &sets->of[REGISTRY_ROUTES], &sets->of[REGISTRY_STOPS]);
    return err == 0 ? ordersfile_read(dir, faults, &sets->of[REGISTRY_ORDERS]) : err;
}

static bool route_of_feed(const void *context, const void *row)
{
    return registry_is_of_feed(context, ((const struct bw_route *)row)->route_id);
}

static bool stop_of_feed(const void *context, const void *row)
{
    return registry_is_of_feed(context, ((const struct bw_stop *)row)->route_id);
}

int registry_load_over(const char *dir, const struct registry *base, struct registry **ret,
                       struct registry_faults *ret_faults)
{
    struct sets sets;
    struct registry_faults faults = {0};
    sets_init(&sets);
    int err = read_folder(dir, &faults, &sets);
    if (err == 0 && base != NULL)
        err = sets_add_all(&sets, base, REGISTRY_ROUTES, route_of_feed, base);
    if (err == 0 && base != NULL)
        err = sets_add_all(&sets, base, REGISTRY_STOPS, stop_of_feed, base);
    if (err == 0 && base != NULL)
        err = sets_add_all(&sets, base, REGISTRY_SERVICES, NULL, NULL);
    if (err == 0)
        err = sets_finish(&sets, &faults, ret);
    sets_free(&sets);
    faults_sort(&faults);
    *ret_faults = faults;
    return err;
}

int registry_load(const char *dir, struct registry **ret, struct registry_faults *ret_faults)
{
    return registry_load_over(dir, NULL, ret, ret_faults);
}

/* --- from a feed --- */

bool registry_is_of_feed(const struct registry *registry, const char *route_id)
{
    return rows_find(registry->services, registry->n_services, sizeof(struct registry_service),
                     offsetof(struct registry_service, route_id), route_id) != NULL;
}

struct merge {
    const struct registry *base, *feed;
    bool keep_used;
};

static bool is_named(const struct registry *registry, const char *route_id)
{
    for (size_t i = 0; i < registry->n_permits; i++)
        if (strcmp(registry->permits[i].permit.route_id, route_id) == 0)
            return true;
    for (size_t i = 0; i < registry->n_orders; i++)
        for (size_t k = 0; k < registry->orders[i].n_routes; k++)
            if (strcmp(registry->orders[i].routes[k], route_id) == 0)
                return true;
    return false;
}

static bool stays(const struct merge *merge, const char *route_id)
{
    if (registry_route(merge->feed, route_id) != NULL)
        return false;
    return !registry_is_of_feed(merge->base, route_id) ||
           (merge->keep_used && is_named(merge->base, route_id));
}

static bool route_stays(const void *context, const void *row)
{
    return stays(context, ((const struct bw_route *)row)->route_id);
}

static bool stop_stays(const void *context, const void *row)
{
    return stays(context, ((const struct bw_stop *)row)->route_id);
}

static bool service_stays(const void *context, const void *row)
{
    return stays(context, ((const struct registry_service *)row)->route_id);
}

static int merge_sets(const struct merge *merge, struct sets *sets)
{
    static const struct {
        enum registry_table table;
        sets_wanted_fn stays;
        bool from_feed;
    } tables[] = {
        {REGISTRY_SCHOOLS, NULL, false},    {REGISTRY_VEHICLES, NULL, false},
        {REGISTRY_DRIVERS, NULL, false},    {REGISTRY_PERMITS, NULL, false},
        {REGISTRY_ORDERS, NULL, false},     {REGISTRY_ROUTES, route_stays, true},
        {REGISTRY_STOPS, stop_stays, true}, {REGISTRY_SERVICES, service_stays, true},
    };
    int err = 0;
    for (size_t i = 0; err == 0 && i < sizeof(tables) / sizeof(tables[0]); i++) {
        err = sets_add_all(sets, merge->base, tables[i].table, tables[i].stays, merge);
        if (err == 0 && tables[i].from_feed)
            err = sets_add_all(sets, merge->feed, tables[i].table, NULL, NULL);
    }
    return err;
}

int registry_merge_feed(const struct registry *base, const struct registry *feed, bool keep_used,
                        struct registry **ret, struct registry_faults *ret_faults)
{
    struct sets sets;
    struct registry_faults faults = {0};
    const struct merge merge = {base, feed, keep_used};
    sets_init(&sets);
    int err = merge_sets(&merge, &sets);
    if (err == 0)
        err = sets_finish(&sets, &faults, ret);
    sets_free(&sets);
    faults_sort(&faults);
    *ret_faults = faults;
    return err;
}

bool registry_merge_drops_used(const struct registry *base, const struct registry *feed)
{
    const struct merge dropping = {base, feed, false}, keeping = {base, feed, true};
    for (size_t i = 0; i < base->n_routes; i++)
        if (!stays(&dropping, base->routes[i].route_id) && stays(&keeping, base->routes[i].route_id))
            return true;
    return false;
}

/* --- life and look-ups --- */

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
    for (size_t i = 0; i < registry->n_services; i++)
        free(registry->services[i].days);
    free(registry->schools);
    free(registry->vehicles);
    free(registry->drivers);
    free(registry->permits);
    free(registry->routes);
    free(registry->stops);
    free(registry->orders);
    free(registry->services);
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

bool registry_school_drives(const struct registry *registry, const char *school_id, const char *route_id)
{
    for (size_t i = 0; i < registry->n_permits; i++) {
        const struct registry_permit *permit = &registry->permits[i];
        if (strcmp(permit->permit.route_id, route_id) != 0)
            continue;
        const struct registry_vehicle *vehicle = registry_vehicle(registry, permit->vehicle_id);
        if (vehicle && strcmp(vehicle->school_id, school_id) == 0)
            return true;
    }
    return false;
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
