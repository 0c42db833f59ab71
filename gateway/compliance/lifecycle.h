/* The life of an alert as a pure state machine: clear -> pending -> active -> clearing, with hysteresis in
 * time. */
#ifndef BUSWARDEN_LIFECYCLE_H
#define BUSWARDEN_LIFECYCLE_H

#include "proto/model.h"

enum lifecycle_state { LIFECYCLE_CLEAR, LIFECYCLE_PENDING, LIFECYCLE_ACTIVE, LIFECYCLE_CLEARING };
enum lifecycle_action { LIFECYCLE_NONE, LIFECYCLE_RAISE, LIFECYCLE_END };

struct lifecycle {
    enum lifecycle_state state;
    bool raised;            /* ever */
    int64_t since_mono_ms;  /* of the present state */
    int64_t seen_mono_ms;   /* of the last step */
    int64_t raised_mono_ms; /* the last time */
};

struct lifecycle_times {
    uint32_t hold_ms;     /* a violation this long is raised */
    uint32_t clear_ms;    /* none this long ends the alert */
    uint32_t hold_off_ms; /* no second RAISE within it: never a flood */
};

/* A violation seen before a longer silence and after it did not hold in between. */
enum { LIFECYCLE_SILENCE_MS = 60000 };

/* A step has nothing to do: clear, and not violated. What a rule sees nearly always, and may ask first. */
static inline bool lifecycle_idle(const struct lifecycle *life, enum bw_tri violated)
{
    return life->state == LIFECYCLE_CLEAR && violated != BW_YES;
}

/* violated: YES, NO, or UNKNOWN when the inputs do not tell. Unknown never raises (a pending alert is
 * forgotten) and never clears (a clearing one is active again). After LIFECYCLE_SILENCE_MS without a step the
 * hold begins anew. A violation that goes on when the hold-off ends is raised then. */
enum lifecycle_action lifecycle_step(struct lifecycle *life, enum bw_tri violated, int64_t mono_ms,
                                     struct lifecycle_times times);

#endif
