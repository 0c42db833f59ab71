/* Chain and signature (proto/seal.h). */
#include <criterion/criterion.h>
#include <errno.h>
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
