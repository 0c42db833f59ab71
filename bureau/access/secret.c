#include "bureau/access/secret.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

enum { PREFIX = 4, BYTES = 32, BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
_Static_assert(SECRET_TEXT_LEN == PREFIX + sodium_base64_ENCODED_LEN(BYTES, BASE64), "");

/* Lets a scanner for leaked secrets find ours. */
static const char *const PREFIXES[] = {
    [SECRET_SESSION] = "bws_", [SECRET_TOKEN] = "bwt_", [SECRET_DEVICE] = "bwd_"};

static void hash(const char *text, uint8_t ret[SECRET_HASH_LEN])
{
    (void)crypto_generichash(ret, SECRET_HASH_LEN, (const uint8_t *)text, SECRET_TEXT_LEN - 1, NULL, 0);
}

void secret_make(enum secret_kind kind, char ret[SECRET_TEXT_LEN], uint8_t ret_hash[SECRET_HASH_LEN])
{
    uint8_t bytes[BYTES];
    randombytes_buf(bytes, sizeof(bytes));
    memcpy(ret, PREFIXES[kind], PREFIX);
    (void)sodium_bin2base64(ret + PREFIX, SECRET_TEXT_LEN - PREFIX, bytes, sizeof(bytes), BASE64);
    sodium_memzero(bytes, sizeof(bytes));
    hash(ret, ret_hash);
}

int secret_hash(enum secret_kind kind, const char *text, uint8_t ret_hash[SECRET_HASH_LEN])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (strnlen(text, SECRET_TEXT_LEN) != SECRET_TEXT_LEN - 1 || memcmp(text, PREFIXES[kind], PREFIX) != 0 ||
        strspn(text + PREFIX, letters) != SECRET_TEXT_LEN - 1 - PREFIX)
        return -EINVAL;
    hash(text, ret_hash);
    return 0;
}
