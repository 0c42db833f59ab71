/* The life of an alert (gateway/compliance/lifecycle.h). */
#include <criterion/criterion.h>

#include "gateway/compliance/lifecycle.h"

enum { HOLD_MS = 3000, CLEAR_MS = 5000, HOLD_OFF_MS = 12000 };
static const struct lifecycle_times times = {HOLD_MS, CLEAR_MS, HOLD_OFF_MS};

/* One step a line: when, what was seen, what must come of it. */
struct row {
    int64_t mono_ms;
    enum bw_tri violated;
    enum lifecycle_action action;
    enum lifecycle_state state;
};

static void walk(const struct row *rows, size_t n)
{
    struct lifecycle life = {0};
    for (size_t i = 0; i < n; i++) {
        cr_expect_eq(lifecycle_step(&life, rows[i].violated, rows[i].mono_ms, times), rows[i].action,
                     "action of row %zu", i);
        cr_expect_eq(life.state, rows[i].state, "state of row %zu", i);
    }
}
#define WALK(...)                                                                                            \
    do {                                                                                                     \
        const struct row rows[] = {__VA_ARGS__};                                                             \
        walk(rows, sizeof rows / sizeof rows[0]);                                                            \
    } while (0)

Test(lifecycle, raised_once_after_the_hold_and_ended_once_after_the_clear_time)
{
    WALK({1000, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEAR}, {2000, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING},
         {4999, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING}, {5000, BW_YES, LIFECYCLE_RAISE, LIFECYCLE_ACTIVE},
         {6000, BW_YES, LIFECYCLE_NONE, LIFECYCLE_ACTIVE}, {7000, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEARING},
         {11999, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEARING}, {12000, BW_NO, LIFECYCLE_END, LIFECYCLE_CLEAR},
         {13000, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEAR});
}

Test(lifecycle, a_short_violation_is_never_raised)
{
    WALK({0, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING}, {2999, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEAR},
         {3000, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING},
         {5999, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING});
}

Test(lifecycle, unknown_forgets_a_pending_alert)
{
    WALK({0, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING}, {2000, BW_UNKNOWN, LIFECYCLE_NONE, LIFECYCLE_CLEAR},
         {3000, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING});
}

Test(lifecycle, what_nobody_watched_held_for_no_time)
{
    WALK({0, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING}, {60001, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING},
         {63000, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING},
         {63001, BW_YES, LIFECYCLE_RAISE, LIFECYCLE_ACTIVE});
    WALK({0, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING},
         {60000, BW_YES, LIFECYCLE_RAISE, LIFECYCLE_ACTIVE}); /* a slow source is still a watch */
}

Test(lifecycle, nor_does_a_silence_reopen_or_prolong_an_alert_that_is_clearing)
{
    WALK({0, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING}, {3000, BW_YES, LIFECYCLE_RAISE, LIFECYCLE_ACTIVE},
         {4000, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEARING}, {90000, BW_NO, LIFECYCLE_END, LIFECYCLE_CLEAR});
}

Test(lifecycle, unknown_keeps_an_alert_open)
{
    WALK({0, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING}, {3000, BW_YES, LIFECYCLE_RAISE, LIFECYCLE_ACTIVE},
         {4000, BW_UNKNOWN, LIFECYCLE_NONE, LIFECYCLE_ACTIVE},
         {5000, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEARING},
         {9000, BW_UNKNOWN, LIFECYCLE_NONE, LIFECYCLE_ACTIVE},
         {10000, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEARING},
         {14999, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEARING}, {15000, BW_NO, LIFECYCLE_END, LIFECYCLE_CLEAR});
}

Test(lifecycle, a_relapse_while_clearing_is_the_same_alert)
{
    WALK({0, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING}, {3000, BW_YES, LIFECYCLE_RAISE, LIFECYCLE_ACTIVE},
         {4000, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEARING}, {5000, BW_YES, LIFECYCLE_NONE, LIFECYCLE_ACTIVE},
         {6000, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEARING}, {11000, BW_NO, LIFECYCLE_END, LIFECYCLE_CLEAR});
}

Test(lifecycle, what_was_taken_up_from_before_counts_as_raised_when_it_was)
{
    const struct lifecycle_times short_clear = {.clear_ms = 10, .hold_off_ms = 1000};
    struct lifecycle life = {.state = LIFECYCLE_ACTIVE};
    cr_expect_eq(lifecycle_step(&life, BW_NO, 5000, short_clear), LIFECYCLE_NONE);
    cr_expect_eq(lifecycle_step(&life, BW_NO, 5010, short_clear), LIFECYCLE_END);
    cr_expect_eq(lifecycle_step(&life, BW_YES, 5020, short_clear), LIFECYCLE_NONE);
    cr_expect_eq(lifecycle_step(&life, BW_YES, 5999, short_clear), LIFECYCLE_NONE);
    cr_expect_eq(lifecycle_step(&life, BW_YES, 6000, short_clear), LIFECYCLE_RAISE);
}

Test(lifecycle, no_hold_raises_at_once)
{
    struct lifecycle life = {0};
    cr_expect_eq(lifecycle_step(&life, BW_YES, 7, (struct lifecycle_times){.clear_ms = CLEAR_MS}),
                 LIFECYCLE_RAISE);
    cr_expect_eq(life.state, LIFECYCLE_ACTIVE);
}

Test(lifecycle, a_second_violation_within_the_hold_off_is_raised_when_that_ends)
{
    WALK({0, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING}, {3000, BW_YES, LIFECYCLE_RAISE, LIFECYCLE_ACTIVE},
         {4000, BW_NO, LIFECYCLE_NONE, LIFECYCLE_CLEARING}, {9000, BW_NO, LIFECYCLE_END, LIFECYCLE_CLEAR},
         {10000, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING},
         {14999, BW_YES, LIFECYCLE_NONE, LIFECYCLE_PENDING},
         {15000, BW_YES, LIFECYCLE_RAISE, LIFECYCLE_ACTIVE});
}
