#include "bureau/registry/nearmiss.h"

#include "bureau/registry/plate.h"

#include <stdlib.h>
#include <string.h>

struct nearmiss {
    const struct registry *registry;
    uint64_t keys[]; /* of each vehicle's plate */
};

struct nearmiss *nearmiss_create(const struct registry *registry)
{
    struct nearmiss *nearmiss = malloc(sizeof(*nearmiss) + registry->n_vehicles * sizeof(nearmiss->keys[0]));
    if (nearmiss == NULL)
        return NULL;
    nearmiss->registry = registry;
    for (size_t i = 0; i < registry->n_vehicles; i++)
        nearmiss->keys[i] = plate_key(registry->vehicles[i].plate);
    return nearmiss;
}

void nearmiss_destroy(struct nearmiss *nearmiss)
{
    free(nearmiss);
}

static bool comes_before(const struct nearmiss_plate *a, const struct nearmiss_plate *b)
{
    if (a->confusable != b->confusable)
        return a->confusable;
    return strcmp(a->plate, b->plate) < 0;
}

/* Into its place of the sorted list; what no longer fits falls off its end. */
static size_t insert(struct nearmiss_plate list[NEARMISS_MAX], size_t n, const struct nearmiss_plate *found)
{
    size_t at = n;
    while (at > 0 && comes_before(found, &list[at - 1]))
        at--;
    if (at == NEARMISS_MAX)
        return n;
    const size_t moved = (n < NEARMISS_MAX ? n : NEARMISS_MAX - 1) - at;
    memmove(&list[at + 1], &list[at], moved * sizeof(list[0]));
    list[at] = *found;
    return n < NEARMISS_MAX ? n + 1 : n;
}

/* All ones where a character was read. */
static uint64_t read_mask(uint64_t key)
{
    uint64_t mask = 0;
    for (unsigned bit = 0; bit < 64; bit += 8)
        if ((key >> bit & 0xff) != PLATE_UNREAD)
            mask |= UINT64_C(0xff) << bit;
    return mask;
}

/* Nothing at all, or not more than one character: the one that the lowest bit is in. */
static bool at_most_one(uint64_t differing)
{
    const uint64_t lowest = differing & -differing;
    for (uint64_t character = 0xff; character != 0; character <<= 8)
        if (lowest & character)
            return (differing & ~character) == 0;
    return true;
}

size_t nearmiss_find(const struct nearmiss *nearmiss, const char *plate,
                     struct nearmiss_plate ret[NEARMISS_MAX])
{
    const struct registry *registry = nearmiss->registry;
    const uint64_t key = plate_key(plate), mask = read_mask(key);
    const unsigned wanted = plate_is_partial(plate) ? 0 : 1;
    size_t n = 0;
    for (size_t i = 0; i < registry->n_vehicles; i++) {
        const uint64_t other = nearmiss->keys[i];
        if (!at_most_one((key ^ other) & mask))
            continue;
        const struct plate_difference difference = plate_compare(key, other);
        if (difference.n != wanted)
            continue;
        const struct nearmiss_plate found = {registry->vehicles[i].plate, difference.position,
                                             difference.confusable};
        n = insert(ret, n, &found);
    }
    return n;
}
