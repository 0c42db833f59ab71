#include "bureau/notify/sign.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { STAMP_LEN = 24 };

/* Key and message in two parts each: nothing is copied together, whatever a secret's length. */
static void hmac(const char *key[2], const char *message[2], const size_t message_len[2],
                 uint8_t ret[crypto_auth_hmacsha256_BYTES])
{
    crypto_auth_hmacsha256_state state;
    char joined[512];
    const int n = snprintf(joined, sizeof(joined), "%s%s", key[0], key[1]);
    const size_t len = n < 0 ? 0 : (size_t)n < sizeof(joined) ? (size_t)n : sizeof(joined) - 1;
    crypto_auth_hmacsha256_init(&state, (const uint8_t *)joined, len);
    for (int i = 0; i < 2; i++)
        crypto_auth_hmacsha256_update(&state, (const uint8_t *)message[i], message_len[i]);
    crypto_auth_hmacsha256_final(&state, ret);
    sodium_memzero(joined, sizeof(joined));
    sodium_memzero(&state, sizeof(state));
}

static void base64(const uint8_t bytes[crypto_auth_hmacsha256_BYTES], char ret[SIGN_BASE64_LEN])
{
    (void)sodium_bin2base64(ret, SIGN_BASE64_LEN, bytes, crypto_auth_hmacsha256_BYTES,
                            sodium_base64_VARIANT_ORIGINAL);
}

/* Of base64 only these three mean something else in an address. */
static void escape(const char *text, char ret[SIGN_ESCAPED_LEN])
{
    for (; *text != '\0'; text++) {
        const char *as = *text == '+' ? "%2B" : *text == '/' ? "%2F" : *text == '=' ? "%3D" : NULL;
        if (as == NULL) {
            *ret++ = *text;
            continue;
        }
        memcpy(ret, as, 3);
        ret += 3;
    }
    *ret = '\0';
}

void sign_dingtalk(int64_t utc_ms, const char *secret, char ret[SIGN_ESCAPED_LEN])
{
    char stamp[STAMP_LEN], encoded[SIGN_BASE64_LEN];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    (void)snprintf(stamp, sizeof(stamp), "%lld\n", (long long)utc_ms);
    hmac((const char *[]){secret, ""}, (const char *[]){stamp, secret},
         (const size_t[]){strlen(stamp), strlen(secret)}, mac);
    base64(mac, encoded);
    escape(encoded, ret);
}

void sign_feishu(int64_t utc_s, const char *secret, char ret[SIGN_BASE64_LEN])
{
    char stamp[STAMP_LEN];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    (void)snprintf(stamp, sizeof(stamp), "%lld\n", (long long)utc_s);
    hmac((const char *[]){stamp, secret}, (const char *[]){"", ""}, (const size_t[]){0, 0}, mac);
    base64(mac, ret);
}

void sign_webhook(int64_t utc_s, const char *secret, const char *body, size_t len, char ret[SIGN_HEX_LEN])
{
    char stamp[STAMP_LEN];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    (void)snprintf(stamp, sizeof(stamp), "%lld.", (long long)utc_s);
    hmac((const char *[]){secret, ""}, (const char *[]){stamp, body}, (const size_t[]){strlen(stamp), len},
         mac);
    (void)sodium_bin2hex(ret, SIGN_HEX_LEN, mac, sizeof(mac));
}
