/* What the two variants of GTFS-Realtime tell, read back with protobuf-c. That the standard's own definition
 * reads it, tests/integration/feeds shows. */
#include "bureau/feeds/gtfs.h"

#include "gtfs/realtime.pb-c.h"
#include "proto/wire_gtfs.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int64_t NOW_UTC_MS = 1789425000000;

static struct bw_point points[] = {{29.14, 121.03}, {29.15, 121.04}};
static uint32_t part_start[] = {0, 2};
static struct bw_route routes[] = {{.route_id = "r-1",
                                    .name = "一",
                                    .n_points = 2,
                                    .points = points,
                                    .n_parts = 1,
                                    .part_start = part_start},
                                   {.route_id = "r-2",
                                    .name = "二",
                                    .n_points = 2,
                                    .points = points,
                                    .n_parts = 1,
                                    .part_start = part_start}};
static struct registry_vehicle vehicles[] = {{.vehicle_id = "bus-a", .approved_capacity = 18},
                                             {.vehicle_id = "bus-b", .approved_capacity = 18}};
static struct registry_permit permits[] = {
    {"bus-a", {.permit_no = "P-1", .route_id = "r-1", .status = BW_STATUS_ACTIVE}},
    {"bus-a", {.permit_no = "P-2", .route_id = "r-1", .status = BW_STATUS_ACTIVE}},
    {"bus-b", {.permit_no = "P-3", .route_id = "r-1", .status = BW_STATUS_ACTIVE}},
    {"bus-b", {.permit_no = "P-4", .route_id = "r-2", .status = BW_STATUS_ACTIVE}}};
static const struct registry registry = {.n_vehicles = 2,
                                         .vehicles = vehicles,
                                         .n_permits = 4,
                                         .permits = permits,
                                         .n_routes = 2,
                                         .routes = routes};

static struct store_vehicle vehicle(uint16_t aboard)
{
    return (struct store_vehicle){.vehicle = "bus-a",
                                  .plate = "浙J12345",
                                  .school = "s",
                                  .division = "331023",
                                  .capacity = 18,
                                  .seen = true,
                                  .presence = {.online = true,
                                               .time_utc_ms = NOW_UTC_MS,
                                               .has_position = true,
                                               .fix_utc_ms = NOW_UTC_MS - 1500,
                                               .lat_deg = 29.14,
                                               .lon_deg = 121.03,
                                               .speed_mps = 8,
                                               .occupancy = {BW_QUALITY_GOOD, aboard, aboard, aboard}},
                                  .received_utc_ms = NOW_UTC_MS};
}

struct written {
    char *text;
    size_t len;
    FILE *out;
};

static struct written begin(void)
{
    struct written written = {0};
    return written;
}

static Gtfs__FeedMessage *read_back(struct written *written)
{
    (void)fclose(written->out);
    Gtfs__FeedMessage *message =
        gtfs__feed_message__unpack(NULL, written->len, (const uint8_t *)written->text);
    free(written->text);
    cr_assert(message);
    return message;
}

#define WRITE(written)                                                                                       \
    struct written written = begin();                                                                        \
    (written).out = open_memstream(&(written).text, &(written).len);                                         \
    cr_assert_eq(gtfs_write_head((written).out, NOW_UTC_MS), 0)

Test(feed_gtfs, the_police_are_told_exactly)
{
    WRITE(written);
    const struct store_vehicle row = vehicle(13);
    cr_assert_eq(feed_gtfs_vehicle(written.out, &registry, &row, NOW_UTC_MS, false), 0);
    Gtfs__FeedMessage *message = read_back(&written);
    cr_expect_str_eq(message->header->gtfs_realtime_version, "2.0");
    cr_expect_eq(message->header->timestamp, 1789425000);
    cr_assert_eq(message->n_entity, 1);
    const Gtfs__VehiclePosition *told = message->entity[0]->vehicle;
    cr_expect_str_eq(message->entity[0]->id, "bus-a");
    cr_expect_str_eq(told->vehicle->id, "bus-a");
    cr_expect_str_eq(told->vehicle->license_plate, "浙J12345");
    cr_expect_str_eq(told->trip->route_id, "r-1");
    cr_expect_eq(told->timestamp, 1789424998);
    cr_expect_float_eq(told->position->latitude, 29.14F, 1e-5F);
    cr_expect_float_eq(told->position->longitude, 121.03F, 1e-5F);
    cr_expect_float_eq(told->position->speed, 8, 1e-5F);
    cr_expect_eq(told->occupancy_percentage, 72, "13 of 18");
    cr_expect_eq(told->occupancy_status, GTFS__VEHICLE_POSITION__OCCUPANCY_STATUS__FEW_SEATS_AVAILABLE);
    gtfs__feed_message__free_unpacked(message, NULL);
}

Test(feed_gtfs, the_public_is_told_roughly_and_no_plate)
{
    WRITE(written);
    const struct store_vehicle row = vehicle(13);
    cr_assert_eq(feed_gtfs_vehicle(written.out, &registry, &row, NOW_UTC_MS, true), 0);
    Gtfs__FeedMessage *message = read_back(&written);
    const Gtfs__VehiclePosition *told = message->entity[0]->vehicle;
    cr_expect_null(told->vehicle->license_plate);
    cr_expect_not(told->position->has_speed);
    cr_expect_eq(told->occupancy_percentage, 75);
    gtfs__feed_message__free_unpacked(message, NULL);
}

/* So that nobody sees a single pupil get on or off, each step covers at least two persons. */
Test(feed_gtfs, steps_are_coarse)
{
    for (uint32_t capacity = 5; capacity <= 80; capacity++) {
        uint32_t last = 0, run = 0;
        for (uint32_t aboard = 0; aboard <= 2 * capacity; aboard++) {
            const uint32_t percent = feed_rounded_percent(aboard, capacity);
            cr_assert(percent % (capacity < 16 ? 50 : 25) == 0 && percent <= 100 && percent >= last,
                      "%u of %u: %u", aboard, capacity, percent);
            if (percent != last)
                cr_assert_geq(run, 2, "%u of %u", aboard, capacity);
            run = percent == last ? run + 1 : 1;
            last = percent;
        }
        cr_assert_eq(feed_rounded_percent(capacity, capacity), 100);
        cr_assert_eq(feed_rounded_percent(0, capacity), 0);
        cr_assert_eq(feed_rounded_percent(1, capacity), 0, "one alone is not seen: %u", capacity);
    }
    cr_expect_eq(feed_rounded_percent(3, 0), 0);
}

Test(feed_gtfs, occupancy_by_percent)
{
    static const struct {
        uint16_t aboard;
        bool is_public;
        int status;
        uint32_t percent;
    } table[] = {
        {0, false, 0, 0},    {1, false, 1, 6},    {9, false, 1, 50},  {10, false, 2, 56},
        {18, false, 5, 100}, {27, false, 5, 150}, {0, true, 0, 0},    {2, true, 0, 0},
        {9, true, 1, 50},    {18, true, 5, 100},  {27, true, 5, 100},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        WRITE(written);
        const struct store_vehicle row = vehicle(table[i].aboard);
        cr_assert_eq(feed_gtfs_vehicle(written.out, &registry, &row, NOW_UTC_MS, table[i].is_public), 0);
        Gtfs__FeedMessage *message = read_back(&written);
        const Gtfs__VehiclePosition *told = message->entity[0]->vehicle;
        cr_expect_eq((int)told->occupancy_status, table[i].status, "%u", table[i].aboard);
        cr_expect_eq(told->occupancy_percentage, table[i].percent, "%u", table[i].aboard);
        gtfs__feed_message__free_unpacked(message, NULL);
    }
}

Test(feed_gtfs, nobody_is_counted_where_nobody_knows)
{
    WRITE(written);
    struct store_vehicle row = vehicle(0);
    row.presence.occupancy.quality = BW_QUALITY_UNKNOWN;
    row.presence.speed_mps = NAN;
    cr_assert_eq(feed_gtfs_vehicle(written.out, &registry, &row, NOW_UTC_MS, false), 0);
    Gtfs__FeedMessage *message = read_back(&written);
    const Gtfs__VehiclePosition *told = message->entity[0]->vehicle;
    cr_expect_not(told->has_occupancy_status);
    cr_expect_not(told->has_occupancy_percentage);
    cr_expect_not(told->position->has_speed);
    gtfs__feed_message__free_unpacked(message, NULL);
}

Test(feed_gtfs, who_is_silent_or_lost_is_not_told)
{
    struct store_vehicle gone = vehicle(3), lost = vehicle(3), unseen = {.vehicle = "bus-a"};
    gone.presence.online = false;
    lost.presence.has_position = false;
    WRITE(written);
    cr_assert_eq(feed_gtfs_vehicle(written.out, &registry, &gone, NOW_UTC_MS, false), 0);
    cr_assert_eq(feed_gtfs_vehicle(written.out, &registry, &lost, NOW_UTC_MS, false), 0);
    cr_assert_eq(feed_gtfs_vehicle(written.out, &registry, &unseen, NOW_UTC_MS, false), 0);
    const struct store_vehicle old = vehicle(3);
    cr_assert_eq(feed_gtfs_vehicle(written.out, &registry, &old, NOW_UTC_MS + 60001, false), 0);
    Gtfs__FeedMessage *message = read_back(&written);
    cr_expect_eq(message->n_entity, 0);
    gtfs__feed_message__free_unpacked(message, NULL);
}

Test(feed_gtfs, of_two_routes_none_is_told)
{
    struct store_vehicle row = vehicle(3);
    row.vehicle = "bus-b";
    WRITE(written);
    cr_assert_eq(feed_gtfs_vehicle(written.out, &registry, &row, NOW_UTC_MS, false), 0);
    Gtfs__FeedMessage *message = read_back(&written);
    cr_expect_null(message->entity[0]->vehicle->trip);
    gtfs__feed_message__free_unpacked(message, NULL);
}

static struct bw_order order(enum bw_order_kind kind)
{
    return (struct bw_order){.kind = kind,
                             .order_id = "2026-017",
                             .reason = "塌方",
                             .from_utc_ms = NOW_UTC_MS,
                             .until_utc_ms = NOW_UTC_MS + 3600000};
}

Test(feed_gtfs, an_exemption_is_a_detour_while_it_is_in_force)
{
    static const struct {
        int64_t at_ms;
        size_t n;
    } table[] = {{-1, 0}, {0, 1}, {3599999, 1}, {3600000, 0}};
    struct bw_order exemption = order(BW_ORDER_EXEMPTION);
    exemption.n_routes = 1;
    (void)strcpy(exemption.routes[0], "r-2");
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        WRITE(written);
        cr_assert_eq(feed_gtfs_order(written.out, &registry, &exemption, NULL, NOW_UTC_MS + table[i].at_ms),
                     0);
        Gtfs__FeedMessage *message = read_back(&written);
        cr_assert_eq(message->n_entity, table[i].n, "%lld", (long long)table[i].at_ms);
        const Gtfs__Alert *alert = table[i].n ? message->entity[0]->alert : NULL;
        if (alert) {
            cr_expect_eq(alert->effect, GTFS__ALERT__EFFECT__DETOUR);
            cr_assert_eq(alert->n_informed_entity, 1);
            cr_expect_str_eq(alert->informed_entity[0]->route_id, "r-2");
            cr_expect_eq(alert->active_period[0]->start, 1789425000);
            cr_expect_eq(alert->active_period[0]->end, 1789428600);
            cr_expect_str_eq(alert->header_text->translation[0]->language, "zh-CN");
            cr_expect_str_eq(alert->header_text->translation[0]->text, "允许绕行：塌方");
        }
        gtfs__feed_message__free_unpacked(message, NULL);
    }
}

Test(feed_gtfs, an_order_for_every_route_names_them_and_weather_is_no_detour)
{
    const struct bw_order weather = order(BW_ORDER_WEATHER);
    WRITE(written);
    cr_assert_eq(feed_gtfs_order(written.out, &registry, &weather, NULL, NOW_UTC_MS), 0);
    Gtfs__FeedMessage *message = read_back(&written);
    const Gtfs__Alert *alert = message->entity[0]->alert;
    cr_assert_eq(alert->n_informed_entity, 2);
    cr_expect_str_eq(alert->informed_entity[1]->route_id, "r-2");
    cr_expect_eq(alert->cause, GTFS__ALERT__CAUSE__WEATHER);
    cr_expect_neq(alert->effect, GTFS__ALERT__EFFECT__DETOUR);
    gtfs__feed_message__free_unpacked(message, NULL);
}

Test(feed_gtfs, an_alert_concerns_a_route_or_at_least_somebody)
{
    struct store_alert row = {.id = 7,
                              .vehicle = "bus-a",
                              .plate = "浙J12345",
                              .division = "331023",
                              .alert = {.kind = BW_OVERLOAD,
                                        .severity = BW_SERIOUS,
                                        .raised_utc_ms = NOW_UTC_MS,
                                        .occupancy = {BW_QUALITY_GOOD, 20, 20, 20}}};
    WRITE(written);
    cr_assert_eq(feed_gtfs_alert(written.out, &registry, &row), 0);
    row.vehicle = "bus-z";
    row.plate = "";
    cr_assert_eq(feed_gtfs_alert(written.out, &registry, &row), 0);
    row.vehicle = "bus-a";
    row.alert.kind = BW_OFF_ROUTE;
    row.alert.evidence.off_route =
        (struct bw_evidence_off_route){.route_id = "r-2", .exempted_by = "2026-017"};
    cr_assert_eq(feed_gtfs_alert(written.out, &registry, &row), 0);
    row.alert.kind = (enum bw_kind)99;
    cr_assert_eq(feed_gtfs_alert(written.out, &registry, &row), 0);
    Gtfs__FeedMessage *message = read_back(&written);
    cr_assert_eq(message->n_entity, 4);
    const Gtfs__Alert *alert = message->entity[0]->alert;
    cr_expect_str_eq(message->entity[0]->id, "alert-7");
    cr_expect_str_eq(alert->header_text->translation[0]->text, "超员：浙J12345");
    cr_expect_str_eq(alert->header_text->translation[1]->text, "overloaded: 浙J12345");
    cr_expect_str_eq(alert->description_text->translation[1]->text, "20 aboard, 18 approved");
    cr_expect_eq(alert->severity_level, GTFS__ALERT__SEVERITY_LEVEL__SEVERE);
    cr_expect_str_eq(alert->informed_entity[0]->route_id, "r-1");
    cr_expect_str_eq(message->entity[1]->alert->informed_entity[0]->agency_id, "331023");
    cr_expect_str_eq(message->entity[2]->alert->informed_entity[0]->route_id, "r-2");
    cr_expect_eq(message->entity[2]->alert->effect, GTFS__ALERT__EFFECT__DETOUR, "exempted");
    cr_expect_str_eq(message->entity[3]->alert->header_text->translation[0]->text, "未知类型的预警：bus-a");
    gtfs__feed_message__free_unpacked(message, NULL);
}

/* Longer than 127 bytes: the length of the entity takes two bytes. */
Test(feed_gtfs, long_entities_are_read_back)
{
    struct bw_order long_order = order(BW_ORDER_EXEMPTION);
    memset(long_order.reason, 'x', sizeof(long_order.reason) - 1);
    WRITE(written);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(feed_gtfs_order(written.out, &registry, &long_order, NULL, NOW_UTC_MS), 0);
    Gtfs__FeedMessage *message = read_back(&written);
    cr_expect_eq(message->n_entity, 3);
    gtfs__feed_message__free_unpacked(message, NULL);
}
