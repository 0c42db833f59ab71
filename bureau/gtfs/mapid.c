/* The feed's ids as the registry's. */
#include "bureau/gtfs/gtfs.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { HASH_DIGITS = 16, SHOWN = BW_ID_LEN - 1 - HASH_DIGITS - 1 };

/* "BEGINNING~HASH" of the text up to len, which may hold a NUL. No id that stays as it is has a '~'. */
static void shorten(const char *text, size_t len, char ret[BW_ID_LEN])
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char shown[SHOWN + 1] = "", digits[HASH_DIGITS + 1];
    size_t n = strlen(text) < SHOWN ? strlen(text) : SHOWN;
    while (n < strlen(text) && ((unsigned char)text[n] & 0xc0) == 0x80) /* not in the midst of a character */
        n--;
    (void)snprintf(shown, sizeof(shown), "%.*s", (int)n, text);
    for (char *c = shown; *c; c++)
        if (*c == '~' || *c == '@')
            *c = '-';
    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, len, NULL, 0);
    (void)sodium_bin2hex(digits, sizeof(digits), hash, HASH_DIGITS / 2);
    (void)snprintf(ret, BW_ID_LEN, "%s~%s", shown, digits);
}

void gtfs_route_id(const char *id, char ret[BW_ID_LEN])
{
    const size_t len = strlen(id);
    if (len < BW_ID_LEN && strchr(id, '~') == NULL)
        memcpy(ret, id, len + 1);
    else
        shorten(id, len, ret);
}

void gtfs_stop_id(const char *stop, const char *route, char ret[BW_ID_LEN])
{
    char both[2 * BW_NAME_LEN];
    const int n = snprintf(both, sizeof(both), "%s@%s", stop, route);
    const size_t len = n > 0 && (size_t)n < sizeof(both) ? (size_t)n : sizeof(both) - 1;
    if (len < BW_ID_LEN && strpbrk(stop, "~@") == NULL && strpbrk(route, "~@") == NULL) {
        memcpy(ret, both, len + 1);
        return;
    }
    both[strlen(stop)] = '\0'; /* what neither of them holds parts them in the hash */
    shorten(both, len, ret);
}
