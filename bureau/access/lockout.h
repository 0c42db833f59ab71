/* How long a log-in has to wait after failures. Nobody is locked out for ever, and no stranger locks out
 * staff: a browser that an account has logged in from before is counted by itself (OWASP's device cookie),
 * not with the failures that others made in its account's name or behind its address. Pure. */
#ifndef BUSWARDEN_LOCKOUT_H
#define BUSWARDEN_LOCKOUT_H

#include <stdint.h>

/* Whose failures are counted; the numbers stand in the store. */
enum lockout_kind {
    LOCKOUT_ACCOUNT = 1, /* the name that was typed, whether there is one or not */
    LOCKOUT_ADDRESS = 2, /* many people may share one */
    LOCKOUT_DEVICE = 3,
};
enum {
    LOCKOUT_FIRST_MS = 30 * 1000, /* doubled with each further failure, up to: */
    LOCKOUT_LAST_MS = 15 * 60 * 1000,
    LOCKOUT_FORGET_MS = 24 * 60 * 60 * 1000, /* after this long without another */
};

/* Failures that cost nothing: 4 of an account or a browser, 19 of an address. */
uint32_t lockout_free(enum lockout_kind kind);
/* When the next attempt is heard after so many failures, the last of them then; 0 = at once. */
int64_t lockout_until_utc_ms(enum lockout_kind kind, uint32_t failures, int64_t last_utc_ms);

#endif
