/* ca, renew, revoke, certificates */
#include "bureau/command/authority.h"
#include "proto/savefile.h"
#include "proto/utc.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- ca --- */

struct ca {
    const char *config_path, *servers, *days;
    int n_days;
    struct bureau_config config;
    struct pki *pki;
    struct store *store;
};

static bool is_there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static int make_authority(struct ca *ca)
{
    char path[PATH_MAX], reason[PKI_REASON_MAX];
    const char *dir = ca->config.pki_dir;
    if (*dir == '\0')
        return authority_open(ca->config_path, &ca->config, &ca->pki); /* says what is missing */
    int status = authority_path(&ca->config, "ca.crt", path, sizeof(path));
    if (status != EXIT_DONE)
        return status;
    if (mkdir(dir, 0755) != 0 && errno != EEXIST) {
        (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", dir, strerror(errno));
        return EXIT_CANNOT;
    }
    if (!is_there(path)) {
        if (pki_create(dir, "Buswarden bureau", command_now_utc_ms(), reason) != 0) {
            (void)fprintf(stderr, "buswarden-bureau: %s\n", reason);
            return EXIT_CANNOT;
        }
        (void)printf("made %s\n", path);
    }
    return authority_open(ca->config_path, &ca->config, &ca->pki);
}

/* Registered before it is written: what is not registered could not be revoked. When it cannot be written
 * then, another call makes another one. */
static int keep(struct store *store, const char *doing, const struct pki_certificate *certificate,
                const char *path, bool replace)
{
    char who[64];
    const int64_t now_utc_ms = command_now_utc_ms();
    command_who(who, sizeof(who));
    if (store_begin(store) < 0)
        return command_store_failed(store, doing);
    int status = authority_register(store, certificate, now_utc_ms);
    if (status == EXIT_DONE &&
        (store_audit(store, who, doing, certificate->info.name, now_utc_ms) < 0 || store_commit(store) < 0))
        status = command_store_failed(store, doing);
    if (status != EXIT_DONE) {
        store_rollback(store);
        return status;
    }
    const int err = pki_save(path, replace, certificate);
    if (err != 0)
        (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", path, strerror(-err));
    return err != 0 ? EXIT_CANNOT : EXIT_DONE;
}

/* A key that is there without its certificate is used: the call before this one was cut short. */
static int make_own(struct ca *ca, const char *name, const char *servers)
{
    char file[32], key_path[PATH_MAX], path[PATH_MAX];
    (void)snprintf(file, sizeof(file), "%s.crt", name);
    int status = authority_path(&ca->config, file, path, sizeof(path));
    (void)snprintf(file, sizeof(file), "%s.key", name);
    if (status == EXIT_DONE)
        status = authority_path(&ca->config, file, key_path, sizeof(key_path));
    if (status != EXIT_DONE || is_there(path))
        return status;
    const int err = x509_key_create(key_path);
    if (err != 0 && err != -EEXIST) {
        (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", key_path, strerror(-err));
        return EXIT_CANNOT;
    }
    struct pki_certificate certificate;
    const struct pki_order order = {.name = name,
                                    .server_names = servers,
                                    .days = ca->n_days,
                                    .now_utc_ms = command_now_utc_ms(),
                                    .key_path = key_path};
    status = authority_issue(ca->pki, &order, &certificate);
    if (status == EXIT_DONE)
        status = keep(ca->store, "ca", &certificate, path, false);
    if (status == EXIT_DONE)
        (void)printf("made %s\n", path);
    return status;
}

static int run_ca(const struct command *self, int argc, char **argv)
{
    struct ca ca = {0};
    const struct command_option options[] = {
        {"config", &ca.config_path, NULL}, {"server", &ca.servers, NULL}, {"days", &ca.days, NULL}};
    int status;
    if (!command_parse(self, argc, argv, options, 3, NULL, 0, &status))
        return status;
    status = authority_days(self, ca.days, &ca.n_days);
    if (status == EXIT_DONE)
        status = command_config(self, ca.config_path, &ca.config);
    if (status == EXIT_DONE)
        status = command_store(&ca.config, &ca.store);
    if (status == EXIT_DONE)
        status = make_authority(&ca);
    if (status == EXIT_DONE)
        status = make_own(&ca, AUTHORITY_BUREAU, NULL);
    if (status == EXIT_DONE && ca.servers != NULL)
        status = make_own(&ca, AUTHORITY_SERVER, ca.servers);
    if (status == EXIT_DONE)
        status = authority_write_crl(ca.pki, ca.store);
    pki_close(ca.pki);
    store_close(ca.store);
    return status;
}

const struct command COMMAND_CA = {
    .name = "ca",
    .summary = "make the bureau's certificate authority",
    .run = run_ca,
    .manual =
        "NAME\n"
        "    buswarden-bureau ca - make the bureau's certificate authority\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau ca --config FILE [--server NAME[,NAME]...] [--days N]\n\n"
        "DESCRIPTION\n"
        "    Makes in the folder of [pki] dir what is not there yet: the authority (ca.crt, ca.key; ten "
        "years), the\n"
        "    bureau's own client certificate (bureau.crt, bureau.key), with --server the broker's "
        "(server.crt,\n"
        "    server.key), and the list of revoked certificates (crl.pem). Secrets have mode 0600; none is "
        "ever\n"
        "    written over. Keep a copy of ca.key in a safe: whoever has it can enrol vehicles. A ca.key "
        "whose\n"
        "    ca.crt is gone is refused: put ca.crt back, for no other would fit what was issued. After "
        "\"revoke\"\n"
        "    of server or bureau it makes another of these, with another key.\n\n"
        "OPTIONS\n"
        "    --server NAMES   host names and addresses by which vehicles and the bureau reach the broker\n"
        "    --days N         how long bureau.crt and server.crt are valid (default: 825)\n"
        "    --config FILE    the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use or a bad configuration; 3 the folder or the store cannot be used, or\n"
        "    half of the authority is missing.\n",
};

/* --- renew --- */

struct earlier {
    uint8_t der[PKI_DER_MAX];
    size_t der_len; /* 0 = none */
    bool revoked;
};

/* The newest comes first. */
static int take_newest(void *context, const struct store_certificate *row)
{
    struct earlier *earlier = context;
    if (row->der_len > sizeof(earlier->der))
        return -EBADMSG;
    memcpy(earlier->der, row->der, row->der_len);
    earlier->der_len = row->der_len;
    earlier->revoked = row->revoked_utc_ms != 0;
    return 1;
}

static int find_earlier(struct store *store, const char *name, struct earlier *ret)
{
    const int err = store_certificates(store, name, take_newest, ret);
    if (err < 0)
        return command_store_failed(store, "renew");
    if (ret->der_len > 0 && !ret->revoked)
        return EXIT_DONE;
    (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", name,
                  ret->der_len == 0        ? "no certificate was issued to it"
                  : authority_is_own(name) ? "revoked: \"buswarden-bureau ca\" makes another"
                                           : "revoked: enrol it again");
    return EXIT_USAGE;
}

static int renew(const struct bureau_config *config, struct pki *pki, struct store *store, const char *name,
                 const char *out, int days)
{
    char file[BW_ID_LEN + 8], path[PATH_MAX];
    struct earlier earlier = {0};
    struct pki_certificate certificate;
    int status = find_earlier(store, name, &earlier);
    if (status != EXIT_DONE)
        return status;
    (void)snprintf(file, sizeof(file), "%.*s.crt", BW_ID_LEN, name);
    if (out == NULL && authority_is_own(name))
        status = authority_path(config, file, path, sizeof(path));
    else
        (void)snprintf(path, sizeof(path), "%s", out != NULL ? out : file);
    const struct pki_order order = {.name = name,
                                    .days = days,
                                    .now_utc_ms = command_now_utc_ms(),
                                    .der = earlier.der,
                                    .der_len = earlier.der_len};
    if (status == EXIT_DONE)
        status = authority_issue(pki, &order, &certificate);
    if (status == EXIT_DONE)
        status = keep(store, "renew", &certificate, path, true);
    if (status == EXIT_DONE)
        (void)printf("%s: certificate %s, %d days: %s\n", name, certificate.info.serial, days, path);
    return status;
}

static int run_renew(const struct command *self, int argc, char **argv)
{
    const char *name, *config_path = NULL, *out = NULL, *days_text = NULL;
    const struct command_option options[] = {
        {"config", &config_path, NULL}, {"out", &out, NULL}, {"days", &days_text, NULL}};
    int status, days = 0;
    struct bureau_config config;
    struct pki *pki = NULL;
    struct store *store = NULL;
    if (!command_parse(self, argc, argv, options, 3, &name, 1, &status))
        return status;
    status = authority_days(self, days_text, &days);
    if (status == EXIT_DONE)
        status = command_config(self, config_path, &config);
    if (status == EXIT_DONE)
        status = authority_open(config_path, &config, &pki);
    if (status == EXIT_DONE)
        status = command_store(&config, &store);
    if (status == EXIT_DONE)
        status = renew(&config, pki, store, name, out, days);
    pki_close(pki);
    store_close(store);
    return status;
}

const struct command COMMAND_RENEW = {
    .name = "renew",
    .summary = "a new certificate for the key that a vehicle has",
    .run = run_renew,
    .manual =
        "NAME\n"
        "    buswarden-bureau renew - a new certificate for the key that a vehicle has\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau renew VEHICLE|server|bureau --config FILE [--out FILE] [--days N]\n\n"
        "DESCRIPTION\n"
        "    The new certificate takes the place of tls.crt in the vehicle; then the gateway is "
        "started again.\n"
        "    The one before it stays valid until its end. \"server\" and \"bureau\" are the broker's "
        "and the\n"
        "    bureau's own: their new certificate takes the place of the old one in [pki] dir; then "
        "mosquitto is\n"
        "    told to reload (SIGHUP), or the bureau is started again. What was revoked is not renewed: a\n"
        "    vehicle is enrolled again, and \"ca\" makes another server.crt or bureau.crt.\n\n"
        "OPTIONS\n"
        "    --out FILE       where to write it (default: VEHICLE.crt)\n"
        "    --days N         how long it is valid (default: 825)\n"
        "    --config FILE    the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use, or there is none to renew; 3 a file or the store cannot be used.\n",
};

/* --- revoke --- */

static int count_all(void *context, const struct store_certificate *row)
{
    (void)row;
    ++*(size_t *)context;
    return 0;
}

static int mark_revoked(struct store *store, const char *name, const char *reason, size_t *ret_certificates,
                        bool *ret_key)
{
    char who[64], subject[BW_ID_LEN + STORE_REASON_MAX + 2];
    const int64_t now_utc_ms = command_now_utc_ms();
    command_who(who, sizeof(who));
    (void)snprintf(subject, sizeof(subject), "%.*s: %.*s", BW_ID_LEN, name, STORE_REASON_MAX - 1, reason);
    if (store_begin(store) < 0)
        return command_store_failed(store, "revoke");
    const int err = store_vehicle_key_revoke(store, name, now_utc_ms);
    if ((err < 0 && err != -ENOENT) ||
        store_certificate_revoke(store, name, NULL, reason, now_utc_ms, ret_certificates) < 0 ||
        store_audit(store, who, "revoke", subject, now_utc_ms) < 0 || store_commit(store) < 0) {
        store_rollback(store);
        return command_store_failed(store, "revoke");
    }
    *ret_key = err == 0;
    return EXIT_DONE;
}

/* So that `ca` makes others: with another key, for this one may be what was stolen. */
static int set_aside(const struct bureau_config *config, const char *name)
{
    static const char *const suffixes[] = {"crt", "key"};
    char file[48], from[PATH_MAX], to[PATH_MAX];
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(file, sizeof(file), "%.16s.%s", name, suffixes[i]);
        int status = authority_path(config, file, from, sizeof(from));
        (void)snprintf(file, sizeof(file), "%.16s.%s.revoked", name, suffixes[i]);
        if (status == EXIT_DONE)
            status = authority_path(config, file, to, sizeof(to));
        if (status != EXIT_DONE)
            return status;
        if (rename(from, to) != 0 && errno != ENOENT) {
            (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", from, strerror(errno));
            return EXIT_CANNOT;
        }
    }
    (void)savefile_sync_folder(from); /* after a power cut this command does it again */
    return EXIT_DONE;
}

static int revoke_name(const struct bureau_config *config, struct pki *pki, struct store *store,
                       const char *name, const char *reason)
{
    uint8_t key[BW_PUBLIC_KEY_LEN];
    size_t issued = 0, certificates = 0;
    bool had_key = false;
    if (store_certificates(store, name, count_all, &issued) < 0)
        return command_store_failed(store, "revoke");
    if (issued == 0 && store_vehicle_key(store, name, key) == -ENOENT) {
        (void)fprintf(stderr, "buswarden-bureau: %s: never enrolled, or its key is revoked already\n", name);
        return EXIT_USAGE;
    }
    int status = mark_revoked(store, name, reason, &certificates, &had_key);
    /* Also when all was revoked before: the call before this one may have failed right here. */
    if (status == EXIT_DONE && pki != NULL)
        status = authority_write_crl(pki, store);
    const bool own = authority_is_own(name) && pki != NULL;
    if (status == EXIT_DONE && own)
        status = set_aside(config, name);
    if (status != EXIT_DONE)
        return status;
    (void)printf("%s: %zu certificates revoked%s\n", name, certificates,
                 had_key ? ", and its key: its records are refused from now on" : "");
    if (pki != NULL)
        (void)printf("The broker knows it when %s/crl.pem is where it reads it and it was started again:\n"
                     "    systemctl restart mosquitto\n",
                     config->pki_dir);
    if (own)
        (void)printf("%s/%s.crt and .key were renamed to *.revoked; others are made by:\n"
                     "    buswarden-bureau ca%s\n",
                     config->pki_dir, name,
                     strcmp(name, AUTHORITY_SERVER) == 0 ? " --server NAME[,NAME]..." : "");
    return EXIT_DONE;
}

static int run_revoke(const struct command *self, int argc, char **argv)
{
    const char *name, *config_path = NULL, *reason = "";
    const struct command_option options[] = {{"config", &config_path, NULL}, {"reason", &reason, NULL}};
    int status;
    struct bureau_config config;
    struct pki *pki = NULL;
    struct store *store = NULL;
    if (!command_parse(self, argc, argv, options, 2, &name, 1, &status))
        return status;
    if (strlen(reason) >= STORE_REASON_MAX)
        return command_wrong(self, "--reason: longer than 79 bytes");
    status = command_config(self, config_path, &config);
    if (status == EXIT_DONE && config.pki_dir[0] != '\0')
        status = authority_open(config_path, &config, &pki);
    if (status == EXIT_DONE)
        status = command_store(&config, &store);
    if (status == EXIT_DONE)
        status = revoke_name(&config, pki, store, name, reason);
    pki_close(pki);
    store_close(store);
    return status;
}

const struct command COMMAND_REVOKE = {
    .name = "revoke",
    .summary = "a vehicle's certificates and key are worth nothing any more",
    .run = run_revoke,
    .manual =
        "NAME\n"
        "    buswarden-bureau revoke - a vehicle's certificates and key are worth nothing any more\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau revoke VEHICLE|server|bureau --config FILE [--reason TEXT]\n\n"
        "DESCRIPTION\n"
        "    When a device was stolen, sold or opened. A running bureau refuses within five seconds what "
        "the\n"
        "    vehicle's key signs; what it signed before stays evidence. The certificates go onto crl.pem in\n"
        "    [pki] dir. The broker must then be started again (systemctl restart mosquitto): a reload "
        "(SIGHUP)\n"
        "    makes it refuse new connections, but leaves the vehicle's open one. \"enrol\" brings a vehicle "
        "back\n"
        "    with new keys. \"server\" and \"bureau\" are the broker's and the bureau's own: their files in "
        "[pki]\n"
        "    dir are renamed to *.revoked, and \"ca\" makes others. Written to the audit log.\n\n"
        "OPTIONS\n"
        "    --reason TEXT    why; kept with the certificate, at most 79 bytes\n"
        "    --config FILE    the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use, or the vehicle was never enrolled; 3 a file or the store cannot be used.\n",
};

/* --- certificates --- */

struct listing {
    int64_t now_utc_ms;
    bool all;
    size_t n_ending;
    char last[BW_ID_LEN];
};

static const char *state_of(const struct store_certificate *row, int64_t now_utc_ms, bool newest)
{
    if (row->revoked_utc_ms != 0)
        return "revoked";
    if (row->not_after_utc_ms <= now_utc_ms)
        return "ENDED";
    if (!newest)
        return "replaced";
    return row->not_after_utc_ms - now_utc_ms < PKI_WARN_DAYS * UTC_MS_PER_DAY ? "ENDS SOON" : "good";
}

static int print_row(void *context, const struct store_certificate *row)
{
    struct listing *listing = context;
    char until[UTC_TEXT_LEN];
    struct x509_info info;
    const bool newest = strcmp(listing->last, row->name) != 0;
    const char *state = state_of(row, listing->now_utc_ms, newest);
    (void)snprintf(listing->last, sizeof(listing->last), "%s", row->name);
    if (newest && (strncmp(state, "END", 3) == 0))
        listing->n_ending++;
    if (!newest && !listing->all)
        return 0;
    const int64_t days = (row->not_after_utc_ms - listing->now_utc_ms) / UTC_MS_PER_DAY;
    utc_format(row->not_after_utc_ms, until);
    const int err = x509_read_der(row->der, row->der_len, &info);
    if (err != 0)
        return err;
    (void)printf("%-20s %-9s %.10s %5" PRId64 " days  %s  %s%s%s\n", row->name, state, until, days,
                 row->serial, info.fingerprint, row->reason[0] != '\0' ? "  " : "", row->reason);
    return 0;
}

static int run_certificates(const struct command *self, int argc, char **argv)
{
    const char *config_path = NULL;
    struct listing listing = {.now_utc_ms = command_now_utc_ms()};
    const struct command_option options[] = {{"config", &config_path, NULL}, {"all", NULL, &listing.all}};
    int status;
    struct bureau_config config;
    struct store *store = NULL;
    if (!command_parse(self, argc, argv, options, 2, NULL, 0, &status))
        return status;
    status = command_config(self, config_path, &config);
    if (status == EXIT_DONE)
        status = command_store(&config, &store);
    if (status == EXIT_DONE && store_certificates(store, NULL, print_row, &listing) < 0)
        status = command_store_failed(store, "certificates");
    store_close(store);
    return status == EXIT_DONE && listing.n_ending > 0 ? EXIT_NO : status;
}

const struct command COMMAND_CERTIFICATES = {
    .name = "certificates",
    .summary = "list certificates and how long they are valid",
    .run = run_certificates,
    .manual =
        "NAME\n"
        "    buswarden-bureau certificates - list certificates and how long they are valid\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau certificates --config FILE [--all]\n\n"
        "DESCRIPTION\n"
        "    The newest certificate of every vehicle, of the broker (\"server\") and of the bureau: its "
        "state, "
        "last\n"
        "    day, days left, serial number, SHA-256 fingerprint and the reason of a revocation. ENDS SOON: "
        "within 30 days;\n"
        "    \"renew\" makes a new one.\n\n"
        "OPTIONS\n"
        "    --all            also those that were replaced\n"
        "    --config FILE    the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 all are good or revoked; 1 one has ended or ends within 30 days; 2 wrong use; 3 the store "
        "cannot be read.\n",
};
