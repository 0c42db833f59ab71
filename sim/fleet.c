#include "sim/fleet.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "sim/fleetbus.h"

enum {
    CONNECTS_PER_S = 200,
    READY_MS = 60000, /* beyond the time to connect all: until each holds its licence */
    DRAIN_MS = 60000,
    PAUSE_NS = 2000000,
    TRACK_S = 10, /* a record of positions */
    DESCRIPTORS = 64,
    PATH_LEN = 512,
};
static const char DIVISION[] = "331023";

struct fleet {
    const struct fleet_options *options;
    char *reason;
    unsigned n, n_begun; /* of them may connect */
    struct fleetbus **buses;
    struct pollfd *fds;
    int64_t start_ms; /* of this phase */
    uint64_t ticks;   /* seconds of single vehicles, since then */
    uint8_t bureau_key[BW_PUBLIC_KEY_LEN];
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail for these clocks */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_raised(void *context, const char *vehicle, uint64_t number)
{
    FILE *file = context;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)fprintf(file, "%s %" PRIu64 " %" PRId64 "\n", vehicle, number,
                  (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
}

/* --- setting up --- */

static int failed(struct fleet *fleet, int error, const char *what)
{
    (void)snprintf(fleet->reason, FLEET_REASON_LEN, "%.200s: %s", what, strerror(-error));
    return error;
}

/* One descriptor a vehicle. */
static int raise_limit(struct fleet *fleet)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return failed(fleet, -errno, "descriptors");
    const rlim_t needed = 2 * (rlim_t)fleet->n + DESCRIPTORS; /* two while it connects */
    if (limit.rlim_cur >= needed)
        return 0;
    if (limit.rlim_max < needed)
        return failed(fleet, -EMFILE, "ulimit -n");
    limit.rlim_cur = needed;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : failed(fleet, -errno, "descriptors");
}

static int make_bus(struct fleet *fleet, unsigned i)
{
    const struct fleet_options *options = fleet->options;
    char path[PATH_LEN], vehicle[BW_ID_LEN];
    struct fleetbus_config config = {
        .vehicle = vehicle,
        .division = DIVISION,
        .check_receipts = !options->trust_receipts,
        .mqtt = {.host = options->host,
                 .port = options->port,
                 .ca_file = options->ca,
                 .cert_file = options->cert,
                 .key_file = options->key},
        .overloads_per_h = options->overloads_per_h,
        .seed = 1,
        .on_raised = options->raised != NULL ? on_raised : NULL,
        .context = options->raised,
    };
    (void)snprintf(vehicle, sizeof vehicle, "bus-%05u", i + 1);
    (void)snprintf(path, sizeof path, "%s/keys/%s", options->dir, vehicle);
    memcpy(config.bureau_key, fleet->bureau_key, sizeof config.bureau_key);
    int error = seal_secret_load(path, &config.key);
    if (error != 0)
        return failed(fleet, error, path);
    error = fleetbus_create(&config, &fleet->buses[i]);
    seal_key_wipe(&config.key);
    return error != 0 ? failed(fleet, error, vehicle) : 0;
}

static int make_fleet(struct fleet *fleet)
{
    fleet->buses = calloc(fleet->n, sizeof(struct fleetbus *));
    fleet->fds = calloc(fleet->n, sizeof fleet->fds[0]);
    int error = fleet->buses != NULL && fleet->fds != NULL ? 0 : failed(fleet, -ENOMEM, "fleet");
    if (error == 0)
        error = seal_init() == 0 ? 0 : failed(fleet, -EIO, "libsodium");
    if (error == 0)
        error = raise_limit(fleet);
    if (error == 0 && seal_public_load(fleet->options->bureau_pub, fleet->bureau_key) != 0)
        error = failed(fleet, -EBADMSG, fleet->options->bureau_pub);
    for (unsigned i = 0; i < fleet->n && error == 0; i++)
        error = make_bus(fleet, i);
    return error;
}

/* --- the loop --- */

/* Each vehicle's second, spread over the second. `drive`: else it only looks after its connection. */
static void tick(struct fleet *fleet, bool drive, int64_t now_ms, int64_t now_utc_ms)
{
    const uint64_t due = (uint64_t)(now_ms - fleet->start_ms) * fleet->n / 1000;
    for (; fleet->ticks < due; fleet->ticks++) {
        const unsigned i = (unsigned)(fleet->ticks % fleet->n);
        if (i >= fleet->n_begun)
            continue;
        if (drive)
            fleetbus_drive(fleet->buses[i], now_utc_ms);
        fleetbus_step(fleet->buses[i], now_ms, now_utc_ms);
    }
}

static int turn(struct fleet *fleet, bool drive)
{
    const int64_t now_ms = clock_ms(CLOCK_MONOTONIC), now_utc_ms = clock_ms(CLOCK_REALTIME);
    tick(fleet, drive, now_ms, now_utc_ms);
    for (unsigned i = 0; i < fleet->n_begun; i++)
        fleet->fds[i].fd = fleetbus_fd(fleet->buses[i], &fleet->fds[i].events);
    const int n = poll(fleet->fds, fleet->n_begun, 0);
    if (n < 0)
        return errno == EINTR ? 0 : failed(fleet, -errno, "poll");
    for (unsigned i = 0; i < fleet->n_begun && n > 0; i++)
        if (fleet->fds[i].fd >= 0 && fleet->fds[i].revents != 0)
            fleetbus_step(fleet->buses[i], now_ms, now_utc_ms);
    /* To look at all connections costs as much as many messages: some shall have come meanwhile. */
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    return *fleet->options->stop != 0 ? failed(fleet, -EINTR, "stopped") : 0;
}

static void begin_phase(struct fleet *fleet)
{
    fleet->start_ms = clock_ms(CLOCK_MONOTONIC);
    fleet->ticks = 0;
}

static struct fleetbus_stats sum(const struct fleet *fleet, unsigned *ret_up, unsigned *ret_licensed)
{
    struct fleetbus_stats sum = {0};
    *ret_up = *ret_licensed = 0;
    for (unsigned i = 0; i < fleet->n; i++) {
        const struct fleetbus_stats *one = fleetbus_stats(fleet->buses[i]);
        *ret_up += one->up;
        *ret_licensed += one->licensed;
        for (size_t k = 0; k < 2; k++) {
            sum.made[k] += one->made[k];
            sum.receipted[k] += one->receipted[k];
        }
        sum.alerts += one->alerts;
        sum.lost += one->lost;
        sum.receipts += one->receipts;
        sum.refused += one->refused;
        sum.sent += one->sent;
        sum.connects += one->connects;
    }
    return sum;
}

static int get_ready(struct fleet *fleet)
{
    unsigned up = 0, licensed = 0;
    int error = 0;
    begin_phase(fleet);
    const int64_t until_ms = fleet->start_ms + READY_MS + (int64_t)1000 * fleet->n / CONNECTS_PER_S;
    while (error == 0 && licensed < fleet->n && clock_ms(CLOCK_MONOTONIC) < until_ms) {
        const int64_t passed_ms = clock_ms(CLOCK_MONOTONIC) - fleet->start_ms;
        const int64_t begun = passed_ms * CONNECTS_PER_S / 1000 + 1;
        fleet->n_begun = begun < fleet->n ? (unsigned)begun : fleet->n;
        error = turn(fleet, false);
        (void)sum(fleet, &up, &licensed);
    }
    (void)fprintf(fleet->options->out, "%u of %u connected, %u hold a licence, after %.1f s\n", up, fleet->n,
                  licensed, (double)(clock_ms(CLOCK_MONOTONIC) - fleet->start_ms) / 1000);
    (void)fflush(fleet->options->out);
    if (error == 0 && licensed < fleet->n)
        error = failed(fleet, -ETIMEDOUT, "not every vehicle holds a licence");
    return error;
}

/* As vehicles that were without a network for so long. */
static void make_backlog(struct fleet *fleet)
{
    const int64_t seconds = (int64_t)fleet->options->backlog * TRACK_S;
    const int64_t from_utc_ms = clock_ms(CLOCK_REALTIME) - seconds * 1000;
    for (unsigned i = 0; i < fleet->n; i++) {
        for (int64_t s = 1; s <= seconds; s++)
            fleetbus_drive(fleet->buses[i], from_utc_ms + s * 1000);
        fleetbus_flush(fleet->buses[i]);
    }
}

static bool all_idle(const struct fleet *fleet)
{
    for (unsigned i = 0; i < fleet->n; i++)
        if (!fleetbus_is_idle(fleet->buses[i]))
            return false;
    return true;
}

static int64_t begin_sending(struct fleet *fleet)
{
    for (unsigned i = 0; i < fleet->n; i++)
        fleetbus_open(fleet->buses[i], true);
    begin_phase(fleet);
    return fleet->start_ms;
}

static int drive(struct fleet *fleet)
{
    const int64_t until_ms = fleet->start_ms + (int64_t)fleet->options->seconds * 1000;
    int error = 0;
    while (error == 0 && clock_ms(CLOCK_MONOTONIC) < until_ms)
        error = turn(fleet, true);
    for (unsigned i = 0; i < fleet->n; i++)
        fleetbus_flush(fleet->buses[i]);
    return error;
}

/* Until all is receipted, or nothing was for DRAIN_MS. */
static int drain(struct fleet *fleet, int64_t *ret_end_ms)
{
    int64_t progress_ms = clock_ms(CLOCK_MONOTONIC);
    uint64_t receipted = 0;
    unsigned up, licensed;
    int error = 0;
    while (error == 0 && !all_idle(fleet) && clock_ms(CLOCK_MONOTONIC) - progress_ms < DRAIN_MS) {
        const struct fleetbus_stats all = sum(fleet, &up, &licensed);
        if (all.receipted[0] + all.receipted[1] != receipted)
            progress_ms = clock_ms(CLOCK_MONOTONIC);
        receipted = all.receipted[0] + all.receipted[1];
        error = turn(fleet, false);
    }
    *ret_end_ms = clock_ms(CLOCK_MONOTONIC);
    return error;
}

static int play(struct fleet *fleet)
{
    const struct fleet_options *options = fleet->options;
    unsigned up, licensed;
    int64_t end_ms = 0;
    int error = get_ready(fleet);
    if (error == 0 && options->backlog > 0)
        make_backlog(fleet);
    const int64_t start_ms = begin_sending(fleet);
    if (error == 0)
        (void)fprintf(options->out, "begins\n");
    (void)fflush(options->out);
    if (error == 0 && options->backlog == 0)
        error = drive(fleet);
    if (error == 0)
        error = drain(fleet, &end_ms);
    const struct fleetbus_stats all = sum(fleet, &up, &licensed);
    const uint64_t made = all.made[0] + all.made[1], receipted = all.receipted[0] + all.receipted[1];
    const double seconds = (double)(end_ms - start_ms) / 1000;
    (void)fprintf(options->out,
                  "{\"vehicles\":%u,\"connected\":%u,\"made\":%" PRIu64 ",\"made_alert\":%" PRIu64
                  ",\"receipted\":%" PRIu64 ",\"alerts\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"sent\":%" PRIu64
                  ",\"receipts\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"connects\":%" PRIu64
                  ",\"seconds\":%.3f,\"records_per_s\":%.0f}\n",
                  fleet->n, up, made, all.made[0], receipted, all.alerts, all.lost, all.sent, all.receipts,
                  all.refused, all.connects, seconds, seconds > 0 ? (double)receipted / seconds : 0);
    (void)fflush(options->out);
    if (error == 0 && made != receipted)
        error = failed(fleet, -ETIMEDOUT, "not all was receipted");
    return error;
}

int fleet_run(const struct fleet_options *options, char ret_reason[FLEET_REASON_LEN])
{
    struct fleet fleet = {.options = options, .reason = ret_reason, .n = options->vehicles};
    int error = make_fleet(&fleet);
    if (error == 0)
        error = play(&fleet);
    for (unsigned i = 0; i < fleet.n && fleet.buses != NULL; i++)
        fleetbus_free(fleet.buses[i]);
    free(fleet.buses);
    free(fleet.fds);
    return error;
}
