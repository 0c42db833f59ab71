/* Enrols a prepared fleet and issues its licences, in one transaction: for tests/bench/fleet and
 * tests/integration/fleet. 2,000 `enrol` and `licence` would take minutes.
 *     bench_fleet_enrol STORE FLEET-DIR SECRET
 * The registry must have been imported. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bureau/store/store.h"
#include "proto/seal.h"
#include "proto/wire.h"

enum { PATH_LEN = 512 };

static int die(const char *what, int error)
{
    (void)fprintf(stderr, "bench_fleet_enrol: %s: %s\n", what, strerror(-error));
    return 3;
}

static int enrol(struct store *store, const struct registry *registry, const char *vehicle, const char *dir,
                 const struct seal_key *key, int64_t now_utc_ms)
{
    char path[PATH_LEN];
    uint8_t public_key[BW_PUBLIC_KEY_LEN];
    struct issued licence = {.kind = ISSUED_LICENCE};
    struct wire_bytes sealed = {0};
    (void)snprintf(path, sizeof path, "%s/keys/%s.pub", dir, vehicle);
    int error = seal_public_load(path, public_key);
    if (error == 0)
        error = store_vehicle_key_set(store, vehicle, public_key);
    if (error == 0)
        error = registry_licence(registry, vehicle, 1, now_utc_ms, &licence.u.licence);
    if (error == 0)
        error = issued_seal(&licence, key, &sealed);
    if (error == 0)
        error = store_issued_put(store, ISSUED_LICENCE, vehicle, 1, sealed.data, sealed.len);
    wire_bytes_free(&sealed);
    issued_free(&licence);
    return error;
}

int main(int argc, char **argv)
{
    struct store *store = NULL;
    struct registry *registry = NULL;
    struct seal_key key;
    if (argc != 4)
        return fputs("usage: bench_fleet_enrol STORE FLEET-DIR SECRET\n", stderr), 2;
    int error = seal_init();
    if (error == 0)
        error = seal_secret_load(argv[3], &key);
    if (error != 0)
        return die(argv[3], error);
    error = store_open(argv[1], &store);
    if (error == 0)
        error = store_registry_load(store, &registry);
    if (error == 0)
        error = store_begin(store);
    if (error != 0)
        return die(argv[1], error);
    for (size_t i = 0; i < registry->n_vehicles && error == 0; i++) {
        const char *vehicle = registry->vehicles[i].vehicle_id;
        error = enrol(store, registry, vehicle, argv[2], &key, (int64_t)time(NULL) * 1000);
        if (error != 0)
            return die(vehicle, error);
    }
    error = store_commit(store);
    if (error != 0)
        return die(argv[1], error);
    registry_free(registry);
    store_close(store);
    return 0;
}
