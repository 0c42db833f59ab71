/* Against a search of another kind: every plate with one character exchanged is looked up. */
#include "bureau/registry/nearmiss.h"

#include "bureau/registry/plate.h"
#include "sim/rng.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VEHICLES = 30000, TRIALS = 300, SEED = 20261128, EXCHANGES_MAX = 8 * 18 };

/* Few provinces, letters and characters, so that plates lie close together. */
static void make_plate(struct rng *rng, char ret[BW_PLATE_LEN])
{
    static const char *const provinces[] = {"浙", "苏", "皖"};
    static const char serial[] = "0123458BDSZ";
    char *at = ret + sprintf(ret, "%s%c", provinces[rng_below(rng, 3)], (char)("JKL"[rng_below(rng, 3)]));
    const unsigned kind = rng_below(rng, 10);
    if (kind == 0)
        *at++ = 'D';
    for (int i = 0; i < (kind == 1 ? 4 : 5); i++)
        *at++ = serial[rng_below(rng, kind == 0 ? 6 : sizeof(serial) - 1)];
    strcpy(at, kind == 1 ? "学" : "");
}

static int by_plate(const void *a, const void *b)
{
    return strcmp(((const struct registry_vehicle *)a)->plate, ((const struct registry_vehicle *)b)->plate);
}

static const char *look_up(const struct registry *registry, const char *plate)
{
    struct registry_vehicle key = {0};
    (void)snprintf(key.plate, sizeof(key.plate), "%s", plate);
    const struct registry_vehicle *found =
        bsearch(&key, registry->vehicles, registry->n_vehicles, sizeof(key), by_plate);
    return found ? found->plate : NULL;
}

/* What stands on plates, in the order of their bytes. */
static const char *const ALPHABET[] = {"0", "1", "2", "3", "4", "5",  "8",  "B",  "D",
                                       "J", "K", "L", "S", "Z", "学", "浙", "皖", "苏"};

static size_t by_exchange(const struct registry *registry, const char *plate, const char *ret[EXCHANGES_MAX])
{
    size_t n = 0;
    for (size_t at = 0; plate[at];) {
        const size_t len = (unsigned char)plate[at] < 0x80 ? 1 : 3;
        for (size_t i = 0; i < sizeof(ALPHABET) / sizeof(ALPHABET[0]); i++) {
            char other[BW_PLATE_LEN];
            if (strncmp(plate + at, ALPHABET[i], len) == 0 && strlen(ALPHABET[i]) == len)
                continue;
            (void)snprintf(other, sizeof(other), "%.*s%s%s", (int)at, plate, ALPHABET[i], plate + at + len);
            const char *found = look_up(registry, other);
            if (found)
                ret[n++] = found;
        }
        at += len;
    }
    return n;
}

static void check(const struct registry *registry, const struct nearmiss *nearmiss, const char *plate)
{
    struct nearmiss_plate found[NEARMISS_MAX];
    const char *expected[EXCHANGES_MAX];
    const size_t n = nearmiss_find(nearmiss, plate, found),
                 n_expected = by_exchange(registry, plate, expected);
    size_t n_confusable = 0, n_told = 0;
    cr_assert_eq(n, n_expected < NEARMISS_MAX ? n_expected : NEARMISS_MAX, "%s: %zu of %zu", plate, n,
                 n_expected);
    for (size_t i = 0; i < n_expected; i++)
        n_confusable += plate_compare(plate_key(plate), plate_key(expected[i])).confusable;
    for (size_t i = 0; i < n; i++) {
        bool is_expected = false;
        for (size_t j = 0; j < n_expected; j++)
            is_expected = is_expected || found[i].plate == expected[j];
        cr_assert(is_expected, "%s: %s", plate, found[i].plate);
        n_told += found[i].confusable;
        cr_assert(i == 0 || found[i - 1].confusable > found[i].confusable ||
                      (found[i - 1].confusable == found[i].confusable &&
                       strcmp(found[i - 1].plate, found[i].plate) < 0),
                  "%s: not in order", plate);
    }
    cr_assert_eq(n_told, n_confusable < n ? n_confusable : n, "%s: the easily misread come first", plate);
}

static const struct registry *make_registry(struct rng *rng)
{
    static struct registry_vehicle vehicles[VEHICLES];
    static struct registry made = {.vehicles = vehicles};
    struct registry *registry = &made;
    for (size_t i = 0; i < VEHICLES; i++)
        make_plate(rng, registry->vehicles[i].plate);
    qsort(registry->vehicles, VEHICLES, sizeof(registry->vehicles[0]), by_plate);
    for (size_t i = 0; i < VEHICLES; i++) /* each plate once */
        if (registry->n_vehicles == 0 ||
            strcmp(registry->vehicles[registry->n_vehicles - 1].plate, registry->vehicles[i].plate) != 0)
            registry->vehicles[registry->n_vehicles++] = registry->vehicles[i];
    return registry;
}

Test(nearmiss, finds_what_a_search_of_another_kind_finds)
{
    struct rng rng;
    rng_seed(&rng, SEED, "plates");
    const struct registry *registry = make_registry(&rng);
    cr_assert_gt(registry->n_vehicles, VEHICLES / 2);
    struct nearmiss *nearmiss = nearmiss_create(registry);
    size_t n = 0;
    for (int i = 0; i < TRIALS; i++) {
        char plate[BW_PLATE_LEN];
        struct nearmiss_plate found[NEARMISS_MAX];
        make_plate(&rng, plate);
        check(registry, nearmiss, plate);
        n += nearmiss_find(nearmiss, plate, found);
    }
    nearmiss_destroy(nearmiss);
    cr_assert_gt(n, TRIALS / 2); /* or the plates lie too far apart for a test */
}

static struct registry_vehicle few[] = {{.plate = "浙J12345"},
                                        {.plate = "浙J12348"},
                                        {.plate = "浙J12395"},
                                        {.plate = "浙JD12345"},
                                        {.plate = "浙J1234学"}};
static const struct registry small = {.n_vehicles = 5, .vehicles = few};

static size_t find(const struct registry *registry, const char *plate,
                   struct nearmiss_plate ret[NEARMISS_MAX])
{
    struct nearmiss *nearmiss = nearmiss_create(registry);
    const size_t n = nearmiss_find(nearmiss, plate, ret);
    nearmiss_destroy(nearmiss);
    return n;
}

Test(nearmiss, the_easily_misread_comes_first)
{
    struct nearmiss_plate found[NEARMISS_MAX];
    cr_assert_eq(find(&small, "浙J1234B", found), 3);
    cr_assert_str_eq(found[0].plate, "浙J12348");
    cr_assert(found[0].confusable);
    cr_assert_eq(found[0].position, 7);
    cr_assert_str_eq(found[1].plate, "浙J12345");
    cr_assert_str_eq(found[2].plate, "浙J1234学");
}

Test(nearmiss, a_plate_is_no_near_miss_of_itself)
{
    struct nearmiss_plate found[NEARMISS_MAX];
    cr_assert_eq(find(&small, "浙JD12345", found), 0);
}

Test(nearmiss, a_partial_plate_is_answered_with_those_that_it_may_be)
{
    struct nearmiss_plate found[NEARMISS_MAX];
    cr_assert_eq(find(&small, "浙J123?5", found), 2);
    cr_assert_str_eq(found[0].plate, "浙J12345");
    cr_assert_str_eq(found[1].plate, "浙J12395");
    cr_assert_eq(found[0].position, 0);
}

Test(nearmiss, there_is_an_end_to_the_list)
{
    struct registry_vehicle many[20] = {0};
    const struct registry registry = {.n_vehicles = 20, .vehicles = many};
    struct nearmiss_plate found[NEARMISS_MAX];
    for (int i = 0; i < 20; i++)
        (void)sprintf(many[i].plate, "浙J1234%c", "0123456789ABCEFGHJKS"[19 - i]);
    cr_assert_eq(find(&registry, "浙J1234D", found), NEARMISS_MAX);
    cr_assert_str_eq(found[0].plate, "浙J12340"); /* taken for D */
    for (int i = 1; i < NEARMISS_MAX; i++)
        cr_assert_eq(found[i].plate[8], '0' + i);
}
