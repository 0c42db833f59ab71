/* Checks signatures on threads of its own while the ingest thread takes in messages and commits: an Ed25519
 * signature costs more than all the rest of a record. What is checked is a guess, made before the transaction
 * in which it is known whose key signs there; judge_checked() says whether it was the right one. */
#ifndef BUSWARDEN_INGEST_VERIFIER_H
#define BUSWARDEN_INGEST_VERIFIER_H

#include "bureau/ingest/judge.h"

enum { VERIFIER_THREADS_MAX = 8, VERIFIER_QUEUE_MAX = 4096 };

struct verifier;

/* One record against one key. Stays where it is, and unchanged, until verifier_wait(). */
struct verifier_job {
    const struct topic *topic;
    const struct wire_record *record;
    const uint8_t *key; /* copied */
    struct judge_checked *ret;
};

/* One thread less than processors, and one at least. */
int verifier_create(struct verifier **ret);
void verifier_free(struct verifier *verifier); /* accepts NULL; after verifier_wait() */
/* When the queue is full it is checked at once. */
void verifier_give(struct verifier *verifier, const struct verifier_job *job);
/* Until all that was given is checked; the caller helps. */
void verifier_wait(struct verifier *verifier);

#endif
