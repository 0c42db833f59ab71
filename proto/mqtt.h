/* One MQTT 3.1.1 client on the caller's own thread: the only code that touches libmosquitto, in the vehicle
 * and at the bureau (docs/decisions/0001). No hidden thread, so a client that died is seen by its return
 * code; nothing is ever queued here for a later connection: publishing while not connected fails, and what a
 * broken connection had not delivered is gone. A peer that falls silent is noticed within twice keepalive_s;
 * one that sends a message of more than 6 MiB is left.
 *
 * Nothing blocks on the network: the broker's name is looked up on a thread that lasts as long as the
 * resolver takes, at most one a client, and that is left behind when the client is destroyed first. The
 * program (or the calling thread) must ignore or block SIGPIPE. */
#ifndef BUSWARDEN_MQTT_H
#define BUSWARDEN_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mqtt;

struct mqtt_config {
    const char *host;
    int port;
    const char *client_id;
    bool clean_session;
    int keepalive_s; /* 0 = 30 */
    /* TLS 1.2+: all three or none. The server's name is verified. */
    const char *ca_file, *cert_file, *key_file;
    const char *will_topic; /* NULL = no will; else retained, QoS 1 */
    const uint8_t *will_payload;
    size_t will_len;
};

/* Called from mqtt_step() only. up(), message() and acknowledged() may publish and subscribe, but must not
 * call mqtt_disconnect() or mqtt_destroy(); down() may call mqtt_connect(). */
struct mqtt_handlers {
    void *context;
    void (*up)(void *context);                       /* CONNACK received */
    void (*down)(void *context, const char *reason); /* was up, or never came up */
    void (*message)(void *context, const char *topic, const uint8_t *payload, size_t len, bool retained);
    void (*acknowledged)(void *context, int id); /* NULL = not wanted. The broker has this message */
};

/* Copies all that `config` points at. -EINVAL for a missing host, an impossible port or half a TLS set, -EIO,
 * -ENOMEM. */
int mqtt_create(const struct mqtt_config *config, const struct mqtt_handlers *handlers, struct mqtt **ret);
void mqtt_destroy(struct mqtt *mqtt);

/* Begin to connect; the outcome comes through up() or down() within 15 s. 0 or a negative errno: then
 * mqtt_reason() has the words and neither is called. -EALREADY while connected or connecting. */
int mqtt_connect(struct mqtt *mqtt);
/* Say goodbye (no will is sent) and drop the connection; down() is not called. */
void mqtt_disconnect(struct mqtt *mqtt);
bool mqtt_is_up(const struct mqtt *mqtt);
/* Wait up to timeout_ms for the socket or wake_fd (-1: none; an eventfd that this drains) and handle what
 * came. */
void mqtt_step(struct mqtt *mqtt, int timeout_ms, int wake_fd);
/* For a loop over many clients: the descriptor to wait for and poll()'s events; -1: none now. When it is
 * ready, and once a second in any case, call mqtt_step() with timeout 0. */
int mqtt_fd(struct mqtt *mqtt, short *ret_events);
/* QoS 1. -ENOTCONN while down, -EMSGSIZE, -ENOMEM. 0 says nothing about delivery: acknowledged() does, of
 * *ret_id, 1..65535, which no other message under way in this connection has. Brokers acknowledge in any
 * order (MQTT 3.1.1, 4.6, binds the client; RabbitMQ confirms what its queues have first). ret_id NULL = not
 * wanted. */
int mqtt_publish(struct mqtt *mqtt, const char *topic, const uint8_t *payload, size_t len, bool retain,
                 int *ret_id);
int mqtt_subscribe(struct mqtt *mqtt, const char *filter);
/* Published in this connection and not yet acknowledged by the broker. */
size_t mqtt_in_flight(const struct mqtt *mqtt);
const char *mqtt_reason(const struct mqtt *mqtt); /* of the last failure */

#endif
