/* The client at a broker that acknowledges in an order of its own, as RabbitMQ does. */
#include "proto/mqtt.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGES = 3, STEPS_MAX = 1000, STEP_MS = 50, CONNECT = 0x10, PUBLISH = 0x30, PUBACK = 0x40 };

static struct told {
    bool up;
    int ids[MESSAGES + 1];
    size_t n;
} told;

static void on_up(void *context)
{
    ((struct told *)context)->up = true;
}

static void on_down(void *context, const char *reason)
{
    (void)context;
    cr_assert_fail("%s", reason);
}

static void on_message(void *context, const char *topic, const uint8_t *payload, size_t len, bool retained)
{
    (void)context, (void)topic, (void)payload, (void)len, (void)retained;
}

static void on_acknowledged(void *context, int id)
{
    struct told *all = context;
    cr_assert_lt(all->n, MESSAGES);
    all->ids[all->n++] = id;
}

static int listen_at(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* One packet of less than 128 bytes, for which the client gets its turns. */
static size_t take_packet(struct mqtt *mqtt, int fd, uint8_t packet[128])
{
    size_t len = 0;
    for (int i = 0; i < STEPS_MAX && (len < 2 || len < 2U + packet[1]); i++) {
        mqtt_step(mqtt, STEP_MS, -1);
        const ssize_t n = recv(fd, packet + len, len < 2 ? 2 - len : 2U + packet[1] - len, MSG_DONTWAIT);
        if (n > 0)
            len += (size_t)n;
    }
    cr_assert(len >= 2 && len == 2U + packet[1], "%zu bytes of a packet", len);
    return len;
}

static int take_publish(struct mqtt *mqtt, int fd)
{
    uint8_t packet[128];
    const size_t len = take_packet(mqtt, fd, packet);
    const size_t at = 4 + (size_t)(packet[2] << 8 | packet[3]);
    cr_assert_eq(packet[0] & 0xf0, PUBLISH);
    cr_assert_lt(at + 1, len);
    return packet[at] << 8 | packet[at + 1];
}

static void give(int fd, const uint8_t *packet, size_t len)
{
    cr_assert_eq(send(fd, packet, len, MSG_NOSIGNAL), (ssize_t)len);
}

static int accept_client(struct mqtt *mqtt, int listener)
{
    static const uint8_t connack[] = {0x20, 2, 0, 0};
    uint8_t packet[128];
    const int fd = accept(listener, NULL, NULL);
    cr_assert_geq(fd, 0);
    take_packet(mqtt, fd, packet);
    cr_assert_eq(packet[0], CONNECT);
    give(fd, connack, sizeof connack);
    for (int i = 0; i < STEPS_MAX && !told.up; i++)
        mqtt_step(mqtt, STEP_MS, -1);
    cr_assert(told.up);
    return fd;
}

Test(mqtt_acknowledged, each_message_is_told_by_its_own_id_in_the_brokers_order)
{
    int port, ids[MESSAGES];
    struct mqtt *mqtt;
    const int listener = listen_at(&port);
    const struct mqtt_config config = {
        .host = "127.0.0.1", .port = port, .client_id = "a", .clean_session = true};
    const struct mqtt_handlers handlers = {.context = &told,
                                           .up = on_up,
                                           .down = on_down,
                                           .message = on_message,
                                           .acknowledged = on_acknowledged};
    cr_assert_eq(mqtt_create(&config, &handlers, &mqtt), 0);
    cr_assert_eq(mqtt_connect(mqtt), 0);
    const int fd = accept_client(mqtt, listener);
    for (size_t i = 0; i < MESSAGES; i++) {
        cr_assert_eq(mqtt_publish(mqtt, "t", (const uint8_t *)"x", 1, false, &ids[i]), 0);
        cr_expect_eq(take_publish(mqtt, fd), ids[i], "message %zu", i);
    }
    cr_expect_eq(mqtt_in_flight(mqtt), MESSAGES);
    for (size_t i = MESSAGES; i-- > 0;) {
        const uint8_t puback[] = {PUBACK, 2, (uint8_t)(ids[i] >> 8), (uint8_t)ids[i]};
        give(fd, puback, sizeof puback);
        give(fd, puback, sizeof puback); /* of a message that is not under way: tells of nothing */
    }
    for (int i = 0; i < STEPS_MAX && told.n < MESSAGES; i++)
        mqtt_step(mqtt, STEP_MS, -1);
    cr_assert_eq(told.n, MESSAGES);
    for (size_t i = 0; i < MESSAGES; i++)
        cr_expect_eq(told.ids[i], ids[MESSAGES - 1 - i], "acknowledged %zu", i);
    cr_expect_eq(mqtt_in_flight(mqtt), 0);
    mqtt_destroy(mqtt);
    (void)close(fd);
    (void)close(listener);
}
