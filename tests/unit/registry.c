/* A registry folder is read as a whole or not at all; every fault has file, line and reason. */
#include "bureau/registry/registry.h"
#include "proto/wire.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char GOOD[] = "tests/data/registry";
static const char *const FILES[] = {"schools.csv", "vehicles.csv",   "drivers.csv",
                                    "permits.csv", "routes.geojson", "orders.geojson"};
enum { FILE_COUNT = 6, TEXT_MAX = 65536 };

static char dir[] = "/tmp/buswarden-registry-XXXXXX";

static void path_of(const char *folder, const char *name, char ret[256])
{
    (void)snprintf(ret, 256, "%s/%s", folder, name);
}

static size_t read_text(const char *path, char ret[TEXT_MAX])
{
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    const size_t len = fread(ret, 1, TEXT_MAX - 1, file);
    ret[len] = '\0';
    fclose(file);
    return len;
}

static void write_text(const char *name, const char *text, size_t len)
{
    char path[256];
    path_of(dir, name, path);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text, 1, len, file), len);
    fclose(file);
}

static void copy_good(void)
{
    static char text[TEXT_MAX];
    for (int i = 0; i < FILE_COUNT; i++) {
        char path[256];
        path_of(GOOD, FILES[i], path);
        write_text(FILES[i], text, read_text(path, text));
    }
}

static void make_copy(void)
{
    cr_assert_not_null(mkdtemp(dir));
    copy_good();
}

static void remove_copy(void)
{
    char path[256];
    for (int i = 0; i < FILE_COUNT; i++) {
        path_of(dir, FILES[i], path);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

/* The first `old` of the file becomes `new`. */
static void change(const char *name, const char *old, const char *new)
{
    static char text[TEXT_MAX], changed[TEXT_MAX];
    char path[256];
    path_of(dir, name, path);
    read_text(path, text);
    char *at = strstr(text, old);
    cr_assert_not_null(at, "%s has no \"%s\"", name, old);
    const int len =
        snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    write_text(name, changed, (size_t)len);
}

static struct registry *load_good(void)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    const int err = registry_load(dir, &registry, &faults);
    cr_assert_eq(err, 0, "%s:%u: %s", faults.n ? faults.list[0].file : "", faults.n ? faults.list[0].line : 0,
                 faults.n ? faults.list[0].reason : "");
    cr_assert_eq(faults.n, 0);
    registry_faults_free(&faults);
    return registry;
}

TestSuite(registry, .init = make_copy, .fini = remove_copy);

Test(registry, good_folder_is_read)
{
    struct registry *registry = load_good();
    cr_expect_eq(registry->n_schools, 2);
    cr_expect_eq(registry->n_vehicles, 5);
    cr_expect_eq(registry->n_drivers, 2);
    cr_expect_eq(registry->n_permits, 5);
    cr_expect_eq(registry->n_routes, 2);
    cr_expect_eq(registry->n_stops, 3);
    cr_expect_eq(registry->n_orders, 3);

    const struct registry_school *school = registry_school(registry, "s-yucai");
    cr_assert_not_null(school);
    cr_expect_str_eq(school->name, "天台育才学校（民办）");
    cr_expect_str_eq(school->division, "331023");
    cr_expect_str_eq(school->township, "");

    const struct registry_vehicle *vehicle = registry_vehicle(registry, "bus-d");
    cr_assert_not_null(vehicle);
    cr_expect_str_eq(vehicle->plate, "浙J4567学");
    cr_expect_eq(vehicle->vehicle_class, BW_CLASS_LARGE);
    cr_expect_eq(vehicle->seats, 37);
    cr_expect_eq(vehicle->approved_capacity, 36);
    cr_expect_eq(vehicle->scrapped_day, 19966); /* 2024-08-31 */
    cr_expect_eq(registry_plate(registry, "浙J23456"), registry_vehicle(registry, "bus-b"));
    cr_expect_null(registry_vehicle(registry, "bus-z"));
    cr_expect_null(registry_plate(registry, "浙J99999"));
    cr_expect_str_eq(registry->drivers[1].name, "徐师傅, 大");
    registry_free(registry);
}

Test(registry, permits_are_read)
{
    struct registry *registry = load_good();
    size_t n;
    const struct registry_permit *permits = registry_permits(registry, "bus-a", &n);
    cr_assert_eq(n, 2);
    const struct bw_permit *permit = &permits[0].permit;
    cr_expect_str_eq(permit->permit_no, "浙台校字0001");
    cr_expect_str_eq(permit->driver_id, "d-chen");
    cr_expect_str_eq(permit->route_id, "r-shiliang");
    cr_expect_eq(permit->weekdays, 0x1f);
    cr_expect_eq(permit->window_start_min, 390);
    cr_expect_eq(permit->window_end_min, 460);
    cr_expect_eq(permit->valid_from_day, 18262); /* 2020-01-01 */
    cr_expect_eq(permit->status, BW_STATUS_ACTIVE);
    permits = registry_permits(registry, "bus-b", &n);
    cr_assert_eq(n, 1);
    cr_expect_eq(permits[0].permit.weekdays, 0x7f);
    cr_expect_eq(permits[0].permit.window_end_min, 1440);
    cr_expect_null(registry_permits(registry, "bus-e", &n));
    cr_expect_eq(n, 0);
    registry_free(registry);
}

Test(registry, routes_and_stops_are_read)
{
    struct registry *registry = load_good();
    const struct bw_route *line = registry_route(registry, "r-shiliang");
    cr_assert_not_null(line);
    cr_expect_eq(line->n_points, 7);
    cr_expect_eq(line->n_parts, 1);
    cr_expect_eq(line->part_start[0], 0);
    cr_expect_eq(line->part_start[1], 7);
    cr_expect_float_eq(line->points[0].lat_deg, 29.14, 0.0);
    cr_expect_float_eq(line->points[0].lon_deg, 121.03, 0.0);
    cr_expect_float_eq(line->half_width_m, 30.0, 0.0);
    cr_expect_float_eq(line->speed_limit_kmh, 40.0, 0.0);
    const struct bw_route *lines = registry_route(registry, "r-yucai");
    cr_expect_eq(lines->n_parts, 2);
    cr_expect_eq(lines->part_start[1], 3);
    cr_expect_eq(lines->part_start[2], 5);
    cr_expect_float_eq(lines->half_width_m, 30.0, 0.0, "the default");
    cr_expect_float_eq(lines->speed_limit_kmh, 0.0, 0.0, "the default");
    cr_expect_str_eq(registry->stops[0].stop_id, "st-waikeng");
    cr_expect_float_eq(registry->stops[0].radius_m, 25.0, 0.0);
    cr_expect_float_eq(registry->stops[1].radius_m, 30.0, 0.0, "the default");
    cr_expect_eq(registry->stops[1].sequence, 2);
    registry_free(registry);
}

Test(registry, limits_of_stretches_are_read)
{
    struct registry *registry = load_good();
    const struct bw_route *line = registry_route(registry, "r-shiliang");
    cr_assert_eq(line->n_limits, 2);
    cr_expect_eq(line->limits[0].from_m, 120);
    cr_expect_eq(line->limits[0].to_m, 260.5);
    cr_expect_eq(line->limits[0].limit_kmh, 20);
    cr_expect_not(line->limits[0].motorway);
    cr_expect_eq(line->limits[1].limit_kmh, 0);
    cr_expect(line->limits[1].motorway);
    cr_expect_eq(registry_route(registry, "r-yucai")->n_limits, 0);
    registry_free(registry);
}

/* --- orders --- */

Test(registry, orders_are_read)
{
    struct registry *registry = load_good();
    const struct bw_order *snow = &registry->orders[0], *landslide = &registry->orders[1],
                          *fog = &registry->orders[2]; /* sorted by id */
    cr_expect_str_eq(landslide->order_id, "2026-017");
    cr_expect_eq(landslide->kind, BW_ORDER_EXEMPTION);
    cr_expect_str_eq(landslide->reason, "石梁段塌方，绕行后洋");
    cr_expect_eq(landslide->from_utc_ms, 1580508000000, "2020-01-31T22:00Z");
    cr_expect_eq(landslide->until_utc_ms, 4087814400000, "2099-07-15T16:00Z");
    cr_assert_eq(landslide->n_routes, 1);
    cr_expect_str_eq(landslide->routes[0], "r-shiliang");
    cr_assert_eq(landslide->n_points, 4, "closed by itself");
    cr_expect_eq(landslide->points[2].lat_deg, 29.16);
    cr_expect_eq(landslide->points[2].lon_deg, 121.05);
    cr_expect_eq(fog->kind, BW_ORDER_WEATHER);
    cr_expect_str_eq(fog->reason, "雾", "when none is given");
    cr_expect_eq(fog->limit_kmh, 15);
    cr_expect_eq(fog->n_routes, 0, "every route");
    cr_expect_eq(fog->n_points, 0, "everywhere");
    cr_expect_eq(snow->limit_kmh, 0, "the law's");
    registry_free(registry);
}

Test(registry, a_folder_without_orders_has_none)
{
    char path[256];
    path_of(dir, "orders.geojson", path);
    cr_assert_eq(unlink(path), 0);
    struct registry *registry = load_good();
    cr_expect_eq(registry->n_orders, 0);
    registry_free(registry);
}

Test(registry, areas_drawn_in_gcj02_come_out_as_wgs84)
{
    struct registry *wgs84 = load_good();
    change("orders.geojson", "WGS84", "GCJ02");
    struct registry *gcj02 = load_good();
    const struct bw_point *a = &wgs84->orders[1].points[0], *b = &gcj02->orders[1].points[0];
    cr_expect_float_eq(a->lat_deg, b->lat_deg, 0.01);
    cr_expect(fabs(a->lon_deg - b->lon_deg) > 0.002, "some 500 m");
    registry_free(wgs84);
    registry_free(gcj02);
}

static struct bw_orders orders_of(const struct registry *registry, const char *vehicle_id, int64_t utc_ms)
{
    struct bw_orders orders = {0};
    cr_assert_eq(registry_orders(registry, vehicle_id, 7, utc_ms, &orders), 0);
    cr_expect_eq(orders.version, 7);
    cr_expect_eq(orders.issued_utc_ms, utc_ms);
    cr_expect_str_eq(orders.vehicle_id, vehicle_id);
    cr_expect_str_eq(orders.division, "331023");
    return orders;
}

Test(registry, a_vehicle_gets_the_orders_of_its_routes)
{
    static const int64_t NOW = 1795500000000; /* those that have ended are left to the caller */
    struct registry *registry = load_good();
    struct bw_orders orders = orders_of(registry, "bus-a", NOW);
    cr_assert_eq(orders.n_orders, 3);
    cr_expect_str_eq(orders.orders[1].order_id, "2026-017");
    cr_expect_eq(orders.orders[1].points[3].lat_deg, 29.16);
    wire_orders_free(&orders);
    orders = orders_of(registry, "bus-b", NOW);
    cr_assert_eq(orders.n_orders, 2, "it has no permit for r-shiliang");
    cr_expect_str_eq(orders.orders[0].order_id, "2020-003");
    cr_expect_str_eq(orders.orders[1].order_id, "2026-018");
    wire_orders_free(&orders);
    cr_expect_eq(registry_orders(registry, "bus-z", 7, NOW, &orders), -ENOENT);
    registry_free(registry);
}

Test(registry, more_orders_than_a_vehicle_can_hold_are_a_fault_of_its_row)
{
    static char text[TEXT_MAX];
    struct registry *registry = NULL;
    struct registry_faults faults;
    for (size_t n = BW_ORDERS_MAX; n <= BW_ORDERS_MAX + 1; n++) {
        size_t len = (size_t)snprintf(
            text, sizeof(text), "{\"type\": \"FeatureCollection\", \"frame\": \"WGS84\", \"features\": [");
        for (size_t i = 0; i < n; i++)
            len += (size_t)snprintf(
                text + len, sizeof(text) - len,
                "%s{\"type\": \"Feature\", \"geometry\": null, \"properties\": {\"order_id\": "
                "\"o-%zu\", \"kind\": \"ICE\", \"from\": \"2026-01-01T00:00\", \"until\": "
                "\"2026-01-02T00:00\", \"routes\": [\"r-yucai\"]}}",
                i > 0 ? "," : "", i);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "]}");
        write_text("orders.geojson", text, len);
        cr_expect_eq(registry_load(dir, &registry, &faults), n > BW_ORDERS_MAX ? -EINVAL : 0);
        cr_expect_eq(faults.n > 0, n > BW_ORDERS_MAX);
        if (faults.n > 0)
            cr_expect_str_eq(faults.list[0].file, "vehicles.csv");
        registry_faults_free(&faults);
        if (n == BW_ORDERS_MAX)
            registry_free(registry);
    }
}

Test(registry, gcj02_routes_come_out_as_wgs84)
{
    static char text[TEXT_MAX];
    struct registry *wgs84 = load_good();
    write_text("routes.geojson", text, read_text("tests/data/routes-gcj02.geojson", text));
    struct registry *gcj02 = load_good();
    cr_assert_eq(gcj02->n_routes, wgs84->n_routes);
    for (size_t r = 0; r < gcj02->n_routes; r++) {
        for (size_t i = 0; i < gcj02->routes[r].n_points; i++) {
            cr_expect_float_eq(gcj02->routes[r].points[i].lat_deg, wgs84->routes[r].points[i].lat_deg, 2e-9);
            cr_expect_float_eq(gcj02->routes[r].points[i].lon_deg, wgs84->routes[r].points[i].lon_deg, 2e-9);
        }
    }
    cr_expect_float_eq(gcj02->stops[2].lon_deg, wgs84->stops[2].lon_deg, 2e-9);
    registry_free(wgs84);
    registry_free(gcj02);
}

/* One change of the good folder, and the fault that it makes. */
static const struct {
    const char *file, *old, *new, *fault;
} fault_cases[] = {
    {"schools.csv", "s-yucai", "s-shiliang",
     "schools.csv:3: school_id: \"s-shiliang\" stands on line 2 already"},
    {"schools.csv", ",331023,石", ",3310.23,石",
     "schools.csv:2: division: only a-z, 0-9, _ and - may stand here"},
    {"schools.csv", "天台县石梁镇中心小学", "", "schools.csv:2: name: is empty"},
    {"schools.csv", "天台县", "\xff", "schools.csv:2: field 2: is not UTF-8"},
    {"schools.csv", "天台县", "\x07", "schools.csv:2: field 2: holds a control character"},
    {"schools.csv", "township", "town", "schools.csv:1: town: no such column"},
    {"schools.csv", ",township", "", "schools.csv:1: township: this column is missing"},
    {"schools.csv", "township", "name", "schools.csv:1: name: this column is there twice"},
    {"vehicles.csv", "s-shiliang", "s-nowhere",
     "vehicles.csv:2: school_id: \"s-nowhere\" is not in schools.csv"},
    {"vehicles.csv", "bus-b", "bus-a", "vehicles.csv:3: vehicle_id: \"bus-a\" stands on line 2 already"},
    {"vehicles.csv", "bus-b", "feed",
     "vehicles.csv:3: vehicle_id: is no vehicle's: bureau, server and feed have a meaning at the broker"},
    {"vehicles.csv", "bus-b", "Bus.B", "vehicles.csv:3: vehicle_id: only a-z, 0-9, _ and - may stand here"},
    {"vehicles.csv", "浙J12345", "浙J12", "vehicles.csv:2: plate: is not a licence plate"},
    {"vehicles.csv", "浙J12345", "浙J 23456", "vehicles.csv:3: plate: \"浙J23456\" stands on line 2 already"},
    {"vehicles.csv", "medium", "middle", "vehicles.csv:2: vehicle_class: must be large, medium or small"},
    {"vehicles.csv", ",18,", ",0,", "vehicles.csv:2: approved_capacity: is not a whole number from 1 to 200"},
    {"vehicles.csv", ",18,", ",201,",
     "vehicles.csv:2: approved_capacity: is not a whole number from 1 to 200"},
    {"vehicles.csv", ",18,", ",18.5,",
     "vehicles.csv:2: approved_capacity: is not a whole number from 1 to 200"},
    {"vehicles.csv", ",18,", ",-1,",
     "vehicles.csv:2: approved_capacity: is not a whole number from 1 to 200"},
    {"vehicles.csv", ",18,", ",99999999999999999999,",
     "vehicles.csv:2: approved_capacity: is not a whole number from 1 to 200"},
    {"vehicles.csv", "2024-08-31", "2023-02-29", "vehicles.csv:5: scrapped_on: is not a date (YYYY-MM-DD)"},
    {"vehicles.csv", "2024-08-31", "1969-12-31", "vehicles.csv:5: scrapped_on: is before 1970"},
    {"vehicles.csv", ",2024-08-31", "", "vehicles.csv:5: 8 fields, but the header has 9"},
    {"vehicles.csv", "浙J12345", "\"浙\"J12345",
     "vehicles.csv:2: quotes do not match; the rest of the file was not read"},
    {"drivers.csv", "2099-12-31", "", "drivers.csv:2: qualified_until: is empty"},
    {"drivers.csv", "d-xu", "d-chen", "drivers.csv:3: driver_id: \"d-chen\" stands on line 2 already"},
    {"permits.csv", "0002", "0001", "permits.csv:3: permit_no: \"浙台校字0001\" stands on line 2 already"},
    {"permits.csv", "bus-b", "bus-z", "permits.csv:4: vehicle_id: \"bus-z\" is not in vehicles.csv"},
    {"permits.csv", "d-chen", "d-wu", "permits.csv:2: driver_id: \"d-wu\" is not in drivers.csv"},
    {"permits.csv", "r-shiliang", "r-x", "permits.csv:2: route_id: \"r-x\" is not in routes.geojson"},
    {"permits.csv", ",12345,", ",12835,",
     "permits.csv:2: weekdays: only the digits 1 (Monday) to 7 may stand here"},
    {"permits.csv", ",12345,", ",1231,", "permits.csv:2: weekdays: names a day twice"},
    {"permits.csv", "06:30", "6:30", "permits.csv:2: window_start: is not a time (HH:MM, 00:00 to 24:00)"},
    {"permits.csv", "07:40", "24:01", "permits.csv:2: window_end: is not a time (HH:MM, 00:00 to 24:00)"},
    {"permits.csv", "07:40", "07:60", "permits.csv:2: window_end: is not a time (HH:MM, 00:00 to 24:00)"},
    {"permits.csv", "07:40", "06:30", "permits.csv:2: window_start must be before window_end"},
    {"permits.csv", "2020-07-15", "2020-01-31", "permits.csv:5: valid_from must not be after valid_until"},
    {"permits.csv", "suspended", "paused", "permits.csv:4: status: must be active, suspended or revoked"},
    {"routes.geojson", "FeatureCollection", "Feature", "routes.geojson:1: not a FeatureCollection"},
    {"routes.geojson", "\"frame\": \"WGS84\",", "",
     "routes.geojson:1: \"frame\" must be there, and \"WGS84\" or \"GCJ02\""},
    {"routes.geojson", "WGS84", "BD09",
     "routes.geojson:1: \"frame\" must be there, and \"WGS84\" or \"GCJ02\""},
    {"routes.geojson", "\"features\"", "\"things\"",
     "routes.geojson:1: \"features\" must be there, as an array"},
    {"routes.geojson", "\"route_id\": \"r-yucai\"", "\"id\": \"r-yucai\"",
     "routes.geojson:6: route_id must be there, as a string"},
    {"routes.geojson", "\"route_id\": \"r-yucai\"", "\"route_id\": \"r-shiliang\"",
     "routes.geojson:6: route_id: \"r-shiliang\" stands on line 5 already"},
    {"routes.geojson", "\"half_width_m\": 30", "\"half_width_m\": 4",
     "routes.geojson:5: r-shiliang: half_width_m must be a number from 5 to 500"},
    {"routes.geojson", "\"speed_limit_kmh\": 40", "\"speed_limit_kmh\": 121",
     "routes.geojson:5: r-shiliang: speed_limit_kmh must be a whole number from 0 to 120"},
    {"routes.geojson", "\"speed_limit_kmh\": 40", "\"speed_limit_kmh\": \"40\"",
     "routes.geojson:5: r-shiliang: speed_limit_kmh must be a whole number from 0 to 120"},
    {"routes.geojson", "MultiLineString", "Polygon",
     "routes.geojson:6: the geometry must be a LineString, a MultiLineString or a Point"},
    {"routes.geojson", "[121.029, 29.148], ", "",
     "routes.geojson:6: r-yucai: every line needs at least 2 positions"},
    {"routes.geojson", "[121.029, 29.148]", "[121.0301, 29.1471]",
     "routes.geojson:6: r-yucai: a line without length"},
    {"routes.geojson", "[121.029, 29.148]", "[29.148, 121.029]",
     "routes.geojson:6: r-yucai: a position must be [longitude, latitude] in degrees"},
    {"routes.geojson", "[121.029, 29.148]", "[\"121.029\", 29.148]",
     "routes.geojson:6: r-yucai: a position must be [longitude, latitude] in degrees"},
    {"routes.geojson", "\"stop_id\": \"st-shiliang\", \"name\": \"石梁小学\", \"route_id\": \"r-shiliang\"",
     "\"stop_id\": \"st-shiliang\", \"name\": \"石梁小学\", \"route_id\": \"r-none\"",
     "routes.geojson:8: route_id: \"r-none\" is not in routes.geojson"},
    {"routes.geojson", "\"sequence\": 2", "\"sequence\": 2.5",
     "routes.geojson:8: st-shiliang: sequence must be a whole number from 0 to 100000"},
    {"routes.geojson", "\"sequence\": 2", "\"place\": 2",
     "routes.geojson:8: st-shiliang: sequence must be a whole number from 0 to 100000"},
    {"routes.geojson", "\"radius_m\": 25", "\"radius_m\": 0",
     "routes.geojson:7: st-waikeng: radius_m must be a number from 5 to 500"},
    {"routes.geojson", "\"name\": \"外坑口\"", "\"name\": \"\"",
     "routes.geojson:7: st-waikeng: name is empty"},
    {"routes.geojson", "\"limits\": [", "\"limits\": 3, \"x\": [",
     "routes.geojson:5: r-shiliang: limits must be an array"},
    {"routes.geojson", "{\"from_m\": 120,", "7, {\"from_m\": 120,",
     "routes.geojson:5: r-shiliang: limits[0]: must be {from_m, to_m, limit_kmh, motorway}, motorway "
     "true or false"},
    {"routes.geojson", "\"motorway\": true", "\"motorway\": 1",
     "routes.geojson:5: r-shiliang: limits[1]: must be {from_m, to_m, limit_kmh, motorway}, motorway "
     "true or false"},
    {"routes.geojson", "\"from_m\": 120", "\"from_m\": -1",
     "routes.geojson:5: r-shiliang: limits[0]: from_m must be a number from 0 to 1e+06"},
    {"routes.geojson", "\"to_m\": 260.5", "\"until_m\": 260.5",
     "routes.geojson:5: r-shiliang: limits[0]: to_m must be a number from 0 to 1e+06"},
    {"routes.geojson", "\"limit_kmh\": 20", "\"limit_kmh\": 121",
     "routes.geojson:5: r-shiliang: limits[0]: limit_kmh must be a whole number from 0 to 120"},
    {"routes.geojson", "\"to_m\": 260.5", "\"to_m\": 120.9",
     "routes.geojson:5: r-shiliang: limits[0]: to_m must be after from_m, by a metre at least"},
    {"routes.geojson", "\"from_m\": 300", "\"from_m\": 260.4",
     "routes.geojson:5: r-shiliang: limits[1]: begins before the one before it ends"},
    {"routes.geojson", "\"motorway\": true", "\"motorway\": false",
     "routes.geojson:5: r-shiliang: limits[1]: needs limit_kmh or motorway, else it says nothing"},
    {"routes.geojson", "\"to_m\": 420", "\"to_m\": 420000",
     "routes.geojson:5: r-shiliang: limits[1]: to_m is beyond the end of the route, at 791 m"},
    {"orders.geojson", "\"frame\": \"WGS84\",", "",
     "orders.geojson:1: \"frame\" must be there, and \"WGS84\" or \"GCJ02\""},
    {"orders.geojson", "\"order_id\": \"2026-018\", ", "",
     "orders.geojson:6: order_id must be there, as a string"},
    {"orders.geojson", "2026-018", "2026-017",
     "orders.geojson:6: order_id: \"2026-017\" stands on line 5 already"},
    {"orders.geojson", "\"FOG\"", "\"NEBEL\"",
     "orders.geojson:6: 2026-018: kind must be EXEMPTION, FOG, RAIN, SNOW, ICE, DUST, HAIL, MUD or WEATHER"},
    {"orders.geojson", "\"reason\": \"石梁段塌方，绕行后洋\", ", "",
     "orders.geojson:5: 2026-017: reason must be there, as a string"},
    {"orders.geojson", "2020-01-30T12:00", "2020-01-30 12:00",
     "orders.geojson:7: 2020-003: from must be a local time (YYYY-MM-DDTHH:MM)"},
    {"orders.geojson", "2020-01-30T12:00", "2020-02-30T12:00",
     "orders.geojson:7: 2020-003: from must be a local time (YYYY-MM-DDTHH:MM)"},
    {"orders.geojson", "2020-01-31T12:00", "2020-01-31T12:00Z",
     "orders.geojson:7: 2020-003: until must be a local time (YYYY-MM-DDTHH:MM)"},
    {"orders.geojson", "2020-01-31T12:00", "2020-01-31",
     "orders.geojson:7: 2020-003: until must be a local time (YYYY-MM-DDTHH:MM)"},
    {"orders.geojson", "2020-01-31T12:00", "2020-01-30T12:00",
     "orders.geojson:7: 2020-003: until must be after from"},
    {"orders.geojson", "\"limit_kmh\": 15", "\"limit_kmh\": 4",
     "orders.geojson:6: 2026-018: limit_kmh must be a whole number from 5 to 80"},
    {"orders.geojson", "\"routes\": [\"r-shiliang\"]", "\"limit_kmh\": 15",
     "orders.geojson:5: 2026-017: limit_kmh is for weather, not for an exemption"},
    {"orders.geojson", "[\"r-shiliang\"]", "[]",
     "orders.geojson:5: 2026-017: routes must be 1 to 16 route ids; leave it out for every route"},
    {"orders.geojson", "[\"r-shiliang\"]", "[\"r-shiliang\", 3]",
     "orders.geojson:5: 2026-017: routes[1]: must be there, as a string"},
    {"orders.geojson", "[\"r-shiliang\"]", "[\"r-shiliang\", \"r-shiliang\"]",
     "orders.geojson:5: 2026-017: routes[1]: is named already"},
    {"orders.geojson", "[\"r-shiliang\"]", "[\"r-yucai\", \"r-x\"]",
     "orders.geojson:5: 2026-017: routes[1]: \"r-x\" is not in routes.geojson"},
    {"orders.geojson", "\"Polygon\"", "\"MultiPolygon\"",
     "orders.geojson:5: 2026-017: the geometry must be a Polygon, or null for everywhere"},
    {"orders.geojson", ", \"geometry\": null", "",
     "orders.geojson:6: 2026-018: the geometry must be a Polygon, or null for everywhere"},
    {"orders.geojson", "[121.02, 29.13]]]}}",
     "[121.02, 29.13]], [[121.03, 29.14], [121.04, 29.14], [121.04, 29.15], [121.03, 29.14]]]}}",
     "orders.geojson:5: 2026-017: an area has no holes: draw it as one ring, or as two orders"},
    {"orders.geojson", ", [121.02, 29.13]]]}}", "]]}}",
     "orders.geojson:5: 2026-017: the ring must end where it begins"},
    {"orders.geojson", "[121.05, 29.13], [121.05, 29.16], ", "",
     "orders.geojson:5: 2026-017: the ring must have 4 to 2049 positions, the last being the first "
     "again"},
    {"orders.geojson", "[121.05, 29.13], [121.05, 29.16]", "[121.05, 29.16], [121.05, 29.13]",
     "orders.geojson:5: 2026-017: the ring crosses itself"},
    {"orders.geojson", "[121.05, 29.13], [121.05, 29.16], [121.02, 29.16]",
     "[121.03, 29.13], [121.04, 29.13], [121.05, 29.13]", "orders.geojson:5: 2026-017: the ring has no area"},
    {"orders.geojson", "[121.05, 29.13]", "[29.13, 121.05]",
     "orders.geojson:5: 2026-017: a position must be [longitude, latitude] in degrees"},
    {"routes.geojson", "\"name\": \"外坑口\"", "\"name\": \"a\", \"name\": \"b\"",
     "routes.geojson:7: duplicate object key near '\"name\"'"},
};

Test(registry, every_kind_of_fault_has_file_line_and_reason)
{
    for (size_t i = 0; i < sizeof(fault_cases) / sizeof(fault_cases[0]); i++) {
        struct registry *registry = NULL;
        struct registry_faults faults;
        char fault[512] = "";
        copy_good();
        change(fault_cases[i].file, fault_cases[i].old, fault_cases[i].new);
        cr_expect_eq(registry_load(dir, &registry, &faults), -EINVAL, "%s", fault_cases[i].fault);
        cr_expect_null(registry, "nothing is handed out");
        for (size_t k = 0; k < faults.n; k++) {
            (void)snprintf(fault, sizeof(fault), "%s:%u: %s", faults.list[k].file, faults.list[k].line,
                           faults.list[k].reason);
            if (strcmp(fault, fault_cases[i].fault) == 0)
                break;
        }
        cr_expect_str_eq(fault, fault_cases[i].fault, "got \"%s\", not \"%s\"", fault, fault_cases[i].fault);
        registry_faults_free(&faults);
    }
}

Test(registry, all_faults_of_all_files_are_listed_in_order)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    change("vehicles.csv", "medium", "middle");
    change("permits.csv", "06:30", "noon");
    change("permits.csv", "suspended", "paused");
    change("routes.geojson", "\"radius_m\": 25", "\"radius_m\": 0");
    cr_assert_eq(registry_load(dir, &registry, &faults), -EINVAL);
    cr_assert_eq(faults.n, 4);
    cr_expect_str_eq(faults.list[0].file, "permits.csv");
    cr_expect_eq(faults.list[0].line, 2);
    cr_expect_eq(faults.list[1].line, 4);
    cr_expect_str_eq(faults.list[2].file, "routes.geojson");
    cr_expect_str_eq(faults.list[3].file, "vehicles.csv");
    registry_faults_free(&faults);
}

Test(registry, missing_file_is_one_fault_not_one_a_row)
{
    char path[256];
    struct registry *registry = NULL;
    struct registry_faults faults;
    path_of(dir, "schools.csv", path);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(registry_load(dir, &registry, &faults), -EINVAL);
    cr_assert_eq(faults.n, 1);
    cr_expect_str_eq(faults.list[0].reason, "cannot be read: No such file or directory");
    registry_faults_free(&faults);
}

Test(registry, oversized_file_is_refused_unread)
{
    char path[256];
    struct registry *registry = NULL;
    struct registry_faults faults;
    path_of(dir, "drivers.csv", path);
    cr_assert_eq(truncate(path, (off_t)64 * 1024 * 1024 + 1), 0);
    cr_assert_eq(registry_load(dir, &registry, &faults), -EINVAL);
    cr_expect_str_eq(faults.list[0].reason, "cannot be read: over 64 MB");
    registry_faults_free(&faults);
}

Test(registry, empty_file_lacks_its_header)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    write_text("drivers.csv", "", 0);
    cr_assert_eq(registry_load(dir, &registry, &faults), -EINVAL);
    cr_assert_eq(faults.n, 1);
    cr_expect_str_eq(faults.list[0].reason, "no header row");
    registry_faults_free(&faults);
}

Test(registry, broken_json_names_its_line)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    change("routes.geojson", "\"frame\": \"WGS84\",", "\"frame\" \"WGS84\",");
    cr_assert_eq(registry_load(dir, &registry, &faults), -EINVAL);
    cr_expect_str_eq(faults.list[0].file, "routes.geojson");
    cr_expect_eq(faults.list[0].line, 3);
    registry_faults_free(&faults);
}

Test(registry, blank_lines_quoted_newlines_and_crlf_do_not_move_the_line_numbers)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    static const char text[] = "driver_id,name,qualified_until\r\n"
                               "\r\n"
                               "d-chen,\"two\r\nlines\",2099-12-31\r\n" /* lines 3 and 4 */
                               "d-xu,徐师傅,never\r\n";
    write_text("drivers.csv", text, strlen(text));
    cr_assert_eq(registry_load(dir, &registry, &faults), -EINVAL);
    cr_assert_eq(faults.n, 2);
    cr_expect_eq(faults.list[0].line, 3);
    cr_expect_str_eq(faults.list[0].reason, "field 2: holds a control character");
    cr_expect_eq(faults.list[1].line, 5);
    registry_faults_free(&faults);
}

Test(registry, faults_beyond_the_limit_are_counted)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    static char text[TEXT_MAX];
    size_t len = (size_t)sprintf(text, "driver_id,name,qualified_until\n");
    for (int i = 0; i < REGISTRY_FAULTS_MAX + 7; i++)
        len += (size_t)sprintf(text + len, "d-%d,x,never\n", i);
    write_text("drivers.csv", text, len);
    cr_assert_eq(registry_load(dir, &registry, &faults), -EINVAL);
    cr_expect_eq(faults.n, REGISTRY_FAULTS_MAX);
    cr_expect_geq(faults.dropped, 7);
    registry_faults_free(&faults);
}

Test(registry, vehicle_with_more_permits_than_a_licence_holds_is_a_fault)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    static char text[TEXT_MAX];
    size_t len =
        (size_t)sprintf(text, "permit_no,vehicle_id,driver_id,route_id,weekdays,window_start,window_end,"
                              "valid_from,valid_until,status\n");
    for (int i = 0; i < BW_PERMITS_MAX + 1; i++)
        len += (size_t)sprintf(text + len, "p-%d,bus-a,,r-yucai,1,06:00,07:00,2026-01-01,2026-12-31,active\n",
                               i);
    write_text("permits.csv", text, len);
    cr_assert_eq(registry_load(dir, &registry, &faults), -EINVAL);
    cr_assert_eq(faults.n, 1);
    cr_expect_str_eq(faults.list[0].file, "vehicles.csv");
    cr_expect_eq(faults.list[0].line, 2);
    registry_faults_free(&faults);
}
