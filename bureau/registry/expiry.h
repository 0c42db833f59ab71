/* What ends soon, or has ended and still matters: permits, drivers' qualifications, inspections,
 * certificates. */
#ifndef BUSWARDEN_REGISTRY_EXPIRY_H
#define BUSWARDEN_REGISTRY_EXPIRY_H

#include "bureau/registry/registry.h"

enum registry_expiry_kind {
    REGISTRY_EXPIRY_PERMIT,      /* active, and none like it goes on: same vehicle and route */
    REGISTRY_EXPIRY_DRIVER,      /* of an active permit that has not ended */
    REGISTRY_EXPIRY_INSPECTION,  /* of a vehicle that is not scrapped */
    REGISTRY_EXPIRY_CERTIFICATE, /* the vehicle's own, for TLS */
    REGISTRY_EXPIRY_KINDS
};
const char *registry_expiry_name(enum registry_expiry_kind kind); /* "permit", ... */

struct registry_expiry {
    enum registry_expiry_kind kind;
    char id[BW_ID_LEN];         /* of permit, driver or vehicle */
    char vehicle_id[BW_ID_LEN]; /* "" = a driver's */
    char name[BW_NAME_LEN];     /* plate, or the driver's name */
    int32_t until_day;          /* the last */
    int32_t days_left;          /* negative: it ended that many days ago */
};

/* The last moment of a vehicle's certificate. */
struct registry_certificate {
    char vehicle_id[BW_ID_LEN];
    int64_t until_utc_ms;
};

enum { REGISTRY_EXPIRY_PAST_DAYS = 90 }; /* permits that ended longer ago are history */

/* All that end within `days` after now, the soonest first; free(*ret). school_id NULL = of all schools. 0 or
 * -ENOMEM. */
int registry_expiries(const struct registry *registry, const struct registry_certificate *certificates,
                      size_t n_certificates, int64_t now_utc_ms, int days, const char *school_id,
                      struct registry_expiry **ret, size_t *ret_n);

#endif
