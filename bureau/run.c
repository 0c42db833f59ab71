#include "bureau/run.h"

#include "bureau/api/api.h"
#include "bureau/cases/keeper.h"
#include "bureau/feeds/broadcast.h"
#include "bureau/ingest/ingest.h"
#include "bureau/notify/notify.h"
#include "bureau/rejudge/nightly.h"
#include "bureau/taken.h"
#include "proto/exitcode.h"
#include "proto/privileges.h"
#include "proto/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

struct bureau {
    int claim_fd; /* -1 = none */
    struct seal_key key;
    struct api *api;
    struct broadcast *broadcast; /* NULL = no feed topics */
    struct ingest *ingest;
    struct keeper *keeper;
    struct nightly *nightly;
    struct notify *notify; /* NULL = nobody is to be told, or not by this process */
};

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("buswarden-bureau: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
}

static void on_events(void *context, int64_t last_event)
{
    const struct bureau *bureau = context;
    api_notify_events(bureau->api, last_event);
    if (bureau->broadcast)
        broadcast_events(bureau->broadcast, last_event);
}

static void on_presence(void *context, const char *vehicle)
{
    const struct bureau *bureau = context;
    api_notify_vehicle(bureau->api, vehicle);
    if (bureau->broadcast)
        broadcast_vehicle(bureau->broadcast, vehicle);
}

static void broker_stats(void *context, struct ingest_stats *ret)
{
    const struct bureau *bureau = context;
    ingest_stats(bureau->ingest, ret);
}

static bool broker_connected(void *context)
{
    const struct bureau *bureau = context;
    struct ingest_stats stats;
    ingest_stats(bureau->ingest, &stats);
    return stats.connected;
}

static int drop_privileges(const struct bureau_config *config)
{
    const int rc = privileges_drop(*config->user ? config->user : NULL);
    if (rc != 0)
        say("[process] user %s: %s", config->user,
            rc == -ENOENT  ? "no such user"
            : rc == -EPERM ? "only root can become another user"
                           : strerror(-rc));
    else if (geteuid() == 0)
        say("runs as root, though without its rights: give a [process] user");
    return rc;
}

static int load_key(const struct bureau_config *config, struct seal_key *ret)
{
    int rc = seal_init();
    if (rc == 0)
        rc = *config->secret_path ? seal_secret_load(config->secret_path, ret) : -ENOENT;
    if (rc == -EPERM)
        say("[keys] secret %s: others may read it (chmod 600)", config->secret_path);
    else if (rc == -EBADMSG)
        say("[keys] secret %s: not a secret key as keygen writes it", config->secret_path);
    else if (rc != 0)
        say("[keys] secret %s: %s", config->secret_path, strerror(-rc));
    return rc;
}

/* A console that would come up blank is found now, not by the first visitor. */
static int check_folders(const struct bureau_config *config)
{
    const struct {
        const char *key, *path;
    } folders[] = {
        {"console", config->console_dir},
        {"leaflet", config->leaflet_dir},
        {"bootstrap", config->bootstrap_dir},
    };
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct stat status;
        if (stat(folders[i].path, &status) == 0 && S_ISDIR(status.st_mode))
            continue;
        say("[http] %s %s: no such folder", folders[i].key, folders[i].path);
        return -ENOENT;
    }
    return 0;
}

/* Two on one store would take the broker's session from each other for ever. The lock ends with the process,
 * however that ends; its file stays. */
static int claim_store(const struct bureau_config *config, int *ret_fd)
{
    char path[BUREAU_TEXT_MAX + 8];
    (void)snprintf(path, sizeof(path), "%s-run", config->store_path);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_fd = fd;
        return 0;
    }
    const int rc = -errno;
    const char *why = rc == -EWOULDBLOCK ? "another bureau runs on it" : strerror(-rc);
    say("[store] path %s: %s", config->store_path, why);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

static int open_api(const struct bureau_config *config, struct api **ret)
{
    const int rc = api_create(config, ret);
    if (rc == -EINVAL)
        say("[http] tiles %s: not an http or https address of tiles", config->tiles_url);
    else if (rc == -ENOKEY)
        say("[http] cert %s, key %s: not PEM files that this user can read", config->http_cert,
            config->http_key);
    else if (rc != 0)
        say("[store] path %s: %s", config->store_path, strerror(-rc));
    return rc;
}

static int open_broadcast(const struct bureau_config *config, struct broadcast **ret)
{
    if (!config->feeds_mqtt)
        return 0;
    const int rc = broadcast_create(config->store_path, config->division, ret);
    if (rc != 0)
        say("[store] path %s: %s", config->store_path, strerror(-rc));
    return rc;
}

static int warn_of_ids(const struct bureau_config *config)
{
    struct store *store = NULL;
    int rc = store_open_reading(config->store_path, &store);
    if (rc == 0)
        rc = taken_warn(store);
    if (rc != 0)
        say("[store] path %s: %s", config->store_path, strerror(-rc));
    store_close(store);
    return rc;
}

static const char *given(const char *text)
{
    return *text ? text : NULL;
}

static int start_ingest(const struct bureau_config *config, struct bureau *bureau)
{
    const struct ingest_config settings = {
        .mqtt =
            {
                .host = config->broker_host,
                .port = config->broker_port,
                .client_id = config->broker_client_id,
                .clean_session = false,
                .ca_file = given(config->broker_ca),
                .cert_file = given(config->broker_cert),
                .key_file = given(config->broker_key),
            },
        .store_path = config->store_path,
        .key = &bureau->key,
        .division = given(config->division),
        .policy = &config->cases,
        .broker_log = config->broker_log,
        .on_events = on_events,
        .on_presence = on_presence,
        .context = bureau,
        .outlet = bureau->broadcast ? broadcast_outlet(bureau->broadcast) : NULL,
    };
    const int rc = ingest_start(&settings, &bureau->ingest);
    if (rc != 0)
        say("cannot take in records: %s", strerror(-rc));
    return rc;
}

static int start_keeper(const struct bureau_config *config, struct bureau *bureau)
{
    const struct keeper_config settings = {
        .store_path = config->store_path,
        .policy = &config->cases,
        .silence = &config->silence,
        .retention = &config->retention,
        .connected = broker_connected,
        .context = bureau,
    };
    const int rc = keeper_start(&settings, &bureau->keeper);
    if (rc != 0)
        say("cannot look after cases: %s", strerror(-rc));
    return rc;
}

/* Before anything is asked of the broker: a second bureau by mistake, with another store, would take over the
 * session of the one that runs. */
static int take_port(const struct bureau_config *config, struct api *api)
{
    const int rc = api_listen(api);
    const char *why = rc == -EADDRINUSE ? "the port is taken by another program" : strerror(-rc);
    if (rc != 0)
        say("[http] listen %s port %d: %s", config->http_listen, config->http_port, why);
    return rc;
}

static int start_api(const struct bureau_config *config, struct bureau *bureau)
{
    api_set_key(bureau->api, &bureau->key);
    const int rc = api_start(bureau->api, broker_stats, bureau);
    const char *address = config->http_listen;
    const bool v6 = strchr(address, ':') != NULL;
    if (rc == -EKEYREJECTED)
        say("[http] cert %s, key %s: not a certificate and its key", config->http_cert, config->http_key);
    else if (rc != 0)
        say("[http] cannot serve: %s", strerror(-rc));
    else
        say("console at http%s://%s%s%s:%d/", *config->http_cert ? "s" : "", v6 ? "[" : "", address,
            v6 ? "]" : "", api_port(bureau->api));
    return rc;
}

static void say_line(const char *line)
{
    say("%s", line);
}

static int start_nightly(const struct bureau_config *config, struct bureau *bureau)
{
    const struct nightly_config settings = {.store_path = config->store_path,
                                            .policy = &config->cases,
                                            .at_min = (uint16_t)config->rejudge_at_min,
                                            .say = say_line};
    const int rc = config->rejudge_at_min < 0 ? 0 : nightly_start(&settings, &bureau->nightly);
    if (rc != 0)
        say("cannot judge again by night: %s", strerror(-rc));
    return rc;
}

/* Records come first: a bureau that cannot tell anybody still takes them in, and says so. */
static void start_notify(const struct bureau_config *config, struct bureau *bureau)
{
    if (config->notify.n_channels == 0 || !config->notify.in_run)
        return;
    int rc = notify_global_init();
    if (rc == 0)
        rc = notify_start(&config->notify, config->store_path, &bureau->notify);
    if (rc != 0)
        say("cannot notify anybody: %s", strerror(-rc));
}

/* Once each time that it changes. */
static void say_notify(struct notify *notify, char said[NOTIFY_REASON_MAX])
{
    struct notify_stats stats;
    if (notify == NULL)
        return;
    notify_stats(notify, &stats);
    if (strcmp(stats.reason, said) == 0)
        return;
    say("notifications: %s", stats.reason[0] ? stats.reason : "well again");
    memcpy(said, stats.reason, NOTIFY_REASON_MAX);
}

/* Only while all threads advance: the main thread proves by this very call that it does. */
struct fed {
    uint64_t ingest, api, keeper, notify; /* turns, when the watchdog was fed last */
};

/* Where nobody is told there is nobody to wait for. A send that takes its time holds up no turn. */
static uint64_t notify_turns(struct notify *notify, const struct fed *fed)
{
    struct notify_stats stats;
    if (notify == NULL)
        return fed->notify + 1;
    notify_stats(notify, &stats);
    return stats.turns;
}

static void feed_watchdog(struct fed *fed, struct fed now)
{
    if (now.ingest == fed->ingest || now.api == fed->api || now.keeper == fed->keeper ||
        now.notify == fed->notify)
        return;
    *fed = now;
    (void)sd_notify(0, "WATCHDOG=1");
}

struct keeper_said {
    char turn[KEEPER_REASON_LEN], purge[KEEPER_REASON_LEN];
};

/* What does not go, when that has changed. */
static void tell_reason(const char *what, const char reason[KEEPER_REASON_LEN], char said[KEEPER_REASON_LEN])
{
    if (strcmp(reason, said) == 0)
        return;
    if (reason[0] != '\0')
        say("%s: %s", what, reason);
    memcpy(said, reason, KEEPER_REASON_LEN);
}

static void tell_keeper(struct bureau *bureau, struct keeper_said *said)
{
    char reason[KEEPER_REASON_LEN];
    keeper_reason(bureau->keeper, reason, sizeof(reason));
    tell_reason("cases are not looked after", reason, said->turn);
    keeper_purge_reason(bureau->keeper, reason, sizeof(reason));
    tell_reason("retention has failed and is tried again", reason, said->purge);
}

/* Until a signal comes; meanwhile tells when the broker comes and goes. */
static void watch(struct bureau *bureau, const sigset_t *ending)
{
    const struct timespec second = {.tv_sec = 1};
    enum { NOT_SAID, UP, DOWN } said = NOT_SAID;
    struct fed fed = {0};
    struct keeper_said keeper_said = {0};
    char notify_said[NOTIFY_REASON_MAX] = "";
    (void)sd_notify(0, "READY=1\nSTATUS=waiting for the broker");
    while (sigtimedwait(ending, NULL, &second) < 0) {
        struct ingest_stats stats;
        ingest_stats(bureau->ingest, &stats);
        if (stats.connected && said != UP) {
            say("broker connected");
            (void)sd_notify(0, "STATUS=broker connected");
        } else if (!stats.connected && said != DOWN) {
            say("broker not connected: %s", stats.reason);
            (void)sd_notifyf(0, "STATUS=broker not connected: %s", stats.reason);
        }
        said = stats.connected ? UP : DOWN;
        tell_keeper(bureau, &keeper_said);
        say_notify(bureau->notify, notify_said);
        feed_watchdog(&fed, (struct fed){stats.turns, api_turns(bureau->api), keeper_turns(bureau->keeper),
                                         notify_turns(bureau->notify, &fed)});
    }
    (void)sd_notify(0, "STOPPING=1");
}

int run_main(const struct bureau_config *config)
{
    struct bureau bureau = {.claim_fd = -1};
    sigset_t ending;
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGINT);
    (void)sigaddset(&ending, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &ending, NULL);
    (void)signal(SIGPIPE, SIG_IGN);

    /* The API exists before ingest, which notifies it, and serves after it, whose state it tells. */
    int rc = drop_privileges(config);
    if (rc == 0)
        rc = load_key(config, &bureau.key);
    if (rc == 0)
        rc = check_folders(config);
    if (rc == 0)
        rc = claim_store(config, &bureau.claim_fd);
    if (rc == 0)
        rc = open_api(config, &bureau.api);
    if (rc == 0)
        rc = take_port(config, bureau.api);
    if (rc == 0) /* the store is there by now, and up to date */
        rc = warn_of_ids(config);
    if (rc == 0)
        rc = open_broadcast(config, &bureau.broadcast);
    if (rc == 0)
        rc = start_ingest(config, &bureau);
    if (rc == 0)
        rc = start_keeper(config, &bureau);
    if (rc == 0)
        rc = start_api(config, &bureau);
    if (rc == 0)
        rc = start_nightly(config, &bureau);
    if (rc == 0)
        start_notify(config, &bureau);
    if (rc == 0)
        watch(&bureau, &ending);
    nightly_stop(bureau.nightly);

    if (bureau.api)
        api_stop(bureau.api);
    notify_stop(bureau.notify);
    keeper_stop(bureau.keeper); /* it asks ingest */
    ingest_stop(bureau.ingest);
    broadcast_destroy(bureau.broadcast);
    api_destroy(bureau.api);
    seal_key_wipe(&bureau.key);
    if (bureau.claim_fd >= 0)
        (void)close(bureau.claim_fd);
    return rc == 0 ? EXIT_DONE : EXIT_CANNOT;
}
