/* Seats, doors and ignition -> how many are aboard, and how far that may be trusted.
 *
 * Pure: no clock, no I/O, no heap; the caller owns the struct. A seat is a sensor: a single seat that is
 * empty or occupied, or a bench that counts. It is three-valued: what was not heard for freshness_ms, or was
 * never heard, or says nothing sensible, is unknown: a silent bus is a fault, never an empty bus. */
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

enum cabin_kind { CABIN_SEAT, CABIN_DOOR, CABIN_IGNITION };

/* Where a signal's values go: the index-th seat or door. mapping.h makes them from names. */
struct cabin_slot {
    enum cabin_kind kind;
    uint8_t index; /* 0 for the ignition */
};

struct cabin_seat {
    uint8_t capacity;      /* persons that it can report, 1..255 */
    int16_t unknown_value; /* with which it says that it does not know (7 of a bench with 3 bits); -1 none */
};

struct cabin_config {
    size_t n_seats;
    struct cabin_seat seats[CABIN_SEATS_MAX];
    size_t n_doors;
    int64_t freshness_ms; /* 0 = CABIN_FRESHNESS_DEFAULT_MS */
};

/* The last word of one signal. */
struct cabin_signal {
    int64_t mono_ms;
    int16_t value; /* < 0 unknown */
};

struct cabin {
    struct cabin_config config;
    struct cabin_signal seats[CABIN_SEATS_MAX], doors[CABIN_DOORS_MAX], ignition;
    uint64_t refused; /* values that were no integer, negative or too large */
};

/* 0, or -EINVAL (and nothing written) when a count or a seat's capacity is out of range. */
int cabin_init(struct cabin *ret_cabin, const struct cabin_config *config);

/* One value of one signal: persons on a seat; 1 = open or on, 0 = not, of doors and ignition. 0; -ERANGE when
 * it is no such value: counted, and the signal unknown until the next good one; -EINVAL when there is no such
 * slot. */
int cabin_update(struct cabin *cabin, struct cabin_slot slot, double value, int64_t mono_ms);

/* As of mono_ms. low counts the known seats; high adds the capacity of the unknown ones; count, the best
 * estimate, is low: nobody is guessed aboard. Quality is GOOD when every seat is known, DEGRADED when some
 * are not, UNKNOWN (and all numbers 0) when more than half are not or there is no seat. door_open is YES when
 * any door is open, NO when all are known to be closed, else UNKNOWN. */
void cabin_estimate(const struct cabin *cabin, int64_t mono_ms, struct bw_cabin *ret_state);

#endif
