/* The Modbus source against libmodbus' own server: over a pseudo terminal (RTU) and the loopback (TCP), with
 * a slave that is good, garbled, slow, dead, refuses, or goes away. */
#define _GNU_SOURCE /* posix_openpt(), MAP_ANONYMOUS */

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/source/modbus.h"

/* A slave that answers has all the time that a busy machine may need; one that is late answers between one
 * and two times the timeout after the request: later than that nobody tells whose answer it is. */
enum {
    UNIT = 17,
    POLL_MS = 100,
    LIMIT_MS = 60000,
    REGISTERS = 100,
    TIMEOUT_MS = 5000,
    TIMEOUT_DEAD_MS = 200,
    TIMEOUT_LATE_MS = 1000,
    LATE_MS = 1400,
    TOO_LATE_MS = 1700
};

enum mood { GOOD, BAD_CHECKSUM, LATE, DEAD, BUSY, OTHER_UNIT, NONSENSE, HANG_UP };

/* Between the test and the slave, which is another process. */
struct shared {
    volatile enum mood mood;
    volatile int requests, late; /* late: answers that came so */
    uint8_t asked[16][6];        /* the first ones, without unit and checksum */
};
static struct shared *shared;
static pid_t slave_pid;
static modbus_mapping_t *mapping;

static void set_up(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(shared, MAP_FAILED);
    mapping = modbus_mapping_new(REGISTERS, REGISTERS, REGISTERS, REGISTERS);
    mapping->tab_bits[3] = 1;
    mapping->tab_input_bits[13] = 1;
    mapping->tab_registers[7] = 456;
    mapping->tab_registers[8] = 0xFFFE;
    mapping->tab_registers[20] = 111;
    mapping->tab_registers[30] = 222;
    mapping->tab_input_registers[4] = 0x0A5;
}

static void end_slave(void)
{
    if (slave_pid > 0) {
        (void)kill(slave_pid, SIGKILL);
        (void)waitpid(slave_pid, NULL, 0);
    }
    slave_pid = 0;
}

static void tear_down(void)
{
    end_slave();
    modbus_mapping_free(mapping);
    (void)munmap(shared, sizeof *shared);
}
TestSuite(source_modbus, .init = set_up, .fini = tear_down);

static void sleep_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* An answer with whatever its last byte should not be. */
static void answer_garbled(int fd, const uint8_t *query, int head)
{
    const uint8_t answer[] = {query[head - 1], query[head], 2, 1, 2, 0xDE, 0xAD};
    (void)!write(fd, answer, sizeof answer);
}

static int64_t mono_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False when the machine has made it later still. */
static bool be_late(void)
{
    const int64_t began_ms = mono_ms();
    sleep_ms(LATE_MS);
    if (mono_ms() - began_ms >= TOO_LATE_MS)
        return false;
    shared->late++;
    return true;
}

static void serve(modbus_t *line, int fd)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    const int head = modbus_get_header_length(line);
    for (;;) {
        const int n = modbus_receive(line, query);
        if (n < 0 && errno == ECONNRESET)
            return;
        if (n <= 0)
            continue;
        if (shared->requests < 16)
            memcpy(shared->asked[shared->requests], query + head, 5);
        const int number = shared->requests++;
        const enum mood mood = number % 2 == 0 ? shared->mood : shared->mood == DEAD ? DEAD : GOOD;
        if (mood == HANG_UP && number == 0)
            return;
        if (mood == BAD_CHECKSUM)
            answer_garbled(fd, query, head);
        else if (mood == OTHER_UNIT)
            (void)!write(fd, (const uint8_t[]){UNIT + 1, 3, 2, 0, 0, 0, 0}, 7);
        else if (mood == BUSY)
            (void)modbus_reply_exception(line, query, MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY);
        else if (mood != DEAD && (mood != LATE || be_late())) {
            if (mood == NONSENSE)
                query[head] = (uint8_t)(5 - query[head]); /* of another function */
            (void)modbus_reply(line, query, n, mapping);
        }
    }
}

/* At the far end of a pseudo terminal; returns it, and its path. */
static int rtu_slave(enum mood mood, char path[64])
{
    const int fd = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert_geq(fd, 0);
    cr_assert(grantpt(fd) == 0 && unlockpt(fd) == 0);
    (void)snprintf(path, 64, "%s", ptsname(fd));
    shared->mood = mood;
    const int held = open(path, O_RDWR | O_NOCTTY); /* or the far end is hung up until the source opens it */
    slave_pid = fork();
    if (slave_pid == 0) {
        modbus_t *line = modbus_new_rtu(path, 9600, 'N', 8, 1);
        (void)modbus_set_slave(line, UNIT);
        (void)modbus_set_socket(line, fd);
        for (;;)
            serve(line, fd);
    }
    (void)held;
    return fd;
}

static int listen_tcp(int *ret_port)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)*ret_port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(fd, 4), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* On the loopback at *port, or any when that is 0. */
static void tcp_slave(enum mood mood, int *port)
{
    const int fd = listen_tcp(port);
    shared->mood = mood;
    slave_pid = fork();
    if (slave_pid == 0) {
        modbus_t *line = modbus_new_tcp("127.0.0.1", *port);
        for (int listening = fd;;) {
            if (modbus_tcp_accept(line, &listening) >= 0) {
                serve(line, modbus_get_socket(line));
                modbus_close(line);
            }
        }
    }
    (void)close(fd);
}

/* --- the source --- */

enum { SIGNALS = 9 };
static struct register_signal signals[SIGNALS];
static double values[SIGNALS];
static int heard[SIGNALS];

static void on_value(void *context, size_t signal, double value)
{
    (void)context;
    cr_assert_lt(signal, SIGNALS);
    values[signal] = value;
    heard[signal]++;
}

/* Set up for a slave of this mood. */
static struct source *source_at(const char *where, enum mood mood, const char *const *lines)
{
    const unsigned timeout_ms = mood == DEAD ? TIMEOUT_DEAD_MS : mood == LATE ? TIMEOUT_LATE_MS : TIMEOUT_MS;
    struct modbus_config config = {.poll_ms = POLL_MS, .timeout_ms = timeout_ms, .signals = signals};
    cr_assert_null(modbus_link_parse(where, &config.link), "%s", where);
    for (; lines[config.n_signals] != NULL; config.n_signals++)
        cr_assert_null(registers_parse(lines[config.n_signals], &signals[config.n_signals]));
    struct source *source = source_modbus_create(&config);
    cr_assert_not_null(source);
    return source;
}

static uint64_t trouble(const struct source *source, const char *code)
{
    const struct source_stats *stats = source_stats(source);
    for (size_t i = 0; i < stats->n_troubles; i++)
        if (strcmp(stats->troubles[i].code, code) == 0)
            return stats->troubles[i].n;
    return 0;
}

/* Lets it work until `done` says so. False when that takes too long. */
static bool drive(struct source *source, bool (*done)(struct source *source))
{
    static const struct source_sink sink = {.value = on_value};
    const int64_t until_ms = mono_ms() + LIMIT_MS;
    while (!done(source)) {
        if (mono_ms() > until_ms)
            return false;
        source_tick(source, mono_ms());
        struct pollfd poller = {.fd = source_fd(source), .events = POLLIN};
        (void)poll(&poller, 1, 20);
        source_read(source, &sink, mono_ms());
    }
    return true;
}

static const char *const all_kinds[] = {
    "coil 3",           "discrete 12",       "discrete 13",       "holding 7 scale 0.1",
    "holding 8 signed", "input 4 bits 0..2", "input 4 bits 4..7", NULL};

static bool all_heard(struct source *source)
{
    (void)source;
    for (int i = 0; i < 7; i++)
        if (heard[i] == 0)
            return false;
    return true;
}

static void check_all(void)
{
    static const double expected[] = {1, 0, 1, 45.6, -2, 5, 10};
    for (int i = 0; i < 7; i++)
        cr_expect_float_eq(values[i], expected[i], 1e-9, "signal %d: %f", i, values[i]);
}

static struct source *rtu(enum mood mood, const char *const *lines)
{
    char path[64], where[128];
    (void)rtu_slave(mood, path);
    (void)snprintf(where, sizeof where, "rtu:%s 9600 8N1 unit %d", path, UNIT);
    return source_at(where, mood, lines);
}

Test(source_modbus, rtu_reads_all_kinds_neighbours_together)
{
    struct source *source = rtu(GOOD, all_kinds);
    cr_assert(drive(source, all_heard), "%s", source_stats(source)->reason);
    check_all();
    cr_expect_eq(source_stats(source)->bad, 0);
    static const uint8_t expected[4][5] = {
        {1, 0, 3, 0, 1}, {2, 0, 12, 0, 2}, {3, 0, 7, 0, 2}, {4, 0, 4, 0, 1}};
    for (int i = 0; i < 4; i++)
        cr_expect_arr_eq(shared->asked[i], expected[i], 5, "request %d", i);
    source_destroy(source);
}

static bool three_bad(struct source *source)
{
    return source_stats(source)->bad >= 3 && all_heard(source);
}

/* Every second answer; the odd number of requests a turn makes it another one each turn. */
static const char *const odd[] = {"coil 3",
                                  "discrete 12",
                                  "discrete 13",
                                  "holding 7 scale 0.1",
                                  "holding 8 signed",
                                  "input 4 bits 0..2",
                                  "input 4 bits 4..7",
                                  "input 40",
                                  NULL};

static void expect_trouble_of_odd(enum mood mood, const char *code)
{
    struct source *source = rtu(mood, odd);
    cr_assert(drive(source, three_bad), "%s: %s", code, source_stats(source)->reason);
    cr_expect_geq(trouble(source, code), 2, "%s: %s", code, source_stats(source)->reason);
    check_all();
    cr_expect_eq(source_stats(source)->state, SOURCE_OPEN);
    source_destroy(source);
}

Test(source_modbus, rtu_a_garbled_answer_is_counted_and_the_next_one_read)
{
    expect_trouble_of_odd(BAD_CHECKSUM, "checksum");
}

Test(source_modbus, rtu_a_slave_that_refuses_is_counted)
{
    expect_trouble_of_odd(BUSY, "exception");
}

Test(source_modbus, rtu_another_unit_that_answers_is_counted)
{
    expect_trouble_of_odd(OTHER_UNIT, "wrong_unit");
}

Test(source_modbus, rtu_nonsense_is_counted)
{
    expect_trouble_of_odd(NONSENSE, "bad_answer");
}

static bool six_late(struct source *source)
{
    cr_assert(heard[0] == 0 || values[0] == 111, "%f", values[0]);
    cr_assert(heard[1] == 0 || values[1] == 222, "%f", values[1]);
    return shared->late >= 6 && trouble(source, "no_answer") >= 6 && heard[0] > 0 && heard[1] > 0;
}

Test(source_modbus, rtu_a_late_answer_is_never_taken_for_that_of_the_next_request)
{
    static const char *const lines[] = {"holding 20", "holding 30", "coil 3", NULL};
    struct source *source = rtu(LATE, lines);
    cr_assert(drive(source, six_late), "%s", source_stats(source)->reason);
    source_destroy(source);
}

static bool unanswered(struct source *source)
{
    return trouble(source, "no_answer") >= 3;
}

Test(source_modbus, rtu_a_dead_slave_is_asked_on_and_may_come_back)
{
    struct source *source = rtu(DEAD, all_kinds);
    cr_assert(drive(source, unanswered));
    cr_expect_eq(source_stats(source)->state, SOURCE_OPEN);
    cr_expect_eq(source_stats(source)->messages, 0);
    cr_expect_not_null(strstr(source_stats(source)->reason, "does not answer"));
    shared->mood = GOOD;
    cr_assert(drive(source, all_heard));
    check_all();
    cr_expect_eq(source_stats(source)->opened, 1);
    source_destroy(source);
}

static bool refused_address(struct source *source)
{
    return trouble(source, "exception") >= 2 && heard[0] >= 2;
}

Test(source_modbus, a_register_that_the_slave_has_not_costs_only_its_own_request)
{
    static const char *const lines[] = {"holding 20", "holding 5000", NULL};
    struct source *source = rtu(GOOD, lines);
    cr_assert(drive(source, refused_address));
    cr_expect_eq(heard[1], 0);
    cr_expect_float_eq(values[0], 111, 0);
    source_destroy(source);
}

static bool closed(struct source *source)
{
    return source_stats(source)->state == SOURCE_CONNECTING && source_stats(source)->opened > 0;
}

static bool opened_twice(struct source *source)
{
    return source_stats(source)->opened >= 2 && all_heard(source);
}

Test(source_modbus, a_converter_that_is_plugged_in_again_is_found)
{
    char folder[] = "/tmp/modbus-XXXXXX", link[80], path[64], where[128];
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(link, sizeof link, "%s/by-id", folder);
    const int first = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(first >= 0 && grantpt(first) == 0 && unlockpt(first) == 0);
    cr_assert_eq(symlink(ptsname(first), link), 0);
    (void)snprintf(where, sizeof where, "rtu:%s 19200 8E1 unit %d", link, UNIT);
    struct source *source = source_at(where, DEAD, all_kinds);
    cr_assert(drive(source, unanswered));
    cr_assert_eq(close(first), 0);
    cr_assert_eq(unlink(link), 0);
    cr_assert(drive(source, closed));
    (void)rtu_slave(GOOD, path);
    cr_assert_eq(symlink(path, link), 0);
    cr_assert(drive(source, opened_twice), "%s", source_stats(source)->reason);
    check_all();
    source_destroy(source);
    (void)unlink(link);
    (void)rmdir(folder);
}

static struct source *tcp(enum mood mood, int *port, const char *const *lines)
{
    char where[64];
    tcp_slave(mood, port);
    (void)snprintf(where, sizeof where, "tcp:127.0.0.1:%d unit %d", *port, UNIT);
    return source_at(where, mood, lines);
}

static bool connection_refused(struct source *source)
{
    return strcmp(source_stats(source)->reason, "modbus: Connection refused") == 0;
}

Test(source_modbus, tcp_reads_and_connects_again_for_ever)
{
    int port = 0;
    struct source *source = tcp(GOOD, &port, all_kinds);
    cr_assert(drive(source, all_heard), "%s", source_stats(source)->reason);
    check_all();
    end_slave();
    cr_assert(drive(source, closed));
    cr_assert(drive(source, connection_refused), "%s", source_stats(source)->reason);
    memset(heard, 0, sizeof heard);
    tcp_slave(GOOD, &port);
    cr_assert(drive(source, opened_twice), "%s", source_stats(source)->reason);
    check_all();
    source_destroy(source);
}

Test(source_modbus, tcp_one_that_hangs_up_on_a_request_is_called_again)
{
    int port = 0;
    struct source *source = tcp(HANG_UP, &port, all_kinds);
    cr_assert(drive(source, opened_twice), "%s", source_stats(source)->reason);
    check_all();
    source_destroy(source);
}

static bool called_again(struct source *source)
{
    return source_stats(source)->opened >= 2;
}

Test(source_modbus, tcp_one_that_stays_silent_gets_a_new_connection)
{
    int port = 0;
    struct source *source = tcp(DEAD, &port, all_kinds);
    cr_assert(drive(source, called_again), "%s", source_stats(source)->reason);
    cr_expect_geq(trouble(source, "no_answer"), 5);
    source_destroy(source);
}

Test(source_modbus, tcp_late_answers_are_told_apart)
{
    int port = 0;
    struct source *source = tcp(LATE, &port, odd);
    cr_assert(drive(source, three_bad), "%s", source_stats(source)->reason);
    check_all();
    source_destroy(source);
}

Test(source_modbus, what_cannot_be_opened_is_said)
{
    static const char *const lines[] = {"coil 0", NULL};
    static const char *const expected = "modbus: No such file or directory";
    struct source *source = source_at("rtu:/nonexistent/tty 9600 8N1 unit 1", DEAD, lines);
    const int64_t until_ms = mono_ms() + LIMIT_MS;
    while (strcmp(source_stats(source)->reason, expected) != 0 && mono_ms() < until_ms) {
        source_tick(source, mono_ms());
        cr_expect_eq(source_fd(source), -1);
        sleep_ms(10);
    }
    cr_expect_str_eq(source_stats(source)->reason, expected);
    source_destroy(source);
}

Test(source_modbus, it_can_be_destroyed_at_any_time)
{
    static const char *const lines[] = {"coil 0", NULL};
    struct source *never_opened = source_at("tcp:127.0.0.1:1 unit 1", DEAD, lines);
    source_destroy(never_opened);
    struct source *connecting = source_at("tcp:127.0.0.1:1 unit 1", DEAD, lines);
    source_tick(connecting, 0);
    cr_expect_eq(source_stats(connecting)->state, SOURCE_CONNECTING);
    source_destroy(connecting);
}
