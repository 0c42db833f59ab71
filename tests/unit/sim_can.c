#include "sim/can.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/source/dbc.h"

enum { DBC_MAX = 16384 };

static char *dbc_text(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    cr_assert_not_null(out);
    can_dbc(out);
    cr_assert_eq(fclose(out), 0);
    return text;
}

struct heard {
    const struct dbc *dbc;
    size_t n;
    double value[32];
};

static void on_value(void *context, size_t signal, double value)
{
    struct heard *heard = context;
    heard->value[signal] = value;
    heard->n++;
}

static double value_of(const struct heard *heard, const char *name)
{
    for (size_t i = 0; i < dbc_signal_count(heard->dbc); i++) {
        if (strcmp(dbc_signal_at(heard->dbc, i)->name, name) == 0)
            return heard->value[i];
    }
    cr_assert_fail("no signal %s", name);
    return 0;
}

Test(sim_can, the_gateway_reads_back_what_was_encoded)
{
    struct cabin cabin = {.bench = {3, 0, 1, 2, 0, 0, 0, 1, 3},
                          .broken_bench = 1,
                          .unbelted = {[3] = true},
                          .rear_door_open = true,
                          .came_in = 255,
                          .got_off = 3,
                          .button = true,
                          .ignition_on = true,
                          .antenna_cut = true};
    struct can_frame frames[CAN_FRAMES];
    cr_assert_eq(can_encode(&cabin, 12.345, frames), CAN_FRAMES);

    char *text = dbc_text(), error[DBC_ERROR_LEN] = "";
    struct dbc *dbc = NULL;
    cr_assert_eq(dbc_parse("bus.dbc", text, strlen(text), error, &dbc), 0, "%s", error);
    struct heard heard = {.dbc = dbc};
    for (size_t i = 0; i < CAN_FRAMES; i++) {
        struct can_frame_in in = {.id = frames[i].id, .len = frames[i].len};
        memcpy(in.data, frames[i].data, sizeof in.data);
        cr_assert_eq(dbc_decode(dbc, &in, on_value, &heard), 0);
    }
    cr_expect_eq(heard.n, dbc_signal_count(dbc), "every signal came once");
    for (int i = 0; i < CABIN_BENCHES; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "SEAT_%s_OCC", cabin_bench_names[i]);
        cr_expect_eq(value_of(&heard, name), i == 1 ? CABIN_BENCH_UNKNOWN : cabin.bench[i], "%s", name);
        (void)snprintf(name, sizeof name, "SEAT_%s_BELT", cabin_bench_names[i]);
        cr_expect_eq(value_of(&heard, name), cabin.bench[i] > 0 && i != 3, "%s", name);
    }
    cr_expect_eq(value_of(&heard, "DOOR_FRONT_OPEN"), 0);
    cr_expect_eq(value_of(&heard, "DOOR_REAR_OPEN"), 1);
    cr_expect_eq(value_of(&heard, "DOOR_FRONT_IN"), 255);
    cr_expect_eq(value_of(&heard, "DOOR_FRONT_OUT"), 3);
    cr_expect_eq(value_of(&heard, "ATTENDANT_BUTTON"), 1);
    cr_expect_eq(value_of(&heard, "POWER_MAIN"), 1);
    cr_expect_eq(value_of(&heard, "GNSS_ANTENNA"), 0);
    cr_expect_eq(value_of(&heard, "IGN_ON"), 1);
    cr_expect_float_eq(value_of(&heard, "VEHICLE_SPEED"), 44.44, 0.011);
    dbc_free(dbc);
    free(text);
}

Test(sim_can, a_silent_controller_sends_neither_seats_nor_belts)
{
    struct cabin cabin = {.broken_bench = -1, .silent = true};
    struct can_frame frames[CAN_FRAMES];
    const size_t n = can_encode(&cabin, 0, frames);
    cr_assert_eq(n, 4);
    for (size_t i = 0; i < n; i++)
        cr_expect(frames[i].id != 0x310 && frames[i].id != 0x312, "frame %zu", i);
}

Test(sim_can, the_scenarios_dbc_file_is_the_one_of_the_encoder)
{
    static char file[DBC_MAX];
    FILE *in = fopen("sim/scenarios/morning/bus.dbc", "r");
    cr_assert_not_null(in, "run from the project root");
    size_t len = fread(file, 1, sizeof file - 1, in);
    cr_assert_eq(fclose(in), 0);
    file[len] = '\0';
    char *text = dbc_text();
    cr_expect_str_eq(file, text, "print it anew: buswarden-sim dbc");
    free(text);
}

Test(sim_can, frames_as_candump_and_as_slcan_lines)
{
    struct can_frame frame = {.id = 0x7a, .len = 3, .data = {0x01, 0xAB, 0xFF}};
    char line[CAN_LINE_LEN];
    can_candump_line(&frame, 1789425607000250, line);
    cr_expect_str_eq(line, "(1789425607.000250) can0 07A#01ABFF");
    can_slcan_line(&frame, line);
    cr_expect_str_eq(line, "t07A301ABFF\r");
    frame.len = 0;
    can_slcan_line(&frame, line);
    cr_expect_str_eq(line, "t07A0\r");
}
