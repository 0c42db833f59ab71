#include "bureau/command/issue.h"

#include <errno.h>
#include <stdio.h>
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

/* --- issuing --- */

static int failed(const struct store *store, const char *what, const char *vehicle, int err)
{
    if (err == -ENOENT || err == -E2BIG)
        (void)fprintf(stderr, "buswarden-bureau: %s of %s: %s\n", what, vehicle,
                      err == -ENOENT ? "no such vehicle in the registry" : strerror(-err));
    else if (store != NULL && store_error(store)[0] != '\0')
        return command_store_failed(store, what);
    else
        (void)fprintf(stderr, "buswarden-bureau: %s of %s: %s\n", what, vehicle, strerror(-err));
    return err == -ENOMEM || (err != -ENOENT && err != -E2BIG && store != NULL) ? EXIT_CANNOT : EXIT_USAGE;
}

int issue_make(const struct registry *registry, enum issued_kind kind, const char *vehicle, uint64_t version,
               bool with_ended, const struct seal_key *key, struct wire_bytes *ret)
{
    const int err = issuer_make(registry, kind, vehicle, version, command_now_utc_ms(), with_ended, key, ret);
    return err == 0 ? EXIT_DONE : failed(NULL, issued_name(kind), vehicle, err);
}

int issue_next(struct store *store, const struct registry *registry, enum issued_kind kind,
               const char *vehicle, const struct seal_key *key, uint64_t *ret_version, struct wire_bytes *ret)
{
    char who[64];
    command_who(who, sizeof(who));
    const struct issuer issuer = {store, registry, key, who, command_now_utc_ms()};
    const int err = issuer_next(&issuer, kind, vehicle, ret_version, ret);
    return err == 0 ? EXIT_DONE : failed(store, issued_name(kind), vehicle, err);
}

int issue_changed(struct store *store, const struct registry *registry, const char *config_path,
                  const struct bureau_config *config, struct issuer_counts *ret)
{
    char who[64], vehicle[BW_ID_LEN];
    struct seal_key key = {0};
    command_who(who, sizeof(who));
    struct issuer issuer = {store, registry, NULL, who, command_now_utc_ms()};
    int status = EXIT_DONE, err = issuer_changed(&issuer, NULL, ret, vehicle);
    if (err == -ENOKEY) { /* nothing was issued without it */
        status = issue_configured_secret(config_path, config, &key);
        issuer.key = &key;
        err = status == EXIT_DONE ? issuer_changed(&issuer, NULL, ret, vehicle) : 0;
    }
    seal_key_wipe(&key);
    return err == 0 ? status : failed(store, "licence and orders", vehicle, err);
}
