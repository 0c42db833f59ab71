/* Which lines of mosquitto's log tell of an incident, and that a flood of incidents is one write a second.
 * The lines are those of mosquitto 2.0.11 with OpenSSL 3.0, and of our plugin. */
#include "bureau/ingest/brokerlog.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct incident got;

static bool read_line(struct brokerlog *log, const char *line)
{
    memset(&got, 0, sizeof got);
    return brokerlog_read(log, line, strlen(line), &got);
}

Test(brokerlog, each_forbidden_act_has_its_line)
{
    static const struct {
        const char *line, *kind, *vehicle, *address, *detail;
        uint64_t count;
    } rows[] = {
        {"1795539664: Buswarden: bus-a at 192.0.2.7 may not publish (1): schoolbus/v1/331023/bus-b/alert",
         "denied_publish", "bus-a", "192.0.2.7", "schoolbus/v1/331023/bus-b/alert", 1},
        {"1: Buswarden: bus-a at 2001:db8::1 may not publish (17): a b: may not (3): c", "denied_publish",
         "bus-a", "2001:db8::1", "a b: may not (3): c", 17},
        {"1: Buswarden: bus-a at 192.0.2.7 may not subscribe (2): #", "denied_subscribe", "bus-a",
         "192.0.2.7", "#", 2},
        {"1: Buswarden: ? at 192.0.2.7 may not subscribe (1): #", "denied_subscribe", "", "192.0.2.7", "#",
         1},
        {"1: Client bus-a disconnected due to oversize packet.", "oversize", "bus-a", "",
         "a packet larger than the broker takes", 1},
        {"1: OpenSSL Error[0]: error:0A0000C7:SSL routines::peer did not return a certificate",
         "no_certificate", "", "", "peer did not return a certificate", 1},
        {"1: OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed", "bad_certificate", "",
         "", "certificate verify failed", 1},
        {"1: OpenSSL Error[0]: error:0A000102:SSL routines::unsupported protocol", "old_tls", "", "",
         "unsupported protocol", 1},
        {"1: OpenSSL Error[0]: error:0A00010B:SSL routines::wrong version number", "no_tls", "", "",
         "wrong version number", 1},
        {"1: Client connection from 192.0.2.7 failed: error:0A00010B:SSL routines::wrong version number.",
         "no_tls", "", "192.0.2.7", "wrong version number", 1},
        {"1: OpenSSL Error[0]: error:0A000418:SSL routines::tlsv1 alert unknown ca", "broker_refused", "", "",
         "tlsv1 alert unknown ca", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct brokerlog log = {0};
        cr_assert(read_line(&log, rows[i].line), "row %zu", i);
        cr_expect_str_eq(got.kind, rows[i].kind);
        cr_expect_str_eq(got.vehicle, rows[i].vehicle);
        cr_expect_str_eq(got.address, rows[i].address);
        cr_expect_str_eq(got.detail, rows[i].detail);
        cr_expect_eq(got.count, rows[i].count, "row %zu", i);
    }
}

Test(brokerlog, every_other_line_is_passed_over)
{
    static const char *const rows[] = {
        "",
        "1",
        "1:",
        "nonsense",
        "1: New connection from 127.0.0.1:53064 on port 8883.",
        "1: New client connected from 127.0.0.1:53064 as bus-a (p2, c1, k30, u'bus-a').",
        "1: Client bus-a disconnected.",
        "1: Client bus-a already connected, closing old connection.",
        "1: Client bus-a disconnected due to oversize packet. And more",
        "1: bus-a 1 schoolbus/v1/331023/bus-a/receipt",
        "1: OpenSSL Error[0]: error:0A000126:SSL routines::unexpected eof while reading",
        "1: OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed, or not",
        "1: OpenSSL Error[1]: error:0A000086:SSL routines::certificate verify failed",
        "1: Client connection from 192.0.2.7 failed: error:0A00010B:SSL routines::wrong version number",
        "1: Client connection from 192.0.2.7 failed: error:0A00010B:SSL routines::wrong version number. More",
        "1: Buswarden: bus-a at 192.0.2.7 may not read (1): x",
        "1: Buswarden: bus-a at 192.0.2.7 may not publish (): x",
        "1: Buswarden: bus-a at 192.0.2.7 may not publish (1) x",
        "1: Buswarden:  at 192.0.2.7 may not publish (1): x",
        "-1: Buswarden: bus-a at 192.0.2.7 may not publish (1): x",
        "Buswarden: bus-a at 192.0.2.7 may not publish (1): x",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct brokerlog log = {0};
        cr_expect_not(read_line(&log, rows[i]), "row %zu: %s", i, rows[i]);
    }
}

Test(brokerlog, a_line_of_any_length_and_any_bytes_is_read_within_bounds)
{
    static const char head[] = "1: Buswarden: bus-a at 192.0.2.7 may not publish (1): ";
    char line[2 * BROKERLOG_LINE_MAX];
    for (size_t len = 0; len < sizeof line; len++) {
        struct brokerlog log = {0};
        memset(line, 'x', sizeof line);
        memcpy(line, head, sizeof head - 1);
        const bool told = brokerlog_read(&log, line, len, &got);
        cr_expect_eq(told, len >= sizeof head - 1 && len < BROKERLOG_LINE_MAX, "length %zu", len);
        if (told)
            cr_expect_lt(strlen(got.detail), STORE_DETAIL_MAX);
    }
    line[5] = '\0';
    cr_expect_not(brokerlog_read(&(struct brokerlog){0}, line, 60, &got));
}

Test(brokerlog, a_failed_handshake_has_the_address_when_only_one_client_was_connecting)
{
    static const char failed[] =
        "1: OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed";
    static const char gone[] = "1: Client <unknown> disconnected: Protocol error.";
    struct brokerlog log = {0};
    (void)read_line(&log, "1: New connection from 192.0.2.1:5 on port 8883.");
    cr_assert(read_line(&log, failed));
    cr_expect_str_eq(got.address, "192.0.2.1");
    (void)read_line(&log, gone);
    (void)read_line(&log, "1: New connection from 2001:db8::1:5 on port 8883.");
    cr_assert(read_line(&log, failed));
    cr_expect_str_eq(got.address, "2001:db8::1");
    (void)read_line(&log, "1: New connection from 192.0.2.2:5 on port 8883.");
    cr_assert(read_line(&log, failed));
    cr_expect_str_eq(got.address, "", "one of two: nobody is accused");
    (void)read_line(&log, gone);
    (void)read_line(&log, "1: New client connected from 192.0.2.2:5 as bus-a (p2, c1, k30, u'bus-a').");
    (void)read_line(&log, "1: New connection from 192.0.2.3:5 on port 8883.");
    cr_assert(read_line(&log, failed));
    cr_expect_str_eq(got.address, "192.0.2.3");
}

/* Its end was in a line that was lost. */
Test(brokerlog, a_connection_of_which_no_end_was_heard_is_forgotten)
{
    static const struct {
        const char *name, *next, *failed, *address;
    } rows[] = {
        {"at once", "1000: New connection from 192.0.2.2:5 on port 8883.", "1000: ", ""},
        {"after two minutes", "1120: New connection from 192.0.2.2:5 on port 8883.", "1120: ", ""},
        {"after more", "1121: New connection from 192.0.2.2:5 on port 8883.", "1121: ", "192.0.2.2"},
        {"when the clock went back", "999: New connection from 192.0.2.2:5 on port 8883.",
         "999: ", "192.0.2.2"},
        {"by itself", "1121: Client bus-a disconnected.", "1121: ", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char failed[128];
        struct brokerlog log = {0};
        (void)snprintf(failed, sizeof failed,
                       "%sOpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed",
                       rows[i].failed);
        (void)read_line(&log, "1000: New connection from 192.0.2.1:5 on port 8883.");
        (void)read_line(&log, rows[i].next);
        cr_assert(read_line(&log, failed), "%s", rows[i].name);
        cr_expect_str_eq(got.address, rows[i].address, "%s", rows[i].name);
    }
}

/* --- until the next commit --- */

static char dir[] = "/tmp/buswarden-incidents-XXXXXX";
static struct store *store;
static struct incidents *incidents;

static void open_all(void)
{
    char path[64];
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/bureau.db", dir);
    cr_assert_eq(store_open(path, &store), 0);
    cr_assert_eq(incidents_create(&incidents), 0);
}

static void close_all(void)
{
    char command[96];
    incidents_free(incidents);
    store_close(store);
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(incidents, .init = open_all, .fini = close_all);

static void note(const char *kind, const char *vehicle, uint64_t count, int64_t utc_ms)
{
    struct incident incident = {.count = count};
    (void)snprintf(incident.kind, sizeof incident.kind, "%s", kind);
    (void)snprintf(incident.vehicle, sizeof incident.vehicle, "%s", vehicle);
    incidents_note(incidents, &incident, utc_ms);
}

struct sum {
    size_t rows;
    uint64_t count;
};

static int add(void *context, const struct store_incident *row)
{
    struct sum *sum = context;
    sum->rows++;
    sum->count += row->count;
    return 0;
}

static struct sum kept(void)
{
    struct sum sum = {0};
    cr_assert_eq(store_incidents(store, add, &sum), 0);
    return sum;
}

Test(incidents, a_flood_is_one_row_and_one_write_a_second)
{
    for (int i = 0; i < 1000; i++)
        note("denied_publish", "bus-a", 3, i);
    cr_expect_leq(incidents_due_ms(incidents), 5000);
    cr_assert_eq(incidents_commit(incidents, store, 5000), 0);
    cr_expect_eq(kept().rows, 1);
    cr_expect_eq(kept().count, 3000);
    cr_expect_eq(incidents_due_ms(incidents), INT64_MAX, "nothing waits");
    note("denied_publish", "bus-a", 1, 2000);
    cr_expect_eq(incidents_due_ms(incidents), 5000 + INCIDENTS_COMMIT_MS);
    cr_assert_eq(incidents_commit(incidents, store, 5000 + INCIDENTS_COMMIT_MS - 1), 0);
    cr_expect_eq(kept().count, 3000, "not yet");
    cr_assert_eq(incidents_commit(incidents, store, 5000 + INCIDENTS_COMMIT_MS), 0);
    cr_expect_eq(kept().count, 3001);
}

Test(incidents, more_vehicles_than_there_is_room_for_are_dropped_and_hurt_nobody)
{
    char vehicle[16];
    for (int i = 0; i < 2 * INCIDENTS_PENDING_MAX; i++) {
        (void)snprintf(vehicle, sizeof vehicle, "v%d", i);
        note("unknown_vehicle", vehicle, 1, i);
    }
    note("unknown_vehicle", "v0", 1, 1);
    cr_assert_eq(incidents_commit(incidents, store, 1), 0);
    cr_expect_eq(kept().rows, INCIDENTS_PENDING_MAX);
    cr_expect_eq(kept().count, INCIDENTS_PENDING_MAX + 1);
}

Test(incidents, what_cannot_be_written_waits)
{
    note("bad_signature", "bus-a", 2, 1);
    cr_assert_eq(store_begin(store), 0); /* a transaction that is open: no second one begins */
    cr_expect_neq(incidents_commit(incidents, store, 1), 0);
    cr_assert_eq(incidents_commit(incidents, store, 1 + INCIDENTS_COMMIT_MS), 0);
    cr_expect_eq(kept().count, 2);
}
