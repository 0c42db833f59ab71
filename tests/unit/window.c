/* The uplink's window, rate limit and backoff, all on a clock that the test turns. */
#include <criterion/criterion.h>
#include <time.h>

#include "gateway/uplink/window.h"

/* One line of a table: what happens, and how the window stands after it. */
enum what { SEND, RECEIPT, EXPIRE, REWIND };
struct line {
    enum what what;
    uint64_t seq;
    int64_t now_ms;
    uint64_t oldest_seq, next_seq;
    bool may_send;
    bool expired;
};

static void play(const struct line *lines, size_t n)
{
    struct window window = window_make(3, 1000);
    for (size_t i = 0; i < n; i++) {
        const struct line *line = &lines[i];
        bool expired = false;
        switch (line->what) {
        case SEND:
            window_sent(&window, line->seq, line->now_ms);
            break;
        case RECEIPT:
            window_receipt(&window, line->seq, line->now_ms);
            break;
        case EXPIRE:
            expired = window_expire(&window, line->now_ms);
            break;
        case REWIND:
            window_rewind(&window, line->seq, line->now_ms);
            break;
        }
        cr_assert_eq(window.oldest_seq, line->oldest_seq, "line %zu: oldest %llu", i,
                     (unsigned long long)window.oldest_seq);
        cr_assert_eq(window.next_seq, line->next_seq, "line %zu: next %llu", i,
                     (unsigned long long)window.next_seq);
        cr_assert_eq(window_may_send(&window), line->may_send, "line %zu: may send", i);
        cr_assert_eq(expired, line->expired, "line %zu: expired", i);
    }
}
#define PLAY(lines) play(lines, sizeof(lines) / sizeof(lines)[0])

Test(window, stops_at_its_cap_and_goes_on_with_receipts)
{
    static const struct line lines[] = {
        {SEND, 1, 0, 1, 2, true, false},   {SEND, 2, 0, 1, 3, true, false},
        {SEND, 3, 0, 1, 4, false, false},  {RECEIPT, 1, 10, 2, 4, true, false},
        {SEND, 4, 10, 2, 5, false, false}, {RECEIPT, 4, 20, 5, 5, true, false},
    };
    PLAY(lines);
}

Test(window, ignores_a_receipt_that_covers_nothing_new)
{
    static const struct line lines[] = {
        {REWIND, 5, 0, 5, 5, true, false},    {SEND, 5, 0, 5, 6, true, false},
        {RECEIPT, 0, 900, 5, 6, true, false}, {RECEIPT, 4, 900, 5, 6, true, false},
        {EXPIRE, 0, 1000, 5, 5, true, true}, /* it was no progress either */
    };
    PLAY(lines);
}

Test(window, a_receipt_for_an_earlier_sending_skips_what_was_to_be_repeated)
{
    static const struct line lines[] = {
        {REWIND, 5, 0, 5, 5, true, false},
        {RECEIPT, 9, 1, 10, 10, true, false},
    };
    PLAY(lines);
}

Test(window, repeats_after_the_timeout_with_waits_that_double_to_four_times)
{
    static const struct line lines[] = {
        {SEND, 1, 100, 1, 2, true, false},
        {EXPIRE, 0, 1099, 1, 2, true, false},
        {EXPIRE, 0, 1100, 1, 1, true, true},
        {SEND, 1, 1100, 1, 2, true, false},
        {EXPIRE, 0, 3099, 1, 2, true, false}, /* 2 s */
        {EXPIRE, 0, 3100, 1, 1, true, true},
        {SEND, 1, 3100, 1, 2, true, false},
        {EXPIRE, 0, 7100, 1, 1, true, true}, /* 4 s */
        {SEND, 1, 7100, 1, 2, true, false},
        {EXPIRE, 0, 11100, 1, 1, true, true}, /* 4 s again */
        {SEND, 1, 11100, 1, 2, true, false},
        {RECEIPT, 1, 11200, 2, 2, true, false},
        {SEND, 2, 11200, 2, 3, true, false},
        {EXPIRE, 0, 12200, 2, 2, true, true}, /* progress: 1 s once more */
    };
    PLAY(lines);
}

Test(window, an_empty_window_never_expires)
{
    static const struct line lines[] = {
        {EXPIRE, 0, 1000000, 1, 1, true, false},
        {SEND, 1, 1000000, 1, 2, true, false},
        {EXPIRE, 0, 1000999, 1, 2, true, false}, /* the wait begins with the record, not with the idle time */
    };
    PLAY(lines);
}

Test(window, progress_restarts_the_wait_for_the_rest)
{
    static const struct line lines[] = {
        {SEND, 1, 0, 1, 2, true, false},      {SEND, 2, 0, 1, 3, true, false},
        {RECEIPT, 1, 900, 2, 3, true, false}, {EXPIRE, 0, 1500, 2, 3, true, false},
        {EXPIRE, 0, 1900, 2, 2, true, true},
    };
    PLAY(lines);
}

Test(window, a_new_connection_sends_all_without_receipt_again)
{
    static const struct line lines[] = {
        {SEND, 1, 0, 1, 2, true, false},
        {SEND, 2, 0, 1, 3, true, false},
        {REWIND, 1, 500, 1, 1, true, false},
        {SEND, 1, 500, 1, 2, true, false},
    };
    PLAY(lines);
}

Test(window, a_gap_record_jumps_over_what_was_evicted)
{
    static const struct line lines[] = {
        {SEND, 900, 0, 900, 901, true, false}, /* 1..899 went into record 900 */
        {SEND, 901, 0, 900, 902, true, false},
        {RECEIPT, 901, 1, 902, 902, true, false},
    };
    PLAY(lines);
}

/* ---- any network: a model of vehicle, way and bureau, with everything lost, doubled and exchanged at random
 * ---- */

enum { CAP = 8, RECORDS = 400, WAY_MAX = 64 };

struct way { /* what is under way in one direction: seqs, or receipts */
    uint64_t items[WAY_MAX];
    size_t n;
};

struct model {
    uint64_t random;
    uint64_t made, removed; /* records of the vehicle: 1 .. made, of which 1 .. removed are gone */
    uint64_t bureau_upto;   /* committed */
    struct way up, down;
    struct window window;
    uint64_t sent; /* the last record, since the window went back */
};

static uint32_t dice(struct model *model, uint32_t sides) /* 0 .. sides - 1 */
{
    model->random = model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(model->random >> 33) % sides;
}

static void put(struct model *model, struct way *way, uint64_t item)
{
    for (uint32_t copies = (uint32_t[]){1, 1, 1, 0, 2}[dice(model, 5)]; copies > 0;
         copies--) /* lost, doubled */
        if (way->n < WAY_MAX)
            way->items[way->n++] = item;
}

static uint64_t take(struct model *model, struct way *way) /* mostly in order; 0 = nothing there */
{
    if (way->n == 0)
        return 0;
    const size_t i = dice(model, 4) == 0 ? dice(model, (uint32_t)way->n) : 0;
    const uint64_t item = way->items[i];
    for (size_t j = i + 1; j < way->n; j++)
        way->items[j - 1] = way->items[j];
    way->n--;
    return item;
}

static void vehicle_sends(struct model *model, int64_t now_ms)
{
    struct window *window = &model->window;
    if (window_expire(window, now_ms))
        model->sent = model->removed;
    if (!window_may_send(window))
        return;
    const uint64_t seq = window->next_seq > model->removed ? window->next_seq : model->removed + 1;
    if (seq > model->made)
        return;
    const uint64_t done = model->sent > model->removed ? model->sent : model->removed;
    cr_assert_eq(seq, done + 1, "none left out, and none again before it is time");
    window_sent(window, seq, now_ms);
    model->sent = seq;
    put(model, &model->up, seq);
}

static void bureau_receives(struct model *model)
{
    const uint64_t seq = take(model, &model->up);
    if (seq == model->bureau_upto + 1)
        model->bureau_upto = seq;
    if (seq != 0)
        put(model, &model->down, model->bureau_upto);
}

static void vehicle_receives(struct model *model, int64_t now_ms)
{
    const uint64_t upto = take(model, &model->down);
    if (upto > model->removed)
        model->removed = upto;
    window_receipt(&model->window, upto, now_ms);
}

static void broker_restarts(struct model *model, int64_t now_ms)
{
    model->up.n = model->down.n = 0;
    model->sent = model->removed;
    window_rewind(&model->window, 1, now_ms);
}

static void check_model(const struct model *model)
{
    cr_assert_leq(model->window.next_seq - model->window.oldest_seq, CAP, "more in flight than the cap");
    cr_assert_leq(model->removed, model->bureau_upto, "%llu is removed, and the bureau has not got it",
                  (unsigned long long)model->removed);
    cr_assert_leq(model->window.oldest_seq, model->bureau_upto + 1,
                  "%llu counts as received, and the bureau has not got it",
                  (unsigned long long)model->window.oldest_seq - 1);
}

Test(window, brings_all_over_any_network_in_order_and_removes_nothing_before_its_receipt)
{
    const uint64_t seed = (uint64_t)time(NULL);
    cr_log_info("seed %llu", (unsigned long long)seed);
    for (uint64_t run = 0; run < 200; run++) {
        struct model model = {.random = seed + run, .window = window_make(CAP, 1000)};
        int64_t now_ms = 0;
        for (int step = 0; model.removed < RECORDS; step++) {
            cr_assert(step < 1000000, "seed %llu: stands still at %llu", (unsigned long long)(seed + run),
                      (unsigned long long)model.removed);
            now_ms += dice(&model, 50);
            model.made += model.made < RECORDS && dice(&model, 3) == 0;
            vehicle_sends(&model, now_ms);
            bureau_receives(&model);
            vehicle_receives(&model, now_ms);
            if (dice(&model, 500) == 0)
                broker_restarts(&model, now_ms);
            check_model(&model);
        }
    }
}

Test(bucket, gives_a_burst_then_its_rate)
{
    struct bucket bucket = bucket_make(50, 0);
    for (int i = 0; i < 50; i++)
        cr_assert(bucket_take(&bucket, 0), "burst %d", i);
    cr_assert_not(bucket_take(&bucket, 0));
    cr_assert_eq(bucket_wait_ms(&bucket, 0), 20);
    cr_assert_not(bucket_take(&bucket, 19));
    cr_assert(bucket_take(&bucket, 20));
    cr_assert_not(bucket_take(&bucket, 20));
}

Test(bucket, gives_no_more_than_its_rate_over_ten_seconds)
{
    struct bucket bucket = bucket_make(7, 0);
    int taken = 0;
    for (int64_t now_ms = 0; now_ms <= 10000; now_ms++)
        taken += bucket_take(&bucket, now_ms);
    cr_assert_eq(taken, 7 + 70);
}

Test(bucket, never_holds_more_than_a_second_of_its_rate)
{
    struct bucket bucket = bucket_make(2, 0);
    const int64_t years_later_ms = INT64_C(315360000000);
    cr_assert(bucket_take(&bucket, years_later_ms));
    cr_assert(bucket_take(&bucket, years_later_ms));
    cr_assert_not(bucket_take(&bucket, years_later_ms));
    cr_assert_eq(bucket_wait_ms(&bucket, years_later_ms), 500);
}

Test(backoff, waits_evenly_between_nothing_and_a_ceiling_that_doubles)
{
    static const struct {
        int64_t session_ms;
        uint32_t random, expected_ms;
    } table[] = {
        {0, UINT32_MAX, 1000},
        {0, UINT32_MAX / 2 + 1, 1000}, /* half of 2000 */
        {0, 0, 0},                     /* of 4000 */
        {0, UINT32_MAX, 8000},
        {119999, UINT32_MAX, 16000}, /* up, but not stable */
        {0, UINT32_MAX, 32000},
        {0, UINT32_MAX, 60000}, /* the limit */
        {0, UINT32_MAX, 60000},
        {120000, UINT32_MAX, 1000}, /* stable: from the base again */
        {0, UINT32_MAX, 2000},
    };
    struct backoff backoff = {.base_ms = 1000, .max_ms = 60000};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const uint32_t wait_ms = backoff_next_ms(&backoff, table[i].session_ms, table[i].random);
        cr_assert_eq(wait_ms, table[i].expected_ms, "row %zu: %u", i, wait_ms);
    }
}

Test(backoff, goes_on_at_its_limit_for_ever)
{
    struct backoff backoff = {.base_ms = 1000, .max_ms = UINT32_MAX - 1};
    for (int i = 0; i < 100000; i++)
        cr_assert_leq(backoff_next_ms(&backoff, 0, UINT32_MAX), UINT32_MAX - 1);
    cr_assert_eq(backoff_next_ms(&backoff, 0, UINT32_MAX), UINT32_C(1000) << 20);
}
