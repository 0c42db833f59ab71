/* keygen, enrol */
#include "bureau/command/command.h"
#include "proto/seal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int cannot_write(const char *path, int err)
{
    (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", path, strerror(-err));
    return err == -EEXIST ? EXIT_USAGE : EXIT_CANNOT;
}

static int save_pair(const char *path, const struct seal_key *key)
{
    char public_path[PATH_MAX];
    if ((size_t)snprintf(public_path, sizeof(public_path), "%s.pub", path) >= sizeof(public_path))
        return cannot_write(path, -ENAMETOOLONG);
    int err = seal_secret_save(path, key);
    if (err < 0)
        return cannot_write(path, err);
    err = seal_public_save(public_path, key->public_key);
    if (err < 0) {
        (void)unlink(path); /* half a pair is none; it is this call's own file */
        return cannot_write(public_path, err);
    }
    return EXIT_DONE;
}

static int run_keygen(const struct command *self, int argc, char **argv)
{
    const char *path;
    int status;
    struct seal_key key;
    if (!command_parse(self, argc, argv, NULL, 0, &path, 1, &status))
        return status;
    seal_key_generate(&key);
    status = save_pair(path, &key);
    if (status == EXIT_DONE) {
        char hex[2 * BW_PUBLIC_KEY_LEN + 1];
        seal_public_format(key.public_key, hex);
        (void)printf("%s\n", hex);
    }
    seal_key_wipe(&key);
    return status;
}

const struct command COMMAND_KEYGEN = {
    .name = "keygen",
    .summary = "make a pair of signing keys",
    .run = run_keygen,
    .manual = "NAME\n"
              "    buswarden-bureau keygen - make a pair of Ed25519 signing keys\n\n"
              "SYNOPSIS\n"
              "    buswarden-bureau keygen FILE\n\n"
              "DESCRIPTION\n"
              "    Writes the secret key to FILE, readable by its owner alone, and the public key to "
              "FILE.pub, and\n"
              "    prints the public key. Files that exist already are never written over.\n\n"
              "EXIT STATUS\n"
              "    0 done; 2 wrong use, or a file exists already; 3 a file cannot be written.\n",
};

static int store_key(struct store *store, const char *vehicle, const uint8_t key[BW_PUBLIC_KEY_LEN])
{
    char who[64], division[BW_DIVISION_LEN];
    const int err = store_vehicle_division(store, vehicle, division);
    if (err == -ENOENT) {
        (void)fprintf(stderr, "buswarden-bureau: %s: no such vehicle in the registry\n", vehicle);
        return EXIT_USAGE;
    }
    command_who(who, sizeof(who));
    if (err < 0 || store_begin(store) < 0)
        return command_store_failed(store, "enrol");
    if (store_vehicle_key_set(store, vehicle, key) < 0 ||
        store_audit(store, who, "enrol", vehicle, command_now_utc_ms()) < 0 || store_commit(store) < 0) {
        store_rollback(store);
        return command_store_failed(store, "enrol");
    }
    return EXIT_DONE;
}

static int run_enrol(const struct command *self, int argc, char **argv)
{
    const char *vehicle, *public = NULL, *config_path = NULL;
    const struct command_option options[] = {{"pub", &public, NULL}, {"config", &config_path, NULL}};
    int status;
    struct bureau_config config;
    struct store *store = NULL;
    uint8_t key[BW_PUBLIC_KEY_LEN];
    if (!command_parse(self, argc, argv, options, 2, &vehicle, 1, &status))
        return status;
    if (public == NULL)
        return command_wrong(self, "--pub HEX|FILE is missing");
    if (seal_public_parse(public, key) < 0) {
        const int err = seal_public_load(public, key);
        if (err < 0) {
            (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", public,
                          err == -EBADMSG ? "not a public key (64 hex digits)" : strerror(-err));
            return EXIT_USAGE;
        }
    }
    status = command_config(self, config_path, &config);
    if (status == EXIT_DONE)
        status = command_store(&config, &store);
    if (status == EXIT_DONE)
        status = store_key(store, vehicle, key);
    store_close(store);
    return status;
}

const struct command COMMAND_ENROL = {
    .name = "enrol",
    .summary = "tell the bureau a vehicle's public key",
    .run = run_enrol,
    .manual =
        "NAME\n"
        "    buswarden-bureau enrol - tell the bureau a vehicle's public key\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau enrol VEHICLE --pub HEX|FILE --config FILE\n\n"
        "DESCRIPTION\n"
        "    Records of VEHICLE are accepted from now on when this key has signed them; a key that was\n"
        "    enrolled before is replaced. The vehicle must be in the registry. Written to the audit log.\n\n"
        "OPTIONS\n"
        "    --pub HEX|FILE   64 hex digits, or the .pub file that \"keygen\" wrote\n"
        "    --config FILE    the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use, no such vehicle, not a key; 3 the store cannot be used.\n",
};
