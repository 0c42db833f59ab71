/* What the server has answered, counted by route and status, with how long it took. On the server's thread.
 * No entry a client: what it asks for does not grow. */
#ifndef BUSWARDEN_API_METRICS_H
#define BUSWARDEN_API_METRICS_H

#include <stdint.h>
#include <stdio.h>

enum { METRICS_ROUTES_MAX = 128, METRICS_CODES_MAX = 16, METRICS_BUCKETS = 11 };

struct metrics_route {
    const char *method, *pattern; /* NULL = nothing was asked */
    struct {
        unsigned code; /* 0 = none */
        uint64_t n;
    } codes[METRICS_CODES_MAX];         /* of more than fit, the last one's is 0 */
    uint64_t took[METRICS_BUCKETS + 1]; /* by bucket, the last one for what is beyond */
    uint64_t took_us;
};

struct metrics {
    struct metrics_route routes[METRICS_ROUTES_MAX];
};

/* An answer went out. pattern: of the route, "" for paths that are none; took_us below 0: a stream, which
 * ends when it ends. */
void metrics_count(struct metrics *metrics, const char *method, const char *pattern, unsigned code,
                   int64_t took_us);
void metrics_write(FILE *out, const struct metrics *metrics);

#endif
