#include "gateway/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 65536 }; /* of a GPIO chip */

static const char *parse_bitrate(const char *text, void *target, size_t size)
{
    if (text[0] < '0' || text[0] > '8' || text[1] != '\0')
        return "not a digit from 0 to 8 (6 = 500 kbit/s)";
    return settings_text(text, target, size);
}

static const char *parse_modbus(const char *text, void *target, size_t size)
{
    (void)size;
    return modbus_link_parse(text, target);
}

static const char *parse_span(const char *text, void *target, size_t size, unsigned least, const char *fault)
{
    unsigned ms;
    if (settings_count(text, &ms, size) != NULL || ms < least || ms > 2000)
        return fault;
    *(unsigned *)target = ms;
    return NULL;
}

/* A turn must end well within the time after which a signal is silent. */
static const char *parse_poll(const char *text, void *target, size_t size)
{
    return parse_span(text, target, size, 100, "not a whole number from 100 to 2000");
}

static const char *parse_timeout(const char *text, void *target, size_t size)
{
    return parse_span(text, target, size, 50, "not a whole number from 50 to 2000");
}

static const char *parse_interface(const char *text, void *target, size_t size)
{
    if (text[0] == '\0' || text[strcspn(text, " \t/:")] != '\0')
        return "not the name of a network interface, such as can0";
    return settings_text(text, target, size);
}

/* libgps looks a name up on the thread that watches the vehicle, and a resolver may hang for a minute. */
static const char *parse_gps_host(const char *text, void *target, size_t size)
{
    struct in6_addr address; /* holds an IPv4 one as well */
    if (strcmp(text, "localhost") != 0 && inet_pton(AF_INET, text, &address) != 1 &&
        inet_pton(AF_INET6, text, &address) != 1)
        return "not an address (such as 127.0.0.1) nor localhost";
    return settings_text(text, target, size);
}

static const char *parse_command(const char *text, void *target, size_t size)
{
    size_t words = 0;
    for (const char *at = text; *at != '\0'; at += strspn(at, " \t")) {
        words++;
        at += strcspn(at, " \t");
    }
    if (text[0] != '/')
        return "not a program with its whole path, from / on";
    return words > CONFIG_COMMAND_WORDS_MAX ? "more than 15 arguments" : settings_text(text, target, size);
}

/* "CHIP:LINE" or "CHIP:LINE active_low" */
static const char *parse_line(const char *text, void *target, size_t size)
{
    static const char fault[] = "not CHIP:LINE or CHIP:LINE active_low, such as gpiochip0:17";
    struct config_line line = {.active_low = false};
    (void)size;
    const size_t n = strcspn(text, ":");
    if (n == 0 || n >= sizeof line.chip || text[n] == '\0' || text[n + 1] < '0' || text[n + 1] > '9')
        return fault;
    memcpy(line.chip, text, n);
    char *end;
    const unsigned long offset = strtoul(text + n + 1, &end, 10);
    if (offset >= LINES_MAX)
        return "more lines than a chip has";
    line.offset = (unsigned)offset;
    const size_t blanks = strspn(end, " \t");
    line.active_low = blanks > 0 && strcmp(end + blanks, "active_low") == 0;
    if (*end != '\0' && !line.active_low)
        return fault;
    *(struct config_line *)target = line;
    return NULL;
}

/* "SIGNAL" or "SIGNAL YES NO" */
static const char *parse_signal(const char *text, struct config_signal *ret)
{
    char name[CONFIG_SIGNAL_LEN + 64], *rest, *end;
    const char *fault = settings_nonempty(text, name, sizeof name);
    if (fault != NULL)
        return fault;
    rest = name + strcspn(name, " \t");
    if (*rest != '\0') {
        *rest++ = '\0';
        ret->yes = strtod(rest, &end);
        ret->no = strtod(end, &rest);
        if (rest == end || *rest != '\0' || !isfinite(ret->yes) || !isfinite(ret->no) || ret->yes == ret->no)
            return "not SIGNAL, nor SIGNAL YES NO with two numbers";
        ret->has_values = true;
    }
    return settings_nonempty(name, ret->signal, sizeof ret->signal);
}

static const char *on_signal(void *context, const char *section, const char *name, const char *value)
{
    (void)section;
    struct gateway_config *config = context;
    if (config->n_signals == CONFIG_SIGNALS_MAX)
        return "more signals than a vehicle can have";
    struct config_signal *signal = &config->signals[config->n_signals];
    const char *fault = settings_nonempty(name, signal->place, sizeof signal->place);
    if (fault == NULL)
        fault = parse_signal(value, signal);
    if (fault == NULL)
        config->n_signals++;
    return fault;
}

/* Beside the licence when nothing else is said; a folder may hold those of several vehicles. */
static const char *place_orders(struct gateway_config *config)
{
    static const char suffix[] = ".orders";
    const size_t n = strlen(config->licence_path);
    if (config->orders_path[0] == '\0') {
        if (n + sizeof suffix > sizeof config->orders_path)
            return "[licence] file: the name is too long";
        memcpy(config->orders_path, config->licence_path, n);
        memcpy(config->orders_path + n, suffix, sizeof suffix);
    }
    return strcmp(config->orders_path, config->licence_path) == 0
               ? "[orders] file: that is where the licence is kept"
               : NULL;
}

static const char *on_register(void *context, const char *section, const char *name, const char *value)
{
    (void)section;
    struct gateway_config *config = context;
    if (config->n_registers == REGISTERS_MAX)
        return "more than 256 registers";
    struct register_signal *signal = &config->registers[config->n_registers];
    const char *fault = settings_nonempty(name, signal->name, sizeof signal->name);
    for (size_t i = 0; fault == NULL && i < config->n_registers; i++)
        if (strcmp(config->registers[i].name, signal->name) == 0)
            fault = "given twice";
    if (fault == NULL)
        fault = registers_parse(value, signal);
    if (fault == NULL)
        config->n_registers++;
    return fault;
}

static const char *check_modbus(const struct gateway_config *config)
{
    struct register_block blocks[REGISTER_BLOCKS_MAX];
    const bool modbus = config->modbus.device[0] != '\0';
    if (modbus != (config->n_registers > 0))
        return "[cabin] modbus and [registers]: give both or none";
    if (modbus && registers_plan(config->registers, config->n_registers, blocks) == 0)
        return "[registers]: so scattered that they take more than 32 requests";
    if (modbus && config->dbc_path[0] != '\0')
        return "[cabin] dbc: a Modbus slave has [registers] instead";
    return NULL;
}

static const char *check_cabin(const struct gateway_config *config)
{
    const bool can = config->can_interface[0] != '\0', slcan = config->slcan_path[0] != '\0';
    if (can + slcan + (config->modbus.device[0] != '\0') > 1)
        return "[cabin] can, slcan and modbus: give one of them";
    const char *fault = check_modbus(config);
    if (fault != NULL)
        return fault;
    return (can || slcan) != (config->dbc_path[0] != '\0')
               ? "[cabin] can or slcan, and dbc: give both or none"
               : NULL;
}

static const char *check(void *context)
{
    struct gateway_config *config = context;
    const char *fault;
    const int tls =
        (config->broker_ca[0] != '\0') + (config->broker_cert[0] != '\0') + (config->broker_key[0] != '\0');
    if (tls != 0 && tls != 3)
        return "[broker] ca, cert and key: give all three or none";
    fault = check_cabin(config);
    if (fault != NULL)
        return fault;
    if (config->broker_port == 0)
        config->broker_port = tls == 3 ? 8883 : 1883;
    return place_orders(config);
}

#define AT(field) SETTINGS_AT(struct gateway_config, field)
static const struct settings_key keys[] = {
    {"vehicle", "id", settings_level, AT(vehicle), true},
    {"vehicle", "division", settings_level, AT(division), true},
    {"vehicle", "key", settings_nonempty, AT(key_path), true},
    {"bureau", "key", settings_nonempty, AT(bureau_key_path), true},
    {"licence", "file", settings_nonempty, AT(licence_path), true},
    {"orders", "file", settings_nonempty, AT(orders_path), false},
    {"process", "user", settings_nonempty, AT(user), false},
    {"gps", "host", parse_gps_host, AT(gps_host), false},
    {"gps", "port", settings_port, AT(gps_port), false},
    {"cabin", "can", parse_interface, AT(can_interface), false},
    {"cabin", "slcan", settings_nonempty, AT(slcan_path), false},
    {"cabin", "modbus", parse_modbus, AT(modbus), false},
    {"cabin", "poll_ms", parse_poll, AT(poll_ms), false},
    {"cabin", "timeout_ms", parse_timeout, AT(timeout_ms), false},
    {"cabin", "bitrate", parse_bitrate, AT(slcan_bitrate), false},
    {"cabin", "dbc", settings_nonempty, AT(dbc_path), false},
    {"alarm", "command", parse_command, AT(alarm_command), false},
    {"alarm", "lamp", parse_line, AT(alarm_lines[CONFIG_LAMP]), false},
    {"alarm", "buzzer", parse_line, AT(alarm_lines[CONFIG_BUZZER]), false},
    {"alarm", "horn", parse_line, AT(alarm_lines[CONFIG_HORN]), false},
    {"alarm", "lights", parse_line, AT(alarm_lines[CONFIG_LIGHTS]), false},
    {"broker", "host", settings_nonempty, AT(broker_host), false},
    {"broker", "port", settings_port, AT(broker_port), false},
    {"broker", "ca", settings_text, AT(broker_ca), false},
    {"broker", "cert", settings_text, AT(broker_cert), false},
    {"broker", "key", settings_text, AT(broker_key), false},
    {"broker", "presence_s", settings_count, AT(presence_s), false},
    {"outbox", "path", settings_nonempty, AT(outbox_path), true},
    {"outbox", "max_track_records", settings_count, AT(max_track_records), false},
    {"status", "socket", settings_nonempty, AT(status_path), true},
};

static const struct settings_free free_sections[] = {
    {"signals", on_signal}, {"registers", on_register}, {NULL, NULL}};

static const struct settings_schema schema = {
    .keys = keys,
    .n_keys = sizeof keys / sizeof keys[0],
    .free_sections = free_sections,
    .check = check,
};

static void set_defaults(struct gateway_config *config)
{
    static const char loopback[] = "127.0.0.1";
    memcpy(config->gps_host, loopback, sizeof loopback);
    config->gps_port = 2947;
    memcpy(config->slcan_bitrate, "6", 2);
    config->poll_ms = config->timeout_ms = 500;
    memcpy(config->broker_host, loopback, sizeof loopback);
    config->presence_s = 10;
    config->max_track_records = 100000;
}

/* The registers stand at the end: what is not used of them takes no memory. */
int config_load(const char *path, struct gateway_config *ret, char ret_reason[SETTINGS_REASON_MAX])
{
    struct gateway_config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        (void)snprintf(ret_reason, SETTINGS_REASON_MAX, "%.200s: %s", path, strerror(ENOMEM));
        return -ENOMEM;
    }
    set_defaults(config);
    const int error = settings_load(path, &schema, config, ret_reason);
    (void)snprintf(config->path, sizeof config->path, "%s", path);
    if (error == 0)
        memcpy(ret, config,
               offsetof(struct gateway_config, registers) +
                   config->n_registers * sizeof config->registers[0]);
    free(config);
    return error;
}
