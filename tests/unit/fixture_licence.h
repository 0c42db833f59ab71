/* A small licence for tests of the gateway: one straight road to the north, a permit for all of 2026 and
 * 2027. */
#ifndef BUSWARDEN_FIXTURE_LICENCE_H
#define BUSWARDEN_FIXTURE_LICENCE_H

#include "proto/seal.h"
#include "proto/wire.h"

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

/* Sealed bytes of a licence of that version for bus-a; key NULL = unsigned. */
static struct wire_bytes fixture_licence(uint64_t version, const struct seal_key *key)
{
    const struct bw_licence licence = {.vehicle_id = "bus-a",
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
                                       .routes = &fixture_route};
    struct wire_sealed sealed = {0};
    struct wire_bytes bytes = {0};
    if (wire_licence_encode(&licence, &sealed.payload) != 0)
        return bytes;
    if (key != NULL)
        seal_payload_sign(&sealed, SEAL_LICENCE, licence.division, licence.vehicle_id, key);
    (void)wire_sealed_encode(&sealed, &bytes); /* empty bytes fail the test that uses them */
    wire_sealed_free(&sealed);
    return bytes;
}

#endif
