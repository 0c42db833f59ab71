/* Plates of the registry that somebody may have meant who typed one that is not in it. */
#ifndef BUSWARDEN_NEARMISS_H
#define BUSWARDEN_NEARMISS_H

#include "bureau/registry/registry.h"

struct nearmiss; /* the registered plates, made for searching: 8 bytes a plate */

enum { NEARMISS_MAX = 8 };
struct nearmiss_plate {
    const char *plate; /* of the registry */
    unsigned position; /* of the one character that differs, the first is 1; 0 = fits a partial plate */
    bool confusable;   /* the two are often taken for each other */
};

/* `registry` is borrowed. NULL when out of memory. */
struct nearmiss *nearmiss_create(const struct registry *registry);
void nearmiss_destroy(struct nearmiss *nearmiss); /* NULL is fine */

/* Every registered plate that differs from `plate` (normalised) in exactly one character; of a partial one,
 * every plate that it may be. Those that are easily misread come first, then by plate; at most NEARMISS_MAX.
 * How many there are. */
size_t nearmiss_find(const struct nearmiss *nearmiss, const char *plate,
                     struct nearmiss_plate ret[NEARMISS_MAX]);

#endif
