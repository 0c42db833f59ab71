#include "gateway/cabin/inside.h"

#include <errno.h>
#include <math.h>

static const double KMH_PER_MPS = 3.6;

static bool possible(const struct cabin_config *config)
{
    if (config->n_seats > CABIN_SEATS_MAX || config->n_belts > CABIN_SEATS_MAX ||
        config->n_doors > CABIN_DOORS_MAX || config->n_counters > CABIN_DOORS_MAX || config->freshness_ms < 0)
        return false;
    for (size_t i = 0; i < config->n_seats; i++) {
        if (config->seats[i].capacity == 0)
            return false;
    }
    for (size_t i = 0; i < config->n_belts; i++) {
        if (config->belt_seats[i] >= config->n_seats)
            return false;
    }
    for (size_t i = 0; i < config->n_counters; i++) {
        if (config->counter_max[i] < CABIN_COUNTER_MAX_LEAST)
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

/* Index in `signals`; SIGNALS when there is no such slot. */
static size_t index_of(const struct cabin_config *config, struct cabin_slot slot)
{
    const struct {
        size_t first, n;
    } kinds[CABIN_KINDS] = {
        [CABIN_SEAT] = {CABIN_SEATS_AT, config->n_seats},
        [CABIN_BELT] = {CABIN_BELTS_AT, config->n_belts},
        [CABIN_DOOR] = {CABIN_DOORS_AT, config->n_doors},
        [CABIN_IN] = {CABIN_INS_AT, config->n_counters},
        [CABIN_OUT] = {CABIN_OUTS_AT, config->n_counters},
        [CABIN_IGNITION] = {CABIN_IGNITION_AT, 1},
        [CABIN_POWER] = {CABIN_POWER_AT, 1},
        [CABIN_ANTENNA] = {CABIN_ANTENNA_AT, 1},
        [CABIN_WHEEL] = {CABIN_WHEEL_AT, 1},
        [CABIN_BUTTON] = {CABIN_BUTTON_AT, 1},
    };
    if ((unsigned)slot.kind >= CABIN_KINDS || slot.index >= kinds[slot.kind].n)
        return CABIN_SIGNALS;
    return kinds[slot.kind].first + slot.index;
}

const struct cabin_signal *cabin_signal_of(const struct cabin *cabin, struct cabin_slot slot)
{
    const size_t index = index_of(&cabin->config, slot);
    return index < CABIN_SIGNALS ? &cabin->signals[index] : NULL;
}

static double max_of(const struct cabin *cabin, struct cabin_slot slot)
{
    switch (slot.kind) {
    case CABIN_SEAT:
        return cabin->config.seats[slot.index].capacity;
    case CABIN_IN:
    case CABIN_OUT:
        return cabin->config.counter_max[slot.index];
    case CABIN_WHEEL:
        return CABIN_WHEEL_MAX_KMH;
    default:
        return 1;
    }
}

static bool says_unknown(const struct cabin *cabin, struct cabin_slot slot, double value)
{
    if (slot.kind != CABIN_SEAT)
        return false;
    const int16_t unknown = cabin->config.seats[slot.index].unknown_value;
    return unknown >= 0 && value == unknown;
}

/* True when it had another value before. */
static bool remember(struct cabin_signal *signal, double value, int64_t mono_ms)
{
    const bool changed = signal->had_value && signal->value != value;
    if (changed) {
        /* No more than twice the mark: what was mended is quiet within two minutes. */
        const double drained = (double)(mono_ms - signal->changed_mono_ms) / CABIN_RESTLESS_MS;
        signal->unrest = fmin(fmax(signal->unrest - drained, 0) + 1, 2 * CABIN_RESTLESS_CHANGES);
        signal->changed_mono_ms = mono_ms;
        signal->changes++;
    }
    signal->known = signal->had_value = true;
    signal->mono_ms = mono_ms;
    signal->value = value;
    return changed;
}

/* What follows from a value. */
static void consider(struct cabin *cabin, struct cabin_slot slot, double value, bool changed, int64_t mono_ms)
{
    switch (slot.kind) {
    case CABIN_SEAT:
        cabin_doubt_seat(cabin, slot.index, changed, mono_ms);
        break;
    case CABIN_BELT:
        cabin_doubt_belt(cabin, slot.index, changed, mono_ms);
        break;
    case CABIN_DOOR:
        if (value == 1 && cabin->config.door_counters[slot.index] == CABIN_NOT_COUNTED)
            cabin->counting.zeroed = false; /* nobody counts who passes here */
        break;
    case CABIN_IN:
    case CABIN_OUT:
        cabin_count(cabin, slot, value, mono_ms);
        break;
    case CABIN_IGNITION:
        cabin_doubt_ignition(cabin, mono_ms);
        break;
    case CABIN_BUTTON:
        if (changed && value == 1) /* held down since before it was ever heard, it is stuck */
            cabin_pressed(cabin, mono_ms);
        break;
    default:
        break;
    }
}

int cabin_update(struct cabin *cabin, struct cabin_slot slot, double value, int64_t mono_ms)
{
    const size_t index = index_of(&cabin->config, slot);
    if (index == CABIN_SIGNALS)
        return -EINVAL;
    struct cabin_signal *signal = &cabin->signals[index];
    signal->known = false;
    if (says_unknown(cabin, slot, value))
        return 0;
    const bool in_range = value >= 0 && value <= max_of(cabin, slot); /* false for NaN */
    const bool countable = slot.kind == CABIN_WHEEL || value == floor(value);
    if (!in_range || !countable) {
        cabin->refused++;
        return -ERANGE;
    }
    const bool changed = remember(signal, value, mono_ms);
    consider(cabin, slot, value, changed, mono_ms);
    cabin_settle(cabin, mono_ms);
    return 0;
}

double cabin_value_now(const struct cabin *cabin, const struct cabin_signal *signal, int64_t mono_ms)
{
    const bool fresh = signal->known && mono_ms - signal->mono_ms < cabin->config.freshness_ms;
    return fresh ? signal->value : CABIN_UNKNOWN_VALUE;
}

double cabin_seat_now(const struct cabin *cabin, size_t index, int64_t mono_ms)
{
    return cabin_seat_doubt(cabin, index, mono_ms) == CABIN_TRUSTED
               ? cabin_value_now(cabin, &cabin->signals[CABIN_SEATS_AT + index], mono_ms)
               : CABIN_UNKNOWN_VALUE;
}

static enum bw_quality quality_of(size_t n, size_t n_unknown)
{
    if (n == 0 || 2 * n_unknown > n)
        return BW_QUALITY_UNKNOWN;
    return n_unknown > 0 ? BW_QUALITY_DEGRADED : BW_QUALITY_GOOD;
}

struct cabin_seated cabin_seated(const struct cabin *cabin, int64_t mono_ms)
{
    const size_t n = cabin->config.n_seats;
    size_t n_unknown = 0;
    struct cabin_seated seated = {.quality = BW_QUALITY_UNKNOWN};
    for (size_t i = 0; i < n; i++) {
        const double value = cabin_seat_now(cabin, i, mono_ms);
        const bool known = value != CABIN_UNKNOWN_VALUE;
        n_unknown += !known;
        seated.empty += value == 0;
        seated.stuck += cabin_seat_doubt(cabin, i, mono_ms) == CABIN_STUCK;
        seated.low = (uint16_t)(seated.low + (known ? value : 0));
        seated.high = (uint16_t)(seated.high + (known ? value : cabin->config.seats[i].capacity));
    }
    seated.quality = quality_of(n, n_unknown);
    return seated;
}

static struct bw_belts belts(const struct cabin *cabin, int64_t mono_ms)
{
    const size_t n = cabin->config.n_belts;
    size_t n_unknown = 0;
    struct bw_belts result = {.quality = BW_QUALITY_UNKNOWN};
    for (size_t i = 0; i < n; i++) {
        const uint8_t seat = cabin->config.belt_seats[i];
        const double seated = cabin_seat_now(cabin, seat, mono_ms);
        const double fastened = cabin_value_now(cabin, &cabin->signals[CABIN_BELTS_AT + i], mono_ms);
        if (seated == 0 || fastened == 1)
            continue;
        const bool seat_known = seated != CABIN_UNKNOWN_VALUE;
        const bool certain = seat_known && fastened == 0;
        n_unknown += !certain;
        result.open_low = (uint16_t)(result.open_low + certain);
        result.open_high =
            (uint16_t)(result.open_high + (seat_known ? seated : cabin->config.seats[seat].capacity));
    }
    result.quality = quality_of(n, n_unknown);
    return result.quality == BW_QUALITY_UNKNOWN ? (struct bw_belts){.quality = BW_QUALITY_UNKNOWN} : result;
}

static uint16_t belted(const struct cabin *cabin, int64_t mono_ms)
{
    uint16_t n = 0;
    for (size_t i = 0; i < cabin->config.n_belts; i++) {
        if (cabin_value_now(cabin, &cabin->signals[CABIN_BELTS_AT + i], mono_ms) == 1)
            n = (uint16_t)(n + (cabin_seat_now(cabin, cabin->config.belt_seats[i], mono_ms) > 0));
    }
    return n;
}

enum bw_tri cabin_door_open(const struct cabin *cabin, int64_t mono_ms)
{
    bool all_closed = cabin->config.n_doors > 0;
    for (size_t i = 0; i < cabin->config.n_doors; i++) {
        const double value = cabin_value_now(cabin, &cabin->signals[CABIN_DOORS_AT + i], mono_ms);
        if (value == 1)
            return BW_YES;
        if (value == CABIN_UNKNOWN_VALUE)
            all_closed = false;
    }
    return all_closed ? BW_NO : BW_UNKNOWN;
}

enum bw_tri cabin_tri(const struct cabin *cabin, const struct cabin_signal *signal, int64_t mono_ms)
{
    const double value = cabin_value_now(cabin, signal, mono_ms);
    if (value == CABIN_UNKNOWN_VALUE)
        return BW_UNKNOWN;
    return value == 1 ? BW_YES : BW_NO;
}

void cabin_estimate(const struct cabin *cabin, int64_t mono_ms, struct bw_cabin *ret_state)
{
    const double wheel_kmh = cabin_value_now(cabin, &cabin->signals[CABIN_WHEEL_AT], mono_ms);
    *ret_state = (struct bw_cabin){
        .door_open = cabin_door_open(cabin, mono_ms),
        .ignition_on = cabin_tri(cabin, &cabin->signals[CABIN_IGNITION_AT], mono_ms),
        .main_power = cabin_tri(cabin, &cabin->signals[CABIN_POWER_AT], mono_ms),
        .antenna_ok = cabin_tri(cabin, &cabin->signals[CABIN_ANTENNA_AT], mono_ms),
        .belts = belts(cabin, mono_ms),
        .belted = belted(cabin, mono_ms),
        .seats_frozen = cabin_frozen(cabin),
        .seat_changes = cabin->seat_changes,
        .presses = cabin->presses,
        .wheel_known = wheel_kmh != CABIN_UNKNOWN_VALUE,
        .wheel_mps = fmax(wheel_kmh, 0) / KMH_PER_MPS,
    };
    cabin_fuse(cabin, mono_ms, ret_state);
}
