#include "bureau/issue/issuer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- one message --- */

/* An order ends by itself: nobody needs a message for it, and no vehicle carries it along for ever. */
static void drop_ended(struct bw_orders *orders, int64_t now_utc_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < orders->n_orders; i++)
        if (orders->orders[i].until_utc_ms > now_utc_ms)
            orders->orders[kept++] = orders->orders[i];
        else
            free(orders->orders[i].points);
    orders->n_orders = kept;
}

static int collect(const struct registry *registry, const char *vehicle, uint64_t version, int64_t now_utc_ms,
                   bool with_ended, struct issued *ret)
{
    if (ret->kind == ISSUED_LICENCE)
        return registry_licence(registry, vehicle, version, now_utc_ms, &ret->u.licence);
    const int err = registry_orders(registry, vehicle, version, now_utc_ms, &ret->u.orders);
    if (err == 0 && !with_ended)
        drop_ended(&ret->u.orders, now_utc_ms);
    return err;
}

int issuer_make(const struct registry *registry, enum issued_kind kind, const char *vehicle, uint64_t version,
                int64_t now_utc_ms, bool with_ended, const struct seal_key *key, struct wire_bytes *ret)
{
    struct issued issued = {.kind = kind};
    int err = collect(registry, vehicle, version, now_utc_ms, with_ended, &issued);
    if (err == 0)
        err = issued_seal(&issued, key, ret);
    issued_free(&issued);
    return err;
}

/* What was issued to the vehicle last; version 0 when nothing was. */
static int find_latest(struct store *store, enum issued_kind kind, const char *vehicle, uint64_t *ret_version,
                       struct wire_bytes *ret)
{
    const int err = store_issued_latest(store, kind, vehicle, ret_version, ret);
    return err == -ENOENT ? 0 : err;
}

int issuer_next(const struct issuer *issuer, enum issued_kind kind, const char *vehicle,
                uint64_t *ret_version, struct wire_bytes *ret)
{
    struct wire_bytes old = {0}, made = {0};
    uint64_t latest = 0, version = (uint64_t)(issuer->now_utc_ms / 1000);
    int err = find_latest(issuer->store, kind, vehicle, &latest, &old);
    wire_bytes_free(&old);
    if (latest >= version)
        version = latest + 1;
    if (err == 0)
        err = issuer_make(issuer->registry, kind, vehicle, version, issuer->now_utc_ms, false, issuer->key,
                          &made);
    if (err == 0)
        err = store_issued_put(issuer->store, kind, vehicle, version, made.data, made.len);
    if (err == 0)
        err = store_audit(issuer->store, issuer->who, issued_name(kind), vehicle, issuer->now_utc_ms);
    if (err < 0) {
        wire_bytes_free(&made);
        return err;
    }
    *ret = made;
    *ret_version = version;
    return 0;
}

/* --- what has changed --- */

static int encode(const struct issued *issued, struct wire_bytes *ret)
{
    return issued->kind == ISSUED_LICENCE ? wire_licence_encode(&issued->u.licence, ret)
                                          : wire_orders_encode(&issued->u.orders, ret);
}

/* The same but for version and time of issue. */
static int same_content(struct issued *old, const struct issued *now, int64_t now_utc_ms, bool *ret)
{
    struct wire_bytes a = {0}, b = {0};
    if (old->kind == ISSUED_LICENCE) {
        old->u.licence.version = now->u.licence.version;
        old->u.licence.issued_utc_ms = now->u.licence.issued_utc_ms;
    } else {
        old->u.orders.version = now->u.orders.version;
        old->u.orders.issued_utc_ms = now->u.orders.issued_utc_ms;
        drop_ended(&old->u.orders, now_utc_ms);
    }
    int err = encode(old, &a);
    if (err == 0)
        err = encode(now, &b);
    if (err == 0)
        *ret = a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
    wire_bytes_free(&a);
    wire_bytes_free(&b);
    return err;
}

/* Nothing was issued and nothing need be. */
static int is_idle(const struct issuer *issuer, const char *vehicle, uint64_t latest, bool first_too,
                   const struct issued *now, bool *ret)
{
    uint8_t key[BW_PUBLIC_KEY_LEN];
    if (latest > 0) {
        *ret = false;
        return 0;
    }
    if (now->kind == ISSUED_ORDERS) {
        *ret = now->u.orders.n_orders == 0;
        return 0;
    }
    const int err = first_too ? store_vehicle_key(issuer->store, vehicle, key) : -ENOENT;
    *ret = err == -ENOENT;
    return err == -ENOENT ? 0 : err;
}

/* Whether it needs another one: not what was issued last, or not signed by the key of today. */
static int is_needed(const struct issuer *issuer, enum issued_kind kind, const char *vehicle, bool first_too,
                     bool *ret)
{
    struct issued old = {.kind = kind}, now = {.kind = kind};
    struct wire_bytes sealed = {0};
    uint64_t latest = 0;
    bool idle = true, same = false;
    int err = find_latest(issuer->store, kind, vehicle, &latest, &sealed);
    if (err == 0)
        err = collect(issuer->registry, vehicle, 1, issuer->now_utc_ms, false, &now);
    if (err == 0)
        err = is_idle(issuer, vehicle, latest, first_too, &now, &idle);
    if (err == 0 && !idle && issuer->key == NULL)
        err = -ENOKEY;
    const struct issued_for by_us = {.key = issuer->key ? issuer->key->public_key : NULL};
    if (err == 0 && latest > 0 && issued_open(kind, sealed.data, sealed.len, &by_us, &old) == 0)
        err = same_content(&old, &now, issuer->now_utc_ms, &same);
    wire_bytes_free(&sealed);
    issued_free(&old);
    issued_free(&now);
    if (err == 0)
        *ret = !idle && !same;
    return err;
}

static bool permit_names(const struct registry *registry, const char *vehicle, const char *driver,
                         const char *route)
{
    size_t n = 0;
    const struct registry_permit *permits = registry_permits(registry, vehicle, &n);
    for (size_t i = 0; i < n; i++)
        if ((driver != NULL && strcmp(permits[i].permit.driver_id, driver) == 0) ||
            (route != NULL && strcmp(permits[i].permit.route_id, route) == 0))
            return true;
    return false;
}

/* Of one side of a change. An order may be for every vehicle: all are looked at. */
static bool row_concerns(const struct registry *registry, enum registry_table table, const void *row,
                         const struct registry_vehicle *vehicle)
{
    switch (table) {
    case REGISTRY_SCHOOLS:
        return strcmp(((const struct registry_school *)row)->school_id, vehicle->school_id) == 0;
    case REGISTRY_VEHICLES:
        return strcmp(((const struct registry_vehicle *)row)->vehicle_id, vehicle->vehicle_id) == 0;
    case REGISTRY_DRIVERS:
        return permit_names(registry, vehicle->vehicle_id, ((const struct registry_driver *)row)->driver_id,
                            NULL);
    case REGISTRY_PERMITS:
        return strcmp(((const struct registry_permit *)row)->vehicle_id, vehicle->vehicle_id) == 0;
    case REGISTRY_ROUTES:
        return permit_names(registry, vehicle->vehicle_id, NULL, ((const struct bw_route *)row)->route_id);
    case REGISTRY_STOPS:
        return permit_names(registry, vehicle->vehicle_id, NULL, ((const struct bw_stop *)row)->route_id);
    case REGISTRY_ORDERS:
        return true;
    default:
        return false;
    }
}

static bool concerns(const struct registry *registry, const struct registry_diff *diff,
                     const struct registry_vehicle *vehicle)
{
    for (size_t i = 0; diff != NULL && i < diff->n; i++) {
        const struct registry_change *change = &diff->changes[i];
        if ((change->before && row_concerns(registry, change->table, change->before, vehicle)) ||
            (change->after && row_concerns(registry, change->table, change->after, vehicle)))
            return true;
    }
    return diff == NULL;
}

static int issue_needed(const struct issuer *issuer, enum issued_kind kind, const char *vehicle,
                        bool first_too, struct issuer_counts *counts)
{
    struct wire_bytes sealed = {0};
    uint64_t version;
    bool needed = false;
    int err = is_needed(issuer, kind, vehicle, first_too, &needed);
    if (err == 0 && needed)
        err = issuer_next(issuer, kind, vehicle, &version, &sealed);
    wire_bytes_free(&sealed);
    counts->vehicles[kind] += err == 0 && needed;
    return err;
}

int issuer_changed(const struct issuer *issuer, const struct registry_diff *diff, struct issuer_counts *ret,
                   char ret_failed[BW_ID_LEN])
{
    const struct registry *registry = issuer->registry;
    struct issuer_counts counts = {0};
    int err = 0;
    if (ret_failed != NULL)
        ret_failed[0] = '\0';
    for (size_t i = 0; i < registry->n_vehicles && err == 0; i++) {
        const char *vehicle = registry->vehicles[i].vehicle_id;
        if (!concerns(registry, diff, &registry->vehicles[i]))
            continue;
        for (int kind = 0; kind < ISSUED_KINDS && err == 0; kind++)
            err = issue_needed(issuer, (enum issued_kind)kind, vehicle, diff != NULL, &counts);
        if (err < 0 && ret_failed != NULL)
            (void)snprintf(ret_failed, BW_ID_LEN, "%s", vehicle);
    }
    if (err == 0)
        *ret = counts;
    return err;
}
