/* What the bureau issues to one vehicle: its licence, and the orders for it. Both are signed, carry a version
 * that only goes up, travel retained and lie on the vehicle's disk as they came, so both go one way. */
#ifndef BUSWARDEN_ISSUED_H
#define BUSWARDEN_ISSUED_H

#include "proto/seal.h"
#include "proto/topic.h"

enum issued_kind { ISSUED_LICENCE, ISSUED_ORDERS, ISSUED_KINDS };

/* Zeroed: nothing was issued. */
struct issued {
    enum issued_kind kind;
    union {
        struct bw_licence licence;
        struct bw_orders orders;
    } u;
};

const char *issued_name(enum issued_kind kind); /* "licence", "orders" */
enum topic_channel issued_channel(enum issued_kind kind);
size_t issued_max(enum issued_kind kind); /* bytes of the sealed message */

const char *issued_vehicle(const struct issued *issued);
const char *issued_division(const struct issued *issued);
uint64_t issued_version(const struct issued *issued); /* 0: nothing was issued */
void issued_free(struct issued *issued);              /* zeroes it but for the kind */

/* What is asked of a sealed message; a NULL member is not asked for. vehicle and division go together. */
struct issued_for {
    const char *vehicle, *division;
    const uint8_t *key; /* BW_PUBLIC_KEY_LEN bytes: the bureau's */
};
/* Check and decode; nothing that is not signed is decoded when the vehicle is known. 0; -EKEYREJECTED not
 * signed by that key; -EXDEV for another vehicle or division; -EBADMSG or -EMSGSIZE not what it should be;
 * -ENOMEM. issued_free(ret). */
int issued_open(enum issued_kind kind, const uint8_t *data, size_t len, const struct issued_for *whom,
                struct issued *ret);
/* What an error of issued_open() means, for people. */
const char *issued_reason(enum issued_kind kind, int error);

/* The sealed message; unsigned when key is NULL. 0 or what the encoders say. */
int issued_seal(const struct issued *issued, const struct seal_key *key, struct wire_bytes *ret);

#endif
