#include "bureau/command/authority.h"

#include "bureau/registry/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char AUTHORITY_BUREAU[] = "bureau", AUTHORITY_SERVER[] = "server";

bool authority_is_own(const char *name)
{
    return strcmp(name, AUTHORITY_BUREAU) == 0 || strcmp(name, AUTHORITY_SERVER) == 0;
}

static int said(int error, const char *reason)
{
    (void)fprintf(stderr, "buswarden-bureau: %s\n", reason);
    const bool cannot =
        error == -ENOMEM || error == -EIO || error == -ENOSPC || error == -EROFS || error == -ENOKEY;
    return cannot ? EXIT_CANNOT : EXIT_USAGE;
}

int authority_open(const char *config_path, const struct bureau_config *config, struct pki **ret)
{
    char reason[PKI_REASON_MAX];
    if (config->pki_dir[0] == '\0') {
        (void)fprintf(stderr, "buswarden-bureau: %s: [pki] dir: missing\n", config_path);
        return EXIT_USAGE;
    }
    const int error = pki_open(config->pki_dir, ret, reason);
    if (error == -ENOENT)
        (void)fprintf(stderr,
                      "buswarden-bureau: no certificate authority yet: \"buswarden-bureau ca\" makes one\n");
    return error == 0 ? EXIT_DONE : said(error, reason);
}

int authority_path(const struct bureau_config *config, const char *name, char *ret, size_t size)
{
    if ((size_t)snprintf(ret, size, "%s/%s", config->pki_dir, name) < size)
        return EXIT_DONE;
    return said(-ENAMETOOLONG, "[pki] dir: too long");
}

int authority_days(const struct command *self, const char *text, int *ret)
{
    char *end = NULL;
    const long days = text != NULL ? strtol(text, &end, 10) : PKI_DAYS;
    if (text != NULL && (*end != '\0' || days < 1 || days > PKI_CA_DAYS))
        return command_wrong(self, "--days takes a number from 1 to 3650");
    *ret = (int)days;
    return EXIT_DONE;
}

int authority_issue(struct pki *pki, const struct pki_order *order, struct pki_certificate *ret)
{
    char reason[PKI_REASON_MAX];
    const int error = pki_issue(pki, order, ret, reason);
    return error == 0 ? EXIT_DONE : said(error, reason);
}

int authority_register(struct store *store, const struct pki_certificate *certificate, int64_t now_utc_ms)
{
    const struct store_certificate row = {.serial = certificate->info.serial,
                                          .name = certificate->info.name,
                                          .der = certificate->der,
                                          .der_len = certificate->der_len,
                                          .not_after_utc_ms = certificate->info.not_after_utc_ms,
                                          .issued_utc_ms = now_utc_ms};
    return store_certificate_add(store, &row) == 0 ? EXIT_DONE : command_store_failed(store, "certificate");
}

struct revoked_list {
    struct pki_revoked *rows;
    size_t n;
};

static int add_revoked(void *context, const struct store_certificate *row)
{
    struct revoked_list *list = context;
    if (row->revoked_utc_ms == 0)
        return 0;
    struct pki_revoked *rows = rows_room(list->rows, list->n, 1, sizeof(*rows));
    if (rows == NULL)
        return -ENOMEM;
    list->rows = rows;
    rows[list->n].revoked_utc_ms = row->revoked_utc_ms;
    (void)snprintf(rows[list->n].serial, sizeof(rows->serial), "%s", row->serial);
    list->n++;
    return 0;
}

int authority_write_crl(struct pki *pki, struct store *store)
{
    char reason[PKI_REASON_MAX];
    struct revoked_list list = {0};
    int status = EXIT_DONE;
    if (store_certificates(store, NULL, add_revoked, &list) != 0)
        status = command_store_failed(store, "certificates");
    else if (pki_write_crl(pki, list.rows, list.n, command_now_utc_ms(), reason) != 0) {
        (void)said(-EIO, reason);
        status = EXIT_CANNOT;
    }
    free(list.rows);
    return status;
}
