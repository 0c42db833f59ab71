/* token add | list | revoke */
#include "bureau/command/command.h"
#include "bureau/store/accounts.h"
#include "proto/utc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAYS = 90, DAYS_MAX = 366 };

struct act {
    const char *word, *subject; /* account or id */
    const char *scopes, *days, *note, *config_path;
    bool all;
    struct bureau_config config;
    struct store *store;
    int64_t now_utc_ms;
};

static int wrong(const char *subject, const char *reason)
{
    (void)fprintf(stderr, "buswarden-bureau: %s: %s\n", subject, reason);
    return EXIT_USAGE;
}

/* From 1 to max; 0 = not such a number. */
static int64_t parse(const char *text, int64_t max)
{
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && value >= 1 && value <= max ? value
                                                                                                    : 0;
}

static int audit(struct act *act, const char *action, const char *account, int64_t id)
{
    char who[64], subject[ACCESS_NAME_LEN + 24];
    command_who(who, sizeof(who));
    (void)snprintf(subject, sizeof(subject), "%s %" PRId64, account, id);
    return store_audit(act->store, who, action, subject, act->now_utc_ms);
}

/* --- add --- */

static int fill(const struct command *self, const struct act *act, struct token *ret)
{
    const int64_t days = act->days ? parse(act->days, DAYS_MAX) : DAYS;
    const char *note = act->note ? act->note : "";
    if (!act->scopes || access_scopes_parse(act->scopes, &ret->scopes) < 0)
        return command_wrong(self, "--scope takes all, read, plates or feeds, or several with commas");
    if (days == 0)
        return command_wrong(self, "--days takes a number from 1 to 366");
    if (strlen(note) >= ACCOUNT_NOTE_LEN || strlen(act->subject) >= ACCESS_NAME_LEN)
        return command_wrong(self, "--note is longer than 79 bytes, or the name than 64");
    (void)snprintf(ret->note, sizeof(ret->note), "%s", note);
    (void)snprintf(ret->account, sizeof(ret->account), "%s", act->subject);
    ret->created_utc_ms = act->now_utc_ms;
    ret->expires_utc_ms = act->now_utc_ms + days * UTC_MS_PER_DAY;
    return EXIT_DONE;
}

static int run_add(const struct command *self, struct act *act)
{
    struct token token = {0};
    char text[SECRET_TEXT_LEN];
    uint8_t hash[SECRET_HASH_LEN];
    int64_t id = 0;
    const int status = fill(self, act, &token);
    if (status != EXIT_DONE)
        return status;
    secret_make(SECRET_TOKEN, text, hash);
    int err = store_begin(act->store);
    if (err == 0)
        err = token_add(act->store, &token, hash, &id);
    if (err == 0)
        err = audit(act, "token-add", token.account, id);
    if (err == 0)
        err = store_commit(act->store);
    if (err == 0) {
        (void)fprintf(stderr, "buswarden-bureau: token %" PRId64 " of %s; it is not shown again\n", id,
                      token.account);
        (void)puts(text);
        return EXIT_DONE;
    }
    store_rollback(act->store);
    if (err == -ENOENT)
        return wrong(act->subject, "there is no such account");
    return err == -ENOSPC ? wrong(act->subject, "has as many tokens in force as an account may have (32)")
                          : command_store_failed(act->store, "token");
}

/* --- revoke --- */

static int run_revoke(const struct command *self, struct act *act)
{
    struct token token;
    const int64_t id = parse(act->subject, INT64_MAX);
    (void)self;
    if (id == 0)
        return wrong(act->subject, "a token has a number; \"token list\" shows it");
    int err = store_begin(act->store);
    if (err == 0)
        err = token_get(act->store, id, &token);
    if (err == 0)
        err = token_revoke(act->store, id, act->now_utc_ms);
    if (err == 0)
        err = audit(act, "token-revoke", token.account, id);
    if (err == 0)
        err = store_commit(act->store);
    if (err == 0)
        return EXIT_DONE;
    store_rollback(act->store);
    return err == -ENOENT ? wrong(act->subject, "there is no such token")
                          : command_store_failed(act->store, "token");
}

/* --- list --- */

static int print_token(void *context, const struct token *row)
{
    const struct act *act = context;
    char expires[UTC_TEXT_LEN], used[UTC_TEXT_LEN] = "never", scopes[ACCESS_SCOPES_LEN];
    const bool over = row->expires_utc_ms <= act->now_utc_ms;
    const char *state = row->revoked_utc_ms != 0 ? "revoked" : over ? "expired" : "active";
    if (!act->all && strcmp(state, "active") != 0)
        return 0;
    utc_format(row->expires_utc_ms, expires);
    if (row->used_utc_ms != 0)
        utc_format(row->used_utc_ms, used);
    access_scopes_format(row->scopes, scopes);
    (void)printf("%5" PRId64 " %-24s %-8s %-12s until %.10s  last used %.16s  %s\n", row->id, row->account,
                 state, scopes, expires, used, row->note);
    return 0;
}

static int run_list(const struct command *self, struct act *act)
{
    (void)self;
    return tokens_list(act->store, NULL, print_token, act) == 0 ? EXIT_DONE
                                                                : command_store_failed(act->store, "token");
}

/* --- the command --- */

static const struct {
    const char *word;
    size_t n_words; /* after it */
    int (*run)(const struct command *self, struct act *act);
} WORDS[] = {{"add", 1, run_add}, {"list", 0, run_list}, {"revoke", 1, run_revoke}};

static int run_token(const struct command *self, int argc, char **argv)
{
    struct act act = {.word = argc > 1 ? argv[1] : "", .now_utc_ms = command_now_utc_ms()};
    const struct command_option options[] = {
        {"config", &act.config_path, NULL}, {"scope", &act.scopes, NULL}, {"days", &act.days, NULL},
        {"note", &act.note, NULL},          {"all", NULL, &act.all},
    };
    enum { OPTIONS = sizeof(options) / sizeof(options[0]) };
    int status;
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (strcmp(act.word, WORDS[i].word) != 0)
            continue;
        if (!command_parse(self, argc - 1, argv + 1, options, OPTIONS, &act.subject, WORDS[i].n_words,
                           &status))
            return status;
        status = command_config(self, act.config_path, &act.config);
        if (status == EXIT_DONE)
            status = command_store(&act.config, &act.store);
        if (status == EXIT_DONE)
            status = WORDS[i].run(self, &act);
        store_close(act.store);
        return status;
    }
    if (command_parse(self, argc, argv, options, OPTIONS, NULL, 0, &status) || status == EXIT_USAGE)
        status = command_wrong(self, "add, list or revoke?");
    return status;
}

const struct command COMMAND_TOKEN = {
    .name = "token",
    .summary = "API tokens for programs: add, list, revoke",
    .run = run_token,
    .manual =
        "NAME\n"
        "    buswarden-bureau token - API tokens for programs\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau token add ACCOUNT --scope SCOPE[,SCOPE] [--days N] [--note TEXT] --config "
        "FILE\n"
        "    buswarden-bureau token list [--all] --config FILE\n"
        "    buswarden-bureau token revoke ID --config FILE\n\n"
        "DESCRIPTION\n"
        "    add     prints a new token on standard output, once; only its hash is kept. A program sends it "
        "as\n"
        "            \"Authorization: Bearer TOKEN\". It may what ACCOUNT's role may, within its scopes:\n"
        "              all     everything but accounts and tokens\n"
        "              read    everything that changes nothing\n"
        "              plates  the look-up of plates; sightings: lists, reports, photos, hand-over\n"
        "              feeds   what is meant for other systems: alerts and their event stream, vehicles,\n"
        "                      routes, feeds, /metrics\n"
        "    list    number, account, state, scopes, last day and last use; --all: also expired and revoked "
        "ones.\n"
        "    revoke  the token is worth nothing from now on.\n\n"
        "    Every change is written to the audit log, and a running bureau heeds it at once.\n\n"
        "OPTIONS\n"
        "    --scope SCOPE    what the token may be used for\n"
        "    --days N         how long, 1 to 366 (default: 90)\n"
        "    --note TEXT      what it is for, at most 79 bytes\n"
        "    --config FILE    the bureau's configuration\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 wrong use, no such account or token; 3 the store cannot be used.\n",
};
