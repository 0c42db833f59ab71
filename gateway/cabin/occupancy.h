/* Seats, belts, doors and their counters, ignition, supply, antenna, wheels and the attendant's button -> how
 * many are aboard, how many of them without a belt, and how far that may be trusted.
 *
 * Pure: no clock, no I/O, no heap; the caller owns the struct. A seat is a sensor: a single seat that is
 * empty or occupied, or a bench that counts. Every signal is three-valued: what was not heard for
 * freshness_ms, or was never heard, or says nothing sensible, is unknown: a silent bus is a fault, never an
 * empty bus. What a seat says is not always believed (doubt.h), and those who stand are known from the door
 * counters alone (counting.h). */
#ifndef BUSWARDEN_OCCUPANCY_H
#define BUSWARDEN_OCCUPANCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/compliance/event.h"

enum {
    CABIN_SEATS_MAX = 96,
    CABIN_DOORS_MAX = 8,
    CABIN_FRESHNESS_DEFAULT_MS = 3000, /* not beyond OVERLOAD's hold: one frame alone must not outlast it */
    CABIN_NO_UNKNOWN_VALUE = -1,
    CABIN_NOT_COUNTED = 0xff,
    CABIN_COUNTER_MAX_LEAST = 15, /* a counter that begins anew sooner hides who came in */
};

/* From CABIN_IGNITION on a vehicle has at most one of each. */
enum cabin_kind {
    CABIN_SEAT, /* persons on it */
    CABIN_BELT, /* 1 = fastened, 0 = open (VSS IsBelted) */
    CABIN_DOOR, /* 1 = open */
    CABIN_IN,   /* persons that came in by a door, counted since whenever; begins anew at 0 when it is full */
    CABIN_OUT,  /* the same of those who got off */
    CABIN_IGNITION, /* 1 = on */
    CABIN_POWER,    /* 1 = the vehicle's own supply is there */
    CABIN_ANTENNA,  /* 1 = the receiver's antenna is good, 0 = open or short */
    CABIN_WHEEL,    /* speed by the wheels in km/h, as VSS Vehicle.Speed */
    CABIN_BUTTON, /* 1 = pressed: at the back of the vehicle, by the attendant who has looked at every seat */
    CABIN_KINDS
};

/* No school vehicle is as fast: beyond it lies what a bus says that does not know. */
static const double CABIN_WHEEL_MAX_KMH = 200;

/* A person fidgets, a loose plug flickers: a signal that has changed this often, less one change in each
 * CABIN_RESTLESS_MS, is restless until it has been quiet for as long as that takes. */
static const double CABIN_RESTLESS_CHANGES = 20, CABIN_RESTLESS_MS = 3000;

/* Where a signal's values go: the index-th seat, belt, door or counter. mapping.h makes them from names. */
struct cabin_slot {
    enum cabin_kind kind;
    uint8_t index; /* 0 for those that there is only one of */
};

struct cabin_seat {
    uint8_t capacity;      /* persons that it can report, 1..255 */
    int16_t unknown_value; /* with which it says that it does not know (7 of a bench with 3 bits); -1 none */
};

struct cabin_config {
    size_t n_seats;
    struct cabin_seat seats[CABIN_SEATS_MAX];
    size_t n_belts;
    uint8_t belt_seats[CABIN_SEATS_MAX]; /* the seat of each belt; no two have the same */
    size_t n_doors;
    uint8_t door_counters[CABIN_DOORS_MAX]; /* of each door; CABIN_NOT_COUNTED */
    size_t n_counters;                      /* each counts in and out */
    uint32_t
        counter_max[CABIN_DOORS_MAX]; /* the largest number that it can show, CABIN_COUNTER_MAX_LEAST.. */
    int64_t freshness_ms;             /* 0 = CABIN_FRESHNESS_DEFAULT_MS */
};

/* The last word of one signal, and what it said before. */
struct cabin_signal {
    bool known; /* it was heard, and made sense */
    int64_t mono_ms;
    double value; /* the last that was known */
    bool had_value;
    int64_t changed_mono_ms; /* from one known value to another; 0 = never */
    uint32_t changes;
    double unrest; /* changes, less those that have drained away */
};

/* Why a seat's word is not taken although it speaks. */
enum cabin_doubt {
    CABIN_TRUSTED,
    CABIN_STUCK,    /* occupied without a change where everybody else came and went, or in a locked bus */
    CABIN_RESTLESS, /* a loose plug: neither of the two things that it says */
    CABIN_BELTED,   /* empty, but somebody has fastened its belt */
};

struct cabin_seat_watch {
    bool stuck;
    uint8_t still_trips; /* whole trips with it occupied and unchanged, one after the other */
    bool belted;         /* fastened while it was empty */
    int64_t belted_mono_ms;
};

/* From the ignition to the ignition; a pause of some minutes does not end it. */
struct cabin_use {
    bool known, on;
    int64_t since_mono_ms, off_mono_ms;
    unsigned stops;          /* during it */
    unsigned frozen;         /* uses in a row, each with stops, in which no seat has changed */
    uint32_t changes_before; /* of all seats, when it began */
};

/* A door stands open, or has just been closed. */
struct cabin_stop {
    enum { CABIN_STOP_NONE, CABIN_STOP_OPEN, CABIN_STOP_CLOSING } state;
    int64_t closed_mono_ms;
    bool seats_known;
    uint16_t seated;   /* before */
    uint32_t passages; /* before */
};

struct cabin_counting {
    struct cabin_tally {
        bool known;
        double last;
        int64_t mono_ms; /* when it was heard */
    } in[CABIN_DOORS_MAX], out[CABIN_DOORS_MAX];
    bool zeroed;       /* the bus was provably empty, and nothing has broken the count since */
    int32_t balance;   /* came in less got off since then; below 0 when somebody was missed */
    uint32_t passages; /* in and out since the start */
    uint32_t passed_in, passed_out;
    uint32_t passages_zeroed;
    int64_t empty_mono_ms; /* since when it looks empty; 0 = it does not */
    unsigned deaf;         /* stops at which the seats changed and no counter did, one after the other */
};

/* Where the signals of each kind begin. */
enum {
    CABIN_SEATS_AT = 0,
    CABIN_BELTS_AT = CABIN_SEATS_AT + CABIN_SEATS_MAX,
    CABIN_DOORS_AT = CABIN_BELTS_AT + CABIN_SEATS_MAX,
    CABIN_INS_AT = CABIN_DOORS_AT + CABIN_DOORS_MAX,
    CABIN_OUTS_AT = CABIN_INS_AT + CABIN_DOORS_MAX,
    CABIN_IGNITION_AT = CABIN_OUTS_AT + CABIN_DOORS_MAX,
    CABIN_POWER_AT,
    CABIN_ANTENNA_AT,
    CABIN_WHEEL_AT,
    CABIN_BUTTON_AT,
    CABIN_SIGNALS
};

struct cabin {
    struct cabin_config config;
    struct cabin_signal signals[CABIN_SIGNALS];
    uint64_t refused; /* values that were no integer (but of the wheels), negative or too large */
    struct cabin_seat_watch watched[CABIN_SEATS_MAX];
    struct cabin_use use;
    struct cabin_stop stop;
    struct cabin_counting counting;
    int64_t settled_mono_ms;
    uint32_t seat_changes, presses;
};

/* 0, or -EINVAL (and nothing written) when a count, a seat's capacity, a belt's seat or a counter is out of
 * range. */
int cabin_init(struct cabin *ret_cabin, const struct cabin_config *config);

/* One value of one signal, as enum cabin_kind says. 0; -ERANGE when it is no such value: counted, and the
 * signal unknown until the next good one; -EINVAL when there is no such slot. */
int cabin_update(struct cabin *cabin, struct cabin_slot slot, double value, int64_t mono_ms);

/* As of mono_ms.
 *
 * By the seats: low counts those that are known and believed; high adds the capacity of the others; count is
 * low. Quality is GOOD when every seat is known, DEGRADED when some are not, UNKNOWN (and all numbers 0) when
 * more than half are not or there is no seat.
 *
 * With door counters that count from a bus that was provably empty, both are one estimate (counting.h):
 * low is what neither can deny, count what fits both best, high what neither can exclude. Quality is DEGRADED
 * while they contradict one another, or when the counters are all there is.
 *
 * door_open is YES when any door is open, NO when all are known to be closed, else UNKNOWN.
 *
 * Belts: nobody is unbelted on an empty seat, or on one whose belt is fastened. Persons on a seat whose belt
 * is open count; of a bench that has one signal for all of its belts 1 for certain, all of them in high.
 * Where the seat, the belt or both are unknown, those that may be there count in high alone. Quality goes by
 * the belts as that of the occupancy goes by the seats: one is known when what is known of it and of its seat
 * suffices. */
void cabin_estimate(const struct cabin *cabin, int64_t mono_ms, struct bw_cabin *ret_state);

/* Why the index-th seat is not believed now. */
enum cabin_doubt cabin_seat_doubt(const struct cabin *cabin, size_t index, int64_t mono_ms);
/* The word of a slot; NULL when there is none. */
const struct cabin_signal *cabin_signal_of(const struct cabin *cabin, struct cabin_slot slot);
/* It changes without end. */
bool cabin_restless(const struct cabin_signal *signal, int64_t mono_ms);

#endif
