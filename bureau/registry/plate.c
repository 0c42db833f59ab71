#include "bureau/registry/plate.h"

#include <errno.h>
#include <string.h>

enum { PROVINCE_BYTES = 3, SUFFIX_BYTES = 3 }; /* one Chinese character in UTF-8 */

static const char PROVINCES[] = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
static const char SUFFIXES[] = "学警港澳挂试领";

/* What people put between the characters. */
static const char *const DROPPED[] = {
    " ", "\t",     "\u00a0", "\u3000",                                                   /* spaces */
    ".", "\u00b7", "\u2022", "\u2027", "\u2219", "\u22c5", "\u30fb", "\uff65", "\uff0e", /* dots */
    "-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\uff0d",           /* hyphens */
};

static size_t dropped_len(const char *text)
{
    for (size_t i = 0; i < sizeof(DROPPED) / sizeof(DROPPED[0]); i++) {
        size_t len = strlen(DROPPED[i]);
        if (strncmp(text, DROPPED[i], len) == 0)
            return len;
    }
    return 0;
}

/* The next character of `text` as ASCII if it is ASCII or its full-width form (U+FF01..FF5E), else 0. */
static char to_ascii(const char *text, size_t *ret_len)
{
    const unsigned char *c = (const unsigned char *)text;
    unsigned char ascii = 0;
    if (c[0] < 0x80) {
        *ret_len = 1;
        ascii = c[0];
    } else if (c[0] == 0xef && c[1] == 0xbc && c[2] >= 0x81 && c[2] <= 0xbf) {
        *ret_len = 3;
        ascii = (unsigned char)(c[2] - 0x81 + '!');
    } else if (c[0] == 0xef && c[1] == 0xbd && c[2] >= 0x80 && c[2] <= 0x9e) {
        *ret_len = 3;
        ascii = (unsigned char)(c[2] - 0x80 + '`');
    }
    if (ascii >= 'a' && ascii <= 'z')
        ascii = (unsigned char)(ascii - 'a' + 'A');
    return (char)ascii;
}

/* True if the three bytes at `text` are one of the characters of `set`. */
static bool one_of(const char *text, const char *set)
{
    for (; *set; set += 3)
        if (strncmp(text, set, 3) == 0)
            return true;
    return false;
}

static bool is_alnum(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool well_formed(const char *plate)
{
    if (!one_of(plate, PROVINCES))
        return false;
    plate += PROVINCE_BYTES;
    if (*plate < 'A' || *plate > 'Z')
        return false;
    plate++;
    size_t n = 0;
    while (is_alnum(plate[n]))
        n++;
    const bool suffix = one_of(plate + n, SUFFIXES);
    if (plate[n + (suffix ? SUFFIX_BYTES : 0)] != '\0')
        return false;
    n += suffix;
    return n == 5 || n == 6; /* six on the green plates of electric vehicles (GA 36) */
}

int plate_normalise(const char *text, char ret[BW_PLATE_LEN])
{
    char plate[BW_PLATE_LEN] = {0};
    size_t n = 0;
    while (*text) {
        const size_t dropped = dropped_len(text);
        if (dropped > 0) {
            text += dropped;
            continue;
        }
        size_t len = 1;
        char character = to_ascii(text, &len);
        if (character == '\0')
            character = *text; /* other characters go byte by byte */
        if (n + 1 >= sizeof(plate))
            return -EINVAL;
        plate[n++] = character;
        text += len;
    }
    if (!well_formed(plate))
        return -EINVAL;
    memcpy(ret, plate, sizeof(plate));
    return 0;
}
