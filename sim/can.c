#include "sim/can.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>

enum message_index { CABIN_SEATS, CABIN_STATE, POWERTRAIN, CABIN_BELTS, DEVICE_STATE, DOOR_COUNTS };
static const struct message {
    const char *name;
    uint32_t id;
    uint8_t len;
} MESSAGES[CAN_FRAMES] = {
    [CABIN_SEATS] = {"CABIN_SEATS", 0x310, 8}, [CABIN_STATE] = {"CABIN_STATE", 0x320, 2},
    [DOOR_COUNTS] = {"DOOR_COUNTS", 0x322, 2}, [POWERTRAIN] = {"POWERTRAIN", 0x330, 8},
    [CABIN_BELTS] = {"CABIN_BELTS", 0x312, 2}, [DEVICE_STATE] = {"DEVICE_STATE", 0x340, 1},
};

/* Intel byte order, unsigned. 7 lies beyond a bench's maximum: that is how a reader knows it for "unknown".
 * The benches come first, in the order of cabin_bench_names; so do their belts, from BELTS on. */
enum signal_index {
    DOOR_FRONT = CABIN_BENCHES,
    DOOR_REAR,
    IGNITION,
    BUTTON,
    CAME_IN,
    GOT_OFF,
    SPEED,
    MAIN_POWER,
    ANTENNA,
    BELTS,
    SIGNALS = BELTS + CABIN_BENCHES
};
static const struct signal {
    const char *name;
    enum message_index message;
    unsigned start, length; /* bits */
    const char *factor;     /* of one unit, as the DBC writes it */
    const char *max;
    const char *unit;
} SIGNAL_TABLE[SIGNALS] = {
    {"SEAT_R1L_OCC", CABIN_SEATS, 0, 3, "1", "3", "pupils"},
    {"SEAT_R2L_OCC", CABIN_SEATS, 3, 3, "1", "3", "pupils"},
    {"SEAT_R2R_OCC", CABIN_SEATS, 6, 3, "1", "3", "pupils"},
    {"SEAT_R3L_OCC", CABIN_SEATS, 9, 3, "1", "3", "pupils"},
    {"SEAT_R3R_OCC", CABIN_SEATS, 12, 3, "1", "3", "pupils"},
    {"SEAT_R4L_OCC", CABIN_SEATS, 15, 3, "1", "3", "pupils"},
    {"SEAT_R4R_OCC", CABIN_SEATS, 18, 3, "1", "3", "pupils"},
    {"SEAT_R5L_OCC", CABIN_SEATS, 21, 3, "1", "3", "pupils"},
    {"SEAT_R5R_OCC", CABIN_SEATS, 24, 3, "1", "3", "pupils"},
    [DOOR_FRONT] = {"DOOR_FRONT_OPEN", CABIN_STATE, 0, 1, "1", "1", ""},
    [DOOR_REAR] = {"DOOR_REAR_OPEN", CABIN_STATE, 1, 1, "1", "1", ""},
    [IGNITION] = {"IGN_ON", CABIN_STATE, 8, 1, "1", "1", ""},
    [BUTTON] = {"ATTENDANT_BUTTON", CABIN_STATE, 9, 1, "1", "1", ""},
    [CAME_IN] = {"DOOR_FRONT_IN", DOOR_COUNTS, 0, 8, "1", "255", "persons"},
    [GOT_OFF] = {"DOOR_FRONT_OUT", DOOR_COUNTS, 8, 8, "1", "255", "persons"},
    [SPEED] = {"VEHICLE_SPEED", POWERTRAIN, 0, 16, "0.01", "655.35", "km/h"},
    [MAIN_POWER] = {"POWER_MAIN", DEVICE_STATE, 0, 1, "1", "1", ""},
    [ANTENNA] = {"GNSS_ANTENNA", DEVICE_STATE, 1, 1, "1", "1", ""},
    [BELTS] = {"SEAT_R1L_BELT", CABIN_BELTS, 0, 1, "1", "1", ""},
    {"SEAT_R2L_BELT", CABIN_BELTS, 1, 1, "1", "1", ""},
    {"SEAT_R2R_BELT", CABIN_BELTS, 2, 1, "1", "1", ""},
    {"SEAT_R3L_BELT", CABIN_BELTS, 3, 1, "1", "1", ""},
    {"SEAT_R3R_BELT", CABIN_BELTS, 4, 1, "1", "1", ""},
    {"SEAT_R4L_BELT", CABIN_BELTS, 5, 1, "1", "1", ""},
    {"SEAT_R4R_BELT", CABIN_BELTS, 6, 1, "1", "1", ""},
    {"SEAT_R5L_BELT", CABIN_BELTS, 7, 1, "1", "1", ""},
    {"SEAT_R5R_BELT", CABIN_BELTS, 8, 1, "1", "1", ""},
};

/* The seats' controller sends these. */
static bool of_seats(enum message_index message)
{
    return message == CABIN_SEATS || message == CABIN_BELTS;
}

size_t can_encode(const struct cabin *cabin, double speed_mps, struct can_frame ret[CAN_FRAMES])
{
    uint64_t value[SIGNALS];
    for (int i = 0; i < CABIN_BENCHES; i++) {
        value[i] = cabin_bench_report(cabin, i);
        value[BELTS + i] = cabin_belted(cabin, i);
    }
    value[DOOR_FRONT] = cabin->front_door_open;
    value[DOOR_REAR] = cabin->rear_door_open;
    value[IGNITION] = cabin->ignition_on;
    value[BUTTON] = cabin->button;
    value[CAME_IN] = cabin->came_in;
    value[GOT_OFF] = cabin->got_off;
    value[MAIN_POWER] = !cabin->power_cut;
    value[ANTENNA] = !cabin->antenna_cut;
    value[SPEED] = (uint64_t)lround(speed_mps * 3.6 * 100);

    uint64_t word[CAN_FRAMES] = {0};
    for (size_t i = 0; i < SIGNALS; i++) {
        assert(value[i] >> SIGNAL_TABLE[i].length == 0);
        word[SIGNAL_TABLE[i].message] |= value[i] << SIGNAL_TABLE[i].start;
    }
    size_t n = 0;
    for (size_t m = 0; m < CAN_FRAMES; m++) {
        if (cabin->silent && of_seats((enum message_index)m))
            continue;
        struct can_frame *frame = &ret[n++];
        *frame = (struct can_frame){.id = MESSAGES[m].id, .len = MESSAGES[m].len};
        for (size_t b = 0; b < frame->len; b++)
            frame->data[b] = (uint8_t)(word[m] >> (8 * b));
    }
    return n;
}

static void hex(const struct can_frame *frame, char ret[17])
{
    ret[0] = '\0';
    for (size_t b = 0; b < frame->len; b++)
        (void)snprintf(ret + 2 * b, 3, "%02X", frame->data[b]);
}

void can_candump_line(const struct can_frame *frame, int64_t utc_us, char ret[CAN_LINE_LEN])
{
    char data[17];
    hex(frame, data);
    (void)snprintf(ret, CAN_LINE_LEN, "(%" PRId64 ".%06" PRId64 ") can0 %03" PRIX32 "#%s", utc_us / 1000000,
                   utc_us % 1000000, frame->id, data);
}

void can_slcan_line(const struct can_frame *frame, char ret[CAN_LINE_LEN])
{
    char data[17];
    hex(frame, data);
    (void)snprintf(ret, CAN_LINE_LEN, "t%03" PRIX32 "%u%s\r", frame->id, frame->len, data);
}

void can_dbc(FILE *out)
{
    (void)fputs("VERSION \"\"\n\nNS_ :\n\nBS_:\n\nBU_: BODY GATEWAY\n", out);
    for (size_t m = 0; m < CAN_FRAMES; m++) {
        (void)fprintf(out, "\nBO_ %" PRIu32 " %s: %u BODY\n", MESSAGES[m].id, MESSAGES[m].name,
                      MESSAGES[m].len);
        for (size_t i = 0; i < SIGNALS; i++) {
            const struct signal *s = &SIGNAL_TABLE[i];
            if (s->message == m)
                (void)fprintf(out, " SG_ %s : %u|%u@1+ (%s,0) [0|%s] \"%s\" GATEWAY\n", s->name, s->start,
                              s->length, s->factor, s->max, s->unit);
        }
    }
    (void)fputs("\n", out);
    for (size_t i = 0; i < CABIN_BENCHES; i++)
        (void)fprintf(out, "VAL_ %" PRIu32 " %s %d \"unknown\" ;\n", MESSAGES[CABIN_SEATS].id,
                      SIGNAL_TABLE[i].name, CABIN_BENCH_UNKNOWN);
}
