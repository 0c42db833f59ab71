#include "bureau/ingest/marks.h"

#include <assert.h>

void marks_add(struct marks *marks, uint64_t place, int64_t mark)
{
    assert(marks->n < MARKS_MAX);
    const size_t at = (marks->first + marks->n++) % MARKS_MAX;
    marks->waiting[at].place = place;
    marks->waiting[at].mark = mark;
}

int64_t marks_take(struct marks *marks, uint64_t place)
{
    int64_t mark = 0;
    while (marks->n > 0 && marks->waiting[marks->first].place <= place) {
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
