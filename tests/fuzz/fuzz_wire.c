/* Every decoder of the wire: what it accepts is within the contract, can be encoded, and comes back the same.
 * The first byte picks the decoder, the rest is the message. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/modeljson.h"
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* The message as this build writes it is a fixed point: encoded, decoded and encoded again it is the same
 * bytes. */
static void same(struct wire_bytes *first, struct wire_bytes *second)
{
    must(first->len == second->len && memcmp(first->data, second->data, first->len) == 0);
    wire_bytes_free(first);
    wire_bytes_free(second);
}

static void try_record(const uint8_t *data, size_t size)
{
    static struct wire_record record, back;
    struct wire_bytes first, second;
    if (wire_record_decode(data, size, &record) != 0)
        return;
    must(record.body_len <= WIRE_BODY_MAX && record.seq >= 1);
    must(wire_record_encode(&record, &first) == 0);
    must(wire_record_decode(first.data, first.len, &back) == 0);
    must(wire_record_encode(&back, &second) == 0);
    same(&first, &second);
}

/* To people: every field of the alert, and all evidence of its kind, as JSON. */
static bool says_the_same(const struct bw_alert *one, const struct bw_alert *other)
{
    json_t *a = json_object(), *b = json_object();
    modeljson_put_alert(&a, one);
    modeljson_put_alert(&b, other);
    const bool same = a != NULL && json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return same;
}

static void try_body(const uint8_t *data, size_t size)
{
    static struct wire_body body, back;
    struct wire_bytes first, second;
    if (wire_body_decode(data, size, &body) != 0 || body.type == WIRE_BODY_UNKNOWN)
        return;
    must(wire_body_encode(&body, &first) == 0);
    must(wire_body_decode(first.data, first.len, &back) == 0 && back.type == body.type);
    must(body.type != WIRE_BODY_ALERT || says_the_same(&body.u.alert, &back.u.alert));
    must(wire_body_encode(&back, &second) == 0);
    same(&first, &second);
}

static void try_presence(const uint8_t *data, size_t size)
{
    struct bw_presence presence, back;
    struct wire_bytes first, second;
    if (wire_presence_decode(data, size, &presence) != 0)
        return;
    must(wire_presence_encode(&presence, &first) == 0);
    must(wire_presence_decode(first.data, first.len, &back) == 0);
    must(wire_presence_encode(&back, &second) == 0);
    same(&first, &second);
}

static void try_receipt(const uint8_t *data, size_t size)
{
    struct bw_receipt receipt, back;
    struct wire_bytes first, second;
    if (wire_receipt_decode(data, size, &receipt) != 0)
        return;
    must(wire_receipt_encode(&receipt, &first) == 0);
    must(wire_receipt_decode(first.data, first.len, &back) == 0);
    must(wire_receipt_encode(&back, &second) == 0);
    same(&first, &second);
}

static void try_sealed(const uint8_t *data, size_t size)
{
    struct wire_sealed sealed, back;
    struct wire_bytes first, second;
    if (wire_sealed_decode(data, size, WIRE_RECEIPT_MAX, &sealed) != 0)
        return;
    must(sealed.payload.len > 0 && sealed.payload.len <= WIRE_RECEIPT_MAX);
    must(wire_sealed_encode(&sealed, &first) == 0);
    must(wire_sealed_decode(first.data, first.len, WIRE_RECEIPT_MAX, &back) == 0);
    must(wire_sealed_encode(&back, &second) == 0);
    same(&first, &second);
    wire_sealed_free(&sealed);
    wire_sealed_free(&back);
}

static void try_licence(const uint8_t *data, size_t size)
{
    struct bw_licence licence, back;
    struct wire_bytes first, second;
    if (wire_licence_decode(data, size, &licence) != 0)
        return;
    must(wire_licence_encode(&licence, &first) == 0);
    must(wire_licence_decode(first.data, first.len, &back) == 0);
    must(wire_licence_encode(&back, &second) == 0);
    same(&first, &second);
    wire_licence_free(&licence);
    wire_licence_free(&back);
}

static void try_orders(const uint8_t *data, size_t size)
{
    struct bw_orders orders, back;
    struct wire_bytes first, second;
    if (wire_orders_decode(data, size, &orders) != 0)
        return;
    must(orders.n_orders <= BW_ORDERS_MAX);
    for (size_t i = 0; i < orders.n_orders; i++)
        must(orders.orders[i].until_utc_ms > orders.orders[i].from_utc_ms &&
             orders.orders[i].n_routes <= BW_ORDER_ROUTES_MAX &&
             (orders.orders[i].n_points == 0 || orders.orders[i].n_points >= 3));
    must(wire_orders_encode(&orders, &first) == 0);
    must(wire_orders_decode(first.data, first.len, &back) == 0);
    must(wire_orders_encode(&back, &second) == 0);
    same(&first, &second);
    wire_orders_free(&orders);
    wire_orders_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const decoders[])(const uint8_t *, size_t) = {
        try_record, try_body, try_presence, try_receipt, try_sealed, try_licence, try_orders,
    };
    if (size > 0)
        decoders[data[0] % (sizeof decoders / sizeof decoders[0])](data + 1, size - 1);
    return 0;
}
