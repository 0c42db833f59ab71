/* Inside of the cabin: what occupancy.c, doubt.c and counting.c share. */
#ifndef BUSWARDEN_CABIN_INSIDE_H
#define BUSWARDEN_CABIN_INSIDE_H

#include "gateway/cabin/occupancy.h"

static const double CABIN_UNKNOWN_VALUE = -1; /* no signal may say so */

/* What a signal says now; CABIN_UNKNOWN_VALUE when that is not known. */
double cabin_value_now(const struct cabin *cabin, const struct cabin_signal *signal, int64_t mono_ms);
enum bw_tri cabin_tri(const struct cabin *cabin, const struct cabin_signal *signal, int64_t mono_ms);
enum bw_tri cabin_door_open(const struct cabin *cabin, int64_t mono_ms);

/* Who sits, as far as the seats are believed. */
struct cabin_seated {
    enum bw_quality quality;
    uint16_t low, high;
    size_t empty; /* seats that are known to be */
    size_t stuck; /* seats that are not believed because they are */
};
struct cabin_seated cabin_seated(const struct cabin *cabin, int64_t mono_ms);
/* What one seat says, CABIN_UNKNOWN_VALUE also when it is not believed. */
double cabin_seat_now(const struct cabin *cabin, size_t index, int64_t mono_ms);

/* doubt.c: after each value of a seat, a belt, the ignition; `changed`: it had another before. */
void cabin_doubt_seat(struct cabin *cabin, size_t index, bool changed, int64_t mono_ms);
void cabin_doubt_belt(struct cabin *cabin, size_t belt, bool changed, int64_t mono_ms);
void cabin_doubt_ignition(struct cabin *cabin, int64_t mono_ms);
bool cabin_frozen(const struct cabin *cabin);

/* counting.c: after each value of a counter, and of any signal at all. */
void cabin_count(struct cabin *cabin, struct cabin_slot slot, double value, int64_t mono_ms);
void cabin_settle(struct cabin *cabin, int64_t mono_ms);
void cabin_pressed(struct cabin *cabin, int64_t mono_ms);
/* Both together: occupancy, and what the counters alone make certain. */
void cabin_fuse(const struct cabin *cabin, int64_t mono_ms, struct bw_cabin *ret_state);

#endif
