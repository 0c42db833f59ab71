/* Who may ask: words of roles and scopes, passwords, secrets, how long a failed log-in waits, how many
 * requests a caller may make. */
#include "bureau/access/access.h"
#include "bureau/access/limiter.h"
#include "bureau/access/lockout.h"
#include "bureau/access/password.h"
#include "bureau/access/secret.h"
#include "proto/seal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void start(void)
{
    cr_assert_eq(seal_init(), 0);
}
TestSuite(access, .init = start);

#define EACH(cases) for (size_t i = 0; i < sizeof(cases) / sizeof((cases)[0]); i++)

/* --- words --- */

Test(access, roles_have_one_word_each)
{
    static const struct {
        const char *text;
        enum access_role role;
    } cases[] = {{"admin", ACCESS_ADMIN},
                 {"bureau", ACCESS_BUREAU},
                 {"school", ACCESS_SCHOOL},
                 {"police", ACCESS_POLICE}};
    enum access_role role = 0;
    EACH(cases)
    {
        cr_expect_eq(access_role_parse(cases[i].text, &role), 0);
        cr_expect_eq(role, cases[i].role);
        cr_expect_str_eq(access_role_name(cases[i].role), cases[i].text);
    }
    cr_expect_eq(access_role_parse("root", &role), -EINVAL);
    cr_expect_eq(access_role_parse("", &role), -EINVAL);
    cr_expect_null(access_role_name((enum access_role)ACCESS_STAFF));
}

Test(access, scopes_are_words_with_commas)
{
    static const struct {
        const char *text;
        int rc;
        unsigned scopes;
        const char *back;
    } cases[] = {
        {"all", 0, ACCESS_SCOPE_ALL, "all"},
        {"feeds,plates", 0, ACCESS_SCOPE_PLATES | ACCESS_SCOPE_FEEDS, "plates,feeds"},
        {"all,read,plates,feeds", 0, 15, "all,read,plates,feeds"},
        {"", -EINVAL, 0, ""},
        {"read,", -EINVAL, 0, ""},
        {"rea", -EINVAL, 0, ""},
        {"read,write", -EINVAL, 0, ""},
    };
    EACH(cases)
    {
        unsigned scopes = 0;
        char back[ACCESS_SCOPES_LEN] = "";
        cr_expect_eq(access_scopes_parse(cases[i].text, &scopes), cases[i].rc, "%s", cases[i].text);
        cr_expect_eq(scopes, cases[i].scopes, "%s", cases[i].text);
        access_scopes_format(scopes, back);
        cr_expect_str_eq(back, cases[i].back);
    }
}

Test(access, names_of_accounts_are_plain)
{
    static const char *const good[] = {"li", "zhang.wei", "s-07", "9_9"};
    static const char *const bad[] = {"", "x", "Li", "李雷", "a b", "-x", ".x", "a:b", "a/b"};
    char longest[42];
    EACH(good) cr_expect_null(access_name_fault(good[i]), "%s", good[i]);
    EACH(bad) cr_expect_not_null(access_name_fault(bad[i]), "%s", bad[i]);
    memset(longest, 'a', sizeof(longest));
    longest[41] = '\0';
    cr_expect_not_null(access_name_fault(longest));
    longest[40] = '\0';
    cr_expect_null(access_name_fault(longest));
}

/* --- passwords --- */

Test(access, passwords_must_be_long_and_varied)
{
    static const char *const good[] = {"correct horse battery", "abcdef123456", "校车安全第一人人有责任啊",
                                       "zhangwei-and-twelve-more-letters"};
    static const char *const bad[] = {"",
                                      "abcdef12345",          /* 11 */
                                      "校车安全第一人人有责", /* 10 characters, though 30 bytes */
                                      "aaaaaaaaaaaaaaaa",
                                      "ababababcdcdcdcdee", /* 5 different ones */
                                      "abcdef\t123456",
                                      "\xff\xfe"
                                      "abcdef123456",
                                      "abcdef123456\xe6\xa0", /* cut short */
                                      "ZhangWei12345"};
    EACH(good) cr_expect_null(password_fault(good[i], "zhangwei"), "%s", good[i]);
    EACH(bad) cr_expect_not_null(password_fault(bad[i], "zhangwei"), "%s", bad[i]);
    char longest[PASSWORD_LEN + 1];
    for (size_t i = 0; i < sizeof(longest); i++)
        longest[i] = (char)('a' + i % 20);
    longest[PASSWORD_LEN] = '\0';
    cr_expect_not_null(password_fault(longest, "x"));
    longest[PASSWORD_LEN - 1] = '\0';
    cr_expect_null(password_fault(longest, "x"));
}

Test(access, a_password_is_kept_as_argon2id_and_only_it_fits)
{
    char hash[PASSWORD_HASH_LEN], other[PASSWORD_HASH_LEN];
    cr_assert_eq(password_hash("correct horse", hash), 0);
    cr_assert_eq(password_hash("correct horse", other), 0);
    cr_expect_eq(strncmp(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31), 0, "%s", hash);
    cr_expect_str_neq(hash, other); /* salted */
    cr_expect(password_matches(hash, "correct horse"));
    cr_expect_not(password_matches(hash, "correct horsE"));
    cr_expect_not(password_matches(hash, ""));
    cr_expect_not(password_is_outdated(hash));
    cr_expect(password_is_outdated("$argon2id$v=19$m=8192,t=1,p=1$ofY3i/oEzvoRFxFC53ocpg$"
                                   "BlXTQekV/enZpSH54lx5Is/T4X/xCwh/Y+OH4SXQ9hc"));
}

/* What takes as long is the same work: the hash that nobody's password is held against is a whole one of
 * today's cost. (No clock: a busy machine would fail that.) */
Test(access, nobody_is_checked_at_todays_cost)
{
    cr_expect_not(password_matches(NULL, "correct horse"));
    cr_expect_not(password_is_outdated(NULL));
}

Test(access, made_passwords_are_good_and_differ)
{
    char one[PASSWORD_MADE_LEN], other[PASSWORD_MADE_LEN];
    password_make(one);
    password_make(other);
    cr_expect_eq(strlen(one), PASSWORD_MADE_LEN - 1);
    cr_expect_str_neq(one, other);
    cr_expect_eq(one[5], '-');
    cr_expect_null(password_fault(one, "x"));
}

/* --- secrets --- */

Test(access, a_secret_is_of_one_kind_and_has_one_hash)
{
    char text[SECRET_TEXT_LEN], other[SECRET_TEXT_LEN];
    uint8_t hash[SECRET_HASH_LEN], again[SECRET_HASH_LEN] = {0};
    secret_make(SECRET_TOKEN, text, hash);
    cr_expect_eq(secret_hash(SECRET_TOKEN, text, again), 0);
    cr_expect_arr_eq(hash, again, SECRET_HASH_LEN);
    cr_expect_eq(secret_hash(SECRET_SESSION, text, again), -EINVAL);
    secret_make(SECRET_TOKEN, other, again);
    cr_expect_str_neq(text, other);
    cr_expect_arr_neq(hash, again, SECRET_HASH_LEN);
    text[10] = text[10] == 'x' ? 'y' : 'x';
    cr_expect_eq(secret_hash(SECRET_TOKEN, text, again), 0);
    cr_expect_arr_neq(hash, again, SECRET_HASH_LEN);
}

Test(access, what_is_no_secret_is_refused)
{
    static const char *const bad[] = {"",
                                      "bwt_",
                                      "bwt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* one short */,
                                      "bwt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* one long */,
                                      "bwt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=A",
                                      "bwx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    uint8_t hash[SECRET_HASH_LEN];
    EACH(bad) cr_expect_eq(secret_hash(SECRET_TOKEN, bad[i], hash), -EINVAL, "%s", bad[i]);
    cr_expect_eq(secret_hash(SECRET_TOKEN, "bwt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", hash), 0);
}

/* --- failed log-ins --- */

Test(access, a_failed_log_in_waits_longer_each_time_but_never_for_ever)
{
    static const struct {
        enum lockout_kind kind;
        uint32_t failures;
        int64_t delay_s;
    } cases[] = {
        {LOCKOUT_ACCOUNT, 0, 0},    {LOCKOUT_ACCOUNT, 4, 0},
        {LOCKOUT_ACCOUNT, 5, 30},   {LOCKOUT_ACCOUNT, 6, 60},
        {LOCKOUT_ACCOUNT, 9, 480},  {LOCKOUT_ACCOUNT, 10, 900},
        {LOCKOUT_ACCOUNT, 11, 900}, {LOCKOUT_ACCOUNT, UINT32_MAX, 900},
        {LOCKOUT_DEVICE, 5, 30},    {LOCKOUT_ADDRESS, 19, 0},
        {LOCKOUT_ADDRESS, 20, 30},  {LOCKOUT_ADDRESS, UINT32_MAX, 900},
    };
    EACH(cases)
    {
        const int64_t until = lockout_until_utc_ms(cases[i].kind, cases[i].failures, 1000000);
        cr_expect_eq(until, cases[i].delay_s ? 1000000 + cases[i].delay_s * 1000 : 0, "case %zu: %jd", i,
                     (intmax_t)until);
    }
}

/* --- requests a second --- */

static const struct limiter_rate RATE = {.per_s = 4, .burst = 10};
static struct limiter *limiter;

static uint32_t take(const char *who, int64_t at_ms)
{
    return limiter_take(limiter, who, strlen(who), &RATE, at_ms);
}

Test(access, a_caller_has_a_burst_and_then_the_rate)
{
    cr_assert_eq(limiter_create(&limiter), 0);
    for (int i = 0; i < 10; i++)
        cr_expect_eq(take("a", 5000), 0);
    cr_expect_eq(take("a", 5000), 250);
    cr_expect_eq(take("a", 5100), 150);
    cr_expect_eq(take("a", 5250), 0);
    cr_expect_eq(take("a", 5250), 250);
    cr_expect_eq(take("b", 5250), 0); /* another one has its own */
    for (int i = 0; i < 10; i++)
        cr_expect_eq(take("a", INT64_MAX / 4), 0); /* a long time fills it, and no more than that */
    cr_expect_neq(take("a", INT64_MAX / 4), 0);
    limiter_destroy(limiter);
}

Test(access, a_clock_that_goes_back_gives_nothing_away)
{
    cr_assert_eq(limiter_create(&limiter), 0);
    for (int i = 0; i < 10; i++)
        cr_expect_eq(take("a", 5000), 0);
    cr_expect_eq(take("a", 4000), 250);
    cr_expect_eq(take("a", 5000), 250);
    limiter_destroy(limiter);
}

/* Whoever used up his requests stays limited, though a hundred thousand others come by. */
Test(access, a_crowd_does_not_free_who_is_limited)
{
    char name[16];
    cr_assert_eq(limiter_create(&limiter), 0);
    for (int i = 0; i < 11; i++)
        (void)take("greedy", 1000);
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        cr_assert_eq(take(name, 1001), 0);
    }
    cr_expect_neq(take("greedy", 1002), 0);
    limiter_destroy(limiter);
}
