#include "bureau/ingest/vehicles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Direct-mapped: a vehicle has one slot, and the newest to claim it has it. */
struct vehicles {
    struct vehicle slots[VEHICLES_MAX];
};

int vehicles_create(struct vehicles **ret)
{
    struct vehicles *vehicles = calloc(1, sizeof *vehicles);
    if (vehicles == NULL)
        return -ENOMEM;
    *ret = vehicles;
    return 0;
}

void vehicles_free(struct vehicles *vehicles)
{
    free(vehicles);
}

/* FNV-1a. Ids come from registered topics behind the broker's ACL; a collision costs time only. */
static size_t slot_of(const char *id)
{
    uint32_t hash = 2166136261U;
    for (; *id != '\0'; id++)
        hash = (hash ^ (uint8_t)*id) * 16777619U;
    return hash % VEHICLES_MAX;
}

static int take_row(void *context, const struct store_vehicle *row)
{
    struct vehicle *vehicle = context;
    /* Ours fits: a longer code is not a division that a topic could name. */
    const size_t n = strlen(row->division);
    if (n < sizeof vehicle->judge.division)
        memcpy(vehicle->judge.division, row->division, n + 1);
    memcpy(vehicle->issued, row->issued, sizeof vehicle->issued);
    if (row->seen) {
        memcpy(vehicle->stream, row->presence.stream, BW_STREAM_LEN);
        memcpy(vehicle->oldest_seq, row->presence.oldest_seq, sizeof vehicle->oldest_seq);
    }
    return 0;
}

static int load(struct store *store, struct vehicle *vehicle)
{
    int error = store_vehicles(store, NULL, vehicle->id, take_row, vehicle);
    if (error != 0)
        return error == -ENOENT ? 0 : error;
    if (vehicle->judge.division[0] == '\0')
        return 0;
    error = store_vehicle_key(store, vehicle->id, vehicle->judge.key);
    if (error != 0)
        return error == -ENOENT ? 0 : error;
    vehicle->enrolled = true;
    return 0;
}

int vehicles_get(struct vehicles *vehicles, struct store *store, const char *id, int64_t now_ms,
                 struct vehicle **ret)
{
    struct vehicle *slot = &vehicles->slots[slot_of(id)];
    const bool known = strcmp(slot->id, id) == 0 && slot->loaded_ms != 0;
    if (!known || now_ms - slot->loaded_ms >= VEHICLES_FRESH_MS) {
        struct vehicle loaded = {.loaded_ms = now_ms};
        memcpy(loaded.id, id, strlen(id) + 1);
        if (known) {
            memcpy(loaded.sent_ms, slot->sent_ms, sizeof loaded.sent_ms);
            loaded.nudged_ms = slot->nudged_ms;
            memcpy(loaded.taken_stream, slot->taken_stream, sizeof loaded.taken_stream);
            memcpy(loaded.taken_seq, slot->taken_seq, sizeof loaded.taken_seq);
        }
        const int error = load(store, &loaded);
        if (error != 0)
            return error;
        *slot = loaded;
    }
    *ret = slot;
    return 0;
}

void vehicles_taken(struct vehicles *vehicles, const char *id, const uint8_t stream[BW_STREAM_LEN],
                    const uint64_t upto_seq[2])
{
    struct vehicle *slot = &vehicles->slots[slot_of(id)];
    if (strcmp(slot->id, id) != 0)
        return;
    memcpy(slot->taken_stream, stream, BW_STREAM_LEN);
    memcpy(slot->taken_seq, upto_seq, sizeof slot->taken_seq);
}

bool vehicle_has_sent(const struct vehicle *vehicle, const struct wire_record *record)
{
    return memcmp(vehicle->taken_stream, record->stream, BW_STREAM_LEN) == 0 &&
           record->seq <= vehicle->taken_seq[record->cls - 1];
}

void vehicles_forget(struct vehicles *vehicles)
{
    for (size_t i = 0; i < VEHICLES_MAX; i++)
        vehicles->slots[i].loaded_ms = 0;
}

const struct judge_vehicle *vehicle_judge(const struct vehicle *vehicle)
{
    return vehicle->enrolled ? &vehicle->judge : NULL;
}
