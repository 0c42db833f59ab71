/* The feed at the broker: each event in order, and again only what the broker may not have. */
#include "bureau/feeds/broadcast.h"
#include "bureau/ingest/marks.h"
#include "tests/unit/fixture_damage.h"
#include "tests/unit/fixture_sql.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
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

/* --- what cannot be read --- */

Test(broadcast, an_event_that_cannot_be_decoded_is_told_as_damaged_in_its_place)
{
    const struct ingest_outlet *outlet = broadcast_outlet(broadcast);
    char topic[TOPIC_MAX];
    struct wire_bytes bytes;
    int64_t mark;
    happen(40);
    file_do(path,
            "DROP TRIGGER alert_event_fixed; UPDATE alert_event SET body = x'ff' WHERE event IN (5, 40)");
    cr_expect_eq(sent(4), 4);
    cr_assert(outlet->next(outlet->context, topic, &bytes, &mark));
    cr_expect_eq(mark, 5);
    cr_expect_str_eq(topic, "schoolbus/v1/331023/feed/alerts");
    cr_expect_not_null(strstr((const char *)bytes.data, "\"damaged\":true"));
    wire_bytes_free(&bytes);
    cr_expect_eq(sent(99), 35);
    cr_expect_eq(first_sent, 6);
}

Test(broadcast, a_damaged_file_is_no_event_that_cannot_be_decoded)
{
    happen(2);
    (void)damage_table(path, "vehicle", 0x7f);
    cr_expect_eq(sent(99), 0);
}

/* --- marks --- */

Test(marks, what_is_acknowledged_settles_itself_and_all_before_it)
{
    static struct marks marks;
    cr_expect_eq(marks_take(&marks), 0);
    marks_add(&marks, 3, 100);
    marks_add(&marks, 5, 101);
    marks_add(&marks, 9, 102);
    marks_acknowledge(&marks, 4); /* another's */
    cr_expect_eq(marks_take(&marks), 0);
    marks_acknowledge(&marks, 3);
    marks_acknowledge(&marks, 5);
    cr_expect_eq(marks_take(&marks), 101);
    cr_expect_eq(marks_take(&marks), 0);
    marks_acknowledge(&marks, 9);
    cr_expect_eq(marks_take(&marks), 102);
}

Test(marks, a_later_one_settles_nothing_while_one_before_it_is_owed)
{
    static struct marks marks;
    for (int i = 0; i < 4; i++)
        marks_add(&marks, i + 1, 100 + i);
    marks_acknowledge(&marks, 4);
    marks_acknowledge(&marks, 2);
    cr_expect_eq(marks_take(&marks), 0);
    marks_acknowledge(&marks, 1);
    cr_expect_eq(marks_take(&marks), 101);
    marks_acknowledge(&marks, 3);
    cr_expect_eq(marks_take(&marks), 103);
}

Test(marks, an_id_that_comes_again_is_that_of_the_one_that_waits)
{
    static struct marks marks;
    marks_add(&marks, 1, 100);
    marks_add(&marks, 2, 101);
    marks_acknowledge(&marks, 2);
    marks_add(&marks, 2, 102);
    marks_acknowledge(&marks, 1);
    cr_expect_eq(marks_take(&marks), 101);
    marks_acknowledge(&marks, 2);
    cr_expect_eq(marks_take(&marks), 102);
}

Test(marks, are_full_as_long_as_the_first_is_owed)
{
    static struct marks marks;
    for (int id = 1; id <= MARKS_MAX; id++) {
        cr_assert_not(marks_are_full(&marks), "at %d", id);
        marks_add(&marks, id, id);
    }
    for (int id = MARKS_MAX; id > 1; id--)
        marks_acknowledge(&marks, id);
    cr_expect_eq(marks_take(&marks), 0);
    cr_expect(marks_are_full(&marks));
    marks_acknowledge(&marks, 1);
    cr_expect_eq(marks_take(&marks), MARKS_MAX);
    cr_expect_not(marks_are_full(&marks));
}

Test(marks, go_round_and_are_forgotten)
{
    static struct marks marks;
    int id = 0;
    for (int round = 0; round < 5; round++) {
        const int third = id + MARKS_MAX / 3;
        for (int i = 0; i < MARKS_MAX; i++, id++)
            marks_add(&marks, id + 1, id + 1001);
        for (int done = id - MARKS_MAX; done < third; done++)
            marks_acknowledge(&marks, done + 1);
        cr_expect_eq(marks_take(&marks), third + 1000);
        for (int done = id; done > third; done--)
            marks_acknowledge(&marks, done);
        cr_expect_eq(marks_take(&marks), id + 1000);
    }
    marks_add(&marks, 1, 7);
    marks_acknowledge(&marks, 1);
    marks_forget(&marks);
    cr_expect_eq(marks_take(&marks), 0);
}
