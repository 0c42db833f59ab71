/* user add | list | passwd | disable | enable | unlock */
#include "bureau/command/command.h"
#include "bureau/command/secretline.h"
#include "bureau/store/accounts.h"
#include "proto/utc.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct act {
    const char *name, *role, *school, *config_path;
    bool random;
    const char *word; /* add, list, ... */
    struct bureau_config config;
    struct store *store;
    struct account account;
    char password[PASSWORD_LEN], hash[PASSWORD_HASH_LEN];
};

static int wrong(const char *subject, const char *reason)
{
    (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", subject, reason);
    return EXIT_USAGE;
}

/* Into act->password and act->hash. */
static int take_password(struct act *act)
{
    int status = EXIT_DONE;
    if (act->random)
        password_make(act->password);
    else
        status = secretline_new_password(act->name, act->password);
    if (status == EXIT_DONE && password_hash(act->password, act->hash) < 0) {
        (void)fputs("buswarden-bureau: not enough memory for Argon2id (64 MiB)\n", stderr);
        status = EXIT_CANNOT;
    }
    return status;
}

/* In one transaction with its line in the audit: what `change` does. */
static int commit(struct act *act, const char *action, int (*change)(struct act *act, int64_t now_utc_ms))
{
    char who[64];
    const int64_t now_utc_ms = command_now_utc_ms();
    command_who(who, sizeof(who));
    int err = store_begin(act->store);
    if (err == 0)
        err = change(act, now_utc_ms);
    if (err == 0)
        err = store_audit(act->store, who, action, act->name, now_utc_ms);
    if (err == 0)
        err = store_commit(act->store);
    if (err == 0)
        return EXIT_DONE;
    store_rollback(act->store);
    if (err == -EEXIST)
        return wrong(act->name, "there is an account of that name");
    return err == -ENOENT ? wrong(act->name, "there is no such account")
                          : command_store_failed(act->store, act->word);
}

/* --- add --- */

static int check_school(struct act *act)
{
    struct registry *registry;
    if (store_registry_load(act->store, &registry) < 0)
        return command_store_failed(act->store, act->word);
    const bool known = registry_school(registry, act->school) != NULL;
    registry_free(registry);
    return known ? EXIT_DONE : wrong(act->school, "no such school in the registry");
}

static int add(struct act *act, int64_t now_utc_ms)
{
    act->account.created_utc_ms = now_utc_ms;
    return account_add(act->store, &act->account, act->hash);
}

static int run_add(const struct command *self, struct act *act)
{
    const char *fault = access_name_fault(act->name);
    if (fault)
        return wrong(act->name, fault);
    if (!act->role || access_role_parse(act->role, &act->account.role) < 0)
        return command_wrong(self, "--role takes admin, bureau, school or police");
    if ((act->account.role == ACCESS_SCHOOL) != (act->school != NULL))
        return command_wrong(self, "--school ID: for the role school, and needed there");
    (void)snprintf(act->account.name, sizeof(act->account.name), "%s", act->name);
    int status = act->school ? check_school(act) : EXIT_DONE;
    if (act->school)
        (void)snprintf(act->account.school_id, sizeof(act->account.school_id), "%s", act->school);
    struct account there;
    if (status == EXIT_DONE && account_get(act->store, act->name, &there) == 0)
        return wrong(act->name, "there is an account of that name"); /* before a password is asked for */
    if (status == EXIT_DONE)
        status = take_password(act);
    if (status == EXIT_DONE)
        status = commit(act, "user-add", add);
    if (status == EXIT_DONE && act->random)
        (void)puts(act->password);
    return status;
}

/* --- passwd, disable, enable, unlock --- */

static int change_password(struct act *act, int64_t now_utc_ms)
{
    const int err = account_password_set(act->store, act->name, act->hash, now_utc_ms);
    return err == 0 ? failures_clear(act->store, LOCKOUT_ACCOUNT, act->name) : err;
}

static int run_passwd(const struct command *self, struct act *act)
{
    (void)self;
    int status = EXIT_DONE;
    const int err = account_get(act->store, act->name, &act->account);
    if (err == -ENOENT)
        return wrong(act->name, "there is no such account");
    if (err < 0)
        return command_store_failed(act->store, "user");
    status = take_password(act);
    if (status == EXIT_DONE)
        status = commit(act, "user-passwd", change_password);
    if (status == EXIT_DONE && act->random)
        (void)puts(act->password);
    return status;
}

static int disable(struct act *act, int64_t now_utc_ms)
{
    return account_disable(act->store, act->name, now_utc_ms);
}

static int run_disable(const struct command *self, struct act *act)
{
    (void)self;
    return commit(act, "user-disable", disable);
}

static int enable(struct act *act, int64_t now_utc_ms)
{
    (void)now_utc_ms;
    return account_disable(act->store, act->name, 0);
}

static int run_enable(const struct command *self, struct act *act)
{
    (void)self;
    return commit(act, "user-enable", enable);
}

static int unlock(struct act *act, int64_t now_utc_ms)
{
    (void)now_utc_ms;
    struct account account;
    const int err = account_get(act->store, act->name, &account);
    return err == 0 ? failures_clear(act->store, LOCKOUT_ACCOUNT, act->name) : err;
}

static int run_unlock(const struct command *self, struct act *act)
{
    (void)self;
    return commit(act, "user-unlock", unlock);
}

/* --- list --- */

static int print_account(void *context, const struct account *row)
{
    char created[UTC_TEXT_LEN], login[UTC_TEXT_LEN] = "never";
    (void)context;
    utc_format(row->created_utc_ms, created);
    if (row->login_utc_ms != 0)
        utc_format(row->login_utc_ms, login);
    (void)printf("%-24s %-8s %-16s %-9s made %.10s  last log-in %.16s\n", row->name,
                 access_role_name(row->role), *row->school_id ? row->school_id : "-",
                 row->disabled_utc_ms != 0 ? "disabled" : "active", created, login);
    return 0;
}

static int run_list(const struct command *self, struct act *act)
{
    (void)self;
    return accounts_list(act->store, print_account, NULL) == 0 ? EXIT_DONE
                                                               : command_store_failed(act->store, act->word);
}

/* --- the command --- */

static const struct {
    const char *word;
    size_t n_words; /* after it */
    int (*run)(const struct command *self, struct act *act);
} WORDS[] = {
    {"add", 1, run_add},         {"list", 0, run_list},     {"passwd", 1, run_passwd},
    {"disable", 1, run_disable}, {"enable", 1, run_enable}, {"unlock", 1, run_unlock},
};

static int run_user(const struct command *self, int argc, char **argv)
{
    struct act act = {.word = argc > 1 ? argv[1] : ""};
    const struct command_option options[] = {{"config", &act.config_path, NULL},
                                             {"role", &act.role, NULL},
                                             {"school", &act.school, NULL},
                                             {"random", NULL, &act.random}};
    int status;
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (strcmp(act.word, WORDS[i].word) != 0)
            continue;
        if (!command_parse(self, argc - 1, argv + 1, options, 4, &act.name, WORDS[i].n_words, &status))
            return status;
        status = command_config(self, act.config_path, &act.config);
        if (status == EXIT_DONE)
            status = command_store(&act.config, &act.store);
        if (status == EXIT_DONE)
            status = WORDS[i].run(self, &act);
        sodium_memzero(act.password, sizeof(act.password));
        store_close(act.store);
        return status;
    }
    if (command_parse(self, argc, argv, options, 4, NULL, 0, &status) || status == EXIT_USAGE)
        status = command_wrong(self, "add, list, passwd, disable, enable or unlock?");
    return status;
}

const struct command COMMAND_USER = {
    .name = "user",
    .summary = "accounts of people: add, list, passwd, disable, enable, unlock",
    .run = run_user,
    .manual =
        "NAME\n"
        "    buswarden-bureau user - accounts of those who work with the bureau\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau user add NAME --role admin|bureau|school|police [--school ID] [--random] "
        "--config "
        "FILE\n"
        "    buswarden-bureau user passwd NAME [--random] --config FILE\n"
        "    buswarden-bureau user disable|enable|unlock NAME --config FILE\n"
        "    buswarden-bureau user list --config FILE\n\n"
        "DESCRIPTION\n"
        "    add      makes an account. Roles: admin (all, and accounts), bureau (its staff), school (its "
        "own\n"
        "             vehicles, trips and alerts; the verdict on any plate), police (reads, sightings).\n"
        "    passwd   gives it another password; ends its sessions. Its tokens stay.\n"
        "    disable  nobody logs in with it any more, its sessions end, its tokens are worth nothing; "
        "enable\n"
        "             undoes that. An account is never deleted, because the audit log names it.\n"
        "    unlock   forgets failed log-ins, after which an account has to wait up to 15 minutes.\n"
        "    list     one line an account.\n\n"
        "    The password is asked for twice at a terminal; else it is the first line of standard input. At\n"
        "    least 12 characters, 6 of them different. NAME: 2 to 40 of a-z, 0-9, '.', '_', '-'. Every "
        "change "
        "is\n"
        "    written to the audit log, and a running bureau heeds it at once.\n\n"
        "OPTIONS\n"
        "    --role ROLE      what the account may do\n"
        "    --school ID      whose rows an account of role school sees: a school_id of the registry\n"
        "    --random         make the password and print it, once\n"
        "    --config FILE    the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use, no such account or school, a weak password; 3 the store cannot be used.\n",
};
