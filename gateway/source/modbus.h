/* A Modbus slave as a source: polled with libmodbus from a thread of its own. */
#ifndef BUSWARDEN_MODBUS_H
#define BUSWARDEN_MODBUS_H

#include "gateway/source/registers.h"
#include "gateway/source/source.h"

enum { MODBUS_DEVICE_LEN = 128 };

struct modbus_link {
    bool tcp;
    char device[MODBUS_DEVICE_LEN]; /* tty, or IPv4 address: looking a name up could take long */
    int port;                       /* TCP */
    int baud, data_bits, stop_bits; /* RTU */
    char parity;                    /* RTU: N, E, O */
    int unit;
};

/* "rtu:/dev/ttyUSB0 9600 8N1 unit 1" or "tcp:192.168.1.5:502 unit 1". NULL, or why not. */
const char *modbus_link_parse(const char *text, struct modbus_link *ret);

struct modbus_config {
    struct modbus_link link;
    unsigned poll_ms;    /* from the start of one turn to that of the next */
    unsigned timeout_ms; /* for an answer, whole */
    const struct register_signal *signals;
    size_t n_signals; /* registers_plan() takes them */
};

/* Pushes value(index of the signal). What the slave did not answer is not repeated: its signals grow stale. A
 * slave that is late is listened to for another timeout_ms before the next request, so that its answer is
 * never taken for another one's. Destroying it waits for the request that is under way, timeout_ms at most.
 * The configuration is copied. NULL when out of memory, or for registers that are too many. */
struct source *source_modbus_create(const struct modbus_config *config);

#endif
