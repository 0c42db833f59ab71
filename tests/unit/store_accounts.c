/* Accounts, sessions, tokens and failed log-ins in the store: what is in force, what is over, and that every
 * list is bounded. */
#include "bureau/store/accounts.h"
#include "proto/seal.h"
#include "tests/unit/fixture_store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t NOW = 1790000000000;
static const char HASH[] = "$argon2id$v=19$m=65536,t=2,p=1$ofY3i/oEzvoRFxFC53ocpg$"
                           "BlXTQekV/enZpSH54lx5Is/T4X/xCwh/Y+OH4SXQ9hc";

static void open_accounts(void)
{
    cr_assert_eq(seal_init(), 0);
    open_empty_store();
}

TestSuite(accounts, .init = open_accounts, .fini = close_store);

static int add(const char *name, enum access_role role, const char *school)
{
    struct account account = {.role = role, .created_utc_ms = NOW};
    (void)snprintf(account.name, sizeof(account.name), "%s", name);
    (void)snprintf(account.school_id, sizeof(account.school_id), "%s", school);
    return account_add(store, &account, HASH);
}

/* A hash that is a number's. */
static const uint8_t *key(uint32_t number)
{
    static uint8_t hash[SECRET_HASH_LEN];
    memcpy(hash, &number, sizeof(number));
    return hash;
}

/* --- accounts --- */

Test(accounts, an_account_is_what_it_was_made)
{
    struct account account;
    char hash[PASSWORD_HASH_LEN];
    cr_assert_eq(add("li", ACCESS_SCHOOL, "s-1"), 0, "%s", store_error(store));
    cr_assert_eq(account_get(store, "li", &account), 0);
    cr_expect_str_eq(account.name, "li");
    cr_expect_eq(account.role, ACCESS_SCHOOL);
    cr_expect_str_eq(account.school_id, "s-1");
    cr_expect_eq(account.created_utc_ms, NOW);
    cr_expect_eq(account.login_utc_ms, 0);
    cr_assert_eq(account_password(store, "li", hash), 0);
    cr_expect_str_eq(hash, HASH);
    cr_expect_eq(add("li", ACCESS_ADMIN, ""), -EEXIST);
    cr_expect_eq(account_get(store, "wang", &account), -ENOENT);
    cr_expect_eq(account_password(store, "wang", hash), -ENOENT);
}

Test(accounts, only_a_school_has_a_school)
{
    cr_expect_lt(add("a-1", ACCESS_SCHOOL, ""), 0);
    cr_expect_lt(add("a-2", ACCESS_ADMIN, "s-1"), 0);
    cr_expect_lt(add("a-3", (enum access_role)3, ""), 0);
}

Test(accounts, are_never_deleted)
{
    cr_assert_eq(add("li", ACCESS_ADMIN, ""), 0);
    cr_expect_eq(try_sql("DELETE FROM account"), SQLITE_CONSTRAINT);
}

static int count_accounts(void *context, const struct account *row)
{
    (void)row;
    ++*(int *)context;
    return 0;
}

Test(accounts, are_listed_and_bounded)
{
    char name[16];
    int n = 0;
    cr_assert_eq(store_begin(store), 0);
    for (int i = 0; i < ACCOUNTS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "a-%d", i);
        cr_assert_eq(add(name, i % 2 ? ACCESS_ADMIN : ACCESS_POLICE, ""), 0);
    }
    cr_expect_eq(add("one-more", ACCESS_ADMIN, ""), -ENOSPC);
    cr_assert_eq(store_commit(store), 0);
    cr_assert_eq(accounts_list(store, count_accounts, &n), 0);
    cr_expect_eq(n, ACCOUNTS_MAX);
}

/* --- sessions --- */

Test(accounts, a_session_is_its_accounts_until_it_ends)
{
    struct session session;
    cr_assert_eq(add("li", ACCESS_SCHOOL, "s-1"), 0);
    cr_assert_eq(session_add(store, key(1), "li", NOW), 0, "%s", store_error(store));
    cr_assert_eq(session_find(store, key(1), NOW, &session), 0);
    cr_expect_str_eq(session.who.name, "li");
    cr_expect_eq(session.who.role, ACCESS_SCHOOL);
    cr_expect_str_eq(session.who.school_id, "s-1");
    cr_expect_eq(session_find(store, key(2), NOW, &session), -ENOENT);
    cr_expect_eq(ask("SELECT login_utc_ms FROM account"), NOW);
    cr_assert_eq(session_end(store, key(1)), 0);
    cr_expect_eq(session_find(store, key(1), NOW, &session), -ENOENT);
}

Test(accounts, a_session_ends_when_idle_and_when_old)
{
    struct session session;
    int64_t now = NOW;
    cr_assert_eq(add("li", ACCESS_POLICE, ""), 0);
    cr_assert_eq(session_add(store, key(1), "li", now), 0);
    cr_expect_eq(session_find(store, key(1), now + ACCOUNT_IDLE_MS - 1, &session), 0);
    cr_expect_eq(session_find(store, key(1), now + ACCOUNT_IDLE_MS, &session), -ENOENT);
    while (now - NOW < ACCOUNT_SESSION_MS - ACCOUNT_IDLE_MS / 2) {
        now += ACCOUNT_IDLE_MS / 2;
        cr_assert_eq(session_used(store, key(1), now), 0);
    }
    cr_expect_eq(session_find(store, key(1), NOW + ACCOUNT_SESSION_MS - 1, &session), 0);
    cr_expect_eq(session_find(store, key(1), NOW + ACCOUNT_SESSION_MS, &session), -ENOENT);
    cr_assert_eq(sessions_purge(store, NOW + ACCOUNT_SESSION_MS - 1), 0);
    cr_expect_eq(ask("SELECT count(*) FROM session"), 1);
    cr_assert_eq(sessions_purge(store, NOW + ACCOUNT_SESSION_MS), 0);
    cr_expect_eq(ask("SELECT count(*) FROM session"), 0);
}

Test(accounts, the_oldest_session_makes_room)
{
    struct session session;
    cr_assert_eq(add("li", ACCESS_POLICE, ""), 0);
    for (uint32_t i = 0; i <= ACCOUNT_SESSIONS_MAX; i++)
        cr_assert_eq(session_add(store, key(i), "li", NOW + i), 0);
    cr_expect_eq(session_find(store, key(0), NOW + 20, &session), -ENOENT);
    cr_expect_eq(session_find(store, key(1), NOW + 20, &session), 0);
}

Test(accounts, a_new_password_and_disabling_end_sessions_and_forget_browsers)
{
    struct session session;
    for (int disables = 0; disables < 2; disables++) {
        const char *name = disables ? "li" : "wang";
        cr_assert_eq(add(name, ACCESS_POLICE, ""), 0);
        cr_assert_eq(session_add(store, key(1), name, NOW), 0);
        cr_assert_eq(device_add(store, key(1), name, NOW), 0);
        cr_assert_eq(disables ? account_disable(store, name, NOW)
                              : account_password_set(store, name, "other", NOW),
                     0);
        cr_expect_eq(session_find(store, key(1), NOW, &session), -ENOENT);
        cr_expect_eq(device_known(store, key(1), name, NOW), 0);
    }
    cr_expect_eq(account_disable(store, "nobody", NOW), -ENOENT);
    cr_expect_eq(account_password_set(store, "nobody", HASH, NOW), -ENOENT);
}

Test(accounts, a_disabled_account_is_nobody)
{
    struct session session;
    struct access_who who;
    struct token token = {
        .account = "li", .scopes = ACCESS_SCOPE_ALL, .created_utc_ms = NOW, .expires_utc_ms = NOW + 1000};
    int64_t id;
    cr_assert_eq(add("li", ACCESS_POLICE, ""), 0);
    cr_assert_eq(token_add(store, &token, key(1), &id), 0);
    cr_assert_eq(account_disable(store, "li", NOW), 0);
    cr_assert_eq(session_add(store, key(2), "li", NOW), 0);
    cr_expect_eq(session_find(store, key(2), NOW, &session), -ENOENT);
    cr_expect_eq(token_find(store, key(1), NOW, &who, &token), -ENOENT);
    cr_assert_eq(account_disable(store, "li", 0), 0);
    cr_expect_eq(token_find(store, key(1), NOW, &who, &token), 0);
}

Test(accounts, all_sessions_but_one_can_be_ended)
{
    struct session session;
    uint8_t kept[SECRET_HASH_LEN];
    cr_assert_eq(add("li", ACCESS_POLICE, ""), 0);
    for (uint32_t i = 1; i < 4; i++)
        cr_assert_eq(session_add(store, key(i), "li", NOW), 0);
    memcpy(kept, key(2), sizeof(kept));
    cr_assert_eq(sessions_end(store, "li", kept), 0);
    cr_expect_eq(ask("SELECT count(*) FROM session"), 1);
    cr_expect_eq(session_find(store, key(2), NOW, &session), 0);
}

/* --- tokens --- */

Test(accounts, a_token_is_worth_something_until_it_expires_or_is_revoked)
{
    struct access_who who;
    struct token found, token = {.account = "li",
                                 .note = "for QGIS",
                                 .scopes = ACCESS_SCOPE_FEEDS,
                                 .created_utc_ms = NOW,
                                 .expires_utc_ms = NOW + 1000};
    int64_t id = 0;
    cr_expect_eq(token_add(store, &token, key(1), &id), -ENOENT);
    cr_assert_eq(add("li", ACCESS_SCHOOL, "s-1"), 0);
    cr_assert_eq(token_add(store, &token, key(1), &id), 0, "%s", store_error(store));
    cr_assert_eq(token_find(store, key(1), NOW + 999, &who, &found), 0);
    cr_expect_eq(found.id, id);
    cr_expect_eq(found.scopes, ACCESS_SCOPE_FEEDS);
    cr_expect_str_eq(found.note, "for QGIS");
    cr_expect_str_eq(who.name, "li");
    cr_expect_eq(who.role, ACCESS_SCHOOL);
    cr_expect_str_eq(who.school_id, "s-1");
    cr_expect_eq(token_find(store, key(1), NOW + 1000, &who, &found), -ENOENT);
    cr_expect_eq(token_find(store, key(2), NOW, &who, &found), -ENOENT);
    cr_assert_eq(token_revoke(store, id, NOW + 5), 0);
    cr_expect_eq(token_find(store, key(1), NOW, &who, &found), -ENOENT);
    cr_assert_eq(token_revoke(store, id, NOW + 9), 0);
    cr_assert_eq(token_get(store, id, &found), 0);
    cr_expect_eq(found.revoked_utc_ms, NOW + 5);
    cr_expect_eq(token_revoke(store, id + 1, NOW), -ENOENT);
}

Test(accounts, an_account_has_so_many_tokens_in_force)
{
    struct token token = {.account = "li", .scopes = 1, .created_utc_ms = NOW, .expires_utc_ms = NOW + 1000};
    int64_t id;
    cr_assert_eq(add("li", ACCESS_ADMIN, ""), 0);
    for (uint32_t i = 0; i < ACCOUNT_TOKENS_MAX; i++)
        cr_assert_eq(token_add(store, &token, key(i), &id), 0);
    cr_expect_eq(token_add(store, &token, key(100), &id), -ENOSPC);
    cr_assert_eq(token_revoke(store, 1, NOW), 0);
    cr_expect_eq(token_add(store, &token, key(100), &id), 0);
}

/* Neither the store's file nor its journal has what was given out. */
Test(accounts, the_store_holds_no_secret)
{
    char text[SECRET_TEXT_LEN], command[512];
    uint8_t hash[SECRET_HASH_LEN];
    struct token token = {.account = "li", .scopes = 1, .created_utc_ms = NOW, .expires_utc_ms = NOW + 1000};
    int64_t id;
    cr_assert_eq(add("li", ACCESS_ADMIN, ""), 0);
    secret_make(SECRET_TOKEN, text, hash);
    cr_assert_eq(token_add(store, &token, hash, &id), 0);
    (void)snprintf(command, sizeof(command), "grep -qaF 'for QGIS' %s/* ; grep -qaF -e %s %s/*", dir,
                   text + 4, dir);
    cr_expect_neq(system(command), 0);
}

/* --- browsers and failures --- */

Test(accounts, a_browser_is_known_to_one_account)
{
    cr_assert_eq(add("li", ACCESS_POLICE, ""), 0);
    cr_assert_eq(add("wang", ACCESS_POLICE, ""), 0);
    cr_assert_eq(device_add(store, key(1), "li", NOW), 0);
    cr_expect_eq(device_known(store, key(1), "li", NOW), 1);
    cr_expect_eq(device_known(store, key(1), "wang", NOW), 0);
    cr_expect_eq(device_known(store, key(2), "li", NOW), 0);
    cr_expect_eq(device_known(store, key(1), "li", NOW + ACCOUNT_DEVICE_MS), 0);
    for (uint32_t i = 0; i < ACCOUNT_DEVICES_MAX; i++)
        cr_assert_eq(device_add(store, key(10 + i), "li", NOW + 1), 0);
    cr_expect_eq(device_known(store, key(1), "li", NOW + 2), 0);
    cr_expect_eq(device_known(store, key(10), "li", NOW + 2), 1);
}

static uint32_t failed(enum lockout_kind kind, const char *subject, int64_t now)
{
    struct failures failures = {.count = 99};
    cr_assert_eq(failures_get(store, kind, subject, now, &failures), 0);
    return failures.count;
}

Test(accounts, failures_are_counted_and_forgotten)
{
    cr_expect_eq(failed(LOCKOUT_ACCOUNT, "li", NOW), 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(failures_add(store, LOCKOUT_ACCOUNT, "li", NOW + i), 0);
    cr_expect_eq(failed(LOCKOUT_ACCOUNT, "li", NOW + 2), 3);
    cr_expect_eq(failed(LOCKOUT_ADDRESS, "li", NOW + 2), 0);
    cr_assert_eq(failures_take_back(store, LOCKOUT_ACCOUNT, "li"), 0);
    cr_expect_eq(failed(LOCKOUT_ACCOUNT, "li", NOW + 2), 2);
    cr_expect_eq(failed(LOCKOUT_ACCOUNT, "li", NOW + 2 + LOCKOUT_FORGET_MS), 0);
    cr_assert_eq(failures_add(store, LOCKOUT_ACCOUNT, "li", NOW + 2 + LOCKOUT_FORGET_MS), 0);
    cr_expect_eq(failed(LOCKOUT_ACCOUNT, "li", NOW + 2 + LOCKOUT_FORGET_MS), 1);
    cr_assert_eq(failures_clear(store, LOCKOUT_ACCOUNT, "li"), 0);
    cr_expect_eq(failed(LOCKOUT_ACCOUNT, "li", NOW + 2 + LOCKOUT_FORGET_MS), 0);
}

/* Nor does a table that was filled before keep it from being counted. */
Test(accounts, the_one_that_is_guessed_at_is_counted_in_a_full_table_too)
{
    char name[16];
    const int64_t later = NOW + 3600000;
    cr_assert_eq(store_begin(store), 0);
    for (int i = 0; i < 2 * ACCOUNT_FAILURES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "x-%d", i / 2);
        cr_assert_eq(failures_add(store, LOCKOUT_ADDRESS, name, NOW + i), 0);
    }
    for (int i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof(name), "y-%d", i);
        cr_assert_eq(failures_add(store, LOCKOUT_ACCOUNT, "li", later), 0);
        cr_expect_eq(failed(LOCKOUT_ACCOUNT, "li", later + 1), (unsigned)i + 1);
        cr_assert_eq(failures_add(store, LOCKOUT_ADDRESS, name, later), 0);
    }
    cr_assert_eq(store_commit(store), 0);
    cr_expect_eq(ask("SELECT count(*) FROM login_failure"), ACCOUNT_FAILURES_MAX);
    cr_expect_eq(failed(LOCKOUT_ACCOUNT, "li", later + 1), 5);
}

/* A flood of made-up names does not wash away the count of the one that is being guessed at. */
Test(accounts, failures_are_bounded_and_the_fewest_go)
{
    char name[16];
    cr_assert_eq(store_begin(store), 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(failures_add(store, LOCKOUT_ACCOUNT, "li", NOW), 0);
    for (int i = 0; i < ACCOUNT_FAILURES_MAX + 50; i++) {
        (void)snprintf(name, sizeof(name), "x-%d", i);
        cr_assert_eq(failures_add(store, LOCKOUT_ACCOUNT, name, NOW + 1 + i), 0);
    }
    cr_assert_eq(store_commit(store), 0);
    cr_expect_eq(ask("SELECT count(*) FROM login_failure"), ACCOUNT_FAILURES_MAX);
    cr_expect_eq(failed(LOCKOUT_ACCOUNT, "li", NOW + 2), 3);
    cr_expect_eq(failed(LOCKOUT_ACCOUNT, "x-0", NOW + 2), 0);
}
