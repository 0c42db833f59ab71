/* Names of signals -> slots of the cabin. Pure; the caller owns the struct.
 *
 * Two ways of naming the same places, which may be mixed:
 *
 *   in a configuration               in a DBC file, by convention     what
 *   seat.row3.left.occupied          SEAT_R3L_OCC                     the seat or bench at the left of row 3
 *   seat.row3.left2.occupied         SEAT_R3L2_OCC                    the second one there, from the window
 *   seat.row1.middle.occupied        SEAT_R1M_OCC                     right: R
 *   seat.row3.left.belted            SEAT_R3L_BELT                    the belt of that seat or bench
 *   door.front.open                  DOOR_FRONT_OPEN                  any name of letters, digits and '_'
 *   door.front.in                    DOOR_FRONT_IN                    persons that came in there, counted
 *   door.front.out                   DOOR_FRONT_OUT                   and that got off: always both
 *   ignition.on                      IGN_ON or IGNITION_ON
 *   power.main                       POWER_MAIN                       the vehicle's own supply
 *   gnss.antenna                     GNSS_ANTENNA                     of the receiver
 *   vehicle.speed                    VEHICLE_SPEED                    by the wheels
 *   attendant.button                 ATTENDANT_BUTTON                 at the back: pressed after looking
 *
 * Rows are 1..99, places 1..9 (none is 1). What the values mean: enum cabin_kind. A DBC file that keeps to
 * the convention needs no mapping at all. */
#ifndef BUSWARDEN_MAPPING_H
#define BUSWARDEN_MAPPING_H

#include "gateway/cabin/occupancy.h"

enum { CABIN_DOOR_NAME_LEN = 32 };

struct cabin_map {
    size_t n_seats, n_belts, n_doors, n_counters;
    bool has[CABIN_KINDS]; /* of those that there is only one of */
    struct cabin_place {
        unsigned row, side, place;
    } seats[CABIN_SEATS_MAX], belts[CABIN_SEATS_MAX];
    char doors[CABIN_DOORS_MAX][CABIN_DOOR_NAME_LEN]; /* in lower case */
    struct cabin_counter_name {
        char door[CABIN_DOOR_NAME_LEN];
        bool in, out;
    } counters[CABIN_DOORS_MAX];
};

void cabin_map_init(struct cabin_map *ret_map);

/* Give the named place the next slot of its kind. 0; -ENOENT when the name is not of that form; -EEXIST when
 * the place has a slot already (two signals for one seat: one would hide the other); -ENOSPC when there is no
 * slot left. */
int cabin_map_name(struct cabin_map *map, const char *name, struct cabin_slot *ret_slot);
int cabin_map_signal(struct cabin_map *map, const char *dbc_name, struct cabin_slot *ret_slot);

/* The seat of the belt-th belt, once all names are mapped. 0, or -ENOENT when it has no signal: such a belt
 * says nothing, since nobody may sit there. */
int cabin_map_belt_seat(const struct cabin_map *map, size_t belt, uint8_t *ret_seat);

/* The counter of the door-th door, once all names are mapped; CABIN_NOT_COUNTED none. */
uint8_t cabin_map_door_counter(const struct cabin_map *map, size_t door);
/* A counter that has one direction alone: nothing can be counted with it. NULL, or the name of its door. */
const char *cabin_map_half_counter(const struct cabin_map *map);

/* What a seat can say, from its signal: `maximum` of the DBC file (0 = not stated) and its length in bits.
 * One bit is empty or occupied; of more bits all ones means unknown, unless it is within the maximum. */
struct cabin_seat cabin_seat_of(double maximum, unsigned length_bits);

#endif
