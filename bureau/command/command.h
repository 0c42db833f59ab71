/* The subcommands of buswarden-bureau. Each parses its own words and returns an exit code (exitcode.h);
 * messages for people go to stderr, answers to stdout. */
#ifndef BUSWARDEN_BUREAU_COMMAND_H
#define BUSWARDEN_BUREAU_COMMAND_H

#include "bureau/config.h"
#include "bureau/store/store.h"
#include "proto/exitcode.h"

struct command {
    const char *name, *summary;
    const char *manual; /* what --help prints */
    int (*run)(const struct command *self, int argc, char **argv);
};

extern const struct command COMMAND_KEYGEN, COMMAND_IMPORT, COMMAND_ENROL, COMMAND_LICENCE, COMMAND_ORDERS,
    COMMAND_CHECK_PLATE, COMMAND_RUN, COMMAND_CA, COMMAND_RENEW, COMMAND_REVOKE, COMMAND_READER,
    COMMAND_CERTIFICATES, COMMAND_VERIFY, COMMAND_PURGE, COMMAND_REPORT, COMMAND_REJUDGE, COMMAND_PHOTO,
    COMMAND_USER, COMMAND_TOKEN;
extern const struct command COMMAND_GTFS, COMMAND_EXPIRIES, COMMAND_NOTIFY;

/* --- words of the command line --- */

/* Exactly one of the two is set: --name VALUE, or --name alone. */
struct command_option {
    const char *name;
    const char **value;
    bool *flag;
};
enum { COMMAND_OPTIONS_MAX = 12 };

/* Options in any place (--help is understood always), and exactly n_words other words. True to go on; false
 * when all has been said: then return *ret_status. */
bool command_parse(const struct command *self, int argc, char **argv, const struct command_option *options,
                   size_t n_options, const char **words, size_t n_words, int *ret_status);
/* "buswarden-bureau NAME: reason; see --help" on stderr. */
int command_wrong(const struct command *self, const char *reason);

/* --- what most of them begin with; each says on stderr why it could not --- */

/* path NULL = --config was not given. */
int command_config(const struct command *self, const char *path, struct bureau_config *ret);
int command_store(const struct bureau_config *config, struct store **ret);
int command_store_reading(const struct bureau_config *config, struct store **ret);
/* All faults on stderr, as "dir/file:line: reason". registry_free() it. */
int command_registry(const char *dir, struct registry **ret);
/* Says what the store refused. */
int command_store_failed(const struct store *store, const char *doing);
/* "cli:user", for the audit log. */
void command_who(char *ret, size_t size);
int64_t command_now_utc_ms(void);

#endif
