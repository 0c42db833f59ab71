/* Inside of the wire module: what its files share. Nobody else includes this. */
#ifndef BUSWARDEN_WIRE_COMMON_H
#define BUSWARDEN_WIRE_COMMON_H

#include <protobuf-c/protobuf-c.h>

#include "proto/wire.h"

/* What protobuf-c may allocate for one message: a few bytes of input can ask it for a hundred. */
enum {
    WIRE_SMALL_BUDGET = 128 * 1024, /* records, presence, receipts */
    WIRE_LICENCE_BUDGET = 48 * 1024 * 1024,
    WIRE_ORDERS_BUDGET = 512 * 1024,
};

/* Unpack into *ret (wire_release() it), or -EMSGSIZE, or -EBADMSG: over the budget counts as that too. */
int wire_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t len, size_t max,
                size_t budget, ProtobufCMessage **ret);
void wire_release(ProtobufCMessage *message);
int wire_pack(const ProtobufCMessage *message, size_t max, struct wire_bytes *ret);

/* While a message is encoded, everything that it points at lives in one arena, freed as a whole. */
struct wire_arena {
    struct wire_block *last;
};
void *wire_arena_take(struct wire_arena *arena, size_t n, size_t size); /* zeroed; NULL: out of memory */
void wire_arena_free(struct wire_arena *arena);

/* An array of n messages and the array of pointers to them that protobuf-c wants. */
#define WIRE_TAKE_MESSAGES(arena, type, count, ret_items, ret_pointers)                                      \
    ((ret_items) = wire_arena_take((arena), (count), sizeof(type)),                                          \
     (ret_pointers) = (ret_items) != NULL ? wire_arena_take((arena), (count), sizeof(type *)) : NULL,        \
     (ret_pointers) != NULL)

/* Views for the generated structs, which have no const; protobuf-c never writes through them when packing. */
ProtobufCBinaryData wire_view(const uint8_t *data, size_t len);
char *wire_text_view(const char *text);

/* Copy a field; false when it does not have exactly this length, or does not fit. */
bool wire_take_bytes(ProtobufCBinaryData from, uint8_t *ret, size_t len);
bool wire_take_text(const char *from, char *ret, size_t size);

int32_t wire_to_e7(double deg);
bool wire_e7_valid(int64_t lat_e7, int64_t lon_e7);
bool wire_degrees_valid(double lat_deg, double lon_deg); /* false for NaN */
/* 0 = unknown, else no later than the year 9999: what no calendar shows is no time at all. */
bool wire_instant_valid(int64_t utc_ms);
/* Metres as decimetres, rounded and clamped to WIRE_DM_MAX; NaN and negatives become 0. */
static const uint32_t WIRE_DM_MAX = 4000000000U;
uint32_t wire_to_dm(double metres);
bool wire_fits_u16(uint32_t value);
/* Enums of a newer sender may hold any number: low <= value <= high. */
bool wire_within(int value, int low, int high);

#endif
