/* Names of signals to slots. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "gateway/cabin/mapping.h"

typedef int (*map_fn)(struct cabin_map *, const char *, struct cabin_slot *);

static const map_fn ways[] = {cabin_map_name, cabin_map_signal};

/* The same places in both ways of naming, mapped one after the other. */
static const struct {
    const char *name[2];
    struct cabin_slot slot;
} places[] = {
    {{"seat.row1.left.occupied", "SEAT_R1L_OCC"}, {CABIN_SEAT, 0}},
    {{"seat.row1.middle.occupied", "SEAT_R1M_OCC"}, {CABIN_SEAT, 1}},
    {{"seat.row1.right.occupied", "SEAT_R1R_OCC"}, {CABIN_SEAT, 2}},
    {{"seat.row1.left2.occupied", "SEAT_R1L2_OCC"}, {CABIN_SEAT, 3}},
    {{"seat.row99.right9.occupied", "SEAT_R99R9_OCC"}, {CABIN_SEAT, 4}},
    {{"door.front.open", "DOOR_FRONT_OPEN"}, {CABIN_DOOR, 0}},
    {{"door.rear.open", "DOOR_REAR_OPEN"}, {CABIN_DOOR, 1}},
    {{"door.emergency_2.open", "DOOR_EMERGENCY_2_OPEN"}, {CABIN_DOOR, 2}},
    {{"ignition.on", "IGN_ON"}, {CABIN_IGNITION, 0}},
    {{"seat.row1.right.belted", "SEAT_R1R_BELT"}, {CABIN_BELT, 0}},
    {{"seat.row99.right9.belted", "SEAT_R99R9_BELT"}, {CABIN_BELT, 1}},
    {{"power.main", "POWER_MAIN"}, {CABIN_POWER, 0}},
    {{"gnss.antenna", "GNSS_ANTENNA"}, {CABIN_ANTENNA, 0}},
    {{"vehicle.speed", "VEHICLE_SPEED"}, {CABIN_WHEEL, 0}},
    {{"attendant.button", "ATTENDANT_BUTTON"}, {CABIN_BUTTON, 0}},
    {{"door.front.in", "DOOR_FRONT_IN"}, {CABIN_IN, 0}},
    {{"door.rear.out", "DOOR_REAR_OUT"}, {CABIN_OUT, 1}},
    {{"door.front.out", "DOOR_FRONT_OUT"}, {CABIN_OUT, 0}},
    {{"door.rear.in", "DOOR_REAR_IN"}, {CABIN_IN, 1}},
};
enum { N_PLACES = sizeof places / sizeof places[0] };

Test(cabin_mapping, each_place_gets_the_next_slot_of_its_kind)
{
    for (size_t way = 0; way < 2; way++) {
        struct cabin_map map;
        cabin_map_init(&map);
        for (size_t i = 0; i < N_PLACES; i++) {
            struct cabin_slot slot = {0};
            cr_expect_eq(ways[way](&map, places[i].name[way], &slot), 0, "%s", places[i].name[way]);
            cr_expect_eq(slot.kind, places[i].slot.kind, "%s", places[i].name[way]);
            cr_expect_eq(slot.index, places[i].slot.index, "%s", places[i].name[way]);
        }
        cr_expect_eq(map.n_seats, 5);
        cr_expect_eq(map.n_doors, 3);
        cr_expect_eq(map.n_belts, 2);
        cr_expect_eq(map.n_counters, 2);
        cr_expect_null(cabin_map_half_counter(&map));
        cr_expect_eq(cabin_map_door_counter(&map, 0), 0);
        for (size_t kind = CABIN_IGNITION; kind < CABIN_KINDS; kind++)
            cr_expect(map.has[kind], "kind %zu", kind);
    }
}

Test(cabin_mapping, a_place_is_taken_once_whichever_way_it_is_named)
{
    for (size_t way = 0; way < 2; way++) {
        struct cabin_map map;
        struct cabin_slot slot;
        cabin_map_init(&map);
        for (size_t i = 0; i < N_PLACES; i++)
            cr_assert_eq(ways[way](&map, places[i].name[way], &slot), 0);
        for (size_t i = 0; i < N_PLACES; i++) {
            cr_expect_eq(cabin_map_name(&map, places[i].name[0], &slot), -EEXIST, "%s", places[i].name[0]);
            cr_expect_eq(cabin_map_signal(&map, places[i].name[1], &slot), -EEXIST, "%s", places[i].name[1]);
        }
        cr_expect_eq(cabin_map_signal(&map, "SEAT_R1L1_OCC", &slot), -EEXIST,
                     "the first place has no number");
        cr_expect_eq(cabin_map_signal(&map, "IGNITION_ON", &slot), -EEXIST);
    }
}

Test(cabin_mapping, other_names_are_no_places)
{
    static const char *const names[] = {
        "",
        "seat.row.left.occupied",
        "seat.row0.left.occupied",
        "seat.row100.left.occupied",
        "seat.row/.left.occupied",
        "seat.row:.left.occupied",
        "seat.row9/.left.occupied",
        "seat.row9:.left.occupied",
        "seat.row4294967297.left.occupied",
        "seat.row1.centre.occupied",
        "seat.row1.left0.occupied",
        "seat.row1.left10.occupied",
        "seat.row1.left.occupiedx",
        "seat.row1.left",
        "door..open",
        "door.front.closed",
        "door.fr ont.open",
        "door. front.open",
        "door.this_name_is_of_thirty-two_letter.open",
        "door.this_name_is_of_thirty_two_letts.open",
        "door.fr/ont.open", /* just before 0 */
        "door.fr:ont.open", /* just after 9 */
        "door.fr@ont.open", /* just before A */
        "door.fr[ont.open", /* just after Z */
        "door.fr`ont.open", /* just before a */
        "door.fr{ont.open", /* just after z */
        "door.门.open",
        "door.a_name_that_is_longer_than_31_letters.open",
        "ignition.off",
        "SEAT_R1_OCC",
        "SEAT_R1X_OCC",
        "SEAT_R01L_OCC",
        "SEAT_R1L_OCCUPIED",
        "DOOR__OPE",
        "DOOR_OPEN",
        "DOOR_OPEN_FRONT",
        "VEHICLE_SPEEDS",
        "SEAT_R1L_BELTED",
        "seat.row1.left.belt",
        "power",
        "gnss.antenna.ok",
        "IGN",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct cabin_map map;
        struct cabin_slot slot;
        cabin_map_init(&map);
        cr_expect_eq(cabin_map_name(&map, names[i], &slot), -ENOENT, "%s", names[i]);
        cr_expect_eq(cabin_map_signal(&map, names[i], &slot), -ENOENT, "%s", names[i]);
    }
}

Test(cabin_mapping, every_row_side_and_place_is_a_seat_of_its_own)
{
    static const char *const sides[] = {"L", "R", "M"};
    static bool taken[100][3][10];
    char name[64];
    for (unsigned row = 1; row <= 99; row++)
        for (size_t side = 0; side < 3; side++)
            for (unsigned place = 1; place <= 9; place++) {
                struct cabin_map map;
                struct cabin_slot slot;
                cabin_map_init(&map);
                (void)snprintf(name, sizeof name, "SEAT_R%u%s%u_OCC", row, sides[side], place);
                cr_assert_eq(cabin_map_signal(&map, name, &slot), 0, "%s", name);
                bool *now = &taken[map.seats[0].row][map.seats[0].side][map.seats[0].place];
                cr_expect_not(*now, "%s", name);
                *now = true;
            }
}

Test(cabin_mapping, a_door_has_a_name_of_up_to_31_letters_digits_and_lines)
{
    static const char *const names[] = {
        "DOOR_A_OPEN",     "DOOR_B_OPEN", "DOOR_0_OPEN", "DOOR_9_OPEN",
        "DOOR_AZ09__OPEN", "DOOR_Z_OPEN", "DOOR___OPEN", "DOOR_THIS_NAME_IS_OF_THIRTY_ONE_LETT_OPEN"};
    struct cabin_map map;
    struct cabin_slot slot;
    cabin_map_init(&map);
    for (size_t i = 0; i < CABIN_DOORS_MAX; i++) {
        cr_expect_eq(cabin_map_signal(&map, names[i], &slot), 0, "%s", names[i]);
        cr_expect_eq(slot.index, i);
    }
    cr_expect_eq(cabin_map_name(&map, "door.az09_.open", &slot), -EEXIST);
    cr_expect_eq(cabin_map_name(&map, "door.z.open", &slot), -EEXIST);
    cr_expect_eq(cabin_map_name(&map, "door.this_name_is_of_thirty_one_lett.open", &slot), -EEXIST);
    cr_expect_eq(cabin_map_name(&map, "door.c.open", &slot), -ENOSPC);
}

Test(cabin_mapping, there_are_so_many_slots_and_no_more)
{
    struct cabin_map map;
    struct cabin_slot slot;
    char name[64];
    cabin_map_init(&map);
    for (unsigned i = 0; i < CABIN_SEATS_MAX; i++) {
        (void)snprintf(name, sizeof name, "SEAT_R%uL_OCC", i + 1);
        cr_assert_eq(cabin_map_signal(&map, name, &slot), 0);
    }
    cr_expect_eq(cabin_map_signal(&map, "SEAT_R99R_OCC", &slot), -ENOSPC);
    for (unsigned i = 0; i < CABIN_DOORS_MAX; i++) {
        (void)snprintf(name, sizeof name, "door.d%u.open", i);
        cr_assert_eq(cabin_map_name(&map, name, &slot), 0);
    }
    cr_expect_eq(cabin_map_name(&map, "door.d99.open", &slot), -ENOSPC);
    cr_expect_eq(slot.index, CABIN_DOORS_MAX - 1);
}

Test(cabin_mapping, there_is_a_belt_a_seat_and_no_more)
{
    struct cabin_map map;
    struct cabin_slot slot;
    char name[64];
    cabin_map_init(&map);
    for (unsigned i = 0; i < CABIN_SEATS_MAX; i++) {
        (void)snprintf(name, sizeof name, "SEAT_R%uL_BELT", i + 1);
        cr_assert_eq(cabin_map_signal(&map, name, &slot), 0);
    }
    cr_expect_eq(cabin_map_signal(&map, "SEAT_R99R_BELT", &slot), -ENOSPC);
    for (unsigned i = 0; i < CABIN_SEATS_MAX; i++) {
        (void)snprintf(name, sizeof name, "SEAT_R%uR_OCC", i + 1);
        cr_assert_eq(cabin_map_signal(&map, name, &slot), 0, "seats have slots of their own");
    }
    uint8_t seat;
    cr_expect_eq(cabin_map_belt_seat(&map, 0, &seat), -ENOENT, "none of all seats is its own");
    cr_expect_eq(cabin_map_signal(&map, "SEAT_R1L_OCC", &slot), -ENOSPC, "though that belt is there");
}

/* Named in any order, in either way; the third has no seat. */
Test(cabin_mapping, a_belt_belongs_to_the_seat_of_the_same_place)
{
    struct cabin_map map;
    struct cabin_slot slot;
    uint8_t seat = 99;
    cabin_map_init(&map);
    cr_assert_eq(cabin_map_signal(&map, "SEAT_R2L_BELT", &slot), 0);
    cr_assert_eq(cabin_map_signal(&map, "SEAT_R1L_OCC", &slot), 0);
    cr_assert_eq(cabin_map_name(&map, "seat.row1.left.belted", &slot), 0);
    cr_assert_eq(cabin_map_name(&map, "seat.row2.left.occupied", &slot), 0);
    cr_assert_eq(cabin_map_name(&map, "seat.row2.right.belted", &slot), 0);
    cr_expect_eq(cabin_map_belt_seat(&map, 0, &seat), 0);
    cr_expect_eq(seat, 1);
    cr_expect_eq(cabin_map_belt_seat(&map, 1, &seat), 0);
    cr_expect_eq(seat, 0);
    cr_expect_eq(cabin_map_belt_seat(&map, 2, &seat), -ENOENT);
    cr_expect_eq(seat, 0, "untouched");
}

Test(cabin_mapping, what_a_seat_can_say_follows_from_its_signal)
{
    static const struct {
        double maximum;
        unsigned length_bits;
        struct cabin_seat expected;
    } cases[] = {
        {1, 1, {1, -1}},   {0, 1, {1, -1}},    {3, 3, {3, 7}},     {0, 3, {6, 7}},
        {7, 3, {7, -1}},   {1, 2, {1, 3}},     {2.5, 2, {2, 3}},   {-1, 2, {2, 3}},
        {9, 3, {6, 7}},    {5, 8, {5, 255}},   {0, 8, {254, 255}}, {0, 7, {126, 127}},
        {40, 9, {40, -1}}, {40, 16, {40, -1}}, {0, 16, {254, -1}}, {60000, 16, {254, -1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct cabin_seat seat = cabin_seat_of(cases[i].maximum, cases[i].length_bits);
        cr_expect_eq(seat.capacity, cases[i].expected.capacity, "case %zu", i);
        cr_expect_eq(seat.unknown_value, cases[i].expected.unknown_value, "case %zu", i);
    }
}

Test(cabin_mapping, a_door_may_be_without_a_counter_and_a_counter_needs_both_directions)
{
    struct cabin_map map;
    struct cabin_slot slot;
    cabin_map_init(&map);
    cr_assert_eq(cabin_map_name(&map, "door.front.open", &slot), 0);
    cr_assert_eq(cabin_map_name(&map, "door.rear.open", &slot), 0);
    cr_assert_eq(cabin_map_name(&map, "door.middle.in", &slot), 0);
    cr_assert_eq(cabin_map_name(&map, "door.middle.out", &slot), 0);
    cr_assert_eq(cabin_map_name(&map, "door.rear.in", &slot), 0);
    cr_expect_eq(cabin_map_door_counter(&map, 0), CABIN_NOT_COUNTED);
    cr_expect_eq(cabin_map_door_counter(&map, 1), 1);
    cr_expect_str_eq(cabin_map_half_counter(&map), "rear");
}

Test(cabin_mapping, there_are_as_many_counters_as_doors)
{
    struct cabin_map map;
    struct cabin_slot slot;
    char name[48];
    cabin_map_init(&map);
    for (int i = 0; i < CABIN_DOORS_MAX; i++) {
        (void)snprintf(name, sizeof name, "door.d%d.in", i);
        cr_expect_eq(cabin_map_name(&map, name, &slot), 0);
    }
    cr_expect_eq(cabin_map_name(&map, "door.more.in", &slot), -ENOSPC);
    cr_expect_eq(cabin_map_name(&map, "door.d7.out", &slot), 0);
}
