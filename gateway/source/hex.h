/* Hexadecimal text of CAN frames, shared by the SLCAN and candump parsers. */
#ifndef BUSWARDEN_HEX_H
#define BUSWARDEN_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exactly n digits (at most 8), either case. False, and nothing written, when one is no digit. */
bool hex_number(const char *text, size_t n, uint32_t *ret_value);
/* Exactly 2 * n digits into n bytes. False when one is no digit; ret_bytes may be half written then. */
bool hex_bytes(const char *text, size_t n, uint8_t *ret_bytes);

#endif
