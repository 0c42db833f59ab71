#include "bureau/api/body.h"

#include "bureau/api/gzip.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

struct body *body_create(char *data, size_t len)
{
    uint8_t hash[16];
    char hex[2 * sizeof(hash) + 1];
    struct body *body = sodium_init() < 0 ? NULL : calloc(1, sizeof(*body));
    if (!body) {
        free(data);
        return NULL;
    }
    atomic_init(&body->refs, 1);
    body->data = data;
    body->len = len;
    (void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)data, len, NULL, 0);
    (void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    (void)snprintf(body->etag, sizeof(body->etag), "\"%s\"", hex);
    (void)snprintf(body->gzip_etag, sizeof(body->gzip_etag), "\"%s-gz\"", hex);
    (void)gzip_pack(data, len, &body->gzip, &body->gzip_len); /* without it, it goes out plain */
    return body;
}

struct body *body_hold(struct body *body)
{
    if (body)
        (void)atomic_fetch_add(&body->refs, 1);
    return body;
}

void body_release(struct body *body)
{
    if (!body || atomic_fetch_sub(&body->refs, 1) > 1)
        return;
    free(body->data);
    free(body->gzip);
    free(body);
}

size_t body_weight(const struct body *body)
{
    return body ? sizeof(*body) + body->len + body->gzip_len : 0;
}
