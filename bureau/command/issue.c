#include "bureau/command/issue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the key --- */

int issue_load_secret(const char *path, struct seal_key *ret)
{
    const int err = seal_secret_load(path, ret);
    if (err == 0)
        return EXIT_DONE;
    const char *reason = strerror(-err);
    if (err == -EBADMSG)
        reason = "not a secret key (128 hex digits)";
    else if (err == -EPERM)
        reason = "others may read it; a secret key needs mode 0600";
    (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", path, reason);
    return EXIT_USAGE;
}

int issue_configured_secret(const char *config_path, const struct bureau_config *config, struct seal_key *ret)
{
    if (config->secret_path[0] != '\0')
        return issue_load_secret(config->secret_path, ret);
    (void)fprintf(stderr, "buswarden-bureau: %s: [keys] secret: missing\n", config_path);
    return EXIT_USAGE;
}

/* --- one vehicle --- */

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

static int collect(const struct registry *registry, const char *vehicle, uint64_t version, bool with_ended,
                   struct issued *ret)
{
    const int64_t now_utc_ms = command_now_utc_ms();
    if (ret->kind == ISSUED_LICENCE)
        return registry_licence(registry, vehicle, version, now_utc_ms, &ret->u.licence);
    const int err = registry_orders(registry, vehicle, version, now_utc_ms, &ret->u.orders);
    if (err == 0 && !with_ended)
        drop_ended(&ret->u.orders, now_utc_ms);
    return err;
}

static int failed(enum issued_kind kind, const char *vehicle, int err)
{
    (void)fprintf(stderr, "buswarden-bureau: %s of %s: %s\n", issued_name(kind), vehicle,
                  err == -ENOENT ? "no such vehicle in the registry" : strerror(-err));
    return err == -ENOMEM ? EXIT_CANNOT : EXIT_USAGE;
}

int issue_make(const struct registry *registry, enum issued_kind kind, const char *vehicle, uint64_t version,
               bool with_ended, const struct seal_key *key, struct wire_bytes *ret)
{
    struct issued issued = {.kind = kind};
    int err = collect(registry, vehicle, version, with_ended, &issued);
    if (err == 0)
        err = issued_seal(&issued, key, ret);
    issued_free(&issued);
    return err == 0 ? EXIT_DONE : failed(kind, vehicle, err);
}

/* What was issued to the vehicle last; version 0 when nothing was. */
static int find_latest(struct store *store, enum issued_kind kind, const char *vehicle, uint64_t *ret_version,
                       struct wire_bytes *ret)
{
    const int err = store_issued_latest(store, kind, vehicle, ret_version, ret);
    if (err < 0 && err != -ENOENT)
        return command_store_failed(store, issued_name(kind));
    return EXIT_DONE;
}

int issue_next(struct store *store, const struct registry *registry, enum issued_kind kind,
               const char *vehicle, const struct seal_key *key, uint64_t *ret_version, struct wire_bytes *ret)
{
    char who[64];
    struct wire_bytes old = {0};
    uint64_t latest = 0, version = (uint64_t)(command_now_utc_ms() / 1000);
    int status = find_latest(store, kind, vehicle, &latest, &old);
    wire_bytes_free(&old);
    if (latest >= version)
        version = latest + 1;
    if (status == EXIT_DONE)
        status = issue_make(registry, kind, vehicle, version, false, key, ret);
    command_who(who, sizeof(who));
    if (status == EXIT_DONE &&
        (store_issued_put(store, kind, vehicle, version, ret->data, ret->len) < 0 ||
         store_audit(store, who, issued_name(kind), vehicle, command_now_utc_ms()) < 0))
        status = command_store_failed(store, issued_name(kind));
    if (status == EXIT_DONE)
        *ret_version = version;
    return status;
}

/* --- orders of all vehicles --- */

/* The same but for version and time of issue. */
static int same_orders(struct bw_orders *old, const struct bw_orders *now, bool *ret)
{
    struct wire_bytes a = {0}, b = {0};
    old->version = now->version;
    old->issued_utc_ms = now->issued_utc_ms;
    drop_ended(old, now->issued_utc_ms);
    int err = wire_orders_encode(old, &a);
    if (err == 0)
        err = wire_orders_encode(now, &b);
    if (err == 0)
        *ret = a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
    wire_bytes_free(&a);
    wire_bytes_free(&b);
    return err;
}

struct signer {
    const char *config_path;
    const struct bureau_config *config;
    struct seal_key key;
    bool is_loaded;
};

/* Whether the vehicle needs new orders: not what was issued last, or not signed by the key of today. */
static int needs_orders(struct store *store, const struct registry *registry, const char *vehicle,
                        struct signer *signer, bool *ret)
{
    struct issued old = {.kind = ISSUED_ORDERS}, now = {.kind = ISSUED_ORDERS};
    struct wire_bytes sealed = {0};
    uint64_t latest = 0;
    bool same = false;
    int status = find_latest(store, ISSUED_ORDERS, vehicle, &latest, &sealed);
    int err = status == EXIT_DONE ? collect(registry, vehicle, 1, false, &now) : 0;
    const bool idle = latest == 0 && now.u.orders.n_orders == 0;
    if (status == EXIT_DONE && err == 0 && !idle && !signer->is_loaded) {
        status = issue_configured_secret(signer->config_path, signer->config, &signer->key);
        signer->is_loaded = status == EXIT_DONE;
    }
    const struct issued_for by_us = {.key = signer->key.public_key};
    if (status == EXIT_DONE && err == 0 && latest > 0 &&
        issued_open(ISSUED_ORDERS, sealed.data, sealed.len, &by_us, &old) == 0)
        err = same_orders(&old.u.orders, &now.u.orders, &same);
    wire_bytes_free(&sealed);
    issued_free(&old);
    issued_free(&now);
    if (err < 0)
        status = failed(ISSUED_ORDERS, vehicle, err);
    *ret = !idle && !same;
    return status;
}

int issue_changed_orders(struct store *store, const struct registry *registry, const char *config_path,
                         const struct bureau_config *config, size_t *ret_vehicles)
{
    struct signer signer = {.config_path = config_path, .config = config};
    size_t n = 0;
    int status = EXIT_DONE;
    for (size_t i = 0; i < registry->n_vehicles && status == EXIT_DONE; i++) {
        const char *vehicle = registry->vehicles[i].vehicle_id;
        struct wire_bytes sealed = {0};
        uint64_t version;
        bool needed = false;
        status = needs_orders(store, registry, vehicle, &signer, &needed);
        if (status == EXIT_DONE && needed)
            status = issue_next(store, registry, ISSUED_ORDERS, vehicle, &signer.key, &version, &sealed);
        n += status == EXIT_DONE && needed;
        wire_bytes_free(&sealed);
    }
    seal_key_wipe(&signer.key);
    *ret_vehicles = n;
    return status;
}
