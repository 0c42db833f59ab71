/* How many requests a second one caller may make: token buckets, one a caller, in a table of fixed size. Time
 * comes in. Where more callers are about than the table holds, the fullest bucket of a row makes room: what
 * is forgotten with it is the least. */
#ifndef BUSWARDEN_LIMITER_H
#define BUSWARDEN_LIMITER_H

#include <stddef.h>
#include <stdint.h>

enum { LIMITER_CALLERS_MAX = 8192 };

struct limiter;
struct limiter_rate {
    uint32_t per_s; /* 1.. */
    uint32_t burst; /* that many at once, 1.. */
};

int limiter_create(struct limiter **ret); /* -ENOMEM */
void limiter_destroy(struct limiter *limiter);
/* Takes one from the caller's bucket: 0, or after how many ms there is one again. A key is always used with
 * the same rate. */
uint32_t limiter_take(struct limiter *limiter, const void *key, size_t len, const struct limiter_rate *rate,
                      int64_t now_mono_ms);

#endif
