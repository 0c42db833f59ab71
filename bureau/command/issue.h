/* Issuing to vehicles: what `licence`, `orders` and `import` share. Exit codes; each says on stderr why it
 * could not. */
#ifndef BUSWARDEN_BUREAU_ISSUE_H
#define BUSWARDEN_BUREAU_ISSUE_H

#include "bureau/command/command.h"

/* The bureau's key. */
int issue_load_secret(const char *path, struct seal_key *ret);
/* The same, as the configuration names it. */
int issue_configured_secret(const char *config_path, const struct bureau_config *config,
                            struct seal_key *ret);

/* The sealed message; unsigned when key is NULL. with_ended: orders that have ended too, as recordings of
 * that time need them. */
int issue_make(const struct registry *registry, enum issued_kind kind, const char *vehicle, uint64_t version,
               bool with_ended, const struct seal_key *key, struct wire_bytes *ret);

/* Makes it and keeps it under the next version: above every earlier one, and at least the seconds since 1970.
 * Within the caller's transaction, so that two that issue at once get two versions. */
int issue_next(struct store *store, const struct registry *registry, enum issued_kind kind,
               const char *vehicle, const struct seal_key *key, uint64_t *ret_version,
               struct wire_bytes *ret);

/* Issues orders to every vehicle whose orders are no longer those issued to it last. Within the caller's
 * transaction. The key is loaded when one is needed. */
int issue_changed_orders(struct store *store, const struct registry *registry, const char *config_path,
                         const struct bureau_config *config, size_t *ret_vehicles);

#endif
