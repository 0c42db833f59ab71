#include "gateway/compliance/lifecycle.h"

/* Where each state goes on NO, YES and UNKNOWN; going from PENDING to ACTIVE, and from CLEARING to CLEAR,
 * takes time. */
static const enum lifecycle_state next[4][3] = {
    [LIFECYCLE_CLEAR] =
        {[BW_UNKNOWN] = LIFECYCLE_CLEAR, [BW_NO] = LIFECYCLE_CLEAR, [BW_YES] = LIFECYCLE_PENDING},
    [LIFECYCLE_PENDING] =
        {[BW_UNKNOWN] = LIFECYCLE_CLEAR, [BW_NO] = LIFECYCLE_CLEAR, [BW_YES] = LIFECYCLE_PENDING},
    [LIFECYCLE_ACTIVE] =
        {[BW_UNKNOWN] = LIFECYCLE_ACTIVE, [BW_NO] = LIFECYCLE_CLEARING, [BW_YES] = LIFECYCLE_ACTIVE},
    [LIFECYCLE_CLEARING] =
        {[BW_UNKNOWN] = LIFECYCLE_ACTIVE, [BW_NO] = LIFECYCLE_CLEARING, [BW_YES] = LIFECYCLE_ACTIVE},
};

static void enter(struct lifecycle *life, enum lifecycle_state state, int64_t mono_ms)
{
    if (life->state == state)
        return;
    life->state = state;
    life->since_mono_ms = mono_ms;
}

enum lifecycle_action lifecycle_step(struct lifecycle *life, enum bw_tri violated, int64_t mono_ms,
                                     struct lifecycle_times times)
{
    if (life->state == LIFECYCLE_CLEAR && violated != BW_YES)
        return LIFECYCLE_NONE; /* nearly always */
    if (life->state == LIFECYCLE_PENDING && mono_ms - life->seen_mono_ms > LIFECYCLE_SILENCE_MS)
        enter(life, LIFECYCLE_CLEAR, mono_ms);
    life->seen_mono_ms = mono_ms;
    if (life->state == LIFECYCLE_ACTIVE &&
        !life->raised) { /* taken up from before: as if it were raised now */
        life->raised = true;
        life->raised_mono_ms = mono_ms;
    }
    enter(life, next[life->state][violated], mono_ms);
    const int64_t held_ms = mono_ms - life->since_mono_ms;
    const bool held_off = life->raised && mono_ms - life->raised_mono_ms < times.hold_off_ms;
    if (life->state == LIFECYCLE_PENDING && held_ms >= times.hold_ms && !held_off) {
        enter(life, LIFECYCLE_ACTIVE, mono_ms);
        life->raised = true;
        life->raised_mono_ms = mono_ms;
        return LIFECYCLE_RAISE;
    }
    if (life->state == LIFECYCLE_CLEARING && held_ms >= times.clear_ms) {
        enter(life, LIFECYCLE_CLEAR, mono_ms);
        return LIFECYCLE_END;
    }
    return LIFECYCLE_NONE;
}
