/* A store of its own in a folder of its own for each test: those of a suite share these names. */
#ifndef BUSWARDEN_FIXTURE_STORE_H
#define BUSWARDEN_FIXTURE_STORE_H

#include "bureau/store/store.h"
#include "tests/unit/fixture_sql.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static char dir[] = "/tmp/buswarden-store-XXXXXX";
static char path[64];
static struct store *store;

static inline void open_empty_store(void)
{
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/bureau.db", dir);
    cr_assert_eq(store_open(path, &store), 0);
}

static inline struct registry *good_registry(void)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    cr_assert_eq(registry_load("tests/data/registry", &registry, &faults), 0);
    registry_faults_free(&faults);
    return registry;
}

static inline void import_good(void)
{
    struct registry *registry = good_registry();
    cr_assert_eq(store_registry_replace(store, registry), 0, "%s", store_error(store));
    registry_free(registry);
}

static inline void open_store(void) /* with the registry of tests/data */
{
    open_empty_store();
    import_good();
}

static inline void close_store(void)
{
    char command[128];
    store_close(store);
    (void)snprintf(command, sizeof(command), "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}

static inline int try_sql(const char *sql)
{
    return file_try(path, sql);
}

static inline int64_t ask(const char *sql)
{
    return file_ask(path, sql);
}

#endif
