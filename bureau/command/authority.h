/* The bureau's certificate authority at work: what `ca`, `enrol`, `renew` and `revoke` share. Exit codes;
 * each says on stderr why it could not. */
#ifndef BUSWARDEN_BUREAU_AUTHORITY_H
#define BUSWARDEN_BUREAU_AUTHORITY_H

#include "bureau/command/command.h"
#include "bureau/pki/pki.h"

/* Certificates of the bureau's own: a vehicle of such an id would be taken for them by the broker. */
extern const char AUTHORITY_BUREAU[], AUTHORITY_SERVER[];
bool authority_is_own(const char *name);

/* [pki] dir must be configured. */
int authority_open(const char *config_path, const struct bureau_config *config, struct pki **ret);
/* "dir/NAME.SUFFIX". */
int authority_path(const struct bureau_config *config, const char *name, char *ret, size_t size);
/* Text of --days; NULL = the usual. */
int authority_days(const struct command *self, const char *text, int *ret);

int authority_issue(struct pki *pki, const struct pki_order *order, struct pki_certificate *ret);
/* Keeps it in the store. Within the caller's transaction. */
int authority_register(struct store *store, const struct pki_certificate *certificate, int64_t now_utc_ms);
/* crl.pem from what the store holds as revoked. */
int authority_write_crl(struct pki *pki, struct store *store);

#endif
