#include "gateway/cabin/occupancy.h"

#include <errno.h>
#include <math.h>

static const double UNKNOWN_VALUE = -1; /* no signal may say so */
static const double KMH_PER_MPS = 3.6;

static bool possible(const struct cabin_config *config)
{
    if (config->n_seats > CABIN_SEATS_MAX || config->n_belts > CABIN_SEATS_MAX ||
        config->n_doors > CABIN_DOORS_MAX || config->freshness_ms < 0)
        return false;
    for (size_t i = 0; i < config->n_seats; i++) {
        if (config->seats[i].capacity == 0)
            return false;
    }
    for (size_t i = 0; i < config->n_belts; i++) {
        if (config->belt_seats[i] >= config->n_seats)
            return false;
    }
    return true;
}

int cabin_init(struct cabin *ret_cabin, const struct cabin_config *config)
{
    if (!possible(config))
        return -EINVAL;
    *ret_cabin = (struct cabin){.config = *config};
    if (config->freshness_ms == 0)
        ret_cabin->config.freshness_ms = CABIN_FRESHNESS_DEFAULT_MS;
    return 0;
}

/* The signal of a slot; NULL when there is none. */
static struct cabin_signal *signal_at(struct cabin *cabin, struct cabin_slot slot)
{
    const struct cabin_config *config = &cabin->config;
    switch (slot.kind) {
    case CABIN_SEAT:
        return slot.index < config->n_seats ? &cabin->seats[slot.index] : NULL;
    case CABIN_BELT:
        return slot.index < config->n_belts ? &cabin->belts[slot.index] : NULL;
    case CABIN_DOOR:
        return slot.index < config->n_doors ? &cabin->doors[slot.index] : NULL;
    case CABIN_IGNITION:
        return &cabin->ignition;
    case CABIN_POWER:
        return &cabin->power;
    case CABIN_ANTENNA:
        return &cabin->antenna;
    case CABIN_WHEEL:
        return &cabin->wheel;
    default:
        return NULL;
    }
}

static double max_of(const struct cabin *cabin, struct cabin_slot slot)
{
    if (slot.kind == CABIN_SEAT)
        return cabin->config.seats[slot.index].capacity;
    return slot.kind == CABIN_WHEEL ? CABIN_WHEEL_MAX_KMH : 1;
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
    struct cabin_signal *signal = signal_at(cabin, slot);
    if (signal == NULL)
        return -EINVAL;
    signal->known = false;
    if (says_unknown(cabin, slot, value))
        return 0;
    const bool in_range = value >= 0 && value <= max_of(cabin, slot); /* false for NaN */
    const bool countable = slot.kind == CABIN_WHEEL || value == floor(value);
    if (!in_range || !countable) {
        cabin->refused++;
        return -ERANGE;
    }
    *signal = (struct cabin_signal){.known = true, .mono_ms = mono_ms, .value = value};
    return 0;
}

static double value_now(const struct cabin *cabin, const struct cabin_signal *signal, int64_t mono_ms)
{
    const bool fresh = signal->known && mono_ms - signal->mono_ms < cabin->config.freshness_ms;
    return fresh ? signal->value : UNKNOWN_VALUE;
}

static enum bw_quality quality_of(size_t n, size_t n_unknown)
{
    if (n == 0 || 2 * n_unknown > n)
        return BW_QUALITY_UNKNOWN;
    return n_unknown > 0 ? BW_QUALITY_DEGRADED : BW_QUALITY_GOOD;
}

static struct bw_occupancy occupancy(const struct cabin *cabin, int64_t mono_ms)
{
    const size_t n = cabin->config.n_seats;
    size_t n_unknown = 0;
    struct bw_occupancy result = {.quality = BW_QUALITY_UNKNOWN};
    for (size_t i = 0; i < n; i++) {
        const double value = value_now(cabin, &cabin->seats[i], mono_ms);
        const bool known = value != UNKNOWN_VALUE;
        n_unknown += !known;
        result.low = (uint16_t)(result.low + (known ? value : 0));
        result.high = (uint16_t)(result.high + (known ? value : cabin->config.seats[i].capacity));
    }
    result.quality = quality_of(n, n_unknown);
    result.count = result.low;
    return result.quality == BW_QUALITY_UNKNOWN ? (struct bw_occupancy){.quality = BW_QUALITY_UNKNOWN}
                                                : result;
}

static struct bw_belts belts(const struct cabin *cabin, int64_t mono_ms)
{
    const size_t n = cabin->config.n_belts;
    size_t n_unknown = 0;
    struct bw_belts result = {.quality = BW_QUALITY_UNKNOWN};
    for (size_t i = 0; i < n; i++) {
        const uint8_t seat = cabin->config.belt_seats[i];
        const double seated = value_now(cabin, &cabin->seats[seat], mono_ms);
        const double fastened = value_now(cabin, &cabin->belts[i], mono_ms);
        if (seated == 0 || fastened == 1)
            continue;
        const bool seat_known = seated != UNKNOWN_VALUE;
        const bool certain = seat_known && fastened == 0;
        n_unknown += !certain;
        result.open_low = (uint16_t)(result.open_low + certain);
        result.open_high =
            (uint16_t)(result.open_high + (seat_known ? seated : cabin->config.seats[seat].capacity));
    }
    result.quality = quality_of(n, n_unknown);
    return result.quality == BW_QUALITY_UNKNOWN ? (struct bw_belts){.quality = BW_QUALITY_UNKNOWN} : result;
}

static enum bw_tri door_open(const struct cabin *cabin, int64_t mono_ms)
{
    bool all_closed = cabin->config.n_doors > 0;
    for (size_t i = 0; i < cabin->config.n_doors; i++) {
        const double value = value_now(cabin, &cabin->doors[i], mono_ms);
        if (value == 1)
            return BW_YES;
        if (value == UNKNOWN_VALUE)
            all_closed = false;
    }
    return all_closed ? BW_NO : BW_UNKNOWN;
}

static enum bw_tri tri(const struct cabin *cabin, const struct cabin_signal *signal, int64_t mono_ms)
{
    const double value = value_now(cabin, signal, mono_ms);
    if (value == UNKNOWN_VALUE)
        return BW_UNKNOWN;
    return value == 1 ? BW_YES : BW_NO;
}

void cabin_estimate(const struct cabin *cabin, int64_t mono_ms, struct bw_cabin *ret_state)
{
    const double wheel_kmh = value_now(cabin, &cabin->wheel, mono_ms);
    *ret_state = (struct bw_cabin){
        .occupancy = occupancy(cabin, mono_ms),
        .door_open = door_open(cabin, mono_ms),
        .ignition_on = tri(cabin, &cabin->ignition, mono_ms),
        .main_power = tri(cabin, &cabin->power, mono_ms),
        .antenna_ok = tri(cabin, &cabin->antenna, mono_ms),
        .belts = belts(cabin, mono_ms),
        .wheel_known = wheel_kmh != UNKNOWN_VALUE,
        .wheel_mps = fmax(wheel_kmh, 0) / KMH_PER_MPS,
    };
}
