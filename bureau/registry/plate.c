#include "bureau/registry/plate.h"

#include <errno.h>
#include <string.h>

enum {
    SYMBOLS_MAX = 8, /* on the longest plate */
    SYMBOL_LEN = 5,  /* one character in UTF-8, with the NUL */
    SERIAL_AT = 2,   /* after province and letter */
    ORDINARY = 7,
    GREEN = 8,
};

#define PROVINCE_CHARACTERS "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
#define ENDING_CHARACTERS   "学警港澳挂试超领使"
static const char PROVINCES[] = PROVINCE_CHARACTERS;
static const char ENDINGS[] = ENDING_CHARACTERS;
static const char GREEN_ENDINGS[] = "学警";
static const char EMBASSY[] = "使";
static const char GREEN_LETTERS[] =
    "ABCDEFGHJK"; /* GA 36-2018: D and F; the others came when these ran out */

/* What people put between the characters. */
static const char *const DROPPED[] = {
    " ", "\t",     "\u00a0", "\u3000",                                                   /* spaces */
    ".", "\u00b7", "\u2022", "\u2027", "\u2219", "\u22c5", "\u30fb", "\uff65", "\uff0e", /* dots */
    "-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\uff0d",           /* hyphens */
};

/* What looks like, or means, a character of a plate and is none. */
static const struct {
    const char *typed, *meant;
} ALIKE[] = {
    {"А", "A"},   {"а", "A"},   {"В", "B"},   {"в", "B"},   {"Е", "E"},   {"е", "E"}, /* Cyrillic */
    {"К", "K"},   {"к", "K"},   {"М", "M"},   {"м", "M"},   {"Н", "H"},   {"н", "H"},
    {"О", "O"},   {"о", "O"},   {"Р", "P"},   {"р", "P"},   {"С", "C"},   {"с", "C"},
    {"Т", "T"},   {"т", "T"},   {"У", "Y"},   {"у", "Y"},   {"Х", "X"},   {"х", "X"},
    {"Ѕ", "S"},   {"ѕ", "S"},   {"І", "I"},   {"і", "I"},   {"Ј", "J"},   {"ј", "J"},
    {"Α", "A"},   {"α", "A"},   {"Β", "B"},   {"β", "B"},   {"Ε", "E"},   {"Ζ", "Z"}, /* Greek */
    {"Η", "H"},   {"Ι", "I"},   {"ι", "I"},   {"Κ", "K"},   {"κ", "K"},   {"Μ", "M"},
    {"Ν", "N"},   {"Ο", "O"},   {"ο", "O"},   {"Ρ", "P"},   {"ρ", "P"},   {"Τ", "T"},
    {"τ", "T"},   {"Υ", "Y"},   {"Χ", "X"},   {"χ", "X"},   {"〇", "0"},  {"滬", "沪"},
    {"雲", "云"}, {"遼", "辽"}, {"魯", "鲁"}, {"蘇", "苏"}, /* traditional */
    {"贛", "赣"}, {"晉", "晋"}, {"陝", "陕"}, {"閩", "闽"}, {"貴", "贵"}, {"粵", "粤"},
    {"寧", "宁"}, {"瓊", "琼"}, {"學", "学"}, {"掛", "挂"}, {"試", "试"}, {"領", "领"},
};

/* Taken for each other by who reads a plate in passing. */
static const char *const CONFUSABLE[] = {"8B", "0D", "2Z", "5S", "0Q", "DQ", "6G", "17", "1L", "38", "UV"};

struct symbols {
    size_t n;
    char of[SYMBOLS_MAX][SYMBOL_LEN];
};

/* Bytes of the first character; of what is no UTF-8, less than it promises. */
static size_t character_len(const char *text)
{
    const unsigned char lead = (unsigned char)*text;
    const size_t promised = lead < 0xc0 || lead >= 0xf8 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    size_t len = 1;
    while (len < promised && ((unsigned char)text[len] & 0xc0) == 0x80)
        len++;
    return len;
}

static bool is_dropped(const char *symbol)
{
    for (size_t i = 0; i < sizeof(DROPPED) / sizeof(DROPPED[0]); i++)
        if (strcmp(symbol, DROPPED[i]) == 0)
            return true;
    return false;
}

/* Full-width (U+FF01..FF5E) to ASCII. */
static void narrow(char symbol[SYMBOL_LEN])
{
    const unsigned char *c = (const unsigned char *)symbol;
    unsigned char ascii = 0;
    if (c[0] == 0xef && c[1] == 0xbc && c[2] >= 0x81 && c[2] <= 0xbf)
        ascii = (unsigned char)(c[2] - 0x81 + '!');
    else if (c[0] == 0xef && c[1] == 0xbd && c[2] >= 0x80 && c[2] <= 0x9e)
        ascii = (unsigned char)(c[2] - 0x80 + '`');
    if (ascii != 0)
        memcpy(symbol, (char[]){(char)ascii, '\0'}, 2);
}

static void fold(char symbol[SYMBOL_LEN], bool partial)
{
    narrow(symbol);
    if (symbol[1] != '\0') {
        for (size_t i = 0; i < sizeof(ALIKE) / sizeof(ALIKE[0]); i++)
            if (strcmp(symbol, ALIKE[i].typed) == 0) {
                memcpy(symbol, ALIKE[i].meant, strlen(ALIKE[i].meant) + 1);
                return;
            }
    } else if (*symbol >= 'a' && *symbol <= 'z') {
        *symbol = (char)(*symbol - 'a' + 'A');
    } else if (partial && (*symbol == '*' || *symbol == '_')) {
        *symbol = PLATE_UNREAD;
    }
}

/* The reason why not; NULL = split. */
static const char *split(const char *text, bool partial, struct symbols *ret)
{
    ret->n = 0;
    while (*text != '\0') {
        char symbol[SYMBOL_LEN] = "";
        const size_t len = character_len(text);
        memcpy(symbol, text, len);
        text += len;
        if (is_dropped(symbol))
            continue;
        fold(symbol, partial);
        if (ret->n == SYMBOLS_MAX)
            return "too long: no plate has more than eight characters";
        memcpy(ret->of[ret->n++], symbol, sizeof(symbol));
    }
    return ret->n > 0 ? NULL : "nothing was typed";
}

static bool is_unread(const char *symbol)
{
    return symbol[0] == PLATE_UNREAD;
}

/* One of the three-byte characters of `set`. */
static bool one_of(const char *symbol, const char *set)
{
    for (; *set; set += 3)
        if (strncmp(symbol, set, 3) == 0 && symbol[3] == '\0')
            return true;
    return false;
}

static bool is_letter(const char *symbol)
{
    return symbol[0] >= 'A' && symbol[0] <= 'Z';
}

static bool is_digit(const char *symbol)
{
    return (symbol[0] >= '0' && symbol[0] <= '9') || is_unread(symbol);
}

static bool are_digits(const struct symbols *plate, size_t from, size_t to)
{
    while (from < to && is_digit(plate->of[from]))
        from++;
    return from == to;
}

static bool is_green_letter(const char *symbol)
{
    return is_unread(symbol) || strchr(GREEN_LETTERS, symbol[0]) != NULL;
}

/* I and O are not in the serial, nor 0 where the letter stands: who typed them meant the other. */
static void put_right(struct symbols *plate)
{
    if (plate->n > 1 && plate->of[1][0] == '0' && !one_of(plate->of[0], EMBASSY))
        plate->of[1][0] = 'O';
    for (size_t i = SERIAL_AT; i < plate->n; i++) {
        char *c = &plate->of[i][0];
        *c = (char)(*c == 'I' ? '1' : *c == 'O' ? '0' : *c);
    }
}

static const char *check_ending(const struct symbols *plate)
{
    const char *ending = plate->of[plate->n - 1];
    if (!one_of(ending, ENDINGS))
        return "it ends in a character that no plate ends in";
    const bool border = one_of(ending, "港澳");
    if (border && !((one_of(plate->of[0], "粤") || is_unread(plate->of[0])) &&
                    (plate->of[1][0] == 'Z' || is_unread(plate->of[1]))))
        return "港 and 澳 stand on plates that begin with 粤Z";
    if (plate->n == ORDINARY || (one_of(ending, GREEN_ENDINGS) && is_green_letter(plate->of[SERIAL_AT])))
        return NULL;
    return "before such an ending there are four characters after the letter";
}

static const char *check_serial(const struct symbols *plate)
{
    const size_t last = plate->n - 1;
    for (size_t i = SERIAL_AT; i < last; i++)
        if (!is_letter(plate->of[i]) && !is_digit(plate->of[i]))
            return "after the letter there are letters and digits, and at the end perhaps one of "
                   "学警港澳挂试超领使";
    if (!is_letter(plate->of[last]) && !is_digit(plate->of[last]))
        return check_ending(plate);
    const bool small = is_green_letter(plate->of[SERIAL_AT]) && are_digits(plate, SERIAL_AT + 2, plate->n);
    const bool large = is_green_letter(plate->of[last]) && are_digits(plate, SERIAL_AT, last);
    if (plate->n == GREEN && !small && !large)
        return "six characters after the letter are a green plate's: like D12345 or 12345D, the letter one "
               "of A to K";
    return NULL;
}

static const char *check(const struct symbols *plate)
{
    if (one_of(plate->of[0], EMBASSY))
        return plate->n == ORDINARY && are_digits(plate, 1, ORDINARY) ? NULL
                                                                      : "after 使 there are six digits";
    if (!one_of(plate->of[0], PROVINCES) && !is_unread(plate->of[0]))
        return "it begins with the character of a province, like 浙";
    if (plate->n < SERIAL_AT)
        return "too short: after the letter there are five characters, on a green plate six";
    if ((!is_letter(plate->of[1]) && !is_unread(plate->of[1])) || plate->of[1][0] == 'I')
        return "the second character is a letter, and not I";
    if (plate->n < ORDINARY)
        return "too short: after the letter there are five characters, on a green plate six";
    return check_serial(plate);
}

static bool is_any_read(const struct symbols *plate)
{
    for (size_t i = 0; i < plate->n; i++)
        if (!is_unread(plate->of[i]))
            return true;
    return false;
}

int plate_parse(const char *text, bool partial, char ret[BW_PLATE_LEN], const char **ret_reason)
{
    struct symbols plate;
    const char *reason = split(text, partial, &plate);
    if (reason == NULL) {
        put_right(&plate);
        reason = check(&plate);
    }
    for (size_t i = 0; reason == NULL && !partial && i < plate.n; i++)
        if (is_unread(plate.of[i]))
            reason = "? stands on no plate";
    if (reason == NULL && !is_any_read(&plate))
        reason = "not one character was read";
    if (reason != NULL) {
        *ret_reason = reason;
        return -EINVAL;
    }
    size_t used = 0;
    for (size_t i = 0; i < plate.n; i++) {
        const size_t len = strlen(plate.of[i]);
        memcpy(ret + used, plate.of[i], len);
        used += len;
    }
    memset(ret + used, 0, BW_PLATE_LEN - used);
    return 0;
}

int plate_normalise(const char *text, char ret[BW_PLATE_LEN])
{
    const char *reason;
    return plate_parse(text, false, ret, &reason);
}

bool plate_is_partial(const char *plate)
{
    return strchr(plate, PLATE_UNREAD) != NULL;
}

/* --- keys --- */

/* ASCII is itself; the Chinese characters, of which there are forty, lie behind it. */
static uint64_t code_of(const char *symbol, size_t len)
{
    static const char characters[] = PROVINCE_CHARACTERS ENDING_CHARACTERS;
    if (len == 1)
        return (unsigned char)*symbol;
    for (size_t i = 0; characters[i] != '\0'; i += 3)
        if (len == 3 && memcmp(symbol, &characters[i], 3) == 0)
            return 0x80 + i / 3;
    return 0xff; /* not normalised */
}

uint64_t plate_key(const char *plate)
{
    uint64_t key = 0;
    for (unsigned i = 0; *plate != '\0' && i < SYMBOLS_MAX; i++) {
        const size_t len = character_len(plate);
        key |= code_of(plate, len) << (8 * i);
        plate += len;
    }
    return key;
}

static bool are_confusable(unsigned a, unsigned b)
{
    for (size_t i = 0; i < sizeof(CONFUSABLE) / sizeof(CONFUSABLE[0]); i++) {
        const unsigned x = (unsigned char)CONFUSABLE[i][0], y = (unsigned char)CONFUSABLE[i][1];
        if ((x == a && y == b) || (y == a && x == b))
            return true;
    }
    return false;
}

struct plate_difference plate_compare(uint64_t key_a, uint64_t key_b)
{
    struct plate_difference found = {0};
    for (unsigned i = 0; i < SYMBOLS_MAX && key_a != key_b; i++, key_a >>= 8, key_b >>= 8) {
        const unsigned a = key_a & 0xff, b = key_b & 0xff;
        const bool unread = a == PLATE_UNREAD || b == PLATE_UNREAD;
        if (a == b || (unread && a != 0 && b != 0))
            continue;
        found.n += a == 0 || b == 0 ? SYMBOLS_MAX : 1; /* not of one length */
        found.position = i + 1;
        found.confusable = are_confusable(a, b);
    }
    return found;
}
