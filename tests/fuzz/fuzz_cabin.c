/* Whatever the signals of a cabin say, in whatever order and at whatever times: the estimate is one (low <=
 * count
 * <= high, nothing when unknown), and the trips made of it are such as the wire can carry. */
#include <stdlib.h>
#include <string.h>

#include "gateway/cabin/occupancy.h"
#include "gateway/trip/trip.h"
#include "proto/wire.h"

enum { SEATS = 6 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct cabin make(uint8_t shape)
{
    struct cabin_config config = {.n_seats = shape % (SEATS + 1), .n_doors = 2, .n_counters = shape / 8 % 3};
    struct cabin cabin;
    config.n_belts = config.n_seats;
    for (uint8_t i = 0; i < config.n_seats; i++) {
        config.seats[i] = (struct cabin_seat){.capacity = (uint8_t)(1 + i % 3), .unknown_value = 7};
        config.belt_seats[i] = i;
    }
    for (uint8_t i = 0; i < CABIN_DOORS_MAX; i++) {
        config.door_counters[i] = i < config.n_counters ? i : CABIN_NOT_COUNTED;
        config.counter_max[i] = i == 0 ? 15 : 255;
    }
    must(cabin_init(&cabin, &config) == 0);
    return cabin;
}

static void check_estimate(const struct bw_cabin *state)
{
    const struct bw_occupancy *aboard = &state->occupancy;
    must(aboard->low <= aboard->count && aboard->count <= aboard->high);
    must(aboard->quality != BW_QUALITY_UNKNOWN || aboard->high == 0);
    must(state->counted.low <= state->counted.count && state->counted.count <= state->counted.high);
    must(state->counted.known || state->counted.high == 0);
    must(state->belts.open_low <= state->belts.open_high);
}

static void check_trip(const struct trip *trip, const struct trip_view *view)
{
    static struct wire_body body;
    struct wire_bytes bytes;
    if (!trip_so_far(trip, view, &body.u.trip))
        return;
    body.type = WIRE_BODY_TRIP;
    must(body.u.trip.n_stops <= BW_TRIP_STOPS_MAX);
    must(wire_body_encode(&body, &bytes) == 0);
    wire_bytes_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Four bytes a step: kind, index, value, time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bw_stop stop = {.stop_id = "S", .lat_deg = 29, .lon_deg = 121, .radius_m = 30};
    static const struct bw_licence licence = {
        .version = 1, .approved_capacity = 5, .n_stops = 1, .stops = &stop};
    static const int64_t steps_ms[] = {0, 50, 1000, 1000, 1000, 9000, 61000, 601000, 4 * 3600000, 1000};
    if (size == 0)
        return 0;
    struct cabin cabin = make(data[0]);
    struct trip trip;
    const struct trip_view view = {.licence = data[0] & 0x80 ? NULL : &licence, .route = -1};
    int64_t mono_ms = 1000;
    trip_init(&trip);
    for (size_t i = 1; i + 4 <= size; i += 4) {
        const struct cabin_slot slot = {(enum cabin_kind)(data[i] % (CABIN_KINDS + 1)),
                                        data[i + 1] % (SEATS + 1)};
        mono_ms += steps_ms[data[i + 3] % (sizeof steps_ms / sizeof steps_ms[0])];
        (void)cabin_update(&cabin, slot, data[i + 2] == 0xff ? -1 : data[i + 2] & 0x7f, mono_ms);
        struct bw_event event = {.type = BW_EVENT_CABIN,
                                 .mono_ms = mono_ms,
                                 .utc_ms = data[i + 3] & 0x40 ? 0 : 1789455600000 + mono_ms,
                                 .clock = data[i + 3] & 0x40 ? BW_CLOCK_NONE : BW_CLOCK_GNSS};
        cabin_estimate(&cabin, mono_ms, &event.u.cabin);
        check_estimate(&event.u.cabin);
        if (data[i + 3] & 0x80)
            event = (struct bw_event){
                .type = BW_EVENT_FIX,
                .mono_ms = mono_ms,
                .utc_ms = event.utc_ms,
                .clock = event.clock,
                .u.fix = {.position = {29 + data[i + 2] * 1e-5, 121, 5}, .speed_mps = data[i + 1]}};
        if (trip_step(&trip, &event, &view) != TRIP_NOTHING)
            check_trip(&trip, &view);
    }
    check_trip(&trip, &view);
    return 0;
}
