#include "bureau/gtfs/ids.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct ids *ids, const char *text)
{
    unsigned char hash[crypto_shorthash_BYTES];
    size_t at;
    (void)crypto_shorthash(hash, (const unsigned char *)text, strlen(text), ids->key);
    memcpy(&at, hash, sizeof(at));
    at &= ids->n_slots - 1;
    while (ids->slots[at] != 0 && strcmp(ids->texts[ids->slots[at] - 1], text) != 0)
        at = (at + 1) & (ids->n_slots - 1);
    return at;
}

int32_t ids_find(const struct ids *ids, const char *text)
{
    return ids->n == 0 ? IDS_NONE : ids->slots[slot_of(ids, text)] - 1;
}

static int grow(struct ids *ids)
{
    _Static_assert(sizeof(ids->key) == crypto_shorthash_KEYBYTES && sizeof(size_t) == crypto_shorthash_BYTES,
                   "as libsodium has them");
    const size_t capacity = ids->capacity ? 2 * ids->capacity : 64, n_slots = 2 * capacity;
    char **texts = realloc(ids->texts, capacity * sizeof(*texts));
    if (texts == NULL)
        return -ENOMEM;
    ids->texts = texts;
    int32_t *slots = calloc(n_slots, sizeof(*slots));
    if (slots == NULL)
        return -ENOMEM;
    if (ids->capacity == 0)
        randombytes_buf(ids->key, sizeof(ids->key));
    free(ids->slots);
    ids->slots = slots;
    ids->n_slots = n_slots;
    ids->capacity = capacity;
    for (size_t i = 0; i < ids->n; i++)
        ids->slots[slot_of(ids, ids->texts[i])] = (int32_t)i + 1;
    return 0;
}

int ids_add(struct ids *ids, const char *text, int32_t *ret)
{
    if (ids->n == ids->capacity && grow(ids) < 0)
        return -ENOMEM;
    const size_t slot = slot_of(ids, text);
    if (ids->slots[slot] != 0) {
        *ret = ids->slots[slot] - 1;
        return 0;
    }
    char *copy = strdup(text);
    if (copy == NULL)
        return -ENOMEM;
    *ret = (int32_t)ids->n;
    ids->texts[ids->n++] = copy;
    ids->slots[slot] = *ret + 1;
    return 1;
}

void ids_free(struct ids *ids)
{
    for (size_t i = 0; i < ids->n; i++)
        free(ids->texts[i]);
    free(ids->texts);
    free(ids->slots);
    *ids = (struct ids){0};
}
