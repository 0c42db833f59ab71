/* Which Modbus register is which signal, and which registers are read together. Pure: no line, no clock, no
 * heap. */
#ifndef BUSWARDEN_REGISTERS_H
#define BUSWARDEN_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REGISTERS_MAX = 256,
    REGISTER_NAME_LEN = 48,
    REGISTER_BLOCKS_MAX = 32, /* requests a turn */
    REGISTER_BLOCK_MAX = 125, /* registers or bits a request; of registers the protocol allows no more */
};

enum register_kind { REGISTER_COIL, REGISTER_DISCRETE, REGISTER_HOLDING, REGISTER_INPUT };

struct register_signal {
    char name[REGISTER_NAME_LEN];
    enum register_kind kind;
    uint16_t address;               /* as on the wire, from 0 on */
    uint8_t first_bit, length_bits; /* of the register; a coil has one */
    bool is_signed;
    double scale, offset;
};

/* `text` after the name:
 *
 *   coil 3, discrete 12                      one bit: 0 or 1
 *   holding 7, input 4                       all 16 bits of a register, then in this order as needed:
 *     bit 5, or bits 0..2                      only these, 0 is the lowest
 *     signed                                   two's complement
 *     scale 0.1                                value = raw * scale + offset; 1 and 0
 *     offset -40
 *
 * NULL and all of ret but the name, or why not. */
const char *registers_parse(const char *text, struct register_signal *ret);

/* The same text again, as short as it can be; cut when `size` is too small. */
void registers_print(const struct register_signal *signal, char *ret, size_t size);

/* Adjacent addresses of one kind, which one request reads. */
struct register_block {
    enum register_kind kind;
    uint16_t address;
    unsigned n; /* 1..REGISTER_BLOCK_MAX */
};

/* Into blocks by kind and address, without a register that nobody asked for: a slave may refuse the whole
 * request for it. Returns how many; 0 when it would be more than REGISTER_BLOCKS_MAX (or n is 0). n <=
 * REGISTERS_MAX. */
size_t registers_plan(const struct register_signal *signals, size_t n,
                      struct register_block ret_blocks[REGISTER_BLOCKS_MAX]);

/* A signal's value in the block that was read, one word a register or bit. False when it is not in it. */
bool registers_value(const struct register_signal *signal, const struct register_block *block,
                     const uint16_t *words, double *ret_value);

#endif
