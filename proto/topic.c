#include "proto/topic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The version stands in the topic: a v2 would live beside v1. */
#define PREFIX "schoolbus/v1/"

static const char *const channel_names[TOPIC_CHANNEL_COUNT] = {
    [TOPIC_ALERT] = "alert",     [TOPIC_TRACK] = "track",   [TOPIC_PRESENCE] = "presence",
    [TOPIC_LICENCE] = "licence", [TOPIC_ORDERS] = "orders", [TOPIC_RECEIPT] = "receipt",
};

const char *topic_channel_name(enum topic_channel channel)
{
    return channel_names[channel];
}

/* Bytes of the level that starts at text: up to '/' or the end; 0 when a byte may not stand in a topic. */
static size_t level_len(const char *text)
{
    const size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return text[n] == '\0' || text[n] == '/' ? n : 0;
}

bool topic_level_valid(const char *level)
{
    const size_t n = level_len(level);
    return n > 0 && n < BW_ID_LEN && level[n] == '\0';
}

int topic_format(const struct topic *topic, char ret_text[TOPIC_MAX])
{
    if (!topic_level_valid(topic->division) || !topic_level_valid(topic->vehicle) ||
        (unsigned)topic->channel >= TOPIC_CHANNEL_COUNT)
        return -EINVAL;
    (void)snprintf(ret_text, TOPIC_MAX, PREFIX "%s/%s/%s", topic->division, topic->vehicle,
                   channel_names[topic->channel]);
    return 0;
}

static bool take_level(const char **text, char *ret, size_t size)
{
    const size_t n = level_len(*text);
    if (n == 0 || n >= size || (*text)[n] != '/')
        return false;
    memcpy(ret, *text, n);
    ret[n] = '\0';
    *text += n + 1;
    return true;
}

int topic_parse(const char *text, struct topic *ret)
{
    struct topic topic;
    if (strncmp(text, PREFIX, sizeof PREFIX - 1) != 0)
        return -EINVAL;
    text += sizeof PREFIX - 1;
    if (!take_level(&text, topic.division, sizeof topic.division) ||
        !take_level(&text, topic.vehicle, sizeof topic.vehicle))
        return -EINVAL;
    for (int channel = 0; channel < TOPIC_CHANNEL_COUNT; channel++) {
        if (strcmp(text, channel_names[channel]) != 0)
            continue;
        topic.channel = (enum topic_channel)channel;
        *ret = topic;
        return 0;
    }
    return -EINVAL;
}

int topic_filter(const char *division, enum topic_channel channel, char ret_text[TOPIC_MAX])
{
    if ((unsigned)channel >= TOPIC_CHANNEL_COUNT || (division != NULL && !topic_level_valid(division)))
        return -EINVAL;
    (void)snprintf(ret_text, TOPIC_MAX, PREFIX "%s/+/%s", division != NULL ? division : "+",
                   channel_names[channel]);
    return 0;
}

static const char *const feed_names[TOPIC_FEED_COUNT] = {
    [TOPIC_FEED_ALERTS] = "alerts", [TOPIC_FEED_VEHICLES] = "vehicles"};

int topic_feed_format(const char *division, enum topic_feed feed, char ret_text[TOPIC_MAX])
{
    if (!topic_level_valid(division) || (unsigned)feed >= TOPIC_FEED_COUNT)
        return -EINVAL;
    (void)snprintf(ret_text, TOPIC_MAX, PREFIX "%s/feed/%s", division, feed_names[feed]);
    return 0;
}

bool topic_is_feed(const char *filter)
{
    char division[BW_DIVISION_LEN];
    if (strncmp(filter, PREFIX, sizeof PREFIX - 1) != 0)
        return false;
    filter += sizeof PREFIX - 1;
    if (strncmp(filter, "+/", 2) == 0)
        filter += 2;
    else if (!take_level(&filter, division, sizeof division))
        return false;
    if (strncmp(filter, "feed/", 5) != 0)
        return false;
    filter += 5;
    bool found = strcmp(filter, "+") == 0 || strcmp(filter, "#") == 0;
    for (int feed = 0; feed < TOPIC_FEED_COUNT; feed++)
        found = found || strcmp(filter, feed_names[feed]) == 0;
    return found;
}
