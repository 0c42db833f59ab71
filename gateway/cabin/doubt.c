/* Which seats are not believed, and which signals lie all together.
 *
 * A pad that sticks and a bag look like a pupil who never gets up: found out where everybody else has come
 * and gone, twice from one use of the vehicle to the next, or in a bus that stood locked for hours. A change
 * mends a seat at once: what moves is not stuck. */
#include "gateway/cabin/inside.h"

#include <math.h>

enum {
    PAUSE_MS = 600000, /* ignition off for shorter belongs to the use: a stop at a shop, a stalled engine */
    LOCKED_MS = 4 * 3600000, /* ignition off: nobody sits still for so long */
    STILL_TRIPS = 2,
    OTHERS_CHANGED = 4, /* seats, so that a use was a trip with passengers */
    BELTED_MS = 5000,   /* from a belt's click to the pad's answer, and more */
    FROZEN_STOPS = 2,
    FROZEN_SEATS = 3, /* occupied all the time: a bus that is driven empty for days has changed none, too */
    FROZEN_USES = 4,
};

bool cabin_restless(const struct cabin_signal *signal, int64_t mono_ms)
{
    const double drained = (double)(mono_ms - signal->changed_mono_ms) / CABIN_RESTLESS_MS;
    return signal->unrest - drained >= CABIN_RESTLESS_CHANGES;
}

enum cabin_doubt cabin_seat_doubt(const struct cabin *cabin, size_t index, int64_t mono_ms)
{
    const struct cabin_seat_watch *watched = &cabin->watched[index];
    if (watched->stuck)
        return CABIN_STUCK;
    if (cabin_restless(&cabin->signals[CABIN_SEATS_AT + index], mono_ms))
        return CABIN_RESTLESS;
    return watched->belted && mono_ms - watched->belted_mono_ms >= BELTED_MS ? CABIN_BELTED : CABIN_TRUSTED;
}

void cabin_doubt_seat(struct cabin *cabin, size_t index, bool changed, int64_t mono_ms)
{
    const struct cabin_signal *seat = &cabin->signals[CABIN_SEATS_AT + index];
    struct cabin_seat_watch *watched = &cabin->watched[index];
    const struct cabin_use *use = &cabin->use;
    if (changed) {
        watched->stuck = false;
        watched->still_trips = 0;
        cabin->seat_changes += !cabin_restless(seat, mono_ms);
    }
    if (seat->value == 0)
        return;
    watched->belted = false; /* the pad has seen who fastened it */
    if (use->known && !use->on && mono_ms - use->off_mono_ms >= LOCKED_MS &&
        mono_ms - seat->changed_mono_ms >= LOCKED_MS)
        watched->stuck = true;
}

void cabin_doubt_belt(struct cabin *cabin, size_t belt, bool changed, int64_t mono_ms)
{
    const uint8_t seat = cabin->config.belt_seats[belt];
    struct cabin_seat_watch *watched = &cabin->watched[seat];
    if (cabin->signals[CABIN_BELTS_AT + belt].value == 0) {
        watched->belted = false;
    } else if (changed && cabin_value_now(cabin, &cabin->signals[CABIN_SEATS_AT + seat], mono_ms) == 0) {
        watched->belted = true;
        watched->belted_mono_ms = mono_ms;
    }
}

static bool changed_since(const struct cabin_signal *seat, int64_t mono_ms)
{
    return seat->changes > 0 && seat->changed_mono_ms >= mono_ms;
}

/* The seats as they were during the use that is over, and the pause after it. */
static void judge_use(struct cabin *cabin)
{
    struct cabin_use *use = &cabin->use;
    const size_t n = cabin->config.n_seats;
    size_t n_changed = 0, n_occupied = 0;
    for (size_t i = 0; i < n; i++) {
        n_changed += changed_since(&cabin->signals[CABIN_SEATS_AT + i], use->since_mono_ms);
        n_occupied += cabin->signals[CABIN_SEATS_AT + i].value > 0;
    }
    for (size_t i = 0; i < n; i++) {
        struct cabin_seat_watch *watched = &cabin->watched[i];
        const bool still = cabin->signals[CABIN_SEATS_AT + i].value > 0 &&
                           !changed_since(&cabin->signals[CABIN_SEATS_AT + i], use->since_mono_ms);
        if (!still || n_changed < OTHERS_CHANGED)
            continue;
        watched->still_trips = (uint8_t)(watched->still_trips + !watched->stuck);
        watched->stuck |= watched->still_trips >= STILL_TRIPS;
    }
    if (n_changed > 0)
        use->frozen = 0;
    else if (use->stops >= FROZEN_STOPS && n_occupied >= FROZEN_SEATS && use->frozen < FROZEN_USES)
        use->frozen++;
}

bool cabin_frozen(const struct cabin *cabin)
{
    return cabin->use.frozen >= FROZEN_USES;
}

void cabin_doubt_ignition(struct cabin *cabin, int64_t mono_ms)
{
    struct cabin_use *use = &cabin->use;
    const bool on = cabin->signals[CABIN_IGNITION_AT].value == 1;
    if (!on && (use->on || !use->known)) {
        use->off_mono_ms = mono_ms;
    } else if (on && !use->known) {
        use->since_mono_ms = mono_ms;
    } else if (on && !use->on && mono_ms - use->off_mono_ms >= PAUSE_MS) {
        judge_use(cabin);
        use->since_mono_ms = mono_ms;
        use->stops = 0;
    }
    use->known = true;
    use->on = on;
}
