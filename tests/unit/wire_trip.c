/* Trips on the wire: what is written is read, the largest one fits, and what cannot be is refused. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire.h"

static struct bw_trip some_trip(size_t n_stops)
{
    struct bw_trip trip = {.begun_utc_ms = 1789455600123,
                           .ended_utc_ms = 1789458300000,
                           .permit_no = "P-2026-001",
                           .route_id = "R1",
                           .licence_version = 7,
                           .distance_m = 18250,
                           .boarded = 40,
                           .alighted = 41,
                           .left = {BW_QUALITY_DEGRADED, 1, 2, 3},
                           .peak = 38,
                           .capacity = 36,
                           .over_s = 612,
                           .quality = BW_QUALITY_GOOD,
                           .began_late = true,
                           .cut_short = true,
                           .stops_left_out = 2,
                           .n_stops = n_stops};
    for (size_t i = 0; i < n_stops; i++) {
        trip.stops[i] = (struct bw_trip_stop){.has_position = i % 2 == 0,
                                              .opened_s = (uint32_t)i * 60,
                                              .open_s = 25,
                                              .quality = i % 3 == 0 ? BW_QUALITY_UNKNOWN : BW_QUALITY_GOOD,
                                              .boarded = i % 3 == 0 ? 0 : 5,
                                              .alighted = i % 3 == 0 ? 0 : 1};
        if (trip.stops[i].has_position) {
            trip.stops[i].lat_deg = 29.1400001;
            trip.stops[i].lon_deg = 121.0300002;
        }
        (void)snprintf(trip.stops[i].stop_id, BW_ID_LEN, "%.*s%u", i % 2 ? 40 : 1,
                       "stop-with-a-name-that-is-as-long-as-can-be-", (unsigned)i % 100);
    }
    return trip;
}

static int encode(const struct bw_trip *trip, struct wire_bytes *ret)
{
    const struct wire_body body = {.type = WIRE_BODY_TRIP, .u.trip = *trip};
    return wire_body_encode(&body, ret);
}

static void expect_same_stop(const struct bw_trip_stop *a, const struct bw_trip_stop *b)
{
    cr_expect_str_eq(a->stop_id, b->stop_id);
    cr_expect_eq(a->has_position, b->has_position);
    cr_expect_float_eq(a->lat_deg, b->lat_deg, 1e-9);
    cr_expect_float_eq(a->lon_deg, b->lon_deg, 1e-9);
    cr_expect(a->opened_s == b->opened_s && a->open_s == b->open_s);
    cr_expect(a->quality == b->quality && a->boarded == b->boarded && a->alighted == b->alighted);
}

Test(wire_trip, what_is_written_is_read)
{
    static const size_t sizes[] = {0, 1, 8, BW_TRIP_STOPS_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct bw_trip trip = some_trip(sizes[i]);
        struct wire_bytes bytes;
        struct wire_body body;
        cr_assert_eq(encode(&trip, &bytes), 0);
        cr_expect_leq(bytes.len, 40 + 70 + sizes[i] * 80, "%zu bytes", bytes.len);
        cr_assert_eq(wire_body_decode(bytes.data, bytes.len, &body), 0);
        cr_assert_eq(body.type, WIRE_BODY_TRIP);
        const struct bw_trip *got = &body.u.trip;
        cr_expect(got->begun_utc_ms == trip.begun_utc_ms && got->ended_utc_ms == trip.ended_utc_ms);
        cr_expect_str_eq(got->permit_no, trip.permit_no);
        cr_expect_str_eq(got->route_id, trip.route_id);
        cr_expect_eq(got->licence_version, trip.licence_version);
        cr_expect(got->distance_m == trip.distance_m && got->boarded == trip.boarded &&
                  got->alighted == trip.alighted);
        cr_expect_eq(memcmp(&got->left, &trip.left, sizeof trip.left), 0);
        cr_expect(got->peak == trip.peak && got->capacity == trip.capacity && got->over_s == trip.over_s);
        cr_expect(got->quality == trip.quality && got->began_late && got->cut_short);
        cr_expect_eq(got->stops_left_out, trip.stops_left_out);
        cr_assert_eq(got->n_stops, trip.n_stops);
        for (size_t s = 0; s < trip.n_stops; s++)
            expect_same_stop(&got->stops[s], &trip.stops[s]);
        wire_bytes_free(&bytes);
    }
}

Test(wire_trip, what_cannot_be_is_not_written)
{
    struct wire_bytes bytes;
    struct bw_trip trip = some_trip(1);
    trip.begun_utc_ms = 0;
    cr_expect_eq(encode(&trip, &bytes), -EINVAL);
    trip = some_trip(1);
    trip.ended_utc_ms = trip.begun_utc_ms - 1;
    cr_expect_eq(encode(&trip, &bytes), -EINVAL);
    trip = some_trip(1);
    trip.n_stops = BW_TRIP_STOPS_MAX + 1;
    cr_expect_eq(encode(&trip, &bytes), -EINVAL);
    trip = some_trip(1);
    trip.stops[0].lat_deg = NAN;
    cr_expect_eq(encode(&trip, &bytes), -EINVAL);
}

/* A Body whose trip has just these fields. */
static int decode(const char *trip, size_t len, struct wire_body *ret)
{
    uint8_t bytes[4096] = {0x2a, (uint8_t)len};
    cr_assert_lt(len, 128);
    memcpy(bytes + 2, trip, len);
    return wire_body_decode(bytes, len + 2, ret);
}

#define TIMES "\x08\x01\x10\x02"

Test(wire_trip, what_cannot_be_is_not_read)
{
    static const struct {
        const char *what, *trip;
        size_t len;
        int expected;
    } rows[] = {
        {"least", TIMES, 4, 0},
        {"no beginning", "\x10\x02", 2, -EBADMSG},
        {"an end before it", "\x08\x03\x10\x02", 4, -EBADMSG},
        {"a peak of 65536", TIMES "\x50\x80\x80\x04", 8, -EBADMSG},
        {"a capacity of 65536", TIMES "\x58\x80\x80\x04", 8, -EBADMSG},
        {"left: low over count", TIMES "\x4a\x04\x08\x02\x10\x01", 10, -EBADMSG},
        {"a stop", TIMES "\x8a\x01\x00", 7, 0},
        {"boarded 65536", TIMES "\x8a\x01\x04\x28\x80\x80\x04", 11, -EBADMSG},
        {"alighted 65536", TIMES "\x8a\x01\x04\x30\x80\x80\x04", 11, -EBADMSG},
        {"a latitude of 100 degrees", TIMES "\x8a\x01\x08\x12\x06\x08\x80\xa8\xd6\xb9\x07", 15, -EBADMSG},
        {"a field that it does not know", TIMES "\xfa\x3f\x03new", 10, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wire_body body;
        cr_expect_eq(decode(rows[i].trip, rows[i].len, &body), rows[i].expected, "%s", rows[i].what);
    }
}

Test(wire_trip, a_quality_of_a_later_build_makes_the_numbers_unknown)
{
    struct wire_body body;
    cr_assert_eq(decode(TIMES "\x68\x07\x8a\x01\x06\x28\x05\x30\x04\x38\x09", 15, &body), 0);
    cr_expect_eq(body.u.trip.quality, BW_QUALITY_UNKNOWN);
    cr_expect_eq(body.u.trip.stops[0].quality, BW_QUALITY_UNKNOWN);
    cr_expect_eq(body.u.trip.stops[0].boarded, 0);
}
