#include "proto/wire_common.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void wire_bytes_free(struct wire_bytes *bytes)
{
    if (bytes == NULL)
        return;
    free(bytes->data);
    *bytes = (struct wire_bytes){0};
}

/* --- bounded decoding --- */

/* protobuf-c allocates for every sub-message and string it meets: a few bytes of input can ask for a hundred.
 * The budget caps the sum for one message. */
struct budget {
    size_t left;
    bool short_of_memory; /* not of budget */
};

static void *budget_alloc(void *context, size_t size)
{
    struct budget *budget = context;
    if (size > budget->left)
        return NULL;
    budget->left -= size;
    void *memory = malloc(size);
    budget->short_of_memory |= memory == NULL;
    return memory;
}

static void budget_free(void *context, void *memory)
{
    (void)context;
    free(memory);
}

/* Unpack into *ret, or -EMSGSIZE, or -EBADMSG (over the budget counts as that: no message of ours needs it).
 */
int wire_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t len, size_t max,
                size_t budget, ProtobufCMessage **ret)
{
    if (len > max)
        return -EMSGSIZE;
    struct budget state = {.left = budget};
    ProtobufCAllocator allocator = {.alloc = budget_alloc, .free = budget_free, .allocator_data = &state};
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, len, data);
    if (message == NULL)
        return state.short_of_memory ? -ENOMEM : -EBADMSG;
    *ret = message;
    return 0;
}

void wire_release(ProtobufCMessage *message)
{
    ProtobufCAllocator allocator = {.alloc = budget_alloc, .free = budget_free};
    protobuf_c_message_free_unpacked(message, &allocator);
}

int wire_pack(const ProtobufCMessage *message, size_t max, struct wire_bytes *ret)
{
    const size_t len = protobuf_c_message_get_packed_size(message);
    if (len > max)
        return -EMSGSIZE;
    uint8_t *data = malloc(len > 0 ? len : 1);
    if (data == NULL)
        return -ENOMEM;
    protobuf_c_message_pack(message, data);
    *ret = (struct wire_bytes){.data = data, .len = len};
    return 0;
}

/* --- what an encoder takes on the way --- */

struct wire_block {
    struct wire_block *before;
    max_align_t data[];
};

void *wire_arena_take(struct wire_arena *arena, size_t n, size_t size)
{
    struct wire_block *block = calloc(1, sizeof *block + n * size); /* model.h bounds n */
    if (block == NULL)
        return NULL;
    block->before = arena->last;
    arena->last = block;
    return block->data;
}

void wire_arena_free(struct wire_arena *arena)
{
    while (arena->last != NULL) {
        struct wire_block *before = arena->last->before;
        free(arena->last);
        arena->last = before;
    }
}

/* --- field helpers --- */

/* A protobuf-c bytes view; the library never writes through it when packing. */
ProtobufCBinaryData wire_view(const uint8_t *data, size_t len)
{
    uint8_t *unqualified;
    memcpy(&unqualified, &data, sizeof data); /* the generated structs have no const */
    return (ProtobufCBinaryData){.data = unqualified, .len = len};
}

char *wire_text_view(const char *text)
{
    char *unqualified;
    memcpy(&unqualified, &text, sizeof text);
    return unqualified;
}

bool wire_take_bytes(ProtobufCBinaryData from, uint8_t *ret, size_t len)
{
    if (from.len != len)
        return false;
    memcpy(ret, from.data, len);
    return true;
}

bool wire_take_text(const char *from, char *ret, size_t size)
{
    const size_t n = strlen(from);
    if (n >= size)
        return false;
    memcpy(ret, from, n + 1);
    return true;
}

int32_t wire_to_e7(double deg)
{
    return (int32_t)llround(deg * 1e7);
}

bool wire_e7_valid(int64_t lat_e7, int64_t lon_e7)
{
    return lat_e7 >= -900000000 && lat_e7 <= 900000000 && lon_e7 >= -1800000000 && lon_e7 <= 1800000000;
}

bool wire_degrees_valid(double lat_deg, double lon_deg)
{
    return fabs(lat_deg) <= 90 && fabs(lon_deg) <= 180; /* false for NaN */
}

bool wire_instant_valid(int64_t utc_ms)
{
    static const int64_t YEAR_10000_UTC_MS = INT64_C(253402300800000);
    return utc_ms >= 0 && utc_ms < YEAR_10000_UTC_MS;
}

uint32_t wire_to_dm(double metres)
{
    const double dm = metres * 10;
    if (!(dm > 0))
        return 0;
    return dm >= WIRE_DM_MAX ? WIRE_DM_MAX : (uint32_t)llround(dm);
}

bool wire_fits_u16(uint32_t value)
{
    return value <= UINT16_MAX;
}

bool wire_within(int value, int low, int high)
{
    return value >= low && value <= high;
}
