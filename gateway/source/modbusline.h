/* libmodbus, as the Modbus source uses it: one request at a time, each at most timeout_ms long. */
#ifndef BUSWARDEN_MODBUSLINE_H
#define BUSWARDEN_MODBUSLINE_H

#include <modbus.h>

#include "gateway/source/modbus.h"

/* Not connected yet. NULL with errno. Release with modbus_free(). */
modbus_t *modbusline_create(const struct modbus_link *link, unsigned timeout_ms);

/* 0 and block->n words, or a negative errno, which may be one of libmodbus's. */
int modbusline_read(modbus_t *line, const struct register_block *block,
                    uint16_t ret_words[REGISTER_BLOCK_MAX]);

struct modbusline_fault {
    const char *code, *words; /* as of struct source_trouble */
};
/* What the slave did wrong; NULL when it is not the slave but the line that is gone. */
const struct modbusline_fault *modbusline_fault(int error);

#endif
