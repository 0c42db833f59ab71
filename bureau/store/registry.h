/* The registry in the store beyond what store.h has: changes row by row, and their history. Errors, callbacks
 * and ownership as in store.h. */
#ifndef BUSWARDEN_STORE_REGISTRY_H
#define BUSWARDEN_STORE_REGISTRY_H

#include "bureau/registry/diff.h"
#include "bureau/registry/expiry.h"
#include "bureau/store/store.h"

/* Who changed it, and how: "import", "gtfs" or "api". */
struct store_editor {
    const char *who, *via;
    int64_t utc_ms;
};
/* Makes the store's registry, which must be the `before` of the difference, its `after`, and keeps each
 * change. All or nothing, also within a transaction. */
int store_registry_apply(struct store *store, const struct registry_diff *diff,
                         const struct store_editor *editor);

struct store_registry_change {
    int64_t id, utc_ms;
    const char *who, *via, *table, *row_id;
    const char *what;   /* "added", "changed" or "removed" */
    const char *fields; /* JSON, as registry_change_json() makes it */
};
typedef int (*store_registry_change_fn)(void *context, const struct store_registry_change *row);
/* Newest first. table and row_id NULL = all; before_id 0 = from the newest. */
int store_registry_changes(struct store *store, const char *table, const char *row_id, int64_t before_id,
                           int limit, store_registry_change_fn fn, void *context);

/* registry_expiries() with the certificates that are held: of each vehicle the newest that was not revoked.
 */
int store_expiries(struct store *store, const struct registry *registry, int64_t now_utc_ms, int days,
                   const char *school_id, struct registry_expiry **ret, size_t *ret_n);

#endif
