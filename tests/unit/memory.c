/* Keeping the gateway small (gateway/memory.h). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/memory.h"

/* Pages of files in memory, kB. */
static long file_kb(void)
{
    char line[256];
    long kb = -1;
    FILE *status = fopen("/proc/self/status", "r");
    cr_assert_not_null(status);
    while (fgets(line, sizeof line, status) != NULL)
        (void)sscanf(line, "RssFile: %ld kB", &kb);
    (void)fclose(status);
    return kb;
}

Test(memory, what_is_let_go_of_is_no_longer_resident_and_comes_back)
{
    static const char constant[] = "in the program's own read-only pages";
    char *kept = strdup(constant);
    const long before_kb = file_kb();
    memory_trim();
    const long after_kb = file_kb();
    cr_expect_lt(after_kb, before_kb * 9 / 10, "%ld kB of files before, %ld kB after", before_kb, after_kb);
    cr_expect_str_eq(kept, constant, "heap and constants are what they were");
    free(kept);
}
