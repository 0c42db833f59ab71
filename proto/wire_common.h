/* Inside of the wire module: what wire.c and wire_licence.c share. Nobody else includes this. */
#ifndef BUSWARDEN_WIRE_COMMON_H
#define BUSWARDEN_WIRE_COMMON_H

#include <protobuf-c/protobuf-c.h>

#include "proto/wire.h"

/* What protobuf-c may allocate for one message: a few bytes of input can ask it for a hundred. */
enum {
    WIRE_SMALL_BUDGET = 128 * 1024, /* records, presence, receipts */
    WIRE_LICENCE_BUDGET = 48 * 1024 * 1024,
};

/* Unpack into *ret (wire_release() it), or -EMSGSIZE, or -EBADMSG: over the budget counts as that too. */
int wire_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t len, size_t max,
                size_t budget, ProtobufCMessage **ret);
void wire_release(ProtobufCMessage *message);
int wire_pack(const ProtobufCMessage *message, size_t max, struct wire_bytes *ret);

/* Views for the generated structs, which have no const; protobuf-c never writes through them when packing. */
ProtobufCBinaryData wire_view(const uint8_t *data, size_t len);
char *wire_text_view(const char *text);

/* Copy a field; false when it does not have exactly this length, or does not fit. */
bool wire_take_bytes(ProtobufCBinaryData from, uint8_t *ret, size_t len);
bool wire_take_text(const char *from, char *ret, size_t size);

int32_t wire_to_e7(double deg);
bool wire_e7_valid(int64_t lat_e7, int64_t lon_e7);
bool wire_degrees_valid(double lat_deg, double lon_deg); /* false for NaN */
/* Metres as decimetres, rounded and clamped to a uint32; NaN and negatives become 0. */
uint32_t wire_to_dm(double metres);
bool wire_fits_u16(uint32_t value);
/* Enums of a newer sender may hold any number: low <= value <= high. */
bool wire_within(int value, int low, int high);

#endif
