#include "bureau/api/shares.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct holder {
    uint64_t caller; /* keyed hash */
    unsigned n;      /* 0 = a free place */
};

struct shares {
    uint8_t key[crypto_shorthash_KEYBYTES]; /* so that nobody can choose whose share is his */
    size_t n_holders;                       /* places that have been used */
    struct holder holders[SHARES_MAX];
};

int shares_create(struct shares **ret)
{
    struct shares *shares = calloc(1, sizeof(*shares));
    if (!shares)
        return -ENOMEM;
    randombytes_buf(shares->key, sizeof(shares->key));
    *ret = shares;
    return 0;
}

void shares_destroy(struct shares *shares)
{
    free(shares);
}

static uint64_t hash_of(const struct shares *shares, enum share_kind kind, const char *caller)
{
    uint8_t text[1 + 64] = {(uint8_t)kind}, hash[crypto_shorthash_BYTES];
    const size_t len = strnlen(caller, sizeof(text) - 1);
    uint64_t number;
    memcpy(text + 1, caller, len);
    (void)crypto_shorthash(hash, text, 1 + len, shares->key);
    memcpy(&number, hash, sizeof(number));
    return number;
}

/* The caller's place, else a free one, else n_holders. */
static size_t place_of(const struct shares *shares, uint64_t caller)
{
    size_t free_place = shares->n_holders;
    for (size_t i = 0; i < shares->n_holders; i++) {
        if (shares->holders[i].n > 0 && shares->holders[i].caller == caller)
            return i;
        if (shares->holders[i].n == 0)
            free_place = i;
    }
    return free_place;
}

bool shares_has_room(const struct shares *shares, enum share_kind kind, const char *caller, unsigned most)
{
    const size_t place = place_of(shares, hash_of(shares, kind, caller));
    return place < SHARES_MAX && (place == shares->n_holders || shares->holders[place].n < most);
}

bool shares_take(struct shares *shares, enum share_kind kind, const char *caller, unsigned most,
                 share_ticket *ret)
{
    const uint64_t hash = hash_of(shares, kind, caller);
    const size_t place = place_of(shares, hash);
    if (place == SHARES_MAX)
        return false;
    struct holder *holder = &shares->holders[place];
    if (place == shares->n_holders) {
        holder->n = 0;
        shares->n_holders++;
    }
    if (holder->n >= most)
        return false;
    holder->caller = hash;
    holder->n++;
    *ret = place + 1;
    return true;
}

void shares_give_back(struct shares *shares, share_ticket *ticket)
{
    if (*ticket == 0)
        return;
    shares->holders[*ticket - 1].n--;
    *ticket = 0;
    while (shares->n_holders > 0 && shares->holders[shares->n_holders - 1].n == 0)
        shares->n_holders--;
}
