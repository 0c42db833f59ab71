#include "bureau/registry/expiry.h"

#include "bureau/registry/rows.h"
#include "proto/utc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct search {
    const struct registry *registry;
    int32_t today, last_day;
    const char *school_id;
    struct registry_expiry *list;
    size_t n;
};

static const char *const NAMES[REGISTRY_EXPIRY_KINDS] = {
    [REGISTRY_EXPIRY_PERMIT] = "permit",
    [REGISTRY_EXPIRY_DRIVER] = "driver",
    [REGISTRY_EXPIRY_INSPECTION] = "inspection",
    [REGISTRY_EXPIRY_CERTIFICATE] = "certificate",
};

const char *registry_expiry_name(enum registry_expiry_kind kind)
{
    return NAMES[kind];
}

static int32_t local_day(int64_t utc_ms)
{
    int32_t day;
    int minute, weekday;
    utc_local(utc_ms, REGISTRY_UTC_OFFSET_MIN, &day, &minute, &weekday);
    return day;
}

static int add(struct search *search, enum registry_expiry_kind kind, const char *id, const char *vehicle_id,
               const char *name, int32_t until_day)
{
    if (until_day > search->last_day)
        return 0;
    struct registry_expiry *grown = rows_room(search->list, search->n, 1, sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    search->list = grown;
    struct registry_expiry *expiry = &search->list[search->n++];
    *expiry = (struct registry_expiry){
        .kind = kind, .until_day = until_day, .days_left = until_day - search->today};
    (void)snprintf(expiry->id, sizeof(expiry->id), "%s", id);
    (void)snprintf(expiry->vehicle_id, sizeof(expiry->vehicle_id), "%s", vehicle_id);
    (void)snprintf(expiry->name, sizeof(expiry->name), "%s", name);
    return 0;
}

static bool is_scrapped(const struct search *search, const struct registry_vehicle *vehicle)
{
    return vehicle->scrapped_day != 0 && vehicle->scrapped_day <= search->today;
}

static bool is_asked_for(const struct search *search, const struct registry_vehicle *vehicle)
{
    return search->school_id == NULL || strcmp(search->school_id, vehicle->school_id) == 0;
}

/* Another one takes its place without a gap. */
static bool is_renewed(const struct registry_permit *permits, size_t n, const struct bw_permit *permit)
{
    for (size_t i = 0; i < n; i++) {
        const struct bw_permit *other = &permits[i].permit;
        if (other != permit && other->status == BW_STATUS_ACTIVE &&
            strcmp(other->route_id, permit->route_id) == 0 &&
            other->valid_from_day <= permit->valid_until_day + 1 &&
            other->valid_until_day > permit->valid_until_day &&
            other->window_start_min <= permit->window_start_min &&
            other->window_end_min >= permit->window_end_min && (permit->weekdays & ~other->weekdays) == 0)
            return true;
    }
    return false;
}

static int add_permits(struct search *search, const struct registry_vehicle *vehicle)
{
    size_t n = 0;
    int err = 0;
    const struct registry_permit *permits = registry_permits(search->registry, vehicle->vehicle_id, &n);
    for (size_t i = 0; i < n && err == 0; i++) {
        const struct bw_permit *permit = &permits[i].permit;
        if (permit->status == BW_STATUS_ACTIVE &&
            permit->valid_until_day >= search->today - REGISTRY_EXPIRY_PAST_DAYS &&
            !is_renewed(permits, n, permit))
            err = add(search, REGISTRY_EXPIRY_PERMIT, permit->permit_no, vehicle->vehicle_id, vehicle->plate,
                      permit->valid_until_day);
    }
    return err;
}

static int add_vehicles(struct search *search)
{
    int err = 0;
    for (size_t i = 0; i < search->registry->n_vehicles && err == 0; i++) {
        const struct registry_vehicle *vehicle = &search->registry->vehicles[i];
        if (is_scrapped(search, vehicle) || !is_asked_for(search, vehicle))
            continue;
        err = add(search, REGISTRY_EXPIRY_INSPECTION, vehicle->vehicle_id, vehicle->vehicle_id,
                  vehicle->plate, vehicle->inspected_until_day);
        if (err == 0)
            err = add_permits(search, vehicle);
    }
    return err;
}

static bool drives(const struct search *search, const struct registry_driver *driver)
{
    const struct registry *registry = search->registry;
    for (size_t i = 0; i < registry->n_permits; i++) {
        const struct bw_permit *permit = &registry->permits[i].permit;
        const struct registry_vehicle *vehicle = registry_vehicle(registry, registry->permits[i].vehicle_id);
        if (permit->status == BW_STATUS_ACTIVE && permit->valid_until_day >= search->today &&
            vehicle != NULL && strcmp(permit->driver_id, driver->driver_id) == 0 &&
            !is_scrapped(search, vehicle) && is_asked_for(search, vehicle))
            return true;
    }
    return false;
}

static int add_drivers(struct search *search)
{
    int err = 0;
    for (size_t i = 0; i < search->registry->n_drivers && err == 0; i++) {
        const struct registry_driver *driver = &search->registry->drivers[i];
        if (driver->qualified_until_day <= search->last_day && drives(search, driver))
            err = add(search, REGISTRY_EXPIRY_DRIVER, driver->driver_id, "", driver->name,
                      driver->qualified_until_day);
    }
    return err;
}

static int add_certificates(struct search *search, const struct registry_certificate *certificates, size_t n)
{
    int err = 0;
    for (size_t i = 0; i < n && err == 0; i++) {
        const struct registry_vehicle *vehicle =
            registry_vehicle(search->registry, certificates[i].vehicle_id);
        if (vehicle != NULL && !is_scrapped(search, vehicle) && is_asked_for(search, vehicle))
            err = add(search, REGISTRY_EXPIRY_CERTIFICATE, vehicle->vehicle_id, vehicle->vehicle_id,
                      vehicle->plate, local_day(certificates[i].until_utc_ms));
    }
    return err;
}

static int compare(const void *left, const void *right)
{
    const struct registry_expiry *a = left, *b = right;
    if (a->until_day != b->until_day)
        return a->until_day < b->until_day ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return strcmp(a->id, b->id);
}

int registry_expiries(const struct registry *registry, const struct registry_certificate *certificates,
                      size_t n_certificates, int64_t now_utc_ms, int days, const char *school_id,
                      struct registry_expiry **ret, size_t *ret_n)
{
    struct search search = {.registry = registry, .today = local_day(now_utc_ms), .school_id = school_id};
    search.last_day = search.today + days;
    int err = add_vehicles(&search);
    if (err == 0)
        err = add_drivers(&search);
    if (err == 0)
        err = add_certificates(&search, certificates, n_certificates);
    if (err < 0) {
        free(search.list);
        return err;
    }
    if (search.n > 1)
        qsort(search.list, search.n, sizeof(*search.list), compare);
    *ret = search.list;
    *ret_n = search.n;
    return 0;
}
