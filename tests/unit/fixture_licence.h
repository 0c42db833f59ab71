/* For tests of the gateway: a small licence with one straight road to the north and a permit for all of 2026
 * and 2027, and orders: fog everywhere, for a month. */
#ifndef BUSWARDEN_FIXTURE_LICENCE_H
#define BUSWARDEN_FIXTURE_LICENCE_H

#include "proto/issued.h"

static struct bw_point fixture_points[] = {{29.10, 121.03}, {29.28, 121.03}};
static uint32_t fixture_parts[] = {0, 2};
static struct bw_route fixture_route = {.route_id = "r-1",
                                        .half_width_m = 30,
                                        .n_points = 2,
                                        .points = fixture_points,
                                        .n_parts = 1,
                                        .part_start = fixture_parts};
static struct bw_permit fixture_permit = {.permit_no = "p-1",
                                          .route_id = "r-1",
                                          .weekdays = 0x7f,
                                          .window_end_min = 1440,
                                          .valid_from_day = 20454,
                                          .valid_until_day = 21183,
                                          .status = BW_STATUS_ACTIVE};

static struct bw_order fixture_fog = {.kind = BW_ORDER_WEATHER,
                                      .order_id = "o-1",
                                      .reason = "fog",
                                      .from_utc_ms = 1789425600000, /* 2026-09-15 */
                                      .until_utc_ms = 1792017600000,
                                      .limit_kmh = 15};

/* Sealed bytes; key NULL = unsigned. Empty bytes fail the test that uses them. */
static struct wire_bytes fixture_seal(const struct issued *issued, const struct seal_key *key)
{
    struct wire_bytes bytes = {0};
    (void)issued_seal(issued, key, &bytes);
    return bytes;
}

static struct wire_bytes fixture_licence(uint64_t version, const struct seal_key *key)
{
    const struct issued issued = {.kind = ISSUED_LICENCE,
                                  .u.licence = {.vehicle_id = "bus-a",
                                                .division = "331023",
                                                .plate = "浙J12345",
                                                .version = version,
                                                .issued_utc_ms = 1789425600000,
                                                .vehicle_class = BW_CLASS_MEDIUM,
                                                .approved_capacity = 18,
                                                .utc_offset_min = 480,
                                                .n_permits = 1,
                                                .permits = &fixture_permit,
                                                .n_routes = 1,
                                                .routes = &fixture_route}};
    return fixture_seal(&issued, key);
}

static struct wire_bytes fixture_orders(uint64_t version, const struct seal_key *key)
{
    const struct issued issued = {.kind = ISSUED_ORDERS,
                                  .u.orders = {.vehicle_id = "bus-a",
                                               .division = "331023",
                                               .version = version,
                                               .issued_utc_ms = 1789425600000,
                                               .n_orders = 1,
                                               .orders = &fixture_fog}};
    return fixture_seal(&issued, key);
}

#endif
