#include "sim/cabin.h"

#include <criterion/criterion.h>

Test(sim_cabin, every_seat_is_taken_before_anyone_squeezes_in)
{
    struct cabin cabin = {.broken_bench = -1};
    struct rng rng;
    rng_seed(&rng, 1, "board");
    for (unsigned n = 1; n <= CABIN_PUPILS_MAX; n++) {
        cr_assert(cabin_board(&cabin, &rng));
        cr_assert_eq(cabin_aboard(&cabin), n);
        unsigned most = n <= CABIN_BENCHES * CABIN_BENCH_SEATS ? CABIN_BENCH_SEATS : CABIN_BENCH_MAX;
        for (int i = 0; i < CABIN_BENCHES; i++)
            cr_assert_leq(cabin.bench[i], most);
    }
    cr_expect_not(cabin_board(&cabin, &rng), "then it is full");
    cr_expect_eq(cabin_aboard(&cabin), CABIN_PUPILS_MAX);
}

Test(sim_cabin, all_get_off_the_squeezed_first)
{
    struct cabin cabin = {.broken_bench = -1};
    struct rng rng;
    rng_seed(&rng, 1, "alight");
    for (unsigned n = 0; n < 20; n++)
        cr_assert(cabin_board(&cabin, &rng));
    cr_assert(cabin_alight(&cabin, &rng) && cabin_alight(&cabin, &rng));
    for (int i = 0; i < CABIN_BENCHES; i++)
        cr_expect_eq(cabin.bench[i], CABIN_BENCH_SEATS);
    for (unsigned n = 0; n < 18; n++)
        cr_assert(cabin_alight(&cabin, &rng));
    cr_expect_eq(cabin_aboard(&cabin), 0);
    cr_expect_not(cabin_alight(&cabin, &rng));
}

Test(sim_cabin, whoever_comes_in_or_gets_off_is_counted_and_the_counters_begin_anew)
{
    struct cabin cabin = {.broken_bench = -1, .came_in = 254};
    struct rng rng;
    rng_seed(&rng, 1, "count");
    for (unsigned n = 0; n < CABIN_PUPILS_MAX; n++)
        cr_assert(cabin_board(&cabin, &rng));
    cr_expect_not(cabin_board(&cabin, &rng));
    cr_expect_eq(cabin.came_in, (254 + CABIN_PUPILS_MAX) % 256, "who finds no place is not counted");
    for (unsigned n = 0; n < 5; n++)
        cr_assert(cabin_alight(&cabin, &rng));
    cr_expect_eq(cabin.got_off, 5);
}

Test(sim_cabin, a_broken_bench_reports_unknown_whoever_sits_there)
{
    struct cabin cabin = {.broken_bench = 3, .bench = {[2] = 1, [3] = 2}};
    cr_expect_eq(cabin_bench_report(&cabin, 2), 1);
    cr_expect_eq(cabin_bench_report(&cabin, 3), CABIN_BENCH_UNKNOWN);
    cr_expect_eq(cabin_aboard(&cabin), 3, "the truth does not change");
}

Test(sim_cabin, belts_are_fastened_once_the_front_door_is_shut_but_not_by_those_who_will_not)
{
    struct cabin cabin = {.bench = {2, 0, 1}, .broken_bench = -1, .front_door_open = true};
    cr_expect_eq(cabin_unbelted(&cabin), 3);
    cabin.front_door_open = false;
    cabin.rear_door_open = true;
    cr_expect_eq(cabin_unbelted(&cabin), 0);
    cr_expect(cabin_belted(&cabin, 0));
    cr_expect_not(cabin_belted(&cabin, 1), "of an empty bench they are open");
    cabin.unbelted[0] = true;
    cr_expect_eq(cabin_unbelted(&cabin), 2);
}
