/* Issuing to vehicles: a signed licence and signed orders, each under a version that only goes up, kept in
 * the store; whoever runs `ingest` sends what is new within a second.
 *
 * All of it within the caller's transaction, so that two that issue at once get two versions. 0 or a negative
 * errno; -ENOKEY: something is to be signed, and there is no key; -ENOENT: no such vehicle in the registry;
 * -E2BIG: over a limit of model.h; else the store's, whose words store_error() has. */
#ifndef BUSWARDEN_ISSUER_H
#define BUSWARDEN_ISSUER_H

#include "bureau/registry/diff.h"
#include "bureau/store/store.h"

struct issuer {
    struct store *store;
    const struct registry *registry; /* from which licences and orders follow */
    const struct seal_key *key;      /* the bureau's; NULL = none */
    const char *who;                 /* for the audit */
    int64_t now_utc_ms;
};

/* The sealed message, of any version; unsigned when key is NULL. with_ended: orders that have ended too, as
 * recordings of that time need them. */
int issuer_make(const struct registry *registry, enum issued_kind kind, const char *vehicle, uint64_t version,
                int64_t now_utc_ms, bool with_ended, const struct seal_key *key, struct wire_bytes *ret);

/* Makes it and keeps it under the next version: above every earlier one, and at least the seconds since 1970.
 * Unsigned without a key. */
int issuer_next(const struct issuer *issuer, enum issued_kind kind, const char *vehicle,
                uint64_t *ret_version, struct wire_bytes *ret);

struct issuer_counts {
    size_t vehicles[ISSUED_KINDS];
};
/* Orders for every vehicle whose orders are no longer those issued to it last; a licence for every vehicle
 * that was issued one before, or that has a key enrolled, and whose licence is no longer that one. `diff`:
 * only vehicles that it can concern are looked at; NULL = all, and a first licence is for `licence` to issue.
 * ret_failed (NULL = nobody asks): the vehicle at which it failed, else "". */
int issuer_changed(const struct issuer *issuer, const struct registry_diff *diff, struct issuer_counts *ret,
                   char ret_failed[BW_ID_LEN]);

#endif
