#include "gateway/source/registers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 16 };

static const char *const kinds[] = {[REGISTER_COIL] = "coil",
                                    [REGISTER_DISCRETE] = "discrete",
                                    [REGISTER_HOLDING] = "holding",
                                    [REGISTER_INPUT] = "input"};

struct cursor {
    const char *at;
};

static void skip_blanks(struct cursor *c)
{
    c->at += strspn(c->at, " \t");
}

/* The next word, when it is this one. */
static bool word(struct cursor *c, const char *expected)
{
    skip_blanks(c);
    const size_t n = strlen(expected);
    if (strncmp(c->at, expected, n) != 0 || (c->at[n] != '\0' && c->at[n] != ' ' && c->at[n] != '\t'))
        return false;
    c->at += n;
    return true;
}

/* Digits only: strtoul() alone would take a sign. */
static bool whole(struct cursor *c, unsigned long most, unsigned *ret)
{
    skip_blanks(c);
    char *end;
    if (*c->at < '0' || *c->at > '9')
        return false;
    const unsigned long value = strtoul(c->at, &end, 10); /* too many digits: ULONG_MAX */
    if (value > most)
        return false;
    c->at = end;
    *ret = (unsigned)value;
    return true;
}

static bool number(struct cursor *c, double *ret)
{
    char *end;
    const double value = strtod(c->at, &end);
    if (end == c->at || !isfinite(value))
        return false;
    c->at = end;
    *ret = value;
    return true;
}

static const char *parse_bits(struct cursor *c, struct register_signal *signal)
{
    unsigned first, last;
    if (word(c, "bit")) {
        if (!whole(c, WORD_BITS - 1, &first))
            return "bit: not a number from 0 to 15";
        last = first;
    } else if (word(c, "bits")) {
        if (!whole(c, WORD_BITS - 1, &first) || strncmp(c->at, "..", 2) != 0)
            return "bits: not FIRST..LAST with numbers from 0 to 15";
        c->at += 2;
        if (!whole(c, WORD_BITS - 1, &last) || last < first)
            return "bits: not FIRST..LAST with numbers from 0 to 15";
    } else {
        return NULL;
    }
    signal->first_bit = (uint8_t)first;
    signal->length_bits = (uint8_t)(last - first + 1);
    return NULL;
}

static const char *parse_rest(struct cursor *c, struct register_signal *signal)
{
    const char *fault = parse_bits(c, signal);
    if (fault != NULL)
        return fault;
    signal->is_signed = word(c, "signed");
    if (signal->is_signed && signal->length_bits < 2)
        return "signed: one bit has no sign";
    if (word(c, "scale") && (!number(c, &signal->scale) || signal->scale == 0))
        return "scale: not a number, or 0";
    if (word(c, "offset") && !number(c, &signal->offset))
        return "offset: not a number";
    return NULL;
}

const char *registers_parse(const char *text, struct register_signal *ret)
{
    struct cursor c = {text};
    struct register_signal signal = {.length_bits = WORD_BITS, .scale = 1};
    unsigned kind = 0, address;
    while (kind < sizeof kinds / sizeof kinds[0] && !word(&c, kinds[kind]))
        kind++;
    if (kind == sizeof kinds / sizeof kinds[0])
        return "not coil, discrete, holding or input and an address";
    if (!whole(&c, UINT16_MAX, &address))
        return "its address is not a number from 0 to 65535";
    const bool bit = kind == REGISTER_COIL || kind == REGISTER_DISCRETE;
    if (bit)
        signal.length_bits = 1;
    const char *fault = bit ? NULL : parse_rest(&c, &signal);
    if (fault != NULL)
        return fault;
    skip_blanks(&c);
    if (*c.at != '\0')
        return bit ? "a coil or discrete input is one bit: nothing may follow its address"
                   : "what follows is not bit, bits, signed, scale, offset, in this order";
    signal.kind = (enum register_kind)kind;
    signal.address = (uint16_t)address;
    memcpy(signal.name, ret->name, sizeof signal.name);
    *ret = signal;
    return NULL;
}

void registers_print(const struct register_signal *signal, char *ret, size_t size)
{
    char bits[16] = "", scale[32] = "", offset[32] = "";
    const unsigned first = signal->first_bit, n = signal->length_bits;
    const bool whole_word =
        n == WORD_BITS || signal->kind == REGISTER_COIL || signal->kind == REGISTER_DISCRETE;
    if (!whole_word && n == 1)
        (void)snprintf(bits, sizeof bits, " bit %u", first);
    else if (!whole_word)
        (void)snprintf(bits, sizeof bits, " bits %u..%u", first, first + n - 1);
    if (signal->scale < 1 || signal->scale > 1)
        (void)snprintf(scale, sizeof scale, " scale %.12g", signal->scale);
    if (signal->offset < 0 || signal->offset > 0)
        (void)snprintf(offset, sizeof offset, " offset %.12g", signal->offset);
    (void)snprintf(ret, size, "%s %u%s%s%s%s", kinds[signal->kind], signal->address, bits,
                   signal->is_signed ? " signed" : "", scale, offset);
}

/* --- requests --- */

static int by_address(const void *left, const void *right)
{
    const struct register_block *a = left, *b = right;
    return a->kind != b->kind ? (int)a->kind - (int)b->kind : (int)a->address - (int)b->address;
}

size_t registers_plan(const struct register_signal *signals, size_t n,
                      struct register_block ret_blocks[REGISTER_BLOCKS_MAX])
{
    struct register_block sorted[REGISTERS_MAX];
    size_t blocks = 0;
    for (size_t i = 0; i < n; i++)
        sorted[i] = (struct register_block){signals[i].kind, signals[i].address, 1};
    qsort(sorted, n, sizeof sorted[0], by_address);
    for (size_t i = 0; i < n; i++) {
        struct register_block *last = blocks > 0 ? &ret_blocks[blocks - 1] : NULL;
        const unsigned off = last != NULL ? (unsigned)sorted[i].address - last->address : 0;
        if (last != NULL && last->kind == sorted[i].kind && off <= last->n && off < REGISTER_BLOCK_MAX) {
            last->n = off + 1; /* several signals may lie in one register */
            continue;
        }
        if (blocks == REGISTER_BLOCKS_MAX)
            return 0;
        ret_blocks[blocks++] = sorted[i];
    }
    return blocks;
}

bool registers_value(const struct register_signal *signal, const struct register_block *block,
                     const uint16_t *words, double *ret_value)
{
    if (signal->kind != block->kind || signal->address < block->address ||
        signal->address - block->address >= (int)block->n)
        return false;
    const uint32_t mask = (UINT32_C(1) << signal->length_bits) - 1;
    const uint32_t raw = (uint32_t)words[signal->address - block->address] >> signal->first_bit & mask;
    const bool negative = signal->is_signed && raw > mask / 2;
    *ret_value = ((double)raw - (negative ? (double)mask + 1 : 0)) * signal->scale + signal->offset;
    return true;
}
