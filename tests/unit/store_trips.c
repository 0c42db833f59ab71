/* Trips in the store: one row each whatever was sent, in the order in which they began, and whole again from
 * their records. */
#include "bureau/store/store.h"
#include "proto/wire.h"
#include "tests/unit/fixture_oldstore.h"
#include "tests/unit/fixture_store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seq; /* of the last record */
static const uint8_t STREAM[BW_STREAM_LEN] = {1}, OTHER[BW_STREAM_LEN] = {2};
static const int64_t MORNING_UTC_MS = 1789425000000, HOUR_MS = 3600000;

TestSuite(store_trips, .init = open_store, .fini = close_store);

static struct bw_trip trip_at(int64_t begun_utc_ms, int64_t lasted_ms)
{
    return (struct bw_trip){.begun_utc_ms = begun_utc_ms,
                            .ended_utc_ms = begun_utc_ms + lasted_ms,
                            .permit_no = "浙台校字0001",
                            .route_id = "r-shiliang",
                            .licence_version = 7,
                            .distance_m = 18250,
                            .boarded = 70000, /* more than 16 bits hold */
                            .alighted = 69999,
                            .left = {BW_QUALITY_GOOD, 1, 1, 1},
                            .peak = 38,
                            .capacity = 36,
                            .over_s = 612,
                            .quality = BW_QUALITY_DEGRADED};
}

static void apply(const char *vehicle, const uint8_t stream[BW_STREAM_LEN], const struct bw_trip *trip)
{
    cr_assert_eq(store_trip_apply(store, vehicle, stream, ++seq, trip, trip->ended_utc_ms + 61000), 0, "%s",
                 store_error(store));
}

/* The record as well, as ingest keeps it. */
static void keep(const char *vehicle, const struct wire_body *body)
{
    struct wire_record record = {.cls = BW_RECORD_ALERT, .seq = ++seq};
    struct wire_bytes bytes = {0};
    memcpy(record.stream, STREAM, BW_STREAM_LEN);
    cr_assert_eq(wire_body_encode(body, &bytes), 0);
    memcpy(record.body, bytes.data, bytes.len);
    record.body_len = bytes.len;
    wire_bytes_free(&bytes);
    cr_assert_eq(wire_record_encode(&record, &bytes), 0);
    cr_assert_eq(
        store_record_add(store, vehicle, STREAM, BW_RECORD_ALERT, seq, bytes.data, bytes.len, 1790000000000),
        0);
    wire_bytes_free(&bytes);
}

struct seen {
    size_t n;
    struct store_trip rows[8];
    char vehicle[BW_ID_LEN], plate[32], school[128];
};

static int collect(void *context, const struct store_trip *row)
{
    struct seen *seen = context;
    cr_assert_lt(seen->n, sizeof seen->rows / sizeof *seen->rows);
    seen->rows[seen->n++] = *row;
    (void)snprintf(seen->vehicle, sizeof seen->vehicle, "%s", row->vehicle);
    (void)snprintf(seen->plate, sizeof seen->plate, "%s", row->plate);
    (void)snprintf(seen->school, sizeof seen->school, "%s", row->school);
    return 0;
}

static const struct seen *list(struct store_trip_query query, int limit)
{
    static struct seen seen;
    seen.n = 0;
    if (query.until_utc_ms == 0)
        query.until_utc_ms = INT64_MAX;
    cr_assert_eq(store_trips(store, &query, limit, collect, &seen), 0, "%s", store_error(store));
    return &seen;
}

/* --- the row --- */

Test(store_trips, a_trip_is_listed_with_what_the_bureau_asks_for)
{
    const struct bw_trip trip = trip_at(MORNING_UTC_MS, HOUR_MS);
    apply("bus-a", STREAM, &trip);
    const struct seen *seen = list((struct store_trip_query){0}, 10);
    cr_assert_eq(seen->n, 1);
    const struct bw_trip *got = &seen->rows[0].trip;
    cr_expect_str_eq(seen->vehicle, "bus-a");
    cr_expect(seen->plate[0] != '\0' && seen->school[0] != '\0', "of the registry");
    cr_expect_str_eq(got->permit_no, trip.permit_no);
    cr_expect_str_eq(got->route_id, trip.route_id);
    cr_expect(got->begun_utc_ms == trip.begun_utc_ms && got->ended_utc_ms == trip.ended_utc_ms);
    cr_expect(got->boarded == 70000 && got->alighted == 69999);
    cr_expect(got->peak == 38 && got->capacity == 36 && got->over_s == 612);
    cr_expect_eq(got->quality, BW_QUALITY_DEGRADED);
    cr_expect(!got->began_late && !got->cut_short);
    cr_expect_eq(seen->rows[0].seq, seq);
    cr_expect_arr_eq(seen->rows[0].stream, STREAM, BW_STREAM_LEN);
}

Test(store_trips, a_trip_that_comes_hours_later_is_late_and_stands_where_it_belongs)
{
    struct bw_trip early = trip_at(MORNING_UTC_MS, HOUR_MS), next = trip_at(MORNING_UTC_MS + 2 * HOUR_MS, 0);
    apply("bus-a", STREAM, &next);
    cr_assert_eq(store_trip_apply(store, "bus-a", STREAM, ++seq, &early, early.ended_utc_ms + 5 * HOUR_MS),
                 0);
    const struct seen *seen = list((struct store_trip_query){0}, 10);
    cr_assert_eq(seen->n, 2);
    cr_expect(!seen->rows[0].late && seen->rows[0].trip.begun_utc_ms == next.begun_utc_ms);
    cr_expect(seen->rows[1].late && seen->rows[1].trip.begun_utc_ms == early.begun_utc_ms);
}

/* --- twice --- */

Test(store_trips, of_two_records_of_one_trip_the_better_one_stands)
{
    static const struct {
        const char *name;
        int64_t lasted_ms[2];
        bool cut_short[2];
        int stands;
    } cases[] = {
        {"complete, then cut short", {1000, 900}, {false, true}, 0},
        {"cut short, then complete", {900, 1000}, {true, false}, 1},
        {"cut short is longer", {900, 1000}, {false, true}, 0},
        {"complete is shorter", {1000, 900}, {true, false}, 1},
        {"both cut short, the second longer", {900, 1000}, {true, true}, 1},
        {"both cut short, the first longer", {1000, 900}, {true, true}, 0},
        {"both complete, the second longer", {900, 1000}, {false, false}, 1},
        {"both complete, the first longer", {1000, 900}, {false, false}, 0},
        {"the same again", {1000, 1000}, {false, false}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bw_trip trips[2];
        const uint64_t before = seq;
        for (int k = 0; k < 2; k++) {
            trips[k] = trip_at(MORNING_UTC_MS + (int64_t)i * HOUR_MS, cases[i].lasted_ms[k]);
            trips[k].cut_short = cases[i].cut_short[k];
            trips[k].boarded = (uint32_t)k;
            apply("bus-a", k == 0 ? STREAM : OTHER, &trips[k]);
        }
        const struct seen *seen = list((struct store_trip_query){.since_utc_ms = trips[0].begun_utc_ms}, 10);
        cr_assert_eq(seen->n, 1, "%s", cases[i].name);
        const struct store_trip *row = &seen->rows[0];
        const struct bw_trip *expected = &trips[cases[i].stands];
        cr_expect_eq(row->seq, before + 1 + (uint64_t)cases[i].stands, "%s", cases[i].name);
        cr_expect_arr_eq(row->stream, cases[i].stands == 0 ? STREAM : OTHER, BW_STREAM_LEN);
        cr_expect(row->trip.ended_utc_ms == expected->ended_utc_ms &&
                      row->trip.boarded == expected->boarded && row->trip.cut_short == expected->cut_short &&
                      row->received_utc_ms == expected->ended_utc_ms + 61000,
                  "%s", cases[i].name);
        for (int k = 0; k < 2; k++)
            cr_expect_eq(store_trip_held(store, "bus-a", &trips[k]), 1, "%s", cases[i].name);
    }
}

Test(store_trips, what_no_row_shows_is_not_held)
{
    struct bw_trip trip = trip_at(MORNING_UTC_MS, 1000);
    trip.cut_short = true;
    cr_expect_eq(store_trip_held(store, "bus-a", &trip), 0);
    apply("bus-a", STREAM, &trip);
    cr_expect_eq(store_trip_held(store, "bus-a", &trip), 1);
    cr_expect_eq(store_trip_held(store, "bus-b", &trip), 0);
    trip.ended_utc_ms++;
    cr_expect_eq(store_trip_held(store, "bus-a", &trip), 0, "it would take the row's place");
    trip.ended_utc_ms -= 500;
    trip.cut_short = false;
    cr_expect_eq(store_trip_held(store, "bus-a", &trip), 0, "it would take the row's place");
}

Test(store_trips, the_same_instant_of_another_vehicle_is_another_trip)
{
    const struct bw_trip trip = trip_at(MORNING_UTC_MS, 1000);
    apply("bus-a", STREAM, &trip);
    apply("bus-b", STREAM, &trip);
    cr_expect_eq(list((struct store_trip_query){0}, 10)->n, 2);
    cr_expect_eq(list((struct store_trip_query){.vehicle = "bus-b"}, 10)->n, 1);
}

/* --- the list --- */

static void expect_hours(struct store_trip_query query, int limit, const int *hours, size_t n)
{
    const struct seen *seen = list(query, limit);
    cr_assert_eq(seen->n, n, "%zu instead of %zu", seen->n, n);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(seen->rows[i].trip.begun_utc_ms, MORNING_UTC_MS + hours[i] * HOUR_MS, "row %zu", i);
}

Test(store_trips, lists_are_bounded_by_vehicle_time_and_page)
{
    static const int arrived[] = {3, 1, 4, 0, 2}; /* late data come in between */
    for (size_t i = 0; i < 5; i++) {
        const struct bw_trip trip = trip_at(MORNING_UTC_MS + arrived[i] * HOUR_MS, 1000);
        apply(arrived[i] == 2 ? "bus-b" : "bus-a", STREAM, &trip);
    }
    expect_hours((struct store_trip_query){0}, 10, (const int[]){4, 3, 2, 1, 0}, 5);
    expect_hours((struct store_trip_query){.vehicle = "bus-a"}, 10, (const int[]){4, 3, 1, 0}, 4);
    expect_hours((struct store_trip_query){.since_utc_ms = MORNING_UTC_MS + HOUR_MS,
                                           .until_utc_ms = MORNING_UTC_MS + 3 * HOUR_MS},
                 10, (const int[]){2, 1}, 2);
    for (int vehicle = 0; vehicle < 2; vehicle++) {
        struct store_trip_query query = {.vehicle = vehicle == 0 ? NULL : "bus-a"};
        static const int all[] = {4, 3, 2, 1, 0}, of_a[] = {4, 3, 1, 0};
        const int *hours = vehicle == 0 ? all : of_a;
        const size_t n = vehicle == 0 ? 5 : 4;
        for (size_t i = 0; i < n; i++) {
            expect_hours(query, 1, &hours[i], 1);
            query.before_id = list(query, 1)->rows[0].id;
        }
        expect_hours(query, 1, NULL, 0);
    }
    struct seen seen = {0};
    const struct store_trip_query nowhere = {.until_utc_ms = INT64_MAX, .before_id = 77};
    cr_expect_eq(store_trips(store, &nowhere, 1, collect, &seen), -ENOENT);
}

Test(store_trips, two_buses_that_begin_at_once_are_both_on_a_page)
{
    const struct bw_trip trip = trip_at(MORNING_UTC_MS, 1000);
    apply("bus-a", STREAM, &trip);
    apply("bus-b", STREAM, &trip);
    const struct seen *seen = list((struct store_trip_query){0}, 1);
    cr_expect_str_eq(seen->vehicle, "bus-b");
    seen = list((struct store_trip_query){.before_id = seen->rows[0].id}, 1);
    cr_assert_eq(seen->n, 1);
    cr_expect_str_eq(seen->vehicle, "bus-a");
}

/* --- whole --- */

static struct wire_body longest_trip(void)
{
    struct wire_body body = {.type = WIRE_BODY_TRIP, .u.trip = trip_at(MORNING_UTC_MS, HOUR_MS)};
    struct bw_trip *trip = &body.u.trip;
    trip->n_stops = BW_TRIP_STOPS_MAX;
    trip->stops_left_out = 3;
    trip->quality = BW_QUALITY_UNKNOWN;
    for (size_t i = 0; i < BW_TRIP_STOPS_MAX; i++) {
        trip->stops[i] = (struct bw_trip_stop){.opened_s = (uint32_t)i * 50,
                                               .open_s = 20,
                                               .quality = i % 2 ? BW_QUALITY_GOOD : BW_QUALITY_UNKNOWN,
                                               .boarded = i % 2 ? (uint16_t)i : 0};
        (void)snprintf(trip->stops[i].stop_id, BW_ID_LEN, "s-%zu", i);
    }
    return body;
}

Test(store_trips, the_longest_trip_comes_back_whole_from_its_record)
{
    const struct wire_body body = longest_trip();
    struct seen seen = {0};
    keep("bus-a", &body);
    seq--;
    apply("bus-a", STREAM, &body.u.trip);
    const int64_t id = list((struct store_trip_query){0}, 1)->rows[0].id;
    cr_assert_eq(store_trip(store, NULL, id, collect, &seen), 0, "%s", store_error(store));
    cr_assert_eq(seen.n, 1);
    const struct bw_trip *got = &seen.rows[0].trip;
    cr_expect_eq(got->n_stops, BW_TRIP_STOPS_MAX);
    cr_expect(got->stops_left_out == 3 && got->distance_m == 18250 && got->licence_version == 7);
    cr_expect_eq(got->left.count, 1);
    cr_expect_str_eq(got->stops[63].stop_id, "s-63");
    cr_expect(got->stops[63].boarded == 63 && got->stops[62].quality == BW_QUALITY_UNKNOWN);
    cr_expect_eq(store_trip(store, NULL, id + 1, collect, &seen), -ENOENT);
}

Test(store_trips, without_its_record_there_is_no_whole_trip)
{
    const struct bw_trip trip = trip_at(MORNING_UTC_MS, 1000), other = trip_at(MORNING_UTC_MS + 1, 1000);
    struct seen seen = {0};
    apply("bus-a", STREAM, &trip);
    const int64_t id = list((struct store_trip_query){0}, 1)->rows[0].id;
    cr_expect_eq(store_trip(store, NULL, id, collect, &seen), -EBADMSG, "not held");
    seq--;
    keep("bus-a", &(struct wire_body){.type = WIRE_BODY_TRIP, .u.trip = other});
    cr_expect_eq(store_trip(store, NULL, id, collect, &seen), -EBADMSG, "of another trip");
    cr_expect_eq(seen.n, 0);
}

/* --- a store from before there were trips --- */

Test(store_trips, an_older_store_shows_the_trips_whose_records_it_holds)
{
    const struct wire_body alert = {.type = WIRE_BODY_ALERT,
                                    .u.alert = {.kind = BW_OVERLOAD, .phase = BW_RAISED, .number = 1}};
    struct wire_body body = longest_trip();
    struct seen seen = {0};
    keep("bus-a", &alert);
    body.u.trip.cut_short = true;
    keep("bus-a", &body);
    body.u.trip.cut_short = false;
    keep("bus-a", &body);
    keep("bus-b", &body);
    cr_assert_eq(store_record_add(store, "bus-c", STREAM, BW_RECORD_ALERT, 1, (const uint8_t *)"noise", 5, 1),
                 0);
    store_close(store);
    store = NULL;
    oldstore_make(path, 5, "INSERT INTO record SELECT * FROM new.record");
    cr_assert_eq(store_open(path, &store), 0);
    const struct seen *listed = list((struct store_trip_query){0}, 10);
    cr_assert_eq(listed->n, 2);
    cr_expect(!listed->rows[1].trip.cut_short && listed->rows[1].received_utc_ms == 1790000000000);
    cr_assert_eq(store_trip(store, NULL, listed->rows[1].id, collect, &seen), 0, "%s", store_error(store));
    cr_expect_eq(seen.rows[0].trip.n_stops, BW_TRIP_STOPS_MAX);
}
