/* Licence and orders on disk (gateway/issuedfile.h). */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/issuedfile.h"
#include "tests/unit/fixture_licence.h"

static struct seal_key key, other;
static char dir[32], path[64], highest[80];

static void set_up(void)
{
    cr_assert_eq(seal_init(), 0);
    seal_key_generate(&key);
    seal_key_generate(&other);
    (void)snprintf(dir, sizeof dir, "/tmp/issued-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/issued.pb", dir);
    (void)snprintf(highest, sizeof highest, "%s.highest", path);
}

static void tear_down(void)
{
    (void)unlink(path);
    (void)unlink(highest);
    (void)rmdir(dir);
}
TestSuite(issuedfile, .init = set_up, .fini = tear_down);

static struct wire_bytes fixture(enum issued_kind kind, uint64_t version, const struct seal_key *by)
{
    return kind == ISSUED_LICENCE ? fixture_licence(version, by) : fixture_orders(version, by);
}

static void store(struct wire_bytes bytes)
{
    cr_assert_eq(issuedfile_store(path, bytes.data, bytes.len), 0);
    wire_bytes_free(&bytes);
}

/* What loading says; on success the version is compared. */
static int load(enum issued_kind kind, struct issued_for whom, uint64_t version)
{
    struct issued issued;
    const int error = issuedfile_load(kind, path, &whom, &issued);
    if (error != 0)
        return error;
    cr_expect_eq(issued_version(&issued), version);
    cr_expect_str_eq(issued_vehicle(&issued), "bus-a");
    cr_expect_str_eq(issued_division(&issued), "331023");
    issued_free(&issued);
    return 0;
}

static const struct issued_for anybody, bus_a = {"bus-a", "331023", key.public_key},
                                        by_the_bureau = {.key = key.public_key};

Test(issuedfile, comes_back_when_signed_by_the_bureau)
{
    for (enum issued_kind kind = ISSUED_LICENCE; kind < ISSUED_KINDS; kind++) {
        store(fixture(kind, 7, &key));
        cr_expect_eq(load(kind, bus_a, 7), 0, "%s", issued_name(kind));
        cr_expect_eq(load(kind, by_the_bureau, 7), 0, "%s", issued_name(kind));
    }
}

Test(issuedfile, other_signatures_and_none_are_refused)
{
    for (enum issued_kind kind = ISSUED_LICENCE; kind < ISSUED_KINDS; kind++) {
        store(fixture(kind, 7, &other));
        cr_expect_eq(load(kind, bus_a, 7), -EKEYREJECTED);
        cr_expect_eq(load(kind, by_the_bureau, 7), -EKEYREJECTED);
        store(fixture(kind, 7, NULL));
        cr_expect_eq(load(kind, bus_a, 7), -EKEYREJECTED);
        cr_expect_eq(load(kind, by_the_bureau, 7), -EKEYREJECTED);
        cr_expect_eq(load(kind, anybody, 7), 0, "replay without a key does not ask");
    }
}

Test(issuedfile, what_was_issued_to_another_vehicle_is_refused)
{
    static const struct issued_for others[] = {{"bus-b", "331023", NULL}, {"bus-a", "331024", NULL}};
    for (enum issued_kind kind = ISSUED_LICENCE; kind < ISSUED_KINDS; kind++) {
        store(fixture(kind, 7, &key));
        for (size_t i = 0; i < 2; i++) {
            struct issued_for whom = others[i];
            cr_expect_eq(load(kind, whom, 7), -EXDEV, "%s", whom.vehicle);
            whom.key = key.public_key;
            cr_expect_eq(load(kind, whom, 7), -EKEYREJECTED, "signed for bus-a");
        }
    }
}

Test(issuedfile, a_licence_does_not_pass_for_orders_nor_orders_for_a_licence)
{
    store(fixture_licence(7, &key));
    cr_expect_eq(load(ISSUED_ORDERS, bus_a, 7), -EKEYREJECTED);
    store(fixture_orders(7, &key));
    cr_expect_eq(load(ISSUED_LICENCE, bus_a, 7), -EKEYREJECTED);
}

Test(issuedfile, damage_is_not_what_was_issued)
{
    for (enum issued_kind kind = ISSUED_LICENCE; kind < ISSUED_KINDS; kind++) {
        (void)unlink(path);
        cr_expect_eq(load(kind, anybody, 7), -ENOENT);
        cr_assert_eq(issuedfile_store(path, (const uint8_t *)"hello", 5), 0);
        cr_expect_eq(load(kind, anybody, 7), -EBADMSG);
        struct wire_bytes bytes = fixture(kind, 7, &key);
        bytes.data[bytes.len / 2] ^= 4;
        store(bytes);
        cr_expect_neq(load(kind, bus_a, 7), 0);
        uint8_t *large = calloc(1, issued_max(kind) + 1);
        cr_assert_not_null(large);
        cr_assert_eq(issuedfile_store(path, large, issued_max(kind) + 1), 0);
        cr_expect_eq(load(kind, anybody, 7), -EMSGSIZE);
        free(large);
    }
}

Test(issuedfile, every_refusal_has_words)
{
    static const int errors[] = {-EKEYREJECTED, -EXDEV, -EBADMSG, -EMSGSIZE, -EIO};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(issued_reason(ISSUED_ORDERS, errors[i]),
                              issued_reason(ISSUED_ORDERS, errors[k]));
}

Test(issuedfile, storing_where_nothing_can_be_stored_keeps_the_old)
{
    store(fixture_licence(7, &key));
    struct wire_bytes fresh = fixture_licence(8, &key);
    cr_expect_eq(issuedfile_store("/nonexistent/licence.pb", fresh.data, fresh.len), -ENOENT);
    wire_bytes_free(&fresh);
    cr_expect_eq(load(ISSUED_LICENCE, bus_a, 7), 0);
}

static void write_highest(const char *text)
{
    FILE *file = fopen(highest, "w");
    cr_assert_not_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

Test(issuedfile, the_highest_version_only_goes_up)
{
    cr_expect_eq(issuedfile_highest(path), 0U);
    cr_expect_eq(issuedfile_raise(path, 7), 0);
    cr_expect_eq(issuedfile_highest(path), 7U);
    cr_expect_eq(issuedfile_raise(path, 3), 0);
    cr_expect_eq(issuedfile_highest(path), 7U);
    cr_expect_eq(issuedfile_raise(path, UINT64_MAX), 0);
    cr_expect_eq(issuedfile_highest(path), UINT64_MAX);
}

Test(issuedfile, a_damaged_highest_version_is_none_and_is_written_anew)
{
    static const char *const table[] = {
        "", "7", "\n", "7x\n", "x\n", "99999999999999999999\n", "7777777777777777777777777\n"};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        write_highest(table[i]);
        cr_expect_eq(issuedfile_highest(path), 0U, "row %zu", i);
        cr_expect_eq(issuedfile_raise(path, 8), 0);
        cr_expect_eq(issuedfile_highest(path), 8U, "row %zu", i);
    }
}
