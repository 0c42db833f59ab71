/* Passwords of people. Kept as Argon2id strings of libsodium, which carry their own salt and cost. Making or
 * checking one takes about a tenth of a second and PASSWORD_MEMORY_BYTES: never on a thread that others wait
 * for. seal_init() once before. */
#ifndef BUSWARDEN_PASSWORD_H
#define BUSWARDEN_PASSWORD_H

#include <stdbool.h>

enum {
    PASSWORD_CHARACTERS_MIN = 12,
    PASSWORD_LEN = 257,      /* bytes, with the NUL */
    PASSWORD_HASH_LEN = 128, /* with the NUL */
    PASSWORD_MADE_LEN = 24,  /* with the NUL */
    PASSWORD_MEMORY_BYTES = 64 << 20,
};

/* NULL = good, else why it is none: too short or too long, not UTF-8, too few different characters, or it is
 * mostly the account's name. Length is what counts (NIST SP 800-63B, 5.1.1.2). */
const char *password_fault(const char *password, const char *name);
/* -ENOMEM. */
int password_hash(const char *password, char ret[PASSWORD_HASH_LEN]);
/* hash NULL: nobody of that name. That answer, false, takes as long as any. */
bool password_matches(const char *hash, const char *password);
/* Made with another cost than those of today. */
bool password_is_outdated(const char *hash);
/* One for somebody to be told: 20 characters that cannot be mistaken for each other, 100 bits. */
void password_make(char ret[PASSWORD_MADE_LEN]);

#endif
