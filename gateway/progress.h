/* Progress of long work on a terminal: one line on standard error that rewrites itself, and is gone at the
 * end. Nothing is shown when standard error is no terminal, or the work is short. */
#ifndef BUSWARDEN_PROGRESS_H
#define BUSWARDEN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *label;
    uint64_t total;
    int percent; /* as shown; -1 = nothing yet */
    bool shown;
};

/* `total` units of work; less than `worth_showing` are not shown. */
struct progress progress_begin(const char *label, uint64_t total, uint64_t worth_showing);
void progress_at(struct progress *progress, uint64_t done);
void progress_end(struct progress *progress);

#endif
