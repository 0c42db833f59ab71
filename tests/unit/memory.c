/* Keeping the gateway small (gateway/memory.h). */
#include <criterion/criterion.h>
#include <malloc.h>
#include <pthread.h>
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
    memory_start();
    const long before_kb = file_kb();
    memory_trim();
    const long after_kb = file_kb();
    cr_expect_lt(after_kb, before_kb * 9 / 10, "%ld kB of files before, %ld kB after", before_kb, after_kb);
    cr_expect_str_eq(kept, constant, "heap and constants are what they were");
    free(kept);
}

static void *allocate(void *barrier)
{
    char *volatile kept = malloc(1000);
    pthread_barrier_wait(barrier);
    free(kept);
    return NULL;
}

static int heaps(void)
{
    char *xml = NULL;
    size_t len;
    FILE *out = open_memstream(&xml, &len);
    cr_assert_not_null(out);
    cr_assert_eq(malloc_info(0, out), 0);
    (void)fclose(out);
    int n = 0;
    for (const char *at = xml; (at = strstr(at, "<heap nr=")) != NULL; at++)
        n++;
    free(xml);
    return n;
}

Test(memory, all_threads_share_one_heap)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    memory_start();
    const int before = heaps();
    cr_assert_eq(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, allocate, &barrier), 0);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    cr_expect_eq(heaps(), before);
}
