/* Argon2id takes a tenth of a second and 64 MiB: one thread does one after the other, so that the server's
 * thread goes on with everybody else and memory is bounded. The connections are suspended until then. */
#ifndef BUSWARDEN_HASHER_H
#define BUSWARDEN_HASHER_H

#include "bureau/access/password.h"
#include "bureau/worker/worker.h"

#include <microhttpd.h>

enum { HASHES_MAX = 32 /* that wait; they are done in some three seconds */ };

enum hash_state { HASH_NONE, HASH_WAITS, HASH_DONE };

/* What is to be done, and what came of it. Zeroed at first, and as long-lived as its request. */
struct hash_job {
    struct worker_job queued;
    enum hash_state state;
    char password[PASSWORD_LEN]; /* to be held against `hash`; "" = nothing to check */
    bool has_hash;               /* false: against nobody's */
    char hash[PASSWORD_HASH_LEN];
    char new_password[PASSWORD_LEN]; /* to be hashed, unless the check failed; "" = none */
    bool undone;                     /* the bureau stopped first: nothing was checked or made */
    bool matches;                    /* the check */
    bool made;                       /* new_hash is set: of new_password, or of `password` at today's cost */
    char new_hash[PASSWORD_HASH_LEN];
    struct MHD_Connection *connection;
};

struct hasher;

int hasher_create(struct hasher **ret); /* -ENOMEM */
int hasher_start(struct hasher *hasher);
/* What waits is let go undone. Must come before MHD_stop_daemon(), which does not
 * take suspended connections. */
void hasher_stop(struct hasher *hasher);
void hasher_destroy(struct hasher *hasher); /* NULL is fine */

/* On the server's thread: suspends the connection until `job` is HASH_DONE. -EBUSY: HASHES_MAX wait already;
 * -ESHUTDOWN: stopped. Nothing is suspended then. */
int hasher_do(struct hasher *hasher, struct MHD_Connection *connection, struct hash_job *job);

/* Wipes it, and what else it holds. NULL is fine. */
void hash_job_free(struct hash_job *job);

#endif
