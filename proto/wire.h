/* Encode and decode every message of buswarden/v1. wire*.c are the only users of protobuf-c.
 *
 * Encoders return a malloc'd buffer that the caller frees. Decoders check the size before anything is
 * allocated, cap what protobuf-c may allocate for it, check every field's range and length, and leave `ret`
 * untouched on failure. Unknown fields and enum values newer than this build are tolerated as docs/wire.md
 * says. All return 0 or a negative errno: -EMSGSIZE over the limit, -EBADMSG not a valid message, -ENOMEM,
 * -EINVAL a value that this contract cannot carry. */
#ifndef BUSWARDEN_WIRE_H
#define BUSWARDEN_WIRE_H

#include "proto/model.h"

enum {
    WIRE_RECORD_MAX = 16 * 1024,
    WIRE_BODY_MAX = 15 * 1024,
    WIRE_PRESENCE_MAX = 1024,
    WIRE_RECEIPT_MAX = 512,
    WIRE_ORDERS_MAX = 128 * 1024,
    WIRE_LICENCE_MAX = 4 * 1024 * 1024,
};

struct wire_bytes {
    uint8_t *data; /* malloc'd */
    size_t len;
};
void wire_bytes_free(struct wire_bytes *bytes); /* NULL and empty are fine */

/* SignedRecord. `body` is inline so that a record can live on the stack or in a row buffer. */
struct wire_record {
    uint8_t stream[BW_STREAM_LEN];
    enum bw_record_class cls;
    uint64_t seq;
    uint8_t prev[BW_HASH_LEN];
    uint8_t signature[BW_SIGNATURE_LEN];
    size_t body_len;
    uint8_t body[WIRE_BODY_MAX];
};
int wire_record_encode(const struct wire_record *record, struct wire_bytes *ret);
int wire_record_decode(const uint8_t *data, size_t len, struct wire_record *ret);

enum wire_body_type {
    WIRE_BODY_UNKNOWN = 0, /* a newer kind of body: keep the bytes, judge nothing */
    WIRE_BODY_ALERT,
    WIRE_BODY_TRACK,
    WIRE_BODY_GAP,
    WIRE_BODY_KEY,
    WIRE_BODY_TRIP
};
struct wire_body {
    enum wire_body_type type;
    union {
        struct bw_alert alert;
        struct bw_track track;
        struct bw_gap gap;
        struct bw_key_change key;
        struct bw_trip trip;
    } u;
};
int wire_body_encode(const struct wire_body *body, struct wire_bytes *ret);
int wire_body_decode(const uint8_t *data, size_t len, struct wire_body *ret);

int wire_presence_encode(const struct bw_presence *presence, struct wire_bytes *ret);
int wire_presence_decode(const uint8_t *data, size_t len, struct bw_presence *ret);

int wire_receipt_encode(const struct bw_receipt *receipt, struct wire_bytes *ret);
int wire_receipt_decode(const uint8_t *data, size_t len, struct bw_receipt *ret);

/* `ret` of the decoder owns heap memory: wire_licence_free() it. Encoding checks the limits of model.h. */
int wire_licence_encode(const struct bw_licence *licence, struct wire_bytes *ret);
int wire_licence_decode(const uint8_t *data, size_t len, struct bw_licence *ret);
void wire_licence_free(struct bw_licence *licence); /* zeroes it; fine on a zeroed one */

/* The same for orders. Those of a kind newer than this build are left out. */
int wire_orders_encode(const struct bw_orders *orders, struct wire_bytes *ret);
int wire_orders_decode(const uint8_t *data, size_t len, struct bw_orders *ret);
void wire_orders_free(struct bw_orders *orders);

/* Sealed: payload and signature (all zero = unsigned) of a licence, orders or a receipt. `max` bounds the
 * whole message. */
struct wire_sealed {
    struct wire_bytes payload;
    bool is_signed;
    uint8_t signature[BW_SIGNATURE_LEN];
};
int wire_sealed_encode(const struct wire_sealed *sealed, struct wire_bytes *ret);
int wire_sealed_decode(const uint8_t *data, size_t len, size_t max, struct wire_sealed *ret);
void wire_sealed_free(struct wire_sealed *sealed);

#endif
