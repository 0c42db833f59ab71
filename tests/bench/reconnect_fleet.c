/* N vehicles for tests/bench/reconnect, in one process, until end of input.
 *
 *     bench_reconnect_fleet RULE N PORT DIRECTORY CA CERT KEY
 *
 * RULE is how they reconnect: uplink-MS is the real uplink with that first ceiling. The peers are what is
 * usual, on the same client: fixed (after 1 s) and exponential (1 s, doubling to 30 s, without jitter, from
 * the beginning after a success), as mosquitto_reconnect_delay_set() has them. libmosquitto's own loop is no
 * peer: over TLS it ends for ever when the broker is not there. Prints "ready" when all were told to connect.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/uplink/uplink.h"

enum {
    SPACING_NS = 5000000,
    STEP_MS = 1000,
    EXPONENTIAL_MAX_S = 30,
    EXPONENTIAL_SHIFT_MAX = 5,
    PATH_LEN = 256
};

static struct seal_key key; /* one for all: nobody checks it here */

static void die(const char *what, int rc)
{
    (void)fprintf(stderr, "bench_reconnect_fleet: %s: %d\n", what, rc);
    exit(3);
}

static int on_issued(void *context, enum issued_kind kind, const uint8_t *sealed, size_t len)
{
    (void)context, (void)kind, (void)sealed, (void)len;
    return 0;
}

static void start_vehicle(const char *vehicle, uint32_t base_ms, char **argv)
{
    char path[PATH_LEN];
    bool set_aside;
    struct outbox *outbox;
    struct uplink *uplink; /* lives as long as the process */
    struct uplink_config config = {
        .mqtt = {.host = "localhost",
                 .port = (int)strtol(argv[3], NULL, 10),
                 .ca_file = argv[5],
                 .cert_file = argv[6],
                 .key_file = argv[7]},
        .outbox = {.path = path, .division = "331023", .vehicle = vehicle, .key = &key},
        .backoff_base_ms = base_ms,
        .on_issued = on_issued,
    };
    (void)snprintf(path, sizeof path, "%s/%s.db", argv[4], vehicle);
    int rc = outbox_open(&config.outbox, &outbox, &set_aside);
    if (rc == 0)
        rc = uplink_start(&config, &uplink);
    if (rc < 0)
        die(vehicle, rc);
    outbox_close(outbox);
}

/* ---- the peers ---- */

struct peer {
    struct mqtt *mqtt;
    bool exponential;
    uint32_t failures;
    int64_t connect_at_ms; /* -1 = connecting or connected */
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_up(void *context)
{
    ((struct peer *)context)->failures = 0;
}

static void on_down(void *context, const char *reason)
{
    struct peer *peer = context;
    const int64_t grown_s = INT64_C(1) << (peer->exponential ? peer->failures : 0);
    (void)reason;
    peer->failures += peer->failures < EXPONENTIAL_SHIFT_MAX;
    peer->connect_at_ms = monotonic_ms() + 1000 * (grown_s < EXPONENTIAL_MAX_S ? grown_s : EXPONENTIAL_MAX_S);
}

static void on_message(void *context, const char *topic, const uint8_t *payload, size_t len, bool retained)
{
    (void)context, (void)topic, (void)payload, (void)len, (void)retained;
}

static void *run_peer(void *argument)
{
    struct peer *peer = argument;
    for (;;) {
        const int64_t now_ms = monotonic_ms();
        if (peer->connect_at_ms >= 0 && now_ms >= peer->connect_at_ms) {
            peer->connect_at_ms = -1;
            if (mqtt_connect(peer->mqtt) < 0)
                on_down(peer, "");
        }
        const int64_t wait_ms = peer->connect_at_ms < 0 ? STEP_MS : peer->connect_at_ms - now_ms;
        mqtt_step(peer->mqtt, (int)(wait_ms < 0 ? 0 : wait_ms), -1);
    }
    return NULL;
}

static void start_peer(const char *vehicle, bool exponential, char **argv)
{
    const struct mqtt_config config = {.host = "localhost",
                                       .port = (int)strtol(argv[3], NULL, 10),
                                       .client_id = vehicle,
                                       .clean_session = true,
                                       .ca_file = argv[5],
                                       .cert_file = argv[6],
                                       .key_file = argv[7]};
    struct peer *peer = calloc(1, sizeof *peer);
    pthread_t thread;
    if (peer == NULL)
        die("peer", -ENOMEM);
    peer->exponential = exponential;
    const struct mqtt_handlers handlers = {
        .context = peer, .up = on_up, .down = on_down, .message = on_message};
    int rc = mqtt_create(&config, &handlers, &peer->mqtt);
    if (rc == 0)
        rc = -pthread_create(&thread, NULL, run_peer, peer);
    if (rc < 0)
        die(vehicle, rc);
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        (void)fputs("usage: bench_reconnect_fleet RULE N PORT DIRECTORY CA CERT KEY\n", stderr);
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (seal_init() < 0)
        return 3;
    seal_key_generate(&key);
    const bool real = strncmp(argv[1], "uplink-", 7) == 0;
    const long n = strtol(argv[2], NULL, 10);
    for (long i = 0; i < n; i++) {
        char vehicle[32];
        (void)snprintf(vehicle, sizeof vehicle, "bus-%ld", i);
        if (real)
            start_vehicle(vehicle, (uint32_t)strtoul(argv[1] + 7, NULL, 10), argv);
        else
            start_peer(vehicle, strcmp(argv[1], "exponential") == 0, argv);
        (void)nanosleep(&(struct timespec){.tv_nsec = SPACING_NS}, NULL); /* no storm to begin with */
    }
    (void)puts("ready");
    (void)fflush(stdout);
    while (getchar() != EOF)
        ;
    exit(0); /* they are not said goodbye to one by one */
}
