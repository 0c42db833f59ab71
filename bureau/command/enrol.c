/* enrol */
#include "bureau/command/folder.h"
#include "bureau/command/issue.h"
#include "proto/savefile.h"
#include "proto/seal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What goes to the vehicle, in the order in which it is made. */
static const char *const FILES[] = {"device.key", "device.key.pub", "tls.key",     "tls.crt",
                                    "ca.crt",     "bureau.key.pub", "gateway.conf"};
enum { FILE_COUNT = sizeof(FILES) / sizeof(FILES[0]), CONF_MAX = 4096 };

struct enrolment {
    const char *vehicle, *public, *request, *out, *at, *days, *config_path;
    bool again;
    struct bureau_config config;
    int n_days;
    char division[BW_DIVISION_LEN];
    uint8_t key[BW_PUBLIC_KEY_LEN];
    struct store *store;
    struct pki *pki; /* NULL = the bureau has no authority: only the key is told */
    struct pki_certificate certificate;
};

/* --- the folder for the vehicle --- */

static int make_device_key(struct enrolment *enrolment)
{
    char path[PATH_MAX], public_path[PATH_MAX];
    struct seal_key key;
    int status = folder_path(enrolment->out, "device.key", path);
    if (status == EXIT_DONE)
        status = folder_path(enrolment->out, "device.key.pub", public_path);
    if (status != EXIT_DONE)
        return status;
    seal_key_generate(&key);
    int err = seal_secret_save(path, &key);
    if (err == 0)
        err = seal_public_save(public_path, key.public_key);
    memcpy(enrolment->key, key.public_key, sizeof(enrolment->key));
    seal_key_wipe(&key);
    return err == 0 ? EXIT_DONE : folder_cannot(path, err);
}

static int save_bureau_key(const struct enrolment *enrolment)
{
    char path[PATH_MAX];
    struct seal_key key;
    int status = issue_configured_secret(enrolment->config_path, &enrolment->config, &key);
    if (status != EXIT_DONE)
        return status;
    status = folder_path(enrolment->out, "bureau.key.pub", path);
    const int err = status == EXIT_DONE ? seal_public_save(path, key.public_key) : 0;
    seal_key_wipe(&key);
    return err == 0 ? status : folder_cannot(path, err);
}

static int write_conf(const struct enrolment *enrolment)
{
    char path[PATH_MAX], text[CONF_MAX];
    const char *at = enrolment->at;
    const int n =
        snprintf(text, sizeof(text),
                 "; Made by `buswarden-bureau enrol`. Every setting that exists: gateway.conf.example.\n"
                 "[vehicle]\nid = %s\ndivision = %s\nkey = %s/device.key\n\n"
                 "[bureau]\nkey = %s/bureau.key.pub\n\n"
                 "[licence]\nfile = /var/lib/buswarden/licence.pb\n\n"
                 "[orders]\nfile = /var/lib/buswarden/orders.pb\n\n"
                 "[gps]\n;host = 127.0.0.1\n;port = 2947\n\n"
                 "; Seats, doors and belts: the CAN adapter and the DBC file of the vehicle's bus.\n"
                 "[cabin]\n;slcan = /dev/ttyACM0\n;dbc = %s/bus.dbc\n\n"
                 "[broker]\nhost = %s\nport = %d\nca = %s/ca.crt\ncert = %s/tls.crt\nkey = %s/tls.key\n\n"
                 "[outbox]\npath = /var/lib/buswarden/outbox.db\n\n"
                 "[status]\nsocket = /run/buswarden/gateway.sock\n",
                 enrolment->vehicle, enrolment->division, at, at, at, enrolment->config.pki_broker,
                 enrolment->config.broker_port, at, at, at);
    const int status = folder_path(enrolment->out, "gateway.conf", path);
    if (status != EXIT_DONE || n < 0 || (size_t)n >= sizeof(text))
        return status != EXIT_DONE ? status : folder_cannot(path, -EMSGSIZE);
    const int err = savefile_write(path, 0600, false, text, (size_t)n);
    return err == 0 ? EXIT_DONE : folder_cannot(path, err);
}

static int fill_folder(struct enrolment *enrolment)
{
    const struct pki_order order = {.name = enrolment->vehicle,
                                    .days = enrolment->n_days,
                                    .now_utc_ms = command_now_utc_ms(),
                                    .request_path = enrolment->request};
    int status = enrolment->public == NULL ? make_device_key(enrolment) : EXIT_DONE;
    if (status == EXIT_DONE)
        status = folder_certificate(enrolment->out, enrolment->pki, &order, &enrolment->certificate);
    if (status == EXIT_DONE)
        status = folder_authority(enrolment->out, &enrolment->config);
    if (status == EXIT_DONE)
        status = save_bureau_key(enrolment);
    if (status == EXIT_DONE)
        status = write_conf(enrolment);
    return status;
}

/* --- the store --- */

struct found {
    bool in_force;
};

static int look(void *context, const struct store_certificate *row)
{
    struct found *found = context;
    found->in_force = found->in_force || row->revoked_utc_ms == 0;
    return 0;
}

static int check_vehicle(struct enrolment *enrolment)
{
    uint8_t key[BW_PUBLIC_KEY_LEN];
    struct found found = {0};
    struct store *store = enrolment->store;
    const int err = store_vehicle_division(store, enrolment->vehicle, enrolment->division);
    if (err == -ENOENT)
        (void)fprintf(stderr, "buswarden-bureau: %s: no such vehicle in the registry\n", enrolment->vehicle);
    else if (err == 0 && registry_is_taken_id(enrolment->vehicle))
        (void)fprintf(
            stderr,
            "buswarden-bureau: %s: no vehicle's id: it has a meaning at the broker; give the vehicle "
            "another one in the registry\n",
            enrolment->vehicle);
    if (err == -ENOENT || (err == 0 && registry_is_taken_id(enrolment->vehicle)))
        return EXIT_USAGE;
    const int known = err == 0 ? store_vehicle_key(store, enrolment->vehicle, key) : err;
    if ((known != 0 && known != -ENOENT) || store_certificates(store, enrolment->vehicle, look, &found) != 0)
        return command_store_failed(store, "enrol");
    if ((known != 0 && !found.in_force) || enrolment->again)
        return EXIT_DONE;
    (void)fprintf(stderr,
                  "buswarden-bureau: %s: enrolled already; --again replaces its key and revokes its "
                  "certificate\n",
                  enrolment->vehicle);
    return EXIT_USAGE;
}

static int keep(struct enrolment *enrolment, size_t *ret_revoked)
{
    char who[64];
    const int64_t now_utc_ms = command_now_utc_ms();
    struct store *store = enrolment->store;
    const char *serial = enrolment->pki != NULL ? enrolment->certificate.info.serial : NULL;
    command_who(who, sizeof(who));
    if (store_begin(store) < 0)
        return command_store_failed(store, "enrol");
    int status = EXIT_DONE;
    if (store_vehicle_key_set(store, enrolment->vehicle, enrolment->key) < 0 ||
        store_certificate_revoke(store, enrolment->vehicle, serial, "enrolled again", now_utc_ms,
                                 ret_revoked) < 0 ||
        store_audit(store, who, "enrol", enrolment->vehicle, now_utc_ms) < 0)
        status = command_store_failed(store, "enrol");
    if (status == EXIT_DONE && enrolment->pki != NULL)
        status = authority_register(store, &enrolment->certificate, now_utc_ms);
    if (status == EXIT_DONE && store_commit(store) < 0)
        status = command_store_failed(store, "enrol");
    if (status != EXIT_DONE)
        store_rollback(store);
    return status;
}

/* --- the command --- */

static int read_public(struct enrolment *enrolment)
{
    if (enrolment->public == NULL || seal_public_parse(enrolment->public, enrolment->key) == 0)
        return EXIT_DONE;
    const int err = seal_public_load(enrolment->public, enrolment->key);
    if (err == 0)
        return EXIT_DONE;
    (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", enrolment->public,
                  err == -EBADMSG ? "not a public key (64 hex digits)" : strerror(-err));
    return EXIT_USAGE;
}

static int prepare(const struct command *self, struct enrolment *enrolment)
{
    int status = read_public(enrolment);
    if (status == EXIT_DONE)
        status = authority_days(self, enrolment->days, &enrolment->n_days);
    if (status == EXIT_DONE)
        status = command_config(self, enrolment->config_path, &enrolment->config);
    if (status != EXIT_DONE)
        return status;
    const bool has_authority = enrolment->config.pki_dir[0] != '\0';
    if (!has_authority && (enrolment->request != NULL || enrolment->out != NULL || enrolment->public == NULL))
        return command_wrong(self, "[pki] dir is not configured: without it only --pub HEX|FILE can be told");
    if (enrolment->out == NULL)
        enrolment->out = enrolment->vehicle;
    status = command_store(&enrolment->config, &enrolment->store);
    if (status == EXIT_DONE)
        status = check_vehicle(enrolment);
    if (status == EXIT_DONE && has_authority)
        status = authority_open(enrolment->config_path, &enrolment->config, &enrolment->pki);
    return status;
}

static int carry_out(struct enrolment *enrolment)
{
    size_t revoked = 0;
    int status = enrolment->pki != NULL ? folder_make(enrolment->out) : EXIT_DONE;
    if (status != EXIT_DONE)
        return status;
    if (enrolment->pki != NULL)
        status = fill_folder(enrolment);
    if (status == EXIT_DONE)
        status = keep(enrolment, &revoked);
    if (status != EXIT_DONE && enrolment->pki != NULL)
        folder_remove(enrolment->out, FILES, FILE_COUNT);
    if (status != EXIT_DONE || enrolment->pki == NULL)
        return status;
    (void)printf("%s: certificate %s, %d days; carry %s to %s of the vehicle\n", enrolment->vehicle,
                 enrolment->certificate.info.serial, enrolment->n_days, enrolment->out, enrolment->at);
    return revoked > 0 ? authority_write_crl(enrolment->pki, enrolment->store) : EXIT_DONE;
}

static int run_enrol(const struct command *self, int argc, char **argv)
{
    struct enrolment enrolment = {.at = "/etc/buswarden"};
    const struct command_option options[] = {
        {"pub", &enrolment.public, NULL},
        {"csr", &enrolment.request, NULL},
        {"out", &enrolment.out, NULL},
        {"at", &enrolment.at, NULL},
        {"days", &enrolment.days, NULL},
        {"again", NULL, &enrolment.again},
        {"config", &enrolment.config_path, NULL},
    };
    int status;
    if (!command_parse(self, argc, argv, options, sizeof(options) / sizeof(options[0]), &enrolment.vehicle, 1,
                       &status))
        return status;
    status = prepare(self, &enrolment);
    if (status == EXIT_DONE)
        status = carry_out(&enrolment);
    pki_close(enrolment.pki);
    store_close(enrolment.store);
    return status;
}

const struct command COMMAND_ENROL = {
    .name = "enrol",
    .summary = "keys, certificate and configuration of a vehicle in one step",
    .run = run_enrol,
    .manual =
        "NAME\n"
        "    buswarden-bureau enrol - keys, certificate and configuration of a vehicle in one step\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau enrol VEHICLE --config FILE [--pub HEX|FILE] [--csr FILE] [--out DIR] [--at "
        "DIR]\n"
        "                           [--days N] [--again]\n\n"
        "DESCRIPTION\n"
        "    Makes the folder that the fitter carries to the vehicle as it is: the key that its records are\n"
        "    signed with (device.key), its TLS key and certificate (tls.key, tls.crt), ca.crt, the bureau's\n"
        "    public key and gateway.conf. From now on records that this key has signed are accepted. The\n"
        "    vehicle must be in the registry. Written to the audit log.\n\n"
        "    Safer, because no secret ever leaves the vehicle: there, \"buswarden-gateway keygen device.key\n"
        "    --csr VEHICLE\" makes both keys; here, --pub device.key.pub and --csr device.key.csr take what "
        "is\n"
        "    public. The folder then holds no secret.\n\n"
        "    Without [pki] in the configuration only the public key of --pub is told to the bureau.\n\n"
        "OPTIONS\n"
        "    --pub HEX|FILE   the vehicle's public key: 64 hex digits, or the .pub file that \"keygen\" "
        "wrote\n"
        "    --csr FILE       request for the TLS certificate\n"
        "    --out DIR        the folder, which must be new (default: the vehicle's id); mode 0700\n"
        "    --at DIR         where it will lie in the vehicle (default: /etc/buswarden)\n"
        "    --days N         how long the certificate is valid (default: 825)\n"
        "    --again          the vehicle is enrolled already: replace its key, revoke its certificates\n"
        "    --config FILE    the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use, no such vehicle, enrolled already, not a key; 3 the store or the folder\n"
        "    cannot be used.\n",
};
