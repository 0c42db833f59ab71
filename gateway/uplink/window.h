/* When the uplink may send what, and when it may connect: pure, time is an argument (monotonic ms).
 *
 * A window is one class's sending state. Records go out in seq order; at most in_flight_max of them wait for
 * a receipt; without progress for a while all of them are sent again (go-back-N: the bureau drops repeats).
 */
#ifndef BUSWARDEN_WINDOW_H
#define BUSWARDEN_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct window {
    uint32_t in_flight_max;
    uint32_t timeout_ms;
    uint64_t oldest_seq; /* first without a receipt */
    uint64_t next_seq;   /* next to be sent; oldest_seq when nothing is in flight */
    int64_t progress_ms; /* last receipt that covered something, or first record into an empty window */
    uint32_t repeats;    /* timeouts since the last progress */
};

struct window window_make(uint32_t in_flight_max, uint32_t timeout_ms);
/* A new connection: all that has no receipt, from oldest_seq on, is to be sent. */
void window_rewind(struct window *window, uint64_t oldest_seq, int64_t now_ms);
bool window_may_send(const struct window *window);
/* Record seq (>= next_seq; more than that after an eviction) was sent. */
void window_sent(struct window *window, uint64_t seq, int64_t now_ms);
/* A receipt covers everything up to and including upto_seq. */
void window_receipt(struct window *window, uint64_t upto_seq, int64_t now_ms);
/* True when the receipt is overdue: the window has gone back to oldest_seq. The wait doubles with every
 * repeat without progress, to 4 times timeout_ms, so that a bureau that is down is not flooded. */
bool window_expire(struct window *window, int64_t now_ms);

/* Token bucket: per_s records a second, bursts of one second's worth. */
struct bucket {
    uint32_t per_s;
    int64_t level_milli; /* thousandths of a record */
    int64_t at_ms;
};
struct bucket bucket_make(uint32_t per_s, int64_t now_ms);
/* Take one if it is there. */
bool bucket_take(struct bucket *bucket, int64_t now_ms);
/* Until one will be there; 0 = now. */
int64_t bucket_wait_ms(const struct bucket *bucket, int64_t now_ms);

/* Reconnecting: full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015). */
enum { BACKOFF_STABLE_MS = 120000 };
struct backoff {
    uint32_t base_ms;
    uint32_t max_ms;
    uint32_t failures; /* sessions in a row that were not stable */
};
/* How long to wait after a session of session_ms (0 = it never came up): 0 .. min(max_ms, base * 2^failures),
 * by `random` evenly from 0 .. UINT32_MAX. Only a session of BACKOFF_STABLE_MS brings the ceiling back to the
 * base. */
uint32_t backoff_next_ms(struct backoff *backoff, int64_t session_ms, uint32_t random);

#endif
