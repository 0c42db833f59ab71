/* The uplink and its MQTT client without a broker; with one, see tests/integration/uplink. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/uplink/uplink.h"

static char directory[64];
static char path[96];
static struct seal_key key;
static struct uplink_config config;

static int on_issued(void *context, enum issued_kind kind, const uint8_t *sealed, size_t len)
{
    (void)context, (void)kind, (void)sealed, (void)len;
    return 0;
}

static void set_up(void)
{
    cr_assert_eq(seal_init(), 0);
    strcpy(directory, "/tmp/buswarden-uplink-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/outbox.db", directory);
    seal_key_generate(&key);
    config = (struct uplink_config){
        .mqtt = {.host = "127.0.0.1", .port = 1}, /* nobody listens there */
        .outbox = {.path = path, .division = "331023", .vehicle = "bus-1", .key = &key},
        .on_issued = on_issued,
    };
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(uplink, .init = set_up, .fini = tear_down);

static struct outbox *make_outbox(void)
{
    struct outbox *outbox;
    bool set_aside;
    cr_assert_eq(outbox_open(&config.outbox, &outbox, &set_aside), 0);
    return outbox;
}

Test(uplink, needs_an_outbox_that_was_made)
{
    struct uplink *uplink;
    cr_assert_eq(uplink_start(&config, &uplink), -ENOENT);
}

Test(uplink, refuses_a_vehicle_or_division_that_cannot_stand_in_a_topic)
{
    static const char *const table[][2] = {
        {"331023", "bus.1"}, {"331023", "bus/1"}, {"331023", ""}, {"33#", "bus-1"}, {"331023", "+"}};
    struct uplink *uplink;
    outbox_close(make_outbox());
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        config.outbox.division = table[i][0];
        config.outbox.vehicle = table[i][1];
        cr_assert_eq(uplink_start(&config, &uplink), -EINVAL, "row %zu", i);
    }
}

Test(uplink, without_a_broker_says_why_keeps_all_and_stops_when_told)
{
    struct outbox *outbox = make_outbox();
    const struct bw_alert alert = {
        .kind = BW_OVERLOAD, .phase = BW_RAISED, .severity = BW_MINOR, .number = 1};
    cr_assert_eq(outbox_append_alert(outbox, &alert, 1), 0);

    struct uplink *uplink;
    struct uplink_stats stats = {0};
    cr_assert_eq(uplink_start(&config, &uplink), 0);
    uplink_wake(uplink);
    uplink_presence(uplink, &(struct bw_presence){.capacity = 19});
    while (stats.reason[0] == '\0') {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        uplink_stats(uplink, &stats);
    }
    cr_assert_not(stats.connected);
    cr_assert_eq(stats.connects, 0);
    cr_assert_eq(stats.sent[0], 0);
    cr_assert_str_eq(stats.reason, "Connection refused");
    uplink_stop(uplink);

    struct outbox_depth depth;
    cr_assert_eq(outbox_depth(outbox, BW_RECORD_ALERT, &depth), 0);
    cr_assert_eq(depth.records, 1);
    outbox_close(outbox);
}

Test(uplink, turns_on_while_nothing_is_to_be_done)
{
    struct outbox *outbox = make_outbox();
    struct uplink *uplink;
    struct uplink_stats stats = {0};
    cr_assert_eq(uplink_start(&config, &uplink), 0);
    while (stats.turns < 5) { /* a test that hangs is ended by its timeout */
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        uplink_stats(uplink, &stats);
    }
    uplink_stop(uplink);
    outbox_close(outbox);
}

/* ---- the client ---- */

static void nothing(void *context)
{
    (void)context;
}

static void note_down(void *context, const char *reason)
{
    snprintf(context, 64, "%s", reason);
}

static void no_message(void *context, const char *topic, const uint8_t *payload, size_t len, bool retained)
{
    (void)context, (void)topic, (void)payload, (void)len, (void)retained;
}

Test(mqtt, refuses_an_impossible_configuration)
{
    static const struct mqtt_config table[] = {
        {.host = NULL, .port = 1883, .client_id = "a"},
        {.host = "localhost", .port = 0, .client_id = "a"},
        {.host = "localhost", .port = 65536, .client_id = "a"},
        {.host = "localhost", .port = 8883, .client_id = "a", .ca_file = "ca.pem"},
        {.host = "localhost", .port = 8883, .client_id = "a", .cert_file = "cert.pem", .key_file = "key.pem"},
    };
    const struct mqtt_handlers handlers = {.up = nothing, .down = note_down, .message = no_message};
    struct mqtt *mqtt;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        cr_assert_eq(mqtt_create(&table[i], &handlers, &mqtt), -EINVAL, "row %zu", i);
}

Test(mqtt, sends_nothing_and_queues_nothing_while_down)
{
    char reason[64] = "";
    const struct mqtt_config mqtt_config = {
        .host = "127.0.0.1", .port = 1, .client_id = "a", .clean_session = true};
    const struct mqtt_handlers handlers = {
        .context = reason, .up = nothing, .down = note_down, .message = no_message};
    struct mqtt *mqtt;
    cr_assert_eq(mqtt_create(&mqtt_config, &handlers, &mqtt), 0);
    cr_assert_eq(mqtt_publish(mqtt, "t", (const uint8_t *)"x", 1, false, NULL), -ENOTCONN);
    cr_assert_eq(mqtt_subscribe(mqtt, "t"), -ENOTCONN);

    /* The refusal comes from mqtt_connect() or from the steps after it, never both. */
    const int rc = mqtt_connect(mqtt);
    for (int i = 0; rc == 0 && reason[0] == '\0' && i < 100; i++)
        mqtt_step(mqtt, 100, -1);
    cr_assert(rc < 0 || strcmp(reason, "Connection refused") == 0, "%s", reason);
    cr_assert_str_eq(mqtt_reason(mqtt), "Connection refused");
    cr_assert_not(mqtt_is_up(mqtt));
    mqtt_destroy(mqtt);
}

Test(mqtt, a_missing_certificate_file_is_a_reason_and_not_a_crash)
{
    const struct mqtt_config mqtt_config = {.host = "127.0.0.1",
                                            .port = 1,
                                            .client_id = "a",
                                            .clean_session = true,
                                            .ca_file = "/nonexistent/ca",
                                            .cert_file = "/nonexistent/cert",
                                            .key_file = "/nonexistent/key"};
    const struct mqtt_handlers handlers = {.up = nothing, .down = note_down, .message = no_message};
    struct mqtt *mqtt;
    cr_assert_eq(mqtt_create(&mqtt_config, &handlers, &mqtt), 0);
    cr_assert_eq(mqtt_connect(mqtt), -ENOENT);
    cr_assert_str_eq(mqtt_reason(mqtt), "/nonexistent/ca: No such file or directory");
    mqtt_destroy(mqtt);
}
