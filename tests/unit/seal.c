/* Chain and signature (proto/seal.h). */
#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/seal.h"

static struct seal_key key;

static void set_up(void)
{
    cr_assert_eq(seal_init(), 0);
    seal_key_generate(&key);
}
TestSuite(seal, .init = set_up);

static struct wire_record signed_record(void)
{
    struct wire_record record = {.cls = BW_RECORD_ALERT, .seq = 7, .body_len = 5};
    memcpy(record.stream, "stream-1", BW_STREAM_LEN);
    memcpy(record.body, "hello", 5);
    seal_record_sign(&record, "331023", "bus-a", &key);
    return record;
}

Test(seal, a_record_verifies_for_its_vehicle_and_key_alone)
{
    const struct wire_record record = signed_record();
    struct seal_key other;
    seal_key_generate(&other);
    cr_expect(seal_record_verify(&record, "331023", "bus-a", key.public_key));
    cr_expect_not(seal_record_verify(&record, "331023", "bus-b", key.public_key));
    cr_expect_not(seal_record_verify(&record, "331024", "bus-a", key.public_key));
    cr_expect_not(seal_record_verify(&record, "331023", "bus-a", other.public_key));
    /* Lengths stand before names, so a letter cannot move from one name to the next. */
    cr_expect_not(seal_record_verify(&record, "331023b", "us-a", key.public_key));
}

Test(seal, any_altered_bit_shows)
{
    const struct wire_record record = signed_record();
    const size_t offsets[] = {offsetof(struct wire_record, stream), offsetof(struct wire_record, seq),
                              offsetof(struct wire_record, prev),   offsetof(struct wire_record, signature),
                              offsetof(struct wire_record, body),   offsetof(struct wire_record, cls)};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct wire_record altered = record;
            ((unsigned char *)&altered)[offsets[i]] ^= (unsigned char)(1 << bit);
            cr_expect_not(seal_record_verify(&altered, "331023", "bus-a", key.public_key),
                          "offset %zu bit %d", offsets[i], bit);
        }
}

Test(seal, the_chain_hash_covers_the_signature)
{
    struct wire_record record = signed_record();
    uint8_t before[BW_HASH_LEN], after[BW_HASH_LEN];
    seal_record_hash(&record, "331023", "bus-a", before);
    record.signature[0] ^= 1;
    seal_record_hash(&record, "331023", "bus-a", after);
    cr_expect_neq(memcmp(before, after, sizeof before), 0);
}

Test(seal, payload_contexts_do_not_pass_for_each_other)
{
    uint8_t payload[] = "payload";
    struct wire_sealed sealed = {.payload = {payload, sizeof payload}};
    cr_expect_not(seal_payload_verify(&sealed, SEAL_LICENCE, "331023", "bus-a", key.public_key), "unsigned");
    seal_payload_sign(&sealed, SEAL_LICENCE, "331023", "bus-a", &key);
    cr_expect(seal_payload_verify(&sealed, SEAL_LICENCE, "331023", "bus-a", key.public_key));
    cr_expect_not(seal_payload_verify(&sealed, SEAL_RECEIPT, "331023", "bus-a", key.public_key));
    cr_expect_not(seal_payload_verify(&sealed, SEAL_ORDERS, "331023", "bus-a", key.public_key));
    cr_expect_not(seal_payload_verify(&sealed, SEAL_LICENCE, "331023", "bus-b", key.public_key));
    payload[0] ^= 1;
    cr_expect_not(seal_payload_verify(&sealed, SEAL_LICENCE, "331023", "bus-a", key.public_key));
}

Test(seal, key_files_come_back_and_are_guarded)
{
    char dir[] = "/tmp/seal-XXXXXX", path[64];
    struct seal_key back;
    struct stat status;
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/key", dir);
    cr_expect_eq(seal_secret_load(path, &back), -ENOENT);
    cr_assert_eq(seal_secret_save(path, &key), 0);
    cr_expect_eq(stat(path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0600U);
    cr_expect_eq(seal_secret_save(path, &key), -EEXIST, "a secret is never overwritten");
    cr_assert_eq(seal_secret_load(path, &back), 0);
    cr_expect_eq(memcmp(&back, &key, sizeof key), 0);
    cr_expect_eq(chmod(path, 0640), 0);
    cr_expect_eq(seal_secret_load(path, &back), -EPERM, "others may read it");
    cr_expect_eq(chmod(path, 0600), 0);
    FILE *file = fopen(path, "r+");
    cr_assert_not_null(file);
    const int first = fgetc(file);
    rewind(file);
    (void)fputc(first == '0' ? '1' : '0', file);
    (void)fclose(file);
    cr_expect_eq(seal_secret_load(path, &back), -EBADMSG, "a damaged secret must not sign");
    (void)unlink(path);
    (void)rmdir(dir);
}

/* --- proof of a new key --- */

static const uint8_t stream_1[BW_STREAM_LEN] = "stream-1", stream_2[BW_STREAM_LEN] = "stream-2";

static struct bw_key_change proved_change(struct seal_key *ret_new_key)
{
    struct bw_key_change change = {.track_from = 41};
    seal_key_generate(ret_new_key);
    seal_key_prove(&change, "331023", "bus-a", stream_1, 7, key.public_key, ret_new_key);
    return change;
}

Test(seal, a_new_key_is_proved_for_one_record_of_one_vehicle)
{
    struct seal_key new_key;
    const struct bw_key_change change = proved_change(&new_key);
    cr_expect_eq(memcmp(change.old_key, key.public_key, BW_PUBLIC_KEY_LEN), 0);
    cr_expect_eq(memcmp(change.new_key, new_key.public_key, BW_PUBLIC_KEY_LEN), 0);
    cr_expect(seal_key_proved(&change, "331023", "bus-a", stream_1, 7));
    cr_expect_not(seal_key_proved(&change, "331023", "bus-b", stream_1, 7), "another vehicle");
    cr_expect_not(seal_key_proved(&change, "331024", "bus-a", stream_1, 7), "another division");
    cr_expect_not(seal_key_proved(&change, "331023b", "us-a", stream_1, 7), "a letter moved");
    cr_expect_not(seal_key_proved(&change, "331023", "bus-a", stream_2, 7), "another stream");
    cr_expect_not(seal_key_proved(&change, "331023", "bus-a", stream_1, 8), "another record");
}

Test(seal, any_altered_bit_of_a_proved_change_shows)
{
    struct seal_key new_key;
    const struct bw_key_change change = proved_change(&new_key);
    const struct {
        const char *name;
        size_t offset;
    } cases[] = {{"old key", offsetof(struct bw_key_change, old_key)},
                 {"new key", offsetof(struct bw_key_change, new_key)},
                 {"track_from", offsetof(struct bw_key_change, track_from)},
                 {"proof", offsetof(struct bw_key_change, proof)}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct bw_key_change altered = change;
            ((unsigned char *)&altered)[cases[i].offset] ^= (unsigned char)(1 << bit);
            cr_expect_not(seal_key_proved(&altered, "331023", "bus-a", stream_1, 7), "%s bit %d",
                          cases[i].name, bit);
        }
}

/* Who has only the old key cannot name somebody else's as the new one. */
Test(seal, only_the_new_key_itself_proves_a_change)
{
    struct seal_key new_key, claimed = key;
    (void)proved_change(&new_key);
    memcpy(claimed.public_key, new_key.public_key, BW_PUBLIC_KEY_LEN);
    struct bw_key_change change = {.track_from = 41};
    seal_key_prove(&change, "331023", "bus-a", stream_1, 7, key.public_key, &claimed);
    cr_expect_not(seal_key_proved(&change, "331023", "bus-a", stream_1, 7));
}

/* The bytes of docs/wire.md, "Key change", written out: header | stream | seq | old | new | track_from. */
static void prove_by_hand(struct bw_key_change *change, const char *context, const struct seal_key *new_key)
{
    static const uint8_t names[] = "\006331023\005bus-a", seq[8] = {[7] = 7}, from[8] = {[7] = 41};
    uint8_t message[256] = {0};
    size_t n = 24; /* the context, padded */
    memcpy(message, context, strlen(context));
    const struct {
        const uint8_t *bytes;
        size_t len;
    } parts[] = {{names, sizeof names - 1},
                 {stream_1, BW_STREAM_LEN},
                 {seq, sizeof seq},
                 {change->old_key, BW_PUBLIC_KEY_LEN},
                 {change->new_key, BW_PUBLIC_KEY_LEN},
                 {from, sizeof from}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        memcpy(message + n, parts[i].bytes, parts[i].len);
        n += parts[i].len;
    }
    cr_assert_eq(crypto_sign_detached(change->proof, NULL, message, n, new_key->secret_key), 0);
}

Test(seal, a_signature_of_another_kind_proves_no_key)
{
    struct seal_key new_key;
    struct bw_key_change change = proved_change(&new_key);
    static const char *const others[] = {"buswarden/v1/record", "buswarden/v1/licence",
                                         "buswarden/v1/receipt", "", "buswarden/v2/key"};
    prove_by_hand(&change, "buswarden/v1/key", &new_key);
    cr_expect(seal_key_proved(&change, "331023", "bus-a", stream_1, 7), "as docs/wire.md has it");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        prove_by_hand(&change, others[i], &new_key);
        cr_expect_not(seal_key_proved(&change, "331023", "bus-a", stream_1, 7), "context \"%s\"", others[i]);
    }
}

/* --- files --- */

/* BLAKE2b-256, as `b2sum -l 256` has it. */
Test(seal, the_hash_of_a_file_is_that_of_b2sum)
{
    char path[] = "/tmp/seal-XXXXXX", hex[SEAL_FILE_HASH_LEN] = "before";
    const int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(seal_file_hash(path, hex), 0);
    cr_expect_str_eq(hex, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    cr_assert_eq(write(fd, "abc", 3), 3);
    cr_assert_eq(seal_file_hash(path, hex), 0);
    cr_expect_str_eq(hex, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    cr_assert_eq(ftruncate(fd, 16 * 1024 * 1024 + 1), 0);
    cr_expect_eq(seal_file_hash(path, hex), -EFBIG);
    (void)close(fd);
    (void)unlink(path);
    cr_expect_eq(seal_file_hash(path, hex), -ENOENT);
    cr_expect_str_eq(hex, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
                     "untouched on failure");
}

Test(seal, hex_comes_back_and_nothing_else_is_taken_for_it)
{
    static const char *const bad[] = {"",       "00ff7",  "00ff7f0", "00ff7f01",
                                      "00ff7g", "00 f7f", "0x00ff",  " 0ff7f"};
    const uint8_t bytes[] = {0x00, 0xff, 0x7f};
    uint8_t back[3] = {1, 2, 3};
    char hex[2 * sizeof bytes + 1];
    seal_hex_format(bytes, sizeof bytes, hex);
    cr_expect_str_eq(hex, "00ff7f");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(seal_hex_parse(bad[i], back, sizeof back), -EBADMSG, "%s", bad[i]);
        cr_expect_arr_eq(back, ((uint8_t[]){1, 2, 3}), sizeof back, "%s: touched on failure", bad[i]);
    }
    cr_expect_eq(seal_hex_parse("00fF7f", back, sizeof back), 0);
    cr_expect_arr_eq(back, bytes, sizeof bytes);
}
