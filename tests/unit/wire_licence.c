/* Licences on the wire. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"

static struct bw_point points[] = {
    {29.14, 121.03}, {29.15, 121.04}, {29.16, 179.9999999}, {29.16, -179.9999999}, {29.17, 121}};
static uint32_t part_start[] = {0, 2, 5};
static struct bw_limit limits[] = {{0, 120.5, 20, false}, {120.5, 200, 0, true}, {450, 9000, 30, false}};
static struct bw_route route = {.route_id = "r-1",
                                .name = "外坑线",
                                .half_width_m = 30,
                                .speed_limit_kmh = 40,
                                .n_points = 5,
                                .points = points,
                                .n_parts = 2,
                                .part_start = part_start,
                                .n_limits = 3,
                                .limits = limits};
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

Test(wire_licence, limits_of_stretches_come_back)
{
    const struct bw_licence licence = a_licence();
    struct bw_licence back;
    struct wire_bytes bytes;
    cr_assert_eq(wire_licence_encode(&licence, &bytes), 0);
    cr_assert_eq(wire_licence_decode(bytes.data, bytes.len, &back), 0);
    cr_assert_eq(back.routes[0].n_limits, 3U);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_float_eq(back.routes[0].limits[i].from_m, limits[i].from_m, 1e-9);
        cr_expect_float_eq(back.routes[0].limits[i].to_m, limits[i].to_m, 1e-9);
        cr_expect_eq(back.routes[0].limits[i].limit_kmh, limits[i].limit_kmh);
        cr_expect_eq(back.routes[0].limits[i].motorway, limits[i].motorway);
    }
    wire_licence_free(&back);
    wire_bytes_free(&bytes);
}

Test(wire_licence, every_threshold_comes_back)
{
    enum { N = sizeof(struct bw_thresholds) / sizeof(uint32_t) };
    uint32_t values[N], got[N];
    for (uint32_t i = 0; i < N; i++)
        values[i] = 1000 + i;
    struct bw_licence licence = a_licence(), back;
    memcpy(&licence.thresholds, values, sizeof values);
    struct wire_bytes bytes;
    cr_assert_eq(wire_licence_encode(&licence, &bytes), 0);
    cr_assert_eq(wire_licence_decode(bytes.data, bytes.len, &back), 0);
    memcpy(got, &back.thresholds, sizeof got);
    for (size_t i = 0; i < N; i++)
        cr_expect_eq(got[i], values[i], "threshold %zu", i);
    wire_licence_free(&back);
    wire_bytes_free(&bytes);
}

Test(wire_licence, limits_that_overlap_or_mean_nothing_are_not_encoded)
{
    static const struct {
        const char *name;
        struct bw_limit first, second;
        int error;
    } cases[] = {
        {"one after another", {0, 100, 20, false}, {100, 200, 200, false}, 0},
        {"overlapping by a decimetre", {0, 100.1, 20, false}, {100, 200, 20, false}, -EINVAL},
        {"out of order", {100, 200, 20, false}, {0, 100, 20, false}, -EINVAL},
        {"without length", {0, 100, 20, false}, {100, 100, 20, false}, -EINVAL},
        {"shorter than a decimetre", {0, 100, 20, false}, {100, 100.01, 20, false}, -EINVAL},
        {"backwards", {100, 50, 20, false}, {200, 300, 20, false}, -EINVAL},
        {"before the start", {-1, 50, 20, false}, {200, 300, 20, false}, -EINVAL},
        {"from nowhere", {NAN, 50, 20, false}, {200, 300, 20, false}, -EINVAL},
        {"to nowhere", {0, NAN, 20, false}, {200, 300, 20, false}, -EINVAL},
        {"201 km/h", {0, 100, 201, false}, {200, 300, 20, false}, -EINVAL},
        {"-1 km/h", {0, 100, -1, false}, {200, 300, 20, false}, -EINVAL},
        {"no number", {0, 100, NAN, false}, {200, 300, 20, false}, -EINVAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bw_limit two[] = {cases[i].first, cases[i].second};
        struct bw_route limited = route;
        struct bw_licence licence = a_licence();
        struct wire_bytes bytes = {0};
        limited.n_limits = 2;
        limited.limits = two;
        licence.routes = &limited;
        cr_expect_eq(wire_licence_encode(&licence, &bytes), cases[i].error, "%s", cases[i].name);
        wire_bytes_free(&bytes);
    }
}

Test(wire_licence, stretches_are_counted_over_all_routes)
{
    static struct bw_limit many[BW_LIMITS_MAX];
    for (size_t i = 0; i < BW_LIMITS_MAX; i++)
        many[i] = (struct bw_limit){.from_m = (double)i, .to_m = (double)i + 1, .limit_kmh = 20};
    struct bw_route two[] = {route, route};
    struct bw_licence licence = a_licence(), back;
    struct wire_bytes bytes;
    two[0].limits = two[1].limits = many;
    two[0].n_limits = BW_LIMITS_MAX - 1;
    two[1].n_limits = 1;
    licence.n_routes = 2;
    licence.routes = two;
    cr_assert_eq(wire_licence_encode(&licence, &bytes), 0);
    cr_assert_eq(wire_licence_decode(bytes.data, bytes.len, &back), 0);
    wire_licence_free(&back);
    wire_bytes_free(&bytes);
    two[1].n_limits = 2;
    cr_expect_eq(wire_licence_encode(&licence, &bytes), -EINVAL);
}

/* A licence with one route that carries these limits, as bytes: no encoder of ours makes them. */
static size_t put_licence(uint8_t *to, size_t n, const uint8_t (*pairs)[2])
{
    static const uint8_t line[] = {0x2a, 8, 0x0a, 2, 0, 2, 0x12, 2, 0, 2};
    uint8_t one[4096];
    size_t len = 0;
    one[len++] = 0x18; /* half_width_dm */
    one[len++] = 100;
    memcpy(one + len, line, sizeof line);
    len += sizeof line;
    for (size_t i = 0; i < n; i++) {
        const uint8_t limit[] = {0x32, 4, 0x08, pairs[i][0], 0x10, pairs[i][1]};
        memcpy(one + len, limit, sizeof limit);
        len += sizeof limit;
    }
    size_t at = 0;
    to[at++] = 0x20; /* version */
    to[at++] = 1;
    to[at++] = 0x7a; /* routes */
    to[at++] = (uint8_t)(len | 0x80);
    to[at++] = (uint8_t)(len >> 7);
    memcpy(to + at, one, len);
    return at + len;
}

Test(wire_licence, limits_that_overlap_are_no_message)
{
    static const struct {
        const char *name;
        uint8_t pairs[2][2];
        int error;
    } cases[] = {
        {"one after another", {{0, 10}, {10, 20}}, 0},   {"overlapping", {{0, 10}, {9, 20}}, -EBADMSG},
        {"out of order", {{10, 20}, {0, 10}}, -EBADMSG}, {"without length", {{0, 10}, {10, 10}}, -EBADMSG},
        {"backwards", {{10, 9}, {20, 30}}, -EBADMSG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[8192];
        struct bw_licence back;
        const size_t len = put_licence(bytes, 2, cases[i].pairs);
        cr_expect_eq(wire_licence_decode(bytes, len, &back), cases[i].error, "%s", cases[i].name);
        if (cases[i].error == 0)
            wire_licence_free(&back);
    }
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
