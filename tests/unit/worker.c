/* The thread that does jobs one after the other: none is lost, none is done twice, and no more wait than may.
 */
#include "bureau/worker/worker.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <semaphore.h>

enum { JOBS = 64 };

struct task {
    struct worker_job queued;
    int number, before;
};

static struct task tasks[JOBS];
static struct worker *worker;
static sem_t begun, may_go_on;
static int done[JOBS], n_done, n_let_go;
static bool takes_more;

static void note(const struct worker_job *job)
{
    const struct task *task = (const struct task *)job;
    cr_expect_eq(task->before, 1, "before() of %d came first", task->number);
    done[n_done++] = task->number;
}

static void work(void *context, struct worker_job *job, bool stopping)
{
    cr_expect_eq(context, tasks);
    (void)sem_post(&begun);
    (void)sem_wait(&may_go_on);
    n_let_go += stopping;
    for (; job != NULL; job = takes_more ? worker_more(worker) : NULL)
        note(job);
}

static void count(void *context)
{
    ((struct task *)context)->before++;
}

static int give(int number)
{
    tasks[number].number = number;
    return worker_do(worker, &tasks[number].queued, count, &tasks[number]);
}

static void begin(size_t waiting_max)
{
    const struct worker_config config = {.waiting_max = waiting_max, .work = work, .context = tasks};
    cr_assert_eq(sem_init(&begun, 0, 0), 0);
    cr_assert_eq(sem_init(&may_go_on, 0, 0), 0);
    cr_assert_eq(worker_create(&config, &worker), 0);
}

static void let_all_go_on(void)
{
    for (int i = 0; i < JOBS; i++)
        (void)sem_post(&may_go_on);
}

static void expect_in_order(int n)
{
    cr_assert_eq(n_done, n);
    for (int i = 0; i < n; i++)
        cr_expect_eq(done[i], i);
}

Test(worker, takes_nothing_before_it_is_started_or_after_it_was_stopped)
{
    begin(8);
    cr_expect_eq(give(0), -ESHUTDOWN);
    cr_assert_eq(worker_start(worker), 0);
    worker_stop(worker);
    cr_expect_eq(give(1), -ESHUTDOWN);
    cr_expect_eq(tasks[0].before + tasks[1].before, 0, "nothing was promised");
    worker_destroy(worker);
    cr_expect_eq(n_done, 0);
}

Test(worker, as_many_wait_as_may_and_are_done_in_order)
{
    begin(3);
    cr_assert_eq(worker_start(worker), 0);
    cr_expect_eq(give(0), 0);
    (void)sem_wait(&begun); /* it is worked on, and waits no more */
    for (int i = 1; i <= 3; i++)
        cr_expect_eq(give(i), 0);
    cr_expect_eq(give(4), -EBUSY);
    cr_expect_eq(tasks[4].before, 0, "nothing was promised");
    let_all_go_on();
    for (int i = 1; i <= 3; i++)
        (void)sem_wait(&begun);
    worker_stop(worker);
    worker_destroy(worker);
    expect_in_order(4);
    cr_expect_eq(n_let_go, 0);
}

Test(worker, what_waits_when_it_stops_is_handed_over_as_stopping)
{
    begin(JOBS);
    cr_assert_eq(worker_start(worker), 0);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(give(i), 0);
    (void)sem_wait(&begun);
    cr_expect_not(worker_is_stopping(worker));
    let_all_go_on();
    worker_stop(worker);
    cr_expect(worker_is_stopping(worker));
    worker_destroy(worker);
    expect_in_order(5);
}

Test(worker, more_of_those_that_wait_are_done_together)
{
    takes_more = true;
    begin(JOBS);
    cr_assert_eq(worker_start(worker), 0);
    for (int i = 0; i < 5; i++)
        cr_expect_eq(give(i), 0);
    (void)sem_wait(&begun);
    let_all_go_on();
    worker_stop(worker);
    worker_destroy(worker);
    expect_in_order(5);
}

Test(worker, nothing_is_destroyed_twice)
{
    worker_destroy(NULL);
}
