#include "sim/rng.h"

#include <criterion/criterion.h>
#include <math.h>

Test(sim_rng, the_same_seed_and_label_give_the_same_numbers)
{
    struct rng a, b;
    rng_seed(&a, 7, "bus-a");
    rng_seed(&b, 7, "bus-a");
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(rng_next(&a), rng_next(&b));
}

Test(sim_rng, another_seed_or_label_gives_others)
{
    struct rng a, b, c;
    rng_seed(&a, 7, "bus-a");
    rng_seed(&b, 8, "bus-a");
    rng_seed(&c, 7, "bus-b");
    uint64_t first = rng_next(&a);
    cr_assert_neq(first, rng_next(&b));
    cr_assert_neq(first, rng_next(&c));
}

/* The numbers of xoshiro256** from state {1, 2, 3, 4}, as its authors' program prints them. */
Test(sim_rng, is_xoshiro256_starstar)
{
    static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240};
    struct rng rng = {.s = {1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        cr_expect_eq(rng_next(&rng), expected[i], "number %zu", i);
}

Test(sim_rng, uniform_and_below_stay_in_range)
{
    struct rng rng;
    rng_seed(&rng, 1, "range");
    unsigned seen = 0;
    for (int i = 0; i < 10000; i++) {
        double u = rng_uniform(&rng);
        cr_assert(u >= 0 && u < 1);
        unsigned n = rng_below(&rng, 3);
        cr_assert_lt(n, 3);
        seen |= 1U << n;
    }
    cr_expect_eq(seen, 7, "every one of 0, 1, 2 comes up");
}

Test(sim_rng, normal_has_mean_0_and_deviation_1)
{
    enum { N = 100000 };
    struct rng rng;
    rng_seed(&rng, 1, "normal");
    double sum = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        double x = rng_normal(&rng);
        sum += x;
        squares += x * x;
    }
    cr_expect_float_eq(sum / N, 0, 0.02);
    cr_expect_float_eq(sqrt(squares / N), 1, 0.02);
}
