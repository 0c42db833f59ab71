#include "proto/mqtt.h"

#include <errno.h>
#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mosquitto.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

enum {
    KEEPALIVE_DEFAULT_S = 30,
    CONNECT_TIMEOUT_MS = 15000, /* a hung resolver, a black-holed connect, a stuck handshake and a mute broker
                                   all end here */
    MISC_INTERVAL_MS = 1000,    /* libmosquitto's keepalive wants to be looked at about once a second */
    QOS = 1,
    IN_FLIGHT_MAX =
        UINT16_MAX, /* no cap below the protocol's: 0 would stop 2.0's client, and callers have a window */
    TLS_VERIFY_PEER = 1,
    PACKET_MAX =
        6 << 20,    /* bytes of the connection, with TLS, that one message may take: a licence and half */
    READS_MAX = 32, /* messages taken in before anything else has its turn */
    SUBACK_FAILURE = 0x80,
    REASON_LEN = 160,
    DETAIL_LEN = REASON_LEN - 8, /* leaves room for "TLS: " */
    KEPT_MAX = 7,                /* pointers in struct mqtt_config */
};

enum state { DOWN, DIALLING, CONNECTING, UP };

/* One connection, from mqtt_connect() to the failure or the disconnect: nothing outlives it. It begins on a
 * thread of its own, the dial, because libmosquitto asks the resolver there, which may hang and cannot be
 * called off. Until `dialled` the client is the dial's alone, then the mqtt's; the last of the two that lets
 * go frees the session. */
struct session {
    struct mqtt *mqtt; /* not for the dial: it may be gone */
    struct mosquitto *client;
    char *host;
    int port, keepalive_s;
    char detail[DETAIL_LEN]; /* libmosquitto's first error line: all that it says about TLS */
    int dialled_fd;          /* eventfd: becomes readable with `dialled` */
    int dial_rc, dial_errno; /* how the dial ended */
    pthread_mutex_t lock;    /* of the two below */
    bool dialled, dropped;
};

struct mqtt {
    struct mqtt_config config; /* its pointers are copies, listed in kept */
    void *kept[KEPT_MAX];
    size_t n_kept;
    bool out_of_memory;
    struct mqtt_handlers handlers;
    struct session *session; /* NULL = none; while DOWN: its dial still hangs in the resolver */
    enum state state;
    bool writable;        /* the TCP connect has ended */
    bool packet_ended;    /* a message has come whole since `packet_from` was set */
    uint64_t packet_from; /* bytes that had arrived when the last one ended */
    int64_t connected_by; /* monotonic ms: CONNACK must be here by then */
    size_t in_flight;     /* published, no PUBACK yet */
    int failure;          /* MOSQ_ERR_ of a call made between two steps; reported by the next step */
    char reason[REASON_LEN];
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static int library_rc;

/* A dial that hangs, or is in its handshake, may outlive main(): OpenSSL must not be taken away under it.
 * Before main(), because the first call decides, and certificates are read before the first connection. */
__attribute__((constructor)) static void keep_openssl(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL); /* a failure shows at the first connection */
}

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
    const char *words =
        rc == MOSQ_ERR_ERRNO
            ? strerror(saved)
            : mosquitto_strerror(rc); /* What the peer says against our own certificate comes as EPROTO. */
    const bool tls = rc == MOSQ_ERR_TLS || (rc == MOSQ_ERR_ERRNO && saved == EPROTO);
    if (rc == MOSQ_ERR_EAI)
        words = "the broker's name cannot be resolved";
    else if (rc == MOSQ_ERR_KEEPALIVE)
        words = "the broker has fallen silent";
    else if (rc == MOSQ_ERR_OVERSIZE_PACKET)
        words = "the broker sends a message that is too large";
    else if (tls && mqtt->session->detail[0] != '\0')
        words = mqtt->session->detail;
    (void)snprintf(mqtt->reason, sizeof mqtt->reason, "%s%s", tls ? "TLS: " : "", words);

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

static void free_session(struct session *session)
{
    mosquitto_destroy(session->client);
    if (session->dialled_fd >= 0)
        close(session->dialled_fd);
    pthread_mutex_destroy(&session->lock);
    free(session->host);
    free(session);
}

static bool has_dialled(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    const bool dialled = session->dialled;
    pthread_mutex_unlock(&session->lock);
    return dialled;
}

static void drop_session(struct mqtt *mqtt)
{
    struct session *session = mqtt->session;
    mqtt->session = NULL;
    mqtt->state = DOWN;
    mqtt->failure = MOSQ_ERR_SUCCESS;
    if (session == NULL)
        return;
    pthread_mutex_lock(&session->lock);
    session->dropped = true;
    const bool dialled = session->dialled;
    pthread_mutex_unlock(&session->lock);
    if (dialled)
        free_session(session);
}

static void go_down(struct mqtt *mqtt)
{
    drop_session(mqtt);
    mqtt->handlers.down(mqtt->handlers.context, mqtt->reason);
}

/* ---- libmosquitto's callbacks: they run inside mosquitto_loop_read(), where the client must not be
 * destroyed ---- */

static void on_connect(struct mosquitto *client, void *context, int code)
{
    struct mqtt *mqtt = ((struct session *)context)->mqtt;
    (void)client;
    if (code != 0) { /* mosquitto_loop_read() fails next; the broker's word is the better reason */
        (void)snprintf(mqtt->reason, sizeof mqtt->reason, "%s", mosquitto_connack_string(code));
        return;
    }
    mqtt->state = UP;
    mqtt->packet_ended = true;
    mqtt->reason[0] = '\0';
    mqtt->handlers.up(mqtt->handlers.context);
}

static void on_publish(struct mosquitto *client, void *context, int mid)
{
    struct mqtt *mqtt = ((struct session *)context)->mqtt;
    (void)client;
    mqtt->packet_ended = true;
    mqtt->in_flight--;
    if (mqtt->handlers.acknowledged != NULL)
        mqtt->handlers.acknowledged(mqtt->handlers.context, mid);
}

static void on_message(struct mosquitto *client, void *context, const struct mosquitto_message *message)
{
    struct mqtt *mqtt = ((struct session *)context)->mqtt;
    (void)client;
    mqtt->packet_ended = true;
    mqtt->handlers.message(mqtt->handlers.context, message->topic, message->payload,
                           (size_t)message->payloadlen, message->retain);
}

/* Also on the dial's thread. */
static void on_log(struct mosquitto *client, void *context, int level, const char *line)
{
    struct session *session = context;
    if (level != MOSQ_LOG_ERR || session->detail[0] != '\0')
        return;
    /* OpenSSL's line only says that the certificate was refused; here is the last chance to ask why. */
    const SSL *ssl = mosquitto_ssl_get(client);
    const long verdict = ssl == NULL ? X509_V_OK : SSL_get_verify_result(ssl);
    const bool clock = verdict == X509_V_ERR_CERT_NOT_YET_VALID || verdict == X509_V_ERR_CERT_HAS_EXPIRED;
    if (verdict == X509_V_OK)
        (void)snprintf(session->detail, sizeof session->detail, "%s", line);
    else
        (void)snprintf(session->detail, sizeof session->detail, "the broker's certificate: %s%s",
                       X509_verify_cert_error_string(verdict), clock ? " (is the clock right?)" : "");
}

/* A refused subscription means a session that can never do its work: end it, with the reason. */
static void on_subscribe(struct mosquitto *client, void *context, int mid, int count, const int *granted)
{
    struct mqtt *mqtt = ((struct session *)context)->mqtt;
    (void)client, (void)mid;
    mqtt->packet_ended = true;
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
    drop_session(mqtt);
    for (size_t i = 0; i < mqtt->n_kept; i++)
        free(mqtt->kept[i]);
    free(mqtt);
}

/* Everything that a new client is told before it connects. */
static int set_up_client(struct mosquitto *client, const struct mqtt_config *config)
{
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

static struct session *make_session(struct mqtt *mqtt)
{
    const struct mqtt_config *config = &mqtt->config;
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    *session = (struct session){.mqtt = mqtt,
                                .client = mosquitto_new(config->client_id, config->clean_session, session),
                                .host = strdup(config->host),
                                .port = config->port,
                                .keepalive_s = config->keepalive_s,
                                .dialled_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    pthread_mutex_init(&session->lock, NULL);
    if (session->client == NULL || session->host == NULL || session->dialled_fd < 0) {
        const int saved = errno;
        free_session(session);
        errno = saved;
        return NULL;
    }
    return session;
}

static void *dial(void *argument)
{
    struct session *session = argument;
    const int rc =
        mosquitto_connect_async(session->client, session->host, session->port, session->keepalive_s);
    const int saved = errno;

    pthread_mutex_lock(&session->lock);
    session->dial_rc = rc;
    session->dial_errno = saved;
    session->dialled = true;
    const bool dropped = session->dropped;
    if (!dropped)
        (void)eventfd_write(session->dialled_fd, 1); /* its counter was 0 */
    pthread_mutex_unlock(&session->lock);
    if (dropped)
        free_session(session);
    return NULL;
}

/* Signals are the program's business, and the dial may send. 0 or a positive errno. */
static int start_dial(struct session *session)
{
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&thread, NULL, dial, session);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        pthread_detach(thread);
    return error;
}

static int begin_session(struct mqtt *mqtt)
{
    struct session *session = make_session(mqtt);
    if (session == NULL)
        return fail(mqtt, MOSQ_ERR_ERRNO);
    mqtt->session = session;
    int rc = set_up_client(session->client, &mqtt->config);
    if (rc == MOSQ_ERR_SUCCESS) {
        errno = start_dial(session);
        rc = errno == 0 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ERRNO;
    }
    if (rc == MOSQ_ERR_SUCCESS)
        return 0;
    rc = fail(mqtt, rc);
    session->dialled = true; /* no dial holds it */
    drop_session(mqtt);
    return rc;
}

int mqtt_connect(struct mqtt *mqtt)
{
    if (mqtt->state != DOWN)
        return -EALREADY;
    int rc = check_files(mqtt);
    if (rc == 0 && mqtt->session == NULL) /* else the resolver has not answered yet: wait on for it */
        rc = begin_session(mqtt);
    if (rc < 0)
        return rc;
    mqtt->reason[0] = '\0';
    mqtt->state = DIALLING;
    mqtt->writable = false;
    mqtt->packet_ended = false;
    mqtt->packet_from = 0;
    mqtt->in_flight = 0;
    mqtt->connected_by = monotonic_ms() + CONNECT_TIMEOUT_MS;
    return 0;
}

void mqtt_disconnect(struct mqtt *mqtt)
{
    if (mqtt->state == UP) /* best effort: if it does not get through, the will says the same */
        mosquitto_disconnect(mqtt->session->client);
    drop_session(mqtt);
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

/* libmosquitto wants to write all through a handshake, and a socket that can be written to would keep us
 * awake. */
static bool wants_write(const struct mqtt *mqtt)
{
    const SSL *ssl = mosquitto_ssl_get(mqtt->session->client);
    if (ssl != NULL && !SSL_is_init_finished(ssl))
        return SSL_want_write(ssl);
    return mosquitto_want_write(mqtt->session->client);
}

/* libmosquitto would take in 256 MiB. */
static bool too_large(struct mqtt *mqtt)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(mosquitto_socket(mqtt->session->client), IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return false; /* closed just now */
    if (mqtt->packet_ended)
        mqtt->packet_from = info.tcpi_bytes_received;
    mqtt->packet_ended = false;
    return info.tcpi_bytes_received - mqtt->packet_from > PACKET_MAX;
}

static bool has_more(const struct mqtt *mqtt)
{
    int bytes = 0;
    return mqtt->failure == MOSQ_ERR_SUCCESS &&
           ioctl(mosquitto_socket(mqtt->session->client), FIONREAD, &bytes) == 0 && bytes > 0;
}

/* libmosquitto takes in one message a call when nothing of ours is on its way: what has come besides is taken
 * in as well, for all that lies between two calls costs more than a message. */
static int read_some(struct mqtt *mqtt)
{
    int rc = MOSQ_ERR_SUCCESS, n = 0;
    do {
        rc = mosquitto_loop_read(mqtt->session->client, 1);
    } while (rc == MOSQ_ERR_SUCCESS && ++n < READS_MAX && has_more(mqtt));
    if (rc == MOSQ_ERR_SUCCESS && too_large(mqtt))
        rc = MOSQ_ERR_OVERSIZE_PACKET;
    return rc;
}

/* Give libmosquitto the socket's news. Returns its first error. */
static int service(struct mqtt *mqtt, int revents)
{
    if (revents & (POLLERR | POLLHUP | POLLNVAL)) {
        int error = 0;
        socklen_t len = sizeof error;
        if (getsockopt(mosquitto_socket(mqtt->session->client), SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
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
        rc = read_some(mqtt);
    /* The handshake may have eaten the socket's error, and would try on for ever. */
    if (rc == MOSQ_ERR_SUCCESS && mqtt->state == CONNECTING && (revents & POLLHUP)) {
        errno = was_writable ? ECONNRESET : ECONNREFUSED;
        rc = MOSQ_ERR_ERRNO;
    }
    if (rc == MOSQ_ERR_SUCCESS && mqtt->writable && wants_write(mqtt))
        rc = mosquitto_loop_write(mqtt->session->client, 1);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_loop_misc(mqtt->session->client);
    if (rc == MOSQ_ERR_SUCCESS && mosquitto_socket(mqtt->session->client) < 0)
        rc = MOSQ_ERR_CONN_LOST; /* closed without a word */
    return rc;
}

/* The dial has ended. */
static void take_dialled(struct mqtt *mqtt)
{
    if (mqtt->state == DOWN) { /* too late: what it began is not waited for any more */
        drop_session(mqtt);
        return;
    }
    mqtt->state = CONNECTING;
    if (mqtt->session->dial_rc == MOSQ_ERR_SUCCESS)
        return;
    errno = mqtt->session->dial_errno;
    fail(mqtt, mqtt->session->dial_rc);
    go_down(mqtt);
}

/* TLS 1.3 ends at our side before the broker has looked at our certificate: if that is what it minds, it only
 * breaks off. */
static bool broke_off(const struct mqtt *mqtt, int rc)
{
    const bool closed =
        rc == MOSQ_ERR_CONN_LOST || (rc == MOSQ_ERR_ERRNO && (errno == EPROTO || errno == ECONNRESET));
    return closed && mqtt->state == CONNECTING && mqtt->config.ca_file != NULL &&
           mqtt->session->detail[0] == '\0';
}

static void take_news(struct mqtt *mqtt, int revents)
{
    if (mqtt->failure != MOSQ_ERR_SUCCESS) {
        go_down(mqtt); /* fail() has kept the words */
        return;
    }
    int rc = service(mqtt, revents);
    if (rc == MOSQ_ERR_SUCCESS)
        return;
    if (broke_off(mqtt, rc))
        (void)snprintf(mqtt->reason, sizeof mqtt->reason,
                       "TLS: the broker broke off (does it accept this vehicle's certificate?)");
    else if (rc != MOSQ_ERR_CONN_REFUSED || mqtt->reason[0] == '\0')
        fail(mqtt, rc);
    go_down(mqtt);
}

static void check_time(struct mqtt *mqtt)
{
    if ((mqtt->state != DIALLING && mqtt->state != CONNECTING) || monotonic_ms() < mqtt->connected_by)
        return;
    const bool resolving = mqtt->state == DIALLING;
    (void)snprintf(mqtt->reason, sizeof mqtt->reason, "no answer from the %s within %d s",
                   resolving ? "resolver (broker's name)" : "broker", CONNECT_TIMEOUT_MS / 1000);
    if (!resolving)
        drop_session(mqtt);
    mqtt->state = DOWN;
    mqtt->handlers.down(mqtt->handlers.context, mqtt->reason);
}

static bool is_dialling(const struct mqtt *mqtt)
{
    return mqtt->state == DIALLING || (mqtt->state == DOWN && mqtt->session != NULL);
}

int mqtt_fd(struct mqtt *mqtt, short *ret_events)
{
    *ret_events = POLLIN;
    if (mqtt->session == NULL)
        return -1;
    if (is_dialling(mqtt))
        return mqtt->session->dialled_fd;
    if (!mqtt->writable || wants_write(mqtt))
        *ret_events |= POLLOUT;
    return mosquitto_socket(mqtt->session->client);
}

void mqtt_step(struct mqtt *mqtt, int timeout_ms, int wake_fd)
{
    /* poll() skips entries with a negative descriptor. */
    struct pollfd fds[2] = {{.fd = -1}, {.fd = wake_fd, .events = POLLIN}};
    const bool dialling = is_dialling(mqtt);
    fds[0].fd = mqtt_fd(mqtt, &fds[0].events);
    if (mqtt->session != NULL && timeout_ms > MISC_INTERVAL_MS)
        timeout_ms = MISC_INTERVAL_MS;
    if (mqtt->failure != MOSQ_ERR_SUCCESS)
        timeout_ms = 0;

    if (poll(fds, 2, timeout_ms) > 0 && fds[1].revents != 0)
        drain(wake_fd);
    if (dialling) {
        if (has_dialled(mqtt->session))
            take_dialled(mqtt);
    } else if (mqtt->session != NULL) {
        take_news(mqtt, fds[0].revents);
    }
    check_time(mqtt);
}

/* ---- sending ---- */

int mqtt_publish(struct mqtt *mqtt, const char *topic, const uint8_t *payload, size_t len, bool retain,
                 int *ret_id)
{
    int id;
    if (mqtt->state != UP || mqtt->failure != MOSQ_ERR_SUCCESS)
        return -ENOTCONN;
    if (len > INT_MAX)
        return -EMSGSIZE;
    int rc = mosquitto_publish(mqtt->session->client, &id, topic, (int)len, payload, QOS, retain);
    if (rc == MOSQ_ERR_SUCCESS) {
        mqtt->in_flight++;
        if (ret_id != NULL)
            *ret_id = id;
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
    int rc = mosquitto_subscribe(mqtt->session->client, NULL, filter, QOS);
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
