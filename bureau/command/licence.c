/* licence, orders */
#include "bureau/command/issue.h"
#include "proto/mqtt.h"
#include "proto/savefile.h"
#include "proto/topic.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PUBLISH_TIMEOUT_MS = 10000, STEP_MS = 100 };

/* --- from a folder to a file --- */

static int to_file(enum issued_kind kind, const char *dir, const char *vehicle, const char *key_path,
                   const char *out)
{
    struct seal_key key = {0};
    struct registry *registry = NULL;
    struct wire_bytes sealed = {0};
    int status = key_path ? issue_load_secret(key_path, &key) : EXIT_DONE;
    const uint64_t version = (uint64_t)(command_now_utc_ms() / 1000);
    if (status == EXIT_DONE)
        status = command_registry(dir, &registry);
    if (status == EXIT_DONE)
        status = issue_make(registry, kind, vehicle, version, true, key_path ? &key : NULL, &sealed);
    if (status == EXIT_DONE) {
        const int err = savefile_write(out, 0644, true, sealed.data, sealed.len);
        if (err < 0) {
            (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", out, strerror(-err));
            status = EXIT_CANNOT;
        } else {
            (void)printf("%s: %s of %s, version %llu%s\n", out, issued_name(kind), vehicle,
                         (unsigned long long)version, key_path ? "" : ", unsigned");
        }
    }
    wire_bytes_free(&sealed);
    registry_free(registry);
    seal_key_wipe(&key);
    return status;
}

/* --- from the store to the store, and to the broker --- */

struct session {
    struct mqtt *mqtt;
    bool is_up, is_down;
};

static void on_up(void *context)
{
    ((struct session *)context)->is_up = true;
}

static void on_down(void *context, const char *reason)
{
    (void)reason; /* mqtt_reason() keeps it */
    ((struct session *)context)->is_down = true;
}

static void on_message(void *context, const char *topic, const uint8_t *payload, size_t len, bool retained)
{
    (void)context, (void)topic, (void)payload, (void)len, (void)retained; /* nothing was subscribed to */
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True when the broker has acknowledged. */
static bool deliver(struct session *session, const char *topic, const struct wire_bytes *sealed)
{
    const int64_t deadline_ms = monotonic_ms() + PUBLISH_TIMEOUT_MS;
    if (mqtt_connect(session->mqtt) < 0)
        return false;
    while (!session->is_up && !session->is_down && monotonic_ms() < deadline_ms)
        mqtt_step(session->mqtt, STEP_MS, -1);
    if (!session->is_up || mqtt_publish(session->mqtt, topic, sealed->data, sealed->len, true, NULL) < 0)
        return false;
    while (mqtt_in_flight(session->mqtt) > 0 && !session->is_down && monotonic_ms() < deadline_ms)
        mqtt_step(session->mqtt, STEP_MS, -1);
    return !session->is_down && mqtt_in_flight(session->mqtt) == 0;
}

static int publish(const struct bureau_config *config, enum issued_kind kind, const char *division,
                   const char *vehicle, const struct wire_bytes *sealed)
{
    char topic_text[TOPIC_MAX], client_id[BUREAU_TEXT_MAX + 32];
    struct topic topic = {.channel = issued_channel(kind)};
    struct session session = {0};
    const struct mqtt_handlers handlers = {
        .context = &session, .up = on_up, .down = on_down, .message = on_message};
    (void)snprintf(topic.division, sizeof(topic.division), "%s", division);
    (void)snprintf(topic.vehicle, sizeof(topic.vehicle), "%s", vehicle);
    /* An id of its own: the broker would throw out a running ingest of the same name. */
    (void)snprintf(client_id, sizeof(client_id), "%s-%s-%ld", config->broker_client_id, issued_name(kind),
                   (long)getpid());
    const struct mqtt_config mqtt = {
        .host = config->broker_host,
        .port = config->broker_port,
        .client_id = client_id,
        .clean_session = true,
        .ca_file = config->broker_ca[0] ? config->broker_ca : NULL,
        .cert_file = config->broker_cert[0] ? config->broker_cert : NULL,
        .key_file = config->broker_key[0] ? config->broker_key : NULL,
    };
    (void)signal(SIGPIPE, SIG_IGN); /* mqtt.h asks for it */
    if (topic_format(&topic, topic_text) < 0 || mqtt_create(&mqtt, &handlers, &session.mqtt) < 0) {
        (void)fprintf(stderr, "buswarden-bureau: the [broker] settings cannot be used\n");
        return EXIT_USAGE;
    }
    const bool delivered = deliver(&session, topic_text, sealed);
    if (!delivered)
        (void)fprintf(
            stderr,
            "buswarden-bureau: %s:%d: not published: %s (it is stored, and sent when the vehicle shows"
            " an older one)\n",
            config->broker_host, config->broker_port,
            mqtt_reason(session.mqtt)[0] ? mqtt_reason(session.mqtt) : "no answer within 10 s");
    mqtt_disconnect(session.mqtt);
    mqtt_destroy(session.mqtt);
    return delivered ? EXIT_DONE : EXIT_CANNOT;
}

static int issue(struct store *store, enum issued_kind kind, const char *vehicle, const struct seal_key *key,
                 uint64_t *ret_version, struct wire_bytes *ret)
{
    struct registry *registry = NULL;
    if (store_begin(store) < 0 || store_registry_load(store, &registry) < 0)
        return command_store_failed(store, issued_name(kind));
    int status = issue_next(store, registry, kind, vehicle, key, ret_version, ret);
    registry_free(registry);
    if (status == EXIT_DONE && store_commit(store) < 0)
        status = command_store_failed(store, issued_name(kind));
    return status; /* closing the store rolls back what was not committed */
}

static int to_vehicle(const struct command *self, enum issued_kind kind, const char *config_path,
                      const char *vehicle, bool send)
{
    struct bureau_config config;
    struct seal_key key = {0};
    struct store *store = NULL;
    struct wire_bytes sealed = {0};
    char division[BW_DIVISION_LEN];
    uint64_t version = 0;
    int status = command_config(self, config_path, &config);
    if (status == EXIT_DONE)
        status = issue_configured_secret(config_path, &config, &key);
    if (status == EXIT_DONE)
        status = command_store(&config, &store);
    if (status == EXIT_DONE)
        status = issue(store, kind, vehicle, &key, &version, &sealed);
    if (status == EXIT_DONE)
        (void)printf("%s of %s, version %llu\n", issued_name(kind), vehicle, (unsigned long long)version);
    if (status == EXIT_DONE && send) {
        status = store_vehicle_division(store, vehicle, division) < 0
                     ? command_store_failed(store, issued_name(kind))
                     : publish(&config, kind, division, vehicle, &sealed);
    }
    wire_bytes_free(&sealed);
    store_close(store);
    seal_key_wipe(&key);
    return status;
}

static int run(const struct command *self, enum issued_kind kind, int argc, char **argv)
{
    const char *vehicle, *config = NULL, *registry = NULL, *out = NULL, *key = NULL;
    bool send = false;
    const struct command_option options[] = {{"config", &config, NULL},
                                             {"registry", &registry, NULL},
                                             {"out", &out, NULL},
                                             {"key", &key, NULL},
                                             {"publish", NULL, &send}};
    int status;
    if (!command_parse(self, argc, argv, options, sizeof(options) / sizeof(options[0]), &vehicle, 1, &status))
        return status;
    if (registry == NULL && (out != NULL || key != NULL))
        return command_wrong(self, "--out and --key go with --registry");
    if (registry == NULL)
        return to_vehicle(self, kind, config, vehicle, send);
    if (config != NULL || send)
        return command_wrong(self, "--registry needs neither --config nor --publish");
    if (out == NULL)
        return command_wrong(self, "--out FILE is missing");
    return to_file(kind, registry, vehicle, key, out);
}

static int run_licence(const struct command *self, int argc, char **argv)
{
    return run(self, ISSUED_LICENCE, argc, argv);
}

static int run_orders(const struct command *self, int argc, char **argv)
{
    return run(self, ISSUED_ORDERS, argc, argv);
}

#define OPTIONS                                                                                              \
    "OPTIONS\n"                                                                                              \
    "    --config FILE    the bureau's configuration\n"                                                      \
    "    --publish        send it to the broker now, and wait up to 10 s until that has it\n"                \
    "    --registry DIR   a registry folder (docs/registry.md)\n"                                            \
    "    --out FILE       where it goes\n"                                                                   \
    "    --key SECRET     sign with this secret key; else it is unsigned\n\n"                                \
    "EXIT STATUS\n"                                                                                          \
    "    0 done; 2 wrong use, no such vehicle, faults in the files; 3 store, file or broker fail.\n"

const struct command COMMAND_LICENCE = {
    .name = "licence",
    .summary = "issue a vehicle's licence",
    .run = run_licence,
    .manual =
        "NAME\n"
        "    buswarden-bureau licence - issue what a vehicle is allowed: permits, routes, capacity\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau licence VEHICLE --config FILE [--publish]\n"
        "    buswarden-bureau licence VEHICLE --registry DIR --out FILE [--key SECRET]\n\n"
        "DESCRIPTION\n"
        "    The first form takes the registry of the store, signs the licence with the bureau's key and\n"
        "    keeps it; a running bureau sends it to the vehicle within seconds, and again whenever that\n"
        "    shows an older one. The version is above every earlier one, and at least the seconds since "
        "1970.\n"
        "    The second form makes a file straight from a registry folder, without store and "
        "broker.\n\n" OPTIONS,
};

const struct command COMMAND_ORDERS = {
    .name = "orders",
    .summary = "issue the orders for a vehicle",
    .run = run_orders,
    .manual =
        "NAME\n"
        "    buswarden-bureau orders - issue what is ordered: exemptions from the route, lower limits\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau orders VEHICLE --config FILE [--publish]\n"
        "    buswarden-bureau orders VEHICLE --registry DIR --out FILE [--key SECRET]\n\n"
        "DESCRIPTION\n"
        "    All orders that concern the vehicle (orders.geojson, docs/registry.md). `import` issues them "
        "to\n"
        "    every vehicle whose orders changed, so that this is seldom needed.\n"
        "    The first form takes the registry of the store, signs the orders with the bureau's key and\n"
        "    keeps them; a running bureau sends them to the vehicle within seconds, and again whenever that\n"
        "    shows older ones. The version is above every earlier one, and at least the seconds since 1970.\n"
        "    The second form makes a file straight from a registry folder, without store and broker. Orders\n"
        "    that have ended stand in it too, for recordings; the first form leaves them out.\n\n" OPTIONS,
};
