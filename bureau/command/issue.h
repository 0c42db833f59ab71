/* Issuing to vehicles: what `licence`, `orders`, `import` and `gtfs` share. Exit codes; each says on stderr
 * why it could not. */
#ifndef BUSWARDEN_BUREAU_ISSUE_H
#define BUSWARDEN_BUREAU_ISSUE_H

#include "bureau/command/command.h"
#include "bureau/issue/issuer.h"

/* The bureau's key. */
int issue_load_secret(const char *path, struct seal_key *ret);
/* The same, as the configuration names it. */
int issue_configured_secret(const char *config_path, const struct bureau_config *config,
                            struct seal_key *ret);

/* issuer_make() and issuer_next(). */
int issue_make(const struct registry *registry, enum issued_kind kind, const char *vehicle, uint64_t version,
               bool with_ended, const struct seal_key *key, struct wire_bytes *ret);
int issue_next(struct store *store, const struct registry *registry, enum issued_kind kind,
               const char *vehicle, const struct seal_key *key, uint64_t *ret_version,
               struct wire_bytes *ret);

/* issuer_changed() for every vehicle. The key is loaded when one is needed. */
int issue_changed(struct store *store, const struct registry *registry, const char *config_path,
                  const struct bureau_config *config, struct issuer_counts *ret);

#endif
