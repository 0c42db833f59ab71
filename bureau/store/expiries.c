/* What ends soon, from the registry and from the certificates that the store holds. */
#include "bureau/registry/rows.h"
#include "bureau/store/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct certificates {
    struct registry_certificate *list;
    size_t n;
};

/* They come by name, the newest of each first: that one counts, unless it was revoked. */
static int add_certificate(void *context, const struct store_certificate *row)
{
    struct certificates *found = context;
    if (row->revoked_utc_ms != 0 ||
        (found->n > 0 && strcmp(found->list[found->n - 1].vehicle_id, row->name) == 0))
        return 0;
    struct registry_certificate *grown = rows_room(found->list, found->n, 1, sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    found->list = grown;
    struct registry_certificate *certificate = &found->list[found->n++];
    certificate->until_utc_ms = row->not_after_utc_ms;
    (void)snprintf(certificate->vehicle_id, sizeof(certificate->vehicle_id), "%s", row->name);
    return 0;
}

int store_expiries(struct store *store, const struct registry *registry, int64_t now_utc_ms, int days,
                   const char *school_id, struct registry_expiry **ret, size_t *ret_n)
{
    struct certificates found = {0};
    int err = store_certificates(store, NULL, add_certificate, &found);
    if (err == 0)
        err = registry_expiries(registry, found.list, found.n, now_utc_ms, days, school_id, ret, ret_n);
    free(found.list);
    return err;
}
