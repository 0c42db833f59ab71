/* The gateway's configuration file (INI; proto/settings.h). Every key has its place here; an unknown one is
 * an error.
 *
 *     [vehicle] id, division     as in the registry: they name the vehicle's topics
 *               key              Ed25519 secret of this vehicle, as `keygen` writes it
 *     [bureau]  key              public key of the bureau: checks licences, orders and receipts
 *     [licence] file             where the newest licence is kept; need not exist yet
 *     [orders]  file             the same for orders (the licence's, with ".orders" behind it)
 *     [process] user             whom to become when started as root (nobody: stay)
 *     [gps]     host (127.0.0.1)  port (2947)            gpsd on this machine; an address, or
 *                                localhost: a name to look up could hold up the watch
 *     [cabin]   can              CAN interface of the kernel, such as can0; or
 *               slcan            tty of a CAN adapter; or
 *               modbus           slave: rtu:TTY BAUD FORMAT unit N (rtu:/dev/ttyUSB0 9600 8N1 unit 1) or
 *                                tcp:ADDRESS:PORT unit N, an IPv4 address; none = no cabin sensors
 *               bitrate (6)      slcan: digit of the adapter's S command: 6 = 500 kbit/s
 *               dbc              can, slcan: DBC file of the vehicle's bus
 *               poll_ms (500)    modbus: 100 to 2000: how often the registers are read; a signal is silent
 * after 3 s timeout_ms (500) modbus: 50 to 2000: for an answer, whole [registers] NAME = KIND ADDRESS ...
 * modbus: which register is which signal, e.g. SEAT_R3L_OCC = discrete 12 (gateway/source/registers.h); 256
 * at most, in 32 requests [signals] NAME = SIGNAL [YES NO]        e.g. seat.row3.left.occupied =
 * SEAT_R3L_OCC; YES and NO are the values by which it says so, when they are not 1 and 0. Without this
 *                                section the names of the DBC file or the registers decide
 *                                (gateway/cabin/mapping.h)
 *     [alarm]   command          program with its whole path, and arguments (gateway/alarm/command.h)
 *               lamp, buzzer, horn, lights = CHIP:LINE [active_low]    GPIO lines (gateway/alarm/gpio.h)
 *     [broker]  host (127.0.0.1)  port (8883 with TLS, else 1883)
 *               ca, cert, key    TLS: all three or none
 *               presence_s (10)  how often the live position is sent
 *     [outbox]  path             SQLite file
 *               max_track_records (100000)
 *     [status]  socket           Unix socket that `status` asks
 *
 * Relative paths are taken from the working directory. */
#ifndef BUSWARDEN_GATEWAY_CONFIG_H
#define BUSWARDEN_GATEWAY_CONFIG_H

#include "gateway/cabin/occupancy.h"
#include "gateway/source/modbus.h"
#include "proto/model.h"
#include "proto/settings.h"

enum {
    CONFIG_SIGNALS_MAX = 2 * CABIN_SEATS_MAX + 3 * CABIN_DOORS_MAX + 5,
    CONFIG_SIGNAL_LEN = 48,
    CONFIG_USER_LEN = 33,
    CONFIG_CHIP_LEN = 32,
    CONFIG_INTERFACE_LEN = 16, /* the kernel's IFNAMSIZ */
    CONFIG_COMMAND_WORDS_MAX = 16
};

/* A line of a GPIO chip. */
enum config_line_role { CONFIG_LAMP, CONFIG_BUZZER, CONFIG_HORN, CONFIG_LIGHTS, CONFIG_LINES };
struct config_line {
    char chip[CONFIG_CHIP_LEN]; /* as gpiodetect names it: gpiochip0; "" = no such line */
    unsigned offset;
    bool active_low;
};

struct config_signal {
    char place[CONFIG_SIGNAL_LEN];  /* seat.row3.left.occupied */
    char signal[CONFIG_SIGNAL_LEN]; /* SEAT_R3L_OCC */
    bool has_values;                /* it says yes and no by these, and everything else means unknown */
    double yes, no;
};

/* "" = not given. */
struct gateway_config {
    char path[SETTINGS_TEXT_MAX]; /* of the file itself, cut when it is longer */
    char vehicle[BW_ID_LEN];
    char division[BW_DIVISION_LEN];
    char key_path[SETTINGS_TEXT_MAX];
    char bureau_key_path[SETTINGS_TEXT_MAX];
    char licence_path[SETTINGS_TEXT_MAX];
    char orders_path[SETTINGS_TEXT_MAX];
    char user[CONFIG_USER_LEN];
    char gps_host[SETTINGS_TEXT_MAX];
    int gps_port;
    char can_interface[CONFIG_INTERFACE_LEN];
    char slcan_path[SETTINGS_TEXT_MAX];
    char slcan_bitrate[2];
    char dbc_path[SETTINGS_TEXT_MAX];
    struct modbus_link modbus; /* device "" = none */
    unsigned poll_ms, timeout_ms;
    char alarm_command[SETTINGS_TEXT_MAX];
    struct config_line alarm_lines[CONFIG_LINES];
    char broker_host[SETTINGS_TEXT_MAX];
    int broker_port;
    char broker_ca[SETTINGS_TEXT_MAX], broker_cert[SETTINGS_TEXT_MAX], broker_key[SETTINGS_TEXT_MAX];
    unsigned presence_s;
    char outbox_path[SETTINGS_TEXT_MAX];
    unsigned max_track_records;
    char status_path[SETTINGS_TEXT_MAX];
    size_t n_signals;
    struct config_signal signals[CONFIG_SIGNALS_MAX];
    size_t n_registers;
    struct register_signal registers[REGISTERS_MAX]; /* beyond n_registers: undefined */
};

/* 0, or a negative errno with "file:line: reason" in ret_reason. */
int config_load(const char *path, struct gateway_config *ret, char ret_reason[SETTINGS_REASON_MAX]);

#endif
