#include "bureau/access/password.h"

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

enum {
    PASSES = 2, /* with PASSWORD_MEMORY_BYTES: libsodium's "interactive" */
    DIFFERENT_MIN = 6,
    CODES_MAX = PASSWORD_LEN,
};
_Static_assert(PASSWORD_HASH_LEN == crypto_pwhash_STRBYTES, "");

/* Of a password that nobody knows, with today's cost. */
static const char NOBODY[] =
    "$argon2id$v=19$m=65536,t=2,p=1$ofY3i/oEzvoRFxFC53ocpg$BlXTQekV/enZpSH54lx5Is/T4X/xCwh/Y+OH4SXQ9hc";

/* Code points of UTF-8 text; -1 when it is none. */
static int decode(const char *text, uint32_t ret[CODES_MAX])
{
    const unsigned char *at = (const unsigned char *)text;
    int n = 0;
    while (*at) {
        const int more = *at < 0x80 ? 0 : *at >> 5 == 6 ? 1 : *at >> 4 == 14 ? 2 : *at >> 3 == 30 ? 3 : -1;
        if (more < 0 || n == CODES_MAX)
            return -1;
        uint32_t code = more == 0 ? *at : *at & (0x3fU >> more);
        at++;
        for (int i = 0; i < more; i++, at++) {
            if (*at >> 6 != 2)
                return -1;
            code = code << 6 | (*at & 0x3fU);
        }
        ret[n++] = code;
    }
    return n;
}

static int count_different(const uint32_t *codes, int n)
{
    int different = 0;
    for (int i = 0; i < n; i++) {
        int j = 0;
        while (j < i && codes[j] != codes[i])
            j++;
        different += j == i;
    }
    return different;
}

/* The name in whatever case of ASCII letters. */
static bool contains(const char *password, const char *name)
{
    char lower[PASSWORD_LEN];
    size_t length = 0;
    for (; password[length]; length++) {
        const char c = password[length];
        lower[length] = c;
        if (c >= 'A' && c <= 'Z')
            lower[length] = "abcdefghijklmnopqrstuvwxyz"[c - 'A'];
    }
    lower[length] = '\0';
    return *name && strstr(lower, name);
}

const char *password_fault(const char *password, const char *name)
{
    uint32_t codes[CODES_MAX];
    if (strlen(password) >= PASSWORD_LEN)
        return "a password of more than 256 bytes";
    const int n = decode(password, codes);
    if (n < 0)
        return "a password that is not UTF-8 text";
    for (int i = 0; i < n; i++)
        if (codes[i] < ' ' || codes[i] == 0x7f)
            return "a password with a control character";
    if (n < PASSWORD_CHARACTERS_MIN)
        return "a password of fewer than 12 characters";
    if (count_different(codes, n) < DIFFERENT_MIN)
        return "a password of fewer than 6 different characters";
    if (contains(password, name) && n < (int)strlen(name) + PASSWORD_CHARACTERS_MIN)
        return "a password that is mostly the account's name";
    return NULL;
}

int password_hash(const char *password, char ret[PASSWORD_HASH_LEN])
{
    return crypto_pwhash_str_alg(ret, password, strlen(password), PASSES, PASSWORD_MEMORY_BYTES,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0
               ? 0
               : -ENOMEM;
}

bool password_matches(const char *hash, const char *password)
{
    const char *against = hash ? hash : NOBODY;
    return crypto_pwhash_str_verify(against, password, strlen(password)) == 0 && hash;
}

bool password_is_outdated(const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash ? hash : NOBODY, PASSES, PASSWORD_MEMORY_BYTES) != 0;
}

void password_make(char ret[PASSWORD_MADE_LEN])
{
    static const char letters[] = "23456789abcdefghijkmnpqrstuvwxyz";
    enum { LETTERS = sizeof(letters) - 1, GROUP = 5 };
    for (int i = 0; i < PASSWORD_MADE_LEN - 1; i++) {
        ret[i] = letters[randombytes_uniform(LETTERS)];
        if (i % (GROUP + 1) == GROUP)
            ret[i] = '-';
    }
    ret[PASSWORD_MADE_LEN - 1] = '\0';
}
