/* Which messages of an outlet wait for the broker: each has a mark, and the id by which the broker
 * acknowledges it, in whatever order. Pure. */
#ifndef BUSWARDEN_INGEST_MARKS_H
#define BUSWARDEN_INGEST_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bureau/ingest/answer.h"

enum { MARKS_MAX = ANSWER_IN_FLIGHT_MAX };

/* All zero = none. */
struct marks {
    size_t first, n; /* a ring */
    struct {
        int64_t mark;
        int id;
        bool acknowledged; /* and one before it is not */
    } waiting[MARKS_MAX];
};

/* As long as the broker owes the first one, also when it has all others. */
bool marks_are_full(const struct marks *marks);
/* In the order of publishing; not when they are full. */
void marks_add(struct marks *marks, int id, int64_t mark);
/* An id that none of them has is somebody else's message. */
void marks_acknowledge(struct marks *marks, int id);
/* Takes out all that are acknowledged with all before them; the last one's mark, 0 = there was none. */
int64_t marks_take(struct marks *marks);
void marks_forget(struct marks *marks);

#endif
