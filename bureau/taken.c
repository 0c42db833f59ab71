#include "bureau/taken.h"

#include "bureau/registry/registry.h"

#include <errno.h>
#include <stdio.h>

int taken_warn(struct store *store)
{
    for (size_t i = 0; registry_taken_id(i) != NULL; i++) {
        char division[BW_DIVISION_LEN];
        const int rc = store_vehicle_division(store, registry_taken_id(i), division);
        if (rc == 0)
            (void)fprintf(
                stderr,
                "buswarden-bureau: warning: vehicle %s: its id has a meaning at the broker, which does "
                "not treat it as a vehicle; give it another one in the registry and enrol it anew\n",
                registry_taken_id(i));
        else if (rc != -ENOENT)
            return rc;
    }
    return 0;
}
