#include "sim/cabin.h"

const char *const cabin_bench_names[CABIN_BENCHES] = {"R1L", "R2L", "R2R", "R3L", "R3R",
                                                      "R4L", "R4R", "R5L", "R5R"};

/* Any bench that holds from low to high pupils, each as likely; -1 when there is none. */
static int pick_bench(const struct cabin *cabin, unsigned low, unsigned high, struct rng *rng)
{
    int found[CABIN_BENCHES];
    unsigned n = 0;
    for (int i = 0; i < CABIN_BENCHES; i++) {
        if (cabin->bench[i] >= low && cabin->bench[i] <= high)
            found[n++] = i;
    }
    return n == 0 ? -1 : found[rng_below(rng, n)];
}

bool cabin_board(struct cabin *cabin, struct rng *rng)
{
    int bench = pick_bench(cabin, 0, CABIN_BENCH_SEATS - 1, rng);
    if (bench < 0)
        bench = pick_bench(cabin, CABIN_BENCH_SEATS, CABIN_BENCH_MAX - 1, rng);
    if (bench < 0)
        return false;
    cabin->bench[bench]++;
    cabin->came_in++;
    return true;
}

bool cabin_alight(struct cabin *cabin, struct rng *rng)
{
    int bench = pick_bench(cabin, CABIN_BENCH_MAX, CABIN_BENCH_MAX, rng);
    if (bench < 0)
        bench = pick_bench(cabin, 1, CABIN_BENCH_MAX, rng);
    if (bench < 0)
        return false;
    cabin->bench[bench]--;
    cabin->got_off++;
    return true;
}

unsigned cabin_aboard(const struct cabin *cabin)
{
    unsigned sum = 0;
    for (int i = 0; i < CABIN_BENCHES; i++)
        sum += cabin->bench[i];
    return sum;
}

bool cabin_belted(const struct cabin *cabin, int bench)
{
    return cabin->bench[bench] > 0 && !cabin->front_door_open && !cabin->unbelted[bench];
}

unsigned cabin_unbelted(const struct cabin *cabin)
{
    unsigned sum = 0;
    for (int i = 0; i < CABIN_BENCHES; i++)
        sum += cabin_belted(cabin, i) ? 0 : cabin->bench[i];
    return sum;
}

unsigned cabin_bench_report(const struct cabin *cabin, int bench)
{
    return bench == cabin->broken_bench ? CABIN_BENCH_UNKNOWN : cabin->bench[bench];
}
