/* Some records of a chain, each by itself and with the ones beside it. Bounded, and so less than
 * verify_store(): a signature, a place and the links to the neighbours cannot show that the whole chain was
 * written anew by somebody who holds the vehicle's key. */
#ifndef BUSWARDEN_VERIFY_EXCERPT_H
#define BUSWARDEN_VERIFY_EXCERPT_H

#include "bureau/verify/verify.h"

enum { EXCERPT_RECORDS_MAX = 8192 };

struct excerpt {
    uint64_t records; /* held, from first_seq to last_seq */
    uint64_t good; /* of these: signed by the key in force for this place, and sealed after the one before */
    uint64_t missing;   /* numbers for which no record stands, nor a gap record */
    bool before, after; /* the record before first_seq, and the one after last_seq, are held and fit (before:
                           also when first_seq begins the chain) */
    enum verify_reason reason; /* of the first that is not good; VERIFY_REASONS = none */
    uint64_t reason_seq;
};

/* 0, or what the store says; -E2BIG: more than EXCERPT_RECORDS_MAX numbers. */
int excerpt_verify(struct store *store, const char *vehicle, const struct store_chain_id *chain,
                   uint64_t first_seq, uint64_t last_seq, struct excerpt *ret);

#endif
