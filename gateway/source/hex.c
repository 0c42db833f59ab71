#include "gateway/source/hex.h"

static bool digit(char c, uint32_t *ret)
{
    if (c >= '0' && c <= '9')
        *ret = (uint32_t)(c - '0');
    else if (c >= 'A' && c <= 'F')
        *ret = (uint32_t)(c - 'A') + 10;
    else if (c >= 'a' && c <= 'f')
        *ret = (uint32_t)(c - 'a') + 10;
    else
        return false;
    return true;
}

bool hex_number(const char *text, size_t n, uint32_t *ret_value)
{
    uint32_t value = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t d;
        if (!digit(text[i], &d))
            return false;
        value = value << 4 | d;
    }
    *ret_value = value;
    return true;
}

bool hex_bytes(const char *text, size_t n, uint8_t *ret_bytes)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t byte;
        if (!hex_number(text + 2 * i, 2, &byte))
            return false;
        ret_bytes[i] = (uint8_t)byte;
    }
    return true;
}
