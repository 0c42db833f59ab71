/* The licence on disk (gateway/issuedfile.h). */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/issuedfile.h"
#include "tests/unit/fixture_licence.h"

static struct seal_key key, other;
static char dir[32], path[64];

static void set_up(void)
{
    cr_assert_eq(seal_init(), 0);
    seal_key_generate(&key);
    seal_key_generate(&other);
    (void)snprintf(dir, sizeof dir, "/tmp/licence-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/licence.pb", dir);
}

static void tear_down(void)
{
    (void)unlink(path);
    (void)rmdir(dir);
}
TestSuite(licencefile, .init = set_up, .fini = tear_down);

static void store(struct wire_bytes bytes)
{
    cr_assert_eq(licencefile_store(path, bytes.data, bytes.len), 0);
    wire_bytes_free(&bytes);
}

Test(licencefile, comes_back_when_signed_by_the_bureau)
{
    struct bw_licence licence;
    store(fixture_licence(7, &key));
    cr_assert_eq(licencefile_load(path, key.public_key, &licence), 0);
    cr_expect_eq(licence.version, 7U);
    wire_licence_free(&licence);
}

Test(licencefile, other_signatures_and_none_are_refused)
{
    struct bw_licence licence;
    store(fixture_licence(7, &other));
    cr_expect_eq(licencefile_load(path, key.public_key, &licence), -EKEYREJECTED);
    store(fixture_licence(7, NULL));
    cr_expect_eq(licencefile_load(path, key.public_key, &licence), -EKEYREJECTED);
    cr_expect_eq(licencefile_load(path, NULL, &licence), 0, "replay without a key does not ask");
    wire_licence_free(&licence);
}

Test(licencefile, damage_is_no_licence)
{
    struct bw_licence licence;
    cr_expect_eq(licencefile_load(path, NULL, &licence), -ENOENT);
    cr_assert_eq(licencefile_store(path, (const uint8_t *)"hello", 5), 0);
    cr_expect_eq(licencefile_load(path, NULL, &licence), -EBADMSG);
    struct wire_bytes bytes = fixture_licence(7, &key);
    bytes.data[bytes.len / 2] ^= 4;
    store(bytes);
    cr_expect_neq(licencefile_load(path, key.public_key, &licence), 0);
    uint8_t *large = calloc(1, (size_t)WIRE_LICENCE_MAX + 1);
    cr_assert_not_null(large);
    cr_assert_eq(licencefile_store(path, large, (size_t)WIRE_LICENCE_MAX + 1), 0);
    cr_expect_eq(licencefile_load(path, NULL, &licence), -EMSGSIZE);
    free(large);
}

Test(licencefile, storing_where_nothing_can_be_stored_keeps_the_old)
{
    struct bw_licence licence;
    store(fixture_licence(7, &key));
    struct wire_bytes fresh = fixture_licence(8, &key);
    cr_expect_eq(licencefile_store("/nonexistent/licence.pb", fresh.data, fresh.len), -ENOENT);
    wire_bytes_free(&fresh);
    cr_assert_eq(licencefile_load(path, key.public_key, &licence), 0);
    cr_expect_eq(licence.version, 7U);
    wire_licence_free(&licence);
}

Test(licencefile, believable_dates)
{
    static const int64_t RELEASE = 1788220800000 /* 2026-09-01 */, YEAR = 31557600000;
    struct bw_permit old = {.valid_from_day = 14600}; /* 2009-12-22 */
    const struct bw_licence licence = {.issued_utc_ms = RELEASE + 3 * YEAR, .n_permits = 1, .permits = &old};
    cr_expect_eq(licencefile_window(NULL, false).floor_utc_ms, RELEASE);
    cr_expect_lt(licencefile_window(NULL, false).ceiling_utc_ms, RELEASE + 6 * YEAR);
    cr_expect_eq(licencefile_window(&licence, false).floor_utc_ms, RELEASE,
                 "a live receiver is never that old");
    cr_expect_gt(licencefile_window(&licence, false).ceiling_utc_ms, RELEASE + 7 * YEAR);
    cr_expect_eq(licencefile_window(&licence, true).floor_utc_ms, 14600 * INT64_C(86400000));
}
