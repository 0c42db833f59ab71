/* Seeded random numbers: the same seed and label give the same numbers on every machine (xoshiro256**, seeded
 * through splitmix64; Blackman and Vigna). Each user takes a generator with a label of its own, so that a
 * draw added in one place shifts nothing elsewhere. */
#ifndef BUSWARDEN_SIM_RNG_H
#define BUSWARDEN_SIM_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_seed(struct rng *rng, uint64_t seed, const char *label);
uint64_t rng_next(struct rng *rng);
/* [0, 1) */
double rng_uniform(struct rng *rng);
/* 0 .. n - 1; n must not be 0. */
unsigned rng_below(struct rng *rng, unsigned n);
/* Mean 0, standard deviation 1. */
double rng_normal(struct rng *rng);

#endif
