/* Criterion's macros for tests/mutate, which runs the unit tests thousands of times: all tests of a program
 * one after the other in one process, which ends with 1 at the first that fails. Only what the judge's tests
 * use. */
#ifndef BUSWARDEN_QUICK_CRITERION_H
#define BUSWARDEN_QUICK_CRITERION_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct quick_suite {
    void (*init)(void), (*fini)(void);
};
void quick_add(const struct quick_suite *suite, void (*test)(void)); /* before main() */

#define TestSuite(suite, ...) static struct quick_suite quick_suite_##suite = {__VA_ARGS__}
#define Test(suite, name)                                                                                    \
    static struct quick_suite quick_suite_##suite;                                                           \
    static void quick_test_##suite##_##name(void);                                                           \
    __attribute__((constructor)) static void quick_add_##suite##_##name(void)                                \
    {                                                                                                        \
        quick_add(&quick_suite_##suite, quick_test_##suite##_##name);                                        \
    }                                                                                                        \
    static void quick_test_##suite##_##name(void)

#define cr_expect(truth, ...)                    ((truth) ? (void)0 : _Exit(1))
#define cr_expect_not(truth, ...)                cr_expect(!(truth))
#define cr_expect_null(p, ...)                   cr_expect((p) == NULL)
#define cr_expect_not_null(p, ...)               cr_expect((p) != NULL)
#define cr_expect_eq(a, b, ...)                  cr_expect((a) == (b))
#define cr_expect_neq(a, b, ...)                 cr_expect((a) != (b))
#define cr_expect_lt(a, b, ...)                  cr_expect((a) < (b))
#define cr_expect_leq(a, b, ...)                 cr_expect((a) <= (b))
#define cr_expect_gt(a, b, ...)                  cr_expect((a) > (b))
#define cr_expect_geq(a, b, ...)                 cr_expect((a) >= (b))
#define cr_expect_float_eq(a, b, tolerance, ...) cr_expect(fabs((a) - (b)) <= (tolerance))
#define cr_expect_str_eq(a, b, ...)              cr_expect(strcmp((a), (b)) == 0)
#define cr_expect_str_neq(a, b, ...)             cr_expect(strcmp((a), (b)) != 0)
#define cr_expect_str_empty(a, ...)              cr_expect(*(a) == '\0')
#define cr_expect_arr_eq(a, b, size, ...)        cr_expect(memcmp((a), (b), (size)) == 0)
#define cr_assert                                cr_expect
#define cr_assert_not                            cr_expect_not
#define cr_assert_null                           cr_expect_null
#define cr_assert_not_null                       cr_expect_not_null
#define cr_assert_eq                             cr_expect_eq
#define cr_assert_neq                            cr_expect_neq
#define cr_assert_lt                             cr_expect_lt
#define cr_assert_leq                            cr_expect_leq
#define cr_assert_gt                             cr_expect_gt
#define cr_assert_geq                            cr_expect_geq
#define cr_assert_float_eq                       cr_expect_float_eq
#define cr_assert_str_eq                         cr_expect_str_eq
#define cr_assert_arr_eq                         cr_expect_arr_eq
#define cr_assert_fail(...)                      _Exit(1)

#endif
