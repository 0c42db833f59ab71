/* The gateway's configuration file: every fault is named with file and line (gateway/config.h). */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config.h"

#define GOOD                                                                                                 \
    "[vehicle]\nid = bus-a\ndivision = 331023\nkey = d.key\n[bureau]\nkey = b.pub\n[licence]\nfile = l.pb\n" \
    "[outbox]\npath = o.db\n[status]\nsocket = s.sock\n"

static struct gateway_config config;
static char path[64], reason[SETTINGS_REASON_MAX];

static int load(const char *text)
{
    (void)snprintf(path, sizeof path, "/tmp/config-XXXXXX");
    const int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    reason[0] = '\0';
    const int error = config_load(path, &config, reason);
    (void)unlink(path);
    return error;
}

Test(gateway_config, gpsd_is_an_address_or_localhost)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "localhost"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, GOOD "[gps]\nhost = %s\n", hosts[i]);
        cr_assert_eq(load(text), 0, "%s", reason);
        cr_expect_str_eq(config.gps_host, hosts[i]);
    }
}

Test(gateway_config, defaults_fill_what_is_not_given)
{
    cr_assert_eq(load(GOOD), 0, "%s", reason);
    cr_expect_str_eq(config.vehicle, "bus-a");
    cr_expect_str_eq(config.gps_host, "127.0.0.1");
    cr_expect_eq(config.gps_port, 2947);
    cr_expect_eq(config.broker_port, 1883);
    cr_expect_eq(config.presence_s, 10U);
    cr_expect_str_eq(config.slcan_path, "");
}

/* The example with every setting that it shows, the commented ones too: prose has a space after the
 * semicolon. Of what excludes each other only the given way to the cabin's signals stays. */
static const char *example(const char *way)
{
    static const char *const ways[] = {"slcan = ", "can = ", "modbus = rtu", "modbus = tcp"};
    static char text[16384];
    char line[512];
    const bool modbus = strncmp(way, "modbus", 6) == 0;
    bool registers = false;
    size_t used = 0;
    FILE *file = fopen("deploy/gateway.conf.example", "r");
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        const char *setting = line[0] == ';' && line[1] != ' ' ? line + 1 : line;
        if (setting[0] == '[')
            registers = strncmp(setting, "[registers]", 11) == 0;
        bool other = modbus ? strncmp(setting, "dbc = ", 6) == 0 : registers;
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
            other |= strncmp(setting, ways[i], strlen(ways[i])) == 0 && strcmp(ways[i], way) != 0;
        if (other)
            continue;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", setting);
        cr_assert_lt(used, sizeof text);
    }
    (void)fclose(file);
    return text;
}

Test(gateway_config, every_setting_of_the_example_stands_where_it_belongs)
{
    static const char *const ways[] = {"slcan = ", "can = ", "modbus = rtu", "modbus = tcp"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        cr_assert_eq(load(example(ways[i])), 0, "%s%s", ways[i], reason);
        cr_expect_str_eq(config.user, "buswarden");
        cr_expect_eq(config.n_registers > 0, strncmp(ways[i], "modbus", 6) == 0);
    }
}

Test(gateway_config, orders_lie_beside_the_licence)
{
    cr_assert_eq(load(GOOD), 0, "%s", reason);
    cr_expect_str_eq(config.orders_path, "l.pb.orders");
    cr_assert_eq(load(GOOD "[orders]\nfile = o.pb\n"), 0, "%s", reason);
    cr_expect_str_eq(config.orders_path, "o.pb");
}

Test(gateway_config, tls_changes_the_port)
{
    cr_assert_eq(load(GOOD "[broker]\nca = a\ncert = b\nkey = c\n"), 0, "%s", reason);
    cr_expect_eq(config.broker_port, 8883);
}

Test(gateway_config, signals_are_free_names)
{
    cr_assert_eq(load(GOOD "[signals]\nseat.row3.left.occupied = SEAT_R3L_OCC\ndoor.front.open = D1\n"
                           "seat.row3.left.belted = B3L 2 1\n"),
                 0, "%s", reason);
    cr_assert_eq(config.n_signals, 3U);
    cr_expect_not(config.signals[1].has_values);
    cr_expect_str_eq(config.signals[2].signal, "B3L");
    cr_expect(config.signals[2].has_values && config.signals[2].yes == 2 && config.signals[2].no == 1);
    cr_expect_str_eq(config.signals[0].place, "seat.row3.left.occupied");
    cr_expect_str_eq(config.signals[1].signal, "D1");
}

Test(gateway_config, registers_are_free_names_too)
{
    cr_assert_eq(load(GOOD "[cabin]\nmodbus = rtu:/dev/ttyUSB0 9600 8N1 unit 1\npoll_ms = 100\n"
                           "[registers]\nSEAT_R3L_OCC = discrete 12\nVEHICLE_SPEED = holding 7 scale 0.1\n"),
                 0, "%s", reason);
    cr_expect(config.poll_ms == 100 && config.timeout_ms == 500 && config.modbus.unit == 1);
    cr_assert_eq(config.n_registers, 2);
    cr_expect_str_eq(config.registers[1].name, "VEHICLE_SPEED");
    cr_expect_float_eq(config.registers[1].scale, 0.1, 0);
}

Test(gateway_config, registers_have_their_limits)
{
    static char text[32768];
    size_t n =
        (size_t)snprintf(text, sizeof text, GOOD "[cabin]\nmodbus = tcp:10.0.0.1:502 unit 1\n[registers]\n");
    for (int i = 0; i < 33; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "A%d = holding %d\n", i, 2 * i);
    cr_expect_eq(load(text), -EINVAL);
    cr_expect_not_null(strstr(reason, ": [registers]: so scattered that they take more than 32 requests"));
    n = (size_t)snprintf(text, sizeof text, GOOD "[cabin]\nmodbus = tcp:10.0.0.1:502 unit 1\n[registers]\n");
    for (int i = 0; i < 257; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "A%d = holding 7\n", i);
    cr_expect_eq(load(text), -EINVAL);
    cr_expect_not_null(strstr(reason, "[registers] A256: more than 256 registers"), "%s", reason);
}

Test(gateway_config, every_fault_is_named)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {GOOD "[gps]\nport = 70000\n", ":14: [gps] port: not a port (1..65535)"},
        {GOOD "[gps]\nhost = gps.bus.example\n",
         ":14: [gps] host: not an address (such as 127.0.0.1) nor localhost"},
        {GOOD "[gps]\nhost =\n", ":14: [gps] host: not an address (such as 127.0.0.1) nor localhost"},
        {GOOD "[gps]\nprt = 2947\n", ":14: [gps] prt: no such setting"},
        {GOOD "[gsp]\nport = 2947\n", ":14: [gsp] port: no such setting"},
        {GOOD "[vehicle]\nid = other\n", ":14: [vehicle] id: given twice"},
        {GOOD "nonsense\n", ":13: not a \"key = value\" line"},
        {GOOD "[cabin]\nbitrate = 9\n", ":14: [cabin] bitrate: not a digit"},
        {GOOD "[alarm]\nbuzzer = gpiochip0\n", ":14: [alarm] buzzer: not CHIP:LINE or"},
        {GOOD "[alarm]\nbuzzer = :4\n", ":14: [alarm] buzzer: not CHIP:LINE or"},
        {GOOD "[alarm]\nbuzzer = gpiochip0:\n", ":14: [alarm] buzzer: not CHIP:LINE or"},
        {GOOD "[alarm]\nbuzzer = gpiochip0:-1\n", ":14: [alarm] buzzer: not CHIP:LINE or"},
        {GOOD "[alarm]\nbuzzer = gpiochip0:4 low\n", ":14: [alarm] buzzer: not CHIP:LINE or"},
        {GOOD "[alarm]\nbuzzer = gpiochip0:4active_low\n", ":14: [alarm] buzzer: not CHIP:LINE or"},
        {GOOD "[alarm]\nbuzzer = a-chip-with-a-name-that-is-too-long:4\n", ":14: [alarm] buzzer: not CHIP"},
        {GOOD "[alarm]\nbuzzer = gpiochip0:65536\n", ":14: [alarm] buzzer: more lines than a chip has"},
        {GOOD "[alarm]\ncommand = horn\n", ":14: [alarm] command: not a program with its whole path"},
        {GOOD "[alarm]\ncommand = /h 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
         ":14: [alarm] command: more than 15 arguments"},
        {GOOD "[cabin]\nslcan = /dev/ttyACM0\n", ": [cabin] can or slcan, and dbc: give both or none"},
        {GOOD "[cabin]\ncan = can0\n", ": [cabin] can or slcan, and dbc: give both or none"},
        {GOOD "[cabin]\ndbc = bus.dbc\n", ": [cabin] can or slcan, and dbc: give both or none"},
        {GOOD "[cabin]\ncan = can0\nslcan = /dev/ttyACM0\ndbc = bus.dbc\n",
         ": [cabin] can, slcan and modbus: give one of them"},
        {GOOD "[cabin]\ncan = /dev/can0\n", ":14: [cabin] can: not the name of a network interface"},
        {GOOD "[cabin]\ncan =\n", ":14: [cabin] can: not the name of a network interface"},
        {GOOD "[cabin]\ncan = a-name-too-long0\n", ":14: [cabin] can: too long"},
        {GOOD "[cabin]\nmodbus = usb0\n", ":14: [cabin] modbus: begins with neither rtu: nor tcp:"},
        {GOOD "[cabin]\nmodbus = tcp:10.0.0.1:502 unit 1\n",
         ": [cabin] modbus and [registers]: give both or none"},
        {GOOD "[registers]\nA = coil 1\n", ": [cabin] modbus and [registers]: give both or none"},
        {GOOD "[cabin]\nmodbus = tcp:10.0.0.1:502 unit 1\ndbc = bus.dbc\n[registers]\nA = coil 1\n",
         ": [cabin] dbc: a Modbus slave has [registers] instead"},
        {GOOD "[cabin]\nmodbus = tcp:10.0.0.1:502 unit 1\ncan = can0\n[registers]\nA = coil 1\n",
         ": [cabin] can, slcan and modbus: give one of them"},
        {GOOD "[registers]\nA = coil 1\nB = coil x\n", ":15: [registers] B: its address is not a number"},
        {GOOD "[registers]\nA = coil 1\nA = coil 2\n", ":15: [registers] A: given twice"},
        {GOOD "[cabin]\npoll_ms = 99\n", ":14: [cabin] poll_ms: not a whole number from 100 to 2000"},
        {GOOD "[cabin]\npoll_ms = 2001\n", ":14: [cabin] poll_ms: not a whole number from 100 to 2000"},
        {GOOD "[cabin]\ntimeout_ms = 49\n", ":14: [cabin] timeout_ms: not a whole number from 50 to 2000"},
        {GOOD "[broker]\nca = a\n", ": [broker] ca, cert and key: give all three or none"},
        {GOOD "[orders]\nfile = l.pb\n", ": [orders] file: that is where the licence is kept"},
        {GOOD "[outbox]\nmax_track_records = 0\n", ":14: [outbox] max_track_records: not a whole number"},
        {GOOD "[signals]\npower.main = P 1\n", ":14: [signals] power.main: not SIGNAL, nor SIGNAL YES NO"},
        {GOOD "[signals]\npower.main = P 1 1\n", ":14: [signals] power.main: not SIGNAL, nor SIGNAL YES NO"},
        {GOOD "[signals]\npower.main = P 1 x\n", ":14: [signals] power.main: not SIGNAL, nor SIGNAL YES NO"},
        {GOOD "[signals]\npower.main = P 1 0 2\n",
         ":14: [signals] power.main: not SIGNAL, nor SIGNAL YES NO"},
        {GOOD "[signals]\npower.main = P nan 2\n",
         ":14: [signals] power.main: not SIGNAL, nor SIGNAL YES NO"},
        {"[vehicle]\nid = Bus.A\n", ":2: [vehicle] id: only a-z"},
        {"[vehicle]\nid = bus-a\n", ": [vehicle] division: missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(load(rows[i].text), -EINVAL, "row %zu", i);
        cr_expect(strncmp(reason, path, strlen(path)) == 0, "row %zu: %s", i, reason);
        cr_expect_not_null(strstr(reason, rows[i].expected), "row %zu: %s", i, reason);
    }
}

Test(gateway_config, a_missing_file_is_named)
{
    cr_expect_eq(config_load("/nonexistent.conf", &config, reason), -ENOENT);
    cr_expect_str_eq(reason, "/nonexistent.conf: No such file or directory");
}

Test(gateway_config, alarm_lines_name_chip_and_line)
{
    cr_assert_eq(load(GOOD "[alarm]\nbuzzer = gpiochip0:17\nhorn = gpiochip1:3 active_low\n"
                           "command = /usr/bin/horn --now 2\n"),
                 0, "%s", reason);
    const struct config_line *buzzer = &config.alarm_lines[CONFIG_BUZZER],
                             *horn = &config.alarm_lines[CONFIG_HORN];
    cr_expect(strcmp(buzzer->chip, "gpiochip0") == 0 && buzzer->offset == 17 && !buzzer->active_low);
    cr_expect(strcmp(horn->chip, "gpiochip1") == 0 && horn->offset == 3 && horn->active_low);
    cr_expect_str_eq(config.alarm_lines[CONFIG_LAMP].chip, "");
    cr_expect_str_eq(config.alarm_command, "/usr/bin/horn --now 2");
}
