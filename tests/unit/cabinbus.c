/* From frames to the cabin: which signals are taken, and what counts as a change (gateway/cabinbus.h). */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/cabinbus.h"

static char dbc_path[32], reason[CABINBUS_REASON_MAX];
static struct cabinbus *bus;

static int create(const char *signals_of_dbc, const struct config_signal *signals, size_t n_signals)
{
    (void)snprintf(dbc_path, sizeof dbc_path, "/tmp/cabinbus-XXXXXX");
    const int fd = mkstemp(dbc_path);
    cr_assert_geq(fd, 0);
    FILE *file = fdopen(fd, "w");
    cr_assert_not_null(file);
    (void)fprintf(file, "VERSION \"\"\nBU_: B\nBO_ 1 M: 8 B\n%s", signals_of_dbc);
    cr_assert_eq(fclose(file), 0);
    const int error = cabinbus_create(dbc_path, signals, n_signals, &bus, reason);
    (void)unlink(dbc_path);
    return error;
}

static void tear_down(void)
{
    cabinbus_destroy(bus);
}
TestSuite(cabinbus, .fini = tear_down);

/* The belts stand before their seats. */
#define BY_CONVENTION                                                                                        \
    " SG_ SEAT_R1L_BELT : 0|1@1+ (1,0) [0|1] \"\" B\n SG_ SEAT_R2L_BELT : 1|1@1+ (1,0) [0|1] \"\" B\n"       \
    " SG_ SEAT_R2L_OCC : 2|1@1+ (1,0) [0|1] \"\" B\n SG_ SEAT_R1L_OCC : 3|1@1+ (1,0) [0|1] \"\" B\n"         \
    " SG_ POWER_MAIN : 4|1@1+ (1,0) [0|1] \"\" B\n SG_ GNSS_ANTENNA : 5|1@1+ (1,0) [0|1] \"\" B\n"           \
    " SG_ VEHICLE_SPEED : 8|16@1+ (0.01,0) [0|655.35] \"km/h\" B\n"

static struct bw_cabin after(uint8_t bits, unsigned speed_centi_kmh)
{
    const struct can_frame_in frame = {
        .id = 1,
        .len = 8,
        .data = {bits, (uint8_t)(speed_centi_kmh & 0xFF), (uint8_t)(speed_centi_kmh >> 8)}};
    struct bw_cabin cabin;
    cabinbus_frame(bus, &frame, 1000);
    cabinbus_estimate(bus, 1000, &cabin);
    return cabin;
}

Test(cabinbus, a_belt_is_that_of_its_own_seat_wherever_it_stands_in_the_file)
{
    enum { BELT_1 = 1, BELT_2 = 2, SEAT_2 = 4, SEAT_1 = 8 };
    cr_assert_eq(create(BY_CONVENTION, NULL, 0), 0, "%s", reason);
    cr_expect_eq(after(SEAT_1 | BELT_2, 0).belts.open_low, 1);
    cr_expect_eq(after(SEAT_2 | BELT_2, 0).belts.open_low, 0);
    cr_expect_eq(after(SEAT_1 | SEAT_2, 0).belts.open_low, 2);
    struct cabinbus_stats stats;
    cabinbus_stats(bus, &stats);
    cr_expect(stats.seats == 2 && stats.belts == 2);
}

Test(cabinbus, supply_antenna_and_speed_come_through)
{
    cr_assert_eq(create(BY_CONVENTION, NULL, 0), 0, "%s", reason);
    const struct bw_cabin cabin = after(1U << 4, 4567);
    cr_expect_eq(cabin.main_power, BW_YES);
    cr_expect_eq(cabin.antenna_ok, BW_NO);
    cr_expect(cabin.wheel_known);
    cr_expect_float_eq(cabin.wheel_mps, 45.67 / 3.6, 1e-9);
}

Test(cabinbus, what_does_not_fit_is_refused_by_name)
{
    static const struct {
        const char *dbc, *expected;
        size_t n_signals;
        struct config_signal signals[2];
    } cases[] = {
        {" SG_ SEAT_R1L_BELT : 0|1@1+ (1,0) [0|1] \"\" B\n",
         "SEAT_R1L_BELT: a belt whose seat has no signal",
         0,
         {{.place = "", .signal = ""}}},
        {" SG_ S : 0|1@1+ (1,0) [0|1] \"\" B\n",
         "S: a belt whose seat has no signal",
         1,
         {{.place = "seat.row1.left.belted", .signal = "S"}}},
        {" SG_ S : 0|1@1+ (1,0) [0|1] \"\" B\n",
         "seat.row1.left.buckled: [signals]: no place of the cabin is called so",
         1,
         {{.place = "seat.row1.left.buckled", .signal = "S"}}},
        {" SG_ S : 0|1@1+ (1,0) [0|1] \"\" B\n",
         "vehicle.speed: [signals]: a speed or a counter does not say yes or no",
         1,
         {{"vehicle.speed", "S", true, 1, 0}}},
        {" SG_ S : 0|1@1+ (1,0) [0|1] \"\" B\n SG_ T : 1|1@1+ (1,0) [0|1] \"\" B\n",
         "power.main: [signals]: place or signal given twice",
         2,
         {{.place = "power.main", .signal = "S"}, {.place = "power.main", .signal = "T"}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_lt(create(cases[i].dbc, cases[i].signals, cases[i].n_signals), 0, "case %zu", i);
        cr_expect_str_eq(reason, cases[i].expected);
    }
}

/* As cars have them: 0 not available, 1 off, 2 on, 3 fault; and one that is 1 when the belt is open. */
#define OF_A_CAR                                                                                             \
    " SG_ Seat : 0|2@1+ (1,0) [0|3] \"\" B\n SG_ Buckle : 2|2@1+ (1,0) [0|3] \"\" B\n"                       \
    " SG_ Seat2 : 4|2@1+ (1,0) [0|3] \"\" B\n SG_ Unlatched2 : 6|1@1+ (1,0) [0|1] \"\" B\n"
static const struct config_signal of_a_car[] = {
    {"seat.row1.left.occupied", "Seat", true, 2, 1},
    {"seat.row1.left.belted", "Buckle", true, 2, 1},
    {"seat.row1.right.occupied", "Seat2", true, 2, 1},
    {"seat.row1.right.belted", "Unlatched2", true, 0, 1},
};

Test(cabinbus, yes_and_no_may_have_other_values_and_everything_else_is_unknown)
{
    enum { NA, OFF, ON, FAULT };
    static const struct {
        unsigned seat, buckle, seat2, unlatched2;
        struct bw_occupancy aboard;
        struct bw_belts belts;
    } cases[] = {
        {ON, OFF, OFF, 1, {BW_QUALITY_GOOD, 1, 1, 1}, {BW_QUALITY_GOOD, 1, 1}},
        {ON, ON, ON, 0, {BW_QUALITY_GOOD, 2, 2, 2}, {BW_QUALITY_GOOD, 0, 0}},
        {ON, ON, ON, 1, {BW_QUALITY_GOOD, 2, 2, 2}, {BW_QUALITY_GOOD, 1, 1}},
        {OFF, OFF, NA, 0, {BW_QUALITY_DEGRADED, 0, 0, 1}, {BW_QUALITY_GOOD, 0, 0}},
        {ON, FAULT, OFF, 1, {BW_QUALITY_GOOD, 1, 1, 1}, {BW_QUALITY_DEGRADED, 0, 1}},
        {NA, NA, FAULT, 1, {0}, {0}},
    };
    cr_assert_eq(create(OF_A_CAR, of_a_car, sizeof of_a_car / sizeof of_a_car[0]), 0, "%s", reason);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct bw_cabin cabin = after(
            (uint8_t)(cases[i].seat | cases[i].buckle << 2 | cases[i].seat2 << 4 | cases[i].unlatched2 << 6),
            0);
        const struct bw_cabin expected = {.occupancy = cases[i].aboard, .belts = cases[i].belts};
        cr_expect(cabinbus_same(&cabin, &expected), "case %zu", i);
    }
}

/* Every member that may differ, and whether that is worth an event at once. */
Test(cabinbus, a_change_of_anything_is_one_but_the_wheels_may_differ_a_little)
{
    const struct bw_cabin base = {
        .occupancy = {BW_QUALITY_GOOD, 2, 2, 2}, .wheel_known = true, .wheel_mps = 10};
    struct bw_cabin other[16];
    for (size_t i = 0; i < 16; i++)
        other[i] = base;
    size_t n = 0;
    other[n++].occupancy.quality = BW_QUALITY_DEGRADED;
    other[n++].occupancy.low = 1;
    other[n++].occupancy.count = 3;
    other[n++].occupancy.high = 3;
    other[n++].door_open = BW_YES;
    other[n++].ignition_on = BW_NO;
    const size_t n_aboard = n;
    other[n++].main_power = BW_NO;
    other[n++].antenna_ok = BW_YES;
    other[n++].belts.quality = BW_QUALITY_GOOD;
    other[n++].belts.open_low = 1;
    other[n++].belts.open_high = 1;
    other[n++].wheel_known = false;
    other[n++].wheel_mps = 10.5;
    other[n++].wheel_mps = 9.5;
    for (size_t i = 0; i < n; i++) {
        cr_expect_not(cabinbus_same(&base, &other[i]), "change %zu", i);
        cr_expect_eq(cabinbus_same_aboard(&base, &other[i]), i >= n_aboard, "change %zu", i);
    }
    other[n].wheel_mps = 10.49;
    cr_expect(cabinbus_same(&base, &other[n]));
}

/* --- single signals --- */

static void hear(uint8_t bits, int64_t mono_ms)
{
    const struct can_frame_in frame = {.id = 1, .len = 8, .data = {bits}};
    cabinbus_frame(bus, &frame, mono_ms);
}

static struct cabinbus_signal signal_at(const char *place, int64_t mono_ms)
{
    struct cabinbus_signal signal;
    for (size_t i = 0; i < cabinbus_signal_count(bus); i++) {
        cabinbus_signal(bus, i, mono_ms, &signal);
        if (strcmp(signal.place, place) == 0)
            return signal;
    }
    cr_assert_fail("no %s", place);
    return signal;
}

Test(cabinbus, signals_stand_in_the_order_of_the_cabin_under_the_names_of_the_configuration)
{
    static const char *const places[] = {"seat.row2.left.occupied",  "seat.row2.left2.occupied",
                                         "seat.row10.left.occupied", "seat.row2.left.belted",
                                         "door.front.open",          "ignition.on"};
    cr_assert_eq(
        create(
            " SG_ IGN_ON : 0|1@1+ (1,0) [0|1] \"\" B\n SG_ SEAT_R10L_OCC : 1|1@1+ (1,0) [0|1] \"\" B\n"
            " SG_ DOOR_FRONT_OPEN : 2|1@1+ (1,0) [0|1] \"\" B\n SG_ Noise : 3|1@1+ (1,0) [0|1] \"\" B\n"
            " SG_ SEAT_R2L2_OCC : 4|1@1+ (1,0) [0|1] \"\" B\n SG_ SEAT_R2L_BELT : 5|1@1+ (1,0) [0|1] \"\" B\n"
            " SG_ SEAT_R2L_OCC : 6|2@1+ (1,0) [0|3] \"\" B\n",
            NULL, 0),
        0, "%s", reason);
    cr_assert_eq(cabinbus_signal_count(bus), 6);
    for (size_t i = 0; i < 6; i++) {
        struct cabinbus_signal signal;
        cabinbus_signal(bus, i, 1000, &signal);
        cr_expect_str_eq(signal.place, places[i]);
    }
    cr_expect_str_eq(signal_at("seat.row2.left2.occupied", 1000).name, "SEAT_R2L2_OCC");
    cr_expect_eq(signal_at("seat.row2.left.occupied", 1000).most, 3);
    cr_expect_eq(signal_at("door.front.open", 1000).most, 0);
}

Test(cabinbus, why_a_signal_is_not_known)
{
    static const char dbc[] = " SG_ SEAT_R1L_OCC : 0|3@1+ (1,0) [0|3] \"\" B\n";
    const char *const seat = "seat.row1.left.occupied";
    cr_assert_eq(create(dbc, NULL, 0), 0, "%s", reason);
    cr_expect_eq(signal_at(seat, 5000).state, CABINBUS_NEVER);
    hear(2, 5000);
    cr_expect_eq(signal_at(seat, 5000).state, CABINBUS_KNOWN);
    cr_expect_eq(signal_at(seat, 5000).value, 2);
    cr_expect_eq(signal_at(seat, 5000 + CABIN_FRESHNESS_DEFAULT_MS - 1).state, CABINBUS_KNOWN);
    cr_expect_eq(signal_at(seat, 5000 + CABIN_FRESHNESS_DEFAULT_MS).state, CABINBUS_SILENT);
    hear(7, 9000); /* all ones, beyond the maximum */
    cr_expect_eq(signal_at(seat, 9000).state, CABINBUS_UNSURE);
    hear(5, 9100);
    cr_expect_eq(signal_at(seat, 9100).state, CABINBUS_NONSENSE);
    cr_expect_eq(signal_at(seat, 9100).heard_mono_ms, 9100);
}

Test(cabinbus, a_change_is_from_one_known_value_to_another)
{
    const char *const seat = "seat.row1.left.occupied";
    cr_assert_eq(create(" SG_ SEAT_R1L_OCC : 0|3@1+ (1,0) [0|3] \"\" B\n", NULL, 0), 0, "%s", reason);
    static const struct {
        uint8_t value;
        uint64_t changes;
        int64_t changed_mono_ms;
    } rows[] = {{0, 0, 0},    {0, 0, 0},    {7, 0, 0},    {0, 0, 0},
                {2, 1, 5000}, {5, 1, 5000}, {2, 1, 5000}, {0, 2, 8000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hear(rows[i].value, 1000 * (int64_t)(i + 1));
        const struct cabinbus_signal signal = signal_at(seat, 1000 * (int64_t)(i + 1));
        cr_expect_eq(signal.changes, rows[i].changes, "row %zu", i);
        cr_expect_eq(signal.changed_mono_ms, rows[i].changed_mono_ms, "row %zu", i);
    }
}

/* Toggles `n` times, `every_ms` apart. */
static int64_t toggle(int n, int64_t every_ms, int64_t mono_ms)
{
    for (int i = 0; i < n; i++, mono_ms += every_ms)
        hear((uint8_t)(i & 1), mono_ms);
    return mono_ms;
}

Test(cabinbus, a_loose_plug_is_restless_until_it_has_been_quiet)
{
    const char *const seat = "seat.row1.left.occupied";
    cr_assert_eq(create(" SG_ SEAT_R1L_OCC : 0|1@1+ (1,0) [0|1] \"\" B\n", NULL, 0), 0, "%s", reason);
    int64_t mono_ms = toggle((int)CABIN_RESTLESS_CHANGES, 100, 1000);
    cr_expect_not(signal_at(seat, mono_ms).restless, "a few changes are a pupil who sits down");
    mono_ms = toggle(1000, 100, mono_ms);
    cr_expect(signal_at(seat, mono_ms).restless);
    for (int64_t end_ms = mono_ms + INT64_C(61000); mono_ms < end_ms; mono_ms += 1000)
        hear(1, mono_ms);
    cr_expect_not(signal_at(seat, mono_ms).restless, "quiet for a minute");
}

Test(cabinbus, who_fidgets_all_day_is_not_restless)
{
    const char *const seat = "seat.row1.left.occupied";
    cr_assert_eq(create(" SG_ SEAT_R1L_OCC : 0|1@1+ (1,0) [0|1] \"\" B\n", NULL, 0), 0, "%s", reason);
    const int64_t mono_ms = toggle(5000, (int64_t)CABIN_RESTLESS_MS, 1000);
    cr_expect_eq(signal_at(seat, mono_ms).changes, 4999);
    cr_expect_not(signal_at(seat, mono_ms).restless);
}

static void name(struct register_signal *signal, const char *name_of_it, const char *text)
{
    (void)snprintf(signal->name, sizeof signal->name, "%s", name_of_it);
    cr_assert_null(registers_parse(text, signal));
}

Test(cabinbus, registers_reach_the_cabin_by_their_names_as_signals_of_a_dbc_file_do)
{
    static struct register_signal registers[4];
    name(&registers[0], "SEAT_R1L_OCC", "input 4 bits 0..2");
    name(&registers[1], "SEAT_R1L_BELT", "discrete 9");
    name(&registers[2], "DOOR_FRONT_OPEN", "coil 3");
    name(&registers[3], "OIL_PRESSURE", "holding 1");
    cr_assert_eq(cabinbus_create_registers(registers, 4, NULL, 0, &bus, reason), 0, "%s", reason);
    struct bw_cabin cabin;
    cabinbus_value(bus, 0, 2, 1000);
    cabinbus_value(bus, 2, 1, 1000);
    cabinbus_value(bus, 3, 77, 1000);
    cabinbus_estimate(bus, 1000, &cabin);
    cr_expect(cabin.occupancy.quality == BW_QUALITY_GOOD && cabin.occupancy.count == 2);
    cr_expect_eq(cabin.door_open, BW_YES);
    cabinbus_value(bus, 0, 7, 1001); /* all ones: it does not know */
    cabinbus_estimate(bus, 1001, &cabin);
    cr_expect_neq(cabin.occupancy.quality, BW_QUALITY_GOOD);
    cr_expect_eq(cabinbus_signal_count(bus), 3);
    struct cabinbus_signal signal;
    cabinbus_signal(bus, 0, 1001, &signal);
    cr_expect_str_eq(signal.name, "SEAT_R1L_OCC");
    cr_expect_str_eq(signal.place, "seat.row1.left.occupied");
}

Test(cabinbus, registers_are_mapped_by_the_configuration)
{
    static struct register_signal registers[1];
    static const struct config_signal signals[] = {
        {.place = "door.front.open", .signal = "M12", .has_values = true, .yes = 3, .no = 1}};
    static const struct config_signal unknown[] = {{.place = "door.front.open", .signal = "M13"}};
    name(&registers[0], "M12", "holding 12");
    cr_expect_eq(cabinbus_create_registers(registers, 1, unknown, 1, &bus, reason), -ENOENT);
    cr_expect_str_eq(reason, "M13: [signals]: no such register in [registers]");
    cr_assert_eq(cabinbus_create_registers(registers, 1, signals, 1, &bus, reason), 0, "%s", reason);
    struct bw_cabin cabin;
    cabinbus_value(bus, 0, 3, 1000);
    cabinbus_estimate(bus, 1000, &cabin);
    cr_expect_eq(cabin.door_open, BW_YES);
}
