#include "bureau/access/limiter.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Thousandths of a request: at one a second, one a millisecond. */
enum { UNIT = 1000, WAYS = 8, ROWS = LIMITER_CALLERS_MAX / WAYS };

struct bucket {
    uint64_t caller; /* keyed hash; 0 = unused */
    int64_t filled_mono_ms;
    uint64_t level, full; /* units */
};

struct limiter {
    uint8_t key[crypto_shorthash_KEYBYTES]; /* so that nobody can choose who shares a row with whom */
    struct bucket buckets[ROWS][WAYS];
};

int limiter_create(struct limiter **ret)
{
    struct limiter *limiter = calloc(1, sizeof(*limiter));
    if (!limiter)
        return -ENOMEM;
    randombytes_buf(limiter->key, sizeof(limiter->key));
    *ret = limiter;
    return 0;
}

void limiter_destroy(struct limiter *limiter)
{
    free(limiter);
}

/* The caller's bucket, a new full one in place of the fullest when it has none. */
static struct bucket *bucket_of(struct limiter *limiter, uint64_t caller, const struct limiter_rate *rate,
                                int64_t now_mono_ms)
{
    struct bucket *row = limiter->buckets[caller % ROWS], *choice = &row[0];
    for (int i = 0; i < WAYS; i++) {
        if (row[i].caller == caller)
            return &row[i];
        /* What is missing, not what there is: rates differ. */
        if (row[i].full - row[i].level < choice->full - choice->level ||
            (row[i].full - row[i].level == choice->full - choice->level &&
             row[i].filled_mono_ms < choice->filled_mono_ms))
            choice = &row[i];
    }
    const uint64_t full = (uint64_t)rate->burst * UNIT;
    *choice = (struct bucket){.caller = caller, .filled_mono_ms = now_mono_ms, .level = full, .full = full};
    return choice;
}

uint32_t limiter_take(struct limiter *limiter, const void *key, size_t len, const struct limiter_rate *rate,
                      int64_t now_mono_ms)
{
    uint64_t caller;
    uint8_t hash[crypto_shorthash_BYTES];
    (void)crypto_shorthash(hash, key, len, limiter->key);
    memcpy(&caller, hash, sizeof(caller));
    struct bucket *bucket = bucket_of(limiter, caller ? caller : 1, rate, now_mono_ms);
    const int64_t passed_ms = now_mono_ms - bucket->filled_mono_ms;
    if (passed_ms > 0) {
        /* Beyond that time it is full anyway; and nothing can overflow. */
        const uint64_t filling_ms = bucket->full / rate->per_s + 1;
        const uint64_t ms = (uint64_t)passed_ms < filling_ms ? (uint64_t)passed_ms : filling_ms;
        const uint64_t level = bucket->level + ms * rate->per_s;
        bucket->level = level < bucket->full ? level : bucket->full;
        bucket->filled_mono_ms = now_mono_ms;
    }
    if (bucket->level >= UNIT) {
        bucket->level -= UNIT;
        return 0;
    }
    return (uint32_t)((UNIT - bucket->level + rate->per_s - 1) / rate->per_s);
}
