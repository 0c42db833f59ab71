/* Receipts that wait, and signatures that are checked beside. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bureau/ingest/receipts.h"
#include "bureau/ingest/verifier.h"
#include "proto/seal.h"

static struct receipts *due;

static void set_up(void)
{
    cr_assert_eq(receipts_create(&due), 0);
}

static void tear_down(void)
{
    receipts_free(due);
}
TestSuite(ingest_receipts, .init = set_up, .fini = tear_down);

static struct batch_receipt receipt_of(int vehicle, uint8_t stream, uint64_t upto_seq)
{
    struct batch_receipt receipt = {.stream = {stream}, .upto_seq = {0, upto_seq}};
    (void)snprintf(receipt.vehicle, sizeof receipt.vehicle, "bus-%d", vehicle);
    return receipt;
}

static bool put(int vehicle, uint8_t stream, uint64_t upto_seq)
{
    const struct batch_receipt receipt = receipt_of(vehicle, stream, upto_seq);
    return receipts_put(due, &receipt);
}

static void expect_next(int vehicle, uint8_t stream, uint64_t upto_seq)
{
    const struct batch_receipt expected = receipt_of(vehicle, stream, upto_seq);
    struct batch_receipt found;
    cr_assert(receipts_take(due, &found));
    cr_expect_str_eq(found.vehicle, expected.vehicle);
    cr_expect_arr_eq(found.stream, expected.stream, BW_STREAM_LEN);
    cr_expect_eq(found.upto_seq[1], upto_seq, "%s: %d", found.vehicle, (int)found.upto_seq[1]);
}

Test(ingest_receipts, the_one_that_waits_longest_comes_first)
{
    cr_assert(put(1, 1, 10) && put(2, 1, 20) && put(3, 1, 30));
    expect_next(1, 1, 10);
    expect_next(2, 1, 20);
    expect_next(3, 1, 30);
    struct batch_receipt none;
    cr_expect_not(receipts_take(due, &none));
}

Test(ingest_receipts, a_newer_one_takes_the_place_of_the_one_that_waits)
{
    cr_assert(put(1, 1, 10) && put(2, 1, 20) && put(1, 1, 11));
    cr_expect_eq(receipts_count(due), 2);
    expect_next(1, 1, 11);
    expect_next(2, 1, 20);
}

Test(ingest_receipts, another_stream_is_another_receipt)
{
    cr_assert(put(1, 1, 10) && put(1, 2, 3));
    expect_next(1, 1, 10);
    expect_next(1, 2, 3);
}

Test(ingest_receipts, holds_so_many_and_no_more)
{
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < RECEIPTS_MAX; i++)
            cr_assert(put(i, 1, (uint64_t)i + 1));
        cr_expect_not(put(RECEIPTS_MAX, 1, 1));
        cr_expect(put(7, 1, 99), "one that waits is renewed all the same");
        for (int i = 0; i < RECEIPTS_MAX; i++)
            expect_next(i, 1, i == 7 ? 99 : (uint64_t)i + 1);
    }
}

Test(ingest_receipts, nothing_waits_after_a_clear)
{
    cr_assert(put(1, 1, 10) && put(2, 1, 20));
    receipts_clear(due);
    cr_expect_eq(receipts_count(due), 0);
    cr_assert(put(2, 1, 21));
    expect_next(2, 1, 21);
}

/* --- signatures --- */

enum { RECORDS = 600 };

Test(ingest_verifier, each_signature_is_judged_by_the_key_given)
{
    static struct wire_record records[RECORDS];
    static struct judge_checked checked[RECORDS];
    struct seal_key keys[2];
    struct verifier *verifier = NULL;
    const struct topic topic = {.division = "331023", .vehicle = "bus-a"};
    cr_assert_eq(seal_init(), 0);
    seal_key_generate(&keys[0]);
    seal_key_generate(&keys[1]);
    cr_assert_eq(verifier_create(&verifier), 0);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < RECORDS; i++) {
            records[i] = (struct wire_record){.cls = BW_RECORD_TRACK, .seq = i + 1, .body_len = 100};
            seal_record_sign(&records[i], topic.division, topic.vehicle, &keys[i % 2]);
            records[i].body[0] ^= i % 3 == 0; /* altered after it was signed */
            verifier_give(verifier,
                          &(struct verifier_job){&topic, &records[i], keys[0].public_key, &checked[i]});
        }
        verifier_wait(verifier);
        for (size_t i = 0; i < RECORDS; i++) {
            cr_expect(checked[i].is_checked, "record %zu", i);
            cr_expect_eq(checked[i].good, i % 2 == 0 && i % 3 != 0, "record %zu", i);
        }
    }
    verifier_free(verifier);
}

Test(ingest_verifier, what_was_checked_with_another_key_is_checked_again)
{
    struct seal_key right, wrong;
    struct wire_record record = {.cls = BW_RECORD_TRACK, .seq = 1};
    const struct topic topic = {.division = "331023", .vehicle = "bus-a"};
    struct store_signers signers = {.n = 1, .of = {{.from_seq = 1, .division = "331023"}}};
    cr_assert_eq(seal_init(), 0);
    seal_key_generate(&right);
    seal_key_generate(&wrong);
    seal_record_sign(&record, topic.division, topic.vehicle, &right);
    memcpy(signers.of[0].key, right.public_key, BW_PUBLIC_KEY_LEN);
    struct judge_checked checked = {.is_checked = true, .good = false};
    memcpy(checked.key, wrong.public_key, BW_PUBLIC_KEY_LEN);
    cr_expect_eq(judge_signature_checked(&topic, &record, &signers, &checked), VERDICT_ACCEPTED);
    checked.good = true; /* by a key that does not sign here: worth nothing */
    memcpy(signers.of[0].key, wrong.public_key, BW_PUBLIC_KEY_LEN);
    memcpy(checked.key, right.public_key, BW_PUBLIC_KEY_LEN);
    cr_expect_eq(judge_signature_checked(&topic, &record, &signers, &checked), VERDICT_BAD_SIGNATURE);
    memcpy(signers.of[0].key, right.public_key, BW_PUBLIC_KEY_LEN);
    cr_expect_eq(judge_signature_checked(&topic, &record, &signers, &checked), VERDICT_ACCEPTED);
}
