/* Seats, belts, doors, ignition, supply, antenna and wheels -> how many are aboard, how many of them without
 * a belt, and how far that may be trusted.
 *
 * Pure: no clock, no I/O, no heap; the caller owns the struct. A seat is a sensor: a single seat that is
 * empty or occupied, or a bench that counts. Every signal is three-valued: what was not heard for
 * freshness_ms, or was never heard, or says nothing sensible, is unknown: a silent bus is a fault, never an
 * empty bus. */
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
};

/* From CABIN_IGNITION on a vehicle has at most one of each. */
enum cabin_kind {
    CABIN_SEAT,     /* persons on it */
    CABIN_BELT,     /* 1 = fastened, 0 = open (VSS IsBelted) */
    CABIN_DOOR,     /* 1 = open */
    CABIN_IGNITION, /* 1 = on */
    CABIN_POWER,    /* 1 = the vehicle's own supply is there */
    CABIN_ANTENNA,  /* 1 = the receiver's antenna is good, 0 = open or short */
    CABIN_WHEEL,    /* speed by the wheels in km/h, as VSS Vehicle.Speed */
    CABIN_KINDS
};

/* No school vehicle is as fast: beyond it lies what a bus says that does not know. */
static const double CABIN_WHEEL_MAX_KMH = 200;

/* Where a signal's values go: the index-th seat, belt or door. mapping.h makes them from names. */
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
    int64_t freshness_ms; /* 0 = CABIN_FRESHNESS_DEFAULT_MS */
};

/* The last word of one signal. */
struct cabin_signal {
    bool known; /* it was heard, and made sense */
    int64_t mono_ms;
    double value;
};

struct cabin {
    struct cabin_config config;
    struct cabin_signal seats[CABIN_SEATS_MAX], belts[CABIN_SEATS_MAX], doors[CABIN_DOORS_MAX];
    struct cabin_signal ignition, power, antenna, wheel;
    uint64_t refused; /* values that were no integer (but of the wheels), negative or too large */
};

/* 0, or -EINVAL (and nothing written) when a count, a seat's capacity or a belt's seat is out of range. */
int cabin_init(struct cabin *ret_cabin, const struct cabin_config *config);

/* One value of one signal, as enum cabin_kind says. 0; -ERANGE when it is no such value: counted, and the
 * signal unknown until the next good one; -EINVAL when there is no such slot. */
int cabin_update(struct cabin *cabin, struct cabin_slot slot, double value, int64_t mono_ms);

/* As of mono_ms. low counts the known seats; high adds the capacity of the unknown ones; count, the best
 * estimate, is low: nobody is guessed aboard. Quality is GOOD when every seat is known, DEGRADED when some
 * are not, UNKNOWN (and all numbers 0) when more than half are not or there is no seat. door_open is YES when
 * any door is open, NO when all are known to be closed, else UNKNOWN.
 *
 * Belts: nobody is unbelted on an empty seat, or on one whose belt is fastened. Persons on a seat whose belt
 * is open count; of a bench that has one signal for all of its belts 1 for certain, all of them in high.
 * Where the seat, the belt or both are unknown, those that may be there count in high alone. Quality goes by
 * the belts as that of the occupancy goes by the seats: one is known when what is known of it and of its seat
 * suffices. */
void cabin_estimate(const struct cabin *cabin, int64_t mono_ms, struct bw_cabin *ret_state);

#endif
