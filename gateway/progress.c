#include "gateway/progress.h"

#include <stdio.h>
#include <unistd.h>

struct progress progress_begin(const char *label, uint64_t total, uint64_t worth_showing)
{
    return (struct progress){.label = label,
                             .total = total,
                             .percent = -1,
                             .shown = total >= worth_showing && total > 0 && isatty(STDERR_FILENO) == 1};
}

void progress_at(struct progress *progress, uint64_t done)
{
    enum { WIDTH = 40 };
    static const char bar[] = "########################################";
    if (!progress->shown)
        return;
    const int percent = done >= progress->total ? 100 : (int)(done * 100 / progress->total);
    if (percent == progress->percent)
        return;
    progress->percent = percent;
    (void)fprintf(stderr, "\r%-10s [%-*.*s] %3d %%", progress->label, WIDTH, percent * WIDTH / 100, bar,
                  percent);
}

void progress_end(struct progress *progress)
{
    if (progress->shown && progress->percent >= 0)
        (void)fputs("\r\033[K", stderr);
    progress->shown = false;
}
