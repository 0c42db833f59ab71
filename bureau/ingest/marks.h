/* Which messages of an outlet wait for the broker: each has a mark, and a place in the order in which all was
 * published. Pure. */
#ifndef BUSWARDEN_INGEST_MARKS_H
#define BUSWARDEN_INGEST_MARKS_H

#include <stddef.h>
#include <stdint.h>

#include "bureau/ingest/answer.h"

enum { MARKS_MAX = ANSWER_IN_FLIGHT_MAX }; /* no more are under way */

/* All zero = none. */
struct marks {
    size_t first, n; /* a ring */
    struct {
        uint64_t place;
        int64_t mark;
    } waiting[MARKS_MAX];
};

/* Places only grow. The caller sees to it that there is room. */
void marks_add(struct marks *marks, uint64_t place, int64_t mark);
/* Takes out all up to this place; the last one's mark, 0 = there was none. */
int64_t marks_take(struct marks *marks, uint64_t place);
void marks_forget(struct marks *marks);

#endif
