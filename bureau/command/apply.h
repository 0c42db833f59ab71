/* A new registry for the store: what `import` and `gtfs` share. Exit codes; each says on stderr why it could
 * not. */
#ifndef BUSWARDEN_BUREAU_APPLY_H
#define BUSWARDEN_BUREAU_APPLY_H

#include "bureau/command/command.h"

struct apply {
    const struct command *self;
    const char *config_path; /* NULL with a dry run: compared with nothing */
    const char *via;         /* "import", "gtfs" */
    const char *subject;     /* for the audit: from where */
    bool dry_run;            /* shows the difference and changes nothing */
    bool all;                /* of it every row */
    /* The registry that shall be, from the one that is. An exit code; says itself what is wrong. */
    int (*make)(void *context, const struct registry *base, struct registry **ret);
    void *context;
};
/* In one transaction, with all that follows: history, audit, licences and orders. */
int apply_run(const struct apply *apply);

/* All faults on stderr, as "from/file:line: reason"; those of no file as "registry: table: reason". */
void apply_print_faults(const char *from, const struct registry_faults *faults);

#endif
