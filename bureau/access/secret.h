/* Secrets that programs carry: of a session, an API token, a browser. 256 random bits as text; only their
 * hash is kept, so that who reads the store has none of them. (A fast hash is enough: unlike a password,
 * there is nothing to guess.) seal_init() once before. */
#ifndef BUSWARDEN_SECRET_H
#define BUSWARDEN_SECRET_H

#include <stdint.h>

enum {
    SECRET_TEXT_LEN = 4 + 43 + 1, /* what it is, base64 without padding for URLs, the NUL */
    SECRET_HASH_LEN = 32,         /* BLAKE2b-256 */
};
enum secret_kind { SECRET_SESSION, SECRET_TOKEN, SECRET_DEVICE };

void secret_make(enum secret_kind kind, char ret[SECRET_TEXT_LEN], uint8_t ret_hash[SECRET_HASH_LEN]);
/* -EINVAL: not one of that kind. */
int secret_hash(enum secret_kind kind, const char *text, uint8_t ret_hash[SECRET_HASH_LEN]);

#endif
