#include "proto/mqtt.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mosquitto.h>

enum {
    KEEPALIVE_DEFAULT_S = 30,
    CONNACK_TIMEOUT_MS = 15000, /* a black-holed connect, a stuck handshake and a mute broker all end here */
    MISC_INTERVAL_MS = 1000,    /* libmosquitto's keepalive wants to be looked at about once a second */
    QOS = 1,
    IN_FLIGHT_MAX =
        UINT16_MAX, /* no cap below the protocol's: 0 would stop 2.0's client, and callers have a window */
    TLS_VERIFY_PEER = 1,
    SUBACK_FAILURE = 0x80,
    REASON_LEN = 160,
    DETAIL_LEN = REASON_LEN - 8, /* leaves room for "TLS: " */
    KEPT_MAX = 7,                /* pointers in struct mqtt_config */
};

enum state { DOWN, CONNECTING, UP };

struct mqtt {
    struct mqtt_config config; /* its pointers are copies, listed in kept */
    void *kept[KEPT_MAX];
    size_t n_kept;
    bool out_of_memory;
    struct mqtt_handlers handlers;
    struct mosquitto
        *client; /* lives from mqtt_connect() to the failure or the disconnect: nothing outlives a session */
    enum state state;
    bool writable;           /* the TCP connect has ended */
    int64_t connected_by;    /* monotonic ms: CONNACK must be here by then */
    size_t in_flight;        /* published, no PUBACK yet */
    int failure;             /* MOSQ_ERR_ of a call made between two steps; reported by the next step */
    char detail[DETAIL_LEN]; /* libmosquitto's first error line since mqtt_connect(): all that it says about
                                TLS */
    char reason[REASON_LEN];
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static int library_rc;

static void library_init(void)
{
    library_rc = mosquitto_lib_init();
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Keep the words of an error, and give the errno for it. Reads errno first: MOSQ_ERR_ERRNO means "see there".
 */
static int fail(struct mqtt *mqtt, int rc)
{
    int saved = errno;
    const char *words = rc == MOSQ_ERR_ERRNO ? strerror(saved) : mosquitto_strerror(rc);
    if (rc == MOSQ_ERR_EAI)
        words = "the broker's name cannot be resolved";
    else if (rc == MOSQ_ERR_TLS && mqtt->detail[0] != '\0')
        words = mqtt->detail;
    (void)snprintf(mqtt->reason, sizeof mqtt->reason, "%s%s", rc == MOSQ_ERR_TLS ? "TLS: " : "", words);

    switch (rc) {
    case MOSQ_ERR_NOMEM:
        return -ENOMEM;
    case MOSQ_ERR_INVAL:
        return -EINVAL;
    case MOSQ_ERR_NO_CONN:
    case MOSQ_ERR_CONN_LOST:
        return -ENOTCONN;
    case MOSQ_ERR_PAYLOAD_SIZE:
    case MOSQ_ERR_OVERSIZE_PACKET:
        return -EMSGSIZE;
    case MOSQ_ERR_ERRNO:
        return saved > 0 ? -saved : -EIO;
    default:
        return -EIO;
    }
}

static void drop_client(struct mqtt *mqtt)
{
    mosquitto_destroy(mqtt->client);
    mqtt->client = NULL;
    mqtt->state = DOWN;
    mqtt->failure = MOSQ_ERR_SUCCESS;
}

static void go_down(struct mqtt *mqtt)
{
    drop_client(mqtt);
    mqtt->handlers.down(mqtt->handlers.context, mqtt->reason);
}

/* ---- libmosquitto's callbacks: they run inside mosquitto_loop_read(), where the client must not be
 * destroyed ---- */

static void on_connect(struct mosquitto *client, void *context, int code)
{
    struct mqtt *mqtt = context;
    (void)client;
    if (code != 0) { /* mosquitto_loop_read() fails next; the broker's word is the better reason */
        (void)snprintf(mqtt->reason, sizeof mqtt->reason, "%s", mosquitto_connack_string(code));
        return;
    }
    mqtt->state = UP;
    mqtt->reason[0] = '\0';
    mqtt->handlers.up(mqtt->handlers.context);
}

static void on_publish(struct mosquitto *client, void *context, int mid)
{
    struct mqtt *mqtt = context;
    (void)client, (void)mid;
    mqtt->in_flight--;
}

static void on_message(struct mosquitto *client, void *context, const struct mosquitto_message *message)
{
    struct mqtt *mqtt = context;
    (void)client;
    mqtt->handlers.message(mqtt->handlers.context, message->topic, message->payload,
                           (size_t)message->payloadlen, message->retain);
}

static void on_log(struct mosquitto *client, void *context, int level, const char *line)
{
    struct mqtt *mqtt = context;
    (void)client;
    if (level == MOSQ_LOG_ERR && mqtt->detail[0] == '\0')
        (void)snprintf(mqtt->detail, sizeof mqtt->detail, "%s", line);
}

/* A refused subscription means a session that can never do its work: end it, with the reason. */
static void on_subscribe(struct mosquitto *client, void *context, int mid, int count, const int *granted)
{
    struct mqtt *mqtt = context;
    (void)client, (void)mid;
    for (int i = 0; i < count; i++) {
        if (granted[i] < SUBACK_FAILURE)
            continue;
        mqtt->failure = MOSQ_ERR_ACL_DENIED;
        (void)snprintf(mqtt->reason, sizeof mqtt->reason, "the broker refuses a subscription");
    }
}

/* ---- life ---- */

/* A copy that lives as long as the client. NULL stays NULL. */
static void *keep(struct mqtt *mqtt, const void *bytes, size_t len)
{
    if (bytes == NULL)
        return NULL;
    void *copy = malloc(len);
    if (copy == NULL) {
        mqtt->out_of_memory = true;
        return NULL;
    }
    memcpy(copy, bytes, len);
    mqtt->kept[mqtt->n_kept++] = copy;
    return copy;
}

static char *keep_text(struct mqtt *mqtt, const char *text)
{
    return keep(mqtt, text, text == NULL ? 0 : strlen(text) + 1);
}

static int keep_config(struct mqtt *mqtt, const struct mqtt_config *from)
{
    mqtt->config = (struct mqtt_config){
        .host = keep_text(mqtt, from->host),
        .port = from->port,
        .client_id = keep_text(mqtt, from->client_id),
        .clean_session = from->clean_session,
        .keepalive_s = from->keepalive_s == 0 ? KEEPALIVE_DEFAULT_S : from->keepalive_s,
        .ca_file = keep_text(mqtt, from->ca_file),
        .cert_file = keep_text(mqtt, from->cert_file),
        .key_file = keep_text(mqtt, from->key_file),
        .will_topic = keep_text(mqtt, from->will_topic),
        .will_payload = keep(mqtt, from->will_payload, from->will_len),
        .will_len = from->will_len,
    };
    return mqtt->out_of_memory ? -ENOMEM : 0;
}

int mqtt_create(const struct mqtt_config *config, const struct mqtt_handlers *handlers, struct mqtt **ret)
{
    bool any_tls = config->ca_file != NULL || config->cert_file != NULL || config->key_file != NULL;
    bool all_tls = config->ca_file != NULL && config->cert_file != NULL && config->key_file != NULL;
    if (config->host == NULL || config->port < 1 || config->port > UINT16_MAX || any_tls != all_tls)
        return -EINVAL;

    pthread_once(&library_once, library_init);
    if (library_rc != MOSQ_ERR_SUCCESS)
        return -EIO;

    struct mqtt *mqtt = calloc(1, sizeof *mqtt);
    if (mqtt == NULL)
        return -ENOMEM;
    int rc = keep_config(mqtt, config);
    if (rc < 0) {
        mqtt_destroy(mqtt);
        return rc;
    }
    mqtt->handlers = *handlers;
    *ret = mqtt;
    return 0;
}

void mqtt_destroy(struct mqtt *mqtt)
{
    if (mqtt == NULL)
        return;
    drop_client(mqtt);
    for (size_t i = 0; i < mqtt->n_kept; i++)
        free(mqtt->kept[i]);
    free(mqtt);
}

/* Everything that a new client is told before it connects. */
static int set_up_client(struct mqtt *mqtt)
{
    const struct mqtt_config *config = &mqtt->config;
    struct mosquitto *client = mqtt->client;
    mosquitto_log_callback_set(client, on_log);
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_publish_callback_set(client, on_publish);
    mosquitto_message_callback_set(client, on_message);
    mosquitto_subscribe_callback_set(client, on_subscribe);

    int rc = mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, IN_FLIGHT_MAX);
    if (rc == MOSQ_ERR_SUCCESS && config->will_topic != NULL)
        rc = mosquitto_will_set(client, config->will_topic, (int)config->will_len, config->will_payload, QOS,
                                true);
    if (rc == MOSQ_ERR_SUCCESS && config->ca_file != NULL) {
        rc = mosquitto_tls_set(client, config->ca_file, NULL, config->cert_file, config->key_file, NULL);
        if (rc == MOSQ_ERR_SUCCESS)
            rc = mosquitto_tls_opts_set(client, TLS_VERIFY_PEER, "tlsv1.2", NULL); /* 1.2 and later */
    }
    return rc;
}

/* libmosquitto would say "invalid arguments". */
static int check_files(struct mqtt *mqtt)
{
    const char *const files[] = {mqtt->config.ca_file, mqtt->config.cert_file, mqtt->config.key_file};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i] == NULL || access(files[i], R_OK) == 0)
            continue;
        const int error = errno;
        (void)snprintf(mqtt->reason, sizeof mqtt->reason, "%s: %s", files[i], strerror(error));
        return -error;
    }
    return 0;
}

int mqtt_connect(struct mqtt *mqtt)
{
    if (mqtt->client != NULL)
        return -EALREADY;
    int rc = check_files(mqtt);
    if (rc != 0)
        return rc;
    mqtt->detail[0] = '\0';
    mqtt->client = mosquitto_new(mqtt->config.client_id, mqtt->config.clean_session, mqtt);
    if (mqtt->client == NULL)
        return fail(mqtt, MOSQ_ERR_ERRNO);

    rc = set_up_client(mqtt);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_connect_async(mqtt->client, mqtt->config.host, mqtt->config.port,
                                     mqtt->config.keepalive_s);
    if (rc != MOSQ_ERR_SUCCESS) {
        rc = fail(mqtt, rc);
        drop_client(mqtt);
        return rc;
    }
    mqtt->reason[0] = '\0';
    mqtt->state = CONNECTING;
    mqtt->writable = false;
    mqtt->in_flight = 0;
    mqtt->connected_by = monotonic_ms() + CONNACK_TIMEOUT_MS;
    return 0;
}

void mqtt_disconnect(struct mqtt *mqtt)
{
    if (mqtt->client == NULL)
        return;
    mosquitto_disconnect(mqtt->client); /* best effort: if it does not get through, the will says the same */
    drop_client(mqtt);
}

bool mqtt_is_up(const struct mqtt *mqtt)
{
    return mqtt->state == UP;
}

const char *mqtt_reason(const struct mqtt *mqtt)
{
    return mqtt->reason;
}

/* ---- the step ---- */

static void drain(int fd)
{
    uint64_t count;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
}

/* Give libmosquitto the socket's news. Returns its first error. */
static int service(struct mqtt *mqtt, int revents)
{
    if (revents & (POLLERR | POLLHUP | POLLNVAL)) {
        int error = 0;
        socklen_t len = sizeof error;
        if (getsockopt(mosquitto_socket(mqtt->client), SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
            error != 0) {
            errno = error;
            return MOSQ_ERR_ERRNO;
        }
    }
    int rc = MOSQ_ERR_SUCCESS;
    bool was_writable = mqtt->writable;
    mqtt->writable = mqtt->writable || (revents & POLLOUT);
    /* The end of the TCP connect counts as readable: mosquitto_loop_read() drives the TLS handshake. */
    if ((revents & (POLLIN | POLLHUP)) || (mqtt->writable && !was_writable))
        rc = mosquitto_loop_read(mqtt->client, 1);
    if (rc == MOSQ_ERR_SUCCESS && mqtt->writable && mosquitto_want_write(mqtt->client))
        rc = mosquitto_loop_write(mqtt->client, 1);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_loop_misc(mqtt->client);
    if (rc == MOSQ_ERR_SUCCESS && mosquitto_socket(mqtt->client) < 0)
        rc = MOSQ_ERR_CONN_LOST; /* closed without a word */
    return rc;
}

void mqtt_step(struct mqtt *mqtt, int timeout_ms, int wake_fd)
{
    /* poll() skips entries with a negative descriptor. */
    struct pollfd fds[2] = {{.fd = -1, .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
    if (mqtt->client != NULL) {
        fds[0].fd = mosquitto_socket(mqtt->client);
        if (!mqtt->writable || mosquitto_want_write(mqtt->client))
            fds[0].events |= POLLOUT;
        timeout_ms = timeout_ms < MISC_INTERVAL_MS ? timeout_ms : MISC_INTERVAL_MS;
    }
    if (mqtt->failure != MOSQ_ERR_SUCCESS)
        timeout_ms = 0;

    if (poll(fds, 2, timeout_ms) > 0 && fds[1].revents != 0)
        drain(wake_fd);
    if (mqtt->client == NULL)
        return;

    if (mqtt->failure != MOSQ_ERR_SUCCESS) {
        go_down(mqtt); /* fail() has kept the words */
        return;
    }
    int rc = service(mqtt, fds[0].revents);
    if (rc != MOSQ_ERR_SUCCESS) {
        if (rc != MOSQ_ERR_CONN_REFUSED || mqtt->reason[0] == '\0')
            fail(mqtt, rc);
        go_down(mqtt);
    } else if (mqtt->state == CONNECTING && monotonic_ms() >= mqtt->connected_by) {
        (void)snprintf(mqtt->reason, sizeof mqtt->reason, "no answer from the broker within %d s",
                       CONNACK_TIMEOUT_MS / 1000);
        go_down(mqtt);
    }
}

/* ---- sending ---- */

int mqtt_publish(struct mqtt *mqtt, const char *topic, const uint8_t *payload, size_t len, bool retain)
{
    if (mqtt->state != UP || mqtt->failure != MOSQ_ERR_SUCCESS)
        return -ENOTCONN;
    if (len > INT_MAX)
        return -EMSGSIZE;
    int rc = mosquitto_publish(mqtt->client, NULL, topic, (int)len, payload, QOS, retain);
    if (rc == MOSQ_ERR_SUCCESS) {
        mqtt->in_flight++;
        return 0;
    }
    if (rc != MOSQ_ERR_PAYLOAD_SIZE && rc != MOSQ_ERR_INVAL)
        mqtt->failure = rc; /* the session is broken, not the message */
    return fail(mqtt, rc);
}

int mqtt_subscribe(struct mqtt *mqtt, const char *filter)
{
    if (mqtt->state != UP || mqtt->failure != MOSQ_ERR_SUCCESS)
        return -ENOTCONN;
    int rc = mosquitto_subscribe(mqtt->client, NULL, filter, QOS);
    if (rc == MOSQ_ERR_SUCCESS)
        return 0;
    if (rc != MOSQ_ERR_INVAL)
        mqtt->failure = rc;
    return fail(mqtt, rc);
}

size_t mqtt_in_flight(const struct mqtt *mqtt)
{
    return mqtt->in_flight;
}
