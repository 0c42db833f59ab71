#include "sim/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sim/adapter.h"
#include "sim/nmea.h"

struct feed {
    const struct scenario_vehicle *scenario;
    int gpsd;                /* connected UDP socket; -1 none */
    struct adapter *adapter; /* NULL none */
    uint64_t sentences_lost;
};

struct live {
    size_t n;
    struct feed feeds[SCENARIO_VEHICLES_MAX];
};

static int open_udp(unsigned port, int *ret)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    *ret = fd;
    return 0;
}

static int open_feed(const struct scenario_vehicle *scenario, struct feed *feed,
                     char ret_reason[LIVE_REASON_LEN])
{
    *feed = (struct feed){.scenario = scenario, .gpsd = -1};
    int rc = scenario->gpsd_port == 0 ? 0 : open_udp(scenario->gpsd_port, &feed->gpsd);
    if (rc != 0) {
        (void)snprintf(ret_reason, LIVE_REASON_LEN, "UDP port %u: %s", scenario->gpsd_port, strerror(-rc));
        return rc;
    }
    rc = scenario->slcan[0] == '\0' ? 0 : adapter_create(scenario->slcan, &feed->adapter);
    if (rc != 0)
        (void)snprintf(ret_reason, LIVE_REASON_LEN, "%s: %s", scenario->slcan, strerror(-rc));
    return rc;
}

int live_create(const struct scenario *scenario, struct live **ret, char ret_reason[LIVE_REASON_LEN])
{
    struct live *live = calloc(1, sizeof *live);
    if (live == NULL) {
        (void)snprintf(ret_reason, LIVE_REASON_LEN, "out of memory");
        return -ENOMEM;
    }
    for (size_t i = 0; i < scenario->n_vehicles; i++) {
        live->n++;
        int rc = open_feed(&scenario->vehicles[i], &live->feeds[i], ret_reason);
        if (rc != 0) {
            live_free(live);
            return rc;
        }
    }
    *ret = live;
    return 0;
}

void live_free(struct live *live)
{
    if (live == NULL)
        return;
    for (size_t i = 0; i < live->n; i++) {
        if (live->feeds[i].gpsd >= 0)
            close(live->feeds[i].gpsd);
        adapter_free(live->feeds[i].adapter);
    }
    free(live);
}

static int send_cycle(struct feed *feed, int64_t utc_ms, const struct gnss_fix *fix)
{
    struct nmea_cycle cycle;
    nmea_cycle(fix, utc_ms, feed->scenario->altitude_m, &cycle);
    for (size_t i = 0; i < NMEA_LINES; i++) {
        if (send(feed->gpsd, cycle.line[i], strlen(cycle.line[i]), 0) >= 0)
            continue;
        if (errno != ECONNREFUSED && errno != EAGAIN)
            return -errno;
        feed->sentences_lost++;
    }
    return 0;
}

int live_send(struct live *live, size_t index, int64_t utc_ms, const struct vehicle_output *out)
{
    struct feed *feed = &live->feeds[index];
    int rc = 0;
    if (feed->gpsd >= 0 && out->has_fix_report)
        rc = send_cycle(feed, utc_ms, &out->fix);
    for (size_t i = 0; rc == 0 && feed->adapter != NULL && i < out->n_frames; i++)
        rc = adapter_send(feed->adapter, &out->frames[i]);
    return rc;
}

int64_t live_mono_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int serve_once(struct live *live, int timeout_ms)
{
    struct pollfd fds[SCENARIO_VEHICLES_MAX];
    struct adapter *adapters[SCENARIO_VEHICLES_MAX];
    nfds_t n = 0;
    for (size_t i = 0; i < live->n; i++) {
        struct adapter *adapter = live->feeds[i].adapter;
        if (adapter == NULL)
            continue;
        fds[n] = (struct pollfd){.fd = adapter_fd(adapter), .events = adapter_events(adapter)};
        adapters[n++] = adapter;
    }
    if (poll(fds, n, timeout_ms) < 0)
        return -errno;
    for (nfds_t i = 0; i < n; i++) {
        int rc = fds[i].revents != 0 ? adapter_serve(adapters[i]) : 0;
        if (rc != 0)
            return rc;
    }
    return 0;
}

int live_wait(struct live *live, int64_t until_mono_ms)
{
    for (;;) {
        int64_t left_ms = until_mono_ms - live_mono_ms();
        if (left_ms <= 0)
            return 0;
        int rc = serve_once(live, (int)left_ms);
        if (rc != 0)
            return rc;
    }
}

struct live_losses live_losses(const struct live *live, size_t index)
{
    const struct feed *feed = &live->feeds[index];
    return (struct live_losses){.sentences = feed->sentences_lost,
                                .frames = feed->adapter != NULL ? adapter_frames_lost(feed->adapter) : 0};
}
