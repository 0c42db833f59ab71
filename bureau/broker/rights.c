#include "bureau/broker/rights.h"

#include "proto/topic.h"

#include <string.h>

static const bool upward[TOPIC_CHANNEL_COUNT] = {
    [TOPIC_ALERT] = true, [TOPIC_TRACK] = true, [TOPIC_PRESENCE] = true};

bool rights_is_vehicle(const char *user)
{
    return user == NULL || (topic_level_valid(user) && strcmp(user, "bureau") != 0);
}

/* Its own topic, in whatever division: a filter with a wildcard is no topic. */
static bool is_own(const char *user, const char *text, bool up)
{
    struct topic topic;
    return user != NULL && topic_parse(text, &topic) == 0 && strcmp(topic.vehicle, user) == 0 &&
           upward[topic.channel] == up;
}

bool rights_may_publish(const char *user, const char *topic)
{
    return is_own(user, topic, true);
}

bool rights_may_subscribe(const char *user, const char *filter)
{
    return is_own(user, filter, false);
}

bool rights_is_reader(const char *user)
{
    static const char prefix[] = "police.";
    return user != NULL && strncmp(user, prefix, sizeof prefix - 1) == 0 &&
           topic_level_valid(user + sizeof prefix - 1);
}

bool rights_may_hear(const char *filter)
{
    return topic_is_feed(filter);
}
