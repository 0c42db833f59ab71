/* Runs the tests of a program for tests/mutate: see criterion/criterion.h here. */
#include <criterion/criterion.h>

enum { TESTS_MAX = 2048 };

static struct {
    const struct quick_suite *suite;
    void (*test)(void);
} tests[TESTS_MAX];
static size_t n_tests;

void quick_add(const struct quick_suite *suite, void (*test)(void))
{
    if (n_tests == TESTS_MAX)
        abort();
    tests[n_tests].suite = suite;
    tests[n_tests++].test = test;
}

int main(void)
{
    for (size_t i = 0; i < n_tests; i++) {
        if (tests[i].suite->init != NULL)
            tests[i].suite->init();
        tests[i].test();
        if (tests[i].suite->fini != NULL)
            tests[i].suite->fini();
    }
    return n_tests > 0 ? 0 : 1;
}
