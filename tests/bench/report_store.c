/* A store of a county's term, for tests/bench/report and tests/integration/report. See --help. */
#include "bureau/store/cases.h"
#include "bureau/store/sightings.h"
#include "proto/utc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const char usage[] =
    "usage: bench_report_store STORE VEHICLES FROM TO [SEED]\n"
    "Makes STORE: a registry of VEHICLES and their schools, trips, alerts and cases of the local days FROM to TO (YYYY-MM-DD),\n"
    "and some just before and after. Two schools have left the registry since, some townships have no name, some trips could\n"
    "not be counted. Prints the seed; the same seed makes the same store. Exit status 0; 2: wrong use; 1: the store refused.\n";
/* clang-format on */

enum {
    VEHICLES_A_SCHOOL = 8,
    LEFT = 2,
    BLIND_SCHOOL = 5,
    TOWNSHIPS = 12,
    TRIPS_A_DAY = 4,
    VEHICLES_MAX = 5000
};
static const int64_t MINUTE_MS = 60000;

static struct store *store;
static uint64_t state; /* of the random numbers */
static uint64_t seq;   /* of the last record */
static int32_t from_day, to_day;
static size_t n_vehicles, n_schools;

static void must(int rc, const char *what)
{
    if (rc == 0)
        return;
    (void)fprintf(stderr, "bench_report_store: %s: %s\n", what,
                  store != NULL ? store_error(store) : "failed");
    exit(1);
}

static uint64_t draw(uint64_t n) /* 0 to n - 1; splitmix64 */
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

static int64_t begin_utc_ms(int32_t day)
{
    return day * UTC_MS_PER_DAY - REGISTRY_UTC_OFFSET_MIN * MINUTE_MS;
}

/* --- the registry --- */

static void name_vehicle(size_t i, char ret[BW_ID_LEN])
{
    (void)snprintf(ret, BW_ID_LEN, "bus-%05zu", i);
}

static struct registry_school school_of(size_t i)
{
    static const char *const names[TOWNSHIPS] = {"石梁镇", "平桥镇", "白鹤镇", "街头镇", "坦头镇", "三合镇",
                                                 "洪畴镇", "雷峰乡", "南屏乡", "泳溪乡", "龙溪乡", ""};
    struct registry_school school = {.division = "331023"};
    (void)snprintf(school.school_id, sizeof school.school_id, "s-%04zu", i);
    (void)snprintf(school.township, sizeof school.township, "%s", names[i % TOWNSHIPS]);
    (void)snprintf(school.name, sizeof school.name, "%s第%zu小学", names[i % TOWNSHIPS], i / TOWNSHIPS + 1);
    return school;
}

static struct registry_vehicle vehicle_of(size_t i)
{
    struct registry_vehicle vehicle = {.plate_color = "yellow",
                                       .vehicle_class = BW_CLASS_MEDIUM,
                                       .seats = 19,
                                       .approved_capacity = 18,
                                       .inspected_until_day = to_day + (int32_t)draw(300) - 20};
    name_vehicle(i, vehicle.vehicle_id);
    (void)snprintf(vehicle.plate, sizeof vehicle.plate, "浙J%05zu", i);
    (void)snprintf(vehicle.school_id, sizeof vehicle.school_id, "s-%04zu", i % n_schools);
    if (draw(15) == 0)
        vehicle.scrapped_day = to_day - 3 + (int32_t)draw(7);
    if (i % 11 == 3)
        vehicle.scrapped_day = to_day; /* not a vehicle of the last day any more */
    return vehicle;
}

static struct registry_permit permit_of(size_t i, size_t vehicle)
{
    struct registry_permit permit = {
        .permit = {.weekdays = 31,
                   .window_start_min = 390,
                   .window_end_min = 480,
                   .valid_from_day = from_day - 30,
                   .valid_until_day = to_day - 10 + (int32_t)draw(120),
                   .status = draw(12) == 0 ? BW_STATUS_SUSPENDED : BW_STATUS_ACTIVE}};
    name_vehicle(vehicle, permit.vehicle_id);
    (void)snprintf(permit.permit.permit_no, sizeof permit.permit.permit_no, "浙台校字%06zu", i);
    if (vehicle % 13 == 6)
        permit.permit.status = BW_STATUS_SUSPENDED;
    if (vehicle % 13 == 4) { /* of its last day, or of its first */
        permit.permit.valid_from_day = i % 2 == 0 ? from_day : to_day;
        permit.permit.valid_until_day = i % 2 == 0 ? to_day : to_day + 9;
    }
    (void)snprintf(permit.permit.route_id, sizeof permit.permit.route_id, "r-1");
    return permit;
}

/* All but the first `left` schools, and their vehicles. */
static void put_registry(size_t left)
{
    static struct bw_point points[] = {{29.1, 121.0}, {29.2, 121.1}};
    static uint32_t parts[] = {0, 2};
    struct bw_route route = {.route_id = "r-1",
                             .name = "一线",
                             .half_width_m = 30,
                             .n_points = 2,
                             .points = points,
                             .n_parts = 1,
                             .part_start = parts};
    struct registry registry = {.n_routes = 1, .routes = &route};
    registry.schools = calloc(n_schools, sizeof *registry.schools);
    registry.vehicles = calloc(n_vehicles, sizeof *registry.vehicles);
    registry.permits = calloc(2 * n_vehicles, sizeof *registry.permits);
    if (registry.schools == NULL || registry.vehicles == NULL || registry.permits == NULL)
        must(-1, "no memory");
    for (size_t i = left; i < n_schools; i++)
        registry.schools[registry.n_schools++] = school_of(i);
    for (size_t i = 0; i < n_vehicles; i++) {
        const struct registry_vehicle vehicle = vehicle_of(i);
        const size_t n_permits = draw(10) == 0 ? 0 : 1 + draw(2);
        if (i % n_schools >= left)
            registry.vehicles[registry.n_vehicles++] = vehicle;
        for (size_t k = 0; k < n_permits && i % n_schools >= left; k++)
            registry.permits[registry.n_permits++] = permit_of(2 * i + k, i);
    }
    must(store_registry_replace(store, &registry), "registry");
    free(registry.schools);
    free(registry.vehicles);
    free(registry.permits);
}

/* --- what the vehicles tell --- */

/* The vehicles of one school have no sensors. */
static bool can_count(const char *vehicle)
{
    return strtoull(vehicle + strlen("bus-"), NULL, 10) % n_schools != BLIND_SCHOOL && draw(40) != 0;
}

static void put_trip(const char *vehicle, int64_t begun_utc_ms)
{
    static const uint8_t stream[BW_STREAM_LEN] = {1};
    const bool counted = can_count(vehicle);
    struct bw_trip trip = {.begun_utc_ms = begun_utc_ms,
                           .ended_utc_ms = begun_utc_ms + (20 + (int64_t)draw(40)) * MINUTE_MS,
                           .route_id = "r-1",
                           .capacity = 18};
    if (counted) {
        trip.boarded = trip.alighted = (uint32_t)draw(25);
        trip.peak = (uint16_t)trip.boarded;
        trip.over_s = trip.peak > 18 && draw(3) > 0 ? (uint32_t)draw(600) : 0;
        /* Half the trip nobody could count: what was counted counts. */
        trip.quality = draw(30) == 0 ? BW_QUALITY_UNKNOWN : BW_QUALITY_GOOD;
    }
    must(store_trip_apply(store, vehicle, stream, ++seq, &trip, trip.ended_utc_ms + 60000), "trip");
}

static void put_phase(const char *vehicle, const struct bw_alert *alert, int64_t received_utc_ms)
{
    static const uint8_t stream[BW_STREAM_LEN] = {1};
    int64_t event = 0;
    must(store_alert_apply(store, vehicle, stream, ++seq, alert, received_utc_ms, &event), "alert");
    if (event != 0)
        must(store_case_on_alert(store, &CASE_POLICY_DEFAULT, vehicle, alert, event, received_utc_ms),
             "case");
}

/* Some become graver than they were raised, some are told late. */
static void put_alert(const char *vehicle, int64_t raised_utc_ms)
{
    static uint64_t number;
    struct bw_alert alert = {.kind = (enum bw_kind)(1 + draw(BW_KIND_COUNT - 1)),
                             .phase = BW_RAISED,
                             .severity = (enum bw_severity)(BW_NOTICE + draw(3)),
                             .number = ++number,
                             .time_utc_ms = raised_utc_ms,
                             .raised_utc_ms = raised_utc_ms};
    const int64_t late_ms = draw(10) == 0 ? 3 * UTC_MS_PER_DAY : 200;
    put_phase(vehicle, &alert, raised_utc_ms + late_ms);
    alert.phase = BW_CLEARED;
    alert.time_utc_ms += 300000;
    alert.severity = (enum bw_severity)(alert.severity + draw(2));
    put_phase(vehicle, &alert, alert.time_utc_ms + late_ms);
}

/* Two trips in the morning and two in the afternoon, on five days of seven; now and then an alert. */
static void drive(const char *vehicle, int32_t day)
{
    if ((day + 3) % 7 >= 5)
        return;
    for (int i = 0; i < TRIPS_A_DAY; i++) {
        const int64_t minute = (i < 2 ? 6 * 60 + 20 : 15 * 60 + 30) + i % 2 * 75 + (int64_t)draw(30);
        put_trip(vehicle, begin_utc_ms(day) + minute * MINUTE_MS);
        if (draw(8) == 0)
            put_alert(vehicle, begin_utc_ms(day) + (minute + 5) * MINUTE_MS);
    }
}

/* The last instant before the term, its first and its last, and the first after it. */
static void drive_at_the_edges(const char *vehicle)
{
    const int64_t edges_utc_ms[] = {begin_utc_ms(from_day) - 1, begin_utc_ms(from_day),
                                    begin_utc_ms(to_day + 1) - 1, begin_utc_ms(to_day + 1)};
    for (size_t i = 0; i < sizeof edges_utc_ms / sizeof *edges_utc_ms; i++) {
        put_trip(vehicle, edges_utc_ms[i]);
        put_alert(vehicle, edges_utc_ms[i]);
    }
}

/* --- what the staff does --- */

struct pending {
    size_t n, size;
    struct {
        int64_t id, opened_utc_ms;
    } * list;
};

static int collect(void *context, const struct store_case *row)
{
    struct pending *pending = context;
    if (pending->n == pending->size) {
        pending->size = 2 * pending->size + 256;
        pending->list = reallocarray(pending->list, pending->size, sizeof *pending->list);
        if (pending->list == NULL)
            return -1;
    }
    pending->list[pending->n].id = row->id;
    pending->list[pending->n++].opened_utc_ms = row->opened_utc_ms;
    return 0;
}

static void act(int64_t id, struct store_case_deed deed, int64_t *utc_ms)
{
    enum case_refusal refusal;
    *utc_ms += 1 + (int64_t)draw(9 * 60) * MINUTE_MS;
    deed.utc_ms = *utc_ms;
    deed.who = "staff";
    deed.text = "已核实";
    if (deed.role == CASE_ROLE_SYSTEM && deed.action != CASE_DO_EXPLAIN)
        deed.role = CASE_ROLE_BUREAU;
    must(store_case_act(store, &CASE_POLICY_DEFAULT, id, 0, &deed, &refusal, NULL), "deed");
}

/* One of the ways that a case goes. */
static void work_on(int64_t id, int64_t opened_utc_ms)
{
    static const int64_t year_2099_utc_ms = 4070908800000;
    const struct store_case_deed take = {.action = CASE_DO_ACKNOWLEDGE}, close = {.action = CASE_DO_CLOSE},
                                 assign = {.action = CASE_DO_ASSIGN, .school_id = "s-0004"},
                                 assign_for_long = {.action = CASE_DO_ASSIGN,
                                                    .deadline_utc_ms = year_2099_utc_ms},
                                 done = {.action = CASE_DO_ANSWER, .answer = CASE_DONE},
                                 back = {.action = CASE_DO_RETURN}, dismiss = {.action = CASE_DO_DISMISS},
                                 hand = {.action = CASE_DO_HAND_OVER}, note = {.action = CASE_DO_NOTE},
                                 explain = {.action = CASE_DO_EXPLAIN, .role = CASE_ROLE_SYSTEM};
    const uint64_t way = draw(10);
    int64_t utc_ms = opened_utc_ms;
    if (way == 0)
        return;
    if (way == 1) {
        act(id, explain, &utc_ms);
        return;
    }
    if (draw(3) > 0)
        act(id, take, &utc_ms);
    if (way == 2)
        return;
    if (way == 3) {
        act(id, dismiss, &utc_ms);
        return;
    }
    if (draw(6) == 0)
        act(id, hand, &utc_ms);
    act(id, draw(4) == 0 ? assign_for_long : assign, &utc_ms);
    if (way == 4)
        return;
    act(id, done, &utc_ms);
    if (way == 6)
        act(id, note, &utc_ms);
    if (way == 5)
        act(id, back, &utc_ms);
    if (way == 5 && draw(2) == 0)
        act(id, done, &utc_ms);
    else if (way > 6)
        act(id, close, &utc_ms);
}

static void work_on_all(void)
{
    struct pending pending = {0};
    must(store_cases_going(store, 0, 10000000, collect, &pending), "cases");
    for (size_t i = 0; i < pending.n; i++)
        work_on(pending.list[i].id, pending.list[i].opened_utc_ms);
    free(pending.list);
}

/* --- what is seen on the road --- */

static int64_t open_case(const char *plate, int64_t sighting, int64_t seen_utc_ms)
{
    const struct store_case_opening opening = {.kind = CASE_SIGHTING,
                                               .source = CASE_BY_SIGHTING,
                                               .subject = plate,
                                               .vehicle = "",
                                               .plate = plate,
                                               .division = "331023",
                                               .severity = BW_SERIOUS,
                                               .happened_utc_ms = seen_utc_ms,
                                               .utc_ms = seen_utc_ms + 60000,
                                               .sighting_id = sighting,
                                               .who = "police",
                                               .role = CASE_ROLE_BUREAU,
                                               .text = ""};
    int64_t id = 0;
    bool opened = false;
    must(store_case_open(store, &CASE_POLICY_DEFAULT, &opening, &id, &opened), "case of a sighting");
    return id;
}

static void see(uint64_t number, int64_t seen_utc_ms)
{
    char plate[BW_PLATE_LEN], gate[BW_ID_LEN] = "", key[SIGHTING_KEY_LEN];
    int64_t id = 0;
    struct store_sighting sighting = {.key = key,
                                      .who = {.name = "gate", .role = ACCESS_SCHOOL},
                                      .gate = gate,
                                      .place = "",
                                      .accuracy_m = 0.0,
                                      .seen_utc_ms = seen_utc_ms,
                                      .received_utc_ms = seen_utc_ms + 30000,
                                      .heads = -1,
                                      .note = "",
                                      .verdict = (enum sighting_verdict)(1 + draw(SIGHTING_UNKNOWN))};
    (void)snprintf(plate, sizeof plate, sighting.verdict == SIGHTING_UNREAD ? "浙J?%03u" : "浙K00%03u",
                   (unsigned)draw(40));
    (void)snprintf(key, sizeof key, "%036llu", (unsigned long long)number);
    (void)snprintf(sighting.who.school_id, sizeof sighting.who.school_id, "s-%04zu", (size_t)draw(n_schools));
    if (draw(3) > 0)
        (void)snprintf(gate, sizeof gate, "s-%04zu", (size_t)draw(n_schools));
    sighting.plate = plate;
    must(store_sighting_add(store, &sighting, &id), "sighting");
    if (sighting.verdict >= SIGHTING_EXPIRED && draw(3) > 0)
        must(store_sighting_case_set(store, id, open_case(plate, id, seen_utc_ms)), "case of a sighting");
}

static void see_some(void)
{
    const uint64_t n = n_vehicles * 2, span_ms = (uint64_t)(to_day - from_day + 5) * (uint64_t)UTC_MS_PER_DAY;
    for (uint64_t i = 0; i < n; i++)
        see(i, begin_utc_ms(from_day - 2) + (int64_t)draw(span_ms));
    see(n, begin_utc_ms(from_day) - 1);
    see(n + 1, begin_utc_ms(from_day));
    see(n + 2, begin_utc_ms(to_day + 1) - 1);
    see(n + 3, begin_utc_ms(to_day + 1));
}

/* --- all --- */

static void fill(void)
{
    char vehicle[BW_ID_LEN];
    must(store_begin(store), "begin");
    put_registry(0);
    for (int32_t day = from_day - 3; day <= to_day + 3; day++)
        for (size_t i = 0; i < n_vehicles; i++) {
            name_vehicle(i, vehicle);
            if (i % 50 != 7) /* these never run */
                drive(vehicle, day);
        }
    for (size_t i = 0; i < n_vehicles; i += 9) {
        name_vehicle(i, vehicle);
        drive_at_the_edges(vehicle);
    }
    see_some();
    work_on_all();
    put_registry(LEFT);
    must(store_commit(store), "commit");
}

int main(int argc, char **argv)
{
    char *end = NULL;
    state = argc == 6 ? strtoull(argv[5], NULL, 10) : 1;
    if (argc >= 5)
        n_vehicles = strtoull(argv[2], &end, 10);
    if ((argc != 5 && argc != 6) || *end != '\0' || n_vehicles < 1 || n_vehicles > VEHICLES_MAX ||
        utc_day_parse(argv[3], &from_day) != 0 || utc_day_parse(argv[4], &to_day) != 0 || to_day < from_day) {
        (void)fputs(usage, stderr);
        return 2;
    }
    n_schools = n_vehicles / VEHICLES_A_SCHOOL + LEFT + 4;
    (void)printf("seed %" PRIu64 "\n", state);
    must(store_open(argv[1], &store), "open");
    fill();
    store_close(store);
    return 0;
}
