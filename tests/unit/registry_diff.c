/* Differences of registries: told field by field, applied row by row, all of them or none. */
#include "bureau/registry/diff.h"
#include "bureau/store/registry.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char dir[] = "/tmp/buswarden-diff-XXXXXX";
static char path[64];
static struct store *store;
static struct registry *before, *after;
static const struct store_editor EDITOR = {"tester", "api", 1000};

static struct registry *good(void)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    cr_assert_eq(registry_load("tests/data/registry", &registry, &faults), 0);
    registry_faults_free(&faults);
    return registry;
}

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/bureau.db", dir);
    cr_assert_eq(store_open(path, &store), 0);
    before = good();
    after = good();
    cr_assert_eq(store_registry_replace(store, before), 0, "%s", store_error(store));
}

static void tear_down(void)
{
    char command[128];
    store_close(store);
    registry_free(before);
    registry_free(after);
    (void)snprintf(command, sizeof(command), "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
}

static struct registry_diff diff(void)
{
    struct registry_diff ret = {0};
    cr_assert_eq(registry_diff(before, after, &ret), 0);
    return ret;
}

static void expect_json(const struct registry_change *change, const char *want)
{
    json_t *json = registry_change_json(change);
    char *text = json_dumps(json, JSON_COMPACT);
    cr_expect_str_eq(text, want);
    free(text);
    json_decref(json);
}

/* The store holds exactly this registry. */
static void expect_store(const struct registry *want)
{
    struct registry *held = NULL;
    struct registry_diff rest;
    cr_assert_eq(store_registry_load(store, &held), 0, "%s", store_error(store));
    cr_assert_eq(registry_diff(held, want, &rest), 0);
    cr_expect_eq(rest.n, 0, "%zu rows differ", rest.n);
    registry_diff_free(&rest);
    registry_free(held);
}

static int count_change(void *context, const struct store_registry_change *row)
{
    cr_expect_str_eq(row->who, "tester");
    cr_expect_str_eq(row->via, "api");
    cr_expect_eq(row->utc_ms, 1000);
    ++*(int *)context;
    return 0;
}

static int count_changes(void)
{
    int n = 0;
    cr_assert_eq(store_registry_changes(store, NULL, NULL, 0, 100, count_change, &n), 0);
    return n;
}

TestSuite(registry_diff, .init = set_up, .fini = tear_down);

Test(registry_diff, the_same_is_no_difference)
{
    struct registry_diff found = diff();
    cr_expect_eq(found.n, 0);
    registry_diff_free(&found);
}

Test(registry_diff, a_changed_field_is_told_as_its_file_has_it)
{
    after->vehicles[0].approved_capacity = 20;
    after->vehicles[0].scrapped_day = 20727;
    struct registry_diff found = diff();
    cr_assert_eq(found.n, 1);
    cr_expect_eq(found.changes[0].table, REGISTRY_VEHICLES);
    expect_json(&found.changes[0],
                "{\"approved_capacity\":[\"18\",\"20\"],\"scrapped_on\":[\"\",\"2026-10-01\"]}");
    registry_diff_free(&found);
}

Test(registry_diff, every_kind_of_row_is_told)
{
    static const char *const want[] = {
        "{\"township\":[\"石梁镇\",\"新镇\"]}",
        "{\"school_id\":[\"s-shiliang\",\"s-yucai\"]}",
        "{\"qualified_until\":[\"2099-12-31\",\"2026-10-01\"]}",
        "{\"weekdays\":[\"12345\",\"16\"],\"window_start\":[\"06:30\",\"06:00\"],\"status\":[\"active\","
        "\"revoked\"]}",
        "{\"speed_limit_kmh\":[\"40\",\"50\"],\"limits\":[\"120-260.5 m: 20 km/h, 300-420 m: 0 km/h "
        "motorway\","
        "\"120-260.5 m: 30 km/h, 300-420 m: 0 km/h motorway\"]}",
        "{\"sequence\":[\"1\",\"7\"],\"position\":[\"29.1400000, 121.0300000\",\"29.1500000, 121.0300000\"]}",
        "{\"until\":[\"2020-01-31T12:00\",\"2020-01-31T12:01\"]}",
    };
    (void)snprintf(after->schools[0].township, sizeof(after->schools[0].township), "新镇");
    (void)snprintf(after->vehicles[0].school_id, sizeof(after->vehicles[0].school_id), "s-yucai");
    after->drivers[0].qualified_until_day = 20727;
    after->permits[0].permit.weekdays = 0x21;
    after->permits[0].permit.window_start_min = 360;
    after->permits[0].permit.status = BW_STATUS_REVOKED;
    after->routes[0].speed_limit_kmh = 50;
    after->routes[0].limits[0].limit_kmh = 30;
    after->stops[0].sequence = 7;
    after->stops[0].lat_deg = 29.15;
    after->orders[0].until_utc_ms += 60000;
    struct registry_diff found = diff();
    cr_assert_eq(found.n, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < found.n; i++)
        expect_json(&found.changes[i], want[i]);
    registry_diff_free(&found);
}

Test(registry_diff, a_moved_line_is_a_difference_though_it_has_as_many_positions)
{
    after->routes[0].points[3].lon_deg += 1e-9;
    struct registry_diff found = diff();
    cr_assert_eq(found.n, 1);
    json_t *json = registry_change_json(&found.changes[0]);
    cr_expect_eq(json_object_size(json), 1);
    cr_expect_not_null(json_object_get(json, "line"));
    json_decref(json);
    registry_diff_free(&found);
}

Test(registry_diff, rows_that_come_and_go_are_told_whole)
{
    after->n_drivers--; /* d-xu */
    struct registry_diff found = diff();
    cr_assert_eq(found.n, 1);
    expect_json(&found.changes[0], "{\"driver_id\":[\"d-xu\",null],\"name\":[\"徐师傅, 大\",null],"
                                   "\"qualified_until\":[\"2099-12-31\",null]}");
    const struct registry_change added = {REGISTRY_DRIVERS, NULL, found.changes[0].before};
    expect_json(&added, "{\"driver_id\":[null,\"d-xu\"],\"name\":[null,\"徐师傅, 大\"],"
                        "\"qualified_until\":[null,\"2099-12-31\"]}");
    registry_diff_free(&found);
}

Test(registry_diff, what_is_applied_is_held_and_every_row_is_kept_in_the_history)
{
    after->vehicles[0].seats = 30;
    after->routes[0].points[0].lat_deg += 0.001;
    after->n_orders--;
    struct registry_diff found = diff();
    cr_assert_eq(store_registry_apply(store, &found, &EDITOR), 0, "%s", store_error(store));
    registry_diff_free(&found);
    expect_store(after);
    cr_expect_eq(count_changes(), 3);
}

Test(registry_diff, two_vehicles_may_exchange_their_plates)
{
    char plate[BW_PLATE_LEN];
    memcpy(plate, after->vehicles[0].plate, sizeof(plate));
    memcpy(after->vehicles[0].plate, after->vehicles[1].plate, sizeof(plate));
    memcpy(after->vehicles[1].plate, plate, sizeof(plate));
    struct registry_diff found = diff();
    cr_assert_eq(found.n, 2);
    cr_assert_eq(store_registry_apply(store, &found, &EDITOR), 0, "%s", store_error(store));
    registry_diff_free(&found);
    expect_store(after);
}

Test(registry_diff, a_failing_apply_leaves_nothing_half_applied)
{
    after->schools[0].name[0] = 'X';
    after->vehicles[0].seats = 30;
    after->vehicles[1].vehicle_class = (enum bw_vehicle_class)9; /* the table refuses it */
    struct registry_diff found = diff();
    cr_assert_eq(found.n, 3);
    cr_expect_lt(store_registry_apply(store, &found, &EDITOR), 0);
    expect_store(before);
    cr_expect_eq(count_changes(), 0);

    /* and within a transaction that goes on */
    cr_assert_eq(store_begin(store), 0);
    cr_expect_lt(store_registry_apply(store, &found, &EDITOR), 0);
    cr_assert_eq(store_audit(store, "tester", "goes on", "", 1), 0);
    cr_assert_eq(store_commit(store), 0, "%s", store_error(store));
    expect_store(before);
    cr_expect_eq(count_changes(), 0);
    registry_diff_free(&found);
}

Test(registry_diff, a_reference_into_nothing_is_refused_by_the_commit)
{
    after->n_drivers = 0;
    struct registry_diff found = diff();
    cr_assert_eq(store_begin(store), 0);
    cr_expect_eq(store_registry_apply(store, &found, &EDITOR), 0);
    cr_expect_lt(store_commit(store), 0);
    store_rollback(store);
    registry_diff_free(&found);
    expect_store(before);
}

Test(registry_diff, the_history_is_never_changed)
{
    sqlite3 *db;
    char *error = NULL;
    after->vehicles[0].seats = 30;
    struct registry_diff found = diff();
    cr_assert_eq(store_registry_apply(store, &found, &EDITOR), 0);
    registry_diff_free(&found);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_expect_neq(sqlite3_exec(db, "UPDATE registry_change SET who = 'nobody'", NULL, NULL, &error),
                  SQLITE_OK);
    cr_expect_str_eq(error, "what was changed stays as it was written");
    sqlite3_free(error);
    sqlite3_close(db);
}

/* --- feeds --- */

static struct registry feed; /* one route, one stop, one service */
static struct bw_point line[] = {{29.14, 121.03}, {29.15, 121.04}};
static uint32_t starts[] = {0, 2};
static struct bw_limit no_limits[1];
static int32_t no_days[1];
static struct bw_route route = {.name = "线",
                                .half_width_m = 30,
                                .n_points = 2,
                                .points = line,
                                .n_parts = 1,
                                .part_start = starts,
                                .limits = no_limits};
static struct bw_stop stop = {
    .name = "站", .sequence = 1, .lat_deg = 29.14, .lon_deg = 121.03, .radius_m = 30};
static struct registry_service service = {.service_id = "week",
                                          .weekdays = 31,
                                          .from_day = 1,
                                          .until_day = 2,
                                          .end_min = 1500,
                                          .n_trips = 1,
                                          .days = no_days};

static void make_feed(const char *route_id, const char *stop_id)
{
    (void)snprintf(route.route_id, sizeof(route.route_id), "%s", route_id);
    (void)snprintf(stop.route_id, sizeof(stop.route_id), "%s", route_id);
    (void)snprintf(service.route_id, sizeof(service.route_id), "%s", route_id);
    (void)snprintf(stop.stop_id, sizeof(stop.stop_id), "%s", stop_id);
    feed = (struct registry){
        .n_routes = 1, .routes = &route, .n_stops = 1, .stops = &stop, .n_services = 1, .services = &service};
}

static struct registry *merge(const struct registry *base, bool keep_used)
{
    struct registry *ret = NULL;
    struct registry_faults faults;
    const int err = registry_merge_feed(base, &feed, keep_used, &ret, &faults);
    cr_assert_eq(err, 0, "%s", faults.n ? faults.list[0].reason : "");
    registry_faults_free(&faults);
    return ret;
}

Test(registry_diff, a_feed_leaves_what_it_did_not_bring)
{
    make_feed("f1", "p@f1");
    struct registry *merged = merge(before, false);
    cr_expect_eq(merged->n_vehicles, before->n_vehicles);
    cr_expect_eq(merged->n_permits, before->n_permits);
    cr_expect_eq(merged->n_orders, before->n_orders);
    cr_expect_eq(merged->n_routes, before->n_routes + 1);
    cr_expect_eq(merged->n_stops, before->n_stops + 1);
    cr_expect(registry_is_of_feed(merged, "f1"));
    cr_expect_not(registry_is_of_feed(merged, "r-yucai"));
    cr_assert_eq(store_registry_replace(store, merged), 0, "%s", store_error(store));
    expect_store(merged);
    registry_free(merged);
}

Test(registry_diff, the_next_feed_takes_the_place_of_the_one_before)
{
    make_feed("f1", "p@f1");
    struct registry *first = merge(before, false);
    make_feed("f2", "p@f2");
    struct registry *second = merge(first, false);
    cr_expect_null(registry_route(second, "f1"));
    cr_expect_not_null(registry_route(second, "f2"));
    cr_expect_not_null(registry_route(second, "r-yucai"));
    registry_free(first);
    registry_free(second);
}

Test(registry_diff, a_route_that_a_permit_names_is_refused_or_kept)
{
    struct registry *kept, *none = NULL;
    struct registry_faults faults;
    make_feed("r-yucai", "p@r-yucai"); /* takes it over, with the stops */
    struct registry *first = merge(before, false);
    cr_expect(registry_is_of_feed(first, "r-yucai"));
    cr_expect_eq(first->n_stops, before->n_stops);
    make_feed("f2", "p@f2");
    cr_assert_eq(registry_merge_feed(first, &feed, false, &none, &faults), -EINVAL);
    cr_assert_eq(faults.n, 3);
    cr_expect_str_eq(faults.list[0].file, "permits");
    cr_expect_eq(faults.list[0].line, 0);
    cr_expect_str_eq(faults.list[0].reason, "浙台校字0003: route_id: \"r-yucai\" is not in routes");
    registry_faults_free(&faults);
    kept = merge(first, true);
    cr_expect_not_null(registry_route(kept, "r-yucai"));
    cr_expect(registry_is_of_feed(kept, "r-yucai"));
    registry_free(first);
    registry_free(kept);
}

Test(registry_diff, a_folder_keeps_what_a_feed_brought_and_does_not_bring_it_again)
{
    struct registry *over = NULL;
    struct registry_faults faults;
    make_feed("f1", "p@f1");
    struct registry *first = merge(before, false);
    cr_assert_eq(registry_load_over("tests/data/registry", first, &over, &faults), 0);
    cr_expect_not_null(registry_route(over, "f1"));
    cr_expect_eq(over->n_stops, first->n_stops);
    registry_faults_free(&faults);
    registry_free(over);
    registry_free(first);

    make_feed("r-yucai", "p@r-yucai");
    first = merge(before, false);
    cr_assert_eq(registry_load_over("tests/data/registry", first, &over, &faults), -EINVAL);
    cr_expect_str_eq(faults.list[0].file, "routes.geojson");
    cr_expect_str_eq(faults.list[0].reason, "route_id: \"r-yucai\" is in the registry already");
    registry_faults_free(&faults);
    registry_free(first);
}
