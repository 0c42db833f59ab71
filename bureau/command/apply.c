#include "bureau/command/apply.h"

#include "bureau/command/issue.h"
#include "bureau/store/registry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROWS_SHOWN = 200 }; /* of one table */

void apply_print_faults(const char *from, const struct registry_faults *faults)
{
    for (size_t i = 0; i < faults->n; i++) {
        const struct registry_fault *fault = &faults->list[i];
        if (fault->line > 0)
            (void)fprintf(stderr, "%s/%s:%u: %s\n", from, fault->file, fault->line, fault->reason);
        else
            (void)fprintf(stderr, "registry: %s: %s\n", fault->file, fault->reason);
    }
    if (faults->dropped > 0)
        (void)fprintf(stderr, "%s: and %zu more faults\n", from, faults->dropped);
}

/* --- the difference, for people --- */

static void print_fields(const struct registry_change *change)
{
    char before[REGISTRY_FIELD_LEN] = "", after[REGISTRY_FIELD_LEN] = "";
    for (size_t i = 1; i < registry_field_count(change->table); i++) {
        const char *name = registry_field_name(change->table, i);
        if (change->before != NULL)
            registry_field_text(change->table, i, change->before, before);
        if (change->after != NULL)
            registry_field_text(change->table, i, change->after, after);
        if (change->before == NULL && *after != '\0')
            (void)printf("      %s: %s\n", name, after);
        else if (change->before != NULL && change->after != NULL && strcmp(before, after) != 0)
            (void)printf("      %s: %s -> %s\n", name, *before ? before : "(empty)",
                         *after ? after : "(empty)");
    }
}

static const char *sign_of(const struct registry_change *change)
{
    return change->before == NULL ? "+" : change->after == NULL ? "-" : "~";
}

struct tally {
    size_t added, changed, removed;
};

static struct tally tally(const struct registry_diff *diff, enum registry_table table)
{
    struct tally tally = {0};
    for (size_t i = 0; i < diff->n; i++) {
        if (diff->changes[i].table != table)
            continue;
        tally.added += diff->changes[i].before == NULL;
        tally.removed += diff->changes[i].after == NULL;
        tally.changed += diff->changes[i].before != NULL && diff->changes[i].after != NULL;
    }
    return tally;
}

static void print_table(const struct registry_diff *diff, enum registry_table table, bool rows, bool all)
{
    const struct tally sum = tally(diff, table);
    const size_t total = sum.added + sum.changed + sum.removed;
    size_t shown = 0;
    if (total == 0)
        return;
    (void)printf("%s: %zu added, %zu changed, %zu removed\n", registry_table_name(table), sum.added,
                 sum.changed, sum.removed);
    for (size_t i = 0; rows && i < diff->n && (all || shown < ROWS_SHOWN); i++) {
        char id[REGISTRY_ROW_ID_LEN];
        const struct registry_change *change = &diff->changes[i];
        if (change->table != table)
            continue;
        shown++;
        registry_row_id(table, change->before ? change->before : change->after, id);
        (void)printf("  %s %s\n", sign_of(change), id);
        print_fields(change);
    }
    if (rows && shown < total)
        (void)printf("  and %zu more; --all shows them\n", total - shown);
}

static void print_diff(const struct registry_diff *diff, bool rows, bool all)
{
    for (int i = 0; i < REGISTRY_TABLES; i++)
        print_table(diff, (enum registry_table)i, rows, all);
    if (diff->n == 0)
        (void)printf("nothing changes\n");
}

static void print_total(const char *what, const struct registry *registry)
{
    if (registry == NULL) /* never so after a success */
        return;
    (void)printf(
        "%s: %zu schools, %zu vehicles, %zu drivers, %zu permits, %zu routes, %zu stops, %zu orders\n", what,
        registry->n_schools, registry->n_vehicles, registry->n_drivers, registry->n_permits,
        registry->n_routes, registry->n_stops, registry->n_orders);
}

/* --- dry run --- */

static int out_of_memory(void)
{
    (void)fprintf(stderr, "buswarden-bureau: %s\n", strerror(ENOMEM));
    return EXIT_CANNOT;
}

/* A store that is not there yet holds nothing. */
static int read_base(const struct apply *apply, struct registry **ret)
{
    struct bureau_config config;
    struct store *store = NULL;
    int status = command_config(apply->self, apply->config_path, &config);
    if (status != EXIT_DONE || access(config.store_path, F_OK) != 0)
        return status;
    status = command_store_reading(&config, &store);
    if (status == EXIT_DONE && store_registry_load(store, ret) < 0)
        status = command_store_failed(store, apply->via);
    store_close(store);
    return status;
}

static int try_out(const struct apply *apply)
{
    static const struct registry nothing;
    struct registry *base = NULL, *registry = NULL;
    struct registry_diff diff = {0};
    int status = apply->config_path != NULL ? read_base(apply, &base) : EXIT_DONE;
    if (status == EXIT_DONE)
        status = apply->make(apply->context, base ? base : &nothing, &registry);
    if (status == EXIT_DONE && registry_diff(base ? base : &nothing, registry, &diff) < 0)
        status = out_of_memory();
    if (status == EXIT_DONE) {
        if (apply->config_path != NULL)
            print_diff(&diff, true, apply->all);
        print_total("would import", registry);
    }
    registry_diff_free(&diff);
    registry_free(registry);
    registry_free(base);
    return status;
}

/* --- for good --- */

struct applied {
    struct registry *base, *registry;
    struct registry_diff diff;
    struct issuer_counts issued;
};

/* Within a transaction, which is the caller's to end. */
static int change(const struct apply *apply, const struct bureau_config *config, struct store *store,
                  struct applied *ret)
{
    char who[64];
    command_who(who, sizeof(who));
    const struct store_editor editor = {who, apply->via, command_now_utc_ms()};
    if (store_begin(store) < 0 || store_registry_load(store, &ret->base) < 0)
        return command_store_failed(store, apply->via);
    int status = apply->make(apply->context, ret->base, &ret->registry);
    if (status == EXIT_DONE && registry_diff(ret->base, ret->registry, &ret->diff) < 0)
        status = out_of_memory();
    if (status == EXIT_DONE && (store_registry_apply(store, &ret->diff, &editor) < 0 ||
                                store_audit(store, who, apply->via, apply->subject, editor.utc_ms) < 0))
        status = command_store_failed(store, apply->via);
    if (status == EXIT_DONE)
        status = issue_changed(store, ret->registry, apply->config_path, config, &ret->issued);
    return status;
}

static int apply_now(const struct apply *apply)
{
    struct bureau_config config;
    struct store *store = NULL;
    struct applied applied = {0};
    int status = command_config(apply->self, apply->config_path, &config);
    if (status == EXIT_DONE)
        status = command_store(&config, &store);
    if (status == EXIT_DONE)
        status = change(apply, &config, store, &applied);
    if (status == EXIT_DONE && store_commit(store) < 0)
        status = command_store_failed(store, apply->via);
    if (status == EXIT_DONE) {
        print_total("imported", applied.registry);
        print_diff(&applied.diff, false, false);
        if (applied.issued.vehicles[ISSUED_LICENCE] > 0)
            (void)printf("licences issued to %zu vehicles\n", applied.issued.vehicles[ISSUED_LICENCE]);
        if (applied.issued.vehicles[ISSUED_ORDERS] > 0)
            (void)printf("orders issued to %zu vehicles\n", applied.issued.vehicles[ISSUED_ORDERS]);
    }
    store_close(store); /* rolls back what was not committed */
    registry_diff_free(&applied.diff);
    registry_free(applied.registry);
    registry_free(applied.base);
    return status;
}

int apply_run(const struct apply *apply)
{
    if (apply->config_path == NULL && !apply->dry_run)
        return command_wrong(apply->self, "--config FILE is missing");
    return apply->dry_run ? try_out(apply) : apply_now(apply);
}
