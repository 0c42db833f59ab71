/* The door counters, and what they and the seats say together.
 *
 * A counter misses some who pass, and counts some twice: each passage errs with a few per cent, so the sum
 * errs as the square root of the passages since the vehicle was provably empty (Poisson), and is known within
 * some deviations. Then it begins anew at 0. */
#include "gateway/cabin/inside.h"

#include <math.h>

static const double PASSAGE_ERROR = 0.03; /* of automatic passenger counters 2-3 % are wrong */
static const double DEVIATIONS = 1.5;
/* No more pass a door; a larger step is a garbled frame, or a counter that was set anew. */
static const double PASSES_PER_S = 3, PASSES_AT_ONCE = 5, PASSES_MAX = 200;
enum {
    LOOK_MS = 200,     /* hundreds of values come in a second */
    EMPTY_MS = 30000,  /* ignition off, doors closed, nobody sits */
    SETTLE_MS = 10000, /* after the doors have closed: who came in has sat down */
    DEAF_CHANGE = 4,   /* persons more or less on the seats after a stop at which no counter moved */
    DEAF_STOPS = 2,
    STANDING_FREE = 2, /* with more seats than these free, and than a tenth of all, nobody stands */
    STANDING_SHARE = 10,
};

static bool deaf(const struct cabin *cabin)
{
    return cabin->counting.deaf >= DEAF_STOPS;
}

static double most_passes(const struct cabin_tally *tally, int64_t mono_ms)
{
    const double passed_s = (double)(mono_ms - tally->mono_ms) / 1000;
    return fmin(PASSES_AT_ONCE + PASSES_PER_S * passed_s, PASSES_MAX);
}

void cabin_count(struct cabin *cabin, struct cabin_slot slot, double value, int64_t mono_ms)
{
    struct cabin_counting *counting = &cabin->counting;
    const bool in = slot.kind == CABIN_IN;
    struct cabin_tally *tally = in ? &counting->in[slot.index] : &counting->out[slot.index];
    const double range = cabin->config.counter_max[slot.index] + 1.0;
    const double step = value >= tally->last ? value - tally->last : value + range - tally->last;
    if (tally->known && (step > range / 2 || step > most_passes(tally, mono_ms))) {
        counting->zeroed = false; /* nobody knows what it missed */
    } else if (tally->known) {
        counting->passages += (uint32_t)step;
        *(in ? &counting->passed_in : &counting->passed_out) += (uint32_t)step;
        counting->balance += in ? (int32_t)step : -(int32_t)step;
    }
    tally->known = true;
    tally->last = value;
    tally->mono_ms = mono_ms;
}

static bool counters_speak(const struct cabin *cabin, int64_t mono_ms)
{
    bool known = cabin->config.n_counters > 0 && !deaf(cabin);
    for (size_t i = 0; i < cabin->config.n_counters; i++) {
        known &= cabin_value_now(cabin, &cabin->signals[CABIN_INS_AT + i], mono_ms) != CABIN_UNKNOWN_VALUE;
        known &= cabin_value_now(cabin, &cabin->signals[CABIN_OUTS_AT + i], mono_ms) != CABIN_UNKNOWN_VALUE;
    }
    return known;
}

static struct bw_counted counted(const struct cabin *cabin, int64_t mono_ms)
{
    const struct cabin_counting *counting = &cabin->counting;
    if (!counting->zeroed || !counters_speak(cabin, mono_ms))
        return (struct bw_counted){.known = false};
    const double passages = counting->passages - counting->passages_zeroed;
    const double error = ceil(DEVIATIONS * sqrt(PASSAGE_ERROR * passages));
    const double balance = counting->balance;
    return (struct bw_counted){.known = true,
                               .low = (uint16_t)fmax(balance - error, 0),
                               .count = (uint16_t)fmax(balance, 0),
                               .high = (uint16_t)fmax(balance + error, 0)};
}

/* --- when the count begins, and whether the counters hear at all --- */

static void begin_stop(struct cabin *cabin, int64_t mono_ms)
{
    const struct cabin_seated seated = cabin_seated(cabin, mono_ms);
    cabin->stop = (struct cabin_stop){.state = CABIN_STOP_OPEN,
                                      .seats_known = seated.quality == BW_QUALITY_GOOD,
                                      .seated = seated.low,
                                      .passages = cabin->counting.passages};
    cabin->use.stops++;
}

/* The seats say that several came or went, and the counters say nothing: they are broken or unplugged. */
static void judge_stop(struct cabin *cabin, int64_t mono_ms)
{
    const struct cabin_seated seated = cabin_seated(cabin, mono_ms);
    if (cabin->config.n_counters == 0 || !cabin->stop.seats_known || seated.quality != BW_QUALITY_GOOD)
        return;
    const int change = (int)seated.low - (int)cabin->stop.seated;
    const bool counted_any = cabin->counting.passages != cabin->stop.passages;
    if (counted_any && change != 0)
        cabin->counting.deaf = 0;
    else if (!counted_any && (change >= DEAF_CHANGE || change <= -DEAF_CHANGE) && !deaf(cabin))
        cabin->counting.deaf++;
}

static void watch_stop(struct cabin *cabin, int64_t mono_ms)
{
    struct cabin_stop *stop = &cabin->stop;
    const enum bw_tri open = cabin_door_open(cabin, mono_ms);
    if (open == BW_YES && stop->state == CABIN_STOP_NONE) {
        begin_stop(cabin, mono_ms);
    } else if (open == BW_YES) {
        stop->state = CABIN_STOP_OPEN;
    } else if (open == BW_UNKNOWN) {
        stop->state = CABIN_STOP_NONE;
    } else if (stop->state == CABIN_STOP_OPEN) {
        stop->state = CABIN_STOP_CLOSING;
        stop->closed_mono_ms = mono_ms;
    } else if (stop->state == CABIN_STOP_CLOSING && mono_ms - stop->closed_mono_ms >= SETTLE_MS) {
        stop->state = CABIN_STOP_NONE;
        judge_stop(cabin, mono_ms);
    }
}

static void zero(struct cabin_counting *counting)
{
    counting->zeroed = true;
    counting->balance = 0;
    counting->passages_zeroed = counting->passages;
}

/* Nobody sits, as far as the seats are to be believed, and nobody stands in a locked bus. */
static void watch_emptiness(struct cabin *cabin, int64_t mono_ms)
{
    struct cabin_counting *counting = &cabin->counting;
    bool empty = false;
    if (cabin_tri(cabin, &cabin->signals[CABIN_IGNITION_AT], mono_ms) == BW_NO &&
        cabin_door_open(cabin, mono_ms) == BW_NO) {
        const struct cabin_seated seated = cabin_seated(cabin, mono_ms);
        empty = seated.quality != BW_QUALITY_UNKNOWN && seated.empty + seated.stuck == cabin->config.n_seats;
    }
    if (!empty)
        counting->empty_mono_ms = 0;
    else if (counting->empty_mono_ms == 0)
        counting->empty_mono_ms = mono_ms;
    else if (mono_ms - counting->empty_mono_ms >= EMPTY_MS)
        zero(counting);
}

void cabin_settle(struct cabin *cabin, int64_t mono_ms)
{
    if (mono_ms - cabin->settled_mono_ms < LOOK_MS)
        return;
    cabin->settled_mono_ms = mono_ms;
    if (cabin->config.n_counters > 0)
        watch_emptiness(cabin, mono_ms);
    watch_stop(cabin, mono_ms);
}

void cabin_pressed(struct cabin *cabin, int64_t mono_ms)
{
    cabin->presses++;
    if (cabin_seated(cabin, mono_ms).low == 0 &&
        cabin_tri(cabin, &cabin->signals[CABIN_IGNITION_AT], mono_ms) == BW_NO)
        zero(&cabin->counting);
}

/* --- both together --- */

static uint16_t larger(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

static uint16_t smaller(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

static struct bw_occupancy both(const struct cabin_seated *seated, const struct bw_counted *doors, bool full)
{
    if (seated->quality == BW_QUALITY_UNKNOWN) /* one witness alone */
        return (struct bw_occupancy){BW_QUALITY_DEGRADED, doors->low, doors->count, doors->high};
    if (doors->high <
        seated->low) /* more sit than came in: bags, stuck pads, a boarding that was not counted */
        return (struct bw_occupancy){BW_QUALITY_DEGRADED, doors->high, seated->low, seated->high};
    if (doors->low > seated->high && !full) /* who has not sat down, with seats free? */
        return (struct bw_occupancy){BW_QUALITY_DEGRADED, seated->low, seated->high, doors->high};
    /* They agree; in a full bus also on those who stand. */
    struct bw_occupancy aboard = {.quality = seated->quality, .low = larger(doors->low, seated->low)};
    aboard.high = full ? larger(doors->high, seated->high) : smaller(doors->high, seated->high);
    /* The seats know better than the doors, where they know; but not who stands. */
    const bool seats_tell =
        seated->quality == BW_QUALITY_GOOD && (seated->empty > 0 || doors->count < seated->low);
    const uint16_t best = seats_tell ? seated->low : doors->count;
    aboard.count = smaller(larger(best, aboard.low), aboard.high);
    return aboard;
}

void cabin_fuse(const struct cabin *cabin, int64_t mono_ms, struct bw_cabin *ret_state)
{
    const size_t n = cabin->config.n_seats;
    const struct cabin_seated seated = cabin_seated(cabin, mono_ms);
    const struct bw_counted doors = counted(cabin, mono_ms);
    const bool few = seated.empty <= STANDING_FREE || seated.empty <= n / STANDING_SHARE;
    const bool full = few && 2 * seated.empty <= n; /* two free of three sensors are not few */
    ret_state->counted = doors;
    ret_state->passes_known = counters_speak(cabin, mono_ms);
    ret_state->passed_in = cabin->counting.passed_in;
    ret_state->passed_out = cabin->counting.passed_out;
    ret_state->counter_deaf = deaf(cabin);
    if (doors.known)
        ret_state->occupancy = both(&seated, &doors, full);
    else if (seated.quality != BW_QUALITY_UNKNOWN)
        ret_state->occupancy = (struct bw_occupancy){seated.quality, seated.low, seated.low, seated.high};
    else
        ret_state->occupancy = (struct bw_occupancy){.quality = BW_QUALITY_UNKNOWN};
}
