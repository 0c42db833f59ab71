/* Chain and signature (libsodium: Ed25519, RFC 8032; BLAKE2b, RFC 7693). Byte layouts: docs/wire.md, "Seal".
 * seal_init() once before anything else. All return 0 or a negative errno. */
#ifndef BUSWARDEN_SEAL_H
#define BUSWARDEN_SEAL_H

#include "proto/model.h"
#include "proto/wire.h"

int seal_init(void); /* -EIO when libsodium cannot start; repeated calls are fine */

struct seal_key {
    uint8_t public_key[BW_PUBLIC_KEY_LEN];
    uint8_t secret_key[BW_SECRET_KEY_LEN];
};
void seal_key_generate(struct seal_key *ret);
void seal_key_wipe(struct seal_key *key);

/* Key files hold one line of lower-case hex: 128 digits for a secret, 64 for a public key.
 * Secrets are created with mode 0600, never over an existing file (-EEXIST), and refused when others may read
 * them
 * (-EPERM). -EBADMSG: not such a line. */
int seal_secret_save(const char *path, const struct seal_key *key);
int seal_secret_load(const char *path, struct seal_key *ret);
int seal_public_save(const char *path, const uint8_t public_key[BW_PUBLIC_KEY_LEN]);
int seal_public_load(const char *path, uint8_t ret[BW_PUBLIC_KEY_LEN]);
/* 2 * len digits, NUL-terminated, and back: -EBADMSG unless it is just so many bytes. */
void seal_hex_format(const uint8_t *bytes, size_t len, char *ret_hex);
int seal_hex_parse(const char *hex, uint8_t *ret, size_t len);
/* The same for a public key. */
void seal_public_format(const uint8_t public_key[BW_PUBLIC_KEY_LEN], char ret_hex[2 * BW_PUBLIC_KEY_LEN + 1]);
int seal_public_parse(const char *hex, uint8_t ret[BW_PUBLIC_KEY_LEN]);

enum { SEAL_FILE_HASH_LEN = 2 * 32 + 1 };
/* BLAKE2b-256 of a file as hex, as `b2sum -l 256 FILE` prints it. -EFBIG beyond 16 MiB. */
int seal_file_hash(const char *path, char ret_hex[SEAL_FILE_HASH_LEN]);

/* Sign a record: fills record->signature; every other field must be set. */
void seal_record_sign(struct wire_record *record, const char *division, const char *vehicle,
                      const struct seal_key *key);
/* True if the vehicle's key signed exactly this record for this division and vehicle. */
bool seal_record_verify(const struct wire_record *record, const char *division, const char *vehicle,
                        const uint8_t public_key[BW_PUBLIC_KEY_LEN]);
/* The hash that the next record's prev must carry. Covers the signature as well. */
void seal_record_hash(const struct wire_record *record, const char *division, const char *vehicle,
                      uint8_t ret[BW_HASH_LEN]);

/* A change of the vehicle's key, told of by ALERT record `seq` of a stream: proof that whoever asks for it
 * has the new key. Fills old_key (of whom it is asked), new_key and proof; track_from must be set. */
void seal_key_prove(struct bw_key_change *change, const char *division, const char *vehicle,
                    const uint8_t stream[BW_STREAM_LEN], uint64_t seq,
                    const uint8_t old_key[BW_PUBLIC_KEY_LEN], const struct seal_key *new_key);
/* True for a proof made for just this record. */
bool seal_key_proved(const struct bw_key_change *change, const char *division, const char *vehicle,
                     const uint8_t stream[BW_STREAM_LEN], uint64_t seq);

/* What the bureau signs, each bound to one vehicle, and what the vehicle's fitter hands in (by its key). */
enum seal_context { SEAL_LICENCE, SEAL_ORDERS, SEAL_RECEIPT, SEAL_COMMISSION };
void seal_payload_sign(struct wire_sealed *sealed, enum seal_context context, const char *division,
                       const char *vehicle, const struct seal_key *key);
bool seal_payload_verify(const struct wire_sealed *sealed, enum seal_context context, const char *division,
                         const char *vehicle, const uint8_t public_key[BW_PUBLIC_KEY_LEN]);

#endif
