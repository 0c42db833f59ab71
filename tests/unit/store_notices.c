/* The outbox of notifications: what is bound into a message stays in it, and nothing is lost between them. */
#include "bureau/store/notices.h"
#include "tests/unit/fixture_store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(store_notices, .init = open_empty_store, .fini = close_store);

static int64_t add(int64_t source_id, bool urgent, const char *channel)
{
    int64_t id = 0;
    const struct store_notice notice = {.source = STORE_NOTICE_OF_ALERT,
                                        .source_id = source_id,
                                        .what = STORE_NOTICE_RAISED,
                                        .kind = BW_OVERLOAD,
                                        .severity = BW_SERIOUS,
                                        .urgent = urgent,
                                        .time_utc_ms = 1000 + source_id,
                                        .vehicle = "bus-a",
                                        .plate = "浙J12345",
                                        .school_id = "s-1",
                                        .school = "石梁镇中心小学",
                                        .division = "331023",
                                        .route = "r",
                                        .stop = "东门",
                                        .aboard = 24,
                                        .capacity = 18};
    cr_assert_eq(store_notice_add(store, &notice, 5000 + source_id, &id), 0, "%s", store_error(store));
    cr_assert_eq(store_delivery_add(store, id, channel), 0);
    return id;
}

static size_t waiting(const char *channel, bool urgent)
{
    size_t n = 0;
    cr_assert_eq(store_deliveries_waiting(store, channel, urgent, &n), 0);
    return n;
}

static struct store_message first(const char *channel, bool urgent)
{
    struct store_message message;
    cr_assert_eq(store_message_first(store, channel, urgent, &message), 0);
    return message;
}

static int count_notice(void *context, const struct store_notice *row)
{
    (void)row;
    ++*(int *)context;
    return 0;
}

static int notices_of(int64_t number)
{
    int n = 0;
    cr_assert_eq(store_message_notices(store, number, count_notice, &n), 0);
    return n;
}

struct seen {
    int n;
    struct store_delivery last;
    char answer[STORE_ANSWER_MAX], plate[BW_PLATE_LEN], message_id[STORE_MESSAGE_ID_LEN];
};

static int see(void *context, const struct store_delivery *row)
{
    struct seen *seen = context;
    seen->n++;
    seen->last = *row;
    (void)snprintf(seen->answer, sizeof(seen->answer), "%s", row->answer);
    (void)snprintf(seen->plate, sizeof(seen->plate), "%s", row->notice.plate);
    (void)snprintf(seen->message_id, sizeof(seen->message_id), "%s", row->message_id);
    return 0;
}

static struct seen list(enum store_delivery_state state, const char *channel, int64_t before, int limit)
{
    struct seen seen = {0};
    cr_assert_eq(store_deliveries(store, state, channel, before, limit, see, &seen), 0, "%s",
                 store_error(store));
    return seen;
}

Test(store_notices, the_cursor_is_unknown_until_it_is_set)
{
    int64_t position = 0;
    cr_expect_eq(store_notice_cursor(store, STORE_NOTICE_OF_ALERT, &position), -ENOENT);
    cr_expect_eq(store_notice_cursor_set(store, STORE_NOTICE_OF_ALERT, 7), 0);
    cr_expect_eq(store_notice_cursor_set(store, STORE_NOTICE_OF_CASE, 9), 0);
    cr_expect_eq(store_notice_cursor(store, STORE_NOTICE_OF_ALERT, &position), 0);
    cr_expect_eq(position, 7);
}

Test(store_notices, one_event_is_told_once)
{
    int64_t id = 0;
    (void)add(1, false, "duty");
    const struct store_notice again = {.source = STORE_NOTICE_OF_ALERT,
                                       .source_id = 1,
                                       .vehicle = "",
                                       .plate = "",
                                       .school_id = "",
                                       .school = "",
                                       .division = "",
                                       .route = "",
                                       .stop = ""};
    cr_expect_eq(store_notice_add(store, &again, 1, &id), -EEXIST);
    cr_expect_eq(store_delivery_add(store, 1, "duty"), -EEXIST);
    cr_expect_eq(store_delivery_add(store, 1, "other"), 0);
}

Test(store_notices, a_message_takes_the_oldest_of_its_channel_and_class)
{
    for (int i = 1; i <= 5; i++)
        (void)add(i, i == 3, "duty");
    (void)add(6, false, "other");
    cr_expect_eq(waiting("duty", false), 4);
    cr_expect_eq(waiting("duty", true), 1);
    cr_assert_eq(store_message_make(store, "duty", false, 3, "a", 100), 0, "%s", store_error(store));
    cr_expect_eq(waiting("duty", false), 1);
    cr_expect_eq(waiting("duty", true), 1);
    cr_expect_eq(waiting("other", false), 1);
    const struct store_message message = first("duty", false);
    cr_expect_str_eq(message.id, "a");
    cr_expect_eq(message.attempts, 0);
    cr_expect_eq(message.next_utc_ms, 100);
    cr_expect_eq(notices_of(message.number), 3);
    cr_expect_eq(store_message_first(store, "duty", true, &(struct store_message){0}), -ENOENT);
    cr_expect_eq(store_message_make(store, "nobody", false, 3, "b", 100), -ENOENT);
    cr_expect_eq(store_message_first(store, "nobody", false, &(struct store_message){0}), -ENOENT,
                 "a message of nothing is not made");
}

Test(store_notices, attempts_count_when_they_begin)
{
    unsigned n = 0;
    (void)add(1, false, "duty");
    cr_assert_eq(store_message_make(store, "duty", false, 1, "a", 100), 0);
    struct store_message message = first("duty", false);
    for (int64_t at = 1000; at <= 3000; at += 1000)
        cr_assert_eq(store_message_try(store, &message, "duty", at), 0);
    message = first("duty", false);
    cr_expect_eq(message.attempts, 3);
    cr_assert_eq(store_attempts(store, "duty", 1000, 3000, &n), 0);
    cr_expect_eq(n, 2, "after 1000: that of 2000 and 3000");
    cr_assert_eq(store_attempts(store, "duty", 0, 2500, &n), 0);
    cr_expect_eq(n, 2, "one is in the future: the clock was set back");
    cr_assert_eq(store_attempts(store, "other", 0, 3000, &n), 0);
    cr_expect_eq(n, 0);
}

Test(store_notices, a_message_ends_sent_or_given_up_and_may_begin_anew)
{
    struct store_notice_counts counts;
    (void)add(1, false, "duty");
    (void)add(2, false, "duty");
    cr_expect_eq(list(STORE_PENDING, NULL, 0, 9).n, 2);
    cr_assert_eq(store_message_make(store, "duty", false, 1, "a", 100), 0);
    struct store_message message = first("duty", false);
    cr_assert_eq(store_message_try(store, &message, "duty", 200), 0);
    cr_assert_eq(store_message_end(store, message.number, STORE_FAILED, 900, "HTTP 500", 300), 0);
    struct seen seen = list(STORE_FAILED, NULL, 0, 9);
    cr_expect_eq(seen.n, 1);
    cr_expect_str_eq(seen.answer, "HTTP 500");
    cr_expect_str_eq(seen.plate, "浙J12345");
    cr_expect_str_eq(seen.message_id, "a");
    cr_expect_eq(seen.last.next_utc_ms, 900);
    cr_expect_eq(seen.last.last_utc_ms, 300);
    cr_expect_eq(seen.last.attempts, 1);
    cr_assert_eq(store_notice_counts(store, &counts), 0);
    cr_expect_eq(counts.n[STORE_FAILED], 1);
    cr_expect_eq(counts.n[STORE_PENDING], 1);
    cr_expect_eq(counts.oldest_unsent_utc_ms, 5001);

    cr_assert_eq(store_message_end(store, message.number, STORE_GIVEN_UP, 0, "HTTP 500", 400), 0);
    cr_expect_eq(store_message_first(store, "duty", false, &(struct store_message){0}), -ENOENT);
    cr_assert_eq(store_notice_counts(store, &counts), 0);
    cr_expect_eq(counts.n[STORE_GIVEN_UP], 1);
    cr_expect_eq(counts.oldest_unsent_utc_ms, 5002, "what is given up is not waited for");

    cr_expect_eq(store_delivery_retry(store, seen.last.id, 1000), 0);
    message = first("duty", false);
    cr_expect_eq(message.attempts, 0);
    cr_expect_eq(message.next_utc_ms, 1000);
    cr_assert_eq(store_message_end(store, message.number, STORE_SENT, 0, "ok", 1100), 0);
    cr_expect_eq(store_delivery_retry(store, seen.last.id, 1200), -EALREADY);
    cr_expect_eq(store_delivery_retry(store, seen.last.id + 1, 1200), -EAGAIN, "it waits for its turn");
    cr_expect_eq(store_delivery_retry(store, 99, 1200), -ENOENT);
    cr_expect_eq(list(STORE_SENT, NULL, 0, 9).n, 1);
}

Test(store_notices, lists_go_by_pages_channel_and_state)
{
    for (int i = 1; i <= 5; i++)
        (void)add(i, false, i % 2 ? "odd" : "even");
    struct seen seen = list(0, NULL, 0, 2);
    cr_expect_eq(seen.n, 2);
    cr_expect_eq(seen.last.notice.source_id, 4);
    seen = list(0, NULL, seen.last.id, 9);
    cr_expect_eq(seen.n, 3);
    cr_expect_eq(seen.last.notice.source_id, 1);
    cr_expect_eq(list(0, "odd", 0, 9).n, 3);
    cr_expect_eq(list(STORE_SENT, "odd", 0, 9).n, 0);
}

Test(store_notices, what_was_for_a_channel_that_is_gone_is_given_up)
{
    char name[STORE_CHANNEL_LEN] = "";
    (void)add(1, false, "old");
    (void)add(2, true, "old");
    (void)add(3, false, "old");
    (void)add(4, false, "new");
    cr_assert_eq(store_message_make(store, "old", false, 1, "a", 100), 0);
    cr_assert_eq(store_next_channel(store, "", name), 0);
    cr_expect_str_eq(name, "new");
    cr_assert_eq(store_next_channel(store, name, name), 0);
    cr_expect_str_eq(name, "old");
    cr_expect_eq(store_next_channel(store, name, name), -ENOENT);
    cr_assert_eq(store_channel_drop(store, "old", "gone", "b", 200), 0, "%s", store_error(store));
    cr_expect_eq(list(STORE_GIVEN_UP, "old", 0, 9).n, 3);
    cr_expect_eq(list(STORE_PENDING, NULL, 0, 9).n, 1);
    cr_expect_eq(store_next_channel(store, "new", name), -ENOENT);
}

Test(store_notices, what_ended_long_ago_is_deleted_and_what_waits_is_not)
{
    size_t n = 0;
    struct store_message message;
    for (int i = 1; i <= 3; i++)
        (void)add(i, false, "duty");
    for (int i = 1; i <= 2; i++) {
        cr_assert_eq(store_message_make(store, "duty", false, 1, i == 1 ? "a" : "b", 100), 0);
        message = first("duty", false);
        cr_assert_eq(store_message_try(store, &message, "duty", 100 * i), 0);
        cr_assert_eq(store_message_end(store, message.number, STORE_SENT, 0, "ok", 1000 * i), 0);
    }
    cr_assert_eq(store_notices_purge(store, 1500, &n), 0, "%s", store_error(store));
    cr_expect_eq(n, 1);
    cr_expect_eq(list(0, NULL, 0, 9).n, 2);
    cr_assert_eq(store_notices_purge(store, INT64_MAX, &n), 0);
    cr_expect_eq(n, 1);
    cr_expect_eq(list(STORE_PENDING, NULL, 0, 9).n, 1);
}

Test(store_notices, a_message_survives_a_process_that_dies)
{
    struct store *other = NULL;
    (void)add(1, true, "duty");
    cr_assert_eq(store_message_make(store, "duty", true, 1, "a", 100), 0);
    struct store_message message = first("duty", true);
    cr_assert_eq(store_message_try(store, &message, "duty", 200), 0);
    cr_assert_eq(store_open(path, &other), 0);
    cr_assert_eq(store_message_first(other, "duty", true, &message), 0);
    cr_expect_str_eq(message.id, "a", "under the same id");
    cr_expect_eq(message.attempts, 1);
    store_close(other);
}
