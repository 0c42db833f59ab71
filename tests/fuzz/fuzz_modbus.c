/* Any bytes as a slave's answer: libmodbus and what reads its words end with words or with a fault that is
 * known, never with more words than were asked for.
 *
 * The first byte says what was asked (kind, TCP or RTU, whether a right checksum is put behind), the second
 * how much. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/source/modbusline.h"

enum { BYTES_MAX = 300, UNIT = 1, TIMEOUT_MS = 50 };

/* Modbus over serial line, version 1.02, appendix B. */
static uint16_t checksum(const uint8_t *bytes, size_t n)
{
    uint16_t sum = 0xFFFF;
    for (size_t i = 0; i < n; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = (uint16_t)((sum & 1) != 0 ? sum >> 1 ^ 0xA001 : sum >> 1);
    }
    return sum;
}

static void check(const struct register_block *block, const uint16_t *words)
{
    const struct register_signal signal = {.kind = block->kind,
                                           .address = (uint16_t)(block->address + block->n - 1),
                                           .first_bit = 3,
                                           .length_bits = 13,
                                           .is_signed = true,
                                           .scale = 1};
    double value;
    if (!registers_value(&signal, block, words, &value) || !(fabs(value) <= 4096))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > BYTES_MAX)
        return 0;
    const bool tcp = (data[0] & 4) != 0, right = (data[0] & 8) != 0;
    const struct modbus_link link = {.tcp = tcp,
                                     .device = "127.0.0.1",
                                     .port = 502,
                                     .baud = 9600,
                                     .parity = 'N',
                                     .data_bits = 8,
                                     .stop_bits = 1,
                                     .unit = UNIT};
    const struct register_block block = {
        .kind = (enum register_kind)(data[0] & 3), .address = 7, .n = data[1] % REGISTER_BLOCK_MAX + 1U};
    uint8_t answer[BYTES_MAX + 2];
    size_t n = size - 2;
    memcpy(answer, data + 2, n);
    if (right && !tcp) {
        const uint16_t sum = checksum(answer, n);
        answer[n++] = (uint8_t)(sum & 0xFF);
        answer[n++] = (uint8_t)(sum >> 8);
    }
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        abort();
    modbus_t *line = modbusline_create(&link, TIMEOUT_MS);
    if (line == NULL || modbus_set_socket(line, ends[0]) != 0 || write(ends[1], answer, n) != (ssize_t)n ||
        shutdown(ends[1], SHUT_WR) != 0)
        abort();
    uint16_t *words = calloc(REGISTER_BLOCK_MAX, sizeof *words); /* on the heap: a word too many is seen */
    const int error = modbusline_read(line, &block, words);
    if (error == 0)
        check(&block, words);
    else if (error != -ECONNRESET && modbusline_fault(error) == NULL)
        abort();
    free(words);
    modbus_free(line);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
}
