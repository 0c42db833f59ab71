#include "bureau/ingest/marks.h"

#include <assert.h>

bool marks_are_full(const struct marks *marks)
{
    return marks->n == MARKS_MAX;
}

void marks_add(struct marks *marks, int id, int64_t mark)
{
    assert(marks->n < MARKS_MAX);
    const size_t at = (marks->first + marks->n++) % MARKS_MAX;
    marks->waiting[at].mark = mark;
    marks->waiting[at].id = id;
    marks->waiting[at].acknowledged = false;
}

/* An id comes again after 65,535 messages: of two, the one that waits is meant, and the first. */
void marks_acknowledge(struct marks *marks, int id)
{
    for (size_t i = 0; i < marks->n; i++) {
        const size_t at = (marks->first + i) % MARKS_MAX;
        if (marks->waiting[at].id != id || marks->waiting[at].acknowledged)
            continue;
        marks->waiting[at].acknowledged = true;
        return;
    }
}

int64_t marks_take(struct marks *marks)
{
    int64_t mark = 0;
    while (marks->n > 0 && marks->waiting[marks->first].acknowledged) {
        mark = marks->waiting[marks->first].mark;
        marks->first = (marks->first + 1) % MARKS_MAX;
        marks->n--;
    }
    return mark;
}

void marks_forget(struct marks *marks)
{
    marks->n = 0;
}
