/* MQTT topics: built and parsed here and nowhere else.
 *
 *     schoolbus/v1/<division>/<vehicle>/<channel>
 *
 * Every level is [a-z0-9_-]{1,47}: a dot would break RabbitMQ and NATS, '+' and '#' are MQTT's own. */
#ifndef BUSWARDEN_TOPIC_H
#define BUSWARDEN_TOPIC_H

#include "proto/model.h"

enum topic_channel {
    TOPIC_ALERT,    /* up: SignedRecord, class ALERT */
    TOPIC_TRACK,    /* up: SignedRecord, class TRACK */
    TOPIC_PRESENCE, /* up: Presence, retained, last will */
    TOPIC_LICENCE,  /* down: Sealed Licence, retained */
    TOPIC_ORDERS,   /* down: Sealed Orders, retained */
    TOPIC_RECEIPT,  /* down: Sealed Receipt */
    TOPIC_CHANNEL_COUNT
};

enum { TOPIC_MAX = 160 }; /* longest topic or filter, with its NUL */

struct topic {
    char division[BW_DIVISION_LEN];
    char vehicle[BW_ID_LEN];
    enum topic_channel channel;
};

/* True if `level` may stand in a topic: a vehicle id or a division code. */
bool topic_level_valid(const char *level);
/* 0, or -EINVAL for a level that topic_level_valid() refuses or that does not fit. */
int topic_format(const struct topic *topic, char ret_text[TOPIC_MAX]);
/* 0, or -EINVAL for anything that topic_format() would not have made. */
int topic_parse(const char *text, struct topic *ret);
/* The subscription filter for one channel of every vehicle of a division; division NULL = all divisions. */
int topic_filter(const char *division, enum topic_channel channel, char ret_text[TOPIC_MAX]);
const char *topic_channel_name(enum topic_channel channel);

/* What the bureau publishes for readers that are no vehicles (docs/feeds.md):
 * schoolbus/v1/<division>/feed/alerts and .../feed/vehicles. No channel of a vehicle is called so: one with
 * the id "feed" is in nobody's way. */
enum topic_feed { TOPIC_FEED_ALERTS, TOPIC_FEED_VEHICLES, TOPIC_FEED_COUNT };
/* 0, or -EINVAL for a division that topic_level_valid() refuses. */
int topic_feed_format(const char *division, enum topic_feed feed, char ret_text[TOPIC_MAX]);
/* True for such a topic, and for a filter that reaches nothing else: with '+' for the division, '+' or '#'
 * for the last level. */
bool topic_is_feed(const char *filter);

#endif
