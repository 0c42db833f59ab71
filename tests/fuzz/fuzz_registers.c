/* Any text as a line of [registers] or as the name of a slave: what is accepted is possible, and a value of
 * it is finite or overflows by its own scale. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/source/modbus.h"

static void check_register(const struct register_signal *signal)
{
    struct register_block blocks[REGISTER_BLOCKS_MAX];
    const uint16_t word = 0xFFFF;
    double value;
    if (signal->length_bits < 1 || signal->first_bit + signal->length_bits > 16 || !isfinite(signal->scale) ||
        signal->scale == 0 || !isfinite(signal->offset))
        abort();
    if (registers_plan(signal, 1, blocks) != 1 || blocks[0].n != 1 ||
        !registers_value(signal, blocks, &word, &value) || isnan(value))
        abort();
}

static void check_link(const struct modbus_link *link)
{
    if (link->device[0] == '\0' || memchr(link->device, '\0', sizeof link->device) == NULL ||
        link->unit < 0 || link->unit > 255 ||
        (link->tcp ? link->port < 1 || link->port > 65535 : link->baud < 1200))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    struct register_signal signal = {0};
    struct modbus_link link;
    if (registers_parse(text, &signal) == NULL)
        check_register(&signal);
    if (modbus_link_parse(text, &link) == NULL)
        check_link(&link);
    free(text);
    return 0;
}
