/* Topics are built and parsed in one place (proto/topic.h). */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "proto/topic.h"

Test(topic, every_channel_comes_back)
{
    for (int channel = 0; channel < TOPIC_CHANNEL_COUNT; channel++) {
        struct topic topic = {.division = "331023",
                              .vehicle = "bus-a_1",
                              .channel = (enum topic_channel)channel},
                     back;
        char text[TOPIC_MAX];
        cr_assert_eq(topic_format(&topic, text), 0);
        cr_assert_eq(topic_parse(text, &back), 0, "%s", text);
        cr_expect_str_eq(back.division, topic.division);
        cr_expect_str_eq(back.vehicle, topic.vehicle);
        cr_expect_eq(back.channel, topic.channel);
    }
}

Test(topic, text_is_as_documented)
{
    char text[TOPIC_MAX];
    cr_assert_eq(topic_format(&(struct topic){"331023", "bus-a", TOPIC_ALERT}, text), 0);
    cr_expect_str_eq(text, "schoolbus/v1/331023/bus-a/alert");
    cr_assert_eq(topic_format(&(struct topic){"331023", "bus-a", TOPIC_ORDERS}, text), 0);
    cr_expect_str_eq(text, "schoolbus/v1/331023/bus-a/orders");
    cr_assert_eq(topic_filter("331023", TOPIC_TRACK, text), 0);
    cr_expect_str_eq(text, "schoolbus/v1/331023/+/track");
    cr_assert_eq(topic_filter(NULL, TOPIC_PRESENCE, text), 0);
    cr_expect_str_eq(text, "schoolbus/v1/+/+/presence");
}

Test(topic, what_would_break_a_broker_is_no_level)
{
    static const char *const bad[] = {
        "",    "a.b", "a/b",  "+",   "#",
        "Bus", "a b", "校车", "a\n", "123456789012345678901234567890123456789012345678"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(topic_level_valid(bad[i]), "%s", bad[i]);
    cr_expect(topic_level_valid("12345678901234567890123456789012345678901234567"));
}

Test(topic, foreign_topics_are_refused)
{
    static const char *const bad[] = {"",
                                      "schoolbus/v1/331023/bus-a",
                                      "schoolbus/v1/331023/bus-a/",
                                      "schoolbus/v1/331023/bus-a/alarm",
                                      "schoolbus/v1/331023/bus-a/alert/x",
                                      "schoolbus/v2/331023/bus-a/alert",
                                      "schoolbus/v1//bus-a/alert",
                                      "schoolbus/v1/331023//alert",
                                      "schoolbus/v1/+/bus-a/alert",
                                      "/schoolbus/v1/331023/bus-a/alert",
                                      "schoolbus/v1/1234567890123456/bus-a/alert"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct topic topic;
        cr_expect_eq(topic_parse(bad[i], &topic), -EINVAL, "%s", bad[i]);
    }
}

Test(topic, the_feed_is_no_channel_of_a_vehicle)
{
    char text[TOPIC_MAX];
    struct topic topic;
    cr_assert_eq(topic_feed_format("331023", TOPIC_FEED_ALERTS, text), 0);
    cr_expect_str_eq(text, "schoolbus/v1/331023/feed/alerts");
    cr_expect_eq(topic_parse(text, &topic), -EINVAL);
    cr_assert_eq(topic_feed_format("331023", TOPIC_FEED_VEHICLES, text), 0);
    cr_expect_str_eq(text, "schoolbus/v1/331023/feed/vehicles");
    cr_expect_eq(topic_parse(text, &topic), -EINVAL);
    cr_expect_eq(topic_feed_format("+", TOPIC_FEED_ALERTS, text), -EINVAL);
    cr_expect_eq(topic_feed_format("", TOPIC_FEED_ALERTS, text), -EINVAL);
}

Test(topic, a_filter_within_the_feed_reaches_nothing_else)
{
    static const struct {
        const char *filter;
        bool is_feed;
    } rows[] = {
        {"schoolbus/v1/331023/feed/alerts", true},
        {"schoolbus/v1/331023/feed/vehicles", true},
        {"schoolbus/v1/+/feed/alerts", true},
        {"schoolbus/v1/+/feed/#", true},
        {"schoolbus/v1/331023/feed/+", true},
        {"schoolbus/v1/331023/feed/alert", false},
        {"schoolbus/v1/331023/feed", false},
        {"schoolbus/v1/331023/feed/", false},
        {"schoolbus/v1/331023/feed/alerts/#", false},
        {"schoolbus/v1/331023/+/alerts", false},
        {"schoolbus/v1/331023/#", false},
        {"schoolbus/v1/#/feed/alerts", false},
        {"schoolbus/v1//feed/alerts", false},
        {"schoolbus/v2/331023/feed/alerts", false},
        {"schoolbus/v1/+/+/+", false},
        {"#", false},
        {"", false},
        {"$share/x/schoolbus/v1/+/feed/alerts", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(topic_is_feed(rows[i].filter), rows[i].is_feed, "%s", rows[i].filter);
}
