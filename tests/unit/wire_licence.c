/* Licences on the wire. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"

static struct bw_point points[] = {
    {29.14, 121.03}, {29.15, 121.04}, {29.16, 179.9999999}, {29.16, -179.9999999}, {29.17, 121}};
static uint32_t part_start[] = {0, 2, 5};
static struct bw_route route = {.route_id = "r-1",
                                .name = "外坑线",
                                .half_width_m = 30,
                                .speed_limit_kmh = 40,
                                .n_points = 5,
                                .points = points,
                                .n_parts = 2,
                                .part_start = part_start};
static struct bw_permit permit = {.permit_no = "p-1",
                                  .driver_id = "d-1",
                                  .route_id = "r-1",
                                  .weekdays = 0x1f,
                                  .window_start_min = 390,
                                  .window_end_min = 1440,
                                  .valid_from_day = 20000,
                                  .valid_until_day = 20300,
                                  .status = BW_STATUS_ACTIVE};
static struct bw_driver driver = {.driver_id = "d-1", .qualified_until_day = 21000};
static struct bw_stop stop = {.stop_id = "s-1",
                              .name = "外坑口",
                              .route_id = "r-1",
                              .sequence = 1,
                              .lat_deg = 29.14,
                              .lon_deg = 121.03,
                              .radius_m = 30};

static struct bw_licence a_licence(void)
{
    return (struct bw_licence){.vehicle_id = "bus-a",
                               .division = "331023",
                               .plate = "浙J12345",
                               .version = 17,
                               .issued_utc_ms = 1789425600000,
                               .vehicle_class = BW_CLASS_LARGE,
                               .seats = 40,
                               .approved_capacity = 38,
                               .inspected_until_day = 20800,
                               .utc_offset_min = 480,
                               .thresholds.overload_hold_ms = 4000,
                               .n_permits = 1,
                               .permits = &permit,
                               .n_drivers = 1,
                               .drivers = &driver,
                               .n_routes = 1,
                               .routes = &route,
                               .n_stops = 1,
                               .stops = &stop};
}

Test(wire_licence, comes_back_whole)
{
    const struct bw_licence licence = a_licence();
    struct bw_licence back;
    struct wire_bytes bytes;
    cr_assert_eq(wire_licence_encode(&licence, &bytes), 0);
    cr_assert_eq(wire_licence_decode(bytes.data, bytes.len, &back), 0);
    cr_expect_str_eq(back.plate, "浙J12345");
    cr_expect_eq(back.version, 17U);
    cr_expect_eq(back.approved_capacity, 38);
    cr_expect_eq(back.utc_offset_min, 480);
    cr_expect_eq(back.thresholds.overload_hold_ms, 4000U);
    cr_assert_eq(back.n_permits, 1U);
    cr_expect_eq(memcmp(&back.permits[0], &permit, sizeof permit), 0);
    cr_assert_eq(back.n_routes, 1U);
    cr_expect_str_eq(back.routes[0].name, "外坑线");
    cr_assert_eq(back.routes[0].n_parts, 2U);
    cr_expect_eq(back.routes[0].part_start[1], 2U);
    for (size_t i = 0; i < 5; i++) {
        cr_expect_float_eq(back.routes[0].points[i].lat_deg, points[i].lat_deg, 1e-9);
        cr_expect_float_eq(back.routes[0].points[i].lon_deg, points[i].lon_deg, 1e-9);
    }
    cr_assert_eq(back.n_stops, 1U);
    cr_expect_str_eq(back.stops[0].name, "外坑口");
    wire_licence_free(&back);
    wire_bytes_free(&bytes);
}

Test(wire_licence, what_is_over_a_limit_is_not_encoded)
{
    struct bw_licence licence = a_licence();
    struct wire_bytes bytes;
    licence.n_permits = BW_PERMITS_MAX + 1;
    cr_expect_eq(wire_licence_encode(&licence, &bytes), -EINVAL);
    licence = a_licence();
    struct bw_route bad = route;
    uint32_t lonely[] = {0, 1, 5};
    bad.part_start = lonely;
    licence.routes = &bad;
    cr_expect_eq(wire_licence_encode(&licence, &bytes), -EINVAL, "a part of one point is no line");
}

Test(wire_licence, every_cut_is_refused_or_valid_and_nothing_leaks)
{
    const struct bw_licence licence = a_licence();
    struct wire_bytes bytes;
    cr_assert_eq(wire_licence_encode(&licence, &bytes), 0);
    for (size_t cut = 0; cut < bytes.len; cut++) {
        struct bw_licence back;
        uint8_t *exact = malloc(cut > 0 ? cut : 1);
        memcpy(exact, bytes.data, cut);
        if (wire_licence_decode(exact, cut, &back) == 0)
            wire_licence_free(&back);
        free(exact);
    }
    unsigned seed = 99;
    for (unsigned round = 0; round < 20000; round++) {
        struct bw_licence back;
        const size_t at = (size_t)rand_r(&seed) % bytes.len;
        const uint8_t was = bytes.data[at];
        bytes.data[at] = (uint8_t)rand_r(&seed);
        if (wire_licence_decode(bytes.data, bytes.len, &back) == 0)
            wire_licence_free(&back);
        bytes.data[at] = was;
    }
    wire_bytes_free(&bytes);
}

Test(wire_licence, a_status_of_a_later_version_is_not_active)
{
    struct bw_permit later = permit;
    later.status = (enum bw_permit_status)9;
    struct bw_licence licence = a_licence(), back;
    licence.permits = &later;
    struct wire_bytes bytes;
    cr_assert_eq(wire_licence_encode(&licence, &bytes), 0);
    cr_assert_eq(wire_licence_decode(bytes.data, bytes.len, &back), 0);
    cr_expect_eq(back.permits[0].status, BW_STATUS_REVOKED);
    wire_licence_free(&back);
    wire_bytes_free(&bytes);
}
