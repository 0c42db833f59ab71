/* How many of what there is a limited number of each caller has: connections, requests, uploads. Of one
 * thread. */
#ifndef BUSWARDEN_SHARES_H
#define BUSWARDEN_SHARES_H

#include <stdbool.h>
#include <stddef.h>

enum { SHARES_MAX = 2048 /* callers of all kinds that hold anything */ };

enum share_kind {
    SHARE_CONNECTIONS,     /* of an address that is connected to us */
    SHARE_REQUESTS,        /* under way, of an address, also of one behind our proxy */
    SHARE_ACCOUNT,         /* under way, of an account */
    SHARE_UPLOADS,         /* of an address */
    SHARE_ACCOUNT_UPLOADS, /* of an account */
};
/* What was taken, to be given back; 0 = nothing. */
typedef size_t share_ticket;

struct shares;
int shares_create(struct shares **ret);     /* -ENOMEM */
void shares_destroy(struct shares *shares); /* NULL is fine */

bool shares_has_room(const struct shares *shares, enum share_kind kind, const char *caller, unsigned most);
/* One more of `most`. False: the caller has as many, or SHARES_MAX callers are about; nothing is taken. */
bool shares_take(struct shares *shares, enum share_kind kind, const char *caller, unsigned most,
                 share_ticket *ret);
void shares_give_back(struct shares *shares, share_ticket *ticket); /* which is 0 then */

#endif
