/* The gpsd driver, through the real libgps, against a socket that plays gpsd. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/source/source.h"

enum { WAIT_MS = 5000 };

#define TPV  "{\"class\":\"TPV\",\"device\":\"/dev/ttyACM0\","
#define TIME "\"time\":\"2026-09-15T12:00:00.250Z\","
#define FIX  TPV TIME "\"mode\":3,\"lat\":29.14,\"lon\":121.03,\"speed\":5.5,\"track\":90,\"eph\":7}\r\n"

static const struct gps_window window = {.floor_utc_ms = 1577836800000,    /* 2020-01-01 */
                                         .ceiling_utc_ms = 1893456000000}; /* 2030-01-01 */
static const int64_t NOON_MS = 1789473600250;

static int n_reports, last_mode;
static struct bw_fix last_fix;
static int64_t last_utc_ms;

static void on_gps(void *context, int mode, const struct bw_fix *fix, int64_t utc_ms)
{
    (void)context;
    n_reports++;
    last_mode = mode;
    last_fix = *fix;
    last_utc_ms = utc_ms;
}

static const struct source_sink sink = {.gps = on_gps};

/* A listening socket on the loopback; port 0 = any. */
static int gpsd_start(uint16_t port, char ret_port[8])
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    const int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(ret_port, 8, "%u", (unsigned)ntohs(address.sin_port));
    return fd;
}

static void readable(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    cr_assert_eq(poll(&poller, 1, WAIT_MS), 1);
}

static int gpsd_accept(int listener)
{
    readable(listener);
    const int fd = accept(listener, NULL, NULL);
    cr_assert_geq(fd, 0);
    return fd;
}

static void gpsd_says(int fd, const char *text)
{
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void read_after(struct source *source, int gpsd, const char *text)
{
    gpsd_says(gpsd, text);
    readable(source_fd(source));
    source_read(source, &sink, 1);
}

struct session {
    struct source *source;
    int listener, gpsd;
    char port[8];
};

static struct session session_open(void)
{
    struct session session;
    session.listener = gpsd_start(0, session.port);
    session.source = source_gps_create("127.0.0.1", session.port, &window);
    source_tick(session.source, 0);
    cr_assert_eq(source_stats(session.source)->state, SOURCE_OPEN, "%s",
                 source_stats(session.source)->reason);
    session.gpsd = gpsd_accept(session.listener);
    return session;
}

static void session_close(struct session *session)
{
    source_destroy(session->source);
    (void)close(session->gpsd);
    (void)close(session->listener);
}

Test(source_gps, asks_for_reports_and_pushes_them)
{
    struct session s = session_open();
    char asked[128] = "";
    readable(s.gpsd);
    cr_assert_gt(read(s.gpsd, asked, sizeof asked - 1), 0);
    cr_expect_str_eq(asked, "?WATCH={\"enable\":true,\"json\":true};\n");
    read_after(s.source, s.gpsd,
               "{\"class\":\"VERSION\",\"release\":\"3.22\",\"proto_major\":3,\"proto_minor\":14}\r\n");
    cr_expect_eq(n_reports, 0);
    read_after(s.source, s.gpsd, FIX);
    cr_expect_eq(n_reports, 1);
    cr_expect_eq(last_mode, 3);
    cr_expect_eq(last_utc_ms, NOON_MS);
    cr_expect_eq(last_fix.position.lat_deg, 29.14);
    cr_expect_eq(last_fix.position.lon_deg, 121.03);
    cr_expect_eq(last_fix.position.accuracy_m, 7);
    cr_expect_eq(last_fix.speed_mps, 5.5);
    cr_expect_eq(last_fix.course_deg, 90);
    session_close(&s);
}

Test(source_gps, nothing_of_an_earlier_report_is_believed)
{
    static const struct {
        const char *line;
        int mode;
        int64_t utc_ms;
        uint64_t bad;
    } cases[] = {
        {TPV "\"mode\":1}\r\n", 1, 0, 0},
        {TPV "\"mode\":0}\r\n", 0, 0, 0},
        {TPV "\"x\":1}\r\n", 0, 0, 0},
        {TPV TIME "\"mode\":3}\r\n", 0, NOON_MS, 1},
        {TPV TIME "\"mode\":3,\"lon\":121.03}\r\n", 0, NOON_MS, 1},
        {TPV "\"mode\":3,\"lat\":29.14,\"lon\":121.03}\r\n", 0, 0, 1},
        {TPV "\"mode\":3,\"time\":\"2034-01-01T00:00:00.000Z\",\"lat\":29.14,\"lon\":121.03}\r\n", 0, 0, 1},
        {TPV "\"mode\":2,\"time\":\"1980-01-06T00:00:00.000Z\",\"lat\":29.14,\"lon\":121.03}\r\n", 0, 0, 1},
    };
    struct session s = session_open();
    uint64_t bad = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        read_after(s.source, s.gpsd, FIX);
        cr_expect_eq(last_mode, 3);
        read_after(s.source, s.gpsd, cases[i].line);
        bad += cases[i].bad;
        cr_expect_eq(last_mode, cases[i].mode, "%s", cases[i].line);
        cr_expect_eq(last_utc_ms, cases[i].utc_ms, "%s", cases[i].line);
        cr_expect(isnan(last_fix.position.lat_deg), "%s", cases[i].line);
        cr_expect_eq(source_stats(s.source)->bad, bad, "%s", cases[i].line);
        cr_expect_eq(source_stats(s.source)->reason[0] != '\0', cases[i].bad == 1, "%s", cases[i].line);
    }
    session_close(&s);
}

Test(source_gps, a_report_without_speed_and_accuracy_leaves_them_unknown)
{
    struct session s = session_open();
    read_after(s.source, s.gpsd, FIX);
    read_after(s.source, s.gpsd, TPV TIME "\"mode\":2,\"lat\":29.14,\"lon\":121.03}\r\n");
    cr_expect_eq(last_mode, 2);
    cr_expect(isnan(last_fix.speed_mps) && isnan(last_fix.course_deg) && isnan(last_fix.position.accuracy_m));
    read_after(s.source, s.gpsd, TPV TIME "\"mode\":2,\"lat\":29.14,\"lon\":121.03,\"epx\":3,\"epy\":4}\r\n");
    cr_expect_eq(last_fix.position.accuracy_m, 5);
    session_close(&s);
}

Test(source_gps, reports_may_come_in_pieces_or_many_at_once)
{
    struct session s = session_open();
    read_after(s.source, s.gpsd, TPV TIME "\"mode\":3,\"la");
    cr_expect_eq(n_reports, 0);
    read_after(s.source, s.gpsd,
               "t\":29.14,\"lon\":121.03}\r\n" FIX FIX "{\"class\":\"SKY\",\"satellites\":[]}\r\n" FIX);
    cr_expect_eq(n_reports, 4);
    source_read(s.source, &sink, 2); /* nothing there: does not block */
    cr_expect_eq(n_reports, 4);
    session_close(&s);
}

Test(source_gps, gpsd_may_be_absent_go_away_and_come_back)
{
    char port[8];
    int listener = gpsd_start(0, port);
    struct source *source = source_gps_create("127.0.0.1", port, &window);
    const uint16_t same_port = htons((uint16_t)strtoul(port, NULL, 10));
    (void)close(listener);
    source_tick(source, 0);
    cr_expect_eq(source_stats(source)->state, SOURCE_CONNECTING);
    cr_expect_str_eq(source_stats(source)->reason, "gpsd: Connection refused");
    for (int64_t mono_ms = 1000; mono_ms <= 21000; mono_ms += 10000) {
        listener = gpsd_start(same_port, port);
        source_tick(source, mono_ms);
        cr_assert_eq(source_stats(source)->state, SOURCE_OPEN, "%s", source_stats(source)->reason);
        const int gpsd = gpsd_accept(listener);
        read_after(source, gpsd, FIX);
        cr_expect_eq(last_mode, 3);
        (void)close(gpsd);
        (void)close(listener);
        readable(source_fd(source));
        source_read(source, &sink, mono_ms + 1000);
        cr_expect_eq(source_stats(source)->state, SOURCE_CONNECTING);
        cr_expect_str_eq(source_stats(source)->reason, "gpsd: Connection reset by peer");
    }
    cr_expect_eq(source_stats(source)->opened, 3);
    source_destroy(source);
}
