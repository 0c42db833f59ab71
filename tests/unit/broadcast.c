/* The feed at the broker: each event in order, and again only what the broker may not have. */
#include "bureau/feeds/broadcast.h"
#include "bureau/ingest/marks.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char dir[] = "/tmp/buswarden-broadcast-XXXXXX";
static char path[64];
static struct store *store;
static struct broadcast *broadcast;

static void begin(void)
{
    cr_assert_eq(broadcast_create(path, "331023", &broadcast), 0);
}

static void end(void)
{
    broadcast_destroy(broadcast);
    broadcast = NULL;
}

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/bureau.db", dir);
    cr_assert_eq(store_open(path, &store), 0);
    begin();
}

static void tear_down(void)
{
    char command[96];
    end();
    store_close(store);
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}
TestSuite(broadcast, .init = set_up, .fini = tear_down);

static void happen(int n)
{
    static const uint8_t stream[BW_STREAM_LEN] = {1};
    static uint64_t number;
    int64_t event = 0;
    for (int i = 0; i < n; i++) {
        const struct bw_alert alert = {.kind = BW_OVERLOAD,
                                       .phase = BW_RAISED,
                                       .severity = BW_MINOR,
                                       .number = ++number,
                                       .time_utc_ms = 1789000000000,
                                       .raised_utc_ms = 1789000000000};
        cr_assert_eq(store_alert_apply(store, "bus-a", stream, number, &alert, 1789000001000, &event), 0);
    }
    broadcast_events(broadcast, event);
}

/* Events that go out now: the first, and how many in order. */
static int64_t first_sent;
static int sent(int at_most)
{
    const struct ingest_outlet *outlet = broadcast_outlet(broadcast);
    char topic[TOPIC_MAX];
    struct wire_bytes bytes;
    int64_t mark;
    int n = 0;
    while (n < at_most && outlet->next(outlet->context, topic, &bytes, &mark)) {
        cr_expect_str_eq(topic, "schoolbus/v1/331023/feed/alerts");
        cr_expect_eq(strlen((const char *)bytes.data), bytes.len);
        wire_bytes_free(&bytes);
        if (n == 0)
            first_sent = mark;
        cr_expect_eq(mark, first_sent + n);
        n++;
    }
    return n;
}

static void settle(int64_t mark)
{
    const struct ingest_outlet *outlet = broadcast_outlet(broadcast);
    outlet->settled(outlet->context, mark);
}

static void lose(void)
{
    const struct ingest_outlet *outlet = broadcast_outlet(broadcast);
    outlet->lost(outlet->context);
}

Test(broadcast, goes_on_behind_what_the_broker_has_acknowledged)
{
    happen(40);
    cr_expect_eq(sent(99), 40);
    settle(25); /* while the other ones are under way */
    lose();
    cr_expect_eq(sent(99), 15);
    cr_expect_eq(first_sent, 26);
}

Test(broadcast, also_after_a_restart)
{
    happen(40);
    cr_expect_eq(sent(30), 30);
    settle(5);
    settle(25); /* within the second in which the first one was kept */
    end();
    begin();
    cr_expect_eq(sent(99), 15);
    cr_expect_eq(first_sent, 26);
}

/* --- marks --- */

Test(marks, what_is_acknowledged_settles_all_before_it)
{
    static struct marks marks;
    cr_expect_eq(marks_take(&marks, 10), 0);
    marks_add(&marks, 3, 100);
    marks_add(&marks, 5, 101);
    marks_add(&marks, 9, 102);
    cr_expect_eq(marks_take(&marks, 2), 0);
    cr_expect_eq(marks_take(&marks, 7), 101);
    cr_expect_eq(marks_take(&marks, 7), 0);
    cr_expect_eq(marks_take(&marks, 9), 102);
}

Test(marks, go_round_and_are_forgotten)
{
    static struct marks marks;
    uint64_t place = 0;
    for (int round = 0; round < 5; round++) {
        const uint64_t from = place;
        for (size_t i = 0; i < MARKS_MAX; i++, place++)
            marks_add(&marks, place + 1, (int64_t)place + 1000);
        cr_expect_eq(marks_take(&marks, from + MARKS_MAX / 3), (int64_t)(from + MARKS_MAX / 3) + 999);
        cr_expect_eq(marks_take(&marks, place), (int64_t)place + 999);
    }
    marks_add(&marks, 1, 7);
    marks_forget(&marks);
    cr_expect_eq(marks_take(&marks, UINT64_MAX), 0);
}
