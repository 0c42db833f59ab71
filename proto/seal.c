#include "proto/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/savefile.h"

_Static_assert(BW_PUBLIC_KEY_LEN == crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
_Static_assert(BW_SECRET_KEY_LEN == crypto_sign_SECRETKEYBYTES, "Ed25519 secret key");
_Static_assert(BW_SIGNATURE_LEN == crypto_sign_BYTES, "Ed25519 signature");
_Static_assert(BW_HASH_LEN >= crypto_generichash_BYTES_MIN, "BLAKE2b digest");

enum { CONTEXT_LEN = 24, HEADER_MAX = CONTEXT_LEN + 2 + BW_DIVISION_LEN + BW_ID_LEN };

/* Contexts keep a signature of one kind from ever passing for another kind; each is padded with NULs to 24
 * bytes. */
static const char record_context[CONTEXT_LEN] = "buswarden/v1/record";
static const char key_context[CONTEXT_LEN] = "buswarden/v1/key";
static const char payload_contexts[][CONTEXT_LEN] = {
    [SEAL_LICENCE] = "buswarden/v1/licence",
    [SEAL_ORDERS] = "buswarden/v1/orders",
    [SEAL_RECEIPT] = "buswarden/v1/receipt",
    [SEAL_COMMISSION] = "buswarden/v1/commission",
};

int seal_init(void)
{
    return sodium_init() < 0 ? -EIO : 0;
}

void seal_key_generate(struct seal_key *ret)
{
    crypto_sign_keypair(ret->public_key, ret->secret_key);
}

void seal_key_wipe(struct seal_key *key)
{
    sodium_memzero(key, sizeof *key);
}

/* --- key files --- */

static int save_hex(const char *path, mode_t mode, const uint8_t *bytes, size_t len)
{
    char line[2 * BW_SECRET_KEY_LEN + 2];
    sodium_bin2hex(line, sizeof line, bytes, len);
    line[2 * len] = '\n';
    const int error = savefile_write(path, mode, false, line, 2 * len + 1);
    sodium_memzero(line, sizeof line);
    return error;
}

static int parse_hex(const char *hex, size_t hex_len, uint8_t *ret, size_t len)
{
    size_t n;
    const char *end;
    if (sodium_hex2bin(ret, len, hex, hex_len, NULL, &n, &end) != 0 || n != len || end != hex + hex_len)
        return -EBADMSG;
    return 0;
}

static int load_hex(const char *path, mode_t forbidden, uint8_t *ret, size_t len)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    char line[2 * BW_SECRET_KEY_LEN + 2];
    struct stat status;
    int error = 0;
    ssize_t n = 0;
    if (fstat(fd, &status) != 0 || (n = read(fd, line, sizeof line)) < 0)
        error = -errno;
    else if ((status.st_mode & forbidden) != 0)
        error = -EPERM;
    (void)close(fd); /* only read from */
    if (error == 0) {
        if (n > 0 && line[n - 1] == '\n')
            n--;
        error = parse_hex(line, (size_t)n, ret, len);
    }
    sodium_memzero(line, sizeof line);
    return error;
}

int seal_secret_save(const char *path, const struct seal_key *key)
{
    return save_hex(path, 0600, key->secret_key, BW_SECRET_KEY_LEN);
}

int seal_secret_load(const char *path, struct seal_key *ret)
{
    struct seal_key key;
    int error = load_hex(path, 0077, key.secret_key, BW_SECRET_KEY_LEN);
    if (error == 0) {
        /* The second half of the secret is the public key: a damaged file must not sign what nobody can
         * verify. */
        uint8_t seed[crypto_sign_SEEDBYTES], check[BW_SECRET_KEY_LEN];
        crypto_sign_ed25519_sk_to_seed(seed, key.secret_key);
        crypto_sign_seed_keypair(key.public_key, check, seed);
        if (sodium_memcmp(check, key.secret_key, sizeof check) != 0)
            error = -EBADMSG;
        else
            *ret = key;
        sodium_memzero(seed, sizeof seed);
        sodium_memzero(check, sizeof check);
    }
    seal_key_wipe(&key);
    return error;
}

int seal_public_save(const char *path, const uint8_t public_key[BW_PUBLIC_KEY_LEN])
{
    return save_hex(path, 0644, public_key, BW_PUBLIC_KEY_LEN);
}

int seal_public_load(const char *path, uint8_t ret[BW_PUBLIC_KEY_LEN])
{
    uint8_t key[BW_PUBLIC_KEY_LEN];
    const int error = load_hex(path, 0, key, sizeof key);
    if (error == 0)
        memcpy(ret, key, sizeof key);
    return error;
}

void seal_hex_format(const uint8_t *bytes, size_t len, char *ret_hex)
{
    sodium_bin2hex(ret_hex, 2 * len + 1, bytes, len);
}

int seal_hex_parse(const char *hex, uint8_t *ret, size_t len)
{
    const size_t digits = strspn(hex, "0123456789abcdefABCDEF"); /* libsodium writes as far as it gets */
    return digits == 2 * len && hex[digits] == '\0' ? parse_hex(hex, digits, ret, len) : -EBADMSG;
}

void seal_public_format(const uint8_t public_key[BW_PUBLIC_KEY_LEN], char ret_hex[2 * BW_PUBLIC_KEY_LEN + 1])
{
    seal_hex_format(public_key, BW_PUBLIC_KEY_LEN, ret_hex);
}

int seal_public_parse(const char *hex, uint8_t ret[BW_PUBLIC_KEY_LEN])
{
    uint8_t key[BW_PUBLIC_KEY_LEN];
    const int error = parse_hex(hex, strlen(hex), key, sizeof key);
    if (error == 0)
        memcpy(ret, key, sizeof key);
    return error;
}

int seal_file_hash(const char *path, char ret_hex[SEAL_FILE_HASH_LEN])
{
    enum { HASH_LEN = (SEAL_FILE_HASH_LEN - 1) / 2, FILE_MAX = 16 * 1024 * 1024 };
    uint8_t block[4096], hash[HASH_LEN];
    crypto_generichash_state state;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    crypto_generichash_init(&state, NULL, 0, HASH_LEN);
    size_t total = 0;
    int error = 0;
    ssize_t n;
    while (error == 0 && (n = read(fd, block, sizeof block)) != 0) {
        total += n > 0 ? (size_t)n : 0;
        if (n < 0)
            error = -errno;
        else if (total > FILE_MAX)
            error = -EFBIG;
        else
            crypto_generichash_update(&state, block, (size_t)n);
    }
    (void)close(fd); /* only read from */
    if (error != 0)
        return error;
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(ret_hex, SEAL_FILE_HASH_LEN, hash, sizeof hash);
    return 0;
}

/* --- what is signed --- */

static size_t put_text(uint8_t *at, const char *text)
{
    const size_t n = strlen(text);
    at[0] = (uint8_t)n;      /* ids are shorter than 256 by model.h */
    memcpy(at + 1, text, n); /* NOLINT(bugprone-not-null-terminated-result): the length stands before it */
    return n + 1;
}

static void put_u64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* context | len division | len vehicle */
static size_t put_header(uint8_t *at, const char context[CONTEXT_LEN], const char *division,
                         const char *vehicle)
{
    memcpy(at, context, CONTEXT_LEN);
    size_t n = CONTEXT_LEN;
    n += put_text(at + n, division);
    n += put_text(at + n, vehicle);
    return n;
}

enum { SIGNED_RECORD_MAX = HEADER_MAX + BW_STREAM_LEN + 1 + 8 + BW_HASH_LEN + WIRE_BODY_MAX };

/* header | stream | class | seq, big endian | prev | body */
static size_t put_record(uint8_t at[SIGNED_RECORD_MAX], const struct wire_record *record,
                         const char *division, const char *vehicle)
{
    size_t n = put_header(at, record_context, division, vehicle);
    memcpy(at + n, record->stream, BW_STREAM_LEN);
    n += BW_STREAM_LEN;
    at[n++] = (uint8_t)record->cls;
    put_u64(at + n, record->seq);
    n += 8;
    memcpy(at + n, record->prev, BW_HASH_LEN);
    n += BW_HASH_LEN;
    memcpy(at + n, record->body, record->body_len);
    return n + record->body_len;
}

void seal_record_sign(struct wire_record *record, const char *division, const char *vehicle,
                      const struct seal_key *key)
{
    uint8_t message[SIGNED_RECORD_MAX];
    const size_t n = put_record(message, record, division, vehicle);
    crypto_sign_detached(record->signature, NULL, message, n, key->secret_key);
}

bool seal_record_verify(const struct wire_record *record, const char *division, const char *vehicle,
                        const uint8_t public_key[BW_PUBLIC_KEY_LEN])
{
    uint8_t message[SIGNED_RECORD_MAX];
    const size_t n = put_record(message, record, division, vehicle);
    return crypto_sign_verify_detached(record->signature, message, n, public_key) == 0;
}

void seal_record_hash(const struct wire_record *record, const char *division, const char *vehicle,
                      uint8_t ret[BW_HASH_LEN])
{
    uint8_t message[SIGNED_RECORD_MAX];
    const size_t n = put_record(message, record, division, vehicle);
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, BW_HASH_LEN);
    crypto_generichash_update(&state, message, n);
    crypto_generichash_update(&state, record->signature, BW_SIGNATURE_LEN);
    crypto_generichash_final(&state, ret, BW_HASH_LEN);
}

enum { PROOF_MAX = HEADER_MAX + BW_STREAM_LEN + 8 + 2 * BW_PUBLIC_KEY_LEN + 8 };

/* header | stream | seq | old key | new key | track_from */
static size_t put_proof(uint8_t at[PROOF_MAX], const struct bw_key_change *change, const char *division,
                        const char *vehicle, const uint8_t stream[BW_STREAM_LEN], uint64_t seq)
{
    size_t n = put_header(at, key_context, division, vehicle);
    memcpy(at + n, stream, BW_STREAM_LEN);
    n += BW_STREAM_LEN;
    put_u64(at + n, seq);
    n += 8;
    memcpy(at + n, change->old_key, BW_PUBLIC_KEY_LEN);
    n += BW_PUBLIC_KEY_LEN;
    memcpy(at + n, change->new_key, BW_PUBLIC_KEY_LEN);
    n += BW_PUBLIC_KEY_LEN;
    put_u64(at + n, change->track_from);
    return n + 8;
}

void seal_key_prove(struct bw_key_change *change, const char *division, const char *vehicle,
                    const uint8_t stream[BW_STREAM_LEN], uint64_t seq,
                    const uint8_t old_key[BW_PUBLIC_KEY_LEN], const struct seal_key *new_key)
{
    uint8_t message[PROOF_MAX];
    memcpy(change->old_key, old_key, BW_PUBLIC_KEY_LEN);
    memcpy(change->new_key, new_key->public_key, BW_PUBLIC_KEY_LEN);
    const size_t n = put_proof(message, change, division, vehicle, stream, seq);
    crypto_sign_detached(change->proof, NULL, message, n, new_key->secret_key);
}

bool seal_key_proved(const struct bw_key_change *change, const char *division, const char *vehicle,
                     const uint8_t stream[BW_STREAM_LEN], uint64_t seq)
{
    uint8_t message[PROOF_MAX];
    const size_t n = put_proof(message, change, division, vehicle, stream, seq);
    return crypto_sign_verify_detached(change->proof, message, n, change->new_key) == 0;
}

/* Payloads reach megabytes, so the signature is over BLAKE2b-512 of (header | payload), header included. */
static void payload_digest(const struct wire_sealed *sealed, enum seal_context context, const char *division,
                           const char *vehicle, uint8_t ret[crypto_generichash_BYTES_MAX])
{
    uint8_t header[HEADER_MAX];
    const size_t n = put_header(header, payload_contexts[context], division, vehicle);
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES_MAX);
    crypto_generichash_update(&state, header, n);
    crypto_generichash_update(&state, sealed->payload.data, sealed->payload.len);
    crypto_generichash_final(&state, ret, crypto_generichash_BYTES_MAX);
}

void seal_payload_sign(struct wire_sealed *sealed, enum seal_context context, const char *division,
                       const char *vehicle, const struct seal_key *key)
{
    uint8_t digest[crypto_generichash_BYTES_MAX];
    payload_digest(sealed, context, division, vehicle, digest);
    crypto_sign_detached(sealed->signature, NULL, digest, sizeof digest, key->secret_key);
    sealed->is_signed = true;
}

bool seal_payload_verify(const struct wire_sealed *sealed, enum seal_context context, const char *division,
                         const char *vehicle, const uint8_t public_key[BW_PUBLIC_KEY_LEN])
{
    if (!sealed->is_signed)
        return false;
    uint8_t digest[crypto_generichash_BYTES_MAX];
    payload_digest(sealed, context, division, vehicle, digest);
    return crypto_sign_verify_detached(sealed->signature, digest, sizeof digest, public_key) == 0;
}
