/* What a registry says: a vehicle's licence, and the roadside answer to a plate. */
#include "bureau/registry/registry.h"
#include "proto/utc.h"
#include "proto/wire.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct registry *registry;

static void load(void)
{
    struct registry_faults faults;
    cr_assert_eq(registry_load("tests/data/registry", &registry, &faults), 0);
    registry_faults_free(&faults);
}

static void unload(void)
{
    registry_free(registry);
}

TestSuite(answers, .init = load, .fini = unload);

Test(answers, licence_holds_the_permits_routes_drivers_and_stops_of_its_vehicle_alone)
{
    struct bw_licence licence;
    cr_assert_eq(registry_licence(registry, "bus-a", 7, 1234, &licence), 0);
    cr_expect_str_eq(licence.vehicle_id, "bus-a");
    cr_expect_str_eq(licence.division, "331023");
    cr_expect_str_eq(licence.plate, "浙J12345");
    cr_expect_eq(licence.version, 7);
    cr_expect_eq(licence.issued_utc_ms, 1234);
    cr_expect_eq(licence.vehicle_class, BW_CLASS_MEDIUM);
    cr_expect_eq(licence.approved_capacity, 18);
    cr_expect_eq(licence.utc_offset_min, 480);
    cr_expect_eq(licence.n_permits, 2);
    cr_expect_eq(licence.n_drivers, 1, "two permits, one driver");
    cr_expect_eq(licence.n_routes, 1);
    cr_expect_eq(licence.n_stops, 2);
    cr_expect_str_eq(licence.routes[0].route_id, "r-shiliang");
    cr_expect_neq(licence.routes[0].points, registry_route(registry, "r-shiliang")->points, "a copy");
    wire_licence_free(&licence);
}

Test(answers, licence_may_lack_a_driver_or_any_permit)
{
    struct bw_licence licence;
    cr_assert_eq(registry_licence(registry, "bus-c", 1, 1, &licence), 0);
    cr_expect_eq(licence.n_permits, 1);
    cr_expect_eq(licence.n_drivers, 0);
    wire_licence_free(&licence);
    cr_assert_eq(registry_licence(registry, "bus-e", 1, 1, &licence), 0);
    cr_expect_eq(licence.n_permits, 0);
    cr_expect_eq(licence.n_routes, 0);
    wire_licence_free(&licence);
}

Test(answers, licence_of_an_unknown_vehicle_is_refused)
{
    struct bw_licence licence;
    cr_assert_eq(registry_licence(registry, "bus-z", 1, 1, &licence), -ENOENT);
}

Test(answers, licence_goes_over_the_wire_and_back)
{
    struct bw_licence licence, back;
    struct wire_bytes bytes;
    cr_assert_eq(registry_licence(registry, "bus-b", 1, 1, &licence), 0);
    cr_assert_eq(wire_licence_encode(&licence, &bytes), 0);
    cr_assert_eq(wire_licence_decode(bytes.data, bytes.len, &back), 0);
    cr_expect_eq(back.routes[0].n_parts, 2);
    cr_expect_eq(back.routes[0].n_points, 5);
    cr_expect_eq(back.permits[0].status, BW_STATUS_SUSPENDED);
    wire_bytes_free(&bytes);
    wire_licence_free(&licence);
    wire_licence_free(&back);
}

Test(answers, plate_by_day_and_hour)
{
    /* 2026-03-02 is a Monday; local time is UTC + 8 h. */
    static const struct {
        const char *plate, *utc;
        enum registry_verdict verdict;
        bool in_window;
        const char *permit_no;
    } cases[] = {
        {"浙J12345", "2026-03-01T22:30:00Z", REGISTRY_LICENSED, true,
         "浙台校字0001"}, /* 06:30, first minute */
        {"浙J12345", "2026-03-01T22:29:59Z", REGISTRY_LICENSED, false, "浙台校字0001"}, /* 06:29 */
        {"浙J12345", "2026-03-01T23:39:59Z", REGISTRY_LICENSED, true,
         "浙台校字0001"}, /* 07:39, last minute */
        {"浙J12345", "2026-03-01T23:40:00Z", REGISTRY_LICENSED, false, "浙台校字0001"}, /* 07:40 */
        {"浙J12345", "2026-03-02T08:00:00Z", REGISTRY_LICENSED, true,
         "浙台校字0002"}, /* the afternoon permit */
        {"浙J12345", "2026-02-28T22:30:00Z", REGISTRY_LICENSED, false, "浙台校字0001"}, /* Sunday 06:30 */
        {"浙J12345", "2019-12-31T15:59:59Z", REGISTRY_EXPIRED, false,
         "浙台校字0001"}, /* the day before it begins */
        {"浙J12345", "2019-12-31T16:00:00Z", REGISTRY_LICENSED, false, "浙台校字0001"}, /* local midnight */
        {"浙J23456", "2026-03-01T22:30:00Z", REGISTRY_SUSPENDED, true, "浙台校字0003"},
        {"浙JD34567", "2020-07-15T15:59:59Z", REGISTRY_LICENSED, false, "浙台校字0004"}, /* its last day */
        {"浙JD34567", "2020-07-15T16:00:00Z", REGISTRY_EXPIRED, false, "浙台校字0004"},
        {"浙J4567学", "2024-08-30T15:59:59Z", REGISTRY_LICENSED, false, "浙台校字0005"},
        {"浙J4567学", "2024-08-30T16:00:00Z", REGISTRY_NO_PERMIT, false,
         "浙台校字0005"}, /* scrapped that day */
        {"浙J56789", "2026-03-01T22:30:00Z", REGISTRY_NO_PERMIT, false, NULL},
        {"浙J99999", "2026-03-01T22:30:00Z", REGISTRY_UNKNOWN, false, NULL},
        {"浙J12345", "2099-12-31T16:00:00Z", REGISTRY_NO_PERMIT, false,
         "浙台校字0001"}, /* inspection overdue */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct registry_answer answer;
        int64_t now_utc_ms;
        cr_assert_eq(utc_parse(cases[i].utc, &now_utc_ms), 0);
        registry_check_plate(registry, cases[i].plate, now_utc_ms, &answer);
        cr_expect_eq(answer.verdict, cases[i].verdict, "%s at %s: %d", cases[i].plate, cases[i].utc,
                     (int)answer.verdict);
        cr_expect_eq(answer.in_window, cases[i].in_window, "%s at %s", cases[i].plate, cases[i].utc);
        cr_expect_eq(answer.vehicle == NULL, cases[i].verdict == REGISTRY_UNKNOWN);
        if (cases[i].permit_no != NULL) {
            cr_assert_not_null(answer.permit, "%s at %s", cases[i].plate, cases[i].utc);
            cr_expect_str_eq(answer.permit->permit.permit_no, cases[i].permit_no, "%s at %s: %s",
                             cases[i].plate, cases[i].utc, answer.permit->permit.permit_no);
        } else {
            cr_expect_null(answer.permit);
        }
    }
}
