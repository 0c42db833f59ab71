/* reader */
#include "bureau/broker/rights.h"
#include "bureau/command/folder.h"

#include <stdio.h>
#include <string.h>

static const char *const FILES[] = {"tls.key", "tls.crt", "ca.crt"};

struct reader {
    const char *name, *request, *out, *days, *config_path;
    struct bureau_config config;
    int n_days;
    struct store *store;
    struct pki *pki;
    struct pki_certificate certificate;
};

static int keep(struct reader *reader)
{
    char who[64];
    const int64_t now_utc_ms = command_now_utc_ms();
    command_who(who, sizeof(who));
    if (store_begin(reader->store) < 0)
        return command_store_failed(reader->store, "reader");
    int status = authority_register(reader->store, &reader->certificate, now_utc_ms);
    if (status == EXIT_DONE && (store_audit(reader->store, who, "reader", reader->name, now_utc_ms) < 0 ||
                                store_commit(reader->store) < 0))
        status = command_store_failed(reader->store, "reader");
    if (status != EXIT_DONE)
        store_rollback(reader->store);
    return status;
}

static int carry_out(struct reader *reader)
{
    const struct pki_order order = {.name = reader->name,
                                    .days = reader->n_days,
                                    .now_utc_ms = command_now_utc_ms(),
                                    .request_path = reader->request};
    int status = folder_make(reader->out);
    if (status != EXIT_DONE)
        return status;
    status = folder_certificate(reader->out, reader->pki, &order, &reader->certificate);
    if (status == EXIT_DONE)
        status = folder_authority(reader->out, &reader->config);
    if (status == EXIT_DONE)
        status = keep(reader);
    if (status != EXIT_DONE) {
        folder_remove(reader->out, FILES, sizeof(FILES) / sizeof(FILES[0]));
        return status;
    }
    (void)printf("%s: certificate %s, %d days, in %s\n"
                 "The broker's access list must have:\n"
                 "    user %s\n"
                 "    topic read schoolbus/v1/+/feed/alerts\n"
                 "    topic read schoolbus/v1/+/feed/vehicles\n"
                 "    topic deny schoolbus/v1/+/%s/#\n",
                 reader->name, reader->certificate.info.serial, reader->n_days, reader->out, reader->name,
                 reader->name);
    return EXIT_DONE;
}

static int run_reader(const struct command *self, int argc, char **argv)
{
    struct reader reader = {0};
    const struct command_option options[] = {{"csr", &reader.request, NULL},
                                             {"out", &reader.out, NULL},
                                             {"days", &reader.days, NULL},
                                             {"config", &reader.config_path, NULL}};
    int status;
    if (!command_parse(self, argc, argv, options, sizeof(options) / sizeof(options[0]), &reader.name, 1,
                       &status))
        return status;
    if (!rights_is_reader(reader.name) || strlen(reader.name) >= BW_ID_LEN)
        return command_wrong(self, "a reader is called police.NAME, of a-z, 0-9, _ and -, 47 bytes at most");
    if (reader.out == NULL)
        reader.out = reader.name;
    status = authority_days(self, reader.days, &reader.n_days);
    if (status == EXIT_DONE)
        status = command_config(self, reader.config_path, &reader.config);
    if (status == EXIT_DONE)
        status = authority_open(reader.config_path, &reader.config, &reader.pki);
    if (status == EXIT_DONE)
        status = command_store(&reader.config, &reader.store);
    if (status == EXIT_DONE)
        status = carry_out(&reader);
    pki_close(reader.pki);
    store_close(reader.store);
    return status;
}

const struct command COMMAND_READER = {
    .name = "reader",
    .summary = "a certificate for a reader of the feed topics",
    .run = run_reader,
    .manual =
        "NAME\n"
        "    buswarden-bureau reader - a certificate for a reader of the feed topics\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau reader police.NAME --config FILE [--csr FILE] [--out DIR] [--days N]\n\n"
        "DESCRIPTION\n"
        "    Makes the folder that the reader gets: TLS key and certificate (tls.key, tls.crt), and ca.crt.\n"
        "    With it, and with the lines of the access list that are printed, it may subscribe to the feed\n"
        "    topics (docs/feeds.md) and to nothing else, and publish nothing. The name is its user name and\n"
        "    client id: one connection at a time. \"renew\" and \"revoke\" take the name as well. Written "
        "to\n"
        "    the audit log.\n\n"
        "OPTIONS\n"
        "    --csr FILE       request of the reader, who keeps the key; no tls.key is made then\n"
        "    --out DIR        the folder, which must be new (default: the name); mode 0700\n"
        "    --days N         how long the certificate is valid (default: 825)\n"
        "    --config FILE    the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use, or the folder is there; 3 the store or the folder cannot be used.\n",
};
