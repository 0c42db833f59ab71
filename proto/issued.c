#include "proto/issued.h"

#include <errno.h>
#include <string.h>

static int decode_licence(const struct wire_bytes *payload, struct issued *ret)
{
    return wire_licence_decode(payload->data, payload->len, &ret->u.licence);
}

static int encode_licence(const struct issued *issued, struct wire_bytes *ret)
{
    return wire_licence_encode(&issued->u.licence, ret);
}

static int decode_orders(const struct wire_bytes *payload, struct issued *ret)
{
    return wire_orders_decode(payload->data, payload->len, &ret->u.orders);
}

static int encode_orders(const struct issued *issued, struct wire_bytes *ret)
{
    return wire_orders_encode(&issued->u.orders, ret);
}

static const struct {
    const char *name, *malformed, *too_large;
    enum topic_channel channel;
    enum seal_context context;
    size_t max;
    int (*decode)(const struct wire_bytes *payload, struct issued *ret);
    int (*encode)(const struct issued *issued, struct wire_bytes *ret);
} kinds[ISSUED_KINDS] = {
    [ISSUED_LICENCE] = {"licence", "not a licence, or a damaged one", "too large for a licence",
                        TOPIC_LICENCE, SEAL_LICENCE, WIRE_LICENCE_MAX, decode_licence, encode_licence},
    [ISSUED_ORDERS] = {"orders", "not orders, or damaged ones", "too large for orders", TOPIC_ORDERS,
                       SEAL_ORDERS, WIRE_ORDERS_MAX, decode_orders, encode_orders},
};

const char *issued_name(enum issued_kind kind)
{
    return kinds[kind].name;
}

enum topic_channel issued_channel(enum issued_kind kind)
{
    return kinds[kind].channel;
}

size_t issued_max(enum issued_kind kind)
{
    return kinds[kind].max;
}

const char *issued_vehicle(const struct issued *issued)
{
    return issued->kind == ISSUED_LICENCE ? issued->u.licence.vehicle_id : issued->u.orders.vehicle_id;
}

const char *issued_division(const struct issued *issued)
{
    return issued->kind == ISSUED_LICENCE ? issued->u.licence.division : issued->u.orders.division;
}

uint64_t issued_version(const struct issued *issued)
{
    return issued->kind == ISSUED_LICENCE ? issued->u.licence.version : issued->u.orders.version;
}

void issued_free(struct issued *issued)
{
    if (issued->kind == ISSUED_LICENCE)
        wire_licence_free(&issued->u.licence);
    else
        wire_orders_free(&issued->u.orders);
}

static bool is_signed(enum issued_kind kind, const struct wire_sealed *sealed, const char *division,
                      const char *vehicle, const uint8_t *key)
{
    return key == NULL || seal_payload_verify(sealed, kinds[kind].context, division, vehicle, key);
}

/* Memory taken on the way belongs to *ret even on failure. */
static int open_payload(const struct wire_sealed *sealed, const struct issued_for *whom, struct issued *ret)
{
    const bool known = whom->vehicle != NULL;
    if (known && !is_signed(ret->kind, sealed, whom->division, whom->vehicle, whom->key))
        return -EKEYREJECTED;
    const int error = kinds[ret->kind].decode(&sealed->payload, ret);
    if (error != 0)
        return error;
    if (known && (strcmp(issued_vehicle(ret), whom->vehicle) != 0 ||
                  strcmp(issued_division(ret), whom->division) != 0))
        return -EXDEV;
    if (!known && !is_signed(ret->kind, sealed, issued_division(ret), issued_vehicle(ret), whom->key))
        return -EKEYREJECTED;
    return 0;
}

int issued_open(enum issued_kind kind, const uint8_t *data, size_t len, const struct issued_for *whom,
                struct issued *ret)
{
    struct wire_sealed sealed = {0};
    struct issued issued = {.kind = kind};
    int error = wire_sealed_decode(data, len, kinds[kind].max, &sealed);
    if (error == 0)
        error = open_payload(&sealed, whom, &issued);
    wire_sealed_free(&sealed);
    if (error == 0)
        *ret = issued;
    else
        issued_free(&issued);
    return error;
}

const char *issued_reason(enum issued_kind kind, int error)
{
    switch (error) {
    case -EKEYREJECTED:
        return "not signed by the bureau's key";
    case -EXDEV:
        return "for another vehicle";
    case -EBADMSG:
        return kinds[kind].malformed;
    case -ESTALE:
        return "older than one that was held before";
    case -EMSGSIZE:
        return kinds[kind].too_large;
    default:
        return strerror(-error);
    }
}

int issued_seal(const struct issued *issued, const struct seal_key *key, struct wire_bytes *ret)
{
    struct wire_sealed sealed = {0};
    int error = kinds[issued->kind].encode(issued, &sealed.payload);
    if (error == 0 && key != NULL)
        seal_payload_sign(&sealed, kinds[issued->kind].context, issued_division(issued),
                          issued_vehicle(issued), key);
    if (error == 0)
        error = wire_sealed_encode(&sealed, ret);
    wire_sealed_free(&sealed);
    return error;
}
