#include "gateway/cabin/occupancy.h"

#include <errno.h>

static const int16_t UNKNOWN_VALUE = -1;

int cabin_init(struct cabin *ret_cabin, const struct cabin_config *config)
{
    if (config->n_seats > CABIN_SEATS_MAX || config->n_doors > CABIN_DOORS_MAX || config->freshness_ms < 0)
        return -EINVAL;
    for (size_t i = 0; i < config->n_seats; i++) {
        if (config->seats[i].capacity == 0)
            return -EINVAL;
    }
    *ret_cabin = (struct cabin){.config = *config};
    if (config->freshness_ms == 0)
        ret_cabin->config.freshness_ms = CABIN_FRESHNESS_DEFAULT_MS;
    for (size_t i = 0; i < CABIN_SEATS_MAX; i++)
        ret_cabin->seats[i].value = UNKNOWN_VALUE;
    for (size_t i = 0; i < CABIN_DOORS_MAX; i++)
        ret_cabin->doors[i].value = UNKNOWN_VALUE;
    ret_cabin->ignition.value = UNKNOWN_VALUE;
    return 0;
}

/* The signal of a slot and the largest value that it may have; NULL when there is none. */
static struct cabin_signal *signal_at(struct cabin *cabin, struct cabin_slot slot, int16_t *ret_max)
{
    *ret_max = 1;
    if (slot.kind == CABIN_IGNITION)
        return &cabin->ignition;
    if (slot.kind == CABIN_DOOR)
        return slot.index < cabin->config.n_doors ? &cabin->doors[slot.index] : NULL;
    if (slot.index >= cabin->config.n_seats)
        return NULL;
    *ret_max = cabin->config.seats[slot.index].capacity;
    return &cabin->seats[slot.index];
}

static bool says_unknown(const struct cabin *cabin, struct cabin_slot slot, double value)
{
    if (slot.kind != CABIN_SEAT)
        return false;
    const int16_t unknown = cabin->config.seats[slot.index].unknown_value;
    return unknown >= 0 && value == unknown;
}

int cabin_update(struct cabin *cabin, struct cabin_slot slot, double value, int64_t mono_ms)
{
    int16_t max;
    struct cabin_signal *signal = signal_at(cabin, slot, &max);
    if (signal == NULL)
        return -EINVAL;
    *signal = (struct cabin_signal){.mono_ms = mono_ms, .value = UNKNOWN_VALUE};
    if (says_unknown(cabin, slot, value))
        return 0;
    const bool in_range = value >= 0 && value <= max; /* false for NaN */
    if (!in_range || value != (double)(int16_t)value) {
        cabin->refused++;
        return -ERANGE;
    }
    signal->value = (int16_t)value;
    return 0;
}

static int value_now(const struct cabin *cabin, const struct cabin_signal *signal, int64_t mono_ms)
{
    const bool fresh = mono_ms - signal->mono_ms < cabin->config.freshness_ms;
    return fresh ? (int)signal->value : (int)UNKNOWN_VALUE;
}

static struct bw_occupancy occupancy(const struct cabin *cabin, int64_t mono_ms)
{
    const size_t n = cabin->config.n_seats;
    size_t n_unknown = 0;
    struct bw_occupancy result = {.quality = BW_QUALITY_GOOD};
    for (size_t i = 0; i < n; i++) {
        const int value = value_now(cabin, &cabin->seats[i], mono_ms);
        n_unknown += value < 0;
        result.low = (uint16_t)(result.low + (value < 0 ? 0 : value));
        result.high = (uint16_t)(result.high + (value < 0 ? cabin->config.seats[i].capacity : value));
    }
    if (n == 0 || 2 * n_unknown > n)
        return (struct bw_occupancy){.quality = BW_QUALITY_UNKNOWN};
    if (n_unknown > 0)
        result.quality = BW_QUALITY_DEGRADED;
    result.count = result.low;
    return result;
}

static enum bw_tri door_open(const struct cabin *cabin, int64_t mono_ms)
{
    bool all_closed = cabin->config.n_doors > 0;
    for (size_t i = 0; i < cabin->config.n_doors; i++) {
        const int value = value_now(cabin, &cabin->doors[i], mono_ms);
        if (value > 0)
            return BW_YES;
        if (value < 0)
            all_closed = false;
    }
    return all_closed ? BW_NO : BW_UNKNOWN;
}

static enum bw_tri ignition_on(const struct cabin *cabin, int64_t mono_ms)
{
    const int value = value_now(cabin, &cabin->ignition, mono_ms);
    if (value < 0)
        return BW_UNKNOWN;
    return value > 0 ? BW_YES : BW_NO;
}

void cabin_estimate(const struct cabin *cabin, int64_t mono_ms, struct bw_cabin *ret_state)
{
    *ret_state = (struct bw_cabin){
        .occupancy = occupancy(cabin, mono_ms),
        .door_open = door_open(cabin, mono_ms),
        .ignition_on = ignition_on(cabin, mono_ms),
    };
}
