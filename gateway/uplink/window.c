#include "gateway/uplink/window.h"

#include <assert.h>

enum {
    REPEAT_SHIFT_MAX = 2, /* the wait for a receipt grows to 4 times */
    BACKOFF_SHIFT_MAX = 20,
    MILLI = 1000,
};

struct window window_make(uint32_t in_flight_max, uint32_t timeout_ms)
{
    assert(in_flight_max > 0);
    return (struct window){
        .in_flight_max = in_flight_max, .timeout_ms = timeout_ms, .oldest_seq = 1, .next_seq = 1};
}

static bool in_flight(const struct window *window)
{
    return window->next_seq > window->oldest_seq;
}

void window_rewind(struct window *window, uint64_t oldest_seq, int64_t now_ms)
{
    window->oldest_seq = oldest_seq;
    window->next_seq = oldest_seq;
    window->progress_ms = now_ms;
    window->repeats = 0;
}

bool window_may_send(const struct window *window)
{
    return window->next_seq - window->oldest_seq < window->in_flight_max;
}

void window_sent(struct window *window, uint64_t seq, int64_t now_ms)
{
    assert(seq >= window->next_seq);
    if (!in_flight(window)) {
        window->oldest_seq = seq; /* what lay before it was evicted */
        window->progress_ms = now_ms;
    }
    window->next_seq = seq + 1;
}

void window_receipt(struct window *window, uint64_t upto_seq, int64_t now_ms)
{
    if (upto_seq < window->oldest_seq)
        return;
    window->oldest_seq = upto_seq + 1;
    if (window->next_seq < window->oldest_seq)
        window->next_seq = window->oldest_seq; /* committed from an earlier sending */
    window->progress_ms = now_ms;
    window->repeats = 0;
}

bool window_expire(struct window *window, int64_t now_ms)
{
    const uint32_t shift = window->repeats < REPEAT_SHIFT_MAX ? window->repeats : REPEAT_SHIFT_MAX;
    if (!in_flight(window) || now_ms - window->progress_ms < (int64_t)window->timeout_ms << shift)
        return false;
    window->next_seq = window->oldest_seq;
    window->repeats++;
    return true;
}

static int64_t bucket_level(const struct bucket *bucket, int64_t now_ms)
{
    const int64_t full = (int64_t)bucket->per_s * MILLI;
    const int64_t elapsed_ms = now_ms - bucket->at_ms;
    if (elapsed_ms >= MILLI) /* a second fills it: no product to overflow after a long pause */
        return full;
    const int64_t level = bucket->level_milli + elapsed_ms * bucket->per_s;
    return level < full ? level : full;
}

struct bucket bucket_make(uint32_t per_s, int64_t now_ms)
{
    assert(per_s > 0);
    return (struct bucket){.per_s = per_s, .level_milli = (int64_t)per_s * MILLI, .at_ms = now_ms};
}

bool bucket_take(struct bucket *bucket, int64_t now_ms)
{
    const int64_t level = bucket_level(bucket, now_ms);
    if (level < MILLI)
        return false;
    bucket->level_milli = level - MILLI;
    bucket->at_ms = now_ms;
    return true;
}

int64_t bucket_wait_ms(const struct bucket *bucket, int64_t now_ms)
{
    const int64_t missing = MILLI - bucket_level(bucket, now_ms);
    return missing <= 0 ? 0 : (missing + bucket->per_s - 1) / bucket->per_s;
}

uint32_t backoff_next_ms(struct backoff *backoff, int64_t session_ms, uint32_t random)
{
    if (session_ms >= BACKOFF_STABLE_MS)
        backoff->failures = 0;
    const uint64_t grown_ms = (uint64_t)backoff->base_ms << backoff->failures;
    const uint64_t ceiling_ms = grown_ms < backoff->max_ms ? grown_ms : backoff->max_ms;
    if (backoff->failures < BACKOFF_SHIFT_MAX)
        backoff->failures++;
    return (uint32_t)((ceiling_ms + 1) * random >> 32); /* evenly 0 .. ceiling */
}
